//! Finds out what of the table beside the model is still used.

use super::{Core, hooks};
use crate::console::term::{extras::Used, style::Style};

impl Core {
    /// Whether the table is full and a sweep worth its cost.
    pub fn wants_sweep(&self) -> bool {
        self.parser.callbacks().extras.wants_sweep()
    }

    /// Makes room in the table: what no cell and no line that scrolled away uses goes. `in_force` are the styles programs
    /// may still write with. The model must have taken everything that was gathered for it.
    pub fn sweep(&mut self, in_force: &[Style]) {
        let mut used = Used::default();
        if let Some(held) = self.held.as_deref() {
            mark(held, &mut used);
        }
        // The model shows one of its two screens at a time; looked at, neither changes.
        let (there, back) =
            if self.alternate_screen() { ("\x1b[?47l", "\x1b[?47h") } else { ("\x1b[?47h", "\x1b[?47l") };
        mark(self.parser.screen(), &mut used);
        self.process(there.as_bytes());
        mark(self.parser.screen(), &mut used);
        self.process(back.as_bytes());
        self.history().lock().styles().for_each(|style| used.style(style));
        self.parser.callbacks_mut().extras.sweep(used, in_force);
    }
}

fn mark(screen: &vt100::Screen, used: &mut Used) {
    let (rows, columns) = screen.size();
    for row in 0..rows.into() {
        for column in 0..columns.into() {
            if let Some(cell) = screen.cell(row, column) {
                used.colour(hooks::colour(cell.fgcolor()));
            }
        }
    }
}
