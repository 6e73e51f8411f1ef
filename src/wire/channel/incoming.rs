//! The receiving direction: what is expected next, and what came early.

use std::collections::BTreeMap;

use bytes::Bytes;

/// Frames that may wait for an earlier one, as AWS's client keeps them.
const EARLY_FRAMES: usize = 10_000;
/// The same in bytes of payload, because a frame need not be small.
const EARLY_BYTES: usize = 16 * 1024 * 1024;

/// What a stream frame carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Content {
    /// See [`crate::wire::envelope::payload`].
    pub(super) payload_type: u32,
    pub(super) payload: Bytes,
}

/// What became of a frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is the next one; [`Incoming::next`] may have those behind it.
    Next(Content),
    /// Known already, or kept until its turn: to be acknowledged, for an earlier acknowledgement may be lost.
    Known,
    /// Left to the peer, who will send it again.
    NoRoom,
}

/// The frames of the peer, put in order.
#[derive(Debug, Default)]
pub(super) struct Incoming {
    /// The sequence number that is delivered next.
    expected: i64,
    /// Whether the first frame that comes is the next one, whatever its number: peers begin with the oldest that they have.
    anywhere: bool,
    /// Frames beyond `expected`, which wait for a gap to close.
    early: BTreeMap<i64, Content>,
    bytes: usize,
}

impl Incoming {
    /// For a reader that was not there from the beginning.
    pub(super) fn in_the_middle() -> Self {
        Self { anywhere: true, ..Self::default() }
    }

    /// Whether the frame has not been seen yet.
    pub(super) fn is_new(&self, sequence: i64) -> bool {
        sequence >= self.expected && !self.early.contains_key(&sequence)
    }

    pub(super) fn accept(&mut self, sequence: i64, content: Content) -> Verdict {
        if std::mem::take(&mut self.anywhere) {
            self.expected = sequence.max(0);
        }
        if sequence == self.expected {
            self.expected = self.expected.saturating_add(1);
            return Verdict::Next(content);
        }
        if !self.is_new(sequence) {
            return Verdict::Known;
        }
        if self.early.len() >= EARLY_FRAMES || self.bytes.saturating_add(content.payload.len()) > EARLY_BYTES {
            return Verdict::NoRoom;
        }
        self.bytes += content.payload.len();
        self.early.insert(sequence, content);
        Verdict::Known
    }

    /// The next frame in order, if it came early.
    pub(super) fn next(&mut self) -> Option<Content> {
        if self.early.is_empty() {
            return None;
        }
        let content = self.early.remove(&self.expected)?;
        self.bytes -= content.payload.len();
        self.expected = self.expected.saturating_add(1);
        Some(content)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(size: usize) -> Content {
        Content { payload_type: 1, payload: vec![0; size].into() }
    }

    #[test]
    fn a_flood_of_early_frames_is_bounded_and_the_missing_one_still_gets_in() {
        let mut incoming = Incoming::default();
        let taken = (1..100_000).take_while(|n| incoming.accept(*n, content(1)) == Verdict::Known).count();
        assert_eq!(taken, EARLY_FRAMES);
        assert_eq!(incoming.accept(0, content(1)), Verdict::Next(content(1)));
        assert_eq!(std::iter::from_fn(|| incoming.next()).count(), EARLY_FRAMES);

        let mut incoming = Incoming::default();
        let taken = (1..100).take_while(|n| incoming.accept(*n, content(1 << 20)) == Verdict::Known).count();
        assert_eq!(taken, EARLY_BYTES >> 20);
    }

    #[test]
    fn hostile_numbers_are_harmless() {
        let mut incoming = Incoming::default();
        for number in [i64::MIN, -1, i64::MAX] {
            assert_eq!(incoming.accept(number, content(1)), Verdict::Known);
        }
        assert!(incoming.next().is_none());
        assert_eq!(incoming.early.len(), 1);
    }
}
