//! Compliance: the items that nodes and others report, and per resource and type a summary that is counted on the way in, so
//! that no list has to look at items it does not show.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{Outcome, Store, query::Query};
use crate::ssm::{
    ApiError, ComplianceExecutionSummary, ComplianceItem, ComplianceItemEntry, ComplianceSeverity, ComplianceStatus,
    ComplianceUploadType, PutComplianceItems, Timestamp,
};

/// The types of one's own that a resource may have.
const MAX_CUSTOM_TYPES: i64 = 10;

pub(super) const SCHEMA: &str = "
CREATE TABLE compliance_types (
    resource_id TEXT NOT NULL,
    compliance_type TEXT NOT NULL,
    resource_type TEXT NOT NULL,
    execution TEXT NOT NULL,
    content_hash TEXT,
    status TEXT NOT NULL,
    severity TEXT NOT NULL,
    compliant TEXT NOT NULL,
    non_compliant TEXT NOT NULL,
    PRIMARY KEY (resource_id, compliance_type)
) STRICT;
CREATE INDEX compliance_by_type ON compliance_types (compliance_type, status);
CREATE TABLE compliance_items (
    seq INTEGER PRIMARY KEY,
    resource_id TEXT NOT NULL,
    compliance_type TEXT NOT NULL,
    id TEXT NOT NULL,
    title TEXT,
    severity TEXT NOT NULL,
    status TEXT NOT NULL,
    details TEXT NOT NULL
) STRICT;
CREATE INDEX compliance_items_by_resource ON compliance_items (resource_id, compliance_type, id);
CREATE TRIGGER compliance_of_nodes AFTER DELETE ON nodes BEGIN
    DELETE FROM compliance_types WHERE resource_id = OLD.id;
    DELETE FROM compliance_items WHERE resource_id = OLD.id;
END;
";

/// How many items there are of each severity, from critical to unspecified.
pub(crate) type Counts = [i64; 6];

/// The severities in the order of [`Counts`], the worst first.
pub(crate) const SEVERITIES: [ComplianceSeverity; 6] = [
    ComplianceSeverity::Critical,
    ComplianceSeverity::High,
    ComplianceSeverity::Medium,
    ComplianceSeverity::Low,
    ComplianceSeverity::Informational,
    ComplianceSeverity::Unspecified,
];

/// One type of compliance of one resource.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Summary {
    pub resource_id: String,
    pub resource_type: String,
    pub compliance_type: String,
    pub execution: ComplianceExecutionSummary,
    pub status: ComplianceStatus,
    /// The worst severity among what does not comply.
    pub severity: ComplianceSeverity,
    pub compliant: Counts,
    pub non_compliant: Counts,
}

/// A condition on a column.
#[derive(Clone, Debug)]
pub(crate) struct Condition {
    pub column: Column,
    pub operator: Operator,
    pub values: Vec<String>,
}

/// What a condition may look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Column {
    ComplianceType,
    ResourceId,
    Status,
    Severity,
    Id,
    Title,
}

/// How a condition compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operator {
    Equal,
    NotEqual,
    BeginWith,
    LessThan,
    GreaterThan,
}

impl Condition {
    fn add(&self, query: &mut Query, alias: &str) {
        let column = match self.column {
            Column::ComplianceType => "compliance_type",
            Column::ResourceId => "resource_id",
            Column::Status => "status",
            Column::Severity => "severity",
            Column::Id => "id",
            Column::Title => "title",
        };
        let (negation, comparison) = match self.operator {
            Operator::Equal => ("", "="),
            Operator::NotEqual => ("NOT ", "="),
            Operator::BeginWith => ("", "GLOB"),
            Operator::LessThan => ("", "<"),
            Operator::GreaterThan => ("", ">"),
        };
        query.text(&format!(" AND {negation}(FALSE"));
        for value in &self.values {
            query.text(&format!(" OR {alias}.{column} {comparison} "));
            query.bind(if self.operator == Operator::BeginWith { prefix(value) } else { value.clone() });
        }
        query.text(")");
    }
}

/// A GLOB pattern that matches what begins like this.
fn prefix(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len() + 1);
    for letter in text.chars() {
        match letter {
            '*' | '?' | '[' => pattern.extend(['[', letter, ']']),
            other => pattern.push(other),
        }
    }
    pattern.push('*');
    pattern
}

impl Store {
    /// Keeps what was reported: in place of everything of the type, or (a partial upload) of the items with the same id.
    ///
    /// Errors: `InvalidResourceId`, `ComplianceTypeCountLimitExceededException`.
    pub(crate) async fn put_compliance(&self, request: PutComplianceItems) -> Result<(), ApiError> {
        self.write(move |db| {
            let PutComplianceItems { resource_id, compliance_type, .. } = &request;
            if !db.prepare_cached("SELECT 1 FROM nodes WHERE id = ?1")?.exists([resource_id])? {
                return Err(ApiError::bare("InvalidResourceId").into());
            }
            let known: Option<Option<String>> = db
                .prepare_cached(
                    "SELECT content_hash FROM compliance_types WHERE resource_id = ?1 AND compliance_type = ?2",
                )?
                .query_row([resource_id, compliance_type], |row| row.get(0))
                .optional()?;
            // The same content as before changes nothing.
            if request.item_content_hash.is_some() && known.as_ref() == Some(&request.item_content_hash) {
                return Ok(());
            }
            if known.is_none() && compliance_type.starts_with("Custom:") {
                let count: i64 = db
                    .prepare_cached(
                        "SELECT count(*) FROM compliance_types WHERE resource_id = ?1 AND compliance_type GLOB 'Custom:*'",
                    )?
                    .query_row([resource_id], |row| row.get(0))?;
                if count >= MAX_CUSTOM_TYPES {
                    let message = format!("A resource can have at most {MAX_CUSTOM_TYPES} custom compliance types.");
                    return Err(ApiError::new("ComplianceTypeCountLimitExceededException", message).into());
                }
            }
            if request.upload_type == Some(ComplianceUploadType::Partial) {
                let mut delete = db.prepare_cached(
                    "DELETE FROM compliance_items WHERE resource_id = ?1 AND compliance_type = ?2 AND id = ?3",
                )?;
                for item in &request.items {
                    delete.execute([resource_id, compliance_type, item.id.as_deref().unwrap_or_default()])?;
                }
            } else {
                db.prepare_cached("DELETE FROM compliance_items WHERE resource_id = ?1 AND compliance_type = ?2")?
                    .execute([resource_id, compliance_type])?;
            }
            for item in &request.items {
                insert_item(db, resource_id, compliance_type, item)?;
            }
            summarise(db, &request)
        })
        .await
    }

    /// Up to `limit` items behind `after`, in the order in which they came.
    pub(crate) async fn compliance_items(
        &self,
        resource_ids: Vec<String>,
        conditions: Vec<Condition>,
        after: i64,
        limit: usize,
    ) -> Result<Vec<(i64, ComplianceItem)>, ApiError> {
        self.read(move |db| {
            let mut query = Query::new(
                "SELECT i.seq, i.compliance_type, t.resource_type, i.resource_id, i.id, i.title, i.status, i.severity,
                    t.execution, i.details
                 FROM compliance_items i JOIN compliance_types t
                 ON t.resource_id = i.resource_id AND t.compliance_type = i.compliance_type WHERE i.seq > ",
            );
            query.bind(after);
            if !resource_ids.is_empty() {
                query.and_in("i.resource_id", &resource_ids);
            }
            conditions.iter().for_each(|condition| condition.add(&mut query, "i"));
            query.text(" ORDER BY i.seq");
            query.limit(limit);
            query.run(db, |row| Ok((row.get(0)?, item(row)?)))
        })
        .await
    }

    /// Up to `limit` summaries behind a resource and type, in that order.
    pub(crate) async fn compliance_summaries(
        &self,
        conditions: Vec<Condition>,
        after: Option<(String, String)>,
        limit: usize,
    ) -> Result<Vec<Summary>, ApiError> {
        self.read(move |db| {
            let mut query = Query::new(
                "SELECT t.resource_id, t.resource_type, t.compliance_type, t.execution, t.status, t.severity, t.compliant,
                    t.non_compliant FROM compliance_types t WHERE TRUE",
            );
            if let Some((resource_id, compliance_type)) = after {
                query.text(" AND (t.resource_id, t.compliance_type) > (");
                query.bind(resource_id);
                query.text(", ");
                query.bind(compliance_type);
                query.text(")");
            }
            conditions.iter().for_each(|condition| condition.add(&mut query, "t"));
            query.text(" ORDER BY t.resource_id, t.compliance_type");
            query.limit(limit);
            query.run(db, summary)
        })
        .await
    }
}

fn insert_item(db: &Connection, resource_id: &str, compliance_type: &str, item: &ComplianceItemEntry) -> Outcome<()> {
    db.prepare_cached(
        "INSERT INTO compliance_items (resource_id, compliance_type, id, title, severity, status, details)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?
    .execute(params![
        resource_id,
        compliance_type,
        item.id.as_deref().unwrap_or_default(),
        item.title,
        item.severity.as_str(),
        item.status.as_str(),
        serde_json::to_string(&item.details).unwrap_or_default(),
    ])?;
    Ok(())
}

fn summarise(db: &Connection, request: &PutComplianceItems) -> Outcome<()> {
    let (mut compliant, mut non_compliant) = (Counts::default(), Counts::default());
    let mut statement = db.prepare_cached(
        "SELECT status, severity, count(*) FROM compliance_items WHERE resource_id = ?1 AND compliance_type = ?2
         GROUP BY status, severity",
    )?;
    let mut rows = statement.query([&request.resource_id, &request.compliance_type])?;
    while let Some(row) = rows.next()? {
        let severity = ComplianceSeverity::from(row.get::<_, String>(1)?);
        let index = SEVERITIES.iter().position(|known| *known == severity).unwrap_or(SEVERITIES.len() - 1);
        let counts = if row.get::<_, String>(0)? == ComplianceStatus::Compliant.as_str() {
            &mut compliant
        } else {
            &mut non_compliant
        };
        counts[index] += row.get::<_, i64>(2)?;
    }
    let worst = non_compliant.iter().position(|count| *count > 0);
    let status = if worst.is_some() { ComplianceStatus::NonCompliant } else { ComplianceStatus::Compliant };
    let severity = worst.map_or(ComplianceSeverity::Unspecified, |index| SEVERITIES[index].clone());
    db.prepare_cached("INSERT OR REPLACE INTO compliance_types VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)")?.execute(
        params![
            request.resource_id,
            request.compliance_type,
            request.resource_type,
            serde_json::to_string(&request.execution_summary).unwrap_or_default(),
            request.item_content_hash,
            status.as_str(),
            severity.as_str(),
            serde_json::to_string(&compliant).unwrap_or_default(),
            serde_json::to_string(&non_compliant).unwrap_or_default(),
        ],
    )?;
    Ok(())
}

fn execution(row: &Row<'_>, index: usize) -> rusqlite::Result<ComplianceExecutionSummary> {
    let text: String = row.get(index)?;
    let epoch = || ComplianceExecutionSummary { execution_time: Timestamp::from_millis(0), ..Default::default() };
    Ok(serde_json::from_str(&text).unwrap_or_else(|_| epoch()))
}

fn item(row: &Row<'_>) -> rusqlite::Result<ComplianceItem> {
    Ok(ComplianceItem {
        compliance_type: row.get(1)?,
        resource_type: row.get(2)?,
        resource_id: row.get(3)?,
        id: row.get(4)?,
        title: row.get(5)?,
        status: Some(ComplianceStatus::from(row.get::<_, String>(6)?)),
        severity: Some(ComplianceSeverity::from(row.get::<_, String>(7)?)),
        execution_summary: Some(execution(row, 8)?),
        details: serde_json::from_str(&row.get::<_, String>(9)?).unwrap_or_default(),
    })
}

fn summary(row: &Row<'_>) -> rusqlite::Result<Summary> {
    let counts = |index: usize| row.get::<_, String>(index).map(|text| serde_json::from_str(&text).unwrap_or_default());
    Ok(Summary {
        resource_id: row.get(0)?,
        resource_type: row.get(1)?,
        compliance_type: row.get(2)?,
        execution: execution(row, 3)?,
        status: ComplianceStatus::from(row.get::<_, String>(4)?),
        severity: ComplianceSeverity::from(row.get::<_, String>(5)?),
        compliant: counts(6)?,
        non_compliant: counts(7)?,
    })
}
