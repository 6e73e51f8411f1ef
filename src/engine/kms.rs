//! KMS over the engine's own named keys: what encrypted sessions, logs and parameters are sealed with.
//!
//! A cipher text is bound to its encryption context; whoever changes either gets `InvalidCiphertextException`.

use std::collections::BTreeMap;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use uuid::Uuid;

use super::{
    ACCOUNT, Ctx, Engine, OpenError, Router, random,
    seal::{self, KeyFacts},
};
use crate::ssm::{ApiError, Operation, kms::*};

/// The size of a page, where the request names none.
const PAGE: usize = 100;
const ALGORITHM: &str = "SYMMETRIC_DEFAULT";
/// The longest data key, in bytes.
const LONGEST: usize = 1024;

/// The operations of KMS.
pub(super) fn operations() -> Router {
    Router::default()
        .handle(generate_data_key)
        .handle(encrypt)
        .handle(decrypt)
        .handle(describe_key)
        .handle(create_key)
        .handle(list_keys)
        .handle(create_alias)
        .handle(list_aliases)
}

/// Finds a key by id, alias or ARN of either, as everything that takes a key of KMS does.
///
/// Errors: KMS's `NotFoundException`.
pub(super) fn find(engine: &Engine, region: &str, name: &str) -> Result<Uuid, ApiError> {
    engine.keyring.resolve(name).map_err(|_| {
        let message = if name.starts_with("alias/") {
            format!("Alias arn:aws:kms:{region}:{ACCOUNT}:{name} is not found.")
        } else if name.starts_with("arn:aws:kms:") && name.contains(":alias/") {
            format!("Alias {name} is not found.")
        } else if Uuid::parse_str(name).is_ok() {
            format!("Key 'arn:aws:kms:{region}:{ACCOUNT}:key/{name}' does not exist")
        } else if name.starts_with("arn:aws:kms:") {
            format!("Key '{name}' does not exist")
        } else {
            format!("Invalid keyId '{name}'")
        };
        ApiError::new("NotFoundException", message)
    })
}

/// The ARN of a key.
pub(super) fn arn(region: &str, id: Uuid) -> String {
    format!("arn:aws:kms:{region}:{ACCOUNT}:key/{id}")
}

/// What a cipher text of KMS is bound to: nothing else that the keyring seals begins with this word.
fn bound(context: &BTreeMap<String, String>) -> Result<Vec<u8>, ApiError> {
    serde_json::to_vec(&("kms", context)).map_err(|_| ApiError::internal("The context could not be read."))
}

async fn generate_data_key(ctx: Ctx, request: GenerateDataKey) -> Result<GenerateDataKeyOutput, ApiError> {
    let length = match (request.number_of_bytes, &request.key_spec) {
        (Some(count), None) => usize::try_from(count).unwrap_or(0),
        (None, Some(DataKeySpec::Aes256)) => 32,
        (None, Some(DataKeySpec::Aes128)) => 16,
        _ => return Err(ApiError::validation("Please specify either number of bytes or key spec.")),
    };
    let noise = random::bytes::<LONGEST>()?;
    let plain = noise.get(..length).ok_or_else(|| ApiError::validation("A data key has 1 to 1024 bytes."))?;
    let id = find(&ctx.engine, &ctx.region, &request.key_id)?;
    let sealed = ctx.engine.keyring.seal(id, &bound(&request.encryption_context)?, plain)?;
    Ok(GenerateDataKeyOutput {
        ciphertext_blob: Some(BASE64_STANDARD.encode(sealed)),
        plaintext: Some(BASE64_STANDARD.encode(plain).into()),
        key_id: Some(arn(&ctx.region, id)),
    })
}

async fn encrypt(ctx: Ctx, request: Encrypt) -> Result<EncryptOutput, ApiError> {
    let plain = blob(&request.plaintext.0)?;
    let id = find(&ctx.engine, &ctx.region, &request.key_id)?;
    let sealed = ctx.engine.keyring.seal(id, &bound(&request.encryption_context)?, &plain)?;
    Ok(EncryptOutput {
        ciphertext_blob: Some(BASE64_STANDARD.encode(sealed)),
        key_id: Some(arn(&ctx.region, id)),
        encryption_algorithm: Some(ALGORITHM.to_owned()),
    })
}

async fn decrypt(ctx: Ctx, request: Decrypt) -> Result<DecryptOutput, ApiError> {
    let refused = || ApiError::bare("InvalidCiphertextException");
    let sealed = blob(&request.ciphertext_blob)?;
    let id = ctx.engine.keyring.key_of(&sealed).ok_or_else(refused)?;
    if let Some(name) = &request.key_id
        && find(&ctx.engine, &ctx.region, name)? != id
    {
        return Err(ApiError::new(
            "IncorrectKeyException",
            "The key ID in the request does not identify a CMK that can perform this operation.",
        ));
    }
    let plain = ctx.engine.keyring.open_value(&bound(&request.encryption_context)?, &sealed).map_err(|_| refused())?;
    Ok(DecryptOutput {
        key_id: Some(arn(&ctx.region, id)),
        plaintext: Some(BASE64_STANDARD.encode(plain).into()),
        encryption_algorithm: Some(ALGORITHM.to_owned()),
    })
}

fn blob(text: &str) -> Result<Vec<u8>, ApiError> {
    BASE64_STANDARD.decode(text).map_err(|_| ApiError::new("SerializationException", "A blob is not base64."))
}

async fn describe_key(ctx: Ctx, request: DescribeKey) -> Result<DescribeKeyOutput, ApiError> {
    let id = find(&ctx.engine, &ctx.region, &request.key_id)?;
    Ok(DescribeKeyOutput { key_metadata: ctx.engine.keyring.facts(id).map(|facts| metadata(&ctx, facts)) })
}

fn metadata(ctx: &Ctx, facts: KeyFacts) -> KeyMetadata {
    let text = |text: &str| Some(text.to_owned());
    KeyMetadata {
        aws_account_id: text(ACCOUNT),
        key_id: facts.id.to_string(),
        arn: Some(arn(&ctx.region, facts.id)),
        creation_date: Some(facts.created),
        enabled: true,
        description: Some(facts.description),
        key_usage: text("ENCRYPT_DECRYPT"),
        key_state: Some(KeyState::Enabled),
        origin: text("AWS_KMS"),
        key_manager: text(if facts.is_own { "AWS" } else { "CUSTOMER" }),
        key_spec: text(ALGORITHM),
        customer_master_key_spec: text(ALGORITHM),
        encryption_algorithms: vec![ALGORITHM.to_owned()],
        multi_region: Some(false),
    }
}

async fn create_key(ctx: Ctx, request: CreateKey) -> Result<CreateKeyOutput, ApiError> {
    let is = |value: &Option<String>, only: &str| value.as_deref().is_none_or(|value| value == only);
    if !is(&request.key_usage, "ENCRYPT_DECRYPT")
        || !is(&request.key_spec, ALGORITHM)
        || !is(&request.origin, "AWS_KMS")
        || request.multi_region == Some(true)
    {
        let message = "This endpoint makes symmetric keys for encryption in one region, with material of its own.";
        return Err(ApiError::new("UnsupportedOperationException", message));
    }
    let facts = ctx
        .engine
        .keyring
        .make(None, request.description.as_deref().unwrap_or_default(), ctx.now())
        .map_err(|error| unwritten(&error))?;
    Ok(CreateKeyOutput { key_metadata: Some(metadata(&ctx, facts)) })
}

async fn create_alias(ctx: Ctx, request: CreateAlias) -> Result<CreateAliasOutput, ApiError> {
    let alias = &request.alias_name;
    if !seal::is_alias(alias) {
        let message = "Alias must start with the prefix \"alias/\" and have letters, digits and /_- only.";
        return Err(ApiError::new("InvalidAliasNameException", message));
    }
    if alias.starts_with("alias/aws/") {
        return Err(ApiError::new("NotAuthorizedException", "The prefix alias/aws/ is reserved."));
    }
    if request.target_key_id.contains("alias/") {
        return Err(ApiError::validation("Aliases must refer to keys, not to aliases."));
    }
    let id = find(&ctx.engine, &ctx.region, &request.target_key_id)?;
    if ctx.engine.keyring.name(id, alias).map_err(|error| unwritten(&error))? {
        return Ok(CreateAliasOutput {});
    }
    let message = format!("An alias with the name arn:aws:kms:{}:{ACCOUNT}:{alias} already exists", ctx.region);
    Err(ApiError::new("AlreadyExistsException", message))
}

fn unwritten(error: &OpenError) -> ApiError {
    tracing::error!(%error, "a key could not be written");
    ApiError { code: "KMSInternalException".into(), ..ApiError::internal("The engine cannot write its keys.") }
}

async fn list_keys(ctx: Ctx, request: ListKeys) -> Result<ListKeysOutput, ApiError> {
    let after = marker(&ctx, &ListKeys::default(), request.marker.as_deref())?;
    let mut keys = ctx.engine.keyring.keys(after);
    let next_marker = page(&ctx, &ListKeys::default(), &mut keys, request.limit, |key| key.id)?;
    let entry =
        |key: KeyFacts| KeyListEntry { key_id: Some(key.id.to_string()), key_arn: Some(arn(&ctx.region, key.id)) };
    Ok(ListKeysOutput { keys: keys.into_iter().map(entry).collect(), truncated: next_marker.is_some(), next_marker })
}

async fn list_aliases(ctx: Ctx, request: ListAliases) -> Result<ListAliasesOutput, ApiError> {
    let key = request.key_id.as_deref().map(|name| find(&ctx.engine, &ctx.region, name)).transpose()?;
    let bound = ListAliases { key_id: request.key_id.clone(), ..Default::default() };
    let after: Option<String> = marker(&ctx, &bound, request.marker.as_deref())?;
    let mut aliases = ctx.engine.keyring.aliases();
    aliases.retain(|(alias, facts)| {
        key.is_none_or(|key| key == facts.id) && after.as_ref().is_none_or(|after| alias > after)
    });
    let next_marker = page(&ctx, &bound, &mut aliases, request.limit, |(alias, _)| alias.clone())?;
    let entry = |(alias, facts): (String, KeyFacts)| AliasListEntry {
        alias_arn: Some(format!("arn:aws:kms:{}:{ACCOUNT}:{alias}", ctx.region)),
        alias_name: Some(alias),
        target_key_id: Some(facts.id.to_string()),
        creation_date: Some(facts.created),
        last_updated_date: Some(facts.created),
    };
    Ok(ListAliasesOutput {
        aliases: aliases.into_iter().map(entry).collect(),
        truncated: next_marker.is_some(),
        next_marker,
    })
}

fn marker<O: Operation, C: serde::de::DeserializeOwned>(
    ctx: &Ctx,
    request: &O,
    marker: Option<&str>,
) -> Result<Option<C>, ApiError> {
    ctx.engine.tokens.resume(request, marker).map_err(|_| ApiError::bare("InvalidMarkerException"))
}

fn page<O: Operation, T, C: serde::Serialize>(
    ctx: &Ctx,
    request: &O,
    items: &mut Vec<T>,
    limit: Option<i32>,
    cursor: impl FnOnce(&T) -> C,
) -> Result<Option<String>, ApiError> {
    let cursor = super::paging::cut(items, super::paging::limit(limit, PAGE), cursor);
    cursor.map(|cursor| ctx.engine.tokens.issue(request, &cursor)).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::tests::{Harness, code};

    fn context(target: &str) -> BTreeMap<String, String> {
        [(SESSION_ID, "root-1"), (TARGET_ID, target)].map(|(name, value)| (name.into(), value.into())).into()
    }

    #[tokio::test]
    async fn a_data_key_opens_for_its_context_and_key_alone() {
        let engine = Harness::new();
        let request = GenerateDataKey {
            key_id: "alias/app".into(),
            encryption_context: context("mi-1"),
            number_of_bytes: Some(64),
            key_spec: None,
        };
        let made = engine.call(request.clone()).await.unwrap();
        let opened = Decrypt {
            ciphertext_blob: made.ciphertext_blob.unwrap(),
            encryption_context: context("mi-1"),
            key_id: Some("alias/app".into()),
        };
        assert_eq!(engine.call(opened.clone()).await.unwrap().plaintext, made.plaintext);
        let other = Decrypt { encryption_context: context("mi-2"), ..opened.clone() };
        assert_eq!(code(engine.call(other).await), "InvalidCiphertextException");
        let other = Decrypt { key_id: Some(seal::DEFAULT_KEY.into()), ..opened.clone() };
        assert_eq!(code(engine.call(other).await), "IncorrectKeyException");
        let other = Decrypt { ciphertext_blob: BASE64_STANDARD.encode(b"nothing"), ..opened };
        assert_eq!(code(engine.call(other).await), "InvalidCiphertextException");
        let lost = GenerateDataKey { key_id: "alias/lost".into(), ..request.clone() };
        assert_eq!(code(engine.call(lost).await), "NotFoundException");
        let both = GenerateDataKey { key_spec: Some(DataKeySpec::Aes256), ..request };
        assert_eq!(code(engine.call(both).await), "ValidationException");
    }

    #[tokio::test]
    async fn a_sealed_parameter_is_no_cipher_text_of_kms() {
        let engine = Harness::new();
        let key = engine.engine.keyring.resolve("alias/app").unwrap();
        let sealed = engine.engine.keyring.seal(key, b"/db/password\x001", b"hunter2").unwrap();
        let request = Decrypt { ciphertext_blob: BASE64_STANDARD.encode(sealed), ..Default::default() };
        assert_eq!(code(engine.call(request).await), "InvalidCiphertextException");
    }

    #[tokio::test]
    async fn keys_and_aliases_are_made_listed_and_paged() {
        let engine = Harness::new();
        let made = engine.call(CreateKey { description: Some("logs".into()), ..Default::default() }).await.unwrap();
        let id = made.key_metadata.unwrap().key_id;
        let name = CreateAlias { alias_name: "alias/logs".into(), target_key_id: id.clone() };
        engine.call(name.clone()).await.unwrap();
        assert_eq!(code(engine.call(name.clone()).await), "AlreadyExistsException");
        let own = CreateAlias { alias_name: "alias/aws/x".into(), ..name.clone() };
        assert_eq!(code(engine.call(own).await), "NotAuthorizedException");
        let described = engine.call(DescribeKey { key_id: "alias/logs".into() }).await.unwrap().key_metadata.unwrap();
        assert_eq!((described.key_id.as_str(), described.description.as_deref()), (id.as_str(), Some("logs")));
        let of_key = ListAliases { key_id: Some(id), ..Default::default() };
        assert_eq!(engine.call(of_key).await.unwrap().aliases.len(), 1);
        let mut seen = std::collections::BTreeSet::new();
        let mut request = ListKeys { limit: Some(1), ..Default::default() };
        loop {
            let answer = engine.call(request.clone()).await.unwrap();
            seen.extend(answer.keys.into_iter().filter_map(|key| key.key_id));
            assert_eq!(answer.truncated, answer.next_marker.is_some());
            let Some(next) = answer.next_marker else { break };
            request.marker = Some(next);
        }
        assert_eq!(seen.len(), 3);
        request.marker = Some("nonsense".into());
        assert_eq!(code(engine.call(request).await), "InvalidMarkerException");
    }
}
