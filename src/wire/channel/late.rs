//! Acknowledging late: what waits for a slow reader is acknowledged when the reader comes to it, so that the peer knows how
//! far it has come, and has little under way that could not be taken back.

use std::collections::VecDeque;

use uuid::Uuid;

use crate::ssm::Timestamp;

/// Acknowledgements that are said again on a new line, the newest ones: a line at the pace of AWS's peers has fewer under way.
const RECENT: usize = 1024;

/// A frame that was taken.
#[derive(Clone, Copy, Debug)]
pub(super) struct Taken {
    pub(super) id: Uuid,
    pub(super) sequence: i64,
    pub(super) at: Timestamp,
}

/// The frames whose acknowledgement waits for the reader.
#[derive(Debug)]
pub(super) struct Late {
    /// Bytes that are acknowledged ahead of the reader.
    ahead: usize,
    /// Where the events of each frame end in the stream of all events, in bytes.
    waiting: VecDeque<(u64, Taken)>,
    /// The last one that was acknowledged.
    last: Option<Taken>,
    /// Those that were acknowledged last. What was said of them may be lost with the line.
    recent: VecDeque<Taken>,
}

impl Default for Late {
    fn default() -> Self {
        Self { ahead: usize::MAX, waiting: VecDeque::new(), last: None, recent: VecDeque::new() }
    }
}

impl Late {
    pub(super) fn set_ahead(&mut self, bytes: usize) {
        self.ahead = bytes;
    }

    /// A frame came whose events end here in the stream of all. `false` if it is to be acknowledged at once.
    pub(super) fn defers(&mut self, end: u64, read: u64, frame: Taken) -> bool {
        let late = end.saturating_sub(read) > self.ahead as u64;
        match late {
            true => self.waiting.push_back((end, frame)),
            false => self.last = Some(frame),
        }
        late
    }

    /// A frame is acknowledged.
    pub(super) fn said(&mut self, frame: Taken) {
        if self.recent.len() == RECENT {
            self.recent.pop_front();
        }
        self.recent.push_back(frame);
    }

    /// What is to be acknowledged on a new line, because it may not have arrived on the old one. AWS's agent would ask for it frame
    /// by frame, and for one every 100 ms, before it repeats what is really missing.
    pub(super) fn reconnected(&mut self) -> VecDeque<Taken> {
        std::mem::take(&mut self.recent)
    }

    /// A frame came again. The one to acknowledge: itself, or where its acknowledgement waits the last one before, which tells
    /// the peer that somebody is there.
    pub(super) fn again(&self, frame: Taken) -> Option<Taken> {
        match self.waiting.iter().any(|(_, waiting)| waiting.sequence == frame.sequence) {
            true => self.last,
            false => Some(frame),
        }
    }

    /// The next frame to acknowledge, when the reader has come this far.
    pub(super) fn release(&mut self, read: u64) -> Option<Taken> {
        let due = |(end, _): &&(u64, Taken)| end.saturating_sub(read) <= self.ahead as u64;
        self.waiting.front().filter(due)?;
        let (_, frame) = self.waiting.pop_front()?;
        self.last = Some(frame);
        self.last
    }
}
