//! A stream without what only a terminal understands: colours, the cursor, titles.

/// Takes control characters and escape sequences out of a stream, wherever it is cut.
#[derive(Debug, Default)]
pub struct Filter {
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
    /// The text in a piece of the stream.
    pub fn clean(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut kept = Vec::with_capacity(bytes.len());
        for &byte in bytes {
            // The beginning of a character that does not follow is nothing, and what does follow is looked at by itself.
            let state = match (self.state, byte) {
                (State::HighControl, 0x80..=0xbf) => State::HighControl,
                (State::HighControl, _) => State::Ground,
                (state, _) => state,
            };
            self.state = match (state, byte) {
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
        // No half of a character lets a control character by.
        assert_eq!(Filter::default().clean(b"\xc2\x08a\xc2\xc2\x9bb\xc2\x07\xc2\xa0"), b"ab\xc2\xa0");
    }
}
