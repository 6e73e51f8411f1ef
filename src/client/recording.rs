//! Recordings of sessions on this machine: asciicast v2, as asciinema plays it, and plain text beside it: the lines as the
//! terminal showed them, which is for whoever records to tell.
//!
//! Only what the node wrote is recorded, never what was typed: what a program does not echo is in no recording.

mod cast;
mod filter;
mod plain;
mod player;

use std::{
    fs::{DirBuilder, File, OpenOptions},
    io::{self, BufWriter},
    path::{Path, PathBuf},
    time::Duration,
};

pub use cast::Cast;
pub use filter::Filter;
pub use plain::{Lines, Plain};
pub use player::{Event, Frame, Player, RecordingError};

use super::TerminalSize;
use crate::ssm::Timestamp;

/// Names tried for a recording that is named by its node and time.
const NAMES: usize = 99;

/// A session being recorded into two files.
#[derive(Debug)]
pub struct Recorder {
    path: PathBuf,
    cast: Cast<BufWriter<File>>,
    plain: Plain<BufWriter<File>>,
    finished: bool,
}

impl Recorder {
    /// Creates the recording, and beside it the plain text under the same name with the ending `txt`, of the lines of a
    /// terminal of this size. Nobody else can read either.
    ///
    /// Errors: a file that is there already, or cannot be created.
    pub fn create(
        path: &Path,
        lines: Box<dyn Lines>,
        size: TerminalSize,
        title: &str,
        started: Timestamp,
    ) -> io::Result<Self> {
        let files = create_both(path)?;
        Self::over(path, files, lines, size, title, started)
    }

    /// [`create`](Self::create) in a directory, which is made if it is not there, under the first name that is free:
    /// `NAME.cast`, `NAME-2.cast` and so on. The name must be one of a file.
    ///
    /// Errors: a directory or file that cannot be made.
    pub fn create_in(
        directory: &Path,
        name: &str,
        lines: Box<dyn Lines>,
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
        for path in names.map(|name| directory.join(name)) {
            match create_both(&path) {
                Ok(files) => return Self::over(&path, files, lines, size, title, started),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }

    /// A recording into files that are open.
    pub(crate) fn over(
        path: &Path,
        (cast, plain): (File, File),
        lines: Box<dyn Lines>,
        size: TerminalSize,
        title: &str,
        started: Timestamp,
    ) -> io::Result<Self> {
        Ok(Self {
            path: path.to_owned(),
            cast: Cast::begin(BufWriter::new(cast), size, title, started)?,
            plain: Plain::new(BufWriter::new(plain), lines),
            finished: false,
        })
    }

    /// The recording's file; the text is [beside](text_beside) it.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Records what the node wrote, so long after the beginning. It is in the files then, and of the text what has left the
    /// screen: a crash costs no more.
    pub fn output(&mut self, elapsed: Duration, bytes: &[u8]) -> io::Result<()> {
        self.cast.output(elapsed, bytes)?;
        self.plain.output(bytes)?;
        self.cast.flush()?;
        self.plain.flush()
    }

    /// Records that the terminal has another size now.
    pub fn resize(&mut self, elapsed: Duration, size: TerminalSize) -> io::Result<()> {
        self.cast.resize(elapsed, size)?;
        self.plain.resize(size)
    }

    /// Writes what is left.
    pub fn finish(mut self) -> io::Result<()> {
        self.end()
    }

    fn end(&mut self) -> io::Result<()> {
        self.finished = true;
        self.cast.flush()?;
        self.plain.finish()
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        // One that nobody finished, as its session was left or its task ended: there is nobody to tell.
        if !self.finished {
            let _ = self.end();
        }
    }
}

/// The plain text that belongs to a recording.
pub fn text_beside(path: &Path) -> PathBuf {
    path.with_extension("txt")
}

/// The files of a recording, or none.
fn create_both(path: &Path) -> io::Result<(File, File)> {
    let cast = create(path)?;
    let plain = create(&text_beside(path)).inspect_err(|_| drop(std::fs::remove_file(path)))?;
    Ok((cast, plain))
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

    /// A terminal of one line, in which lines go as they end.
    #[derive(Debug, Default)]
    struct Teletype(String);

    impl Lines for Teletype {
        fn output(&mut self, bytes: &[u8]) -> String {
            self.0.push_str(&String::from_utf8_lossy(bytes).replace('\r', ""));
            let whole = self.0.rfind('\n').map_or(0, |end| end + 1);
            self.0.drain(..whole).collect()
        }

        fn resize(&mut self, _: TerminalSize) -> String {
            String::new()
        }

        fn rest(&mut self) -> String {
            std::mem::take(&mut self.0)
        }
    }

    fn lines() -> Box<dyn Lines> {
        Box::new(Teletype::default())
    }

    #[test]
    fn what_has_come_is_in_the_files_whatever_becomes_of_the_recording() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("web.cast");
        let size = TerminalSize { cols: 80, rows: 24 };
        let mut recorder = Recorder::create(&path, lines(), size, "web-1", Timestamp::from_millis(0)).unwrap();
        let text = || std::fs::read_to_string(text_beside(&path)).unwrap();
        recorder.output(Duration::from_millis(10), b"one\r\ntwo").unwrap();
        assert_eq!(text(), "one\n");
        assert!(std::fs::read_to_string(&path).unwrap().contains("two"));
        drop(recorder);
        assert_eq!(text(), "one\ntwo");
    }

    #[test]
    fn a_recording_is_two_files_that_only_their_owner_reads_and_nothing_is_overwritten() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("web.cast");
        let size = TerminalSize { cols: 80, rows: 24 };
        let started = Timestamp::from_millis(1_700_000_000_000);
        let mut recorder = Recorder::create(&path, lines(), size, "web-1", started).unwrap();
        recorder.output(Duration::from_millis(1500), b"\x1b[1mhi\r\n").unwrap();
        recorder.finish().unwrap();
        let cast = std::fs::read_to_string(&path).unwrap();
        assert!(cast.starts_with("{\"version\":2,") && cast.contains("[1.500000,\"o\",\"\\u001b[1mhi"), "{cast}");
        assert_eq!(std::fs::read_to_string(text_beside(&path)).unwrap(), "\x1b[1mhi\n");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
        let again = Recorder::create(&path, lines(), size, "web-1", Timestamp::from_millis(0));
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
            let recorder = Recorder::create_in(&below, "web", lines(), size, "web", Timestamp::from_millis(0)).unwrap();
            recorder.path().file_name().unwrap().to_owned()
        };
        assert_eq!([name(), name(), name()], ["web.cast", "web-3.cast", "web-4.cast"]);
        assert_eq!(std::fs::read_to_string(below.join("web-2.txt")).unwrap(), "somebody's");
        assert!(!below.join("web-2.cast").exists());
        let no_directory =
            Recorder::create_in(&below.join("web.cast"), "x", lines(), size, "x", Timestamp::from_millis(0));
        assert!(no_directory.is_err());
    }
}
