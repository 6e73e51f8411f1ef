//! Forwarded ports: named, many for a node, started by hand or by the settings.

use std::{collections::BTreeSet, net::SocketAddr, path::PathBuf};

use super::{cursor::Cursor, list::Lens};
use crate::{
    config::forward::{Forward as Entry, tag_of},
    console::{
        origin::{Origin, Origins},
        text::clean,
        update::{Far, Held, Trouble},
    },
    ssm::Timestamp,
};

pub mod acts;
mod kept;
mod lines;
mod sheet;

pub use kept::{Kept, Lasting, Undo};
pub use lines::{Line, together};
pub use sheet::ForwardRows;

/// Where a forward stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Phase {
    /// It does not listen.
    Stopped,
    /// It was on when a console was killed, and does not listen now.
    Left,
    /// It starts as soon as the node of its name is known.
    Waiting,
    /// Its session is being opened.
    Connecting,
    /// It works, as far as [`Forward::far`] says.
    Open,
    /// The line is cut and being mended; connections that stand are kept.
    Reconnecting { attempt: u32 },
    /// Its session is lost; the next try comes then.
    Pausing { attempt: u32, until: Timestamp },
    /// It ended, and why.
    Failed(Trouble),
}

/// One forwarded port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forward {
    /// Its number, never used twice.
    pub id: u64,
    /// Where its node is, once that is known.
    pub origin: Option<Origin>,
    /// What was asked for.
    pub entry: Entry,
    /// Where that stands so that it is there again next time.
    pub kept: Kept,
    /// Where it stands.
    pub phase: Phase,
    /// What is known of the port on the other side.
    pub far: Far,
    /// Whether the node owes an answer for too long.
    pub silent: bool,
    /// The connection that holds up the others, if one does.
    pub held: Option<Held>,
    /// The version of the node's agent, if that carries one connection at a time.
    pub single: Option<String>,
    /// Where it listens, while it does.
    pub listening: Option<SocketAddr>,
    /// Connections open now.
    pub connections: usize,
    /// Connections there were.
    pub accepted: u64,
    /// Bytes that went to the node.
    pub sent: u64,
    /// Bytes that came back.
    pub received: u64,
    /// The last thing worth telling: a connection that was refused on the other side.
    pub note: Option<String>,
    /// Since when it is open.
    pub opened: Option<Timestamp>,
}

impl Forward {
    /// Whether it is on, or on its way there.
    pub fn is_on(&self) -> bool {
        !matches!(self.phase, Phase::Stopped | Phase::Left | Phase::Failed(_))
    }

    /// Whether it works, as far as anybody knows.
    pub fn is_well(&self) -> bool {
        self.phase == Phase::Open && !self.silent && matches!(self.far, Far::Unknown | Far::Reached)
    }

    /// Whether its line stands, and the node says nothing.
    pub fn waits_for_node(&self) -> bool {
        self.silent && matches!(self.phase, Phase::Connecting | Phase::Open)
    }

    /// Where it stands, in words, and how much it wants to be looked at: the least first.
    pub fn state(&self) -> (usize, &'static str) {
        match (&self.phase, self.far) {
            (Phase::Failed(_), _) => (0, "failed"),
            (Phase::Open, Far::Refused) => (1, "refused"),
            (Phase::Open, Far::Silent) => (2, "no answer"),
            _ if self.waits_for_node() => (2, "no answer"),
            (Phase::Pausing { .. } | Phase::Reconnecting { .. }, _) => (3, "reconnecting"),
            (Phase::Connecting, _) | (Phase::Open, Far::Asked) => (4, "opening"),
            (Phase::Waiting, _) => (5, "waiting"),
            (Phase::Open, Far::Unknown) => (6, "open"),
            (Phase::Open, Far::Reached) => (7, "ready"),
            (Phase::Left, _) => (8, "not running"),
            (Phase::Stopped, _) => (9, "stopped"),
        }
    }

    /// What is to be said of it beyond its state: the last thing that went wrong, or what it cannot do.
    pub fn remark(&self) -> Option<String> {
        let single = || self.single.as_ref().filter(|_| self.is_on()).map(|_| "one connection at a time".to_owned());
        let held = || self.held.map(|held| format!("connection {} holds up the others", held.connection));
        let waits = || self.waits_for_node().then(|| "waiting for the node".to_owned());
        self.note.clone().or_else(waits).or_else(held).or_else(single)
    }

    /// What can be done about what is known of the other side.
    pub fn advice(&self) -> Option<&'static str> {
        match (&self.phase, self.far) {
            (Phase::Open, Far::Refused) => Some("Start there what should listen; connections are taken."),
            (Phase::Open, Far::Silent) => Some("A firewall or a security group may be in the way."),
            _ => None,
        }
    }

    /// Where its bytes go: `web-1:80`, `db.internal:5432 by web-1`.
    pub fn there(&self) -> String {
        let (node, port) = (clean(&self.entry.node), self.entry.remote);
        match &self.entry.host {
            Some(host) => format!("{}:{port} by {node}", clean(host)),
            None => format!("{node}:{port}"),
        }
    }

    /// What it is called.
    pub fn name(&self) -> String {
        match &self.entry.name {
            Some(name) => clean(name),
            None => format!("{}:{}", clean(self.entry.host.as_ref().unwrap_or(&self.entry.node)), self.entry.remote),
        }
    }

    /// Where it listens or will, as it is shown: any free port has no number yet.
    pub fn local(&self) -> String {
        match self.listening.unwrap_or(self.entry.local) {
            address if address.port() == 0 => format!("{}:any", address.ip()),
            address => address.to_string(),
        }
    }
}

/// The pane.
#[derive(Clone, Debug, Default)]
pub struct Forwards {
    /// Every forward, in the order in which they were added.
    pub list: Vec<Forward>,
    /// How they are looked at.
    pub lens: Lens,
    /// Where one is among those that are shown.
    pub cursor: Cursor,
    next: u64,
    /// The rows: forwards, and sets above theirs.
    pub lines: Vec<Line>,
    /// The sets whose forwards are not shown.
    folded: BTreeSet<String>,
    /// Changes that can be taken back, the last one last.
    pub undo: Vec<Undo>,
    /// The file of what is kept, if it can be written.
    file: Option<PathBuf>,
    /// Where it is written down what is on, and what stands there.
    ledger: Option<PathBuf>,
    noted: Vec<Entry>,
    /// Changes whenever a forward does, for the side of a split screen that does not have them now; with what it was when
    /// this side had them last, and the forward the cursor was on.
    revision: u64,
    seen: (u64, Option<String>),
}

impl Forwards {
    /// Adds one that is stopped; its number.
    pub fn add(&mut self, entry: Entry) -> u64 {
        self.outdate();
        self.next += 1;
        self.list.push(Forward {
            id: self.next,
            origin: None,
            entry,
            kept: Kept::No,
            phase: Phase::Stopped,
            far: Far::Unknown,
            silent: false,
            held: None,
            single: None,
            listening: None,
            connections: 0,
            accepted: 0,
            sent: 0,
            received: 0,
            note: None,
            opened: None,
        });
        self.next
    }

    /// What tells the row under the cursor from all others.
    fn here(&self) -> Option<String> {
        self.line(self.cursor.at).and_then(|line| lines::key(&self.list, line))
    }

    /// What is known of the forwards is not what it was.
    pub fn outdate(&mut self) {
        self.revision += 1;
        let here = self.here();
        self.lens.outdate(here);
    }

    /// The pane of another side, which looks at the same forwards.
    pub fn beside(&self) -> Self {
        let mut other = Self { cursor: self.cursor, seen: (self.revision, None), ..Self::default() };
        other.lens.outdate(None);
        other
    }

    /// Changes places with the pane of the other side, which gets the forwards.
    pub fn turn(&mut self, other: &mut Self) {
        self.seen = (self.revision, self.here());
        std::mem::swap(self, other);
        std::mem::swap(&mut self.list, &mut other.list);
        std::mem::swap(&mut self.next, &mut other.next);
        std::mem::swap(&mut self.undo, &mut other.undo);
        std::mem::swap(&mut self.file, &mut other.file);
        std::mem::swap(&mut self.ledger, &mut other.ledger);
        std::mem::swap(&mut self.noted, &mut other.noted);
        std::mem::swap(&mut self.revision, &mut other.revision);
        if self.seen.0 != self.revision {
            self.lens.outdate(self.seen.1.take());
        }
    }

    /// Works out anew what is shown if something changed.
    pub fn settle(&mut self, origins: &Origins) {
        self.lines = self.relined();
        self.lens.settle(&mut self.cursor, &ForwardRows { list: &self.list, lines: &self.lines, origins });
    }

    /// Goes to a forward, and shows all if the filter hides it.
    pub fn go_to(&mut self, id: u64, origins: &Origins) {
        let set = self.list.iter().find(|forward| forward.id == id).and_then(|forward| forward.entry.set.clone());
        if let Some(set) = set.filter(|set| self.is_folded(set)) {
            self.fold(&set, false);
        }
        self.settle(origins);
        let row = |pane: &Self| (0..pane.lens.len()).find(|row| pane.row(*row).is_some_and(|forward| forward.id == id));
        if row(self).is_none() {
            self.lens.begin();
            self.settle(origins);
        }
        self.cursor.at = row(self).unwrap_or(self.cursor.at);
    }

    /// The forward in a row that is shown, if it is one.
    pub fn row(&self, row: usize) -> Option<&Forward> {
        match self.line(row)? {
            Line::Forward(at) => self.list.get(at),
            Line::Set(_) => None,
        }
    }

    /// The forward under the cursor.
    pub fn current(&self) -> Option<&Forward> {
        self.row(self.cursor.at)
    }

    /// A forward by number, to change it.
    pub fn get_mut(&mut self, id: u64) -> Option<&mut Forward> {
        self.outdate();
        self.list.iter_mut().find(|forward| forward.id == id)
    }

    /// Whether one waits for its node.
    pub fn waits(&self) -> bool {
        self.list.iter().any(|forward| forward.phase == Phase::Waiting)
    }

    /// Whether one waits for a node that is known by a tag.
    pub fn want_tags(&self) -> bool {
        let waits = |forward: &Forward| forward.phase == Phase::Waiting && tag_of(&forward.entry.node).is_some();
        self.list.iter().any(waits)
    }

    /// Forwards that are on.
    pub fn open(&self) -> usize {
        self.list.iter().filter(|forward| forward.is_on()).count()
    }

    /// Whether one that is on listens on an address already.
    pub fn takes(&self, address: SocketAddr) -> Option<&Forward> {
        let same = |forward: &&Forward| forward.listening.unwrap_or(forward.entry.local) == address;
        self.list.iter().filter(|forward| address.port() != 0 && forward.is_on()).find(same)
    }
}
