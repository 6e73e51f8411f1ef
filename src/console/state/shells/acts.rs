//! What keys and actions do among the shells.

use std::{sync::Arc, time::Duration};

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::{
    Phase, Tab,
    broadcast::Off,
    layout::{Axis, Direction},
    silence::Silence,
};
use crate::{
    console::{
        action::{Action, Layer},
        effect::Effect,
        origin::{NodeId, Origin},
        state::{
            Pane, State,
            confirm::told_shell,
            form::{Field, Form, Purpose},
            node::Node,
            overlay::{Overlay, Pick, Question, ShellChoice, Then},
            overlays::nodes_of,
            sessions::Session,
        },
        term::keys,
        text::{clean, count},
    },
    ssm::{PingStatus, Timestamp},
};

/// Cells an edge moves with one key.
const EDGE_STEP: (u16, u16) = (4, 2);
/// After moving an edge, the next such key needs no prefix for so long.
const STICKY: Duration = Duration::from_millis(700);

impl State {
    /// Does an action in the shell pane.
    pub(in crate::console::state) fn act_shell(&mut self, action: Action, fx: &mut Vec<Effect>) {
        if self.shells.is_looking_back() && self.act_lookback(action, fx) {
            return;
        }
        match action {
            Action::Prefix => self.prefixed = true,
            Action::SendPrefix => {
                let bound = self.keymap.of(Layer::Shell.name()).find(|binding| binding.action == Action::Prefix);
                let key = self.pressed.take().or(bound.and_then(|b| b.chord.first()).map(|key| (*key).into()));
                if let Some(key) = key {
                    self.type_into_shells(key, fx);
                }
            }
            // Beside a list the shells stay where they are.
            Action::LeaveShell if self.split.is_open() => self.go_over(fx),
            Action::LeaveShell => self.go(if self.left_pane == Pane::Shell { Pane::Fleet } else { self.left_pane }, fx),
            Action::FullScreen => self.shells.full_screen = !self.shells.full_screen && !self.shells.tabs.is_empty(),
            Action::TabNext | Action::TabPrevious => self.shells.turn(action == Action::TabNext),
            Action::TabLast => self.shells.turn_back(),
            Action::TabList => self.pick_tab(),
            Action::TabRename => self.rename_form(),
            Action::NewShell => self.pick_node(None),
            Action::SplitRight => self.pick_node(Some(Axis::Columns)),
            Action::SplitDown => self.pick_node(Some(Axis::Rows)),
            Action::Unsplit => self.shells.part(),
            Action::Zoom => self.zoom(),
            Action::FocusLeft => self.focus_towards(Direction::Left),
            Action::FocusRight => self.focus_towards(Direction::Right),
            Action::FocusUp => self.focus_towards(Direction::Up),
            Action::FocusDown => self.focus_towards(Direction::Down),
            Action::EdgeLeft => self.push_edge(Direction::Left),
            Action::EdgeRight => self.push_edge(Direction::Right),
            Action::EdgeUp => self.push_edge(Direction::Up),
            Action::EdgeDown => self.push_edge(Direction::Down),
            Action::MarkShell => self.mark_shell(),
            Action::MuteShell => self.mute_shell(),
            Action::Broadcast => self.toggle_broadcast(),
            Action::CancelPaste => self.cancel_pastes(fx),
            Action::ClipboardRequest => self.ask_copy(),
            Action::Record => self.toggle_recording(fx),
            Action::Scrollback => self.shells.look_back(),
            Action::CloseShell => self.ask_close(fx),
            Action::Reopen => match self.shells.current() {
                Some(tab) if tab.is_running() => self.ask_anew(),
                Some(tab) => self.reopen(tab.id, fx),
                None => {}
            },
            _ => {}
        }
    }

    /// A key for the shells that are typed into.
    pub(in crate::console::state) fn type_into_shells(&mut self, key: KeyEvent, fx: &mut Vec<Effect>) {
        let now = self.now;
        let ids: Vec<u64> = self.shells.receivers().iter().map(|tab| tab.id).collect();
        if ids.is_empty() && self.shells.broadcasting {
            return self.tell("Every marked shell is muted or over; nothing is typed.");
        }
        let stops = key.code == KeyCode::Char('c') && key.modifiers.contains(KeyModifiers::CONTROL);
        for id in ids {
            let Some(tab) = self.shells.tab_mut(id) else { continue };
            tab.active = now;
            if stops && tab.pasting.is_some() {
                fx.push(Effect::CancelPaste { tab: id });
            }
            let bytes = keys::encode(key, tab.terminal.modes());
            if !bytes.is_empty() {
                fx.push(Effect::ShellInput { tab: id, bytes });
            }
        }
    }

    /// Opens a shell on a node.
    pub(in crate::console::state) fn shell_on(&mut self, node: Option<NodeId>, fx: &mut Vec<Effect>) {
        self.shell_at(node.map(|node| (node.origin, node.id)), fx);
    }

    /// Opens a shell on a node of an origin.
    pub(in crate::console::state) fn shell_at(&mut self, node: Option<(Origin, String)>, fx: &mut Vec<Effect>) {
        let Some((origin, node)) = node else { return self.tell("There is no node here to open a shell on.") };
        self.open_shell(origin, &node, None, fx);
    }

    /// Goes on with a session that a client of this user has left.
    pub(in crate::console::state) fn take_over(&mut self, session: &Session, fx: &mut Vec<Effect>) {
        let before = fx.len();
        if let Some(tab) = self.open_shell(session.origin, &session.node, None, fx)
            && let Some(tab) = self.shells.tab_mut(tab)
        {
            tab.draws_again = true;
        }
        for effect in &mut fx[before..] {
            if let Effect::OpenShell { left, profile, .. } = effect {
                (*left, *profile) = (Some(session.id.clone()), None);
            }
        }
    }

    /// Opens a shell on a node: beside the shown one along an axis, or alone.
    pub(in crate::console::state) fn open_shell(
        &mut self,
        origin: Origin,
        node: &str,
        beside: Option<Axis>,
        fx: &mut Vec<Effect>,
    ) -> Option<u64> {
        if self.protects(origin) {
            return None;
        }
        if !self.origins.is_ready(origin) {
            self.warn("There is no connection yet.");
            return None;
        }
        let name = self.fleet.node_in(origin, node).map_or_else(|| clean(node), |node| node.name.clone());
        let profile = self.session_profile(origin, node);
        let (room, scrollback, now) = (self.shell_room(), self.settings.scrollback, self.now);
        let policy = self.clipboard_policy();
        let tab = self.shells.open((origin, node, &name), room, scrollback, beside, now);
        tab.terminal.with_screen_mut(|screen| screen.set_clipboard_policy(policy));
        let (id, node, terminal) = (tab.id, node.to_owned(), tab.terminal.clone());
        if let Some(tab) = self.shells.tab_mut(id) {
            tab.profile.clone_from(&profile);
        }
        fx.push(Effect::OpenShell { tab: id, origin, node, profile, left: None, terminal });
        self.go(Pane::Shell, fx);
        Some(id)
    }

    /// Starts a shell again, where it is.
    pub(in crate::console::state) fn reopen(&mut self, id: u64, fx: &mut Vec<Effect>) {
        let Some(origin) = self.shells.tab(id).map(|tab| tab.origin) else { return };
        if self.protects(origin) {
            return;
        }
        if !self.origins.is_ready(origin) {
            return self.warn("There is no connection yet.");
        }
        let now = self.now;
        if let Some(tab) = self.shells.tab_mut(id) {
            (tab.phase, tab.started, tab.session, tab.active) = (Phase::Connecting, None, None, now);
            (tab.pasting, tab.wants_copied, tab.recording, tab.silence) = (None, None, false, Silence::new(now));
            // Its document may say something else by now.
            (tab.preferences, tab.warned_of_end, tab.draws_again) = (None, false, false);
            let (node, profile) = (tab.node.clone(), tab.profile.clone());
            fx.push(Effect::OpenShell { tab: id, origin, node, profile, left: None, terminal: tab.terminal.clone() });
        }
    }

    /// Opens a shell on each of these nodes, marked to be typed into together.
    pub(in crate::console::state) fn shells_on(&mut self, nodes: Vec<NodeId>, fx: &mut Vec<Effect>) {
        match nodes.len() {
            0 => return self.tell("There is no node here to open a shell on."),
            1 => return self.shell_on(nodes.into_iter().next(), fx),
            _ => {}
        }
        let (parts, refused) = self.writable(&nodes);
        if let (true, Some((origin, _))) = (parts.is_empty(), refused.first()) {
            self.protects(*origin);
            return;
        }
        let targets = self.targets_of(nodes_of(&parts));
        let nodes: Vec<NodeId> = targets.iter().map(|target| target.node.clone()).collect();
        let shells = count(nodes.len(), "shell");
        let mut lines = vec![format!("{shells}, marked so that they can be typed into together")];
        lines.extend(self.told_targets(&targets));
        lines.extend(self.left_out(&refused));
        self.pose(Question::new("Open these shells?", lines, Then::OpenShells(nodes)).about(targets));
    }

    /// Opens the shells that were agreed to.
    pub(in crate::console::state) fn open_shells(&mut self, nodes: &[NodeId], fx: &mut Vec<Effect>) {
        for node in nodes {
            let opened = self.open_shell(node.origin, &node.id, None, fx);
            if let Some(tab) = opened.and_then(|id| self.shells.tab_mut(id)) {
                tab.marked = true;
            }
        }
    }

    fn zoom(&mut self) {
        let Some(group) = self.shells.groups.get_mut(self.shells.at) else { return };
        match group.tree.leaves().len() {
            1 => self.tell("This shell has all the room already."),
            _ => group.zoomed = !group.zoomed,
        }
        self.shells.look();
    }

    fn focus_towards(&mut self, direction: Direction) {
        let Some(group) = self.shells.group() else { return };
        let plan = group.tree.plan(self.shell_area());
        if let Some(next) = plan.and_then(|plan| plan.neighbour(group.focus, direction)) {
            let zoomed = group.zoomed;
            self.shells.focus(next);
            self.shells.groups[self.shells.at].zoomed = zoomed;
            self.shells.look();
        }
    }

    fn push_edge(&mut self, direction: Direction) {
        let area = self.shell_area();
        let cells = match direction {
            Direction::Left | Direction::Right => EDGE_STEP.0,
            Direction::Up | Direction::Down => EDGE_STEP.1,
        };
        let Some(group) = self.shells.groups.get_mut(self.shells.at) else { return };
        let focus = group.focus;
        if !group.zoomed {
            group.tree.push_edge(focus, direction, cells, area);
        }
        self.prefixed = true;
        self.sticky = Some(self.now.plus(STICKY));
    }

    fn mark_shell(&mut self) {
        let Some(tab) = self.shells.current_mut() else { return };
        tab.marked = !tab.marked;
        tab.muted = false;
    }

    fn mute_shell(&mut self) {
        let Some(tab) = self.shells.current_mut() else { return };
        if !tab.marked {
            return self.tell("This shell is not marked; only marked shells can be muted.");
        }
        tab.muted = !tab.muted;
    }

    fn toggle_broadcast(&mut self) {
        if std::mem::take(&mut self.shells.broadcasting) {
            return self.tell("Keys go to this shell alone again.");
        }
        match self.shells.begin_broadcast() {
            // The border says it.
            Ok(()) => {}
            Err(Off::Unmarked(name)) => self.tell(format!("Go to a marked shell first, or mark {name}.")),
            Err(_) => self.tell("Mark two shells or more first, or put them side by side."),
        }
    }

    /// Ends typing into several shells where that can no longer be meant, and says why.
    pub(in crate::console::state) fn settle_broadcast(&mut self) {
        match self.shells.end_broadcast_if_stale() {
            Some(Off::Unmarked(name)) => self.warn(format!("Broadcast is off: {name} is not marked.")),
            Some(_) => self.warn("Broadcast is off: the marked shells have ended."),
            None => {}
        }
    }

    fn ask_close(&mut self, fx: &mut Vec<Effect>) {
        let Some(tab) = self.shells.current() else { return };
        if !tab.is_running() {
            return self.close_shell(fx);
        }
        let lines = vec![told_shell(tab), "The session ends, and what runs in it.".to_owned()];
        let question = Question::new("Close this shell?", lines, Then::CloseShell);
        self.pose(question);
    }

    pub(in crate::console::state) fn close_shell(&mut self, fx: &mut Vec<Effect>) {
        if let Some(tab) = self.shells.close() {
            fx.push(Effect::CloseShell { tab });
        }
        match self.shells.tabs.is_empty() {
            true if self.split.is_open() => self.go_over(fx),
            true => self.go(Pane::Fleet, fx),
            false => {}
        }
    }

    fn rename_form(&mut self) {
        let Some(tab) = self.shells.current() else { return };
        let field = Field::line("name", "Name", "what its tab shows; empty for the node's name", &tab.name);
        let form = Form::new("Rename this shell", Purpose::RenameShell { tab: tab.id }, vec![field]);
        self.overlays.push(Overlay::Form(Box::new(form)));
    }

    pub(in crate::console::state) fn rename_shell(&mut self, tab: u64, name: Option<String>) {
        let node = self.shells.tab(tab).map(|tab| NodeId::new(tab.origin, &*tab.node)).unwrap_or_default();
        let name = name.unwrap_or_else(|| self.node_name(&node));
        if let Some(tab) = self.shells.tab_mut(tab) {
            tab.name = name;
        }
    }

    fn pick_tab(&mut self) {
        let (items, choices) = self.shells.in_order().into_iter().map(|(_, tab)| self.open_tab(tab)).unzip();
        self.pick_shell("Go to a shell", None, items, choices);
    }

    /// Offers what a split can show: another shell on this node, an open shell, a shell on another node.
    fn pick_node(&mut self, place: Option<Axis>) {
        let here = self.shells.current();
        let mut offered: Vec<((String, String), ShellChoice)> = Vec::new();
        if let Some(tab) = here {
            offered.push((
                (self.tab_label(tab), "another shell on this node".to_owned()),
                ShellChoice::Node(NodeId::new(tab.origin, &*tab.node)),
            ));
        }
        if place.is_some() {
            let elsewhere = |(at, _): &(usize, &Tab)| *at != self.shells.at;
            offered.extend(self.shells.in_order().into_iter().filter(elsewhere).map(|(_, tab)| self.open_tab(tab)));
        }
        let is_here = |node: &Node| here.is_some_and(|tab| tab.origin == node.origin && tab.node == node.id);
        let others = self.fleet.own().filter(|node| node.ping == PingStatus::Online && !is_here(node));
        let other = |node: &Arc<Node>| ((node.name.clone(), self.fleet.said(node)), ShellChoice::Node(node.node_id()));
        offered.extend(others.map(other));
        let title = match place {
            None => "Open a shell on",
            Some(Axis::Columns) => "Show at the right",
            Some(Axis::Rows) => "Show below",
        };
        let (items, choices) = offered.into_iter().unzip();
        self.pick_shell(title, place, items, choices);
    }

    fn pick_shell(
        &mut self,
        title: &str,
        place: Option<Axis>,
        items: Vec<(String, String)>,
        choices: Vec<ShellChoice>,
    ) {
        if items.is_empty() {
            return self.tell("There is nothing to choose from.");
        }
        let (input, cursor) = Default::default();
        let pick = Pick::Shell { place, choices };
        self.overlays.push(Overlay::Picker { title: title.to_owned(), input, items, cursor, pick });
    }

    /// Does what was chosen in a picker of shells.
    pub(in crate::console::state) fn picked_shell(
        &mut self,
        place: Option<Axis>,
        choice: ShellChoice,
        fx: &mut Vec<Effect>,
    ) {
        if let (Some(axis), Some(group)) = (place, self.shells.group()) {
            let mut tree = group.tree.clone();
            tree.split(group.focus, axis, u64::MAX);
            if tree.plan(self.shell_area()).is_none() {
                return self.warn("There is no room for another shell here; 20 columns and 4 rows are the least.");
            }
        }
        match choice {
            ShellChoice::Node(node) => _ = self.open_shell(node.origin, &node.id, place, fx),
            ShellChoice::Open(tab) => match place {
                Some(axis) => self.shells.join(tab, axis),
                None => self.shells.focus(tab),
            },
        }
    }

    /// Keys after the prefix go back to the shell when the time for another edge key is over.
    pub(in crate::console::state) fn end_sticky(&mut self, now: Timestamp) {
        if self.sticky.is_some_and(|until| until <= now) {
            self.sticky = None;
            self.prefixed = false;
        }
    }

    /// What a tab is called on the screen: with the place of its node behind it, where there are several.
    pub fn tab_label(&self, tab: &Tab) -> String {
        match &*self.origins.row_label(tab.origin) {
            "" => tab.name.clone(),
            place => format!("{}@{place}", tab.name),
        }
    }

    /// An open shell as it is offered.
    fn open_tab(&self, tab: &Tab) -> ((String, String), ShellChoice) {
        let now = self.now;
        let state = match &tab.phase {
            _ if tab.unanswered(now).is_some() => "no answer",
            _ if tab.no_sign(now).is_some() => "no sign of the node",
            Phase::Connecting => "connecting",
            Phase::Connected => "open",
            Phase::Reconnecting { .. } => "reconnecting",
            Phase::Closed(_) => "closed",
        };
        let news = if tab.bell || tab.news { ", something new" } else { "" };
        ((self.tab_label(tab), format!("{state}{news}")), ShellChoice::Open(tab.id))
    }
}
