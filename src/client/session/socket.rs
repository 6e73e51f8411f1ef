//! The WebSocket under a data channel: dialling it, hearing, and sending as much as the line takes.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use futures_util::{
    Sink, SinkExt, StreamExt,
    stream::{SplitSink, SplitStream},
};
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async_tls_with_config,
    tungstenite::{Error as WsError, Message, protocol::WebSocketConfig},
};

use crate::{
    client::{Error, credentials::chain, tls},
    wire::{envelope::MESSAGE_LIMIT, memory::STREAM_READS},
};

const DIAL_TIMEOUT: Duration = Duration::from_secs(10);

type Stream = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// An open connection. Dropping it closes it.
pub(super) struct Socket {
    pub(super) ear: Ear,
    pub(super) mouth: Mouth,
}

/// The way in.
pub(super) struct Ear(SplitStream<Stream>);

/// The way out.
pub(super) struct Mouth {
    sink: SplitSink<Stream, Message>,
    ping: bool,
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
        let config = WebSocketConfig::default()
            .max_message_size(Some(MESSAGE_LIMIT))
            .max_frame_size(Some(MESSAGE_LIMIT))
            .read_buffer_size(STREAM_READS);
        let connector = tls::websocket_connector(url)?;
        let dial = connect_async_tls_with_config(url, Some(config), true, connector);
        let (socket, _) = match timeout(DIAL_TIMEOUT, dial).await {
            Ok(dialled) => dialled.map_err(|error| dial_error(url, &error))?,
            Err(_) => return Err(Error::Timeout { endpoint: host(url), seconds: DIAL_TIMEOUT.as_secs() }),
        };
        let (mut sink, reader) = socket.split();
        match timeout(DIAL_TIMEOUT, sink.send(Message::text(opening))).await {
            Ok(sent) => sent.map_err(|error| dial_error(url, &error))?,
            Err(_) => return Err(Error::Timeout { endpoint: host(url), seconds: DIAL_TIMEOUT.as_secs() }),
        }
        Ok(Self { ear: Ear(reader), mouth: Mouth { sink, ping: true } })
    }
}

impl Ear {
    /// The next message. Cancel safe.
    pub(super) async fn hear(&mut self) -> Heard {
        match self.0.next().await {
            Some(Ok(Message::Binary(bytes))) => Heard::Message(bytes),
            Some(Ok(Message::Close(_)) | Err(_)) | None => Heard::Gone,
            Some(Ok(_)) => Heard::Life,
        }
    }
}

impl Mouth {
    /// Lets a ping be among what is sent next.
    pub(super) fn ping(&mut self) {
        self.ping = true;
    }

    /// Sends what `next` has, as long as the line takes it. Ready when all of it has left; an error when the line is gone.
    pub(super) fn poll_send(
        &mut self,
        context: &mut Context<'_>,
        mut next: impl FnMut() -> Option<Bytes>,
    ) -> Poll<Result<(), WsError>> {
        loop {
            ready!(Pin::new(&mut self.sink).poll_ready(context))?;
            let message = match std::mem::take(&mut self.ping) {
                true => Message::Ping(Bytes::from_static(b"keepalive")),
                false => match next() {
                    Some(bytes) => Message::Binary(bytes),
                    None => break,
                },
            };
            Pin::new(&mut self.sink).start_send(message)?;
        }
        Pin::new(&mut self.sink).poll_flush(context)
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
