//! Files through the pool for blocking work: what they do, what their errors say, and that the loop goes
//! on meanwhile.

mod support;

use std::collections::BTreeSet;
use std::io::ErrorKind;

use glassloop::fs;
use glassloop::spawn;
use support::{Polls, run};

#[test]
fn what_was_written_is_read_listed_renamed_and_removed() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    run(async {
        fs::create_dir_all(at("a/b")).await.unwrap();
        fs::create_dir_all(at("a/b")).await.unwrap();
        fs::write(at("a/note"), [1, 2, 255]).await.unwrap();
        assert_eq!(fs::read(at("a/note")).await.unwrap(), [1, 2, 255]);
        fs::write(at("a/note"), "shorter").await.unwrap();
        assert_eq!(fs::read_to_string(at("a/note")).await.unwrap(), "shorter");
        assert_eq!(fs::metadata(at("a/note")).await.unwrap().len(), 7);
        assert!(fs::metadata(at("a/b")).await.unwrap().is_dir());
        fs::rename(at("a/note"), at("a/b/note")).await.unwrap();
        fs::write(at("a/other"), "").await.unwrap();
        let (mut names, mut entries) = (BTreeSet::new(), fs::read_dir(at("a")).await.unwrap());
        while let Some(entry) = entries.next_entry().await.unwrap() {
            names.insert(entry.file_name().into_string().unwrap());
        }
        assert_eq!(names, ["b", "other"].map(String::from).into());
        fs::remove_file(at("a/other")).await.unwrap();
        assert!(!at("a/other").exists());
    });
}

#[test]
fn an_error_says_what_was_tried_with_which_path() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing");
    run(async {
        let rows = [
            (fs::read(&missing).await.map(drop), "read"),
            (fs::read_to_string(&missing).await.map(drop), "read"),
            (fs::metadata(&missing).await.map(drop), "look at"),
            (fs::rename(&missing, folder.path()).await, "rename"),
            (fs::remove_file(&missing).await, "remove"),
            (fs::read_dir(&missing).await.map(drop), "list"),
            (fs::write(missing.join("below"), "x").await, "write"),
        ];
        for (result, verb) in rows {
            let error = result.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::NotFound);
            let start = format!("cannot {verb} {}", missing.display());
            assert!(error.to_string().starts_with(&start), "{error}");
        }
        fs::write(&missing, [0xff]).await.unwrap();
        let error = fs::read_to_string(&missing).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidData);
        assert!(fs::create_dir_all(missing.join("below")).await.is_err());
    });
}

/// A pipe with a name is a file that takes its time.
#[test]
fn the_loop_goes_on_while_a_file_is_slow() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
    run(async {
        let polls = Polls::default();
        let slow = spawn(polls.of({
            let path = path.clone();
            async move { fs::read_to_string(path).await.unwrap() }
        }));
        support::settle().await;
        assert!(!slow.is_finished());
        fs::write(&path, "at last").await.unwrap();
        assert_eq!(slow.await.unwrap(), "at last");
        assert_eq!(polls.count(), 2);
    });
}
