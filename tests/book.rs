//! The book stands by the code that it explains, and its pages are whole. `book/check` and `book/browse` look; what
//! takes longer (every output, every exercise) they do in `.ci/run`.

mod e2e_support;

use std::path::{Path, PathBuf};
use std::process::Command;

use e2e_support::tools::find;

/// mdBook where it was installed for all, or for this checkout.
fn mdbook() -> Option<PathBuf> {
    let own = Path::new("target/mdbook/bin/mdbook");
    if own.is_file() { Some(own.into()) } else { find("mdbook") }
}

fn run(program: impl AsRef<Path>, arguments: &[&str]) {
    let output = Command::new(program.as_ref()).args(arguments).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        output.status.success(),
        "{} {arguments:?}:\n{said}{errors}",
        program.as_ref().display()
    );
}

#[test]
fn the_book_quotes_the_code_and_shows_what_its_examples_drew() {
    if find("python3").is_some() {
        run("book/check", &["quotes", "figures"]);
    }
}

#[test]
fn every_page_of_the_book_is_whole_on_a_desktop_and_on_a_phone() {
    let (Some(mdbook), Some(_)) = (mdbook(), find("python3")) else { return };
    let browser = std::env::var("CHROMIUM").unwrap_or_else(|_| "chromium".into());
    run(mdbook, &["build", "book"]);
    run("book/check", &["links"]);
    if find(&browser).is_some() {
        run("book/browse", &[]);
    }
}
