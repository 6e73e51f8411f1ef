//! `fleetdeck man`: the manual, made from the command line's own words.

use std::{io::Write, path::PathBuf, process::ExitCode};

use clap::{Args, CommandFactory};

use crate::console;

/// Print the manual page.
#[derive(Debug, Args)]
pub struct Man {
    /// Write the pages of all verbs into this directory instead.
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

impl Man {
    /// Prints or writes it.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let command = super::Cli::command();
        match self.dir {
            Some(dir) => {
                clap_mangen::generate_to(command, &dir)?;
                let mut page = std::fs::OpenOptions::new().append(true).open(dir.join("fleetdeck.1"))?;
                page.write_all(keys().as_bytes())?;
            }
            None => {
                let mut page = Vec::new();
                clap_mangen::Man::new(command).render(&mut page)?;
                page.extend_from_slice(keys().as_bytes());
                std::io::stdout().write_all(&page)?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// The section of the console's keys.
fn keys() -> String {
    console::keys::roff(&console::keymap(None).0)
}
