//! How one signs in: by single sign-on in a browser, or with the code of a device.

use std::{collections::HashMap, sync::Arc};

use tokio::sync::{Mutex, mpsc};

use super::perform::trouble;
use crate::{
    client::{
        Client, Error, Settings,
        code::WithCode,
        sso::{self, SignIn},
    },
    config::aws::{Profile, SsoSession},
    console::{
        origin::Origin,
        text::clean,
        update::{SignInUpdate, Update},
    },
    ssm::Sensitive,
};

/// Signs in by single sign-on and tells how far that has come.
pub(super) async fn sso(session: SsoSession, updates: mpsc::Sender<Update>) {
    let identifier = session.identifier().to_owned();
    let tell = async |update| {
        let _ = updates.send(Update::SignIn { identifier: identifier.clone(), update }).await;
    };
    let SsoSession { name, start_url, region, scopes } = session;
    let outcome = async {
        let (device, pending) = sso::begin(SignIn { session: name, start_url, region, scopes }).await?;
        tell(SignInUpdate::Code { url: clean(&device.url), code: clean(&device.code) }).await;
        let home = etcetera::home_dir().map_err(|error| Error::Config(error.to_string()))?;
        pending.finish(&home).await
    };
    tell(match outcome.await {
        Ok(()) => SignInUpdate::Done,
        Err(error) => SignInUpdate::Failed(trouble(&error)),
    })
    .await;
}

/// The clients of all origins. Who signs in with a code does so for each that shares the sign-in: for those that are there, and
/// for those that come later.
#[derive(Clone, Default)]
pub(super) struct Together(Arc<Mutex<HashMap<Origin, Client>>>);

impl Together {
    /// An origin has a client, which uses what another one was signed in to already.
    pub async fn join(&self, origin: Origin, client: &Client) {
        let mut clients = self.0.lock().await;
        clients.remove(&origin);
        for other in clients.values().filter(|other| other.signs_in_with(client)) {
            if client.use_sign_in_of(other).await {
                break;
            }
        }
        clients.insert(origin, client.clone());
    }

    /// A client was signed in to with a code, and with it all that share that.
    async fn share(&self, signed_in: &Client) {
        for client in self.0.lock().await.values().filter(|client| client.signs_in_with(signed_in)) {
            client.use_sign_in_of(signed_in).await;
        }
    }
}

/// Signs in to an origin with a code, and to all others that share the sign-in. It is asked in the name of the source profile
/// where a role is assumed.
pub(super) async fn code(
    origin: Origin,
    client: Client,
    together: Together,
    (name, profile): (String, Profile),
    code: Sensitive,
    updates: mpsc::Sender<Update>,
) {
    let asked = WithCode {
        serial: profile.mfa_serial.unwrap_or_default(),
        code,
        role_arn: profile.role_arn,
        session_name: profile.role_session_name,
        external_id: profile.external_id,
        duration: profile.duration_seconds.and_then(|seconds| seconds.parse().ok()),
    };
    let by = Settings {
        profile: Some(profile.source_profile.unwrap_or(name)),
        region: Some(client.region().to_owned()),
        endpoint_url: (!client.is_aws()).then(|| client.endpoint().to_owned()),
        ..Settings::default()
    };
    let outcome = async { Client::connect(by).await?.sign_in_with_code(&asked, &client).await };
    let result = outcome.await.map_err(|error| trouble(&error));
    if result.is_ok() {
        together.share(&client).await;
    }
    let _ = updates.send(Update::CodeTaken(origin, result)).await;
}

#[cfg(test)]
mod tests {
    use axum::{Router, routing::post};

    use super::*;
    use crate::ssm::DescribeInstanceInformation;

    #[tokio::test]
    async fn who_comes_after_a_code_was_entered_is_signed_in_by_it() {
        // Takes only what the code was good for.
        let answer = async |headers: axum::http::HeaderMap, body: String| {
            let signed = headers["authorization"].to_str().unwrap_or_default();
            if body.contains("GetSessionToken") {
                return "<GetSessionTokenResponse><GetSessionTokenResult><Credentials><AccessKeyId>ASIACODE</AccessKeyId>\
                        <SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>\
                        <Expiration>2999-01-01T00:00:00Z</Expiration></Credentials></GetSessionTokenResult>\
                        </GetSessionTokenResponse>"
                    .to_owned();
            }
            let seen = if signed.contains("ASIACODE") { "code" } else { "plain" };
            format!(r#"{{"InstanceInformationList": [{{"InstanceId": "{seen}"}}]}}"#)
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, Router::new().route("/", post(answer))).await });
        let client = async |sign_in: &str| {
            let settings = Settings::with_keys(&url, "us-east-1", "AKIDEXAMPLE", "secret");
            Client::connect(Settings { sign_in: Some(sign_in.to_owned()), ..settings }).await.unwrap()
        };
        let caller = async |client: &Client| {
            let seen = client.all(DescribeInstanceInformation::default()).await.unwrap();
            seen[0].instance_id.clone().unwrap()
        };
        let together = Together::default();
        let origin = |n: u16| serde_json::from_value::<Origin>(n.into()).unwrap();
        let (first, other) = (client("ops").await, client("dev").await);
        together.join(origin(0), &first).await;
        together.join(origin(1), &other).await;
        assert_eq!(caller(&first).await, "plain");
        let asked = WithCode { serial: "arn:mfa".into(), code: "123456".into(), ..WithCode::default() };
        client("by").await.sign_in_with_code(&asked, &first).await.unwrap();
        together.share(&first).await;
        let later = client("ops").await;
        together.join(origin(2), &later).await;
        assert_eq!(
            (caller(&first).await, caller(&other).await, caller(&later).await),
            ("code".into(), "plain".into(), "code".into())
        );
        // The first one is connected to anew.
        let again = client("ops").await;
        together.join(origin(0), &again).await;
        assert_eq!(caller(&again).await, "code");
    }
}
