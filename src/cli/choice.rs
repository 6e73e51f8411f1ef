//! From the command line to a client: contexts file, flags, AWS's own configuration, or the local fleet.

use std::fs;

use anyhow::Context as _;
use etcetera::BaseStrategy;

use super::{Global, local};
use crate::{
    client::{Client, Settings},
    config::context::{Choice, Context, Contexts, aws_is_configured},
};

/// What the user means.
///
/// Errors: a contexts file that cannot be read, a context that is not there.
pub fn choose(global: &Global) -> anyhow::Result<Choice> {
    let flags = Context {
        profile: global.profile.clone(),
        region: global.region.clone(),
        endpoint_url: global.endpoint_url.clone(),
        ..Context::default()
    };
    let base = etcetera::choose_base_strategy().ok();
    let contexts = match base.as_ref().map(|base| base.config_dir().join("fleetdeck").join("contexts.toml")) {
        Some(file) if file.exists() => {
            let text = fs::read_to_string(&file).with_context(|| file.display().to_string())?;
            Contexts::parse(&text).with_context(|| file.display().to_string())?
        }
        _ => Contexts::default(),
    };
    let configured = aws_is_configured(
        |name| std::env::var_os(name),
        base.as_ref().map(|base| base.home_dir()),
        std::path::Path::exists,
    );
    Ok(contexts.choose(global.context.as_deref(), &flags, configured)?)
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
