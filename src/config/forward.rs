//! Ports that the user's settings forward: `[[forward]]`, and those that the console keeps in the same form.

use std::net::SocketAddr;

use serde::{Deserialize, Deserializer, Serialize, de};

/// One forwarded port of the settings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Forward {
    /// What it is called; the target if it has no name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The set it belongs to: those of a set are started and stopped together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub set: Option<String>,
    /// The node it goes through: its id, or its name if only one has it; or `tag:KEY=VALUE`, any node with the tag that is
    /// connected.
    pub node: String,
    /// The place the node is in, by its name in the scope; any that is looked at if none is named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// The host behind the node; the node itself if none is named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
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
    /// What is done when its session ends.
    #[serde(default, skip_serializing_if = "is_usual")]
    pub restart: Restart,
    /// Whether a connection is made and closed when it opens, to know that the port answers.
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub probe: bool,
}

/// Whether a new session is begun when one has ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Restart {
    /// Whatever happened, for ever.
    Always,
    /// Where it has worked before.
    #[default]
    OnFailure,
    /// It is not.
    Never,
}

/// The file the console keeps forwards in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Forwards {
    /// The forwards.
    #[serde(default, rename = "forward")]
    pub forwards: Vec<Forward>,
}

impl Forwards {
    /// Reads the file.
    ///
    /// # Errors
    /// With line and column, when the text is no TOML or names something unknown.
    pub fn parse(text: &str) -> Result<Self, toml::de::Error> {
        toml::from_str(text)
    }

    /// The file's text.
    pub fn text(&self) -> String {
        toml::to_string(self).unwrap_or_default()
    }
}

/// A node that is named by a tag: its key and its value.
pub fn tag_of(node: &str) -> Option<(&str, &str)> {
    node.strip_prefix("tag:")?.split_once('=').filter(|(key, _)| !key.is_empty())
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

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_yes(value: &bool) -> bool {
    *value
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_usual(restart: &Restart) -> bool {
    *restart == Restart::default()
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "a port is expected here")]
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_read_as_it_was_written() {
        let text = "[[forward]]\nname = 'db'\nset = 'stage'\nnode = 'tag:Role=db'\nhost = 'db.internal'\nremote = 5432\n\
                    local = 15432\nrestart = 'always'\nprobe = false\n[[forward]]\nnode = 'web-1'\nremote = 80\nstart = false\n";
        let read = Forwards::parse(text).unwrap();
        let [db, web] = read.forwards.as_slice() else { panic!("{read:?}") };
        assert_eq!((db.set.as_deref(), db.restart, db.probe), (Some("stage"), Restart::Always, false));
        assert_eq!((web.restart, web.probe, web.start), (Restart::OnFailure, true, false));
        assert_eq!(Forwards::parse(&read.text()).unwrap(), read);
        let wrong = Forwards::parse("[[forward]]\nnode = 'x'\nremote = 80\nrestart = 'sometimes'\n").unwrap_err();
        assert!(wrong.to_string().contains("on-failure"), "{wrong}");
    }

    #[test]
    fn a_node_may_be_named_by_a_tag() {
        assert_eq!(tag_of("tag:Role=db=1"), Some(("Role", "db=1")));
        assert!(tag_of("tag:=x").is_none() && tag_of("tag:Role").is_none() && tag_of("web-1").is_none());
    }
}
