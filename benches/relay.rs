//! A relay of TCP connections over WebSockets and nothing else, to hold a forwarded port against: no order, no
//! acknowledgement, no encryption of its own, one WebSocket at each end for every connection.
//!
//! ```text
//! relay serve                      the middle; prints `listening on PORT`
//! relay far  MIDDLE TARGET         the end that dials 127.0.0.1:TARGET
//! relay near MIDDLE                the end that takes connections; prints `listening on PORT`
//! ```

use std::{error::Error, io, sync::Arc};

use axum::{
    Router,
    extract::{
        State,
        ws::{Message as Passed, WebSocket, WebSocketUpgrade},
    },
    routing::get,
    serve::ListenerExt,
};
use futures_util::{SinkExt, StreamExt};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::{Mutex, mpsc},
};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async_with_config, tungstenite::Message};

/// What a message carries at most; what an end reads at once.
const PIECE: usize = 64 * 1024;
/// Far ends that wait for a connection.
const WAITING: usize = 16;

type Outcome<T = ()> = Result<T, Box<dyn Error + Send + Sync>>;
type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

#[tokio::main]
async fn main() -> Outcome {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["serve"] => serve().await,
        ["near", middle] => near(middle).await,
        ["far", middle, target] => far(middle, target).await,
        _ => Err("usage: relay serve | relay near MIDDLE | relay far MIDDLE TARGET".into()),
    }
}

/// Far ends that nobody has taken.
#[derive(Clone)]
struct Ends {
    offer: mpsc::Sender<WebSocket>,
    take: Arc<Mutex<mpsc::Receiver<WebSocket>>>,
}

async fn serve() -> Outcome {
    let (offer, take) = mpsc::channel(WAITING);
    let ends = Ends { offer, take: Arc::new(Mutex::new(take)) };
    let routes = Router::new()
        .route(
            "/far",
            get(|State(ends): State<Ends>, upgrade: WebSocketUpgrade| async move {
                upgrade.on_upgrade(async move |socket| drop(ends.offer.send(socket).await))
            }),
        )
        .route(
            "/near",
            get(|State(ends): State<Ends>, upgrade: WebSocketUpgrade| async move {
                upgrade.on_upgrade(async move |near| {
                    let far = ends.take.lock().await.recv().await;
                    if let Some(far) = far {
                        join(near, far).await;
                    }
                })
            }),
        )
        .with_state(ends);
    let listener = listen().await?.tap_io(|stream| drop(stream.set_nodelay(true)));
    Ok(axum::serve(listener, routes).await?)
}

/// Passes messages on, both ways.
async fn join(near: WebSocket, mut far: WebSocket) {
    if far.send(Passed::text("go")).await.is_err() {
        return;
    }
    let ((mut near_out, mut near_in), (mut far_out, mut far_in)) = (near.split(), far.split());
    let there = async {
        while let Some(Ok(message @ Passed::Binary(_))) = near_in.next().await {
            if far_out.send(message).await.is_err() {
                return;
            }
        }
    };
    let back = async {
        while let Some(Ok(message @ Passed::Binary(_))) = far_in.next().await {
            if near_out.send(message).await.is_err() {
                return;
            }
        }
    };
    tokio::select! {
        () = there => {}
        () = back => {}
    }
}

async fn near(middle: &str) -> Outcome {
    let listener = listen().await?;
    loop {
        let (tcp, _) = listener.accept().await?;
        let url = format!("ws://127.0.0.1:{middle}/near");
        tokio::spawn(async move { carry(tcp, dial(&url).await?).await });
    }
}

async fn far(middle: &str, target: &str) -> Outcome {
    let url = format!("ws://127.0.0.1:{middle}/far");
    loop {
        let mut socket = dial(&url).await?;
        // The middle says when somebody has come.
        if !matches!(socket.next().await, Some(Ok(Message::Text(_)))) {
            return Err("the middle has hung up".into());
        }
        let tcp = TcpStream::connect(format!("127.0.0.1:{target}")).await?;
        tokio::spawn(carry(tcp, socket));
    }
}

/// One connection, until either direction ends.
async fn carry(tcp: TcpStream, socket: Socket) -> Outcome {
    tcp.set_nodelay(true)?;
    let ((mut read, mut write), (mut sink, mut stream)) = (tcp.into_split(), socket.split());
    let out = async {
        let mut buffer = vec![0; PIECE];
        loop {
            match read.read(&mut buffer).await? {
                0 => return Outcome::Ok(()),
                length => sink.send(Message::binary(buffer[..length].to_vec())).await?,
            }
        }
    };
    let back = async {
        while let Some(Message::Binary(bytes)) = stream.next().await.transpose()? {
            write.write_all(&bytes).await?;
        }
        Outcome::Ok(())
    };
    tokio::select! {
        ended = out => ended?,
        ended = back => return ended,
    }
    // The connection had its end at this side; the other one reads what is under way first.
    Ok(sink.close().await?)
}

async fn dial(url: &str) -> Outcome<Socket> {
    Ok(connect_async_with_config(url, None, true).await?.0)
}

async fn listen() -> io::Result<TcpListener> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("listening on {}", listener.local_addr()?.port());
    Ok(listener)
}
