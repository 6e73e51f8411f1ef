//! The last lines of what happened, within bounds.

use std::collections::VecDeque;

use crate::console::state::Pane;

/// Lines kept.
const LINES: usize = 10_000;
/// Bytes kept.
const BYTES: usize = 8 * 1024 * 1024;
/// A longer line would push out too many others.
pub const LONGEST: usize = 1024 * 1024;

/// A line, and where the console was then.
#[derive(Debug)]
struct Kept {
    line: Box<str>,
    size: (u16, u16),
    pane: Pane,
}

/// The last lines.
#[derive(Debug, Default)]
pub struct Ring {
    kept: VecDeque<Kept>,
    bytes: usize,
    lost: bool,
}

impl Ring {
    /// Keeps a line; the oldest ones make room for it.
    pub fn push(&mut self, line: Box<str>, size: (u16, u16), pane: Pane) {
        self.bytes += line.len();
        self.kept.push_back(Kept { line, size, pane });
        while self.bytes > BYTES || self.kept.len() > LINES {
            let Some(oldest) = self.kept.pop_front() else { return };
            self.bytes -= oldest.line.len();
            self.lost = true;
        }
    }

    /// Whether something was let go.
    pub fn has_lost(&self) -> bool {
        self.lost
    }

    /// The size of the terminal and the pane at the oldest line.
    pub fn begins_in(&self) -> Option<((u16, u16), Pane)> {
        self.kept.front().map(|kept| (kept.size, kept.pane))
    }

    /// The lines, the oldest first.
    pub fn lines(&self) -> impl Iterator<Item = &str> {
        self.kept.iter().map(|kept| kept.line.as_ref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_lines_stay_within_bounds() {
        let mut ring = Ring::default();
        (0..LINES + 5).for_each(|n| ring.push(n.to_string().into(), (80, 24), Pane::Fleet));
        assert_eq!((ring.lines().count(), ring.lines().next(), ring.has_lost()), (LINES, Some("5"), true));
        let long = "x".repeat(LONGEST);
        (0..20).for_each(|_| ring.push(long.as_str().into(), (40, 10), Pane::Shell));
        assert_eq!(ring.lines().count(), BYTES / LONGEST);
        assert!(ring.bytes <= BYTES);
        assert_eq!(ring.begins_in(), Some(((40, 10), Pane::Shell)));
    }
}
