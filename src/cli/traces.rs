//! `--trace FILE`: what happened in a run goes into a file, for `timeline`.

use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};

use anyhow::Context;
use glassloop::trace::{Run, file};

/// The file for a trace. It is made before the run: one that cannot be written is no news for its end.
pub(super) struct TraceFile {
    path: PathBuf,
    file: File,
}

impl TraceFile {
    pub(super) fn create(path: Option<&Path>) -> anyhow::Result<Option<Self>> {
        let Some(path) = path else { return Ok(None) };
        let file = File::create(path);
        let file = file.with_context(|| format!("cannot write the trace {}", path.display()))?;
        Ok(Some(Self { path: path.into(), file }))
    }

    pub(super) fn write(self, runs: &[Run]) -> anyhow::Result<()> {
        file::write(BufWriter::new(self.file), runs)
            .with_context(|| format!("cannot write the trace {}", self.path.display()))
    }
}
