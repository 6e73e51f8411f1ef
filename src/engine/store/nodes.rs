//! Managed nodes in the store.

use rusqlite::{OptionalExtension, Row};

use super::{Store, query::Query, tags};
use crate::ssm::{ApiError, ResourceTypeForTagging, Timestamp, UpdateInstanceInformation};

pub(super) const SCHEMA: &str = "
CREATE TABLE activations (
    id TEXT PRIMARY KEY,
    seq INTEGER NOT NULL UNIQUE,
    code_hash TEXT NOT NULL,
    description TEXT,
    default_name TEXT,
    iam_role TEXT NOT NULL,
    registration_limit INTEGER NOT NULL,
    registrations INTEGER NOT NULL DEFAULT 0,
    created INTEGER NOT NULL,
    expires INTEGER NOT NULL,
    tags TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE nodes (
    id TEXT PRIMARY KEY,
    activation_id TEXT NOT NULL,
    iam_role TEXT NOT NULL,
    name TEXT,
    registered INTEGER NOT NULL,
    fingerprint TEXT NOT NULL,
    public_key TEXT NOT NULL,
    last_ping INTEGER,
    agent_name TEXT,
    agent_version TEXT,
    platform_type TEXT,
    platform_name TEXT,
    platform_version TEXT,
    computer_name TEXT,
    ip_address TEXT
) WITHOUT ROWID;
CREATE TABLE tags (
    seq INTEGER PRIMARY KEY,
    resource_type TEXT NOT NULL,
    resource_id TEXT NOT NULL,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    UNIQUE (resource_type, resource_id, key)
);
CREATE INDEX tags_by_key ON tags (resource_type, key, value, resource_id);
";

/// What a node proves itself with.
#[derive(Clone, Debug, PartialEq)]
pub struct NodeIdentity {
    /// Base64 of its SubjectPublicKeyInfo.
    pub public_key: String,
    /// The role that it was given.
    pub iam_role: String,
    /// What it said about its hardware when it registered.
    pub fingerprint: String,
}

/// A managed node.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Node {
    /// `mi-` and 17 hexadecimal digits.
    pub id: String,
    /// The activation that it came with.
    pub activation_id: String,
    /// The role that it was given.
    pub iam_role: String,
    /// The activation's default name.
    pub name: Option<String>,
    /// When it registered.
    pub registered: Timestamp,
    /// When it last reported; never, if its agent has not started yet.
    pub last_ping: Option<Timestamp>,
    /// The name of its agent, `fleetdeck-agent`.
    pub agent_name: Option<String>,
    /// Four numbers and dots.
    pub agent_version: Option<String>,
    /// `Linux`, `Windows` or `MacOS`.
    pub platform_type: Option<String>,
    /// The distribution.
    pub platform_name: Option<String>,
    /// The version of the distribution.
    pub platform_version: Option<String>,
    /// The host name.
    pub computer_name: Option<String>,
    /// The first address.
    pub ip_address: Option<String>,
}

/// What a node must match that the database can find by index.
#[derive(Clone, Debug, PartialEq)]
pub enum NodeTest {
    /// One of these ids.
    Ids(Vec<String>),
    /// A tag of this key with one of these values; any value if there are none.
    Tag {
        /// The key.
        key: String,
        /// The values.
        values: Vec<String>,
    },
}

const COLUMNS: &str = "id, activation_id, iam_role, name, registered, last_ping, agent_name, agent_version, \
                       platform_type, platform_name, platform_version, computer_name, ip_address";

/// How many rows are looked at in one go while a filtered page fills up.
const BATCH: usize = 500;

fn node(row: &Row<'_>) -> rusqlite::Result<Node> {
    Ok(Node {
        id: row.get(0)?,
        activation_id: row.get(1)?,
        iam_role: row.get(2)?,
        name: row.get(3)?,
        registered: Timestamp::from_millis(row.get(4)?),
        last_ping: row.get::<_, Option<i64>>(5)?.map(Timestamp::from_millis),
        agent_name: row.get(6)?,
        agent_version: row.get(7)?,
        platform_type: row.get(8)?,
        platform_name: row.get(9)?,
        platform_version: row.get(10)?,
        computer_name: row.get(11)?,
        ip_address: row.get(12)?,
    })
}

impl Store {
    /// The identity of a registered node.
    pub(crate) async fn node_identity(&self, instance_id: &str) -> Result<Option<NodeIdentity>, ApiError> {
        let id = instance_id.to_owned();
        self.read(move |db| {
            let mut statement =
                db.prepare_cached("SELECT public_key, iam_role, fingerprint FROM nodes WHERE id = ?1")?;
            let identity = |row: &Row<'_>| {
                Ok(NodeIdentity { public_key: row.get(0)?, iam_role: row.get(1)?, fingerprint: row.get(2)? })
            };
            Ok(statement.query_row([&id], identity).optional()?)
        })
        .await
    }

    /// A registered node.
    pub async fn node(&self, instance_id: &str) -> Result<Option<Node>, ApiError> {
        let tests = vec![NodeTest::Ids(vec![instance_id.to_owned()])];
        Ok(self.nodes(tests, None, 1, |_| true).await?.pop())
    }

    /// A page of nodes by id, behind `after`: those that match every test and that `keep` lets through.
    pub(crate) async fn nodes(
        &self,
        tests: Vec<NodeTest>,
        after: Option<String>,
        limit: usize,
        keep: impl Fn(&Node) -> bool + Send + 'static,
    ) -> Result<Vec<Node>, ApiError> {
        self.read(move |db| {
            let mut found = Vec::new();
            let mut after = after.unwrap_or_default();
            // Most pages are full at once; the others are looked for in larger strides.
            let mut stride = limit.clamp(1, BATCH);
            loop {
                let mut query = Query::new(&format!("SELECT {COLUMNS} FROM nodes WHERE id > "));
                query.bind(after.clone());
                for test in &tests {
                    match test {
                        NodeTest::Ids(ids) => query.and_in("id", ids),
                        NodeTest::Tag { key, values } => {
                            query.text(" AND id IN (SELECT resource_id FROM tags WHERE resource_type = 'ManagedInstance' AND key = ");
                            query.bind(key.clone());
                            if !values.is_empty() {
                                query.and_in("value", values);
                            }
                            query.text(")");
                        }
                    }
                }
                query.text(" ORDER BY id");
                query.limit(stride);
                let batch = query.run(db, node)?;
                let Some(last) = batch.last() else { return Ok(found) };
                after.clone_from(&last.id);
                stride = BATCH;
                found.extend(batch.into_iter().filter(|node| keep(node)).take(limit - found.len()));
                if found.len() >= limit {
                    return Ok(found);
                }
            }
        })
        .await
    }

    /// Takes a heartbeat: members that are absent leave what is known. Answers whether the node exists.
    pub(crate) async fn node_reported(
        &self,
        report: UpdateInstanceInformation,
        now: Timestamp,
    ) -> Result<bool, ApiError> {
        self.write(move |db| {
            let mut statement = db.prepare_cached(
                "UPDATE nodes SET last_ping = ?2, agent_name = coalesce(?3, agent_name), \
                 agent_version = coalesce(?4, agent_version), platform_type = coalesce(?5, platform_type), \
                 platform_name = coalesce(?6, platform_name), platform_version = coalesce(?7, platform_version), \
                 computer_name = coalesce(?8, computer_name), ip_address = coalesce(?9, ip_address) WHERE id = ?1",
            )?;
            let changed = statement.execute((
                report.instance_id,
                now.as_millis(),
                report.agent_name,
                report.agent_version,
                report.platform_type,
                report.platform_name,
                report.platform_version,
                report.computer_name,
                report.ip_address,
            ))?;
            Ok(changed > 0)
        })
        .await
    }

    /// Gives a node another role. Answers whether the node exists.
    pub(crate) async fn set_node_role(&self, instance_id: String, iam_role: String) -> Result<bool, ApiError> {
        self.write(move |db| {
            Ok(db.execute("UPDATE nodes SET iam_role = ?2 WHERE id = ?1", (instance_id, iam_role))? > 0)
        })
        .await
    }

    /// Gives a node another public key. Answers whether the node exists.
    pub(crate) async fn set_node_key(&self, instance_id: String, public_key: String) -> Result<bool, ApiError> {
        self.write(move |db| {
            Ok(db.execute("UPDATE nodes SET public_key = ?2 WHERE id = ?1", (instance_id, public_key))? > 0)
        })
        .await
    }

    /// Forgets a node and its tags. Answers whether it existed.
    pub(crate) async fn delete_node(&self, instance_id: String) -> Result<bool, ApiError> {
        self.write(move |db| {
            tags::forget(db, &ResourceTypeForTagging::ManagedInstance, &instance_id)?;
            Ok(db.execute("DELETE FROM nodes WHERE id = ?1", [&instance_id])? > 0)
        })
        .await
    }
}
