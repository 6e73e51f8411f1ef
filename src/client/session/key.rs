//! The key of an encrypted session, from KMS (`GenerateDataKey`).

use base64::{Engine as _, engine::general_purpose::STANDARD};
use zeroize::Zeroize;

use crate::{
    client::{Client, Error},
    ssm::kms::GenerateDataKey,
    wire::{
        channel::Role,
        sealed::{DATA_KEY, SessionKeys},
    },
};

/// A data key: as the agent is sent it, and as the client uses it.
pub(super) struct DataKey {
    pub(super) cipher_text: Vec<u8>,
    pub(super) keys: SessionKeys,
    /// Whether the agent's challenge is part of the encryption context.
    pub(super) challenged: bool,
}

/// Lets KMS generate the key of a session. The agent has it decrypted with the same context, or not at all.
pub(super) async fn generate(
    client: Client,
    key_id: String,
    session_id: String,
    target: String,
    challenge: Option<String>,
) -> Result<DataKey, Error> {
    let challenged = challenge.is_some();
    let context = [
        ("aws:ssm:SessionId", Some(session_id)),
        ("aws:ssm:TargetId", Some(target)),
        ("aws:ssm:RandomChallenge", challenge),
    ];
    let request = GenerateDataKey {
        key_id,
        encryption_context: context.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect(),
        number_of_bytes: i32::try_from(DATA_KEY).ok(),
        key_spec: None,
    };
    let answer = client.call(request).await?;
    let malformed = || Error::Protocol("the data key of KMS cannot be read".to_owned());
    let cipher_text = STANDARD.decode(answer.ciphertext_blob.unwrap_or_default()).map_err(|_| malformed())?;
    let mut text = answer.plaintext.unwrap_or_default().0;
    let mut plain = STANDARD.decode(&text).map_err(|_| malformed())?;
    let keys = <&[u8; DATA_KEY]>::try_from(plain.as_slice())
        .map_err(|_| malformed())
        .and_then(|plain| SessionKeys::split(plain, Role::Client).map_err(|error| Error::Protocol(error.to_string())));
    plain.zeroize();
    text.zeroize();
    Ok(DataKey { cipher_text, keys: keys?, challenged })
}
