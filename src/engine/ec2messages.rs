//! The message delivery service. Work reaches nodes over their control channels; this is here because AWS's agent polls it
//! too, in its first minute and whenever its channel is refused, and may bring replies by this way.

use std::time::Duration;

use super::{Ctx, Router, control};
use crate::{
    ssm::{
        ApiError,
        ec2messages::{
            AcknowledgeMessage, DeleteMessage, FailMessage, GetMessages, GetMessagesOutput, Nothing, SendReply,
            SendReplyOutput,
        },
    },
    wire::messages::{JobAck, JobReply, job_status},
};

/// How long a poll is held. Agents give up after 20 seconds, and an answer within one makes them wait before the next.
const HELD: Duration = Duration::from_secs(15);

pub(super) fn operations() -> Router {
    Router::default().handle(get).handle(acknowledge).handle(delete).handle(fail).handle(reply)
}

/// Nothing is ever handed out here.
async fn get(ctx: Ctx, request: GetMessages) -> Result<GetMessagesOutput, ApiError> {
    tokio::select! {
        () = tokio::time::sleep(HELD) => {}
        () = ctx.engine.stopping().cancelled() => {}
    }
    Ok(GetMessagesOutput {
        destination: request.destination,
        messages_request_id: request.messages_request_id,
        messages: Vec::new(),
    })
}

async fn acknowledge(ctx: Ctx, request: AcknowledgeMessage) -> Result<Nothing, ApiError> {
    acknowledged(&ctx, request.message_id, job_status::SUCCESSFUL, String::new()).await
}

async fn fail(ctx: Ctx, request: FailMessage) -> Result<Nothing, ApiError> {
    let sentence = format!("The agent could not take the command: {}.", request.failure_type);
    acknowledged(&ctx, request.message_id, job_status::INVALID_DOCUMENT, sentence).await
}

async fn acknowledged(ctx: &Ctx, job_id: String, status: &str, sentence: String) -> Result<Nothing, ApiError> {
    let instance_id = node_of(&job_id)?.to_owned();
    let ack = JobAck { job_id, status_code: status.to_owned(), error_message: sentence, ..JobAck::default() };
    control::job_ack(&ctx.engine, &instance_id, &ack).await;
    Ok(Nothing {})
}

async fn delete(_: Ctx, request: DeleteMessage) -> Result<Nothing, ApiError> {
    node_of(&request.message_id).map(|_| Nothing {})
}

async fn reply(ctx: Ctx, request: SendReply) -> Result<SendReplyOutput, ApiError> {
    let SendReply { message_id, payload, reply_id } = request;
    let instance_id = node_of(&message_id)?.to_owned();
    let reply = JobReply { job_id: message_id.clone(), content: payload, ..JobReply::default() };
    if !control::job_reply(&ctx.engine, &instance_id, &reply).await {
        let sentence = "The reply could not be kept; send it again.";
        return Err(ApiError::new("InternalServerException", sentence).with_status(500));
    }
    Ok(SendReplyOutput { message_id, reply_id, reply_status: "Success".to_owned(), description: String::new() })
}

/// The node in `aws.ssm.<command>.<node>`.
fn node_of(message_id: &str) -> Result<&str, ApiError> {
    let found = message_id.strip_prefix("aws.ssm.").and_then(|rest| rest.split_once('.'));
    let invalid = || ApiError::new("InvalidMessageIdException", "The message id is not one of this service.");
    found.map(|(_, node)| node).filter(|node| !node.is_empty()).ok_or_else(invalid)
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;
    use crate::engine::tests::{Harness, code};

    const NODE: &str = "mi-00000000000000001";

    fn poll() -> GetMessages {
        GetMessages {
            destination: NODE.into(),
            messages_request_id: "r".into(),
            visibility_timeout_in_seconds: Some(10),
        }
    }

    #[tokio::test]
    async fn a_poll_is_held_until_the_engine_ends() {
        let harness = Harness::new();
        let mut held = std::pin::pin!(harness.call(poll()));
        assert!(held.as_mut().now_or_never().is_none());
        harness.engine.stopping().cancel();
        let answer = held.await.unwrap();
        assert_eq!((answer.destination.as_str(), answer.messages_request_id.as_str()), (NODE, "r"));
        assert!(answer.messages.is_empty());
    }

    #[tokio::test]
    async fn a_message_that_is_none_is_said_to_be_invalid() {
        let harness = Harness::new();
        for message_id in ["", "aws.ssm.", "aws.ssm.c", "aws.ssm.c.", "x.c.mi-1"] {
            let refused = harness.call(AcknowledgeMessage { message_id: message_id.into() }).await;
            assert_eq!(code(refused), "InvalidMessageIdException", "{message_id}");
        }
        // One of a command that nobody knows any more was said already.
        harness.call(DeleteMessage { message_id: format!("aws.ssm.c.{NODE}") }).await.unwrap();
    }
}
