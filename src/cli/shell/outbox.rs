//! What is typed or piped in, on its way to the node. Keys go at once; what is more than keys is a stream, and waits here
//! while the node takes no more.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use crate::client::{Session, SessionInput};

/// More than this at once was not typed by hand.
const KEYS: usize = 64;
/// A terminal of which so much was read was full: whoever pastes is about to go on.
const FULL: usize = 4095;
/// How long a full terminal is waited for, as there may have been no more of the paste.
const SOON: Duration = Duration::from_millis(2);
/// As much of a paste as goes together. Each piece is work for everybody on its way.
const TOGETHER: usize = 16 * 1024;
/// How much of a paste may wait while its terminal is still read, for the key that stops it.
const LIMIT: usize = 4 * 1024 * 1024;
/// Ctrl-C, by itself.
const INTERRUPT: &[u8] = &[3];
/// The end of what a terminal has to say.
const END: u8 = 4;
/// After so long it is said again, then after twice the time, and so on, so often. A terminal that is just being taken over by
/// an editor of lines forgets it, and every program on it wants one of its own.
const AGAIN: Duration = Duration::from_millis(300);
const TIMES: u32 = 8;

/// What waits.
pub struct Outbox {
    input: SessionInput,
    /// Whether standard input is a terminal.
    typed: bool,
    waiting: Vec<u8>,
    /// Until when more of a paste is waited for, to go with it.
    soon: Option<Instant>,
    /// How much of that has been sent.
    at: usize,
    /// Bytes of the stream that were sent.
    streamed: u64,
    /// The last byte that was put in.
    last: Option<u8>,
    /// When the end is said again, and how often it was.
    again: Option<(Instant, u32)>,
}

impl Outbox {
    /// For a session's input; `typed` says whether it comes from a terminal.
    pub fn new(session: &Session, typed: bool) -> Self {
        Self {
            input: session.input_handle(),
            typed,
            waiting: Vec::new(),
            soon: None,
            at: 0,
            streamed: 0,
            last: None,
            again: None,
        }
    }

    /// Whether more may be read: of a pipe, when everything is sent; of a terminal almost always, so that a key can stop
    /// what was pasted.
    pub fn has_room(&self) -> bool {
        if self.typed { self.waiting.len() - self.at < LIMIT } else { !self.waits() }
    }

    /// Whether something waits to be sent.
    pub fn waits(&self) -> bool {
        self.at < self.waiting.len()
    }

    /// Takes what was read. An interrupt that is typed behind a paste takes away what is left of it, as a terminal forgets
    /// what nobody has read yet.
    pub fn put(&mut self, session: &Session, bytes: Vec<u8>) {
        let Some(last) = bytes.last().copied() else { return };
        self.last = Some(last);
        if self.typed && bytes == INTERRUPT && (self.waits() || self.input.taken() < self.streamed) {
            self.waiting.clear();
            self.at = 0;
            self.input.drop_stream();
            session.input(bytes);
            return;
        }
        // A newline by itself becomes a carriage return, which only keys do.
        if !self.waits() && (self.typed && bytes.len() <= KEYS || bytes == b"\n") {
            session.input(bytes);
            return;
        }
        // What has left makes room, but not for every few bytes.
        if self.at * 2 >= self.waiting.len() {
            self.waiting.drain(..self.at);
            self.at = 0;
        }
        self.soon = (self.typed && bytes.len() >= FULL).then(|| Instant::now() + SOON);
        self.waiting.extend(bytes);
    }

    /// Says that there is no more, as a terminal says it. That key ends what has no newline yet, and only then the whole;
    /// a shell that edits its line itself (`shell`) wants the newline.
    pub fn end(&mut self, session: &Session, shell: bool) {
        let midway = self.last.is_some_and(|last| last != b'\n');
        let end = match midway {
            true if shell => vec![b'\n', END],
            true => vec![END, END],
            false => vec![END],
        };
        self.put(session, end);
        self.again = Some((Instant::now() + AGAIN, 0));
    }

    /// When [`Outbox::say_again`] is due.
    pub fn again_at(&self) -> Option<Instant> {
        self.again.filter(|_| !self.waits()).map(|(at, _)| at)
    }

    /// Says once more that there is no more: on a pipe every reader sees the end, and as often as it looks.
    pub fn say_again(&mut self, session: &Session) {
        session.input(vec![END]);
        self.again = self
            .again
            .map(|(_, times)| times + 1)
            .filter(|times| *times < TIMES)
            .map(|times| (Instant::now() + AGAIN * 2u32.pow(times), times));
    }

    /// Sends some of what waits, when the node takes it, and not before a paste that goes on has come together. Cancel safe.
    pub async fn step(&mut self) {
        if let Some(soon) = self.soon.filter(|_| self.waiting.len() - self.at < TOGETHER) {
            sleep_until(soon).await;
            self.soon = None;
        }
        let sent = self.input.send_some(&self.waiting[self.at..]).await;
        self.at += sent;
        self.streamed += sent as u64;
    }
}
