//! Forwards as rows in columns.

use std::borrow::Cow;

use super::{Forward, Phase};
use crate::console::{
    origin::Origins,
    state::list::{Fact, Sheet},
};

/// The forwards.
pub struct ForwardRows<'a> {
    /// The forwards.
    pub list: &'a [Forward],
    /// What their origins are called.
    pub origins: &'a Origins,
}

impl Sheet for ForwardRows<'_> {
    fn columns(&self) -> &'static [&'static str] {
        const ALL: &[&str] = &["state", "name", "here", "there", "conns", "out", "in", "for", "note", "origin"];
        if self.origins.are_several() { ALL } else { &ALL[..ALL.len() - 1] }
    }

    fn count(&self) -> usize {
        self.list.len()
    }

    fn key(&self, row: usize) -> Cow<'_, str> {
        self.list.get(row).map(|forward| forward.id.to_string()).unwrap_or_default().into()
    }

    fn fact(&self, row: usize, column: usize) -> Fact {
        let Some(forward) = self.list.get(row) else { return Fact::Nothing };
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
            _ => forward.origin.map_or(Fact::Nothing, |origin| Fact::text(self.origins.label(origin))),
        }
    }
}
