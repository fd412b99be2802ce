//! The traces of measurements, each of which is a process of its own: they come home in files.

use std::cell::RefCell;
use std::path::Path;

use anyhow::Context;
use glassloop::trace::{Run, file};
use tempfile::TempDir;

/// The runs recorded so far, if anybody asked for them.
pub(super) struct Recording {
    folder: Option<TempDir>,
    runs: RefCell<Vec<Run>>,
}

impl Recording {
    pub(super) fn begin(wanted: bool) -> anyhow::Result<Self> {
        let folder = wanted.then(tempfile::tempdir).transpose();
        let folder = folder.context("cannot make a temporary folder")?;
        Ok(Self { folder, runs: RefCell::default() })
    }

    /// Measures, with a file for the trace if there is to be one.
    pub(super) fn of<T>(
        &self,
        measure: impl FnOnce(Option<&Path>) -> anyhow::Result<T>,
    ) -> anyhow::Result<T> {
        let Some(folder) = &self.folder else { return measure(None) };
        let path = folder.path().join("trace");
        let measured = measure(Some(&path))?;
        self.runs.borrow_mut().extend(file::open(&path)?);
        Ok(measured)
    }

    pub(super) fn finish(&self) -> Vec<Run> {
        self.runs.take()
    }
}
