//! Names as a tree by path. The names stand in one sorted list, so a branch is a range of it: counting what is below a
//! branch and finding its children are binary searches, and only branches that are open are looked into.

use std::{ops::Range, sync::Arc};

/// No path is taken apart deeper than this; the service allows 15 levels.
const DEEPEST: usize = 32;

/// A parameter's name, as the service wrote it. It is cleaned where it is shown.
pub type Name = Arc<str>;

/// A row of the tree. It refers to the list of names it was made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// How deep it stands.
    pub depth: usize,
    /// What it is.
    pub kind: RowKind,
    at: usize,
    label: usize,
    end: usize,
}

/// What a row of the tree is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowKind {
    /// A branch with so many parameters below it.
    Branch { count: usize, open: bool },
    /// A parameter.
    Leaf,
}

impl Row {
    /// The path of a branch, with the slash at its end, or the name of a parameter.
    pub fn path<'a>(&self, names: &'a [Name]) -> &'a str {
        self.slice(names, 0)
    }

    /// The last part of the path.
    pub fn label<'a>(&self, names: &'a [Name]) -> &'a str {
        self.slice(names, self.label)
    }

    /// The parameter's name, if it is one.
    pub fn name<'a>(&self, names: &'a [Name]) -> Option<&'a Name> {
        names.get(self.at).filter(|_| self.kind == RowKind::Leaf)
    }

    /// Whether this is the row of a path.
    pub fn is(&self, names: &[Name], path: &str) -> bool {
        self.path(names) == path
    }

    fn slice<'a>(&self, names: &'a [Name], from: usize) -> &'a str {
        names.get(self.at).and_then(|name| name.get(from..self.end)).unwrap_or_default()
    }

    fn range(&self) -> Range<usize> {
        match self.kind {
            RowKind::Branch { count, .. } => self.at..self.at + count,
            RowKind::Leaf => self.at..self.at,
        }
    }
}

/// The visible rows of a sorted list of names: branches before parameters, each in the order of the list, or in the one that
/// has a number for each name. A branch stands where the first of what is below it would.
pub fn rows(names: &[Name], is_open: impl Fn(&str) -> bool, order: Option<&dyn Fn(&str) -> usize>) -> Vec<Row> {
    let mut rows = Vec::new();
    let children = |range: Range<usize>, prefix: usize, depth: usize| {
        let mut children = children(names, range, prefix, depth);
        if let Some(order) = order {
            let place =
                |row: &Row| names.iter().take(row.range().end.max(row.at + 1)).skip(row.at).map(|name| order(name));
            children.sort_by_cached_key(|row| (row.kind == RowKind::Leaf, place(row).min()));
        }
        children
    };
    let mut levels = vec![children(0..names.len(), 0, 0).into_iter()];
    while let Some(level) = levels.last_mut() {
        let Some(mut row) = level.next() else {
            levels.pop();
            continue;
        };
        if let RowKind::Branch { open, .. } = &mut row.kind {
            *open = is_open(names.get(row.at).and_then(|name| name.get(..row.end)).unwrap_or_default());
            if *open {
                levels.push(children(row.range(), row.end, row.depth + 1).into_iter());
            }
        }
        rows.push(row);
    }
    rows
}

/// The branches at the top.
pub fn tops(names: &[Name]) -> Vec<String> {
    let all = children(names, 0..names.len(), 0, 0);
    let branches = all.into_iter().filter(|row| row.kind != RowKind::Leaf);
    branches.map(|row| row.path(names).to_owned()).collect()
}

/// The branches above a name, the topmost first, each with the slash at its end.
pub fn above(name: &str) -> impl Iterator<Item = &str> {
    name.char_indices().filter(|(at, c)| *c == '/' && *at > 0).map(|(at, _)| &name[..=at]).take(DEEPEST)
}

fn children(names: &[Name], range: Range<usize>, prefix: usize, depth: usize) -> Vec<Row> {
    let (mut branches, mut leaves) = (Vec::new(), Vec::new());
    let mut at = range.start;
    while at < range.end {
        let name = &names[at];
        match branch_end(name, prefix).filter(|_| depth < DEEPEST) {
            Some(end) => {
                let path = name.get(..end).unwrap_or_default();
                let count = names[at..range.end].partition_point(|other| other.starts_with(path));
                branches.push(Row { depth, kind: RowKind::Branch { count, open: false }, at, label: prefix, end });
                at += count.max(1);
            }
            None => {
                leaves.push(Row { depth, kind: RowKind::Leaf, at, label: prefix, end: name.len() });
                at += 1;
            }
        }
    }
    branches.append(&mut leaves);
    branches
}

/// Where the next branch of a name ends, behind its slash. The slash a name begins with is no end of a branch.
fn branch_end(name: &str, prefix: usize) -> Option<usize> {
    let rest = name.get(prefix..)?;
    let first = usize::from(prefix == 0 && rest.starts_with('/'));
    rest.get(first..)?.find('/').map(|slash| prefix + first + slash + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(list: &[&str]) -> Vec<Name> {
        let mut names: Vec<Name> = list.iter().map(|name| Name::from(*name)).collect();
        names.sort();
        names
    }

    fn drawn(names: &[Name], rows: &[Row]) -> Vec<String> {
        let text = |row: &Row| match row.kind {
            RowKind::Branch { count, .. } => format!("{}{} {count}", "  ".repeat(row.depth), row.label(names)),
            RowKind::Leaf => format!("{}{}", "  ".repeat(row.depth), row.label(names)),
        };
        rows.iter().map(text).collect()
    }

    #[test]
    fn a_parameter_and_a_branch_may_share_a_name() {
        let names = names(&["/app/web/port", "/app/db/url", "/app/web-old", "plain", "/app/web", "/solo"]);
        let rows = rows(&names, |path| path == "/app/" || path == "/app/web/", None);
        assert_eq!(
            drawn(&names, &rows),
            ["/app/ 4", "  db/ 1", "  web/ 1", "    port", "  web", "  web-old", "/solo", "plain"]
        );
        assert_eq!(rows[2].path(&names), "/app/web/");
        assert_eq!(rows[4].name(&names).map(AsRef::as_ref), Some("/app/web"));
        assert_eq!(above("/app/web/port").collect::<Vec<_>>(), ["/app/", "/app/web/"]);
        assert_eq!(tops(&names), ["/app/"]);
    }

    #[test]
    fn another_order_is_one_within_each_branch() {
        let names = names(&["/app/db/url", "/app/a", "/app/b", "/web/x", "z"]);
        let order =
            |name: &str| ["/app/b", "/web/x", "z", "/app/a", "/app/db/url"].iter().position(|n| *n == name).unwrap();
        let rows = rows(&names, |_| true, Some(&order));
        assert_eq!(drawn(&names, &rows), ["/app/ 3", "  db/ 1", "    url", "  b", "  a", "/web/ 1", "  x", "z"]);
    }

    #[test]
    fn odd_names_neither_hang_nor_vanish() {
        let deep = "/x".repeat(200);
        let names = names(&["", "/", "//", "///a", "a/", "a//b", &deep, "/é/ü"]);
        let rows = rows(&names, |_| true, None);
        assert_eq!(rows.iter().filter(|row| row.kind == RowKind::Leaf).count(), names.len());
        assert!(rows.iter().all(|row| row.depth <= DEEPEST));
    }

    proptest::proptest! {
        #[test]
        fn everything_is_shown_once_when_all_is_open(list in proptest::collection::btree_set("[/ab.]{0,8}", 0..40)) {
            let names: Vec<Name> = list.iter().map(|name| Name::from(name.as_str())).collect();
            let all = rows(&names, |_| true, None);
            let mut leaves: Vec<_> = all.iter().filter_map(|row| row.name(&names)).cloned().collect();
            leaves.sort();
            proptest::prop_assert_eq!(&leaves, &names);
            let closed = rows(&names, |_| false, None);
            let counted: usize = closed.iter().map(|row| match row.kind {
                RowKind::Branch { count, .. } => count,
                RowKind::Leaf => 1,
            }).sum();
            proptest::prop_assert_eq!(counted, names.len());
        }
    }
}
