//! Tags on nodes and parameters.

use super::{Ctx, Router, parameters};
use crate::ssm::{
    AddTagsToResource, AddTagsToResourceOutput, ApiError, ListTagsForResource, ListTagsForResourceOutput,
    RemoveTagsFromResource, RemoveTagsFromResourceOutput, ResourceTypeForTagging, Tag,
};

pub(super) fn operations() -> Router {
    Router::default().handle(add).handle(remove).handle(list)
}

/// Whether tags may be put: keys that begin with `aws:` are AWS's own, and no key comes twice.
pub(super) fn check(tags: &[Tag]) -> Result<(), ApiError> {
    for (index, tag) in tags.iter().enumerate() {
        if tag.key.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("aws:")) {
            return Err(ApiError::validation("aws: prefixed tag key names are not allowed for external use."));
        }
        if tags[..index].iter().any(|other| other.key == tag.key) {
            return Err(ApiError::validation(format!("Duplicate tag key found: {}", tag.key)));
        }
    }
    if tags.len() > 50 { Err(ApiError::bare("TooManyTagsError")) } else { Ok(()) }
}

/// The id under which the store knows a resource.
fn stored_id(kind: &ResourceTypeForTagging, id: String) -> String {
    match kind {
        ResourceTypeForTagging::Parameter => parameters::canonical(&id),
        _ => id,
    }
}

async fn add(ctx: Ctx, request: AddTagsToResource) -> Result<AddTagsToResourceOutput, ApiError> {
    check(&request.tags)?;
    let id = stored_id(&request.resource_type, request.resource_id);
    ctx.engine.store.add_tags(request.resource_type, id, request.tags).await?;
    Ok(AddTagsToResourceOutput {})
}

async fn remove(ctx: Ctx, request: RemoveTagsFromResource) -> Result<RemoveTagsFromResourceOutput, ApiError> {
    let id = stored_id(&request.resource_type, request.resource_id);
    ctx.engine.store.remove_tags(request.resource_type, id, request.tag_keys).await?;
    Ok(RemoveTagsFromResourceOutput {})
}

async fn list(ctx: Ctx, request: ListTagsForResource) -> Result<ListTagsForResourceOutput, ApiError> {
    let id = stored_id(&request.resource_type, request.resource_id);
    Ok(ListTagsForResourceOutput { tag_list: ctx.engine.store.tags(request.resource_type, id).await? })
}
