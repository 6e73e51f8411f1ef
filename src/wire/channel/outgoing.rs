//! The sending direction: frames until their acknowledgement, and when to send them again.
//!
//! A line that stands loses nothing, but a peer may have had no room, and what is sent while the other end has no line is lost.
//! So what is not acknowledged is sent again, and with care: on a line that has become slow everything is late, and
//! repeated frames would be all that it carries. While acknowledgements come, only what they have passed over is overdue;
//! when none come, a little is repeated, and more when that was acknowledged and nothing else.
//!
//! Whatever is done costs the same however many frames are under way: they lie in a row by sequence number, and those
//! that were sent lie in a second row in the order in which they left, which is the order in which they fall due.

use std::{collections::VecDeque, time::Duration};

use bytes::Bytes;

use super::window::Window;
use crate::ssm::Timestamp;

/// Unacknowledged frames beyond which a writer waits; AWS's client keeps no more than 10,000 early ones.
const WINDOW_FRAMES: usize = 8_000;
/// How much of what is overdue is sent again at first, in bytes and in frames. When that was acknowledged, twice as much
/// follows, up to so many times as much.
const FIRST_BURST: usize = 64 * 1024;
const FIRST_FRAMES: usize = 64;
const MOST_BURSTS: usize = super::window::LARGEST / FIRST_BURST;

/// How often a frame is sent before a peer that has acknowledged a later one is taken to have it.
const STUBBORN: u32 = 4;

const FIRST_TIMEOUT: Duration = Duration::from_millis(200);
const FIRST_ROUND_TRIP: Duration = Duration::from_millis(100);
const CLOCK_GRANULARITY: Duration = Duration::from_millis(10);
/// AWS's peers look every 100 ms. A socket loses nothing while it stands, so there is no use in being hastier than that.
const SHORTEST_TIMEOUT: Duration = Duration::from_millis(200);
const LONGEST_TIMEOUT: Duration = Duration::from_secs(1);
/// While nothing at all is acknowledged, frames are repeated ever more seldom, down to this.
const LONGEST_INTERVAL: Duration = Duration::from_secs(5);

#[derive(Debug)]
struct Frame {
    bytes: Bytes,
    /// When it was written.
    written: Timestamp,
    /// When it was sent last; `None` while it waits for its turn.
    sent: Option<Timestamp>,
    /// The place of that among all that was sent.
    place: u64,
    /// How often it was sent.
    times: u32,
}

/// The frames of this end, until the peer has them.
#[derive(Debug)]
pub(super) struct Outgoing {
    /// The sequence number of the first of `frames`.
    first: i64,
    /// `None` where the peer has acknowledged a frame before an older one.
    frames: VecDeque<Option<Frame>>,
    unacknowledged: usize,
    /// Bytes of the unacknowledged frames.
    bytes: usize,
    window: Window,
    /// The first frame that has never been sent.
    unsent: i64,
    /// Frames to be sent again before the next new one.
    again: VecDeque<i64>,
    /// What was sent and when, the oldest first. Frames that were acknowledged or sent again since are skipped.
    flight: VecDeque<(i64, Timestamp)>,
    /// How often anything was sent.
    places: u64,
    /// What was sent before this place and is not acknowledged was passed over: something behind it was.
    passed: u64,
    /// When the last acknowledgement came, or when after a rest something was sent.
    progress: Timestamp,
    /// The longest time between two acknowledgements, of late.
    gap: Duration,
    /// How much is sent again at once, as a multiple of the first burst.
    bursts: usize,
    /// When something was sent again last, if nothing was acknowledged since.
    repeated: Option<Timestamp>,
    round_trip: Duration,
    variation: Duration,
    timeout: Duration,
    /// How often in a row the time ran out with no acknowledgement at all.
    doublings: u32,
}

impl Default for Outgoing {
    fn default() -> Self {
        Self {
            first: 0,
            frames: VecDeque::new(),
            unacknowledged: 0,
            bytes: 0,
            window: Window::default(),
            unsent: 0,
            again: VecDeque::new(),
            flight: VecDeque::new(),
            places: 0,
            passed: 0,
            progress: Timestamp::default(),
            gap: Duration::ZERO,
            bursts: 1,
            repeated: None,
            round_trip: FIRST_ROUND_TRIP,
            variation: Duration::ZERO,
            timeout: FIRST_TIMEOUT,
            doublings: 0,
        }
    }
}

impl Outgoing {
    /// Nothing yet, and the first frame is to have this number.
    pub(super) fn beginning_at(first: i64) -> Self {
        Self { first, unsent: first, ..Self::default() }
    }

    /// The number of the first frame that the peer has not acknowledged, or of the next one.
    pub(super) fn first_sequence(&self) -> i64 {
        self.first
    }

    pub(super) fn next_sequence(&self) -> i64 {
        self.first + as_offset(self.frames.len())
    }

    /// Takes the encoded frame that carries [`Outgoing::next_sequence`].
    pub(super) fn push(&mut self, bytes: Bytes, now: Timestamp) {
        self.bytes += bytes.len();
        self.window.filled(self.bytes);
        self.unacknowledged += 1;
        self.frames.push_back(Some(Frame { bytes, written: now, sent: None, place: 0, times: 0 }));
    }

    pub(super) fn has_room(&self) -> bool {
        // The row is what memory is spent on, so holes in it count.
        self.frames.len() < WINDOW_FRAMES && self.bytes < self.window.size()
    }

    /// The most that one frame should carry: a few of them fill the window.
    pub(super) fn piece(&self) -> usize {
        self.window.size() / 4
    }

    pub(super) fn len(&self) -> usize {
        self.unacknowledged
    }

    pub(super) fn is_empty(&self) -> bool {
        self.unacknowledged == 0
    }

    /// The bytes of the unacknowledged frames, with what they cost besides their data.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// When the oldest unacknowledged frame was written.
    pub(super) fn oldest(&self) -> Option<Timestamp> {
        // The row begins with one that is unacknowledged.
        self.frames.front()?.as_ref().map(|frame| frame.written)
    }

    /// Whether [`Outgoing::next`] may have one.
    pub(super) fn has_next(&self) -> bool {
        !self.again.is_empty() || self.unsent < self.next_sequence()
    }

    /// The next frame that waits for its turn: those to be repeated first.
    pub(super) fn next(&mut self, now: Timestamp) -> Option<Bytes> {
        let sequence = loop {
            match self.again.pop_front() {
                Some(sequence) if self.frame(sequence).is_some_and(|frame| frame.sent.is_none()) => break sequence,
                Some(_) => {}
                None if self.unsent < self.next_sequence() => {
                    self.unsent += 1;
                    break self.unsent - 1;
                }
                None => return None,
            }
        };
        if self.flight.is_empty() {
            self.progress = now;
        }
        self.places += 1;
        let place = self.places;
        let frame = self.frame(sequence)?;
        frame.sent = Some(now);
        frame.place = place;
        frame.times = frame.times.saturating_add(1);
        let bytes = frame.bytes.clone();
        self.flight.push_back((sequence, now));
        Some(bytes)
    }

    /// The peer has this frame. Whatever is not here is none of ours, or acknowledged a second time.
    pub(super) fn acknowledge(&mut self, sequence: i64, now: Timestamp) {
        // An acknowledgement of what was never sent is a lie.
        if sequence >= self.unsent {
            return;
        }
        let Some(frame) = self.slot(sequence).and_then(Option::take) else { return };
        self.unacknowledged -= 1;
        self.bytes -= frame.bytes.len();
        self.doublings = 0;
        self.repeated = None;
        self.gap = now.since(self.progress).max(self.gap * 3 / 4);
        self.progress = now;
        // Of a frame that was repeated nobody knows which one was acknowledged.
        if let (Some(sent), 1) = (frame.sent, frame.times) {
            self.passed = self.passed.max(frame.place);
            self.bursts = 1;
            let round_trip = now.since(sent);
            self.sample(round_trip);
            self.window.returned(sequence, round_trip, self.unsent, now);
        }
        self.forget_acknowledged();
        self.forget_landed();
    }

    /// When the first of the frames under way is overdue.
    pub(super) fn deadline(&self) -> Option<Timestamp> {
        let (sequence, sent) = self.flight.front()?;
        let passed = self.peek(*sequence).is_some_and(|frame| frame.place < self.passed);
        let since = if passed { *sent } else { self.progress.max(*sent) };
        Some(since.max(self.repeated.unwrap_or(since)).plus(self.interval()))
    }

    /// Lets overdue frames wait for their turn again.
    pub(super) fn resend_overdue(&mut self, now: Timestamp) {
        // Only what was acknowledged lets more follow.
        let bursts = if self.doublings == 0 { self.bursts } else { 1 };
        let (mut frames, mut bytes) = (0, 0);
        while let Some((sequence, _)) = self.flight.front().copied()
            && self.deadline().is_some_and(|due| due <= now)
        {
            let size = self.peek(sequence).map_or(0, |frame| frame.bytes.len());
            if frames > 0 && (frames >= FIRST_FRAMES * bursts || bytes + size > FIRST_BURST * bursts) {
                break;
            }
            self.flight.pop_front();
            self.put_out_again(sequence);
            (frames, bytes) = (frames + 1, bytes + size);
            self.forget_landed();
        }
        if frames > 0 {
            self.bursts = (bursts * 2).min(MOST_BURSTS);
            self.doublings = self.doublings.saturating_add(1);
            self.repeated = Some(now);
        }
    }

    /// Lets every frame wait for its turn again.
    pub(super) fn rewind(&mut self) {
        self.window.forget();
        (self.gap, self.bursts, self.repeated) = (Duration::ZERO, 1, None);
        self.flight.clear();
        self.again.clear();
        for sequence in self.first..self.unsent {
            self.put_out_again(sequence);
        }
        self.doublings = 0;
    }

    /// Forgets what the peer has and does not acknowledge: frames that were repeated in vain although a later one was
    /// acknowledged. `true` when everything left was repeated in vain, and only another frame could tell.
    pub(super) fn forget_stubborn(&mut self) -> bool {
        let stubborn = |slot: &Option<Frame>| slot.as_ref().is_none_or(|frame| frame.times >= STUBBORN);
        let Some(known) = self.frames.iter().rposition(Option::is_none) else {
            return !self.frames.is_empty() && self.frames.iter().all(stubborn);
        };
        for slot in self.frames.iter_mut().take(known) {
            if let Some(frame) = slot.take_if(|frame| frame.times >= STUBBORN) {
                self.unacknowledged -= 1;
                self.bytes -= frame.bytes.len();
            }
        }
        self.forget_acknowledged();
        self.forget_landed();
        false
    }

    fn forget_acknowledged(&mut self) {
        while let Some(None) = self.frames.front() {
            self.frames.pop_front();
            self.first += 1;
        }
    }

    fn put_out_again(&mut self, sequence: i64) {
        if let Some(frame) = self.frame(sequence) {
            frame.sent = None;
            self.again.push_back(sequence);
        }
    }

    /// Keeps the first of the frames under way one that is.
    fn forget_landed(&mut self) {
        while let Some((sequence, sent)) = self.flight.front().copied() {
            if self.frame(sequence).is_some_and(|frame| frame.sent == Some(sent)) {
                return;
            }
            self.flight.pop_front();
        }
    }

    fn slot(&mut self, sequence: i64) -> Option<&mut Option<Frame>> {
        let offset = usize::try_from(sequence.checked_sub(self.first)?).ok()?;
        self.frames.get_mut(offset)
    }

    fn frame(&mut self, sequence: i64) -> Option<&mut Frame> {
        self.slot(sequence)?.as_mut()
    }

    fn peek(&self, sequence: i64) -> Option<&Frame> {
        let offset = usize::try_from(sequence.checked_sub(self.first)?).ok()?;
        self.frames.get(offset)?.as_ref()
    }

    fn interval(&self) -> Duration {
        let doubled = self.timeout.saturating_mul(1 << self.doublings.min(5)).min(LONGEST_INTERVAL);
        doubled.max(self.gap * 2)
    }

    /// The estimate of AWS's peers, with their constants.
    fn sample(&mut self, sample: Duration) {
        self.variation = (self.variation * 3 + self.round_trip.abs_diff(sample)) / 4;
        self.round_trip = (self.round_trip * 7 + sample) / 8;
        let timeout = self.round_trip + CLOCK_GRANULARITY.max(self.variation * 4);
        self.timeout = timeout.clamp(SHORTEST_TIMEOUT, LONGEST_TIMEOUT);
    }
}

fn as_offset(length: usize) -> i64 {
    // The window keeps it small.
    i64::try_from(length).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    fn all(outgoing: &mut Outgoing, now: i64) -> usize {
        std::iter::from_fn(|| outgoing.next(at(now))).count()
    }

    #[test]
    fn an_overdue_frame_is_repeated_and_the_timeout_follows_the_round_trip() {
        let mut outgoing = Outgoing::default();
        outgoing.push(Bytes::from_static(b"a"), at(0));
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
        assert_eq!(outgoing.deadline(), None);
        let mut last = 0;
        for sequence in 1..60 {
            outgoing.push(Bytes::from_static(b"b"), at(0));
            assert!(outgoing.next(at(sequence * 1000)).is_some());
            outgoing.acknowledge(sequence, at(sequence * 1000 + 700));
            last = sequence;
        }
        assert!(outgoing.timeout > Duration::from_millis(690), "{:?}", outgoing.timeout);
        for sequence in last + 1..last + 100 {
            outgoing.push(Bytes::from_static(b"b"), at(0));
            assert!(outgoing.next(at(1_000_000)).is_some());
            outgoing.acknowledge(sequence, at(1_000_005));
        }
        assert_eq!(outgoing.timeout, SHORTEST_TIMEOUT);
    }

    #[test]
    fn a_frame_that_is_never_acknowledged_does_not_hold_up_another() {
        let mut outgoing = Outgoing::default();
        outgoing.push(Bytes::from_static(b"swallowed"), at(0));
        all(&mut outgoing, 0);
        for round in 1..200 {
            outgoing.push(Bytes::from_static(b"b"), at(0));
            let now = round * 100;
            outgoing.resend_overdue(at(now));
            let sent = all(&mut outgoing, now);
            assert!(sent >= 1);
            // The first copy of this one is lost as well.
            outgoing.resend_overdue(at(now + 90));
            if round > 3 {
                outgoing.acknowledge(round - 3, at(now + 95));
            }
        }
        assert!(outgoing.len() <= 5, "{}", outgoing.len());
        let swallowed = outgoing.frame(0).unwrap().times;
        assert!((20..200).contains(&swallowed), "{swallowed}");
    }

    #[test]
    fn what_the_peer_has_and_never_acknowledges_is_forgotten_in_the_end() {
        let mut outgoing = Outgoing::default();
        let mut now = 0;
        let mut wait = |outgoing: &mut Outgoing| {
            now += 10_000;
            outgoing.resend_overdue(at(now));
            all(outgoing, now);
            outgoing.forget_stubborn()
        };
        outgoing.push(Bytes::from_static(b"acknowledged on a line that broke"), at(0));
        all(&mut outgoing, 0);
        assert_eq!((0..3).map(|_| wait(&mut outgoing)).collect::<Vec<_>>(), [false, false, true]);
        assert_eq!(outgoing.len(), 1, "it may have been lost");
        outgoing.push(Bytes::from_static(b"a question"), at(0));
        assert!(!wait(&mut outgoing), "the question is new");
        outgoing.acknowledge(1, at(50_000));
        assert!(!outgoing.forget_stubborn() && outgoing.is_empty() && outgoing.bytes == 0);
        assert_eq!(outgoing.deadline(), None);
    }

    #[test]
    fn everything_lost_with_a_socket_goes_out_again_in_order() {
        let mut outgoing = Outgoing::default();
        for byte in 0..100u8 {
            outgoing.push(Bytes::copy_from_slice(&[byte]), at(0));
        }
        for _ in 0..60 {
            outgoing.next(at(0));
        }
        (0..60).step_by(2).for_each(|sequence| outgoing.acknowledge(sequence, at(1)));
        outgoing.rewind();
        let again: Vec<u8> = std::iter::from_fn(|| outgoing.next(at(2))).map(|bytes| bytes[0]).collect();
        let expected: Vec<u8> = (0..60u8).filter(|n| n % 2 == 1).chain(60..100).collect();
        assert_eq!(again, expected);
    }

    #[test]
    fn a_long_line_of_overdue_frames_follows_its_acknowledgements() {
        let mut outgoing = Outgoing::default();
        for _ in 0..1000 {
            outgoing.push(Bytes::from_static(b"x"), at(0));
        }
        assert_eq!(all(&mut outgoing, 0), 1000);
        outgoing.resend_overdue(at(300));
        assert_eq!(all(&mut outgoing, 300), FIRST_FRAMES);
        outgoing.resend_overdue(at(310));
        assert_eq!(all(&mut outgoing, 310), 0, "no answer yet");
        (0..as_offset(FIRST_FRAMES)).for_each(|sequence| outgoing.acknowledge(sequence, at(320)));
        outgoing.resend_overdue(at(400));
        assert_eq!(all(&mut outgoing, 400), 0, "there may be more acknowledgements");
        outgoing.resend_overdue(at(600));
        assert_eq!(all(&mut outgoing, 600), 2 * FIRST_FRAMES);
        // What was sent once only was acknowledged: what is older was lost.
        outgoing.acknowledge(999, at(700));
        outgoing.resend_overdue(at(800));
        assert_eq!(all(&mut outgoing, 800), FIRST_FRAMES);
    }

    /// A line that takes some bytes a millisecond and loses none, with everything acknowledged that arrives.
    #[derive(Default)]
    struct Line {
        outgoing: Outgoing,
        under_way: VecDeque<(usize, i64)>,
        budget: usize,
        now: i64,
        sent: usize,
        arrived: usize,
    }

    impl Line {
        fn run(&mut self, rate: usize, seconds: i64) {
            for _ in 0..seconds * 1000 {
                self.now += 1;
                while self.outgoing.has_room() {
                    let piece = self.outgoing.piece().min(128 * 1024);
                    self.outgoing.push(Bytes::from(vec![0; piece]), at(self.now));
                }
                self.outgoing.resend_overdue(at(self.now));
                while let Some(bytes) = self.outgoing.next(at(self.now)) {
                    self.sent += bytes.len();
                    let sequence = self.outgoing.flight.back().unwrap().0;
                    self.under_way.push_back((bytes.len(), sequence));
                }
                self.budget += rate;
                while let Some((size, sequence)) =
                    self.under_way.front().copied().filter(|(size, _)| *size <= self.budget)
                {
                    self.under_way.pop_front();
                    self.budget -= size;
                    let had = self.outgoing.len();
                    self.outgoing.acknowledge(sequence, at(self.now));
                    if self.outgoing.len() < had {
                        self.arrived += size;
                    }
                }
                if self.under_way.is_empty() {
                    self.budget = 0;
                }
            }
        }
    }

    #[test]
    fn a_line_that_becomes_slow_carries_what_is_new() {
        for rate in [20, 200, 1_000, 5_000] {
            let mut line = Line::default();
            line.run(100_000, 2);
            assert_eq!(line.outgoing.window.size(), super::super::window::LARGEST);
            (line.sent, line.arrived) = (0, 0);
            line.run(rate, 60);
            assert!(line.arrived >= rate * 60_000 * 8 / 10, "{rate} B/ms: {} arrived", line.arrived);
            let ahead = line.under_way.iter().map(|(size, _)| size).sum::<usize>();
            assert!(
                line.sent <= line.arrived * 12 / 10 + ahead,
                "{rate} B/ms: {} sent, {} arrived",
                line.sent,
                line.arrived
            );
        }
    }

    #[test]
    fn a_line_that_stands_still_for_a_while_goes_on_at_once() {
        let mut line = Line::default();
        line.run(1_000, 10);
        (line.sent, line.arrived) = (0, 0);
        line.run(0, 8);
        assert!(line.sent <= 1024 * 1024, "{} sent in vain", line.sent);
        line.run(1_000, 10);
        assert!(line.arrived >= 8_000_000, "{} arrived", line.arrived);
    }

    #[test]
    fn hostile_acknowledgements_are_harmless() {
        let mut outgoing = Outgoing::default();
        outgoing.push(Bytes::from_static(b"a"), at(0));
        for sequence in [i64::MIN, -1, 0, 1, i64::MAX] {
            outgoing.acknowledge(sequence, at(0));
        }
        assert_eq!(outgoing.len(), 1, "what was never sent cannot have arrived");
        outgoing.next(at(0));
        outgoing.acknowledge(0, at(-5));
        outgoing.acknowledge(0, at(5));
        assert!(outgoing.is_empty() && outgoing.bytes == 0);
    }

    #[test]
    fn the_window_counts_frames_bytes_and_holes() {
        let mut outgoing = Outgoing::default();
        while outgoing.has_room() {
            outgoing.push(Bytes::from_static(b"x"), at(0));
        }
        assert_eq!(outgoing.len(), WINDOW_FRAMES);
        all(&mut outgoing, 0);
        (1..as_offset(WINDOW_FRAMES)).for_each(|sequence| outgoing.acknowledge(sequence, at(1)));
        assert!(!outgoing.has_room());
        outgoing.acknowledge(0, at(1));
        assert!(outgoing.has_room() && outgoing.frames.is_empty());
        let block = Bytes::from(vec![0; 1 << 20]);
        while outgoing.has_room() {
            outgoing.push(block.clone(), at(0));
        }
        assert_eq!(outgoing.len(), 1, "a block alone is more than a window begins with");
    }
}
