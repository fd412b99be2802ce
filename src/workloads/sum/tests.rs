use std::fs;

use super::*;

// The pool of processes is forked, and the test harness has threads: see tests/processes/.
const MODELS: [Model; 4] =
    [Model::Sequential, Model::ThreadPerTask, Model::Threads, Model::EventLoop];

fn run_all(numbers: &Numbers, chunks: usize) -> [SumReport; MODELS.len()] {
    let chunks = numbers.split(chunks).unwrap();
    MODELS.map(|model| run(model, &chunks, &Interrupt::default()).unwrap())
}

fn range(text: &str) -> Numbers {
    Numbers::Range(text.parse().unwrap())
}

#[test]
fn the_parts_come_in_order_in_every_model() {
    for report in run_all(&range("1..=100"), 4) {
        let parts: Vec<i128> =
            report.parts.iter().map(|part| *part.sum.as_ref().unwrap()).collect();
        assert_eq!(parts, [325, 950, 1575, 2200]);
        assert_eq!(report.total(), Some(5050));
    }
}

#[test]
fn a_total_may_be_larger_than_any_number() {
    for report in run_all(&range("9223372036854775000..=9223372036854775807"), 3) {
        assert_eq!(report.total(), Some(808 * i128::from(i64::MAX) - 807 * 808 / 2));
    }
}

#[test]
fn only_threads_have_more_than_one_chunk_in_flight() {
    for (model, report) in MODELS.into_iter().zip(run_all(&range("1..=100"), 4)) {
        let most = if matches!(model, Model::ThreadPerTask | Model::Threads) { 4 } else { 1 };
        assert!((1..=most).contains(&report.in_flight), "{model}: {}", report.in_flight);
    }
}

#[test]
fn a_chunk_that_fails_leaves_no_total_and_does_not_end_the_others() {
    let folder = tempfile::tempdir().unwrap();
    let [good, bad, missing] = ["good", "bad", "missing"].map(|name| folder.path().join(name));
    fs::write(&good, "1\n2\n3\n").unwrap();
    fs::write(&bad, "1\ntwo\n").unwrap();
    for report in run_all(&Numbers::Files(vec![bad.clone(), missing, good]), 1) {
        let [bad_part, missing_part, good_part] = &report.parts[..] else { panic!("{report:?}") };
        let (path, text) = (bad.clone(), "two".to_owned());
        let expected = SumError::NotANumber { path, place: Place::Line(2), text };
        assert_eq!(bad_part.sum.as_ref().unwrap_err().to_string(), expected.to_string());
        assert!(matches!(missing_part.sum, Err(SumError::Unreadable { .. })));
        assert_eq!(*good_part.sum.as_ref().unwrap(), 6);
        assert_eq!(report.total(), None);
    }
}

#[test]
fn files_have_the_same_total_in_any_number_of_chunks() {
    let folder = tempfile::tempdir().unwrap();
    let paths: Vec<_> = (0..3).map(|number| folder.path().join(number.to_string())).collect();
    for (path, content) in paths.iter().zip(["1 22\r\n333", "", "-4444\n+5"]) {
        fs::write(path, content).unwrap();
    }
    for chunks in 1..40 {
        for report in run_all(&Numbers::Files(paths.clone()), chunks) {
            assert_eq!(report.total(), Some(1 + 22 + 333 - 4444 + 5), "{chunks} chunks");
        }
    }
}

#[test]
fn an_interrupted_sum_has_no_total() {
    let interrupt = Interrupt::default();
    interrupt.set();
    let file = tempfile::NamedTempFile::new().unwrap();
    let files = Numbers::Files(vec![file.path().into()]);
    for numbers in [range("1..=4"), files] {
        for model in MODELS {
            let report = run(model, &numbers.split(4).unwrap(), &interrupt).unwrap();
            assert!(report.parts.iter().all(|part| matches!(part.sum, Err(SumError::Interrupted))));
            assert_eq!(report.total(), None);
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_pipe_is_added_and_an_error_in_it_is_named_by_its_byte() {
    use std::io::Write;
    use std::os::fd::AsRawFd;

    for (content, total) in [("1 2\n3", Some(6)), ("1 2\nthree", None)] {
        let (reader, mut writer) = io::pipe().unwrap();
        writer.write_all(content.as_bytes()).unwrap();
        drop(writer);
        let path = format!("/dev/fd/{}", reader.as_raw_fd());
        let chunks = Numbers::Files(vec![path.into()]).split(4).unwrap();
        let report = run(Model::Sequential, &chunks, &Interrupt::default()).unwrap();
        assert_eq!(report.total(), total);
        if let Err(error) = &report.parts[0].sum {
            assert!(matches!(error, SumError::NotANumber { place: Place::Byte(4), .. }), "{error}");
        }
    }
}
