//! AWS JSON 1.1: one `POST /`, the operation in `X-Amz-Target`, errors as `{"__type", "message"}`.

use serde_json::{Map, Value};

use crate::ssm::{ApiError, Operation};

/// The content type of requests and answers.
pub const CONTENT_TYPE: &str = "application/x-amz-json-1.1";
/// The header that names the operation.
pub const TARGET_HEADER: &str = "x-amz-target";
/// The header that carries the id of a request in its answer.
pub const REQUEST_ID_HEADER: &str = "x-amzn-requestid";
/// The header that repeats an error's code; some SDKs read it before the body.
pub const ERROR_TYPE_HEADER: &str = "x-amzn-errortype";

/// The value of `X-Amz-Target` for an operation.
pub fn target<O: Operation>() -> String {
    format!("{}.{}", O::SERVICE.target_prefix(), O::NAME)
}

/// Splits `X-Amz-Target` into prefix and operation at its last dot, as CloudTrail's dotted prefix needs.
pub fn split_target(header: &str) -> Option<(&str, &str)> {
    header.rsplit_once('.')
}

/// The body of a request.
pub fn encode_request<O: Operation>(request: &O) -> Result<Vec<u8>, ApiError> {
    serde_json::to_vec(request).map_err(|error| ApiError::new("SerializationException", error.to_string()))
}

/// Reads an answer: the output for a 2xx, the error otherwise.
///
/// Whatever the body is (a proxy's HTML page, nothing, broken JSON), the outcome is an [`ApiError`] that says so.
pub fn decode_response<O: Operation>(
    status: u16,
    error_type: Option<&str>,
    body: &[u8],
) -> Result<O::Output, ApiError> {
    if !(200..300).contains(&status) {
        return Err(decode_error(status, error_type, body));
    }
    let body = if body.is_empty() { b"{}" } else { body };
    serde_json::from_slice(body).map_err(|error| {
        ApiError::new(
            "SerializationException",
            format!("the answer to {} is not what the API describes: {error}", O::NAME),
        )
        .with_status(status)
    })
}

/// Reads the body of an answer that is not a 2xx.
pub fn decode_error(status: u16, error_type: Option<&str>, body: &[u8]) -> ApiError {
    let mut members = match serde_json::from_slice(body) {
        Ok(Value::Object(members)) => members,
        _ => Map::new(),
    };
    let code = members
        .remove("__type")
        .or_else(|| members.remove("code"))
        .and_then(|code| code.as_str().map(bare_code))
        .or_else(|| error_type.map(bare_code))
        .unwrap_or_else(|| format!("HTTP {status}"));
    let message = ["message", "Message", "errorMessage"]
        .into_iter()
        .filter_map(|name| members.remove(name))
        .find_map(|text| text.as_str().filter(|text| !text.is_empty()).map(str::to_owned));
    ApiError { code: code.into(), message, status, members: (!members.is_empty()).then(|| Box::new(members)) }
}

/// `namespace#Code:http://…` is `Code`.
fn bare_code(text: &str) -> String {
    let text = text.rsplit_once('#').map_or(text, |(_, code)| code);
    text.split_once(':').map_or(text, |(code, _)| code).to_owned()
}

/// The body of an error. `message_member` is how the service model spells the message, `message` where it is silent.
pub fn encode_error(error: &ApiError, message_member: Option<&str>) -> Vec<u8> {
    let mut body = Map::new();
    body.insert("__type".into(), Value::String(error.code.to_string()));
    if let Some(message) = &error.message {
        body.insert(message_member.unwrap_or("message").to_owned(), Value::String(message.clone()));
    }
    body.extend(error.members.iter().flat_map(|members| members.as_ref().clone()));
    Value::Object(body).to_string().into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ssm::GetParameter;

    #[test]
    fn errors_are_read_in_every_form_that_services_use() {
        for (body, header) in [
            (r#"{"__type":"ParameterNotFound"}"#, None),
            (r#"{"__type":"com.amazonaws.ssm#ParameterNotFound","Message":"no"}"#, None),
            (r#"{"__type":"ParameterNotFound:http://internal/","message":"no"}"#, None),
            ("{}", Some("ParameterNotFound")),
        ] {
            assert_eq!(decode_error(400, header, body.as_bytes()).code, "ParameterNotFound", "{body}");
        }
    }

    #[test]
    fn a_page_of_html_is_an_error_with_the_status() {
        let error = decode_response::<GetParameter>(502, None, b"<html>bad gateway</html>").unwrap_err();
        assert_eq!((&*error.code, error.status), ("HTTP 502", 502));
        let error = decode_response::<GetParameter>(200, None, b"<html>").unwrap_err();
        assert_eq!(error.code, "SerializationException");
    }

    #[test]
    fn an_error_survives_the_round_trip() {
        let error = ApiError::new("ParameterNotFound", "Parameter x not found.");
        assert_eq!(decode_error(400, None, &encode_error(&error, Some("Message"))), error);
    }
}
