//! What the nodes are grouped by, and which group a node belongs to.

use std::{collections::BTreeSet, sync::Arc};

use super::tally::{SEVERITIES, Tally, severity_word};
use crate::console::state::node::{Node, Verdict};

/// The tag that names a node's patch group, as AWS has it and as it may be written on EC2 instances with metadata tags.
const PATCH_GROUP_TAGS: [&str; 2] = ["Patch Group", "PatchGroup"];
/// Tag keys that can be grouped by; more are not worth cycling through.
const MOST_KEYS: usize = 30;

/// What the nodes are grouped by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Grouping {
    /// The worst severity of what is not in order.
    Severity,
    /// The patch group.
    PatchGroup,
    /// The value of a tag.
    Tag(String),
}

/// Which group it is. In the order in which groups of one grouping stand.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Key {
    /// Every node.
    #[default]
    All,
    /// Nodes whose worst trouble has the severity at this place of [`SEVERITIES`].
    Severity(usize),
    /// Nodes that were never scanned.
    NeverScanned,
    /// Nodes nobody asked about yet.
    Unasked,
    /// Nodes in order.
    Compliant,
    /// Nodes with this patch group or tag value.
    Value(String),
    /// Nodes without one.
    Without,
    /// Nodes whose tags are not known yet.
    Untagged,
}

impl Key {
    /// Its name.
    pub fn name(&self) -> &str {
        match self {
            Self::All => "all nodes",
            Self::Severity(place) => SEVERITIES.get(*place).map_or("unspecified", severity_word),
            Self::NeverScanned => "never scanned",
            Self::Unasked => "not asked yet",
            Self::Compliant => "compliant",
            Self::Value(value) => value,
            Self::Without => "(none)",
            Self::Untagged => "(tags not known yet)",
        }
    }
}

/// A group of nodes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Which.
    pub key: Key,
    /// Its nodes by verdict.
    pub tally: Tally,
}

impl Grouping {
    /// Its heading.
    pub fn title(&self) -> String {
        match self {
            Self::Severity => "severity".to_owned(),
            Self::PatchGroup => "patch group".to_owned(),
            Self::Tag(key) => format!("tag {key}"),
        }
    }

    /// Everything a fleet can be grouped by.
    pub fn all(nodes: &[Arc<Node>]) -> Vec<Self> {
        let keys: BTreeSet<&str> = nodes.iter().flat_map(|node| node.tags.iter().flatten()).map(|t| &*t.0).collect();
        let keys = keys.into_iter().filter(|key| *key != "Name" && !PATCH_GROUP_TAGS.contains(key));
        let tags = keys.take(MOST_KEYS).map(|key| Self::Tag(key.to_owned()));
        [Self::Severity, Self::PatchGroup].into_iter().chain(tags).collect()
    }

    /// The group of a node.
    pub fn key(&self, node: &Node) -> Key {
        match self {
            Self::Severity => match node.verdict() {
                Verdict::NonCompliant => {
                    let severity = node.severity();
                    let place = SEVERITIES.iter().position(|known| *known == severity);
                    Key::Severity(place.unwrap_or(SEVERITIES.len() - 1))
                }
                Verdict::NeverScanned => Key::NeverScanned,
                Verdict::Unasked => Key::Unasked,
                Verdict::Compliant => Key::Compliant,
            },
            Self::PatchGroup => {
                // A node that was never scanned has no patch state; its group is then only in its tag.
                let scanned = node.patches.iter().flatten().map(|p| p.group.as_str()).find(|group| !group.is_empty());
                let group = scanned.or_else(|| PATCH_GROUP_TAGS.iter().find_map(|key| node.tag(key)));
                group.map_or(Key::Without, |group| Key::Value(group.to_owned()))
            }
            Self::Tag(key) => match (&node.tags, node.tag(key)) {
                (None, _) => Key::Untagged,
                (_, Some(value)) => Key::Value(value.to_owned()),
                (_, None) => Key::Without,
            },
        }
    }
}
