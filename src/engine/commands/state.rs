//! The life of a command and of its invocations: every state, every transition. Pure; the store keeps what comes out
//! before anybody is told.

use crate::ssm::{CommandInvocationStatus, CommandStatus, document::flow::AgentStatus};

/// Where an invocation (one command on one node) stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Invocation {
    /// Waits for its node or for its turn.
    Pending,
    /// The node had no room; it is sent again later.
    Delayed,
    /// Sent, and not yet acknowledged. Sent again, under the same id, whenever the node comes back.
    Sent,
    /// The node has it on its disk.
    Accepted,
    /// The node has reported that it is at work.
    Running,
    /// Cancellation was asked for; the node has not yet confirmed the end. The flag says whether it had acknowledged
    /// the command.
    Cancelling {
        /// Whether the node had acknowledged the command.
        accepted: bool,
    },
    /// Over, for good.
    Done(Outcome),
}

/// How an invocation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// Every step succeeded or was skipped.
    Success,
    /// A step failed, or the node refused the command.
    Failed,
    /// The node did not take the command in time.
    DeliveryTimedOut,
    /// The node took the command and did not end it in time.
    ExecutionTimedOut,
    /// By the user.
    Cancelled,
    /// Never sent, because too many others had failed.
    Terminated,
    /// The node was deregistered.
    Undeliverable,
    /// The document does not run on the node's platform.
    InvalidPlatform,
}

/// What happens to an invocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// It is handed to the node's channel.
    Dispatched,
    /// The node acknowledged it (or knew it already).
    Accepted,
    /// The node's queue is full, or the node is stopping.
    Refused,
    /// The node cannot run it at all.
    Rejected,
    /// The node reported the status of the document.
    Replied(AgentStatus),
    /// The user cancels.
    CancelRequested,
    /// `TimeoutSeconds` have passed.
    DeliveryExpired,
    /// The time that the document may take has passed.
    ExecutionExpired,
    /// More invocations of the command failed than `MaxErrors` allows.
    ErrorsExceeded,
    /// The node is no longer registered.
    NodeGone,
}

impl Invocation {
    const TEXTS: &[(Self, &str)] = &[
        (Self::Pending, "Pending"),
        (Self::Delayed, "Delayed"),
        (Self::Sent, "Sent"),
        (Self::Accepted, "Accepted"),
        (Self::Running, "Running"),
        (Self::Cancelling { accepted: false }, "CancellingSent"),
        (Self::Cancelling { accepted: true }, "Cancelling"),
        (Self::Done(Outcome::Success), "Success"),
        (Self::Done(Outcome::Failed), "Failed"),
        (Self::Done(Outcome::DeliveryTimedOut), "DeliveryTimedOut"),
        (Self::Done(Outcome::ExecutionTimedOut), "ExecutionTimedOut"),
        (Self::Done(Outcome::Cancelled), "Cancelled"),
        (Self::Done(Outcome::Terminated), "Terminated"),
        (Self::Done(Outcome::Undeliverable), "Undeliverable"),
        (Self::Done(Outcome::InvalidPlatform), "InvalidPlatform"),
    ];

    /// As the store keeps it.
    pub fn as_str(self) -> &'static str {
        Self::TEXTS.iter().find(|(state, _)| *state == self).map_or("", |(_, text)| text)
    }

    /// Reads what the store keeps.
    pub fn parse(text: &str) -> Option<Self> {
        Self::TEXTS.iter().find(|(_, known)| *known == text).map(|(state, _)| *state)
    }

    /// Whether it is over.
    pub fn is_done(self) -> bool {
        matches!(self, Self::Done(_))
    }

    /// Whether it takes up one of the command's `MaxConcurrency`.
    pub fn holds_a_slot(self) -> bool {
        matches!(self, Self::Sent | Self::Accepted | Self::Running | Self::Cancelling { .. })
    }

    /// The state after an event; `None` if the event changes nothing.
    pub fn after(self, event: Event) -> Option<Self> {
        use Invocation::{Accepted, Cancelling, Delayed, Done, Pending, Running, Sent};
        let next = match (self, event) {
            // What is over stays as it is: replies overtake each other, and deadlines race with them.
            (Done(_), _) => return None,
            (_, Event::Replied(status)) => self.after_reply(status),
            (Pending | Delayed, Event::Dispatched) => Sent,
            (Sent | Delayed, Event::Accepted) => Accepted,
            (Cancelling { .. }, Event::Accepted) => Cancelling { accepted: true },
            (Sent, Event::Refused) => Delayed,
            (Cancelling { accepted: false }, Event::Refused) => Done(Outcome::Cancelled),
            (Sent | Accepted | Delayed, Event::Rejected) => Done(Outcome::Failed),
            (Pending | Delayed, Event::CancelRequested) => Done(Outcome::Cancelled),
            (Sent, Event::CancelRequested) => Cancelling { accepted: false },
            (Accepted | Running, Event::CancelRequested) => Cancelling { accepted: true },
            (Pending | Delayed | Sent | Cancelling { accepted: false }, Event::DeliveryExpired) => {
                Done(Outcome::DeliveryTimedOut)
            }
            (Accepted | Running | Cancelling { accepted: true }, Event::ExecutionExpired) => {
                Done(Outcome::ExecutionTimedOut)
            }
            (Pending | Delayed, Event::ErrorsExceeded) => Done(Outcome::Terminated),
            (_, Event::NodeGone) => Done(Outcome::Undeliverable),
            _ => return None,
        };
        (next != self).then_some(next)
    }

    fn after_reply(self, status: AgentStatus) -> Self {
        match status {
            AgentStatus::Success | AgentStatus::Skipped => Self::Done(Outcome::Success),
            AgentStatus::Failed => Self::Done(Outcome::Failed),
            AgentStatus::TimedOut => Self::Done(Outcome::ExecutionTimedOut),
            AgentStatus::Cancelled => Self::Done(Outcome::Cancelled),
            // A restart of the node is not an end: the step goes on afterwards.
            AgentStatus::NotStarted
            | AgentStatus::InProgress
            | AgentStatus::SuccessAndReboot
            | AgentStatus::PassedAndReboot => match self {
                Self::Cancelling { .. } => Self::Cancelling { accepted: true },
                _ => Self::Running,
            },
        }
    }

    /// `Status` as the API has it.
    pub fn status(self) -> CommandInvocationStatus {
        match self {
            Self::Pending | Self::Sent => CommandInvocationStatus::Pending,
            Self::Delayed => CommandInvocationStatus::Delayed,
            Self::Accepted | Self::Running => CommandInvocationStatus::InProgress,
            Self::Cancelling { .. } => CommandInvocationStatus::Cancelling,
            Self::Done(outcome) => outcome.status(),
        }
    }

    /// `StatusDetails` as the API has it.
    pub fn details(self) -> &'static str {
        match self {
            Self::Pending | Self::Sent => "Pending",
            Self::Delayed => "Delayed",
            Self::Accepted | Self::Running => "InProgress",
            Self::Cancelling { .. } => "Cancelling",
            Self::Done(outcome) => outcome.details(),
        }
    }
}

impl Outcome {
    fn status(self) -> CommandInvocationStatus {
        match self {
            Self::Success => CommandInvocationStatus::Success,
            Self::DeliveryTimedOut | Self::ExecutionTimedOut => CommandInvocationStatus::TimedOut,
            Self::Cancelled | Self::Terminated => CommandInvocationStatus::Cancelled,
            Self::Failed | Self::Undeliverable | Self::InvalidPlatform => CommandInvocationStatus::Failed,
        }
    }

    fn details(self) -> &'static str {
        match self {
            Self::Success => "Success",
            Self::Failed => "Failed",
            Self::DeliveryTimedOut => "Delivery Timed Out",
            Self::ExecutionTimedOut => "Execution Timed Out",
            Self::Cancelled => "Cancelled",
            Self::Terminated => "Terminated",
            Self::Undeliverable => "Undeliverable",
            Self::InvalidPlatform => "Invalid Platform",
        }
    }
}

/// How many invocations of a command stand where.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Waiting or delayed.
    pub waiting: u64,
    /// Of these, delayed.
    pub delayed: u64,
    /// Sent, and not yet acknowledged.
    pub sent: u64,
    /// Acknowledged, running or being cancelled.
    pub active: u64,
    /// Ended well.
    pub succeeded: u64,
    /// Failed.
    pub failed: u64,
    /// Not delivered in time.
    pub delivery_timed_out: u64,
    /// Not ended in time.
    pub execution_timed_out: u64,
    /// Cancelled by the user.
    pub cancelled: u64,
    /// Never sent because of the others.
    pub terminated: u64,
    /// The node is gone.
    pub undeliverable: u64,
    /// The wrong platform.
    pub invalid_platform: u64,
}

impl Tally {
    /// Counts `number` invocations in a state.
    pub fn add(&mut self, state: Invocation, number: u64) {
        let field = match state {
            Invocation::Pending => &mut self.waiting,
            Invocation::Delayed => {
                self.delayed += number;
                &mut self.waiting
            }
            Invocation::Sent => &mut self.sent,
            Invocation::Accepted | Invocation::Running | Invocation::Cancelling { .. } => &mut self.active,
            Invocation::Done(Outcome::Success) => &mut self.succeeded,
            Invocation::Done(Outcome::Failed) => &mut self.failed,
            Invocation::Done(Outcome::DeliveryTimedOut) => &mut self.delivery_timed_out,
            Invocation::Done(Outcome::ExecutionTimedOut) => &mut self.execution_timed_out,
            Invocation::Done(Outcome::Cancelled) => &mut self.cancelled,
            Invocation::Done(Outcome::Terminated) => &mut self.terminated,
            Invocation::Done(Outcome::Undeliverable) => &mut self.undeliverable,
            Invocation::Done(Outcome::InvalidPlatform) => &mut self.invalid_platform,
        };
        *field += number;
    }

    /// `ErrorCount`, which is also what `MaxErrors` is held against.
    pub fn errors(&self) -> u64 {
        self.failed + self.execution_timed_out
    }

    /// `CompletedCount`.
    pub fn completed(&self) -> u64 {
        self.succeeded
            + self.errors()
            + self.delivery_timed_out
            + self.cancelled
            + self.terminated
            + self.undeliverable
            + self.invalid_platform
    }

    /// `TargetCount`.
    pub fn targets(&self) -> u64 {
        self.waiting + self.sent + self.active + self.completed()
    }

    /// How many more may be sent now.
    pub fn free_slots(&self, max_concurrency: u64) -> u64 {
        max_concurrency.saturating_sub(self.sent + self.active)
    }
}

/// Where a command stands, by its invocations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// No node has it yet.
    Pending,
    /// The nodes that should have it have no room.
    Delayed,
    /// Some node has it, and some node has not ended.
    InProgress,
    /// Cancellation was asked for, and some node has not ended.
    Cancelling,
    /// Every node that could be reached succeeded.
    Success,
    /// More nodes failed than `MaxErrors` allows.
    Failed,
    /// More nodes did not take it in time than `MaxErrors` allows.
    DeliveryTimedOut,
    /// As `Failed`, and every failure was a time-out.
    ExecutionTimedOut,
    /// Some node did not succeed, but not too many failed.
    Incomplete,
    /// By the user.
    Cancelled,
    /// There was nobody to send it to.
    NoInstancesInTag,
}

impl Command {
    /// `Status` as the API has it.
    pub fn status(self) -> CommandStatus {
        match self {
            Self::Pending | Self::Delayed => CommandStatus::Pending,
            Self::InProgress => CommandStatus::InProgress,
            Self::Cancelling => CommandStatus::Cancelling,
            Self::Success | Self::NoInstancesInTag => CommandStatus::Success,
            Self::Failed | Self::Incomplete => CommandStatus::Failed,
            Self::DeliveryTimedOut | Self::ExecutionTimedOut => CommandStatus::TimedOut,
            Self::Cancelled => CommandStatus::Cancelled,
        }
    }

    /// `StatusDetails` as the API has it.
    pub fn details(self) -> &'static str {
        match self {
            Self::Pending => "Pending",
            Self::Delayed => "Delayed",
            Self::InProgress => "InProgress",
            Self::Cancelling => "Cancelling",
            Self::Success => "Success",
            Self::Failed => "Failed",
            Self::DeliveryTimedOut => "Delivery Timed Out",
            Self::ExecutionTimedOut => "Execution Timed Out",
            Self::Incomplete => "Incomplete",
            Self::Cancelled => "Cancelled",
            Self::NoInstancesInTag => "NoInstancesInTag",
        }
    }

    /// Whether nothing will change any more.
    pub fn is_done(self) -> bool {
        !matches!(self, Self::Pending | Self::Delayed | Self::InProgress | Self::Cancelling)
    }

    /// `ExecutionStage`, a filter of `ListCommands`.
    pub fn stage(self) -> &'static str {
        if self.is_done() { "Complete" } else { "Executing" }
    }
}

/// The state of a command, given where its invocations stand and whether the user cancelled all of it.
///
/// Undeliverable invocations count neither as success nor as failure, unless there are no others. Delivery time-outs do not
/// count against `MaxErrors`, but keep the command from being a success.
pub fn command(tally: &Tally, max_errors: u64, cancelled: bool) -> Command {
    if tally.targets() == 0 {
        return Command::NoInstancesInTag;
    }
    if tally.completed() < tally.targets() {
        return if cancelled {
            Command::Cancelling
        } else if tally.active + tally.completed() > 0 {
            Command::InProgress
        } else if tally.delayed > 0 && tally.sent == 0 {
            Command::Delayed
        } else {
            Command::Pending
        };
    }
    if cancelled && tally.cancelled > 0 {
        Command::Cancelled
    } else if tally.errors() > max_errors {
        if tally.failed == 0 { Command::ExecutionTimedOut } else { Command::Failed }
    } else if tally.delivery_timed_out > max_errors {
        Command::DeliveryTimedOut
    } else if tally.succeeded == 0 && tally.undeliverable + tally.invalid_platform == tally.targets() {
        Command::Failed
    } else if tally.succeeded + tally.undeliverable == tally.targets() {
        Command::Success
    } else if tally.cancelled + tally.undeliverable == tally.targets() {
        Command::Cancelled
    } else {
        Command::Incomplete
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn tally(states: &[(Invocation, u64)]) -> Tally {
        let mut tally = Tally::default();
        states.iter().for_each(|(state, number)| tally.add(*state, *number));
        tally
    }

    #[test]
    fn an_invocation_takes_the_usual_way() {
        let mut state = Invocation::Pending;
        for (event, next) in [
            (Event::Dispatched, Invocation::Sent),
            (Event::Refused, Invocation::Delayed),
            (Event::Dispatched, Invocation::Sent),
            (Event::Accepted, Invocation::Accepted),
            (Event::Replied(AgentStatus::InProgress), Invocation::Running),
            (Event::Replied(AgentStatus::SuccessAndReboot), Invocation::Running),
            (Event::CancelRequested, Invocation::Cancelling { accepted: true }),
            (Event::Replied(AgentStatus::Cancelled), Invocation::Done(Outcome::Cancelled)),
        ] {
            state = state.after(event).unwrap_or(state);
            assert_eq!(state, next, "{event:?}");
        }
    }

    #[test]
    fn a_reply_may_overtake_everything() {
        for state in [Invocation::Pending, Invocation::Sent, Invocation::Accepted] {
            let done = Invocation::Done(Outcome::Success);
            assert_eq!(state.after(Event::Replied(AgentStatus::Success)), Some(done));
            assert_eq!(done.after(Event::Replied(AgentStatus::InProgress)), None);
            assert_eq!(done.after(Event::Accepted), None);
        }
    }

    #[test]
    fn a_command_is_what_its_invocations_are() {
        use Invocation::{Accepted, Delayed, Done, Pending, Sent};
        use Outcome::*;
        for (states, max_errors, cancelled, expected) in [
            (vec![], 0, false, Command::NoInstancesInTag),
            (vec![(Pending, 3)], 0, false, Command::Pending),
            (vec![(Sent, 3)], 0, false, Command::Pending),
            (vec![(Delayed, 1), (Pending, 1)], 0, false, Command::Delayed),
            (vec![(Accepted, 1), (Pending, 2)], 0, false, Command::InProgress),
            (vec![(Done(Success), 1), (Pending, 2)], 0, false, Command::InProgress),
            (vec![(Accepted, 1)], 0, true, Command::Cancelling),
            (vec![(Done(Success), 3)], 0, false, Command::Success),
            (vec![(Done(Success), 1), (Done(Undeliverable), 4)], 0, false, Command::Success),
            (vec![(Done(Undeliverable), 5)], 0, false, Command::Failed),
            (vec![(Done(InvalidPlatform), 2)], 0, false, Command::Failed),
            (vec![(Done(Success), 2), (Done(Failed), 1)], 0, false, Command::Failed),
            (vec![(Done(Success), 2), (Done(Failed), 1)], 1, false, Command::Incomplete),
            (vec![(Done(Success), 2), (Done(ExecutionTimedOut), 1)], 0, false, Command::ExecutionTimedOut),
            (vec![(Done(Failed), 1), (Done(ExecutionTimedOut), 1)], 0, false, Command::Failed),
            (vec![(Done(DeliveryTimedOut), 1)], 0, false, Command::DeliveryTimedOut),
            (vec![(Done(Success), 1), (Done(DeliveryTimedOut), 1)], 1, false, Command::Incomplete),
            (vec![(Done(Failed), 2), (Done(Terminated), 4)], 1, false, Command::Failed),
            (vec![(Done(Success), 1), (Done(Cancelled), 1)], 0, true, Command::Cancelled),
            (vec![(Done(Success), 2)], 0, true, Command::Success),
            (vec![(Done(Cancelled), 2)], 0, false, Command::Cancelled),
        ] {
            assert_eq!(command(&tally(&states), max_errors, cancelled), expected, "{states:?}");
        }
    }

    #[test]
    fn every_state_survives_the_store() {
        for (state, text) in Invocation::TEXTS {
            assert_eq!(Invocation::parse(text), Some(*state));
        }
    }

    fn events() -> impl Strategy<Value = Event> {
        prop::sample::select(vec![
            Event::Dispatched,
            Event::Accepted,
            Event::Refused,
            Event::Rejected,
            Event::Replied(AgentStatus::InProgress),
            Event::Replied(AgentStatus::Success),
            Event::Replied(AgentStatus::Failed),
            Event::CancelRequested,
            Event::DeliveryExpired,
            Event::ExecutionExpired,
            Event::ErrorsExceeded,
            Event::NodeGone,
        ])
    }

    proptest! {
        #[test]
        fn an_end_is_an_end_and_deadlines_always_reach_one(events in prop::collection::vec(events(), 0..30)) {
            let mut state = Invocation::Pending;
            for event in events {
                let next = state.after(event).unwrap_or(state);
                prop_assert!(!state.is_done() || next == state);
                state = next;
            }
            let state = state.after(Event::DeliveryExpired).unwrap_or(state);
            let state = state.after(Event::ExecutionExpired).unwrap_or(state);
            prop_assert!(state.is_done());
        }
    }
}
