//! Answers to the questions programs ask. They go back in the order of the questions, before later keys.
//!
//! Never answered: the title, checksums of cells, the clipboard. A program could have its answer typed into a shell.

use std::fmt::Write as _;

use super::Front;
use crate::console::term::sequence::Sequence;

/// Bytes of answers to one slice of the stream; what goes beyond is dropped.
const MOST: usize = 4 * 1024;

/// A VT220 with colour. Claiming more makes programs use margins and rectangles that are not there.
const PRIMARY_ATTRIBUTES: &str = "\x1b[?62;22c";
const SECONDARY_ATTRIBUTES: &str = "\x1b[>1;10;0c";
const VERSION: &str = concat!("\x1bP>|fleetdeck(", env!("CARGO_PKG_VERSION"), ")\x1b\\");

/// The colours a program is told when it asks for those of text and background: red, green, blue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Colours {
    /// Text.
    pub foreground: (u8, u8, u8),
    /// Background; programs choose a dark or a light theme by it.
    pub background: (u8, u8, u8),
}

impl Default for Colours {
    fn default() -> Self {
        Self { foreground: (0xd0, 0xd0, 0xd0), background: (0, 0, 0) }
    }
}

/// Answers that wait to be sent.
pub(super) struct Replies {
    pub(super) colours: Colours,
    out: String,
}

impl Replies {
    pub(super) fn new(colours: Colours) -> Self {
        Self { colours, out: String::new() }
    }

    pub(super) fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.out).into_bytes()
    }

    fn say(&mut self, answer: &str) {
        if self.out.len() + answer.len() <= MOST {
            self.out.push_str(answer);
        }
    }

    /// A colour command (10 text, 11 background) with its arguments: each stands for the next colour, `?` asks for it.
    pub(super) fn colour(&mut self, command: u8, arguments: &[u8], bell: bool) {
        let end = if bell { "\x07" } else { "\x1b\\" };
        for (argument, number) in arguments.split(|b| *b == b';').zip(command..=11) {
            if argument == b"?" {
                let (r, g, b) = if number == 10 { self.colours.foreground } else { self.colours.background };
                self.say(&format!("\x1b]{number};rgb:{r:02x}{r:02x}/{g:02x}{g:02x}/{b:02x}{b:02x}{end}"));
            }
        }
    }
}

impl Front {
    /// Answers a sequence if it is a question; `false` if it is not.
    pub(super) fn answer(&mut self, sequence: Sequence<'_>) -> bool {
        let number = sequence.count(0);
        let mut answer = String::new();
        match (sequence.prefix, sequence.intermediate, sequence.last, number) {
            (0, 0, b'c', 0) => answer.push_str(PRIMARY_ATTRIBUTES),
            (b'>', 0, b'c', 0) => answer.push_str(SECONDARY_ATTRIBUTES),
            (b'>', 0, b'q', 0) => answer.push_str(VERSION),
            (0, 0, b'n', 5) => answer.push_str("\x1b[0n"),
            (prefix @ (0 | b'?'), 0, b'n', 6) => {
                let (row, column) = self.core.cursor();
                let mark = if prefix == 0 { "" } else { "?" };
                let column = column.min(self.core.size().columns() - 1);
                // Writing to a string cannot fail.
                let _ = write!(answer, "\x1b[{mark}{};{}R", row + 1, column + 1);
            }
            (prefix @ (0 | b'?'), b'$', b'p', mode) => {
                let (mark, known) = if prefix == 0 { ("", self.mode(mode)) } else { ("?", self.private_mode(mode)) };
                let value = known.map_or(0, |on| if on { 1 } else { 2 });
                let _ = write!(answer, "\x1b[{mark}{mode};{value}$y");
            }
            _ => return false,
        }
        self.replies.say(&answer);
        true
    }
}
