//! Keys of a filter that no list has: which one may be meant, and which there are.

use similar::get_close_matches;

use super::{Op, parts};

/// How like a key must be to what was typed for it to be meant: the share of letters that are the same.
const LIKE: f32 = 0.6;

/// The keys that a filter names and that are not among these, each with its value. What stands in quotes, and an address with
/// its `//`, is looked for as it is.
pub fn unknown(text: &str, keys: &[&str]) -> Vec<(String, String)> {
    let unknown = parts(text).into_iter().filter_map(|part| {
        let (name, op) = part.key.filter(|_| !part.value.starts_with("//"))?;
        let value = if op == Op::Is { part.value } else { String::new() };
        (!keys.contains(&name.as_str())).then_some((name, value))
    });
    unknown.collect()
}

/// The key that may be meant by one there is not.
pub fn meant<'a>(name: &str, keys: &[&'a str]) -> Option<&'a str> {
    let begun = keys.iter().copied().find(|key| key.starts_with(name));
    begun.or_else(|| get_close_matches(name, keys, 1, LIKE).into_iter().next())
}

/// Says that there is no such key, which one may be meant, and which there are.
pub fn told(name: &str, meant: Option<&str>, keys: &[&str]) -> String {
    let keys = keys.join(" ");
    match meant {
        Some(meant) => format!("there is no key {name}; perhaps {meant}? The keys are {keys}"),
        None => format!("there is no key {name}; the keys are {keys}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEYS: &[&str] = &["status", "command", "node"];

    #[test]
    fn only_what_has_the_form_of_a_key_is_one() {
        let found = |text: &str| unknown(text, KEYS).into_iter().map(|(name, _)| name).collect::<Vec<_>>().join(" ");
        assert_eq!(found("foo:bar status:x !baz>3 web"), "foo baz");
        assert_eq!(found("\"foo:bar\" https://x 10.0.0.1:80 ::"), "");
    }

    #[test]
    fn what_is_nearly_a_key_is_told() {
        let near = |name: &str| meant(name, KEYS);
        assert_eq!((near("stat"), near("staus"), near("nodes")), (Some("status"), Some("status"), Some("node")));
        assert_eq!((near("foo"), near("c")), (None, Some("command")));
        assert_eq!(told("foo", None, KEYS), "there is no key foo; the keys are status command node");
    }
}
