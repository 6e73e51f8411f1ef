//! Hybrid activations, and how a machine becomes a node with one.

use std::time::Duration;

use super::{Ctx, Router, auth::NodeToken, paging, random, store::activations as stored, tags};
use crate::{
    ssm::{
        ApiError, CreateActivation, CreateActivationOutput, DeleteActivation, DeleteActivationOutput,
        DescribeActivations, DescribeActivationsOutput, RegisterManagedInstance, RegisterManagedInstanceOutput,
        RequestManagedInstanceRoleToken, RequestManagedInstanceRoleTokenOutput, UpdateManagedInstancePublicKey,
        UpdateManagedInstancePublicKeyOutput,
    },
    wire::{digest::sha256_hex, rsa_auth},
};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// How long an activation may live.
const LONGEST: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// How long a node's credentials live; an agent renews them at half of that.
const SESSION: Duration = Duration::from_secs(60 * 60);

pub(super) fn operations() -> Router {
    Router::default()
        .handle(create)
        .handle(describe)
        .handle(delete)
        .handle(register)
        .handle(request_role_token)
        .handle(update_public_key)
}

async fn create(ctx: Ctx, request: CreateActivation) -> Result<CreateActivationOutput, ApiError> {
    let now = ctx.now();
    let expires = request.expiration_date.unwrap_or_else(|| now.plus(DAY));
    if expires <= now {
        return Err(ApiError::new("InvalidParameters", "The expiration date must be in the future."));
    }
    if expires > now.plus(LONGEST) {
        return Err(ApiError::new("InvalidParameters", "The expiration date must be within 30 days."));
    }
    tags::check(&request.tags)?;
    let (id, code) = (random::uuid(), random::key_letters(20)?);
    let new = stored::NewActivation {
        id: id.clone(),
        code_hash: sha256_hex(code.as_bytes()),
        description: request.description,
        default_name: request.default_instance_name,
        iam_role: request.iam_role,
        limit: request.registration_limit.unwrap_or(1),
        created: now,
        expires,
        tags: request.tags,
    };
    ctx.engine.store.create_activation(new).await?;
    Ok(CreateActivationOutput { activation_id: Some(id), activation_code: Some(code.into()) })
}

async fn describe(ctx: Ctx, request: DescribeActivations) -> Result<DescribeActivationsOutput, ApiError> {
    let limit = paging::limit(request.max_results, 50);
    let before = ctx.engine.tokens.resume(&request, request.next_token.as_deref())?;
    let mut found = ctx.engine.store.activations(request.filters.clone(), before, limit + 1, ctx.now()).await?;
    let next_token = paging::cut(&mut found, limit, |(seq, _)| ctx.engine.tokens.issue(&request, seq)).transpose()?;
    Ok(DescribeActivationsOutput {
        activation_list: found.into_iter().map(|(_, activation)| activation).collect(),
        next_token,
    })
}

async fn delete(ctx: Ctx, request: DeleteActivation) -> Result<DeleteActivationOutput, ApiError> {
    if ctx.engine.store.delete_activation(request.activation_id).await? {
        Ok(DeleteActivationOutput {})
    } else {
        Err(ApiError::new("InvalidActivation", "The activation isn't valid. The activation might have been deleted."))
    }
}

/// Each registration makes a new node, as AWS does, even of a machine that was registered before.
async fn register(ctx: Ctx, request: RegisterManagedInstance) -> Result<RegisterManagedInstanceOutput, ApiError> {
    if request.public_key_type.as_deref().is_some_and(|kind| kind != "Rsa")
        || !rsa_auth::is_public_key(&request.public_key)
    {
        return Err(ApiError::validation(
            "PublicKey must be an RSA key of at least 2048 bits as a SubjectPublicKeyInfo in base64.",
        ));
    }
    let instance_id = format!("mi-{}", random::hex17()?);
    let machine = stored::Registration {
        instance_id: instance_id.clone(),
        activation_id: request.activation_id,
        code_hash: sha256_hex(request.activation_code.as_bytes()),
        fingerprint: request.fingerprint,
        public_key: request.public_key,
    };
    ctx.engine.store.register_node(machine, ctx.now()).await?;
    Ok(RegisterManagedInstanceOutput { instance_id })
}

async fn request_role_token(
    ctx: Ctx,
    request: RequestManagedInstanceRoleToken,
) -> Result<RequestManagedInstanceRoleTokenOutput, ApiError> {
    let instance_id = ctx.caller.node().unwrap_or_default();
    let identity = ctx.engine.store.node_identity(instance_id).await?.ok_or_else(|| unknown(instance_id))?;
    if identity.fingerprint != request.fingerprint {
        return Err(ApiError::new(
            "MachineFingerprintDoesNotMatch",
            "The fingerprint of the machine doesn't match the one that it registered with.",
        ));
    }
    let (access_key_id, session_token, token) =
        NodeToken::issue(&ctx.engine.keyring, instance_id, ctx.now().plus(SESSION))?;
    Ok(RequestManagedInstanceRoleTokenOutput {
        access_key_id,
        secret_access_key: token.secret_access_key,
        session_token: session_token.into(),
        token_expiration_date: token.expires,
        update_key_pair: false,
    })
}

async fn update_public_key(
    ctx: Ctx,
    request: UpdateManagedInstancePublicKey,
) -> Result<UpdateManagedInstancePublicKeyOutput, ApiError> {
    if !rsa_auth::is_public_key(&request.new_public_key) {
        return Err(ApiError::validation(
            "NewPublicKey must be an RSA key of at least 2048 bits as a SubjectPublicKeyInfo in base64.",
        ));
    }
    let instance_id = ctx.caller.node().unwrap_or_default().to_owned();
    if ctx.engine.store.set_node_key(instance_id.clone(), request.new_public_key).await? {
        Ok(UpdateManagedInstancePublicKeyOutput {})
    } else {
        Err(unknown(&instance_id))
    }
}

fn unknown(instance_id: &str) -> ApiError {
    ApiError::new("InvalidInstanceId", format!("{instance_id} is not a managed node."))
}

#[cfg(test)]
mod tests;
