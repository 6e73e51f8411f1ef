//! `fleetdeck as-user`, which the agent runs to start a session as another user of the node.

use std::process::ExitCode;

use clap::Args;

use crate::agent;

/// Run a program as another user.
#[derive(Debug, Args)]
pub struct AsUser {
    /// The user's login name.
    user: String,
    /// The program.
    #[arg(last = true, required = true, allow_hyphen_values = true)]
    words: Vec<String>,
}

impl AsUser {
    /// Becomes the program.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let (program, arguments) = self.words.split_first().ok_or_else(|| anyhow::anyhow!("there is no program"))?;
        match agent::become_user(&self.user, program, arguments) {
            Ok(never) => match never {},
            Err(sentence) => Err(anyhow::anyhow!(sentence)),
        }
    }
}
