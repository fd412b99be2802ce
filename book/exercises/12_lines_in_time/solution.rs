use glassloop::sync::mpsc::Receiver;

pub struct Lines {
    bytes: Receiver<u8>,
    line: String,
}

impl Lines {
    pub fn new(bytes: Receiver<u8>) -> Self {
        Self { bytes, line: String::new() }
    }

    /// The next line; `None` at the end. What follows the last line end is no line.
    ///
    /// Dropping the future loses nothing.
    pub async fn next(&mut self) -> Option<String> {
        loop {
            match self.bytes.recv().await? {
                b'\n' => return Some(std::mem::take(&mut self.line)),
                byte => self.line.push(byte.into()),
            }
        }
    }
}
