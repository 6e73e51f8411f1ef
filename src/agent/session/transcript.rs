//! The transcript of a session: what its program wrote, in a file of the agent's while it runs, delivered at its end.
//!
//! Every piece is written as it comes, so that a killed agent has lost nothing that was on the screen. Beside the file lies
//! a note with where it is to go; the next agent finds both and delivers what the last one could not.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use super::terms::LogTerms;
use crate::ssm::Timestamp;

/// The longest transcript, in bytes. What a program writes beyond it is counted, not kept.
pub const LIMIT: u64 = 64 * 1024 * 1024;

/// How long a transcript that cannot be delivered is kept, from its last word on.
pub const KEPT: Duration = Duration::from_secs(30 * 24 * 3600);
/// How much transcripts that cannot be delivered may take together, in bytes. The oldest go first.
pub const KEPT_BYTES: u64 = 1024 * 1024 * 1024;

/// The directory of the transcripts of one agent.
#[derive(Clone, Debug)]
pub struct Transcripts(PathBuf);

/// A session that was under way when its agent was killed.
#[derive(Debug)]
pub struct Orphan {
    /// The session.
    pub session_id: String,
    /// Where its transcript goes.
    pub terms: LogTerms,
}

impl Transcripts {
    /// Makes the directory.
    pub fn open(directory: PathBuf) -> io::Result<Self> {
        fs::create_dir_all(&directory)?;
        Ok(Self(directory))
    }

    /// Begins a session: its note, and its transcript if one is wanted.
    pub fn begin(&self, session_id: &str, terms: &LogTerms) -> io::Result<Option<Transcript>> {
        let note = serde_json::to_vec(terms)?;
        private(&self.note(session_id))?.write_all(&note)?;
        if !terms.is_wanted() {
            return Ok(None);
        }
        let file = private(&self.file(session_id))?;
        Ok(Some(Transcript { file: Some(file), written: 0, left_out: 0 }))
    }

    /// Where the transcript of a session is.
    pub fn file(&self, session_id: &str) -> PathBuf {
        self.0.join(format!("{session_id}.log"))
    }

    /// Forgets a session.
    pub fn end(&self, session_id: &str) {
        for path in [self.file(session_id), self.note(session_id)] {
            match fs::remove_file(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    tracing::warn!("cannot remove {}: {error}", path.display());
                }
                _ => {}
            }
        }
    }

    /// What the last agent left. A note that cannot be read is still a session.
    pub fn orphans(&self) -> io::Result<Vec<Orphan>> {
        let mut orphans = Vec::new();
        for entry in fs::read_dir(&self.0)? {
            let path = entry?.path();
            let name = path.file_name().and_then(|name| name.to_str()).and_then(|name| name.strip_suffix(".json"));
            if let Some(name) = name {
                let terms = fs::read(&path).ok().and_then(|note| serde_json::from_slice(&note).ok());
                orphans.push(Orphan { session_id: name.to_owned(), terms: terms.unwrap_or_default() });
            }
        }
        Ok(orphans)
    }

    /// Gives up transcripts that have waited for their delivery for too long, or that take too much space together; those
    /// of sessions that run are not among them. Every one that goes is told.
    pub fn expire(&self, now: Timestamp, is_live: impl Fn(&str) -> bool) -> io::Result<()> {
        let mut waiting = Vec::new();
        for Orphan { session_id, .. } in self.orphans()? {
            if !is_live(&session_id) {
                let (note, file) = (fs::metadata(self.note(&session_id)), fs::metadata(self.file(&session_id)));
                let size = file.as_ref().map_or(0, fs::Metadata::len);
                let last = [note, file].into_iter().flatten().filter_map(|meta| meta.modified().ok()).max();
                waiting.push((last.map_or(now, timestamp), size, session_id));
            }
        }
        waiting.sort_by(|a, b| b.cmp(a));
        let mut taken = 0u64;
        for (last, size, session_id) in waiting {
            taken = taken.saturating_add(size);
            let why = if now.since(last) > KEPT {
                "for 30 days"
            } else if taken > KEPT_BYTES {
                "and transcripts that wait take more than 1 GiB"
            } else {
                continue;
            };
            tracing::error!("the transcript of session {session_id} is given up: it could not be delivered {why}");
            self.end(&session_id);
        }
        Ok(())
    }

    fn note(&self, session_id: &str) -> PathBuf {
        self.0.join(format!("{session_id}.json"))
    }
}

fn timestamp(time: SystemTime) -> Timestamp {
    Timestamp::default().plus(time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default())
}

fn private(path: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).write(true).truncate(true).mode(0o600).open(path)
}

/// The transcript of a session that runs.
#[derive(Debug)]
pub struct Transcript {
    file: Option<File>,
    written: u64,
    left_out: u64,
}

impl Transcript {
    /// Keeps a piece. A disk that refuses ends the transcript, not the session: its user would be shut out of the very
    /// node that needs help.
    pub fn write(&mut self, bytes: &[u8]) {
        let room = usize::try_from(LIMIT.saturating_sub(self.written)).unwrap_or(usize::MAX);
        let kept = &bytes[..bytes.len().min(room)];
        if let Some(file) = self.file.as_mut().filter(|_| !kept.is_empty()) {
            match file.write_all(kept) {
                Ok(()) => self.written += kept.len() as u64,
                Err(error) => {
                    tracing::error!("the transcript of a session ends early: {error}");
                    self.file = None;
                }
            }
        }
        self.left_out += (bytes.len() - kept.len()) as u64;
    }

    /// Ends it, saying so if something is missing.
    pub fn finish(mut self) {
        if self.left_out > 0
            && let Some(file) = &mut self.file
        {
            let note = format!("\r\n[{} more bytes of output are not in this transcript]\r\n", self.left_out);
            if let Err(error) = file.write_all(note.as_bytes()) {
                tracing::warn!("a transcript does not say that it was cut: {error}");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terms() -> LogTerms {
        LogTerms { bucket: "logs".into(), ..LogTerms::default() }
    }

    #[test]
    fn what_a_killed_agent_leaves_is_found_with_its_terms() {
        let home = tempfile::tempdir().unwrap();
        let transcripts = Transcripts::open(home.path().join("sessions")).unwrap();
        let mut transcript = transcripts.begin("root-1", &terms()).unwrap().unwrap();
        transcript.write(b"half a li");
        drop(transcript);
        assert!(transcripts.begin("root-2", &LogTerms::default()).unwrap().is_none(), "nobody wants it");
        let mut orphans = transcripts.orphans().unwrap();
        orphans.sort_by(|a, b| a.session_id.cmp(&b.session_id));
        assert_eq!((orphans[0].session_id.as_str(), &orphans[0].terms), ("root-1", &terms()));
        assert_eq!(fs::read(transcripts.file("root-1")).unwrap(), b"half a li");
        assert_eq!(orphans[1].terms, LogTerms::default());
        transcripts.end("root-1");
        transcripts.end("root-2");
        assert!(transcripts.orphans().unwrap().is_empty());
        assert_eq!(fs::read_dir(home.path().join("sessions")).unwrap().count(), 0);
    }

    #[test]
    fn what_cannot_be_delivered_goes_by_age_and_by_size() {
        let home = tempfile::tempdir().unwrap();
        let transcripts = Transcripts::open(home.path().to_owned()).unwrap();
        let now = timestamp(SystemTime::now());
        let put = |id: &str, days: u64, bytes: u64| {
            transcripts.begin(id, &terms()).unwrap().unwrap();
            let at = SystemTime::now() - Duration::from_secs(days * 24 * 3600);
            for path in [transcripts.file(id), transcripts.note(id)] {
                let file = OpenOptions::new().write(true).open(path).unwrap();
                if bytes > 0 {
                    file.set_len(bytes).unwrap();
                }
                file.set_modified(at).unwrap();
            }
        };
        let left = || {
            let mut left: Vec<_> = transcripts.orphans().unwrap().into_iter().map(|orphan| orphan.session_id).collect();
            left.sort();
            left
        };
        for (id, days) in [("root-1", 31), ("root-2", 29), ("root-3", 31)] {
            put(id, days, 0);
        }
        transcripts.expire(now, |id| id == "root-3").unwrap();
        assert_eq!(left(), ["root-2", "root-3"], "the one runs and the other is not old");
        // Files with holes: nothing of that size is written.
        put("root-4", 2, KEPT_BYTES / 2);
        put("root-5", 1, KEPT_BYTES / 2);
        put("root-6", 3, 1);
        transcripts.expire(now, |id| id == "root-3").unwrap();
        assert_eq!(left(), ["root-3", "root-4", "root-5"]);
    }

    #[test]
    fn a_flood_is_cut_and_says_so() {
        let home = tempfile::tempdir().unwrap();
        let transcripts = Transcripts::open(home.path().to_owned()).unwrap();
        let mut transcript = transcripts.begin("root-1", &terms()).unwrap().unwrap();
        transcript.written = LIMIT - 3;
        transcript.write(b"abcdef");
        transcript.write(b"ghi");
        transcript.finish();
        let text = fs::read_to_string(transcripts.file("root-1")).unwrap();
        assert!(text.starts_with("abc\r\n[6 more bytes"), "{text}");
    }
}
