//! Changes that were agreed to and have no answer yet. They go on whatever is looked at, and whether or not the form that led to them
//! is still there.

use std::time::Duration;

use super::feed::SILENT;
use crate::{
    console::{
        effect::{Change, Confirmed},
        origin::Origin,
    },
    ssm::Timestamp,
};

/// A change that has no answer yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Pending {
    /// The number of the yes.
    number: u64,
    /// Where it is made.
    origin: Origin,
    /// Since when.
    since: Timestamp,
}

/// The changes under way, the oldest first.
#[derive(Clone, Debug, Default)]
pub struct UnderWay(Vec<Pending>);

impl UnderWay {
    /// A change goes out. Programs, and files that are copied, are seen elsewhere, with how far they are.
    pub fn begin(&mut self, confirmed: &Confirmed, now: Timestamp) {
        if !matches!(confirmed.change(), Change::Run(_) | Change::Upload(_)) {
            self.0.push(Pending { number: confirmed.number(), origin: confirmed.origin(), since: now });
        }
    }

    /// A change of an origin is answered; the number of the yes, where that is known.
    pub fn end(&mut self, origin: Origin, number: Option<u64>) {
        let is_it =
            |pending: &Pending| pending.origin == origin && number.is_none_or(|number| number == pending.number);
        if let Some(at) = self.0.iter().position(is_it) {
            self.0.remove(at);
        }
    }

    /// How long there is no answer to the yes of this number.
    pub fn waited(&self, number: u64, now: Timestamp) -> Option<Duration> {
        self.0.iter().find(|pending| pending.number == number).map(|pending| now.since(pending.since))
    }

    /// How long there is no answer to the oldest of them, and how many there are that wait for longer than an answer takes.
    pub fn oldest(&self, now: Timestamp) -> Option<(Duration, usize)> {
        let waited = |pending: &Pending| now.since(pending.since);
        let late = self.0.iter().filter(|pending| waited(pending) >= SILENT).count();
        self.0.first().map(|oldest| (waited(oldest), late))
    }
}
