//! How one signs in: by single sign-on in a browser, or with the code of a device.

use tokio::sync::mpsc;

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

/// Signs in to an origin with a code, and to all others whose clients share the sign-in. It is asked in the name of the source
/// profile where a role is assumed.
pub(super) async fn code(
    origin: Origin,
    client: Client,
    sharing: Vec<Client>,
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
    let outcome = async { Client::connect(by).await?.sign_in_with_code(&asked, &sharing).await };
    let result = outcome.await.map_err(|error| trouble(&error));
    let _ = updates.send(Update::CodeTaken(origin, result)).await;
}
