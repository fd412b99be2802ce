use std::collections::HashSet;
use std::path::{Component, Path};

use percent_encoding::{NON_ALPHANUMERIC, percent_encode};

use super::*;

fn names(urls: &[&str]) -> Vec<String> {
    let mut names = Names::default();
    let base: Url = "https://example.com/".parse().unwrap();
    urls.iter().map(|url| names.assign(&base.join(url).unwrap())).collect()
}

fn name(url: &str) -> String {
    names(&[url]).remove(0)
}

/// A URL whose last segment is these bytes, all of them percent-encoded.
fn url_of(segment: &[u8]) -> String {
    format!("https://example.com/a/{}", percent_encode(segment, NON_ALPHANUMERIC))
}

fn assert_safe(name: &str) {
    let components: Vec<_> = Path::new(name).components().collect();
    assert_eq!(components, [Component::Normal(name.as_ref())], "{name:?}");
    assert!(name.len() <= 250, "{name:?} takes {} bytes", name.len());
    assert!(!name.contains(['/', '\\', ':', '*', '?', '"', '<', '>', '|']), "{name:?}");
    assert!(!name.contains(char::is_control), "{name:?}");
    assert!(!name.starts_with(['.', ' ']) && !name.ends_with(['.', ' ']), "{name:?}");
    assert!(!name.to_lowercase().ends_with(".part"), "{name:?}");
    let stem = name.split('.').next().unwrap().trim_end().to_uppercase();
    let devices = ["CON", "PRN", "AUX", "NUL", "COM1", "COM9", "LPT1", "LPT9", "COM²", "CONIN$"];
    assert!(!devices.contains(&&*stem), "{name:?}");
}

fn assert_all_safe_and_different(urls: &[&str]) {
    let names = names(urls);
    names.iter().for_each(|name| assert_safe(name));
    let different: HashSet<_> = names.iter().map(|name| name.to_lowercase()).collect();
    assert_eq!(different.len(), urls.len(), "{names:?}");
}

#[test]
fn a_name_is_the_last_segment_decoded() {
    assert_eq!(name("a/b/cat.jpg?size=1#top"), "cat.jpg");
    assert_eq!(name("Gr%C3%BC%C3%9Fe%20und%20mehr.txt"), "Grüße und mehr.txt");
    assert_eq!(name("%F0%9F%98%80.png"), "😀.png");
    assert_eq!(name("100%.txt"), "100%.txt");
    assert_eq!(name("a+b;c=d.tar.gz"), "a+b;c=d.tar.gz");
}

#[test]
fn a_url_without_a_name_gets_one() {
    for url in ["", "a/", "?query", "#top", "a/..", "a/.", "..", "%2e%2E", "%20", "...", "%20.%20."]
    {
        assert_eq!(name(url), "index.html", "{url:?}");
    }
    assert_eq!(name("mailto:someone@example.com"), "index.html");
}

#[test]
fn what_is_dangerous_in_a_name_is_replaced() {
    assert_eq!(name("..%2f..%2fetc%2fpasswd"), "_._.._etc_passwd");
    assert_eq!(name("..%5C..%5Cboot.ini"), "_._.._boot.ini");
    assert_eq!(name("c%3A%5Cx%3Astream"), "c__x_stream");
    assert_eq!(name("a%00b%0ac%0dd%1be%7f%C2%85f"), "a_b_c_d_e__f");
    assert_eq!(name("photo%E2%80%AEgpj.exe"), "photo_gpj.exe");
    assert_eq!(name(".bashrc"), "_bashrc");
    assert_eq!(name("%20.profile"), "_profile");
    assert_eq!(name("a.txt.%20."), "a.txt");
    assert_eq!(name("a%FF%FEb"), "a\u{fffd}\u{fffd}b");
}

#[test]
fn a_name_that_windows_reserves_is_changed() {
    for reserved in ["CON", "nul.txt", "Aux.tar.gz", "COM1", "lpt9.doc", "COM%C2%B9", "con%20.txt"]
    {
        assert!(name(reserved).starts_with('_'), "{reserved}");
    }
    for free in ["CONSOLE", "COM", "COM10", "a.con", "null"] {
        assert_eq!(name(free), free);
    }
}

#[test]
fn no_name_is_that_of_a_part_file() {
    assert_eq!(names(&["a", "a.part", "b.PART"]), ["a", "a.part_", "b.PART_"]);
}

#[test]
fn a_long_name_is_cut_between_characters_and_keeps_its_extension() {
    for (letter, length) in [("a", 999), ("ü", 500), ("😀", 251), ("😀a", 251), ("a😀", 251)]
    {
        let [first, second] = [0, 1].map(|index| {
            let url = format!("{}.jpeg", letter.repeat(length));
            names(&[&url, &url]).remove(index)
        });
        assert_safe(&first);
        assert_safe(&second);
        assert!(first.len() > 240 && first.ends_with(".jpeg"), "{first}");
        assert!(second.len() > 240 && second.ends_with(".2.jpeg"), "{second}");
        assert!(!first.contains('\u{fffd}') && !second.contains('\u{fffd}'));
    }
    assert_safe(&name(&format!("a.{}", "b".repeat(999))));
    assert_safe(&name(&format!("con.{}.part", "b".repeat(300))));
    assert_safe(&name(&format!("{}%20%20b", "a".repeat(247))));
}

#[test]
fn equal_names_are_numbered_in_the_order_of_the_list() {
    assert_eq!(names(&["1/a.jpg", "2/a.jpg", "3/a.jpg"]), ["a.jpg", "a.2.jpg", "a.3.jpg"]);
    assert_eq!(names(&["1/a", "2/A", "3/a"]), ["a", "A.2", "a.3"]);
    assert_eq!(names(&["1/", "2/", "3/"]), ["index.html", "index.2.html", "index.3.html"]);
    assert_eq!(
        names(&["STRASSE", "straße", "\u{17f}trasse"]),
        ["STRASSE", "straße.2", "ſtrasse.3"]
    );
}

#[test]
fn a_numbered_name_never_meets_a_literal_one() {
    assert_eq!(names(&["a.jpg", "a.jpg", "a.2.jpg"]), ["a.jpg", "a.2.jpg", "a.2.2.jpg"]);
    assert_eq!(names(&["a.2.jpg", "a.jpg", "A.jpg"]), ["a.2.jpg", "a.jpg", "A.3.jpg"]);
    assert_all_safe_and_different(&["a", "a", "a.2", "a", "a.2", "a.2.2", "a.3", "a", "A.2.2"]);
}

#[test]
fn a_long_list_of_one_name_is_numbered_without_trying_every_number_again() {
    let names = names(&vec!["a.txt"; 20_000]);
    assert_eq!(names[19_999], "a.20000.txt");
}

#[test]
fn whatever_a_list_holds_its_names_are_safe_and_different() {
    let pieces: [&[u8]; 24] = [
        b".",
        b"..",
        b"/",
        b"\\",
        b"\0",
        b"\n",
        b" ",
        b"a",
        b"A",
        b"2",
        b".2",
        b".part",
        b".jpg",
        b"CON",
        b"nul",
        b"COM1",
        b"\xff",
        b"\xc3",
        "ü".as_bytes(),
        "😀".as_bytes(),
        b"%2f",
        b"~",
        b"-rf",
        &[b'x'; 120],
    ];
    let mut random = fastrand::Rng::with_seed(7);
    for _ in 0..300 {
        let urls: Vec<String> = (0..30)
            .map(|_| {
                let pieces = (0..random.usize(..6)).map(|_| random.choice(pieces).unwrap());
                url_of(&pieces.collect::<Vec<_>>().concat())
            })
            .collect();
        let urls: Vec<&str> = urls.iter().map(String::as_str).collect();
        assert_all_safe_and_different(&urls);
        assert_eq!(names(&urls), names(&urls));
    }
}
