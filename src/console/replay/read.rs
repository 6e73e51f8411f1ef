//! Reading a record that may be cut, of another version, or made to do harm.

use std::{
    fmt,
    fs::File,
    io::{self, BufRead, BufReader, Read},
    path::Path,
};

use serde_json::Value;

use crate::console::{
    record::{FORMAT, Head, LONGEST_LINE, Line},
    text::{clean, cut},
};

/// Columns of what a reader says about a line.
const LONGEST_REASON: usize = 200;

/// Why a record cannot be read on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong, clean.
    pub what: String,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.what)
    }
}

impl std::error::Error for Broken {}

/// The lines of a record.
#[derive(Debug)]
pub struct Lines<R> {
    input: R,
    line: usize,
    over: bool,
    latest: u64,
}

/// Opens a record.
///
/// # Errors
/// When there is no such file.
pub fn open(path: &Path) -> anyhow::Result<Lines<BufReader<File>>> {
    let file = File::open(path).map_err(|error| anyhow::anyhow!("{}: {error}", path.display()))?;
    Ok(Lines::new(BufReader::new(file)))
}

impl<R: BufRead> Lines<R> {
    /// The lines of whatever this is.
    pub fn new(input: R) -> Self {
        Self { input, line: 0, over: false, latest: 0 }
    }

    /// The first line.
    ///
    /// # Errors
    /// When this is no record, or one of a later form.
    pub fn head(&mut self) -> Result<Head, Broken> {
        let Some((text, _)) = self.text()? else { return Err(self.broken("this file is empty, and no record")) };
        let none = "this is no record of fleetdeck: it does not begin with the head of one";
        let Ok(mut value) = serde_json::from_str::<Value>(&text) else { return Err(self.broken(none)) };
        let version = value["version"].as_str().map(|version| cut(&clean(version), 40)).unwrap_or_default();
        match value["record"].as_u64() {
            None => return Err(self.broken(none)),
            Some(format) if format == u64::from(FORMAT) => {}
            Some(format) => {
                return Err(self.broken(&format!(
                    "this record has form {format} and was made by fleetdeck {version}; this is fleetdeck {}, which reads form \
                     {FORMAT}. Use that version",
                    env!("CARGO_PKG_VERSION")
                )));
            }
        }
        // Settings that another version has are no reason to show nothing.
        if serde_json::from_value::<crate::config::settings::Settings>(value["settings"].clone()).is_err() {
            value["settings"] = Value::Object(serde_json::Map::default());
        }
        serde_json::from_value(value).map_err(|error| self.wrong("the head is not in order", &error))
    }

    /// The next line; `None` at the end.
    ///
    /// # Errors
    /// When what comes is none, which is also the end.
    pub fn next_line(&mut self) -> Result<Option<Line>, Broken> {
        if self.over {
            return Ok(None);
        }
        let read = self.text().and_then(|text| {
            let Some((text, whole)) = text else { return Ok(None) };
            let mut line: Line = serde_json::from_str(&text).map_err(|error| match whole {
                true => self.wrong("this is no line of a record", &error),
                false => self.broken("the file ends in the middle of this line; what came before it is whole"),
            })?;
            // Time does not go back.
            line.at = line.at.max(self.latest);
            self.latest = line.at;
            Ok(Some(line))
        });
        self.over = !matches!(read, Ok(Some(_)));
        read
    }

    /// The text of the next line, and whether it has an end.
    fn text(&mut self) -> Result<Option<(String, bool)>, Broken> {
        self.line += 1;
        let mut bytes = Vec::new();
        let limit = LONGEST_LINE as u64 + 1;
        let read = io::Read::by_ref(&mut self.input).take(limit).read_until(b'\n', &mut bytes);
        match read {
            Err(error) => Err(self.broken(&format!("it cannot be read: {error}"))),
            Ok(0) => Ok(None),
            Ok(length) if length as u64 == limit => {
                Err(self.broken(&format!("this line is longer than {}", crate::console::text::bytes(limit))))
            }
            Ok(_) => {
                let whole = bytes.pop_if(|last| *last == b'\n').is_some();
                match String::from_utf8(bytes) {
                    Ok(text) => Ok(Some((text, whole))),
                    Err(_) if !whole => Ok(Some((String::new(), false))),
                    Err(_) => Err(self.broken("this line is no text")),
                }
            }
        }
    }

    fn broken(&self, what: &str) -> Broken {
        Broken { line: self.line, what: what.to_owned() }
    }

    fn wrong(&self, what: &str, error: &serde_json::Error) -> Broken {
        self.broken(&format!("{what}: {}", cut(&clean(&error.to_string()), LONGEST_REASON)))
    }
}
