//! Loose words. A word is found where its characters stand in their order, as in fzf: `wbfr` is found in `web-front`.
//! `'word` wants it as it is, `^word` at the beginning, `word$` at the end, `!word` not at all. Capitals count where a
//! word has some.

use memchr::{memchr, memchr2};
use nucleo::{
    Matcher, Utf32Str,
    pattern::{Atom, AtomKind, CaseMatching, Normalization},
};

use super::parts::{Part, unquoted};

/// Words, all of which must be found.
#[derive(Clone, Debug, Default)]
pub struct Words {
    list: Vec<Word>,
}

#[derive(Clone, Debug)]
struct Word {
    not: bool,
    kind: AtomKind,
    needle: String,
    /// Whether capitals count.
    exact_case: bool,
    /// For texts that are more than ASCII.
    atom: Atom,
}

impl Words {
    /// Reads words that are separated by spaces.
    pub fn parse(text: &str) -> Self {
        let mut words = Self::default();
        super::parts(text).iter().for_each(|part| words.add(part));
        words
    }

    /// Adds a word.
    pub fn add(&mut self, part: &Part) {
        self.push(&part.bare, part.not, part.quoted);
    }

    fn push(&mut self, bare: &str, not: bool, quoted: bool) {
        let (mut kind, mut needle) = match not || quoted {
            true => (AtomKind::Substring, bare),
            false => (AtomKind::Fuzzy, bare),
        };
        if let Some(rest) = bare.strip_prefix('\'') {
            (kind, needle) = (AtomKind::Substring, rest);
        } else if let Some(rest) = bare.strip_prefix('^') {
            (kind, needle) = (AtomKind::Prefix, rest);
        }
        if let Some(rest) = needle.strip_suffix('$') {
            kind = if kind == AtomKind::Prefix { AtomKind::Exact } else { AtomKind::Postfix };
            needle = rest;
        }
        let needle = unquoted(needle);
        if needle.is_empty() {
            return;
        }
        let exact_case = needle.chars().any(char::is_uppercase);
        let atom = Atom::new(&needle, CaseMatching::Smart, Normalization::Smart, kind, false);
        self.list.push(Word { not, kind, needle, exact_case, atom });
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Whether all words are found: loosely in the lines of `names`, or as they are in `rest`.
    pub fn pass(&self, names: &str, rest: &str, matching: &mut Matching) -> bool {
        self.list.iter().all(|word| word.is_found(names, rest, matching) != word.not)
    }
}

impl Word {
    fn is_found(&self, names: &str, rest: &str, matching: &mut Matching) -> bool {
        let stands = match self.kind {
            _ if rest.is_empty() => false,
            AtomKind::Fuzzy | AtomKind::Substring => find(rest, &self.needle, self.exact_case),
            _ => rest.split('\n').any(|line| self.is_in(line, matching)),
        };
        if stands {
            return true;
        }
        match memchr(b'\n', names.as_bytes()) {
            None => self.is_in(names, matching),
            Some(_) => names.split('\n').any(|name| self.is_in(name, matching)),
        }
    }

    fn is_in(&self, name: &str, matching: &mut Matching) -> bool {
        if !name.is_ascii() || !self.needle.is_ascii() {
            let name = Utf32Str::new(name, &mut matching.buffer);
            return self.atom.score(name, &mut matching.matcher).is_some();
        }
        let (name, needle) = (name.as_bytes(), self.needle.as_bytes());
        let same = |part: &[u8]| match self.exact_case {
            true => part == needle,
            false => part.eq_ignore_ascii_case(needle),
        };
        match self.kind {
            AtomKind::Fuzzy => subsequence(name, needle, self.exact_case),
            AtomKind::Substring => find_ascii(name, needle, self.exact_case),
            AtomKind::Prefix => name.get(..needle.len()).is_some_and(same),
            AtomKind::Postfix => name.len().checked_sub(needle.len()).is_some_and(|start| same(&name[start..])),
            _ => same(name),
        }
    }
}

/// Whether the bytes of a needle stand in a text in their order.
fn subsequence(mut text: &[u8], needle: &[u8], exact_case: bool) -> bool {
    for byte in needle {
        let found = match exact_case || !byte.is_ascii_alphabetic() {
            true => memchr(*byte, text),
            false => memchr2(byte.to_ascii_lowercase(), byte.to_ascii_uppercase(), text),
        };
        match found {
            Some(at) => text = &text[at + 1..],
            None => return false,
        }
    }
    true
}

/// Whether a text has a part, whatever the case.
pub fn find_folded(text: &str, needle: &str) -> bool {
    find(text, needle, false)
}

fn find(text: &str, needle: &str, exact_case: bool) -> bool {
    match text.is_ascii() && needle.is_ascii() {
        true => find_ascii(text.as_bytes(), needle.as_bytes(), exact_case),
        false if exact_case => text.contains(needle),
        false => text.to_lowercase().contains(&needle.to_lowercase()),
    }
}

fn find_ascii(mut text: &[u8], needle: &[u8], exact_case: bool) -> bool {
    let Some((first, _)) = needle.split_first() else { return true };
    while text.len() >= needle.len() {
        let room = &text[..=text.len() - needle.len()];
        let found = match exact_case || !first.is_ascii_alphabetic() {
            true => memchr(*first, room),
            false => memchr2(first.to_ascii_lowercase(), first.to_ascii_uppercase(), room),
        };
        let Some(at) = found else { return false };
        let here = &text[at..at + needle.len()];
        if if exact_case { here == needle } else { here.eq_ignore_ascii_case(needle) } {
            return true;
        }
        text = &text[at + 1..];
    }
    false
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn found(words: &str, text: &str) -> bool {
        Words::parse(words).pass(text, "", &mut Matching::default())
    }

    #[test]
    fn words_mean_what_they_mean_in_fzf() {
        assert!(found("wbfr 01", "web-front-01") && !found("frwb", "web-front"));
        assert!(!found("'wbfr", "web-front") && found("'b-f", "web-front"));
        assert!(found("^web nt$", "web-front") && !found("^front", "web-front") && !found("web$", "web-front"));
        assert!(found("!db", "web-front") && !found("!front", "web-front"));
        assert!(found("WEB", "x WEB") && !found("Web", "web") && found("web", "WEB"));
        assert!(found("cafe", "CAFÉ-1") && found("漢サ", "漢字サーバ") && found("\"字サ\"", "漢字サーバ"));
    }

    #[test]
    fn a_word_is_loose_in_names_alone() {
        let pass = |words: &str| {
            Words::parse(words).pass("web-1\nip-10-0-0-1", "\nmi-0a0b\n10.0.0.7", &mut Matching::default())
        };
        assert!(pass("wb1") && pass("ip1001") && pass("0.7") && !pass("mi-0A") && pass("mi-0a") && pass("^10."));
        assert!(!pass("mab") && !pass("web-110") && !pass("1007"));
    }

    proptest! {
        #[test]
        fn what_is_fast_finds_what_the_matcher_finds(word in "[a-cA-C0-2'^$!-]{1,5}", text in "[a-cA-C0-2-]{0,14}") {
            let words = Words::parse(&word);
            let mut matching = Matching::default();
            for word in &words.list {
                let mut buffer = Vec::new();
                let slow = match word.kind {
                    // The matcher does not find everything at the ends of a text, nor every part of one: `0-c` in `0-C0`.
                    AtomKind::Substring if word.exact_case => text.contains(&word.needle),
                    AtomKind::Substring => text.to_lowercase().contains(&word.needle.to_lowercase()),
                    AtomKind::Prefix if word.exact_case => text.starts_with(&word.needle),
                    AtomKind::Prefix => text.to_lowercase().starts_with(&word.needle.to_lowercase()),
                    AtomKind::Postfix if word.exact_case => text.ends_with(&word.needle),
                    AtomKind::Postfix => text.to_lowercase().ends_with(&word.needle.to_lowercase()),
                    _ => word.atom.score(Utf32Str::new(&text, &mut buffer), &mut matching.matcher).is_some(),
                };
                prop_assert_eq!(word.is_in(&text, &mut matching), slow, "{} in {}", word.needle, text);
            }
        }
    }
}
