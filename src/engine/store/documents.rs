//! The account's documents, their versions and whom they are shared with.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{Outcome, Store, query::Query, tags};
use crate::ssm::{
    AccountSharingInfo, ApiError, DocumentFormat, DocumentRequires, DocumentType, PlatformType, ResourceTypeForTagging,
    Tag, Timestamp,
};

/// The documents an account may have.
const MAX_DOCUMENTS: i64 = 500;
/// The versions a document may have.
const MAX_VERSIONS: i64 = 1000;
/// The accounts a document may be shared with.
const MAX_SHARES: i64 = 1000;

pub(super) const SCHEMA: &str = "
CREATE TABLE documents (
    name TEXT PRIMARY KEY,
    document_type TEXT NOT NULL,
    default_version INTEGER NOT NULL,
    latest_version INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE document_versions (
    name TEXT NOT NULL REFERENCES documents (name) ON DELETE CASCADE,
    version INTEGER NOT NULL,
    version_name TEXT,
    display_name TEXT,
    target_type TEXT,
    format TEXT NOT NULL,
    schema_version TEXT,
    platforms TEXT NOT NULL,
    requires TEXT NOT NULL,
    hash TEXT NOT NULL,
    created INTEGER NOT NULL,
    content TEXT NOT NULL,
    PRIMARY KEY (name, version)
) STRICT;
CREATE UNIQUE INDEX document_version_names ON document_versions (name, version_name) WHERE version_name IS NOT NULL;
CREATE TABLE document_shares (
    name TEXT NOT NULL REFERENCES documents (name) ON DELETE CASCADE,
    account TEXT NOT NULL,
    version TEXT NOT NULL,
    PRIMARY KEY (name, account)
) STRICT, WITHOUT ROWID;
";

const COLUMNS: &str = "d.name, d.document_type, d.default_version, d.latest_version, v.version, v.version_name,
    v.display_name, v.target_type, v.format, v.schema_version, v.platforms, v.requires, v.hash, v.created";

/// One version of a document, without its content.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct DocumentVersion {
    pub name: String,
    pub document_type: DocumentType,
    /// The version that answers where none is named.
    pub default_version: i64,
    /// The newest version.
    pub latest_version: i64,
    /// This version.
    pub version: i64,
    pub facts: DocumentFacts,
}

/// What a version says about itself.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct DocumentFacts {
    pub version_name: Option<String>,
    pub display_name: Option<String>,
    pub target_type: Option<String>,
    pub format: DocumentFormat,
    pub schema_version: Option<String>,
    pub platforms: Vec<PlatformType>,
    pub requires: Vec<DocumentRequires>,
    /// SHA-256 of the content, in hexadecimal digits.
    pub hash: String,
    pub created: Timestamp,
}

/// Which version is meant.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum VersionSelector {
    Default,
    Latest,
    Number(i64),
    Name(String),
    /// A version that also has to bear this name.
    Both(Box<VersionSelector>, String),
}

fn invalid_document() -> ApiError {
    ApiError::new("InvalidDocument", "The specified document does not exist.")
}

fn invalid_version() -> ApiError {
    ApiError::new("InvalidDocumentVersion", "The document version is not valid or does not exist.")
}

impl Store {
    /// Keeps version 1 of a new document. Errors: `DocumentAlreadyExists`, `DocumentLimitExceeded`.
    pub(crate) async fn create_document(
        &self,
        name: String,
        document_type: DocumentType,
        facts: DocumentFacts,
        content: String,
        tags: Vec<Tag>,
    ) -> Result<DocumentVersion, ApiError> {
        self.write(move |db| {
            let known = db.prepare_cached("SELECT 1 FROM documents WHERE name = ?1")?.exists([&name])?;
            if known {
                let message = format!("Document with same name {name} already exists");
                return Err(ApiError::new("DocumentAlreadyExists", message).into());
            }
            if db.query_row("SELECT count(*) FROM documents", [], |row| row.get::<_, i64>(0))? >= MAX_DOCUMENTS {
                let message = format!("You can have at most {MAX_DOCUMENTS} active Systems Manager documents.");
                return Err(ApiError::new("DocumentLimitExceeded", message).into());
            }
            db.execute("INSERT INTO documents VALUES (?1, ?2, 1, 1)", [&name, document_type.as_str()])?;
            insert_version(db, &name, 1, &facts, &content)?;
            tags::put(db, &ResourceTypeForTagging::Document, &name, &tags)?;
            select(db, &name, &VersionSelector::Default)
        })
        .await
    }

    /// Keeps the next version of a document that is based on `base`.
    ///
    /// Errors: `InvalidDocument`, `InvalidDocumentVersion`, `DuplicateDocumentContent`, `DuplicateDocumentVersionName`,
    /// `DocumentVersionLimitExceeded`.
    pub(crate) async fn update_document(
        &self,
        name: String,
        base: VersionSelector,
        facts: DocumentFacts,
        content: String,
    ) -> Result<DocumentVersion, ApiError> {
        self.write(move |db| {
            let latest = select(db, &name, &VersionSelector::Latest)?;
            // Without a version the latest is meant, as the CLI has it.
            let based_on_latest = match base {
                VersionSelector::Default | VersionSelector::Latest => true,
                VersionSelector::Number(number) => number == latest.version,
                VersionSelector::Name(_) | VersionSelector::Both(..) => false,
            };
            if !based_on_latest {
                return Err(invalid_version().into());
            }
            let same = db
                .prepare_cached("SELECT 1 FROM document_versions WHERE name = ?1 AND hash = ?2 AND version = ?3")?
                .exists(params![name, facts.hash, latest.version])?;
            if same {
                let message = "The content of the association document matches another document. Change the content of the \
                               document and try again.";
                return Err(ApiError::new("DuplicateDocumentContent", message).into());
            }
            if facts.version_name.is_some() {
                let used = db
                    .prepare_cached("SELECT 1 FROM document_versions WHERE name = ?1 AND version_name = ?2")?
                    .exists(params![name, facts.version_name])?;
                if used {
                    let message = "The specified version name is a duplicate.";
                    return Err(ApiError::new("DuplicateDocumentVersionName", message).into());
                }
            }
            let count: i64 =
                db.query_row("SELECT count(*) FROM document_versions WHERE name = ?1", [&name], |row| row.get(0))?;
            if count >= MAX_VERSIONS {
                let message = format!("The document has {MAX_VERSIONS} versions. Delete one and try again.");
                return Err(ApiError::new("DocumentVersionLimitExceeded", message).into());
            }
            let version = latest.latest_version + 1;
            insert_version(db, &name, version, &facts, &content)?;
            db.execute("UPDATE documents SET latest_version = ?2 WHERE name = ?1", params![name, version])?;
            select(db, &name, &VersionSelector::Number(version))
        })
        .await
    }

    /// Finds a version. Errors: `InvalidDocument`, `InvalidDocumentVersion`.
    pub(crate) async fn document(&self, name: String, version: VersionSelector) -> Result<DocumentVersion, ApiError> {
        self.read(move |db| select(db, &name, &version)).await
    }

    /// Finds a version and its content. Errors: `InvalidDocument`, `InvalidDocumentVersion`.
    pub(crate) async fn document_content(
        &self,
        name: String,
        version: VersionSelector,
    ) -> Result<(DocumentVersion, String), ApiError> {
        self.read(move |db| {
            let found = select(db, &name, &version)?;
            let content = db
                .prepare_cached("SELECT content FROM document_versions WHERE name = ?1 AND version = ?2")?
                .query_row(params![name, found.version], |row| row.get(0))?;
            Ok((found, content))
        })
        .await
    }

    /// Every document in its default version, by name.
    pub(crate) async fn documents(&self) -> Result<Vec<DocumentVersion>, ApiError> {
        self.read(|db| {
            let sql = format!(
                "SELECT {COLUMNS} FROM documents d JOIN document_versions v
                 ON v.name = d.name AND v.version = d.default_version ORDER BY d.name"
            );
            let mut statement = db.prepare_cached(&sql)?;
            let found = statement.query_map([], version)?.collect::<Result<_, _>>()?;
            Ok(found)
        })
        .await
    }

    /// Up to `limit` versions of a document older than `before`, newest first. Errors: `InvalidDocument`.
    pub(crate) async fn document_versions(
        &self,
        name: String,
        before: i64,
        limit: usize,
    ) -> Result<Vec<DocumentVersion>, ApiError> {
        self.read(move |db| {
            select(db, &name, &VersionSelector::Default)?;
            let mut query = Query::new(&format!(
                "SELECT {COLUMNS} FROM documents d JOIN document_versions v ON v.name = d.name WHERE d.name = "
            ));
            query.bind(name);
            query.and("v.version <", Some(before));
            query.text(" ORDER BY v.version DESC");
            query.limit(limit);
            query.run(db, version)
        })
        .await
    }

    /// Makes a version the default. Errors: `InvalidDocument`, `InvalidDocumentVersion`.
    pub(crate) async fn set_default_document_version(
        &self,
        name: String,
        number: i64,
    ) -> Result<DocumentVersion, ApiError> {
        self.write(move |db| {
            select(db, &name, &VersionSelector::Number(number))?;
            db.execute("UPDATE documents SET default_version = ?2 WHERE name = ?1", params![name, number])?;
            select(db, &name, &VersionSelector::Default)
        })
        .await
    }

    /// Deletes one version, or the document with all of them.
    ///
    /// Errors: `InvalidDocument`, `InvalidDocumentVersion`, `InvalidDocumentOperation` for the default version alone and for
    /// a document that is shared.
    pub(crate) async fn delete_document(&self, name: String, only: Option<VersionSelector>) -> Result<(), ApiError> {
        self.write(move |db| {
            let found = select(db, &name, only.as_ref().unwrap_or(&VersionSelector::Default))?;
            if only.is_some() {
                if found.version == found.default_version {
                    let message = "Default version of the document can't be deleted.";
                    return Err(ApiError::new("InvalidDocumentOperation", message).into());
                }
                let delete = "DELETE FROM document_versions WHERE name = ?1 AND version = ?2";
                db.execute(delete, params![name, found.version])?;
                let newest = "UPDATE documents SET latest_version =
                    (SELECT max(version) FROM document_versions WHERE name = ?1) WHERE name = ?1";
                db.execute(newest, [&name])?;
                return Ok(());
            }
            if db.prepare_cached("SELECT 1 FROM document_shares WHERE name = ?1")?.exists([&name])? {
                let message = "Must unshare document first before deleting";
                return Err(ApiError::new("InvalidDocumentOperation", message).into());
            }
            tags::forget(db, &ResourceTypeForTagging::Document, &name)?;
            db.execute("DELETE FROM documents WHERE name = ?1", [&name])?;
            Ok(())
        })
        .await
    }

    /// Whom a document is shared with, by account. Errors: `InvalidDocument`.
    pub(crate) async fn document_shares(&self, name: String) -> Result<Vec<AccountSharingInfo>, ApiError> {
        self.read(move |db| {
            select(db, &name, &VersionSelector::Default)?;
            let mut statement =
                db.prepare_cached("SELECT account, version FROM document_shares WHERE name = ?1 ORDER BY account")?;
            let shares = statement.query_map([name], |row| {
                Ok(AccountSharingInfo { account_id: row.get(0)?, shared_document_version: row.get(1)? })
            })?;
            Ok(shares.collect::<Result<_, _>>()?)
        })
        .await
    }

    /// Shares a document with accounts and takes it back from others. Errors: `InvalidDocument`,
    /// `DocumentPermissionLimit`.
    pub(crate) async fn share_document(
        &self,
        name: String,
        add: Vec<String>,
        remove: Vec<String>,
        shared_version: String,
    ) -> Result<(), ApiError> {
        self.write(move |db| {
            select(db, &name, &VersionSelector::Default)?;
            for account in remove {
                db.execute("DELETE FROM document_shares WHERE name = ?1 AND account = ?2", params![name, account])?;
            }
            for account in add {
                let insert = "INSERT INTO document_shares VALUES (?1, ?2, ?3)
                    ON CONFLICT DO UPDATE SET version = excluded.version";
                db.execute(insert, params![name, account, shared_version])?;
            }
            let count: i64 =
                db.query_row("SELECT count(*) FROM document_shares WHERE name = ?1", [&name], |row| row.get(0))?;
            if count > MAX_SHARES {
                let message = format!("The document can't be shared with more than {MAX_SHARES} accounts.");
                return Err(ApiError::new("DocumentPermissionLimit", message).into());
            }
            Ok(())
        })
        .await
    }
}

fn insert_version(db: &Connection, name: &str, version: i64, facts: &DocumentFacts, content: &str) -> Outcome<()> {
    let platforms: Vec<&str> = facts.platforms.iter().map(PlatformType::as_str).collect();
    db.execute(
        "INSERT INTO document_versions VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
        params![
            name,
            version,
            facts.version_name,
            facts.display_name,
            facts.target_type,
            facts.format.as_str(),
            facts.schema_version,
            platforms.join(","),
            serde_json::to_string(&facts.requires).unwrap_or_default(),
            facts.hash,
            facts.created.as_millis(),
            content,
        ],
    )?;
    Ok(())
}

fn select(db: &Connection, name: &str, selector: &VersionSelector) -> Outcome<DocumentVersion> {
    let find = |condition: &str, value: &dyn rusqlite::ToSql| {
        let sql = format!(
            "SELECT {COLUMNS} FROM documents d JOIN document_versions v ON v.name = d.name
             WHERE d.name = ?1 AND {condition}"
        );
        db.prepare_cached(&sql)?.query_row(params![name, value], version).optional()
    };
    let found = match selector {
        VersionSelector::Default => find("v.version = d.default_version AND ?2 IS NULL", &rusqlite::types::Null)?,
        VersionSelector::Latest => find("v.version = d.latest_version AND ?2 IS NULL", &rusqlite::types::Null)?,
        VersionSelector::Number(number) => find("v.version = ?2", number)?,
        VersionSelector::Name(version_name) => find("v.version_name = ?2", version_name)?,
        VersionSelector::Both(version, version_name) => {
            Some(select(db, name, version)?).filter(|found| found.facts.version_name.as_ref() == Some(version_name))
        }
    };
    match found {
        Some(found) => Ok(found),
        None if db.prepare_cached("SELECT 1 FROM documents WHERE name = ?1")?.exists([name])? => {
            Err(invalid_version().into())
        }
        None => Err(invalid_document().into()),
    }
}

fn version(row: &Row<'_>) -> rusqlite::Result<DocumentVersion> {
    let platforms: String = row.get(10)?;
    let requires: String = row.get(11)?;
    Ok(DocumentVersion {
        name: row.get(0)?,
        document_type: DocumentType::from(row.get::<_, String>(1)?),
        default_version: row.get(2)?,
        latest_version: row.get(3)?,
        version: row.get(4)?,
        facts: DocumentFacts {
            version_name: row.get(5)?,
            display_name: row.get(6)?,
            target_type: row.get(7)?,
            format: DocumentFormat::from(row.get::<_, String>(8)?),
            schema_version: row.get(9)?,
            platforms: platforms.split(',').filter(|p| !p.is_empty()).map(PlatformType::from).collect(),
            requires: serde_json::from_str(&requires).unwrap_or_default(),
            hash: row.get(12)?,
            created: Timestamp::from_millis(row.get(13)?),
        },
    })
}
