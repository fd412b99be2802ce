//! How often a task asks for memory, counted by an allocator that only this test has.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::future::{pending, poll_fn};
use std::hint::black_box;
use std::task::Poll;

use glassloop::{Runtime, spawn};

struct Counting;

thread_local! {
    static COUNT: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: the system's allocator does all of it; a counter without a destructor allocates nothing.
#[allow(unsafe_code)]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.with(|count| count.set(count.get() + 1));
        // SAFETY: the caller keeps the contract, which is the same.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        // SAFETY: as above, and `place` came from there.
        unsafe { System.dealloc(place, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn allocations(work: impl FnOnce()) -> usize {
    let before = COUNT.get();
    work();
    COUNT.get() - before
}

#[test]
fn a_task_is_one_allocation_from_its_spawn_to_its_end() {
    let runtime = Runtime::new().unwrap();
    let tasks = 10_000;
    let all = || {
        runtime.block_on(async {
            for i in 0..tasks {
                assert_eq!(spawn(async move { black_box(i) }).await.unwrap(), i);
            }
        });
    };
    all(); // whatever grows has grown
    let count = allocations(all);
    assert!((tasks..tasks + 100).contains(&count), "{count} allocations for {tasks} tasks");
}

#[test]
fn a_task_that_waits_is_one_allocation_and_a_share_of_tables_that_double() {
    let runtime = Runtime::new().unwrap();
    let tasks = 10_000;
    let count = allocations(|| {
        runtime.block_on(async {
            for i in 0..tasks {
                drop(spawn(async move {
                    pending::<()>().await;
                    black_box(i)
                }));
            }
            spawn(async {}).await.unwrap();
        });
    });
    assert!((tasks..tasks + 200).contains(&count), "{count} allocations for {tasks} tasks");
}

#[test]
fn to_wake_and_to_poll_a_task_allocates_nothing() {
    let runtime = Runtime::new().unwrap();
    let wakes = |times: usize| {
        let mut left = times;
        runtime.block_on(async {
            let task = poll_fn(move |cx| {
                left -= 1;
                cx.waker().wake_by_ref();
                if left == 0 { Poll::Ready(()) } else { Poll::Pending }
            });
            spawn(task).await.unwrap();
        });
    };
    wakes(1000);
    let [few, many] = [10, 10_000].map(|times| allocations(|| wakes(times)));
    assert_eq!(few, many);
}
