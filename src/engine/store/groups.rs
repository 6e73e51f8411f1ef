//! Resource groups in the store: what `CreateGroup` was given, by name. Members are not kept; the query finds them.

use rusqlite::{OptionalExtension, Row};

use super::{Store, query::Query};
use crate::{engine::groups::CreateGroup, ssm::ApiError};

pub(super) const SCHEMA: &str = "
CREATE TABLE resource_groups (
    name TEXT PRIMARY KEY,
    record TEXT NOT NULL
) STRICT, WITHOUT ROWID;
";

fn group(row: &Row<'_>) -> rusqlite::Result<CreateGroup> {
    let record = serde_json::from_str(&row.get::<_, String>(1)?).unwrap_or_default();
    Ok(CreateGroup { name: row.get(0)?, ..record })
}

impl Store {
    /// Keeps a new group. Answers `false` if there is one of that name.
    pub(crate) async fn create_group(&self, new: CreateGroup) -> Result<bool, ApiError> {
        self.write(move |db| {
            let record =
                serde_json::to_string(&new).map_err(|_| ApiError::internal("The group could not be written."))?;
            let mut statement =
                db.prepare_cached("INSERT INTO resource_groups (name, record) VALUES (?1, ?2) ON CONFLICT DO NOTHING")?;
            Ok(statement.execute((new.name, record))? > 0)
        })
        .await
    }

    /// Finds a group.
    pub(crate) async fn group(&self, name: &str) -> Result<Option<CreateGroup>, ApiError> {
        let name = name.to_owned();
        self.read(move |db| {
            let mut statement = db.prepare_cached("SELECT name, record FROM resource_groups WHERE name = ?1")?;
            Ok(statement.query_row([name], group).optional()?)
        })
        .await
    }

    /// The groups behind `after` by name. An account has a hundred of them at most, so they are read at once.
    pub(crate) async fn groups(&self, after: Option<String>) -> Result<Vec<CreateGroup>, ApiError> {
        self.read(move |db| {
            let mut query = Query::new("SELECT name, record FROM resource_groups WHERE name > ");
            query.bind(after.unwrap_or_default());
            query.text(" ORDER BY name");
            query.run(db, group)
        })
        .await
    }

    /// Forgets a group. Answers whether it existed.
    pub(crate) async fn delete_group(&self, name: String) -> Result<bool, ApiError> {
        self.write(move |db| Ok(db.execute("DELETE FROM resource_groups WHERE name = ?1", [name])? > 0)).await
    }
}
