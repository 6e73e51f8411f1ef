//! The output store: whole outputs of commands, spoken to as path-style S3, kept below the data directory.
//!
//! Nodes put, below their own id and the ids of their own sessions only; the account's owner reads and writes. A caller who
//! wants the objects elsewhere copies them with any S3 client. `x-amz-server-side-encryption: aws:kms` seals an object.

mod sealed;

use std::{ops::Range, path::Path as FilePath, sync::Arc};

use axum::{
    body::Body,
    extract::{Path, Request, State},
    http::{HeaderMap, Method, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use futures_util::{StreamExt, TryStreamExt};
use object_store::{
    GetOptions, GetRange, ObjectMeta, ObjectStore, ObjectStoreExt, WriteMultipart, local::LocalFileSystem,
    path::Path as ObjectPath,
};

use super::{Caller, Engine, Payload, auth::DEFAULT_REGION, http::App, kms, random, seal};
use crate::{
    ssm::{ApiError, Timestamp},
    wire::digest::hex,
};

/// Where nodes put whole output when the command names no bucket.
pub const OUTPUT_BUCKET: &str = "fleetdeck-output";
/// The largest object.
const OBJECT_LIMIT: u64 = 5 << 30;
/// How much of an upload is held at a time.
const CHUNK: usize = 256 * 1024;
const ENCRYPTION: &str = "x-amz-server-side-encryption";
const ENCRYPTION_KEY: &str = "x-amz-server-side-encryption-aws-kms-key-id";

/// The objects of one engine.
#[derive(Debug)]
pub struct OutputStore(LocalFileSystem);

impl OutputStore {
    /// Opens a directory.
    pub fn open(directory: &FilePath) -> Result<Self, std::io::Error> {
        LocalFileSystem::new_with_prefix(directory)
            .map(|store| Self(store.with_automatic_cleanup(true)))
            .map_err(std::io::Error::other)
    }

    /// Whether an object is there. One that cannot be looked for is not.
    pub async fn has(&self, bucket: &str, key: &str) -> bool {
        let path = object_path(bucket, key);
        self.0.head(&path).await.is_ok() || self.0.head(&sealed::place(&path)).await.is_ok()
    }

    /// Gives up the oldest objects of a bucket until so many bytes are free. Answers how many went, and their bytes.
    pub(super) async fn make_room(&self, bucket: &str, wanted: u64) -> Result<(usize, u64), object_store::Error> {
        let mut objects: Vec<ObjectMeta> = self.0.list(Some(&ObjectPath::from(bucket))).try_collect().await?;
        objects.sort_by_key(|object| object.last_modified);
        let (mut count, mut freed) = (0, 0);
        for object in objects {
            if freed >= wanted {
                break;
            }
            self.0.delete(&object.location).await?;
            count += 1;
            freed += object.size;
        }
        Ok((count, freed))
    }

    /// Gives up the objects of a bucket that were written before a time.
    pub(super) async fn forget(&self, bucket: &str, before: Timestamp) -> Result<(), object_store::Error> {
        let mut objects = self.0.list(Some(&ObjectPath::from(bucket)));
        while let Some(object) = objects.try_next().await? {
            if object.last_modified.timestamp_millis() < before.as_millis() {
                self.0.delete(&object.location).await?;
            }
        }
        Ok(())
    }

    #[cfg(test)]
    pub(crate) async fn put_for_tests(&self, bucket: &str, key: &str, content: &'static [u8]) {
        self.0.put(&object_path(bucket, key), content.into()).await.unwrap();
    }
}

fn object_path(bucket: &str, key: &str) -> ObjectPath {
    ObjectPath::from_iter(std::iter::once(bucket).chain(key.split('/')))
}

/// What S3 answers where something is wrong.
struct S3Error {
    status: StatusCode,
    code: &'static str,
    message: String,
}

impl S3Error {
    fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into() }
    }

    fn no_such_key() -> Self {
        Self::new(StatusCode::NOT_FOUND, "NoSuchKey", "The specified key does not exist.")
    }

    fn access_denied() -> Self {
        Self::new(StatusCode::FORBIDDEN, "AccessDenied", "Access Denied")
    }
}

impl From<ApiError> for S3Error {
    /// S3 has names of its own for what is wrong with a signature.
    fn from(error: ApiError) -> Self {
        let code = match &*error.code {
            "InvalidSignatureException" | "IncompleteSignatureException" => "SignatureDoesNotMatch",
            "UnrecognizedClientException" => "InvalidAccessKeyId",
            "ExpiredTokenException" => "ExpiredToken",
            "InternalServerError" => "InternalError",
            _ => "AccessDenied",
        };
        let status = if error.status >= 500 { StatusCode::INTERNAL_SERVER_ERROR } else { StatusCode::FORBIDDEN };
        Self::new(status, code, error.message.unwrap_or_else(|| error.code.to_string()))
    }
}

impl From<object_store::Error> for S3Error {
    fn from(error: object_store::Error) -> Self {
        match error {
            object_store::Error::NotFound { .. } => Self::no_such_key(),
            error => {
                tracing::error!(%error, "the output store failed");
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, "InternalError", "We encountered an internal error.")
            }
        }
    }
}

/// `PUT`, `GET` and `HEAD /<bucket>/<key>`.
pub(super) async fn object(
    State(app): State<App>,
    Path((bucket, key)): Path<(String, String)>,
    request: Request,
) -> Response {
    let method = request.method().clone();
    let resource = format!("/{bucket}/{key}");
    let answer = match method {
        Method::PUT => put(&app.engine, &bucket, &key, request).await,
        Method::GET | Method::HEAD => get(&app.engine, &bucket, &key, request).await,
        _ => Err(S3Error::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "MethodNotAllowed",
            "The specified method is not allowed against this resource.",
        )),
    };
    answer.unwrap_or_else(|error| failure(&error, &resource, method == Method::HEAD))
}

fn failure(error: &S3Error, resource: &str, head: bool) -> Response {
    let escape = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let request_id = random::uuid();
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{}</Code><Message>{}</Message><Resource>{}</Resource>\
         <RequestId>{request_id}</RequestId></Error>",
        error.code,
        escape(&error.message),
        escape(resource),
    );
    let body = if head { Body::empty() } else { Body::from(body) };
    (error.status, [(header::CONTENT_TYPE, "application/xml")], body).into_response()
}

/// Checks who asks, and turns bucket and key into a place.
async fn place(engine: &Engine, parts: &Parts, bucket: &str, key: &str) -> Result<(Caller, ObjectPath), S3Error> {
    let caller = engine.authenticate(parts, Payload::Declared, "s3").await?.caller;
    let named = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || matches!(letter, '.' | '-');
    if !(3..=63).contains(&bucket.len()) || !bucket.chars().all(named) || bucket.starts_with('.') {
        return Err(S3Error::new(StatusCode::BAD_REQUEST, "InvalidBucketName", "The specified bucket is not valid."));
    }
    let invalid = || S3Error::new(StatusCode::BAD_REQUEST, "InvalidArgument", "The key is not valid.");
    if key.len() > 1024 || key.split('/').any(|part| matches!(part, "" | "." | "..")) {
        return Err(invalid());
    }
    let path = object_path(bucket, key);
    match &caller {
        Caller::Root => {}
        Caller::Node { instance_id, .. } if parts.method == Method::PUT => {
            if !is_below(key, instance_id) && !is_transcript(engine, key, instance_id).await? {
                return Err(S3Error::access_denied());
            }
        }
        _ => return Err(S3Error::access_denied()),
    }
    Ok((caller, path))
}

/// Whether a key is `…/<command-id>/<instance-id>/…`.
fn is_below(key: &str, instance_id: &str) -> bool {
    let parts: Vec<&str> = key.split('/').collect();
    parts.windows(3).any(|window| uuid::Uuid::parse_str(window[0]).is_ok() && window[1] == instance_id)
}

/// Whether a key is that of the transcript of one of a node's own sessions, `…/<session-id>.log`.
async fn is_transcript(engine: &Engine, key: &str, instance_id: &str) -> Result<bool, S3Error> {
    let name = key.rsplit('/').next().unwrap_or_default();
    let Some(session_id) = name.strip_suffix(".log") else { return Ok(false) };
    Ok(engine.store.session(session_id).await?.is_some_and(|session| session.target == instance_id))
}

/// The key that an object is to be sealed with, if it is.
fn sealing_key(engine: &Engine, headers: &HeaderMap) -> Result<Option<uuid::Uuid>, S3Error> {
    match header_text(headers, ENCRYPTION) {
        None => Ok(None),
        Some("aws:kms" | "AES256") => {
            let name = header_text(headers, ENCRYPTION_KEY).unwrap_or(seal::DEFAULT_KEY);
            let key = kms::find(engine, DEFAULT_REGION, name);
            key.map(Some).map_err(|error| {
                S3Error::new(StatusCode::BAD_REQUEST, "KMS.NotFoundException", error.message.unwrap_or_default())
            })
        }
        Some(_) => {
            let message = "The encryption method specified is not supported";
            Err(S3Error::new(StatusCode::BAD_REQUEST, "InvalidEncryptionAlgorithmError", message))
        }
    }
}

async fn put(engine: &Engine, bucket: &str, key: &str, request: Request) -> Result<Response, S3Error> {
    let (parts, body) = request.into_parts();
    let (_, path) = place(engine, &parts, bucket, key).await?;
    let declared = header_text(&parts.headers, "x-amz-content-sha256").unwrap_or("UNSIGNED-PAYLOAD");
    if declared.starts_with("STREAMING-") {
        let message = "Chunked signatures are not supported. Send the body as it is.";
        return Err(S3Error::new(StatusCode::NOT_IMPLEMENTED, "NotImplemented", message));
    }
    let key = sealing_key(engine, &parts.headers)?;
    let mut sealer = key.map(|key| sealed::Sealer::new(&engine.keyring, key, &path));
    let (place, other) =
        if key.is_some() { (sealed::place(&path), path.clone()) } else { (path.clone(), sealed::place(&path)) };
    let refused = |error: object_store::Error| {
        if is_full(&error) {
            engine.store.note_full();
        }
        S3Error::from(error)
    };
    let upload = engine.output.0.put_multipart(&place).await.map_err(refused)?;
    let mut writer = WriteMultipart::new_with_chunk_size(upload, CHUNK);
    let mut digest = aws_lc_rs::digest::Context::new(&aws_lc_rs::digest::SHA256);
    let mut length = 0u64;
    let mut chunks = body.into_data_stream();
    let received = loop {
        match chunks.next().await {
            None => break Ok(()),
            Some(Err(_)) => {
                break Err(S3Error::new(
                    StatusCode::BAD_REQUEST,
                    "IncompleteBody",
                    "The request body ended too early.",
                ));
            }
            Some(Ok(chunk)) => {
                length += chunk.len() as u64;
                if length > OBJECT_LIMIT {
                    let message = "Your proposed upload exceeds the maximum allowed object size.";
                    break Err(S3Error::new(StatusCode::BAD_REQUEST, "EntityTooLarge", message));
                }
                digest.update(&chunk);
                if let Err(error) = writer.wait_for_capacity(1).await {
                    break Err(refused(error));
                }
                match &mut sealer {
                    None => writer.put(chunk),
                    Some(sealer) => match sealer.push(&chunk) {
                        Ok(pieces) => pieces.into_iter().for_each(|piece| writer.put(piece.into())),
                        Err(error) => break Err(error.into()),
                    },
                }
            }
        }
    };
    let found = hex(digest.finish().as_ref());
    let received = received.and_then(|()| {
        if declared == "UNSIGNED-PAYLOAD" || declared.eq_ignore_ascii_case(&found) {
            return Ok(());
        }
        let message = "The provided 'x-amz-content-sha256' header does not match what was computed.";
        Err(S3Error::new(StatusCode::BAD_REQUEST, "XAmzContentSHA256Mismatch", message))
    });
    let received = received.and_then(|()| {
        if let Some(sealer) = sealer {
            writer.put(sealer.finish()?.into());
        }
        Ok(())
    });
    if let Err(error) = received {
        // What was written of it is of no use to anybody.
        let _ = writer.abort().await;
        return Err(error);
    }
    let stored = writer.finish().await.map_err(refused)?;
    // The object has one form: the one that was written last.
    match engine.output.0.delete(&other).await {
        Ok(()) | Err(object_store::Error::NotFound { .. }) => {}
        Err(error) => return Err(error.into()),
    }
    let mut response = (StatusCode::OK, [(header::ETAG, etag(stored.e_tag.as_deref()))], Body::empty()).into_response();
    if key.is_some() {
        response.headers_mut().insert(ENCRYPTION, header::HeaderValue::from_static("aws:kms"));
    }
    Ok(response)
}

/// Whether there was no space left.
fn is_full(error: &object_store::Error) -> bool {
    let causes = std::iter::successors(std::error::Error::source(error), |cause| cause.source());
    causes
        .filter_map(|cause| cause.downcast_ref::<std::io::Error>())
        .any(|error| matches!(error.kind(), std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded))
}

/// Reads a sealed object.
async fn get_sealed(engine: Arc<Engine>, path: ObjectPath, parts: &Parts) -> Result<Response, S3Error> {
    let place = sealed::place(&path);
    let mut meta = engine.output.0.head(&place).await?;
    let size = meta.size;
    meta.size = sealed::plain_length(size);
    let range = header_text(&parts.headers, header::RANGE.as_str()).and_then(byte_range);
    let (status, range) = match range {
        None => (StatusCode::OK, 0..meta.size),
        Some(range) => {
            let range = range.as_range(meta.size).map_err(|_| unsatisfiable())?;
            (StatusCode::PARTIAL_CONTENT, range)
        }
    };
    let body = if parts.method == Method::HEAD {
        Body::empty()
    } else {
        // The pieces are opened by a task of its own, two ahead of the caller at most.
        let (pieces, received) = tokio::sync::mpsc::channel(2);
        let range = range.clone();
        tokio::spawn(async move {
            let store = &engine.output.0;
            let read = |range: Range<u64>| async {
                store.get_range(&place, range).await.map_err(|error| {
                    tracing::error!(%error, "the output store failed");
                    ApiError::internal("The object could not be read.")
                })
            };
            let mut opened = std::pin::pin!(sealed::open(&engine.keyring, &path, size, range, read));
            while let Some(piece) = opened.next().await {
                let failed = piece.is_err();
                if pieces.send(piece.map_err(std::io::Error::other)).await.is_err() || failed {
                    return;
                }
            }
        });
        Body::from_stream(futures_util::stream::unfold(received, async |mut received| {
            Some((received.recv().await?, received))
        }))
    };
    let mut response = described(status, &meta, &range, body);
    response.headers_mut().insert(ENCRYPTION, header::HeaderValue::from_static("aws:kms"));
    Ok(response)
}

fn unsatisfiable() -> S3Error {
    S3Error::new(StatusCode::RANGE_NOT_SATISFIABLE, "InvalidRange", "The requested range is not satisfiable")
}

async fn get(engine: &Arc<Engine>, bucket: &str, key: &str, request: Request) -> Result<Response, S3Error> {
    let (parts, _) = request.into_parts();
    let (_, path) = place(engine, &parts, bucket, key).await?;
    if let Err(object_store::Error::NotFound { .. }) = engine.output.0.head(&path).await {
        return get_sealed(engine.clone(), path, &parts).await;
    }
    if parts.method == Method::HEAD {
        let meta = engine.output.0.head(&path).await?;
        let whole = 0..meta.size;
        return Ok(described(StatusCode::OK, &meta, &whole, Body::empty()));
    }
    let range = header_text(&parts.headers, header::RANGE.as_str()).and_then(byte_range);
    let partial = range.is_some();
    let options = GetOptions { range, ..Default::default() };
    let found = match engine.output.0.get_opts(&path, options).await {
        Err(object_store::Error::NotFound { .. }) => return Err(S3Error::no_such_key()),
        Err(_) if partial => {
            return Err(unsatisfiable());
        }
        other => other?,
    };
    let status = if partial { StatusCode::PARTIAL_CONTENT } else { StatusCode::OK };
    let (meta, range) = (found.meta.clone(), found.range.clone());
    Ok(described(status, &meta, &range, Body::from_stream(found.into_stream())))
}

fn described(status: StatusCode, meta: &ObjectMeta, range: &Range<u64>, body: Body) -> Response {
    let mut response = Response::builder()
        .status(status)
        .header(header::CONTENT_TYPE, "binary/octet-stream")
        .header(header::CONTENT_LENGTH, range.end - range.start)
        .header(header::ACCEPT_RANGES, "bytes")
        .header(header::ETAG, etag(meta.e_tag.as_deref()))
        .header(header::LAST_MODIFIED, meta.last_modified.format("%a, %d %b %Y %H:%M:%S GMT").to_string());
    if status == StatusCode::PARTIAL_CONTENT {
        let last = range.end.saturating_sub(1);
        response = response.header(header::CONTENT_RANGE, format!("bytes {}-{last}/{}", range.start, meta.size));
    }
    response.body(body).unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response())
}

fn etag(tag: Option<&str>) -> String {
    format!("\"{}\"", tag.unwrap_or("0").trim_matches('"'))
}

fn header_text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// Reads `bytes=0-99`, `bytes=100-` and `bytes=-100`. Anything else counts as no range, as HTTP has it.
fn byte_range(text: &str) -> Option<GetRange> {
    match text.strip_prefix("bytes=")?.split_once('-')? {
        ("", last) => last.parse().ok().map(GetRange::Suffix),
        (first, "") => first.parse().ok().map(GetRange::Offset),
        (first, last) => {
            let (first, last): (u64, u64) = (first.parse().ok()?, last.parse().ok()?);
            (first <= last).then_some(GetRange::Bounded(first..last.saturating_add(1)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_writes_below_its_own_id_only() {
        let command = "01234567-89ab-4cde-8f01-23456789abcd";
        assert!(is_below(&format!("{command}/mi-1/awsrunShellScript/x/stdout"), "mi-1"));
        assert!(is_below(&format!("a/b/{command}/mi-1/x"), "mi-1"));
        assert!(!is_below(&format!("{command}/mi-2/x"), "mi-1"));
        assert!(!is_below(&format!("{command}/mi-1"), "mi-1"));
        assert!(!is_below("mi-1/x", "mi-1"));
    }

    #[test]
    fn ranges_are_read() {
        assert_eq!(byte_range("bytes=0-9"), Some(GetRange::Bounded(0..10)));
        assert_eq!(byte_range("bytes=5-"), Some(GetRange::Offset(5)));
        assert_eq!(byte_range("bytes=-5"), Some(GetRange::Suffix(5)));
        assert_eq!(byte_range("bytes=9-0"), None);
        assert_eq!(byte_range("lines=1-2"), None);
    }
}
