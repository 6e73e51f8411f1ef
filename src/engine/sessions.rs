//! Session Manager: sessions are started, resumed, ended and listed here; their bytes pass through [`super::relay`].

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use serde_json::Value;

use super::{
    ACCOUNT, Ctx, Engine, Router,
    channels::{CLIENT_TOKEN_LIFE, Purpose},
    control, documents, paging, random,
    store::sessions::{SessionQuery, SessionRow, Traffic, TranscriptPlace},
};
use crate::{
    ssm::{
        AccessType, ApiError, DescribeSessions, DescribeSessionsOutput, ResumeSession, ResumeSessionOutput, Session,
        SessionFilterKey, SessionManagerOutputUrl, SessionState, SessionStatus, StartSession, StartSessionOutput,
        TerminateSession, TerminateSessionOutput, Timestamp,
        document::{Document, SessionType, parameters, standard::SESSION_SHELL},
    },
    wire::{
        envelope::{Envelope, kind},
        messages::{ChannelClosed, SessionRequest, TaskComplete, TaskMessage},
    },
};

const PAGE: usize = 50;
/// How a session's details begin for an end that needs no other words.
const ENDED_BY_ITSELF: &str = "The program of the session or its user ended it";
/// Stands in a session's details between why it ended and what had passed.
const PASSED: &str = "; ";
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
    let in_force = in_force(&ctx.engine, &found, document).await?;
    let (idle_minutes, max_minutes) = limits(&in_force);
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
        traffic: Traffic::default(),
        transcript: TranscriptPlace::default(),
    };
    ctx.engine.store.create_session(row).await?;
    ctx.engine.relays.begin(&id, ctx.now());
    let message = order(&ctx, &id, found.version.name, in_force.source, typed);
    if !message.is_some_and(|message| ctx.engine.channels.send(&target, message.encode())) {
        end(&ctx.engine, &id, SessionStatus::Failed, "The node could not be reached.").await?;
        return Err(not_connected());
    }
    let (token_value, stream_url) = ticket(&ctx, &id)?;
    Ok(StartSessionOutput { session_id: Some(id), token_value: Some(token_value.into()), stream_url: Some(stream_url) })
}

/// The document with the account's preferences, which count for AWS's own documents: they have none themselves.
async fn in_force(engine: &Engine, found: &documents::Found, document: Document) -> Result<Document, ApiError> {
    let is_own = found.owner == ACCOUNT || found.version.name == SESSION_SHELL;
    if is_own || document.session().is_none_or(|session| !session.inputs.is_null()) {
        return Ok(document);
    }
    let preferences = documents::find(engine, SESSION_SHELL, documents::selector(None, None)).await?.document()?;
    let mut source = document.source.clone();
    if let (Some(session), Value::Object(members)) = (preferences.session(), &mut source) {
        members.insert("inputs".to_owned(), session.inputs.clone());
    }
    Document::from_value(source).map_err(|error| ApiError::new("InvalidDocument", error.to_string()))
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

/// Whether a session is that of a program on the node, and not of a port.
pub(super) async fn has_program(engine: &Engine, id: &str) -> bool {
    let kind = async {
        let row = engine.store.session(id).await.ok()??;
        let found = documents::find(engine, &row.document_name, documents::selector(None, None)).await.ok()?;
        found.document().ok()?.session().map(|session| session.session_type)
    };
    kind.await.is_some_and(|kind| kind != SessionType::Port)
}

/// A fresh token for the client's end, and where it is good.
fn ticket(ctx: &Ctx, id: &str) -> Result<(String, String), ApiError> {
    let purpose = Purpose::Client { session_id: id.to_owned() };
    let token = ctx.engine.channels.issue(purpose, ctx.now())?;
    ctx.engine.relays.invite(id, ctx.now());
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
    ctx.engine.relays.open(&id, row.traffic, ctx.now());
    let (token_value, stream_url) = ticket(&ctx, &id)?;
    Ok(ResumeSessionOutput {
        session_id: Some(id),
        token_value: Some(token_value.into()),
        stream_url: Some(stream_url),
    })
}

async fn terminate(ctx: Ctx, request: TerminateSession) -> Result<TerminateSessionOutput, ApiError> {
    let details = format!("{} terminated the session.", ctx.caller.arn());
    end(&ctx.engine, &request.session_id, SessionStatus::Terminated, &details).await?;
    Ok(TerminateSessionOutput { session_id: Some(request.session_id) })
}

/// Ends a session from our side: the store first, then whoever is still there. What has ended already stays as it is.
async fn end(engine: &Arc<Engine>, id: &str, status: SessionStatus, output: &str) -> Result<(), ApiError> {
    finish(engine, id, status, output, output).await
}

/// The same where the record says more than the user is told.
async fn finish(
    engine: &Arc<Engine>,
    id: &str,
    status: SessionStatus,
    output: &str,
    why: &str,
) -> Result<(), ApiError> {
    let Some(row) = engine.store.session(id).await? else { return Ok(()) };
    let traffic = engine.relays.traffic(id).unwrap_or(row.traffic);
    let details = details(why, traffic);
    if !engine.store.end_session(id, status, details, traffic, engine.now()).await? {
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

/// One sentence: why a session ended, and what had passed by then.
fn details(why: &str, traffic: Traffic) -> String {
    let Traffic { input, output } = traffic;
    // A record has 1024 characters.
    let why: String = why.chars().take(900).collect();
    let why = why.trim_end().trim_end_matches('.');
    let why = if why.is_empty() { "The session failed without a reason" } else { why };
    format!("{why}{PASSED}{input} bytes went to the node and {output} came back.")
}

/// What a client is told that comes when its session is over: why it failed, where it did.
pub(super) async fn epitaph(engine: &Engine, id: &str) -> Option<Envelope> {
    let row = engine.store.session(id).await.ok()??;
    let failed = row.over && row.status == SessionStatus::Failed;
    let why = row.details.rsplit_once(PASSED).filter(|_| failed).map(|(why, _)| format!("{why}."));
    closed(engine, id, &why.unwrap_or_default()).filter(|_| row.over)
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
    let (output, why) =
        if failed { (complete.output.as_str(), complete.output.as_str()) } else { ("", ENDED_BY_ITSELF) };
    let place = TranscriptPlace {
        bucket: complete.s3_bucket.clone(),
        object_key: complete.s3_url_suffix.clone(),
        log_group: complete.cwl_group.clone(),
        log_stream: complete.cwl_stream.clone(),
    };
    let ended = async {
        if place != TranscriptPlace::default() {
            engine.store.set_session_transcript(id, place).await?;
        }
        finish(engine, id, status, output, why).await
    };
    match ended.await {
        Ok(()) => true,
        Err(error) => {
            tracing::error!(instance_id, %error, "the end of a session could not be kept; the node says it again");
            false
        }
    }
}

/// Ends sessions to which no client has come, in which nothing has happened for too long, or that have lasted too long.
pub(super) async fn tick(engine: &Arc<Engine>) -> Result<(), ApiError> {
    let now = engine.now();
    let minutes = |count: i64| Duration::from_secs(u64::try_from(count).unwrap_or(0) * 60);
    let mut query = SessionQuery::default();
    let mut moved = Vec::new();
    loop {
        let rows = engine.store.sessions(query.clone(), PAGE).await?;
        let Some(last) = rows.last() else { break };
        query.before = Some(last.seq);
        for row in rows {
            let active = engine.relays.last_activity(&row.id).unwrap_or_else(|| {
                // Nobody has come back since the engine started: the time runs from now on.
                engine.relays.open(&row.id, row.traffic, now);
                now
            });
            // So that an engine that is killed has counted all but the last second.
            moved.extend(
                engine.relays.traffic(&row.id).filter(|passed| *passed != row.traffic).map(|t| (row.id.clone(), t)),
            );
            let idle = now.since(active) >= minutes(row.idle_minutes);
            let long = row.max_minutes.is_some_and(|most| now.since(row.started) >= minutes(most));
            // Nobody has a token any more to come with.
            let missed = row.status == SessionStatus::Connecting
                && engine.relays.invited(&row.id).is_some_and(|invited| now.since(invited) >= CLIENT_TOKEN_LIFE);
            let (status, reason) = if long {
                (SessionStatus::Terminated, "The session has reached its maximum duration.".to_owned())
            } else if idle {
                (SessionStatus::Terminated, "The session timed out due to inactivity.".to_owned())
            } else if missed {
                let seconds = CLIENT_TOKEN_LIFE.as_secs();
                (SessionStatus::Failed, format!("No client connected to the session within {seconds} seconds."))
            } else {
                continue;
            };
            end(engine, &row.id, status, &reason).await?;
        }
    }
    if moved.is_empty() { Ok(()) } else { engine.store.set_session_traffic(moved).await }
}

async fn describe(ctx: Ctx, request: DescribeSessions) -> Result<DescribeSessionsOutput, ApiError> {
    let mut query = SessionQuery {
        over: request.state == SessionState::History,
        before: ctx.engine.tokens.resume(&request, request.next_token.as_deref())?,
        ..Default::default()
    };
    for filter in &request.filters {
        let value = Some(filter.value.clone());
        let time = || {
            let refused = || ApiError::validation(format!("{} is not a time in ISO 8601.", filter.key));
            Timestamp::parse_iso(&filter.value).ok_or_else(refused).map(Some)
        };
        match filter.key {
            SessionFilterKey::Target => query.target = value,
            SessionFilterKey::Owner => query.owner = value,
            SessionFilterKey::Status => query.status = value,
            SessionFilterKey::SessionId => query.id = value,
            SessionFilterKey::InvokedAfter => query.invoked_after = time()?,
            SessionFilterKey::InvokedBefore => query.invoked_before = time()?,
            // Every session is of the one kind.
            SessionFilterKey::AccessType if filter.value == AccessType::Standard.as_str() => {}
            SessionFilterKey::AccessType => return Ok(DescribeSessionsOutput::default()),
            SessionFilterKey::Other(_) => return Err(ApiError::bare("InvalidFilterKey")),
        }
    }
    let limit = paging::limit(request.max_results, PAGE);
    let mut rows = ctx.engine.store.sessions(query, limit + 1).await?;
    let cursor = paging::cut(&mut rows, limit, |last| last.seq);
    let next_token = cursor.map(|cursor| ctx.engine.tokens.issue(&request, &cursor)).transpose()?;
    Ok(DescribeSessionsOutput { sessions: rows.into_iter().map(|row| told(&ctx, row)).collect(), next_token })
}

fn told(ctx: &Ctx, row: SessionRow) -> Session {
    let output_url = output_url(ctx, &row.transcript);
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
        output_url,
        max_session_duration: row.max_minutes.map(|minutes| minutes.to_string()),
        access_type: Some(AccessType::Standard),
    }
}

/// Where the transcript is: the object as this endpoint has it, the log stream as CloudWatch's own links name it.
fn output_url(ctx: &Ctx, place: &TranscriptPlace) -> Option<SessionManagerOutputUrl> {
    let url = |there: &str, url: String| (!there.is_empty()).then_some(url);
    let (base, region) = (&ctx.base_url, &ctx.region);
    (*place != TranscriptPlace::default()).then(|| SessionManagerOutputUrl {
        s3_output_url: url(&place.bucket, format!("{base}/{}/{}", place.bucket, place.object_key)),
        cloud_watch_output_url: url(
            &place.log_group,
            format!(
                "https://{region}.console.aws.amazon.com/cloudwatch/home?region={region}#logEventViewer:group={};stream={}",
                place.log_group, place.log_stream
            ),
        ),
    })
}
