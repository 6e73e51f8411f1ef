//! The lists of Parameter Store: by path, by filter, by version.

use super::{names, parameter, policies, value};
use crate::{
    engine::{
        Ctx, paging,
        store::parameters::{ParameterTest, StoredParameter},
    },
    ssm::{
        ApiError, DescribeParameters, DescribeParametersOutput, GetParameterHistory, GetParameterHistoryOutput,
        GetParametersByPath, GetParametersByPathOutput, ParameterHistory, ParameterMetadata, ParameterStringFilter,
        ParameterTier, ParameterType, ParametersFilterKey,
    },
};

pub(super) async fn by_path(ctx: Ctx, request: GetParametersByPath) -> Result<GetParametersByPathOutput, ApiError> {
    let path = names::check_path(&request.path)?.to_owned();
    let recursive = request.recursive.unwrap_or(false);
    let mut tests = tests_of(&request.parameter_filters, &["Type", "KeyId", "Label"], "[Type, KeyId]")?;
    tests.push(ParameterTest::Path { paths: vec![path], recursive });
    let decrypt = request.with_decryption.unwrap_or(false);
    let limit = paging::limit(request.max_results, 10);
    let after = ctx.engine.tokens.resume(&request, request.next_token.as_deref())?;
    let mut found = ctx.engine.store.parameter_page(tests, after, limit + 1, ctx.now()).await?;
    let next_token = continued(&ctx, &request, &mut found, limit)?;
    let parameters = found.into_iter().map(|found| parameter(&ctx, found, None, decrypt)).collect::<Result<_, _>>()?;
    Ok(GetParametersByPathOutput { parameters, next_token })
}

pub(super) async fn describe(ctx: Ctx, request: DescribeParameters) -> Result<DescribeParametersOutput, ApiError> {
    if !request.filters.is_empty() && !request.parameter_filters.is_empty() {
        return Err(ApiError::validation("You can use either Filters or ParameterFilters in a single request."));
    }
    let keys = ["Path", "Name", "Type", "KeyId", "Tier", "DataType"];
    let mut tests = tests_of(&request.parameter_filters, &keys, "[Path, Name, Type, KeyId, Tier]")?;
    for filter in &request.filters {
        let values = filter.values.clone();
        tests.push(match filter.key {
            ParametersFilterKey::Name => {
                ParameterTest::Name(values.iter().map(|name| names::canonical(name)).collect())
            }
            ParametersFilterKey::KeyId => ParameterTest::Key(values),
            _ => ParameterTest::Type(values),
        });
    }
    let limit = paging::limit(request.max_results, 50);
    let after = ctx.engine.tokens.resume(&request, request.next_token.as_deref())?;
    if request.shared == Some(true) {
        // Nobody else shares anything with this account.
        return Ok(DescribeParametersOutput::default());
    }
    let mut found = ctx.engine.store.parameter_page(tests, after, limit + 1, ctx.now()).await?;
    let next_token = continued(&ctx, &request, &mut found, limit)?;
    Ok(DescribeParametersOutput {
        parameters: found.into_iter().map(|found| metadata(&ctx, found)).collect(),
        next_token,
    })
}

pub(super) async fn history(ctx: Ctx, request: GetParameterHistory) -> Result<GetParameterHistoryOutput, ApiError> {
    let decrypt = request.with_decryption.unwrap_or(false);
    let limit = paging::limit(request.max_results, 50);
    let after = ctx.engine.tokens.resume(&request, request.next_token.as_deref())?;
    let name = names::canonical(&request.name);
    let mut found = ctx
        .engine
        .store
        .parameter_history(name, after, limit + 1, ctx.now())
        .await?
        .ok_or_else(|| super::not_found(&request.name))?;
    let next_token =
        paging::cut(&mut found, limit, |last| ctx.engine.tokens.issue(&request, &last.version)).transpose()?;
    let parameters =
        found.into_iter().map(|found| version(&ctx, found, &request.name, decrypt)).collect::<Result<_, _>>()?;
    Ok(GetParameterHistoryOutput { parameters, next_token })
}

fn continued<O: crate::ssm::Operation>(
    ctx: &Ctx,
    request: &O,
    found: &mut Vec<StoredParameter>,
    limit: usize,
) -> Result<Option<String>, ApiError> {
    paging::cut(found, limit, |last| ctx.engine.tokens.issue(request, &last.name)).transpose()
}

fn metadata(ctx: &Ctx, found: StoredParameter) -> ParameterMetadata {
    ParameterMetadata {
        arn: Some(ctx.arn(&format!("parameter{}", found.name))),
        name: Some(found.shown),
        key_id: (found.kind == ParameterType::SecureString).then_some(found.key_id).flatten(),
        r#type: Some(found.kind),
        last_modified_date: Some(found.modified),
        last_modified_user: Some(found.user),
        description: found.description,
        allowed_pattern: found.allowed_pattern,
        version: Some(found.version),
        tier: Some(found.tier),
        policies: policies::describe(found.policies.as_deref()),
        data_type: Some(found.data_type),
    }
}

fn version(ctx: &Ctx, found: StoredParameter, asked: &str, decrypt: bool) -> Result<ParameterHistory, ApiError> {
    let value = value(ctx, &found, decrypt)?;
    Ok(ParameterHistory {
        name: Some(if asked.starts_with("arn:") { found.shown } else { asked.to_owned() }),
        key_id: (found.kind == ParameterType::SecureString).then_some(found.key_id).flatten(),
        r#type: Some(found.kind),
        last_modified_date: Some(found.modified),
        last_modified_user: Some(found.user),
        description: found.description,
        value: Some(value),
        allowed_pattern: found.allowed_pattern,
        version: Some(found.version),
        labels: found.labels,
        tier: Some(found.tier),
        policies: policies::describe(found.policies.as_deref()),
        data_type: Some(found.data_type),
    })
}

/// Reads the filters of a request.
///
/// Errors: `InvalidFilterKey`, `InvalidFilterOption`, `InvalidFilterValue`, `ValidationException`.
fn tests_of(filters: &[ParameterStringFilter], keys: &[&str], shown: &str) -> Result<Vec<ParameterTest>, ApiError> {
    let mut tests = Vec::with_capacity(filters.len());
    for (index, filter) in filters.iter().enumerate() {
        let (key, values) = (filter.key.as_str(), filter.values.clone());
        if let Some(tag) = key.strip_prefix("tag:").filter(|_| keys.contains(&"Name")) {
            let begins = match filter.option.as_deref().unwrap_or("Equals") {
                "Equals" => false,
                "BeginsWith" => true,
                other => return Err(invalid_option(other, "[BeginsWith, Equals]")),
            };
            tests.push(ParameterTest::Tag { key: tag.to_owned(), values, begins });
            continue;
        }
        if !keys.contains(&key) {
            return Err(ApiError::new(
                "InvalidFilterKey",
                format!("The following filter key is not valid: {key}. Valid filter keys include: {shown}."),
            ));
        }
        if values.is_empty() {
            return Err(ApiError::new(
                "InvalidFilterValue",
                format!("The following filter values are missing : null for filter key {key}."),
            ));
        }
        if filters[..index].iter().any(|other| other.key == key) {
            return Err(ApiError::new(
                "InvalidFilterKey",
                format!(
                    "The following filter is duplicated in the request: {key}. A request can contain only one occurrence of \
                     a specific filter."
                ),
            ));
        }
        tests.push(test(key, filter.option.as_deref(), values)?);
    }
    Ok(tests)
}

fn invalid_option(option: &str, valid: &str) -> ApiError {
    ApiError::new(
        "InvalidFilterOption",
        format!("The following filter option is not valid: {option}. Valid options include: {valid}."),
    )
}

/// The known values that begin like one of those asked for.
fn begun<'a>(values: &[String], known: impl Iterator<Item = &'a str>) -> Vec<String> {
    known.filter(|known| values.iter().any(|start| known.starts_with(start.as_str()))).map(str::to_owned).collect()
}

fn test(key: &str, option: Option<&str>, values: Vec<String>) -> Result<ParameterTest, ApiError> {
    if key == "Path" {
        let recursive = match option.unwrap_or("OneLevel") {
            "Recursive" => true,
            "OneLevel" => false,
            other => return Err(invalid_option(other, "[Recursive, OneLevel]")),
        };
        let reserved =
            |path: &String| ["/aws", "/ssm"].iter().any(|start| path.to_ascii_lowercase().starts_with(start));
        if values.iter().any(reserved) {
            return Err(ApiError::validation(
                "Filters for common parameters can't be prefixed with \"aws\" or \"ssm\" (case-insensitive). When using \
                 global parameters, please specify within a global namespace.",
            ));
        }
        let paths = values.iter().map(|path| names::check_path(path).map(str::to_owned)).collect::<Result<_, _>>()?;
        return Ok(ParameterTest::Path { paths, recursive });
    }
    let one_of = |known: &[&str], shown: &str| match values.iter().find(|value| !known.contains(&value.as_str())) {
        Some(value) => Err(ApiError::new(
            "InvalidFilterOption",
            format!("The following filter value is not valid: {value}. Valid values include: {shown}."),
        )),
        None => Ok(()),
    };
    match key {
        "Tier" => one_of(
            &ParameterTier::ALL.iter().map(ParameterTier::as_str).collect::<Vec<_>>(),
            "[Standard, Advanced, Intelligent-Tiering]",
        )?,
        "Type" => one_of(
            &ParameterType::ALL.iter().map(ParameterType::as_str).collect::<Vec<_>>(),
            "[String, StringList, SecureString]",
        )?,
        _ => {}
    }
    let canonical = |values: &[String]| values.iter().map(|name| names::canonical(name)).collect();
    Ok(match (key, option.unwrap_or("Equals")) {
        ("Name", "Equals") => ParameterTest::Name(canonical(&values)),
        ("Name", "BeginsWith") => ParameterTest::NameBegins(canonical(&values)),
        ("Name", "Contains") => ParameterTest::NameContains(values),
        ("Type", "Equals") => ParameterTest::Type(values),
        ("Type", "BeginsWith") => {
            ParameterTest::Type(begun(&values, ParameterType::ALL.iter().map(ParameterType::as_str)))
        }
        ("KeyId", "Equals") => ParameterTest::Key(values),
        ("KeyId", "BeginsWith") => ParameterTest::KeyBegins(values),
        ("Tier", "Equals" | "BeginsWith") => ParameterTest::Tier(values),
        ("DataType", "Equals" | "BeginsWith") => ParameterTest::DataType(values),
        ("Label", "Equals") => ParameterTest::Label(values),
        (_, other) => return Err(invalid_option(other, "[BeginsWith, Equals]")),
    })
}
