//! Commands and their results as rows in columns.

use std::borrow::Cow;

use super::{Listed, Outcome, Results, command_outcome, result_words, summary};
use crate::console::{
    origin::{Origin, Origins},
    state::list::{Fact, Sheet},
};

/// The history.
pub struct CommandRows<'a> {
    /// The commands.
    pub list: &'a [Listed],
    /// What their origins are called.
    pub origins: &'a Origins,
}

/// What tells a command from all others.
pub(super) fn key(listed: &Listed) -> String {
    format!("{:?} {}", listed.origin, listed.command.command_id.as_deref().unwrap_or_default())
}

impl CommandRows<'_> {
    /// The names of the columns; that of the origins is there while there are several.
    pub const COLUMNS: &'static [&'static str] =
        &["status", "command", "nodes", "errors", "when", "document", "id", "origin"];
}

impl Sheet for CommandRows<'_> {
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
        self.list.get(row).is_some_and(|listed| self.origins.has(listed.origin))
    }

    fn key(&self, row: usize) -> Cow<'_, str> {
        self.list.get(row).map(key).unwrap_or_default().into()
    }

    fn origin(&self, row: usize) -> Option<Origin> {
        self.list.get(row).map(|listed| listed.origin)
    }

    fn fact(&self, row: usize, column: usize) -> Fact {
        let Some(Listed { origin, command }) = self.list.get(row) else { return Fact::Nothing };
        let text = |text: &Option<String>| Fact::text(text.as_deref().unwrap_or_default());
        match column {
            0 => outcome(command_outcome(command), command_outcome(command).word().to_owned()),
            1 => Fact::text(summary(command)),
            2 => command.target_count.map_or(Fact::Nothing, Fact::number),
            3 => command.error_count.map_or(Fact::Nothing, Fact::number),
            4 => Fact::time(command.requested_date_time),
            5 => text(&command.document_name),
            6 => text(&command.command_id),
            _ => Fact::text(self.origins.label(*origin)),
        }
    }
}

/// The results of a command: equal ones together, or every node.
pub struct ResultRows<'a>(pub &'a Results);

impl ResultRows<'_> {
    /// The names of the columns where equal results stand together.
    pub const FOLDED: &'static [&'static str] = &["nodes", "result", "output", "exit", "node"];
    /// The names of the columns where each node has a row.
    pub const SINGLE: &'static [&'static str] = &["node", "result", "output", "exit", "id"];

    /// The invocations of a row.
    fn members(&self, row: usize) -> Box<dyn Iterator<Item = &super::Invocation> + '_> {
        let Self(results) = self;
        match results.by_node {
            true => Box::new(
                results.order.get(row).and_then(|at| results.invocations.get(*at)).map(AsRef::as_ref).into_iter(),
            ),
            false => Box::new(results.groups.get(row).into_iter().flat_map(|group| results.members(group))),
        }
    }
}

impl Sheet for ResultRows<'_> {
    fn columns(&self) -> &'static [&'static str] {
        if self.0.by_node { Self::SINGLE } else { Self::FOLDED }
    }

    fn usual(&self) -> Vec<&'static str> {
        self.columns().iter().copied().take(3).collect()
    }

    fn count(&self) -> usize {
        if self.0.by_node { self.0.order.len() } else { self.0.groups.len() }
    }

    fn key(&self, row: usize) -> Cow<'_, str> {
        match self.0.by_node {
            true => self.members(row).next().map(|invocation| invocation.node.as_str()).unwrap_or_default().into(),
            false => self.0.groups.get(row).map(|group| group.key.to_string()).unwrap_or_default().into(),
        }
    }

    fn fact(&self, row: usize, column: usize) -> Fact {
        let Some(first) = self.members(row).next() else { return Fact::Nothing };
        match (column, self.0.by_node) {
            (0, true) => Fact::text(&first.name),
            (0, false) => Fact::number(self.members(row).count()),
            (1, _) => outcome(first.outcome, result_words(first)),
            (2, false) if self.members(row).nth(1).is_some() => {
                Fact::text(self.0.groups.get(row).map_or("", |group| &group.first))
            }
            (2, _) => Fact::text(&first.first),
            (3, _) => first.code.map_or(Fact::Nothing, Fact::number),
            (_, true) => Fact::text(&first.node),
            (_, false) => {
                let names: Vec<_> = self.members(row).map(|invocation| invocation.name.as_str()).collect();
                Fact::text(names.join(" "))
            }
        }
    }

    fn words(&self, row: usize) -> String {
        // Each node is a line of its own: nothing is found across two of them.
        let mut lines: Vec<&str> = self.members(row).flat_map(|i| [i.name.as_str(), i.node.as_str()]).collect();
        let first = self.members(row).next();
        let result = first.map(result_words).unwrap_or_default();
        lines.push(&result);
        lines.join("\n")
    }

    fn more(&self, row: usize) -> Cow<'_, str> {
        // Of several that are the same but for something, each has a text of its own.
        let several = if self.0.fold.is_exact() { 1 } else { usize::MAX };
        let steps = self.members(row).take(several).flat_map(|member| &member.steps);
        let texts = steps.flat_map(|step| [step.stdout.as_ref(), step.stderr.as_ref()]);
        texts.collect::<Vec<_>>().join("\n").into()
    }

    fn holds(&self, row: usize, column: usize, wanted: &str) -> bool {
        match self.columns().get(column) {
            Some(&"output") => crate::console::state::filter::find_folded(&self.more(row), wanted),
            Some(&"node") => {
                self.members(row).any(|i| Fact::text(&i.name).holds(wanted) || Fact::text(&i.node).holds(wanted))
            }
            _ => self.fact(row, column).holds(wanted),
        }
    }
}

fn outcome(outcome: Outcome, words: String) -> Fact {
    let rank = Outcome::ALL.iter().position(|known| *known == outcome).unwrap_or(Outcome::ALL.len());
    Fact::Word(rank, words)
}
