//! The receiving direction: what is expected next, and what came early.

use std::collections::BTreeMap;

use crate::wire::envelope::Envelope;

/// Frames that may wait for an earlier one, as AWS's client keeps them.
const EARLY_FRAMES: usize = 10_000;
/// The same in bytes of payload, because a frame need not be small.
const EARLY_BYTES: usize = 16 * 1024 * 1024;

/// What became of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Taken now, earlier or just now in advance: to be acknowledged, for the first acknowledgement may be lost.
    Known,
    /// Left to the peer, who will send it again.
    NoRoom,
}

/// The frames of the peer, put in order.
#[derive(Debug, Default)]
pub(super) struct Incoming {
    /// The sequence number that is delivered next.
    expected: i64,
    /// Frames from `expected` on. The first may be deliverable, the others wait for a gap to close.
    kept: BTreeMap<i64, Envelope>,
    bytes: usize,
}

impl Incoming {
    /// Whether the frame has not been seen yet.
    pub(super) fn is_new(&self, sequence: i64) -> bool {
        sequence >= self.expected && !self.kept.contains_key(&sequence)
    }

    pub(super) fn accept(&mut self, frame: Envelope) -> Verdict {
        let sequence = frame.sequence_number;
        if !self.is_new(sequence) {
            return Verdict::Known;
        }
        let full = self.kept.len() >= EARLY_FRAMES || self.bytes.saturating_add(frame.payload.len()) > EARLY_BYTES;
        // The frame that closes the gap is always welcome: it makes room.
        if full && sequence != self.expected {
            return Verdict::NoRoom;
        }
        self.bytes += frame.payload.len();
        self.kept.insert(sequence, frame);
        Verdict::Known
    }

    /// The next frame in order, if it is here.
    pub(super) fn next(&mut self) -> Option<Envelope> {
        let frame = self.kept.remove(&self.expected)?;
        self.bytes -= frame.payload.len();
        self.expected = self.expected.saturating_add(1);
        Some(frame)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ssm::Timestamp, wire::envelope::kind};

    fn frame(sequence_number: i64, size: usize) -> Envelope {
        Envelope { sequence_number, ..Envelope::new(kind::INPUT, Timestamp::from_millis(1), vec![0; size]) }
    }

    #[test]
    fn a_flood_of_early_frames_is_bounded_and_the_missing_one_still_gets_in() {
        let mut incoming = Incoming::default();
        let taken = (1..100_000).take_while(|n| incoming.accept(frame(*n, 1)) == Verdict::Known).count();
        assert_eq!(taken, EARLY_FRAMES);
        assert_eq!(incoming.accept(frame(0, 1)), Verdict::Known);
        assert_eq!(std::iter::from_fn(|| incoming.next()).count(), EARLY_FRAMES + 1);

        let mut incoming = Incoming::default();
        let taken = (1..100).take_while(|n| incoming.accept(frame(*n, 1 << 20)) == Verdict::Known).count();
        assert_eq!(taken, EARLY_BYTES >> 20);
    }

    #[test]
    fn hostile_numbers_are_harmless() {
        let mut incoming = Incoming::default();
        for number in [i64::MIN, -1, i64::MAX] {
            incoming.accept(frame(number, 1));
        }
        assert!(incoming.next().is_none());
        assert_eq!(incoming.kept.len(), 1);
    }
}
