//! `fleetdeck apart`, with which the console starts programs of the user's: away from the terminal that it draws on.

use std::{ffi::OsString, os::unix::process::CommandExt, process::ExitCode};

use clap::Args;

/// Become a program in a session of its own, without a terminal.
#[derive(Debug, Args)]
pub struct Apart {
    /// The program and its arguments.
    #[arg(last = true, required = true, allow_hyphen_values = true)]
    words: Vec<OsString>,
}

impl Apart {
    /// Becomes the program.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let (program, arguments) = self.words.split_first().ok_or_else(|| anyhow::anyhow!("there is no program"))?;
        // Whoever leads a group already cannot leave it; then there is no terminal to leave either.
        let _ = nix::unistd::setsid();
        let error = std::process::Command::new(program).args(arguments).exec();
        Err(anyhow::anyhow!("{} could not be started: {error}", program.display()))
    }
}
