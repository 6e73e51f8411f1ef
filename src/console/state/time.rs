//! What happens by itself, and when.

use std::time::{Duration, Instant};

use super::{Pane, State, keys::NEXT_KEYS, overlay::Overlay};
use crate::{
    console::{effect::Effect, origin::Origin, text},
    ssm::Timestamp,
};

impl State {
    /// Tells the shown shells the time before a frame; when to look again at one whose program holds its frame back.
    pub fn before_frame(&self, now: Instant) -> Option<Instant> {
        let shown = self.shells.tabs.iter().filter(|tab| self.shows(Pane::Shell) && self.shells.is_shown(tab.id));
        shown.filter_map(|tab| tab.terminal.with_screen_mut(|screen| screen.tick(now))).min()
    }

    /// When something happens by itself next: a message goes, a secret hides, a refresh is due, an age reads differently. Until
    /// then nobody has to wake up.
    pub fn deadline(&self) -> Timestamp {
        let next = self.visible_deadline().into_iter().chain(self.next_refresh).chain(self.quiet_deadline()).min();
        next.unwrap_or_else(|| self.now.plus(text::LATEST)).max(self.now.plus(Duration::from_millis(50)))
    }

    /// Of the origins that are looked at, the one whose service throttles something and is tried again last; what it throttles,
    /// and when that is.
    pub fn throttled(&self) -> Option<(Origin, &str, Timestamp)> {
        let seen = self.origins.scope().iter().filter_map(|origin| Some((*origin, self.throttles.get(origin)?)));
        seen.map(|(origin, (operation, until))| (origin, operation.as_str(), *until)).max_by_key(|(.., until)| *until)
    }

    /// When the screen is another one by itself.
    fn visible_deadline(&self) -> Option<Timestamp> {
        let secrets = self.parameters.hides_at();
        let keys = self.waiting.map(|since| since.plus(NEXT_KEYS)).filter(|at| *at > self.now);
        let listens = match self.overlays.last() {
            Some(Overlay::Question(question)) => question.deaf_until.filter(|at| *at > self.now),
            _ => None,
        };
        // The countdown of a throttle reads differently each second.
        let left = self.throttled().map(|(_, _, until)| until.since(self.now)).filter(|left| !left.is_zero());
        let second = Duration::from_secs(1);
        let counts = left.map(|left| {
            self.now.plus(match left.subsec_nanos() {
                0 => second,
                nanos => Duration::from_nanos(nanos.into()),
            })
        });
        [self.notices.deadline(self.now), secrets, self.sticky, keys, listens, self.seen.changes, counts]
            .into_iter()
            .flatten()
            .min()
    }

    /// When something happens that is not seen at once.
    fn quiet_deadline(&self) -> Option<Timestamp> {
        let details = self.parameters.rests_at().filter(|_| self.pane == Pane::Parameters);
        let quiet =
            details.into_iter().chain(self.sizes_deadline()).chain(self.looks_deadline()).chain(self.ends_deadline());
        quiet.chain(self.fleet.deadline()).chain(self.split.deadline(self.now)).min()
    }

    /// Time passed. The screen is drawn again only if it is another one now.
    pub fn tick(&mut self, now: Timestamp, fx: &mut Vec<Effect>) {
        self.dirty |= self.visible_deadline().is_some_and(|at| at <= now);
        self.now = now;
        self.dirty |= self.parameters.expire(now);
        self.end_sticky(now);
        self.tell_sizes(fx);
        self.warn_of_ends(fx);
        self.settle(fx);
    }
}
