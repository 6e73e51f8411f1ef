//! The command line: one file per verb. Data on standard output, words on standard error; exit 0 done, 1 failed, 2 usage.

mod agent;
mod apart;
mod as_user;
mod children;
mod choice;
mod completions;
mod compliance;
mod cp;
mod demo;
mod face;
mod forward;
mod global;
mod heir;
mod janitor;
mod keys;
mod lifeline;
mod local;
mod log;
mod man;
mod nodes;
mod output;
mod param;
mod paths;
mod record;
mod run;
mod serve;
mod sessions;
mod shell;
mod ssh_proxy;
mod stop;
mod talk;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

pub use global::Global;

use crate::client;

/// A terminal fleet console for AWS Systems Manager.
#[derive(Debug, Parser)]
#[command(name = "fleetdeck", version, about, propagate_version = true)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(flatten)]
    record: record::Record,
    #[command(flatten)]
    replay: record::Replay,
    #[command(subcommand)]
    verb: Option<Verb>,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Demo(demo::Demo),
    Nodes(nodes::Nodes),
    Run(Box<run::Run>),
    Shell(shell::Shell),
    Forward(forward::Forward),
    SshProxy(ssh_proxy::SshProxy),
    Cp(cp::Cp),
    #[command(subcommand)]
    Sessions(sessions::Sessions),
    #[command(subcommand)]
    Param(param::Param),
    Compliance(compliance::Compliance),
    Serve(serve::Serve),
    Agent(agent::Agent),
    Keys(keys::Keys),
    Paths(paths::Paths),
    Completions(completions::Completions),
    Man(man::Man),
    #[command(hide = true, name = "as-user")]
    AsUser(as_user::AsUser),
    #[command(hide = true)]
    Apart(apart::Apart),
    #[command(hide = true)]
    Heir(heir::Heir),
    #[command(hide = true)]
    Janitor(janitor::Janitor),
}

/// The words on the command line make no sense together: exit 2.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Usage(String);

/// Runs the program and says how it ended.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let global = &cli.global;
    if global.lifeline {
        lifeline::watch();
    }
    if let Some(file) = &global.while_used {
        lifeline::watch_users(file.clone());
    }
    let outcome = match cli.verb {
        Some(_) if cli.record.is_given() || cli.replay.is_given() => Err(Usage(record::ALONE.to_owned()).into()),
        Some(Verb::Demo(verb)) => verb.run(global),
        Some(Verb::Nodes(verb)) => verb.run(global),
        Some(Verb::Run(verb)) => verb.run(global),
        Some(Verb::Shell(verb)) => verb.run(global),
        Some(Verb::Forward(verb)) => verb.run(global),
        Some(Verb::SshProxy(verb)) => verb.run(global),
        Some(Verb::Cp(verb)) => verb.run(global),
        Some(Verb::Sessions(verb)) => verb.run(global),
        Some(Verb::Param(verb)) => verb.run(global),
        Some(Verb::Compliance(verb)) => verb.run(global),
        Some(Verb::Serve(verb)) => verb.run(),
        Some(Verb::Agent(verb)) => verb.run(global),
        Some(Verb::Keys(verb)) => verb.run(),
        Some(Verb::Paths(verb)) => verb.run(global),
        Some(Verb::Completions(verb)) => verb.run(),
        Some(Verb::Man(verb)) => verb.run(),
        Some(Verb::AsUser(verb)) => verb.run(),
        Some(Verb::Apart(verb)) => verb.run(),
        Some(Verb::Heir(verb)) => verb.run(),
        Some(Verb::Janitor(verb)) => verb.run(),
        None if cli.replay.is_given() => cli.replay.run(),
        None => face::run(global, cli.record),
    };
    outcome.unwrap_or_else(|error| explain(&error))
}

/// Says once what went wrong and what to do next.
fn explain(error: &anyhow::Error) -> ExitCode {
    let broken = |cause: &(dyn std::error::Error + 'static)| {
        cause.downcast_ref::<std::io::Error>().is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
    };
    if error.chain().any(broken) {
        // Whoever read the output has seen enough.
        return ExitCode::SUCCESS;
    }
    talk::say(&format!("fleetdeck: {error:#}"));
    if let Some(advice) = error.downcast_ref::<client::Error>().and_then(client::Error::advice) {
        talk::say(&advice);
    }
    ExitCode::from(if error.is::<Usage>() { 2 } else { 1 })
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn wrong_words_are_usage_and_everything_else_is_failure() {
        assert_eq!(explain(&Usage("x".into()).into()), ExitCode::from(2));
        assert_eq!(explain(&anyhow::anyhow!("x")), ExitCode::from(1));
        let pipe = std::io::Error::from(std::io::ErrorKind::BrokenPipe);
        assert_eq!(explain(&pipe.into()), ExitCode::SUCCESS);
    }
}
