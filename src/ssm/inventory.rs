//! Inventory.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::macros::{operation, paged, string_enums};

string_enums! {
/// The API's `InventoryQueryOperatorType`.
pub enum InventoryQueryOperatorType {
    Equal = "Equal",
    NotEqual = "NotEqual",
    BeginWith = "BeginWith",
    LessThan = "LessThan",
    GreaterThan = "GreaterThan",
    Exists = "Exists",
}
}

/// Request of `PutInventory`. Errors: `CustomSchemaCountLimitExceededException`, `InternalServerError`, `InvalidInstanceId`, `InvalidInventoryItemContextException`, `InvalidItemContentException`, `InvalidTypeNameException`, `ItemContentMismatchException`, `ItemSizeLimitExceededException`, `SubTypeCountLimitExceededException`, `TotalSizeLimitExceededException`, `UnsupportedInventoryItemContextException`, `UnsupportedInventorySchemaVersionException`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct PutInventory {
    pub instance_id: String,
    #[serde(default)]
    pub items: Vec<InventoryItem>,
}

/// The API's `InventoryItem`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct InventoryItem {
    pub type_name: String,
    pub schema_version: String,
    pub capture_time: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_hash: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub content: Vec<BTreeMap<String, String>>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub context: BTreeMap<String, String>,
}

/// Answer of `PutInventory`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct PutInventoryOutput {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// Request of `GetInventory`. Errors: `InternalServerError`, `InvalidAggregatorException`, `InvalidFilter`, `InvalidInventoryGroupException`, `InvalidNextToken`, `InvalidResultAttributeException`, `InvalidTypeNameException`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct GetInventory {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub filters: Vec<InventoryFilter>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aggregators: Vec<InventoryAggregator>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub result_attributes: Vec<ResultAttribute>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_token: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_results: Option<i32>,
}

/// The API's `InventoryFilter`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct InventoryFilter {
    pub key: String,
    #[serde(default)]
    pub values: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub r#type: Option<InventoryQueryOperatorType>,
}

/// The API's `InventoryAggregator`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct InventoryAggregator {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expression: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aggregators: Vec<InventoryAggregator>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<InventoryGroup>,
}

/// The API's `InventoryGroup`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct InventoryGroup {
    pub name: String,
    #[serde(default)]
    pub filters: Vec<InventoryFilter>,
}

/// The API's `ResultAttribute`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ResultAttribute {
    pub type_name: String,
}

/// Answer of `GetInventory`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct GetInventoryOutput {
    #[serde(default)]
    pub entities: Vec<InventoryResultEntity>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_token: Option<String>,
}

/// The API's `InventoryResultEntity`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct InventoryResultEntity {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub data: BTreeMap<String, InventoryResultItem>,
}

/// The API's `InventoryResultItem`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct InventoryResultItem {
    #[serde(default)]
    pub type_name: String,
    #[serde(default)]
    pub schema_version: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capture_time: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_hash: Option<String>,
    #[serde(default)]
    pub content: Vec<BTreeMap<String, String>>,
}

/// Request of `ListInventoryEntries`. Errors: `InternalServerError`, `InvalidFilter`, `InvalidInstanceId`, `InvalidNextToken`, `InvalidTypeNameException`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ListInventoryEntries {
    pub instance_id: String,
    pub type_name: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub filters: Vec<InventoryFilter>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_token: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_results: Option<i32>,
}

/// Answer of `ListInventoryEntries`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ListInventoryEntriesOutput {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub type_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema_version: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capture_time: Option<String>,
    #[serde(default)]
    pub entries: Vec<BTreeMap<String, String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_token: Option<String>,
}

operation!(PutInventory => PutInventoryOutput);

operation!(GetInventory => GetInventoryOutput);

paged!(GetInventory, entities: InventoryResultEntity);

operation!(ListInventoryEntries => ListInventoryEntriesOutput);
