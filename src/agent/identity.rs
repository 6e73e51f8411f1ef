//! Who this node is: an RSA key of its own, a node id that the service gave it for an activation, and where that service is.

use std::{fs, io, path::Path};

use base64::{Engine, prelude::BASE64_STANDARD};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    api::{Api, CallError},
    dir::{DataDir, Durability, write_atomic},
};
use crate::{
    ssm::{RegisterManagedInstance, Sensitive, Timestamp},
    wire::rsa_auth::{KeyError, NodeKey},
};

const FILE: &str = "registration.json";

/// What the data directory remembers of the registration (mode 0600).
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Registration {
    /// `mi-…`.
    pub instance_id: String,
    /// The region of the service.
    pub region: String,
    /// Where the service is, if not at AWS's own address.
    pub endpoint_url: Option<String>,
    /// Says that this is still the same machine; a UUID.
    pub fingerprint: String,
    /// Base64 of the PKCS#8 form of the RSA-2048 key.
    pub private_key: Sensitive,
    /// When the node was registered.
    pub registered: Timestamp,
}

/// A registered node with its key.
pub struct Identity {
    /// What is stored.
    pub registration: Registration,
    key: NodeKey,
}

/// What a machine shows to become a node.
#[derive(Clone, Debug)]
pub struct Activation {
    /// The activation's id, a UUID.
    pub id: String,
    /// The activation's code.
    pub code: Sensitive,
}

/// Why there is no identity.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// First start without an activation.
    #[error(
        "this data directory holds no registration. Create an activation (`aws ssm create-activation --iam-role …`) and start \
         with --activation-id, --activation-code and --endpoint-url or --region"
    )]
    NotRegistered,
    /// The service said no.
    #[error("the service refused the activation ({reason}). {advice}")]
    Refused {
        /// Code and message of the service.
        reason: String,
        /// What to do next.
        advice: &'static str,
    },
    /// The service could not be asked.
    #[error("cannot register: {0}")]
    Unreachable(CallError),
    /// The stored registration is damaged.
    #[error(
        "the stored registration is damaged ({0}); remove the data directory and register again with a new activation"
    )]
    Damaged(String),
    /// The machine cannot make a key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The data directory cannot be read or written.
    #[error("cannot keep the node's registration: {0}")]
    Io(#[from] io::Error),
}

impl Identity {
    /// The identity that a data directory holds, if any.
    pub fn load(dir: &DataDir) -> Result<Option<Self>, IdentityError> {
        let bytes = match fs::read(dir.join(FILE)) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let registration: Registration =
            serde_json::from_slice(&bytes).map_err(|error| IdentityError::Damaged(error.to_string()))?;
        let key = decode_key(&registration.private_key)?;
        Ok(Some(Self { registration, key }))
    }

    /// Registers this machine and stores what came of it.
    pub async fn register(
        dir: &DataDir,
        api: &Api,
        activation: &Activation,
        now: Timestamp,
    ) -> Result<Self, IdentityError> {
        let key = NodeKey::generate()?;
        let fingerprint = Uuid::new_v4().to_string();
        let answer = api
            .call_unsigned(RegisterManagedInstance {
                activation_code: activation.code.clone(),
                activation_id: activation.id.clone(),
                fingerprint: fingerprint.clone(),
                public_key: key.public_key()?,
                public_key_type: Some("Rsa".to_owned()),
            })
            .await
            .map_err(refused)?;
        let registration = Registration {
            instance_id: answer.instance_id,
            region: api.endpoints().region.clone(),
            endpoint_url: api.endpoints().custom.clone(),
            fingerprint,
            private_key: Sensitive(BASE64_STANDARD.encode(key.to_pkcs8()?)),
            registered: now,
        };
        let identity = Self { registration, key };
        identity.store(dir.root())?;
        Ok(identity)
    }

    /// Writes the registration, for the machine's next life too.
    pub fn store(&self, root: &Path) -> Result<(), IdentityError> {
        let bytes =
            serde_json::to_vec_pretty(&self.registration).map_err(|error| IdentityError::Damaged(error.to_string()))?;
        Ok(write_atomic(&root.join(FILE), &bytes, Durability::Machine)?)
    }

    #[cfg(test)]
    pub(super) fn for_tests(registration: Registration, key: NodeKey) -> Self {
        Self { registration, key }
    }

    /// The node's private key.
    pub fn key(&self) -> &NodeKey {
        &self.key
    }

    /// The node id.
    pub fn instance_id(&self) -> &str {
        &self.registration.instance_id
    }
}

fn decode_key(text: &str) -> Result<NodeKey, IdentityError> {
    let der = BASE64_STANDARD.decode(text).map_err(|error| IdentityError::Damaged(error.to_string()))?;
    NodeKey::from_pkcs8(&der).map_err(|error| IdentityError::Damaged(error.to_string()))
}

fn refused(error: CallError) -> IdentityError {
    let CallError::Api(error) = error else { return IdentityError::Unreachable(error) };
    let advice = match &*error.code {
        "InvalidActivation" | "InvalidActivationId" => {
            "Check id and code (the code is shown only when the activation is created), and that endpoint and region are the \
             ones it was created in"
        }
        "ActivationExpired" | "ExpiredActivation" => "It has expired: create a new one",
        "ActivationLimitExceeded" | "RegistrationLimitExceeded" => {
            "As many nodes as it allows have used it: create a new one with a larger registration limit"
        }
        _ => "It may be wrong, expired or used up: create a new activation and start again with its id and code",
    };
    IdentityError::Refused { reason: error.to_string(), advice }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_registration_survives_the_disk_and_damage_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let data = DataDir::open(dir.path()).unwrap();
        assert!(Identity::load(&data).unwrap().is_none());
        let key = NodeKey::generate().unwrap();
        let registration = Registration {
            instance_id: "mi-0123456789abcdef0".into(),
            region: "us-east-1".into(),
            endpoint_url: None,
            fingerprint: "f".into(),
            private_key: Sensitive(BASE64_STANDARD.encode(key.to_pkcs8().unwrap())),
            registered: Timestamp::from_millis(1),
        };
        Identity { registration, key }.store(data.root()).unwrap();
        let loaded = Identity::load(&data).unwrap().unwrap();
        assert_eq!(loaded.instance_id(), "mi-0123456789abcdef0");
        assert!(!format!("{:?}", loaded.registration).contains(&*loaded.registration.private_key));
        fs::write(data.join(FILE), b"{").unwrap();
        assert!(matches!(Identity::load(&data), Err(IdentityError::Damaged(_))));
    }
}
