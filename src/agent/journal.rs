//! What the agent has promised, on the disk: one directory per command with the job, how far it is, and every reply.
//!
//! ```text
//! commands/<command id>/job.json        what was asked; on the disk for good before it is acknowledged
//!                       progress.json   how far it is; replaced at every change
//!                       replies/        0001-<message id>.json, later .acked
//!                       steps/<n>/      script, stdout, stderr, exit status
//! ```
//!
//! Only the job survives the machine's death for certain. That is enough, for a job whose machine was restarted is never
//! run again without a reboot having been asked for: it is reported as failed with an unknown outcome.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use uuid::Uuid;

use super::{
    dir::{Durability, create_private, write_atomic},
    process::ProcessRecord,
};
use crate::{ssm::Timestamp, wire::messages::StepStatus};

/// How long a finished command is remembered.
const REMEMBERED: Duration = Duration::from_secs(7 * 24 * 3600);

/// A job as it was accepted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Job {
    /// The command, a UUID.
    pub command_id: String,
    /// `aws.ssm.<command-id>.<instance-id>`.
    pub job_id: String,
    /// JSON text of a [`crate::wire::messages::CommandJob`].
    pub content: String,
    /// When it came.
    pub received: Timestamp,
    /// The boot of the machine in which it came.
    pub boot_id: String,
}

/// How far a command is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Progress {
    /// Where it stands.
    pub phase: Phase,
    /// Whether somebody cancelled it.
    pub cancelled: bool,
    /// Whether an earlier step has ended the document.
    pub exited: bool,
    /// The steps that are done, in order, with their names.
    pub done: Vec<(String, StepStatus)>,
    /// The step that runs.
    pub current: Option<CurrentStep>,
    /// How often a step has asked for a restart of the machine.
    pub reboots: u32,
    /// The replies made so far; they are numbered.
    pub replies: u32,
    /// The boot of the machine in which it last went on after a restart that it had asked for; empty before.
    pub boot_id: String,
}

/// Where a command stands.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub enum Phase {
    /// Accepted, not begun.
    #[default]
    Queued,
    /// A step may be running.
    Running,
    /// The step asked for a restart of the machine and runs again in its next boot.
    AwaitingReboot {
        /// The boot in which it asked.
        boot_id: String,
    },
    /// The final reply is made.
    Finished {
        /// When.
        at: Timestamp,
    },
}

/// A step under way.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CurrentStep {
    /// Which of the document's steps, from 0.
    pub index: usize,
    /// When it began.
    pub started: Timestamp,
    /// Its process, once there is one, and which of the step's scripts that is.
    pub process: Option<(usize, ProcessRecord)>,
}

/// A reply that waits for its acknowledgement.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StoredReply {
    /// The envelope's id: the same at every attempt, so that an acknowledgement of any of them counts.
    pub message_id: Uuid,
    /// The JSON of an `agent_job_reply`.
    pub payload: String,
}

/// The commands of one data directory.
#[derive(Clone, Debug)]
pub struct Journal {
    root: PathBuf,
}

/// A command in the journal.
#[derive(Clone, Debug)]
pub struct Entry {
    root: PathBuf,
}

impl Journal {
    /// Opens the journal, creating its directory.
    pub fn open(root: PathBuf) -> io::Result<Self> {
        create_private(&root)?;
        Ok(Self { root })
    }

    /// The command's place, if its id can be the name of a directory.
    pub fn entry(&self, command_id: &str) -> Option<Entry> {
        let harmless = (1..=128).contains(&command_id.len())
            && command_id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        harmless.then(|| Entry { root: self.root.join(command_id) })
    }

    /// Every command that is on the disk, in the order of arrival. What cannot be read was never acknowledged.
    pub fn all(&self) -> io::Result<Vec<(Entry, Job, Progress)>> {
        let mut all = Vec::new();
        for place in fs::read_dir(&self.root)? {
            let entry = Entry { root: place?.path() };
            if let Some(job) = entry.job()? {
                let progress = entry.progress()?;
                all.push((entry, job, progress));
            }
        }
        all.sort_by(|(_, a, _), (_, b, _)| (a.received, &a.command_id).cmp(&(b.received, &b.command_id)));
        Ok(all)
    }

    /// Forgets commands that finished long ago. Returns how many.
    pub fn expire(&self, now: Timestamp) -> io::Result<usize> {
        let mut forgotten = 0;
        for place in fs::read_dir(&self.root)? {
            let entry = Entry { root: place?.path() };
            let old = match (entry.job()?, entry.progress()?.phase) {
                (Some(_), Phase::Finished { at }) => now.since(at) > REMEMBERED,
                (Some(_), _) => false,
                // Never acknowledged: the service sends it again, and a whole one replaces it.
                (None, _) => true,
            };
            if old {
                fs::remove_dir_all(&entry.root)?;
                forgotten += 1;
            }
        }
        Ok(forgotten)
    }

    /// Gives up the output of commands that are finished and fully reported, because the disk is full. What was asked and how it
    /// ended stays. Returns how many commands gave something.
    pub fn reclaim(&self) -> io::Result<usize> {
        let mut reclaimed = 0;
        for place in fs::read_dir(&self.root)? {
            let entry = Entry { root: place?.path() };
            if matches!(entry.progress()?.phase, Phase::Finished { .. }) && entry.replies(false)?.is_empty() {
                reclaimed += usize::from(fs::remove_dir_all(entry.root.join("steps")).is_ok());
            }
        }
        Ok(reclaimed)
    }
}

impl Entry {
    /// Writes a job down for good. `false`: it is known already, and nothing was changed.
    pub fn accept(&self, job: &Job) -> io::Result<bool> {
        if self.job()?.is_some() {
            return Ok(false);
        }
        create_private(&self.root.join("replies"))?;
        create_private(&self.root.join("steps"))?;
        write_json(&self.root.join("job.json"), job, Durability::Machine)?;
        let parent = self.root.parent().ok_or_else(|| io::Error::other("the journal has no directory"))?;
        fs::File::open(parent)?.sync_all()?;
        Ok(true)
    }

    /// The job, if it was accepted.
    pub fn job(&self) -> io::Result<Option<Job>> {
        read_json(&self.root.join("job.json"))
    }

    /// How far it is; queued, if nothing was written yet.
    pub fn progress(&self) -> io::Result<Progress> {
        Ok(read_json(&self.root.join("progress.json"))?.unwrap_or_default())
    }

    /// Writes how far it is.
    pub fn save(&self, progress: &Progress) -> io::Result<()> {
        write_json(&self.root.join("progress.json"), progress, Durability::Process)
    }

    /// The directory of a step, created.
    pub fn step_directory(&self, index: usize) -> io::Result<PathBuf> {
        let path = self.root.join("steps").join(index.to_string());
        create_private(&path)?;
        Ok(path)
    }

    /// Removes the exit statuses of a step's scripts, so that they run again.
    pub fn forget_statuses(&self, index: usize) -> io::Result<()> {
        for script in fs::read_dir(self.step_directory(index)?)? {
            match fs::remove_file(script?.path().join("status")) {
                Err(error) if !matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                    return Err(error);
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Where documents put what they download.
    pub fn downloads(&self) -> PathBuf {
        self.root.join("downloads")
    }

    /// Keeps a reply until it is acknowledged.
    pub fn store_reply(&self, number: u32, reply: &StoredReply) -> io::Result<PathBuf> {
        let path = self.root.join("replies").join(format!("{number:04}-{}.json", reply.message_id));
        write_json(&path, reply, Durability::Process)?;
        Ok(path)
    }

    /// The replies in their order: those that wait, or all of them, as for a job that was delivered again.
    pub fn replies(&self, acknowledged_too: bool) -> io::Result<Vec<(Uuid, PathBuf)>> {
        let mut found = Vec::new();
        let places = match fs::read_dir(self.root.join("replies")) {
            Ok(places) => places,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(found),
            Err(error) => return Err(error),
        };
        for place in places {
            let path = place?.path();
            let extension = path.extension().and_then(|extension| extension.to_str());
            if extension == Some("json") || (acknowledged_too && extension == Some("acked")) {
                let id = path.file_stem().and_then(|stem| stem.to_str()).and_then(|stem| stem.split_once('-'));
                if let Some(id) = id.and_then(|(_, id)| Uuid::parse_str(id).ok()) {
                    found.push((id, path));
                }
            }
        }
        found.sort_by(|(_, a), (_, b)| a.file_name().cmp(&b.file_name()));
        Ok(found)
    }
}

/// Reads a stored reply back.
pub fn read_reply(path: &Path) -> io::Result<Option<StoredReply>> {
    read_json(path)
}

/// Notes that a reply has arrived.
pub fn acknowledge_reply(path: &Path) -> io::Result<()> {
    fs::rename(path, path.with_extension("acked"))
}

/// Identifies this boot of the machine; empty where the system does not say.
pub fn boot_id() -> String {
    fs::read_to_string("/proc/sys/kernel/random/boot_id").map(|id| id.trim().to_owned()).unwrap_or_default()
}

fn write_json<T: Serialize>(path: &Path, value: &T, durability: Durability) -> io::Result<()> {
    write_atomic(path, &serde_json::to_vec(value)?, durability)
}

/// `None` if there is no such file, or only a damaged one.
fn read_json<T: DeserializeOwned>(path: &Path) -> io::Result<Option<T>> {
    match fs::read(path) {
        Ok(bytes) => Ok(serde_json::from_slice(&bytes).ok()),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(id: &str) -> Job {
        Job {
            command_id: id.to_owned(),
            job_id: format!("aws.ssm.{id}.mi-1"),
            content: "{}".into(),
            received: Timestamp::from_millis(1),
            boot_id: "boot".into(),
        }
    }

    #[test]
    fn a_job_is_accepted_once() {
        let dir = tempfile::tempdir().unwrap();
        let journal = Journal::open(dir.path().join("commands")).unwrap();
        let entry = journal.entry("c-1").unwrap();
        assert!(entry.accept(&job("c-1")).unwrap());
        assert!(!entry.accept(&Job { content: "other".into(), ..job("c-1") }).unwrap());
        assert_eq!(entry.job().unwrap().unwrap().content, "{}");
        assert_eq!(journal.all().unwrap().len(), 1);
    }

    #[test]
    fn a_torn_job_counts_as_never_accepted() {
        let dir = tempfile::tempdir().unwrap();
        let journal = Journal::open(dir.path().join("commands")).unwrap();
        let entry = journal.entry("c-1").unwrap();
        entry.accept(&job("c-1")).unwrap();
        fs::write(dir.path().join("commands/c-1/job.json"), b"{\"command_id\":").unwrap();
        assert!(journal.all().unwrap().is_empty());
        assert!(entry.accept(&job("c-1")).unwrap());
    }

    #[test]
    fn hostile_ids_have_no_place() {
        let dir = tempfile::tempdir().unwrap();
        let journal = Journal::open(dir.path().to_owned()).unwrap();
        for id in ["", "..", "a/b", "a.b", "a\0b", &"x".repeat(129)] {
            assert!(journal.entry(id).is_none(), "{id:?}");
        }
    }

    #[test]
    fn replies_wait_in_order_until_acknowledged_and_can_be_told_again() {
        let dir = tempfile::tempdir().unwrap();
        let journal = Journal::open(dir.path().to_owned()).unwrap();
        let entry = journal.entry("c-1").unwrap();
        entry.accept(&job("c-1")).unwrap();
        let replies: Vec<StoredReply> =
            (0..3).map(|number| StoredReply { message_id: Uuid::new_v4(), payload: format!("{number}") }).collect();
        for (number, reply) in (1..).zip(&replies) {
            entry.store_reply(number, reply).unwrap();
        }
        let waiting = entry.replies(false).unwrap();
        assert_eq!(
            waiting.iter().map(|(id, _)| *id).collect::<Vec<_>>(),
            replies.iter().map(|r| r.message_id).collect::<Vec<_>>()
        );
        acknowledge_reply(&waiting[0].1).unwrap();
        assert_eq!(entry.replies(false).unwrap().len(), 2);
        let all = entry.replies(true).unwrap();
        assert_eq!(read_reply(&all[0].1).unwrap().unwrap(), replies[0]);
    }

    #[test]
    fn a_full_disk_takes_the_output_of_what_is_told_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let journal = Journal::open(dir.path().to_owned()).unwrap();
        let output = |id: &str| journal.entry(id).unwrap().step_directory(0).unwrap().join("stdout");
        for id in ["told", "untold", "running"] {
            journal.entry(id).unwrap().accept(&job(id)).unwrap();
            fs::write(output(id), "much").unwrap();
        }
        let finished = Progress { phase: Phase::Finished { at: Timestamp::from_millis(0) }, ..Progress::default() };
        for id in ["told", "untold"] {
            journal.entry(id).unwrap().save(&finished).unwrap();
        }
        let reply = StoredReply { message_id: Uuid::new_v4(), payload: "{}".into() };
        journal.entry("untold").unwrap().store_reply(1, &reply).unwrap();
        assert_eq!(journal.reclaim().unwrap(), 1);
        assert_eq!(["told", "untold", "running"].map(|id| output(id).exists()), [false, true, true]);
        assert_eq!(journal.all().unwrap().len(), 3);
    }

    #[test]
    fn only_what_finished_long_ago_is_forgotten() {
        let dir = tempfile::tempdir().unwrap();
        let journal = Journal::open(dir.path().to_owned()).unwrap();
        for id in ["old", "new", "running"] {
            journal.entry(id).unwrap().accept(&job(id)).unwrap();
        }
        let now = Timestamp::from_millis(0).plus(REMEMBERED * 3);
        let finish = |id: &str, at: Timestamp| {
            let progress = Progress { phase: Phase::Finished { at }, ..Progress::default() };
            journal.entry(id).unwrap().save(&progress).unwrap();
        };
        finish("old", now.minus(REMEMBERED * 2));
        finish("new", now);
        assert_eq!(journal.expire(now).unwrap(), 1);
        let left: Vec<String> = journal.all().unwrap().into_iter().map(|(_, job, _)| job.command_id).collect();
        assert_eq!(left, ["new", "running"]);
    }
}
