//! What fills the disks of a node.

use crate::console::{
    action::Action,
    probe::{
        disk::{Entry, Held, Largest},
        usage::Mount,
    },
    state::cursor::Cursor,
};

/// The disks of a node.
#[derive(Clone, Debug, Default)]
pub struct Disk {
    /// Where one is among the file systems.
    pub cursor: Cursor,
    /// The paths of the file systems, in the order they are shown.
    paths: Vec<String>,
    /// The file system whose largest files and folders are shown.
    pub mount: Option<String>,
    /// Those.
    pub largest: Option<Largest>,
    /// Where one is among those.
    pub among: Cursor,
    /// Whether one is among those, and not among the file systems.
    pub inside: bool,
    /// Files that are deleted but still open.
    pub held: Option<Held>,
}

impl Disk {
    /// Takes the file systems. The cursor stays where it is; the fullest is looked into first.
    pub fn take_mounts(&mut self, mounts: Option<&[Mount]>) {
        let Some(mounts) = mounts else { return };
        let here = self.paths.get(self.cursor.at).cloned();
        self.paths = mounts.iter().map(|mount| mount.path.clone()).collect();
        if self.mount.is_none() {
            self.mount = self.paths.first().cloned();
        }
        self.cursor.at = here.and_then(|path| self.paths.iter().position(|p| *p == path)).unwrap_or(self.cursor.at);
        self.cursor.clamp(self.paths.len());
    }

    /// The file system under the cursor becomes the one that is looked into. `false` if there is none.
    pub fn choose(&mut self) -> bool {
        let Some(path) = self.paths.get(self.cursor.at) else { return false };
        if self.mount.as_ref() != Some(path) {
            self.mount = Some(path.clone());
            self.largest = None;
            self.among = Cursor::default();
        }
        true
    }

    pub(super) fn take_largest(&mut self, text: &str) {
        let mount = self.mount.as_deref().unwrap_or_default();
        self.largest = Some(Largest::parse(text, mount));
        self.inside &= self.found() > 0;
    }

    pub(super) fn take_held(&mut self, text: &str) {
        self.held = Some(Held::parse(text));
    }

    /// The file or folder under the cursor, while one is among them.
    pub fn entry(&self) -> Option<&Entry> {
        self.largest.as_ref().filter(|_| self.inside)?.entries.get(self.among.at)
    }

    fn found(&self) -> usize {
        self.largest.as_ref().map_or(0, |largest| largest.entries.len())
    }

    /// Goes among the largest files and folders, if there are any.
    pub(super) fn enter(&mut self) {
        self.inside = self.found() > 0;
    }

    /// Goes back to the file systems. `false` if one is there.
    pub(super) fn leave(&mut self) -> bool {
        std::mem::take(&mut self.inside)
    }

    /// Moves. Whoever goes down from the last file system is among the largest files, and back again.
    pub(super) fn step(&mut self, action: Action) -> bool {
        self.among.clamp(self.found());
        let (top, last) = (self.among.at == 0, self.cursor.at + 1 >= self.paths.len());
        match action {
            Action::CursorUp if self.inside && top => self.leave(),
            Action::CursorDown if !self.inside && last => {
                self.enter();
                true
            }
            // There are few file systems.
            Action::PageDown if !self.inside => {
                self.enter();
                self.among.step(action, self.found())
            }
            _ if self.inside => self.among.step(action, self.found()),
            _ => self.cursor.step(action, self.paths.len()),
        }
    }
}
