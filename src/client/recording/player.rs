//! Reads asciicast v2 recordings, ours and others'.

use std::{
    io::{self, BufRead, Read},
    time::Duration,
};

use serde::Deserialize;

use crate::client::TerminalSize;

/// The longest line of a recording.
const LINE: u64 = 16 * 1024 * 1024;

/// A recording being read.
#[derive(Debug)]
pub struct Player<R> {
    lines: R,
    number: usize,
    size: TerminalSize,
}

/// One moment of a recording, by the time since its beginning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// When.
    pub at: Duration,
    /// What.
    pub event: Event,
}

/// What happened to the terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// This was written to it.
    Output(String),
    /// It has this size from now on.
    Resize(TerminalSize),
}

/// Why a recording cannot be played.
#[derive(Debug, thiserror::Error)]
pub enum RecordingError {
    /// It is no recording.
    #[error("it is no asciicast recording of version 2")]
    Format,
    /// A line of it cannot be read.
    #[error("line {0} of the recording cannot be read")]
    Line(usize),
    /// The file cannot be read.
    #[error(transparent)]
    Io(#[from] io::Error),
}

#[derive(Deserialize)]
struct Header {
    version: u32,
    #[serde(default)]
    width: u32,
    #[serde(default)]
    height: u32,
}

impl<R: BufRead> Player<R> {
    /// Reads the header.
    pub fn open(lines: R) -> Result<Self, RecordingError> {
        let mut player = Self { lines, number: 0, size: TerminalSize { cols: 80, rows: 24 } };
        let line = player.line()?.ok_or(RecordingError::Format)?;
        match serde_json::from_slice::<Header>(&line) {
            Ok(Header { version: 2, width, height }) => {
                if width > 0 && height > 0 {
                    player.size = TerminalSize { cols: width, rows: height };
                }
                Ok(player)
            }
            _ => Err(RecordingError::Format),
        }
    }

    /// The size of the terminal at the beginning.
    pub fn size(&self) -> TerminalSize {
        self.size
    }

    /// The next piece of output or size; `None` at the end. Input and marks are passed over, and sizes that are none.
    pub fn next_frame(&mut self) -> Result<Option<Frame>, RecordingError> {
        while let Some(line) = self.line()? {
            if line.iter().all(u8::is_ascii_whitespace) {
                continue;
            }
            let (at, kind, data): (f64, String, String) =
                serde_json::from_slice(&line).map_err(|_| RecordingError::Line(self.number))?;
            let at = Duration::try_from_secs_f64(at).map_err(|_| RecordingError::Line(self.number))?;
            let event = match kind.as_str() {
                "o" => Some(Event::Output(data)),
                "r" => size(&data).map(Event::Resize),
                _ => None,
            };
            if let Some(event) = event {
                return Ok(Some(Frame { at, event }));
            }
        }
        Ok(None)
    }

    fn line(&mut self) -> Result<Option<Vec<u8>>, RecordingError> {
        let mut line = Vec::new();
        self.number += 1;
        let read = self.lines.by_ref().take(LINE).read_until(b'\n', &mut line)?;
        match u64::try_from(read) {
            Ok(0) => Ok(None),
            Ok(read) if read < LINE => Ok(Some(line)),
            _ => Err(RecordingError::Line(self.number)),
        }
    }
}

/// A size as recordings have it: `80x24`.
fn size(text: &str) -> Option<TerminalSize> {
    let (cols, rows) = text.split_once('x')?;
    let size = TerminalSize { cols: cols.parse().ok()?, rows: rows.parse().ok()? };
    (size.cols > 0 && size.rows > 0).then_some(size)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn output_and_sizes_are_played_and_everything_else_passed_over() {
        let text = "{\"version\": 2, \"width\": 90, \"height\": 30}\n[0.5, \"o\", \"a\"]\n\n[0.6, \"i\", \"x\"]\n[1, \"r\", \"70x20\"]\n\
                    [1, \"r\", \"wide\"]\n[1, \"r\", \"0x9\"]\n[2.25, \"o\", \"b\"]\n";
        let mut player = Player::open(text.as_bytes()).unwrap();
        let frame = |millis, event| Some(Frame { at: Duration::from_millis(millis), event });
        let output = |text: &str| Event::Output(text.to_owned());
        assert_eq!((player.size().cols, player.size().rows), (90, 30));
        assert_eq!(player.next_frame().unwrap(), frame(500, output("a")));
        let size = TerminalSize { cols: 70, rows: 20 };
        assert_eq!(player.next_frame().unwrap(), frame(1000, Event::Resize(size)));
        assert_eq!(player.next_frame().unwrap(), frame(2250, output("b")));
        assert_eq!(player.next_frame().unwrap(), None);
    }

    #[test]
    fn what_is_no_recording_is_told_apart() {
        for text in ["", "hello", "{\"version\": 1}", "[1,2]"] {
            assert!(matches!(Player::open(text.as_bytes()), Err(RecordingError::Format)), "{text}");
        }
        for line in ["[\"x\"]", "[-1, \"o\", \"x\"]", "[1e300, \"o\", \"x\"]", "junk"] {
            let text = format!("{{\"version\": 2}}\n{line}\n");
            let error = Player::open(text.as_bytes()).unwrap().next_frame().unwrap_err();
            assert!(matches!(error, RecordingError::Line(2)), "{line}: {error}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_panic_the_player(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let mut text = b"{\"version\":2}\n".to_vec();
            text.extend(bytes);
            let mut player = Player::open(&text[..]).unwrap();
            while let Ok(Some(_)) = player.next_frame() {}
        }
    }
}
