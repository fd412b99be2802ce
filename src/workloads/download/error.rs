//! Why a file could not be fetched, and whether another attempt may help.

use std::io;
use std::time::Duration;

use http::StatusCode;

use crate::http::{Error as HttpError, Flaw};
#[cfg(feature = "processes")]
use crate::processes::ProcessError;
use crate::workloads::part_file::PartFileError;

/// Why a file could not be fetched.
#[derive(Debug, thiserror::Error)]
pub enum DownloadError {
    /// The request could not be made, or its response could not be read.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// The server has something else to say. What it sends along is not saved.
    #[error("the server answers {0}")]
    Status(StatusCode),
    /// The file could not be written.
    #[error(transparent)]
    File(#[from] PartFileError),
    /// The time limit of an attempt.
    #[error("not finished after {0:?}: allow more time, or try again later")]
    TimedOut(Duration),
    /// No thread could be had for the job.
    #[error("cannot start a thread for this file, ask for fewer at once: {0}")]
    NotStarted(io::Error),
    /// What went wrong in a worker process, in its words.
    #[cfg(feature = "processes")]
    #[error("{0}")]
    InWorker(String),
    /// The worker process that had the file brought no word of it.
    #[cfg(feature = "processes")]
    #[error(transparent)]
    Worker(ProcessError),
    /// A bug: the code that fetched it panicked.
    #[error("the job panicked")]
    Panicked,
    /// The work was asked to stop.
    #[error("interrupted")]
    Interrupted,
}

impl DownloadError {
    /// Whether another attempt may help: what failed is of the moment, not of the request.
    pub(super) fn may_pass(&self) -> bool {
        match self {
            Self::TimedOut(_) => true,
            Self::Status(status) => matches!(
                *status,
                StatusCode::REQUEST_TIMEOUT
                    | StatusCode::TOO_MANY_REQUESTS
                    | StatusCode::INTERNAL_SERVER_ERROR
                    | StatusCode::BAD_GATEWAY
                    | StatusCode::SERVICE_UNAVAILABLE
                    | StatusCode::GATEWAY_TIMEOUT
            ),
            // Invalid data is what TLS will not accept: the server would send it again.
            Self::Http(HttpError::Send { cause, .. } | HttpError::Receive { cause, .. }) => {
                cause.kind() != io::ErrorKind::InvalidData
            }
            Self::Http(HttpError::Connect { cause, .. }) => matches!(
                cause.kind(),
                io::ErrorKind::TimedOut
                    | io::ErrorKind::ConnectionReset
                    | io::ErrorKind::ConnectionAborted
                    | io::ErrorKind::UnexpectedEof
            ),
            Self::Http(HttpError::Answer { flaw, .. }) => matches!(
                flaw,
                Flaw::NoAnswer
                    | Flaw::TruncatedHead
                    | Flaw::TruncatedBody { .. }
                    | Flaw::TruncatedChunks
            ),
            _ => false,
        }
    }
}
