//! What actions do in each pane.

use super::{
    Pane, State,
    commands::{self, Listed},
    compliance::Level,
    form::{Field, Form, Purpose},
    overlay::{Overlay, Question, Then},
};
use crate::{
    console::{
        action::Action,
        effect::{Change, Effect, Query},
        origin::Origin,
        text::clean,
    },
    ssm,
};

impl State {
    pub(super) fn act_fleet(&mut self, action: Action, fx: &mut Vec<Effect>) {
        let shown = self.fleet.shown();
        if self.act_groups(action) || self.arrange_fleet(action, fx) {
            return;
        }
        if self.fleet.mark(action, self.now) || self.fleet.cursor.step(action, shown) {
            return;
        }
        match action {
            Action::Filter => self.fleet.filtering = true,
            Action::Accept => self.apply_filter(fx),
            Action::Dismiss => {
                self.fleet.filtering = false;
                self.fleet.set_filter("");
            }
            Action::Back if self.fleet.detail => self.fleet.detail = false,
            Action::Back if self.fleet.close_group() => {}
            Action::Back if !self.fleet.filter.text().is_empty() => self.fleet.set_filter(""),
            Action::Open => self.open_node_view(self.fleet.current().map(|node| node.id.clone())),
            Action::Compare => self.open_compare(fx),
            Action::FullDisks => self.show_full_disks(),
            Action::Detail => self.fleet.detail = !self.fleet.detail,
            Action::SortNext | Action::SortPrevious | Action::SortReverse => self.fleet.sort_by(action),
            Action::Left => self.fleet.scrolled = self.fleet.scrolled.saturating_sub(1),
            Action::Right => {
                self.fleet.scrolled = (self.fleet.scrolled + 1).min(self.fleet.shown_columns().len().saturating_sub(2))
            }
            Action::OpenShell => self.shell_on(self.fleet.current().map(|node| node.id.clone()), fx),
            Action::OpenShells => self.shells_on(self.fleet.chosen(), fx),
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
                if let Some(Listed { origin, command }) = opened {
                    let form = super::compose::again(&command);
                    let document = form.answer("document");
                    self.overlays.push(Overlay::Form(Box::new(form)));
                    self.want_documents(origin, fx);
                    self.ask(origin, Query::Document(document), fx);
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
                    let current = self.commands.current();
                    let id = current.and_then(|listed| Some((listed.origin, listed.command.command_id.clone()?)));
                    if let Some((origin, id)) = id {
                        self.open_results(origin, id, fx);
                    }
                }
                Action::Copy => {
                    let id = self.commands.current().and_then(|listed| listed.command.command_id.clone());
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
    pub(super) fn open_results(&mut self, origin: Origin, id: String, fx: &mut Vec<Effect>) {
        self.commands.results = Some(commands::Results::new(origin, id.clone()));
        self.commands.viewer = None;
        self.ask(origin, Query::Invocations(id), fx);
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

    fn ask_cancel(&mut self, listed: Option<Listed>) {
        let Some(Listed { origin, command }) = listed else { return };
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
        let question = Question::new("Cancel this command?", lines, Then::change(origin, change));
        self.overlays.push(Overlay::Question(Box::new(question)));
    }

    pub(super) fn save_form(&mut self) {
        let viewer = match self.pane {
            Pane::Fleet => self.node_view.as_ref().and_then(super::node_view::NodeView::viewer),
            Pane::Parameters => self.parameters.viewer.as_ref(),
            Pane::Sessions => self.sessions.viewer.as_ref(),
            _ => self.commands.viewer.as_ref(),
        };
        let Some(viewer) = viewer else { return };
        let (path, _) = viewer.saved(&self.save_directory);
        let field = Field::line("path", "File", "an existing file is not overwritten", &path.to_string_lossy());
        self.overlays.push(Overlay::Form(Box::new(Form::new("Save the text", Purpose::Save, vec![field]))));
    }

    /// Whether the compliance pane stands where a node can be acted on.
    pub fn compliance_has_node(&self) -> bool {
        self.compliance.level != Level::Groups
    }
}
