//! `fleetdeck nodes`: the managed nodes, as their pages come.

use std::{collections::BTreeSet, pin::pin, process::ExitCode};

use clap::Args;
use futures_util::{StreamExt, TryStreamExt, stream};
use serde::Serialize;

use super::{
    Global,
    output::{Column, Format, Listing, text_of},
    talk,
};
use crate::{
    client::{self, Client},
    config::forward::tag_of,
    console::text,
    ssm::{
        DescribeInstanceInformation, InstanceInformation, InstanceInformationStringFilter, ListTagsForResource,
        PingStatus, ResourceTypeForTagging, Tag, Timestamp,
    },
};

/// How many nodes are asked for their tags at once.
const AT_ONCE: usize = 8;
/// The most that `DescribeInstanceInformation` answers in one page.
const PAGE: i32 = 50;

/// How ids of nodes begin.
const ID_PREFIXES: &[&str] = &["mi-", "i-", "ecs:"];

/// List the managed nodes.
#[derive(Debug, Args)]
pub struct Nodes {
    /// Only nodes with one of these values: PingStatus=Online, PlatformTypes=Linux, InstanceIds=…; values separated by
    /// commas.
    #[arg(long, value_name = "KEY=VALUE", num_args = 1.., value_parser = pair)]
    filter: Vec<(String, String)>,
    /// Only nodes with this tag.
    #[arg(long, value_name = "KEY=VALUE", num_args = 1.., value_parser = pair)]
    tag: Vec<(String, String)>,
    /// Show the tags too; one more call for each node.
    #[arg(long)]
    tags: bool,
}

/// Reads `KEY=VALUE`; the value may hold further equals signs.
pub fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("expected KEY=VALUE".to_owned()),
    }
}

/// A node and, where they were asked for, its tags.
#[derive(Debug, Serialize)]
struct Row {
    #[serde(flatten)]
    node: InstanceInformation,
    #[serde(rename = "Tags", skip_serializing_if = "Option::is_none")]
    tags: Option<Vec<Tag>>,
}

impl Row {
    /// The name that a tag gives it, where tags were asked for.
    fn tag_name(&self) -> Option<&str> {
        let named = self.tags.iter().flatten().find(|tag| tag.key == "Name");
        named.map(|tag| tag.value.as_str()).filter(|name| !name.is_empty())
    }
}

const COLUMNS: &[Column<Row>] = &[
    ("NAME", |row| row.tag_name().map_or_else(|| name_of(&row.node), str::to_owned)),
    ("ID", |row| text_of(&row.node.instance_id)),
    ("PING", |row| text_of(&row.node.ping_status)),
    ("PLATFORM", |row| format!("{} {}", text_of(&row.node.platform_name), text_of(&row.node.platform_version))),
    ("AGENT", |row| text_of(&row.node.agent_version)),
    ("IP", |row| text_of(&row.node.ip_address)),
];
const LAST_SEEN: Column<Row> = ("LAST SEEN", |row| row.node.last_ping_date_time.map(ago).unwrap_or_default());
/// What is kept is read later, when "ago" says nothing.
const LAST_PING: Column<Row> = ("LAST SEEN", |row| text_of(&row.node.last_ping_date_time));
const TAGS: Column<Row> = ("TAGS", |row| {
    let tags = row.tags.iter().flatten().map(|tag| format!("{}={}", tag.key, tag.value));
    tags.collect::<Vec<_>>().join(" ")
});

fn ago(at: Timestamp) -> String {
    format!("{} ago", text::span(Timestamp::now().since(at)))
}

/// What a node is called: its name, else the host name it reports, else its id.
pub fn name_of(node: &InstanceInformation) -> String {
    let names = [&node.name, &node.computer_name, &node.instance_id];
    names.into_iter().flatten().find(|name| !name.is_empty()).cloned().unwrap_or_default()
}

impl Nodes {
    /// Lists them.
    pub fn run(self, global: &Global) -> anyhow::Result<ExitCode> {
        global.with_client(async |client| {
            let tags = self.filters_by_tag();
            let filters = filters(self.filter.iter().cloned().chain(tags));
            let seen = if global.output == Format::Csv { LAST_PING } else { LAST_SEEN };
            let columns = COLUMNS.iter().copied().chain([seen]).chain(self.tags.then_some(TAGS));
            let nothing = match filters.is_empty() {
                true => "No node is registered: create an activation, then `fleetdeck agent` on the machine.",
                false => "No node fits.",
            };
            let mut listing = Listing::new(global.output, columns);
            let mut pages = pin!(client.pages(describe(filters)));
            let mut some = false;
            while let Some(page) = pages.try_next().await? {
                some |= !page.is_empty();
                listing.page(&self.rows(&client, page).await?, |row| serde_json::to_value(row).unwrap_or_default())?;
            }
            listing.end()?;
            if !some {
                talk::say(nothing);
            }
            Ok(ExitCode::SUCCESS)
        })
    }

    fn filters_by_tag(&self) -> impl Iterator<Item = (String, String)> {
        self.tag.iter().map(|(key, value)| (format!("tag:{key}"), value.clone()))
    }

    async fn rows(&self, client: &Client, page: Vec<InstanceInformation>) -> Result<Vec<Row>, client::Error> {
        if !self.tags {
            return Ok(page.into_iter().map(|node| Row { node, tags: None }).collect());
        }
        let ids = page.iter().filter_map(|node| node.instance_id.clone());
        let instances: Vec<String> = ids.filter(|id| id.starts_with("i-")).collect();
        let of_instances = &client.instance_tags(&instances).await?;
        let rows = page.into_iter().map(async |node| {
            let id = node.instance_id.clone().unwrap_or_default();
            let tags = match id.starts_with("mi-") {
                true => tags(client, id).await?,
                false => of_instances.get(&id).cloned().unwrap_or_default(),
            };
            Ok(Row { tags: Some(tags), node })
        });
        stream::iter(rows).buffered(AT_ONCE).try_collect().await
    }
}

/// The nodes that fit, in pages as large as the service makes them.
pub fn describe(filters: Vec<InstanceInformationStringFilter>) -> DescribeInstanceInformation {
    DescribeInstanceInformation { filters, max_results: Some(PAGE), ..Default::default() }
}

/// Filters of the API: the values of one key are alternatives, different keys must all fit.
pub fn filters(pairs: impl IntoIterator<Item = (String, String)>) -> Vec<InstanceInformationStringFilter> {
    let mut filters: Vec<InstanceInformationStringFilter> = Vec::new();
    for (key, values) in pairs {
        let values = values.split(',').map(str::to_owned);
        match filters.iter_mut().find(|filter| filter.key == key) {
            Some(filter) => filter.values.extend(values),
            None => filters.push(InstanceInformationStringFilter { key, values: values.collect() }),
        }
    }
    filters
}

/// The tags of a node. Systems Manager keeps them for hybrid nodes only; those of an EC2 instance are EC2's.
pub async fn tags(client: &Client, id: String) -> Result<Vec<Tag>, client::Error> {
    if !id.starts_with("mi-") {
        return Ok(client.instance_tags(std::slice::from_ref(&id)).await?.remove(&id).unwrap_or_default());
    }
    let request = ListTagsForResource { resource_type: ResourceTypeForTagging::ManagedInstance, resource_id: id };
    Ok(client.call(request).await?.tag_list)
}

/// The ids of the nodes that are called so: by the tag `Name`, by their name, their host name or their id. Every name must
/// belong to exactly one node.
pub async fn ids_of(client: &Client, names: &[String]) -> anyhow::Result<Vec<String>> {
    let tagged = stream::iter(names).map(|name| tagged(client, name)).buffered(AT_ONCE).try_collect::<Vec<_>>();
    let (nodes, tagged) = tokio::try_join!(client.all(describe(Vec::new())), tagged)?;
    names.iter().zip(tagged).map(|(name, tagged)| id_of(&nodes, &tagged, name)).collect()
}

/// The nodes whose tag `Name` has this value. No answer names tags, so the service is asked for them.
async fn tagged(client: &Client, name: &str) -> Result<Vec<InstanceInformation>, client::Error> {
    if name.is_empty() || is_id(name) {
        return Ok(Vec::new());
    }
    let filter = InstanceInformationStringFilter { key: "tag:Name".to_owned(), values: vec![name.to_owned()] };
    client.all(describe(vec![filter])).await
}

fn is_id(name: &str) -> bool {
    ID_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

/// The target of a session: the id of the node with this id or name, or of any connected node with the tag of `tag:KEY=VALUE`.
/// An id needs no look-up, and no permission to list nodes.
pub async fn target(client: &Client, node: &str) -> anyhow::Result<String> {
    if is_id(node) {
        return Ok(node.to_owned());
    }
    if let Some((key, value)) = tag_of(node) {
        let filter = InstanceInformationStringFilter { key: format!("tag:{key}"), values: vec![value.to_owned()] };
        let tagged = client.all(describe(vec![filter])).await?;
        let online = |node: &&InstanceInformation| node.ping_status == Some(PingStatus::Online);
        let ids: BTreeSet<_> = tagged.iter().filter(online).filter_map(|node| node.instance_id.clone()).collect();
        let Some(id) = ids.into_iter().next() else {
            anyhow::bail!("no connected node has the tag {key}={value}; `fleetdeck nodes --tags` lists them")
        };
        return Ok(id);
    }
    Ok(ids_of(client, &[node.to_owned()]).await?.remove(0))
}

fn id_of(nodes: &[InstanceInformation], tagged: &[InstanceInformation], name: &str) -> anyhow::Result<String> {
    let called = |node: &&InstanceInformation| {
        [&node.name, &node.computer_name, &node.instance_id].into_iter().any(|known| known.as_deref() == Some(name))
    };
    let found = nodes.iter().filter(called).chain(tagged);
    let ids: BTreeSet<_> = found.filter_map(|node| node.instance_id.as_deref()).collect();
    match Vec::from_iter(ids).as_slice() {
        [id] => Ok((*id).to_owned()),
        [] => anyhow::bail!("no node is called {name}; `fleetdeck nodes` lists them"),
        several => {
            anyhow::bail!("{} nodes are called {name}: {}; name one by its id", several.len(), several.join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(id: &str, name: &str) -> InstanceInformation {
        InstanceInformation { instance_id: Some(id.into()), name: Some(name.into()), ..Default::default() }
    }

    #[test]
    fn values_of_one_key_are_alternatives() {
        let pair = |text| pair(text).unwrap();
        let got = filters([pair("PingStatus=Online,Inactive"), pair("tag:Role=web"), pair("tag:Role=db")]);
        let got: Vec<_> = got.iter().map(|filter| (filter.key.as_str(), filter.values.join("|"))).collect();
        assert_eq!(got, [("PingStatus", "Online|Inactive".to_owned()), ("tag:Role", "web|db".to_owned())]);
        assert!(super::pair("=x").is_err() && super::pair("x").is_err());
    }

    #[test]
    fn a_name_means_one_node() {
        let nodes = [node("mi-1", "web"), node("mi-2", "db"), node("mi-3", "db")];
        let id_of = |name, tagged: &[_]| id_of(&nodes, tagged, name).map_err(|error| error.to_string());
        assert_eq!(id_of("web", &[]).unwrap(), "mi-1");
        assert_eq!(id_of("mi-2", &[]).unwrap(), "mi-2");
        assert!(id_of("db", &[]).unwrap_err().contains("2 nodes are called db: mi-2, mi-3"));
        assert!(id_of("cache", &[]).is_err());
        // The tag names a node as well as anything else does; the same node twice is one node.
        assert_eq!(id_of("shop", &[node("mi-3", "db")]).unwrap(), "mi-3");
        assert_eq!(id_of("web", &[node("mi-1", "web")]).unwrap(), "mi-1");
        assert!(id_of("web", &[node("mi-3", "db")]).unwrap_err().contains("mi-1, mi-3"));
    }
}
