//! The data channel of a session as a pure state machine, for both of its ends.
//!
//! Frames and the time go in with [`Channel::receive`], [`Channel::write`] and [`Channel::tick`]; messages for the socket
//! come out of [`Channel::poll_transmit`], what happened out of [`Channel::poll_event`], and [`Channel::deadline`] says
//! when to call `tick` again. Every byte written arrives once and in order, whatever the network loses, repeats or
//! reorders, and across reconnections. Memory is bounded on both sides: a writer stops at [`Channel::can_send`], a reader
//! that does not take its events leaves further frames unacknowledged.
//!
//! No sockets, no clock, no policy: who connects again, what a newline becomes and when a session ends is the caller's.

mod handshake;
mod incoming;
mod outgoing;

use std::collections::VecDeque;

use bytes::Bytes;
use serde::Serialize;
use serde_json::Value;

use super::{
    envelope::{Envelope, EnvelopeError, kind, payload},
    messages::{
        Acknowledge, ChannelClosed, HandshakeComplete, HandshakeRequest, HandshakeResponse, SessionState, TerminalSize,
    },
};
use crate::ssm::Timestamp;
use incoming::{Incoming, Verdict};
use outgoing::Outgoing;

/// The version a client announces: AWS's agents want four numeric parts, and this one to know what a client can do.
pub const CLIENT_VERSION: &str = "1.2.650.0";
/// The most data bytes in one frame, as AWS's peers send them.
pub const FRAME_LIMIT: usize = 1024;
/// Events that may wait for their reader, in bytes of payload.
const EVENT_LIMIT: usize = 4 * 1024 * 1024;
/// What an event costs besides its payload, so that empty frames are bounded too.
const EVENT_COST: usize = 64;

/// Which end of the channel this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The user's end: sends input, receives output.
    Client,
    /// The node's end: sends output, receives input.
    Agent,
}

impl Role {
    fn sends(self) -> &'static str {
        match self {
            Self::Client => kind::INPUT,
            Self::Agent => kind::OUTPUT,
        }
    }

    fn receives(self) -> &'static str {
        match self {
            Self::Client => kind::OUTPUT,
            Self::Agent => kind::INPUT,
        }
    }
}

/// What came in, in the order in which the peer sent it.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// Bytes of the stream: keystrokes for an agent, output for a client.
    Data(Vec<u8>),
    /// Bytes of standard error, for a client.
    Stderr(Vec<u8>),
    /// The exit code of the command, for a client.
    ExitCode(i32),
    /// The size of the user's terminal, for an agent.
    Size(TerminalSize),
    /// See [`super::envelope::flag`].
    Flag(u32),
    /// The agent told a client what kind of session this is. The answer is on its way.
    SessionType {
        /// `Standard_Stream`, `Port` and so on.
        session_type: String,
        /// The document's properties; null for shells.
        properties: Value,
        /// Four parts, `3.3.0.0`.
        agent_version: String,
    },
    /// The agent asked a client for something it cannot do, so the session will fail. One sentence.
    Unsupported(String),
    /// The client answered the handshake of an agent.
    Handshake(HandshakeResponse),
    /// The agent ended the handshake; the text, if any, is for the user.
    HandshakeComplete(String),
    /// The peer is there, or it is not, as the service says.
    Peer {
        /// Whether it is there.
        present: bool,
    },
    /// The service says that the session is over.
    Closed(ChannelClosed),
}

/// One end of a data channel.
#[derive(Debug)]
pub struct Channel {
    role: Role,
    outgoing: Outgoing,
    incoming: Incoming,
    /// Messages that only have to be written: acknowledgements and states.
    replies: VecDeque<Bytes>,
    events: VecDeque<Event>,
    /// The cost of `events`.
    waiting: usize,
    paused: bool,
}

impl Channel {
    /// A channel at its beginning: both directions count from 0.
    pub fn new(role: Role) -> Self {
        Self {
            role,
            outgoing: Outgoing::default(),
            incoming: Incoming::default(),
            replies: VecDeque::new(),
            events: VecDeque::new(),
            waiting: 0,
            paused: false,
        }
    }

    /// Takes a message from the socket. What is not a message, or not one for this end, changes nothing.
    pub fn receive(&mut self, bytes: &[u8], now: Timestamp) -> Result<(), EnvelopeError> {
        let message = Envelope::decode(bytes)?;
        match message.message_type.as_str() {
            kind::ACKNOWLEDGE => {
                self.paused = false;
                if let Ok(acknowledge) = serde_json::from_slice::<Acknowledge>(&message.payload) {
                    self.outgoing.acknowledge(acknowledge.acknowledged_message_sequence_number, now);
                }
            }
            kind::PAUSE_PUBLICATION => {
                self.paused = true;
                self.push(Event::Peer { present: false });
            }
            kind::START_PUBLICATION => {
                self.paused = false;
                self.push(Event::Peer { present: true });
            }
            kind::CHANNEL_CLOSED => {
                self.push(Event::Closed(serde_json::from_slice(&message.payload).unwrap_or_default()));
            }
            stream if stream == self.role.receives() => {
                self.paused = false;
                self.stream_frame(message, now);
            }
            other => tracing::debug!(message_type = other, "a message that is not for this end of the channel"),
        }
        Ok(())
    }

    /// Writes data of one payload type, [`payload::OUTPUT`] or [`payload::STDERR`]. Answers how many bytes were taken;
    /// fewer than there are when the window is full.
    pub fn write(&mut self, payload_type: u32, data: &[u8], now: Timestamp) -> usize {
        let mut taken = 0;
        for piece in data.chunks(FRAME_LIMIT) {
            if !self.can_send() {
                break;
            }
            self.enqueue(payload_type, piece.to_vec(), now);
            taken += piece.len();
        }
        taken
    }

    /// Whether [`Channel::write`] takes anything now.
    pub fn can_send(&self) -> bool {
        self.outgoing.has_room()
    }

    /// Whether the peer has acknowledged everything.
    pub fn is_drained(&self) -> bool {
        self.outgoing.is_empty()
    }

    /// How many frames the peer has not acknowledged.
    pub fn unacknowledged(&self) -> usize {
        self.outgoing.len()
    }

    /// Tells the agent the size of the terminal.
    pub fn send_size(&mut self, size: TerminalSize, now: Timestamp) {
        self.send_json(payload::SIZE, &size, now);
    }

    /// Sends a flag, see [`super::envelope::flag`].
    pub fn send_flag(&mut self, flag: u32, now: Timestamp) {
        self.enqueue(payload::FLAG, flag.to_be_bytes().to_vec(), now);
    }

    /// Tells the client how the command ended.
    pub fn send_exit_code(&mut self, code: i32, now: Timestamp) {
        self.enqueue(payload::EXIT_CODE, format!("{EXIT_CODE}{code}").into_bytes(), now);
    }

    /// Asks the client for what a session needs; [`Event::Handshake`] brings the answer.
    pub fn send_handshake_request(&mut self, request: &HandshakeRequest, now: Timestamp) {
        self.send_json(payload::HANDSHAKE_REQUEST, request, now);
    }

    /// Ends the handshake.
    pub fn send_handshake_complete(&mut self, complete: &HandshakeComplete, now: Timestamp) {
        self.send_json(payload::HANDSHAKE_COMPLETE, complete, now);
    }

    /// Tells the service the state of the session, `Connected` or `Terminating`. It is not sequenced.
    pub fn send_session_state(&mut self, state: &str, session_id: &str, now: Timestamp) {
        let body = SessionState { schema_version: 1, session_state: state.into(), session_id: session_id.into() };
        self.reply(kind::SESSION_STATE, &body, now);
    }

    /// The next message to write to the socket.
    pub fn poll_transmit(&mut self, now: Timestamp) -> Option<Bytes> {
        if let Some(reply) = self.replies.pop_front() {
            return Some(reply);
        }
        if self.paused {
            return None;
        }
        self.outgoing.next(now)
    }

    /// The next thing that happened.
    pub fn poll_event(&mut self) -> Option<Event> {
        let event = self.events.pop_front()?;
        self.waiting = self.waiting.saturating_sub(cost(&event));
        Some(event)
    }

    /// When [`Channel::tick`] has something to do; `None` while nothing is unacknowledged.
    pub fn deadline(&self) -> Option<Timestamp> {
        if self.paused { None } else { self.outgoing.deadline() }
    }

    /// Puts overdue frames out again; [`Channel::poll_transmit`] then has them.
    pub fn tick(&mut self, now: Timestamp) {
        if !self.paused {
            self.outgoing.resend_overdue(now);
        }
    }

    /// The socket is a new one: what was under way on the old one is lost. Sequence numbers carry on, and everything
    /// unacknowledged goes out again, in order.
    pub fn reconnected(&mut self) {
        self.replies.clear();
        self.paused = false;
        self.outgoing.rewind();
    }

    fn enqueue(&mut self, payload_type: u32, payload: Vec<u8>, now: Timestamp) {
        let mut frame = Envelope::new(self.role.sends(), now, payload);
        frame.payload_type = payload_type;
        frame.sequence_number = self.outgoing.next_sequence();
        // AWS's agent marks its very first frame, AWS's client none.
        frame.flags = u64::from(self.role == Role::Agent && frame.sequence_number == 0);
        self.outgoing.push(frame.encode().into());
    }

    fn send_json(&mut self, payload_type: u32, body: &impl Serialize, now: Timestamp) {
        match serde_json::to_vec(body) {
            Ok(body) => self.enqueue(payload_type, body, now),
            Err(error) => tracing::error!(%error, payload_type, "a frame that cannot be written"),
        }
    }

    fn reply(&mut self, message_type: &str, body: &impl Serialize, now: Timestamp) {
        let Ok(body) = serde_json::to_vec(body) else { return };
        let mut message = Envelope::new(message_type, now, body);
        message.flags = 3;
        self.replies.push_back(message.encode().into());
    }

    fn stream_frame(&mut self, frame: Envelope, now: Timestamp) {
        let acknowledge = Acknowledge {
            acknowledged_message_type: frame.message_type.clone(),
            acknowledged_message_id: frame.message_id.to_string(),
            acknowledged_message_sequence_number: frame.sequence_number,
            is_sequential_message: true,
        };
        // A reader that is behind leaves new frames to the peer, who will send them again.
        let verdict = match self.incoming.is_new(frame.sequence_number) && self.waiting >= EVENT_LIMIT {
            true => Verdict::NoRoom,
            false => self.incoming.accept(frame),
        };
        if verdict != Verdict::NoRoom {
            self.reply(kind::ACKNOWLEDGE, &acknowledge, now);
        }
        while let Some(frame) = self.incoming.next() {
            self.deliver(frame, now);
        }
    }

    fn deliver(&mut self, frame: Envelope, now: Timestamp) {
        let event = match (frame.payload_type, self.role) {
            (payload::OUTPUT, _) => Some(Event::Data(frame.payload)),
            (payload::STDERR, Role::Client) => Some(Event::Stderr(frame.payload)),
            (payload::EXIT_CODE, Role::Client) => exit_code(&frame.payload).map(Event::ExitCode),
            (payload::FLAG, _) => frame.payload.try_into().ok().map(u32::from_be_bytes).map(Event::Flag),
            (payload::SIZE, Role::Agent) => serde_json::from_slice(&frame.payload).ok().map(Event::Size),
            (payload::HANDSHAKE_RESPONSE, Role::Agent) => {
                serde_json::from_slice(&frame.payload).ok().map(Event::Handshake)
            }
            (payload::HANDSHAKE_COMPLETE, Role::Client) => {
                let complete: HandshakeComplete = serde_json::from_slice(&frame.payload).unwrap_or_default();
                Some(Event::HandshakeComplete(complete.customer_message))
            }
            (payload::HANDSHAKE_REQUEST, Role::Client) => {
                if let Ok(request) = serde_json::from_slice::<HandshakeRequest>(&frame.payload) {
                    let (response, events) = handshake::answer(request);
                    self.send_json(payload::HANDSHAKE_RESPONSE, &response, now);
                    events.into_iter().for_each(|event| self.push(event));
                }
                None
            }
            _ => None,
        };
        match event {
            Some(event) => self.push(event),
            None => tracing::debug!(payload_type = frame.payload_type, "a frame without an event"),
        }
    }

    fn push(&mut self, event: Event) {
        self.waiting = self.waiting.saturating_add(cost(&event));
        self.events.push_back(event);
    }
}

const EXIT_CODE: &str = "EXIT_CODE: ";

fn exit_code(payload: &[u8]) -> Option<i32> {
    std::str::from_utf8(payload).ok()?.trim().strip_prefix(EXIT_CODE.trim_end())?.trim().parse().ok()
}

fn cost(event: &Event) -> usize {
    EVENT_COST
        + match event {
            Event::Data(bytes) | Event::Stderr(bytes) => bytes.len(),
            _ => 0,
        }
}

#[cfg(test)]
mod tests;
