//! What nodes report about themselves, one item a type.

use std::collections::BTreeMap;

use rusqlite::{OptionalExtension, Row, params};

use super::{Store, query::Query};
use crate::ssm::{ApiError, InventoryItem};

pub(super) const SCHEMA: &str = "
CREATE TABLE inventory_items (
    instance_id TEXT NOT NULL,
    type_name TEXT NOT NULL,
    schema_version TEXT NOT NULL,
    capture_time TEXT NOT NULL,
    content_hash TEXT,
    content TEXT NOT NULL,
    PRIMARY KEY (instance_id, type_name)
) STRICT;
CREATE TRIGGER inventory_of_nodes AFTER DELETE ON nodes BEGIN
    DELETE FROM inventory_items WHERE instance_id = OLD.id;
END;
";

/// The hashes that AWS's agent gives to no content at all: MD5 of `null` and of `[]`.
const NOTHING: &[&str] = &["N6YlnMDB2uKZp4Zkid/wvQ==", "11FxOYiYfpMxmANj4kGJzg=="];

/// The rows of an item.
pub(crate) type Entries = Vec<BTreeMap<String, String>>;

impl Store {
    /// Keeps a node's items, each in place of the last one of its type. An item that comes with a hash only means that
    /// nothing has changed.
    ///
    /// Errors: `InvalidInstanceId` for a node that is not registered, `ItemContentMismatchException` for a hash that is not
    /// the known one; the node then sends it all.
    pub(crate) async fn put_inventory(&self, instance_id: &str, items: Vec<InventoryItem>) -> Result<(), ApiError> {
        let instance_id = instance_id.to_owned();
        self.write(move |db| {
            if !db.prepare_cached("SELECT 1 FROM nodes WHERE id = ?1")?.exists([&instance_id])? {
                return Err(ApiError::bare("InvalidInstanceId").into());
            }
            for item in items {
                let key = (&instance_id, &item.type_name);
                // Without content it is either unchanged or empty; the hash says which is meant.
                let unchanged = item.content_hash.as_deref().is_some_and(|hash| !NOTHING.contains(&hash));
                if item.content.is_empty() && unchanged {
                    let known: Option<Option<String>> = db
                        .prepare_cached(
                            "SELECT content_hash FROM inventory_items WHERE instance_id = ?1 AND type_name = ?2",
                        )?
                        .query_row(key, |row| row.get(0))
                        .optional()?;
                    if known.flatten() != item.content_hash {
                        let message = "The content hash is not the one of the stored item. Send the content.";
                        let mut error = ApiError::new("ItemContentMismatchException", message);
                        let named = ("TypeName".to_owned(), item.type_name.clone().into());
                        error.members = Some(Box::new([named].into_iter().collect()));
                        return Err(error.into());
                    }
                    db.prepare_cached(
                        "UPDATE inventory_items SET capture_time = ?3 WHERE instance_id = ?1 AND type_name = ?2",
                    )?
                    .execute(params![key.0, key.1, item.capture_time])?;
                    continue;
                }
                db.prepare_cached("INSERT OR REPLACE INTO inventory_items VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?.execute(
                    params![
                        key.0,
                        key.1,
                        item.schema_version,
                        item.capture_time,
                        item.content_hash,
                        serde_json::to_string(&item.content).unwrap_or_default(),
                    ],
                )?;
            }
            Ok(())
        })
        .await
    }

    /// A node's item of a type.
    pub(crate) async fn inventory_item(
        &self,
        instance_id: &str,
        type_name: &str,
    ) -> Result<Option<InventoryItem>, ApiError> {
        let key = (instance_id.to_owned(), type_name.to_owned());
        self.read(move |db| {
            let mut statement = db.prepare_cached(
                "SELECT type_name, schema_version, capture_time, content_hash, content FROM inventory_items
                 WHERE instance_id = ?1 AND type_name = ?2",
            )?;
            Ok(statement.query_row(key, item).optional()?)
        })
        .await
    }

    /// The items of one type of all nodes behind `after`, up to `limit`, by node.
    pub(crate) async fn inventory_items(
        &self,
        type_name: &str,
        after: String,
        limit: usize,
    ) -> Result<Vec<(String, InventoryItem)>, ApiError> {
        let type_name = type_name.to_owned();
        self.read(move |db| {
            let mut query = Query::new(
                "SELECT type_name, schema_version, capture_time, content_hash, content, instance_id FROM inventory_items
                 WHERE type_name = ",
            );
            query.bind(type_name);
            query.and("instance_id >", Some(after));
            query.text(" ORDER BY instance_id");
            query.limit(limit);
            query.run(db, |row| Ok((row.get(5)?, item(row)?)))
        })
        .await
    }
}

fn item(row: &Row<'_>) -> rusqlite::Result<InventoryItem> {
    Ok(InventoryItem {
        type_name: row.get(0)?,
        schema_version: row.get(1)?,
        capture_time: row.get(2)?,
        content_hash: row.get(3)?,
        content: serde_json::from_str(&row.get::<_, String>(4)?).unwrap_or_default(),
        context: BTreeMap::new(),
    })
}
