//! The view of one node: what it is busy with, what fills its disks, its processes, services, users, files and logs.
//! Everything in it comes from looks at the node ([`crate::console::probe`]), each with its own age; what is old never
//! passes for what is.

use std::{collections::BTreeMap, time::Duration};

use crossterm::event::KeyEvent;

use super::{cursor::Cursor, viewer::Viewer};
use crate::{
    console::{
        action::{Action, Layer},
        origin::NodeId,
        probe::{Probe, overview, processes::Snapshot, services::Accounts},
        update::Trouble,
    },
    ssm::Timestamp,
};

mod acts;
mod asks;
pub mod disk;
pub mod files;
mod go;
pub mod load;
pub mod log;
pub mod processes;
pub mod services;
pub mod table;

/// A look that goes on and says nothing for so long has no answer.
const SILENCE: Duration = Duration::from_secs(12);
/// A look that answers once may take so long.
const PATIENCE: Duration = Duration::from_secs(40);
/// How long a look that broke off is left alone.
const RETRY: Duration = Duration::from_secs(10);
/// How long one is left alone that never had an answer.
const NEVER: Duration = Duration::from_secs(60);

/// The views of a node, in the order of their tabs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tab {
    #[default]
    Overview,
    Disk,
    Processes,
    Services,
    Users,
    Files,
    Logs,
}

impl Tab {
    /// Every tab.
    pub const ALL: [Self; 7] =
        [Self::Overview, Self::Disk, Self::Processes, Self::Services, Self::Users, Self::Files, Self::Logs];

    /// Its name.
    pub fn title(self) -> &'static str {
        match self {
            Self::Overview => "Overview",
            Self::Disk => "Disk",
            Self::Processes => "Processes",
            Self::Services => "Services",
            Self::Users => "Users",
            Self::Files => "Files",
            Self::Logs => "Logs",
        }
    }

    /// Its name where there is little room.
    pub fn short(self) -> &'static str {
        match self {
            Self::Overview => "Over",
            Self::Disk => "Disk",
            Self::Processes => "Proc",
            Self::Services => "Serv",
            Self::Users => "User",
            Self::Files => "File",
            Self::Logs => "Logs",
        }
    }

    /// The keys that are its own.
    fn layer(self) -> Option<Layer> {
        match self {
            Self::Overview => None,
            Self::Users => Some(Layer::NodeUsers),
            Self::Disk => Some(Layer::NodeDisk),
            Self::Processes => Some(Layer::NodeProcesses),
            Self::Services => Some(Layer::NodeServices),
            Self::Files => Some(Layer::NodeFiles),
            Self::Logs => Some(Layer::NodeLogs),
        }
    }

    /// What it is about, whose age stands in its head.
    pub fn main_subject(self) -> Subject {
        match self {
            Self::Overview | Self::Disk => Subject::Overview,
            Self::Processes => Subject::Processes,
            Self::Services => Subject::Services,
            Self::Users => Subject::Users,
            Self::Files => Subject::Folder,
            Self::Logs => Subject::Log,
        }
    }

    /// What is looked at while it is shown.
    fn subjects(self) -> &'static [Subject] {
        match self {
            Self::Overview => &[Subject::Overview],
            Self::Disk => &[Subject::Overview, Subject::Largest, Subject::Held],
            Self::Processes => &[Subject::Processes],
            Self::Services => &[Subject::Services],
            Self::Users => &[Subject::Users],
            Self::Files => &[Subject::Folder, Subject::File],
            Self::Logs => &[Subject::Log],
        }
    }
}

/// What a look is for. A newer look for the same subject takes the place of the older one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    Overview,
    Largest,
    Held,
    Processes,
    Services,
    Users,
    Folder,
    File,
    Log,
}

impl Subject {
    /// Whether its look goes on until it is ended.
    pub fn goes_on(self) -> bool {
        matches!(self, Self::Overview | Self::Processes | Self::Services | Self::Log)
    }

    /// Whether its look may be silent for long although all is well.
    fn may_be_silent(self) -> bool {
        self == Self::Log
    }
}

/// Where a look stands.
#[derive(Clone, Debug, Default)]
pub struct Look {
    /// Its number while it runs.
    pub id: Option<u64>,
    /// When it began.
    pub began: Option<Timestamp>,
    /// When the node last answered.
    pub at: Option<Timestamp>,
    /// Why it ended early.
    pub trouble: Option<Trouble>,
    /// Whether it is to begin anew.
    again: bool,
}

impl Look {
    /// How long the node has not answered although it should, if that is long.
    fn silence(&self, now: Timestamp, goes_on: bool) -> Option<Duration> {
        let (since, limit) = match goes_on {
            true => (self.at.or(self.began), SILENCE),
            false => (self.began.filter(|_| self.id.is_some()), PATIENCE),
        };
        since.map(|at| now.since(at)).filter(|silence| *silence >= limit)
    }

    /// Nobody wants it any more. What goes on, and what was not answered yet, begins anew when it is wanted again.
    fn leave(&mut self, goes_on: bool) {
        if self.id.take().is_some() && (goes_on || self.at < self.began) {
            self.began = None;
        }
    }

    /// When it says that it is silent, or begins again by itself.
    fn due(&self, now: Timestamp, goes_on: bool) -> Option<Timestamp> {
        let after = match (self.id, goes_on) {
            (Some(_), true) => self.at.or(self.began).map(|at| at.plus(SILENCE)),
            (Some(_), false) => self.began.map(|began| began.plus(PATIENCE)),
            (None, true) => self.began.map(|began| began.plus(if self.at.is_some() { RETRY } else { NEVER })),
            (None, false) => None,
        };
        after.filter(|at| *at > now)
    }

    fn is_due(&self, now: Timestamp, goes_on: bool) -> bool {
        if self.id.is_some() {
            return self.again;
        }
        let rest = if self.at.is_some() { RETRY } else { NEVER };
        let rested = self.began.is_none_or(|began| now.since(began) >= rest);
        self.again || self.began.is_none() || goes_on && rested
    }
}

/// A file that is being copied from or to a node.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Transfer {
    /// Its number.
    pub id: u64,
    /// The node.
    pub node: NodeId,
    /// What is copied, in words.
    pub what: String,
    /// The number of the yes it was agreed to with, if it needed one.
    pub agreed: Option<u64>,
    /// Bytes that are there.
    pub done: u64,
    /// Bytes there are.
    pub total: u64,
}

/// The view of a node.
#[derive(Clone, Debug, Default)]
pub struct NodeView {
    /// The node.
    pub node: NodeId,
    /// What is shown of it.
    pub tab: Tab,
    /// Load, memory, network and disks.
    pub load: load::Load,
    /// How far that is scrolled. Its window alone counts.
    pub scroll: Cursor,
    /// What fills its disks.
    pub disk: disk::Disk,
    /// Its processes.
    pub processes: processes::Processes,
    /// Its services.
    pub services: services::Services,
    /// Its users and groups.
    pub users: services::Users,
    /// Its files.
    pub files: files::Files,
    /// The log that is followed.
    pub log: log::Log,
    looks: BTreeMap<Subject, Look>,
    edit: Option<files::Editable>,
}

impl NodeView {
    /// The view of a node, on a tab.
    pub fn of(node: NodeId, tab: Tab) -> Self {
        Self { node, tab, ..Self::default() }
    }

    /// Where the look for a subject stands.
    pub fn look(&self, subject: Subject) -> Look {
        self.looks.get(&subject).cloned().unwrap_or_default()
    }

    /// Whether a look of this number is one of its own that run.
    pub(super) fn runs(&self, id: u64) -> bool {
        self.looks.values().any(|look| look.id == Some(id))
    }

    /// When a look is to begin again by itself.
    pub(super) fn looks_due(&self, now: Timestamp) -> Option<Timestamp> {
        let subjects = self.tab.subjects().iter().filter(|subject| self.probe(**subject).is_some());
        subjects.filter_map(|subject| self.look(*subject).due(now, subject.goes_on())).min()
    }

    /// How long the node has not answered although it should, if that is long.
    pub fn silence(&self, subject: Subject, now: Timestamp) -> Option<Duration> {
        let look = self.looks.get(&subject).filter(|_| !subject.may_be_silent());
        look.and_then(|look| look.silence(now, subject.goes_on()))
    }

    /// The layers of keys in force, innermost first.
    pub fn layers(&self) -> Vec<Layer> {
        if self.is_typing() {
            return vec![Layer::Input];
        }
        if self.tab == Tab::Files && self.files.viewer.is_some() {
            return vec![Layer::Output, Layer::List, Layer::Global];
        }
        let reading = (self.tab == Tab::Logs).then_some(Layer::Output);
        let own = self.tab.layer().into_iter().chain([Layer::Node]).chain(reading);
        own.chain([Layer::List, Layer::Global]).collect()
    }

    /// The text that is read, if one is.
    pub fn viewer(&self) -> Option<&Viewer> {
        match self.tab {
            Tab::Files => self.files.viewer.as_ref(),
            Tab::Logs => Some(&self.log.viewer),
            _ => None,
        }
    }

    pub(super) fn viewer_mut(&mut self) -> Option<&mut Viewer> {
        match self.tab {
            Tab::Files => self.files.viewer.as_mut(),
            Tab::Logs => Some(&mut self.log.viewer),
            _ => None,
        }
    }

    /// Whether something to search for in a text is being typed.
    pub fn is_typing(&self) -> bool {
        self.viewer().is_some_and(|viewer| viewer.finding)
    }

    /// Works out anew what its tables show that changed.
    pub(super) fn settle(&mut self) {
        self.processes.table.settle();
        self.services.table.settle();
        self.users.settle();
        self.files.table.settle();
    }

    /// A key that is typed.
    pub fn key(&mut self, key: KeyEvent) {
        if let Some(viewer) = self.viewer_mut().filter(|viewer| viewer.finding)
            && viewer.find.key(key)
        {
            viewer.search();
            self.log.moved();
        }
    }

    /// A text that is pasted.
    pub fn insert(&mut self, text: &str) {
        if let Some(viewer) = self.viewer_mut().filter(|viewer| viewer.finding) {
            viewer.find.insert(text);
            viewer.search();
            self.log.moved();
        }
    }

    /// Where one is in the table that is shown.
    pub fn table_cursor(&mut self) -> Option<&mut Cursor> {
        Some(match self.tab {
            Tab::Processes => &mut self.processes.table.cursor,
            Tab::Services => &mut self.services.table.cursor,
            Tab::Users => self.users.cursor(),
            Tab::Files => &mut self.files.table.cursor,
            _ => return None,
        })
    }

    /// What is asked of the node for a subject, if it is known.
    fn probe(&self, subject: Subject) -> Option<Probe> {
        Some(match subject {
            Subject::Overview => Probe::Overview,
            Subject::Largest => Probe::Largest(self.disk.mount.clone()?),
            Subject::Held => Probe::Held,
            Subject::Processes => Probe::Processes,
            Subject::Services => Probe::Services,
            Subject::Users => Probe::Accounts,
            Subject::Folder => Probe::Folder(self.files.asked.clone()),
            Subject::File => Probe::File(self.files.wanted.as_ref()?.0.clone()),
            Subject::Log => match &self.log.source {
                log::Source::Journal => Probe::Journal,
                log::Source::Unit(name) => Probe::Unit(name.clone()),
                log::Source::File(path) => Probe::Follow(path.clone()),
            },
        })
    }

    fn again(&mut self, subject: Subject) {
        self.looks.entry(subject).or_default().again = true;
    }

    /// Follows another log. Nothing that was told of the one before is told of it.
    fn follow(&mut self, source: log::Source) {
        self.log = log::Log::of(source);
        self.looks.insert(Subject::Log, Look { again: true, ..Look::default() });
    }

    /// The file system under the cursor is searched for what is large.
    fn look_into_disk(&mut self) {
        if self.disk.inside {
            return self.browse_disk();
        }
        if self.disk.choose() {
            self.again(Subject::Largest);
            self.disk.enter();
        }
    }

    /// Goes to the folder under the cursor, to the file there, or to the files of the file system under it.
    fn browse_disk(&mut self) {
        let (folder, name) = match self.disk.entry().cloned() {
            Some(entry) if !entry.exact => return,
            Some(entry) if entry.folder => (entry.path, None),
            Some(entry) => match entry.path.rsplit_once('/') {
                Some((folder, name)) => (format!("{folder}/"), Some(name.to_owned())),
                None => return,
            },
            None if self.disk.choose() => (self.disk.mount.clone().unwrap_or_default(), None),
            None => return,
        };
        (self.files.asked, self.files.to, self.files.viewer, self.tab) = (folder, name, None, Tab::Files);
        self.again(Subject::Folder);
    }

    /// Goes to the folder above.
    fn go_up(&mut self) {
        if self.files.go_up() {
            self.again(Subject::Folder);
        }
    }

    /// Takes an answer. `false` if it could not be read.
    fn land(&mut self, subject: Subject, text: &str) -> bool {
        match subject {
            Subject::Overview => match overview::Sample::parse(text) {
                Some(sample) => {
                    self.disk.take_mounts(sample.mounts.as_deref());
                    self.load.take(sample);
                }
                None => return false,
            },
            Subject::Largest => self.disk.take_largest(text),
            Subject::Held => self.disk.take_held(text),
            Subject::Processes => match Snapshot::parse(text) {
                Some(snapshot) => self.processes.take(snapshot),
                None => return false,
            },
            Subject::Services => self.services.take(crate::console::probe::services::Services::parse(text)),
            Subject::Users => self.users.take(Accounts::parse(text)),
            Subject::Folder => match self.files.take_folder(text) {
                files::Leads::File => self.again(Subject::File),
                files::Leads::Above => self.again(Subject::Folder),
                files::Leads::Nowhere => {}
            },
            Subject::File => self.edit = self.files.take_file(text),
            Subject::Log => self.log.take(text),
        }
        true
    }

    /// Moves, filters or searches in the tab that is shown. `false` if the action is none of that there.
    fn step(&mut self, action: Action) -> bool {
        match self.tab {
            // How many rows it has is known where it is drawn, which keeps the window in them.
            Tab::Overview => self.scroll.scroll(action, usize::MAX),
            Tab::Disk => self.disk.step(action),
            Tab::Processes => self.processes.table.act(action),
            Tab::Services => self.services.table.act(action),
            Tab::Users => self.users.step(action),
            Tab::Files => {
                let moved = self.files.table.act(action);
                if moved {
                    self.files.note = None;
                }
                moved
            }
            Tab::Logs => self.log.act(action),
        }
    }
}
