//! Parameter Store: the tree by path, what is known of the parameter under the cursor, the versions of one.
//!
//! A secret is in memory only while it is revealed. It is overwritten when its time is over, when the cursor or the user
//! goes elsewhere, and an answer that comes after that is dropped: forgetting a feed makes its epoch an old one.

use std::{collections::HashSet, time::Duration};

use super::{
    cursor::Cursor,
    feed::Feed,
    filter::{Filter, Matching, Op, Token, begins},
    form::{Editor, Form},
    input::LineInput,
    list::Marks,
    viewer::Viewer,
};
use crate::{
    console::{action::Action, origin::Origin, text::clean},
    ssm::{self, ParameterTier, Timestamp},
};

mod acts;
pub mod facts;
pub mod focus;
pub mod forms;
pub mod names;
pub mod secret;
mod sheet;
pub mod tree;
pub mod versions;

use facts::Facts;
use focus::Focus;
use names::Names;
use secret::Secret;
pub use sheet::ParameterRows;
use tree::{Name, Row, RowKind};
use versions::Versions;

/// The keys a filter token may have.
pub const FILTER_KEYS: &[&str] = &["name", "type", "tier", "path", "key", "by", "text"];
/// A listing is refreshed no more often than so many times what it took.
const PATIENCE: u32 = 20;
/// At the first look, so many branches at the top are opened.
const OPENED_AT_FIRST: usize = 3;
/// While pages land, the rows are made anew when the list grew by this part of it.
const GROWTH: usize = 20;

/// What the pane shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Level {
    /// The tree, with the details of a parameter beside it where there is room.
    #[default]
    Tree,
    /// The details of one parameter, alone.
    Details,
    /// The versions of one parameter.
    Versions,
    /// Two versions compared.
    Comparison,
}

/// The pane.
#[derive(Clone, Debug, Default)]
pub struct Parameters {
    /// Whose parameters they are: the pane shows those of one origin at a time.
    pub origin: Origin,
    /// The state of `DescribeParameters`.
    pub feed: Feed,
    /// The state of `DescribeParameters` for a single parameter that was written.
    pub one_feed: Feed,
    /// The state of `GetParameter` for the parameter under the cursor.
    pub value_feed: Feed,
    /// The state of `ListTagsForResource` for it.
    pub tags_feed: Feed,
    /// The state of `GetParameterHistory` for it.
    pub history_feed: Feed,
    /// What is shown.
    pub level: Level,
    /// Where one is in the tree.
    pub cursor: Cursor,
    /// Where one is in the details, when they stand alone.
    pub reading: Cursor,
    /// The filter as typed.
    pub filter: LineInput,
    /// Whether it is being typed.
    pub filtering: bool,
    /// The marked parameters, by name.
    pub marks: Marks,
    /// The comparison that is read.
    pub viewer: Option<Viewer>,
    names: Names,
    /// The names the rows were made from: all, or those that pass the filter.
    listed: Vec<Name>,
    filtered: bool,
    rows: Vec<Row>,
    /// Branches that differ from the others: opened ones, or closed ones if all are open.
    except: HashSet<String>,
    all_open: bool,
    outdated: bool,
    touched: bool,
    /// Whether the versions asked for last come decrypted.
    decrypted: bool,
    focus: Option<Focus>,
    /// The parameter whose value is fetched to be copied, and not to be shown.
    pub copying: Option<String>,
}

impl Parameters {
    /// Shows those of another origin, of which nothing is known yet. Answers under way are dropped.
    pub fn look_at(&mut self, origin: Origin) {
        // What is revealed is wiped, and not only dropped.
        self.close_comparison();
        let mut old = std::mem::take(self);
        for feed in [&mut old.feed, &mut old.one_feed, &mut old.value_feed, &mut old.tags_feed, &mut old.history_feed] {
            feed.forget();
        }
        let Self { feed, one_feed, value_feed, tags_feed, history_feed, .. } = old;
        *self = Self { origin, feed, one_feed, value_feed, tags_feed, history_feed, ..Self::default() };
    }

    /// A refresh of the list begins.
    pub fn begin(&mut self) {
        self.names.begin();
    }

    /// Takes over a page of the list.
    pub fn land(&mut self, page: &[ssm::ParameterMetadata]) {
        self.names.land(page);
        if self.names.untidy() * GROWTH >= self.names.sorted().len() {
            self.outdated = true;
        }
    }

    /// The refresh of the list is over; `whole` if nothing is missing.
    pub fn finish(&mut self, whole: bool) {
        self.outdated = true;
        if !whole {
            return;
        }
        self.names.finish();
        self.names.tidy();
        if !std::mem::replace(&mut self.touched, true) {
            // A first look shows one step more than the tops, but no wall of names.
            let tops = tree::tops(self.names.sorted());
            if tops.len() <= OPENED_AT_FIRST {
                self.except.extend(tops);
            }
        }
    }

    /// Whether the list is to be fetched again. One that took long is fetched less often.
    pub fn is_due(&self, now: Timestamp, every: Duration) -> bool {
        let took = match (self.feed.asked, self.feed.at) {
            (Some(asked), Some(at)) => at.since(asked),
            _ => Duration::ZERO,
        };
        self.feed.is_due(now, every.max(took * PATIENCE))
    }

    /// Parameters known.
    pub fn total(&self) -> usize {
        self.names.len()
    }

    /// Parameters that pass the filter.
    pub fn found(&self) -> usize {
        if self.filtered { self.listed.len() } else { self.names.len() }
    }

    /// The rows of the tree.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// The names the rows refer to.
    pub fn listed(&self) -> &[Name] {
        &self.listed
    }

    /// Every name that is known, sorted, whatever the filter hides.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.names.sorted().iter().map(|name| &**name)
    }

    /// The facts of a parameter.
    pub fn facts(&self, name: &str) -> Option<&Facts> {
        self.names.facts(name)
    }

    /// The row under the cursor.
    pub fn current_row(&self) -> Option<&Row> {
        self.rows.get(self.cursor.at)
    }

    /// The parameter under the cursor.
    pub fn current(&self) -> Option<(&Name, &Facts)> {
        let name = self.current_row()?.name(self.listed())?;
        Some((name, self.names.facts(name)?))
    }

    /// The place of the parameter under the cursor among those that pass the filter.
    pub fn place(&self) -> Option<usize> {
        self.place_of(self.current_row()?)
    }

    /// The place of a row's parameter among those that pass the filter.
    pub fn place_of(&self, row: &Row) -> Option<usize> {
        self.listed.binary_search(row.name(self.listed())?).ok()
    }

    /// What is known of the parameter under the cursor.
    pub fn focus(&self) -> Option<&Focus> {
        self.focus.as_ref()
    }

    /// The path or name under the cursor, as it is copied.
    pub fn path(&self) -> Option<String> {
        self.current_row().map(|row| clean(row.path(self.listed())))
    }

    /// The branch a new parameter is meant for: the one under the cursor, or the one above it.
    pub fn branch(&self) -> String {
        let Some(row) = self.current_row() else { return String::new() };
        let path = row.path(self.listed());
        match row.kind {
            RowKind::Branch { .. } => path.to_owned(),
            RowKind::Leaf => tree::above(path).last().unwrap_or_default().to_owned(),
        }
    }

    /// The filter changed.
    pub fn refilter(&mut self) {
        self.outdated = true;
    }

    /// Makes the rows anew if something changed. The cursor stays on its path.
    pub fn settle(&mut self, now: Timestamp) {
        if std::mem::take(&mut self.outdated) {
            let kept = self.current_row().map(|row| row.path(&self.listed).to_owned());
            self.names.tidy();
            self.build();
            if let Some(at) = kept.and_then(|path| self.rows.iter().position(|row| row.is(&self.listed, &path))) {
                self.cursor.at = at;
            }
            self.cursor.clamp(self.rows.len());
            self.marks.retain(|name| self.names.facts(name).is_some());
        }
        self.refocus(now);
    }

    fn build(&mut self) {
        let filter = Filter::of_paths(self.filter.text(), FILTER_KEYS, "path");
        self.filtered = !filter.is_empty();
        if !self.filtered {
            self.listed = self.names.sorted().to_vec();
            let is_open = |path: &str| self.except.contains(path) != self.all_open;
            self.rows = tree::rows(&self.listed, is_open);
            return;
        }
        let mut matching = Matching::default();
        let passes = |name: &&Name| {
            let facts = self.names.facts(name);
            filter.passes(name, &mut matching, |token| facts.is_some_and(|facts| holds(name, facts, token)))
        };
        self.listed = self.names.sorted().iter().filter(passes).cloned().collect();
        self.rows = tree::rows(&self.listed, |_| true);
    }

    /// Opens what is under the cursor: a branch, or the details of a parameter.
    pub fn open(&mut self) {
        match (self.level, self.current_row().map(|row| row.kind)) {
            (Level::Tree, Some(RowKind::Branch { .. })) => {
                self.fold(Action::Open);
            }
            (Level::Tree, Some(RowKind::Leaf)) => {
                self.level = Level::Details;
                self.reading = Cursor::default();
            }
            _ => {}
        }
    }

    /// Shows the versions of the parameter under the cursor. `false` if there is none.
    pub fn open_versions(&mut self) -> bool {
        if let Some(focus) = self.focus.as_mut().filter(|_| matches!(self.level, Level::Tree | Level::Details)) {
            focus.versions.cursor = Cursor::default();
            focus.versions.picked = None;
            self.level = Level::Versions;
            return true;
        }
        false
    }

    /// Compares two versions.
    ///
    /// # Errors
    /// In words, if there are not two.
    pub fn compare(&mut self) -> Result<(), &'static str> {
        let focus = self.focus.as_ref().ok_or("There is no parameter here.")?;
        self.viewer = Some(focus.versions.compare(&focus.name)?);
        self.level = Level::Comparison;
        Ok(())
    }

    /// Goes back one step. `false` at the tree. Secrets of the step that is left are wiped.
    pub fn back(&mut self) -> bool {
        match self.level {
            Level::Tree => return false,
            Level::Details => self.level = Level::Tree,
            Level::Versions => {
                self.level = Level::Tree;
                if let Some(focus) = &mut self.focus
                    && focus.versions.hide()
                {
                    self.history_feed.forget();
                }
            }
            Level::Comparison => self.close_comparison(),
        }
        true
    }

    /// The versions that are looked at, with their cursor.
    pub fn versions_mut(&mut self) -> Option<&mut Versions> {
        self.focus.as_mut().map(|focus| &mut focus.versions)
    }

    /// Moves in what is shown. `false` if the action is no movement.
    pub fn step(&mut self, action: Action) -> bool {
        match (self.level, &mut self.viewer) {
            (Level::Comparison, Some(viewer)) => viewer.act(action),
            (Level::Versions, _) => {
                let versions = self.focus.as_mut().map(|focus| &mut focus.versions);
                versions.is_some_and(|versions| versions.cursor.step(action, versions.list.len()))
            }
            // How long the details are depends on the width they are wrapped to; drawing holds the end.
            (Level::Details, _) => self.reading.scroll(action, usize::MAX / 2),
            _ => {
                let moved = self.cursor.step(action, self.rows.len());
                self.touched |= moved;
                moved
            }
        }
    }

    /// Marks as the action says: a parameter, or all that pass the filter below a branch. `false` if it is no marking.
    pub fn mark(&mut self, action: Action) -> bool {
        match (action, self.current_row()) {
            (Action::Mark, Some(row)) => {
                let here = [row.path(&self.listed)];
                match row.kind {
                    RowKind::Leaf => self.marks.toggle(&here),
                    RowKind::Branch { .. } => {
                        let below: Vec<&str> =
                            self.listed.iter().map(|name| &**name).filter(|name| name.starts_with(here[0])).collect();
                        self.marks.toggle(&below);
                    }
                }
                self.step(Action::CursorDown);
                true
            }
            (Action::MarkAll | Action::MarkNone, _) => {
                let all: Vec<String> = self.listed.iter().map(ToString::to_string).collect();
                self.marks.act(action, &all, 0)
            }
            _ => false,
        }
    }

    /// Opens or closes the branch under the cursor; on a parameter, `Left` goes to its branch. `false` if nothing was done.
    pub fn fold(&mut self, action: Action) -> bool {
        let Some(row) = self.current_row().copied() else { return false };
        match (row.kind, action) {
            (RowKind::Branch { open, .. }, Action::Open | Action::Left | Action::Right)
                if !self.filtered && (action == Action::Open || open == (action == Action::Left)) =>
            {
                let path = row.path(self.listed()).to_owned();
                if !self.except.remove(&path) {
                    self.except.insert(path);
                }
                self.touched = true;
                self.outdated = true;
            }
            (_, Action::Left) if row.depth > 0 => {
                let above = self.rows.get(..self.cursor.at).unwrap_or_default();
                self.cursor.at = above.iter().rposition(|above| above.depth < row.depth).unwrap_or(self.cursor.at);
            }
            _ => return false,
        }
        true
    }

    /// Opens every branch, or closes them all.
    pub fn expand_all(&mut self) {
        let any_closed = self.rows.iter().any(|row| matches!(row.kind, RowKind::Branch { open: false, .. }));
        self.all_open = any_closed;
        self.except.clear();
        self.touched = true;
        self.outdated = true;
    }

    /// A parameter was made or has a new version: the cursor goes to it as soon as it is listed.
    pub fn go_to(&mut self, name: &str, now: Timestamp) {
        for branch in tree::above(name) {
            if self.all_open {
                self.except.remove(branch);
            } else {
                self.except.insert(branch.to_owned());
            }
        }
        if self.names.known(name).is_none() {
            self.names.land(&[ssm::ParameterMetadata { name: Some(name.to_owned()), ..Default::default() }]);
        }
        self.outdated = true;
        self.settle(now);
        let row =
            |pane: &Self| pane.rows.iter().position(|row| row.name(&pane.listed).is_some_and(|known| **known == *name));
        let mut at = row(self);
        if at.is_none() {
            // The filter hides what was just written.
            self.filter.clear();
            self.outdated = true;
            self.settle(now);
            at = row(self);
        }
        self.cursor.at = at.unwrap_or(self.cursor.at);
        self.refresh_details();
        self.refocus(now);
    }

    /// A parameter was deleted.
    pub fn remove(&mut self, name: &str, now: Timestamp) {
        self.names.remove(name);
        self.outdated = true;
        self.settle(now);
    }

    /// The form for a new version of the parameter under the cursor, or for going back to the version under it. While its
    /// value is on its way, it is one that takes the keys and no more.
    ///
    /// # Errors
    /// In words, if there is nothing that an editor could begin with.
    pub fn edit_form(&self) -> Result<Form, &'static str> {
        let (Some((name, facts)), Some(focus)) = (self.current(), &self.focus) else {
            return Err("There is no parameter here; the cursor is on a branch.");
        };
        let version = focus.versions.current().filter(|_| self.level == Level::Versions);
        let value = match (version, &focus.shown) {
            (Some(version), _) => version.value.as_ref(),
            (None, shown) => shown.as_ref().map(|shown| &shown.value),
        };
        if value.is_none() && !facts.is_secret() {
            return Ok(forms::awaited(name));
        }
        if value.is_some_and(|value| !Editor::keeps(value.expose())) {
            return Err("The value has control characters an editor would lose; write it with: fleetdeck param put.");
        }
        let newest = focus.versions.list.first().filter(|_| version.is_some());
        let old = match newest {
            Some(newest) => newest.value.as_ref(),
            None => value,
        };
        Ok(forms::edit(name, facts, value.map(Secret::expose), old))
    }
}

/// Whether a parameter is what a token asks for: one of its values is enough.
fn holds(name: &str, facts: &Facts, token: &Token) -> bool {
    token.op == Op::Is && token.values.iter().any(|value| has(name, facts, &token.key, value))
}

fn has(name: &str, facts: &Facts, key: &str, value: &str) -> bool {
    let contains = |text: &str| text.to_lowercase().contains(&value.to_lowercase());
    match key {
        "name" => contains(name.rsplit('/').next().unwrap_or(name)),
        "path" => begins(name, value) || begins(name.trim_start_matches('/'), value),
        "type" => begins(facts.kind.as_str(), value) || begins(facts::kind_word(&facts.kind), value),
        "tier" => facts.tier.as_ref().is_some_and(|tier: &ParameterTier| begins(tier.as_str(), value)),
        "key" => contains(&facts.key),
        "by" => begins(facts.user_short(), value),
        "text" => contains(&facts.description),
        _ => false,
    }
}

#[cfg(test)]
mod tests;
