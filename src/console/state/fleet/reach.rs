//! The fleet by names that are said: its columns and its nodes.

use super::{Column, Fleet, Node};
use crate::console::{origin::NodeId, state::filter::begins};

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

    /// The node that is called so: by id, by name, or by the beginning of one name alone. What several origins have is told
    /// apart as `id@origin`.
    ///
    /// # Errors
    /// In words, when it is none or more than one.
    pub fn called(&self, name: &str) -> Result<NodeId, String> {
        let listed: Vec<&Node> = self.by_id(name).take(2).collect();
        match listed.as_slice() {
            [] => {}
            [node] => return Ok(node.node_id()),
            [one, other, ..] => {
                return Err(format!("more than one origin has {name}: say {} or {}", self.said(one), self.said(other)));
            }
        }
        let matching = |test: &dyn Fn(&str) -> bool| {
            self.own().filter(|node| test(&node.name)).map(|node| &**node).take(2).collect::<Vec<_>>()
        };
        let mut found = matching(&|known| known == name);
        if found.is_empty() {
            found = matching(&|known| begins(known, name));
        }
        match found.as_slice() {
            [] => Err(format!("no node is called \"{name}\"")),
            [node] => Ok(node.node_id()),
            [one, other, ..] => {
                let (one, other) = (self.said(one), self.said(other));
                Err(format!("more than one node is called \"{name}\": {one}, {other}; say the id"))
            }
        }
    }

    /// The nodes that an id says, as it is or with an origin behind it: `id@origin`.
    pub fn by_id<'a>(&'a self, said: &'a str) -> impl Iterator<Item = &'a Node> {
        let (id, origin) = said.split_once('@').map_or((said, None), |(id, origin)| (id, Some(origin)));
        self.listed(id).filter(move |node| origin.is_none_or(|origin| *node.origin_label == *origin))
    }

    /// How a node is said by its id: with its origin where others have one of the same id.
    pub fn said(&self, node: &Node) -> String {
        match self.listed(&node.id).nth(1) {
            Some(_) => format!("{}@{}", node.id, node.origin_label),
            None => node.id.clone(),
        }
    }

    /// Puts the cursor on a node. Groups and a filter that hide it are taken away.
    pub fn go_to(&mut self, node: &NodeId) {
        let place = self.place_of(node.origin, &node.id).and_then(|at| u32::try_from(at).ok());
        let Some(place) = place else { return };
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
