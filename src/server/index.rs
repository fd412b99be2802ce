//! The page that lists what is served: links for people, a JSON array of links for programs.

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use crate::http::RequestHead;

/// What cannot stand as it is in a link's path, or would end the text around it.
const SPECIAL: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'&')
    .add(b'\'')
    .add(b':')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'\\')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// The listing and its media type.
pub(super) fn page(request: &RequestHead, names: &[String]) -> (String, &'static str) {
    let links = names.iter().map(|name| utf8_percent_encode(name, SPECIAL).to_string());
    if wants_json(request) {
        let links: Vec<String> = links.map(|link| format!("\"{link}\"")).collect();
        return (format!("[{}]\n", links.join(",")), "application/json");
    }
    let lines = links.zip(names).map(|(link, name)| {
        let text = name.replace('&', "&amp;").replace('<', "&lt;");
        format!("<li><a href=\"{link}\">{text}</a></li>\n")
    });
    let list: String = lines.collect();
    let page = format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>Album</title>\n\
         <h1>Album</h1>\n<ul>\n{list}</ul>\n</html>\n"
    );
    (page, "text/html; charset=utf-8")
}

/// JSON goes to those who name it: a browser that takes anything gets the page.
fn wants_json(request: &RequestHead) -> bool {
    let accept = request.headers.get_all(http::header::ACCEPT);
    accept.iter().any(|value| {
        let value = value.to_str().unwrap_or_default().to_ascii_lowercase();
        value.contains("application/json")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listing(accept: &str, name: &str) -> String {
        let head = format!("GET / HTTP/1.1\r\nHost: h\r\nAccept: {accept}\r\n\r\n");
        page(&RequestHead::parse(head.as_bytes()).unwrap(), &[name.into()]).0
    }

    #[test]
    fn a_name_with_special_characters_is_quoted_in_both_listings() {
        let name = "a<b>&\"c d%.txt";
        let quoted = "a%3Cb%3E%26%22c%20d%25.txt";
        assert_eq!(listing("application/json", name), format!("[\"{quoted}\"]\n"));
        let html = listing("*/*", name);
        assert!(
            html.contains(&format!("<a href=\"{quoted}\">a&lt;b>&amp;\"c d%.txt</a>")),
            "{html}"
        );
    }
}
