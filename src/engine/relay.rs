//! The data channel: two WebSockets a session, one from the agent and one from the client, and what passes between them.
//!
//! Frames pass unchanged and unread but for their headers; their digests are the ends' to check. Whoever reads a frame
//! writes it to the other end in the same turn. For each end a few frames may wait; when they are too many the other end is
//! no longer read, so a slow reader slows the writer and nothing piles up here. What is lost when an end is missing is sent
//! again by the other one; where that one would do so for ever, [`receipts`] knows.

mod gate;
mod mouth;
mod receipts;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use axum::{
    body::Bytes,
    extract::{
        Path, Request, State,
        ws::{Message, WebSocket, WebSocketUpgrade},
    },
    http::{HeaderMap, header},
    response::Response,
};
use futures_util::{FutureExt, StreamExt, stream::SplitStream};
use tokio::time::{Instant, sleep, sleep_until};
use uuid::Uuid;

use gate::Gate;
use mouth::Mouth;
use receipts::{Line, Receipt, Receipts, Verdict};

use super::{Engine, channels::Purpose, control, http::App, store::sessions::Traffic};
use crate::{
    ssm::{ApiError, SessionStatus, Timestamp},
    wire::{
        envelope::{Envelope, View, kind, payload},
        memory::{STREAM_READS, STREAM_WRITES, keep_for_streams},
        messages::{Acknowledge, Acknowledged, SessionState},
    },
};

/// Clients ping every five minutes; an end that is silent for longer than this is gone.
const SILENCE: Duration = Duration::from_secs(12 * 60);

/// The two ends of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Agent,
    Client,
}

/// The sessions that pass through one engine.
#[derive(Debug, Default)]
pub struct Relays(Mutex<HashMap<String, Relay>>);

#[derive(Debug)]
struct Relay {
    agent: Half,
    client: Half,
    /// When a client that has never come was last given a token to come with, or might have been.
    invited: Option<Timestamp>,
    last_activity: Timestamp,
    traffic: Traffic,
    receipts: Receipts,
    /// Before a client that has taken over.
    gate: Option<Gate>,
}

/// One side of a session, whether it is there or not.
#[derive(Debug, Default)]
struct Half {
    end: Option<Arc<Mouth>>,
    /// The first frame of the stream that this side has not sent yet: what it repeats is not counted again, least of all what
    /// it repeats because its line was cut.
    next: i64,
}

/// A frame of a stream, as far as the relay looks at it.
#[derive(Clone, Copy, Debug)]
struct Passing {
    at: Timestamp,
    sequence: i64,
    /// Bytes of the stream in it.
    bytes: usize,
    /// Whether it is no part of a handshake.
    ordinary: bool,
}

/// What the relay knows of a frame that comes.
#[derive(Clone, Copy, Debug)]
enum Kind {
    /// A frame of the stream.
    Stream(Passing),
    /// One end has the frame of this number.
    Acknowledgement(i64),
}

/// Where a frame goes.
#[derive(Debug)]
enum Way {
    /// Nowhere: nobody is there, it is nobody's, or it comes too early.
    None,
    /// To the other end.
    On(Arc<Mouth>),
    /// There too, and then [`Relays::handed`] is to be told.
    OnAndTell(Arc<Mouth>, Receipt),
    /// Nowhere: the other end has it. This one is told so.
    Known(Receipt),
}

impl Relay {
    fn half(&mut self, side: Side) -> &mut Half {
        match side {
            Side::Agent => &mut self.agent,
            Side::Client => &mut self.client,
        }
    }
}

impl Side {
    fn other(self) -> Self {
        match self {
            Self::Agent => Self::Client,
            Self::Client => Self::Agent,
        }
    }
}

impl Relays {
    /// Makes room for a new session.
    pub fn begin(&self, session_id: &str, now: Timestamp) {
        self.make(session_id, Traffic::default(), Receipts::from_the_beginning(), now);
    }

    /// Makes room for a session that goes on; one that is there stays as it is. `traffic` is what has passed in it before.
    pub fn open(&self, session_id: &str, traffic: Traffic, now: Timestamp) {
        self.make(session_id, traffic, Receipts::in_the_middle(traffic.input > 0), now);
    }

    fn make(&self, session_id: &str, traffic: Traffic, receipts: Receipts, now: Timestamp) {
        let (agent, client) = (Half::default(), Half::default());
        let (invited, last_activity) = (Some(now), now);
        let relay = Relay { agent, client, invited, last_activity, traffic, receipts, gate: None };
        self.relays().entry(session_id.to_owned()).or_insert(relay);
    }

    /// A client is given a token to come with.
    pub fn invite(&self, session_id: &str, now: Timestamp) {
        if let Some(invited) = self.relays().get_mut(session_id).and_then(|relay| relay.invited.as_mut()) {
            *invited = now;
        }
    }

    /// When the client of a session was last given a token, if none has come since the engine knows of the session.
    pub fn invited(&self, session_id: &str) -> Option<Timestamp> {
        self.relays().get(session_id)?.invited
    }

    /// When something new was last said in a session.
    pub fn last_activity(&self, session_id: &str) -> Option<Timestamp> {
        self.relays().get(session_id).map(|relay| relay.last_activity)
    }

    /// What has passed in a session.
    pub fn traffic(&self, session_id: &str) -> Option<Traffic> {
        self.relays().get(session_id).map(|relay| relay.traffic)
    }

    /// Ends a session: both ends are told, then hung up on. Answers whether the agent's end was there.
    pub fn end(&self, session_id: &str, closed: Option<&Envelope>) -> bool {
        let Some(relay) = self.relays().remove(session_id) else { return false };
        let agent_there = relay.agent.end.is_some();
        let closed = closed.map(|envelope| Bytes::from(envelope.encode()));
        for end in [relay.agent.end, relay.client.end].into_iter().flatten() {
            end.end(closed.clone());
        }
        agent_there
    }

    /// Takes an end, a client's with what there is to know of it. An older one of the same side is hung up on. `false` if there
    /// is no such session.
    fn attach(&self, session_id: &str, side: Side, mouth: &Arc<Mouth>, line: Option<Line>) -> bool {
        let mut relays = self.relays();
        let Some(relay) = relays.get_mut(session_id) else { return false };
        if let Some(oldest) = line.and_then(|line| relay.receipts.line(line, relay.agent.next)) {
            relay.gate = Some(Gate::before(oldest));
        }
        if side == Side::Client {
            relay.invited = None;
        }
        if let Some(older) = relay.half(side).end.replace(Arc::clone(mouth)) {
            older.end(None);
            // Its socket may take nothing any more; whoever waits for room there has the new one to write to.
            older.gone();
        }
        true
    }

    /// Gives an end back. Answers whether it was still the current one of a session that goes on.
    fn detach(&self, session_id: &str, side: Side, mouth: &Arc<Mouth>) -> bool {
        let mut relays = self.relays();
        let Some(relay) = relays.get_mut(session_id) else { return false };
        relay.half(side).end.take_if(|end| Arc::ptr_eq(end, mouth)).is_some()
    }

    /// The way to an end.
    fn mouth(&self, session_id: &str, side: Side) -> Option<Arc<Mouth>> {
        self.relays().get_mut(session_id)?.half(side).end.clone()
    }

    /// Counts what an end sends, and says where it goes. `id` is that of the frame.
    fn pass(&self, session_id: &str, from: Side, id: Uuid, kind: Option<Kind>) -> Way {
        let mut relays = self.relays();
        let Some(relay) = relays.get_mut(session_id) else { return Way::None };
        let mut verdict = Verdict::Pass;
        let mut receipt = Receipt { id, sequence: 0 };
        match (kind, from) {
            (Some(Kind::Stream(Passing { at, sequence, bytes, ordinary })), _) => {
                receipt.sequence = sequence;
                let next = relay.half(from).next;
                // An agent whose client is gone may repeat itself for ever.
                if from == Side::Client || sequence >= next {
                    relay.last_activity = at;
                }
                if sequence >= next {
                    relay.half(from).next = sequence.saturating_add(1);
                    let count = match from {
                        Side::Client => &mut relay.traffic.input,
                        Side::Agent => &mut relay.traffic.output,
                    };
                    *count += bytes as u64;
                }
                if from == Side::Agent
                    && let Some(gate) = &mut relay.gate
                    && (relay.client.end.is_none() || !gate.opens_for(sequence))
                {
                    return Way::None;
                }
                match from {
                    Side::Client if ordinary => relay.receipts.input(),
                    Side::Client => {}
                    Side::Agent => {
                        relay.gate = None;
                        verdict = relay.receipts.output(sequence, next);
                    }
                }
            }
            (Some(Kind::Acknowledgement(sequence)), Side::Client) => {
                relay.receipts.acknowledged(sequence, relay.agent.next);
            }
            _ => {}
        }
        match (verdict, relay.half(from.other()).end.clone()) {
            (Verdict::Known, _) => Way::Known(receipt),
            (Verdict::PassAndTell, Some(mouth)) => Way::OnAndTell(mouth, receipt),
            (Verdict::Pass, Some(mouth)) => Way::On(mouth),
            (_, None) => Way::None,
        }
    }

    /// A frame that a client may have without saying so is on its way to it. The answer is the number of a ping to send behind it.
    fn handed(&self, session_id: &str, mouth: &Arc<Mouth>, receipt: Receipt) -> Option<u64> {
        let mut relays = self.relays();
        let relay = relays.get_mut(session_id)?;
        let present = relay.client.end.as_ref().is_some_and(|end| Arc::ptr_eq(end, mouth));
        if present { relay.receipts.handed(receipt) } else { None }
    }

    /// Whatever the handshake says goes to the account of a session.
    fn account(&self, session_id: &str, change: impl FnOnce(&mut Receipts)) {
        if let Some(relay) = self.relays().get_mut(session_id) {
            change(&mut relay.receipts);
        }
    }

    /// A client has answered a ping. What it has without having said so, and the number of the next ping.
    fn answered(&self, session_id: &str, number: u64) -> (Vec<Receipt>, Option<u64>) {
        self.relays().get_mut(session_id).map(|relay| relay.receipts.answered(number)).unwrap_or_default()
    }

    fn relays(&self) -> MutexGuard<'_, HashMap<String, Relay>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// `POST /v1/data-channel/<session>`: a token for the agent's end. The client's comes with `StartSession`.
pub(super) async fn token(State(app): State<App>, Path(session_id): Path<String>, request: Request) -> Response {
    let answer = async {
        let (parts, body) = request.into_parts();
        let body = axum::body::to_bytes(body, control::TOKEN_BODY)
            .await
            .map_err(|_| ApiError::validation("The body is too large."))?;
        let engine = &app.engine;
        let row = engine.store.session(&session_id).await?;
        let target = row.as_ref().map(|row| row.target.as_str()).unwrap_or_default();
        control::node_itself(engine, &parts, &body, target).await?;
        if row.as_ref().is_none_or(|row| row.over) {
            // Agents stop trying when they read this.
            return Err(ApiError::validation("Session is already terminated"));
        }
        let traffic = row.map(|row| row.traffic).unwrap_or_default();
        engine.relays.open(&session_id, traffic, engine.now());
        engine.channels.issue(Purpose::Agent { session_id: session_id.clone() }, engine.now())
    };
    control::token_answer("CreateDataChannel", answer.await)
}

/// `GET /v1/data-channel/<session>`: the socket of either end. The token in its first frame says which.
pub(super) async fn socket(
    State(app): State<App>,
    Path(session_id): Path<String>,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Response {
    let engine = Arc::clone(&app.engine);
    // AWS's client names the library that it is made with, and nothing else.
    let agent = headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok()).unwrap_or_default();
    let reticent = agent.starts_with("Go-http-client/");
    control::sized(upgrade, STREAM_READS, STREAM_WRITES)
        .on_upgrade(move |socket| serve(engine, session_id, reticent, socket))
}

async fn serve(engine: Arc<Engine>, session_id: String, reticent: bool, mut socket: WebSocket) {
    let Some(open) = control::opening(&mut socket).await else { return };
    let side = match engine.channels.redeem(&open.token_value, engine.now()) {
        Some(Purpose::Agent { session_id: own }) if own == session_id => Side::Agent,
        Some(Purpose::Client { session_id: own }) if own == session_id => Side::Client,
        _ => {
            tracing::warn!(session_id, "a data channel opened with a token that is not its own");
            return;
        }
    };
    let line = match side {
        Side::Agent => None,
        Side::Client => Some(Line {
            client_id: open.client_id.unwrap_or_default(),
            reticent,
            shell: reticent && super::sessions::has_program(&engine, &session_id).await,
        }),
    };
    let (sink, stream) = socket.split();
    let mouth = Arc::new(Mouth::new(Some(sink)));
    if !engine.relays.attach(&session_id, side, &mouth, line) {
        // It may have failed before its user was there.
        if side == Side::Client
            && let Some(closed) = super::sessions::epitaph(&engine, &session_id).await
        {
            mouth.end(Some(closed.encode().into()));
            mouth.run().await;
        }
        return;
    }
    keep_for_streams();
    tracing::debug!(session_id, ?side, "data channel open");
    // What either end has sent while the other had no line is lost, and need not wait until it is overdue. AWS's client leaves
    // this unread.
    tell(&engine, &session_id, side.other(), kind::START_PUBLICATION);
    if side == Side::Client {
        note_client(&engine, &session_id).await;
    }
    tokio::select! {
        // What comes is looked at before what waits: somebody waits for it at the other end. However much comes, an engine
        // that is to stop stops.
        biased;
        () = engine.stopping().cancelled() => {}
        () = read(&engine, &session_id, side, &mouth, stream) => {}
        () = write(&mouth, engine.settings.channel_age) => {}
    }
    mouth.gone();
    let left = engine.relays.detach(&session_id, side, &mouth);
    tracing::debug!(session_id, ?side, "data channel closed");
    if left && side == Side::Client {
        tell(&engine, &session_id, Side::Agent, kind::PAUSE_PUBLICATION);
        note_client(&engine, &session_id).await;
    }
}

/// Lets what waits leave until the session ends, another socket takes this one's place or this one is too old. That one ends
/// without a word: when AWS's client has answered a close frame and then sends a key, it gives its session up, and a line that
/// broke it takes up again.
async fn write(mouth: &Mouth, age: Option<Duration>) {
    let old = async {
        match age {
            Some(age) => sleep(age).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        () = mouth.run() => {}
        () = old => {}
    }
}

/// Passes on what comes until the socket ends. `own` is the way back.
async fn read(engine: &Engine, session_id: &str, side: Side, own: &Arc<Mouth>, mut stream: SplitStream<WebSocket>) {
    let mut heard = Instant::now();
    // Set anew only when it is over: a frame must not cost a timer.
    let mut silence = std::pin::pin!(sleep_until(heard + SILENCE));
    loop {
        let mut next = tokio::select! {
            biased;
            next = stream.next() => Some(next),
            () = &mut silence => {
                if heard.elapsed() >= SILENCE {
                    return;
                }
                silence.as_mut().reset(heard + SILENCE);
                continue;
            }
        };
        heard = Instant::now();
        let mut peer: Option<Arc<Mouth>> = None;
        let mut over = false;
        // What has come already goes out together.
        while let Some(message) = next {
            let message = match message {
                Some(Ok(message)) if !matches!(message, Message::Close(_)) => message,
                _ => {
                    over = true;
                    break;
                }
            };
            let written = match message {
                Message::Binary(bytes) => pass_on(engine, session_id, side, own, bytes).await,
                Message::Pong(payload) if side == Side::Client => settle(engine, session_id, own, &payload).await,
                _ => None,
            };
            if let Some(mouth) = written
                && let Some(other) = peer.replace(mouth)
                && peer.as_ref().is_some_and(|mouth| !Arc::ptr_eq(mouth, &other))
            {
                other.push();
            }
            next = stream.next().now_or_never();
        }
        if let Some(mouth) = peer {
            mouth.push();
        }
        if over {
            return;
        }
    }
}

/// Hands a frame to whoever is to have it. The answer is the mouth in which it waits.
async fn pass_on(engine: &Engine, session_id: &str, side: Side, own: &Arc<Mouth>, bytes: Bytes) -> Option<Arc<Mouth>> {
    match route(engine, session_id, side, &bytes).await {
        Way::None => None,
        // Waits while the other end is slow; ends at once if it goes.
        Way::On(mouth) => mouth.put(bytes).await.then_some(mouth),
        Way::OnAndTell(mouth, receipt) => {
            let whole = View::decode(&bytes).is_ok();
            if !mouth.put(bytes).await {
                return None;
            }
            if whole && let Some(number) = engine.relays.handed(session_id, &mouth, receipt) {
                mouth.put_ping(question(number));
            }
            Some(mouth)
        }
        Way::Known(receipt) => {
            // Its reader must not wait for itself to be read; and what is lost is asked for again.
            own.try_send(acknowledgement(engine, receipt)?);
            None
        }
    }
}

/// A client has answered a ping: what that says of it is told to the agent. The answer is the mouth in which it waits.
async fn settle(engine: &Engine, session_id: &str, own: &Arc<Mouth>, payload: &[u8]) -> Option<Arc<Mouth>> {
    let number = u64::from_be_bytes(payload.try_into().ok()?);
    let (receipts, next) = engine.relays.answered(session_id, number);
    if let Some(next) = next {
        own.put_ping(question(next));
        own.push();
    }
    if receipts.is_empty() {
        return None;
    }
    tracing::debug!(session_id, frames = receipts.len(), "acknowledged for a client that has them");
    let agent = engine.relays.mouth(session_id, Side::Agent)?;
    for receipt in receipts {
        if let Some(bytes) = acknowledgement(engine, receipt)
            && !agent.put(bytes).await
        {
            // It has gone. What it repeats on its next line is acknowledged there.
            return None;
        }
    }
    Some(agent)
}

/// What a ping carries, and its pong brings back.
fn question(number: u64) -> Bytes {
    Bytes::copy_from_slice(&number.to_be_bytes())
}

/// The acknowledgement of an agent's frame, as a client has it.
fn acknowledgement(engine: &Engine, receipt: Receipt) -> Option<Bytes> {
    let payload = Acknowledge {
        acknowledged_message_type: kind::OUTPUT.to_owned(),
        acknowledged_message_id: receipt.id.to_string(),
        acknowledged_message_sequence_number: receipt.sequence,
        is_sequential_message: true,
    };
    let envelope = control::message(engine, kind::ACKNOWLEDGE, &payload)?;
    Some(Envelope { flags: 3, ..envelope }.encode().into())
}

/// Looks at a frame. The answer is where it goes.
async fn route(engine: &Engine, session_id: &str, side: Side, bytes: &Bytes) -> Way {
    let envelope = match View::peek(bytes) {
        Ok(envelope) => envelope,
        Err(error) => {
            tracing::warn!(session_id, ?side, %error, length = bytes.len(), "a malformed frame of a session");
            return Way::None;
        }
    };
    let kind = match (envelope.message_type, side) {
        (kind::INPUT, Side::Client) | (kind::OUTPUT, Side::Agent) => {
            note_handshake(engine, session_id, side, &envelope);
            let streamed = matches!(envelope.payload_type, payload::OUTPUT | payload::STDERR);
            Some(Kind::Stream(Passing {
                at: engine.now(),
                sequence: envelope.sequence_number,
                bytes: if streamed { envelope.payload.len() } else { 0 },
                ordinary: streamed || envelope.payload_type == payload::SIZE,
            }))
        }
        (kind::ACKNOWLEDGE, Side::Client) => {
            let frame = serde_json::from_slice::<Acknowledged>(envelope.payload).ok();
            frame.map(|frame| Kind::Acknowledgement(frame.sequence))
        }
        (kind::ACKNOWLEDGE, Side::Agent) => None,
        (kind::SESSION_STATE, Side::Agent) => {
            if let Ok(state) = serde_json::from_slice::<SessionState>(envelope.payload)
                && state.session_state == "Terminating"
            {
                note(engine, session_id, SessionStatus::Terminating).await;
            }
            return Way::None;
        }
        _ => return Way::None,
    };
    engine.relays.pass(session_id, side, envelope.message_id, kind)
}

/// Keeps what the handshake says of a client's receiver.
fn note_handshake(engine: &Engine, session_id: &str, side: Side, envelope: &View<'_>) {
    match (envelope.payload_type, side) {
        (payload::HANDSHAKE_REQUEST, Side::Agent) => {
            if let Ok(request) = serde_json::from_slice(envelope.payload) {
                engine.relays.account(session_id, |receipts| receipts.asked(&request));
            }
        }
        (payload::HANDSHAKE_RESPONSE, Side::Client) => {
            if let Ok(response) = serde_json::from_slice(envelope.payload) {
                engine.relays.account(session_id, |receipts| receipts.answered_handshake(&response));
            }
        }
        _ => {}
    }
}

/// Tells an end, if it is there, that the other one is or is not.
fn tell(engine: &Engine, session_id: &str, to: Side, kind: &str) {
    let payload = serde_json::json!({"SessionId": session_id});
    if let Some(mouth) = engine.relays.mouth(session_id, to)
        && let Some(envelope) = control::message(engine, kind, &payload)
    {
        // An end that is behind hears the next one.
        mouth.try_send(Bytes::from(envelope.encode()));
    }
}

/// Notes whether a session's client is there. The agent's end says nothing of that: it also stands open for a client to come.
async fn note_client(engine: &Engine, session_id: &str) {
    let is_there = || engine.relays.mouth(session_id, Side::Client).is_some();
    loop {
        let noted = is_there();
        let status = if noted { SessionStatus::Connected } else { SessionStatus::Disconnected };
        note(engine, session_id, status).await;
        // One that goes and one that comes may note it in either order.
        if is_there() == noted {
            return;
        }
    }
}

async fn note(engine: &Engine, session_id: &str, status: SessionStatus) {
    if let Err(error) = engine.store.set_session_status(session_id, status).await {
        tracing::error!(session_id, %error, "the state of a session could not be kept");
    }
}

#[cfg(test)]
mod tests;
