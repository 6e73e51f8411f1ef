//! The transcript of a session: what its program wrote, in a file of the agent's while it runs, delivered at its end.
//!
//! Every piece goes to the disk as it comes, so that a killed agent has lost no more than what the disk had not taken yet.
//! Beside the file lies a note with where it is to go; the next agent finds both and delivers what the last one could not.
//!
//! Whoever comes to a node whose disk has no time or no room must not be shut out by it. So nobody waits for the disk: pieces
//! are in memory until it has them, and only much of that stops the program. What a disk refuses is kept in memory, goes there
//! as soon as there is room, and is delivered from memory if there never is.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use tokio::{
    io::{AsyncReadExt, AsyncSeekExt},
    sync::Notify,
    task::spawn_blocking,
};

use super::terms::LogTerms;
use crate::ssm::Timestamp;

/// The longest transcript, in bytes. What a program writes beyond it is counted, not kept.
pub const LIMIT: u64 = 64 * 1024 * 1024;

/// How much of a transcript is in memory while the disk does not take it, in bytes.
pub const SPARE: usize = 1024 * 1024;

/// How much of it is brought to the disk at once, in bytes.
const PIECE: usize = 64 * 1024;

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

    /// Begins a session: its note, and its transcript if one is wanted. Both go to the disk in their own time; what that refuses
    /// is tried again later. To be called by a task.
    pub fn begin(&self, session_id: &str, terms: &LogTerms, text: &Text) -> Transcript {
        let note = Note { path: self.note(session_id), content: serde_json::to_vec(terms).unwrap_or_default() };
        let disk = Disk {
            session_id: session_id.to_owned(),
            text: text.clone(),
            is_wanted: terms.is_wanted(),
            place: Mutex::new(Place { note: Some(note), file: None }),
            is_under_way: AtomicBool::new(false),
            settled: Notify::new(),
        };
        let transcript = Transcript { disk: Arc::new(disk), kept: 0, left_out: 0 };
        transcript.go_on();
        transcript
    }

    /// The text of a session that begins.
    pub fn text(&self, session_id: &str) -> Text {
        Text { file: self.file(session_id), rest: Arc::default() }
    }

    /// The text that an earlier agent left of a session: what is on the disk.
    fn left(&self, session_id: &str) -> Text {
        Text { file: self.file(session_id), rest: Arc::new(Mutex::new(Rest { behind: u64::MAX, ..Rest::default() })) }
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
    /// Why the disk did not take it when it was asked last.
    refused: Option<io::Error>,
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
    disk: Arc<Disk>,
    kept: u64,
    left_out: u64,
}

/// The way of a transcript to the disk.
#[derive(Debug)]
struct Disk {
    session_id: String,
    text: Text,
    /// Whether anybody wants the text, and not only the note.
    is_wanted: bool,
    /// Held by whoever waits for the disk.
    place: Mutex<Place>,
    /// Whether somebody does.
    is_under_way: AtomicBool,
    /// Told when nobody does any more, and at every piece on the way there.
    settled: Notify,
}

#[derive(Debug)]
struct Place {
    /// The note that is still to be written.
    note: Option<Note>,
    file: Option<File>,
}

impl Transcript {
    /// Why the disk does not take it, if it does not.
    pub fn refused(&self) -> Option<String> {
        self.disk.text.lock().refused.as_ref().map(io::Error::to_string).filter(|_| self.disk.is_wanted)
    }

    /// Keeps a piece: in memory, until the disk has it.
    pub fn write(&mut self, bytes: &[u8]) {
        if !self.disk.is_wanted {
            return;
        }
        let room = usize::try_from(LIMIT.saturating_sub(self.kept)).unwrap_or(usize::MAX);
        // A text with a hole in it would be no transcript: what comes after something that was left out is left out too.
        let room = if self.left_out > 0 { 0 } else { room };
        let kept = {
            let mut rest = self.disk.text.lock();
            let spare = if rest.refused.is_some() { SPARE.saturating_sub(rest.bytes.len()) } else { usize::MAX };
            let kept = bytes.len().min(room).min(spare);
            rest.bytes.extend_from_slice(&bytes[..kept]);
            kept
        };
        self.kept += kept as u64;
        self.left_out += (bytes.len() - kept) as u64;
        self.go_on();
    }

    /// Whether more should be written. Much waits for a disk that is slow; what a disk refuses is not waited for.
    pub fn has_room(&self) -> bool {
        let rest = self.disk.text.lock();
        rest.refused.is_some() || rest.bytes.len() < SPARE
    }

    /// Waits until more should be written.
    pub async fn room(&self) {
        self.wait_until(|| self.has_room()).await;
    }

    /// Waits until the disk has taken everything or refuses it.
    pub async fn settled(&self) {
        self.wait_until(|| !self.disk.is_under_way.load(Ordering::Acquire)).await;
    }

    /// Ends it, saying so if something is missing. [`Transcript::settled`] follows.
    pub fn finish(&mut self) {
        if self.left_out > 0 {
            let note = format!("\r\n[{} more bytes of output are not in this transcript]\r\n", self.left_out);
            // Whoever reads it has to know, so this sentence has room beyond what memory takes of the text.
            self.disk.text.lock().bytes.extend_from_slice(note.as_bytes());
        }
        self.go_on();
    }

    async fn wait_until(&self, is_so: impl Fn() -> bool) {
        loop {
            let mut settled = std::pin::pin!(self.disk.settled.notified());
            settled.as_mut().enable();
            if is_so() {
                return;
            }
            settled.await;
        }
    }

    /// Has what is in memory brought to the disk, by a thread that may wait for it.
    fn go_on(&self) {
        if !self.disk.is_under_way.swap(true, Ordering::AcqRel) {
            let disk = self.disk.clone();
            spawn_blocking(move || disk.settle());
        }
    }
}

impl Disk {
    fn settle(&self) {
        loop {
            let refused = self.bring().err();
            let is_done = {
                let mut rest = self.text.lock();
                if let (Some(error), None) = (&refused, &rest.refused) {
                    self.tell(error);
                }
                rest.refused = refused;
                let is_done = rest.refused.is_some() || rest.bytes.is_empty();
                if is_done {
                    // Whoever adds something from here on has it brought by somebody else.
                    self.is_under_way.store(false, Ordering::Release);
                }
                is_done
            };
            self.settled.notify_waiters();
            if is_done {
                return;
            }
        }
    }

    /// Brings what is in memory to the disk, as far as that takes it.
    fn bring(&self) -> io::Result<()> {
        // Nothing panics while the lock is held, so a poisoned one is as good as any.
        let mut place = self.place.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(note) = &place.note {
            note.write()?;
            place.note = None;
        }
        if !self.is_wanted {
            return Ok(());
        }
        let file = match &mut place.file {
            Some(file) => file,
            none => none.insert(private(&self.text.file)?),
        };
        loop {
            let piece = {
                let rest = self.text.lock();
                rest.bytes[..rest.bytes.len().min(PIECE)].to_vec()
            };
            if piece.is_empty() {
                return Ok(());
            }
            let (written, refused) = put(file, &piece);
            let mut rest = self.text.lock();
            rest.behind += written as u64;
            rest.bytes.drain(..written);
            drop(rest);
            if let Some(error) = refused {
                return Err(error);
            }
            self.settled.notify_waiters();
        }
    }

    fn tell(&self, error: &io::Error) {
        let session_id = &self.session_id;
        match self.is_wanted {
            true => tracing::error!("the transcript of session {session_id} is kept in memory from here on: {error}"),
            false => tracing::warn!("session {session_id} is not noted: {error}; a killed agent would not end it"),
        }
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

    async fn begin(transcripts: &Transcripts, id: &str) -> Transcript {
        let transcript = transcripts.begin(id, &terms(), &transcripts.text(id));
        transcript.settled().await;
        transcript
    }

    #[tokio::test]
    async fn nobody_waits_for_a_disk_that_has_no_time() {
        let home = tempfile::tempdir().unwrap();
        let transcripts = Transcripts::open(home.path().to_owned()).unwrap();
        // Whoever opens it waits until somebody reads it.
        let path = transcripts.file("root-1");
        nix::unistd::mkfifo(&path, nix::sys::stat::Mode::S_IRWXU).unwrap();
        let text = transcripts.text("root-1");
        let mut transcript = transcripts.begin("root-1", &terms(), &text);
        transcript.write(b"iostat\r\n");
        assert_eq!((text.read(0, 99).await.unwrap(), transcript.has_room()), (b"iostat\r\n".to_vec(), true));
        transcript.write(&vec![b'x'; SPARE]);
        assert!(!transcript.has_room(), "a flood has to wait for it");
        assert!(transcript.refused().is_none());
        let reader = std::thread::spawn(move || fs::read(path).unwrap());
        transcript.room().await;
        transcript.settled().await;
        assert_eq!(text.rest().len(), 0);
        drop(transcript);
        let read = reader.join().unwrap();
        assert_eq!((&read[..8], read.len()), (&b"iostat\r\n"[..], SPARE + 8));
    }

    #[tokio::test]
    async fn what_a_full_disk_does_not_take_is_kept_in_memory() {
        let home = tempfile::tempdir().unwrap();
        let transcripts = Transcripts::open(home.path().to_owned()).unwrap();
        // It takes the name of a file and not a byte in it.
        std::os::unix::fs::symlink("/dev/full", transcripts.file("root-1")).unwrap();
        let text = transcripts.text("root-1");
        let mut transcript = transcripts.begin("root-1", &terms(), &text);
        transcript.write(b"rm access.log\r\n");
        transcript.settled().await;
        assert_eq!(text.lock().refused.as_ref().unwrap().kind(), io::ErrorKind::StorageFull);
        assert_eq!(text.read(3, 6).await.unwrap(), b"access");
        transcript.write(&vec![b'x'; SPARE]);
        assert_eq!((text.rest().len(), text.is_there()), (SPARE, true), "memory has its limit too");
        transcript.write(b"and so on");
        transcript.finish();
        transcript.settled().await;
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
        let mut transcript = transcripts.begin("root-1", &terms(), &text);
        transcript.settled().await;
        assert!(transcript.refused().is_some());
        transcript.write(b"one\n");
        transcript.settled().await;
        assert_eq!((text.read(0, 99).await.unwrap(), text.file().exists()), (b"one\n".to_vec(), false));
        fs::create_dir(home.path().join("sessions")).unwrap();
        transcript.write(b"two\n");
        transcript.settled().await;
        assert!(transcript.refused().is_none());
        assert_eq!(fs::read(text.file()).unwrap(), b"one\ntwo\n");
        assert_eq!((text.read(2, 99).await.unwrap(), text.rest().len()), (b"e\ntwo\n".to_vec(), 0));
        // The next agent would find it, and where it is to go.
        let orphans = transcripts.orphans().unwrap();
        assert_eq!((orphans.len(), &orphans[0].terms), (1, &terms()));
        assert_eq!(orphans[0].text.read(4, 99).await.unwrap(), b"two\n");
    }

    #[tokio::test]
    async fn what_a_killed_agent_leaves_is_found_with_its_terms() {
        let home = tempfile::tempdir().unwrap();
        let transcripts = Transcripts::open(home.path().join("sessions")).unwrap();
        let mut transcript = begin(&transcripts, "root-1").await;
        transcript.write(b"half a li");
        transcript.settled().await;
        let text = transcripts.text("root-2");
        let mut unwanted = transcripts.begin("root-2", &LogTerms::default(), &text);
        unwanted.write(b"nobody wants it");
        unwanted.settled().await;
        assert!(!text.is_there());
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

    #[tokio::test]
    async fn what_cannot_be_delivered_goes_by_age_and_by_size() {
        let home = tempfile::tempdir().unwrap();
        let transcripts = Transcripts::open(home.path().to_owned()).unwrap();
        let now = timestamp(SystemTime::now());
        let put = async |id: &str, days: u64, bytes: u64| {
            begin(&transcripts, id).await;
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
            put(id, days, 0).await;
        }
        transcripts.expire(now, |id| id == "root-3").unwrap();
        assert_eq!(left(), ["root-2", "root-3"], "the one runs and the other is not old");
        // Files with holes: nothing of that size is written.
        put("root-4", 2, KEPT_BYTES / 2).await;
        put("root-5", 1, KEPT_BYTES / 2).await;
        put("root-6", 3, 1).await;
        transcripts.expire(now, |id| id == "root-3").unwrap();
        assert_eq!(left(), ["root-3", "root-4", "root-5"]);
    }

    #[tokio::test]
    async fn a_flood_is_cut_and_says_so() {
        let home = tempfile::tempdir().unwrap();
        let transcripts = Transcripts::open(home.path().to_owned()).unwrap();
        let mut transcript = begin(&transcripts, "root-1").await;
        transcript.kept = LIMIT - 3;
        transcript.write(b"abcdef");
        transcript.write(b"ghi");
        transcript.finish();
        transcript.settled().await;
        let text = fs::read_to_string(transcripts.file("root-1")).unwrap();
        assert!(text.starts_with("abc\r\n[6 more bytes"), "{text}");
    }
}
