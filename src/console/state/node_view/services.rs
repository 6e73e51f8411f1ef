//! The services of a node, its users and its groups.

use super::table::{Row, Table};
use crate::console::{
    action::Action,
    probe::services::{Accounts, Group, Manager, Service, Services as Answer, User},
    state::{cursor::Cursor, list::Fact},
};

/// The services of a node.
#[derive(Clone, Debug, Default)]
pub struct Services {
    /// What looks after them.
    pub manager: Manager,
    /// The services: those that failed first.
    pub table: Table<Service>,
}

impl Services {
    pub(super) fn take(&mut self, answer: Answer) {
        self.manager = answer.manager;
        self.table.set(answer.list);
    }

    /// How many failed.
    pub fn failed(&self) -> usize {
        self.table.rows().iter().filter(|service| service.is_failed()).count()
    }
}

/// The users of a node, and its groups.
#[derive(Clone, Debug, Default)]
pub struct Users {
    /// The users: those who can log in first.
    pub table: Table<User>,
    /// The groups, by number.
    pub groups: Table<Group>,
    /// Whether the groups are shown.
    pub by_group: bool,
}

impl Users {
    pub(super) fn take(&mut self, accounts: Accounts) {
        self.table.set(accounts.users);
        self.groups.set(accounts.groups);
    }

    /// Where one is among those that are shown.
    pub(super) fn cursor(&mut self) -> &mut Cursor {
        if self.by_group { &mut self.groups.cursor } else { &mut self.table.cursor }
    }

    /// Moves. `false` if the action is no movement.
    pub(super) fn step(&mut self, action: Action) -> bool {
        if self.by_group { self.groups.act(action) } else { self.table.act(action) }
    }

    pub(super) fn settle(&mut self) {
        self.table.settle();
        self.groups.settle();
    }
}

impl Row for Service {
    const COLUMNS: &'static [&'static str] = &["service", "state", "detail", "at-start", "description"];

    fn key(&self) -> String {
        self.name.clone()
    }

    fn fact(&self, column: usize) -> Fact {
        let texts = [&self.name, &self.active, &self.sub, &self.enabled, &self.description];
        texts.get(column).map_or(Fact::Nothing, Fact::text)
    }
}

impl Row for Group {
    const COLUMNS: &'static [&'static str] = &["group", "id", "count", "members"];

    fn key(&self) -> String {
        self.name.clone()
    }

    fn fact(&self, column: usize) -> Fact {
        match column {
            0 => Fact::text(&self.name),
            1 => Fact::number(self.id),
            2 => Fact::number(self.members.len()),
            _ => Fact::text(self.members.join(" ")),
        }
    }
}

impl Row for User {
    const COLUMNS: &'static [&'static str] =
        &["user", "id", "group", "also-in", "logged-in", "shell", "home", "full-name"];

    fn key(&self) -> String {
        self.name.clone()
    }

    fn fact(&self, column: usize) -> Fact {
        match column {
            0 => Fact::text(&self.name),
            1 => Fact::number(self.id),
            2 => Fact::text(&self.group),
            3 => Fact::text(self.groups.join(" ")),
            4 => Fact::number(self.logins),
            5 => Fact::text(&self.shell),
            6 => Fact::text(&self.home),
            _ => Fact::text(&self.full_name),
        }
    }
}
