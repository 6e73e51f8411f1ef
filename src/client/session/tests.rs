//! A session against a service that drops the line.

use std::{
    collections::VecDeque,
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    extract::{State, WebSocketUpgrade, ws},
    http::HeaderMap,
    response::Response,
    routing::{get, post},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Buf;
use futures_util::SinkExt;
use serde_json::{Value, json};
use tokio::{task::AbortHandle, time::timeout};

use super::*;
use crate::{
    client::Settings,
    ssm::clock::Clock,
    wire::{
        channel::{Channel, Event, Role, SMALL_FRAME},
        envelope::{View, kind, payload},
        messages::{HandshakeComplete, HandshakeRequest, RequestedAction},
        sealed::SessionKeys,
    },
};

/// An echoing node behind a service. The node's end of the channel outlives its connections.
#[derive(Clone)]
struct Service {
    address: SocketAddr,
    node: Arc<Mutex<Channel>>,
    /// What the node has still to echo.
    rest: Arc<Mutex<VecDeque<bytes::Bytes>>>,
    connections: Arc<AtomicU32>,
    /// After so many messages the first connection is dropped.
    patience: u32,
    /// What is noted about the end of the session, once it has ended: its state and how it came about.
    over: Arc<Mutex<Option<(&'static str, &'static str)>>>,
    /// The kinds of messages that came for the node.
    heard: Arc<Mutex<Vec<String>>>,
    /// Whether the node hears and says nothing, while the service stands.
    stopped: Arc<AtomicBool>,
    /// Whether it was asked to end the session.
    terminated: Arc<AtomicBool>,
    /// What KMS was asked for.
    asked: Arc<Mutex<Value>>,
    listening: Arc<Mutex<Option<AbortHandle>>>,
}

/// The plain data key of this service's KMS.
const PLAIN: [u8; 64] = [5; 64];

impl Service {
    async fn start(patience: u32) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let node = Arc::new(Mutex::new(Channel::new(Role::Agent, SMALL_FRAME)));
        let address = listener.local_addr().unwrap();
        let service = Self {
            address,
            node,
            rest: Arc::default(),
            connections: Arc::default(),
            patience,
            over: Arc::default(),
            heard: Arc::default(),
            stopped: Arc::default(),
            terminated: Arc::default(),
            asked: Arc::default(),
            listening: Arc::default(),
        };
        service.listen(listener);
        service
    }

    fn listen(&self, listener: tokio::net::TcpListener) {
        let routes = Router::new().route("/", post(api)).route("/stream", get(stream)).with_state(self.clone());
        let listening = tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        *self.listening.lock().unwrap() = Some(listening.abort_handle());
    }

    fn go_away(&self) {
        self.listening.lock().unwrap().take().unwrap().abort();
    }

    async fn come_back(&self) {
        // The old listener is closed when its task has been dropped.
        let listener = loop {
            match tokio::net::TcpListener::bind(self.address).await {
                Ok(listener) => break listener,
                Err(_) => tokio::task::yield_now().await,
            }
        };
        self.listen(listener);
    }

    async fn session(&self) -> Session {
        let settings = Settings::with_keys(&format!("http://{}", self.address), "us-east-1", "a", "b");
        let client = Client::connect(settings).await.unwrap();
        let request = StartSession { target: "mi-1".into(), ..StartSession::default() };
        client.start_session(request, TerminalSize { cols: 80, rows: 24 }).await.unwrap()
    }
}

async fn api(State(service): State<Service>, headers: HeaderMap, body: String) -> String {
    let target = headers["x-amz-target"].to_str().unwrap();
    let token = match target {
        "AmazonSSM.StartSession" => "first",
        "AmazonSSM.ResumeSession" if service.over.lock().unwrap().is_some() => {
            return json!({"SessionId": "s-1"}).to_string();
        }
        "AmazonSSM.DescribeSessions" => {
            let (status, details) = service.over.lock().unwrap().unwrap_or_default();
            return json!({"Sessions": [{"SessionId": "s-1", "Status": status, "Details": details}]}).to_string();
        }
        "TrentService.GenerateDataKey" => {
            assert!(headers["authorization"].to_str().unwrap().contains("/kms/aws4_request"));
            *service.asked.lock().unwrap() = serde_json::from_str(&body).unwrap();
            return json!({"CiphertextBlob": STANDARD.encode("blob"), "Plaintext": STANDARD.encode(PLAIN)}).to_string();
        }
        "AmazonSSM.TerminateSession" => {
            service.terminated.store(true, Ordering::SeqCst);
            return json!({"SessionId": "s-1"}).to_string();
        }
        _ => "resumed",
    };
    format!(r#"{{"SessionId":"s-1","TokenValue":"{token}","StreamUrl":"ws://{}/stream"}}"#, service.address)
}

async fn stream(State(service): State<Service>, upgrade: WebSocketUpgrade) -> Response {
    upgrade.on_upgrade(move |socket| serve(service, socket))
}

async fn serve(service: Service, mut socket: ws::WebSocket) {
    let number = service.connections.fetch_add(1, Ordering::SeqCst);
    let now = || Clock::system().now();
    if number > 0 {
        service.node.lock().unwrap().reconnected();
    }
    let mut heard = 0;
    loop {
        let stopped = service.stopped.load(Ordering::SeqCst);
        let replies: Vec<_> = if stopped {
            Vec::new()
        } else {
            let mut node = service.node.lock().unwrap();
            while let Some(event) = node.poll_event() {
                match event {
                    Event::Data(bytes) => service.rest.lock().unwrap().push_back(bytes),
                    Event::Handshake(answer) => {
                        let key = &answer.processed_client_actions[0].action_result["KMSCipherTextKey"];
                        assert_eq!(key, &json!(STANDARD.encode("blob")));
                        node.encrypt(SessionKeys::split(&PLAIN, Role::Agent).unwrap(), now()).unwrap();
                    }
                    Event::Encrypted => node.send_handshake_complete(&HandshakeComplete::default(), now()),
                    _ => {}
                }
            }
            let mut rest = service.rest.lock().unwrap();
            while node.can_send()
                && let Some(mut bytes) = rest.pop_front()
            {
                let taken = node.write(payload::OUTPUT, &bytes, now());
                bytes.advance(taken);
                if !bytes.is_empty() {
                    rest.push_front(bytes);
                }
            }
            node.tick(now());
            std::iter::from_fn(|| node.poll_transmit(now())).collect()
        };
        for reply in replies {
            if socket.send(ws::Message::Binary(reply)).await.is_err() {
                return;
            }
        }
        match timeout(Duration::from_millis(50), socket.recv()).await {
            Err(_) => {}
            Ok(Some(Ok(ws::Message::Binary(_)))) if stopped => {}
            Ok(Some(Ok(ws::Message::Binary(bytes)))) => {
                heard += 1;
                if number == 0 && heard > service.patience {
                    return;
                }
                service.heard.lock().unwrap().push(View::decode(&bytes).unwrap().message_type.to_owned());
                service.node.lock().unwrap().receive(&bytes, now()).unwrap();
            }
            Ok(Some(Ok(ws::Message::Text(text)))) => {
                assert!(text.contains(if number == 0 { "first" } else { "resumed" }), "{text}");
            }
            Ok(Some(Ok(_))) => {}
            Ok(_) => return,
        }
    }
}

#[tokio::test]
async fn a_dropped_line_is_taken_up_again_and_loses_nothing() {
    let service = Service::start(6).await;
    let mut session = service.session().await;
    let text: Vec<u8> = (0..200_000u32).map(|n| b'a' + u8::try_from(n % 23).unwrap()).collect();
    let (mut got, mut reconnected) = (Vec::new(), false);
    // Read all the while: the news of a broken line are for those who listen.
    let (input, sent) = (session.input_handle(), text.clone());
    tokio::spawn(async move { input.send(&sent).await });
    while got.len() < text.len() {
        match timeout(Duration::from_secs(20), session.next()).await.unwrap().unwrap() {
            SessionEvent::Output(bytes) => got.extend_from_slice(&bytes),
            SessionEvent::Reconnecting { .. } => reconnected = true,
            SessionEvent::Connected | SessionEvent::Silent(_) | SessionEvent::Answered => {}
            other => panic!("{other:?}"),
        }
    }
    assert!(got == text && reconnected);
    assert_eq!(service.connections.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn the_reason_of_an_end_is_told_and_nothing_follows() {
    let service = Service::start(u32::MAX).await;
    let mut session = service.session().await;
    session.input(b"\n".to_vec());
    assert_eq!(news(&mut session).await, Some(SessionEvent::Output("\r".into())));
    session.terminate().await;
    // This service never says goodbye: the handle closes all the same.
    assert_eq!(news(&mut session).await, Some(SessionEvent::Closed { reason: None }));
    assert_eq!(session.next().await, None);
}

/// A service that neither ends a session nor stops talking.
async fn babble(upgrade: WebSocketUpgrade) -> Response {
    // In large pieces, so that there is always something to read.
    let upgrade = upgrade.write_buffer_size(256 * 1024);
    upgrade.on_upgrade(|mut socket| async move { while socket.feed(ws::Message::Pong("more".into())).await.is_ok() {} })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_that_never_stops_talking_keeps_nobody() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let service = Service { address: listener.local_addr().unwrap(), ..Service::start(u32::MAX).await };
    let routes = Router::new().route("/", post(api)).route("/stream", get(babble)).with_state(service.clone());
    tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
    let mut session = service.session().await;
    assert_eq!(session.next().await, Some(SessionEvent::Connected));
    session.terminate().await;
    let end = timeout(Duration::from_secs(20), news(&mut session)).await.expect("it ends");
    assert_eq!(end, Some(SessionEvent::Closed { reason: None }));
}

/// The next event that is not about the connection.
async fn of_node(session: &mut Session) -> Option<SessionEvent> {
    loop {
        match timeout(Duration::from_secs(60), session.next()).await.unwrap() {
            Some(SessionEvent::Reconnecting { .. } | SessionEvent::Trouble(_) | SessionEvent::Connected) => {}
            event => return event,
        }
    }
}

/// The same, of a node that may be slow: on a busy machine any is.
async fn news(session: &mut Session) -> Option<SessionEvent> {
    loop {
        match of_node(session).await {
            Some(SessionEvent::Silent(_) | SessionEvent::Answered) => {}
            event => return event,
        }
    }
}

#[tokio::test]
async fn a_service_that_is_away_is_waited_for() {
    let service = Service::start(1).await;
    let mut session = service.session().await;
    assert_eq!(session.next().await, Some(SessionEvent::Connected));
    service.go_away();
    session.input(b"still there?".to_vec());
    let (mut tries, mut troubles) = (0, 0);
    while tries < 8 || troubles == 0 {
        match timeout(Duration::from_secs(60), session.next()).await.unwrap().unwrap() {
            SessionEvent::Reconnecting { attempt } => tries = attempt,
            SessionEvent::Trouble(what) => {
                assert!(what.contains("cannot reach"), "{what}");
                troubles += 1;
            }
            SessionEvent::Silent(_) | SessionEvent::Answered => {}
            event => panic!("{event:?}"),
        }
    }
    service.come_back().await;
    assert_eq!(news(&mut session).await, Some(SessionEvent::Output("still there?".into())));
}

#[tokio::test]
async fn a_session_that_is_ended_while_the_service_is_away_ends_there_too_or_says_that_it_may_not() {
    for returns in [true, false] {
        let service = Service::start(1).await;
        let mut session = service.session().await;
        assert_eq!(session.next().await, Some(SessionEvent::Connected));
        service.go_away();
        session.input(b"still there?".to_vec());
        while !matches!(timeout(Duration::from_secs(60), session.next()).await.unwrap(), Some(SessionEvent::Trouble(_)))
        {
        }
        session.terminate().await;
        if returns {
            service.come_back().await;
        }
        match news(&mut session).await {
            Some(SessionEvent::Closed { reason: None }) => {
                assert!(returns && service.terminated.load(Ordering::SeqCst))
            }
            Some(SessionEvent::Closed { reason: Some(reason) }) => {
                assert!(!returns && reason.contains("s-1 may still run on the node"), "{reason}");
            }
            event => panic!("{event:?}"),
        }
    }
}

#[tokio::test]
async fn a_session_that_ended_meanwhile_closes_with_what_the_service_noted() {
    let idle = "Twenty minutes passed without a key.";
    for (status, details, told, failed) in [
        ("Terminated", idle, idle, false),
        ("Failed", "The shell could not be started.", "The shell could not be started.", true),
        // AWS keeps the field for later: the state is what there is.
        ("Terminated", "", "it ended while the connection was down", false),
        ("Failed", "", "it failed while the connection was down", true),
    ] {
        let service = Service::start(1).await;
        let mut session = service.session().await;
        assert_eq!(session.next().await, Some(SessionEvent::Connected));
        *service.over.lock().unwrap() = Some((status, details));
        session.input(b"anybody?".to_vec());
        // How sessions usually end is no reason, and what was noted is told all the same.
        let (mut words, told) = (None, told.to_owned());
        let reason = loop {
            match timeout(Duration::from_secs(60), session.next()).await.unwrap().unwrap() {
                SessionEvent::Trouble(what) => words = Some(what),
                SessionEvent::Closed { reason } => break reason,
                SessionEvent::Reconnecting { .. } | SessionEvent::Connected => {}
                SessionEvent::Silent(_) | SessionEvent::Answered => {}
                event => panic!("{event:?}"),
            }
        };
        match failed {
            true => assert_eq!(reason, Some(told)),
            false => assert_eq!((reason, words), (None, Some(told))),
        }
        assert_eq!(session.next().await, None);
    }
}

#[tokio::test]
async fn an_encrypted_session_gets_its_key_from_kms() {
    let service = Service::start(u32::MAX).await;
    let action = RequestedAction {
        action_type: "KMSEncryption".into(),
        action_parameters: json!({"KMSKeyId": "alias/sessions", "Challenge": "c"}),
    };
    let request = HandshakeRequest {
        agent_version: "3.3.0.0".into(),
        requested_client_actions: vec![action],
        ..Default::default()
    };
    service.node.lock().unwrap().send_handshake_request(request, Clock::system().now());
    let mut session = service.session().await;
    session.input(b"secret".to_vec());
    assert!(matches!(news(&mut session).await, Some(SessionEvent::Ready { .. })));
    assert_eq!(news(&mut session).await, Some(SessionEvent::Output("secret".into())));
    let asked = service.asked.lock().unwrap().clone();
    let context = json!({"aws:ssm:SessionId": "s-1", "aws:ssm:TargetId": "mi-1", "aws:ssm:RandomChallenge": "c"});
    assert_eq!(asked, json!({"KeyId": "alias/sessions", "NumberOfBytes": 64, "EncryptionContext": context}));
}

#[tokio::test]
async fn only_a_typed_newline_becomes_a_carriage_return() {
    let service = Service::start(u32::MAX).await;
    let mut session = service.session().await;
    // As large as a piece, so that the newline is one by itself.
    let mut stream = vec![b'x'; INPUT_PIECE];
    stream.push(b'\n');
    session.send(&stream).await;
    session.input(b"\n".to_vec());
    stream.push(b'\r');
    let mut got = Vec::new();
    while got.len() < stream.len() {
        match news(&mut session).await {
            Some(SessionEvent::Output(bytes)) => got.extend_from_slice(&bytes),
            event => panic!("{event:?}"),
        }
    }
    assert!(got == stream);
}

#[tokio::test]
async fn the_acknowledgement_of_an_echo_goes_out_with_the_next_key_or_soon() {
    let service = Service::start(u32::MAX).await;
    let mut session = service.session().await;
    for _ in 0..50 {
        session.input(b"k".to_vec());
        assert_eq!(news(&mut session).await, Some(SessionEvent::Output("k".into())));
    }
    let acknowledged = async {
        while service.node.lock().unwrap().unacknowledged() > 0 {
            tokio::task::yield_now().await;
        }
    };
    timeout(Duration::from_secs(60), acknowledged).await.expect("the last one goes out by itself");
    // Each key was typed when the echo of the one before was there. The size of the terminal came before the first.
    let heard = service.heard.lock().unwrap();
    let together =
        heard[1..].windows(3).filter(|kinds| **kinds == [kind::INPUT, kind::INPUT, kind::ACKNOWLEDGE]).count();
    assert!(together > 0, "a key never came before the acknowledgement: {heard:?}");
}

#[tokio::test]
async fn a_node_that_stops_answering_is_told_once_and_so_is_its_return() {
    let service = Service::start(u32::MAX).await;
    let mut session = service.session().await;
    assert_eq!(session.next().await, Some(SessionEvent::Connected));
    session.input(b"here".to_vec());
    assert_eq!(news(&mut session).await, Some(SessionEvent::Output("here".into())));
    service.stopped.store(true, Ordering::SeqCst);
    session.input(b"still here?".to_vec());
    match of_node(&mut session).await {
        Some(SessionEvent::Silent(silence)) => assert!(silence >= Duration::from_millis(300), "{silence:?}"),
        event => panic!("{event:?}"),
    }
    service.stopped.store(false, Ordering::SeqCst);
    assert_eq!(of_node(&mut session).await, Some(SessionEvent::Answered));
    assert_eq!(news(&mut session).await, Some(SessionEvent::Output("still here?".into())));
    assert_eq!(service.connections.load(Ordering::SeqCst), 1, "the service stands");
}

#[tokio::test]
async fn a_stream_that_is_dropped_leaves_only_what_was_under_way() {
    let service = Service::start(u32::MAX).await;
    let mut session = service.session().await;
    session.input(b"here".to_vec());
    assert_eq!(news(&mut session).await, Some(SessionEvent::Output("here".into())));
    let mut input = session.input_handle();
    input.send(b"first").await;
    assert_eq!(news(&mut session).await, Some(SessionEvent::Output("first".into())));
    input.more_taken(4).await;
    assert_eq!(input.taken(), 5);
    service.stopped.store(true, Ordering::SeqCst);
    let stream = vec![b'x'; 500_000];
    input.send(&stream).await;
    tokio::task::yield_now().await;
    input.drop_stream();
    session.input(b"end".to_vec());
    service.stopped.store(false, Ordering::SeqCst);
    let mut got = Vec::new();
    while !got.ends_with(b"end") {
        match news(&mut session).await {
            Some(SessionEvent::Output(bytes)) => got.extend_from_slice(&bytes),
            event => panic!("{event:?}"),
        }
    }
    assert!(got.len() < 200_000, "{}", got.len());
    input.more_taken(5 + 499_999).await;
    assert_eq!(input.taken(), 5 + 500_000, "what was dropped is nothing to wait for");
    // There is room for as much again.
    timeout(Duration::from_secs(20), input.send(&stream)).await.unwrap();
}
