//! Tags in the store, in the order in which they were put.

use rusqlite::Connection;

use super::{Outcome, Store};
use crate::ssm::{ApiError, ResourceTypeForTagging, Tag};

/// How many tags a resource may have.
const LIMIT: i64 = 50;

/// Adds tags to a resource or changes their values.
///
/// Errors: `TooManyTagsError`.
pub(super) fn put(db: &Connection, kind: &ResourceTypeForTagging, id: &str, tags: &[Tag]) -> Outcome<()> {
    let mut statement = db.prepare_cached(
        "INSERT INTO tags (resource_type, resource_id, key, value) VALUES (?1, ?2, ?3, ?4) \
         ON CONFLICT (resource_type, resource_id, key) DO UPDATE SET value = excluded.value",
    )?;
    for tag in tags {
        statement.execute((kind.as_str(), id, &tag.key, &tag.value))?;
    }
    let count: i64 = db
        .prepare_cached("SELECT count(*) FROM tags WHERE resource_type = ?1 AND resource_id = ?2")?
        .query_row((kind.as_str(), id), |row| row.get(0))?;
    if count > LIMIT { Err(ApiError::bare("TooManyTagsError").into()) } else { Ok(()) }
}

/// Removes every tag of a resource that goes away.
pub(super) fn forget(db: &Connection, kind: &ResourceTypeForTagging, id: &str) -> Outcome<()> {
    db.prepare_cached("DELETE FROM tags WHERE resource_type = ?1 AND resource_id = ?2")?
        .execute((kind.as_str(), id))?;
    Ok(())
}

/// Errors: `InvalidResourceId` unless the resource is there.
fn require(db: &Connection, kind: &ResourceTypeForTagging, id: &str) -> Outcome<()> {
    let there = match kind {
        ResourceTypeForTagging::ManagedInstance => "SELECT 1 FROM nodes WHERE id = ?1",
        ResourceTypeForTagging::Parameter => "SELECT 1 FROM parameters WHERE name = ?1",
        ResourceTypeForTagging::Document => "SELECT 1 FROM documents WHERE name = ?1",
        _ => return Err(ApiError::bare("InvalidResourceId").into()),
    };
    if db.prepare_cached(there)?.exists([id])? { Ok(()) } else { Err(ApiError::bare("InvalidResourceId").into()) }
}

impl Store {
    /// The tags of a resource.
    ///
    /// Errors: `InvalidResourceId`.
    pub(crate) async fn tags(&self, kind: ResourceTypeForTagging, id: String) -> Result<Vec<Tag>, ApiError> {
        self.read(move |db| {
            require(db, &kind, &id)?;
            let mut statement = db.prepare_cached(
                "SELECT key, value FROM tags WHERE resource_type = ?1 AND resource_id = ?2 ORDER BY seq",
            )?;
            let tag = |row: &rusqlite::Row<'_>| Ok(Tag { key: row.get(0)?, value: row.get(1)? });
            Ok(statement.query_map((kind.as_str(), id), tag)?.collect::<Result<_, _>>()?)
        })
        .await
    }

    /// Adds tags or changes their values.
    ///
    /// Errors: `InvalidResourceId`, `TooManyTagsError`.
    pub(crate) async fn add_tags(
        &self,
        kind: ResourceTypeForTagging,
        id: String,
        tags: Vec<Tag>,
    ) -> Result<(), ApiError> {
        self.write(move |db| {
            require(db, &kind, &id)?;
            put(db, &kind, &id, &tags)
        })
        .await
    }

    /// Removes tags; those that are not there are no error.
    ///
    /// Errors: `InvalidResourceId`.
    pub(crate) async fn remove_tags(
        &self,
        kind: ResourceTypeForTagging,
        id: String,
        keys: Vec<String>,
    ) -> Result<(), ApiError> {
        self.write(move |db| {
            require(db, &kind, &id)?;
            let mut statement =
                db.prepare_cached("DELETE FROM tags WHERE resource_type = ?1 AND resource_id = ?2 AND key = ?3")?;
            for key in keys {
                statement.execute((kind.as_str(), &id, key))?;
            }
            Ok(())
        })
        .await
    }
}
