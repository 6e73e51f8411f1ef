//! The control channel over real sockets.

use futures_util::{SinkExt, StreamExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async, tungstenite::Message as Frame};

use super::*;
use crate::{
    engine::tests::Harness,
    ssm::{ConnectionStatus, DeregisterManagedInstance, GetConnectionStatus},
};

const NODE: &str = "mi-00000000000000001";

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// An engine that serves the channel of one node to whoever dials.
async fn serve_node(harness: &Harness, patience: Patience) -> std::net::SocketAddr {
    harness.engine.store.adopt_node_for_tests(NODE.to_owned(), harness.engine.now()).await;
    let engine = harness.engine.clone();
    let upgraded = move |upgrade: WebSocketUpgrade| async move {
        sized(upgrade, BUFFER, BUFFER).on_upgrade(move |socket| serve(engine, NODE.to_owned(), socket, patience))
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let routes = axum::Router::new().route("/", axum::routing::get(upgraded));
    tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
    address
}

async fn dial(harness: &Harness, address: std::net::SocketAddr) -> Socket {
    let purpose = Purpose::Control { instance_id: NODE.to_owned() };
    let token = harness.engine.channels.issue(purpose, harness.engine.now()).unwrap();
    let (mut socket, _) = connect_async(format!("ws://{address}/")).await.unwrap();
    let open = OpenChannel { token_value: token.into(), ..Default::default() };
    socket.send(Frame::text(serde_json::to_string(&open).unwrap())).await.unwrap();
    socket
}

/// The next message; `None` at the end of the channel.
async fn next(socket: &mut Socket) -> Option<Envelope> {
    loop {
        let frame = tokio::time::timeout(Duration::from_secs(10), socket.next()).await.expect("a frame in time")?;
        match frame {
            Ok(Frame::Binary(bytes)) => return Some(Envelope::decode(&bytes).unwrap()),
            // Where little patience is asked for, it may be over before anything is said.
            Ok(Frame::Ping(_)) => {}
            _ => return None,
        }
    }
}

async fn status(harness: &Harness) -> ConnectionStatus {
    harness.call(GetConnectionStatus { target: NODE.to_owned() }).await.unwrap().status.unwrap()
}

#[tokio::test]
async fn a_node_that_is_deregistered_is_hung_up_on() {
    let harness = Harness::new();
    let address = serve_node(&harness, PATIENCE).await;
    let mut socket = open(&harness, address).await;
    assert_eq!(status(&harness).await, ConnectionStatus::Connected);

    harness.call(DeregisterManagedInstance { instance_id: NODE.to_owned() }).await.unwrap();
    assert_eq!(status(&harness).await, ConnectionStatus::NotConnected);
    assert_eq!(next(&mut socket).await, None);

    // A token from before is of no use any more.
    let mut late = dial(&harness, address).await;
    assert_eq!(next(&mut late).await, None);
    assert_eq!(status(&harness).await, ConnectionStatus::NotConnected);
    assert!(!harness.engine.channels.is_open(NODE));
}

/// A channel that is open, as an answer to something says.
async fn open(harness: &Harness, address: std::net::SocketAddr) -> Socket {
    let mut socket = dial(harness, address).await;
    let reply = JobReply { topic: TOPIC_CANCEL_COMMAND.to_owned(), ..Default::default() };
    let reply = message(&harness.engine, kind::JOB_REPLY, &reply).unwrap();
    socket.send(Frame::binary(reply.encode())).await.unwrap();
    assert_eq!(next(&mut socket).await.unwrap().message_type, kind::JOB_REPLY_ACK);
    socket
}

#[tokio::test]
async fn a_node_that_hangs_is_not_connected_whatever_it_is_sent() {
    let harness = Harness::new();
    // Long enough for a busy machine to open the channel within it.
    let patience = Patience { quiet: Duration::from_millis(200), silence: Duration::from_secs(2) };
    let address = serve_node(&harness, patience).await;
    // Nobody reads it from now on, as in a process that is stopped.
    let _socket = open(&harness, address).await;
    let gone = async {
        while harness.engine.presence.is_connected(NODE) {
            harness.engine.channels.send(NODE, vec![0; 100]);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), gone).await.expect("it is still said to be connected");
    assert_eq!(status(&harness).await, ConnectionStatus::NotConnected);
}

#[tokio::test]
async fn a_node_that_says_nothing_and_answers_pings_stays() {
    let harness = Harness::new();
    let patience = Patience { quiet: Duration::from_millis(50), silence: Duration::from_secs(60) };
    let address = serve_node(&harness, patience).await;
    let mut socket = open(&harness, address).await;
    // One that has no answer is not followed by another.
    for _ in 0..5 {
        let frame = tokio::time::timeout(Duration::from_secs(20), socket.next()).await.expect("a ping in time");
        assert!(frame.unwrap().unwrap().is_ping());
    }
    assert_eq!(status(&harness).await, ConnectionStatus::Connected);
}
