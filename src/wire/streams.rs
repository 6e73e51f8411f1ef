//! The connections of a multiplexed port session, at either end: a task for each moves its bytes, [`smux`](super::smux)
//! joins them to one stream. Who opens connections, and what carries the stream, is the owner's business.
//!
//! Bounded both ways: connections wait for [`Streams::next`], and when too much waits for slow connections,
//! [`Streams::wants_input`] says to read no more of the stream. Between our own ends it hardly comes to that: each
//! connection has a window of its own.

mod carry;

use std::{
    collections::HashMap,
    io,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
};

use bytes::Bytes;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::{Semaphore, mpsc},
};
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};

use super::{
    memory::lasting,
    rope::Rope,
    smux::{FIRST_WINDOW, LARGEST_WINDOW, Mux, MuxError, MuxEvent, Side, StreamId, StreamTerms},
};
use crate::ssm::Timestamp;
use carry::{Backlog, Waiting, Way, carry, forgo, quantum_of};

/// What is less than this part of its message is copied when it has to wait: the whole of it would wait with it.
const SHARE: usize = 8;
/// Reads of connections that may wait for the owner.
const READS: usize = 16;
/// Connections at a time.
const CONNECTIONS: usize = 1024;

/// Bytes moved, and connections.
#[derive(Debug, Default)]
pub struct Counts {
    /// Connections so far.
    pub accepted: AtomicU64,
    /// Bytes from connections.
    pub sent: AtomicU64,
    /// Bytes to connections.
    pub received: AtomicU64,
}

/// What came of waiting.
#[derive(Debug)]
pub enum Turn {
    /// There may be output.
    Moved,
    /// A connection could not be made.
    Refused {
        /// The stream, already closed.
        stream: StreamId,
        /// Why.
        error: io::Error,
    },
}

/// What a connection's task tells.
enum Told {
    Data(Bytes),
    /// So many bytes of the peer's were taken.
    Taken(u32),
    /// It has nothing more to say.
    Finished,
    Refused(io::Error),
    Ended,
}

struct Connection {
    /// Data for it; an empty piece is the end of it.
    to: mpsc::UnboundedSender<Bytes>,
    /// What of the backlog is its.
    waiting: Arc<Waiting>,
    /// The peer wants nothing more of it.
    unwanted: CancellationToken,
    /// How much the peer has room for, where it tells.
    room: Option<Arc<Semaphore>>,
    /// How much of the peer's data it takes before it tells.
    quantum: Arc<AtomicUsize>,
    /// Its number, counted from 1; 0 until the owner has attached what carries it.
    number: u64,
    /// `None` until the owner has attached what carries it.
    _task: Option<AbortOnDropHandle<()>>,
}

/// All connections of one session.
pub struct Streams {
    mux: Mux,
    connections: HashMap<StreamId, Connection>,
    /// What comes for streams that are not attached yet: AWS's client opens a stream and writes to it in one frame.
    early: HashMap<StreamId, mpsc::UnboundedReceiver<Bytes>>,
    backlog: Arc<Backlog>,
    told: mpsc::Sender<(StreamId, Told)>,
    hears: mpsc::Receiver<(StreamId, Told)>,
    counts: Arc<Counts>,
    terms: StreamTerms,
    /// The stream that only asks whether there is somebody, and whether that was answered.
    knock: Option<StreamId>,
    answered: bool,
}

impl Streams {
    /// No connection yet. What is moved is added to `counts`. With `halves`, a connection that was closed in one direction goes on
    /// in the other, for as long as that lasts; not one in which nothing was said before it was closed: that only asks.
    pub fn new(side: Side, counts: Arc<Counts>, terms: StreamTerms) -> Self {
        let (told, hears) = mpsc::channel(READS);
        let (connections, early) = (HashMap::new(), HashMap::new());
        Self {
            mux: Mux::new(side, terms.windows),
            connections,
            early,
            backlog: Arc::new(Backlog::new(terms.windows)),
            told,
            hears,
            counts,
            terms,
            knock: None,
            answered: false,
        }
    }

    /// How many connections there are.
    pub fn connections(&self) -> usize {
        self.connections.len()
    }

    /// Opens a stream for a connection of this end. `false`, and the connection is dropped, when there are too many.
    pub fn open<S>(&mut self, socket: S) -> bool
    where
        S: AsyncRead + AsyncWrite + Send + 'static,
    {
        if self.connections.len() >= CONNECTIONS {
            return false;
        }
        let stream = self.mux.open();
        self.admit(stream);
        self.attach(stream, async { Ok(socket) });
        true
    }

    /// Asks whether connections come about on the other side: opens a stream and closes it at once. A peer makes the connection
    /// all the same and closes it; only then does it close the stream, so that this is the answer. What was refused is closed
    /// as well, behind a flag that is not the stream's.
    pub fn knock(&mut self) {
        if let Some(older) = self.knock.take() {
            self.mux.close(older);
        }
        let stream = self.mux.open();
        self.mux.finish(stream);
        (self.knock, self.answered) = (Some(stream), false);
    }

    /// Whether what was asked with [`Streams::knock`] has been answered. Told once.
    pub fn take_answer(&mut self) -> bool {
        std::mem::take(&mut self.answered)
    }

    /// Gives a stream that the peer opened its connection, once that stands. Data waits for it.
    pub fn attach<S>(&mut self, stream: StreamId, connecting: impl Future<Output = io::Result<S>> + Send + 'static)
    where
        S: AsyncRead + AsyncWrite + Send + 'static,
    {
        let (Some(connection), Some(data)) = (self.connections.get_mut(&stream), self.early.remove(&stream)) else {
            return tracing::debug!(?stream, "a stream that is not there to be attached");
        };
        connection.number = self.counts.accepted.fetch_add(1, Ordering::Relaxed) + 1;
        let waiting = connection.waiting.clone();
        let way = Way {
            stream,
            told: self.told.clone(),
            unwanted: connection.unwanted.clone(),
            room: connection.room.clone(),
            quantum: connection.quantum.clone(),
            halves: self.terms.halves,
        };
        let task = tokio::spawn(async move {
            let last = match connecting.await {
                Ok(socket) => {
                    carry(socket, data, &way, &waiting).await;
                    Told::Ended
                }
                Err(error) => {
                    forgo(data, &waiting);
                    Told::Refused(error)
                }
            };
            way.tell(last).await;
        });
        connection._task = Some(AbortOnDropHandle::new(task));
    }

    /// Makes room for a stream. Data waits from now on.
    fn admit(&mut self, stream: StreamId) {
        let (to, data) = mpsc::unbounded_channel();
        let connection = Connection {
            to,
            waiting: Arc::new(Waiting::of(self.backlog.clone())),
            unwanted: CancellationToken::new(),
            room: self.terms.windows.then(|| Arc::new(Semaphore::new(FIRST_WINDOW as usize))),
            quantum: Arc::new(AtomicUsize::new(quantum_of(FIRST_WINDOW))),
            number: 0,
            _task: None,
        };
        self.connections.insert(stream, connection);
        self.early.insert(stream, data);
    }

    /// Takes bytes of the peer. The streams that it opened and that want a connection are the answer.
    ///
    /// # Errors
    /// When the peer does not multiplex.
    pub fn receive(&mut self, bytes: Bytes) -> Result<Vec<StreamId>, MuxError> {
        let whole = bytes.len();
        self.mux.receive_shared(bytes)?;
        let mut opened = Vec::new();
        while let Some(event) = self.mux.poll_event() {
            let (stream, data) = match event {
                MuxEvent::Opened(stream) => {
                    self.admit(stream);
                    opened.push(stream);
                    continue;
                }
                MuxEvent::Data(stream, data) => (stream, data),
                MuxEvent::Closed(stream) => (stream, Bytes::new()),
                MuxEvent::Abandoned(stream) => {
                    if let Some(connection) = self.connections.get(&stream) {
                        connection.unwanted.cancel();
                    }
                    continue;
                }
                MuxEvent::Room(stream, more) => {
                    // What was given back without having been taken is no room.
                    if let Some(Connection { room: Some(room), .. }) = self.connections.get(&stream)
                        && room.available_permits() <= LARGEST_WINDOW as usize
                    {
                        room.add_permits(more as usize);
                    }
                    continue;
                }
            };
            // A server that greets says that it is there before it is left.
            if self.knock == Some(stream) {
                self.mux.close(stream);
                (self.knock, self.answered) = (None, true);
                continue;
            }
            if let Some(connection) = self.connections.get(&stream) {
                let length = data.len();
                // The rest of the message may be for connections that are not slow.
                let data = if length < whole / SHARE { Bytes::copy_from_slice(&data) } else { lasting(&data, &data) };
                connection.waiting.add(length);
                if connection.to.send(data).is_err() {
                    connection.waiting.take_back(length);
                } else {
                    self.counts.received.fetch_add(length as u64, Ordering::Relaxed);
                }
            }
        }
        Ok(opened)
    }

    /// Whether more of the peer's bytes are wanted. Not while connections are slow, nor while the peer makes answers that it does
    /// not take.
    pub fn wants_input(&self) -> bool {
        !self.backlog.is_full() && self.mux.wants_input()
    }

    /// The number of the connection for which the others wait, if they do: the one that has most before it of what fills the
    /// backlog. Connections are counted from 1, in the order in which they were made.
    pub fn held_up_by(&self) -> Option<u64> {
        let others_wait = self.connections.len() > 1 && self.backlog.is_full();
        let slowest = || self.connections.values().max_by_key(|connection| connection.waiting.bytes());
        others_wait.then(slowest).flatten().map(|connection| connection.number)
    }

    /// Waits until something happened at a connection, or until more input is wanted again. May be dropped at any time.
    pub async fn next(&mut self) -> Turn {
        let (held, room) = (self.backlog.is_full(), self.mux.can_write());
        tokio::select! {
            told = self.hears.recv(), if room => match told {
                Some((stream, told)) => self.hear(stream, told),
                // This end holds a sender itself.
                None => Turn::Moved,
            },
            () = self.backlog.less(), if held => Turn::Moved,
            else => std::future::pending().await,
        }
    }

    /// The next bytes for the peer.
    pub fn poll_output(&mut self) -> Option<Bytes> {
        self.mux.poll_output()
    }

    /// Like [`Streams::poll_output`], in the pieces in which they lie.
    pub fn poll_rope(&mut self) -> Option<Rope> {
        self.mux.poll_rope()
    }

    /// See [`Mux::keep_alive`].
    pub fn keep_alive(&mut self, now: Timestamp) {
        self.mux.keep_alive(now);
    }

    /// See [`Mux::deadline`].
    pub fn deadline(&self) -> Option<Timestamp> {
        self.mux.deadline()
    }

    /// See [`Mux::tick`].
    pub fn tick(&mut self, now: Timestamp) {
        self.mux.tick(now);
    }

    fn hear(&mut self, stream: StreamId, told: Told) -> Turn {
        match told {
            Told::Data(data) => {
                self.counts.sent.fetch_add(data.len() as u64, Ordering::Relaxed);
                self.mux.write_shared(stream, data);
                Turn::Moved
            }
            Told::Taken(length) => {
                self.mux.consumed(stream, length);
                if let Some(connection) = self.connections.get(&stream) {
                    connection.quantum.store(quantum_of(self.mux.window(stream)), Ordering::Relaxed);
                }
                Turn::Moved
            }
            Told::Finished => {
                self.mux.finish(stream);
                Turn::Moved
            }
            Told::Ended => {
                self.end(stream);
                Turn::Moved
            }
            Told::Refused(error) => {
                self.end(stream);
                Turn::Refused { stream, error }
            }
        }
    }

    fn end(&mut self, stream: StreamId) {
        self.connections.remove(&stream);
        match self.terms.halves {
            true => self.mux.abandon(stream),
            false => self.mux.close(stream),
        }
    }
}

#[cfg(test)]
mod tests;
