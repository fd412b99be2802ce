use std::os::unix::fs::symlink;

use super::*;

#[test]
fn a_link_at_the_target_is_replaced_itself_or_is_in_the_way() {
    for leads_to in ["victim", "nowhere"] {
        let folder = folder();
        let [target, victim] = ["a", "victim"].map(|name| folder.path().join(name));
        fs::write(&victim, "precious").unwrap();
        symlink(leads_to, &target).unwrap();
        assert!(matches!(
            PartFile::create(&target, false),
            Err(PartFileError::TargetExists { .. })
        ));
        assert!(fs::symlink_metadata(&target).unwrap().is_symlink());
        write(&target, true, "new").unwrap();
        assert!(fs::symlink_metadata(&target).unwrap().is_file());
        assert_eq!(fs::read(&target).unwrap(), b"new");
        assert_eq!(fs::read(&victim).unwrap(), b"precious");
        assert_eq!(names_in(folder.path()), ["a", "victim"]);
    }
}

#[test]
fn a_link_that_appears_at_the_target_is_not_followed() {
    let folder = folder();
    let target = folder.path().join("a");
    let file = PartFile::create(&target, false).unwrap();
    symlink("nowhere", &target).unwrap();
    assert!(matches!(file.finish(None), Err(PartFileError::TargetExists { .. })));
    assert_eq!(names_in(folder.path()), ["a"]);
}

#[test]
fn a_link_that_waits_as_the_part_file_is_not_followed() {
    for leads_to in ["victim", "nowhere"] {
        let folder = folder();
        fs::write(folder.path().join("victim"), "precious").unwrap();
        symlink(leads_to, folder.path().join("a.part")).unwrap();
        let error = write(&folder.path().join("a"), true, "x").unwrap_err();
        assert!(matches!(error, PartFileError::PartExists { .. }), "{error}");
        assert_eq!(names_in(folder.path()), ["a.part", "victim"]);
        assert_eq!(fs::read(folder.path().join("victim")).unwrap(), b"precious");
    }
}
