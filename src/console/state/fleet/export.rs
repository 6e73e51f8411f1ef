//! The nodes, or the groups they are folded into, as rows of an export.

use std::sync::Arc;

use serde_json::Value;

use super::{Fleet, columns::Column, groups::Group};
use crate::{
    console::state::{
        export::{Export, Format, Rows, Which, plain},
        node::Node,
    },
    ssm::Timestamp,
};

struct NodeRows {
    nodes: Vec<Arc<Node>>,
    columns: Vec<Column>,
    now: Timestamp,
}

impl Rows for NodeRows {
    fn heads(&self) -> Vec<String> {
        self.columns.iter().map(|column| column.name().into_owned()).collect()
    }

    fn count(&self) -> usize {
        self.nodes.len()
    }

    fn cells(&self, row: usize) -> Vec<Value> {
        let Some(node) = self.nodes.get(row) else { return Vec::new() };
        self.columns.iter().map(|column| fact(column, node, self.now)).collect()
    }
}

struct GroupRows(Column, Vec<Group>);

impl Rows for GroupRows {
    fn heads(&self) -> Vec<String> {
        let counts = ["nodes", "online", "lost", "non-compliant"].map(str::to_owned);
        std::iter::once(self.0.name().into_owned()).chain(counts).collect()
    }

    fn count(&self) -> usize {
        self.1.len()
    }

    fn cells(&self, row: usize) -> Vec<Value> {
        let Some(group) = self.1.get(row) else { return Vec::new() };
        let value = group.value.clone().map_or(Value::Null, Value::from);
        let counts = [group.count, group.online, group.lost, group.broken].map(Value::from);
        std::iter::once(value).chain(counts).collect()
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

impl Fleet {
    /// What would be exported now; the groups if nodes are grouped and no others are asked for.
    pub fn export(&mut self, which: Which, format: Format, now: Timestamp) -> Export {
        self.catch_up(now);
        let at = |place: usize| self.nodes.get(place).cloned();
        let nodes = match (which, &self.group) {
            (Which::Shown, Some(column)) => {
                return Export::new(GroupRows(column.clone(), self.groups.clone()), format);
            }
            (which, _) => {
                let in_order = self.all.iter().map(|place| *place as usize).filter(|place| self.is_own(*place));
                match which {
                    Which::Shown => self.rows.iter().filter_map(|place| at(*place as usize)).collect(),
                    Which::Marked => in_order.filter(|place| self.marks.has(*place)).filter_map(at).collect(),
                    Which::All => in_order.filter_map(at).collect(),
                }
            }
        };
        Export::new(NodeRows { nodes, columns: self.shown_columns(), now }, format)
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
        fleet.node_mut(Origin::default(), "mi-1").unwrap().set_tags(&[tag("Env", "prod"), tag("Role", "web")]);
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
