//! Reading the settings as far as they are sound. What is wrong is told with its line, and what stands instead.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use toml::{
    Spanned,
    de::{DeString, DeTable, DeValue},
};

use super::{Clipboard, Settings, Threshold};
use crate::config::{
    command,
    guard::{self, Guard},
    keymap::Problem,
    place::Policy,
    view::{Columns, ScopeColumns},
    written::{self, Lost, Written},
};

/// What stands in a message where nothing is changed because it cannot be known what must not be.
pub(super) const GUARDED: &str = "nothing is changed anywhere until a start with it in order";

/// The same for the places of a policy.
pub(super) const GUARDED_THERE: &str = "its places are read-only until a start with it in order";

/// What stands where it cannot be known above how many nodes a change is to be confirmed.
pub(super) const ASKED: &str = "confirm-above = 0 stands";

/// What stands where it cannot be known what programs on nodes may do with the clipboard.
pub(super) const DENIED: &str = "clipboard = \"deny\" stands";

/// What stands in place of a file that cannot be read at all.
pub(super) const UNREADABLE: &str = "nothing is changed anywhere, and clipboard = \"deny\" stands, until it can";

/// Reads a settings file. What is wrong with it is among its problems.
pub(super) fn settings(file: &Written) -> Settings {
    let mut reader = Reader::of(file);
    let mut settings = reader.settings();
    settings.read_only |= reader.guards;
    if reader.asks {
        settings.confirm_above = Threshold(0);
    }
    if reader.denies {
        settings.clipboard = Clipboard::Deny;
    }
    settings.is_damaged = !reader.problems.is_empty();
    let text = file.text();
    let told = reader.problems.into_iter();
    let told = told.map(|(at, what, instead)| Problem::of_settings(text, at, what).instead(instead));
    settings.problems = told.chain(reader.of_commands).collect();
    settings.problems.sort_by_key(|problem| problem.line);
    settings
}

struct Reader<'a> {
    file: &'a Written,
    /// Where something is wrong, what it is and what stands instead.
    problems: Vec<(usize, String, String)>,
    /// What is wrong with the user's own commands.
    of_commands: Vec<Problem>,
    /// Whether something is lost that may have said what must not be changed.
    guards: bool,
    /// Whether something is lost that may have said what must be confirmed.
    asks: bool,
    /// Whether something is lost that may have said that no program writes the clipboard.
    denies: bool,
    /// Where something is lost of a policy.
    of_policies: Vec<usize>,
}

impl<'a> Reader<'a> {
    fn of(file: &'a Written) -> Self {
        let (problems, of_commands, of_policies) = Default::default();
        Self { file, problems, of_commands, guards: false, asks: false, denies: false, of_policies }
    }

    fn report(&mut self, at: usize, what: String, instead: impl Into<String>) {
        self.problems.push((at, what, instead.into()));
    }

    fn settings(&mut self) -> Settings {
        let file = self.file;
        let (mut plain, mut columns, mut aliases) = (DeTable::new(), Columns::default(), BTreeMap::new());
        let (mut views, mut forwards, mut sessions, mut policies) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let mut commands = Vec::new();
        for (key, mut value) in file.table() {
            let name = key.get_ref().to_string();
            if name == "policy" {
                self.misplaced(&name, &mut value, |guard| guard == Guard::Clipboard);
                policies.extend(self.policies(&value));
                continue;
            }
            if Guard::near(&name) == Some(Guard::Policy) {
                policies.extend(self.misspelt_policies(&name, &value));
                continue;
            }
            self.misplaced(&name, &mut value, |_| true);
            match name.as_str() {
                "view" => views = self.entries("[[view]]", &value, |_| None),
                "forward" => forwards = self.entries("[[forward]]", &value, |_| None),
                "session" => sessions = self.entries("[[session]]", &value, |_| None),
                "columns" => columns = self.columns(&value),
                "aliases" => aliases = self.texts("[aliases]", &value),
                "command" => (commands, self.of_commands) = command::read(file, &value),
                _ => self.plain(&mut plain, key, value),
            }
        }
        self.lost();
        let read = written::whole::<Settings>(plain, 0).unwrap_or_else(|(at, what)| {
            self.guards = true;
            self.report(at, what, GUARDED);
            Settings::default()
        });
        Settings { columns, aliases, views, forwards, sessions, policies, commands, ..read }
    }

    fn policies(&mut self, value: &Spanned<DeValue<'a>>) -> Vec<Policy> {
        let sections = value.get_ref().as_array().into_iter().flatten();
        let lost = sections.flat_map(|section| self.file.all_lost_of_section(section.span().start));
        self.of_policies.extend(lost.map(|lost| lost.start).collect::<Vec<_>>());
        self.entries("[[policy]]", value, |entry| Some(Policy::strict(entry)))
    }

    /// Policies under a name that is none, but like theirs: where they would hold nothing is changed.
    fn misspelt_policies(&mut self, name: &str, value: &Spanned<DeValue<'a>>) -> Vec<Policy> {
        let sections: Vec<_> = match value.get_ref() {
            DeValue::Array(array) => array.iter().collect(),
            _ => vec![value],
        };
        let what = format!("no section is called \"{name}\", but [[policy]] is");
        sections.iter().for_each(|section| self.report(section.span().start, what.clone(), GUARDED_THERE));
        sections.into_iter().map(Policy::strict).collect()
    }

    /// Takes out of an entry the guards that say nothing where they stand.
    fn misplaced(&mut self, name: &str, value: &mut Spanned<DeValue<'a>>, is_none_here: impl Fn(Guard) -> bool + Copy) {
        let heading = match value.get_ref() {
            DeValue::Array(_) => format!("[[{name}]]"),
            _ => format!("[{name}]"),
        };
        for found in guard::take_misplaced(value.get_mut(), name == "aliases", is_none_here) {
            let (what, stands) = (found.name, found.guard.place());
            let instead = self.strictest(found.guard);
            self.report(found.start, format!("\"{what}\" says nothing below {heading}; {stands}"), instead);
        }
    }

    /// What stands where something that says this cannot be read.
    fn strictest(&mut self, guard: Guard) -> &'static str {
        match guard {
            Guard::ReadOnly | Guard::Policy => {
                self.guards = true;
                GUARDED
            }
            Guard::ConfirmAbove => {
                self.asks = true;
                ASKED
            }
            Guard::Clipboard => {
                self.denies = true;
                DENIED
            }
        }
    }

    /// One of the entries that stand for themselves.
    fn plain(&mut self, sound: &mut DeTable<'a>, key: Spanned<DeString<'a>>, value: Spanned<DeValue<'a>>) {
        let name = key.get_ref().to_string();
        let mut alone = DeTable::new();
        alone.insert(key.clone(), value.clone());
        match written::whole::<Settings>(alone, key.span().start) {
            Ok(_) => drop(sound.insert(key, value)),
            Err((at, what)) => match Guard::near(&name) {
                Some(guard) => {
                    let what = match guard.name() {
                        called if called == name => format!("{name}: {what}"),
                        called => format!("no entry is called \"{name}\", but \"{called}\" is"),
                    };
                    let instead = self.strictest(guard);
                    self.report(at, what, instead);
                }
                // No entry is called so.
                None if at == key.span().start => self.report(at, what, "it is left out"),
                None => self.report(at, format!("{name}: {what}"), usual(&name)),
            },
        }
    }

    /// The tables of a list. One with something wrong in it is left out whole, or what `instead` makes of it stands.
    fn entries<T: Deserialize<'a>>(
        &mut self,
        heading: &str,
        value: &Spanned<DeValue<'a>>,
        instead: impl Fn(&Spanned<DeValue<'a>>) -> Option<T>,
    ) -> Vec<T> {
        let Some(array) = value.get_ref().as_array() else {
            self.report(value.span().start, format!("{heading} is expected here, with its entries below it"), "");
            // What it says of one place it says of all.
            return instead(value).into_iter().collect();
        };
        let mut sound = Vec::new();
        for element in array {
            let lost = self.file.lost_of_section(element.span().start).is_some();
            match written::entry(element) {
                Ok(entry) if !lost => sound.push(entry),
                read => {
                    let instead = instead(element);
                    let left = match &instead {
                        Some(_) => GUARDED_THERE,
                        None => "this one is left out",
                    };
                    for (at, what) in read.err().into_iter().flatten() {
                        self.report(at, format!("{heading}: {what}"), left);
                    }
                    sound.extend(instead);
                }
            }
        }
        sound
    }

    fn columns(&mut self, value: &Spanned<DeValue<'a>>) -> Columns {
        let mut columns = Columns::default();
        let Some(table) = value.get_ref().as_table() else {
            self.report(value.span().start, "[columns] is expected here, with the lists below it".to_owned(), "");
            return columns;
        };
        columns.lists = self.lists("[columns]", table, "scope");
        let (heading, left) = ("[[columns.scope]]", "this one is left out");
        let Some(scopes) = table.get("scope") else { return columns };
        let Some(sections) = scopes.get_ref().as_array() else {
            let what = format!("{heading} is expected here, with match and the lists below it");
            self.report(scopes.span().start, what, "it is left out");
            return columns;
        };
        for scope in sections {
            let Some(table) = scope.get_ref().as_table() else {
                self.report(scope.span().start, format!("{heading} is a table"), left);
                continue;
            };
            let lists = self.lists(heading, table, "match");
            match table.get("match").map(written::value::<String>) {
                Some(Ok(pattern)) => columns.scope.push(ScopeColumns { pattern, lists }),
                Some(Err((at, what))) => self.report(at, format!("{heading} match: {what}"), left),
                None => self.report(scope.span().start, format!("{heading}: it needs match"), left),
            }
        }
        columns
    }

    fn lists(&mut self, heading: &str, table: &DeTable<'a>, other: &str) -> BTreeMap<String, Vec<String>> {
        let mut lists = BTreeMap::new();
        for (name, value) in table.iter().filter(|(name, _)| **name.get_ref() != *other) {
            let name = name.get_ref().to_string();
            match written::value(value) {
                Ok(columns) => drop(lists.insert(name, columns)),
                Err((at, what)) => self.report(at, format!("{heading} {name}: {what}"), "the usual columns stand"),
            }
        }
        lists
    }

    fn texts(&mut self, heading: &str, value: &Spanned<DeValue<'a>>) -> BTreeMap<String, String> {
        let mut texts = BTreeMap::new();
        let Some(table) = value.get_ref().as_table() else {
            self.report(value.span().start, format!("{heading} is expected here, with its entries below it"), "");
            return texts;
        };
        for (name, value) in table {
            let name = name.get_ref().to_string();
            match written::value(value) {
                Ok(text) => drop(texts.insert(name, text)),
                Err((at, what)) => self.report(at, format!("{heading} \"{name}\": {what}"), "it is left out"),
            }
        }
        texts
    }

    /// What is no TOML.
    fn lost(&mut self) {
        for lost in self.file.lost() {
            let what = match self.file.name_of(lost) {
                Some(name) => format!("{name}: {}", lost.what),
                None => lost.what.clone(),
            };
            for instead in self.instead_of(lost) {
                self.report(lost.start, what.clone(), instead);
            }
        }
    }

    /// What stands instead of something that is no TOML: the strictest of all that it may have said.
    fn instead_of(&mut self, lost: &Lost) -> Vec<String> {
        let part = self.file.original(lost);
        let mut guards: BTreeSet<_> = self.file.names_in(lost).filter_map(Guard::near).collect();
        let mut instead = Vec::new();
        if guards.remove(&Guard::Clipboard) || lost.is_all {
            instead.push(self.strictest(Guard::Clipboard).to_owned());
        }
        if self.of_policies.contains(&lost.start) && !part.trim_end().contains('\n') {
            instead.push(GUARDED_THERE.to_owned());
            return instead;
        }
        if part.contains(Guard::ReadOnly.name()) || part.contains(Guard::Policy.name()) || lost.is_all {
            guards.insert(Guard::ReadOnly);
        }
        instead.extend(guards.first().map(|guard| self.strictest(*guard).to_owned()));
        if instead.is_empty() {
            let name = self.file.name_of(lost).filter(|_| self.file.is_before_sections(lost.start));
            let usual = name.filter(|name| has_entry(name)).map(usual);
            instead.push(usual.unwrap_or_else(|| self.file.left_out(lost).to_owned()));
        }
        instead
    }
}

/// Whether an entry of this name stands for itself.
fn has_entry(name: &str) -> bool {
    toml::Table::try_from(Settings::default()).is_ok_and(|usual| usual.contains_key(name))
}

/// What stands in place of an entry that cannot be read.
fn usual(name: &str) -> String {
    let usual = toml::Value::try_from(Settings::default()).ok();
    match usual.as_ref().and_then(|usual| usual.get(name)) {
        Some(usual) => format!("{usual} stands"),
        None => "it counts as not set".to_owned(),
    }
}
