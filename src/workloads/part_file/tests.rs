#[cfg(unix)]
mod links;

use std::error::Error;
use std::fs::{self, File};

use tempfile::TempDir;

use super::*;

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

/// The names in a folder, sorted.
fn names_in(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<_> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn write(target: &Path, replace: bool, content: &str) -> Result<(), PartFileError> {
    let mut file = PartFile::create(target, replace)?;
    file.write_all(content.as_bytes())?;
    file.finish(Some(content.len() as u64))
}

#[test]
fn a_file_has_its_final_name_only_when_it_is_complete() {
    let folder = folder();
    let mut file = PartFile::create(folder.path().join("a.txt"), false).unwrap();
    file.write_all(b"one ").unwrap();
    file.write_all(b"two").unwrap();
    assert_eq!(names_in(folder.path()), ["a.txt.part"]);
    assert_eq!((file.written(), file.target()), (7, &*folder.path().join("a.txt")));
    file.finish(None).unwrap();
    assert_eq!(names_in(folder.path()), ["a.txt"]);
    assert_eq!(fs::read(folder.path().join("a.txt")).unwrap(), b"one two");
}

#[test]
fn a_file_dropped_unfinished_leaves_nothing() {
    let folder = folder();
    let mut file = PartFile::create(folder.path().join("a"), false).unwrap();
    file.write_all(b"half").unwrap();
    drop(file);
    assert_eq!(names_in(folder.path()), [""; 0]);
}

#[test]
fn a_short_or_long_file_is_refused_and_removed() {
    let folder = folder();
    let target = folder.path().join("a");
    for promised in [0, 3, 5, u64::MAX] {
        let mut file = PartFile::create(&target, false).unwrap();
        file.write_all(b"four").unwrap();
        let error = file.finish(Some(promised)).unwrap_err();
        assert!(
            matches!(error, PartFileError::Length { written: 4, promised: p, .. } if p == promised)
        );
        assert_eq!(names_in(folder.path()), [""; 0]);
    }
}

#[test]
fn an_empty_file_can_be_finished() {
    let folder = folder();
    write(&folder.path().join("a"), false, "").unwrap();
    assert_eq!(names_in(folder.path()), ["a"]);
}

#[test]
fn a_file_that_was_there_before_is_kept_unless_it_may_be_replaced() {
    let folder = folder();
    let target = folder.path().join("a");
    fs::write(&target, "old").unwrap();
    let error = PartFile::create(&target, false).unwrap_err();
    assert!(matches!(&error, PartFileError::TargetExists { target: named } if *named == target));
    assert_eq!(fs::read(&target).unwrap(), b"old");
    write(&target, true, "new").unwrap();
    assert_eq!(fs::read(&target).unwrap(), b"new");
    assert_eq!(names_in(folder.path()), ["a"]);
}

#[test]
fn a_replacement_that_is_not_finished_leaves_the_old_file() {
    let folder = folder();
    let target = folder.path().join("a");
    fs::write(&target, "old").unwrap();
    let mut file = PartFile::create(&target, true).unwrap();
    file.write_all(b"new").unwrap();
    assert!(file.finish(Some(4)).is_err());
    assert_eq!(fs::read(&target).unwrap(), b"old");
    assert_eq!(names_in(folder.path()), ["a"]);
}

#[test]
fn a_file_that_appears_meanwhile_is_kept() {
    let folder = folder();
    let target = folder.path().join("a");
    let file = PartFile::create(&target, false).unwrap();
    fs::write(&target, "theirs").unwrap();
    assert!(matches!(file.finish(None), Err(PartFileError::TargetExists { .. })));
    assert_eq!(fs::read(&target).unwrap(), b"theirs");
    assert_eq!(names_in(folder.path()), ["a"]);
}

#[test]
fn without_hard_links_a_file_that_was_there_is_kept_as_well() {
    let folder = folder();
    let [part, target] = ["a.part", "a"].map(|name| folder.path().join(name));
    fs::write(&part, "ours").unwrap();
    fs::write(&target, "theirs").unwrap();
    let error = claim_and_rename(&OsDisk, &part, &target).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
    assert_eq!(fs::read(&target).unwrap(), b"theirs");
    fs::remove_file(&target).unwrap();
    claim_and_rename(&OsDisk, &part, &target).unwrap();
    assert_eq!(fs::read(&target).unwrap(), b"ours");
    assert_eq!(names_in(folder.path()), ["a"]);
}

#[test]
fn a_claim_is_given_up_when_the_rename_fails() {
    let folder = folder();
    let [missing, target] = ["a.part", "a"].map(|name| folder.path().join(name));
    assert!(claim_and_rename(&OsDisk, &missing, &target).is_err());
    assert_eq!(names_in(folder.path()), [""; 0]);
}

#[test]
fn the_part_file_of_another_run_is_never_touched() {
    let folder = folder();
    let target = folder.path().join("a");
    let first = PartFile::create(&target, false).unwrap();
    for replace in [false, true] {
        let error = PartFile::create(&target, replace).unwrap_err();
        assert!(matches!(&error, PartFileError::PartExists { .. }), "{error}");
        assert!(error.to_string().contains("a.part exists already: another run"), "{error}");
    }
    assert_eq!(names_in(folder.path()), ["a.part"]);
    first.finish(None).unwrap();
    assert_eq!(names_in(folder.path()), ["a"]);
}

#[test]
fn a_part_file_that_was_replaced_is_neither_published_nor_removed() {
    for replace in [false, true] {
        let folder = folder();
        let [part, target] = ["a.part", "a"].map(|name| folder.path().join(name));
        let mut file = PartFile::create(&target, replace).unwrap();
        file.write_all(b"ours").unwrap();
        fs::remove_file(&part).unwrap();
        fs::write(&part, "their half").unwrap();
        if cfg!(unix) {
            assert!(matches!(file.finish(None), Err(PartFileError::Spoilt { .. })));
            assert_eq!(fs::read(&part).unwrap(), b"their half");
            assert_eq!(names_in(folder.path()), ["a.part"]);
        }
    }
}

#[test]
fn a_folder_that_is_missing_or_is_a_file_is_an_error_with_its_cause() {
    let folder = folder();
    fs::write(folder.path().join("file"), "old").unwrap();
    for parent in ["missing", "file"] {
        let error = PartFile::create(folder.path().join(parent).join("a"), false).unwrap_err();
        assert!(matches!(&error, PartFileError::Create { .. }), "{error}");
        assert!(error.source().is_some() && error.to_string().contains("a.part"), "{error}");
    }
    assert_eq!(names_in(folder.path()), ["file"]);
}

#[test]
fn a_target_without_a_name_is_refused() {
    for target in ["..", "/", ""] {
        for replace in [false, true] {
            let error = PartFile::create(target, replace).unwrap_err();
            assert!(matches!(error, PartFileError::NoName { .. }), "{error}");
        }
    }
}

#[test]
fn a_folder_in_the_place_of_the_file_stays() {
    let folder = folder();
    let target = folder.path().join("a");
    fs::create_dir(&target).unwrap();
    assert!(matches!(write(&target, false, "x"), Err(PartFileError::TargetExists { .. })));
    assert!(matches!(write(&target, true, "x"), Err(PartFileError::Publish { .. })));
    assert_eq!(names_in(folder.path()), ["a"]);
    assert!(target.is_dir());
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_an_error_after_which_nothing_can_be_finished() {
    let folder = folder();
    let mut file = PartFile::create(folder.path().join("a"), false).unwrap();
    let kept =
        std::mem::replace(&mut file.file, File::options().write(true).open("/dev/full").unwrap());
    let error = file.write_all(b"x").unwrap_err();
    let cause = error.source().unwrap().downcast_ref::<io::Error>().unwrap();
    assert_eq!(cause.kind(), io::ErrorKind::StorageFull);
    file.file = kept;
    assert!(matches!(file.finish(None), Err(PartFileError::Spoilt { .. })));
    assert_eq!(names_in(folder.path()), [""; 0]);
}
