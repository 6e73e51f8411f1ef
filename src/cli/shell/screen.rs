//! The user's terminal: raw while a shell has it, as it was before in any case; and outputs that may be a terminal.

use std::{
    io::{self, IsTerminal},
    panic,
    sync::Once,
    time::Duration,
};

use crossterm::terminal::{disable_raw_mode, enable_raw_mode, size};

use super::{modes::Modes, outlet::Outlet};
use crate::{
    client::{TerminalSize, recording::Filter},
    console::{heir::Heir, text},
};

/// What AWS's client tells when there is no terminal.
const NO_TERMINAL: TerminalSize = TerminalSize { cols: 300, rows: 100 };
/// How long a terminal that takes nothing is waited for in the end.
const PATIENCE: Duration = Duration::from_millis(300);

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
    out: Outlet,
    err: Outlet,
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
        let (out, err) = (Outlet::new(&io::stdout()), Outlet::new(&io::stderr()));
        Ok(Self { raw, out, err, modes: Modes::default(), heir })
    }

    /// Writes a shell's output as it is: the terminal belongs to the shell, as with ssh. What finds no room waits.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.modes.watch(bytes);
        self.out.put(bytes)
    }

    /// Says something on a line of its own.
    pub fn say(&mut self, sentence: &str) {
        let end = if self.raw { "\r\n" } else { "\n" };
        let _ = self.err.put(format!("{end}[{sentence}]{end}").as_bytes());
    }

    /// Whether something waits to be shown.
    pub fn waits(&self) -> bool {
        self.out.waits() || self.err.waits()
    }

    /// Waits until everything is shown. Cancel safe.
    pub async fn drain(&mut self) -> io::Result<()> {
        // Nobody is left to tell when standard error is gone.
        if self.err.drain().await.is_err() {
            self.err.hurry();
        }
        self.out.drain().await
    }

    /// Shows no more than there is room for at once.
    pub fn hurry(&mut self) {
        self.out.hurry();
        self.err.hurry();
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        // A program that was cut off cannot switch off what it has switched on.
        if io::stdout().is_terminal() {
            self.out.end(self.modes.undo().as_bytes(), PATIENCE);
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
    out: Outlet,
    filter: Option<Filter>,
}

impl Sink {
    /// Standard output.
    pub fn stdout() -> Self {
        Self { filter: io::stdout().is_terminal().then(Filter::default), out: Outlet::new(&io::stdout()) }
    }

    /// Standard error.
    pub fn stderr() -> Self {
        Self { filter: io::stderr().is_terminal().then(Filter::default), out: Outlet::new(&io::stderr()) }
    }

    /// Writes what there is room for; the rest waits.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        match &mut self.filter {
            Some(filter) => self.out.put(&filter.clean(bytes)),
            None => self.out.put(bytes),
        }
    }

    /// Says a sentence of ours on it. Control characters are dropped.
    pub fn say(&mut self, sentence: &str) {
        let _ = self.out.put(format!("{}\n", text::clean(sentence)).as_bytes());
    }

    /// Whether something waits to be written.
    pub fn waits(&self) -> bool {
        self.out.waits()
    }

    /// Waits until everything is written. Cancel safe.
    pub async fn drain(&mut self) -> io::Result<()> {
        self.out.drain().await
    }

    /// Writes no more than there is room for at once.
    pub fn hurry(&mut self) {
        self.out.hurry();
    }
}
