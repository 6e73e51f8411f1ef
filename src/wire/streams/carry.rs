//! One connection: its bytes to the owner of the stream, and the peer's to it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    sync::{Notify, Semaphore, mpsc},
    time::timeout,
};
use tokio_util::sync::CancellationToken;

use super::{FIRST_WINDOW, StreamId, Told};

/// Bytes that may wait for connections before the stream is no longer read; the size of AWS's peers.
pub(super) const BACKLOG: usize = 4 * 1024 * 1024;
/// The same where each connection has a window: many of them are full before this is.
const BACKLOG_WITH_WINDOWS: usize = 64 * 1024 * 1024;
/// What a piece that waits costs besides its bytes, so that a stream of single ones is bounded too.
const PIECE_COST: usize = 64;
/// What a connection gives at once.
const READ: usize = 64 * 1024;
/// Parts of a window that are taken before the owner is told: each costs it a turn. It tells the peer of every half.
const QUANTA: usize = 8;
// Whoever waits for room to send what it has read does not wait for ever: the reader keeps back less than this.
const _: () = assert!(READ + quantum_of(FIRST_WINDOW) <= FIRST_WINDOW as usize / 2);
/// A connection whose peer has closed may still have its answer out: so long, and so much of it. A peer that is gone for
/// good drops it. Between our own ends it has all the time, see [`super::StreamTerms`].
const LINGER: Duration = Duration::from_secs(10);
pub(super) const LINGER_BYTES: usize = 1024 * 1024;

/// Bytes on their way to connections.
#[derive(Debug)]
pub(super) struct Backlog {
    bytes: AtomicUsize,
    limit: usize,
    less: Notify,
}

impl Backlog {
    /// Nothing waits yet.
    pub(super) fn new(windows: bool) -> Self {
        let limit = if windows { BACKLOG_WITH_WINDOWS } else { BACKLOG };
        Self { bytes: AtomicUsize::new(0), limit, less: Notify::new() }
    }

    /// Whether the stream is to be read no more for now.
    pub(super) fn is_full(&self) -> bool {
        self.bytes.load(Ordering::Acquire) >= self.limit
    }

    /// Waits until it is no longer full. Cancel safe.
    pub(super) async fn less(&self) {
        self.less.notified().await;
    }
}

/// How much of what comes within such a window is taken before the owner is told.
pub(super) const fn quantum_of(window: u32) -> usize {
    window as usize / QUANTA
}

/// What a connection has to do with its owner and its peer.
pub(super) struct Way {
    pub(super) stream: StreamId,
    pub(super) told: mpsc::Sender<(StreamId, Told)>,
    /// The peer wants nothing more of it.
    pub(super) unwanted: CancellationToken,
    /// How much the peer has room for, where it tells.
    pub(super) room: Option<Arc<Semaphore>>,
    /// How much of the peer's data is taken before the owner is told.
    pub(super) quantum: Arc<AtomicUsize>,
    /// Whether each direction ends for itself.
    pub(super) halves: bool,
}

impl Way {
    /// Tells the owner. `false` if there is none any more.
    pub(super) async fn tell(&self, told: Told) -> bool {
        self.told.send((self.stream, told)).await.is_ok()
    }

    /// Waits until the peer has room for so much. It has room for so much sooner or later, unless it reads no more.
    async fn wait_for_room(&self, length: usize) {
        if let Some(room) = &self.room
            && let Ok(permits) = room.acquire_many(u32::try_from(length).unwrap_or(u32::MAX)).await
        {
            permits.forget();
        }
    }
}

/// What of the backlog waits for one connection.
#[derive(Debug)]
pub(super) struct Waiting {
    bytes: AtomicUsize,
    all: Arc<Backlog>,
}

impl Waiting {
    /// Nothing yet.
    pub(super) fn of(all: Arc<Backlog>) -> Self {
        Self { bytes: AtomicUsize::default(), all }
    }

    /// A piece of this length waits.
    pub(super) fn add(&self, length: usize) {
        self.bytes.fetch_add(length + PIECE_COST, Ordering::AcqRel);
        self.all.bytes.fetch_add(length + PIECE_COST, Ordering::AcqRel);
    }

    /// It does not after all.
    pub(super) fn take_back(&self, length: usize) {
        self.bytes.fetch_sub(length + PIECE_COST, Ordering::AcqRel);
        self.all.bytes.fetch_sub(length + PIECE_COST, Ordering::AcqRel);
    }

    /// How much waits, with what it costs besides.
    pub(super) fn bytes(&self) -> usize {
        self.bytes.load(Ordering::Acquire)
    }
}

/// Moves the bytes of one connection. Each direction ends for itself; after the peer's, the other one may linger, or with
/// `halves` go on until it is at its end or unwanted.
pub(super) async fn carry<S>(socket: S, mut data: mpsc::UnboundedReceiver<Bytes>, way: &Way, waiting: &Waiting)
where
    S: AsyncRead + AsyncWrite + Send + 'static,
{
    let (mut reader, mut writer) = tokio::io::split(socket);
    let (peer_closed, peer_spoke) = (AtomicBool::new(false), AtomicBool::new(false));
    let goes_on = || way.halves && peer_spoke.load(Ordering::Relaxed);
    let upwards = async {
        let mut buffer = BytesMut::new();
        let mut late = 0;
        while late < LINGER_BYTES || goes_on() {
            buffer.reserve(READ);
            let read = tokio::select! {
                biased;
                read = reader.read_buf(&mut buffer) => read,
                // What the peer has sent before is delivered all the same.
                () = way.unwanted.cancelled() => return true,
            };
            match read {
                Ok(0) => return way.tell(Told::Finished).await,
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
            tokio::select! {
                biased;
                () = way.wait_for_room(piece.len()) => {}
                () = way.unwanted.cancelled() => return true,
            }
            if !way.tell(Told::Data(piece)).await {
                return false;
            }
        }
        false
    };
    let downwards = async {
        let mut debt = Debt { waiting, bytes: 0 };
        let (mut whole, mut taken) = (true, 0);
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
            taken += piece.len();
            if way.room.is_some() && taken >= way.quantum.load(Ordering::Relaxed) {
                way.tell(Told::Taken(u32::try_from(std::mem::take(&mut taken)).unwrap_or(u32::MAX))).await;
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
    forgo(data, waiting);
}

/// Whatever still waits for a connection has nowhere to go.
pub(super) fn forgo(mut data: mpsc::UnboundedReceiver<Bytes>, waiting: &Waiting) {
    data.close();
    let mut rest = Debt { waiting, bytes: 0 };
    while let Ok(piece) = data.try_recv() {
        rest.bytes += piece.len() + PIECE_COST;
    }
}

/// Bytes that leave the backlog when they are paid, at the latest when this is dropped: a task can end anywhere.
struct Debt<'a> {
    waiting: &'a Waiting,
    bytes: usize,
}

impl Debt<'_> {
    fn pay(&mut self) {
        let bytes = std::mem::take(&mut self.bytes);
        if bytes == 0 {
            return;
        }
        let Waiting { bytes: own, all } = self.waiting;
        own.fetch_sub(bytes, Ordering::AcqRel);
        if all.bytes.fetch_sub(bytes, Ordering::AcqRel) >= all.limit {
            all.less.notify_one();
        }
    }
}

impl Drop for Debt<'_> {
    fn drop(&mut self) {
        self.pay();
    }
}
