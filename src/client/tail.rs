//! A log stream of CloudWatch Logs as it grows.

use super::{Client, Error};
use crate::ssm::logs::GetLogEvents;

/// As much of a stream is taken at a time.
const MOST: usize = 4 * 1024 * 1024;

/// A log stream that is read from near its end on.
#[derive(Clone, Debug)]
pub struct Tail {
    group: String,
    stream: String,
    token: Option<String>,
}

/// What came of a stream.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct More {
    /// Its events, each with the end of a line. Raw: not fit for a terminal.
    pub text: String,
    /// Whether there is more before it that was not read.
    pub is_late: bool,
}

impl Tail {
    /// A stream of which nothing was read.
    pub fn new(group: &str, stream: String) -> Self {
        Self { group: group.to_owned(), stream, token: None }
    }

    /// What came since (`GetLogEvents`, with the `nextForwardToken` of the last time): at first the last page there is. Nothing
    /// of a stream or a group that is not there yet.
    ///
    /// Errors: what CloudWatch Logs answer.
    pub async fn more(&mut self, client: &Client) -> Result<More, Error> {
        let mut more = More::default();
        while more.text.len() < MOST {
            let page = match client.call(self.asking(self.token.clone())).await {
                Err(error) if error.code() == Some("ResourceNotFoundException") => break,
                page => page?,
            };
            if self.token.is_none() && !page.events.is_empty() {
                more.is_late = self.has_before(client, page.next_backward_token.clone()).await?;
            }
            for message in page.events.into_iter().filter_map(|event| event.message) {
                more.text.push_str(&message);
                if !message.ends_with('\n') {
                    more.text.push('\n');
                }
            }
            // The end is where a token comes back.
            let is_end = page.next_forward_token.is_none() || page.next_forward_token == self.token;
            self.token = page.next_forward_token.or(self.token.take());
            if is_end {
                break;
            }
        }
        Ok(more)
    }

    async fn has_before(&self, client: &Client, token: Option<String>) -> Result<bool, Error> {
        let Some(token) = token else { return Ok(false) };
        let before = GetLogEvents { limit: Some(1), ..self.asking(Some(token)) };
        Ok(!client.call(before).await?.events.is_empty())
    }

    fn asking(&self, next_token: Option<String>) -> GetLogEvents {
        GetLogEvents {
            log_group_name: self.group.clone(),
            log_stream_name: self.stream.clone(),
            next_token,
            ..GetLogEvents::default()
        }
    }
}
