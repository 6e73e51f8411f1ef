//! What stands inside a document: the schemas of command documents (1.x and 2.x) and session documents (1.0).
//!
//! Pure. [`Document::read`] is the strict reader of `CreateDocument`, [`Document::from_value`] the lenient one of an agent
//! that is handed a document by a service it trusts. Parameters are [`parameters`], `{{ name }}` is [`substitute`],
//! preconditions are [`precondition`], the order of steps is [`flow`], the limits of output are [`output`], the documents
//! that every account has are [`standard`], and what is wrong with one that can be read is [`lint`].

pub mod flow;
pub mod lint;
pub mod output;
pub mod parameters;
pub mod precondition;
mod reader;
mod session;
pub mod standard;
pub mod substitute;

use std::fmt;

use serde_json::{Map, Value};

use super::{ApiError, DocumentFormat, DocumentType, PlatformType};
pub use parameters::{ParameterDefinition, ParameterType};

/// The largest content of a document, in bytes.
pub const MAX_CONTENT: usize = 64 * 1024;
/// The most steps a document has.
const MAX_STEPS: usize = 100;

/// Every action that a command document may name, and the platforms it runs on.
const ACTIONS: &[(&str, &[PlatformType])] = &[
    ("aws:runShellScript", LINUX_MACOS),
    ("aws:runPowerShellScript", ALL),
    ("aws:runDocument", ALL),
    ("aws:downloadContent", ALL),
    ("aws:configurePackage", ALL),
    ("aws:softwareInventory", ALL),
    ("aws:applyPatchBaseline", ALL),
    ("aws:refreshAssociation", ALL),
    ("aws:updateSsmAgent", ALL),
    ("aws:updateAgent", WINDOWS),
    ("aws:configureDocker", WINDOWS_LINUX),
    ("aws:runDockerAction", WINDOWS_LINUX),
    ("aws:domainJoin", WINDOWS_LINUX),
    ("aws:configureDaemon", ALL),
    ("aws:applications", WINDOWS),
    ("aws:psModule", WINDOWS),
    ("aws:cloudWatch", WINDOWS),
];
const WINDOWS: &[PlatformType] = &[PlatformType::Windows];
const WINDOWS_LINUX: &[PlatformType] = &[PlatformType::Windows, PlatformType::Linux];
const LINUX_MACOS: &[PlatformType] = &[PlatformType::Linux, PlatformType::MacOS];
const ALL: &[PlatformType] = &[PlatformType::Windows, PlatformType::Linux, PlatformType::MacOS];

/// Why a text is not a document.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum DocumentError {
    /// `InvalidDocumentContent`.
    #[error("{0}")]
    Content(String),
    /// `InvalidDocumentSchemaVersion`.
    #[error("{version} is not a valid schema version for {document_type} document type")]
    Schema {
        /// The version as the document states it, `null` where it states none.
        version: String,
        /// The type that was asked for.
        document_type: DocumentType,
    },
    /// `MaxDocumentSizeExceeded`.
    #[error("The size of the document exceeds {MAX_CONTENT} bytes.")]
    TooLarge,
}

impl DocumentError {
    fn content(message: impl Into<String>) -> Self {
        Self::Content(message.into())
    }
}

impl From<DocumentError> for ApiError {
    fn from(error: DocumentError) -> Self {
        let code = match error {
            DocumentError::Content(_) => "InvalidDocumentContent",
            DocumentError::Schema { .. } => "InvalidDocumentSchemaVersion",
            DocumentError::TooLarge => "MaxDocumentSizeExceeded",
        };
        Self::new(code, error.to_string())
    }
}

/// The schema versions this build reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Schema {
    /// Session documents, and the oldest command documents.
    V1_0,
    /// `runtimeConfig`: one plugin, one step.
    V1_2,
    /// `mainSteps`.
    V2_0,
    /// As 2.0.
    V2_0_1,
    /// As 2.0.
    V2_0_2,
    /// As 2.0.
    V2_0_3,
    /// `mainSteps` with preconditions.
    V2_2,
}

impl Schema {
    const TEXTS: &[(Self, &str)] = &[
        (Self::V1_0, "1.0"),
        (Self::V1_2, "1.2"),
        (Self::V2_0, "2.0"),
        (Self::V2_0_1, "2.0.1"),
        (Self::V2_0_2, "2.0.2"),
        (Self::V2_0_3, "2.0.3"),
        (Self::V2_2, "2.2"),
    ];

    /// Reads `2.2`.
    pub fn parse(text: &str) -> Option<Self> {
        Self::TEXTS.iter().find(|(_, known)| *known == text).map(|(schema, _)| *schema)
    }

    /// As the document states it.
    pub fn as_str(self) -> &'static str {
        Self::TEXTS.iter().find(|(schema, _)| *schema == self).map_or("", |(_, text)| text)
    }

    /// Whether steps may have preconditions.
    pub fn has_preconditions(self) -> bool {
        self == Self::V2_2
    }
}

impl fmt::Display for Schema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A document that was understood.
#[derive(Clone, Debug, PartialEq)]
pub struct Document {
    /// Which schema it is written in.
    pub schema: Schema,
    /// What it says it is for.
    pub description: Option<String>,
    /// In the order of the document.
    pub parameters: Vec<ParameterDefinition>,
    /// What it does.
    pub body: Body,
    /// The whole document as JSON, which is what travels to a node.
    pub source: Value,
}

/// What a document does.
#[derive(Clone, Debug, PartialEq)]
pub enum Body {
    /// A command document: steps, one after another.
    Steps(Vec<Step>),
    /// A session document.
    Session(SessionBody),
}

/// One step of a command document.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// Unique in the document; in schema 1.x it is the action.
    pub name: String,
    /// The plugin, `aws:runShellScript`.
    pub action: String,
    /// `inputs` in schema 2.x; `properties` in 1.x, where a list means several runs within the one step.
    pub inputs: Value,
    /// `settings`, null where there are none.
    pub settings: Value,
    /// `precondition`, unread: see [`precondition::evaluate`].
    pub precondition: Option<Value>,
}

/// What a session document does.
#[derive(Clone, Debug, PartialEq)]
pub struct SessionBody {
    /// Which kind of session.
    pub session_type: SessionType,
    /// Preferences: `idleSessionTimeout`, `shellProfile`, `runAsEnabled`, …; null where there are none.
    pub inputs: Value,
    /// What the session type needs: `portNumber`, `linux.commands`, …; null where there are none.
    pub properties: Value,
}

/// The kinds of session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionType {
    /// A shell.
    StandardStream,
    /// Commands on a terminal.
    InteractiveCommands,
    /// Commands without a terminal.
    NonInteractiveCommands,
    /// A TCP stream.
    Port,
}

impl SessionType {
    const TEXTS: &[(Self, &str)] = &[
        (Self::StandardStream, "Standard_Stream"),
        (Self::InteractiveCommands, "InteractiveCommands"),
        (Self::NonInteractiveCommands, "NonInteractiveCommands"),
        (Self::Port, "Port"),
    ];

    /// Reads `Standard_Stream`.
    pub fn parse(text: &str) -> Option<Self> {
        Self::TEXTS.iter().find(|(_, known)| *known == text).map(|(kind, _)| *kind)
    }

    /// As the document states it.
    pub fn as_str(self) -> &'static str {
        Self::TEXTS.iter().find(|(kind, _)| *kind == self).map_or("", |(_, text)| text)
    }
}

impl Document {
    /// Reads and checks a text as `CreateDocument` does, for the types `Command`, `Policy` and `Session`.
    ///
    /// Errors: `MaxDocumentSizeExceeded`, `InvalidDocumentContent`, `InvalidDocumentSchemaVersion`.
    pub fn read(text: &str, format: &DocumentFormat, document_type: &DocumentType) -> Result<Self, DocumentError> {
        let source = read_source(text, format)?;
        let stated = source.get("schemaVersion").map_or_else(|| "null".to_owned(), plain);
        let schema = Schema::parse(&stated).filter(|schema| match document_type {
            DocumentType::Session => *schema == Schema::V1_0,
            _ => *schema > Schema::V1_0,
        });
        if schema.is_none() {
            return Err(DocumentError::Schema { version: stated, document_type: document_type.clone() });
        }
        let document = Self::from_value(source)?;
        match &document.body {
            Body::Steps(steps) => check_steps(steps, document.schema)?,
            Body::Session(session) => session::check(session)?,
        }
        document
            .parameters
            .iter()
            .try_for_each(|parameter| parameter.check_definition().map_err(DocumentError::Content))?;
        Ok(document)
    }

    /// Understands a document that is JSON already. Checks shapes only: names and actions are the service's business.
    pub fn from_value(source: Value) -> Result<Self, DocumentError> {
        let Value::Object(members) = &source else {
            return Err(DocumentError::content("A document is a JSON or YAML object."));
        };
        let stated = members.get("schemaVersion").map_or_else(|| "null".to_owned(), plain);
        let schema = Schema::parse(&stated)
            .ok_or(DocumentError::Schema { version: stated, document_type: DocumentType::Command })?;
        let parameters = parameters::definitions(members.get("parameters")).map_err(DocumentError::Content)?;
        let body = if let Some(kind) = members.get("sessionType") {
            Body::Session(session_body(kind, members)?)
        } else if schema >= Schema::V2_0 {
            Body::Steps(main_steps(members)?)
        } else if members.contains_key("runtimeConfig") {
            Body::Steps(runtime_config(members)?)
        } else if schema == Schema::V1_0 {
            return Err(DocumentError::content("The document has no sessionType."));
        } else {
            return Err(DocumentError::content("The document has no runtimeConfig."));
        };
        let description = members.get("description").and_then(Value::as_str).map(str::to_owned);
        Ok(Self { schema, description, parameters, body, source })
    }

    /// The steps; none for a session document.
    pub fn steps(&self) -> &[Step] {
        match &self.body {
            Body::Steps(steps) => steps,
            Body::Session(_) => &[],
        }
    }

    /// The session part, if this is a session document.
    pub fn session(&self) -> Option<&SessionBody> {
        match &self.body {
            Body::Steps(_) => None,
            Body::Session(session) => Some(session),
        }
    }

    /// The platforms on which at least one step can run, in the API's order.
    pub fn platform_types(&self) -> Vec<PlatformType> {
        let runs_on = |platform: &&PlatformType| match &self.body {
            Body::Session(_) => true,
            Body::Steps(steps) => steps.iter().any(|step| step.runs_on(self.schema, platform)),
        };
        ALL.iter().filter(runs_on).cloned().collect()
    }
}

impl Step {
    fn runs_on(&self, schema: Schema, platform: &PlatformType) -> bool {
        if schema < Schema::V2_0 && self.action == "aws:runPowerShellScript" {
            return *platform == PlatformType::Windows;
        }
        ACTIONS.iter().find(|(action, _)| *action == self.action).is_none_or(|(_, on)| on.contains(platform))
    }
}

/// Reads the text of a document of any type into JSON, within bounds on size, depth and expansion.
///
/// Errors: `MaxDocumentSizeExceeded`, `InvalidDocumentContent`.
pub fn read_source(text: &str, format: &DocumentFormat) -> Result<Value, DocumentError> {
    if text.len() > MAX_CONTENT {
        return Err(DocumentError::TooLarge);
    }
    if text.trim().is_empty() {
        return Err(DocumentError::content("Document content is empty."));
    }
    match format {
        DocumentFormat::Yaml => reader::yaml(text),
        _ => reader::json(text),
    }
    .map_err(DocumentError::Content)
}

/// Writes a document in the other format, as `GetDocument` does.
pub fn write_source(source: &Value, format: &DocumentFormat) -> Result<String, DocumentError> {
    match format {
        DocumentFormat::Yaml => {
            serde_norway::to_string(source).map_err(|error| DocumentError::content(error.to_string()))
        }
        _ => serde_json::to_string_pretty(source).map_err(|error| DocumentError::content(error.to_string())),
    }
}

/// A scalar as text: YAML's `schemaVersion: 2.2` is a number.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn object<'a>(value: Option<&'a Value>, name: &str) -> Result<Option<&'a Map<String, Value>>, DocumentError> {
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Object(members)) => Ok(Some(members)),
        Some(_) => Err(DocumentError::content(format!("{name} is not an object."))),
    }
}

fn main_steps(members: &Map<String, Value>) -> Result<Vec<Step>, DocumentError> {
    let Some(Value::Array(entries)) = members.get("mainSteps") else {
        return Err(DocumentError::content("The document has no mainSteps."));
    };
    if entries.is_empty() {
        return Err(DocumentError::content("mainSteps has no step."));
    }
    entries.iter().enumerate().map(|(index, entry)| main_step(index + 1, entry)).collect()
}

fn main_step(position: usize, entry: &Value) -> Result<Step, DocumentError> {
    let members = object(Some(entry), &format!("Step {position}"))?
        .ok_or_else(|| DocumentError::content(format!("Step {position} is empty.")))?;
    let text = |name: &str| match members.get(name) {
        Some(Value::String(text)) if !text.is_empty() => Ok(text.clone()),
        _ => Err(DocumentError::content(format!("Step {position} has no {name}."))),
    };
    let name = text("name")?;
    let inputs = object(members.get("inputs"), &format!("inputs of step {name}"))?.cloned().unwrap_or_default();
    Ok(Step {
        action: text("action")?,
        inputs: Value::Object(inputs),
        settings: members.get("settings").cloned().unwrap_or(Value::Null),
        precondition: members.get("precondition").filter(|value| !value.is_null()).cloned(),
        name,
    })
}

fn runtime_config(members: &Map<String, Value>) -> Result<Vec<Step>, DocumentError> {
    let plugins = object(members.get("runtimeConfig"), "runtimeConfig")?
        .filter(|plugins| !plugins.is_empty())
        .ok_or_else(|| DocumentError::content("runtimeConfig has no plugin."))?;
    plugins
        .iter()
        .map(|(action, entry)| {
            let entry = object(Some(entry), action)?.cloned().unwrap_or_default();
            let inputs = entry.get("properties").cloned().unwrap_or(Value::Null);
            let listed = inputs.as_array().is_some_and(|runs| runs.iter().all(Value::is_object));
            // A text is a reference to a parameter that holds the properties.
            if !(listed || inputs.is_object() || inputs.is_string() || inputs.is_null()) {
                return Err(DocumentError::content(format!("properties of {action} is neither an object nor a list.")));
            }
            Ok(Step {
                name: action.clone(),
                action: action.clone(),
                inputs,
                settings: entry.get("settings").cloned().unwrap_or(Value::Null),
                precondition: entry.get("precondition").filter(|value| !value.is_null()).cloned(),
            })
        })
        .collect()
}

fn session_body(kind: &Value, members: &Map<String, Value>) -> Result<SessionBody, DocumentError> {
    let session_type = kind
        .as_str()
        .and_then(SessionType::parse)
        .ok_or_else(|| DocumentError::content(format!("{} is not a valid sessionType.", plain(kind))))?;
    object(members.get("inputs"), "inputs")?;
    Ok(SessionBody {
        session_type,
        inputs: members.get("inputs").cloned().unwrap_or(Value::Null),
        properties: members.get("properties").cloned().unwrap_or(Value::Null),
    })
}

fn check_steps(steps: &[Step], schema: Schema) -> Result<(), DocumentError> {
    if steps.len() > MAX_STEPS {
        return Err(DocumentError::content(format!("A document has at most {MAX_STEPS} steps.")));
    }
    for (index, step) in steps.iter().enumerate() {
        if !ACTIONS.iter().any(|(action, _)| *action == step.action) {
            return Err(DocumentError::content(format!("{} is not a supported action.", step.action)));
        }
        if schema < Schema::V2_0 {
            continue;
        }
        let valid = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-');
        if step.name.len() > 128 || !step.name.chars().all(valid) {
            return Err(DocumentError::content(format!(
                "Step name {} is not valid. A name has letters, digits, - and _ and at most 128 characters.",
                step.name
            )));
        }
        if steps[..index].iter().any(|earlier| earlier.name == step.name) {
            return Err(DocumentError::content(format!("Step name {} is used twice.", step.name)));
        }
        if step.precondition.is_some() && !schema.has_preconditions() {
            return Err(DocumentError::content(format!(
                "Schema version {schema} has no preconditions (step {}).",
                step.name
            )));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
