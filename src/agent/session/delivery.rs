//! Delivers transcripts: to S3 when the session has ended, to CloudWatch Logs as it goes or at its end.

use std::{io, time::Duration};

use serde::Serialize;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::{terms::LogTerms, transcript::Text};
use crate::{
    agent::{Node, api::CallError},
    ssm::{
        Timestamp,
        logs::{
            BATCH_EVENTS, CreateLogGroup, CreateLogStream, DescribeLogGroups, EVENT_OVERHEAD, InputLogEvent,
            PutLogEvents,
        },
    },
};

/// How often a stream looks for more.
const PACE: Duration = Duration::from_secs(1);
/// How much of a transcript is read at a time. Its events, wrapped in JSON, have to fit into one batch.
const READ: usize = 64 * 1024;
/// The longest line of an event; what is longer is cut into several.
const LINE: usize = 32 * 1024;
/// How often a call is tried again before the transcript is left to the next start of the agent: some eight minutes.
const ATTEMPTS: u32 = 20;
/// The longest wait between two tries.
const LONGEST: Duration = Duration::from_secs(30);
/// How often it is tried again with new credentials.
const DENIALS: u32 = 2;
const BATCH: usize = crate::ssm::logs::BATCH_BYTES;

/// Refuses a session whose log group is not encrypted although its document demands that. The error is a sentence.
pub async fn check(node: &Node, terms: &LogTerms) -> Result<(), String> {
    if terms.group.is_empty() || !terms.encrypt_group {
        return Ok(());
    }
    let request = DescribeLogGroups { log_group_name_prefix: Some(terms.group.clone()), ..Default::default() };
    let groups = node.api.call(request).await.map_err(|error| {
        format!(
            "the log group {} cannot be looked at, and the session preferences demand encryption: {error}",
            terms.group
        )
    })?;
    let found = groups.log_groups.into_iter().find(|group| group.log_group_name.as_deref() == Some(&terms.group));
    match found {
        Some(group) if group.kms_key_id.is_some() => Ok(()),
        _ => Err(format!(
            "the session preferences demand an encrypted log group, but {} has no KMS key: make it with one, or turn \
             cloudWatchEncryptionEnabled off",
            terms.group
        )),
    }
}

/// Delivers a transcript that is complete: to S3, and to the log group unless that has had it already.
pub async fn deliver(
    node: &Node,
    session_id: &str,
    text: &Text,
    terms: &LogTerms,
    streamed: bool,
) -> Result<(), String> {
    let object = async {
        if terms.bucket.is_empty() {
            return Ok(());
        }
        let key = terms.object_key(session_id);
        retry(node, || node.api.upload(&terms.bucket, &key, (text.file(), text.rest()), terms.encrypt_object))
            .await
            .map_err(|error| format!("its transcript could not be written to s3://{}/{key}: {error}", terms.bucket))
    };
    let events = async {
        if terms.group.is_empty() || streamed {
            return Ok(());
        }
        let done = CancellationToken::new();
        done.cancel();
        stream(node, session_id, text, terms, &done).await
    };
    let (object, events) = tokio::join!(object, events);
    object.and(events)
}

/// Sends a transcript to its log group until `done` and its end. May begin before there is anything.
pub async fn stream(
    node: &Node,
    session_id: &str,
    text: &Text,
    terms: &LogTerms,
    done: &CancellationToken,
) -> Result<(), String> {
    let failed = |error: &dyn std::fmt::Display| {
        format!("its transcript could not be written to the log group {}: {error}", terms.group)
    };
    retry(node, || prepare(node, session_id, terms)).await.map_err(|error| failed(&error))?;
    let mut position = 0;
    loop {
        // Asked before reading: what comes afterwards is the next round's.
        let last = done.is_cancelled();
        let mut read = usize::MAX;
        while read > 0 {
            let bytes = piece(text, position, last).await.map_err(|error| failed(&error))?;
            read = bytes.len();
            position += read as u64;
            if read > 0 {
                let batches = batches(events(node, session_id, terms, &bytes));
                for log_events in batches {
                    let request = PutLogEvents {
                        log_group_name: terms.group.clone(),
                        log_stream_name: session_id.to_owned(),
                        log_events,
                        sequence_token: None,
                    };
                    let put = || {
                        let request = request.clone();
                        async move { node.api.call(request).await.map(drop) }
                    };
                    retry(node, put).await.map_err(|error| failed(&error))?;
                }
            }
        }
        if last {
            return Ok(());
        }
        tokio::select! {
            () = sleep(PACE) => {}
            () = done.cancelled() => {}
        }
    }
}

/// Makes the log stream, and the group if it is not there.
async fn prepare(node: &Node, session_id: &str, terms: &LogTerms) -> Result<(), CallError> {
    let stream = CreateLogStream { log_group_name: terms.group.clone(), log_stream_name: session_id.to_owned() };
    match there(node.api.call(stream.clone()).await) {
        Err(CallError::Api(error)) if error.code == "ResourceNotFoundException" => {
            let group = CreateLogGroup { log_group_name: terms.group.clone(), ..Default::default() };
            there(node.api.call(group).await)?;
            there(node.api.call(stream).await)
        }
        other => other,
    }
}

/// What is there already need not be made.
fn there<T>(outcome: Result<T, CallError>) -> Result<(), CallError> {
    match outcome {
        Err(CallError::Api(error)) if error.code == "ResourceAlreadyExistsException" => Ok(()),
        other => other.map(drop),
    }
}

/// Tries a call until it holds, or there is no hope that it will.
async fn retry<F>(node: &Node, mut call: impl FnMut() -> F) -> Result<(), CallError>
where
    F: Future<Output = Result<(), CallError>>,
{
    let mut attempt = 0;
    loop {
        let error = match call().await {
            Ok(()) => return Ok(()),
            Err(error) => error,
        };
        if error.is_denied() {
            node.renewal.request();
        }
        if attempt >= tries(&error) {
            return Err(error);
        }
        tracing::debug!("a transcript has to wait: {error}");
        sleep((Duration::from_millis(500) * 2u32.pow(attempt.min(8))).min(LONGEST)).await;
        attempt += 1;
    }
}

/// How often a call that failed like this is worth another try.
fn tries(error: &CallError) -> u32 {
    match error {
        error if error.is_denied() => DENIALS,
        CallError::Api(error) if !error.is_retryable() && (400..500).contains(&error.status) => 0,
        _ => ATTEMPTS,
    }
}

/// The next whole lines of the text, or what there is if no line ends within reach or nothing more will come.
async fn piece(text: &Text, position: u64, last: bool) -> io::Result<Vec<u8>> {
    let mut bytes = text.read(position, READ).await?;
    let full = bytes.len() == READ;
    match bytes.iter().rposition(|byte| *byte == b'\n') {
        Some(end) if full || !last => bytes.truncate(end + 1),
        None if !full && !last => bytes.clear(),
        _ => {}
    }
    Ok(bytes)
}

/// One event a line; streamed ones in the JSON that AWS's agent writes.
fn events(node: &Node, session_id: &str, terms: &LogTerms, bytes: &[u8]) -> Vec<InputLogEvent> {
    let now = node.clock.now();
    let event = |message| InputLogEvent { timestamp: now.as_millis(), message };
    let lines = lines(bytes);
    if !terms.stream {
        return lines.into_iter().map(event).collect();
    }
    let streamed = |lines: &[String]| {
        serde_json::to_string(&Streamed {
            event_version: "1.0",
            event_time: now,
            aws_region: &node.api.endpoints().region,
            target: Id { id: &node.instance_id },
            user_identity: Arn { arn: &terms.owner },
            run_as_user: &terms.user,
            session_id,
            session_data: lines,
        })
        .unwrap_or_default()
    };
    // JSON may need six bytes for one of a terminal's.
    lines.chunk_by(chunker()).map(|lines| event(streamed(lines))).collect()
}

/// Says whether a line still fits into the event of the one before.
fn chunker() -> impl FnMut(&String, &String) -> bool {
    let mut taken = 0;
    move |_, next| {
        taken += next.len();
        let fits = taken < LINE;
        if !fits {
            taken = 0;
        }
        fits
    }
}

/// The lines of a piece, without their ends; longer ones are cut. An event must not be empty: a blank stands for that.
fn lines(bytes: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(bytes);
    let text = text.strip_suffix('\n').unwrap_or(&text);
    let mut lines = Vec::new();
    for line in text.split('\n') {
        let mut rest = line.strip_suffix('\r').unwrap_or(line);
        while rest.len() > LINE {
            let cut = rest.floor_char_boundary(LINE);
            lines.push(rest[..cut].to_owned());
            rest = &rest[cut..];
        }
        lines.push(if rest.is_empty() { " ".to_owned() } else { rest.to_owned() });
    }
    lines
}

/// Cuts events into what one call takes.
fn batches(events: Vec<InputLogEvent>) -> Vec<Vec<InputLogEvent>> {
    let mut batches: Vec<Vec<InputLogEvent>> = Vec::new();
    let mut size = 0;
    for event in events {
        let cost = event.message.len() + EVENT_OVERHEAD;
        match batches.last_mut().filter(|batch| batch.len() < BATCH_EVENTS && size + cost <= BATCH) {
            Some(batch) => {
                batch.push(event);
                size += cost;
            }
            None => {
                batches.push(vec![event]);
                size = cost;
            }
        }
    }
    batches
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Streamed<'a> {
    event_version: &'a str,
    #[serde(serialize_with = "iso")]
    event_time: Timestamp,
    aws_region: &'a str,
    target: Id<'a>,
    user_identity: Arn<'a>,
    run_as_user: &'a str,
    session_id: &'a str,
    session_data: &'a [String],
}

#[derive(Serialize)]
struct Id<'a> {
    id: &'a str,
}

#[derive(Serialize)]
struct Arn<'a> {
    arn: &'a str,
}

fn iso<S: serde::Serializer>(time: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&time.iso())
}

#[cfg(test)]
mod tests {
    use super::{super::transcript::Transcripts, *};

    #[test]
    fn lines_become_events_and_none_is_empty() {
        assert_eq!(lines(b"a\r\n\r\nb\xff\n"), ["a", " ", "b\u{fffd}"]);
        let long = lines("é".repeat(LINE).as_bytes());
        assert_eq!((long.len(), long.concat().chars().count()), (2, LINE));
    }

    #[tokio::test]
    async fn a_stream_takes_whole_lines_until_the_end() {
        let home = tempfile::tempdir().unwrap();
        let transcripts = Transcripts::open(home.path().to_owned()).unwrap();
        let terms = LogTerms { group: "logs".into(), ..LogTerms::default() };
        let text = transcripts.text("root-1");
        assert!(piece(&text, 0, false).await.unwrap().is_empty(), "nothing is there yet");
        let mut transcript = transcripts.begin("root-1", &terms, &text).unwrap();
        transcript.write(b"one\ntwo\nthr");
        assert_eq!(piece(&text, 0, false).await.unwrap(), b"one\ntwo\n");
        assert!(piece(&text, 8, false).await.unwrap().is_empty(), "the line goes on");
        assert_eq!(piece(&text, 8, true).await.unwrap(), b"thr");
        transcript.write("x".repeat(READ + 1).as_bytes());
        assert_eq!(piece(&text, 8, false).await.unwrap().len(), READ, "a line without an end is not waited for");
    }

    #[test]
    fn a_service_that_is_away_is_waited_for_and_one_that_says_no_is_not() {
        use crate::ssm::ApiError;
        assert_eq!(tries(&CallError::Transport("connection refused".into())), ATTEMPTS);
        assert_eq!(tries(&ApiError::new("InternalError", "x").with_status(500).into()), ATTEMPTS);
        assert_eq!(tries(&ApiError::new("ExpiredToken", "x").with_status(403).into()), DENIALS);
        assert_eq!(tries(&ApiError::new("NoSuchBucket", "x").with_status(404).into()), 0);
    }

    #[test]
    fn batches_keep_to_the_limits() {
        let event = |size: usize| InputLogEvent { timestamp: 0, message: "x".repeat(size) };
        let sizes = |events| batches(events).iter().map(Vec::len).collect::<Vec<_>>();
        assert_eq!(sizes(vec![event(BATCH / 2), event(BATCH / 2), event(1)]), [1, 2]);
        assert_eq!(sizes((0..=BATCH_EVENTS).map(|_| event(1)).collect()), [BATCH_EVENTS, 1]);
        assert!(batches(Vec::new()).is_empty());
    }
}
