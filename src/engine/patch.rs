//! Patch Manager: the patch state of nodes, from what their scans put into the inventory. A node that was never scanned has
//! no state.

use std::collections::BTreeMap;

use super::{
    Ctx, Engine, Router, paging,
    store::nodes::{Node, NodeTest},
};
use crate::ssm::{
    ApiError, DescribeInstancePatchStates, DescribeInstancePatchStatesForPatchGroup,
    DescribeInstancePatchStatesForPatchGroupOutput, DescribeInstancePatchStatesOutput, DescribeInstancePatches,
    DescribeInstancePatchesOutput, DescribePatchGroupState, DescribePatchGroupStateOutput, InstancePatchState,
    InstancePatchStateFilter, InstancePatchStateOperatorType, PatchComplianceData, PatchComplianceDataState,
    PatchOperationType, PatchOrchestratorFilter, RebootOption, Timestamp,
};

const PAGE: usize = 50;
const SUMMARY: &str = "AWS:PatchSummary";
const PATCHES: &str = "AWS:PatchCompliance";
/// The tags that put a node into a patch group.
const GROUP_TAGS: &[&str] = &["PatchGroup", "Patch Group"];
/// The baseline of a node that names none.
const DEFAULT_BASELINE: &str = "pb-00000000000000000";
/// The patch group of a node that is in none.
const DEFAULT_GROUP: &str = "default";

/// The operations of patching.
pub(super) fn operations() -> Router {
    Router::default().handle(states).handle(group_states).handle(patches).handle(group)
}

async fn states(ctx: Ctx, request: DescribeInstancePatchStates) -> Result<DescribeInstancePatchStatesOutput, ApiError> {
    let from: usize = ctx.engine.tokens.resume(&request, request.next_token.as_deref())?.unwrap_or(0);
    let limit = paging::limit(request.max_results, PAGE);
    let mut instance_patch_states = Vec::new();
    for id in request.instance_ids.iter().skip(from).take(limit) {
        instance_patch_states.extend(state(&ctx.engine, id, None).await?);
    }
    let more = request.instance_ids.len() > from.saturating_add(limit);
    let next_token = if more { Some(ctx.engine.tokens.issue(&request, &(from + limit))?) } else { None };
    Ok(DescribeInstancePatchStatesOutput { instance_patch_states, next_token })
}

async fn group_states(
    ctx: Ctx,
    request: DescribeInstancePatchStatesForPatchGroup,
) -> Result<DescribeInstancePatchStatesForPatchGroupOutput, ApiError> {
    let after: String = ctx.engine.tokens.resume(&request, request.next_token.as_deref())?.unwrap_or_default();
    let limit = paging::limit(request.max_results, PAGE);
    let mut found = Vec::new();
    for id in members(&ctx.engine, &request.patch_group).await?.into_keys().filter(|id| *id > after) {
        if let Some(state) = state(&ctx.engine, &id, Some(&request.patch_group)).await?
            && all_met(&request.filters, &state)?
        {
            found.push(state);
        }
        if found.len() > limit {
            break;
        }
    }
    let cursor = paging::cut(&mut found, limit, |last| last.instance_id.clone());
    let next_token = cursor.map(|cursor| ctx.engine.tokens.issue(&request, &cursor)).transpose()?;
    Ok(DescribeInstancePatchStatesForPatchGroupOutput { instance_patch_states: found, next_token })
}

async fn patches(ctx: Ctx, request: DescribeInstancePatches) -> Result<DescribeInstancePatchesOutput, ApiError> {
    let from: usize = ctx.engine.tokens.resume(&request, request.next_token.as_deref())?.unwrap_or(0);
    let limit = paging::limit(request.max_results, PAGE);
    let store = &ctx.engine.store;
    store.node(&request.instance_id).await?.ok_or_else(|| ApiError::bare("InvalidInstanceId"))?;
    let item = store.inventory_item(&request.instance_id, PATCHES).await?;
    let mut found: Vec<PatchComplianceData> =
        item.map(|item| item.content.iter().map(patch).collect()).unwrap_or_default();
    for filter in &request.filters {
        let field = field(filter)?;
        let by_state = filter.key.as_deref() == Some("State");
        let meets = |has: &str, wanted: &str| if by_state { same_state(has, wanted) } else { has == wanted };
        found.retain(|patch| filter.values.is_empty() || filter.values.iter().any(|value| meets(field(patch), value)));
    }
    let more = found.len() > from.saturating_add(limit);
    let patches = found.into_iter().skip(from).take(limit).collect();
    let next_token = if more { Some(ctx.engine.tokens.issue(&request, &(from + limit))?) } else { None };
    Ok(DescribeInstancePatchesOutput { patches, next_token })
}

async fn group(ctx: Ctx, request: DescribePatchGroupState) -> Result<DescribePatchGroupStateOutput, ApiError> {
    let nodes = members(&ctx.engine, &request.patch_group).await?;
    let instances = i32::try_from(nodes.len()).ok();
    let mut states = Vec::new();
    for id in nodes.into_keys() {
        states.extend(state(&ctx.engine, &id, None).await?);
    }
    let with = |count: fn(&InstancePatchState) -> Option<i32>| {
        i32::try_from(states.iter().filter(|state| count(state).unwrap_or(0) > 0).count()).ok()
    };
    Ok(DescribePatchGroupStateOutput {
        instances,
        instances_with_installed_patches: with(|state| state.installed_count),
        instances_with_installed_other_patches: with(|state| state.installed_other_count),
        instances_with_installed_pending_reboot_patches: with(|state| state.installed_pending_reboot_count),
        instances_with_installed_rejected_patches: with(|state| state.installed_rejected_count),
        instances_with_missing_patches: with(|state| state.missing_count),
        instances_with_failed_patches: with(|state| state.failed_count),
        instances_with_not_applicable_patches: with(|state| state.not_applicable_count),
        instances_with_unreported_not_applicable_patches: with(|state| state.unreported_not_applicable_count),
        instances_with_critical_non_compliant_patches: with(|state| state.critical_non_compliant_count),
        instances_with_security_non_compliant_patches: with(|state| state.security_non_compliant_count),
        instances_with_other_non_compliant_patches: with(|state| state.other_non_compliant_count),
        instances_with_available_security_updates: with(|state| state.available_security_update_count),
    })
}

/// The nodes of a patch group, by id.
async fn members(engine: &Engine, group: &str) -> Result<BTreeMap<String, Node>, ApiError> {
    let mut nodes = BTreeMap::new();
    for key in GROUP_TAGS {
        let test = NodeTest::Tag { key: (*key).to_owned(), values: vec![group.to_owned()] };
        let found = engine.store.nodes(vec![test], None, usize::MAX, |_| true).await?;
        nodes.extend(found.into_iter().map(|node| (node.id.clone(), node)));
    }
    Ok(nodes)
}

async fn group_of(engine: &Engine, instance_id: &str) -> Result<String, ApiError> {
    let kind = crate::ssm::ResourceTypeForTagging::ManagedInstance;
    let tags = engine.store.tags(kind, instance_id.to_owned()).await?;
    let tag = tags.into_iter().find(|tag| GROUP_TAGS.contains(&tag.key.as_str()) && !tag.value.is_empty());
    Ok(tag.map_or_else(|| DEFAULT_GROUP.to_owned(), |tag| tag.value))
}

/// The state of a node, if it was ever scanned.
async fn state(
    engine: &Engine,
    instance_id: &str,
    group: Option<&str>,
) -> Result<Option<InstancePatchState>, ApiError> {
    let Some(item) = engine.store.inventory_item(instance_id, SUMMARY).await? else { return Ok(None) };
    let Some(summary) = item.content.first() else { return Ok(None) };
    let text = |name: &str| summary.get(name).map(String::as_str).filter(|text| !text.is_empty());
    let count = |name: &str| text(name).and_then(|text| text.parse().ok()).or(Some(0));
    let time = |name: &str| text(name).and_then(Timestamp::parse_iso);
    let captured = Timestamp::parse_iso(&item.capture_time);
    let patch_group = match (group, text("PatchGroup")) {
        (Some(group), _) | (None, Some(group)) => group.to_owned(),
        (None, None) => group_of(engine, instance_id).await?,
    };
    Ok(Some(InstancePatchState {
        instance_id: instance_id.to_owned(),
        patch_group,
        baseline_id: text("BaselineId").filter(|id| id.len() >= 20).unwrap_or(DEFAULT_BASELINE).to_owned(),
        snapshot_id: text("SnapshotId").filter(|id| uuid::Uuid::parse_str(id).is_ok()).map(str::to_owned),
        install_override_list: text("InstallOverrideList").map(str::to_owned),
        owner_information: None,
        installed_count: count("InstalledCount"),
        installed_other_count: count("InstalledOtherCount"),
        installed_pending_reboot_count: count("InstalledPendingRebootCount"),
        installed_rejected_count: count("InstalledRejectedCount"),
        missing_count: count("MissingCount"),
        failed_count: count("FailedCount"),
        unreported_not_applicable_count: count("UnreportedNotApplicableCount"),
        not_applicable_count: count("NotApplicableCount"),
        available_security_update_count: count("AvailableSecurityUpdateCount"),
        operation_start_time: time("OperationStartTime").or(captured).unwrap_or_default(),
        operation_end_time: time("OperationEndTime").or(captured).unwrap_or_default(),
        operation: match text("OperationType") {
            Some("Install") => PatchOperationType::Install,
            _ => PatchOperationType::Scan,
        },
        last_no_reboot_install_operation_time: time("LastNoRebootInstallOperationTime"),
        reboot_option: match text("RebootOption") {
            Some("NoReboot") => Some(RebootOption::NoReboot),
            Some("RebootIfNeeded") => Some(RebootOption::RebootIfNeeded),
            _ => None,
        },
        critical_non_compliant_count: count("CriticalNonCompliantCount"),
        security_non_compliant_count: count("SecurityNonCompliantCount"),
        other_non_compliant_count: count("OtherNonCompliantCount"),
    }))
}

fn patch(entry: &BTreeMap<String, String>) -> PatchComplianceData {
    let text = |name: &str| entry.get(name).cloned().unwrap_or_default();
    PatchComplianceData {
        title: text("Title"),
        kb_id: text("KBId"),
        classification: text("Classification"),
        severity: text("Severity"),
        state: PatchComplianceDataState::from(text("State")),
        installed_time: Timestamp::parse_iso(&text("InstalledTime")).unwrap_or_default(),
        cve_ids: entry.get("CVEIds").filter(|ids| !ids.is_empty()).cloned(),
    }
}

/// Whether two spellings mean the same state: AWS's answers say `INSTALLED_OTHER`, its filters take `InstalledOther`.
fn same_state(a: &str, b: &str) -> bool {
    let letters = |text: &str| text.replace('_', "").to_ascii_lowercase();
    letters(a) == letters(b)
}

/// What a filter of `DescribeInstancePatches` looks at.
fn field(filter: &PatchOrchestratorFilter) -> Result<fn(&PatchComplianceData) -> &str, ApiError> {
    match filter.key.as_deref().unwrap_or_default() {
        "State" => Ok(|patch| patch.state.as_str()),
        "Classification" => Ok(|patch| &patch.classification),
        "Severity" => Ok(|patch| &patch.severity),
        "KBId" => Ok(|patch| &patch.kb_id),
        "Title" => Ok(|patch| &patch.title),
        key => Err(ApiError::new("InvalidFilter", format!("The filter {key} is not valid."))),
    }
}

fn all_met(filters: &[InstancePatchStateFilter], state: &InstancePatchState) -> Result<bool, ApiError> {
    for filter in filters {
        let invalid = || ApiError::new("InvalidFilter", format!("The filter {} is not valid.", filter.key));
        let count = match filter.key.as_str() {
            "InstalledCount" => state.installed_count,
            "InstalledOtherCount" => state.installed_other_count,
            "InstalledPendingRebootCount" => state.installed_pending_reboot_count,
            "InstalledRejectedCount" => state.installed_rejected_count,
            "MissingCount" => state.missing_count,
            "FailedCount" => state.failed_count,
            "NotApplicableCount" => state.not_applicable_count,
            _ => return Err(invalid()),
        };
        let count = count.unwrap_or(0);
        let wanted: Vec<i32> =
            filter.values.iter().map(|value| value.parse().map_err(|_| invalid())).collect::<Result<_, _>>()?;
        let met = match filter.r#type {
            InstancePatchStateOperatorType::Equal => wanted.contains(&count),
            InstancePatchStateOperatorType::NotEqual => !wanted.contains(&count),
            InstancePatchStateOperatorType::LessThan => wanted.iter().any(|value| count < *value),
            InstancePatchStateOperatorType::GreaterThan => wanted.iter().any(|value| count > *value),
            InstancePatchStateOperatorType::Other(_) => return Err(invalid()),
        };
        if !met {
            return Ok(false);
        }
    }
    Ok(true)
}
