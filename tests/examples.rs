//! The examples on channels, on the `futures` crate and on the simulated world say what their comments promise.

use std::path::Path;
use std::process::Command;

/// What an example prints. `cargo test` builds the examples beside the tests.
fn output(name: &str) -> String {
    let tests = std::env::current_exe().unwrap();
    let target = tests.parent().and_then(Path::parent).unwrap();
    let example = target.join("examples").join(name);
    if !example.is_file() {
        let built = Command::new(env!("CARGO")).args(["build", "--examples"]).status().unwrap();
        assert!(built.success() && example.is_file(), "the example {name} cannot be built");
    }
    let run = Command::new(example).output().unwrap();
    assert!(run.status.success(), "{run:?}");
    String::from_utf8(run.stdout).unwrap()
}

#[test]
fn in_the_example_the_producers_are_held_back_to_the_pace_of_the_consumer() {
    let output = output("channel");
    let (mut sent, mut used) = (Vec::new(), Vec::new());
    for line in output.lines() {
        let value = line.split_whitespace().next().unwrap();
        if line.contains("is on its way") {
            sent.push(value);
        } else {
            used.push(value);
        }
        // Two in the channel, and one that the consumer took and has not used yet.
        assert!(sent.len() <= used.len() + 3, "{output}");
    }
    for mut values in [sent, used] {
        let in_order = |name| values.iter().filter(|v| v.starts_with(name)).is_sorted();
        assert!(in_order("a") && in_order("b"), "{output}");
        values.sort_unstable();
        assert_eq!(values, ["a1", "a2", "a3", "a4", "b1", "b2", "b3", "b4"]);
    }
}

#[test]
fn in_the_example_the_macros_and_combinators_of_futures_work() {
    let output = output("futures_macros");
    let expected = [
        "join!                (3, 1, 2)",
        "select!              1",
        "select_biased!       some came in time",
        "FuturesUnordered     [1, 15, 30]",
        "buffer_unordered(2)  [1, 10, 200]",
        "StreamExt            [2, 4, 6]",
    ];
    assert_eq!(output.lines().collect::<Vec<_>>(), expected);
}

#[test]
fn in_the_example_a_seed_tells_the_same_story_every_time() {
    let story = output("simulated");
    assert_eq!(story, output("simulated"));
    assert!(story.contains("What went wrong:") && story.contains("bytes"), "{story}");
}
