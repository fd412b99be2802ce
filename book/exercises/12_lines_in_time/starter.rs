use glassloop::sync::mpsc::Receiver;

pub struct Lines {
    bytes: Receiver<u8>,
}

impl Lines {
    pub fn new(bytes: Receiver<u8>) -> Self {
        Self { bytes }
    }

    /// The next line; `None` at the end. What follows the last line end is no line.
    pub async fn next(&mut self) -> Option<String> {
        let mut line = String::new();
        loop {
            match self.bytes.recv().await? {
                b'\n' => return Some(line),
                byte => line.push(byte.into()),
            }
        }
    }
}
