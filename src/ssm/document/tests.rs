use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{
    flow::{AgentStatus, FlowControl, OnFailure, conclude, document_status},
    output::{join, truncate},
    precondition::{Verdict, evaluate},
    substitute::substitute,
    *,
};

fn command(source: &Value) -> Result<Document, DocumentError> {
    Document::read(&source.to_string(), &DocumentFormat::Json, &DocumentType::Command)
}

fn refused(source: &Value) -> String {
    command(source).unwrap_err().to_string()
}

fn one_step(step: &Value) -> Value {
    json!({"schemaVersion": "2.2", "mainSteps": [step]})
}

fn values(pairs: &[(&str, Value)]) -> BTreeMap<String, Value> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
}

#[test]
fn every_schema_of_a_command_is_read() {
    let step = json!({"action": "aws:runShellScript", "name": "one", "inputs": {"runCommand": ["true"]}});
    for version in ["2.0", "2.0.1", "2.0.2", "2.0.3", "2.2"] {
        let document = command(&json!({"schemaVersion": version, "mainSteps": [step]})).unwrap();
        assert_eq!((document.schema.as_str(), document.steps()[0].name.as_str()), (version, "one"));
    }
    let old =
        json!({"schemaVersion": "1.2", "runtimeConfig": {"aws:runShellScript": {"properties": [{"runCommand": []}]}}});
    let document = command(&old).unwrap();
    assert_eq!(document.steps()[0].name, "aws:runShellScript");
    assert_eq!(document.platform_types(), [PlatformType::Linux, PlatformType::MacOS]);
}

#[test]
fn yaml_is_read_as_json_is() {
    let text = "schemaVersion: 2.2\nmainSteps:\n- action: aws:runShellScript\n  name: one\n  inputs:\n    runCommand: [uname]\n";
    let document = Document::read(text, &DocumentFormat::Yaml, &DocumentType::Command).unwrap();
    assert_eq!(document.steps()[0].inputs, json!({"runCommand": ["uname"]}));
    let written = write_source(&document.source, &DocumentFormat::Yaml).unwrap();
    assert_eq!(read_source(&written, &DocumentFormat::Yaml).unwrap(), document.source);
}

#[test]
fn the_schema_version_has_to_fit_the_type() {
    let session = json!({"schemaVersion": "1.0", "sessionType": "Standard_Stream"}).to_string();
    assert!(Document::read(&session, &DocumentFormat::Json, &DocumentType::Session).is_ok());
    let error = Document::read(&session, &DocumentFormat::Json, &DocumentType::Command).unwrap_err();
    assert_eq!(ApiError::from(error).code, "InvalidDocumentSchemaVersion");
    let wrong = json!({"schemaVersion": "2.0", "mainSteps": []}).to_string();
    let error = Document::read(&wrong, &DocumentFormat::Json, &DocumentType::Session).unwrap_err();
    assert_eq!(error.to_string(), "2.0 is not a valid schema version for Session document type");
    assert_eq!(refused(&json!({})), "null is not a valid schema version for Command document type");
    assert_eq!(
        refused(&json!({"schemaVersion": "9.9"})),
        "9.9 is not a valid schema version for Command document type"
    );
}

#[test]
fn what_is_wrong_is_said() {
    let step = |name: &str| json!({"action": "aws:runShellScript", "name": name});
    for (source, word) in [
        (json!({"schemaVersion": "2.2"}), "mainSteps"),
        (json!({"schemaVersion": "2.2", "mainSteps": []}), "mainSteps"),
        (json!({"schemaVersion": "2.2", "mainSteps": ["x"]}), "Step 1"),
        (json!({"schemaVersion": "2.2", "mainSteps": [{"name": "a"}]}), "action"),
        (json!({"schemaVersion": "2.2", "mainSteps": [{"action": "aws:runShellScript"}]}), "name"),
        (json!({"schemaVersion": "2.2", "mainSteps": [step("a"), step("a")]}), "twice"),
        (one_step(&step("a b")), "not valid"),
        (one_step(&json!({"action": "aws:rm", "name": "a"})), "aws:rm"),
        (one_step(&json!({"action": "aws:runShellScript", "name": "a", "inputs": []})), "inputs"),
        (json!({"schemaVersion": "1.2"}), "runtimeConfig"),
        (json!({"schemaVersion": "2.2", "parameters": {"a": {"type": "Text"}}, "mainSteps": [step("a")]}), "Text"),
        (json!({"schemaVersion": "2.2", "parameters": {"a_b": {"type": "String"}}, "mainSteps": [step("a")]}), "a_b"),
        (
            json!({"schemaVersion": "2.2", "parameters": {"a": {"type": "StringList", "default": "x"}}, "mainSteps": [step("a")]}),
            "default",
        ),
    ] {
        let message = refused(&source);
        assert!(message.contains(word), "{source}: {message}");
    }
}

#[test]
fn broken_text_names_the_place() {
    let read = |text: &str, format| Document::read(text, &format, &DocumentType::Command).unwrap_err().to_string();
    assert_eq!(read("{\"a\":\n x}", DocumentFormat::Json), "JSON not well-formed. at Line: 2, Column: 2");
    assert!(read("a: [", DocumentFormat::Yaml).starts_with("YAML not well-formed. at Line:"));
    assert!(read(" ", DocumentFormat::Json).contains("empty"));
    assert!(read("{\"a\":1,\"a\":2}", DocumentFormat::Json).starts_with("JSON not well-formed."));
}

#[test]
fn hostile_texts_are_bounded() {
    let too_long = "x".repeat(MAX_CONTENT + 1);
    assert_eq!(read_source(&too_long, &DocumentFormat::Json), Err(DocumentError::TooLarge));
    for (open, format) in [("[", DocumentFormat::Json), ("{\"a\":", DocumentFormat::Json), ("[", DocumentFormat::Yaml)]
    {
        assert!(matches!(read_source(&open.repeat(10_000), &format), Err(DocumentError::Content(_))), "{open}");
    }
    let mut bomb = format!("a0: &a0 \"{}\"\n", "x".repeat(30_000));
    for level in 1..9 {
        let below = format!("*a{}", level - 1);
        bomb.push_str(&format!("a{level}: &a{level} [{}]\n", vec![below; 9].join(", ")));
    }
    assert!(matches!(read_source(&bomb, &DocumentFormat::Yaml), Err(DocumentError::Content(_))));
    let wide = format!("a: &a \"{}\"\nb: [{}]", "x".repeat(30_000), vec!["*a"; 8000].join(","));
    assert!(matches!(read_source(&wide, &DocumentFormat::Yaml), Err(DocumentError::Content(_))));
}

#[test]
fn a_callers_parameters_are_typed_and_checked() {
    let document = command(&json!({
        "schemaVersion": "2.2",
        "parameters": {
            "text": {"type": "String", "default": "", "maxChars": 3, "minChars": 0},
            "list": {"type": "StringList", "minItems": 1, "maxItems": 2},
            "flag": {"type": "Boolean", "default": false},
            "number": {"type": "Integer", "default": 1},
            "map": {"type": "StringMap", "default": {}},
            "maps": {"type": "MapList", "default": []},
            "choice": {"type": "String", "default": "a", "allowedValues": ["a", "b"]},
            "word": {"type": "String", "default": "x", "allowedPattern": "[a-z]+"},
        },
        "mainSteps": [{"action": "aws:runShellScript", "name": "a"}],
    }))
    .unwrap();
    let check = |pairs: &[(&str, &[&str])]| {
        let mut given: BTreeMap<String, Vec<String>> = BTreeMap::from([("list".into(), vec!["one".into()])]);
        given.extend(pairs.iter().map(|(n, v)| ((*n).to_owned(), v.iter().map(|s| (*s).to_owned()).collect())));
        parameters::check("Doc", &document.parameters, &given)
    };
    let typed = check(&[
        ("flag", &["true"]),
        ("number", &["-7"]),
        ("map", &["{\"k\":\"v\"}"]),
        ("maps", &["{\"k\":\"v\"}", "{}"]),
        ("choice", &["b"]),
        ("text", &["äöü"]),
    ])
    .unwrap();
    assert_eq!(typed["flag"], json!(true));
    assert_eq!(typed["number"], json!(-7));
    assert_eq!(typed["map"], json!({"k": "v"}));
    assert_eq!(typed["maps"], json!([{"k": "v"}, {}]));
    assert_eq!(typed["list"], json!(["one"]));
    assert!(!typed.contains_key("word"), "defaults are the node's to fill in");
    for wrong in [
        ("unknown", ["x"].as_slice()),
        ("text", &["a", "b"]),
        ("text", &["abcd"]),
        ("list", &[]),
        ("list", &["a", "b", "c"]),
        ("flag", &["yes"]),
        ("number", &["1.5"]),
        ("map", &["[]"]),
        ("maps", &["x"]),
        ("choice", &["c"]),
        ("word", &["A1"]),
        ("word", &["a1"]),
    ] {
        assert!(check(&[wrong]).is_err(), "{wrong:?}");
    }
    assert!(parameters::check("Doc", &document.parameters, &BTreeMap::new()).unwrap_err().contains("list"));
    let none = parameters::check("Doc", &[], &BTreeMap::from([("x".to_owned(), vec![])])).unwrap_err();
    assert_eq!(none, "document Doc does not support parameters.");
}

#[test]
fn references_are_replaced_as_the_protocol_says() {
    let values = values(&[
        ("list", json!(["p", "q"])),
        ("map", json!({"k": "v"})),
        ("flag", json!(true)),
        ("number", json!(5)),
        ("text", json!("a$$b {{ number }}")),
    ]);
    for (before, after) in [
        (json!("{{ list }}"), json!(["p", "q"])),
        (json!("{{list}}"), json!(["p", "q"])),
        (json!("{{\t\n list \n}}"), json!(["p", "q"])),
        (json!(" {{ list }}"), json!(" [\"p\",\"q\"]")),
        (json!("x {{ map }} y {{flag}}{{number}}"), json!("x {\"k\":\"v\"} y true5")),
        (json!("{{ text }}"), json!("a$$b {{ number }}")),
        (json!("<{{ text }}>"), json!("<a$b {{ number }}>")),
        (json!("{{ unknown }} {{ ssm:name }} {{ }} {{"), json!("{{ unknown }} {{ ssm:name }} {{ }} {{")),
        (json!("{{{ number }}}"), json!("{5}")),
        (json!("{{ unknown }} {{ number }}"), json!("{{ unknown }} 5")),
        (json!({"{{ number }}": [{"a": "{{ number }}"}, 7]}), json!({"{{ number }}": [{"a": 5}, 7]})),
    ] {
        assert_eq!(substitute(&before, &values), after, "{before}");
    }
}

#[test]
fn preconditions_run_skip_or_fail() {
    let verdict = |precondition: &Value| {
        let document = Document::from_value(json!({
            "schemaVersion": "2.2",
            "parameters": {"mode": {"type": "String"}},
            "mainSteps": [{"action": "aws:runShellScript", "name": "a", "precondition": precondition}],
        }))
        .unwrap();
        evaluate(&document, &document.steps()[0], "linux", &values(&[("mode", json!("fast"))]))
    };
    for arguments in
        [["platformType", "Linux"], ["LINUX", "PlatformType"], ["{{ mode }}", "fast"], ["fast", "{{mode}}"]]
    {
        assert_eq!(verdict(&json!({"StringEquals": arguments})), Verdict::Run, "{arguments:?}");
    }
    for arguments in [["platformType", "Windows"], ["{{ mode }}", "slow"], ["{{ mode }}", "Fast"]] {
        assert!(matches!(verdict(&json!({"StringEquals": arguments})), Verdict::Skip(_)), "{arguments:?}");
    }
    assert_eq!(
        verdict(&json!({"StringEquals": ["platformType", "Windows"]})),
        Verdict::Skip(
            "Step execution skipped due to unsatisfied preconditions: '\"StringEquals\": [platformType, Windows]'. \
             Step name: a"
                .into()
        )
    );
    for wrong in [
        json!({"StringEquals": ["a", "b"]}),
        json!({"StringEquals": ["{{ mode }}", "{{ mode }}"]}),
        json!({"StringEquals": ["{{ mode }}", "{{ssm:x}}"]}),
        json!({"StringEquals": ["{{ mode }}"]}),
        json!({"StringLike": ["{{ mode }}", "f*"]}),
        json!({"StringEquals": ["platformType", "BeOS"]}),
        json!({}),
        json!("x"),
    ] {
        assert!(matches!(verdict(&wrong), Verdict::Fail(_)), "{wrong}");
    }
}

#[test]
fn a_documents_status_has_a_precedence() {
    use AgentStatus::{Cancelled, Failed, InProgress, Skipped, Success, SuccessAndReboot, TimedOut};
    for (steps, status) in [
        (vec![Success, Failed, SuccessAndReboot], SuccessAndReboot),
        (vec![TimedOut, Failed, Cancelled], Failed),
        (vec![TimedOut, Cancelled, Success], TimedOut),
        (vec![Cancelled, Success], Cancelled),
        (vec![Success, Skipped], Success),
        (vec![Success, InProgress], InProgress),
    ] {
        assert_eq!(document_status(&steps), status, "{steps:?}");
    }
}

#[test]
fn a_step_may_end_the_document() {
    let control = |inputs: Value| {
        FlowControl::of(&Step {
            name: "a".into(),
            action: "aws:runShellScript".into(),
            inputs,
            settings: Value::Null,
            precondition: None,
        })
    };
    let exit = control(json!({"onFailure": "exit", "onSuccess": "exit", "finallyStep": true}));
    assert_eq!(exit, FlowControl { on_failure: OnFailure::Exit, exit_on_success: true, finally_step: true });
    assert!(control(json!({"FinallyStep": "True"})).finally_step);
    let ended = |control, status, code| {
        let end = conclude(control, status, code);
        (end.status, end.code, end.exit)
    };
    let plain = FlowControl::default();
    assert_eq!(ended(plain, AgentStatus::Failed, 3), (AgentStatus::Failed, 3, false));
    assert_eq!(ended(exit, AgentStatus::Failed, 3), (AgentStatus::Failed, 3, true));
    assert_eq!(ended(exit, AgentStatus::Success, 0), (AgentStatus::Success, 0, true));
    let both = control(json!({"onFailure": "successAndExit"}));
    assert_eq!(ended(both, AgentStatus::Failed, 3), (AgentStatus::Success, 168, true));
    assert_eq!(ended(plain, AgentStatus::Failed, 168), (AgentStatus::Success, 168, true));
    assert_eq!(ended(plain, AgentStatus::Failed, 169), (AgentStatus::Failed, 169, true));
    assert!(conclude(plain, AgentStatus::Failed, 168).drop_stderr);
}

#[test]
fn long_output_is_cut_within_the_limit() {
    assert_eq!(truncate("short", 10), "short");
    assert_eq!(truncate(&"x".repeat(30), 25), format!("{}--output truncated--", "x".repeat(5)));
    assert_eq!(join("out", "", 100), "out");
    assert_eq!(join("out", "err", 100), "out\n----------ERROR-------\nerr");
    let long = "x".repeat(5000);
    for (out, err) in [(long.as_str(), long.as_str()), (&long, "err"), ("out", &long), (&long, "")] {
        let joined = join(out, err, 2500);
        assert!((2499..=2500).contains(&joined.chars().count()));
        assert!(err == long || joined.ends_with(err) || err.is_empty());
        assert!(out == long || joined.starts_with(out));
    }
}

proptest! {
    #[test]
    fn no_text_panics_the_reader(text in ".{0,300}") {
        let _ = read_source(&text, &DocumentFormat::Json);
        let _ = read_source(&text, &DocumentFormat::Yaml);
    }

    #[test]
    fn no_value_panics_the_document(text in "[ -~]{0,40}", pattern in "[a-z(){}+*?\\[\\]]{0,12}") {
        let source = json!({"schemaVersion": "2.2",
            "parameters": {"p": {"type": "String", "allowedPattern": pattern, "default": text}},
            "mainSteps": [{"action": text, "name": text, "inputs": {"a": text}, "precondition": {"StringEquals": [text, "{{ p }}"]}}]});
        if let Ok(document) = Document::from_value(source) {
            let given = BTreeMap::from([("p".to_owned(), vec![text.clone()])]);
            let _ = parameters::check("d", &document.parameters, &given);
            let values = parameters::resolve(&document.parameters, &BTreeMap::new()).unwrap_or_default();
            let _ = document.steps()[0].with_values(&values);
            let _ = evaluate(&document, &document.steps()[0], "linux", &values);
        }
    }

    #[test]
    fn text_without_references_stays(text in "[^{}]{0,200}") {
        let value = Value::String(text);
        prop_assert_eq!(substitute(&value, &values(&[("a", json!("b"))])), value);
    }

    #[test]
    fn whatever_is_joined_fits(out in ".{0,200}", err in ".{0,200}", limit in 60usize..200) {
        let joined = join(&out, &err, limit);
        prop_assert!(joined.chars().count() <= limit.max(out.chars().count().min(limit)));
        prop_assert!(truncate(&out, limit).chars().count() <= limit);
    }

    #[test]
    fn json_and_yaml_carry_the_same(text in "\\PC{0,40}", number in any::<i64>()) {
        let source = json!({"a": text, "b": [number, true, null, {"c": text}]});
        let yaml = write_source(&source, &DocumentFormat::Yaml).unwrap();
        prop_assert_eq!(read_source(&yaml, &DocumentFormat::Yaml).unwrap(), source);
    }
}
