pub const LIMIT: usize = 1 << 20;

#[derive(Default)]
pub struct Frames {
    unfinished: Vec<u8>,
}

impl Frames {
    /// Takes what a read brought, and gives the messages that are complete.
    pub fn feed(&mut self, bytes: &[u8]) -> Result<Vec<Vec<u8>>, String> {
        self.unfinished.extend(bytes);
        let mut messages = Vec::new();
        while let Some((length, rest)) = self.unfinished.split_first_chunk::<4>() {
            let length = u32::from_le_bytes(*length) as usize;
            if length > LIMIT {
                return Err(format!("a message of {length} bytes, and {LIMIT} is the limit"));
            }
            let Some(message) = rest.get(..length) else { break };
            messages.push(message.to_vec());
            self.unfinished.drain(..4 + length);
        }
        Ok(messages)
    }
}
