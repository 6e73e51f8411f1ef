//! A session on a node: `StartSession`, its data channel, and the handle to it.
//!
//! A task of its own owns the connection; [`Session`] talks to it.

mod connect;
mod key;
mod line;
mod socket;

use std::{
    ops::Range,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use tokio::sync::{Semaphore, mpsc, watch};

use super::{Client, Error, TerminalSize};
use crate::{
    ssm::{ResumeSession, Sensitive, StartSession},
    wire::{
        channel::{Channel, Role, frame_size},
        smux::StreamTerms,
    },
};

/// Events that may wait for [`Session::next`]; of a shell's, only one.
const EVENTS: usize = 8;
/// Bytes of input under way from [`Session::send`].
const INPUT_WINDOW: usize = 512 * 1024;
/// The most that one [`Session::send`] hands over at once: the largest frame between our own ends.
const INPUT_PIECE: usize = 128 * 1024;
/// How often a line is tried: often enough for the boxes on the way, and to notice a dead one.
const KEEP_ALIVE: Duration = Duration::from_secs(30);

/// A running session. Dropping it closes the connection and leaves the session to the service; to end it on the node
/// too, see [`Session::terminate`].
#[derive(Debug)]
pub struct Session {
    id: String,
    commands: mpsc::UnboundedSender<Command>,
    events: mpsc::Receiver<SessionEvent>,
    window: Arc<Semaphore>,
    taken: watch::Receiver<u64>,
    counts: Arc<Counts>,
}

/// The numbers of frames that the node may have and may not.
#[derive(Debug, Default)]
struct Counts {
    start: AtomicI64,
    end: AtomicI64,
}

impl Counts {
    fn set(&self, counted: Range<i64>) {
        // The end first, and read last: whoever reads meanwhile knows less, and nothing wrong.
        self.end.store(counted.end, Ordering::Release);
        self.start.store(counted.start, Ordering::Release);
    }

    fn get(&self) -> Range<i64> {
        let start = self.start.load(Ordering::Acquire);
        start..self.end.load(Ordering::Acquire)
    }
}

/// What a session tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SessionEvent {
    /// Bytes of the shell, or of a command's standard output. Raw: not fit for a terminal of one's own unseen.
    Output(Bytes),
    /// Bytes of a command's standard error, where the document keeps them apart.
    Stderr(Bytes),
    /// The command's exit code.
    Exit(i32),
    /// The handshake is over. Shells without encryption have none.
    Ready {
        /// `Port`, `NonInteractiveCommands` and so on.
        session_type: String,
        /// Four numbers, `3.3.0.0`.
        agent_version: String,
        /// What the connections of a port session may count on.
        terms: StreamTerms,
    },
    /// The node could not make a connection that was asked for.
    Refused,
    /// The connection broke; this is the try that begins now, from 1.
    Reconnecting {
        /// The number of the try.
        attempt: u32,
    },
    /// The last try failed, and why. The next one follows.
    Trouble(String),
    /// The connection stands, and the node has answered nothing for so long although something waits for its answer. Told
    /// once; [`SessionEvent::Answered`] follows when it does.
    Silent(Duration),
    /// The node answers again.
    Answered,
    /// The connection stands, first or again.
    Connected,
    /// The session is over. Nothing follows.
    Closed {
        /// Why, if it did not end by itself.
        reason: Option<String>,
    },
}

/// What the handle asks of the task that owns the connection.
#[derive(Debug)]
enum Command {
    Input {
        bytes: Bytes,
        /// Whether the window is to be opened again when the bytes have left.
        windowed: bool,
    },
    /// Forget what was streamed and has not left.
    DropStream,
    Resize(TerminalSize),
    Disconnect,
    Terminate,
}

/// A way to stream into a session while its events are read elsewhere. What it sends stands in one order with what the
/// session's own handle sends.
#[derive(Clone, Debug)]
pub struct SessionInput {
    commands: mpsc::UnboundedSender<Command>,
    window: Arc<Semaphore>,
    taken: watch::Receiver<u64>,
}

impl SessionInput {
    /// Sends a stream such as a file: like [`Session::input`], but waits while much is under way.
    pub async fn send(&self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let sent = self.send_some(bytes).await;
            bytes = &bytes[sent..];
        }
    }

    /// Sends the beginning of a stream; how many bytes of it. Waits while much is under way; dropped meanwhile, it has
    /// sent nothing.
    pub async fn send_some(&self, bytes: &[u8]) -> usize {
        let piece = &bytes[..bytes.len().min(INPUT_PIECE)];
        // A session that has ended takes no more and does not make anybody wait; its `Closed` event has said so.
        if let Ok(permits) = self.window.acquire_many(u32::try_from(piece.len()).unwrap_or(1)).await {
            permits.forget();
            let _ = self.commands.send(Command::Input { bytes: Bytes::copy_from_slice(piece), windowed: true });
        }
        piece.len()
    }

    /// Forgets what was streamed and has not left. It counts as taken.
    pub fn drop_stream(&self) {
        let _ = self.commands.send(Command::DropStream);
    }

    /// How many bytes of all that was streamed the node has taken.
    pub fn taken(&self) -> u64 {
        *self.taken.borrow()
    }

    /// Waits until the node has taken more than so many bytes of all that was streamed; for ever when the session is over.
    pub async fn more_taken(&mut self, than: u64) {
        if self.taken.wait_for(|taken| *taken > than).await.is_err() {
            std::future::pending().await
        }
    }
}

impl Session {
    /// The session's id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Sends keystrokes, in the order of the calls. Bytes typed while the connection is down go out afterwards. A single
    /// newline becomes a carriage return, as AWS's client sends it.
    pub fn input(&self, bytes: Vec<u8>) {
        self.tell(Command::Input { bytes: bytes.into(), windowed: false });
    }

    /// Sends a stream such as a file: like [`Session::input`], but waits while much is under way.
    pub async fn send(&self, bytes: &[u8]) {
        self.input_handle().send(bytes).await;
    }

    /// A handle for [`Session::send`] beside [`Session::next`].
    pub fn input_handle(&self) -> SessionInput {
        SessionInput { commands: self.commands.clone(), window: self.window.clone(), taken: self.taken.clone() }
    }

    /// Tells the node the size of the terminal.
    pub fn resize(&self, size: TerminalSize) {
        self.tell(Command::Resize(size));
    }

    /// Tells an agent that carries one connection at a time that this one is over.
    pub fn disconnect(&self) {
        self.tell(Command::Disconnect);
    }

    /// The next event; `None` after [`SessionEvent::Closed`].
    pub async fn next(&mut self) -> Option<SessionEvent> {
        self.events.recv().await
    }

    /// The numbers of frames of input that the node may have and may not, as [`Client::take_over_session`] wants to know them: the
    /// node has all below, and none from the end on has been sent.
    pub fn counted(&self) -> Range<i64> {
        self.counts.get()
    }

    /// Ends the session on the node (`TerminateSession`). [`SessionEvent::Closed`] follows.
    pub async fn terminate(&self) {
        self.tell(Command::Terminate);
    }

    /// A session that has ended takes no more; its `Closed` event has said so.
    fn tell(&self, command: Command) {
        let _ = self.commands.send(command);
    }
}

/// How a session is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionOptions {
    /// The size of the terminal, told to the node at once.
    pub size: TerminalSize,
    /// How often the connection is tried. One that says nothing for two and a half times as long is replaced.
    pub keep_alive: Duration,
}

impl SessionOptions {
    /// A terminal of this size, and a connection that is tried every 30 s.
    pub fn new(size: TerminalSize) -> Self {
        Self { size, keep_alive: KEEP_ALIVE }
    }
}

/// Calls `StartSession` and lets a task open its stream.
pub(super) async fn start(client: Client, request: StartSession, options: SessionOptions) -> Result<Session, Error> {
    let target = request.target.clone();
    let answer = client.call(request).await?;
    let missing = |what: &str| Error::Protocol(format!("the answer to StartSession has no {what}"));
    let session_id = answer.session_id.ok_or_else(|| missing("SessionId"))?;
    let token = answer.token_value.ok_or_else(|| missing("TokenValue"))?;
    let url = answer.stream_url.ok_or_else(|| missing("StreamUrl"))?;
    let channel = Channel::new(Role::Client, frame_size(&url));
    Ok(open(line::Whose { client, session_id, target, url }, channel, options, token))
}

/// Calls `ResumeSession` for a session that another client of this caller began and has left, and lets a task open its
/// stream. What was shown before does not come again.
///
/// # Errors
/// Also when the session has ended meanwhile.
pub(super) async fn take_over(
    client: Client,
    session_id: String,
    target: String,
    unsure: Option<Range<i64>>,
    options: SessionOptions,
) -> Result<Session, Error> {
    let answer = client.call(ResumeSession { session_id: session_id.clone() }).await?;
    let token = answer.token_value.filter(|token| !token.0.is_empty());
    let token = token.ok_or_else(|| Error::Config("the session is over; open a new one".to_owned()))?;
    let missing = || Error::Protocol("the answer to ResumeSession has no StreamUrl".to_owned());
    let url = answer.stream_url.ok_or_else(missing)?;
    let size = frame_size(&url);
    let channel = Channel::take_over(size, options.size, unsure);
    Ok(open(line::Whose { client, session_id, target, url }, channel, options, token))
}

fn open(whose: line::Whose, channel: Channel, options: SessionOptions, token: Sensitive) -> Session {
    let (commands, requests) = mpsc::unbounded_channel();
    let (told, events) = mpsc::channel(EVENTS);
    let window = Arc::new(Semaphore::new(INPUT_WINDOW));
    let id = whose.session_id.clone();
    let counts = Arc::new(Counts::default());
    counts.set(channel.counted());
    let (tells_taken, taken) = watch::channel(0);
    let input = (window.clone(), tells_taken);
    let line = line::Line::new(whose, (channel, counts.clone()), options, input, requests, told);
    tokio::spawn(line.run(token));
    Session { id, commands, events, window, taken, counts }
}

#[cfg(test)]
mod tests;
