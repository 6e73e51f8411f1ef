//! `DescribeDocumentPermission` and `ModifyDocumentPermission`: whom a document is shared with.

use super::{Ctx, bare_name};
use crate::{
    engine::paging,
    ssm::{
        AccountSharingInfo, ApiError, DescribeDocumentPermission, DescribeDocumentPermissionOutput,
        ModifyDocumentPermission, ModifyDocumentPermissionOutput,
    },
};

const PAGE: usize = 200;

pub(super) async fn describe(
    ctx: Ctx,
    request: DescribeDocumentPermission,
) -> Result<DescribeDocumentPermissionOutput, ApiError> {
    let after: Option<String> = ctx.engine.tokens.resume(&request, request.next_token.as_deref())?;
    let mut shares = ctx.engine.store.document_shares(bare_name(&request.name).to_owned()).await?;
    shares.retain(|share| after.as_ref().is_none_or(|after| account(share) > *after));
    let cursor = paging::cut(&mut shares, paging::limit(request.max_results, PAGE), account);
    let next_token = cursor.map(|cursor| ctx.engine.tokens.issue(&request, &cursor)).transpose()?;
    Ok(DescribeDocumentPermissionOutput {
        account_ids: shares.iter().map(account).collect(),
        account_sharing_info_list: shares,
        next_token,
    })
}

fn account(share: &AccountSharingInfo) -> String {
    share.account_id.clone().unwrap_or_default()
}

pub(super) async fn modify(
    ctx: Ctx,
    request: ModifyDocumentPermission,
) -> Result<ModifyDocumentPermissionOutput, ApiError> {
    let lower = |ids: &[String]| ids.iter().map(|id| id.to_lowercase()).collect::<Vec<_>>();
    let (add, remove) = (lower(&request.account_ids_to_add), lower(&request.account_ids_to_remove));
    for ids in [&add, &remove] {
        if ids.len() > 1 && ids.iter().any(|id| id == "all") {
            let message = "Accounts can either be all or a group of AWS accounts";
            return Err(ApiError::new("DocumentPermissionLimit", message));
        }
    }
    let version = request.shared_document_version.unwrap_or_else(|| "$DEFAULT".to_owned());
    ctx.engine.store.share_document(bare_name(&request.name).to_owned(), add, remove, version).await?;
    Ok(ModifyDocumentPermissionOutput {})
}
