//! The forms of the pane, and the requests they become.

use super::{facts::Facts, secret::Secret};
use crate::{
    console::{
        state::form::{Editor, Field, Form, Purpose, Value},
        text::clean,
    },
    ssm::{self, ParameterTier, ParameterType},
};

/// Levels a path may have.
const MOST_LEVELS: usize = 15;
/// Characters a value of the standard tier may have, and one of the advanced tier.
const LONGEST: (usize, usize) = (4_096, 8_192);

/// The form for a new parameter below a branch.
pub fn create(branch: &str) -> Form {
    let fields = vec![
        Field::line("name", "Name", "/path/to/name, or a plain name", branch),
        choice("type", "Type", &["String", "StringList", "SecureString"], "String"),
        Field::of("value", "Value", "a list: items between commas", Value::Text(Editor::new(""))),
        Field::line("description", "Description", "", ""),
        choice("tier", "Tier", &["Standard", "Advanced", "Intelligent-Tiering"], "Standard"),
        Field::line("key", "Key", "seals a SecureString; empty: the account's key", ""),
    ];
    Form::new("New parameter", Purpose::Create, fields)
}

/// Hides what is typed as the value of a secret, and shows it again if the type is changed.
pub fn mask(form: &mut Form) {
    let secret = form.answer("type") == ParameterType::SecureString.as_str();
    let editor = form.fields.iter_mut().find(|field| field.name == "value").map(|field| &mut field.value);
    if let Some(Value::Text(editor)) = editor {
        editor.mask(secret);
    }
}

/// The form for a new version, beside the value that is in force where that is known. Without a value to begin with the editor
/// is empty: a secret is not shown unless it was revealed. `old`: the value in force and its version.
pub fn edit(name: &str, facts: &Facts, value: Option<&str>, old: Option<(&Secret, Option<i64>)>) -> Form {
    let hint = match (value, facts.kind.as_str()) {
        (None, _) => "the old value stays hidden; type the new one",
        (_, "StringList") => "items between commas",
        _ => "",
    };
    let mut editor = Editor::new(value.unwrap_or_default());
    editor.mask(value.is_none());
    // An advanced parameter cannot become a standard one again.
    let tiers: &[&str] = match facts.tier {
        Some(ParameterTier::Advanced) => &["Advanced"],
        _ => &["Standard", "Advanced", "Intelligent-Tiering"],
    };
    let tier = facts.tier.as_ref().map_or("Standard", ParameterTier::as_str);
    let mut fields = vec![
        Field::of("name", "Name", "", Value::Fixed(clean(name))),
        Field::of("type", "Type", "", Value::Fixed(facts.kind.as_str().to_owned())),
        Field::of("value", "Value", hint, Value::Text(editor)),
        Field::line("description", "Description", "", &facts.description),
        choice("tier", "Tier", tiers, tier),
    ];
    // A new version that does not name them falls back to the account's key, to any value, to plain text.
    let kept = [
        ("key", "Key", &facts.key),
        ("pattern", "Pattern", &facts.pattern),
        ("data-type", "Data type", &facts.data_type),
    ];
    let kept = kept.into_iter().filter(|(.., value)| !value.is_empty() && *value != "text");
    fields.extend(kept.map(|(field, label, value)| Field::of(field, label, "", Value::Fixed(value.clone()))));
    // The other fields are of the version that the list has: the older of the two counts.
    let began = old.and_then(|(_, version)| version).into_iter().chain(facts.version).min();
    let old = old.map(|(value, _)| value.clone());
    Form::new("New version", Purpose::Edit { name: name.to_owned(), old, began }, fields)
}

/// What takes the keys until the value of a parameter is there: they are meant for it, and not for the pane.
pub fn awaited(name: &str) -> Form {
    let fields = vec![
        Field::of("name", "Name", "", Value::Fixed(clean(name))),
        Field::of("value", "Value", "", Value::Fixed("is being fetched".to_owned())),
    ];
    Form::new("New version", Purpose::Awaited { name: name.to_owned() }, fields)
}

/// The form for labelling a version.
pub fn label(name: &str, version: i64) -> Form {
    let fields = vec![
        Field::of("version", "Version", "", Value::Fixed(format!("{version} of {}", clean(name)))),
        Field::line("labels", "Labels", "several with spaces; a label of another version moves here", ""),
    ];
    Form::new("Label a version", Purpose::Label { name: name.to_owned(), version }, fields)
}

/// The form for taking labels from a version.
pub fn unlabel(name: &str, version: i64, labels: &[String]) -> Form {
    let fields = vec![
        Field::of("version", "Version", "", Value::Fixed(format!("{version} of {}", clean(name)))),
        Field::line("labels", "Labels", "what stands here is taken away", &labels.join(" ")),
    ];
    Form::new("Take labels away", Purpose::Unlabel { name: name.to_owned(), version }, fields)
}

/// The labels of a form.
///
/// # Errors
/// If there is none, with the name of the field.
pub fn labels(form: &Form) -> Result<Vec<String>, (&'static str, String)> {
    let labels: Vec<_> =
        form.answer("labels").split([' ', ',']).filter(|label| !label.is_empty()).map(str::to_owned).collect();
    if labels.is_empty() { Err(("labels", "write at least one label".to_owned())) } else { Ok(labels) }
}

/// The request a form for a parameter becomes.
///
/// # Errors
/// In words, with the name of the field that is not in order.
pub fn request(form: &Form) -> Result<ssm::PutParameter, (&'static str, String)> {
    let overwritten = match &form.purpose {
        Purpose::Edit { name, .. } => Some(name.clone()),
        _ => None,
    };
    let name = match &overwritten {
        Some(name) => name.clone(),
        None => form.given("name").ok_or(("name", "a parameter needs a name".to_owned()))?,
    };
    if overwritten.is_none() {
        check_name(&name).map_err(|problem| ("name", problem))?;
    }
    let kind = ParameterType::from(form.answer("type"));
    let tier = form.given("tier").map(ParameterTier::from);
    let value = form.answer("value");
    check_value(&value, tier.as_ref()).map_err(|problem| ("value", problem))?;
    let key_id = form.given("key");
    if key_id.is_some() && kind != ParameterType::SecureString {
        return Err(("key", "only a SecureString is sealed with a key".to_owned()));
    }
    Ok(ssm::PutParameter {
        name,
        value: value.into(),
        r#type: Some(kind),
        tier,
        key_id,
        description: form.given("description"),
        allowed_pattern: form.given("pattern"),
        data_type: form.given("data-type"),
        overwrite: Some(overwritten.is_some()),
        ..Default::default()
    })
}

fn check_name(name: &str) -> Result<(), String> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "._-/".contains(c);
    if let Some(odd) = name.chars().find(|c| !allowed(*c)) {
        return Err(format!("\"{odd}\" cannot stand in a name; letters, digits and ._-/ can"));
    }
    match () {
        () if name.contains('/') && !name.starts_with('/') => Err("a name with slashes begins with one".to_owned()),
        () if name.ends_with('/') || name.contains("//") => Err("a part of the path is empty".to_owned()),
        () if name.split('/').filter(|part| !part.is_empty()).count() > MOST_LEVELS => {
            Err(format!("a path has {MOST_LEVELS} levels at most"))
        }
        () => Ok(()),
    }
}

fn check_value(value: &str, tier: Option<&ParameterTier>) -> Result<(), String> {
    let (standard, advanced) = LONGEST;
    let longest = if tier == Some(&ParameterTier::Standard) { standard } else { advanced };
    match value.chars().count() {
        0 => Err("a value cannot be empty".to_owned()),
        length if length > longest => Err(format!("{length} characters; this tier takes {longest} at most")),
        _ => Ok(()),
    }
}

fn choice(name: &str, label: &str, options: &[&str], chosen: &str) -> Field {
    let at = options.iter().position(|option| *option == chosen).unwrap_or(0);
    let options = options.iter().map(|option| (*option).to_owned()).collect();
    Field::of(name, label, "", Value::Choice { options, at })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fill(form: &mut Form, name: &str, text: &str) {
        form.focus_on(name);
        form.current_mut().unwrap().paste(text);
    }

    #[test]
    fn a_new_parameter() {
        let mut form = create("/app/");
        assert_eq!(request(&form).unwrap_err().0, "name");
        fill(&mut form, "name", "db/url");
        assert_eq!(request(&form).unwrap_err().0, "value");
        fill(&mut form, "value", "postgres://\nsecond");
        form.focus_on("type");
        form.choose(false);
        fill(&mut form, "key", "alias/mine");
        let put = request(&form).unwrap();
        assert_eq!((put.name.as_str(), put.value.as_str()), ("/app/db/url", "postgres://\nsecond"));
        assert_eq!((put.r#type, put.overwrite), (Some(ParameterType::SecureString), Some(false)));
        form.focus_on("type");
        form.choose(true);
        assert_eq!(request(&form).unwrap_err().0, "key");
    }

    #[test]
    fn names_and_values_are_checked_before_they_are_sent() {
        for (name, wrong) in [
            ("a b", "cannot stand"),
            ("a/b", "begins with one"),
            ("/a//b", "is empty"),
            ("/a/", "is empty"),
            (&"/a".repeat(16), "15 levels"),
        ] {
            assert!(check_name(name).unwrap_err().contains(wrong), "{name}");
        }
        assert_eq!(check_name(&"/a".repeat(15)), Ok(()));
        assert!(check_value(&"x".repeat(4_097), Some(&ParameterTier::Standard)).is_err());
        assert!(check_value(&"é".repeat(8_192), Some(&ParameterTier::Advanced)).is_ok());
    }

    #[test]
    fn a_new_version_keeps_name_and_type() {
        let facts = Facts {
            kind: ParameterType::SecureString,
            tier: Some(ParameterTier::Advanced),
            description: "d".to_owned(),
            ..Facts::default()
        };
        let mut form = edit("/a/b", &facts, None, None);
        assert_eq!(form.answer("value"), "");
        fill(&mut form, "value", "new");
        let put = request(&form).unwrap();
        assert_eq!((put.name.as_str(), put.overwrite), ("/a/b", Some(true)));
        assert_eq!((put.tier, put.description.as_deref()), (Some(ParameterTier::Advanced), Some("d")));
    }

    #[test]
    fn a_new_version_keeps_key_pattern_and_data_type() {
        let facts = Facts {
            kind: ParameterType::SecureString,
            key: "alias/mine".to_owned(),
            pattern: "^[a-z]+$".to_owned(),
            data_type: "aws:ec2:image".to_owned(),
            ..Facts::default()
        };
        let put = request(&edit("/a", &facts, Some("line\r\n\u{1b}[1mend\n"), None)).unwrap();
        assert_eq!(put.value.as_str(), "line\r\n\u{1b}[1mend\n");
        assert_eq!(put.key_id.as_deref(), Some("alias/mine"));
        assert_eq!(
            (put.allowed_pattern.as_deref(), put.data_type.as_deref()),
            (Some("^[a-z]+$"), Some("aws:ec2:image"))
        );
    }

    #[test]
    fn labels_are_separated_by_spaces_or_commas() {
        let mut form = label("/a", 3);
        assert!(labels(&form).is_err());
        fill(&mut form, "labels", "live, previous  canary");
        assert_eq!(labels(&form).unwrap(), ["live", "previous", "canary"]);
        assert_eq!(labels(&unlabel("/a", 3, &["x".to_owned()])).unwrap(), ["x"]);
    }
}
