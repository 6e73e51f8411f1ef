//! What all lists have in common: rows in columns that are filtered, put into an order, marked, copied and exported in the
//! same way, whichever pane they stand in. A list says what it consists of as a [`Sheet`]; how it is looked at is its
//! [`Lens`]. The fleet, whose rows are many, has its own way of doing the same.

use std::{borrow::Cow, cmp::Ordering};

use serde_json::Value;

use super::{
    filter::{Op, age, find_folded, is_date, quantity},
    node::{Node, natural, natural_key},
};
use crate::{
    console::{origin::Origin, text::clean},
    ssm::Timestamp,
};

mod acts;
pub mod columns;
mod lens;
mod marks;

pub use acts::List;
pub use lens::Lens;
pub use marks::Marks;

/// What stands in a cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact {
    /// Nothing, or nothing that is known.
    Nothing,
    /// A text, clean.
    Text(String),
    /// One of a few words that have an order of their own.
    Word(usize, String),
    /// A number.
    Number(i64),
    /// A number in tenths.
    Tenths(i64),
    /// A number in hundredths.
    Hundredths(i64),
    /// A time.
    Time(Timestamp),
}

impl Fact {
    /// A text; of an empty one nothing.
    pub fn text(text: impl AsRef<str>) -> Self {
        let text = clean(text.as_ref());
        if text.is_empty() { Self::Nothing } else { Self::Text(text) }
    }

    /// A number.
    pub fn number(n: impl TryInto<i64>) -> Self {
        Self::Number(n.try_into().unwrap_or(i64::MAX))
    }

    /// A time, if there is one.
    pub fn time(at: Option<Timestamp>) -> Self {
        at.map_or(Self::Nothing, Self::Time)
    }

    /// It as a program wants it: times as times, numbers as numbers.
    pub fn value(&self) -> Value {
        match self {
            Self::Nothing => Value::Null,
            Self::Text(text) | Self::Word(_, text) => text.as_str().into(),
            Self::Number(n) => (*n).into(),
            Self::Tenths(n) => (*n as f64 / 10.0).into(),
            Self::Hundredths(n) => (*n as f64 / 100.0).into(),
            Self::Time(at) => at.iso().into(),
        }
    }

    /// It in words, for a filter.
    pub fn words(&self) -> Cow<'_, str> {
        match self {
            Self::Nothing => "".into(),
            Self::Text(text) | Self::Word(_, text) => text.into(),
            Self::Number(n) => n.to_string().into(),
            Self::Tenths(n) => format!("{:.1}", *n as f64 / 10.0).into(),
            Self::Hundredths(n) => format!("{:.2}", *n as f64 / 100.0).into(),
            Self::Time(at) => at.iso().into(),
        }
    }

    /// Whether a token asks for it: a part of a text, the whole of a number, `none` for nothing.
    pub fn holds(&self, wanted: &str) -> bool {
        match self {
            Self::Nothing => wanted.eq_ignore_ascii_case("none"),
            Self::Number(n) => wanted.parse() == Ok(*n),
            fact => find_folded(&fact.words(), wanted),
        }
    }

    /// Whether it is more or less than what a token asks for: a number with or without a unit, an age or a day, a text in its
    /// natural order. `None` if the two cannot be compared, as long as a token is not whole.
    pub fn compares(&self, op: Op, wanted: &str, now: Timestamp) -> Option<bool> {
        let order = match self {
            Self::Nothing => return Some(false),
            Self::Number(n) => (*n as f64).total_cmp(&quantity(wanted)?),
            Self::Tenths(n) => (*n as f64 / 10.0).total_cmp(&quantity(wanted)?),
            Self::Hundredths(n) => (*n as f64 / 100.0).total_cmp(&quantity(wanted)?),
            Self::Time(at) if is_date(wanted) => at.iso().get(..wanted.len())?.cmp(wanted),
            Self::Time(at) => now.since(*at).cmp(&age(wanted)?),
            Self::Text(text) | Self::Word(_, text) => natural(&text.to_lowercase(), &wanted.to_lowercase()),
        };
        Some(op.holds(order))
    }

    /// Whether the most of it, or the newest, stands first in the order of a column.
    pub fn falls(&self) -> bool {
        self.is_number() || matches!(self, Self::Time(_))
    }

    /// Whether it is a number.
    pub fn is_number(&self) -> bool {
        matches!(self, Self::Number(_) | Self::Tenths(_) | Self::Hundredths(_))
    }

    /// It as something that is compared often, worked out once.
    pub fn rank(&self) -> Rank {
        match self {
            Self::Nothing => Rank::Nothing,
            Self::Number(n) | Self::Tenths(n) | Self::Hundredths(n) => Rank::Number(!n),
            Self::Time(at) => Rank::Number(!at.as_millis()),
            Self::Word(place, _) => Rank::Number(i64::try_from(*place).unwrap_or(i64::MAX)),
            Self::Text(text) => Rank::Text(natural_key(text), text.clone()),
        }
    }
}

/// Where something stands in the order of a column: the most and the newest first, names in their natural order.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rank {
    /// The less the earlier.
    Number(i64),
    /// By the key of a natural order, then as it is.
    Text(Vec<u8>, String),
    /// What is not known.
    Nothing,
}

impl Rank {
    /// The order of two of a column. What is not known stands last even where the order is turned around.
    pub fn order(&self, other: &Self, reversed: bool) -> Ordering {
        match (self, other) {
            (Self::Nothing, _) | (_, Self::Nothing) => self.cmp(other),
            _ if reversed => other.cmp(self),
            _ => self.cmp(other),
        }
    }
}

/// Rows in columns.
pub trait Sheet {
    /// The names of the columns: their headings in small letters, with a `-` for each space.
    fn columns(&self) -> &'static [&'static str];
    /// The columns that are shown where nothing else is said.
    fn usual(&self) -> Vec<&'static str> {
        self.columns().iter().copied().filter(|name| *name != ORIGIN).collect()
    }

    /// The keys a filter can have: the columns in their order, then others, whose facts come after those of the columns.
    fn keys(&self) -> &'static [&'static str] {
        self.columns()
    }

    /// The key whose value a word of a filter is that begins with a slash.
    fn path_key(&self) -> Option<&'static str> {
        None
    }

    /// Rows there are, in the list's own order.
    fn count(&self) -> usize;
    /// What tells a row from all others, also when the list has come again.
    fn key(&self, row: usize) -> Cow<'_, str>;
    /// Whether that is what tells a row from all others. Asked of many rows in a row, where the keys need not be written out.
    fn is_keyed(&self, row: usize, key: &str) -> bool {
        *self.key(row) == *key
    }
    /// What stands in a cell.
    fn fact(&self, row: usize, column: usize) -> Fact;

    /// The row that a row belongs under, where rows have such: it stands there in every order, and is not shown without it.
    fn parent(&self, _row: usize) -> Option<usize> {
        None
    }

    /// What a row is sorted by in the order of a column, where that is not what stands there.
    fn sorted_as(&self, row: usize, column: usize) -> Fact {
        self.fact(row, column)
    }

    /// Whether the most or the newest stands first in the order of a column, of its own accord.
    fn falls(&self, column: usize) -> bool {
        sort_of(self, column).falls()
    }

    /// Whether there are rows that are not looked at from this side of the screen.
    fn is_partial(&self) -> bool {
        false
    }

    /// Whether a row is looked at from this side of the screen.
    fn is_own(&self, _row: usize) -> bool {
        true
    }

    /// The origin that a row is from, if the list says so.
    fn origin(&self, _row: usize) -> Option<Origin> {
        None
    }

    /// The node that a row is about, if each is about one: its tags can be columns.
    fn tagged(&self, _row: usize) -> Option<&Node> {
        None
    }

    /// Whether rows have a node whose tags can be columns.
    fn has_tags(&self) -> bool {
        false
    }

    /// A long text of a row in which words are looked for as they are, such as an output.
    fn more(&self, _row: usize) -> Cow<'_, str> {
        "".into()
    }

    /// The words of a row that are looked through loosely, line by line: those of its cells.
    fn words(&self, row: usize) -> String {
        // A word is found within one cell, and never across two of them.
        let cells = (0..self.columns().len()).map(|column| self.fact(row, column).words().into_owned());
        cells.collect::<Vec<_>>().join("\n")
    }

    /// Whether a cell is what a token asks for.
    fn holds(&self, row: usize, column: usize, wanted: &str) -> bool {
        self.fact(row, column).holds(wanted)
    }

    /// Whether a row is what somebody means who typed these words one after the other. If some rows are, the filter lets no
    /// others through.
    fn is_meant(&self, _row: usize, _typed: &str) -> bool {
        false
    }
}

/// The name of the column that says where a row is from. It is there while there are several origins.
pub const ORIGIN: &str = "origin";

/// What a column of a list is: one of its rows' own, or a tag of their nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnAt<'a> {
    /// The place among the columns of the list.
    Own(usize),
    /// The key of the tag.
    Tag(&'a str),
}

impl<'a> ColumnAt<'a> {
    /// The column of a name, if the list has it.
    pub fn of<S: Sheet + ?Sized>(sheet: &S, name: &'a str) -> Option<Self> {
        let own = sheet.columns().iter().position(|known| *known == name).map(Self::Own);
        own.or_else(|| columns::tag(name).filter(|_| sheet.has_tags()).map(Self::Tag))
    }

    /// What a row is sorted by.
    fn sorted_as(self, sheet: &dyn Sheet, row: usize) -> Fact {
        match self {
            Self::Own(column) => sheet.sorted_as(row, column),
            Self::Tag(key) => Fact::text(sheet.tagged(row).and_then(|node| node.tag(key)).unwrap_or_default()),
        }
    }

    /// Whether the most or the newest stands first, of its own accord.
    pub fn falls<S: Sheet + ?Sized>(self, sheet: &S) -> bool {
        matches!(self, Self::Own(column) if sheet.falls(column))
    }
}

/// What stands in a column, as far as its first rows say.
pub fn sort_of<S: Sheet + ?Sized>(sheet: &S, column: usize) -> Fact {
    const ROWS: usize = 50;
    let mut facts = (0..sheet.count().min(ROWS)).map(|row| sheet.fact(row, column));
    facts.find(|fact| *fact != Fact::Nothing).unwrap_or(Fact::Nothing)
}

/// A column's heading from its name.
pub fn heading(name: &str) -> String {
    let mut chars = name.chars();
    let first = chars.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}", chars.as_str().replace('-', " "))
}

/// A column's name from its heading.
pub fn column_name(heading: &str) -> String {
    heading.to_lowercase().replace(' ', "-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_stands_last_in_either_order() {
        let order = |reversed: bool| {
            let mut facts = vec![Fact::Nothing, Fact::number(2), Fact::number(10)];
            facts.sort_by(|a, b| a.rank().order(&b.rank(), reversed));
            facts
        };
        assert_eq!(order(false), [Fact::Number(10), Fact::Number(2), Fact::Nothing]);
        assert_eq!(order(true), [Fact::Number(2), Fact::Number(10), Fact::Nothing]);
        assert!(Fact::text("web-9").rank() < Fact::text("web-10").rank());
        assert!(Fact::Word(1, "a".to_owned()).rank() < Fact::Word(2, "A".to_owned()).rank());
        assert!(Fact::Hundredths(1_010).rank() < Fact::Hundredths(999).rank(), "10.10 is more than 9.99");
    }

    #[test]
    fn more_and_less_mean_what_stands_in_the_column() {
        let now = Timestamp::from_millis(1_795_341_600_000);
        let more = |fact: Fact, wanted: &str| fact.compares(Op::More, wanted, now);
        assert_eq!(more(Fact::Number(2_000_000), "1M"), Some(true));
        assert_eq!(more(Fact::Number(1_000_000), "1M"), Some(false));
        assert_eq!(more(Fact::Tenths(501), "50"), Some(true));
        assert_eq!(more(Fact::Tenths(500), "50%"), Some(false));
        let hour_ago = Fact::Time(now.minus(std::time::Duration::from_secs(3_600)));
        assert_eq!(more(hour_ago.clone(), "30m"), Some(true), "older than half an hour");
        assert_eq!(more(hour_ago.clone(), "2h"), Some(false));
        assert_eq!(more(hour_ago, "2026-11-21"), Some(true));
        assert_eq!(more(Fact::text("3.10"), "3.9"), Some(true));
        assert_eq!(more(Fact::Nothing, "1"), Some(false));
        for unfinished in ["x", "1x", "-"] {
            assert_eq!(more(Fact::Number(1), unfinished), None, "{unfinished} says nothing yet");
        }
        assert_eq!((heading("how-it-ended"), heading("")), ("How it ended".to_owned(), String::new()));
    }

    #[test]
    fn a_token_wants_a_part_of_a_text_and_the_whole_of_a_number() {
        assert!(Fact::text("Web-1").holds("web") && !Fact::Number(12).holds("1") && Fact::Number(12).holds("12"));
        assert!(Fact::Nothing.holds("none") && !Fact::Nothing.holds("") && Fact::text("\u{1b}[2J") == Fact::Nothing);
    }
}
