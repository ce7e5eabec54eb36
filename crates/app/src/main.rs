//! The binary `postroom`: parse, run, leave with a code that means something.

use std::process::ExitCode;

use clap::Parser as _;
use postroom::cli::Cli;

#[tokio::main]
async fn main() -> ExitCode {
    Cli::parse().run().await
}
