//! Work as data: what the state wants done. [`perform`] is the only place that starts any of it, and so the place where
//! read-only is enforced; a [`Change`] reaches it only inside a [`Confirmed`], which only an answered question makes.

use std::{collections::BTreeSet, path::PathBuf, sync::Arc};

use serde::{Deserialize, Serialize};

use crate::{
    config::{
        aws::{Profile, SsoSession},
        forward::Forward,
        place::Place,
        session::SessionProfile,
    },
    console::{
        opener::Opener,
        origin::Origin,
        probe::Probe,
        state::{
            commands::Folding,
            compliance::{self, patches::States},
            export::Export,
            fleet::order::Job,
            sessions::Session,
        },
        term::Terminal,
    },
    ssm::{self, Timestamp},
};

pub mod clipboard;
pub(super) mod files;
mod follow;
mod follows;
mod forward;
mod look;
mod make;
mod on_node;
mod outputs;
pub mod perform;
mod plan;
mod programs;
mod put;
mod queries;
mod retag;
mod sample;
mod shell;
mod sign_in;
mod take_back;
mod tape;
mod transfer;
mod turns;
mod why;
mod write;

pub use forward::spec as forward_spec;
pub use retag::Retag;

/// Which question an answer belongs to: the origin it was put to and its number among those of one source, so that an
/// answer to an old question is known and dropped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Epoch {
    /// Whom it was put to.
    pub origin: Origin,
    /// Its number.
    pub number: u64,
    /// The side of a split screen that wants it, if its source is one that each side has for itself.
    #[serde(default, skip_serializing_if = "is_first")]
    pub side: u32,
}

/// Whether it is the side that was there first.
fn is_first(side: &u32) -> bool {
    *side == 0
}

/// Which question an answer belongs to. A newer question of the same source ends the older one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Source {
    Nodes,
    Samples,
    NodesWhere,
    Tags,
    PatchStates,
    Summaries,
    ComplianceTypes,
    Patches,
    NodeCommands,
    Why,
    Commands,
    Invocations,
    Whole,
    Followed,
    Running,
    Watched,
    Kept,
    Earlier,
    Plan,
    Documents,
    Document,
    Parameters,
    Parameter,
    ParameterTags,
    Value,
    History,
    Preferences,
    Sessions,
    Transcript,
}

impl Source {
    /// Whether each side of a split screen asks for itself: what is looked at closely. Of lists there is one for both.
    pub fn is_of_side(self) -> bool {
        use Source::*;
        matches!(
            self,
            NodesWhere
                | Patches
                | NodeCommands
                | Why
                | Invocations
                | Whole
                | Followed
                | Kept
                | Earlier
                | Parameter
                | ParameterTags
                | Value
                | History
                | Transcript
        )
    }
}

/// A document that is looked at before it is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Linted {
    /// Its name or ARN.
    pub name: String,
    /// The names of the parameters that are given.
    pub given: BTreeSet<String>,
}

/// An invocation whose output is wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ran {
    /// The command.
    pub command: String,
    /// The node.
    pub node: String,
    /// The steps whose output is wanted, where the document has several: the service answers for one at a time. Empty where
    /// there is only one, which need not be named.
    pub steps: Vec<String>,
}

/// A question to the service. None of them changes anything, but for what [`Query::Samples`] leaves in the history.
#[derive(Clone, Debug, PartialEq)]
pub enum Query {
    /// Who the caller is: the account for the header.
    Identity,
    /// Every managed node.
    Nodes,
    /// The vitals of these nodes. They are asked with a command that runs a fixed script, which changes nothing.
    Samples(Vec<String>),
    /// The managed nodes that pass filters.
    NodesWhere(Vec<ssm::InstanceInformationStringFilter>),
    /// The tags of these nodes.
    Tags(Vec<String>),
    /// The patch states of these nodes.
    PatchStates(Vec<String>),
    /// The compliance summary of every resource.
    Summaries,
    /// The resources of the account by type of compliance.
    ComplianceTypes,
    /// The patches of a node in some states.
    Patches { node: String, states: States },
    /// The last commands of a node.
    NodeCommands(String),
    /// Why a node is not connected; its id, where that is known.
    Why { called: String, id: Option<String> },
    /// The history of commands.
    Commands,
    /// How these commands stand.
    Running(Vec<String>),
    /// These nodes alone.
    Watched(Vec<String>),
    /// The invocations of commands that were sent together, with the beginning of their output.
    Invocations(Vec<String>),
    /// The output of these invocations, as much as the service shows of it.
    Whole(Vec<Ran>),
    /// The output of an invocation that runs, as it comes, from the log group it is written to.
    Follow { command: String, node: String },
    /// The whole output of an invocation, from the bucket or the log group where it is kept.
    Kept(Ran),
    /// The output of the first of these commands that ran on a node.
    Earlier { commands: Vec<String>, node: String },
    /// The nodes that targets stand for, and what is wrong with a document.
    Plan { targets: Vec<ssm::Target>, document: Option<Linted> },
    /// The documents that can be run as a command.
    Documents,
    /// The parameters of a document.
    Document(String),
    /// The names and facts of every parameter, without values.
    Parameters,
    /// The facts of one parameter.
    Parameter(String),
    /// The tags of a parameter.
    ParameterTags(String),
    /// The value of a parameter.
    Value { name: String, secret: bool },
    /// The session document in force.
    Preferences,
    /// The sessions that run, and those that are over.
    Sessions,
    /// The sessions of this caller, by ARN, that run.
    OwnSessions(String),
    /// What was written down of a session.
    Transcript(Box<Session>),
    /// The versions of a parameter; decrypted only if asked.
    History { name: String, secret: bool },
}

impl Query {
    /// The source its answers belong to. `None`: the answer concerns the whole console.
    pub fn source(&self) -> Option<Source> {
        Some(match self {
            Self::Identity | Self::OwnSessions(_) => return None,
            Self::Nodes => Source::Nodes,
            Self::Samples(_) => Source::Samples,
            Self::NodesWhere(_) => Source::NodesWhere,
            Self::Tags(_) => Source::Tags,
            Self::PatchStates(_) => Source::PatchStates,
            Self::Summaries => Source::Summaries,
            Self::ComplianceTypes => Source::ComplianceTypes,
            Self::Patches { .. } => Source::Patches,
            Self::NodeCommands(_) => Source::NodeCommands,
            Self::Why { .. } => Source::Why,
            Self::Commands => Source::Commands,
            Self::Invocations(_) => Source::Invocations,
            Self::Whole(_) => Source::Whole,
            Self::Follow { .. } => Source::Followed,
            Self::Kept(_) => Source::Kept,
            Self::Earlier { .. } => Source::Earlier,
            Self::Running(_) => Source::Running,
            Self::Watched(_) => Source::Watched,
            Self::Plan { .. } => Source::Plan,
            Self::Documents => Source::Documents,
            Self::Document(_) => Source::Document,
            Self::Parameters => Source::Parameters,
            Self::Parameter(_) => Source::Parameter,
            Self::ParameterTags(_) => Source::ParameterTags,
            Self::Value { .. } => Source::Value,
            Self::History { .. } => Source::History,
            Self::Preferences => Source::Preferences,
            Self::Sessions => Source::Sessions,
            Self::Transcript(_) => Source::Transcript,
        })
    }
}

/// Something that changes the world, with its exact targets.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// Run a document on nodes.
    Send(Box<ssm::SendCommand>),
    /// Scan nodes for missing patches: as many commands as their number needs.
    Scan(Vec<String>),
    /// Cancel commands, by their ids.
    Cancel(Vec<String>),
    /// Create a parameter or give it a new version. `began`: the version that must still be in force.
    Put { put: Box<ssm::PutParameter>, began: Option<i64> },
    /// Put an earlier version of a parameter again, as a new one. The request has no value: it is fetched when this is done,
    /// so that a secret never gets into the state. `began`: the version that must still be in force.
    Restore { version: i64, put: Box<ssm::PutParameter>, began: Option<i64> },
    /// Put the version of a parameter again that was there before one that was written here.
    TakeBack(Box<TakeBack>),
    /// Delete a parameter.
    Delete(ssm::DeleteParameter),
    /// Label a version of a parameter.
    Label(ssm::LabelParameterVersion),
    /// Take labels from a version.
    Unlabel(ssm::UnlabelParameterVersion),
    /// End a session.
    Terminate(ssm::TerminateSession),
    /// Change the tags of a resource.
    Tag(Box<Retag>),
    /// Change the tags of several resources, which are the same kind of thing.
    Tags(Vec<Retag>),
    /// Run a script on a node.
    OnNode(Box<OnNode>),
    /// Write a text over a file of a node.
    WriteFile(Box<WriteFile>),
    /// Copy a file to a node.
    Upload(Box<Copying>),
    /// Run programs on this machine that say of themselves that they change something.
    Run(Programs),
}

/// A version of a parameter that was written here and is taken back. Its value is fetched when this is done, so that a secret
/// never gets into the state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TakeBack {
    /// The parameter.
    pub name: String,
    /// The version that was written here, and must still be in force.
    pub written: i64,
    /// The one before it, which is written again. `None`: there was none, and the parameter is deleted.
    pub before: Option<i64>,
    /// When the service has it that it was written, once that is known: numbers begin anew with a parameter of the same name.
    #[serde(default)]
    pub made: Option<Timestamp>,
}

/// A short script for one node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OnNode {
    /// The node.
    pub node: String,
    /// What it does, in words: `restart nginx.service`.
    pub what: String,
    /// The script, for `sh`.
    pub script: String,
}

/// A text to be written over a file of a node.
#[derive(Clone, PartialEq, Eq)]
pub struct WriteFile {
    /// The node.
    pub node: String,
    /// The file.
    pub path: String,
    /// What is to be in it.
    pub text: String,
    /// SHA-256 of what must still be in it.
    pub sum: String,
}

/// What is in files may be secret, and stands in no log.
impl std::fmt::Debug for WriteFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WriteFile").field("node", &self.node).field("path", &self.path).finish_non_exhaustive()
    }
}

/// A file to be copied between this machine and a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copying {
    /// The number under which it tells how far it is.
    pub id: u64,
    /// Where the node is.
    pub origin: Origin,
    /// The node.
    pub node: String,
    /// The file or folder there.
    pub remote: String,
    /// The file here.
    pub local: PathBuf,
}

/// What a change touches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reach<'a> {
    /// Nodes, by id; and what else has tags, by name.
    Nodes(Vec<&'a str>),
    /// Other things, by name.
    Things(Vec<&'a str>),
}

impl<'a> Reach<'a> {
    fn names(&self) -> &[&'a str] {
        match self {
            Self::Nodes(names) | Self::Things(names) => names,
        }
    }

    /// How many things. A change touches one at least, whatever is known of it.
    pub fn count(&self) -> usize {
        self.names().len().max(1)
    }

    /// The first of them.
    pub fn first(&self) -> Option<&'a str> {
        self.names().first().copied()
    }
}

impl Change {
    /// The nodes, or the other things by their names, that are touched. None of a command that goes by targets: only who
    /// resolved them knows.
    pub fn reach(&self) -> Reach<'_> {
        match self {
            Self::Send(send) => Reach::Nodes(send.instance_ids.iter().map(String::as_str).collect()),
            Self::Scan(nodes) => Reach::Nodes(nodes.iter().map(String::as_str).collect()),
            Self::OnNode(change) => Reach::Nodes(vec![&change.node]),
            Self::WriteFile(change) => Reach::Nodes(vec![&change.node]),
            Self::Upload(copying) => Reach::Nodes(vec![&copying.node]),
            Self::Tag(change) => Reach::Nodes(vec![&change.id]),
            Self::Tags(changes) => Reach::Nodes(changes.iter().map(|change| change.id.as_str()).collect()),
            Self::Cancel(commands) => Reach::Things(commands.iter().map(String::as_str).collect()),
            Self::Put { put, .. } | Self::Restore { put, .. } => Reach::Things(vec![&put.name]),
            Self::TakeBack(back) => Reach::Things(vec![&back.name]),
            Self::Delete(delete) => Reach::Things(vec![&delete.name]),
            Self::Label(label) => Reach::Things(vec![&label.name]),
            Self::Unlabel(unlabel) => Reach::Things(vec![&unlabel.name]),
            Self::Terminate(terminate) => Reach::Things(vec![&terminate.session_id]),
            Self::Run(programs) => Reach::Things(vec![&programs.title]),
        }
    }

    /// The operation that will be called, or what happens instead.
    pub fn operation(&self) -> &'static str {
        use ssm::Operation;
        match self {
            Self::Send(_) | Self::Scan(_) | Self::OnNode(_) => ssm::SendCommand::NAME,
            Self::WriteFile(_) | Self::Upload(_) => ssm::StartSession::NAME,
            Self::Cancel(_) => ssm::CancelCommand::NAME,
            Self::Put { .. } => ssm::PutParameter::NAME,
            Self::Restore { .. } => "GetParameter, PutParameter",
            Self::TakeBack(back) if back.before.is_none() => ssm::DeleteParameter::NAME,
            Self::TakeBack(_) => "GetParameter, PutParameter",
            Self::Tag(change) => change.operation(),
            Self::Tags(changes) => Retag::operations(changes),
            Self::Delete(_) => ssm::DeleteParameter::NAME,
            Self::Label(_) => ssm::LabelParameterVersion::NAME,
            Self::Unlabel(_) => ssm::UnlabelParameterVersion::NAME,
            Self::Terminate(_) => ssm::TerminateSession::NAME,
            Self::Run(_) => "runs on this machine",
        }
    }
}

/// A change the user was asked about and said yes to. Only [`crate::console::state::overlay::Question::answered`] makes one.
#[derive(Clone, Debug, PartialEq)]
pub struct Confirmed {
    origin: Origin,
    change: Change,
    number: u64,
}

impl Confirmed {
    pub(in crate::console) fn by_the_user(origin: Origin, change: Change, number: u64) -> Self {
        Self { origin, change, number }
    }

    /// Where it is made.
    pub fn origin(&self) -> Origin {
        self.origin
    }

    /// What was agreed to.
    pub fn change(&self) -> &Change {
        &self.change
    }

    /// The number of the yes, which its answer has too.
    pub fn number(&self) -> u64 {
        self.number
    }
}

/// Programs on this machine that run one after the other. None of them gets the terminal.
#[derive(Clone, Debug, PartialEq)]
pub struct Programs {
    /// Their number, by which their updates are known.
    pub id: u64,
    /// What they are called together.
    pub title: String,
    /// The programs.
    pub steps: Vec<Step>,
    /// What each of them reads.
    pub stdin: Option<Arc<str>>,
}

/// One program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// What stands above its output, where there are several.
    pub heading: Option<String>,
    /// The program and its arguments. No shell reads them.
    pub words: Vec<String>,
    /// What is added to its environment.
    pub environment: Vec<(String, String)>,
}

/// How far something has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// Bytes that are done.
    pub done: usize,
    /// Bytes there are.
    pub total: usize,
}

/// A recording that is to begin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recording {
    /// Where it goes; made if it is not there.
    pub directory: PathBuf,
    /// The name of its file, without an ending.
    pub name: String,
    /// What it is called inside.
    pub title: String,
    /// When it begins.
    pub at: Timestamp,
}

/// Something the loop must do for the state.
#[derive(Clone, Debug)]
pub enum Effect {
    /// End the program.
    Quit,
    /// Stop the process as ctrl-z does.
    Suspend,
    /// Show the last lines of the log.
    ReadLog,
    /// Read the user's files again.
    Reload,
    /// Draw everything, whatever is thought to be on the screen.
    Repaint,
    /// Take the mouse, or leave it to the terminal.
    TakeMouse(bool),
    /// Make a client for an origin.
    Connect { origin: Origin, place: Box<Place> },
    /// Sign in by single sign-on: ask for a code, and wait until the user has agreed in a browser.
    SignIn(Box<SsoSession>),
    /// Stop waiting for that.
    CancelSignIn,
    /// Sign in to an origin with the code of a device.
    EnterCode { origin: Origin, profile: Box<Profile>, name: String, code: ssm::Sensitive },
    /// An origin is no longer looked at: stop asking there. What is open there stays.
    Leave(Origin),
    /// Ask the service of the epoch's origin.
    Ask { query: Query, epoch: Epoch },
    /// Work out the order of the fleet's rows.
    Arrange(Box<Job>),
    /// Count the fleet for compliance, and put the nodes of a group in order.
    Count(Box<compliance::count::Job>),
    /// Stop asking for a side of the screen.
    Forget { source: Source, side: u32 },
    /// A side of the screen is closed: stop asking for it.
    LeaveSide(u32),
    /// Change something.
    Change(Confirmed),
    /// Start a session, as a profile says, and show it in this terminal; or go on with one that was left, by its id.
    OpenShell {
        tab: u64,
        origin: Origin,
        node: String,
        profile: Option<Box<SessionProfile>>,
        left: Option<String>,
        terminal: Arc<Terminal>,
    },
    /// Send keys to a session.
    ShellInput { tab: u64, bytes: Vec<u8> },
    /// Send a large paste to a session, as fast as the session takes it, telling how far it has come.
    ShellPaste { tab: u64, bytes: Arc<[u8]> },
    /// Stop the paste under way in a session.
    CancelPaste { tab: u64 },
    /// Tell a session the size of its screen, in rows and columns.
    ShellResize { tab: u64, rows: u16, columns: u16 },
    /// End a session.
    CloseShell { tab: u64 },
    /// Record a session from here on, or stop it.
    RecordShell { tab: u64, recording: Option<Box<Recording>> },
    /// Forward a port of this machine through a node.
    StartForward { id: u64, origin: Origin, node: String, entry: Forward },
    /// End a forward.
    StopForward { id: u64 },
    /// Try once more whether the port of a forward answers.
    ProbeForward { id: u64 },
    /// Look at a node: run a fixed script there that changes nothing, and tell what it says.
    Look { id: u64, origin: Origin, node: String, probe: Probe },
    /// End a look.
    EndLook(u64),
    /// Copy a file of a node to this machine.
    Download(Box<Copying>),
    /// Break off a copy, from a node or to it, by its number.
    StopCopying(u64),
    /// Put results of a command into groups, which is much to read.
    Fold { command: String, number: u64, folding: Arc<Folding> },
    /// Run programs that change nothing.
    Run(Programs),
    /// End the programs of this number.
    StopPrograms(u64),
    /// Write a text to a file of the user.
    Save { path: PathBuf, text: Arc<str> },
    /// Write what is the console's own to its file, anew.
    Keep { path: PathBuf, text: Arc<str> },
    /// Write rows of a list to a file of the user.
    Export { export: Box<Export>, path: PathBuf },
    /// Open an address of the web.
    OpenLink { opener: Opener, address: Arc<str> },
    /// Tell the user something through the terminal, who may look at another window.
    Notify(String),
    /// Put a text into the terminal's clipboard; the number by which it is known if it does not get there, 0 where nobody told
    /// of it.
    Copy { copy: u64, text: String },
    /// Write what happened last to a file, for a report of a bug.
    Report,
}

impl Effect {
    /// Whether it changes something outside, and is therefore refused in a read-only origin.
    pub fn changes(&self) -> bool {
        self.changed().is_some()
    }

    /// The origin in which it changes something, if it does.
    pub fn changed(&self) -> Option<Origin> {
        match self {
            Self::Change(confirmed) => Some(confirmed.origin),
            Self::OpenShell { origin, .. } | Self::StartForward { origin, .. } | Self::Look { origin, .. } => {
                Some(*origin)
            }
            Self::Download(copying) => Some(copying.origin),
            Self::Ask { query: Query::Samples(_), epoch } => Some(epoch.origin),
            _ => None,
        }
    }

    /// Whether all that it changes is that something is looked at: a session or a command begins with a fixed script. A
    /// read-only origin does that where probing is on.
    pub fn probes(&self) -> bool {
        matches!(self, Self::Look { .. } | Self::Download(_) | Self::Ask { query: Query::Samples(_), .. })
    }
}
