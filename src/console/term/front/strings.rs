//! Strings: operating system commands (OSC) and device control (DCS).

use std::fmt::Write as _;

use super::Front;
use crate::console::term::{
    modes::CursorShape,
    sequence::Sequence,
    style::{Colour, Link, Marks},
};

/// Titles on the stack; the oldest gives way.
const TITLES: usize = 10;

impl Front {
    pub(super) fn command(&mut self, payload: &[u8], bell: bool) {
        let split = payload.iter().position(|b| *b == b';').unwrap_or(payload.len());
        let arguments = payload.get(split + 1..).unwrap_or_default();
        match &payload[..split] {
            b"0" | b"2" => self.title = self.pending.title(arguments),
            b"4" => self.replies.palette(arguments, bell),
            b"8" => self.link(arguments),
            b"10" => self.replies.colour(10, arguments, bell),
            b"11" => self.replies.colour(11, arguments, bell),
            b"12" => self.replies.colour(12, arguments, bell),
            b"52" => self.pending.clipboard(arguments),
            b"110" => self.replies.reset_colour(10),
            b"111" => self.replies.reset_colour(11),
            b"112" => self.replies.reset_colour(12),
            _ => {}
        }
    }

    /// `parameters;address`, an empty address ends the link.
    fn link(&mut self, arguments: &[u8]) {
        let address = arguments.iter().position(|b| *b == b';').map(|split| &arguments[split + 1..]);
        let address = address.and_then(|address| std::str::from_utf8(address).ok()).unwrap_or("");
        self.make_room();
        let link = if address.is_empty() { Link::default() } else { self.core.link(address) };
        if link != self.state.style.link {
            self.set_link(link);
        }
    }

    /// Window operations: saving and restoring the title, and the size of the text. The rest is not for programs.
    pub(super) fn window(&mut self, sequence: Sequence<'_>) {
        let mut numbers = sequence.numbers();
        match (numbers.next(), numbers.next().unwrap_or(0)) {
            (Some(18), _) => {
                let size = self.core.size();
                self.replies.say(&format!("\x1b[8;{};{}t", size.rows(), size.columns()));
            }
            (Some(22), 0 | 2) => {
                if self.titles.len() == TITLES {
                    self.titles.remove(0);
                }
                self.titles.push(self.title.clone());
            }
            (Some(23), 0 | 2) => {
                if let Some(title) = self.titles.pop() {
                    self.title = self.pending.title(title.as_bytes());
                }
            }
            _ => {}
        }
    }

    /// Device control: the requests for settings (DECRQSS) and for capabilities (XTGETTCAP).
    pub(super) fn device(&mut self, payload: &[u8]) {
        if let Some(setting) = payload.strip_prefix(b"$q") {
            match self.setting(setting) {
                Some(value) => self.replies.say(&format!("\x1bP1$r{value}\x1b\\")),
                None => self.replies.say("\x1bP0$r\x1b\\"),
            }
        } else if let Some(names) = payload.strip_prefix(b"+q") {
            for name in names.split(|b| *b == b';') {
                // The name goes back as it came only if it is one.
                let Ok(hex) = std::str::from_utf8(name) else { continue };
                match capability(hex) {
                    Some(value) => self.replies.say(&format!("\x1bP1+r{hex}={}\x1b\\", to_hex(value))),
                    None if hex.bytes().all(|b| b.is_ascii_hexdigit()) => {
                        self.replies.say(&format!("\x1bP0+r{hex}\x1b\\"));
                    }
                    None => {}
                }
            }
        }
    }

    fn setting(&mut self, name: &[u8]) -> Option<String> {
        Some(match name {
            b"m" => self.rendition_now() + "m",
            b"r" => {
                let last = self.core.size().rows() - 1;
                let (top, bottom) = self.state.margins.unwrap_or((0, last));
                format!("{};{}r", top + 1, bottom + 1)
            }
            b" q" => {
                let blinks = |n: u8, blinks: bool| n + u8::from(!blinks);
                self.model();
                let number = match self.modes().cursor_shape {
                    CursorShape::Default => 1,
                    CursorShape::Block { blinks: on } => blinks(1, on),
                    CursorShape::Underline { blinks: on } => blinks(3, on),
                    CursorShape::Bar { blinks: on } => blinks(5, on),
                };
                format!("{number} q")
            }
            b"\"p" => format!("{};1\"p", self.state.level.unwrap_or(62)),
            b"\"q" => "0\"q".to_owned(),
            _ => return None,
        })
    }

    /// The scroll region and the rendition in force, as a program would set them.
    pub(in crate::console::term) fn in_force(&self) -> String {
        let region = self.state.margins.map(|(top, bottom)| format!("\x1b[{};{}r", top + 1, bottom + 1));
        format!("{}\x1b[{}m", region.unwrap_or_default(), self.rendition_now())
    }

    /// The rendition in force, as a program would write it.
    fn rendition_now(&self) -> String {
        const NUMBERS: [(Marks, u8); 7] = [
            (Marks::BOLD, 1),
            (Marks::DIM, 2),
            (Marks::ITALIC, 3),
            (Marks::UNDERLINE, 4),
            (Marks::BLINK, 5),
            (Marks::INVERSE, 7),
            (Marks::STRIKE, 9),
        ];
        let style = self.state.style;
        let mut out = String::from("0");
        // Writing to a string cannot fail.
        for (_, number) in NUMBERS.iter().filter(|(mark, _)| style.marks.contains(*mark)) {
            let _ = write!(out, ";{number}");
        }
        if self.state.hidden {
            out.push_str(";8");
        }
        for (base, colour) in [(30, style.foreground), (40, style.background)] {
            let _ = match colour {
                Colour::Default => Ok(()),
                Colour::Indexed(n @ 0..8) => write!(out, ";{}", base + n),
                Colour::Indexed(n @ 8..16) => write!(out, ";{}", base + 60 + n - 8),
                Colour::Indexed(n) => write!(out, ";{}:5:{n}", base + 8),
                Colour::Rgb(r, g, b) => write!(out, ";{}:2::{r}:{g}:{b}", base + 8),
            };
        }
        out
    }
}

/// The capabilities programs ask for, by their names in hexadecimal.
fn capability(hex: &str) -> Option<&'static str> {
    [("TN", "xterm-256color"), ("name", "xterm-256color"), ("Co", "256"), ("colors", "256"), ("RGB", "8/8/8")]
        .into_iter()
        .find(|(name, _)| hex.eq_ignore_ascii_case(&to_hex(name)))
        .map(|(_, value)| value)
}

fn to_hex(text: &str) -> String {
    text.bytes().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}
