//! `fleetdeck compliance`: what share of the fleet is as it should be, and what is missing where.

mod verdict;

use std::{
    collections::HashMap,
    io::{self, Write},
    process::ExitCode,
};

use clap::Args;
use futures_util::{StreamExt, TryStreamExt, stream};
use serde::Serialize;

use super::{
    Global,
    nodes::{describe, ids_of, name_of, tags},
    output::{Column, Format, Listing, json_document, text_of, time},
    talk,
};
use crate::{
    client::{self, Client},
    console::{state::node::natural, text},
    ssm::{
        DescribeInstancePatchStates, DescribeInstancePatches, InstancePatchState, ListResourceComplianceSummaries,
        PatchComplianceData, PatchComplianceDataState, ResourceComplianceSummaryItem, Tag,
    },
};
use verdict::{By, Group, Node, Tally, groups};

/// How many nodes are asked for their tags at once.
const AT_ONCE: usize = 8;
/// As many nodes `DescribeInstancePatchStates` takes at once.
const IDS: usize = 50;

/// Show how much of the fleet is compliant. A node that was never scanned is unknown, and unknown is not compliant.
#[derive(Debug, Args)]
pub struct Compliance {
    /// The patches of this node, by id or name, that are not as they should be.
    #[arg(long, value_name = "NODE", conflicts_with = "by")]
    patches: Option<String>,
    /// Count by severity, patch-group or tag:KEY instead of by node.
    #[arg(long, value_name = "WHAT")]
    by: Option<By>,
}

const COLUMNS: &[Column<Node>] = &[
    ("NAME", |node| node.name.clone()),
    ("ID", |node| node.id.clone()),
    ("STATUS", |node| node.verdict().to_string()),
    ("SEVERITY", |node| node.severity().map(|severity| severity.to_string()).unwrap_or_default()),
    ("MISSING", |node| node.patch_count(|state| state.missing_count)),
    ("FAILED", |node| node.patch_count(|state| state.failed_count)),
    ("REBOOT", |node| node.patch_count(|state| state.installed_pending_reboot_count)),
    ("INSTALLED", |node| node.patch_count(|state| state.installed_count)),
    ("NOT COMPLIANT", |node| node.broken().join(" ")),
    ("SCANNED", |node| time(node.patches.as_ref().map(|state| state.operation_end_time))),
];

const GROUPS: &[Column<Group>] = &[
    ("GROUP", |group| group.name.clone()),
    ("COMPLIANT", |group| format!("{}%", group.tally.percent())),
    ("NODES", |group| group.tally.total().to_string()),
    ("IN ORDER", |group| group.tally.compliant.to_string()),
    ("NOT COMPLIANT", |group| group.tally.non_compliant.to_string()),
    ("UNKNOWN", |group| group.tally.unknown.to_string()),
];

const PATCHES: &[Column<PatchComplianceData>] = &[
    ("PATCH", |patch| patch.kb_id.clone()),
    ("STATE", |patch| patch.state.to_string()),
    ("SEVERITY", |patch| patch.severity.clone()),
    ("CLASSIFICATION", |patch| patch.classification.clone()),
    ("CVE", |patch| text_of(&patch.cve_ids)),
    ("TITLE", |patch| patch.title.clone()),
];

impl Compliance {
    /// Shows it.
    pub fn run(self, global: &Global) -> anyhow::Result<ExitCode> {
        global.with_client(async |client| {
            match &self.patches {
                Some(node) => patches(&client, node, global.output).await?,
                None => self.fleet(&client, global.output).await?,
            }
            Ok(ExitCode::SUCCESS)
        })
    }

    async fn fleet(&self, client: &Client, format: Format) -> anyhow::Result<()> {
        let nodes = gather(client, self.by.as_ref()).await?;
        let tally = Tally::of(&nodes);
        let groups = self.by.as_ref().map(|by| groups(&nodes, by));
        match (format, groups) {
            (Format::Json, groups) => json_document(&Document { summary: &tally, groups, nodes: &nodes }),
            (_, Some(groups)) => {
                summary(format, &tally)?;
                let mut listing = Listing::new(format, GROUPS.iter().copied());
                listing.page(&groups, |_| ())?;
                listing.end()
            }
            (_, None) => {
                summary(format, &tally)?;
                let mut listing = Listing::new(format, COLUMNS.iter().copied());
                listing.page(&nodes, |_| ())?;
                listing.end()
            }
        }
    }
}

/// What no single operation of the API answers.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Document<'a> {
    summary: &'a Tally,
    #[serde(skip_serializing_if = "Option::is_none")]
    groups: Option<Vec<Group>>,
    nodes: &'a [Node],
}

/// The whole fleet in a line above the table.
fn summary(format: Format, tally: &Tally) -> io::Result<()> {
    if format != Format::Table {
        return Ok(());
    }
    writeln!(
        io::stdout(),
        "{}% compliant: {} of {}; {} not compliant, {} unknown (never scanned)\n",
        tally.percent(),
        text::thousands(tally.compliant),
        text::count(tally.total(), "node"),
        text::thousands(tally.non_compliant),
        text::thousands(tally.unknown),
    )
}

/// The fleet with all that is known about its compliance.
async fn gather(client: &Client, by: Option<&By>) -> anyhow::Result<Vec<Node>> {
    let fleet = client.all(describe(Vec::new())).await?;
    let ids: Vec<String> = fleet.iter().filter_map(|node| node.instance_id.clone()).collect();
    let mut states = patch_states(client, &ids).await?;
    let mut summaries: HashMap<String, Vec<ResourceComplianceSummaryItem>> = HashMap::new();
    for item in client.all(ListResourceComplianceSummaries::default()).await? {
        summaries.entry(item.resource_id.clone().unwrap_or_default()).or_default().push(item);
    }
    let mut nodes: Vec<Node> = fleet
        .iter()
        .zip(ids)
        .map(|(node, id)| Node {
            name: name_of(node),
            patches: states.remove(&id),
            summaries: summaries.remove(&id).unwrap_or_default(),
            tags: Vec::new(),
            id,
        })
        .collect();
    if let Some(by) = by {
        let wanted = nodes.iter_mut().filter(|node| by.needs_tags_of(node));
        let asked = wanted.map(async |node| {
            node.tags = tags(client, node.id.clone()).await?;
            Ok::<_, client::Error>(())
        });
        stream::iter(asked).buffer_unordered(AT_ONCE).try_collect::<()>().await?;
    }
    nodes.sort_by(|a, b| a.verdict().cmp(&b.verdict()).then_with(|| natural(&a.name, &b.name)));
    Ok(nodes)
}

async fn patch_states(client: &Client, ids: &[String]) -> Result<HashMap<String, InstancePatchState>, client::Error> {
    let mut states = HashMap::new();
    for ids in ids.chunks(IDS) {
        let request = DescribeInstancePatchStates { instance_ids: ids.to_vec(), ..Default::default() };
        states.extend(client.all(request).await?.into_iter().map(|state| (state.instance_id.clone(), state)));
    }
    Ok(states)
}

/// The patches of a node that are not as they should be.
async fn patches(client: &Client, node: &str, format: Format) -> anyhow::Result<()> {
    let ids = ids_of(client, &[node.to_owned()]).await?;
    if patch_states(client, &ids).await?.is_empty() {
        talk::say(&format!("{node} was never scanned: what it is missing is unknown. AWS-RunPatchBaseline scans it."));
    }
    let mut listing = Listing::new(format, PATCHES.iter().copied());
    for id in ids {
        let request = DescribeInstancePatches { instance_id: id, ..Default::default() };
        let mut patches = client.all(request).await?;
        patches.retain(|patch| is_amiss(&patch.state));
        patches.sort_by(|a, b| (&a.severity, &a.kb_id).cmp(&(&b.severity, &b.kb_id)));
        listing.page(&patches, Clone::clone)?;
    }
    listing.end()
}

fn is_amiss(state: &PatchComplianceDataState) -> bool {
    use PatchComplianceDataState::{Failed, InstalledPendingReboot, InstalledRejected, Missing};
    matches!(state, Missing | Failed | InstalledPendingReboot | InstalledRejected)
}
