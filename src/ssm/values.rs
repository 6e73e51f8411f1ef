//! The scalar values that the API's shapes are made of.

use std::{
    collections::BTreeMap,
    fmt,
    ops::{Deref, DerefMut},
    time::Duration,
};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A point in time, by default the epoch. On the wire: epoch seconds as a number, milliseconds in the fraction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(jiff::Timestamp);

impl Timestamp {
    /// The time by the system's clock. Only [`super::clock::Clock::system`] should need it.
    pub fn now() -> Self {
        Self(jiff::Timestamp::now())
    }

    /// From milliseconds since the epoch, clamped to what a timestamp can hold.
    pub fn from_millis(millis: i64) -> Self {
        Self(jiff::Timestamp::from_millisecond(millis).unwrap_or(if millis < 0 {
            jiff::Timestamp::MIN
        } else {
            jiff::Timestamp::MAX
        }))
    }

    /// Milliseconds since the epoch.
    pub fn as_millis(self) -> i64 {
        self.0.as_millisecond()
    }

    /// Seconds since the epoch, rounded down.
    pub fn as_seconds(self) -> i64 {
        self.as_millis().div_euclid(1000)
    }

    /// The civil form, for formatting.
    pub fn civil(self) -> jiff::Timestamp {
        self.0
    }

    /// ISO 8601 with milliseconds in UTC: `2026-11-22T08:39:03.082Z`, the form of the API's date strings.
    pub fn iso(self) -> String {
        self.0.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
    }

    /// Reads ISO 8601, as filters such as `InvokedAfter` carry it.
    pub fn parse_iso(text: &str) -> Option<Self> {
        text.parse().ok().map(Self)
    }

    /// This time moved later.
    pub fn plus(self, by: Duration) -> Self {
        Self::from_millis(self.as_millis().saturating_add(i64::try_from(by.as_millis()).unwrap_or(i64::MAX)))
    }

    /// This time moved earlier.
    pub fn minus(self, by: Duration) -> Self {
        Self::from_millis(self.as_millis().saturating_sub(i64::try_from(by.as_millis()).unwrap_or(i64::MAX)))
    }

    /// How long ago `earlier` was, zero if it lies in the future.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.as_millis().saturating_sub(earlier.as_millis())).unwrap_or(0))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.iso())
    }
}

impl Serialize for Timestamp {
    #[allow(clippy::cast_precision_loss)] // milliseconds until the year 9999 fit a double's 53 bits
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.as_millis() as f64 / 1000.0)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    #[allow(clippy::cast_possible_truncation)] // from_millis clamps; a float cast saturates
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Wire {
            Number(f64),
            Text(String),
        }
        match Wire::deserialize(deserializer)? {
            Wire::Number(seconds) => Ok(Self::from_millis((seconds * 1000.0).round() as i64)),
            Wire::Text(text) => Self::parse_iso(&text)
                .ok_or_else(|| serde::de::Error::custom("a timestamp is epoch seconds or ISO 8601")),
        }
    }
}

/// A value that the service model calls sensitive. It serialises as itself, except inside [`super::redact::masking`], and
/// never prints itself.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Sensitive<T = String>(pub T);

impl<T: Serialize> Serialize for Sensitive<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match super::redact::is_masking() {
            false => self.0.serialize(serializer),
            true => {
                let mut value = serde_json::to_value(&self.0).map_err(serde::ser::Error::custom)?;
                super::redact::hide(&mut value);
                value.serialize(serializer)
            }
        }
    }
}

impl<T> fmt::Debug for Sensitive<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(sensitive)")
    }
}

impl<T> Deref for Sensitive<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> DerefMut for Sensitive<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}

impl<T> From<T> for Sensitive<T> {
    fn from(value: T) -> Self {
        Self(value)
    }
}

impl From<&str> for Sensitive {
    fn from(value: &str) -> Self {
        Self(value.to_owned())
    }
}

impl<V> Sensitive<BTreeMap<String, V>> {
    /// Whether there is nothing inside; serde asks this to leave the member out.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timestamps_are_epoch_seconds_on_the_wire() {
        let time = Timestamp::from_millis(1_700_000_000_123);
        assert_eq!(serde_json::to_string(&time).unwrap(), "1700000000.123");
        for text in ["1700000000.123", "1.700000000123E9", "\"2023-11-14T22:13:20.123Z\""] {
            assert_eq!(serde_json::from_str::<Timestamp>(text).unwrap(), time, "{text}");
        }
        assert_eq!(time.iso(), "2023-11-14T22:13:20.123Z");
    }

    #[test]
    fn absurd_timestamps_are_clamped_not_fatal() {
        assert!(serde_json::from_str::<Timestamp>("1e300").is_ok());
        assert!(serde_json::from_str::<Timestamp>("-1e300").is_ok());
    }

    #[test]
    fn a_sensitive_value_never_prints_itself() {
        let secret = Sensitive("hunter2");
        assert!(!format!("{secret:?}").contains("hunter2"));
        assert_eq!(serde_json::to_string(&secret).unwrap(), "\"hunter2\"");
    }
}
