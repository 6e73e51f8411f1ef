//! Parameters as rows in columns: all there is to know of them but their values.

use std::borrow::Cow;

use super::{
    facts::{Facts, kind_word},
    names::Names,
};
use crate::console::state::{
    filter::{begins, find_folded},
    list::{Fact, Sheet},
};

/// All parameters, in the order of their names, whatever branches are open.
pub struct ParameterRows<'a>(pub &'a Names);

impl ParameterRows<'_> {
    /// The names of the columns.
    pub const COLUMNS: &'static [&'static str] =
        &["name", "type", "tier", "version", "changed", "by", "key", "description"];

    /// The keys of a filter: the columns, the path, and what AWS and other people call the columns.
    const KEYS: &'static [&'static str] = &[
        "name",
        "type",
        "tier",
        "version",
        "changed",
        "by",
        "key",
        "description",
        "path",
        "modified",
        "user",
        "kms",
        "text",
    ];

    fn row(&self, row: usize) -> Option<(&str, Option<&Facts>)> {
        let name = self.0.sorted().get(row)?;
        Some((name, self.0.facts(name)))
    }
}

impl Sheet for ParameterRows<'_> {
    fn columns(&self) -> &'static [&'static str] {
        Self::COLUMNS
    }

    fn usual(&self) -> Vec<&'static str> {
        vec!["name", "type", "version", "changed", "by"]
    }

    fn keys(&self) -> &'static [&'static str] {
        Self::KEYS
    }

    fn path_key(&self) -> Option<&'static str> {
        Some("path")
    }

    fn count(&self) -> usize {
        self.0.sorted().len()
    }

    fn key(&self, row: usize) -> Cow<'_, str> {
        self.row(row).map(|(name, _)| name).unwrap_or_default().into()
    }

    fn words(&self, row: usize) -> String {
        self.row(row).map(|(name, _)| name.to_owned()).unwrap_or_default()
    }

    fn more(&self, row: usize) -> Cow<'_, str> {
        self.row(row).and_then(|(_, facts)| facts).map_or("", |facts| &facts.description).into()
    }

    fn fact(&self, row: usize, column: usize) -> Fact {
        let Some((name, facts)) = self.row(row) else { return Fact::Nothing };
        let name_key = matches!(Self::KEYS.get(column), Some(&"name" | &"path"));
        let Some(facts) = facts.filter(|_| !name_key) else { return Fact::text(name) };
        match Self::KEYS.get(column).copied().unwrap_or_default() {
            "type" => Fact::text(kind_word(&facts.kind)),
            "tier" => Fact::text(facts.tier.as_ref().map_or("", |tier| tier.as_str())),
            "version" => facts.version.map_or(Fact::Nothing, Fact::number),
            "changed" | "modified" => Fact::time(facts.modified),
            "by" | "user" => Fact::text(facts.user_short()),
            "key" | "kms" => Fact::text(&facts.key),
            _ => Fact::text(&facts.description),
        }
    }

    fn holds(&self, row: usize, column: usize, wanted: &str) -> bool {
        let Some((name, facts)) = self.row(row) else { return false };
        match (Self::KEYS.get(column).copied().unwrap_or_default(), facts) {
            // The last part of it: the branches are a matter of the path.
            ("name", _) => find_folded(name.rsplit('/').next().unwrap_or(name), wanted),
            ("path", _) => begins(name, wanted) || begins(name.trim_start_matches('/'), wanted),
            ("type", Some(facts)) => begins(facts.kind.as_str(), wanted) || begins(kind_word(&facts.kind), wanted),
            ("tier", Some(facts)) => facts.tier.as_ref().is_some_and(|tier| begins(tier.as_str(), wanted)),
            ("by" | "user", Some(facts)) if !facts.user.is_empty() => begins(facts.user_short(), wanted),
            _ => self.fact(row, column).holds(wanted),
        }
    }
}
