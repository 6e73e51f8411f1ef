//! Questions to origins, and the feed that each answer belongs to.

use super::{State, feed};
use crate::console::{
    effect::{Effect, Epoch, Query, Source},
    origin::Origin,
};

impl State {
    /// Asks an origin, if there is somebody to ask.
    pub(super) fn ask(&mut self, origin: Origin, query: Query, fx: &mut Vec<Effect>) {
        if !self.origins.is_ready(origin) {
            return;
        }
        let (now, side) = (self.now, self.split.side());
        let epoch = match query.source() {
            None | Some(Source::Tags) => Epoch { origin, ..Epoch::default() },
            Some(source) => match self.feed_of(source, origin) {
                Some(feed) => Epoch { side: if source.is_of_side() { side } else { 0 }, ..feed.begin_of(origin, now) },
                None => return,
            },
        };
        match &query {
            Query::Nodes => self.fleet.begin(origin),
            Query::Commands => self.commands.begin(origin),
            Query::Parameters => self.parameters.begin(),
            Query::Sessions => self.sessions.begin(origin),
            _ => {}
        }
        fx.push(Effect::Ask { query, epoch });
    }

    /// The epoch under which an answer is taken whose question may not have been asked here: the record it stands in begins
    /// after it.
    pub fn expect(&mut self, source: Source, origin: Origin) -> Epoch {
        let now = self.now;
        let number = self.feed_of(source, origin).map_or(0, |feed| feed.expect(now));
        let side = if source.is_of_side() { self.split.side() } else { 0 };
        Epoch { origin, number, side }
    }

    /// The feed of a source. Lists have one for each origin; what is looked at closely has one in all.
    pub(super) fn feed_of(&mut self, source: Source, origin: Origin) -> Option<&mut feed::Feed> {
        Some(match source {
            Source::Nodes => self.fleet.feed.of(origin),
            Source::Samples => self.samples.of(origin),
            Source::NodesWhere => self.fleet.served.feed.of(origin),
            Source::PatchStates => self.fleet.compliance.of(origin),
            Source::Summaries => self.fleet.summaries.of(origin),
            Source::Tags => return None,
            Source::ComplianceTypes => self.compliance.types_feed.of(origin),
            Source::Patches => &mut self.compliance.feed,
            Source::Why => &mut self.fleet.why.0,
            Source::NodeCommands => &mut self.node_commands.feed,
            Source::Commands => self.commands.feed.of(origin),
            Source::Invocations => &mut self.commands.results.as_mut()?.feed,
            Source::Whole => &mut self.commands.results.as_mut()?.whole_feed,
            Source::Followed => &mut self.commands.results.as_mut()?.follow_feed,
            Source::Kept => &mut self.commands.results.as_mut()?.kept_feed,
            Source::Earlier => &mut self.commands.results.as_mut()?.earlier_feed,
            Source::Running => self.watch.commands_feed.of(origin),
            Source::Watched => self.watch.nodes_feed.of(origin),
            Source::Plan => self.plan_feed.of(origin),
            Source::Documents => &mut self.documents.feed,
            Source::Document => &mut self.documents.one,
            Source::Parameters => &mut self.parameters.feed,
            Source::Parameter => &mut self.parameters.one_feed,
            Source::ParameterTags => &mut self.parameters.tags_feed,
            Source::Value => &mut self.parameters.value_feed,
            Source::History => &mut self.parameters.history_feed,
            Source::Preferences => self.preferences_feed.of(origin),
            Source::Sessions => self.sessions.feed.of(origin),
            Source::Transcript => &mut self.sessions.transcript_feed,
        })
    }
}
