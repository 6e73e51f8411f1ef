//! What can go wrong between a caller and the service, and what to do about it.

use super::{
    denial::{self, Denial},
    way,
};
use crate::ssm::ApiError;

/// What services answer with where the credentials have expired.
pub(super) const EXPIRED: [&str; 2] = ["ExpiredToken", "ExpiredTokenException"];
/// What they answer with where the access key is not known. `InvalidClientTokenId` is that of STS.
pub(super) const UNKNOWN_KEY: [&str; 2] = ["UnrecognizedClientException", "InvalidClientTokenId"];

/// Why a call failed. Cheap enough to clone, because one failure may be shown in several places.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The service answered with an error.
    #[error(transparent)]
    Api(ApiError),
    /// Nobody answers at the endpoint.
    #[error("cannot reach {endpoint}: {detail}")]
    Connect {
        /// The address that was tried.
        endpoint: String,
        /// What the operating system says.
        detail: String,
    },
    /// The answer did not come in time.
    #[error("no answer from {endpoint} within {seconds} s")]
    Timeout {
        /// The address that was asked.
        endpoint: String,
        /// How long was waited.
        seconds: u64,
    },
    /// There are no usable credentials.
    #[error(
        "no credentials{}{}{detail}",
        .profile.as_deref().map(|name| format!(" for profile {name}")).unwrap_or_default(),
        if detail.is_empty() { "" } else { ": " }
    )]
    Credentials {
        /// The profile that was asked for.
        profile: Option<String>,
        /// What kind of trouble it is.
        fault: CredentialFault,
        /// What the provider says, in one line; empty if it has nothing to add.
        detail: String,
    },
    /// No secure connection.
    #[error("no secure connection to {endpoint}: {detail}")]
    Tls {
        /// The address that was tried.
        endpoint: String,
        /// What the TLS library says.
        detail: String,
    },
    /// A port of this machine cannot be listened on.
    #[error("{detail}")]
    Listen {
        /// Which one and why, in a sentence.
        detail: String,
    },
    /// The settings cannot be used.
    #[error("{0}")]
    Config(String),
    /// The other side does not keep to the protocol.
    #[error("{0}")]
    Protocol(String),
}

/// Why there are no credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CredentialFault {
    /// None are configured.
    Missing,
    /// The single sign-on session has ended or was never begun.
    SsoExpired,
    /// The session for which the code of a device was entered has ended.
    CodeExpired,
    /// The role is given only with the code of a device.
    CodeWanted,
    /// The profile does not exist or is malformed.
    Configuration,
    /// The provider failed.
    Provider,
    /// The provider could not reach whom it asks.
    Unreachable,
    /// The provider does not come back.
    Silent,
}

impl Error {
    /// The API's error code, `ParameterNotFound`.
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Api(error) => Some(&error.code),
            _ => None,
        }
    }

    /// Whether another try later may do better without anybody's help.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Api(error) => error.is_retryable(),
            Self::Connect { .. } | Self::Timeout { .. } => true,
            _ => false,
        }
    }

    /// Whether other credentials would do: there are none, or they have expired or are not known.
    pub fn is_of_credentials(&self) -> bool {
        let other = |fault: &CredentialFault| !matches!(fault, CredentialFault::Unreachable | CredentialFault::Silent);
        matches!(self, Self::Credentials { fault, .. } if other(fault))
            || self.code().is_some_and(|code| is_of_credentials(code) || code == "RequestExpired")
    }

    /// Whether it is about all that is there: the way to it, or to what gives credentials for it.
    pub fn is_of_way(&self) -> bool {
        match self {
            Self::Connect { .. } | Self::Timeout { .. } | Self::Tls { .. } => true,
            Self::Credentials { .. } => !self.is_of_credentials(),
            _ => false,
        }
    }

    /// What the user can do next, as one sentence.
    pub fn advice(&self) -> Option<String> {
        match self {
            Self::Api(error) => api_advice(error),
            Self::Connect { endpoint, detail } => Some(way::connect_advice(endpoint, detail, way::proxy(endpoint))),
            Self::Timeout { endpoint, .. } => Some(way::timeout_advice(endpoint, way::proxy(endpoint))),
            Self::Credentials { profile, fault, .. } => Some(credential_advice(profile.as_deref(), *fault)),
            Self::Listen { .. } => Some("End what listens there, or choose another local port, or none.".to_owned()),
            Self::Tls { detail, .. } => Some(way::tls_advice(detail).to_owned()),
            Self::Config(_) | Self::Protocol(_) => None,
        }
    }
}

/// Whether a code says that the credentials have expired or are not known.
pub(super) fn is_of_credentials(code: &str) -> bool {
    EXPIRED.contains(&code) || UNKNOWN_KEY.contains(&code)
}

impl From<ApiError> for Error {
    fn from(error: ApiError) -> Self {
        Self::Api(error)
    }
}

fn credential_advice(profile: Option<&str>, fault: CredentialFault) -> String {
    let suffix = profile.map(|name| format!(" --profile {name}")).unwrap_or_default();
    match fault {
        CredentialFault::SsoExpired => format!("Run `aws sso login{suffix}`."),
        CredentialFault::Missing => format!(
            "Run `aws configure{suffix}`, name a profile with --profile, or use --context local for the embedded engine."
        ),
        CredentialFault::CodeExpired => "Sign in again with the code of your device.".to_owned(),
        CredentialFault::CodeWanted => "Sign in with the code of your device: without one the role is not given.".to_owned(),
        CredentialFault::Configuration => "Check ~/.aws/config and ~/.aws/credentials.".to_owned(),
        CredentialFault::Provider => "Check that the profile's credential source works: `aws sts get-caller-identity`."
            .replace("identity`", &format!("identity{suffix}`")),
        CredentialFault::Unreachable => {
            "What gives out the credentials cannot be reached: check the network, the VPN and the region of the sign-in.".to_owned()
        }
        CredentialFault::Silent => format!(
            "See what its credential source waits for: `aws sts get-caller-identity{suffix}` in another terminal."
        ),
    }
}

/// Advice by code. The first match counts.
const API_ADVICE: &[(&[&str], &str)] = &[
    (&EXPIRED, "The credentials have expired: sign in again (`aws sso login`) or renew them."),
    (&UNKNOWN_KEY, "The access key is not known there: check the profile, the region and the endpoint."),
    (
        &["InvalidInstanceId"],
        "No node with such an id is registered there, or it cannot run this: `fleetdeck nodes` lists those that can.",
    ),
    (&["InvalidDocument"], "Check the document's name, the region and the account."),
    (&["ParameterNotFound"], "`fleetdeck param ls` lists what is there; check the name, the region and the account."),
    (&["RequestTimeTooSkewed"], "The clocks differ: set this machine's clock."),
    (&denial::CODES, "The caller lacks a permission: ask for it, or use another profile."),
    (
        &["TargetNotConnected"],
        "The node's agent is not connected: see its ping status in `fleetdeck nodes`, or why with w in the console's fleet.",
    ),
    (&["ThrottlingException", "Throttling", "TooManyRequestsException"], "The service asked to slow down; try again."),
    (&["UnknownOperationException"], "This endpoint does not offer the operation."),
];

fn api_advice(error: &ApiError) -> Option<String> {
    let skewed = error
        .message
        .as_deref()
        .is_some_and(|text| text.starts_with("Signature expired") || text.starts_with("Signature not yet current"));
    if error.code == "InvalidSignatureException" {
        return Some(match skewed {
            true => "The clocks differ: set this machine's clock.".to_owned(),
            false => "The secret key does not belong to the access key: check the profile.".to_owned(),
        });
    }
    let denial = error.message.as_deref().and_then(Denial::read);
    if let Some(denial) = denial.filter(|_| denial::CODES.contains(&&*error.code)) {
        return Some(denial.advice());
    }
    let known = API_ADVICE.iter().find(|(codes, _)| codes.contains(&&*error.code));
    known.map(|(_, advice)| (*advice).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_usual_trouble_has_its_next_step() {
        let sso = Error::Credentials {
            profile: Some("prod".into()),
            fault: CredentialFault::SsoExpired,
            detail: "the token has expired".into(),
        };
        assert_eq!(sso.advice().as_deref(), Some("Run `aws sso login --profile prod`."));
        let refused = Error::Connect { endpoint: "http://127.0.0.1:7700".into(), detail: "refused".into() };
        assert!(refused.advice().is_some_and(|advice| advice.contains("engine running")));
        let far = Error::Connect { endpoint: "http://127.example.com".into(), detail: "refused".into() };
        assert!(far.advice().is_some_and(|advice| advice.contains("127.example.com") && !advice.contains("engine")));
        let skew = ApiError::new("InvalidSignatureException", "Signature expired: 1 is now earlier than 2");
        assert!(Error::Api(skew).advice().is_some_and(|advice| advice.contains("clock")));
        // AWS says nothing but the code.
        assert!(
            Error::Api(ApiError::bare("InvalidInstanceId")).advice().is_some_and(|advice| advice.contains("nodes"))
        );
        assert_eq!(Error::Api(ApiError::bare("SomethingNew")).advice(), None);
        let words =
            "User: arn:aws:iam::1:user/ann is not authorized to perform: ssm:SendCommand on resource: arn:aws:x";
        let denied = Error::Api(ApiError::new("AccessDeniedException", words)).advice();
        assert!(denied.is_some_and(|advice| advice.contains("ssm:SendCommand")));
    }
}
