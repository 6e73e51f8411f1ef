//! The filter of a list: loose words and exact tokens such as `key:value` and `key>value`, all of which must hold.

mod complete;
mod parts;
mod tags;
mod unknown;
mod values;
mod words;

pub use complete::{Completion, Source};
pub use parts::{Op, Part, comparison, parts, quoted};
pub use tags::TagTest;
pub use unknown::{meant, tagless, told, unknown};
pub use values::{age, is_date, quantity};
pub use words::{Matching, Words, find_folded};

/// A parsed filter.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    tokens: Vec<Token>,
    words: Words,
}

/// An exact condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// The key, in lower case.
    pub key: String,
    /// How it compares.
    pub op: Op,
    /// The values, one of which is enough.
    pub values: Vec<String>,
    /// Whether it must not hold: `!key:value`.
    pub not: bool,
    /// What the values ask for, where the key is [`TAG`].
    pub tags: Vec<TagTest>,
}

/// The key of tokens that ask for tags.
pub const TAG: &str = "tag";

impl Token {
    fn new(key: &str, op: Op, values: Vec<String>, not: bool) -> Self {
        let mut tags: Vec<TagTest> = Vec::new();
        for value in values.iter().filter(|_| key == TAG) {
            tags.push(TagTest::read(value, tags.last()));
        }
        Self { key: key.to_owned(), op, values, not, tags }
    }
}

impl Filter {
    /// Reads a filter. Every text is one; a token whose key is not among `keys` is a loose word.
    pub fn parse(text: &str, keys: &[&str]) -> Self {
        Self::read(text, keys, None)
    }

    /// [`Filter::parse`] where a word that begins with `/` is a value of the key for paths.
    pub fn of_paths(text: &str, keys: &[&str], path: &str) -> Self {
        Self::read(text, keys, Some(path))
    }

    fn read(text: &str, keys: &[&str], path: Option<&str>) -> Self {
        let mut tokens = Vec::new();
        let mut words = Words::default();
        for part in parts(text) {
            match &part.key {
                Some((key, op)) if keys.contains(&key.as_str()) => {
                    let values = part.values();
                    if !values.is_empty() {
                        tokens.push(Token::new(key, *op, values, part.not));
                    }
                }
                _ => match path.filter(|_| part.bare.starts_with('/')) {
                    Some(path) => {
                        let values = vec![part.bare.replace('"', "")];
                        tokens.push(Token::new(path, Op::Is, values, part.not));
                    }
                    None => words.add(&part),
                },
            }
        }
        Self { tokens, words }
    }

    /// Whether it is words alone.
    pub fn is_words(&self) -> bool {
        self.tokens.is_empty()
    }

    /// Whether it lets everything through.
    pub fn is_empty(&self) -> bool {
        self.tokens.is_empty() && self.words.is_empty()
    }

    /// Whether a row passes. `holds` decides tokens, `text` is what loose words are looked for in.
    pub fn passes(&self, text: &str, matching: &mut Matching, holds: impl Fn(&Token) -> bool) -> bool {
        self.tokens.iter().all(|token| holds(token) != token.not) && self.words.pass(text, "", matching)
    }

    /// [`Filter::passes`] of a row whose words cost something to find: they are asked for only where words are looked for,
    /// loosely in the lines of `names` or as they are in `rest`.
    pub fn finds<'a>(
        &self,
        names: impl FnOnce() -> String,
        rest: impl FnOnce() -> std::borrow::Cow<'a, str>,
        matching: &mut Matching,
        holds: impl Fn(&Token) -> bool,
    ) -> bool {
        self.tokens.iter().all(|token| holds(token) != token.not)
            && (self.words.is_empty() || self.words.pass(&names(), &rest(), matching))
    }
}

/// Whether a text is like a pattern in which `*` stands for anything.
pub fn like(text: &str, pattern: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else { return rest.is_empty() };
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

/// Whether a value is what a token asks for: the beginning of it, whatever the case.
pub fn begins(value: &str, wanted: &str) -> bool {
    match value.as_bytes().get(..wanted.len()) {
        Some(start) if value.is_ascii() && wanted.is_ascii() => start.eq_ignore_ascii_case(wanted.as_bytes()),
        None if value.is_ascii() => false,
        _ => value.to_lowercase().starts_with(&wanted.to_lowercase()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_loose_and_tokens_exact() {
        let mut matching = Matching::default();
        let filter = Filter::parse("wbfr !ping:lost tag:Env=prod arn:aws", &["ping", "tag"]);
        assert_eq!(filter.tokens.len(), 2);
        let holds = |token: &Token| token.key == "tag" && token.values == ["Env=prod"];
        assert!(filter.passes("web-front-1 arn:aws:x", &mut matching, holds));
        assert!(!filter.passes("db arn:aws:x", &mut matching, holds));
        assert!(!filter.passes("web-front-1 arn:aws:x", &mut matching, |_| true));
        assert!(Filter::parse("  tag: ", &["tag"]).is_empty());
    }

    #[test]
    fn a_star_stands_for_anything() {
        for (text, pattern) in [("prod-eu", "prod*"), ("a", "*"), ("", "*"), ("a-b-c", "a*b*c"), ("x", "x")] {
            assert!(like(text, pattern), "{text} {pattern}");
        }
        for (text, pattern) in [("prod", "prod-*"), ("ab", "a"), ("a", "a*a"), ("abc", "a*c*b")] {
            assert!(!like(text, pattern), "{text} {pattern}");
        }
    }

    #[test]
    fn the_beginning_of_a_value_is_enough_whatever_the_case() {
        assert!(begins("Web-1", "wEB") && begins("Ärger", "ä") && begins("x", ""));
        assert!(!begins("we", "web") && !begins("漢", "字") && !begins("a", "ab"));
    }
}
