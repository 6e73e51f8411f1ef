//! What changes Parameter Store: `put`, `rm`, `label`.

use std::{
    io::{IsTerminal, Read},
    process::ExitCode,
};

use anyhow::Context;
use clap::{Args, builder::PossibleValuesParser};

use super::done;
use crate::{
    cli::{Global, Usage, nodes::pair, talk},
    client::{self, Client},
    console::text,
    ssm::{
        DeleteParameters, DeleteParametersOutput, LabelParameterVersion, ParameterTier, ParameterType, PutParameter,
        PutParameterOutput, Tag,
    },
};

/// As many names `DeleteParameters` takes at once.
const NAMES: usize = 10;

/// Write a parameter.
#[derive(Debug, Args)]
pub struct Put {
    /// The name.
    name: String,
    /// The value; read from standard input if absent or `-`, without the line end after it.
    #[arg(allow_hyphen_values = true)]
    value: Option<String>,
    /// The type; `String` for a new parameter, and what it was for one that is overwritten.
    #[arg(long = "type", value_name = "TYPE", value_parser = PossibleValuesParser::new(["String", "StringList", "SecureString"]))]
    kind: Option<String>,
    /// Write a new version of a parameter that exists.
    #[arg(long)]
    overwrite: bool,
    /// What it is for.
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    /// The key that encrypts a SecureString.
    #[arg(long, value_name = "KEY")]
    key_id: Option<String>,
    /// The tier.
    #[arg(long, value_name = "TIER", value_parser = PossibleValuesParser::new(["Standard", "Advanced", "Intelligent-Tiering"]))]
    tier: Option<String>,
    /// A tag of the new parameter.
    #[arg(long = "tag", value_name = "KEY=VALUE", num_args = 1.., value_parser = pair)]
    tags: Vec<(String, String)>,
}

impl Put {
    pub(super) fn run(self, global: &Global) -> anyhow::Result<ExitCode> {
        global.may_change("write parameters")?;
        let value = match self.value {
            Some(value) if value != "-" => value,
            _ => read_value()?,
        };
        let default = (!self.overwrite).then_some(ParameterType::String);
        let request = PutParameter {
            name: self.name,
            value: value.into(),
            r#type: self.kind.map(ParameterType::from).or(default),
            overwrite: self.overwrite.then_some(true),
            description: self.description,
            key_id: self.key_id,
            tier: self.tier.map(ParameterTier::from),
            tags: self.tags.into_iter().map(|(key, value)| Tag { key, value }).collect(),
            ..Default::default()
        };
        global.with_client(async |client| {
            let name = text::clean(&request.name);
            let answer = put(&client, request).await?;
            let version = answer.version.unwrap_or_default();
            done(global, &answer, &format!("{name} version {version}"))
        })
    }
}

/// Without a type the service keeps the type of what is overwritten, so that a secret stays one; for a parameter that is
/// new after all it asks for one, and gets `String`.
async fn put(client: &Client, request: PutParameter) -> Result<PutParameterOutput, client::Error> {
    if request.r#type.is_some() {
        return client.call(request).await;
    }
    match client.call(request.clone()).await {
        Err(client::Error::Api(error)) if error.message.as_deref().is_some_and(wants_type) => {
            client.call(PutParameter { r#type: Some(ParameterType::String), ..request }).await
        }
        other => other,
    }
}

fn wants_type(message: &str) -> bool {
    message.contains("parameter type is required")
}

fn read_value() -> anyhow::Result<String> {
    let mut input = std::io::stdin();
    if input.is_terminal() {
        talk::say("Type the value, then Ctrl-D on a line of its own:");
    }
    let mut value = String::new();
    input.read_to_string(&mut value).context("cannot read the value from standard input")?;
    let bare = value.strip_suffix("\r\n").or_else(|| value.strip_suffix('\n')).map(str::len);
    value.truncate(bare.unwrap_or(value.len()));
    Ok(value)
}

/// Delete parameters with all their versions.
#[derive(Debug, Args)]
pub struct Rm {
    /// The names.
    #[arg(required = true)]
    names: Vec<String>,
    /// Do not ask.
    #[arg(long, short)]
    yes: bool,
}

impl Rm {
    pub(super) fn run(self, global: &Global) -> anyhow::Result<ExitCode> {
        global.may_change("delete parameters")?;
        if !self.yes {
            if !talk::somebody_there() {
                return Err(Usage("nobody is there to ask: say --yes to delete".to_owned()).into());
            }
            let what = text::count(self.names.len(), "parameter");
            if !talk::confirm(&format!("Delete {what} with all versions: {}?", self.names.join(", ")))? {
                talk::say("Nothing was deleted.");
                return Ok(ExitCode::FAILURE);
            }
        }
        global.with_client(async |client| {
            let mut all = DeleteParametersOutput::default();
            for names in self.names.chunks(NAMES) {
                let answer = client.call(DeleteParameters { names: names.to_vec() }).await?;
                all.deleted_parameters.extend(answer.deleted_parameters);
                all.invalid_parameters.extend(answer.invalid_parameters);
            }
            let words: Vec<_> = all.deleted_parameters.iter().map(|name| text::clean(name)).collect();
            if !words.is_empty() || global.output == crate::cli::output::Format::Json {
                done(global, &all, &words.join("\n"))?;
            }
            for name in &all.invalid_parameters {
                talk::say(&format!("fleetdeck: ParameterNotFound: {name}"));
            }
            Ok(if all.invalid_parameters.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        })
    }
}

/// Put labels on a version of a parameter.
#[derive(Debug, Args)]
pub struct Label {
    /// The name.
    name: String,
    /// The version.
    #[arg(value_name = "VERSION")]
    number: i64,
    /// The labels; one that another version has moves here.
    #[arg(required = true)]
    labels: Vec<String>,
}

impl Label {
    pub(super) fn run(self, global: &Global) -> anyhow::Result<ExitCode> {
        global.may_change("label parameters")?;
        global.with_client(async |client| {
            let request = LabelParameterVersion {
                name: self.name,
                parameter_version: Some(self.number),
                labels: self.labels.clone(),
            };
            let answer = client.call(request).await?;
            let refused = &answer.invalid_labels;
            let set: Vec<_> = self.labels.iter().filter(|label| !refused.contains(label)).cloned().collect();
            let words = format!("version {}: {}", answer.parameter_version.unwrap_or(self.number), set.join(" "));
            done(global, &answer, &text::clean(&words))?;
            for label in refused {
                talk::say(&format!("fleetdeck: not a valid label: {label}"));
            }
            Ok(if refused.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        })
    }
}
