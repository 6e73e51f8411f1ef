//! `sts:GetCallerIdentity` and the XML that the query protocol and S3 answer with.

use super::Error;
use crate::{
    ssm::{ApiError, Timestamp},
    wire::sigv4,
};

/// Who a caller is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Caller {
    /// Twelve digits.
    pub account: String,
    /// `arn:aws:iam::123456789012:user/alice`.
    pub arn: String,
    /// The unique id of the principal.
    pub user_id: String,
}

/// Reads the answer of `GetCallerIdentity`.
pub(super) fn decode(status: u16, body: &[u8]) -> Result<Caller, Error> {
    if !(200..300).contains(&status) {
        return Err(Error::Api(decode_xml_error(status, body)));
    }
    let text = String::from_utf8_lossy(body);
    let member = |name| element(&text, name).unwrap_or_default();
    let caller = Caller { account: member("Account"), arn: member("Arn"), user_id: member("UserId") };
    match caller.arn.is_empty() {
        true => Err(Error::Protocol("the answer to GetCallerIdentity names nobody".to_owned())),
        false => Ok(caller),
    }
}

/// Reads temporary credentials, and when they end, from the answer of an operation of STS.
pub(super) fn decode_credentials(status: u16, body: &[u8]) -> Result<(sigv4::Credentials, Option<Timestamp>), Error> {
    if !(200..300).contains(&status) {
        return Err(Error::Api(decode_xml_error(status, body)));
    }
    let text = String::from_utf8_lossy(body);
    let member = |name| element(&text, name).filter(|value| !value.is_empty());
    let (Some(id), Some(secret)) = (member("AccessKeyId"), member("SecretAccessKey")) else {
        return Err(Error::Protocol("the answer of STS has no credentials".to_owned()));
    };
    let expires = member("Expiration").and_then(|time| time.parse::<jiff::Timestamp>().ok());
    let credentials = sigv4::Credentials {
        access_key_id: id,
        secret_access_key: secret.into(),
        session_token: member("SessionToken").map(Into::into),
    };
    Ok((credentials, expires.map(|time| Timestamp::from_millis(time.as_millisecond()))))
}

/// Reads an error of the query protocol or of S3: `<Code>` and `<Message>` at some depth.
pub(super) fn decode_xml_error(status: u16, body: &[u8]) -> ApiError {
    let text = String::from_utf8_lossy(body);
    let code = element(&text, "Code").unwrap_or_else(|| format!("HTTP {status}"));
    ApiError { code: code.into(), message: element(&text, "Message"), status, members: None }
}

/// The text of the first element of that name, entities resolved. Enough XML for answers this flat.
pub(super) fn element(xml: &str, name: &str) -> Option<String> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    let (text, _) = rest.split_once(&format!("</{name}>"))?;
    let entities = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&apos;", "'"), ("&amp;", "&")];
    Some(entities.iter().fold(text.trim().to_owned(), |text, (entity, plain)| text.replace(entity, plain)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identities_and_errors_are_read() {
        let body = b"<GetCallerIdentityResponse xmlns=\"x\"><GetCallerIdentityResult><Arn>arn:aws:iam::123456789012:root</Arn>\
            <UserId>U</UserId><Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>";
        assert_eq!(decode(200, body).unwrap().account, "123456789012");
        let error = decode(
            403,
            b"<ErrorResponse><Error><Code>ExpiredToken</Code><Message>a &amp; b</Message></Error></ErrorResponse>",
        );
        assert_eq!(error.unwrap_err().to_string(), "ExpiredToken: a & b");
        let credentials = b"<AssumeRoleResult><Credentials><AccessKeyId>ASIA</AccessKeyId><SecretAccessKey>s</SecretAccessKey>\
            <SessionToken>t</SessionToken><Expiration>2026-11-22T10:00:00Z</Expiration></Credentials></AssumeRoleResult>";
        let (credentials, expires) = decode_credentials(200, credentials).unwrap();
        assert_eq!(
            (credentials.access_key_id.as_str(), expires.map(Timestamp::as_millis)),
            ("ASIA", Some(1_795_341_600_000))
        );
        assert!(matches!(decode(200, b"<html>"), Err(Error::Protocol(_))));
        assert_eq!(decode(503, b"").unwrap_err().code(), Some("HTTP 503"));
    }
}
