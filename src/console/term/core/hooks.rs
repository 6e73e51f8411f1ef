//! What the model tells while it runs: bells, and the lines that leave the screen at the top.

use vt100::capture::RowContents;

use super::capture::Capture;

use crate::console::term::{extras::Extras, history::Shared, style::Colour};

/// Kept beside the model, and across its restarts.
pub(super) struct Hooks {
    /// Bells rung.
    pub bells: u64,
    /// What cells have no room for.
    pub extras: Extras,
    /// Where lines go.
    pub history: Shared,
    capture: Capture,
    /// Lines of the primary screen that left while the alternate one was shown, and that the model would pull back.
    left_behind: u16,
    /// Blank lines it pulled back in their place.
    owed: u16,
}

impl Hooks {
    pub fn new(history: Shared) -> Self {
        Self { bells: 0, extras: Extras::default(), history, capture: Capture::default(), left_behind: 0, owed: 0 }
    }

    /// Those for a model that begins again.
    pub fn successor(&mut self) -> Self {
        Self { bells: self.bells, extras: std::mem::take(&mut self.extras), ..Self::new(self.history.clone()) }
    }

    /// The model was made to forget what left.
    pub fn forget_left(&mut self) {
        self.left_behind = 0;
    }

    /// The screen became so many lines higher while the alternate one is shown.
    pub fn grew_behind(&mut self, more: u16) {
        let pulled = more.min(self.left_behind);
        self.left_behind -= pulled;
        self.owed += pulled;
    }

    /// Blank lines at the top of the primary screen that stand for others.
    pub fn take_owed(&mut self) -> u16 {
        self.left_behind = 0;
        std::mem::take(&mut self.owed)
    }
}

impl vt100::Callbacks for Hooks {
    fn audible_bell(&mut self, _: &mut vt100::Screen) {
        self.bells += 1;
    }

    fn visual_bell(&mut self, _: &mut vt100::Screen) {
        self.bells += 1;
    }

    fn on_scroll(&mut self, row: RowContents<'_>, alternate: bool) {
        if alternate {
            return;
        }
        self.left_behind = self.left_behind.saturating_add(1);
        if self.owed > 0 {
            self.owed -= 1;
            return;
        }
        let line = self.capture.take(&row, &self.extras);
        self.history.lock().push(line.pieces(), line.wrapped);
    }
}

/// A colour of the model.
pub(super) fn colour(colour: vt100::Color) -> Colour {
    match colour {
        vt100::Color::Default => Colour::Default,
        vt100::Color::Idx(index) => Colour::Indexed(index),
        vt100::Color::Rgb(r, g, b) => Colour::Rgb(r, g, b),
    }
}
