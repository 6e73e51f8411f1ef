//! Which connection holds up the others of its forward, and since when.
//!
//! AWS's multiplexing has no flow control for each connection: what one of them does not take waits, and when too much waits, the
//! stream of all is no longer read. Nobody can change that at this end, but it can be said.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::ssm::Timestamp;

/// A program that takes nothing for so long does not just pause.
const PATIENCE: Duration = Duration::from_secs(5);

/// A connection that takes nothing of what comes, so that nothing comes for the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// Its number, counted from 1 in the order in which they were made.
    pub connection: u64,
    /// Since when.
    pub since: Timestamp,
}

/// Looks at a forward whenever something happened.
#[derive(Debug, Default)]
pub(super) struct Watch(Option<Held>);

impl Watch {
    /// Which connection the others wait for now. The answer is the one of which that is to be told.
    pub fn look(&mut self, connection: Option<u64>, now: Timestamp) -> Option<Held> {
        let known = self.0.filter(|held| Some(held.connection) == connection);
        self.0 = known.or(connection.map(|connection| Held { connection, since: now }));
        self.0.filter(|held| now.since(held.since) >= PATIENCE)
    }

    /// When to look again although nothing has happened.
    pub fn deadline(&self, now: Timestamp) -> Option<Timestamp> {
        self.0.map(|held| held.since.plus(PATIENCE)).filter(|due| *due > now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_that_holds_the_others_up_for_a_while_is_told() {
        let at = Timestamp::from_millis;
        let mut watch = Watch::default();
        assert_eq!((watch.look(None, at(1_000)), watch.deadline(at(1_000))), (None, None));
        assert_eq!(watch.look(Some(2), at(2_000)), None);
        assert_eq!(watch.look(Some(2), at(6_999)), None);
        assert_eq!(watch.deadline(at(6_999)), Some(at(7_000)));
        let held = Some(Held { connection: 2, since: at(2_000) });
        assert_eq!((watch.look(Some(2), at(7_000)), watch.deadline(at(7_000))), (held, None));
        assert_eq!(watch.look(Some(3), at(60_000)), None, "another one has its own time");
        assert_eq!(watch.look(None, at(61_000)), None);
        assert_eq!(watch.look(Some(3), at(65_000)), None, "it has taken something meanwhile");
    }
}
