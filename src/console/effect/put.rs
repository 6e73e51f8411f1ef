//! Writes a parameter over the version that was looked at, and over no other: what somebody else has written meanwhile stays.
//! `PutParameter` takes no condition, so the version is looked at right before. What is written in the very moment between is
//! overwritten; the number of the version that comes out says so, and the user is told.

use super::take_back::is_gone;
use crate::{
    client::{Client, Error, denial::CODES},
    console::update::{Changed, Fault, Trouble},
    ssm::{DescribeParameters, GetParameter, ParameterStringFilter, PutParameter},
};

/// Which version of a parameter is in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum InForce {
    Version(i64),
    /// There is no such parameter.
    None,
    /// Whoever may write need not be allowed to look.
    Unknown,
}

/// Writes the parameter if `began` is the version in force, or nobody may say which one is. Without `began` it is written as it is.
///
/// # Errors
/// In words for the user, when nothing was written.
pub(super) async fn over(client: &Client, put: PutParameter, began: Option<i64>) -> Result<Changed, Trouble> {
    let name = put.name.clone();
    if let Some(began) = began {
        let newest = match in_force(client, &name).await.map_err(|error| unlooked(&error))? {
            InForce::Unknown => Some(began),
            InForce::Version(version) => Some(version),
            InForce::None => None,
        };
        if newest != Some(began) {
            return Ok(Changed::Outdated { name, began, newest });
        }
    }
    Ok(Changed::Put { version: client.call(put).await?.version, name })
}

/// Asks for the version alone: a secret stays sealed. Where that is not allowed the list is asked, which has no values.
async fn in_force(client: &Client, name: &str) -> Result<InForce, Error> {
    let asked = GetParameter { name: name.to_owned(), with_decryption: Some(false) };
    match client.call(asked).await {
        Ok(answer) => return Ok(known(answer.parameter.and_then(|parameter| parameter.version))),
        Err(error) if is_gone(&error) => return Ok(InForce::None),
        Err(error) if is_denied(&error) => {}
        Err(error) => return Err(error),
    }
    let filter = ParameterStringFilter {
        key: "Name".to_owned(),
        option: Some("Equals".to_owned()),
        values: vec![name.to_owned()],
    };
    match client.all(DescribeParameters { parameter_filters: vec![filter], ..Default::default() }).await {
        Ok(list) => match list.iter().find(|parameter| parameter.name.as_deref() == Some(name)) {
            Some(parameter) => Ok(known(parameter.version)),
            None => Ok(InForce::None),
        },
        Err(error) if is_denied(&error) => Ok(InForce::Unknown),
        Err(error) => Err(error),
    }
}

fn known(version: Option<i64>) -> InForce {
    version.map_or(InForce::Unknown, InForce::Version)
}

fn is_denied(error: &Error) -> bool {
    error.code().is_some_and(|code| CODES.contains(&code))
}

/// Why nothing was written although the writing itself was never asked for: of that nobody is in doubt.
fn unlooked(error: &Error) -> Trouble {
    let trouble = super::perform::trouble(error);
    let what = format!("nothing was written, since the version in force is not known: {}", trouble.what);
    Trouble { what, fault: trouble.fault.filter(|fault| *fault != Fault::Silence), ..trouble }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use axum::{
        Router,
        http::{HeaderMap, StatusCode},
        routing::post,
    };
    use tokio::sync::mpsc;
    use tokio_util::sync::CancellationToken;

    use super::*;
    use crate::{
        client::Settings,
        console::{
            effect::{Change, Source, make::make},
            origin::Origin,
            testing::Bench,
            update::{Page, Update},
        },
        ssm::{Parameter, ParameterMetadata, ParameterType},
    };

    const DENIED: &str = r#"{"__type": "AccessDeniedException", "message": "No."}"#;
    const GONE: &str = r#"{"__type": "ParameterNotFound", "message": "No."}"#;
    const SIX: &str = r#"{"Parameter": {"Name": "/app/url", "Value": "theirs", "Version": 6, "Type": "String"}}"#;
    const FIVE: &str = r#"{"Parameter": {"Name": "/app/url", "Value": "old", "Version": 5, "Type": "String"}}"#;
    const LISTED: &str = r#"{"Parameters": [{"Name": "/app/url", "Version": 6}]}"#;

    /// A client of a service that answers so when it is asked for the parameter and for the list; and what it was asked.
    async fn client(got: &'static str, listed: &'static str) -> (Client, Arc<Mutex<Vec<String>>>) {
        let asked: Arc<Mutex<Vec<String>>> = Arc::default();
        let heard = Arc::clone(&asked);
        let answer = async move |headers: HeaderMap| {
            let operation =
                headers["x-amz-target"].to_str().unwrap_or_default().trim_start_matches("AmazonSSM.").to_owned();
            let answer = match operation.as_str() {
                "GetParameter" => got,
                "DescribeParameters" => listed,
                _ => r#"{"Version": 7}"#,
            };
            heard.lock().unwrap().push(operation);
            (if answer.contains("__type") { StatusCode::BAD_REQUEST } else { StatusCode::OK }, answer)
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().route("/", post(answer));
        tokio::spawn(async move { axum::serve(listener, router).await });
        let client = Client::connect(Settings::with_keys(&url, "us-east-1", "AKIDEXAMPLE", "secret")).await.unwrap();
        (client, asked)
    }

    /// A console with the form of a new version of a parameter, which was agreed to; and what it sends.
    fn agreed() -> (Bench, Change) {
        let mut bench = Bench::new(false);
        let meta = ParameterMetadata {
            name: Some("/app/url".to_owned()),
            r#type: Some(ParameterType::String),
            version: Some(5),
            ..Default::default()
        };
        bench.press("4");
        bench.answer(Source::Parameters, Page::Parameters(vec![meta]));
        bench.press("end");
        bench.wait(1_000);
        bench.answer(Source::Value, value("old", 5));
        bench.press("e");
        bench.type_text("er");
        bench.press("ctrl-s y");
        let change = (*bench.changes().last().unwrap()).clone();
        (bench, change)
    }

    fn value(text: &str, version: i64) -> Page {
        Page::Value(Box::new(Parameter {
            name: Some("/app/url".to_owned()),
            r#type: Some(ParameterType::String),
            value: Some(text.to_owned().into()),
            version: Some(version),
            ..Default::default()
        }))
    }

    async fn made(client: &Client, change: Change) -> Result<Changed, Trouble> {
        let (updates, _told) = mpsc::channel(1);
        make(client, change, &updates, &CancellationToken::new()).await
    }

    #[tokio::test]
    async fn what_somebody_else_wrote_meanwhile_is_not_overwritten_and_the_form_stays() {
        let (client, asked) = client(SIX, LISTED).await;
        let (mut bench, change) = agreed();
        let result = made(&client, change).await;
        assert_eq!(*asked.lock().unwrap(), ["GetParameter"]);
        bench.apply(Update::Changed(Origin::default(), result, Some(1)));
        let screen = bench.screen(120, 30);
        assert!(screen.contains("older"), "what was typed is there: {screen}");
        for told in ["changed by somebody else meanwhile (version 6, you began from 5)", "write again"] {
            assert!(screen.contains(told), "{told} in {screen}");
        }
        // The next question is about what is in force now.
        let newer = ParameterMetadata {
            name: Some("/app/url".to_owned()),
            r#type: Some(ParameterType::String),
            version: Some(6),
            ..Default::default()
        };
        bench.answer(Source::Parameter, Page::Parameters(vec![newer]));
        bench.wait(1_000);
        bench.answer(Source::Value, value("theirs", 6));
        bench.press("ctrl-s");
        let screen = bench.screen(120, 30);
        assert!(screen.contains("- theirs") && screen.contains("+ older"), "{screen}");
        bench.press("y");
        let again = (*bench.changes().last().unwrap()).clone();
        let done = made(&client, again).await.unwrap();
        assert_eq!(done, Changed::Put { name: "/app/url".to_owned(), version: Some(7) });
    }

    #[tokio::test]
    async fn what_nobody_else_wrote_is_written() {
        let (client, asked) = client(FIVE, LISTED).await;
        let done = made(&client, agreed().1).await.unwrap();
        assert_eq!(done, Changed::Put { name: "/app/url".to_owned(), version: Some(7) });
        assert_eq!(*asked.lock().unwrap(), ["GetParameter", "PutParameter"]);
    }

    #[tokio::test]
    async fn whoever_may_not_look_can_write_all_the_same() {
        let (blind, asked) = client(DENIED, DENIED).await;
        let done = made(&blind, agreed().1).await.unwrap();
        assert_eq!(done, Changed::Put { name: "/app/url".to_owned(), version: Some(7) });
        assert_eq!(*asked.lock().unwrap(), ["GetParameter", "DescribeParameters", "PutParameter"]);
        // The list says it too.
        let (seeing, asked) = client(DENIED, LISTED).await;
        assert!(matches!(
            made(&seeing, agreed().1).await.unwrap(),
            Changed::Outdated { began: 5, newest: Some(6), .. }
        ));
        assert_eq!(*asked.lock().unwrap(), ["GetParameter", "DescribeParameters"]);
    }

    #[tokio::test]
    async fn what_was_deleted_meanwhile_is_created_anew_only_after_a_second_yes() {
        let (client, _) = client(GONE, LISTED).await;
        let (mut bench, change) = agreed();
        let result = made(&client, change).await;
        bench.apply(Update::Changed(Origin::default(), result, Some(1)));
        assert!(bench.screen(120, 30).contains("deleted by somebody else meanwhile"));
        bench.press("ctrl-s y");
        let again = (*bench.changes().last().unwrap()).clone();
        assert!(matches!(made(&client, again).await.unwrap(), Changed::Put { .. }));
    }
}
