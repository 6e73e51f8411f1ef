//! The tables, as one ordered list of steps. `PRAGMA user_version` says how many of them a file has seen.
//!
//! A capability's file in `store` holds its own step; released steps never change, new ones go to the end.

use rusqlite::{Connection, Result};

use super::{OpenError, commands, compliance, documents, groups, inventory, logs, nodes, parameters, sessions};

/// Every step, oldest first.
const STEPS: &[&str] = &[
    nodes::SCHEMA,
    parameters::SCHEMA,
    documents::SCHEMA,
    commands::SCHEMA,
    sessions::SCHEMA,
    inventory::SCHEMA,
    compliance::SCHEMA,
    groups::SCHEMA,
    sessions::SCHEMA_ENDS,
    logs::SCHEMA,
];

/// Brings a database to the newest schema, all or nothing.
pub(super) fn migrate(connection: &Connection) -> Result<std::result::Result<(), OpenError>> {
    let found: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    let known = i64::try_from(STEPS.len()).unwrap_or(i64::MAX);
    if found > known {
        return Ok(Err(OpenError::NewerSchema { found, known }));
    }
    let seen = usize::try_from(found).unwrap_or(0);
    connection.execute_batch("BEGIN IMMEDIATE")?;
    for step in &STEPS[seen..] {
        connection.execute_batch(step)?;
    }
    connection.pragma_update(None, "user_version", known)?;
    connection.execute_batch("COMMIT")?;
    Ok(Ok(()))
}
