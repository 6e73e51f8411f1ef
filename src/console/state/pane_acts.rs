//! What actions do in each pane.

use super::{
    Pane, State, commands,
    compliance::Level,
    form::{Field, Form, Purpose},
    overlay::{Overlay, Question, Then},
    shells::Phase,
};
use crate::{
    console::{
        action::Action,
        effect::{Change, Effect, Query},
        term::keys,
        text::clean,
    },
    ssm,
};

impl State {
    pub(super) fn act_fleet(&mut self, action: Action, fx: &mut Vec<Effect>) {
        let shown = self.fleet.shown();
        if self.fleet.mark(action) || self.fleet.cursor.step(action, shown) {
            return;
        }
        match action {
            Action::Filter => self.fleet.filtering = true,
            Action::Accept => self.fleet.filtering = false,
            Action::Dismiss => {
                self.fleet.filtering = false;
                self.fleet.filter.clear();
                self.fleet.rearrange();
            }
            Action::Back if self.fleet.detail => self.fleet.detail = false,
            Action::Back if !self.fleet.filter.text().is_empty() => {
                self.fleet.filter.clear();
                self.fleet.rearrange();
            }
            Action::Open | Action::Detail => self.fleet.detail = !self.fleet.detail,
            Action::SortNext | Action::SortPrevious | Action::SortReverse => self.fleet.sort_by(action),
            Action::Left => self.fleet.scrolled = self.fleet.scrolled.saturating_sub(1),
            Action::Right => self.fleet.scrolled = (self.fleet.scrolled + 1).min(super::fleet::Column::ALL.len() - 2),
            Action::OpenShell => self.shell_on(self.fleet.current().map(|node| node.id.clone()), fx),
            Action::RunCommand => self.compose(self.fleet.chosen(), fx),
            Action::Scan => self.ask_scan(self.fleet.chosen()),
            Action::Copy => self.copy(self.fleet.current().map(|node| node.id.clone()), fx),
            _ => {}
        }
    }

    pub(super) fn copy(&mut self, text: Option<String>, fx: &mut Vec<Effect>) {
        if let Some(text) = text {
            self.tell(format!("Copied {text}"));
            fx.push(Effect::Copy(text));
        }
    }

    pub(super) fn shell_on(&mut self, node: Option<String>, fx: &mut Vec<Effect>) {
        let Some(node) = node else { return self.tell("There is no node here to open a shell on.") };
        if self.connection != super::Connection::Ready {
            return self.warn("There is no connection yet.");
        }
        let name = self.fleet.node(&node).map_or_else(|| node.clone(), |node| node.name.clone());
        let room = self.shell_room();
        let tab = self.shells.open(&node, &name, room, self.settings.scrollback);
        fx.push(Effect::OpenShell { tab: tab.id, node, terminal: tab.terminal.clone() });
        self.go(Pane::Shell, fx);
    }

    pub(super) fn act_commands(&mut self, action: Action, fx: &mut Vec<Effect>) {
        if let Some(viewer) = &mut self.commands.viewer {
            match action {
                Action::Save => self.save_form(),
                _ if viewer.act(action) => {}
                Action::Back => self.commands.viewer = None,
                _ => {}
            }
            return;
        }
        let opened = self.commands.opened().or(self.commands.current()).cloned();
        match action {
            Action::Compose => return self.compose(self.fleet.marked(), fx),
            Action::RunAgain | Action::RunCommand => {
                if let Some(command) = opened {
                    let form = super::compose::again(&command);
                    let document = form.answer("document");
                    self.overlays.push(Overlay::Form(Box::new(form)));
                    self.want_documents(fx);
                    self.ask(Query::Document(document), fx);
                }
                return;
            }
            Action::Cancel => return self.ask_cancel(opened),
            _ => {}
        }
        let Some(results) = &mut self.commands.results else {
            let len = self.commands.list.len();
            if self.commands.cursor.step(action, len) {
                return;
            }
            match action {
                Action::Open | Action::Right => {
                    if let Some(id) = self.commands.current().and_then(|command| command.command_id.clone()) {
                        self.open_results(id, fx);
                    }
                }
                Action::Copy => {
                    let id = self.commands.current().and_then(|command| command.command_id.clone());
                    self.copy(id.as_deref().map(clean), fx);
                }
                _ => {}
            }
            return;
        };
        let len = results.len();
        if results.cursor.step(action, len) {
            return;
        }
        match action {
            Action::Open | Action::Right => self.commands.viewer = results.view(),
            Action::Back | Action::Left => self.commands.results = None,
            Action::SwitchView => {
                results.by_node = !results.by_node;
                results.cursor = Default::default();
            }
            Action::PickResult => {
                let key = results.current_key();
                results.picked = if results.picked == key { None } else { key };
            }
            Action::DiffGroups => self.diff_results(),
            Action::OpenShell => {
                let node = results.current().first().map(|invocation| invocation.node.clone());
                self.shell_on(node, fx);
            }
            Action::Copy => {
                let id = results.id.clone();
                self.copy(Some(clean(&id)), fx);
            }
            _ => {}
        }
    }

    /// Shows a command's results.
    pub(super) fn open_results(&mut self, id: String, fx: &mut Vec<Effect>) {
        self.commands.results = Some(commands::Results::new(id.clone()));
        self.commands.viewer = None;
        self.ask(Query::Invocations(id), fx);
    }

    fn diff_results(&mut self) {
        let Some(results) = &self.commands.results else { return };
        let here = results.current().first().copied();
        let picked = results.picked.and_then(|key| results.with_key(key));
        let above = results.cursor.at.checked_sub(1).and_then(|at| match results.by_node {
            true => results.invocations.get(at),
            false => results.groups.get(at).and_then(|group| results.invocations.get(*group.members.first()?)),
        });
        let (Some(here), Some(other)) = (here, picked.or(above).filter(|other| Some(*other) != here)) else {
            return self.tell("Pick a result, then compare another with it.");
        };
        let lines = |invocation: &commands::Invocation| {
            invocation.lines.iter().map(|(_, line)| line.clone()).collect::<Vec<_>>()
        };
        let title = format!("{} → {}", other.name, here.name);
        let diff = super::viewer::diff(&lines(other), &lines(here));
        let file = format!("{}.diff", results.id);
        self.commands.viewer = Some(super::viewer::Viewer::new(title, file, diff));
    }

    fn ask_cancel(&mut self, command: Option<ssm::Command>) {
        let Some(command) = command else { return };
        if commands::command_outcome(&command).is_final() {
            return self.tell("This command has ended.");
        }
        let id = command.command_id.clone().unwrap_or_default();
        let open = command.target_count.unwrap_or(0) - command.completed_count.unwrap_or(0);
        let lines = vec![
            commands::summary(&command),
            format!(
                "Not ended yet: {}. What runs is stopped, what waits is dropped.",
                crate::console::text::count(usize::try_from(open).unwrap_or(0), "node")
            ),
        ];
        let change = Change::Cancel(ssm::CancelCommand { command_id: id, ..Default::default() });
        let question = Question::new("Cancel this command?", lines, Then::Change(change));
        self.overlays.push(Overlay::Question(Box::new(question)));
    }

    pub(super) fn save_form(&mut self) {
        let viewer = match self.pane {
            Pane::Parameters => self.parameters.viewer.as_ref(),
            _ => self.commands.viewer.as_ref(),
        };
        let Some(viewer) = viewer else { return };
        let (path, _) = viewer.saved(&self.save_directory);
        let field = Field::line("path", "File", "an existing file is not overwritten", &path.to_string_lossy());
        self.overlays.push(Overlay::Form(Box::new(Form::new("Save the text", Purpose::Save, vec![field]))));
    }

    pub(super) fn act_shell(&mut self, action: Action, fx: &mut Vec<Effect>) {
        if self.shells.looking_back {
            if action == Action::Back {
                return self.shells.leave_scrollback();
            }
            let Some(tab) = self.shells.current() else { return };
            let (page, back) = (usize::from(tab.size.0).saturating_sub(1).max(1), tab.terminal.modes().scrolled);
            let lines = match action {
                Action::CursorUp => back + 1,
                Action::CursorDown => back.saturating_sub(1),
                Action::PageUp => back + page,
                Action::PageDown => back.saturating_sub(page),
                Action::CursorTop => usize::MAX / 2,
                Action::CursorBottom => 0,
                _ => back,
            };
            tab.terminal.look_back(lines);
            if action != Action::Prefix {
                return;
            }
        }
        match action {
            Action::Prefix => self.prefixed = true,
            Action::SendPrefix => {
                if let Some(tab) = self.shells.current() {
                    // The key that got here is the prefix key itself.
                    let key = crossterm::event::KeyEvent::new(
                        crossterm::event::KeyCode::Char('g'),
                        crossterm::event::KeyModifiers::CONTROL,
                    );
                    fx.push(Effect::ShellInput { tab: tab.id, bytes: keys::encode(key, tab.terminal.modes()) });
                }
            }
            Action::LeaveShell => self.go(if self.left_pane == Pane::Shell { Pane::Fleet } else { self.left_pane }, fx),
            Action::FullScreen => self.shells.full_screen = !self.shells.full_screen && !self.shells.tabs.is_empty(),
            Action::TabNext | Action::TabPrevious => self.shells.turn(action == Action::TabNext),
            Action::Scrollback => self.shells.looking_back = !self.shells.tabs.is_empty(),
            Action::CloseShell => match self.shells.current().map(|tab| tab.phase.clone()) {
                Some(Phase::Closed(_)) => self.close_shell(fx),
                Some(_) => {
                    let line = "The session ends, and with it what runs in it.".to_owned();
                    let question = Question::new("Close this shell?", vec![line], Then::CloseShell);
                    self.overlays.push(Overlay::Question(Box::new(question)));
                }
                None => {}
            },
            Action::Reopen => {
                let closed = |tab: &&super::shells::Tab| matches!(tab.phase, Phase::Closed(_));
                if let Some(node) = self.shells.current().filter(closed).map(|tab| tab.node.clone()) {
                    self.shells.close();
                    self.shell_on(Some(node), fx);
                }
            }
            _ => {}
        }
    }

    pub(super) fn close_shell(&mut self, fx: &mut Vec<Effect>) {
        if let Some(tab) = self.shells.close() {
            fx.push(Effect::CloseShell { tab });
        }
        if self.shells.tabs.is_empty() {
            self.go(Pane::Fleet, fx);
        }
    }

    pub(super) fn wheel_in_shell(&mut self, up: bool, fx: &mut Vec<Effect>) {
        let Some(tab) = self.shells.current() else { return };
        let modes = tab.terminal.modes();
        if modes.alternate_screen && modes.alternate_scroll && self.shells.takes_keys() {
            let code = if up { crossterm::event::KeyCode::Up } else { crossterm::event::KeyCode::Down };
            let bytes = keys::encode(crossterm::event::KeyEvent::from(code), modes).repeat(3);
            fx.push(Effect::ShellInput { tab: tab.id, bytes });
            return;
        }
        let back = tab.terminal.look_back(if up { modes.scrolled + 3 } else { modes.scrolled.saturating_sub(3) });
        self.shells.looking_back = back > 0;
    }

    pub(super) fn resize_shells(&mut self, size: (u16, u16), fx: &mut Vec<Effect>) {
        for tab in self.shells.tabs.iter_mut().filter(|tab| tab.size != size) {
            let (rows, columns) = tab.terminal.resize(size.0, size.1);
            tab.size = size;
            fx.push(Effect::ShellResize { tab: tab.id, rows, columns });
            self.dirty = true;
        }
    }

    /// Whether the compliance pane stands where a node can be acted on.
    pub fn compliance_has_node(&self) -> bool {
        self.compliance.level != Level::Groups
    }
}
