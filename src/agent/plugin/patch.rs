//! `aws:applyPatchBaseline`: scans for missing patches and reports them. This version does not install.

use futures_util::future::BoxFuture;

use super::{Outcome, Plugin, StepContext};
use crate::{
    agent::patch::{ScanReport, manager, summary},
    ssm::{
        PutInventory,
        document::{
            flow::{AgentStatus, EXIT_KILLED},
            parameters::text_of,
        },
    },
};

/// The plugin.
pub struct ApplyPatchBaseline;

impl Plugin for ApplyPatchBaseline {
    fn name(&self) -> &'static str {
        "aws:applyPatchBaseline"
    }

    fn run<'a>(&'a self, step: StepContext<'a>) -> BoxFuture<'a, Outcome> {
        Box::pin(async move {
            tokio::select! {
                outcome = apply(step) => outcome.unwrap_or_else(|sentence| step.fail(&sentence)),
                () = step.cancel.cancelled() => Outcome { status: AgentStatus::Cancelled, code: EXIT_KILLED },
            }
        })
    }
}

async fn apply(step: StepContext<'_>) -> Result<Outcome, String> {
    let text = |name: &str| step.input(name).map(text_of).unwrap_or_default();
    match text("Operation").as_str() {
        operation if operation.eq_ignore_ascii_case("Scan") => {}
        operation if operation.eq_ignore_ascii_case("Install") => {
            return Err("this version of the agent only scans for patches: nothing was installed. Run the document with Operation \
                 Scan, or install with the package manager through AWS-RunShellScript"
                .to_owned());
        }
        other => return Err(format!("the operation {other:?} is neither Scan nor Install")),
    }
    let manager = manager()?;
    let started = step.node.clock.now();
    let scan = manager.scan(started).await?;
    step.say(&summary(&scan, manager.name()));
    let (snapshot_id, reboot_option) = (text("SnapshotId"), text("RebootOption"));
    let report = ScanReport {
        instance_id: &step.node.instance_id,
        execution_id: step.command_id,
        snapshot_id: &snapshot_id,
        reboot_option: &reboot_option,
        started,
        ended: step.node.clock.now(),
    };
    let items = report.inventory(&scan);
    let told = |what: &str| {
        let what = what.to_owned();
        move |error| format!("the scan is done, but the service did not take its {what}: {error}")
    };
    let inventory = PutInventory { instance_id: step.node.instance_id.clone(), items };
    step.node.api.call(inventory).await.map_err(told("summary"))?;
    step.node.api.call(report.compliance(&scan)).await.map_err(told("compliance items"))?;
    Ok(Outcome::SUCCESS)
}
