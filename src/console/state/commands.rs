//! Run Command: the history, a command with its results, and a result's text.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::{cursor::Cursor, feed::Feeds, list::Lens, viewer::Viewer};
use crate::{
    console::{
        origin::{Origin, Origins},
        text::clean,
    },
    ssm::{self, CommandInvocationStatus, CommandPluginStatus, CommandStatus},
};

pub mod fold;
mod follow;
mod invocation;
mod results;
mod sheet;
mod texts;

pub use fold::{Fold, Folding, Group};
pub use follow::Follow;
pub(super) use invocation::lines;
pub use invocation::{Invocation, Step, result_words};
pub use results::{Picked, Results};
pub use sheet::{CommandRows, ResultRows};
pub use texts::FAR;

/// What happened to a node in a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Outcome {
    Failed,
    TimedOut,
    Cancelled,
    Running,
    Pending,
    Success,
}

impl Outcome {
    /// Every outcome, odd ones first.
    pub const ALL: [Outcome; 6] =
        [Self::Failed, Self::TimedOut, Self::Cancelled, Self::Running, Self::Pending, Self::Success];

    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::TimedOut => "timed out",
            Self::Cancelled => "cancelled",
            Self::Running => "running",
            Self::Pending => "pending",
            Self::Success => "success",
        }
    }

    /// Whether nothing will follow.
    pub fn is_final(self) -> bool {
        !matches!(self, Self::Running | Self::Pending)
    }

    fn of_step(status: Option<&CommandPluginStatus>) -> Self {
        match status {
            Some(CommandPluginStatus::Success) => Self::Success,
            Some(CommandPluginStatus::Failed) => Self::Failed,
            Some(CommandPluginStatus::TimedOut) => Self::TimedOut,
            Some(CommandPluginStatus::Cancelled) => Self::Cancelled,
            Some(CommandPluginStatus::InProgress) => Self::Running,
            _ => Self::Pending,
        }
    }

    fn of(status: Option<&CommandInvocationStatus>) -> Self {
        match status {
            Some(CommandInvocationStatus::Success) => Self::Success,
            Some(CommandInvocationStatus::Failed) => Self::Failed,
            Some(CommandInvocationStatus::TimedOut) => Self::TimedOut,
            Some(CommandInvocationStatus::Cancelled) => Self::Cancelled,
            Some(CommandInvocationStatus::InProgress | CommandInvocationStatus::Cancelling) => Self::Running,
            _ => Self::Pending,
        }
    }
}

/// The outcome of a whole command.
pub fn command_outcome(command: &ssm::Command) -> Outcome {
    match command.status {
        Some(CommandStatus::Success) => Outcome::Success,
        Some(CommandStatus::Failed) => Outcome::Failed,
        Some(CommandStatus::TimedOut) => Outcome::TimedOut,
        Some(CommandStatus::Cancelled) => Outcome::Cancelled,
        Some(CommandStatus::InProgress | CommandStatus::Cancelling) => Outcome::Running,
        _ => Outcome::Pending,
    }
}

/// A command of the history.
#[derive(Clone, Debug, PartialEq)]
pub struct Listed {
    /// Where it was sent.
    pub origin: Origin,
    /// As the service listed it.
    pub command: ssm::Command,
}

impl Listed {
    pub(super) fn is(&self, origin: Origin, id: &str) -> bool {
        self.origin == origin && self.command.command_id.as_deref() == Some(id)
    }
}

/// The pane.
#[derive(Clone, Debug, Default)]
pub struct Commands {
    /// The state of `ListCommands`.
    pub feed: Feeds,
    /// The history, the newest first.
    pub list: Vec<Listed>,
    /// How it is looked at.
    pub lens: Lens,
    /// Where one is in what is shown of it.
    pub cursor: Cursor,
    /// The command that is looked at.
    pub results: Option<Results>,
    /// The text that is read.
    pub viewer: Option<Viewer>,
    /// What is read as it comes.
    pub follow: Option<Follow>,
    /// How many results were looked at so far.
    looked: u64,
    /// Changes whenever the history does, for the side of a split screen that does not have it now; with what it was when
    /// this side had it last, and the command the cursor was on.
    revision: u64,
    seen: (u64, Option<String>),
    landing: HashMap<Origin, Vec<ssm::Command>>,
}

impl Commands {
    /// A refresh of an origin begins.
    pub fn begin(&mut self, origin: Origin) {
        self.landing.insert(origin, Vec::new());
    }

    /// Takes over a page.
    pub fn land(&mut self, origin: Origin, page: Vec<ssm::Command>) {
        let landing = self.landing.entry(origin).or_default();
        landing.extend(page);
        if self.list.iter().filter(|listed| listed.origin == origin).count() < landing.len() {
            let landed = landing.clone();
            self.replace(origin, landed);
        }
    }

    /// Takes over how some commands of an origin stand now.
    pub fn renew(&mut self, origin: Origin, fresh: Vec<ssm::Command>) {
        let fresh: Vec<_> = fresh.into_iter().map(|command| Listed { origin, command }).collect();
        let again = |listed: &Listed| {
            let id = listed.command.command_id.as_deref().unwrap_or_default();
            fresh.iter().any(|fresh| fresh.is(listed.origin, id))
        };
        self.relist(|listed| !again(listed), fresh.clone());
    }

    /// The refresh of an origin is whole. The cursor stays on its command.
    pub fn finish_list(&mut self, origin: Origin) {
        let landed = self.landing.remove(&origin).unwrap_or_default();
        self.replace(origin, landed);
    }

    fn replace(&mut self, origin: Origin, commands: Vec<ssm::Command>) {
        let commands = commands.into_iter().map(|command| Listed { origin, command }).collect();
        self.relist(|listed| listed.origin != origin, commands);
    }

    /// Forgets the commands that are not of these origins.
    pub fn keep_origins(&mut self, scope: &[Origin]) {
        self.feed.keep(scope);
        self.relist(|listed| scope.contains(&listed.origin), Vec::new());
    }

    fn relist(&mut self, kept: impl Fn(&Listed) -> bool, more: Vec<Listed>) {
        // Who stands at the top sees what comes.
        self.lens.outdate(self.current().filter(|_| self.cursor.at > 0).map(sheet::key));
        self.revision += 1;
        self.list.retain(kept);
        self.list.extend(more);
        self.list.sort_by_key(|listed| std::cmp::Reverse(listed.command.requested_date_time));
    }

    /// Looks at the commands of these origins alone, or at all.
    pub fn look_among(&mut self, among: Option<&[Origin]>) {
        self.feed.tell_of(among);
        self.lens.outdate(self.current().filter(|_| self.cursor.at > 0).map(sheet::key));
    }

    /// The pane of another side, which looks at the same history.
    pub fn beside(&self) -> Self {
        let seen = (self.revision, None);
        let mut other = Self { cursor: self.cursor, seen, ..Self::default() };
        other.lens.outdate(None);
        other
    }

    /// Changes places with the pane of the other side, which gets the history.
    pub fn turn(&mut self, other: &mut Self) {
        self.seen = (self.revision, self.current().filter(|_| self.cursor.at > 0).map(sheet::key));
        std::mem::swap(self, other);
        self.feed.take_over(&mut other.feed);
        std::mem::swap(&mut self.list, &mut other.list);
        std::mem::swap(&mut self.landing, &mut other.landing);
        std::mem::swap(&mut self.revision, &mut other.revision);
        // The numbers of answers are never those of the other side.
        std::mem::swap(&mut self.looked, &mut other.looked);
        if self.seen.0 != self.revision {
            self.lens.outdate(self.seen.1.take());
        }
    }

    /// Works out anew what is shown if something changed.
    pub fn settle(&mut self, origins: &Origins) {
        self.lens.settle(&mut self.cursor, &CommandRows { list: &self.list, origins });
    }

    /// A command that is shown.
    pub fn row(&self, row: usize) -> Option<&Listed> {
        self.list.get(self.lens.place(row)?)
    }

    /// The command under the cursor.
    pub fn current(&self) -> Option<&Listed> {
        self.row(self.cursor.at)
    }

    /// The command that is looked at, from the history.
    pub fn opened(&self) -> Option<&Listed> {
        let results = self.results.as_ref()?;
        self.list.iter().find(|listed| listed.is(results.origin, &results.id))
    }

    /// Looks at commands that were sent together. Answers about those that were looked at before are taken no more. Every
    /// character counts at first: nothing that was left out of account in another command hides a difference in this one.
    pub fn look_at(&mut self, origin: Origin, ids: Vec<String>) {
        let results = Results::new(origin, ids).numbered_after(self.looked << 32);
        self.looked += 1;
        (self.results, self.viewer, self.follow) = (Some(results), None, None);
    }

    /// Whether something that is shown has not ended.
    pub fn is_running(&self) -> bool {
        match &self.results {
            Some(results) => {
                let open = results.invocations.iter().any(|i| !i.outcome.is_final());
                open || results.invocations.is_empty()
                    || self.opened().is_some_and(|c| !command_outcome(&c.command).is_final())
            }
            None => self.list.iter().any(|listed| !command_outcome(&listed.command).is_final()),
        }
    }
}

/// What a command does, in one line: its comment, its script's first line, or its document.
pub fn summary(command: &ssm::Command) -> String {
    let script = command.parameters.get("commands").and_then(|lines| lines.iter().find(|l| !l.trim().is_empty()));
    let comment = command.comment.as_ref().filter(|comment| !comment.is_empty());
    let text = comment.or(script).or(command.document_name.as_ref());
    text.map(|text| clean(&ssm::redact::mask(text))).unwrap_or_default()
}
