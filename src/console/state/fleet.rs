//! The fleet: every managed node, the order they are shown in, and the marks on them.
//!
//! Nodes stand at places in one list that is shared with the [`Job`]s which put them into order. Of a small fleet the order
//! is made at once; of a large one beside the loop, while the old order stays on the screen.

use std::{collections::HashMap, ops::Range, sync::Arc, time::Duration};

use super::{
    cursor::Cursor,
    feed::{Feed, Feeds},
    filter::Completion,
    input::LineInput,
    node::{Node, Summary},
};
use crate::{
    console::{
        action::Action,
        origin::{NodeId, Origin},
        text::clean,
    },
    ssm::{self, PingStatus, Timestamp},
};

mod acts;
mod bits;
pub mod columns;
mod complete;
mod export;
pub mod groups;
pub mod order;
pub mod query;
mod reach;
mod remembered;
pub mod served;
mod side;
mod views;
pub mod why;

use bits::Bits;
pub use columns::Column;
use groups::{Group, GroupSort};
use order::{Arranged, Job, Nodes, SortKey};
use query::Query;
use served::Served;
use why::Why;

/// Nodes up to which the order is made at once.
const AT_ONCE: usize = 4_000;
/// The shortest time between two orders of a large fleet, if only nodes changed and not what is wanted of them.
const PAUSE: Duration = Duration::from_millis(250);

/// All nodes and how they are looked at.
#[derive(Clone, Debug)]
pub struct Fleet {
    /// The state of `DescribeInstanceInformation`.
    pub feed: Feeds,
    /// The state of `DescribeInstancePatchStates`.
    pub compliance: Feeds,
    /// The state of `ListResourceComplianceSummaries`.
    pub summaries: Feeds,
    nodes: Nodes,
    /// The place of each id, in each origin.
    index: HashMap<Origin, HashMap<String, usize>>,
    /// The refresh each node was last part of, and that of each origin that was begun last, in a count over all.
    refreshed: Vec<u64>,
    generations: HashMap<Origin, u64>,
    generation: u64,
    marks: Bits,
    anchor: Option<NodeId>,
    /// Changes whenever nodes are others or change, for the side of a split screen that does not have them now.
    revision: u64,
    /// Where the nodes moved to since the other side had them; kept while there is one.
    moves: side::Moves,
    /// The side of the screen it is looked at from, and what that side has not seen of the nodes yet.
    side: side::Side,
    /// Changes whenever nodes move to other places.
    layout: u64,
    all: Arc<Vec<u32>>,
    rows: Vec<u32>,
    pings: (usize, usize, usize),
    stale: Stale,
    /// Whether nodes of several origins are looked at.
    several: bool,
    /// The number of the last order that was wanted, and of the one that is shown.
    wanted: u64,
    shown: u64,
    /// When the last order was wanted.
    wanted_at: Timestamp,
    /// What the service was asked for the filter.
    pub served: Served,
    /// Why a node is not connected, as far as it was found out, and the state of the question.
    pub why: (Feed, Option<Why>),
    completion: Option<Completion>,
    /// The filter as typed.
    pub filter: LineInput,
    /// Whether it is being typed.
    pub filtering: bool,
    /// The columns the list is sorted by.
    sort: Vec<SortKey>,
    /// The columns that are shown.
    columns: Vec<Column>,
    /// The columns that the settings have for the place that is looked at, as they were taken last.
    pub configured: Option<Vec<String>>,
    /// What the nodes are grouped by.
    group: Option<Column>,
    groups: Vec<Group>,
    /// The grouping one of whose groups was opened, with the filter and the place there.
    opened: Option<(Column, String, Cursor)>,
    /// Whether the cursor was moved, or something was done where it is.
    pub moved: bool,
    /// The view that was taken last.
    pub view: Option<String>,
    /// Whether every column is shown.
    pub wide: bool,
    /// What groups are sorted by, and whether backwards.
    pub group_sort: (GroupSort, bool),
    /// Where one is.
    pub cursor: Cursor,
    /// Where one is among the groups.
    pub group_cursor: Cursor,
    /// Columns scrolled to the left.
    pub scrolled: usize,
    /// Whether details are shown beside the list.
    pub detail: bool,
    /// When the rows were last in force that are only remembered.
    pub cached_at: Option<Timestamp>,
}

/// What changed since the last order was wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Stale {
    /// Nodes are others, or other facts are known of them.
    nodes: bool,
    /// They are to be sorted by something else.
    sort: bool,
    /// The filter or the grouping is another.
    filter: bool,
}

impl Default for Fleet {
    fn default() -> Self {
        Self {
            feed: Feeds::default(),
            compliance: Feeds::default(),
            summaries: Feeds::default(),
            nodes: Arc::default(),
            index: HashMap::new(),
            refreshed: Vec::new(),
            generations: HashMap::new(),
            generation: 0,
            revision: 0,
            moves: side::Moves::default(),
            side: side::Side::default(),
            marks: Bits::default(),
            anchor: None,
            layout: 0,
            all: Arc::default(),
            rows: Vec::new(),
            pings: (0, 0, 0),
            stale: Stale::default(),
            several: false,
            wanted: 0,
            shown: 0,
            wanted_at: Timestamp::default(),
            served: Served::default(),
            why: (Feed::default(), None),
            completion: None,
            filter: LineInput::default(),
            filtering: false,
            sort: vec![(Column::Name, false)],
            columns: Column::usual(),
            configured: None,
            group: None,
            groups: Vec::new(),
            opened: None,
            moved: false,
            view: None,
            wide: false,
            group_sort: (GroupSort::default(), false),
            cursor: Cursor::default(),
            group_cursor: Cursor::default(),
            scrolled: 0,
            detail: false,
            cached_at: None,
        }
    }
}

impl Fleet {
    /// Nodes known of what is looked at, whether shown or not.
    pub fn total(&self) -> usize {
        let (online, lost, other) = self.pings;
        if self.side.among.is_some() { online + lost + other } else { self.nodes.len() }
    }

    /// Nodes the filter lets through.
    pub fn shown(&self) -> usize {
        self.rows.len()
    }

    /// A shown node by row.
    pub fn row(&self, row: usize) -> Option<&Node> {
        self.rows.get(row).and_then(|at| self.nodes.get(*at as usize)).map(|node| &**node)
    }

    /// The node under the cursor.
    pub fn current(&self) -> Option<&Node> {
        if self.group.is_some() { None } else { self.row(self.cursor.at) }
    }

    /// A node.
    pub fn node(&self, node: &NodeId) -> Option<&Node> {
        self.node_in(node.origin, &node.id)
    }

    /// A node by its id in an origin.
    pub fn node_in(&self, origin: Origin, id: &str) -> Option<&Node> {
        self.place_of(origin, id).and_then(|at| self.nodes.get(at)).map(|node| &**node)
    }

    /// The nodes of an id that are looked at from this side of the screen: one for each origin that lists it.
    pub fn listed(&self, id: &str) -> impl Iterator<Item = &Node> {
        let mut places: Vec<usize> = self.index.values().filter_map(|of| of.get(id)).copied().collect();
        places.retain(|at| self.is_own(*at));
        places.sort_by_key(|at| self.nodes.get(*at).map(|node| node.origin));
        places.into_iter().filter_map(|at| self.nodes.get(at)).map(|node| &**node)
    }

    fn place_of(&self, origin: Origin, id: &str) -> Option<usize> {
        self.index.get(&origin)?.get(id).copied()
    }

    fn places_of(&self, nodes: &[NodeId]) -> Vec<usize> {
        nodes.iter().filter_map(|node| self.place_of(node.origin, &node.id)).collect()
    }

    /// A node by its id in an origin, to change it. The order is made anew when the state settles.
    pub fn node_mut(&mut self, origin: Origin, id: &str) -> Option<&mut Node> {
        let at = self.place_of(origin, id)?;
        self.touch();
        Arc::make_mut(&mut self.nodes).get_mut(at).map(Arc::make_mut)
    }

    /// Every node that any side of the screen looks at.
    pub fn nodes(&self) -> &[Arc<Node>] {
        &self.nodes
    }

    /// The nodes that are looked at from this side of the screen, as they are now.
    pub fn snapshot(&self) -> order::Nodes {
        if self.side.among.is_none() { self.nodes.clone() } else { Arc::new(self.own().cloned().collect()) }
    }

    /// The marked nodes, in the order of their names.
    pub fn marked(&self) -> Vec<NodeId> {
        by_name(self.marks.iter().filter_map(|at| self.nodes.get(at)))
    }

    /// Marked nodes.
    pub fn marked_count(&self) -> usize {
        self.marks.len()
    }

    /// Marked nodes the filter lets through.
    pub fn marked_shown(&self) -> usize {
        match self.marks.is_empty() || self.rows.len() == self.nodes.len() {
            true => self.marks.len(),
            false => self.rows.iter().filter(|at| self.marks.has(**at as usize)).count(),
        }
    }

    /// Whether a row is marked.
    pub fn is_row_marked(&self, row: usize) -> bool {
        self.rows.get(row).is_some_and(|at| self.marks.has(*at as usize))
    }

    /// Whether a node is marked.
    pub fn is_marked(&self, node: &NodeId) -> bool {
        self.place_of(node.origin, &node.id).is_some_and(|at| self.marks.has(at))
    }

    /// The marked nodes, or the one under the cursor if none is.
    pub fn chosen(&self) -> Vec<NodeId> {
        let marked = self.marked();
        if marked.is_empty() { self.current().map(Node::node_id).into_iter().collect() } else { marked }
    }

    /// A refresh of an origin begins: what it does not bring is gone when it ends.
    pub fn begin(&mut self, origin: Origin) {
        self.generation += 1;
        self.generations.insert(origin, self.generation);
    }

    /// Takes over a page of nodes. One that several origins list is there for each of them: what may be done with it, and
    /// where that is written down, depends on the way there.
    pub fn land(&mut self, origin: Origin, label: &Arc<str>, page: &[ssm::InstanceInformation]) {
        let generation = self.generations.get(&origin).copied().unwrap_or_default();
        let nodes = Arc::make_mut(&mut self.nodes);
        let index = self.index.entry(origin).or_default();
        for info in page {
            let Some(id) = info.instance_id.as_deref() else { continue };
            let at = match index.get(id) {
                Some(at) => *at,
                None => *index.entry(clean(id)).or_insert_with(|| {
                    nodes.push(Arc::new(Node { origin, ..Node::default() }));
                    self.refreshed.push(0);
                    nodes.len() - 1
                }),
            };
            let node = Arc::make_mut(&mut nodes[at]);
            node.origin_label = label.clone();
            node.update(info);
            self.refreshed[at] = generation;
        }
        self.touch();
    }

    /// The refresh of an origin is whole.
    pub fn finish(&mut self, origin: Origin) {
        let generation = self.generations.get(&origin).copied().unwrap_or_default();
        let kept = |at: usize, fleet: &Self| fleet.nodes[at].origin != origin || fleet.refreshed[at] == generation;
        self.keep(kept);
        self.cached_at.take_if(|_| self.nodes.iter().all(|node| !node.remembered));
    }

    /// Forgets the nodes that are not of these origins.
    pub fn keep_origins(&mut self, scope: &[Origin]) {
        self.keep(|at, fleet| scope.contains(&fleet.nodes[at].origin));
        for feeds in [&mut self.feed, &mut self.compliance, &mut self.summaries, &mut self.served.feed] {
            feeds.keep(scope);
        }
    }

    /// Says anew whether there are several origins, and what they are called.
    pub fn label(&mut self, several: bool, label: impl Fn(Origin) -> Arc<str>) {
        self.several = several;
        let mut touched = false;
        for node in Arc::make_mut(&mut self.nodes) {
            let label = label(node.origin);
            if node.origin_label != label {
                Arc::make_mut(node).label(label);
                touched = true;
            }
        }
        if touched {
            self.touch();
        }
    }

    fn keep(&mut self, kept: impl Fn(usize, &Self) -> bool) {
        if !(0..self.nodes.len()).all(|at| kept(at, self)) {
            self.forget(|at, fleet| !kept(at, fleet));
        }
        self.touch();
    }

    /// Takes nodes off the list. Those that stay move up, and everything that knows their places with them.
    fn forget(&mut self, gone: impl Fn(usize, &Self) -> bool) {
        let mut left = 0;
        let places: Vec<Option<usize>> = (0..self.nodes.len())
            .map(|at| {
                let stays = !gone(at, self);
                left += usize::from(stays);
                stays.then(|| left - 1)
            })
            .collect();
        let to = |at: usize| places.get(at).copied().flatten();
        let mut at = 0..;
        Arc::make_mut(&mut self.nodes).retain(|_| at.next().is_some_and(|at| to(at).is_some()));
        let mut at = 0..;
        self.refreshed.retain(|_| at.next().is_some_and(|at| to(at).is_some()));
        for index in self.index.values_mut() {
            index.retain(|_, at| to(*at).map(|new| *at = new).is_some());
        }
        self.index.retain(|_, index| !index.is_empty());
        self.moved(to);
        self.moves.add(places);
    }

    /// Nodes stand at other places: what knows them by those follows. The cursor stays on its node.
    fn moved(&mut self, to: impl Fn(usize) -> Option<usize>) {
        let kept = self.rows.get(self.cursor.at).copied();
        self.marks = self.marks.moved(&to);
        self.served.nodes = self.served.nodes.moved(&to);
        let moved = |row: &u32| to(*row as usize).and_then(|at| u32::try_from(at).ok());
        self.all = Arc::new(self.all.iter().filter_map(moved).collect());
        self.rows = self.rows.iter().filter_map(moved).collect();
        self.layout += 1;
        self.cursor_to(kept.as_ref().and_then(moved));
    }

    /// Adds compliance summaries of an origin. The first page of an answer takes the place of what was known.
    pub fn summarise(&mut self, origin: Origin, items: &[ssm::ResourceComplianceSummaryItem], first: bool) {
        if first {
            let own = |node: &&mut Arc<Node>| node.origin == origin && node.summary != Summary::default();
            let nodes = Arc::make_mut(&mut self.nodes).iter_mut().filter(own);
            nodes.for_each(|node| Arc::make_mut(node).summary = Summary::default());
        }
        for item in items {
            if let Some(node) = item.resource_id.as_deref().and_then(|id| self.node_mut(origin, id)) {
                node.summarise(item);
            }
        }
        self.touch();
    }

    /// The filter changed.
    pub fn rearrange(&mut self) {
        self.stale.filter = true;
        self.completion = None;
        self.opened = None;
        self.forget_served();
    }

    /// What the end of the filter can be completed to.
    pub fn completion(&self) -> Option<&Completion> {
        self.completion.as_ref()
    }

    /// Whether what is shown is what the filter and the order ask for.
    pub fn is_settled(&self) -> bool {
        self.shown == self.wanted && !self.stale.filter && !self.stale.sort
    }

    /// Makes the order anew if something changed: at once if the fleet is small. Of a large one comes the question to be
    /// answered elsewhere; its answer goes into [`Fleet::arrange`].
    pub fn settle(&mut self, now: Timestamp) -> Settled {
        if self.stale == Stale::default() {
            return Settled::Nothing;
        }
        if self.nodes.len() <= AT_ONCE {
            self.catch_up(now);
            return Settled::Changed;
        }
        let asked_for = self.stale.sort || self.stale.filter;
        if !asked_for && (self.shown != self.wanted || now.since(self.wanted_at) < PAUSE) {
            return Settled::Nothing;
        }
        Settled::Wanted(Box::new(self.question(now)))
    }

    /// When to settle again although nothing happens.
    pub fn deadline(&self) -> Option<Timestamp> {
        (self.stale.nodes && self.shown == self.wanted).then(|| self.wanted_at.plus(PAUSE))
    }

    /// Makes the order anew here and now. For what must not act on an old one.
    pub fn catch_up(&mut self, now: Timestamp) {
        if self.stale != Stale::default() || self.shown != self.wanted {
            let answer = self.question(now).run();
            self.arrange(answer);
        }
    }

    fn question(&mut self, now: Timestamp) -> Job {
        let stale = std::mem::take(&mut self.stale);
        self.wanted += 1;
        self.wanted_at = now;
        Job {
            side: self.side.id,
            among: self.side.among.clone(),
            epoch: self.wanted,
            layout: self.layout,
            nodes: self.nodes.clone(),
            marks: self.marks.clone(),
            served: Arc::new(self.served.nodes.clone()),
            query: Arc::new(Query::parse(self.filter.text(), &self.served.tokens)),
            sort: self.sort.clone(),
            group: self.group.clone(),
            before: self.all.clone(),
            // An order that is under way may be one of other nodes or by another column.
            sorted: !stale.nodes && !stale.sort && self.shown + 1 == self.wanted,
            now,
        }
    }

    /// Takes over an order. `false` if it came too late. The cursor stays on its node.
    pub fn arrange(&mut self, answer: Arranged) -> bool {
        let last = answer.epoch == self.wanted;
        if answer.layout != self.layout || answer.epoch <= self.shown {
            if last {
                self.shown = self.wanted;
                self.stale = Stale { nodes: true, sort: true, filter: true };
            }
            return false;
        }
        self.shown = answer.epoch;
        let kept = self.rows.get(self.cursor.at).copied();
        (self.all, self.rows, self.pings) = (answer.all, answer.rows, answer.pings);
        self.cursor_to(kept);
        self.land_groups(answer.groups);
        true
    }

    fn cursor_to(&mut self, place: Option<u32>) {
        // Before anybody moved it, the cursor is on the first row, whichever node that is.
        let place = place.filter(|_| self.moved || self.cursor.at > 0);
        if let Some(row) = place.and_then(|place| self.rows.iter().position(|at| *at == place)) {
            self.cursor.at = row;
        }
        self.cursor.clamp(self.rows.len());
    }

    fn land_groups(&mut self, groups: Vec<Group>) {
        let kept = self.groups.get(self.group_cursor.at).map(|group| group.value.clone());
        self.groups = groups;
        groups::sort(&mut self.groups, self.group_sort.0, self.group_sort.1);
        if let Some(row) = kept.and_then(|value| self.groups.iter().position(|group| group.value == value)) {
            self.group_cursor.at = row;
        }
        self.group_cursor.clamp(self.groups.len());
    }

    /// Marks as the action says. `false` if it is no marking.
    pub fn mark(&mut self, action: Action, now: Timestamp) -> bool {
        if matches!(action, Action::MarkRange | Action::MarkInvert | Action::MarkAll) {
            // What is marked is what matches, not what matched a moment ago.
            self.catch_up(now);
        }
        let here = self.cursor.at;
        let places = self.rows.iter().map(|at| *at as usize);
        match action {
            Action::Mark => {
                if let Some(at) = self.rows.get(here).map(|at| *at as usize) {
                    let marked = !self.marks.has(at);
                    self.marks.set(at, marked);
                    self.anchor = self.nodes.get(at).filter(|_| marked).map(|node| node.node_id());
                    self.cursor.step(Action::CursorDown, self.rows.len());
                }
            }
            Action::MarkRange => {
                let anchor = self.anchor.as_ref().and_then(|node| self.place_of(node.origin, &node.id));
                let from = anchor.and_then(|anchor| places.clone().position(|at| at == anchor)).unwrap_or(here);
                places.take(from.max(here) + 1).skip(from.min(here)).for_each(|at| self.marks.set(at, true));
                self.anchor = self.current().map(Node::node_id);
            }
            Action::MarkInvert => places.for_each(|at| self.marks.set(at, !self.marks.has(at))),
            Action::MarkAll => places.for_each(|at| self.marks.set(at, true)),
            Action::MarkNone => self.marks.clear(),
            _ => return false,
        }
        self.marks_changed();
        true
    }

    /// Marks these nodes too.
    pub fn add_marks(&mut self, nodes: &[NodeId]) {
        self.set_marks(nodes, true);
    }

    /// Marks these nodes, or takes their marks away if all of them are marked.
    pub fn toggle_marks(&mut self, nodes: &[NodeId]) {
        let all = self.places_of(nodes).into_iter().all(|at| self.marks.has(at));
        self.set_marks(nodes, !all);
    }

    /// Marks those of these nodes that are not marked, and takes the marks of the others away.
    pub fn flip_marks(&mut self, nodes: &[NodeId]) {
        for at in self.places_of(nodes) {
            self.marks.set(at, !self.marks.has(at));
        }
        self.marks_changed();
    }

    fn set_marks(&mut self, nodes: &[NodeId], marked: bool) {
        for at in self.places_of(nodes) {
            self.marks.set(at, marked);
        }
        self.marks_changed();
    }

    /// Marks these nodes and no others.
    pub fn mark_only(&mut self, nodes: &[NodeId]) {
        self.marks.clear();
        self.set_marks(nodes, true);
    }

    fn marks_changed(&mut self) {
        self.stale.filter |= Query::parse(self.filter.text(), &[]).is_about_marks();
    }

    /// Nodes by ping status: online, lost, other.
    pub fn pings(&self) -> (usize, usize, usize) {
        self.pings
    }

    /// The nodes among the shown rows whose tags nobody asked for yet.
    pub fn untagged(&self, rows: Range<usize>) -> Vec<NodeId> {
        rows.filter_map(|row| self.row(row)).filter(|node| node.wants_tags()).map(Node::node_id).collect()
    }
}

/// What became of an order that was out of date.
#[derive(Debug)]
pub enum Settled {
    /// Nothing was to be done, or not yet.
    Nothing,
    /// It is in order again.
    Changed,
    /// It has to be worked out.
    Wanted(Box<Job>),
}

/// Nodes in the order of their names.
pub fn by_name<'a>(nodes: impl Iterator<Item = &'a Arc<Node>>) -> Vec<NodeId> {
    let mut nodes: Vec<&Node> = nodes.map(|node| &**node).collect();
    nodes.sort_by(|a, b| a.key.cmp(&b.key).then_with(|| a.id.cmp(&b.id)).then_with(|| a.origin.cmp(&b.origin)));
    nodes.into_iter().map(Node::node_id).collect()
}

/// The word for a ping status.
pub fn ping_word(ping: &PingStatus) -> &str {
    match ping {
        PingStatus::Online => "online",
        PingStatus::ConnectionLost => "lost",
        PingStatus::Inactive => "inactive",
        PingStatus::Other(_) => "unknown",
    }
}

#[cfg(test)]
mod tests;
