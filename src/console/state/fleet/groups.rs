//! The rows folded by what stands in one column.

use std::{borrow::Cow, cmp::Ordering, collections::HashMap, sync::Arc};

use super::columns::Column;
use crate::{
    console::state::node::{Node, Verdict, natural},
    ssm::{PingStatus, Timestamp},
};

/// The nodes with one value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Group {
    /// The value; `None`: it is not known yet.
    pub value: Option<String>,
    /// Its nodes.
    pub count: usize,
    /// Those that are online.
    pub online: usize,
    /// Those whose connection is lost.
    pub lost: usize,
    /// Those that are not compliant.
    pub broken: usize,
}

/// What groups are sorted by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum GroupSort {
    /// Their value.
    #[default]
    Value,
    /// The most nodes first.
    Count,
    /// The most lost nodes first.
    Lost,
    /// The most nodes that are not compliant first.
    Broken,
}

impl GroupSort {
    /// Every one.
    pub const ALL: [Self; 4] = [Self::Value, Self::Count, Self::Lost, Self::Broken];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Value => "value",
            Self::Count => "nodes",
            Self::Lost => "lost",
            Self::Broken => "non-compliant",
        }
    }

    fn order(self, a: &Group, b: &Group) -> Ordering {
        match self {
            Self::Value => Ordering::Equal,
            Self::Count => b.count.cmp(&a.count),
            Self::Lost => b.lost.cmp(&a.lost),
            Self::Broken => b.broken.cmp(&a.broken),
        }
    }
}

/// Puts groups into an order. What is unknown and what has no value stands last among equals.
pub fn sort(groups: &mut [Group], by: GroupSort, reversed: bool) {
    let last = |group: &Group| match group.value.as_deref() {
        None => 2,
        Some("") => 1,
        Some(_) => 0,
    };
    groups.sort_by(|a, b| {
        let values = || natural(a.value.as_deref().unwrap_or_default(), b.value.as_deref().unwrap_or_default());
        let order = by.order(a, b).then_with(|| last(a).cmp(&last(b))).then_with(values);
        if reversed { order.reverse() } else { order }
    });
}

/// The groups of nodes by a column.
pub(super) fn of<'a>(column: &Column, nodes: impl Iterator<Item = &'a Arc<Node>>, now: Timestamp) -> Vec<Group> {
    let mut groups: HashMap<Option<Cow<'a, str>>, Group> = HashMap::new();
    for node in nodes {
        let key = key(column, node, now);
        let group = match groups.get_mut(&key) {
            Some(group) => group,
            None => {
                let value = key.as_ref().map(|value| value.clone().into_owned());
                groups.entry(key).or_insert(Group { value, ..Group::default() })
            }
        };
        group.count += 1;
        group.online += usize::from(node.ping == PingStatus::Online);
        group.lost += usize::from(node.ping == PingStatus::ConnectionLost);
        group.broken += usize::from(node.verdict() == Verdict::NonCompliant);
    }
    groups.into_values().collect()
}

/// The group a node belongs to.
pub(super) fn key<'a>(column: &Column, node: &'a Node, now: Timestamp) -> Option<Cow<'a, str>> {
    match column {
        Column::Tag(_) | Column::Tags if node.tags.is_none() => None,
        Column::Compliance if node.verdict() == Verdict::Unasked => None,
        Column::Missing | Column::PatchGroup if node.patches.is_none() => None,
        Column::LastSeen => Some(age(node.last_seen, now).into()),
        column => Some(column.value(node, now)),
    }
}

/// How long ago, roughly: one word of [`AGES`].
fn age(at: Option<Timestamp>, now: Timestamp) -> &'static str {
    let Some(at) = at else { return "" };
    let seconds = now.since(at).as_secs();
    AGES.iter().find(|(below, ..)| seconds < *below).map_or(OLDEST.0, |(_, word, _)| word)
}

/// Ages in groups: the seconds they end at, the word, the filter.
const AGES: [(u64, &str, &str); 4] = [
    (300, "1: up to 5m", "seen<5m"),
    (3_600, "2: 5m to 1h", "seen>=5m seen<1h"),
    (86_400, "3: 1h to 1d", "seen>=1h seen<1d"),
    (604_800, "4: 1d to 7d", "seen>=1d seen<7d"),
];
const OLDEST: (&str, &str) = ("5: more than 7d", "seen>=7d");

impl Group {
    /// What its row is called.
    pub fn title(&self) -> &str {
        match self.value.as_deref() {
            None => "(not known yet)",
            Some("") => "(none)",
            Some(value) => value,
        }
    }

    /// The filter that lets its nodes through and no others. `None` if nothing says that.
    pub fn filter(&self, column: &Column) -> Option<String> {
        use crate::console::state::filter::quoted;
        let value = self.value.as_deref()?;
        if *column == Column::LastSeen {
            let age = AGES.iter().find(|(_, word, _)| *word == value).map(|(.., filter)| *filter);
            return Some(age.unwrap_or(if value.is_empty() { "!seen>=0s" } else { OLDEST.1 }).to_owned());
        }
        Some(match (column, value) {
            (Column::Tag(key), "") => format!("!tag:{}=*", quoted(key)),
            (Column::Tag(key), value) => format!("tag:{}={}", quoted(key), quoted(value)),
            (Column::Tags, _) => return None,
            (column, "") => format!("{}:none", column.name()),
            (column, value) => format!("{}:={}", column.name(), quoted(value)),
        })
    }
}
