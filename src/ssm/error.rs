//! Errors as AWS words them: a code, a message, an HTTP status.

use std::borrow::Cow;

use serde_json::{Map, Value};

/// An error of the API, the same type on both ends of the wire.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{code}{}", .message.as_deref().map(|m| format!(": {m}")).unwrap_or_default())]
pub struct ApiError {
    /// The code without namespace, `ParameterNotFound`.
    pub code: Cow<'static, str>,
    /// The sentence, where AWS sends one.
    pub message: Option<String>,
    /// The HTTP status, 400 unless the service itself failed.
    pub status: u16,
    /// Further modeled members, such as `OpsItemId`. Boxed, because hardly any error has them.
    pub members: Option<Box<Map<String, Value>>>,
}

impl ApiError {
    /// A client error (HTTP 400).
    pub fn new(code: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self { code: code.into(), message: Some(message.into()), status: 400, members: None }
    }

    /// A client error for which AWS sends the code alone.
    pub fn bare(code: impl Into<Cow<'static, str>>) -> Self {
        Self { code: code.into(), message: None, status: 400, members: None }
    }

    /// The request breaks a rule of the service model or of the operation.
    pub fn validation(message: impl Into<String>) -> Self {
        Self::new("ValidationException", message)
    }

    /// The caller may not do this.
    pub fn access_denied(message: impl Into<String>) -> Self {
        Self::new("AccessDeniedException", message)
    }

    /// The service failed. The message must not carry what the client has no business to know.
    pub fn internal(message: impl Into<String>) -> Self {
        Self { status: 500, ..Self::new("InternalServerError", message) }
    }

    /// The same error under another HTTP status.
    #[must_use]
    pub fn with_status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    /// Whether the SDKs would try again: throttling by code, or a fault of the service.
    pub fn is_retryable(&self) -> bool {
        self.is_throttle() || matches!(self.status, 500 | 502 | 503 | 504)
    }

    /// Whether the service asked the caller to slow down.
    pub fn is_throttle(&self) -> bool {
        matches!(
            &*self.code,
            "Throttling"
                | "ThrottlingException"
                | "ThrottledException"
                | "RequestThrottledException"
                | "RequestThrottled"
                | "TooManyRequestsException"
                | "RequestLimitExceeded"
                | "SlowDown"
        ) || self.status == 429
    }
}
