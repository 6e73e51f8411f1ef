//! Origins: the places that one console looks at together. Whatever is listed, asked or changed says which of them it is of.

use std::{sync::Arc, time::Duration};

use serde::{Deserialize, Serialize};

use super::{
    state::feed::SILENT,
    update::{Facts, Trouble},
};
use crate::{
    config::{
        context::{Context, Contexts},
        place::{Catalogue, Place},
        settings::Threshold,
    },
    ssm::Timestamp,
};

/// Which place something is of. Small and never used twice, so that what was opened in an origin that is no longer looked
/// at still finds it in [`Origins`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Origin(u16);

/// A node as one origin lists it. Two of them may list one of the same id: two profiles that see the same account.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId {
    /// Where it is.
    pub origin: Origin,
    /// Its id there.
    pub id: String,
}

impl NodeId {
    /// The node of an id in an origin.
    pub fn new(origin: Origin, id: impl Into<String>) -> Self {
        Self { origin, id: id.into() }
    }

    /// What tells it from all others in a list of rows.
    pub fn key(&self) -> String {
        format!("{:?} {}", self.origin, self.id)
    }

    /// Whether that is its [`NodeId::key`]. Cheap where it is not.
    pub fn has_key(&self, key: &str) -> bool {
        key.ends_with(&self.id) && key == self.key()
    }
}

#[cfg(test)]
impl From<&str> for NodeId {
    /// A node of the first origin.
    fn from(id: &str) -> Self {
        Self::new(Origin::default(), id)
    }
}

#[cfg(test)]
impl PartialEq<&str> for NodeId {
    fn eq(&self, id: &&str) -> bool {
        self.id == *id
    }
}

/// Where the connection to an origin stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Connection {
    /// Nobody wants a client yet.
    None,
    /// The client is being made.
    Connecting,
    /// There is a client.
    Ready,
    /// There is none.
    Failed(Trouble),
}

/// What is known of an origin.
#[derive(Clone, Debug)]
pub struct Known {
    /// What the user's files say of it.
    pub place: Place,
    /// What the connection told.
    pub facts: Facts,
    /// Where the connection stands.
    pub connection: Connection,
    /// What ails all of it, though there is a client: its credentials, or the way there.
    pub ailing: Option<Trouble>,
    /// Since when whoever gives out its credentials is waited for.
    pub waits: Option<Timestamp>,
    /// What it is called, for its rows.
    label: Arc<str>,
}

impl Known {
    /// Why nothing comes from there.
    pub fn trouble(&self) -> Option<&Trouble> {
        match &self.connection {
            Connection::Failed(trouble) => Some(trouble),
            _ => self.ailing.as_ref(),
        }
    }

    /// How long credentials have been waited for, once that takes longer than it should.
    pub fn waited(&self, now: Timestamp) -> Option<Duration> {
        let waited = now.since(self.waits?);
        if waited < USUAL_WAIT {
            super::text::changes_in(USUAL_WAIT - waited);
        }
        (waited >= USUAL_WAIT).then_some(waited)
    }

    /// Whether it was said to be production.
    pub fn is_production(&self) -> bool {
        self.place.accent.as_deref() == Some(PRODUCTION)
    }
}

/// Credentials that come within this are not worth a word.
const USUAL_WAIT: Duration = Duration::from_secs(1);

/// The accent that says so in words too.
pub const PRODUCTION: &str = "production";

fn numbered(at: usize) -> Option<Origin> {
    u16::try_from(at).ok().map(Origin)
}

/// What became of the known places when something else came to hold for them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Governed {
    /// Where changes are refused from now on.
    pub refusing: Vec<Origin>,
    /// Where they are made again: they were refused only as long as the settings were not in order.
    pub allowing: Vec<Origin>,
    /// Whether some of it counts from the next start.
    pub later: bool,
}

/// What became of the known places when their contexts came to be other ones.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changed {
    /// Where changes are refused from now on.
    pub refusing: Vec<Origin>,
    /// Where they are made again: they were refused only as long as the contexts were not in order.
    pub allowing: Vec<Origin>,
    /// Of which something else is said that counts from the next start, by name.
    pub later: Vec<String>,
}

/// Every origin there was, and which of them are looked at.
#[derive(Clone, Debug, Default)]
pub struct Origins {
    all: Vec<Known>,
    scope: Vec<Origin>,
    /// What the other side of a split screen looks at.
    beside: Vec<Origin>,
}

impl Origins {
    /// Looks at these places.
    pub fn new(places: Vec<Place>) -> Self {
        let mut origins = Self::default();
        origins.look_at(places);
        origins
    }

    /// Looks at these places from now on. The origins that are new, or were not to be reached before.
    pub fn look_at(&mut self, places: Vec<Place>) -> Vec<Origin> {
        self.scope.clear();
        let mut fresh = Vec::new();
        for mut place in places {
            place.name = super::text::clean(&place.name);
            let known = self.all.iter().position(|known| known.place.name == place.name).and_then(numbered);
            let origin = match known {
                Some(origin) => origin,
                None => self.add(place),
            };
            if self.scope.contains(&origin) {
                continue;
            }
            self.scope.push(origin);
            if self.begin(origin) {
                fresh.push(origin);
            }
        }
        fresh
    }

    /// Whether a client is to be made for an origin: there is none and none is coming.
    pub fn begin(&mut self, origin: Origin) -> bool {
        let Some(known) = self.get_mut(origin) else { return false };
        let begins = matches!(known.connection, Connection::None | Connection::Failed(_));
        if begins {
            known.connection = Connection::Connecting;
        }
        begins
    }

    /// Clients whose credentials do not come are not waited for any longer: others may be made.
    pub fn give_up_waiting(&mut self, now: Timestamp) {
        for known in &mut self.all {
            if known.waits.is_some_and(|since| now.since(since) >= SILENT) {
                (known.connection, known.waits) = (Connection::None, None);
            }
        }
    }

    /// Takes what holds now for the places that are known. What is refused more is refused at once; leave to do more counts
    /// from the next start, but where it was taken away by settings that were not in order.
    pub fn govern(&mut self, catalogue: &Catalogue) -> Governed {
        let mut governed = Governed::default();
        for (at, known) in self.all.iter_mut().enumerate() {
            let place = catalogue.place(&known.place.name);
            let place = place.unwrap_or_else(|_| catalogue.governed(known.place.clone().without_doubt()));
            if place.read_only && !known.place.read_only {
                (known.place.read_only, known.place.is_in_doubt) = (true, place.is_in_doubt);
                governed.refusing.extend(numbered(at));
            } else if known.place.is_in_doubt {
                (known.place.read_only, known.place.is_in_doubt) = (place.read_only, place.is_in_doubt);
                governed.allowing.extend(numbered(at).filter(|_| !place.read_only));
            }
            if place.probe == Some(false) {
                known.place.probe = place.probe;
            }
            governed.later |= place.read_only != known.place.read_only || place.probe != known.place.probe;
            (known.place.accent, known.place.theme) = (place.accent, place.theme);
            known.place.confirm_above = place.confirm_above;
            known.place.sample_every = place.sample_every;
        }
        governed
    }

    /// The places whose contexts are not in order, wherever they are looked at.
    pub fn broken(&self) -> Vec<Origin> {
        let is_broken = |known: &Known| known.place.context.broken.is_some();
        let at = self.all.iter().enumerate().filter(|(_, known)| is_broken(known)).map(|(at, _)| at);
        at.filter_map(numbered).collect()
    }

    /// The user's contexts are other ones than before. Where one makes read-only now, that is so at once; the rest of what it says
    /// counts from the next start.
    pub fn take_contexts(&mut self, before: &Contexts, now: &Contexts) -> Changed {
        let mut changed = Changed::default();
        for (at, known) in self.all.iter_mut().enumerate().filter(|(_, known)| known.place.context.broken.is_none()) {
            let name = &known.place.name;
            let (old, new) = (before.context.get(name), now.context.get(name));
            if old == new {
                continue;
            }
            let is_open = !known.place.read_only || known.place.is_in_doubt;
            let tightens = new.is_some_and(|new| new.read_only) && is_open;
            if tightens {
                (known.place.read_only, known.place.is_in_doubt) = (true, false);
                changed.refusing.extend(numbered(at));
            }
            let calls = |context: &Context| Context { read_only: false, ..context.clone() };
            let loosens = old.is_some_and(|old| old.read_only) && new.is_some_and(|new| !new.read_only);
            if loosens || old.map(calls) != new.map(calls) {
                changed.later.push(name.clone());
            }
        }
        changed
    }

    /// A place whose context was not in order is this one.
    pub fn mend(&mut self, origin: Origin, mut place: Place) {
        place.name = super::text::clean(&place.name);
        if let Some(known) = self.get_mut(origin) {
            known.label = place.name.as_str().into();
            known.facts.profile.clone_from(&place.context.profile);
            known.facts.region = place.context.region.clone().unwrap_or_default();
            (known.place, known.connection, known.waits) = (place, Connection::None, None);
        }
    }

    /// Makes a place known without looking at it yet.
    fn add(&mut self, place: Place) -> Origin {
        let facts = Facts {
            profile: place.context.profile.clone(),
            region: place.context.region.clone().unwrap_or_default(),
            ..Facts::default()
        };
        let label = place.name.as_str().into();
        self.all.push(Known { place, facts, connection: Connection::None, ailing: None, waits: None, label });
        numbered(self.all.len() - 1).unwrap_or_default()
    }

    /// The origins that are looked at, in the order the user named them.
    pub fn scope(&self) -> &[Origin] {
        &self.scope
    }

    /// The origins that any side of the screen looks at.
    pub fn everywhere(&self) -> Vec<Origin> {
        let beside = self.beside.iter().filter(|origin| !self.scope.contains(origin));
        self.scope.iter().chain(beside).copied().collect()
    }

    /// What the other side of a split screen looks at.
    pub fn beside(&self) -> &[Origin] {
        &self.beside
    }

    /// The origins that are looked at, if the other side looks at others as well.
    pub fn among(&self) -> Option<&[Origin]> {
        let narrow = self.beside.iter().any(|origin| !self.scope.contains(origin));
        narrow.then_some(&self.scope)
    }

    /// Whether an origin is looked at.
    pub fn has(&self, origin: Origin) -> bool {
        self.scope.contains(&origin)
    }

    /// Looks at those of these origins that are looked at anywhere, if there are any.
    pub fn narrow_to(&mut self, origins: &[Origin]) {
        let kept: Vec<Origin> = origins.iter().copied().filter(|origin| self.everywhere().contains(origin)).collect();
        if !kept.is_empty() {
            self.scope = kept;
        }
    }

    /// The other side begins, with what is looked at here.
    pub fn split(&mut self) {
        self.beside = self.scope.clone();
    }

    /// The other side comes to the front, and this one stands beside it.
    pub fn turn(&mut self) {
        std::mem::swap(&mut self.scope, &mut self.beside);
    }

    /// There is no other side any more.
    pub fn unsplit(&mut self) {
        self.beside.clear();
    }

    /// Whether more than one is looked at, so that rows have to say whose they are.
    pub fn are_several(&self) -> bool {
        self.scope.len() > 1
    }

    /// Whether more than one is looked at on the whole screen.
    pub fn are_several_anywhere(&self) -> bool {
        self.are_several() || self.among().is_some()
    }

    /// Whether more than one was ever looked at, so that a question has to say where something happens: what it is about may
    /// lie where nobody looks any more.
    pub fn are_several_known(&self) -> bool {
        self.all.len() > 1
    }

    /// The first origin that is looked at.
    pub fn first(&self) -> Origin {
        self.scope.first().copied().unwrap_or_default()
    }

    /// The origin of a place by its name, if any side of the screen looks at it.
    pub fn called(&self, place: &str) -> Option<Origin> {
        self.everywhere().into_iter().find(|origin| self.label(*origin) == place)
    }

    /// What is known of an origin.
    pub fn get(&self, origin: Origin) -> Option<&Known> {
        self.all.get(usize::from(origin.0))
    }

    /// What is known of an origin, to change it.
    pub fn get_mut(&mut self, origin: Origin) -> Option<&mut Known> {
        self.all.get_mut(usize::from(origin.0))
    }

    /// What is known of the origins that are looked at.
    pub fn known(&self) -> impl Iterator<Item = (Origin, &Known)> {
        self.scope.iter().filter_map(|origin| Some((*origin, self.get(*origin)?)))
    }

    /// What an origin is called.
    pub fn label(&self, origin: Origin) -> &str {
        self.get(origin).map_or("", |known| known.place.name.as_str())
    }

    /// What an origin is called in the rows of lists: nothing, while it is the only one on the whole screen.
    pub fn row_label(&self, origin: Origin) -> Arc<str> {
        let known = self.get(origin).filter(|_| self.are_several_anywhere());
        known.map_or_else(|| "".into(), |known| known.label.clone())
    }

    /// Whether there is a client for an origin.
    pub fn is_ready(&self, origin: Origin) -> bool {
        self.get(origin).is_some_and(|known| known.connection == Connection::Ready)
    }

    /// Whether changes in an origin are refused. What is not known is not changed.
    pub fn is_read_only(&self, origin: Origin) -> bool {
        self.get(origin).is_none_or(|known| known.place.read_only)
    }

    /// Whether changes are refused wherever one looks.
    pub fn are_read_only(&self) -> bool {
        self.scope.iter().all(|origin| self.is_read_only(*origin))
    }

    /// Where the connections stand as one: ready as soon as one of them is.
    pub fn connection(&self) -> &Connection {
        let rank = |connection: &&Connection| match connection {
            Connection::Ready => 0,
            Connection::None | Connection::Connecting => 1,
            Connection::Failed(_) => 2,
        };
        self.known().map(|(_, known)| &known.connection).min_by_key(rank).unwrap_or(&Connection::Connecting)
    }

    /// Above how many nodes a change in an origin is confirmed by typing the count.
    pub fn confirm_above(&self, origin: Origin, usual: Threshold) -> usize {
        usual.under(self.get(origin).and_then(|known| known.place.confirm_above))
    }

    /// The time between background refreshes of an origin.
    pub fn refresh(&self, origin: Origin, usual: u64) -> Duration {
        let own = self.get(origin).and_then(|known| known.place.refresh);
        Duration::from_secs(own.unwrap_or(usual).min(usual).max(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_has_its_own_key_and_no_other() {
        let node = NodeId::new(Origin(1), "mi-12");
        assert!(node.has_key(&node.key()));
        for other in [NodeId::new(Origin(0), "mi-12"), NodeId::new(Origin(1), "mi-1"), NodeId::new(Origin(1), "2")] {
            assert!(!node.has_key(&other.key()) && !other.has_key(&node.key()), "{other:?}");
        }
    }
}
