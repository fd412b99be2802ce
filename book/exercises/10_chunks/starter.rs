//! A chunked body out of bytes.

#[derive(Debug, PartialEq, Eq)]
pub struct Bad;

#[derive(Default)]
pub struct Chunks {
    done: bool,
}

impl Chunks {
    /// Takes what a read brought; gives the data in it.
    pub fn feed(&mut self, mut bytes: &[u8]) -> Result<Vec<u8>, Bad> {
        let mut data = Vec::new();
        while !bytes.is_empty() && !self.done {
            let end = bytes.windows(2).position(|two| two == b"\r\n").ok_or(Bad)?;
            let line = std::str::from_utf8(&bytes[..end]).map_err(|_| Bad)?;
            let size = usize::from_str_radix(line, 16).map_err(|_| Bad)?;
            let chunk = bytes[end + 2..].get(..size + 2).ok_or(Bad)?;
            data.extend_from_slice(chunk.strip_suffix(b"\r\n").ok_or(Bad)?);
            self.done = size == 0;
            bytes = &bytes[end + 2 + size + 2..];
        }
        Ok(data)
    }

    /// Whether the chunk of size 0 has come.
    pub fn is_done(&self) -> bool {
        self.done
    }
}
