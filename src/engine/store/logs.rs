//! Log groups, their streams, and the events in them.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{Outcome, Store, query::Query};
use crate::ssm::{ApiError, Timestamp};

pub(super) const SCHEMA: &str = "
CREATE TABLE log_groups (
    name TEXT PRIMARY KEY,
    created INTEGER NOT NULL,
    key TEXT,
    bytes INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE TABLE log_streams (
    id INTEGER PRIMARY KEY,
    log_group TEXT NOT NULL REFERENCES log_groups (name) ON DELETE CASCADE,
    name TEXT NOT NULL,
    created INTEGER NOT NULL,
    first INTEGER,
    last INTEGER,
    ingested INTEGER,
    bytes INTEGER NOT NULL DEFAULT 0,
    UNIQUE (log_group, name)
) STRICT;
CREATE TABLE log_events (
    seq INTEGER PRIMARY KEY,
    stream INTEGER NOT NULL REFERENCES log_streams (id) ON DELETE CASCADE,
    time INTEGER NOT NULL,
    ingested INTEGER NOT NULL,
    sealed INTEGER NOT NULL,
    message BLOB NOT NULL
) STRICT;
CREATE INDEX log_events_by_time ON log_events (stream, time, seq);
";

/// A log group.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct GroupRow {
    pub name: String,
    pub created: Timestamp,
    /// The id of the key that seals its events.
    pub key: Option<String>,
    pub bytes: i64,
}

/// A log stream.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct StreamRow {
    pub name: String,
    pub created: Timestamp,
    pub first: Option<i64>,
    pub last: Option<i64>,
    pub ingested: Option<i64>,
    pub bytes: i64,
}

/// An event to be kept.
#[derive(Clone, Debug)]
pub(crate) struct NewEvent {
    pub time: i64,
    pub message: Vec<u8>,
    pub is_sealed: bool,
    /// What it counts for.
    pub size: usize,
}

/// An event as it is kept.
#[derive(Clone, Debug)]
pub(crate) struct EventRow {
    pub seq: i64,
    pub time: i64,
    pub ingested: i64,
    pub is_sealed: bool,
    pub message: Vec<u8>,
}

/// Where a page of events lies: behind or before an event, given by its time and number.
#[derive(Clone, Copy, Debug)]
pub(crate) enum EventCursor {
    Behind(i64, i64),
    Before(i64, i64),
}

/// What `GetLogEvents` asks for.
#[derive(Clone, Debug)]
pub(crate) struct EventQuery {
    pub group: String,
    pub stream: String,
    pub cursor: EventCursor,
    /// Not older than this.
    pub from: Option<i64>,
    /// Older than this.
    pub until: Option<i64>,
    pub limit: usize,
    /// The most bytes of messages, but for the first one.
    pub bytes: usize,
}

impl Store {
    /// Keeps a new group. Errors: `ResourceAlreadyExistsException`.
    pub(crate) async fn create_log_group(&self, group: GroupRow) -> Result<(), ApiError> {
        self.write(move |db| {
            let made = db
                .prepare_cached(
                    "INSERT INTO log_groups (name, created, key) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
                )?
                .execute(params![group.name, group.created.as_millis(), group.key])?;
            exists(made, "log group")
        })
        .await
    }

    /// Keeps a new stream. Errors: `ResourceAlreadyExistsException`, `ResourceNotFoundException`.
    pub(crate) async fn create_log_stream(&self, group: String, name: String, now: Timestamp) -> Result<(), ApiError> {
        self.write(move |db| {
            log_group(db, &group)?;
            let made = db
                .prepare_cached(
                    "INSERT INTO log_streams (log_group, name, created) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
                )?
                .execute(params![group, name, now.as_millis()])?;
            exists(made, "log stream")
        })
        .await
    }

    /// Finds a group. Errors: `ResourceNotFoundException`.
    pub(crate) async fn log_group(&self, name: String) -> Result<GroupRow, ApiError> {
        self.read(move |db| log_group(db, &name)).await
    }

    /// Appends events to a stream, all or none. Errors: `ResourceNotFoundException`.
    pub(crate) async fn put_log_events(
        &self,
        group: String,
        stream: String,
        events: Vec<NewEvent>,
        now: Timestamp,
    ) -> Result<(), ApiError> {
        self.write(move |db| {
            let id = log_stream(db, &group, &stream)?;
            let mut insert = db.prepare_cached(
                "INSERT INTO log_events (stream, time, ingested, sealed, message) VALUES (?1, ?2, ?3, ?4, ?5)",
            )?;
            let now = now.as_millis();
            let mut bytes = 0;
            for event in &events {
                insert.execute(params![id, event.time, now, event.is_sealed, event.message])?;
                bytes += i64::try_from(event.size).unwrap_or(i64::MAX);
            }
            let times = events.iter().map(|event| event.time);
            db.prepare_cached(
                "UPDATE log_streams SET first = min(ifnull(first, ?2), ?2), last = max(ifnull(last, ?3), ?3),
                 ingested = ?4, bytes = bytes + ?5 WHERE id = ?1",
            )?
            .execute(params![id, times.clone().min(), times.max(), now, bytes])?;
            db.prepare_cached("UPDATE log_groups SET bytes = bytes + ?2 WHERE name = ?1")?
                .execute(params![group, bytes])?;
            Ok(())
        })
        .await
    }

    /// A page of events, oldest first. Errors: `ResourceNotFoundException`.
    pub(crate) async fn log_events(&self, wanted: EventQuery) -> Result<Vec<EventRow>, ApiError> {
        self.read(move |db| {
            let mut query = Query::new("SELECT seq, time, ingested, sealed, message FROM log_events WHERE stream = ");
            query.bind(log_stream(db, &wanted.group, &wanted.stream)?);
            query.and("time >=", wanted.from);
            query.and("time <", wanted.until);
            let (test, time, seq, order) = match wanted.cursor {
                EventCursor::Behind(time, seq) => (">", time, seq, "ASC"),
                EventCursor::Before(time, seq) => ("<", time, seq, "DESC"),
            };
            query.text(&format!(" AND (time, seq) {test} ("));
            query.bind(time);
            query.text(", ");
            query.bind(seq);
            query.text(&format!(") ORDER BY time {order}, seq {order}"));
            query.limit(wanted.limit);
            let mut bytes = 0;
            let mut fits = 0;
            // Messages beyond the page are not even read: a page is bounded by its bytes, not by its rows.
            let mut rows = query.run(db, |row| {
                bytes += row.get_ref(4)?.as_blob()?.len();
                if fits > 0 && bytes > wanted.bytes {
                    return Ok(None);
                }
                fits += 1;
                event(row).map(Some)
            })?;
            rows.truncate(fits);
            let mut rows: Vec<EventRow> = rows.into_iter().flatten().collect();
            if matches!(wanted.cursor, EventCursor::Before(..)) {
                rows.reverse();
            }
            Ok(rows)
        })
        .await
    }

    /// Up to `limit` groups whose names begin with `prefix`, in the order of their names.
    pub(crate) async fn log_groups(
        &self,
        prefix: String,
        after: Option<String>,
        limit: usize,
    ) -> Result<Vec<GroupRow>, ApiError> {
        self.read(move |db| {
            let mut query = Query::new("SELECT name, created, key, bytes FROM log_groups WHERE name >= ");
            query.bind(prefix.clone());
            query.and("substr(name, 1, length(?1)) =", Some(prefix));
            query.and("name >", after);
            query.text(" ORDER BY name");
            query.limit(limit);
            query.run(db, group)
        })
        .await
    }

    /// Up to `limit` streams of a group, likewise. Errors: `ResourceNotFoundException`.
    pub(crate) async fn log_streams(
        &self,
        group: String,
        prefix: String,
        after: Option<String>,
        limit: usize,
    ) -> Result<Vec<StreamRow>, ApiError> {
        self.read(move |db| {
            log_group(db, &group)?;
            let mut query =
                Query::new("SELECT name, created, first, last, ingested, bytes FROM log_streams WHERE name >= ");
            query.bind(prefix.clone());
            query.and("substr(name, 1, length(?1)) =", Some(prefix));
            query.and("log_group =", Some(group));
            query.and("name >", after);
            query.text(" ORDER BY name");
            query.limit(limit);
            query.run(db, stream)
        })
        .await
    }
}

fn exists(made: usize, what: &str) -> Outcome<()> {
    match made {
        0 => {
            let message = format!("The specified {what} already exists");
            Err(ApiError::new("ResourceAlreadyExistsException", message).into())
        }
        _ => Ok(()),
    }
}

fn missing(what: &str) -> ApiError {
    ApiError::new("ResourceNotFoundException", format!("The specified {what} does not exist."))
}

fn log_group(db: &Connection, name: &str) -> Outcome<GroupRow> {
    let found = db
        .prepare_cached("SELECT name, created, key, bytes FROM log_groups WHERE name = ?1")?
        .query_row([name], group)
        .optional()?;
    Ok(found.ok_or_else(|| missing("log group"))?)
}

fn log_stream(db: &Connection, group: &str, name: &str) -> Outcome<i64> {
    log_group(db, group)?;
    let found = db
        .prepare_cached("SELECT id FROM log_streams WHERE log_group = ?1 AND name = ?2")?
        .query_row([group, name], |row| row.get(0))
        .optional()?;
    Ok(found.ok_or_else(|| missing("log stream"))?)
}

fn group(row: &Row<'_>) -> rusqlite::Result<GroupRow> {
    Ok(GroupRow {
        name: row.get(0)?,
        created: Timestamp::from_millis(row.get(1)?),
        key: row.get(2)?,
        bytes: row.get(3)?,
    })
}

fn stream(row: &Row<'_>) -> rusqlite::Result<StreamRow> {
    Ok(StreamRow {
        name: row.get(0)?,
        created: Timestamp::from_millis(row.get(1)?),
        first: row.get(2)?,
        last: row.get(3)?,
        ingested: row.get(4)?,
        bytes: row.get(5)?,
    })
}

fn event(row: &Row<'_>) -> rusqlite::Result<EventRow> {
    Ok(EventRow {
        seq: row.get(0)?,
        time: row.get(1)?,
        ingested: row.get(2)?,
        is_sealed: row.get(3)?,
        message: row.get(4)?,
    })
}
