//! The beginning of a session: how a client answers an agent's handshake, and when it may send what the user types.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use super::{CLIENT_VERSION, Event};
use crate::{
    ssm::Timestamp,
    wire::messages::{Abilities, HandshakeRequest, HandshakeResponse, ProcessedAction},
};

/// The session types that a client can carry.
const SESSION_TYPES: &[&str] = &["Standard_Stream", "InteractiveCommands", "NonInteractiveCommands", "Port"];

const SUCCESS: i64 = 1;
const FAILED: i64 = 2;
const UNSUPPORTED: i64 = 3;

/// An agent that answers, but says nothing by itself for so long, starts no handshake.
const SILENCE: Duration = Duration::from_secs(1);

/// How far the beginning of a session is, as a client sees it. Input must not leave before it is known whether it is to
/// be encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Opening {
    /// Nothing was heard of the agent.
    Quiet,
    /// It has acknowledged something, but said nothing; from this time on it is taken for one without a handshake.
    Acknowledged(Timestamp),
    /// The handshake is under way.
    Shaking,
    /// Input may leave.
    Done,
}

impl Opening {
    /// The agent has acknowledged a frame.
    pub(super) fn acknowledged(&mut self, now: Timestamp) {
        if *self == Self::Quiet {
            *self = Self::Acknowledged(now.plus(SILENCE));
        }
    }

    /// A shell's first frame, or another that is no part of a handshake.
    pub(super) fn output(&mut self) {
        if matches!(self, Self::Quiet | Self::Acknowledged(_)) {
            *self = Self::Done;
        }
    }

    pub(super) fn deadline(&self) -> Option<Timestamp> {
        match self {
            Self::Acknowledged(due) => Some(*due),
            _ => None,
        }
    }

    pub(super) fn tick(&mut self, now: Timestamp) {
        if self.deadline().is_some_and(|due| due <= now) {
            *self = Self::Done;
        }
    }
}

/// An answer to a handshake request.
#[derive(Debug)]
pub(super) struct Answer {
    response: HandshakeResponse,
    /// The action that waits for a key.
    key: Option<usize>,
}

/// The answer, one entry for every requested action in order, and what the client should know. If a key is wanted, the
/// answer waits for it.
pub(super) fn answer(request: HandshakeRequest) -> (Answer, Vec<Event>) {
    let response = HandshakeResponse { client_version: CLIENT_VERSION.to_owned(), ..HandshakeResponse::default() };
    let mut answer = Answer { response, key: None };
    let mut events = Vec::new();
    for action in request.requested_client_actions {
        let parameter = |name: &str| action.action_parameters[name].as_str().map(str::to_owned);
        let (action_status, error) = match action.action_type.as_str() {
            "SessionType" => {
                let session_type = parameter("SessionType").unwrap_or_default();
                let known = SESSION_TYPES.contains(&session_type.as_str());
                let error = (!known).then(|| format!("Unknown session type {session_type}"));
                events.push(Event::SessionType {
                    session_type,
                    properties: action.action_parameters["Properties"].clone(),
                    agent_version: request.agent_version.clone(),
                });
                (if known { SUCCESS } else { FAILED }, error)
            }
            "KMSEncryption" if answer.key.is_none() => {
                answer.key = Some(answer.response.processed_client_actions.len());
                let key_id = parameter("KMSKeyId").unwrap_or_default();
                let challenge = parameter("Challenge").filter(|challenge| !challenge.is_empty());
                events.push(Event::KeyWanted { key_id, challenge });
                (SUCCESS, None)
            }
            other => (UNSUPPORTED, Some(format!("Unsupported action {other}"))),
        };
        if let Some(error) = &error {
            events.push(Event::Unsupported(error.clone()));
        }
        answer.response.processed_client_actions.push(ProcessedAction {
            action_type: action.action_type,
            action_status,
            action_result: Value::Null,
            error: error.unwrap_or_default(),
        });
    }
    (answer, events)
}

impl Answer {
    /// Whether it waits for a key.
    pub(super) fn wants_key(&self) -> bool {
        self.key.is_some()
    }

    /// Says what the client can besides what AWS's can.
    pub(super) fn set_abilities(&mut self, abilities: Abilities) {
        self.response.abilities = abilities;
    }

    pub(super) fn ready(self) -> HandshakeResponse {
        self.response
    }

    /// With the key that KMS gave, as it is to be sent to the agent.
    pub(super) fn with_key(mut self, cipher_text: &[u8], challenged: bool) -> HandshakeResponse {
        if let Some(action) = self.action() {
            let mut result = json!({"KMSCipherTextKey": STANDARD.encode(cipher_text), "KMSCipherTextHash": null});
            if challenged {
                result["ChallengeAcknowledgement"] = true.into();
            }
            action.action_result = result;
        }
        self.response
    }

    /// Without one.
    pub(super) fn without_key(mut self, reason: &str) -> HandshakeResponse {
        if let Some(action) = self.action() {
            (action.action_status, action.error) = (FAILED, reason.to_owned());
        }
        self.response
    }

    fn action(&mut self) -> Option<&mut ProcessedAction> {
        self.response.processed_client_actions.get_mut(self.key?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request() -> HandshakeRequest {
        serde_json::from_str(
            r#"{"AgentVersion":"3.3.0.0","RequestedClientActions":[
                {"ActionType":"SessionType","ActionParameters":{"SessionType":"Port","Properties":{"portNumber":"80"}}},
                {"ActionType":"KMSEncryption","ActionParameters":{"KMSKeyId":"k","Challenge":"c"}},
                {"ActionType":"Dance"}]}"#,
        )
        .unwrap()
    }

    #[test]
    fn every_action_is_answered_in_order() {
        let (answer, events) = answer(request());
        assert!(answer.wants_key());
        let response = answer.without_key("no");
        let statuses: Vec<i64> = response.processed_client_actions.iter().map(|action| action.action_status).collect();
        assert_eq!(statuses, [SUCCESS, FAILED, UNSUPPORTED]);
        assert!(matches!(&events[0], Event::SessionType { session_type, properties, .. }
            if session_type == "Port" && properties["portNumber"] == "80"));
        assert_eq!(events[1], Event::KeyWanted { key_id: "k".into(), challenge: Some("c".into()) });
        assert_eq!(events.len(), 3);
    }

    #[test]
    fn a_key_is_sent_as_the_wire_has_it() {
        for challenged in [true, false] {
            let response = answer(request()).0.with_key(b"key", challenged);
            let action = &response.processed_client_actions[1];
            assert_eq!((action.action_status, &*action.action_type), (SUCCESS, "KMSEncryption"));
            assert_eq!(action.action_result["KMSCipherTextKey"], "a2V5");
            assert_eq!(action.action_result.get("ChallengeAcknowledgement").is_some(), challenged);
        }
    }
}
