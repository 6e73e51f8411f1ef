//! `SendCommand`.

use std::{collections::BTreeMap, time::Duration};

use aws_lc_rs::digest;
use serde_json::Value;

use super::{
    dispatch,
    rate::{DEFAULT_CONCURRENCY, DEFAULT_ERRORS, Rate},
    state::{Invocation, Outcome},
    targets,
};
use crate::{
    engine::{
        Ctx, documents,
        output::OUTPUT_BUCKET,
        random,
        store::{
            commands::{NewCommand, NewInvocation},
            nodes::Node,
        },
    },
    ssm::{
        ApiError, CloudWatchOutputConfig, Command, DocumentHashType, NotificationConfig, PlatformType, SendCommand,
        SendCommandOutput,
        document::{
            Document, Step,
            parameters::{self, text_of},
        },
    },
    wire::{digest::hex, messages::CommandJob},
};

/// `TimeoutSeconds` where the caller says nothing.
const DELIVERY_SECONDS: i32 = 3600;
/// How long a step may take where the document says nothing.
const STEP_SECONDS: i64 = 3600;
/// The same for a step that installs patches.
const PATCH_SECONDS: i64 = 7200;
/// Our own agent, which uploads whole output to the engine.
const OWN_AGENT: &str = "fleetdeck-agent";

pub(super) async fn send(ctx: Ctx, request: SendCommand) -> Result<SendCommandOutput, ApiError> {
    let version = documents::selector(request.document_version.as_deref(), None);
    let found = documents::find(&ctx.engine, &request.document_name, version).await?;
    let document = found.document()?;
    if document.session().is_some() {
        return Err(ApiError::new("InvalidDocument", "A session document can't be run as a command."));
    }
    check_hash(&request, &found.content)?;
    let name = found.version.name.clone();
    let typed = parameters::check(&name, &document.parameters, &request.parameters)
        .map_err(|message| ApiError::new("InvalidParameters", message))?;
    let nodes = match (request.instance_ids.is_empty(), request.targets.is_empty()) {
        (false, true) => targets::by_id(&ctx.engine, &request.instance_ids).await?,
        (true, false) => targets::by_target(&ctx.engine, &request.targets).await?,
        (true, true) => return Err(ApiError::validation("Either InstanceIds or Targets has to be given.")),
        (false, false) => return Err(ApiError::validation("InstanceIds and Targets can't be given together.")),
    };
    let platforms = document.platform_types();
    let fits =
        |node: &Node| node.platform_type.as_deref().is_none_or(|own| platforms.contains(&PlatformType::from(own)));
    if !request.instance_ids.is_empty() && !nodes.iter().all(fits) {
        let message = format!("The document {name} doesn't run on the platform of every node.");
        return Err(ApiError::new("UnsupportedPlatformType", message));
    }
    let count = nodes.len() as u64;
    let max_concurrency = request.max_concurrency.clone().unwrap_or_else(|| DEFAULT_CONCURRENCY.to_owned());
    let max_errors = request.max_errors.clone().unwrap_or_else(|| DEFAULT_ERRORS.to_owned());
    let (at_once, errors) =
        (Rate::parse(&max_concurrency)?.concurrency(count), Rate::parse(&max_errors)?.errors_allowed(count));
    let now = ctx.now();
    let timeout = request.timeout_seconds.unwrap_or(DELIVERY_SECONDS);
    let delivery_deadline = now.plus(Duration::from_secs(u64::try_from(timeout).unwrap_or(0)));
    let execution_millis = execution_seconds(&document, &typed).saturating_mul(1000);
    let id = random::uuid();
    let record = Command {
        command_id: Some(id.clone()),
        document_name: Some(name.clone()),
        document_version: Some(request.document_version.clone().unwrap_or_else(|| "$DEFAULT".to_owned())),
        comment: Some(request.comment.clone().unwrap_or_default()),
        expires_after: Some(
            delivery_deadline.plus(Duration::from_millis(u64::try_from(execution_millis).unwrap_or(0))),
        ),
        parameters: request.parameters.clone(),
        instance_ids: request.instance_ids.clone(),
        targets: request.targets.clone(),
        requested_date_time: Some(now),
        output_s3_region: request.output_s3_region.clone(),
        output_s3_bucket_name: Some(request.output_s3_bucket_name.clone().unwrap_or_default()),
        output_s3_key_prefix: Some(request.output_s3_key_prefix.clone().unwrap_or_default()),
        max_concurrency: Some(max_concurrency),
        max_errors: Some(max_errors),
        target_count: i32::try_from(count).ok(),
        service_role: Some(request.service_role_arn.clone().unwrap_or_default()),
        notification_config: Some(
            request
                .notification_config
                .clone()
                .unwrap_or(NotificationConfig { notification_arn: Some(String::new()), ..Default::default() }),
        ),
        cloud_watch_output_config: Some(cloud_watch(&request)),
        timeout_seconds: Some(timeout),
        alarm_configuration: request.alarm_configuration.clone(),
        ..Default::default()
    };
    let row = ctx
        .engine
        .store
        .create_command(NewCommand {
            id: id.clone(),
            requested: now,
            job: job(&request, &document, id, name, typed),
            record,
            steps: document.steps().iter().map(|step| (step.name.clone(), step.action.clone())).collect(),
            max_concurrency: at_once,
            max_errors: errors,
            delivery_deadline,
            execution_millis,
            targets: nodes.into_iter().map(|node| target(&request, fits(&node), node)).collect(),
        })
        .await?;
    // What is sent first is on its way before the caller hears of it; the rest follows as nodes answer.
    dispatch::command(&ctx.engine, row.seq).await;
    Ok(SendCommandOutput { command: Some(row.record) })
}

fn target(request: &SendCommand, fits: bool, node: Node) -> NewInvocation {
    let own = node.agent_name.as_deref() == Some(OWN_AGENT);
    let bucket = match &request.output_s3_bucket_name {
        Some(bucket) if !bucket.is_empty() => bucket.clone(),
        _ if own => OUTPUT_BUCKET.to_owned(),
        _ => String::new(),
    };
    NewInvocation {
        instance_id: node.id,
        instance_name: node.name.or(node.computer_name).unwrap_or_default(),
        bucket,
        state: if fits { Invocation::Pending } else { Invocation::Done(Outcome::InvalidPlatform) },
    }
}

fn job(
    request: &SendCommand,
    document: &Document,
    command_id: String,
    document_name: String,
    parameters: BTreeMap<String, Value>,
) -> CommandJob {
    let cloud_watch = cloud_watch(request);
    CommandJob {
        parameters,
        document_content: document.source.clone(),
        command_id,
        document_name,
        output_s3_key_prefix: request.output_s3_key_prefix.clone().unwrap_or_default(),
        output_s3_bucket_name: String::new(),
        cloud_watch_log_group_name: cloud_watch.cloud_watch_log_group_name.unwrap_or_default(),
        cloud_watch_output_enabled: cloud_watch.cloud_watch_output_enabled.unwrap_or(false).to_string(),
    }
}

fn cloud_watch(request: &SendCommand) -> CloudWatchOutputConfig {
    let given = request.cloud_watch_output_config.clone().unwrap_or_default();
    CloudWatchOutputConfig {
        cloud_watch_log_group_name: Some(given.cloud_watch_log_group_name.unwrap_or_default()),
        cloud_watch_output_enabled: Some(given.cloud_watch_output_enabled.unwrap_or(false)),
    }
}

fn check_hash(request: &SendCommand, content: &str) -> Result<(), ApiError> {
    let Some(stated) = &request.document_hash else { return Ok(()) };
    let algorithm = match request.document_hash_type {
        Some(DocumentHashType::Sha1) => &digest::SHA1_FOR_LEGACY_USE_ONLY,
        _ => &digest::SHA256,
    };
    if stated.eq_ignore_ascii_case(&hex(digest::digest(algorithm, content.as_bytes()).as_ref())) {
        Ok(())
    } else {
        Err(ApiError::new("InvalidDocument", "The hash of the document is not the one that was given."))
    }
}

/// How long the document may take: the time-outs of its steps together, which run one after another.
fn execution_seconds(document: &Document, given: &BTreeMap<String, Value>) -> i64 {
    let values = parameters::resolve(&document.parameters, given).unwrap_or_default();
    document.steps().iter().map(|step| step_seconds(&step.with_values(&values))).fold(0, i64::saturating_add)
}

fn step_seconds(step: &Step) -> i64 {
    let default = if step.action == "aws:applyPatchBaseline" { PATCH_SECONDS } else { STEP_SECONDS };
    let one = |inputs: &Value| {
        let stated = inputs.get("timeoutSeconds").and_then(|value| text_of(value).trim().parse().ok());
        stated.filter(|seconds| (5..=172_800).contains(seconds)).unwrap_or(default)
    };
    match &step.inputs {
        Value::Array(runs) => runs.iter().map(one).sum::<i64>().max(5),
        inputs => one(inputs),
    }
}
