//! What can be typed after `:`: an action by its name, a pane by its name, or a verb with what it is about. It is read into a
//! [`Command`], which comes down to actions and effects like a key does, so that read-only and questions hold for both.

use crate::{
    config::written::nearest,
    console::{
        action::{Action, Kind},
        state::Pane,
    },
};

/// What a verb is about, and so what completes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About {
    /// A theme.
    Theme,
    /// A column of the list, and `desc`.
    Column,
    /// Columns of the list, with commas between them.
    Columns,
    /// A column of the fleet, or none.
    Group,
    /// A view of the fleet.
    View,
    /// Contexts, or profiles with regions.
    Scope,
    /// A filter, as it is typed after `/`.
    Filter,
    /// A managed node, by name or id.
    Node,
    /// A managed node, and a document for sessions.
    Shell,
    /// A managed node, and a path on it; either may be left out.
    Files,
    /// A managed node, and a unit or a path on it; either may be left out.
    Logs,
    /// A pane.
    Pane,
    /// A document.
    Document,
    /// A parameter.
    Parameter,
    /// An action.
    Action,
}

impl About {
    /// Whether every word it can be is known here.
    pub fn is_closed(self) -> bool {
        matches!(self, Self::Theme | Self::Column | Self::Group | Self::View | Self::Action | Self::Pane)
    }

    /// Whether it can be left out because it is clear from where one is.
    fn is_here(self) -> bool {
        matches!(self, Self::Files | Self::Logs)
    }
}

/// A verb that takes a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verb {
    /// What is typed.
    pub name: &'static str,
    /// What comes after it, in words.
    pub usage: &'static str,
    /// A sentence for the list.
    pub about: &'static str,
    /// What it takes.
    pub takes: About,
    /// What it does without a word; `None` if it wants one.
    pub alone: Option<Action>,
    /// What it may do.
    pub kind: Kind,
}

macro_rules! verbs {
    ($($name:literal $usage:literal $takes:ident $alone:expr, $kind:ident $about:literal;)*) => {
        &[$(Verb { name: $name, usage: $usage, about: $about, takes: About::$takes, alone: $alone, kind: Kind::$kind },)*]
    };
}

impl Verb {
    /// Every verb.
    pub const ALL: &'static [Verb] = verbs! {
        "node" "NAME" Node None, View "Go to a node, by its name or id";
        "filter" "TEXT" Filter Some(Action::Filter), View "Filter the list that is shown; nothing but the verb lets one type";
        "sort" "COLUMN [desc]" Column None, View "Sort the list that is shown by a column";
        "columns" "NAME,NAME" Columns Some(Action::Columns), View "Show these columns of the list, in this order, or those of the settings (default); nothing but the verb lets one choose";
        "group" "COLUMN" Group Some(Action::GroupBy), View "Group the fleet by a column, or not (none); nothing but the verb lets one choose";
        "view" "NAME" View Some(Action::Views), View "Look at the fleet as a view says; nothing but the verb lets one choose";
        "scope" "NAME..." Scope Some(Action::Scope), View "Look at these contexts, or profiles with regions, and at nothing else";
        "pane" "NAME" Pane None, View "Go to a pane";
        "files" "[NODE] [/PATH]" Files None, View "Go to the files of a node: to a folder, or to a file that is shown";
        "logs" "[NODE] [UNIT|/FILE]" Logs None, View "Follow the journal of a node, what a unit writes, or a file";
        "shell" "NODE [DOCUMENT]" Shell Some(Action::PaneShell), Change "Open a shell on a node; nothing but the verb goes to the shells";
        "run" "DOCUMENT" Document Some(Action::RunCommand), Change "Write a command with a document, for the marked nodes or the one under the cursor";
        "parameter" "/PATH" Parameter Some(Action::PaneParameters), View "Go to a parameter";
        "split" "PANE" Pane Some(Action::Split), View "Show a pane on the other side of the screen; nothing but the verb splits it or shows one side alone";
        "theme" "NAME" Theme None, View "Change the colours; what the list stands on is shown at once";
        "help" "ACTION" Action Some(Action::Help), View "Show the keys of an action";
    };

    /// The verb of a name.
    pub fn named(name: &str) -> Option<&'static Self> {
        Self::ALL.iter().find(|verb| verb.name == name)
    }
}

/// What a line says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// An action.
    Act(Action),
    /// Another theme.
    Theme(String),
    /// The fleet in another order.
    Sort { column: String, descending: bool },
    /// Columns of the list that is shown.
    Columns(Vec<String>),
    /// Those of the settings, or the usual ones.
    UsualColumns,
    /// The fleet grouped by a column, or not.
    Group(String),
    /// The fleet as a view says.
    View(String),
    /// What is looked at.
    Scope(Vec<String>),
    /// The fleet filtered.
    Filter(String),
    /// A node.
    Node(String),
    /// The files of a node.
    Files(String),
    /// The logs of a node.
    Logs(String),
    /// A shell on a node.
    Shell(String),
    /// A command with a document.
    Run(String),
    /// A parameter.
    Parameter(String),
    /// A pane on the other side of the screen.
    Split(Pane),
    /// The keys of an action.
    Help(Action),
}

/// What stands for the columns of the settings, or the usual ones.
pub const DEFAULT: &str = "default";
/// What stands for no groups.
pub const NONE: &str = "none";

/// The panes, as they are typed.
fn panes() -> [String; Pane::ALL.len()] {
    Pane::ALL.map(|pane| pane.title().to_lowercase())
}

/// Short words people type after `:` out of habit.
const HABITS: &[(&str, Action)] =
    &[("q", Action::Quit), ("q!", Action::Quit), ("qa", Action::Quit), ("exit", Action::Quit), ("h", Action::Help)];

/// The first word of a line, and the rest without the spaces around it. The rest is `None` until a space was typed.
pub fn split(line: &str) -> (&str, Option<&str>) {
    let line = line.trim_start();
    match line.split_once(' ') {
        Some((word, rest)) => (word, Some(rest.trim())),
        None => (line, None),
    }
}

impl Command {
    /// Reads a line.
    ///
    /// # Errors
    /// In words, when it says nothing that is known here.
    pub fn parse(line: &str) -> Result<Self, String> {
        let (word, rest) = split(line);
        let rest = rest.unwrap_or_default();
        if let Some(verb) = Verb::named(word) {
            return match (rest, verb.alone) {
                ("", Some(action)) => Ok(Self::Act(action)),
                ("", None) if verb.takes.is_here() => Self::of(verb, ""),
                ("", None) => Err(format!("{} what? {} {}", verb.name, verb.name, verb.usage)),
                (rest, _) => Self::of(verb, rest),
            };
        }
        let habit = HABITS.iter().find(|(habit, _)| *habit == word).map(|(_, action)| *action);
        let pane = || Pane::named(word).map(Pane::action);
        match Action::named(word).or(habit).or_else(pane) {
            Some(action) if rest.is_empty() => Ok(Self::Act(action)),
            Some(_) => Err(format!("{word} takes nothing after it")),
            None => {
                let (verbs, panes) = (Verb::ALL.iter().map(|verb| verb.name), panes());
                let known = verbs.chain(Action::ALL.iter().map(|entry| entry.name));
                let known = known.chain(panes.iter().map(String::as_str));
                let near = nearest(word, known).map(|near| format!(", but {near}"));
                Err(format!("there is no command \"{word}\"{}", near.unwrap_or_default()))
            }
        }
    }

    fn of(verb: &Verb, rest: &str) -> Result<Self, String> {
        let text = rest.to_owned();
        Ok(match verb.takes {
            About::Theme => Self::Theme(text),
            About::Filter => Self::Filter(text),
            About::Columns if rest == DEFAULT => Self::UsualColumns,
            About::Columns => Self::Columns(words(rest, &[','])),
            About::Group => Self::Group(text),
            About::View => Self::View(text),
            About::Scope => Self::Scope(words(rest, &[',', ' '])),
            About::Node => Self::Node(text),
            About::Shell => Self::Shell(text),
            About::Files => Self::Files(text),
            About::Logs => Self::Logs(text),
            About::Document => Self::Run(text),
            About::Parameter => Self::Parameter(text),
            About::Pane => {
                let known = || panes().join(", ");
                let pane =
                    Pane::named(rest).ok_or_else(|| format!("there is no pane \"{rest}\"; there are {}", known()))?;
                if verb.alone == Some(Action::Split) { Self::Split(pane) } else { Self::Act(pane.action()) }
            }
            About::Action => Self::Help(Action::named(rest).ok_or_else(|| {
                let near = nearest(rest, Action::ALL.iter().map(|entry| entry.name));
                let near = near.map_or_else(|| "help lists them".to_owned(), |near| format!("is {near} meant?"));
                format!("there is no action \"{rest}\"; {near}")
            })?),
            About::Column => {
                let (column, order) = match rest.rsplit_once(' ') {
                    Some((column, order @ ("asc" | "desc"))) => (column.trim_end(), order),
                    _ => (rest, "asc"),
                };
                Self::Sort { column: column.to_owned(), descending: order == "desc" }
            }
        })
    }
}

/// The words between these signs, without the spaces around them.
fn words(text: &str, between: &[char]) -> Vec<String> {
    text.split(between).map(str::trim).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_that_is_none_names_what_there_is() {
        for (line, said) in [
            (
                "pane foo",
                "there is no pane \"foo\"; there are fleet, compliance, commands, parameters, shell, sessions, forwards",
            ),
            ("split foo", "there is no pane \"foo\"; there are fleet"),
            ("help open-shel", "there is no action \"open-shel\"; is open-shell meant?"),
            ("colums name", "there is no command \"colums\", but columns"),
        ] {
            let told = Command::parse(line).unwrap_err();
            assert!(told.starts_with(said), "{line}: {told}");
        }
        assert_eq!(Command::parse("columns default"), Ok(Command::UsualColumns));
    }

    #[test]
    fn lines_read_as_typed() {
        let sort = |column: &str, descending| Ok(Command::Sort { column: column.to_owned(), descending });
        assert_eq!(Command::parse("sort Ping desc"), sort("Ping", true));
        assert_eq!(Command::parse("  sort tag:Cost Centre"), sort("tag:Cost Centre", false));
        assert_eq!(Command::parse("node my web node "), Ok(Command::Node("my web node".to_owned())));
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        assert_eq!(
            Command::parse("scope prod/eu-west-1, stage"),
            Ok(Command::Scope(names(&["prod/eu-west-1", "stage"])))
        );
        assert_eq!(
            Command::parse("columns name,tag:Cost Centre"),
            Ok(Command::Columns(names(&["name", "tag:Cost Centre"])))
        );
        assert_eq!(Command::parse("pane commands"), Ok(Command::Act(Action::PaneCommands)));
        assert_eq!(Command::parse("files"), Ok(Command::Files(String::new())));
        assert_eq!(Command::parse("logs web-1 nginx"), Ok(Command::Logs("web-1 nginx".to_owned())));
        assert_eq!(Command::parse("shell"), Ok(Command::Act(Action::PaneShell)));
        assert_eq!(Command::parse("shell web-1"), Ok(Command::Shell("web-1".to_owned())));
        assert_eq!(Command::parse("compliance"), Ok(Command::Act(Action::PaneCompliance)));
        assert_eq!(Command::parse("mark-all"), Ok(Command::Act(Action::MarkAll)));
        assert_eq!(Command::parse("q"), Ok(Command::Act(Action::Quit)));
        assert_eq!(Command::parse("help mark-all"), Ok(Command::Help(Action::MarkAll)));
        for (line, told) in [
            ("theme", "theme what? theme NAME"),
            ("explode now", "there is no command \"explode\""),
            ("mark-all please", "mark-all takes nothing after it"),
            ("help explode", "there is no action \"explode\"; help lists them"),
            ("", "there is no command \"\""),
        ] {
            assert_eq!(Command::parse(line), Err(told.to_owned()), "{line}");
        }
    }

    #[test]
    fn no_verb_hides_an_action_that_means_something_else() {
        for verb in Verb::ALL {
            let hidden = Action::named(verb.name);
            assert!(hidden.is_none() || hidden == verb.alone, "{}", verb.name);
        }
    }

    proptest::proptest! {
        #[test]
        fn every_line_is_read_or_refused_in_words(line in ".*") {
            if let Err(told) = Command::parse(&line) {
                proptest::prop_assert!(!told.is_empty());
            }
        }
    }
}
