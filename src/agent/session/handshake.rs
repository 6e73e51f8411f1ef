//! How a session begins: the client is told what it is and, where the document names a KMS key, both ends come to hold one.

use std::{collections::BTreeMap, time::Duration};

use aws_lc_rs::rand;
use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::{Value, json};
use tokio::time::{Instant, timeout};
use zeroize::Zeroize;

use super::serve::{Session, ends};
use crate::{
    agent::{Node, api::CallError, facts::AGENT_VERSION},
    ssm::kms::{self, Decrypt},
    wire::{
        channel::{Event, Role},
        messages::{HandshakeComplete, HandshakeRequest, HandshakeResponse, RequestedAction},
        sealed::{DATA_KEY, SessionKeys},
    },
};

/// How long a client has for each of its answers.
const ANSWER: Duration = Duration::from_secs(15);
const SUCCESS: i64 = 1;
const CHALLENGE: usize = 16;
/// What the user is told.
const ENCRYPTED: &str = "This session is encrypted using AWS KMS.";

impl Session<'_> {
    /// Tells the client what kind of session this is and waits until it agrees; with a key, encrypts the channel.
    pub(super) async fn handshake(
        &mut self,
        session_type: &str,
        properties: Value,
        key: Option<&str>,
    ) -> Result<HandshakeResponse, String> {
        let began = Instant::now();
        let mut actions = vec![RequestedAction {
            action_type: "SessionType".to_owned(),
            action_parameters: json!({"SessionType": session_type, "Properties": properties}),
        }];
        let challenge = challenge()?;
        if let Some(key) = key {
            actions.push(RequestedAction {
                action_type: "KMSEncryption".to_owned(),
                action_parameters: json!({"KMSKeyId": key, "Challenge": challenge}),
            });
        }
        let request = HandshakeRequest {
            agent_version: AGENT_VERSION.to_owned(),
            requested_client_actions: actions,
            ..HandshakeRequest::default()
        };
        self.link.channel.send_handshake_request(request, self.node.clock.now());
        let response = timeout(ANSWER, self.next_handshake())
            .await
            .map_err(|_| "the client did not answer the handshake in time".to_owned())??;
        check(&response, session_type, key)?;
        if let Some(key) = key {
            let keys = unwrap_key(self.node, self.session_id, key, &challenge, &response).await?;
            self.link
                .channel
                .encrypt(keys, self.node.clock.now())
                .map_err(|error| format!("the session cannot be encrypted: {error}"))?;
            timeout(ANSWER, self.proof())
                .await
                .map_err(|_| "the client did not prove in time that it holds the session's key".to_owned())??;
        }
        let complete = HandshakeComplete {
            handshake_time_to_complete: i64::try_from(began.elapsed().as_nanos()).unwrap_or(i64::MAX),
            customer_message: if key.is_some() { ENCRYPTED.to_owned() } else { String::new() },
        };
        self.link.channel.send_handshake_complete(&complete, self.node.clock.now());
        Ok(response)
    }

    /// The client's answer.
    async fn next_handshake(&mut self) -> Result<HandshakeResponse, String> {
        loop {
            while let Some(event) = self.link.channel.poll_event() {
                match event {
                    Event::Handshake(response) => return Ok(response),
                    Event::Size(size) => self.size = Some(size),
                    event if ends(&event) => return Err("the session was ended during the handshake".to_owned()),
                    _ => {}
                }
            }
            self.exchange().await?;
        }
    }

    /// The client's proof that it holds the key.
    async fn proof(&mut self) -> Result<(), String> {
        loop {
            while let Some(event) = self.link.channel.poll_event() {
                match event {
                    Event::Encrypted => return Ok(()),
                    Event::Broken(error) => return Err(format!("the client does not hold the session's key: {error}")),
                    Event::Size(size) => self.size = Some(size),
                    event if ends(&event) => return Err("the session was ended during the handshake".to_owned()),
                    _ => {}
                }
            }
            self.exchange().await?;
        }
    }
}

/// Asks KMS for the key that the client sent in cipher.
async fn unwrap_key(
    node: &Node,
    session_id: &str,
    key: &str,
    challenge: &str,
    response: &HandshakeResponse,
) -> Result<SessionKeys, String> {
    let result = action(response, "KMSEncryption").map(|action| &action.action_result).unwrap_or(&Value::Null);
    let cipher_text = result.get("KMSCipherTextKey").and_then(Value::as_str).unwrap_or_default();
    if cipher_text.is_empty() {
        return Err("the client sent no key for the session's encryption".to_owned());
    }
    let mut context = BTreeMap::from([
        (kms::SESSION_ID.to_owned(), session_id.to_owned()),
        (kms::TARGET_ID.to_owned(), node.instance_id.clone()),
    ]);
    if result.get("ChallengeAcknowledgement").and_then(Value::as_bool) == Some(true) {
        context.insert(kms::RANDOM_CHALLENGE.to_owned(), challenge.to_owned());
    }
    let request =
        Decrypt { ciphertext_blob: cipher_text.to_owned(), encryption_context: context, key_id: Some(key.to_owned()) };
    let answer = node.api.call(request).await.map_err(|error| refused(key, &error))?;
    let mut text = answer.plaintext.unwrap_or_default().0;
    let mut plain = BASE64_STANDARD.decode(&text).unwrap_or_default();
    let keys = <&[u8; DATA_KEY]>::try_from(plain.as_slice())
        .map_err(|_| format!("the key that the client made with {key} is not one for a session"))
        .and_then(|plain| {
            SessionKeys::split(plain, Role::Agent).map_err(|error| format!("the session cannot be encrypted: {error}"))
        });
    plain.zeroize();
    text.zeroize();
    keys
}

fn refused(key: &str, error: &CallError) -> String {
    format!("the node cannot decrypt the session's key with {key} (its role needs kms:Decrypt for that key): {error}")
}

fn action<'a>(response: &'a HandshakeResponse, kind: &str) -> Option<&'a crate::wire::messages::ProcessedAction> {
    response.processed_client_actions.iter().find(|action| action.action_type == kind)
}

/// Whether the client did everything that was asked of it.
fn check(response: &HandshakeResponse, session_type: &str, key: Option<&str>) -> Result<(), String> {
    if action(response, "SessionType").is_none_or(|action| action.action_status != SUCCESS) {
        return Err(format!("the client does not support sessions of type {session_type}"));
    }
    let Some(key) = key else { return Ok(()) };
    match action(response, "KMSEncryption") {
        Some(action) if action.action_status == SUCCESS => Ok(()),
        Some(action) if !action.error.is_empty() => {
            Err(format!("the client cannot encrypt the session with {key}: {}", action.error))
        }
        _ => Err(format!("the client cannot encrypt the session with {key}, as the session document demands")),
    }
}

fn challenge() -> Result<String, String> {
    let mut noise = [0; CHALLENGE];
    rand::fill(&mut noise).map_err(|_| "the node has no randomness to give".to_owned())?;
    Ok(BASE64_STANDARD.encode(noise))
}
