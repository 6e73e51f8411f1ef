//! smux as a pure state machine for both ends: many streams inside the one byte stream of a port session.
//!
//! Bytes of the peer go in with [`Mux::receive`], bytes for the peer come out of [`Mux::poll_output`], and what happened
//! comes out of [`Mux::poll_event`]. The client opens streams, the server is told of them. Each end closes a stream for
//! itself; AWS's peers close both ends together, so what follows their close goes nowhere. Our own say so by closing twice.
//!
//! Version 1, which AWS's peers speak, has no flow control of its own, so the caller must provide it: it writes no more while
//! [`Mux::can_write`] says no, and feeds nothing while [`Mux::wants_input`] says no. Then memory stays bounded whatever the
//! peer sends, but a stream that nobody reads stops all others.
//!
//! In version 2 each stream has a window. An end begins with [`FIRST_WINDOW`] bytes to write to a stream, and
//! [`MuxEvent::Room`] says when there are more; it says itself with [`Mux::consumed`] what was read of it, and a stream that is
//! read as fast as it comes gets a larger window. A peer that writes beyond it is no smux peer.
//!
//! No sockets, no clock.

use std::collections::{HashMap, VecDeque};

use bytes::{Buf, Bytes};

use super::rope::Rope;
use crate::ssm::Timestamp;

/// The versions on the wire.
const VERSION: u8 = 1;
const WITH_WINDOWS: u8 = 2;
const HEADER: usize = 8;
/// What may be under way to a stream before the first word of its reader; smux says so.
pub const FIRST_WINDOW: u32 = 256 * 1024;
/// The most that may be under way to a stream: as much as the channel carries at once.
pub const LARGEST_WINDOW: u32 = 4 * 1024 * 1024;
/// The payload of an update: how much was read in all, and the window.
const UPDATE: usize = 8;
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
    /// Says how much of a stream was read. Only with windows.
    pub const UPD: u8 = 4;
}

/// Which end this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Opens streams: the user's end.
    Client,
    /// Is told of streams: the node's end.
    Server,
}

/// What both ends can do besides what AWS's peers do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StreamTerms {
    /// Each direction of a connection ends for itself.
    pub halves: bool,
    /// Each stream has a window: smux 2.
    pub windows: bool,
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
    /// So many more bytes may be written to a stream.
    Room(StreamId, u32),
}

/// What is closed of an open stream, and how much of it may be under way. Counts of bytes go around.
#[derive(Clone, Copy, Debug)]
struct Ends {
    /// The peer sends nothing more.
    peer: bool,
    /// This end sends nothing more, and has said so.
    own: bool,
    inward: Inward,
    /// Up to which byte this end may write.
    limit: u32,
}

impl Default for Ends {
    fn default() -> Self {
        let inward = Inward { heard: 0, consumed: 0, told: 0, size: FIRST_WINDOW };
        Self { peer: false, own: false, inward, limit: FIRST_WINDOW }
    }
}

/// The window of what comes.
#[derive(Clone, Copy, Debug)]
struct Inward {
    /// Bytes that have come.
    heard: u32,
    /// Those of them that were read.
    consumed: u32,
    /// The same as the peer knows it.
    told: u32,
    size: u32,
}

/// The peer does not speak smux. Nothing after that can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MuxError {
    /// Another version.
    #[error("the peer multiplexes with version {0} instead of {1}")]
    Version(u8, u8),
    /// A command that the version does not have.
    #[error("the peer sent the unknown multiplexer command {0}")]
    Command(u8),
    /// A frame that must be empty is not.
    #[error("the peer sent {1} bytes with the multiplexer command {0}")]
    Length(u8, u16),
    /// Stream ids of the peer must be of its own parity.
    #[error("the peer opened the stream {0}, which is not for it to open")]
    Stream(u32),
    /// More than a stream had room for.
    #[error("the peer sent more on the stream {0} than there was room for")]
    Window(u32),
}

/// One end of a multiplexed byte stream.
#[derive(Debug)]
pub struct Mux {
    side: Side,
    version: u8,
    next: u32,
    open: HashMap<u32, Ends>,
    /// The beginning of a frame's header.
    header: [u8; HEADER],
    have: usize,
    /// The data frame that is being received: its stream and what is still to come.
    body: Option<(u32, usize)>,
    /// The update that is being received: its stream and what has come of it.
    update: Option<(u32, Vec<u8>)>,
    output: Rope,
    events: VecDeque<MuxEvent>,
    /// The cost of `events`.
    waiting: usize,
    keep_alive: Option<Timestamp>,
    broken: Option<MuxError>,
}

impl Mux {
    /// An end without streams that does not keep the line alive.
    pub fn new(side: Side, windows: bool) -> Self {
        Self {
            side,
            version: if windows { WITH_WINDOWS } else { VERSION },
            // As AWS's client counts; a server never opens one.
            next: 3,
            open: HashMap::new(),
            header: [0; HEADER],
            have: 0,
            body: None,
            update: None,
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
            if let Some((stream, mut have)) = self.update.take() {
                have.extend(bytes.split_to((UPDATE - have.len()).min(bytes.len())));
                match <[u8; UPDATE]>::try_from(have) {
                    Ok(whole) => self.updated(stream, whole),
                    Err(part) => self.update = Some((stream, part)),
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

    /// So much of a stream was read by whoever reads it here; the peer may send as much again. Half a window was read and less
    /// than the other half waits: then it is the line that is waited for and not the reader, and the window grows.
    pub fn consumed(&mut self, id: StreamId, length: u32) {
        if !self.has_windows() {
            return;
        }
        let Some(Ends { inward, peer: false, .. }) = self.open.get_mut(&id.0) else { return };
        inward.consumed = inward.consumed.wrapping_add(length);
        if inward.consumed.wrapping_sub(inward.told) < inward.size / 2 {
            return;
        }
        if inward.heard.wrapping_sub(inward.consumed) < inward.size / 2 {
            inward.size = (inward.size * 2).min(LARGEST_WINDOW);
        }
        inward.told = inward.consumed;
        let update = [inward.consumed.to_le_bytes(), inward.size.to_le_bytes()].concat();
        self.frame(command::UPD, id.0, update.into());
    }

    /// How much may be under way from the peer on a stream, read or not.
    pub fn window(&self, id: StreamId) -> u32 {
        self.open.get(&id.0).map_or(FIRST_WINDOW, |ends| ends.inward.size)
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
        if version != self.version {
            return Err(MuxError::Version(version, self.version));
        }
        match command {
            command::PSH if length > 0 => {
                self.announced(id, length)?;
                self.body = Some((id, length.into()));
            }
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
            command::UPD if self.has_windows() && usize::from(length) == UPDATE => self.update = Some((id, Vec::new())),
            command::UPD if self.has_windows() => return Err(MuxError::Length(command, length)),
            other => return Err(MuxError::Command(other)),
        }
        Ok(())
    }

    fn has_windows(&self) -> bool {
        self.version == WITH_WINDOWS
    }

    /// So much comes on a stream.
    fn announced(&mut self, id: u32, length: u16) -> Result<(), MuxError> {
        if self.has_windows()
            && let Some(Ends { inward, .. }) = self.open.get_mut(&id)
        {
            inward.heard = inward.heard.wrapping_add(length.into());
            if inward.heard.wrapping_sub(inward.told) > inward.size {
                return Err(MuxError::Window(id));
            }
        }
        Ok(())
    }

    /// The peer has read so much of a stream.
    fn updated(&mut self, id: u32, [a, b, c, d, window @ ..]: [u8; UPDATE]) {
        let Some(ends) = self.open.get_mut(&id).filter(|ends| !ends.own) else { return };
        let limit = u32::from_le_bytes([a, b, c, d]).wrapping_add(u32::from_le_bytes(window));
        // What was allowed once is not taken back.
        let more = limit.wrapping_sub(ends.limit);
        if more > 0 && more <= LARGEST_WINDOW {
            ends.limit = limit;
            self.push(MuxEvent::Room(StreamId(id), more));
        }
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
        self.output.push(Bytes::copy_from_slice(&[self.version, command, low, high, a, b, c, d]));
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
            MuxEvent::Opened(_) | MuxEvent::Closed(_) | MuxEvent::Abandoned(_) | MuxEvent::Room(..) => 0,
        }
}

#[cfg(test)]
mod tests;
