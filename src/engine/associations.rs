//! State Manager's associations. None can be made here, and that is what whoever asks is told: an agent that asks for its
//! own every ten minutes, and a console that lists them.

use super::{Ctx, Router};
use crate::ssm::{
    ApiError, ListAssociations, ListAssociationsOutput, ListInstanceAssociations, ListInstanceAssociationsOutput,
    Operation,
};

pub(super) fn operations() -> Router {
    Router::default().handle(list).handle(list_of_node)
}

async fn list(ctx: Ctx, request: ListAssociations) -> Result<ListAssociationsOutput, ApiError> {
    no_page(&ctx, &request, request.next_token.as_deref())?;
    Ok(ListAssociationsOutput::default())
}

async fn list_of_node(ctx: Ctx, request: ListInstanceAssociations) -> Result<ListInstanceAssociationsOutput, ApiError> {
    no_page(&ctx, &request, request.next_token.as_deref())?;
    Ok(ListInstanceAssociationsOutput::default())
}

/// A list of nothing has no second page.
fn no_page<O: Operation>(ctx: &Ctx, request: &O, token: Option<&str>) -> Result<(), ApiError> {
    ctx.engine.tokens.resume::<_, serde_json::Value>(request, token).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::tests::{Harness, code};

    #[tokio::test]
    async fn there_are_none() {
        let harness = Harness::new();
        assert!(harness.call(ListAssociations::default()).await.unwrap().associations.is_empty());
        let token = Some("rubbish".to_owned());
        let refused = harness.call(ListAssociations { next_token: token, ..Default::default() }).await;
        assert_eq!(code(refused), "InvalidNextToken");
        // AWS's agent sends an empty token with its first request.
        let first = ListInstanceAssociations {
            instance_id: "mi-00000000000000001".into(),
            max_results: Some(20),
            next_token: Some(String::new()),
        };
        assert!(harness.call(first).await.unwrap().associations.is_empty());
    }
}
