//! Workers and nurseries that die.

use std::process::id;
use std::time::Duration;

use glassloop::processes::{Ending, ProcessError, ProcessPool};
use nix::sys::signal::Signal;

use crate::support::*;
use crate::tests;

tests![
    a_worker_killed_between_two_jobs_costs_no_job,
    a_worker_killed_while_it_holds_a_job_fails_that_one_by_name_and_is_replaced,
    a_worker_killed_while_its_job_is_on_the_way_to_it_fails_that_one_by_name,
    a_worker_killed_while_a_large_result_is_on_its_way_fails_that_one_by_name,
    a_worker_killed_with_a_job_that_it_has_not_begun_gives_it_to_another,
    a_worker_that_dies_in_a_chunk_costs_the_job_it_held_and_no_other,
    a_job_that_panics_fails_with_its_text_and_its_worker_is_replaced,
    a_worker_that_dies_in_a_run_of_a_map_costs_the_job_it_held_and_no_other,
    a_job_of_a_map_is_never_done_twice_whenever_its_worker_is_killed,
    a_job_that_panics_in_a_chunk_fails_alone,
    a_job_that_exits_fails_with_its_status,
    a_result_counts_when_its_worker_dies_right_after,
    a_worker_that_leaves_a_child_behind_is_seen_to_end,
    a_worker_that_loses_its_pipe_is_ended,
    an_initializer_that_panics_fails_the_pool_after_three_with_its_text,
    an_initializer_that_panics_only_later_fails_the_pool_too,
    three_deaths_before_a_first_result_fail_the_pool,
    deaths_after_a_first_result_never_fail_the_pool,
    a_nursery_that_is_killed_fails_every_handle_and_ends_its_workers,
    a_nursery_that_is_killed_before_the_first_job_is_an_error,
];

/// A job that does what it is told.
fn obey((order, path): (String, String)) -> u32 {
    let _ = path.is_empty() || std::fs::write(&path, "").is_ok();
    match order.as_str() {
        "sleep" => std::thread::sleep(Duration::from_secs(100)),
        "nap" => std::thread::sleep(Duration::from_millis(100)),
        "panic" => panic!("no luck with {}", path.len()),
        "exit" => std::process::exit(3),
        _ => {}
    }
    id()
}

fn order(order: &str) -> (String, String) {
    (order.into(), String::new())
}

fn killed(worker: u32) -> ProcessError {
    ProcessError::Died { worker, how: Ending::Killed(9) }
}

/// Many rounds: the kill and the job race, and the job must be done whoever is first.
fn a_worker_killed_between_two_jobs_costs_no_job() {
    let pool = ProcessPool::new(1, obey).unwrap();
    let mut worker = pool.submit(order("")).wait().unwrap();
    for round in 0..100 {
        murder(worker);
        if round % 2 == 0 {
            std::thread::sleep(Duration::from_micros(round * 20));
        }
        let next = pool.submit(order("")).wait();
        let next = next.unwrap_or_else(|error| panic!("round {round}: {error}"));
        assert_ne!(next, worker);
        worker = next;
    }
}

fn a_worker_killed_while_it_holds_a_job_fails_that_one_by_name_and_is_replaced() {
    let pool = ProcessPool::new(2, obey).unwrap();
    let [one, two] = [0; 2].map(|_| pool.submit(order("nap"))).map(|job| job.wait().unwrap());
    assert_ne!(one, two);
    let mark = Mark::new();
    let held = pool.submit(("sleep".into(), mark.path()));
    mark.wait();
    let others: Vec<_> = (0..10).map(|_| pool.submit(order(""))).collect();
    let free = others.into_iter().map(|job| job.wait().unwrap()).last().unwrap();
    let holder = if free == one { two } else { one };
    murder(holder);
    let error = held.wait().unwrap_err();
    assert_eq!(error, killed(holder));
    assert_eq!(
        error.to_string(),
        format!("worker {holder} was killed by SIGKILL while it held this job")
    );
    let [three, four] = [0; 2].map(|_| pool.submit(order("nap"))).map(|job| job.wait().unwrap());
    assert!(three != four && three != holder && four != holder, "it was not replaced");
}

fn a_worker_killed_while_its_job_is_on_the_way_to_it_fails_that_one_by_name() {
    let job = |text: String| (id(), text.len());
    let pool = ProcessPool::new(1, job).unwrap();
    let (worker, _) = pool.submit(String::new()).wait().unwrap();
    send(worker, Signal::SIGSTOP);
    let large = pool.submit("x".repeat(20_000_000)); // far more than the pipe holds
    let next = pool.submit("y".into());
    std::thread::sleep(Duration::from_millis(100));
    murder(worker);
    assert_eq!(large.wait(), Err(killed(worker)));
    let (replacement, length) = next.wait().unwrap();
    assert!(replacement != worker && length == 1);
}

fn a_worker_killed_while_a_large_result_is_on_its_way_fails_that_one_by_name() {
    let job = |length: usize| (id(), "x".repeat(length));
    let pool = ProcessPool::new(1, job).unwrap();
    let (worker, _) = pool.submit(0).wait().unwrap();
    let before = resident_bytes();
    let large = pool.submit(100_000_000);
    until("some of it is here", || resident_bytes() > before + 4_000_000);
    murder(worker);
    assert_eq!(large.wait(), Err(killed(worker)));
    assert_ne!(pool.submit(0).wait().unwrap().0, worker);
}

fn a_worker_killed_with_a_job_that_it_has_not_begun_gives_it_to_another() {
    let pool = ProcessPool::new(1, obey).unwrap();
    let worker = pool.submit(order("")).wait().unwrap();
    send(worker, Signal::SIGSTOP);
    let job = pool.submit(order(""));
    std::thread::sleep(Duration::from_millis(30));
    assert!(!job.is_finished());
    murder(worker);
    assert_ne!(job.wait().unwrap(), worker);
}

fn a_worker_that_dies_in_a_chunk_costs_the_job_it_held_and_no_other() {
    let pool = ProcessPool::builder().workers(1).chunk_size(100).build(|(), told| obey(told));
    let pool = pool.unwrap();
    let first = pool.submit(order("")).wait().unwrap();
    let job = |place: u32| order(if place % 10 == 7 { "exit" } else { "" });
    let jobs: Vec<_> = (0..50).map(|place| pool.submit(job(place))).collect();
    for (place, result) in jobs.into_iter().enumerate() {
        match result.wait() {
            Ok(worker) => assert!(place % 10 != 7 && (place > 7) == (worker != first), "{place}"),
            Err(ProcessError::Died { how: Ending::Exited(3), .. }) => assert_eq!(place % 10, 7),
            Err(error) => panic!("{place}: {error}"),
        }
    }
}

fn a_worker_that_dies_in_a_run_of_a_map_costs_the_job_it_held_and_no_other() {
    let pool = ProcessPool::new(2, obey).unwrap();
    // Far into a map, hundreds of jobs travel together, and hundreds of results wait to be sent.
    let job = |place: u32| order(if place % 1500 == 1400 { "exit" } else { "" });
    for (place, result) in pool.map((0..9000).map(job)).into_iter().enumerate() {
        match result {
            Ok(_) => assert!(place % 1500 != 1400, "{place}"),
            Err(ProcessError::Died { how: Ending::Exited(3), .. }) => {
                assert_eq!(place % 1500, 1400);
            }
            Err(error) => panic!("{place}: {error}"),
        }
    }
}

fn a_job_of_a_map_is_never_done_twice_whenever_its_worker_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let done = folder.path().join("done");
    let job = |number: u32| {
        let mut file = std::fs::OpenOptions::new().create(true).append(true).open(&done).unwrap();
        std::io::Write::write_all(&mut file, &number.to_le_bytes()).unwrap();
        if fastrand::u32(..200) == 0 {
            murder(id());
        }
    };
    let pool = ProcessPool::new(2, job).unwrap();
    let results = pool.map(0..5000);
    let mut times = vec![0; 5000];
    for number in std::fs::read(&done).unwrap().chunks(4) {
        times[u32::from_le_bytes(number.try_into().unwrap()) as usize] += 1;
    }
    for (number, (result, times)) in results.iter().zip(times).enumerate() {
        assert!(times <= 1, "{number} was done {times} times");
        assert!(result.is_err() || times == 1, "{number} was not done");
        // It died after it had done it: each death costs the job held, which was done.
        assert_eq!(times, 1, "{number}: {result:?}");
    }
    assert!(results.iter().any(Result::is_err));
}

fn a_job_that_panics_fails_with_its_text_and_its_worker_is_replaced() {
    let pool = ProcessPool::new(1, obey).unwrap();
    let worker = pool.submit(order("")).wait().unwrap();
    let error = pool.submit(order("panic")).wait().unwrap_err();
    assert_eq!(error.to_string(), format!("the job panicked in worker {worker}: no luck with 0"));
    for _ in 0..10 {
        assert!(matches!(pool.submit(order("panic")).wait(), Err(ProcessError::Panicked { .. })));
    }
    assert_ne!(pool.submit(order("")).wait().unwrap(), worker);
}

fn a_job_that_panics_in_a_chunk_fails_alone() {
    let builder = ProcessPool::builder().workers(1).chunk_size(100);
    let job = |_: &mut (), (panics, text): (bool, String)| {
        assert!(!panics, "as told");
        text.len()
    };
    let pool = builder.build(job).unwrap();
    // So large that the frames behind the panic are only partly sent when it comes.
    let argument = |place: u32| (place % 5 == 1, "x".repeat(300_000));
    let jobs: Vec<_> = (0..20).map(|place| pool.submit(argument(place))).collect();
    for (place, job) in jobs.into_iter().enumerate() {
        let result = job.wait();
        assert_eq!(result.is_err(), place % 5 == 1, "{place}: {result:?}");
    }
}

fn a_job_that_exits_fails_with_its_status() {
    let pool = ProcessPool::new(1, obey).unwrap();
    let worker = pool.submit(order("")).wait().unwrap();
    let error = pool.submit(order("exit")).wait().unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("worker {worker} exited with status 3 while it held this job")
    );
    assert!(pool.submit(order("")).wait().is_ok());
}

fn a_result_counts_when_its_worker_dies_right_after() {
    let job = |number: u32| {
        std::thread::spawn(|| {
            std::thread::sleep(Duration::from_micros(fastrand::u64(0..3000)));
            murder(id());
        });
        number + 1
    };
    let pool = ProcessPool::new(2, job).unwrap();
    let mut done = 0;
    for number in 0..200 {
        match pool.submit(number).wait() {
            Ok(result) => {
                assert_eq!(result, number + 1);
                done += 1;
            }
            Err(ProcessError::Died { how: Ending::Killed(9), .. }) => {}
            Err(error) => panic!("{error}"),
        }
    }
    assert!(done > 20, "{done}");
}

/// The child has inherited the worker's end of the pipe, which therefore does not end.
fn a_worker_that_leaves_a_child_behind_is_seen_to_end() {
    let job = |path: String| {
        if !path.is_empty() {
            std::fs::write(format!("{path}.new"), leave_a_child().to_string()).unwrap();
            std::fs::rename(format!("{path}.new"), path).unwrap();
            std::thread::sleep(Duration::from_secs(100));
        }
        id()
    };
    let pool = ProcessPool::new(1, job).unwrap();
    let worker = pool.submit(String::new()).wait().unwrap();
    let mark = Mark::new();
    let held = pool.submit(mark.path());
    mark.wait();
    murder(worker);
    assert_eq!(held.wait(), Err(killed(worker)));
    assert_ne!(pool.submit(String::new()).wait().unwrap(), worker);
    murder(std::fs::read_to_string(mark.path()).unwrap().parse().unwrap());
    std::process::exit(crate::runner::ORPHANS_EXPECTED);
}

fn a_worker_that_loses_its_pipe_is_ended() {
    let job = |close: bool| {
        if close {
            for fd in 3..100 {
                let _ = nix::unistd::close(fd);
            }
            std::thread::sleep(Duration::from_secs(100));
        }
        id()
    };
    let pool = ProcessPool::new(1, job).unwrap();
    let worker = pool.submit(false).wait().unwrap();
    assert_eq!(pool.submit(true).wait(), Err(killed(worker)));
    assert_ne!(pool.submit(false).wait().unwrap(), worker);
}

fn an_initializer_that_panics_fails_the_pool_after_three_with_its_text() {
    let builder = ProcessPool::builder().workers(2).initializer(|| -> u32 { panic!("no licence") });
    let pool = builder.build(|state: &mut u32, number: u32| *state + number).unwrap();
    let handles: Vec<_> = (0..5).map(|number| pool.submit(number)).collect();
    for handle in handles {
        assert_eq!(
            handle.wait().unwrap_err().to_string(),
            "the pool has failed: 3 workers in a row ended before they were ready; the last one \
             panicked in the initializer: no licence"
        );
    }
    assert!(matches!(pool.submit(1).wait(), Err(ProcessError::PoolFailed { .. })));
}

fn an_initializer_that_panics_only_later_fails_the_pool_too() {
    let mark = Mark::new();
    let path = mark.path();
    let initializer = || assert!(!std::path::Path::new(&path).exists(), "it is too late");
    let builder = ProcessPool::builder().workers(1).initializer(initializer);
    let pool = builder.build(|(), ()| id()).unwrap();
    let worker = pool.submit(()).wait().unwrap();
    std::fs::write(&path, "").unwrap();
    murder(worker);
    let error = pool.submit(()).wait().unwrap_err().to_string();
    assert!(error.contains("3 workers in a row ended before they were ready"), "{error}");
    assert!(error.ends_with("panicked in the initializer: it is too late"), "{error}");
}

fn three_deaths_before_a_first_result_fail_the_pool() {
    let pool = ProcessPool::new(1, obey).unwrap();
    let results = pool.map([(); 6].map(|()| order("exit")));
    let texts: Vec<String> =
        results.into_iter().map(|result| result.unwrap_err().to_string()).collect();
    assert!(texts[..3].iter().all(|text| text.contains("exited with status 3")), "{texts:?}");
    let failed =
        "the pool has failed: 3 workers in a row ended before a first result; the last one";
    assert!(texts[3..].iter().all(|text| text.starts_with(failed)), "{texts:?}");
}

fn deaths_after_a_first_result_never_fail_the_pool() {
    let pool = ProcessPool::new(2, obey).unwrap();
    pool.submit(order("")).wait().unwrap();
    for result in pool.map([(); 30].map(|()| order("exit"))) {
        assert!(matches!(result, Err(ProcessError::Died { how: Ending::Exited(3), .. })));
    }
    assert!(pool.submit(order("")).wait().is_ok());
}

fn a_nursery_that_is_killed_fails_every_handle_and_ends_its_workers() {
    let pool = ProcessPool::new(2, obey).unwrap();
    let nursery = nursery();
    let worker = pool.submit(order("")).wait().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let told =
        |job: u32| ("sleep".into(), folder.path().join(job.to_string()).display().to_string());
    let handles: Vec<_> = (0..10).map(|job| pool.submit(told(job))).collect();
    // Idle, they would end with their pipes.
    until("both workers sleep", || {
        [0, 1].iter().all(|job| folder.path().join(job.to_string()).exists())
    });
    murder(nursery);
    let expected =
        format!("the pool has failed: its nursery (process {nursery}) was killed by SIGKILL");
    for handle in handles {
        assert_eq!(handle.wait().unwrap_err().to_string(), expected);
    }
    assert_eq!(pool.submit(order("")).wait().unwrap_err().to_string(), expected);
    until("the worker is gone", || matches!(state(worker), None | Some('Z')));
    drop((pool, folder));
    assert_eq!(state(nursery), None);
    // The runner adopts and reaps what is orphaned by design: here, two workers.
    std::process::exit(crate::runner::ORPHANS_EXPECTED);
}

fn a_nursery_that_is_killed_before_the_first_job_is_an_error() {
    let pool = ProcessPool::new(2, obey).unwrap();
    murder(nursery());
    let error = pool.submit(order("")).wait().unwrap_err();
    assert!(error.to_string().contains("was killed by SIGKILL"), "{error}");
}
