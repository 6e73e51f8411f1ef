//! Parameter Store: the tree by path, what is known of the parameter under the cursor, the versions of one.
//!
//! The tree is made from the whole listing, and not level by level as its branches are opened. The service has no call that
//! names the branches of a level: `GetParametersByPath`, and `DescribeParameters` with a `Path` filter and `OneLevel`, name
//! the parameters that stand directly below a path and are silent about what lies deeper, so what can be opened is known
//! only once everything was listed; and a filter looks everywhere. Nobody waits for that: the pages land in the background,
//! at the pace that the service grants the operation, fifty names each and no values; rows, filter and marks work on what
//! is there, and the head counts along. A listing is repeated the less often the longer it took (`PATIENCE`).
//!
//! A secret is in memory only while it is revealed. It is overwritten when its time is over, when the cursor or the user
//! goes elsewhere, and an answer that comes after that is dropped: forgetting a feed makes its epoch an old one.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use super::{
    cursor::Cursor,
    feed::Feed,
    form::{Editor, Form},
    list::Lens,
    viewer::Viewer,
};
use crate::{
    console::{action::Action, origin::Origin, text::clean},
    ssm::{self, Timestamp},
};

mod acts;
mod beside;
pub mod facts;
pub mod focus;
pub mod forms;
mod marks;
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
    /// How the parameters are looked at, and which are marked.
    pub lens: Lens,
    /// The comparison that is read.
    pub viewer: Option<Viewer>,
    names: Names,
    /// The names the rows were made from: all, or those that pass the filter.
    listed: Vec<Name>,
    /// The filter the rows were made with.
    filtered: String,
    rows: Vec<Row>,
    /// Branches that differ from the others: opened ones, or closed ones if all are open.
    except: HashSet<String>,
    all_open: bool,
    /// Branches that were closed among what passes the filter.
    closed: HashSet<String>,
    /// The path the cursor was on when the filter began to be typed, and whether it goes back there with the next rows.
    before: Option<String>,
    returns: bool,
    /// The row that a range of marks begins at, by its path.
    anchor: Option<String>,
    outdated: bool,
    /// What the list was like when this side of the screen had it last.
    seen: u64,
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
    }

    /// A first look at a list that is whole shows one step more than the tops, but no wall of names.
    fn open_tops(&mut self) {
        if self.names.is_whole() && !std::mem::replace(&mut self.touched, true) {
            let tops = tree::tops(self.names.sorted());
            if tops.len() <= OPENED_AT_FIRST {
                self.except.extend(tops);
            }
        }
    }

    /// Whether the list is to be fetched again. One that took long is fetched less often.
    pub fn is_due(&self, now: Timestamp, every: Duration) -> bool {
        self.feed.is_due(now, every.max(self.feed.took().saturating_mul(PATIENCE)))
    }

    /// Parameters known.
    pub fn total(&self) -> usize {
        self.names.len()
    }

    /// Parameters that pass the filter.
    pub fn found(&self) -> usize {
        if self.is_filtered() { self.listed.len() } else { self.names.len() }
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

    /// All of them as rows in columns.
    pub fn sheet(&self) -> ParameterRows<'_> {
        ParameterRows(&self.names)
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

    /// Whether the rows are those that pass a filter.
    fn is_filtered(&self) -> bool {
        !self.filtered.is_empty()
    }

    /// The place of the parameter under the cursor among all.
    pub fn place(&self) -> Option<usize> {
        self.place_of(self.current_row()?)
    }

    /// The place of a row's parameter among all.
    pub fn place_of(&self, row: &Row) -> Option<usize> {
        self.names.sorted().binary_search(row.name(self.listed())?).ok()
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

    /// Filters by a text.
    pub fn set_filter(&mut self, text: &str) {
        self.lens.outdate(None);
        self.lens.filter = text.into();
    }

    /// The filter begins to be typed.
    pub(super) fn begin_filter(&mut self) {
        self.before = self.current_row().map(|row| row.path(&self.listed).to_owned());
    }

    /// The filter is given up while it is typed: the cursor goes back to where it was before.
    pub(super) fn give_up_filter(&mut self) {
        self.returns = true;
    }

    /// Makes the rows anew if something changed. The cursor stays on its path; a new filter puts it on the first match.
    pub fn settle(&mut self, now: Timestamp) {
        if std::mem::take(&mut self.outdated) || self.lens.is_stale(&ParameterRows(&self.names)) {
            let here = self.current_row().map(|row| row.path(&self.listed).to_owned());
            self.names.tidy();
            self.open_tops();
            let filter = self.lens.filter.text().trim().to_owned();
            let changed = filter != self.filtered;
            if changed {
                self.closed.clear();
                self.filtered = filter;
            }
            self.build();
            let path = match std::mem::take(&mut self.returns) {
                true => self.before.take().or(here),
                false => here,
            };
            let first = self.rows.iter().position(|row| row.kind == RowKind::Leaf);
            let at = match first.filter(|_| changed && self.is_filtered()) {
                Some(first) => Some(first),
                None => path.and_then(|path| self.nearest(&path)),
            };
            self.cursor.at = at.unwrap_or(self.cursor.at);
            self.cursor.clamp(self.rows.len());
        }
        self.refocus(now);
    }

    /// The row of a path, or of the closed branch it is under.
    fn nearest(&self, path: &str) -> Option<usize> {
        let at = |path: &str| self.rows.iter().position(|row| row.is(&self.listed, path));
        at(path).or_else(|| tree::above(path).collect::<Vec<_>>().into_iter().rev().find_map(at))
    }

    fn build(&mut self) {
        let sheet = ParameterRows(&self.names);
        self.lens.begin_work();
        let shown = self.lens.rows(&sheet);
        // The rows of the lens are parameters alone; where one is among the branches is told by their paths.
        self.lens.land(&mut Cursor::default(), shown, None, &sheet);
        let sorted = self.names.sorted();
        let mut order: HashMap<&str, usize> = HashMap::new();
        self.listed = match self.is_filtered() || !self.lens.is_plain() {
            false => sorted.to_vec(),
            true => {
                let mut places: Vec<usize> = self.lens.places().collect();
                if !self.lens.order().is_empty() {
                    let names = places.iter().filter_map(|place| sorted.get(*place));
                    order = names.enumerate().map(|(at, name)| (&**name, at)).collect();
                    places.sort_unstable();
                }
                places.into_iter().filter_map(|place| sorted.get(place)).cloned().collect()
            }
        };
        let is_open = |path: &str| match self.filtered.is_empty() {
            true => self.except.contains(path) != self.all_open,
            false => !self.closed.contains(path),
        };
        let order = (!order.is_empty()).then_some(|name: &str| order.get(name).copied().unwrap_or(usize::MAX));
        self.rows = tree::rows(&self.listed, is_open, order.as_ref().map(|order| order as &dyn Fn(&str) -> usize));
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

    /// Opens or closes the branch under the cursor; on a parameter, `Left` goes to its branch. `false` if nothing was done.
    pub fn fold(&mut self, action: Action) -> bool {
        let Some(row) = self.current_row().copied() else { return false };
        match (row.kind, action) {
            (RowKind::Branch { open, .. }, Action::Open | Action::Left | Action::Right)
                if action == Action::Open || open == (action == Action::Left) =>
            {
                let path = row.path(self.listed()).to_owned();
                let differ = if self.is_filtered() { &mut self.closed } else { &mut self.except };
                if !differ.remove(&path) {
                    differ.insert(path);
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
        if self.is_filtered() {
            let branches = self.rows.iter().filter(|row| !any_closed && row.kind != RowKind::Leaf);
            self.closed = branches.map(|row| row.path(&self.listed).to_owned()).collect();
        } else {
            self.all_open = any_closed;
            self.except.clear();
        }
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
            self.closed.remove(branch);
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
            self.set_filter("");
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
            Some(newest) => newest.value.as_ref().map(|value| (value, Some(newest.number))),
            None => focus.shown.as_ref().map(|shown| (&shown.value, shown.version)),
        };
        Ok(forms::edit(name, facts, value.map(Secret::expose), old))
    }
}

#[cfg(test)]
mod tests;
