//! The parts of a typed filter: separated by spaces, where quotes hold together what belongs together.

use std::ops::Range;

/// How a token compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Op {
    /// `:`
    Is,
    /// `<`
    Less,
    /// `<=`
    AtMost,
    /// `>`
    More,
    /// `>=`
    AtLeast,
}

impl Op {
    /// Whether an order of the value to the wanted one is what is asked for. Not for [`Op::Is`], which each key means
    /// in its own way.
    pub fn holds(self, order: std::cmp::Ordering) -> bool {
        match self {
            Self::Is => order.is_eq(),
            Self::Less => order.is_lt(),
            Self::AtMost => order.is_le(),
            Self::More => order.is_gt(),
            Self::AtLeast => order.is_ge(),
        }
    }
}

/// One part: a loose word, or a key with a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Where it stands in the text, in bytes.
    pub at: Range<usize>,
    /// Whether it must not hold: it began with `!`.
    pub not: bool,
    /// The key in lower case, and how it compares, if it has the form of a token.
    pub key: Option<(String, Op)>,
    /// Whether there are quotes in it.
    pub quoted: bool,
    /// The value as typed: behind the key, or the whole word. Quotes are still in it.
    pub value: String,
    /// The whole part without the `!`.
    pub bare: String,
}

impl Part {
    /// The values of the token: separated by commas, without their quotes.
    pub fn values(&self) -> Vec<String> {
        split(&self.value, ',').into_iter().map(unquoted).filter(|value| !value.is_empty()).collect()
    }
}

/// The parts of a text.
pub fn parts(text: &str) -> Vec<Part> {
    let mut found = Vec::new();
    let mut start = None;
    let mut quoted = false;
    for (at, c) in text.char_indices() {
        match c {
            '"' => quoted = !quoted,
            c if c.is_whitespace() && !quoted => {
                found.extend(start.take().map(|start| part(text, start..at)));
                continue;
            }
            _ => {}
        }
        start.get_or_insert(at);
    }
    found.extend(start.map(|start| part(text, start..text.len())));
    found
}

fn part(text: &str, at: Range<usize>) -> Part {
    let whole = &text[at.clone()];
    let (not, bare) = whole.strip_prefix('!').map_or((false, whole), |bare| (true, bare));
    let (key, value) = match token(bare) {
        Some((key, op, value)) => (Some((key.to_lowercase(), op)), value),
        None => (None, bare),
    };
    Part { not, key, quoted: bare.contains('"'), value: value.to_owned(), bare: bare.to_owned(), at }
}

/// Key, comparison and value, if a word has the form of a token: `key:value`, `key>=value`.
fn token(word: &str) -> Option<(&str, Op, &str)> {
    let end = word.find([':', '<', '>'])?;
    let key = &word[..end];
    let is_key = key.starts_with(|c: char| c.is_ascii_alphabetic())
        && key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    if !is_key {
        return None;
    }
    let (op, rest) = comparison(&word[end..])?;
    Some((key, op, rest))
}

/// The comparison a text begins with, and what follows it.
pub fn comparison(text: &str) -> Option<(Op, &str)> {
    const OPS: [(&str, Op); 5] =
        [(">=", Op::AtLeast), ("<=", Op::AtMost), (">", Op::More), ("<", Op::Less), (":", Op::Is)];
    OPS.iter().find_map(|(sign, op)| text.strip_prefix(sign).map(|rest| (*op, rest)))
}

/// A text at its separators, but not inside quotes.
pub fn split(text: &str, separator: char) -> Vec<&str> {
    let mut found = Vec::new();
    let (mut start, mut quoted) = (0, false);
    for (at, c) in text.char_indices() {
        if c == '"' {
            quoted = !quoted;
        } else if c == separator && !quoted {
            found.push(&text[start..at]);
            start = at + c.len_utf8();
        }
    }
    found.push(&text[start..]);
    found
}

/// A text without quotes.
pub fn unquoted(text: &str) -> String {
    text.replace('"', "")
}

/// A value as it has to be typed: in quotes where it would fall apart otherwise.
pub fn quoted(value: &str) -> String {
    match value.contains(|c: char| c.is_whitespace() || c == ',') {
        true => format!("\"{value}\""),
        false => value.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn quotes_hold_together_what_belongs_together() {
        let found = parts("web !ping:lost,\"in active\" tag:\"Cost Center\"=\"a,b\",c agent>=3.3 10.0.0.1:80");
        let keys: Vec<_> = found.iter().map(|part| part.key.clone().map(|(key, _)| key)).collect();
        let key = |key: &str| Some(key.to_owned());
        assert_eq!(keys, [None, key("ping"), key("tag"), key("agent"), None]);
        assert!(found[1].not && !found[0].not);
        assert_eq!(found[1].values(), ["lost", "in active"]);
        assert_eq!(found[2].values(), ["Cost Center=a,b", "c"]);
        assert_eq!((found[3].key.clone().unwrap().1, found[3].value.as_str()), (Op::AtLeast, "3.3"));
        assert_eq!(&"web !ping"[found[0].at.clone()], "web");
    }

    proptest! {
        #[test]
        fn every_text_has_parts(text in ".{0,60}") {
            for part in parts(&text) {
                prop_assert!(text.get(part.at.clone()).is_some_and(|whole| whole.ends_with(&part.bare)));
                part.values();
            }
        }

        #[test]
        fn what_is_quoted_is_one_value(value in "[a-zA-Z ,:=<>!']{1,12}") {
            let text = format!("name:{}", quoted(value.trim()));
            let found = parts(&text);
            prop_assume!(!value.trim().is_empty());
            prop_assert_eq!(found.len(), 1);
            prop_assert_eq!(found[0].values(), [value.trim()]);
        }
    }
}
