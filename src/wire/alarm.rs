//! One timer for all that a line waits for, and times that may not be set.

use std::pin::Pin;

use tokio::time::{Instant, Sleep, sleep_until};

/// A timer that is set again only when it is to ring earlier than it would, or has rung. Nearly always the peer answers
/// long before its time is over, and a frame must not cost a timer.
#[derive(Debug)]
pub struct Alarm(Pin<Box<Sleep>>);

impl Alarm {
    /// An alarm that rings at this time at the latest.
    pub fn new(latest: Instant) -> Self {
        Self(Box::pin(sleep_until(latest)))
    }

    /// Waits until `due`, or until an earlier time that it was asked for before: whoever is woken looks at what is due.
    /// Cancel safe.
    pub async fn ring(&mut self, due: Instant) {
        if self.0.is_elapsed() || due < self.0.deadline() {
            self.0.as_mut().reset(due);
        }
        self.0.as_mut().await;
    }
}

/// Ready at that time, if there is one. Cancel safe.
pub async fn reached(time: Option<Instant>) {
    match time {
        Some(time) => sleep_until(time).await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use futures_util::FutureExt;

    use super::*;

    #[tokio::test]
    async fn it_is_set_again_when_it_is_to_ring_earlier_or_has_rung() {
        let begun = Instant::now();
        let after = |seconds| begun + Duration::from_secs(seconds);
        let mut alarm = Alarm::new(after(1000));
        let mut set = |due| {
            assert!(alarm.ring(due).now_or_never().is_none());
            alarm.0.deadline()
        };
        assert_eq!(set(after(500)), after(500));
        assert_eq!(set(after(600)), after(500), "whoever is woken looks at what is due");
        assert_eq!(set(after(400)), after(400));
        alarm.ring(begun).await;
        assert!(alarm.ring(after(600)).now_or_never().is_none());
        assert_eq!(alarm.0.deadline(), after(600));
    }
}
