//! How a session comes by its connection, the first time and whenever it is lost: for as long as the session lives.

use std::time::Duration;

use tokio::time::{sleep, timeout};
use uuid::Uuid;

use super::{
    Command, SessionEvent,
    line::{Line, PIECES, plain},
    socket::Socket,
};
use crate::{
    client::{
        Client, Error,
        error::is_of_credentials,
        retry::{chance, delay},
    },
    ssm::{DescribeSessions, ResumeSession, Sensitive, SessionFilter, SessionFilterKey, SessionState, SessionStatus},
    wire::{channel::CLIENT_VERSION, messages::OpenChannel},
};

/// Tries before a session whose first connection does not come about is given up: some half a minute.
const FIRST_TRIES: u32 = 10;
const FIRST_WAIT: Duration = Duration::from_millis(150);
/// Nobody restarts anything in a test.
const LONGEST_WAIT: Duration = if cfg!(test) { Duration::from_millis(20) } else { Duration::from_secs(5) };
/// News of a broken line that may wait for a reader who is behind.
const NEWS: usize = 8;
/// How long the reason of an end is asked for.
const REASON: Duration = Duration::from_secs(5);

impl Line {
    /// Opens the socket, with the token of `StartSession` the first time and one of `ResumeSession` later. Goes on as long
    /// as the session lives; the error is why it does not, if there is something to say about it.
    pub(super) async fn connect(&mut self, mut token: Option<Sensitive>) -> Result<Socket, Option<String>> {
        let first = token.is_some();
        let mut told = String::new();
        for attempt in 0u32.. {
            if token.is_none() {
                self.news(SessionEvent::Reconnecting { attempt: attempt + u32::from(!first) });
                let wait = delay(FIRST_WAIT, attempt.max(self.restless), chance()).min(LONGEST_WAIT);
                self.unless_terminated(sleep(wait)).await?;
            }
            let outcome = match token.take() {
                Some(token) => Ok(token),
                None => {
                    self.unless_terminated(resume(self.whose.client.clone(), self.whose.session_id.clone())).await?
                }
            };
            let outcome = match outcome {
                Ok(ticket) => {
                    let (url, opening) = (self.whose.url.clone(), self.opening(ticket));
                    self.unless_terminated(async move { Socket::open(&url, opening).await })
                        .await?
                        .map_err(Lost::Trouble)
                }
                Err(lost) => Err(lost),
            };
            let trouble = match outcome {
                Ok(socket) => return Ok(socket),
                Err(Lost::Ended(words)) => {
                    self.news(SessionEvent::Trouble(words));
                    return Err(None);
                }
                Err(Lost::Over(reason)) => return Err(reason.filter(|_| !self.exited)),
                Err(Lost::Trouble(error)) => error,
            };
            // What was never connected may be something that nobody waits for: a certificate, an address.
            if first && (attempt + 1 >= FIRST_TRIES || matches!(trouble, Error::Tls { .. } | Error::Config(_))) {
                return Err(Some(format!("the connection could not be made: {trouble}")));
            }
            let trouble = trouble.to_string();
            if trouble != told {
                self.news(SessionEvent::Trouble(trouble.clone()));
                told = trouble;
            }
        }
        Err(Some("the connection could not be restored".to_owned()))
    }

    /// Tells something behind the output that was there before. A reader that has gone to sleep misses some of it.
    fn news(&mut self, event: SessionEvent) {
        let room = self.output.len() < PIECES + NEWS;
        match (self.output.back_mut(), &event) {
            (Some(last @ SessionEvent::Reconnecting { .. }), SessionEvent::Reconnecting { .. }) => *last = event,
            _ if room => self.output.push_back(event),
            _ => {}
        }
    }

    /// Waits for something, unless the user ends the session meanwhile; then the error is empty, and whether the service
    /// hears of it is waited for where the line ends. What there is to tell is told meanwhile.
    async fn unless_terminated<T>(&mut self, awaited: impl Future<Output = T>) -> Result<T, Option<String>> {
        let mut awaited = std::pin::pin!(awaited);
        let told = self.events.clone();
        loop {
            tokio::select! {
                value = &mut awaited => return Ok(value),
                place = told.reserve(), if !self.output.is_empty() => match (place, self.output.pop_front()) {
                    (Ok(place), Some(event)) => place.send(event),
                    (Err(_), _) => return Err(Some("closed".to_owned())),
                    (Ok(_), None) => {}
                },
                command = self.commands.recv() => match command {
                    Some(Command::Terminate) => {
                        self.terminate();
                        return Err(None);
                    }
                    Some(command) => self.obey(command),
                    None => return Err(Some("closed".to_owned())),
                },
            }
        }
    }

    fn opening(&self, token: Sensitive) -> String {
        let message = OpenChannel {
            message_schema_version: "1.0".to_owned(),
            request_id: Uuid::new_v4().to_string(),
            token_value: token,
            client_id: Some(self.client_id.clone()),
            client_version: Some(CLIENT_VERSION.to_owned()),
            ..OpenChannel::default()
        };
        serde_json::to_string(&message).unwrap_or_default()
    }
}

/// Why there is no token.
enum Lost {
    /// The session is over, and why.
    Over(Option<String>),
    /// The session is over, and not because it failed; what the service says about that.
    Ended(String),
    /// Something that may pass: an outage, a network, credentials that have run out.
    Trouble(Error),
}

/// A new token for the running session. The call itself renews credentials that have expired.
async fn resume(client: Client, session_id: String) -> Result<Sensitive, Lost> {
    match client.call(ResumeSession { session_id: session_id.clone() }).await {
        Ok(answer) => match answer.token_value.filter(|token| !token.0.is_empty()) {
            Some(token) => Ok(token),
            None => Err(end_unseen(&client, session_id, "it timed out").await),
        },
        Err(Error::Api(error)) if error.code == "DoesNotExistException" => {
            Err(end_unseen(&client, session_id, &Error::Api(error).to_string()).await)
        }
        Err(Error::Api(error)) if !passes(&error.code, error.is_retryable()) => {
            Err(Lost::Over(Some(Error::Api(error).to_string())))
        }
        Err(error) => Err(Lost::Trouble(error)),
    }
}

/// Whether an error of the API may be gone later: the service's own trouble, and credentials that somebody renews.
fn passes(code: &str, retryable: bool) -> bool {
    retryable || is_of_credentials(code) || code == "RequestTimeTooSkewed"
}

/// How a session ended that nobody here saw end. AWS has two states for that, and a failure is one: only that is a reason. Whatever
/// the service says besides is told as its words.
async fn end_unseen(client: &Client, session_id: String, otherwise: &str) -> Lost {
    let filter = SessionFilter { key: SessionFilterKey::SessionId, value: session_id };
    let request = DescribeSessions { state: SessionState::History, filters: vec![filter], ..Default::default() };
    let noted = match timeout(REASON, client.call(request)).await {
        Ok(Ok(answer)) => answer.sessions.into_iter().next(),
        _ => None,
    };
    let (status, details) = noted.map(|session| (session.status, session.details)).unwrap_or_default();
    let details = details.map(|details| plain(&details)).filter(|details| !details.is_empty());
    match status {
        Some(SessionStatus::Failed) => {
            Lost::Over(Some(details.unwrap_or_else(|| "it failed while the connection was down".to_owned())))
        }
        Some(SessionStatus::Terminated) => {
            Lost::Ended(details.unwrap_or_else(|| "it ended while the connection was down".to_owned()))
        }
        _ => Lost::Over(Some(details.unwrap_or_else(|| otherwise.to_owned()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_may_pass_is_waited_out() {
        assert!(passes("InternalServerError", true) && passes("ExpiredTokenException", false));
        assert!(!passes("AccessDeniedException", false) && !passes("ValidationException", false));
    }
}
