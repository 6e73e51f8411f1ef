//! From a request to its handler: the body is parsed, held against the service model and typed, once for all operations.

use std::{collections::HashMap, fmt, panic::AssertUnwindSafe, sync::Arc};

use futures_util::{FutureExt, future::BoxFuture};
use serde_json::Value;

use super::{ACCOUNT, Caller, Engine};
use crate::ssm::{ApiError, Operation, Service, Timestamp, model};

/// What a handler knows besides the request.
#[derive(Clone, Debug)]
pub struct Ctx {
    /// The engine.
    pub engine: Arc<Engine>,
    /// Who calls.
    pub caller: Caller,
    /// The region that the caller signed for.
    pub region: String,
    /// The id of this request.
    pub request_id: String,
    /// Where the caller reached the engine: `http://127.0.0.1:7700`, without a slash at the end.
    pub base_url: String,
}

impl Ctx {
    /// The time by the engine's clock.
    pub fn now(&self) -> Timestamp {
        self.engine.now()
    }

    /// The ARN of a resource of Systems Manager: `parameter/x`, `managed-instance/mi-…`.
    pub fn arn(&self, resource: &str) -> String {
        format!("arn:aws:ssm:{}:{ACCOUNT}:{resource}", self.region)
    }
}

type Handler = Box<dyn Fn(Ctx, Value) -> BoxFuture<'static, Result<Vec<u8>, ApiError>> + Send + Sync>;

/// The operations that the engine has.
#[derive(Default)]
pub struct Router(HashMap<(Service, &'static str), Handler>);

impl Router {
    /// Adds the handler of an operation.
    #[must_use]
    pub fn handle<O, F, R>(mut self, handler: F) -> Self
    where
        O: Operation,
        F: Fn(Ctx, O) -> R + Clone + Send + Sync + 'static,
        R: Future<Output = Result<O::Output, ApiError>> + Send + 'static,
    {
        let run: Handler = Box::new(move |ctx, body| {
            let handler = handler.clone();
            Box::pin(async move {
                let request = serde_json::from_value(body).map_err(serialization)?;
                let output = handler(ctx, request).await?;
                serde_json::to_vec(&output).map_err(|_| ApiError::internal("The answer could not be written."))
            })
        });
        self.0.insert((O::SERVICE, O::NAME), run);
        self
    }

    /// Adds the operations of another router.
    #[must_use]
    pub fn merge(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    /// Whether the engine has an operation.
    pub fn has(&self, service: Service, operation: &str) -> bool {
        self.0.contains_key(&(service, operation))
    }

    /// Answers a request: the body of a 200, or an error. A handler's panic is an `InternalServerError`.
    pub async fn dispatch(
        &self,
        ctx: Ctx,
        service: Service,
        operation: &str,
        body: Value,
    ) -> Result<Vec<u8>, ApiError> {
        let handler = self.0.get(&(service, operation)).ok_or_else(|| ApiError::bare("UnknownOperationException"))?;
        model::of(service).validate(operation, &body).map_err(|error| match service {
            // The one service that has a name of its own for this.
            Service::Logs if error.code == "ValidationException" => {
                ApiError { code: "InvalidParameterException".into(), ..error }
            }
            _ => error,
        })?;
        AssertUnwindSafe(handler(ctx, body)).catch_unwind().await.unwrap_or_else(|_| {
            tracing::error!(operation, "a handler panicked");
            Err(ApiError::internal("An unexpected fault of the engine."))
        })
    }
}

impl fmt::Debug for Router {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// Parses a request's body. Members that are null count as absent.
///
/// Errors: `SerializationException`.
pub fn parse(body: &[u8]) -> Result<Value, ApiError> {
    let mut value = if body.is_empty() {
        Value::Object(serde_json::Map::new())
    } else {
        serde_json::from_slice(body).map_err(serialization)?
    };
    drop_nulls(&mut value);
    if value.is_object() {
        Ok(value)
    } else {
        Err(ApiError::new("SerializationException", "The body is not a JSON object."))
    }
}

fn drop_nulls(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|_, member| !member.is_null());
            members.values_mut().for_each(drop_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(drop_nulls),
        _ => {}
    }
}

/// The position is told, the text is not: it may hold a secret.
fn serialization(error: serde_json::Error) -> ApiError {
    let place =
        if error.line() > 0 { format!(" at line {} column {}", error.line(), error.column()) } else { String::new() };
    ApiError::new("SerializationException", format!("The body is not what the operation takes{place}."))
}
