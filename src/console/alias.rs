//! Lines of `:` under names of the user's own: `[aliases]` in the settings, such as `dp = "pane commands"`. What is typed after
//! an alias goes on behind its line.

use std::{borrow::Cow, collections::BTreeMap};

use toml::de::DeTable;

use super::{
    action::Action,
    command::{Command, Verb, split},
    state::Pane,
};
use crate::config::keymap::Problem;

/// The aliases that are in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Aliases(BTreeMap<String, String>);

impl Aliases {
    /// Those in order of what the settings have. `own` are the names of the user's own commands.
    pub fn of(written: &BTreeMap<String, String>, own: &[&str]) -> Self {
        let sound = written.iter().filter(|(name, _)| judge(name, written, own).is_ok());
        Self(sound.map(|(name, line)| (name.clone(), line.trim().to_owned())).collect())
    }

    /// The aliases with their lines.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, line)| (name.as_str(), line.as_str()))
    }

    /// What a line says whose first word may be an alias.
    pub fn expand<'a>(&self, line: &'a str) -> Cow<'a, str> {
        let mut line = Cow::Borrowed(line);
        // None goes round in a circle, so each is met once at most.
        for _ in 0..=self.0.len() {
            let text = line.trim_start();
            let (word, rest) = text.split_once(' ').map_or((text, None), |(word, rest)| (word, Some(rest)));
            let Some(known) = self.0.get(word) else { break };
            line = Cow::Owned(rest.map_or_else(|| known.clone(), |rest| format!("{known} {rest}")));
        }
        line
    }
}

/// What is wrong with `[aliases]` of a settings file.
pub fn problems(text: &str, own: &[&str]) -> Vec<Problem> {
    let Ok(file) = DeTable::parse(text) else { return Vec::new() };
    let table = file.get_ref().get("aliases").and_then(|aliases| aliases.get_ref().as_table());
    let entries = || table.into_iter().flatten();
    let written: BTreeMap<String, String> = entries()
        .filter_map(|(name, line)| Some((name.get_ref().to_string(), line.get_ref().as_str()?.to_owned())))
        .collect();
    let problem = |(start, name): (usize, &str)| {
        let what = judge(name, &written, own).err()?;
        Some(Problem::of_settings(text, start, format!("[aliases] \"{name}\": {what}")))
    };
    let mut problems: Vec<_> = entries().filter_map(|(name, _)| problem((name.span().start, name.get_ref()))).collect();
    problems.sort_by_key(|problem| problem.line);
    problems
}

/// Whether an alias is in order.
///
/// # Errors
/// In words, what is wrong with it.
fn judge(name: &str, written: &BTreeMap<String, String>, own: &[&str]) -> Result<(), String> {
    if name.is_empty() || name.contains(char::is_whitespace) {
        return Err("it is called by one word".to_owned());
    }
    let pane = Pane::ALL.iter().any(|pane| pane.title().eq_ignore_ascii_case(name));
    if pane || Verb::named(name).is_some() || Action::named(name).is_some() {
        return Err("there is a command of this name; choose another".to_owned());
    }
    let mut seen = vec![name];
    let mut line = written.get(name).map_or("", |line| line.trim()).to_owned();
    loop {
        let (word, rest) = split(&line);
        let Some((alias, next)) = written.get_key_value(word) else { break };
        if seen.contains(&word) {
            seen.push(alias);
            return Err(format!("it goes round in a circle: {}", seen.join(", ")));
        }
        seen.push(alias);
        line = format!("{} {}", next.trim(), rest.unwrap_or_default()).trim().to_owned();
    }
    let (word, _) = split(&line);
    // What a verb wants may be typed behind the alias.
    if Verb::named(word).is_some() || own.contains(&line.as_str()) {
        return Ok(());
    }
    Command::parse(&line).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: &[&str] = &["restart web"];

    fn aliases(text: &str) -> Aliases {
        Aliases::of(&crate::config::settings::Settings::parse(text).unwrap().aliases, OWN)
    }

    #[test]
    fn what_is_typed_goes_on_behind_the_line() {
        let aliases =
            aliases("[aliases]\ndp = 'pane commands'\nsh = 'shell'\nw = 'sh web-1'\nlost = 'filter ping:lost'\n");
        for (typed, said) in [
            ("dp", "pane commands"),
            ("sh web-1 Mine", "shell web-1 Mine"),
            ("w", "shell web-1"),
            (" lost web", "filter ping:lost web"),
            ("sh ", "shell "),
            ("other sh", "other sh"),
            ("", ""),
        ] {
            assert_eq!(aliases.expand(typed), said, "{typed}");
        }
    }

    #[test]
    fn what_says_nothing_is_refused_with_its_line() {
        let text = "[aliases]\na = 'b'\nb = 'c x'\nc = 'a'\nself = 'self'\nshell = 'node'\nnope = 'explode now'\n\
                    'two words' = 'help'\nempty = ''\nmark = 'mark-all please'\nsessions = 'help'\nrw = 'restart web'\n\
                    all = 'mark-all'\nto-b = 'b'\nall-of = 'mark-all please'\n";
        let told: Vec<_> = problems(text, OWN).iter().map(ToString::to_string).collect();
        let lines =
            |line: usize| told.iter().find(|told| told.starts_with(&format!("settings.toml:{line}: [aliases] ")));
        for (line, what) in [
            (2, "\"a\": it goes round in a circle: a, b, c, a"),
            (3, "circle"),
            (4, "circle"),
            (5, "circle: self, self"),
            (6, "there is a command of this name"),
            (7, "there is no command \"explode\""),
            (8, "one word"),
            (9, "there is no command \"\""),
            (10, "there is a command of this name"),
            (11, "there is a command of this name"),
            (14, "circle"),
            (15, "mark-all takes nothing after it"),
        ] {
            assert!(lines(line).is_some_and(|told| told.contains(what)), "{line}: {what} in {told:#?}");
        }
        assert_eq!(told.len(), 12, "{told:#?}");
        let sound: Vec<_> = aliases(text).iter().map(|(name, _)| name.to_owned()).collect();
        assert_eq!(sound, ["all", "rw"]);
    }

    proptest::proptest! {
        #[test]
        fn every_set_of_aliases_comes_to_an_end(
            written in proptest::collection::btree_map("[ab]{1,2}", "[ab]{1,2}( [ab])?|help", 0..6),
            typed in "[ab]{1,2}( [ab])?",
        ) {
            let aliases = Aliases::of(&written, &[]);
            let said = aliases.expand(&typed);
            let word = split(&said).0;
            proptest::prop_assert!(!aliases.iter().any(|(name, _)| name == word), "{} is an alias still", word);
        }
    }
}
