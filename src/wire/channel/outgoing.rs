//! The sending direction: frames until their acknowledgement, and when to send them again.

use std::{collections::BTreeMap, time::Duration};

use bytes::Bytes;

use crate::ssm::Timestamp;

/// Unacknowledged frames, beyond which a writer waits.
const WINDOW_FRAMES: usize = 1024;
/// How many overdue frames one tick sends again. AWS's peers look at the oldest alone; but a peer that swallowed the
/// acknowledgement of one frame for good must not keep a second lost frame from being repeated.
const RESEND_AT_ONCE: usize = 16;

const FIRST_TIMEOUT: Duration = Duration::from_millis(200);
const FIRST_ROUND_TRIP: Duration = Duration::from_millis(100);
const CLOCK_GRANULARITY: Duration = Duration::from_millis(10);
const LONGEST_TIMEOUT: Duration = Duration::from_secs(1);
/// A frame that was repeated in vain is repeated ever more seldom, down to this.
const LONGEST_INTERVAL: Duration = Duration::from_secs(5);

#[derive(Debug)]
struct Frame {
    bytes: Bytes,
    /// When it was sent last; `None` while it waits for its turn.
    sent: Option<Timestamp>,
    resends: u32,
}

/// The frames of this end, until the peer has them.
#[derive(Debug)]
pub(super) struct Outgoing {
    next_sequence: i64,
    frames: BTreeMap<i64, Frame>,
    /// All frames below have been sent once, except those put out again.
    unsent_from: i64,
    round_trip: Duration,
    variation: Duration,
    timeout: Duration,
}

impl Default for Outgoing {
    fn default() -> Self {
        Self {
            next_sequence: 0,
            frames: BTreeMap::new(),
            unsent_from: 0,
            round_trip: FIRST_ROUND_TRIP,
            variation: Duration::ZERO,
            timeout: FIRST_TIMEOUT,
        }
    }
}

impl Outgoing {
    pub(super) fn next_sequence(&self) -> i64 {
        self.next_sequence
    }

    /// Takes the encoded frame that carries [`Outgoing::next_sequence`].
    pub(super) fn push(&mut self, bytes: Bytes) {
        self.frames.insert(self.next_sequence, Frame { bytes, sent: None, resends: 0 });
        self.next_sequence += 1;
    }

    pub(super) fn has_room(&self) -> bool {
        self.frames.len() < WINDOW_FRAMES
    }

    pub(super) fn len(&self) -> usize {
        self.frames.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }

    /// The next frame that waits for its turn, the oldest first.
    pub(super) fn next(&mut self, now: Timestamp) -> Option<Bytes> {
        let (sequence, frame) = self.frames.range_mut(self.unsent_from..).find(|(_, frame)| frame.sent.is_none())?;
        frame.sent = Some(now);
        self.unsent_from = sequence + 1;
        Some(frame.bytes.clone())
    }

    /// The peer has this frame. Whatever is not here is none of ours, or acknowledged a second time.
    pub(super) fn acknowledge(&mut self, sequence: i64, now: Timestamp) {
        if let Some(sent) = self.frames.remove(&sequence).and_then(|frame| frame.sent) {
            self.sample(now.since(sent));
        }
    }

    /// When the first of the frames under way is overdue.
    pub(super) fn deadline(&self) -> Option<Timestamp> {
        self.frames.values().take(RESEND_AT_ONCE).filter_map(|frame| self.due(frame)).min()
    }

    /// Lets overdue frames wait for their turn again.
    pub(super) fn resend_overdue(&mut self, now: Timestamp) {
        let overdue = self.frames.iter().take(RESEND_AT_ONCE);
        let overdue: Vec<i64> =
            overdue.filter(|(_, frame)| self.due(frame).is_some_and(|due| due <= now)).map(|(n, _)| *n).collect();
        for sequence in overdue {
            if let Some(frame) = self.frames.get_mut(&sequence) {
                frame.sent = None;
                frame.resends += 1;
            }
            self.unsent_from = self.unsent_from.min(sequence);
        }
    }

    /// Lets every frame wait for its turn again.
    pub(super) fn rewind(&mut self) {
        for frame in self.frames.values_mut() {
            frame.sent = None;
            frame.resends = 0;
        }
        self.unsent_from = 0;
    }

    fn due(&self, frame: &Frame) -> Option<Timestamp> {
        let interval = self.timeout.saturating_mul(1 << frame.resends.min(5)).min(LONGEST_INTERVAL);
        frame.sent.map(|sent| sent.plus(interval))
    }

    /// The estimate of AWS's peers, with their constants.
    fn sample(&mut self, sample: Duration) {
        self.variation = (self.variation * 3 + self.round_trip.abs_diff(sample)) / 4;
        self.round_trip = (self.round_trip * 7 + sample) / 8;
        self.timeout = (self.round_trip + CLOCK_GRANULARITY.max(self.variation * 4)).min(LONGEST_TIMEOUT);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    #[test]
    fn an_overdue_frame_is_repeated_and_the_timeout_follows_the_round_trip() {
        let mut outgoing = Outgoing::default();
        outgoing.push(Bytes::from_static(b"a"));
        assert_eq!(outgoing.deadline(), None);
        assert!(outgoing.next(at(0)).is_some());
        assert_eq!(outgoing.deadline(), Some(at(200)));
        outgoing.resend_overdue(at(199));
        assert!(outgoing.next(at(199)).is_none());
        outgoing.resend_overdue(at(200));
        assert!(outgoing.next(at(200)).is_some());
        assert_eq!(outgoing.deadline(), Some(at(600)), "in vain once, so twice the time");
        outgoing.acknowledge(0, at(210));
        assert!(outgoing.is_empty());
        for sequence in 1..200 {
            outgoing.push(Bytes::from_static(b"b"));
            assert!(outgoing.next(at(1000)).is_some());
            outgoing.acknowledge(sequence, at(1005));
        }
        assert!(outgoing.timeout < Duration::from_millis(20), "{:?}", outgoing.timeout);
    }

    #[test]
    fn a_frame_that_is_never_acknowledged_does_not_hold_up_another() {
        let mut outgoing = Outgoing::default();
        for _ in 0..2 {
            outgoing.push(Bytes::from_static(b"a"));
        }
        while outgoing.next(at(0)).is_some() {}
        for millis in (0..60_000).step_by(100) {
            outgoing.resend_overdue(at(millis));
            while outgoing.next(at(millis)).is_some() {}
        }
        assert!(outgoing.frames.values().all(|frame| (10..20).contains(&frame.resends)), "{:?}", outgoing.frames);
    }
}
