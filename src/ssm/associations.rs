//! State Manager's associations, as far as nodes and lists ask for them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    Target, Timestamp,
    macros::{operation, paged},
};

/// Request of `ListAssociations`. Errors: `InvalidNextToken`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ListAssociations {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub association_filter_list: Vec<AssociationFilter>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_results: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_token: Option<String>,
}

/// The API's `AssociationFilter`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct AssociationFilter {
    pub key: String,
    pub value: String,
}

/// Answer of `ListAssociations`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ListAssociationsOutput {
    pub associations: Vec<Association>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_token: Option<String>,
}

/// The API's `Association`, without what depends on cloud resources.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Association {
    /// The document's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub association_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub association_version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub association_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub document_version: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub targets: Vec<Target>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_execution_date: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schedule_expression: Option<String>,
}

/// A node asks for the associations that apply to it. An agent's own operation, as AWS's asks every ten minutes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ListInstanceAssociations {
    pub instance_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_results: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_token: Option<String>,
}

/// Answer of `ListInstanceAssociations`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ListInstanceAssociationsOutput {
    pub associations: Vec<InstanceAssociationSummary>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_token: Option<String>,
}

/// An association as a node is told of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct InstanceAssociationSummary {
    pub association_id: String,
    pub association_version: String,
    /// The document's.
    pub name: String,
    /// AWS's agent needs the member to be there.
    pub document_version: String,
    /// Of the document; what an agent remembers of it is forgotten when this changes.
    pub checksum: String,
    pub instance_id: String,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<String, Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schedule_expression: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_execution_date: Option<Timestamp>,
    pub detailed_status: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub targets: Vec<Target>,
}

operation!(ListAssociations => ListAssociationsOutput);
operation!(ListInstanceAssociations => ListInstanceAssociationsOutput);
paged!(ListAssociations, associations: Association);
