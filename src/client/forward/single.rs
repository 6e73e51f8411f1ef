//! Forwarding with agents that do not multiplex: one connection after another, each the whole stream.

use std::sync::atomic::Ordering;

use bytes::{Buf, Bytes, BytesMut};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::Instant,
};

use super::{End, NEWS, Runner, in_words};
use crate::client::{Session, SessionEvent};

const READ: usize = 16 * 1024;

/// How a connection ended.
enum Over {
    Connection,
    Session(End),
}

impl Runner {
    /// Takes connections one by one. What the node sends while there is none has nowhere to go.
    pub(super) async fn carry_one_at_a_time(&self, session: &mut Session) -> End {
        loop {
            let mut taken = None;
            tokio::select! {
                accepted = self.listener.accept() => self.accept(accepted, |connection| {
                    taken = Some(connection);
                    true
                }).await,
                event = session.next() => match event {
                    Some(SessionEvent::Closed { reason }) => return End::Lost(in_words(reason)),
                    Some(event) => self.note(&event),
                    None => return End::Lost(in_words(None)),
                },
                () = self.stop.cancelled() => return End::Stopped,
            }
            if let Some(connection) = taken {
                self.total.accepted.fetch_add(1, Ordering::Relaxed);
                self.tell(|status| status.connections = 1);
                let over = self.carry(session, connection).await;
                self.tell(|status| status.connections = 0);
                match over {
                    Over::Connection => session.disconnect(),
                    Over::Session(end) => return end,
                }
            }
        }
    }

    async fn carry(&self, session: &mut Session, connection: TcpStream) -> Over {
        let (mut reader, mut writer) = connection.into_split();
        let input = session.input_handle();
        let (mut read, mut up, mut down) = (BytesMut::new(), Bytes::new(), Bytes::new());
        let mut news = Instant::now() + NEWS;
        loop {
            if Instant::now() >= news {
                news = Instant::now() + NEWS;
                self.tell(|_| {});
            }
            read.reserve(READ);
            tokio::select! {
                count = reader.read_buf(&mut read), if up.is_empty() => match count {
                    Ok(1..) => up = read.split().freeze(),
                    _ => return Over::Connection,
                },
                sent = input.send_some(&up), if !up.is_empty() => {
                    up.advance(sent);
                    self.total.sent.fetch_add(sent as u64, Ordering::Relaxed);
                }
                written = writer.write(&down), if !down.is_empty() => match written {
                    Ok(count @ 1..) => {
                        down.advance(count);
                        self.total.received.fetch_add(count as u64, Ordering::Relaxed);
                    }
                    _ => return Over::Connection,
                },
                event = session.next(), if down.is_empty() => match event {
                    Some(SessionEvent::Output(bytes)) => down = bytes,
                    Some(SessionEvent::Closed { reason }) => return Over::Session(End::Lost(in_words(reason))),
                    Some(event) => {
                        let refused = event == SessionEvent::Refused;
                        self.note(&event);
                        if refused {
                            return Over::Connection;
                        }
                    }
                    None => return Over::Session(End::Lost(in_words(None))),
                },
                () = self.stop.cancelled() => return Over::Session(End::Stopped),
            }
        }
    }
}
