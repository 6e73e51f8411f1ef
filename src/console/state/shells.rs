//! Open shells: their tabs and what became of their sessions.

use std::sync::Arc;

use crate::console::{term::Terminal, update::Trouble};

/// Where a session stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Phase {
    /// It is being opened.
    Connecting,
    /// It works.
    Connected,
    /// The line is cut and being mended.
    Reconnecting { attempt: u32 },
    /// It is over.
    Closed(Trouble),
}

/// One shell.
#[derive(Clone, Debug)]
pub struct Tab {
    /// Its number, never used twice.
    pub id: u64,
    /// The node it runs on.
    pub node: String,
    /// The node's name.
    pub name: String,
    /// Where its session stands.
    pub phase: Phase,
    /// Its screen.
    pub terminal: Arc<Terminal>,
    /// Whether something came while another tab was shown.
    pub news: bool,
    /// The size the session was told, in rows and columns.
    pub size: (u16, u16),
}

/// All shells.
#[derive(Clone, Debug, Default)]
pub struct Shells {
    /// The tabs.
    pub tabs: Vec<Tab>,
    /// The one that is shown.
    pub at: usize,
    /// Whether it has the whole screen.
    pub full_screen: bool,
    /// Whether one looks back at what scrolled away.
    pub looking_back: bool,
    next: u64,
}

impl Shells {
    /// Opens a tab and shows it.
    pub fn open(&mut self, node: &str, name: &str, size: (u16, u16), scrollback: usize) -> &Tab {
        self.next += 1;
        self.looking_back = false;
        let terminal = Arc::new(Terminal::new(size.0, size.1, scrollback));
        self.tabs.push(Tab {
            id: self.next,
            node: node.to_owned(),
            name: name.to_owned(),
            phase: Phase::Connecting,
            terminal,
            news: false,
            size,
        });
        self.at = self.tabs.len() - 1;
        &self.tabs[self.at]
    }

    /// The tab that is shown.
    pub fn current(&self) -> Option<&Tab> {
        self.tabs.get(self.at)
    }

    /// The tab that is shown, to change it.
    pub fn current_mut(&mut self) -> Option<&mut Tab> {
        self.tabs.get_mut(self.at)
    }

    /// A tab by number.
    pub fn tab_mut(&mut self, id: u64) -> Option<&mut Tab> {
        self.tabs.iter_mut().find(|tab| tab.id == id)
    }

    /// Whether keys go to a session.
    pub fn takes_keys(&self) -> bool {
        !self.looking_back && self.current().is_some_and(|tab| !matches!(tab.phase, Phase::Closed(_)))
    }

    /// Shells that are not over.
    pub fn running(&self) -> usize {
        self.tabs.iter().filter(|tab| !matches!(tab.phase, Phase::Closed(_))).count()
    }

    /// Shows another tab.
    pub fn turn(&mut self, forwards: bool) {
        let count = self.tabs.len();
        if count > 0 {
            self.leave_scrollback();
            self.at = if forwards { self.at + 1 } else { self.at + count - 1 } % count;
            self.tabs[self.at].news = false;
        }
    }

    /// Takes the shown tab away; its number.
    pub fn close(&mut self) -> Option<u64> {
        if self.tabs.is_empty() {
            return None;
        }
        self.looking_back = false;
        let tab = self.tabs.remove(self.at.min(self.tabs.len() - 1));
        self.at = self.at.min(self.tabs.len().saturating_sub(1));
        if self.tabs.is_empty() {
            self.full_screen = false;
        }
        Some(tab.id)
    }

    /// Goes back to the live screen.
    pub fn leave_scrollback(&mut self) {
        self.looking_back = false;
        if let Some(tab) = self.current() {
            tab.terminal.look_back(0);
        }
    }
}
