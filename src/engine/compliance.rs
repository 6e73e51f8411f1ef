//! Compliance: what complies, what does not, and how bad that is. A resource of which nobody has reported is in no list.

use super::{
    Ctx, Router, paging,
    store::compliance::{Column, Condition, Counts, Operator, SEVERITIES, Summary},
};
use crate::ssm::{
    ApiError, ComplianceQueryOperatorType, ComplianceSeverity, ComplianceStatus, ComplianceStringFilter,
    ComplianceSummaryItem, CompliantSummary, ListComplianceItems, ListComplianceItemsOutput, ListComplianceSummaries,
    ListComplianceSummariesOutput, ListResourceComplianceSummaries, ListResourceComplianceSummariesOutput,
    NonCompliantSummary, PutComplianceItems, PutComplianceItemsOutput, ResourceComplianceSummaryItem, SeveritySummary,
};

const PAGE: usize = 50;
const RESOURCE_TYPE: &str = "ManagedInstance";

/// The operations of compliance.
pub(super) fn operations() -> Router {
    Router::default().handle(put).handle(items).handle(summaries).handle(resource_summaries)
}

async fn put(ctx: Ctx, request: PutComplianceItems) -> Result<PutComplianceItemsOutput, ApiError> {
    if request.resource_type != RESOURCE_TYPE {
        return Err(ApiError::bare("InvalidResourceType"));
    }
    ctx.engine.store.put_compliance(request).await?;
    Ok(PutComplianceItemsOutput {})
}

async fn items(ctx: Ctx, request: ListComplianceItems) -> Result<ListComplianceItemsOutput, ApiError> {
    if request.resource_types.iter().any(|kind| kind != RESOURCE_TYPE) {
        return Err(ApiError::bare("InvalidResourceType"));
    }
    let after = ctx.engine.tokens.resume(&request, request.next_token.as_deref())?.unwrap_or(0);
    let limit = paging::limit(request.max_results, PAGE);
    let conditions = conditions(&request.filters, true)?;
    let mut found =
        ctx.engine.store.compliance_items(request.resource_ids.clone(), conditions, after, limit + 1).await?;
    let cursor = paging::cut(&mut found, limit, |(seq, _)| *seq);
    let next_token = cursor.map(|cursor| ctx.engine.tokens.issue(&request, &cursor)).transpose()?;
    Ok(ListComplianceItemsOutput { compliance_items: found.into_iter().map(|(_, item)| item).collect(), next_token })
}

async fn summaries(ctx: Ctx, request: ListComplianceSummaries) -> Result<ListComplianceSummariesOutput, ApiError> {
    let after: Option<String> = ctx.engine.tokens.resume(&request, request.next_token.as_deref())?;
    let limit = paging::limit(request.max_results, PAGE);
    // One row a resource and type; the items behind them are not looked at.
    let rows = ctx.engine.store.compliance_summaries(conditions(&request.filters, false)?, None, usize::MAX).await?;
    let mut types: std::collections::BTreeMap<String, (Counts, Counts)> = Default::default();
    for row in rows {
        let (compliant, non_compliant) = types.entry(row.compliance_type).or_default();
        let index = SEVERITIES.iter().position(|severity| *severity == row.severity).unwrap_or(SEVERITIES.len() - 1);
        let counts = if row.status == ComplianceStatus::Compliant { compliant } else { non_compliant };
        counts[index] += 1;
    }
    let mut found: Vec<ComplianceSummaryItem> = types
        .into_iter()
        .filter(|(name, _)| after.as_ref().is_none_or(|after| name > after))
        .map(|(name, (compliant, non_compliant))| ComplianceSummaryItem {
            compliance_type: Some(name),
            compliant_summary: Some(compliant_summary(&compliant)),
            non_compliant_summary: Some(non_compliant_summary(&non_compliant)),
        })
        .collect();
    let cursor = paging::cut(&mut found, limit, |last| last.compliance_type.clone());
    let next_token = cursor.map(|cursor| ctx.engine.tokens.issue(&request, &cursor)).transpose()?;
    Ok(ListComplianceSummariesOutput { compliance_summary_items: found, next_token })
}

async fn resource_summaries(
    ctx: Ctx,
    request: ListResourceComplianceSummaries,
) -> Result<ListResourceComplianceSummariesOutput, ApiError> {
    let after = ctx.engine.tokens.resume(&request, request.next_token.as_deref())?;
    let limit = paging::limit(request.max_results, PAGE);
    let conditions = conditions(&request.filters, false)?;
    let mut rows = ctx.engine.store.compliance_summaries(conditions, after, limit + 1).await?;
    let cursor = paging::cut(&mut rows, limit, |last| (last.resource_id.clone(), last.compliance_type.clone()));
    let next_token = cursor.map(|cursor| ctx.engine.tokens.issue(&request, &cursor)).transpose()?;
    let told = |row: Summary| ResourceComplianceSummaryItem {
        compliance_type: Some(row.compliance_type),
        resource_type: Some(row.resource_type),
        resource_id: Some(row.resource_id),
        status: Some(row.status),
        overall_severity: Some(row.severity),
        execution_summary: Some(row.execution),
        compliant_summary: Some(compliant_summary(&row.compliant)),
        non_compliant_summary: Some(non_compliant_summary(&row.non_compliant)),
    };
    let resource_compliance_summary_items = rows.into_iter().map(told).collect();
    Ok(ListResourceComplianceSummariesOutput { resource_compliance_summary_items, next_token })
}

/// Reads filters. Items know more keys than summaries.
fn conditions(filters: &[ComplianceStringFilter], items: bool) -> Result<Vec<Condition>, ApiError> {
    let condition = |filter: &ComplianceStringFilter| {
        let key = filter.key.as_deref().unwrap_or_default();
        let column = match key {
            "ComplianceType" => Some(Column::ComplianceType),
            "ResourceId" => Some(Column::ResourceId),
            "Status" => Some(Column::Status),
            "Severity" | "OverallSeverity" => Some(Column::Severity),
            "Id" if items => Some(Column::Id),
            "Title" if items => Some(Column::Title),
            _ => None,
        };
        let operator = match filter.r#type {
            None | Some(ComplianceQueryOperatorType::Equal) => Some(Operator::Equal),
            Some(ComplianceQueryOperatorType::NotEqual) => Some(Operator::NotEqual),
            Some(ComplianceQueryOperatorType::BeginWith) => Some(Operator::BeginWith),
            Some(ComplianceQueryOperatorType::LessThan) => Some(Operator::LessThan),
            Some(ComplianceQueryOperatorType::GreaterThan) => Some(Operator::GreaterThan),
            Some(ComplianceQueryOperatorType::Other(_)) => None,
        };
        let invalid = || ApiError::new("InvalidFilter", format!("The filter {key} is not valid."));
        Ok(Condition {
            column: column.ok_or_else(invalid)?,
            operator: operator.ok_or_else(invalid)?,
            values: filter.values.clone(),
        })
    };
    filters.iter().map(condition).collect()
}

fn total(counts: &Counts) -> Option<i32> {
    i32::try_from(counts.iter().sum::<i64>()).ok()
}

fn severity_summary(counts: &Counts) -> SeveritySummary {
    let of = |severity: ComplianceSeverity| {
        let index = SEVERITIES.iter().position(|known| *known == severity)?;
        i32::try_from(counts[index]).ok()
    };
    SeveritySummary {
        critical_count: of(ComplianceSeverity::Critical),
        high_count: of(ComplianceSeverity::High),
        medium_count: of(ComplianceSeverity::Medium),
        low_count: of(ComplianceSeverity::Low),
        informational_count: of(ComplianceSeverity::Informational),
        unspecified_count: of(ComplianceSeverity::Unspecified),
    }
}

fn compliant_summary(counts: &Counts) -> CompliantSummary {
    CompliantSummary { compliant_count: total(counts), severity_summary: Some(severity_summary(counts)) }
}

fn non_compliant_summary(counts: &Counts) -> NonCompliantSummary {
    NonCompliantSummary { non_compliant_count: total(counts), severity_summary: Some(severity_summary(counts)) }
}

#[cfg(test)]
mod tests;
