//! Parameter Store.

use serde::{Deserialize, Serialize};

use super::Sensitive;
use super::Timestamp;
use super::common::*;
use super::macros::{operation, paged, string_enums};

string_enums! {
/// The API's `ParameterType`.
pub enum ParameterType {
    String = "String",
    StringList = "StringList",
    SecureString = "SecureString",
}

/// The API's `ParameterTier`.
pub enum ParameterTier {
    Standard = "Standard",
    Advanced = "Advanced",
    IntelligentTiering = "Intelligent-Tiering",
}

/// The API's `ParametersFilterKey`.
pub enum ParametersFilterKey {
    Name = "Name",
    Type = "Type",
    KeyId = "KeyId",
}
}

/// Request of `PutParameter`. Errors: `HierarchyLevelLimitExceededException`, `HierarchyTypeMismatchException`, `IncompatiblePolicyException`, `InternalServerError`, `InvalidAllowedPatternException`, `InvalidKeyId`, `InvalidPolicyAttributeException`, `InvalidPolicyTypeException`, `ParameterAlreadyExists`, `ParameterLimitExceeded`, `ParameterMaxVersionLimitExceeded`, `ParameterPatternMismatchException`, `PoliciesLimitExceededException`, `TooManyUpdates`, `UnsupportedParameterType`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct PutParameter {
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    pub value: Sensitive,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub r#type: Option<ParameterType>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overwrite: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allowed_pattern: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<Tag>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tier: Option<ParameterTier>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policies: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_type: Option<String>,
}

/// Answer of `PutParameter`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct PutParameterOutput {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tier: Option<ParameterTier>,
}

/// Request of `GetParameter`. Errors: `InternalServerError`, `InvalidKeyId`, `ParameterNotFound`, `ParameterVersionNotFound`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct GetParameter {
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub with_decryption: Option<bool>,
}

/// Answer of `GetParameter`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct GetParameterOutput {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameter: Option<Parameter>,
}

/// The API's `Parameter`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Parameter {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub r#type: Option<ParameterType>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Sensitive>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selector: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_result: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_modified_date: Option<Timestamp>,
    #[serde(rename = "ARN", default, skip_serializing_if = "Option::is_none")]
    pub arn: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_type: Option<String>,
}

/// Request of `GetParameters`. Errors: `InternalServerError`, `InvalidKeyId`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct GetParameters {
    #[serde(default)]
    pub names: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub with_decryption: Option<bool>,
}

/// Answer of `GetParameters`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct GetParametersOutput {
    #[serde(default)]
    pub parameters: Vec<Parameter>,
    #[serde(default)]
    pub invalid_parameters: Vec<String>,
}

/// Request of `GetParametersByPath`. Errors: `InternalServerError`, `InvalidFilterKey`, `InvalidFilterOption`, `InvalidFilterValue`, `InvalidKeyId`, `InvalidNextToken`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct GetParametersByPath {
    pub path: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recursive: Option<bool>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parameter_filters: Vec<ParameterStringFilter>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub with_decryption: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_results: Option<i32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_token: Option<String>,
}

/// The API's `ParameterStringFilter`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ParameterStringFilter {
    pub key: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub option: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<String>,
}

/// Answer of `GetParametersByPath`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct GetParametersByPathOutput {
    #[serde(default)]
    pub parameters: Vec<Parameter>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_token: Option<String>,
}

/// Request of `DescribeParameters`. Errors: `InternalServerError`, `InvalidFilterKey`, `InvalidFilterOption`, `InvalidFilterValue`, `InvalidNextToken`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct DescribeParameters {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub filters: Vec<ParametersFilter>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parameter_filters: Vec<ParameterStringFilter>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_results: Option<i32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_token: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shared: Option<bool>,
}

/// The API's `ParametersFilter`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ParametersFilter {
    pub key: ParametersFilterKey,
    #[serde(default)]
    pub values: Vec<String>,
}

/// Answer of `DescribeParameters`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct DescribeParametersOutput {
    #[serde(default)]
    pub parameters: Vec<ParameterMetadata>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_token: Option<String>,
}

/// The API's `ParameterMetadata`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ParameterMetadata {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(rename = "ARN", default, skip_serializing_if = "Option::is_none")]
    pub arn: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub r#type: Option<ParameterType>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_modified_date: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_modified_user: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allowed_pattern: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tier: Option<ParameterTier>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub policies: Vec<ParameterInlinePolicy>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_type: Option<String>,
}

/// The API's `ParameterInlinePolicy`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ParameterInlinePolicy {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy_text: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy_type: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy_status: Option<String>,
}

/// Request of `GetParameterHistory`. Errors: `InternalServerError`, `InvalidKeyId`, `InvalidNextToken`, `ParameterNotFound`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct GetParameterHistory {
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub with_decryption: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_results: Option<i32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_token: Option<String>,
}

/// Answer of `GetParameterHistory`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct GetParameterHistoryOutput {
    #[serde(default)]
    pub parameters: Vec<ParameterHistory>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_token: Option<String>,
}

/// The API's `ParameterHistory`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ParameterHistory {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub r#type: Option<ParameterType>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_modified_date: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_modified_user: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Sensitive>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allowed_pattern: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<i64>,
    #[serde(default)]
    pub labels: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tier: Option<ParameterTier>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub policies: Vec<ParameterInlinePolicy>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_type: Option<String>,
}

/// Request of `DeleteParameter`. Errors: `InternalServerError`, `ParameterNotFound`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct DeleteParameter {
    pub name: String,
}

/// Answer of `DeleteParameter`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct DeleteParameterOutput {}

/// Request of `DeleteParameters`. Errors: `InternalServerError`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct DeleteParameters {
    #[serde(default)]
    pub names: Vec<String>,
}

/// Answer of `DeleteParameters`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct DeleteParametersOutput {
    #[serde(default)]
    pub deleted_parameters: Vec<String>,
    #[serde(default)]
    pub invalid_parameters: Vec<String>,
}

/// Request of `LabelParameterVersion`. Errors: `InternalServerError`, `ParameterNotFound`, `ParameterVersionLabelLimitExceeded`, `ParameterVersionNotFound`, `TooManyUpdates`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct LabelParameterVersion {
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameter_version: Option<i64>,
    #[serde(default)]
    pub labels: Vec<String>,
}

/// Answer of `LabelParameterVersion`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct LabelParameterVersionOutput {
    #[serde(default)]
    pub invalid_labels: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameter_version: Option<i64>,
}

/// Request of `UnlabelParameterVersion`. Errors: `InternalServerError`, `ParameterNotFound`, `ParameterVersionNotFound`, `TooManyUpdates`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct UnlabelParameterVersion {
    pub name: String,
    pub parameter_version: i64,
    #[serde(default)]
    pub labels: Vec<String>,
}

/// Answer of `UnlabelParameterVersion`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct UnlabelParameterVersionOutput {
    #[serde(default)]
    pub removed_labels: Vec<String>,
    #[serde(default)]
    pub invalid_labels: Vec<String>,
}

operation!(PutParameter => PutParameterOutput);

operation!(GetParameter => GetParameterOutput);

operation!(GetParameters => GetParametersOutput);

operation!(GetParametersByPath => GetParametersByPathOutput);

paged!(GetParametersByPath, parameters: Parameter);

operation!(DescribeParameters => DescribeParametersOutput);

paged!(DescribeParameters, parameters: ParameterMetadata);

operation!(GetParameterHistory => GetParameterHistoryOutput);

paged!(GetParameterHistory, parameters: ParameterHistory);

operation!(DeleteParameter => DeleteParameterOutput);

operation!(DeleteParameters => DeleteParametersOutput);

operation!(LabelParameterVersion => LabelParameterVersionOutput);

operation!(UnlabelParameterVersion => UnlabelParameterVersionOutput);
