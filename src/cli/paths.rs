//! `fleetdeck paths`: where fleetdeck's files are.

use std::{path::PathBuf, process::ExitCode};

use clap::Args;
use serde::Serialize;

use super::{Global, global, output::Listing, talk};
use crate::{
    config::{context::Contexts, paths},
    console,
};

/// Print where files are read from and written to, and which of them are there.
#[derive(Debug, Args)]
pub struct Paths {}

#[derive(Serialize)]
struct Place {
    what: &'static str,
    path: PathBuf,
    exists: bool,
}

impl Paths {
    /// Prints them.
    pub fn run(self, global: &Global) -> anyhow::Result<ExitCode> {
        let paths = paths::Paths::discover()?;
        // What is wrong with the files is said, and does not hide where they are.
        let settings = global::settings(&paths);
        let contexts = Contexts::of_file(&paths);
        contexts.problems.iter().for_each(|problem| talk::say(&problem.to_string()));
        console::keymap_of_user(&paths).1.iter().for_each(|problem| talk::say(&problem.to_string()));
        console::theme_problems(&paths).iter().for_each(|problem| talk::say(&problem.to_string()));
        let places: Vec<_> = [
            ("settings", paths.settings()),
            ("keys", paths.keymap()),
            ("themes", paths.themes()),
            ("contexts", paths.contexts()),
            ("log", paths.log()),
            ("saved texts", paths.saved()),
            ("kept views", paths.views()),
            ("kept forwards", paths.forwards()),
            ("recordings", paths.recordings(&settings)),
            ("where the console was left", paths.sessions()),
            ("local engine and agents", paths.data),
        ]
        .into_iter()
        .map(|(what, path)| Place { what, exists: path.exists(), path })
        .collect();
        let mut listing: Listing<Place> = Listing::new(
            global.output,
            [
                ("WHAT", (|place| place.what.to_owned()) as fn(&Place) -> String),
                ("THERE", |place| if place.exists { "yes" } else { "no" }.to_owned()),
                ("PATH", |place| place.path.display().to_string()),
            ],
        );
        listing.page(&places, |place| serde_json::json!(place))?;
        listing.end()?;
        Ok(ExitCode::SUCCESS)
    }
}
