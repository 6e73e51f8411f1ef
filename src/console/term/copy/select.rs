//! What is selected: which cells of a line, and their text.

use super::{Copy, Unit};
use crate::console::term::{Line, Place, Screen};

/// Characters that end what a double click selects, beside blanks. Paths, addresses and names hold together.
const BETWEEN_WORDS: &str = "\"'`()[]{}<>|;,│";

impl Copy {
    /// The first and last place, in order, with whole words and lines.
    fn range(&self, screen: &Screen) -> Option<(Place, Place)> {
        let anchor = self.anchor?;
        let (mut start, mut end) = (anchor.min(self.cursor), anchor.max(self.cursor));
        match self.unit {
            Unit::Characters | Unit::Block => {}
            Unit::Words => {
                start.column = word(&screen.line(start.line), start.column).0;
                end.column = word(&screen.line(end.line), end.column).1;
            }
            Unit::Lines => {
                start.column = 0;
                end.column = u16::MAX;
            }
        }
        Some((start, end))
    }

    /// The first and last column of a line that are selected; the last may be past the text.
    pub fn columns(&self, line: u64, screen: &Screen) -> Option<(u16, u16)> {
        let (start, end) = self.range(screen)?;
        if !(start.line..=end.line).contains(&line) {
            return None;
        }
        if self.unit == Unit::Block {
            let anchor = self.anchor?.column;
            return Some((anchor.min(self.cursor.column), anchor.max(self.cursor.column)));
        }
        let first = if line == start.line { start.column } else { 0 };
        let last = if line == end.line { end.column } else { u16::MAX };
        Some((first, last))
    }

    /// What is selected, if anything is: lines that go on are joined, blanks at their ends are left out.
    pub fn text(&self, screen: &Screen) -> Option<String> {
        let (start, end) = self.range(screen)?;
        let mut text = String::new();
        for number in start.line..=end.line {
            let line = screen.line(number);
            let (first, last) = self.columns(number, screen)?;
            let to = line.columns().find(|(column, _)| *column > last).map_or(line.text.len(), |(at, _)| line.byte(at));
            let part = line.text.get(line.byte(first)..to).unwrap_or_default();
            let goes_on = line.wrapped && self.unit != Unit::Block;
            text.push_str(if goes_on { part } else { part.trim_end() });
            if number < end.line && !goes_on {
                text.push('\n');
            }
        }
        Some(text)
    }
}

/// The first and last column of the word at a column; of blanks the cell alone.
fn word(line: &Line, column: u16) -> (u16, u16) {
    let holds = |text: &str| !text.starts_with(|c: char| c.is_whitespace() || BETWEEN_WORDS.contains(c));
    let mut from = None;
    let mut found = (column, column);
    for (at, text) in line.columns() {
        if !holds(text) {
            if at > column {
                break;
            }
            from = None;
        } else {
            let begin = *from.get_or_insert(at);
            found = (begin, at);
        }
    }
    // The cell itself may be a blank, or past the text.
    if from.is_some() && (found.0..=found.1).contains(&column) { found } else { (column, column) }
}
