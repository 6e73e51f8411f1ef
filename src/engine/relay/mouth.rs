//! The way out at one end of a session. Whoever has a frame for the end writes it himself as far as the socket takes it;
//! the end's own task only goes on where the socket was full. So a frame passes the relay without a second task to wake.

use std::{
    collections::VecDeque,
    pin::Pin,
    sync::{Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker, ready},
};

use axum::{
    body::Bytes,
    extract::ws::{Message, WebSocket},
};
use futures_util::{Sink, stream::SplitSink};
use tokio::{sync::Semaphore, time::sleep};

use crate::engine::control::FAREWELL;

/// Room for what waits for an end, in KiB.
const ROOM: u32 = 4 * 1024;
/// What a frame takes of it at least: no more than 64 frames wait.
const FRAME: u32 = 64;

/// One end's way out.
#[derive(Debug)]
pub(super) struct Mouth {
    out: Mutex<Out>,
    /// Room for frames that wait, in KiB. Closed when nothing leaves any more.
    room: Semaphore,
}

#[derive(Debug)]
struct Out {
    /// `None` in tests, where nobody listens.
    sink: Option<SplitSink<WebSocket, Message>>,
    waiting: VecDeque<Message>,
    /// What the end's task is woken by.
    task: Waker,
    /// Nothing comes behind what waits.
    over: bool,
    farewell: bool,
}

impl Mouth {
    /// The way out through a socket.
    pub(super) fn new(sink: Option<SplitSink<WebSocket, Message>>) -> Self {
        let task = Waker::noop().clone();
        let out = Out { sink, waiting: VecDeque::new(), task, over: false, farewell: false };
        Self { out: Mutex::new(out), room: Semaphore::new(ROOM as usize) }
    }

    /// Puts a frame behind those that wait, once there is room. It leaves with the next [`Mouth::push`]. A frame for an end
    /// that has gone is dropped; the answer is whether it was not.
    pub(super) async fn put(&self, bytes: Bytes) -> bool {
        let message = Message::Binary(bytes);
        let size = size(&message);
        let permit = match self.room.try_acquire_many(size) {
            Ok(permit) => Ok(permit),
            Err(_) => {
                self.push();
                self.room.acquire_many(size).await
            }
        };
        let Ok(permit) = permit else { return false };
        permit.forget();
        self.out().waiting.push_back(message);
        true
    }

    /// Puts a ping behind those that wait, which is answered when everything before it has been read. It takes no room, so that
    /// nobody waits for some: there is one at a time, or one behind each frame.
    pub(super) fn put_ping(&self, payload: Bytes) {
        if !self.room.is_closed() {
            self.out().waiting.push_back(Message::Ping(payload));
        }
    }

    /// Sends a frame that may be lost: when there is no room, nobody waits.
    pub(super) fn try_send(&self, bytes: Bytes) {
        let message = Message::Binary(bytes);
        if let Ok(permit) = self.room.try_acquire_many(size(&message)) {
            permit.forget();
            self.out().waiting.push_back(message);
            self.push();
        }
    }

    /// Writes what waits, as far as the socket takes it. The rest is the business of [`Mouth::run`].
    pub(super) fn push(&self) {
        let mut out = self.out();
        let task = out.task.clone();
        let ended = match out.drive(&mut Context::from_waker(&task), &self.room) {
            Poll::Ready(Err(_)) => true,
            Poll::Ready(Ok(())) => out.over,
            Poll::Pending => false,
        };
        if ended {
            task.wake();
        }
    }

    /// Lets the end be hung up on behind what waits and behind this.
    pub(super) fn end(&self, last: Option<Bytes>) {
        let mut out = self.out();
        if !out.over {
            out.over = true;
            // More than there may be room for: it is the only one.
            out.waiting.extend(last.map(Message::Binary));
            out.task.wake_by_ref();
        }
    }

    /// Goes on writing until the end is to be hung up on, and says so to it, or until its socket fails or takes too long over
    /// its last words.
    pub(super) async fn run(&self) {
        let mut farewell = None;
        std::future::poll_fn(|context| {
            let mut out = self.out();
            out.task.clone_from(context.waker());
            match out.drive(context, &self.room) {
                Poll::Ready(Ok(())) if !out.over => Poll::Pending,
                Poll::Ready(_) => Poll::Ready(()),
                Poll::Pending if out.over => {
                    farewell.get_or_insert_with(|| Box::pin(sleep(FAREWELL))).as_mut().poll(context)
                }
                Poll::Pending => Poll::Pending,
            }
        })
        .await;
    }

    /// Nothing leaves any more; nobody is to wait for it.
    pub(super) fn gone(&self) {
        self.room.close();
    }

    fn out(&self) -> MutexGuard<'_, Out> {
        self.out.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a message takes of the room: a ping nothing. A frame that is larger than all of it waits until everything before it has left.
fn size(message: &Message) -> u32 {
    match message {
        Message::Binary(bytes) => u32::try_from(bytes.len() / 1024).unwrap_or(ROOM).clamp(FRAME, ROOM),
        _ => 0,
    }
}

impl Out {
    /// Ready when everything that waits has left.
    fn drive(&mut self, context: &mut Context<'_>, room: &Semaphore) -> Poll<Result<(), axum::Error>> {
        let Some(sink) = &mut self.sink else { return Poll::Ready(Ok(())) };
        let mut sink = Pin::new(sink);
        while !self.waiting.is_empty() {
            ready!(sink.as_mut().poll_ready(context))?;
            if let Some(message) = self.waiting.pop_front() {
                let size = size(&message);
                sink.as_mut().start_send(message)?;
                room.add_permits(size as usize);
            }
        }
        if self.over && !self.farewell {
            ready!(sink.as_mut().poll_ready(context))?;
            self.farewell = true;
            sink.as_mut().start_send(Message::Close(None))?;
        }
        sink.poll_flush(context)
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;
    use crate::{
        engine::{
            relay::{Relays, Side},
            store::sessions::Traffic,
        },
        ssm::Timestamp,
    };

    /// An end whose socket takes nothing any more.
    fn jammed() -> std::sync::Arc<Mouth> {
        let mouth = Mouth::new(None);
        for _ in 0..ROOM / FRAME {
            mouth.put(Bytes::new()).now_or_never().expect("there is room");
        }
        mouth.into()
    }

    #[test]
    fn nobody_waits_for_a_client_whose_place_is_taken() {
        let relays = Relays::default();
        relays.open("s", Traffic::default(), Timestamp::default());
        let (old, new) = (jammed(), std::sync::Arc::new(Mouth::new(None)));
        assert!(relays.attach("s", Side::Client, &old, None));
        let mut waiting = Box::pin(old.put(Bytes::new()));
        assert!(waiting.as_mut().now_or_never().is_none());
        assert!(relays.attach("s", Side::Client, &new, None));
        assert!(waiting.now_or_never().is_some(), "the agent's reader goes on");
    }

    #[test]
    fn a_ping_waits_for_no_room_and_makes_none() {
        // Whoever asks a client reads it as well, and a client that is not read may read nothing itself.
        let mouth = jammed();
        mouth.put_ping(Bytes::from_static(b"1"));
        assert!(matches!(mouth.out().waiting.back(), Some(Message::Ping(_))));
        assert_eq!(size(&Message::Ping(Bytes::from_static(b"1"))), 0);
        assert!(mouth.put(Bytes::new()).now_or_never().is_none());
        mouth.gone();
        mouth.put_ping(Bytes::from_static(b"2"));
        assert_eq!(mouth.out().waiting.len(), (ROOM / FRAME) as usize + 1, "nothing is kept for nobody");
    }

    #[test]
    fn large_frames_take_the_room_of_many() {
        let large = || Bytes::from(vec![0; 8 << 20]);
        let mouth = Mouth::new(None);
        assert!(mouth.put(large()).now_or_never().is_some(), "one of any size has room where nothing waits");
        assert!(mouth.put(Bytes::new()).now_or_never().is_none());
        let mouth = Mouth::new(None);
        mouth.put(Bytes::new()).now_or_never().expect("there is room");
        assert!(mouth.put(large()).now_or_never().is_none());
    }
}
