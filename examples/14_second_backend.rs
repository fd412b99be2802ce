//! One pipe under the three modes of epoll; then one program on both backends, which cannot tell them apart.
//!
//! `cargo run --example 14_second_backend`, or with a backend's name for the program alone:
//! `cargo run --example 14_second_backend -- polling`

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
    #[cfg(target_os = "linux")]
    modes::show()?;
    for backend in BackendKind::ALL {
        println!("\nA socket read and written at once, on {}:", backend.name());
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

#[cfg(target_os = "linux")]
mod modes {
    use std::io::{self, PipeReader, Read, Write};

    use rustix::buffer::spare_capacity;
    use rustix::event::Timespec;
    use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};
    use rustix::fd::OwnedFd;

    // ANCHOR: modes
    const MODES: [(&str, EventFlags); 3] = [
        ("level", EventFlags::IN),
        ("edge", EventFlags::IN.union(EventFlags::ET)),
        ("oneshot", EventFlags::IN.union(EventFlags::ONESHOT)),
    ];

    /// What the kernel says in one mode after each of these, when asked once and without waiting.
    fn column(flags: EventFlags) -> io::Result<[bool; 7]> {
        let (pipe, mut writer) = io::pipe()?;
        let epoll = epoll::create(CreateFlags::CLOEXEC)?;
        epoll::add(&epoll, &pipe, EventData::new_u64(0), flags)?;
        let arm = || epoll::modify(&epoll, &pipe, EventData::new_u64(0), flags);
        let mut told = [false; 7];
        for (step, told) in told.iter_mut().enumerate() {
            match step {
                1 => writer.write_all(b"ab")?,
                3 => take(&pipe, 1)?,
                4 => writer.write_all(b"c")?,
                5 => arm()?,
                6 => {
                    take(&pipe, 2)?;
                    arm()?;
                }
                _ => {}
            }
            *told = is_told(&epoll)?;
        }
        Ok(told)
    }
    // ANCHOR_END: modes

    const STEPS: [&str; 7] = [
        "the pipe is empty",
        "two bytes arrive",
        "nothing changes",
        "one of them is read",
        "a third arrives",
        "it is armed again",
        "all is read, armed again",
    ];

    fn take(mut pipe: &PipeReader, count: usize) -> io::Result<()> {
        pipe.read_exact(&mut [0; 2][..count])
    }

    fn is_told(epoll: &OwnedFd) -> io::Result<bool> {
        let mut events = Vec::with_capacity(1);
        epoll::wait(epoll, spare_capacity(&mut events), Some(&Timespec::default()))?;
        Ok(!events.is_empty())
    }

    pub(super) fn show() -> io::Result<()> {
        let mut columns = Vec::new();
        for (_, flags) in MODES {
            columns.push(column(flags)?);
        }
        let names = MODES.map(|(name, _)| format!("  {name:<7}")).concat();
        println!("{:<28}{}", "What epoll tells of a pipe", names.trim_end());
        for (step, what) in STEPS.into_iter().enumerate() {
            let said = columns.iter().map(|told| if told[step] { "ready" } else { "-" });
            let said: String = said.map(|said| format!("  {said:<7}")).collect();
            println!("  {what:<26}{}", said.trim_end());
        }
        Ok(())
    }
}
