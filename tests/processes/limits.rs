//! What is large, or is not what it should be.

use std::process::id;

use glassloop::processes::{Ending, ProcessError, ProcessPool};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::support::{descriptors, write_to_all_sockets};
use crate::tests;

tests![
    an_argument_of_100_mb_passes,
    a_result_of_100_mb_passes,
    large_arguments_and_results_in_both_directions_at_once_do_not_block_each_other,
    a_result_that_cannot_be_decoded_is_an_error,
    an_argument_that_cannot_be_decoded_is_an_error,
    a_value_that_cannot_be_encoded_is_an_error,
    an_argument_over_the_limit_is_refused_with_a_sentence,
    a_result_over_the_limit_is_an_error_and_the_worker_stays,
    a_worker_that_writes_noise_into_its_pipe_is_ended,
    a_worker_that_writes_noise_between_the_jobs_of_a_chunk_does_none_of_them_twice,
    a_panic_that_says_more_than_a_value_may_take_is_told_in_full,
    a_worker_has_one_socket_and_it_is_its_own,
    when_no_more_files_can_be_opened_the_workers_that_are_there_do_the_work,
];

const LARGE: usize = 100_000_000;

fn an_argument_of_100_mb_passes() {
    let pool = ProcessPool::new(2, |text: String| (text.len(), text.ends_with("xy"))).unwrap();
    let handle = pool.submit("x".repeat(LARGE) + "y");
    assert_eq!(handle.wait(), Ok((LARGE + 1, true)));
}

fn a_result_of_100_mb_passes() {
    let pool = ProcessPool::new(2, |length: usize| "x".repeat(length) + "y").unwrap();
    let text = pool.submit(LARGE).wait().unwrap();
    assert!(text.len() == LARGE + 1 && text.ends_with("xy"));
}

/// Each side writes far more than a pipe holds, before it has read what the other wrote.
fn large_arguments_and_results_in_both_directions_at_once_do_not_block_each_other() {
    let builder = ProcessPool::builder().workers(2).chunk_size(4);
    let pool = builder.build(|(), text: String| text + "!").unwrap();
    let results = pool.map((0..16).map(|place| place.to_string().repeat(500_000)));
    for (place, result) in results.into_iter().enumerate() {
        let text = result.unwrap();
        assert!(text.starts_with(&place.to_string()) && text.ends_with('!'));
    }
}

/// Does not come out as it went in.
#[derive(Debug, PartialEq)]
struct Changeling;

impl Serialize for Changeling {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u8(255)
    }
}

impl<'de> Deserialize<'de> for Changeling {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|_| Self)
    }
}

fn a_result_that_cannot_be_decoded_is_an_error() {
    let pool = ProcessPool::new(1, |()| Changeling).unwrap();
    let error = pool.submit(()).wait().unwrap_err().to_string();
    assert!(error.starts_with("the result cannot be decoded: "), "{error}");
}

fn an_argument_that_cannot_be_decoded_is_an_error() {
    let pool = ProcessPool::new(1, |_: Changeling| id()).unwrap();
    let error = pool.submit(Changeling).wait().unwrap_err().to_string();
    assert!(error.starts_with("the argument cannot be decoded: "), "{error}");
}

#[derive(Debug, Deserialize)]
struct Unwilling;

impl Serialize for Unwilling {
    fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        Err(serde::ser::Error::custom("I will not"))
    }
}

fn a_value_that_cannot_be_encoded_is_an_error() {
    let pool = ProcessPool::new(1, |_: Unwilling| ()).unwrap();
    let error = pool.submit(Unwilling).wait().unwrap_err().to_string();
    assert!(error.starts_with("the argument cannot be encoded: "), "{error}");
    drop(pool);
    let pool = ProcessPool::new(1, |()| Unwilling).unwrap();
    let error = pool.submit(()).wait().unwrap_err().to_string();
    assert!(error.starts_with("the result cannot be encoded: "), "{error}");
}

fn an_argument_over_the_limit_is_refused_with_a_sentence() {
    let builder = ProcessPool::builder().workers(1).frame_limit(1000);
    let pool = builder.build(|(), text: String| text.len()).unwrap();
    assert_eq!(pool.submit("x".repeat(998)).wait(), Ok(998));
    assert_eq!(
        pool.submit("x".repeat(999)).wait().unwrap_err().to_string(),
        "the argument takes 1001 bytes, and a frame at most 1000: raise frame_limit, or send the \
         path of a file"
    );
}

fn a_result_over_the_limit_is_an_error_and_the_worker_stays() {
    let builder = ProcessPool::builder().workers(1).frame_limit(1000);
    let pool = builder.build(|(), length: usize| (id(), "x".repeat(length))).unwrap();
    let (worker, _) = pool.submit(1).wait().unwrap();
    let error = pool.submit(2000).wait().unwrap_err();
    assert!(matches!(&error, ProcessError::Transfer { .. }), "{error}");
    assert!(error.to_string().contains("a frame at most 1000"), "{error}");
    assert_eq!(pool.submit(1).wait().unwrap().0, worker);
}

fn a_worker_that_writes_noise_into_its_pipe_is_ended() {
    let job = |noise: Vec<u8>| {
        write_to_all_sockets(&noise);
        id()
    };
    let pool = ProcessPool::new(1, job).unwrap();
    let mut noises = vec![vec![99; 20], vec![5; 20], vec![5, 0, 0, 0, 0, 1, 0, 0, 0]];
    noises.push([&[2][..], &[0; 8]].concat()); // a frame, but out of turn
    for noise in noises {
        let worker = pool.submit(vec![]).wait().unwrap();
        let text = format!("{noise:?}");
        match pool.submit(noise).wait() {
            Err(ProcessError::Odd { worker: odd, .. }) => assert_eq!(odd, worker),
            Err(ProcessError::Died { how: Ending::Killed(9), .. }) => {}
            other => panic!("{text}: {other:?}"),
        }
        assert_ne!(pool.submit(vec![]).wait().unwrap(), worker);
    }
}

fn a_worker_that_writes_noise_between_the_jobs_of_a_chunk_does_none_of_them_twice() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("done");
    let log = std::fs::File::options().create(true).append(true).open(&path).unwrap();
    let job = |number: u32| {
        use std::io::Write;
        writeln!(&log, "{number}").unwrap();
        if number % 20 == 5 {
            write_to_all_sockets(&[99; 20]);
        }
    };
    let pool = ProcessPool::builder().workers(1).chunk_size(20).build(|(), n| job(n)).unwrap();
    let mut odd = 0;
    for result in pool.map(1..=200) {
        odd += u32::from(matches!(result, Err(ProcessError::Odd { .. })));
    }
    assert!(odd >= 5, "{odd}");
    let done = std::fs::read_to_string(path).unwrap();
    let mut numbers: Vec<&str> = done.lines().collect();
    numbers.sort();
    let count = numbers.len();
    numbers.dedup();
    assert_eq!(numbers.len(), count, "a job was done twice");
}

fn a_panic_that_says_more_than_a_value_may_take_is_told_in_full() {
    let builder = ProcessPool::builder().workers(1).frame_limit(100);
    let job = |_: &mut (), length: usize| assert!(length == 0, "{}", "x".repeat(length));
    let pool = builder.build(job).unwrap();
    for length in [0, 1000] {
        match pool.submit(length).wait() {
            Err(ProcessError::Panicked { message, .. }) => assert_eq!(message.len(), length),
            result => assert!(length == 0 && result.is_ok(), "{result:?}"),
        }
    }
}

fn a_worker_has_one_socket_and_it_is_its_own() {
    let before = descriptors();
    let job = |()| {
        std::thread::sleep(std::time::Duration::from_millis(30));
        (id(), descriptors())
    };
    let pool = ProcessPool::builder().workers(4).max_tasks_per_worker(2).build(|(), ()| job(()));
    let pool = pool.unwrap();
    for result in pool.map([(); 16]) {
        let (worker, descriptors) = result.unwrap();
        let new: Vec<_> =
            descriptors.iter().filter(|descriptor| !before.contains(descriptor)).collect();
        assert!(new.len() == 1 && new[0].starts_with("socket:"), "{worker}: {new:?}");
    }
    drop(pool);
    assert_eq!(descriptors(), before);
}

fn when_no_more_files_can_be_opened_the_workers_that_are_there_do_the_work() {
    let nap = |number: u64| {
        std::thread::sleep(std::time::Duration::from_millis(2));
        number
    };
    let pool = ProcessPool::new(16, nap).unwrap();
    pool.submit(0).wait().unwrap();
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
    setrlimit(Resource::RLIMIT_NOFILE, 100, hard).unwrap();
    let mut files: Vec<_> = std::iter::from_fn(|| std::fs::File::open("/dev/null").ok()).collect();
    files.truncate(files.len() - 3);
    let results: Vec<u64> = pool.map(0..200).into_iter().map(Result::unwrap).collect();
    assert_eq!(results, (0..200).collect::<Vec<_>>());
    let workers = pool.processes().len() - 1;
    assert!((1..=4).contains(&workers), "{workers} workers");
}
