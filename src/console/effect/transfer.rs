//! Files copied between this machine and a node, with how far they are.

use tokio::{sync::mpsc, task::JoinHandle};
use tokio_util::sync::CancellationToken;

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

/// A copy under way.
pub(super) struct Carrier {
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Carrier {
    /// Begins a copy, which ends early when the token says so.
    pub fn begin<F: Future<Output = ()> + Send + 'static>(copy: impl FnOnce(CancellationToken) -> F) -> Self {
        let stop = CancellationToken::new();
        let task = tokio::spawn(copy(stop.clone()));
        Self { stop, task }
    }

    /// Whether it is not over yet.
    pub fn runs(&self) -> bool {
        !self.task.is_finished()
    }

    /// Breaks it off; what has arrived stays for another try.
    pub fn stop(&self) {
        self.stop.cancel();
    }

    /// [`Carrier::stop`]; the task is over when the service knows.
    pub fn end(self) -> JoinHandle<()> {
        self.stop();
        self.task
    }
}

/// Copies a file of a node here. A file that is there already stays.
pub(super) async fn download(client: Client, copying: Copying, updates: mpsc::Sender<Update>, stop: CancellationToken) {
    let Copying { id, origin, node, remote, local } = copying;
    let update = if local.exists() {
        let what = format!("{} is there already; nothing was copied.", local.display());
        Update::Failed(Trouble::new(what, Some("Choose another name.")))
    } else if let Err(error) = local.parent().map_or(Ok(()), std::fs::create_dir_all) {
        Update::Failed(Trouble::new(format!("{}: {error}", local.display()), None))
    } else {
        match client.download(node, &remote, &local, told(id, &updates), stop.cancelled()).await {
            Ok(copied) => Update::Told(format!("Copied {} to {}.", bytes(copied.bytes), clean(&copied.path))),
            Err(error) => Update::FailedIn(origin, in_words(&error)),
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
    stop: &CancellationToken,
) -> Result<Changed, Trouble> {
    let Copying { id, node, remote, local, .. } = copying;
    let result = client.upload(node.clone(), &local, &remote, told(id, updates), stop.cancelled()).await;
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
