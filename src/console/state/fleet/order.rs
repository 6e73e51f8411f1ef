//! Which rows are shown and in which order: worked out from a snapshot, so that it can be done beside the loop. Nothing here
//! knows where it runs.

use std::{cmp::Ordering, sync::Arc};

use super::{
    bits::Bits,
    columns::Column,
    groups::{self, Group},
    query::{Query, Row},
};
use crate::{
    console::{
        origin::Origin,
        state::{filter::Matching, node::Node},
    },
    ssm::{PingStatus, Timestamp},
};

/// Rows from which on a filter is tried by several threads.
const SHARED: usize = 16_384;
/// Threads that share it at most.
const THREADS: usize = 4;

/// A column the list is sorted by, and whether backwards.
pub type SortKey = (Column, bool);

/// All nodes, by place.
pub type Nodes = Arc<Vec<Arc<Node>>>;

/// A question about the order of rows, with all it takes to answer it.
#[derive(Clone)]
pub struct Job {
    /// The side of the screen that asks.
    pub(super) side: u32,
    /// The origins it looks at, where nodes of others are there as well.
    pub(super) among: Option<Vec<Origin>>,
    pub(super) epoch: u64,
    /// Which node stands at which place: an answer for another layout is of no use.
    pub(super) layout: u64,
    pub(super) nodes: Nodes,
    pub(super) marks: Bits,
    /// What the service said matches, where it was asked.
    pub(super) served: Arc<Bits>,
    pub(super) query: Arc<Query>,
    pub(super) sort: Vec<SortKey>,
    pub(super) group: Option<Column>,
    /// The order of all nodes as it was, perhaps without those that came last.
    pub(super) before: Arc<Vec<u32>>,
    /// Whether that order still holds.
    pub(super) sorted: bool,
    pub(super) now: Timestamp,
}

impl std::fmt::Debug for Job {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Job").field("epoch", &self.epoch).field("nodes", &self.nodes.len()).finish_non_exhaustive()
    }
}

/// The answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Arranged {
    /// The side of the screen that asked.
    pub side: u32,
    pub(super) epoch: u64,
    pub(super) layout: u64,
    /// The order of all nodes.
    pub(super) all: Arc<Vec<u32>>,
    /// The nodes the filter lets through, in that order.
    pub(super) rows: Vec<u32>,
    /// Those in groups, if they are grouped.
    pub(super) groups: Vec<Group>,
    /// The nodes that are looked at by ping status: online, lost, other.
    pub(super) pings: (usize, usize, usize),
}

impl Job {
    /// Works the answer out.
    pub fn run(&self) -> Arranged {
        let all = match self.sorted && self.before.len() == self.nodes.len() {
            true => self.before.clone(),
            false => Arc::new(self.sort()),
        };
        let rows = self.filter(&all);
        let groups = match &self.group {
            Some(column) => groups::of(column, rows.iter().filter_map(|at| self.nodes.get(*at as usize)), self.now),
            None => Vec::new(),
        };
        let Self { side, epoch, layout, .. } = *self;
        Arranged { side, epoch, layout, all, rows, groups, pings: pings(&self.nodes, self.among.as_deref()) }
    }

    fn node(&self, at: u32) -> &Node {
        &self.nodes[at as usize]
    }

    /// The order of all nodes. What was in order before is nearly so again, and a stable sort makes use of that.
    fn sort(&self) -> Vec<u32> {
        let mut order = Vec::with_capacity(self.nodes.len());
        order.extend(self.before.iter().copied().filter(|at| (*at as usize) < self.nodes.len()));
        let known = order.len();
        order.extend((known..self.nodes.len()).filter_map(|at| u32::try_from(at).ok()));
        let by_name = (Column::Name, false);
        let mut keys: Vec<&SortKey> = self.sort.iter().collect();
        if !keys.iter().any(|(column, _)| *column == Column::Name) {
            keys.push(&by_name);
        }
        let width = keys.len();
        let columns: Vec<_> = keys.iter().map(|(column, reversed)| column.ranks(&self.nodes, *reversed)).collect();
        let places = 0..self.nodes.len();
        let ranks: Vec<u128> = places.flat_map(|at| columns.iter().map(move |column| column[at])).collect();
        let ranks_of = |at: u32| &ranks[at as usize * width..(at as usize + 1) * width];
        order.sort_by(|a, b| self.compare(&keys, (*a, ranks_of(*a)), (*b, ranks_of(*b))));
        order
    }

    /// The order of two nodes with their ranks. Only where those say too little are the nodes themselves looked at.
    fn compare(&self, keys: &[&SortKey], (a, a_ranks): (u32, &[u128]), (b, b_ranks): (u32, &[u128])) -> Ordering {
        for ((column, reversed), (x, y)) in keys.iter().zip(a_ranks.iter().zip(b_ranks)) {
            let order = match x.cmp(y) {
                Ordering::Equal if column.is_whole(*x, *reversed) => continue,
                Ordering::Equal if *reversed => column.compare(self.node(b), self.node(a)),
                Ordering::Equal => column.compare(self.node(a), self.node(b)),
                order => order,
            };
            if order.is_ne() {
                return order;
            }
        }
        let (a, b) = (self.node(a), self.node(b));
        a.id.cmp(&b.id).then_with(|| a.origin.cmp(&b.origin))
    }

    /// The nodes the filter lets through, in the order of all.
    fn filter(&self, all: &[u32]) -> Vec<u32> {
        if self.query.is_empty() {
            let own = all.iter().copied().filter(|at| self.is_own(*at));
            return if self.among.is_none() { all.to_vec() } else { own.collect() };
        }
        let threads = match all.len() >= SHARED {
            true => std::thread::available_parallelism().map_or(1, usize::from).min(THREADS),
            false => 1,
        };
        if threads == 1 {
            return self.passing(all);
        }
        std::thread::scope(|scope| {
            let parts = all.chunks(all.len().div_ceil(threads));
            let threads: Vec<_> = parts.map(|part| scope.spawn(|| self.passing(part))).collect();
            threads.into_iter().flat_map(|thread| thread.join().unwrap_or_default()).collect()
        })
    }

    fn passing(&self, part: &[u32]) -> Vec<u32> {
        let mut matching = Matching::default();
        let mut passes = |at: &u32| {
            let place = *at as usize;
            let row = Row {
                node: &self.nodes[place],
                marked: self.marks.has(place),
                served: self.served.has(place),
                now: self.now,
            };
            self.query.passes(&row, &mut matching)
        };
        part.iter().copied().filter(|at| self.is_own(*at) && passes(at)).collect()
    }

    fn is_own(&self, at: u32) -> bool {
        self.among.as_ref().is_none_or(|among| among.contains(&self.node(at).origin))
    }
}

/// The nodes of these origins, or all, by ping status: online, lost, other.
pub(super) fn pings(nodes: &Nodes, among: Option<&[Origin]>) -> (usize, usize, usize) {
    let (mut all, mut online, mut lost) = (0, 0, 0);
    for node in nodes.iter().filter(|node| among.is_none_or(|among| among.contains(&node.origin))) {
        all += 1;
        online += usize::from(node.ping == PingStatus::Online);
        lost += usize::from(node.ping == PingStatus::ConnectionLost);
    }
    (online, lost, all - online - lost)
}
