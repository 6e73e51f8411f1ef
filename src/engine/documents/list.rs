//! `ListDocuments` and `ListDocumentVersions`.

use super::{Ctx, Standard, bare_name, standard, standard_version};
use crate::{
    engine::{ACCOUNT, paging, store::documents::DocumentVersion},
    ssm::{
        ApiError, DocumentIdentifier, DocumentKeyValuesFilter, DocumentStatus, DocumentVersionInfo,
        ListDocumentVersions, ListDocumentVersionsOutput, ListDocuments, ListDocumentsOutput, Tag,
    },
};

const PAGE: usize = 50;
/// The keys of `Filters`, besides `tag:…`.
const KEYS: &[&str] = &["Name", "Owner", "PlatformTypes", "DocumentType", "TargetType", "SearchKeyword"];

struct Entry {
    version: DocumentVersion,
    owner: &'static str,
    tags: Vec<Tag>,
}

pub(super) async fn documents(ctx: Ctx, request: ListDocuments) -> Result<ListDocumentsOutput, ApiError> {
    let mut filters = request.filters.clone();
    filters.extend(request.document_filter_list.iter().map(|filter| DocumentKeyValuesFilter {
        key: Some(filter.key.to_string()),
        values: vec![filter.value.clone()],
    }));
    for filter in &filters {
        let key = filter.key.as_deref().unwrap_or_default();
        if !KEYS.contains(&key) && !key.starts_with("tag:") {
            return Err(ApiError::new("InvalidFilterKey", format!("The filter key {key} is not valid.")));
        }
    }
    let after: Option<String> = ctx.engine.tokens.resume(&request, request.next_token.as_deref())?;
    let limit = paging::limit(request.max_results, PAGE);
    // An account has at most 500 documents, so they are looked through in memory.
    let own = ctx.engine.store.documents().await?;
    let mut entries: Vec<Entry> = standard::all()
        .iter()
        .filter(|standard| !own.iter().any(|version| version.name == standard.name))
        .map(|standard: &Standard| Entry {
            version: standard_version(standard),
            owner: standard::OWNER,
            tags: Vec::new(),
        })
        .collect();
    entries.extend(own.into_iter().map(|version| Entry { version, owner: ACCOUNT, tags: Vec::new() }));
    entries.sort_by(|left, right| left.version.name.cmp(&right.version.name));
    entries.retain(|entry| {
        after.as_ref().is_none_or(|after| entry.version.name > *after)
            && filters.iter().all(|filter| entry.meets(filter))
    });
    let cursor = paging::cut(&mut entries, limit, |last| last.version.name.clone());
    let next_token = cursor.map(|cursor| ctx.engine.tokens.issue(&request, &cursor)).transpose()?;
    Ok(ListDocumentsOutput { document_identifiers: entries.into_iter().map(identifier).collect(), next_token })
}

impl Entry {
    fn meets(&self, filter: &DocumentKeyValuesFilter) -> bool {
        let key = filter.key.as_deref().unwrap_or_default();
        if filter.values.is_empty() && !key.starts_with("tag:") {
            return true;
        }
        let facts = &self.version.facts;
        let any = |test: &dyn Fn(&str) -> bool| filter.values.iter().any(|value| test(value));
        match key {
            "Name" => any(&|value| self.version.name.starts_with(value)),
            "Owner" => any(&|value| match value {
                "Self" | "Private" => self.owner == ACCOUNT,
                "Amazon" | "Public" => self.owner == standard::OWNER,
                "All" => true,
                owner => self.owner == owner,
            }),
            "PlatformTypes" => {
                any(&|value| facts.platforms.iter().any(|platform| platform.as_str().eq_ignore_ascii_case(value)))
            }
            "DocumentType" => any(&|value| self.version.document_type.as_str() == value),
            "TargetType" => any(&|value| facts.target_type.as_deref() == Some(value)),
            "SearchKeyword" => {
                // Every keyword has to occur.
                let name = self.version.name.to_lowercase();
                filter.values.iter().all(|value| name.contains(&value.to_lowercase()))
            }
            tag => {
                let tag = tag.trim_start_matches("tag:");
                self.tags
                    .iter()
                    .any(|own| own.key == tag && (filter.values.is_empty() || filter.values.contains(&own.value)))
            }
        }
    }
}

fn identifier(entry: Entry) -> DocumentIdentifier {
    let facts = entry.version.facts;
    DocumentIdentifier {
        name: Some(entry.version.name),
        created_date: Some(facts.created),
        display_name: facts.display_name,
        owner: Some(entry.owner.to_owned()),
        version_name: facts.version_name,
        platform_types: facts.platforms,
        document_version: Some(entry.version.version.to_string()),
        document_type: Some(entry.version.document_type),
        schema_version: facts.schema_version,
        document_format: Some(facts.format),
        target_type: facts.target_type,
        tags: entry.tags,
        requires: facts.requires,
        ..Default::default()
    }
}

pub(super) async fn versions(ctx: Ctx, request: ListDocumentVersions) -> Result<ListDocumentVersionsOutput, ApiError> {
    let name = bare_name(&request.name).to_owned();
    let before: i64 = ctx.engine.tokens.resume(&request, request.next_token.as_deref())?.unwrap_or(i64::MAX);
    let limit = paging::limit(request.max_results, PAGE);
    let mut found = match ctx.engine.store.document_versions(name.clone(), before, limit + 1).await {
        Err(error) if error.code == "InvalidDocument" => {
            vec![standard_version(standard::find(&name).ok_or(error)?)]
        }
        other => other?,
    };
    let cursor = paging::cut(&mut found, limit, |last| last.version);
    let next_token = cursor.map(|cursor| ctx.engine.tokens.issue(&request, &cursor)).transpose()?;
    let info = |version: DocumentVersion| DocumentVersionInfo {
        name: Some(version.name),
        display_name: version.facts.display_name,
        document_version: Some(version.version.to_string()),
        version_name: version.facts.version_name,
        created_date: Some(version.facts.created),
        is_default_version: Some(version.version == version.default_version),
        document_format: Some(version.facts.format),
        status: Some(DocumentStatus::Active),
        ..Default::default()
    };
    Ok(ListDocumentVersionsOutput { document_versions: found.into_iter().map(info).collect(), next_token })
}
