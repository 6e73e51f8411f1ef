//! The shapes of Resource Groups: requests, answers, and the query that is written as JSON inside a string.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    engine::store::nodes::NodeTest,
    ssm::{ApiError, Operation},
};

/// The type under which managed nodes are found.
pub(crate) const NODE_TYPE: &str = "AWS::SSM::ManagedInstance";
/// The type that stands for every type.
const EVERY_TYPE: &str = "AWS::AllSupported";

/// Request of `CreateGroup`. It is also what the store keeps of a group.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct CreateGroup {
    pub name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource_query: Option<ResourceQuery>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub configuration: Vec<serde_json::Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub criticality: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
}

/// How a group finds its members.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ResourceQuery {
    #[serde(rename = "Type")]
    pub kind: String,
    /// JSON, see [`TagQuery`].
    pub query: String,
}

/// The text of a query of the type `TAG_FILTERS_1_0`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct TagQuery {
    pub resource_type_filters: Vec<String>,
    #[serde(default)]
    pub tag_filters: Vec<TagFilter>,
}

/// A tag that members have, with one of the values; any value if there are none.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct TagFilter {
    pub key: String,
    #[serde(default)]
    pub values: Vec<String>,
}

impl TagQuery {
    /// Reads a query.
    ///
    /// Errors: `BadRequestException` for other types of query and for text that is none.
    pub fn read(query: &ResourceQuery) -> Result<Self, ApiError> {
        let invalid = |why: String| ApiError::new("BadRequestException", format!("Query not valid: {why}"));
        if query.kind != "TAG_FILTERS_1_0" {
            return Err(invalid(format!("this endpoint has queries of the type TAG_FILTERS_1_0, not {}.", query.kind)));
        }
        let read: Self = serde_json::from_str(&query.query).map_err(|error| invalid(format!("{error}.")))?;
        let is_type = |name: &String| {
            name == EVERY_TYPE || name.strip_prefix("AWS::").is_some_and(|name| name.split("::").count() == 2)
        };
        if let Some(other) = read.resource_type_filters.iter().find(|name| !is_type(name)) {
            return Err(invalid(format!("{other} is not a resource type.")));
        }
        if read.resource_type_filters.is_empty() {
            return Err(invalid("ResourceTypeFilters is empty.".to_owned()));
        }
        if read.tag_filters.iter().any(|filter| filter.key.is_empty()) {
            return Err(invalid("a tag filter has no key.".to_owned()));
        }
        Ok(read)
    }

    /// What a node must match to be a member; `None` if the group holds no nodes at all.
    pub fn node_tests(self) -> Option<Vec<NodeTest>> {
        let test = |filter: TagFilter| NodeTest::Tag { key: filter.key, values: filter.values };
        includes_nodes(&self.resource_type_filters).then(|| self.tag_filters.into_iter().map(test).collect())
    }
}

/// Whether a list of resource types has that of nodes. AWS's documentation spells types in more than one way.
pub(crate) fn includes_nodes(types: &[String]) -> bool {
    types.iter().any(|name| [NODE_TYPE, EVERY_TYPE].iter().any(|known| name.eq_ignore_ascii_case(known)))
}

/// A group as it is told.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Group {
    pub group_arn: String,
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub criticality: Option<i32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
}

/// Answer of `CreateGroup`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct CreateGroupOutput {
    pub group: Group,
    #[serde(default)]
    pub resource_query: ResourceQuery,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
}

/// Declares the requests that name a group: by its name, by its ARN or in the member that they had formerly.
macro_rules! of_one_group {
    ($($(#[$meta:meta])* $name:ident -> $output:ident),* $(,)?) => {$(
        $(#[$meta])*
        #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
        #[serde(rename_all = "PascalCase", default)]
        pub(crate) struct $name {
            pub group: Option<String>,
            pub group_name: Option<String>,
        }

        impl Operation for $name {
            const NAME: &'static str = stringify!($name);
            type Output = $output;
        }
    )*};
}

of_one_group! {
    /// Request of `GetGroup`.
    GetGroup -> OneGroup,
    /// Request of `GetGroupQuery`.
    GetGroupQuery -> GetGroupQueryOutput,
    /// Request of `DeleteGroup`.
    DeleteGroup -> OneGroup,
}

/// Answer of `GetGroup` and `DeleteGroup`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct OneGroup {
    pub group: Group,
}

/// Answer of `GetGroupQuery`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct GetGroupQueryOutput {
    pub group_query: GroupQuery,
}

/// A group's query.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct GroupQuery {
    pub group_name: String,
    pub resource_query: ResourceQuery,
}

/// A filter of either list.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Filter {
    pub name: String,
    pub values: Vec<String>,
}

/// Request of `ListGroups`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct ListGroups {
    pub filters: Vec<Filter>,
    /// Stands in the query string.
    pub max_results: Option<i32>,
    /// Stands in the query string.
    pub next_token: Option<String>,
}

/// Answer of `ListGroups`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ListGroupsOutput {
    pub group_identifiers: Vec<GroupIdentifier>,
    /// The same as older clients read it.
    pub groups: Vec<Group>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_token: Option<String>,
}

/// A group in a list.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct GroupIdentifier {
    pub group_name: String,
    pub group_arn: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub criticality: Option<i32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
}

/// Request of `ListGroupResources`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct ListGroupResources {
    pub group: Option<String>,
    pub group_name: Option<String>,
    pub filters: Vec<Filter>,
    pub max_results: Option<i32>,
    pub next_token: Option<String>,
}

/// Answer of `ListGroupResources`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ListGroupResourcesOutput {
    pub resources: Vec<Resource>,
    /// The same as older clients read it.
    pub resource_identifiers: Vec<ResourceIdentifier>,
    pub query_errors: Vec<serde_json::Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_token: Option<String>,
}

/// A member of a group.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Resource {
    pub identifier: ResourceIdentifier,
}

/// What a member is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ResourceIdentifier {
    pub resource_arn: String,
    pub resource_type: String,
}

impl Operation for CreateGroup {
    const NAME: &'static str = "CreateGroup";
    type Output = CreateGroupOutput;
}

impl Operation for ListGroups {
    const NAME: &'static str = "ListGroups";
    type Output = ListGroupsOutput;
}

impl Operation for ListGroupResources {
    const NAME: &'static str = "ListGroupResources";
    type Output = ListGroupResourcesOutput;
}
