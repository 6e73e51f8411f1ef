//! Shows selection, matches and cursor over a screen that was painted.

use ratatui::{
    buffer::Buffer,
    layout::{Position, Rect},
    style::Style,
};

use super::Copy;
use crate::console::term::{Match, Screen};

/// How copy mode is shown.
#[derive(Clone, Copy, Debug, Default)]
pub struct Highlight {
    /// What is selected.
    pub selected: Style,
    /// Places found.
    pub found: Style,
    /// The place found that the cursor is on.
    pub current: Style,
}

impl Copy {
    /// Draws over the view of a screen at `area`. Where the cursor goes, if it is in the view.
    pub fn draw(&self, screen: &Screen, area: Rect, buffer: &mut Buffer, with: Highlight) -> Option<Position> {
        let area = area.intersection(buffer.area);
        let top = screen.top();
        let bottom = top + u64::from(area.height);
        let mut mark = |line: u64, first: u16, last: u16, style: Style| {
            let Some(row) = line.checked_sub(top).and_then(|row| u16::try_from(row).ok()) else { return };
            if row < area.height && first < area.width {
                let width = last.min(area.width - 1) - first.min(last) + 1;
                buffer.set_style(Rect { x: area.x + first, y: area.y + row, width, height: 1 }, style);
            }
        };
        let seen = |found: &&Match| found.end.line >= top && found.start.line < bottom;
        for found in self.search.found.iter().filter(seen) {
            let style = if found.start == self.cursor { with.current } else { with.found };
            for line in found.start.line.max(top)..=found.end.line.min(bottom) {
                let first = if line == found.start.line { found.start.column } else { 0 };
                let last = if line == found.end.line { found.end.column } else { u16::MAX };
                mark(line, first, last, style);
            }
        }
        for line in top..bottom {
            if let Some((first, last)) = self.columns(line, screen) {
                mark(line, first, last, with.selected);
            }
        }
        let row = u16::try_from(self.cursor.line.checked_sub(top)?).ok()?;
        let inside = row < area.height && self.cursor.column < area.width;
        inside.then(|| Position::new(area.x + self.cursor.column, area.y + row))
    }
}
