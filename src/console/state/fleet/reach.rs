//! The fleet by names that are said: its columns and its nodes.

use super::{Column, Fleet, begins};

impl Fleet {
    /// Sorts by a column of this name.
    ///
    /// # Errors
    /// In words, when there is none.
    pub fn sort_on(&mut self, column: &str, descending: bool) -> Result<(), String> {
        let found = Column::ALL.into_iter().find(|known| known.title().eq_ignore_ascii_case(column));
        let known = || format!("there is no column \"{column}\"; there are {}", self.sortable().join(", "));
        self.sort = (found.ok_or_else(known)?, descending);
        self.outdated = true;
        Ok(())
    }

    /// What the list is sorted by: the name of the column, and whether backwards.
    pub fn sorted_on(&self) -> (String, bool) {
        (self.sort.0.title().to_owned(), self.sort.1)
    }

    /// The names of the columns to sort by.
    pub fn sortable(&self) -> Vec<String> {
        Column::ALL.iter().map(|column| column.title().to_owned()).collect()
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
            self.nodes.iter().filter(|node| test(&node.name)).map(|node| node.id.clone()).take(2).collect::<Vec<_>>()
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

    /// Puts the cursor on a node. A filter that hides it is taken away.
    pub fn go_to(&mut self, id: &str) {
        self.settle();
        let shown = |at: &u32| self.nodes.get(*at as usize).is_some_and(|node| node.id == id);
        if !self.order.iter().any(shown) {
            self.filter.clear();
        }
        self.arrange_around(Some(id.to_owned()));
    }
}
