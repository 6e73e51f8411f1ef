//! `fleetdeck forward`: ports of a node, or of hosts behind it, on this machine.

use std::{io::Write, process::ExitCode, time::Duration};

use clap::Args;
use tokio::{sync::watch, task::JoinSet};

use super::{Global, Usage, choice, nodes, stop::stopped, talk};
use crate::client::{
    Client,
    forward::{Forward as Running, ForwardPhase, ForwardSpec, ForwardStatus},
};

/// Forward ports of a node, or of hosts that the node can reach, to this machine.
///
/// Each line on standard output says what listens where. Runs until Ctrl-C; a broken line or session is mended meanwhile.
#[derive(Debug, Args)]
pub struct Forward {
    /// Id or name of the node.
    node: String,
    /// What to forward. Without LOCAL any free port of 127.0.0.1 is taken; without HOST the port is the node's own.
    #[arg(required = true, value_name = "[HOST:]REMOTE[:LOCAL]")]
    ports: Vec<String>,
}

impl Forward {
    /// Runs until it is stopped.
    pub fn run(self, global: &Global) -> anyhow::Result<ExitCode> {
        global.may_change("open sessions")?;
        let specs: Result<Vec<_>, _> = self.ports.iter().map(|port| ForwardSpec::parse("", port)).collect();
        let specs = specs.map_err(|error| Usage(error.to_string()))?;
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let outcome = runtime.block_on(async {
            let client = choice::connect(global).await?;
            let node = nodes::target(&client, &self.node).await?;
            let specs = specs.into_iter().map(|spec| ForwardSpec { node: node.clone(), ..spec });
            forward(client, &self.node, specs.collect()).await
        });
        runtime.shutdown_timeout(Duration::from_millis(200));
        outcome
    }
}

async fn forward(client: Client, node: &str, specs: Vec<ForwardSpec>) -> anyhow::Result<ExitCode> {
    let stop = stopped()?;
    let mut running = Vec::new();
    for spec in specs {
        match Running::start(client.clone(), spec.clone()).await {
            Ok(forward) => {
                writeln!(std::io::stdout(), "{} -> {spec} through {node}", forward.local_addr())?;
                running.push((spec, forward));
            }
            Err(error) => {
                end(running).await;
                return Err(error.into());
            }
        }
    }
    let mut tellers = JoinSet::new();
    for (spec, forward) in &running {
        tellers.spawn(tell(spec.to_string(), forward.watch()));
    }
    let mut stop = std::pin::pin!(stop);
    let stopped = loop {
        tokio::select! {
            () = &mut stop => break true,
            teller = tellers.join_next() => if teller.is_none() {
                break false;
            },
        }
    };
    tellers.shutdown().await;
    end(running).await;
    Ok(if stopped { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Says what happens to a forward, as far as somebody should know. Done when it is over.
async fn tell(what: String, mut status: watch::Receiver<ForwardStatus>) {
    let mut last = ForwardStatus::default();
    while status.changed().await.is_ok() {
        let now = status.borrow_and_update().clone();
        match &now.phase {
            ForwardPhase::Reconnecting { attempt: 1 } if last.phase != now.phase => {
                talk::say(&format!("fleetdeck: {what}: connection lost, trying again"));
            }
            ForwardPhase::Open if matches!(last.phase, ForwardPhase::Reconnecting { .. }) => {
                talk::say(&format!("fleetdeck: {what}: connected again"));
            }
            ForwardPhase::Closed { reason } => {
                let reason = reason.as_deref().unwrap_or("stopped");
                return talk::say(&format!("fleetdeck: {what}: {reason}"));
            }
            _ => {}
        }
        if let Some(note) = now.note.as_ref().filter(|_| now.note != last.note) {
            talk::say(&format!("fleetdeck: {what}: {note}"));
        }
        last = now;
    }
}

/// Ends all forwards together and says what they carried.
async fn end(running: Vec<(ForwardSpec, Running)>) {
    let mut stopping = JoinSet::new();
    for (spec, forward) in running {
        stopping.spawn(async move {
            let status = forward.watch();
            forward.stop().await;
            let ForwardStatus { accepted, sent, received, .. } = *status.borrow();
            talk::say(&format!("{spec}: {accepted} connections, {sent} bytes sent, {received} bytes received"));
        });
    }
    while stopping.join_next().await.is_some() {}
}
