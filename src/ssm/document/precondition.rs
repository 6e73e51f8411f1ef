//! Preconditions of schema 2.2: whether a step runs on this node.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{
    Document, Step,
    parameters::text_of,
    substitute::{embed, refers_to},
};

/// What a precondition says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The step runs.
    Run,
    /// The step is `Skipped` with code 0; the text is its output.
    Skip(String),
    /// The step is `Failed`; the text is its output.
    Fail(String),
}

/// Evaluates a step's precondition on a platform (`linux`, `windows`, `macos`) with the document's resolved values.
///
/// The one operator is `StringEquals` with two arguments. `platformType` compares with a platform, case-blind and on either
/// side; otherwise at least one argument has to refer to a parameter of the document.
pub fn evaluate(document: &Document, step: &Step, platform: &str, values: &BTreeMap<String, Value>) -> Verdict {
    let Some(precondition) = &step.precondition else { return Verdict::Run };
    if !document.schema.has_preconditions() {
        return Verdict::Fail(format!(
            "Precondition is not supported for document schema version {}. Step name: {}",
            document.schema, step.name
        ));
    }
    let unrecognized =
        || Verdict::Fail(format!("Unrecognized precondition(s): '{}'. Step name: {}", shown(precondition), step.name));
    let Some([left, right]) = arguments(precondition) else { return unrecognized() };
    if left == right || [left, right].iter().any(|text| is_parameter_store(text)) {
        return unrecognized();
    }
    let names = || document.parameters.iter().map(|parameter| parameter.name.as_str());
    let equal = if let Some(wanted) = platform_argument(left, right) {
        let wanted = embed(wanted, values);
        if !["linux", "windows", "macos"].iter().any(|known| known.eq_ignore_ascii_case(&wanted)) {
            return unrecognized();
        }
        wanted.eq_ignore_ascii_case(platform)
    } else if refers_to(left, names()) || refers_to(right, names()) {
        embed(left, values) == embed(right, values)
    } else {
        return unrecognized();
    };
    if equal {
        Verdict::Run
    } else {
        Verdict::Skip(format!(
            "Step execution skipped due to unsatisfied preconditions: '{}'. Step name: {}",
            shown(precondition),
            step.name
        ))
    }
}

fn arguments(precondition: &Value) -> Option<[&str; 2]> {
    let members = precondition.as_object().filter(|members| members.len() == 1)?;
    match members.get("StringEquals")?.as_array()?.as_slice() {
        [Value::String(left), Value::String(right)] => Some([left, right]),
        _ => None,
    }
}

fn platform_argument<'a>(left: &'a str, right: &'a str) -> Option<&'a str> {
    match (left.eq_ignore_ascii_case("platformType"), right.eq_ignore_ascii_case("platformType")) {
        (true, false) => Some(right),
        (false, true) => Some(left),
        _ => None,
    }
}

fn is_parameter_store(text: &str) -> bool {
    text.split("{{").skip(1).any(|inner| inner.trim_start().starts_with("ssm:"))
}

/// `"StringEquals": [platformType, Linux]`, as the sentences quote it.
fn shown(precondition: &Value) -> String {
    let Some(members) = precondition.as_object() else { return precondition.to_string() };
    let entries: Vec<String> = members
        .iter()
        .map(|(operator, arguments)| match arguments {
            Value::Array(list) => {
                format!("\"{operator}\": [{}]", list.iter().map(text_of).collect::<Vec<_>>().join(", "))
            }
            other => format!("\"{operator}\": {other}"),
        })
        .collect();
    entries.join(", ")
}
