//! Rows of a node that can be filtered, with a cursor that stays on its row whatever comes.

use std::borrow::Cow;

use crossterm::event::KeyEvent;

use crate::console::{
    action::Action,
    state::{
        cursor::Cursor,
        input::LineInput,
        list::{Fact, Sheet},
    },
};

/// A row of such a table.
pub trait Row {
    /// What tells it from all others, also in a later answer.
    fn key(&self) -> String;
    /// What is looked for in it, in small letters.
    fn text(&self) -> String;
    /// The names of the columns.
    fn columns() -> &'static [&'static str];
    /// What stands in a column.
    fn fact(&self, column: usize) -> Fact;
}

/// The rows of a table that pass its filter, as rows in columns.
pub struct TableRows<'a, T>(pub Option<&'a Table<T>>);

impl<T: Row> Sheet for TableRows<'_, T> {
    fn columns(&self) -> &'static [&'static str] {
        T::columns()
    }

    fn count(&self) -> usize {
        self.0.map_or(0, Table::len)
    }

    fn key(&self, row: usize) -> Cow<'_, str> {
        self.0.and_then(|table| table.row(row)).map(Row::key).unwrap_or_default().into()
    }

    fn fact(&self, row: usize, column: usize) -> Fact {
        self.0.and_then(|table| table.row(row)).map_or(Fact::Nothing, |row| row.fact(column))
    }
}

/// Rows, those of them that pass the filter, and where one is among those.
#[derive(Clone, Debug)]
pub struct Table<T> {
    rows: Vec<T>,
    shown: Vec<usize>,
    /// The filter as typed: every word must be found.
    pub filter: LineInput,
    /// Whether it is being typed.
    pub filtering: bool,
    /// Where one is.
    pub cursor: Cursor,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self {
            rows: Vec::new(),
            shown: Vec::new(),
            filter: LineInput::default(),
            filtering: false,
            cursor: Cursor::default(),
        }
    }
}

/// Whether no word goes on in what follows.
fn ends_word(rest: &str) -> bool {
    rest.chars().next().is_none_or(|c| !c.is_alphanumeric())
}

impl<T: Row> Table<T> {
    /// Takes rows in the order they are shown in.
    pub fn set(&mut self, rows: Vec<T>) {
        let here = self.current().map(Row::key);
        self.rows = rows;
        self.refilter(here);
    }

    /// Puts the rows into another order.
    pub fn sort_by(&mut self, order: impl FnMut(&T, &T) -> std::cmp::Ordering) {
        let here = self.current().map(Row::key);
        self.rows.sort_by(order);
        self.refilter(here);
    }

    fn refilter(&mut self, here: Option<String>) {
        let typed = self.filter.text().to_lowercase();
        let words: Vec<&str> = typed.split_whitespace().collect();
        let passes = |row: &T| {
            let text = if words.is_empty() { String::new() } else { row.text() };
            words.iter().all(|word| text.contains(word))
        };
        self.shown = self.rows.iter().enumerate().filter(|(_, row)| passes(row)).map(|(at, _)| at).collect();
        // Whoever types `sleep 600` means that, and not what sleeps for 3600 seconds.
        let whole =
            |at: &usize| self.rows[*at].text().split_once(typed.trim()).is_some_and(|(_, rest)| ends_word(rest));
        if words.len() > 1 && self.shown.iter().any(whole) {
            self.shown = self.shown.iter().copied().filter(whole).collect();
        }
        let row = here.and_then(|key| self.shown.iter().position(|at| self.rows[*at].key() == key));
        self.cursor.at = row.unwrap_or(self.cursor.at);
        self.cursor.clamp(self.shown.len());
    }

    /// A shown row.
    pub fn row(&self, row: usize) -> Option<&T> {
        self.shown.get(row).and_then(|at| self.rows.get(*at))
    }

    /// The row under the cursor.
    pub fn current(&self) -> Option<&T> {
        self.row(self.cursor.at)
    }

    /// Every row, shown or not.
    pub fn rows(&self) -> &[T] {
        &self.rows
    }

    /// Rows that pass the filter.
    pub fn len(&self) -> usize {
        self.shown.len()
    }

    /// Whether none does.
    pub fn is_empty(&self) -> bool {
        self.shown.is_empty()
    }

    /// Moves, or begins and ends typing the filter. `false` if the action is neither.
    pub fn act(&mut self, action: Action) -> bool {
        match action {
            Action::Filter | Action::Find => {
                self.filtering = true;
                self.filter.begin_anew();
            }
            Action::Accept if self.filtering => self.filtering = false,
            Action::Dismiss if self.filtering => {
                self.filtering = false;
                self.clear();
            }
            Action::Back if !self.filter.text().is_empty() => self.clear(),
            _ => return self.cursor.step(action, self.shown.len()),
        }
        true
    }

    fn clear(&mut self) {
        self.filter.clear();
        let here = self.current().map(Row::key);
        self.refilter(here);
    }

    /// A key of the filter.
    pub fn key(&mut self, key: KeyEvent) {
        if self.filter.key(key) {
            let here = self.current().map(Row::key);
            self.refilter(here);
        }
    }

    /// A text for the filter.
    pub fn insert(&mut self, text: &str) {
        self.filter.insert(text);
        let here = self.current().map(Row::key);
        self.refilter(here);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Row for &'static str {
        fn key(&self) -> String {
            (*self).to_owned()
        }

        fn text(&self) -> String {
            self.to_lowercase()
        }

        fn columns() -> &'static [&'static str] {
            &["name"]
        }

        fn fact(&self, _column: usize) -> Fact {
            Fact::text(self)
        }
    }

    #[test]
    fn the_cursor_stays_on_its_row() {
        let mut table = Table::default();
        table.set(vec!["nginx", "sshd", "Cron"]);
        table.act(Action::CursorDown);
        table.set(vec!["a", "b", "nginx", "sshd"]);
        assert_eq!(table.current(), Some(&"sshd"));
        table.insert("N");
        assert_eq!((table.len(), table.current()), (1, Some(&"nginx")));
        table.act(Action::Back);
        assert_eq!((table.len(), table.current()), (4, Some(&"nginx")));
        table.set(Vec::new());
        assert_eq!((table.current(), table.is_empty()), (None, true));
    }
}
