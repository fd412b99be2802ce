//! Kills at random moments: a few by default, many with GLASSLOOP_STRESS=1.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use glassloop::processes::{Ending, ProcessError, ProcessPool};
use nix::sys::prctl::set_child_subreaper;

use crate::parents::{is_victim, reap_all, victim};
use crate::support::*;
use crate::tests;

tests![
    stress_of_workers_killed_at_random_moments,
    stress_of_nurseries_killed_at_random_moments,
    stress_of_parents_killed_at_random_moments,
];

fn rounds(many: usize) -> usize {
    if std::env::var_os("GLASSLOOP_STRESS").is_some() { many } else { many / 10 }
}

fn nap(longest_micros: u64) {
    thread::sleep(Duration::from_micros(fastrand::u64(0..longest_micros)));
}

/// Sometimes tiny, sometimes more than a pipe holds, sometimes slow.
fn job(text: String) -> (usize, String) {
    if text.len().is_multiple_of(3) {
        thread::sleep(Duration::from_millis(2));
    }
    (text.len(), text)
}

fn argument() -> String {
    let length = if fastrand::u8(..) < 40 { fastrand::usize(..1_000_000) } else { 5 };
    "x".repeat(length)
}

fn stress_of_workers_killed_at_random_moments() {
    let kills = rounds(200);
    let before = descriptors();
    let pool = ProcessPool::builder().workers(4).chunk_size(3).build(|(), text| job(text)).unwrap();
    let nursery = nursery();
    pool.submit(argument()).wait().unwrap();
    let done = AtomicBool::new(false);
    let (mut succeeded, mut failed) = (0, 0);
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut killed = 0;
            while killed < kills {
                nap(8000);
                if let Some(worker) = fastrand::choice(children(nursery)) {
                    murder(worker);
                    killed += 1;
                }
            }
            done.store(true, Ordering::Relaxed);
        });
        let arguments = std::iter::from_fn(|| (!done.load(Ordering::Relaxed)).then(argument));
        for (_, result) in pool.imap_unordered(arguments) {
            match result {
                Ok((length, text)) => {
                    assert_eq!(length, text.len());
                    succeeded += 1;
                }
                Err(ProcessError::Died { how: Ending::Killed(9), .. }) => failed += 1,
                Err(error) => panic!("{error}"),
            }
        }
    });
    println!("{kills} kills: {succeeded} jobs done, {failed} failed");
    assert!(failed <= kills, "more jobs failed than workers were killed");
    assert!(succeeded > kills);
    assert!(pool.submit(argument()).wait().is_ok());
    pool.shutdown();
    assert_eq!(descriptors(), before);
    assert_eq!(children(std::process::id()), [0; 0]);
}

fn stress_of_nurseries_killed_at_random_moments() {
    let before = descriptors();
    for round in 0..rounds(50) {
        let pool =
            ProcessPool::builder().workers(3).max_tasks_per_worker(5).build(|(), text| job(text));
        let pool = pool.unwrap();
        let nursery = nursery();
        let handles: Vec<_> = (0..50).map(|_| pool.submit(argument())).collect();
        let killer = thread::spawn(move || {
            nap(30_000);
            murder(nursery);
        });
        for handle in handles {
            match handle.wait() {
                Ok((length, text)) => assert_eq!(length, text.len()),
                Err(ProcessError::PoolFailed { reason }) => {
                    assert!(reason.ends_with("was killed by SIGKILL"), "round {round}: {reason}");
                }
                Err(error) => panic!("round {round}: {error}"),
            }
        }
        killer.join().unwrap();
        drop(pool);
        assert_eq!(descriptors(), before, "round {round}");
        assert_eq!(state(nursery), None, "round {round}");
    }
    std::process::exit(crate::runner::ORPHANS_EXPECTED);
}

fn stress_of_parents_killed_at_random_moments() {
    if let Some(mark) = is_victim() {
        let builder = ProcessPool::builder().workers(3).max_tasks_per_worker(5);
        std::fs::write(mark, "").unwrap();
        let pool = builder.build(|(), text| job(text)).unwrap();
        pool.imap(std::iter::repeat_with(argument)).for_each(|result| drop(result.unwrap()));
    }
    set_child_subreaper(true).unwrap();
    for _ in 0..rounds(50) {
        let mark = Mark::new();
        let victim = victim("stress_of_parents_killed_at_random_moments", &mark);
        mark.wait();
        nap(40_000);
        murder(victim.id());
        reap_all();
    }
}
