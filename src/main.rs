//! The command line: parse, call, print. Each subcommand is a file of `cli/`.

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::main()
}
