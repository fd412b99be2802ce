//! `glassloop bench`: what it prints, and what it refuses. The figures of a debug build say nothing, so no test
//! looks at how large they are.

#![cfg(feature = "bench")]

mod e2e_support;

use std::collections::BTreeSet;
use std::time::Duration;

use e2e_support::{Folder, Running, glassloop, run};
use glassloop::bench::rows;
use serde_json::json;

#[test]
fn json_has_the_promised_fields_for_each_row_and_peer() {
    // One row that is measured here, and one in processes of its own.
    let run = run(["bench", "--quick", "--json", "--only", "join, one", "--only", "memory"]);
    let document = run.exits(0).json();
    let rows = document["rows"].as_array().unwrap();
    let names: Vec<_> = rows.iter().map(|row| row["row"].as_str().unwrap()).collect();
    assert_eq!(names, ["spawn + join, one by one", "memory per idle task"]);
    for row in rows {
        let fields: BTreeSet<_> = row.as_object().unwrap().keys().map(String::as_str).collect();
        let promised = ["row", "peer", "ours", "theirs", "unit", "ratio", "spread"];
        assert!(promised.into_iter().all(|field| fields.contains(field)), "{row}");
        assert_eq!(row["peer"], "tokio LocalSet", "{row}");
        let [ours, theirs, ratio, spread] = ["ours", "theirs", "ratio", "spread"]
            .map(|field| row[field].as_f64().unwrap_or_else(|| panic!("no {field} in {row}")));
        assert!(ours > 0.0 && theirs > 0.0 && spread >= 0.0, "{row}");
        assert!((ratio - ours / theirs).abs() < 1e-9, "{row}");
    }
    assert_eq!(rows[0]["unit"], "ns");
    assert_eq!(rows[1]["unit"], "B");
    assert_eq!(rows[0]["target"], json!({ "ratio": 0.10 }));
    assert_eq!(rows[1]["target"], json!({ "ours": 96.0 }));
}

#[test]
fn a_table_says_what_was_measured_and_a_picture_shows_it() {
    let folder = Folder::new();
    let svg = folder.path().join("ratios.svg");
    let svg = svg.to_str().unwrap();
    let run = run(["bench", "--quick", "--only", "TIMER CANCEL", "--svg", svg]);
    let table = &run.exits(0).stdout;
    let [head, row, note] = table.lines().collect::<Vec<_>>()[..] else { panic!("{run}") };
    assert!(head.starts_with("row ") && head.ends_with("peer"), "{run}");
    assert!(row.starts_with("timer cancel ") && row.ends_with("tokio LocalSet"), "{run}");
    assert!(row.contains(" ± ") && row.contains(" ≤ 0.10"), "{run}");
    assert!(note.starts_with("ratio: ours / theirs"), "{run}");
    assert!(!table.contains('\x1b'), "{run}");

    let picture = String::from_utf8(folder.read("ratios.svg")).unwrap();
    assert!(picture.starts_with("<svg xmlns=") && picture.ends_with("</svg>\n"), "{picture}");
    for words in [">timer cancel</text>", ">tokio LocalSet</tspan>", "prefers-color-scheme:dark"] {
        assert!(picture.contains(words), "{picture}");
    }
}

#[test]
fn every_row_is_listed_once_and_has_a_peer() {
    let run = run(["bench", "--list"]);
    let listed: Vec<_> = run.exits(0).stdout.lines().collect();
    assert_eq!(listed.len(), rows().len());
    for (line, row) in listed.iter().zip(rows()) {
        assert!(line.contains(row.name) && line.starts_with(row.group), "{line}");
        let peers = row.contenders().skip(1).map(|peer| peer.name).collect::<BTreeSet<_>>();
        assert_eq!(peers.len(), row.peers.len() + row.others.len(), "a peer has two turns: {line}");
        assert!(row.peers.iter().any(|peer| line.ends_with(peer.name)), "{line}");
    }
    let names: BTreeSet<_> = rows().iter().map(|row| row.name).collect();
    assert_eq!(names.len(), rows().len(), "two rows have one name");
}

#[test]
fn an_unknown_row_is_told_in_a_sentence() {
    let run = run(["bench", "--only", "timer", "--only", "juggling"]);
    run.exits(2).prints_nothing().says("'juggling'").says("`glassloop bench --list` names them");
}

#[test]
fn a_picture_that_cannot_be_written_is_told_before_anything_is_measured() {
    let run = run(["bench", "--svg", "/nowhere/at/all.svg"]);
    run.exits(3).prints_nothing().says("cannot write /nowhere/at/all.svg");
    run.ends_within(Duration::from_secs(5));
}

#[test]
fn ctrl_c_ends_it_and_what_was_measured_is_shown() {
    let mut running = Running::start(&mut glassloop(["bench", "--json", "--only", "lateness"]));
    running.interrupt();
    let run = running.end();
    run.exits(130).ends_within(Duration::from_secs(3));
    assert_eq!(run.json()["rows"], json!([]));
    run.says("interrupted: not every row was measured");
}
