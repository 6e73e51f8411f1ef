//! Commands and what is told about them. How their invocations move is [`super::invocations`].

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{Outcome, Store, invocations, query::Query};
use crate::{
    engine::commands::state::{self, Invocation, Tally},
    ssm::{ApiError, Command, CommandStatus, Timestamp},
    wire::messages::CommandJob,
};

pub(super) const SCHEMA: &str = "
CREATE TABLE commands (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    requested INTEGER NOT NULL,
    document_name TEXT NOT NULL,
    status TEXT NOT NULL,
    details TEXT NOT NULL,
    stage TEXT NOT NULL,
    cancelled INTEGER NOT NULL DEFAULT 0,
    max_concurrency INTEGER NOT NULL,
    max_errors INTEGER NOT NULL,
    delivery_deadline INTEGER NOT NULL,
    execution_millis INTEGER NOT NULL,
    completed INTEGER NOT NULL DEFAULT 0,
    errors INTEGER NOT NULL DEFAULT 0,
    delivery_timed_out INTEGER NOT NULL DEFAULT 0,
    record TEXT NOT NULL,
    job TEXT NOT NULL,
    steps TEXT NOT NULL
) STRICT;
CREATE TABLE invocations (
    seq INTEGER NOT NULL REFERENCES commands (seq) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    instance_id TEXT NOT NULL,
    instance_name TEXT NOT NULL,
    bucket TEXT NOT NULL,
    state TEXT NOT NULL,
    status TEXT NOT NULL,
    done INTEGER NOT NULL,
    deadline INTEGER NOT NULL,
    sent INTEGER,
    started INTEGER,
    ended INTEGER,
    trace TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (seq, position)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX invocations_by_node ON invocations (instance_id, seq);
CREATE INDEX invocations_by_state ON invocations (seq, state);
CREATE INDEX invocations_open ON invocations (deadline) WHERE done = 0;
CREATE TABLE step_results (
    seq INTEGER NOT NULL,
    instance_id TEXT NOT NULL,
    step TEXT NOT NULL,
    result TEXT NOT NULL,
    stdout TEXT NOT NULL,
    stderr TEXT NOT NULL,
    PRIMARY KEY (seq, instance_id, step)
) STRICT;
";

const COLUMNS: &str =
    "c.seq, c.id, c.requested, c.status, c.details, c.completed, c.errors, c.delivery_timed_out, c.record,
    c.steps";

/// How many commands are forgotten in one transaction.
const AT_ONCE: u32 = 100;

impl Store {
    /// Forgets the commands of before a time whose invocations have all ended, and the sessions that had ended by then.
    pub(crate) async fn forget_history(&self, before: Timestamp) -> Result<(), ApiError> {
        let forget = move |db: &Connection| {
            let old = "SELECT c.seq FROM commands AS c WHERE c.requested < ?1 \
                       AND NOT EXISTS (SELECT 1 FROM invocations AS i WHERE i.seq = c.seq AND i.done = 0) LIMIT ?2";
            let mut statement = db.prepare_cached(old)?;
            let found = statement.query_map(params![before.as_millis(), AT_ONCE], |row| row.get::<_, i64>(0))?;
            let found = found.collect::<Result<Vec<_>, _>>()?;
            for seq in &found {
                db.prepare_cached("DELETE FROM step_results WHERE seq = ?1")?.execute([seq])?;
                db.prepare_cached("DELETE FROM commands WHERE seq = ?1")?.execute([seq])?;
            }
            db.prepare_cached("DELETE FROM sessions WHERE over = 1 AND ended < ?1")?.execute([before.as_millis()])?;
            Ok(u32::try_from(found.len()).unwrap_or(u32::MAX))
        };
        while self.write(forget).await? == AT_ONCE {}
        Ok(())
    }
}

/// A command that is about to be kept.
#[derive(Clone, Debug)]
pub(crate) struct NewCommand {
    pub id: String,
    pub requested: Timestamp,
    /// Everything that is told about the command and never changes.
    pub record: Command,
    /// What the nodes are sent, without a bucket for the output.
    pub job: CommandJob,
    /// Name and action of every step.
    pub steps: Vec<(String, String)>,
    pub max_concurrency: u64,
    pub max_errors: u64,
    pub delivery_deadline: Timestamp,
    /// How long all steps together may take.
    pub execution_millis: i64,
    pub targets: Vec<NewInvocation>,
}

/// One of its targets.
#[derive(Clone, Debug)]
pub(crate) struct NewInvocation {
    pub instance_id: String,
    pub instance_name: String,
    /// The bucket that the node puts whole output into; empty for none.
    pub bucket: String,
    pub state: Invocation,
}

/// A command as it stands.
#[derive(Clone, Debug)]
pub(crate) struct CommandRow {
    pub seq: i64,
    pub id: String,
    pub requested: Timestamp,
    pub record: Command,
    pub steps: Vec<(String, String)>,
}

/// The filters that both lists of Run Command take.
#[derive(Clone, Debug, Default)]
pub(crate) struct CommandFilters {
    pub document_name: Option<String>,
    pub status: Option<String>,
    pub stage: Option<String>,
    pub invoked_after: Option<Timestamp>,
    pub invoked_before: Option<Timestamp>,
}

/// What `ListCommands` asks for.
#[derive(Clone, Debug, Default)]
pub(crate) struct CommandQuery {
    pub id: Option<String>,
    pub instance_id: Option<String>,
    pub filters: CommandFilters,
    /// Only older ones than this.
    pub before: Option<i64>,
}

impl Store {
    /// Keeps a command and its invocations.
    pub(crate) async fn create_command(&self, new: NewCommand) -> Result<CommandRow, ApiError> {
        self.write(move |db| {
            let json = |value: Result<String, serde_json::Error>| {
                value.map_err(|_| ApiError::internal("The command could not be written."))
            };
            let mut tally = Tally::default();
            new.targets.iter().for_each(|target| tally.add(target.state, 1));
            let standing = state::command(&tally, new.max_errors, false);
            db.prepare_cached(
                "INSERT INTO commands (id, requested, document_name, status, details, stage, max_concurrency, max_errors,
                    delivery_deadline, execution_millis, record, job, steps)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
            )?
            .execute(params![
                new.id,
                new.requested.as_millis(),
                new.record.document_name,
                standing.status().as_str(),
                standing.details(),
                standing.stage(),
                clamp(new.max_concurrency),
                clamp(new.max_errors),
                new.delivery_deadline.as_millis(),
                new.execution_millis,
                json(serde_json::to_string(&new.record))?,
                json(serde_json::to_string(&new.job))?,
                json(serde_json::to_string(&new.steps))?,
            ])?;
            let seq = db.last_insert_rowid();
            let mut insert = db.prepare_cached(
                "INSERT INTO invocations (seq, position, instance_id, instance_name, bucket, state, status, done, deadline,
                    ended) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
            )?;
            for (position, target) in new.targets.iter().enumerate() {
                insert.execute(params![
                    seq,
                    position as i64,
                    target.instance_id,
                    target.instance_name,
                    target.bucket,
                    target.state.as_str(),
                    target.state.status().as_str(),
                    target.state.is_done(),
                    new.delivery_deadline.as_millis(),
                    target.state.is_done().then_some(new.requested.as_millis()),
                ])?;
            }
            invocations::refresh(db, seq, new.requested)?;
            let sql = format!("SELECT {COLUMNS} FROM commands c WHERE c.seq = ?1");
            Ok(db.prepare_cached(&sql)?.query_row([seq], command)?)
        })
        .await
    }

    /// Finds a command.
    pub(crate) async fn command(&self, id: &str) -> Result<Option<CommandRow>, ApiError> {
        let id = id.to_owned();
        self.read(move |db| find(db, &id)).await
    }

    /// Up to `limit` commands, newest first.
    pub(crate) async fn commands(&self, wanted: CommandQuery, limit: usize) -> Result<Vec<CommandRow>, ApiError> {
        self.read(move |db| {
            let mut query = Query::new(&format!("SELECT {COLUMNS} FROM commands c"));
            if let Some(instance_id) = wanted.instance_id {
                // The index on the node gives its commands in order.
                query.text(" JOIN invocations i ON i.seq = c.seq AND i.instance_id = ");
                query.bind(instance_id);
            }
            query.text(" WHERE TRUE");
            query.and("c.id =", wanted.id);
            query.and("c.document_name =", wanted.filters.document_name);
            query.and("c.status =", wanted.filters.status);
            query.and("c.stage =", wanted.filters.stage);
            query.and("c.requested >", wanted.filters.invoked_after.map(Timestamp::as_millis));
            query.and("c.requested <", wanted.filters.invoked_before.map(Timestamp::as_millis));
            query.and("c.seq <", wanted.before);
            query.text(" ORDER BY c.seq DESC");
            query.limit(limit);
            query.run(db, command)
        })
        .await
    }
}

pub(super) fn find(db: &Connection, id: &str) -> Outcome<Option<CommandRow>> {
    let sql = format!("SELECT {COLUMNS} FROM commands c WHERE c.id = ?1");
    Ok(db.prepare_cached(&sql)?.query_row([id], command).optional()?)
}

pub(super) fn command(row: &Row<'_>) -> rusqlite::Result<CommandRow> {
    let count = |index: usize| row.get::<_, i64>(index).map(|n| i32::try_from(n).ok());
    let mut record: Command = serde_json::from_str(&row.get::<_, String>(8)?).unwrap_or_default();
    record.status = Some(CommandStatus::from(row.get::<_, String>(3)?));
    record.status_details = row.get(4)?;
    record.completed_count = count(5)?;
    record.error_count = count(6)?;
    record.delivery_timed_out_count = count(7)?;
    Ok(CommandRow {
        seq: row.get(0)?,
        id: row.get(1)?,
        requested: Timestamp::from_millis(row.get(2)?),
        record,
        steps: serde_json::from_str(&row.get::<_, String>(9)?).unwrap_or_default(),
    })
}

/// SQLite's integers have a sign.
fn clamp(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
