//! Plugins: what a step's action can be. Adding one means a file under `plugin/` and a line in [`PLUGINS`].

mod inventory;
mod patch;
pub mod powershell;
mod shell;

use std::{
    io::{self, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures_util::future::BoxFuture;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::{
    Node,
    journal::{Entry, Progress},
    process::{ProcessRecord, append},
};
use crate::ssm::document::flow::AgentStatus;

/// Every plugin of this agent.
const PLUGINS: &[&dyn Plugin] = &[
    &shell::RunShellScript,
    &powershell::RunPowerShellScript,
    &inventory::SoftwareInventory,
    &patch::ApplyPatchBaseline,
];

/// One action.
pub trait Plugin: Sync {
    /// The action in documents, `aws:runShellScript`.
    fn name(&self) -> &'static str;
    /// Runs one step. What it prints belongs into the step's output files; nothing it meets may panic.
    fn run<'a>(&'a self, step: StepContext<'a>) -> BoxFuture<'a, Outcome>;
}

/// The plugin for an action.
pub fn find(action: &str) -> Option<&'static dyn Plugin> {
    PLUGINS.iter().find(|plugin| plugin.name() == action).copied()
}

/// How a step ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The status to report.
    pub status: AgentStatus,
    /// The code to report.
    pub code: i64,
}

impl Outcome {
    /// It did what it should.
    pub const SUCCESS: Self = Self { status: AgentStatus::Success, code: 0 };
    /// It did not.
    pub const FAILED: Self = Self { status: AgentStatus::Failed, code: 1 };
}

/// What a plugin is given.
#[derive(Clone, Copy)]
pub struct StepContext<'a> {
    /// The node.
    pub node: &'a Node,
    /// The command, a UUID.
    pub command_id: &'a str,
    /// The inputs with every reference replaced.
    pub inputs: &'a Value,
    /// The step's own directory; [`STDOUT`] and [`STDERR`] lie in it.
    pub directory: &'a Path,
    /// Where earlier steps put what they downloaded.
    pub downloads: &'a Path,
    /// How long ago the step began: more than nothing if an earlier life of the agent began it.
    pub elapsed: Duration,
    /// Cancelled when the command is, or when the agent ends and takes its scripts with it.
    pub cancel: &'a CancellationToken,
    /// The journal.
    pub track: &'a Track,
}

/// The file with a step's standard output.
pub const STDOUT: &str = "stdout";
/// The file with a step's standard error.
pub const STDERR: &str = "stderr";

impl StepContext<'_> {
    /// The file with the step's standard output.
    pub fn stdout(&self) -> PathBuf {
        self.directory.join(STDOUT)
    }

    /// The file with the step's standard error.
    pub fn stderr(&self) -> PathBuf {
        self.directory.join(STDERR)
    }

    /// Adds to the step's standard output. A full disk loses the text, not the step.
    pub fn say(&self, text: &str) {
        if let Err(error) = add(&self.stdout(), text) {
            tracing::warn!("cannot write a step's output: {error}");
        }
    }

    /// Adds a sentence to the step's standard error, on a line of its own, and fails the step.
    pub fn fail(&self, sentence: &str) -> Outcome {
        self.complain(sentence);
        Outcome::FAILED
    }

    /// Adds a sentence to the step's standard error, on a line of its own. What the disk has no room for is reported all the
    /// same, with the reason.
    pub fn complain(&self, sentence: &str) {
        if let Err(error) = add_line(&self.stderr(), sentence) {
            tracing::warn!("cannot write a step's output: {error}");
            self.track.keep_unwritten(&format!("{sentence}\n{}\n", unwritable(&error)));
        }
    }

    /// An input by name, case-blind.
    pub fn input(&self, name: &str) -> Option<&Value> {
        input(self.inputs, name)
    }
}

/// A member of a step's inputs by name, case-blind.
pub fn input<'a>(inputs: &'a Value, name: &str) -> Option<&'a Value> {
    inputs.as_object()?.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

/// Says that the data directory takes nothing more, as people read it in a step's error.
pub fn unwritable(error: &io::Error) -> String {
    format!("the agent cannot write to its data directory: {error}")
}

fn add(path: &Path, text: &str) -> io::Result<()> {
    append(path)?.write_all(text.as_bytes())
}

fn add_line(path: &Path, sentence: &str) -> io::Result<()> {
    add(path, &format!("{}{sentence}\n", if ends_open(path) { "\n" } else { "" }))
}

/// Whether a file ends in the middle of a line. It may be of any size: only its last byte is read.
fn ends_open(path: &Path) -> bool {
    let last = || -> io::Result<u8> {
        let mut file = std::fs::File::open(path)?;
        file.seek(SeekFrom::End(-1))?;
        let mut last = [0];
        file.read_exact(&mut last)?;
        Ok(last[0])
    };
    last().is_ok_and(|byte| byte != b'\n')
}

/// A command's progress and its place on the disk.
pub struct Track {
    entry: Entry,
    progress: Mutex<Progress>,
    unwritten: Mutex<String>,
}

impl Track {
    /// For a command in the journal.
    pub fn new(entry: Entry, progress: Progress) -> Self {
        Self { entry, progress: Mutex::new(progress), unwritten: Mutex::default() }
    }

    /// The command's place.
    pub fn entry(&self) -> &Entry {
        &self.entry
    }

    /// The progress as it is.
    pub fn progress(&self) -> MutexGuard<'_, Progress> {
        // Nothing panics while the lock is held, so a poisoned one is as good as any.
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps what the step wanted to say and the disk did not take.
    fn keep_unwritten(&self, text: &str) {
        self.unwritten.lock().unwrap_or_else(PoisonError::into_inner).push_str(text);
    }

    /// What the step wanted to say and the disk did not take; it is given once.
    pub fn take_unwritten(&self) -> String {
        std::mem::take(&mut *self.unwritten.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Changes the progress and writes it down.
    pub fn update<T>(&self, change: impl FnOnce(&mut Progress) -> T) -> io::Result<T> {
        let mut progress = self.progress();
        let value = change(&mut progress);
        self.entry.save(&progress)?;
        Ok(value)
    }

    /// The process that the step's script number `item` was given, if it was.
    pub fn process(&self, item: usize) -> Option<ProcessRecord> {
        let progress = self.progress();
        let (recorded, process) = progress.current.as_ref()?.process?;
        (recorded == item).then_some(process)
    }

    /// Writes a process down before it runs.
    pub fn record(&self, item: usize, process: ProcessRecord) -> io::Result<()> {
        self.update(|progress| {
            if let Some(current) = &mut progress.current {
                current.process = Some((item, process));
            }
        })
    }
}
