//! Compliance: the fleet counted, and the way down from a group to its nodes to a node's patches.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::Duration,
};

use super::{
    cursor::Cursor,
    feed::{Feed, Feeds},
    fleet::Fleet,
    list::Lens,
    node::{Node, Verdict, natural},
};
use crate::{
    console::{action::Action, origin::Origin},
    ssm::{self, Timestamp},
};

mod acts;
pub mod grouping;
pub mod patches;
mod sheet;
pub mod tally;

use grouping::{Group, Grouping, Key};
use patches::{Patch, States};
pub use sheet::{GroupRows, MemberRows, PatchRows};
use tally::{Severities, Tally, TypeRow};

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
    Patches { group: Key, node: String },
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
    /// The ids of the nodes of the opened group.
    pub members: Vec<String>,
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
    scanning: HashMap<String, (Timestamp, Option<Timestamp>)>,
    outdated: bool,
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
            members: Vec::new(),
            states: States::default(),
            patches: Vec::new(),
            feed: Feed::default(),
            types_feed: Feeds::default(),
            cursors: Default::default(),
            lenses: Default::default(),
            scanning: HashMap::new(),
            outdated: true,
        }
    }
}

impl Compliance {
    /// The fleet is not what it was when it was counted.
    pub fn outdate(&mut self) {
        self.outdated = true;
    }

    /// Counts the fleet again if it is not what it was.
    pub fn settle(&mut self, fleet: &Fleet) {
        if self.outdated {
            self.recount(fleet);
        }
    }

    /// Counts the fleet again. The cursors stay on their group and their node.
    pub fn recount(&mut self, fleet: &Fleet) {
        self.outdated = false;
        let (group, member) = (self.group().map(sheet::group_key), self.member().map(str::to_owned));
        self.lenses[0].outdate(group);
        self.lenses[1].outdate(member);
        self.groupings = Grouping::all(fleet);
        (self.tally, self.severities) = Default::default();
        let mut groups: BTreeMap<Key, Tally> = BTreeMap::new();
        let mut members: Vec<&Node> = Vec::new();
        let opened = match &self.level {
            Level::Groups => None,
            Level::Nodes(group) | Level::Patches { group, .. } => Some(group),
        };
        for node in fleet.nodes() {
            self.tally.count(node);
            self.severities.count(node);
            let key = self.grouping.key(node);
            if opened.is_some_and(|opened| *opened == Key::All || *opened == key) {
                members.push(node);
            }
            groups.entry(key).or_default().count(node);
        }
        members.sort_by(|a, b| order(a, b));
        self.members = members.into_iter().map(|node| node.id.clone()).collect();
        let mut groups: Vec<_> = groups.into_iter().map(|(key, tally)| Group { key, tally }).collect();
        groups.sort_by(|a, b| match (&a.key, &b.key) {
            (Key::Value(a), Key::Value(b)) => natural(a, b),
            (a, b) => a.cmp(b),
        });
        if !fleet.nodes().is_empty() {
            groups.insert(0, Group { key: Key::All, tally: self.tally });
        }
        self.groups = groups;
        self.arrange(fleet);
        self.scanning.retain(|id, (_, before)| fleet.node(id).is_some_and(|node| scanned_at(node) == *before));
    }

    /// Works out anew what is shown if something changed.
    pub fn arrange(&mut self, fleet: &Fleet) {
        let ([groups, members, patches], [group, member, patch]) = (&mut self.lenses, &mut self.cursors);
        groups.settle(group, &GroupRows(&self.groups));
        members.settle(member, &MemberRows { members: &self.members, fleet });
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

    /// The id of the node under the cursor.
    pub fn member(&self) -> Option<&str> {
        self.members.get(self.lenses[1].place(self.cursors[1].at)?).map(String::as_str)
    }

    /// The patch under the cursor.
    pub fn patch(&self) -> Option<&Patch> {
        self.patches.get(self.lenses[2].place(self.cursors[2].at)?)
    }

    /// The node under the cursor, or whose patches are shown.
    pub fn node(&self) -> Option<&str> {
        match &self.level {
            Level::Groups => None,
            Level::Nodes(_) => self.member(),
            Level::Patches { node, .. } => Some(node),
        }
    }

    /// The nodes under the cursor: those of a group, or one.
    pub fn here(&self, fleet: &Fleet) -> Vec<String> {
        match (&self.level, self.group()) {
            (Level::Groups, Some(group)) => {
                let inside = |node: &&Arc<Node>| group.key == Key::All || self.grouping.key(node) == group.key;
                fleet.nodes().iter().filter(inside).map(|node| node.id.clone()).collect()
            }
            _ => self.node().map(str::to_owned).into_iter().collect(),
        }
    }

    /// The nodes an action concerns: the marked ones, or those under the cursor.
    pub fn chosen(&self, fleet: &Fleet) -> Vec<String> {
        let marked = fleet.marked();
        if marked.is_empty() { self.here(fleet) } else { marked }
    }

    /// The nodes that are listed: those of the opened group, or all.
    pub fn listed(&self, fleet: &Fleet) -> Vec<String> {
        match self.level {
            Level::Groups => {
                let shown: Vec<&Key> =
                    self.lenses[0].places().filter_map(|at| self.groups.get(at)).map(|group| &group.key).collect();
                let inside =
                    |node: &&Arc<Node>| shown.contains(&&Key::All) || shown.contains(&&self.grouping.key(node));
                fleet.nodes().iter().filter(inside).map(|node| node.id.clone()).collect()
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
    pub fn open(&mut self) -> Option<String> {
        match &self.level {
            Level::Groups => {
                let group = self.group()?.key.clone();
                self.level = Level::Nodes(group);
                self.cursors[1] = Cursor::default();
                self.lenses[1].begin();
                self.members.clear();
                None
            }
            Level::Nodes(group) => {
                let node = self.member()?.to_owned();
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
    pub fn next_states(&mut self) -> Option<String> {
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
        for row in self.types_of.values().flatten() {
            let sum = sums.entry(&row.name).or_insert_with(|| TypeRow { name: row.name.clone(), ..TypeRow::default() });
            sum.compliant += row.compliant;
            sum.broken += row.broken;
        }
        self.types = sums.into_values().collect();
    }

    /// Forgets what is not of these origins.
    pub fn keep_origins(&mut self, scope: &[Origin]) {
        self.types_feed.keep(scope);
        self.types_of.retain(|origin, _| scope.contains(origin));
        self.add_types();
    }

    /// These nodes are being scanned.
    pub fn scan_began(&mut self, nodes: Vec<String>, fleet: &Fleet, now: Timestamp) {
        let before = |id: &str| fleet.node(id).and_then(scanned_at);
        self.scanning.extend(nodes.into_iter().map(|id| {
            let before = before(&id);
            (id, (now, before))
        }));
    }

    /// Whether a node is being scanned.
    pub fn is_scanning(&self, node: &str, now: Timestamp) -> bool {
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
