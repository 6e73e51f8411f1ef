//! What happens by itself: once a second the engine looks at the clock and does what has come due.

use std::{sync::Arc, time::Duration};

use tokio::time::MissedTickBehavior;

use super::{Engine, commands, sessions};
use crate::ssm::ApiError;

impl Engine {
    /// Does everything that is due by the engine's clock. Tests with a manual clock call it themselves.
    pub async fn tick(self: &Arc<Self>) -> Result<(), ApiError> {
        // First, because the rest may have to write.
        self.make_room().await;
        self.expire_parameters().await?;
        commands::dispatch::tick(self).await?;
        sessions::tick(self).await?;
        self.forget_history().await
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
