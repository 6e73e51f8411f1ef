//! How keys move the cursor of copy mode.

use super::Copy;
use crate::console::term::{Line, Screen};

/// What a character is to the motions by words.
#[derive(Clone, Copy, PartialEq)]
enum Class {
    Blank,
    Word,
    Sign,
}

fn class(text: &str) -> Class {
    match text.chars().next() {
        Some(c) if c.is_alphanumeric() || c == '_' => Class::Word,
        Some(c) if !c.is_whitespace() => Class::Sign,
        _ => Class::Blank,
    }
}

impl Copy {
    pub(super) fn vertically(&mut self, lines: i64, screen: &Screen) {
        let last = screen.live() + u64::from(screen.size().rows()) - 1;
        let line = self.cursor.line.saturating_add_signed(lines).clamp(screen.oldest(), last);
        self.cursor.line = line;
        self.cursor.column = self.wish;
    }

    /// Scrolls the view back by a line, or forward; the cursor stays in it.
    pub(super) fn scroll(&mut self, back: isize, screen: &mut Screen) {
        screen.scroll_to(screen.scrolled().saturating_add_signed(back));
        let top = screen.top();
        self.cursor.line = self.cursor.line.clamp(top, top + u64::from(screen.size().rows()) - 1);
    }

    pub(super) fn move_to_column(&mut self, column: u16) {
        self.cursor.column = column;
        self.wish = column;
    }

    pub(super) fn move_to_line(&mut self, line: u64, screen: &mut Screen) {
        self.cursor.line = line;
        self.cursor.column = self.wish;
        self.keep_in(screen);
    }

    pub(super) fn left(&mut self, screen: &Screen) {
        let line = screen.line(self.cursor.line);
        let before = line.columns().map(|(column, _)| column).rfind(|column| *column < self.cursor.column);
        let past = self.cursor.column.saturating_sub(1);
        // Beyond the text every column is one step.
        let end = line.columns().next_back().map_or(0, |(column, _)| column);
        self.move_to_column(if past > end { past } else { before.unwrap_or(0) });
    }

    pub(super) fn right(&mut self, screen: &Screen) {
        let line = screen.line(self.cursor.line);
        let next = line.columns().map(|(column, _)| column).find(|column| *column > self.cursor.column);
        let last = screen.size().columns() - 1;
        self.move_to_column(next.unwrap_or(self.cursor.column + 1).min(last));
    }

    /// To the first character that is no blank.
    pub(super) fn move_to_text(&mut self, screen: &Screen) {
        let line = screen.line(self.cursor.line);
        self.move_to_column(
            line.columns().find(|(_, text)| class(text) != Class::Blank).map_or(0, |(column, _)| column),
        );
    }

    /// To the last character.
    pub(super) fn move_to_end(&mut self, screen: &Screen) {
        let line = screen.line(self.cursor.line);
        self.move_to_column(line.columns().next_back().map_or(0, |(column, _)| column));
    }

    pub(super) fn next_word(&mut self, screen: &Screen) {
        let line = screen.line(self.cursor.line);
        let mut here = None;
        for (column, text) in line.columns().skip_while(|(column, _)| *column < self.cursor.column) {
            let class = class(text);
            if here.is_some_and(|here| class != here && class != Class::Blank) {
                return self.move_to_column(column);
            }
            if here.is_none() || class == Class::Blank {
                here = Some(class);
            }
        }
        self.over_line_end(1, screen, |line| {
            line.columns().find(|(_, text)| class(text) != Class::Blank).map(|(column, _)| column)
        });
    }

    pub(super) fn end_of_word(&mut self, screen: &Screen) {
        let end = |line: &Line, from: Option<u16>| {
            let mut cells = line.columns().filter(|(column, _)| from.is_none_or(|from| *column > from));
            let (mut end, first) =
                cells.by_ref().map(|(at, text)| (at, class(text))).find(|(_, c)| *c != Class::Blank)?;
            for (column, text) in cells {
                if class(text) != first {
                    break;
                }
                end = column;
            }
            Some(end)
        };
        let line = screen.line(self.cursor.line);
        match end(&line, Some(self.cursor.column)) {
            Some(column) => self.move_to_column(column),
            None => self.over_line_end(1, screen, |line| end(line, None)),
        }
    }

    pub(super) fn previous_word(&mut self, screen: &Screen) {
        let line = screen.line(self.cursor.line);
        match word_before(&line, Some(self.cursor.column)) {
            Some(column) => self.move_to_column(column),
            None => self.over_line_end(-1, screen, |line| word_before(line, None)),
        }
    }

    /// Goes on in the next line, or the one before, in which there is something to go to.
    fn over_line_end(&mut self, step: i64, screen: &Screen, find: impl Fn(&Line) -> Option<u16>) {
        let last = screen.live() + u64::from(screen.size().rows()) - 1;
        let mut number = self.cursor.line;
        while let Some(next) = number.checked_add_signed(step).filter(|next| (screen.oldest()..=last).contains(next)) {
            number = next;
            if let Some(column) = find(&screen.line(number)) {
                self.cursor.line = number;
                return self.move_to_column(column);
            }
        }
    }
}

/// Where the last word before a column begins.
fn word_before(line: &Line, before: Option<u16>) -> Option<u16> {
    let mut cells = line.columns().rev().filter(|(column, _)| before.is_none_or(|before| *column < before));
    let (mut begin, first) = cells.by_ref().map(|(at, text)| (at, class(text))).find(|(_, c)| *c != Class::Blank)?;
    for (column, text) in cells {
        if class(text) != first {
            break;
        }
        begin = column;
    }
    Some(begin)
}
