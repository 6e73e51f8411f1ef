//! `fleetdeck keys`: what the keys of the console do.

use std::{io::Write, process::ExitCode};

use clap::Args;

use super::{global, talk};
use crate::{
    config::{keymap::SHIPPED, paths::Paths},
    console::{self, keys},
};

/// Print the keys of the console, yours over the shipped ones.
#[derive(Debug, Args)]
pub struct Keys {
    /// Print the shipped keymap file, to take lines from for your own.
    #[arg(long, conflicts_with = "markdown")]
    print: bool,
    /// Print the shipped keys as a table in Markdown.
    #[arg(long)]
    markdown: bool,
}

impl Keys {
    /// Prints them. What is wrong with the user's keys goes to standard error, all of it, and fails the verb.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let (text, problems) = if self.print {
            (SHIPPED.to_owned(), Vec::new())
        } else if self.markdown {
            (keys::markdown(&console::keymap(None).0), Vec::new())
        } else {
            let paths = Paths::discover()?;
            let (mut keymap, mut problems) = console::keymap_of_user(&paths);
            let (own, wrong) = keys::own(global::settings(&paths).commands);
            problems.extend(wrong);
            problems.extend(own.into_iter().flat_map(|own| keys::bind(&mut keymap, own)));
            (keys::text(&keymap), problems)
        };
        std::io::stdout().write_all(text.as_bytes())?;
        problems.iter().for_each(|problem| talk::say(&problem.to_string()));
        Ok(if problems.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}
