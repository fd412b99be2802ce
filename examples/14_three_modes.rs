//! One pipe under the three modes of epoll: what each tells, and when it is silent.
//!
//! `cargo run --example 14_three_modes`

#[cfg(target_os = "linux")]
fn main() -> std::io::Result<()> {
    modes::show()
}

#[cfg(not(target_os = "linux"))]
fn main() {
    println!("epoll is Linux's: there is nothing to see here on this system");
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
