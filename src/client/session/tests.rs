//! A session against a service that drops the line.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
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
use tokio::{task::AbortHandle, time::timeout};

use super::*;
use crate::{
    client::Settings,
    ssm::clock::Clock,
    wire::{
        channel::{Channel, Event, Role, SMALL_FRAME},
        envelope::payload,
    },
};

/// An echoing node behind a service. The node's end of the channel outlives its connections.
#[derive(Clone)]
struct Service {
    address: SocketAddr,
    node: Arc<Mutex<Channel>>,
    connections: Arc<AtomicU32>,
    /// After so many messages the first connection is dropped.
    patience: u32,
    listening: AbortHandle,
}

impl Service {
    async fn start(patience: u32) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let node = Arc::new(Mutex::new(Channel::new(Role::Agent, SMALL_FRAME)));
        let address = listener.local_addr().unwrap();
        let (told, asked) = tokio::sync::oneshot::channel();
        let listening = tokio::spawn(async move {
            let routes = asked.await.unwrap();
            axum::serve(listener, routes).await.unwrap();
        });
        let listening = listening.abort_handle();
        let service = Self { address, node, connections: Arc::default(), patience, listening };
        let routes = Router::new().route("/", post(api)).route("/stream", get(stream)).with_state(service.clone());
        told.send(routes).unwrap();
        service
    }

    async fn session(&self) -> Session {
        let settings = Settings::with_keys(&format!("http://{}", self.address), "us-east-1", "a", "b");
        let client = Client::connect(settings).await.unwrap();
        let request = StartSession { target: "mi-1".into(), ..StartSession::default() };
        client.start_session(request, TerminalSize { cols: 80, rows: 24 }).await.unwrap()
    }
}

async fn api(State(service): State<Service>, headers: HeaderMap) -> String {
    let target = headers["x-amz-target"].to_str().unwrap();
    let token = if target.ends_with("StartSession") { "first" } else { "resumed" };
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
        let replies: Vec<_> = {
            let mut node = service.node.lock().unwrap();
            while let Some(event) = node.poll_event() {
                if let Event::Data(bytes) = event {
                    node.write(payload::OUTPUT, &bytes, now());
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
            Ok(Some(Ok(ws::Message::Binary(bytes)))) => {
                heard += 1;
                if number == 0 && heard > service.patience {
                    return;
                }
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
    let service = Service::start(40).await;
    let mut session = service.session().await;
    let text: Vec<u8> = (0..200_000u32).map(|n| b'a' + u8::try_from(n % 23).unwrap()).collect();
    let (mut got, mut reconnected) = (Vec::new(), false);
    session.send(&text).await;
    while got.len() < text.len() {
        match timeout(Duration::from_secs(20), session.next()).await.unwrap().unwrap() {
            SessionEvent::Output(bytes) => got.extend_from_slice(&bytes),
            SessionEvent::Reconnecting { .. } => reconnected = true,
            SessionEvent::Connected => {}
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
    loop {
        match timeout(Duration::from_secs(20), session.next()).await.unwrap().unwrap() {
            SessionEvent::Output(bytes) => break assert_eq!(&bytes[..], b"\r"),
            other => assert_eq!(other, SessionEvent::Connected),
        }
    }
    session.terminate().await;
    // This service never says goodbye: the handle closes all the same.
    let closed = timeout(Duration::from_secs(20), session.next()).await.unwrap();
    assert_eq!(closed, Some(SessionEvent::Closed { reason: None }));
    assert_eq!(session.next().await, None);
}

#[tokio::test]
async fn a_session_whose_service_stays_away_is_given_up() {
    let service = Service::start(0).await;
    let mut session = service.session().await;
    assert_eq!(session.next().await, Some(SessionEvent::Connected));
    service.listening.abort();
    let reason = loop {
        match timeout(Duration::from_secs(30), session.next()).await.unwrap().unwrap() {
            SessionEvent::Closed { reason } => break reason.unwrap(),
            SessionEvent::Reconnecting { .. } => {}
            event => panic!("{event:?}"),
        }
    };
    assert!(reason.starts_with("the connection could not be restored: "), "{reason}");
    assert_eq!(session.next().await, None);
}
