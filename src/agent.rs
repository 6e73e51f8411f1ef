//! The managed node: registers, keeps a control channel to the service, runs documents and sessions, reports what it finds.
//!
//! ```text
//! identity ── credentials ── api ──┬── heartbeat
//!                                  ├── control ── executor ── command ── plugin ── process
//!                                  │      └────── session ── pty
//!                                  └── patch, inventory
//! dir, journal, outbox: what must outlive the process
//! ```
//!
//! It knows `wire` and `ssm` and nothing else of the house: what it has to say to an engine it says in AWS's protocol.

pub mod api;
mod backoff;
mod command;
mod control;
mod credentials;
mod dir;
mod executor;
mod facts;
mod heartbeat;
mod identity;
mod inventory;
mod isolate;
mod journal;
mod logs;
mod outbox;
mod patch;
mod plugin;
mod process;
mod references;
mod report;
mod session;
mod step_log;
mod tls;
mod tool;

use std::{
    io,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio_util::sync::CancellationToken;

use api::{Api, CallError, Endpoints};
use control::Control;
use credentials::Renewal;
use executor::Executor;
use journal::Journal;
use outbox::Outbox;
use session::Sessions;
pub use session::account::become_user;

pub use dir::{DataDir, DirError};
pub use identity::{Activation, Identity, IdentityError, Registration};
pub use isolate::{end_others, isolate};
pub use process::is_ignored;
pub use tls::Tls;

use crate::ssm::clock::Clock;

/// How many commands run at a time unless somebody says otherwise.
pub const DEFAULT_WORKERS: usize = 5;
/// How often the journal is tidied.
const TIDY: Duration = Duration::from_secs(6 * 3600);

/// How an agent is started.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where the service is; what was registered counts if absent.
    pub endpoint_url: Option<String>,
    /// The region on the first start; afterwards what was registered counts.
    pub region: Option<String>,
    /// Needed on the first start.
    pub activation: Option<Activation>,
    /// Commands at a time.
    pub workers: usize,
    /// Whether a script that exits with 194 restarts the machine.
    pub allow_reboot: bool,
    /// Whether running scripts are killed when the agent is stopped, instead of being found again by the next one.
    pub kill_on_stop: bool,
}

/// Why an agent does not run.
#[derive(Debug, thiserror::Error)]
pub enum AgentError {
    /// There is no identity.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// The address or the trust is wrong.
    #[error("{0}")]
    Settings(String),
    /// The HTTP client cannot be made.
    #[error("cannot start: {0}")]
    Start(#[from] CallError),
    /// The journal cannot be read.
    #[error("cannot read the journal: {0}")]
    Journal(#[from] io::Error),
    /// The system gives no signal handlers.
    #[error("cannot handle signals: {0}")]
    Signals(io::Error),
}

/// What every part of a running agent shares.
pub struct Node {
    instance_id: String,
    api: Arc<Api>,
    renewal: Arc<Renewal>,
    clock: Clock,
    allow_reboot: bool,
    stopping: AtomicBool,
}

impl Node {
    /// Whether the agent is ending: it takes no more work, and its sessions end.
    fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }

    /// A script has asked for a restart of the machine.
    fn ask_for_reboot(&self) {
        if !self.allow_reboot {
            tracing::warn!(
                "a script has asked for a restart of the machine; the command goes on after the next one (start with --allow-reboot to \
                 let scripts restart it)"
            );
            return;
        }
        tracing::warn!("a script has asked for a restart of the machine: in one minute");
        if let Err(error) = std::process::Command::new("shutdown").args(["-r", "+1"]).spawn() {
            tracing::error!("cannot restart the machine: {error}");
        }
    }
}

/// Runs an agent until `stop` is cancelled: registers if need be, then serves.
pub async fn run(dir: DataDir, options: Options, clock: Clock, stop: CancellationToken) -> Result<(), AgentError> {
    let stored = Identity::load(&dir)?;
    let registered = stored.as_ref().map(|identity| &identity.registration);
    let endpoints = Endpoints::new(
        options.endpoint_url.as_deref().or(registered.and_then(|r| r.endpoint_url.as_deref())),
        registered.map(|r| r.region.as_str()).or(options.region.as_deref()),
    )
    .map_err(|sentence| match (&stored, &options.activation) {
        (None, None) => AgentError::Identity(IdentityError::NotRegistered),
        _ => AgentError::Settings(sentence),
    })?;
    let tls = Tls::from_environment().map_err(AgentError::Settings)?;
    let api = Arc::new(Api::new(endpoints, tls, clock.clone())?);
    let identity = match (stored, &options.activation) {
        (Some(mut identity), _) => {
            if identity.registration.endpoint_url != api.endpoints().custom {
                identity.registration.endpoint_url.clone_from(&api.endpoints().custom);
                identity.store(dir.root())?;
            }
            identity
        }
        (None, Some(activation)) => {
            let identity = Identity::register(&dir, &api, activation, clock.now()).await?;
            tracing::info!("registered as {}", identity.instance_id());
            identity
        }
        (None, None) => return Err(IdentityError::NotRegistered.into()),
    };
    serve(dir, options, clock, stop, api, Arc::new(identity)).await
}

async fn serve(
    dir: DataDir,
    options: Options,
    clock: Clock,
    stop: CancellationToken,
    api: Arc<Api>,
    identity: Arc<Identity>,
) -> Result<(), AgentError> {
    process::restore_signals().map_err(AgentError::Signals)?;
    let renewal = Arc::new(Renewal::new(api.clone(), identity.clone()));
    let node = Arc::new(Node {
        instance_id: identity.instance_id().to_owned(),
        api,
        renewal: renewal.clone(),
        clock,
        allow_reboot: options.allow_reboot,
        stopping: AtomicBool::new(false),
    });
    let outbox = Arc::new(Outbox::default());
    let journal = Journal::open(dir.join("commands"))?;
    let executor = Executor::new(node.clone(), journal, outbox.clone(), options.workers);
    let sessions = Arc::new(Sessions::new(node.clone(), outbox.clone(), dir.join("sessions"))?);
    let control = Control::new(node.clone(), executor.clone(), sessions.clone(), outbox);
    executor.resume()?;
    sessions.expire();
    sessions.resume()?;
    tracing::info!("agent {} serves {}", node.instance_id, node.api.endpoints().service("ssm"));
    let tidy = async {
        loop {
            tokio::time::sleep(TIDY).await;
            executor.expire();
            sessions.expire();
        }
    };
    let mut line = pin!(control.run());
    tokio::select! {
        () = renewal.run() => {}
        () = heartbeat::run(&node) => {}
        () = &mut line => {}
        () = tidy => {}
        () = stop.cancelled() => {}
    }
    node.stopping.store(true, Ordering::Relaxed);
    // The line stays up meanwhile: the service hears, and tells the users, why their sessions end.
    tokio::select! {
        () = &mut line => {}
        () = sessions.end_all() => {}
    }
    if options.kill_on_stop {
        executor.kill_all().await;
    }
    tracing::info!("agent {} has stopped", node.instance_id);
    Ok(())
}

#[cfg(test)]
mod tests;
