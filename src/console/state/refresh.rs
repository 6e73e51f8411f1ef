//! What is fetched when: the visible pane on its interval, tags and values as they are looked at.

use std::time::Duration;

use super::{Pane, State};
use crate::console::effect::{Effect, Query, Source};

/// Fleets up to this size have all their tags fetched; beyond it, only those of rows that are seen.
const TAGS_OF_ALL: usize = 1_000;
/// Seconds between looks at a fleet that has no node yet.
const NOTHING_YET: u64 = 2;
/// Seconds between looks at sessions while some run.
const SESSIONS: u64 = 5;
/// Time between looks at the session document in force.
const PREFERENCES: Duration = Duration::from_secs(300);
/// Tags asked for in one go.
const TAGS_AT_ONCE: usize = 64;

impl State {
    /// Fetches what the visible pane shows again, now.
    pub(super) fn refresh_now(&mut self, fx: &mut Vec<Effect>) {
        for source in self.sources() {
            if let Some(feed) = self.feed_of(source) {
                feed.asked = None;
            }
        }
        if matches!(self.pane, Pane::Fleet | Pane::Compliance) {
            self.tags_asked.clear();
            self.retag(fx);
        }
        self.node_commands.feed.asked = None;
        self.parameters.refresh_details();
        self.refresh_due(fx);
    }

    fn sources(&self) -> Vec<Source> {
        match self.pane {
            Pane::Fleet | Pane::Compliance => {
                vec![Source::Nodes, Source::PatchStates, Source::Summaries, Source::Patches, Source::ComplianceTypes]
            }
            Pane::Commands => vec![Source::Commands, Source::Invocations],
            Pane::Parameters => vec![Source::Parameters],
            Pane::Sessions => vec![Source::Sessions, Source::Preferences],
            Pane::Shell | Pane::Forwards => Vec::new(),
        }
    }

    /// Fetches what the visible pane shows, where it is old enough.
    pub(super) fn refresh_due(&mut self, fx: &mut Vec<Effect>) {
        let every = Duration::from_secs(self.settings.refresh.max(1));
        let now = self.now;
        match self.pane {
            Pane::Fleet | Pane::Compliance => {
                let empty = Duration::from_secs(NOTHING_YET).min(every);
                if self.fleet.feed.is_due(now, if self.fleet.total() == 0 { empty } else { every }) {
                    self.ask(Query::Nodes, fx);
                }
                let known = self.fleet.feed.at.is_some() && self.fleet.total() > 0;
                if known && self.fleet.compliance.is_due(now, self.scan_interval(every * 2)) {
                    let ids = self.fleet.nodes().iter().map(|node| node.id.clone()).collect();
                    self.ask(Query::PatchStates(ids), fx);
                }
                if known && self.fleet.summaries.is_due(now, every * 2) {
                    self.ask(Query::Summaries, fx);
                }
                self.refresh_compliance(every, fx);
            }
            Pane::Commands => {
                let running = Duration::from_secs(self.settings.refresh_running.max(1));
                let every = if self.commands.is_running() { running } else { every };
                if self.commands.feed.is_due(now, every) {
                    self.ask(Query::Commands, fx);
                }
                let results = self.commands.results.as_ref();
                if let Some(id) = results.filter(|results| results.feed.is_due(now, every)).map(|r| r.id.clone()) {
                    self.ask(Query::Invocations(id), fx);
                }
            }
            Pane::Parameters => {
                if self.parameters.is_due(now, every * 4) {
                    self.ask(Query::Parameters, fx);
                }
            }
            Pane::Sessions => {
                let running = Duration::from_secs(SESSIONS).min(every);
                if self.sessions.feed.is_due(now, if self.sessions.running() > 0 { running } else { every }) {
                    self.ask(Query::Sessions, fx);
                }
                self.want_preferences(fx);
            }
            Pane::Shell => self.want_preferences(fx),
            Pane::Forwards => {}
        }
    }

    /// Fetches the session document in force, for the countdowns in the tabs.
    fn want_preferences(&mut self, fx: &mut Vec<Effect>) {
        let wanted = !self.shells.tabs.is_empty() || self.pane == Pane::Sessions;
        if wanted && self.preferences_feed.is_due(self.now, PREFERENCES) {
            self.ask(Query::Preferences, fx);
        }
    }

    /// Fetches the whole outputs of what was cut.
    pub(super) fn want_wholes(&mut self, fx: &mut Vec<Effect>) {
        let Some(results) = self.commands.results.as_ref().filter(|results| !results.whole_feed.is_loading()) else {
            return;
        };
        let nodes = results.wanting();
        if !nodes.is_empty() {
            let command = results.id.clone();
            self.ask(Query::Whole { command, nodes }, fx);
        }
    }

    /// Fetches the tags of what is seen, and of the whole fleet if it is small or counted by tags.
    pub(super) fn want_tags(&mut self, fx: &mut Vec<Effect>) {
        if self.fleet.total() == 0 {
            return;
        }
        let mut wanted = match self.pane {
            Pane::Fleet => self.fleet.untagged(self.fleet_window()),
            _ => Vec::new(),
        };
        let all = self.fleet.total() <= TAGS_OF_ALL || self.pane == Pane::Compliance;
        if all && self.fleet.feed.at.is_some() {
            let untagged = self.fleet.nodes().iter().filter(|node| node.tags.is_none());
            wanted.extend(untagged.map(|node| node.id.clone()).take(TAGS_AT_ONCE * 4));
        }
        self.ask_tags(wanted, fx);
    }

    fn retag(&mut self, fx: &mut Vec<Effect>) {
        let wanted = self.fleet_window().filter_map(|row| self.fleet.row(row)).map(|node| node.id.clone()).collect();
        self.ask_tags(wanted, fx);
    }

    fn ask_tags(&mut self, mut wanted: Vec<String>, fx: &mut Vec<Effect>) {
        wanted.retain(|id| !self.tags_asked.contains(id));
        wanted.dedup();
        wanted.truncate(TAGS_AT_ONCE);
        if !wanted.is_empty() && self.connection == super::Connection::Ready {
            self.tags_asked.extend(wanted.iter().cloned());
            self.ask(Query::Tags(wanted), fx);
        }
    }

    /// Fetches the last commands of the node in the detail pane.
    pub(super) fn want_node_commands(&mut self, fx: &mut Vec<Effect>) {
        if !self.shows_detail() {
            return;
        }
        let Some(node) = self.fleet.current().map(|node| node.id.clone()) else { return };
        let due = self.node_commands.feed.is_due(self.now, Duration::from_secs(self.settings.refresh.max(1)));
        if self.node_commands.node != node || due {
            if self.node_commands.node != node {
                self.node_commands.list.clear();
                self.node_commands.node.clone_from(&node);
            }
            self.ask(Query::NodeCommands(node), fx);
        }
    }
}
