//! A terminal of which nothing is to be lost, for its lines are written down: what programs erase with the whole screen
//! scrolls away before.

use super::Front;
use crate::console::term::core::Size;

/// What stands for all that a program shows on the alternate screen.
const FULL_SCREEN: &str = "(full-screen program)\r\n";

impl Front {
    /// Before an erasure (ED): if that is one of the whole screen, its lines scroll away.
    pub(super) fn keep_erased(&mut self, what: u16) {
        let scrolls_in_part = self.state.margins.is_some();
        let core = self.model();
        let all = what == 2 || what == 0 && core.cursor() == (0, 0);
        if !all || scrolls_in_part || core.alternate_screen() {
            return;
        }
        let (rows, columns) = (core.size().rows(), core.size().columns());
        let shows =
            |row: u16| (0..columns).any(|c| core.glyph(row, c).is_some_and(|glyph| !glyph.text.trim().is_empty()));
        if let Some(last) = (0..rows).rev().find(|row| shows(*row)) {
            self.send(format!("\x1b[{}S", last + 1).as_bytes());
        }
    }

    /// Before the screen gets another size: where lines would be cut, those over the line of the cursor scroll away, and where
    /// it has too few of them, those over the last ones.
    pub fn keep_cut(&mut self, size: Size) {
        let scrolls_in_part = self.state.margins.is_some();
        let core = self.model();
        let (row, column) = core.cursor();
        let cuts = size.columns() < core.size().columns();
        let lines = if cuts { row } else { (row + 1).saturating_sub(size.rows()) };
        if lines == 0 || scrolls_in_part || core.alternate_screen() {
            return;
        }
        self.send(format!("\x1b[{lines}S").as_bytes());
        self.go_to_cell((row - lines, column));
        self.model();
    }

    /// Before the alternate screen is shown: what it shows is no text of lines, so one line stands for it.
    pub(super) fn note_full_screen(&mut self) {
        let core = self.model();
        if core.alternate_screen() {
            return;
        }
        if core.cursor().1 > 0 {
            self.send(b"\r\n");
        }
        self.send(FULL_SCREEN.as_bytes());
    }
}
