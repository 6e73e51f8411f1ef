//! The task behind a session: keeps the data channel connected, carries bytes both ways, and ends when the session does.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use bytes::Bytes;
use tokio::{
    sync::{Semaphore, mpsc},
    time::{Instant, MissedTickBehavior, interval_at, sleep},
};
use tokio_tungstenite::tungstenite::Message;
use uuid::Uuid;

use super::{
    Command, SessionEvent,
    socket::{Heard, Socket},
};
use crate::{
    client::{
        Client, Error, TerminalSize,
        retry::{chance, delay},
    },
    ssm::{ResumeSession, Sensitive, TerminateSession, clock::Clock},
    wire::{
        channel::{CLIENT_VERSION, Channel, Event, Role, frame_size},
        envelope::{flag, payload},
        messages::OpenChannel,
    },
};

/// Tries in a row before a session is given up: some two minutes, enough for a service that is being restarted.
const TRIES: u32 = 30;
const FIRST_WAIT: Duration = Duration::from_millis(150);
/// Nobody restarts anything in a test.
const LONGEST_WAIT: Duration = if cfg!(test) { Duration::from_millis(20) } else { Duration::from_secs(5) };
/// Often enough for the middle boxes, and to notice a dead line.
const PING: Duration = Duration::from_secs(30);
/// A line without a sign of life for so long is dead.
const SILENCE: Duration = Duration::from_secs(75);
/// How long the end of a session that the user terminated is waited for.
const FAREWELL: Duration = Duration::from_secs(3);
/// Output is joined to pieces of about this size.
const PIECE: usize = 64 * 1024;
/// Pieces that may wait before the line is no longer read.
const PIECES: usize = 16;

/// One session's connection and what is under way on it.
pub(super) struct Line {
    client: Client,
    session_id: String,
    /// The address of StartSession's answer; it stays the same when the session is resumed.
    url: String,
    /// Chosen once, kept across resumes.
    client_id: String,
    clock: Clock,
    channel: Channel,
    window: Arc<Semaphore>,
    commands: mpsc::UnboundedReceiver<Command>,
    events: mpsc::Sender<SessionEvent>,
    input: VecDeque<(Vec<u8>, bool)>,
    output: VecDeque<SessionEvent>,
    /// Whether single newlines become carriage returns.
    shell: bool,
    /// The session's type and the agent's version, until the handshake is over.
    agreed: (String, String),
    /// What an agent asked for in vain; the reason if the session ends next.
    unsupported: Option<String>,
    ending: Option<Instant>,
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
    pub(super) fn new(
        client: Client,
        session_id: String,
        url: String,
        size: TerminalSize,
        window: Arc<Semaphore>,
        commands: mpsc::UnboundedReceiver<Command>,
        events: mpsc::Sender<SessionEvent>,
    ) -> Self {
        let clock = Clock::system();
        let mut channel = Channel::new(Role::Client, frame_size(&url));
        channel.send_size(size, clock.now());
        Self {
            client,
            session_id,
            url,
            client_id: Uuid::new_v4().to_string(),
            clock,
            channel,
            window,
            commands,
            events,
            input: VecDeque::new(),
            output: VecDeque::new(),
            shell: true,
            agreed: Default::default(),
            unsupported: None,
            ending: None,
        }
    }

    /// Runs until the session is over or nobody holds it.
    pub(super) async fn run(mut self, token: Sensitive) {
        let reason = self.keep_connected(token).await;
        self.window.close();
        while let Some(event) = self.output.pop_front() {
            if self.events.send(event).await.is_err() {
                return;
            }
        }
        let _ = self.events.send(SessionEvent::Closed { reason }).await;
    }

    async fn keep_connected(&mut self, token: Sensitive) -> Option<String> {
        let mut token = Some(token);
        loop {
            let socket = match self.connect(token.take()).await {
                Ok(socket) => socket,
                Err(reason) => return Some(reason),
            };
            self.output.push_back(SessionEvent::Connected);
            match self.carry(socket).await {
                End::Lost if self.ending.is_some() => return None,
                End::Lost => self.channel.reconnected(),
                End::Closed(reason) => return reason,
                End::Dropped => return None,
            }
        }
    }

    /// Opens the socket, with the token of `StartSession` the first time and one of `ResumeSession` later. The error is
    /// why there is no use in trying on.
    async fn connect(&mut self, mut token: Option<Sensitive>) -> Result<Socket, String> {
        let mut last = String::new();
        for attempt in 0..TRIES {
            let first = token.is_some() && attempt == 0;
            if !first {
                // A full queue keeps the news back, not the connection.
                let _ = self.events.try_send(SessionEvent::Reconnecting { attempt: attempt.max(1) });
                self.unless_terminated(sleep(delay(FIRST_WAIT, attempt, chance()).min(LONGEST_WAIT))).await?;
            }
            let ticket = match token.take() {
                Some(token) => Ok(token),
                None => self.unless_terminated(resume(self.client.clone(), self.session_id.clone())).await??,
            };
            let opened = match ticket {
                Ok(ticket) => {
                    let (url, opening) = (self.url.clone(), self.opening(ticket));
                    self.unless_terminated(async move { Socket::open(&url, opening).await }).await?
                }
                Err(error) => Err(error),
            };
            match opened {
                Ok(socket) => return Ok(socket),
                Err(error @ (Error::Tls { .. } | Error::Config(_) | Error::Credentials { .. })) => {
                    return Err(error.to_string());
                }
                Err(error) => last = error.to_string(),
            }
        }
        Err(format!("the connection could not be restored: {last}"))
    }

    /// Waits for something, unless the user ends the session meanwhile; then the error is empty of blame.
    async fn unless_terminated<T>(&mut self, awaited: impl Future<Output = T>) -> Result<T, String> {
        let mut awaited = std::pin::pin!(awaited);
        loop {
            tokio::select! {
                value = &mut awaited => return Ok(value),
                command = self.commands.recv() => match command {
                    Some(Command::Terminate) => {
                        self.terminate();
                        return Err("terminated while the connection was down".to_owned());
                    }
                    Some(command) => self.obey(command),
                    None => return Err("closed".to_owned()),
                },
            }
        }
    }

    fn opening(&self, token: Sensitive) -> String {
        let message = OpenChannel {
            message_schema_version: "1.0".to_owned(),
            request_id: Uuid::new_v4().to_string(),
            token_value: token,
            client_id: Some(self.client_id.clone()),
            client_version: Some(CLIENT_VERSION.to_owned()),
            ..OpenChannel::default()
        };
        serde_json::to_string(&message).unwrap_or_default()
    }

    /// Carries bytes both ways while the socket lasts. Keystrokes go out however much output waits for its reader.
    async fn carry(&mut self, mut socket: Socket) -> End {
        socket.ping();
        let (writer, told) = (socket.writer(), self.events.clone());
        let mut ping = interval_at(Instant::now() + PING, PING);
        ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut alive = Instant::now();
        let mut unsent: Option<Bytes> = None;
        loop {
            self.write_input();
            while let Some(message) = unsent.take().or_else(|| self.channel.poll_transmit(self.clock.now())) {
                match writer.try_reserve() {
                    Ok(place) => place.send(Message::Binary(message)),
                    Err(_) => {
                        unsent = Some(message);
                        break;
                    }
                }
            }
            if let Some(reason) = self.take_events() {
                return End::Closed(reason);
            }
            let resend = self.channel.deadline().map(|due| due.since(self.clock.now()));
            let listening = self.output.len() < PIECES;
            let quiet = alive + SILENCE;
            tokio::select! {
                heard = socket.hear(), if listening => match heard {
                    Heard::Message(bytes) => {
                        alive = Instant::now();
                        if let Err(error) = self.channel.receive(&bytes, self.clock.now()) {
                            tracing::debug!(%error, "a malformed message on the data channel");
                        }
                    }
                    Heard::Life => alive = Instant::now(),
                    Heard::Gone => return End::Lost,
                },
                place = told.reserve(), if !self.output.is_empty() => match (place, self.output.pop_front()) {
                    (Ok(place), Some(event)) => place.send(event),
                    (Err(_), _) => return End::Dropped,
                    (Ok(_), None) => {}
                },
                command = self.commands.recv() => match command {
                    Some(command) => self.obey(command),
                    None => return End::Dropped,
                },
                place = writer.reserve(), if unsent.is_some() => match (place, unsent.take()) {
                    (Ok(place), Some(message)) => place.send(Message::Binary(message)),
                    _ => return End::Lost,
                },
                () = sleep(resend.unwrap_or(PING)), if resend.is_some() => self.channel.tick(self.clock.now()),
                _ = ping.tick() => socket.ping(),
                () = tokio::time::sleep_until(quiet), if listening => return End::Lost,
                () = tokio::time::sleep_until(self.ending.unwrap_or(quiet)), if self.ending.is_some() => {
                    return End::Closed(None);
                }
            }
        }
    }

    fn obey(&mut self, command: Command) {
        match command {
            Command::Input { mut bytes, windowed } => {
                if self.shell && bytes == b"\n" {
                    bytes[0] = b'\r';
                }
                self.input.push_back((bytes, windowed));
            }
            Command::Resize(size) => self.channel.send_size(size, self.clock.now()),
            Command::Disconnect => self.channel.send_flag(flag::DISCONNECT_TO_PORT, self.clock.now()),
            Command::Terminate if self.ending.is_none() => self.terminate(),
            Command::Terminate => {}
        }
    }

    /// Asks both the agent and the service to end the session; either suffices.
    fn terminate(&mut self) {
        self.ending = Some(Instant::now() + FAREWELL);
        self.channel.send_flag(flag::TERMINATE_SESSION, self.clock.now());
        let (client, session_id) = (self.client.clone(), self.session_id.clone());
        tokio::spawn(async move {
            if let Err(error) = client.call(TerminateSession { session_id }).await {
                tracing::debug!(%error, "TerminateSession");
            }
        });
    }

    fn write_input(&mut self) {
        while let Some((bytes, windowed)) = self.input.front_mut() {
            let taken = self.channel.write(payload::OUTPUT, bytes, self.clock.now());
            if *windowed {
                self.window.add_permits(taken);
            }
            bytes.drain(..taken);
            if !bytes.is_empty() {
                return;
            }
            self.input.pop_front();
        }
    }

    /// Turns the channel's events into the session's. The answer is the reason of the end, when that is among them.
    fn take_events(&mut self) -> Option<Option<String>> {
        let mut gathered: (Vec<u8>, bool) = (Vec::new(), false);
        let mut end = None;
        while self.output.len() < PIECES && end.is_none() {
            let Some(event) = self.channel.poll_event() else { break };
            match event {
                Event::Data(bytes) => self.gather(&mut gathered, &bytes, false),
                Event::Stderr(bytes) => self.gather(&mut gathered, &bytes, true),
                Event::HandshakeComplete(text) => {
                    if !text.is_empty() {
                        self.gather(&mut gathered, format!("{text}\r\n").as_bytes(), false);
                    }
                    self.put(&mut gathered);
                    let (session_type, agent_version) = std::mem::take(&mut self.agreed);
                    self.output.push_back(SessionEvent::Ready { session_type, agent_version });
                }
                Event::Flag(flag::CONNECT_TO_PORT_ERROR) => {
                    self.put(&mut gathered);
                    self.output.push_back(SessionEvent::Refused);
                }
                Event::ExitCode(code) => {
                    self.put(&mut gathered);
                    self.output.push_back(SessionEvent::Exit(code));
                }
                Event::SessionType { session_type, agent_version, .. } => {
                    self.shell = matches!(session_type.as_str(), "Standard_Stream" | "InteractiveCommands");
                    self.agreed = (session_type, agent_version);
                }
                Event::Unsupported(text) => self.unsupported = Some(text),
                Event::Closed(closed) => {
                    end = Some(Some(closed.output).filter(|text| !text.is_empty()).or_else(|| self.unsupported.take()));
                }
                _ => {}
            }
        }
        self.put(&mut gathered);
        end
    }

    fn gather(&mut self, gathered: &mut (Vec<u8>, bool), bytes: &[u8], stderr: bool) {
        if gathered.1 != stderr || gathered.0.len() + bytes.len() > PIECE {
            self.put(gathered);
            gathered.1 = stderr;
        }
        gathered.0.extend(bytes);
    }

    fn put(&mut self, gathered: &mut (Vec<u8>, bool)) {
        if !gathered.0.is_empty() {
            let bytes = Bytes::from(std::mem::take(&mut gathered.0));
            let event = if gathered.1 { SessionEvent::Stderr(bytes) } else { SessionEvent::Output(bytes) };
            self.output.push_back(event);
        }
    }
}

/// A new token for the running session: the outer error says that the session is over.
async fn resume(client: Client, session_id: String) -> Result<Result<Sensitive, Error>, String> {
    match client.call(ResumeSession { session_id }).await {
        Ok(answer) => match answer.token_value.filter(|token| !token.0.is_empty()) {
            Some(token) => Ok(Ok(token)),
            None => Err("the session timed out".to_owned()),
        },
        Err(error) if error.is_transient() => Ok(Err(error)),
        Err(error) => Err(error.to_string()),
    }
}
