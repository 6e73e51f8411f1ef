//! Who signed a request. Account keys, a node's temporary credentials and a node's own RSA key.

mod node_token;

use axum::http::request::Parts;

use super::{Caller, Engine, caller::Proof};
use crate::{
    ssm::ApiError,
    wire::{
        digest::sha256_hex,
        rsa_auth,
        sigv4::{Authorization, Credentials, Request, UNSIGNED_PAYLOAD},
    },
};

pub use node_token::NodeToken;

/// The credentials of the account.
#[derive(Debug)]
pub(super) struct Auth {
    account: Vec<Credentials>,
    accept_any: bool,
}

/// The body of a request, as far as a signature is concerned.
#[derive(Clone, Copy, Debug)]
pub enum Payload<'a> {
    /// Read already.
    Body(&'a [u8]),
    /// Not read yet: `x-amz-content-sha256` is believed, and whoever reads the body must hold it against that header.
    Declared,
}

/// Who calls, and for which region.
#[derive(Clone, Debug, PartialEq)]
pub struct Authenticated {
    /// The caller.
    pub caller: Caller,
    /// The region of the signature's scope.
    pub region: String,
}

/// The region of a caller who names none.
pub const DEFAULT_REGION: &str = "us-east-1";

impl Auth {
    pub(super) fn new(account: Vec<Credentials>, accept_any: bool) -> Self {
        Self { account, accept_any }
    }
}

impl Engine {
    /// Finds out who signed a request. `service` is the signing name that it must be scoped to.
    ///
    /// Errors: AWS's for missing, incomplete, unknown, wrong and outdated signatures, all with HTTP status 400 as the
    /// JSON services have it.
    pub async fn authenticate(
        &self,
        parts: &Parts,
        payload: Payload<'_>,
        service: &str,
    ) -> Result<Authenticated, ApiError> {
        let headers: Vec<(&str, &str)> =
            parts.headers.iter().filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?))).collect();
        let request = Request {
            method: parts.method.as_str(),
            path: parts.uri.path(),
            query: parts.uri.query().unwrap_or_default(),
            headers: &headers,
        };
        let claim = match Authorization::parse(&request) {
            Ok(claim) => claim,
            Err(_) if self.auth.accept_any => {
                return Ok(Authenticated { caller: Caller::Root, region: DEFAULT_REGION.to_owned() });
            }
            Err(error) => return Err(error),
        };
        let region = claim.region.to_owned();
        let hash = || payload_hash(&request, payload, service);
        let caller = if claim.access_key_id.starts_with("mi-") {
            claim.check_scope(service, self.now())?;
            let identity = self.store.node_identity(claim.access_key_id).await?.ok_or_else(unrecognized)?;
            rsa_auth::verify(&claim, &request, &hash()?, &identity.public_key)?;
            Caller::Node { instance_id: claim.access_key_id.to_owned(), role: identity.iam_role, proof: Proof::Key }
        } else if let Some(token) = claim.session_token {
            match NodeToken::open(&self.keyring, claim.access_key_id, token) {
                Some(token) => {
                    if token.expires <= self.now() {
                        return Err(ApiError::new(
                            "ExpiredTokenException",
                            "The security token included in the request is expired",
                        ));
                    }
                    claim.check_scope(service, self.now())?;
                    claim.verify(&request, &hash()?, &token.secret_access_key.0)?;
                    // A node that was deregistered is nobody, whatever it was given before.
                    let identity = self.store.node_identity(&token.instance_id).await?.ok_or_else(unrecognized)?;
                    Caller::Node { instance_id: token.instance_id, role: identity.iam_role, proof: Proof::Session }
                }
                None if self.auth.accept_any => Caller::Root,
                None => return Err(unrecognized()),
            }
        } else if self.auth.accept_any {
            Caller::Root
        } else {
            let key = self.auth.account.iter().find(|key| key.access_key_id == claim.access_key_id);
            let key = key.ok_or_else(unrecognized)?;
            claim.check_scope(service, self.now())?;
            claim.verify(&request, &hash()?, &key.secret_access_key.0)?;
            Caller::Root
        };
        Ok(Authenticated { caller, region })
    }
}

fn unrecognized() -> ApiError {
    ApiError::new("UnrecognizedClientException", "The security token included in the request is invalid.")
}

/// The hash that the signature covers. A declared hash must be that of the body, unless it is the caller's to check.
fn payload_hash(request: &Request<'_>, payload: Payload<'_>, service: &str) -> Result<String, ApiError> {
    let declared = request.header("x-amz-content-sha256");
    match (payload, declared) {
        (Payload::Body(_) | Payload::Declared, Some(UNSIGNED_PAYLOAD)) if service == "s3" => {
            Ok(UNSIGNED_PAYLOAD.to_owned())
        }
        (Payload::Body(body), declared) => {
            let hash = sha256_hex(body);
            if declared.is_some_and(|declared| !declared.eq_ignore_ascii_case(&hash)) {
                return Err(crate::wire::sigv4::does_not_match());
            }
            Ok(hash)
        }
        (Payload::Declared, Some(declared)) => Ok(declared.to_owned()),
        (Payload::Declared, None) => Ok(sha256_hex(b"")),
    }
}
