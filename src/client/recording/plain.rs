//! What a session showed, as text: the lines as its terminal had them.

use std::{
    fmt,
    io::{self, Write},
};

use crate::client::TerminalSize;

/// A terminal that tells the lines it shows. What was erased, overwritten or never echoed is in none of them.
pub trait Lines: Send + fmt::Debug {
    /// Takes output. The lines that have left the screen since, each with its end.
    fn output(&mut self, bytes: &[u8]) -> String;
    /// The terminal has another size. The lines that left the screen by that.
    fn resize(&mut self, size: TerminalSize) -> String;
    /// The lines that stand on the screen; nothing comes after them.
    fn rest(&mut self) -> String;
}

/// A text being written.
#[derive(Debug)]
pub struct Plain<W: Write> {
    out: W,
    lines: Box<dyn Lines>,
}

impl<W: Write> Plain<W> {
    /// Nothing written yet.
    pub fn new(out: W, lines: Box<dyn Lines>) -> Self {
        Self { out, lines }
    }

    /// Takes a piece of output, and writes the lines that are whole by it.
    pub fn output(&mut self, bytes: &[u8]) -> io::Result<()> {
        let lines = self.lines.output(bytes);
        self.out.write_all(lines.as_bytes())
    }

    /// Takes another size of the terminal.
    pub fn resize(&mut self, size: TerminalSize) -> io::Result<()> {
        let lines = self.lines.resize(size);
        self.out.write_all(lines.as_bytes())
    }

    /// Writes what stands on the screen, at the end.
    pub fn finish(&mut self) -> io::Result<()> {
        let lines = self.lines.rest();
        self.out.write_all(lines.as_bytes())?;
        self.flush()
    }

    /// Hands everything to the file.
    pub fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
