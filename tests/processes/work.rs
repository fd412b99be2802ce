//! What one uses a pool for.

use std::collections::{HashMap, HashSet};
use std::process::id;
use std::time::Duration;

use glassloop::Runtime;
use glassloop::processes::{ProcessError, ProcessPool, Shared, StartError};
use glassloop::time::{sleep, timeout};

use crate::support::{children, descriptors, state};
use crate::tests;

tests![
    map_keeps_the_order_of_its_arguments,
    imap_keeps_the_order_and_reads_only_a_little_ahead,
    imap_unordered_yields_every_result_with_its_place_and_the_quick_ones_first,
    ten_thousand_tiny_jobs_are_done,
    ten_thousand_tiny_jobs_are_done_in_chunks,
    a_map_of_tiny_jobs_keeps_its_order_and_names_each_that_fails,
    jobs_of_a_map_that_take_their_time_are_given_out_one_by_one,
    what_is_shared_is_read_where_it_is,
    a_job_is_awaited_on_the_loop_while_other_tasks_go_on,
    the_initializer_makes_a_state_for_each_worker_and_it_is_dropped_in_the_end,
    what_was_captured_is_shared_with_every_worker,
    a_pool_forks_no_more_workers_than_it_has_work_for,
    a_worker_is_replaced_after_its_number_of_jobs,
    dropping_a_pool_finishes_what_is_queued,
    dropping_a_pool_with_more_workers_than_jobs_ends,
    a_pool_that_was_never_used_goes_quietly,
    shutdown_now_cancels_what_is_queued_and_finishes_what_is_under_way,
    terminate_ends_what_is_under_way_and_kills_what_does_not_end,
    nothing_is_left_after_a_shutdown,
    workers_draw_different_random_numbers,
    half_a_line_that_was_printed_before_is_printed_once,
    a_pool_of_nobody_is_refused,
];

fn map_keeps_the_order_of_its_arguments() {
    let nap = |number: u64| {
        std::thread::sleep(Duration::from_millis(number * 7 % 5));
        number * number
    };
    let pool = ProcessPool::new(4, nap).unwrap();
    let squares: Vec<u64> = pool.map(0..200).into_iter().map(Result::unwrap).collect();
    assert_eq!(squares, (0..200).map(|number| number * number).collect::<Vec<_>>());
}

fn imap_keeps_the_order_and_reads_only_a_little_ahead() {
    let pool = ProcessPool::new(2, |number: u64| number + 1).unwrap();
    let drawn = std::cell::Cell::new(0);
    let endless = std::iter::repeat_with(|| drawn.replace(drawn.get() + 1));
    let results: Vec<u64> = pool.imap(endless).take(50).map(Result::unwrap).collect();
    assert_eq!(results, (1..=50).collect::<Vec<_>>());
    assert!(drawn.get() < 60, "{} arguments were drawn", drawn.get());
}

fn imap_unordered_yields_every_result_with_its_place_and_the_quick_ones_first() {
    let nap = |millis: u64| {
        std::thread::sleep(Duration::from_millis(millis));
        millis
    };
    let pool = ProcessPool::new(2, nap).unwrap();
    let results: Vec<(usize, u64)> = pool
        .imap_unordered([300, 0, 1, 2])
        .map(|(place, result)| (place, result.unwrap()))
        .collect();
    assert_eq!(results, [(1, 0), (2, 1), (3, 2), (0, 300)]);
}

fn ten_thousand_tiny_jobs_are_done() {
    tiny_jobs(1);
}

fn ten_thousand_tiny_jobs_are_done_in_chunks() {
    tiny_jobs(100);
}

fn tiny_jobs(chunk: usize) {
    let builder = ProcessPool::builder().workers(3).chunk_size(chunk);
    let pool = builder.build(|(), number: u32| (number, id())).unwrap();
    let jobs: Vec<_> = (0..10_000).map(|number| pool.submit(number)).collect();
    let results: Vec<(u32, u32)> = jobs.into_iter().map(|job| job.wait().unwrap()).collect();
    assert!(results.iter().map(|(number, _)| *number).eq(0..10_000));
    let workers: HashSet<u32> = results.iter().map(|(_, worker)| *worker).collect();
    assert_eq!(workers.len(), 3, "{workers:?}");
}

fn a_map_of_tiny_jobs_keeps_its_order_and_names_each_that_fails() {
    let job = |number: u32| {
        // Some results are larger than many together may be.
        let text = "x".repeat(if number.is_multiple_of(1000) { 30_000 } else { 1 });
        assert!(number % 997 != 1, "{number} is cursed");
        (number, text)
    };
    let pool = ProcessPool::new(2, job).unwrap();
    for (place, result) in pool.map(0..20_000).into_iter().enumerate() {
        let place = place as u32;
        match result {
            Ok((number, text)) => {
                assert_eq!(number, place);
                assert_eq!(text.len(), if place.is_multiple_of(1000) { 30_000 } else { 1 });
            }
            Err(ProcessError::Panicked { message, .. }) => {
                assert_eq!(message, format!("{place} is cursed"));
                assert_eq!(place % 997, 1);
            }
            Err(error) => panic!("{place}: {error}"),
        }
    }
}

fn jobs_of_a_map_that_take_their_time_are_given_out_one_by_one() {
    let nap = |micros: u64| {
        std::thread::sleep(Duration::from_micros(micros));
        id()
    };
    let pool = ProcessPool::new(4, nap).unwrap();
    let workers = pool.map([300_000; 4]);
    let workers: HashSet<u32> = workers.into_iter().map(Result::unwrap).collect();
    assert_eq!(workers.len(), 4, "each takes one");
}

fn what_is_shared_is_read_where_it_is() {
    let numbers = Shared::from_fn(3_000_000, |index| index as u64).unwrap();
    assert_eq!(numbers.len(), 3_000_000);
    let address = numbers.as_ptr() as usize;
    let look = |_: &mut (), index: usize| (numbers[index], numbers.as_ptr() as usize);
    let pool = ProcessPool::builder().workers(2).build(look).unwrap();
    let seen: Vec<_> = pool.map([0, 1, 2_999_999]).into_iter().map(Result::unwrap).collect();
    assert_eq!(seen, [(0, address), (1, address), (2_999_999, address)]);
    assert!(Shared::from_fn(0, |_| 0_u8).unwrap().is_empty());
    assert!(Shared::from_fn(usize::MAX, |_| 0_u64).is_err(), "more than there is");
}

fn a_job_is_awaited_on_the_loop_while_other_tasks_go_on() {
    let nap = |()| std::thread::sleep(Duration::from_millis(50));
    let pool = ProcessPool::new(2, nap).unwrap();
    let ticks = Runtime::new().unwrap().block_on(async {
        let jobs: Vec<_> = (0..4).map(|_| glassloop::spawn(pool.submit(()))).collect();
        let mut ticks = 0;
        while !jobs.iter().all(|job| job.is_finished()) {
            sleep(Duration::from_millis(1)).await;
            ticks += 1;
        }
        for job in jobs {
            job.await.unwrap().unwrap();
        }
        let never = ProcessPool::<(), ()>::submit(&pool, ());
        assert!(timeout(Duration::from_millis(1), never).await.is_err(), "a job may be given up");
        ticks
    });
    assert!(ticks > 20, "{ticks}");
}

fn the_initializer_makes_a_state_for_each_worker_and_it_is_dropped_in_the_end() {
    struct Counter(u32, std::path::PathBuf);
    impl Drop for Counter {
        fn drop(&mut self) {
            std::fs::write(self.1.join(id().to_string()), self.0.to_string()).unwrap();
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let count = |counter: &mut Counter, ()| {
        counter.0 += 1;
        (id(), counter.0)
    };
    let initializer = || Counter(0, folder.path().into());
    let pool = ProcessPool::builder().workers(2).initializer(initializer).build(count).unwrap();
    let mut most = HashMap::new();
    for result in pool.map([(); 50]) {
        let (worker, count) = result.unwrap();
        assert_eq!(most.insert(worker, count).unwrap_or(0) + 1, count);
    }
    pool.shutdown();
    for (worker, count) in most {
        let written = std::fs::read_to_string(folder.path().join(worker.to_string())).unwrap();
        assert_eq!(written, count.to_string());
    }
}

fn what_was_captured_is_shared_with_every_worker() {
    let table: Vec<String> = (0..100_000).map(|number| format!("word {number}")).collect();
    let pool = ProcessPool::new(2, |place: usize| table[place].clone()).unwrap();
    drop(table.clone()); // borrowed, not moved: it is still ours
    assert_eq!(pool.submit(99_999).wait().unwrap(), "word 99999");
}

fn a_pool_forks_no_more_workers_than_it_has_work_for() {
    let pool = ProcessPool::new(32, |()| id()).unwrap();
    let nursery = crate::support::nursery();
    assert_eq!(children(nursery).len(), 0, "before the first job");
    let first = pool.submit(()).wait().unwrap();
    for _ in 0..100 {
        assert_eq!(pool.submit(()).wait().unwrap(), first);
    }
    assert_eq!(children(nursery), [first]);
}

fn a_worker_is_replaced_after_its_number_of_jobs() {
    let builder = ProcessPool::builder().workers(2).max_tasks_per_worker(3).chunk_size(2);
    let pool = builder.build(|(), ()| id()).unwrap();
    let mut jobs = HashMap::new();
    for result in pool.map([(); 60]) {
        *jobs.entry(result.unwrap()).or_insert(0) += 1;
    }
    assert!(jobs.values().all(|count| *count <= 3), "{jobs:?}");
    assert_eq!(jobs.values().sum::<u32>(), 60);
    assert!(jobs.len() >= 20, "{jobs:?}");
}

fn dropping_a_pool_finishes_what_is_queued() {
    let pool = ProcessPool::new(1, |number: u32| number + 1).unwrap();
    let handles: Vec<_> = (0..100).map(|number| pool.submit(number)).collect();
    drop(pool);
    let results: Vec<u32> = handles
        .into_iter()
        .map(|handle| {
            assert!(handle.is_finished());
            handle.wait().unwrap()
        })
        .collect();
    assert_eq!(results, (1..=100).collect::<Vec<_>>());
    assert_eq!(children(id()), [0; 0]);
}

fn dropping_a_pool_with_more_workers_than_jobs_ends() {
    for jobs in [1, 2, 3] {
        let pool = ProcessPool::new(4, |number: u32| number + 1).unwrap();
        let handles: Vec<_> = (0..jobs).map(|number| pool.submit(number)).collect();
        drop(pool);
        assert!(handles.into_iter().all(|handle| handle.wait().is_ok()));
        let pool = ProcessPool::new(4, |number: u32| number + 1).unwrap();
        let handles: Vec<_> = (0..jobs).map(|number| pool.submit(number)).collect();
        pool.shutdown_now();
        assert!(handles.into_iter().all(|handle| handle.is_finished()));
    }
}

fn a_pool_that_was_never_used_goes_quietly() {
    let pool = ProcessPool::new(4, |number: u32| number).unwrap();
    let nursery = crate::support::nursery();
    drop(pool);
    assert_eq!(state(nursery), None);
}

fn shutdown_now_cancels_what_is_queued_and_finishes_what_is_under_way() {
    let mark = crate::support::Mark::new();
    let job = |path: String| {
        std::fs::write(path, "").unwrap();
        std::thread::sleep(Duration::from_millis(50));
        7
    };
    let pool = ProcessPool::new(1, job).unwrap();
    let handles: Vec<_> = (0..10).map(|_| pool.submit(mark.path())).collect();
    mark.wait();
    pool.shutdown_now();
    let mut results = handles.into_iter().map(|handle| handle.wait());
    assert_eq!(results.next(), Some(Ok(7)));
    assert!(results.all(|result: Result<i32, _>| result == Err(ProcessError::Cancelled)));
}

fn terminate_ends_what_is_under_way_and_kills_what_does_not_end() {
    let mark = crate::support::Mark::new();
    let deaf = |path: String| {
        let _ = signal_hook::flag::register(15, std::sync::Arc::default());
        std::fs::write(path, "").unwrap();
        std::thread::sleep(Duration::from_secs(100));
    };
    let start = std::time::Instant::now();
    for (job, signal) in [(hearing as fn(String), 15), (deaf, 9)] {
        let mark_path = mark.path();
        let _ = std::fs::remove_file(&mark_path);
        let pool = ProcessPool::new(1, job).unwrap();
        let (held, queued) = (pool.submit(mark_path.clone()), pool.submit(mark_path));
        mark.wait();
        pool.terminate();
        let error = held.wait().unwrap_err();
        assert!(
            matches!(error, ProcessError::Died { how, .. }
            if how == glassloop::processes::Ending::Killed(signal)),
            "{error}"
        );
        assert_eq!(queued.wait(), Err(ProcessError::Cancelled));
    }
    assert!(start.elapsed() < Duration::from_secs(5));
}

fn hearing(path: String) {
    std::fs::write(path, "").unwrap();
    std::thread::sleep(Duration::from_secs(100));
}

fn nothing_is_left_after_a_shutdown() {
    let before = descriptors();
    for _ in 0..3 {
        let pool = ProcessPool::new(4, |number: u32| number).unwrap();
        assert_eq!(pool.map(0..100).len(), 100);
        pool.shutdown();
        assert_eq!(descriptors(), before);
        assert_eq!(children(id()), [0; 0]);
    }
}

fn workers_draw_different_random_numbers() {
    let _ = fastrand::u64(..); // seeded before the fork, so all workers inherit one seed
    let job = |()| {
        std::thread::sleep(Duration::from_millis(20));
        (id(), fastrand::u64(..))
    };
    let pool = ProcessPool::new(4, job).unwrap();
    let drawn: HashMap<u32, u64> = pool.map([(); 4]).into_iter().map(Result::unwrap).collect();
    let different: HashSet<u64> = drawn.values().copied().collect();
    assert_eq!((drawn.len(), different.len()), (4, 4));
}

fn half_a_line_that_was_printed_before_is_printed_once() {
    if std::env::var_os("PRINTS").is_some() {
        print!("half a line");
        let pool = ProcessPool::new(2, |()| println!()).unwrap();
        pool.map([(); 4]);
        return;
    }
    let this = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--only", "half_a_line_that_was_printed_before_is_printed_once"])
        .env("PRINTS", "")
        .output()
        .unwrap();
    let printed = String::from_utf8(this.stdout).unwrap();
    assert_eq!(printed.matches("half a line").count(), 1, "{printed:?}");
}

fn a_pool_of_nobody_is_refused() {
    assert!(matches!(ProcessPool::new(0, |()| ()), Err(StartError::Nobody)));
}
