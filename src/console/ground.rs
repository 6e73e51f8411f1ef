//! Whether the terminal's ground is light: from the environment at once, from the terminal itself when it answers.
//!
//! Nobody waits for the answer (OSC 11). It comes among the keys, which is where it is taken out again, however late it is on
//! a slow line; what only looks like its beginning is handed on.

use std::time::{Duration, Instant};

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// Asks the terminal for the colour of its ground.
pub(super) const QUESTION: &[u8] = b"\x1b]11;?\x1b\\";
/// After so long there will be no answer.
const PATIENCE: Duration = Duration::from_secs(3);
/// No answer is longer.
const LONGEST: usize = 40;

/// What `COLORFGBG` says: the numbers of the colours of text and ground.
pub(super) fn from_environment(colorfgbg: Option<&str>) -> Option<bool> {
    let ground: u8 = colorfgbg?.rsplit(';').next()?.parse().ok()?;
    match ground {
        7 | 9..=15 => Some(true),
        0..=6 | 8 => Some(false),
        _ => None,
    }
}

/// Listens for the answer among the keys.
#[derive(Debug, Default)]
pub(super) struct Ear {
    until: Option<Instant>,
    held: Vec<KeyEvent>,
}

/// What a key turned out to be.
#[derive(Debug, PartialEq)]
pub(super) enum Heard {
    /// Keys of the user's: this one, and those that were held back before it.
    Keys(Vec<KeyEvent>),
    /// The end of the answer: whether the ground is light, if it says so.
    Ground(Option<bool>),
    /// A part of the answer, as it seems.
    Nothing,
}

impl Ear {
    /// The terminal was asked.
    pub fn listen(&mut self, now: Instant) {
        self.until = Some(now + PATIENCE);
    }

    /// A key came.
    pub fn key(&mut self, key: KeyEvent, now: Instant) -> Heard {
        if self.until.is_none_or(|until| now > until) && self.held.is_empty() {
            return Heard::Keys(vec![key]);
        }
        let (ctrl, alt) = (key.modifiers.contains(KeyModifiers::CONTROL), key.modifiers.contains(KeyModifiers::ALT));
        let begins = self.held.is_empty();
        match key.code {
            KeyCode::Char(']') if alt && begins => {}
            KeyCode::Char('g') if ctrl && !begins => return self.end(),
            KeyCode::Char('\\') if alt && !begins => return self.end(),
            KeyCode::Char('0'..='9' | 'a'..='z' | 'A'..='Z' | ';' | ':' | '/')
                if !begins && !ctrl && !alt && self.held.len() < LONGEST && self.fits(key.code) => {}
            _ => {
                let mut keys = std::mem::take(&mut self.held);
                keys.push(key);
                return Heard::Keys(keys);
            }
        }
        self.held.push(key);
        Heard::Nothing
    }

    /// Whether a character goes on with `11;rgb` and what follows it.
    fn fits(&self, code: KeyCode) -> bool {
        let beginning = "11;rgb";
        match beginning.chars().nth(self.held.len().saturating_sub(1)) {
            Some(wanted) => code == KeyCode::Char(wanted),
            None => true,
        }
    }

    fn end(&mut self) -> Heard {
        self.until = None;
        let held = std::mem::take(&mut self.held);
        let text: String = held.iter().skip(1).filter_map(|key| key.code.as_char()).collect();
        Heard::Ground(is_light(&text))
    }
}

/// Whether `11;rgb:ffff/ffff/ffff` is light: more than half as bright as white is.
fn is_light(answer: &str) -> Option<bool> {
    let (_, colour) = answer.split_once(':')?;
    let mut parts = colour.split('/').map(|part| {
        let most = 16u64.checked_pow(u32::try_from(part.len()).ok()?)?.checked_sub(1).filter(|most| *most > 0)?;
        // In thousandths, whatever the number of digits.
        Some(u64::from_str_radix(part, 16).ok()?.checked_mul(1000)? / most)
    });
    let (red, green, blue) = (parts.next()??, parts.next()??, parts.next()??);
    Some(red * 299 + green * 587 + blue * 114 > 500_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(code: char, modifiers: KeyModifiers) -> KeyEvent {
        KeyEvent::new(KeyCode::Char(code), modifiers)
    }

    fn answer(text: &str) -> Vec<KeyEvent> {
        let begin = key(']', KeyModifiers::ALT);
        std::iter::once(begin).chain(text.chars().map(|c| key(c, KeyModifiers::NONE))).collect()
    }

    fn heard(text: &str, last: KeyEvent) -> Heard {
        let mut ear = Ear::default();
        let now = Instant::now();
        ear.listen(now);
        for key in answer(text) {
            assert_eq!(ear.key(key, now), Heard::Nothing);
        }
        ear.key(last, now)
    }

    #[test]
    fn the_answer_is_taken_out_of_the_keys() {
        let (bell, st) = (key('g', KeyModifiers::CONTROL), key('\\', KeyModifiers::ALT));
        assert_eq!(heard("11;rgb:ffff/ffff/ffff", bell), Heard::Ground(Some(true)));
        assert_eq!(heard("11;rgb:1e1e/1e1e/2e2e", st), Heard::Ground(Some(false)));
        assert_eq!(heard("11;rgb:fb/f1/c7", st), Heard::Ground(Some(true)));
        assert_eq!(heard("11;rgba:0000/0000/0000/ffff", bell), Heard::Ground(Some(false)));
        assert_eq!(heard("11;rgb:", bell), Heard::Ground(None));
    }

    #[test]
    fn what_the_user_types_comes_through() {
        let now = Instant::now();
        let mut ear = Ear::default();
        let alt = key(']', KeyModifiers::ALT);
        assert_eq!(ear.key(alt, now), Heard::Keys(vec![alt]), "nobody asked");
        ear.listen(now);
        let (r, one) = (key('r', KeyModifiers::NONE), key('1', KeyModifiers::NONE));
        assert_eq!(ear.key(r, now), Heard::Keys(vec![r]));
        assert_eq!(ear.key(alt, now), Heard::Nothing);
        assert_eq!(ear.key(one, now), Heard::Nothing);
        assert_eq!(ear.key(r, now), Heard::Keys(vec![alt, one, r]), "no answer begins so");
        assert_eq!(ear.key(alt, now + PATIENCE * 2), Heard::Keys(vec![alt]), "no answer comes so late");
    }

    #[test]
    fn the_environment_names_the_ground_last() {
        let says = |text| from_environment(Some(text));
        assert_eq!((says("15;0"), says("0;15"), says("0;default;7")), (Some(false), Some(true), Some(true)));
        assert_eq!((says("x"), from_environment(None)), (None, None));
    }

    proptest::proptest! {
        #[test]
        fn any_answer_is_read_without_harm(text in ".{0,60}") {
            let _ = is_light(&text);
        }
    }
}
