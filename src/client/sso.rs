//! Signing in with AWS's single sign-on: the device flow of SSO OIDC, and the token file that every AWS tool shares.
//!
//! The operations are unsigned JSON: `RegisterClient`, `StartDeviceAuthorization`, `CreateToken`. Nothing of a token reaches
//! a log or an error.

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
    time::Duration,
};

use aws_lc_rs::digest;
use serde::{Deserialize, Serialize};

use super::{Error, transport};
use crate::{
    ssm::{ApiError, Sensitive, Timestamp, clock::Clock},
    wire::{digest::hex, partition},
};

/// What the service is told about who asks.
const CLIENT_NAME: &str = "fleetdeck";
const DEVICE_CODE: &str = "urn:ietf:params:oauth:grant-type:device_code";
/// What a token is asked for where the configuration does not say: access to the user's accounts.
const SCOPE: &str = "sso:account:access";
/// Between two looks at whether the user has agreed, where the service does not say.
const INTERVAL: u64 = 5;
/// As much longer to wait when the service asks to slow down.
const SLOWER: u64 = 5;
/// An answer beyond this is none of this service's.
const ANSWER_LIMIT: usize = 1024 * 1024;

/// Where one signs in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SignIn {
    /// The name of the session in AWS's configuration; older profiles have none and go by the address.
    pub session: Option<String>,
    /// `https://corp.awsapps.com/start`.
    pub start_url: String,
    /// The region of the service.
    pub region: String,
    /// What the token is asked for.
    pub scopes: Vec<String>,
}

impl SignIn {
    /// What the token is kept under: those who share this share the token.
    pub fn identifier(&self) -> &str {
        self.session.as_deref().unwrap_or(&self.start_url)
    }
}

/// What the user has to do: open the address, compare the code and agree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// The address, the code within it where the service offers that.
    pub url: String,
    /// The code that is shown there as well.
    pub code: String,
}

/// A sign-in under way.
pub struct Pending {
    sign_in: SignIn,
    service: Service,
    registration: Registration,
    device_code: Sensitive,
    interval: u64,
    expires: Timestamp,
}

/// Begins to sign in: registers this program and asks for a code.
///
/// # Errors
/// As for any call; [`Error::Config`] for a region that is none.
pub async fn begin(sign_in: SignIn) -> Result<(Device, Pending), Error> {
    begin_at(Service::new(&sign_in.region)?, sign_in).await
}

async fn begin_at(service: Service, sign_in: SignIn) -> Result<(Device, Pending), Error> {
    let registration = service.register(&sign_in).await?;
    let asked = DeviceRequest {
        client_id: &registration.client_id,
        client_secret: &registration.client_secret,
        start_url: &sign_in.start_url,
    };
    let answer: DeviceAnswer = service.post("device_authorization", &asked).await?;
    let url = answer.verification_uri_complete.filter(|url| !url.is_empty()).unwrap_or(answer.verification_uri);
    let device = Device { url, code: answer.user_code };
    let expires = service.clock.now().plus(Duration::from_secs(answer.expires_in));
    let interval = pause(answer.interval.unwrap_or(INTERVAL));
    Ok((device, Pending { sign_in, service, registration, device_code: answer.device_code, interval, expires }))
}

impl Pending {
    /// Waits until the user has agreed and keeps the token where every AWS tool looks for it, below `home`.
    ///
    /// # Errors
    /// When the user refuses or lets the time pass, and when the token cannot be kept.
    pub async fn finish(self, home: &Path) -> Result<(), Error> {
        let mut interval = self.interval;
        let token = loop {
            let asked = TokenRequest {
                client_id: &self.registration.client_id,
                client_secret: &self.registration.client_secret,
                grant_type: DEVICE_CODE,
                device_code: &self.device_code,
            };
            match self.service.post::<TokenAnswer>("token", &asked).await {
                Ok(token) => break token,
                Err(Error::Api(error)) if error.code == "slow_down" => {
                    interval = pause(interval.saturating_add(SLOWER))
                }
                Err(Error::Api(error)) if error.code == "authorization_pending" => {}
                // The network may be gone for a moment while the user is at the browser.
                Err(error) if error.is_transient() => {}
                Err(error) => return Err(error),
            }
            let left = self.expires.since(self.service.clock.now());
            if left.is_zero() {
                return Err(Error::Api(ApiError::new("expired_token", "Nobody agreed in time.")));
            }
            tokio::time::sleep(left.min(Duration::from_secs(interval))).await;
        };
        let file = token_file(home, self.sign_in.identifier());
        let kept = Kept {
            start_url: &self.sign_in.start_url,
            region: &self.sign_in.region,
            access_token: &token.access_token,
            expires_at: seconds_iso(self.service.clock.now().plus(Duration::from_secs(token.expires_in))),
            client_id: &self.registration.client_id,
            client_secret: &self.registration.client_secret,
            registration_expires_at: seconds_iso(
                Timestamp::default().plus(Duration::from_secs(self.registration.client_secret_expires_at)),
            ),
            refresh_token: token.refresh_token.as_ref(),
        };
        keep(&file, &kept).map_err(|error| Error::Config(format!("{} was not written: {error}", file.display())))
    }
}

/// Seconds between two looks, whatever the service says.
fn pause(seconds: u64) -> u64 {
    // Nobody is at a browser in a test.
    const LEAST: u64 = if cfg!(test) { 0 } else { 1 };
    seconds.clamp(LEAST, 60)
}

/// Where the token of a session is kept, as the AWS CLI and the SDKs have it.
pub fn token_file(home: &Path, identifier: &str) -> PathBuf {
    let name = hex(digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, identifier.as_bytes()).as_ref());
    home.join(".aws").join("sso").join("cache").join(format!("{name}.json"))
}

/// Writes a file that only its owner may read, in one step: whoever reads meanwhile finds the old or the new.
fn keep(path: &Path, kept: &Kept<'_>) -> io::Result<()> {
    let directory = path.parent().unwrap_or(Path::new("."));
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(directory)?;
    let fresh = path.with_extension(format!("{}.part", std::process::id()));
    // One that somebody left there may be readable for others.
    let _ = std::fs::remove_file(&fresh);
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = || {
        let mut file = options.open(&fresh)?;
        file.write_all(&serde_json::to_vec(kept)?)?;
        file.sync_all()?;
        std::fs::rename(&fresh, path)
    };
    written().inspect_err(|_| {
        // It holds the token.
        let _ = std::fs::remove_file(&fresh);
    })
}

/// `2026-11-22T10:00:00Z`, as the AWS CLI writes it.
fn seconds_iso(time: Timestamp) -> String {
    format!("{}Z", time.iso().get(..19).unwrap_or_default())
}

/// SSO OIDC in one region.
struct Service {
    http: reqwest::Client,
    url: reqwest::Url,
    clock: Clock,
}

impl Service {
    fn new(region: &str) -> Result<Self, Error> {
        if !partition::is_region(region) {
            return Err(Error::Config(format!("{region:?} is not the name of a region")));
        }
        let named = std::env::var("AWS_ENDPOINT_URL_SSO_OIDC").ok().filter(|url| !url.is_empty());
        Self::at(&named.unwrap_or_else(|| partition::endpoint("oidc", region)))
    }

    fn at(url: &str) -> Result<Self, Error> {
        let url = reqwest::Url::parse(&format!("{}/", url.trim_end_matches('/')))
            .map_err(|error| Error::Config(format!("{url:?} cannot be read: {error}")))?;
        Ok(Self { http: transport::http_client(&url)?, url, clock: Clock::system() })
    }

    async fn register(&self, sign_in: &SignIn) -> Result<Registration, Error> {
        let scopes = match sign_in.scopes.is_empty() {
            // Profiles of the older way get a token that is not renewed, as with the AWS CLI.
            true => sign_in.session.iter().map(|_| SCOPE.to_owned()).collect(),
            false => sign_in.scopes.clone(),
        };
        self.post("client/register", &RegisterRequest { client_name: CLIENT_NAME, client_type: "public", scopes }).await
    }

    async fn post<A: for<'a> Deserialize<'a>>(&self, path: &str, body: &impl Serialize) -> Result<A, Error> {
        let url = self.url.join(path).map_err(|error| Error::Config(error.to_string()))?;
        let body = serde_json::to_vec(body).map_err(|error| Error::Protocol(error.to_string()))?;
        let request = self.http.post(url.clone()).header("content-type", "application/json").body(body);
        let mut answer = request.send().await.map_err(|error| transport::classify(error, &url).1)?;
        let status = answer.status().as_u16();
        let mut bytes = Vec::new();
        while let Some(piece) = answer.chunk().await.map_err(|error| transport::classify(error, &url).1)? {
            if bytes.len() + piece.len() > ANSWER_LIMIT {
                return Err(Error::Protocol(format!("the answer to {path} is too large")));
            }
            bytes.extend_from_slice(&piece);
        }
        if (200..300).contains(&status) {
            // The bytes may hold a token: what is wrong with them is not repeated.
            return serde_json::from_slice(&bytes)
                .map_err(|_| Error::Protocol(format!("the answer to {path} cannot be read")));
        }
        let refusal: Refusal = serde_json::from_slice(&bytes).unwrap_or_default();
        let code = refusal.error.unwrap_or_else(|| format!("HTTP {status}"));
        Err(Error::Api(ApiError { code: code.into(), message: refusal.error_description, status, members: None }))
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RegisterRequest {
    client_name: &'static str,
    client_type: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    scopes: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Registration {
    client_id: String,
    client_secret: Sensitive,
    #[serde(default)]
    client_secret_expires_at: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DeviceRequest<'a> {
    client_id: &'a str,
    client_secret: &'a Sensitive,
    start_url: &'a str,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DeviceAnswer {
    device_code: Sensitive,
    user_code: String,
    verification_uri: String,
    verification_uri_complete: Option<String>,
    expires_in: u64,
    interval: Option<u64>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TokenRequest<'a> {
    client_id: &'a str,
    client_secret: &'a Sensitive,
    grant_type: &'static str,
    device_code: &'a Sensitive,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TokenAnswer {
    access_token: Sensitive,
    expires_in: u64,
    refresh_token: Option<Sensitive>,
}

#[derive(Default, Deserialize)]
struct Refusal {
    error: Option<String>,
    error_description: Option<String>,
}

/// The token file.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Kept<'a> {
    start_url: &'a str,
    region: &'a str,
    access_token: &'a Sensitive,
    expires_at: String,
    client_id: &'a str,
    client_secret: &'a Sensitive,
    registration_expires_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<&'a Sensitive>,
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use axum::{Router, extract::State, http::StatusCode, routing::post};
    use serde_json::{Value, json};

    use super::*;

    /// The other end: what it was asked, and what it says to the polls that come.
    #[derive(Clone, Default)]
    struct Fake {
        asked: Arc<Mutex<Vec<Value>>>,
        refusals: Arc<Mutex<Vec<&'static str>>>,
    }

    async fn fake(refusals: &[&'static str]) -> (Fake, String) {
        let state = Fake::default();
        state.refusals.lock().unwrap().extend(refusals);
        let register = async |State(fake): State<Fake>, body: String| {
            fake.asked.lock().unwrap().push(serde_json::from_str(&body).unwrap());
            json!({ "clientId": "id", "clientSecret": "s3cret", "clientSecretExpiresAt": 1_800_000_000 }).to_string()
        };
        let device = async |State(fake): State<Fake>, body: String| {
            fake.asked.lock().unwrap().push(serde_json::from_str(&body).unwrap());
            json!({
                "deviceCode": "device", "userCode": "ABCD-EFGH", "verificationUri": "https://device.example/",
                "verificationUriComplete": "https://device.example/?user_code=ABCD-EFGH", "expiresIn": 600, "interval": 0,
            })
            .to_string()
        };
        let token = async |State(fake): State<Fake>, body: String| {
            fake.asked.lock().unwrap().push(serde_json::from_str(&body).unwrap());
            let mut refusals = fake.refusals.lock().unwrap();
            match refusals.is_empty() {
                true => {
                    let token = json!({ "accessToken": "t0ken", "expiresIn": 28_800, "refreshToken": "again" });
                    (StatusCode::OK, token.to_string())
                }
                false => {
                    let refusal = json!({ "error": refusals.remove(0), "error_description": "no" });
                    (StatusCode::BAD_REQUEST, refusal.to_string())
                }
            }
        };
        let router = Router::new()
            .route("/client/register", post(register))
            .route("/device_authorization", post(device))
            .route("/token", post(token))
            .with_state(state.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        (state, url)
    }

    fn corp() -> SignIn {
        SignIn {
            session: Some("corp".to_owned()),
            start_url: "https://corp.awsapps.com/start".to_owned(),
            region: "eu-central-1".to_owned(),
            scopes: Vec::new(),
        }
    }

    #[tokio::test]
    async fn the_token_of_a_device_is_kept_as_the_aws_cli_keeps_it() {
        let (fake, url) = fake(&["authorization_pending", "authorization_pending"]).await;
        let home = tempfile::tempdir().unwrap();
        let (device, pending) = begin_at(Service::at(&url).unwrap(), corp()).await.unwrap();
        assert_eq!(
            (device.code.as_str(), device.url.as_str()),
            ("ABCD-EFGH", "https://device.example/?user_code=ABCD-EFGH")
        );
        pending.finish(home.path()).await.unwrap();
        // The SHA-1 of "corp", as the AWS CLI names the file.
        let file = home.path().join(".aws/sso/cache/ee0bfd2552fbd840c02cc48b6e823320543c450f.json");
        let kept: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
        assert_eq!(kept["accessToken"], "t0ken");
        assert_eq!(kept["startUrl"], "https://corp.awsapps.com/start");
        assert_eq!(kept["registrationExpiresAt"], "2027-01-15T08:00:00Z");
        assert_eq!(kept["refreshToken"], "again");
        assert!(kept["expiresAt"].as_str().unwrap().ends_with('Z'));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        }
        let asked = fake.asked.lock().unwrap();
        assert_eq!(asked[0]["scopes"], json!(["sso:account:access"]));
        assert_eq!(asked[1]["startUrl"], "https://corp.awsapps.com/start");
        assert_eq!((asked.len(), &asked[2]["deviceCode"]), (5, &json!("device")));
    }

    #[test]
    fn a_service_cannot_make_us_wait_for_ever() {
        assert_eq!([pause(5), pause(61), pause(u64::MAX)], [5, 60, 60]);
    }

    #[tokio::test]
    async fn a_token_that_cannot_be_kept_is_left_nowhere() {
        let (_, url) = fake(&[]).await;
        let home = tempfile::tempdir().unwrap();
        let (_, pending) = begin_at(Service::at(&url).unwrap(), corp()).await.unwrap();
        // A folder in the place of the file.
        let file = token_file(home.path(), "corp");
        std::fs::create_dir_all(file.join("x")).unwrap();
        assert!(pending.finish(home.path()).await.is_err());
        assert_eq!(std::fs::read_dir(file.parent().unwrap()).unwrap().count(), 1);
    }

    #[tokio::test]
    async fn a_refusal_is_told_and_nothing_is_kept() {
        let (_, url) = fake(&["access_denied"]).await;
        let home = tempfile::tempdir().unwrap();
        let (_, pending) = begin_at(Service::at(&url).unwrap(), corp()).await.unwrap();
        let error = pending.finish(home.path()).await.unwrap_err();
        assert_eq!(error.code(), Some("access_denied"));
        assert!(!error.to_string().contains("s3cret"));
        assert!(!home.path().join(".aws").exists());
    }
}
