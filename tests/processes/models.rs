//! The two workloads under the model `processes`.

use std::collections::BTreeMap;
use std::fs;
use std::num::NonZeroUsize;
use std::path::Path;
use std::process::id;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use glassloop::Runtime;
use glassloop::processes::{Ending, ProcessError};
use glassloop::server::{self, Album, Server};
use glassloop::workloads::download::{self, DownloadError, Job, Settings};
use glassloop::workloads::sum::{self, Numbers, SumError};
use glassloop::workloads::{Interrupt, Model};

use crate::support::{children, murder, nursery, until};
use crate::tests;

tests![
    a_sum_in_four_chunks_gives_its_parts_and_its_total,
    a_sum_of_files_gives_the_same_rows_as_the_sequential_model,
    a_sum_whose_worker_is_killed_fails_that_chunk_by_name,
    a_sum_that_is_interrupted_stops_at_once,
    a_sum_prepared_while_a_thread_runs_is_refused,
    a_download_gives_the_same_files_and_rows_as_the_sequential_model,
    a_download_whose_worker_is_killed_fails_that_file_and_a_rerun_completes_the_folder,
    a_download_that_is_interrupted_stops_at_once_and_leaves_no_part_files,
];

fn a_sum_in_four_chunks_gives_its_parts_and_its_total() {
    let chunks = Numbers::Range("1..=100".parse().unwrap()).split(4).unwrap();
    let report = sum::run(Model::Processes, &chunks, &Interrupt::default()).unwrap();
    let parts: Vec<i128> = report.parts.iter().map(|part| *part.sum.as_ref().unwrap()).collect();
    assert_eq!(parts, [325, 950, 1575, 2200]);
    assert_eq!(report.total(), Some(5050));
    assert!((1..=4).contains(&report.in_flight), "{}", report.in_flight);
}

fn a_sum_of_files_gives_the_same_rows_as_the_sequential_model() {
    use std::os::unix::ffi::OsStrExt;

    let folder = tempfile::tempdir().unwrap();
    let texts = ["1 2 3", "-9223372036854775808\n-9223372036854775808", "4 five 6"];
    let names = [&b"one"[..], b"not \xff text", b"three"].map(std::ffi::OsStr::from_bytes);
    let mut paths: Vec<_> = names.iter().map(|name| folder.path().join(name)).collect();
    paths.iter().zip(texts).for_each(|(path, text)| fs::write(path, text).unwrap());
    paths.push(folder.path().join("missing"));
    let chunks = Numbers::Files(paths).split(9).unwrap();
    let rows = |model| {
        let report = sum::run(model, &chunks, &Interrupt::default()).unwrap();
        report.parts.iter().map(|part| format!("{:?}", part.sum)).collect::<Vec<_>>()
    };
    let rows_here = rows(Model::Sequential);
    assert_eq!(rows(Model::Processes), rows_here);
    assert!(rows_here.iter().any(|row| row.contains("NotANumber")));
    assert!(rows_here.iter().any(|row| row.contains("Unreadable")));
}

fn endless() -> Vec<sum::Chunk> {
    let range = format!("{}..={}", i64::MIN, i64::MAX).parse().unwrap();
    Numbers::Range(range).split(2).unwrap()
}

fn a_sum_whose_worker_is_killed_fails_that_chunk_by_name() {
    let adder = sum::prepare(Model::Processes, 2).unwrap();
    let nursery = nursery();
    let interrupt = Interrupt::default();
    let stop = interrupt.clone();
    let killer = thread::spawn(move || {
        until("two workers add", || children(nursery).len() == 2);
        thread::sleep(Duration::from_millis(50));
        let victim = children(nursery)[0];
        murder(victim);
        thread::sleep(Duration::from_millis(100));
        stop.set();
        victim
    });
    let report = adder.run(&endless(), &interrupt).unwrap();
    let victim = killer.join().unwrap();
    let how = Ending::Killed(9);
    let is_named = |sum: &Result<i128, SumError>| {
        matches!(sum, Err(SumError::Worker(ProcessError::Died { worker, how: h }))
            if *worker == victim && *h == how)
    };
    assert_eq!(report.parts.iter().filter(|part| is_named(&part.sum)).count(), 1, "{report:?}");
    let stopped = |sum: &Result<i128, SumError>| matches!(sum, Err(SumError::Interrupted));
    assert_eq!(report.parts.iter().filter(|part| stopped(&part.sum)).count(), 1, "{report:?}");
}

fn a_sum_that_is_interrupted_stops_at_once() {
    let adder = sum::prepare(Model::Processes, 2).unwrap();
    let interrupt = Interrupt::default();
    let stop = interrupt.clone();
    let stopper = thread::spawn(move || {
        thread::sleep(Duration::from_millis(100));
        stop.set();
        Instant::now()
    });
    let report = adder.run(&endless(), &interrupt).unwrap();
    assert!(
        stopper.join().unwrap().elapsed() < Duration::from_millis(450),
        "SIGTERM was not heard"
    );
    for part in report.parts {
        assert!(matches!(part.sum, Err(SumError::Interrupted)));
    }
}

fn a_sum_prepared_while_a_thread_runs_is_refused() {
    let (end, ended) = std::sync::mpsc::channel::<()>();
    let other = thread::spawn(move || ended.recv());
    let error = sum::prepare(Model::Processes, 2).unwrap_err();
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert_eq!(
        cause,
        "cannot fork a pool while 1 other thread runs: create it first thing in main"
    );
    drop(end);
    let _ = other.join().unwrap();
}

/// Serves on a thread of its own until the test ends; the URLs of its files.
fn serve(files: usize, size: u64, bandwidth: Option<u64>) -> Vec<String> {
    let (tell, told) = std::sync::mpsc::channel();
    thread::spawn(move || {
        Runtime::new().unwrap().block_on(async {
            let album = Album::Generated { files, size };
            let options = server::Options { album, latency: Duration::ZERO, bandwidth };
            let server = Server::bind("127.0.0.1:0", options.clone()).await.unwrap();
            let address = server.local_addr().unwrap();
            let names = options.album.list("/").unwrap();
            let urls: Vec<_> =
                names.iter().map(|name| format!("http://{address}/{name}")).collect();
            tell.send(urls).unwrap();
            server.run().await;
        });
    });
    told.recv().unwrap()
}

fn settings(concurrency: usize) -> Settings {
    let concurrency = NonZeroUsize::new(concurrency).unwrap();
    Settings { concurrency, retries: 0, ..Settings::default() }
}

fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(folder).unwrap().flatten();
    entries
        .map(|entry| (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap()))
        .collect()
}

fn a_download_gives_the_same_files_and_rows_as_the_sequential_model() {
    let fetcher = download::prepare(Model::Processes, settings(4)).unwrap();
    let mut urls = serve(20, 10_000, None);
    urls.extend([urls[0].replace("file-", "none-"), "no URL at all".into()]);
    let run = |fetcher: download::Prepared| {
        let folder = tempfile::tempdir().unwrap();
        let jobs = Job::plan(&urls, folder.path());
        let report = fetcher.run(jobs, Arc::new(()), &Interrupt::default()).unwrap();
        let rows = report.rows.iter().map(|row| {
            let outcome = row.outcome.as_ref().map_err(|error| error.to_string());
            (row.job.url.clone(), outcome.copied(), row.attempts)
        });
        (rows.collect::<Vec<_>>(), files(folder.path()), report.in_flight)
    };
    let (rows, files, in_flight) = run(fetcher);
    let here = run(download::prepare(Model::Sequential, settings(1)).unwrap());
    assert_eq!(rows, here.0);
    assert_eq!(files.len(), 20);
    assert!(files == here.1);
    assert!((1..=4).contains(&in_flight), "{in_flight}");
}

fn parts(folder: &Path) -> usize {
    files(folder).keys().filter(|name| name.ends_with(".part")).count()
}

fn a_download_whose_worker_is_killed_fails_that_file_and_a_rerun_completes_the_folder() {
    let fetcher = download::prepare(Model::Processes, settings(2)).unwrap();
    let again = download::prepare(Model::Processes, settings(2)).unwrap();
    let [first, second] = children(id())[..] else { panic!("not two nurseries") };
    let urls = serve(6, 200_000, Some(1_000_000));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_owned();
    let killer = thread::spawn(move || {
        until("two files arrive", || parts(&path) == 2);
        let workers = [children(first), children(second)].concat();
        murder(workers[0]);
    });
    let jobs = Job::plan(&urls, folder.path());
    let report = fetcher.run(jobs.clone(), Arc::new(()), &Interrupt::default()).unwrap();
    killer.join().unwrap();
    let failed: Vec<_> = report.rows.iter().filter(|row| row.outcome.is_err()).collect();
    let [failed] = failed[..] else { panic!("not one row failed: {failed:?}") };
    let Err(DownloadError::Worker(ProcessError::Died { how: Ending::Killed(9), .. })) =
        failed.outcome
    else {
        panic!("{failed:?}")
    };
    assert_eq!((files(folder.path()).len(), parts(folder.path())), (5, 0));
    let missing = jobs.into_iter().filter(|job| *job.url == failed.job.url).collect();
    assert_eq!(again.run(missing, Arc::new(()), &Interrupt::default()).unwrap().failed(), 0);
    assert!(files(folder.path()).values().all(|file| file.len() == 200_000));
}

fn a_download_that_is_interrupted_stops_at_once_and_leaves_no_part_files() {
    let fetcher = download::prepare(Model::Processes, settings(3)).unwrap();
    let urls = serve(9, 1_000_000, Some(100_000));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_owned();
    let interrupt = Interrupt::default();
    let stop = interrupt.clone();
    let stopper = thread::spawn(move || {
        until("three files arrive", || parts(&path) == 3);
        stop.set();
        Instant::now()
    });
    let jobs = Job::plan(&urls, folder.path());
    let report = fetcher.run(jobs, Arc::new(()), &interrupt).unwrap();
    assert!(
        stopper.join().unwrap().elapsed() < Duration::from_millis(450),
        "SIGTERM was not heard"
    );
    assert_eq!(files(folder.path()).len(), 0);
    for row in report.rows {
        assert!(matches!(row.outcome, Err(DownloadError::Interrupted)), "{row:?}");
    }
}
