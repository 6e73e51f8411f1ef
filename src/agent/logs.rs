//! Log streams of CloudWatch Logs that the agent writes: transcripts of sessions, outputs of commands.

use std::time::Duration;

use tokio::time::sleep;

use super::{Node, api::CallError};
use crate::ssm::logs::{
    BATCH_BYTES as BATCH, BATCH_EVENTS, CreateLogGroup, CreateLogStream, EVENT_OVERHEAD, InputLogEvent, PutLogEvents,
};

/// The longest line of an event; what is longer is cut into several.
pub const LINE: usize = 32 * 1024;
/// How often a call is tried again before what it has is left to the next start of the agent: some eight minutes.
const ATTEMPTS: u32 = 20;
/// The longest wait between two tries.
const LONGEST: Duration = Duration::from_secs(30);
/// How often it is tried again with new credentials.
const DENIALS: u32 = 2;

/// A log stream.
#[derive(Clone, Copy, Debug)]
pub struct Stream<'a> {
    /// Its group.
    pub group: &'a str,
    /// Its name.
    pub name: &'a str,
}

impl Stream<'_> {
    /// Makes the stream, and the group if it is not there (`CreateLogStream`, `CreateLogGroup`).
    pub async fn prepare(&self, node: &Node) -> Result<(), CallError> {
        let stream = CreateLogStream { log_group_name: self.group.to_owned(), log_stream_name: self.name.to_owned() };
        let make = || async {
            match there(node.api.call(stream.clone()).await) {
                Err(CallError::Api(error)) if error.code == "ResourceNotFoundException" => {
                    let group = CreateLogGroup { log_group_name: self.group.to_owned(), ..Default::default() };
                    there(node.api.call(group).await)?;
                    there(node.api.call(stream.clone()).await)
                }
                other => other,
            }
        };
        retry(node, make).await
    }

    /// Adds events to the stream (`PutLogEvents`), in as many calls as that takes.
    pub async fn put(&self, node: &Node, events: Vec<InputLogEvent>) -> Result<(), CallError> {
        for log_events in batches(events) {
            let request = PutLogEvents {
                log_group_name: self.group.to_owned(),
                log_stream_name: self.name.to_owned(),
                log_events,
                sequence_token: None,
            };
            let put = || {
                let request = request.clone();
                async move { node.api.call(request).await.map(drop) }
            };
            retry(node, put).await?;
        }
        Ok(())
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
pub async fn retry<F>(node: &Node, mut call: impl FnMut() -> F) -> Result<(), CallError>
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
        tracing::debug!("an output has to wait: {error}");
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

/// Of what was read of a text that grows, at most `most` bytes, the whole lines; or all of it if no line ends within reach or
/// nothing more will come.
pub fn whole_lines(mut bytes: Vec<u8>, most: usize, last: bool) -> Vec<u8> {
    let full = bytes.len() == most;
    match bytes.iter().rposition(|byte| *byte == b'\n') {
        Some(end) if full || !last => bytes.truncate(end + 1),
        None if !full && !last => bytes.clear(),
        _ => {}
    }
    bytes
}

/// The lines of a piece, without their ends; longer ones are cut. An event must not be empty: a blank stands for that.
pub fn lines(bytes: &[u8]) -> Vec<String> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_become_events_and_none_is_empty() {
        assert_eq!(lines(b"a\r\n\r\nb\xff\n"), ["a", " ", "b\u{fffd}"]);
        let long = lines("é".repeat(LINE).as_bytes());
        assert_eq!((long.len(), long.concat().chars().count()), (2, LINE));
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
