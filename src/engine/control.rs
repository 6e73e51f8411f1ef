//! The control channel: one WebSocket a node, over which commands and sessions reach it and its replies come back.
//!
//! A reply is acknowledged only after the store has it; whatever is lost on the way is sent again by the node.

use std::{sync::Arc, time::Duration};

use axum::{
    body::Bytes,
    extract::{
        Path, Request, State,
        ws::{Message, WebSocket, WebSocketUpgrade},
    },
    http::{StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use serde::{Serialize, de::DeserializeOwned};
use tokio::time::{Instant, timeout_at};

use super::{
    Caller, Engine, Payload,
    auth::Authenticated,
    channels::{OpenLine, Purpose},
    commands::{dispatch, state::Event},
    http::App,
    sessions,
};
use crate::{
    ssm::ApiError,
    wire::{
        envelope::{Envelope, MESSAGE_LIMIT, kind},
        messages::{
            JobAck, JobReply, JobReplyAck, OpenChannel, ReplyContent, TOPIC_CANCEL_COMMAND, TaskAcknowledge,
            TaskComplete, channel_token_xml, job_status,
        },
    },
};

/// The largest body of a token request; it holds two short members.
pub(super) const TOKEN_BODY: usize = 64 * 1024;
/// What an idle connection keeps for reading and for writing. Thousands of nodes are idle at a time.
const BUFFER: usize = 4 * 1024;
/// A socket has to say who it is by then.
const OPENING: Duration = Duration::from_secs(30);
/// How long a socket that is hung up on may take for what is still to leave.
pub(super) const FAREWELL: Duration = Duration::from_secs(5);

/// How long a node may be silent.
#[derive(Clone, Copy)]
struct Patience {
    /// After so long it is pinged, which every WebSocket answers.
    quiet: Duration,
    /// After so long it is gone, no matter what it is sent: it hangs, or the line is cut.
    silence: Duration,
}

/// Agents ping every 54 seconds.
const PATIENCE: Patience = Patience { quiet: Duration::from_secs(60), silence: Duration::from_secs(120) };

/// `POST /v1/control-channel/<instance>`: a token for the socket.
pub(super) async fn token(State(app): State<App>, Path(instance_id): Path<String>, request: Request) -> Response {
    let answer = async {
        let (parts, body) = request.into_parts();
        let body =
            axum::body::to_bytes(body, TOKEN_BODY).await.map_err(|_| ApiError::validation("The body is too large."))?;
        node_itself(&app.engine, &parts, &body, &instance_id).await?;
        let purpose = Purpose::Control { instance_id: instance_id.clone() };
        app.engine.channels.issue(purpose, app.engine.now())
    };
    token_answer("CreateControlChannel", answer.await)
}

/// What a token request is answered: 201 and XML, or the error as XML. The error's code stands in an element of its own
/// text, because AWS's agent gives up the channel for good when it reads `<AccessDeniedException>`.
pub(super) fn token_answer(operation: &str, outcome: Result<String, ApiError>) -> Response {
    let (status, body) = match outcome {
        Ok(token) => (StatusCode::CREATED, channel_token_xml(operation, &token)),
        Err(error) => {
            let status = if error.code == "AccessDeniedException" { 403 } else { error.status };
            let message = error.message.unwrap_or_default().replace('&', "&amp;").replace('<', "&lt;");
            let body = format!("<Error><Code>{}</Code><Message>{message}</Message></Error>", error.code);
            (StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST), body)
        }
    };
    (status, [(header::CONTENT_TYPE, "application/xml")], body).into_response()
}

/// Checks that a request is signed by the node that it is about.
pub(super) async fn node_itself(
    engine: &Engine,
    parts: &Parts,
    body: &[u8],
    instance_id: &str,
) -> Result<(), ApiError> {
    let Authenticated { caller, .. } = engine.authenticate(parts, Payload::Body(body), "ssmmessages").await?;
    match &caller {
        Caller::Node { instance_id: own, proof: super::caller::Proof::Session, .. } if own == instance_id => Ok(()),
        _ => Err(caller.denied("ssmmessages:OpenControlChannel")),
    }
}

/// `GET /v1/control-channel/<instance>`: the socket.
pub(super) async fn socket(
    State(app): State<App>,
    Path(instance_id): Path<String>,
    upgrade: WebSocketUpgrade,
    request: Request,
) -> Response {
    let (parts, _) = request.into_parts();
    if let Err(error) = node_itself(&app.engine, &parts, b"", &instance_id).await {
        return token_answer("OpenControlChannel", Err(error));
    }
    let engine = Arc::clone(&app.engine);
    sized(upgrade, BUFFER, BUFFER).on_upgrade(move |socket| serve(engine, instance_id, socket, PATIENCE))
}

/// The limits of every socket of the engine, and the sizes of its buffers.
pub(super) fn sized(upgrade: WebSocketUpgrade, reads: usize, writes: usize) -> WebSocketUpgrade {
    upgrade
        .max_message_size(MESSAGE_LIMIT)
        .max_frame_size(MESSAGE_LIMIT)
        .read_buffer_size(reads)
        .write_buffer_size(writes)
}

/// The first frame of a socket, which is text.
pub(super) async fn opening(socket: &mut WebSocket) -> Option<OpenChannel> {
    let first = async {
        loop {
            match socket.recv().await? {
                Ok(Message::Text(text)) => return serde_json::from_str(text.as_str()).ok(),
                Ok(Message::Ping(_) | Message::Pong(_)) => {}
                _ => return None,
            }
        }
    };
    tokio::time::timeout(OPENING, first).await.ok().flatten()
}

async fn serve(engine: Arc<Engine>, instance_id: String, mut socket: WebSocket, patience: Patience) {
    let Some(open) = opening(&mut socket).await else {
        tracing::warn!(instance_id, "a control channel did not open with a message");
        return;
    };
    let wanted = Purpose::Control { instance_id: instance_id.clone() };
    if engine.channels.redeem(&open.token_value, engine.now()) != Some(wanted) {
        tracing::warn!(instance_id, "a control channel opened with a token that is not its own");
        return;
    }
    let mut line = engine.channels.open(&instance_id);
    engine.presence.connect(&instance_id);
    // A node that is deregistered from now on is hung up on; one that was before must not stay on the line.
    if engine.store.node_identity(&instance_id).await.is_ok_and(|identity| identity.is_some()) {
        tracing::debug!(instance_id, "control channel open");
        let catch_up = tokio::spawn(dispatch::node_connected(Arc::clone(&engine), instance_id.clone()));
        converse(&engine, &instance_id, &mut line, &mut socket, patience).await;
        catch_up.abort();
    }
    engine.channels.close(&instance_id, &line);
    engine.presence.disconnect(&instance_id, engine.now());
    tracing::debug!(instance_id, "control channel closed");
    let _ = send(&mut socket, Message::Close(None), Instant::now() + FAREWELL).await;
}

async fn converse(
    engine: &Arc<Engine>,
    instance_id: &str,
    line: &mut OpenLine,
    socket: &mut WebSocket,
    Patience { quiet, silence }: Patience,
) {
    let mut heard = Instant::now();
    let mut pinged = false;
    loop {
        // What is sent is no sign of life. A node that takes nothing more is given as long as one that says nothing.
        let gone = heard + silence;
        let message = tokio::select! {
            () = engine.stopping().cancelled() => return,
            outgoing = line.outgoing.recv() => {
                // No more: another channel of this node has taken over, or the node was deregistered.
                let Some(bytes) = outgoing else { return };
                if !send(socket, Message::Binary(Bytes::from(bytes)), gone).await {
                    return;
                }
                continue;
            }
            message = timeout_at(if pinged { gone } else { heard + quiet }, socket.recv()) => message,
        };
        let message = match message {
            Ok(Some(Ok(message))) => message,
            Ok(_) => return,
            Err(_) if pinged => {
                tracing::info!(instance_id, "a node answers no ping; its control channel is closed");
                return;
            }
            Err(_) => {
                pinged = true;
                if !send(socket, Message::Ping(Bytes::from_static(b"keepalive")), gone).await {
                    return;
                }
                continue;
            }
        };
        (heard, pinged) = (Instant::now(), false);
        match message {
            Message::Binary(bytes) => match Envelope::decode(&bytes) {
                Ok(envelope) => {
                    if let Some(answer) = handle(engine, instance_id, &envelope).await
                        && !send(socket, Message::Binary(Bytes::from(answer.encode())), heard + silence).await
                    {
                        return;
                    }
                }
                Err(error) => tracing::warn!(instance_id, %error, length = bytes.len(), "a malformed control message"),
            },
            Message::Close(_) => return,
            // Pings are answered by the WebSocket layer; text has no meaning after the first frame.
            Message::Text(_) | Message::Ping(_) | Message::Pong(_) => {}
        }
    }
}

/// Sends a message. `false` if the socket has ended or has not taken it by then.
async fn send(socket: &mut WebSocket, message: Message, until: Instant) -> bool {
    matches!(timeout_at(until, socket.send(message)).await, Ok(Ok(())))
}

/// Takes one message of a node; answers what is to be sent back.
pub(super) async fn handle(engine: &Arc<Engine>, instance_id: &str, envelope: &Envelope) -> Option<Envelope> {
    match envelope.message_type.as_str() {
        kind::JOB_ACK => {
            job_ack(engine, instance_id, &read(instance_id, envelope)?).await;
            None
        }
        kind::JOB_REPLY => {
            let reply: JobReply = read(instance_id, envelope)?;
            if !job_reply(engine, instance_id, &reply).await {
                return None;
            }
            let ack = JobReplyAck { job_id: reply.job_id, acknowledged_message_id: envelope.message_id.to_string() };
            message(engine, kind::JOB_REPLY_ACK, &ack)
        }
        kind::TASK_COMPLETE => {
            let complete: TaskComplete = read(instance_id, envelope)?;
            if !sessions::task_complete(engine, instance_id, &complete).await {
                return None;
            }
            let ack = TaskAcknowledge {
                schema_version: 1,
                message_id: envelope.message_id.to_string(),
                task_id: complete.task_id,
                topic: complete.topic,
            };
            message(engine, kind::TASK_ACKNOWLEDGE, &ack)
        }
        // Telemetry, update results, and whatever later agents send.
        _ => None,
    }
}

fn read<T: DeserializeOwned>(instance_id: &str, envelope: &Envelope) -> Option<T> {
    serde_json::from_slice(&envelope.payload)
        .inspect_err(|error| {
            // The text of the error would repeat content.
            let category = error.classify();
            tracing::warn!(instance_id, kind = envelope.message_type, ?category, "an unreadable control message");
        })
        .ok()
}

/// A message of the service.
pub(super) fn message<T: Serialize>(engine: &Engine, kind: &str, payload: &T) -> Option<Envelope> {
    serde_json::to_vec(payload).ok().map(|payload| Envelope::new(kind, engine.now(), payload))
}

/// `aws.ssm.<command>.<instance>` of this node is the command.
fn command_of<'a>(job_id: &'a str, instance_id: &str) -> Option<&'a str> {
    job_id.strip_prefix("aws.ssm.")?.strip_suffix(instance_id)?.strip_suffix('.')
}

/// Notes that a node has taken a job, or why not.
pub(super) async fn job_ack(engine: &Arc<Engine>, instance_id: &str, ack: &JobAck) {
    let Some(command_id) = command_of(&ack.job_id, instance_id) else { return };
    let event = match ack.status_code.as_str() {
        // A failed reply follows a parse error; a duplicate is at work or done already.
        job_status::SUCCESSFUL | job_status::DUPLICATE | job_status::PARSE_ERROR => Event::Accepted,
        job_status::BUFFER_FULL | job_status::CLOSED => Event::Refused,
        _ => Event::Rejected,
    };
    let trace = if event == Event::Rejected { ack.error_message.clone() } else { String::new() };
    match engine.store.invocation_event(command_id, instance_id, event, trace, engine.now()).await {
        Ok(Some(seq)) => dispatch::command(engine, seq).await,
        Ok(None) => {}
        Err(error) => tracing::error!(instance_id, %error, "an acknowledgement could not be kept"),
    }
}

/// Keeps what a node says about a job. Answers whether the reply is to be acknowledged.
pub(super) async fn job_reply(engine: &Arc<Engine>, instance_id: &str, reply: &JobReply) -> bool {
    if reply.topic.starts_with(TOPIC_CANCEL_COMMAND) {
        return true;
    }
    let Some(command_id) = command_of(&reply.job_id, instance_id) else { return true };
    let Ok(content) = serde_json::from_str::<ReplyContent>(&reply.content) else {
        tracing::warn!(instance_id, command_id, "an unreadable reply");
        return true;
    };
    match engine.store.keep_reply(command_id, instance_id, content, engine.now()).await {
        Ok(moved) => {
            if let Some(seq) = moved {
                dispatch::command(engine, seq).await;
            }
            true
        }
        Err(error) => {
            tracing::error!(instance_id, command_id, %error, "a reply could not be kept; the node sends it again");
            false
        }
    }
}

#[cfg(test)]
mod tests;
