//! The user's terminal: raw while a shell has it, as it was before in any case; and outputs that may be a terminal.

use std::{
    io::{self, IsTerminal, Write},
    panic,
    sync::Once,
};

use crossterm::terminal::{disable_raw_mode, enable_raw_mode, size};

use super::modes::Modes;
use crate::{
    client::{TerminalSize, recording::Filter},
    console::heir::Heir,
};

/// What AWS's client tells when there is no terminal.
const NO_TERMINAL: TerminalSize = TerminalSize { cols: 300, rows: 100 };

/// The size of the terminal now.
pub fn terminal_size() -> TerminalSize {
    match size() {
        Ok((cols, rows)) if cols > 0 && rows > 0 => TerminalSize { cols: cols.into(), rows: rows.into() },
        _ => NO_TERMINAL,
    }
}

/// The terminal in raw mode; dropping it restores the terminal.
#[derive(Debug)]
pub struct Screen {
    raw: bool,
    /// What the shell's programs have switched on.
    modes: Modes,
    /// Who gives the terminal back if this process is killed.
    heir: Option<Heir>,
}

impl Screen {
    /// Takes the terminal over if standard input is one.
    pub fn raw() -> io::Result<Self> {
        static HOOK: Once = Once::new();
        let raw = io::stdin().is_terminal();
        let mut heir = None;
        if raw {
            HOOK.call_once(|| {
                let report = panic::take_hook();
                panic::set_hook(Box::new(move |panic| {
                    let _ = disable_raw_mode();
                    report(panic);
                }));
            });
            heir = Heir::start(false);
            enable_raw_mode()?;
            heir.iter_mut().for_each(Heir::taken);
        }
        Ok(Self { raw, modes: Modes::default(), heir })
    }

    /// Writes a shell's output as it is: the terminal belongs to the shell, as with ssh.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.modes.watch(bytes);
        let mut out = io::stdout().lock();
        out.write_all(bytes)?;
        out.flush()
    }

    /// Says something on a line of its own.
    pub fn say(&self, sentence: &str) {
        let end = if self.raw { "\r\n" } else { "\n" };
        let _ = write!(io::stderr(), "{end}[{sentence}]{end}");
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        // A program that was cut off cannot switch off what it has switched on.
        if io::stdout().is_terminal() {
            let mut out = io::stdout().lock();
            let _ = out.write_all(self.modes.undo().as_bytes()).and_then(|()| out.flush());
        }
        if self.raw {
            let _ = disable_raw_mode();
        }
        self.heir.iter_mut().for_each(Heir::given);
    }
}

/// Changes of the terminal's size.
pub struct Resizes {
    #[cfg(unix)]
    signal: tokio::signal::unix::Signal,
}

/// Begins to watch the size of the terminal.
pub fn resizes() -> io::Result<Resizes> {
    Ok(Resizes {
        #[cfg(unix)]
        signal: tokio::signal::unix::signal(tokio::signal::unix::SignalKind::window_change())?,
    })
}

impl Resizes {
    /// Ready at the next change.
    pub async fn next(&mut self) {
        #[cfg(unix)]
        self.signal.recv().await;
        #[cfg(not(unix))]
        std::future::pending::<()>().await;
    }
}

/// A command's output: as it is into a file or a pipe, without control sequences onto a terminal.
pub struct Sink {
    out: Box<dyn Write + Send>,
    filter: Option<Filter>,
}

impl Sink {
    /// Standard output.
    pub fn stdout() -> Self {
        Self { filter: io::stdout().is_terminal().then(Filter::default), out: Box::new(io::stdout()) }
    }

    /// Standard error.
    pub fn stderr() -> Self {
        Self { filter: io::stderr().is_terminal().then(Filter::default), out: Box::new(io::stderr()) }
    }

    /// Writes and flushes.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        match &mut self.filter {
            Some(filter) => self.out.write_all(&filter.clean(bytes))?,
            None => self.out.write_all(bytes)?,
        }
        self.out.flush()
    }
}
