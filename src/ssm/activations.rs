//! Hybrid activations: how a machine outside EC2 becomes a managed node.

use serde::{Deserialize, Serialize};

use super::Sensitive;
use super::Timestamp;
use super::common::*;
use super::macros::{operation, paged, string_enums};

string_enums! {
/// The API's `DescribeActivationsFilterKeys`.
pub enum DescribeActivationsFilterKeys {
    ActivationIds = "ActivationIds",
    DefaultInstanceName = "DefaultInstanceName",
    IamRole = "IamRole",
}
}

/// Request of `CreateActivation`. Errors: `InternalServerError`, `InvalidParameters`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct CreateActivation {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_instance_name: Option<String>,
    pub iam_role: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registration_limit: Option<i32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expiration_date: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<Tag>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub registration_metadata: Vec<RegistrationMetadataItem>,
}

/// The API's `RegistrationMetadataItem`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct RegistrationMetadataItem {
    pub key: String,
    pub value: String,
}

/// Answer of `CreateActivation`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct CreateActivationOutput {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub activation_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub activation_code: Option<Sensitive>,
}

/// Request of `DescribeActivations`. Errors: `InternalServerError`, `InvalidFilter`, `InvalidNextToken`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct DescribeActivations {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub filters: Vec<DescribeActivationsFilter>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_results: Option<i32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_token: Option<String>,
}

/// The API's `DescribeActivationsFilter`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct DescribeActivationsFilter {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filter_key: Option<DescribeActivationsFilterKeys>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub filter_values: Vec<String>,
}

/// Answer of `DescribeActivations`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct DescribeActivationsOutput {
    #[serde(default)]
    pub activation_list: Vec<Activation>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_token: Option<String>,
}

/// The API's `Activation`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Activation {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub activation_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_instance_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iam_role: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registration_limit: Option<i32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registrations_count: Option<i32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expiration_date: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expired: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_date: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<Tag>,
}

/// Request of `DeleteActivation`. Errors: `InternalServerError`, `InvalidActivation`, `InvalidActivationId`, `TooManyUpdates`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct DeleteActivation {
    pub activation_id: String,
}

/// Answer of `DeleteActivation`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct DeleteActivationOutput {}

operation!(CreateActivation => CreateActivationOutput);

operation!(DescribeActivations => DescribeActivationsOutput);

paged!(DescribeActivations, activation_list: Activation);

operation!(DeleteActivation => DeleteActivationOutput);
