//! `fleetdeck` without a verb: the console on the chosen fleet.

use std::{process::ExitCode, sync::Arc, time::Duration};

use futures_util::future::BoxFuture;
use tokio::sync::Mutex;

use anyhow::Context as _;

use super::{Global, choice, local::Tenancy, record::Record};
use crate::{
    client::{self, Client},
    config::{
        aws::SignIn,
        context::LOCAL,
        paths::Paths,
        place::{Catalogue, Place},
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
    let (catalogue, places) = choice::places(global)?;
    open(catalogue, places, Box::new(|_| None), true, global, record).await
}

/// How the client for a place is made that is in no file, if it is one.
pub type Own = Box<dyn Fn(&Place) -> Option<BoxFuture<'static, Result<Client, client::Error>>> + Send>;

/// Starts what is missing of the local fleet, which then stays as long as the tenancy that is put there.
async fn start_local(tenancy: Arc<Mutex<Option<Tenancy>>>) -> Result<Client, client::Error> {
    let mut tenancy = tenancy.lock().await;
    let tenancy = match &mut *tenancy {
        Some(tenancy) => tenancy,
        none => none.insert(Tenancy::begin().await.map_err(in_words)?),
    };
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

/// Runs the console on these places until it is left or the process is asked to end. It opens at once, whenever a client
/// comes. `lasting` places are there again next time, so that the console takes up how it was left.
pub async fn open(
    mut catalogue: Catalogue,
    places: Vec<Place>,
    own: Own,
    lasting: bool,
    global: &Global,
    record: Record,
) -> anyhow::Result<ExitCode> {
    let paths = Paths::discover()?;
    let wish = match global.log.as_deref() {
        Some(word) => log::Wish::read(word, &paths.log()),
        None => log::Wish::usual(&paths.log(), std::env::var("RUST_LOG").ok().as_deref()),
    };
    log::begin(&wish).context("the log cannot be written")?;
    let settings = console::settings(&paths);
    let scope = places.iter().flat_map(|place| {
        let context = &place.context;
        [Some(&place.name), context.profile.as_ref(), context.region.as_ref(), context.endpoint_url.as_ref()]
    });
    let scope: Vec<_> = scope.map(|part| part.map(String::as_str)).collect();
    let session = lasting.then(|| Session::of(&paths, &scope));
    let (color, theme_is_given) = (global.color, global.theme.is_some());
    let adjust = Box::new(move |settings: &mut Settings| {
        settings.color = color.unwrap_or(settings.color);
        if theme_is_given {
            // Who names a theme means it, wherever one looks.
            settings.policies.iter_mut().for_each(|policy| policy.theme = None);
        }
    });
    let scope = places.iter().map(|place| place.name.clone()).collect();
    // What flags changed, or what is in no file, is looked at as it is.
    catalogue.own = places;
    let tenancy = Arc::<Mutex<Option<Tenancy>>>::default();
    let held = tenancy.clone();
    let aws = catalogue.clone();
    let apart = apart();
    let away = apart.clone();
    let connect: Connect = Box::new(move |place| match own(place) {
        Some(client) => client,
        None if place.context.broken.is_some() => {
            let what = place.context.broken.clone().unwrap_or_default();
            Box::pin(std::future::ready(Err(client::Error::Config(what))))
        }
        None if place.is_local() => Box::pin(start_local(held.clone())),
        None => {
            let way = aws.sign_in(place);
            let role_wants_code = matches!(&way, Some(SignIn::Code { profile, .. }) if profile.role_arn.is_some());
            let sign_in = way.map(|way| way.identifier().to_owned());
            let settings = choice::remote(Some(place.name.clone()), place.context.clone());
            let apart = away.clone();
            Box::pin(Client::connect(client::Settings { sign_in, role_wants_code, apart, ..settings }))
        }
    });
    let (theme, record) = (global.theme.clone(), record.wanted());
    let options =
        console::Options { scope, catalogue, connect, theme, settings, adjust, paths, session, record, apart };
    // On a thread of the runtime, which waits for the clock itself: woken by another thread, each wake-up would cost several.
    let outcome = match tokio::spawn(console::run(options)).await {
        Ok(outcome) => outcome,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    };
    // The fleet of this machine is used until here, and not by the runtime's leave.
    drop(tenancy.lock().await.take());
    outcome.map(|()| ExitCode::SUCCESS)
}

/// The words that start a program away from our terminal: this binary, which leaves it and becomes the program.
fn apart() -> Vec<std::ffi::OsString> {
    let own = std::env::current_exe().ok();
    own.map(|own| vec![own.into(), "apart".into(), "--".into()]).unwrap_or_default()
}
