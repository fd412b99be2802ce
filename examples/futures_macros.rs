//! The macros and combinators of the `futures` crate on this loop, which has none of its own: they need
//! a waker and nothing else.
//!
//! `cargo run --example futures_macros`

use std::time::Duration;

use futures::stream::{self, FuturesUnordered, StreamExt};
use futures::{FutureExt, join, pin_mut, select, select_biased};
use glassloop::spawn;
use glassloop::sync::mpsc;
use glassloop::time::sleep;

/// Takes so many milliseconds and returns how many.
async fn nap(millis: u64) -> u64 {
    sleep(Duration::from_millis(millis)).await;
    millis
}

fn main() -> std::io::Result<()> {
    let runtime = glassloop::Runtime::new()?;
    runtime.block_on(async {
        // All of them, in one task.
        println!("join!                {:?}", join!(nap(3), nap(1), nap(2)));

        // The first of them; the other is dropped.
        let (slow, fast) = (nap(900).fuse(), nap(1).fuse());
        pin_mut!(slow, fast);
        let first = select! { slow = slow => slow, fast = fast => fast };
        println!("select!              {first}");

        // Messages until a deadline: when both are ready, the upper branch goes first. Each round drops a
        // `recv` that was not ready, which loses nothing.
        let (sender, mut receiver) = mpsc::channel(1);
        spawn(async move {
            for number in 0.. {
                nap(2).await;
                if sender.send(number).await.is_err() {
                    break; // nobody listens any more
                }
            }
        });
        let (mut messages, deadline) = (0, nap(100).fuse());
        pin_mut!(deadline);
        loop {
            select_biased! {
                _ = deadline => break,
                message = receiver.recv().fuse() => messages += usize::from(message.is_some()),
            }
        }
        println!(
            "select_biased!       {}",
            if messages > 0 { "some came in time" } else { "none" }
        );
        drop(receiver);

        // Results in the order in which they come.
        let naps: FuturesUnordered<_> = [30, 1, 15].map(nap).into_iter().collect();
        println!("FuturesUnordered     {:?}", naps.collect::<Vec<_>>().await);

        // At most two at once: the third begins when the second has ended.
        let naps = stream::iter([200, 1, 10]).map(nap).buffer_unordered(2);
        println!("buffer_unordered(2)  {:?}", naps.collect::<Vec<_>>().await);

        // A receiver is a stream: whatever works on streams works on it.
        let (sender, receiver) = mpsc::unbounded_channel();
        (1..=6).for_each(|number| sender.send(number).expect("it is not closed"));
        drop(sender);
        let even: Vec<u32> =
            receiver.filter(|number| std::future::ready(number % 2 == 0)).collect().await;
        println!("StreamExt            {even:?}");
    });
    Ok(())
}
