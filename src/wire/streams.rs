//! The connections of a multiplexed port session, at either end: a task for each moves its bytes, [`smux`](super::smux)
//! joins them to one stream. Who opens connections, and what carries the stream, is the owner's business.
//!
//! Bounded both ways: connections wait for [`Streams::next`], and when too much waits for slow connections,
//! [`Streams::wants_input`] says to read no more of the stream.

use std::{
    collections::HashMap,
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    sync::{Notify, mpsc},
    time::timeout,
};
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};

use super::{
    memory::lasting,
    rope::Rope,
    smux::{Mux, MuxError, MuxEvent, Side, StreamId},
};
use crate::ssm::Timestamp;

/// Bytes that may wait for connections before the stream is no longer read; the size of AWS's peers.
const BACKLOG: usize = 4 * 1024 * 1024;
/// What a piece that waits costs besides its bytes, so that a stream of single ones is bounded too.
const PIECE_COST: usize = 64;
/// What is less than this part of its message is copied when it has to wait: the whole of it would wait with it.
const SHARE: usize = 8;
/// Reads of connections that may wait for the owner.
const READS: usize = 16;
const READ: usize = 64 * 1024;
/// Connections at a time.
const CONNECTIONS: usize = 1024;
/// A connection whose peer has closed may still have its answer out: so long, and so much of it. A peer that is gone for
/// good drops it. Between our own ends it has all the time, see [`Streams::keep_halves`].
const LINGER: Duration = Duration::from_secs(10);
const LINGER_BYTES: usize = 1024 * 1024;

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
    /// It has nothing more to say.
    Finished,
    Refused(io::Error),
    Ended,
}

/// Bytes on their way to connections.
#[derive(Debug, Default)]
struct Backlog {
    bytes: AtomicUsize,
    less: Notify,
}

struct Connection {
    /// Data for it; an empty piece is the end of it.
    to: mpsc::UnboundedSender<Bytes>,
    /// The peer wants nothing more of it.
    unwanted: CancellationToken,
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
    /// Whether each direction of a connection ends for itself.
    halves: bool,
    /// The stream that only asks whether there is somebody, and whether that was answered.
    knock: Option<StreamId>,
    answered: bool,
}

impl Streams {
    /// No connection yet. What is moved is added to `counts`.
    pub fn new(side: Side, counts: Arc<Counts>) -> Self {
        let (told, hears) = mpsc::channel(READS);
        let (connections, early) = (HashMap::new(), HashMap::new());
        Self {
            mux: Mux::new(side),
            connections,
            early,
            backlog: Arc::default(),
            told,
            hears,
            counts,
            halves: false,
            knock: None,
            answered: false,
        }
    }

    /// The peer is our own and says when it wants nothing more of a connection. So one that was closed in one direction goes on
    /// in the other, for as long as that lasts. Not one in which nothing was said before it was closed: that only asks.
    pub fn keep_halves(&mut self) {
        self.halves = true;
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
        self.counts.accepted.fetch_add(1, Ordering::Relaxed);
        let (told, backlog, halves) = (self.told.clone(), self.backlog.clone(), self.halves);
        let unwanted = connection.unwanted.clone();
        let task = tokio::spawn(async move {
            let last = match connecting.await {
                Ok(socket) => {
                    carry(stream, socket, data, (&told, &unwanted), &backlog, halves).await;
                    Told::Ended
                }
                Err(error) => {
                    forgo(data, &backlog);
                    Told::Refused(error)
                }
            };
            let _ = told.send((stream, last)).await;
        });
        connection._task = Some(AbortOnDropHandle::new(task));
    }

    /// Makes room for a stream. Data waits from now on.
    fn admit(&mut self, stream: StreamId) {
        let (to, data) = mpsc::unbounded_channel();
        self.connections.insert(stream, Connection { to, unwanted: CancellationToken::new(), _task: None });
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
                self.backlog.bytes.fetch_add(length + PIECE_COST, Ordering::AcqRel);
                if connection.to.send(data).is_err() {
                    self.backlog.bytes.fetch_sub(length + PIECE_COST, Ordering::AcqRel);
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
        !self.is_slow() && self.mux.wants_input()
    }

    fn is_slow(&self) -> bool {
        self.backlog.bytes.load(Ordering::Acquire) >= BACKLOG
    }

    /// Waits until something happened at a connection, or until more input is wanted again. May be dropped at any time.
    pub async fn next(&mut self) -> Turn {
        let (held, room) = (self.is_slow(), self.mux.can_write());
        tokio::select! {
            told = self.hears.recv(), if room => match told {
                Some((stream, told)) => self.hear(stream, told),
                // This end holds a sender itself.
                None => Turn::Moved,
            },
            () = self.backlog.less.notified(), if held => Turn::Moved,
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
        match self.halves {
            true => self.mux.abandon(stream),
            false => self.mux.close(stream),
        }
    }
}

/// Moves the bytes of one connection. Each direction ends for itself; after the peer's, the other one may linger, or with
/// `halves` go on until it is at its end or `unwanted`.
async fn carry<S>(
    stream: StreamId,
    socket: S,
    mut data: mpsc::UnboundedReceiver<Bytes>,
    (told, unwanted): (&mpsc::Sender<(StreamId, Told)>, &CancellationToken),
    backlog: &Backlog,
    halves: bool,
) where
    S: AsyncRead + AsyncWrite + Send + 'static,
{
    let (mut reader, mut writer) = tokio::io::split(socket);
    let (peer_closed, peer_spoke) = (AtomicBool::new(false), AtomicBool::new(false));
    let goes_on = || halves && peer_spoke.load(Ordering::Relaxed);
    let upwards = async {
        let mut buffer = BytesMut::new();
        let mut late = 0;
        while late < LINGER_BYTES || goes_on() {
            buffer.reserve(READ);
            let read = tokio::select! {
                biased;
                read = reader.read_buf(&mut buffer) => read,
                // What the peer has sent before is delivered all the same.
                () = unwanted.cancelled() => return true,
            };
            match read {
                Ok(0) => return told.send((stream, Told::Finished)).await.is_ok(),
                Err(_) => return false,
                Ok(count) if peer_closed.load(Ordering::Relaxed) => late += count,
                Ok(_) => {}
            }
            // A small read must not hold a whole block for as long as it waits.
            let piece = match buffer.len() < READ / 4 {
                true => {
                    let piece = Bytes::copy_from_slice(&buffer);
                    buffer.clear();
                    piece
                }
                false => buffer.split().freeze(),
            };
            if told.send((stream, Told::Data(piece))).await.is_err() {
                return false;
            }
        }
        false
    };
    let downwards = async {
        let mut debt = Debt { backlog, bytes: 0 };
        let mut whole = true;
        while let Some(piece) = data.recv().await {
            debt.bytes = piece.len() + PIECE_COST;
            if piece.is_empty() {
                break;
            }
            peer_spoke.store(true, Ordering::Relaxed);
            whole = writer.write_all(&piece).await.is_ok();
            debt.pay();
            if !whole {
                break;
            }
        }
        peer_closed.store(true, Ordering::Relaxed);
        whole & writer.shutdown().await.is_ok()
    };
    {
        let (mut upwards, mut downwards) = (std::pin::pin!(upwards), std::pin::pin!(downwards));
        tokio::select! {
            // Half of a connection is as good as none once it has failed.
            well = &mut upwards => if well {
                downwards.await;
            },
            well = &mut downwards => match well {
                true if goes_on() => drop(upwards.await),
                true => drop(timeout(LINGER, upwards).await),
                false => {}
            },
        }
    }
    forgo(data, backlog);
}

/// Whatever still waits for a connection has nowhere to go.
fn forgo(mut data: mpsc::UnboundedReceiver<Bytes>, backlog: &Backlog) {
    data.close();
    let mut rest = Debt { backlog, bytes: 0 };
    while let Ok(piece) = data.try_recv() {
        rest.bytes += piece.len() + PIECE_COST;
    }
}

/// Bytes that leave the backlog when they are paid, at the latest when this is dropped: a task can end anywhere.
struct Debt<'a> {
    backlog: &'a Backlog,
    bytes: usize,
}

impl Debt<'_> {
    fn pay(&mut self) {
        let bytes = std::mem::take(&mut self.bytes);
        if bytes > 0 && self.backlog.bytes.fetch_sub(bytes, Ordering::AcqRel) >= BACKLOG {
            self.backlog.less.notify_one();
        }
    }
}

impl Drop for Debt<'_> {
    fn drop(&mut self) {
        self.pay();
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{DuplexStream, duplex};

    use super::*;

    fn ends() -> (Streams, Streams) {
        (Streams::new(Side::Client, Arc::default()), Streams::new(Side::Server, Arc::default()))
    }

    /// Carries what waits between two ends, and answers what they want to connect with `far`.
    async fn exchange(near: &mut Streams, far: &mut Streams, refuse: bool) -> bool {
        let mut refused = false;
        for _ in 0..8 {
            while let Some(bytes) = near.poll_output() {
                for stream in far.receive(bytes).unwrap() {
                    let (ours, theirs) = duplex(64);
                    // The server closes when it is left.
                    drop(theirs);
                    far.attach(stream, async move {
                        if refuse { Err(io::ErrorKind::ConnectionRefused.into()) } else { Ok(ours) }
                    });
                }
            }
            while let Some(bytes) = far.poll_output() {
                near.receive(bytes).unwrap();
            }
            if far.connections() == 0 {
                break;
            }
            refused |= matches!(far.next().await, Turn::Refused { .. });
        }
        refused
    }

    #[tokio::test]
    async fn a_knock_is_answered_when_the_connection_was_made_and_counts_as_none() {
        let (mut near, mut far) = ends();
        for refuse in [false, true] {
            near.knock();
            assert!(!near.take_answer());
            assert_eq!(exchange(&mut near, &mut far, refuse).await, refuse);
            assert!(near.take_answer() && !near.take_answer());
        }
        assert_eq!((near.connections(), near.counts.accepted.load(Ordering::Relaxed), near.mux.streams()), (0, 0, 0));
    }

    /// Both ends of a session, joined, with a far side that connects each stream to what `far` gives.
    struct Pair {
        near: Streams,
        far: Streams,
        connect: mpsc::UnboundedSender<DuplexStream>,
    }

    impl Pair {
        fn new() -> (Self, mpsc::UnboundedReceiver<DuplexStream>) {
            let (connect, connections) = mpsc::unbounded_channel();
            let (near, far) = ends();
            (Self { near, far, connect }, connections)
        }

        /// Carries bytes between the ends for ever.
        async fn run(mut self, refuse: bool, refused: mpsc::UnboundedSender<io::ErrorKind>) {
            loop {
                while let Some(bytes) = self.near.poll_output() {
                    for stream in self.far.receive(bytes).unwrap() {
                        let (ours, theirs) = duplex(64 * 1024);
                        let kept = !refuse && self.connect.send(theirs).is_ok();
                        self.far.attach(stream, async move {
                            if kept { Ok(ours) } else { Err(io::ErrorKind::ConnectionRefused.into()) }
                        });
                    }
                }
                while let Some(bytes) = self.far.poll_output() {
                    assert_eq!(self.near.receive(bytes).unwrap(), []);
                }
                tokio::select! {
                    _ = self.near.next() => {}
                    turn = self.far.next() => if let Turn::Refused { error, .. } = turn {
                        let _ = refused.send(error.kind());
                    },
                }
            }
        }
    }

    #[tokio::test]
    async fn what_comes_together_with_the_opening_of_a_stream_is_not_lost() {
        let mut peer = Mux::new(Side::Client);
        let stream = peer.open();
        peer.write(stream, b"hello");
        let together: Vec<u8> = std::iter::from_fn(|| peer.poll_output()).flatten().collect();
        let mut streams = Streams::new(Side::Server, Arc::default());
        let opened = streams.receive(together.into()).unwrap();
        assert_eq!(opened.len(), 1);
        let (mut user, ours) = duplex(1024);
        streams.attach(opened[0], async { Ok(ours) });
        let mut came = [0; 5];
        user.read_exact(&mut came).await.unwrap();
        assert_eq!(&came, b"hello");
    }

    #[tokio::test]
    async fn connections_are_carried_apart_and_end_one_by_one() {
        let (mut pair, mut connections) = Pair::new();
        let mut users = Vec::new();
        for _ in 0..8 {
            let (user, ours) = duplex(64 * 1024);
            assert!(pair.near.open(ours));
            users.push(user);
        }
        let counts = pair.near.counts.clone();
        let (refused, _) = mpsc::unbounded_channel();
        tokio::spawn(pair.run(false, refused));
        let echoes = tokio::spawn(async move {
            while let Some(mut connection) = connections.recv().await {
                tokio::spawn(async move {
                    let mut question = Vec::new();
                    // The answer follows the end of the question.
                    connection.read_to_end(&mut question).await.unwrap();
                    question.reverse();
                    connection.write_all(&question).await.unwrap();
                });
            }
        });
        let asked = users.into_iter().enumerate().map(async |(number, mut user)| {
            let question = vec![u8::try_from(number).unwrap(); 300_000 + number];
            user.write_all(&question).await.unwrap();
            user.shutdown().await.unwrap();
            let mut answer = Vec::new();
            user.read_to_end(&mut answer).await.unwrap();
            assert_eq!(answer, question);
        });
        futures_util::future::join_all(asked).await;
        assert_eq!(counts.accepted.load(Ordering::Relaxed), 8);
        let expected: u64 = (0..8).map(|number| 300_000 + number).sum();
        assert_eq!(counts.received.load(Ordering::Relaxed), expected);
        echoes.abort();
    }

    /// A pair between our own ends, with one connection; the user's end of it, and the server's once that was asked.
    async fn own_pair(question: &[u8]) -> (DuplexStream, DuplexStream) {
        let (mut pair, mut connections) = Pair::new();
        pair.near.keep_halves();
        pair.far.keep_halves();
        let (mut user, ours) = duplex(64 * 1024);
        assert!(pair.near.open(ours));
        let (refused, _) = mpsc::unbounded_channel();
        tokio::spawn(pair.run(false, refused));
        user.write_all(question).await.unwrap();
        user.shutdown().await.unwrap();
        let mut server = connections.recv().await.unwrap();
        let mut asked = Vec::new();
        server.read_to_end(&mut asked).await.unwrap();
        assert_eq!(asked, question);
        (user, server)
    }

    #[tokio::test]
    async fn an_answer_of_any_size_follows_the_end_of_the_question() {
        let (mut user, mut server) = own_pair(b"question").await;
        tokio::spawn(async move {
            server.write_all(&vec![7; 3 * LINGER_BYTES]).await.unwrap();
            server.shutdown().await.unwrap();
        });
        let mut answer = Vec::new();
        user.read_to_end(&mut answer).await.unwrap();
        assert_eq!(answer.len(), 3 * LINGER_BYTES);
    }

    #[tokio::test]
    async fn an_answer_that_nobody_waits_for_any_more_is_cut_off() {
        let (mut user, mut server) = own_pair(b"question").await;
        let endless = tokio::spawn(async move { while server.write_all(&[7; 64 * 1024]).await.is_ok() {} });
        user.read_exact(&mut [0; 1024]).await.unwrap();
        drop(user);
        endless.await.unwrap();
    }

    #[test]
    fn a_peer_that_asks_and_takes_no_answer_is_not_asked_for_more() {
        let mut near = Streams::new(Side::Client, Arc::default());
        // Streams that are not for it to open: each is answered.
        let openings = Bytes::from([1, 0, 0, 0, 2, 0, 0, 0].repeat(4096));
        let mut taken = 0;
        while near.wants_input() {
            near.receive(openings.clone()).unwrap();
            taken += 1;
            assert!(taken < 100, "the answers pile up");
        }
        while near.poll_output().is_some() {}
        assert!(near.wants_input());
    }

    #[tokio::test]
    async fn a_connection_that_is_refused_is_told_and_closed() {
        let (mut pair, _connections) = Pair::new();
        let (mut user, ours) = duplex(1024);
        assert!(pair.near.open(ours));
        let (refused, mut errors) = mpsc::unbounded_channel();
        tokio::spawn(pair.run(true, refused));
        assert_eq!(errors.recv().await, Some(io::ErrorKind::ConnectionRefused));
        assert_eq!(user.read(&mut [0; 8]).await.unwrap(), 0);
    }

    #[tokio::test]
    async fn what_was_meant_for_connections_that_were_refused_holds_nothing_up() {
        let mut peer = Mux::new(Side::Client);
        let mut far = Streams::new(Side::Server, Arc::default());
        for _ in 0..2 * BACKLOG / (64 * 1024) {
            let stream = peer.open();
            peer.write(stream, &[7; 64 * 1024]);
            assert!(far.wants_input());
            while let Some(bytes) = peer.poll_output() {
                for stream in far.receive(bytes).unwrap() {
                    far.attach(stream, async { Err::<DuplexStream, _>(io::ErrorKind::ConnectionRefused.into()) });
                }
            }
            while !matches!(far.next().await, Turn::Refused { .. }) {}
        }
    }

    #[tokio::test]
    async fn single_bytes_for_a_connection_that_takes_nothing_are_bounded_as_well() {
        let mut peer = Mux::new(Side::Client);
        let stream = peer.open();
        let mut far = Streams::new(Side::Server, Arc::default());
        let opening = peer.poll_output().unwrap();
        for stream in far.receive(opening).unwrap() {
            far.attach(stream, std::future::pending::<io::Result<DuplexStream>>());
        }
        let mut pieces = 0;
        while far.wants_input() {
            peer.write(stream, b"x");
            far.receive(peer.poll_output().unwrap()).unwrap();
            pieces += 1;
            assert!(pieces < 100_000, "every byte takes a place of its own");
        }
    }

    #[tokio::test]
    async fn a_connection_that_takes_nothing_stops_the_stream_and_no_more() {
        let (mut near, mut far) = ends();
        let (mut user, ours) = duplex(1024 * 1024);
        assert!(near.open(ours));
        let (theirs, stuck) = duplex(16);
        let mut theirs = Some(theirs);
        let flood = tokio::spawn(async move { while user.write_all(&[7; 64 * 1024]).await.is_ok() {} });
        while far.wants_input() {
            near.next().await;
            while let Some(bytes) = near.poll_output() {
                for stream in far.receive(bytes).unwrap() {
                    let theirs = theirs.take().unwrap();
                    far.attach(stream, async { Ok(theirs) });
                }
            }
        }
        // The one that is stuck goes, and with it what waited for it.
        drop(stuck);
        while !far.wants_input() {
            far.next().await;
        }
        flood.abort();
    }
}
