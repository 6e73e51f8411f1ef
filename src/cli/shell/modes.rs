//! What the programs of a shell switch on in the user's terminal: a session that ends in the middle of one leaves mouse,
//! full screen or a hidden cursor behind, unless somebody switches them off.

use std::collections::BTreeSet;

/// Private modes that are off in a terminal at rest.
const OFF_AT_REST: &[u16] = &[1, 47, 66, 1000, 1002, 1003, 1004, 1005, 1006, 1015, 1047, 1049, 2004, 2026];
/// The cursor, which is on.
const CURSOR: u16 = 25;
/// The longest sequence that is followed.
const LIMIT: usize = 64;

/// The modes that a stream of output has left changed.
#[derive(Debug, Default)]
pub struct Modes {
    changed: BTreeSet<u16>,
    /// The sequence that is being read, from its escape on.
    sequence: Vec<u8>,
    /// Whether colours or styles may be left.
    styled: bool,
}

impl Modes {
    /// Watches what is written, wherever it is cut.
    pub fn watch(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            if self.sequence.is_empty() {
                // Most of what is written is no sequence.
                let Some(start) = bytes.iter().position(|byte| *byte == 0x1b) else { return };
                bytes = &bytes[start..];
            }
            let byte = bytes[0];
            bytes = &bytes[1..];
            if byte == 0x1b {
                self.sequence.clear();
            }
            self.sequence.push(byte);
            let over = match self.sequence.as_slice() {
                [_] | [_, b'['] => false,
                [_, b'[', .., last] => (0x40..=0x7e).contains(last) || self.sequence.len() > LIMIT,
                _ => true,
            };
            if over {
                self.take();
                self.sequence.clear();
            }
        }
    }

    fn take(&mut self) {
        match self.sequence.as_slice() {
            [_, b'c'] => *self = Self::default(),
            [_, b'[', b'?', modes @ .., last @ (b'h' | b'l')] => {
                let modes: Vec<u16> =
                    String::from_utf8_lossy(modes).split(';').filter_map(|mode| mode.parse().ok()).collect();
                for mode in modes {
                    let set = *last == b'h';
                    let changed = if mode == CURSOR { !set } else { set && OFF_AT_REST.contains(&mode) };
                    if changed { _ = self.changed.insert(mode) } else { _ = self.changed.remove(&mode) }
                }
            }
            [_, b'[', parameters @ .., b'm'] => self.styled = !matches!(parameters, b"" | b"0"),
            _ => {}
        }
    }

    /// What puts the terminal back as it was.
    pub fn undo(&self) -> String {
        let modes = self.changed.iter().map(|mode| match *mode {
            CURSOR => "\x1b[?25h".to_owned(),
            mode => format!("\x1b[?{mode}l"),
        });
        let style = if self.styled { "\x1b[0m" } else { "" };
        modes.collect::<String>() + style
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_left_switched_on_is_switched_off_and_nothing_else() {
        let text = b"\x1b[?1049h\x1b[?25l\x1b[?1002;1006hscreen\x1b[1;31mred\x1b[?12h\x1b[?2004h\x1b[?2004l";
        for cut in 0..text.len() {
            let mut modes = Modes::default();
            modes.watch(&text[..cut]);
            modes.watch(&text[cut..]);
            assert_eq!(modes.undo(), "\x1b[?25h\x1b[?1002l\x1b[?1006l\x1b[?1049l\x1b[0m", "cut at {cut}");
        }
        let mut modes = Modes::default();
        modes.watch(text);
        modes.watch(b"\x1b[?1049;1002;1006l\x1b[?25h\x1b[0m");
        assert_eq!(modes.undo(), "");
        modes.watch(text);
        modes.watch(b"\x1bc");
        assert_eq!(modes.undo(), "");
    }
}
