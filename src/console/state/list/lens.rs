//! How a list is looked at: which rows pass the filter, and in which order.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::{ColumnAt, Fact, Marks, Rank, Sheet, sort_of};
use crate::{
    console::{
        action::Action,
        state::{
            cursor::Cursor,
            filter::{Completion, Filter, Matching, Op, Source, TAG, Token, meant, quoted, tagless, told, unknown},
            input::LineInput,
        },
    },
    ssm::Timestamp,
};

/// Rows whose values complete a filter, and values that are offered; a longer list says nothing.
const LOOKED_AT: usize = 5_000;
const MOST_VALUES: usize = 400;

/// How a list is looked at.
#[derive(Clone, Debug, Default)]
pub struct Lens {
    /// The filter as typed.
    pub filter: LineInput,
    /// Whether it is being typed.
    pub filtering: bool,
    /// The marked rows.
    pub marks: Marks,
    /// The time by which ages are told.
    pub now: Timestamp,
    /// What the end of the filter can be completed to.
    completion: Option<Completion>,
    /// The names of the columns it is sorted by, and whether backwards. None: the list's own order.
    sort: Vec<(String, bool)>,
    /// The rows that are shown, by their places; `None`: all, as they stand in the list.
    shown: Option<Vec<usize>>,
    /// Rows of the list.
    total: usize,
    stale: bool,
    /// The row that the cursor is to stay on.
    kept: Option<String>,
}

impl Lens {
    /// Rows that are shown.
    pub fn len(&self) -> usize {
        self.shown.as_ref().map_or(self.total, Vec::len)
    }

    /// Whether none is shown.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The place in the list of a row that is shown.
    pub fn place(&self, row: usize) -> Option<usize> {
        match &self.shown {
            Some(shown) => shown.get(row).copied(),
            None => (row < self.total).then_some(row),
        }
    }

    /// The places in the list of all rows that are shown.
    pub fn places(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.len()).filter_map(|row| self.place(row))
    }

    /// Whether there is a filter.
    pub fn is_filtered(&self) -> bool {
        !self.filter.text().trim().is_empty()
    }

    /// Whether the list is sorted by a column, and backwards; and which one it is of several, from 1.
    pub fn sorted(&self, column: &str) -> Option<(bool, Option<usize>)> {
        let at = self.sort.iter().position(|(sorted, _)| sorted == column)?;
        Some((self.sort[at].1, (self.sort.len() > 1).then_some(at + 1)))
    }

    /// The rows are others, or are to be looked at in another way. `here` is the row that the cursor is to stay on.
    pub fn outdate(&mut self, here: Option<String>) {
        if !self.stale {
            (self.stale, self.kept) = (true, here);
        }
    }

    /// The row that the cursor is to stay on is another one.
    pub fn stay_on(&mut self, here: Option<String>) {
        self.kept = here;
    }

    /// Looks at another list, of the same kind: as sorted as before, but whole.
    pub fn begin(&mut self) {
        *self = Self { sort: std::mem::take(&mut self.sort), now: self.now, stale: true, ..Self::default() };
    }

    /// Works out anew what is shown if something changed. The cursor stays on its row.
    pub fn settle(&mut self, cursor: &mut Cursor, sheet: &dyn Sheet) {
        if self.is_stale(sheet) {
            let kept = self.begin_work();
            let shown = self.rows(sheet);
            self.land(cursor, shown, kept, sheet);
        }
    }

    /// Whether what is shown is to be worked out anew.
    pub fn is_stale(&self, sheet: &dyn Sheet) -> bool {
        self.stale || self.total != sheet.count()
    }

    /// Whether every row is shown as it stands in the list.
    pub fn is_plain(&self) -> bool {
        !self.is_filtered() && self.sort.is_empty()
    }

    /// What is shown is being worked out, perhaps elsewhere; the row that the cursor is to stay on.
    pub fn begin_work(&mut self) -> Option<String> {
        self.stale = false;
        self.kept.take()
    }

    /// Takes over what is shown. The cursor stays on its row.
    pub fn land(&mut self, cursor: &mut Cursor, shown: Option<Vec<usize>>, kept: Option<String>, sheet: &dyn Sheet) {
        self.total = sheet.count();
        self.shown = shown;
        if let Some(kept) = kept
            && let Some(row) = self.places().position(|place| sheet.is_keyed(place, &kept))
        {
            cursor.at = row;
        }
        cursor.clamp(self.len());
        if !self.marks.is_empty() {
            let own = (0..self.total).filter(|row| sheet.is_own(*row));
            let keys: HashSet<_> = own.map(|row| sheet.key(row)).collect();
            self.marks.retain(|key| keys.contains(key));
        }
    }

    /// The rows that are to be shown, by their places; `None`: all, as they stand in the list.
    pub fn rows(&self, sheet: &dyn Sheet) -> Option<Vec<usize>> {
        let columns = sheet.keys();
        let filter = self.parsed(sheet);
        let partial = sheet.is_partial();
        if filter.is_empty() && self.sort.is_empty() && !partial {
            return None;
        }
        let mut matching = Matching::default();
        let column = |name: &str| columns.iter().position(|known| *known == name);
        let mut passes = |row: usize| {
            let one = |token: &Token, at: usize, wanted: &str| match token.op {
                Op::Is => sheet.holds(row, at, wanted),
                // What cannot be compared is not typed to its end yet, and keeps nothing away.
                op => sheet.fact(row, at).compares(op, wanted, self.now).unwrap_or(!token.not),
            };
            let holds = |token: &Token| {
                if token.key == TAG {
                    let node = sheet.tagged(row);
                    return token.tags.iter().any(|test| test.holds(node.and_then(|node| node.tag(&test.key))));
                }
                column(&token.key).is_some_and(|at| token.values.iter().any(|wanted| one(token, at, wanted)))
            };
            filter.finds(|| sheet.words(row), || sheet.more(row), &mut matching, holds)
        };
        let own = (0..sheet.count()).filter(|row| !partial || sheet.is_own(*row));
        let mut shown: Vec<usize> = own.filter(|row| filter.is_empty() || passes(*row)).collect();
        let above: HashSet<usize> = shown.iter().filter_map(|row| sheet.parent(*row)).collect();
        if !above.is_empty() && !filter.is_empty() {
            let passed: HashSet<usize> = shown.into_iter().collect();
            shown = (0..sheet.count()).filter(|row| passed.contains(row) || above.contains(row)).collect();
        }
        let typed = self.filter.text().trim();
        if filter.is_words() && typed.contains(' ') && shown.iter().any(|row| sheet.is_meant(*row, typed)) {
            shown.retain(|row| sheet.is_meant(*row, typed));
        }
        let keys = self.keys(sheet);
        if !keys.is_empty() {
            let ranks = |row: usize| keys.iter().map(|(at, _)| at.sorted_as(sheet, row).rank()).collect::<Vec<Rank>>();
            let mut rows: Vec<_> = shown.into_iter().map(|row| (ranks(row), row)).collect();
            rows.sort_by(|(a, _), (b, _)| {
                let each = a.iter().zip(b).zip(&keys);
                each.map(|((a, b), (_, reversed))| a.order(b, *reversed))
                    .find(|order| order.is_ne())
                    .unwrap_or(std::cmp::Ordering::Equal)
            });
            shown = rows.into_iter().map(|(_, row)| row).collect();
            if !above.is_empty() {
                shown = beneath(&shown, sheet);
            }
        }
        Some(shown)
    }

    fn parsed(&self, sheet: &dyn Sheet) -> Filter {
        match sheet.path_key() {
            Some(path) => Filter::of_paths(self.filter.text(), &filter_keys(sheet), path),
            None => Filter::parse(self.filter.text(), &filter_keys(sheet)),
        }
    }

    /// What is to be said about the filter.
    pub fn remarks(&self, sheet: &dyn Sheet) -> Vec<String> {
        let keys = filter_keys(sheet);
        let tag = |name: &str, value: &str| {
            let nodes = (0..sheet.count().min(LOOKED_AT)).filter_map(|row| sheet.tagged(row));
            let tags = nodes.flat_map(|node| node.tags.iter().flatten()).map(|(key, _)| key);
            tags.into_iter()
                .find(|key| key.eq_ignore_ascii_case(name))
                .map(|key| format!("tag:{}={value}", quoted(key)))
        };
        let said = |(name, value): (String, String)| {
            let tag = tag(&name, &value).filter(|_| sheet.has_tags());
            told(&name, tag.as_deref().or_else(|| meant(&name, &keys)), &keys)
        };
        let text = self.filter.text();
        let tagless = match sheet.has_tags() {
            true => tagless(text, || (0..sheet.count()).filter_map(|row| sheet.tagged(row))),
            false => Vec::new(),
        };
        unknown(text, &keys).into_iter().map(said).chain(tagless).collect()
    }

    /// The columns the rows are sorted by, of those the list has now.
    fn keys(&self, sheet: &dyn Sheet) -> Vec<(ColumnAt<'_>, bool)> {
        self.sort.iter().filter_map(|(name, reversed)| Some((ColumnAt::of(sheet, name)?, *reversed))).collect()
    }

    /// Sorts as the action says among these columns, in the order they stand in: by the next or the previous one, by a
    /// further one, or turned around. Before the first column and after the last stands the list's own order. `false` if the
    /// action is none of these.
    pub fn sort_by(&mut self, action: Action, shown: &[String]) -> bool {
        let place = |column: &str| shown.iter().position(|shown| shown == column);
        // Of a column that is not shown the next one is the first.
        let first = self.sort.first().cloned().map(|(column, reversed)| (place(&column), column, reversed));
        let columns = shown.len();
        let at = |place: usize| shown.get(place).map(|column| (column.clone(), false));
        self.sort = match (action, first) {
            (Action::SortNext, None) => at(0).into_iter().collect(),
            (Action::SortNext, Some((place, ..))) => at(place.map_or(0, |place| place + 1)).into_iter().collect(),
            (Action::SortPrevious, None) => columns.checked_sub(1).and_then(at).into_iter().collect(),
            (Action::SortPrevious, Some((place, ..))) => {
                place.and_then(|place| place.checked_sub(1)).and_then(at).into_iter().collect()
            }
            (Action::SortFurther, None) => at(0).into_iter().collect(),
            (Action::SortFurther, Some((first, column, reversed))) => {
                let last = self.sort.get(1).map_or(first, |(further, _)| place(further));
                let after = last.map_or(0, |last| last + 1);
                let next = (after..columns).chain(0..columns).find(|place| shown[*place] != column);
                std::iter::once((column, reversed)).chain(next.and_then(at)).collect()
            }
            // The list's own order cannot be turned around; its first column can.
            (Action::SortReverse, None) => at(0).map(|(column, _)| (column, true)).into_iter().collect(),
            (Action::SortReverse, Some((_, column, reversed))) => {
                std::iter::once((column, !reversed)).chain(self.sort.iter().skip(1).cloned()).collect()
            }
            _ => return false,
        };
        true
    }

    /// The columns it is sorted by, and whether backwards.
    pub fn order(&self) -> &[(String, bool)] {
        &self.sort
    }

    /// Sorts by these columns; without any the rows stand in the list's own order.
    pub fn set_order(&mut self, order: Vec<(String, bool)>) {
        self.sort = order;
    }

    /// Sorts by one column.
    pub fn sort_on(&mut self, column: &str, reversed: bool) {
        self.sort = vec![(column.to_owned(), reversed)];
    }

    /// Sorts by a column alone; backwards if the list is sorted by it already.
    pub fn sort_alone(&mut self, column: &str) {
        let again = matches!(self.sort.as_slice(), [(sorted, false)] if sorted == column);
        self.sort_on(column, again);
    }

    /// Sorts what is equal so far by a column too. If the list is sorted by it already: backwards, then not by it.
    pub fn sort_also(&mut self, column: &str) {
        match self.sort.iter().position(|(sorted, _)| sorted == column) {
            None => self.sort.push((column.to_owned(), false)),
            Some(at) if !self.sort[at].1 => self.sort[at].1 = true,
            Some(at) => {
                self.sort.remove(at);
            }
        }
    }

    /// What the end of the filter can be completed to.
    pub fn completion(&self) -> Option<&Completion> {
        self.completion.as_ref()
    }

    /// The filter is typed on: what it could be completed to before says nothing any more.
    pub fn typed(&mut self) {
        self.completion = None;
    }

    /// Offers what the end of the filter can be completed to.
    pub(super) fn offer(&mut self, completion: Option<Completion>) {
        self.completion = completion;
    }

    /// Completes the filter with the next thing it can go on with.
    pub fn complete(&mut self, sheet: &dyn Sheet) {
        let mut completion = match self.completion.take() {
            Some(known) => known,
            None if self.filter.before() == self.filter.text() => Completion::of(self.filter.text(), &Values(sheet)),
            None => return,
        };
        let Some(filter) = completion.advance() else { return };
        self.filter = LineInput::from(filter.as_str());
        // With nothing to choose from, the next key begins anew behind it.
        self.completion = Some(completion).filter(|completion| completion.ends.len() > 1);
    }
}

/// The keys and the values of a list.
struct Values<'a>(&'a dyn Sheet);

impl Source for Values<'_> {
    fn keys(&self, typed: &str) -> Vec<String> {
        let Self(sheet) = self;
        let keys = filter_keys(*sheet).into_iter().enumerate();
        let fits = keys.filter(|(_, name)| name.starts_with(&typed.to_lowercase()));
        let falls = |at: usize| at < sheet.keys().len() && sort_of(*sheet, at).falls();
        fits.map(|(at, name)| format!("{name}{}", if falls(at) { '>' } else { ':' })).collect()
    }

    fn values(&self, key: &str) -> Vec<String> {
        let Self(sheet) = self;
        if key == TAG && sheet.has_tags() {
            return self.of_tags(|(key, _)| Some(key.as_str()));
        }
        let Some(column) = sheet.keys().iter().position(|name| *name == key) else { return Vec::new() };
        let mut words = BTreeSet::new();
        for row in 0..sheet.count().min(LOOKED_AT) {
            match sheet.fact(row, column) {
                Fact::Time(_) => return ["5m", "1h", "1d", "7d"].map(str::to_owned).to_vec(),
                Fact::Text(text) => words.insert((0, text)),
                Fact::Word(rank, text) => words.insert((rank, text)),
                Fact::Nothing | Fact::Number(_) | Fact::Tenths(_) | Fact::Hundredths(_) => false,
            };
            if words.len() >= MOST_VALUES {
                break;
            }
        }
        words.into_iter().map(|(_, text)| text).collect()
    }

    fn tag_values(&self, tag: &str) -> Vec<String> {
        self.of_tags(|(key, value)| (key == tag).then_some(value.as_str()))
    }
}

impl Values<'_> {
    /// What is to be told of the tags of the rows' nodes, each once.
    fn of_tags<'a>(&'a self, told: impl Fn(&'a (String, String)) -> Option<&'a str>) -> Vec<String> {
        let nodes = (0..self.0.count().min(LOOKED_AT)).filter_map(|row| self.0.tagged(row));
        let values: BTreeSet<&str> = nodes.flat_map(|node| node.tags.iter().flatten()).filter_map(told).collect();
        values.into_iter().filter(|value| !value.is_empty()).take(MOST_VALUES).map(str::to_owned).collect()
    }
}

/// The keys a filter of a list can have.
pub(super) fn filter_keys(sheet: &dyn Sheet) -> Vec<&'static str> {
    sheet.keys().iter().copied().chain(sheet.has_tags().then_some(TAG)).collect()
}

/// Rows in their order, each that belongs under another one beneath it.
fn beneath(shown: &[usize], sheet: &dyn Sheet) -> Vec<usize> {
    let mut under: HashMap<Option<usize>, Vec<usize>> = HashMap::new();
    for row in shown {
        under.entry(sheet.parent(*row)).or_default().push(*row);
    }
    let top = under.remove(&None).unwrap_or_default();
    top.into_iter().flat_map(|row| std::iter::once(row).chain(under.remove(&Some(row)).unwrap_or_default())).collect()
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;

    struct Names(Vec<(&'static str, i64)>);

    impl Sheet for Names {
        fn columns(&self) -> &'static [&'static str] {
            &["name", "size"]
        }

        fn count(&self) -> usize {
            self.0.len()
        }

        fn key(&self, row: usize) -> Cow<'_, str> {
            self.0[row].0.into()
        }

        fn fact(&self, row: usize, column: usize) -> Fact {
            match column {
                0 => Fact::text(self.0[row].0),
                _ => Fact::Number(self.0[row].1),
            }
        }

        fn more(&self, row: usize) -> Cow<'_, str> {
            format!("the output of {}", self.0[row].0).into()
        }
    }

    fn both() -> [String; 2] {
        ["name", "size"].map(str::to_owned)
    }

    fn size() -> [String; 1] {
        ["size".to_owned()]
    }

    fn shown(lens: &Lens, names: &Names) -> String {
        lens.places().map(|place| names.0[place].0).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn the_cursor_stays_on_its_row_while_rows_come_and_are_filtered_and_sorted() {
        let names = Names(vec![("web-10", 1), ("db-1", 30), ("web-9", 30)]);
        let (mut lens, mut cursor) = (Lens::default(), Cursor::default());
        lens.settle(&mut cursor, &names);
        cursor.at = 2;
        lens.filter = LineInput::from("web");
        lens.outdate(Some("web-9".to_owned()));
        lens.settle(&mut cursor, &names);
        assert_eq!((shown(&lens, &names).as_str(), cursor.at), ("web-10 web-9", 1));
        lens.sort_by(Action::SortNext, &both());
        lens.outdate(Some("web-9".to_owned()));
        lens.settle(&mut cursor, &names);
        assert_eq!((shown(&lens, &names).as_str(), cursor.at), ("web-9 web-10", 0));
        lens.filter.clear();
        lens.sort_by(Action::SortNext, &both());
        lens.sort_by(Action::SortFurther, &both());
        lens.outdate(Some("web-9".to_owned()));
        lens.settle(&mut cursor, &names);
        assert_eq!((shown(&lens, &names).as_str(), cursor.at), ("db-1 web-9 web-10", 1));
        assert_eq!((lens.sorted("size"), lens.sorted("name")), (Some((false, Some(1))), Some((false, Some(2)))));
        // Past the last column stands the list's own order again.
        lens.sort_by(Action::SortNext, &both());
        lens.outdate(None);
        lens.settle(&mut cursor, &names);
        assert_eq!(shown(&lens, &names), "web-10 db-1 web-9");
    }

    #[test]
    fn words_are_loose_in_cells_and_exact_in_long_texts() {
        let names = Names(vec![("web-10", 1), ("db-1", 30)]);
        let found = |filter: &str| {
            let mut lens = Lens { filter: LineInput::from(filter), stale: true, ..Lens::default() };
            lens.settle(&mut Cursor::default(), &names);
            shown(&lens, &names)
        };
        assert_eq!(found("wb1"), "web-10");
        assert_eq!(found("\"output of db\""), "db-1");
        assert_eq!(
            (found("otpt"), found("size:30"), found("!name:db")),
            (String::new(), "db-1".into(), "web-10".into())
        );
    }

    #[test]
    fn what_is_not_typed_to_its_end_keeps_nothing_away() {
        let names = Names(vec![("web-10", 1), ("db-1", 30)]);
        let found = |filter: &str| {
            let mut lens = Lens { filter: LineInput::from(filter), stale: true, ..Lens::default() };
            lens.settle(&mut Cursor::default(), &names);
            shown(&lens, &names)
        };
        assert_eq!((found("size>5").as_str(), found("size<=1k").as_str()), ("db-1", "web-10 db-1"));
        assert_eq!((found("!size>5").as_str(), found("size:1,30").as_str()), ("web-10", "web-10 db-1"));
        for begun in ["size", "size:", "size>", "!size>", "size>1x", "!size>1x"] {
            assert_eq!(found(begun), if begun == "size" { "" } else { "web-10 db-1" }, "{begun}");
        }
    }

    #[test]
    fn keys_and_values_complete_a_filter() {
        let names = Names(vec![("web-10", 1), ("my db", 30), ("web-9", 2)]);
        let complete = |typed: &str, times: usize| {
            let mut lens = Lens { filter: LineInput::from(typed), ..Lens::default() };
            (0..times).for_each(|_| lens.complete(&names));
            lens.filter.text().to_owned()
        };
        assert_eq!((complete("n", 1).as_str(), complete("x s", 1).as_str()), ("name:", "x size>"));
        assert_eq!((complete("name:w", 1).as_str(), complete("name:w", 2).as_str()), ("name:web-10", "name:web-9"));
        assert_eq!((complete("name:m", 1).as_str(), complete("name:z", 1).as_str()), ("name:\"my db\"", "name:z"));
    }

    #[test]
    fn columns_that_are_not_shown_are_not_sorted_by() {
        let mut lens = Lens::default();
        lens.sort_by(Action::SortNext, &size());
        assert_eq!((lens.sorted("size"), lens.sorted("name")), (Some((false, None)), None));
        lens.sort_by(Action::SortNext, &size());
        assert_eq!(lens.sorted("size"), None, "the list's own order stands behind the last one");
        lens.sort_on("name", false);
        lens.sort_by(Action::SortNext, &size());
        assert_eq!(lens.sorted("size"), Some((false, None)));
        lens.sort_also("name");
        lens.sort_also("name");
        assert_eq!(lens.sorted("name"), Some((true, Some(2))));
    }

    #[test]
    fn marks_of_rows_that_are_gone_are_gone() {
        let (mut lens, mut cursor) = (Lens::default(), Cursor::default());
        lens.marks.act(Action::MarkAll, &["a".to_owned(), "b".to_owned()], 0);
        lens.outdate(None);
        lens.settle(&mut cursor, &Names(vec![("b", 1)]));
        assert_eq!((lens.marks.len(), lens.marks.has("b")), (1, true));
    }
}
