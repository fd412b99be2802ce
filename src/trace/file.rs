//! A trace as a file: JSON Lines, to be read by a person with `less` and by a program with three lines of code.
//!
//! ```json
//! {"glassloop_trace":1,"runs":1}
//! {"run":"download, event-loop","lanes":[{"name":"main","kind":"loop"}],"entries":2}
//! {"at":0,"lane":0,"event":{"spawned":{"task":1,"at":"src/main.rs:7:5"}}}
//! {"at":1200,"lane":0,"event":{"waiting":{"task":1,"on":[{"io":{"fd":9,"direction":"read"}}]}}}
//! ```
//!
//! The first line says what it is: the version of the format, and how many runs follow. A run is a line with its
//! name, the threads and processes that worked, and how many entries follow; then a line for each entry. `at`, as
//! every time here, is in nanoseconds since the run began (a loop's: since it was built); `lane` counts the lanes from
//! 0; the events are those of [`Event`](super::Event), in snake case. What else a line says is left for later
//! versions, and passed over.

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{Entry, Lane, Run};

/// The version that is written, and the latest that is read.
pub const VERSION: u32 = 1;

#[derive(Serialize, Deserialize)]
struct Header {
    #[serde(rename = "glassloop_trace")]
    version: u32,
    #[serde(default)]
    runs: usize,
}

#[derive(Serialize, Deserialize)]
struct RunLine {
    run: String,
    lanes: Vec<Lane>,
    entries: usize,
}

/// Why a trace cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The system could not read it.
    #[error("cannot read the trace")]
    Io(#[from] io::Error),
    /// There is nothing in it.
    #[error("the trace is empty: was the run that writes it cut short?")]
    Empty,
    /// It is something else.
    #[error(
        "this is no trace: its first line should begin with {{\"glassloop_trace\":{VERSION}, as in \
         files that --trace writes"
    )]
    Foreign,
    /// It is of a later version.
    #[error(
        "the trace has version {0}, and this glassloop reads {VERSION}: use the one that wrote it"
    )]
    Newer(u32),
    /// A line makes no sense.
    #[error("line {line} of the trace makes no sense: {why}")]
    Broken {
        /// Which, the first being 1.
        line: usize,
        /// What is wrong with it.
        why: String,
    },
    /// It ends too early.
    #[error("the trace ends after line {line}, before {missing}: it was not written to its end")]
    Truncated {
        /// The last line there is.
        line: usize,
        /// What should follow.
        missing: String,
    },
}

/// Writes runs as a trace.
///
/// # Errors
/// When `out` does not take it.
///
/// ```
/// use glassloop::trace::{Recorder, file};
///
/// let recorder = Recorder::new();
/// recorder.track("a sum").run(|| 1 + 1);
/// let mut trace = Vec::new();
/// file::write(&mut trace, &[recorder.finish("one job")])?;
/// assert_eq!(file::read(&trace[..])?[0].name, "one job");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn write(mut out: impl Write, runs: &[Run]) -> io::Result<()> {
    write_line(&mut out, &Header { version: VERSION, runs: runs.len() })?;
    for Run { name, lanes, entries } in runs {
        let (run, lanes) = (name.clone(), lanes.clone());
        write_line(&mut out, &RunLine { run, lanes, entries: entries.len() })?;
        for entry in entries {
            write_line(&mut out, entry)?;
        }
    }
    out.flush()
}

fn write_line(out: &mut impl Write, line: &impl Serialize) -> io::Result<()> {
    writeln!(out, "{}", serde_json::to_string(line)?)
}

/// Reads a trace.
///
/// # Errors
/// When it cannot be read, or is none that this version understands, from the first line to the last.
pub fn read(input: impl BufRead) -> Result<Vec<Run>, ReadError> {
    let mut lines = Lines { input, text: Vec::new(), line: 0 };
    let Some(header) = lines.next()? else { return Err(ReadError::Empty) };
    let header: Header = serde_json::from_slice(header).map_err(|_| ReadError::Foreign)?;
    if header.version > VERSION {
        return Err(ReadError::Newer(header.version));
    }
    let mut runs = Vec::new();
    for number in 1..=header.runs {
        let what = || format!("run {number} of {}", header.runs);
        let RunLine { run, lanes, entries: count } = lines.parse(what)?;
        let mut entries = Vec::new();
        for entry in 1..=count {
            let what = || format!("entry {entry} of {count} of the run {run:?}");
            let entry: Entry = lines.parse(what)?;
            if entry.lane >= lanes.len() {
                let why = format!("there is no lane {}: the run has {}", entry.lane, lanes.len());
                return Err(ReadError::Broken { line: lines.line, why });
            }
            entries.push(entry);
        }
        entries.sort_by_key(|entry| entry.at);
        runs.push(Run { name: run, lanes, entries });
    }
    match lines.next()? {
        None => Ok(runs),
        Some(_) => {
            let why = "the first line does not tell of it".to_owned();
            Err(ReadError::Broken { line: lines.line, why })
        }
    }
}

struct Lines<R> {
    input: R,
    text: Vec<u8>,
    line: usize,
}

impl<R: BufRead> Lines<R> {
    fn next(&mut self) -> io::Result<Option<&[u8]>> {
        // What is no trace may have no lines either, and no end.
        let longest = if self.line == 0 { 4096 } else { u64::MAX };
        self.text.clear();
        if self.input.by_ref().take(longest).read_until(b'\n', &mut self.text)? == 0 {
            return Ok(None);
        }
        self.line += 1;
        Ok(Some(&self.text))
    }

    fn parse<T: serde::de::DeserializeOwned>(
        &mut self,
        what: impl Fn() -> String,
    ) -> Result<T, ReadError> {
        let line = self.line;
        let text = self.next()?;
        let Some(text) = text else { return Err(ReadError::Truncated { line, missing: what() }) };
        let line = line + 1;
        serde_json::from_slice(text).map_err(|error| match text.ends_with(b"\n") {
            true => {
                ReadError::Broken { line, why: format!("{} should stand here ({error})", what()) }
            }
            false => ReadError::Truncated { line, missing: format!("the end of {}", what()) },
        })
    }
}

/// Writes a run where the caller of this program wants it: to `FILE` if the program was started with `--trace
/// FILE`, or with `GLASSLOOP_TRACE=FILE` in its environment. Without either it does nothing, and `run` is not asked.
///
/// # Errors
/// When the file cannot be written; the message names it.
///
/// ```
/// use glassloop::trace::{Run, file};
///
/// let runtime = glassloop::runtime::Builder::new().trace(true).build()?;
/// runtime.block_on(async {});
/// file::save_if_asked(|| Run::of_loop("nothing to do", runtime.take_trace()))?;
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn save_if_asked(run: impl FnOnce() -> Run) -> io::Result<()> {
    let mut arguments = std::env::args_os().skip_while(|argument| argument != "--trace").skip(1);
    let asked = arguments.next().or_else(|| std::env::var_os("GLASSLOOP_TRACE"));
    let Some(path) = asked.map(PathBuf::from) else { return Ok(()) };
    save(&path, &[run()]).map_err(|error| {
        let why = format!("cannot write the trace {}: {error}", path.display());
        io::Error::new(error.kind(), why)
    })
}

/// Writes runs into a file of their own; one that is there is replaced.
///
/// # Errors
/// When it cannot be written.
pub fn save(path: &Path, runs: &[Run]) -> io::Result<()> {
    write(BufWriter::new(File::create(path)?), runs)
}

/// Reads the trace in a file.
///
/// # Errors
/// As [`read`].
pub fn open(path: &Path) -> Result<Vec<Run>, ReadError> {
    read(BufReader::new(File::open(path)?))
}
