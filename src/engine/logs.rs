//! CloudWatch Logs, as much of it as transcripts need: groups, streams, events. A group with a KMS key holds sealed events.

use super::{
    ACCOUNT, Ctx, Router, kms,
    store::logs::{EventCursor, EventQuery, EventRow, GroupRow, NewEvent, StreamRow},
};
use crate::ssm::{ApiError, logs::*};

/// The size of a page of groups or streams, and the largest that can be asked for.
const PAGE: usize = 50;
/// The most bytes of one page of events.
const PAGE_BYTES: usize = 1 << 20;

/// The operations of CloudWatch Logs.
pub(super) fn operations() -> Router {
    Router::default()
        .handle(create_group)
        .handle(create_stream)
        .handle(put_events)
        .handle(get_events)
        .handle(describe_groups)
        .handle(describe_streams)
}

fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::new("InvalidParameterException", message)
}

/// What the events of a group are bound to while they are sealed.
fn bound(group: &str) -> Vec<u8> {
    [b"logs\0", group.as_bytes()].concat()
}

async fn create_group(ctx: Ctx, request: CreateLogGroup) -> Result<Nothing, ApiError> {
    let key = request.kms_key_id.as_deref().map(|name| {
        kms::find(&ctx.engine, &ctx.region, name)
            .map_err(|error| invalid(error.message.unwrap_or_else(|| "The key is not valid.".to_owned())))
    });
    let group = GroupRow {
        name: request.log_group_name,
        created: ctx.now(),
        key: key.transpose()?.map(|key| key.to_string()),
        bytes: 0,
    };
    ctx.engine.store.create_log_group(group).await?;
    Ok(Nothing {})
}

async fn create_stream(ctx: Ctx, request: CreateLogStream) -> Result<Nothing, ApiError> {
    ctx.engine.store.create_log_stream(request.log_group_name, request.log_stream_name, ctx.now()).await?;
    Ok(Nothing {})
}

async fn put_events(ctx: Ctx, request: PutLogEvents) -> Result<PutLogEventsOutput, ApiError> {
    let size: usize = request.log_events.iter().map(|event| event.message.len() + EVENT_OVERHEAD).sum();
    if size > BATCH_BYTES {
        return Err(invalid(format!("Upload too large: {size} bytes exceeds limit of {BATCH_BYTES}")));
    }
    if request.log_events.windows(2).any(|pair| pair[0].timestamp > pair[1].timestamp) {
        return Err(invalid("Log events in a single PutLogEvents request must be in chronological order."));
    }
    let group = ctx.engine.store.log_group(request.log_group_name.clone()).await?;
    let key = group.key.as_deref().map(|key| kms::find(&ctx.engine, &ctx.region, key)).transpose()?;
    let mut events = Vec::with_capacity(request.log_events.len());
    for event in request.log_events {
        let message = event.message.into_bytes();
        let (message, is_sealed, size) = match key {
            Some(key) => {
                (ctx.engine.keyring.seal(key, &bound(&request.log_group_name), &message)?, true, message.len())
            }
            None => {
                let size = message.len();
                (message, false, size)
            }
        };
        events.push(NewEvent { time: event.timestamp, message, is_sealed, size: size + EVENT_OVERHEAD });
    }
    ctx.engine.store.put_log_events(request.log_group_name, request.log_stream_name, events, ctx.now()).await?;
    // Long without a meaning, but clients of old print it.
    Ok(PutLogEventsOutput { next_sequence_token: Some("0".repeat(56)) })
}

async fn get_events(ctx: Ctx, request: GetLogEvents) -> Result<GetLogEventsOutput, ApiError> {
    let asked = request.next_token.filter(|token| !token.is_empty());
    let cursor = match &asked {
        Some(token) => read_token(token).ok_or_else(|| invalid("The specified nextToken is invalid."))?,
        None if request.start_from_head == Some(true) => EventCursor::Behind(i64::MIN, i64::MIN),
        None => EventCursor::Before(i64::MAX, i64::MAX),
    };
    let query = EventQuery {
        group: request.log_group_name.clone(),
        stream: request.log_stream_name,
        cursor,
        from: request.start_time,
        until: request.end_time,
        limit: super::paging::limit(request.limit, BATCH_EVENTS),
        bytes: PAGE_BYTES,
    };
    let rows = ctx.engine.store.log_events(query).await?;
    let place = |letter: char, row: Option<&EventRow>| match (row, &asked) {
        (Some(row), _) => Some(format!("{letter}/{}/{}", row.time, row.seq)),
        // A token that comes back as it was sent says that there is nothing more that way.
        (None, Some(token)) => Some(token.clone()),
        (None, None) => Some(format!("{letter}/{}/0", if letter == 'f' { i64::MIN } else { i64::MAX })),
    };
    let next_forward_token = place('f', rows.last());
    let next_backward_token = place('b', rows.first());
    let bound = bound(&request.log_group_name);
    let mut events = Vec::with_capacity(rows.len());
    for row in rows {
        let message = if row.is_sealed { ctx.engine.keyring.open_value(&bound, &row.message)? } else { row.message };
        events.push(OutputLogEvent {
            timestamp: Some(row.time),
            message: Some(String::from_utf8_lossy(&message).into_owned()),
            ingestion_time: Some(row.ingested),
        });
    }
    Ok(GetLogEventsOutput { events, next_forward_token, next_backward_token })
}

/// Reads `f/<time>/<number>` or `b/…`.
fn read_token(token: &str) -> Option<EventCursor> {
    let mut parts = token.split('/');
    let (direction, time, seq) = (parts.next()?, parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    match (direction, parts.next()) {
        ("f", None) => Some(EventCursor::Behind(time, seq)),
        ("b", None) => Some(EventCursor::Before(time, seq)),
        _ => None,
    }
}

async fn describe_groups(ctx: Ctx, request: DescribeLogGroups) -> Result<DescribeLogGroupsOutput, ApiError> {
    let bound =
        DescribeLogGroups { log_group_name_prefix: request.log_group_name_prefix.clone(), ..Default::default() };
    let after = ctx.engine.tokens.resume(&bound, request.next_token.as_deref()).map_err(|_| bad_token())?;
    let limit = super::paging::limit(request.limit, PAGE);
    let prefix = request.log_group_name_prefix.unwrap_or_default();
    let mut rows = ctx.engine.store.log_groups(prefix, after, limit + 1).await?;
    let cursor = super::paging::cut(&mut rows, limit, |row| row.name.clone());
    let next_token = cursor.map(|cursor| ctx.engine.tokens.issue(&bound, &cursor)).transpose()?;
    let group = |row: GroupRow| LogGroup {
        arn: Some(format!("arn:aws:logs:{}:{ACCOUNT}:log-group:{}:*", ctx.region, row.name)),
        log_group_name: Some(row.name),
        creation_time: Some(row.created.as_millis()),
        stored_bytes: Some(row.bytes),
        kms_key_id: row.key.map(|key| format!("arn:aws:kms:{}:{ACCOUNT}:key/{key}", ctx.region)),
    };
    Ok(DescribeLogGroupsOutput { log_groups: rows.into_iter().map(group).collect(), next_token })
}

async fn describe_streams(ctx: Ctx, request: DescribeLogStreams) -> Result<DescribeLogStreamsOutput, ApiError> {
    let bound = DescribeLogStreams { next_token: None, limit: None, ..request.clone() };
    let group = request.log_group_name.ok_or_else(|| invalid("Specify logGroupName."))?;
    let after = ctx.engine.tokens.resume(&bound, request.next_token.as_deref()).map_err(|_| bad_token())?;
    let limit = super::paging::limit(request.limit, PAGE);
    let prefix = request.log_stream_name_prefix.unwrap_or_default();
    let mut rows = ctx.engine.store.log_streams(group.clone(), prefix, after, limit + 1).await?;
    let cursor = super::paging::cut(&mut rows, limit, |row| row.name.clone());
    let next_token = cursor.map(|cursor| ctx.engine.tokens.issue(&bound, &cursor)).transpose()?;
    let stream = |row: StreamRow| LogStream {
        arn: Some(format!("arn:aws:logs:{}:{ACCOUNT}:log-group:{group}:log-stream:{}", ctx.region, row.name)),
        log_stream_name: Some(row.name),
        creation_time: Some(row.created.as_millis()),
        first_event_timestamp: row.first,
        last_event_timestamp: row.last,
        last_ingestion_time: row.ingested,
        stored_bytes: Some(row.bytes),
    };
    Ok(DescribeLogStreamsOutput { log_streams: rows.into_iter().map(stream).collect(), next_token })
}

fn bad_token() -> ApiError {
    invalid("The specified nextToken is invalid.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::tests::{Harness, code};

    fn put(messages: &[&str], time: i64) -> PutLogEvents {
        let event = |message: &&str| InputLogEvent { timestamp: time, message: (*message).to_owned() };
        PutLogEvents {
            log_group_name: "/sessions".into(),
            log_stream_name: "root-1".into(),
            log_events: messages.iter().map(event).collect(),
            sequence_token: None,
        }
    }

    async fn with_stream(key: Option<&str>) -> Harness {
        let engine = Harness::new();
        assert_eq!(code(engine.call(put(&["x"], 1)).await), "ResourceNotFoundException");
        let group = CreateLogGroup {
            log_group_name: "/sessions".into(),
            kms_key_id: key.map(str::to_owned),
            ..Default::default()
        };
        engine.call(group.clone()).await.unwrap();
        assert_eq!(code(engine.call(group).await), "ResourceAlreadyExistsException");
        let stream = CreateLogStream { log_group_name: "/sessions".into(), log_stream_name: "root-1".into() };
        engine.call(stream.clone()).await.unwrap();
        assert_eq!(code(engine.call(stream).await), "ResourceAlreadyExistsException");
        engine
    }

    fn get() -> GetLogEvents {
        GetLogEvents {
            log_group_name: "/sessions".into(),
            log_stream_name: "root-1".into(),
            limit: Some(2),
            start_from_head: Some(true),
            ..Default::default()
        }
    }

    fn texts(answer: &GetLogEventsOutput) -> Vec<&str> {
        answer.events.iter().filter_map(|event| event.message.as_deref()).collect()
    }

    #[tokio::test]
    async fn events_are_read_page_by_page_in_both_directions() {
        let engine = with_stream(None).await;
        engine.call(put(&["a", "b"], 10)).await.unwrap();
        engine.call(put(&["c"], 20)).await.unwrap();
        let first = engine.call(get()).await.unwrap();
        assert_eq!(texts(&first), ["a", "b"]);
        let on = GetLogEvents { next_token: first.next_forward_token, ..get() };
        let second = engine.call(on).await.unwrap();
        assert_eq!(texts(&second), ["c"]);
        let on = GetLogEvents { next_token: second.next_forward_token.clone(), ..get() };
        let end = engine.call(on).await.unwrap();
        assert!(end.events.is_empty());
        assert_eq!(end.next_forward_token, second.next_forward_token, "the same token says that this is the end");
        let back = GetLogEvents { next_token: second.next_backward_token, ..get() };
        assert_eq!(texts(&engine.call(back).await.unwrap()), ["a", "b"]);
        let newest = GetLogEvents { start_from_head: None, ..get() };
        assert_eq!(texts(&engine.call(newest).await.unwrap()), ["b", "c"]);
        let between = GetLogEvents { start_time: Some(11), end_time: Some(21), ..get() };
        assert_eq!(texts(&engine.call(between).await.unwrap()), ["c"]);
        let nonsense = GetLogEvents { next_token: Some("x".into()), ..get() };
        assert_eq!(code(engine.call(nonsense).await), "InvalidParameterException");
    }

    #[tokio::test]
    async fn what_a_call_must_not_carry_is_refused() {
        let engine = with_stream(None).await;
        let mut unordered = put(&["a", "b"], 10);
        unordered.log_events[1].timestamp = 9;
        assert_eq!(code(engine.call(unordered).await), "InvalidParameterException");
        let large = "x".repeat(BATCH_BYTES);
        assert_eq!(code(engine.call(put(&[&large], 1)).await), "InvalidParameterException");
        assert_eq!(code(engine.call(put(&[""], 1)).await), "InvalidParameterException");
        let lost = PutLogEvents { log_stream_name: "root-2".into(), ..put(&["a"], 1) };
        assert_eq!(code(engine.call(lost).await), "ResourceNotFoundException");
    }

    #[tokio::test]
    async fn a_group_with_a_key_holds_no_plain_text() {
        let engine = with_stream(Some("alias/app")).await;
        engine.call(put(&["hunter2-hunter2"], 10)).await.unwrap();
        assert_eq!(texts(&engine.call(get()).await.unwrap()), ["hunter2-hunter2"]);
        let mut found = false;
        for entry in std::fs::read_dir(engine.directory()).unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() {
                let bytes = std::fs::read(&path).unwrap();
                found |= bytes.windows(15).any(|window| window == b"hunter2-hunter2");
            }
        }
        assert!(!found, "the message is in the database as it was sent");
        let groups = engine.call(DescribeLogGroups::default()).await.unwrap().log_groups;
        assert!(groups[0].kms_key_id.as_ref().unwrap().starts_with("arn:aws:kms:"));
        let streams = DescribeLogStreams { log_group_name: Some("/sessions".into()), ..Default::default() };
        let streams = engine.call(streams).await.unwrap().log_streams;
        assert_eq!((streams[0].first_event_timestamp, streams[0].last_event_timestamp), (Some(10), Some(10)));
    }
}
