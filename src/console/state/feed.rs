//! Data that is fetched: where it stands and how old it is.

use std::time::Duration;

use crate::{
    console::{effect::Epoch, update::Trouble},
    ssm::Timestamp,
};

/// The longest wait after an answer that did not come.
const RETRY: Duration = Duration::from_secs(5);

/// Where fetched data stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Phase {
    /// Nobody asked yet.
    #[default]
    Idle,
    /// An answer is on its way.
    Loading,
    /// The answer is whole.
    Ready,
    /// It did not come. What was there before is still there.
    Failed(Trouble),
}

/// The state of one source of data.
#[derive(Clone, Debug, Default)]
pub struct Feed {
    /// Where it stands.
    pub phase: Phase,
    /// When the last whole answer came.
    pub at: Option<Timestamp>,
    /// When it was last asked for.
    pub asked: Option<Timestamp>,
    /// Entries that came in the answer under way.
    pub landed: usize,
    epoch: Epoch,
}

impl Feed {
    /// A question begins; its number.
    pub fn begin(&mut self, now: Timestamp) -> Epoch {
        self.phase = Phase::Loading;
        self.asked = Some(now);
        self.landed = 0;
        self.epoch += 1;
        self.epoch
    }

    /// Whether an answer belongs to the question asked last.
    pub fn is_current(&self, epoch: Epoch) -> bool {
        self.epoch == epoch && self.phase == Phase::Loading
    }

    /// A page came.
    pub fn land(&mut self, entries: usize) {
        self.landed += entries;
    }

    /// The answer ended. Answers to old questions change nothing and give `false`.
    pub fn end(&mut self, epoch: Epoch, result: Result<(), Trouble>, now: Timestamp) -> bool {
        if !self.is_current(epoch) {
            return false;
        }
        match result {
            Ok(()) => {
                self.phase = Phase::Ready;
                self.at = Some(now);
            }
            Err(trouble) => self.phase = Phase::Failed(trouble),
        }
        true
    }

    /// Nothing is wanted any more; answers under way are dropped.
    pub fn forget(&mut self) {
        *self = Self { epoch: self.epoch + 1, ..Self::default() };
    }

    /// How old the data is.
    pub fn age(&self, now: Timestamp) -> Option<Duration> {
        self.at.map(|at| now.since(at))
    }

    /// Whether it is time to ask again: sooner if the last answer did not come.
    pub fn is_due(&self, now: Timestamp, every: Duration) -> bool {
        let every = if self.trouble().is_some() { every.min(RETRY) } else { every };
        self.phase != Phase::Loading && self.asked.is_none_or(|asked| now.since(asked) >= every)
    }

    /// Whether an answer is on its way.
    pub fn is_loading(&self) -> bool {
        self.phase == Phase::Loading
    }

    /// Why there is no new data.
    pub fn trouble(&self) -> Option<&Trouble> {
        match &self.phase {
            Phase::Failed(trouble) => Some(trouble),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_answers_are_dropped() {
        let now = Timestamp::from_millis(1_000);
        let mut feed = Feed::default();
        let old = feed.begin(now);
        let new = feed.begin(now);
        assert!(!feed.end(old, Ok(()), now));
        assert!(feed.is_loading());
        assert!(feed.end(new, Err(Trouble::new("no", None)), now));
        assert_eq!(feed.age(now), None);
        assert!(!feed.is_due(now, Duration::from_secs(1)));
        assert!(feed.is_due(now.plus(Duration::from_secs(1)), Duration::from_secs(1)));
    }

    #[test]
    fn a_failure_is_asked_again_soon() {
        let (now, every) = (Timestamp::from_millis(1_000), Duration::from_secs(60));
        let mut feed = Feed::default();
        let epoch = feed.begin(now);
        feed.end(epoch, Err(Trouble::new("no", None)), now);
        assert!(!feed.is_due(now.plus(Duration::from_secs(4)), every));
        assert!(feed.is_due(now.plus(RETRY), every));
        let epoch = feed.begin(now);
        feed.end(epoch, Ok(()), now);
        assert!(!feed.is_due(now.plus(RETRY), every));
    }
}
