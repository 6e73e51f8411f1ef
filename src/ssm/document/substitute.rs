//! `{{ name }}`: putting the values of parameters into a document.

use std::{borrow::Cow, collections::BTreeMap};

use serde_json::Value;

use super::{Step, parameters::text_of};

/// Puts values into every string of `target`.
///
/// A string that is only one reference becomes the value itself, with its type. Within longer text a value is put in as
/// text (JSON, unless it is a string), where `$$` in it becomes `$`. References to unknown names stay as they are, and what
/// was put in is not looked at again.
pub fn substitute(target: &Value, values: &BTreeMap<String, Value>) -> Value {
    match target {
        Value::String(text) => string(text, values),
        Value::Array(items) => items.iter().map(|item| substitute(item, values)).collect(),
        Value::Object(members) => {
            members.iter().map(|(name, member)| (name.clone(), substitute(member, values))).collect()
        }
        other => other.clone(),
    }
}

impl Step {
    /// The step with values put into its inputs and settings. Its name stays, as does its precondition, whose evaluation
    /// has to know which arguments were references.
    #[must_use]
    pub fn with_values(&self, values: &BTreeMap<String, Value>) -> Self {
        Self { inputs: substitute(&self.inputs, values), settings: substitute(&self.settings, values), ..self.clone() }
    }
}

fn string(text: &str, values: &BTreeMap<String, Value>) -> Value {
    if let Some(reference) = next(text)
        && reference.before.is_empty()
        && reference.after.is_empty()
        && let Some(value) = values.get(reference.name)
    {
        return value.clone();
    }
    Value::String(embed(text, values))
}

/// As [`substitute`], for a text that stays text.
pub fn embed(text: &str, values: &BTreeMap<String, Value>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(reference) = next(rest) {
        out.push_str(reference.before);
        match values.get(reference.name) {
            Some(value) => out.push_str(&dollars(&text_of(value))),
            None => out.push_str(&rest[reference.before.len()..rest.len() - reference.after.len()]),
        }
        rest = reference.after;
    }
    out.push_str(rest);
    out
}

/// Whether a text refers to one of the names.
pub fn refers_to<'a>(text: &str, mut names: impl Iterator<Item = &'a str>) -> bool {
    let mut rest = text;
    while let Some(reference) = next(rest) {
        if names.any(|name| name == reference.name) {
            return true;
        }
        rest = reference.after;
    }
    false
}

/// The names that a text refers to.
pub fn references(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let reference = next(rest)?;
        rest = reference.after;
        Some(reference.name)
    })
}

fn dollars(text: &str) -> Cow<'_, str> {
    if text.contains("$$") { Cow::Owned(text.replace("$$", "$")) } else { Cow::Borrowed(text) }
}

struct Reference<'a> {
    before: &'a str,
    name: &'a str,
    after: &'a str,
}

/// The next `{{ name }}` in a text, `name` being letters and digits.
fn next(text: &str) -> Option<Reference<'_>> {
    let mut from = 0;
    while let Some(found) = text[from..].find("{{") {
        let open = from + found;
        let inner = text[open + 2..].trim_start_matches(is_space);
        let length = inner.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(inner.len());
        let (name, tail) = inner.split_at(length);
        if let Some(after) = tail.trim_start_matches(is_space).strip_prefix("}}")
            && !name.is_empty()
        {
            return Some(Reference { before: &text[..open], name, after });
        }
        // `{{{ x }}` holds a reference one brace further.
        from = open + 1;
    }
    None
}

/// White space as regular expressions have it.
fn is_space(letter: char) -> bool {
    matches!(letter, ' ' | '\t' | '\n' | '\r' | '\x0c')
}
