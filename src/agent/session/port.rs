//! Port sessions: the connections of the user's end, made again from the node to a port of its own or of a host it reaches.
//!
//! New clients multiplex any number of connections over the stream (`wire::smux`). Clients before 1.1.70 carry one at a
//! time, and so does the SSH document, whose one connection is the session.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use serde_json::Value;
use tokio::{
    net::{TcpStream, lookup_host},
    time::timeout,
};

use super::{
    program::Program,
    serve::{End, Session, ends},
};
use crate::wire::{
    channel::Event,
    envelope::{flag, payload},
    rope::Rope,
    smux::Side,
    streams::{Streams, Turn},
};

/// How long the node may take to connect.
const DIAL: Duration = Duration::from_secs(10);
/// The first client that multiplexes.
const MULTIPLEXING: [u64; 3] = [1, 1, 70];
/// Services of a cloud machine that are its own business: credentials, time, names. Forwarding to them would hand them out.
const FORBIDDEN: &[&str] = &[
    "169.254.169.254",
    "169.254.169.253",
    "169.254.169.123",
    "169.254.169.250",
    "169.254.169.251",
    "fd00:ec2::254",
    "fd00:ec2::253",
    "fd00:ec2::123",
    "fd00:ec2::240",
    "fd00:ec2::250",
    "fd00:ec2::251",
];

/// What a port session leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Port {
    /// The host as the node knows it; `None` is the node itself.
    pub host: Option<String>,
    /// Its port.
    pub port: u16,
    /// Whether connections come and go. Otherwise the session is one connection, and ends with it.
    pub forwards: bool,
    /// What the client is told.
    pub properties: Value,
}

/// Serves a port session until somebody ends it.
pub(super) async fn serve(session: &mut Session<'_>, port: &Port) -> Result<End, String> {
    let addresses: Arc<[SocketAddr]> = resolve(port).await?.into();
    let client = session.handshake("Port", port.properties.clone(), None).await?.client_version;
    match port.forwards {
        true if is_at_least(&client, MULTIPLEXING) => carry_many(session, &addresses).await,
        true => carry_one_at_a_time(session, &addresses).await,
        false => {
            session.program =
                Some(Program::on_connection(dial(&addresses).await.map_err(|error| refusal(port, &error))?));
            Ok(session.pump().await?.unwrap_or(End::Program))
        }
    }
}

/// The addresses of the host, none of them a forbidden one.
async fn resolve(port: &Port) -> Result<Vec<SocketAddr>, String> {
    let host = port.host.as_deref().unwrap_or("localhost");
    let found = timeout(DIAL, lookup_host((host, port.port)))
        .await
        .map_err(|_| format!("{host} cannot be resolved in time"))?;
    let addresses: Vec<_> = found.map_err(|error| format!("{host} cannot be resolved: {error}"))?.collect();
    if addresses.iter().any(|address| is_forbidden(address.ip())) {
        return Err(format!("Forwarding to IP address {host} is forbidden."));
    }
    if addresses.is_empty() { Err(format!("{host} has no address")) } else { Ok(addresses) }
}

fn is_forbidden(address: IpAddr) -> bool {
    let address = address.to_canonical();
    FORBIDDEN.iter().any(|forbidden| forbidden.parse() == Ok(address))
}

/// The first of the addresses that answers; else what the first one said.
async fn dial(addresses: &[SocketAddr]) -> io::Result<TcpStream> {
    let mut first = None;
    for address in addresses {
        let dialled = timeout(DIAL, TcpStream::connect(address)).await;
        match dialled.unwrap_or_else(|_| Err(io::Error::new(io::ErrorKind::TimedOut, "no answer"))) {
            Ok(connection) => {
                connection.set_nodelay(true)?;
                return Ok(connection);
            }
            Err(error) => first = first.or(Some(error)),
        }
    }
    Err(first.unwrap_or_else(|| io::ErrorKind::AddrNotAvailable.into()))
}

fn refusal(port: &Port, error: &io::Error) -> String {
    format!("cannot connect to port {} of {}: {error}", port.port, port.host.as_deref().unwrap_or("the node"))
}

async fn carry_many(session: &mut Session<'_>, addresses: &Arc<[SocketAddr]>) -> Result<End, String> {
    let mut streams = Streams::new(Side::Server, Arc::default(), session.link.channel.stream_terms());
    let mut output = Rope::default();
    loop {
        while streams.wants_input()
            && let Some(event) = session.link.channel.poll_event()
        {
            if ends(&event) {
                return Ok(End::Terminated);
            }
            if let Event::Data(bytes) = event {
                let opened = streams.receive(bytes).map_err(|error| error.to_string())?;
                for stream in opened {
                    let addresses = addresses.clone();
                    streams.attach(stream, async move { dial(&addresses).await });
                }
            }
        }
        while session.link.channel.can_send() {
            if output.is_empty() {
                match streams.poll_rope() {
                    Some(rope) => output = rope,
                    None => break,
                }
            }
            session.link.channel.write_from(payload::OUTPUT, &mut output, session.node.clock.now());
        }
        if let Err(lost) = session.link.flush().await {
            session.link.reconnect(&lost).await?;
            continue;
        }
        tokio::select! {
            outcome = session.link.wait() => if let Err(lost) = outcome {
                session.link.reconnect(&lost).await?;
            },
            turn = streams.next() => if let Turn::Refused { error, .. } = turn {
                tracing::info!("a connection of session {} was refused: {error}", session.session_id);
                session.link.channel.send_flag(flag::CONNECT_TO_PORT_ERROR, session.node.clock.now());
            },
        }
    }
}

/// One connection after another: each begins with the first bytes for it.
async fn carry_one_at_a_time(session: &mut Session<'_>, addresses: &[SocketAddr]) -> Result<End, String> {
    loop {
        let Some(bytes) = session.first_input().await? else { return Ok(End::Terminated) };
        let connection = match dial(addresses).await {
            Ok(connection) => connection,
            Err(error) => {
                tracing::info!("a connection of session {} was refused: {error}", session.session_id);
                session.link.channel.send_flag(flag::CONNECT_TO_PORT_ERROR, session.node.clock.now());
                continue;
            }
        };
        let mut program = Program::on_connection(connection);
        program.write(bytes);
        session.program = Some(program);
        if let Some(End::Terminated) = session.pump().await? {
            return Ok(End::Terminated);
        }
    }
}

/// Compares `1.2.650.0` with three numbers. What is no version is none.
fn is_at_least(version: &str, least: [u64; 3]) -> bool {
    let numbers: Option<Vec<u64>> = version.split('.').map(|part| part.parse().ok()).collect();
    numbers.is_some_and(|numbers| numbers.as_slice() >= least.as_slice())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_by_number() {
        for version in ["1.1.70", "1.1.70.0", "1.2.650.0", "1.10.0.0", "2"] {
            assert!(is_at_least(version, MULTIPLEXING), "{version}");
        }
        for version in ["1.1.69.9", "1.1", "0.9.100", "", "new"] {
            assert!(!is_at_least(version, MULTIPLEXING), "{version}");
        }
    }

    #[tokio::test]
    async fn credentials_of_the_machine_are_not_forwarded_however_they_are_spelled() {
        for host in ["169.254.169.254", "::ffff:169.254.169.254", "fd00:ec2::254", "fd00:ec2::240", "fd00:0ec2::0123"] {
            let port = Port { host: Some(host.into()), port: 80, forwards: true, properties: Value::Null };
            let error = resolve(&port).await.unwrap_err();
            assert_eq!(error, format!("Forwarding to IP address {host} is forbidden."));
        }
        let port = Port { host: None, port: 80, forwards: true, properties: Value::Null };
        assert!(resolve(&port).await.unwrap().iter().all(|address| address.ip().is_loopback()));
    }
}
