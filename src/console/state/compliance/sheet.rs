//! Groups, nodes and patches as rows in columns.

use std::{borrow::Cow, collections::HashMap};

use super::{
    grouping::Group,
    patches::Patch,
    tally::{SEVERITIES, severity_word},
};
use crate::{
    console::{
        origin::{NodeId, Origin},
        state::{
            fleet::{Fleet, columns::verdict_word, ping_word},
            list::{Fact, Sheet},
            node::{Node, Verdict},
        },
    },
    ssm::PingStatus,
};

/// What tells a group from all others.
pub(super) fn group_key(group: &Group) -> String {
    format!("{:?}", group.key)
}

/// What tells a patch of a node from all others.
pub(super) fn patch_key(patch: &Patch) -> String {
    format!("{} {}", patch.id, patch.title)
}

/// The groups.
pub struct GroupRows<'a>(pub &'a [Group]);

impl GroupRows<'_> {
    /// The names of the columns.
    pub const COLUMNS: &'static [&'static str] = &["group", "compliant", "nodes", "in-order", "not", "never-scanned"];
}

impl Sheet for GroupRows<'_> {
    fn columns(&self) -> &'static [&'static str] {
        Self::COLUMNS
    }

    fn count(&self) -> usize {
        self.0.len()
    }

    fn key(&self, row: usize) -> Cow<'_, str> {
        self.0.get(row).map(group_key).unwrap_or_default().into()
    }

    fn fact(&self, row: usize, column: usize) -> Fact {
        let Some(group) = self.0.get(row) else { return Fact::Nothing };
        match column {
            0 => Fact::text(group.key.name()),
            // In percent.
            1 => group.tally.percent().map_or(Fact::Nothing, Fact::number),
            2 => Fact::number(group.tally.total()),
            3 => Fact::number(group.tally.compliant),
            4 => Fact::number(group.tally.broken),
            _ => Fact::number(group.tally.unknown),
        }
    }
}

/// The nodes of a group.
pub struct MemberRows<'a> {
    /// Their ids.
    pub members: &'a [NodeId],
    /// What is known of them.
    pub fleet: Known<'a>,
}

/// Where nodes are looked up.
#[derive(Clone, Copy)]
pub enum Known<'a> {
    /// In the fleet as it is.
    Fleet(&'a Fleet),
    /// Among the nodes of a snapshot.
    Snapshot(&'a HashMap<(Origin, &'a str), &'a Node>),
}

impl<'a> Known<'a> {
    fn node(&self, node: &NodeId) -> Option<&'a Node> {
        match self {
            Self::Fleet(fleet) => fleet.node(node),
            Self::Snapshot(nodes) => nodes.get(&(node.origin, &*node.id)).copied(),
        }
    }
}

impl MemberRows<'_> {
    /// The names of the columns.
    pub const COLUMNS: &'static [&'static str] = &[
        "node",
        "compliance",
        "severity",
        "missing",
        "failed",
        "installed",
        "scanned",
        "reboot",
        "patch-group",
        "ping",
        "platform",
        "id",
    ];
}

impl Sheet for MemberRows<'_> {
    fn columns(&self) -> &'static [&'static str] {
        Self::COLUMNS
    }

    fn count(&self) -> usize {
        self.members.len()
    }

    fn key(&self, row: usize) -> Cow<'_, str> {
        self.members.get(row).map(NodeId::key).unwrap_or_default().into()
    }

    fn is_keyed(&self, row: usize, key: &str) -> bool {
        self.members.get(row).is_some_and(|node| node.has_key(key))
    }

    fn has_tags(&self) -> bool {
        true
    }

    fn tagged(&self, row: usize) -> Option<&Node> {
        self.members.get(row).and_then(|id| self.fleet.node(id))
    }

    fn fact(&self, row: usize, column: usize) -> Fact {
        let Some(node) = self.members.get(row).and_then(|id| self.fleet.node(id)) else { return Fact::Nothing };
        let patches = node.patches.iter().flatten().next();
        let number = |n: Option<i32>| n.map_or(Fact::Nothing, Fact::number);
        match column {
            0 => Fact::text(&node.name),
            1 => verdict(node),
            2 if node.verdict() == Verdict::NonCompliant => {
                let severity = node.severity();
                let rank = SEVERITIES.iter().position(|known| *known == severity).unwrap_or(SEVERITIES.len());
                Fact::Word(rank, severity_word(&severity).to_owned())
            }
            3 => number(patches.map(|patches| patches.missing)),
            4 => number(patches.map(|patches| patches.failed)),
            5 => number(patches.map(|patches| patches.installed)),
            6 => Fact::time(patches.map(|patches| patches.at)),
            7 => number(patches.map(|patches| patches.pending_reboot)),
            8 => Fact::text(patches.map_or("", |patches| &patches.group)),
            9 => {
                let rank =
                    [PingStatus::ConnectionLost, PingStatus::Inactive].iter().position(|ping| *ping == node.ping);
                Fact::Word(rank.unwrap_or(2), ping_word(&node.ping).to_owned())
            }
            10 => Fact::text(&node.platform),
            11 => Fact::text(&node.id),
            _ => Fact::Nothing,
        }
    }
}

/// What needs attention first.
fn verdict(node: &Node) -> Fact {
    match node.verdict() {
        verdict @ Verdict::NonCompliant => Fact::Word(0, verdict_word(verdict).to_owned()),
        verdict @ Verdict::NeverScanned => Fact::Word(1, verdict_word(verdict).to_owned()),
        verdict @ Verdict::Compliant => Fact::Word(2, verdict_word(verdict).to_owned()),
        Verdict::Unasked => Fact::Nothing,
    }
}

/// The patches of a node.
pub struct PatchRows<'a>(pub &'a [Patch]);

impl PatchRows<'_> {
    /// The names of the columns.
    pub const COLUMNS: &'static [&'static str] =
        &["state", "severity", "patch", "classification", "id", "cves", "installed"];
}

impl Sheet for PatchRows<'_> {
    fn columns(&self) -> &'static [&'static str] {
        Self::COLUMNS
    }

    fn count(&self) -> usize {
        self.0.len()
    }

    fn key(&self, row: usize) -> Cow<'_, str> {
        self.0.get(row).map(patch_key).unwrap_or_default().into()
    }

    fn fact(&self, row: usize, column: usize) -> Fact {
        let Some(patch) = self.0.get(row) else { return Fact::Nothing };
        match column {
            // The worst stands first in both, as in the list's own order.
            0 => Fact::Word(patch.standing as usize, patch.standing.word().to_owned()),
            1 if patch.severity.is_empty() => Fact::Nothing,
            1 => Fact::Word(patch.grade(), patch.severity.clone()),
            2 if patch.title.is_empty() => Fact::text(&patch.id),
            2 => Fact::text(&patch.title),
            3 => Fact::text(&patch.classification),
            4 => Fact::text(&patch.id),
            5 => Fact::text(&patch.cves),
            _ => Fact::time(patch.installed),
        }
    }
}
