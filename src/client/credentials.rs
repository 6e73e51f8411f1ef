//! Credentials, region and endpoint: from the settings, from AWS's environment variables and files, over aws-config.

use std::{
    collections::HashMap,
    path::Path,
    sync::{Arc, LazyLock, PoisonError},
    time::{Duration, Instant, SystemTime},
};

use aws_config::{
    BehaviorVersion, Region,
    default_provider::credentials::DefaultCredentialsChain,
    environment::EnvironmentVariableCredentialsProvider,
    imds,
    meta::{credentials::CredentialsProviderChain, region::ProvideRegion},
    profile::{ProfileFileCredentialsProvider, ProfileFileRegionProvider, credentials},
    provider_config::ProviderConfig,
};
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, error::CredentialsError};
use aws_types::service_config::ServiceConfigKey;
use tokio::sync::{Mutex, watch};

use super::{CredentialFault, Error, Settings, denial, endpoint::SERVICES, helper};
use crate::{ssm::Timestamp, wire::sigv4};

/// Credentials within so much of their end are renewed.
const MARGIN: Duration = Duration::from_secs(5 * 60);
/// Whoever holds credentials for longer than this is renewing them.
const RENEWAL: Duration = Duration::from_millis(500);
/// So long a provider may take: somebody may have to touch a key or to type a code.
const PATIENCE: Duration = Duration::from_secs(60);
/// A source that gave out keys which were refused, or that refuses without a code, is not asked again before this is over: one
/// that is asked for every call may be a service that counts refusals, or a person with a key to touch.
const PAUSE: Duration = Duration::from_secs(60);
/// Where neither settings nor AWS's configuration name a region, a custom endpoint gets this one.
const CUSTOM_REGION: &str = "us-east-1";

/// What the settings and AWS's configuration come down to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Resolved {
    pub(super) profile: Option<String>,
    pub(super) region: String,
    pub(super) endpoint_url: Option<String>,
    /// Addresses of single services.
    pub(super) services: Vec<(&'static str, String)>,
}

/// Credentials that renew themselves before they expire.
#[derive(Debug)]
pub(super) struct Credentials {
    source: Source,
    /// What gives them out. A provider reads AWS's files once: where what it gave is of no use, the next one reads them anew.
    provider: Mutex<Option<SharedCredentialsProvider>>,
    profile: Option<String>,
    /// Why the role was not given, and when: without the code of its device it hardly will be, and is not asked for again soon.
    code_wanted: Mutex<Option<(Error, Timestamp)>>,
    held: Mutex<Option<Held>>,
    /// The last ones that were given up because the service would not have them, and when.
    refused: Mutex<Option<(Arc<sigv4::Credentials>, Instant)>>,
    turn: Option<Arc<Mutex<()>>>,
    waiting: watch::Sender<Option<Instant>>,
}

/// What a provider is made from.
#[derive(Debug)]
struct Source {
    settings: Settings,
    region: String,
}

/// A wait for the provider, told as long as it lasts, whether it ends or is dropped.
struct Waiting<'a>(&'a watch::Sender<Option<Instant>>);

impl<'a> Waiting<'a> {
    fn begin(told: &'a watch::Sender<Option<Instant>>) -> Self {
        told.send_replace(Some(Instant::now()));
        Self(told)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.send_replace(None);
    }
}

#[derive(Debug)]
struct Held {
    credentials: Arc<sigv4::Credentials>,
    expires: Option<Timestamp>,
    /// They came by a person's hand. No provider has the like: what it has may be another caller, or one with less power.
    adopted: bool,
}

impl Held {
    fn is_over(&self, now: Timestamp) -> bool {
        self.expires.is_some_and(|end| end <= now)
    }
}

impl Credentials {
    /// Reads the configuration. Credentials themselves are fetched with the first call.
    pub(super) async fn load(settings: &Settings) -> Result<(Self, Resolved), Error> {
        let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let profile = settings.profile.clone().or_else(|| match settings.is_closed() {
            true => None,
            false => variable("AWS_PROFILE").or_else(|| variable("AWS_DEFAULT_PROFILE")),
        });
        let (endpoint_url, services) = endpoints(settings, profile.as_deref(), variable).await;
        let region =
            match settings.region.clone().or_else(|| variable("AWS_REGION")).or_else(|| variable("AWS_DEFAULT_REGION"))
            {
                Some(region) => region,
                None => match profile_region(settings, profile.as_deref()).await {
                    Some(region) => region,
                    None if endpoint_url.is_some() => CUSTOM_REGION.to_owned(),
                    None => return Err(no_region(profile.as_deref())),
                },
            };
        let source = Source { settings: settings.clone(), region: region.clone() };
        let resolved = Resolved { profile: profile.clone(), region, endpoint_url, services };
        let turn = settings.sign_in.as_deref().map(turn);
        let waiting = watch::Sender::new(None);
        let (provider, held, refused, code_wanted) = Default::default();
        Ok((Self { source, provider, profile, code_wanted, held, refused, turn, waiting }, resolved))
    }

    /// Since when the provider is waited for, whenever that changes.
    pub(super) fn waiting(&self) -> watch::Receiver<Option<Instant>> {
        self.waiting.subscribe()
    }

    /// The credentials to sign with at `now`. Concurrent callers wait for one renewal.
    pub(super) async fn get(&self, now: Timestamp) -> Result<Arc<sigv4::Credentials>, Error> {
        self.get_within(now, PATIENCE).await
    }

    async fn get_within(&self, now: Timestamp, patience: Duration) -> Result<Arc<sigv4::Credentials>, Error> {
        let mut held = self.held.lock().await;
        match held.as_ref() {
            Some(held) if held.adopted && held.is_over(now) => return Err(self.ended()),
            Some(held) if held.adopted || !held.is_over(now.plus(MARGIN)) => return Ok(held.credentials.clone()),
            _ => {}
        }
        if let Some((error, _)) = self.code_wanted.lock().await.as_ref().filter(|(_, at)| now.since(*at) < PAUSE) {
            return Err(error.clone());
        }
        let _waiting = Waiting::begin(&self.waiting);
        // Whoever comes second finds the token that the first had renewed.
        let _turn = match &self.turn {
            Some(turn) => Some(turn.lock().await),
            None => None,
        };
        let provided = async { self.provider().await.provide_credentials().await };
        let provided = tokio::time::timeout(patience, provided).await;
        match provided
            .map_err(|_| self.silent(patience))
            .and_then(|provided| provided.map_err(|error| self.error(&error)))
        {
            Ok(fresh) => {
                let expires = fresh.expiry().and_then(|end| end.duration_since(SystemTime::UNIX_EPOCH).ok());
                let expires = expires.map(|end| Timestamp::default().plus(end));
                let credentials = Arc::new(sigv4::Credentials {
                    access_key_id: fresh.access_key_id().to_owned(),
                    secret_access_key: fresh.secret_access_key().into(),
                    session_token: fresh.session_token().map(Into::into),
                });
                *held = Some(Held { credentials: credentials.clone(), expires, adopted: false });
                Ok(credentials)
            }
            // Those in hand still work for some minutes: a provider's hiccup need not be anybody's trouble yet.
            Err(error) => {
                *self.provider.lock().await = None;
                match held.as_ref().filter(|held| !held.is_over(now)) {
                    Some(held) => Ok(held.credentials.clone()),
                    None => {
                        if matches!(error, Error::Credentials { fault: CredentialFault::CodeWanted, .. }) {
                            *self.code_wanted.lock().await = Some((error.clone(), now));
                        }
                        Err(error)
                    }
                }
            }
        }
    }

    /// What gives them out; made anew where the last one was of no use.
    async fn provider(&self) -> SharedCredentialsProvider {
        let mut known = self.provider.lock().await;
        if let Some(provider) = &*known {
            return provider.clone();
        }
        let made = provider(&self.source.settings, self.profile.as_deref(), &self.source.region).await;
        *known = Some(made.clone());
        made
    }

    /// These are held from now on. When they end, somebody has to sign in again.
    pub(super) async fn adopt(&self, credentials: Arc<sigv4::Credentials>, expires: Option<Timestamp>) {
        *self.code_wanted.lock().await = None;
        *self.held.lock().await = Some(Held { credentials, expires, adopted: true });
    }

    /// Those that came by a person's hand, if they still last; and until when.
    pub(super) async fn adopted(&self, now: Timestamp) -> Option<(Arc<sigv4::Credentials>, Option<Timestamp>)> {
        // Where they are being renewed, they are none that came by hand.
        let held = tokio::time::timeout(RENEWAL, self.held.lock()).await.ok()?;
        let adopted = held.as_ref().filter(|held| held.adopted && !held.is_over(now))?;
        Some((adopted.credentials.clone(), adopted.expires))
    }

    /// The service will not have these, or not any more: the next call fetches new ones, if others are not there already. Where
    /// the source gives out the same again and again, those stay for a while. The answer is whether another try may do better.
    pub(super) async fn renew(&self, refused: &Arc<sigv4::Credentials>, at: Instant) -> bool {
        let mut held = self.held.lock().await;
        match held.as_mut().filter(|held| Arc::ptr_eq(&held.credentials, refused)) {
            Some(held) if held.adopted => held.expires = Some(Timestamp::default()),
            Some(_) => {
                let mut last = self.refused.lock().await;
                let again = |(last, when): &(_, Instant)| *last == *refused && at.duration_since(*when) < PAUSE;
                if last.as_ref().is_some_and(again) {
                    return false;
                }
                *last = Some((refused.clone(), at));
                *held = None;
                *self.provider.lock().await = None;
            }
            None => {}
        }
        true
    }

    /// What was signed in to by hand is over.
    fn ended(&self) -> Error {
        let detail = "the session that a code was entered for has ended".to_owned();
        Error::Credentials { profile: self.profile.clone(), fault: CredentialFault::CodeExpired, detail }
    }

    /// The provider does not come back.
    fn silent(&self, patience: Duration) -> Error {
        let detail = format!("their source did not answer within {} s", patience.as_secs());
        Error::Credentials { profile: self.profile.clone(), fault: CredentialFault::Silent, detail }
    }

    fn error(&self, error: &CredentialsError) -> Error {
        let said = chain(error);
        // What a service said of it is told as it said it, and says nothing of what kind of credentials it is about.
        let refusal = refusal(&said);
        let detail = match (error, &refusal) {
            (CredentialsError::CredentialsNotLoaded(_), _) => tried(&said),
            (_, Some((code, message))) if message.is_empty() => code.clone(),
            (_, Some((code, message))) => format!("{code}: {message}"),
            _ => said.lines().map(str::trim).collect::<Vec<_>>().join("; "),
        };
        let denied = refusal.as_ref().is_some_and(|(code, _)| denial::CODES.contains(&code.as_str()));
        let lower = refusal.map_or(said.as_str(), |_| said.split("Error {").next().unwrap_or_default()).to_lowercase();
        let single_sign_on = lower.contains("sso") || lower.contains("cached token");
        let fault = match error {
            CredentialsError::CredentialsNotLoaded(_) => CredentialFault::Missing,
            _ if denied && self.source.settings.role_wants_code => CredentialFault::CodeWanted,
            // Nobody was asked, so that signing in again would not help, or not work either.
            _ if is_way(&lower) => CredentialFault::Unreachable,
            _ if single_sign_on => CredentialFault::SsoExpired,
            CredentialsError::InvalidConfiguration(_) => CredentialFault::Configuration,
            _ => CredentialFault::Provider,
        };
        Error::Credentials { profile: self.profile.clone(), fault, detail }
    }
}

/// Whether an error is about the way to the service that gives credentials out, by the words of the layers below.
fn is_way(lower: &str) -> bool {
    let words =
        ["dispatch failure", "lookup address", "connection refused", "timed out", "unreachable", "timeout error"];
    words.iter().any(|word| lower.contains(word))
}

/// What those take who share a sign-in before they renew their credentials.
fn turn(sign_in: &str) -> Arc<Mutex<()>> {
    static TURNS: LazyLock<std::sync::Mutex<HashMap<String, Arc<Mutex<()>>>>> = LazyLock::new(Default::default);
    let mut turns = TURNS.lock().unwrap_or_else(PoisonError::into_inner);
    turns.entry(sign_in.to_owned()).or_default().clone()
}

/// Where credentials were looked for, of a chain of providers that says at length of each why it has none.
fn tried(said: &str) -> String {
    let providers = said.lines().filter(|line| line.starts_with(' ')).filter_map(|line| line.split_once(':'));
    let names: Vec<_> = providers.map(|(name, _)| name.trim()).collect();
    if names.is_empty() { String::new() } else { format!("tried {}", names.join(", ")) }
}

/// The code and the message of a service's refusal in what the SDK says of it, which is made for programmers:
/// `unhandled error (X): Error { code: "X", message: "…" }`.
fn refusal(said: &str) -> Option<(String, String)> {
    let (_, rest) = said.split_once("Error { ")?;
    let quoted = |key: &str| {
        let (_, text) = rest.split_once(key)?;
        let mut chars = text.strip_prefix('"')?.chars();
        let mut found = String::new();
        loop {
            match chars.next()? {
                '"' => return Some(found),
                '\\' => match chars.next()? {
                    'n' | 'r' | 't' => found.push(' '),
                    c => found.push(c),
                },
                c => found.push(c),
            }
        }
    };
    Some((quoted("code: ")?, quoted("message: ").unwrap_or_default()))
}

/// An error and what it says about its causes, without repetition.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut parts = vec![error.to_string()];
    let mut cause = error.source();
    while let Some(error) = cause {
        let text = error.to_string();
        if !parts.iter().any(|part| part.contains(&text)) {
            parts.push(text);
        }
        cause = error.source();
    }
    parts.join(": ")
}

/// The last of an error's causes.
pub(super) fn root_cause(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = error.to_string();
        cause = error.source();
    }
    text
}

fn no_region(profile: Option<&str>) -> Error {
    let whose = profile.map(|name| format!(" for profile {name}")).unwrap_or_default();
    Error::Config(format!("no region is configured{whose}: name one with --region or in AWS_REGION"))
}

/// The address of Systems Manager, and those of other services that are not there as well.
async fn endpoints(
    settings: &Settings,
    profile: Option<&str>,
    variable: impl Fn(&str) -> Option<String>,
) -> (Option<String>, Vec<(&'static str, String)>) {
    if settings.endpoint_url.is_some() || settings.is_closed() {
        return (named_endpoint(settings, &variable), named_services(&variable));
    }
    // With region and credentials given, the loader asks nobody on the network.
    let mut loader =
        aws_config::defaults(BehaviorVersion::latest()).region(Region::new(CUSTOM_REGION)).no_credentials();
    if let Some(profile) = profile {
        loader = loader.profile_name(profile);
    }
    let config = loader.load().await;
    // aws-config knows the rules: the variable of a service, that of all, the profile's section of services, the profile.
    let address = |id: &str| {
        let key = ServiceConfigKey::builder().service_id(id).env("AWS_ENDPOINT_URL").profile("endpoint_url");
        config.service_config()?.load_config(key.build().ok()?).filter(|url| !url.is_empty())
    };
    let ssm = address("SSM");
    let elsewhere = |id: &str| address(id).filter(|url| ssm.as_ref() != Some(url));
    let services = SERVICES.iter().filter_map(|(service, id)| Some((*service, elsewhere(id)?))).collect();
    (ssm, services)
}

/// The endpoint of the settings or of the environment.
fn named_endpoint(settings: &Settings, variable: impl Fn(&str) -> Option<String>) -> Option<String> {
    if let Some(url) = &settings.endpoint_url {
        return Some(url.clone());
    }
    if is_ignored(&variable) {
        return None;
    }
    variable("AWS_ENDPOINT_URL_SSM").or_else(|| variable("AWS_ENDPOINT_URL"))
}

/// The addresses that the environment has for single services.
fn named_services(variable: impl Fn(&str) -> Option<String>) -> Vec<(&'static str, String)> {
    if is_ignored(&variable) {
        return Vec::new();
    }
    let of = |id: &str| variable(&format!("AWS_ENDPOINT_URL_{}", id.to_uppercase().replace(' ', "_")));
    SERVICES.iter().filter_map(|(service, id)| Some((*service, of(id)?))).collect()
}

fn is_ignored(variable: impl Fn(&str) -> Option<String>) -> bool {
    variable("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS").is_some_and(|value| value.eq_ignore_ascii_case("true"))
}

async fn profile_region(settings: &Settings, profile: Option<&str>) -> Option<String> {
    if settings.is_closed() {
        return None;
    }
    let mut builder = ProfileFileRegionProvider::builder();
    if let Some(profile) = profile {
        builder = builder.profile_name(profile);
    }
    builder.build().region().await.map(|region| region.as_ref().to_owned())
}

async fn provider(settings: &Settings, profile: Option<&str>, region: &str) -> SharedCredentialsProvider {
    if let Some((id, secret)) = &settings.keys {
        let keys = aws_credential_types::Credentials::new(id, &secret.0, None, None, "settings");
        return SharedCredentialsProvider::new(keys);
    }
    let config = ProviderConfig::without_region().with_region(Some(Region::new(region.to_owned())));
    let helped = helper::files(settings.credentials_file.as_deref(), &settings.apart);
    // A file or a profile that the user named beats the keys in the environment, as in the AWS CLI.
    if settings.credentials_file.is_some() || settings.profile.is_some() {
        let mut builder = ProfileFileCredentialsProvider::builder().configure(&config);
        if let Some(file) = &settings.credentials_file {
            builder = read_only_file(builder, file).profile_name(profile.unwrap_or("default"));
        } else if let Some(profile) = profile {
            builder = builder.profile_name(profile);
        }
        if let Some(files) = helped {
            builder = builder.profile_files(files);
        }
        return SharedCredentialsProvider::new(builder.build());
    }
    // The instance metadata service answers within milliseconds or is not there: nobody waits for it.
    let metadata = imds::Client::builder()
        .configure(&config)
        .connect_timeout(Duration::from_millis(300))
        .read_timeout(Duration::from_secs(1))
        .max_attempts(1)
        .build();
    let mut builder = DefaultCredentialsChain::builder().configure(config.clone()).imds_client(metadata);
    if let Some(profile) = profile {
        builder = builder.profile_name(profile);
    }
    let chain = builder.build().await;
    let Some(files) = helped else { return SharedCredentialsProvider::new(chain) };
    // The chain takes no files: what comes before and with them in it is asked first.
    let mut of_files = ProfileFileCredentialsProvider::builder().configure(&config).profile_files(files);
    if let Some(profile) = profile {
        of_files = of_files.profile_name(profile);
    }
    let environment = EnvironmentVariableCredentialsProvider::new();
    let first = CredentialsProviderChain::first_try("Environment", environment);
    SharedCredentialsProvider::new(first.or_else("Profile", of_files.build()).or_else("Others", chain))
}

/// Lets a provider read this credentials file and nothing else.
#[allow(deprecated)] // the new names of these types live in a crate that nothing else needs
fn read_only_file(builder: credentials::Builder, file: &Path) -> credentials::Builder {
    use aws_config::profile::profile_file::{ProfileFileKind, ProfileFiles};
    builder.profile_files(ProfileFiles::builder().with_file(ProfileFileKind::Credentials, file).build())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn credentials_file(text: &str) -> (tempfile::TempDir, Settings) {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("credentials");
        std::fs::write(&file, text).unwrap();
        let settings = Settings {
            credentials_file: Some(file),
            endpoint_url: Some("http://127.0.0.1:1".into()),
            region: Some("eu-west-1".into()),
            ..Settings::default()
        };
        (dir, settings)
    }

    #[tokio::test]
    async fn a_source_that_does_not_return_is_told_meanwhile_and_given_up() {
        // Nobody ends a helper that is given up: this one ends by itself before long.
        let (_dir, settings) = credentials_file("[default]\ncredential_process = sleep 5\n");
        let (credentials, _) = Credentials::load(&settings).await.unwrap();
        let mut waiting = credentials.waiting();
        let told = async { waiting.wait_for(Option::is_some).await.map(|since| *since).unwrap() };
        let (outcome, _) = tokio::join!(credentials.get_within(Timestamp::now(), Duration::from_millis(300)), told);
        let error = outcome.unwrap_err();
        assert!(matches!(&error, Error::Credentials { fault: CredentialFault::Silent, .. }), "{error}");
        // Signing in again is no way out of it.
        assert!(error.is_of_way() && !error.is_of_credentials());
        assert!(credentials.waiting().borrow().is_none());
    }

    #[test]
    fn a_refusal_is_told_in_the_words_of_the_service() {
        let said = "an error occurred while loading credentials: unhandled error (AccessDenied): Error { code: \
                    \"AccessDenied\", message: \"User: arn:aws:iam::1:user/a is not \\\"authorized\\\" to perform: \
                    sts:AssumeRole\", aws_request_id: \"r-1\" }";
        let message = "User: arn:aws:iam::1:user/a is not \"authorized\" to perform: sts:AssumeRole";
        assert_eq!(refusal(said), Some(("AccessDenied".to_owned(), message.to_owned())));
        assert_eq!(refusal("Error { code: \"ExpiredToken\" }"), Some(("ExpiredToken".to_owned(), String::new())));
        for other in ["", "the sso session has expired", "Error { code: \"cut", "Error { message: \"m\" }"] {
            assert_eq!(refusal(other), None, "{other}");
        }
    }

    #[tokio::test]
    async fn new_keys_in_the_file_are_read_once_the_old_ones_are_refused() {
        let keys = |id: &str| format!("[default]\naws_access_key_id = {id}\naws_secret_access_key = s\n");
        let (dir, settings) = credentials_file(&keys("AKIAOLD"));
        let (credentials, _) = Credentials::load(&settings).await.unwrap();
        let now = Timestamp::from_millis(0);
        let old = credentials.get(now).await.unwrap();
        std::fs::write(dir.path().join("credentials"), keys("AKIANEW")).unwrap();
        assert_eq!(credentials.get(now).await.unwrap().access_key_id, "AKIAOLD", "nobody complained of them");
        assert!(credentials.renew(&old, Instant::now()).await);
        assert_eq!(credentials.get(now).await.unwrap().access_key_id, "AKIANEW");
        // Where there were none, those that come are found as well.
        let (dir, settings) = credentials_file("[other]\n");
        let (credentials, _) = Credentials::load(&settings).await.unwrap();
        credentials.get(now).await.unwrap_err();
        std::fs::write(dir.path().join("credentials"), keys("AKIANEW")).unwrap();
        assert_eq!(credentials.get(now).await.unwrap().access_key_id, "AKIANEW");
    }

    #[tokio::test]
    async fn a_source_that_gives_out_refused_keys_again_is_left_alone_for_a_while() {
        let keys = |id: &str| format!("[default]\naws_access_key_id = {id}\naws_secret_access_key = s\n");
        let (dir, settings) = credentials_file(&keys("AKIAOLD"));
        let (credentials, _) = Credentials::load(&settings).await.unwrap();
        let (now, at) = (Timestamp::from_millis(0), Instant::now());
        let first = credentials.get(now).await.unwrap();
        assert!(
            credentials.renew(&first, at).await && credentials.renew(&first, at).await,
            "once for all who had them"
        );
        let second = credentials.get(now).await.unwrap();
        assert!(!Arc::ptr_eq(&first, &second));
        assert!(!credentials.renew(&second, at + PAUSE - Duration::from_millis(1)).await);
        assert!(Arc::ptr_eq(&second, &credentials.get(now).await.unwrap()));
        std::fs::write(dir.path().join("credentials"), keys("AKIANEW")).unwrap();
        assert!(credentials.renew(&second, at + PAUSE).await);
        let third = credentials.get(now).await.unwrap();
        assert_eq!(third.access_key_id, "AKIANEW");
        assert!(credentials.renew(&third, at + PAUSE).await, "others have not been refused before");
    }

    #[tokio::test]
    async fn a_role_that_wants_a_code_is_not_asked_for_again_without_one() {
        let (_dir, settings) = credentials_file("[default]\ncredential_process = false\n");
        let (credentials, _) = Credentials::load(&Settings { role_wants_code: true, ..settings }).await.unwrap();
        let said = "unhandled error (AccessDenied): Error { code: \"AccessDenied\", message: \"not allowed\" }";
        let error = credentials.error(&CredentialsError::provider_error(said));
        assert_eq!(error.to_string(), "no credentials: AccessDenied: not allowed");
        assert!(error.is_of_credentials() && error.advice().is_some_and(|advice| advice.contains("code")));
        let now = Timestamp::from_millis(0);
        *credentials.code_wanted.lock().await = Some((error, now));
        let fault = async |at| match credentials.get(at).await {
            Err(Error::Credentials { fault, .. }) => fault,
            other => panic!("{other:?}"),
        };
        assert_eq!(fault(now.plus(PAUSE - Duration::from_millis(1))).await, CredentialFault::CodeWanted);
        assert_eq!(fault(now.plus(PAUSE)).await, CredentialFault::Provider, "what the role wants may have changed");
        // What the code was good for is taken as ever.
        let mine =
            sigv4::Credentials { access_key_id: "ASIA".into(), secret_access_key: "s".into(), session_token: None };
        credentials.adopt(Arc::new(mine), None).await;
        assert_eq!(credentials.get(now).await.unwrap().access_key_id, "ASIA");
    }

    #[test]
    fn who_cannot_be_asked_is_told_apart_from_who_refuses() {
        let way =
            "dispatch failure: io error: dns error: failed to lookup address information: name or service not known";
        assert!(is_way(way) && is_way("an i/o error: connection refused"));
        assert!(!is_way("the sso session has expired or is invalid"));
    }

    #[tokio::test]
    async fn a_named_file_is_read_and_nothing_else() {
        let (_dir, settings) =
            credentials_file("[default]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = secret\n");
        let (credentials, resolved) = Credentials::load(&settings).await.unwrap();
        assert_eq!((resolved.region.as_str(), resolved.profile), ("eu-west-1", None));
        let got = credentials.get(Timestamp::from_millis(0)).await.unwrap();
        assert_eq!(got.access_key_id, "AKIAIOSFODNN7EXAMPLE");
        assert!(!format!("{credentials:?}").contains("secret_access_key: \"secret"));
    }

    #[tokio::test]
    async fn missing_credentials_say_what_to_do() {
        let (_dir, settings) = credentials_file("[other]\naws_access_key_id = x\naws_secret_access_key = y\n");
        let (credentials, _) = Credentials::load(&settings).await.unwrap();
        let error = credentials.get(Timestamp::from_millis(0)).await.unwrap_err();
        assert!(error.advice().is_some(), "{error}");
        assert_eq!(error.to_string().lines().count(), 1, "{error}");
    }

    #[tokio::test]
    async fn what_was_signed_in_to_by_hand_is_used_to_its_end_and_never_replaced_by_less() {
        let (_dir, settings) =
            credentials_file("[default]\naws_access_key_id = plain\naws_secret_access_key = secret\n");
        let (credentials, _) = Credentials::load(&settings).await.unwrap();
        let at = Timestamp::from_millis;
        let plain = credentials.get(at(0)).await.unwrap();
        let session = |id: &str| {
            let (access_key_id, secret_access_key) = (id.to_owned(), "s".into());
            Arc::new(sigv4::Credentials { access_key_id, secret_access_key, session_token: Some("t".into()) })
        };
        credentials.adopt(session("one"), Some(at(600_000))).await;
        // What was signed with older ones says nothing of these.
        let refused = Instant::now();
        assert!(credentials.renew(&plain, refused).await);
        let one = credentials.get(at(599_999)).await.unwrap();
        assert_eq!(one.access_key_id, "one");
        let error = credentials.get(at(600_000)).await.unwrap_err();
        assert!(error.is_of_credentials() && error.advice().is_some_and(|advice| advice.contains("code")), "{error}");
        credentials.adopt(session("two"), Some(at(900_000))).await;
        credentials.renew(&one, refused).await;
        let two = credentials.get(at(700_000)).await.unwrap();
        assert_eq!(two.access_key_id, "two");
        credentials.renew(&two, refused).await;
        assert!(credentials.get(at(700_000)).await.is_err());
    }

    #[test]
    fn a_long_chain_of_providers_is_told_in_a_line() {
        let said =
            "not enabled: no credentials found in chain. Attempted:\n  Environment: not set\n  Profile: not enabled\n";
        let detail = tried(said);
        assert_eq!(detail, "tried Environment, Profile");
        let error = Error::Credentials { profile: None, fault: CredentialFault::Missing, detail };
        assert_eq!(error.to_string(), "no credentials: tried Environment, Profile");
        let bare = Error::Credentials { profile: Some("x".into()), fault: CredentialFault::Missing, detail: tried("") };
        assert_eq!(bare.to_string(), "no credentials for profile x");
    }

    #[test]
    fn the_nearest_endpoint_counts() {
        let both = |name: &str| match name {
            "AWS_ENDPOINT_URL_SSM" => Some("http://ssm".to_owned()),
            "AWS_ENDPOINT_URL" => Some("http://all".to_owned()),
            _ => None,
        };
        let named = Settings { endpoint_url: Some("http://named".into()), ..Settings::default() };
        assert_eq!(named_endpoint(&named, both).as_deref(), Some("http://named"));
        assert_eq!(named_endpoint(&Settings::default(), both).as_deref(), Some("http://ssm"));
        let ignored =
            |name: &str| both(name).or_else(|| (name == "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS").then(|| "TRUE".into()));
        assert_eq!(named_endpoint(&Settings::default(), ignored), None);
        let logs = |name: &str| (name == "AWS_ENDPOINT_URL_CLOUDWATCH_LOGS").then(|| "http://logs".to_owned());
        assert_eq!(named_services(logs), [("logs", "http://logs".to_owned())]);
    }
}
