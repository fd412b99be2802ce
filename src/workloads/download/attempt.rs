//! What a job does with the response it gets, whoever waits for it: the part that no model changes.

use http::StatusCode;

use super::{DownloadError, Job, Run};
use crate::workloads::part_file::{Disk, OsDisk, PartFile};

/// A file on its way.
pub(super) struct Arriving<'a, D: Disk = OsDisk> {
    file: PartFile<D>,
    length: Option<u64>,
    run: &'a Run,
}

impl<'a, D: Disk> Arriving<'a, D> {
    /// The head of the response is there: begins the file, if that is what the server sends.
    pub(super) fn begin(
        disk: D,
        job: &Job,
        status: StatusCode,
        length: Option<u64>,
        run: &'a Run,
    ) -> Result<Self, DownloadError> {
        // Nobody asked for a part of it.
        if !status.is_success() || status == StatusCode::PARTIAL_CONTENT {
            return Err(DownloadError::Status(status));
        }
        let target = job.target.as_deref().expect("a URL that was fetched has a name");
        let file = PartFile::create_on(disk, target, run.settings.replace)?;
        Ok(Self { file, length, run })
    }

    /// A piece of the body is there.
    pub(super) fn receive(&mut self, chunk: &[u8]) -> Result<(), DownloadError> {
        if self.run.interrupt.is_set() {
            return Err(DownloadError::Interrupted);
        }
        self.file.write_all(chunk)?;
        self.run.watch.received(chunk.len());
        Ok(())
    }

    /// The body has ended.
    pub(super) fn finish(self) -> Result<u64, DownloadError> {
        let written = self.file.written();
        self.file.finish(self.length)?;
        Ok(written)
    }
}
