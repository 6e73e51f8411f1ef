//! The tilde after a newline, as ssh knows it: the way out of a shell that no longer answers.

/// What the last bytes were.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    /// At the beginning of a line, where a tilde counts.
    #[default]
    LineStart,
    /// After a tilde that is being held back.
    Tilde,
    /// Anywhere else.
    Middle,
}

/// What typed bytes come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Typed {
    /// To be sent; perhaps nothing yet.
    Send(Vec<u8>),
    /// Help was asked for; the rest is to be sent.
    Help(Vec<u8>),
    /// The user ends the session.
    End,
}

/// Watches what is typed.
#[derive(Debug, Default)]
pub struct Escape {
    state: State,
}

impl Escape {
    /// Takes what was typed and says what is left of it.
    pub fn take(&mut self, bytes: &[u8]) -> Typed {
        let mut send = Vec::with_capacity(bytes.len() + 1);
        let mut help = false;
        for byte in bytes {
            self.state = match (self.state, byte) {
                (State::LineStart, b'~') => State::Tilde,
                (State::Tilde, b'.') => return Typed::End,
                (State::Tilde, b'?') => {
                    help = true;
                    State::LineStart
                }
                (State::Tilde, b'~') => {
                    send.push(b'~');
                    State::Middle
                }
                (state, byte) => {
                    if state == State::Tilde {
                        send.push(b'~');
                    }
                    send.push(*byte);
                    if matches!(byte, b'\r' | b'\n') { State::LineStart } else { State::Middle }
                }
            };
        }
        if help { Typed::Help(send) } else { Typed::Send(send) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(pieces: &[&str]) -> Typed {
        let mut escape = Escape::default();
        let mut sent = Vec::new();
        for piece in pieces {
            match escape.take(piece.as_bytes()) {
                Typed::Send(bytes) | Typed::Help(bytes) => sent.extend(bytes),
                Typed::End => return Typed::End,
            }
        }
        Typed::Send(sent)
    }

    #[test]
    fn only_a_tilde_at_the_beginning_of_a_line_counts() {
        assert_eq!(typed(&["~."]), Typed::End);
        assert_eq!(typed(&["ls\r", "~", "."]), Typed::End);
        assert_eq!(typed(&["cd ~.\r"]), Typed::Send(b"cd ~.\r".to_vec()));
        assert_eq!(typed(&["\r~~.ssh"]), Typed::Send(b"\r~.ssh".to_vec()));
        assert_eq!(typed(&["~", "/bin\r"]), Typed::Send(b"~/bin\r".to_vec()));
        assert_eq!(Escape::default().take(b"~?x"), Typed::Help(b"x".to_vec()));
    }
}
