//! The recording of a session in a tab. What goes wrong with its files ends the recording, not the session.

use std::{io, path::Path, time::Instant};

use super::Recording;
use crate::{
    client::{TerminalSize, recording::Recorder},
    console::{term::lines, update::Trouble},
};

/// A recording, or none.
#[derive(Debug, Default)]
pub(super) struct Tape(Option<Running>);

#[derive(Debug)]
struct Running {
    recorder: Recorder,
    began: Instant,
}

impl Tape {
    /// Whether there is one.
    pub fn runs(&self) -> bool {
        self.0.is_some()
    }

    /// Begins a recording with what paints the screen as it is; what to tell. One that runs goes on.
    pub fn begin(&mut self, wanted: &Recording, size: TerminalSize, still: &str) -> Result<String, Trouble> {
        let Recording { directory, name, title, at } = wanted;
        if let Some(running) = &self.0 {
            return Ok(format!("Already recording into {}", running.recorder.path().display()));
        }
        let recorder = Recorder::create_in(directory, name, lines(size), size, title, *at).map_err(|error| {
            let what = format!("Nothing is recorded: no file could be made in {}: {error}", directory.display());
            Trouble::new(what, Some("Name another directory in settings.toml: recordings = \"…\""))
        })?;
        let told = format!("Recording {title} into {}", recorder.path().display());
        self.0 = Some(Running { recorder, began: Instant::now() });
        self.output(still.as_bytes())?;
        Ok(told)
    }

    /// What the node wrote. The error is told; nothing more is recorded then.
    pub fn output(&mut self, bytes: &[u8]) -> Result<(), Trouble> {
        self.with(|running| running.recorder.output(running.began.elapsed(), bytes))
    }

    /// The terminal's new size.
    pub fn resize(&mut self, size: TerminalSize) -> Result<(), Trouble> {
        self.with(|running| running.recorder.resize(running.began.elapsed(), size))
    }

    /// Ends the recording; what to tell, if there is one.
    pub fn end(&mut self) -> Option<Result<String, Trouble>> {
        let recorder = self.0.take()?.recorder;
        let path = recorder.path().to_owned();
        // The text has the same name.
        let told = || format!("Recorded into {} and .txt", path.display());
        Some(recorder.finish().map(|()| told()).map_err(|error| incomplete(&path, &error)))
    }

    fn with(&mut self, act: impl FnOnce(&mut Running) -> io::Result<()>) -> Result<(), Trouble> {
        let Some(running) = &mut self.0 else { return Ok(()) };
        let Err(error) = act(running) else { return Ok(()) };
        let trouble = incomplete(running.recorder.path(), &error);
        self.0 = None;
        Err(trouble)
    }
}

fn incomplete(path: &Path, error: &io::Error) -> Trouble {
    let what = format!("The recording {} is not complete, and over: {error}", path.display());
    Trouble::new(what, Some("The session goes on. Make room, or name another directory in settings.toml."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ssm::Timestamp;

    const SIZE: TerminalSize = TerminalSize { cols: 80, rows: 24 };

    fn wanted(directory: &Path) -> Recording {
        let (name, title) = ("web-1".to_owned(), "web-1".to_owned());
        Recording { directory: directory.to_owned(), name, title, at: Timestamp::from_millis(0) }
    }

    #[test]
    fn a_recording_says_where_it_is_at_both_ends() {
        let dir = tempfile::tempdir().unwrap();
        let mut tape = Tape::default();
        assert!(tape.end().is_none());
        let cast = dir.path().join("web-1.cast").display().to_string();
        assert!(tape.begin(&wanted(dir.path()), SIZE, "$ \x1b[1;3H").unwrap().contains(&cast));
        assert!(tape.begin(&wanted(dir.path()), SIZE, "$ ").unwrap().starts_with("Already"));
        tape.output(b"hello\r\n").unwrap();
        tape.resize(SIZE).unwrap();
        let told = tape.end().unwrap().unwrap();
        assert!(told.contains(&cast) && told.ends_with(".cast and .txt"), "{told}");
        assert_eq!(std::fs::read_to_string(dir.path().join("web-1.txt")).unwrap(), "$ hello\n");
        let recorded = std::fs::read_to_string(&cast).unwrap();
        assert!(recorded.lines().nth(1).unwrap().contains(r#""o","$ \u001b[1;3H""#), "{recorded}");
        assert!(!tape.runs());
    }

    #[test]
    fn no_directory_no_recording() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("file"), "").unwrap();
        let mut tape = Tape::default();
        let trouble = tape.begin(&wanted(&dir.path().join("file")), SIZE, "").unwrap_err();
        assert!(trouble.what.contains("Nothing is recorded") && !tape.runs(), "{trouble:?}");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_ends_the_recording_and_is_told_once() {
        let full = || std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let path = Path::new("/full/web-1.cast");
        let files = (full(), full());
        let recorder = Recorder::over(path, files, lines(SIZE), SIZE, "web-1", Timestamp::from_millis(0)).unwrap();
        let mut tape = Tape(Some(Running { recorder, began: Instant::now() }));
        let troubles: Vec<_> = (0..10).filter_map(|_| tape.output(&[b'x'; 64 * 1024]).err()).collect();
        assert_eq!(troubles.len(), 1);
        assert!(troubles[0].what.starts_with("The recording /full/web-1.cast is not complete"), "{troubles:?}");
        assert!(!tape.runs() && tape.end().is_none());
    }
}
