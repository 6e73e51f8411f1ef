//! Writing a command: the form, the document's own fields in it, and the request it becomes.

use std::collections::BTreeMap;

use super::{
    canary::Canary,
    form::{Editor, Field, Form, Purpose, Value},
    input::LineInput,
};
use crate::{console::origin::NodeId, ssm};

/// The document a new command begins with.
pub const SHELL_SCRIPT: &str = "AWS-RunShellScript";
/// The document that scans for and installs patches.
pub const PATCH_BASELINE: &str = "AWS-RunPatchBaseline";
/// As many ids `SendCommand` takes; more are as many commands as it takes.
pub const MOST_IDS: usize = 50;
/// What the field for the whole output takes.
const OUTPUT_HINT: &str = "all of it in s3://bucket/prefix, or in logs:group and followed as it comes";
/// What the field for the canary takes.
const CANARY_HINT: &str = "these first: a number, a percentage or names; the rest after a yes";
/// What fields of the document's parameters are called in the form, before their name.
const PARAMETER: &str = "parameter:";

/// The form for a new command on nodes, as they are called among the targets, with what is to be known of them.
pub fn form(targets: &[String], hint: &str) -> Form {
    let hint = match targets {
        [] => "names or ids of nodes, tag:Key=value, or * for all nodes",
        _ => hint,
    };
    let targets = targets.join(",");
    let mut form = Form::new(
        "New command",
        Purpose::Command,
        vec![
            Field::of("document", "Document", "enter chooses another", Value::Document(LineInput::from(SHELL_SCRIPT))),
            Field::of("parameter:commands", "Script", "", Value::Text(Editor::new(""))),
            Field::line("targets", "Targets", hint, &targets),
            Field::line("concurrency", "Concurrency", "nodes at a time: a number or a percentage", "50"),
            Field::line("errors", "Max errors", "stop after so many: a number or a percentage", "0"),
            Field::line("canary", "Canary", CANARY_HINT, ""),
            Field::line("timeout", "Timeout", "seconds to wait for a node to take it", "600"),
            Field::line("comment", "Comment", "", ""),
            Field::line("output", "Whole output", OUTPUT_HINT, ""),
        ],
    );
    form.focus_on("parameter:commands");
    form
}

/// The form for running a command again. `called`: what nodes are called among the targets.
pub fn again(command: &ssm::Command, called: impl Fn(&[String]) -> Vec<String>) -> Form {
    let mut form = form(&[], "");
    let document = command.document_name.clone().unwrap_or_default();
    let parameters = command.parameters.0.iter().map(|(name, values)| {
        let line = LineInput::from(values.concat().as_str());
        let value = match name == "commands" || values.len() > 1 {
            true => Value::Text(Editor::new(&values.join("\n"))),
            false if line.text() == values.concat() => Value::Line(line),
            // What one line cannot hold as it is goes again as it is.
            false => Value::Fixed(values.concat()),
        };
        Field::of(&format!("{PARAMETER}{name}"), name, "", value)
    });
    let parameters: Vec<_> = parameters.collect();
    form.fields.retain(|field| !field.name.starts_with(PARAMETER));
    form.fields.splice(1..1, parameters);
    let targets = match (command.instance_ids.is_empty(), command.targets.as_slice()) {
        (false, _) => called(&command.instance_ids).join(","),
        (true, targets) => targets.iter().map(target_text).collect::<Vec<_>>().join(" "),
    };
    set(&mut form, "document", &document);
    set(&mut form, "targets", &targets);
    set(&mut form, "concurrency", command.max_concurrency.as_deref().unwrap_or("50"));
    set(&mut form, "errors", command.max_errors.as_deref().unwrap_or("0"));
    set(&mut form, "comment", command.comment.as_deref().unwrap_or_default());
    set(&mut form, "output", &output_text(command));
    form.focus = 1;
    form
}

/// Where a command's whole output goes, as it is typed.
fn output_text(command: &ssm::Command) -> String {
    let logs = command.cloud_watch_output_config.as_ref().filter(|c| c.cloud_watch_output_enabled == Some(true));
    match (&command.output_s3_bucket_name, logs.and_then(|config| config.cloud_watch_log_group_name.as_ref())) {
        (Some(bucket), _) if !bucket.is_empty() => {
            let prefix = command.output_s3_key_prefix.as_deref().unwrap_or_default();
            format!("s3://{bucket}/{prefix}").trim_end_matches('/').to_owned()
        }
        (_, Some(group)) => format!("logs:{group}"),
        _ => String::new(),
    }
}

/// A target as it is typed.
pub fn target_text(target: &ssm::Target) -> String {
    let key = target.key.as_deref().unwrap_or_default();
    match key.eq_ignore_ascii_case("InstanceIds") {
        true => target.values.join(","),
        false => format!("{key}={}", target.values.join(",")),
    }
}

fn set(form: &mut Form, name: &str, text: &str) {
    if let Some(field) = form.fields.iter_mut().find(|field| field.name == name) {
        match &mut field.value {
            Value::Line(input) | Value::Document(input) => *input = LineInput::from(text),
            _ => {}
        }
    }
}

/// Puts another document into the form; its parameters come with [`with_document`].
pub fn choose_document(form: &mut Form, name: &str) {
    set(form, "document", name);
    form.fields.retain(|field| !field.name.starts_with(PARAMETER));
    form.focus = 0;
}

/// Puts the fields of a document's parameters into the form. What was typed already stays.
pub fn with_document(form: &mut Form, document: &ssm::DocumentDescription) {
    if document.name.as_deref() != Some(form.answer("document").as_str()) {
        return;
    }
    let fields: Vec<_> = document
        .parameters
        .iter()
        .filter_map(|parameter| {
            let name = parameter.name.as_deref()?;
            let key = format!("{PARAMETER}{name}");
            if let Some(typed) = form.field(&key) {
                return Some(typed.clone());
            }
            let hint = parameter.description.as_deref().unwrap_or_default();
            let default = parameter.default_value.as_deref().unwrap_or_default();
            let list = parameter.r#type == Some(ssm::DocumentParameterType::StringList);
            // A list is written one value a line.
            let value = match list {
                true => Value::Text(Editor::new(&default_text(default))),
                false => Value::Line(LineInput::from(default)),
            };
            let label = if name == "commands" { "Script" } else { name };
            Some(Field::of(&key, label, hint, value))
        })
        .collect();
    let focused = form.current().map(|field| field.name.clone());
    form.fields.retain(|field| !field.name.starts_with(PARAMETER));
    form.fields.splice(1..1, fields);
    match focused.filter(|name| form.field(name).is_some()) {
        Some(name) => form.focus_on(&name),
        None => form.focus = 0,
    }
}

/// A default as it is typed. `DescribeDocument` answers the default of a list as JSON.
fn default_text(default: &str) -> String {
    let parsed: Option<Vec<String>> = serde_json::from_str(default).ok();
    parsed.map_or_else(|| default.to_owned(), |values| values.join("\n"))
}

/// The request a form becomes.
///
/// # Errors
/// In words, with the name of the field that is not in order.
pub fn request(form: &Form) -> Result<ssm::SendCommand, (&'static str, String)> {
    let document = form.given("document").ok_or(("document", "choose a document".to_owned()))?;
    let (instance_ids, targets) = targets(&form.answer("targets")).map_err(|problem| ("targets", problem))?;
    let timeout = match form.given("timeout") {
        None => None,
        Some(text) => match text.parse::<i32>() {
            Ok(seconds) if seconds >= 30 => Some(seconds),
            _ => return Err(("timeout", "the timeout is a number of seconds, 30 or more".to_owned())),
        },
    };
    let rate = |name: &'static str, least: u32| match form.given(name) {
        None => Ok(None),
        Some(text) => match text.trim_end_matches('%').parse::<u32>() {
            Ok(n) if n >= least && (n <= 100 || !text.ends_with('%')) => Ok(Some(text)),
            _ => Err((name, format!("a number from {least} on, or a percentage"))),
        },
    };
    let (bucket, prefix, group) = output(&form.answer("output")).map_err(|problem| ("output", problem))?;
    let mut parameters = BTreeMap::new();
    for field in &form.fields {
        let Some(name) = field.name.strip_prefix(PARAMETER) else { continue };
        let text = field.text();
        let values: Vec<String> = match &field.value {
            _ if text.is_empty() && name != "commands" => continue,
            Value::Text(_) => text.trim_end_matches('\n').split('\n').map(str::to_owned).collect(),
            _ => vec![text],
        };
        if name == "commands" && values.iter().all(|line| line.trim().is_empty()) {
            return Err(("parameter:commands", "the script is empty".to_owned()));
        }
        parameters.insert(name.to_owned(), values);
    }
    Ok(ssm::SendCommand {
        instance_ids,
        targets,
        document_name: document,
        timeout_seconds: timeout,
        comment: form.given("comment"),
        parameters: ssm::Sensitive(parameters),
        max_concurrency: rate("concurrency", 1)?,
        max_errors: rate("errors", 0)?,
        output_s3_bucket_name: bucket,
        output_s3_key_prefix: prefix,
        cloud_watch_output_config: group.map(|group| ssm::CloudWatchOutputConfig {
            cloud_watch_log_group_name: Some(group),
            cloud_watch_output_enabled: Some(true),
        }),
        ..Default::default()
    })
}

/// What a form says: the command, and who gets it first.
#[derive(Clone, Debug, PartialEq)]
pub struct Written {
    /// The command.
    pub send: ssm::SendCommand,
    /// The nodes that are named in it.
    pub nodes: Vec<NodeId>,
    /// Who gets it first.
    pub canary: Option<Canary>,
}

/// What a form says.
///
/// # Errors
/// In words, with the name of the field that is not in order.
pub fn written(form: &Form) -> Result<Written, (&'static str, String)> {
    let send = request(form)?;
    let canary = Canary::parse(&form.answer("canary")).map_err(|problem| ("canary", problem))?;
    Ok(Written { send, nodes: Vec::new(), canary })
}

/// Where a whole output goes: a bucket and the beginning of the keys in it, or a log group.
type Output = (Option<String>, Option<String>, Option<String>);

/// Reads `s3://bucket/prefix`, `bucket` or `logs:group`.
fn output(text: &str) -> Result<Output, String> {
    let text = text.trim();
    if let Some(group) = text.strip_prefix("logs:") {
        return match group.trim() {
            "" => Err("name the log group, such as logs:/fleet/commands".to_owned()),
            group => Ok((None, None, Some(group.to_owned()))),
        };
    }
    let place = text.strip_prefix("s3://").unwrap_or(text);
    let (bucket, prefix) = place.split_once('/').unwrap_or((place, ""));
    let prefix = prefix.trim_matches('/');
    let fit = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || ".-".contains(c);
    match bucket {
        _ if text.is_empty() => Ok((None, None, None)),
        bucket if bucket.len() >= 3 && bucket.chars().all(fit) => {
            Ok((Some(bucket.to_owned()), Some(prefix.to_owned()).filter(|prefix| !prefix.is_empty()), None))
        }
        _ => Err("write s3://bucket/prefix or logs:group".to_owned()),
    }
}

/// Reads `mi-1,mi-2`, `tag:Env=prod,test tag:Role=web` or `*`.
fn targets(text: &str) -> Result<(Vec<String>, Vec<ssm::Target>), String> {
    let target = |key: &str, values: Vec<String>| ssm::Target { key: Some(key.to_owned()), values };
    let list = |text: &str| text.split(',').filter(|v| !v.is_empty()).map(str::to_owned).collect::<Vec<_>>();
    let text = text.trim();
    if text.is_empty() {
        return Err("name nodes, tag:Key=value, or * for all nodes".to_owned());
    }
    if text == "*" {
        return Ok((Vec::new(), vec![target("InstanceIds", vec!["*".to_owned()])]));
    }
    if text.starts_with("tag:") || text.starts_with("tag-key") || text.starts_with("resource-groups:") {
        let mut targets = Vec::new();
        for part in parts(text) {
            match part.split_once('=').map(|(key, values)| (key, list(values))) {
                Some((key, values)) if !values.is_empty() => targets.push(target(key, values)),
                _ => return Err(format!("\"{part}\" is no target; write tag:Key=value")),
            }
        }
        return Ok((Vec::new(), targets));
    }
    let mut ids = list(&text.replace(char::is_whitespace, ","));
    ids.sort();
    ids.dedup();
    match ids.len() {
        0 => Err("name nodes, tag:Key=value, or * for all nodes".to_owned()),
        _ => Ok((ids, Vec::new())),
    }
}

/// Whether a name says what is meant in a line of targets, where other things stand as well.
pub fn is_plain(name: &str) -> bool {
    let begins = ["tag:", "tag-key", "resource-groups:"].iter().any(|key| name.starts_with(key));
    !name.is_empty() && !begins && !name.contains(|c: char| c.is_whitespace() || ",*=".contains(c))
}

/// Whether a word is the id of a node, known or not.
pub fn is_id(word: &str) -> bool {
    let rest = word.strip_prefix("mi-").or_else(|| word.strip_prefix("i-"));
    rest.is_some_and(|rest| rest.len() >= 8 && rest.chars().all(|c| c.is_ascii_hexdigit()))
}

/// The targets in a line. Values of tags have spaces in them: only a word that begins a target ends the one before.
fn parts(text: &str) -> Vec<String> {
    let mut parts: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        let begins = ["tag:", "tag-key=", "resource-groups:"].iter().any(|key| word.starts_with(key));
        match parts.last_mut().filter(|_| !begins) {
            Some(part) => *part = format!("{part} {word}"),
            None => parts.push(word.to_owned()),
        }
    }
    parts
}

/// The request for a scan of nodes.
pub fn scan(nodes: Vec<String>) -> ssm::SendCommand {
    let parameters = BTreeMap::from([("Operation".to_owned(), vec!["Scan".to_owned()])]);
    ssm::SendCommand {
        instance_ids: nodes,
        document_name: PATCH_BASELINE.to_owned(),
        comment: Some("Scan from fleetdeck".to_owned()),
        parameters: ssm::Sensitive(parameters),
        ..Default::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_read_as_typed() {
        assert_eq!(targets("mi-2, mi-1 mi-2").unwrap().0, ["mi-1", "mi-2"]);
        assert_eq!(targets("*").unwrap().1[0].values, ["*"]);
        let (_, tags) = targets("tag:Env=prod,test tag:Role=web").unwrap();
        assert_eq!(tags.iter().map(target_text).collect::<Vec<_>>(), ["tag:Env=prod,test", "tag:Role=web"]);
        let (_, tags) = targets("tag:Name=web server,db tag:Cost Centre=4711").unwrap();
        assert_eq!(
            tags.iter().map(target_text).collect::<Vec<_>>(),
            ["tag:Name=web server,db", "tag:Cost Centre=4711"]
        );
        for bad in ["", "tag:Env", "tag:Env="] {
            assert!(targets(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_whole_output_goes_where_it_is_said() {
        let of = |text: &str| {
            output(text).map(|(bucket, prefix, group)| [bucket, prefix, group].map(Option::unwrap_or_default))
        };
        assert_eq!(of("").unwrap(), ["", "", ""]);
        assert_eq!(of("s3://logs-1/a/b/").unwrap(), ["logs-1", "a/b", ""]);
        assert_eq!(of("logs-1").unwrap(), ["logs-1", "", ""]);
        assert_eq!(of("logs:/fleet/commands").unwrap(), ["", "", "/fleet/commands"]);
        for wrong in ["s3://", "s3:///a", "Bucket", "logs:"] {
            assert!(of(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_form_becomes_a_request() {
        let mut form = form(&["mi-1".to_owned()], "");
        assert_eq!(request(&form).unwrap_err().0, "parameter:commands");
        form.current_mut().unwrap().paste("set -e\nuname -a");
        let send = request(&form).unwrap();
        assert_eq!(send.parameters["commands"], ["set -e", "uname -a"]);
        assert_eq!((send.instance_ids.as_slice(), send.max_errors.as_deref()), (&["mi-1".to_owned()][..], Some("0")));
        let back = again(
            &ssm::Command {
                document_name: Some(send.document_name.clone()),
                parameters: send.parameters.clone(),
                instance_ids: send.instance_ids.clone(),
                ..Default::default()
            },
            <[String]>::to_vec,
        );
        assert_eq!(request(&back).unwrap().parameters, send.parameters);
    }

    #[test]
    fn running_again_sends_the_same_parameters() {
        let parameters = BTreeMap::from([
            ("commands".to_owned(), vec!["printf 'a,b\\r'".to_owned(), "true".to_owned()]),
            ("paths".to_owned(), vec!["/srv,old".to_owned(), "/var".to_owned()]),
            ("message".to_owned(), vec!["two\nlines".to_owned()]),
        ]);
        let back = again(
            &ssm::Command {
                document_name: Some("Own-Document".to_owned()),
                parameters: ssm::Sensitive(parameters.clone()),
                instance_ids: vec!["mi-1".to_owned()],
                ..Default::default()
            },
            <[String]>::to_vec,
        );
        let sent = request(&back).unwrap().parameters.0;
        assert_eq!(sent, parameters);
    }

    #[test]
    fn a_document_brings_its_fields() {
        let mut form = form(&[], "");
        choose_document(&mut form, PATCH_BASELINE);
        let parameter = |name: &str, default: &str| ssm::DocumentParameter {
            name: Some(name.to_owned()),
            default_value: Some(default.to_owned()),
            ..Default::default()
        };
        let document = ssm::DocumentDescription {
            name: Some(PATCH_BASELINE.to_owned()),
            parameters: vec![parameter("Operation", ""), parameter("RebootOption", "RebootIfNeeded")],
            ..Default::default()
        };
        with_document(&mut form, &document);
        assert_eq!(form.answer("parameter:RebootOption"), "RebootIfNeeded");
    }
}
