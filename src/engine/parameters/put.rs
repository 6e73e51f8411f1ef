//! `PutParameter`: what can be refused without looking at the store is refused here, the rest where it is written.

use super::{super::tags, context, names, policies};
use crate::{
    engine::{Ctx, seal::DEFAULT_KEY, store::parameters::Draft},
    ssm::{ApiError, ParameterType, PutParameter, PutParameterOutput},
};

const DATA_TYPES: &[&str] = &[
    "text",
    "aws:ec2:image",
    "aws:ssm:integration",
    "aws:region",
    "aws:account:id",
    "boolean",
    "integer",
    "float",
    "binary",
    "hostname",
    "email",
    "ipv4-address",
    "ipv6-address",
    "url",
    "json",
    "jsonc",
];

pub(super) async fn put(ctx: Ctx, request: PutParameter) -> Result<PutParameterOutput, ApiError> {
    let shown = names::check_new(&request.name)?.to_owned();
    let name = names::canonical(&shown);
    if request.value.is_empty() {
        return Err(ApiError::validation(
            "1 validation error detected: Value at 'value' failed to satisfy constraint: Member must have length greater \
             than or equal to 1",
        ));
    }
    let overwrite = request.overwrite.unwrap_or(false);
    if overwrite && !request.tags.is_empty() {
        return Err(ApiError::validation(
            "Invalid request: tags and overwrite can't be used together. To create a parameter with tags, please remove \
             overwrite flag. To update tags for an existing parameter, please use AddTagsToResource or \
             RemoveTagsFromResource.",
        ));
    }
    tags::check(&request.tags)?;
    if let Some(data_type) = request.data_type.as_deref().filter(|data_type| !DATA_TYPES.contains(data_type)) {
        return Err(ApiError::validation(format!(
            "The following data type is not supported: {data_type} (Data type names are all lowercase.)"
        )));
    }
    let secure = request.r#type.as_ref().map(|kind| *kind == ParameterType::SecureString);
    if request.key_id.is_some() && secure == Some(false) {
        return Err(ApiError::validation("KeyId is required for SecureString type parameter only."));
    }
    let key_name = request.key_id.unwrap_or_else(|| DEFAULT_KEY.to_owned());
    let key = ctx.engine.keyring.resolve(&key_name)?;
    let policies = request.policies.as_deref().map(|text| policies::parse(text, ctx.now())).transpose()?;
    let draft = Draft {
        name,
        shown,
        kind: request.r#type,
        value: request.value,
        key_name,
        overwrite,
        description: request.description,
        allowed_pattern: request.allowed_pattern,
        tier: request.tier,
        data_type: request.data_type,
        expires: policies.as_ref().map(|policies| policies.expires),
        policies: policies.map(|policies| policies.text),
        tags: request.tags,
        user: ctx.caller.arn(),
        now: ctx.now(),
    };
    // The version that a value is bound to is known only where the parameter is written.
    let engine = ctx.engine.clone();
    let seal = move |name: &str, version: i64, value: &str| {
        engine.keyring.seal(key, &context(name, version), value.as_bytes())
    };
    let (version, tier) = ctx.engine.store.put_parameter(draft, seal).await?;
    Ok(PutParameterOutput { version: Some(version), tier: Some(tier) })
}
