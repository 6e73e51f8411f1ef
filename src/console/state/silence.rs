//! What ails the way to an origin. The question that hangs may be of a pane that nobody looks at; what the others show is as old.

use std::borrow::Cow;

use super::{State, feed::Feed};
use crate::console::{effect::Source, origin::Origin};

/// Questions that the service itself answers. What a node has to say may take as long as it takes.
pub(super) const OF_SERVICE: [Source; 14] = [
    Source::Nodes,
    Source::NodesWhere,
    Source::PatchStates,
    Source::Summaries,
    Source::Patches,
    Source::ComplianceTypes,
    Source::Commands,
    Source::Invocations,
    Source::NodeCommands,
    Source::Running,
    Source::Watched,
    Source::Parameters,
    Source::Sessions,
    Source::Preferences,
];

impl State {
    /// The state of a list as it is to be told: where its origin is not reached, or says nothing, that holds for the list too,
    /// whoever asked. Of several origins each has a line of its own for that.
    pub fn told<'a>(&'a self, feed: &'a Feed) -> Cow<'a, Feed> {
        if self.origins.are_several() { Cow::Borrowed(feed) } else { self.told_of(self.origins.first(), feed) }
    }

    /// [`State::told`] of what one origin has of a list.
    pub fn told_of<'a>(&'a self, origin: Origin, feed: &'a Feed) -> Cow<'a, Feed> {
        let known = feed.trouble().is_some() || feed.is_silent(self.now);
        match self.worst(origin).filter(|_| !known) {
            Some(worst) => Cow::Owned(feed.as_late_as(worst)),
            None => Cow::Borrowed(feed),
        }
    }

    /// The question to an origin by whose fate one sees that nothing comes from there, if so.
    pub fn worst(&self, origin: Origin) -> Option<&Feed> {
        let known = self.origins.get(origin)?;
        let feeds = || self.feeds_of(origin);
        if known.ailing.is_some() {
            let ailing = feeds().filter(|feed| feed.trouble().is_some_and(|trouble| trouble.fault.is_some()));
            return ailing.max_by_key(|feed| feed.asked);
        }
        // Where one question is answered and another is not, it is not the way.
        let heard = feeds().filter_map(|feed| feed.at).max();
        let since = |feed: &&Feed| feed.waits_since().filter(|since| heard.is_none_or(|heard| *since > heard));
        let silent = feeds().filter(|feed| feed.is_silent(self.now) && since(feed).is_some());
        silent.min_by_key(|feed| since(feed))
    }

    /// The state of everything that an origin was asked for, as far as it is kept.
    fn feeds_of(&self, origin: Origin) -> impl Iterator<Item = &Feed> {
        let lists = [
            &self.fleet.feed,
            &self.fleet.compliance,
            &self.fleet.summaries,
            &self.fleet.served.feed,
            &self.compliance.types_feed,
            &self.commands.feed,
            &self.sessions.feed,
            &self.preferences_feed,
            &self.watch.nodes_feed,
            &self.watch.commands_feed,
        ];
        let single = [&self.parameters.feed, &self.compliance.feed, &self.node_commands.feed];
        let results = self.commands.results.as_ref().map(|results| &results.feed);
        let single = single.into_iter().chain(results).filter(move |feed| feed.is_of(origin));
        lists.into_iter().filter_map(move |list| list.get(origin)).chain(single)
    }

    /// Questions that have brought nothing for very long are put again: what was taken up by somebody who is gone is never answered.
    /// A service that throttles makes them wait, and so does who gives out credentials.
    pub(super) fn give_up_silent(&mut self) {
        let now = self.now;
        for origin in self.origins.scope().to_vec() {
            let waits = self.origins.get(origin).is_none_or(|known| known.waits.is_some());
            if waits || self.throttles.contains_key(&origin) {
                continue;
            }
            for source in OF_SERVICE {
                if let Some(feed) = self.feed_of(source, origin) {
                    feed.give_up(now);
                }
            }
        }
    }
}
