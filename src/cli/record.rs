//! `fleetdeck --record FILE` and `fleetdeck --replay FILE`: the console as a file, for reports of bugs.

use std::{path::PathBuf, process::ExitCode, time::Duration};

use clap::Args;

use crate::{
    config::paths::Paths,
    console::replay::{self, Options},
};

/// Why these options are no verb's.
pub const ALONE: &str =
    "--record and --replay are the console's: `fleetdeck --record FILE`, `fleetdeck demo --record FILE`";

/// What makes a record.
#[derive(Clone, Debug, Default, Args)]
pub struct Record {
    /// Record what happens in the console into a new file, for a bug report: keys and answers, secrets masked.
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    /// Record the output of commands and shells as well.
    #[arg(long, requires = "record")]
    record_output: bool,
}

impl Record {
    /// Whether there is to be one.
    pub fn is_given(&self) -> bool {
        self.record.is_some()
    }

    /// Where it goes, and whether it has output.
    pub fn wanted(self) -> Option<(PathBuf, bool)> {
        self.record.map(|path| (path, self.record_output))
    }
}

/// What plays one.
#[derive(Clone, Debug, Args)]
pub struct Replay {
    /// Play a record of the console, without network: space pauses, n shows the next screen, q leaves.
    #[arg(long, value_name = "FILE", conflicts_with = "record")]
    replay: Option<PathBuf>,
    /// Play it so many times faster.
    #[arg(long, requires = "replay", default_value_t = 1.0, value_name = "N", value_parser = positive)]
    speed: f64,
    /// Wait for a key before every screen.
    #[arg(long, requires = "replay")]
    step: bool,
    /// Stop so many seconds after its beginning.
    #[arg(long, requires = "replay", value_name = "SECONDS", value_parser = positive)]
    until: Option<f64>,
    /// Draw in so many columns and rows, whatever the recorded terminal had.
    #[arg(long, requires = "replay", value_name = "COLUMNSxROWS", value_parser = size)]
    size: Option<(u16, u16)>,
    /// Print the last screen as text instead of playing.
    #[arg(long, requires = "replay")]
    headless: bool,
    /// Print every screen that differs from the one before.
    #[arg(long, requires = "headless")]
    print_screens: bool,
}

impl Replay {
    /// Whether there is one to be played.
    pub fn is_given(&self) -> bool {
        self.replay.is_some()
    }

    /// Plays it.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let Some(path) = self.replay else { return Ok(ExitCode::SUCCESS) };
        let options = Options {
            speed: self.speed,
            step: self.step,
            until: self.until.map(Duration::from_secs_f64),
            size: self.size,
            headless: self.headless,
            print_screens: self.print_screens,
        };
        replay::run(&path, &options, &Paths::discover()?)?;
        Ok(ExitCode::SUCCESS)
    }
}

fn positive(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(number) if number > 0.0 && number <= 1e9 => Ok(number),
        _ => Err("a number greater than 0".to_owned()),
    }
}

fn size(text: &str) -> Result<(u16, u16), String> {
    let numbers = text.split_once('x').and_then(|(columns, rows)| Some((columns.parse().ok()?, rows.parse().ok()?)));
    numbers
        .filter(|(columns, rows)| *columns > 0 && *rows > 0)
        .ok_or_else(|| "columns and rows, such as 80x24".to_owned())
}
