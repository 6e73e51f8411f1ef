//! The control channel: one socket over which the service hands out work and hears what became of it.

use std::{sync::Arc, time::Duration};

use futures_util::{SinkExt, StreamExt};
use serde::de::DeserializeOwned;
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep_until, timeout};
use tokio_tungstenite::tungstenite::Message;
use uuid::Uuid;

use super::{
    Node,
    api::{CallError, Socket},
    backoff::Backoff,
    executor::Executor,
    facts::{AGENT_VERSION, PLATFORM},
    outbox::Outbox,
    session::Sessions,
};
use crate::wire::{
    envelope::{Envelope, kind},
    messages::{AgentJob, ChannelClosed, JobReplyAck, OpenChannel, TaskAcknowledge, TaskMessage},
};

/// How often the agent pings.
const PING: Duration = Duration::from_secs(54);
/// How long a fresh socket may be silent.
const FIRST_SILENCE: Duration = Duration::from_secs(114);
/// How long it may be silent after a sign of life: a ping's answer has this long to arrive, and some.
const SILENCE: Duration = Duration::from_secs(60);
/// How long a message may take to leave.
const SEND_TIMEOUT: Duration = Duration::from_secs(20);
/// How often messages that were not acknowledged are looked at.
const RESEND_TICK: Duration = Duration::from_secs(15);
/// A channel that stood as long as this was a good one: the next failure is the first.
const STABLE: Duration = Duration::from_secs(20);

/// The channel and what hangs on it.
pub struct Control {
    node: Arc<Node>,
    executor: Arc<Executor>,
    sessions: Arc<Sessions>,
    outbox: Arc<Outbox>,
}

impl Control {
    /// A channel that is not open yet.
    pub fn new(node: Arc<Node>, executor: Arc<Executor>, sessions: Arc<Sessions>, outbox: Arc<Outbox>) -> Self {
        Self { node, executor, sessions, outbox }
    }

    /// Keeps a channel open, for ever.
    pub async fn run(&self) {
        let mut backoff = Backoff::connection();
        loop {
            let began = Instant::now();
            let error = match self.open().await {
                Ok(socket) => {
                    tracing::info!("control channel open");
                    self.serve(socket).await
                }
                Err(error) => error,
            };
            if error.is_denied() {
                self.node.renewal.request();
            }
            if began.elapsed() > STABLE {
                backoff.reset();
            }
            let wait = backoff.next_delay();
            tracing::warn!("no control channel, next try in {:.1} s: {error}", wait.as_secs_f64());
            tokio::time::sleep(wait).await;
        }
    }

    async fn open(&self) -> Result<Socket, CallError> {
        let path = format!("/v1/control-channel/{}", self.node.instance_id);
        let (mut socket, token) = self.node.api.open_channel(&path, "role=subscribe&stream=input", None).await?;
        let open = OpenChannel {
            message_schema_version: "1.0".to_owned(),
            request_id: Uuid::new_v4().to_string(),
            token_value: token,
            agent_version: Some(AGENT_VERSION.to_owned()),
            platform_type: Some(PLATFORM.to_owned()),
            ..OpenChannel::default()
        };
        let text = serde_json::to_string(&open).map_err(CallError::transport)?;
        send(&mut socket, Message::text(text)).await?;
        Ok(socket)
    }

    /// Serves an open channel until it breaks; says why.
    async fn serve(&self, mut socket: Socket) -> CallError {
        let now = Instant::now();
        let mut ping = interval_at(now + PING, PING);
        ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut resend = interval_at(now + RESEND_TICK, RESEND_TICK);
        resend.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut deadline = now + FIRST_SILENCE;
        self.outbox.restart();
        loop {
            let outcome = tokio::select! {
                message = socket.next() => {
                    let message = match message {
                        Some(Ok(message)) => message,
                        Some(Err(error)) => return CallError::transport(error),
                        None => return CallError::transport("the service closed the channel"),
                    };
                    deadline = deadline.max(Instant::now() + SILENCE);
                    match message {
                        Message::Binary(bytes) => self.receive(&mut socket, &bytes).await,
                        Message::Close(_) => return CallError::transport("the service closed the channel"),
                        _ => Ok(()),
                    }
                }
                () = self.outbox.changed() => self.send_due(&mut socket).await,
                _ = resend.tick() => self.send_due(&mut socket).await,
                _ = ping.tick() => send(&mut socket, Message::Ping("keepalive".into())).await,
                () = sleep_until(deadline) => return CallError::transport("the service is silent"),
            };
            if let Err(error) = outcome {
                return error;
            }
        }
    }

    async fn send_due(&self, socket: &mut Socket) -> Result<(), CallError> {
        while let Some(message) = self.outbox.next_due(Instant::now(), self.node.clock.now()) {
            send(socket, Message::binary(message.encode())).await?;
        }
        Ok(())
    }

    /// Takes one message. What cannot be read is noted and left: the service sends jobs again that nobody acknowledged.
    async fn receive(&self, socket: &mut Socket, bytes: &[u8]) -> Result<(), CallError> {
        let message = match Envelope::decode(bytes) {
            Ok(message) => message,
            Err(error) => {
                tracing::warn!("a message on the control channel cannot be read: {error}");
                return Ok(());
            }
        };
        match message.message_type.as_str() {
            kind::JOB => {
                let Some(job) = payload::<AgentJob>(&message) else { return Ok(()) };
                if self.node.is_stopping() {
                    // What nobody acknowledges is sent again to the next agent.
                    return Ok(());
                }
                let ack = self.take(message.message_id, job).await?;
                send(socket, Message::binary(ack.encode())).await
            }
            kind::JOB_REPLY_ACK => {
                if let Some(ack) = payload::<JobReplyAck>(&message) {
                    self.outbox.acknowledge(&ack.acknowledged_message_id);
                }
                Ok(())
            }
            kind::TASK_ACKNOWLEDGE => {
                if let Some(ack) = payload::<TaskAcknowledge>(&message) {
                    self.outbox.acknowledge(&ack.message_id);
                }
                Ok(())
            }
            kind::INTERACTIVE_SHELL => {
                if let Some(task) = payload::<TaskMessage>(&message) {
                    self.sessions.start(&task);
                }
                Ok(())
            }
            kind::CHANNEL_CLOSED => {
                if let Some(closed) = payload::<ChannelClosed>(&message) {
                    self.sessions.terminate(&closed.session_id);
                }
                Ok(())
            }
            other => {
                tracing::debug!("ignoring a message of type {other:?}");
                Ok(())
            }
        }
    }

    /// Has the job written down, which waits for the disk and so is no work for the thread that serves sessions.
    async fn take(&self, message_id: Uuid, job: AgentJob) -> Result<Envelope, CallError> {
        let executor = self.executor.clone();
        let runtime = tokio::runtime::Handle::current();
        let ack = tokio::task::spawn_blocking(move || {
            let _context = runtime.enter();
            executor.deliver(&message_id.to_string(), job)
        })
        .await
        .map_err(CallError::transport)?;
        let payload = serde_json::to_vec(&ack).map_err(CallError::transport)?;
        Ok(Envelope::new(kind::JOB_ACK, self.node.clock.now(), payload))
    }
}

/// The payload of a message; `None` (and a line in the log) if it is not what the type promises.
fn payload<T: DeserializeOwned>(message: &Envelope) -> Option<T> {
    serde_json::from_slice(&message.payload)
        .inspect_err(|error| tracing::warn!("a message of type {} cannot be read: {error}", message.message_type))
        .ok()
}

/// Sends within a time limit: a peer that does not read must not hold the agent.
pub async fn send(socket: &mut Socket, message: Message) -> Result<(), CallError> {
    timeout(SEND_TIMEOUT, socket.send(message))
        .await
        .map_err(|_| CallError::transport("the service does not take messages"))?
        .map_err(CallError::transport)
}
