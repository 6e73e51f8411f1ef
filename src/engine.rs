//! The embedded control plane: one data directory, one port, AWS's protocol.
//!
//! [`Engine::open`] takes the directory, [`Server`] serves it. Handlers are `async fn(Ctx, Op) -> Result<Op::Output,
//! ApiError>` in one module per capability; all SQL lives below [`store`]. The engine knows neither client nor agent.

mod activations;
mod associations;
pub mod auth;
pub mod caller;
mod channels;
pub mod commands;
mod compliance;
mod control;
mod datadir;
mod documents;
mod ec2messages;
mod groups;
mod housekeeping;
pub mod http;
mod inventory;
mod kms;
mod logs;
mod nodes;
mod output;
pub mod paging;
mod parameters;
mod patch;
pub mod presence;
pub mod random;
mod relay;
mod reserve;
pub mod router;
mod scheduler;
pub mod seal;
mod sessions;
pub mod store;
mod sts;
mod tags;
mod tls;

use std::{path::Path, sync::Arc, time::Duration};

use tokio_util::sync::CancellationToken;

pub use auth::Payload;
pub use caller::Caller;
pub use datadir::OpenError;
pub use http::{Listen, Server};
pub use router::{Ctx, Router};
pub use tls::TlsFiles;

use crate::ssm::{Timestamp, clock::Clock};

/// The account that the engine pretends to be, as other local AWS endpoints have it.
pub const ACCOUNT: &str = "123456789012";

/// What `serve` may switch on.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Skip the signature check: every caller but a node is the account root.
    pub accept_any_credentials: bool,
    /// Let `POST /_reset` empty the engine.
    pub reset_hook: bool,
    /// Aliases of encryption keys to make if they are not there yet, `alias/app`.
    pub keys: Vec<String>,
    /// At what age the data channels of sessions are closed; never if absent. The ends connect again and lose nothing.
    pub channel_age: Option<Duration>,
}

/// One engine over one data directory. Shared by every request.
#[derive(Debug)]
pub struct Engine {
    pub(crate) store: store::Store,
    pub(crate) clock: Clock,
    pub(crate) settings: Settings,
    pub(crate) presence: presence::Presence,
    pub(crate) keyring: seal::Keyring,
    pub(crate) channels: Arc<channels::Channels>,
    pub(crate) relays: relay::Relays,
    pub(crate) output: output::OutputStore,
    housekeeping: housekeeping::Housekeeping,
    agenda: scheduler::Known,
    reserve: Arc<reserve::Reserve>,
    auth: auth::Auth,
    /// Paging tokens of list operations.
    pub tokens: paging::Tokens,
    stop: CancellationToken,
    // Held until the engine is gone: nobody else may open the directory meanwhile.
    _directory: datadir::DataDir,
}

impl Engine {
    /// Opens a data directory, making what is missing.
    ///
    /// Errors: the directory is in use, can be read by others, was written by a newer fleetdeck, or cannot be written.
    pub fn open(directory: &Path, clock: Clock) -> Result<Arc<Self>, OpenError> {
        Self::open_with(directory, clock, Settings::default())
    }

    /// The same with settings.
    pub fn open_with(directory: &Path, clock: Clock, settings: Settings) -> Result<Arc<Self>, OpenError> {
        let directory = datadir::DataDir::open(directory)?;
        let credentials = directory.credentials()?;
        let keyring = seal::Keyring::open(&directory.keys()?, &settings.keys, clock.now())?;
        let store = store::Store::open(&directory.database())?;
        let output = directory.output()?;
        let output = output::OutputStore::open(&output).map_err(|error| OpenError::Io { path: output, error })?;
        Ok(Arc::new(Self {
            auth: auth::Auth::new(credentials, settings.accept_any_credentials),
            tokens: paging::Tokens::new(keyring.derive("paging tokens")),
            presence: presence::Presence::default(),
            stop: CancellationToken::new(),
            reserve: Arc::new(reserve::Reserve::at(directory.reserve())),
            _directory: directory,
            channels: Arc::default(),
            relays: relay::Relays::default(),
            housekeeping: housekeeping::Housekeeping::default(),
            agenda: scheduler::Known::default(),
            output,
            store,
            clock,
            settings,
            keyring,
        }))
    }

    /// The time by the engine's clock.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Cancelled when the engine stops; long-lived connections end themselves then.
    pub fn stopping(&self) -> &CancellationToken {
        &self.stop
    }

    /// Empties the engine: everything but its credentials and keys. Nodes that are on the line are hung up on.
    pub(crate) async fn reset(&self) -> Result<(), crate::ssm::ApiError> {
        self.store.reset().await?;
        self.presence.clear();
        self.channels.clear();
        Ok(())
    }
}

#[cfg(test)]
pub(crate) mod tests;
