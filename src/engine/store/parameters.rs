//! Parameters in the store. A name begins with a slash here, always; `shown` is how its owner spelled it.

mod pages;
mod put;

use rusqlite::{Connection, OptionalExtension, Row};

pub use pages::ParameterTest;
pub use put::Draft;

use super::{Outcome, Store, tags};
use crate::ssm::{ApiError, ParameterTier, ParameterType, ResourceTypeForTagging, Timestamp};

pub(super) const SCHEMA: &str = "
CREATE TABLE parameters (
    name TEXT PRIMARY KEY,
    shown TEXT NOT NULL,
    parent TEXT NOT NULL,
    type TEXT NOT NULL,
    tier TEXT NOT NULL,
    key_id TEXT,
    data_type TEXT NOT NULL,
    version INTEGER NOT NULL,
    expires INTEGER
) WITHOUT ROWID;
CREATE INDEX parameters_by_parent ON parameters (parent, name);
CREATE INDEX parameters_by_expiry ON parameters (expires) WHERE expires IS NOT NULL;
CREATE TABLE parameter_versions (
    name TEXT NOT NULL,
    version INTEGER NOT NULL,
    type TEXT NOT NULL,
    value BLOB NOT NULL,
    key_id TEXT,
    tier TEXT NOT NULL,
    data_type TEXT NOT NULL,
    description TEXT,
    allowed_pattern TEXT,
    policies TEXT,
    modified INTEGER NOT NULL,
    user TEXT NOT NULL,
    PRIMARY KEY (name, version)
);
CREATE TABLE parameter_labels (
    name TEXT NOT NULL,
    label TEXT NOT NULL,
    version INTEGER NOT NULL,
    PRIMARY KEY (name, label)
) WITHOUT ROWID;
CREATE TABLE parameter_counts (tier TEXT PRIMARY KEY, count INTEGER NOT NULL) WITHOUT ROWID;
CREATE TRIGGER parameter_added AFTER INSERT ON parameters BEGIN
    INSERT INTO parameter_counts VALUES (new.tier, 1) ON CONFLICT (tier) DO UPDATE SET count = count + 1;
END;
CREATE TRIGGER parameter_removed AFTER DELETE ON parameters BEGIN
    UPDATE parameter_counts SET count = count - 1 WHERE tier = old.tier;
END;
CREATE TRIGGER parameter_moved AFTER UPDATE OF tier ON parameters WHEN old.tier <> new.tier BEGIN
    UPDATE parameter_counts SET count = count - 1 WHERE tier = old.tier;
    INSERT INTO parameter_counts VALUES (new.tier, 1) ON CONFLICT (tier) DO UPDATE SET count = count + 1;
END;
";

/// How many labels a version may have.
const LABELS: i64 = 10;

/// One version of a parameter.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredParameter {
    /// The name, with its slash.
    pub name: String,
    /// The name as it was put.
    pub shown: String,
    /// Its type.
    pub kind: ParameterType,
    /// The text, or the sealed bytes of a SecureString.
    pub value: Vec<u8>,
    /// The key that a SecureString was sealed with, as the request named it.
    pub key_id: Option<String>,
    /// Its tier.
    pub tier: ParameterTier,
    /// `text` and others.
    pub data_type: String,
    /// What it is for.
    pub description: Option<String>,
    /// What its values must match.
    pub allowed_pattern: Option<String>,
    /// Its policies as JSON.
    pub policies: Option<String>,
    /// When this version was put.
    pub modified: Timestamp,
    /// The ARN of who put it.
    pub user: String,
    /// From 1.
    pub version: i64,
    /// The labels of this version; filled for histories only.
    pub labels: Vec<String>,
}

/// Which version of a parameter is meant.
#[derive(Clone, Debug, PartialEq)]
pub enum Which {
    /// The newest.
    Latest,
    /// This one.
    Version(i64),
    /// The one with this label.
    Label(String),
}

/// How labelling went.
#[derive(Clone, Debug, PartialEq)]
pub enum Labelled {
    /// Done, on this version.
    Done(i64),
    /// There is no such parameter.
    NoParameter,
    /// There is no such version.
    NoVersion(i64),
}

/// What [`stored`] reads, from `parameters p` and `parameter_versions v`.
const COLUMNS: &str = "p.name, p.shown, v.type, v.value, v.key_id, v.tier, v.data_type, v.description, v.allowed_pattern, \
                       v.policies, v.modified, v.user, v.version";

fn stored(row: &Row<'_>) -> rusqlite::Result<StoredParameter> {
    Ok(StoredParameter {
        name: row.get(0)?,
        shown: row.get(1)?,
        kind: ParameterType::from(row.get::<_, String>(2)?),
        value: row.get(3)?,
        key_id: row.get(4)?,
        tier: ParameterTier::from(row.get::<_, String>(5)?),
        data_type: row.get(6)?,
        description: row.get(7)?,
        allowed_pattern: row.get(8)?,
        policies: row.get(9)?,
        modified: Timestamp::from_millis(row.get(10)?),
        user: row.get(11)?,
        version: row.get(12)?,
        labels: Vec::new(),
    })
}

/// The path that a parameter lies in; nothing for the top.
fn parent(name: &str) -> &str {
    name.rsplit_once('/').map_or("", |(parent, _)| parent)
}

fn find(db: &Connection, name: &str, which: &Which, now: Timestamp) -> Outcome<Option<StoredParameter>> {
    let version = match which {
        Which::Latest => "p.version",
        Which::Version(_) => "?3",
        Which::Label(_) => "(SELECT l.version FROM parameter_labels l WHERE l.name = p.name AND l.label = ?3)",
    };
    let sql = format!(
        "SELECT {COLUMNS} FROM parameters p JOIN parameter_versions v ON v.name = p.name AND v.version = {version} \
         WHERE p.name = ?1 AND (p.expires IS NULL OR p.expires > ?2)"
    );
    let mut statement = db.prepare_cached(&sql)?;
    let now = now.as_millis();
    let found = match which {
        Which::Latest => statement.query_row((name, now), stored),
        Which::Version(version) => statement.query_row((name, now, version), stored),
        Which::Label(label) => statement.query_row((name, now, label), stored),
    };
    Ok(found.optional()?)
}

/// Removes a parameter with all that belongs to it. Answers whether it existed.
fn remove(db: &Connection, name: &str) -> Outcome<bool> {
    let existed = db.prepare_cached("DELETE FROM parameters WHERE name = ?1")?.execute([name])? > 0;
    if existed {
        db.prepare_cached("DELETE FROM parameter_versions WHERE name = ?1")?.execute([name])?;
        db.prepare_cached("DELETE FROM parameter_labels WHERE name = ?1")?.execute([name])?;
        tags::forget(db, &ResourceTypeForTagging::Parameter, name)?;
    }
    Ok(existed)
}

impl Store {
    /// One version of a parameter.
    pub(crate) async fn parameter(
        &self,
        name: String,
        which: Which,
        now: Timestamp,
    ) -> Result<Option<StoredParameter>, ApiError> {
        self.read(move |db| find(db, &name, &which, now)).await
    }

    /// Several parameters, each where it was asked for.
    pub(crate) async fn parameters(
        &self,
        wanted: Vec<(String, Which)>,
        now: Timestamp,
    ) -> Result<Vec<Option<StoredParameter>>, ApiError> {
        self.read(move |db| wanted.iter().map(|(name, which)| find(db, name, which, now)).collect()).await
    }

    /// Deletes parameters; answers for each whether it existed.
    pub(crate) async fn delete_parameters(&self, names: Vec<String>, now: Timestamp) -> Result<Vec<bool>, ApiError> {
        self.write(move |db| {
            names
                .iter()
                .map(|name| {
                    let there = find(db, name, &Which::Latest, now)?.is_some();
                    Ok(remove(db, name)? && there)
                })
                .collect()
        })
        .await
    }

    /// Deletes what has expired.
    pub(crate) async fn expire_parameters(&self, now: Timestamp) -> Result<(), ApiError> {
        let due = move |db: &Connection| -> Outcome<Vec<String>> {
            let mut statement = db.prepare_cached("SELECT name FROM parameters WHERE expires <= ?1")?;
            Ok(statement.query_map([now.as_millis()], |row| row.get(0))?.collect::<Result<_, _>>()?)
        };
        if self.read(due).await?.is_empty() {
            return Ok(());
        }
        self.write(move |db| {
            for name in due(db)? {
                remove(db, &name)?;
            }
            Ok(())
        })
        .await
    }

    /// Puts labels on a version, the newest if none is named; a label that was elsewhere moves.
    ///
    /// Errors: `ParameterVersionLabelLimitExceeded`.
    pub(crate) async fn label_parameter(
        &self,
        name: String,
        version: Option<i64>,
        labels: Vec<String>,
        now: Timestamp,
    ) -> Result<Labelled, ApiError> {
        self.write(move |db| {
            let version = match versioned(db, &name, version, now)? {
                Labelled::Done(version) => version,
                other => return Ok(other),
            };
            let mut statement = db.prepare_cached(
                "INSERT INTO parameter_labels VALUES (?1, ?2, ?3) \
                 ON CONFLICT (name, label) DO UPDATE SET version = excluded.version",
            )?;
            for label in labels {
                statement.execute((&name, label, version))?;
            }
            let count: i64 = db.query_row(
                "SELECT count(*) FROM parameter_labels WHERE name = ?1 AND version = ?2",
                (&name, version),
                |row| row.get(0),
            )?;
            if count > LABELS {
                return Err(ApiError::new(
                    "ParameterVersionLabelLimitExceeded",
                    "A parameter version can have a maximum of ten labels. Move one or more labels to another version and \
                     try again.",
                )
                .into());
            }
            Ok(Labelled::Done(version))
        })
        .await
    }

    /// Takes labels off a version; answers those that were on it.
    pub(crate) async fn unlabel_parameter(
        &self,
        name: String,
        version: i64,
        labels: Vec<String>,
        now: Timestamp,
    ) -> Result<(Labelled, Vec<String>), ApiError> {
        self.write(move |db| {
            let outcome = versioned(db, &name, Some(version), now)?;
            let mut removed = Vec::new();
            if outcome == Labelled::Done(version) {
                let mut statement =
                    db.prepare_cached("DELETE FROM parameter_labels WHERE name = ?1 AND label = ?2 AND version = ?3")?;
                for label in labels {
                    if statement.execute((&name, &label, version))? > 0 {
                        removed.push(label);
                    }
                }
            }
            Ok((outcome, removed))
        })
        .await
    }
}

/// The version that labels are meant for, if it is there.
fn versioned(db: &Connection, name: &str, version: Option<i64>, now: Timestamp) -> Outcome<Labelled> {
    let Some(latest) = find(db, name, &Which::Latest, now)? else { return Ok(Labelled::NoParameter) };
    match version {
        None => Ok(Labelled::Done(latest.version)),
        Some(version) if find(db, name, &Which::Version(version), now)?.is_some() => Ok(Labelled::Done(version)),
        Some(version) => Ok(Labelled::NoVersion(version)),
    }
}
