//! Compliance items and their summaries.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Timestamp;
use super::macros::{operation, paged, string_enums};

string_enums! {
/// The API's `ComplianceSeverity`.
pub enum ComplianceSeverity {
    Critical = "CRITICAL",
    High = "HIGH",
    Medium = "MEDIUM",
    Low = "LOW",
    Informational = "INFORMATIONAL",
    Unspecified = "UNSPECIFIED",
}

/// The API's `ComplianceStatus`.
pub enum ComplianceStatus {
    Compliant = "COMPLIANT",
    NonCompliant = "NON_COMPLIANT",
}

/// The API's `ComplianceUploadType`.
pub enum ComplianceUploadType {
    Complete = "COMPLETE",
    Partial = "PARTIAL",
}

/// The API's `ComplianceQueryOperatorType`.
pub enum ComplianceQueryOperatorType {
    Equal = "EQUAL",
    NotEqual = "NOT_EQUAL",
    BeginWith = "BEGIN_WITH",
    LessThan = "LESS_THAN",
    GreaterThan = "GREATER_THAN",
}
}

/// Request of `PutComplianceItems`. Errors: `ComplianceTypeCountLimitExceededException`, `InternalServerError`, `InvalidItemContentException`, `InvalidResourceId`, `InvalidResourceType`, `ItemSizeLimitExceededException`, `TotalSizeLimitExceededException`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct PutComplianceItems {
    pub resource_id: String,
    pub resource_type: String,
    pub compliance_type: String,
    pub execution_summary: ComplianceExecutionSummary,
    #[serde(default)]
    pub items: Vec<ComplianceItemEntry>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub item_content_hash: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upload_type: Option<ComplianceUploadType>,
}

/// The API's `ComplianceExecutionSummary`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ComplianceExecutionSummary {
    pub execution_time: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub execution_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub execution_type: Option<String>,
}

/// The API's `ComplianceItemEntry`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ComplianceItemEntry {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    pub severity: ComplianceSeverity,
    pub status: ComplianceStatus,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub details: BTreeMap<String, String>,
}

/// Answer of `PutComplianceItems`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct PutComplianceItemsOutput {}

/// Request of `ListComplianceItems`. Errors: `InternalServerError`, `InvalidFilter`, `InvalidNextToken`, `InvalidResourceId`, `InvalidResourceType`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ListComplianceItems {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub filters: Vec<ComplianceStringFilter>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resource_ids: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resource_types: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_token: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_results: Option<i32>,
}

/// The API's `ComplianceStringFilter`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ComplianceStringFilter {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub r#type: Option<ComplianceQueryOperatorType>,
}

/// Answer of `ListComplianceItems`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ListComplianceItemsOutput {
    #[serde(default)]
    pub compliance_items: Vec<ComplianceItem>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_token: Option<String>,
}

/// The API's `ComplianceItem`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ComplianceItem {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compliance_type: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource_type: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<ComplianceStatus>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity: Option<ComplianceSeverity>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub execution_summary: Option<ComplianceExecutionSummary>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub details: BTreeMap<String, String>,
}

/// Request of `ListComplianceSummaries`. Errors: `InternalServerError`, `InvalidFilter`, `InvalidNextToken`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ListComplianceSummaries {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub filters: Vec<ComplianceStringFilter>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_token: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_results: Option<i32>,
}

/// Answer of `ListComplianceSummaries`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ListComplianceSummariesOutput {
    #[serde(default)]
    pub compliance_summary_items: Vec<ComplianceSummaryItem>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_token: Option<String>,
}

/// The API's `ComplianceSummaryItem`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ComplianceSummaryItem {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compliance_type: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compliant_summary: Option<CompliantSummary>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub non_compliant_summary: Option<NonCompliantSummary>,
}

/// The API's `CompliantSummary`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct CompliantSummary {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compliant_count: Option<i32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity_summary: Option<SeveritySummary>,
}

/// The API's `SeveritySummary`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct SeveritySummary {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub critical_count: Option<i32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub high_count: Option<i32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub medium_count: Option<i32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub low_count: Option<i32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub informational_count: Option<i32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unspecified_count: Option<i32>,
}

/// The API's `NonCompliantSummary`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct NonCompliantSummary {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub non_compliant_count: Option<i32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity_summary: Option<SeveritySummary>,
}

/// Request of `ListResourceComplianceSummaries`. Errors: `InternalServerError`, `InvalidFilter`, `InvalidNextToken`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ListResourceComplianceSummaries {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub filters: Vec<ComplianceStringFilter>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_token: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_results: Option<i32>,
}

/// Answer of `ListResourceComplianceSummaries`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ListResourceComplianceSummariesOutput {
    #[serde(default)]
    pub resource_compliance_summary_items: Vec<ResourceComplianceSummaryItem>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_token: Option<String>,
}

/// The API's `ResourceComplianceSummaryItem`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ResourceComplianceSummaryItem {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compliance_type: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource_type: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<ComplianceStatus>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overall_severity: Option<ComplianceSeverity>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub execution_summary: Option<ComplianceExecutionSummary>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compliant_summary: Option<CompliantSummary>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub non_compliant_summary: Option<NonCompliantSummary>,
}

operation!(PutComplianceItems => PutComplianceItemsOutput);

operation!(ListComplianceItems => ListComplianceItemsOutput);

paged!(ListComplianceItems, compliance_items: ComplianceItem);

operation!(ListComplianceSummaries => ListComplianceSummariesOutput);

paged!(ListComplianceSummaries, compliance_summary_items: ComplianceSummaryItem);

operation!(ListResourceComplianceSummaries => ListResourceComplianceSummariesOutput);

paged!(ListResourceComplianceSummaries, resource_compliance_summary_items: ResourceComplianceSummaryItem);
