//! What a filter that is being typed can go on with: keys, and the values that occur in the list.

use super::{parts, quoted};

/// Who knows keys and values.
pub trait Source {
    /// The keys that begin so, each with the comparison it is used with most.
    fn keys(&self, typed: &str) -> Vec<String>;
    /// The values of a key.
    fn values(&self, key: &str) -> Vec<String>;
    /// The values of a tag.
    fn tag_values(&self, tag: &str) -> Vec<String>;
}

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

impl Completion {
    /// What a filter can go on with at its end.
    pub fn of(text: &str, source: &dyn Source) -> Self {
        let last = parts(text).pop().filter(|part| part.at.end == text.len() && !text.is_empty());
        let Some(part) = last else {
            return Self { before: text.to_owned(), ends: source.keys(""), at: None };
        };
        let Some((key, _)) = &part.key else {
            let before = text[..text.len() - part.bare.len()].to_owned();
            return Self { before, ends: source.keys(&part.bare), at: None };
        };
        // Of several values the last one is being typed.
        let start = part.value.rfind(',').filter(|_| !part.value.ends_with('"')).map_or(0, |comma| comma + 1);
        let typed = &part.value[start..];
        let before = &text[..text.len() - typed.len()];
        let (head, typed, values) = match typed.split_once('=').filter(|_| key == "tag") {
            Some((tag, value)) => (typed.len() - value.len(), value, source.tag_values(tag.trim_matches('"'))),
            None => (0, typed, source.values(key)),
        };
        let before = format!("{before}{}", &part.value[start..start + head]);
        let wanted = typed.trim_matches('"').to_lowercase();
        let fits = |value: &String| value.to_lowercase().starts_with(&wanted) && *value != typed;
        let end = |value: String| match key.as_str() {
            "tag" if head == 0 => format!("{}=", quoted(&value)),
            _ => quoted(&value),
        };
        Self { before, ends: values.into_iter().filter(fits).map(end).collect(), at: None }
    }

    /// The filter with the next end, if there is any.
    pub fn advance(&mut self) -> Option<String> {
        let next = self.at.map_or(0, |at| (at + 1) % self.ends.len().max(1));
        let end = self.ends.get(next)?;
        self.at = Some(next);
        Some(format!("{}{end}", self.before))
    }
}
