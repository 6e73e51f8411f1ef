//! Typing into several shells at once: into those that are marked, while one of them is in sight.

use super::{Shells, Tab};

/// Why nothing can be typed into several shells, or no longer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Off {
    /// Fewer than two shells are marked.
    TooFew,
    /// The shell of this name, which is not marked, is typed into.
    Unmarked(String),
    /// The marked shells are over.
    Ended,
}

impl Shells {
    /// The shells that what is typed goes to.
    pub fn receivers(&self) -> Vec<&Tab> {
        match self.broadcasting {
            true => self.tabs.iter().filter(|tab| tab.marked && !tab.muted && tab.is_running()).collect(),
            false => self.current().filter(|tab| tab.is_running()).into_iter().collect(),
        }
    }

    /// Whether a shell is among those typed into together right now.
    pub fn is_receiver(&self, tab: &Tab) -> bool {
        self.broadcasting && tab.marked && !tab.muted && tab.is_running()
    }

    /// The number of marked shells that are not over.
    pub fn marked(&self) -> usize {
        self.tabs.iter().filter(|tab| tab.marked && tab.is_running()).count()
    }

    /// Begins to type into the marked shells. Where none is marked, those on the screen are meant.
    pub fn begin_broadcast(&mut self) -> Result<(), Off> {
        if self.marked() == 0 {
            let together: Vec<u64> = self.group().map(|group| group.tree.leaves()).unwrap_or_default();
            if together.len() > 1 {
                self.tabs.iter_mut().filter(|tab| together.contains(&tab.id)).for_each(|tab| tab.marked = true);
            }
        }
        if self.marked() < 2 {
            return Err(Off::TooFew);
        }
        match self.current() {
            Some(tab) if !tab.marked => Err(Off::Unmarked(tab.name.clone())),
            _ => {
                self.broadcasting = true;
                Ok(())
            }
        }
    }

    /// Ends it when it can no longer be meant: an unmarked shell is typed into, or too few are left. Why.
    pub fn end_broadcast_if_stale(&mut self) -> Option<Off> {
        if !self.broadcasting {
            return None;
        }
        let why = match self.current() {
            Some(tab) if !tab.marked => Off::Unmarked(tab.name.clone()),
            _ if self.marked() == 0 => Off::Ended,
            _ => return None,
        };
        self.broadcasting = false;
        Some(why)
    }
}
