//! Taking over a session whose client is gone, with the numbers it had counted to.
//!
//! Nobody tells a new client how many frames the old one has sent, but a node acknowledges and drops what it knows already.
//! So the new one counts up from the beginning with frames that change nothing, past any number the old one can have come
//! to, and goes on from there. They need no acknowledgement: a connection loses nothing while it stands, and when it
//! breaks before the last of them has arrived, they begin again.

/// How much further than the client before it a client counts: more than anybody types in the life of a session.
const LENGTH: i64 = 16 * 1024;

/// How far the run-up has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum RunUp {
    /// There is none to make, or it is behind us.
    #[default]
    Done,
    /// The next frame of it, and the first one behind it.
    At(i64, i64),
}

impl RunUp {
    /// The run-up of a client that takes the session over as the `turn`th, from 1.
    pub(super) fn of(turn: u32) -> Self {
        Self::At(0, LENGTH.saturating_mul(turn.max(1).into()))
    }

    /// The number of the first frame behind it.
    pub(super) fn end(self) -> i64 {
        match self {
            Self::At(_, end) => end,
            Self::Done => 0,
        }
    }

    /// The number of the next frame that changes nothing.
    pub(super) fn next(&mut self) -> Option<i64> {
        match self {
            Self::At(next, end) if *next < *end => {
                *next += 1;
                Some(*next - 1)
            }
            _ => None,
        }
    }

    /// The peer has acknowledged a frame.
    pub(super) fn acknowledged(&mut self, sequence: i64) {
        // The last of them came over this connection, and before it all others.
        if let Self::At(next, end) = *self
            && next == end
            && sequence >= end - 1
        {
            *self = Self::Done;
        }
    }

    /// The connection is a new one.
    pub(super) fn reconnected(&mut self) {
        if let Self::At(next, _) = self {
            *next = 0;
        }
    }
}
