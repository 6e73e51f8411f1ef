//! The filter of a list: loose words and exact `key:value` tokens, all of which must hold.

use nucleo::{
    Matcher, Utf32Str,
    pattern::{CaseMatching, Normalization, Pattern},
};

/// A parsed filter.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    tokens: Vec<Token>,
    words: Option<Pattern>,
}

/// An exact condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// The key, in lower case.
    pub key: String,
    /// The value as typed.
    pub value: String,
    /// Whether it must not hold: `!key:value`.
    pub not: bool,
}

impl Filter {
    /// Reads a filter. Every text is one; a token whose key is not among `keys` is a loose word.
    pub fn parse(text: &str, keys: &[&str]) -> Self {
        let mut tokens = Vec::new();
        let mut words = Vec::new();
        for part in text.split_whitespace() {
            let (not, bare) = part.strip_prefix('!').map_or((false, part), |bare| (true, bare));
            match bare.split_once(':') {
                Some((key, value)) if keys.contains(&key.to_lowercase().as_str()) => {
                    if !value.is_empty() {
                        tokens.push(Token { key: key.to_lowercase(), value: value.to_owned(), not });
                    }
                }
                _ => words.push(part),
            }
        }
        let words =
            (!words.is_empty()).then(|| Pattern::parse(&words.join(" "), CaseMatching::Smart, Normalization::Smart));
        Self { tokens, words }
    }

    /// Whether it lets everything through.
    pub fn is_empty(&self) -> bool {
        self.tokens.is_empty() && self.words.is_none()
    }

    /// Whether a row passes. `holds` decides tokens, `text` is what loose words are looked for in.
    pub fn passes(&self, text: &str, matching: &mut Matching, holds: impl Fn(&Token) -> bool) -> bool {
        self.tokens.iter().all(|token| holds(token) != token.not)
            && self.words.as_ref().is_none_or(|words| {
                words.score(Utf32Str::new(text, &mut matching.buffer), &mut matching.matcher).is_some()
            })
    }
}

/// The scratch space of matching; make one for a whole list.
pub struct Matching {
    matcher: Matcher,
    buffer: Vec<char>,
}

impl Default for Matching {
    fn default() -> Self {
        Self { matcher: Matcher::new(nucleo::Config::DEFAULT), buffer: Vec::new() }
    }
}

/// Whether a value is what a token asks for: the beginning of it, whatever the case.
pub fn begins(value: &str, wanted: &str) -> bool {
    value.len() >= wanted.len() && value.to_lowercase().starts_with(&wanted.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_loose_and_tokens_exact() {
        let mut matching = Matching::default();
        let filter = Filter::parse("wbfr !ping:lost tag:Env=prod arn:aws", &["ping", "tag"]);
        assert_eq!(filter.tokens.len(), 2);
        let holds = |token: &Token| token.key == "tag" && token.value == "Env=prod";
        assert!(filter.passes("web-front-1 arn:aws:x", &mut matching, holds));
        assert!(!filter.passes("db arn:aws:x", &mut matching, holds));
        assert!(!filter.passes("web-front-1 arn:aws:x", &mut matching, |_| true));
        assert!(Filter::parse("  tag: ", &["tag"]).is_empty());
    }
}
