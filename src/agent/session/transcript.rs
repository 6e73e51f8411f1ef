//! The transcript of a session: what its program wrote, in a file of the agent's while it runs, delivered at its end.
//!
//! Every piece is written as it comes, so that a killed agent has lost nothing that was on the screen. Beside the file lies
//! a note with where it is to go; the next agent finds both and delivers what the last one could not.
//!
//! A disk that refuses is no reason to shut out whoever comes to empty it: what it does not take is kept in memory, goes to
//! the disk as soon as that has room, and is delivered from memory if it never has.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncSeekExt};

use super::terms::LogTerms;
use crate::ssm::Timestamp;

/// The longest transcript, in bytes. What a program writes beyond it is counted, not kept.
pub const LIMIT: u64 = 64 * 1024 * 1024;

/// How much of a transcript is kept in memory while the disk does not take it, in bytes.
pub const SPARE: usize = 1024 * 1024;

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
    /// Its transcript.
    pub text: Text,
}

impl Transcripts {
    /// Makes the directory.
    pub fn open(directory: PathBuf) -> io::Result<Self> {
        fs::create_dir_all(&directory)?;
        Ok(Self(directory))
    }

    /// Begins a session: its note, and its transcript if one is wanted. What the disk refuses is tried again later.
    pub fn begin(&self, session_id: &str, terms: &LogTerms, text: &Text) -> Option<Transcript> {
        let note = Note { path: self.note(session_id), content: serde_json::to_vec(terms).unwrap_or_default() };
        let refused = note.write().err();
        if !terms.is_wanted() {
            if let Some(error) = refused {
                tracing::warn!("session {session_id} is not noted: {error}; a killed agent would not end it");
            }
            return None;
        }
        let mut transcript =
            Transcript { text: text.clone(), note: None, file: None, kept: 0, left_out: 0, refused: None };
        match refused {
            None => transcript.open(),
            Some(error) => (transcript.note, transcript.refused) = (Some(note), Some(error)),
        }
        if let Some(error) = &transcript.refused {
            tracing::error!("the transcript of session {session_id} is kept in memory: {error}");
        }
        Some(transcript)
    }

    /// The text of a session that begins.
    pub fn text(&self, session_id: &str) -> Text {
        Text { file: self.file(session_id), rest: Arc::default() }
    }

    /// The text that an earlier agent left of a session: what is on the disk.
    fn left(&self, session_id: &str) -> Text {
        Text { file: self.file(session_id), rest: Arc::new(Mutex::new(Rest { behind: u64::MAX, bytes: Vec::new() })) }
    }

    fn file(&self, session_id: &str) -> PathBuf {
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
                let text = self.left(name);
                orphans.push(Orphan { session_id: name.to_owned(), terms: terms.unwrap_or_default(), text });
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

/// Where a transcript is to go, for the next agent.
#[derive(Debug)]
struct Note {
    path: PathBuf,
    content: Vec<u8>,
}

impl Note {
    fn write(&self) -> io::Result<()> {
        private(&self.path)?.write_all(&self.content)
    }
}

/// The text of a session so far: a file, and behind it what the disk does not take.
#[derive(Clone, Debug)]
pub struct Text {
    file: PathBuf,
    rest: Arc<Mutex<Rest>>,
}

/// What is not on the disk.
#[derive(Debug, Default)]
struct Rest {
    /// How many bytes are on the disk.
    behind: u64,
    bytes: Vec<u8>,
}

impl Text {
    /// The file, which need not be there.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// What is not in the file.
    pub fn rest(&self) -> Bytes {
        Bytes::copy_from_slice(&self.lock().bytes)
    }

    /// Whether there is anything to deliver, and be it an empty file.
    pub fn is_there(&self) -> bool {
        self.file.exists() || !self.lock().bytes.is_empty()
    }

    /// At most so many bytes from a position on; none at the end.
    pub async fn read(&self, position: u64, most: usize) -> io::Result<Vec<u8>> {
        let mut text = Vec::new();
        // What is in memory now may be on the disk a moment later, at the same position.
        while text.len() < most {
            let at = position.saturating_add(text.len() as u64);
            let piece = match self.in_memory(at, most - text.len()) {
                Some(piece) => piece,
                None => self.on_disk(at, most - text.len()).await?,
            };
            if piece.is_empty() {
                break;
            }
            text.extend(piece);
        }
        Ok(text)
    }

    fn in_memory(&self, at: u64, most: usize) -> Option<Vec<u8>> {
        let rest = self.lock();
        let from = usize::try_from(at.checked_sub(rest.behind)?).unwrap_or(usize::MAX).min(rest.bytes.len());
        Some(rest.bytes[from..].iter().take(most).copied().collect())
    }

    async fn on_disk(&self, at: u64, most: usize) -> io::Result<Vec<u8>> {
        let mut file = match tokio::fs::File::open(&self.file).await {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            other => other?,
        };
        file.seek(io::SeekFrom::Start(at)).await?;
        let mut bytes = Vec::new();
        file.take(most as u64).read_to_end(&mut bytes).await?;
        Ok(bytes)
    }

    fn lock(&self) -> MutexGuard<'_, Rest> {
        // Nothing panics while the lock is held, so a poisoned one is as good as any.
        self.rest.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The transcript of a session that runs.
#[derive(Debug)]
pub struct Transcript {
    text: Text,
    /// The note that is still to be written.
    note: Option<Note>,
    file: Option<File>,
    kept: u64,
    left_out: u64,
    refused: Option<io::Error>,
}

impl Transcript {
    /// Why it is not on the disk, if it is not.
    pub fn refused(&self) -> Option<&io::Error> {
        self.refused.as_ref()
    }

    /// Keeps a piece: on the disk, or in memory where that does not take it.
    pub fn write(&mut self, bytes: &[u8]) {
        self.settle();
        let room = usize::try_from(LIMIT.saturating_sub(self.kept)).unwrap_or(usize::MAX);
        // A text with a hole in it would be no transcript: what comes after something that was left out is left out too.
        let room = if self.left_out > 0 { 0 } else { room };
        let wanted = &bytes[..bytes.len().min(room)];
        let kept = self.put(wanted, SPARE);
        self.kept += kept as u64;
        self.left_out += (bytes.len() - kept) as u64;
    }

    /// Ends it, saying so if something is missing.
    pub fn finish(mut self) {
        self.settle();
        if self.left_out > 0 {
            let note = format!("\r\n[{} more bytes of output are not in this transcript]\r\n", self.left_out);
            // Whoever reads it has to know, so this sentence has room beyond what memory takes of the text.
            self.put(note.as_bytes(), SPARE + note.len());
        }
    }

    /// Brings what is in memory to the disk, as far as that takes it.
    fn settle(&mut self) {
        if self.refused.is_none() {
            return;
        }
        if let Some(note) = &self.note {
            if let Err(error) = note.write() {
                self.refused = Some(error);
                return;
            }
            self.note = None;
        }
        if self.file.is_none() {
            self.open();
        }
        let Some(file) = &mut self.file else { return };
        let mut rest = self.text.lock();
        let (written, error) = put(file, &rest.bytes);
        rest.behind += written as u64;
        rest.bytes.drain(..written);
        self.refused = error;
    }

    fn open(&mut self) {
        match private(&self.text.file) {
            Ok(file) => self.file = Some(file),
            Err(error) => self.refused = Some(error),
        }
    }

    /// How much of this is kept; in memory, not more than `spare` with what is there already.
    fn put(&mut self, bytes: &[u8], spare: usize) -> usize {
        let mut rest = self.text.lock();
        let mut written = 0;
        if let Some(file) = self.file.as_mut().filter(|_| self.refused.is_none()) {
            (written, self.refused) = put(file, bytes);
            rest.behind += written as u64;
            if let Some(error) = &self.refused {
                tracing::error!("a transcript is kept in memory from here on: {error}");
            }
        }
        let more = (bytes.len() - written).min(spare.saturating_sub(rest.bytes.len()));
        rest.bytes.extend_from_slice(&bytes[written..written + more]);
        written + more
    }
}

/// Writes as much as the disk takes, and why it does not take the rest.
fn put(file: &mut File, bytes: &[u8]) -> (usize, Option<io::Error>) {
    let mut written = 0;
    while written < bytes.len() {
        match file.write(&bytes[written..]) {
            Ok(0) => return (written, Some(io::ErrorKind::WriteZero.into())),
            Ok(count) => written += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return (written, Some(error)),
        }
    }
    (written, None)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terms() -> LogTerms {
        LogTerms { bucket: "logs".into(), ..LogTerms::default() }
    }

    fn begin(transcripts: &Transcripts, id: &str) -> Transcript {
        transcripts.begin(id, &terms(), &transcripts.text(id)).unwrap()
    }

    #[tokio::test]
    async fn what_a_full_disk_does_not_take_is_kept_in_memory() {
        let home = tempfile::tempdir().unwrap();
        let transcripts = Transcripts::open(home.path().to_owned()).unwrap();
        // It takes the name of a file and not a byte in it.
        std::os::unix::fs::symlink("/dev/full", transcripts.file("root-1")).unwrap();
        let text = transcripts.text("root-1");
        let mut transcript = transcripts.begin("root-1", &terms(), &text).unwrap();
        transcript.write(b"rm access.log\r\n");
        assert_eq!(transcript.refused().unwrap().kind(), io::ErrorKind::StorageFull);
        assert_eq!(text.read(3, 6).await.unwrap(), b"access");
        transcript.write(&vec![b'x'; SPARE]);
        assert_eq!((text.rest().len(), text.is_there()), (SPARE, true), "memory has its limit too");
        transcript.write(b"and so on");
        transcript.finish();
        let rest = text.rest();
        let said = String::from_utf8_lossy(&rest[SPARE..]);
        assert_eq!(said, "\r\n[24 more bytes of output are not in this transcript]\r\n");
    }

    #[tokio::test]
    async fn what_is_in_memory_goes_to_the_disk_as_soon_as_it_has_room() {
        let home = tempfile::tempdir().unwrap();
        let transcripts = Transcripts::open(home.path().join("sessions")).unwrap();
        fs::remove_dir(home.path().join("sessions")).unwrap();
        let text = transcripts.text("root-1");
        let mut transcript = transcripts.begin("root-1", &terms(), &text).unwrap();
        assert!(transcript.refused().is_some());
        transcript.write(b"one\n");
        assert_eq!((text.read(0, 99).await.unwrap(), text.file().exists()), (b"one\n".to_vec(), false));
        fs::create_dir(home.path().join("sessions")).unwrap();
        transcript.write(b"two\n");
        assert!(transcript.refused().is_none());
        assert_eq!(fs::read(text.file()).unwrap(), b"one\ntwo\n");
        assert_eq!((text.read(2, 99).await.unwrap(), text.rest().len()), (b"e\ntwo\n".to_vec(), 0));
        // The next agent would find it, and where it is to go.
        let orphans = transcripts.orphans().unwrap();
        assert_eq!((orphans.len(), &orphans[0].terms), (1, &terms()));
        assert_eq!(orphans[0].text.read(4, 99).await.unwrap(), b"two\n");
    }

    #[test]
    fn what_a_killed_agent_leaves_is_found_with_its_terms() {
        let home = tempfile::tempdir().unwrap();
        let transcripts = Transcripts::open(home.path().join("sessions")).unwrap();
        let mut transcript = begin(&transcripts, "root-1");
        transcript.write(b"half a li");
        drop(transcript);
        let text = transcripts.text("root-2");
        assert!(transcripts.begin("root-2", &LogTerms::default(), &text).is_none(), "nobody wants it");
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
            drop(begin(&transcripts, id));
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
        let mut transcript = begin(&transcripts, "root-1");
        transcript.kept = LIMIT - 3;
        transcript.write(b"abcdef");
        transcript.write(b"ghi");
        transcript.finish();
        let text = fs::read_to_string(transcripts.file("root-1")).unwrap();
        assert!(text.starts_with("abc\r\n[6 more bytes"), "{text}");
    }
}
