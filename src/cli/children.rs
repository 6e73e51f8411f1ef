//! The processes that a local fleet consists of: engine and agents, all of this same binary.

use std::{
    fs::{File, OpenOptions},
    io,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use anyhow::{Context, bail};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, BufReader},
    process::{Child, Command},
    time::timeout,
};

use crate::client::Settings;

/// How long an engine may take to open its data directory and its port.
const ENGINE_START: Duration = Duration::from_secs(20);
/// How long children may take to stop when asked.
const GRACE: Duration = Duration::from_secs(3);

/// The region of every local fleet.
pub const REGION: &str = "us-east-1";

/// What child processes end with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Bond {
    /// With this process: in good order by [`Children::stop`], at once when dropped, and by their own lifeline when this
    /// process is killed.
    #[default]
    Parent,
    /// With the last process that holds a shared lock on this file.
    Users(PathBuf),
}

/// Child processes with the same bond.
#[derive(Debug, Default)]
pub struct Children {
    bond: Bond,
    engines: Vec<Child>,
    agents: Vec<Child>,
}

impl Children {
    /// None yet.
    pub fn bound(bond: Bond) -> Self {
        Self { bond, ..Self::default() }
    }

    /// Starts an engine and waits until it listens.
    ///
    /// Errors: it ended or said nothing in time; what it wrote to standard error is part of the message.
    pub async fn engine(&mut self, listen: &str, data: &Path) -> anyhow::Result<Engine> {
        let log = data.with_extension("log");
        let mut command = this_binary()?;
        command.args(["serve", "--listen", listen, "--data"]).arg(data);
        let mut child = self.spawn(command.stdout(Stdio::piped()), &log).context("cannot start the engine")?;
        let stdout = child.stdout.take().context("the engine has no standard output")?;
        let mut lines = BufReader::new(stdout.take(4096)).lines();
        let line = timeout(ENGINE_START, lines.next_line()).await.context("the engine does not start")??;
        let Some(url) = line.as_deref().and_then(|line| line.strip_prefix("listening on ")) else {
            let said = std::fs::read_to_string(&log).unwrap_or_default();
            bail!("the engine did not start: {}", said.trim().trim_start_matches("fleetdeck: "));
        };
        self.engines.push(child);
        Ok(Engine { url: url.trim().to_owned(), credentials: data.join("credentials") })
    }

    /// Starts an agent. With an activation it registers first.
    pub fn agent(&mut self, agent: &Agent<'_>) -> anyhow::Result<()> {
        let mut command = this_binary()?;
        command.args(["agent", "--region", REGION, "--endpoint-url", agent.endpoint, "--data"]).arg(agent.data);
        if let Some((id, code)) = agent.activation {
            // The code is a secret: the list of processes must not show it.
            command.args(["--activation-id", id]).env("FLEETDECK_ACTIVATION_CODE", code);
        }
        if let Some(hostname) = agent.isolate {
            command.args(["--isolate", hostname]);
        }
        if agent.throwaway {
            command.arg("--kill-on-stop");
        }
        let log = agent.data.with_extension("log");
        let child = self.spawn(command.stdout(Stdio::null()), &log).context("cannot start an agent")?;
        self.agents.push(child);
        Ok(())
    }

    /// Starts the janitor of a throw-away directory. It is not among the children: it outlives them.
    pub fn janitor(directory: &Path) -> anyhow::Result<Child> {
        let mut command = this_binary()?;
        command.arg("janitor").arg(directory).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().context("cannot start the janitor")
    }

    fn spawn(&self, command: &mut Command, log: &Path) -> io::Result<Child> {
        #[cfg(unix)]
        command.process_group(0);
        match &self.bond {
            Bond::Parent => command.arg("--lifeline").stdin(Stdio::piped()).kill_on_drop(true),
            Bond::Users(file) => command.arg("--while-used").arg(file).stdin(Stdio::null()),
        };
        command.stderr(private(log)?).spawn()
    }

    /// Asks all of them to stop, and makes those that do not. Those that others may be using are left alone.
    pub async fn stop(self) {
        if self.bond != Bond::Parent {
            return;
        }
        // The engine last: what agents still have to tell it, nobody else would take.
        stop(self.agents).await;
        stop(self.engines).await;
    }
}

async fn stop(mut running: Vec<Child>) {
    for child in &mut running {
        // The end of its lifeline is the request.
        drop(child.stdin.take());
    }
    let all = async {
        for child in &mut running {
            let _ = child.wait().await;
        }
    };
    if timeout(GRACE, all).await.is_err() {
        for child in &mut running {
            let _ = child.kill().await;
        }
    }
}

/// A running engine.
#[derive(Clone, Debug)]
pub struct Engine {
    /// `http://127.0.0.1:7700`.
    pub url: String,
    /// Its credentials file.
    pub credentials: PathBuf,
}

impl Engine {
    /// How a client reaches it.
    pub fn settings(&self, context: &str) -> Settings {
        Settings {
            endpoint_url: Some(self.url.clone()),
            region: Some(REGION.to_owned()),
            credentials_file: Some(self.credentials.clone()),
            context: Some(context.to_owned()),
            ..Settings::default()
        }
    }
}

/// What an agent is started with.
#[derive(Clone, Copy, Debug)]
pub struct Agent<'a> {
    /// The engine.
    pub endpoint: &'a str,
    /// Its data directory.
    pub data: &'a Path,
    /// Activation id and code, before it is registered.
    pub activation: Option<(&'a str, &'a str)>,
    /// A host name, if it is to live in name spaces of its own.
    pub isolate: Option<&'a str>,
    /// Whether it takes the scripts that are running with it when it ends.
    pub throwaway: bool,
}

fn this_binary() -> anyhow::Result<Command> {
    let mut command = Command::new(std::env::current_exe().context("cannot find this program")?);
    // A node's commands have no business with the credentials of whoever started it.
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("AWS_")) {
        command.env_remove(name);
    }
    Ok(command)
}

/// A file that only this user can read.
fn private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.create(true).write(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}
