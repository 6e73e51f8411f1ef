//! Forwards that outlast the console: those it keeps in a file of its own where the user wants that, and those that were on when a
//! console was killed.

use std::path::PathBuf;

use super::{Entry, Forward, Forwards, Phase};
use crate::{
    config::forward::Forwards as File,
    console::{effect::Effect, state::State, text::count},
};

/// Changes of the list that can be taken back.
const UNDONE: usize = 20;

/// Where a forward stands so that it is there again next time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kept {
    /// Nowhere.
    #[default]
    No,
    /// In the console's own file.
    Here,
    /// In the user's settings, which the console does not write.
    InSettings,
}

/// What takes back a change of the list.
#[derive(Clone, Debug)]
pub enum Undo {
    /// These were taken off, at these places.
    Removed(Vec<(usize, Forward)>),
    /// This one was another.
    Edited { id: u64, entry: Entry, kept: Kept },
}

/// What outlasts the console, as it begins.
#[derive(Clone, Debug, Default)]
pub struct Lasting {
    /// What is kept.
    pub kept: Vec<Entry>,
    /// The file it is kept in; none if that is not in order, so that nothing is written over what somebody wrote.
    pub file: Option<PathBuf>,
    /// What consoles had on that were killed.
    pub left: Vec<Entry>,
    /// Where this one says what it has on, which is what they had so far.
    pub ledger: Option<PathBuf>,
}

impl Forwards {
    /// The forwards of the settings, those that are kept, and those that were left.
    pub fn new(settings: &[Entry], lasting: Lasting) -> Self {
        let noted = lasting.left.clone();
        let mut forwards = Self { file: lasting.file, ledger: lasting.ledger, noted, ..Self::default() };
        let all = settings.iter().map(|entry| (entry, Kept::InSettings));
        for (entry, kept) in all.chain(lasting.kept.iter().map(|entry| (entry, Kept::Here))) {
            let id = forwards.add(entry.clone());
            if let Some(forward) = forwards.get_mut(id) {
                forward.kept = kept;
                if entry.start {
                    forward.phase = Phase::Waiting;
                }
            }
        }
        for entry in lasting.left {
            let known = forwards.list.iter().position(|forward| forward.entry == entry);
            let at = known.unwrap_or_else(|| {
                forwards.add(entry);
                forwards.list.len() - 1
            });
            if let Some(forward) = forwards.list.get_mut(at).filter(|forward| !forward.is_on()) {
                forward.phase = Phase::Left;
            }
        }
        forwards
    }

    /// Forwards that were on when a console was killed, and are not now.
    pub fn left(&self) -> usize {
        self.undecided().count()
    }

    /// The same, as they were asked for.
    pub fn undecided(&self) -> impl Iterator<Item = &Entry> {
        self.list.iter().filter(|forward| forward.phase == Phase::Left).map(|forward| &forward.entry)
    }

    fn push_undo(&mut self, undo: Undo) {
        self.undo.push(undo);
        if self.undo.len() > UNDONE {
            self.undo.remove(0);
        }
    }

    /// What the file says.
    fn text(&self) -> String {
        let kept = self.list.iter().filter(|forward| forward.kept == Kept::Here);
        File { forwards: kept.map(|forward| forward.entry.clone()).collect() }.text()
    }
}

impl State {
    /// Whose node a forward goes through, by the name of the place, if that is clear.
    fn place_of(&self, forward: &Forward) -> Option<String> {
        let only = || Some(self.origins.first()).filter(|_| !self.origins.are_several_anywhere());
        let origin = forward.origin.or_else(only).or_else(|| self.lists(&forward.entry.node))?;
        self.origins.get(origin).map(|known| known.place.name.clone())
    }

    /// A forward that is kept is one of its place: in another one a node may be called the same.
    pub(super) fn place_forward(&mut self, id: u64) {
        let Some(forward) = self.forwards.get_mut(id).map(|forward| forward.clone()) else { return };
        let place = forward.entry.place.clone().or_else(|| self.place_of(&forward));
        if let Some(forward) = self.forwards.get_mut(id) {
            forward.entry.place = place;
        }
    }

    /// Writes what is kept. `false`, and the user is told, where that cannot be.
    pub(super) fn write_forwards(&mut self, fx: &mut Vec<Effect>) -> bool {
        let Some(path) = self.forwards.file.clone() else {
            self.warn("Forwards cannot be kept: their file is not in order. The messages say where it is.");
            return false;
        };
        fx.push(Effect::Keep { path, text: self.forwards.text().into() });
        true
    }

    /// Keeps a forward for the next start, or keeps it no longer.
    pub(super) fn keep_forward(&mut self, forward: &Forward, fx: &mut Vec<Effect>) {
        let kept = match forward.kept {
            Kept::InSettings => return self.tell("This forward stands in settings.toml already."),
            Kept::Here => Kept::No,
            Kept::No => Kept::Here,
        };
        if self.forwards.file.is_none() {
            self.write_forwards(fx);
            return;
        }
        if let Some(forward) = self.forwards.get_mut(forward.id) {
            forward.kept = kept;
        }
        self.place_forward(forward.id);
        self.write_forwards(fx);
        let name = forward.name();
        self.tell(match (kept, forward.entry.start) {
            (Kept::No, _) => format!("{name} is kept no longer."),
            (_, true) => format!("{name} is kept: it starts with the console."),
            (_, false) => format!("{name} is kept: it is started by hand."),
        });
    }

    /// Gives a forward another entry, with the place that says, and starts it again if it was on.
    pub(in crate::console::state) fn edit_forward(&mut self, id: u64, entry: Entry, kept: Kept, fx: &mut Vec<Effect>) {
        let Some(forward) = self.forwards.get_mut(id) else { return };
        let was_on = forward.is_on();
        let undo = Undo::Edited { id, entry: forward.entry.clone(), kept: forward.kept };
        let is_written = kept == Kept::Here || forward.kept == Kept::Here;
        // What was left begins anew: the old one is not what it is now.
        self.stop_forward(id, fx);
        if let Some(forward) = self.forwards.get_mut(id) {
            (forward.entry, forward.kept, forward.phase, forward.origin) = (entry, kept, Phase::Stopped, None);
        }
        self.forwards.push_undo(undo);
        if is_written {
            self.place_forward(id);
            self.write_forwards(fx);
        }
        if was_on {
            self.start_forward(id, fx);
        }
        self.forwards.go_to(id, &self.origins);
    }

    /// Takes forwards off the list, and out of the file.
    pub(in crate::console::state) fn remove_forwards(&mut self, ids: &[u64], fx: &mut Vec<Effect>) {
        for id in ids {
            self.stop_forward(*id, fx);
        }
        self.forwards.outdate();
        let list = std::mem::take(&mut self.forwards.list);
        let (gone, list): (Vec<_>, Vec<_>) =
            list.into_iter().enumerate().partition(|(_, forward)| ids.contains(&forward.id));
        self.forwards.list = list.into_iter().map(|(_, forward)| forward).collect();
        if gone.is_empty() {
            return;
        }
        let key = self.key_for(crate::console::action::Action::Undo);
        let back = key.map(|key| format!(" {key} takes that back.")).unwrap_or_default();
        let settings = match gone.iter().any(|(_, forward)| forward.kept == Kept::InSettings) {
            true => " What stands in settings.toml is back with the next start.",
            false => "",
        };
        self.tell(format!("Removed {}.{settings}{back}", count(gone.len(), "forward")));
        if gone.iter().any(|(_, forward)| forward.kept == Kept::Here) {
            self.write_forwards(fx);
        }
        self.forwards.push_undo(Undo::Removed(gone));
    }

    /// Takes back the last change of the list. `false` if there is none.
    pub(in crate::console::state) fn undo_forward(&mut self, fx: &mut Vec<Effect>) -> bool {
        match self.forwards.undo.pop() {
            None => return false,
            Some(Undo::Removed(gone)) => {
                self.forwards.outdate();
                self.tell(format!("{} back; nothing was started.", count(gone.len(), "forward")));
                let is_written = gone.iter().any(|(_, forward)| forward.kept == Kept::Here);
                for (at, forward) in gone {
                    let at = at.min(self.forwards.list.len());
                    self.forwards.list.insert(at, forward);
                }
                if is_written {
                    self.write_forwards(fx);
                }
            }
            Some(Undo::Edited { id, entry, kept }) => {
                if self.forwards.list.iter().any(|forward| forward.id == id) {
                    self.edit_forward(id, entry, kept, fx);
                    // Taking back is not taken back.
                    self.forwards.undo.pop();
                    self.tell("The forward is as it was.");
                }
            }
        }
        true
    }

    /// Tells that forwards were left by a console that was killed.
    pub(in crate::console::state) fn tell_left_forwards(&mut self) {
        let left = self.forwards.left();
        if left > 0 {
            let them = if left == 1 { "it" } else { "them" };
            let key = self.keymap.key_for(&self.layer_names(), crate::console::action::Action::PaneForwards);
            let key = key.map(|key| format!(" {key} shows {them}.")).unwrap_or_default();
            self.warn(format!("{} not running since fleetdeck was killed.{key}", count(left, "forward")));
        }
    }

    /// Says in the ledger which forwards are on, when that has changed.
    pub(in crate::console::state) fn settle_ledger(&mut self, fx: &mut Vec<Effect>) {
        let Some(path) = &self.forwards.ledger else { return };
        let on = self.forwards.list.iter().filter(|forward| forward.is_on() || forward.phase == Phase::Left);
        let on: Vec<Entry> = on.map(|forward| forward.entry.clone()).collect();
        if on != self.forwards.noted {
            let text = File { forwards: on.clone() }.text();
            fx.push(Effect::Keep { path: path.clone(), text: text.into() });
            self.forwards.noted = on;
        }
    }
}
