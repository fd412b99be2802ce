//! From an album's page to the links in it: HTML such as a server's listing of a folder, JSON, or a
//! plain list.

use std::collections::HashSet;
use std::time::Duration;

use anyhow::{Context, bail};
use glassloop::http::{Session, TlsConnect, Trust, parse_url};
use glassloop::runtime::Builder;
use glassloop::time;
use html5gum::{Token, Tokenizer};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use url::Url;

/// No listing is larger; a film that was given by mistake is.
const LARGEST: usize = 64 * 1024 * 1024;

/// Fetches a page and returns the absolute URLs of the files it lists.
pub(super) fn links(
    page: &str,
    trust: Trust,
    connect_timeout: Duration,
    limit: Option<Duration>,
) -> anyhow::Result<Vec<String>> {
    let fetch = async {
        let session = Session::new(TlsConnect::tcp(connect_timeout, trust));
        let mut response = session.get(page).await?;
        if !response.status.is_success() {
            bail!("the server answers {}", response.status);
        }
        let media_type = response.headers.get(http::header::CONTENT_TYPE);
        let media_type = media_type.and_then(|value| value.to_str().ok()).map(str::to_owned);
        let text = String::from_utf8_lossy(&response.bytes(LARGEST).await?).into_owned();
        Ok((response.url.clone(), media_type, text))
    };
    let runtime = Builder::new().watch(true).build().context("cannot start an event loop")?;
    let (url, media_type, text) = runtime.block_on(async {
        match limit {
            Some(limit) => time::timeout(limit, fetch).await?,
            None => fetch.await,
        }
    })?;
    let links = parse(&url, media_type.as_deref(), &text)?;
    if links.is_empty() {
        bail!("it links to no file");
    }
    Ok(links)
}

/// The links of a page, each once, absolute, without those to folders and to the page itself.
fn parse(page: &Url, media_type: Option<&str>, text: &str) -> anyhow::Result<Vec<String>> {
    let media_type = media_type.unwrap_or_default();
    let start = text.trim_start();
    let (base, links) = if media_type.contains("json") || start.starts_with('[') {
        (page.clone(), json(text)?)
    } else if media_type.contains("html") || start.starts_with('<') {
        html(page, text)
    } else {
        (page.clone(), plain_list(text.lines()))
    };
    let mut seen = HashSet::new();
    let mut files = Vec::new();
    for link in links {
        // What is no link to a file on a web server (mailto:, a folder) is not the album's content.
        let Ok(mut url) = base.join(&link) else { continue };
        url.set_fragment(None);
        let same_page = url.origin() == page.origin() && url.path() == page.path();
        let is_file = !url.path().ends_with('/') && !same_page;
        if is_file && parse_url(url.as_str()).is_ok() && seen.insert(url.clone()) {
            files.push(url.into());
        }
    }
    Ok(files)
}

/// One link a line; empty lines and those that begin with `#` are passed over.
pub(super) fn plain_list<'a>(lines: impl Iterator<Item = &'a str>) -> Vec<String> {
    let links = lines.map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    links.map(str::to_owned).collect()
}

/// A list of links, or nginx's listing of a folder.
fn json(text: &str) -> anyhow::Result<Vec<String>> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Entry {
        Link(String),
        Listed { name: String, r#type: String },
    }
    let entries: Vec<Entry> = serde_json::from_str(text)
        .context("it is neither a JSON list of links nor a server's listing of a folder")?;
    let link = |entry| match entry {
        Entry::Link(link) => Some(link),
        // A name, not a link: every special character in it means itself.
        Entry::Listed { name, r#type } => {
            (r#type == "file").then(|| utf8_percent_encode(&name, NON_ALPHANUMERIC).to_string())
        }
    };
    Ok(entries.into_iter().filter_map(link).collect())
}

/// Where the page's links start from, and the links.
fn html(page: &Url, text: &str) -> (Url, Vec<String>) {
    let mut base = page.clone();
    let mut links = Vec::new();
    for Ok(token) in Tokenizer::new(text) {
        let Token::StartTag(tag) = token else { continue };
        let href = tag.attributes.get(b"href".as_slice());
        let Some(href) = href.map(|href| String::from_utf8_lossy(href).trim().to_owned()) else {
            continue;
        };
        match tag.name.as_slice() {
            b"a" => links.push(href),
            b"base" => base = page.join(&href).unwrap_or(base),
            _ => {}
        }
    }
    (base, links)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn links_in(media_type: &str, text: &str) -> Vec<String> {
        let page = "http://h.example/album/?C=N".parse().unwrap();
        parse(&page, Some(media_type), text).unwrap()
    }

    #[test]
    fn a_listing_in_html_gives_its_files_and_not_its_folders() {
        let listing = r##"<html><a href="../">../</a> <A HREF='a%20b.jpg'>a</A> <a href="sub/">sub</a>
            <a href="?C=N">name</a> <a href="#top">top</a> <a href="mailto:x@y">mail</a>
            <a href="a%20b.jpg">again</a> <!-- <a href="no.jpg"> --> <a href="x&amp;y.jpg">"##;
        let files = ["http://h.example/album/a%20b.jpg", "http://h.example/album/x&y.jpg"];
        assert_eq!(links_in("text/html", listing), files);
    }

    #[test]
    fn a_base_in_html_is_obeyed() {
        let listing = r#"<base href="/other/"><a href="a.jpg">a</a>"#;
        assert_eq!(links_in("text/html", listing), ["http://h.example/other/a.jpg"]);
    }

    #[test]
    fn a_listing_in_json_gives_its_files_and_not_its_folders() {
        let listing =
            r#"[{"name":"a #?%.jpg","type":"file","size":1},{"name":"sub","type":"directory"}]"#;
        let files = ["http://h.example/album/a%20%23%3F%25%2Ejpg"];
        assert_eq!(links_in("application/json", listing), files);
    }

    #[test]
    fn lists_of_links_are_read_as_json_and_as_lines() {
        let files = ["http://h.example/album/a.jpg", "http://other.example/b.jpg"];
        let json = r#"["a.jpg", "http://other.example/b.jpg"]"#;
        assert_eq!(links_in("application/json", json), files);
        assert_eq!(links_in("text/plain", json), files, "JSON is known by its look, too");
        let lines = "# album\n\na.jpg\r\n http://other.example/b.jpg \n";
        assert_eq!(links_in("text/plain", lines), files);
    }

    #[test]
    fn json_of_another_shape_is_an_error() {
        let page = "http://h.example/".parse().unwrap();
        assert!(parse(&page, Some("application/json"), r#"{"a": 1}"#).is_err());
    }
}
