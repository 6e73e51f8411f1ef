//! Lays plain lines out as the model does.

use unicode_width::UnicodeWidthChar as _;

use super::{Sequence, whole_sequence};
use crate::console::term::{history::Row, style::Style};

/// Columns between tab stops.
const TAB: u16 = 8;

/// Where the next character goes, and how it looks.
pub(super) struct Layout {
    columns: u16,
    /// Less than `columns` between lines.
    pub column: u16,
    pub style: Style,
    /// The last character.
    pub printed: Option<char>,
    /// Whether lines are wanted, or only that they are plain.
    pub rows: bool,
    /// Lines of the screen that are complete.
    pub completed: u64,
    row: Row,
    /// Blank cells before the next character.
    skipped: u16,
    /// The style of blank cells to the end of the row, where it was erased in another than the usual one.
    erased: Option<Style>,
}

impl Layout {
    /// Begins at a column of an empty row.
    pub fn new(columns: u16, column: u16, style: Style, rows: bool) -> Self {
        let row = Row::default();
        Self { columns, column, style, printed: None, rows, completed: 0, row, skipped: 0, erased: None }
    }

    /// Lays out one line, with its line feed. `None` if it is not plain: it may be half done.
    pub fn line(&mut self, line: &[u8], complete: &mut impl FnMut(&Row)) -> Option<()> {
        let line = line.strip_suffix(b"\n")?;
        let (line, returns) = line.strip_suffix(b"\r").map_or((line, false), |line| (line, true));
        self.skipped = self.column;
        // A loop without a way out is done on many bytes at once.
        if line.iter().fold(true, |plain, b| plain & matches!(b, 0x20..=0x7e)) {
            // All of it is ASCII.
            self.ascii(std::str::from_utf8(line).ok()?, complete);
        } else {
            self.mixed(std::str::from_utf8(line).ok()?, complete)?;
        }
        self.complete(false, complete);
        if returns {
            self.column = 0;
        }
        (self.column < self.columns).then_some(())
    }

    fn complete(&mut self, wrapped: bool, complete: &mut impl FnMut(&Row)) {
        self.completed += 1;
        if self.rows {
            if let Some(erased) = self.erased {
                self.row.add_blanks(self.columns - self.column, erased);
            }
            self.row.wrapped = wrapped;
            complete(&self.row);
            self.row.clear();
        }
        self.erased = None;
        self.skipped = 0;
    }

    /// The next character goes to the next row, which is empty.
    fn wrap(&mut self, complete: &mut impl FnMut(&Row)) {
        // A row whose last cell has nothing in it does not go on.
        self.complete(self.column == self.columns, complete);
        self.column = 0;
    }

    /// Puts text of known width into the row; it must fit.
    fn put(&mut self, text: &str, width: u16) {
        if self.rows {
            // As the model hands over cells that were skipped.
            let between = self.row.last_style().filter(|last| *last == self.style).unwrap_or_default();
            self.row.add_blanks(self.skipped, between);
            self.row.add(text, self.style);
        }
        self.skipped = 0;
        self.column += width;
    }

    fn ascii(&mut self, mut text: &str, complete: &mut impl FnMut(&Row)) {
        self.printed = text.chars().last().or(self.printed);
        while !text.is_empty() {
            if self.column == self.columns {
                self.wrap(complete);
            }
            let (now, later) = text.split_at(text.len().min(usize::from(self.columns - self.column)));
            // It is no longer than the row.
            self.put(now, u16::try_from(now.len()).unwrap_or(0));
            text = later;
        }
    }

    fn mixed(&mut self, line: &str, complete: &mut impl FnMut(&Row)) -> Option<()> {
        let mut rest = line;
        while let Some(first) = rest.as_bytes().first() {
            match first {
                0x20..=0x7e => {
                    let end = rest.bytes().position(|b| !matches!(b, 0x20..=0x7e)).unwrap_or(rest.len());
                    let (text, later) = rest.split_at(end);
                    self.ascii(text, complete);
                    rest = later;
                }
                b'\t' => {
                    self.tab()?;
                    rest = &rest[1..];
                }
                0x1b => {
                    let length = whole_sequence(rest.as_bytes())?;
                    self.sequence(Sequence::parse(&rest.as_bytes()[..length])?)?;
                    rest = &rest[length..];
                }
                0x80.. => {
                    let c = rest.chars().next()?;
                    self.character(c, &rest[..c.len_utf8()], complete)?;
                    rest = &rest[c.len_utf8()..];
                }
                _ => return None,
            }
        }
        Some(())
    }

    /// A character beyond ASCII that has a cell or two of its own.
    fn character(&mut self, c: char, text: &str, complete: &mut impl FnMut(&Row)) -> Option<()> {
        let width = c.width().filter(|width| (1..=2).contains(width)).filter(|_| c != '\u{fffd}')?;
        let width = u16::try_from(width).ok()?;
        if self.column + width > self.columns {
            self.wrap(complete);
        }
        self.put(text, width);
        self.printed = Some(c);
        Some(())
    }

    fn tab(&mut self) -> Option<()> {
        // Past the end a tab goes back to the last cell, and what comes then is written over it.
        if self.column >= self.columns || self.erased.is_some() {
            return None;
        }
        let stop = ((self.column / TAB + 1) * TAB).min(self.columns - 1);
        self.skipped += stop - self.column;
        self.column = stop;
        Some(())
    }

    fn sequence(&mut self, sequence: Sequence<'_>) -> Option<()> {
        match (sequence.prefix, sequence.intermediate, sequence.last) {
            (0, 0, b'm') => {
                let mut hidden = false;
                self.style.apply(sequence.parameters, &mut hidden);
                (!hidden).then_some(())
            }
            // Erasing to the right: there is nothing there yet, but the style is left behind.
            (0, 0, b'K') if sequence.count(0) == 0 && self.skipped == 0 && self.style.is_of_model() => {
                self.erased = (self.style != Style::default() && self.column < self.columns).then_some(self.style);
                Some(())
            }
            _ => None,
        }
    }
}
