//! What travels between the pool and its nursery: records of a fixed size, over one socket. A record
//! that tells of a new worker carries the pool's end of its socket.

use super::error::Ending;

/// What the pool asks of the nursery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Request {
    /// Fork a worker, which has this outbox. It is answered by `Forked` or `NotForked`.
    Fork { outbox: u32 },
    /// Send this worker a signal, or every worker for 0. One that is gone gets none.
    Signal { worker: u32, signal: i32 },
}

/// What the nursery tells the pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Report {
    /// Here is a worker. Its socket comes along.
    Forked { worker: u32, outbox: u32 },
    /// The system refused one, with this error number.
    NotForked { errno: i32, outbox: u32 },
    /// A worker has ended, and was reaped.
    Ended { worker: u32, how: Ending },
}

/// A tag, a process id, a number.
pub(super) type Record = [u8; 9];

fn record(tag: u8, worker: u32, number: i32) -> Record {
    let mut record = [tag; 9];
    record[1..5].copy_from_slice(&worker.to_le_bytes());
    record[5..].copy_from_slice(&number.to_le_bytes());
    record
}

fn fields(record: Record) -> (u8, u32, i32) {
    let [tag, a, b, c, d, e, f, g, h] = record;
    (tag, u32::from_le_bytes([a, b, c, d]), i32::from_le_bytes([e, f, g, h]))
}

impl Request {
    pub(super) fn to_record(self) -> Record {
        match self {
            Self::Fork { outbox } => record(1, outbox, 0),
            Self::Signal { worker, signal } => record(2, worker, signal),
        }
    }

    pub(super) fn of(record: Record) -> Option<Self> {
        match fields(record) {
            (1, outbox, 0) => Some(Self::Fork { outbox }),
            (2, worker, signal) => Some(Self::Signal { worker, signal }),
            _ => None,
        }
    }
}

impl Report {
    pub(super) fn to_record(self) -> Record {
        match self {
            Self::Forked { worker, outbox } => record(1, worker, outbox.cast_signed()),
            Self::NotForked { errno, outbox } => record(2, outbox, errno),
            Self::Ended { worker, how: Ending::Exited(status) } => record(3, worker, status),
            Self::Ended { worker, how: Ending::Killed(signal) } => record(4, worker, signal),
            Self::Ended { worker, how: Ending::Unknown } => record(5, worker, 0),
        }
    }

    pub(super) fn of(record: Record) -> Option<Self> {
        let ended = |worker, how| Some(Self::Ended { worker, how });
        match fields(record) {
            (1, worker, outbox) => Some(Self::Forked { worker, outbox: outbox.cast_unsigned() }),
            (2, outbox, errno) => Some(Self::NotForked { errno, outbox }),
            (3, worker, status) => ended(worker, Ending::Exited(status)),
            (4, worker, signal) => ended(worker, Ending::Killed(signal)),
            (5, worker, 0) => ended(worker, Ending::Unknown),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_come_out_as_they_went_in() {
        for request in
            [Request::Fork { outbox: 7 }, Request::Signal { worker: u32::MAX, signal: 15 }]
        {
            assert_eq!(Request::of(request.to_record()), Some(request));
        }
        let endings = [Ending::Exited(-1), Ending::Killed(9), Ending::Unknown];
        let ended = endings.map(|how| Report::Ended { worker: 70_000, how });
        for report in [
            Report::Forked { worker: 1, outbox: u32::MAX },
            Report::NotForked { errno: 11, outbox: 3 },
        ]
        .iter()
        .chain(&ended)
        {
            assert_eq!(Report::of(report.to_record()), Some(*report));
        }
        assert_eq!(Request::of([0; 9]), None);
        assert_eq!(Report::of([9; 9]), None);
    }
}
