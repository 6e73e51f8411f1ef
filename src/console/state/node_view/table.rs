//! Rows of a node that can be filtered and sorted, with a cursor that stays on its row whatever comes.

use std::borrow::Cow;

use crate::console::{
    action::Action,
    state::{
        cursor::Cursor,
        list::{Fact, Lens, Sheet},
    },
};

/// A row of such a table.
pub trait Row {
    /// The names of the columns.
    const COLUMNS: &'static [&'static str];
    /// The names of those that are shown only where somebody asks for them.
    const HIDDEN: &'static [&'static str] = &[];

    /// What tells it from all others, also in a later answer.
    fn key(&self) -> String;
    /// What stands in a column.
    fn fact(&self, column: usize) -> Fact;

    /// A long text in which words are looked for as they are, which is no column's, or the column it stands in.
    fn long(&self) -> Option<(usize, Cow<'_, str>)> {
        None
    }
}

/// The rows of a table as rows in columns.
pub struct TableRows<'a, T>(pub Option<&'a [T]>);

impl<T> TableRows<'_, T> {
    fn row(&self, row: usize) -> Option<&T> {
        self.0?.get(row)
    }
}

impl<T: Row> Sheet for TableRows<'_, T> {
    fn columns(&self) -> &'static [&'static str] {
        T::COLUMNS
    }

    fn usual(&self) -> Vec<&'static str> {
        T::COLUMNS.iter().copied().filter(|name| !T::HIDDEN.contains(name)).collect()
    }

    fn count(&self) -> usize {
        self.0.map_or(0, <[T]>::len)
    }

    fn key(&self, row: usize) -> Cow<'_, str> {
        self.row(row).map(Row::key).unwrap_or_default().into()
    }

    fn fact(&self, row: usize, column: usize) -> Fact {
        self.row(row).map_or(Fact::Nothing, |row| row.fact(column))
    }

    fn words(&self, row: usize) -> String {
        let long = self.row(row).and_then(Row::long).map(|(column, _)| column);
        let cells = (0..T::COLUMNS.len()).filter(|column| Some(*column) != long);
        cells.map(|column| self.fact(row, column).words().into_owned()).collect::<Vec<_>>().join("\n")
    }

    fn more(&self, row: usize) -> Cow<'_, str> {
        self.row(row).and_then(Row::long).map(|(_, text)| text).unwrap_or_default()
    }

    /// Whoever types `sleep 600` means that, and not what sleeps for 3600 seconds.
    fn is_meant(&self, row: usize, typed: &str) -> bool {
        let ends_word = |rest: &str| rest.chars().next().is_none_or(|c| !c.is_alphanumeric());
        let text = self.more(row).to_lowercase();
        text.split_once(&typed.to_lowercase()).is_some_and(|(_, rest)| ends_word(rest))
    }
}

/// Rows, how they are looked at, and where one is among those that are shown.
#[derive(Clone, Debug)]
pub struct Table<T> {
    rows: Vec<T>,
    /// How they are looked at.
    pub lens: Lens,
    /// Where one is.
    pub cursor: Cursor,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self { rows: Vec::new(), lens: Lens::default(), cursor: Cursor::default() }
    }
}

impl<T: Row> Table<T> {
    /// Takes rows in the order of the list.
    pub fn set(&mut self, rows: Vec<T>) {
        self.lens.outdate(self.current().map(Row::key));
        self.rows = rows;
        self.settle();
    }

    /// Works out anew what is shown if something changed. The cursor stays on its row.
    pub fn settle(&mut self) {
        self.lens.settle(&mut self.cursor, &TableRows(Some(&self.rows)));
    }

    /// A row that is shown.
    pub fn row(&self, row: usize) -> Option<&T> {
        self.rows.get(self.lens.place(row)?)
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
        self.lens.len()
    }

    /// Whether none does.
    pub fn is_empty(&self) -> bool {
        self.lens.is_empty()
    }

    /// Moves. `false` if the action is no movement.
    pub fn act(&mut self, action: Action) -> bool {
        self.cursor.step(action, self.lens.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::state::input::LineInput;

    impl Row for &'static str {
        const COLUMNS: &'static [&'static str] = &["name"];

        fn key(&self) -> String {
            (*self).to_owned()
        }

        fn fact(&self, _column: usize) -> Fact {
            Fact::text(self)
        }

        fn long(&self) -> Option<(usize, Cow<'_, str>)> {
            Some((0, (*self).into()))
        }
    }

    fn filter(table: &mut Table<&'static str>, text: &str) -> usize {
        table.lens.outdate(table.current().map(Row::key));
        table.lens.filter = LineInput::from(text);
        table.settle();
        table.len()
    }

    #[test]
    fn the_cursor_stays_on_its_row() {
        let mut table = Table::default();
        table.set(vec!["nginx", "sshd", "Cron"]);
        table.act(Action::CursorDown);
        table.set(vec!["a", "b", "nginx", "sshd"]);
        assert_eq!(table.current(), Some(&"sshd"));
        assert_eq!((filter(&mut table, "n"), table.current()), (1, Some(&"nginx")));
        assert_eq!((filter(&mut table, ""), table.current()), (4, Some(&"nginx")));
        table.set(Vec::new());
        assert_eq!((table.current(), table.is_empty()), (None, true));
    }

    #[test]
    fn words_of_a_long_text_are_found_as_they_are_and_together() {
        let mut table = Table::default();
        table.set(vec!["sleep 3600", "sleep 600", "600 times sleep", "nginx: worker"]);
        assert_eq!(filter(&mut table, "slp"), 0);
        assert_eq!((filter(&mut table, "sleep 600"), table.current()), (1, Some(&"sleep 600")));
        assert_eq!((filter(&mut table, "600 sleep"), filter(&mut table, "!sleep")), (3, 1));
    }
}
