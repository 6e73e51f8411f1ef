//! What actions do in each pane.

use super::{
    Pane, State,
    commands::{self, Listed},
    compliance::Level,
    confirm::Target,
    node::Node,
    overlay::{Overlay, Question, Then},
};
use crate::console::{
    action::Action,
    effect::{Change, Effect, Query},
    origin::{NodeId, Origin},
    text::{clean, count},
};

impl State {
    pub(super) fn act_fleet(&mut self, action: Action, fx: &mut Vec<Effect>) {
        let shown = self.fleet.shown();
        self.fleet.moved = true;
        // Neither a detail nor a group is seen then that a step back could close.
        if action == Action::Back && self.is_filtered_away() {
            return self.fleet.set_filter("");
        }
        if self.act_groups(action) || self.arrange_fleet(action, fx) {
            return;
        }
        if self.fleet.mark(action, self.now) || self.fleet.cursor.step(action, shown) {
            return;
        }
        match action {
            Action::Filter => {
                self.fleet.filtering = true;
                self.fleet.filter.begin_anew();
            }
            Action::Accept => self.apply_filter(fx),
            Action::Dismiss => {
                self.fleet.filtering = false;
                self.fleet.set_filter("");
            }
            Action::Back if self.fleet.detail => self.fleet.detail = false,
            Action::Back if self.fleet.close_group() => {}
            Action::Back if !self.fleet.filter.text().is_empty() => self.fleet.set_filter(""),
            Action::Open => self.open_node_view(self.fleet.current().map(Node::node_id)),
            Action::Compare => self.open_compare(fx),
            Action::FullDisks => self.show_full_disks(),
            Action::Detail => self.fleet.detail = !self.fleet.detail,
            Action::SortNext | Action::SortPrevious | Action::SortReverse => self.fleet.sort_by(action),
            Action::OpenShell => self.shell_on(self.fleet.current().map(Node::node_id), fx),
            Action::OpenShells => self.shells_on(self.fleet.chosen(), fx),
            Action::RunCommand => self.compose(self.fleet.chosen(), fx),
            Action::Scan => self.ask_scan(self.fleet.chosen()),
            Action::Watch => self.watch_nodes(self.fleet.chosen()),
            Action::Copy => self.copy(self.fleet.current().map(|node| node.id.clone()), fx),
            _ => {}
        }
    }

    /// Whether the filter of the list that is shown lets nothing through.
    pub(super) fn is_filtered_away(&self) -> bool {
        if let Some(lens) = self.lens() {
            return lens.is_empty() && lens.is_filtered();
        }
        let is_fleet = self.pane == Pane::Fleet && self.node_view.is_none() && self.compare.is_none();
        is_fleet && self.fleet.shown() == 0 && !self.fleet.filter.text().is_empty()
    }

    pub(super) fn copy(&mut self, text: Option<String>, fx: &mut Vec<Effect>) {
        if let Some(text) = text {
            let told = format!("Copied {text}");
            self.put_into_clipboard(text, told, fx);
        }
    }

    pub(super) fn act_commands(&mut self, action: Action, fx: &mut Vec<Effect>) {
        if let Some(viewer) = &mut self.commands.viewer {
            match action {
                Action::Save => self.save_form(),
                Action::Pipe => self.pipe_form(),
                Action::WholeText => self.whole_text(fx),
                _ if viewer.act(action) => {}
                Action::Back => self.commands.viewer = None,
                _ => {}
            }
            return;
        }
        match action {
            Action::Compose => return self.compose(self.fleet.marked(), fx),
            Action::RunAgain | Action::RunCommand => return self.run_again(fx),
            Action::Cancel => return self.ask_cancel(),
            Action::SendRest => return self.ask_rest(),
            Action::DropRest => return self.drop_rest(),
            _ => {}
        }
        let Some(results) = &mut self.commands.results else {
            let len = self.commands.lens.len();
            if self.commands.cursor.step(action, len) {
                return;
            }
            match action {
                Action::Open | Action::Right => {
                    let current = self.commands.current();
                    let id = current.and_then(|listed| Some((listed.origin, listed.command.command_id.clone()?)));
                    if let Some((origin, id)) = id {
                        self.open_results(origin, vec![id], fx);
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
            Action::Open | Action::Right => {
                self.commands.viewer = results.view(usize::MAX).map(|mut viewer| {
                    // What still grows is read from its end.
                    if viewer.running {
                        viewer.to_end();
                    }
                    viewer
                });
            }
            Action::Back | Action::Left => self.commands.results = None,
            Action::SwitchView => {
                results.switch();
            }
            Action::PickResult => {
                results.pick();
            }
            Action::DiffGroups => self.diff_results(),
            Action::DiffEarlier => self.diff_earlier(fx),
            Action::FoldHosts | Action::FoldTimes | Action::FoldIds | Action::FoldNumbers | Action::FoldAll => {
                self.fold(action);
            }
            Action::OpenShell => {
                let node = results.current().map(|(invocation, _)| (results.origin, invocation.node.clone()));
                self.shell_at(node, fx);
            }
            Action::Copy => {
                let id = results.id.clone();
                self.copy(Some(clean(&id)), fx);
            }
            _ => {}
        }
    }

    /// Shows the results of commands that were sent together.
    pub(super) fn open_results(&mut self, origin: Origin, ids: Vec<String>, fx: &mut Vec<Effect>) {
        self.commands.look_at(origin, ids.clone());
        self.ask(origin, Query::Invocations(ids), fx);
    }

    fn fold(&mut self, action: Action) {
        let Some(results) = &mut self.commands.results else { return };
        let mut fold = results.fold;
        match action {
            Action::FoldHosts => fold.hosts = !fold.hosts,
            Action::FoldTimes => fold.times = !fold.times,
            Action::FoldIds => fold.ids = !fold.ids,
            Action::FoldNumbers => fold.numbers = !fold.numbers,
            _ if fold.is_exact() => fold = commands::Fold { hosts: true, times: true, ids: true, numbers: true },
            _ => fold = commands::Fold::default(),
        }
        results.fold_by(fold);
        results.list_by(false);
    }

    fn diff_results(&mut self) {
        let Some(results) = &self.commands.results else { return };
        let Some((other, here)) = results.two() else {
            return self.tell("Pick a result, then compare another with it.");
        };
        // What is known of one alone is no difference.
        let whole = here.is_whole() && other.is_whole();
        let diff = super::viewer::diff_alike(&results.compared(other, whole), &results.compared(here, whole));
        let title = format!("{} → {}", other.name, here.name);
        let file = format!("{}.diff", results.id);
        let mut viewer = super::viewer::Viewer::new(title, file, diff);
        let left_out = results.fold.left_out();
        let far = (!whole).then(|| "compared as far as the service shows".to_owned());
        let notes: Vec<_> = far.into_iter().chain(left_out).collect();
        viewer.note = (!notes.is_empty()).then(|| notes.join("; "));
        self.commands.viewer = Some(viewer);
    }

    /// Opens the form with what is needed to run a command again: the one that is looked at, else the one under the cursor.
    fn run_again(&mut self, fx: &mut Vec<Effect>) {
        let commands = &self.commands;
        let listed = if commands.results.is_some() { commands.opened() } else { commands.current() };
        let Some(Listed { origin, command }) = listed.cloned() else {
            if commands.results.is_some() {
                self.tell("The history does not show this command.");
            }
            return;
        };
        if self.protects(origin) {
            return;
        }
        let called = |ids: &[String]| {
            let nodes: Vec<_> = ids.iter().map(|id| NodeId::new(origin, &**id)).collect();
            self.called_there(&nodes)
        };
        let form = super::compose::again(&command, called);
        let document = form.answer("document");
        self.overlays.push(Overlay::Form(Box::new(form)));
        self.want_documents(origin, fx);
        self.ask(origin, Query::Document(document), fx);
    }

    /// Asks whether a command shall be cancelled: the one that is looked at, else the one under the cursor. Commands that
    /// were sent together end together. One that is looked at may not be in the history yet, or no more; its ids are known.
    fn ask_cancel(&mut self) {
        let Some((origin, ids, known)) = self.to_cancel() else { return };
        if have_ended(&ids, &known) {
            return self.tell("This command has ended.");
        }
        let commands = &self.commands;
        let what = known.first().map(|command| commands::summary(command));
        let mut lines = vec![what.unwrap_or_else(|| clean(&ids.join(", ")))];
        let sum = |of: fn(&crate::ssm::Command) -> Option<i32>| -> i64 {
            known.iter().filter_map(|command| of(command)).map(i64::from).sum()
        };
        let open = sum(|command| command.target_count) - sum(|command| command.completed_count);
        let open = (!known.is_empty()).then(|| usize::try_from(open).unwrap_or(0));
        // The results say which nodes have not ended; the history only to which it was sent.
        let running = commands.results.iter().flat_map(|results| &results.invocations);
        let mut targets: Vec<Target> = running
            .filter(|invocation| !invocation.outcome.is_final())
            .map(|invocation| Target { node: NodeId::new(origin, &*invocation.node), name: clean(&invocation.name) })
            .collect();
        let are_exact = !targets.is_empty();
        if !are_exact {
            targets = self.targets_of(known.iter().flat_map(|command| self.sent_to(origin, command)));
        }
        let told = open.map(|open| format!("Not ended yet: {}. ", count(open, "node"))).unwrap_or_default();
        lines.push(format!("{told}What runs is stopped, what waits is dropped."));
        if !are_exact && !targets.is_empty() && open != Some(targets.len()) {
            lines.push("It was sent to these; its results say which of them have ended:".to_owned());
        }
        lines.extend(self.told_targets(&targets));
        if ids.len() > 1 {
            lines.push(format!("{} that were sent together", count(ids.len(), "command")));
        }
        if self.protects(origin) {
            return;
        }
        let mut question = Question::new("Cancel this command?", lines, Then::change(origin, Change::Cancel(ids)));
        question.reached = open.filter(|_| !are_exact).or((!targets.is_empty()).then_some(targets.len()));
        self.pose(question.about(targets));
    }

    /// The commands that are looked at, or the one under the cursor: their origin, their ids, and those the history has.
    fn to_cancel(&self) -> Option<(Origin, Vec<String>, Vec<&crate::ssm::Command>)> {
        let commands = &self.commands;
        let (origin, ids) = match (&commands.results, commands.current()) {
            (Some(results), _) => (results.origin, results.ids.clone()),
            (None, Some(listed)) => (listed.origin, listed.command.command_id.iter().cloned().collect()),
            (None, None) => return None,
        };
        let of = |id: &String| commands.list.iter().find(|listed| listed.is(origin, id)).map(|listed| &listed.command);
        let known = ids.iter().filter_map(of).collect();
        Some((origin, ids, known))
    }

    /// Whether there is something to cancel: of commands that were sent together one that has not ended is enough.
    pub(super) fn can_cancel(&self) -> bool {
        self.to_cancel().is_some_and(|(_, ids, known)| !have_ended(&ids, &known))
    }

    /// The nodes of an origin a command was sent to, by their ids or as far as those that match its targets are known here.
    fn sent_to(&self, origin: Origin, command: &crate::ssm::Command) -> Vec<NodeId> {
        match command.instance_ids.as_slice() {
            [] => self.matching(origin, &command.targets),
            ids => ids.iter().map(|id| NodeId::new(origin, &**id)).collect(),
        }
    }

    /// Whether the compliance pane stands where a node can be acted on.
    pub fn compliance_has_node(&self) -> bool {
        self.compliance.level != Level::Groups
    }
}

/// Whether commands have ended, as far as is known.
fn have_ended(ids: &[String], known: &[&crate::ssm::Command]) -> bool {
    known.len() == ids.len() && known.iter().all(|command| commands::command_outcome(command).is_final())
}
