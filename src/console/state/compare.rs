//! One metric of many nodes side by side, the worst first.

use std::{borrow::Cow, cmp::Ordering, time::Duration};

use super::{
    cursor::Cursor,
    fleet::Fleet,
    list::{Fact, Lens, Sheet},
    node::{Node, natural},
};
use crate::{
    console::{
        origin::NodeId,
        probe::{usage::FULL, vitals::Vitals},
    },
    ssm::Timestamp,
};

/// A sample older than this is old.
pub const OLD: Duration = Duration::from_secs(60);

/// What nodes are compared by before anybody says by what else.
const FIRST: &str = "disk";

/// The comparison that is shown.
#[derive(Clone, Debug, Default)]
pub struct Compare {
    /// The nodes, by name.
    pub nodes: Vec<NodeId>,
    /// How they are looked at: the worst first.
    pub lens: Lens,
    /// Where one is among those that are shown.
    pub cursor: Cursor,
}

impl Compare {
    /// A comparison of these nodes.
    pub fn of(nodes: Vec<NodeId>) -> Self {
        let mut compare = Self { nodes, ..Self::default() };
        compare.lens.sort_on(FIRST, false);
        compare
    }

    /// The node in a row that is shown.
    pub fn row(&self, row: usize) -> Option<&NodeId> {
        self.nodes.get(self.lens.place(row)?)
    }

    /// The node under the cursor.
    pub fn current(&self) -> Option<&NodeId> {
        self.row(self.cursor.at)
    }

    /// What is known of the nodes is not what it was: those that are gone are left out. The cursor stays on its node.
    pub fn outdate(&mut self, fleet: &Fleet) {
        self.lens.outdate(self.current().map(NodeId::key));
        self.nodes.retain(|id| fleet.node(id).is_some());
        self.nodes.sort_by(|a, b| {
            let (Some(a), Some(b)) = (fleet.node(a), fleet.node(b)) else { return Ordering::Equal };
            natural(&a.name, &b.name).then_with(|| a.node_id().cmp(&b.node_id()))
        });
    }

    /// Works out anew what is shown if something changed.
    pub fn settle(&mut self, fleet: &Fleet) {
        let Self { nodes, lens, cursor } = self;
        lens.settle(cursor, &ComparedRows { nodes, fleet });
    }
}

/// The compared nodes as rows in columns.
pub struct ComparedRows<'a> {
    /// The nodes.
    pub nodes: &'a [NodeId],
    /// What is known of them.
    pub fleet: &'a Fleet,
}

impl ComparedRows<'_> {
    /// The names of the columns.
    pub const COLUMNS: &'static [&'static str] =
        &["name", "disk", "full", "memory", "load", "cores", "uptime", "kernel", "agent", "sampled", "id"];
}

impl Sheet for ComparedRows<'_> {
    fn columns(&self) -> &'static [&'static str] {
        Self::COLUMNS
    }

    fn usual(&self) -> Vec<&'static str> {
        self.columns().iter().copied().filter(|name| !matches!(*name, "full" | "cores" | "id")).collect()
    }

    fn has_tags(&self) -> bool {
        true
    }

    fn tagged(&self, row: usize) -> Option<&Node> {
        self.nodes.get(row).and_then(|id| self.fleet.node(id))
    }

    fn count(&self) -> usize {
        self.nodes.len()
    }

    fn key(&self, row: usize) -> Cow<'_, str> {
        self.nodes.get(row).map(NodeId::key).unwrap_or_default().into()
    }

    fn fact(&self, row: usize, column: usize) -> Fact {
        let Some(node) = self.nodes.get(row).and_then(|id| self.fleet.node(id)) else { return Fact::Nothing };
        let told = |tell: fn(&Vitals) -> Fact| node.sampled.last().map_or(Fact::Nothing, tell);
        match column {
            0 => Fact::text(&node.name),
            // The fullest file system and memory in percent, uptime in seconds.
            DISK => told(|vitals| Fact::number(vitals.disk())),
            2 => told(|vitals| Fact::text(vitals.fullest().map_or("", |mount| &mount.path))),
            MEMORY => told(|vitals| Fact::number(vitals.memory.percent())),
            LOAD => told(|vitals| {
                vitals.load.map_or(Fact::Nothing, |[one, ..]| Fact::Hundredths((one * 100.0).round() as i64))
            }),
            CORES => told(|vitals| Fact::number(vitals.cores)),
            UPTIME => told(|vitals| Fact::number(vitals.uptime.as_secs())),
            7 => told(|vitals| Fact::text(&vitals.kernel)),
            8 => Fact::text(&node.agent),
            SAMPLED => Fact::time(node.sampled.vitals.as_ref().map(|(at, _)| *at)),
            _ => Fact::text(&node.id),
        }
    }

    fn sorted_as(&self, row: usize, column: usize) -> Fact {
        let vitals = || self.tagged(row).and_then(|node| node.sampled.last());
        match column {
            // What a load means depends on how many share it.
            LOAD => vitals().map_or(Fact::Nothing, |vitals| Fact::number(vitals.pressure())),
            // What was started last is looked for first.
            UPTIME => vitals().map_or(Fact::Nothing, |vitals| {
                Fact::Number(i64::try_from(vitals.uptime.as_secs()).map_or(i64::MIN, |seconds| -seconds))
            }),
            column => self.fact(row, column),
        }
    }

    fn falls(&self, column: usize) -> bool {
        // Whether anybody has said anything yet or not.
        matches!(column, DISK | MEMORY | LOAD | CORES | SAMPLED)
    }

    fn holds(&self, row: usize, column: usize, wanted: &str) -> bool {
        match (column, self.fact(row, column)) {
            // As in the filter of the fleet.
            (DISK, Fact::Number(percent)) if wanted == "full" => percent >= FULL.into(),
            (_, fact) => fact.holds(wanted),
        }
    }
}

/// Columns that have an order or values of their own.
const DISK: usize = 1;
const MEMORY: usize = 3;
const LOAD: usize = 4;
const CORES: usize = 5;
const UPTIME: usize = 6;
const SAMPLED: usize = 9;

/// A sample of a node and when it was asked for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sampled {
    /// The last answer. It was asked for at this time, and is so old at most.
    pub vitals: Option<(Timestamp, Vitals)>,
    /// Why there is no newer one, if the last question was not answered.
    pub missing: Option<String>,
}

impl Sampled {
    /// How old the last answer is, if there is one.
    pub fn age(&self, now: Timestamp) -> Option<Duration> {
        self.vitals.as_ref().map(|(at, _)| now.since(*at))
    }

    /// The last answer, however old, unless a newer question had none.
    pub fn last(&self) -> Option<&Vitals> {
        self.vitals.as_ref().filter(|_| self.missing.is_none()).map(|(_, vitals)| vitals)
    }

    /// The last answer, unless it is old or a newer question had none: then it says nothing about now.
    pub fn current(&self, now: Timestamp) -> Option<&Vitals> {
        let fresh = self.missing.is_none() && self.age(now).is_some_and(|age| age <= OLD);
        self.vitals.as_ref().filter(|_| fresh).map(|(_, vitals)| vitals)
    }
}
