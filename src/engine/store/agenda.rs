//! What time alone may make due, in one look; and whether that is still so.

use super::Store;
use crate::ssm::{ApiError, Timestamp};

/// What stands to become due while nobody asks for anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Agenda {
    /// How many commits it follows.
    commits: u64,
    /// When the next parameter expires.
    pub parameters: Option<Timestamp>,
    /// Whether commands are under way.
    pub commands: bool,
    /// Whether sessions are.
    pub sessions: bool,
}

impl Store {
    /// Looks at what may become due. One that was looked up before is as good as long as nothing was written since.
    pub(crate) async fn agenda(&self, known: Option<Agenda>) -> Result<Agenda, ApiError> {
        // Before the look: what is written meanwhile is looked at the next time.
        let commits = self.writer.commits();
        if let Some(known) = known.filter(|known| known.commits == commits) {
            return Ok(known);
        }
        self.read(move |db| {
            let sql = "SELECT (SELECT MIN(expires) FROM parameters WHERE expires IS NOT NULL),
                EXISTS (SELECT 1 FROM invocations WHERE done = 0), EXISTS (SELECT 1 FROM sessions WHERE over = 0)";
            let agenda = db.prepare_cached(sql)?.query_row([], |row| {
                let parameters = row.get::<_, Option<i64>>(0)?.map(Timestamp::from_millis);
                Ok(Agenda { commits, parameters, commands: row.get(1)?, sessions: row.get(2)? })
            })?;
            Ok(agenda)
        })
        .await
    }
}
