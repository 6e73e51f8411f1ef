//! The WebSocket under a data channel: dialling it, and writing without keeping a reader waiting.

use std::time::Duration;

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt, stream::SplitStream};
use tokio::{net::TcpStream, sync::mpsc, time::timeout};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async_tls_with_config,
    tungstenite::{Error as WsError, Message, protocol::WebSocketConfig},
};
use tokio_util::task::AbortOnDropHandle;

use crate::{
    client::{Error, credentials::chain, tls},
    wire::envelope::MESSAGE_LIMIT,
};

const DIAL_TIMEOUT: Duration = Duration::from_secs(10);
/// Messages between the channel and the socket.
const QUEUE: usize = 64;

/// An open connection. Dropping it closes it.
pub(super) struct Socket {
    reader: SplitStream<WebSocketStream<MaybeTlsStream<TcpStream>>>,
    writer: mpsc::Sender<Message>,
    _task: AbortOnDropHandle<()>,
}

/// What came from the other side.
pub(super) enum Heard {
    /// One message of the channel.
    Message(Bytes),
    /// A sign of life and nothing else.
    Life,
    /// The connection is gone.
    Gone,
}

impl Socket {
    /// Dials `url` and sends the opening text.
    pub(super) async fn open(url: &str, opening: String) -> Result<Self, Error> {
        let config =
            WebSocketConfig::default().max_message_size(Some(MESSAGE_LIMIT)).max_frame_size(Some(MESSAGE_LIMIT));
        let connector = tls::websocket_connector(url)?;
        let dial = connect_async_tls_with_config(url, Some(config), true, connector);
        let (socket, _) = match timeout(DIAL_TIMEOUT, dial).await {
            Ok(dialled) => dialled.map_err(|error| dial_error(url, &error))?,
            Err(_) => return Err(Error::Timeout { endpoint: host(url), seconds: DIAL_TIMEOUT.as_secs() }),
        };
        let (mut sink, reader) = socket.split();
        let (writer, mut queue) = mpsc::channel(QUEUE);
        let task = tokio::spawn(async move {
            while let Some(message) = queue.recv().await {
                // Many frames, one write, while there are many.
                let fed = sink.feed(message).await;
                if fed.is_err() || (queue.is_empty() && sink.flush().await.is_err()) {
                    return;
                }
            }
            let _ = sink.close().await;
        });
        let socket = Self { reader, writer, _task: AbortOnDropHandle::new(task) };
        // Nobody but the opening text can be in the queue yet.
        let _ = socket.writer.send(Message::text(opening)).await;
        Ok(socket)
    }

    /// The next message. Cancel safe.
    pub(super) async fn hear(&mut self) -> Heard {
        match self.reader.next().await {
            Some(Ok(Message::Binary(bytes))) => Heard::Message(bytes),
            Some(Ok(Message::Close(_)) | Err(_)) | None => Heard::Gone,
            Some(Ok(_)) => Heard::Life,
        }
    }

    /// The way to the socket; a message that was taken is written unless the connection breaks.
    pub(super) fn writer(&self) -> mpsc::Sender<Message> {
        self.writer.clone()
    }

    /// Sends a ping, unless so much waits to be written that the line is not idle.
    pub(super) fn ping(&self) {
        let _ = self.writer.try_send(Message::Ping(Bytes::from_static(b"keepalive")));
    }
}

fn host(url: &str) -> String {
    reqwest::Url::parse(url).map_or_else(|_| url.to_owned(), |url| format!("{}://{}", url.scheme(), url.authority()))
}

fn dial_error(url: &str, error: &WsError) -> Error {
    let endpoint = host(url);
    match error {
        WsError::Tls(_) => Error::Tls { endpoint, detail: chain(error) },
        WsError::Io(io) if tls::is_tls_error(io) => Error::Tls { endpoint, detail: chain(error) },
        WsError::Http(answer) => {
            Error::Protocol(format!("{endpoint} refused the data channel with HTTP {}", answer.status().as_u16()))
        }
        WsError::Url(_) | WsError::HttpFormat(_) => {
            Error::Protocol(format!("{endpoint} is not the address of a data channel"))
        }
        _ => Error::Connect { endpoint, detail: chain(error) },
    }
}
