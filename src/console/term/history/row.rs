//! A line while it is put together.

use crate::console::term::style::Style;

/// A line on its way to the history.
#[derive(Default)]
pub(in crate::console::term) struct Row {
    text: String,
    /// Where pieces end, and their styles.
    pieces: Vec<(usize, Style)>,
    /// Whether it goes on in the next one.
    pub wrapped: bool,
}

impl Row {
    /// The text in pieces of one style.
    pub fn pieces(&self) -> impl Iterator<Item = (&str, Style)> {
        let mut start = 0;
        self.pieces.iter().map(move |(end, style)| {
            let piece = &self.text[start..*end];
            start = *end;
            (piece, *style)
        })
    }

    /// Adds text.
    pub fn add(&mut self, text: &str, style: Style) {
        self.text.push_str(text);
        self.end_piece(style);
    }

    /// Adds so many blanks.
    pub fn add_blanks(&mut self, count: u16, style: Style) {
        if count > 0 {
            self.text.extend(std::iter::repeat_n(' ', usize::from(count)));
            self.end_piece(style);
        }
    }

    /// The style of the last piece.
    pub fn last_style(&self) -> Option<Style> {
        self.pieces.last().map(|(_, style)| *style)
    }

    fn end_piece(&mut self, style: Style) {
        match self.pieces.last_mut() {
            Some((end, last)) if *last == style => *end = self.text.len(),
            _ => self.pieces.push((self.text.len(), style)),
        }
    }

    /// Begins anew.
    pub fn clear(&mut self) {
        self.text.clear();
        self.pieces.clear();
        self.wrapped = false;
    }
}
