//! One program on both backends, which cannot tell them apart.
//!
//! `cargo run --example 14_second_backend`, or on one of them: `cargo run --example 14_second_backend -- polling`

use std::io;
use std::time::Duration;

use futures::{AsyncReadExt, AsyncWriteExt};
use glassloop::net::UnixStream;
use glassloop::runtime::{BackendKind, Builder};
use glassloop::task;
use glassloop::time::sleep;
use glassloop::trace::{Cause, Direction, Event, Record, Run, TaskId, Wait, file};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let chosen = std::env::args().skip(1).find(|argument| !argument.starts_with('-'));
    if let Some(name) = chosen {
        let records = both_ways_at_once(name.parse()?)?;
        tell(&records);
        return Ok(());
    }
    for backend in BackendKind::ALL {
        println!("A socket read and written at once, on {}:", backend.name());
        let records = both_ways_at_once(backend)?;
        tell(&records);
        if backend == BackendKind::Polling {
            file::save_if_asked(|| Run::of_loop("both ways at once, on polling", records))?;
        }
    }
    Ok(())
}

/// More than a socket holds, so that its writer has to wait; and a peer that is in no hurry.
const MUCH: usize = 1 << 20;

fn both_ways_at_once(backend: BackendKind) -> io::Result<Vec<Record>> {
    let runtime = Builder::new().backend(backend).trace(true).build()?;
    let done: io::Result<()> = runtime.block_on(async {
        let (socket, peer) = UnixStream::pair()?;
        let (mut from, mut to) = socket.into_split();
        let reader = task::Builder::new().name("reader").spawn(async move {
            let mut word = [0; 5];
            for _ in 0..2 {
                from.read_exact(&mut word).await?;
            }
            Ok(())
        });
        let writer = task::Builder::new()
            .name("writer")
            .spawn(async move { to.write_all(&[7; MUCH]).await });
        let peer = task::Builder::new().name("peer").spawn(async move {
            let (mut from, mut to) = peer.into_split();
            sleep(Duration::from_millis(10)).await;
            to.write_all(b"first").await?;
            sleep(Duration::from_millis(10)).await;
            from.read_exact(&mut vec![0; MUCH]).await?;
            sleep(Duration::from_millis(10)).await;
            to.write_all(b"again").await
        });
        for task in [reader, writer, peer] {
            task.await.map_err(io::Error::other)??;
        }
        Ok(())
    });
    done?;
    Ok(runtime.take_trace())
}

/// Who waited for which direction of the socket, and whom the kernel woke: a line for each change.
fn tell(records: &[Record]) {
    let mut names: Vec<(TaskId, &str)> = Vec::new();
    for Record { event, .. } in records {
        let name = |task| names.iter().find(|(known, _)| *known == task).map(|(_, name)| *name);
        match event {
            Event::Named { task, name } => names.push((*task, name)),
            Event::Waiting { task, on } => {
                if let (Some(name @ ("reader" | "writer")), [Wait::Io { direction, .. }]) =
                    (name(*task), &on[..])
                {
                    let what = match direction {
                        Direction::Read => "something to read",
                        Direction::Write => "room to write",
                    };
                    println!("  the {name} waits for {what}");
                }
            }
            Event::Ready { task, by: Cause::Kernel } => {
                if let Some(name @ ("reader" | "writer")) = name(*task) {
                    println!("  the kernel wakes the {name}");
                }
            }
            Event::Finished { task } => {
                if let Some(name) = name(*task) {
                    println!("  the {name} has finished");
                }
            }
            _ => {}
        }
    }
}
