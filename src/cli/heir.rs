//! `fleetdeck heir`, which gives the terminal back where the console or a shell was killed.

use std::process::ExitCode;

use clap::Args;

use crate::console::heir;

/// Give the terminal back when standard input ends before it was.
#[derive(Debug, Args)]
pub struct Heir {
    /// The terminal is the console's, and not the shell's of a node.
    #[arg(long)]
    console: bool,
    /// The settings that it had.
    settings: String,
}

impl Heir {
    /// Waits, and does it if need be.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        heir::wait(self.console, &self.settings);
        Ok(ExitCode::SUCCESS)
    }
}
