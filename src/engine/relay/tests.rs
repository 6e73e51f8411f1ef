use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{Message as Frame, client::IntoClientRequest},
};

use super::*;
use crate::{
    engine::{
        Listen, Server, Settings,
        tests::{Harness, code},
    },
    ssm::{
        CreateDocument, DescribeSessions, DocumentType, ResumeSession, SessionState as Listed, StartSession,
        TerminateSession,
    },
    wire::messages::{ChannelClosed, OpenChannel, SessionRequest, TaskComplete, TaskMessage},
};

const NODE: &str = "mi-00000000000000001";

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

struct Served {
    harness: Harness,
    address: std::net::SocketAddr,
    line: super::super::channels::OpenLine,
}

impl Served {
    /// An engine on a free port, and a node that is on the line.
    async fn start() -> Self {
        Self::with(Settings::default()).await
    }

    async fn with(settings: Settings) -> Self {
        let harness = Harness::with(settings);
        harness.engine.store.adopt_node_for_tests(NODE.to_owned(), harness.engine.now()).await;
        let listen = Listen { address: "127.0.0.1:0".to_owned(), ..Default::default() };
        let server = Server::bind(harness.engine.clone(), &listen).await.unwrap();
        let address = server.address();
        tokio::spawn(server.run(std::future::pending()));
        let line = harness.engine.channels.open(NODE);
        Self { harness, address, line }
    }

    /// Starts a session; answers its id and the client's token.
    async fn session(&mut self) -> (String, String) {
        let request = StartSession { target: NODE.into(), ..Default::default() };
        let started = self.harness.call(request).await.unwrap();
        let id = started.session_id.unwrap();
        assert_eq!(
            started.stream_url.unwrap(),
            format!("ws://127.0.0.1:7700/v1/data-channel/{id}?role=publish_subscribe")
        );
        let order = Envelope::decode(&self.line.outgoing.recv().await.unwrap()).unwrap();
        assert_eq!(order.message_type, kind::INTERACTIVE_SHELL);
        let task: TaskMessage = serde_json::from_slice(&order.payload).unwrap();
        assert_eq!(task.task_id, id);
        (id, started.token_value.unwrap().0)
    }

    async fn dial(&self, id: &str, token: &str) -> Socket {
        self.dial_as("", id, token).await
    }

    /// Dials with a user agent of its own.
    async fn dial_as(&self, user_agent: &str, id: &str, token: &str) -> Socket {
        let url = format!("ws://{}/v1/data-channel/{id}?role=publish_subscribe", self.address);
        let mut request = url.into_client_request().unwrap();
        request.headers_mut().insert(header::USER_AGENT, user_agent.parse().unwrap());
        let (mut socket, _) = connect_async(request).await.unwrap();
        let open = OpenChannel { token_value: token.to_owned().into(), ..Default::default() };
        socket.send(Frame::text(serde_json::to_string(&open).unwrap())).await.unwrap();
        socket
    }

    async fn agent(&self, id: &str) -> Socket {
        let purpose = Purpose::Agent { session_id: id.to_owned() };
        let token = self.harness.engine.channels.issue(purpose, self.harness.engine.now()).unwrap();
        self.dial(id, &token).await
    }
}

/// The next message, if one comes before the end of the socket.
async fn next(socket: &mut Socket) -> Option<Envelope> {
    loop {
        let frame = tokio::time::timeout(Duration::from_secs(10), socket.next()).await.expect("a message in time")?;
        match frame {
            Ok(Frame::Binary(bytes)) => return Some(Envelope::decode(&bytes).unwrap()),
            Ok(Frame::Close(_)) | Err(_) => return None,
            Ok(_) => {}
        }
    }
}

async fn say(socket: &mut Socket, kind: &str, payload: &[u8]) -> Envelope {
    let envelope = Envelope::new(kind, Timestamp::from_millis(1_000), payload.to_vec());
    socket.send(Frame::binary(envelope.encode())).await.unwrap();
    envelope
}

/// Both ends, once they hear each other.
async fn joined(served: &mut Served) -> (String, Socket, Socket) {
    let (id, token) = served.session().await;
    let mut agent = served.agent(&id).await;
    // Whoever comes second may miss what was said before; the ends repeat themselves, and so does this test.
    let mut client = served.dial(&id, &token).await;
    assert_eq!(next(&mut agent).await.unwrap().message_type, kind::START_PUBLICATION);
    let sent = say(&mut client, kind::INPUT, b"ls\n").await;
    assert_eq!(next(&mut agent).await.unwrap(), sent);
    (id, agent, client)
}

#[tokio::test]
async fn frames_pass_unchanged_in_both_directions() {
    let mut served = Served::start().await;
    let (_, mut agent, mut client) = joined(&mut served).await;
    for (number, kind) in [kind::OUTPUT, kind::ACKNOWLEDGE, kind::OUTPUT].into_iter().enumerate() {
        let sent = say(&mut agent, kind, format!("{{\"n\":{number}}}").as_bytes()).await;
        assert_eq!(next(&mut client).await.unwrap(), sent);
    }
    // What is broken, or nobody's business, is dropped and the line goes on.
    agent.send(Frame::binary(vec![1, 2, 3])).await.unwrap();
    agent.send(Frame::text("hello")).await.unwrap();
    say(&mut agent, "no_such_message", b"{}").await;
    let sent = say(&mut agent, kind::OUTPUT, b"still here").await;
    assert_eq!(next(&mut client).await.unwrap(), sent);
}

#[tokio::test]
async fn a_client_may_go_and_come_back() {
    let mut served = Served::start().await;
    let (id, mut agent, client) = joined(&mut served).await;
    drop(client);
    assert_eq!(next(&mut agent).await.unwrap().message_type, kind::PAUSE_PUBLICATION);
    let resumed = served.harness.call(ResumeSession { session_id: id.clone() }).await.unwrap();
    let mut client = served.dial(&id, &resumed.token_value.unwrap().0).await;
    assert_eq!(next(&mut agent).await.unwrap().message_type, kind::START_PUBLICATION);
    let sent = say(&mut agent, kind::OUTPUT, b"again").await;
    assert_eq!(next(&mut client).await.unwrap(), sent);
}

#[tokio::test]
async fn a_client_is_told_when_its_agent_is_back() {
    let mut served = Served::start().await;
    let (id, agent, mut client) = joined(&mut served).await;
    drop(agent);
    let mut agent = served.agent(&id).await;
    assert_eq!(next(&mut client).await.unwrap().message_type, kind::START_PUBLICATION);
    let sent = say(&mut client, kind::INPUT, b"once more").await;
    assert_eq!(next(&mut agent).await.unwrap(), sent);
}

/// How the one session that goes on stands.
async fn status(harness: &Harness) -> SessionStatus {
    let active = harness.call(DescribeSessions { state: Listed::Active, ..Default::default() }).await.unwrap();
    active.sessions[0].status.clone().unwrap()
}

async fn until_status(served: &Served, wanted: SessionStatus) {
    let reached = async {
        while status(&served.harness).await != wanted {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), reached).await.unwrap_or_else(|_| panic!("not {wanted:?} in time"));
}

#[tokio::test]
async fn a_session_is_connected_while_its_client_is_there_and_the_agent_alone_does_not_count() {
    let mut served = Served::start().await;
    let (id, token) = served.session().await;
    let mut agent = served.agent(&id).await;
    let client = served.dial(&id, &token).await;
    assert_eq!(next(&mut agent).await.unwrap().message_type, kind::START_PUBLICATION);
    until_status(&served, SessionStatus::Connected).await;
    drop(client);
    until_status(&served, SessionStatus::Disconnected).await;
    drop(agent);
    let mut agent = served.agent(&id).await;
    let state = SessionState { session_state: "Connected".into(), ..Default::default() };
    say(&mut agent, kind::SESSION_STATE, &serde_json::to_vec(&state).unwrap()).await;
    let resumed = served.harness.call(ResumeSession { session_id: id.clone() }).await.unwrap();
    // The answer comes behind whatever is made of its coming back.
    agent.send(Frame::Ping(vec![1].into())).await.unwrap();
    while !matches!(agent.next().await, Some(Ok(Frame::Pong(_)))) {}
    assert_eq!(status(&served.harness).await, SessionStatus::Disconnected);
    let _client = served.dial(&id, &resumed.token_value.unwrap().0).await;
    until_status(&served, SessionStatus::Connected).await;
}

#[tokio::test]
async fn after_a_kill_no_session_has_its_client_until_that_comes_back() {
    let harness = Harness::new();
    harness.engine.store.adopt_node_for_tests(NODE.to_owned(), harness.engine.now()).await;
    let _line = harness.engine.channels.open(NODE);
    let start = async || harness.call(StartSession { target: NODE.into(), ..Default::default() }).await.unwrap();
    let over = start().await.session_id.unwrap();
    harness.call(TerminateSession { session_id: over.clone() }).await.unwrap();
    let id = start().await.session_id.unwrap();
    harness.engine.store.set_session_status(&id, SessionStatus::Connected).await.unwrap();
    let harness = harness.reopen();
    assert_eq!(status(&harness).await, SessionStatus::Disconnected);
    assert_eq!(harness.engine.store.session(&over).await.unwrap().unwrap().status, SessionStatus::Terminated);
}

/// The sessions that have ended, each with how and why.
async fn ends(harness: &Harness) -> Vec<(SessionStatus, String)> {
    let history = DescribeSessions { state: Listed::History, ..Default::default() };
    let sessions = harness.call(history).await.unwrap().sessions;
    sessions.into_iter().map(|session| (session.status.unwrap(), session.details.unwrap())).collect()
}

const NOBODY_CAME: &str =
    "No client connected to the session within 60 seconds; 0 bytes went to the node and 0 came back.";

#[tokio::test]
async fn a_session_to_which_no_client_comes_ends_with_the_last_token_for_it_and_its_agent_is_told() {
    let mut served = Served::start().await;
    let (id, token) = served.session().await;
    let mut agent = served.agent(&id).await;
    // The agent repeats what nobody acknowledges, for as long as it is there.
    let repeats = async |served: &Served, agent: &mut Socket, seconds| {
        served.harness.advance(Duration::from_secs(seconds));
        say(agent, kind::OUTPUT, b"$ ").await;
        served.harness.engine.tick().await.unwrap();
    };
    repeats(&served, &mut agent, 59).await;
    assert_eq!(status(&served.harness).await, SessionStatus::Connecting);
    served.harness.call(ResumeSession { session_id: id.clone() }).await.unwrap();
    repeats(&served, &mut agent, 59).await;
    assert_eq!(status(&served.harness).await, SessionStatus::Connecting, "there is a token that is good");
    assert_eq!(next(&mut served.dial(&id, &token).await).await, None, "and one that is not");
    repeats(&served, &mut agent, 1).await;
    assert_eq!(ends(&served.harness).await, [(SessionStatus::Failed, NOBODY_CAME.to_owned())]);
    assert_eq!(next(&mut agent).await.unwrap().message_type, kind::CHANNEL_CLOSED);
    assert_eq!(next(&mut agent).await, None);
}

#[tokio::test]
async fn a_session_whose_client_has_come_waits_for_it_for_longer() {
    let mut served = Served::start().await;
    let (_, _agent, client) = joined(&mut served).await;
    until_status(&served, SessionStatus::Connected).await;
    drop(client);
    until_status(&served, SessionStatus::Disconnected).await;
    served.harness.advance(Duration::from_secs(19 * 60));
    served.harness.engine.tick().await.unwrap();
    assert_eq!(status(&served.harness).await, SessionStatus::Disconnected);
}

#[tokio::test]
async fn after_a_kill_a_client_that_has_not_come_yet_has_its_time_again() {
    let harness = Harness::new();
    harness.engine.store.adopt_node_for_tests(NODE.to_owned(), harness.engine.now()).await;
    let line = harness.engine.channels.open(NODE);
    harness.call(StartSession { target: NODE.into(), ..Default::default() }).await.unwrap();
    drop(line);
    harness.advance(Duration::from_secs(3600));
    let harness = harness.reopen();
    let mut line = harness.engine.channels.open(NODE);
    harness.engine.tick().await.unwrap();
    harness.advance(Duration::from_secs(59));
    harness.engine.tick().await.unwrap();
    assert_eq!(status(&harness).await, SessionStatus::Connecting);
    harness.advance(Duration::from_secs(1));
    harness.engine.tick().await.unwrap();
    assert_eq!(ends(&harness).await, [(SessionStatus::Failed, NOBODY_CAME.to_owned())]);
    let told = Envelope::decode(&line.outgoing.recv().await.unwrap()).unwrap();
    assert_eq!(told.message_type, kind::CHANNEL_CLOSED);
}

#[test]
fn what_an_agent_repeats_to_nobody_is_no_activity() {
    let (relays, at) = (Relays::default(), Timestamp::from_millis);
    relays.begin("s", at(1_000));
    assert!(relays.attach("s", Side::Agent, &Arc::new(Mouth::new(None)), None));
    let send = |sequence, millis| {
        let passing = Passing { at: at(millis), sequence, bytes: 1, ordinary: true };
        relays.pass("s", Side::Agent, Uuid::nil(), Some(Kind::Stream(passing)));
        relays.last_activity("s").unwrap()
    };
    assert_eq!([send(0, 2_000), send(0, 3_000), send(1, 4_000)], [at(2_000), at(2_000), at(4_000)]);
}

#[tokio::test]
async fn the_end_is_told_behind_the_last_output() {
    let mut served = Served::start().await;
    let (id, mut agent, mut client) = joined(&mut served).await;
    let last = say(&mut agent, kind::OUTPUT, b"bye").await;
    assert_eq!(next(&mut client).await.unwrap(), last);
    let complete = TaskComplete {
        task_id: id.clone(),
        final_task_status: "Failed".into(),
        output: "Forwarding to IP address x is forbidden.".into(),
        ..Default::default()
    };
    for _ in 0..2 {
        assert!(super::super::sessions::task_complete(&served.harness.engine, NODE, &complete).await);
    }
    let closed = next(&mut client).await.unwrap();
    assert_eq!(closed.message_type, kind::CHANNEL_CLOSED);
    let closed: ChannelClosed = serde_json::from_slice(&closed.payload).unwrap();
    assert_eq!((closed.session_id.as_str(), closed.output.as_str()), (id.as_str(), complete.output.as_str()));
    assert_eq!(next(&mut client).await, None);
    let resumed = served.harness.call(ResumeSession { session_id: id.clone() }).await.unwrap();
    assert_eq!(resumed.token_value, None);
    let history = DescribeSessions { state: Listed::History, ..Default::default() };
    let history = served.harness.call(history).await.unwrap().sessions;
    assert_eq!(
        (history[0].session_id.as_deref(), history[0].status.clone()),
        (Some(&*id), Some(SessionStatus::Failed))
    );
}

#[tokio::test]
async fn a_session_is_ended_from_outside() {
    let mut served = Served::start().await;
    let (id, mut agent, mut client) = joined(&mut served).await;
    served.harness.call(TerminateSession { session_id: id.clone() }).await.unwrap();
    for socket in [&mut agent, &mut client] {
        assert_eq!(next(socket).await.unwrap().message_type, kind::CHANNEL_CLOSED);
        assert_eq!(next(socket).await, None);
    }
    // A session whose agent has no data channel yet is ended over the control channel.
    let (id, _) = served.session().await;
    served.harness.call(TerminateSession { session_id: id }).await.unwrap();
    let told = Envelope::decode(&served.line.outgoing.recv().await.unwrap()).unwrap();
    assert_eq!(told.message_type, kind::CHANNEL_CLOSED);
}

#[tokio::test]
async fn the_record_says_why_a_session_ended_and_how_much_passed() {
    let mut served = Served::start().await;
    let (id, mut agent, mut client) = joined(&mut served).await;
    for (sequence, text) in [(0, "abc"), (1, "defg"), (1, "defg")] {
        let mut frame = Envelope::new(kind::OUTPUT, Timestamp::from_millis(1_000), text.into());
        (frame.sequence_number, frame.payload_type) = (sequence, payload::OUTPUT);
        agent.send(Frame::binary(frame.encode())).await.unwrap();
        assert_eq!(next(&mut client).await.unwrap(), frame);
    }
    served.harness.call(TerminateSession { session_id: id }).await.unwrap();
    let history = DescribeSessions { state: Listed::History, ..Default::default() };
    let session = served.harness.call(history).await.unwrap().sessions.remove(0);
    assert_eq!(
        session.details.as_deref(),
        Some("arn:aws:iam::123456789012:root terminated the session; 0 bytes went to the node and 7 came back."),
        "a frame that is sent twice counts once"
    );
}

#[test]
fn what_an_end_repeats_on_a_new_line_counts_once() {
    let (relays, at) = (Relays::default(), Timestamp::from_millis(1_000));
    relays.open("s", Traffic::default(), at);
    let send = |sequence, bytes| {
        let passing = Passing { at, sequence, bytes, ordinary: true };
        relays.pass("s", Side::Agent, Uuid::nil(), Some(Kind::Stream(passing)));
    };
    let end = || Arc::new(Mouth::new(None));
    let first = end();
    assert!(relays.attach("s", Side::Agent, &first, None));
    send(0, 3);
    assert!(relays.detach("s", Side::Agent, &first));
    assert!(relays.attach("s", Side::Agent, &end(), None));
    send(0, 3);
    send(1, 4);
    assert_eq!(relays.traffic("s").unwrap().output, 7);
}

/// A session whose first client has the frames up to a number of those that were sent, and whose second one has just come.
fn taken_over(sent: i64, acknowledged: i64) -> Relays {
    let relays = Relays::default();
    relays.begin("s", Timestamp::from_millis(1_000));
    let line = |client: &str| Some(Line { client_id: client.to_owned(), ..Line::default() });
    let end = || Arc::new(Mouth::new(None));
    assert!(relays.attach("s", Side::Agent, &end(), None) && relays.attach("s", Side::Client, &end(), line("a")));
    assert!((0..sent).all(|sequence| is_shown(&relays, sequence)));
    for sequence in 0..acknowledged {
        relays.pass("s", Side::Client, Uuid::nil(), Some(Kind::Acknowledgement(sequence)));
    }
    assert!(relays.attach("s", Side::Client, &end(), line("b")));
    relays
}

/// Whether a frame of the agent is passed on.
fn is_shown(relays: &Relays, sequence: i64) -> bool {
    let passing = Passing { at: Timestamp::from_millis(1_000), sequence, bytes: 1, ordinary: true };
    matches!(relays.pass("s", Side::Agent, Uuid::nil(), Some(Kind::Stream(passing))), Way::On(_))
}

#[test]
fn whoever_takes_over_begins_with_the_oldest_frame_and_misses_none() {
    let relays = taken_over(11, 5);
    // The agent had sent these before it heard of the change, some of them a second time.
    assert!([6, 11, 12].into_iter().all(|sequence| !is_shown(&relays, sequence)));
    assert!((5..=13).all(|sequence| is_shown(&relays, sequence)));
    assert_eq!(relays.traffic("s").unwrap().output, 14);
    assert!(is_shown(&taken_over(11, 11), 11), "everything before it has arrived");
}

#[test]
fn nobody_waits_for_a_frame_that_the_agent_has_no_more() {
    let relays = taken_over(11, 5);
    let again = [6, 11, 8, 9, 10, 11, 8, 9, 10, 11];
    assert!(again.into_iter().all(|sequence| !is_shown(&relays, sequence)));
    assert!((8..=12).all(|sequence| is_shown(&relays, sequence)));
}

/// Both ends once a line broke behind a frame, and the frame was repeated to a client that takes it and says nothing of it,
/// answers the ping behind it if there is to be one, and says something else.
async fn repeated_in_silence(user_agent: &str, is_asked: bool) -> (Socket, Socket) {
    let mut served = Served::start().await;
    let (id, token) = served.session().await;
    let mut agent = served.agent(&id).await;
    let mut client = served.dial_as(user_agent, &id, &token).await;
    assert_eq!(next(&mut agent).await.unwrap().message_type, kind::START_PUBLICATION);
    let mut typed = Envelope::new(kind::INPUT, Timestamp::from_millis(1_000), b"ls\r".into());
    typed.payload_type = payload::OUTPUT;
    client.send(Frame::binary(typed.encode())).await.unwrap();
    assert_eq!(next(&mut agent).await.unwrap(), typed);
    let mut output = Envelope::new(kind::OUTPUT, Timestamp::from_millis(1_000), b"file".into());
    output.payload_type = payload::OUTPUT;
    agent.send(Frame::binary(output.encode())).await.unwrap();
    assert_eq!(next(&mut client).await.unwrap(), output);
    drop(client);
    assert_eq!(next(&mut agent).await.unwrap().message_type, kind::PAUSE_PUBLICATION);
    let resumed = served.harness.call(ResumeSession { session_id: id.clone() }).await.unwrap();
    let mut client = served.dial_as(user_agent, &id, &resumed.token_value.unwrap().0).await;
    assert_eq!(next(&mut agent).await.unwrap().message_type, kind::START_PUBLICATION);
    agent.send(Frame::binary(output.encode())).await.unwrap();
    assert_eq!(next(&mut client).await.unwrap(), output);
    if is_asked {
        let frame = tokio::time::timeout(Duration::from_secs(10), client.next()).await.expect("a ping in time");
        assert!(frame.unwrap().unwrap().is_ping());
        // The answer goes before what is said next.
        client.flush().await.unwrap();
    }
    say(&mut client, kind::INPUT, b"more").await;
    (agent, client)
}

#[tokio::test]
async fn what_awss_client_has_and_does_not_acknowledge_is_acknowledged_for_it() {
    let (mut agent, mut client) = repeated_in_silence("Go-http-client/1.1", true).await;
    let told = next(&mut agent).await.unwrap();
    let frame: Acknowledged = serde_json::from_slice(&told.payload).unwrap();
    assert_eq!((told.message_type.as_str(), told.flags, frame.sequence), (kind::ACKNOWLEDGE, 3, 0));
    assert_eq!(next(&mut agent).await.unwrap().payload, b"more");
    assert!(client.next().now_or_never().is_none(), "nothing more was sent to the client");
}

#[tokio::test]
async fn the_silence_of_other_clients_is_left_to_them() {
    let (mut agent, mut client) = repeated_in_silence("fleetdeck", false).await;
    assert_eq!(next(&mut agent).await.unwrap().payload, b"more");
    // What it says itself is passed on, and from then on known.
    let own = say(&mut client, kind::ACKNOWLEDGE, br#"{"AcknowledgedMessageSequenceNumber":0}"#).await;
    assert_eq!(next(&mut agent).await.unwrap(), own);
    let again = Envelope::new(kind::OUTPUT, Timestamp::from_millis(1_000), b"file".into());
    agent.send(Frame::binary(again.encode())).await.unwrap();
    let told = next(&mut agent).await.unwrap();
    assert_eq!((told.message_type.as_str(), told.flags), (kind::ACKNOWLEDGE, 3));
    let fresh = Envelope { sequence_number: 1, ..again };
    agent.send(Frame::binary(fresh.encode())).await.unwrap();
    assert_eq!(next(&mut client).await.unwrap(), fresh, "and the client is not bothered with it");
}

#[tokio::test]
async fn an_old_channel_ends_without_a_word_and_the_session_goes_on() {
    let settings = Settings { channel_age: Some(Duration::from_millis(1)), ..Settings::default() };
    let mut served = Served::with(settings).await;
    let (id, token) = served.session().await;
    let mut client = served.dial(&id, &token).await;
    let end = tokio::time::timeout(Duration::from_secs(20), client.next()).await.expect("it ends");
    assert!(!matches!(end, Some(Ok(_))), "AWS's client takes a farewell for the end of its session: {end:?}");
    let resumed = served.harness.call(ResumeSession { session_id: id }).await.unwrap();
    assert!(resumed.token_value.is_some());
}

#[tokio::test]
async fn the_accounts_preferences_count_for_the_documents_of_the_service() {
    let mut served = Served::start().await;
    let content = serde_json::json!({"schemaVersion": "1.0", "sessionType": "Standard_Stream",
        "inputs": {"idleSessionTimeout": "1", "s3BucketName": "logs"}});
    let own = CreateDocument {
        name: "SSM-SessionManagerRunShell".into(),
        content: content.to_string(),
        document_type: Some(DocumentType::Session),
        ..Default::default()
    };
    served.harness.call(own).await.unwrap();
    let request = StartSession {
        target: NODE.into(),
        document_name: Some("AWS-StartNonInteractiveCommand".into()),
        parameters: [("command".to_owned(), vec!["ls".to_owned()])].into(),
        ..Default::default()
    };
    let started = served.harness.call(request).await.unwrap();
    let id = started.session_id.unwrap();
    let _client = served.dial(&id, &started.token_value.unwrap().0).await;
    until_status(&served, SessionStatus::Connected).await;
    let order = Envelope::decode(&served.line.outgoing.recv().await.unwrap()).unwrap();
    let task: TaskMessage = serde_json::from_slice(&order.payload).unwrap();
    let order: SessionRequest = serde_json::from_str(&task.content).unwrap();
    assert_eq!(order.document_content["inputs"]["s3BucketName"], "logs");
    served.harness.advance(Duration::from_secs(60));
    super::super::sessions::tick(&served.harness.engine).await.unwrap();
    let resumed = served.harness.call(ResumeSession { session_id: id }).await.unwrap();
    assert_eq!(resumed.token_value, None, "one minute without a word was too long");
}

#[tokio::test]
async fn silence_ends_a_session() {
    let mut served = Served::start().await;
    let (_, _agent, mut client) = joined(&mut served).await;
    served.harness.advance(Duration::from_secs(20 * 60));
    super::super::sessions::tick(&served.harness.engine).await.unwrap();
    let closed = next(&mut client).await.unwrap();
    let closed: ChannelClosed = serde_json::from_slice(&closed.payload).unwrap();
    assert!(closed.output.contains("inactivity"), "{}", closed.output);
}

#[tokio::test]
async fn tokens_are_good_for_their_own_session_and_end_once() {
    let mut served = Served::start().await;
    let (id, token) = served.session().await;
    let (other, _) = served.session().await;
    for (session, token) in [(&other, token.as_str()), (&id, "rubbish"), (&id, &token)] {
        // The first try uses the token up, although it was made elsewhere.
        assert_eq!(next(&mut served.dial(session, token).await).await, None);
    }
    let away = StartSession { target: "mi-00000000000000002".into(), ..Default::default() };
    assert_eq!(code(served.harness.call(away).await), "TargetNotConnected");
    let wrong =
        StartSession { target: NODE.into(), document_name: Some("AWS-RunShellScript".into()), ..Default::default() };
    assert_eq!(code(served.harness.call(wrong).await), "InvalidDocument");
    let unknown = ResumeSession { session_id: "root-0".into() };
    assert_eq!(code(served.harness.call(unknown).await), "DoesNotExistException");
}

/// What a connection says before it goes, if it is upgraded at all.
async fn leave(served: &Served, id: &str, words: &[Frame]) {
    let token = served.harness.call(ResumeSession { session_id: id.to_owned() }).await.unwrap().token_value.unwrap();
    let url = format!("ws://{}/v1/data-channel/{id}?role=publish_subscribe", served.address);
    let (mut socket, _) = connect_async(url).await.unwrap();
    let open = OpenChannel { token_value: token, ..Default::default() };
    let open = Frame::text(serde_json::to_string(&open).unwrap());
    for frame in std::iter::once(&open).chain(words) {
        // The other side may have hung up on it.
        let _ = socket.send(frame.clone()).await;
    }
}

#[tokio::test]
async fn clients_that_leave_at_any_moment_leave_the_session_to_the_next() {
    let mut served = Served::start().await;
    let (id, mut agent, client) = joined(&mut served).await;
    drop(client);
    drop(TcpStream::connect(served.address).await.unwrap());
    let path = format!("ws://{}/v1/data-channel/{id}?role=publish_subscribe", served.address);
    drop(connect_async(&path).await.unwrap());
    let typed = |payload_type| {
        let new = Envelope::new(kind::INPUT, Timestamp::from_millis(1), b"{".into());
        Frame::binary(Envelope { payload_type, ..new }.encode())
    };
    let lie = Envelope::new(kind::ACKNOWLEDGE, Timestamp::from_millis(1), b"{\"Acknowledged".into()).encode();
    leave(&served, &id, &[]).await;
    leave(&served, &id, &[Frame::binary(vec![0xff; 200]), Frame::text("}"), Frame::Pong(vec![1; 8].into())]).await;
    leave(&served, &id, &[typed(payload::OUTPUT), typed(payload::HANDSHAKE_RESPONSE), Frame::binary(lie)]).await;
    leave(&served, &id, &[Frame::binary(vec![0; 9 << 20]), typed(payload::SIZE)]).await;
    let token = served.harness.call(ResumeSession { session_id: id.clone() }).await.unwrap().token_value.unwrap();
    let mut client = served.dial(&id, &token.0).await;
    let sent = say(&mut client, kind::INPUT, b"the last one").await;
    while next(&mut agent).await.unwrap() != sent {}
    let sent = say(&mut agent, kind::OUTPUT, b"welcome").await;
    while next(&mut client).await.unwrap() != sent {}
}

#[tokio::test]
async fn a_pair_that_floods_and_does_not_listen_leaves_others_alone() {
    let mut served = Served::start().await;
    let (_, mut bad_agent, mut bad_client) = joined(&mut served).await;
    let flood = tokio::spawn(async move {
        let mut large = Envelope::new(kind::OUTPUT, Timestamp::from_millis(1), vec![7; 4 << 20]);
        for sequence in 0i64.. {
            large.sequence_number = sequence;
            let noise = Frame::binary(vec![0xff; 1_000]);
            let repeated = Envelope { sequence_number: 0, ..large.clone() };
            let sends = async {
                let agent = async {
                    bad_agent.feed(Frame::binary(large.encode())).await?;
                    bad_agent.send(Frame::binary(repeated.encode())).await
                };
                let client = async {
                    bad_client.feed(noise).await?;
                    bad_client.send(Frame::Ping(vec![1].into())).await
                };
                let _ = tokio::join!(agent, client);
            };
            // Whoever is not read any more is not waited for either.
            let _ = tokio::time::timeout(Duration::from_millis(50), sends).await;
        }
    });
    let (_, mut agent, mut client) = joined(&mut served).await;
    for round in 0..200 {
        let text = format!("{round}");
        let sent = say(&mut client, kind::INPUT, text.as_bytes()).await;
        assert_eq!(next(&mut agent).await.unwrap(), sent);
        let sent = say(&mut agent, kind::OUTPUT, text.as_bytes()).await;
        assert_eq!(next(&mut client).await.unwrap(), sent);
    }
    assert!(!flood.is_finished());
    flood.abort();
}

#[tokio::test]
async fn a_slow_reader_slows_the_writer_and_nothing_piles_up() {
    let mut served = Served::start().await;
    let (_, mut agent, client) = joined(&mut served).await;
    let frame = Envelope::new(kind::OUTPUT, Timestamp::from_millis(1), vec![b'x'; 64 * 1024]).encode();
    let mut taken = 0;
    // The client does not read: after the queue and the sockets' buffers are full the agent's end is no longer read.
    while taken < 4096
        && tokio::time::timeout(Duration::from_millis(500), agent.send(Frame::binary(frame.clone()))).await.is_ok()
    {
        taken += 1;
    }
    assert!(taken < 4096, "a quarter of a gigabyte was taken for a client that does not read");
    drop(client);
}
