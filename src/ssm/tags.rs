//! Tags on nodes, parameters, documents and the other taggable resources.

use serde::{Deserialize, Serialize};

use super::common::*;
use super::macros::{operation, string_enums};

string_enums! {
/// The API's `ResourceTypeForTagging`.
pub enum ResourceTypeForTagging {
    Document = "Document",
    ManagedInstance = "ManagedInstance",
    MaintenanceWindow = "MaintenanceWindow",
    Parameter = "Parameter",
    PatchBaseline = "PatchBaseline",
    OpsItem = "OpsItem",
    OpsMetadata = "OpsMetadata",
    Automation = "Automation",
    Association = "Association",
    CloudConnector = "CloudConnector",
}
}

/// Request of `AddTagsToResource`. Errors: `InternalServerError`, `InvalidResourceId`, `InvalidResourceType`, `TooManyTagsError`, `TooManyUpdates`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct AddTagsToResource {
    pub resource_type: ResourceTypeForTagging,
    pub resource_id: String,
    #[serde(default)]
    pub tags: Vec<Tag>,
}

/// Answer of `AddTagsToResource`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct AddTagsToResourceOutput {}

/// Request of `RemoveTagsFromResource`. Errors: `InternalServerError`, `InvalidResourceId`, `InvalidResourceType`, `TooManyUpdates`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct RemoveTagsFromResource {
    pub resource_type: ResourceTypeForTagging,
    pub resource_id: String,
    #[serde(default)]
    pub tag_keys: Vec<String>,
}

/// Answer of `RemoveTagsFromResource`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct RemoveTagsFromResourceOutput {}

/// Request of `ListTagsForResource`. Errors: `InternalServerError`, `InvalidResourceId`, `InvalidResourceType`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ListTagsForResource {
    pub resource_type: ResourceTypeForTagging,
    pub resource_id: String,
}

/// Answer of `ListTagsForResource`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ListTagsForResourceOutput {
    #[serde(default)]
    pub tag_list: Vec<Tag>,
}

operation!(AddTagsToResource => AddTagsToResourceOutput);

operation!(RemoveTagsFromResource => RemoveTagsFromResourceOutput);

operation!(ListTagsForResource => ListTagsForResourceOutput);
