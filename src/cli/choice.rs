//! From the command line to a client: contexts file, flags, AWS's own configuration, or the local fleet.

use etcetera::BaseStrategy;

use super::{Global, local, talk};
use crate::{
    client::{Client, Settings},
    config::{
        aws::AwsFiles,
        context::{Choice, Context, Contexts, aws_is_configured},
        paths::Paths,
        place::{Catalogue, Place},
    },
};

/// What the user means.
///
/// Errors: a context that is not there, or not in order.
pub fn choose(global: &Global) -> anyhow::Result<Choice> {
    let catalogue = catalogue(global)?;
    let named = match &global.context[..] {
        [] => None,
        [name] => Some(name.as_str()),
        _ => anyhow::bail!("only the console works with several contexts at once; name one"),
    };
    let choice = chosen(&catalogue, named)?;
    let broken = match &choice {
        Choice::Remote { context, .. } => context.broken.clone(),
        Choice::Local => None,
    };
    // What is wrong with other contexts than the one that is meant is said, and nothing more.
    for problem in &catalogue.contexts.problems {
        if broken.as_ref().is_none_or(|what| !what.contains(&problem.fault())) {
            talk::say(&problem.to_string());
        }
    }
    match broken {
        Some(what) => anyhow::bail!("{what}"),
        None => Ok(choice),
    }
}

/// What the console looks at: the places of several names, or of what the user means without any.
///
/// Errors: a context that is not there. One that is not in order says so once it is called.
pub fn places(global: &Global) -> anyhow::Result<(Catalogue, Vec<Place>)> {
    let catalogue = catalogue(global)?;
    let names = global.context.iter().map(|name| Some(name.as_str()));
    let names: Vec<_> = if global.context.is_empty() { vec![None] } else { names.collect() };
    let place = |named| {
        Ok(match chosen(&catalogue, named)? {
            Choice::Remote { name, context } => {
                let name = name.or_else(|| context.profile.clone()).unwrap_or_else(|| "aws".to_owned());
                Place::from_context(&name, context)
            }
            Choice::Local => Place::local(),
        })
    };
    let places = names.into_iter().map(place).collect::<anyhow::Result<_>>()?;
    Ok((catalogue, places))
}

fn chosen(catalogue: &Catalogue, named: Option<&str>) -> anyhow::Result<Choice> {
    let flags = &catalogue.flags;
    let base = etcetera::choose_base_strategy().ok();
    let configured = aws_is_configured(
        |name| std::env::var_os(name),
        base.as_ref().map(|base| base.home_dir()),
        std::path::Path::exists,
    );
    match (catalogue.contexts.choose(named, flags, configured), named) {
        (Ok(choice), _) => Ok(choice),
        // What is no context may be a profile with its region.
        (Err(unknown), Some(name)) => match catalogue.place(name) {
            Ok(place) => Ok(Choice::Remote { name: Some(place.name), context: place.context.overlaid(flags) }),
            Err(_) => Err(unknown.into()),
        },
        (Err(unknown), None) => Err(unknown.into()),
    }
}

/// The user's contexts and AWS's files.
pub fn catalogue(global: &Global) -> anyhow::Result<Catalogue> {
    let base = etcetera::choose_base_strategy().ok();
    let contexts = Paths::discover().map_or_else(|_| Contexts::default(), |paths| Contexts::of_file(&paths));
    let aws = AwsFiles::read(|name| std::env::var_os(name), base.as_ref().map(|base| base.home_dir()));
    let flags = Context {
        profile: global.profile.clone(),
        region: global.region.clone(),
        endpoint_url: global.endpoint_url.clone(),
        ..Context::default()
    };
    Ok(Catalogue { contexts, aws, flags, read_only: global.read_only, ..Catalogue::default() })
}

/// The settings of a fleet that is not the local one.
pub fn remote(name: Option<String>, context: Context) -> Settings {
    Settings {
        profile: context.profile,
        region: context.region,
        endpoint_url: context.endpoint_url,
        credentials_file: context.credentials_file,
        context: name,
        keys: None,
        sign_in: None,
        role_wants_code: false,
        apart: Vec::new(),
    }
}

/// Whom a verb calls. The local fleet has to be running already.
pub async fn settings(global: &Global) -> anyhow::Result<Settings> {
    match choose(global)? {
        Choice::Remote { name, context } => Ok(remote(name, context)),
        Choice::Local => local::settings().await,
    }
}

/// A verb's client.
pub async fn connect(global: &Global) -> anyhow::Result<Client> {
    Ok(Client::connect(settings(global).await?).await?)
}
