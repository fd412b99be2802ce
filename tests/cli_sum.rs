//! `glassloop sum` as its users run it, under every model.

#![cfg(feature = "cli")]

mod e2e_support;

use std::process::Stdio;

use e2e_support::{Folder, Running, for_every_model, glassloop, run};

/// The numbers at the ends of the lines, total included.
fn sums(stdout: &str) -> Vec<&str> {
    stdout.lines().map(|line| line.split_whitespace().last().unwrap()).collect()
}

#[test]
fn one_to_a_hundred_in_four_chunks() {
    for_every_model(|model| {
        let run = run(["sum", "--range", "1..=100", "--chunks", "4", "--model", model.name()]);
        run.exits(0);
        assert_eq!(sums(&run.stdout), ["325", "950", "1575", "2200", "5050"], "{run}");
        assert!(run.stdout.starts_with("1..=25 "), "{run}");
        assert!(run.stdout.contains("\ntotal "), "{run}");
        assert_eq!(run.stderr, "");
    });
}

#[test]
fn a_total_beyond_64_bits_is_right() {
    for_every_model(|model| {
        let range = "9223372036854775000..=9223372036854775807";
        let run = run(["sum", "--range", range, "--chunks", "3", "--model", model.name()]);
        let total = (9_223_372_036_854_775_000..=i128::from(i64::MAX)).sum::<i128>().to_string();
        assert_eq!(total, "7452484605778658526028");
        assert_eq!(sums(&run.exits(0).stdout).last(), Some(&&*total), "{run}");
    });
}

#[test]
fn negative_numbers_and_more_chunks_than_numbers() {
    for_every_model(|model| {
        let args = ["sum", "--range", "-3..=2", "--chunks", "100", "--model", model.name()];
        let run = run(args);
        assert_eq!(sums(&run.exits(0).stdout), ["-3", "-2", "-1", "0", "1", "2", "-3"], "{run}");
    });
}

#[test]
fn files_of_numbers_are_added_wherever_they_are_cut() {
    let folder = Folder::new();
    let numbers: Vec<i64> = (0..10_000).map(|n: i64| n.pow(3) - 400_000_000_000).collect();
    let text: String = numbers.iter().map(|n| format!("{n}\n")).collect();
    let large = folder.write("large", text);
    let small = folder.write("small", " 9223372036854775807\t9223372036854775807\r\n\n-1 +4");
    let empty = folder.write("empty", "");
    let total = numbers.iter().map(|&n| i128::from(n)).sum::<i128>() + 2 * i128::from(i64::MAX) + 3;
    for_every_model(|model| {
        for chunks in ["1", "7", "50"] {
            let files = ["sum", &large, &small, &empty];
            let options = ["--json", "--chunks", chunks, "--model", model.name()];
            let document = run(files.into_iter().chain(options)).exits(0).json();
            assert_eq!(document["total"].to_string(), total.to_string());
        }
    });
}

#[test]
fn numbers_come_from_a_pipe_too() {
    for_every_model(|model| {
        let args = ["sum", "/dev/stdin", "--model", model.name()];
        let mut running = Running::with_input(glassloop(args).stdin(Stdio::piped()));
        running.feed("1 2 3\n4");
        assert_eq!(sums(&running.end().exits(0).stdout).last(), Some(&"10"));
    });
}

#[test]
fn a_file_that_is_wrong_is_a_failed_row_and_the_others_are_added() {
    let folder = Folder::new();
    let good = folder.write("good", "1 2 3");
    let bad = folder.write("bad", "1\n2\nthree\n4");
    let other = folder.write("other", "10 20");
    for_every_model(|model| {
        let args = ["sum", &good, &bad, &other, "--chunks", "1", "--model", model.name()];
        let failed = run(args);
        failed.exits(1);
        failed.says_in_one_line(&format!("{bad}, line 3: \"three\" is not a whole number between"));
        assert_eq!(sums(&failed.stdout), ["6", "30"], "{failed}");
        assert!(!failed.stdout.contains("total"), "a total without all parts is none: {failed}");

        let document = run(args.into_iter().chain(["--json"])).exits(1).json();
        assert!(document["total"].is_null(), "{document}");
        let parts = document["parts"].as_array().unwrap();
        assert_eq!(parts[0]["sum"], 6);
        assert!(parts[1]["sum"].is_null());
        assert!(parts[1]["error"].as_str().unwrap().contains("line 3"), "{document}");
        assert_eq!(parts[2]["sum"], 30);
    });
}

#[test]
fn json_is_one_document() {
    for_every_model(|model| {
        let args = ["sum", "--range", "1..=100", "--chunks", "4", "--json"];
        let document = run(args.into_iter().chain(["--model", model.name()])).exits(0).json();
        assert_eq!(document["model"], model.name());
        assert_eq!(document["total"], 5050);
        assert!(document["wall_s"].as_f64().unwrap() > 0.0);
        assert!((1..=4).contains(&document["in_flight"].as_u64().unwrap()));
        let sums: Vec<_> = document["parts"].as_array().unwrap().iter().collect();
        let expected = [("1..=25", 325), ("26..=50", 950), ("51..=75", 1575), ("76..=100", 2200)];
        for (part, (chunk, sum)) in sums.iter().zip(expected) {
            assert_eq!((&part["chunk"], &part["sum"]), (&chunk.into(), &sum.into()));
            assert!(part["error"].is_null());
        }
        assert_eq!(sums.len(), 4);
    });
}
