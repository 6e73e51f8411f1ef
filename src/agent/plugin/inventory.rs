//! `aws:softwareInventory`: gathers what is on the node and reports it.

use futures_util::future::BoxFuture;

use super::{Outcome, Plugin, StepContext};
use crate::{
    agent::inventory::{self, Gatherer},
    ssm::{
        PutInventory,
        document::{
            flow::{AgentStatus, EXIT_KILLED},
            parameters::text_of,
        },
    },
};

/// The plugin.
pub struct SoftwareInventory;

impl Plugin for SoftwareInventory {
    fn name(&self) -> &'static str {
        "aws:softwareInventory"
    }

    fn run<'a>(&'a self, step: StepContext<'a>) -> BoxFuture<'a, Outcome> {
        Box::pin(async move {
            tokio::select! {
                outcome = gather(step) => outcome.unwrap_or_else(|sentence| step.fail(&sentence)),
                () = step.cancel.cancelled() => Outcome { status: AgentStatus::Cancelled, code: EXIT_KILLED },
            }
        })
    }
}

async fn gather(step: StepContext<'_>) -> Result<Outcome, String> {
    let wanted = |gatherer: &&Gatherer| {
        step.input(gatherer.input).is_some_and(|value| text_of(value).eq_ignore_ascii_case("Enabled"))
    };
    let mut items = Vec::new();
    for gatherer in inventory::GATHERERS.iter().filter(wanted) {
        let content = (gatherer.gather)().await?;
        step.say(&format!("{}: {} entries\n", gatherer.type_name, content.len()));
        items.push(inventory::item(gatherer.type_name, content, step.node.clock.now()));
    }
    for name in inventory::NOT_GATHERED {
        if step.input(name).is_some_and(|value| text_of(value).eq_ignore_ascii_case("Enabled")) {
            step.say(&format!("{name} is not gathered by this version of the agent\n"));
        }
    }
    if items.is_empty() {
        step.say("nothing was asked for that this agent gathers\n");
        return Ok(Outcome::SUCCESS);
    }
    let request = PutInventory { instance_id: step.node.instance_id.clone(), items };
    step.node.api.call(request).await.map_err(|error| format!("the service did not take the inventory: {error}"))?;
    Ok(Outcome::SUCCESS)
}
