//! Lines out of bytes, with a limit.

/// The longest line, without its line end.
pub const LIMIT: usize = 16;

#[derive(Debug, PartialEq, Eq)]
pub struct TooLong;

#[derive(Default)]
pub struct Lines {
    unused: Vec<u8>,
}

impl Lines {
    /// The lines that are complete by now.
    pub fn feed(&mut self, bytes: &[u8]) -> Result<Vec<Vec<u8>>, TooLong> {
        self.unused.extend_from_slice(bytes);
        let mut lines = Vec::new();
        while let Some(end) = self.unused.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.unused.drain(..=end).take(end).collect();
            if line.len() > LIMIT {
                return Err(TooLong);
            }
            lines.push(line);
        }
        Ok(lines)
    }

    /// How many bytes it keeps.
    pub fn kept(&self) -> usize {
        self.unused.len()
    }
}
