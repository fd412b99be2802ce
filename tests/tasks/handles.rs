//! Who holds a handle: any executor, any thread, also when the loop has gone.

use std::cell::Cell;
use std::future::{pending, poll_fn, ready};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::mpsc;
use std::task::{Poll, Waker};
use std::thread;

use super::support::{self, run, run_on, runtime, turns};
use futures::stream::{FuturesUnordered, StreamExt};
use glassloop::runtime::AbortHandle;
use glassloop::task::{spawn_blocking, yield_now};
use glassloop::time::Sleep;
use glassloop::{Handle, JobHandle, JoinError, spawn};

#[test]
fn a_join_handle_can_be_awaited_by_any_executor_on_its_thread() {
    let runtime = runtime();
    // One of another crate, inside the loop.
    let sum = run_on(&runtime, async {
        let mut handles: FuturesUnordered<_> = (1..=10)
            .map(|number| {
                spawn(async move {
                    turns(number).await;
                    number
                })
            })
            .collect();
        let mut sum = 0;
        while let Some(number) = handles.next().await {
            sum += number.unwrap();
        }
        sum
    });
    assert_eq!(sum, 55);
    // One of another crate, beside the loop.
    let mut pool = futures::executor::LocalPool::new();
    let mut handle = runtime.spawn(ready(5));
    assert!(pool.run_until(poll_fn(|cx| Poll::Ready(Pin::new(&mut handle).poll(cx)))).is_pending());
    runtime.block_on(turns(1));
    assert_eq!(pool.run_until(handle).unwrap(), 5);
    // Another loop.
    let mut handle = runtime.spawn(ready(6));
    let other = support::runtime();
    let polled = other.spawn(poll_fn(move |cx| Pin::new(&mut handle).poll(cx)));
    other.block_on(turns(1));
    runtime.block_on(turns(1));
    assert_eq!(run_on(&other, polled).unwrap().unwrap(), 6);
}

#[test]
fn a_handle_spawns_from_another_thread_onto_the_loops_thread() {
    run(async {
        let (handle, here) = (Handle::current(), thread::current().id());
        let spawned = spawn_blocking(move || {
            assert_ne!(thread::current().id(), here);
            let sendable = handle.spawn(async { thread::current().id() });
            let local = handle.spawn_with(|| async {
                let not_send = Rc::new(thread::current().id());
                yield_now().await;
                *not_send
            });
            let panics = handle.spawn_with(|| -> std::future::Ready<()> { panic!("in the maker") });
            (sendable, local, panics)
        });
        let (sendable, local, panics) = spawned.await.unwrap();
        assert_eq!(sendable.await.unwrap(), here);
        assert_eq!(local.await.unwrap(), here);
        assert_eq!(panics.await.unwrap_err().to_string(), "panicked: in the maker");
    });
}

#[test]
fn the_handle_of_this_thread_is_there_while_its_loop_runs() {
    let error = Handle::try_current().unwrap_err();
    assert!(error.to_string().contains("block_on"), "{error}");
    run(async {
        let handle = Handle::try_current().unwrap();
        assert_eq!(handle.spawn_blocking(|| 7).await.unwrap(), 7);
    });
    assert!(Handle::try_current().is_err());
}

#[test]
fn a_spawn_that_races_the_end_of_the_loop_resolves_its_handle() {
    for round in 0..100 {
        let runtime = runtime();
        let handle = runtime.block_on(async { Handle::current() });
        let (jobs, spawned) = mpsc::channel::<JobHandle<u32>>();
        let other = thread::spawn(move || {
            for number in 0..50 {
                let job = if number % 2 == 0 {
                    handle.spawn(ready(number))
                } else {
                    handle.spawn_with(move || async move { pending::<u32>().await })
                };
                jobs.send(job).unwrap();
            }
        });
        runtime.block_on(turns(round % 7));
        drop(runtime);
        other.join().unwrap();
        for (number, job) in spawned.into_iter().enumerate() {
            match job.wait() {
                Ok(result) => assert_eq!(result, number as u32),
                Err(error) => assert!(error.is_cancelled()),
            }
        }
    }
}

#[test]
fn spawning_on_a_loop_that_is_gone_gives_a_cancelled_handle() {
    let handle = runtime().block_on(async { Handle::current() });
    assert!(handle.spawn(ready(1)).wait().unwrap_err().is_cancelled());
    assert!(run(handle.spawn_with(|| ready(1))).unwrap_err().is_cancelled());
}

#[test]
fn handles_that_cross_threads_say_so_in_their_types() {
    fn crosses<T: Send + Sync>() {}
    fn moves<T: Send>() {}
    crosses::<AbortHandle>();
    crosses::<Handle>();
    crosses::<Waker>();
    crosses::<JoinError>();
    crosses::<Sleep>();
    moves::<JobHandle<Cell<u32>>>();
}
