//! Two looks at one fleet, from the two sides of a split screen. The nodes, and what is known of fetching them, are there once:
//! the side that is in front has them, the other one gets them when it comes to the front ([`Fleet::turn`]), and makes up for
//! what happened to them meanwhile.

use std::sync::Arc;

use super::{Bits, Fleet, Node, Served, Stale, order::pings};
use crate::console::origin::Origin;

/// A side, and what it has seen.
#[derive(Clone, Debug, Default)]
pub(super) struct Side {
    /// Its number.
    pub id: u32,
    /// The origins it looks at, where nodes of others are there as well.
    pub among: Option<Vec<Origin>>,
    /// What the nodes were like when it had them last.
    revision: u64,
}

/// Where nodes moved to while another side had them.
#[derive(Clone, Debug, Default)]
pub(super) struct Moves {
    /// Whether there is another side that has to know.
    wanted: bool,
    /// The new place of each node there was, or `None` if it is gone.
    places: Option<Vec<Option<usize>>>,
}

impl Moves {
    /// Nodes moved once more.
    pub fn add(&mut self, places: Vec<Option<usize>>) {
        if !self.wanted {
            return;
        }
        self.places = Some(match self.places.take() {
            Some(before) => before.into_iter().map(|at| at.and_then(|at| places.get(at).copied().flatten())).collect(),
            None => places,
        });
    }
}

impl Fleet {
    /// Nodes are others, or other facts are known of them.
    pub(super) fn touch(&mut self) {
        self.stale.nodes = true;
        self.revision += 1;
    }

    /// The nodes that are looked at from this side.
    pub fn own(&self) -> impl Iterator<Item = &Arc<Node>> {
        let among = self.side.among.as_deref();
        self.nodes.iter().filter(move |node| among.is_none_or(|among| among.contains(&node.origin)))
    }

    /// Whether the node at a place is one of them.
    pub(super) fn is_own(&self, at: usize) -> bool {
        let among = self.side.among.as_ref();
        among.is_none_or(|among| self.nodes.get(at).is_some_and(|node| among.contains(&node.origin)))
    }

    /// Looks at the nodes of these origins alone, or at all. Marks are only where one looks.
    pub fn look_at(&mut self, among: Option<&[Origin]>) {
        for feeds in [&mut self.feed, &mut self.compliance, &mut self.summaries] {
            feeds.tell_of(among);
        }
        if self.side.among.as_deref() == among {
            return;
        }
        self.side.among = among.map(<[Origin]>::to_vec);
        let mut marks = Bits::default();
        self.marks.iter().filter(|at| self.is_own(*at)).for_each(|at| marks.set(at, true));
        self.marks = marks;
        // Counted at once: a fleet of another size must not be seen for as long as putting it into order takes.
        self.pings = pings(&self.nodes, among);
        self.stale.filter = true;
    }

    /// A fleet of the same nodes for another side, which looks at it as this one does. It has none of them before its turn.
    pub fn beside(&mut self, id: u32) -> Self {
        self.moves.wanted = true;
        let mut stock = Self::default();
        stock.take_stock(self);
        let mut other = self.clone();
        self.take_stock(&mut stock);
        other.side = Side { id, revision: self.revision, ..self.side.clone() };
        (other.marks, other.anchor, other.served, other.why) =
            (Bits::default(), None, Served::default(), Default::default());
        (other.filtering, other.completion) = (false, None);
        // An order that is under way is not this side's.
        other.shown = other.wanted;
        other.stale = Stale { nodes: true, sort: true, filter: true };
        other
    }

    /// The other side is gone.
    pub fn alone(&mut self) {
        self.moves = Moves::default();
    }

    /// Changes places with the fleet of the other side, which gets the nodes.
    pub fn turn(&mut self, other: &mut Self) {
        self.side.revision = self.revision;
        std::mem::swap(self, other);
        self.take_stock(other);
        if let Some(places) = self.moves.places.take() {
            self.moved(|at| places.get(at).copied().flatten());
        }
        self.stale.nodes |= self.side.revision != self.revision;
    }

    /// Takes the nodes over, and what belongs to them whoever looks.
    fn take_stock(&mut self, from: &mut Self) {
        self.feed.take_over(&mut from.feed);
        self.compliance.take_over(&mut from.compliance);
        self.summaries.take_over(&mut from.summaries);
        std::mem::swap(&mut self.nodes, &mut from.nodes);
        std::mem::swap(&mut self.index, &mut from.index);
        std::mem::swap(&mut self.refreshed, &mut from.refreshed);
        std::mem::swap(&mut self.generations, &mut from.generations);
        std::mem::swap(&mut self.generation, &mut from.generation);
        std::mem::swap(&mut self.revision, &mut from.revision);
        std::mem::swap(&mut self.moves, &mut from.moves);
        std::mem::swap(&mut self.cached_at, &mut from.cached_at);
    }
}
