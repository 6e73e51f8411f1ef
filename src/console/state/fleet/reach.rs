//! The fleet by names that are said: its columns and its nodes.

use super::{Column, Fleet};
use crate::console::state::filter::begins;

impl Fleet {
    /// Sorts by a column of this name, or of this heading.
    ///
    /// # Errors
    /// In words, when there is none.
    pub fn sort_on(&mut self, column: &str, descending: bool) -> Result<(), String> {
        let titled = || Column::all().find(|known| known.title().eq_ignore_ascii_case(column));
        let known = || format!("there is no column \"{column}\"; there are {}", self.sortable().join(", "));
        // A tag whose column is shown is known by its heading as well.
        let shown = || self.shown_columns().into_iter().find(|shown| shown.title().eq_ignore_ascii_case(column));
        let column = Column::named(column).or_else(titled).or_else(shown).ok_or_else(known)?;
        self.set_sort(vec![(column, descending)]);
        Ok(())
    }

    /// The names of the columns to sort by.
    pub fn sortable(&self) -> Vec<String> {
        let tags = self.tag_keys().into_iter().map(|key| Column::Tag(key.into()).name().into_owned());
        let named = Column::all().filter(|column| self.several || *column != Column::Origin);
        named.map(|column| column.title().into_owned()).chain(tags).collect()
    }

    /// The id of the node that is called so: by id, by name, or by the beginning of one name alone.
    ///
    /// # Errors
    /// In words, when it is none or more than one.
    pub fn called(&self, name: &str) -> Result<String, String> {
        if self.index.contains_key(name) {
            return Ok(name.to_owned());
        }
        let matching = |test: &dyn Fn(&str) -> bool| {
            self.own().filter(|node| test(&node.name)).map(|node| node.id.clone()).take(2).collect::<Vec<_>>()
        };
        let mut found = matching(&|known| known == name);
        if found.is_empty() {
            found = matching(&|known| begins(known, name));
        }
        match found.as_slice() {
            [] => Err(format!("no node is called \"{name}\"")),
            [id] => Ok(id.clone()),
            [one, other, ..] => Err(format!("more than one node is called \"{name}\": {one}, {other}; say the id")),
        }
    }

    /// Puts the cursor on a node. Groups and a filter that hide it are taken away.
    pub fn go_to(&mut self, id: &str) {
        let Some(place) = self.index.get(id).and_then(|at| u32::try_from(*at).ok()) else { return };
        let now = self.wanted_at;
        self.set_group(None);
        self.catch_up(now);
        if !self.rows.contains(&place) {
            self.set_filter("");
            self.catch_up(now);
        }
        self.moved = true;
        self.cursor_to(Some(place));
    }
}
