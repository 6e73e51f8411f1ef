//! What a client that takes over a session is not to be shown yet.
//!
//! It begins with the first frame that comes, whatever its number, since agents begin with the oldest one that they have. But an
//! agent that has not heard of the change yet goes on with the newest. To the new client everything before that would be known,
//! and it would acknowledge what nobody has seen. So until the agent begins anew its frames are as good as lost: it repeats them.

use std::collections::BTreeMap;

/// So often a frame comes until it is plain that the one that is waited for does not.
const TIMES: u8 = 3;
/// So many frames are counted, the oldest ones.
const COUNTED: usize = 64;

/// Closed for frames that come too early.
#[derive(Debug)]
pub(super) struct Gate {
    /// What is waited for.
    oldest: i64,
    /// How often frames were turned away.
    turned_away: BTreeMap<i64, u8>,
}

impl Gate {
    /// Closed until the agent repeats this frame or an older one.
    pub(super) fn before(oldest: i64) -> Self {
        Self { oldest, turned_away: BTreeMap::new() }
    }

    /// Whether it opens for a frame, for good. An agent that does not have the frame that is waited for, because it heard in the
    /// last moment that it had arrived, or gave it up, repeats others again and again: then the oldest of those will do.
    pub(super) fn opens_for(&mut self, sequence: i64) -> bool {
        if sequence <= self.oldest {
            return true;
        }
        let times = self.turned_away.entry(sequence).or_default();
        *times += 1;
        if *times == TIMES {
            self.oldest =
                self.turned_away.iter().find(|(_, times)| **times > 1).map_or(sequence, |(oldest, _)| *oldest);
            self.turned_away.clear();
        } else if self.turned_away.len() > COUNTED {
            self.turned_away.pop_last();
        }
        sequence <= self.oldest
    }
}
