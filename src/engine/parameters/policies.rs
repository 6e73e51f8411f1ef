//! Parameter policies: their syntax, and when a parameter expires.

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::ssm::{ApiError, ParameterInlinePolicy, Timestamp};

const LIMIT: usize = 10;

/// The policies of a parameter, checked.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Policies {
    /// The JSON text that is kept; nothing if there are no policies.
    pub text: Option<String>,
    /// When the parameter is to go.
    pub expires: Option<Timestamp>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Policy {
    r#type: Option<String>,
    version: Option<String>,
    #[serde(default)]
    attributes: Map<String, Value>,
}

/// Reads the `Policies` of a request. `[]`, `{}` and `[{}]` take every policy away.
///
/// Errors: `PoliciesLimitExceededException`, `InvalidPolicyTypeException`, `InvalidPolicyAttributeException`,
/// `IncompatiblePolicyException`.
pub(super) fn parse(text: &str, now: Timestamp) -> Result<Policies, ApiError> {
    let broken = || ApiError::new("InvalidPolicyAttributeException", "The policies are not a JSON array of policies.");
    let value: Value = serde_json::from_str(text).map_err(|_| broken())?;
    let empty = |value: &Value| value.as_object().is_some_and(Map::is_empty);
    let items = match value {
        Value::Array(items) if items.iter().all(empty) => return Ok(Policies::default()),
        Value::Array(items) => items,
        ref other if empty(other) => return Ok(Policies::default()),
        _ => return Err(broken()),
    };
    if items.len() > LIMIT {
        return Err(ApiError::new(
            "PoliciesLimitExceededException",
            format!(
                "You specified more than the maximum number of allowed policies for the parameter. The maximum is {LIMIT}."
            ),
        ));
    }
    let mut expires = None;
    for item in &items {
        let policy: Policy = Policy::deserialize(item).map_err(|_| broken())?;
        if let Some(time) = check(&policy, now)?
            && expires.replace(time).is_some()
        {
            return Err(ApiError::new(
                "IncompatiblePolicyException",
                "There is a conflict in the policies specified for this parameter. You can't specify two Expiration policies \
                 for a parameter. Review your policies, and try again.",
            ));
        }
    }
    Ok(Policies { text: Some(Value::Array(items).to_string()), expires })
}

fn check(policy: &Policy, now: Timestamp) -> Result<Option<Timestamp>, ApiError> {
    let kind = policy.r#type.as_deref().unwrap_or_default();
    let invalid = |what: &str| {
        ApiError::new(
            "InvalidPolicyAttributeException",
            format!("A policy attribute or its value is invalid: {kind}: {what}"),
        )
    };
    let period = |name: &str, units: &[&str]| {
        let number = policy.attributes.get(name).and_then(|value| match value {
            Value::String(text) => text.parse::<u32>().ok(),
            other => other.as_u64().and_then(|number| u32::try_from(number).ok()),
        });
        let unit = policy.attributes.get("Unit").and_then(Value::as_str);
        if number.is_none_or(|number| number == 0) {
            return Err(invalid(&format!("{name} must be a positive number.")));
        }
        if unit.is_none_or(|unit| !units.contains(&unit)) {
            return Err(invalid(&format!("Unit must be one of {}.", units.join(", "))));
        }
        Ok(None)
    };
    let outcome = match kind {
        "Expiration" => {
            let text = policy.attributes.get("Timestamp").and_then(Value::as_str).unwrap_or_default();
            let time = Timestamp::parse_iso(text).ok_or_else(|| invalid("Timestamp must be an ISO 8601 time."))?;
            if time <= now {
                return Err(invalid("Timestamp must lie in the future."));
            }
            Ok(Some(time))
        }
        "ExpirationNotification" => period("Before", &["Days", "Hours"]),
        "NoChangeNotification" => period("After", &["Days", "Hours"]),
        other => {
            return Err(ApiError::new(
                "InvalidPolicyTypeException",
                format!(
                    "The policy type isn't supported: {other}. Parameter Store supports the following policy types: \
                     Expiration, ExpirationNotification, and NoChangeNotification."
                ),
            ));
        }
    };
    if policy.version.as_deref() != Some("1.0") {
        return Err(invalid("Version must be 1.0."));
    }
    outcome
}

/// The policies as `DescribeParameters` lists them.
pub(super) fn describe(text: Option<&str>) -> Vec<ParameterInlinePolicy> {
    let items: Vec<Value> = text.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    items
        .into_iter()
        .map(|item| ParameterInlinePolicy {
            policy_type: item.get("Type").and_then(Value::as_str).map(str::to_owned),
            policy_text: Some(item.to_string()),
            policy_status: Some("Pending".to_owned()),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policies_are_read_and_refused_as_aws_does() {
        let now = Timestamp::parse_iso("2026-11-22T10:00:00Z").unwrap();
        let expiration =
            r#"{"Type":"Expiration","Version":"1.0","Attributes":{"Timestamp":"2026-12-01T00:00:00.000Z"}}"#;
        let notice = r#"{"Type":"ExpirationNotification","Version":"1.0","Attributes":{"Before":"15","Unit":"Days"}}"#;
        let found = parse(&format!("[{expiration},{notice}]"), now).unwrap();
        assert_eq!(found.expires, Timestamp::parse_iso("2026-12-01T00:00:00Z"));
        assert_eq!(describe(found.text.as_deref()).len(), 2);
        assert_eq!(parse("[{}]", now).unwrap(), Policies::default());
        for (text, code) in [
            ("rubbish".to_owned(), "InvalidPolicyAttributeException"),
            (format!("[{expiration},{expiration}]"), "IncompatiblePolicyException"),
            (expiration.replace("2026", "2025").replacen('{', "[{", 1) + "]", "InvalidPolicyAttributeException"),
            (r#"[{"Type":"Nope","Version":"1.0"}]"#.to_owned(), "InvalidPolicyTypeException"),
            (
                r#"[{"Type":"NoChangeNotification","Version":"1.0","Attributes":{"After":"1","Unit":"Years"}}]"#
                    .to_owned(),
                "InvalidPolicyAttributeException",
            ),
            (format!("[{}]", [notice; 11].join(",")), "PoliciesLimitExceededException"),
        ] {
            assert_eq!(parse(&text, now).unwrap_err().code, code, "{text}");
        }
    }
}
