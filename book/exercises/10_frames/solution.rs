//! Messages out of bytes: a length, then as many bytes.

#[derive(Default)]
pub struct Frames {
    unused: Vec<u8>,
}

impl Frames {
    /// Takes what a read brought; gives the messages that are whole by now.
    pub fn feed(&mut self, bytes: &[u8]) -> Vec<Vec<u8>> {
        self.unused.extend_from_slice(bytes);
        let mut whole = Vec::new();
        while let Some(&length) = self.unused.first() {
            let end = 1 + usize::from(length);
            if self.unused.len() < end {
                break;
            }
            whole.push(self.unused[1..end].to_vec());
            self.unused.drain(..end);
        }
        whole
    }
}
