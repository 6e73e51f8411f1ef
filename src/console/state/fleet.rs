//! The fleet: every managed node, the order they are shown in, and the marks on them.

use std::collections::HashMap;

use super::{
    cursor::Cursor,
    feed::Feeds,
    filter::{Filter, Matching, Token, begins},
    input::LineInput,
    node::{Node, Verdict, natural},
};
use crate::{
    console::{action::Action, origin::Origin, probe::usage::FULL},
    ssm::{self, PingStatus, Timestamp},
};

mod reach;
mod remembered;

/// The columns of the list, in the order they are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column {
    Name,
    Ping,
    Compliance,
    Disk,
    Platform,
    Ip,
    Agent,
    LastSeen,
    Tags,
    Id,
}

impl Column {
    /// Every column.
    pub const ALL: [Column; 10] = [
        Self::Name,
        Self::Ping,
        Self::Compliance,
        Self::Disk,
        Self::Platform,
        Self::Ip,
        Self::Agent,
        Self::LastSeen,
        Self::Tags,
        Self::Id,
    ];

    /// Its heading.
    pub fn title(self) -> &'static str {
        match self {
            Self::Name => "Name",
            Self::Ping => "Ping",
            Self::Compliance => "Compliance",
            Self::Disk => "Disk",
            Self::Platform => "Platform",
            Self::Ip => "IP",
            Self::Agent => "Agent",
            Self::LastSeen => "Seen",
            Self::Tags => "Tags",
            Self::Id => "Id",
        }
    }
}

/// The keys a filter token may have.
pub const FILTER_KEYS: &[&str] =
    &["name", "id", "ping", "platform", "os", "agent", "ip", "tag", "compliance", "group", "disk", "marked"];

/// All nodes and how they are looked at.
#[derive(Clone, Debug)]
pub struct Fleet {
    /// The state of `DescribeInstanceInformation`.
    pub feed: Feeds,
    /// The state of `DescribeInstancePatchStates`.
    pub compliance: Feeds,
    /// The state of `ListResourceComplianceSummaries`.
    pub summaries: Feeds,
    nodes: Vec<Node>,
    index: HashMap<String, usize>,
    order: Vec<u32>,
    outdated: bool,
    /// The refresh of each origin that was begun last, in a count over all.
    generations: HashMap<Origin, u64>,
    generation: u64,
    /// The filter as typed.
    pub filter: LineInput,
    /// Whether it is being typed.
    pub filtering: bool,
    /// The column the list is sorted by, and whether backwards.
    pub sort: (Column, bool),
    /// Where one is.
    pub cursor: Cursor,
    /// Columns scrolled to the left.
    pub scrolled: usize,
    /// Whether details are shown beside the list.
    pub detail: bool,
    anchor: Option<String>,
    /// When the rows were last in force that are only remembered.
    pub cached_at: Option<Timestamp>,
}

impl Default for Fleet {
    fn default() -> Self {
        Self {
            feed: Feeds::default(),
            compliance: Feeds::default(),
            summaries: Feeds::default(),
            nodes: Vec::new(),
            index: HashMap::new(),
            order: Vec::new(),
            outdated: false,
            generations: HashMap::new(),
            generation: 0,
            filter: LineInput::default(),
            filtering: false,
            sort: (Column::Name, false),
            cursor: Cursor::default(),
            scrolled: 0,
            detail: false,
            anchor: None,
            cached_at: None,
        }
    }
}

impl Fleet {
    /// Nodes known, whether shown or not.
    pub fn total(&self) -> usize {
        self.nodes.len()
    }

    /// Nodes the filter lets through.
    pub fn shown(&self) -> usize {
        self.order.len()
    }

    /// A shown node by row.
    pub fn row(&self, row: usize) -> Option<&Node> {
        self.order.get(row).and_then(|at| self.nodes.get(*at as usize))
    }

    /// The node under the cursor.
    pub fn current(&self) -> Option<&Node> {
        self.row(self.cursor.at)
    }

    /// A node by id.
    pub fn node(&self, id: &str) -> Option<&Node> {
        self.index.get(id).and_then(|at| self.nodes.get(*at))
    }

    /// A node by id, to change it. The order is made anew when the state settles.
    pub fn node_mut(&mut self, id: &str) -> Option<&mut Node> {
        self.outdated = true;
        self.index.get(id).and_then(|at| self.nodes.get_mut(*at))
    }

    /// Every node.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// The ids of marked nodes, in the order of the list of all nodes.
    pub fn marked(&self) -> Vec<String> {
        self.nodes.iter().filter(|node| node.marked).map(|node| node.id.clone()).collect()
    }

    /// Marked nodes.
    pub fn marked_count(&self) -> usize {
        self.nodes.iter().filter(|node| node.marked).count()
    }

    /// The marked nodes, or the one under the cursor if none is.
    pub fn chosen(&self) -> Vec<String> {
        let marked = self.marked();
        if marked.is_empty() { self.current().map(|node| node.id.clone()).into_iter().collect() } else { marked }
    }

    /// A refresh of an origin begins: what it does not bring is gone when it ends.
    pub fn begin(&mut self, origin: Origin) {
        self.generation += 1;
        self.generations.insert(origin, self.generation);
    }

    /// Takes over a page of nodes. A node that several origins list is shown once, as of the first of them.
    pub fn land(&mut self, origin: Origin, page: &[ssm::InstanceInformation]) {
        let generation = self.generations.get(&origin).copied().unwrap_or_default();
        for info in page {
            let Some(id) = info.instance_id.as_deref().map(crate::console::text::clean) else { continue };
            let at = *self.index.entry(id).or_insert_with(|| {
                self.nodes.push(Node { origin, ..Node::default() });
                self.nodes.len() - 1
            });
            let node = &mut self.nodes[at];
            if node.origin < origin {
                continue;
            }
            node.origin = origin;
            node.update(info);
            node.generation = generation;
        }
        self.outdated = true;
    }

    /// The refresh of an origin is whole.
    pub fn finish(&mut self, origin: Origin) {
        let generation = self.generations.get(&origin).copied().unwrap_or_default();
        self.keep(|node| node.origin != origin || node.generation == generation);
        self.cached_at.take_if(|_| self.nodes.iter().all(|node| !node.remembered));
    }

    /// Forgets the nodes that are not of these origins.
    pub fn keep_origins(&mut self, scope: &[Origin]) {
        self.keep(|node| scope.contains(&node.origin));
        for feeds in [&mut self.feed, &mut self.compliance, &mut self.summaries] {
            feeds.keep(scope);
        }
    }

    fn keep(&mut self, kept: impl Fn(&Node) -> bool) {
        if !self.nodes.iter().all(&kept) {
            let here = self.current().map(|node| node.id.clone());
            self.nodes.retain(kept);
            self.index = self.nodes.iter().enumerate().map(|(at, node)| (node.id.clone(), at)).collect();
            self.order.clear();
            self.arrange_around(here);
        }
        self.outdated = true;
    }

    /// Adds compliance summaries of an origin. The first page of an answer takes the place of what was known.
    pub fn summarise(&mut self, origin: Origin, items: &[ssm::ResourceComplianceSummaryItem], first: bool) {
        if first {
            let own = self.nodes.iter_mut().filter(|node| node.origin == origin);
            own.for_each(|node| node.summary = super::node::Summary::default());
        }
        for item in items {
            let node = item.resource_id.as_deref().and_then(|id| self.node_mut(id));
            if let Some(node) = node.filter(|node| node.origin == origin) {
                node.summarise(item);
            }
        }
        self.outdated = true;
    }

    /// The filter or the order changed.
    pub fn rearrange(&mut self) {
        self.outdated = true;
    }

    /// Makes the order anew if something changed. The cursor stays on its node.
    pub fn settle(&mut self) -> bool {
        let outdated = std::mem::take(&mut self.outdated);
        if outdated {
            let kept = self.current().map(|node| node.id.clone());
            self.arrange_around(kept);
        }
        outdated
    }

    fn arrange_around(&mut self, kept: Option<String>) {
        let filter = Filter::parse(self.filter.text(), FILTER_KEYS);
        let mut matching = Matching::default();
        let passing = self.nodes.iter().enumerate().filter(|(_, node)| {
            filter.is_empty() || filter.passes(&node.text, &mut matching, |token| holds(node, token))
        });
        self.order = passing.filter_map(|(at, _)| u32::try_from(at).ok()).collect();
        let (column, reversed) = self.sort;
        let nodes = &self.nodes;
        let node = |at: &u32| &nodes[*at as usize];
        self.order.sort_by(|a, b| {
            let order = compare(node(a), node(b), column);
            let order = if reversed { order.reverse() } else { order };
            order.then_with(|| natural(&node(a).name, &node(b).name)).then_with(|| node(a).id.cmp(&node(b).id))
        });
        if let Some(row) = kept.and_then(|id| self.order.iter().position(|at| nodes[*at as usize].id == id)) {
            self.cursor.at = row;
        }
        self.cursor.clamp(self.order.len());
    }

    /// Marks as the action says. `false` if it is no marking.
    pub fn mark(&mut self, action: Action) -> bool {
        let here = self.cursor.at;
        match action {
            Action::Mark => {
                if let Some(at) = self.order.get(here) {
                    let node = &mut self.nodes[*at as usize];
                    node.marked = !node.marked;
                    self.anchor = node.marked.then(|| node.id.clone());
                    self.cursor.step(Action::CursorDown, self.order.len());
                }
            }
            Action::MarkRange => {
                let is_anchor = |at: &u32| Some(&self.nodes[*at as usize].id) == self.anchor.as_ref();
                let from = self.order.iter().position(is_anchor).unwrap_or(here);
                for at in self.order.iter().take(from.max(here) + 1).skip(from.min(here)) {
                    self.nodes[*at as usize].marked = true;
                }
                self.anchor = self.current().map(|node| node.id.clone());
            }
            Action::MarkInvert => {
                for at in &self.order {
                    let node = &mut self.nodes[*at as usize];
                    node.marked = !node.marked;
                }
            }
            Action::MarkAll => self.order.iter().for_each(|at| self.nodes[*at as usize].marked = true),
            Action::MarkNone => self.nodes.iter_mut().for_each(|node| node.marked = false),
            _ => return false,
        }
        if self.filter.text().contains("marked:") {
            self.outdated = true;
        }
        true
    }

    /// Marks these nodes too.
    pub fn add_marks(&mut self, ids: &[String]) {
        self.set_marks(ids, true);
    }

    /// Marks these nodes, or takes their marks away if all of them are marked.
    pub fn toggle_marks(&mut self, ids: &[String]) {
        let all = ids.iter().filter_map(|id| self.node(id)).all(|node| node.marked);
        self.set_marks(ids, !all);
    }

    fn set_marks(&mut self, ids: &[String], marked: bool) {
        for id in ids {
            if let Some(at) = self.index.get(id) {
                self.nodes[*at].marked = marked;
            }
        }
        self.outdated = true;
    }

    /// Marks these nodes and no others.
    pub fn mark_only(&mut self, ids: &[String]) {
        self.nodes.iter_mut().for_each(|node| node.marked = false);
        for id in ids {
            if let Some(at) = self.index.get(id) {
                self.nodes[*at].marked = true;
            }
        }
        self.outdated = true;
    }

    /// Sorts by the next or the previous column, or turns the order around.
    pub fn sort_by(&mut self, action: Action) {
        let at = Column::ALL.iter().position(|column| *column == self.sort.0).unwrap_or(0);
        let count = Column::ALL.len();
        self.sort = match action {
            Action::SortNext => (Column::ALL[(at + 1) % count], false),
            Action::SortPrevious => (Column::ALL[(at + count - 1) % count], false),
            _ => (self.sort.0, !self.sort.1),
        };
        self.outdated = true;
    }

    /// Nodes by ping status: online, lost, other.
    pub fn pings(&self) -> (usize, usize, usize) {
        let count = |status: &PingStatus| self.nodes.iter().filter(|node| node.ping == *status).count();
        let (online, lost) = (count(&PingStatus::Online), count(&PingStatus::ConnectionLost));
        (online, lost, self.nodes.len() - online - lost)
    }

    /// The ids among the shown rows whose tags nobody asked for yet.
    pub fn untagged(&self, rows: std::ops::Range<usize>) -> Vec<String> {
        rows.filter_map(|row| self.row(row)).filter(|node| node.wants_tags()).map(|node| node.id.clone()).collect()
    }
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

fn holds(node: &Node, token: &Token) -> bool {
    let value = token.value.as_str();
    match token.key.as_str() {
        "name" => begins(&node.name, value),
        "id" => begins(&node.id, value),
        "ping" => begins(ping_word(&node.ping), value) || begins(node.ping.as_str(), value),
        "platform" | "os" => node.platform.to_lowercase().contains(&value.to_lowercase()),
        "agent" => begins(&node.agent, value),
        "ip" => begins(&node.ip, value),
        "tag" => match value.split_once('=') {
            Some((key, wanted)) => node.tag(key).is_some_and(|has| begins(has, wanted)),
            None => node.tag(value).is_some(),
        },
        "group" => node.patches.iter().flatten().any(|p| begins(&p.group, value)),
        "compliance" => match node.verdict() {
            Verdict::Compliant => begins("compliant", value),
            Verdict::NonCompliant => begins("non-compliant", value) || begins("missing", value),
            Verdict::NeverScanned | Verdict::Unasked => begins("unknown", value) || begins("never", value),
        },
        "disk" => {
            let least = if value == "full" { Some(FULL) } else { value.trim_start_matches(['>', '=']).parse().ok() };
            least.is_some_and(|least| node.sampled.last().is_some_and(|vitals| vitals.disk() >= least))
        }
        "marked" => node.marked == matches!(value, "yes" | "true" | "1" | "y"),
        _ => false,
    }
}

fn compare(a: &Node, b: &Node, column: Column) -> std::cmp::Ordering {
    let rank = |ping: &PingStatus| match ping {
        PingStatus::ConnectionLost => 0,
        PingStatus::Inactive => 1,
        PingStatus::Other(_) => 2,
        PingStatus::Online => 3,
    };
    let missing = |node: &Node| node.patches.iter().flatten().map(|p| p.missing).next().unwrap_or(0);
    match column {
        Column::Name => natural(&a.name, &b.name),
        Column::Id => a.id.cmp(&b.id),
        Column::Ping => rank(&a.ping).cmp(&rank(&b.ping)),
        Column::Platform => natural(&a.platform, &b.platform),
        Column::Agent => natural(&a.agent, &b.agent),
        Column::Ip => natural(&a.ip, &b.ip),
        Column::Compliance => a.verdict().cmp(&b.verdict()).then_with(|| missing(b).cmp(&missing(a))),
        Column::Disk => {
            let disk = |node: &Node| node.sampled.last().map(crate::console::probe::vitals::Vitals::disk);
            disk(b).cmp(&disk(a))
        }
        Column::Tags => a.tags_text().cmp(&b.tags_text()),
        Column::LastSeen => b.last_seen.cmp(&a.last_seen),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn info(id: &str, name: &str, ping: PingStatus) -> ssm::InstanceInformation {
        ssm::InstanceInformation {
            instance_id: Some(id.to_owned()),
            computer_name: Some(name.to_owned()),
            ping_status: Some(ping),
            ..Default::default()
        }
    }

    fn fleet(count: usize) -> Fleet {
        let mut fleet = Fleet::default();
        fleet.begin(Origin::default());
        let ping = |i: usize| if i.is_multiple_of(3) { PingStatus::ConnectionLost } else { PingStatus::Online };
        fleet.land(
            Origin::default(),
            &(0..count).map(|i| info(&format!("mi-{i:017}"), &format!("web-{i}"), ping(i))).collect::<Vec<_>>(),
        );
        fleet.finish(Origin::default());
        fleet.settle();
        fleet
    }

    fn filter(fleet: &mut Fleet, text: &str) {
        fleet.filter = LineInput::from(text);
        fleet.rearrange();
        fleet.settle();
    }

    #[test]
    fn marks_survive_filter_and_refresh() {
        let mut fleet = fleet(12);
        filter(&mut fleet, "ping:lost");
        assert_eq!(fleet.shown(), 4);
        fleet.mark(Action::MarkAll);
        filter(&mut fleet, "");
        fleet.mark(Action::MarkInvert);
        assert_eq!(fleet.marked_count(), 8);
        fleet.begin(Origin::default());
        fleet.land(Origin::default(), &[info("mi-00000000000000001", "web-1", PingStatus::Online)]);
        fleet.finish(Origin::default());
        fleet.settle();
        assert_eq!((fleet.total(), fleet.marked_count()), (1, 1));
    }

    #[test]
    fn the_cursor_follows_its_node() {
        let mut fleet = fleet(12);
        fleet.cursor.at = 10;
        let id = fleet.current().unwrap().id.clone();
        fleet.sort_by(Action::SortReverse);
        fleet.settle();
        assert_eq!(fleet.current().unwrap().id, id);
        filter(&mut fleet, "name:web-3");
        assert_eq!(fleet.current().unwrap().name, "web-3");
    }

    #[test]
    fn a_range_runs_from_the_last_mark() {
        let mut fleet = fleet(12);
        fleet.mark(Action::Mark);
        fleet.cursor.at = 4;
        fleet.mark(Action::MarkRange);
        assert_eq!(fleet.marked_count(), 5);
    }

    #[test]
    fn tags_can_be_filtered_for() {
        let mut fleet = fleet(3);
        let tag = ssm::Tag { key: "Env".to_owned(), value: "prod".to_owned() };
        fleet.node_mut("mi-00000000000000002").unwrap().set_tags(&[tag]);
        filter(&mut fleet, "tag:Env=prod");
        assert_eq!(fleet.shown(), 1);
        filter(&mut fleet, "!tag:Env");
        assert_eq!(fleet.shown(), 2);
    }
}
