//! A bad line between a client and the service: it cuts data channels again and again, and drops and delays their frames.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use futures_util::{SinkExt, StreamExt};
use tokio::{
    net::{TcpListener, TcpStream},
    time::{Instant, sleep, sleep_until},
};
use tokio_tungstenite::{accept_async, connect_async, tungstenite::Message};

/// The line, and what it has done so far.
#[derive(Clone)]
pub struct BadLine {
    pub url: String,
    pub cuts: Arc<AtomicU64>,
    pub dropped: Arc<AtomicU64>,
}

/// How bad.
#[derive(Clone, Copy)]
pub struct Weather {
    /// A data channel lives so long.
    pub life: Duration,
    /// One frame in so many is lost; one in so many arrives late, and what follows it later still.
    pub lost: u64,
    pub late: u64,
}

impl BadLine {
    /// Lays the line to the service at `url`.
    pub async fn to(url: &str, weather: Weather) -> Self {
        let service: SocketAddr = url.trim_start_matches("http://").parse().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let line = Self {
            url: format!("http://{}", listener.local_addr().unwrap()),
            cuts: Arc::default(),
            dropped: Arc::default(),
        };
        let laid = line.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(laid.clone().carry(stream, service, weather));
            }
        });
        line
    }

    async fn carry(self, mut stream: TcpStream, service: SocketAddr, weather: Weather) {
        let mut head = [0; 1024];
        let Ok(read) = stream.peek(&mut head).await else { return };
        let head = String::from_utf8_lossy(&head[..read]).into_owned();
        let path = head.split_whitespace().nth(1).unwrap_or_default();
        if head.starts_with("GET /v1/data-channel/") {
            let url = format!("ws://{service}{path}");
            self.bad(stream, &url, weather).await;
        } else if let Ok(mut there) = TcpStream::connect(service).await {
            let _ = tokio::io::copy_bidirectional(&mut stream, &mut there).await;
        }
    }

    async fn bad(&self, stream: TcpStream, url: &str, weather: Weather) {
        let (Ok(mut here), Ok((mut there, _))) = (accept_async(stream).await, connect_async(url).await) else { return };
        let end = Instant::now() + weather.life;
        let mut count = 0;
        loop {
            tokio::select! {
                message = here.next() => match message {
                    Some(Ok(message)) => if self.passes(&message, weather, &mut count).await && there.send(message).await.is_err() { return },
                    _ => return,
                },
                message = there.next() => match message {
                    Some(Ok(message)) => if self.passes(&message, weather, &mut count).await && here.send(message).await.is_err() { return },
                    _ => return,
                },
                () = sleep_until(end) => {
                    // Both sockets go without a word.
                    self.cuts.fetch_add(1, Ordering::SeqCst);
                    return;
                }
            }
        }
    }

    async fn passes(&self, message: &Message, weather: Weather, count: &mut u64) -> bool {
        if !matches!(message, Message::Binary(_)) {
            return true;
        }
        *count += 1;
        if count.is_multiple_of(weather.lost) {
            self.dropped.fetch_add(1, Ordering::SeqCst);
            return false;
        }
        if count.is_multiple_of(weather.late) {
            sleep(Duration::from_millis(5)).await;
        }
        true
    }
}
