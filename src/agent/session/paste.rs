//! Pastes into a terminal. It echoes them in crumbs, each of which is work for three programs, and the kernel gathers them for
//! nothing: so while a paste is under way, the terminal's output is looked at now and then and not whenever there is some.

use std::time::Duration;

use tokio::time::Instant;

/// Input up to this size is a key; what is longer is a paste or a file.
const KEY: usize = 16;
/// How long the output is left alone after each look at it.
const GATHER: Duration = Duration::from_millis(1);
/// How long after its last piece a paste is taken to go on.
const LASTS: Duration = Duration::from_millis(20);

/// What is pasted into one terminal.
#[derive(Debug, Default)]
pub struct Paste {
    /// When the terminal was given a piece of it.
    given: Option<Instant>,
    /// When the output was last looked at since the paste began.
    looked: Option<Instant>,
}

impl Paste {
    /// The terminal is given so many bytes. The answer is whether they are a key, which ends a paste.
    pub fn given(&mut self, bytes: usize, now: Instant) -> bool {
        let key = bytes <= KEY;
        match key {
            true => *self = Self::default(),
            false => self.given = Some(now),
        }
        key
    }

    /// The terminal had output.
    pub fn looked(&mut self, now: Instant) {
        self.looked = self.given.map(|_| now);
    }

    /// Until when the output is left alone.
    pub fn gathers_until(&self, now: Instant) -> Option<Instant> {
        let looked = self.looked.filter(|_| self.given.is_some_and(|given| now < given + LASTS))?;
        Some(looked + GATHER).filter(|until| now < *until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_echo_of_a_paste_is_gathered_and_that_of_a_key_never() {
        let begun = Instant::now();
        let at = |micros| begun + Duration::from_micros(micros);
        let mut paste = Paste::default();
        paste.looked(at(0));
        assert!(!paste.given(4096, at(10)));
        assert_eq!(paste.gathers_until(at(10)), None, "its first echo is shown at once");
        paste.looked(at(20));
        assert_eq!(paste.gathers_until(at(30)), Some(at(1020)));
        assert_eq!(paste.gathers_until(at(1020)), None);
        paste.given(4096, at(1030));
        paste.looked(at(1040));
        assert!(paste.gathers_until(at(1050)).is_some());
        assert!(paste.given(1, at(1060)), "a key");
        assert_eq!(paste.gathers_until(at(1070)), None, "whose echo somebody waits for");
    }

    #[test]
    fn what_a_program_writes_after_a_paste_is_not_held_up() {
        let begun = Instant::now();
        let mut paste = Paste::default();
        paste.given(KEY + 1, begun);
        paste.looked(begun + LASTS);
        assert_eq!(paste.gathers_until(begun + LASTS), None);
    }
}
