//! How a client answers an agent's handshake.

use serde_json::Value;

use super::{CLIENT_VERSION, Event};
use crate::wire::messages::{HandshakeRequest, HandshakeResponse, ProcessedAction};

/// The session types that a client can carry.
const SESSION_TYPES: &[&str] = &["Standard_Stream", "InteractiveCommands", "NonInteractiveCommands", "Port"];

const SUCCESS: i64 = 1;
const FAILED: i64 = 2;
const UNSUPPORTED: i64 = 3;

/// The answer, one entry for every requested action in order, and what the client should know.
pub(super) fn answer(request: HandshakeRequest) -> (HandshakeResponse, Vec<Event>) {
    let mut response = HandshakeResponse { client_version: CLIENT_VERSION.to_owned(), ..HandshakeResponse::default() };
    let mut events = Vec::new();
    for action in request.requested_client_actions {
        let (action_status, error) = match action.action_type.as_str() {
            "SessionType" => {
                let session_type = action.action_parameters["SessionType"].as_str().unwrap_or_default().to_owned();
                let known = SESSION_TYPES.contains(&session_type.as_str());
                let error = (!known).then(|| format!("Unknown session type {session_type}"));
                events.push(Event::SessionType {
                    session_type,
                    properties: action.action_parameters["Properties"].clone(),
                    agent_version: request.agent_version.clone(),
                });
                (if known { SUCCESS } else { FAILED }, error)
            }
            "KMSEncryption" => {
                (UNSUPPORTED, Some("Encryption with a KMS key is not supported by this client".to_owned()))
            }
            other => (UNSUPPORTED, Some(format!("Unsupported action {other}"))),
        };
        if let Some(error) = &error {
            events.push(Event::Unsupported(error.clone()));
        }
        response.processed_client_actions.push(ProcessedAction {
            action_type: action.action_type,
            action_status,
            action_result: Value::Null,
            error: error.unwrap_or_default(),
        });
    }
    (response, events)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_is_answered_in_order() {
        let request = serde_json::from_str(
            r#"{"AgentVersion":"3.3.0.0","RequestedClientActions":[
                {"ActionType":"SessionType","ActionParameters":{"SessionType":"Port","Properties":{"portNumber":"80"}}},
                {"ActionType":"KMSEncryption","ActionParameters":{"KMSKeyId":"k"}},
                {"ActionType":"Dance"}]}"#,
        )
        .unwrap();
        let (response, events) = answer(request);
        let statuses: Vec<i64> = response.processed_client_actions.iter().map(|action| action.action_status).collect();
        assert_eq!(statuses, [SUCCESS, UNSUPPORTED, UNSUPPORTED]);
        assert!(matches!(&events[0], Event::SessionType { session_type, properties, .. }
            if session_type == "Port" && properties["portNumber"] == "80"));
        assert_eq!(events.len(), 3);
    }
}
