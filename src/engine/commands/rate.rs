//! Rate control: what `MaxConcurrency` and `MaxErrors` come to for a number of targets. Pure arithmetic.

use crate::ssm::ApiError;

/// `MaxConcurrency` where the caller says nothing.
pub const DEFAULT_CONCURRENCY: &str = "50";
/// `MaxErrors` where the caller says nothing.
pub const DEFAULT_ERRORS: &str = "0";

/// A number, or a share of the targets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rate {
    /// `10`.
    Count(u64),
    /// `10%`, 0 to 100.
    Percent(u64),
}

impl Rate {
    /// Reads `10` or `10%`.
    ///
    /// Errors: `ValidationException` for anything else. The service model has checked the shape already; only numbers that
    /// are too large reach this.
    pub fn parse(text: &str) -> Result<Self, ApiError> {
        let wrong = || ApiError::validation(format!("{text} is neither a number nor a percentage."));
        match text.strip_suffix('%') {
            Some(percent) => percent.parse().ok().filter(|p| *p <= 100).map(Self::Percent).ok_or_else(wrong),
            None => text.parse().map(Self::Count).map_err(|_| wrong()),
        }
    }

    /// A share is rounded down.
    fn of(self, targets: u64) -> u64 {
        match self {
            Self::Count(count) => count,
            Self::Percent(percent) => targets.saturating_mul(percent) / 100,
        }
    }

    /// How many targets run at the same time: at least one, or nothing would ever run.
    pub fn concurrency(self, targets: u64) -> u64 {
        self.of(targets).max(1)
    }

    /// How many targets may fail without stopping the command. The failure after these stops it.
    pub fn errors_allowed(self, targets: u64) -> u64 {
        self.of(targets)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arithmetic_is_the_services() {
        // text, targets, at once, errors allowed
        for (text, targets, at_once, errors) in [
            ("1", 6, 1, 1),
            ("50", 6, 50, 50),
            ("10%", 50, 5, 5),
            ("10%", 1000, 100, 100),
            ("10%", 9, 1, 0),
            ("25%", 6, 1, 1),
            ("50%", 3, 1, 1),
            ("99%", 3, 2, 2),
            ("100%", 6, 6, 6),
            ("1%", 3, 1, 0),
            ("0%", 6, 1, 0),
            ("0", 6, 1, 0),
            ("10%", 0, 1, 0),
            ("100%", u64::MAX, u64::MAX / 100, u64::MAX / 100),
        ] {
            let rate = Rate::parse(text).unwrap();
            assert_eq!(
                (rate.concurrency(targets), rate.errors_allowed(targets)),
                (at_once, errors),
                "{text} of {targets}"
            );
        }
    }

    #[test]
    fn what_is_no_rate_is_refused() {
        for text in ["", "%", "101%", "-1", "1.5", "ten", "99999999999999999999999"] {
            assert!(Rate::parse(text).is_err(), "{text}");
        }
    }
}
