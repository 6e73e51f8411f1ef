//! The harness: an engine in a temporary directory under a clock that tests move, called as the router calls.

use serde_json::Value;

use super::*;
use crate::ssm::{ApiError, Operation, Service, model};

/// An engine that lives as long as the test.
pub(crate) struct Harness {
    pub engine: Arc<Engine>,
    pub router: Router,
    home: tempfile::TempDir,
}

impl Harness {
    /// A fresh engine at 2026-11-22T10:00:00Z.
    pub fn new() -> Self {
        Self::with(Settings::default())
    }

    /// The same with settings.
    pub fn with(settings: Settings) -> Self {
        let home = tempfile::tempdir().unwrap();
        let clock = Clock::manual(Timestamp::parse_iso("2026-11-22T10:00:00Z").unwrap());
        let settings = Settings { keys: vec!["alias/app".to_owned()], ..settings };
        let engine = Engine::open_with(&home.path().join("data"), clock, settings).unwrap();
        Self { engine, router: http::operations(), home }
    }

    /// The next engine on the same data, after this one was killed.
    pub fn reopen(self) -> Self {
        let Self { engine, router, home } = self;
        let (clock, settings) = (engine.clock.clone(), engine.settings.clone());
        drop(engine);
        let engine = Engine::open_with(&home.path().join("data"), clock, settings).unwrap();
        Self { engine, router, home }
    }

    /// The data directory.
    pub fn directory(&self) -> std::path::PathBuf {
        self.home.path().join("data")
    }

    /// Moves the clock.
    pub fn advance(&self, by: Duration) {
        self.engine.clock.advance(by);
    }

    /// Calls as the account root. Every answer is held against the service model.
    pub async fn call<O: Operation>(&self, request: O) -> Result<O::Output, ApiError> {
        self.call_as(Caller::Root, request).await
    }

    /// Calls as somebody.
    pub async fn call_as<O: Operation>(&self, caller: Caller, request: O) -> Result<O::Output, ApiError> {
        let answer = self.raw_of(O::SERVICE, caller, O::NAME, serde_json::to_value(&request).unwrap()).await?;
        Ok(serde_json::from_value(answer).unwrap())
    }

    /// What a handler knows when somebody calls.
    pub fn ctx(&self, caller: Caller) -> Ctx {
        Ctx {
            engine: Arc::clone(&self.engine),
            caller,
            region: auth::DEFAULT_REGION.to_owned(),
            request_id: random::uuid(),
            base_url: "http://127.0.0.1:7700".to_owned(),
        }
    }

    /// Calls Systems Manager with a body as it stands.
    pub async fn raw(&self, caller: Caller, operation: &str, body: Value) -> Result<Value, ApiError> {
        self.raw_of(Service::Ssm, caller, operation, body).await
    }

    async fn raw_of(&self, service: Service, caller: Caller, operation: &str, body: Value) -> Result<Value, ApiError> {
        if caller != Caller::Anonymous {
            caller.authorize(service, operation, &body)?;
        }
        let answer = self.router.dispatch(self.ctx(caller), service, operation, body).await?;
        let answer: Value = serde_json::from_slice(&answer).unwrap();
        model::of(service).validate_output(operation, &answer).unwrap();
        Ok(answer)
    }
}

/// The code of an error that was expected.
pub(crate) fn code<T: std::fmt::Debug>(outcome: Result<T, ApiError>) -> String {
    outcome.unwrap_err().code.into_owned()
}

#[tokio::test]
async fn what_the_engine_does_not_have_is_an_unknown_operation() {
    let harness = Harness::new();
    let request = crate::ssm::GetCommandInvocation::default();
    harness.advance(Duration::from_secs(1));
    let wire = serde_json::to_value(&request).unwrap();
    assert_eq!(code(harness.raw(Caller::Root, "NoSuchOperation", wire).await), "UnknownOperationException");
    let anonymous = harness.call_as(Caller::Root, crate::ssm::RequestManagedInstanceRoleToken::default()).await;
    assert_eq!(code(anonymous.map(drop)), "AccessDeniedException");
    harness.engine.tick().await.unwrap();
    assert!(harness.call(crate::ssm::GetParameter::default()).await.is_err());
}
