//! Sessions as rows in columns.

use std::borrow::Cow;

use super::Session;
use crate::console::{
    origin::{Origin, Origins},
    state::{
        fleet::Fleet,
        list::{Fact, ORIGIN, Sheet},
        node::Node,
    },
    text::clean,
};

/// The sessions, with what is known of their nodes.
pub struct SessionRows<'a> {
    /// The sessions.
    pub list: &'a [Session],
    /// Their nodes.
    pub fleet: &'a Fleet,
    /// What their origins are called.
    pub origins: &'a Origins,
}

impl SessionRows<'_> {
    /// The names of the columns; that of the origins is there while there are several.
    pub const COLUMNS: &'static [&'static str] = &[
        "status",
        "node",
        "owner",
        "began",
        "for",
        "log",
        "reason",
        "how-it-ended",
        "document",
        "id",
        "node-id",
        "origin",
    ];
}

impl Sheet for SessionRows<'_> {
    fn columns(&self) -> &'static [&'static str] {
        let all = Self::COLUMNS;
        if self.origins.are_several() { all } else { &all[..all.len() - 1] }
    }

    fn count(&self) -> usize {
        self.list.len()
    }

    fn is_partial(&self) -> bool {
        self.origins.among().is_some()
    }

    fn is_own(&self, row: usize) -> bool {
        self.list.get(row).is_some_and(|session| self.origins.has(session.origin))
    }

    fn key(&self, row: usize) -> Cow<'_, str> {
        self.list.get(row).map(Session::key).unwrap_or_default().into()
    }

    fn usual(&self) -> Vec<&'static str> {
        self.columns().iter().copied().filter(|name| !matches!(*name, "node-id" | ORIGIN)).collect()
    }

    fn has_tags(&self) -> bool {
        true
    }

    fn tagged(&self, row: usize) -> Option<&Node> {
        self.list.get(row).and_then(|session| self.fleet.node_in(session.origin, &session.node))
    }

    fn origin(&self, row: usize) -> Option<Origin> {
        self.list.get(row).map(|session| session.origin)
    }

    fn fact(&self, row: usize, column: usize) -> Fact {
        let Some(session) = self.list.get(row) else { return Fact::Nothing };
        match column {
            // Those that run stand first.
            0 => Fact::Word(usize::from(!session.is_running()), session.word()),
            1 => Fact::text(
                self.fleet
                    .node_in(session.origin, &session.node)
                    .map_or_else(|| clean(&session.node), |node| node.name.clone()),
            ),
            2 => Fact::text(&session.owner),
            3 => Fact::time(session.started),
            // Of one that still runs it is not known yet, in seconds.
            4 => session
                .ended
                .zip(session.started)
                .map_or(Fact::Nothing, |(end, begin)| Fact::number(end.since(begin).as_secs())),
            5 => Fact::text(session.transcript.as_deref().unwrap_or_default()),
            6 => Fact::text(&session.reason),
            7 => Fact::text(&session.details),
            8 => Fact::text(&session.document),
            9 => Fact::text(&session.id),
            10 => Fact::text(&session.node),
            _ => Fact::text(self.origins.label(session.origin)),
        }
    }

    fn holds(&self, row: usize, column: usize, wanted: &str) -> bool {
        // A node is known by its name and by its id.
        self.fact(row, column).holds(wanted) || column == 1 && self.fact(row, 10).holds(wanted)
    }
}
