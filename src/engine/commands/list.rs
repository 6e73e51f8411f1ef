//! What is told about commands: `ListCommands`, `ListCommandInvocations`, `GetCommandInvocation`.

use std::collections::BTreeMap;

use super::{
    invalid_command_id,
    state::{Invocation, Outcome},
};
use crate::{
    engine::{
        Ctx, paging,
        store::{
            commands::{CommandFilters, CommandQuery},
            invocations::{InvocationQuery, InvocationRow},
        },
    },
    ssm::{
        ApiError, CommandFilter, CommandFilterKey, CommandInvocation, CommandInvocationStatus, CommandPlugin,
        CommandPluginStatus, GetCommandInvocation, GetCommandInvocationOutput, ListCommandInvocations,
        ListCommandInvocationsOutput, ListCommands, ListCommandsOutput, Timestamp, deciding_code,
        document::{
            flow::AgentStatus,
            output::{OUTPUT_LIMIT, STDERR_LIMIT, STDOUT_LIMIT, truncate},
        },
    },
    wire::messages::StepStatus,
};

const PAGE: usize = 50;

fn read_filters(filters: &[CommandFilter]) -> Result<CommandFilters, ApiError> {
    let mut read = CommandFilters::default();
    for filter in filters {
        let time = || {
            Timestamp::parse_iso(&filter.value).ok_or_else(|| {
                ApiError::validation(format!("{} is not a date such as 2026-11-22T08:00:00Z.", filter.value))
            })
        };
        match &filter.key {
            CommandFilterKey::InvokedAfter => read.invoked_after = Some(time()?),
            CommandFilterKey::InvokedBefore => read.invoked_before = Some(time()?),
            CommandFilterKey::Status => read.status = Some(filter.value.clone()),
            CommandFilterKey::ExecutionStage => read.stage = Some(filter.value.clone()),
            CommandFilterKey::DocumentName => read.document_name = Some(filter.value.clone()),
            CommandFilterKey::Other(_) => return Err(ApiError::bare("InvalidFilterKey")),
        }
    }
    Ok(read)
}

pub(super) async fn commands(ctx: Ctx, request: ListCommands) -> Result<ListCommandsOutput, ApiError> {
    let before = ctx.engine.tokens.resume(&request, request.next_token.as_deref())?;
    let limit = paging::limit(request.max_results, PAGE);
    let query = CommandQuery {
        id: request.command_id.clone(),
        instance_id: request.instance_id.clone(),
        filters: read_filters(&request.filters)?,
        before,
    };
    let mut rows = ctx.engine.store.commands(query, limit + 1).await?;
    if let Some(id) = &request.command_id
        && rows.is_empty()
    {
        ctx.engine.store.command(id).await?.ok_or_else(invalid_command_id)?;
    }
    let cursor = paging::cut(&mut rows, limit, |last| last.seq);
    let next_token = cursor.map(|cursor| ctx.engine.tokens.issue(&request, &cursor)).transpose()?;
    Ok(ListCommandsOutput { commands: rows.into_iter().map(|row| row.record).collect(), next_token })
}

pub(super) async fn invocations(
    ctx: Ctx,
    request: ListCommandInvocations,
) -> Result<ListCommandInvocationsOutput, ApiError> {
    let after = ctx.engine.tokens.resume(&request, request.next_token.as_deref())?;
    let limit = paging::limit(request.max_results, PAGE);
    let query = InvocationQuery {
        command_id: request.command_id.clone(),
        instance_id: request.instance_id.clone(),
        filters: read_filters(&request.filters)?,
        after,
    };
    let mut rows = ctx.engine.store.invocations(query, limit + 1).await?;
    if let Some(id) = &request.command_id
        && rows.is_empty()
    {
        ctx.engine.store.command(id).await?.ok_or_else(invalid_command_id)?;
    }
    let cursor = paging::cut(&mut rows, limit, |last| (last.seq, last.position));
    let next_token = cursor.map(|cursor| ctx.engine.tokens.issue(&request, &cursor)).transpose()?;
    let mut command_invocations = Vec::with_capacity(rows.len());
    for row in rows {
        let plugins = if request.details == Some(true) {
            let results = ctx.engine.store.step_results(row.seq, &row.instance_id).await?;
            plugins(&ctx, &row, &results).await
        } else {
            Vec::new()
        };
        command_invocations.push(told(row, plugins));
    }
    Ok(ListCommandInvocationsOutput { command_invocations, next_token })
}

pub(super) async fn invocation(
    ctx: Ctx,
    request: GetCommandInvocation,
) -> Result<GetCommandInvocationOutput, ApiError> {
    let query = InvocationQuery {
        command_id: Some(request.command_id.clone()),
        instance_id: Some(request.instance_id.clone()),
        ..Default::default()
    };
    let row = ctx.engine.store.invocations(query, 1).await?.pop();
    let row = row.ok_or_else(|| ApiError::bare("InvocationDoesNotExist"))?;
    let steps = &row.command.steps;
    let wrong_plugin = || ApiError::bare("InvalidPluginName");
    let mut results = ctx.engine.store.step_results(row.seq, &row.instance_id).await?;
    let (name, _) = match (&request.plugin_name, steps.as_slice()) {
        (Some(wanted), steps) => steps.iter().find(|(name, _)| name == wanted).ok_or_else(wrong_plugin)?,
        (None, [only]) => only,
        (None, _) => return Ok(overall(row, &results)),
    };
    let result = results.remove(name);
    let (status, details) = step_standing(&row, steps.len(), result.as_ref());
    let result = result.unwrap_or_default();
    let (stdout_url, stderr_url) = urls(&ctx, name, &result).await;
    let record = row.command.record;
    Ok(GetCommandInvocationOutput {
        command_id: Some(row.command.id),
        instance_id: Some(row.instance_id),
        comment: record.comment,
        document_name: record.document_name,
        document_version: record.document_version,
        plugin_name: Some(name.clone()),
        response_code: Some(response_code(&result)),
        execution_elapsed_time: Some(elapsed(&result)),
        execution_start_date_time: Some(result.start_date_time),
        execution_end_date_time: Some(result.end_date_time),
        status: Some(status),
        status_details: Some(details),
        standard_output_content: Some(truncate(&result.standard_output, STDOUT_LIMIT)),
        standard_output_url: Some(stdout_url),
        standard_error_content: Some(truncate(&result.standard_error, STDERR_LIMIT)),
        standard_error_url: Some(stderr_url),
        cloud_watch_output_config: record.cloud_watch_output_config,
    })
}

/// A document of several steps of which none is named: how it stands as a whole, with the code of the step that decided and
/// without output, which only steps have. It is what `CommandExecuted`, the waiter of the service model, waits for.
fn overall(row: InvocationRow, results: &BTreeMap<String, StepStatus>) -> GetCommandInvocationOutput {
    let ran: Vec<_> = row.command.steps.iter().filter_map(|(name, _)| results.get(name)).collect();
    let code = deciding_code(ran.iter().map(|result| response_code(result)));
    let times =
        |of: fn(&StepStatus) -> &String| ran.iter().map(move |result| of(result)).filter(|time| !time.is_empty());
    let started = times(|result| &result.start_date_time).min().cloned().unwrap_or_default();
    let is_done = row.state.is_done();
    let ended = times(|result| &result.end_date_time).max().filter(|_| is_done).cloned().unwrap_or_default();
    let span = StepStatus { start_date_time: started, end_date_time: ended, ..Default::default() };
    let record = row.command.record;
    GetCommandInvocationOutput {
        command_id: Some(row.command.id),
        instance_id: Some(row.instance_id),
        comment: record.comment,
        document_name: record.document_name,
        document_version: record.document_version,
        response_code: Some(code.filter(|_| is_done).unwrap_or(-1)),
        execution_elapsed_time: Some(elapsed(&span)),
        execution_start_date_time: Some(span.start_date_time),
        execution_end_date_time: Some(span.end_date_time),
        status: Some(row.state.status()),
        status_details: Some(row.state.details().to_owned()),
        cloud_watch_output_config: record.cloud_watch_output_config,
        ..Default::default()
    }
}

fn told(row: InvocationRow, command_plugins: Vec<CommandPlugin>) -> CommandInvocation {
    let record = row.command.record;
    let first = command_plugins.first();
    CommandInvocation {
        command_id: Some(row.command.id),
        instance_id: Some(row.instance_id),
        instance_name: Some(row.instance_name),
        comment: record.comment,
        document_name: record.document_name,
        document_version: record.document_version,
        requested_date_time: Some(row.command.requested),
        status: Some(row.state.status()),
        status_details: Some(row.state.details().to_owned()),
        trace_output: Some(row.trace),
        standard_output_url: Some(first.and_then(|plugin| plugin.standard_output_url.clone()).unwrap_or_default()),
        standard_error_url: Some(first.and_then(|plugin| plugin.standard_error_url.clone()).unwrap_or_default()),
        command_plugins,
        service_role: record.service_role,
        notification_config: record.notification_config,
        cloud_watch_output_config: record.cloud_watch_output_config,
    }
}

async fn plugins(ctx: &Ctx, row: &InvocationRow, results: &BTreeMap<String, StepStatus>) -> Vec<CommandPlugin> {
    let record = &row.command.record;
    let mut plugins = Vec::with_capacity(row.command.steps.len());
    for (name, _) in &row.command.steps {
        let result = results.get(name);
        let (status, details) = step_standing(row, row.command.steps.len(), result);
        let result = result.cloned().unwrap_or_default();
        let (stdout_url, stderr_url) = urls(ctx, name, &result).await;
        plugins.push(CommandPlugin {
            name: Some(name.clone()),
            status: Some(plugin_status(&status)),
            status_details: Some(details),
            response_code: Some(response_code(&result)),
            response_start_date_time: Timestamp::parse_iso(&result.start_date_time),
            response_finish_date_time: Timestamp::parse_iso(&result.end_date_time),
            output: Some(truncate(&result.output, OUTPUT_LIMIT)),
            standard_output_url: Some(stdout_url),
            standard_error_url: Some(stderr_url),
            output_s3_region: record.output_s3_region.clone(),
            output_s3_bucket_name: record.output_s3_bucket_name.clone(),
            output_s3_key_prefix: record.output_s3_key_prefix.clone(),
        });
    }
    plugins
}

/// The status of a step: its own if it reported one, else the invocation's. With a single step the invocation's counts once
/// it is over, because the service may have ended it.
fn step_standing(row: &InvocationRow, steps: usize, result: Option<&StepStatus>) -> (CommandInvocationStatus, String) {
    let reported = result.and_then(|result| AgentStatus::parse(&result.status));
    let whole = (row.state.status(), row.state.details().to_owned());
    match reported {
        // A precondition that does not hold makes a document of one step a success, and the step one that was skipped.
        Some(AgentStatus::Skipped) if row.state == Invocation::Done(Outcome::Success) => {
            (CommandInvocationStatus::Success, "Skipped".to_owned())
        }
        Some(status) if steps > 1 || !row.state.is_done() => {
            let step = match status {
                AgentStatus::Success => Some((CommandInvocationStatus::Success, "Success")),
                AgentStatus::Skipped => Some((CommandInvocationStatus::Success, "Skipped")),
                AgentStatus::Failed => Some((CommandInvocationStatus::Failed, "Failed")),
                AgentStatus::TimedOut => Some((CommandInvocationStatus::TimedOut, "Execution Timed Out")),
                AgentStatus::Cancelled => Some((CommandInvocationStatus::Cancelled, "Cancelled")),
                _ => None,
            };
            // A single step that has ended is not told before the invocation has.
            step.filter(|_| steps > 1).map_or(whole, |(status, details)| (status, details.to_owned()))
        }
        None if steps > 1 && matches!(row.state, Invocation::Accepted | Invocation::Running) => {
            (CommandInvocationStatus::Pending, "Pending".to_owned())
        }
        _ => whole,
    }
}

fn plugin_status(status: &CommandInvocationStatus) -> CommandPluginStatus {
    match status {
        CommandInvocationStatus::Success => CommandPluginStatus::Success,
        CommandInvocationStatus::Failed => CommandPluginStatus::Failed,
        CommandInvocationStatus::TimedOut => CommandPluginStatus::TimedOut,
        CommandInvocationStatus::Cancelled => CommandPluginStatus::Cancelled,
        CommandInvocationStatus::InProgress | CommandInvocationStatus::Cancelling => CommandPluginStatus::InProgress,
        _ => CommandPluginStatus::Pending,
    }
}

/// -1 until the step has ended.
fn response_code(result: &StepStatus) -> i32 {
    match AgentStatus::parse(&result.status) {
        Some(status) if status.is_final() => i32::try_from(result.code).unwrap_or(-1),
        _ => -1,
    }
}

/// `PT1.5S`; nothing until the step has ended.
fn elapsed(result: &StepStatus) -> String {
    let times = (Timestamp::parse_iso(&result.start_date_time), Timestamp::parse_iso(&result.end_date_time));
    let (Some(start), Some(end)) = times else { return String::new() };
    let millis = end.since(start).as_millis();
    let fraction = format!("{:03}", millis % 1000);
    let fraction = fraction.trim_end_matches('0');
    let dot = if fraction.is_empty() { "" } else { "." };
    format!("PT{}{dot}{fraction}S", millis / 1000)
}

/// Where the whole standard output and error of a step lie. Nodes upload them before they report the step, but nothing that
/// is empty; a stream without an object has no address, so that nobody asks for what is not there.
async fn urls(ctx: &Ctx, name: &str, result: &StepStatus) -> (String, String) {
    let bucket = &result.output_s3_bucket_name;
    if bucket.is_empty() {
        return Default::default();
    }
    let step = if result.step_name.is_empty() { name } else { &result.step_name };
    let url = async |stream: &str| {
        let key = format!("{}/{step}/{stream}", result.output_s3_key_prefix.trim_matches('/'));
        let there = ctx.engine.output.has(bucket, &key).await;
        if there { format!("{}/{bucket}/{key}", ctx.base_url) } else { String::new() }
    };
    (url("stdout").await, url("stderr").await)
}
