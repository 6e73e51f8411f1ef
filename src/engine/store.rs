//! The store: SQLite in one file behind one door. One thread writes and commits in groups, a few connections read.
//!
//! Nobody outside this module sees SQL, a transaction or a row: every capability has a file here that adds typed
//! functions to [`Store`] and its tables to `schema`.

pub mod activations;
pub(crate) mod agenda;
pub(crate) mod commands;
pub(crate) mod compliance;
pub(crate) mod documents;
pub(crate) mod groups;
pub(crate) mod inventory;
pub(crate) mod invocations;
pub(crate) mod logs;
pub mod nodes;
pub mod parameters;
mod query;
mod reader;
mod schema;
pub(crate) mod sessions;
mod tags;
mod writer;

use std::{path::Path, sync::atomic::Ordering};

use rusqlite::{Connection, OpenFlags, ffi::ErrorCode};

use super::datadir::OpenError;
use crate::ssm::ApiError;

/// The engine's memory. What a write has answered is on the disk.
#[derive(Debug)]
pub struct Store {
    writer: writer::Writer,
    readers: reader::Readers,
}

/// What goes wrong inside a closure: the caller's request, or the database.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The request cannot be granted.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// SQLite failed.
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
}

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        let error = match error {
            Error::Api(error) => return error,
            Error::Sqlite(error) => error,
        };
        tracing::error!(%error, "the database failed");
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => {
                // The engine's next tick gives up old command output, if there is any.
                Self::internal(
                    "The disk of the engine is full; nothing was changed. The engine gives up its oldest command output: try \
                     again in a moment, and free some space on that disk if this stays.",
                )
            }
            Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied | ErrorCode::SystemIoFailure) => {
                Self::internal("The engine cannot write its data directory; nothing was changed.")
            }
            _ => Self::internal("The engine's database did not answer; nothing was changed."),
        }
    }
}

/// The outcome of a closure that works on the database.
pub(crate) type Outcome<T> = Result<T, Error>;

impl Store {
    /// Opens the database file, bringing it to the newest schema.
    pub(super) fn open(path: &Path) -> Result<Self, OpenError> {
        let failed = |error: rusqlite::Error| OpenError::Database { path: path.to_owned(), message: error.to_string() };
        let connection = connect(path, false).map_err(failed)?;
        schema::migrate(&connection).map_err(failed)??;
        if let Err(error) = sessions::hang_up(&connection) {
            // A full disk must not keep the engine from its start.
            tracing::error!(%error, "it could not be noted that no session has its client any more");
        }
        let readers = reader::Readers::open(path).map_err(failed)?;
        let writer =
            writer::Writer::start(connection).map_err(|error| OpenError::Io { path: path.to_owned(), error })?;
        Ok(Self { writer, readers })
    }

    /// Runs a closure in its own savepoint and answers after the commit that includes it. An error undoes the closure.
    pub(crate) async fn write<T, F>(&self, work: F) -> Result<T, ApiError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Outcome<T> + Send + 'static,
    {
        self.writer.write(work).await
    }

    /// Runs a closure on a reading connection. It sees everything that [`Store::write`] has answered.
    pub(crate) async fn read<T, F>(&self, work: F) -> Result<T, ApiError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Outcome<T> + Send + 'static,
    {
        self.readers.read(work).await
    }

    /// Whether something could not be written for want of space since the last call.
    pub(super) fn was_full(&self) -> bool {
        self.writer.full.swap(false, Ordering::Relaxed)
    }

    /// Notes that something beside the database could not be written for want of space.
    pub(super) fn note_full(&self) {
        self.writer.full.store(true, Ordering::Relaxed);
    }

    /// Resolves when the thread that writes is gone: nothing can be kept any more.
    pub(super) async fn broken(&self) {
        self.writer.gone.cancelled().await;
    }

    /// Ends the thread that writes as a fault in it would.
    #[cfg(test)]
    pub(crate) fn break_for_tests(&self) {
        self.writer.break_for_tests();
    }

    /// Deletes every row of every table.
    pub(super) async fn reset(&self) -> Result<(), ApiError> {
        self.write(|db| {
            db.pragma_update(None, "defer_foreign_keys", true)?;
            let mut statement =
                db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")?;
            let tables = statement.query_map([], |row| row.get::<_, String>(0))?.collect::<Result<Vec<_>, _>>()?;
            for table in tables {
                db.execute(&format!("DELETE FROM \"{table}\""), [])?;
            }
            Ok(())
        })
        .await
    }
}

fn connect(path: &Path, reading: bool) -> rusqlite::Result<Connection> {
    let access = if reading {
        OpenFlags::SQLITE_OPEN_READ_ONLY
    } else {
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE
    };
    let connection = Connection::open_with_flags(path, access | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(std::time::Duration::from_secs(10))?;
    connection.set_prepared_statement_cache_capacity(256);
    if !reading {
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
    }
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.pragma_update(None, "cache_size", -16_384)?;
    Ok(connection)
}

#[cfg(test)]
mod tests;
