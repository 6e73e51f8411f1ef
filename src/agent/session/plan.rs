//! What a session document asks for.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{port::Port, terms::Terms};
use crate::{
    agent::{facts::PLATFORM, plugin::input},
    ssm::document::{
        Document, SessionType,
        parameters::{self, text_of},
        substitute::substitute,
    },
    wire::messages::SessionRequest,
};

/// What is to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Plan {
    /// A shell on a terminal.
    Shell {
        /// Typed in first; may be empty.
        profile: String,
    },
    /// A command on a terminal, for a shell to read.
    Interactive {
        /// The command.
        command: String,
    },
    /// A program without a terminal.
    NonInteractive {
        /// The command, split into words and not read by a shell.
        command: String,
        /// Whether standard error and the exit code are sent apart, and how.
        separate: Option<Separators>,
    },
    /// Connections to a port.
    Port(Port),
}

/// What stands before each piece of the two streams.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Separators {
    /// Before standard output.
    pub output: String,
    /// Before standard error.
    pub error: String,
}

impl Plan {
    /// Reads a request: what is to run, and on which terms. The error is a sentence for the user.
    pub fn read(request: &SessionRequest) -> Result<(Self, Terms), String> {
        let document = Document::from_value(request.document_content.clone())
            .map_err(|error| format!("the session document cannot be read: {error}"))?;
        let session = document.session().ok_or("the document is not a session document")?;
        let values = parameters::resolve(&document.parameters, &collapsed(&request.parameters))?;
        let inputs = substitute(&session.inputs, &values);
        let properties = substitute(&session.properties, &values);
        let platform = input(&properties, PLATFORM).unwrap_or(&Value::Null);
        let command = || match input(platform, "commands").map(text_of).unwrap_or_default() {
            command if command.trim().is_empty() => Err(format!("the session document has no commands for {PLATFORM}")),
            command => Ok(command),
        };
        let plan = match session.session_type {
            SessionType::StandardStream => {
                let profile = input(&inputs, "shellProfile").and_then(|profiles| input(profiles, PLATFORM));
                Self::Shell { profile: profile.map(text_of).unwrap_or_default() }
            }
            SessionType::InteractiveCommands => Self::Interactive { command: command()? },
            SessionType::NonInteractiveCommands => {
                Self::NonInteractive { command: command()?, separate: separate(platform)? }
            }
            SessionType::Port => Self::Port(port(properties)?),
        };
        // Ports have no transcript, no user and no encryption of ours: their bytes are another protocol's.
        let terms = match &plan {
            Self::Port(_) => Terms::default(),
            _ => Terms::read(request, &inputs)?,
        };
        Ok((plan, terms))
    }
}

impl Plan {
    /// Whether its program has a terminal.
    pub fn is_on_terminal(&self) -> bool {
        matches!(self, Self::Shell { .. } | Self::Interactive { .. })
    }

    /// As documents and clients name it.
    pub fn session_type(&self) -> &'static str {
        match self {
            Self::Shell { .. } => SessionType::StandardStream,
            Self::Interactive { .. } => SessionType::InteractiveCommands,
            Self::NonInteractive { .. } => SessionType::NonInteractiveCommands,
            Self::Port(_) => SessionType::Port,
        }
        .as_str()
    }
}

/// How the streams of a command are told apart, if they are.
fn separate(platform: &Value) -> Result<Option<Separators>, String> {
    let text = |name: &str| input(platform, name).map(text_of).unwrap_or_default();
    if !text("separateOutputStream").eq_ignore_ascii_case("true") {
        return Ok(None);
    }
    let prefix = |name: &str| {
        let prefix = text(name);
        let allowed = |letter: char| letter.is_ascii_alphanumeric() || "\r\n_:-".contains(letter);
        if prefix.len() <= 30 && prefix.chars().all(allowed) {
            return Ok(prefix);
        }
        Err(format!("{name} has letters, digits, line ends and _:- only, at most 30 of them"))
    };
    Ok(Some(Separators { output: prefix("stdOutSeparatorPrefix")?, error: prefix("stdErrSeparatorPrefix")? }))
}

/// Where a port session leads. `LocalPortForwarding` takes connections; anything else is one connection, as for SSH.
fn port(properties: Value) -> Result<Port, String> {
    let text = |name: &str| input(&properties, name).map(text_of).unwrap_or_default();
    let number = text("portNumber");
    let port = number.trim().parse().ok().filter(|port| *port > 0);
    let port = port.ok_or_else(|| format!("the session document asks for the port {number:?}"))?;
    let host = Some(text("host").trim().to_owned()).filter(|host| !host.is_empty());
    Ok(Port { host, port, forwards: text("type") == "LocalPortForwarding", properties })
}

/// The API's lists of one element, in case the service left them as they were.
fn collapsed(parameters: &BTreeMap<String, Value>) -> BTreeMap<String, Value> {
    parameters
        .iter()
        .map(|(name, value)| match value.as_array().map(Vec::as_slice) {
            Some([one]) => (name.clone(), one.clone()),
            _ => (name.clone(), value.clone()),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn request(document: Value, parameters: Value) -> SessionRequest {
        SessionRequest {
            document_content: document,
            parameters: serde_json::from_value(parameters).unwrap(),
            ..SessionRequest::default()
        }
    }

    #[test]
    fn shells_and_commands_are_told_apart() {
        let shell = json!({"schemaVersion": "1.0", "sessionType": "Standard_Stream",
            "inputs": {"runAsEnabled": false, "shellProfile": {PLATFORM: "cd /"}}});
        assert_eq!(Plan::read(&request(shell, json!({}))).unwrap().0, Plan::Shell { profile: "cd /".into() });
        let mut commands = json!({"schemaVersion": "1.0", "sessionType": "InteractiveCommands",
            "parameters": {"command": {"type": "String"}}, "properties": {}});
        commands["properties"][PLATFORM] = json!({"commands": "{{ command }}", "separateOutputStream": "true"});
        for sent in [json!({"command": "top"}), json!({"command": ["top"]})] {
            let plan = Plan::read(&request(commands.clone(), sent)).unwrap().0;
            assert_eq!(plan, Plan::Interactive { command: "top".into() });
        }
        commands["sessionType"] = json!("NonInteractiveCommands");
        let plan = Plan::read(&request(commands.clone(), json!({"command": "ls"}))).unwrap().0;
        assert_eq!(plan, Plan::NonInteractive { command: "ls".into(), separate: Some(Separators::default()) });
        commands["properties"] = json!({});
        assert!(Plan::read(&request(commands, json!({}))).unwrap_err().contains("no commands"));
    }

    #[test]
    fn ports_are_forwarded_or_are_the_session() {
        let read = |properties: Value| {
            let parameters = json!({"portNumber": {"type": "String", "default": "22"}});
            let document = json!({"schemaVersion": "1.0", "sessionType": "Port", "parameters": parameters, "properties": properties});
            Plan::read(&request(document, json!({"portNumber": ["8080"]})))
        };
        let properties = json!({"portNumber": "8080", "host": "db.internal", "type": "LocalPortForwarding"});
        let mut expected =
            Port { host: Some("db.internal".into()), port: 8080, forwards: true, properties: properties.clone() };
        assert_eq!(read(properties).unwrap().0, Plan::Port(expected.clone()));
        expected = Port { host: None, forwards: false, properties: json!({"portNumber": "8080"}), ..expected };
        assert_eq!(read(json!({"portNumber": "{{ portNumber }}"})).unwrap().0, Plan::Port(expected));
        for port in ["0", "65536", "http", ""] {
            assert!(read(json!({"portNumber": port})).unwrap_err().contains("port"), "{port}");
        }
    }

    #[test]
    fn what_cannot_be_done_is_refused_in_words() {
        let refuse = |properties: Value| {
            let document = json!({"schemaVersion": "1.0", "sessionType": "NonInteractiveCommands", "properties": {PLATFORM: properties}});
            Plan::read(&request(document, json!({}))).unwrap_err()
        };
        assert!(refuse(json!({"commands": " "})).contains("no commands"));
        let prefix = json!({"commands": "ls", "separateOutputStream": true, "stdErrSeparatorPrefix": "\u{1b}["});
        assert!(refuse(prefix).contains("stdErrSeparatorPrefix"));
        assert!(Plan::read(&request(json!({"schemaVersion": "2.2"}), json!({}))).is_err());
    }
}
