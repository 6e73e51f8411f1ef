//! Signed HTTP: one request in, one bounded answer out, tried again where [`super::retry`] allows it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, Instant},
};

use bytes::{Bytes, BytesMut};
use reqwest::{Method, Url, header::HeaderMap};
use tokio::sync::watch;

use super::{
    Error, OBJECT_LIMIT, caller,
    credentials::{Credentials, chain, root_cause},
    endpoint::{Endpoint, is_loopback},
    error::is_of_credentials,
    pacing::Pacing,
    retry::{Failure, Repeat, Tries, chance},
    tls::{ca_bundle, is_tls_error},
};
use crate::{
    ssm::{self, ApiError, Operation, Timestamp, clock::Clock},
    wire::{json, sigv4},
};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Between two pieces of an answer.
const READ_TIMEOUT: Duration = Duration::from_secs(30);
/// A JSON answer beyond this is not one of Systems Manager's.
const ANSWER_LIMIT: usize = 64 * 1024 * 1024;

/// One request, unsigned.
#[derive(Debug)]
pub(super) struct Call {
    /// For pacing and messages.
    operation: &'static str,
    service: &'static str,
    /// Where it is not the endpoint's.
    region: Option<String>,
    method: Method,
    url: Option<Url>,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
    repeat: Repeat,
    limit: usize,
}

impl Call {
    /// An operation that is spoken in AWS JSON.
    pub(super) fn json<O: Operation>(endpoint: &Endpoint, body: Vec<u8>) -> Result<Self, Error> {
        let url = match O::SERVICE {
            ssm::Service::Ssm => None,
            service => Some(endpoint.service(service.name())),
        };
        let url =
            url.map(|url| Url::parse(&url).map_err(|error| Error::Config(format!("{url:?} cannot be read: {error}"))));
        Ok(Self {
            operation: O::NAME,
            service: O::SERVICE.name(),
            region: None,
            method: Method::POST,
            url: url.transpose()?,
            headers: vec![("content-type", json::CONTENT_TYPE.to_owned()), (json::TARGET_HEADER, json::target::<O>())],
            body,
            repeat: Repeat::of(O::NAME),
            limit: ANSWER_LIMIT,
        })
    }

    /// `sts:GetCallerIdentity`.
    pub(super) fn caller_identity(endpoint: &Endpoint) -> Self {
        let body = "Action=GetCallerIdentity&Version=2011-06-15".to_owned();
        Self { repeat: Repeat::Safe, ..Self::sts(endpoint, "GetCallerIdentity", body) }
    }

    /// An operation of STS, whose parameters are a form. A code of a device is good for one time.
    pub(super) fn sts(endpoint: &Endpoint, operation: &'static str, body: String) -> Self {
        Self {
            operation,
            service: "sts",
            region: None,
            method: Method::POST,
            url: Url::parse(&endpoint.sts()).ok(),
            headers: vec![("content-type", "application/x-www-form-urlencoded; charset=utf-8".to_owned())],
            body: body.into_bytes(),
            repeat: Repeat::Unsafe,
            limit: ANSWER_LIMIT,
        }
    }

    /// An action of EC2 that changes nothing.
    pub(super) fn ec2(
        endpoint: &Endpoint,
        action: &'static str,
        parameters: &[(String, String)],
    ) -> Result<Self, Error> {
        let url = endpoint.service("ec2");
        let url = Url::parse(&url).map_err(|error| Error::Config(format!("{url:?} cannot be read: {error}")))?;
        let mut form = url.clone();
        let pairs = parameters.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        form.query_pairs_mut()
            .clear()
            .append_pair("Action", action)
            .append_pair("Version", "2016-11-15")
            .extend_pairs(pairs);
        Ok(Self {
            operation: action,
            service: "ec2",
            region: None,
            method: Method::POST,
            url: Some(url),
            headers: vec![("content-type", "application/x-www-form-urlencoded; charset=utf-8".to_owned())],
            body: form.query().unwrap_or_default().as_bytes().to_vec(),
            repeat: Repeat::Safe,
            limit: ANSWER_LIMIT,
        })
    }

    /// `s3:GetObject`.
    pub(super) fn object(endpoint: &Endpoint, url: &str) -> Result<Self, Error> {
        let url = Url::parse(url).map_err(|error| Error::Protocol(format!("{url:?} is not a URL: {error}")))?;
        let Some(host) = url.host_str().filter(|_| matches!(url.scheme(), "http" | "https")) else {
            return Err(Error::Protocol(format!("{url} is not the address of an object")));
        };
        if !endpoint.holds(&url) {
            return Err(Error::Protocol(format!(
                "the output is said to lie at {host}, which is neither the endpoint in use nor AWS; it was not asked for"
            )));
        }
        let region = endpoint.object_region(host);
        Ok(Self {
            operation: "GetObject",
            service: "s3",
            region: Some(region),
            method: Method::GET,
            headers: Vec::new(),
            body: Vec::new(),
            repeat: Repeat::Safe,
            limit: OBJECT_LIMIT,
            url: Some(url),
        })
    }

    /// The error in an answer that is one.
    fn fault(&self, answer: &Answer) -> Option<ApiError> {
        let ok = (200..300).contains(&answer.status);
        (!ok).then(|| match self.service {
            "ssm" | "kms" | "logs" => json::decode_error(answer.status, answer.error_type.as_deref(), &answer.body),
            _ => caller::decode_xml_error(answer.status, &answer.body),
        })
    }
}

/// What came back, whatever its status.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) error_type: Option<String>,
    pub(super) body: Bytes,
    /// The service's clock.
    date: Option<Timestamp>,
}

/// An operation that the service throttles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Throttle {
    /// `DescribeInstanceInformation`.
    pub operation: &'static str,
    /// When it is tried again.
    pub until: Instant,
}

/// What a call has told of a throttle: untrue once nobody tries again, whether the call was given up or dropped.
struct Notice<'a> {
    transport: &'a Transport,
    operation: Option<&'static str>,
}

impl Drop for Notice<'_> {
    fn drop(&mut self) {
        if let Some(operation) = self.operation {
            self.transport.no_longer(operation);
        }
    }
}

/// Connections, credentials and pace of one client.
#[derive(Debug)]
pub(super) struct Transport {
    http: reqwest::Client,
    endpoint: Endpoint,
    ssm: Url,
    credentials: Credentials,
    pacing: Pacing,
    throttles: watch::Sender<Option<Throttle>>,
    clock: Clock,
    /// How far the service's clock is ahead of this machine's, in milliseconds.
    skew: AtomicI64,
}

impl Transport {
    /// Errors: [`Error::Tls`] if `AWS_CA_BUNDLE` cannot be read, [`Error::Config`] for a malformed endpoint.
    pub(super) fn new(endpoint: Endpoint, credentials: Credentials) -> Result<Self, Error> {
        let ssm = Url::parse(endpoint.ssm()).map_err(|error| Error::Config(error.to_string()))?;
        let http = http_client(&ssm)?;
        let pacing = Pacing::new(!endpoint.is_custom());
        let throttles = watch::Sender::new(None);
        let (clock, skew) = (Clock::system(), AtomicI64::new(0));
        Ok(Self { http, ssm, endpoint, credentials, pacing, throttles, clock, skew })
    }

    /// What the service throttles now, whenever that changes.
    pub(super) fn throttles(&self) -> watch::Receiver<Option<Throttle>> {
        self.throttles.subscribe()
    }

    /// Since when credentials are waited for, whenever that changes.
    pub(super) fn waits_for_credentials(&self) -> watch::Receiver<Option<Instant>> {
        self.credentials.waiting()
    }

    /// The service has taken a call of an operation.
    fn accepted(&self, operation: &'static str) {
        self.pacing.accepted(operation, Instant::now());
        self.no_longer(operation);
    }

    /// An operation is not throttled any more, as far as is known.
    fn no_longer(&self, operation: &'static str) {
        self.throttles.send_if_modified(|throttle| {
            let over = throttle.is_some_and(|throttle| throttle.operation == operation);
            if over {
                *throttle = None;
            }
            over
        });
    }

    /// Sends a call until it is answered or not to be tried again. An answer may still be an error of the service.
    pub(super) async fn send(&self, call: Call) -> Result<Answer, Error> {
        let mut tries = Tries::default();
        let mut notice = Notice { transport: self, operation: None };
        loop {
            let wait = self.pacing.reserve(call.operation, Instant::now());
            if !wait.is_zero() {
                tokio::time::sleep(wait).await;
            }
            let credentials = self.credentials.get(self.now()).await?;
            let outcome = self.once(&call, &credentials).await;
            let failure = match &outcome {
                Ok(answer) => match call.fault(answer) {
                    None => {
                        self.accepted(call.operation);
                        return outcome.map_err(|(_, error)| error);
                    }
                    Some(fault) => {
                        let failure = Failure::of(&fault);
                        // What is written to AWS's files next is to be found there.
                        let renewed = is_of_credentials(&fault.code)
                            && self.credentials.renew(&credentials, Instant::now()).await;
                        if failure == Failure::Expired && !renewed { Failure::Refused } else { failure }
                    }
                },
                Err((failure, _)) => *failure,
            };
            match failure {
                Failure::Throttled => self.pacing.throttled(call.operation, Instant::now()),
                Failure::ClockSkew => {
                    if let Some(date) = outcome.as_ref().ok().and_then(|answer| answer.date) {
                        self.skew.store(date.as_millis() - self.clock.now().as_millis(), Ordering::Relaxed);
                    }
                }
                Failure::NotSent | Failure::Uncertain | Failure::Expired | Failure::Refused => {}
            }
            match tries.next(failure, call.repeat, chance()) {
                Some(wait) => {
                    tracing::debug!(operation = call.operation, ?failure, ?wait, "trying again");
                    if failure == Failure::Throttled {
                        let turn = Instant::now() + wait;
                        let until = turn + self.pacing.wait(call.operation, turn);
                        notice.operation = Some(call.operation);
                        self.throttles.send_replace(Some(Throttle { operation: call.operation, until }));
                    }
                    tokio::time::sleep(wait).await;
                }
                None => return outcome.map_err(|(_, error)| error),
            }
        }
    }

    /// Signs with these credentials from now on, until they end.
    pub(super) async fn adopt(&self, credentials: Arc<sigv4::Credentials>, expires: Option<Timestamp>) {
        self.credentials.adopt(credentials, expires).await;
    }

    /// What [`Transport::adopt`] was given, if it still lasts.
    pub(super) async fn adopted(&self) -> Option<(Arc<sigv4::Credentials>, Option<Timestamp>)> {
        self.credentials.adopted(self.now()).await
    }

    /// The service's time, as far as it is known.
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.clock.now().as_millis().saturating_add(self.skew.load(Ordering::Relaxed)))
    }

    async fn once(&self, call: &Call, credentials: &sigv4::Credentials) -> Result<Answer, (Failure, Error)> {
        let url = call.url.as_ref().unwrap_or(&self.ssm);
        let region = call.region.as_deref().unwrap_or(self.endpoint.region());
        let signing = sigv4::Signing { credentials, region, service: call.service, time: self.now() };
        let headers: Vec<(&str, &str)> = call.headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let signed = sigv4::sign(signing, call.method.as_str(), url.as_str(), &headers, sigv4::Body::Bytes(&call.body))
            .map_err(|error| (Failure::Refused, Error::Protocol(error.to_string())))?;
        let mut request = self.http.request(call.method.clone(), url.clone()).body(call.body.clone());
        for (name, value) in &call.headers {
            request = request.header(*name, value);
        }
        for (name, value) in signed {
            request = request.header(name, value);
        }
        let mut response = request.send().await.map_err(|error| classify(error, url))?;
        let header = |name: &str| text(response.headers(), name);
        let (error_type, date) = (header(json::ERROR_TYPE_HEADER), header("date").as_deref().and_then(parse_date));
        let mut body = BytesMut::new();
        while let Some(piece) = response.chunk().await.map_err(|error| classify(error, url))? {
            if body.len() + piece.len() > call.limit {
                let what = format!("the answer to {} is larger than {} MiB", call.operation, call.limit >> 20);
                return Err((Failure::Refused, Error::Protocol(what)));
            }
            body.extend_from_slice(&piece);
        }
        Ok(Answer { status: response.status().as_u16(), error_type, body: body.freeze(), date })
    }
}

fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
}

/// `Sun, 22 Nov 2026 10:00:00 GMT`.
fn parse_date(text: &str) -> Option<Timestamp> {
    let time = jiff::fmt::rfc2822::parse(text).ok()?;
    Some(Timestamp::from_millis(time.timestamp().as_millisecond()))
}

pub(super) fn http_client(url: &Url) -> Result<reqwest::Client, Error> {
    let tls = |detail: String| Error::Tls { endpoint: url.to_string(), detail };
    let mut builder = reqwest::Client::builder()
        .user_agent(concat!("fleetdeck/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT_TIMEOUT)
        .read_timeout(READ_TIMEOUT)
        .pool_idle_timeout(Duration::from_secs(15))
        .tcp_nodelay(true)
        .redirect(reqwest::redirect::Policy::none());
    if let Some(bundle) = ca_bundle().map_err(tls)? {
        let certificates = reqwest::Certificate::from_pem_bundle(&bundle).map_err(|error| tls(chain(&error)))?;
        builder = builder.tls_certs_only(certificates);
    }
    if is_loopback(url.as_str()) {
        // A proxy cannot mean this machine's own engine.
        builder = builder.no_proxy();
    }
    builder.build().map_err(|error| tls(chain(&error)))
}

/// What a failed exchange means. `is_connect` holds only while nothing was sent.
pub(super) fn classify(error: reqwest::Error, url: &Url) -> (Failure, Error) {
    let endpoint = url.origin().ascii_serialization();
    let error = error.without_url();
    if is_tls_error(&error) {
        return (Failure::Refused, Error::Tls { endpoint, detail: root_cause(&error) });
    }
    let failure = if error.is_connect() { Failure::NotSent } else { Failure::Uncertain };
    match error.is_timeout() {
        true => {
            let limit = if error.is_connect() { CONNECT_TIMEOUT } else { READ_TIMEOUT };
            (failure, Error::Timeout { endpoint, seconds: limit.as_secs() })
        }
        // The innermost cause says it all: "Connection refused".
        false => (failure, Error::Connect { endpoint, detail: root_cause(&error) }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn http_dates_are_read() {
        assert_eq!(
            parse_date("Sun, 22 Nov 2026 10:00:00 GMT").map(Timestamp::iso).as_deref(),
            Some("2026-11-22T10:00:00.000Z")
        );
        assert_eq!(parse_date("yesterday"), None);
    }
}
