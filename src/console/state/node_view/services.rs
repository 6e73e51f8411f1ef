//! The services of a node, and its users.

use super::table::{Row, Table};
use crate::console::{
    probe::services::{Accounts, Manager, Service, Services as Answer, User},
    state::list::Fact,
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

/// The users of a node.
#[derive(Clone, Debug, Default)]
pub struct Users {
    /// The users: those who can log in first.
    pub table: Table<User>,
    /// How many groups there are.
    pub groups: usize,
}

impl Users {
    pub(super) fn take(&mut self, accounts: Accounts) {
        self.groups = accounts.groups;
        self.table.set(accounts.users);
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
