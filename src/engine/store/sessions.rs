//! Sessions: what was asked for, where they stand, how they ended.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{Store, query::Query};
use crate::ssm::{ApiError, SessionStatus, Timestamp};

pub(super) const SCHEMA: &str = "
CREATE TABLE sessions (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    target TEXT NOT NULL,
    status TEXT NOT NULL,
    over INTEGER NOT NULL DEFAULT 0,
    started INTEGER NOT NULL,
    ended INTEGER,
    document_name TEXT NOT NULL,
    owner TEXT NOT NULL,
    reason TEXT NOT NULL,
    details TEXT NOT NULL DEFAULT '',
    idle_minutes INTEGER NOT NULL,
    max_minutes INTEGER
) STRICT;
CREATE INDEX sessions_by_state ON sessions (over, seq);
";

/// What is known of a session's end.
pub(super) const SCHEMA_ENDS: &str = "
ALTER TABLE sessions ADD COLUMN bytes_in INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sessions ADD COLUMN bytes_out INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sessions ADD COLUMN bucket TEXT NOT NULL DEFAULT '';
ALTER TABLE sessions ADD COLUMN object_key TEXT NOT NULL DEFAULT '';
ALTER TABLE sessions ADD COLUMN log_group TEXT NOT NULL DEFAULT '';
ALTER TABLE sessions ADD COLUMN log_stream TEXT NOT NULL DEFAULT '';
";

const COLUMNS: &str =
    "seq, id, target, status, over, started, ended, document_name, owner, reason, details, idle_minutes,
    max_minutes, bytes_in, bytes_out, bucket, object_key, log_group, log_stream";

/// A session as it stands.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SessionRow {
    pub seq: i64,
    pub id: String,
    pub target: String,
    pub status: SessionStatus,
    /// Whether it has ended.
    pub over: bool,
    pub started: Timestamp,
    pub ended: Option<Timestamp>,
    pub document_name: String,
    /// The caller's ARN.
    pub owner: String,
    pub reason: String,
    pub details: String,
    /// Minutes without input or output after which it ends.
    pub idle_minutes: i64,
    /// Minutes after which it ends in any case.
    pub max_minutes: Option<i64>,
    pub traffic: Traffic,
    pub transcript: TranscriptPlace,
}

/// Bytes of the stream, without what holds it together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Traffic {
    /// From the client to the node.
    pub input: u64,
    /// From the node to the client.
    pub output: u64,
}

/// Where a transcript is; empty texts where it is not.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct TranscriptPlace {
    pub bucket: String,
    pub object_key: String,
    pub log_group: String,
    pub log_stream: String,
}

/// What `DescribeSessions` asks for.
#[derive(Clone, Debug, Default)]
pub(crate) struct SessionQuery {
    pub over: bool,
    pub target: Option<String>,
    pub owner: Option<String>,
    pub status: Option<String>,
    pub id: Option<String>,
    pub invoked_after: Option<Timestamp>,
    pub invoked_before: Option<Timestamp>,
    /// Only older ones than this.
    pub before: Option<i64>,
}

impl Store {
    /// Keeps a new session; its `seq` is given by the store.
    pub(crate) async fn create_session(&self, session: SessionRow) -> Result<(), ApiError> {
        self.write(move |db| {
            db.prepare_cached(
                "INSERT INTO sessions (id, target, status, started, document_name, owner, reason, idle_minutes, max_minutes)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            )?
            .execute(params![
                session.id,
                session.target,
                session.status.as_str(),
                session.started.as_millis(),
                session.document_name,
                session.owner,
                session.reason,
                session.idle_minutes,
                session.max_minutes,
            ])?;
            Ok(())
        })
        .await
    }

    /// Finds a session.
    pub(crate) async fn session(&self, id: &str) -> Result<Option<SessionRow>, ApiError> {
        let id = id.to_owned();
        self.read(move |db| {
            let sql = format!("SELECT {COLUMNS} FROM sessions WHERE id = ?1");
            Ok(db.prepare_cached(&sql)?.query_row([id], session).optional()?)
        })
        .await
    }

    /// Up to `limit` sessions, newest first.
    pub(crate) async fn sessions(&self, wanted: SessionQuery, limit: usize) -> Result<Vec<SessionRow>, ApiError> {
        self.read(move |db| {
            let mut query = Query::new(&format!("SELECT {COLUMNS} FROM sessions WHERE over = "));
            query.bind(wanted.over);
            query.and("target =", wanted.target);
            query.and("owner =", wanted.owner);
            query.and("status =", wanted.status);
            query.and("id =", wanted.id);
            query.and("started >", wanted.invoked_after.map(Timestamp::as_millis));
            query.and("started <", wanted.invoked_before.map(Timestamp::as_millis));
            query.and("seq <", wanted.before);
            query.text(" ORDER BY seq DESC");
            query.limit(limit);
            query.run(db, session)
        })
        .await
    }

    /// Notes how a session stands, unless it has ended.
    pub(crate) async fn set_session_status(&self, id: &str, status: SessionStatus) -> Result<(), ApiError> {
        let id = id.to_owned();
        self.write(move |db| {
            db.prepare_cached("UPDATE sessions SET status = ?2 WHERE id = ?1 AND over = 0")?
                .execute(params![id, status.as_str()])?;
            Ok(())
        })
        .await
    }

    /// Ends a session. Answers whether it had not ended before.
    pub(crate) async fn end_session(
        &self,
        id: &str,
        status: SessionStatus,
        details: String,
        traffic: Traffic,
        now: Timestamp,
    ) -> Result<bool, ApiError> {
        let id = id.to_owned();
        self.write(move |db| {
            let ended = db
                .prepare_cached(
                    "UPDATE sessions SET status = ?2, details = ?3, ended = ?4, bytes_in = ?5, bytes_out = ?6, over = 1
                     WHERE id = ?1 AND over = 0",
                )?
                .execute(params![
                    id,
                    status.as_str(),
                    details,
                    now.as_millis(),
                    count(traffic.input),
                    count(traffic.output)
                ])?;
            Ok(ended > 0)
        })
        .await
    }

    /// Notes how much has passed in sessions that go on.
    pub(crate) async fn set_session_traffic(&self, traffic: Vec<(String, Traffic)>) -> Result<(), ApiError> {
        self.write(move |db| {
            let mut update =
                db.prepare_cached("UPDATE sessions SET bytes_in = ?2, bytes_out = ?3 WHERE id = ?1 AND over = 0")?;
            for (id, traffic) in traffic {
                update.execute(params![id, count(traffic.input), count(traffic.output)])?;
            }
            Ok(())
        })
        .await
    }

    /// Notes where the transcript of a session is, whether it has ended or not.
    pub(crate) async fn set_session_transcript(&self, id: &str, place: TranscriptPlace) -> Result<(), ApiError> {
        let id = id.to_owned();
        self.write(move |db| {
            db.prepare_cached(
                "UPDATE sessions SET bucket = ?2, object_key = ?3, log_group = ?4, log_stream = ?5 WHERE id = ?1",
            )?
            .execute(params![id, place.bucket, place.object_key, place.log_group, place.log_stream])?;
            Ok(())
        })
        .await
    }
}

/// Notes that no session has its client: before the engine serves anybody, none has, whatever the last one kept. Those whose
/// clients come back say so. One whose client has never come goes on waiting for it.
pub(super) fn hang_up(db: &Connection) -> rusqlite::Result<()> {
    let [connected, disconnected] = [SessionStatus::Connected, SessionStatus::Disconnected];
    db.execute(
        "UPDATE sessions SET status = ?1 WHERE over = 0 AND status = ?2",
        [disconnected.as_str(), connected.as_str()],
    )?;
    Ok(())
}

fn count(bytes: u64) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

fn session(row: &Row<'_>) -> rusqlite::Result<SessionRow> {
    Ok(SessionRow {
        seq: row.get(0)?,
        id: row.get(1)?,
        target: row.get(2)?,
        status: SessionStatus::from(row.get::<_, String>(3)?),
        over: row.get(4)?,
        started: Timestamp::from_millis(row.get(5)?),
        ended: row.get::<_, Option<i64>>(6)?.map(Timestamp::from_millis),
        document_name: row.get(7)?,
        owner: row.get(8)?,
        reason: row.get(9)?,
        details: row.get(10)?,
        idle_minutes: row.get(11)?,
        max_minutes: row.get(12)?,
        traffic: Traffic {
            input: row.get::<_, i64>(13)?.try_into().unwrap_or(0),
            output: row.get::<_, i64>(14)?.try_into().unwrap_or(0),
        },
        transcript: TranscriptPlace {
            bucket: row.get(15)?,
            object_key: row.get(16)?,
            log_group: row.get(17)?,
            log_stream: row.get(18)?,
        },
    })
}
