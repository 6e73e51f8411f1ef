//! `fleetdeck` without a verb: the console on the chosen fleet.

use std::{process::ExitCode, time::Duration};

use super::{Global, choice, local::Tenancy};
use crate::{
    client::{self, Client},
    config::{
        context::{Choice, LOCAL},
        paths::Paths,
    },
    console,
};

/// What the console says about the place it looks at.
#[derive(Clone, Debug, Default)]
pub struct Place {
    /// The name of the context.
    pub context: String,
    /// A line that is always shown, where the user should know something.
    pub notice: Option<String>,
    /// Whether everything that changes something is refused.
    pub read_only: bool,
    /// Whether nodes come by themselves, so that an empty fleet is one that is still starting.
    pub arriving: bool,
    /// Whether the fleet lives on this machine, where looking often costs nothing and nodes come and go in seconds.
    pub nearby: bool,
}

/// Seconds between background refreshes of a fleet on this machine.
const NEARBY_REFRESH: u64 = 2;

/// Opens the console on what the command line, the contexts file or AWS's configuration name, else on `local`.
pub fn run(global: &Global) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let outcome = runtime.block_on(live(global));
    runtime.shutdown_timeout(Duration::from_millis(200));
    outcome
}

async fn live(global: &Global) -> anyhow::Result<ExitCode> {
    match choice::choose(global)? {
        Choice::Remote { name, context } => {
            let place = Place {
                context: name.clone().or_else(|| context.profile.clone()).unwrap_or_else(|| "aws".to_owned()),
                notice: None,
                arriving: false,
                read_only: context.read_only,
                nearby: false,
            };
            open(Client::connect(choice::remote(name, context)), place, global).await
        }
        Choice::Local => {
            let mut tenancy = None;
            let place = Place {
                context: LOCAL.to_owned(),
                notice: Some("local: this machine is the fleet; commands and shells run here".to_owned()),
                arriving: true,
                read_only: false,
                nearby: true,
            };
            open(start_local(&mut tenancy), place, global).await
        }
    }
}

/// Starts what is missing of the local fleet, which then stays as long as the tenancy that is put there.
async fn start_local(tenancy: &mut Option<Tenancy>) -> Result<Client, client::Error> {
    let tenancy = tenancy.insert(Tenancy::begin().await.map_err(in_words)?);
    let client = Client::connect(tenancy.engine.settings(LOCAL)).await?;
    if let Err(error) = tenancy.agent(&client).await {
        tracing::warn!("the agent of this machine: {error:#}");
    }
    Ok(client)
}

/// What went wrong on the way to a client, for whoever shows it.
pub fn in_words(error: anyhow::Error) -> client::Error {
    client::Error::Config(format!("{error:#}"))
}

/// Runs the console until it is left or the process is asked to end. It opens at once, whenever the client comes.
pub async fn open(
    client: impl Future<Output = Result<Client, client::Error>>,
    place: Place,
    global: &Global,
) -> anyhow::Result<ExitCode> {
    let paths = Paths::discover()?;
    let mut settings = console::settings(&paths)?;
    let Place { context, notice, arriving, read_only, nearby } = place;
    if nearby {
        settings.refresh = settings.refresh.min(NEARBY_REFRESH);
    }
    let read_only = read_only || global.read_only;
    let theme = global.theme.clone();
    console::run(console::Options { client, context, notice, arriving, read_only, theme, settings, paths }).await?;
    Ok(ExitCode::SUCCESS)
}
