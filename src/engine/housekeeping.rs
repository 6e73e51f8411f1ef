//! What the engine gives up by itself: history that is older than AWS keeps it, and old command output when the disk is full.
//!
//! Buckets that users name and log groups keep what they have, as S3 and CloudWatch Logs do.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use super::{Engine, output::OUTPUT_BUCKET};
use crate::ssm::{ApiError, Timestamp};

/// How long commands and ended sessions are remembered.
const HISTORY: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// How often is looked for what is older.
const PACE: Duration = Duration::from_secs(60 * 60);
/// How much is given up at a time when the disk is full.
const ROOM: u64 = 64 << 20;

/// When the engine last tidied up, by its clock.
#[derive(Debug, Default)]
pub(super) struct Housekeeping(AtomicI64);

impl Engine {
    /// Gives up the reserve and the oldest command output if something could not be written for want of space, and holds the
    /// reserve back again once there is room.
    pub(super) async fn make_room(&self) {
        if !self.store.was_full() {
            return self.hold_reserve().await;
        }
        // Deletions have to be written too. What is old goes with the same tick.
        self.reserve.give_up();
        self.housekeeping.0.store(0, Ordering::Relaxed);
        match self.output.make_room(OUTPUT_BUCKET, ROOM).await {
            Ok((0, _)) => tracing::error!(
                "the disk is full and there is no command output to give up: free some space, or move the data directory \
                 to a larger disk"
            ),
            Ok((objects, bytes)) => {
                tracing::warn!("the disk is full: gave up the {objects} oldest outputs of commands, {bytes} bytes");
            }
            Err(error) => tracing::error!("the disk is full and command output cannot be given up: {error}"),
        }
    }

    async fn hold_reserve(&self) {
        if self.reserve.is_held() {
            return;
        }
        let reserve = Arc::clone(&self.reserve);
        let held = tokio::task::spawn_blocking(move || reserve.hold(|| reserve.free())).await;
        if let Ok(Err(error)) = held {
            tracing::debug!("no space is held back for a full disk: {error}");
        }
    }

    /// Forgets commands, their output, and sessions that ended, once they are older than AWS keeps them.
    pub(super) async fn forget_history(&self) -> Result<(), ApiError> {
        let now = self.now();
        let last = Timestamp::from_millis(self.housekeeping.0.load(Ordering::Relaxed));
        if now.since(last) < PACE {
            return Ok(());
        }
        let before = Timestamp::from_millis(now.as_millis() - i64::try_from(HISTORY.as_millis()).unwrap_or(i64::MAX));
        self.store.forget_history(before).await?;
        if let Err(error) = self.output.forget(OUTPUT_BUCKET, before).await {
            tracing::warn!("old command output cannot be given up: {error}");
        }
        self.housekeeping.0.store(now.as_millis(), Ordering::Relaxed);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        engine::tests::Harness,
        ssm::{DescribeSessions, ListCommands, SendCommand, SessionState, StartSession, TerminateSession},
    };

    const NODE: &str = "mi-00000000000000001";
    const DAY: Duration = Duration::from_secs(24 * 60 * 60);

    fn command() -> SendCommand {
        let parameters = [("commands".to_owned(), vec!["true".to_owned()])];
        SendCommand {
            document_name: "AWS-RunShellScript".into(),
            instance_ids: vec![NODE.into()],
            parameters: std::collections::BTreeMap::from(parameters).into(),
            timeout_seconds: Some(30),
            ..Default::default()
        }
    }

    async fn adopt(harness: &Harness) {
        harness.engine.store.adopt_node_for_tests(NODE.to_owned(), harness.engine.now()).await;
        let report = crate::ssm::UpdateInstanceInformation {
            instance_id: NODE.into(),
            platform_type: Some("Linux".into()),
            ..Default::default()
        };
        harness.call(report).await.unwrap();
    }

    #[tokio::test]
    async fn history_is_kept_for_thirty_days_and_what_runs_is_kept_longer() {
        let harness = Harness::new();
        adopt(&harness).await;
        harness.call(command()).await.unwrap();
        let _line = harness.engine.channels.open(NODE);
        let start = StartSession { target: NODE.into(), ..Default::default() };
        let ended = harness.call(start.clone()).await.unwrap().session_id.unwrap();
        harness.call(TerminateSession { session_id: ended }).await.unwrap();
        harness.engine.tick().await.unwrap();
        let history = DescribeSessions { state: SessionState::History, ..Default::default() };
        let seen = async || {
            let commands = harness.call(ListCommands::default()).await.unwrap().commands.len();
            (commands, harness.call(history.clone()).await.unwrap().sessions.len())
        };
        harness.advance(29 * DAY);
        harness.engine.tick().await.unwrap();
        assert_eq!(seen().await, (1, 1));
        let waiting = SendCommand { timeout_seconds: Some(2_592_000), ..command() };
        harness.engine.channels.hang_up(NODE);
        harness.call(waiting).await.unwrap();
        harness.advance(2 * DAY);
        harness.engine.tick().await.unwrap();
        assert_eq!(seen().await, (1, 0), "the later command is not old yet");
    }

    #[tokio::test]
    async fn a_full_disk_costs_the_oldest_command_output_and_nothing_of_the_users_buckets() {
        let harness = Harness::new();
        let output = &harness.engine.output;
        output.put_for_tests(OUTPUT_BUCKET, "c-1/mi-1/stdout", b"old").await;
        output.put_for_tests("mine", "c-1/mi-1/stdout", b"mine").await;
        harness.engine.make_room().await;
        assert!(output.has(OUTPUT_BUCKET, "c-1/mi-1/stdout").await, "there was no need");
        harness.engine.store.note_full();
        harness.engine.make_room().await;
        assert!(!output.has(OUTPUT_BUCKET, "c-1/mi-1/stdout").await);
        assert!(!harness.directory().join("reserve").exists(), "deletions can be written");
        assert!(output.has("mine", "c-1/mi-1/stdout").await);
        output.put_for_tests(OUTPUT_BUCKET, "c-2/mi-1/stdout", b"new").await;
        harness.engine.make_room().await;
        assert!(output.has(OUTPUT_BUCKET, "c-2/mi-1/stdout").await, "once for every time it is full");
    }
}
