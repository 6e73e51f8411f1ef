//! What a client has of its agent's output, and when the engine says so in its stead.
//!
//! AWS's client acknowledges a frame once; one that it knows already it drops without a word. AWS's agent repeats the oldest
//! frame that is not acknowledged, and only that one. So when a line breaks between a frame and its acknowledgement, the
//! agent repeats for ever what the client has, and whatever was lost behind it never comes: both stand still until the
//! session ends. The engine stands between them and knows enough to go on. It acknowledges a repeated frame itself
//!
//! * when the client has acknowledged it before. That holds whatever client it is and however many lines broke since.
//! * when AWS's client was shown it and says nothing. That client reads, acknowledges and answers pings in one thread and in
//!   the order in which things come, so a pong to a ping behind the frame proves that the frame was looked at, and left.
//!   There are other reasons to leave a frame than having it, and all of them have to be ruled out:
//!   - it comes too early, and there is no room to keep it: everything before it is known to be with the client;
//!   - its receiver is not in place yet: the client has sent input, which it only does behind that;
//!   - its receiver has nowhere to put it: in a forward of one connection at a time, so nothing is said there;
//!   - it is damaged: its digest is right;
//!   - the pong is not about this line: every ping has a number of its own.
//!
//!   And it must have been handed out on an earlier line as well; on its first one a frame is acknowledged.
//!
//! Of any other client silence proves nothing. Ours acknowledges what it knows as often as it is told, but leaves a frame
//! for which it has no room to the agent, and answers pings in spite of that.
//!
//! Where something of this is not known, as after a restart of the engine, nothing is said until it is: to stand still is
//! better than to lose. No sockets and no clock here; the relay says what happened and does what comes out.

use std::collections::{BTreeMap, VecDeque};

use uuid::Uuid;

use crate::{
    ssm::document::SessionType,
    wire::{
        messages::{HandshakeRequest, HandshakeResponse},
        version::{LAST_SINGLE_AGENT, LAST_SINGLE_CLIENT, is_after},
    },
};

/// Stretches of frames that were acknowledged before an older one. Further ones are forgotten, and then have to be
/// acknowledged once more.
const STRETCHES: usize = 1024;
/// Repeated frames that one line may be asked about at a time.
const RUN: usize = 1024;

/// A client's new line, as far as it matters here.
#[derive(Clone, Debug, Default)]
pub(super) struct Line {
    /// Chosen by the client, and the same on all of its lines.
    pub client_id: String,
    /// Whether it is AWS's client, whose silence says something.
    pub reticent: bool,
    /// Whether its session is a shell or a command, whose receiver stays in place once it is there.
    pub shell: bool,
}

/// A frame to be acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Receipt {
    pub id: Uuid,
    pub sequence: i64,
}

/// What is to be done with a frame of the agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is passed on.
    Pass,
    /// It is passed on, and once it is on its way [`Receipts::handed`] is told.
    PassAndTell,
    /// The client has it: it is acknowledged, and not passed on.
    Known,
}

/// The account of one session.
#[derive(Debug, Default)]
pub(super) struct Receipts {
    /// Where the account begins: at 0, or with the oldest frame that was seen. `None` before there was one.
    base: Option<i64>,
    /// The oldest frame that the client is not known to have. All from `base` up to it, it has.
    floor: i64,
    /// What the client has beyond `floor`, each stretch by its first frame and the one behind its last.
    beyond: BTreeMap<i64, i64>,
    /// Frames from this one on have not been on an earlier line; `None` where the earlier lines are not known.
    fresh: Option<i64>,
    line: Option<Line>,
    /// Whether the client's receiver is in place.
    ready: bool,
    /// What the handshake said of the receiver: whether it stays in place.
    stays: Option<bool>,
    /// The oldest repeated frames that this line was handed, in a row from `floor` on but for those that the client has.
    run: VecDeque<Receipt>,
    /// The number of the ping that is under way, and the frame before which it stands.
    question: Option<(u64, i64)>,
    questions: u64,
}

impl Receipts {
    /// The account of a session that begins.
    pub fn from_the_beginning() -> Self {
        Self { base: Some(0), fresh: Some(0), ..Self::default() }
    }

    /// The account of a session that began elsewhere, or before the engine did. `heard` says whether its client has sent input.
    pub fn in_the_middle(heard: bool) -> Self {
        Self { ready: heard, ..Self::default() }
    }

    /// The client has a new line. `next` is the first frame that the agent has not sent yet. If it is another client than the one
    /// before, the answer is the oldest frame that the agent sent and that one is not known to have.
    pub fn line(&mut self, line: Line, next: i64) -> Option<i64> {
        self.run.clear();
        self.question = None;
        let mut owed = None;
        if self.line.as_ref().is_some_and(|old| old.client_id != line.client_id) {
            owed = self.base.map(|_| self.floor).filter(|floor| *floor < next);
            // Somebody else, of whom nothing is known.
            *self = Self { questions: self.questions, stays: self.stays, ..Self::default() };
        }
        self.fresh = self.fresh.map(|_| next);
        self.line = Some(line);
        owed
    }

    /// The client has sent input, so it can take output.
    pub fn input(&mut self) {
        self.ready = true;
    }

    /// The agent has begun the handshake.
    pub fn asked(&mut self, request: &HandshakeRequest) {
        let single = request.requested_client_actions.iter().any(|action| {
            let text = |value: &serde_json::Value, name: &str| value[name].as_str().map(str::to_owned);
            let parameters = &action.action_parameters;
            text(parameters, "SessionType").is_some_and(|kind| kind == SessionType::Port.as_str())
                && text(&parameters["Properties"], "type").is_some_and(|kind| kind == "LocalPortForwarding")
                && !is_after(&request.agent_version, LAST_SINGLE_AGENT)
        });
        // It may be repeated after the answer.
        self.stays = Some(!single && self.stays != Some(false));
    }

    /// The client has answered it.
    pub fn answered_handshake(&mut self, response: &HandshakeResponse) {
        if !is_after(&response.client_version, LAST_SINGLE_CLIENT) {
            self.stays = Some(false);
        }
    }

    /// The agent sends a frame; `next` is the first one that it had not sent before.
    pub fn output(&mut self, sequence: i64, next: i64) -> Verdict {
        if sequence < 0 {
            return Verdict::Pass;
        }
        self.see(sequence);
        if self.has(sequence) {
            return Verdict::Known;
        }
        let repeated = sequence < next && self.fresh.is_none_or(|fresh| sequence < fresh);
        if repeated && self.silence_speaks() { Verdict::PassAndTell } else { Verdict::Pass }
    }

    /// A frame of which [`Verdict::PassAndTell`] was said is on its way to the client, on the present line, and whole. The
    /// answer is the number of a ping to be sent behind it.
    pub fn handed(&mut self, frame: Receipt) -> Option<u64> {
        self.settle();
        if frame.sequence == self.run_end() && self.run.len() < RUN {
            self.run.push_back(frame);
        }
        self.ask()
    }

    /// The client acknowledges a frame; `next` is the first one that the agent has not sent yet.
    pub fn acknowledged(&mut self, sequence: i64, next: i64) {
        if sequence < next && self.base.is_some_and(|base| sequence >= base) {
            self.keep(sequence, sequence + 1);
        }
    }

    /// The client answers a ping, and so everything before it. The answer is what it has without having said so, and the
    /// number of the next ping to be sent.
    pub fn answered(&mut self, number: u64) -> (Vec<Receipt>, Option<u64>) {
        let Some((_, until)) = self.question.take_if(|(asked, _)| *asked == number) else { return Default::default() };
        self.settle();
        let shown = self.run.iter().take_while(|frame| frame.sequence < until).count();
        let silent: Vec<Receipt> = self.run.drain(..shown).collect();
        let owed: Vec<Receipt> = silent.into_iter().filter(|frame| !self.has(frame.sequence)).collect();
        for frame in &owed {
            self.keep(frame.sequence, frame.sequence + 1);
        }
        (owed, self.ask())
    }

    fn silence_speaks(&self) -> bool {
        let Some(line) = &self.line else { return false };
        line.reticent && self.ready && self.stays.unwrap_or(line.shell)
    }

    fn has(&self, sequence: i64) -> bool {
        self.base.is_some_and(|base| (base..self.floor).contains(&sequence)) || self.behind(sequence) != sequence
    }

    /// The first frame from this one on that the client is not known to have.
    fn behind(&self, sequence: i64) -> i64 {
        match self.beyond.range(..=sequence).next_back() {
            Some((_, end)) if *end > sequence => *end,
            _ => sequence,
        }
    }

    /// Lets the account begin with the oldest frame that the agent still has.
    fn see(&mut self, sequence: i64) {
        let base = *self.base.get_or_insert_with(|| {
            self.floor = sequence;
            sequence
        });
        if sequence < base {
            let had = (base, self.floor);
            (self.base, self.floor) = (Some(sequence), sequence);
            self.run.clear();
            self.question = None;
            if had.0 < had.1 {
                self.keep(had.0, had.1);
            }
        }
    }

    /// The client has the frames from `start` up to `end`.
    fn keep(&mut self, mut start: i64, mut end: i64) {
        if start <= self.floor {
            self.floor = self.floor.max(end);
        } else {
            if let Some((first, last)) = self.beyond.range(..=start).next_back().filter(|(_, last)| **last >= start) {
                (start, end) = (*first, end.max(*last));
            }
            while let Some((first, last)) = self.beyond.range(start..=end).next().map(|(first, last)| (*first, *last)) {
                self.beyond.remove(&first);
                end = end.max(last);
            }
            self.beyond.insert(start, end);
            if self.beyond.len() > STRETCHES {
                self.beyond.pop_last();
            }
        }
        while let Some(first) = self.beyond.first_entry().filter(|first| *first.key() <= self.floor) {
            self.floor = self.floor.max(first.remove());
        }
    }

    /// Forgets of the run what was acknowledged since.
    fn settle(&mut self) {
        while self.run.front().is_some_and(|frame| frame.sequence < self.floor) {
            self.run.pop_front();
        }
    }

    fn run_end(&self) -> i64 {
        self.run.back().map_or(self.floor, |last| self.behind(last.sequence + 1))
    }

    fn ask(&mut self) -> Option<u64> {
        let last = self.run.back().filter(|_| self.question.is_none())?;
        self.questions += 1;
        self.question = Some((self.questions, last.sequence + 1));
        Some(self.questions)
    }
}

#[cfg(test)]
mod tests;
