//! The screen model: the `vt100` crate behind an interface of our own, guarded.
//!
//! The crate is known to panic on rare input (wide characters next to an edge, after a resize). A panic is caught here and
//! the model begins again at the same size; [`Core::take_restarted`] tells it.

use std::{
    cell::Cell as Flag,
    num::NonZeroU16,
    panic::{AssertUnwindSafe, catch_unwind},
};

/// The smallest size given to the model, in both directions: below it wide characters have no place.
const SMALLEST: u16 = 2;
/// The largest size given to the model, in both directions.
const LARGEST: u16 = 500;

/// The size of a screen, in cells, between 2x2 and 500x500.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    rows: u16,
    columns: u16,
}

impl Size {
    /// A size, brought between the limits.
    pub fn new(rows: u16, columns: u16) -> Self {
        Self { rows: rows.clamp(SMALLEST, LARGEST), columns: columns.clamp(SMALLEST, LARGEST) }
    }

    /// Lines.
    pub fn rows(self) -> u16 {
        self.rows
    }

    /// Cells of a line.
    pub fn columns(self) -> u16 {
        self.columns
    }

    fn non_zero(self) -> (NonZeroU16, NonZeroU16) {
        let cells = |n| NonZeroU16::new(n).unwrap_or(NonZeroU16::MIN);
        (cells(self.rows), cells(self.columns))
    }
}

/// Counts bells: the one thing the model reports that the front does not see for itself.
#[derive(Default)]
struct Bells(u64);

impl vt100::Callbacks for Bells {
    fn audible_bell(&mut self, _: &mut vt100::Screen) {
        self.0 += 1;
    }

    fn visual_bell(&mut self, _: &mut vt100::Screen) {
        self.0 += 1;
    }
}

/// The screen model.
pub(super) struct Core {
    parser: vt100::Parser<Bells>,
    size: Size,
    scrollback: usize,
    restarted: bool,
}

impl Core {
    /// An empty screen that keeps so many lines that scrolled away.
    pub fn new(size: Size, scrollback: usize) -> Self {
        Self { parser: parser(size, scrollback), size, scrollback, restarted: false }
    }

    /// Takes text and control functions; a control function must be whole.
    pub fn process(&mut self, bytes: &[u8]) {
        self.guarded(|parser| parser.process(bytes));
    }

    /// Gives the screen another size.
    pub fn resize(&mut self, size: Size) {
        if size == self.size {
            return;
        }
        self.size = size;
        let (rows, columns) = size.non_zero();
        self.guarded(|parser| parser.set_size(rows, columns));
    }

    fn guarded(&mut self, run: impl FnOnce(&mut vt100::Parser<Bells>)) {
        let parser_of_old = &mut self.parser;
        if quietly(|| run(parser_of_old)).is_err() {
            self.parser = parser(self.size, self.scrollback);
            self.restarted = true;
        }
    }

    /// Whether the model began again since the last call.
    pub fn take_restarted(&mut self) -> bool {
        std::mem::take(&mut self.restarted)
    }

    /// The size, in cells.
    pub fn size(&self) -> Size {
        self.size
    }

    /// Bells since the last call.
    pub fn take_bells(&mut self) -> u64 {
        std::mem::take(&mut self.parser.callbacks_mut().0)
    }

    /// Row and column of the cursor, from 0. The column equals the width when the next character goes to the next line.
    pub fn cursor(&self) -> (u16, u16) {
        self.parser.screen().cursor_position()
    }

    /// A cell of the visible part, which is further up when scrolled back.
    pub fn cell(&self, row: u16, column: u16) -> Option<&vt100::Cell> {
        self.parser.screen().cell(row, column)
    }

    /// The modes and attributes of the model.
    pub fn state(&self) -> &vt100::Screen {
        self.parser.screen()
    }

    /// Lines kept that scrolled away. None on the alternate screen.
    pub fn history(&self) -> usize {
        self.parser.screen().scrollback_len()
    }

    /// Lines the view is scrolled back.
    pub fn scrolled(&self) -> usize {
        self.parser.screen().scrollback()
    }

    /// Scrolls the view back so many lines from the live screen, as far as there are.
    pub fn scroll_to(&mut self, lines: usize) {
        self.parser.screen_mut().set_scrollback(lines);
    }

    /// The text of the visible lines, without blanks at the end.
    pub fn visible_lines(&self) -> impl Iterator<Item = String> + '_ {
        self.parser.screen().rows(0, self.size.columns)
    }
}

fn parser(size: Size, scrollback: usize) -> vt100::Parser<Bells> {
    let (rows, columns) = size.non_zero();
    vt100::Parser::new_with_callbacks(rows, columns, scrollback, Bells::default())
}

thread_local! {
    static GUARDED: Flag<bool> = const { Flag::new(false) };
}

/// Whether a panic on this thread is about to be caught by the terminal, so that a panic hook has nothing to say or restore.
pub fn is_guarded() -> bool {
    GUARDED.get()
}

/// Runs the model on bytes from elsewhere. What a panic leaves half done is thrown away by the caller.
fn quietly(run: impl FnOnce()) -> std::thread::Result<()> {
    GUARDED.set(true);
    let result = catch_unwind(AssertUnwindSafe(run));
    GUARDED.set(false);
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_under_guard_is_caught_and_the_guard_is_lifted() {
        assert!(quietly(|| assert!(is_guarded())).is_ok());
        assert!(quietly(|| panic!("as the model does on some resizes")).is_err());
        assert!(!is_guarded());
    }
}
