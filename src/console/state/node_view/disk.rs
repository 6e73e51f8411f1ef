//! What fills the disks of a node.

use crate::console::{
    action::Action,
    probe::{
        disk::{Held, Largest},
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
    /// The first of them that is shown.
    pub scroll: Cursor,
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
            self.scroll = Cursor::default();
        }
        true
    }

    pub(super) fn take_largest(&mut self, text: &str) {
        let mount = self.mount.as_deref().unwrap_or_default();
        self.largest = Some(Largest::parse(text, mount));
    }

    pub(super) fn take_held(&mut self, text: &str) {
        self.held = Some(Held::parse(text));
    }

    /// Keys go through the file systems; pages through the largest.
    pub(super) fn step(&mut self, action: Action) -> bool {
        match action {
            Action::PageUp | Action::PageDown => {
                let len = self.largest.as_ref().map_or(0, |largest| largest.entries.len());
                self.scroll.scroll(action, len)
            }
            _ => self.cursor.step(action, self.paths.len()),
        }
    }
}
