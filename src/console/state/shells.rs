//! Open shells: their tabs, how they share the screen, which of them is typed into, and what became of their sessions.

use std::sync::Arc;

use crate::{
    config::session::SessionProfile,
    console::{
        effect::Progress,
        origin::Origin,
        term::{Terminal, copy::Copy},
        update::Trouble,
    },
    ssm::Timestamp,
};

pub mod acts;
pub mod broadcast;
pub mod layout;
pub mod limits;
mod links;
mod lookback;
mod mouse;
pub mod paste;
pub mod profile;
mod record;
pub mod silence;
pub mod sizes;
mod updates;

use layout::{Axis, Tree};
use silence::Silence;

/// Where a session stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Phase {
    /// It is being opened.
    Connecting,
    /// It works.
    Connected,
    /// The line is cut and being mended, since then; why the last try failed, clean and short.
    Reconnecting { attempt: u32, since: Timestamp, why: Option<String> },
    /// It is over.
    Closed(Trouble),
}

/// One shell.
#[derive(Clone, Debug)]
pub struct Tab {
    /// Its number, never used twice.
    pub id: u64,
    /// Where that is.
    pub origin: Origin,
    /// The node it runs on.
    pub node: String,
    /// What it is called: the node's name, or what the user made of it.
    pub name: String,
    /// Where its session stands.
    pub phase: Phase,
    /// Its screen.
    pub terminal: Arc<Terminal>,
    /// Whether something came while it was not shown.
    pub news: bool,
    /// Whether the bell rang while it was not typed into.
    pub bell: bool,
    /// The size of its screen, in rows and columns.
    pub size: (u16, u16),
    /// When the session is to be told that size, if it was not yet.
    pub tell_size: Option<Timestamp>,
    /// Whether its programs have yet to be told a size, so that they draw what they had drawn for the client before.
    pub draws_again: bool,
    /// Whether it is one of those that are typed into together.
    pub marked: bool,
    /// Whether it is left out of that for now.
    pub muted: bool,
    /// When the session began.
    pub started: Option<Timestamp>,
    /// When something was last typed or shown.
    pub active: Timestamp,
    /// How its session was begun, where the settings or the user said so.
    pub profile: Option<Box<SessionProfile>>,
    /// What the document says that its session follows, once that is known.
    pub preferences: Option<Box<limits::Preferences>>,
    /// Whether it was told that it ends soon.
    pub warned_of_end: bool,
    /// Whether its node answers.
    pub silence: Silence,
    /// The id of its session, once it has one.
    pub session: Option<String>,
    /// How far a large paste has come.
    pub pasting: Option<Progress>,
    /// What a program wants in the clipboard and nobody has agreed to yet.
    pub wants_copied: Option<Arc<str>>,
    /// Whether it is being recorded.
    pub recording: bool,
}

impl Tab {
    /// Whether its session is not over.
    pub fn is_running(&self) -> bool {
        !matches!(self.phase, Phase::Closed(_))
    }
}

/// Shells that are shown together.
#[derive(Clone, Debug)]
pub struct Group {
    /// How they lie.
    pub tree: Tree,
    /// The one that is typed into.
    pub focus: u64,
    /// Whether that one has all the room for now.
    pub zoomed: bool,
}

/// All shells.
#[derive(Clone, Debug, Default)]
pub struct Shells {
    /// The tabs, by age. Their order on the screen is that of the groups.
    pub tabs: Vec<Tab>,
    /// What is shown together.
    pub groups: Vec<Group>,
    /// The group that is shown.
    pub at: usize,
    /// Whether it has the whole screen.
    pub full_screen: bool,
    /// How one looks back in the shown shell, while one does.
    pub copy: Option<Box<Copy>>,
    /// The last press of the mouse's button over a shell.
    press: Option<lookback::Press>,
    /// The buttons of the mouse that went down over shells and are held.
    held: Vec<mouse::Held>,
    /// Whether the marked shells are typed into together.
    pub broadcasting: bool,
    /// The shell whose program was told that it has the focus.
    told_focus: Option<u64>,
    last: Option<u64>,
    next: u64,
}

impl Shells {
    /// Opens a tab for a node and shows it: beside the shown one along an axis, or alone.
    pub fn open(
        &mut self,
        (origin, node, name): (Origin, &str, &str),
        size: (u16, u16),
        scrollback: usize,
        beside: Option<Axis>,
        now: Timestamp,
    ) -> &Tab {
        self.next += 1;
        let id = self.next;
        // Several on one node are told apart by a number.
        let numbered = |n: usize| if n == 1 { name.to_owned() } else { format!("{name} ({n})") };
        let is_free = |name: &String| self.tabs.iter().all(|tab| tab.name != *name);
        let name = (1..=self.tabs.len() + 1).map(numbered).find(is_free).unwrap_or_else(|| name.to_owned());
        self.tabs.push(Tab {
            id,
            origin,
            node: node.to_owned(),
            name,
            phase: Phase::Connecting,
            terminal: Arc::new(Terminal::new(size.0, size.1, scrollback)),
            news: false,
            bell: false,
            size,
            tell_size: None,
            draws_again: false,
            marked: false,
            muted: false,
            started: None,
            active: now,
            silence: Silence::new(now),
            profile: None,
            preferences: None,
            warned_of_end: false,
            session: None,
            pasting: None,
            wants_copied: None,
            recording: false,
        });
        self.place(id, beside);
        self.focus(id);
        &self.tabs[self.tabs.len() - 1]
    }

    /// Gives a tab that has no place yet one: beside the shown one, or a group of its own behind the shown group.
    fn place(&mut self, id: u64, beside: Option<Axis>) {
        if let (Some(axis), Some(group)) = (beside, self.groups.get_mut(self.at)) {
            group.zoomed = false;
            let focus = group.focus;
            if group.tree.split(focus, axis, id) {
                return;
            }
        }
        let at = (self.at + 1).min(self.groups.len());
        self.groups.insert(at, Group { tree: Tree::Leaf(id), focus: id, zoomed: false });
    }

    /// Takes a shell out of its group; the group goes with its last one.
    fn displace(&mut self, id: u64) {
        let Some(at) = self.groups.iter().position(|group| group.tree.leaves().contains(&id)) else { return };
        let group = self.groups.remove(at);
        if let Some(tree) = group.tree.without(id) {
            let leaves = tree.leaves();
            let focus = if leaves.contains(&group.focus) { group.focus } else { leaves[0] };
            self.groups.insert(at, Group { tree, focus, zoomed: group.zoomed && focus == group.focus });
        } else if self.at > at || self.at >= self.groups.len() {
            self.at = self.at.saturating_sub(1);
        }
    }

    /// Puts an open shell beside the shown one.
    pub fn join(&mut self, id: u64, axis: Axis) {
        let Some(focus) = self.current().map(|tab| tab.id).filter(|focus| *focus != id) else { return };
        if self.tab(id).is_none() {
            return;
        }
        self.displace(id);
        self.at = self.groups.iter().position(|group| group.tree.leaves().contains(&focus)).unwrap_or(0);
        self.place(id, Some(axis));
        self.focus(id);
    }

    /// Gives the shown shell a place of its own.
    pub fn part(&mut self) {
        let Some(id) = self.current().map(|tab| tab.id) else { return };
        if self.groups[self.at].tree.leaves().len() > 1 {
            self.displace(id);
            self.place(id, None);
            self.focus(id);
        }
    }

    /// The group that is shown.
    pub fn group(&self) -> Option<&Group> {
        self.groups.get(self.at)
    }

    /// The tab that is typed into.
    pub fn current(&self) -> Option<&Tab> {
        self.tab(self.group()?.focus)
    }

    /// The tab that is typed into, to change it.
    pub fn current_mut(&mut self) -> Option<&mut Tab> {
        let focus = self.group()?.focus;
        self.tab_mut(focus)
    }

    /// A tab by number.
    pub fn tab(&self, id: u64) -> Option<&Tab> {
        self.tabs.iter().find(|tab| tab.id == id)
    }

    /// A tab by number, to change it.
    pub fn tab_mut(&mut self, id: u64) -> Option<&mut Tab> {
        self.tabs.iter_mut().find(|tab| tab.id == id)
    }

    /// The tabs in the order in which they stand on the screen, each with the group it belongs to.
    pub fn in_order(&self) -> Vec<(usize, &Tab)> {
        let leaves =
            self.groups.iter().enumerate().flat_map(|(at, g)| g.tree.leaves().into_iter().map(move |id| (at, id)));
        leaves.filter_map(|(at, id)| Some((at, self.tab(id)?))).collect()
    }

    /// Whether a tab is on the screen while the shells are.
    pub fn is_shown(&self, id: u64) -> bool {
        self.group()
            .is_some_and(|group| if group.zoomed { group.focus == id } else { group.tree.leaves().contains(&id) })
    }

    /// Types into another tab, and shows it.
    pub fn focus(&mut self, id: u64) {
        let Some(at) = self.groups.iter().position(|group| group.tree.leaves().contains(&id)) else { return };
        let before = self.current().map(|tab| tab.id);
        if before != Some(id) {
            self.leave_scrollback();
            self.last = before.or(self.last);
        }
        self.at = at;
        self.groups[at].focus = id;
        self.look();
    }

    /// What is on the screen has been seen.
    pub fn look(&mut self) {
        let focus = self.current().map(|tab| tab.id);
        let shown: Vec<u64> = self.tabs.iter().map(|tab| tab.id).filter(|id| self.is_shown(*id)).collect();
        for tab in self.tabs.iter_mut().filter(|tab| shown.contains(&tab.id)) {
            tab.news = false;
            tab.bell &= Some(tab.id) != focus;
        }
    }

    /// Goes to the next or the previous tab.
    pub fn turn(&mut self, forwards: bool) {
        let order: Vec<u64> = self.in_order().iter().map(|(_, tab)| tab.id).collect();
        let count = order.len();
        if let Some(at) = self.current().and_then(|tab| order.iter().position(|id| *id == tab.id)) {
            self.focus(order[if forwards { at + 1 } else { at + count - 1 } % count]);
        }
    }

    /// Goes to the tab that was typed into before this one.
    pub fn turn_back(&mut self) {
        match self.last.filter(|id| self.tab(*id).is_some()) {
            Some(last) => self.focus(last),
            None => self.turn(false),
        }
    }

    /// Whether keys go to a session.
    pub fn takes_keys(&self) -> bool {
        !self.is_looking_back() && (self.current().is_some_and(Tab::is_running) || self.broadcasting)
    }

    /// Shells that are not over.
    pub fn running(&self) -> usize {
        self.tabs.iter().filter(|tab| tab.is_running()).count()
    }

    /// Takes the shown tab away; its number.
    pub fn close(&mut self) -> Option<u64> {
        let id = self.current()?.id;
        self.copy = None;
        let order: Vec<u64> = self.in_order().iter().map(|(_, tab)| tab.id).collect();
        let at = order.iter().position(|other| *other == id)?;
        let alone = self.group().is_some_and(|group| group.tree.leaves().len() == 1);
        self.displace(id);
        self.tabs.retain(|tab| tab.id != id);
        if alone {
            // Back to where one came from, else to the neighbour.
            let next = self.last.take().filter(|last| self.tab(*last).is_some());
            let neighbour = order.get(at + 1).or(at.checked_sub(1).and_then(|before| order.get(before))).copied();
            if let Some(next) = next.or(neighbour) {
                self.focus(next);
                self.last = None;
            }
        }
        self.last = self.last.filter(|last| *last != id);
        self.full_screen &= !self.tabs.is_empty();
        self.look();
        Some(id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(shells: &mut Shells, name: &str, beside: Option<Axis>) -> u64 {
        shells.open((Origin::default(), "mi-1", name), (24, 80), 100, beside, Timestamp::from_millis(0)).id
    }

    fn order(shells: &Shells) -> Vec<(usize, &str)> {
        shells.in_order().into_iter().map(|(at, tab)| (at, tab.name.as_str())).collect()
    }

    #[test]
    fn tabs_turn_in_the_order_they_are_seen() {
        let mut shells = Shells::default();
        let (a, b) = (open(&mut shells, "a", None), open(&mut shells, "b", None));
        let c = open(&mut shells, "c", Some(Axis::Columns));
        assert_eq!(order(&shells), [(0, "a"), (1, "b"), (1, "c")]);
        shells.turn(true);
        assert_eq!(shells.current().unwrap().id, a);
        shells.turn_back();
        assert_eq!(shells.current().unwrap().id, c);
        shells.turn_back();
        assert_eq!(shells.current().unwrap().id, a);
        shells.focus(b);
        assert!(shells.is_shown(c));
        shells.part();
        assert_eq!(order(&shells), [(0, "a"), (1, "c"), (2, "b")]);
        assert_eq!(shells.current().unwrap().id, b);
        shells.join(a, Axis::Rows);
        assert_eq!(order(&shells), [(0, "c"), (1, "b"), (1, "a")]);
    }

    #[test]
    fn a_closed_tab_leads_to_where_one_came_from() {
        let mut shells = Shells::default();
        let ids: Vec<u64> = ["a", "b", "c", "d"].iter().map(|name| open(&mut shells, name, None)).collect();
        shells.focus(ids[0]);
        shells.focus(ids[2]);
        assert_eq!(shells.close(), Some(ids[2]));
        assert_eq!(shells.current().unwrap().id, ids[0]);
        assert_eq!(shells.close(), Some(ids[0]));
        assert_eq!(shells.current().unwrap().id, ids[1]);
        let beside = open(&mut shells, "e", Some(Axis::Rows));
        assert_eq!(shells.close(), Some(beside));
        assert_eq!(shells.current().unwrap().id, ids[1], "the room of a split goes to its neighbour");
        assert_eq!(shells.close(), Some(ids[1]));
        assert_eq!(shells.close(), Some(ids[3]));
        assert_eq!(shells.close(), None);
        assert!(shells.groups.is_empty());
    }

    #[test]
    fn news_and_bells_stay_until_they_are_seen() {
        let mut shells = Shells::default();
        let a = open(&mut shells, "a", None);
        let b = open(&mut shells, "b", None);
        for id in [a, b] {
            let tab = shells.tab_mut(id).unwrap();
            (tab.news, tab.bell) = (true, true);
        }
        shells.look();
        let marks = |shells: &Shells, id| shells.tab(id).map(|tab| (tab.news, tab.bell)).unwrap();
        assert_eq!((marks(&shells, a), marks(&shells, b)), ((true, true), (false, false)));
        shells.focus(a);
        assert_eq!(marks(&shells, a), (false, false));
    }
}
