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
    ssm::Timestamp,
};

/// A recording, or none.
#[derive(Debug)]
pub struct Record(Option<Running>);

#[derive(Debug)]
struct Running {
    recorder: Recorder,
    began: Instant,
}

impl Record {
    /// Begins a recording of a node's session if a file is named.
    pub fn begin(path: Option<&Path>, node: &str) -> anyhow::Result<Self> {
        let Some(path) = path else { return Ok(Self(None)) };
        let recorder = Recorder::create(path, terminal_size(), node, Timestamp::now())
            .with_context(|| format!("cannot record into {}", path.display()))?;
        Ok(Self(Some(Running { recorder, began: Instant::now() })))
    }

    /// What the node wrote.
    pub fn output(&mut self, bytes: &[u8]) {
        self.with(|running| running.recorder.output(running.began.elapsed(), bytes));
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
