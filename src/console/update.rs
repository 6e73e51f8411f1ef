//! What tasks send back to the state. Everything here can be kept in a record of the console and read again; what of it is
//! kept, [`super::record`] says for each kind.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use serde::{Deserialize, Serialize};

pub use crate::client::forward::{Far, Held};
use crate::{
    console::{
        effect::{Epoch, Progress, Retag, Source, TakeBack},
        origin::Origin,
        state::{
            commands::Group,
            compliance::count::Counted,
            fleet::{order::Arranged, why::Findings},
            plan::Resolved,
            shells::limits::Preferences,
        },
    },
    ssm,
};

/// Something went wrong, in words for the user. Cleaned of everything that is no text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trouble {
    /// What happened.
    pub what: String,
    /// What to do next, where something can be said.
    pub advice: Option<String>,
    /// What it is of, where that is more than the one call that failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<Fault>,
}

/// What ails a whole origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Fault {
    /// There are no credentials, or they are not taken any more.
    Credentials,
    /// Nobody is reached there.
    Way,
    /// Whoever is there takes questions and answers none.
    Silence,
}

impl Trouble {
    /// A trouble in words from anywhere.
    pub fn new(what: impl AsRef<str>, advice: Option<&str>) -> Self {
        Self { what: super::text::clean(what.as_ref()), advice: advice.map(super::text::clean), fault: None }
    }
}

/// What a connection told of an origin.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// The AWS profile, if one is used.
    pub profile: Option<String>,
    /// The region.
    pub region: String,
    /// The endpoint, if it is not AWS's own.
    pub endpoint: Option<String>,
    /// The account, once known.
    pub account: Option<String>,
    /// The ARN of the caller, once known.
    pub caller: Option<String>,
}

/// The output of one invocation, as much of it as was asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Whole {
    /// The node it ran on.
    pub node: String,
    /// What came of its steps, in their order.
    pub steps: Vec<Said>,
    /// Something is missing at the end; why.
    pub cut: Option<String>,
    /// Whether what is missing is kept somewhere and can be fetched.
    pub kept: bool,
}

/// What a step of a document said on a node.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// The step, where the document has several.
    pub step: Option<String>,
    /// How it stands.
    pub status: Option<ssm::CommandInvocationStatus>,
    /// AWS's status details, such as `Skipped`.
    pub details: String,
    /// The exit code.
    pub code: Option<i32>,
    /// Standard output. Raw: not fit for a terminal.
    pub stdout: String,
    /// Standard error, likewise.
    pub stderr: String,
}

#[cfg(test)]
impl Whole {
    /// What the only step said on a node.
    pub fn of(node: &str, stdout: &str, stderr: &str) -> Self {
        let said = Said { stdout: stdout.to_owned(), stderr: stderr.to_owned(), ..Said::default() };
        Self { node: node.to_owned(), steps: vec![said], ..Self::default() }
    }
}

/// What a command said on a node since it was last looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Followed {
    /// The command.
    pub command: String,
    /// The node.
    pub node: String,
    /// What came.
    pub pieces: Vec<Piece>,
    /// Whether there is more before it that was not read.
    pub is_late: bool,
}

/// Whole lines of one of the outputs of a step.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Piece {
    /// The step, where the document has several.
    pub step: Option<String>,
    /// Whether it is standard error.
    pub error: bool,
    /// Raw: not fit for a terminal.
    pub text: String,
}

/// What a program on this machine has to say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ProgramUpdate {
    /// The next of several programs begins; what it is.
    Heading(String),
    /// It wrote this. Raw: not fit for a terminal.
    Output { text: String, error: bool },
    /// All of them are over: a word about how, and whether all is well.
    Ended { word: String, well: bool },
}

/// One page of an answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Page {
    Nodes(Vec<ssm::InstanceInformation>),
    Sample {
        node: String,
        result: Result<String, Trouble>,
    },
    Tags {
        node: String,
        tags: Vec<ssm::Tag>,
    },
    PatchStates {
        asked: Vec<String>,
        states: Vec<ssm::InstancePatchState>,
    },
    Summaries(Vec<ssm::ResourceComplianceSummaryItem>),
    ComplianceTypes(Vec<ssm::ComplianceSummaryItem>),
    Patches(Vec<ssm::PatchComplianceData>),
    NodeCommands(Vec<ssm::CommandInvocation>),
    Why(Box<Findings>),
    Commands(Vec<ssm::Command>),
    /// How commands stand that are asked for one by one.
    Running(Vec<ssm::Command>),
    Invocations(Vec<ssm::CommandInvocation>),
    Whole(Box<Whole>),
    Followed(Box<Followed>),
    /// What an earlier run, as the command of this id, gave on a node.
    Earlier {
        command: String,
        whole: Box<Whole>,
    },
    /// The service does not keep any more what earlier runs gave on a node.
    Forgotten {
        node: String,
    },
    /// The nodes that targets stand for.
    Plan(Box<Resolved>),
    Documents(Vec<ssm::DocumentIdentifier>),
    Document(Box<ssm::DocumentDescription>),
    Parameters(Vec<ssm::ParameterMetadata>),
    ParameterTags(Vec<ssm::Tag>),
    Value(Box<ssm::Parameter>),
    History(Vec<ssm::ParameterHistory>),
    Preferences(Preferences),
    Sessions(Vec<ssm::Session>),
    Transcript(Box<Transcript>),
}

/// What was written down of a session.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transcript {
    /// The session's id.
    pub session: String,
    /// Everything it showed. Raw: not fit for a terminal.
    pub text: String,
    /// Something is missing; why.
    pub note: Option<String>,
}

/// How a change ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Changed {
    /// A command was accepted, as these commands that take so many nodes each. `trouble`: why the other nodes have none.
    Sent { commands: Vec<String>, trouble: Option<Trouble> },
    /// Scans of these nodes were accepted, as these commands. `trouble`: why the other nodes are not scanned.
    Scanning { commands: Vec<String>, nodes: Vec<String>, trouble: Option<Trouble> },
    /// A command is being cancelled.
    Cancelled(String),
    /// A parameter has a new version.
    Put { name: String, version: Option<i64> },
    /// A parameter was not written: this version of it is in force by now, and not the one that was begun from. `None`: the
    /// parameter is gone.
    Outdated { name: String, began: i64, newest: Option<i64> },
    /// A version that was written here was taken back; the version in which the one before it is in force again. `None`: there
    /// was none, and the parameter is gone.
    TakenBack { back: TakeBack, version: Option<i64> },
    /// A version that was written here was not taken back: this one is in force by now. `None`: the parameter is gone.
    Overtaken { back: TakeBack, newest: Option<i64> },
    /// A parameter is gone.
    Deleted(String),
    /// A session was told to end.
    Terminated(String),
    /// The tags of a resource are others.
    Tagged(Box<Retag>),
    /// The tags of several resources are others. `failed`: why those of the rest are not.
    Retagged { done: Vec<Retag>, failed: Vec<Trouble> },
    /// Something was done on a node; what.
    OnNode { node: String, what: String },
    /// The labels of a parameter's versions are others; those the service would not take.
    Labelled { name: String, invalid: Vec<String> },
}

/// What became of a session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ShellUpdate {
    /// It works (again).
    Connected,
    /// The line is cut; it is being mended.
    Reconnecting { attempt: u32 },
    /// The last try to mend it failed, and why.
    Trouble(String),
    /// The line stands and the node has answered nothing for so long, although it should have.
    Silent(Duration),
    /// The node answers again.
    Answered,
    /// It has this id.
    Started(String),
    /// The document that it follows says this; when it began, if that was before it was gone on with here.
    Follows { preferences: Box<Preferences>, began: Option<ssm::Timestamp> },
    /// Bytes came; they are in the terminal already.
    Output,
    /// The bell rang.
    Bell,
    /// A program wants this text in the clipboard; with consent only if `ask`.
    Copy { text: Arc<str>, ask: bool },
    /// A large paste has come so far; `None` when it is done or was stopped.
    Pasting(Option<Progress>),
    /// Whether it is being recorded.
    Recording(bool),
    /// It is over.
    Closed(Trouble),
}

/// What a look at a node brings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum LookUpdate {
    /// A whole answer of its script. Raw: not fit for a terminal.
    Answer(String),
    /// It is over, and why if it did not end by itself.
    Over(Option<Trouble>),
}

/// What became of a forwarded port.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ForwardUpdate {
    /// It listens here.
    Listening(SocketAddr),
    /// Its session is being opened.
    Connecting,
    /// It works (again).
    Open,
    /// What is known of the port on the other side is this.
    Far(Far),
    /// Whether the node owes an answer for too long.
    Silent(bool),
    /// The connection that holds up the others, if one does.
    Held(Option<Held>),
    /// The node's agent, of this version, carries one connection at a time.
    Single(String),
    /// The line is cut; it is being mended.
    Reconnecting { attempt: u32 },
    /// The session is lost; the next try comes after a while.
    Pausing { attempt: u32, wait: Duration },
    /// Connections now and so far, bytes to the node and back.
    Counts { connections: usize, accepted: u64, sent: u64, received: u64 },
    /// Something worth telling that does not end it; empty when it is so no longer.
    Note(String),
    /// It is over.
    Closed(Trouble),
}

/// How far signing in has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SignInUpdate {
    /// The user is to open this address and to compare the code.
    Code { url: String, code: String },
    /// There is a token.
    Done,
    /// There is none.
    Failed(Trouble),
}

/// What a task has to say.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Update {
    /// The client of an origin is ready.
    Connected(Origin, Box<Facts>),
    /// There is no client for an origin.
    Unreachable(Origin, Trouble),
    /// Who the caller is: the account and the ARN.
    Caller { origin: Origin, account: String, arn: String },
    /// These sessions of the caller run without a client: a console that is gone has left them.
    Left { origin: Origin, sessions: usize },
    /// A page of an answer.
    Page { source: Source, epoch: Epoch, page: Page },
    /// An answer is complete, or failed.
    End { source: Source, epoch: Epoch, result: Result<(), Trouble> },
    /// A change was made in an origin, or not; and the number of the yes it answers. Without one it is of a record that does not
    /// have them all, and answers whatever is waited for.
    Changed(Origin, Result<Changed, Trouble>, #[serde(default)] Option<u64>),
    /// Something about a session.
    Shell { tab: u64, update: ShellUpdate },
    /// Something about a forwarded port.
    Forward { id: u64, update: ForwardUpdate },
    /// How far a copy of a file is, in bytes done and in all; `None` when it is over.
    Copying { id: u64, progress: Option<(u64, u64)> },
    /// Something about a look at a node.
    Look { id: u64, update: LookUpdate },
    /// An order of the fleet's rows.
    #[serde(skip)]
    Arranged(Box<Arranged>),
    /// The fleet is counted for compliance.
    #[serde(skip)]
    Counted(Box<Counted>),
    /// Results of a command stand in groups.
    Folded { command: String, number: u64, groups: Vec<Group> },
    /// Something about a program on this machine.
    Program { id: u64, update: ProgramUpdate },
    /// Credentials of an origin have been waited for so long; `None` when they are no longer.
    Credentials { origin: Origin, waited: Option<Duration> },
    /// The service of an origin throttles this operation, which is tried again after a while; or it does so no longer.
    Throttled(Origin, Option<(String, Duration)>),
    /// Something about signing in to what goes by this identifier.
    SignIn { identifier: String, update: SignInUpdate },
    /// The code of a device was taken for an origin, or not.
    CodeTaken(Origin, Result<(), Trouble>),
    /// Something to tell the user.
    Told(String),
    /// Something that failed on this machine without belonging to a pane.
    Failed(Trouble),
    /// The same in an origin.
    FailedIn(Origin, Trouble),
    /// What was said to be in the clipboard is not, and why; the number of the copy.
    NotCopied { copy: u64, why: String },
}

impl Update {
    /// The origin it is about, where it is about one.
    pub fn origin(&self) -> Option<Origin> {
        match self {
            Self::Connected(origin, _)
            | Self::Unreachable(origin, _)
            | Self::Caller { origin, .. }
            | Self::Left { origin, .. }
            | Self::Changed(origin, ..)
            | Self::Throttled(origin, _)
            | Self::Credentials { origin, .. }
            | Self::FailedIn(origin, _)
            | Self::CodeTaken(origin, _) => Some(*origin),
            Self::Page { epoch, .. } | Self::End { epoch, .. } => Some(epoch.origin),
            Self::Shell { .. } | Self::Forward { .. } | Self::Copying { .. } | Self::Look { .. } => None,
            Self::Arranged(_) | Self::Counted(_) | Self::Folded { .. } | Self::Program { .. } => None,
            Self::SignIn { .. } | Self::Told(_) | Self::Failed(_) | Self::NotCopied { .. } => None,
        }
    }
}
