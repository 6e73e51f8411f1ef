//! Takes a new version of a parameter back: the version before it is written again, as the newest, with all that belonged to
//! it. What somebody else has written since is never overwritten.

use super::TakeBack;
use crate::{
    client::{Client, Error},
    console::update::{Changed, Trouble},
    ssm::{
        DeleteParameter, GetParameter, GetParameterHistory, ParameterHistory, ParameterTier, ParameterType,
        PutParameter,
    },
};

/// The most that `GetParameterHistory` answers in one page.
const PAGE: i32 = 50;

/// Takes it back.
///
/// # Errors
/// In words for the user, when nothing was changed.
pub(super) async fn run(client: &Client, back: TakeBack) -> Result<Changed, Trouble> {
    let name = back.name.clone();
    // What the versions are, without their values: of those the one alone is fetched that is needed.
    let history = GetParameterHistory { name: name.clone(), max_results: Some(PAGE), ..Default::default() };
    let history = client.all(history).await?;
    let newest = history.iter().max_by_key(|version| version.version);
    let newest_number = newest.and_then(|version| version.version).unwrap_or_default();
    if newest_number != back.written {
        return Ok(Changed::Overtaken { back, newest: newest_number });
    }
    let Some(before) = back.before else {
        client.call(DeleteParameter { name }).await?;
        return Ok(Changed::TakenBack { back, version: None });
    };
    let Some(earlier) = history.iter().find(|version| version.version == Some(before)) else {
        let what = format!("Version {before} is not kept any more; nothing was changed.");
        return Err(Trouble::new(what, Some("Its other versions can be compared and restored.")));
    };
    let mut put = again(&name, earlier, newest.and_then(|version| version.tier.as_ref()));
    let asked = GetParameter { name: format!("{name}:{before}"), with_decryption: Some(true) };
    let value = client.call(asked).await?.parameter.and_then(|parameter| parameter.value);
    put.value = value.ok_or_else(|| Error::Protocol("GetParameter answered without a value".to_owned()))?;
    let version = client.call(put).await?.version;
    Ok(Changed::TakenBack { back, version: Some(version.unwrap_or(newest_number + 1)) })
}

/// The request that writes an earlier version again, but for its value.
fn again(name: &str, earlier: &ParameterHistory, tier_now: Option<&ParameterTier>) -> PutParameter {
    let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    let is_secret = earlier.r#type == Some(ParameterType::SecureString);
    // An advanced parameter cannot become a standard one again.
    let tier = tier_now.filter(|tier| **tier == ParameterTier::Advanced).or(earlier.tier.as_ref());
    PutParameter {
        name: name.to_owned(),
        r#type: earlier.r#type.clone(),
        // Without one the description of the later version would stay.
        description: Some(earlier.description.clone().unwrap_or_default()),
        key_id: given(&earlier.key_id).filter(|_| is_secret),
        allowed_pattern: given(&earlier.allowed_pattern),
        tier: tier.cloned(),
        data_type: given(&earlier.data_type),
        overwrite: Some(true),
        ..Default::default()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use axum::{Router, http::HeaderMap, routing::post};

    use super::*;
    use crate::client::Settings;

    /// A client of a service that has these versions of a parameter; and what it was asked.
    async fn client(history: &'static str) -> (Client, Arc<Mutex<Vec<(String, String)>>>) {
        let asked: Arc<Mutex<Vec<(String, String)>>> = Arc::default();
        let heard = Arc::clone(&asked);
        let answer = async move |headers: HeaderMap, body: String| {
            let operation =
                headers["x-amz-target"].to_str().unwrap_or_default().trim_start_matches("AmazonSSM.").to_owned();
            let answer = match operation.as_str() {
                "GetParameterHistory" => history,
                "GetParameter" => r#"{"Parameter": {"Name": "/app", "Value": "as it was", "Version": 3}}"#,
                "PutParameter" => r#"{"Version": 5}"#,
                _ => "{}",
            };
            heard.lock().unwrap().push((operation, body));
            answer
        };
        let router = Router::new().route("/", post(answer));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        let client = Client::connect(Settings::with_keys(&url, "us-east-1", "AKIDEXAMPLE", "secret")).await.unwrap();
        (client, asked)
    }

    const HISTORY: &str = r#"{"Parameters": [
        {"Name": "/app", "Version": 3, "Type": "SecureString", "KeyId": "alias/own", "AllowedPattern": "^a", "Tier": "Standard"},
        {"Name": "/app", "Version": 4, "Type": "SecureString", "Description": "new", "Tier": "Advanced"}]}"#;

    #[tokio::test]
    async fn the_version_before_is_written_again_with_all_that_belonged_to_it() {
        let (client, asked) = client(HISTORY).await;
        let back = TakeBack { name: "/app".to_owned(), written: 4, before: Some(3) };
        let done = run(&client, back.clone()).await.unwrap();
        assert_eq!(done, Changed::TakenBack { back, version: Some(5) });
        let asked = asked.lock().unwrap();
        let operations: Vec<_> = asked.iter().map(|(operation, _)| operation.as_str()).collect();
        assert_eq!(operations, ["GetParameterHistory", "GetParameter", "PutParameter"]);
        assert!(!asked[0].1.contains("WithDecryption"), "no other value is asked for: {}", asked[0].1);
        let put: serde_json::Value = serde_json::from_str(&asked[2].1).unwrap();
        let expected = serde_json::json!({
            "Name": "/app", "Value": "as it was", "Type": "SecureString", "KeyId": "alias/own", "AllowedPattern": "^a",
            "Tier": "Advanced", "Description": "", "Overwrite": true,
        });
        assert_eq!(put, expected);
    }

    #[tokio::test]
    async fn what_somebody_else_has_written_since_stays() {
        let (client, asked) = client(HISTORY).await;
        for before in [Some(2), None] {
            let back = TakeBack { name: "/app".to_owned(), written: 3, before };
            assert_eq!(run(&client, back.clone()).await.unwrap(), Changed::Overtaken { back, newest: 4 });
        }
        assert!(asked.lock().unwrap().iter().all(|(operation, _)| operation == "GetParameterHistory"));
    }

    #[tokio::test]
    async fn what_was_created_is_deleted() {
        let (client, asked) = client(r#"{"Parameters": [{"Name": "/app", "Version": 1}]}"#).await;
        let back = TakeBack { name: "/app".to_owned(), written: 1, before: None };
        assert_eq!(run(&client, back.clone()).await.unwrap(), Changed::TakenBack { back, version: None });
        assert_eq!(asked.lock().unwrap().last().map(|(operation, _)| operation.as_str()), Some("DeleteParameter"));
    }
}
