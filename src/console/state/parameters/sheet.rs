//! Parameters as rows in columns: all there is to know of them but their values.

use std::borrow::Cow;

use super::{Parameters, facts::kind_word};
use crate::console::state::list::{Fact, Sheet};

/// The parameters that pass the filter, whatever branches are open.
pub struct ParameterRows<'a>(pub &'a Parameters);

impl ParameterRows<'_> {
    /// The names of the columns.
    pub const COLUMNS: &'static [&'static str] =
        &["name", "type", "tier", "version", "changed", "by", "key", "description"];
}

impl Sheet for ParameterRows<'_> {
    fn columns(&self) -> &'static [&'static str] {
        Self::COLUMNS
    }

    fn usual(&self) -> Vec<&'static str> {
        vec!["name", "type", "version", "changed", "by"]
    }

    fn count(&self) -> usize {
        self.0.listed().len()
    }

    fn key(&self, row: usize) -> Cow<'_, str> {
        self.0.listed().get(row).map(|name| &**name).unwrap_or_default().into()
    }

    fn fact(&self, row: usize, column: usize) -> Fact {
        let Some(name) = self.0.listed().get(row) else { return Fact::Nothing };
        let Some(facts) = self.0.facts(name).filter(|_| column > 0) else { return Fact::text(name) };
        match column {
            1 => Fact::text(kind_word(&facts.kind)),
            2 => Fact::text(facts.tier.as_ref().map_or("", |tier| tier.as_str())),
            3 => facts.version.map_or(Fact::Nothing, Fact::number),
            4 => Fact::time(facts.modified),
            5 => Fact::text(facts.user_short()),
            6 => Fact::text(&facts.key),
            _ => Fact::text(&facts.description),
        }
    }
}
