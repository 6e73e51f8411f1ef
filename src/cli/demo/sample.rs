//! The sample data of the demo, put in through the public API. Nothing in it is secret, and all of it says what it is.

use crate::{
    client::{Client, Error},
    ssm::{LabelParameterVersion, ParameterType, PutParameter, SendCommand, Target},
};

/// One parameter: name, type, what it would be for, and its values, one per version.
type Sample = (&'static str, ParameterType, &'static str, &'static [&'static str]);

const PARAMETERS: &[Sample] = &[
    ("/demo/web/production/port", ParameterType::String, "port of the web servers", &["8080", "8443"]),
    (
        "/demo/web/production/feature-flags",
        ParameterType::StringList,
        "switched on in production",
        &["search", "search,checkout-v2"],
    ),
    (
        "/demo/web/production/session-secret",
        ParameterType::SecureString,
        "signs sessions",
        &["not-a-real-secret-1", "not-a-real-secret-2"],
    ),
    ("/demo/web/staging/port", ParameterType::String, "port of the web servers", &["8080"]),
    (
        "/demo/web/staging/feature-flags",
        ParameterType::StringList,
        "switched on in staging",
        &["search,checkout-v2,dark-mode"],
    ),
    ("/demo/api/production/log-level", ParameterType::String, "how much the API says", &["info", "debug", "warn"]),
    (
        "/demo/api/production/upstream",
        ParameterType::String,
        "where the API finds its database",
        &["db-01.internal:5432"],
    ),
    ("/demo/db/production/host", ParameterType::String, "address of the database", &["db-01.internal"]),
    (
        "/demo/db/production/password",
        ParameterType::SecureString,
        "password of the database",
        &["not-a-real-password", "not-a-real-password-either"],
    ),
    (
        "/demo/db/production/pool",
        ParameterType::String,
        "settings of the connection pool",
        &["{\"min\": 2, \"max\": 10}", "{\"min\": 4, \"max\": 20}"],
    ),
    ("/demo/release", ParameterType::String, "what is rolled out", &["2026.10.1", "2026.11.0", "2026.11.1"]),
];

/// Labels: name, version, label.
const LABELS: &[(&str, i64, &str)] = &[
    ("/demo/release", 2, "stable"),
    ("/demo/release", 3, "candidate"),
    ("/demo/web/production/port", 1, "before-tls"),
    ("/demo/api/production/log-level", 3, "quiet"),
];

/// Writes the parameters, their versions and their labels.
pub async fn parameters(client: &Client) -> Result<(), Error> {
    for (name, kind, purpose, values) in PARAMETERS {
        for (version, value) in values.iter().enumerate() {
            let request = PutParameter {
                name: (*name).to_owned(),
                description: Some(format!("Sample data of the demo: {purpose}")),
                value: (*value).into(),
                r#type: Some(kind.clone()),
                overwrite: Some(version > 0),
                ..PutParameter::default()
            };
            client.call(request).await?;
        }
    }
    for (name, version, label) in LABELS {
        let request = LabelParameterVersion {
            name: (*name).to_owned(),
            parameter_version: Some(*version),
            labels: vec![(*label).to_owned()],
        };
        client.call(request).await?;
    }
    Ok(())
}

/// A first patch scan and a first command on every node, so that compliance and commands show something real.
pub async fn commands(client: &Client) -> Result<(), Error> {
    let everywhere = || vec![Target { key: Some("tag-key".to_owned()), values: vec!["Environment".to_owned()] }];
    let request = |document: &str, parameters: &[(&str, &[&str])], comment: &str| SendCommand {
        document_name: document.to_owned(),
        targets: everywhere(),
        comment: Some(comment.to_owned()),
        parameters: parameters
            .iter()
            .map(|(name, values)| ((*name).to_owned(), values.iter().map(|value| (*value).to_owned()).collect()))
            .collect::<std::collections::BTreeMap<String, Vec<String>>>()
            .into(),
        ..SendCommand::default()
    };
    let look: &[&str] = &["uname -a", "uptime", "df -h / | tail -n 1"];
    client.call(request("AWS-RunShellScript", &[("commands", look)], "Demo: a first look around")).await?;
    client.call(request("AWS-RunPatchBaseline", &[("Operation", &["Scan"])], "Demo: a first patch scan")).await?;
    Ok(())
}
