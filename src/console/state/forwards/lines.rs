//! The rows of the pane: forwards, and above those of a set a row for all of them together, which can be folded.

use std::collections::HashSet;

use super::{Forward, Forwards};

/// A row, before anything is filtered or sorted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line {
    /// A set, by the place of its first forward.
    Set(usize),
    /// A forward, by its place.
    Forward(usize),
}

/// A set as far as its forwards make it one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Together {
    /// Its forwards.
    pub count: usize,
    /// Those that are on.
    pub on: usize,
    /// Those that work.
    pub well: usize,
    /// Connections open now, and those there were.
    pub connections: (usize, u64),
    /// Bytes to the nodes and back.
    pub bytes: (u64, u64),
    /// The place of the one that wants to be looked at most.
    pub worst: usize,
}

impl Together {
    /// Where it stands, in words.
    pub fn words(&self, worst: &'static str) -> String {
        match (self.on, self.well) {
            (0, _) => worst.to_owned(),
            (_, well) if well == self.count => format!("{well} {worst}"),
            (_, well) => format!("{well} of {} ready", self.count),
        }
    }
}

/// What tells a row from all others.
pub(super) fn key(list: &[Forward], line: Line) -> Option<String> {
    match line {
        Line::Set(at) => list.get(at)?.entry.set.as_ref().map(|set| format!("set {set}")),
        Line::Forward(at) => list.get(at).map(|forward| forward.id.to_string()),
    }
}

impl Forwards {
    /// All rows.
    pub(super) fn relined(&self) -> Vec<Line> {
        let mut lines = Vec::new();
        let mut seen = HashSet::new();
        // What a filter finds is shown, wherever it stands.
        let unfolded = |set: &str| self.lens.is_filtered() || !self.folded.contains(set);
        for (at, forward) in self.list.iter().enumerate() {
            let Some(set) = forward.entry.set.as_deref() else {
                lines.push(Line::Forward(at));
                continue;
            };
            if seen.insert(set) {
                lines.push(Line::Set(at));
                let of_it = (0..self.list.len()).filter(|at| self.list[*at].entry.set.as_deref() == Some(set));
                lines.extend(of_it.filter(|_| unfolded(set)).map(Line::Forward));
            }
        }
        lines
    }

    /// The names of the sets, as they stand in the list.
    pub fn sets(&self) -> Vec<&str> {
        let mut sets: Vec<_> = self.list.iter().filter_map(|forward| forward.entry.set.as_deref()).collect();
        let mut seen = HashSet::new();
        sets.retain(|set| seen.insert(*set));
        sets
    }

    /// A row that is shown.
    pub fn line(&self, row: usize) -> Option<Line> {
        self.lines.get(self.lens.place(row)?).copied()
    }

    /// The name of the set under the cursor, if the cursor is on a set.
    pub fn current_set(&self) -> Option<&str> {
        match self.line(self.cursor.at)? {
            Line::Set(at) => self.list.get(at)?.entry.set.as_deref(),
            Line::Forward(_) => None,
        }
    }

    /// The numbers of the forwards of a set.
    pub fn of_set(&self, set: &str) -> Vec<u64> {
        let of_it = self.list.iter().filter(|forward| forward.entry.set.as_deref() == Some(set));
        of_it.map(|forward| forward.id).collect()
    }

    /// Whether the forwards of a set are not shown.
    pub fn is_folded(&self, set: &str) -> bool {
        self.folded.contains(set) && !self.lens.is_filtered()
    }

    /// Shows the forwards of a set, or hides them.
    pub fn fold(&mut self, set: &str, folded: bool) {
        // The cursor stays on the set, wherever among its forwards it was.
        self.lens.outdate(Some(format!("set {set}")));
        match folded {
            true => self.folded.insert(set.to_owned()),
            false => self.folded.remove(set),
        };
    }
}

/// What the forwards of the set to which the one at this place belongs are together.
pub fn together(list: &[Forward], at: usize) -> Together {
    let set = list.get(at).and_then(|forward| forward.entry.set.as_deref());
    let mut together = Together { worst: at, ..Together::default() };
    for (place, forward) in list.iter().enumerate().filter(|(_, forward)| forward.entry.set.as_deref() == set) {
        together.count += 1;
        together.on += usize::from(forward.is_on());
        together.well += usize::from(forward.is_well());
        let (connections, accepted) = &mut together.connections;
        *connections = connections.saturating_add(forward.connections);
        *accepted = accepted.saturating_add(forward.accepted);
        let (sent, received) = &mut together.bytes;
        *sent = sent.saturating_add(forward.sent);
        *received = received.saturating_add(forward.received);
        if list.get(together.worst).is_none_or(|worst| forward.state().0 < worst.state().0) {
            together.worst = place;
        }
    }
    together
}
