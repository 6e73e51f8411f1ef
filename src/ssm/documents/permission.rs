//! Who else may use a document.

use serde::{Deserialize, Serialize};

use crate::ssm::macros::{operation, string_enums};

string_enums! {
/// The API's `DocumentPermissionType`.
pub enum DocumentPermissionType {
    Share = "Share",
}
}

/// Request of `DescribeDocumentPermission`. Errors: `InternalServerError`, `InvalidDocument`, `InvalidDocumentOperation`, `InvalidNextToken`, `InvalidPermissionType`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct DescribeDocumentPermission {
    pub name: String,
    pub permission_type: DocumentPermissionType,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_results: Option<i32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_token: Option<String>,
}

/// Answer of `DescribeDocumentPermission`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct DescribeDocumentPermissionOutput {
    #[serde(default)]
    pub account_ids: Vec<String>,
    #[serde(default)]
    pub account_sharing_info_list: Vec<AccountSharingInfo>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_token: Option<String>,
}

/// The API's `AccountSharingInfo`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct AccountSharingInfo {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shared_document_version: Option<String>,
}

/// Request of `ModifyDocumentPermission`. Errors: `DocumentLimitExceeded`, `DocumentPermissionLimit`, `InternalServerError`, `InvalidDocument`, `InvalidPermissionType`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ModifyDocumentPermission {
    pub name: String,
    pub permission_type: DocumentPermissionType,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub account_ids_to_add: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub account_ids_to_remove: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shared_document_version: Option<String>,
}

/// Answer of `ModifyDocumentPermission`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ModifyDocumentPermissionOutput {}

operation!(DescribeDocumentPermission => DescribeDocumentPermissionOutput);

operation!(ModifyDocumentPermission => ModifyDocumentPermissionOutput);
