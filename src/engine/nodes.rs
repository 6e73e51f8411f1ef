//! Managed nodes: what is known of them, whether they live, and how they go.

mod filters;

use std::time::Duration;

use filters::{Filter, Filters};

use super::{Ctx, Engine, Router, paging, presence::Line, store::nodes::Node};
use crate::ssm::{
    ApiError, ConnectionStatus, DeregisterManagedInstance, DeregisterManagedInstanceOutput,
    DescribeInstanceInformation, DescribeInstanceInformationOutput, DescribeInstanceProperties,
    DescribeInstancePropertiesOutput, GetConnectionStatus, GetConnectionStatusOutput, InstanceInformation,
    InstanceProperty, Operation, PingStatus, ResourceType, SourceType, Timestamp, UpdateInstanceInformation,
    UpdateInstanceInformationOutput, UpdateManagedInstanceRole, UpdateManagedInstanceRoleOutput,
};

/// A node that has not reported for this long has lost its connection: agents report every five minutes.
const SILENCE: Duration = Duration::from_secs(5 * 60);
/// A cut control channel that nobody opens again says so sooner.
const CUT: Duration = Duration::from_secs(60);
/// A node that has been lost for this long is inactive.
const LOST: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// The newest agent that this engine knows of.
const LATEST_AGENT: &str = "3.3.0.0";

pub(super) fn operations() -> Router {
    Router::default()
        .handle(describe)
        .handle(describe_properties)
        .handle(deregister)
        .handle(connection_status)
        .handle(update_role)
        .handle(update_information)
}

/// Whether a node lives, as far as its reports and its control channel tell.
pub fn ping_status(node: &Node, line: Line, now: Timestamp) -> PingStatus {
    let silence = node.last_ping.map(|ping| now.since(ping));
    match (line, silence) {
        (Line::Connected, Some(_)) => PingStatus::Online,
        (_, None) => PingStatus::Inactive,
        (_, Some(silence)) if silence > LOST => PingStatus::Inactive,
        (Line::Gone(cut), Some(_)) if node.last_ping < Some(cut) && now.since(cut) > CUT => PingStatus::ConnectionLost,
        (_, Some(silence)) if silence > SILENCE => PingStatus::ConnectionLost,
        _ => PingStatus::Online,
    }
}

async fn describe(
    ctx: Ctx,
    request: DescribeInstanceInformation,
) -> Result<DescribeInstanceInformationOutput, ApiError> {
    let filters = Filters::of_information(&request)?;
    let (nodes, next_token) =
        page(&ctx, &request, filters, request.next_token.as_deref(), paging::limit(request.max_results, 10)).await?;
    let now = ctx.now();
    Ok(DescribeInstanceInformationOutput {
        instance_information_list: nodes.into_iter().map(|node| information(&ctx.engine, node, now)).collect(),
        next_token,
    })
}

async fn describe_properties(
    ctx: Ctx,
    request: DescribeInstanceProperties,
) -> Result<DescribeInstancePropertiesOutput, ApiError> {
    let filters = Filters::of_properties(&request)?;
    let (nodes, next_token) =
        page(&ctx, &request, filters, request.next_token.as_deref(), paging::limit(request.max_results, 50)).await?;
    let now = ctx.now();
    let property = |node| property(information(&ctx.engine, node, now));
    Ok(DescribeInstancePropertiesOutput { instance_properties: nodes.into_iter().map(property).collect(), next_token })
}

async fn page<O: Operation>(
    ctx: &Ctx,
    request: &O,
    filters: Filters,
    token: Option<&str>,
    limit: usize,
) -> Result<(Vec<Node>, Option<String>), ApiError> {
    let after = ctx.engine.tokens.resume(request, token)?;
    let (presence, now) = (ctx.engine.presence.clone(), ctx.now());
    let Filters { tests, filters } = filters;
    let keep = move |node: &Node| {
        // The status costs a look at the control channels, so it is worked out only for those who ask.
        filters.iter().all(|filter: &Filter| filter.matches(node, || ping_status(node, presence.line(&node.id), now)))
    };
    let mut nodes = ctx.engine.store.nodes(tests, after, limit + 1, keep).await?;
    let next = paging::cut(&mut nodes, limit, |last| ctx.engine.tokens.issue(request, &last.id)).transpose()?;
    Ok((nodes, next))
}

fn information(engine: &Engine, node: Node, now: Timestamp) -> InstanceInformation {
    let ping_status = ping_status(&node, engine.presence.line(&node.id), now);
    InstanceInformation {
        ping_status: Some(ping_status),
        last_ping_date_time: node.last_ping,
        is_latest_version: node.agent_version.as_deref().map(|version| version == LATEST_AGENT),
        agent_version: node.agent_version,
        platform_type: node.platform_type.map(Into::into),
        platform_name: node.platform_name,
        platform_version: node.platform_version,
        activation_id: Some(node.activation_id),
        iam_role: Some(node.iam_role),
        registration_date: Some(node.registered),
        resource_type: Some(ResourceType::ManagedInstance),
        name: node.name,
        ip_address: node.ip_address,
        computer_name: node.computer_name,
        source_id: Some(node.id.clone()),
        source_type: Some(SourceType::AwsSsmManagedInstance),
        instance_id: Some(node.id),
        ..InstanceInformation::default()
    }
}

fn property(node: InstanceInformation) -> InstanceProperty {
    InstanceProperty {
        name: node.name,
        instance_id: node.instance_id,
        ip_address: node.ip_address,
        ping_status: node.ping_status,
        last_ping_date_time: node.last_ping_date_time,
        agent_version: node.agent_version,
        platform_type: node.platform_type,
        platform_name: node.platform_name,
        platform_version: node.platform_version,
        activation_id: node.activation_id,
        iam_role: node.iam_role,
        registration_date: node.registration_date,
        resource_type: node.resource_type.map(Into::into),
        computer_name: node.computer_name,
        source_id: node.source_id,
        source_type: node.source_type,
        ..InstanceProperty::default()
    }
}

async fn deregister(ctx: Ctx, request: DeregisterManagedInstance) -> Result<DeregisterManagedInstanceOutput, ApiError> {
    require(ctx.engine.store.delete_node(request.instance_id.clone()).await?)?;
    ctx.engine.presence.forget(&request.instance_id);
    ctx.engine.channels.hang_up(&request.instance_id);
    Ok(DeregisterManagedInstanceOutput {})
}

async fn connection_status(ctx: Ctx, request: GetConnectionStatus) -> Result<GetConnectionStatusOutput, ApiError> {
    let connected = ctx.engine.presence.is_connected(&request.target);
    let status = if connected { ConnectionStatus::Connected } else { ConnectionStatus::NotConnected };
    Ok(GetConnectionStatusOutput { target: Some(request.target), status: Some(status) })
}

async fn update_role(
    ctx: Ctx,
    request: UpdateManagedInstanceRole,
) -> Result<UpdateManagedInstanceRoleOutput, ApiError> {
    require(ctx.engine.store.set_node_role(request.instance_id, request.iam_role).await?)?;
    Ok(UpdateManagedInstanceRoleOutput {})
}

async fn update_information(
    ctx: Ctx,
    request: UpdateInstanceInformation,
) -> Result<UpdateInstanceInformationOutput, ApiError> {
    require(ctx.engine.store.node_reported(request, ctx.now()).await?)?;
    Ok(UpdateInstanceInformationOutput {})
}

/// AWS sends no text for an unknown node.
fn require(exists: bool) -> Result<(), ApiError> {
    if exists { Ok(()) } else { Err(ApiError::bare("InvalidInstanceId")) }
}

#[cfg(test)]
mod tests;
