//! The one thread that writes. It takes what has queued up while the last commit was on its way to the disk, gives each
//! closure a savepoint of its own, commits them together and only then answers.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
        mpsc::{self, Receiver, Sender},
    },
    thread,
};

use rusqlite::{Connection, ffi::ErrorCode};
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use super::{Error, Outcome};
use crate::ssm::ApiError;

/// How many closures share a commit at most.
const GROUP: usize = 512;

/// Does the work and returns how to answer, once it is known whether the commit held.
type Work = Box<dyn FnOnce(&Connection) -> Answer + Send>;
type Answer = Box<dyn FnOnce(Result<(), ApiError>) + Send>;

#[derive(Debug)]
pub(super) struct Writer {
    queue: Sender<Work>,
    /// Whether something could not be written for want of space.
    pub(super) full: Arc<AtomicBool>,
    commits: Arc<AtomicU64>,
    /// Cancelled when the thread has ended.
    pub(super) gone: CancellationToken,
}

impl Writer {
    /// Starts the thread. It ends when the writer is dropped and the queue is empty.
    pub(super) fn start(connection: Connection) -> std::io::Result<Self> {
        let (queue, work) = mpsc::channel();
        let (full, commits, gone) = (Arc::default(), Arc::default(), CancellationToken::new());
        let (noted, counted, ended) = (Arc::clone(&full), Arc::clone(&commits), gone.clone().drop_guard());
        thread::Builder::new().name("store-writer".into()).spawn(move || {
            // Dropped by a panic as well.
            let _ended = ended;
            run(&connection, &work, &noted, &counted);
        })?;
        Ok(Self { queue, full, commits, gone })
    }

    pub(super) async fn write<T, F>(&self, work: F) -> Result<T, ApiError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Outcome<T> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let full = Arc::clone(&self.full);
        let job: Work = Box::new(move |connection| {
            let outcome = in_savepoint(connection, work).inspect_err(|error| note(&full, error));
            Box::new(move |committed| {
                // Nobody listens when the request was dropped meanwhile; the work is done all the same.
                let _ = answer.send(match committed {
                    Ok(()) => outcome.map_err(ApiError::from),
                    Err(error) => Err(outcome.err().map_or(error, ApiError::from)),
                });
            })
        });
        let gone = || ApiError::internal("The engine is stopping.");
        self.queue.send(job).map_err(|_| gone())?;
        answered.await.map_err(|_| gone())?
    }

    /// How often something was committed, or may have been. Whoever reads the database now sees at least that.
    pub(super) fn commits(&self) -> u64 {
        self.commits.load(Ordering::Acquire)
    }

    /// Ends the thread as a fault in it would.
    #[cfg(test)]
    pub(super) fn break_for_tests(&self) {
        let _ = self.queue.send(Box::new(|_| panic!("a fault of the writer")));
    }
}

/// Notes that the disk is full, if that is what an error says.
fn note(full: &AtomicBool, error: &Error) {
    if let Error::Sqlite(error) = error
        && error.sqlite_error_code() == Some(ErrorCode::DiskFull)
    {
        full.store(true, Ordering::Relaxed);
    }
}

fn run(connection: &Connection, queue: &Receiver<Work>, full: &AtomicBool, commits: &AtomicU64) {
    while let Ok(first) = queue.recv() {
        if let Err(error) = connection.execute_batch("BEGIN IMMEDIATE").map_err(Error::from) {
            note(full, &error);
            first(connection)(Err(error.into()));
            continue;
        }
        let mut answers = vec![first(connection)];
        // SQLite undoes a whole transaction by itself when the disk is full: then the group ends there, and it failed.
        while answers.len() < GROUP && !connection.is_autocommit() {
            match queue.try_recv() {
                Ok(work) => answers.push(work(connection)),
                Err(_) => break,
            }
        }
        let committed =
            commit(connection).map_err(Error::from).inspect_err(|error| note(full, error)).map_err(ApiError::from);
        // Before anybody is answered, so that nobody who was takes what was seen before for the present.
        commits.fetch_add(1, Ordering::Release);
        for answer in answers {
            answer(committed.clone());
        }
    }
}

fn commit(connection: &Connection) -> rusqlite::Result<()> {
    let committed = connection.prepare_cached("COMMIT").and_then(|mut commit| commit.execute([]));
    if committed.is_err() && !connection.is_autocommit() {
        connection.execute_batch("ROLLBACK")?;
    }
    committed.map(|_| ())
}

fn in_savepoint<T>(connection: &Connection, work: impl FnOnce(&Connection) -> Outcome<T>) -> Outcome<T> {
    let run = |sql: &str| connection.prepare_cached(sql).and_then(|mut statement| statement.execute([]));
    run("SAVEPOINT work")?;
    let outcome = catch_unwind(AssertUnwindSafe(|| work(connection)))
        .unwrap_or_else(|_| Err(ApiError::internal("An unexpected fault; nothing was changed.").into()));
    if outcome.is_err() && !connection.is_autocommit() {
        run("ROLLBACK TO work")?;
    }
    if !connection.is_autocommit() {
        run("RELEASE work")?;
    }
    outcome
}
