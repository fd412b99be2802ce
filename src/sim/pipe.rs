//! One direction of a connection: bytes on their way, in order, each with its moment of arrival; and the byte
//! after which it breaks, if it does. Holds no clock: whoever asks says what time it is.

use std::collections::VecDeque;
use std::io;
use std::task::Waker;
use std::time::Duration;

use super::{Fault, World};
use crate::time::Instant;

pub(super) struct Pipe {
    latency: Duration,
    /// How long a byte occupies the line, in seconds.
    per_byte: f64,
    /// The most bytes on their way or waiting to be read; more do not fit.
    window: usize,
    segments: VecDeque<Segment>,
    held: usize,
    /// When the line is free for the next byte.
    free_at: Instant,
    /// The bytes that pass before it breaks, and how it does.
    breaks: Option<(usize, Fault)>,
    state: State,
    pub(super) reader: Option<Waker>,
    pub(super) writer: Option<Waker>,
}

struct Segment {
    arrives: Instant,
    bytes: VecDeque<u8>,
}

#[derive(Clone, Copy)]
enum State {
    Open,
    /// What is sent arrives nowhere, the end neither.
    Hung,
    /// The reader is told of the end at this moment.
    Ended(Instant),
    Reset,
}

/// What a read finds.
pub(super) enum Found {
    Bytes(usize),
    /// Nothing before this moment; `None` when nothing is on its way.
    Nothing(Option<Instant>),
}

impl Pipe {
    // ANCHOR: new
    pub(super) fn new(world: &World, latency: Duration, now: Instant) -> Self {
        let breaks = [Fault::Hang, Fault::Cut, Fault::Reset]
            .into_iter()
            .find(|fault| world.draws(*fault))
            .map(|fault| (world.magnitude(1.0, 65_536.0) as usize - 1, fault));
        Self {
            latency,
            per_byte: 1.0 / world.magnitude(10e3, 100e6),
            window: world.magnitude(512.0, 65_536.0) as usize,
            segments: VecDeque::new(),
            held: 0,
            free_at: now,
            breaks,
            state: State::Open,
            reader: None,
            writer: None,
        }
    }
    // ANCHOR_END: new

    /// Takes what there is room for; 0 when there is none. Tells which fault has come of it.
    pub(super) fn write(
        &mut self,
        bytes: &[u8],
        now: Instant,
    ) -> io::Result<(usize, Option<Fault>)> {
        match self.state {
            State::Reset => return Err(io::ErrorKind::ConnectionReset.into()),
            State::Ended(_) => return Err(io::ErrorKind::BrokenPipe.into()),
            State::Open | State::Hung => {}
        }
        // ANCHOR: write
        let count = bytes.len().min(self.window - self.held);
        let passing = match (&mut self.breaks, self.state) {
            (_, State::Hung) => 0,
            (Some((left, _)), _) => count.min(*left),
            (None, _) => count,
        };
        self.send(&bytes[..passing], now);
        self.held += count - passing; // room that nothing will ever give back
        if let Some((left, fault)) = &mut self.breaks {
            *left -= passing;
            // Also right behind the last byte: a connection may break between two messages.
            if *left == 0 && count > 0 {
                let fault = *fault;
                self.breaks = None;
                match fault {
                    Fault::Cut => self.end(now),
                    Fault::Hang => self.state = State::Hung,
                    _ => self.reset(),
                }
                return Ok((count, Some(fault)));
            }
        }
        Ok((count, None))
        // ANCHOR_END: write
    }

    // ANCHOR: send
    fn send(&mut self, bytes: &[u8], now: Instant) {
        if !bytes.is_empty() {
            let occupied = Duration::from_secs_f64(bytes.len() as f64 * self.per_byte);
            self.free_at = self.free_at.max(now) + occupied;
            let arrives = self.free_at + self.latency;
            self.held += bytes.len();
            self.segments.push_back(Segment { arrives, bytes: bytes.iter().copied().collect() });
        }
    }
    // ANCHOR_END: send

    /// Takes what has arrived, as much as `into` holds.
    pub(super) fn read(&mut self, into: &mut [u8], now: Instant) -> io::Result<Found> {
        if let State::Reset = self.state {
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        let mut count = 0;
        while count < into.len()
            && let Some(segment) = self.segments.front_mut()
            && segment.arrives <= now
        {
            let taken = io::Read::read(&mut segment.bytes, &mut into[count..])?;
            count += taken;
            if segment.bytes.is_empty() {
                self.segments.pop_front();
            }
        }
        self.held -= count;
        let next = self.segments.front().map(|segment| segment.arrives);
        Ok(match (count, next, self.state) {
            (0, Some(arrives), _) => Found::Nothing(Some(arrives)),
            (0, None, State::Ended(at)) if at <= now => Found::Bytes(0),
            (0, None, State::Ended(at)) => Found::Nothing(Some(at)),
            (0, None, _) => Found::Nothing(None),
            (count, ..) => Found::Bytes(count),
        })
    }

    /// The writer sends no more: the reader learns of it after all that was sent.
    pub(super) fn end(&mut self, now: Instant) {
        if let State::Open = self.state {
            self.state = State::Ended(self.free_at.max(now) + self.latency);
        }
    }

    /// The reader is gone: nobody needs what is on its way.
    pub(super) fn abandon(&mut self) {
        if let State::Open | State::Hung = self.state {
            self.state = State::Reset;
        }
        self.segments.clear();
    }

    pub(super) fn reset(&mut self) {
        self.state = State::Reset;
        self.segments.clear();
        self.held = 0;
    }

    /// Everyone who waits for something of this pipe.
    pub(super) fn waiters(&mut self) -> impl Iterator<Item = Waker> + use<> {
        [self.reader.take(), self.writer.take()].into_iter().flatten()
    }
}
