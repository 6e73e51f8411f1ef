//! What every verb understands, and the way from there to a client.

use std::{path::PathBuf, process::ExitCode};

use clap::Args;

use super::{choice, output::Format, talk};
use crate::{
    client::Client,
    config::{paths::Paths, settings::Settings, theme::Colours},
    console,
};

/// What every verb understands.
#[derive(Clone, Debug, Args)]
pub struct Global {
    /// Context from the configuration file, or a profile and a region: `prod/eu-west-1`; `local` is the embedded engine on
    /// this machine. The console takes several, separated by commas.
    #[arg(long, global = true, value_name = "NAME", value_delimiter = ',')]
    pub context: Vec<String>,
    /// Profile of the AWS configuration.
    #[arg(long, global = true, value_name = "NAME")]
    pub profile: Option<String>,
    /// AWS region.
    #[arg(long, global = true, value_name = "NAME")]
    pub region: Option<String>,
    /// Endpoint to use instead of AWS's.
    #[arg(long, global = true, value_name = "URL")]
    pub endpoint_url: Option<String>,
    /// Look and change nothing: refuse whatever would change something.
    #[arg(long, global = true)]
    pub read_only: bool,
    /// Theme of the console.
    #[arg(long, global = true, value_name = "NAME")]
    pub theme: Option<String>,
    /// Colours of the console: as many as the terminal shows, or as many as said.
    #[arg(long, global = true, value_enum, value_name = "WHEN")]
    pub color: Option<Colours>,
    /// How much the console writes into its log, which `fleetdeck paths` names: a level (error, warn, info, debug, trace); or
    /// another file for it.
    #[arg(long, global = true, value_name = "LEVEL|FILE")]
    pub log: Option<String>,
    /// How data is written.
    #[arg(long, global = true, value_enum, default_value_t, value_name = "FORMAT")]
    pub output: Format,
    /// End when standard input ends: for processes that must not outlive the one that started them.
    #[arg(long, global = true, hide = true)]
    pub lifeline: bool,
    /// End when no process holds this file's shared lock any more: for processes that several others use.
    #[arg(long, global = true, hide = true, value_name = "FILE")]
    pub while_used: Option<PathBuf>,
}

impl Global {
    /// Runs a verb with a client of the chosen fleet, on a runtime of its own.
    pub fn with_client<V>(&self, verb: V) -> anyhow::Result<ExitCode>
    where
        V: AsyncFnOnce(Client) -> anyhow::Result<ExitCode>,
    {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async { verb(choice::connect(self).await?).await })
    }

    /// Refuses where the command line, the settings or the context say to look and not touch. `deed` completes "does not …".
    pub fn may_change(&self, deed: &str) -> anyhow::Result<()> {
        anyhow::ensure!(!self.read_only, "--read-only does not {deed}");
        self.may_change_under(deed, settings(&Paths::discover()?))
    }

    /// The same, of these settings.
    fn may_change_under(&self, deed: &str, settings: Settings) -> anyhow::Result<()> {
        anyhow::ensure!(!settings.read_only, "`read-only` in settings.toml does not {deed}");
        let (mut catalogue, places) = choice::places(self)?;
        catalogue.policies = settings.policies;
        for place in places.into_iter().map(|place| catalogue.governed(place)) {
            if let Some(what) = place.context.broken {
                anyhow::bail!("{what}");
            }
            anyhow::ensure!(!place.read_only, "{} is read-only and does not {deed}", place.name);
        }
        Ok(())
    }
}

/// The user's settings. What is wrong with them is said.
pub fn settings(paths: &Paths) -> Settings {
    let settings = console::settings(paths);
    settings.problems.iter().for_each(|problem| talk::say(&problem.to_string()));
    settings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(clap::Parser)]
    struct Line {
        #[command(flatten)]
        global: Global,
    }

    #[test]
    fn settings_that_say_to_look_and_not_touch_hold_for_verbs_too() {
        let line: Line = clap::Parser::parse_from(["fleetdeck", "--context", "local"]);
        let may = |settings: &str| line.global.may_change_under("run commands", Settings::parse(settings).unwrap());
        may("").unwrap();
        assert!(may("read-only = true").unwrap_err().to_string().contains("does not run commands"));
        let policy = "[[policy]]\nmatch = \"loc*\"\nread-only = true";
        assert_eq!(may(policy).unwrap_err().to_string(), "local is read-only and does not run commands");
    }
}
