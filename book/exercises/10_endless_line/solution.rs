//! Lines out of bytes, with a limit.

/// The longest line, without its line end.
pub const LIMIT: usize = 16;

#[derive(Debug, PartialEq, Eq)]
pub struct TooLong;

#[derive(Default)]
pub struct Lines {
    unused: Vec<u8>,
    failed: bool,
}

impl Lines {
    /// The lines that are complete by now.
    pub fn feed(&mut self, bytes: &[u8]) -> Result<Vec<Vec<u8>>, TooLong> {
        let mut lines = Vec::new();
        for byte in bytes {
            if self.failed || (*byte != b'\n' && self.unused.len() == LIMIT) {
                // Nothing that follows can be trusted to be the beginning of a line.
                self.failed = true;
                self.unused.clear();
                return Err(TooLong);
            }
            match byte {
                b'\n' => lines.push(std::mem::take(&mut self.unused)),
                _ => self.unused.push(*byte),
            }
        }
        Ok(lines)
    }

    /// How many bytes it keeps.
    pub fn kept(&self) -> usize {
        self.unused.len()
    }
}
