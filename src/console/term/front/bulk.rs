//! Floods: lines nobody can see before they have scrolled away go straight to those that did, past the model.
//!
//! A slice with many lines of plain text leaves nothing of what was on the screen, and of itself only the last lines. What
//! is between is laid out here as the model would, at a tenth of its cost. Where anything is not plain the model does it.

use super::Front;
use crate::console::term::{
    scan::{Scanner, whole_sequence},
    sequence::Sequence,
};

mod layout;

use layout::Layout;

/// Screens of lines that must come at once.
const SCREENS: usize = 3;
/// Bytes to go before the next try, at least.
const PATIENCE: usize = 4 * 1024;

/// What came of a try.
pub(in crate::console::term) struct Tried {
    /// Bytes that are done.
    pub taken: usize,
    /// Bytes after these that must not be tried again.
    pub patience: usize,
}

impl Front {
    /// Takes lines at the beginning of `input`, which begins between control functions, if it is a flood.
    pub fn bulk(&mut self, input: &[u8]) -> Tried {
        let size = self.core.size();
        let rows = usize::from(size.rows());
        let fits = self.prints_plainly() && !self.state.origin && self.state.margins.is_none();
        if !fits || input.len() < rows * SCREENS {
            return Tried { taken: 0, patience: input.len().max(1) };
        }
        let core = self.model();
        let (_, column) = core.cursor();
        if core.alternate_screen() || column >= size.columns() {
            return Tried { taken: 0, patience: PATIENCE };
        }
        let (ends, looked) = measure(input, &mut Layout::new(size.columns(), column, self.state.style, false));
        let not = Tried { taken: 0, patience: looked.max(PATIENCE) };
        if ends.len() < rows * SCREENS {
            return not;
        }
        let Some(begun) = self.reach_bottom(input, &ends) else { return not };
        // The last lines fill the screen.
        let last = ends.len() - rows;
        let column = self.core.cursor().1;
        // Everything on the screen leaves it; the fresh line at the bottom is now at the top.
        self.core.process(format!("\x1b[{}S\x1b[1;{}H", rows - 1, column + 1).as_bytes());
        let mut layout = Layout::new(size.columns(), column, self.state.style, false);
        let start = self.lay_out(input, &ends[begun..=last], &mut layout);
        self.state.style = layout.style;
        self.state.printed = layout.printed.or(self.state.printed);
        self.send(format!("\x1b[1;{}H", layout.column + 1).as_bytes());
        self.send_style();
        Tried { taken: start, patience: looked - start }
    }

    /// Puts lines into the history: those after the first end. Where the last one ends.
    fn lay_out(&mut self, input: &[u8], ends: &[usize], layout: &mut Layout) -> usize {
        let mut history = self.core.history().lock();
        let (mut start, ends) = (ends[0], &ends[1..]);
        // Lines that leave the history before the flood is over need not go there.
        let seen = ends.len().saturating_sub(history.limit());
        for (at, end) in ends.iter().enumerate() {
            if at == seen {
                if seen > 0 {
                    history.pass_over(layout.completed);
                }
                layout.rows = true;
            }
            // All of it was measured.
            let _ = layout.line(&input[start..*end], &mut |row| history.push(row.pieces(), row.wrapped));
            start = *end;
        }
        if seen > 0 && seen == ends.len() {
            history.pass_over(layout.completed);
        }
        start
    }

    /// Has the model take lines until the cursor has a line of its own at the bottom; the last one taken.
    fn reach_bottom(&mut self, input: &[u8], ends: &[usize]) -> Option<usize> {
        let rows = self.core.size().rows();
        let mut start = 0;
        let mut at_bottom = false;
        for (at, end) in ends.iter().enumerate().take(ends.len() - 2 * usize::from(rows)) {
            let mut scanner = Scanner::default();
            while start < *end {
                let (token, used) = scanner.next(&input[start..*end]);
                start += used;
                match token {
                    Some(token) => self.take(token),
                    None => break,
                }
            }
            // Every line that begins at the bottom ends with a fresh one.
            if at_bottom {
                self.model();
                return Some(at);
            }
            at_bottom = self.model().cursor().0 == rows - 1;
        }
        None
    }
}

/// Where the plain lines at the beginning of a text end, after their line feeds, and how far that was looked at.
fn measure(input: &[u8], layout: &mut Layout) -> (Vec<usize>, usize) {
    let mut ends = Vec::new();
    let mut start = 0;
    for feed in memchr::memchr_iter(b'\n', input) {
        let end = feed + 1;
        if layout.line(&input[start..end], &mut |_| ()).is_none() {
            return (ends, end);
        }
        ends.push(end);
        start = end;
    }
    (ends, input.len())
}
