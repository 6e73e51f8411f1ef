//! Resource Groups, as much of the service as commands need: groups that a query over tags defines, and the nodes in them.
//!
//! The service speaks REST-JSON: one path for an operation, the error's code in a header.

mod shapes;

use std::sync::Arc;

use axum::{
    Router as Routes,
    extract::{Request, State},
    http::{HeaderValue, Method, StatusCode, request::Parts},
    response::Response,
    routing::{MethodRouter, any},
};
use serde_json::Value;

use self::shapes::*;
use super::{
    ACCOUNT, Caller, Ctx, Engine, Payload,
    auth::Authenticated,
    http::{self, App},
    paging, random, router,
    store::nodes::Node,
};
use crate::{
    ssm::{ApiError, Operation},
    wire::json,
};

pub(super) use self::shapes::{CreateGroup, includes_nodes};

/// The name under which callers sign.
const SERVICE: &str = "resource-groups";
/// The size of a page, and the largest that can be asked for.
const PAGE: usize = 50;

/// Every path of the service.
pub(super) fn routes() -> Routes<App> {
    Routes::new()
        .route("/groups", operation(create))
        .route("/get-group", operation(get))
        .route("/get-group-query", operation(get_query))
        .route("/delete-group", operation(delete))
        .route("/groups-list", operation(list))
        .route("/list-group-resources", operation(list_resources))
}

/// Turns a handler into what a path answers.
fn operation<O, F, R>(handler: F) -> MethodRouter<App>
where
    O: Operation,
    F: Fn(Ctx, O) -> R + Clone + Send + Sync + 'static,
    R: Future<Output = Result<O::Output, ApiError>> + Send + 'static,
{
    any(move |State(app): State<App>, request: Request| async move {
        let request_id = random::uuid();
        let mut response = match answer(&app, request, &request_id, handler).await {
            Ok(body) => http::respond(StatusCode::OK, "application/json", body),
            Err(error) => failure(worded(error)),
        };
        if let Ok(id) = HeaderValue::from_str(&request_id) {
            response.headers_mut().insert(json::REQUEST_ID_HEADER, id);
        }
        response
    })
}

async fn answer<O, F, R>(app: &App, request: Request, request_id: &str, handler: F) -> Result<Vec<u8>, ApiError>
where
    O: Operation,
    F: Fn(Ctx, O) -> R,
    R: Future<Output = Result<O::Output, ApiError>>,
{
    let (parts, body) = request.into_parts();
    if parts.method != Method::POST {
        return Err(ApiError::bare("MethodNotAllowedException"));
    }
    let body = axum::body::to_bytes(body, http::BODY_LIMIT).await.map_err(|_| bad("The request is too large."))?;
    let Authenticated { caller, region } = app.engine.authenticate(&parts, Payload::Body(&body), SERVICE).await?;
    if caller != Caller::Root {
        return Err(caller.denied(&format!("{SERVICE}:{}", O::NAME)));
    }
    let mut members = router::parse(&body)?;
    take_query_string(&parts, &mut members)?;
    let request = serde_json::from_value(members).map_err(|_| bad("The body is not what the operation takes."))?;
    let ctx = Ctx {
        engine: Arc::clone(&app.engine),
        caller,
        region,
        request_id: request_id.to_owned(),
        base_url: app.base_url(&parts.headers),
    };
    let output = handler(ctx, request).await?;
    serde_json::to_vec(&output).map_err(|_| ApiError::internal("The answer could not be written."))
}

/// `ListGroups` has its page in the query string.
fn take_query_string(parts: &Parts, members: &mut Value) -> Result<(), ApiError> {
    let query = parts.uri.query().unwrap_or_default();
    let url = reqwest::Url::parse(&format!("http://localhost/?{query}")).map_err(|_| bad("The path is malformed."))?;
    for (name, value) in url.query_pairs() {
        match &*name {
            "maxResults" => {
                let number: i32 = value.parse().map_err(|_| bad("maxResults is not a number."))?;
                members["MaxResults"] = number.into();
            }
            "nextToken" => members["NextToken"] = Value::String(value.into_owned()),
            _ => {}
        }
    }
    Ok(())
}

/// An error as this service words it: with its own codes, and 403 where a signature is wrong.
fn worded(error: ApiError) -> ApiError {
    let (code, status) = match &*error.code {
        "BadRequestException" | "InvalidNextToken" | "SerializationException" => ("BadRequestException", 400),
        "NotFoundException" => ("NotFoundException", 404),
        "MethodNotAllowedException" => ("MethodNotAllowedException", 405),
        "AccessDeniedException" => ("ForbiddenException", 403),
        _ if error.status >= 500 => ("InternalServerErrorException", 500),
        _ => return error.with_status(403),
    };
    ApiError { code: code.into(), ..error }.with_status(status)
}

fn failure(error: ApiError) -> Response {
    let status = StatusCode::from_u16(error.status).unwrap_or(StatusCode::BAD_REQUEST);
    let mut response = http::respond(status, "application/json", json::encode_error(&error, Some("Message")));
    if let Ok(code) = HeaderValue::from_str(&error.code) {
        response.headers_mut().insert(json::ERROR_TYPE_HEADER, code);
    }
    response
}

fn bad(message: impl Into<String>) -> ApiError {
    ApiError::new("BadRequestException", message)
}

fn not_found() -> ApiError {
    ApiError::new("NotFoundException", "Cannot find group: group does not exist")
}

async fn create(ctx: Ctx, request: CreateGroup) -> Result<CreateGroupOutput, ApiError> {
    let named = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '.' | '-');
    if !(1..=300).contains(&request.name.len()) || !request.name.chars().all(named) {
        return Err(bad("A group's name has 1 to 300 letters, digits, dots, hyphens and underscores."));
    }
    if request.name.get(..3).is_some_and(|start| start.eq_ignore_ascii_case("aws")) {
        return Err(bad("A group's name can't begin with AWS."));
    }
    if request.description.as_ref().is_some_and(|text| text.chars().count() > 1024) {
        return Err(bad("A group's description has at most 1024 characters."));
    }
    if !request.configuration.is_empty() {
        return Err(bad("This endpoint has no groups with a configuration. Give a ResourceQuery."));
    }
    let resource_query = request.resource_query.clone().ok_or_else(|| bad("A group needs a ResourceQuery."))?;
    TagQuery::read(&resource_query)?;
    if !ctx.engine.store.create_group(request.clone()).await? {
        return Err(bad("Cannot create group: group already exists"));
    }
    let tags = request.tags.clone();
    Ok(CreateGroupOutput { group: told(&ctx, request), resource_query, tags })
}

async fn get(ctx: Ctx, request: GetGroup) -> Result<OneGroup, ApiError> {
    let group = named(&ctx, request.group, request.group_name).await?;
    Ok(OneGroup { group: told(&ctx, group) })
}

async fn get_query(ctx: Ctx, request: GetGroupQuery) -> Result<GetGroupQueryOutput, ApiError> {
    let group = named(&ctx, request.group, request.group_name).await?;
    let resource_query = group.resource_query.unwrap_or_default();
    Ok(GetGroupQueryOutput { group_query: GroupQuery { group_name: group.name, resource_query } })
}

async fn delete(ctx: Ctx, request: DeleteGroup) -> Result<OneGroup, ApiError> {
    let group = named(&ctx, request.group, request.group_name).await?;
    if !ctx.engine.store.delete_group(group.name.clone()).await? {
        return Err(not_found());
    }
    Ok(OneGroup { group: told(&ctx, group) })
}

async fn list(ctx: Ctx, request: ListGroups) -> Result<ListGroupsOutput, ApiError> {
    let limit = page(request.max_results)?;
    if let Some(filter) = request.filters.iter().find(|filter| !GROUP_FILTERS.contains(&filter.name.as_str())) {
        return Err(bad(format!("{} is not a filter of groups.", filter.name)));
    }
    let after = ctx.engine.tokens.resume(&request, request.next_token.as_deref())?;
    let mut groups = ctx.engine.store.groups(after).await?;
    groups.retain(|group| request.filters.iter().all(|filter| matches(group, filter)));
    let next = paging::cut(&mut groups, limit, |last| last.name.clone());
    let next_token = next.map(|name| ctx.engine.tokens.issue(&request, &name)).transpose()?;
    let groups: Vec<Group> = groups.into_iter().map(|group| told(&ctx, group)).collect();
    let identifier = |group: Group| GroupIdentifier {
        group_name: group.name,
        group_arn: group.group_arn,
        description: group.description,
        criticality: group.criticality,
        owner: group.owner,
        display_name: group.display_name,
    };
    Ok(ListGroupsOutput { group_identifiers: groups.iter().cloned().map(identifier).collect(), groups, next_token })
}

async fn list_resources(ctx: Ctx, request: ListGroupResources) -> Result<ListGroupResourcesOutput, ApiError> {
    let limit = page(request.max_results)?;
    if let Some(filter) = request.filters.iter().find(|filter| filter.name != "resource-type") {
        return Err(bad(format!("{} is not a filter of resources.", filter.name)));
    }
    let group = named(&ctx, request.group.clone(), request.group_name.clone()).await?;
    let after = ctx.engine.tokens.resume(&request, request.next_token.as_deref())?;
    let mut nodes = if request.filters.iter().all(|filter| includes_nodes(&filter.values)) {
        nodes(&ctx.engine, &group, after, limit + 1).await?
    } else {
        Vec::new()
    };
    let next = paging::cut(&mut nodes, limit, |last| last.id.clone());
    let next_token = next.map(|id| ctx.engine.tokens.issue(&request, &id)).transpose()?;
    let identifier = |node: Node| ResourceIdentifier {
        resource_arn: ctx.arn(&format!("managed-instance/{}", node.id)),
        resource_type: NODE_TYPE.to_owned(),
    };
    let resource_identifiers: Vec<ResourceIdentifier> = nodes.into_iter().map(identifier).collect();
    let resources = resource_identifiers.iter().cloned().map(|identifier| Resource { identifier }).collect();
    Ok(ListGroupResourcesOutput { resources, resource_identifiers, query_errors: Vec::new(), next_token })
}

/// The nodes in the group of a name, for commands; `None` if there is no such group.
pub(super) async fn members(engine: &Engine, name: &str) -> Result<Option<Vec<Node>>, ApiError> {
    match engine.store.group(name).await? {
        Some(group) => Ok(Some(nodes(engine, &group, None, usize::MAX).await?)),
        None => Ok(None),
    }
}

async fn nodes(
    engine: &Engine,
    group: &CreateGroup,
    after: Option<String>,
    limit: usize,
) -> Result<Vec<Node>, ApiError> {
    let tests = group.resource_query.as_ref().map(TagQuery::read).transpose()?.and_then(TagQuery::node_tests);
    match tests {
        Some(tests) => engine.store.nodes(tests, after, limit, |_| true).await,
        None => Ok(Vec::new()),
    }
}

/// The group that a request names.
async fn named(ctx: &Ctx, group: Option<String>, group_name: Option<String>) -> Result<CreateGroup, ApiError> {
    let name = group.or(group_name).ok_or_else(|| bad("Group is required."))?;
    let prefix = arn(ctx, "");
    ctx.engine.store.group(name.strip_prefix(&prefix).unwrap_or(&name)).await?.ok_or_else(not_found)
}

fn arn(ctx: &Ctx, name: &str) -> String {
    format!("arn:aws:{SERVICE}:{}:{ACCOUNT}:group/{name}", ctx.region)
}

fn told(ctx: &Ctx, group: CreateGroup) -> Group {
    Group {
        group_arn: arn(ctx, &group.name),
        name: group.name,
        description: group.description,
        criticality: group.criticality,
        owner: group.owner,
        display_name: group.display_name,
    }
}

fn page(max_results: Option<i32>) -> Result<usize, ApiError> {
    let limit = paging::limit(max_results, PAGE);
    if max_results.is_none_or(|asked| asked > 0) && limit <= PAGE {
        Ok(limit)
    } else {
        Err(bad(format!("MaxResults is a number from 1 to {PAGE}.")))
    }
}

/// What groups are filtered by.
const GROUP_FILTERS: &[&str] = &["resource-type", "configuration-type", "owner", "display-name", "criticality"];

fn matches(group: &CreateGroup, filter: &Filter) -> bool {
    let is = |value: Option<&str>| value.is_some_and(|value| filter.values.iter().any(|wanted| wanted == value));
    match filter.name.as_str() {
        "resource-type" => {
            let query = group.resource_query.as_ref().and_then(|query| TagQuery::read(query).ok());
            query.is_some_and(|query| query.resource_type_filters.iter().any(|kind| is(Some(kind))))
        }
        "owner" => is(group.owner.as_deref()),
        "display-name" => is(group.display_name.as_deref()),
        "criticality" => is(group.criticality.map(|number| number.to_string()).as_deref()),
        // No group has a configuration.
        _ => false,
    }
}

#[cfg(test)]
mod tests;
