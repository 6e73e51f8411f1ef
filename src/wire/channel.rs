//! The data channel of a session as a pure state machine, for both of its ends.
//!
//! Frames and the time go in with [`Channel::receive`], [`Channel::write`] and [`Channel::tick`]; messages for the socket
//! come out of [`Channel::poll_transmit`], what happened out of [`Channel::poll_event`], and [`Channel::deadline`] says
//! when to call `tick` again. Every byte written arrives once and in order, whatever the network loses, repeats or
//! reorders, and across reconnections. Memory is bounded on both sides: a writer stops at [`Channel::can_send`], a reader
//! that does not take its events leaves further frames unacknowledged.
//!
//! A session with a KMS key is encrypted here, but the keys come from outside: a client is asked for one by
//! [`Event::KeyWanted`], an agent finds its in [`Event::Handshake`] and proves it with [`Channel::encrypt`].
//!
//! No sockets, no clock, no policy: who connects again, what a newline becomes and when a session ends is the caller's.

mod agreement;
mod event;
mod handshake;
mod incoming;
mod late;
mod outgoing;
mod runup;
mod secrecy;
mod window;

use std::{collections::VecDeque, ops::Range};

use bytes::{Buf, Bytes};
use serde::Serialize;
use uuid::Uuid;

use super::{
    envelope::{Checksum, EnvelopeError, View, created_date, kind, payload},
    memory::{self, keep_for_streams},
    messages::{Acknowledged, SessionState, TerminalSize},
    partition,
};
use crate::ssm::Timestamp;
use event::{EXIT_CODE, cost};
use handshake::Opening;
use incoming::{Content, Incoming, Verdict};
use late::{Late, Taken};
use outgoing::Outgoing;
use runup::RunUp;
use secrecy::Secrecy;

pub use event::Event;

/// The version a client announces: AWS's agents want four numeric parts, and this one to know what a client can do.
pub const CLIENT_VERSION: &str = "1.2.650.0";
/// The most data bytes in one frame where AWS's own peers may be at the other end, as they send them.
pub const SMALL_FRAME: usize = 1024;
/// The same everywhere else: every peer reads frames of this size, and they cost a fraction.
pub const LARGE_FRAME: usize = 32 * 1024;
/// The same once both ends know each other for our own. Only a line that is fast enough has frames of this size, see
/// [`Channel::write_from`].
const HUGE_FRAME: usize = 128 * 1024;
/// Events that may wait for their reader, in bytes of payload: the largest window. A frame beyond it is sent again.
const EVENT_LIMIT: usize = 4 * 1024 * 1024;
/// Acknowledgements that may wait for the socket. More than any peer's window, or two ends that both wait for the other
/// to read would wait for ever.
const REPLY_LIMIT: usize = 16 * 1024;

/// How many data bytes go into a frame of a channel at this URL: AWS's service is given what AWS's peers give it.
pub fn frame_size(url: &str) -> usize {
    let host = partition::host_of(url);
    if partition::is_aws_host(host) { SMALL_FRAME } else { LARGE_FRAME }
}

/// Which end of the channel this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The user's end: sends input, receives output.
    Client,
    /// The node's end: sends output, receives input.
    Agent,
}

impl Role {
    fn other(self) -> Self {
        match self {
            Self::Client => Self::Agent,
            Self::Agent => Self::Client,
        }
    }

    fn sends(self) -> &'static str {
        match self {
            Self::Client => kind::INPUT,
            Self::Agent => kind::OUTPUT,
        }
    }

    fn receives(self) -> &'static str {
        self.other().sends()
    }
}

/// One end of a data channel.
#[derive(Debug)]
pub struct Channel {
    role: Role,
    frame_size: usize,
    outgoing: Outgoing,
    incoming: Incoming,
    late: Late,
    opening: Opening,
    secrecy: Secrecy,
    /// What the frames of this end are checked by.
    checksum: Checksum,
    /// Whether both ends multiplex with smux 2.
    windows: bool,
    run_up: RunUp,
    /// The size of the terminal, in the frames of the run-up.
    size: Bytes,
    /// Messages that only have to be written: acknowledgements and states.
    replies: VecDeque<Bytes>,
    /// Whether the frame that goes before them has gone, or need not.
    led: bool,
    events: VecDeque<Event>,
    /// The cost of `events`.
    waiting: usize,
    /// The cost of all events that were read.
    read: u64,
    paused: bool,
    /// When the peer itself was last heard.
    heard: Option<Timestamp>,
    /// The number of the last message id; they count from a random beginning, as randomness for each would cost a call
    /// of the system.
    last_id: u128,
}

impl Channel {
    /// A channel at its beginning: both directions count from 0. `frame_size` is the most data bytes of one frame, see
    /// [`frame_size`].
    pub fn new(role: Role, frame_size: usize) -> Self {
        keep_for_streams();
        Self {
            role,
            frame_size: frame_size.clamp(1, LARGE_FRAME),
            outgoing: Outgoing::default(),
            incoming: Incoming::default(),
            late: Late::default(),
            opening: if role == Role::Client { Opening::Quiet } else { Opening::Done },
            secrecy: Secrecy::default(),
            checksum: Checksum::default(),
            windows: false,
            run_up: RunUp::Done,
            size: Bytes::new(),
            replies: VecDeque::new(),
            // The state of the session comes before its first frame.
            led: true,
            events: VecDeque::new(),
            waiting: 0,
            read: 0,
            paused: false,
            heard: None,
            last_id: Uuid::new_v4().as_u128(),
        }
    }

    /// The client's end of a session that another client began and has left. It goes on where the node is, whatever that
    /// one had counted to. `unsure` is what its [`Channel::counted`] was at last or later: the node has every frame below it and
    /// none from its end on. Without it a guess is made, which is wrong after very much input. A session whose key only the
    /// first one has cannot be taken over.
    pub fn take_over(frame_size: usize, size: TerminalSize, unsure: Option<Range<i64>>) -> Self {
        let run_up = RunUp::over(unsure);
        Self {
            opening: Opening::Done,
            outgoing: Outgoing::beginning_at(run_up.end()),
            incoming: Incoming::in_the_middle(),
            run_up,
            size: serde_json::to_vec(&size).unwrap_or_default().into(),
            ..Self::new(Role::Client, frame_size)
        }
    }

    /// Takes a message from the socket. What is not a message, or not one for this end, changes nothing.
    pub fn receive(&mut self, bytes: &Bytes, now: Timestamp) -> Result<(), EnvelopeError> {
        let message = View::decode(bytes)?;
        match message.message_type {
            kind::ACKNOWLEDGE => {
                self.paused = false;
                self.heard = Some(now);
                if let Ok(acknowledged) = serde_json::from_slice::<Acknowledged>(message.payload) {
                    self.outgoing.acknowledge(acknowledged.sequence, now);
                    self.run_up.acknowledged(acknowledged.sequence);
                    self.opening.acknowledged(now);
                }
            }
            kind::PAUSE_PUBLICATION => {
                self.paused = true;
                self.push(Event::Peer { present: false });
            }
            kind::START_PUBLICATION => {
                self.paused = false;
                // What was sent while the peer was away has reached nobody.
                self.outgoing.rewind();
                self.push(Event::Peer { present: true });
            }
            kind::CHANNEL_CLOSED => {
                self.push(Event::Closed(serde_json::from_slice(message.payload).unwrap_or_default()));
            }
            stream if stream == self.role.receives() => {
                self.paused = false;
                self.heard = Some(now);
                let content =
                    Content { payload_type: message.payload_type, payload: memory::lasting(bytes, message.payload) };
                self.stream_frame(message.message_id, message.sequence_number, content, now);
            }
            other => tracing::debug!(message_type = other, "a message that is not for this end of the channel"),
        }
        Ok(())
    }

    /// Whether more messages should be read from the socket. A reader who goes on in spite of it loses nothing, but makes
    /// the peer send again what found no room.
    pub fn wants_input(&self) -> bool {
        self.waiting < EVENT_LIMIT && self.replies.len() < REPLY_LIMIT
    }

    /// Acknowledges from now on no more than so many bytes that wait for their reader; the rest when the reader comes to it.
    /// Frames are taken all the same: what the peer acknowledges is among them.
    pub fn acknowledge_ahead(&mut self, bytes: usize) {
        self.late.set_ahead(bytes);
    }

    /// Bytes that wait for [`Channel::poll_event`].
    pub fn backlog(&self) -> usize {
        self.waiting
    }

    /// Writes data of one payload type, [`payload::OUTPUT`] or [`payload::STDERR`]. Answers how many bytes were taken;
    /// fewer than there are when the window is full, and none before a client knows how its session begins.
    pub fn write(&mut self, payload_type: u32, data: &[u8], now: Timestamp) -> usize {
        let mut rest = data;
        self.write_from(payload_type, &mut rest, now);
        data.len() - rest.len()
    }

    /// Like [`Channel::write`]; what is taken is gone from `data`. A frame is never more than a quarter of the window.
    pub fn write_from(&mut self, payload_type: u32, data: &mut impl Buf, now: Timestamp) {
        while data.has_remaining() && self.can_send() {
            let size = self.outgoing.piece().clamp(1, self.frame_size);
            self.enqueue(payload_type, data.take(size), now);
        }
    }

    /// Whether [`Channel::write`] takes anything now.
    pub fn can_send(&self) -> bool {
        self.opening == Opening::Done && self.outgoing.has_room()
    }

    /// Whether the peer has acknowledged everything.
    pub fn is_drained(&self) -> bool {
        self.outgoing.is_empty()
    }

    /// How many frames the peer has not acknowledged.
    pub fn unacknowledged(&self) -> usize {
        self.outgoing.len()
    }

    /// Bytes that the peer has not acknowledged, with what frames cost besides their data.
    pub fn unacknowledged_bytes(&self) -> usize {
        self.outgoing.bytes()
    }

    /// Since when the peer owes an answer: when what it has not acknowledged was written, or when it was last heard, if that
    /// was later. `None` when it owes none. What the service says by itself is no answer of the peer.
    pub fn unanswered_since(&self) -> Option<Timestamp> {
        let written = self.outgoing.oldest()?;
        Some(self.heard.map_or(written, |heard| heard.max(written)))
    }

    /// To be called by an agent that only waits for acknowledgements. AWS's client acknowledges a frame once; when that is
    /// lost with its line, it is lost for good, however often the frame is repeated. Then an empty frame asks what it has.
    pub fn press(&mut self, now: Timestamp) {
        if self.outgoing.forget_stubborn() && !self.paused {
            self.enqueue(payload::OUTPUT, &[][..], now);
        }
    }

    /// Tells the agent the size of the terminal.
    pub fn send_size(&mut self, size: TerminalSize, now: Timestamp) {
        self.send_json(payload::SIZE, &size, now);
    }

    /// Sends a flag, see [`super::envelope::flag`].
    pub fn send_flag(&mut self, flag: u32, now: Timestamp) {
        self.enqueue(payload::FLAG, &flag.to_be_bytes()[..], now);
    }

    /// Tells the client how the command ended.
    pub fn send_exit_code(&mut self, code: i32, now: Timestamp) {
        self.enqueue(payload::EXIT_CODE, format!("{EXIT_CODE}{code}").as_bytes(), now);
    }

    /// The numbers of frames that the peer may have and may not: all below it has, and none from the end on has been used.
    pub fn counted(&self) -> Range<i64> {
        let start = self.run_up.start().unwrap_or_else(|| self.outgoing.first_sequence());
        start..self.outgoing.next_sequence()
    }

    /// Tells the service the state of the session, `Connected` or `Terminating`. It is not sequenced.
    pub fn send_session_state(&mut self, state: &str, session_id: &str, now: Timestamp) {
        let body = SessionState { schema_version: 1, session_state: state.into(), session_id: session_id.into() };
        self.reply(kind::SESSION_STATE, &body, now);
    }

    /// The next message to write to the socket; `None` when there is none for now.
    pub fn poll_transmit(&mut self, now: Timestamp) -> Option<Bytes> {
        // One frame leads: it may be a key or its echo, which somebody waits for, and for acknowledgements nobody does.
        if !self.led && self.opening == Opening::Done {
            self.led = true;
            if let Some(frame) = self.next_frame(now) {
                return Some(frame);
            }
        }
        let next = self.replies.pop_front().or_else(|| self.next_frame(now));
        self.led = next.is_some();
        next
    }

    /// Whether all that there is to send is one acknowledgement.
    pub fn owes_one_acknowledgement(&self) -> bool {
        self.replies.len() == 1 && self.run_up == RunUp::Done && !self.outgoing.has_next()
    }

    fn next_frame(&mut self, now: Timestamp) -> Option<Bytes> {
        if self.paused {
            return None;
        }
        if let Some(sequence_number) = self.run_up.next() {
            let size = self.size.clone();
            let message = self.message(self.role.sends(), &size, now);
            let frame = View { payload_type: payload::SIZE, sequence_number, ..message };
            return Some(frame.encode().into());
        }
        self.outgoing.next(now)
    }

    /// The next thing that happened.
    pub fn poll_event(&mut self) -> Option<Event> {
        let event = self.events.pop_front()?;
        self.waiting = self.waiting.saturating_sub(cost(&event));
        self.read = self.read.saturating_add(cost(&event) as u64);
        while let Some(frame) = self.late.release(self.read) {
            self.acknowledge(frame);
        }
        Some(event)
    }

    /// When [`Channel::tick`] has something to do.
    pub fn deadline(&self) -> Option<Timestamp> {
        let resend = if self.paused { None } else { self.outgoing.deadline() };
        resend.into_iter().chain(self.opening.deadline()).min()
    }

    /// Puts overdue frames out again; [`Channel::poll_transmit`] then has them.
    pub fn tick(&mut self, now: Timestamp) {
        self.opening.tick(now);
        if !self.paused {
            self.outgoing.resend_overdue(now);
        }
    }

    /// The socket is a new one: what was under way on the old one is lost. Sequence numbers carry on, everything
    /// unacknowledged goes out again, in order, and what was acknowledged last is acknowledged again.
    pub fn reconnected(&mut self) {
        self.replies.clear();
        for frame in self.late.reconnected() {
            self.acknowledge(frame);
        }
        self.paused = false;
        self.run_up.reconnected();
        self.outgoing.rewind();
    }

    fn enqueue(&mut self, payload_type: u32, mut plain: impl Buf, now: Timestamp) {
        let sequence_number = self.outgoing.next_sequence();
        let frame = View {
            payload_type,
            sequence_number,
            // AWS's agent marks its very first frame, AWS's client none.
            flags: u64::from(self.role == Role::Agent && sequence_number == 0),
            ..self.message(self.role.sends(), &[], now)
        };
        let bytes = match self.secrecy.sealing(self.role, payload_type) {
            None => frame.encode_with(plain, self.checksum),
            Some(keys) => match keys.seal(&plain.copy_to_bytes(plain.remaining())) {
                Ok(sealed) => frame.encode_with(&sealed[..], self.checksum),
                Err(error) => return self.push(Event::Broken(error)),
            },
        };
        self.outgoing.push(bytes.into(), now);
    }

    fn message<'a>(&mut self, message_type: &'a str, payload: &'a [u8], now: Timestamp) -> View<'a> {
        self.last_id = self.last_id.wrapping_add(1);
        View {
            message_type,
            schema_version: 1,
            created_date: created_date(now),
            sequence_number: 0,
            flags: 0,
            message_id: uuid::Builder::from_random_bytes(self.last_id.to_be_bytes()).into_uuid(),
            payload_type: 0,
            payload,
        }
    }

    fn send_json(&mut self, payload_type: u32, body: &impl Serialize, now: Timestamp) {
        match serde_json::to_vec(body) {
            Ok(body) => self.enqueue(payload_type, &body[..], now),
            Err(error) => tracing::error!(%error, payload_type, "a frame that cannot be written"),
        }
    }

    fn reply(&mut self, message_type: &str, body: &impl Serialize, now: Timestamp) {
        let Ok(body) = serde_json::to_vec(body) else { return };
        let message = View { flags: 3, ..self.message(message_type, &body, now) };
        self.replies.push_back(message.encode().into());
    }

    fn stream_frame(&mut self, id: Uuid, sequence: i64, content: Content, now: Timestamp) {
        // A reader that is behind leaves new frames to the peer, who will send them again.
        let verdict = match self.incoming.is_new(sequence) && !self.wants_input() {
            true => Verdict::NoRoom,
            false => self.incoming.accept(sequence, content),
        };
        let frame = Taken { id, sequence, at: now };
        match verdict {
            Verdict::NoRoom => {}
            Verdict::Known => self.late.again(frame).into_iter().for_each(|frame| self.acknowledge(frame)),
            Verdict::Next(content) => {
                self.deliver(content, now);
                let end = self.read.saturating_add(self.waiting as u64);
                if !self.late.defers(end, self.read, frame) {
                    self.acknowledge(frame);
                }
                while let Some(content) = self.incoming.next() {
                    self.deliver(content, now);
                }
            }
        }
    }

    fn acknowledge(&mut self, frame: Taken) {
        self.late.said(frame);
        let acknowledgement = Acknowledgement {
            acknowledged_message_type: self.role.receives(),
            acknowledged_message_id: frame.id,
            acknowledged_message_sequence_number: frame.sequence,
            is_sequential_message: true,
        };
        self.reply(kind::ACKNOWLEDGE, &acknowledgement, frame.at);
    }

    fn push(&mut self, event: Event) {
        self.waiting = self.waiting.saturating_add(cost(&event));
        self.events.push_back(event);
    }
}

/// The payload of `acknowledge`, as [`super::messages::Acknowledge`] has it, without copies.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Acknowledgement {
    acknowledged_message_type: &'static str,
    acknowledged_message_id: Uuid,
    acknowledged_message_sequence_number: i64,
    is_sequential_message: bool,
}

#[cfg(test)]
mod tests;
