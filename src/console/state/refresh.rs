//! What is fetched when: the visible pane on its interval, tags and values as they are looked at.

use std::time::Duration;

use super::{Pane, State, feed::Feed, node::Node, silence::OF_SERVICE};
use crate::{
    console::{
        effect::{Effect, Query, Source},
        origin::{NodeId, Origin},
    },
    ssm::Timestamp,
};

/// Fleets up to this size have all their tags fetched; beyond it, only those of rows that are seen.
const TAGS_OF_ALL: usize = 1_000;
/// Seconds between looks at a fleet that has no node yet.
const NOTHING_YET: u64 = 2;
/// Time after which is tried again what could not be asked when it was due.
const MOMENT: Duration = Duration::from_secs(1);
/// Seconds between looks at sessions while some run.
const SESSIONS: u64 = 5;
/// Time between looks at the session document in force.
const PREFERENCES: Duration = Duration::from_secs(300);
/// Tags asked for in one go.
const TAGS_AT_ONCE: usize = 64;

impl State {
    /// Fetches what the visible pane shows again, now.
    pub(super) fn refresh_now(&mut self, fx: &mut Vec<Effect>) {
        self.origins.give_up_waiting(self.now);
        self.reconnect(fx);
        let now = self.now;
        for origin in self.origins.scope().to_vec() {
            for source in self.sources() {
                if let Some(feed) = self.feed_of(source, origin) {
                    feed.hurry(now);
                }
            }
        }
        if matches!(self.pane, Pane::Fleet | Pane::Compliance) {
            self.tags_asked.clear();
            self.retag(fx);
        }
        self.node_commands.feed.hurry(now);
        match (&self.node_view, &self.compare) {
            (Some(_), _) => self.look_again(),
            (None, Some(_)) => self.sample_compared(fx),
            (None, None) => {
                for origin in self.origins.scope().to_vec() {
                    if self.sample_every(origin).is_some() {
                        self.samples.of(origin).hurry(now);
                    }
                }
            }
        }
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
            Pane::Forwards if self.forwards.waits() => vec![Source::Nodes],
            Pane::Shell | Pane::Forwards => Vec::new(),
        }
    }

    /// Fetches what the visible pane shows, where it is old enough, and notes when the next of it will be.
    pub(super) fn refresh_due(&mut self, fx: &mut Vec<Effect>) {
        self.each_wanted(|_, feed| feed.rest());
        self.give_up_silent();
        self.refresh_pane(fx);
        self.want_node_commands(fx);
        let mut next: Option<Timestamp> = None;
        self.each_wanted(|source, feed| {
            let given_up = feed.gives_up_at().filter(|_| OF_SERVICE.contains(&source));
            next = next.into_iter().chain(feed.due()).chain(given_up).min();
        });
        // What could not be asked just now is looked at again in a moment.
        let (now, moment) = (self.now, self.now.plus(MOMENT));
        self.next_refresh = next.map(|at| if at <= now { moment } else { at });
    }

    /// Every feed that the pane may want, of the origins that can be asked.
    fn each_wanted(&mut self, mut look: impl FnMut(Source, &Feed)) {
        const BESIDES: [Source; 7] = [
            Source::Nodes,
            Source::Sessions,
            Source::Preferences,
            Source::NodeCommands,
            Source::Samples,
            Source::Running,
            Source::Watched,
        ];
        for origin in self.origins.scope().to_vec() {
            if !self.origins.is_ready(origin) {
                continue;
            }
            for source in self.sources().into_iter().chain(BESIDES) {
                if let Some(feed) = self.feed_of(source, origin) {
                    look(source, feed);
                }
            }
        }
    }

    fn refresh_pane(&mut self, fx: &mut Vec<Effect>) {
        let now = self.now;
        for origin in self.origins.scope().to_vec() {
            let every = self.refresh(origin);
            self.refresh_watched(origin, fx);
            match self.pane {
                Pane::Fleet | Pane::Compliance => self.refresh_fleet(origin, fx),
                Pane::Commands => {
                    let running = Duration::from_secs(self.settings.refresh_running.max(1));
                    let is_running = self.commands.is_running();
                    let open = self.commands.results.is_some();
                    // Of a command that is looked at, its own state says what the long list would say again.
                    if self.commands.feed.is_due(origin, now, if is_running && !open { running } else { every }) {
                        self.ask(origin, Query::Commands, fx);
                    }
                    let every = if is_running { running } else { every };
                    let results = self.commands.results.as_ref().filter(|results| results.origin == origin);
                    let due = results.filter(|results| results.feed.is_due(now, every));
                    if let Some(ids) = due.map(|results| results.ids.clone()) {
                        self.ask(origin, Query::Invocations(ids), fx);
                    }
                }
                Pane::Parameters => {
                    if self.parameters.origin == origin && self.parameters.is_due(now, every * 4) {
                        self.ask(origin, Query::Parameters, fx);
                    }
                }
                Pane::Sessions => {
                    let running = Duration::from_secs(SESSIONS).min(every);
                    let every = if self.sessions.running() > 0 { running } else { every };
                    if self.sessions.feed.is_due(origin, now, every) {
                        self.ask(origin, Query::Sessions, fx);
                    }
                    if self.preferences_feed.is_due(origin, now, PREFERENCES) {
                        self.ask(origin, Query::Preferences, fx);
                    }
                }
                // What a shell's session follows is read as it begins.
                Pane::Shell | Pane::Forwards => {}
            }
            // A forward that waits for its node waits wherever one is.
            let elsewhere = !matches!(self.pane, Pane::Fleet | Pane::Compliance);
            if elsewhere && self.forwards.waits() && self.fleet.feed.is_due(origin, now, every) {
                self.ask(origin, Query::Nodes, fx);
            }
        }
        self.want_samples(fx);
        if self.pane == Pane::Compliance {
            self.refresh_compliance(fx);
        }
    }

    /// Fetches what the fleet knows of an origin, where it is old enough.
    fn refresh_fleet(&mut self, origin: Origin, fx: &mut Vec<Effect>) {
        let (now, every) = (self.now, self.refresh(origin));
        let has_nodes = self.fleet.nodes().iter().any(|node| node.origin == origin);
        let empty = Duration::from_secs(NOTHING_YET).min(every);
        // A large fleet takes long to fetch, and is not fetched all the time.
        let every = every.max(Duration::from_millis(self.fleet.total() as u64));
        if self.fleet.feed.is_due(origin, now, if has_nodes { every } else { empty }) {
            self.ask(origin, Query::Nodes, fx);
        }
        if !has_nodes || !self.fleet.feed.is_known(origin) {
            return;
        }
        if self.fleet.compliance.is_due(origin, now, self.scan_interval(every * 2)) {
            let own = self.fleet.nodes().iter().filter(|node| node.origin == origin);
            let ids = own.map(|node| node.id.clone()).collect();
            self.ask(origin, Query::PatchStates(ids), fx);
        }
        if self.fleet.summaries.is_due(origin, now, every * 2) {
            self.ask(origin, Query::Summaries, fx);
        }
    }

    /// The time between background refreshes of an origin.
    pub(super) fn refresh(&self, origin: Origin) -> Duration {
        self.origins.refresh(origin, self.settings.refresh)
    }

    /// Fetches the whole outputs of what was cut.
    pub(super) fn want_wholes(&mut self, fx: &mut Vec<Effect>) {
        let Some(results) = self.commands.results.as_mut().filter(|results| !results.whole_feed.is_loading()) else {
            return;
        };
        let wanted = results.wanting();
        if !wanted.is_empty() {
            let origin = results.origin;
            self.ask(origin, Query::Whole(wanted), fx);
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
        let all = self.fleet.total() <= TAGS_OF_ALL || self.pane == Pane::Compliance || self.forwards.want_tags();
        let all = all && self.tags_asked.len() < self.fleet.total();
        if all && self.origins.scope().iter().any(|origin| self.fleet.feed.is_known(*origin)) {
            let untagged = self.fleet.nodes().iter().filter(|node| node.wants_tags());
            wanted.extend(untagged.map(|node| node.node_id()).take(TAGS_AT_ONCE * 4));
        }
        self.ask_tags(wanted, fx);
    }

    /// Tags that did not come are asked for again with the next list of nodes, and not at once: who fails is not hurried.
    pub(super) fn ask_tags_again(&mut self) {
        if std::mem::take(&mut self.tags_failed) {
            let fleet = &self.fleet;
            self.tags_asked.retain(|id| fleet.node(id).is_some_and(|node| !node.wants_tags()));
        }
    }

    fn retag(&mut self, fx: &mut Vec<Effect>) {
        let wanted = self.fleet_window().filter_map(|row| self.fleet.row(row)).map(Node::node_id).collect();
        self.ask_tags(wanted, fx);
    }

    fn ask_tags(&mut self, mut wanted: Vec<NodeId>, fx: &mut Vec<Effect>) {
        wanted.retain(|id| !self.tags_asked.contains(id));
        wanted.dedup();
        wanted.truncate(TAGS_AT_ONCE);
        for origin in self.origins.scope().to_vec() {
            let own = wanted.extract_if(.., |node| node.origin == origin);
            // Two services keep them: that one refuses says nothing of the other.
            let (nodes, instances): (Vec<_>, Vec<_>) = own.partition(|node| node.id.starts_with("mi-"));
            for own in [nodes, instances] {
                if !own.is_empty() && self.origins.is_ready(origin) {
                    self.tags_asked.extend(own.iter().cloned());
                    self.ask(origin, Query::Tags(own.into_iter().map(|node| node.id).collect()), fx);
                }
            }
        }
    }

    /// Fetches the last commands of the node in the detail pane.
    pub(super) fn want_node_commands(&mut self, fx: &mut Vec<Effect>) {
        if !self.shows_detail() {
            return;
        }
        let Some(node) = self.fleet.current().map(Node::node_id) else { return };
        let origin = node.origin;
        let due = self.node_commands.feed.is_due(self.now, self.refresh(origin));
        if self.node_commands.node != node || due {
            if self.node_commands.node != node {
                self.node_commands.list.clear();
                self.node_commands.node.clone_from(&node);
            }
            self.ask(origin, Query::NodeCommands(node.id), fx);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        console::{
            effect::{Effect, Query, Source},
            testing::Bench,
            update::Page,
        },
        ssm::InstanceInformation,
    };

    fn nodes() -> Page {
        let node = |id: &str| InstanceInformation { instance_id: Some(id.to_owned()), ..Default::default() };
        Page::Nodes(["i-1", "i-2", "mi-3"].map(node).to_vec())
    }

    /// The nodes whose tags have been asked for since the last call, by question.
    fn tags_asked(bench: &mut Bench) -> Vec<Vec<String>> {
        let asked = bench.fx.iter().filter_map(|effect| match effect {
            Effect::Ask { query: Query::Tags(nodes), .. } => Some(nodes.clone()),
            _ => None,
        });
        let asked = asked.collect();
        bench.fx.retain(|effect| !matches!(effect, Effect::Ask { query: Query::Tags(_), .. }));
        asked
    }

    #[test]
    fn tags_that_are_refused_are_told_once_and_those_that_failed_in_passing_asked_again() {
        let refused = "UnauthorizedOperation: You are not authorized to perform this operation.";
        let failed = "InternalError: An internal error has occurred";
        for (what, again) in [(vec![refused], false), (vec![failed], true), (vec![failed, refused], true)] {
            let mut bench = Bench::new(false);
            bench.answer(Source::Nodes, nodes());
            // EC2 keeps those of its instances, and is asked beside Systems Manager.
            let asked = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>();
            assert_eq!(tags_asked(&mut bench), [asked(&["mi-3"]), asked(&["i-1", "i-2"])]);
            for what in &what {
                let asked = Effect::Ask { query: Query::Tags(Vec::new()), epoch: Default::default() };
                bench.fx.push(asked);
                bench.refuse(Source::Tags, what);
                tags_asked(&mut bench);
            }
            let times = |bench: &Bench| {
                let told = bench.state.notices.all().filter(|notice| what.contains(&notice.trouble.what.as_str()));
                told.map(|notice| notice.times).sum::<usize>()
            };
            assert_eq!(times(&bench), what.len(), "{what:?}");
            for _ in 0..3 {
                bench.wait(60_000);
                bench.answer(Source::Nodes, nodes());
            }
            assert_eq!(!tags_asked(&mut bench).is_empty(), again, "{what:?}");
            assert_eq!(times(&bench), what.len(), "{what:?}");
        }
    }
}
