//! What happens by itself: once a second the engine looks at the clock and does what has come due. Where nothing was written
//! and nothing is under way the clock is all it looks at.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::time::MissedTickBehavior;

use super::{Engine, commands, sessions, store::agenda::Agenda};
use crate::ssm::ApiError;

/// What stood to become due when it was last looked at.
#[derive(Debug, Default)]
pub(super) struct Known(Mutex<Option<Agenda>>);

impl Engine {
    /// Does everything that is due by the engine's clock. Tests with a manual clock call it themselves.
    pub async fn tick(self: &Arc<Self>) -> Result<(), ApiError> {
        // First, because the rest may have to write.
        self.make_room().await;
        let agenda = self.agenda().await?;
        if agenda.parameters.is_some_and(|expire| expire <= self.now()) {
            self.expire_parameters().await?;
        }
        if agenda.commands {
            commands::dispatch::tick(self).await?;
        }
        if agenda.sessions {
            sessions::tick(self).await?;
        }
        self.forget_history().await
    }

    async fn agenda(&self) -> Result<Agenda, ApiError> {
        let lock = || self.agenda.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = *lock();
        let agenda = self.store.agenda(known).await?;
        *lock() = Some(agenda);
        Ok(agenda)
    }

    /// Ticks until the engine stops.
    pub(super) async fn run_scheduler(self: Arc<Self>) {
        let mut interval = tokio::time::interval(Duration::from_secs(1));
        interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = self.stopping().cancelled() => return,
                _ = interval.tick() => {
                    if let Err(error) = self.tick().await {
                        tracing::error!(%error, "scheduled work failed; it is tried again");
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;
    use crate::{
        engine::tests::Harness,
        ssm::{ParameterTier, ParameterType, PutParameter},
    };

    /// Ticks until it is known what stands to become due. The answer is whether that is so.
    async fn settle(harness: &Harness) -> bool {
        for _ in 0..10 {
            harness.engine.tick().await.unwrap();
            if harness.engine.tick().now_or_never().is_some() {
                return true;
            }
        }
        false
    }

    #[tokio::test]
    async fn an_engine_in_which_nothing_happens_leaves_its_database_alone_and_misses_nothing() {
        let harness = Harness::new();
        assert!(settle(&harness).await, "a look at the database takes another thread");
        let policy =
            r#"[{"Type": "Expiration", "Version": "1.0", "Attributes": {"Timestamp": "2026-11-22T11:00:00Z"}}]"#;
        let put = PutParameter {
            name: "/a".into(),
            value: "b".to_owned().into(),
            r#type: Some(ParameterType::String),
            tier: Some(ParameterTier::Advanced),
            policies: Some(policy.into()),
            ..Default::default()
        };
        let known = || *harness.engine.agenda.0.lock().unwrap();
        let before = known();
        harness.call(put).await.unwrap();
        assert!(settle(&harness).await);
        assert_ne!(known(), before, "something was written");
        let kept = async || harness.engine.store.agenda(None).await.unwrap().parameters.is_some();
        harness.advance(Duration::from_secs(59 * 60));
        assert!(settle(&harness).await);
        assert!(kept().await);
        harness.advance(Duration::from_secs(60));
        harness.engine.tick().await.unwrap();
        assert!(!kept().await, "it expires although nobody has written anything since");
    }
}
