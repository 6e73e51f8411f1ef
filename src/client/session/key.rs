//! The key of an encrypted session, from KMS (`GenerateDataKey`).

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use zeroize::Zeroize;

use crate::{
    client::{Client, Error, transport::Service},
    ssm::Sensitive,
    wire::{
        channel::Role,
        sealed::{DATA_KEY, SessionKeys},
    },
};

const GENERATE: Service = Service { name: "kms", prefix: "TrentService", operation: "GenerateDataKey" };

/// A data key: as the agent is sent it, and as the client uses it.
pub(super) struct DataKey {
    pub(super) cipher_text: Vec<u8>,
    pub(super) keys: SessionKeys,
    /// Whether the agent's challenge is part of the encryption context.
    pub(super) challenged: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    ciphertext_blob: String,
    plaintext: Sensitive,
}

/// Lets KMS generate the key of a session. The agent has it decrypted with the same context, or not at all.
pub(super) async fn generate(
    client: Client,
    key_id: String,
    session_id: String,
    target: String,
    challenge: Option<String>,
) -> Result<DataKey, Error> {
    let mut context = Map::new();
    context.insert("aws:ssm:SessionId".to_owned(), session_id.into());
    context.insert("aws:ssm:TargetId".to_owned(), target.into());
    let challenged = challenge.is_some();
    if let Some(challenge) = challenge {
        context.insert("aws:ssm:RandomChallenge".to_owned(), challenge.into());
    }
    let request = json!({"KeyId": key_id, "NumberOfBytes": DATA_KEY, "EncryptionContext": Value::Object(context)});
    let answer: Answer = client.call_service(GENERATE, &request).await?;
    let malformed = || Error::Protocol("the data key of KMS cannot be read".to_owned());
    let cipher_text = STANDARD.decode(&answer.ciphertext_blob).map_err(|_| malformed())?;
    let mut text = answer.plaintext.0;
    let mut plain = STANDARD.decode(&text).map_err(|_| malformed())?;
    let keys = <&[u8; DATA_KEY]>::try_from(plain.as_slice())
        .map_err(|_| malformed())
        .and_then(|plain| SessionKeys::split(plain, Role::Client).map_err(|error| Error::Protocol(error.to_string())));
    plain.zeroize();
    text.zeroize();
    Ok(DataKey { cipher_text, keys: keys?, challenged })
}
