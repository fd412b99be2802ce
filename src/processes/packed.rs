//! Several values in one frame: each with its length before it (4 bytes, little-endian).

/// Values one after the other, as the body of a frame.
#[derive(Debug, Default)]
pub(super) struct Packed {
    pub(super) bytes: Vec<u8>,
    pub(super) count: usize,
}

const LENGTH: usize = 4;

impl Packed {
    pub(super) fn push(&mut self, value: &[u8]) {
        self.bytes.extend((value.len() as u32).to_le_bytes());
        self.bytes.extend(value);
        self.count += 1;
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
    use super::*;

    #[test]
    fn values_come_out_as_they_went_in_and_can_be_cut() {
        let mut packed = Packed::default();
        for value in ["one", "", "three"] {
            packed.push(value.as_bytes());
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
