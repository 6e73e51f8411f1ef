//! On which nodes a command runs, and how many those are.

use clap::Args;

use crate::{
    cli::nodes::{describe, filters, ids_of, pair},
    client::Client,
    ssm::Target,
};

/// On which nodes.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct Whom {
    /// Nodes by id.
    #[arg(long = "instance", value_name = "ID", num_args = 1.., value_delimiter = ',')]
    instances: Vec<String>,
    /// Nodes by name.
    #[arg(long = "name", value_name = "NAME", num_args = 1..)]
    names: Vec<String>,
    /// Nodes that fit all of these: tag:Role=web, tag-key=Role, resource-groups:Name=app; values separated by commas.
    #[arg(long, value_name = "KEY=VALUE", num_args = 1.., value_parser = pair)]
    targets: Vec<(String, String)>,
    /// All nodes.
    #[arg(long)]
    all: bool,
}

impl Whom {
    /// Ids, or targets for the service to resolve.
    pub(super) async fn resolve(&self, client: &Client) -> anyhow::Result<(Vec<String>, Vec<Target>)> {
        if self.all {
            let everybody = Target { key: Some("InstanceIds".to_owned()), values: vec!["*".to_owned()] };
            return Ok((Vec::new(), vec![everybody]));
        }
        if !self.names.is_empty() {
            return Ok((ids_of(client, &self.names).await?, Vec::new()));
        }
        let targets = filters(self.targets.iter().cloned());
        let targets = targets.into_iter().map(|filter| Target { key: Some(filter.key), values: filter.values });
        Ok((self.instances.clone(), targets.collect()))
    }
}

/// How many nodes that would be now; `None` if only the service can tell.
pub(super) async fn count(client: &Client, ids: &[String], targets: &[Target]) -> anyhow::Result<Option<usize>> {
    if targets.is_empty() {
        return Ok(Some(ids.len()));
    }
    let pairs = targets.iter().map(|target| (target.key.clone().unwrap_or_default(), target.values.join(",")));
    let pairs: Vec<_> = pairs.filter(|(key, values)| (key.as_str(), values.as_str()) != ("InstanceIds", "*")).collect();
    if pairs.iter().any(|(key, _)| key.starts_with("resource-groups:")) {
        return Ok(None);
    }
    Ok(Some(client.all(describe(filters(pairs))).await?.len()))
}
