//! Messages out of bytes: a length, then as many bytes.

#[derive(Default)]
pub struct Frames {}

impl Frames {
    /// Takes what a read brought; gives the messages that are whole by now.
    pub fn feed(&mut self, bytes: &[u8]) -> Vec<Vec<u8>> {
        // As the failing client does: what one read brings is one message.
        match bytes.split_first() {
            Some((_length, message)) => vec![message.to_vec()],
            None => vec![],
        }
    }
}
