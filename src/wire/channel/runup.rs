//! Taking over a session whose client is gone, with the numbers it had counted to.
//!
//! Nobody tells a new client how many frames the old one has sent, but a node acknowledges and drops what it knows already.
//! So the new one counts up from the beginning with frames that change nothing, past any number the old one can have come
//! to, and goes on from there. They need no acknowledgement: a connection loses nothing while it stands, and when it
//! breaks before the last of them has arrived, they begin again.

/// Where a client goes on after its run-up. Longer than anybody types in the life of a session.
pub(super) const LENGTH: i64 = 16 * 1024;

/// How far the run-up has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum RunUp {
    /// There is none to make, or it is behind us.
    #[default]
    Done,
    /// The next frame of it.
    At(i64),
}

impl RunUp {
    pub(super) const BEGINNING: Self = Self::At(0);

    /// The number of the next frame that changes nothing.
    pub(super) fn next(&mut self) -> Option<i64> {
        match self {
            Self::At(next) if *next < LENGTH => {
                *next += 1;
                Some(*next - 1)
            }
            _ => None,
        }
    }

    /// The peer has acknowledged a frame.
    pub(super) fn acknowledged(&mut self, sequence: i64) {
        // The last of them came over this connection, and before it all others.
        if sequence >= LENGTH - 1 && *self == Self::At(LENGTH) {
            *self = Self::Done;
        }
    }

    /// The connection is a new one.
    pub(super) fn reconnected(&mut self) {
        if *self != Self::Done {
            *self = Self::BEGINNING;
        }
    }
}
