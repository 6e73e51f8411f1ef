//! What is to be forwarded, as it is typed: `[HOST:]REMOTE[:LOCAL]`.

use std::{fmt, net::SocketAddr};

/// What is to be forwarded, and to where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForwardSpec {
    /// What it is called.
    pub name: Option<String>,
    /// The id of the node.
    pub node: String,
    /// A host that the node can reach, as the node knows it; `None` is the node itself.
    pub host: Option<String>,
    /// The port there.
    pub remote: u16,
    /// Where to listen here; port 0 is any free one.
    pub local: SocketAddr,
    /// Whether one connection is made and closed when the session is open, to know that the port answers.
    pub probe: bool,
    /// What is done when its session ends.
    pub restart: Restart,
}

/// Whether a new session is begun when one has ended. A line that breaks is mended in any case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Restart {
    /// Whatever happened, for ever.
    Always,
    /// Where it has worked before: what never did, or does not any more, is given up.
    #[default]
    OnFailure,
    /// It is not.
    Never,
}

/// What was typed is no forward.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} is not a forward; write [HOST:]REMOTE[:LOCAL], such as 8080, 5432:15432 or db.internal:5432:15432")]
pub struct SpecError(String);

impl ForwardSpec {
    /// Reads `[HOST:]REMOTE[:LOCAL]`: a first part that is a number is the port. Addresses of version 6 stand in brackets.
    /// It listens on 127.0.0.1; without a local port on any free one.
    ///
    /// # Errors
    /// When it is written in another way.
    pub fn parse(node: &str, text: &str) -> Result<Self, SpecError> {
        let wrong = || SpecError(text.to_owned());
        let port = |text: &str| text.parse::<u16>().ok();
        let (host, ports) = match text.strip_prefix('[') {
            Some(rest) => rest.split_once("]:").map(|(host, ports)| (Some(host), ports)).ok_or_else(wrong)?,
            None => match text.split_once(':') {
                Some((first, rest)) if port(first).is_none() => (Some(first), rest),
                _ => (None, text),
            },
        };
        let (remote, local) = ports.split_once(':').unwrap_or((ports, "0"));
        let remote = port(remote).filter(|port| *port > 0).ok_or_else(wrong)?;
        let local = SocketAddr::from(([127, 0, 0, 1], port(local).ok_or_else(wrong)?));
        let host = host.map(str::to_owned);
        if host.as_deref() == Some("") {
            return Err(wrong());
        }
        let (probe, restart) = (true, Restart::default());
        Ok(Self { name: None, node: node.to_owned(), host, remote, local, probe, restart })
    }
}

/// What it leads to: `5432`, `db.internal:5432`.
impl fmt::Display for ForwardSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.host {
            Some(host) if host.contains(':') => write!(f, "[{host}]:{}", self.remote),
            Some(host) => write!(f, "{host}:{}", self.remote),
            None => write!(f, "{}", self.remote),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_and_hosts_are_told_apart() {
        for (text, host, remote, local) in [
            ("8080", None, 8080, 0),
            ("5432:15432", None, 5432, 15432),
            ("db.internal:5432", Some("db.internal"), 5432, 0),
            ("10.0.0.7:5432:15432", Some("10.0.0.7"), 5432, 15432),
            ("[fd00::7]:80:8080", Some("fd00::7"), 80, 8080),
        ] {
            let spec = ForwardSpec::parse("mi-1", text).unwrap();
            assert_eq!((spec.host.as_deref(), spec.remote, spec.local.port()), (host, remote, local), "{text}");
            assert!(text.starts_with(&spec.to_string()), "{spec}");
        }
        for text in ["", "0", "http", "db:", ":80", "80:", "80:x", "70000", "[fd00::7]", "[fd00::7]80", "a:1:2:3"] {
            assert!(ForwardSpec::parse("mi-1", text).is_err(), "{text}");
        }
    }
}
