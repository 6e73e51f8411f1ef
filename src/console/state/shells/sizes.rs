//! The sizes of the shells' screens follow what is drawn; their sessions are told when the layout has settled.

use std::time::Duration;

use crate::console::{
    effect::Effect,
    state::{State, seen::Area},
};
use crate::ssm::Timestamp;

/// A layout that stood for so long has settled: dragging a window's corner tells the node one size, not fifty.
const SETTLED: Duration = Duration::from_millis(50);
/// So long a session that was taken over keeps another size: programs draw all of their screen when it changes, and one that
/// looks at it only once would see no change.
pub const DRAWN_AGAIN: Duration = Duration::from_millis(300);

impl State {
    /// A frame showed shells in these areas, and has `room` (rows, columns) for one that is alone.
    pub(in crate::console::state) fn fit_shells(&mut self, shown: &[(u64, Area)], room: Option<(u16, u16)>) {
        let due = self.now.plus(SETTLED);
        let alone: Vec<u64> = self
            .shells
            .groups
            .iter()
            .filter_map(|group| <[u64; 1]>::try_from(group.tree.leaves()).ok())
            .flatten()
            .collect();
        for tab in &mut self.shells.tabs {
            let area = shown.iter().find(|(id, _)| *id == tab.id).map(|(_, (_, _, width, height))| (*height, *width));
            // A shell alone in its group will have all the room when it is shown next.
            let Some(size) = area.or(room.filter(|_| alone.contains(&tab.id))) else { continue };
            if tab.size != size {
                tab.terminal.resize(size.0, size.1);
                tab.size = size;
                tab.tell_size = Some(due);
                self.dirty = true;
            }
        }
    }

    /// Tells sessions the sizes that have settled.
    pub(in crate::console::state) fn tell_sizes(&mut self, fx: &mut Vec<Effect>) {
        let now = self.now;
        for tab in self.shells.tabs.iter_mut().filter(|tab| tab.tell_size.is_some_and(|due| due <= now)) {
            tab.tell_size = None;
            let size = tab.terminal.with_screen(crate::console::term::Screen::size);
            fx.push(Effect::ShellResize { tab: tab.id, rows: size.rows(), columns: size.columns() });
        }
    }

    /// When the next size has settled.
    pub(in crate::console::state) fn sizes_deadline(&self) -> Option<Timestamp> {
        self.shells.tabs.iter().filter_map(|tab| tab.tell_size).min()
    }
}
