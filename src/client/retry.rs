//! When a failed call is tried again, and after how long. Decisions only: nothing here waits or sends.

use std::time::Duration;

use super::error::EXPIRED;
use crate::ssm::ApiError;

/// Whether a call may be repeated although the service may have carried it out already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Repeat {
    /// A second time changes nothing.
    Safe,
    /// A second time would do it twice: only when it surely was not carried out.
    Unsafe,
}

impl Repeat {
    /// By the operation's name. Operations that create something (a command, a session, a version) are unsafe.
    pub(super) fn of(operation: &str) -> Self {
        const UNSAFE: &[&str] = &["Send", "Start", "Create", "Register", "PutParameter", "UpdateDocument"];
        // Choosing another default version is the exception to its prefix.
        match UNSAFE.iter().any(|prefix| operation.starts_with(prefix)) && operation != "UpdateDocumentDefaultVersion" {
            true => Self::Unsafe,
            false => Self::Safe,
        }
    }
}

/// How one try failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// The service asked to slow down and did nothing.
    Throttled,
    /// No connection came about: nothing was sent.
    NotSent,
    /// The connection broke, the time ran out or the service failed: it may have been carried out.
    Uncertain,
    /// The signature was made with another time than the service's.
    ClockSkew,
    /// The credentials ran out.
    Expired,
    /// The service refused.
    Refused,
}

impl Failure {
    /// What an error of the API says about the try.
    pub(super) fn of(error: &ApiError) -> Self {
        let text = error.message.as_deref().unwrap_or_default();
        let about_time = text.starts_with("Signature expired") || text.starts_with("Signature not yet current");
        match &*error.code {
            code if EXPIRED.contains(&code) => Self::Expired,
            "RequestTimeTooSkewed" | "RequestExpired" | "RequestInTheFuture" => Self::ClockSkew,
            "InvalidSignatureException" | "SignatureDoesNotMatch" if about_time => Self::ClockSkew,
            _ if error.is_throttle() => Self::Throttled,
            _ if error.is_retryable() => Self::Uncertain,
            _ => Self::Refused,
        }
    }
}

/// The tries of one call.
#[derive(Debug, Default)]
pub(super) struct Tries {
    failed: u32,
    corrected_clock: bool,
    renewed_credentials: bool,
}

/// Tries in all, before a fault and before throttling is handed to the caller.
const FAULT_TRIES: u32 = 4;
/// The pace falls with each throttle, so that these take minutes: who is throttled that long has no share of the rate at all.
const THROTTLE_TRIES: u32 = 14;
const LONGEST: Duration = Duration::from_secs(8);

impl Tries {
    /// How long to wait before the next try; `None` ends them. `chance` is from 0 to 1.
    pub(super) fn next(&mut self, failure: Failure, repeat: Repeat, chance: f64) -> Option<Duration> {
        self.failed += 1;
        let (limit, first) = match failure {
            Failure::Refused => return None,
            Failure::Uncertain if repeat == Repeat::Unsafe => return None,
            Failure::ClockSkew => {
                return (!std::mem::replace(&mut self.corrected_clock, true)).then_some(Duration::ZERO);
            }
            Failure::Expired => {
                return (!std::mem::replace(&mut self.renewed_credentials, true)).then_some(Duration::ZERO);
            }
            Failure::Throttled => (THROTTLE_TRIES, Duration::from_millis(400)),
            Failure::NotSent | Failure::Uncertain => (FAULT_TRIES, Duration::from_millis(100)),
        };
        (self.failed < limit).then(|| delay(first, self.failed - 1, chance))
    }
}

/// Doubling from `first`, half of it left to chance, so that callers who failed together do not come back together.
pub(super) fn delay(first: Duration, doublings: u32, chance: f64) -> Duration {
    let whole = first.saturating_mul(2u32.saturating_pow(doublings.min(16))).min(LONGEST);
    whole.mul_f64(0.5 + 0.5 * chance.clamp(0.0, 1.0))
}

/// A random number from 0 to 1.
#[allow(clippy::cast_precision_loss)] // 32 bits fit a double
pub(super) fn chance() -> f64 {
    let (bits, _) = uuid::Uuid::new_v4().as_u64_pair();
    (bits >> 32) as f64 / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_creates_something_is_not_repeated_in_doubt() {
        for operation in ["SendCommand", "CreateActivation", "StartSession", "PutParameter", "CreateDocument"] {
            assert_eq!(Repeat::of(operation), Repeat::Unsafe, "{operation}");
            let mut tries = Tries::default();
            assert_eq!(tries.next(Failure::Uncertain, Repeat::of(operation), 0.5), None);
            assert!(Tries::default().next(Failure::NotSent, Repeat::Unsafe, 0.5).is_some());
            assert!(Tries::default().next(Failure::Throttled, Repeat::Unsafe, 0.5).is_some());
        }
        for operation in
            ["GetParameter", "ListCommands", "DeleteParameter", "AddTagsToResource", "UpdateDocumentDefaultVersion"]
        {
            assert_eq!(Repeat::of(operation), Repeat::Safe, "{operation}");
        }
    }

    #[test]
    fn tries_end_and_waits_grow() {
        let mut tries = Tries::default();
        let waits: Vec<_> = std::iter::from_fn(|| tries.next(Failure::Uncertain, Repeat::Safe, 1.0)).collect();
        assert_eq!(waits, [100, 200, 400].map(Duration::from_millis));
        let mut tries = Tries::default();
        assert_eq!(tries.next(Failure::ClockSkew, Repeat::Unsafe, 0.0), Some(Duration::ZERO));
        assert_eq!(tries.next(Failure::ClockSkew, Repeat::Unsafe, 0.0), None);
        assert!((0..100).all(|_| (0.0..=1.0).contains(&chance())));
    }

    #[test]
    fn errors_are_told_apart() {
        for (error, failure) in [
            (ApiError::new("ThrottlingException", "Rate exceeded"), Failure::Throttled),
            (ApiError::internal("x"), Failure::Uncertain),
            (ApiError::bare("ExpiredTokenException"), Failure::Expired),
            (
                ApiError::new("InvalidSignatureException", "Signature expired: 1 is now earlier than 2"),
                Failure::ClockSkew,
            ),
            (ApiError::new("InvalidSignatureException", "The request signature we calculated"), Failure::Refused),
            (ApiError::bare("ParameterNotFound"), Failure::Refused),
        ] {
            assert_eq!(Failure::of(&error), failure, "{error}");
        }
    }
}
