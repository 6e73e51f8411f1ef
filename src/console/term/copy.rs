//! Copy mode: looking back, searching and selecting, by keys as in vi and by the mouse.
//!
//! A selection is anchored to line numbers, so it stays on its text while output comes and the view scrolls.

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use super::{Match, Place, Screen};

mod draw;
mod motion;
mod select;

pub use draw::Highlight;

/// What a selection is made of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Unit {
    /// From a character to a character.
    #[default]
    Characters,
    /// Whole words, as a double click selects them.
    Words,
    /// Whole lines.
    Lines,
    /// A rectangle.
    Block,
}

/// What comes of a key or of the mouse.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// One goes on.
    Stay,
    /// Copy mode is over.
    Leave,
    /// Copy mode is over, with a text to be copied.
    Copied(String),
}

/// A search that is being typed or was made.
#[derive(Clone, Debug, Default)]
struct Search {
    text: String,
    backwards: bool,
    /// Where the cursor was when typing began, while it goes on.
    from: Option<Place>,
    found: Vec<Match>,
}

/// A user in copy mode over one screen.
#[derive(Clone, Debug)]
pub struct Copy {
    cursor: Place,
    anchor: Option<Place>,
    unit: Unit,
    /// The column that moving up and down keeps to.
    wish: u16,
    search: Search,
}

impl Copy {
    /// Begins at the cursor, or on the last line of a view that is scrolled back.
    pub fn new(screen: &Screen) -> Self {
        let (row, column) = screen.cursor();
        let row = if screen.scrolled() > 0 { screen.size().rows() - 1 } else { row };
        let cursor = Place { line: screen.top() + u64::from(row), column };
        Self { cursor, anchor: None, unit: Unit::default(), wish: column, search: Search::default() }
    }

    /// Where the cursor is.
    pub fn cursor(&self) -> Place {
        self.cursor
    }

    /// What is selected, if anything is.
    pub fn selecting(&self) -> Option<Unit> {
        self.anchor.map(|_| self.unit)
    }

    /// The search that is being typed, with the sign it began with.
    pub fn prompt(&self) -> Option<String> {
        let sign = if self.search.backwards { '?' } else { '/' };
        self.search.from.map(|_| format!("{sign}{}", self.search.text))
    }

    /// Places found, and which of them the cursor is on, from 1.
    pub fn found(&self) -> (usize, Option<usize>) {
        let at = self.search.found.iter().position(|found| found.start == self.cursor);
        (self.search.found.len(), at.map(|at| at + 1))
    }

    /// Takes a key.
    pub fn key(&mut self, key: KeyEvent, screen: &mut Screen) -> Outcome {
        if key.kind == KeyEventKind::Release {
            return Outcome::Stay;
        }
        self.keep_in(screen);
        if self.search.from.is_some() {
            self.type_search(key, screen);
            return Outcome::Stay;
        }
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        let (rows, height) = (screen.size().rows(), i64::from(screen.size().rows()));
        match key.code {
            KeyCode::Char('c') if control => return self.leave(screen),
            KeyCode::Char('u') if control => self.vertically(-height / 2, screen),
            KeyCode::Char('d') if control => self.vertically(height / 2, screen),
            KeyCode::Char('b') if control => self.vertically(1 - height, screen),
            KeyCode::Char('f') if control => self.vertically(height - 1, screen),
            KeyCode::Char('y') if control => self.scroll(1, screen),
            KeyCode::Char('e') if control => self.scroll(-1, screen),
            KeyCode::Char('v') if control => self.select(Unit::Block),
            KeyCode::PageUp => self.vertically(1 - height, screen),
            KeyCode::PageDown => self.vertically(height - 1, screen),
            KeyCode::Char('h') | KeyCode::Left => self.left(screen),
            KeyCode::Char('l') | KeyCode::Right => self.right(screen),
            KeyCode::Char('j') | KeyCode::Down => self.vertically(1, screen),
            KeyCode::Char('k') | KeyCode::Up => self.vertically(-1, screen),
            KeyCode::Char('w') => self.next_word(screen),
            KeyCode::Char('b') => self.previous_word(screen),
            KeyCode::Char('e') => self.end_of_word(screen),
            KeyCode::Char('0') | KeyCode::Home => self.move_to_column(0),
            KeyCode::Char('^') => self.move_to_text(screen),
            KeyCode::Char('$') | KeyCode::End => self.move_to_end(screen),
            KeyCode::Char('g') => self.move_to_line(screen.oldest(), screen),
            KeyCode::Char('G') => self.move_to_line(screen.live() + u64::from(rows) - 1, screen),
            KeyCode::Char('H') => self.move_to_line(screen.top(), screen),
            KeyCode::Char('M') => self.move_to_line(screen.top() + u64::from(rows / 2), screen),
            KeyCode::Char('L') => self.move_to_line(screen.top() + u64::from(rows) - 1, screen),
            KeyCode::Char('v') | KeyCode::Char(' ') => self.select(Unit::Characters),
            KeyCode::Char('V') => self.select(Unit::Lines),
            KeyCode::Char('o') => {
                if let Some(anchor) = &mut self.anchor {
                    std::mem::swap(anchor, &mut self.cursor);
                }
            }
            KeyCode::Char('y') | KeyCode::Enter => {
                let text = self.text(screen).unwrap_or_default();
                self.leave(screen);
                return if text.is_empty() { Outcome::Leave } else { Outcome::Copied(text) };
            }
            KeyCode::Char(sign @ ('/' | '?')) => {
                self.search = Search { backwards: sign == '?', from: Some(self.cursor), ..Search::default() };
            }
            KeyCode::Char('n') => self.next_match(self.search.backwards, screen),
            KeyCode::Char('N') => self.next_match(!self.search.backwards, screen),
            KeyCode::Esc if self.anchor.is_some() => self.anchor = None,
            KeyCode::Char('q') | KeyCode::Esc => return self.leave(screen),
            _ => {}
        }
        self.keep_in(screen);
        screen.show_line(self.cursor.line);
        Outcome::Stay
    }

    fn leave(&mut self, screen: &mut Screen) -> Outcome {
        self.anchor = None;
        screen.scroll_to(0);
        Outcome::Leave
    }

    fn type_search(&mut self, key: KeyEvent, screen: &mut Screen) {
        let Some(from) = self.search.from else { return };
        let plain = !key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT);
        match key.code {
            KeyCode::Enter => {
                self.search.from = None;
                return;
            }
            KeyCode::Backspace if !self.search.text.is_empty() => {
                self.search.text.pop();
            }
            KeyCode::Char(c) if plain => self.search.text.push(c),
            KeyCode::Char('u') => self.search.text.clear(),
            _ => {
                self.search = Search::default();
                self.cursor = from;
                screen.show_line(from.line);
                return;
            }
        }
        self.search.found = screen.find(&self.search.text);
        self.cursor = from;
        let (found, backwards) = (&self.search.found, self.search.backwards);
        let next = if backwards {
            found.iter().rev().find(|found| found.start <= from).or(found.last())
        } else {
            found.iter().find(|found| found.start >= from).or(found.first())
        };
        if let Some(next) = next {
            self.cursor = next.start;
        }
        screen.show_line(self.cursor.line);
    }

    fn next_match(&mut self, backwards: bool, screen: &mut Screen) {
        if self.search.text.is_empty() {
            return;
        }
        // Output may have come since.
        self.search.found = screen.find(&self.search.text);
        let (found, from) = (&self.search.found, self.cursor);
        let next = if backwards {
            found.iter().rev().find(|found| found.start < from).or(found.last())
        } else {
            found.iter().find(|found| found.start > from).or(found.first())
        };
        if let Some(next) = next {
            self.cursor = next.start;
            self.wish = self.cursor.column;
        }
    }

    /// Begins a selection here, makes one of another kind of it, or ends it.
    fn select(&mut self, unit: Unit) {
        if self.anchor.is_some() && self.unit == unit {
            self.anchor = None;
        } else {
            self.anchor.get_or_insert(self.cursor);
            self.unit = unit;
        }
    }

    /// The button went down over a cell of the view, for the first, second or third time in a row. `block` selects a
    /// rectangle.
    pub fn press(&mut self, (row, column): (u16, u16), clicks: u8, block: bool, screen: &Screen) {
        self.search.from = None;
        self.cursor = self.at(row, column, screen);
        self.anchor = (clicks > 1).then_some(self.cursor);
        self.unit = match clicks {
            2 => Unit::Words,
            3.. => Unit::Lines,
            _ if block => Unit::Block,
            _ => Unit::Characters,
        };
        self.wish = self.cursor.column;
    }

    /// The mouse moved with the button down. Rows above and below the view scroll it.
    pub fn drag(&mut self, row: i32, column: u16, screen: &mut Screen) {
        self.anchor.get_or_insert(self.cursor);
        let last = i32::from(screen.size().rows()) - 1;
        if row < 0 {
            screen.scroll_to(screen.scrolled() + 1);
        } else if row > last {
            screen.scroll_to(screen.scrolled().saturating_sub(1));
        }
        let row = u16::try_from(row.clamp(0, last)).unwrap_or(0);
        self.cursor = self.at(row, column, screen);
    }

    /// The button went up: what is selected, to be copied. The selection stays.
    pub fn release(&self, screen: &Screen) -> Option<String> {
        self.text(screen).filter(|text| !text.is_empty())
    }

    fn at(&self, row: u16, column: u16, screen: &Screen) -> Place {
        Place { line: screen.top() + u64::from(row), column: column.min(screen.size().columns() - 1) }
    }

    /// Lines that were looked at may be gone.
    fn keep_in(&mut self, screen: &Screen) {
        let (first, last) = (screen.oldest(), screen.live() + u64::from(screen.size().rows()) - 1);
        for place in std::iter::once(&mut self.cursor).chain(&mut self.anchor) {
            place.line = place.line.clamp(first, last);
            place.column = place.column.min(screen.size().columns() - 1);
        }
    }
}

#[cfg(test)]
mod tests;
