//! Takes a new version of a parameter back: the version before it is written again, as the newest, with all that belonged to
//! it. What somebody else has written since is left alone: the versions are looked at right before. `PutParameter` takes no
//! condition, though, so that what is written in the very moment between is overwritten; the number of the version that comes
//! out says so, and the user is told.

use std::time::Duration;

use super::TakeBack;
use crate::{
    client::{Client, Error},
    console::update::{Changed, Trouble},
    ssm::{
        DeleteParameter, GetParameter, GetParameterHistory, ParameterHistory, ParameterTier, ParameterType,
        PutParameter, Timestamp,
    },
};

/// A version that was written at another time than by so much is another one. A name that was deleted is free again after
/// half a minute.
const APART: Duration = Duration::from_secs(10);
/// The most that `GetParameterHistory` answers in one page.
const PAGE: i32 = 50;
/// The policies of a request that takes every policy away.
const NO_POLICIES: &str = "[{}]";

/// Takes it back.
///
/// # Errors
/// In words for the user, when nothing was changed.
pub(super) async fn run(client: &Client, back: TakeBack) -> Result<Changed, Trouble> {
    let name = back.name.clone();
    let history = versions(client, &name).await?;
    let newest = match newest(&history) {
        Some(newest) if is_ours(newest, &back) => newest,
        other => return Ok(overtaken(back, other)),
    };
    let Some(before) = back.before else {
        return match client.call(DeleteParameter { name }).await {
            Err(error) if is_gone(&error) => Ok(overtaken(back, None)),
            outcome => outcome.map(|_| Changed::TakenBack { back, version: None }).map_err(Trouble::from),
        };
    };
    let Some(earlier) = history.iter().find(|version| version.version == Some(before)) else {
        let what = format!("Version {before} is not kept any more; nothing was changed.");
        return Err(Trouble::new(what, Some("Its other versions can be compared and restored.")));
    };
    let mut put = again(&name, earlier, newest);
    let asked = GetParameter { name: format!("{name}:{before}"), with_decryption: Some(true) };
    let value = match client.call(asked).await {
        Err(error) if is_gone(&error) => return Ok(overtaken(back, None)),
        answer => answer?.parameter.and_then(|parameter| parameter.value),
    };
    put.value = value.ok_or_else(|| Error::Protocol("GetParameter answered without a value".to_owned()))?;
    let now = versions(client, &name).await?;
    match self::newest(&now) {
        Some(newest) if is_ours(newest, &back) => {}
        other => return Ok(overtaken(back, other)),
    }
    let version = client.call(put).await?.version.unwrap_or(back.written + 1);
    Ok(Changed::TakenBack { back, version: Some(version) })
}

/// The versions without their values: of those the one alone is fetched that is needed. Empty if there is no such parameter.
async fn versions(client: &Client, name: &str) -> Result<Vec<ParameterHistory>, Error> {
    let history = GetParameterHistory { name: name.to_owned(), max_results: Some(PAGE), ..Default::default() };
    match client.all(history).await {
        Err(error) if is_gone(&error) => Ok(Vec::new()),
        outcome => outcome,
    }
}

fn newest(history: &[ParameterHistory]) -> Option<&ParameterHistory> {
    history.iter().max_by_key(|version| version.version)
}

/// Whether a version is the one that was written here.
fn is_ours(newest: &ParameterHistory, back: &TakeBack) -> bool {
    let differ = |(here, there): (Timestamp, Timestamp)| here.since(there).max(there.since(here)) >= APART;
    newest.version == Some(back.written) && !back.made.zip(newest.last_modified_date).is_some_and(differ)
}

/// Whether there is no such parameter, or no such version of it.
pub(super) fn is_gone(error: &Error) -> bool {
    error.code() == Some("ParameterNotFound")
}

fn overtaken(back: TakeBack, newest: Option<&ParameterHistory>) -> Changed {
    Changed::Overtaken { back, newest: newest.map(|newest| newest.version.unwrap_or_default()) }
}

/// The request that writes an earlier version again, but for its value.
fn again(name: &str, earlier: &ParameterHistory, newest: &ParameterHistory) -> PutParameter {
    let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    let is_secret = earlier.r#type == Some(ParameterType::SecureString);
    // An advanced parameter cannot become a standard one again.
    let tier_now = newest.tier.as_ref().filter(|tier| **tier == ParameterTier::Advanced);
    // What a request does not say stays as the later version has it.
    let pattern = given(&newest.allowed_pattern).map(|_| String::new());
    PutParameter {
        name: name.to_owned(),
        r#type: earlier.r#type.clone(),
        description: Some(earlier.description.clone().unwrap_or_default()),
        key_id: given(&earlier.key_id).filter(|_| is_secret),
        allowed_pattern: given(&earlier.allowed_pattern).or(pattern),
        tier: tier_now.or(earlier.tier.as_ref()).cloned(),
        policies: policies(earlier).or_else(|| policies(newest).map(|_| NO_POLICIES.to_owned())),
        data_type: given(&earlier.data_type),
        overwrite: Some(true),
        ..Default::default()
    }
}

/// The policies of a version as a request gives them: a JSON array. `None` if it has none.
fn policies(version: &ParameterHistory) -> Option<String> {
    let texts: Vec<_> = version.policies.iter().filter_map(|policy| policy.policy_text.as_deref()).collect();
    (!texts.is_empty()).then(|| format!("[{}]", texts.join(",")))
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use axum::{
        Router,
        http::{HeaderMap, StatusCode},
        routing::post,
    };

    use super::*;
    use crate::client::Settings;

    const GONE: &str = r#"{"__type": "ParameterNotFound", "message": "Parameter /app not found."}"#;

    /// A client of a service that has these versions of a parameter, at each look and from the last one on; and what it was asked.
    async fn client(histories: &'static [&'static str]) -> (Client, Arc<Mutex<Vec<(String, String)>>>) {
        let asked: Arc<Mutex<Vec<(String, String)>>> = Arc::default();
        let heard = Arc::clone(&asked);
        let answer = async move |headers: HeaderMap, body: String| {
            let operation =
                headers["x-amz-target"].to_str().unwrap_or_default().trim_start_matches("AmazonSSM.").to_owned();
            let mut heard = heard.lock().unwrap();
            let looks = heard.iter().filter(|(operation, _)| operation == "GetParameterHistory").count();
            let answer = match operation.as_str() {
                "GetParameterHistory" => histories[looks.min(histories.len() - 1)],
                "GetParameter" => r#"{"Parameter": {"Name": "/app", "Value": "as it was", "Version": 3}}"#,
                "PutParameter" => r#"{"Version": 5}"#,
                _ if histories.last() == Some(&GONE) => GONE,
                _ => "{}",
            };
            heard.push((operation, body));
            (if answer == GONE { StatusCode::BAD_REQUEST } else { StatusCode::OK }, answer)
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

    fn operations(asked: &Mutex<Vec<(String, String)>>) -> Vec<String> {
        asked.lock().unwrap().iter().map(|(operation, _)| operation.clone()).collect()
    }

    #[tokio::test]
    async fn the_version_before_is_written_again_with_all_that_belonged_to_it() {
        let (client, asked) = client(&[HISTORY]).await;
        let back = TakeBack { name: "/app".to_owned(), written: 4, before: Some(3), made: None };
        let done = run(&client, back.clone()).await.unwrap();
        assert_eq!(done, Changed::TakenBack { back, version: Some(5) });
        assert_eq!(operations(&asked), ["GetParameterHistory", "GetParameter", "GetParameterHistory", "PutParameter"]);
        let asked = asked.lock().unwrap();
        assert!(!asked[0].1.contains("WithDecryption"), "no other value is asked for: {}", asked[0].1);
        let put: serde_json::Value = serde_json::from_str(&asked[3].1).unwrap();
        let expected = serde_json::json!({
            "Name": "/app", "Value": "as it was", "Type": "SecureString", "KeyId": "alias/own", "AllowedPattern": "^a",
            "Tier": "Advanced", "Description": "", "Overwrite": true,
        });
        assert_eq!(put, expected);
    }

    #[test]
    fn patterns_and_policies_are_those_of_the_version_before() {
        let policy = |kind: &str| crate::ssm::ParameterInlinePolicy {
            policy_text: Some(format!(r#"{{"Type":"{kind}"}}"#)),
            ..Default::default()
        };
        let bare = ParameterHistory::default();
        let strict = ParameterHistory {
            allowed_pattern: Some("^b".to_owned()),
            policies: vec![policy("Expiration"), policy("NoChangeNotification")],
            ..Default::default()
        };
        let of = |earlier, newest| {
            let put = again("/app", earlier, newest);
            (put.allowed_pattern, put.policies)
        };
        let all = r#"[{"Type":"Expiration"},{"Type":"NoChangeNotification"}]"#;
        assert_eq!(of(&strict, &bare), (Some("^b".to_owned()), Some(all.to_owned())));
        // The old value need not match the new pattern, and what had no end is not to get one.
        assert_eq!(of(&bare, &strict), (Some(String::new()), Some("[{}]".to_owned())));
        assert_eq!(of(&bare, &bare), (None, None));
    }

    #[tokio::test]
    async fn what_somebody_else_has_written_since_stays() {
        let (client, asked) = client(&[HISTORY]).await;
        for before in [Some(2), None] {
            let back = TakeBack { name: "/app".to_owned(), written: 3, before, made: None };
            assert_eq!(run(&client, back.clone()).await.unwrap(), Changed::Overtaken { back, newest: Some(4) });
        }
        assert!(operations(&asked).iter().all(|operation| operation == "GetParameterHistory"));
    }

    #[tokio::test]
    async fn what_somebody_else_writes_or_deletes_meanwhile_stays_so() {
        const LATER: &str = r#"{"Parameters": [{"Name": "/app", "Version": 5, "Type": "SecureString"}]}"#;
        for (histories, newest) in [(&[HISTORY, LATER], Some(5)), (&[HISTORY, GONE], None)] {
            let (client, asked) = client(histories).await;
            let back = TakeBack { name: "/app".to_owned(), written: 4, before: Some(3), made: None };
            assert_eq!(run(&client, back.clone()).await.unwrap(), Changed::Overtaken { back, newest });
            assert_eq!(operations(&asked), ["GetParameterHistory", "GetParameter", "GetParameterHistory"]);
        }
    }

    #[tokio::test]
    async fn what_was_created_is_deleted() {
        let (client, asked) = client(&[r#"{"Parameters": [{"Name": "/app", "Version": 1}]}"#]).await;
        let back = TakeBack { name: "/app".to_owned(), written: 1, before: None, made: None };
        assert_eq!(run(&client, back.clone()).await.unwrap(), Changed::TakenBack { back, version: None });
        assert_eq!(operations(&asked).last().map(String::as_str), Some("DeleteParameter"));
    }

    #[tokio::test]
    async fn a_parameter_that_somebody_else_created_anew_stays() {
        let history = r#"{"Parameters": [{"Name": "/app", "Version": 1, "LastModifiedDate": 1795341600.5}]}"#;
        let written = Timestamp::from_millis(1_795_341_600_499);
        let history: &'static [_] = Vec::leak(vec![history]);
        let (client, asked) = client(history).await;
        let back = |made| TakeBack { name: "/app".to_owned(), written: 1, before: None, made: Some(made) };
        let earlier = back(written.minus(Duration::from_secs(60)));
        assert_eq!(run(&client, earlier.clone()).await.unwrap(), Changed::Overtaken { back: earlier, newest: Some(1) });
        assert_eq!(operations(&asked), ["GetParameterHistory"]);
        let ours = back(written);
        assert_eq!(run(&client, ours.clone()).await.unwrap(), Changed::TakenBack { back: ours, version: None });
    }

    #[tokio::test]
    async fn what_is_gone_already_is_said_to_be() {
        for histories in [&[GONE] as &[_], &[r#"{"Parameters": [{"Name": "/app", "Version": 1}]}"#, GONE]] {
            let (client, _) = client(histories).await;
            let back = TakeBack { name: "/app".to_owned(), written: 1, before: None, made: None };
            assert_eq!(run(&client, back.clone()).await.unwrap(), Changed::Overtaken { back, newest: None });
        }
    }
}
