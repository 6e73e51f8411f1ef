//! The fleet counted and a group's nodes put in order, from a snapshot, so that it can be done beside the loop. Nothing here
//! knows where it runs.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use super::{
    MemberRows,
    grouping::{Group, Grouping, Key},
    order,
    sheet::Known,
    tally::{Severities, Tally},
};
use crate::console::{
    origin::{NodeId, Origin},
    state::{
        fleet::order::Nodes,
        list::Lens,
        node::{Node, natural},
    },
};

/// What is to be worked out, with all it takes.
#[derive(Clone)]
pub struct Job {
    pub(super) number: u64,
    pub(super) nodes: Nodes,
    pub(super) grouping: Grouping,
    /// The group that is opened.
    pub(super) opened: Option<Key>,
    /// Its nodes, where the fleet is as it was when it was counted.
    pub(super) members: Option<Arc<Vec<NodeId>>>,
    /// How they are looked at.
    pub(super) lens: Lens,
}

impl std::fmt::Debug for Job {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Job").field("number", &self.number).field("nodes", &self.nodes.len()).finish_non_exhaustive()
    }
}

/// The answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Counted {
    pub(super) number: u64,
    /// The fleet, where it was counted.
    pub(super) count: Option<Count>,
    /// The ids of the nodes of the opened group.
    pub(super) members: Arc<Vec<NodeId>>,
    /// Those that are shown, by their places; `None`: all.
    pub(super) shown: Option<Vec<usize>>,
}

/// The fleet in numbers.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Count {
    pub(super) groupings: Vec<Grouping>,
    pub(super) tally: Tally,
    pub(super) severities: Severities,
    pub(super) groups: Vec<Group>,
}

impl Job {
    /// Works the answer out.
    pub fn run(&self) -> Counted {
        let known: HashMap<(Origin, &str), &Node> = match self.opened.is_some() && !self.lens.is_plain() {
            true => self.nodes.iter().map(|node| ((node.origin, node.id.as_str()), node.as_ref())).collect(),
            false => HashMap::new(),
        };
        let (count, members) = match &self.members {
            Some(members) => (None, members.clone()),
            None => {
                let (count, members) = self.count();
                (Some(count), Arc::new(members))
            }
        };
        let shown = self.lens.rows(&MemberRows { members: &members, fleet: Known::Snapshot(&known) });
        Counted { number: self.number, count, members, shown }
    }

    /// The fleet in numbers, and the nodes of the opened group in order.
    fn count(&self) -> (Count, Vec<NodeId>) {
        let (mut tally, mut severities) = (Tally::default(), Severities::default());
        let mut groups: BTreeMap<Key, Tally> = BTreeMap::new();
        let mut members: Vec<&Node> = Vec::new();
        for node in self.nodes.iter() {
            tally.count(node);
            severities.count(node);
            let key = self.grouping.key(node);
            if self.opened.as_ref().is_some_and(|opened| *opened == Key::All || *opened == key) {
                members.push(node);
            }
            groups.entry(key).or_default().count(node);
        }
        members.sort_by(|a, b| order(a, b));
        let mut groups: Vec<_> = groups.into_iter().map(|(key, tally)| Group { key, tally }).collect();
        groups.sort_by(|a, b| match (&a.key, &b.key) {
            (Key::Value(a), Key::Value(b)) => natural(a, b),
            (a, b) => a.cmp(b),
        });
        if !self.nodes.is_empty() {
            groups.insert(0, Group { key: Key::All, tally });
        }
        let count = Count { groupings: Grouping::all(&self.nodes), tally, severities, groups };
        (count, members.into_iter().map(Node::node_id).collect())
    }
}
