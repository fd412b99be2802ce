//! `glassloop serve`: the album server.

use std::io::{Read, Write};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use clap::Args;
use glassloop::runtime::{BackendKind, Builder};
use glassloop::server::{self, Album, Server};
use glassloop::{signal, task};

use super::{End, signals, tell, values};

#[derive(Args)]
pub(super) struct Options {
    /// Where to listen; port 0 lets the system choose
    #[arg(long, default_value = "127.0.0.1:8000", value_name = "HOST:PORT")]
    addr: String,
    /// Serve this folder instead of generated files
    #[arg(long, conflicts_with_all = ["files", "size"])]
    dir: Option<PathBuf>,
    /// How many files to generate
    #[arg(long, default_value_t = 80, value_name = "N")]
    files: usize,
    /// How long each generated file is
    #[arg(long, default_value = "16KiB", value_parser = values::size)]
    size: u64,
    /// How long each request waits before it is answered
    #[arg(long, default_value = "0ms", value_parser = values::duration, value_name = "DURATION")]
    latency: Duration,
    /// Who speaks with the kernel
    #[arg(long, default_value = "mio", value_parser = values::backend())]
    backend: BackendKind,
    /// The most bytes a second on each connection, such as 1MiB
    #[arg(long, value_parser = values::rate, value_name = "SIZE")]
    bandwidth: Option<u64>,
    /// End when standard input does: so a server never outlives the program that started it
    #[arg(long, hide = true)]
    until_stdin_ends: bool,
}

pub(super) fn run(options: Options) -> anyhow::Result<End> {
    let Options { addr, dir, files, size, latency, backend, bandwidth, until_stdin_ends } = options;
    let album = dir.map_or(Album::Generated { files, size }, Album::Folder);
    let what = match &album {
        Album::Generated { .. } => format!("{files} files of {}", values::show_size(size)),
        Album::Folder(folder) => folder.display().to_string(),
    };
    let runtime = Builder::new().backend(backend).watch(true).build();
    let runtime = runtime.context("cannot start an event loop")?;
    signals::snapshots()?;
    runtime.block_on(async {
        let server = Server::bind(addr, server::Options { album, latency, bandwidth }).await?;
        tell(format_args!("serving {what}; end with Ctrl-C"));
        // Only the address, so that a program can read it.
        let mut stdout = std::io::stdout();
        writeln!(stdout, "http://{}/", server.local_addr()?)?;
        stdout.flush()?;
        task::spawn(server.run());
        if until_stdin_ends {
            let ended = task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new()));
            ended.await??;
            return Ok(End::Done);
        }
        signal::ctrl_c().await.context("cannot listen for Ctrl-C")?;
        Ok(End::Interrupted)
    })
}
