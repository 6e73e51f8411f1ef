//! A node's temporary credentials. The session token is the record itself, sealed: the engine stores nothing, and a
//! copy of its database gives no one a key.

use serde::{Deserialize, Serialize};

use crate::{
    engine::{random, seal::Keyring},
    ssm::{ApiError, Sensitive, Timestamp},
};

const PURPOSE: &str = "node credentials";

/// What a session token holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NodeToken {
    /// The node that may use it.
    pub instance_id: String,
    /// The secret key that belongs to the access key id.
    pub secret_access_key: Sensitive,
    /// When it ends.
    pub expires: Timestamp,
}

impl NodeToken {
    /// Makes credentials for a node. Answers the access key id, the session token and what is in it.
    pub fn issue(keyring: &Keyring, instance_id: &str, expires: Timestamp) -> Result<(String, String, Self), ApiError> {
        let access_key_id = format!("ASIA{}", random::key_letters(16)?);
        let token = Self { instance_id: instance_id.to_owned(), secret_access_key: random::secret()?.into(), expires };
        let plain = serde_json::to_vec(&token).map_err(|_| ApiError::internal("Credentials could not be made."))?;
        let sealed = keyring.seal_for(PURPOSE, access_key_id.as_bytes(), plain)?;
        Ok((access_key_id, sealed, token))
    }

    /// Opens a session token; `None` if it is not one of ours, or not that key's.
    pub fn open(keyring: &Keyring, access_key_id: &str, session_token: &str) -> Option<Self> {
        let plain = keyring.open_for(PURPOSE, access_key_id.as_bytes(), session_token)?;
        serde_json::from_slice(&plain).ok()
    }
}
