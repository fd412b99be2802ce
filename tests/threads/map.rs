//! A map queues no job for each item, and keeps what is promised of jobs all the same.

use std::hint::black_box;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, mpsc};
use std::thread;
use std::time::Duration;

use super::support::on_drop;
use super::{in_time, pool};
use glassloop::threads::scope;

const MANY: usize = 10_000;

#[test]
fn every_item_of_a_long_map_is_done_once_and_its_result_comes_in_its_place() {
    let done: Arc<Vec<AtomicUsize>> = Arc::new((0..MANY).map(|_| AtomicUsize::new(0)).collect());
    for size in [1, 2, 5] {
        let (pool, counts) = (pool(size), Arc::clone(&done));
        let results = pool.map(0..MANY, move |item| {
            counts[item].fetch_add(1, Ordering::Relaxed);
            item * 2
        });
        assert_eq!(results.len(), MANY);
        assert!(results.map(Result::unwrap).eq((0..MANY).map(|item| item * 2)));
        assert!(done.iter().all(|count| count.swap(0, Ordering::Relaxed) == 1));
    }
}

#[test]
fn no_item_waits_behind_another_while_a_worker_is_idle() {
    // The first item, long as it is, waits for all others: with those that were to follow it on the same worker, too.
    in_time(|| {
        let (pool, left) = (pool(2), Arc::new(AtomicUsize::new(MANY)));
        let results = pool.map(0..MANY, move |item| {
            left.fetch_sub(1, Ordering::AcqRel);
            while item == 0 && left.load(Ordering::Acquire) > 0 {
                thread::yield_now();
            }
        });
        assert_eq!(results.filter(Result::is_ok).count(), MANY);
    });
}

#[test]
fn a_panic_in_a_long_map_is_the_error_of_its_item_only() {
    let cursed = |item: usize| assert!(!item.is_multiple_of(100), "{item} is cursed");
    for (item, result) in pool(2).map(0..MANY, cursed).enumerate() {
        match result {
            Ok(()) => assert!(!item.is_multiple_of(100)),
            Err(error) => assert_eq!(error.to_string(), format!("panicked: {item} is cursed")),
        }
    }
}

#[test]
fn a_result_is_given_as_soon_as_it_is_there_though_others_have_not_begun() {
    in_time(|| {
        let (go, gone) = mpsc::channel::<()>();
        let gone = std::sync::Mutex::new(gone);
        let pool = pool(1);
        let mut results = pool.map(0..MANY, move |item| match item {
            0 => 0,
            _ => gone.lock().map_or(0, |gone| gone.recv().map_or(item, |()| item)),
        });
        assert_eq!(results.next().unwrap().unwrap(), 0);
        drop(go);
        assert!(results.map(Result::unwrap).eq(1..MANY));
    });
}

#[test]
fn what_the_job_captured_is_gone_before_the_last_result_is_there() {
    let (pool, gone) = (pool(3), Arc::new(AtomicBool::new(false)));
    let tells = Arc::clone(&gone);
    let takes_its_time = on_drop(move || {
        thread::sleep(Duration::from_millis(50));
        tells.store(true, Ordering::Release);
    });
    let mut results = pool.map(0..50, move |_| _ = black_box(&takes_its_time));
    assert_eq!(results.by_ref().filter(Result::is_ok).count(), 50);
    assert!(gone.load(Ordering::Acquire), "the last result came before");
}

#[test]
fn nobody_holds_what_a_map_captured_when_all_results_are_there() {
    for _ in 0..200 {
        let (pool, captured) = (pool(3), Arc::new(()));
        let inside = Arc::clone(&captured);
        let results = pool.map(0..50, move |_| drop(Arc::clone(&inside)));
        assert_eq!(results.filter(Result::is_ok).count(), 50);
        assert_eq!(Arc::strong_count(&captured), 1);
    }
    let captured = Arc::new(());
    let inside = Arc::clone(&captured);
    let nothing = pool(1).map([(); 0], move |()| drop(Arc::clone(&inside)));
    assert_eq!((nothing.len(), Arc::strong_count(&captured)), (0, 1));
}

#[test]
fn shutdown_now_cancels_the_items_that_nobody_has_begun_though_a_worker_has_them_in_hand() {
    in_time(|| {
        let (pool, begun) = (pool(1), Arc::new(Barrier::new(2)));
        let (here, ends) = (Arc::clone(&begun), Arc::new(AtomicBool::new(false)));
        let may_end = Arc::clone(&ends);
        let results = pool.map(0..MANY, move |item| {
            if item == 3 {
                here.wait();
                while !may_end.load(Ordering::Acquire) {
                    thread::yield_now();
                }
            }
            item
        });
        begun.wait();
        let ender = thread::spawn(move || {
            thread::sleep(Duration::from_millis(20));
            ends.store(true, Ordering::Release);
        });
        pool.shutdown_now();
        ender.join().unwrap();
        for (item, result) in results.enumerate() {
            match result {
                Ok(same) => assert!(same == item && item <= 3, "{item} was begun"),
                Err(error) => assert!(error.is_cancelled() && item > 3, "{item}: {error}"),
            }
        }
    });
}

#[test]
fn a_worker_does_the_items_of_its_own_map_that_it_waits_for() {
    let total = in_time(|| {
        let pool = Arc::new(pool(1));
        let inner = Arc::clone(&pool);
        let outer = pool.map(0..3_usize, move |_| {
            inner.map(0..1000_usize, |item| item).map(Result::unwrap).sum::<usize>()
        });
        outer.map(Result::unwrap).sum::<usize>()
    });
    assert_eq!(total, 3 * 499_500);
}

#[test]
fn results_that_nobody_takes_are_dropped_wherever_they_are_and_a_panic_there_harms_nobody() {
    struct Counted(Arc<AtomicUsize>);
    impl Drop for Counted {
        fn drop(&mut self) {
            let count = self.0.fetch_add(1, Ordering::Relaxed);
            assert!(!count.is_multiple_of(10), "boom");
        }
    }
    let (pool, dropped) = (pool(2), Arc::new(AtomicUsize::new(0)));
    let count = Arc::clone(&dropped);
    let mut results = pool.map(0..1000, move |_| Counted(Arc::clone(&count)));
    std::mem::forget(results.next());
    drop(results);
    pool.shutdown();
    assert_eq!(dropped.load(Ordering::Relaxed), 999);
}

#[test]
fn a_scope_maps_many_items_that_borrow() {
    let words: Vec<String> = (0..MANY).map(|number| number.to_string()).collect();
    let lengths = scope(3, |pool| pool.map(&words, String::len).map(Result::unwrap).sum::<usize>());
    assert_eq!(lengths.unwrap(), words.iter().map(String::len).sum::<usize>());
}
