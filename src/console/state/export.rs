//! Rows as a file or a text for the clipboard: with the columns that are shown, in the order that is shown.

use std::{fmt::Write, sync::Arc};

use serde_json::{Map, Value};

/// What an export looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// RFC 4180, with a heading.
    Csv,
    /// An array of objects.
    Json,
    /// A table.
    Markdown,
    /// Cells between tabs, without a heading: for the clipboard.
    Tabs,
}

impl Format {
    /// Those of files, with their name and their ending.
    pub const FILES: [(Self, &str, &str); 3] =
        [(Self::Csv, "CSV", "csv"), (Self::Json, "JSON", "json"), (Self::Markdown, "Markdown", "md")];
}

/// Which rows are exported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// Those the filter lets through.
    Shown,
    /// The marked ones.
    Marked,
    /// All.
    All,
}

impl Which {
    /// Every choice with its name.
    pub const ALL: [(Self, &str); 3] = [(Self::Shown, "shown"), (Self::Marked, "marked"), (Self::All, "all")];
}

/// The rows of an export: a snapshot, so that it can be written beside the loop.
pub trait Rows: Send + Sync {
    /// The names of the columns.
    fn heads(&self) -> Vec<String>;
    /// Rows there are.
    fn count(&self) -> usize;
    /// The cells of a row.
    fn cells(&self, row: usize) -> Vec<Value>;
}

/// Rows whose cells are worked out already.
pub struct Worked {
    /// The names of the columns.
    pub heads: Vec<String>,
    /// The cells, row by row.
    pub rows: Vec<Vec<Value>>,
}

impl Rows for Worked {
    fn heads(&self) -> Vec<String> {
        self.heads.clone()
    }

    fn count(&self) -> usize {
        self.rows.len()
    }

    fn cells(&self, row: usize) -> Vec<Value> {
        self.rows.get(row).cloned().unwrap_or_default()
    }
}

/// What is to be exported.
#[derive(Clone)]
pub struct Export {
    rows: Arc<dyn Rows>,
    format: Format,
}

impl std::fmt::Debug for Export {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Export").field("rows", &self.len()).field("format", &self.format).finish_non_exhaustive()
    }
}

impl Export {
    /// Rows in a format.
    pub fn new(rows: impl Rows + 'static, format: Format) -> Self {
        Self { rows: Arc::new(rows), format }
    }

    /// Rows it has.
    pub fn len(&self) -> usize {
        self.rows.count()
    }

    /// Columns it has.
    pub fn width(&self) -> usize {
        self.rows.heads().len()
    }

    /// Whether it has no row.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The whole text.
    pub fn text(&self) -> String {
        let heads = self.rows.heads();
        match self.format {
            Format::Csv => {
                let line = |cells: Vec<String>| cells.iter().map(|cell| csv(cell)).collect::<Vec<_>>().join(",") + "\n";
                let rows = self.cells().map(|row| line(row.into_iter().map(plain).collect()));
                std::iter::once(line(heads.clone())).chain(rows).collect()
            }
            Format::Tabs => {
                let rows = self.cells().map(|row| row.into_iter().map(plain).collect::<Vec<_>>().join("\t"));
                rows.collect::<Vec<_>>().join("\n")
            }
            Format::Json => {
                let mut text = "[".to_owned();
                for (at, row) in self.cells().enumerate() {
                    let object: Map<String, Value> = heads.iter().cloned().zip(row).collect();
                    let _ = write!(text, "{}\n  {}", if at > 0 { "," } else { "" }, Value::Object(object));
                }
                text + if self.is_empty() { "]\n" } else { "\n]\n" }
            }
            Format::Markdown => {
                let line = |cells: Vec<String>| {
                    let cells: Vec<_> =
                        cells.iter().map(|cell| cell.replace('\\', "\\\\").replace('|', "\\|")).collect();
                    format!("| {} |\n", cells.join(" | "))
                };
                let rule = format!("|{}\n", " --- |".repeat(heads.len()));
                let rows = self.cells().map(|row| line(row.into_iter().map(plain).collect()));
                std::iter::once(line(heads.clone())).chain(std::iter::once(rule)).chain(rows).collect()
            }
        }
    }

    fn cells(&self) -> impl Iterator<Item = Vec<Value>> + '_ {
        (0..self.len()).map(|row| self.rows.cells(row))
    }
}

/// A fact as text.
pub fn plain(value: Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text,
        Value::Object(tags) => {
            tags.into_iter().map(|(key, value)| format!("{key}={}", plain(value))).collect::<Vec<_>>().join(" ")
        }
        other => other.to_string(),
    }
}

fn csv(cell: &str) -> String {
    match cell.contains([',', '"', '\n', '\r']) {
        true => format!("\"{}\"", cell.replace('"', "\"\"")),
        false => cell.to_owned(),
    }
}
