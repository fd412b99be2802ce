//! The marks that a drawing is made of, as elements of SVG.

use std::fmt::{Arguments, Write};

use crate::glass::picture::State;

#[derive(Default)]
pub(super) struct Pen {
    pub(super) out: String,
}

impl Pen {
    pub(super) fn text(&mut self, at: (f64, f64), class: &str, words: &str) {
        self.text_at("start", at, class, words);
    }

    pub(super) fn text_at(&mut self, anchor: &str, (x, y): (f64, f64), class: &str, words: &str) {
        self.put(format_args!(
            "<text class=\"{class}\" x=\"{}\" y=\"{}\" text-anchor=\"{anchor}\">{}</text>",
            short(x),
            short(y),
            escape(words)
        ));
    }

    /// A line of the file.
    pub(super) fn put(&mut self, line: Arguments<'_>) {
        let _ = writeln!(self.out, "{line}"); // writing to a string does not fail
    }
}

/// The class of a state, where its block begins and how high it is: heights tell where colours do not.
pub(super) fn block(state: State) -> (&'static str, f64, f64) {
    match state {
        State::Running => ("running", -8.0, 16.0),
        State::Ready => ("ready", -4.0, 8.0),
        State::Waiting => ("waiting", 2.0, 3.0),
    }
}

/// The path of an arrow, up or down.
pub(super) fn arrow(x: f64, from: f64, to: f64) -> String {
    let barb = if to > from { to - 5.0 } else { to + 5.0 };
    let (left, right) = (short(x - 2.5), short(x + 2.5));
    let (x, from, to, barb) = (short(x), short(from), short(to), short(barb));
    format!("M{x} {from}V{to}M{left} {barb}L{x} {to}L{right} {barb}")
}

/// A coordinate to a tenth, without a zero at its end.
pub(super) fn short(value: f64) -> String {
    let text = format!("{value:.1}");
    text.strip_suffix(".0").unwrap_or(&text).into()
}

pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'), // XML has none of them
            c => escaped.push(c),
        }
    }
    escaped
}
