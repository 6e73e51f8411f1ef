//! Cuts a byte stream into text and control functions (ECMA-48), whole ones, however the stream was sliced.

/// Bytes a control sequence may have; a longer one is dropped. Real ones stay below 200.
const LONGEST_SEQUENCE: usize = 512;
/// Bytes a device control string may have; a longer one is dropped. Room for requests, not for pictures.
const LONGEST_DEVICE: usize = 4 * 1024;
/// Bytes an operating system command may have; a longer one is dropped. Room for the largest clipboard write.
const LONGEST_COMMAND: usize = 136 * 1024;

const BEL: u8 = 0x07;
const SO: u8 = 0x0e;
const SI: u8 = 0x0f;
const CAN: u8 = 0x18;
const SUB: u8 = 0x1a;
const ESC: u8 = 0x1b;

/// A piece of the stream.
#[derive(Debug, PartialEq)]
pub(super) enum Token<'a> {
    /// Text and control characters other than SO, SI and ESC. Never ends inside a character.
    Text(&'a [u8]),
    /// SO (`true`) or SI.
    Shift(bool),
    /// A control character inside a sequence: it takes effect before the sequence.
    Control(u8),
    /// An escape sequence from its ESC on.
    Escape(&'a [u8]),
    /// A control sequence from its ESC on.
    Sequence(&'a [u8]),
    /// An operating system command without its ends, and whether BEL ended it.
    Command(&'a [u8], bool),
    /// A device control string without its ends.
    Device(&'a [u8]),
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum State {
    #[default]
    Ground,
    Escape,
    Sequence,
    /// A sequence that is too long or malformed: nothing until its final byte.
    Overlong,
    Command,
    Device,
    /// A private or application string: dropped.
    String,
}

/// The state between slices.
#[derive(Debug, Default)]
pub(super) struct Scanner {
    state: State,
    held: Vec<u8>,
    /// Whether `held` was handed out and begins anew with the next byte.
    spent: bool,
}

impl Scanner {
    /// Whether the next byte is not part of a control function.
    pub fn is_between(&self) -> bool {
        self.state == State::Ground
    }

    /// The next piece and the bytes of `input` it took; `None` once the input is used up.
    ///
    /// Bytes of a character that is cut off at the end of the input are not taken: the caller keeps them for the next slice.
    pub fn next<'a>(&'a mut self, input: &'a [u8]) -> (Option<Token<'a>>, usize) {
        if std::mem::take(&mut self.spent) {
            self.held.clear();
        }
        let mut at = 0;
        while at < input.len() {
            if self.state == State::Ground {
                let rest = &input[at..];
                match rest[0] {
                    ESC => {
                        if let Some(length) = whole_sequence(rest) {
                            return (Some(Token::Sequence(&rest[..length])), at + length);
                        }
                        self.begin();
                    }
                    SO | SI => return (Some(Token::Shift(rest[0] == SO)), at + 1),
                    _ => {
                        let end = memchr::memchr3(ESC, SO, SI, rest).unwrap_or(rest.len());
                        return text(&rest[..end], at, at + end == input.len());
                    }
                }
                at += 1;
                continue;
            }
            let byte = input[at];
            at += 1;
            if let Some(end) = self.step(byte) {
                self.spent = true;
                let held = self.held.as_slice();
                let token = match end {
                    End::Control => {
                        self.spent = false;
                        Token::Control(byte)
                    }
                    End::Escape => Token::Escape(held),
                    End::Sequence => Token::Sequence(held),
                    End::Command => Token::Command(held, byte == BEL),
                    End::Device => Token::Device(held),
                };
                return (Some(token), at);
            }
        }
        (None, at)
    }

    fn begin(&mut self) {
        self.state = State::Escape;
        self.held.clear();
        self.held.push(ESC);
    }

    /// One byte outside text. What came to its end with it, if anything.
    fn step(&mut self, byte: u8) -> Option<End> {
        match (self.state, byte) {
            (_, CAN | SUB) => {
                self.state = State::Ground;
                self.held.clear();
                None
            }
            (State::Device, ESC) => {
                self.state = State::Escape;
                (self.held.len() <= LONGEST_DEVICE).then_some(End::Device)
            }
            (State::Device, _) => {
                if self.held.len() <= LONGEST_DEVICE {
                    self.held.push(byte);
                }
                None
            }
            (State::Command, ESC) => {
                // The next escape sequence begins here; of the usual end only a lone `ESC \` is left of it, which does nothing.
                self.state = State::Escape;
                (self.held.len() <= LONGEST_COMMAND).then_some(End::Command)
            }
            (_, ESC) => {
                self.begin();
                None
            }
            (State::Command, BEL) => {
                self.state = State::Ground;
                (self.held.len() <= LONGEST_COMMAND).then_some(End::Command)
            }
            (State::Command, _) => {
                if byte >= 0x20 && self.held.len() <= LONGEST_COMMAND {
                    self.held.push(byte);
                }
                None
            }
            (State::String, _) => None,
            (_, 0x00..0x20) => Some(End::Control),
            (_, 0x7f..) => None,
            (State::Escape, _) => self.escape(byte),
            (State::Overlong, 0x40..) => {
                self.state = State::Ground;
                None
            }
            (State::Overlong, _) => None,
            (State::Sequence | State::Ground, _) => {
                self.held.push(byte);
                if byte >= 0x40 {
                    self.state = State::Ground;
                    return Some(End::Sequence);
                }
                if self.held.len() >= LONGEST_SEQUENCE {
                    self.state = State::Overlong;
                }
                None
            }
        }
    }

    fn escape(&mut self, byte: u8) -> Option<End> {
        // After a command the bytes of that command were handed out in place of the ESC.
        if self.held.first() != Some(&ESC) {
            self.begin();
        }
        let first = self.held.len() == 1;
        self.state = match byte {
            b'[' if first => State::Sequence,
            b']' if first => {
                self.held.clear();
                State::Command
            }
            b'P' if first => {
                self.held.clear();
                State::Device
            }
            b'X' | b'^' | b'_' if first => State::String,
            0x20..0x30 => {
                if self.held.len() < LONGEST_SEQUENCE {
                    self.held.push(byte);
                }
                return None;
            }
            _ => State::Ground,
        };
        match self.state {
            State::Sequence => {
                self.held.push(byte);
                None
            }
            State::Ground => {
                self.held.push(byte);
                Some(End::Escape)
            }
            _ => None,
        }
    }
}

enum End {
    Control,
    Escape,
    Sequence,
    Command,
    Device,
}

/// The length of a control sequence that is all there, without anything in it that needs care: nearly all are.
pub(super) fn whole_sequence(input: &[u8]) -> Option<usize> {
    if *input.get(1)? != b'[' {
        return None;
    }
    let end = 2 + input[2..].iter().take(LONGEST_SEQUENCE / 2).position(|b| !matches!(b, 0x20..0x40))?;
    matches!(input[end], 0x40..0x7f).then_some(end + 1)
}

/// A run of text that begins at `at`. A character that lacks its end waits for it; once something else follows, it is
/// dropped, as it would not be shown.
fn text(run: &[u8], at: usize, last: bool) -> (Option<Token<'_>>, usize) {
    let taken = if last { run.len() - cut_off(run) } else { run.len() };
    let mut whole = taken;
    loop {
        match cut_off(&run[..whole]) {
            0 => break,
            cut => whole -= cut,
        }
    }
    ((taken > 0).then_some(Token::Text(&run[..whole])), at + taken)
}

/// Bytes at the end of a text that begin a character and lack the rest of it: 0 to 3.
fn cut_off(text: &[u8]) -> usize {
    for back in 1..=text.len().min(3) {
        let byte = text[text.len() - back];
        let length = match byte {
            0xc2..=0xdf => 2,
            0xe0..=0xef => 3,
            0xf0..=0xf4 => 4,
            0x80..=0xbf => continue,
            _ => return 0,
        };
        return if length > back { back } else { 0 };
    }
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_never_ends_inside_a_character() {
        let mut scanner = Scanner::default();
        assert_eq!(scanner.next(b"a\xc2\xc2\x1b"), (Some(Token::Text(b"a")), 3));
        assert_eq!(scanner.next(b"\x1b(0"), (Some(Token::Escape(b"\x1b(0")), 3));
        assert_eq!(scanner.next(b"a\xe2\x82"), (Some(Token::Text(b"a")), 1));
        assert_eq!(scanner.next(b"\xe2\x82"), (None, 0));
        assert_eq!(scanner.next(b"\xc2\xe2\x82"), (Some(Token::Text(b"")), 1));
        assert_eq!(scanner.next("€".as_bytes()), (Some(Token::Text("€".as_bytes())), 3));
    }

    #[test]
    fn sequences_hold_across_slices_and_let_controls_through() {
        let mut scanner = Scanner::default();
        assert_eq!(scanner.next(b"\x1b[1"), (None, 3));
        assert_eq!(scanner.next(b"\n;2"), (Some(Token::Control(b'\n')), 1));
        assert_eq!(scanner.next(b";2mx"), (Some(Token::Sequence(b"\x1b[1;2m")), 3));
        assert_eq!(scanner.next(b"\x1b[1\x18x"), (Some(Token::Text(b"x")), 5));
        assert_eq!(scanner.next(b"\x1b]2;t\x1b\\"), (Some(Token::Command(b"2;t", false)), 6));
        assert_eq!(scanner.next(b"\\"), (Some(Token::Escape(b"\x1b\\")), 1));
        assert_eq!(scanner.next(b"\x1bP$qm\x1b\\"), (Some(Token::Device(b"$qm")), 6));
    }

    #[test]
    fn what_is_too_long_is_dropped() {
        let mut scanner = Scanner::default();
        let long = [b"\x1b[".as_slice(), &[b'1'; 10_000], b"mx"].concat();
        assert_eq!(scanner.next(&long), (Some(Token::Text(b"x")), long.len()));
        let long = [b"\x1b]".as_slice(), &[b'1'; 1_000_000], b"\x07x"].concat();
        assert_eq!(scanner.next(&long), (Some(Token::Text(b"x")), long.len()));
        assert!(scanner.held.len() <= LONGEST_COMMAND + 1);
    }
}
