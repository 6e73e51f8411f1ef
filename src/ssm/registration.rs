//! The operations that only an agent calls; the public SDKs do not have them.

use serde::{Deserialize, Serialize};

use super::{Sensitive, Timestamp, macros::operation};

/// Unsigned: a machine presents its activation and its public key, and is given its node id.
///
/// Errors: `InvalidActivation` for an activation that is unknown, wrong, expired or used up.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct RegisterManagedInstance {
    pub activation_code: Sensitive,
    pub activation_id: String,
    pub fingerprint: String,
    /// Base64 of the DER SubjectPublicKeyInfo of an RSA-2048 key.
    pub public_key: String,
    /// `Rsa`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub public_key_type: Option<String>,
}

/// Answer of `RegisterManagedInstance`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct RegisterManagedInstanceOutput {
    pub instance_id: String,
}

/// Signed with the node's own RSA key: temporary credentials for everything else.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct RequestManagedInstanceRoleToken {
    pub fingerprint: String,
}

/// Answer of `RequestManagedInstanceRoleToken`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct RequestManagedInstanceRoleTokenOutput {
    pub access_key_id: String,
    pub secret_access_key: Sensitive,
    pub session_token: Sensitive,
    pub token_expiration_date: Timestamp,
    /// Whether the node is to make a new key pair. AWS's agent needs the member to be there.
    pub update_key_pair: bool,
}

/// Signed with the old key: the node's new public key.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct UpdateManagedInstancePublicKey {
    pub new_public_key: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new_public_key_type: Option<String>,
}

/// Answer of `UpdateManagedInstancePublicKey`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct UpdateManagedInstancePublicKeyOutput {}

/// The heartbeat: what the node is and that it lives. Every five minutes, and in short form at start.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct UpdateInstanceInformation {
    pub instance_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent_status: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent_version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub availability_zone: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub availability_zone_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub computer_name: Option<String>,
    #[serde(rename = "IPAddress", skip_serializing_if = "Option::is_none")]
    pub ip_address: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub platform_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub platform_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub platform_version: Option<String>,
    #[serde(rename = "SSMConnectionChannel", skip_serializing_if = "Option::is_none")]
    pub ssm_connection_channel: Option<String>,
}

/// Answer of `UpdateInstanceInformation`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct UpdateInstanceInformationOutput {}

operation!(RegisterManagedInstance => RegisterManagedInstanceOutput);
operation!(RequestManagedInstanceRoleToken => RequestManagedInstanceRoleTokenOutput);
operation!(UpdateManagedInstancePublicKey => UpdateManagedInstancePublicKeyOutput);
operation!(UpdateInstanceInformation => UpdateInstanceInformationOutput);
