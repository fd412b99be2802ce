//! Several values in one frame: each with its length before it (4 bytes, little-endian).

/// Values one after the other, as the body of a frame.
#[derive(Debug, Default)]
pub(super) struct Packed {
    pub(super) bytes: Vec<u8>,
    pub(super) count: usize,
}

const LENGTH: usize = 4;

impl Packed {
    /// Adds what `write` appends to the bytes, unless it fails.
    pub(super) fn push<E>(
        &mut self,
        write: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
    ) -> Result<(), E> {
        let start = self.bytes.len();
        self.bytes.extend([0; LENGTH]);
        if let Err(error) = write(&mut self.bytes) {
            self.bytes.truncate(start);
            return Err(error);
        }
        let length = (self.bytes.len() - start - LENGTH) as u32;
        self.bytes[start..start + LENGTH].copy_from_slice(&length.to_le_bytes());
        self.count += 1;
        Ok(())
    }

    /// Takes back the last value, before which there were so many bytes.
    pub(super) fn split_off_last(&mut self, before: usize) -> Vec<u8> {
        self.count -= 1;
        self.bytes.split_off(before).split_off(LENGTH)
    }

    /// The first values, at least one and at most `count`, which take no more than `most` bytes if they are several.
    /// The rest begins at the offset that comes with them.
    pub(super) fn first(bytes: &[u8], count: usize, most: usize) -> (usize, usize) {
        let (mut end, mut taken) = (0, 0);
        for value in values(bytes).take(count) {
            let next = end + LENGTH + value.len();
            if taken > 0 && next > most {
                break;
            }
            (end, taken) = (next, taken + 1);
        }
        (taken, end)
    }
}

/// The values; what is not well-formed ends them.
pub(super) fn values(mut bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let (length, rest) = bytes.split_first_chunk::<LENGTH>()?;
        let (value, rest) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
        bytes = rest;
        Some(value)
    })
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn values_come_out_as_they_went_in_and_can_be_cut() {
        let mut packed = Packed::default();
        for value in ["one", "", "three"] {
            packed.push(|bytes| bytes.write_all(value.as_bytes())).unwrap();
        }
        assert!(values(&packed.bytes).eq([&b"one"[..], b"", b"three"]));
        let (count, end) = Packed::first(&packed.bytes, 2, 100);
        assert_eq!(count, 2);
        assert!(values(&packed.bytes[end..]).eq([b"three"]));
        assert_eq!(Packed::first(&packed.bytes, 3, 11).0, 2, "more than 11 bytes");
        assert_eq!(Packed::first(&packed.bytes, 3, 0).0, 1, "less than one value");
        assert_eq!(values(&packed.bytes[..end + 5]).count(), 2, "the last is cut off");
    }
}
