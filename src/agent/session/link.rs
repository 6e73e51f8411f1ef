//! The agent's end of a data channel: a socket that may break and be replaced, under a state machine that goes on.

use std::time::Duration;

use futures_util::{FutureExt, SinkExt, StreamExt};
use tokio::time::{Instant, sleep, timeout};
use tokio_tungstenite::tungstenite::{self, Message};
use uuid::Uuid;

use crate::{
    agent::{
        Node,
        api::{CallError, Socket},
        backoff::jitter,
        control::send,
    },
    wire::{
        alarm::Alarm,
        channel::{Channel, Role, frame_size},
        messages::OpenChannel,
    },
};

/// How often the agent pings.
const PING: Duration = Duration::from_secs(54);
/// How long a socket may be silent: two pings without an answer.
const SILENCE: Duration = Duration::from_secs(114);
/// How long messages may take to leave.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(60);
/// How long a lost socket is tried to be replaced: an engine may be restarting.
const RECONNECT_FOR: Duration = Duration::from_secs(90);
/// The most messages that are taken at once.
const SWARM: usize = 32;
/// What a service says of a session that is over.
const TERMINATED: &str = "Session is already terminated";

/// A data channel with its socket.
pub struct Link<'a> {
    /// The state machine.
    pub channel: Channel,
    node: &'a Node,
    session_id: &'a str,
    socket: Socket,
    /// When the next ping is due.
    ping: Instant,
    deadline: Instant,
    alarm: Alarm,
    /// How the socket was lost, when that was heard behind something else.
    lost: Option<CallError>,
}

impl<'a> Link<'a> {
    /// Opens the channel and says that the session is connected.
    pub async fn open(node: &'a Node, session_id: &'a str) -> Result<Self, String> {
        let started = Instant::now();
        let mut attempt = 0;
        let socket = loop {
            match dial(node, session_id).await {
                Ok(socket) => break socket,
                Err(error) => {
                    let wait = next_wait(node, &error, attempt);
                    match wait.filter(|_| started.elapsed() < RECONNECT_FOR) {
                        Some(wait) => sleep(wait).await,
                        None => return Err(format!("cannot open the data channel: {error}")),
                    }
                    attempt += 1;
                }
            }
        };
        let mut link = Self {
            channel: Channel::new(Role::Agent, frame_size(&node.api.endpoints().service("ssmmessages"))),
            node,
            session_id,
            socket,
            ping: Instant::now() + PING,
            deadline: Instant::now() + SILENCE,
            alarm: Alarm::new(Instant::now() + SILENCE),
            lost: None,
        };
        link.channel.send_session_state("Connected", session_id, node.clock.now());
        Ok(link)
    }

    /// Sends what is due. An error means that the socket is lost.
    pub async fn flush(&mut self) -> Result<(), CallError> {
        let work = async {
            let mut fed = false;
            while let Some(bytes) = self.channel.poll_transmit(self.node.clock.now()) {
                self.socket.feed(Message::Binary(bytes)).await?;
                fed = true;
            }
            if fed { self.socket.flush().await } else { Ok(()) }
        };
        timeout(FLUSH_TIMEOUT, work)
            .await
            .map_err(|_| CallError::transport("the service does not take messages"))?
            .map_err(CallError::transport)
    }

    /// Hands the channel what came out of the socket. An error means that the socket is lost.
    fn take(&mut self, message: Option<Result<Message, tungstenite::Error>>) -> Result<(), CallError> {
        match message {
            Some(Ok(Message::Binary(bytes))) => {
                if let Err(error) = self.channel.receive(&bytes, self.node.clock.now()) {
                    tracing::warn!("a message of session {} cannot be read: {error}", self.session_id);
                }
                Ok(())
            }
            Some(Ok(Message::Close(_))) | None => Err(CallError::transport("the service closed the channel")),
            Some(Ok(_)) => Ok(()),
            Some(Err(error)) => Err(CallError::transport(error)),
        }
    }

    /// Waits until something has come in or is due. May be dropped at any time. An error means that the socket is lost.
    pub async fn wait(&mut self) -> Result<(), CallError> {
        if let Some(lost) = self.lost.take() {
            return Err(lost);
        }
        // However much comes, what is due has its turn.
        let now = self.node.clock.now();
        if self.channel.deadline().is_some_and(|due| due <= now) {
            self.channel.tick(now);
            return Ok(());
        }
        if Instant::now() >= self.ping {
            self.ping = Instant::now() + PING;
            return send(&mut self.socket, Message::Ping("keepalive".into())).await;
        }
        let overdue = self.channel.deadline().map(|at| Instant::now() + at.since(now));
        let due = overdue.into_iter().fold(self.deadline.min(self.ping), Instant::min);
        tokio::select! {
            biased;
            message = self.socket.next() => {
                self.deadline = Instant::now() + SILENCE;
                self.take(message)?;
                // What is there already is taken in the same turn: acknowledgements come in swarms.
                for _ in 1..SWARM {
                    let Some(message) = self.socket.next().now_or_never() else { break };
                    // What came before the end of the socket is dealt with first: it may be the end of the session.
                    if let Err(lost) = self.take(message) {
                        self.lost = Some(lost);
                        break;
                    }
                }
                Ok(())
            }
            () = self.alarm.ring(due) => match Instant::now() < self.deadline {
                true => Ok(()),
                false => Err(CallError::transport("the service is silent")),
            },
        }
    }

    /// Replaces a lost socket. The error says that the session is over, or that the service stays away.
    pub async fn reconnect(&mut self, lost: &CallError) -> Result<(), String> {
        tracing::info!("session {} lost its data channel: {lost}", self.session_id);
        let started = Instant::now();
        let mut attempt = 0;
        loop {
            sleep(delay(attempt)).await;
            match dial(self.node, self.session_id).await {
                Ok(socket) => {
                    self.socket = socket;
                    self.lost = None;
                    self.ping = Instant::now() + PING;
                    self.deadline = Instant::now() + SILENCE;
                    self.channel.reconnected();
                    return Ok(());
                }
                Err(error) => {
                    if next_wait(self.node, &error, attempt).is_none() || started.elapsed() > RECONNECT_FOR {
                        return Err(format!("the data channel was lost and cannot be opened again: {error}"));
                    }
                    attempt += 1;
                }
            }
        }
    }

    /// Closes the socket. What it still had to say was said before.
    pub async fn close(mut self) {
        let _ = timeout(Duration::from_secs(2), self.socket.close(None)).await;
    }
}

async fn dial(node: &Node, session_id: &str) -> Result<Socket, CallError> {
    let path = format!("/v1/data-channel/{session_id}");
    let (mut socket, token) = node.api.open_channel(&path, "role=publish_subscribe", Some("")).await?;
    let open = OpenChannel {
        message_schema_version: "1.0".to_owned(),
        request_id: Uuid::new_v4().to_string(),
        token_value: token,
        client_instance_id: Some(node.instance_id.clone()),
        client_id: Some(String::new()),
        ..OpenChannel::default()
    };
    let text = serde_json::to_string(&open).map_err(CallError::transport)?;
    send(&mut socket, Message::text(text)).await?;
    Ok(socket)
}

/// How long to wait after a failure; `None` if another try is no use.
fn next_wait(node: &Node, error: &CallError, attempt: u32) -> Option<Duration> {
    if error.to_string().contains(TERMINATED) {
        return None;
    }
    if error.is_denied() {
        node.renewal.request();
    }
    let hopeless = matches!(error, CallError::Api(error) if (400..500).contains(&error.status) && error.status != 429);
    (!hopeless || attempt < 3).then(|| delay(attempt))
}

/// 100 to 200 ms, doubling, up to 5 s.
fn delay(attempt: u32) -> Duration {
    let base = Duration::from_millis(100) + jitter(Duration::from_millis(100));
    (base * 2u32.pow(attempt.min(8))).min(Duration::from_secs(5))
}
