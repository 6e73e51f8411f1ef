//! Marks on rows, by what tells a row from all others.

use std::{collections::BTreeSet, ops::Bound};

use crate::console::action::Action;

/// The marked rows.
#[derive(Clone, Debug, Default)]
pub struct Marks {
    keys: BTreeSet<String>,
    anchor: Option<String>,
}

impl Marks {
    /// The marked rows, in the order of their keys.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.keys.iter().map(String::as_str)
    }

    /// Marks there are.
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Whether a row is marked.
    pub fn has(&self, key: &str) -> bool {
        self.keys.contains(key)
    }

    /// Marks as the action says: `rows` are the keys of the rows that are shown, `here` is the place of the cursor among
    /// them. `false` if it is no marking.
    pub fn act(&mut self, action: Action, rows: &[String], here: usize) -> bool {
        match action {
            Action::Mark => {
                if let Some(key) = rows.get(here) {
                    let marked = self.flip(key);
                    self.anchor = marked.then(|| key.clone());
                }
            }
            Action::MarkRange => {
                let from = rows.iter().position(|key| Some(key) == self.anchor.as_ref()).unwrap_or(here);
                self.keys.extend(rows.iter().take(from.max(here) + 1).skip(from.min(here)).cloned());
                self.anchor = rows.get(here).cloned();
            }
            Action::MarkInvert => {
                for key in rows {
                    self.flip(key);
                }
            }
            Action::MarkAll => self.keys.extend(rows.iter().cloned()),
            Action::MarkNone => self.keys.clear(),
            _ => return false,
        }
        true
    }

    /// How many marks there are on rows whose keys begin so.
    pub fn below(&self, beginning: &str) -> usize {
        let from = self.keys.range::<str, _>((Bound::Included(beginning), Bound::Unbounded));
        from.take_while(|key| key.starts_with(beginning)).count()
    }

    /// Marks all of these too.
    pub fn add(&mut self, keys: Vec<String>) {
        self.keys.extend(keys);
    }

    /// Marks all of these, or takes their marks away if all of them are marked.
    pub fn toggle(&mut self, keys: &[&str]) {
        if keys.iter().all(|key| self.has(key)) {
            self.keys.retain(|key| !keys.contains(&key.as_str()));
        } else {
            self.keys.extend(keys.iter().map(|key| (*key).to_owned()));
        }
    }

    fn flip(&mut self, key: &str) -> bool {
        let marked = !self.keys.remove(key);
        if marked {
            self.keys.insert(key.to_owned());
        }
        marked
    }

    /// Takes the marks of rows away that are not there any more.
    pub fn retain(&mut self, is_there: impl Fn(&str) -> bool) {
        self.keys.retain(|key| is_there(key));
    }
}
