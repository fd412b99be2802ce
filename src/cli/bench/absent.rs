//! `glassloop bench` in a program that was built without the peers.

use clap::Args;
use clap::error::ErrorKind;

use super::End;

#[derive(Args)]
pub(super) struct Options {
    #[arg(hide = true, trailing_var_arg = true, allow_hyphen_values = true)]
    options: Vec<String>,
}

pub(super) fn run(_: &Options) -> anyhow::Result<End> {
    let words = "this program was built without tokio and the other peers; in its sources, run: \
                 cargo run --release --features bench -- bench\n";
    clap::Error::raw(ErrorKind::InvalidSubcommand, words).exit()
}
