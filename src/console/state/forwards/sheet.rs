//! Forwards as rows in columns.

use std::borrow::Cow;

use super::{Forward, Line, Phase, lines, together};
use crate::console::{
    origin::{Origin, Origins},
    state::list::{Fact, ORIGIN, Sheet},
};

/// The forwards.
pub struct ForwardRows<'a> {
    /// The forwards.
    pub list: &'a [Forward],
    /// The rows they stand in.
    pub lines: &'a [Line],
    /// What their origins are called.
    pub origins: &'a Origins,
}

impl ForwardRows<'_> {
    /// The names of the columns; that of the origins is there while there are several.
    pub const COLUMNS: &'static [&'static str] =
        &["state", "name", "here", "there", "conns", "out", "in", "for", "note", "set", "origin"];
}

impl Sheet for ForwardRows<'_> {
    fn columns(&self) -> &'static [&'static str] {
        let all = Self::COLUMNS;
        if self.origins.are_several() { all } else { &all[..all.len() - 1] }
    }

    fn count(&self) -> usize {
        self.lines.len()
    }

    fn key(&self, row: usize) -> Cow<'_, str> {
        self.lines.get(row).and_then(|line| lines::key(self.list, *line)).unwrap_or_default().into()
    }

    fn usual(&self) -> Vec<&'static str> {
        self.columns().iter().copied().filter(|name| !matches!(*name, "set" | ORIGIN)).collect()
    }

    fn origin(&self, row: usize) -> Option<Origin> {
        match self.lines.get(row)? {
            Line::Forward(at) => self.list.get(*at)?.origin,
            Line::Set(_) => None,
        }
    }

    fn fact(&self, row: usize, column: usize) -> Fact {
        let forward = match self.lines.get(row) {
            Some(Line::Forward(at)) => self.list.get(*at),
            Some(Line::Set(at)) => return self.of_set(*at, column),
            None => None,
        };
        let Some(forward) = forward else { return Fact::Nothing };
        let counted = |fact: Fact| if forward.is_on() { fact } else { Fact::Nothing };
        match column {
            0 => {
                let (rank, word) = forward.state();
                Fact::Word(rank, word.to_owned())
            }
            1 => Fact::text(forward.name()),
            2 => Fact::text(forward.local()),
            3 => Fact::text(forward.there()),
            4 => counted(Fact::number(forward.connections)),
            5 => counted(Fact::number(forward.sent)),
            6 => counted(Fact::number(forward.received)),
            // Since when it is open.
            7 => Fact::time(forward.opened),
            8 => match &forward.phase {
                Phase::Failed(trouble) => Fact::text(&trouble.what),
                _ => Fact::text(forward.remark().unwrap_or_default()),
            },
            9 => Fact::text(forward.entry.set.as_deref().unwrap_or_default()),
            _ => forward.origin.map_or(Fact::Nothing, |origin| Fact::text(self.origins.label(origin))),
        }
    }

    fn parent(&self, row: usize) -> Option<usize> {
        let Some(Line::Forward(at)) = self.lines.get(row) else { return None };
        let set = self.list.get(*at)?.entry.set.as_deref()?;
        let of_it = |line: &Line| matches!(line, Line::Set(at) if self.list[*at].entry.set.as_deref() == Some(set));
        self.lines.iter().position(of_it)
    }
}

impl ForwardRows<'_> {
    /// What stands in the row of a set.
    fn of_set(&self, at: usize, column: usize) -> Fact {
        let set = self.list.get(at).and_then(|forward| forward.entry.set.as_deref()).unwrap_or_default();
        let together = together(self.list, at);
        let counted = |fact: Fact| if together.on > 0 { fact } else { Fact::Nothing };
        match column {
            0 => {
                let (rank, word) = self.list.get(together.worst).map_or((0, ""), Forward::state);
                Fact::Word(rank, together.words(word))
            }
            1 | 9 => Fact::text(set),
            4 => counted(Fact::number(together.connections.0)),
            5 => counted(Fact::number(together.bytes.0)),
            6 => counted(Fact::number(together.bytes.1)),
            _ => Fact::Nothing,
        }
    }
}
