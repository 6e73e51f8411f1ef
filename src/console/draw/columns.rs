//! The columns of a list as they were chosen for it. A pane says how wide its columns are and what its cells look like; which of
//! them are shown, in which order, with which others, is the same for all.

use std::borrow::Cow;

use super::{
    View, fleet,
    grid::{Cell, Column},
    origin,
};
use crate::{
    config::theme::Role,
    console::{
        state::list::{ColumnAt, Fact, Lens, List, ORIGIN, Sheet, columns::tag, heading, sort_of},
        text,
    },
};

/// Where the content of a column comes from.
enum Source {
    /// The pane draws it: the place of the column among its own.
    Pane(usize),
    /// The origin of the row.
    Origin,
    /// What the row says of itself, as it is.
    Fact(usize),
    /// A tag of the row's node.
    Tag(String),
}

/// The columns of a list that are shown.
pub(super) struct Chosen<'a> {
    sheet: Box<dyn Sheet + 'a>,
    /// The columns, from the left.
    pub columns: Vec<Column>,
    /// Columns that were scrolled past.
    pub scrolled: usize,
    sources: Vec<Source>,
}

impl<'a> Chosen<'a> {
    /// The chosen columns of a list, of which the pane has these.
    pub fn of(view: &View<'a>, list: List, own: impl Into<Vec<Column>>, lens: Option<&Lens>) -> Self {
        let state = view.state;
        let (sheet, choice, own) = (state.sheet(list), state.columns.of(list), own.into());
        let names = sheet.columns();
        let (mut columns, mut sources): (Vec<Column>, Vec<Source>) = (Vec::new(), Vec::new());
        for name in state.shown_columns(list) {
            let at = names.iter().position(|known| *known == name);
            let drawn = own.iter().position(|column| column.name() == name);
            let (mut column, source) = match (drawn, at, tag(&name)) {
                (Some(drawn), ..) => (own[drawn].clone(), Source::Pane(drawn)),
                (None, Some(_), _) if name == ORIGIN => (Column::new("Origin", 8, 24, 1), Source::Origin),
                (None, Some(at), _) => {
                    let column = Column::new(heading(&name), 8, 40, 9);
                    let column = if sort_of(&*sheet, at).is_number() { column.right() } else { column };
                    (column, Source::Fact(at))
                }
                (None, None, Some(key)) => {
                    (Column::new(text::clean(key), 8, 24, 9).named(name.clone()), Source::Tag(key.to_owned()))
                }
                (None, None, None) => continue,
            };
            if !choice.is_usual() {
                // Whoever chose them wants the first ones most.
                column.rank = u8::try_from(columns.len()).unwrap_or(u8::MAX);
            }
            if let Some((reversed, place)) = lens.and_then(|lens| lens.sorted(&name)) {
                let falls = ColumnAt::of(&*sheet, &name).is_some_and(|place| place.falls(&*sheet));
                (column.sorted, column.place) = (Some(reversed != falls), place);
                // The sign of the order is not cut off.
                let wide = text::width(&column.title) + 1 + usize::from(place.is_some());
                let wide = u16::try_from(wide).unwrap_or(u16::MAX);
                (column.least, column.ideal) = (column.least.max(wide), column.ideal.max(wide));
            }
            columns.push(column);
            sources.push(source);
        }
        // What is a picture of other columns has no name, and is there where there is room.
        for (at, column) in own.into_iter().enumerate().filter(|(_, column)| column.title.is_empty()) {
            columns.push(Column { rank: u8::MAX, ..column });
            sources.push(Source::Pane(at));
        }
        let kept = 1 + usize::from(matches!(sources.get(1), Some(Source::Origin)));
        let end = kept + choice.scrolled.min(columns.len().saturating_sub(kept + 1));
        if kept < end {
            columns.drain(kept..end);
            sources.drain(kept..end);
        }
        Self { sheet, columns, scrolled: end.saturating_sub(kept), sources }
    }

    /// A cell of a row, by the row's place in the list: one of the pane's own where it is the pane's.
    pub fn cell(&self, view: &View<'_>, place: usize, column: usize, own: impl FnOnce(usize) -> Cell) -> Cell {
        match self.sources.get(column) {
            Some(Source::Pane(at)) => own(*at),
            Some(Source::Origin) => self.sheet.origin(place).map_or(Cell::plain(""), |from| origin::cell(view, from)),
            Some(Source::Fact(at)) => fact(view, &self.sheet.fact(place, *at)),
            Some(Source::Tag(key)) => match self.sheet.tagged(place) {
                Some(node) if node.tags.is_none() => Cell::role(view, Role::Dim, view.look.sign("⋯", "...")),
                Some(node) => Cell::plain(text::clean(node.tag(key).unwrap_or_default())),
                None => Cell::plain(""),
            },
            None => Cell::plain(""),
        }
    }
}

fn fact(view: &View<'_>, fact: &Fact) -> Cell {
    match fact {
        Fact::Time(at) => Cell::role(view, Role::Dim, fleet::ago(view.state.now, Some(*at))),
        fact => Cell::role(view, Role::Dim, fact.words()),
    }
}

impl Column {
    /// Its name in settings, filters and orders.
    pub fn name(&self) -> Cow<'_, str> {
        match &self.name {
            Some(name) => name.as_ref().into(),
            None => crate::console::state::list::column_name(&self.title).into(),
        }
    }
}
