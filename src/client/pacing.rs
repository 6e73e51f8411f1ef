//! A token bucket per operation: the client keeps below the service's rate limits instead of running into them.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// The paces of all operations of one client.
#[derive(Debug)]
pub(super) struct Pacing {
    aws: bool,
    buckets: Mutex<HashMap<&'static str, Bucket>>,
}

/// Calls a second that AWS grants an account by default, as published for Parameter Store; below what is seen elsewhere.
const RATES: &[(&str, f64)] = &[
    ("GetParameter", 40.0),
    ("GetParameters", 40.0),
    ("GetParametersByPath", 40.0),
    ("PutParameter", 3.0),
    ("DescribeParameters", 5.0),
    ("GetParameterHistory", 5.0),
];
const OTHERS: f64 = 10.0;
/// The least pace after a first throttle where none was set before.
const CAUTIOUS: f64 = 8.0;
const SLOWEST: f64 = 0.5;

impl Pacing {
    /// For AWS the pace starts at its published limits; for another endpoint it is free until it complains.
    pub(super) fn new(aws: bool) -> Self {
        Self { aws, buckets: Mutex::default() }
    }

    /// Takes a place for one call and says how long to wait for it.
    pub(super) fn reserve(&self, operation: &'static str, now: Instant) -> Duration {
        self.with(operation, now, |bucket| bucket.take(now))
    }

    /// How long a call would have to wait for a place then.
    pub(super) fn wait(&self, operation: &'static str, then: Instant) -> Duration {
        self.with(operation, then, |bucket| bucket.wait(then).1)
    }

    /// The service throttled the operation.
    pub(super) fn throttled(&self, operation: &'static str, now: Instant) {
        self.with(operation, now, |bucket| bucket.slow_down(now));
    }

    /// The service took a call.
    pub(super) fn accepted(&self, operation: &'static str, now: Instant) {
        self.with(operation, now, |bucket| bucket.speed_up(now));
    }

    fn with<T>(&self, operation: &'static str, now: Instant, act: impl FnOnce(&mut Bucket) -> T) -> T {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let limit = self.aws.then(|| rate(operation));
        act(buckets.entry(operation).or_insert_with(|| Bucket::new(limit, now)))
    }
}

fn rate(operation: &str) -> f64 {
    RATES.iter().find(|(name, _)| *name == operation).map_or(OTHERS, |(_, rate)| *rate)
}

/// Tokens come at `rate` a second, up to two seconds' worth; without a rate there is no limit.
#[derive(Debug)]
struct Bucket {
    ceiling: Option<f64>,
    rate: Option<f64>,
    tokens: f64,
    at: Instant,
    /// When the pace was last slowed down.
    slowed: Option<Instant>,
    /// When the calls of the last second were accepted: what the service is known to take.
    accepted: VecDeque<Instant>,
}

impl Bucket {
    fn new(ceiling: Option<f64>, now: Instant) -> Self {
        Self {
            ceiling,
            rate: ceiling,
            tokens: ceiling.map_or(0.0, burst),
            at: now,
            slowed: None,
            accepted: VecDeque::new(),
        }
    }

    /// Takes a token, on credit if there is none; the debt is the time to wait.
    fn take(&mut self, now: Instant) -> Duration {
        let (tokens, wait) = self.wait(now);
        (self.tokens, self.at) = (tokens, self.at.max(now));
        wait
    }

    /// The tokens that would be left, and the time to wait.
    fn wait(&self, now: Instant) -> (f64, Duration) {
        let Some(rate) = self.rate else { return (self.tokens, Duration::ZERO) };
        let earned = now.saturating_duration_since(self.at).as_secs_f64() * rate;
        let tokens = (self.tokens + earned).min(burst(rate)) - 1.0;
        (tokens, Duration::from_secs_f64((-tokens / rate).clamp(0.0, 60.0)))
    }

    /// A first throttle tells the limit: what was accepted in the second before it, and a little less. Later ones halve. What
    /// else is refused within a second was under way already and tells nothing new.
    fn slow_down(&mut self, now: Instant) {
        let again = |at: Instant| now.saturating_duration_since(at) < Duration::from_secs(1);
        if self.slowed.is_some_and(again) {
            return;
        }
        self.slowed = Some(now);
        let (earned, _) = self.wait(now);
        self.forget(now);
        let seen = f64::from(u32::try_from(self.accepted.len()).unwrap_or(u32::MAX));
        self.rate = Some(self.rate.map_or((seen * 0.8).max(CAUTIOUS), |rate| (rate / 2.0).max(SLOWEST)));
        // What was saved up is gone.
        (self.tokens, self.at) = ((earned + 1.0).min(0.0), self.at.max(now));
    }

    /// Grows towards the ceiling, or by a fiftieth where none is known, so that a limit is found again soon.
    fn speed_up(&mut self, now: Instant) {
        match &mut self.rate {
            Some(rate) => *rate = (*rate + (*rate / 50.0).max(0.1)).min(self.ceiling.unwrap_or(f64::MAX)),
            None => {
                self.forget(now);
                self.accepted.push_back(now);
            }
        }
    }

    fn forget(&mut self, now: Instant) {
        while self.accepted.front().is_some_and(|at| now.saturating_duration_since(*at) > Duration::from_secs(1)) {
            self.accepted.pop_front();
        }
    }
}

fn burst(rate: f64) -> f64 {
    (rate * 2.0).max(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pace_settles_at_the_rate() {
        let start = Instant::now();
        let pacing = Pacing::new(true);
        let free = (0..100).take_while(|_| pacing.reserve("PutParameter", start).is_zero()).count();
        assert_eq!(free, 6);
        assert!(pacing.reserve("PutParameter", start + Duration::from_secs(60)).is_zero());
        assert!(pacing.reserve("GetParameter", start).is_zero());
    }

    #[test]
    fn one_overload_slows_down_once_however_many_calls_are_under_way() {
        let start = Instant::now();
        let pacing = Pacing::new(true);
        (0..10).for_each(|_| pacing.throttled("GetParameter", start));
        // A debt of one call at half of forty a second.
        assert_eq!(pacing.wait("GetParameter", start), Duration::from_millis(50));
        assert_eq!(pacing.reserve("GetParameter", start), Duration::from_millis(50));
        assert_eq!(pacing.wait("GetParameter", start), Duration::from_millis(100));
        pacing.throttled("GetParameter", start + Duration::from_secs(1));
        let later = start + Duration::from_secs(1);
        assert_eq!(pacing.wait("GetParameter", later), Duration::from_millis(100));
    }

    #[test]
    fn another_endpoint_is_free_until_it_complains() {
        let start = Instant::now();
        let pacing = Pacing::new(false);
        assert!((0..10_000).all(|_| pacing.reserve("PutParameter", start).is_zero()));
        for second in 0..30 {
            pacing.throttled("PutParameter", start + Duration::from_secs(second));
        }
        let waits: Vec<_> = (0..3).map(|_| pacing.reserve("PutParameter", start)).collect();
        assert_eq!(waits, [2, 4, 6].map(Duration::from_secs));
        for _ in 0..1000 {
            pacing.accepted("PutParameter", start);
        }
        assert!(pacing.reserve("PutParameter", start + Duration::from_secs(38)).is_zero());
    }
}
