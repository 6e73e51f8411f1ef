//! Patch Manager: the patch state of nodes.

use serde::{Deserialize, Serialize};

use super::Sensitive;
use super::Timestamp;
use super::macros::{operation, paged, string_enums};

string_enums! {
/// The API's `PatchOperationType`.
pub enum PatchOperationType {
    Scan = "Scan",
    Install = "Install",
}

/// The API's `RebootOption`.
pub enum RebootOption {
    RebootIfNeeded = "RebootIfNeeded",
    NoReboot = "NoReboot",
}

/// The API's `InstancePatchStateOperatorType`.
pub enum InstancePatchStateOperatorType {
    Equal = "Equal",
    NotEqual = "NotEqual",
    LessThan = "LessThan",
    GreaterThan = "GreaterThan",
}

/// The API's `PatchComplianceDataState`.
pub enum PatchComplianceDataState {
    Installed = "INSTALLED",
    InstalledOther = "INSTALLED_OTHER",
    InstalledPendingReboot = "INSTALLED_PENDING_REBOOT",
    InstalledRejected = "INSTALLED_REJECTED",
    Missing = "MISSING",
    NotApplicable = "NOT_APPLICABLE",
    Failed = "FAILED",
    AvailableSecurityUpdate = "AVAILABLE_SECURITY_UPDATE",
}
}

/// Request of `DescribeInstancePatchStates`. Errors: `InternalServerError`, `InvalidNextToken`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct DescribeInstancePatchStates {
    #[serde(default)]
    pub instance_ids: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_token: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_results: Option<i32>,
}

/// Answer of `DescribeInstancePatchStates`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct DescribeInstancePatchStatesOutput {
    #[serde(default)]
    pub instance_patch_states: Vec<InstancePatchState>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_token: Option<String>,
}

/// The API's `InstancePatchState`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct InstancePatchState {
    #[serde(default)]
    pub instance_id: String,
    #[serde(default)]
    pub patch_group: String,
    #[serde(default)]
    pub baseline_id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snapshot_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub install_override_list: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner_information: Option<Sensitive>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub installed_count: Option<i32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub installed_other_count: Option<i32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub installed_pending_reboot_count: Option<i32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub installed_rejected_count: Option<i32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing_count: Option<i32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed_count: Option<i32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unreported_not_applicable_count: Option<i32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_applicable_count: Option<i32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub available_security_update_count: Option<i32>,
    #[serde(default)]
    pub operation_start_time: Timestamp,
    #[serde(default)]
    pub operation_end_time: Timestamp,
    #[serde(default)]
    pub operation: PatchOperationType,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_no_reboot_install_operation_time: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reboot_option: Option<RebootOption>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub critical_non_compliant_count: Option<i32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub security_non_compliant_count: Option<i32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub other_non_compliant_count: Option<i32>,
}

/// Request of `DescribeInstancePatchStatesForPatchGroup`. Errors: `InternalServerError`, `InvalidFilter`, `InvalidNextToken`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct DescribeInstancePatchStatesForPatchGroup {
    pub patch_group: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub filters: Vec<InstancePatchStateFilter>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_token: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_results: Option<i32>,
}

/// The API's `InstancePatchStateFilter`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct InstancePatchStateFilter {
    pub key: String,
    #[serde(default)]
    pub values: Vec<String>,
    pub r#type: InstancePatchStateOperatorType,
}

/// Answer of `DescribeInstancePatchStatesForPatchGroup`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct DescribeInstancePatchStatesForPatchGroupOutput {
    #[serde(default)]
    pub instance_patch_states: Vec<InstancePatchState>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_token: Option<String>,
}

/// Request of `DescribeInstancePatches`. Errors: `InternalServerError`, `InvalidFilter`, `InvalidInstanceId`, `InvalidNextToken`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct DescribeInstancePatches {
    pub instance_id: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub filters: Vec<PatchOrchestratorFilter>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_token: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_results: Option<i32>,
}

/// The API's `PatchOrchestratorFilter`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct PatchOrchestratorFilter {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<String>,
}

/// Answer of `DescribeInstancePatches`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct DescribeInstancePatchesOutput {
    #[serde(default)]
    pub patches: Vec<PatchComplianceData>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_token: Option<String>,
}

/// The API's `PatchComplianceData`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct PatchComplianceData {
    #[serde(default)]
    pub title: String,
    #[serde(rename = "KBId", default)]
    pub kb_id: String,
    #[serde(default)]
    pub classification: String,
    #[serde(default)]
    pub severity: String,
    #[serde(default)]
    pub state: PatchComplianceDataState,
    #[serde(default)]
    pub installed_time: Timestamp,
    #[serde(rename = "CVEIds", default, skip_serializing_if = "Option::is_none")]
    pub cve_ids: Option<String>,
}

/// Request of `DescribePatchGroupState`. Errors: `InternalServerError`, `InvalidNextToken`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct DescribePatchGroupState {
    pub patch_group: String,
}

/// Answer of `DescribePatchGroupState`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct DescribePatchGroupStateOutput {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instances: Option<i32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instances_with_installed_patches: Option<i32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instances_with_installed_other_patches: Option<i32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instances_with_installed_pending_reboot_patches: Option<i32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instances_with_installed_rejected_patches: Option<i32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instances_with_missing_patches: Option<i32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instances_with_failed_patches: Option<i32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instances_with_not_applicable_patches: Option<i32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instances_with_unreported_not_applicable_patches: Option<i32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instances_with_critical_non_compliant_patches: Option<i32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instances_with_security_non_compliant_patches: Option<i32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instances_with_other_non_compliant_patches: Option<i32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instances_with_available_security_updates: Option<i32>,
}

operation!(DescribeInstancePatchStates => DescribeInstancePatchStatesOutput);

paged!(DescribeInstancePatchStates, instance_patch_states: InstancePatchState);

operation!(DescribeInstancePatchStatesForPatchGroup => DescribeInstancePatchStatesForPatchGroupOutput);

paged!(DescribeInstancePatchStatesForPatchGroup, instance_patch_states: InstancePatchState);

operation!(DescribeInstancePatches => DescribeInstancePatchesOutput);

paged!(DescribeInstancePatches, patches: PatchComplianceData);

operation!(DescribePatchGroupState => DescribePatchGroupStateOutput);
