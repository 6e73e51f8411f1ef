//! Origins: the places that one console looks at together. Whatever is listed, asked or changed says which of them it is of.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::update::{Facts, Trouble};
use crate::config::place::Place;

/// Which place something is of. Small and never used twice, so that what was opened in an origin that is no longer looked
/// at still finds it in [`Origins`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Origin(u16);

/// Where the connection to an origin stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Connection {
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
}

/// Every origin there was, and which of them are looked at.
#[derive(Clone, Debug, Default)]
pub struct Origins {
    all: Vec<Known>,
    scope: Vec<Origin>,
}

impl Origins {
    /// Looks at these places.
    pub fn new(places: Vec<Place>) -> Self {
        let mut origins = Self::default();
        for place in places {
            let origin = origins.add(place);
            origins.scope.push(origin);
        }
        origins
    }

    /// Makes a place known without looking at it yet.
    fn add(&mut self, place: Place) -> Origin {
        let facts = Facts {
            profile: place.context.profile.clone(),
            region: place.context.region.clone().unwrap_or_default(),
            ..Facts::default()
        };
        self.all.push(Known { place, facts, connection: Connection::Connecting });
        Origin(u16::try_from(self.all.len() - 1).unwrap_or(u16::MAX))
    }

    /// The origins that are looked at, in the order the user named them.
    pub fn scope(&self) -> &[Origin] {
        &self.scope
    }

    /// Whether more than one is looked at, so that rows have to say whose they are.
    pub fn are_several(&self) -> bool {
        self.scope.len() > 1
    }

    /// The first origin that is looked at.
    pub fn first(&self) -> Origin {
        self.scope.first().copied().unwrap_or_default()
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
            Connection::Connecting => 1,
            Connection::Failed(_) => 2,
        };
        self.known().map(|(_, known)| &known.connection).min_by_key(rank).unwrap_or(&Connection::Connecting)
    }

    /// The time between background refreshes of an origin.
    pub fn refresh(&self, origin: Origin, usual: u64) -> Duration {
        let own = self.get(origin).and_then(|known| known.place.refresh);
        Duration::from_secs(own.unwrap_or(usual).min(usual).max(1))
    }
}
