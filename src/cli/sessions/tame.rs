//! What a recording may do to the terminal that plays it: paint. It may not ask questions, whose answers would be typed
//! into the user's shell, reach the clipboard, or set titles.

/// The longest control sequence that is kept.
const LIMIT: usize = 256;

/// Lets text and painting through, wherever the stream is cut.
#[derive(Debug, Default)]
pub(super) struct Tame {
    state: State,
    /// The sequence that is being read.
    sequence: Vec<u8>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Ground,
    /// After ESC, until a final byte.
    Escape,
    /// In a control sequence.
    Control,
    /// In a string that is dropped.
    Text,
    /// After ESC in such a string.
    TextEscape,
}

impl Tame {
    pub(super) fn clean(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut kept = Vec::with_capacity(bytes.len());
        for &byte in bytes {
            self.state = match (self.state, byte) {
                (State::Text, 0x1b) => State::TextEscape,
                (State::Text, 0x07 | 0x18) | (State::TextEscape, b'\\') => State::Ground,
                (State::Text | State::TextEscape, _) => State::Text,
                (_, 0x1b) => {
                    self.sequence.clear();
                    self.sequence.push(byte);
                    State::Escape
                }
                (State::Ground, 0x05) => State::Ground,
                (State::Ground, _) => {
                    kept.push(byte);
                    State::Ground
                }
                (State::Escape, b']' | b'P' | b'X' | b'^' | b'_') => State::Text,
                (State::Escape, b'[') => {
                    self.sequence.push(byte);
                    State::Control
                }
                (State::Escape, _) => {
                    self.sequence.push(byte);
                    match byte {
                        0x20..=0x2f => State::Escape,
                        // The oldest question of all: who are you?
                        b'Z' => State::Ground,
                        _ => self.end(&mut kept),
                    }
                }
                (State::Control, _) => {
                    self.sequence.push(byte);
                    match byte {
                        // Questions, reports of the window, keyboard modes.
                        b'c' | b'n' | b't' | b'u' | b'x' => State::Ground,
                        b'p' if self.sequence.contains(&b'$') => State::Ground,
                        b'q' if self.sequence.contains(&b'>') => State::Ground,
                        0x40..=0x7e => self.end(&mut kept),
                        _ => State::Control,
                    }
                }
            };
            if self.sequence.len() > LIMIT {
                self.sequence.clear();
                self.state = State::Ground;
            }
        }
        kept
    }

    fn end(&mut self, kept: &mut Vec<u8>) -> State {
        kept.append(&mut self.sequence);
        State::Ground
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn painting_passes_and_questions_do_not_wherever_the_stream_is_cut() {
        let text = b"\x1b[1;31mred\x1b[0m\x1b[6n\x1b[c\x1b[>0q\x1b[?2026$p\x1b]52;c;eA==\x07\x1b]0;t\x1b\\\x1bP$qm\x1b\\\x1b(0x\x1b[2J\x1bZ.\x1b[14t!";
        let expected = b"\x1b[1;31mred\x1b[0m\x1b(0x\x1b[2J.!";
        for cut in 0..text.len() {
            let mut tame = Tame::default();
            let mut clean = tame.clean(&text[..cut]);
            clean.extend(tame.clean(&text[cut..]));
            assert_eq!(clean, expected, "cut at {cut}");
        }
        let mut tame = Tame::default();
        assert!(tame.clean(&[b"\x1b[".as_slice(), &[b'1'; 100_000]].concat()).len() < 100_000);
        assert!(tame.sequence.len() <= LIMIT);
    }
}
