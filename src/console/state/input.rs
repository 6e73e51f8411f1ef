//! One line of text that is being typed.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use unicode_segmentation::UnicodeSegmentation;

use crate::console::text;

/// The text and the place in it. Holds whole graphemes together.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct LineInput {
    text: String,
    /// The place, in bytes.
    at: usize,
    /// Whether the next thing that is typed takes the place of all of it.
    replaced: bool,
}

impl std::fmt::Debug for LineInput {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // It may be a secret that is being typed.
        write!(f, "LineInput({} bytes)", self.text.len())
    }
}

impl From<&str> for LineInput {
    fn from(value: &str) -> Self {
        let text = text::clean(value);
        Self { at: text.len(), text, replaced: false }
    }
}

impl LineInput {
    /// What was typed.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What stands before the place.
    pub fn before(&self) -> &str {
        self.text.get(..self.at).unwrap_or_default()
    }

    /// Empties it.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// What is typed next takes the place of all of it, unless one moves in it before: `/` begins anew.
    pub fn begin_anew(&mut self) {
        self.replaced = true;
    }

    /// Whether what is typed next takes the place of all of it.
    pub fn begins_anew(&self) -> bool {
        self.replaced && !self.text.is_empty()
    }

    /// Types a text, as pasting does.
    pub fn insert(&mut self, pasted: &str) {
        if std::mem::take(&mut self.replaced) {
            self.clear();
        }
        let pasted = text::clean(pasted);
        self.text.insert_str(self.at, &pasted);
        self.at += pasted.len();
    }

    /// Takes a key. `false` if it means nothing here.
    pub fn key(&mut self, key: KeyEvent) -> bool {
        let ctrl = key.modifiers.contains(KeyModifiers::CONTROL);
        let alt = key.modifiers.contains(KeyModifiers::ALT);
        match key.code {
            KeyCode::Char(c) if !ctrl && !alt => {
                self.insert(c.encode_utf8(&mut [0; 4]));
                return true;
            }
            _ => self.replaced = false,
        }
        match key.code {
            KeyCode::Char('a') if ctrl => self.at = 0,
            KeyCode::Char('e') if ctrl => self.at = self.text.len(),
            KeyCode::Char('u') if ctrl => {
                self.text.drain(..self.at);
                self.at = 0;
            }
            KeyCode::Char('k') if ctrl => self.text.truncate(self.at),
            KeyCode::Char('w') if ctrl => self.erase(self.word_before()),
            KeyCode::Backspace if alt => self.erase(self.word_before()),
            KeyCode::Backspace => self.erase(self.grapheme_before()),
            KeyCode::Delete => {
                let end = self.at + self.after().graphemes(true).next().map_or(0, str::len);
                self.text.drain(self.at..end);
            }
            KeyCode::Left => self.at = self.grapheme_before(),
            KeyCode::Right => self.at += self.after().graphemes(true).next().map_or(0, str::len),
            KeyCode::Home => self.at = 0,
            KeyCode::End => self.at = self.text.len(),
            _ => return false,
        }
        true
    }

    fn after(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn grapheme_before(&self) -> usize {
        self.at - self.before().graphemes(true).next_back().map_or(0, str::len)
    }

    fn word_before(&self) -> usize {
        let trimmed = self.before().trim_end();
        trimmed.rfind(' ').map_or(0, |space| space + 1)
    }

    fn erase(&mut self, from: usize) {
        self.text.drain(from..self.at);
        self.at = from;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn press(input: &mut LineInput, code: KeyCode) {
        input.key(KeyEvent::from(code));
    }

    #[test]
    fn editing_keeps_graphemes_whole() {
        let mut input = LineInput::from("e\u{301}a");
        press(&mut input, KeyCode::Left);
        press(&mut input, KeyCode::Backspace);
        assert_eq!(input.text(), "a");
        input.insert("漢\u{1b}[31m\n");
        assert_eq!(input.text(), "漢 a");
        input.key(KeyEvent::new(KeyCode::Char('u'), KeyModifiers::CONTROL));
        assert_eq!(input.text(), "a");
        press(&mut input, KeyCode::End);
        input.key(KeyEvent::new(KeyCode::Char('w'), KeyModifiers::CONTROL));
        assert_eq!(input.text(), "");
        press(&mut input, KeyCode::Delete);
        press(&mut input, KeyCode::Backspace);
    }
}
