//! A query whose conditions depend on the request: text and values grow together, and no value becomes text.

use rusqlite::{Connection, Row, params_from_iter, types::Value};

use super::Outcome;

/// A statement in the making.
#[derive(Debug)]
pub(super) struct Query {
    text: String,
    values: Vec<Value>,
}

impl Query {
    pub(super) fn new(text: &str) -> Self {
        Self { text: text.to_owned(), values: Vec::new() }
    }

    /// Adds SQL that is ours.
    pub(super) fn text(&mut self, text: &str) {
        self.text.push_str(text);
    }

    /// Adds a value.
    pub(super) fn bind(&mut self, value: impl Into<Value>) {
        self.text.push('?');
        self.values.push(value.into());
    }

    /// Adds ` AND <test> value` if there is a value; `test` is a column and an operator, `seq <`.
    pub(super) fn and(&mut self, test: &str, value: Option<impl Into<Value>>) {
        if let Some(value) = value {
            self.text(&format!(" AND {test} "));
            self.bind(value);
        }
    }

    /// Ends the statement with ` LIMIT rows`. SQLite's integers have a sign; more rows than they count are all rows.
    pub(super) fn limit(&mut self, rows: usize) {
        self.text(" LIMIT ");
        self.bind(i64::try_from(rows).unwrap_or(i64::MAX));
    }

    /// Adds ` AND column IN (values)`.
    pub(super) fn and_in(&mut self, column: &str, values: &[String]) {
        self.text(&format!(" AND {column} IN ("));
        for (index, value) in values.iter().enumerate() {
            if index > 0 {
                self.text(", ");
            }
            self.bind(value.clone());
        }
        self.text(")");
    }

    /// Runs the statement and reads every row.
    pub(super) fn run<T>(&self, db: &Connection, read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>) -> Outcome<Vec<T>> {
        let mut statement = db.prepare_cached(&self.text)?;
        Ok(statement.query_map(params_from_iter(&self.values), read)?.collect::<Result<_, _>>()?)
    }
}
