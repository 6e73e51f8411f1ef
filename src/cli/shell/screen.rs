//! The user's terminal: raw while a shell has it, as it was before in any case; and outputs that may be a terminal.

use std::{
    io::{self, IsTerminal, Write},
    panic,
    sync::Once,
};

use crossterm::terminal::{disable_raw_mode, enable_raw_mode, size};

use crate::client::TerminalSize;

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
}

impl Screen {
    /// Takes the terminal over if standard input is one.
    pub fn raw() -> io::Result<Self> {
        static HOOK: Once = Once::new();
        let raw = io::stdin().is_terminal();
        if raw {
            HOOK.call_once(|| {
                let report = panic::take_hook();
                panic::set_hook(Box::new(move |panic| {
                    let _ = disable_raw_mode();
                    report(panic);
                }));
            });
            enable_raw_mode()?;
        }
        Ok(Self { raw })
    }

    /// Says something on a line of its own.
    pub fn say(&self, sentence: &str) {
        let end = if self.raw { "\r\n" } else { "\n" };
        let _ = write!(io::stderr(), "{end}[{sentence}]{end}");
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        if self.raw {
            let _ = disable_raw_mode();
        }
    }
}

/// Writes a shell's output as it is: the terminal belongs to the shell, as with ssh.
pub fn write(bytes: &[u8]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(bytes)?;
    out.flush()
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

/// Takes control characters and escape sequences out of a stream, wherever it is cut.
#[derive(Debug, Default)]
struct Filter {
    state: State,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Ground,
    /// After ESC.
    Escape,
    /// In a control sequence, to its final byte.
    Control,
    /// In a string (title, clipboard, device control), to BEL, ST or the end of the line.
    Text,
    /// After the first byte of an encoded C1 control.
    HighControl,
}

impl Filter {
    fn clean(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut kept = Vec::with_capacity(bytes.len());
        for &byte in bytes {
            self.state = match (self.state, byte) {
                (State::Text, 0x07) => State::Ground,
                (_, 0x1b) => State::Escape,
                (State::Text, b'\n') | (State::Ground, b'\t' | b'\n' | b'\r') => {
                    kept.push(byte);
                    State::Ground
                }
                (State::Text, _) => State::Text,
                (State::Escape, b'[') => State::Control,
                (State::Escape, b']' | b'P' | b'X' | b'^' | b'_') => State::Text,
                // Intermediate bytes; one final byte follows.
                (State::Escape, 0x20..=0x2f) => State::Escape,
                (State::Escape, _) => State::Ground,
                (State::Control, 0x40..=0x7e) => State::Ground,
                (State::Control, _) => State::Control,
                (State::Ground, 0xc2) => State::HighControl,
                (State::HighControl, 0x80..=0x9f) => State::Ground,
                (State::HighControl, _) => {
                    kept.extend([0xc2, byte]);
                    State::Ground
                }
                (State::Ground, 0..=0x1f | 0x7f) => State::Ground,
                (State::Ground, _) => {
                    kept.push(byte);
                    State::Ground
                }
            };
        }
        kept
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_but_text_passes_wherever_the_stream_is_cut() {
        let hostile = "a\u{1b}[31mb\u{1b}]52;c;AAAA\u{7}c\u{9b}d\u{1b}(Be\u{8}ü€\r\n\u{1b}]0;title\u{1b}\\f".as_bytes();
        let expected = "abcdeü€\r\nf";
        for cut in 0..hostile.len() {
            let mut filter = Filter::default();
            let mut clean = filter.clean(&hostile[..cut]);
            clean.extend(filter.clean(&hostile[cut..]));
            assert_eq!(String::from_utf8(clean).unwrap(), expected, "cut at {cut}");
        }
    }
}
