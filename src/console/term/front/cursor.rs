//! Cursor movement, tabs and margins the model lacks or reads otherwise.

use super::{Front, Saved};
use crate::console::term::sequence::Sequence;

impl Front {
    /// Saves the cursor, its attributes and what is kept here.
    pub(super) fn save_cursor(&mut self) {
        let alternate = self.model().alternate_screen();
        let state = &self.state;
        self.saved[usize::from(alternate)] =
            Saved { charsets: state.charsets, style: state.style, hidden: state.hidden, origin: state.origin };
        self.send(b"\x1b7");
    }

    /// Restores what was saved.
    pub(super) fn restore_cursor(&mut self) {
        self.send(b"\x1b8");
        let saved = self.saved[usize::from(self.model().alternate_screen())];
        self.state.charsets = saved.charsets;
        self.state.style = saved.style;
        self.state.hidden = saved.hidden;
        self.state.origin = saved.origin;
        self.send_style();
    }

    /// Moves left by a count. A cursor that waits past the last column is over that one.
    pub(super) fn left(&mut self, count: u16) {
        let columns = self.core.size().columns();
        let waits = self.model().cursor().1 >= columns;
        self.send(format!("\x1b[{}D", count.saturating_add(u16::from(waits))).as_bytes());
    }

    /// Moves by a count, right (`C`) or down (`B`).
    pub(super) fn forward(&mut self, direction: char, count: u16) {
        self.send(format!("\x1b[{count}{direction}").as_bytes());
    }

    /// Moves to the tab stop so many stops on or back.
    pub(super) fn tab(&mut self, count: u16, on: bool) {
        let column = self.column();
        let size = self.core.size();
        let tabs = &self.state.tabs;
        self.go_to_column(if on { tabs.on(column, count, size) } else { tabs.back(column, count) });
    }

    /// Takes tab stops away: the one here (0) or all (3).
    pub(super) fn clear_tabs(&mut self, which: u16) {
        let column = self.column();
        match which {
            0 => self.state.tabs.set(column, false),
            3 => self.state.tabs.clear(),
            _ => {}
        }
    }

    /// Moves to a column, from 0, as far as there are.
    pub(super) fn go_to_column(&mut self, column: u16) {
        self.send(format!("\x1b[{}G", column + 1).as_bytes());
    }

    /// Moves to a cell of the whole screen, both from 0.
    pub(super) fn go_to_cell(&mut self, (row, column): (u16, u16)) {
        let top = if self.state.origin { self.state.margins.map_or(0, |(top, _)| top) } else { 0 };
        self.send(format!("\x1b[{};{}H", row.saturating_sub(top) + 1, column + 1).as_bytes());
    }

    /// Sets the scroll region and moves home; a region of less than two lines means nothing.
    pub(super) fn margins(&mut self, sequence: Sequence<'_>) {
        let rows = self.core.size().rows();
        let mut numbers = sequence.numbers();
        let top = numbers.next().unwrap_or(0).max(1);
        let bottom = numbers.next().filter(|n| (1..=rows).contains(n)).unwrap_or(rows);
        if top < bottom {
            self.state.margins = ((top, bottom) != (1, rows)).then_some((top - 1, bottom - 1));
            self.send(format!("\x1b[{top};{bottom}r\x1b[H").as_bytes());
        }
    }

    /// Repeats the last character, at most a screen of them.
    pub(super) fn repeat(&mut self, count: u16) {
        let Some(printed) = self.state.printed else { return };
        let size = self.core.size();
        let count = usize::from(count).min(usize::from(size.rows()) * usize::from(size.columns()));
        let mut bytes = [0; 4];
        let text = printed.encode_utf8(&mut bytes).repeat(count);
        self.print(text.as_bytes());
    }

    /// Fills the screen with `E`, to align a monitor by (DECALN); programs use it in tests.
    pub(super) fn alignment_pattern(&mut self) {
        let size = self.core.size();
        let line = "E".repeat(usize::from(size.columns()));
        self.state.origin = false;
        self.state.margins = None;
        self.send(b"\x1b[?6l\x1b[r\x1b[m");
        for row in 0..size.rows() {
            self.go_to_cell((row, 0));
            self.send(line.as_bytes());
        }
        self.go_to_cell((0, 0));
        self.send_style();
    }
}
