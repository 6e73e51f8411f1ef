//! The session document that a session follows: what it says of the session's end, its key, its user and its transcript.

use std::collections::BTreeMap;

use crate::{
    client::{Client, Error},
    console::state::shells::limits::{PREFERENCES, Preferences},
    ssm::{DescribeSessions, DocumentFormat, GetDocument, SessionFilter, SessionFilterKey, SessionState, Timestamp},
};

/// What the documents of AWS's own are called. They have no preferences: those of the account count.
const OF_AWS: &str = "AWS-";

/// What the document of this name says to a session with these parameters; without a name, or where it is one of AWS's own, what
/// the preferences of the account say, and what holds without any. `None`: this caller may not read it, or it is gone.
///
/// # Errors
/// What may pass: a service that is not reached, credentials that have expired.
pub(super) async fn read(
    client: &Client,
    name: Option<String>,
    given: &BTreeMap<String, Vec<String>>,
) -> Result<Option<Preferences>, Error> {
    let name = name.filter(|name| !name.is_empty() && !name.starts_with(OF_AWS));
    let name = name.unwrap_or_else(|| PREFERENCES.to_owned());
    let of_account = name == PREFERENCES;
    match client.call(GetDocument { name, document_format: Some(DocumentFormat::Json), ..Default::default() }).await {
        Ok(answer) => Ok(answer.content.map(|content| Preferences::parse_with(&content, given))),
        // Nobody wrote one: the service's defaults hold.
        Err(error) if of_account && error.code() == Some("InvalidDocument") => Ok(Some(Preferences::default())),
        Err(error) if error.is_transient() || error.is_of_credentials() => Err(error),
        Err(_) => Ok(None),
    }
}

/// The same of a session that runs, and when it began. Which parameters it was given the service does not say.
///
/// # Errors
/// As [`read`], and when the session cannot be looked up.
pub(super) async fn of_session(
    client: &Client,
    session: &str,
) -> Result<(Option<Preferences>, Option<Timestamp>), Error> {
    let filters = vec![SessionFilter { key: SessionFilterKey::SessionId, value: session.to_owned() }];
    let list = DescribeSessions { state: SessionState::Active, filters, ..Default::default() };
    let known = client.call(list).await?.sessions.into_iter().next();
    let (name, began) = known.map(|session| (session.document_name, session.start_date)).unwrap_or_default();
    Ok((read(client, name, &BTreeMap::new()).await?, began))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::{Value, json};

    use super::*;

    /// A service whose documents are these, and whose sessions follow the one that is called like them.
    async fn service() -> Client {
        let answer = async |headers: axum::http::HeaderMap, body: String| {
            let body: Value = serde_json::from_str(&body).unwrap();
            let described = headers["x-amz-target"].to_str().unwrap().ends_with("DescribeSessions");
            let inputs = |inputs: Value| json!({ "Content": json!({ "inputs": inputs }).to_string() });
            let refused = |code: &str| json!({ "__type": code });
            let (status, answer) = match body["Name"].as_str() {
                _ if described => {
                    let document = body["Filters"][0]["value"].as_str().unwrap().replace("session-", "document-");
                    let session = json!({ "SessionId": "s", "DocumentName": document, "StartDate": 1_795_341_600 });
                    (200, json!({ "Sessions": [session] }))
                }
                Some("document-sealed") => (200, inputs(json!({ "kmsKeyId": "alias/shells" }))),
                Some("document-plain") => (200, inputs(json!({ "kmsKeyId": "" }))),
                Some("Ops-Shell") => (200, inputs(json!({ "idleSessionTimeout": "1" }))),
                Some("Not-Yours") => (400, refused("AccessDeniedException")),
                Some(_) => (400, refused("InvalidDocument")),
                None => (400, refused("ValidationException")),
            };
            (axum::http::StatusCode::from_u16(status).unwrap(), answer.to_string())
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = axum::Router::new().route("/", axum::routing::post(answer));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Client::connect(crate::client::Settings::with_keys(&url, "us-east-1", "AKIDEXAMPLE", "secret")).await.unwrap()
    }

    #[tokio::test]
    async fn a_session_follows_its_own_document_or_else_the_accounts() {
        let client = service().await;
        let idle = async |name: Option<&str>| {
            let read = read(&client, name.map(str::to_owned), &BTreeMap::new()).await.unwrap();
            read.map(|preferences| preferences.idle)
        };
        assert_eq!(idle(Some("Ops-Shell")).await, Some(Duration::from_secs(60)));
        let default = Some(Duration::from_secs(20 * 60));
        assert_eq!(idle(None).await, default, "nobody wrote the preferences of this account");
        assert_eq!(idle(Some("AWS-StartInteractiveCommand")).await, default);
        assert_eq!(idle(Some("Not-Yours")).await, None, "what cannot be read is not known");
        assert_eq!(idle(Some("Gone")).await, None);
    }

    #[tokio::test]
    async fn a_session_with_a_key_is_left_to_the_client_that_has_it() {
        let client = service().await;
        let of = async |session: &str| {
            let (preferences, began) = of_session(&client, session).await.unwrap();
            (preferences.unwrap().key, began)
        };
        let began = Some(Timestamp::from_millis(1_795_341_600_000));
        assert_eq!(of("session-sealed").await, (Some("alias/shells".to_owned()), began));
        assert_eq!(of("session-plain").await, (None, began));
    }
}
