//! What the filter of the fleet can go on with: keys, tags, values that occur in the fleet.

use super::{Column, Fleet, query::KEYS};
use crate::console::state::filter::{Completion, Source};

/// Values that are looked for; a list that is longer says nothing.
const MOST: usize = 400;

impl Fleet {
    /// Completes the filter with the next thing it can go on with.
    pub fn complete(&mut self) {
        let mut completion = match self.completion.take() {
            Some(known) => known,
            None if self.filter.before() == self.filter.text() => Completion::of(self.filter.text(), self),
            None => return,
        };
        let Some(filter) = completion.advance() else { return };
        self.set_filter(&filter);
        // With nothing to choose from, the next key begins anew behind it.
        self.completion = Some(completion).filter(|completion| completion.ends.len() > 1);
    }
}

impl Source for Fleet {
    fn keys(&self, typed: &str) -> Vec<String> {
        let fits = KEYS.iter().filter(|key| key.name.starts_with(&typed.to_lowercase()));
        let sign =
            |about: &str| about.find(['>', '<', ':']).and_then(|at| about.get(at..=at)).unwrap_or(":").to_owned();
        fits.map(|key| format!("{}{}", key.name, sign(key.about))).collect()
    }

    fn values(&self, key: &str) -> Vec<String> {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        match key {
            "ping" => words(&["online", "lost", "inactive"]),
            "compliance" => words(&["compliant", "non-compliant", "missing", "never", "unknown"]),
            "severity" => words(&["critical", "high", "medium", "low", "informational", "unspecified"]),
            "disk" => words(&["full"]),
            "marked" | "latest" => words(&["yes", "no"]),
            "seen" | "registered" => words(&["5m", "1h", "1d", "7d"]),
            "tag" => self.tag_keys(),
            "platform" | "os" => {
                let kinds = words(&["linux", "windows", "macos"]);
                kinds.into_iter().chain(self.values_of(&Column::Platform, MOST)).collect()
            }
            key => Column::named(key).map(|column| self.values_of(&column, MOST)).unwrap_or_default(),
        }
    }

    fn tag_values(&self, tag: &str) -> Vec<String> {
        self.values_of(&Column::Tag(tag.into()), MOST)
    }
}
