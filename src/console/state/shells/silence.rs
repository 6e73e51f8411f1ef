//! Shells that get no answer: since when, as their session noticed or the fleet tells, and what can be done about it.

use std::time::Duration;

use super::{Phase, Tab};
use crate::{
    console::{
        effect::Effect,
        origin::Origin,
        state::{
            State,
            confirm::told_shell,
            overlay::{Question, Then},
        },
        text::span,
    },
    ssm::{PingStatus, Timestamp},
};

/// After so long without an answer a new session is offered.
const OFFERED: Duration = Duration::from_secs(15);
/// How often agents report, unless they are told to do so less often.
const REPORTS: Duration = Duration::from_secs(300);
/// How late a report may be before that says anything.
const LATE: Duration = Duration::from_secs(60);

/// What is known of the silence of a shell's node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Silence {
    /// When the session last heard of the node.
    heard: Timestamp,
    /// Since when the session waits for an answer in vain.
    waiting: Option<Timestamp>,
    /// When the fleet said that the node is lost, and when it had last been seen.
    lost: Option<(Timestamp, Timestamp)>,
    /// The last report of its agent, and the time between it and the one before, if that is longer than usual.
    report: Option<Timestamp>,
    every: Duration,
    /// Since when nothing is known of the node, although two reports of its agent should have come and it is said to be well.
    doubted: Option<Timestamp>,
}

impl Silence {
    /// Of a session that begins.
    pub fn new(now: Timestamp) -> Self {
        Self { heard: now, waiting: None, lost: None, report: None, every: REPORTS, doubted: None }
    }

    /// The node said something.
    pub fn heard(&mut self, now: Timestamp) {
        (self.heard, self.waiting, self.doubted) = (now, None, None);
    }

    /// The session has waited so long for an answer.
    pub fn waits(&mut self, silence: Duration, now: Timestamp) {
        self.waiting = Some(now.minus(silence));
    }

    /// What the fleet says of the node.
    fn fleet_says(&mut self, lost: bool, seen: Option<Timestamp>, now: Timestamp) {
        self.lost = lost.then(|| self.lost.unwrap_or((now, seen.unwrap_or(now))));
        if let (Some(seen), Some(report)) = (seen, self.report)
            && seen > report
        {
            self.every = REPORTS.max(seen.since(report));
        }
        self.report = seen.or(self.report);
        // Of an agent that never reports nothing follows, and neither of what was not asked for since.
        let sign = self.report.map(|report| report.max(self.heard));
        self.doubted = sign.filter(|sign| now.since(*sign) > self.every * 2 + LATE);
    }

    /// Since when the node is silent. One that the fleet gave up and that has spoken since is not.
    fn since(&self) -> Option<Timestamp> {
        let lost = self.lost.filter(|(told, _)| self.heard < *told).map(|(_, seen)| self.heard.max(seen));
        self.waiting.into_iter().chain(lost).min()
    }
}

impl Tab {
    /// How long its node has given no answer, while the line to the service stands.
    pub fn unanswered(&self, now: Timestamp) -> Option<Duration> {
        let stands = matches!(self.phase, Phase::Connecting | Phase::Connected);
        self.silence.since().filter(|_| stands).map(|since| now.since(since))
    }

    /// How long there has been no sign of its node, where nobody has yet noticed that it does not answer.
    pub fn no_sign(&self, now: Timestamp) -> Option<Duration> {
        let quiet = self.phase == Phase::Connected && self.unanswered(now).is_none();
        self.silence.doubted.filter(|_| quiet).map(|since| now.since(since))
    }

    /// How long what is typed has not reached the node, whatever stands in its way.
    pub fn cut_off(&self, now: Timestamp) -> Option<Duration> {
        match &self.phase {
            Phase::Reconnecting { since, .. } => Some(now.since(*since)),
            _ => self.unanswered(now),
        }
    }

    /// Whether it has been cut off for so long that a new session is worth a thought.
    pub fn may_begin_anew(&self, now: Timestamp) -> bool {
        self.cut_off(now).is_some_and(|age| age >= OFFERED)
    }
}

impl State {
    /// The nodes of an origin that have running shells.
    pub(in crate::console::state) fn nodes_with_shells(&self, origin: Origin) -> Vec<String> {
        let tabs = self.shells.tabs.iter().filter(|tab| tab.origin == origin && tab.is_running());
        tabs.map(|tab| tab.node.clone()).collect()
    }

    /// More is known of nodes: whether those with shells live.
    pub(in crate::console::state) fn check_shells(&mut self) {
        let now = self.now;
        for tab in &mut self.shells.tabs {
            let Some(node) = self.fleet.node_in(tab.origin, &tab.node) else { continue };
            let lost = matches!(node.ping, PingStatus::ConnectionLost | PingStatus::Inactive);
            tab.silence.fleet_says(lost, node.last_seen, now);
        }
    }

    /// Asks whether a shell that is cut off is to have a new session. The old one is nobody's to end: perhaps it is well.
    pub(in crate::console::state) fn ask_anew(&mut self) {
        let Some(tab) = self.shells.current() else { return };
        let Some(age) = tab.cut_off(self.now) else {
            return self.tell("This shell is open and its node answers.");
        };
        let left = match &tab.session {
            Some(session) => format!("The old one, {session}, is left on its node: the sessions list it."),
            None => "The old one never began.".to_owned(),
        };
        let lines = vec![format!("{} has not answered for {}.", told_shell(tab), span(age)), left];
        let question = Question::new("Begin a new session in this tab?", lines, Then::Anew { tab: tab.id });
        self.pose(question);
    }

    /// Begins a new session in a tab whose old one is left to itself.
    pub(in crate::console::state) fn begin_anew(&mut self, id: u64, fx: &mut Vec<Effect>) {
        let Some(tab) = self.shells.tab(id) else { return };
        if tab.cut_off(self.now).is_none() {
            return self.tell(format!("{} answers again; its session goes on.", tab.name));
        }
        tab.terminal.note("A new session begins here. What ran in the old one is not in it.");
        self.reopen(id, fx);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_whose_reports_stay_away_is_doubted_although_it_is_said_to_be_well() {
        let at = |seconds: i64| Timestamp::from_millis(seconds * 1_000);
        let mut silence = Silence::new(at(0));
        silence.fleet_says(false, Some(at(0)), at(10));
        silence.fleet_says(false, Some(at(0)), at(650));
        assert_eq!(silence.doubted, None, "one report that stays away is none that is missed twice");
        silence.fleet_says(false, Some(at(0)), at(670));
        assert_eq!(silence.doubted, Some(at(0)));
        silence.heard(at(680));
        silence.fleet_says(false, Some(at(0)), at(690));
        assert_eq!(silence.doubted, None, "it has said something in the session");
        silence.fleet_says(false, Some(at(0)), at(1_350));
        assert_eq!(silence.doubted, Some(at(680)));
        // An agent that reports every half hour is not doubted in between.
        silence.fleet_says(false, Some(at(1_800)), at(1_810));
        silence.fleet_says(false, Some(at(1_800)), at(1_800 + 3_600));
        assert_eq!(silence.doubted, None);
        silence.fleet_says(false, Some(at(1_800)), at(1_800 + 3_700));
        assert_eq!(silence.doubted, Some(at(1_800)));
        let mut unknown = Silence::new(at(0));
        unknown.fleet_says(false, None, at(100_000));
        assert_eq!(unknown.doubted, None, "an agent that never reports says nothing by it");
    }

    #[test]
    fn a_node_that_was_given_up_and_speaks_is_not_silent() {
        let at = |seconds: i64| Timestamp::from_millis(seconds * 1_000);
        let mut silence = Silence::new(at(0));
        silence.heard(at(10));
        silence.fleet_says(true, Some(at(40)), at(100));
        assert_eq!(silence.since(), Some(at(40)));
        silence.fleet_says(true, Some(at(40)), at(120));
        silence.heard(at(130));
        silence.fleet_says(true, Some(at(40)), at(140));
        assert_eq!(silence.since(), None);
        silence.waits(Duration::from_secs(6), at(200));
        assert_eq!(silence.since(), Some(at(194)));
        silence.heard(at(201));
        silence.fleet_says(false, Some(at(201)), at(210));
        silence.fleet_says(true, Some(at(201)), at(600));
        assert_eq!(silence.since(), Some(at(201)));
    }
}
