//! Invocations: how they move. Every move is one pure transition, kept together with the command's standing before anybody
//! hears of it.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension, Row, ToSql, params};

use super::{Outcome, Store, commands, query::Query};
use crate::{
    engine::commands::state::{self, Event, Invocation, Tally},
    ssm::{ApiError, Timestamp, document::flow::AgentStatus},
    wire::messages::{CommandJob, ReplyContent, StepStatus},
};

/// What a node is given beyond the time its document may take: to report, and to come back after a lost connection.
const GRACE_MILLIS: i64 = 60_000;
/// How long a delayed invocation waits before it is sent again.
const RETRY_MILLIS: i64 = 5_000;

/// An invocation as it stands.
#[derive(Clone, Debug)]
pub(crate) struct InvocationRow {
    pub seq: i64,
    pub position: i64,
    pub instance_id: String,
    pub instance_name: String,
    pub state: Invocation,
    pub trace: String,
    pub command: commands::CommandRow,
}

/// What `ListCommandInvocations` asks for.
#[derive(Clone, Debug, Default)]
pub(crate) struct InvocationQuery {
    pub command_id: Option<String>,
    pub instance_id: Option<String>,
    pub filters: commands::CommandFilters,
    /// Only what follows this command and position.
    pub after: Option<(i64, i64)>,
}

/// Something to send to a node.
#[derive(Clone, Debug)]
pub(crate) struct Delivery {
    pub command_id: String,
    pub instance_id: String,
    /// The command, unless only its cancellation is to be sent.
    pub job: Option<CommandJob>,
    /// Whether a cancellation follows.
    pub cancel: bool,
}

/// What is due by the clock.
#[derive(Clone, Debug, Default)]
pub(crate) struct Due {
    /// Commands of which something may be sent.
    pub commands: Vec<i64>,
    /// What was sent and not confirmed.
    pub unconfirmed: Vec<Delivery>,
}

const COLUMNS: &str = "i.seq, i.position, i.instance_id, i.instance_name, i.state, i.trace,
    c.id, c.requested, c.record, c.steps";

impl Store {
    /// Up to `limit` invocations, those of the newest command first.
    pub(crate) async fn invocations(
        &self,
        wanted: InvocationQuery,
        limit: usize,
    ) -> Result<Vec<InvocationRow>, ApiError> {
        self.read(move |db| {
            let mut query =
                Query::new(&format!("SELECT {COLUMNS} FROM invocations i JOIN commands c ON c.seq = i.seq WHERE TRUE"));
            query.and("c.id =", wanted.command_id);
            query.and("i.instance_id =", wanted.instance_id);
            query.and("c.document_name =", wanted.filters.document_name);
            query.and("i.status =", wanted.filters.status);
            query.and("i.done =", wanted.filters.stage.map(|stage| stage == "Complete"));
            query.and("c.requested >", wanted.filters.invoked_after.map(Timestamp::as_millis));
            query.and("c.requested <", wanted.filters.invoked_before.map(Timestamp::as_millis));
            if let Some((seq, position)) = wanted.after {
                query.and("(i.seq <", Some(seq));
                query.text(" OR (i.seq = ");
                query.bind(seq);
                query.and("i.position >", Some(position));
                query.text("))");
            }
            query.text(" ORDER BY i.seq DESC, i.position");
            query.limit(limit);
            query.run(db, invocation)
        })
        .await
    }

    /// What the steps of an invocation have reported, by step name.
    pub(crate) async fn step_results(
        &self,
        seq: i64,
        instance_id: &str,
    ) -> Result<BTreeMap<String, StepStatus>, ApiError> {
        let instance_id = instance_id.to_owned();
        self.read(move |db| {
            let mut statement = db.prepare_cached(
                "SELECT step, result, stdout, stderr FROM step_results WHERE seq = ?1 AND instance_id = ?2",
            )?;
            let rows = statement.query_map(params![seq, instance_id], |row| {
                let result: StepStatus = serde_json::from_str(&row.get::<_, String>(1)?).unwrap_or_default();
                Ok((row.get(0)?, StepStatus { standard_output: row.get(2)?, standard_error: row.get(3)?, ..result }))
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
        .await
    }

    /// Lets something happen to an invocation. Answers the command if that changed anything.
    pub(crate) async fn invocation_event(
        &self,
        command_id: &str,
        instance_id: &str,
        event: Event,
        trace: String,
        now: Timestamp,
    ) -> Result<Option<i64>, ApiError> {
        let (command_id, instance_id) = (command_id.to_owned(), instance_id.to_owned());
        self.write(move |db| {
            let Some(seq) = sequence(db, &command_id)? else { return Ok(None) };
            let moved = step(db, seq, &instance_id, event, now)?;
            if moved && !trace.is_empty() {
                db.prepare_cached("UPDATE invocations SET trace = ?3 WHERE instance_id = ?2 AND seq = ?1")?
                    .execute(params![seq, instance_id, trace])?;
            }
            if moved {
                refresh(db, seq, now)?;
            }
            Ok(moved.then_some(seq))
        })
        .await
    }

    /// Keeps a node's reply: the results of steps, and the status of the document. Step results are kept even when the end
    /// is known already, because replies overtake each other; those that are there are not overwritten by older ones.
    ///
    /// Answers the command if the invocation moved. A reply about a command that nobody knows is kept nowhere.
    pub(crate) async fn keep_reply(
        &self,
        command_id: &str,
        instance_id: &str,
        reply: ReplyContent,
        now: Timestamp,
    ) -> Result<Option<i64>, ApiError> {
        let (command_id, instance_id) = (command_id.to_owned(), instance_id.to_owned());
        self.write(move |db| {
            let Some(seq) = sequence(db, &command_id)? else { return Ok(None) };
            for (name, result) in reply.runtime_status.unwrap_or_default() {
                keep_step(db, seq, &instance_id, &name, result)?;
            }
            let Some(status) = AgentStatus::parse(&reply.document_status) else { return Ok(None) };
            let moved = step(db, seq, &instance_id, Event::Replied(status), now)?;
            if moved {
                if !reply.document_trace_output.is_empty() {
                    db.prepare_cached("UPDATE invocations SET trace = ?3 WHERE instance_id = ?2 AND seq = ?1")?
                        .execute(params![seq, instance_id, reply.document_trace_output])?;
                }
                refresh(db, seq, now)?;
            }
            Ok(moved.then_some(seq))
        })
        .await
    }

    /// Cancels a command on some of its nodes, or (with none named) altogether. Answers the nodes that have to be told.
    pub(crate) async fn cancel_command(
        &self,
        command_id: &str,
        instance_ids: Vec<String>,
        now: Timestamp,
    ) -> Result<Vec<Delivery>, ApiError> {
        let command_id = command_id.to_owned();
        self.write(move |db| {
            let Some(seq) = sequence(db, &command_id)? else { return Ok(Vec::new()) };
            let open: Vec<String> = db
                .prepare_cached("SELECT instance_id FROM invocations WHERE seq = ?1 AND done = 0 ORDER BY position")?
                .query_map([seq], |row| row.get(0))?
                .collect::<Result<_, _>>()?;
            if instance_ids.is_empty() && !open.is_empty() {
                db.execute("UPDATE commands SET cancelled = 1 WHERE seq = ?1", [seq])?;
            }
            let mut told = Vec::new();
            for instance_id in open.into_iter().filter(|id| instance_ids.is_empty() || instance_ids.contains(id)) {
                step(db, seq, &instance_id, Event::CancelRequested, now)?;
                if let Some(Invocation::Cancelling { .. }) = standing(db, seq, &instance_id)?.map(|row| row.0) {
                    let command_id = command_id.clone();
                    told.push(Delivery { command_id, instance_id, job: None, cancel: true });
                }
            }
            refresh(db, seq, now)?;
            Ok(told)
        })
        .await
    }

    /// Takes as many waiting invocations as the command's `MaxConcurrency` leaves room for, of nodes that `reachable` says
    /// can be sent something, and notes them as sent.
    pub(crate) async fn claim(
        &self,
        seq: i64,
        now: Timestamp,
        reachable: impl Fn(&str) -> bool + Send + 'static,
    ) -> Result<Vec<Delivery>, ApiError> {
        self.write(move |db| {
            let tally = tally(db, seq)?;
            let (max_concurrency, id, job): (i64, String, String) = db
                .prepare_cached("SELECT max_concurrency, id, job FROM commands WHERE seq = ?1")?
                .query_row([seq], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
            let room = tally.free_slots(u64::try_from(max_concurrency).unwrap_or(0));
            if room == 0 || tally.waiting == 0 {
                return Ok(Vec::new());
            }
            let waiting: Vec<(String, String)> = db
                .prepare_cached(
                    "SELECT instance_id, bucket FROM invocations WHERE seq = ?1
                     AND (state = 'Pending' OR state = 'Delayed' AND sent <= ?2) ORDER BY position",
                )?
                .query_map(params![seq, now.as_millis() - RETRY_MILLIS], |row| Ok((row.get(0)?, row.get(1)?)))?
                .collect::<Result<_, _>>()?;
            let job: CommandJob = serde_json::from_str(&job).unwrap_or_default();
            let mut deliveries = Vec::new();
            for (instance_id, bucket) in waiting {
                if deliveries.len() as u64 == room {
                    break;
                }
                if reachable(&instance_id) && step(db, seq, &instance_id, Event::Dispatched, now)? {
                    let job = CommandJob { output_s3_bucket_name: bucket, ..job.clone() };
                    deliveries.push(Delivery { command_id: id.clone(), instance_id, job: Some(job), cancel: false });
                }
            }
            if !deliveries.is_empty() {
                refresh(db, seq, now)?;
            }
            Ok(deliveries)
        })
        .await
    }

    /// What a node that has just connected is to be sent again, and the commands of which it may be sent something new.
    pub(crate) async fn due_on_node(&self, instance_id: &str) -> Result<Due, ApiError> {
        let instance_id = instance_id.to_owned();
        self.read(move |db| {
            let waiting = "SELECT seq FROM invocations
                WHERE instance_id = ?1 AND done = 0 AND state IN ('Pending', 'Delayed') ORDER BY seq";
            let commands =
                db.prepare_cached(waiting)?.query_map([&instance_id], |row| row.get(0))?.collect::<Result<_, _>>()?;
            let condition = "i.instance_id = ?1 AND i.done = 0 AND i.state IN ('Sent', 'CancellingSent', 'Cancelling')";
            Ok(Due { commands, unconfirmed: unconfirmed(db, condition, &instance_id)? })
        })
        .await
    }

    /// Ends what is overdue, and answers what may be sent to nodes that are `reachable` or has to be sent again: deliveries
    /// that were not confirmed since `unconfirmed_since`.
    pub(crate) async fn due_commands(
        &self,
        now: Timestamp,
        unconfirmed_since: Timestamp,
        reachable: impl Fn(&str) -> bool + Send + 'static,
    ) -> Result<Due, ApiError> {
        let (waiting, overdue) = self
            .read(move |db| {
                let overdue: Vec<(i64, String, bool)> = db
                    .prepare_cached(
                        "SELECT i.seq, i.instance_id, n.id IS NULL FROM invocations i LEFT JOIN nodes n ON n.id = i.instance_id
                         WHERE i.done = 0 AND (i.deadline <= ?1 OR n.id IS NULL)",
                    )?
                    .query_map([now.as_millis()], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
                    .collect::<Result<_, _>>()?;
                let waiting: Vec<(i64, String)> = db
                    .prepare_cached(
                        "SELECT seq, instance_id FROM invocations
                         WHERE done = 0 AND state IN ('Pending', 'Delayed') ORDER BY seq",
                    )?
                    .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
                    .collect::<Result<_, _>>()?;
                let mut waiting: Vec<i64> =
                    waiting.into_iter().filter(|(_, node)| reachable(node)).map(|(seq, _)| seq).collect();
                waiting.dedup();
                let condition = "i.done = 0 AND i.sent <= ?1 AND i.state IN ('Sent', 'CancellingSent', 'Cancelling')";
                let unconfirmed = unconfirmed(db, condition, &unconfirmed_since.as_millis())?;
                Ok((Due { commands: waiting, unconfirmed }, overdue))
            })
            .await?;
        if overdue.is_empty() {
            return Ok(waiting);
        }
        let ended: Vec<i64> = self
            .write(move |db| {
                let mut touched = Vec::new();
                for (seq, instance_id, gone) in overdue {
                    let events: &[Event] =
                        if gone { &[Event::NodeGone] } else { &[Event::DeliveryExpired, Event::ExecutionExpired] };
                    for event in events {
                        // The deadline may have moved since it was read.
                        if gone || deadline(db, seq, &instance_id)? <= now.as_millis() {
                            step(db, seq, &instance_id, *event, now)?;
                        }
                    }
                    touched.push(seq);
                }
                touched.sort_unstable();
                touched.dedup();
                touched.iter().try_for_each(|seq| refresh(db, *seq, now))?;
                Ok(touched)
            })
            .await?;
        let mut commands = [waiting.commands, ended].concat();
        commands.sort_unstable();
        commands.dedup();
        Ok(Due { commands, ..waiting })
    }

    /// Notes that something was sent again.
    pub(crate) async fn note_resent(
        &self,
        command_id: &str,
        instance_id: &str,
        now: Timestamp,
    ) -> Result<(), ApiError> {
        let (command_id, instance_id) = (command_id.to_owned(), instance_id.to_owned());
        self.write(move |db| {
            let Some(seq) = sequence(db, &command_id)? else { return Ok(()) };
            db.prepare_cached("UPDATE invocations SET sent = ?3 WHERE instance_id = ?2 AND seq = ?1 AND done = 0")?
                .execute(params![seq, instance_id, now.as_millis()])?;
            Ok(())
        })
        .await
    }
}

fn sequence(db: &Connection, command_id: &str) -> Outcome<Option<i64>> {
    let mut statement = db.prepare_cached("SELECT seq FROM commands WHERE id = ?1")?;
    Ok(statement.query_row([command_id], |row| row.get(0)).optional()?)
}

fn deadline(db: &Connection, seq: i64, instance_id: &str) -> Outcome<i64> {
    let mut statement = db.prepare_cached("SELECT deadline FROM invocations WHERE instance_id = ?2 AND seq = ?1")?;
    Ok(statement.query_row(params![seq, instance_id], |row| row.get(0))?)
}

fn standing(db: &Connection, seq: i64, instance_id: &str) -> Outcome<Option<(Invocation, i64, i64)>> {
    let mut statement = db.prepare_cached(
        "SELECT i.state, i.deadline, c.execution_millis FROM invocations i JOIN commands c ON c.seq = i.seq
         WHERE i.instance_id = ?2 AND i.seq = ?1",
    )?;
    let found = statement
        .query_row(params![seq, instance_id], |row| Ok((row.get::<_, String>(0)?, row.get(1)?, row.get(2)?)))
        .optional()?;
    Ok(found.and_then(|(state, deadline, execution)| Some((Invocation::parse(&state)?, deadline, execution))))
}

/// One transition of one invocation, kept. Answers whether it moved.
fn step(db: &Connection, seq: i64, instance_id: &str, event: Event, now: Timestamp) -> Outcome<bool> {
    let Some((before, deadline, execution)) = standing(db, seq, instance_id)? else { return Ok(false) };
    let Some(after) = before.after(event) else { return Ok(false) };
    let now = now.as_millis();
    let deadline = match after {
        // Acknowledged, it may still wait in the node's queue, at most for as long as it might have waited here.
        Invocation::Accepted => deadline.max(now).saturating_add(execution).saturating_add(GRACE_MILLIS),
        Invocation::Running if before != Invocation::Running => {
            now.saturating_add(execution).saturating_add(GRACE_MILLIS)
        }
        Invocation::Cancelling { accepted: true } if before == (Invocation::Cancelling { accepted: false }) => {
            now.saturating_add(execution).saturating_add(GRACE_MILLIS)
        }
        _ => deadline,
    };
    db.prepare_cached(
        "UPDATE invocations SET state = ?3, status = ?4, done = ?5, deadline = ?6,
            sent = CASE WHEN ?7 THEN ?8 ELSE sent END,
            started = CASE WHEN ?9 THEN coalesce(started, ?8) ELSE started END,
            ended = CASE WHEN ?5 THEN ?8 ELSE NULL END
         WHERE instance_id = ?2 AND seq = ?1",
    )?
    .execute(params![
        seq,
        instance_id,
        after.as_str(),
        after.status().as_str(),
        after.is_done(),
        deadline,
        matches!(after, Invocation::Sent | Invocation::Delayed | Invocation::Cancelling { .. }),
        now,
        matches!(event, Event::Replied(_)),
    ])?;
    Ok(true)
}

fn tally(db: &Connection, seq: i64) -> Outcome<Tally> {
    let mut tally = Tally::default();
    let mut statement = db.prepare_cached("SELECT state, count(*) FROM invocations WHERE seq = ?1 GROUP BY state")?;
    let mut rows = statement.query([seq])?;
    while let Some(row) = rows.next()? {
        if let Some(state) = Invocation::parse(&row.get::<_, String>(0)?) {
            tally.add(state, u64::try_from(row.get::<_, i64>(1)?).unwrap_or(0));
        }
    }
    Ok(tally)
}

/// Brings the command's standing in line with its invocations, ending those that wait if too many others have failed.
pub(super) fn refresh(db: &Connection, seq: i64, now: Timestamp) -> Outcome<()> {
    let (max_errors, cancelled): (i64, bool) = db
        .prepare_cached("SELECT max_errors, cancelled FROM commands WHERE seq = ?1")?
        .query_row([seq], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let max_errors = u64::try_from(max_errors).unwrap_or(0);
    let mut counts = tally(db, seq)?;
    if counts.errors() > max_errors && counts.waiting > 0 {
        let waiting: Vec<String> = db
            .prepare_cached("SELECT instance_id FROM invocations WHERE seq = ?1 AND state IN ('Pending', 'Delayed')")?
            .query_map([seq], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        for instance_id in waiting {
            step(db, seq, &instance_id, Event::ErrorsExceeded, now)?;
        }
        counts = tally(db, seq)?;
    }
    let standing = state::command(&counts, max_errors, cancelled);
    let count = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    db.prepare_cached(
        "UPDATE commands SET status = ?2, details = ?3, stage = ?4, completed = ?5, errors = ?6, delivery_timed_out = ?7
         WHERE seq = ?1",
    )?
    .execute(params![
        seq,
        standing.status().as_str(),
        standing.details(),
        standing.stage(),
        count(counts.completed()),
        count(counts.errors()),
        count(counts.delivery_timed_out),
    ])?;
    Ok(())
}

fn keep_step(db: &Connection, seq: i64, instance_id: &str, name: &str, result: StepStatus) -> Outcome<()> {
    let ended = |result: &StepStatus| AgentStatus::parse(&result.status).is_some_and(AgentStatus::is_final);
    let known: Option<String> = db
        .prepare_cached("SELECT result FROM step_results WHERE seq = ?1 AND instance_id = ?2 AND step = ?3")?
        .query_row(params![seq, instance_id, name], |row| row.get(0))
        .optional()?;
    let known: Option<StepStatus> = known.and_then(|text| serde_json::from_str(&text).ok());
    if known.is_some_and(|known| ended(&known)) && !ended(&result) {
        return Ok(());
    }
    let (stdout, stderr) = (result.standard_output.clone(), result.standard_error.clone());
    let result = StepStatus { standard_output: String::new(), standard_error: String::new(), ..result };
    db.prepare_cached("INSERT OR REPLACE INTO step_results VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?.execute(params![
        seq,
        instance_id,
        name,
        serde_json::to_string(&result).unwrap_or_default(),
        stdout,
        stderr,
    ])?;
    Ok(())
}

fn unconfirmed(db: &Connection, condition: &str, value: &dyn ToSql) -> Outcome<Vec<Delivery>> {
    let sql = format!(
        "SELECT c.id, i.instance_id, i.bucket, i.state, c.job FROM invocations i JOIN commands c ON c.seq = i.seq
         WHERE {condition} ORDER BY i.seq"
    );
    let mut statement = db.prepare_cached(&sql)?;
    let rows = statement.query_map([value], |row| {
        let job: CommandJob = serde_json::from_str(&row.get::<_, String>(4)?).unwrap_or_default();
        let bucket: String = row.get(2)?;
        let state: String = row.get(3)?;
        let state = Invocation::parse(&state);
        Ok(Delivery {
            command_id: row.get(0)?,
            instance_id: row.get(1)?,
            // A node that never acknowledged the command has to get it before the cancellation means anything to it.
            job: (state != Some(Invocation::Cancelling { accepted: true }))
                .then_some(CommandJob { output_s3_bucket_name: bucket, ..job }),
            cancel: matches!(state, Some(Invocation::Cancelling { .. })),
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn invocation(row: &Row<'_>) -> rusqlite::Result<InvocationRow> {
    let state: String = row.get(4)?;
    Ok(InvocationRow {
        seq: row.get(0)?,
        position: row.get(1)?,
        instance_id: row.get(2)?,
        instance_name: row.get(3)?,
        state: Invocation::parse(&state).unwrap_or(Invocation::Pending),
        trace: row.get(5)?,
        command: commands::CommandRow {
            seq: row.get(0)?,
            id: row.get(6)?,
            requested: Timestamp::from_millis(row.get(7)?),
            record: serde_json::from_str(&row.get::<_, String>(8)?).unwrap_or_default(),
            steps: serde_json::from_str(&row.get::<_, String>(9)?).unwrap_or_default(),
        },
    })
}
