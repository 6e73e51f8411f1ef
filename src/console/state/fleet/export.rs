//! The rows as a file or a text for the clipboard: with the columns that are shown, in the order that is shown.

use std::{fmt::Write, sync::Arc};

use serde_json::{Map, Value};

use super::{Fleet, columns::Column, groups::Group};
use crate::{console::state::node::Node, ssm::Timestamp};

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

/// What is to be exported: a snapshot, so that it can be written beside the loop.
#[derive(Clone)]
pub struct Export {
    rows: Rows,
    format: Format,
    now: Timestamp,
}

#[derive(Clone)]
enum Rows {
    Nodes(Vec<Arc<Node>>, Vec<Column>),
    Groups(Column, Vec<Group>),
}

impl std::fmt::Debug for Export {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Export").field("rows", &self.len()).field("format", &self.format).finish_non_exhaustive()
    }
}

impl Export {
    /// Rows it has.
    pub fn len(&self) -> usize {
        match &self.rows {
            Rows::Nodes(nodes, _) => nodes.len(),
            Rows::Groups(_, groups) => groups.len(),
        }
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The whole text.
    pub fn text(&self) -> String {
        let heads = self.heads();
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

    fn heads(&self) -> Vec<String> {
        match &self.rows {
            Rows::Nodes(_, columns) => columns.iter().map(|column| column.name().into_owned()).collect(),
            Rows::Groups(column, _) => {
                let counts = ["nodes", "online", "lost", "non-compliant"].map(str::to_owned);
                std::iter::once(column.name().into_owned()).chain(counts).collect()
            }
        }
    }

    fn cells(&self) -> impl Iterator<Item = Vec<Value>> + '_ {
        (0..self.len()).map(|at| match &self.rows {
            Rows::Nodes(nodes, columns) => columns.iter().map(|column| fact(column, &nodes[at], self.now)).collect(),
            Rows::Groups(_, groups) => {
                let group = &groups[at];
                let value = group.value.clone().map_or(Value::Null, Value::from);
                let counts = [group.count, group.online, group.lost, group.broken].map(Value::from);
                std::iter::once(value).chain(counts).collect()
            }
        })
    }
}

/// What stands in a column as a program wants it: times as times, numbers as numbers.
fn fact(column: &Column, node: &Node, now: Timestamp) -> Value {
    let time = |at: Option<Timestamp>| at.map_or(Value::Null, |at| at.iso().into());
    match column {
        Column::LastSeen => time(node.last_seen),
        Column::Registered => time(node.registered),
        Column::Missing => super::columns::missing(node).map_or(Value::Null, Value::from),
        Column::Tags => match &node.tags {
            Some(tags) => Value::Object(tags.iter().map(|(key, value)| (key.clone(), value.as_str().into())).collect()),
            None => Value::Null,
        },
        Column::Tag(key) => node.tag(key).map_or(Value::Null, Value::from),
        column => Value::String(column.value(node, now).into_owned()),
    }
}

/// A fact as text.
fn plain(value: Value) -> String {
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

impl Fleet {
    /// What would be exported now; the groups if nodes are grouped and no others are asked for.
    pub fn export(&mut self, which: Which, format: Format, now: Timestamp) -> Export {
        self.catch_up(now);
        let at = |place: usize| self.nodes.get(place).cloned();
        let rows = match (which, &self.group) {
            (Which::Shown, Some(column)) => Rows::Groups(column.clone(), self.groups.clone()),
            (which, _) => {
                let in_order = self.all.iter().map(|place| *place as usize);
                let nodes = match which {
                    Which::Shown => self.rows.iter().filter_map(|place| at(*place as usize)).collect(),
                    Which::Marked => in_order.filter(|place| self.marks.has(*place)).filter_map(at).collect(),
                    Which::All => in_order.filter_map(at).collect(),
                };
                Rows::Nodes(nodes, self.shown_columns())
            }
        };
        Export { rows, format, now }
    }

    /// The cells of the row under the cursor: headings and texts.
    pub fn current_cells(&self, now: Timestamp) -> Vec<(String, String)> {
        let Some(node) = self.current() else { return Vec::new() };
        let cell = |column: &Column| (column.title().into_owned(), plain(fact(column, node, now)));
        self.shown_columns().iter().map(cell).filter(|(_, text)| !text.is_empty()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{console::origin::Origin, ssm};

    fn export(format: Format) -> String {
        let mut fleet = Fleet::default();
        fleet.begin(Origin::default());
        let info = |id: &str, name: &str| ssm::InstanceInformation {
            instance_id: Some(id.to_owned()),
            computer_name: Some(name.to_owned()),
            last_ping_date_time: Some(Timestamp::from_millis(0)),
            ..Default::default()
        };
        fleet.land(Origin::default(), &"".into(), &[info("mi-2", "b|a,\"c\""), info("mi-1", "a")]);
        fleet.finish(Origin::default());
        let tag = |key: &str, value: &str| ssm::Tag { key: key.to_owned(), value: value.to_owned() };
        fleet.node_mut("mi-1").unwrap().set_tags(&[tag("Env", "prod"), tag("Role", "web")]);
        fleet.set_columns(
            ["name", "seen", "tags", "tag:Env", "missing"].iter().filter_map(|c| Column::named(c)).collect(),
        );
        fleet.export(Which::Shown, format, Timestamp::from_millis(60_000)).text()
    }

    #[test]
    fn what_is_seen_is_what_is_written() {
        assert_eq!(
            export(Format::Csv),
            "name,seen,tags,tag:Env,missing\na,1970-01-01T00:00:00.000Z,Env=prod Role=web,prod,\n\
             \"b|a,\"\"c\"\"\",1970-01-01T00:00:00.000Z,,,\n"
        );
        let json: Value = serde_json::from_str(&export(Format::Json)).unwrap();
        assert_eq!(json[0]["tags"]["Role"], "web");
        assert_eq!((&json[1]["name"], &json[1]["tag:Env"]), (&"b|a,\"c\"".into(), &Value::Null));
        let markdown = export(Format::Markdown);
        assert!(markdown.starts_with("| name | seen | tags | tag:Env | missing |\n| --- | --- |"), "{markdown}");
        assert!(markdown.contains("| b\\|a,\"c\" |"));
        assert_eq!(export(Format::Tabs).lines().next(), Some("a\t1970-01-01T00:00:00.000Z\tEnv=prod Role=web\tprod\t"));
    }

    #[test]
    fn an_export_of_nothing_is_a_list_of_nothing() {
        let mut fleet = Fleet::default();
        let text = |format| fleet.clone().export(Which::Marked, format, Timestamp::default()).text();
        assert_eq!((text(Format::Json).as_str(), text(Format::Tabs).as_str()), ("[]\n", ""));
        assert!(text(Format::Csv).starts_with("name,ping,"));
        assert!(fleet.export(Which::All, Format::Csv, Timestamp::default()).is_empty());
    }
}
