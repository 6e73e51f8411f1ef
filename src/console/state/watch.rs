//! What the user waits for while looking elsewhere: commands that were sent from here, and nodes that are watched. Their ends,
//! losses and returns are told here and, through the terminal, to a user who looks at another window.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    time::Duration,
};

use super::{
    Pane, State,
    commands::{Outcome, command_outcome},
    feed::Feeds,
    left::Row,
};
use crate::{
    console::{
        effect::{Effect, Query},
        origin::{NodeId, Origin},
        text::{clean, count, cut, span, thousands},
    },
    ssm::{PingStatus, Timestamp},
};

/// A command that took longer is news when it ends.
const LONG: Duration = Duration::from_secs(10);
/// Time between looks at commands while another pane is shown.
const ELSEWHERE: Duration = Duration::from_secs(5);

/// Nodes that a command waits for and whose state is asked for while one looks at it; more are not looked at one by one.
const AWAITED: usize = 50;

/// Watched nodes that are written down for the next start: the file is read before the first frame.
const MOST_KEPT: usize = 50_000;

/// What is waited for.
#[derive(Clone, Debug, Default)]
pub struct Watch {
    /// The watched nodes, with the ping status that was told last.
    nodes: BTreeMap<NodeId, Option<PingStatus>>,
    /// Those of them that were watched when the console was left, until one knows whose fleet it is.
    resumed: BTreeSet<NodeId>,
    /// Commands that were sent from here and have not ended.
    sent: Vec<Sent>,
    /// Sessions that were told to end.
    ending: Vec<(Origin, String)>,
    /// What was asked of commands and has not come to its end.
    under_way: Vec<UnderWay>,
    /// The state of asking for the watched nodes alone.
    pub(super) nodes_feed: Feeds,
    /// The state of asking for the commands alone.
    pub(super) commands_feed: Feeds,
}

#[derive(Clone, Debug)]
struct Sent {
    origin: Origin,
    /// Commands that were sent together.
    ids: Vec<String>,
    at: Timestamp,
}

/// Something that ends when its commands do.
#[derive(Clone, Debug)]
struct UnderWay {
    origin: Origin,
    ids: Vec<String>,
    work: Work,
}

/// What is under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Work {
    /// A command is being cancelled.
    Cancel,
    /// So many nodes are being scanned.
    Scan(usize),
}

impl Watch {
    /// Whether a node is watched.
    pub fn has(&self, node: &NodeId) -> bool {
        self.nodes.contains_key(node)
    }

    /// Watches the nodes that were watched the last time. What became of them meanwhile is told as well.
    pub(super) fn resume<'a>(&mut self, rows: impl Iterator<Item = (Origin, &'a Row)>) {
        for (origin, row) in rows {
            let ping = (!row.ping.is_empty()).then(|| PingStatus::from(row.ping.as_str()));
            let node = NodeId::new(origin, row.id.as_str());
            self.nodes.insert(node.clone(), ping);
            self.resumed.insert(node);
        }
    }

    /// The fleet of an origin turned out to be another one.
    pub(super) fn forget_resumed(&mut self, origin: Origin) {
        for node in self.resumed.extract_if(.., |node| node.origin == origin) {
            self.nodes.remove(&node);
        }
    }
}

impl State {
    /// What is watched, for the next time. Of nodes that are there no more nothing will come.
    pub(super) fn left_watched(&self) -> Vec<Row> {
        let gone = |node: &NodeId| self.fleet.feed.are_known() && self.fleet.node(node).is_none();
        let row = |(node, ping): (&NodeId, &Option<PingStatus>)| {
            let ping = ping.as_ref().map(|ping| ping.as_str().to_owned()).unwrap_or_default();
            let place = self.origins.label(node.origin).to_owned();
            Row { place, id: node.id.clone(), ping, ..Row::default() }
        };
        self.watch.nodes.iter().filter(|(node, _)| !gone(node)).take(MOST_KEPT).map(row).collect()
    }
}

impl State {
    /// Watches nodes, or no longer if all of them are watched.
    pub(super) fn watch_nodes(&mut self, nodes: Vec<NodeId>) {
        let Some(first) = nodes.first().map(|node| self.node_name(node)) else { return };
        let whom = if nodes.len() == 1 { first } else { count(nodes.len(), "node") };
        if nodes.iter().all(|node| self.watch.has(node)) {
            let nodes: HashSet<NodeId> = nodes.into_iter().collect();
            self.watch.nodes.retain(|node, _| !nodes.contains(node));
            return self.tell(format!("{whom}: watched no longer."));
        }
        for node in nodes {
            let ping = self.fleet.node(&node).map(|node| node.ping.clone());
            self.watch.nodes.insert(node, ping);
        }
        self.tell(format!("{whom}: watched. A loss and a return are told."));
        if self.watch.nodes.len() > MOST_KEPT {
            self.warn(format!("{} of the watched nodes are watched by the next console too.", thousands(MOST_KEPT)));
        }
    }

    /// Commands were sent from here.
    pub(super) fn wait_for(&mut self, origin: Origin, ids: Vec<String>) {
        self.watch.sent.push(Sent { origin, ids, at: self.now });
    }

    /// Something was asked of commands: tells that it is under way, and of its end when they end.
    pub(super) fn begin_work(&mut self, origin: Origin, ids: Vec<String>, work: Work, told: String) {
        let Some(first) = ids.first() else { return };
        self.tell_of(named(origin, first), told);
        self.watch.under_way.push(UnderWay { origin, ids, work });
    }

    /// A session was told to end.
    pub(super) fn begin_end(&mut self, origin: Origin, id: &str) {
        self.tell_of(named(origin, id), format!("Session {} is ending.", clean(id)));
        self.watch.ending.push((origin, id.to_owned()));
    }

    /// The sessions of an origin are known: tells of those that were told to end and have ended.
    pub(super) fn check_ending(&mut self, origin: Origin) {
        let list = &self.sessions.list;
        let over = |(whose, id): &mut (Origin, String)| {
            let runs = list.iter().any(|session| session.origin == *whose && session.id == *id && session.is_running());
            *whose == origin && !runs
        };
        for (origin, id) in self.watch.ending.extract_if(.., over).collect::<Vec<_>>() {
            self.notices.conclude(&named(origin, &id));
            self.tell(format!("Session {} has ended.", clean(&id)));
        }
    }

    /// More is known of commands: tells of the end of what was asked of them. Those of which that is told.
    fn check_work(&mut self) -> Vec<(Origin, String)> {
        let (list, mut ended) = (&self.commands.list, Vec::new());
        self.watch.under_way.retain(|under_way| {
            let of = |id: &String| list.iter().find(|listed| listed.is(under_way.origin, id));
            let outcomes: Vec<_> =
                under_way.ids.iter().filter_map(of).map(|listed| command_outcome(&listed.command)).collect();
            let over = outcomes.len() == under_way.ids.len() && outcomes.iter().all(|outcome| outcome.is_final());
            if let Some(worst) = outcomes.into_iter().min().filter(|_| over) {
                ended.push((under_way.clone(), worst));
            }
            !over
        });
        let mut told = Vec::new();
        for (UnderWay { origin, ids, work }, worst) in ended {
            let id = ids.first().cloned().unwrap_or_default();
            self.notices.conclude(&named(origin, &id));
            let command = format!("Command {}", cut(&clean(&id), 9));
            match (work, worst) {
                (Work::Cancel, Outcome::Cancelled) => self.tell(format!("{command} was cancelled.")),
                (Work::Cancel, other) => self.tell(format!("{command} had ended before: {}.", other.word())),
                (Work::Scan(nodes), Outcome::Success) => self.tell(format!("{} scanned.", count(nodes, "node"))),
                (Work::Scan(nodes), other) => {
                    self.warn(format!("The scan of {} ended: {}.", count(nodes, "node"), other.word()));
                }
            }
            told.extend(ids.into_iter().map(|id| (origin, id)));
        }
        told
    }

    /// Asks an origin for what is waited for, and for the nodes that have shells, where no pane that is shown asks for it anyway.
    pub(super) fn refresh_watched(&mut self, origin: Origin, fx: &mut Vec<Effect>) {
        let elsewhere = ![Pane::Fleet, Pane::Compliance].iter().any(|pane| self.shows(*pane));
        let usual = self.refresh(origin);
        if elsewhere && self.watch.nodes_feed.of(origin).is_due(self.now, usual) {
            let own = self.watch.nodes.keys().filter(|node| node.origin == origin).map(|node| node.id.clone());
            let mut nodes: Vec<String> = own.chain(self.nodes_with_shells(origin)).collect();
            // Whoever looks at a command wants to know which nodes it waits for in vain.
            let shown = self.commands.results.as_ref().filter(|_| self.pane == Pane::Commands);
            let shown = shown.filter(|results| results.origin == origin);
            let unfinished = shown.into_iter().flat_map(|results| &results.invocations);
            let unfinished = unfinished.filter(|invocation| !invocation.outcome.is_final());
            nodes.extend(unfinished.map(|invocation| invocation.node.clone()).take(AWAITED));
            nodes.sort();
            nodes.dedup();
            if !nodes.is_empty() {
                self.ask(origin, Query::Watched(nodes), fx);
            }
        }
        let sent = self.watch.sent.iter().filter(|sent| sent.origin == origin);
        let mut ids: Vec<String> = sent.flat_map(|sent| sent.ids.clone()).collect();
        let work = self.watch.under_way.iter().filter(|under_way| under_way.origin == origin);
        ids.extend(work.flat_map(|under_way| under_way.ids.clone()));
        let mut every = ELSEWHERE;
        let looked_at = [Some((self.pane, &self.commands)), self.split.other_results()].into_iter().flatten();
        let looked_at = looked_at.filter(|(pane, _)| *pane == Pane::Commands).filter_map(|(_, at)| at.results.as_ref());
        let list = &self.commands.list;
        for results in looked_at.filter(|results| results.origin == origin) {
            let opened = list.iter().find(|listed| listed.is(results.origin, &results.id));
            let open = opened.is_none_or(|listed| !command_outcome(&listed.command).is_final());
            ids.extend(results.ids.iter().filter(|_| open).cloned());
            every = Duration::from_secs(self.settings.refresh_running.max(1));
        }
        ids.extend(self.left_canaries(origin));
        ids.sort();
        ids.dedup();
        if !ids.is_empty() && self.watch.commands_feed.of(origin).is_due(self.now, every) {
            self.ask(origin, Query::Running(ids), fx);
        }
    }

    /// More is known of nodes: tells of watched ones that were lost or came back.
    pub(super) fn check_watched(&mut self, fx: &mut Vec<Effect>) {
        let mut news = Vec::new();
        let fleet = &self.fleet;
        for (id, told) in &mut self.watch.nodes {
            let Some(node) = fleet.node(id).filter(|node| told.as_ref() != Some(&node.ping)) else { continue };
            let was_online = told.as_ref().map(|ping| *ping == PingStatus::Online);
            let is_online = node.ping == PingStatus::Online;
            *told = Some(node.ping.clone());
            match (was_online, is_online) {
                (Some(true), false) => news.push((node.name.clone(), false)),
                (Some(false), true) => news.push((node.name.clone(), true)),
                _ => {}
            }
        }
        for (online, verb) in [(false, "lost"), (true, "online again")] {
            let names: Vec<_> = news.iter().filter(|(_, is)| *is == online).map(|(name, _)| name.as_str()).collect();
            let Some(first) = names.first() else { continue };
            let whom = match names.len() {
                1 => (*first).to_owned(),
                n => format!("{first} and {}", count(n - 1, "other node")),
            };
            let words = format!("{whom}: {verb}");
            match online {
                true => self.tell(&words),
                false => self.warn(&words),
            }
            self.notify(&words, fx);
        }
    }

    /// More is known of commands: tells of those sent from here that ended.
    pub(super) fn check_sent(&mut self, fx: &mut Vec<Effect>) {
        let told = self.check_work();
        let mut ended = Vec::new();
        let list = &self.commands.list;
        self.watch.sent.retain(|sent| {
            let of = |id: &String| list.iter().find(|listed| listed.is(sent.origin, id));
            let commands: Vec<_> = sent.ids.iter().filter_map(of).map(|listed| listed.command.clone()).collect();
            let over = commands.len() == sent.ids.len() && commands.iter().all(|c| command_outcome(c).is_final());
            if over {
                ended.push((sent.at, sent.origin, commands));
            }
            !over
        });
        for (at, origin, commands) in ended {
            let Some(first) = commands.first() else { continue };
            let took = self.now.since(at);
            if self.tell_of_canary(origin, &commands, fx) {
                continue;
            }
            let is_told = |id: &String| told.iter().any(|(of, known)| *of == origin && known == id);
            let is_told = commands.iter().filter_map(|command| command.command_id.as_ref()).any(is_told);
            if is_told || took < LONG && self.window_focused {
                continue;
            }
            let sum = |of: fn(&crate::ssm::Command) -> Option<i32>| {
                usize::try_from(commands.iter().filter_map(of).map(i64::from).sum::<i64>()).unwrap_or(0)
            };
            let (nodes, errors) = (sum(|c| c.target_count), sum(|c| c.error_count));
            let well = commands.iter().all(|command| command_outcome(command) == Outcome::Success);
            let what = cut(&super::commands::summary(first), 40);
            let how = match well {
                true => format!("succeeded on {}", count(nodes, "node")),
                false if errors > 0 => format!("failed on {errors} of {}", count(nodes, "node")),
                false => command_outcome(first).word().to_owned(),
            };
            let words = format!("{what}: {how}, after {}", span(took));
            match well {
                true => self.tell(&words),
                false => self.warn(&words),
            }
            self.notify(&words, fx);
        }
    }

    /// Tells it to the user through the terminal.
    fn notify(&self, words: &str, fx: &mut Vec<Effect>) {
        fx.push(Effect::Notify(clean(words)));
    }
}

/// A name for what is asked of a command.
fn named(origin: Origin, id: &str) -> String {
    format!("{origin:?} {id}")
}
