//! What is wrong with a command document although the service takes it: values that were lost on the way to it.
//!
//! Templates lose what stands between their brackets when they pass through the wrong editor: `restart {{ serviceName }}`
//! becomes `restart ''`, which fails on every node at best. Findings name the lines of the document's text.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Document, read_source, substitute};
use crate::ssm::{DocumentFormat, redact::mask};

/// Something that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// The line of the document's text, from 1; none if it could not be found there.
    pub line: Option<usize>,
    /// What is wrong, in words.
    pub what: String,
    /// Whether the document cannot be meant like this.
    pub blocks: bool,
}

impl Finding {
    /// The finding with its line.
    pub fn words(&self) -> String {
        match self.line {
            Some(line) => format!("line {line}: {}", self.what),
            None => self.what.clone(),
        }
    }
}

/// Looks at the text of a command document that is to be sent with the parameters of these names given. What cannot be read
/// has no findings: that is for the service to say.
///
/// Blocking: an empty value in a script while a declared parameter is used nowhere, and a use of a parameter that has neither
/// a value nor a default. Not blocking, since a script may have braces of its own: a use of a parameter that is not declared.
pub fn lint(text: &str, format: &DocumentFormat, given: &BTreeSet<String>) -> Vec<Finding> {
    let Some(document) = read_source(text, format).ok().and_then(|source| Document::from_value(source).ok()) else {
        return Vec::new();
    };
    let (mut scripts, mut conditions) = (Vec::new(), Vec::new());
    for step in document.steps() {
        collect(&step.inputs, &mut scripts);
        collect(&step.settings, &mut scripts);
        step.precondition.iter().for_each(|condition| collect(condition, &mut conditions));
    }
    let used: BTreeSet<&str> =
        scripts.iter().chain(&conditions).flat_map(|text| substitute::references(text)).collect();
    let names = document.parameters.iter().map(|known| known.name.as_str());
    let unused: Vec<&str> = names.filter(|name| !used.contains(name)).collect();
    let mut place = Place { lines: text.lines().collect(), from: 0 };
    let mut findings = Vec::new();
    for line in scripts.iter().flat_map(|text| text.lines()).filter(|line| !line.trim().is_empty()) {
        let at = place.of(line);
        let mut find = |what: String, blocks: bool| findings.push(Finding { line: at, what, blocks });
        if !unused.is_empty() && has_empty_word(line) {
            let meant = unused.iter().map(|name| format!("{{{{ {name} }}}}")).collect::<Vec<_>>().join(" or ");
            find(format!("{meant} seems missing: {}", mask(line.trim())), true);
        }
        for name in substitute::references(line) {
            match document.parameters.iter().find(|known| known.name == name) {
                None => find(format!("{{{{ {name} }}}} is no parameter of the document and stays as it is"), false),
                Some(known) if known.default.is_none() && !given.contains(name) => {
                    find(format!("{{{{ {name} }}}} has no value"), true);
                }
                Some(_) => {}
            }
        }
    }
    if findings.iter().any(|finding| finding.blocks) {
        findings.extend(unused.iter().map(|name| Finding {
            line: declared(text, name),
            what: format!("the parameter {name} is used nowhere"),
            blocks: true,
        }));
    }
    findings.sort_by_key(|finding| finding.line);
    findings
}

/// The line that declares a parameter.
fn declared(text: &str, name: &str) -> Option<usize> {
    let keys = [format!("{name}:"), format!("{name}\":"), format!("{name}':"), format!("{name}\" :")];
    text.lines().position(|line| keys.iter().any(|key| line.contains(key))).map(|at| at + 1)
}

/// Where a document's text has the lines of its scripts, which follow each other in it.
struct Place<'a> {
    lines: Vec<&'a str>,
    from: usize,
}

impl Place<'_> {
    fn of(&mut self, line: &str) -> Option<usize> {
        let line = line.trim();
        // As it stands, as JSON and double quotes write it, and as single quotes do.
        let escaped = serde_json::to_string(line).unwrap_or_default();
        let escaped = escaped.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or_default();
        let spellings = [line.to_owned(), escaped.to_owned(), line.replace('\'', "''")];
        let has = |text: &&str| spellings.iter().any(|spelling| text.contains(spelling.as_str()));
        // A text on one line holds them all.
        self.from += self.lines.get(self.from..)?.iter().position(has)?;
        Some(self.from + 1)
    }
}

fn collect<'a>(value: &'a Value, strings: &mut Vec<&'a str>) {
    match value {
        Value::String(text) => strings.push(text),
        Value::Array(items) => items.iter().for_each(|item| collect(item, strings)),
        Value::Object(members) => members.values().for_each(|member| collect(member, strings)),
        _ => {}
    }
}

/// Whether a word of a line is nothing but a pair of quotes.
fn has_empty_word(line: &str) -> bool {
    line.split([' ', '\t', ';', '=', '(', ')']).any(|word| matches!(word, "''" | "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A template that has lost what stood between its brackets.
    const LOST: &str = "schemaVersion: \"2.2\"
description: Restart a web service
parameters:
  serviceName:
    type: String
    default: myapp
mainSteps:
  - action: aws:runShellScript
    name: restartService
    inputs:
      runCommand:
        - sudo systemctl restart ''
        - sudo systemctl status ''
";

    fn words(text: &str, given: &[&str]) -> Vec<(String, bool)> {
        let format = if text.starts_with('{') { DocumentFormat::Json } else { DocumentFormat::Yaml };
        let given = given.iter().map(|name| (*name).to_owned()).collect();
        lint(text, &format, &given).into_iter().map(|finding| (finding.words(), finding.blocks)).collect()
    }

    #[test]
    fn a_lost_value_is_found_with_its_line() {
        let expected = [
            "line 4: the parameter serviceName is used nowhere",
            "line 12: {{ serviceName }} seems missing: sudo systemctl restart ''",
            "line 13: {{ serviceName }} seems missing: sudo systemctl status ''",
        ];
        assert_eq!(words(LOST, &["serviceName"]), expected.map(|words| (words.to_owned(), true)));
        assert_eq!(words(&LOST.replace("''", "{{ serviceName }}"), &[]), []);
    }

    #[test]
    fn the_same_is_found_in_json_and_in_quotes() {
        let source = read_source(LOST, &DocumentFormat::Yaml).unwrap();
        let pretty = serde_json::to_string_pretty(&source).unwrap();
        let line = |text: &str| pretty.lines().position(|line| line.contains(text)).unwrap() + 1;
        let found = words(&pretty, &[]);
        let expected = ["\"serviceName\"", "restart ''", "status ''"].map(|text| format!("line {}: ", line(text)));
        assert!(found.iter().zip(&expected).all(|((words, _), line)| words.starts_with(line)), "{found:?}");
        assert!(words(&source.to_string(), &[]).iter().all(|(words, _)| words.starts_with("line 1: ")));
        for (written, expected) in [
            ("'sudo systemctl restart ''''; true'", "line 12: {{ serviceName }} seems missing"),
            ("\"sudo systemctl restart \\\"\\\"\"", "line 12: {{ serviceName }} seems missing"),
            ("|\n          set -e\n          systemctl restart \"\"", "line 14: {{ serviceName }} seems missing"),
        ] {
            let found = words(&LOST.replace("sudo systemctl restart ''", written), &[]);
            assert!(found[1].0.starts_with(expected), "{found:?}");
        }
    }

    #[test]
    fn what_may_be_meant_so_is_not_blocked() {
        let fine = LOST.replace("restart ''", "restart {{ serviceName }}").replace("status ''", "status -p ''");
        assert_eq!(words(&fine, &[]), [], "every parameter is used: the empty word is meant");
        let braces = fine.replace("status -p", "status {{ item }}");
        let stays = "line 13: {{ item }} is no parameter of the document and stays as it is";
        assert_eq!(words(&braces, &[]), [(stays.to_owned(), false)]);
        assert_eq!(words(&LOST.replace(" ''", " nginx"), &[]), [], "an unused parameter alone does no harm");
        assert_eq!(words("not a document", &[]), []);
    }

    #[test]
    fn a_parameter_without_value_is_found_where_it_is_used() {
        let needed = LOST.replace("    default: myapp\n", "").replace("''", "{{ serviceName }}");
        assert_eq!(words(&needed, &["serviceName"]), []);
        assert_eq!(words(&needed, &[])[0], ("line 11: {{ serviceName }} has no value".to_owned(), true));
    }
}
