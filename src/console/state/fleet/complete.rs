//! What a filter that is being typed can go on with: keys, tags, values that occur in the fleet.

use super::{Column, Fleet, query::KEYS};
use crate::console::state::filter::{parts, quoted};

/// Values that are looked for; a list that is longer says nothing.
const MOST: usize = 400;

/// What the end of a filter can be completed to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Completion {
    /// What stands before it.
    before: String,
    /// The ends.
    pub ends: Vec<String>,
    /// The one that stands in the filter now.
    pub at: Option<usize>,
}

impl Fleet {
    /// Completes the filter with the next thing it can go on with.
    pub fn complete(&mut self) {
        let mut completion = match self.completion.take() {
            Some(known) => known,
            None if self.filter.before() == self.filter.text() => self.completion_of(self.filter.text()),
            None => return,
        };
        if completion.ends.is_empty() {
            return;
        }
        let next = completion.at.map_or(0, |at| (at + 1) % completion.ends.len());
        completion.at = Some(next);
        let filter = format!("{}{}", completion.before, completion.ends[next]);
        self.set_filter(&filter);
        // With nothing to choose from, the next key begins anew behind it.
        self.completion = Some(completion).filter(|completion| completion.ends.len() > 1);
    }

    fn completion_of(&self, text: &str) -> Completion {
        let last = parts(text).pop().filter(|part| part.at.end == text.len() && !text.is_empty());
        let Some(part) = last else {
            return Completion { before: text.to_owned(), ends: keys(""), at: None };
        };
        let Some((key, _)) = &part.key else {
            let before = text[..text.len() - part.bare.len()].to_owned();
            return Completion { before, ends: keys(&part.bare), at: None };
        };
        // Of several values the last one is being typed.
        let start = part.value.rfind(',').filter(|_| !part.value.ends_with('"')).map_or(0, |comma| comma + 1);
        let typed = &part.value[start..];
        let before = &text[..text.len() - typed.len()];
        let (head, typed, values) = match typed.split_once('=').filter(|_| key == "tag") {
            Some((tag, value)) => {
                let tag = tag.trim_matches('"');
                (typed.len() - value.len(), value, self.values_of(&Column::Tag(tag.into()), MOST))
            }
            None => (0, typed, self.values(key)),
        };
        let before = format!("{before}{}", &part.value[start..start + head]);
        let wanted = typed.trim_matches('"').to_lowercase();
        let fits = |value: &String| value.to_lowercase().starts_with(&wanted) && *value != typed;
        let end = |value: String| match key.as_str() {
            "tag" if head == 0 => format!("{}=", quoted(&value)),
            _ => quoted(&value),
        };
        Completion { before, ends: values.into_iter().filter(fits).map(end).collect(), at: None }
    }

    /// The values a key can have.
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
}

/// The keys that begin so, each with the comparison it is used with most.
fn keys(typed: &str) -> Vec<String> {
    let fits = KEYS.iter().filter(|key| key.name.starts_with(&typed.to_lowercase()));
    let sign = |about: &str| about.find(['>', '<', ':']).and_then(|at| about.get(at..=at)).unwrap_or(":").to_owned();
    fits.map(|key| format!("{}{}", key.name, sign(key.about))).collect()
}
