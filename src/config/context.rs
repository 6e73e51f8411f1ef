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
}

impl Context {
    /// This context with what `over` names put over it.
    #[must_use]
    pub fn overlaid(self, over: &Self) -> Self {
        Self {
            profile: over.profile.clone().or(self.profile),
            region: over.region.clone().or(self.region),
            endpoint_url: over.endpoint_url.clone().or(self.endpoint_url),
            credentials_file: over.credentials_file.clone().or(self.credentials_file),
            read_only: over.read_only || self.read_only,
        }
    }
}

/// The user's contexts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Contexts {
    /// The one that is taken when none is named.
    pub default: Option<String>,
    /// All of them, by name.
    pub context: BTreeMap<String, Context>,
}

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
    /// Reads the contexts file.
    ///
    /// # Errors
    /// With line and column, when the text is no TOML or names something unknown.
    pub fn parse(text: &str) -> Result<Self, toml::de::Error> {
        toml::from_str(text)
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
            Some(name) => match self.context.get(name) {
                Some(context) => {
                    let context = context.clone().overlaid(flags);
                    Ok(Choice::Remote { name: Some(name.to_owned()), context })
                }
                None if name == LOCAL => Ok(Choice::Local),
                None => Err(self.unknown(name)),
            },
            None if spoken || aws_is_configured => Ok(Choice::Remote { name: None, context: flags.clone() }),
            None => Ok(Choice::Local),
        }
    }

    fn unknown(&self, name: &str) -> Unknown {
        let known: Vec<&str> = self.context.keys().map(String::as_str).chain([LOCAL]).collect();
        Unknown { name: name.to_owned(), known: known.join(", ") }
    }
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
