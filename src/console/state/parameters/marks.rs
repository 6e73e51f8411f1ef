//! Marks on parameters: on single ones, and on all that are below a branch.

use super::{Parameters, RowKind, tree::Row};
use crate::console::action::Action;

impl Parameters {
    /// Marks as the action says: a parameter, or all that pass the filter below a branch. `false` if it is no marking.
    pub fn mark(&mut self, action: Action) -> bool {
        match action {
            Action::Mark => {
                let Some(row) = self.current_row().copied() else { return true };
                self.lens.marks.toggle(&self.below(&row).iter().map(String::as_str).collect::<Vec<_>>());
                self.anchor = Some(row.path(&self.listed).to_owned());
                self.step(Action::CursorDown);
            }
            Action::MarkRange => {
                let from = self.anchor.as_deref().and_then(|path| self.nearest(path)).unwrap_or(self.cursor.at);
                let (first, last) = (from.min(self.cursor.at), from.max(self.cursor.at));
                let rows = self.rows.iter().take(last + 1).skip(first);
                // What an open branch has below it stands in the rows itself, as far as it is within them.
                let marked = rows.filter(|row| !matches!(row.kind, RowKind::Branch { open: true, .. }));
                let names: Vec<String> = marked.flat_map(|row| self.below(row)).collect();
                self.lens.marks.add(names);
                self.anchor = self.current_row().map(|row| row.path(&self.listed).to_owned());
            }
            Action::MarkInvert | Action::MarkAll | Action::MarkNone => {
                let all: Vec<String> = self.listed.iter().map(ToString::to_string).collect();
                self.lens.marks.act(action, &all, 0);
            }
            _ => return false,
        }
        true
    }

    /// The parameters of a row: itself, or those below the branch that pass the filter.
    fn below(&self, row: &Row) -> Vec<String> {
        let path = row.path(&self.listed);
        match row.kind {
            RowKind::Leaf => vec![path.to_owned()],
            RowKind::Branch { .. } => {
                let first = self.listed.partition_point(|name| &**name < path);
                let below = self.listed.iter().skip(first).take_while(|name| name.starts_with(path));
                below.map(ToString::to_string).collect()
            }
        }
    }
}
