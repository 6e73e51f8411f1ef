//! How much may be under way: enough to fill the line, and so little that a key that stops a flood is soon felt.
//!
//! Frames are acknowledged when there is room for them at their reader, so what a slow reader has not taken yet shows as
//! a longer round trip. The window follows: it grows while it is the limit and round trips stay short, and shrinks to
//! what the reader takes in [`PATIENCE`] when they do not.

use std::time::Duration;

use crate::ssm::Timestamp;

/// Where a window begins, in bytes.
const FIRST: usize = 64 * 1024;
/// Never less than this: a line over a terminal takes it in no time.
const SMALLEST: usize = 8 * 1024;
/// Never more: enough for 40 MB/s over 100 ms.
pub(super) const LARGEST: usize = 4 * 1024 * 1024;
/// How much longer than the shortest a round trip may be.
const PATIENCE: Duration = Duration::from_millis(50);
/// How long the shortest round trip is believed. Then everything drains once, to measure it again: the way may have become
/// another one.
const BELIEVED: Duration = Duration::from_secs(10);

/// The window of one direction.
#[derive(Debug)]
pub(super) struct Window {
    size: usize,
    /// The most that was under way in this round.
    peak: usize,
    /// The shortest round trip, and until when it is believed.
    least: Option<(Duration, Timestamp)>,
    /// The round ends with the acknowledgement of this frame or a later one.
    round: i64,
    /// The size to go on with when everything has drained.
    after: Option<usize>,
    /// Whether there ever was more under way than the reader took.
    met: bool,
}

impl Default for Window {
    fn default() -> Self {
        Self { size: FIRST, peak: 0, least: None, round: 0, after: None, met: false }
    }
}

impl Window {
    /// Bytes that may be under way.
    pub(super) fn size(&self) -> usize {
        self.size
    }

    /// So much is under way now.
    pub(super) fn filled(&mut self, bytes: usize) {
        self.peak = self.peak.max(bytes);
    }

    /// A frame came back after a round trip; `unsent` is the next one that is sent for the first time.
    pub(super) fn returned(&mut self, sequence: i64, round_trip: Duration, unsent: i64, now: Timestamp) {
        let (least, until) = self.least.unwrap_or((round_trip, now.plus(BELIEVED)));
        let least = least.min(round_trip);
        self.least = Some((least, until));
        if sequence < self.round {
            return;
        }
        if let Some(size) = self.after.take() {
            self.size = size;
        } else if now > until {
            self.after = Some(std::mem::replace(&mut self.size, SMALLEST));
            self.least = None;
        } else if round_trip > least + PATIENCE {
            self.met = true;
            let share = (least + PATIENCE).as_secs_f64() / round_trip.as_secs_f64();
            self.size = ((self.peak.min(self.size) as f64 * share) as usize).max(SMALLEST);
        } else if self.peak >= self.size / 2 {
            // By leaps until the limit was met once, then by steps.
            self.size = (self.size + if self.met { self.size / 8 } else { self.size }).min(LARGEST);
        }
        self.round = unsent;
        self.peak = 0;
    }

    /// The line is a new one: what was known of its length is not true any more.
    pub(super) fn forget(&mut self) {
        (self.least, self.met) = (None, false);
        self.size = self.after.take().unwrap_or(self.size);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use super::*;

    /// A reader that takes `rate` bytes a millisecond at the end of a line that is `length` long. Answers the bytes that
    /// were under way on average in the last second and how many arrived in it.
    fn run(window: &mut Window, rate: usize, length: i64, seconds: i64) -> (usize, usize) {
        const FRAME: usize = 1024;
        let mut flight: VecDeque<(i64, i64)> = VecDeque::new();
        let (mut next, mut budget, mut sum, mut arrived) = (0, 0, 0, 0);
        for now in 0..seconds * 1000 {
            while flight.len() * FRAME < window.size() {
                flight.push_back((next, now));
                next += 1;
                window.filled(flight.len() * FRAME);
            }
            budget = (budget + rate).min(rate.max(FRAME) * 2);
            while budget >= FRAME && flight.front().is_some_and(|(_, sent)| sent + length <= now) {
                let (sequence, sent) = flight.pop_front().unwrap();
                budget -= FRAME;
                let round_trip = Duration::from_millis((now - sent).unsigned_abs());
                window.returned(sequence, round_trip, next, Timestamp::from_millis(now));
                if now >= (seconds - 1) * 1000 {
                    arrived += FRAME;
                }
            }
            if now >= (seconds - 1) * 1000 {
                sum += flight.len() * FRAME;
            }
        }
        (sum / 1000, arrived)
    }

    #[test]
    fn a_slow_reader_has_little_under_way_and_is_never_idle() {
        for (rate, length) in [(200, 1), (1_000, 1), (1_000, 80), (5_000, 20)] {
            let (under_way, arrived) = run(&mut Window::default(), rate, length, 9);
            let delay = under_way / rate;
            assert!(delay <= length as usize + 120, "{rate} B/ms over {length} ms: {delay} ms under way");
            assert!(arrived >= rate * 850, "{rate} B/ms over {length} ms: {arrived} B in a second");
        }
    }

    #[test]
    fn a_long_line_is_filled() {
        let mut window = Window::default();
        let (_, arrived) = run(&mut window, 1_000_000, 100, 5);
        assert_eq!(window.size(), LARGEST);
        assert!(arrived >= 9 * LARGEST, "{arrived}");
    }

    #[test]
    fn a_way_that_became_longer_is_measured_again() {
        let mut window = Window::default();
        run(&mut window, 1_000_000, 5, 5);
        let later = |now: i64| Timestamp::from_millis(5_000 + now);
        for (sequence, now) in (1_000_000..).zip((0..30_000).step_by(200)) {
            window.filled(window.size());
            window.returned(sequence, Duration::from_millis(200), sequence + 1, later(now));
        }
        assert_eq!(window.size(), LARGEST);
    }
}
