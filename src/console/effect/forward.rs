//! A forward's task: the client's, with its news in the console's words.

use std::sync::Arc;

use tokio::{
    sync::{Notify, mpsc, oneshot},
    task::JoinHandle,
};

use super::perform::trouble;
use crate::{
    client::{
        Client,
        forward::{self, Forward, ForwardPhase, ForwardSpec, ForwardStatus},
    },
    config::forward::{Forward as Entry, Restart},
    console::update::{ForwardUpdate, Trouble, Update},
};

/// The way to a forward. Dropping it ends the forward.
pub(super) struct Way {
    /// Dropped, it tells the forward to end.
    stop: Option<oneshot::Sender<()>>,
    again: Arc<Notify>,
    task: JoinHandle<()>,
}

impl Way {
    /// Whether it has ended.
    pub fn is_over(&self) -> bool {
        self.task.is_finished()
    }

    /// Tries once more whether the port on the other side answers.
    pub fn probe(&self) {
        self.again.notify_one();
    }

    /// Tells the forward to end, and holds on to it while it does.
    pub fn stopping(mut self) -> Self {
        drop(self.stop.take());
        self
    }

    /// Ends the forward; done when the service knows.
    pub async fn end(self) {
        let _ = self.stopping().task.await;
    }
}

/// What an entry of the settings asks of the client, with the id of its node.
pub fn spec(entry: Entry, node: String) -> ForwardSpec {
    let restart = match entry.restart {
        Restart::Always => forward::Restart::Always,
        Restart::OnFailure => forward::Restart::OnFailure,
        Restart::Never => forward::Restart::Never,
    };
    let Entry { name, host, remote, local, probe, .. } = entry;
    ForwardSpec { name, node, host, remote, local, probe, restart }
}

/// Starts a forward through a node. `before` is an older one in the same place, which ends first.
pub(super) fn start(
    client: Client,
    (id, node, entry): (u64, String, Entry),
    before: Option<Way>,
    updates: mpsc::Sender<Update>,
) -> Way {
    let (stop, stopped) = oneshot::channel();
    let again = Arc::<Notify>::default();
    let asked = again.clone();
    let task = tokio::spawn(async move {
        // Its port must be free before it is listened on again.
        if let Some(before) = before {
            before.end().await;
        }
        let tell = |update| updates.send(Update::Forward { id, update });
        match Forward::start(client, spec(entry, node)).await {
            Ok(forward) => {
                let _ = tell(ForwardUpdate::Listening(forward.local_addr())).await;
                follow(forward, id, &updates, (stopped, asked)).await;
            }
            Err(error) => {
                let _ = tell(ForwardUpdate::Closed(trouble(&error))).await;
            }
        }
    });
    Way { stop: Some(stop), again, task }
}

/// Tells what becomes of a forward until it is over or stopped.
async fn follow(
    forward: Forward,
    id: u64,
    updates: &mpsc::Sender<Update>,
    (mut stopped, asked): (oneshot::Receiver<()>, Arc<Notify>),
) {
    let mut watch = forward.watch();
    let mut before: Option<ForwardStatus> = None;
    loop {
        let status = watch.borrow_and_update().clone();
        for update in news(before.as_ref(), &status) {
            let over = matches!(update, ForwardUpdate::Closed(_));
            let _ = updates.send(Update::Forward { id, update }).await;
            if over {
                return;
            }
        }
        before = Some(status);
        tokio::select! {
            changed = watch.changed() => if changed.is_err() {
                let over = ForwardUpdate::Closed(Trouble::new("It ended.", None));
                let _ = updates.send(Update::Forward { id, update: over }).await;
                return;
            },
            () = asked.notified() => forward.probe(),
            // A dropped sender says the same.
            _ = &mut stopped => return forward.stop().await,
        }
    }
}

/// What is new between two looks at a forward.
fn news(before: Option<&ForwardStatus>, now: &ForwardStatus) -> Vec<ForwardUpdate> {
    let mut news = Vec::new();
    if before.is_none_or(|before| before.phase != now.phase) {
        news.push(match &now.phase {
            ForwardPhase::Connecting => ForwardUpdate::Connecting,
            ForwardPhase::Open => ForwardUpdate::Open,
            ForwardPhase::Reconnecting { attempt } => ForwardUpdate::Reconnecting { attempt: *attempt },
            ForwardPhase::Pausing { attempt, wait } => ForwardUpdate::Pausing { attempt: *attempt, wait: *wait },
            ForwardPhase::Closed { reason } => {
                let what = reason.clone().unwrap_or_else(|| "It ended.".to_owned());
                ForwardUpdate::Closed(Trouble::new(what, Some("Start it again, or open a shell on the node and look.")))
            }
        });
    }
    let counts = |s: &ForwardStatus| (s.connections, s.accepted, s.sent, s.received);
    if before.is_none_or(|before| counts(before) != counts(now)) {
        let (connections, accepted, sent, received) = counts(now);
        news.push(ForwardUpdate::Counts { connections, accepted, sent, received });
    }
    if before.map_or_else(Default::default, |before| before.far) != now.far {
        news.push(ForwardUpdate::Far(now.far));
    }
    if before.is_some_and(|before| before.silent) != now.silent {
        news.push(ForwardUpdate::Silent(now.silent));
    }
    if before.and_then(|before| before.held) != now.held {
        news.push(ForwardUpdate::Held(now.held));
    }
    if let Some(agent) = now.single.as_ref().filter(|_| before.is_none_or(|before| before.single.is_none())) {
        news.push(ForwardUpdate::Single(crate::console::text::clean(agent)));
    }
    if now.note.is_none() && before.is_some_and(|before| before.note.is_some()) {
        news.push(ForwardUpdate::Note(String::new()));
    }
    if let Some(note) = now.note.as_ref().filter(|note| before.is_none_or(|b| b.note.as_ref() != Some(*note))) {
        news.push(ForwardUpdate::Note(crate::console::text::clean(note)));
    }
    // The end is the last word.
    news.sort_by_key(|update| matches!(update, ForwardUpdate::Closed(_)));
    news
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(phase: ForwardPhase) -> ForwardStatus {
        ForwardStatus { phase, ..ForwardStatus::default() }
    }

    #[test]
    fn only_what_is_new_is_told_and_the_end_comes_last() {
        let open = status(ForwardPhase::Open);
        assert_eq!(news(Some(&open), &open), []);
        let more = ForwardStatus { sent: 5, note: Some("refused\x1b[2J".to_owned()), ..open.clone() };
        let counts = ForwardUpdate::Counts { connections: 0, accepted: 0, sent: 5, received: 0 };
        assert_eq!(news(Some(&open), &more), [counts, ForwardUpdate::Note("refused".to_owned())]);
        let closed = ForwardStatus { phase: ForwardPhase::Closed { reason: None }, received: 9, ..more.clone() };
        let told = news(Some(&more), &closed);
        assert!(matches!(told.as_slice(), [ForwardUpdate::Counts { .. }, ForwardUpdate::Closed(_)]));
    }
}
