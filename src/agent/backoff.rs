//! How long to wait before trying again: doubling with jitter, fast at first, because the service may only be restarting.

use std::time::Duration;

/// A count of failures in a row and what they mean for the next try.
#[derive(Clone, Copy, Debug)]
pub struct Backoff {
    failures: u32,
    first: Duration,
    quick_cap: Duration,
    slow_cap: Duration,
}

/// So many tries stay under the quick cap: with delays of some seconds about ten minutes.
const QUICK_TRIES: u32 = 60;

impl Backoff {
    /// For connections: the first retry within 2.5 s; then never more than some 7 s for ten minutes, so that a service that
    /// was restarted sees its nodes back at once; then doubling to five minutes.
    pub const fn connection() -> Self {
        Self {
            failures: 0,
            first: Duration::from_millis(1000),
            quick_cap: Duration::from_secs(6),
            slow_cap: Duration::from_secs(300),
        }
    }

    /// For calls that the service answered with an error: 10 s doubling to half an hour.
    pub const fn refused() -> Self {
        Self {
            failures: 0,
            first: Duration::from_secs(10),
            quick_cap: Duration::from_secs(1800),
            slow_cap: Duration::from_secs(1800),
        }
    }

    /// For a node that the service does not know: a minute doubling to half an hour.
    pub const fn denied() -> Self {
        Self { first: Duration::from_secs(60), ..Self::refused() }
    }

    /// Counts a failure and says how long to wait.
    pub fn next_delay(&mut self) -> Duration {
        self.next_with(jitter(Duration::from_secs(1)))
    }

    /// The same with a given share of chance, 0 to 1 s.
    fn next_with(&mut self, chance: Duration) -> Duration {
        let failures = self.failures;
        self.failures = self.failures.saturating_add(1);
        let chance = chance.as_secs_f64();
        if failures == 0 {
            return (self.first * 5 / 2).mul_f64(chance);
        }
        let (cap, doublings) = match failures.checked_sub(QUICK_TRIES) {
            None => (self.quick_cap, failures - 1),
            Some(beyond) => (self.slow_cap, beyond.saturating_add(3)),
        };
        let base = self.first.saturating_mul(2u32.saturating_pow(doublings.min(16))).min(cap);
        base.mul_f64(1.0 + 0.2 * chance)
    }

    /// After a success.
    pub fn reset(&mut self) {
        self.failures = 0;
    }
}

/// A random duration below `limit`.
pub fn jitter(limit: Duration) -> Duration {
    let mut bytes = [0; 4];
    // Without randomness there is no jitter, which is no reason to fail.
    let _ = aws_lc_rs::rand::fill(&mut bytes);
    limit.mul_f64(f64::from(u32::from_le_bytes(bytes)) / (f64::from(u32::MAX) + 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_tries_are_fast_and_the_wait_is_bounded() {
        let mut backoff = Backoff::connection();
        let worst: Vec<f64> = (0..200).map(|_| backoff.next_with(Duration::from_secs(1)).as_secs_f64()).collect();
        assert!((worst[0] - 2.5).abs() < 1e-6);
        assert!(worst[..QUICK_TRIES as usize].iter().all(|wait| *wait <= 7.2 + 1e-6), "{worst:?}");
        assert!(worst.iter().all(|wait| *wait <= 360.0 + 1e-6));
        assert!(worst[100] > 100.0);
        backoff.reset();
        assert_eq!(backoff.next_with(Duration::ZERO), Duration::ZERO);
    }

    #[test]
    fn jitter_stays_below_its_limit() {
        assert!((0..100).all(|_| jitter(Duration::from_secs(1)) < Duration::from_secs(1)));
    }
}
