//! Words to the person at the terminal: on standard error, never raw, and never a question when nobody is there.

use std::io::{self, BufRead, IsTerminal, Write};

use crate::console::text;

/// Says a sentence. Control characters in it, which may come from a node or a service, are dropped. Nobody is left to
/// tell when standard error is gone.
pub fn say(sentence: &str) {
    let lines = sentence.lines().map(text::clean);
    let _ = writeln!(io::stderr(), "{}", lines.collect::<Vec<_>>().join("\n"));
}

/// Whether somebody is there who can be asked.
pub fn somebody_there() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Asks; only `y` and `yes` mean yes.
pub fn confirm(question: &str) -> io::Result<bool> {
    let mut error = io::stderr();
    write!(error, "{} [y/N] ", text::clean(question))?;
    error.flush()?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}

/// A line that shows how far something is and is written over by the next. Silent unless a terminal shows it.
#[derive(Debug)]
pub struct Progress {
    shown: bool,
    last: String,
}

impl Progress {
    /// Nothing shown yet.
    pub fn new() -> Self {
        Self { shown: io::stderr().is_terminal(), last: String::new() }
    }

    /// Shows how far it is.
    pub fn show(&mut self, line: &str) {
        if self.shown && self.last != line {
            let line = text::clean(line);
            let _ = write!(io::stderr(), "\r{}\u{1b}[K", text::cut(&line, 79)).and_then(|()| io::stderr().flush());
            self.last = line;
        }
    }

    /// Takes the line away.
    pub fn clear(&mut self) {
        if self.shown && !self.last.is_empty() {
            let _ = write!(io::stderr(), "\r\u{1b}[K").and_then(|()| io::stderr().flush());
            self.last.clear();
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.clear();
    }
}
