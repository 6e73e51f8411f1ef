//! What the list says about a parameter, fit to be shown.

use crate::{
    console::text::{clean, plain_lines},
    ssm::{self, ParameterTier, ParameterType, Timestamp},
};

/// A policy of an advanced parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// `Expiration`, `ExpirationNotification`, `NoChangeNotification`.
    pub kind: String,
    /// `Pending`, `Finished`, …
    pub status: String,
    /// When it takes effect or how it is set, as the policy says it.
    pub terms: String,
}

/// A parameter without its value, from `DescribeParameters`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// Its type.
    pub kind: ParameterType,
    /// Its tier.
    pub tier: Option<ParameterTier>,
    /// The newest version.
    pub version: Option<i64>,
    /// When that was made.
    pub modified: Option<Timestamp>,
    /// By whom.
    pub user: String,
    /// Its description.
    pub description: String,
    /// The key that seals it, if it is a secret.
    pub key: String,
    /// The pattern a value must match.
    pub pattern: String,
    /// The data type, if it is more than text.
    pub data_type: String,
    /// Its policies.
    pub policies: Vec<Policy>,
    /// The refresh it was last part of.
    pub(super) generation: u64,
}

impl From<&ssm::ParameterMetadata> for Facts {
    fn from(source: &ssm::ParameterMetadata) -> Self {
        let text = |value: &Option<String>| value.as_deref().map(clean).unwrap_or_default();
        Self {
            kind: source.r#type.clone().unwrap_or_default(),
            tier: source.tier.clone(),
            version: source.version,
            modified: source.last_modified_date,
            user: text(&source.last_modified_user),
            description: text(&source.description),
            key: text(&source.key_id),
            pattern: text(&source.allowed_pattern),
            data_type: text(&source.data_type),
            policies: source.policies.iter().map(policy).collect(),
            generation: 0,
        }
    }
}

impl Facts {
    /// Whether the value is a secret. A type that is not known might be one.
    pub fn is_secret(&self) -> bool {
        !matches!(self.kind, ParameterType::String | ParameterType::StringList)
    }

    /// Who made the newest version: the last part of the ARN.
    pub fn user_short(&self) -> &str {
        short_user(&self.user)
    }
}

/// The last part of an ARN, which is what people know a caller by.
pub fn short_user(arn: &str) -> &str {
    arn.rsplit(['/', ':']).next().unwrap_or(arn)
}

/// The word for a type in a narrow column.
pub fn kind_word(kind: &ParameterType) -> &str {
    match kind {
        ParameterType::String => "text",
        ParameterType::StringList => "list",
        ParameterType::SecureString => "secret",
        ParameterType::Other(_) => "?",
    }
}

/// A value as lines: a list one item a line, everything else as it is.
pub fn value_lines(kind: &ParameterType, value: &str) -> Vec<String> {
    match kind {
        ParameterType::StringList => value.split(',').map(|item| clean(item.trim())).collect(),
        _ => plain_lines(value),
    }
}

fn policy(source: &ssm::ParameterInlinePolicy) -> Policy {
    let text = |value: &Option<String>| value.as_deref().map(clean).unwrap_or_default();
    Policy {
        kind: text(&source.policy_type),
        status: text(&source.policy_status),
        terms: source.policy_text.as_deref().map(terms).unwrap_or_default(),
    }
}

/// The attributes of a policy's text, `Timestamp 2026-12-31T23:59:59Z` or `After 20 Days`.
fn terms(text: &str) -> String {
    let parsed: Option<serde_json::Value> = serde_json::from_str(text).ok();
    let attributes = parsed.as_ref().and_then(|policy| policy.get("Attributes")?.as_object());
    let Some(attributes) = attributes else { return clean(text) };
    let word = |value: &serde_json::Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let unit = attributes.get("Unit").map(|unit| format!(" {}", word(unit))).unwrap_or_default();
    let rest = attributes.iter().filter(|(key, _)| *key != "Unit");
    clean(&rest.map(|(key, value)| format!("{key} {}{unit}", word(value))).collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_is_told_in_words() {
        assert_eq!(terms(r#"{"Type":"Expiration","Attributes":{"Timestamp":"2026-12-31"}}"#), "Timestamp 2026-12-31");
        assert_eq!(terms(r#"{"Attributes":{"After":"20","Unit":"Days"}}"#), "After 20 Days");
        assert_eq!(terms("rub\u{1b}[2Jbish"), "rubbish");
    }

    #[test]
    fn a_list_is_shown_item_by_item() {
        assert_eq!(value_lines(&ParameterType::StringList, "a, b,c\u{1b}[1m"), ["a", "b", "c"]);
        assert_eq!(value_lines(&ParameterType::String, "a,b\nc"), ["a,b", "c"]);
    }

    #[test]
    fn a_user_is_known_by_the_end_of_the_arn() {
        assert_eq!(short_user("arn:aws:iam::123456789012:user/ann"), "ann");
        assert_eq!(short_user("arn:aws:iam::123456789012:root"), "root");
        assert_eq!(short_user(""), "");
    }
}
