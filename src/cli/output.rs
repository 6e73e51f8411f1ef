//! Data on standard output: an aligned table for people, JSON as the API has it, CSV for spreadsheets.

use std::{
    fmt::Write as _,
    io::{self, IsTerminal, Write},
};

use clap::ValueEnum;
use serde::Serialize;

use crate::{console::text, ssm::Timestamp};

/// How data is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Aligned columns, shortened, for reading.
    #[default]
    Table,
    /// What the API would print: a document, or a line per item.
    Json,
    /// Comma-separated values with a heading.
    Csv,
}

/// A column: its heading and what it shows of an item.
pub type Column<T> = (&'static str, fn(&T) -> String);

/// Tables show no more columns of a cell than this; the other formats leave nothing out.
const WIDEST_CELL: usize = 72;

/// A list that is written page by page, as the pages come.
#[derive(Debug)]
pub struct Listing<T, W = io::Stdout> {
    format: Format,
    columns: Vec<Column<T>>,
    widths: Vec<usize>,
    /// The heading is still to be written.
    untitled: bool,
    terminal: bool,
    out: W,
}

impl<T> Listing<T> {
    /// To standard output.
    pub fn new(format: Format, columns: impl IntoIterator<Item = Column<T>>) -> Self {
        let out = io::stdout();
        Self::to(format, columns.into_iter().collect(), out.is_terminal(), out)
    }
}

impl<T, W: Write> Listing<T, W> {
    fn to(format: Format, columns: Vec<Column<T>>, terminal: bool, out: W) -> Self {
        Self { format, widths: vec![0; columns.len()], columns, untitled: true, terminal, out }
    }

    /// Writes some items. `json` is what the API has of one. Columns grow with what they must hold and never shrink, so
    /// that the pages of one list stay aligned where they can.
    pub fn page<J: Serialize>(&mut self, items: &[T], json: impl Fn(&T) -> J) -> anyhow::Result<()> {
        match self.format {
            Format::Json => {
                for item in items {
                    writeln!(self.out, "{}", json_line(&json(item))?)?;
                }
            }
            Format::Csv => {
                if std::mem::take(&mut self.untitled) {
                    writeln!(self.out, "{}", self.titles().map(csv_cell).collect::<Vec<_>>().join(","))?;
                }
                for item in items {
                    let cells = self.columns.iter().map(|(_, cell)| match self.terminal {
                        true => csv_cell(&text::clean(&cell(item))),
                        false => csv_cell(&cell(item)),
                    });
                    writeln!(self.out, "{}", cells.collect::<Vec<_>>().join(","))?;
                }
            }
            Format::Table => self.table(items)?,
        }
        self.out.flush()?;
        Ok(())
    }

    /// The end: an empty list still has its heading.
    pub fn end(&mut self) -> anyhow::Result<()> {
        self.page(&[], |_| ())
    }

    fn titles(&self) -> impl Iterator<Item = &'static str> {
        self.columns.iter().map(|(title, _)| *title)
    }

    fn table(&mut self, items: &[T]) -> io::Result<()> {
        let show = |cell: String| text::cut(&text::clean(&cell), WIDEST_CELL);
        let mut rows: Vec<Vec<String>> = Vec::with_capacity(items.len() + 1);
        if std::mem::take(&mut self.untitled) {
            rows.push(self.titles().map(str::to_owned).collect());
        }
        rows.extend(items.iter().map(|item| self.columns.iter().map(|(_, cell)| show(cell(item))).collect()));
        for row in &rows {
            for (width, cell) in self.widths.iter_mut().zip(row) {
                *width = (*width).max(text::width(cell));
            }
        }
        rows.iter().try_for_each(|row| writeln!(self.out, "{}", aligned(row, &self.widths)))
    }
}

/// Cells in their columns, two spaces apart, nothing after the last one.
fn aligned(cells: &[String], widths: &[usize]) -> String {
    let mut line = String::new();
    for (cell, width) in cells.iter().zip(widths) {
        let _ = write!(line, "{}  ", text::fit(cell, *width));
    }
    line.truncate(line.trim_end().len());
    line
}

pub fn csv_cell(cell: &str) -> String {
    match cell.contains([',', '"', '\n', '\r']) {
        true => format!("\"{}\"", cell.replace('"', "\"\"")),
        false => cell.to_owned(),
    }
}

/// One line of JSON. Control characters that JSON allows raw are escaped too, because terminals obey them.
pub fn json_line(value: &impl Serialize) -> serde_json::Result<String> {
    serde_json::to_string(value).map(|json| escaped(&json))
}

/// One answer of the API as a document.
pub fn json_document(value: &impl Serialize) -> anyhow::Result<()> {
    writeln!(io::stdout(), "{}", escaped(&serde_json::to_string_pretty(value)?))?;
    Ok(())
}

fn escaped(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        match c {
            '\n' => out.push(c),
            c if c.is_control() => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out
}

/// Bytes that a program wrote: as they are, or as text without sequences where a terminal would obey them.
pub fn program_output(out: &mut impl Write, terminal: bool, bytes: &[u8]) -> io::Result<()> {
    if terminal {
        for line in text::plain_lines(&String::from_utf8_lossy(bytes)) {
            writeln!(out, "{line}")?;
        }
    } else {
        out.write_all(bytes)?;
    }
    out.flush()
}

/// A time for tables, in UTC.
pub fn time(at: Option<Timestamp>) -> String {
    at.map(|at| at.civil().strftime("%Y-%m-%d %H:%M:%SZ").to_string()).unwrap_or_default()
}

/// A member that may be absent.
pub fn text_of(member: &Option<impl ToString>) -> String {
    member.as_ref().map(ToString::to_string).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: &[Column<(&str, u32)>] = &[("NAME", |item| item.0.to_owned()), ("COUNT", |item| item.1.to_string())];

    fn written(format: Format, pages: &[&[(&'static str, u32)]]) -> String {
        let mut listing = Listing::to(format, COLUMNS.to_vec(), false, Vec::new());
        for page in pages {
            listing.page(page, |item| item.1).unwrap();
        }
        listing.end().unwrap();
        String::from_utf8(listing.out).unwrap()
    }

    #[test]
    fn tables_are_aligned_by_what_a_terminal_shows() {
        let table = written(Format::Table, &[&[("漢字", 1), ("a", 22)], &[("longer name", 3)]]);
        assert_eq!(table, "NAME  COUNT\n漢字  1\na     22\nlonger name  3\n");
        assert_eq!(written(Format::Table, &[]), "NAME  COUNT\n");
    }

    #[test]
    fn tables_carry_nothing_raw() {
        let table = written(Format::Table, &[&[("\u{1b}]0;owned\u{7}a\nb\u{9b}2J", 1)]]);
        assert_eq!(table, "NAME  COUNT\na b   1\n");
    }

    #[test]
    fn csv_quotes_what_needs_it() {
        assert_eq!(written(Format::Csv, &[&[("a,\"b\"", 1)], &[("c", 2)]]), "NAME,COUNT\n\"a,\"\"b\"\"\",1\nc,2\n");
    }

    #[test]
    fn json_is_a_line_per_item_and_an_empty_list_is_no_line() {
        assert_eq!(written(Format::Json, &[&[("a", 1), ("b", 2)]]), "1\n2\n");
        assert_eq!(written(Format::Json, &[]), "");
        assert_eq!(json_line(&"\u{9b}2J\u{1b}\u{7f}").unwrap(), r#""\u009b2J\u001b\u007f""#);
    }
}
