//! What travels between the pool and a worker: frames. A kind (1 byte), the length of what follows
//! (8 bytes, little-endian), then a value in postcard's format, several (`packed.rs`), a text, or nothing.
//!
//! No descriptor and no clock: `pipe.rs` and `worker.rs` do the reading and writing, the one without
//! blocking, the other blocking.

use serde::Serialize;
use serde::de::DeserializeOwned;

/// The bytes of a frame before its value.
pub(super) const HEADER: usize = 9;

/// A text, such as what a panic said, is cut at this many bytes. A frame may always be so long.
pub(super) const MOST_TEXT: usize = 16 * 1024;

/// How much is read at once, unless a frame is larger.
const BUFFER: usize = 64 * 1024;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// To a worker: the argument of a job.
    Job = 1,
    /// From a worker: its initializer is done.
    Ready,
    /// From a worker: the initializer panicked; the text says why.
    NotReady,
    /// From a worker: the job whose frame came next has been read, and begins now.
    Begun,
    /// From a worker: what the job returned.
    Result,
    /// From a worker: what the job's panic said. The worker exits after it.
    Panicked,
    /// From a worker: why the argument or the result could not travel.
    Failed,
    /// To a worker: the arguments of several jobs.
    Jobs,
    /// From a worker: their results, or those of the first that have none yet.
    Results,
}

impl Kind {
    const ALL: [Self; 9] = [
        Self::Job,
        Self::Ready,
        Self::NotReady,
        Self::Begun,
        Self::Result,
        Self::Panicked,
        Self::Failed,
        Self::Jobs,
        Self::Results,
    ];
}

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Frame {
    pub(super) kind: Kind,
    pub(super) body: Vec<u8>,
}

impl Frame {
    pub(super) fn into_text(self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// A text as a frame.
pub(super) fn text_frame(kind: Kind, text: &str) -> Vec<u8> {
    frame(kind, &text.as_bytes()[..text.len().min(MOST_TEXT)])
}

/// A frame as bytes.
pub(super) fn frame(kind: Kind, body: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(HEADER + body.len());
    bytes.extend_from_slice(&[0; HEADER]);
    bytes.extend_from_slice(body);
    seal(kind, bytes)
}

/// A value as a frame. The error says which of them (`what`) could not be sent, and why.
pub(super) fn encode(
    kind: Kind,
    what: &str,
    value: &impl Serialize,
    limit: usize,
) -> Result<Vec<u8>, String> {
    let mut bytes = vec![0; HEADER];
    encode_onto(&mut bytes, what, value, limit)?;
    Ok(seal(kind, bytes))
}

/// Adds a value to what is to be sent. After an error, a part of it may have been added.
pub(super) fn encode_onto(
    bytes: &mut Vec<u8>,
    what: &str,
    value: &impl Serialize,
    limit: usize,
) -> Result<(), String> {
    let before = bytes.len();
    postcard::to_extend(value, Onto(bytes))
        .map_err(|error| format!("the {what} cannot be encoded: {error}"))?;
    let length = bytes.len() - before;
    if length > limit {
        return Err(format!(
            "the {what} takes {length} bytes, and a frame at most {limit}: raise frame_limit, or \
             send the path of a file"
        ));
    }
    Ok(())
}

struct Onto<'a>(&'a mut Vec<u8>);

impl Extend<u8> for Onto<'_> {
    fn extend<B: IntoIterator<Item = u8>>(&mut self, bytes: B) {
        self.0.extend(bytes);
    }
}

/// Fills in the header, for which there is room before the body.
pub(super) fn seal(kind: Kind, mut bytes: Vec<u8>) -> Vec<u8> {
    let length = (bytes.len() - HEADER) as u64;
    bytes[0] = kind as u8;
    bytes[1..HEADER].copy_from_slice(&length.to_le_bytes());
    bytes
}

/// The value in a frame's body, which must hold that and nothing else.
pub(super) fn decode<T: DeserializeOwned>(what: &str, body: &[u8]) -> Result<T, String> {
    match postcard::take_from_bytes(body) {
        Ok((value, [])) => Ok(value),
        Ok((_, rest)) => {
            Err(format!("the {what} cannot be decoded: {} bytes too many", rest.len()))
        }
        Err(error) => Err(format!("the {what} cannot be decoded: {error}")),
    }
}

/// Turns the bytes that arrive back into frames, however they are cut.
pub(super) struct Inflow {
    limit: usize,
    buffer: Vec<u8>,
    /// What of the buffer has arrived and was not used yet.
    unused: std::ops::Range<usize>,
    /// A frame of which the body is not complete yet, and how much of that is there. It is filled
    /// directly, so a large one is copied no more than once.
    partial: Option<(Frame, usize)>,
}

impl Inflow {
    pub(super) fn new(limit: usize) -> Self {
        Self { limit, buffer: vec![0; BUFFER], unused: 0..0, partial: None }
    }

    /// The next whole frame.
    ///
    /// # Errors
    /// What is wrong with what came. Whoever sent it cannot be understood any more.
    pub(super) fn next(&mut self) -> Result<Option<Frame>, String> {
        if self.partial.is_none() && self.unused.len() >= HEADER {
            let start = self.unused.start;
            let header = &self.buffer[start..start + HEADER];
            let Some(kind) = Kind::ALL.into_iter().find(|kind| *kind as u8 == header[0]) else {
                return Err(format!("a frame of unknown kind {}", header[0]));
            };
            let length = u64::from_le_bytes(header[1..].try_into().expect("eight bytes"));
            let length = usize::try_from(length).unwrap_or(usize::MAX);
            if length > self.limit {
                return Err(format!("a frame of {length} bytes, where {} are allowed", self.limit));
            }
            self.unused.start += HEADER;
            let there = length.min(self.unused.len());
            let mut body = vec![0; length];
            let used = self.unused.start..self.unused.start + there;
            body[..there].copy_from_slice(&self.buffer[used.clone()]);
            self.unused.start = used.end;
            self.partial = Some((Frame { kind, body }, there));
        }
        let whole = |(frame, there): &mut (Frame, usize)| *there == frame.body.len();
        Ok(self.partial.take_if(whole).map(|(frame, _)| frame))
    }

    /// Where the next bytes are to be put; never empty after `next` gave nothing.
    pub(super) fn space(&mut self) -> &mut [u8] {
        if let Some((frame, there)) = &mut self.partial {
            return &mut frame.body[*there..];
        }
        self.buffer.copy_within(self.unused.clone(), 0);
        self.unused = 0..self.unused.len();
        &mut self.buffer[self.unused.end..]
    }

    /// So many bytes have been put there.
    pub(super) fn filled(&mut self, length: usize) {
        match &mut self.partial {
            Some((_, there)) => *there += length,
            None => self.unused.end += length,
        }
    }

    /// Whether more has arrived than the frames that were taken.
    pub(super) fn has_more(&self) -> bool {
        !self.unused.is_empty() || self.partial.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All frames of `bytes`, fed in pieces of `piece` bytes.
    fn fed(bytes: &[u8], piece: usize) -> Vec<Frame> {
        let mut inflow = Inflow::new(1 << 20);
        let mut frames = Vec::new();
        let mut rest = bytes;
        loop {
            while let Some(frame) = inflow.next().unwrap() {
                frames.push(frame);
            }
            if rest.is_empty() {
                return frames;
            }
            let space = inflow.space();
            let length = space.len().min(piece).min(rest.len());
            assert!(length > 0, "no space, and no frame");
            space[..length].copy_from_slice(&rest[..length]);
            inflow.filled(length);
            rest = &rest[length..];
        }
    }

    #[test]
    fn frames_come_out_the_same_however_the_bytes_are_cut() {
        let large = vec![7; 3 * BUFFER];
        let sent = [
            (Kind::Ready, &[][..]),
            (Kind::Begun, &[]),
            (Kind::Result, &large),
            (Kind::Result, b"small"),
            (Kind::Job, &large[..BUFFER - HEADER]),
            (Kind::Failed, b"x"),
        ];
        let bytes: Vec<u8> = sent.iter().flat_map(|(kind, body)| frame(*kind, body)).collect();
        let frames = sent.map(|(kind, body)| Frame { kind, body: body.into() });
        for piece in [1, 8, 9, 10, 4096, BUFFER, usize::MAX] {
            assert!(fed(&bytes, piece) == frames, "in pieces of {piece}");
        }
    }

    #[test]
    fn what_is_no_frame_is_an_error_and_never_an_allocation() {
        for (bytes, expected) in [
            (frame(Kind::Job, &[0; 101]), "101 bytes"),
            ([&[2][..], &[255; 8]].concat(), "where 100 are allowed"),
            ([&[99][..], &[0; 8]].concat(), "unknown kind 99"),
            ([0; 9].into(), "unknown kind 0"),
        ] {
            let mut inflow = Inflow::new(100);
            inflow.space()[..bytes.len()].copy_from_slice(&bytes);
            inflow.filled(bytes.len());
            let error = inflow.next().unwrap_err();
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn a_value_must_fill_its_body_exactly() {
        let bytes = encode(Kind::Result, "result", &(1_u8, "two"), 100).unwrap();
        let body = &bytes[HEADER..];
        assert_eq!(decode::<(u8, String)>("result", body).unwrap(), (1, "two".into()));
        assert!(decode::<u8>("result", body).unwrap_err().contains("bytes too many"));
        assert!(decode::<(u8, String, u8)>("result", body).is_err());
    }

    #[test]
    fn a_value_larger_than_a_frame_is_refused_with_advice() {
        let error = encode(Kind::Job, "argument", &"four letters", 4).unwrap_err();
        assert!(
            error.starts_with("the argument takes 13 bytes, and a frame at most 4: "),
            "{error}"
        );
    }
}
