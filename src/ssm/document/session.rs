//! What a session document may say: the preferences of sessions, and what each kind of session needs.

use serde_json::Value;

use super::{DocumentError, SessionBody, SessionType, object, parameters::text_of};

/// Inputs that are text. An empty one says nothing.
const TEXTS: &[&str] = &["s3BucketName", "s3KeyPrefix", "cloudWatchLogGroupName", "kmsKeyId", "runAsDefaultUser"];
/// Inputs that are on or off, as a boolean or as text.
const SWITCHES: &[&str] =
    &["s3EncryptionEnabled", "cloudWatchEncryptionEnabled", "cloudWatchStreamingEnabled", "runAsEnabled"];
/// Inputs that are minutes, as a number or as text, and the most they may be.
const MINUTES: &[(&str, u64)] = &[("idleSessionTimeout", 60), ("maxSessionDuration", 1440)];
/// The shell profiles of the platforms.
const PROFILES: &[&str] = &["linux", "windows", "macOS"];
/// The longest text of a shell profile.
const PROFILE: usize = 512;

/// Checks the session part of a document as `CreateDocument` does. What a parameter fills in is checked when it does.
///
/// Errors: `InvalidDocumentContent`.
pub(super) fn check(session: &SessionBody) -> Result<(), DocumentError> {
    let wrong = |name: &str, what: &str| DocumentError::content(format!("The input {name} is not valid: {what}."));
    let stated = |name: &str| session.inputs.get(name).filter(|value| !value.is_null() && !is_filled_in(value));
    for name in TEXTS {
        if stated(name).is_some_and(|value| !value.is_string()) {
            return Err(wrong(name, "it has to be text"));
        }
    }
    for name in SWITCHES {
        let valid = |value: &Value| {
            value.is_boolean()
                || value.as_str().is_some_and(|text| matches!(&*text.to_lowercase(), "" | "true" | "false"))
        };
        if stated(name).is_some_and(|value| !valid(value)) {
            return Err(wrong(name, "it has to be true or false"));
        }
    }
    for (name, most) in MINUTES {
        let valid = |value: &Value| {
            let text = text_of(value);
            text.is_empty() || text.parse().is_ok_and(|minutes: u64| (1..=*most).contains(&minutes))
        };
        if stated(name).is_some_and(|value| !valid(value)) {
            return Err(wrong(name, &format!("it has to be 1 to {most} minutes")));
        }
    }
    if let Some(profiles) = stated("shellProfile") {
        object(Some(profiles), "shellProfile")?;
        for name in PROFILES {
            let text = profiles.get(name).filter(|value| !value.is_null());
            if text.is_some_and(|text| text.as_str().is_none_or(|text| text.chars().count() > PROFILE)) {
                return Err(wrong("shellProfile", &format!("{name} has to be text of at most {PROFILE} characters")));
            }
        }
    }
    properties(session)
}

fn properties(session: &SessionBody) -> Result<(), DocumentError> {
    let kind = session.session_type;
    if kind == SessionType::StandardStream {
        return Ok(());
    }
    object(Some(&session.properties).filter(|value| !value.is_null()), "properties")?;
    let needed = if kind == SessionType::Port { &["portNumber"][..] } else { &["linux", "windows", "macos"][..] };
    if needed.iter().any(|name| session.properties.get(name).is_some()) {
        return Ok(());
    }
    Err(DocumentError::content(format!(
        "A session document of type {} needs {} in its properties.",
        kind.as_str(),
        needed.join(" or ")
    )))
}

/// Whether a parameter stands in the text.
fn is_filled_in(value: &Value) -> bool {
    value.as_str().is_some_and(|text| text.contains("{{"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::Document;
    use crate::ssm::{DocumentFormat, DocumentType};

    fn read(document: &serde_json::Value) -> Result<(), String> {
        Document::read(&document.to_string(), &DocumentFormat::Json, &DocumentType::Session)
            .map(drop)
            .map_err(|error| error.to_string())
    }

    fn shell(inputs: serde_json::Value) -> Result<(), String> {
        read(&json!({"schemaVersion": "1.0", "sessionType": "Standard_Stream", "inputs": inputs}))
    }

    #[test]
    fn every_preference_is_taken_in_the_forms_that_are_in_use() {
        shell(json!({
            "s3BucketName": "logs", "s3KeyPrefix": "sessions", "s3EncryptionEnabled": true,
            "cloudWatchLogGroupName": "/sessions", "cloudWatchEncryptionEnabled": "false",
            "cloudWatchStreamingEnabled": true, "kmsKeyId": "alias/app", "runAsEnabled": false,
            "runAsDefaultUser": "", "idleSessionTimeout": "20", "maxSessionDuration": 60,
            "shellProfile": {"windows": "", "linux": "cd /tmp"}
        }))
        .unwrap();
        shell(json!({"idleSessionTimeout": "", "maxSessionDuration": "", "runAsEnabled": ""})).unwrap();
        shell(json!({"idleSessionTimeout": "{{ minutes }}", "runAsEnabled": "{{ runAs }}"})).unwrap();
    }

    #[test]
    fn wrong_preferences_are_refused_by_name() {
        for (name, value) in [
            ("idleSessionTimeout", json!("61")),
            ("idleSessionTimeout", json!(0)),
            ("maxSessionDuration", json!("1441")),
            ("maxSessionDuration", json!("an hour")),
            ("runAsEnabled", json!("yes")),
            ("s3EncryptionEnabled", json!(1)),
            ("s3BucketName", json!(7)),
            ("shellProfile", json!({"linux": "x".repeat(513)})),
            ("shellProfile", json!("bash")),
        ] {
            let error = shell(json!({name: value})).unwrap_err();
            assert!(error.contains(name), "{name}: {error}");
        }
    }

    #[test]
    fn a_kind_of_session_needs_its_properties() {
        let of = |kind: &str, properties: serde_json::Value| {
            read(&json!({"schemaVersion": "1.0", "sessionType": kind, "properties": properties}))
        };
        of("Port", json!({"portNumber": "22"})).unwrap();
        assert!(of("Port", json!({})).unwrap_err().contains("portNumber"));
        of("InteractiveCommands", json!({"linux": {"commands": "top"}})).unwrap();
        assert!(of("NonInteractiveCommands", json!({})).unwrap_err().contains("linux"));
    }
}
