//! `fleetdeck agent`: a managed node.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Context;
use clap::Args;
use etcetera::BaseStrategy;
use tokio_util::sync::CancellationToken;

use super::{Global, log, stop::stopped};
use crate::{
    agent::{self, Activation, DEFAULT_WORKERS, DataDir, Options},
    ssm::clock::Clock,
};

/// Run the agent: make this machine a managed node.
///
/// The first start needs an activation (`aws ssm create-activation`) and the address of the service; later ones find both in
/// the data directory. Commands and shells run as the user that starts the agent.
#[derive(Debug, Args)]
pub struct Agent {
    /// Activation id, on first start.
    #[arg(long, value_name = "ID", requires = "activation_code")]
    activation_id: Option<String>,
    /// Activation code, on first start.
    #[arg(long, value_name = "CODE", env = "FLEETDECK_ACTIVATION_CODE", hide_env_values = true)]
    activation_code: Option<String>,
    /// Data directory; by default /var/lib/fleetdeck-agent for root, else below $XDG_DATA_HOME.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Commands that run at a time.
    #[arg(long, value_name = "N", default_value_t = DEFAULT_WORKERS, value_parser = workers)]
    workers: usize,
    /// Restart the machine when a script asks for it by ending with exit code 194.
    #[arg(long)]
    allow_reboot: bool,
    /// When stopped, kill running scripts instead of leaving them for the next start.
    #[arg(long)]
    kill_on_stop: bool,
    /// Run in mount and UTS namespaces of its own, under this host name (Linux, root). For local fleets.
    #[arg(long, hide = true, value_name = "HOSTNAME")]
    isolate: Option<String>,
}

impl Agent {
    /// Runs until a signal ends it.
    pub fn run(self, global: &Global) -> anyhow::Result<ExitCode> {
        log::begin("fleetdeck=info", false);
        let data = match &self.data {
            Some(data) => std::path::absolute(data)?,
            None => default_data()?,
        };
        let dir = DataDir::open(&data)?;
        // Name spaces belong to threads: this has to happen before the runtime starts one.
        let isolated = self.isolate.as_ref().is_some_and(|hostname| {
            let outcome = agent::isolate(hostname, dir.root());
            if let Err(sentence) = &outcome {
                tracing::warn!("this agent shares the machine's host name and /tmp: {sentence}");
            }
            outcome.is_ok()
        });
        let throwaway = isolated && self.kill_on_stop;
        let activation =
            self.activation_id.zip(self.activation_code).map(|(id, code)| Activation { id, code: code.into() });
        let options = Options {
            endpoint_url: global.endpoint_url.clone(),
            region: global.region.clone(),
            activation,
            workers: self.workers,
            allow_reboot: self.allow_reboot,
            kill_on_stop: self.kill_on_stop,
        };
        // One thread: an agent waits nearly all the time, and hundreds of them may share a machine.
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .max_blocking_threads(4)
            .thread_keep_alive(std::time::Duration::from_secs(2))
            .build()
            .context("cannot start the runtime")?;
        let outcome = runtime.block_on(async {
            let stop = CancellationToken::new();
            let (asked, stopped) = (stop.clone(), stopped()?);
            tokio::spawn(async move {
                stopped.await;
                // At once, and again at the end: whoever asked may not have the patience for an end in good order.
                if throwaway {
                    agent::end_others();
                }
                asked.cancel();
            });
            agent::run(dir, options, Clock::system(), stop).await.map_err(anyhow::Error::from)
        });
        // Scripts go on without their agent; nothing here may wait for them.
        runtime.shutdown_background();
        if throwaway {
            agent::end_others();
        }
        outcome.map(|()| ExitCode::SUCCESS)
    }
}

fn workers(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|workers| (1..=1000).contains(workers)).ok_or_else(|| "a number from 1 to 1000".to_owned())
}

fn default_data() -> anyhow::Result<PathBuf> {
    if nix::unistd::geteuid().is_root() {
        return Ok(Path::new("/var/lib/fleetdeck-agent").to_owned());
    }
    let base = etcetera::choose_base_strategy().context("there is no home directory; say where with --data")?;
    Ok(base.data_dir().join("fleetdeck/agent"))
}
