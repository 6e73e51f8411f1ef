//! Values in memory: overwritten when they are dropped, never printed, and shown for a while only.

use crate::ssm::{Sensitive, Timestamp};

/// A value that is overwritten when it is dropped.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Secret(Sensitive<String>);

impl Secret {
    /// The value. Callers do not keep copies of it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<Sensitive<String>> for Secret {
    fn from(value: Sensitive<String>) -> Self {
        Self(value)
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        wipe(std::mem::take(&mut self.0.0));
    }
}

/// Overwrites a text before its memory is given back.
pub fn wipe(text: String) {
    let mut bytes = text.into_bytes();
    bytes.fill(0);
    // Keeps the writes, which nobody reads, from being left out.
    std::hint::black_box(&bytes);
}

/// The value of the parameter under the cursor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// The value.
    pub value: Secret,
    /// The version it belongs to.
    pub version: Option<i64>,
    /// When it is hidden again. `None`: it is no secret.
    pub until: Option<Timestamp>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_never_prints_itself() {
        let shown = Shown { value: Secret::from(Sensitive("hunter2".to_owned())), version: Some(1), until: None };
        assert!(!format!("{shown:?}").contains("hunter2"));
        assert_eq!(shown.value.expose(), "hunter2");
    }
}
