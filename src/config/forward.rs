//! Ports that the user's settings forward: `[[forward]]`.

use std::net::SocketAddr;

use serde::{Deserialize, Deserializer, Serialize, de};

/// One forwarded port of the settings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Forward {
    /// What it is called; the target if it has no name.
    #[serde(default)]
    pub name: Option<String>,
    /// The node it goes through: its id, or its name if only one has it.
    pub node: String,
    /// The host behind the node; the node itself if none is named.
    #[serde(default)]
    pub host: Option<String>,
    /// The port there.
    #[serde(deserialize_with = "port")]
    pub remote: u16,
    /// Where it listens here: a port of 127.0.0.1, or an address of this machine with its port. 0 takes any free port.
    #[serde(default = "any_port", deserialize_with = "local")]
    pub local: SocketAddr,
    /// Whether it starts with the console.
    #[serde(default = "yes")]
    pub start: bool,
}

/// Reads a local end as it is typed: `8080`, `127.0.0.1:8080`, `[::1]:8080`; nothing is any free port.
///
/// # Errors
/// In words, when it is none of these, or an address that others than this machine can reach.
pub fn parse_local(text: &str) -> Result<SocketAddr, String> {
    let text = text.trim();
    let address: SocketAddr = match text.parse::<u16>() {
        Ok(port) => SocketAddr::from(([127, 0, 0, 1], port)),
        Err(_) if text.is_empty() => any_port(),
        Err(_) => {
            text.parse().map_err(|_| format!("{text} is no local end: write a port, or an address with a port"))?
        }
    };
    match address.ip().is_loopback() {
        true => Ok(address),
        // Whoever can reach the port has the node's port without any credentials.
        false => Err(format!("{address} can be reached by other machines; listen on 127.0.0.1 or [::1]")),
    }
}

/// Reads a port as it is typed.
///
/// # Errors
/// In words, when it is none.
pub fn parse_port(text: &str) -> Result<u16, String> {
    match text.trim().parse() {
        Ok(port @ 1..) => Ok(port),
        _ => Err("a port is a number from 1 to 65535".to_owned()),
    }
}

fn any_port() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}

fn yes() -> bool {
    true
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Port {
    Number(i64),
    Text(String),
}

impl Port {
    fn text(self) -> String {
        match self {
            Self::Number(number) => number.to_string(),
            Self::Text(text) => text,
        }
    }
}

fn port<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u16, D::Error> {
    parse_port(&Port::deserialize(deserializer)?.text()).map_err(de::Error::custom)
}

fn local<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SocketAddr, D::Error> {
    parse_local(&Port::deserialize(deserializer)?.text()).map_err(de::Error::custom)
}
