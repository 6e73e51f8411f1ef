//! `sts:GetCallerIdentity`, the one operation of the query protocol that every AWS client calls sooner or later.

use super::{ACCOUNT, Caller};
use crate::ssm::ApiError;

/// The action that a form-encoded body asks for.
pub fn action(body: &[u8]) -> Option<&str> {
    std::str::from_utf8(body).ok()?.split('&').find_map(|pair| pair.strip_prefix("Action="))
}

/// Answers an action in XML.
///
/// Errors: `InvalidAction`.
pub fn answer(action: &str, caller: &Caller, request_id: &str) -> Result<String, ApiError> {
    if action != "GetCallerIdentity" {
        return Err(ApiError::new("InvalidAction", "Could not find operation for version 2011-06-15"));
    }
    Ok(format!(
        "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetCallerIdentityResult>\
         <Arn>{}</Arn><UserId>{}</UserId><Account>{ACCOUNT}</Account></GetCallerIdentityResult>\
         <ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata></GetCallerIdentityResponse>",
        caller.arn(),
        caller.user_id()
    ))
}

/// An error in XML. The query protocol drops the `Exception` of the signature errors and answers 403 for them.
pub fn error(error: &ApiError, request_id: &str) -> (u16, String) {
    let (code, status) = match &*error.code {
        "UnrecognizedClientException" => ("InvalidClientTokenId", 403),
        "InvalidSignatureException" => ("SignatureDoesNotMatch", 403),
        "MissingAuthenticationTokenException" => ("MissingAuthenticationToken", 403),
        "IncompleteSignatureException" => ("IncompleteSignature", 400),
        "ExpiredTokenException" => ("ExpiredToken", 403),
        other => (other, error.status),
    };
    let escaped =
        error.message.as_deref().unwrap_or_default().replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let text = format!(
        "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>Sender</Type><Code>{code}</Code>\
         <Message>{escaped}</Message></Error><RequestId>{request_id}</RequestId></ErrorResponse>"
    );
    (status, text)
}
