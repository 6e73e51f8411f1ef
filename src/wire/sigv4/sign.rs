//! Signing, over AWS's own signer. The verifier next door shares no code with it, so each tests the other.

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials as SdkCredentials;
use aws_sigv4::{
    http_request::{
        PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SigningSettings,
        UriPathNormalizationMode,
    },
    sign::v4,
};

use super::canonical;
use crate::ssm::{Sensitive, Timestamp};

/// A key pair, and the session token of temporary ones.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Credentials {
    /// `AKIA…` or `ASIA…`.
    pub access_key_id: String,
    /// The secret half.
    pub secret_access_key: Sensitive,
    /// Present for temporary credentials.
    pub session_token: Option<Sensitive>,
}

/// In whose name, for which service and when a request is signed.
#[derive(Clone, Copy, Debug)]
pub struct Signing<'a> {
    /// The key.
    pub credentials: &'a Credentials,
    /// `us-east-1`.
    pub region: &'a str,
    /// The signing name: `ssm`, `ssmmessages`, `s3`, `sts`.
    pub service: &'a str,
    /// The time of the request.
    pub time: Timestamp,
}

/// What the signature says about the body.
#[derive(Clone, Copy, Debug)]
pub enum Body<'a> {
    /// These bytes.
    Bytes(&'a [u8]),
    /// Anything: only S3 takes it.
    Unsigned,
}

/// A request that cannot be signed: its address or a header is malformed.
#[derive(Debug, thiserror::Error)]
#[error("the request cannot be signed: {0}")]
pub struct SignError(String);

/// The headers to add to a request. `headers` are those that the signature is to cover besides `host`, which is taken
/// from `url` (with its port, unless it is the scheme's own).
pub fn sign<'a>(
    signing: Signing<'_>,
    method: &'a str,
    url: &'a str,
    headers: &[(&'a str, &'a str)],
    body: Body<'a>,
) -> Result<Vec<(String, String)>, SignError> {
    let fail = |error: &dyn std::fmt::Display| SignError(error.to_string());
    let Credentials { access_key_id, secret_access_key, session_token } = signing.credentials;
    let token = session_token.as_ref().map(|token| token.0.clone());
    let identity = SdkCredentials::new(access_key_id, &secret_access_key.0, token, None, "fleetdeck").into();
    let mut settings = SigningSettings::default();
    if signing.service == "s3" {
        settings.percent_encoding_mode = PercentEncodingMode::Single;
        settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
        settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
    }
    let millis = u64::try_from(signing.time.as_millis()).unwrap_or(0);
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region(signing.region)
        .name(signing.service)
        .time(SystemTime::UNIX_EPOCH + Duration::from_millis(millis))
        .settings(settings)
        .build()
        .map_err(|error| fail(&error))?
        .into();
    let body = match body {
        Body::Bytes(bytes) => SignableBody::Bytes(bytes),
        Body::Unsigned => SignableBody::UnsignedPayload,
    };
    // S3 signs the strictest spelling of a path, whatever letters went on the wire unescaped.
    let url = if signing.service == "s3" { canonical::strict_url(url) } else { url.to_owned() };
    let request = SignableRequest::new(method, url, headers.iter().copied(), body).map_err(|error| fail(&error))?;
    let (instructions, _) = aws_sigv4::http_request::sign(request, &params).map_err(|error| fail(&error))?.into_parts();
    Ok(instructions.headers().map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
}
