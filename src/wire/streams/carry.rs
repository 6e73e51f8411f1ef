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
    sync::{Notify, mpsc},
    time::timeout,
};
use tokio_util::sync::CancellationToken;

use super::{StreamId, Told};

/// Bytes that may wait for connections before the stream is no longer read; the size of AWS's peers.
pub(super) const BACKLOG: usize = 4 * 1024 * 1024;
/// What a piece that waits costs besides its bytes, so that a stream of single ones is bounded too.
const PIECE_COST: usize = 64;
/// What a connection gives at once.
const READ: usize = 64 * 1024;
/// A connection whose peer has closed may still have its answer out: so long, and so much of it. A peer that is gone for
/// good drops it. Between our own ends it has all the time, see [`super::Streams::keep_halves`].
const LINGER: Duration = Duration::from_secs(10);
pub(super) const LINGER_BYTES: usize = 1024 * 1024;

/// Bytes on their way to connections.
#[derive(Debug, Default)]
pub(super) struct Backlog {
    bytes: AtomicUsize,
    less: Notify,
}

impl Backlog {
    /// Whether the stream is to be read no more for now.
    pub(super) fn is_full(&self) -> bool {
        self.bytes.load(Ordering::Acquire) >= BACKLOG
    }

    /// Waits until it is no longer full. Cancel safe.
    pub(super) async fn less(&self) {
        self.less.notified().await;
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
/// `halves` go on until it is at its end or `unwanted`.
pub(super) async fn carry<S>(
    stream: StreamId,
    socket: S,
    mut data: mpsc::UnboundedReceiver<Bytes>,
    (told, unwanted): (&mpsc::Sender<(StreamId, Told)>, &CancellationToken),
    waiting: &Waiting,
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
        let mut debt = Debt { waiting, bytes: 0 };
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
        if all.bytes.fetch_sub(bytes, Ordering::AcqRel) >= BACKLOG {
            all.less.notify_one();
        }
    }
}

impl Drop for Debt<'_> {
    fn drop(&mut self) {
        self.pay();
    }
}
