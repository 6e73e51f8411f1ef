//! One metric of many nodes side by side, the worst first.

use std::{borrow::Cow, cmp::Ordering, time::Duration};

use super::{
    cursor::Cursor,
    fleet::Fleet,
    list::{Fact, Sheet},
    node::{Node, natural},
};
use crate::{console::probe::vitals::Vitals, ssm::Timestamp};

/// A sample older than this is old.
pub const OLD: Duration = Duration::from_secs(60);

/// What nodes are compared by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Metric {
    #[default]
    Disk,
    Memory,
    Load,
    Uptime,
    Kernel,
    Agent,
}

impl Metric {
    /// Every metric.
    pub const ALL: [Self; 6] = [Self::Disk, Self::Memory, Self::Load, Self::Uptime, Self::Kernel, Self::Agent];

    /// Its name.
    pub fn title(self) -> &'static str {
        match self {
            Self::Disk => "Disk",
            Self::Memory => "Memory",
            Self::Load => "Load",
            Self::Uptime => "Uptime",
            Self::Kernel => "Kernel",
            Self::Agent => "Agent",
        }
    }
}

/// The comparison that is shown.
#[derive(Clone, Debug, Default)]
pub struct Compare {
    /// The nodes, the worst first.
    pub nodes: Vec<String>,
    /// What they are compared by.
    pub metric: Metric,
    /// Whether the best stand first.
    pub reversed: bool,
    /// Where one is.
    pub cursor: Cursor,
}

impl Compare {
    /// A comparison of these nodes.
    pub fn of(nodes: Vec<String>) -> Self {
        Self { nodes, ..Self::default() }
    }

    /// The id under the cursor.
    pub fn current(&self) -> Option<&String> {
        self.nodes.get(self.cursor.at)
    }

    /// Puts the worst first. Nodes that said nothing stand at the end; the cursor stays on its node.
    pub fn arrange(&mut self, fleet: &Fleet) {
        let here = self.current().cloned();
        self.nodes.retain(|id| fleet.node(id).is_some());
        let (metric, reversed) = (self.metric, self.reversed);
        self.nodes.sort_by(|a, b| {
            let (Some(a), Some(b)) = (fleet.node(a), fleet.node(b)) else { return Ordering::Equal };
            compare(a, b, metric, reversed).then_with(|| natural(&a.name, &b.name)).then_with(|| a.id.cmp(&b.id))
        });
        if let Some(row) = here.and_then(|id| self.nodes.iter().position(|known| *known == id)) {
            self.cursor.at = row;
        }
        self.cursor.clamp(self.nodes.len());
    }
}

/// The compared nodes as rows in columns.
pub struct ComparedRows<'a> {
    /// Their ids.
    pub nodes: &'a [String],
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
        self.nodes.get(row).map(String::as_str).unwrap_or_default().into()
    }

    fn fact(&self, row: usize, column: usize) -> Fact {
        let Some(node) = self.nodes.get(row).and_then(|id| self.fleet.node(id)) else { return Fact::Nothing };
        let told = |tell: fn(&Vitals) -> Fact| node.sampled.last().map_or(Fact::Nothing, tell);
        match column {
            0 => Fact::text(&node.name),
            // The fullest file system and memory in percent, uptime in seconds.
            1 => told(|vitals| Fact::number(vitals.disk())),
            2 => told(|vitals| Fact::text(vitals.fullest().map_or("", |mount| &mount.path))),
            3 => told(|vitals| Fact::number(vitals.memory.percent())),
            4 => told(|vitals| vitals.load.map_or(Fact::Nothing, |[one, ..]| Fact::text(format!("{one:.2}")))),
            5 => told(|vitals| Fact::number(vitals.cores)),
            6 => told(|vitals| Fact::number(vitals.uptime.as_secs())),
            7 => told(|vitals| Fact::text(&vitals.kernel)),
            8 => Fact::text(&node.agent),
            9 => Fact::time(node.sampled.vitals.as_ref().map(|(at, _)| *at)),
            _ => Fact::text(&node.id),
        }
    }
}

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

fn compare(a: &Node, b: &Node, metric: Metric, reversed: bool) -> Ordering {
    if metric == Metric::Agent {
        let order = natural(&a.agent, &b.agent);
        return if reversed { order.reverse() } else { order };
    }
    match (a.sampled.last(), b.sampled.last()) {
        (Some(a), Some(b)) => {
            let order = match metric {
                Metric::Disk => b.disk().cmp(&a.disk()),
                Metric::Memory => b.memory.percent().cmp(&a.memory.percent()),
                Metric::Load => b.pressure().cmp(&a.pressure()),
                // What was started last is looked for first.
                Metric::Uptime => a.uptime.cmp(&b.uptime),
                Metric::Kernel => natural(&a.kernel, &b.kernel),
                Metric::Agent => Ordering::Equal,
            };
            if reversed { order.reverse() } else { order }
        }
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => Ordering::Equal,
    }
}
