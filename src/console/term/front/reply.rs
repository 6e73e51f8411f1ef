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

/// Red, green and blue.
type Rgb = (u8, u8, u8);

/// The colours a program is told when it asks for those of text and background.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Colours {
    /// Text.
    pub foreground: Rgb,
    /// Background; programs choose a dark or a light theme by it.
    pub background: Rgb,
}

impl Default for Colours {
    fn default() -> Self {
        Self { foreground: (0xd0, 0xd0, 0xd0), background: (0, 0, 0) }
    }
}

/// The colours a program set in place of the user's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OwnColours {
    /// Text.
    pub foreground: Option<Rgb>,
    /// Background.
    pub background: Option<Rgb>,
}

/// Answers that wait to be sent.
pub(super) struct Replies {
    pub(super) colours: Colours,
    /// What a program set in place of text, background and cursor.
    own: [Option<Rgb>; 3],
    out: String,
}

impl Replies {
    pub(super) fn new(colours: Colours) -> Self {
        Self { colours, own: [None; 3], out: String::new() }
    }

    pub(super) fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.out).into_bytes()
    }

    pub(super) fn say(&mut self, answer: &str) {
        if self.out.len() + answer.len() <= MOST {
            self.out.push_str(answer);
        }
    }

    pub(super) fn own_colours(&self) -> OwnColours {
        OwnColours { foreground: self.own[0], background: self.own[1] }
    }

    pub(super) fn reset_colour(&mut self, command: u8) {
        if let Some(own) = self.own.get_mut(usize::from(command.wrapping_sub(10))) {
            *own = None;
        }
    }

    pub(super) fn reset_colours(&mut self) {
        self.own = [None; 3];
    }

    /// A colour command (10 text, 11 background, 12 cursor) with its arguments: each stands for the next colour, `?` asks
    /// for it.
    pub(super) fn colour(&mut self, command: u8, arguments: &[u8], bell: bool) {
        for (argument, number) in arguments.split(|b| *b == b';').zip(command..=12) {
            let at = usize::from(number - 10);
            if argument == b"?" {
                let theirs = [self.colours.foreground, self.colours.background, self.colours.foreground][at];
                self.tell_colour(&number.to_string(), self.own[at].unwrap_or(theirs), bell);
            } else if let Some(colour) = specified(argument) {
                self.own[at] = Some(colour);
            }
        }
    }

    /// A palette command: pairs of an index and a colour, `?` asks for it. Setting it means nothing: the user's is shown.
    pub(super) fn palette(&mut self, arguments: &[u8], bell: bool) {
        let mut arguments = arguments.split(|b| *b == b';');
        while let (Some(index), Some(colour)) = (arguments.next(), arguments.next()) {
            let index = std::str::from_utf8(index).ok().and_then(|index| index.parse().ok());
            if let (Some(index), b"?") = (index, colour) {
                self.tell_colour(&format!("4;{index}"), usual(index), bell);
            }
        }
    }

    fn tell_colour(&mut self, what: &str, (r, g, b): Rgb, bell: bool) {
        let end = if bell { "\x07" } else { "\x1b\\" };
        self.say(&format!("\x1b]{what};rgb:{r:02x}{r:02x}/{g:02x}{g:02x}/{b:02x}{b:02x}{end}"));
    }
}

/// A colour as programs write it: `#rgb` to `#rrrrggggbbbb`, or `rgb:r/g/b` with one to four digits each.
fn specified(text: &[u8]) -> Option<Rgb> {
    let text = std::str::from_utf8(text).ok()?;
    let number = |digits: &str| {
        let valid = digits.bytes().all(|b| b.is_ascii_hexdigit());
        u32::from_str_radix(digits, 16).ok().filter(|_| valid)
    };
    if let Some(digits) = text.strip_prefix('#') {
        // The digits are the high ones.
        let each = Some(digits.len() / 3).filter(|each| (1..=4).contains(each) && digits.len() == each * 3)?;
        let part = |at: usize| {
            let number = number(digits.get(at * each..(at + 1) * each)?)? << (4 * (4 - each));
            u8::try_from(number >> 8).ok()
        };
        return Some((part(0)?, part(1)?, part(2)?));
    }
    let mut parts = text.strip_prefix("rgb:")?.split('/').map(|digits| {
        // The digits are a fraction of the largest number they can make.
        let largest = (1_u32 << (4 * u32::try_from(digits.len()).ok().filter(|n| (1..=4).contains(n))?)) - 1;
        u8::try_from((number(digits)? * 255 + largest / 2) / largest).ok()
    });
    let colour = (parts.next()??, parts.next()??, parts.next()??);
    parts.next().is_none().then_some(colour)
}

/// xterm's palette.
fn usual(index: u8) -> Rgb {
    const FIRST: [Rgb; 16] = [
        (0, 0, 0),
        (205, 0, 0),
        (0, 205, 0),
        (205, 205, 0),
        (0, 0, 238),
        (205, 0, 205),
        (0, 205, 205),
        (229, 229, 229),
        (127, 127, 127),
        (255, 0, 0),
        (0, 255, 0),
        (255, 255, 0),
        (92, 92, 255),
        (255, 0, 255),
        (0, 255, 255),
        (255, 255, 255),
    ];
    let step = |n: u8| if n == 0 { 0 } else { 55 + 40 * n };
    match index {
        0..16 => FIRST[usize::from(index)],
        16..232 => (step((index - 16) / 36), step((index - 16) / 6 % 6), step((index - 16) % 6)),
        232.. => (8 + 10 * (index - 232), 8 + 10 * (index - 232), 8 + 10 * (index - 232)),
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
                let (row, column) = self.model().cursor();
                let mark = if prefix == 0 { "" } else { "?" };
                let column = column.min(self.core.size().columns() - 1);
                let top = if self.state.origin { self.state.margins.map_or(0, |(top, _)| top) } else { 0 };
                // Writing to a string cannot fail.
                let _ = write!(answer, "\x1b[{mark}{};{}R", row.saturating_sub(top) + 1, column + 1);
            }
            (b'?', 0, b'u', _) => {
                let alternate = self.model().alternate_screen();
                let _ = write!(answer, "\x1b[?{}u", self.keyboard.flags(alternate));
            }
            (b'?', 0, b'm', 4) => {
                let _ = write!(answer, "\x1b[>4;{}m", self.keyboard.modify_other_keys);
            }
            // The request came with the third level.
            (0 | b'?', b'$', b'p', _) if self.state.level.is_some_and(|level| level < 63) => {}
            (prefix @ (0 | b'?'), b'$', b'p', mode) => {
                self.model();
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_specified_in_many_ways() {
        for (text, colour) in [
            ("#f00", Some((0xf0, 0, 0))),
            ("#f0f0f0", Some((0xf0, 0xf0, 0xf0))),
            ("#fff000fff", Some((0xff, 0, 0xff))),
            ("#ffff00000000", Some((0xff, 0, 0))),
            ("rgb:f/0/8", Some((0xff, 0, 0x88))),
            ("rgb:ff/00/80", Some((0xff, 0, 0x80))),
            ("rgb:ffff/0000/8080", Some((0xff, 0, 0x80))),
            ("#ff", None),
            ("#+1+1+1", None),
            ("rgb:1/2", None),
            ("rgb:1/2/3/4", None),
            ("red", None),
        ] {
            assert_eq!(specified(text.as_bytes()), colour, "{text}");
        }
        assert_eq!(
            (usual(16), usual(231), usual(255), usual(9)),
            ((0, 0, 0), (255, 255, 255), (238, 238, 238), (255, 0, 0))
        );
    }
}
