//! Compliance: the fleet counted, and the way down from a group to its nodes to a node's patches.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::Duration,
};

use super::{
    cursor::Cursor,
    feed::{Feed, Feeds},
    fleet::{Fleet, by_name},
    list::Lens,
    node::{Node, Verdict, natural},
};
use crate::{
    console::{
        action::Action,
        origin::{NodeId, Origin},
    },
    ssm::{self, Timestamp},
};

mod acts;
pub mod count;
pub mod grouping;
pub mod patches;
mod sheet;
pub mod tally;

use count::{Counted, Job};
use grouping::{Group, Grouping, Key};
use patches::{Patch, States};
pub use sheet::{GroupRows, Known, MemberRows, PatchRows};
use tally::{Severities, Tally, TypeRow};

/// Nodes up to which they are counted at once; more are counted beside the loop.
const AT_ONCE: usize = 4_000;
/// How long a scan is waited for before its node no longer counts as being scanned.
const SCAN_TIME: Duration = Duration::from_secs(600);

/// How deep one is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Level {
    /// The groups.
    Groups,
    /// The nodes of a group.
    Nodes(Key),
    /// The patches of a node, reached through a group.
    Patches { group: Key, node: NodeId },
}

/// The pane.
#[derive(Clone, Debug)]
pub struct Compliance {
    /// How deep one is.
    pub level: Level,
    /// What the nodes are grouped by.
    pub grouping: Grouping,
    /// All that can be grouped by.
    pub groupings: Vec<Grouping>,
    /// The whole fleet.
    pub tally: Tally,
    /// The nodes that are not in order, by severity.
    pub severities: Severities,
    /// The types of compliance, over all that is looked at.
    pub types: Vec<TypeRow>,
    types_of: BTreeMap<Origin, Vec<TypeRow>>,
    /// The groups; the first holds all nodes.
    pub groups: Vec<Group>,
    /// The nodes of the opened group.
    pub members: Arc<Vec<NodeId>>,
    /// Which patches are asked for.
    pub states: States,
    /// The patches of the opened node.
    pub patches: Vec<Patch>,
    /// The state of `DescribeInstancePatches`.
    pub feed: Feed,
    /// The state of `ListComplianceSummaries`.
    pub types_feed: Feeds,
    /// Where one is among the groups, the nodes, the patches.
    pub cursors: [Cursor; 3],
    /// How these are looked at.
    pub lenses: [Lens; 3],
    /// Nodes that are being scanned: since when, and when they were scanned before by their own clocks.
    scanning: HashMap<NodeId, (Timestamp, Option<Timestamp>)>,
    /// The row that a range of marks begins at, by what tells it from others, and of what.
    anchor: Option<(Level, String)>,
    /// The origins that are looked at, where the other side of a split screen looks at others as well.
    among: Option<Vec<Origin>>,
    outdated: bool,
    /// What is being counted elsewhere.
    counting: Option<Counting>,
    jobs: u64,
}

/// Work that is done elsewhere.
#[derive(Clone, Debug)]
struct Counting {
    number: u64,
    /// Where the cursor stood among the nodes, and on which.
    at: usize,
    kept: Option<String>,
}

impl Default for Compliance {
    fn default() -> Self {
        Self {
            level: Level::Groups,
            grouping: Grouping::Severity,
            groupings: vec![Grouping::Severity, Grouping::PatchGroup],
            tally: Tally::default(),
            severities: Severities::default(),
            types: Vec::new(),
            types_of: BTreeMap::new(),
            groups: Vec::new(),
            members: Arc::default(),
            states: States::default(),
            patches: Vec::new(),
            feed: Feed::default(),
            types_feed: Feeds::default(),
            cursors: Default::default(),
            lenses: Default::default(),
            scanning: HashMap::new(),
            anchor: None,
            among: None,
            outdated: true,
            counting: None,
            jobs: 0,
        }
    }
}

impl Compliance {
    /// The fleet is not what it was when it was counted.
    pub fn outdate(&mut self) {
        self.outdated = true;
    }

    /// Counts the fleet again if it is not what it was, and puts the nodes of a group in order: at once where they are few, else
    /// the work to be done elsewhere.
    pub fn settle(&mut self, fleet: &Fleet) -> Option<Box<Job>> {
        let rows = MemberRows { members: &self.members, fleet: Known::Fleet(fleet) };
        if self.counting.is_some() || !self.outdated && !self.lenses[1].is_stale(&rows) {
            return None;
        }
        let members = (!self.outdated).then(|| self.members.clone());
        self.outdated = false;
        let kept = match (self.lenses[1].begin_work(), &members) {
            (None, None) => self.member().map(NodeId::key),
            (kept, _) => kept,
        };
        self.jobs += 1;
        self.counting = Some(Counting { number: self.jobs, at: self.cursors[1].at, kept });
        let opened = match &self.level {
            Level::Groups => None,
            Level::Nodes(group) | Level::Patches { group, .. } => Some(group.clone()),
        };
        let (number, lens) = (self.jobs, self.lenses[1].clone());
        let job = Job { number, nodes: fleet.snapshot(), grouping: self.grouping.clone(), opened, members, lens };
        if fleet.nodes().len() > AT_ONCE {
            return Some(Box::new(job));
        }
        let counted = job.run();
        drop(job);
        self.counted(counted, fleet);
        None
    }

    /// The fleet is counted. The cursors stay on their group and their node. An answer to an old question changes nothing and
    /// gives `false`.
    pub fn counted(&mut self, counted: Counted, fleet: &Fleet) -> bool {
        let Some(counting) = self.counting.take_if(|counting| counting.number == counted.number) else { return false };
        // Whoever has moved meanwhile stays where that was.
        let moved = self.cursors[1].at != counting.at;
        let kept = if moved { self.member().map(NodeId::key) } else { counting.kept };
        self.members = counted.members;
        let rows = MemberRows { members: &self.members, fleet: Known::Fleet(fleet) };
        self.lenses[1].land(&mut self.cursors[1], counted.shown, kept, &rows);
        if let Some(count) = counted.count {
            let group = self.group().map(sheet::group_key);
            self.lenses[0].outdate(group);
            (self.groupings, self.tally, self.severities) = (count.groupings, count.tally, count.severities);
            self.groups = count.groups;
            self.scanning.retain(|id, (_, before)| fleet.node(id).is_some_and(|node| scanned_at(node) == *before));
        }
        self.arrange();
        true
    }

    /// Whether an answer is the one that is waited for.
    pub fn waits_for(&self, counted: &Counted) -> bool {
        self.counting.as_ref().is_some_and(|counting| counting.number == counted.number)
    }

    /// Whether it is being counted elsewhere.
    pub fn is_counting(&self) -> bool {
        self.counting.is_some()
    }

    /// Counts the fleet again; what is being counted elsewhere is of no use any more. A large fleet is counted when it is settled
    /// next.
    pub fn recount(&mut self, fleet: &Fleet) {
        (self.outdated, self.counting) = (true, None);
        if fleet.nodes().len() <= AT_ONCE {
            self.settle(fleet);
        }
    }

    /// Works out anew what is shown of groups and patches if something changed.
    pub fn arrange(&mut self) {
        let ([groups, _, patches], [group, _, patch]) = (&mut self.lenses, &mut self.cursors);
        groups.settle(group, &GroupRows(&self.groups));
        patches.settle(patch, &PatchRows(&self.patches));
    }

    /// Which of the three lists is shown: groups, nodes or patches.
    pub fn depth(&self) -> usize {
        match self.level {
            Level::Groups => 0,
            Level::Nodes(_) => 1,
            Level::Patches { .. } => 2,
        }
    }

    /// The cursor of the level and the number of its rows.
    pub fn cursor_mut(&mut self) -> (&mut Cursor, usize) {
        let at = self.depth();
        (&mut self.cursors[at], self.lenses[at].len())
    }

    /// The group under the cursor.
    pub fn group(&self) -> Option<&Group> {
        self.groups.get(self.lenses[0].place(self.cursors[0].at)?)
    }

    /// The node under the cursor.
    pub fn member(&self) -> Option<&NodeId> {
        self.members.get(self.lenses[1].place(self.cursors[1].at)?)
    }

    /// The patch under the cursor.
    pub fn patch(&self) -> Option<&Patch> {
        self.patches.get(self.lenses[2].place(self.cursors[2].at)?)
    }

    /// The node under the cursor, or whose patches are shown.
    pub fn node(&self) -> Option<&NodeId> {
        match &self.level {
            Level::Groups => None,
            Level::Nodes(_) => self.member(),
            Level::Patches { node, .. } => Some(node),
        }
    }

    /// The nodes under the cursor: those of a group, or one.
    pub fn here(&self, fleet: &Fleet) -> Vec<NodeId> {
        match self.level {
            Level::Patches { .. } => self.node().cloned().into_iter().collect(),
            _ => self.nodes_of(self.cursors[self.depth()].at, fleet),
        }
    }

    /// Whether a node is under the cursor. That is asked with every frame, and a group may have the whole fleet.
    pub fn has_node_here(&self) -> bool {
        match self.level {
            Level::Groups => self.group().is_some_and(|group| group.tally.total() > 0),
            Level::Nodes(_) | Level::Patches { .. } => self.node().is_some(),
        }
    }

    /// The nodes of a row that is shown: those of a group, or one.
    fn nodes_of(&self, row: usize, fleet: &Fleet) -> Vec<NodeId> {
        let Some(place) = self.lenses[self.depth()].place(row) else { return Vec::new() };
        match self.level {
            Level::Groups => {
                let key = self.groups.get(place).map(|group| &group.key);
                let inside = |node: &&Arc<Node>| key == Some(&Key::All) || key == Some(&self.grouping.key(node));
                by_name(fleet.own().filter(inside))
            }
            Level::Nodes(_) => self.members.get(place).cloned().into_iter().collect(),
            Level::Patches { .. } => Vec::new(),
        }
    }

    /// The nodes from the row that was marked last to the one under the cursor, which is where the next range begins.
    pub fn range(&mut self, fleet: &Fleet) -> Vec<NodeId> {
        let here = self.cursors[self.depth()].at;
        let anchor = self.anchor.take_if(|(level, _)| *level == self.level);
        let row_of = |(_, key)| {
            let rows = self.lenses[self.depth()].len();
            (0..rows).find(|row| self.key_of(*row).as_ref() == Some(&key))
        };
        let from = anchor.and_then(row_of).unwrap_or(here);
        self.set_anchor();
        (from.min(here)..=from.max(here)).flat_map(|row| self.nodes_of(row, fleet)).collect()
    }

    /// A range of marks begins here.
    pub fn set_anchor(&mut self) {
        let here = self.key_of(self.cursors[self.depth()].at);
        self.anchor = here.map(|key| (self.level.clone(), key));
    }

    /// What tells a row that can be marked from all others.
    fn key_of(&self, row: usize) -> Option<String> {
        let place = self.lenses[self.depth()].place(row)?;
        match self.level {
            Level::Groups => self.groups.get(place).map(sheet::group_key),
            Level::Nodes(_) => self.members.get(place).map(NodeId::key),
            Level::Patches { .. } => None,
        }
    }

    /// The nodes an action concerns: the marked ones, or those under the cursor.
    pub fn chosen(&self, fleet: &Fleet) -> Vec<NodeId> {
        let marked = fleet.marked();
        if marked.is_empty() { self.here(fleet) } else { marked }
    }

    /// The nodes that are listed: those of the opened group, or all.
    pub fn listed(&self, fleet: &Fleet) -> Vec<NodeId> {
        match self.level {
            Level::Groups => {
                let shown: Vec<&Key> =
                    self.lenses[0].places().filter_map(|at| self.groups.get(at)).map(|group| &group.key).collect();
                let inside =
                    |node: &&Arc<Node>| shown.contains(&&Key::All) || shown.contains(&&self.grouping.key(node));
                by_name(fleet.own().filter(inside))
            }
            _ => self.lenses[1].places().filter_map(|at| self.members.get(at).cloned()).collect(),
        }
    }

    /// Groups by the next or the previous thing.
    pub fn regroup(&mut self, action: Action) {
        let at = self.groupings.iter().position(|known| *known == self.grouping).unwrap_or(0);
        let count = self.groupings.len().max(1);
        let next = if action == Action::GroupNext { at + 1 } else { at + count - 1 };
        if let Some(grouping) = self.groupings.get(next % count) {
            self.grouping = grouping.clone();
        }
        self.level = Level::Groups;
        self.cursors = Default::default();
        self.lenses.iter_mut().for_each(Lens::begin);
        self.groups.clear();
    }

    /// Opens what is under the cursor. The node whose patches are now wanted, if any.
    pub fn open(&mut self) -> Option<NodeId> {
        match &self.level {
            Level::Groups => {
                let group = self.group()?.key.clone();
                self.level = Level::Nodes(group);
                self.cursors[1] = Cursor::default();
                self.lenses[1].begin();
                self.members = Arc::default();
                None
            }
            Level::Nodes(group) => {
                let node = self.member()?.clone();
                self.lenses[2].begin();
                self.level = Level::Patches { group: group.clone(), node: node.clone() };
                self.forget_patches();
                Some(node)
            }
            Level::Patches { .. } => None,
        }
    }

    /// Goes back one level. `false` at the top.
    pub fn back(&mut self) -> bool {
        self.level = match std::mem::replace(&mut self.level, Level::Groups) {
            Level::Groups => return false,
            Level::Nodes(_) => Level::Groups,
            Level::Patches { group, .. } => {
                self.forget_patches();
                Level::Nodes(group)
            }
        };
        true
    }

    /// Asks for patches in other states. The node whose patches are now wanted, if one is opened.
    pub fn next_states(&mut self) -> Option<NodeId> {
        let Level::Patches { node, .. } = &self.level else { return None };
        let node = node.clone();
        self.states = self.states.next();
        self.forget_patches();
        Some(node)
    }

    fn forget_patches(&mut self) {
        self.cursors[2] = Cursor::default();
        self.lenses[2].outdate(None);
        self.patches.clear();
        self.feed.forget();
    }

    /// Patches came. The first page of an answer takes the place of what was known.
    pub fn land_patches(&mut self, page: &[ssm::PatchComplianceData], first: bool) {
        let here = self.patch().map(sheet::patch_key);
        self.lenses[2].outdate(here);
        if first {
            self.patches.clear();
        }
        self.patches.extend(page.iter().map(Patch::from));
        patches::sort(&mut self.patches);
        self.lenses[2].settle(&mut self.cursors[2], &PatchRows(&self.patches));
    }

    /// Types of compliance came. The first page of an answer takes the place of what was known.
    pub fn land_types(&mut self, origin: Origin, page: &[ssm::ComplianceSummaryItem], first: bool) {
        let own = self.types_of.entry(origin).or_default();
        if first {
            own.clear();
        }
        own.extend(page.iter().map(TypeRow::from));
        self.add_types();
    }

    fn add_types(&mut self) {
        let mut sums: BTreeMap<&str, TypeRow> = BTreeMap::new();
        let told = |origin: &Origin| self.among.as_ref().is_none_or(|among| among.contains(origin));
        for row in self.types_of.iter().filter(|(origin, _)| told(origin)).flat_map(|(_, rows)| rows) {
            let sum = sums.entry(&row.name).or_insert_with(|| TypeRow { name: row.name.clone(), ..TypeRow::default() });
            sum.compliant += row.compliant;
            sum.broken += row.broken;
        }
        self.types = sums.into_values().collect();
    }

    /// Looks at the nodes of these origins alone, or at all.
    pub fn look_among(&mut self, among: Option<&[Origin]>) {
        self.types_feed.tell_of(among);
        self.among = among.map(<[Origin]>::to_vec);
        self.add_types();
        self.outdate();
    }

    /// The pane of another side, which looks at the same fleet.
    pub fn beside(&self) -> Self {
        let [groups, ..] = self.cursors;
        let cursors = [groups, Cursor::default(), Cursor::default()];
        Self { grouping: self.grouping.clone(), states: self.states, cursors, ..Self::default() }
    }

    /// Changes places with the pane of the other side, which gets what was fetched.
    pub fn turn(&mut self, other: &mut Self) {
        std::mem::swap(self, other);
        self.types_feed.take_over(&mut other.types_feed);
        std::mem::swap(&mut self.types_of, &mut other.types_of);
        std::mem::swap(&mut self.scanning, &mut other.scanning);
        // The numbers of answers are never those of the other side.
        std::mem::swap(&mut self.jobs, &mut other.jobs);
        self.add_types();
    }

    /// Forgets what is not of these origins.
    pub fn keep_origins(&mut self, scope: &[Origin]) {
        self.types_feed.keep(scope);
        self.types_of.retain(|origin, _| scope.contains(origin));
        self.add_types();
    }

    /// These nodes are being scanned.
    pub fn scan_began(&mut self, nodes: impl Iterator<Item = NodeId>, fleet: &Fleet, now: Timestamp) {
        self.scanning.extend(nodes.map(|node| {
            let before = fleet.node(&node).and_then(scanned_at);
            (node, (now, before))
        }));
    }

    /// Whether a node is being scanned.
    pub fn is_scanning(&self, node: &NodeId, now: Timestamp) -> bool {
        self.scanning.get(node).is_some_and(|(since, _)| now.since(*since) < SCAN_TIME)
    }

    /// Nodes that are being scanned.
    pub fn scans(&self, now: Timestamp) -> usize {
        self.scanning.values().filter(|(since, _)| now.since(*since) < SCAN_TIME).count()
    }
}

/// When a node was scanned last, by its own clock.
fn scanned_at(node: &Node) -> Option<Timestamp> {
    node.patches.iter().flatten().map(|patches| patches.at).next()
}

/// What needs attention first: not in order, then unknown; the more is missing, the earlier.
fn order(a: &Node, b: &Node) -> std::cmp::Ordering {
    let verdict = |node: &Node| match node.verdict() {
        Verdict::NonCompliant => 0,
        Verdict::NeverScanned => 1,
        Verdict::Unasked => 2,
        Verdict::Compliant => 3,
    };
    let missing = |node: &Node| node.patches.iter().flatten().map(|p| p.missing.saturating_add(p.failed)).next();
    verdict(a)
        .cmp(&verdict(b))
        .then_with(|| missing(b).cmp(&missing(a)))
        .then_with(|| natural(&a.name, &b.name))
        .then_with(|| a.id.cmp(&b.id))
}

#[cfg(test)]
mod tests;
