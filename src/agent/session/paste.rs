//! Pastes into a terminal. It echoes them in crumbs, each of which would be a frame, and work for three programs: so while a
//! paste is under way, its echo is gathered. How much of it may wait in the terminal is the flow's business: what has no room
//! there is lost.

use std::time::Duration;

use tokio::time::Instant;

/// Input up to this size is a key; what is longer is a paste or a file.
const KEY: usize = 16;
/// How long output is gathered after some was sent.
const GATHER: Duration = Duration::from_millis(2);
/// How long after its last piece a paste is taken to go on.
const LASTS: Duration = Duration::from_millis(20);

/// What is pasted into one terminal.
#[derive(Debug, Default)]
pub struct Paste {
    /// When the terminal was given a piece of it.
    given: Option<Instant>,
    /// When output was last sent since the paste began.
    sent: Option<Instant>,
}

impl Paste {
    /// The terminal is given this. A key ends a paste.
    pub fn given(&mut self, bytes: &[u8], now: Instant) {
        match is_key(bytes) {
            true => *self = Self::default(),
            false => self.given = Some(now),
        }
    }

    /// Output of the terminal is sent.
    pub fn sent(&mut self, now: Instant) {
        self.sent = self.given.map(|_| now);
    }

    /// Until when its output is gathered.
    pub fn gathers_until(&self, now: Instant) -> Option<Instant> {
        let sent = self.sent.filter(|_| self.given.is_some_and(|given| now < given + LASTS))?;
        Some(sent + GATHER).filter(|until| now < *until)
    }
}

/// Whether input is a key, as far as its length tells.
pub fn is_key(bytes: &[u8]) -> bool {
    bytes.len() <= KEY
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_echo_of_a_paste_is_gathered_and_that_of_a_key_never() {
        let begun = Instant::now();
        let at = |micros| begun + Duration::from_micros(micros);
        let mut paste = Paste::default();
        paste.sent(at(0));
        paste.given(&[b'x'; 4096], at(10));
        assert_eq!(paste.gathers_until(at(10)), None, "its first echo is shown at once");
        paste.sent(at(20));
        assert_eq!(paste.gathers_until(at(30)), Some(at(20) + GATHER));
        assert_eq!(paste.gathers_until(at(20) + GATHER), None);
        paste.given(&[b'x'; 4096], at(2030));
        paste.sent(at(2040));
        assert!(paste.gathers_until(at(2050)).is_some());
        paste.given(b"x", at(2060));
        assert_eq!(paste.gathers_until(at(2070)), None, "somebody waits for the echo of a key");
    }

    #[test]
    fn what_a_program_writes_after_a_paste_is_not_held_up() {
        let begun = Instant::now();
        let mut paste = Paste::default();
        paste.given(&[b'x'; KEY + 1], begun);
        paste.sent(begun + LASTS);
        assert_eq!(paste.gathers_until(begun + LASTS), None);
    }
}
