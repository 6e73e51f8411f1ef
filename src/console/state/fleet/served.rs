//! The part of a filter that the service answers itself: what it was asked, and which nodes it named.

use std::sync::Arc;

use super::{
    AT_ONCE, Bits, Fleet,
    query::{Query, remarks},
};
use crate::{
    console::{
        effect::{self, Effect},
        origin::Origin,
        state::{State, feed::Feeds, filter::tagless},
        text::clean,
    },
    ssm::{self, InstanceInformationStringFilter},
};

/// What the service was asked.
#[derive(Clone, Debug, Default)]
pub struct Served {
    /// The state of `DescribeInstanceInformation` with filters.
    pub feed: Feeds,
    /// The tokens it was asked for, as typed.
    pub(super) tokens: Vec<String>,
    /// The tokens it was asked for in vain: it is not asked again until the filter has others.
    refused: Vec<String>,
    /// The nodes it named.
    pub(super) nodes: Bits,
}

impl Fleet {
    /// What the service can be asked for that it was not asked yet. `None` if all nodes are here and few enough.
    pub(super) fn unserved(&self) -> Option<(Vec<String>, Vec<InstanceInformationStringFilter>)> {
        let whole = self.feed.are_known() && self.total() <= AT_ONCE;
        let wanted = Query::parse(self.filter.text(), &[]).for_service();
        let known = [&self.served.tokens, &self.served.refused].contains(&&wanted.tokens);
        let news = !whole && !wanted.tokens.is_empty() && !known;
        news.then_some((wanted.tokens, wanted.filters))
    }

    /// What the service said is forgotten once the filter asks for something else.
    pub(super) fn forget_served(&mut self) {
        if self.served.tokens.is_empty() && self.served.refused.is_empty() {
            return;
        }
        let wanted = Query::parse(self.filter.text(), &[]).for_service().tokens;
        if wanted != self.served.refused {
            self.served.refused.clear();
        }
        if wanted != self.served.tokens {
            self.served.tokens.clear();
            self.served.nodes.clear();
            self.served.feed.forget();
        }
    }

    /// The service did not answer: everything is tried here.
    pub fn unserve(&mut self) {
        self.served.refused = std::mem::take(&mut self.served.tokens);
        self.served.nodes.clear();
        self.stale.filter = true;
    }

    /// Takes over nodes that the service named for the filter.
    pub fn land_served(&mut self, origin: Origin, label: &Arc<str>, page: &[ssm::InstanceInformation]) {
        self.land(origin, label, page);
        let places = page.iter().filter_map(|info| self.place_of(origin, &clean(info.instance_id.as_deref()?)));
        for at in places.collect::<Vec<_>>() {
            self.served.nodes.set(at, true);
        }
    }

    /// Nodes the service named for the filter.
    pub fn served_count(&self) -> usize {
        self.served.nodes.len()
    }

    /// The words of the filter as they were typed, and whether the service evaluates each.
    pub fn filter_words(&self) -> Vec<(String, bool)> {
        let parts = crate::console::state::filter::parts(self.filter.text()).into_iter();
        let word = |part: crate::console::state::filter::Part| match part.not {
            true => (format!("!{}", part.bare), false),
            false => (part.bare.clone(), self.served.tokens.contains(&part.bare)),
        };
        parts.map(word).collect()
    }

    /// What is to be said about the filter.
    pub fn filter_remarks(&self) -> Vec<String> {
        self.remarks(self.filter.text())
    }

    /// What is to be said about a filter for these nodes.
    pub fn remarks(&self, filter: &str) -> Vec<String> {
        /// Nodes whose tags are looked at.
        const LOOKED_AT: usize = 2_000;
        let unknown = remarks(filter, |name| {
            let tags = self.own().take(LOOKED_AT).flat_map(|node| node.tags.iter().flatten());
            tags.map(|(key, _)| key.as_str()).find(|key| key.eq_ignore_ascii_case(name))
        });
        unknown.into_iter().chain(tagless(filter, || self.own().map(|node| &**node))).collect()
    }
}

impl State {
    /// The filter was typed to its end.
    pub(in crate::console::state) fn apply_filter(&mut self, fx: &mut Vec<Effect>) {
        self.fleet.filtering = false;
        self.fleet.completion = None;
        for remark in self.fleet.filter_remarks() {
            self.warn(format!("In the filter {remark}"));
        }
        self.ask_served(fx);
    }

    /// While the list of nodes is on its way for the first time, the service is asked for those that are looked for.
    pub(in crate::console::state) fn want_served(&mut self, fx: &mut Vec<Effect>) {
        let typed = !self.fleet.filtering || self.fleet.filter.text().ends_with(' ');
        if typed && !self.fleet.feed.are_known() && self.fleet.feed.all().is_loading() {
            self.ask_served(fx);
        }
    }

    fn ask_served(&mut self, fx: &mut Vec<Effect>) {
        let Some((tokens, filters)) = self.fleet.unserved() else { return };
        self.fleet.served.tokens = tokens;
        self.fleet.served.nodes.clear();
        for origin in self.origins.scope().to_vec() {
            self.ask(origin, effect::Query::NodesWhere(filters.clone()), fx);
        }
    }
}
