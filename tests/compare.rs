//! `glassloop compare`: both workloads under every model, measured, checked and judged.

#![cfg(feature = "cli")]

mod e2e_support;

use std::collections::BTreeSet;

use e2e_support::{Folder, Running, glassloop, run};
use glassloop::workloads::Model;
use serde_json::Value;

/// Small numbers. The latency is long enough for threads to be started in on a busy machine.
const SMALL: [&str; 11] = [
    "compare",
    "--files",
    "6",
    "--size",
    "1KiB",
    "--latency",
    "150ms",
    "--concurrency",
    "3",
    "--sum",
    "100000",
];

fn names(value: &Value) -> BTreeSet<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

#[test]
fn json_is_one_document_with_an_entry_for_each_model() {
    let folder = Folder::new();
    let mut command = glassloop(SMALL);
    let run = Running::start(command.arg("--json").env("TMPDIR", folder.path())).end();
    let document = run.exits(0).json();
    assert_eq!(run.stderr, "");
    assert_eq!(folder.names(), [""; 0], "temporary files are left");
    assert_eq!(names(&document), BTreeSet::from(["download", "sum", "verdict"]));

    let everywhere =
        ["model", "wall_s", "cpu_s", "peak_rss_bytes", "in_flight", "jobs", "failed", "speedup"];
    for (workload, its_own) in [("download", &["bytes", "verified"][..]), ("sum", &["verified"])] {
        let entries = document[workload].as_array().unwrap();
        let models: Vec<_> = entries.iter().map(|entry| entry["model"].as_str().unwrap()).collect();
        assert_eq!(models, Model::ALL.map(Model::name), "{workload}");
        for entry in entries {
            let expected: BTreeSet<_> = everywhere.iter().chain(its_own).copied().collect();
            assert_eq!(names(entry), expected, "{workload}");
            assert_eq!(entry["verified"], true, "{entry}");
            assert_eq!(entry["failed"], 0, "{entry}");
            assert!(entry["wall_s"].as_f64().unwrap() > 0.0, "{entry}");
            assert!(entry["cpu_s"].as_f64().unwrap() > 0.0, "{entry}");
            // A process with a few pages of its own, and far from all memory there is.
            let memory = entry["peak_rss_bytes"].as_u64().unwrap();
            assert!((1 << 20..1 << 30).contains(&memory), "{entry}");
            let base = entries[0]["wall_s"].as_f64().unwrap();
            let speedup = base / entry["wall_s"].as_f64().unwrap();
            assert!((entry["speedup"].as_f64().unwrap() / speedup - 1.0).abs() < 1e-9, "{entry}");
        }
    }

    let downloads = document["download"].as_array().unwrap();
    let in_flight: Vec<_> = downloads.iter().map(|entry| &entry["in_flight"]).collect();
    assert_eq!(in_flight, [1, 6, 3, 3, 6], "one, all, as many as each pool has workers, all");
    for entry in downloads {
        assert_eq!((&entry["jobs"], &entry["bytes"]), (&6.into(), &(6 * 1024).into()));
        // Never early: each file takes 150 ms, and only the sequential run adds them up.
        let least = if entry["model"] == "sequential" { 6.0 * 0.15 } else { 0.15 };
        assert!(entry["wall_s"].as_f64().unwrap() >= least, "{entry}");
        assert!(entry["cpu_s"].as_f64().unwrap() < least, "waiting costs no CPU: {entry}");
    }
    for entry in document["sum"].as_array().unwrap() {
        let (in_flight, jobs) = (entry["in_flight"].as_u64().unwrap(), entry["jobs"].as_u64());
        let by_many = ["thread-per-task", "threads", "processes"].map(Value::from);
        let most = if by_many.contains(&entry["model"]) { jobs.unwrap() } else { 1 };
        assert!((1..=most).contains(&in_flight), "{entry}");
    }

    let verdict = &document["verdict"];
    assert_eq!(names(verdict), BTreeSet::from(["download", "sum"]));
    let advice = &verdict["download"];
    assert_ne!(advice["model"], "sequential", "five sixths of its waiting can be saved");
    assert!(advice["waiting_share"].as_f64().unwrap() > 0.5, "{advice}");
    let text = advice["text"].as_str().unwrap();
    assert!(text.contains("% waiting and ") && text.contains("% computing"), "{text}");
    assert!(text.contains(&format!("choose {}", advice["model"].as_str().unwrap())), "{text}");
}

#[test]
fn the_table_has_a_row_and_a_bar_for_each_model_and_a_verdict() {
    let run = run(SMALL);
    run.exits(0);
    assert_eq!(run.stderr, "");
    assert!(run.stdout.contains("download: 6 files of 1.0 KiB, 150ms until each answer"), "{run}");
    assert!(run.stdout.contains("sum: 1..=100000\n"), "{run}");
    assert!(run.stdout.contains("every file has the server's SHA-256"), "{run}");
    assert!(run.stdout.contains("every sum is right"), "{run}");
    for model in Model::ALL {
        let is_row = |line: &&str| line.trim_start().starts_with(model.name());
        let rows: Vec<_> = run.stdout.lines().filter(is_row).collect();
        assert_eq!(rows.len(), 2, "{model}: {run}");
        let ends_in_a_bar = |row: &&str| row.ends_with(|c| ('▉'..='▏').contains(&c) || c == '█');
        assert!(rows.iter().all(ends_in_a_bar), "{model}: {run}");
    }
    assert_eq!(run.stdout.matches("choose ").count(), 2, "a verdict for each workload: {run}");
}

#[test]
fn a_sweep_doubles_what_is_in_flight_until_everything_is() {
    let sweep = SMALL.into_iter().chain(["--sweep", "--models", "sequential,event-loop"]);
    let document = run(sweep.clone().chain(["--json"])).exits(0).json();
    let entries = document["sweep"].as_array().unwrap();
    let in_flight: Vec<_> = entries.iter().map(|entry| entry["in_flight"].as_u64()).collect();
    assert_eq!(in_flight, [Some(1), Some(2), Some(4), Some(6)]);
    let walls: Vec<_> = entries.iter().map(|entry| entry["wall_s"].as_f64().unwrap()).collect();
    for (wall, rounds) in walls.iter().zip([6.0, 3.0, 2.0, 1.0]) {
        assert!(*wall >= rounds * 0.15, "each round of files takes 150 ms: {entries:?}");
    }
    assert!(entries.iter().all(|entry| entry["verified"] == true), "{entries:?}");

    let table = run(sweep);
    table.exits(0);
    assert!(table.stdout.contains("download, more and more in flight: event-loop"), "{table}");
}

#[test]
fn only_the_models_that_were_asked_for_run() {
    let run = run(SMALL.into_iter().chain(["--json", "--models", "event-loop"]));
    let document = run.exits(0).json();
    for workload in ["download", "sum"] {
        let entries = document[workload].as_array().unwrap();
        assert_eq!(entries.len(), 1);
        assert_eq!(entries[0]["model"], "event-loop");
        assert!(entries[0]["speedup"].is_null(), "over nothing");
        assert!(document["verdict"][workload].is_null());
    }
}

#[test]
fn a_sweep_has_a_step_for_each_number_in_flight() {
    let args = ["compare", "--files", "4", "--size", "1KiB", "--latency", "100ms", "--sum", "1000"];
    let run = run(args.into_iter().chain(["--json", "--sweep", "--models", "processes"]));
    let document = run.exits(0).json();
    let steps = document["sweep"].as_array().unwrap();
    let column = |name| steps.iter().map(|step| step[name].as_u64().unwrap()).collect::<Vec<_>>();
    assert_eq!(column("concurrency"), [1, 2, 4]);
    assert_eq!(column("in_flight"), [1, 2, 4]);
    let memory = column("peak_rss_bytes");
    // A worker has some pages for itself; three more of them have thrice as many.
    assert!(memory[2] > memory[0] + 3 * 64 * 1024, "{memory:?}");
    for (step, least) in steps.iter().zip([0.4, 0.2, 0.1]) {
        assert_eq!((&step["model"], &step["verified"]), (&"processes".into(), &true.into()));
        assert!(step["wall_s"].as_f64().unwrap() >= least, "{step}");
    }
}
