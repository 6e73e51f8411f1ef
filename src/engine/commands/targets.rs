//! Which nodes a command goes to.

use std::collections::BTreeMap;

use crate::{
    engine::{
        Engine, groups,
        store::nodes::{Node, NodeTest},
    },
    ssm::{ApiError, Target},
};

/// A target: the nodes of a resource group.
const GROUP_NAME: &str = "resource-groups:Name";
/// A target beside it: resources of these types only.
const GROUP_TYPES: &str = "resource-groups:ResourceTypeFilters";

/// The nodes that `InstanceIds` names, in that order.
///
/// Errors: `DuplicateInstanceId`, `InvalidInstanceId` if one is not registered.
pub(super) async fn by_id(engine: &Engine, ids: &[String]) -> Result<Vec<Node>, ApiError> {
    let mut known = find(engine, vec![NodeTest::Ids(ids.to_vec())]).await?;
    let mut nodes = Vec::with_capacity(ids.len());
    for (index, id) in ids.iter().enumerate() {
        if ids[..index].contains(id) {
            return Err(ApiError::new(
                "DuplicateInstanceId",
                "You can't specify a managed node ID in more than one place.",
            ));
        }
        nodes.push(known.remove(id).ok_or_else(|| ApiError::bare("InvalidInstanceId"))?);
    }
    Ok(nodes)
}

/// The nodes that match every target.
///
/// Errors: `ValidationException` for keys that this engine does not have and for groups that are not there,
/// `InvalidInstanceId` for ids that are not registered.
pub(super) async fn by_target(engine: &Engine, targets: &[Target]) -> Result<Vec<Node>, ApiError> {
    let has = |key: &str| targets.iter().any(|target| target.key.as_deref() == Some(key));
    if has(GROUP_TYPES) && !has(GROUP_NAME) {
        return Err(ApiError::validation(format!("{GROUP_TYPES} is given together with {GROUP_NAME}.")));
    }
    let mut matching: Option<BTreeMap<String, Node>> = None;
    for target in targets {
        let found = one(engine, target).await?;
        matching = Some(match matching {
            None => found,
            Some(mut earlier) => {
                earlier.retain(|id, _| found.contains_key(id));
                earlier
            }
        });
    }
    Ok(matching.unwrap_or_default().into_values().collect())
}

async fn one(engine: &Engine, target: &Target) -> Result<BTreeMap<String, Node>, ApiError> {
    let key = target.key.as_deref().unwrap_or_default();
    let values = target.values.clone();
    match key {
        "InstanceIds" if values.iter().any(|value| value == "*") => find(engine, Vec::new()).await,
        "InstanceIds" => {
            let found = find(engine, vec![NodeTest::Ids(values.clone())]).await?;
            if values.iter().all(|id| found.contains_key(id)) {
                Ok(found)
            } else {
                Err(ApiError::bare("InvalidInstanceId"))
            }
        }
        "tag-key" => {
            let mut any = BTreeMap::new();
            for key in values {
                any.extend(find(engine, vec![NodeTest::Tag { key, values: Vec::new() }]).await?);
            }
            Ok(any)
        }
        GROUP_NAME => {
            let [name] = values.as_slice() else {
                return Err(ApiError::validation(format!("{GROUP_NAME} takes the name of one group.")));
            };
            let nodes = groups::members(engine, name).await?;
            let nodes = nodes.ok_or_else(|| ApiError::validation(format!("Resource group {name} does not exist.")))?;
            Ok(by_its_id(nodes))
        }
        GROUP_TYPES if groups::includes_nodes(&values) => find(engine, Vec::new()).await,
        GROUP_TYPES => Ok(BTreeMap::new()),
        _ => match key.strip_prefix("tag:") {
            Some(tag) if !tag.is_empty() => find(engine, vec![NodeTest::Tag { key: tag.to_owned(), values }]).await,
            _ => Err(ApiError::validation(format!(
                "Target key {key} is not supported by this endpoint. Use InstanceIds, tag:<key>, tag-key or \
                 {GROUP_NAME}."
            ))),
        },
    }
}

async fn find(engine: &Engine, tests: Vec<NodeTest>) -> Result<BTreeMap<String, Node>, ApiError> {
    let nodes = engine.store.nodes(tests, None, usize::MAX, |_| true).await?;
    Ok(by_its_id(nodes))
}

fn by_its_id(nodes: Vec<Node>) -> BTreeMap<String, Node> {
    nodes.into_iter().map(|node| (node.id.clone(), node)).collect()
}
