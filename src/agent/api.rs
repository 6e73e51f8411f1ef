//! The service as the agent calls it: signed JSON, channel tokens, sockets and uploads of output. One attempt a call; who
//! calls decides about trying again.

use std::{fmt, path::Path, time::Duration};

use bytes::Bytes;
use futures_util::StreamExt;
use reqwest::{Method, Url, header::CONTENT_TYPE};
use tokio::sync::watch;
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream,
    tungstenite::{client::IntoClientRequest, http::HeaderName, http::HeaderValue, protocol::WebSocketConfig},
};
use uuid::Uuid;

use super::tls::Tls;
use crate::{
    ssm::{ApiError, Operation, Sensitive, clock::Clock},
    wire::{
        envelope::MESSAGE_LIMIT,
        json,
        memory::{STREAM_READS, STREAM_WRITES},
        messages::{CreateChannel, channel_token},
        partition,
        sigv4::{Body, Credentials, Signing, sign},
    },
};

/// Buffers of control channels in bytes, for either direction.
const QUIET_BUFFER: usize = 8 * 1024;
/// How long a call may take.
const CALL_TIMEOUT: Duration = Duration::from_secs(15);
/// How long an upload may stand still.
const UPLOAD_STALL: Duration = Duration::from_secs(60);
/// The largest answer that is read.
const ANSWER_LIMIT: usize = 16 * 1024 * 1024;

/// An open channel.
pub type Socket = WebSocketStream<MaybeTlsStream<tokio::net::TcpStream>>;

/// Where the service is.
#[derive(Clone, Debug)]
pub struct Endpoints {
    /// The region that requests are signed for.
    pub region: String,
    /// One address for everything, without a slash at the end; AWS's own addresses if absent.
    pub custom: Option<String>,
}

impl Endpoints {
    /// Reads what the user gave. A custom address alone means the region `us-east-1`.
    pub fn new(custom: Option<&str>, region: Option<&str>) -> Result<Self, String> {
        let custom = match custom {
            Some(text) => {
                let url = Url::parse(text).map_err(|error| format!("{text} is not a URL: {error}"))?;
                if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
                    return Err(format!("{text} is not an address of the form http://host:port or https://host"));
                }
                Some(text.trim_end_matches('/').to_owned())
            }
            None => None,
        };
        let region = match (region, &custom) {
            (Some(region), _) => region,
            (None, Some(_)) => "us-east-1",
            (None, None) => return Err("say where the service is: --endpoint-url, or --region for AWS".to_owned()),
        };
        if !partition::is_region(region) {
            return Err(format!("{region} is not the name of a region"));
        }
        Ok(Self { region: region.to_owned(), custom })
    }

    /// Base address of a service, `ssm` or `ssmmessages`.
    pub fn service(&self, service: &str) -> String {
        self.custom.clone().unwrap_or_else(|| partition::endpoint(service, &self.region))
    }

    /// Address of an object of S3, path style, as both AWS and other stores take it. `key` may hold any characters.
    pub fn object(&self, bucket: &str, key: &str) -> Result<Url, String> {
        let mut url = Url::parse(&self.service("s3")).map_err(|error| error.to_string())?;
        url.path_segments_mut()
            .map_err(|()| "the address of S3 cannot have a path".to_owned())?
            .pop_if_empty()
            .push(bucket)
            .extend(key.split('/'));
        Ok(url)
    }
}

/// Why a call came to nothing.
#[derive(Clone, Debug, thiserror::Error)]
pub enum CallError {
    /// The service answered with an error.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// It could not be reached, or what answered was something else.
    #[error("{0}")]
    Transport(String),
}

impl CallError {
    pub(super) fn transport(error: impl fmt::Display) -> Self {
        Self::Transport(error.to_string())
    }

    /// Whether the service refused the caller, which new credentials may mend.
    pub fn is_denied(&self) -> bool {
        matches!(self, Self::Api(error) if matches!(error.status, 401 | 403)
            || matches!(&*error.code, "AccessDeniedException" | "UnrecognizedClientException" | "ExpiredTokenException"
                | "InvalidSignatureException" | "MachineFingerprintDoesNotMatch"))
    }
}

/// A caller of the service. Cheap to share behind an `Arc`.
pub struct Api {
    http: reqwest::Client,
    tls: Tls,
    endpoints: Endpoints,
    clock: Clock,
    credentials: watch::Sender<Option<Credentials>>,
}

impl Api {
    /// A caller without credentials yet.
    pub fn new(endpoints: Endpoints, tls: Tls, clock: Clock) -> Result<Self, CallError> {
        let http = tls
            .apply(reqwest::Client::builder())
            .user_agent(concat!("fleetdeck-agent/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CALL_TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .pool_max_idle_per_host(1)
            .pool_idle_timeout(Duration::from_secs(20))
            .build()
            .map_err(chain)?;
        Ok(Self { http, tls, endpoints, clock, credentials: watch::Sender::new(None) })
    }

    /// Where the service is.
    pub fn endpoints(&self) -> &Endpoints {
        &self.endpoints
    }

    /// The clock that signatures are dated by.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Replaces the credentials; calls that wait for some go on.
    pub fn set_credentials(&self, credentials: Credentials) {
        self.credentials.send_replace(Some(credentials));
    }

    /// Waits until there are credentials.
    async fn credentials(&self) -> Result<Credentials, CallError> {
        let mut receiver = self.credentials.subscribe();
        let current = receiver.wait_for(Option::is_some).await.map_err(CallError::transport)?;
        current.clone().ok_or_else(|| CallError::transport("there are no credentials"))
    }

    /// A call with the node's credentials; waits for them if there are none yet.
    pub async fn call<O: Operation>(&self, request: O) -> Result<O::Output, CallError> {
        let credentials = self.credentials().await?;
        let service = O::SERVICE.name();
        let url = format!("{}/", self.endpoints.service(service));
        let body = json::encode_request(&request)?;
        let target = json::target::<O>();
        let headers = [("content-type", json::CONTENT_TYPE), (json::TARGET_HEADER, target.as_str())];
        let signed = self.sign(&credentials, service, "POST", &url, &headers, Body::Bytes(&body))?;
        self.post_json::<O>(&url, signed, body).await
    }

    /// A call that carries no signature: only registration does that.
    pub async fn call_unsigned<O: Operation>(&self, request: O) -> Result<O::Output, CallError> {
        let url = format!("{}/", self.endpoints.service("ssm"));
        self.post_json::<O>(&url, Vec::new(), json::encode_request(&request)?).await
    }

    /// Sends a JSON call with the headers given (a signature) besides the usual two.
    pub(super) async fn post_json<O: Operation>(
        &self,
        url: &str,
        headers: Vec<(String, String)>,
        body: Vec<u8>,
    ) -> Result<O::Output, CallError> {
        let mut request = self
            .http
            .request(Method::POST, url)
            .timeout(CALL_TIMEOUT)
            .header(CONTENT_TYPE, json::CONTENT_TYPE)
            .header(json::TARGET_HEADER, json::target::<O>());
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let answer = request.body(body).send().await.map_err(chain)?;
        let status = answer.status().as_u16();
        let kind =
            answer.headers().get(json::ERROR_TYPE_HEADER).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let body = read_body(answer).await?;
        Ok(json::decode_response::<O>(status, kind.as_deref(), &body)?)
    }

    /// Opens a channel: asks for its token and dials. The caller sends the open message with the token.
    ///
    /// `path` is `/v1/control-channel/<node>` or `/v1/data-channel/<session>`, `query` the socket's.
    pub async fn open_channel(
        &self,
        path: &str,
        query: &str,
        client_id: Option<&str>,
    ) -> Result<(Socket, Sensitive), CallError> {
        let base = self.endpoints.service("ssmmessages");
        let token = self.channel_token(&format!("{base}{path}"), client_id).await?;
        let credentials = self.credentials().await?;
        let url = format!("{base}{path}?{query}");
        let signed = self.sign(&credentials, "ssmmessages", "GET", &url, &[], Body::Bytes(b""))?;
        let address = url.replacen("http", "ws", 1);
        let mut request = address.into_client_request().map_err(CallError::transport)?;
        for (name, value) in signed {
            let name = HeaderName::try_from(name).map_err(CallError::transport)?;
            request.headers_mut().insert(name, HeaderValue::try_from(value).map_err(CallError::transport)?);
        }
        // Control channels are many and quiet; what passes over data channels is to pass in few pieces.
        let (reads, writes) = match path.starts_with("/v1/data-channel/") {
            true => (STREAM_READS, STREAM_WRITES),
            false => (QUIET_BUFFER, QUIET_BUFFER),
        };
        let config = WebSocketConfig::default()
            .max_message_size(Some(MESSAGE_LIMIT))
            .max_frame_size(Some(MESSAGE_LIMIT))
            .read_buffer_size(reads)
            .write_buffer_size(writes);
        let dial = tokio_tungstenite::connect_async_tls_with_config(request, Some(config), true, self.tls.connector());
        let (socket, _) = tokio::time::timeout(CALL_TIMEOUT, dial)
            .await
            .map_err(|_| CallError::transport("the channel did not open in time"))?
            .map_err(socket_error)?;
        Ok((socket, token))
    }

    async fn channel_token(&self, url: &str, client_id: Option<&str>) -> Result<Sensitive, CallError> {
        let credentials = self.credentials().await?;
        let body = serde_json::to_vec(&CreateChannel {
            message_schema_version: "1.0".to_owned(),
            request_id: Uuid::new_v4().to_string(),
            client_id: client_id.map(str::to_owned),
        })
        .map_err(CallError::transport)?;
        let content_type = ("content-type", "application/json");
        let signed = self.sign(&credentials, "ssmmessages", "POST", url, &[content_type], Body::Bytes(&body))?;
        let mut request =
            self.http.request(Method::POST, url).timeout(CALL_TIMEOUT).header(content_type.0, content_type.1);
        for (name, value) in signed {
            request = request.header(name, value);
        }
        let answer = request.body(body).send().await.map_err(chain)?;
        let status = answer.status().as_u16();
        let body = read_body(answer).await?;
        let text = String::from_utf8_lossy(&body);
        if status != 201 {
            return Err(channel_refused(status, &text));
        }
        let token = channel_token(&text).ok_or_else(|| CallError::transport("the answer holds no channel token"))?;
        Ok(Sensitive(token.to_owned()))
    }

    /// Uploads a file to S3 as it is read, and behind it what is only in memory: then the file need not be there.
    /// `encrypted` asks for encryption at rest with a KMS key.
    pub async fn upload(
        &self,
        bucket: &str,
        key: &str,
        (file, rest): (&Path, Bytes),
        encrypted: bool,
    ) -> Result<(), CallError> {
        let credentials = self.credentials().await?;
        let url = self.endpoints.object(bucket, key).map_err(CallError::Transport)?;
        let file = match tokio::fs::File::open(file).await {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && !rest.is_empty() => None,
            file => Some(file.map_err(CallError::transport)?),
        };
        let on_disk = match &file {
            Some(file) => file.metadata().await.map_err(CallError::transport)?.len(),
            None => 0,
        };
        let length = on_disk + rest.len() as u64;
        let file = futures_util::stream::iter(file).flat_map(move |file| chunks(file, on_disk));
        let body = file.chain(futures_util::stream::iter([Ok(rest)]));
        let content_type = ("content-type", "text/plain");
        let encryption = ("x-amz-server-side-encryption", "aws:kms");
        let headers = if encrypted { vec![content_type, encryption] } else { vec![content_type] };
        let signed = self.sign(&credentials, "s3", "PUT", url.as_str(), &headers, Body::Unsigned)?;
        let mut request = self
            .http
            .request(Method::PUT, url)
            .header(reqwest::header::CONTENT_LENGTH, length)
            .body(reqwest::Body::wrap_stream(body));
        for (name, value) in headers {
            request = request.header(name, value);
        }
        for (name, value) in signed {
            request = request.header(name, value);
        }
        let answer = tokio::time::timeout(UPLOAD_STALL + Duration::from_secs(length / 65_536), request.send())
            .await
            .map_err(|_| CallError::transport("the upload did not end in time"))?
            .map_err(chain)?;
        let status = answer.status();
        if status.is_success() {
            return Ok(());
        }
        let body = read_body(answer).await?;
        Err(channel_refused(status.as_u16(), &String::from_utf8_lossy(&body)))
    }

    fn sign(
        &self,
        credentials: &Credentials,
        service: &str,
        method: &str,
        url: &str,
        headers: &[(&str, &str)],
        body: Body<'_>,
    ) -> Result<Vec<(String, String)>, CallError> {
        let signing = Signing { credentials, region: &self.endpoints.region, service, time: self.clock.now() };
        sign(signing, method, url, headers, body).map_err(CallError::transport)
    }
}

/// A file as a stream of at most `length` bytes: what is appended meanwhile is not part of it.
fn chunks(file: tokio::fs::File, length: u64) -> impl futures_util::Stream<Item = std::io::Result<Bytes>> {
    use tokio::io::AsyncReadExt;
    Box::pin(futures_util::stream::try_unfold(file.take(length), |mut file| async move {
        let mut chunk = bytes::BytesMut::with_capacity(64 * 1024);
        let read = file.read_buf(&mut chunk).await?;
        Ok((read > 0).then(|| (chunk.freeze(), file)))
    }))
}

async fn read_body(mut answer: reqwest::Response) -> Result<Vec<u8>, CallError> {
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(chain)? {
        if body.len() + chunk.len() > ANSWER_LIMIT {
            return Err(CallError::transport("the answer is too large"));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// The message service and S3 answer errors in XML, with the code in one element or as the element's name.
fn channel_refused(status: u16, body: &str) -> CallError {
    let element = |name: &str| {
        let (_, rest) = body.split_once(&format!("<{name}>"))?;
        rest.split_once(&format!("</{name}>")).map(|(text, _)| text.to_owned())
    };
    let named = ["AccessDeniedException", "ExpiredTokenException", "UnrecognizedClientException"]
        .into_iter()
        .find(|name| body.contains(*name))
        .map(str::to_owned);
    let code = named.or_else(|| element("Code")).unwrap_or_else(|| format!("HTTP {status}"));
    let message = element("Message")
        .or_else(|| element("message"))
        .unwrap_or_else(|| body.chars().filter(|letter| !letter.is_control()).take(200).collect());
    CallError::Api(ApiError::new(code, message).with_status(status))
}

fn socket_error(error: tokio_tungstenite::tungstenite::Error) -> CallError {
    match error {
        tokio_tungstenite::tungstenite::Error::Http(answer) => {
            let body = answer.body().as_deref().map(String::from_utf8_lossy).unwrap_or_default();
            channel_refused(answer.status().as_u16(), &body)
        }
        other => CallError::transport(other),
    }
}

/// An error of the HTTP library with its causes, which carry the part that says something, and without the address.
pub(super) fn chain(error: reqwest::Error) -> CallError {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    CallError::Transport(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_are_awss_own_or_the_given_one() {
        let aws = Endpoints::new(None, Some("eu-central-1")).unwrap();
        assert_eq!(aws.service("ssmmessages"), "https://ssmmessages.eu-central-1.amazonaws.com");
        let china = Endpoints::new(None, Some("cn-north-1")).unwrap();
        assert_eq!(china.service("ssm"), "https://ssm.cn-north-1.amazonaws.com.cn");
        let own = Endpoints::new(Some("http://127.0.0.1:7700/"), None).unwrap();
        assert_eq!((own.service("ssm").as_str(), own.region.as_str()), ("http://127.0.0.1:7700", "us-east-1"));
        assert!(Endpoints::new(None, None).is_err());
        assert!(Endpoints::new(Some("ftp://x"), None).is_err());
        assert!(Endpoints::new(None, Some("../x")).is_err());
    }

    #[test]
    fn object_addresses_escape_what_must_be_escaped() {
        let own = Endpoints::new(Some("http://127.0.0.1:7700"), None).unwrap();
        let url = own.object("bucket", "a/b c/ü?/stdout").unwrap();
        assert_eq!(url.as_str(), "http://127.0.0.1:7700/bucket/a/b%20c/%C3%BC%3F/stdout");
    }

    #[test]
    fn refusals_in_xml_are_understood() {
        let error = channel_refused(403, "<AccessDeniedException><Message>no</Message></AccessDeniedException>");
        assert!(error.is_denied());
        assert_eq!(error.to_string(), "AccessDeniedException: no");
        assert!(!channel_refused(500, "boom").is_denied());
    }
}
