//! Removes a throw-away directory when its owner is gone, however it went: a small process that outlives it by moments.

use std::{
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
    process::ExitCode,
    thread::sleep,
    time::Duration,
};

use clap::Args;

use super::lifeline;

/// Remove a directory when standard input ends.
#[derive(Debug, Args)]
pub struct Janitor {
    /// The directory.
    directory: PathBuf,
}

impl Janitor {
    /// Waits, then removes.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        // Signals to the terminal's group are not meant for whoever cleans up.
        #[cfg(unix)]
        let _ = nix::unistd::setsid();
        lifeline::wait_for_end();
        remove(&self.directory);
        Ok(ExitCode::SUCCESS)
    }
}

/// Removes a directory in which processes may still be ending.
pub fn remove(directory: &Path) {
    for _ in 0..40 {
        match fs::remove_dir_all(directory) {
            Ok(()) => return,
            Err(error) if error.kind() == ErrorKind::NotFound => return,
            Err(_) => sleep(Duration::from_millis(250)),
        }
    }
}
