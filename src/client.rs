//! Party 1: what a user of Systems Manager needs. Calls, paging, retries, credentials, sessions.
//!
//! A [`Client`] is one caller at one endpoint. It speaks AWS's protocol and cannot tell AWS from the embedded engine. It
//! must not know who uses it: no terminal, no files of ours.

mod caller;
pub mod code;
mod credentials;
pub mod denial;
pub mod ec2;
mod endpoint;
mod error;
pub mod forward;
mod helper;
mod pacing;
pub mod recording;
mod retry;
mod session;
pub mod sso;
pub mod tail;
#[cfg(test)]
mod tests;
mod tls;
pub mod transcript;
pub mod transfer;
mod transport;
mod way;
pub mod word;

use std::{ffi::OsString, ops::Range, path::PathBuf, sync::Arc};

use bytes::Bytes;
use futures_util::{Stream, stream};

pub use caller::Caller;
pub use endpoint::is_loopback;
pub use error::{CredentialFault, Error};
pub use session::{Session, SessionEvent, SessionInput, SessionOptions};
pub use way::silence_advice;

/// The size of a terminal in character cells, as sessions carry it.
pub use crate::wire::messages::TerminalSize;

use crate::{
    ssm::{Operation, Paged, Sensitive, StartSession},
    wire::json,
};
use credentials::Credentials;
use endpoint::Endpoint;
pub use transport::Throttle;
use transport::{Call, Transport};

/// Whom to call, and as whom. What is absent comes from AWS's environment variables and files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// Profile of the AWS configuration.
    pub profile: Option<String>,
    /// `eu-central-1`.
    pub region: Option<String>,
    /// Endpoint to use instead of AWS's, for all services.
    pub endpoint_url: Option<String>,
    /// A credentials file to read instead of everything else; the embedded engine writes one.
    pub credentials_file: Option<PathBuf>,
    /// An access key id and its secret, to use instead of everything else.
    pub keys: Option<(String, Sensitive)>,
    /// What those share who sign in together: their credentials are renewed one after the other, so that only the first of
    /// them asks for a fresh token.
    pub sign_in: Option<String>,
    /// Whether the profile's role is given only with the code of a device, which is entered by hand.
    pub role_wants_code: bool,
    /// The words that start a program away from the terminal that the caller draws on, for the helpers that give out
    /// credentials. Without any they are started as the SDK starts them, where they may ask.
    pub apart: Vec<OsString>,
    /// The name under which the user knows this choice.
    pub context: Option<String>,
}

impl Settings {
    /// An endpoint with a key pair for it, and nothing read from the environment or from files.
    pub fn with_keys(endpoint_url: &str, region: &str, access_key_id: &str, secret: &str) -> Self {
        Self {
            endpoint_url: Some(endpoint_url.to_owned()),
            region: Some(region.to_owned()),
            keys: Some((access_key_id.to_owned(), secret.into())),
            ..Self::default()
        }
    }

    /// Whether the credentials come with the settings, so that AWS's files have nothing to say.
    fn is_closed(&self) -> bool {
        self.keys.is_some() || self.credentials_file.is_some()
    }
}

/// One caller at one endpoint. Cheap to clone; clones share connections, credentials and pace.
#[derive(Clone, Debug)]
pub struct Client(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    settings: Settings,
    profile: Option<String>,
    endpoint: Endpoint,
    transport: Transport,
}

impl Client {
    /// Reads configuration and prepares connections; nothing is sent yet, so that a dead endpoint shows with the first
    /// call and not here.
    ///
    /// Errors: [`Error::Config`] without a region or with a malformed endpoint, [`Error::Tls`] for an unreadable
    /// `AWS_CA_BUNDLE`.
    pub async fn connect(settings: Settings) -> Result<Self, Error> {
        let (credentials, resolved) = Credentials::load(&settings).await?;
        let endpoint = Endpoint::new(&resolved.region, resolved.endpoint_url.as_deref())?.with_named(resolved.services);
        let transport = Transport::new(endpoint.clone(), credentials)?;
        Ok(Self(Arc::new(Inner { settings, profile: resolved.profile, endpoint, transport })))
    }

    /// Calls one operation of Systems Manager, or of a service that its sessions lean on. Throttling and faults on the way are retried where that is safe.
    pub async fn call<O: Operation>(&self, operation: O) -> Result<O::Output, Error> {
        let body = json::encode_request(&operation).map_err(Error::Api)?;
        let answer = self.0.transport.send(Call::json::<O>(&self.0.endpoint, body)?).await?;
        json::decode_response::<O>(answer.status, answer.error_type.as_deref(), &answer.body).map_err(Error::Api)
    }

    /// The pages of a list, as they arrive. A page may be empty although more follow. A token that comes twice in a row
    /// ends the list with an error, as it would never end otherwise.
    pub fn pages<O: Paged>(&self, operation: O) -> impl Stream<Item = Result<Vec<O::Item>, Error>> + Send + use<O> {
        let start = Some((self.clone(), operation, None::<String>));
        stream::try_unfold(start, |state| async move {
            let Some((client, mut operation, token)) = state else { return Ok(None) };
            if token.is_some() {
                operation.set_next_token(token.clone());
            }
            let (items, next) = O::split(client.call(operation.clone()).await?);
            let state = match next {
                Some(next) if token.as_ref() == Some(&next) => {
                    return Err(Error::Protocol(format!("{} answered with the same next token twice", O::NAME)));
                }
                Some(next) => Some((client, operation, Some(next))),
                None => None,
            };
            Ok(Some((items, state)))
        })
    }

    /// The whole list.
    pub async fn all<O: Paged>(&self, operation: O) -> Result<Vec<O::Item>, Error> {
        let mut pages = std::pin::pin!(self.pages(operation));
        let mut all = Vec::new();
        while let Some(page) = std::future::poll_fn(|context| pages.as_mut().poll_next(context)).await {
            all.extend(page?);
        }
        Ok(all)
    }

    /// Fetches an object of an output bucket by the URL that the API answered, signed for S3.
    ///
    /// Errors: [`Error::Protocol`] for more than [`OBJECT_LIMIT`] bytes or a URL that is none.
    pub async fn object(&self, url: &str) -> Result<Bytes, Error> {
        let answer = self.0.transport.send(Call::object(&self.0.endpoint, url)?).await?;
        if !(200..300).contains(&answer.status) {
            return Err(Error::Api(caller::decode_xml_error(answer.status, &answer.body)));
        }
        Ok(answer.body)
    }

    /// Who this caller is (`sts:GetCallerIdentity`).
    pub async fn caller_identity(&self) -> Result<Caller, Error> {
        let answer = self.0.transport.send(Call::caller_identity(&self.0.endpoint)).await?;
        caller::decode(answer.status, &answer.body)
    }

    /// Opens a session on a node: `StartSession`, then its data channel. `size` is told to the node at once.
    pub async fn start_session(&self, request: StartSession, size: TerminalSize) -> Result<Session, Error> {
        session::start(self.clone(), request, SessionOptions::new(size)).await
    }

    /// Like [`Client::start_session`], with a say in how the connection is held.
    pub async fn open_session(&self, request: StartSession, options: SessionOptions) -> Result<Session, Error> {
        session::start(self.clone(), request, options).await
    }

    /// Goes on with a session that another client of this caller began and has left: `ResumeSession`, then its data channel.
    /// `unsure` is what [`Session::counted`] of that one was at last: its start or a smaller number, its end or a larger one. If it
    /// is not known, a guess is made, which is wrong after very much input.
    pub async fn take_over_session(
        &self,
        id: String,
        target: String,
        unsure: Option<Range<i64>>,
        size: TerminalSize,
    ) -> Result<Session, Error> {
        session::take_over(self.clone(), id, target, unsure, SessionOptions::new(size)).await
    }

    /// What the service throttles now, whenever that changes. Such calls are tried again by themselves.
    pub fn throttles(&self) -> tokio::sync::watch::Receiver<Option<Throttle>> {
        self.0.transport.throttles()
    }

    /// Since when whoever gives out its credentials is waited for, whenever that changes.
    pub fn waits_for_credentials(&self) -> tokio::sync::watch::Receiver<Option<std::time::Instant>> {
        self.0.transport.waits_for_credentials()
    }

    /// The settings it was made from.
    pub fn settings(&self) -> &Settings {
        &self.0.settings
    }

    /// The profile that the credentials come from, if any was named.
    pub fn profile(&self) -> Option<&str> {
        self.0.profile.as_deref()
    }

    /// The region.
    pub fn region(&self) -> &str {
        self.0.endpoint.region()
    }

    /// The address of Systems Manager, without a slash at its end.
    pub fn endpoint(&self) -> &str {
        self.0.endpoint.ssm()
    }

    /// Whether the endpoint is AWS's own and not one that the user named.
    pub fn is_aws(&self) -> bool {
        !self.0.endpoint.is_custom()
    }
}

/// How the reasons begin of sessions that are no shells of the user's but the program's own work.
pub const OWN_WORK: &str = "fleetdeck: ";

/// The largest object that [`Client::object`] fetches, in bytes.
pub const OBJECT_LIMIT: usize = 64 * 1024 * 1024;
