//! `fleetdeck run`: Run Command from a shell. Sends, follows, and shows equal results once.

mod follow;
mod group;
mod outcome;
mod waiting;
mod whom;

use std::{
    collections::BTreeMap,
    io::{self, IsTerminal, Write},
    process::ExitCode,
};

use anyhow::Context;
use clap::Args;

use super::{
    Global, Usage,
    nodes::pair,
    output::{Column, Format, Listing, json_document, json_line, program_output},
    talk,
};
use crate::{
    client::Client,
    console::text,
    ssm::{Command, SendCommand},
};
use outcome::Outcome;
use whom::Whom;

/// The document that runs a command line.
const SHELL: &str = "AWS-RunShellScript";

/// Run a command or a document on nodes.
///
/// The command's output is shown once for all nodes that gave the same; what went wrong comes first. On one node standard
/// output, standard error and the exit code are the command's own.
#[derive(Debug, Args)]
pub struct Run {
    /// The document.
    #[arg(long, default_value = SHELL, value_name = "NAME")]
    document: String,
    /// A parameter of the document. A key that is given several times has several values.
    #[arg(long = "parameter", value_name = "KEY=VALUE", num_args = 1.., value_parser = pair)]
    parameters: Vec<(String, String)>,
    #[command(flatten)]
    whom: Whom,
    /// Run on so many nodes at once: a number or a percentage.
    #[arg(long, value_name = "N|P%")]
    max_concurrency: Option<String>,
    /// Send to no more nodes after so many errors: a number or a percentage.
    #[arg(long, value_name = "N|P%")]
    max_errors: Option<String>,
    /// Give up on nodes that have not begun after so many seconds.
    #[arg(long, value_name = "SECONDS")]
    timeout: Option<i32>,
    /// A comment, kept with the command.
    #[arg(long, value_name = "TEXT")]
    comment: Option<String>,
    /// Send and go; print the command's id.
    #[arg(long)]
    no_wait: bool,
    /// Do not ask before running on several nodes.
    #[arg(long, short)]
    yes: bool,
    /// The command line, as the nodes' shell reads it.
    #[arg(last = true, value_name = "COMMAND")]
    command: Vec<String>,
}

impl Run {
    /// Runs it.
    pub fn run(self: Box<Self>, global: &Global) -> anyhow::Result<ExitCode> {
        global.may_change("run commands")?;
        let parameters = self.parameters()?;
        global.with_client(async |client| {
            let (instance_ids, targets) = self.whom.resolve(&client).await?;
            if !self.yes && talk::somebody_there() {
                let nodes = whom::count(&client, &instance_ids, &targets).await?;
                if !self.agreed(nodes)? {
                    talk::say("Nothing was run.");
                    return Ok(ExitCode::FAILURE);
                }
            }
            let request = SendCommand {
                instance_ids,
                targets,
                document_name: self.document.clone(),
                parameters: parameters.into(),
                max_concurrency: self.max_concurrency.clone(),
                max_errors: self.max_errors.clone(),
                timeout_seconds: self.timeout,
                comment: self.comment.clone(),
                ..Default::default()
            };
            let answer = client.call(request).await?;
            if self.no_wait {
                let id = answer.command.as_ref().and_then(|command| command.command_id.as_deref()).unwrap_or_default();
                match global.output {
                    Format::Json => json_document(&answer)?,
                    Format::Table | Format::Csv => writeln!(io::stdout(), "{}", text::clean(id))?,
                }
                return Ok(ExitCode::SUCCESS);
            }
            let sent = answer.command.context("the service accepted the command and did not say its id")?;
            match follow::follow(&client, &sent).await? {
                Some(ended) => self.show(global.output, &client, &ended).await,
                None => Ok(ExitCode::FAILURE),
            }
        })
    }

    fn parameters(&self) -> Result<BTreeMap<String, Vec<String>>, Usage> {
        let mut parameters: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (key, value) in &self.parameters {
            parameters.entry(key.clone()).or_default().push(value.clone());
        }
        if !self.command.is_empty() {
            if parameters.contains_key("commands") {
                return Err(Usage("the command is given twice: after `--` and as the parameter `commands`".into()));
            }
            parameters.insert("commands".to_owned(), vec![self.command.join(" ")]);
        }
        if self.document == SHELL && !parameters.contains_key("commands") {
            return Err(Usage("nothing to run: give the command after `--`".into()));
        }
        Ok(parameters)
    }

    /// Whether the person at the terminal wants it; a single node is not worth a question.
    fn agreed(&self, nodes: Option<usize>) -> io::Result<bool> {
        let nodes = match nodes {
            Some(0 | 1) => return Ok(true),
            Some(nodes) => text::count(nodes, "node"),
            None => "all nodes that fit the targets".to_owned(),
        };
        let what =
            if self.command.is_empty() { self.document.clone() } else { format!("`{}`", self.command.join(" ")) };
        talk::confirm(&format!("Run {what} on {nodes}?"))
    }

    async fn show(&self, format: Format, client: &Client, ended: &follow::Ended) -> anyhow::Result<ExitCode> {
        let outcomes = match format {
            Format::Json => {
                let mut out = io::stdout();
                for invocation in &ended.invocations {
                    writeln!(out, "{}", json_line(invocation)?)?;
                }
                ended.invocations.iter().map(Outcome::of).collect()
            }
            Format::Table | Format::Csv => outcome::whole(client, &ended.invocations).await,
        };
        match (outcomes.as_slice(), format) {
            ([], _) => talk::say(&format!("fleetdeck: {}", nobody(&ended.command))),
            (_, Format::Json) => {}
            (_, Format::Csv) => {
                let mut listing = Listing::new(format, COLUMNS.iter().copied());
                listing.page(&outcomes, |_| ())?;
            }
            ([one], Format::Table) => alone(one)?,
            (several, Format::Table) => group::print(&mut io::stdout(), io::stdout().is_terminal(), several)?,
        }
        Ok(exit_code(&outcomes))
    }
}

const COLUMNS: &[Column<Outcome>] = &[
    ("ID", |outcome| outcome.id.clone()),
    ("NAME", |outcome| outcome.name.clone()),
    ("STATUS", |outcome| outcome.details.clone()),
    ("EXIT CODE", |outcome| outcome.code.map(|code| code.to_string()).unwrap_or_default()),
    ("STDOUT", |outcome| outcome.stdout_text().into_owned()),
    ("STDERR", |outcome| outcome.stderr_text().into_owned()),
];

/// Why a command reached nobody.
fn nobody(command: &Command) -> String {
    match command.status_details.as_deref().filter(|details| !matches!(*details, "" | "Success" | "Pending")) {
        Some(details) => format!("the command reached no node ({details})"),
        None => "no node fits the targets".to_owned(),
    }
}

/// One node: its streams are ours.
fn alone(outcome: &Outcome) -> io::Result<()> {
    program_output(&mut io::stdout(), io::stdout().is_terminal(), &outcome.stdout)?;
    program_output(&mut io::stderr(), io::stderr().is_terminal(), &outcome.stderr)?;
    if !outcome.success && outcome.remote_code().is_none() {
        talk::say(&format!("fleetdeck: {}: {}", outcome.name, outcome.details));
    }
    outcome.notes.iter().for_each(|note| talk::say(&format!("fleetdeck: {}: {note}", outcome.name)));
    Ok(())
}

/// One node: its own code. Several: whether all succeeded. None: failure, since something was to be run.
fn exit_code(outcomes: &[Outcome]) -> ExitCode {
    match outcomes {
        [] => ExitCode::FAILURE,
        [one] if one.success => ExitCode::SUCCESS,
        [one] => ExitCode::from(one.remote_code().unwrap_or(1)),
        several if several.iter().all(|outcome| outcome.success) => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        run: Run,
    }

    fn parse(words: &str) -> Result<Run, clap::Error> {
        Line::try_parse_from(["run"].into_iter().chain(words.split(' '))).map(|line| line.run)
    }

    #[test]
    fn the_command_is_joined_and_is_a_parameter() {
        let run = parse("--instance mi-1 mi-2 --parameter workingDirectory=/tmp -- uname -a").unwrap();
        let parameters = run.parameters().unwrap();
        assert_eq!(parameters["commands"], ["uname -a"]);
        assert_eq!(parameters["workingDirectory"], ["/tmp"]);
        assert!(parse("--instance mi-1").unwrap().parameters().is_err());
        assert!(parse("--instance mi-1 --parameter commands=x -- y").unwrap().parameters().is_err());
        assert!(parse("--instance mi-1 --document Mine").unwrap().parameters().unwrap().is_empty());
    }

    #[test]
    fn exactly_one_way_to_say_whom() {
        assert!(parse("-- uname").is_err());
        assert!(parse("--instance mi-1 --all -- uname").is_err());
        assert!(parse("--targets tag:Role=web tag:Stage=prod -- uname").is_ok());
        assert!(parse("--targets web -- uname").is_err());
    }

    #[test]
    fn one_node_gives_its_code_and_several_give_a_verdict() {
        let ended = |success, code| Outcome { success, code, ..Outcome::default() };
        assert_eq!(exit_code(&[ended(false, Some(7))]), ExitCode::from(7));
        assert_eq!(exit_code(&[ended(false, Some(-1))]), ExitCode::from(1));
        assert_eq!(exit_code(&[ended(true, Some(0))]), ExitCode::SUCCESS);
        assert_eq!(exit_code(&[ended(true, Some(0)), ended(false, Some(7))]), ExitCode::from(1));
        assert_eq!(exit_code(&[]), ExitCode::from(1));
    }
}
