//! The parameters of a document: their definitions, and the check of what a caller gives.

use std::collections::BTreeMap;

use regex::Regex;
use serde_json::{Map, Value};

/// The most parameters a document has.
const MAX_PARAMETERS: usize = 200;

/// The types of a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParameterType {
    String,
    StringList,
    Boolean,
    Integer,
    MapList,
    StringMap,
}

impl ParameterType {
    const TEXTS: &[(Self, &str)] = &[
        (Self::String, "String"),
        (Self::StringList, "StringList"),
        (Self::Boolean, "Boolean"),
        (Self::Integer, "Integer"),
        (Self::MapList, "MapList"),
        (Self::StringMap, "StringMap"),
    ];

    /// Reads `StringList`.
    pub fn parse(text: &str) -> Option<Self> {
        Self::TEXTS.iter().find(|(_, known)| *known == text).map(|(kind, _)| *kind)
    }

    /// As the document states it.
    pub fn as_str(self) -> &'static str {
        Self::TEXTS.iter().find(|(kind, _)| *kind == self).map_or("", |(_, text)| text)
    }

    /// Whether a value of this type is a list.
    pub fn is_list(self) -> bool {
        matches!(self, Self::StringList | Self::MapList)
    }

    fn fits(self, value: &Value) -> bool {
        match self {
            Self::String => value.is_string(),
            Self::Boolean => value.is_boolean() || matches!(value.as_str(), Some("true" | "false")),
            Self::Integer => value.is_i64() || value.as_str().is_some_and(|text| text.parse::<i64>().is_ok()),
            Self::StringMap => value.is_object(),
            Self::StringList => value.as_array().is_some_and(|items| items.iter().all(Value::is_string)),
            Self::MapList => value.as_array().is_some_and(|items| items.iter().all(Value::is_object)),
        }
    }
}

/// One parameter as the document defines it.
#[derive(Clone, Debug, PartialEq)]
pub struct ParameterDefinition {
    /// Letters and digits.
    pub name: String,
    /// What values it takes.
    pub kind: ParameterType,
    /// Taken where the caller gives nothing. A parameter without one is required.
    pub default: Option<Value>,
    /// What it is for.
    pub description: Option<String>,
    /// If not empty, the only values (or elements of a list).
    pub allowed_values: Vec<Value>,
    /// A regular expression that values (or elements of a list) match.
    pub allowed_pattern: Option<String>,
    /// Characters of a value, at least.
    pub min_chars: Option<u64>,
    /// Characters of a value, at most.
    pub max_chars: Option<u64>,
    /// Elements of a list, at least.
    pub min_items: Option<u64>,
    /// Elements of a list, at most.
    pub max_items: Option<u64>,
}

impl ParameterDefinition {
    /// The default as `DescribeDocument` shows it: text.
    pub fn default_text(&self) -> Option<String> {
        self.default.as_ref().map(text_of)
    }

    /// What `CreateDocument` insists on: a valid name, and a default of the type.
    pub(super) fn check_definition(&self) -> Result<(), String> {
        if self.name.is_empty() || self.name.len() > 255 || !self.name.chars().all(|c| c.is_ascii_alphanumeric()) {
            return Err(format!("Parameter name {} is not valid. A name has letters and digits.", self.name));
        }
        match &self.default {
            Some(default) if !self.kind.fits(default) => {
                Err(format!("The default of parameter {} is not a {}.", self.name, self.kind.as_str()))
            }
            _ => Ok(()),
        }
    }

    /// Turns what a caller gives (the API knows lists of strings only) into a value of the parameter's type, and holds it
    /// against the definition.
    fn typed(&self, given: &[String]) -> Result<Value, String> {
        let name = &self.name;
        let value = if self.kind == ParameterType::StringList {
            Value::from(given)
        } else if self.kind == ParameterType::MapList {
            let items: Option<Vec<Value>> = given.iter().map(|text| serde_json::from_str(text).ok()).collect();
            Value::Array(items.ok_or_else(|| format!("Parameter {name} is not a list of JSON objects."))?)
        } else {
            let [text] = given else {
                return Err(format!("Parameter {name} of type {} takes one value.", self.kind.as_str()));
            };
            match self.kind {
                ParameterType::Boolean => text.parse().map(Value::Bool).unwrap_or(Value::Null),
                ParameterType::Integer => text.parse::<i64>().map_or(Value::Null, Value::from),
                ParameterType::StringMap => serde_json::from_str(text).unwrap_or(Value::Null),
                _ => Value::String(text.clone()),
            }
        };
        if !self.kind.fits(&value) {
            return Err(format!("Parameter {name} is not a {}.", self.kind.as_str()));
        }
        self.check(&value).map(|()| value)
    }

    /// Holds a value of the right type against the other rules of the definition.
    fn check(&self, value: &Value) -> Result<(), String> {
        let name = &self.name;
        let items = match value {
            Value::Array(items) => {
                let count = items.len() as u64;
                if self.min_items.is_some_and(|min| count < min) || self.max_items.is_some_and(|max| count > max) {
                    return Err(format!("Parameter {name} has {count} items, which its definition does not allow."));
                }
                items.as_slice()
            }
            single => std::slice::from_ref(single),
        };
        let pattern = self.allowed_pattern.as_deref().and_then(|pattern| Regex::new(&format!("^(?:{pattern})$")).ok());
        for item in items {
            let text = text_of(item);
            if !self.allowed_values.is_empty() && !self.allowed_values.iter().any(|allowed| text_of(allowed) == text) {
                let allowed: Vec<String> = self.allowed_values.iter().map(text_of).collect();
                return Err(format!("Parameter {name} has a value that is not one of [{}].", allowed.join(", ")));
            }
            // Patterns are Java's. The few that need look-around cannot be read here and are left to the node.
            if pattern.as_ref().is_some_and(|pattern| !pattern.is_match(&text)) {
                let allowed = self.allowed_pattern.as_deref().unwrap_or_default();
                return Err(format!("Parameter {name} has a value that does not match the allowed pattern {allowed}."));
            }
            let length = text.chars().count() as u64;
            if self.min_chars.is_some_and(|min| length < min) || self.max_chars.is_some_and(|max| length > max) {
                return Err(format!(
                    "Parameter {name} has a value of {length} characters, which its definition does not allow."
                ));
            }
        }
        Ok(())
    }
}

/// Reads the `parameters` member.
pub(super) fn definitions(member: Option<&Value>) -> Result<Vec<ParameterDefinition>, String> {
    match member {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Object(entries)) if entries.len() <= MAX_PARAMETERS => {
            entries.iter().map(|(name, entry)| definition(name, entry)).collect()
        }
        Some(Value::Object(_)) => Err(format!("A document has at most {MAX_PARAMETERS} parameters.")),
        Some(_) => Err("parameters is not an object.".to_owned()),
    }
}

fn definition(name: &str, entry: &Value) -> Result<ParameterDefinition, String> {
    let stated = entry.get("type").and_then(Value::as_str).unwrap_or("null");
    let kind =
        ParameterType::parse(stated).ok_or_else(|| format!("{stated} is not a valid type (parameter {name})."))?;
    let text = |member: &str| entry.get(member).and_then(Value::as_str).map(str::to_owned);
    let count = |member: &str| match entry.get(member) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => text.parse().map(Some).map_err(|_| format!("{member} of {name} is not a number.")),
        Some(number) => number.as_u64().map(Some).ok_or_else(|| format!("{member} of {name} is not a number.")),
    };
    Ok(ParameterDefinition {
        name: name.to_owned(),
        kind,
        default: entry.get("default").filter(|value| !value.is_null()).cloned(),
        description: text("description"),
        allowed_values: match entry.get("allowedValues") {
            None | Some(Value::Null) => Vec::new(),
            Some(Value::Array(values)) => values.clone(),
            Some(_) => return Err(format!("allowedValues of {name} is not a list.")),
        },
        allowed_pattern: text("allowedPattern"),
        min_chars: count("minChars")?,
        max_chars: count("maxChars")?,
        min_items: count("minItems")?,
        max_items: count("maxItems")?,
    })
}

/// Holds a caller's parameters against the definitions and types them, as `SendCommand` and `StartSession` do. Defaults are
/// not filled in.
///
/// The error is the text of `InvalidParameters`.
pub fn check(
    document: &str,
    definitions: &[ParameterDefinition],
    given: &BTreeMap<String, Vec<String>>,
) -> Result<BTreeMap<String, Value>, String> {
    if definitions.is_empty() && !given.is_empty() {
        return Err(format!("document {document} does not support parameters."));
    }
    if let Some(unknown) = given.keys().find(|name| !definitions.iter().any(|known| known.name == **name)) {
        return Err(format!("document {document} does not support the parameter {unknown}."));
    }
    let mut typed = BTreeMap::new();
    for definition in definitions {
        match given.get(&definition.name) {
            Some(values) => {
                typed.insert(definition.name.clone(), definition.typed(values)?);
            }
            None if definition.default.is_none() => {
                return Err(format!("document {document} requires the parameter {}.", definition.name));
            }
            None => {}
        }
    }
    Ok(typed)
}

/// The values a node works with: what it was sent, and the defaults for the rest. As AWS's agent does, only
/// `allowedPattern` is looked at again, and it may match anywhere.
///
/// The error names the parameter.
pub fn resolve(
    definitions: &[ParameterDefinition],
    sent: &BTreeMap<String, Value>,
) -> Result<BTreeMap<String, Value>, String> {
    let mut values = BTreeMap::new();
    for definition in definitions {
        let Some(value) = sent.get(&definition.name).or(definition.default.as_ref()) else { continue };
        let pattern = definition.allowed_pattern.as_deref().and_then(|pattern| Regex::new(pattern).ok());
        if let Some(pattern) = pattern {
            let items = value.as_array().map_or_else(|| std::slice::from_ref(value), Vec::as_slice);
            if !items.iter().all(|item| pattern.is_match(&text_of(item))) {
                return Err(format!("Parameter {} does not match its allowed pattern.", definition.name));
            }
        }
        values.insert(definition.name.clone(), value.clone());
    }
    Ok(values)
}

/// A value as text: strings as they are, everything else as JSON.
pub fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// The documents' parameter maps as one JSON object.
pub fn as_object(values: &BTreeMap<String, Value>) -> Value {
    Value::Object(values.iter().map(|(name, value)| (name.clone(), value.clone())).collect::<Map<_, _>>())
}
