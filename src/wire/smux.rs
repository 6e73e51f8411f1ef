//! smux, version 1, as a pure state machine for both ends: many streams inside the one byte stream of a port session.
//!
//! Bytes of the peer go in with [`Mux::receive`], bytes for the peer come out of [`Mux::poll_output`], and what happened
//! comes out of [`Mux::poll_event`]. The client opens streams, the server is told of them. Each end closes a stream for
//! itself; AWS's peers close both ends together, so what follows their close goes nowhere. Our own say so by closing twice.
//!
//! Version 1 has no flow control of its own, so the caller must provide it: it writes no more while [`Mux::can_write`] says
//! no, and feeds nothing while [`Mux::wants_input`] says no. Then memory stays bounded whatever the peer sends.
//!
//! No sockets, no clock.

use std::collections::{HashMap, VecDeque};

use bytes::{Buf, Bytes};

use super::rope::Rope;
use crate::ssm::Timestamp;

/// The version on the wire.
const VERSION: u8 = 1;
const HEADER: usize = 8;
/// The largest payload of a frame: AWS's peers send 32 KiB. With its header it fills a frame of the channel, or a quarter of
/// one between our own ends.
const PAYLOAD_LIMIT: usize = 32 * 1024 - HEADER;
/// Bytes that may wait for [`Mux::poll_output`] before [`Mux::can_write`] says no.
const OUTPUT_LIMIT: usize = 256 * 1024;
/// Bytes that may wait for [`Mux::poll_event`] before [`Mux::wants_input`] says no.
const EVENT_LIMIT: usize = 1024 * 1024;
/// What an event costs besides its payload, so that empty ones are bounded too.
const EVENT_COST: usize = 64;
/// Streams at a time. More are closed as soon as they are opened.
const STREAM_LIMIT: usize = 4096;
/// How often the end that keeps the line alive says so.
const KEEP_ALIVE: std::time::Duration = std::time::Duration::from_secs(10);

/// Commands of frames.
mod command {
    /// Opens a stream.
    pub const SYN: u8 = 0;
    /// Closes a stream.
    pub const FIN: u8 = 1;
    /// Carries data.
    pub const PSH: u8 = 2;
    /// Says that the line is alive.
    pub const NOP: u8 = 3;
}

/// Which end this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Opens streams: the user's end.
    Client,
    /// Is told of streams: the node's end.
    Server,
}

/// One stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamId(u32);

/// What came in, in the order in which the peer sent it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MuxEvent {
    /// The peer has opened a stream.
    Opened(StreamId),
    /// Bytes of a stream, never none.
    Data(StreamId, Bytes),
    /// The peer has closed a stream; nothing more comes from it. This end still has to [`Mux::close`] it.
    Closed(StreamId),
    /// The peer has closed it and wants nothing more of it either.
    Abandoned(StreamId),
}

/// What is closed of an open stream.
#[derive(Clone, Copy, Debug, Default)]
struct Ends {
    /// The peer sends nothing more.
    peer: bool,
    /// This end sends nothing more, and has said so.
    own: bool,
}

/// The peer does not speak smux 1. Nothing after that can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MuxError {
    /// Another version.
    #[error("the peer multiplexes with version {0} instead of 1")]
    Version(u8),
    /// A command that version 1 does not have.
    #[error("the peer sent the unknown multiplexer command {0}")]
    Command(u8),
    /// A frame that must be empty is not.
    #[error("the peer sent {1} bytes with the multiplexer command {0}")]
    Length(u8, u16),
    /// Stream ids of the peer must be of its own parity.
    #[error("the peer opened the stream {0}, which is not for it to open")]
    Stream(u32),
}

/// One end of a multiplexed byte stream.
#[derive(Debug)]
pub struct Mux {
    side: Side,
    next: u32,
    open: HashMap<u32, Ends>,
    /// The beginning of a frame's header.
    header: [u8; HEADER],
    have: usize,
    /// The data frame that is being received: its stream and what is still to come.
    body: Option<(u32, usize)>,
    output: Rope,
    events: VecDeque<MuxEvent>,
    /// The cost of `events`.
    waiting: usize,
    keep_alive: Option<Timestamp>,
    broken: Option<MuxError>,
}

impl Mux {
    /// An end without streams that does not keep the line alive.
    pub fn new(side: Side) -> Self {
        Self {
            side,
            // As AWS's client counts; a server never opens one.
            next: 3,
            open: HashMap::new(),
            header: [0; HEADER],
            have: 0,
            body: None,
            output: Rope::default(),
            events: VecDeque::new(),
            waiting: 0,
            keep_alive: None,
            broken: None,
        }
    }

    /// Lets [`Mux::tick`] say every ten seconds that this end is alive, for peers that hang up otherwise.
    pub fn keep_alive(&mut self, now: Timestamp) {
        self.keep_alive = Some(now.plus(KEEP_ALIVE));
    }

    /// When [`Mux::tick`] has something to do.
    pub fn deadline(&self) -> Option<Timestamp> {
        self.keep_alive
    }

    /// Says that this end is alive, if it is time to.
    pub fn tick(&mut self, now: Timestamp) {
        if self.keep_alive.is_some_and(|due| due <= now) {
            self.keep_alive = Some(now.plus(KEEP_ALIVE));
            self.frame(command::NOP, 0, Bytes::new());
        }
    }

    /// Takes bytes of the peer, cut anywhere. An error is for good: what follows cannot be read either.
    pub fn receive(&mut self, bytes: &[u8]) -> Result<(), MuxError> {
        self.receive_shared(Bytes::copy_from_slice(bytes))
    }

    /// Like [`Mux::receive`], without a copy of its own: the events share the bytes.
    pub fn receive_shared(&mut self, mut bytes: Bytes) -> Result<(), MuxError> {
        if let Some(error) = self.broken {
            return Err(error);
        }
        while !bytes.is_empty() {
            if let Some((stream, left)) = self.body {
                let data = bytes.split_to(left.min(bytes.len()));
                self.body = (data.len() < left).then(|| (stream, left - data.len()));
                // What is still under way for a stream that has been closed here has nowhere to go.
                if self.hears(stream) {
                    self.push(MuxEvent::Data(StreamId(stream), data));
                }
                continue;
            }
            let part = bytes.split_to((HEADER - self.have).min(bytes.len()));
            self.header[self.have..self.have + part.len()].copy_from_slice(&part);
            self.have += part.len();
            if self.have == HEADER {
                self.have = 0;
                self.head().inspect_err(|error| self.broken = Some(*error))?;
            }
        }
        Ok(())
    }

    /// Opens a stream; the peer learns of it with the next output.
    pub fn open(&mut self) -> StreamId {
        let id = self.next;
        // After two thousand million streams the ids begin again.
        self.next = self.next.checked_add(2).unwrap_or(3);
        self.open.insert(id, Ends::default());
        self.frame(command::SYN, id, Bytes::new());
        StreamId(id)
    }

    /// Writes to a stream. What is written to a stream that is closed goes nowhere.
    pub fn write(&mut self, id: StreamId, data: &[u8]) {
        self.write_shared(id, Bytes::copy_from_slice(data));
    }

    /// Like [`Mux::write`], without a copy: the output shares the bytes.
    pub fn write_shared(&mut self, id: StreamId, mut data: Bytes) {
        if self.open.get(&id.0).is_some_and(|ends| !ends.own) {
            while !data.is_empty() {
                let piece = data.split_to(data.len().min(PAYLOAD_LIMIT));
                self.frame(command::PSH, id.0, piece);
            }
        }
    }

    /// Says that nothing more is written to a stream, behind what has been. What the peer still sends is told.
    pub fn finish(&mut self, id: StreamId) {
        if let Some(ends) = self.open.get_mut(&id.0)
            && !std::mem::replace(&mut ends.own, true)
        {
            self.frame(command::FIN, id.0, Bytes::new());
        }
    }

    /// Closes a stream, behind what has been written to it. Nothing more is told of it.
    pub fn close(&mut self, id: StreamId) {
        self.finish(id);
        self.open.remove(&id.0);
    }

    /// Closes a stream of which nothing more is wanted, and tells the peer if it might still send something.
    pub fn abandon(&mut self, id: StreamId) {
        let sends = self.open.get(&id.0).is_some_and(|ends| !ends.peer);
        self.finish(id);
        if sends {
            self.frame(command::FIN, id.0, Bytes::new());
        }
        self.open.remove(&id.0);
    }

    /// How many streams are open.
    pub fn streams(&self) -> usize {
        self.open.len()
    }

    /// Whether there is room to write. One call of [`Mux::write`] may overshoot it.
    pub fn can_write(&self) -> bool {
        self.output.len() < OUTPUT_LIMIT
    }

    /// Whether more of the peer's bytes may be fed.
    pub fn wants_input(&self) -> bool {
        // Closing streams makes output, so a peer that only opens and closes is bounded by that.
        self.waiting < EVENT_LIMIT && self.output.len() < 2 * OUTPUT_LIMIT
    }

    /// All bytes that wait for the peer.
    pub fn poll_output(&mut self) -> Option<Bytes> {
        self.poll_rope().map(|mut rope| rope.copy_to_bytes(rope.len()))
    }

    /// Like [`Mux::poll_output`], in the pieces in which they lie.
    pub fn poll_rope(&mut self) -> Option<Rope> {
        (!self.output.is_empty()).then(|| std::mem::take(&mut self.output))
    }

    /// The next thing that happened.
    pub fn poll_event(&mut self) -> Option<MuxEvent> {
        let event = self.events.pop_front()?;
        self.waiting = self.waiting.saturating_sub(cost(&event));
        Some(event)
    }

    fn head(&mut self) -> Result<(), MuxError> {
        let [version, command, low, high, id @ ..] = self.header;
        let (length, id) = (u16::from_le_bytes([low, high]), u32::from_le_bytes(id));
        if version != VERSION {
            return Err(MuxError::Version(version));
        }
        match command {
            command::PSH if length > 0 => self.body = Some((id, length.into())),
            command::PSH => {}
            command::SYN | command::FIN | command::NOP if length > 0 => return Err(MuxError::Length(command, length)),
            command::SYN => self.opened(id)?,
            command::FIN => {
                if let Some(ends) = self.open.get_mut(&id) {
                    let again = std::mem::replace(&mut ends.peer, true);
                    let id = StreamId(id);
                    self.push(if again { MuxEvent::Abandoned(id) } else { MuxEvent::Closed(id) });
                }
            }
            command::NOP => {}
            other => return Err(MuxError::Command(other)),
        }
        Ok(())
    }

    fn opened(&mut self, id: u32) -> Result<(), MuxError> {
        let odd = id % 2 == 1;
        if odd != (self.side == Side::Server) {
            return Err(MuxError::Stream(id));
        }
        if self.open.contains_key(&id) {
            return Ok(());
        }
        if self.open.len() >= STREAM_LIMIT || self.side == Side::Client {
            // Nobody here serves streams of the other end.
            self.frame(command::FIN, id, Bytes::new());
            return Ok(());
        }
        self.open.insert(id, Ends::default());
        self.push(MuxEvent::Opened(StreamId(id)));
        Ok(())
    }

    /// Whether the peer may say something on this stream.
    fn hears(&self, id: u32) -> bool {
        self.open.get(&id).is_some_and(|ends| !ends.peer)
    }

    fn frame(&mut self, command: u8, id: u32, payload: Bytes) {
        // The callers keep to the limit, which fits.
        let [low, high] = u16::try_from(payload.len()).unwrap_or(u16::MAX).to_le_bytes();
        let [a, b, c, d] = id.to_le_bytes();
        self.output.push(Bytes::copy_from_slice(&[VERSION, command, low, high, a, b, c, d]));
        self.output.push(payload);
    }

    fn push(&mut self, event: MuxEvent) {
        self.waiting = self.waiting.saturating_add(cost(&event));
        self.events.push_back(event);
    }
}

fn cost(event: &MuxEvent) -> usize {
    EVENT_COST
        + match event {
            MuxEvent::Data(_, bytes) => bytes.len(),
            MuxEvent::Opened(_) | MuxEvent::Closed(_) | MuxEvent::Abandoned(_) => 0,
        }
}

#[cfg(test)]
mod tests;
