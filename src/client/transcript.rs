//! The transcript of a session that has ended, from where its preferences had it kept: a bucket of S3 or a log group of
//! CloudWatch Logs.

use bytes::Bytes;
use serde::Deserialize;

use super::{Client, Error, OBJECT_LIMIT};
use crate::ssm::{Session, logs::GetLogEvents};

/// Pages of a log stream; each brings at least one event or is the last.
const PAGES: usize = 100_000;

/// What a session's terminal showed. Raw: not fit for a terminal unseen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transcript {
    /// Where it was kept, as the service words it.
    pub source: String,
    /// The bytes.
    pub text: Bytes,
}

impl Client {
    /// Fetches the transcript of a session as `DescribeSessions` lists it. `None` if none was kept, as for port sessions.
    ///
    /// Errors: what S3 or CloudWatch Logs answer; [`Error::Protocol`] beyond [`OBJECT_LIMIT`] bytes.
    pub async fn transcript(&self, session: &Session) -> Result<Option<Transcript>, Error> {
        let Some(output) = &session.output_url else { return Ok(None) };
        if let Some(url) = output.s3_output_url.as_deref().filter(|url| !url.is_empty()) {
            let text = self.object(url).await?;
            return Ok(Some(Transcript { source: url.to_owned(), text }));
        }
        let Some(url) = output.cloud_watch_output_url.as_deref().filter(|url| !url.is_empty()) else { return Ok(None) };
        let id = session.session_id.as_deref().unwrap_or_default();
        let (group, stream) =
            log_stream(url, id).ok_or_else(|| Error::Protocol(format!("{url} does not name a log stream")))?;
        Ok(Some(Transcript { text: self.log_stream(&group, &stream).await?, source: format!("{group} {stream}") }))
    }

    /// All of a log stream (`GetLogEvents`): one line an event, or the lines of each event of a session that was streamed.
    ///
    /// Errors: what CloudWatch Logs answers; [`Error::Protocol`] beyond [`OBJECT_LIMIT`] bytes.
    pub async fn log_stream(&self, group: &str, stream: &str) -> Result<Bytes, Error> {
        let mut text = Vec::new();
        let mut next_token = None;
        // The first event says what all are: a line of a transcript may look like an event.
        let mut wrapped = None;
        for _ in 0..PAGES {
            let page = self
                .call(GetLogEvents {
                    log_group_name: group.to_owned(),
                    log_stream_name: stream.to_owned(),
                    next_token: next_token.clone(),
                    start_from_head: Some(true),
                    ..GetLogEvents::default()
                })
                .await?;
            for event in page.events {
                let message = event.message.unwrap_or_default();
                let streamed = if wrapped.unwrap_or(true) { streamed(&message) } else { None };
                wrapped.get_or_insert(streamed.is_some());
                for line in streamed.unwrap_or_else(|| vec![message]) {
                    text.extend_from_slice(line.as_bytes());
                    if !line.ends_with('\n') {
                        text.push(b'\n');
                    }
                }
                if text.len() > OBJECT_LIMIT {
                    return Err(Error::Protocol(format!("the transcript is larger than {} MiB", OBJECT_LIMIT >> 20)));
                }
            }
            // The end is where a token comes back.
            if page.next_forward_token.is_none() || page.next_forward_token == next_token {
                break;
            }
            next_token = page.next_forward_token;
        }
        Ok(text.into())
    }
}

/// The lines in an event of a session that was streamed while it ran (`cloudWatchStreamingEnabled`), as AWS's agent and
/// ours wrap them. `None` if it is none.
fn streamed(message: &str) -> Option<Vec<String>> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Streamed {
        #[serde(rename = "eventVersion")]
        _version: String,
        #[serde(rename = "sessionId")]
        _session: String,
        session_data: Vec<String>,
    }
    if !message.starts_with('{') {
        return None;
    }
    serde_json::from_str::<Streamed>(message).ok().map(|event| event.session_data)
}

/// The log group and stream in a link to CloudWatch's console: `…#logEventViewer:group=GROUP;stream=STREAM`. The stream
/// carries the session's id where the link does not say.
fn log_stream(url: &str, session_id: &str) -> Option<(String, String)> {
    let (_, fragment) = url.split_once('#')?;
    let value = |name: &str| {
        let (_, rest) = fragment.split_once(name)?;
        rest.split([';', '&']).next().map(decoded).filter(|value| !value.is_empty())
    };
    Some((value("group=")?, value("stream=").unwrap_or_else(|| session_id.to_owned())))
}

/// Percent signs resolved, where they stand for something.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, more)) = rest.split_first() {
        let hex = more.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        match (first, hex.and_then(|hex| u8::from_str_radix(hex, 16).ok())) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = &more[2..];
            }
            _ => {
                bytes.push(*first);
                rest = more;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_of_streamed_sessions_hold_lines() {
        let event = r#"{"eventVersion":"1.0","eventTime":"2026-11-22T10:00:00Z","awsRegion":"us-east-1",
            "target":{"id":"mi-1"},"userIdentity":{"arn":"arn:aws:iam::1:user/a"},"runAsUser":"ssm-user",
            "sessionId":"alice-1","sessionData":["$ id","\u001b[1muid=0\u001b[0m"," "]}"#;
        assert_eq!(streamed(event).unwrap(), ["$ id", "\x1b[1muid=0\x1b[0m", " "]);
        let none = [
            "$ id",
            "",
            "{",
            "{}",
            r#"{"sessionData":["x"]}"#,
            r#"{"eventVersion":"1.0","sessionId":"a","sessionData":"x"}"#,
        ];
        for line in none {
            assert_eq!(streamed(line), None, "{line}");
        }
    }

    #[test]
    fn links_to_the_console_name_group_and_stream() {
        let found = |url: &str| log_stream(url, "s-1");
        let both = |group: &str, stream: &str| Some((group.to_owned(), stream.to_owned()));
        let base = "https://us-east-1.console.aws.amazon.com/cloudwatch/home?region=us-east-1";
        assert_eq!(found(&format!("{base}#logEventViewer:group=/ssm/a;stream=alice-1")), both("/ssm/a", "alice-1"));
        assert_eq!(found(&format!("{base}#logEventViewer:group=%2Fssm%2Fa")), both("/ssm/a", "s-1"));
        assert_eq!(found(&format!("{base}#logEventViewer:group=100%;stream=%zz")), both("100%", "%zz"));
        assert_eq!(found(base), None);
    }
}
