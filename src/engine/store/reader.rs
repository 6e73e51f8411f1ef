//! The reading connections: a few, handed out to closures that run where blocking is allowed.

use std::{
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use rusqlite::Connection;
use tokio::sync::Semaphore;

use super::{Outcome, connect};
use crate::ssm::ApiError;

#[derive(Debug)]
pub(super) struct Readers {
    permits: Semaphore,
    idle: Arc<Mutex<Vec<Connection>>>,
}

/// A connection on loan; it goes back even when the closure panics.
struct Loan {
    connection: Option<Connection>,
    idle: Arc<Mutex<Vec<Connection>>>,
}

impl Readers {
    pub(super) fn open(path: &Path) -> rusqlite::Result<Self> {
        let count = std::thread::available_parallelism().map_or(4, |cores| cores.get().clamp(2, 8));
        let idle = (0..count).map(|_| connect(path, true)).collect::<Result<Vec<_>, _>>()?;
        Ok(Self { permits: Semaphore::new(count), idle: Arc::new(Mutex::new(idle)) })
    }

    pub(super) async fn read<T, F>(&self, work: F) -> Result<T, ApiError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Outcome<T> + Send + 'static,
    {
        let failed = || ApiError::internal("The engine could not read its database.");
        let _permit = self.permits.acquire().await.map_err(|_| failed())?;
        let idle = Arc::clone(&self.idle);
        let task = tokio::task::spawn_blocking(move || {
            let connection = idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let loan = Loan { connection, idle };
            loan.connection.as_ref().map(|connection| {
                // One transaction, so that a closure of several queries sees one state.
                connection.prepare_cached("BEGIN")?.execute([])?;
                let outcome = work(connection);
                connection.prepare_cached("COMMIT")?.execute([])?;
                outcome
            })
        });
        match task.await {
            Ok(Some(outcome)) => outcome.map_err(ApiError::from),
            Ok(None) | Err(_) => Err(failed()),
        }
    }
}

impl Drop for Loan {
    fn drop(&mut self) {
        let Some(connection) = self.connection.take() else { return };
        if !connection.is_autocommit() {
            // A closure that panicked left its transaction open.
            let _ = connection.execute_batch("ROLLBACK");
        }
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
    }
}
