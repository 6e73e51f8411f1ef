//! The vitals of the fleet: when they are asked for, what they bring, and who has a full disk.

use std::time::Duration;

use super::{
    Pane, State,
    compare::Compare,
    fleet::Column,
    node::Node,
    overlay::{Question, Then},
};
use crate::{
    client::is_loopback,
    console::{
        action::Action,
        effect::{Effect, Query},
        origin::{NodeId, Origin},
        probe::{usage::FULL, vitals::Vitals},
        text::count,
        update::Trouble,
    },
    ssm::PingStatus,
};

/// How long a node may take to say how it is: a little longer than is waited for it.
const SILENCE: Duration = Duration::from_secs(30);
/// Time between samples of a fleet on this machine, where they cost nothing.
const NEARBY: Duration = Duration::from_secs(30);
/// Of larger fleets, only what is on the screen is sampled.
const MOST: usize = 500;
/// The filter that shows full disks.
const FULL_DISKS: &str = "disk:full";

impl State {
    /// Time between samples of the fleet, if it is sampled at all. At AWS each sample is a command in somebody's history
    /// and perhaps on somebody's bill, so there it begins only when the user says so.
    pub fn sample_every(&self, origin: Origin) -> Option<Duration> {
        let known = self.origins.get(origin)?;
        match known.place.sample_every.or(self.settings.sample_every) {
            Some(every) => every.0,
            None => known.facts.endpoint.as_deref().is_some_and(is_loopback).then_some(NEARBY),
        }
    }

    /// Whether any node was ever asked for its vitals.
    pub fn has_sampled(&self) -> bool {
        self.origins.scope().iter().any(|origin| self.samples.get(*origin).is_some_and(|feed| feed.asked.is_some()))
    }

    /// Asks the nodes for their vitals where those are old enough.
    pub(super) fn want_samples(&mut self, fx: &mut Vec<Effect>) {
        if self.pane != Pane::Fleet {
            return;
        }
        for origin in self.origins.scope().to_vec() {
            let Some(every) = self.sample_every(origin).filter(|_| self.may_probe(origin)) else { continue };
            if !self.fleet.feed.is_known(origin) || !self.samples.is_due(origin, self.now, every) {
                continue;
            }
            let small = self.fleet.total() <= MOST;
            let all = self.fleet.nodes().iter().map(|node| &**node).filter(|_| small);
            let shown = self.fleet_window().filter(|_| !small).filter_map(|row| self.fleet.row(row));
            let asked = all.chain(shown).filter(|node| node.origin == origin && can_answer(node));
            let nodes: Vec<String> = asked.map(|node| node.id.clone()).collect();
            if !nodes.is_empty() {
                self.ask(origin, Query::Samples(nodes), fx);
            }
        }
    }

    /// A node said how it is, or did not. What it said is so old as the question.
    pub(super) fn land_sample(&mut self, origin: Origin, node: &str, result: Result<String, Trouble>) {
        let asked = self.samples.get(origin).and_then(|feed| feed.asked).unwrap_or(self.now);
        let Some(node) = self.fleet.node_mut(origin, node) else { return };
        match result.map(|text| Vitals::parse(&text)) {
            Ok(Some(vitals)) => {
                node.sampled.vitals = Some((asked, vitals));
                node.sampled.missing = None;
            }
            Ok(None) => node.sampled.missing = Some("it does not answer as a Linux system does".to_owned()),
            Err(trouble) => node.sampled.missing = Some(trouble.what),
        }
    }

    /// Whether a node was asked how it is since it last said so, longer ago than an answer takes.
    pub fn is_silent(&self, node: &Node) -> bool {
        let asked = self.samples.get(node.origin).and_then(|feed| feed.asked);
        let told = node.sampled.vitals.as_ref().map(|(at, _)| *at);
        asked.is_some_and(|asked| told.is_none_or(|told| asked > told) && self.now.since(asked) > SILENCE)
    }

    /// Nodes with a full disk, as far as is known now.
    pub fn full_disks(&self) -> Vec<(&Node, &Vitals)> {
        if !self.has_sampled() {
            return Vec::new();
        }
        let now = self.now;
        let nodes = self.fleet.own().map(|node| &**node);
        nodes.filter_map(|node| Some((node, node.vitals(now).filter(|vitals| vitals.disk() >= FULL)?))).collect()
    }

    /// Shows the nodes with full disks and no others, the fullest first; or all nodes again.
    pub(super) fn show_full_disks(&mut self) {
        let shown = self.fleet.filter.text() == FULL_DISKS;
        if !shown && self.full_disks().is_empty() {
            return self.tell(match self.origins.scope().iter().find_map(|origin| self.sample_every(*origin)) {
                Some(_) => "No disk is known to be full.",
                None => "Disks are not sampled here: sample-every in the settings turns it on.",
            });
        }
        self.fleet.set_filter(if shown { "" } else { FULL_DISKS });
        self.fleet.set_sort(vec![(if shown { Column::Name } else { Column::Disk }, false)]);
        self.fleet.catch_up(self.now);
        self.fleet.cursor.at = 0;
    }

    /// Compares the marked nodes, or all that pass the filter if none is marked.
    pub(super) fn open_compare(&mut self, fx: &mut Vec<Effect>) {
        let marked = self.fleet.marked();
        let shown = (0..self.fleet.shown()).filter_map(|row| self.fleet.row(row)).map(Node::node_id);
        let nodes: Vec<NodeId> = if marked.is_empty() { shown.take(MOST).collect() } else { marked };
        if nodes.is_empty() {
            return;
        }
        let mut compare = Compare::of(nodes);
        compare.outdate(&self.fleet);
        compare.lens.stay_on(None);
        compare.settle(&self.fleet);
        self.compare = Some(compare);
        self.sample_compared(fx);
    }

    /// Asks the compared nodes for their vitals. Where that is not free, only after a yes.
    pub(super) fn sample_compared(&mut self, fx: &mut Vec<Effect>) {
        let Some(compare) = &self.compare else { return };
        let asked = compare.nodes.iter().filter_map(|id| self.fleet.node(id)).filter(|node| can_answer(node));
        let nodes: Vec<NodeId> = asked.map(Node::node_id).collect();
        if nodes.is_empty() {
            return;
        }
        let refused = nodes.iter().all(|node| !self.may_probe(node.origin));
        let free = nodes.iter().all(|node| self.probing_is_view(node.origin));
        match (free, refused) {
            (true, _) => self.ask_samples(nodes, fx),
            (false, true) => self.advise(
                "A read-only console sends no commands, not even to look.",
                "probe = true in the settings lets it send a fixed script that changes nothing.",
            ),
            (false, false) => {
                let targets = self.targets_of(nodes.iter().filter(|node| self.may_probe(node.origin)).cloned());
                let mut lines = vec![
                    format!(
                        "AWS-RunShellScript on {}, with a script that reads /proc and df",
                        count(targets.len(), "node")
                    ),
                    "and changes nothing. It stands in the history of commands.".to_owned(),
                ];
                lines.extend(self.told_targets(&targets));
                lines.extend([String::new(), "probe = true in the settings does it without asking.".to_owned()]);
                let question = Question::new("Ask the nodes how they are?", lines, Then::Sample(nodes));
                self.pose(question.about(targets));
            }
        }
    }

    pub(super) fn ask_samples(&mut self, nodes: Vec<NodeId>, fx: &mut Vec<Effect>) {
        for origin in self.origins.scope().to_vec() {
            let own = nodes.iter().filter(|node| node.origin == origin && self.may_probe(origin));
            let own: Vec<String> = own.map(|node| node.id.clone()).collect();
            if !own.is_empty() {
                self.ask(origin, Query::Samples(own), fx);
            }
        }
    }

    pub(super) fn act_compare(&mut self, action: Action, fx: &mut Vec<Effect>) {
        let Some(compare) = &mut self.compare else { return };
        if compare.cursor.step(action, compare.lens.len()) {
            return;
        }
        let current = compare.current().cloned();
        match action {
            Action::Right | Action::Left => {
                let sort = if action == Action::Right { Action::SortNext } else { Action::SortPrevious };
                self.act_list(sort, fx);
            }
            Action::Open => self.open_node_view(current),
            Action::OpenShell => self.shell_on(current, fx),
            Action::RunCommand => self.compose(current.into_iter().collect(), fx),
            Action::Copy => self.copy(current.map(|node| node.id), fx),
            Action::Back => self.compare = None,
            _ => {}
        }
    }

    /// What is known of nodes has changed.
    pub(super) fn outdate_compare(&mut self) {
        if let Some(compare) = &mut self.compare {
            compare.outdate(&self.fleet);
        }
    }
}

/// Whether a node can be asked at all.
pub(super) fn can_answer(node: &Node) -> bool {
    node.ping == PingStatus::Online && matches!(node.platform_type.as_str(), "Linux" | "")
}
