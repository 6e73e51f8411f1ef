//! The service model as data, and the one check that every request passes.
//!
//! The files in `assets/model/` hold facts only: shapes, required members, lengths, patterns, ranges, enumerations and the
//! modeled errors. [`ServiceModel::validate`] holds a request against them and words the outcome as AWS does: all
//! violations in one `ValidationException`, wrong JSON types as `SerializationException`.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{LazyLock, OnceLock},
};

use regex::Regex;
use serde::Deserialize;
use serde_json::Value;

use super::{ApiError, Service};

/// How much of an offending value an error message repeats.
const SHOWN: usize = 1024;

static SSM: LazyLock<ServiceModel> = LazyLock::new(|| parse(include_str!("../../assets/model/ssm.json")));
static KMS: LazyLock<ServiceModel> = LazyLock::new(|| parse(include_str!("../../assets/model/kms.json")));
static LOGS: LazyLock<ServiceModel> = LazyLock::new(|| parse(include_str!("../../assets/model/logs.json")));
static EC2_MESSAGES: LazyLock<ServiceModel> =
    LazyLock::new(|| parse(include_str!("../../assets/model/ec2messages.json")));

/// The files are compiled in and parsed by a test, so a broken one never leaves the developer's machine.
fn parse(text: &str) -> ServiceModel {
    serde_json::from_str(text).expect("the embedded service model parses")
}

/// The model of Systems Manager.
pub fn ssm() -> &'static ServiceModel {
    &SSM
}

/// The model of a service.
pub fn of(service: Service) -> &'static ServiceModel {
    match service {
        Service::Ssm => &SSM,
        Service::Kms => &KMS,
        Service::Logs => &LOGS,
        Service::Ec2Messages => &EC2_MESSAGES,
    }
}

/// The facts about one service.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ServiceModel {
    /// What stands before the dot in `X-Amz-Target`.
    pub target_prefix: String,
    operations: HashMap<String, OperationModel>,
    shapes: HashMap<String, Shape>,
    errors: HashMap<String, ErrorModel>,
}

#[derive(Debug, Deserialize)]
struct OperationModel {
    input: String,
    output: Option<String>,
    errors: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct ErrorModel {
    status: u16,
    members: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize)]
struct Shape {
    t: Kind,
    #[serde(default)]
    m: serde_json::Map<String, Value>,
    #[serde(default)]
    req: Vec<String>,
    of: Option<String>,
    key: Option<String>,
    value: Option<String>,
    min: Option<f64>,
    max: Option<f64>,
    pattern: Option<String>,
    #[serde(default, rename = "enum")]
    values: Vec<String>,
    #[serde(default)]
    sensitive: bool,
    #[serde(skip)]
    regex: OnceLock<Option<Regex>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Structure,
    List,
    Map,
    String,
    Integer,
    Long,
    Double,
    Float,
    Boolean,
    Timestamp,
    Blob,
}

impl ServiceModel {
    /// Whether the service has an operation of this name.
    pub fn has_operation(&self, name: &str) -> bool {
        self.operations.contains_key(name)
    }

    /// The names of all operations.
    pub fn operations(&self) -> impl Iterator<Item = &str> {
        self.operations.keys().map(String::as_str)
    }

    /// The errors that the model names for an operation.
    pub fn errors_of(&self, operation: &str) -> &[String] {
        self.operations.get(operation).map_or(&[], |op| &op.errors)
    }

    /// The HTTP status of a modeled error.
    pub fn error_status(&self, code: &str) -> Option<u16> {
        self.errors.get(code).map(|error| error.status)
    }

    /// How the model spells the message member of an error: `message`, `Message`, or not at all.
    pub fn message_member(&self, code: &str) -> Option<&str> {
        let members = &self.errors.get(code)?.members;
        ["message", "Message"].into_iter().find(|name| members.contains_key(*name))
    }

    /// Checks the body of a request. Operations that the model does not have (an agent's own) pass.
    ///
    /// Errors: `SerializationException` for a value of the wrong JSON type, `ValidationException` with every violated
    /// constraint otherwise.
    pub fn validate(&self, operation: &str, body: &Value) -> Result<(), ApiError> {
        match self.operations.get(operation) {
            Some(op) => self.validate_shape(&op.input, body, true),
            None => Ok(()),
        }
    }

    /// Checks the body of an answer; tests hold every answer of the engine against it. Minima do not count: AWS itself
    /// answers empty lists and zeros where the model names one.
    pub fn validate_output(&self, operation: &str, body: &Value) -> Result<(), ApiError> {
        match self.operations.get(operation).and_then(|op| op.output.as_ref()) {
            Some(shape) => self.validate_shape(shape, body, false),
            None => Ok(()),
        }
    }

    fn validate_shape(&self, shape: &str, body: &Value, minima: bool) -> Result<(), ApiError> {
        let mut check = Check { model: self, minima, violations: Vec::new() };
        check.value(shape, body, &mut String::new())?;
        match check.violations.len() {
            0 => Ok(()),
            1 => Err(ApiError::validation(format!("1 validation error detected: {}", check.violations[0]))),
            n => Err(ApiError::validation(format!("{n} validation errors detected: {}", check.violations.join("; ")))),
        }
    }
}

struct Check<'a> {
    model: &'a ServiceModel,
    minima: bool,
    violations: Vec<String>,
}

impl Check<'_> {
    fn value(&mut self, name: &str, value: &Value, path: &mut String) -> Result<(), ApiError> {
        let Some(shape) = self.model.shapes.get(name) else { return Ok(()) };
        shape.expect_type(value)?;
        for constraint in shape.violated(value, self.minima) {
            self.violate(shape, value, path, &constraint);
        }
        match (shape.t, value) {
            (Kind::Structure, Value::Object(members)) => {
                for (member, target) in &shape.m {
                    let length = path.len();
                    push_member(path, member);
                    match members.get(member) {
                        None | Some(Value::Null) => {
                            if shape.req.contains(member) {
                                self.violations.push(format!(
                                    "Value null at '{path}' failed to satisfy constraint: Member must not be null"
                                ));
                            }
                        }
                        Some(inner) => self.value(target.as_str().unwrap_or_default(), inner, path)?,
                    }
                    path.truncate(length);
                }
            }
            (Kind::List, Value::Array(items)) => {
                let element = shape.of.as_deref().unwrap_or_default();
                if self.model.shapes.get(element).is_some_and(|of| of.t == Kind::String) {
                    self.strings(element, shape, value, items, path)?;
                } else {
                    for (index, item) in items.iter().enumerate() {
                        let length = path.len();
                        path.push_str(&format!(".{}.member", index + 1));
                        self.value(element, item, path)?;
                        path.truncate(length);
                    }
                }
            }
            (Kind::Map, Value::Object(entries)) => {
                for (key, inner) in entries {
                    let length = path.len();
                    let named = Value::String(key.clone());
                    self.value(shape.key.as_deref().unwrap_or_default(), &named, path)?;
                    path.push_str(&format!(".{}.member", clip(key)));
                    self.value(shape.value.as_deref().unwrap_or_default(), inner, path)?;
                    path.truncate(length);
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// A list of strings fails as a whole: AWS names the list and every constraint of its elements.
    fn strings(
        &mut self,
        element: &str,
        list: &Shape,
        whole: &Value,
        items: &[Value],
        path: &str,
    ) -> Result<(), ApiError> {
        let Some(of) = self.model.shapes.get(element) else { return Ok(()) };
        let mut broken = false;
        for item in items {
            of.expect_type(item)?;
            broken |= !of.violated(item, self.minima).is_empty();
        }
        if broken {
            let shown = Shape { sensitive: list.sensitive || of.sensitive, ..Shape::hidden() };
            self.violate(
                &shown,
                whole,
                path,
                &format!("Member must satisfy constraint: [{}]", of.constraints().join(", ")),
            );
        }
        Ok(())
    }

    fn violate(&mut self, shape: &Shape, value: &Value, path: &str, constraint: &str) {
        let value = if shape.sensitive { String::new() } else { format!("'{}' ", clip(&display(value))) };
        self.violations.push(format!("Value {value}at '{path}' failed to satisfy constraint: {constraint}"));
    }
}

impl Shape {
    fn hidden() -> Self {
        Self {
            t: Kind::List,
            m: serde_json::Map::new(),
            req: Vec::new(),
            of: None,
            key: None,
            value: None,
            min: None,
            max: None,
            pattern: None,
            values: Vec::new(),
            sensitive: true,
            regex: OnceLock::new(),
        }
    }

    fn expect_type(&self, value: &Value) -> Result<(), ApiError> {
        let fits = match self.t {
            Kind::Structure | Kind::Map => value.is_object(),
            Kind::List => value.is_array(),
            Kind::String | Kind::Blob => value.is_string(),
            Kind::Integer | Kind::Long => {
                value.is_i64() || value.is_u64() || value.as_f64().is_some_and(|n| n.fract() == 0.0)
            }
            Kind::Double | Kind::Float => value.is_number(),
            Kind::Boolean => value.is_boolean(),
            Kind::Timestamp => value.is_number() || value.is_string(),
        };
        if fits {
            return Ok(());
        }
        let found = match value {
            Value::Null => "null",
            Value::Bool(_) => "TRUE_VALUE",
            Value::Number(_) => "NUMBER_VALUE",
            Value::String(_) => "STRING_VALUE",
            Value::Array(_) => "START_ARRAY",
            Value::Object(_) => "START_OBJECT",
        };
        let wanted = match self.t {
            Kind::Structure | Kind::Map => "a structure or a map",
            Kind::List => "a Collection",
            Kind::String | Kind::Blob => "a String",
            Kind::Integer => "an Integer",
            Kind::Long => "a Long",
            Kind::Double | Kind::Float => "a Double",
            Kind::Boolean => "a Boolean",
            Kind::Timestamp => "a Timestamp",
        };
        Err(ApiError::new("SerializationException", format!("{found} can not be converted to {wanted}")))
    }

    #[allow(clippy::cast_precision_loss)] // lengths and the model's ranges are far below 2^53
    fn violated(&self, value: &Value, minima: bool) -> Vec<String> {
        let mut broken = Vec::new();
        let size = match (self.t, value) {
            (Kind::String, Value::String(text)) => Some(text.chars().count() as f64),
            // A blob travels as base64; its limits are those of the bytes.
            (Kind::Blob, Value::String(text)) => Some((text.trim_end_matches('=').len() * 3 / 4) as f64),
            (Kind::List, Value::Array(items)) => Some(items.len() as f64),
            (Kind::Map, Value::Object(entries)) => Some(entries.len() as f64),
            (Kind::Integer | Kind::Long | Kind::Double | Kind::Float, _) => value.as_f64(),
            _ => None,
        };
        if let Some(size) = size {
            if self.max.is_some_and(|max| size > max) {
                broken.extend(self.at_most());
            }
            if minima && self.min.is_some_and(|min| size < min) {
                broken.extend(self.at_least());
            }
        }
        if let Value::String(text) = value {
            if self.regex().is_some_and(|regex| !regex.is_match(text)) {
                broken.extend(self.matching());
            }
            if !self.values.is_empty() && !self.values.contains(text) {
                broken.extend(self.one_of());
            }
        }
        broken
    }

    fn constraints(&self) -> Vec<String> {
        [self.at_most(), self.at_least(), self.matching(), self.one_of()].into_iter().flatten().collect()
    }

    fn measure(&self) -> &'static str {
        if matches!(self.t, Kind::String | Kind::Blob | Kind::List | Kind::Map) { "length" } else { "value" }
    }

    fn at_most(&self) -> Option<String> {
        Some(format!("Member must have {} less than or equal to {}", self.measure(), self.max?))
    }

    fn at_least(&self) -> Option<String> {
        Some(format!("Member must have {} greater than or equal to {}", self.measure(), self.min?))
    }

    fn matching(&self) -> Option<String> {
        Some(format!("Member must satisfy regular expression pattern: {}", self.pattern.as_deref()?))
    }

    fn one_of(&self) -> Option<String> {
        (!self.values.is_empty()).then(|| format!("Member must satisfy enum value set: [{}]", self.values.join(", ")))
    }

    /// The model's patterns are Java's and match whole values. The few that need look-around are not checked here.
    fn regex(&self) -> Option<&Regex> {
        self.regex.get_or_init(|| Regex::new(&format!("^(?:{})$", self.pattern.as_deref()?)).ok()).as_ref()
    }
}

fn push_member(path: &mut String, member: &str) {
    if !path.is_empty() {
        path.push('.');
    }
    let mut letters = member.chars();
    if let Some(first) = letters.next() {
        path.extend(first.to_lowercase());
        path.push_str(letters.as_str());
    }
}

fn display(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => format!("[{}]", items.iter().map(display).collect::<Vec<_>>().join(", ")),
        Value::Object(members) => {
            format!("{{{}}}", members.iter().map(|(k, v)| format!("{k}={}", display(v))).collect::<Vec<_>>().join(", "))
        }
        other => other.to_string(),
    }
}

fn clip(text: &str) -> &str {
    text.char_indices().nth(SHOWN).map_or(text, |(end, _)| &text[..end])
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn message(operation: &str, body: &Value) -> String {
        ssm().validate(operation, body).unwrap_err().message.unwrap()
    }

    #[test]
    fn the_models_parse_and_every_shape_they_name_exists() {
        for service in Service::ALL {
            let model = of(service);
            assert_eq!(model.target_prefix, service.target_prefix());
            for shape in model.shapes.values() {
                let members = shape.m.values().filter_map(Value::as_str);
                let parts = [&shape.of, &shape.key, &shape.value].into_iter().filter_map(|part| part.as_deref());
                for target in members.chain(parts) {
                    assert!(model.shapes.contains_key(target), "{target}");
                }
            }
            for (name, operation) in &model.operations {
                for shape in [Some(&operation.input), operation.output.as_ref()].into_iter().flatten() {
                    assert!(model.shapes.contains_key(shape), "{name}");
                }
            }
        }
        assert!(ssm().operations().count() > 150);
    }

    #[test]
    fn several_violations_come_in_one_message() {
        let body = json!({"Name": "", "Type": "Nope", "Value": "x"});
        assert_eq!(
            message("PutParameter", &body),
            "2 validation errors detected: Value '' at 'name' failed to satisfy constraint: Member must have length \
             greater than or equal to 1; Value 'Nope' at 'type' failed to satisfy constraint: Member must satisfy enum \
             value set: [SecureString, StringList, String]"
        );
    }

    #[test]
    fn a_missing_member_is_null() {
        assert_eq!(
            message("GetParameter", &json!({})),
            "1 validation error detected: Value null at 'name' failed to satisfy constraint: Member must not be null"
        );
    }

    #[test]
    fn list_elements_are_named_by_position() {
        let body = json!({"ParameterFilters": [{"Key": "Name"}, {"Key": ""}]});
        assert!(message("DescribeParameters", &body).contains("at 'parameterFilters.2.member.key'"));
    }

    #[test]
    fn a_list_of_strings_fails_as_a_whole() {
        let body = json!({"DocumentName": "AWS-RunShellScript", "InstanceIds": ["i-nope"]});
        let text = message("SendCommand", &body);
        assert!(text.starts_with("1 validation error detected: Value '[i-nope]' at 'instanceIds'"), "{text}");
        assert!(
            text.contains("Member must satisfy constraint: [Member must satisfy regular expression pattern"),
            "{text}"
        );
    }

    #[test]
    fn sensitive_values_are_not_repeated() {
        let body = json!({"Name": "x", "Type": "String", "Value": 7});
        let error = ssm().validate("PutParameter", &body).unwrap_err();
        assert_eq!(error.code, "SerializationException");
        assert!(!error.to_string().contains('7'));
    }

    #[test]
    fn a_range_is_worded_as_a_value() {
        assert_eq!(
            message("DescribeInstanceInformation", &json!({"MaxResults": 4})),
            "1 validation error detected: Value '4' at 'maxResults' failed to satisfy constraint: Member must have value \
             greater than or equal to 5"
        );
    }
}
