//! `{{ssm:name}}`: values from Parameter Store, put into a step after the document's own parameters.
//!
//! Values are fetched without decryption: a secure string may not stand in a command, for it would be kept in clear.

use std::{collections::BTreeSet, sync::LazyLock};

use regex::Regex;
use serde_json::Value;

use super::api::{Api, CallError};
use crate::ssm::{GetParameters, Parameter, ParameterType};

/// The most names in one call.
const BATCH: usize = 10;

static REFERENCE: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"\{\{\s*ssm:([A-Za-z0-9_/.:-]+)\s*\}\}").ok());

/// The parameters that a document's steps refer to.
#[derive(Clone, Debug, Default)]
pub struct References(Vec<Parameter>);

impl References {
    /// Finds the references in the steps' inputs and settings and fetches what they name. The error is a sentence for the user.
    pub async fn fetch<'a>(values: impl Iterator<Item = &'a Value>, api: &Api) -> Result<Self, String> {
        let mut names = BTreeSet::new();
        values.for_each(|value| collect(value, &mut names));
        let names: Vec<String> = names.into_iter().collect();
        let mut found = Vec::new();
        for batch in names.chunks(BATCH) {
            let request = GetParameters { names: batch.to_vec(), with_decryption: Some(false) };
            let answer = api
                .call(request)
                .await
                .map_err(|error: CallError| format!("cannot resolve the parameters {}: {error}", batch.join(", ")))?;
            found.extend(answer.parameters);
        }
        let references = Self(found);
        names.iter().try_for_each(|name| references.get(name).map(|_| ()))?;
        Ok(references)
    }

    /// Puts the values into a step's inputs. The error is a sentence for the user.
    pub fn apply(&self, value: &Value) -> Result<Value, String> {
        Ok(match value {
            Value::String(text) => Value::String(self.text(text)?),
            Value::Array(items) => {
                let mut list = Vec::with_capacity(items.len());
                for item in items {
                    match item.as_str().and_then(|text| self.whole_list(text)) {
                        Some(elements) => list.extend(elements),
                        None => list.push(self.apply(item)?),
                    }
                }
                Value::Array(list)
            }
            Value::Object(members) => {
                let mut object = serde_json::Map::new();
                for (name, member) in members {
                    object.insert(name.clone(), self.apply(member)?);
                }
                Value::Object(object)
            }
            other => other.clone(),
        })
    }

    /// A list element that is one reference to a list stands for the list's elements.
    fn whole_list(&self, text: &str) -> Option<Vec<Value>> {
        let captures = REFERENCE.as_ref()?.captures(text)?;
        (captures.get(0)?.as_str() == text.trim()).then_some(())?;
        let parameter = self.get(captures.get(1)?.as_str()).ok()?;
        (parameter.r#type == Some(ParameterType::StringList)).then(|| {
            parameter.value.as_ref().map(|value| value.split(',').map(Value::from).collect()).unwrap_or_default()
        })
    }

    fn text(&self, text: &str) -> Result<String, String> {
        let Some(pattern) = REFERENCE.as_ref() else { return Ok(text.to_owned()) };
        let mut out = String::with_capacity(text.len());
        let mut last = 0;
        for captures in pattern.captures_iter(text) {
            let (Some(whole), Some(name)) = (captures.get(0), captures.get(1)) else { continue };
            let parameter = self.get(name.as_str())?;
            if parameter.r#type == Some(ParameterType::StringList) {
                return Err(format!("the parameter {} is a StringList and cannot be used as a String", name.as_str()));
            }
            out.push_str(&text[last..whole.start()]);
            out.push_str(parameter.value.as_ref().map_or("", |value| value.as_str()));
            last = whole.end();
        }
        out.push_str(&text[last..]);
        Ok(out)
    }

    /// The parameter for a reference, `name` or `name:selector`.
    fn get(&self, reference: &str) -> Result<&Parameter, String> {
        let matches = |parameter: &&Parameter| {
            let name = parameter.name.as_deref().unwrap_or_default();
            if name == reference {
                return true;
            }
            let Some(selector) = reference.strip_prefix(name).and_then(|rest| rest.strip_prefix(':')) else {
                return false;
            };
            let stated = parameter.selector.as_deref().unwrap_or_default().trim_start_matches(':');
            stated == selector || parameter.version.is_some_and(|version| version.to_string() == selector)
        };
        let parameter =
            self.0.iter().find(matches).ok_or_else(|| format!("the parameter {reference} does not exist"))?;
        if parameter.r#type == Some(ParameterType::SecureString) {
            return Err(format!("the parameter {reference} is a SecureString, which a command may not refer to"));
        }
        Ok(parameter)
    }
}

fn collect(value: &Value, names: &mut BTreeSet<String>) {
    match value {
        Value::String(text) => {
            let Some(pattern) = REFERENCE.as_ref() else { return };
            names.extend(pattern.captures_iter(text).filter_map(|found| Some(found.get(1)?.as_str().to_owned())));
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, names)),
        Value::Object(members) => members.values().for_each(|member| collect(member, names)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn references() -> References {
        let parameter = |name: &str, kind: ParameterType, value: &str, version: i64| Parameter {
            name: Some(name.into()),
            r#type: Some(kind),
            value: Some(value.into()),
            version: Some(version),
            ..Parameter::default()
        };
        References(vec![
            parameter("/app/name", ParameterType::String, "web", 3),
            parameter("list", ParameterType::StringList, "a,b", 1),
            parameter("secret", ParameterType::SecureString, "cipher", 1),
        ])
    }

    #[test]
    fn references_are_found_everywhere() {
        let mut names = BTreeSet::new();
        collect(
            &json!({"runCommand": ["echo {{ssm:a}} {{ ssm:/b/c:2 }}", "{{ x }}"], "env": {"A": "{{ssm:d}}"}}),
            &mut names,
        );
        assert_eq!(names.into_iter().collect::<Vec<_>>(), ["/b/c:2", "a", "d"]);
    }

    #[test]
    fn strings_are_put_in_and_lists_become_elements() {
        let inputs = json!({"runCommand": ["echo {{ssm:/app/name}}-{{ ssm:/app/name:3 }}", "{{ ssm:list }}", "end"]});
        assert_eq!(references().apply(&inputs).unwrap(), json!({"runCommand": ["echo web-web", "a", "b", "end"]}));
    }

    #[test]
    fn what_may_not_be_used_is_named() {
        let fails = |value: Value| references().apply(&value).unwrap_err();
        assert!(fails(json!("{{ssm:list}}")).contains("cannot be used as a String"));
        assert!(fails(json!(["x {{ssm:list}}"])).contains("cannot be used as a String"));
        assert!(fails(json!("{{ssm:secret}}")).contains("SecureString"));
        assert!(fails(json!("{{ssm:nothing}}")).contains("does not exist"));
        assert!(fails(json!("{{ssm:/app/name:2}}")).contains("does not exist"));
    }
}
