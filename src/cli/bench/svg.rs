//! The ratios as a picture, for a page that may be light or dark: no background, and colours that change with it.

use std::fmt::Write;

use super::rounds::Entry;

/// Room for the longest name, to the right of which the bars begin.
const LABEL: f64 = 320.0;
/// From nothing to the ratio 1, which is the peer.
const ONE: f64 = 300.0;
/// Where a bar ends that would be longer, and leaves room for its figure and the peer's name.
const LONGEST: f64 = 1.5;
const WIDTH: f64 = LABEL + ONE * LONGEST + 170.0;
const LINE: f64 = 22.0;
const TOP: f64 = 40.0;

const STYLE: &str = "\
text{font:13px system-ui,sans-serif;fill:#24292f}.peer,.note{fill:#6e7781}.end{text-anchor:end}\
.mid{text-anchor:middle}.bar{fill:#2da44e}.slow{fill:#cf6a32}.one{stroke:#6e7781;stroke-dasharray:4 3}\
.spread{stroke:#24292f;stroke-width:1.5}\
@media(prefers-color-scheme:dark){text{fill:#e6edf3}.peer,.note{fill:#9198a1}.bar{fill:#3fb950}\
.slow{fill:#e0823d}.one{stroke:#9198a1}.spread{stroke:#e6edf3}}";

pub(super) fn draw(entries: &[Entry]) -> String {
    let bottom = TOP + LINE * entries.len() as f64;
    let height = bottom + 30.0;
    let mut out = String::new();
    // Writing into a string does not fail.
    let _ = write!(
        out,
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img"
><title>What an operation costs on glassloop, as a ratio to each peer</title><style>{STYLE}</style>
<text class="mid note" x="{x}" y="16">the peer = 1</text>
<line class="one" x1="{x}" y1="22" x2="{x}" y2="{bottom}"/>
<text class="note" x="{LABEL}" y="{y}">ours / theirs, less is better; the lines hold half of the rounds</text>
"#,
        x = LABEL + ONE,
        y = bottom + 20.0,
    );
    for (at, entry) in entries.iter().enumerate() {
        bar(&mut out, TOP + LINE * at as f64, entry);
    }
    out.push_str("</svg>\n");
    out
}

fn bar(out: &mut String, top: f64, entry: &Entry) {
    let Entry { row, peer, ratio, spread, .. } = entry;
    let at = |ratio: f64| LABEL + ONE * ratio.clamp(0.0, LONGEST);
    let class = if *ratio <= 1.0 { "bar" } else { "slow" };
    let (from, to) = (at(ratio - spread), at(ratio + spread));
    let _ = write!(
        out,
        r#"<text class="end" x="{label}" y="{text}">{row}</text>
<rect class="{class}" x="{LABEL}" y="{bar}" width="{width:.1}" height="12" rx="2"/>
<line class="spread" x1="{from:.1}" y1="{middle}" x2="{to:.1}" y2="{middle}"/>
<text x="{figure:.1}" y="{text}">{ratio:.2} <tspan class="peer">{peer}</tspan></text>
"#,
        row = escape(row),
        peer = escape(peer),
        label = LABEL - 10.0,
        bar = top + 2.0,
        text = top + 12.0,
        middle = top + 8.0,
        width = at(*ratio) - LABEL,
        figure = to.max(at(*ratio)) + 6.0,
    );
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}
