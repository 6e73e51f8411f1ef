//! Run Command: commands, their invocations, and what reaches the nodes.

pub(super) mod dispatch;
mod list;
mod rate;
mod send;
pub mod state;
mod targets;
#[cfg(test)]
mod tests;

use super::{Ctx, Router};
use crate::ssm::{ApiError, CancelCommand, CancelCommandOutput};

/// The operations of Run Command.
pub(super) fn operations() -> Router {
    Router::default()
        .handle(send::send)
        .handle(cancel)
        .handle(list::commands)
        .handle(list::invocations)
        .handle(list::invocation)
}

fn invalid_command_id() -> ApiError {
    ApiError::bare("InvalidCommandId")
}

async fn cancel(ctx: Ctx, request: CancelCommand) -> Result<CancelCommandOutput, ApiError> {
    let store = &ctx.engine.store;
    store.command(&request.command_id).await?.ok_or_else(invalid_command_id)?;
    for (index, id) in request.instance_ids.iter().enumerate() {
        if request.instance_ids[..index].contains(id) {
            return Err(ApiError::bare("DuplicateInstanceId"));
        }
    }
    for delivery in store.cancel_command(&request.command_id, request.instance_ids, ctx.now()).await? {
        dispatch::deliver(&ctx.engine, &delivery);
    }
    Ok(CancelCommandOutput {})
}
