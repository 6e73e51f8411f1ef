//! Keys of a filter that no list has, and tags that no node has: which one may be meant, and which there are.

use std::collections::BTreeSet;

use similar::get_close_matches;

use super::{Op, TAG, TagTest, parts, quoted};
use crate::console::state::node::Node;

/// How like a key must be to what was typed for it to be meant: the share of letters that are the same.
const LIKE: f32 = 0.6;
/// Tags that are named where none is like the one that is wanted; more say nothing.
const MOST_TAGS: usize = 8;

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

/// Says of tags that a filter asks for and none of the nodes has that there are none, and which ones may be meant. Nothing is
/// said as long as the tags of a node are not known.
pub fn tagless<'a, N: Iterator<Item = &'a Node>>(text: &str, nodes: impl Fn() -> N) -> Vec<String> {
    let mut wanted = asked(text);
    wanted.retain(|(key, _)| nodes().all(|node| node.tag(key).is_none()));
    if wanted.is_empty() || nodes().next().is_none() || nodes().any(|node| node.tags.is_none()) {
        return Vec::new();
    }
    let keys: BTreeSet<&str> = nodes().flat_map(|node| node.tags.iter().flatten()).map(|(key, _)| &**key).collect();
    let keys: Vec<&str> = keys.into_iter().collect();
    wanted.into_iter().map(|(key, compared)| told_tagless(&key, &compared, &keys)).collect()
}

/// The keys of the tags that a filter asks for, each once, with what is asked of its value as it was typed. To ask for nodes
/// without a tag is no mistake where none has it.
fn asked(text: &str) -> Vec<(String, String)> {
    let mut asked: Vec<(String, String)> = Vec::new();
    for part in parts(text).iter().filter(|part| part.key.as_ref().is_some_and(|(key, _)| key == TAG)) {
        let mut before = None;
        for value in part.values() {
            let test = TagTest::read(&value, before.as_ref());
            let is_new = asked.iter().all(|(key, _)| *key != test.key);
            if is_new && !(part.not && test.value == "*") && !test.key.is_empty() {
                let compared = value.strip_prefix(&test.key).unwrap_or_default();
                asked.push((test.key.clone(), compared.to_owned()));
            }
            before = Some(test);
        }
    }
    asked
}

fn told_tagless(key: &str, compared: &str, keys: &[&str]) -> String {
    let lower: Vec<String> = keys.iter().map(|key| key.to_lowercase()).collect();
    let low: Vec<&str> = lower.iter().map(String::as_str).collect();
    let wanted = key.to_lowercase();
    // One may be short for the other, either way.
    let longer = || low.iter().copied().find(|known| known.len() >= 3 && wanted.starts_with(known));
    let near = meant(&wanted, &low).or_else(longer).and_then(|near| low.iter().position(|key| *key == near));
    match near.and_then(|at| keys.get(at)) {
        Some(near) => format!("no node has a tag {key}; perhaps tag:{}?", quoted(&format!("{near}{compared}"))),
        None if keys.is_empty() => format!("no node has a tag {key}, or any other"),
        None if keys.len() > MOST_TAGS => format!("no node has a tag {key}"),
        None => format!("no node has a tag {key}; the tags are {}", keys.join(", ")),
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
    fn a_tag_that_is_asked_for_is_named_once_with_what_is_asked_of_it() {
        let found = |text: &str| asked(text).into_iter().map(|(key, rest)| key + &rest).collect::<Vec<_>>().join(" ");
        assert_eq!(found("tag:Env=prod,test !tag:Role>=4 !tag:Old tag: web"), "Env=prod Role>=4");
        let told = |key: &str| told_tagless(key, "=x y", &["Environment", "Role"]);
        assert_eq!(told("Env"), "no node has a tag Env; perhaps tag:\"Environment=x y\"?");
        assert_eq!(told("RoleOfNode"), "no node has a tag RoleOfNode; perhaps tag:\"Role=x y\"?");
        assert_eq!(told("role"), "no node has a tag role; perhaps tag:\"Role=x y\"?");
        assert_eq!(told("Zone"), "no node has a tag Zone; the tags are Environment, Role");
    }

    #[test]
    fn what_is_nearly_a_key_is_told() {
        let near = |name: &str| meant(name, KEYS);
        assert_eq!((near("stat"), near("staus"), near("nodes")), (Some("status"), Some("status"), Some("node")));
        assert_eq!((near("foo"), near("c")), (None, Some("command")));
        assert_eq!(told("foo", None, KEYS), "there is no key foo; the keys are status command node");
    }
}
