//! What the programs of a shell switch on in the user's terminal: a session that ends in the middle of one leaves mouse,
//! full screen or a hidden cursor behind, unless somebody switches them off.

use std::collections::BTreeSet;

use memchr::memchr3;

/// Private modes that are off in a terminal at rest.
const OFF_AT_REST: &[u16] =
    &[1, 5, 6, 9, 47, 66, 69, 1000, 1002, 1003, 1004, 1005, 1006, 1015, 1016, 1047, 1049, 2004, 2026, 2031];
/// Those that are on: wrapping, and the cursor.
const ON_AT_REST: &[u16] = &[WRAP, CURSOR];
const ORIGIN: u16 = 6;
const WRAP: u16 = 7;
const CURSOR: u16 = 25;
/// The modes of the other screen.
const OTHER_SCREEN: [u16; 3] = [47, 1047, 1049];
/// Modes of ANSI that are off: insertion, and a newline that begins a line.
const ANSI_OFF: &[u16] = &[4, 20];
/// What a soft reset sees to.
const SOFT_RESET: &[u16] = &[1, ORIGIN, CURSOR, 66, 69];
/// Another set of characters from here on, and the usual one again.
const SHIFT_OUT: u8 = 0x0e;
const SHIFT_IN: u8 = 0x0f;
const ESCAPE: u8 = 0x1b;
/// The longest sequence that is followed.
const LIMIT: usize = 64;

/// The modes that a stream of output has left changed.
#[derive(Debug, Default)]
pub struct Modes {
    changed: BTreeSet<u16>,
    ansi: BTreeSet<u16>,
    /// What xterm lets programs change of the keys: which of its settings.
    keys: BTreeSet<u16>,
    /// How often the flags of kitty's keyboard were laid aside, on the screen and on the other one, and whether those that
    /// lay there at first were changed.
    laid_aside: [(usize, bool); 2],
    /// The sequence that is being read, from its escape on.
    sequence: Vec<u8>,
    /// Whether colours or styles may be left.
    styled: bool,
    /// Whether less than the whole screen scrolls.
    margins: bool,
    /// Whether letters are drawn as lines.
    lines: bool,
    shifted: bool,
    keypad: bool,
}

impl Modes {
    /// Watches what is written, wherever it is cut.
    pub fn watch(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            if self.sequence.is_empty() {
                // Most of what is written is no sequence.
                let Some(start) = memchr3(ESCAPE, SHIFT_OUT, SHIFT_IN, bytes) else { return };
                bytes = &bytes[start..];
            }
            let byte = bytes[0];
            bytes = &bytes[1..];
            match byte {
                // They count wherever they stand.
                SHIFT_OUT | SHIFT_IN => {
                    self.shifted = byte == SHIFT_OUT;
                    continue;
                }
                ESCAPE => self.sequence.clear(),
                _ => {}
            }
            self.sequence.push(byte);
            let over = match self.sequence.as_slice() {
                [_] | [_, b'['] => false,
                [_, b'[', .., last] => (0x40..=0x7e).contains(last) || self.sequence.len() > LIMIT,
                // Whatever stands between an escape and its final byte.
                [_, .., 0x20..=0x2f] => self.sequence.len() > LIMIT,
                _ => true,
            };
            if over {
                let sequence = std::mem::take(&mut self.sequence);
                self.take(&sequence);
                self.sequence = sequence;
                self.sequence.clear();
            }
        }
    }

    fn take(&mut self, sequence: &[u8]) {
        match sequence {
            [_, b'c'] => *self = Self::default(),
            [_, b'=' | b'>'] => self.keypad = sequence[1] == b'=',
            [_, b'n' | b'o'] => self.shifted = true,
            [_, b'(', set] => self.lines = *set != b'B',
            [_, b'[', b'?', modes @ .., last @ (b'h' | b'l')] => {
                for mode in numbers(modes) {
                    let set = *last == b'h';
                    let changed = if set { OFF_AT_REST } else { ON_AT_REST }.contains(&mode);
                    if changed { _ = self.changed.insert(mode) } else { _ = self.changed.remove(&mode) }
                }
            }
            [_, b'[', b'!', b'p'] => {
                self.changed.retain(|mode| !SOFT_RESET.contains(mode));
                self.ansi.clear();
                (self.margins, self.lines, self.shifted, self.keypad, self.styled) = Default::default();
            }
            [_, b'[', b'>', b'm'] => self.keys.clear(),
            [_, b'[', b'>', setting @ .., b'm'] => {
                let mut setting = numbers(setting);
                let (which, value) = (setting.next().unwrap_or(0), setting.next().unwrap_or(0));
                if value > 0 { _ = self.keys.insert(which) } else { _ = self.keys.remove(&which) }
            }
            [_, b'[', b'>', which @ .., b'n'] => self.keys.retain(|key| numbers(which).all(|which| which != *key)),
            [_, b'[', how @ (b'>' | b'<' | b'='), flags @ .., b'u'] => {
                let flags = numbers(flags).next();
                let (depth, changed) = &mut self.laid_aside[usize::from(self.on_other_screen())];
                match how {
                    b'>' => *depth += 1,
                    b'<' => *depth = depth.saturating_sub(flags.unwrap_or(1).max(1).into()),
                    _ if *depth == 0 => *changed = flags.unwrap_or(0) > 0,
                    _ => {}
                }
            }
            // A question, or another sequence that ends alike.
            [_, b'[', b'<' | b'=' | b'?', ..] | [_, b'[', .., b' '..=b'/', _] => {}
            [_, b'[', modes @ .., last @ (b'h' | b'l')] => {
                for mode in numbers(modes).filter(|mode| ANSI_OFF.contains(mode)) {
                    if *last == b'h' { _ = self.ansi.insert(mode) } else { _ = self.ansi.remove(&mode) }
                }
            }
            [_, b'[', margins @ .., b'r'] => self.margins = !margins.is_empty(),
            [_, b'[', parameters @ .., b'm'] => self.styled = !matches!(parameters, b"" | b"0"),
            _ => {}
        }
    }

    fn on_other_screen(&self) -> bool {
        OTHER_SCREEN.iter().any(|mode| self.changed.contains(mode))
    }

    /// What puts the terminal back as it was.
    pub fn undo(&self) -> String {
        let keyboard = |(depth, changed): (usize, bool)| {
            let aside = if depth > 0 { format!("\x1b[<{depth}u") } else { String::new() };
            aside + if changed { "\x1b[=0u" } else { "" }
        };
        let mut undo = String::new();
        // Each screen has its own, and the other one is about to go.
        if self.on_other_screen() {
            undo += &keyboard(self.laid_aside[1]);
        }
        for mode in &self.changed {
            undo += &format!("\x1b[?{mode}{}", if ON_AT_REST.contains(mode) { 'h' } else { 'l' });
        }
        undo += &keyboard(self.laid_aside[0]);
        for mode in &self.ansi {
            undo += &format!("\x1b[{mode}l");
        }
        for key in &self.keys {
            undo += &format!("\x1b[>{key}m");
        }
        let others = [
            // Margins send the cursor to the top, and so has the origin: then the last line is where to go on.
            (self.margins && !self.changed.contains(&ORIGIN), "\x1b7\x1b[r\x1b8"),
            (self.margins && self.changed.contains(&ORIGIN), "\x1b[r"),
            (self.changed.contains(&ORIGIN), "\x1b[999;1H"),
            (self.lines, "\x1b(B"),
            (self.shifted, "\x0f"),
            (self.keypad, "\x1b>"),
            (self.styled, "\x1b[0m"),
        ];
        undo.extend(others.iter().filter(|(left, _)| *left).map(|(_, end)| *end));
        undo
    }
}

/// The parameters of a sequence that are numbers.
fn numbers(parameters: &[u8]) -> impl Iterator<Item = u16> {
    parameters.split(|byte| *byte == b';').filter_map(|number| std::str::from_utf8(number).ok()?.parse().ok())
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

    #[test]
    fn whoever_cannot_know_what_was_left_undoes_all_of_it() {
        let undo = crate::console::heir::shell();
        let sequences = [
            "\x1b[3;10r",
            "\x1b[4;20h",
            "\x1b(0",
            "\x1b)0\x0e",
            "\x1bn",
            "\x1b=",
            "\x1b[>1u\x1b[>5u",
            "\x1b[=1;1u",
            "\x1b[?1049h\x1b[>1u",
            "\x1b[>1u\x1b[?1049h\x1b[=5u",
            "\x1b[>4;2m",
            "\x1b[>1;2m",
            "\x1b[1;31m",
            "\x1b[38;5",
        ];
        let modes = OFF_AT_REST.iter().filter(|mode| **mode != ORIGIN).map(|mode| format!("\x1b[?{mode}h"));
        let modes = modes.chain(ON_AT_REST.iter().map(|mode| format!("\x1b[?{mode}l")));
        let each: Vec<String> = sequences.into_iter().map(str::to_owned).chain(modes).collect();
        let all = each.concat();
        for left in each.iter().chain([&all]) {
            let mut modes = Modes::default();
            modes.watch(left.as_bytes());
            modes.watch(&undo);
            assert_eq!(modes.undo(), "", "{left:?}");
        }
    }

    #[test]
    fn whatever_a_program_leaves_is_undone_by_itself() {
        for (left, undone) in [
            ("\x1b[3;10r", "\x1b7\x1b[r\x1b8"),
            ("\x1b[3;10r\x1b[?6h", "\x1b[?6l\x1b[r\x1b[999;1H"),
            ("\x1b[3;10r\x1b[r", ""),
            ("\x1b[?7l", "\x1b[?7h"),
            ("\x1b[?7l\x1b[?7h", ""),
            ("\x1b[?5h", "\x1b[?5l"),
            ("\x1b[4;20h", "\x1b[4l\x1b[20l"),
            ("\x1b[4h\x1b[4l", ""),
            ("\x1b(0", "\x1b(B"),
            ("\x1b(0qqq\x1b(B", ""),
            ("\x1b)0\x0eqqq", "\x0f"),
            ("\x1b)0\x0eqqq\x0f", ""),
            ("\x1b=", "\x1b>"),
            ("\x1b=\x1b>", ""),
            ("\x1b[>1u\x1b[>5u", "\x1b[<2u"),
            ("\x1b[>1u\x1b[<u", ""),
            ("\x1b[=1;1u", "\x1b[=0u"),
            ("\x1b[?1049h\x1b[>1u", "\x1b[<1u\x1b[?1049l"),
            ("\x1b[>1u\x1b[?1049h", "\x1b[?1049l\x1b[<1u"),
            ("\x1b[>4;2m", "\x1b[>4m"),
            ("\x1b[>4;2m\x1b[>4;0m", ""),
            ("\x1b[>4;2m\x1b[>4n", ""),
            ("\x1b[3;10r\x1b[?6;25l\x1b[4h\x1b(0\x1b=\x1b[!p", ""),
            ("\x1b[3;10r\x1b[4h\x1b(0\x0e\x1b=\x1b[>4;1m\x1b[>1u\x1bc", ""),
            // Questions, and the shape of the cursor.
            ("\x1b[?u\x1b[?4m\x1b[>c\x1b[>q\x1b[6n\x1b[2 q\x1b[?1$p", ""),
        ] {
            for cut in 0..left.len() {
                let mut modes = Modes::default();
                modes.watch(&left.as_bytes()[..cut]);
                modes.watch(&left.as_bytes()[cut..]);
                assert_eq!(modes.undo(), undone, "{left:?} cut at {cut}");
            }
        }
    }
}
