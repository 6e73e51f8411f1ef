//! Contexts: names for the fleets a user works with, and the choice among them.
//!
//! ```toml
//! default = "prod"
//!
//! [context.prod]
//! profile = "prod-admin"
//! region = "eu-central-1"
//! read-only = true
//! ```
//!
//! The context `local` is always there: the embedded engine and one agent for this machine.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{
    guard::Guard,
    paths::{Paths, read_optional},
    written::{self, Problem, Written, nearest},
};

/// The name of the embedded fleet.
pub const LOCAL: &str = "local";

/// One named fleet. What is absent comes from AWS's own configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Context {
    /// Profile of the AWS configuration.
    pub profile: Option<String>,
    /// AWS region.
    pub region: Option<String>,
    /// Endpoint to use instead of AWS's.
    pub endpoint_url: Option<String>,
    /// A credentials file to read instead of AWS's.
    pub credentials_file: Option<PathBuf>,
    /// Whether everything that changes something is refused.
    pub read_only: bool,
    /// What is wrong with it in the contexts file, if something is: then nobody is called.
    #[serde(skip)]
    pub broken: Option<String>,
    /// Whether it stands for the one that is taken when none is named, where it cannot be read which one that is.
    #[serde(skip)]
    pub stands_for_default: bool,
}

impl Context {
    /// One of which is known only what is wrong with it.
    pub(super) fn broken(what: String) -> Self {
        Self { read_only: true, broken: Some(what), ..Self::default() }
    }

    /// This context with what `over` names put over it.
    #[must_use]
    pub fn overlaid(self, over: &Self) -> Self {
        Self {
            profile: over.profile.clone().or(self.profile),
            region: over.region.clone().or(self.region),
            endpoint_url: over.endpoint_url.clone().or(self.endpoint_url),
            credentials_file: over.credentials_file.clone().or(self.credentials_file),
            read_only: over.read_only || self.read_only,
            broken: self.broken,
            stands_for_default: self.stands_for_default,
        }
    }
}

/// The user's contexts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contexts {
    /// The one that is taken when none is named.
    pub default: Option<String>,
    /// All of them, by name.
    pub context: BTreeMap<String, Context>,
    /// What is wrong with their file.
    pub problems: Vec<Problem>,
    /// Whether the file says, where that says nothing, that something is read-only: then every place is.
    pub is_guarded: bool,
    /// Whether it cannot be read which one is taken when none is named.
    is_default_lost: bool,
    /// What in the file could be the name of a context that could not be read.
    doubts: Vec<String>,
    /// Whether nothing of the file could be read.
    is_lost: bool,
}

/// The name of the context that is taken when it cannot be read which one that is.
const DEFAULT: &str = "default";

/// What was chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    /// A fleet at AWS or at an endpoint, by name where it has one.
    Remote {
        /// The context's name.
        name: Option<String>,
        /// Its settings.
        context: Context,
    },
    /// The embedded fleet on this machine.
    Local,
}

/// A context that is not there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no context {name:?}; there are: {known}")]
pub struct Unknown {
    name: String,
    known: String,
}

impl Contexts {
    /// The contexts of this user.
    pub fn of_file(paths: &Paths) -> Self {
        let path = paths.contexts();
        let file = path.display().to_string();
        match read_optional(&path) {
            Ok(text) => Self::read(&file, &text.unwrap_or_default()),
            Err(error) => {
                let problem = Problem::at(&file, "", 0, format!("it cannot be read: {error}"));
                Self { problems: vec![problem], is_default_lost: true, is_lost: true, ..Self::default() }
            }
        }
    }

    /// Reads the contexts file. A context that is not in order is there, and says what is wrong with it: whoever means it must not
    /// be taken somewhere else.
    pub fn read(file: &str, text: &str) -> Self {
        let written = Written::of(text);
        let mut contexts = Self::default();
        let problem = |at: usize, what: String| Problem::at(file, text, at, what);
        let named = |at: usize, what: String| problem(at, what).to_string();
        for lost in written.lost() {
            contexts.problems.push(problem(lost.start, lost.what.clone()).instead(written.left_out(lost)));
        }
        // An entry above all headings can belong to any context.
        let above = written.lost().iter().find(|lost| written.is_before_sections(lost.start));
        contexts.is_default_lost = above.is_some();
        let damaged = above.map(|lost| named(lost.start, lost.what.clone()));
        // What was lost below the heading of a context is of that one.
        let mut inside = Vec::new();
        for (key, value) in written.table() {
            match (&**key.get_ref(), value.get_ref().as_table()) {
                ("default", _) => match written::value(&value) {
                    Ok(name) => contexts.default = Some(name),
                    Err((at, what)) => {
                        contexts.is_default_lost = true;
                        contexts.problems.push(problem(at, format!("default: {what}")));
                    }
                },
                ("context", Some(table)) => {
                    for (name, value) in table {
                        let start = value.span().start;
                        if Guard::near(name.get_ref()) == Some(Guard::ReadOnly) && value.get_ref().as_table().is_none()
                        {
                            contexts.guard(problem(name.span().start, misplaced(name.get_ref())));
                            continue;
                        }
                        let faults = written::entry::<Context>(value);
                        let lost = written.lost_of_section(start).map(|lost| named(lost.start, lost.what.clone()));
                        if text.get(start..).is_some_and(|text| text.starts_with('[')) {
                            inside.extend(written.all_lost_of_section(start).map(|lost| lost.start));
                        }
                        let context = match (faults, damaged.clone().or(lost)) {
                            (Ok(context), None) => context,
                            (Ok(_), Some(lost)) => Context::broken(lost),
                            (Err(faults), _) => {
                                let of = |what: String| format!("[context.{}]: {what}", name.get_ref());
                                let faults: Vec<_> =
                                    faults.into_iter().map(|(at, what)| problem(at, of(what))).collect();
                                let told: Vec<_> = faults.iter().map(ToString::to_string).collect();
                                contexts.problems.extend(faults);
                                Context::broken(told.join("\n"))
                            }
                        };
                        contexts.context.insert(name.get_ref().to_string(), context);
                    }
                }
                ("context", None) => {
                    let what = "[context.NAME] is expected here, with its entries below it".to_owned();
                    contexts.doubts.extend(text.get(value.span()).map(str::to_owned));
                    contexts.problems.push(problem(value.span().start, what));
                }
                (other, _) if Guard::near(other) == Some(Guard::ReadOnly) => {
                    contexts.guard(problem(key.span().start, misplaced(other)));
                }
                (other, _) => {
                    let what = format!("no entry is called \"{other}\"; there are default and [context.NAME]");
                    contexts.problems.push(problem(key.span().start, what));
                    contexts.is_default_lost |= nearest(other, ["default", "context"].into_iter()) == Some("default");
                    contexts.doubts.push(other.to_owned());
                    contexts.doubts.extend(value.get_ref().as_table().map(names).unwrap_or_default());
                }
            }
        }
        for lost in written.lost().iter().filter(|lost| !inside.contains(&lost.start)) {
            contexts.doubts.push(written.original(lost).to_owned());
            if written.names_in(lost).any(|name| Guard::near(name) == Some(Guard::ReadOnly)) || lost.is_all {
                contexts.is_guarded = true;
            }
        }
        contexts.problems.sort_by_key(|problem| problem.line);
        contexts
    }

    /// Says that every place is read-only, and why.
    fn guard(&mut self, problem: Problem) {
        self.is_guarded = true;
        self.problems.push(problem.instead("every place is read-only until a start with it in order"));
    }

    /// Contexts of a file that is in order.
    ///
    /// # Errors
    /// All that is wrong with it.
    #[cfg(test)]
    pub fn parse(text: &str) -> Result<Self, Vec<Problem>> {
        let contexts = Self::read("contexts.toml", text);
        if contexts.problems.is_empty() { Ok(contexts) } else { Err(contexts.problems) }
    }

    /// Chooses: the named context, else the settings of the command line alone, else the default context, else AWS's
    /// own configuration, else `local`. Settings of the command line go over those of a context.
    ///
    /// # Errors
    /// When the named context, or the default one, is not there.
    pub fn choose(&self, named: Option<&str>, flags: &Context, aws_is_configured: bool) -> Result<Choice, Unknown> {
        let spoken = flags.profile.is_some() || flags.region.is_some() || flags.endpoint_url.is_some();
        let named = named.or_else(|| self.default.as_deref().filter(|_| !spoken));
        match named {
            Some(name) => match self.get(name) {
                Some(context) => {
                    let context = context.overlaid(flags);
                    Ok(Choice::Remote { name: Some(name.to_owned()), context })
                }
                None if name == LOCAL => Ok(Choice::Local),
                None => Err(self.unknown(name)),
            },
            // Where it cannot be read which one is meant, none is taken instead.
            None if !spoken && self.default.is_none() && self.is_default_lost => {
                let context = Context { stands_for_default: true, ..Context::broken(self.told()) };
                Ok(Choice::Remote { name: Some(DEFAULT.to_owned()), context })
            }
            None if spoken || aws_is_configured => Ok(Choice::Remote { name: None, context: flags.clone() }),
            None => Ok(Choice::Local),
        }
    }

    /// The context of a name. Where it may be in a part of the file that could not be read, it is one that says so: nothing else of
    /// that name is to be taken instead.
    pub fn get(&self, name: &str) -> Option<Context> {
        let is_doubtful = self.is_lost || self.doubts.iter().any(|doubt| doubt.contains(name));
        match self.context.get(name) {
            Some(context) => Some(context.clone()),
            None => is_doubtful.then(|| Context::broken(self.told())),
        }
    }

    /// Whether the file says of this place, or may say where it cannot be read, that nothing is changed there.
    pub fn forbids(&self, name: &str) -> bool {
        self.is_guarded || self.get(name).is_some_and(|context| context.read_only)
    }

    /// What is wrong with the file, a line each.
    fn told(&self) -> String {
        let told: Vec<_> = self.problems.iter().map(ToString::to_string).collect();
        told.join("\n")
    }

    fn unknown(&self, name: &str) -> Unknown {
        let known: Vec<&str> = self.context.keys().map(String::as_str).chain([LOCAL]).collect();
        Unknown { name: name.to_owned(), known: known.join(", ") }
    }
}

/// What is said of an entry that makes read-only and stands where it says nothing.
fn misplaced(name: &str) -> String {
    format!("\"{name}\" says nothing here; read-only stands below a [context.NAME], or in the settings")
}

/// The names in a table, and in the tables in it.
fn names(table: &DeTable<'_>) -> Vec<String> {
    let inner = |value: &Spanned<DeValue<'_>>| value.get_ref().as_table().map(names).unwrap_or_default();
    let of = table.iter().flat_map(|(key, value)| inner(value).into_iter().chain([key.get_ref().to_string()]));
    of.collect()
}

/// Variables that say that somebody set AWS up for this process.
const VARIABLES: &[&str] = &[
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_ACCESS_KEY_ID",
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_SSM",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
];
/// Variables that name AWS's files, and where the files are without them, below the home directory.
pub(super) const FILES: &[(&str, &str)] =
    &[("AWS_SHARED_CREDENTIALS_FILE", ".aws/credentials"), ("AWS_CONFIG_FILE", ".aws/config")];

/// Whether there is any AWS configuration: by environment or by file. Nobody is asked over the network.
pub fn aws_is_configured(
    variable: impl Fn(&str) -> Option<OsString>,
    home: Option<&Path>,
    exists: impl Fn(&Path) -> bool,
) -> bool {
    let set = |name: &str| variable(name).filter(|value| !value.is_empty());
    let by_file = |(name, usual): &(&str, &str)| match set(name) {
        Some(path) => exists(Path::new(&path)),
        None => home.is_some_and(|home| exists(&home.join(usual))),
    };
    VARIABLES.iter().any(|name| set(name).is_some()) || FILES.iter().any(by_file)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contexts() -> Contexts {
        Contexts::parse("default = 'prod'\n[context.prod]\nprofile = 'p'\nregion = 'eu-west-1'\nread-only = true\n")
            .unwrap()
    }

    #[test]
    fn the_command_line_goes_over_the_context() {
        let flags = Context { region: Some("us-east-2".into()), ..Context::default() };
        let Choice::Remote { name, context } = contexts().choose(Some("prod"), &flags, false).unwrap() else {
            panic!()
        };
        assert_eq!((name.as_deref(), context.profile.as_deref()), (Some("prod"), Some("p")));
        assert_eq!((context.region.as_deref(), context.read_only), (Some("us-east-2"), true));
        // Without a name, flags mean AWS as they describe it and not the default context.
        let plain = contexts().choose(None, &flags, false).unwrap();
        assert_eq!(plain, Choice::Remote { name: None, context: flags });
    }

    #[test]
    fn without_any_configuration_it_is_the_local_fleet() {
        let none = Context::default();
        assert_eq!(Contexts::default().choose(None, &none, false), Ok(Choice::Local));
        assert_eq!(contexts().choose(Some("local"), &none, true), Ok(Choice::Local));
        assert!(matches!(contexts().choose(None, &none, false), Ok(Choice::Remote { name: Some(_), .. })));
        assert!(matches!(Contexts::default().choose(None, &none, true), Ok(Choice::Remote { name: None, .. })));
        let unknown = contexts().choose(Some("stage"), &none, true).unwrap_err().to_string();
        assert!(unknown.contains("prod, local"), "{unknown}");
    }

    #[test]
    fn whoever_means_a_context_that_is_not_in_order_is_taken_nowhere_else() {
        let choose =
            |text: &str, named: Option<&str>| Contexts::read("c.toml", text).choose(named, &Context::default(), true);
        let broken = |text: &str, named: Option<&str>| match choose(text, named) {
            Ok(Choice::Remote { name, context }) => {
                assert!(context.broken.is_none() || context.read_only);
                (name.unwrap_or_default(), context.broken)
            }
            other => panic!("{other:?}"),
        };
        let good = "[context.good]\nregion = 'eu-west-1'\n";
        for (text, said) in [
            (
                "[context.prod]\nregion = 3\nprofil = 'x'\n",
                "c.toml:2: [context.prod]: region: a text in quotes is expected",
            ),
            ("[context.prod]\nregion = 3\nprofil = 'x'\n", "c.toml:3: [context.prod]: no entry is called \"profil\""),
            ("[context.prod]\nregion = eu-west-1\n", "c.toml:2: a text stands in quotes"),
            ("[context.prod\nregion = 'eu-west-1'\n", "c.toml:1: "),
            ("[context]\nprod = 'eu-west-1'\n", "c.toml:2: [context.prod]: a table is expected"),
        ] {
            let text = format!("{text}{good}");
            let (name, told) = broken(&text, Some("prod"));
            assert!(name == "prod" && told.as_ref().is_some_and(|told| told.contains(said)), "{text}: {told:?}");
            assert_eq!(broken(&text, Some("good")), ("good".to_owned(), None), "{text}");
            // Without a name and a default it is AWS's own configuration, which no part of the file says anything about.
            assert_eq!(broken(&text, None), (String::new(), None), "{text}");
        }
        for text in ["default = prod\n", "default = 3\n"] {
            let (name, told) = broken(&format!("{text}{good}"), None);
            assert!(name == "default" && told.is_some_and(|told| told.starts_with("c.toml:1: ")), "{text}");
        }
        // It may be the one that was meant.
        for text in
            ["[contxt.prod]\n", "[prod]\nregion = 'eu-west-1'\n", "[context.local\n", "context = 'prod local'\n"]
        {
            let name = if text.contains("local") { "local" } else { "prod" };
            let (_, told) = broken(&format!("{text}{good}"), Some(name));
            assert!(told.is_some_and(|told| told.starts_with("c.toml:1: ")), "{text}");
            assert!(choose(&format!("{text}{good}"), Some("stage")).is_err(), "{text}");
        }
        let (name, told) = broken(&format!("defualt = 'prod'\n{good}"), None);
        assert!(name == "default" && told.is_some_and(|told| told.starts_with("c.toml:1: no entry")));
        let file = "[context.prod]\nregion = eu-west-1\n";
        assert_eq!(choose(file, Some("local")), Ok(Choice::Local), "which names there are is known");
        assert!(choose(file, Some("eu-west-1")).is_err());
        assert!(choose(good, Some("prod")).is_err(), "a name that is simply not there is refused");
        assert!(Contexts::read("c.toml", "contexts = 1\n").problems[0].to_string().starts_with("c.toml:1: no entry"));
    }

    #[test]
    fn what_makes_read_only_in_a_wrong_place_holds_everywhere() {
        for text in [
            "read-only = true\n[context.prod]\n",
            "read_only = yes\n[context.prod]\n",
            "[context]\nread-only = true\n[context.prod]\n",
            "[defaults]\nx = 1\n[context.prod]\n[all\nreadonly = true\n",
        ] {
            let contexts = Contexts::read("c.toml", text);
            assert!(contexts.is_guarded && !contexts.problems.is_empty(), "{text}");
            assert_eq!(contexts.context.keys().collect::<Vec<_>>(), ["prod"], "{text}");
        }
        let told = Contexts::read("c.toml", "read-only = true\n").problems[0].to_string();
        assert!(
            told.starts_with("c.toml:1: \"read-only\" says nothing here;") && told.contains("every place"),
            "{told}"
        );
        assert!(!Contexts::read("c.toml", "[context.prod]\nread-only = true\nregion = x y\n").is_guarded);
    }

    #[test]
    fn configuration_is_a_variable_or_a_file() {
        let home = Path::new("/home/a");
        let no_variable = |_: &str| None;
        assert!(!aws_is_configured(no_variable, Some(home), |_| false));
        assert!(aws_is_configured(no_variable, Some(home), |path| path == Path::new("/home/a/.aws/config")));
        assert!(aws_is_configured(|name| (name == "AWS_PROFILE").then(|| "x".into()), None, |_| false));
        assert!(!aws_is_configured(|name| (name == "AWS_PROFILE").then(OsString::new), None, |_| false));
        // A variable that names a file that is not there hides the usual place.
        let elsewhere = |name: &str| (name == "AWS_CONFIG_FILE").then(|| "/nowhere".into());
        assert!(!aws_is_configured(elsewhere, Some(home), |path| path.ends_with(".aws/config")));
    }
}
