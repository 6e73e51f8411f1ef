//! Files copied between this machine and a node, with how far they are.

use tokio::sync::mpsc;

use super::Copying;
use crate::{
    client::{
        Client,
        transfer::{Progress, TransferError},
    },
    console::{
        text::{bytes, clean},
        update::{Changed, Trouble, Update},
    },
};

/// Copies a file of a node here. A file that is there already stays.
pub(super) async fn download(client: Client, copying: Copying, updates: mpsc::Sender<Update>) {
    let Copying { id, node, remote, local, .. } = copying;
    let update = if local.exists() {
        let what = format!("{} is there already; nothing was copied.", local.display());
        Update::Failed(Trouble::new(what, Some("Choose another name.")))
    } else if let Err(error) = local.parent().map_or(Ok(()), std::fs::create_dir_all) {
        Update::Failed(Trouble::new(format!("{}: {error}", local.display()), None))
    } else {
        match client.download(node, &remote, &local, told(id, &updates)).await {
            Ok(copied) => Update::Told(format!("Copied {} to {}.", bytes(copied.bytes), clean(&copied.path))),
            Err(error) => Update::Failed(in_words(&error)),
        }
    };
    let _ = updates.send(Update::Copying { id, progress: None }).await;
    let _ = updates.send(update).await;
}

/// Copies a file to a node.
pub(super) async fn upload(
    client: &Client,
    copying: Copying,
    updates: &mpsc::Sender<Update>,
) -> Result<Changed, Trouble> {
    let Copying { id, node, remote, local, .. } = copying;
    let result = client.upload(node.clone(), &local, &remote, told(id, updates)).await;
    let _ = updates.send(Update::Copying { id, progress: None }).await;
    let copied = result.map_err(|error| in_words(&error))?;
    Ok(Changed::OnNode { node, what: format!("copy {} to {}", bytes(copied.bytes), clean(&copied.path)) })
}

/// Tells how far a copy is, a hundred times at most. What nobody has room for is not worth waiting.
fn told(id: u64, updates: &mpsc::Sender<Update>) -> impl FnMut(Progress) + use<> {
    let updates = updates.clone();
    let mut last = None;
    move |progress| {
        let share = progress.done.saturating_mul(100).checked_div(progress.total);
        if share != last {
            last = share;
            let _ = updates.try_send(Update::Copying { id, progress: Some((progress.done, progress.total)) });
        }
    }
}

fn in_words(error: &TransferError) -> Trouble {
    match error {
        TransferError::Client(error) => super::perform::trouble(error),
        other => Trouble::new(other.to_string(), None),
    }
}
