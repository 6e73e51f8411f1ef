//! What drawing tells the state: how large windows are, and what stands where for the mouse.

use super::{
    Pane, State, compliance::Level, cursor::Cursor, fleet, node_view::Tab, overlay::Overlay, split::SeenSides,
    viewer::Room,
};
use crate::{
    console::{action::Action, effect::Effect},
    ssm::Timestamp,
};

/// A list whose window drawing decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slot {
    Fleet,
    Compare,
    Overview,
    Mounts,
    Largest,
    NodeTable,
    NodeLog,
    FleetGroups,
    Groups,
    Members,
    Patches,
    History,
    Results,
    Viewer,
    Tree,
    Versions,
    Details,
    Sessions,
    Forwards,
    Overlay,
}

/// What a click on an area means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hit {
    /// An action.
    Act(Action),
    /// A row of a list.
    Row(Slot, usize),
    /// The heading of a column of a list: its place in [`Seen::headings`].
    Heading(Slot, usize),
    /// A shell, by the number of its tab.
    Shell(u64),
    /// A field of the topmost form.
    Field(usize),
    /// The scrollbar of a list of so many rows.
    Scroll(Slot, usize),
    /// A tab of the view of a node.
    NodeTab(Tab),
}

/// An area of cells: column, row, width, height.
pub type Area = (u16, u16, u16, u16);

/// What the last frame showed.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// Windows: the first row and the number of rows.
    pub windows: Vec<(Slot, usize, usize)>,
    /// The room that texts have for their lines.
    pub texts: Vec<(Slot, Room)>,
    /// What a click means, the topmost last.
    pub hits: Vec<(Area, Hit)>,
    /// The names of the columns whose headings can be clicked on.
    pub headings: Vec<String>,
    /// The room all shells together have, the lines between them included.
    pub room: Option<Area>,
    /// The size a shell has that is alone, in rows and columns.
    pub shell: Option<(u16, u16)>,
    /// The screens of shells that were drawn, by the numbers of their tabs.
    pub shells: Vec<(u64, Area)>,
    /// When the first of the ages and countdowns on the screen reads differently.
    pub changes: Option<Timestamp>,
    /// What stands on the side of a split screen that has not the keys, if there is room for both.
    pub sides: Option<Box<SeenSides>>,
}

impl State {
    /// A frame was drawn: windows take the size they had in it.
    pub fn seen(&mut self, seen: Seen, fx: &mut Vec<Effect>) {
        self.fit_windows(&seen.windows);
        self.fit_texts(&seen.texts);
        self.seen_sides(&seen, fx);
        self.fit_shells(&seen.shells, seen.shell);
        self.seen = seen;
        self.want_tags(fx);
    }

    pub(super) fn fit_windows(&mut self, windows: &[(Slot, usize, usize)]) {
        for (slot, top, height) in windows {
            if let Some(cursor) = self.cursor_of(*slot) {
                (cursor.top, cursor.height) = (*top, (*height).max(1));
            }
        }
    }

    pub(super) fn fit_texts(&mut self, texts: &[(Slot, Room)]) {
        for (slot, room) in texts {
            let viewer = match slot {
                Slot::NodeLog => self.node_view.as_mut().map(|view| &mut view.log.viewer),
                _ => self.viewer_mut(),
            };
            if let Some(viewer) = viewer {
                viewer.room = *room;
            }
        }
    }

    fn cursor_of(&mut self, slot: Slot) -> Option<&mut Cursor> {
        Some(match slot {
            Slot::Fleet => &mut self.fleet.cursor,
            Slot::Compare => &mut self.compare.as_mut()?.cursor,
            Slot::Overview => &mut self.node_view.as_mut()?.scroll,
            Slot::Mounts => &mut self.node_view.as_mut()?.disk.cursor,
            Slot::NodeTable => self.node_view.as_mut()?.table_cursor()?,
            Slot::NodeLog => &mut self.node_view.as_mut()?.log.viewer.cursor,
            Slot::Largest => &mut self.node_view.as_mut()?.disk.among,
            Slot::FleetGroups => &mut self.fleet.group_cursor,
            Slot::Groups => &mut self.compliance.cursors[0],
            Slot::Members => &mut self.compliance.cursors[1],
            Slot::Patches => &mut self.compliance.cursors[2],
            Slot::History => &mut self.commands.cursor,
            Slot::Results => &mut self.commands.results.as_mut()?.cursor,
            Slot::Sessions => &mut self.sessions.cursor,
            Slot::Forwards => &mut self.forwards.cursor,
            Slot::Viewer => &mut self.viewer_mut()?.cursor,
            Slot::Tree => &mut self.parameters.cursor,
            Slot::Versions => &mut self.parameters.versions_mut()?.cursor,
            Slot::Details => &mut self.parameters.reading,
            Slot::Overlay => self.overlays.last_mut()?.cursor_mut()?,
        })
    }

    /// Whether something of this kind that was drawn can be what is on top: a text may be a box, and may lie below one.
    fn is_on_top(&self, slot: Slot) -> bool {
        match self.overlays.last() {
            None => true,
            Some(Overlay::Text(_)) => matches!(slot, Slot::Viewer | Slot::Overlay),
            Some(_) => slot == Slot::Overlay,
        }
    }

    /// The room a shell has; a guess before the first was drawn.
    pub(super) fn shell_room(&self) -> (u16, u16) {
        self.seen.shell.unwrap_or((24, 80))
    }

    /// The screens of shells in the last frame.
    pub(super) fn seen_shells(&self) -> &[(u64, Area)] {
        &self.seen.shells
    }

    /// The room all shells together have; a guess before the first was drawn.
    pub(super) fn shell_area(&self) -> Area {
        self.seen.room.unwrap_or((0, 0, 80, 24))
    }

    /// A cell of a row of the topmost box in the last frame.
    #[cfg(test)]
    pub fn hits_of_row(&self, row: usize) -> (u16, u16) {
        let hits = self.seen.hits.iter().rev();
        let found = hits.filter(|(_, hit)| *hit == Hit::Row(Slot::Overlay, row)).map(|((x, y, ..), _)| (*x, *y));
        found.into_iter().next().unwrap_or_default()
    }

    /// Where headings stood in the last frame, with the names of their columns.
    #[cfg(test)]
    pub fn headings_seen(&self) -> Vec<(Area, String)> {
        let hits = self.seen.hits.iter().filter_map(|(area, hit)| match hit {
            Hit::Heading(_, at) => Some((*area, self.seen.headings.get(*at)?.clone())),
            _ => None,
        });
        hits.collect()
    }

    /// Where rows stood in the last frame.
    #[cfg(test)]
    pub fn rows_seen(&self) -> Vec<(Area, usize)> {
        let hits = self.seen.hits.iter().filter_map(|(area, hit)| match hit {
            Hit::Row(_, row) => Some((*area, *row)),
            _ => None,
        });
        hits.collect()
    }

    pub(super) fn click(&mut self, column: u16, row: u16, fx: &mut Vec<Effect>) {
        let inside = |(x, y, w, h): &Area| (*x..x + w).contains(&column) && (*y..y + h).contains(&row);
        let Some((area, hit)) = self.seen.hits.iter().rev().find(|(area, _)| inside(area)).copied() else { return };
        match hit {
            Hit::NodeTab(tab) if self.overlays.is_empty() => {
                if let Some(view) = &mut self.node_view {
                    view.tab = tab;
                }
            }
            Hit::Act(action) if self.overlays.is_empty() || self.is_bound_here(action) => self.act(action, fx),
            Hit::Scroll(slot, len) if self.is_on_top(slot) => {
                self.scroll_to(slot, len, area, row);
            }
            Hit::Field(at) => {
                if let Some(Overlay::Form(form)) = self.overlays.last_mut()
                    && at < form.fields.len()
                {
                    form.focus = at;
                }
            }
            Hit::Shell(tab) if self.overlays.is_empty() => self.shells.focus(tab),
            Hit::Heading(slot, at) => self.sort_on_heading(slot, at, false),
            Hit::Row(slot, at) if self.overlays.is_empty() || slot == Slot::Overlay => {
                let mut again = self.cursor_of(slot).is_some_and(|cursor| std::mem::replace(&mut cursor.at, at) == at);
                self.fleet.moved |= slot == Slot::Fleet;
                if let (Slot::Largest | Slot::Mounts, Some(view)) = (slot, &mut self.node_view) {
                    let inside = slot == Slot::Largest;
                    again &= std::mem::replace(&mut view.disk.inside, inside) == inside;
                }
                if let (Slot::Overlay, Some(Overlay::Command(line))) = (slot, self.overlays.last_mut()) {
                    line.chosen = true;
                }
                if again {
                    self.act(if slot == Slot::Overlay { Action::Accept } else { Action::Open }, fx);
                }
            }
            _ => {}
        }
    }

    /// The heading of a column was clicked on with a key held, as it is in other programs to sort by it too. `false` if there
    /// is none.
    pub(super) fn click_also(&mut self, column: u16, row: u16) -> bool {
        let inside = |(x, y, w, h): &Area| (*x..x + w).contains(&column) && (*y..y + h).contains(&row);
        let hit = self.seen.hits.iter().rev().find(|(area, _)| inside(area)).map(|(_, hit)| *hit);
        let Some(Hit::Heading(slot, at)) = hit else { return false };
        self.sort_on_heading(slot, at, true);
        true
    }

    /// Sorts by the column of a heading: by it alone, or by it too; again, the other way round.
    fn sort_on_heading(&mut self, slot: Slot, at: usize, also: bool) {
        let Some(name) = self.seen.headings.get(at).cloned().filter(|_| self.overlays.is_empty()) else { return };
        match (slot, self.list()) {
            (Slot::FleetGroups, _) => self.fleet.sort_groups_on(&name),
            (Slot::Fleet, _) => match fleet::Column::named(&name) {
                Some(column) if also => self.fleet.sort_also(column),
                Some(column) => self.fleet.sort_alone(column),
                None => {}
            },
            (_, Some(_)) => self.change_lens(|lens| if also { lens.sort_also(&name) } else { lens.sort_alone(&name) }),
            _ => {}
        }
    }

    /// A cell was clicked on by which keys were brought here: the cursor goes there, and nothing is opened.
    pub(super) fn point(&mut self, column: u16, row: u16, fx: &mut Vec<Effect>) {
        let inside = |(x, y, w, h): &Area| (*x..x + w).contains(&column) && (*y..y + h).contains(&row);
        match self.seen.hits.iter().rev().find(|(area, _)| inside(area)).map(|(_, hit)| *hit) {
            Some(Hit::Row(slot, at)) => {
                let before = self.cursor_of(slot).map(|cursor| std::mem::replace(&mut cursor.at, usize::MAX));
                if before.is_some() {
                    self.click(column, row, fx);
                }
                debug_assert!(self.cursor_of(slot).is_none_or(|cursor| cursor.at == at));
            }
            Some(Hit::NodeTab(_) | Hit::Scroll(..) | Hit::Shell(_)) => self.click(column, row, fx),
            _ => {}
        }
    }

    /// The mouse is drawn over the screen with its button held: only scrollbars follow it.
    pub(super) fn drag(&mut self, column: u16, row: u16) {
        let inside = |(x, y, w, h): &Area| (*x..x + w).contains(&column) && (*y..y + h).contains(&row);
        let hit = self.seen.hits.iter().rev().find(|(area, _)| inside(area)).copied();
        if let Some((area, Hit::Scroll(slot, len))) = hit
            && self.is_on_top(slot)
        {
            self.scroll_to(slot, len, area, row);
        }
    }

    /// Moves the cursor of a list to where its scrollbar was touched.
    fn scroll_to(&mut self, slot: Slot, len: usize, (_, y, _, height): Area, row: u16) {
        let (at, most) = (usize::from(row.saturating_sub(y)), usize::from(height.saturating_sub(1)).max(1));
        if let Some(cursor) = self.cursor_of(slot) {
            cursor.at = (len.saturating_sub(1) * at / most).min(len.saturating_sub(1));
            let last = len.saturating_sub(cursor.height);
            cursor.top = (last * at / most).min(last);
        }
    }

    /// Whether a key that works here does an action.
    pub(super) fn is_bound_here(&self, action: Action) -> bool {
        let layers = self.layers();
        layers.contains(&action.entry().layer)
            || layers.iter().any(|layer| self.keymap.of(layer.name()).any(|binding| binding.action == action))
    }

    /// The rows of the fleet that are on the screen.
    pub(super) fn fleet_window(&self) -> std::ops::Range<usize> {
        let cursor = &self.fleet.cursor;
        cursor.top..(cursor.top + cursor.height).min(self.fleet.shown())
    }

    /// Whether the detail of a node is on the screen.
    pub(super) fn shows_detail(&self) -> bool {
        self.pane == Pane::Fleet && self.fleet.detail && self.node_view.is_none() && self.compare.is_none()
            || self.pane == Pane::Compliance && self.compliance.level != Level::Groups && self.fleet.detail
    }
}
