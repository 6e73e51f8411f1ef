//! Documents: the account's own, and the ones that every account has.

mod list;
mod permission;

use super::{
    ACCOUNT, Ctx, Engine, Router,
    store::documents::{DocumentFacts, DocumentVersion, VersionSelector},
    tags,
};
use crate::{
    ssm::{
        ApiError, CreateDocument, CreateDocumentOutput, DeleteDocument, DeleteDocumentOutput, DescribeDocument,
        DescribeDocumentOutput, DocumentDefaultVersionDescription, DocumentDescription, DocumentFormat,
        DocumentHashType, DocumentParameter, DocumentParameterType, DocumentRequires, DocumentStatus, DocumentType,
        GetDocument, GetDocumentOutput, Timestamp, UpdateDocument, UpdateDocumentDefaultVersion,
        UpdateDocumentDefaultVersionOutput, UpdateDocumentOutput,
        document::{
            self, Document,
            standard::{self, Standard},
        },
    },
    wire::digest::sha256_hex,
};

/// Names that begin like this belong to AWS.
const RESERVED: &[&str] = &["aws", "amazon", "amzn"];
/// The date of the standard documents; AWS's have one too.
const STANDARD_CREATED: i64 = 1_735_689_600_000;

/// The operations of documents.
pub(super) fn operations() -> Router {
    Router::default()
        .handle(create)
        .handle(get)
        .handle(describe)
        .handle(update)
        .handle(set_default_version)
        .handle(delete)
        .handle(list::documents)
        .handle(list::versions)
        .handle(permission::describe)
        .handle(permission::modify)
}

/// A document that was found: its facts, its text, and what stands in it if this build understands its type.
pub(super) struct Found {
    pub(super) version: DocumentVersion,
    pub(super) owner: &'static str,
    pub(super) content: String,
}

impl Found {
    fn standard(standard: &Standard) -> Self {
        Self { version: standard_version(standard), owner: standard::OWNER, content: standard.content.to_owned() }
    }

    /// The document, understood. Errors: `InvalidDocument` for types that are not run.
    pub(super) fn document(&self) -> Result<Document, ApiError> {
        let version = &self.version;
        if !is_read(&version.document_type) {
            let message = format!("Document type {} can't be used here.", version.document_type);
            return Err(ApiError::new("InvalidDocument", message));
        }
        Document::read(&self.content, &version.facts.format, &version.document_type)
            .map_err(|error| ApiError::new("InvalidDocument", error.to_string()))
    }
}

/// Finds a document by name or ARN. Errors: `InvalidDocument`, `InvalidDocumentVersion`.
pub(super) async fn find(engine: &Engine, name: &str, version: VersionSelector) -> Result<Found, ApiError> {
    let name = bare_name(name);
    match engine.store.document_content(name.to_owned(), version.clone()).await {
        Ok((version, content)) => Ok(Found { version, owner: ACCOUNT, content }),
        Err(error) if error.code == "InvalidDocument" => {
            let standard = standard::find(name).ok_or(error)?;
            if matches!(version, VersionSelector::Number(n) if n != 1) || matches!(version, VersionSelector::Name(_)) {
                let message = "The document version is not valid or does not exist.";
                return Err(ApiError::new("InvalidDocumentVersion", message));
            }
            Ok(Found::standard(standard))
        }
        Err(error) => Err(error),
    }
}

/// Reads `DocumentVersion` and `VersionName`.
pub(super) fn selector(version: Option<&str>, name: Option<&str>) -> VersionSelector {
    match (version, name) {
        (None | Some("$DEFAULT" | ""), Some(name)) => VersionSelector::Name(name.to_owned()),
        (None | Some("$DEFAULT" | ""), None) => VersionSelector::Default,
        (Some("$LATEST"), None) => VersionSelector::Latest,
        // The service model lets only numbers through; one that is too large exists nowhere.
        (Some(number), None) => VersionSelector::Number(number.parse().unwrap_or(i64::MAX)),
        (Some(version), Some(name)) => VersionSelector::Both(Box::new(selector(Some(version), None)), name.to_owned()),
    }
}

/// `arn:aws:ssm:…:document/Name` is `Name`.
fn bare_name(name: &str) -> &str {
    name.rsplit_once(":document/").map_or(name, |(_, name)| name)
}

fn is_read(document_type: &DocumentType) -> bool {
    matches!(document_type, DocumentType::Command | DocumentType::Policy | DocumentType::Session)
}

fn standard_version(standard: &Standard) -> DocumentVersion {
    DocumentVersion {
        name: standard.name.to_owned(),
        document_type: standard.document_type.clone(),
        default_version: 1,
        latest_version: 1,
        version: 1,
        facts: DocumentFacts {
            version_name: None,
            display_name: None,
            target_type: None,
            format: DocumentFormat::Json,
            schema_version: Some(standard.document.schema.to_string()),
            platforms: standard.document.platform_types(),
            requires: Vec::new(),
            hash: sha256_hex(standard.content.as_bytes()),
            created: Timestamp::from_millis(STANDARD_CREATED),
        },
    }
}

/// The parts of a request that become a version.
struct Draft<'a> {
    content: &'a str,
    document_type: &'a DocumentType,
    format: DocumentFormat,
    version_name: Option<String>,
    display_name: Option<String>,
    target_type: Option<String>,
    requires: Vec<DocumentRequires>,
}

impl Draft<'_> {
    /// Errors: `InvalidDocumentContent`, `InvalidDocumentSchemaVersion`, `MaxDocumentSizeExceeded`.
    fn facts(self, now: Timestamp) -> Result<DocumentFacts, ApiError> {
        let (schema_version, platforms) = if is_read(self.document_type) {
            let document = Document::read(self.content, &self.format, self.document_type)?;
            (Some(document.schema.to_string()), document.platform_types())
        } else if self.format == DocumentFormat::Text {
            if self.content.len() > document::MAX_CONTENT {
                return Err(document::DocumentError::TooLarge.into());
            }
            (None, Vec::new())
        } else {
            let source = document::read_source(self.content, &self.format)?;
            (source.get("schemaVersion").map(document::parameters::text_of), Vec::new())
        };
        Ok(DocumentFacts {
            version_name: self.version_name,
            display_name: self.display_name,
            target_type: self.target_type,
            format: self.format,
            schema_version,
            platforms,
            requires: self.requires,
            hash: sha256_hex(self.content.as_bytes()),
            created: now,
        })
    }
}

async fn create(ctx: Ctx, request: CreateDocument) -> Result<CreateDocumentOutput, ApiError> {
    let reserved =
        |prefix: &&str| request.name.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix));
    if RESERVED.iter().any(reserved) {
        let message =
            format!("Document name {} is not valid. A name can't begin with {}.", request.name, RESERVED.join(", "));
        return Err(ApiError::validation(message));
    }
    no_attachments(request.attachments.is_empty())?;
    let document_type = request.document_type.unwrap_or(DocumentType::Command);
    let draft = Draft {
        content: &request.content,
        document_type: &document_type,
        format: request.document_format.unwrap_or(DocumentFormat::Json),
        version_name: request.version_name,
        display_name: request.display_name,
        target_type: request.target_type,
        requires: request.requires,
    };
    let facts = draft.facts(ctx.now())?;
    tags::check(&request.tags)?;
    let (content, tags) = (request.content.clone(), request.tags.clone());
    let version = ctx.engine.store.create_document(request.name, document_type, facts, content, tags).await?;
    let mut description = description(&version, ACCOUNT, &request.content);
    description.status = Some(DocumentStatus::Creating);
    description.tags = request.tags;
    Ok(CreateDocumentOutput { document_description: Some(description) })
}

async fn update(ctx: Ctx, request: UpdateDocument) -> Result<UpdateDocumentOutput, ApiError> {
    no_attachments(request.attachments.is_empty())?;
    let name = bare_name(&request.name).to_owned();
    let current = ctx.engine.store.document(name.clone(), VersionSelector::Latest).await?;
    let draft = Draft {
        content: &request.content,
        document_type: &current.document_type,
        format: request.document_format.unwrap_or(DocumentFormat::Json),
        version_name: request.version_name,
        display_name: request.display_name.or(current.facts.display_name),
        target_type: request.target_type.or(current.facts.target_type),
        requires: current.facts.requires,
    };
    let facts = draft.facts(ctx.now())?;
    let base = selector(request.document_version.as_deref(), None);
    let version = ctx.engine.store.update_document(name, base, facts, request.content.clone()).await?;
    let mut description = description(&version, ACCOUNT, &request.content);
    description.status = Some(DocumentStatus::Updating);
    Ok(UpdateDocumentOutput { document_description: Some(description) })
}

async fn get(ctx: Ctx, request: GetDocument) -> Result<GetDocumentOutput, ApiError> {
    let selector = selector(request.document_version.as_deref(), request.version_name.as_deref());
    let Found { version, content, .. } = find(&ctx.engine, &request.name, selector).await?;
    let stored = version.facts.format;
    let format = request.document_format.unwrap_or(DocumentFormat::Json);
    let convertible = |format: &DocumentFormat| matches!(format, DocumentFormat::Json | DocumentFormat::Yaml);
    let (content, format) = if format == stored || !convertible(&stored) || !convertible(&format) {
        (content, stored)
    } else {
        (document::write_source(&document::read_source(&content, &stored)?, &format)?, format)
    };
    Ok(GetDocumentOutput {
        name: Some(version.name),
        created_date: Some(version.facts.created),
        display_name: version.facts.display_name,
        version_name: version.facts.version_name,
        document_version: Some(version.version.to_string()),
        status: Some(DocumentStatus::Active),
        content: Some(content),
        document_type: Some(version.document_type),
        document_format: Some(format),
        requires: version.facts.requires,
        ..Default::default()
    })
}

async fn describe(ctx: Ctx, request: DescribeDocument) -> Result<DescribeDocumentOutput, ApiError> {
    let selector = selector(request.document_version.as_deref(), request.version_name.as_deref());
    let found = find(&ctx.engine, &request.name, selector).await?;
    Ok(DescribeDocumentOutput { document: Some(description(&found.version, found.owner, &found.content)) })
}

async fn set_default_version(
    ctx: Ctx,
    request: UpdateDocumentDefaultVersion,
) -> Result<UpdateDocumentDefaultVersionOutput, ApiError> {
    let name = bare_name(&request.name).to_owned();
    let number = request.document_version.parse().unwrap_or(i64::MAX);
    let version = ctx.engine.store.set_default_document_version(name, number).await?;
    Ok(UpdateDocumentDefaultVersionOutput {
        description: Some(DocumentDefaultVersionDescription {
            name: Some(version.name),
            default_version: Some(version.default_version.to_string()),
            default_version_name: version.facts.version_name,
        }),
    })
}

async fn delete(ctx: Ctx, request: DeleteDocument) -> Result<DeleteDocumentOutput, ApiError> {
    let name = bare_name(&request.name).to_owned();
    let only = (request.document_version.is_some() || request.version_name.is_some())
        .then(|| selector(request.document_version.as_deref(), request.version_name.as_deref()));
    ctx.engine.store.delete_document(name, only).await?;
    Ok(DeleteDocumentOutput {})
}

fn no_attachments(none: bool) -> Result<(), ApiError> {
    if none { Ok(()) } else { Err(ApiError::validation("Attachments are not supported by this endpoint.")) }
}

/// What `CreateDocument`, `UpdateDocument` and `DescribeDocument` tell about a version.
fn description(version: &DocumentVersion, owner: &str, content: &str) -> DocumentDescription {
    let facts = &version.facts;
    let source = document::read_source(content, &facts.format).unwrap_or_default();
    let parameters = Document::from_value(source.clone()).map(|document| document.parameters).unwrap_or_default();
    DocumentDescription {
        hash: Some(facts.hash.clone()),
        hash_type: Some(DocumentHashType::Sha256),
        name: Some(version.name.clone()),
        display_name: facts.display_name.clone(),
        version_name: facts.version_name.clone(),
        owner: Some(owner.to_owned()),
        created_date: Some(facts.created),
        status: Some(DocumentStatus::Active),
        document_version: Some(version.version.to_string()),
        description: source.get("description").and_then(|text| text.as_str()).map(str::to_owned),
        parameters: parameters
            .iter()
            .map(|parameter| DocumentParameter {
                name: Some(parameter.name.clone()),
                // The API knows two types here; the others are told by the content.
                r#type: Some(if parameter.kind.is_list() {
                    DocumentParameterType::StringList
                } else {
                    DocumentParameterType::String
                }),
                description: parameter.description.clone(),
                default_value: parameter.default_text(),
            })
            .collect(),
        platform_types: facts.platforms.clone(),
        document_type: Some(version.document_type.clone()),
        schema_version: facts.schema_version.clone(),
        latest_version: Some(version.latest_version.to_string()),
        default_version: Some(version.default_version.to_string()),
        document_format: Some(facts.format.clone()),
        target_type: facts.target_type.clone(),
        requires: facts.requires.clone(),
        ..Default::default()
    }
}

#[cfg(test)]
mod tests;
