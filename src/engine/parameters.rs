//! Parameter Store: names, hierarchies, versions, labels, tiers, policies and sealed values.

mod describe;
mod names;
mod policies;
mod put;

use std::sync::Arc;

use base64::{Engine as _, prelude::BASE64_STANDARD};

pub use names::canonical;
use names::{Reference, Selector};

use super::{
    Ctx, Engine, Router,
    store::parameters::{Labelled, StoredParameter, Which},
};
use crate::ssm::{
    ApiError, DeleteParameter, DeleteParameterOutput, DeleteParameters, DeleteParametersOutput, GetParameter,
    GetParameterOutput, GetParameters, GetParametersOutput, LabelParameterVersion, LabelParameterVersionOutput,
    Parameter, ParameterType, Sensitive, UnlabelParameterVersion, UnlabelParameterVersionOutput,
};

/// Where Parameter Store would hand out secrets of Secrets Manager.
const SECRETS: &str = "/aws/reference/secretsmanager/";

pub(super) fn operations() -> Router {
    Router::default()
        .handle(put::put)
        .handle(get)
        .handle(get_many)
        .handle(describe::by_path)
        .handle(describe::describe)
        .handle(describe::history)
        .handle(delete)
        .handle(delete_many)
        .handle(label)
        .handle(unlabel)
}

impl Engine {
    /// Deletes the parameters whose expiration policy has come due.
    pub(super) async fn expire_parameters(self: &Arc<Self>) -> Result<(), ApiError> {
        self.store.expire_parameters(self.now()).await
    }
}

async fn get(ctx: Ctx, request: GetParameter) -> Result<GetParameterOutput, ApiError> {
    let decrypt = request.with_decryption.unwrap_or(false);
    let asked = Reference::parse(&request.name)?;
    if let Some(secret) = asked.name.strip_prefix(SECRETS) {
        return Err(secrets_manager(&asked.name, secret, decrypt));
    }
    let found = ctx.engine.store.parameter(asked.name.clone(), which(&asked), ctx.now()).await?;
    let Some(found) = found else {
        // A version that is missing from a parameter that is there is said differently from a missing parameter.
        let there = asked.selector.is_some()
            && ctx.engine.store.parameter(asked.name.clone(), Which::Latest, ctx.now()).await?.is_some();
        return Err(if there { missing(&asked) } else { not_found(&request.name) });
    };
    Ok(GetParameterOutput { parameter: Some(parameter(&ctx, found, Some(&asked), decrypt)?) })
}

fn secrets_manager(name: &str, secret: &str, decrypt: bool) -> ApiError {
    if !decrypt {
        return ApiError::validation("WithDecryption flag must be True for retrieving a Secret Manager secret.");
    }
    let _ = secret;
    ApiError::new(
        "ParameterNotFound",
        format!("An error occurred (ParameterNotFound) when referencing Secrets Manager: Secret {name} not found."),
    )
}

async fn get_many(ctx: Ctx, request: GetParameters) -> Result<GetParametersOutput, ApiError> {
    let decrypt = request.with_decryption.unwrap_or(false);
    let mut output = GetParametersOutput::default();
    let mut asked = Vec::with_capacity(request.names.len());
    for (index, name) in request.names.iter().enumerate() {
        match Reference::parse(name) {
            _ if request.names[..index].contains(name) => {}
            Ok(reference) => asked.push((name, reference)),
            Err(_) => output.invalid_parameters.push(name.clone()),
        }
    }
    let wanted = asked.iter().map(|(_, reference)| (reference.name.clone(), which(reference))).collect();
    let found = ctx.engine.store.parameters(wanted, ctx.now()).await?;
    for ((name, reference), found) in asked.iter().zip(found) {
        match found {
            Some(found) => output.parameters.push(parameter(&ctx, found, Some(reference), decrypt)?),
            None => output.invalid_parameters.push((*name).clone()),
        }
    }
    Ok(output)
}

async fn delete(ctx: Ctx, request: DeleteParameter) -> Result<DeleteParameterOutput, ApiError> {
    let deleted = ctx.engine.store.delete_parameters(vec![canonical(&request.name)], ctx.now()).await?;
    if deleted == [true] { Ok(DeleteParameterOutput {}) } else { Err(not_found(&request.name)) }
}

async fn delete_many(ctx: Ctx, request: DeleteParameters) -> Result<DeleteParametersOutput, ApiError> {
    let mut names = request.names;
    let mut seen = std::collections::HashSet::new();
    names.retain(|name| seen.insert(name.clone()));
    let deleted =
        ctx.engine.store.delete_parameters(names.iter().map(|name| canonical(name)).collect(), ctx.now()).await?;
    let mut output = DeleteParametersOutput::default();
    for (name, deleted) in names.into_iter().zip(deleted) {
        if deleted { output.deleted_parameters.push(name) } else { output.invalid_parameters.push(name) }
    }
    Ok(output)
}

async fn label(ctx: Ctx, request: LabelParameterVersion) -> Result<LabelParameterVersionOutput, ApiError> {
    let (labels, invalid_labels): (Vec<_>, Vec<_>) =
        request.labels.into_iter().partition(|label| names::is_label(label));
    let name = canonical(&request.name);
    match ctx.engine.store.label_parameter(name, request.parameter_version, labels, ctx.now()).await? {
        Labelled::Done(version) => Ok(LabelParameterVersionOutput { invalid_labels, parameter_version: Some(version) }),
        Labelled::NoParameter => Err(not_found(&request.name)),
        Labelled::NoVersion(version) => Err(no_version(&request.name, version)),
    }
}

async fn unlabel(ctx: Ctx, request: UnlabelParameterVersion) -> Result<UnlabelParameterVersionOutput, ApiError> {
    let (name, version) = (canonical(&request.name), request.parameter_version);
    let (outcome, removed) =
        ctx.engine.store.unlabel_parameter(name, version, request.labels.clone(), ctx.now()).await?;
    match outcome {
        Labelled::Done(_) => {
            let invalid = request.labels.into_iter().filter(|label| !removed.contains(label)).collect();
            Ok(UnlabelParameterVersionOutput { removed_labels: removed, invalid_labels: invalid })
        }
        Labelled::NoParameter => Err(not_found(&request.name)),
        Labelled::NoVersion(version) => Err(no_version(&request.name, version)),
    }
}

fn which(reference: &Reference) -> Which {
    match &reference.selector {
        None => Which::Latest,
        Some(Selector::Version(version)) => Which::Version(*version),
        Some(Selector::Label(label)) => Which::Label(label.clone()),
    }
}

/// What a value is bound to while it is sealed.
fn context(name: &str, version: i64) -> Vec<u8> {
    format!("{name}\0{version}").into_bytes()
}

/// The value as the caller may see it: sealed ones as opaque text, unless decryption was asked for.
fn value(ctx: &Ctx, found: &StoredParameter, decrypt: bool) -> Result<Sensitive, ApiError> {
    let bytes = match found.kind {
        ParameterType::SecureString if decrypt => {
            ctx.engine.keyring.open_value(&context(&found.name, found.version), &found.value)?
        }
        ParameterType::SecureString => return Ok(BASE64_STANDARD.encode(&found.value).into()),
        _ => found.value.clone(),
    };
    let text = String::from_utf8(bytes).map_err(|_| ApiError::internal("The stored value is damaged."))?;
    Ok(text.into())
}

fn parameter(
    ctx: &Ctx,
    found: StoredParameter,
    asked: Option<&Reference>,
    decrypt: bool,
) -> Result<Parameter, ApiError> {
    let value = value(ctx, &found, decrypt)?;
    Ok(Parameter {
        // The answer repeats the form of the name that was asked for.
        name: Some(asked.and_then(|asked| asked.shown.clone()).unwrap_or(found.shown)),
        selector: asked.and_then(|asked| asked.selector.as_ref()).map(|selector| format!(":{selector}")),
        r#type: Some(found.kind),
        value: Some(value),
        version: Some(found.version),
        last_modified_date: Some(found.modified),
        arn: Some(ctx.arn(&format!("parameter{}", found.name))),
        data_type: Some(found.data_type),
        source_result: None,
    })
}

fn missing(asked: &Reference) -> ApiError {
    match &asked.selector {
        None => not_found(asked.shown.as_deref().unwrap_or(&asked.name)),
        Some(Selector::Version(version)) => no_version(asked.shown.as_deref().unwrap_or(&asked.name), *version),
        Some(Selector::Label(label)) => ApiError::new(
            "ParameterVersionNotFound",
            format!(
                "Systems Manager could not find label {label} for parameter {}. Verify the label and try again.",
                asked.shown.as_deref().unwrap_or(&asked.name)
            ),
        ),
    }
}

fn not_found(name: &str) -> ApiError {
    ApiError::new("ParameterNotFound", format!("Parameter {name} not found."))
}

fn no_version(name: &str, version: i64) -> ApiError {
    ApiError::new(
        "ParameterVersionNotFound",
        format!("Systems Manager could not find version {version} of {name}. Verify the version and try again."),
    )
}

#[cfg(test)]
mod tests;
