//! From an action to what it does here.

use crossterm::event::KeyEvent;

use super::{
    Heard, Pane, State,
    form::Field,
    overlay::{Overlay, Question, Then},
};
use crate::console::{
    action::{Action, Kind},
    effect::{Effect, Query},
    origin::{NodeId, Origin},
    text::{clean, count, cut},
};

impl State {
    /// Does what an action means here. In a read-only console no action that changes something has any effect.
    pub fn act(&mut self, action: Action, fx: &mut Vec<Effect>) {
        self.dirty = true;
        if self.refuses(action) {
            return;
        }
        if !self.overlays.is_empty() {
            return self.act_overlay(action, fx);
        }
        let prefixed = std::mem::take(&mut self.prefixed);
        match action {
            // What has to be read goes first, unless the card of a filter that lets nothing through says what the key does.
            Action::Back if self.pane != Pane::Shell && self.notices.dismiss(self.now) && !self.is_filtered_away() => {}
            Action::Help => self.open_help(prefixed),
            Action::Palette => self.open_command(prefixed),
            Action::Messages => self.overlays.push(Overlay::Messages(Default::default())),
            Action::Log => fx.push(Effect::ReadLog),
            Action::Reload => fx.push(Effect::Reload),
            Action::PlaceBack | Action::PlaceForward => self.walk(action == Action::PlaceBack, fx),
            Action::Quit => self.quit(fx),
            Action::Refresh => self.refresh_now(fx),
            Action::PaneFleet => self.go(Pane::Fleet, fx),
            Action::PaneCompliance => self.go(Pane::Compliance, fx),
            Action::PaneCommands => self.go(Pane::Commands, fx),
            Action::PaneParameters => self.go(Pane::Parameters, fx),
            Action::PaneShell => self.go(Pane::Shell, fx),
            Action::PaneSessions => self.go(Pane::Sessions, fx),
            Action::PaneForwards => self.go(Pane::Forwards, fx),
            Action::PaneNext | Action::PanePrevious => {
                let at = Pane::ALL.iter().position(|pane| *pane == self.pane).unwrap_or(0);
                let step = if action == Action::PaneNext { 1 } else { Pane::ALL.len() - 1 };
                let next = |at: usize| (at + step) % Pane::ALL.len();
                // The shells of the other side stay there.
                let beside = |at: usize| {
                    self.pane != Pane::Shell && Pane::ALL[at] == Pane::Shell && self.shows_beside(Pane::Shell)
                };
                let at = if beside(next(at)) { next(next(at)) } else { next(at) };
                self.go(Pane::ALL[at], fx);
            }
            Action::Own(own) => self.run_own(own, fx),
            Action::NextTheme => self.next_theme(),
            Action::Undo if self.pane == Pane::Forwards && !self.forwards.undo.is_empty() => {
                self.undo_forward(fx);
            }
            Action::Undo => self.ask_undo(),
            Action::EditTags => self.edit_tags(),
            Action::ReportBug => fx.push(Effect::Report),
            Action::Scope => self.open_scope(),
            Action::SignIn => self.sign_in(fx),
            Action::Redraw => fx.push(Effect::Repaint),
            Action::Mouse => {
                self.settings.mouse = !self.settings.mouse;
                fx.push(Effect::TakeMouse(self.settings.mouse));
                self.tell(match self.settings.mouse {
                    true => "The mouse works here.",
                    false => "The mouse is left to the terminal.",
                });
            }
            Action::Suspend => fx.push(Effect::Suspend),
            _ if self.act_split(action, fx) => {}
            _ if !prefixed && (self.copies_text(action, fx) || self.act_list(action, fx)) => {}
            _ => match self.pane {
                Pane::Fleet if self.node_view.is_some() => self.act_node_view(action, fx),
                Pane::Fleet if self.compare.is_some() => self.act_compare(action, fx),
                Pane::Fleet => self.act_fleet(action, fx),
                Pane::Compliance => self.act_compliance(action, fx),
                Pane::Commands => self.act_commands(action, fx),
                Pane::Parameters => self.act_parameters(action, fx),
                Pane::Shell => self.act_shell(action, fx),
                Pane::Sessions => self.act_sessions(action, fx),
                Pane::Forwards => self.act_forwards(action, fx),
            },
        }
    }

    /// Whether an action would change something in a console that changes nothing.
    pub(super) fn is_refused(&self, action: Action) -> bool {
        self.origins.are_read_only() && action.kind() == Kind::Change
    }

    /// [`State::is_refused`], and says so.
    pub(super) fn refuses(&mut self, action: Action) -> bool {
        let refused = self.is_refused(action);
        if refused {
            self.warn(format!("Read-only: {} would change something.", action.entry().name));
        }
        refused
    }

    fn next_theme(&mut self) {
        let at = self.themes.iter().position(|name| *name == self.theme);
        let next = at.map_or(0, |at| (at + 1) % self.themes.len());
        if let Some(name) = self.themes.get(next).cloned() {
            self.tell(format!("Theme {name}"));
            self.theme = name;
        }
    }

    fn quit(&mut self, fx: &mut Vec<Effect>) {
        let running = self.shells.tabs.iter().filter(|tab| tab.is_running());
        let shells: Vec<_> = running.map(|tab| tab.name.as_str()).collect();
        let on = self.forwards.list.iter().filter(|forward| forward.is_on());
        let forwards: Vec<_> = on.map(super::forwards::Forward::name).collect();
        let mut lines = Vec::new();
        if !shells.is_empty() {
            lines.push(format!("{} will be ended, and what runs in them:", count(shells.len(), "open shell")));
            lines.push(shells.join(", "));
        }
        if !forwards.is_empty() {
            lines.push(format!("{} will be closed:", count(forwards.len(), "forward")));
            lines.push(forwards.join(", "));
        }
        if !self.transfers.is_empty() {
            let copies: Vec<_> = self.transfers.iter().map(|transfer| transfer.what.as_str()).collect();
            let are = if copies.len() == 1 { "is" } else { "are" };
            lines.push(format!("{} {are} not done yet and will be broken off:", count(copies.len(), "copy")));
            lines.push(cut(&copies.join(", "), 70));
        }
        for staged in self.all_staged() {
            let next = match (staged.is_under_way(), staged.is_known(), self.canaries.ledger.is_some()) {
                (true, ..) => "are getting a command now, after its canary.",
                (false, true, true) => "wait for a canary's yes: the next start asks again.",
                (false, true, false) => "wait for a canary's yes and will not get it.",
                // The next console has no id to ask for.
                (false, false, _) => "wait for a canary that has no answer yet, and will not get it.",
            };
            lines.push(format!("{} {next}", count(staged.waiting(), "node")));
        }
        match lines.is_empty() {
            true => fx.push(Effect::Quit),
            false => {
                let question = Question::new("Leave fleetdeck?", lines, Then::Quit);
                self.pose(question);
            }
        }
    }

    /// Where what is typed goes now, as far as it matters for what may be kept of it. Unless it is known to be harmless, it
    /// is not.
    fn listens(&self) -> Heard {
        let open = |open: bool| if open { Heard::Open } else { Heard::Hidden };
        match (self.overlays.last(), self.pane) {
            (Some(Overlay::Form(form)), _) => form.current().map_or(Heard::Hidden, Field::heard),
            (Some(overlay), _) => open(overlay.is_open()),
            // What is looked for in a list.
            (None, _) if self.types_filter() => Heard::Open,
            (None, Pane::Fleet) => match &self.node_view {
                Some(view) => open(view.is_typing()),
                None => open(self.fleet.filtering),
            },
            (None, Pane::Parameters | Pane::Sessions | Pane::Commands) => open(self.is_finding()),
            (None, Pane::Shell) => open(self.lookback_finds()),
            (None, Pane::Compliance | Pane::Forwards) => Heard::Hidden,
        }
    }

    fn is_finding(&self) -> bool {
        let viewers = [&self.commands.viewer, &self.sessions.viewer, &self.parameters.viewer];
        viewers.into_iter().flatten().any(|viewer| viewer.finding)
    }

    /// A key that no binding took: it is typed into whatever takes text here.
    pub(super) fn raw_key(&mut self, key: KeyEvent, fx: &mut Vec<Effect>) {
        self.heard = self.listens();
        match self.overlays.last_mut() {
            Some(Overlay::Form(form)) if form.sent.is_some() => return self.takes_nothing(),
            Some(Overlay::Form(form)) => return form.key(key),
            Some(Overlay::Text(text)) => {
                if text.viewer.finding && text.viewer.find.key(key) {
                    text.viewer.search();
                }
                return;
            }
            Some(overlay) => {
                if overlay.input_mut().is_some_and(|input| input.key(key))
                    && let Some(cursor) = overlay.cursor_mut()
                {
                    cursor.at = 0;
                }
                return;
            }
            None => {}
        }
        if std::mem::take(&mut self.prefixed) {
            let key = crate::config::keymap::display_chord(&[crokey::KeyCombination::from(key).normalized()]);
            return self.tell(format!("{key} means nothing after the prefix."));
        }
        if self.types_filter() {
            return self.type_filter(|filter| {
                filter.key(key);
            });
        }
        match self.pane {
            Pane::Fleet if self.node_view.is_some() => {
                if let Some(view) = &mut self.node_view {
                    view.key(key);
                }
            }
            Pane::Fleet if self.fleet.filtering => {
                self.fleet.filter.key(key);
                self.fleet.rearrange();
            }
            Pane::Commands | Pane::Parameters | Pane::Sessions => {
                if let Some(viewer) = self.viewer_mut().filter(|viewer| viewer.finding)
                    && viewer.find.key(key)
                {
                    viewer.search();
                }
            }
            Pane::Shell if self.lookback_finds() => self.lookback_key(key, fx),
            Pane::Shell if self.shells.takes_keys() => self.type_into_shells(key, fx),
            _ => {}
        }
    }

    pub(super) fn paste(&mut self, text: &str, fx: &mut Vec<Effect>) {
        self.heard = self.listens();
        match self.overlays.last_mut() {
            Some(Overlay::Form(form)) if form.sent.is_some() => return self.takes_nothing(),
            Some(Overlay::Form(form)) => return form.paste(text),
            Some(Overlay::Text(read)) => {
                if read.viewer.finding {
                    read.viewer.find.insert(text);
                    read.viewer.search();
                }
                return;
            }
            Some(overlay) => {
                if let Some(input) = overlay.input_mut() {
                    input.insert(text);
                }
                return;
            }
            None => {}
        }
        if self.types_filter() {
            return self.type_filter(|filter| filter.insert(text));
        }
        match self.pane {
            Pane::Fleet if self.node_view.is_some() => {
                if let Some(view) = &mut self.node_view {
                    view.insert(text);
                }
            }
            Pane::Fleet if self.fleet.filtering => {
                self.fleet.filter.insert(text);
                self.fleet.rearrange();
            }
            Pane::Commands | Pane::Parameters | Pane::Sessions => {
                if let Some(viewer) = self.viewer_mut().filter(|viewer| viewer.finding) {
                    viewer.find.insert(text);
                    viewer.search();
                }
            }
            Pane::Shell if self.lookback_finds() => {
                let line = crate::console::text::clean(text);
                for c in line.chars() {
                    self.lookback_key(KeyEvent::from(crossterm::event::KeyCode::Char(c)), fx);
                }
            }
            Pane::Shell if self.shells.takes_keys() => self.paste_into_shells(text, fx),
            _ => {}
        }
    }

    /// Opens the form for a command on these nodes.
    pub(super) fn compose(&mut self, nodes: Vec<NodeId>, fx: &mut Vec<Effect>) {
        let origins: Vec<_> = nodes.iter().map(|node| node.origin).collect();
        if let Some(first) = origins.first().copied()
            && origins.iter().all(|origin| self.origins.is_read_only(*origin))
        {
            self.protects(first);
            return;
        }
        let hint = match nodes.as_slice() {
            [one] => clean(&one.id),
            several => count(several.len(), "node"),
        };
        let form = super::compose::form(&self.called_there(&nodes), &hint);
        self.overlays.push(Overlay::Form(Box::new(form)));
        let origin = nodes.first().map_or_else(|| self.origins.first(), |node| node.origin);
        self.want_documents(origin, fx);
        self.ask(origin, Query::Document(super::compose::SHELL_SCRIPT.to_owned()), fx);
    }

    /// Fetches the documents of an origin, unless they are known.
    pub(super) fn want_documents(&mut self, origin: Origin, fx: &mut Vec<Effect>) {
        if self.documents.origin != origin {
            self.documents = super::Documents { origin, ..Default::default() };
        }
        if self.documents.list.is_empty() && !self.documents.feed.is_loading() {
            self.ask(origin, Query::Documents, fx);
        }
    }
}
