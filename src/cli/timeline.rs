//! `glassloop timeline`: draws what a trace tells.

use std::fs;
use std::io::{self, Write, stdout};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, ensure};
use clap::Args;
use clap::error::ErrorKind;
use glassloop::glass::{Picture, Terminal, View, svg};
use glassloop::trace::{Run, file};

use super::{End, values};

#[derive(Args)]
pub(super) struct Options {
    /// A file that --trace has written; - reads standard input
    #[arg(value_name = "TRACE")]
    trace: PathBuf,
    /// Only the runs whose name contains this
    #[arg(long, value_name = "NAME")]
    run: Option<String>,
    /// Begin at this time of each run
    #[arg(long, default_value = "0", value_parser = values::duration, value_name = "TIME")]
    from: Duration,
    /// End at this time of each run [default: its end]
    #[arg(long, value_parser = values::duration, value_name = "TIME")]
    to: Option<Duration>,
    /// All runs on the same scale, that of the longest
    #[arg(long, conflicts_with = "to")]
    same_scale: bool,
    /// The most tasks to draw of each run
    #[arg(long, default_value = "40", value_parser = values::count_up_to(100_000), value_name = "N")]
    tasks: usize,
    /// How many characters a line may have [default: as many as the terminal has]
    #[arg(long, value_parser = values::count_between(40, 10_000), value_name = "N")]
    width: Option<usize>,
    /// Draw with nothing but ASCII
    #[arg(long)]
    ascii: bool,
    /// Write a picture (SVG) into a file instead; - writes to standard output
    #[arg(long, value_name = "FILE", conflicts_with_all = ["width", "ascii"])]
    svg: Option<PathBuf>,
}

pub(super) fn run(options: &Options) -> anyhow::Result<End> {
    let nanos = |time: Duration| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
    let (from, mut to) = (nanos(options.from), options.to.map(nanos));
    if to.is_some_and(|to| to <= from) {
        super::refuse(ErrorKind::ValueValidation, "--to must be later than --from");
    }
    let runs = chosen(read(&options.trace)?, options.run.as_deref())?;
    let pictures: Vec<Picture> = runs.iter().map(Picture::of).collect();
    if options.same_scale {
        to = pictures.iter().map(|picture| picture.window.1).max();
    }
    let view = View { from, to, tasks: options.tasks };
    let pictures: Vec<Picture> = pictures.iter().map(|picture| picture.seen(&view)).collect();
    match options.svg.as_deref() {
        None => print(options, &pictures)?,
        Some(path) if path == Path::new("-") => stdout().write_all(svg(&pictures).as_bytes())?,
        Some(path) => fs::write(path, svg(&pictures))
            .with_context(|| format!("cannot write the picture {}", path.display()))?,
    }
    Ok(End::Done)
}

fn read(path: &Path) -> anyhow::Result<Vec<Run>> {
    let runs = match path == Path::new("-") {
        true => file::read(io::stdin().lock()),
        false => file::open(path),
    };
    runs.with_context(|| format!("cannot draw {}", path.display()))
}

fn chosen(mut runs: Vec<Run>, name: Option<&str>) -> anyhow::Result<Vec<Run>> {
    let Some(name) = name else { return Ok(runs) };
    let names: Vec<String> = runs.iter().map(|run| format!("{:?}", run.name)).collect();
    runs.retain(|run| run.name.contains(name));
    ensure!(!runs.is_empty(), "no run's name contains {name:?}: there are {}", names.join(", "));
    Ok(runs)
}

fn print(options: &Options, pictures: &[Picture]) -> io::Result<()> {
    let columns = || Some(usize::from(terminal_size::terminal_size()?.0.0));
    let width = options.width.or_else(columns).unwrap_or(80);
    // Takes the colours away again where they are not wanted.
    let mut out = anstream::stdout().lock();
    let terminal = Terminal { width, ascii: options.ascii, colors: true };
    for picture in pictures {
        writeln!(out, "{}", terminal.draw(picture))?;
    }
    write!(out, "{}", terminal.legend(pictures))
}
