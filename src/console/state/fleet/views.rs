//! Ways to look at the fleet: its columns, orders, groups, and all of it together under a name.

use std::{collections::BTreeSet, sync::Arc};

use super::{Action, Column, Fleet, Group, GroupSort, LineInput, SortKey, Timestamp, groups};
use crate::{config::view::View, console::state::cursor::Cursor};

/// Tag keys that are offered as columns and groups; more are not worth reading through.
const MOST_KEYS: usize = 60;

impl Fleet {
    /// The columns that are shown: the chosen ones, and in the wide list all the others too. While several places are looked
    /// at, that of the origins stands behind the first, unless it was put elsewhere.
    pub fn shown_columns(&self) -> Vec<Column> {
        let mut shown = self.columns.clone();
        match (self.several, shown.contains(&Column::Origin)) {
            (true, false) => shown.insert(shown.len().min(1), Column::Origin),
            (true, true) => {}
            (false, _) => shown.retain(|column| *column != Column::Origin),
        }
        if self.wide {
            let hidden = |column: &Column| !self.several && *column == Column::Origin;
            let others: Vec<_> = Column::all().filter(|column| !shown.contains(column) && !hidden(column)).collect();
            shown.extend(others);
        }
        shown
    }

    /// The chosen columns.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// Shows these columns. Without any nothing changes.
    pub fn set_columns(&mut self, columns: Vec<Column>) {
        if !columns.is_empty() {
            self.columns = columns;
            self.scrolled = self.scrolled.min(self.columns.len().saturating_sub(1));
        }
    }

    /// Shows the columns of these names; those there are not.
    pub fn set_columns_named(&mut self, names: &[String]) -> Vec<String> {
        let (known, unknown): (Vec<_>, Vec<_>) =
            names.iter().map(|name| Column::named(name).ok_or_else(|| name.clone())).partition(Result::is_ok);
        self.set_columns(known.into_iter().flatten().collect());
        unknown.into_iter().filter_map(Result::err).collect()
    }

    /// Everything that can be a column: the chosen ones first, then the others, then the tags that are known.
    pub fn possible_columns(&self) -> Vec<(Column, bool)> {
        let chosen = self.columns.iter().map(|column| (column.clone(), true));
        let others = Column::all().chain(self.tag_keys().into_iter().map(|key| Column::Tag(key.into())));
        let others = others.filter(|column| !self.columns.contains(column)).map(|column| (column, false));
        chosen.chain(others).collect()
    }

    /// The keys of the tags that are known.
    pub fn tag_keys(&self) -> Vec<String> {
        let keys: BTreeSet<&str> =
            self.own().flat_map(|node| node.tags.iter().flatten()).map(|(key, _)| key.as_str()).collect();
        keys.into_iter().filter(|key| *key != "Name").take(MOST_KEYS).map(str::to_owned).collect()
    }

    /// The columns the list is sorted by, and whether backwards.
    pub fn sort(&self) -> &[SortKey] {
        &self.sort
    }

    /// Sorts by these columns, the first one first. Without any nothing changes.
    pub fn set_sort(&mut self, sort: Vec<SortKey>) {
        if !sort.is_empty() && self.sort != sort {
            self.sort = sort;
            self.stale.sort = true;
        }
    }

    /// Sorts by a column alone; backwards if the list is sorted by it already.
    pub fn sort_alone(&mut self, column: Column) {
        let reversed = matches!(self.sort.as_slice(), [(sorted, false)] if *sorted == column);
        self.set_sort(vec![(column, reversed)]);
    }

    /// Sorts what is equal so far by a column too. If the list is sorted by it already: backwards, then not by it.
    pub fn sort_also(&mut self, column: Column) {
        let mut sort = self.sort.clone();
        match sort.iter().position(|(sorted, _)| *sorted == column) {
            None => sort.push((column, false)),
            Some(at) if !sort[at].1 => sort[at].1 = true,
            Some(at) => drop(sort.remove(at)),
        }
        self.set_sort(sort);
    }

    /// Sorts by the next or the previous column, or turns the order around.
    pub fn sort_by(&mut self, action: Action) {
        if self.group.is_some() {
            return self.sort_groups(action);
        }
        let Some((column, reversed)) = self.sort.first().cloned() else { return };
        let shown = self.shown_columns();
        let at = shown.iter().position(|known| *known == column);
        let count = shown.len().max(1);
        let next = match (action, at) {
            (Action::SortNext, Some(at)) => (at + 1) % count,
            (Action::SortPrevious, Some(at)) => (at + count - 1) % count,
            (Action::SortNext | Action::SortPrevious, None) => 0,
            _ => {
                let mut sort = self.sort.clone();
                sort[0].1 = !reversed;
                return self.set_sort(sort);
            }
        };
        self.set_sort(shown.get(next).map(|column| (column.clone(), false)).into_iter().collect());
    }

    /// Sorts by a further column: the one after the last; pressed again, that one gives way to the next.
    pub fn sort_further(&mut self) {
        let shown = self.shown_columns();
        let (mut sort, last) = match self.sort.as_slice() {
            [] => return,
            [first] => (vec![first.clone()], first.0.clone()),
            [first, further, ..] => (vec![first.clone()], further.0.clone()),
        };
        let at = shown.iter().position(|known| *known == last).map_or(0, |at| at + 1);
        let next = shown.iter().cycle().skip(at).take(shown.len()).find(|column| **column != sort[0].0);
        sort.extend(next.map(|column| (column.clone(), false)));
        self.set_sort(sort);
    }

    /// Sorts the groups by what is called so; backwards if they are sorted by it already.
    pub fn sort_groups_on(&mut self, name: &str) {
        let Some(by) = GroupSort::ALL.into_iter().find(|by| by.name() == name) else { return };
        self.group_sort = (by, self.group_sort == (by, false));
        let groups = std::mem::take(&mut self.groups);
        self.land_groups(groups);
    }

    fn sort_groups(&mut self, action: Action) {
        let (by, reversed) = self.group_sort;
        let at = GroupSort::ALL.iter().position(|known| *known == by).unwrap_or(0);
        let count = GroupSort::ALL.len();
        self.group_sort = match action {
            Action::SortNext => (GroupSort::ALL[(at + 1) % count], false),
            Action::SortPrevious => (GroupSort::ALL[(at + count - 1) % count], false),
            _ => (by, !reversed),
        };
        let groups = std::mem::take(&mut self.groups);
        self.land_groups(groups);
    }

    /// The columns that nodes can be grouped by.
    pub fn groups_by(&self) -> Vec<Column> {
        let columns = self.possible_columns().into_iter().map(|(column, _)| column);
        columns.filter(|column| !matches!(column, Column::Id | Column::Tags)).collect()
    }

    /// The column of a name, if nodes can be grouped by it.
    ///
    /// # Errors
    /// In words, with those there are.
    pub fn groupable(&self, name: &str) -> Result<Column, String> {
        let found = Column::named(name).filter(|column| !matches!(column, Column::Id | Column::Tags));
        found.ok_or_else(|| {
            let names = Column::all().filter(|column| !matches!(column, Column::Id | Column::Tags));
            let names: Vec<_> = names.map(|column| column.name().into_owned()).collect();
            format!("nothing is grouped by \"{name}\"; there are {}, tag:KEY and none", names.join(", "))
        })
    }

    /// What the nodes are grouped by.
    pub fn grouped_by(&self) -> Option<&Column> {
        self.group.as_ref()
    }

    /// The groups.
    pub fn groups(&self) -> &[Group] {
        &self.groups
    }

    /// Groups the nodes, or does so no more.
    pub fn set_group(&mut self, column: Option<Column>) {
        if self.group != column {
            self.group_cursor = Cursor::default();
            self.groups.clear();
            self.group = column;
            self.stale.filter = true;
        }
        self.opened = None;
    }

    /// Opens the group under the cursor: its value becomes a part of the filter. `false` if nothing says what it has in
    /// common.
    pub fn open_group(&mut self) -> bool {
        let Some((column, group)) = self.group.clone().zip(self.groups.get(self.group_cursor.at)) else { return false };
        let Some(token) = group.filter(&column) else { return false };
        let before = self.filter.text().to_owned();
        let cursor = self.group_cursor;
        self.set_group(None);
        let filter = format!("{before} {token}").trim().to_owned();
        self.set_filter(&filter);
        self.opened = Some((column, before, cursor));
        self.cursor = Cursor { height: self.cursor.height, ..Cursor::default() };
        true
    }

    /// Goes back to the groups one of which was opened. `false` if none was.
    pub fn close_group(&mut self) -> bool {
        let Some((column, before, cursor)) = self.opened.take() else { return false };
        self.set_filter(&before);
        self.set_group(Some(column));
        self.group_cursor = cursor;
        true
    }

    /// Marks the nodes of the group under the cursor, or takes their marks away if all of them are marked.
    pub fn mark_group(&mut self, now: Timestamp) {
        self.catch_up(now);
        let Some((column, group)) = self.group.clone().zip(self.groups.get(self.group_cursor.at)) else { return };
        let in_group = |at: &u32| {
            let node = self.nodes.get(*at as usize);
            node.is_some_and(|node| groups::key(&column, node, now).as_deref() == group.value.as_deref())
        };
        let places: Vec<usize> = self.rows.iter().filter(|at| in_group(at)).map(|at| *at as usize).collect();
        let all = places.iter().all(|at| self.marks.has(*at));
        places.into_iter().for_each(|at| self.marks.set(at, !all));
        self.marks_changed();
        self.group_cursor.step(Action::CursorDown, self.groups.len());
    }

    /// Filters by a text.
    pub fn set_filter(&mut self, text: &str) {
        self.filter = LineInput::from(text);
        self.rearrange();
    }

    /// Looks at the fleet as a view says, with the columns of the settings if it names none; what of it makes no sense.
    pub fn set_view(&mut self, view: &View) -> Vec<String> {
        let columns = Some(&view.columns).filter(|columns| !columns.is_empty()).or(self.configured.as_ref()).cloned();
        let mut unknown = match columns {
            None => {
                self.set_columns(Column::usual());
                Vec::new()
            }
            Some(columns) => self.set_columns_named(&columns),
        };
        let mut sort = Vec::new();
        for name in &view.sort {
            let (bare, reversed) = name.strip_prefix('-').map_or((name.as_str(), false), |bare| (bare, true));
            match Column::named(bare) {
                Some(column) => sort.push((column, reversed)),
                None => unknown.push(name.clone()),
            }
        }
        self.set_sort(if sort.is_empty() { vec![(Column::Name, false)] } else { sort });
        let group = view.group.as_deref().map(|name| Column::named(name).ok_or(name));
        unknown.extend(group.clone().and_then(Result::err).map(str::to_owned));
        self.set_group(group.and_then(Result::ok));
        self.set_filter(&view.filter);
        self.view = Some(view.name.clone()).filter(|name| !name.is_empty());
        unknown
    }

    /// How the fleet is looked at, under a name.
    pub fn as_view(&self, name: &str) -> View {
        let sort = |(column, reversed): &SortKey| format!("{}{}", if *reversed { "-" } else { "" }, column.name());
        let usual = match &self.configured {
            None => self.columns == Column::usual(),
            Some(names) => self.columns.iter().map(Column::name).eq(names.iter().map(String::as_str)),
        };
        View {
            name: name.to_owned(),
            filter: self.filter.text().trim().to_owned(),
            sort: self.sort.iter().map(sort).collect(),
            columns: if usual { Vec::new() } else { self.columns.iter().map(|c| c.name().into_owned()).collect() },
            group: self.group.as_ref().map(|column| column.name().into_owned()),
        }
    }
}

impl Fleet {
    /// The nodes whose name or id begins so, for completion.
    pub fn values_of(&self, column: &Column, most: usize) -> Vec<String> {
        let mut values: BTreeSet<Arc<str>> = BTreeSet::new();
        let mut last = "";
        for node in self.own() {
            let value = match column {
                Column::Platform => node.platform.as_str(),
                Column::Agent => node.agent.as_str(),
                Column::Role => node.role.as_str(),
                Column::Activation => node.activation.as_str(),
                Column::Name => node.name.as_str(),
                Column::Id => node.id.as_str(),
                Column::Ip => node.ip.as_str(),
                Column::Host => node.computer.as_str(),
                Column::PatchGroup => node.patches.iter().flatten().next().map_or("", |p| p.group.as_str()),
                Column::Tag(key) => node.tag(key).unwrap_or_default(),
                _ => "",
            };
            // Many nodes in a row say the same.
            if value.is_empty() || value == last {
                continue;
            }
            last = value;
            if !values.contains(value) {
                values.insert(value.into());
                if values.len() >= most {
                    break;
                }
            }
        }
        values.iter().map(|value| value.to_string()).collect()
    }
}
