//! Cursor movement and margins the model lacks or reads otherwise.

use super::{Front, Saved};
use crate::console::term::sequence::Sequence;

/// Columns between tab stops.
const TAB: u16 = 8;

impl Front {
    /// Saves the cursor, its attributes and what is kept here.
    pub(super) fn save_cursor(&mut self) {
        let state = &self.state;
        self.saved = Saved { charsets: state.charsets, hidden: state.hidden, origin: state.origin };
        self.core.process(b"\x1b7");
    }

    /// Restores what was saved.
    pub(super) fn restore_cursor(&mut self) {
        self.restore_saved();
        self.core.process(b"\x1b8");
    }

    /// Restores what is kept here alone.
    pub(super) fn restore_saved(&mut self) {
        self.state.charsets = self.saved.charsets;
        self.state.hidden = self.saved.hidden;
        self.state.origin = self.saved.origin;
    }

    /// Moves by a count, right (`C`) or down (`B`).
    pub(super) fn forward(&mut self, direction: char, count: u16) {
        self.core.process(format!("\x1b[{count}{direction}").as_bytes());
    }

    /// Moves to the tab stop so many stops on or back.
    pub(super) fn tab(&mut self, count: u16, on: bool) {
        let column = self.core.cursor().1.min(self.core.size().columns() - 1);
        let stop = if on { column / TAB + count.min(100) } else { column.div_ceil(TAB).saturating_sub(count) };
        self.go_to_column(stop * TAB);
    }

    /// Moves to a column, from 0, as far as there are.
    pub(super) fn go_to_column(&mut self, column: u16) {
        self.core.process(format!("\x1b[{}G", column + 1).as_bytes());
    }

    /// Moves to a cell of the whole screen, both from 0. Only without origin mode.
    pub(super) fn go_to_cell(&mut self, (row, column): (u16, u16)) {
        self.core.process(format!("\x1b[{};{}H", row + 1, column + 1).as_bytes());
    }

    /// Sets the scroll region and moves home; a region of less than two lines means nothing.
    pub(super) fn margins(&mut self, sequence: Sequence<'_>) {
        let rows = self.core.size().rows();
        let mut numbers = sequence.numbers();
        let top = numbers.next().unwrap_or(0).max(1);
        let bottom = numbers.next().filter(|n| (1..=rows).contains(n)).unwrap_or(rows);
        if top < bottom {
            self.core.process(format!("\x1b[{top};{bottom}r\x1b[H").as_bytes());
        }
    }

    /// Repeats the last character, at most a screen of them.
    pub(super) fn repeat(&mut self, count: u16) {
        let size = self.core.size();
        let cells = u32::from(size.rows()) * u32::from(size.columns());
        let count = u16::try_from(cells).unwrap_or(u16::MAX).min(count);
        if self.prints_cells_apart() {
            let printed = self.state.printed;
            printed.into_iter().for_each(|c| (0..count).for_each(|_| self.put(c)));
        } else {
            self.core.process(format!("\x1b[{count}b").as_bytes());
        }
    }

    /// Fills the screen with `E`, to align a monitor by (DECALN); programs use it in tests.
    pub(super) fn alignment_pattern(&mut self) {
        let size = self.core.size();
        let attributes = self.core.state().attributes_formatted();
        let line = "E".repeat(usize::from(size.columns()));
        self.state.origin = false;
        self.core.process(b"\x1b[?6l\x1b[r\x1b[m");
        for row in 0..size.rows() {
            self.go_to_cell((row, 0));
            self.core.process(line.as_bytes());
        }
        self.go_to_cell((0, 0));
        self.core.process(attributes.as_bytes());
    }
}
