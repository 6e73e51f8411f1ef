//! What actions do in the pane, and what a scan leads to.

use std::time::Duration;

use super::Level;
use crate::{
    console::{
        action::Action,
        effect::{Change, Effect, Query},
        origin::{NodeId, Origin},
        state::{
            Pane, State, compose,
            overlay::{Question, Then},
            overlays::nodes_of,
            watch::Work,
        },
        text::count,
        update::Trouble,
    },
    ssm::PingStatus,
};

/// How often patch states are looked at while nodes are being scanned.
const WHILE_SCANNING: Duration = Duration::from_secs(3);

impl State {
    pub(in crate::console::state) fn act_compliance(&mut self, action: Action, fx: &mut Vec<Effect>) {
        let (cursor, len) = self.compliance.cursor_mut();
        if cursor.step(action, len) {
            return;
        }
        match action {
            Action::Open | Action::Right => {
                let wanted = self.compliance.open();
                self.want_patches(wanted, fx);
                self.compliance.recount(&self.fleet);
            }
            Action::Back | Action::Left => {
                self.compliance.back();
                self.compliance.recount(&self.fleet);
            }
            Action::GroupNext | Action::GroupPrevious => {
                self.compliance.regroup(action);
                self.compliance.recount(&self.fleet);
            }
            Action::PatchStates => {
                let wanted = self.compliance.next_states();
                if wanted.is_none() {
                    self.tell("Open a node to choose which of its patches are shown.");
                }
                self.want_patches(wanted, fx);
            }
            Action::Scan => self.ask_scan(self.compliance.chosen(&self.fleet)),
            Action::RunCommand => self.compose(self.compliance.chosen(&self.fleet), fx),
            Action::OpenShell => self.shell_on(self.compliance.node().cloned(), fx),
            Action::Mark => {
                let here = self.compliance.here(&self.fleet);
                self.fleet.toggle_marks(&here);
                self.compliance.set_anchor();
                if matches!(self.compliance.level, Level::Groups | Level::Nodes(_)) {
                    let (cursor, len) = self.compliance.cursor_mut();
                    cursor.step(Action::CursorDown, len);
                }
            }
            Action::MarkAll => {
                let listed = self.compliance.listed(&self.fleet);
                self.fleet.add_marks(&listed);
            }
            Action::MarkRange => {
                let range = self.compliance.range(&self.fleet);
                self.fleet.add_marks(&range);
            }
            Action::MarkInvert => {
                let listed = self.compliance.listed(&self.fleet);
                self.fleet.flip_marks(&listed);
            }
            Action::MarkNone => self.fleet.mark_only(&[]),
            Action::Copy => self.copy(self.compliance.node().map(|node| node.id.clone()), fx),
            _ => {}
        }
    }

    fn want_patches(&mut self, node: Option<NodeId>, fx: &mut Vec<Effect>) {
        if let Some(NodeId { origin, id: node }) = node {
            self.ask(origin, Query::Patches { node, states: self.compliance.states }, fx);
        }
    }

    /// Fetches what only this pane shows, where it is old enough.
    pub(in crate::console::state) fn refresh_compliance(&mut self, fx: &mut Vec<Effect>) {
        if self.pane != Pane::Compliance {
            return;
        }
        for origin in self.origins.scope().to_vec() {
            if self.compliance.types_feed.is_due(origin, self.now, self.refresh(origin) * 2) {
                self.ask(origin, Query::ComplianceTypes, fx);
            }
        }
        if let Level::Patches { node, .. } = &self.compliance.level
            && self.compliance.feed.is_due(self.now, self.refresh(node.origin) * 4)
        {
            let node = Some(node.clone());
            self.want_patches(node, fx);
        }
    }

    /// How often patch states are fetched: more often while nodes are being scanned.
    pub(in crate::console::state) fn scan_interval(&self, every: Duration) -> Duration {
        if self.compliance.scans(self.now) > 0 { every.min(WHILE_SCANNING) } else { every }
    }

    /// Asks whether nodes shall be scanned. Says how many and which.
    pub(in crate::console::state) fn ask_scan(&mut self, nodes: Vec<NodeId>) {
        if nodes.is_empty() {
            return self.tell("There is no node to scan here.");
        }
        let (parts, refused) = self.writable(&nodes);
        if parts.is_empty() {
            if let Some((origin, _)) = refused.first() {
                self.protects(*origin);
            }
            return;
        }
        let nodes: Vec<NodeId> = nodes_of(&parts).collect();
        let targets = self.targets_of(nodes.iter().cloned());
        let commands: usize = parts.iter().map(|(_, nodes)| nodes.len().div_ceil(compose::MOST_IDS)).sum();
        let mut lines = vec![format!("{} in {}", count(nodes.len(), "node"), count(commands, "command"))];
        lines.extend(self.told_targets(&targets));
        lines.extend(self.left_out(&refused));
        let away = nodes.iter().filter_map(|node| self.fleet.node(node)).filter(|node| node.ping != PingStatus::Online);
        match away.count() {
            0 => {}
            n => lines.push(format!("{} not online now and scanned only if they come back in time", count(n, "node"))),
        }
        lines.push(format!("{} with Operation=Scan looks and installs nothing.", compose::PATCH_BASELINE));
        let title = format!("Scan {} for missing patches?", count(nodes.len(), "node"));
        let changes = parts.into_iter().map(|(origin, nodes)| (origin, Change::Scan(nodes))).collect();
        self.pose(Question::new(&title, lines, Then::Change(changes)).about(targets));
    }

    /// Scans were accepted.
    pub(in crate::console::state) fn scan_began(
        &mut self,
        origin: Origin,
        commands: &[String],
        nodes: Vec<String>,
        trouble: Option<Trouble>,
        fx: &mut Vec<Effect>,
    ) {
        let (scanned, sent) = (count(nodes.len(), "node"), count(commands.len(), "command"));
        let told = format!("A scan of {scanned} is under way, as {sent}.");
        self.begin_work(origin, commands.to_vec(), Work::Scan(nodes.len()), told);
        if let Some(trouble) = trouble {
            self.warn("Not all nodes are scanned: a later command was refused.");
            self.fail(trouble);
        }
        let nodes = nodes.into_iter().map(|node| NodeId::new(origin, node));
        self.compliance.scan_began(nodes, &self.fleet, self.now);
        self.ask(origin, Query::Commands, fx);
    }
}
