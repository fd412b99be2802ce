//! From the URLs of a list to the names of files: safe on every system, and no two the same.

use std::collections::HashMap;

use percent_encoding::percent_decode_str;
use url::Url;

/// The longest name in bytes. Systems take 255; `.part` is added while a file is being written,
/// and [`mend`] adds up to two bytes.
const LONGEST: usize = 255 - ".part".len() - 2;

/// What follows the last dot is an extension, kept when a name is cut, unless it is longer.
const LONGEST_EXTENSION: usize = 16;

/// The name for a URL that has none, such as `https://example.com/`.
const NAMELESS: &str = "index.html";

/// Names that Windows gives to devices, whatever their extension; also `COM1` and `LPT1` to 9.
const DEVICES: [&str; 6] = ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"];

/// Gives each URL of a list the name of its file.
///
/// The name is the last segment of the URL's path, percent-decoded and made safe: it is never
/// empty, hidden, a path, reserved on Windows or the name of a `.part` file, holds no control
/// characters, and takes at most 250 bytes, which leaves room for `.part`. What cannot stand in a
/// name becomes `_`. A name that was given before, in upper or lower case, is numbered. The names
/// depend on nothing but the list.
///
/// ```
/// use glassloop::workloads::names::Names;
///
/// let mut names = Names::default();
/// let urls = ["https://a.example/cat.jpg?v=1", "https://b.example/Cat.jpg", "https://b.example/"];
/// let files = urls.map(|url| names.assign(&url.parse().expect("these are URLs")));
/// assert_eq!(files, ["cat.jpg", "Cat.2.jpg", "index.html"]);
/// ```
#[derive(Debug, Default)]
pub struct Names {
    /// The names given so far, in one case, each with the last number that was tried with it.
    given: HashMap<String, u64>,
}

impl Names {
    /// A name for the next URL of the list, different from all before.
    pub fn assign(&mut self, url: &Url) -> String {
        let segment = url.path_segments().and_then(|mut segments| segments.next_back());
        let plain = clean(&percent_decode_str(segment.unwrap_or("")).decode_utf8_lossy());
        let wanted = fit(&plain, "");
        let mut name = wanted.clone();
        let mut number = self.given.get(&in_one_case(&wanted)).copied().unwrap_or(1);
        while self.given.contains_key(&in_one_case(&name)) {
            number += 1;
            name = fit(&plain, &format!(".{number}"));
        }
        // The next URL that wants this name need not try the same numbers again.
        self.given.insert(in_one_case(&wanted), number);
        self.given.entry(in_one_case(&name)).or_insert(1);
        name
    }
}

/// One spelling for all names that some file system takes for the same.
fn in_one_case(name: &str) -> String {
    // Upper case first: two letters may share the upper case and not the lower, as s and ſ do.
    name.to_uppercase().to_lowercase()
}

/// Replaces what may not stand in a name, and what may not stand at its ends.
fn clean(segment: &str) -> String {
    let safe = |c| if may_stand_in_a_name(c) { c } else { '_' };
    let name: String = segment.chars().map(safe).collect();
    let name = trim_end(name.trim_start());
    match name.strip_prefix('.') {
        _ if name.is_empty() => NAMELESS.into(),
        Some(rest) => format!("_{rest}"),
        None => name.into(),
    }
}

fn may_stand_in_a_name(c: char) -> bool {
    let separator_or_wildcard = r#"/\:*?"<>|"#.contains(c);
    // These turn the direction of writing, so that `gpj.exe` can be shown as `exe.jpg`.
    let turns = matches!(c,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
    );
    !(c.is_control() || separator_or_wildcard || turns)
}

/// Windows drops dots and spaces at the end, and would make two names one.
fn trim_end(name: &str) -> &str {
    name.trim_end_matches(|c: char| c == '.' || c.is_whitespace())
}

/// Puts a number before the extension, and cuts what is before the number if it is too long.
fn fit(name: &str, number: &str) -> String {
    let (stem, extension) = name.split_at(start_of_extension(name));
    let mut end = stem.len().min(LONGEST - number.len() - extension.len());
    while !stem.is_char_boundary(end) {
        end -= 1;
    }
    mend(trim_end(&format!("{}{number}{extension}", &stem[..end])))
}

/// Where the extension begins, with its dot; the end of the name if it has none.
fn start_of_extension(name: &str) -> usize {
    match name.rsplit_once('.') {
        Some((stem, extension))
            if (1..=LONGEST_EXTENSION).contains(&extension.len())
                && extension.bytes().all(|byte| byte.is_ascii_alphanumeric()) =>
        {
            stem.len()
        }
        _ => name.len(),
    }
}

/// Makes another name of one that means something to Windows or to a later download.
fn mend(name: &str) -> String {
    let before = if is_a_device(name) { "_" } else { "" };
    // A name in `.part` would be taken for the unfinished file of the name without.
    let after = if name.to_ascii_lowercase().ends_with(".part") { "_" } else { "" };
    format!("{before}{name}{after}")
}

fn is_a_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or(name).trim_end().to_uppercase();
    let port = stem.strip_prefix("COM").or(stem.strip_prefix("LPT"));
    let numbered = |port: &str| {
        let mut chars = port.chars();
        chars.next().is_some_and(|c| c.is_ascii_digit() || "¹²³".contains(c))
            && chars.next().is_none()
    };
    DEVICES.contains(&&*stem) || port.is_some_and(numbered)
}

#[cfg(test)]
mod tests;
