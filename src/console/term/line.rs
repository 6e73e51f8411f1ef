//! A line as text and as cells, for search and selection.

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use super::{Screen, core::Glyph, style::Style};

/// A line of the screen or of the past.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line {
    /// The text, with blanks for cells that show nothing, without any after the last that does.
    pub text: String,
    /// For every character that has a cell: where it begins in the text, and its column.
    cells: Vec<(usize, u16)>,
    /// Whether the line goes on in the next one.
    pub wrapped: bool,
}

impl Line {
    /// The column of a byte of the text; past the end it is that of the last cell.
    pub fn column(&self, byte: usize) -> u16 {
        let behind = self.cells.partition_point(|(begin, _)| *begin <= byte);
        behind.checked_sub(1).map_or(0, |at| self.cells[at].1)
    }

    /// The byte at which the character of a column begins; past the end it is the length of the text.
    pub fn byte(&self, column: u16) -> usize {
        let behind = self.cells.partition_point(|(_, begin)| *begin <= column);
        let past = self.cells.last().is_none_or(|(byte, begin)| {
            usize::from(column - (*begin).min(column)) >= self.text[*byte..].width().max(1)
        });
        match behind.checked_sub(1) {
            Some(at) if !past => self.cells[at].0,
            _ => self.text.len(),
        }
    }

    /// The columns that show something, of the first cell of each character.
    pub fn columns(&self) -> impl DoubleEndedIterator<Item = (u16, &str)> {
        self.cells.iter().enumerate().map(|(at, (begin, column))| {
            let end = self.cells.get(at + 1).map_or(self.text.len(), |(next, _)| *next);
            (*column, &self.text[*begin..end])
        })
    }

    fn push(&mut self, column: u16, text: &str) {
        self.cells.push((self.text.len(), column));
        self.text.push_str(text);
    }
}

impl Screen {
    /// A line by number; empty if it is neither kept nor on the screen.
    pub fn line(&self, number: u64) -> Line {
        let mut line = Line::default();
        let mut next = 0;
        let mut end = 0;
        let wrapped = self.each_glyph(number, |column, glyph| {
            (next..column).for_each(|column| line.push(column, " "));
            line.push(column, if glyph.text.is_empty() { " " } else { glyph.text });
            next = column + if glyph.wide { 2 } else { 1 };
            if !glyph.text.is_empty() {
                end = line.cells.len();
            }
        });
        if let Some((begin, _)) = line.cells.get(end) {
            line.text.truncate(*begin);
            line.cells.truncate(end);
        }
        line.wrapped = wrapped.unwrap_or(false);
        line
    }
}

/// Goes through text as cells: each begins with a character that has a width, and takes those without that follow.
pub(super) fn each_glyph<'a>(pieces: impl Iterator<Item = (&'a str, Style)>, mut visit: impl FnMut(u16, Glyph<'_>)) {
    let mut column = 0;
    for (piece, style) in pieces {
        let mut rest = piece;
        while let Some(first) = rest.chars().next() {
            let marks = rest.char_indices().skip(1).find(|(_, c)| c.width().unwrap_or(0) > 0);
            let (text, later) = rest.split_at(marks.map_or(rest.len(), |(at, _)| at));
            let wide = if text.len() == first.len_utf8() { first.width() } else { Some(text.width()) };
            let wide = wide.unwrap_or(1) > 1;
            visit(column, Glyph { text, wide, style });
            column = column.saturating_add(if wide { 2 } else { 1 });
            rest = later;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::term::Size;

    #[test]
    fn lines_have_cells() {
        let mut screen = Screen::new(Size::new(2, 12), 10);
        let _ = screen.feed("a漢e\u{301}\tb\r\n2\r\n".as_bytes());
        let line = screen.line(0);
        assert_eq!(line.text, "a漢e\u{301}    b");
        assert_eq!((line.column(0), line.column(1), line.column(3), line.column(4), line.column(99)), (0, 1, 1, 3, 8));
        assert_eq!((line.byte(0), line.byte(1), line.byte(2), line.byte(3)), (0, 1, 1, 4));
        assert_eq!(
            (line.byte(8), line.byte(9), line.byte(11)),
            (line.text.len() - 1, line.text.len(), line.text.len())
        );
        assert_eq!(screen.line(1).text, "2");
        assert_eq!(screen.line(7), Line::default());
    }
}
