//! Signature Version 4, read from the raw parts of a request.
//!
//! [`Authorization::parse`] takes a request's claim apart, [`Authorization::verify`] holds it against a secret key, and
//! [`sign`] makes the headers that a client adds. The canonical request follows the `SignedHeaders` as they are given,
//! so that every SDK's choice of headers is understood. Who a key belongs to is none of this module's business.

mod canonical;
mod sign;

use std::time::Duration;

use aws_lc_rs::constant_time::verify_slices_are_equal;

pub use sign::{Body, Credentials, SignError, Signing, sign};

use super::digest::{hex, hmac_sha256, sha256_hex};
use crate::ssm::{ApiError, Timestamp};

/// The only algorithm there is; AWS's hybrid nodes claim it too, although they sign with RSA.
pub const ALGORITHM: &str = "AWS4-HMAC-SHA256";
/// What stands in `x-amz-content-sha256` when a client leaves the body out of the signature.
pub const UNSIGNED_PAYLOAD: &str = "UNSIGNED-PAYLOAD";
/// How far a request's time may lie from the engine's.
pub const SKEW: Duration = Duration::from_secs(5 * 60);

/// The raw parts of a request that a signature covers.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// `POST`.
    pub method: &'a str,
    /// The path as it stood on the request line, percent signs and all.
    pub path: &'a str,
    /// What stood behind the question mark, without it.
    pub query: &'a str,
    /// Header names in lower case and their values, in the order of arrival.
    pub headers: &'a [(&'a str, &'a str)],
}

impl<'a> Request<'a> {
    /// The first value of a header; `name` in lower case.
    pub fn header(&self, name: &str) -> Option<&'a str> {
        self.headers.iter().find(|(header, _)| *header == name).map(|(_, value)| *value)
    }
}

/// What a request's `Authorization` header claims. Nothing in it is to be believed before [`Authorization::verify`].
#[derive(Clone, Debug)]
pub struct Authorization<'a> {
    /// Whose key is said to have signed: an access key id, or a node id for a hybrid node's own signature.
    pub access_key_id: &'a str,
    /// The day of the credential scope, `20261122`.
    pub date: &'a str,
    /// The region of the credential scope.
    pub region: &'a str,
    /// The service of the credential scope, `ssm`.
    pub service: &'a str,
    /// The names of the signed headers, in their order.
    pub signed_headers: Vec<&'a str>,
    /// The signature as it was sent.
    pub signature: &'a str,
    /// The request's time as it was sent, `20261122T100000Z`.
    pub amz_date: &'a str,
    /// The same as a time.
    pub time: Timestamp,
    /// The session token of temporary credentials.
    pub session_token: Option<&'a str>,
}

impl<'a> Authorization<'a> {
    /// Reads the claim.
    ///
    /// Errors: `MissingAuthenticationTokenException` without a claim, `IncompleteSignatureException` for half of one.
    pub fn parse(request: &Request<'a>) -> Result<Self, ApiError> {
        let header = request
            .header("authorization")
            .ok_or_else(|| ApiError::new("MissingAuthenticationTokenException", "Missing Authentication Token"))?;
        let Some(fields) = header.strip_prefix(ALGORITHM).filter(|rest| rest.starts_with([' ', '\t'])) else {
            return Err(incomplete(format!("Unsupported AWS 'algorithm': '{}'.", first_word(header))));
        };
        let field = |name: &str| {
            fields.split(',').find_map(|field| field.trim().strip_prefix(name)?.strip_prefix('=')).map(str::trim)
        };
        let (credential, signed_headers, signature) = (field("Credential"), field("SignedHeaders"), field("Signature"));
        let amz_date = request.header("x-amz-date");
        let missing: Vec<String> =
            [("Credential", credential), ("Signature", signature), ("SignedHeaders", signed_headers)]
                .into_iter()
                .filter(|(_, value)| value.is_none_or(str::is_empty))
                .map(|(name, _)| format!("Authorization header requires '{name}' parameter."))
                .chain(amz_date.is_none().then(|| {
                    "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.".to_owned()
                }))
                .collect();
        let (Some(credential), Some(signed_headers), Some(signature), Some(amz_date), true) =
            (credential, signed_headers, signature, amz_date, missing.is_empty())
        else {
            return Err(incomplete(missing.join(" ")));
        };
        let mut scope = credential.rsplitn(5, '/');
        let (Some("aws4_request"), Some(service), Some(region), Some(date), Some(access_key_id)) =
            (scope.next(), scope.next(), scope.next(), scope.next(), scope.next())
        else {
            return Err(incomplete(format!(
                "Credential must have exactly 5 slash-delimited elements, e.g. \
                 keyid/date/region/service/term, got '{credential}'"
            )));
        };
        let time = parse_amz_date(amz_date).ok_or_else(|| {
            incomplete(format!(
                "Date must be in ISO-8601 'basic format'. Got '{amz_date}'. See http://en.wikipedia.org/wiki/ISO_8601"
            ))
        })?;
        let signed_headers: Vec<&str> = signed_headers.split(';').collect();
        let token = request.header("x-amz-security-token");
        let must_sign = [Some("host"), Some("x-amz-date"), request.header("x-amz-target").map(|_| "x-amz-target")];
        for name in must_sign.into_iter().flatten().chain(token.map(|_| "x-amz-security-token")) {
            if !signed_headers.contains(&name) {
                return Err(mismatch(format!("'{name}' must be a 'SignedHeader' in the AWS Authorization.")));
            }
        }
        Ok(Self {
            access_key_id,
            date,
            region,
            service,
            signed_headers,
            signature,
            amz_date,
            time,
            session_token: token,
        })
    }

    /// Checks that the claim was made for `service` and within [`SKEW`] of `now`.
    ///
    /// Errors: `InvalidSignatureException` in the four wordings of AWS.
    pub fn check_scope(&self, service: &str, now: Timestamp) -> Result<(), ApiError> {
        if self.service != service {
            return Err(mismatch(format!("Credential should be scoped to correct service: '{service}'. ")));
        }
        if !self.amz_date.starts_with(self.date) {
            return Err(mismatch(format!(
                "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '{}' != '{}', \
                 from '{}'.",
                self.date,
                self.amz_date.get(..8).unwrap_or_default(),
                self.amz_date
            )));
        }
        let (earliest, latest) = (now.minus(SKEW), now.plus(SKEW));
        // The header has whole seconds, and so has the comparison.
        if self.time.as_seconds() < earliest.as_seconds() {
            return Err(mismatch(format!(
                "Signature expired: {} is now earlier than {} ({} - 5 min.)",
                self.amz_date,
                amz_date(earliest),
                amz_date(now)
            )));
        }
        if self.time.as_seconds() > latest.as_seconds() {
            return Err(mismatch(format!(
                "Signature not yet current: {} is still later than {} ({} + 5 min.)",
                self.amz_date,
                amz_date(latest),
                amz_date(now)
            )));
        }
        Ok(())
    }

    /// The text that is signed. `payload_hash` is the hexadecimal SHA-256 of the body, or [`UNSIGNED_PAYLOAD`].
    pub fn string_to_sign(&self, request: &Request<'_>, payload_hash: &str) -> String {
        let canonical = canonical::request(request, &self.signed_headers, payload_hash, self.service == "s3");
        let Self { amz_date, date, region, service, .. } = self;
        format!("{ALGORITHM}\n{amz_date}\n{date}/{region}/{service}/aws4_request\n{}", sha256_hex(canonical.as_bytes()))
    }

    /// Whether the secret key made this signature, compared in constant time.
    ///
    /// Errors: `InvalidSignatureException`.
    pub fn verify(&self, request: &Request<'_>, payload_hash: &str, secret_key: &str) -> Result<(), ApiError> {
        let key = signing_key(secret_key, self.date, self.region, self.service);
        let expected = hex(hmac_sha256(&key, self.string_to_sign(request, payload_hash).as_bytes()).as_ref());
        verify_slices_are_equal(expected.as_bytes(), self.signature.as_bytes()).map_err(|_| does_not_match())
    }
}

/// The error for a signature that is not the right one.
pub fn does_not_match() -> ApiError {
    mismatch(
        "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access \
         Key and signing method. Consult the service documentation for details.",
    )
}

/// A time in the basic form that signatures use: `20261122T100000Z`.
pub fn amz_date(time: Timestamp) -> String {
    time.civil().strftime("%Y%m%dT%H%M%SZ").to_string()
}

fn parse_amz_date(text: &str) -> Option<Timestamp> {
    let bytes = text.as_bytes();
    let digits = |range: std::ops::Range<usize>| bytes.get(range)?.iter().all(u8::is_ascii_digit).then_some(());
    (bytes.len() == 16 && bytes[8] == b'T' && bytes[15] == b'Z').then_some(())?;
    digits(0..8)?;
    digits(9..15)?;
    let part = |range: std::ops::Range<usize>| text.get(range).unwrap_or_default();
    let iso =
        format!("{}-{}-{}T{}:{}:{}Z", part(0..4), part(4..6), part(6..8), part(9..11), part(11..13), part(13..15));
    Timestamp::parse_iso(&iso)
}

fn signing_key(secret: &str, date: &str, region: &str, service: &str) -> Vec<u8> {
    [date, region, service, "aws4_request"]
        .into_iter()
        .fold(format!("AWS4{secret}").into_bytes(), |key, part| hmac_sha256(&key, part.as_bytes()).as_ref().to_vec())
}

fn incomplete(message: impl Into<String>) -> ApiError {
    ApiError::new("IncompleteSignatureException", message)
}

fn mismatch(message: impl Into<String>) -> ApiError {
    ApiError::new("InvalidSignatureException", message)
}

fn first_word(text: &str) -> &str {
    text.split_whitespace().next().unwrap_or_default()
}

#[cfg(test)]
mod tests;
