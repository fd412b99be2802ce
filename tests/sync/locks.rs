//! Locks that are kept across an `.await`.

use std::future::pending;
use std::rc::Rc;

use super::support::{run, turns};
use glassloop::spawn;
use glassloop::sync::Mutex;
use glassloop::task::join_all;

#[test]
fn a_lock_is_kept_across_an_await_and_passes_on_in_the_order_of_asking() {
    run(async {
        let mutex = Rc::new(Mutex::new(Vec::new()));
        let tasks = (0..6).map(|number| {
            let mutex = Rc::clone(&mutex);
            async move {
                for _ in 0..3 {
                    if number % 2 == 0 {
                        let mut guard = mutex.lock().await;
                        guard.push(number);
                        turns(2).await;
                        guard.push(number);
                    } else {
                        let mut guard = Rc::clone(&mutex).lock_owned().await;
                        guard.push(number);
                        turns(2).await;
                        guard.push(number);
                    }
                }
            }
        });
        join_all(tasks).await;
        let round: Vec<_> = (0..6).flat_map(|number| [number, number]).collect();
        assert_eq!(*mutex.lock().await, round.repeat(3));
    });
}

#[test]
fn a_lock_opens_when_its_holder_is_aborted_or_panics_and_is_not_poisoned() {
    run(async {
        let mutex = Rc::new(Mutex::new(7));
        for owned in [true, false] {
            let holder = spawn({
                let mutex = Rc::clone(&mutex);
                async move {
                    match owned {
                        true => drop((mutex.lock_owned().await, pending::<()>().await)),
                        false => drop((mutex.lock().await, pending::<()>().await)),
                    }
                }
            });
            turns(1).await;
            assert!(mutex.try_lock().is_err());
            holder.abort();
            assert_eq!(*mutex.lock().await, 7);
            let panics = spawn({
                let mutex = Rc::clone(&mutex);
                async move {
                    let _guard = mutex.lock().await;
                    panic!("on purpose");
                }
            });
            assert!(panics.await.is_err());
        }
        assert_eq!(*mutex.try_lock().unwrap(), 7);
    });
}

#[test]
fn a_lock_tells_whether_it_is_locked_and_gives_its_value_back() {
    let mutex = Rc::new(Mutex::from(7));
    let guard = Rc::clone(&mutex).try_lock_owned().unwrap();
    assert_eq!(format!("{guard:?} {mutex:?}"), "7 Mutex(<locked>)");
    assert!(mutex.try_lock().is_err() && Rc::clone(&mutex).try_lock_owned().is_err());
    drop(guard);
    assert_eq!(format!("{:?} {mutex:?}", mutex.try_lock().unwrap()), "7 Mutex(<locked>)");
    assert_eq!(format!("{mutex:?}"), "Mutex(7)");
    std::mem::forget(mutex.try_lock().unwrap());
    assert!(mutex.try_lock().is_err(), "a guard that was leaked keeps it locked");
    let mut mutex = Rc::into_inner(mutex).unwrap();
    *mutex.get_mut() += 1;
    assert_eq!(mutex.into_inner(), 8);
    assert_eq!(Mutex::<u8>::default().into_inner(), 0);
}
