//! Delivers transcripts: to S3 when the session has ended, to CloudWatch Logs as it goes or at its end.

use std::{io, time::Duration};

use serde::Serialize;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::{terms::LogTerms, transcript::Text};
use crate::{
    agent::{
        Node,
        logs::{LINE, Stream, lines, retry, whole_lines},
    },
    ssm::{
        Timestamp,
        logs::{DescribeLogGroups, InputLogEvent},
    },
};

/// How often a stream looks for more.
const PACE: Duration = Duration::from_secs(1);
/// How much of a transcript is read at a time. Its events, wrapped in JSON, have to fit into one batch.
const READ: usize = 64 * 1024;

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
    let stream = Stream { group: &terms.group, name: session_id };
    stream.prepare(node).await.map_err(|error| failed(&error))?;
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
                let events = events(node, session_id, terms, &bytes);
                stream.put(node, events).await.map_err(|error| failed(&error))?;
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

/// The next whole lines of the text, or what there is if no line ends within reach or nothing more will come.
async fn piece(text: &Text, position: u64, last: bool) -> io::Result<Vec<u8>> {
    Ok(whole_lines(text.read(position, READ).await?, READ, last))
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

    #[tokio::test]
    async fn a_stream_takes_whole_lines_until_the_end() {
        let home = tempfile::tempdir().unwrap();
        let transcripts = Transcripts::open(home.path().to_owned()).unwrap();
        let terms = LogTerms { group: "logs".into(), ..LogTerms::default() };
        let text = transcripts.text("root-1");
        assert!(piece(&text, 0, false).await.unwrap().is_empty(), "nothing is there yet");
        let mut transcript = transcripts.begin("root-1", &terms, &text);
        transcript.write(b"one\ntwo\nthr");
        assert_eq!(piece(&text, 0, false).await.unwrap(), b"one\ntwo\n");
        assert!(piece(&text, 8, false).await.unwrap().is_empty(), "the line goes on");
        assert_eq!(piece(&text, 8, true).await.unwrap(), b"thr");
        transcript.write("x".repeat(READ + 1).as_bytes());
        assert_eq!(piece(&text, 8, false).await.unwrap().len(), READ, "a line without an end is not waited for");
    }
}
