//! `shell --record`: the recording that runs beside a session. A full disk ends the recording, not the session.

use std::{io, path::Path, time::Instant};

use anyhow::Context;

use super::screen::terminal_size;
use crate::{
    cli::talk,
    client::{
        TerminalSize,
        recording::{Recorder, text_beside},
    },
    console::term::lines,
    ssm::Timestamp,
};

/// A recording, or none.
#[derive(Debug)]
pub struct Record(Option<Running>);

#[derive(Debug)]
struct Running {
    recorder: Recorder,
    began: Instant,
    piped: bool,
    /// The last byte that came.
    last: u8,
}

impl Record {
    /// Begins a recording of a node's session if a file is named. `piped`: there is no terminal on the node, which would end
    /// lines as terminals want them ended.
    pub fn begin(path: Option<&Path>, node: &str, piped: bool) -> anyhow::Result<Self> {
        let Some(path) = path else { return Ok(Self(None)) };
        let size = terminal_size();
        let recorder = Recorder::create(path, lines(size), size, node, Timestamp::now())
            .with_context(|| format!("cannot record into {}", path.display()))?;
        Ok(Self(Some(Running { recorder, began: Instant::now(), piped, last: 0 })))
    }

    /// What the node wrote.
    pub fn output(&mut self, bytes: &[u8]) {
        self.with(|running| {
            let ended = running.piped.then(|| with_returns(bytes, &mut running.last));
            running.recorder.output(running.began.elapsed(), ended.as_deref().unwrap_or(bytes))
        });
    }

    /// The terminal's new size.
    pub fn resize(&mut self, size: TerminalSize) {
        self.with(|running| running.recorder.resize(running.began.elapsed(), size));
    }

    /// Ends it and says where it is.
    pub fn end(self) {
        let Some(running) = self.0 else { return };
        let path = running.recorder.path().to_owned();
        match running.recorder.finish() {
            Ok(()) => talk::say(&format!("recorded in {} and {}", path.display(), text_beside(&path).display())),
            Err(error) => talk::say(&format!("fleetdeck: the recording {} is not complete: {error}", path.display())),
        }
    }

    fn with(&mut self, act: impl FnOnce(&mut Running) -> io::Result<()>) {
        let Some(running) = &mut self.0 else { return };
        if let Err(error) = act(running) {
            talk::say(&format!("fleetdeck: the recording {} ends here: {error}", running.recorder.path().display()));
            self.0 = None;
        }
    }
}

/// Text with its lines ended as terminals want it. `last` is the byte before it.
fn with_returns(bytes: &[u8], last: &mut u8) -> Vec<u8> {
    let mut ended = Vec::with_capacity(bytes.len() + bytes.len() / 16);
    for &byte in bytes {
        if byte == b'\n' && *last != b'\r' {
            ended.push(b'\r');
        }
        ended.push(byte);
        *last = byte;
    }
    ended
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_a_pipe_are_ended_as_a_terminal_would() {
        let mut last = 0;
        let pieces: [&[u8]; 4] = [b"a\nb\r", b"\n\n", b"", b"c\r\n"];
        let ended: Vec<u8> = pieces.iter().flat_map(|piece| with_returns(piece, &mut last)).collect();
        assert_eq!(String::from_utf8(ended).unwrap(), "a\r\nb\r\n\r\nc\r\n");
    }
}
