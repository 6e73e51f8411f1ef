//! A cursor in a list of which only a window is seen.

use crate::console::action::Action;

/// Rows that stay between the cursor and the window's edge.
const SCROLL_OFF: usize = 2;

/// Where one is in a list. The window's size comes from the last time it was drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// The row, from 0.
    pub at: usize,
    /// The first row of the window.
    pub top: usize,
    /// Rows in the window.
    pub height: usize,
}

impl Default for Cursor {
    fn default() -> Self {
        Self { at: 0, top: 0, height: 10 }
    }
}

impl Cursor {
    /// Moves as the action says in a list of `len` rows. `false` if the action is no movement.
    pub fn step(&mut self, action: Action, len: usize) -> bool {
        let page = self.height.saturating_sub(1).max(1);
        self.at = match action {
            Action::CursorUp => self.at.saturating_sub(1),
            Action::CursorDown => self.at.saturating_add(1),
            Action::PageUp => self.at.saturating_sub(page),
            Action::PageDown => self.at.saturating_add(page),
            Action::CursorTop => 0,
            Action::CursorBottom => len,
            _ => return false,
        };
        self.clamp(len);
        true
    }

    /// Moves the window alone, as in a text without a cursor.
    pub fn scroll(&mut self, action: Action, len: usize) -> bool {
        let page = self.height.saturating_sub(1).max(1);
        let last = len.saturating_sub(self.height);
        self.top = match action {
            Action::CursorUp => self.top.saturating_sub(1),
            Action::CursorDown => self.top.saturating_add(1),
            Action::PageUp => self.top.saturating_sub(page),
            Action::PageDown => self.top.saturating_add(page),
            Action::CursorTop => 0,
            Action::CursorBottom => last,
            _ => return false,
        }
        .min(last);
        true
    }

    /// Keeps the cursor inside a list of `len` rows.
    pub fn clamp(&mut self, len: usize) {
        self.at = self.at.min(len.saturating_sub(1));
    }

    /// The first row to draw in a window of `height` rows.
    pub fn window(&self, len: usize, height: usize) -> usize {
        let off = SCROLL_OFF.min(height.saturating_sub(1) / 2);
        let lowest = (self.at + off + 1).saturating_sub(height);
        let highest = self.at.saturating_sub(off);
        self.top.clamp(lowest.min(highest), highest).min(len.saturating_sub(height))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn the_cursor_is_always_in_the_window(at in 0usize..500, top in 0usize..500, len in 1usize..500, height in 1usize..80) {
            let mut cursor = Cursor { at, top, height };
            cursor.clamp(len);
            let first = cursor.window(len, height);
            proptest::prop_assert!(first <= cursor.at && cursor.at < first + height);
            proptest::prop_assert!(first <= len.saturating_sub(height));
        }
    }
}
