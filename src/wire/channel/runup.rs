//! Taking over a session whose client is gone, with the numbers it had counted to.
//!
//! Nobody tells a new client how many frames the old one has sent, but a node acknowledges and drops what it knows already.
//! So the new one counts through all numbers that the old one can have come to, with frames that change nothing, and goes on
//! behind them. They need no acknowledgement: a connection loses nothing while it stands, and when it breaks before the last
//! of them has arrived, they begin again.

use std::ops::Range;

/// The numbers that a client of which nothing is known can have come to: more than most people type in the life of a session.
const UNKNOWN: Range<i64> = 0..16 * 1024;

/// How far the run-up has come.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum RunUp {
    /// There is none to make, or it is behind us.
    #[default]
    Done,
    /// All of its numbers, and the next of them.
    At(Range<i64>, i64),
}

impl RunUp {
    /// The run-up of a client that takes a session over. The node has everything below `unsure`, and nothing from its end on.
    pub(super) fn over(unsure: Option<Range<i64>>) -> Self {
        let Range { start, end } = unsure.unwrap_or(UNKNOWN);
        let start = start.max(0);
        Self::At(start..end.max(start), start)
    }

    /// The number of the first frame behind it.
    pub(super) fn end(&self) -> i64 {
        match self {
            Self::At(all, _) => all.end,
            Self::Done => 0,
        }
    }

    /// The number of its first frame, while it is not behind us.
    pub(super) fn start(&self) -> Option<i64> {
        match self {
            Self::At(all, _) => Some(all.start),
            Self::Done => None,
        }
    }

    /// The number of the next frame that changes nothing.
    pub(super) fn next(&mut self) -> Option<i64> {
        match self {
            Self::At(all, next) if *next < all.end => {
                *next += 1;
                Some(*next - 1)
            }
            _ => None,
        }
    }

    /// The peer has acknowledged a frame.
    pub(super) fn acknowledged(&mut self, sequence: i64) {
        // The last of them came over this connection, and before it all others.
        if let Self::At(all, next) = self
            && *next == all.end
            && sequence >= all.end - 1
        {
            *self = Self::Done;
        }
    }

    /// The connection is a new one.
    pub(super) fn reconnected(&mut self) {
        if let Self::At(all, next) = self {
            *next = all.start;
        }
    }
}
