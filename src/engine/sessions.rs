//! Session Manager: sessions are started, resumed, ended and listed here; their bytes pass through [`super::relay`].

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use serde_json::Value;

use super::{
    Ctx, Engine, Router,
    channels::Purpose,
    control, documents, paging, random,
    store::sessions::{SessionQuery, SessionRow},
};
use crate::{
    ssm::{
        ApiError, DescribeSessions, DescribeSessionsOutput, ResumeSession, ResumeSessionOutput, Session,
        SessionFilterKey, SessionState, SessionStatus, StartSession, StartSessionOutput, TerminateSession,
        TerminateSessionOutput, Timestamp,
        document::{Document, parameters, standard::SESSION_SHELL},
    },
    wire::{
        envelope::{Envelope, kind},
        messages::{ChannelClosed, SessionRequest, TaskComplete, TaskMessage},
    },
};

const PAGE: usize = 50;
/// Minutes without input or output, where the document says nothing.
const IDLE_MINUTES: i64 = 20;

/// The operations of sessions.
pub(super) fn operations() -> Router {
    Router::default().handle(start).handle(resume).handle(terminate).handle(describe)
}

async fn start(ctx: Ctx, request: StartSession) -> Result<StartSessionOutput, ApiError> {
    let name = request.document_name.as_deref().unwrap_or(SESSION_SHELL);
    let found = documents::find(&ctx.engine, name, documents::selector(None, None)).await?;
    let document = found.document()?;
    if document.session().is_none() {
        let message = format!("Document type: {} is not supported for sessions.", found.version.document_type);
        return Err(ApiError::new("InvalidDocument", message));
    }
    let typed = parameters::check(&found.version.name, &document.parameters, &request.parameters)
        .map_err(|message| ApiError::new("InvalidParameters", message))?;
    let target = request.target;
    let not_connected = || ApiError::new("TargetNotConnected", format!("{target} is not connected."));
    if !ctx.engine.channels.is_open(&target) {
        return Err(not_connected());
    }
    let id = format!("{}-{}", ctx.caller.name(), random::hex17()?);
    let (idle_minutes, max_minutes) = limits(&document);
    let row = SessionRow {
        seq: 0,
        id: id.clone(),
        target: target.clone(),
        status: SessionStatus::Connecting,
        over: false,
        started: ctx.now(),
        ended: None,
        document_name: found.version.name.clone(),
        owner: ctx.caller.arn(),
        reason: request.reason.unwrap_or_default(),
        details: String::new(),
        idle_minutes,
        max_minutes,
    };
    ctx.engine.store.create_session(row).await?;
    ctx.engine.relays.open(&id, ctx.now());
    let message = order(&ctx, &id, found.version.name, document.source, typed);
    if !message.is_some_and(|message| ctx.engine.channels.send(&target, message.encode())) {
        end(&ctx.engine, &id, SessionStatus::Failed, "The node could not be reached.").await?;
        return Err(not_connected());
    }
    let (token_value, stream_url) = ticket(&ctx, &id)?;
    Ok(StartSessionOutput { session_id: Some(id), token_value: Some(token_value.into()), stream_url: Some(stream_url) })
}

/// What the node is told.
fn order(
    ctx: &Ctx,
    id: &str,
    document_name: String,
    document_content: Value,
    parameters: BTreeMap<String, Value>,
) -> Option<Envelope> {
    let content = SessionRequest {
        document_name,
        document_content,
        session_id: id.to_owned(),
        parameters,
        run_as_user: String::new(),
        session_owner: ctx.caller.arn(),
    };
    let task = TaskMessage {
        content: serde_json::to_string(&content).ok()?,
        task_id: id.to_owned(),
        topic: "aws.ssm.interactive_shell".to_owned(),
        schema_version: 1,
    };
    control::message(&ctx.engine, kind::INTERACTIVE_SHELL, &task)
}

/// A fresh token for the client's end, and where it is good.
fn ticket(ctx: &Ctx, id: &str) -> Result<(String, String), ApiError> {
    let purpose = Purpose::Client { session_id: id.to_owned() };
    let token = ctx.engine.channels.issue(purpose, ctx.now())?;
    // http becomes ws, https becomes wss.
    let base = ctx.base_url.strip_prefix("http").unwrap_or(&ctx.base_url);
    Ok((token, format!("ws{base}/v1/data-channel/{id}?role=publish_subscribe")))
}

/// `idleSessionTimeout` and `maxSessionDuration` in minutes, numbers or text.
fn limits(document: &Document) -> (i64, Option<i64>) {
    let minutes = |name: &str, most: i64| {
        let value = document.session()?.inputs.get(name)?;
        let minutes = parameters::text_of(value).trim().parse().ok()?;
        (1..=most).contains(&minutes).then_some(minutes)
    };
    (minutes("idleSessionTimeout", 60).unwrap_or(IDLE_MINUTES), minutes("maxSessionDuration", 1440))
}

async fn resume(ctx: Ctx, request: ResumeSession) -> Result<ResumeSessionOutput, ApiError> {
    let id = request.session_id;
    let row = ctx
        .engine
        .store
        .session(&id)
        .await?
        .ok_or_else(|| ApiError::new("DoesNotExistException", format!("Session {id} doesn't exist.")))?;
    if row.over {
        // Without a token the client knows that the session is over.
        return Ok(ResumeSessionOutput { session_id: Some(id), ..Default::default() });
    }
    // After a restart of the engine the ends find each other again here.
    ctx.engine.relays.open(&id, ctx.now());
    let (token_value, stream_url) = ticket(&ctx, &id)?;
    Ok(ResumeSessionOutput {
        session_id: Some(id),
        token_value: Some(token_value.into()),
        stream_url: Some(stream_url),
    })
}

async fn terminate(ctx: Ctx, request: TerminateSession) -> Result<TerminateSessionOutput, ApiError> {
    end(&ctx.engine, &request.session_id, SessionStatus::Terminated, "").await?;
    Ok(TerminateSessionOutput { session_id: Some(request.session_id) })
}

/// Ends a session from our side: the store first, then whoever is still there. What has ended already stays as it is.
async fn end(engine: &Arc<Engine>, id: &str, status: SessionStatus, output: &str) -> Result<(), ApiError> {
    let Some(row) = engine.store.session(id).await? else { return Ok(()) };
    if !engine.store.end_session(id, status, output.to_owned(), engine.now()).await? {
        return Ok(());
    }
    let closed = closed(engine, id, output);
    let agent_told = engine.relays.end(id, closed.as_ref());
    if let Some(closed) = closed
        && !agent_told
    {
        engine.channels.send(&row.target, closed.encode());
    }
    Ok(())
}

fn closed(engine: &Engine, id: &str, output: &str) -> Option<Envelope> {
    let payload = ChannelClosed {
        message_type: kind::CHANNEL_CLOSED.to_owned(),
        message_id: random::uuid(),
        destination_id: id.to_owned(),
        session_id: id.to_owned(),
        schema_version: 1,
        created_date: engine.now().iso(),
        output: output.to_owned(),
    };
    control::message(engine, kind::CHANNEL_CLOSED, &payload)
}

/// A node says that a session has ended; it may say so more than once. Answers whether that is to be acknowledged.
pub(super) async fn task_complete(engine: &Arc<Engine>, instance_id: &str, complete: &TaskComplete) -> bool {
    let id = &complete.task_id;
    let known = match engine.store.session(id).await {
        Ok(known) => known,
        Err(error) => {
            tracing::error!(instance_id, %error, "the end of a session could not be looked up");
            return false;
        }
    };
    if known.is_none_or(|row| row.target != instance_id) {
        return true;
    }
    let failed = complete.final_task_status == "Failed";
    let status = if failed { SessionStatus::Failed } else { SessionStatus::Terminated };
    let output = if failed { complete.output.as_str() } else { "" };
    match end(engine, id, status, output).await {
        Ok(()) => true,
        Err(error) => {
            tracing::error!(instance_id, %error, "the end of a session could not be kept; the node says it again");
            false
        }
    }
}

/// Ends sessions in which nothing has happened for too long, or that have lasted too long.
pub(super) async fn tick(engine: &Arc<Engine>) -> Result<(), ApiError> {
    let now = engine.now();
    let minutes = |count: i64| Duration::from_secs(u64::try_from(count).unwrap_or(0) * 60);
    let mut query = SessionQuery::default();
    loop {
        let rows = engine.store.sessions(query.clone(), PAGE).await?;
        let Some(last) = rows.last() else { return Ok(()) };
        query.before = Some(last.seq);
        for row in rows {
            let active = engine.relays.last_activity(&row.id).unwrap_or_else(|| {
                // Nobody has come back since the engine started: the time runs from now on.
                engine.relays.open(&row.id, now);
                now
            });
            let idle = now.since(active) >= minutes(row.idle_minutes);
            let long = row.max_minutes.is_some_and(|most| now.since(row.started) >= minutes(most));
            if idle || long {
                let reason = if long {
                    "The session has reached its maximum duration."
                } else {
                    "The session timed out due to inactivity."
                };
                end(engine, &row.id, SessionStatus::Terminated, reason).await?;
            }
        }
    }
}

async fn describe(ctx: Ctx, request: DescribeSessions) -> Result<DescribeSessionsOutput, ApiError> {
    let mut query = SessionQuery {
        over: request.state == SessionState::History,
        before: ctx.engine.tokens.resume(&request, request.next_token.as_deref())?,
        ..Default::default()
    };
    for filter in &request.filters {
        let value = Some(filter.value.clone());
        let time = || Timestamp::parse_iso(&filter.value);
        match filter.key {
            SessionFilterKey::Target => query.target = value,
            SessionFilterKey::Owner => query.owner = value,
            SessionFilterKey::Status => query.status = value,
            SessionFilterKey::SessionId => query.id = value,
            SessionFilterKey::InvokedAfter => query.invoked_after = time(),
            SessionFilterKey::InvokedBefore => query.invoked_before = time(),
            SessionFilterKey::AccessType => {}
            SessionFilterKey::Other(_) => return Err(ApiError::bare("InvalidFilterKey")),
        }
    }
    let limit = paging::limit(request.max_results, PAGE);
    let mut rows = ctx.engine.store.sessions(query, limit + 1).await?;
    let cursor = paging::cut(&mut rows, limit, |last| last.seq);
    let next_token = cursor.map(|cursor| ctx.engine.tokens.issue(&request, &cursor)).transpose()?;
    Ok(DescribeSessionsOutput { sessions: rows.into_iter().map(told).collect(), next_token })
}

fn told(row: SessionRow) -> Session {
    let text = |text: String| (!text.is_empty()).then_some(text);
    Session {
        session_id: Some(row.id),
        target: Some(row.target),
        status: Some(row.status),
        start_date: Some(row.started),
        end_date: row.ended,
        document_name: Some(row.document_name),
        owner: Some(row.owner),
        reason: text(row.reason),
        details: text(row.details),
        max_session_duration: row.max_minutes.map(|minutes| minutes.to_string()),
        ..Default::default()
    }
}
