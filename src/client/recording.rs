//! Recordings of sessions on this machine: asciicast v2, as asciinema plays it, and plain text beside it.
//!
//! Only what the node wrote is recorded, never what was typed: what a program does not echo is in no recording.

mod cast;
mod plain;
mod player;

use std::{
    fs::{DirBuilder, File, OpenOptions},
    io::{self, BufWriter},
    path::{Path, PathBuf},
    time::Duration,
};

pub use cast::Cast;
pub use plain::{Filter, Plain};
pub use player::{Frame, Player, RecordingError};

use super::TerminalSize;
use crate::ssm::Timestamp;

/// How much of a recording a crash may cost.
const FLUSH: Duration = Duration::from_secs(1);
/// Names tried for a recording that is named by its node and time.
const NAMES: usize = 99;

/// A session being recorded into two files.
#[derive(Debug)]
pub struct Recorder {
    path: PathBuf,
    cast: Cast<BufWriter<File>>,
    plain: Plain<BufWriter<File>>,
    flushed: Duration,
}

impl Recorder {
    /// Creates the recording, and beside it the plain text under the same name with the ending `txt`. Nobody else can
    /// read either.
    ///
    /// Errors: a file that is there already, or cannot be created.
    pub fn create(path: &Path, size: TerminalSize, title: &str, started: Timestamp) -> io::Result<Self> {
        let cast = create(path)?;
        let plain = create(&text_beside(path)).inspect_err(|_| drop(std::fs::remove_file(path)))?;
        Self::over(path, (cast, plain), size, title, started)
    }

    /// [`create`](Self::create) in a directory, which is made if it is not there, under the first name that is free:
    /// `NAME.cast`, `NAME-2.cast` and so on. The name must be one of a file.
    ///
    /// Errors: a directory or file that cannot be made.
    pub fn create_in(
        directory: &Path,
        name: &str,
        size: TerminalSize,
        title: &str,
        started: Timestamp,
    ) -> io::Result<Self> {
        let mut builder = DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(directory)?;
        let names = std::iter::once(format!("{name}.cast")).chain((2..=NAMES).map(|n| format!("{name}-{n}.cast")));
        let mut outcome = Err(io::ErrorKind::AlreadyExists.into());
        for name in names {
            outcome = Self::create(&directory.join(name), size, title, started);
            if outcome.as_ref().err().is_none_or(|error| error.kind() != io::ErrorKind::AlreadyExists) {
                break;
            }
        }
        outcome
    }

    /// A recording into files that are open.
    pub(crate) fn over(
        path: &Path,
        (cast, plain): (File, File),
        size: TerminalSize,
        title: &str,
        started: Timestamp,
    ) -> io::Result<Self> {
        Ok(Self {
            path: path.to_owned(),
            cast: Cast::begin(BufWriter::new(cast), size, title, started)?,
            plain: Plain::new(BufWriter::new(plain)),
            flushed: Duration::ZERO,
        })
    }

    /// The recording's file; the text is [beside](text_beside) it.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Records what the node wrote, so long after the beginning.
    pub fn output(&mut self, elapsed: Duration, bytes: &[u8]) -> io::Result<()> {
        self.cast.output(elapsed, bytes)?;
        self.plain.output(bytes)?;
        if elapsed >= self.flushed + FLUSH {
            self.flushed = elapsed;
            self.cast.flush()?;
            self.plain.flush()?;
        }
        Ok(())
    }

    /// Records that the terminal has another size now.
    pub fn resize(&mut self, elapsed: Duration, size: TerminalSize) -> io::Result<()> {
        self.cast.resize(elapsed, size)
    }

    /// Writes what is left.
    pub fn finish(mut self) -> io::Result<()> {
        self.cast.flush()?;
        self.plain.flush()
    }
}

/// The plain text that belongs to a recording.
pub fn text_beside(path: &Path) -> PathBuf {
    path.with_extension("txt")
}

fn create(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recording_is_two_files_that_only_their_owner_reads_and_nothing_is_overwritten() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("web.cast");
        let size = TerminalSize { cols: 80, rows: 24 };
        let mut recorder = Recorder::create(&path, size, "web-1", Timestamp::from_millis(1_700_000_000_000)).unwrap();
        recorder.output(Duration::from_millis(1500), b"\x1b[1mhi\x1b[0m\r\n").unwrap();
        recorder.finish().unwrap();
        let cast = std::fs::read_to_string(&path).unwrap();
        assert!(cast.starts_with("{\"version\":2,") && cast.contains("[1.500000,\"o\",\"\\u001b[1mhi"), "{cast}");
        assert_eq!(std::fs::read_to_string(text_beside(&path)).unwrap(), "hi\n");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
        let again = Recorder::create(&path, size, "web-1", Timestamp::from_millis(0));
        assert_eq!(again.unwrap_err().kind(), io::ErrorKind::AlreadyExists);
    }

    #[test]
    fn a_recording_in_a_directory_takes_the_next_free_name() {
        let dir = tempfile::tempdir().unwrap();
        let below = dir.path().join("state/recordings");
        std::fs::create_dir_all(&below).unwrap();
        std::fs::write(below.join("web-2.txt"), "somebody's").unwrap();
        let size = TerminalSize { cols: 80, rows: 24 };
        let name = || {
            let recorder = Recorder::create_in(&below, "web", size, "web", Timestamp::from_millis(0)).unwrap();
            recorder.path().file_name().unwrap().to_owned()
        };
        assert_eq!([name(), name(), name()], ["web.cast", "web-3.cast", "web-4.cast"]);
        assert_eq!(std::fs::read_to_string(below.join("web-2.txt")).unwrap(), "somebody's");
        assert!(!below.join("web-2.cast").exists());
        let no_directory = Recorder::create_in(&below.join("web.cast"), "x", size, "x", Timestamp::from_millis(0));
        assert!(no_directory.is_err());
    }
}
