//! `fleetdeck` without a verb: the console on the chosen fleet.

use std::{process::ExitCode, sync::Arc, time::Duration};

use tokio::sync::Mutex;

use anyhow::Context as _;

use super::{Global, choice, local::Tenancy, record::Record};
use crate::{
    client::{self, Client},
    config::{
        context::{Choice, LOCAL},
        paths::Paths,
        place::Place,
        settings::Settings,
    },
    console::{self, Connect, log, session::Session},
};

/// Opens the console on what the command line, the contexts file or AWS's configuration name, else on `local`.
pub fn run(global: &Global, record: Record) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let outcome = runtime.block_on(live(global, record));
    runtime.shutdown_timeout(Duration::from_millis(200));
    outcome
}

async fn live(global: &Global, record: Record) -> anyhow::Result<ExitCode> {
    let place = match choice::choose(global)? {
        Choice::Remote { name, context } => Place {
            name: name.or_else(|| context.profile.clone()).unwrap_or_else(|| "aws".to_owned()),
            read_only: context.read_only,
            context,
            ..Place::default()
        },
        Choice::Local => Place::local(),
    };
    let tenancy = Arc::<Mutex<Option<Tenancy>>>::default();
    let held = tenancy.clone();
    let connect: Connect = Box::new(move |place| match place.name == LOCAL {
        true => Box::pin(start_local(held.clone())),
        false => Box::pin(Client::connect(choice::remote(Some(place.name.clone()), place.context.clone()))),
    });
    let outcome = open(connect, place, true, global, record).await;
    drop(tenancy.lock().await.take());
    outcome
}

/// Starts what is missing of the local fleet, which then stays as long as the tenancy that is put there.
async fn start_local(tenancy: Arc<Mutex<Option<Tenancy>>>) -> Result<Client, client::Error> {
    let mut tenancy = tenancy.lock().await;
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

/// Runs the console until it is left or the process is asked to end. It opens at once, whenever a client comes. A `lasting`
/// place is there again next time, so that the console takes up how it was left.
pub async fn open(
    connect: Connect,
    place: Place,
    lasting: bool,
    global: &Global,
    record: Record,
) -> anyhow::Result<ExitCode> {
    let paths = Paths::discover()?;
    let wish = global.log.as_deref().map_or_else(log::Wish::none, |word| log::Wish::read(word, &paths.log()));
    log::begin(&wish).context("the log cannot be written")?;
    let settings = console::settings(&paths)?;
    let context = &place.context;
    let scope = [Some(&place.name), context.profile.as_ref(), context.region.as_ref(), context.endpoint_url.as_ref()];
    let session = lasting.then(|| Session::of(&paths, &scope.map(|part| part.map(String::as_str))));
    let color = global.color;
    let adjust = Box::new(move |settings: &mut Settings| settings.color = color.unwrap_or(settings.color));
    let (theme, read_only, places, record) = (global.theme.clone(), global.read_only, vec![place], record.wanted());
    let options = console::Options {
        places,
        connect,
        read_only,
        theme,
        settings,
        adjust,
        paths,
        session,
        record,
        apart: apart(),
    };
    console::run(options).await?;
    Ok(ExitCode::SUCCESS)
}

/// The words that start a program away from our terminal: this binary, which leaves it and becomes the program.
fn apart() -> Vec<std::ffi::OsString> {
    let own = std::env::current_exe().ok();
    own.map(|own| vec![own.into(), "apart".into(), "--".into()]).unwrap_or_default()
}
