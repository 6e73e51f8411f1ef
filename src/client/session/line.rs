//! The task behind a session: carries bytes both ways while a connection stands, and ends when the session does.

use std::{collections::VecDeque, future::poll_fn, sync::Arc, task::Poll, time::Duration};

use bytes::{Buf, Bytes};
use futures_util::FutureExt;
use tokio::{
    sync::{
        Semaphore,
        mpsc::{
            self,
            error::{TryRecvError, TrySendError},
        },
        watch,
    },
    task::{JoinHandle, yield_now},
    time::{Instant, sleep, timeout, timeout_at},
};
use tokio_util::task::AbortOnDropHandle;
use uuid::Uuid;

use super::{
    Command, Counts, SessionEvent, SessionOptions,
    key::{self, DataKey},
    socket::{Heard, Socket},
};
use crate::{
    client::{Client, Error},
    ssm::{Sensitive, TerminateSession, Timestamp, clock::Clock},
    wire::{
        alarm::Alarm,
        channel::{Channel, Event},
        envelope::{flag, payload},
        messages::TerminalSize,
    },
};

/// How long the end of a session that the user terminated is waited for.
const FAREWELL: Duration = Duration::from_secs(3);
/// How long the service is tried that is to end a session, if nobody waits for that any more.
const TELLING: Duration = Duration::from_secs(30);
/// Between two such tries; each of them is several.
const AGAIN: Duration = Duration::from_millis(500);
/// Crumbs of output are joined to pieces of about this size; what comes in larger frames stays as it is.
const PIECE: usize = 32 * 1024;
/// Pieces that may wait before the line is no longer read.
pub(super) const PIECES: usize = 2;
/// The same of a session that carries files or connections.
const STREAM_PIECES: usize = 16;
/// The clock on the wall is so much ahead of the one that stands still with the machine: it was asleep.
const ASLEEP: Duration = Duration::from_secs(20);
/// What comes after a line said nothing for so long is shown at once.
const REST: Duration = Duration::from_millis(2);
/// How long the acknowledgement of a key's echo waits for the next key, to go out with it. Whoever holds a key down sends and
/// wakes half as much. Our agent repeats nothing for so short a time; what AWS's may repeat is known here, and not shown again.
const HELD: Duration = Duration::from_millis(40);
/// How long a line that was there before the machine fell asleep has to prove that it still is.
const AWAKE: Duration = Duration::from_secs(5);

/// A node that answers nothing for so long is silent. Frames that are in vain are repeated at least every five seconds, and
/// a node that is only busy acknowledges what it had already.
const PATIENCE: Duration = if cfg!(test) { Duration::from_millis(300) } else { Duration::from_secs(6) };

/// Which session, and who holds it.
pub(super) struct Whose {
    pub(super) client: Client,
    pub(super) session_id: String,
    /// The node, as `StartSession` named it.
    pub(super) target: String,
    /// The address of StartSession's answer; it stays the same when the session is resumed.
    pub(super) url: String,
}

/// One session's connection and what is under way on it.
pub(super) struct Line {
    pub(super) whose: Whose,
    /// Chosen once, kept across resumes.
    pub(super) client_id: String,
    pub(super) commands: mpsc::UnboundedReceiver<Command>,
    pub(super) events: mpsc::Sender<SessionEvent>,
    /// Connections in a row that ended before anything was heard.
    pub(super) restless: u32,
    keep_alive: Duration,
    clock: Clock,
    channel: Channel,
    counts: Arc<Counts>,
    window: Arc<Semaphore>,
    /// How much of what was streamed the node has taken.
    taken: watch::Sender<u64>,
    /// Whether a key has left since something was shown last.
    typed: bool,
    /// Bytes that were streamed, and those of them in `input`.
    streamed: (u64, usize),
    input: VecDeque<Input>,
    pub(super) output: VecDeque<SessionEvent>,
    /// The size of the user's terminal.
    size: TerminalSize,
    /// Whether single newlines become carriage returns.
    shell: bool,
    /// The session's type and the agent's version, until the handshake is over.
    agreed: (String, String),
    /// The key of an encrypted session, while KMS is asked for it.
    key: Option<AbortOnDropHandle<Result<DataKey, Error>>>,
    /// What stands in the session's way; the reason if it ends next.
    obstacle: Option<String>,
    ending: Option<Instant>,
    /// The service is being told that the session is to end.
    telling: Option<JoinHandle<Result<(), Error>>>,
    /// Whether it was told that the node does not answer.
    silent: bool,
    /// Whether the command's exit code was told: whatever follows, it has come to its end.
    pub(super) exited: bool,
}

/// Input on its way to the channel.
struct Input {
    bytes: Bytes,
    /// Part of a stream: the window is opened again when it has left, and newlines in it are what they are.
    windowed: bool,
    /// A newline that was typed by itself.
    newline: bool,
}

/// How a connection ended.
enum End {
    /// It broke.
    Lost,
    /// The session is over.
    Closed(Option<String>),
    /// Nobody holds the session any more.
    Dropped,
}

impl Line {
    /// `channel` with the counts that tell of it.
    pub(super) fn new(
        whose: Whose,
        (mut channel, counts): (Channel, Arc<Counts>),
        options: SessionOptions,
        (window, taken): (Arc<Semaphore>, watch::Sender<u64>),
        commands: mpsc::UnboundedReceiver<Command>,
        events: mpsc::Sender<SessionEvent>,
    ) -> Self {
        let clock = Clock::system();
        channel.send_size(options.size, clock.now());
        Self {
            whose,
            client_id: Uuid::new_v4().to_string(),
            commands,
            events,
            restless: 0,
            keep_alive: options.keep_alive.max(Duration::from_secs(1)),
            clock,
            channel,
            counts,
            window,
            taken,
            typed: false,
            streamed: (0, 0),
            input: VecDeque::new(),
            output: VecDeque::new(),
            size: options.size,
            shell: true,
            agreed: Default::default(),
            key: None,
            obstacle: None,
            ending: None,
            telling: None,
            silent: false,
            exited: false,
        }
    }

    /// Runs until the session is over or nobody holds it.
    pub(super) async fn run(mut self, token: Sensitive) {
        let mut reason = self.keep_connected(token).await;
        self.window.close();
        if let Some(telling) = self.telling.take() {
            reason = reason.or(self.untold(telling).await);
        }
        // What came with the end comes before it.
        while self.take_events().is_none() && !self.output.is_empty() {
            if !self.tell().await {
                return;
            }
        }
        if self.tell().await {
            let _ = self.events.send(SessionEvent::Closed { reason }).await;
        }
    }

    /// Hands everything that waits to the holder. `false` if there is none.
    async fn tell(&mut self) -> bool {
        while let Some(event) = self.output.pop_front() {
            if self.events.send(event).await.is_err() {
                return false;
            }
        }
        true
    }

    async fn keep_connected(&mut self, token: Sensitive) -> Option<String> {
        let mut token = Some(token);
        loop {
            let socket = match self.connect(token.take()).await {
                Ok(socket) => socket,
                Err(reason) => return reason,
            };
            self.output.push_back(SessionEvent::Connected);
            self.restless = self.restless.saturating_add(1);
            match self.carry(socket).await {
                End::Lost if self.ending.is_some() => return None,
                End::Lost => self.channel.reconnected(),
                End::Closed(reason) => return reason,
                End::Dropped => return None,
            }
        }
    }

    /// Carries bytes both ways while the socket lasts. Keystrokes go out however much output waits for its reader.
    async fn carry(&mut self, mut socket: Socket) -> End {
        let Socket { ear, mouth } = &mut socket;
        let told = self.events.clone();
        let mut ping = Instant::now() + self.keep_alive;
        let (mut mute, mut gone, mut jammed) = (false, false, false);
        // Until when an acknowledgement waits for a key.
        let mut held: Option<Instant> = None;
        let silence = self.keep_alive.mul_f64(2.5);
        let mut quiet = Instant::now() + silence;
        let mut alarm = Alarm::new(quiet);
        let mut wake = Wake::new(self.clock.now());
        // Since when a node that answers would have been heard.
        let mut listens_since = self.clock.now();
        loop {
            // However much comes, what is typed has its turn, and what is due.
            match self.commands.try_recv() {
                Ok(command) => self.obey(command),
                Err(TryRecvError::Disconnected) => return End::Dropped,
                Err(TryRecvError::Empty) => {}
            }
            if self.ending.is_some_and(|ending| Instant::now() >= ending) {
                return End::Closed(self.obstacle.take());
            }
            let now = self.clock.now();
            if self.channel.deadline().is_some_and(|due| due <= now) {
                self.channel.tick(now);
            }
            if Instant::now() >= ping {
                mouth.ping();
                ping = Instant::now() + self.keep_alive;
            }
            if self.note_silence(listens_since) {
                // Perhaps the line is dead, and not the node.
                mouth.ping();
                quiet = quiet.min(Instant::now() + AWAKE);
            }
            let mut shown = false;
            loop {
                if let Some(reason) = self.take_events() {
                    return End::Closed(reason);
                }
                let idle = self.output.is_empty();
                shown |= self.output.iter().any(|event| matches!(event, SessionEvent::Output(_)));
                if !self.show() {
                    return End::Dropped;
                }
                // What the holder does not take yet stays, and what the channel has besides stays there.
                if idle || !self.output.is_empty() {
                    break;
                }
            }
            if shown && self.shell {
                if std::mem::take(&mut self.typed) {
                    held = Some(Instant::now() + HELD);
                }
                // The holder has its turn before it is acknowledged: somebody waits to see it.
                yield_now().await;
            }
            self.write_input();
            self.counts.set(self.channel.counted());
            held.take_if(|until| jammed || Instant::now() >= *until || !self.channel.owes_one_acknowledgement());
            // A line that takes nothing any more may still have something to say, and then says that it has ended.
            if !mute && held.is_none() {
                let now = self.clock.now();
                let mut next = || self.channel.poll_transmit(now);
                let sent = poll_fn(|context| Poll::Ready(mouth.poll_send(context, &mut next))).await;
                jammed = sent.is_pending();
                mute = matches!(sent, Poll::Ready(Err(_)));
            }
            self.tell_taken();
            let now = self.clock.now();
            let silent = self.channel.unanswered_since().filter(|_| !self.silent);
            let silent = silent.map(|since| since.max(listens_since).plus(PATIENCE));
            let listening = self.output.len() < self.pieces() && self.channel.wants_input();
            // What came before the end of a line has been dealt with: it may be the end of the session.
            if gone && listening {
                return End::Lost;
            }
            let by_clock = [self.channel.deadline(), silent].into_iter().flatten();
            let by_clock = by_clock.map(|due| Instant::now() + due.since(now));
            let due = by_clock.chain(listening.then_some(quiet)).chain(self.ending).chain(held);
            let due = due.fold(ping, Instant::min);
            let wanted = self.places();
            // In the order of what somebody waits for: each look at what is not there yet makes a key later.
            tokio::select! {
                biased;
                heard = ear.hear(), if listening => {
                    let rested = Instant::now() + silence > quiet + REST;
                    let mut heard = Some(heard);
                    while let Some(next) = heard {
                        quiet = Instant::now() + silence;
                        match next {
                            Heard::Message(bytes) => {
                                self.restless = 0;
                                if let Err(error) = self.channel.receive(&bytes, self.clock.now()) {
                                    tracing::debug!(%error, "a malformed message on the data channel");
                                }
                            }
                            Heard::Life => {}
                            Heard::Gone => {
                                gone = true;
                                break;
                            }
                        }
                        // What is there already is taken in the same turn, and acknowledged together. But what comes
                        // first after a rest is a key's echo, and is shown before what came with it is looked at.
                        let backlog = self.channel.backlog();
                        let more = if rested { backlog == 0 } else { backlog < self.appetite() };
                        heard = if more { ear.hear().now_or_never() } else { None };
                    }
                }
                command = self.commands.recv() => match command {
                    Some(command) => self.obey(command),
                    None => return End::Dropped,
                },
                places = told.reserve_many(wanted), if !self.output.is_empty() => match places {
                    Ok(mut places) => if let (Some(place), Some(event)) = (places.next(), self.output.pop_front()) {
                        place.send(event);
                    },
                    Err(_) => return End::Dropped,
                },
                sent = poll_fn(|context| mouth.poll_send(context, || None)), if jammed => (mute, jammed) = (sent.is_err(), false),
                key = generated(&mut self.key) => self.unlock(key),
                () = alarm.ring(due) => if listening && Instant::now() >= quiet {
                    return End::Lost;
                },
            }
            if !listening {
                listens_since = self.clock.now();
            }
            if wake.after_sleep(self.clock.now()) {
                // The other side may have hung up long ago without being heard.
                mouth.ping();
                quiet = quiet.min(Instant::now() + AWAKE);
            }
        }
    }

    /// Tells the holder when the node stops answering, and when it answers again. On a line that is listened to since then only,
    /// because it is new or because nobody took what came, what was said before has its time again. `true` when the node has
    /// just stopped.
    fn note_silence(&mut self, listens_since: Timestamp) -> bool {
        let now = self.clock.now();
        let silence = self.channel.unanswered_since().map(|since| now.since(since)).filter(|age| *age >= PATIENCE);
        match (silence, self.silent) {
            (Some(_), false) if now.since(listens_since) < PATIENCE => return false,
            (Some(silence), false) => self.output.push_back(SessionEvent::Silent(silence)),
            (None, true) => self.output.push_back(SessionEvent::Answered),
            _ => return false,
        }
        self.silent = silence.is_some();
        self.silent
    }

    /// Pieces of output that may wait before the line is no longer read. Of a shell's, few: what waits is what still comes
    /// after an interrupt.
    fn pieces(&self) -> usize {
        if self.shell { PIECES } else { STREAM_PIECES }
    }

    /// Bytes of messages that are taken at once.
    fn appetite(&self) -> usize {
        self.pieces() * PIECE / 2
    }

    /// Hands the holder as much as it takes at once. `false` if there is none.
    fn show(&mut self) -> bool {
        let wanted = self.places();
        while !self.output.is_empty() {
            match self.events.try_reserve_many(wanted) {
                Ok(mut places) => {
                    if let (Some(place), Some(event)) = (places.next(), self.output.pop_front()) {
                        place.send(event);
                    }
                }
                Err(TrySendError::Closed(())) => return false,
                Err(TrySendError::Full(())) => return true,
            }
        }
        true
    }

    /// How many events the holder must have room for before it is handed another one. A shell's has to be done with the
    /// last one.
    fn places(&self) -> usize {
        if self.shell { self.events.max_capacity() } else { 1 }
    }

    pub(super) fn obey(&mut self, command: Command) {
        match command {
            Command::Input { bytes, windowed } => {
                let newline = !windowed && bytes[..] == *b"\n";
                self.typed |= !windowed;
                if windowed {
                    self.streamed.0 += bytes.len() as u64;
                    self.streamed.1 += bytes.len();
                }
                self.input.push_back(Input { bytes, windowed, newline });
            }
            Command::DropStream => {
                self.input.retain(|input| !input.windowed);
                self.window.add_permits(std::mem::take(&mut self.streamed.1));
            }
            Command::Resize(size) => {
                self.size = size;
                self.channel.send_size(size, self.clock.now());
            }
            Command::Disconnect => self.channel.send_flag(flag::DISCONNECT_TO_PORT, self.clock.now()),
            Command::Terminate if self.ending.is_none() => self.terminate(),
            Command::Terminate => {}
        }
    }

    /// Asks both the agent and the service to end the session; either suffices. A service that cannot be reached is tried
    /// again for a while, also when nobody holds the session any more.
    pub(super) fn terminate(&mut self) {
        self.ending = Some(Instant::now() + FAREWELL);
        self.channel.send_flag(flag::TERMINATE_SESSION, self.clock.now());
        let (client, session_id) = (self.whose.client.clone(), self.whose.session_id.clone());
        self.telling = Some(tokio::spawn(async move {
            let tries = async {
                loop {
                    match client.call(TerminateSession { session_id: session_id.clone() }).await {
                        Ok(_) => return Ok(()),
                        // It has ended by itself.
                        Err(error) if error.code() == Some("DoesNotExistException") => return Ok(()),
                        Err(error) if error.is_transient() => tracing::debug!(%error, "TerminateSession"),
                        Err(error) => return Err(error),
                    }
                    sleep(AGAIN).await;
                }
            };
            match timeout(TELLING, tries).await {
                Ok(outcome) => outcome,
                Err(_) => Err(Error::Protocol("nobody answers".to_owned())),
            }
        }));
    }

    /// Waits until the service was told to end the session that nobody else was seen to end; what there is to say if it
    /// was not.
    async fn untold(&self, telling: JoinHandle<Result<(), Error>>) -> Option<String> {
        let until = self.ending.unwrap_or_else(Instant::now);
        let outcome = tokio::select! {
            // It is told all the same.
            () = self.events.closed() => return None,
            outcome = timeout_at(until, telling) => outcome,
        };
        let why = match outcome {
            Ok(Ok(Ok(()))) => return None,
            Ok(Ok(Err(error))) => error.to_string(),
            Ok(Err(_)) | Err(_) => "it does not answer".to_owned(),
        };
        let id = &self.whose.session_id;
        Some(format!(
            "only here: the service could not be told ({why}), and {id} may still run on the node: \
             `fleetdeck sessions end {id}` ends it there"
        ))
    }

    fn write_input(&mut self) {
        while let Some(Input { bytes, windowed, newline }) = self.input.front_mut() {
            if self.shell && *newline {
                *bytes = Bytes::from_static(b"\r");
            }
            let taken = self.channel.write(payload::OUTPUT, bytes, self.clock.now());
            if *windowed {
                self.window.add_permits(taken);
                self.streamed.1 -= taken;
            }
            bytes.advance(taken);
            if !bytes.is_empty() {
                return;
            }
            self.input.pop_front();
        }
    }

    /// Tells how much of the stream the node has taken. Keys that are under way count as if they were part of it.
    fn tell_taken(&self) {
        let (streamed, queued) = self.streamed;
        let taken = streamed.saturating_sub((queued + self.channel.unacknowledged_bytes()) as u64);
        self.taken.send_if_modified(|told| {
            let more = taken > *told;
            *told = taken.max(*told);
            more
        });
    }

    /// Turns the channel's events into the session's. The answer is the reason of the end, when that is among them.
    fn take_events(&mut self) -> Option<Option<String>> {
        let mut gathered = Gathered::default();
        let mut end = None;
        while self.output.len() < self.pieces() && end.is_none() {
            let Some(event) = self.channel.poll_event() else { break };
            match event {
                Event::Data(bytes) => gathered.add(&mut self.output, bytes, false),
                Event::Stderr(bytes) => gathered.add(&mut self.output, bytes, true),
                Event::HandshakeComplete(text) => {
                    if !text.is_empty() {
                        gathered.add(&mut self.output, format!("{text}\r\n").into(), false);
                    }
                    gathered.put(&mut self.output);
                    if self.shell {
                        // AWS's agent acknowledges a size that comes while it waits for the answer to its handshake, and
                        // forgets it.
                        self.channel.send_size(self.size, self.clock.now());
                    }
                    let (session_type, agent_version) = std::mem::take(&mut self.agreed);
                    let terms = self.channel.stream_terms();
                    self.output.push_back(SessionEvent::Ready { session_type, agent_version, terms });
                }
                Event::Flag(flag::CONNECT_TO_PORT_ERROR) => {
                    gathered.put(&mut self.output);
                    self.output.push_back(SessionEvent::Refused);
                }
                Event::ExitCode(code) => {
                    gathered.put(&mut self.output);
                    self.exited = true;
                    self.output.push_back(SessionEvent::Exit(code));
                }
                Event::SessionType { session_type, agent_version, .. } => {
                    self.shell = matches!(session_type.as_str(), "Standard_Stream" | "InteractiveCommands");
                    self.agreed = (session_type, agent_version);
                }
                Event::KeyWanted { key_id, challenge } => {
                    let Whose { client, session_id, target, .. } = &self.whose;
                    let key = key::generate(client.clone(), key_id, session_id.clone(), target.clone(), challenge);
                    self.key = Some(AbortOnDropHandle::new(tokio::spawn(key)));
                }
                Event::Broken(error) => {
                    self.obstacle = Some(error.to_string());
                    self.terminate();
                }
                Event::Unsupported(text) => self.obstacle = Some(text),
                Event::Closed(closed) => {
                    self.telling = None;
                    // Whoever has ended it need not be told.
                    let told = Some(plain(&closed.output)).filter(|text| !text.is_empty() && self.ending.is_none());
                    end = Some(self.obstacle.take().or(told));
                }
                _ => {}
            }
        }
        gathered.put(&mut self.output);
        end
    }

    /// Gives the channel what KMS answered.
    fn unlock(&mut self, key: Result<DataKey, Error>) {
        let now = self.clock.now();
        match key {
            Ok(key) => self.channel.answer_key(&key.cipher_text, key.keys, key.challenged, now),
            Err(error) => {
                let advice = error.advice().map(|advice| format!(" {advice}")).unwrap_or_default();
                let obstacle = format!("the session is to be encrypted, but KMS gave no key: {error}.{advice}");
                self.channel.refuse_key(&obstacle, now);
                self.obstacle = Some(obstacle);
            }
        }
    }
}

/// Why a session ended, as one line: AWS's agent tells it as it tells the output of a step, with a line between what was said and
/// what went wrong.
pub(super) fn plain(output: &str) -> String {
    const DIVIDER: &str = "----------ERROR-------";
    let lines = output.lines().map(str::trim).filter(|line| !line.is_empty() && *line != DIVIDER);
    lines.collect::<Vec<_>>().join(" ")
}

/// Ready when a key that is asked for is there, and not before.
async fn generated(key: &mut Option<AbortOnDropHandle<Result<DataKey, Error>>>) -> Result<DataKey, Error> {
    let Some(task) = key else { return std::future::pending().await };
    let outcome = task.await;
    *key = None;
    outcome.unwrap_or_else(|error| Err(Error::Protocol(error.to_string())))
}

/// Output on its way to the holder, joined where it comes in crumbs.
#[derive(Default)]
struct Gathered {
    bytes: Vec<u8>,
    stderr: bool,
}

impl Gathered {
    fn add(&mut self, output: &mut VecDeque<SessionEvent>, bytes: Bytes, stderr: bool) {
        if self.stderr != stderr || self.bytes.len() + bytes.len() > PIECE {
            self.put(output);
        }
        self.stderr = stderr;
        // What is large enough by itself need not be copied.
        if self.bytes.is_empty() && bytes.len() >= PIECE / 4 {
            output.push_back(Self::event(bytes, stderr));
        } else {
            self.bytes.extend_from_slice(&bytes);
        }
    }

    fn put(&mut self, output: &mut VecDeque<SessionEvent>) {
        if !self.bytes.is_empty() {
            output.push_back(Self::event(std::mem::take(&mut self.bytes).into(), self.stderr));
        }
    }

    fn event(bytes: Bytes, stderr: bool) -> SessionEvent {
        if stderr { SessionEvent::Stderr(bytes) } else { SessionEvent::Output(bytes) }
    }
}

/// Notices that the machine was asleep: the clock on the wall went on, the other one did not.
struct Wake {
    wall: Timestamp,
    running: Instant,
}

impl Wake {
    fn new(wall: Timestamp) -> Self {
        Self { wall, running: Instant::now() }
    }

    fn after_sleep(&mut self, wall: Timestamp) -> bool {
        let running = Instant::now();
        let slept = wall.since(self.wall) > running.duration_since(self.running) + ASLEEP;
        (self.wall, self.running) = (wall, running);
        slept
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_went_wrong_is_one_line() {
        assert_eq!(plain("\r\n----------ERROR-------\r\nUnable to start: no user\r\n"), "Unable to start: no user");
        assert_eq!(plain("it timed out."), "it timed out.");
        assert_eq!(plain("\n"), "");
    }
}
