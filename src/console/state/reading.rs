//! A text that is read, wherever it stands: it can be saved, given to a program on this machine, and made whole.

use super::{
    Pane, State,
    form::{Field, Form, Purpose},
    overlay::{Overlay, Text},
    viewer::{Tone, Viewer},
};
use crate::console::{
    action::Action,
    effect::{Effect, Programs, Query, Ran, Step},
    log::Tail,
    text::{clean, plain_lines},
    update::{ProgramUpdate, Whole},
};

/// What the fetching of a whole text is called while it is under way.
pub(super) const KEPT: &str = "whole text";

impl State {
    /// The text that is read.
    pub fn viewer(&self) -> Option<&Viewer> {
        let boxed = self.overlays.iter().rev().find_map(|overlay| match overlay {
            Overlay::Text(text) => Some(&text.viewer),
            _ => None,
        });
        boxed.or(match self.pane {
            Pane::Fleet => self.node_view.as_ref().and_then(super::node_view::NodeView::viewer),
            Pane::Commands => self.commands.viewer.as_ref(),
            Pane::Sessions => self.sessions.viewer.as_ref(),
            Pane::Parameters => self.parameters.viewer.as_ref(),
            _ => None,
        })
    }

    /// The text that is read, to move in it.
    pub(super) fn viewer_mut(&mut self) -> Option<&mut Viewer> {
        let boxed = self.overlays.iter_mut().rev().find_map(|overlay| match overlay {
            Overlay::Text(text) => Some(&mut text.viewer),
            _ => None,
        });
        boxed.or(match self.pane {
            Pane::Fleet => self.node_view.as_mut().and_then(super::node_view::NodeView::viewer_mut),
            Pane::Commands => self.commands.viewer.as_mut(),
            Pane::Sessions => self.sessions.viewer.as_mut(),
            Pane::Parameters => self.parameters.viewer.as_mut(),
            _ => None,
        })
    }

    pub(super) fn save_form(&mut self) {
        let Some(viewer) = self.viewer() else { return };
        let (path, _) = viewer.saved(&self.save_directory);
        let field = Field::line("path", "File", "an existing file is not overwritten", &path.to_string_lossy());
        self.overlays.push(Overlay::Form(Box::new(Form::new("Save the text", Purpose::Save, vec![field]))));
    }

    pub(super) fn save(&mut self, path: String, fx: &mut Vec<Effect>) {
        self.overlays.pop();
        if let Some(viewer) = self.viewer() {
            fx.push(Effect::Save { path: path.into(), text: viewer.text() });
        }
    }

    pub(super) fn pipe_form(&mut self) {
        let hint = "a line for sh on this machine, such as: grep -c error";
        let field = Field::line("program", "Program", hint, &self.piped);
        self.overlays.push(Overlay::Form(Box::new(Form::new("Give the text to", Purpose::Pipe, vec![field]))));
    }

    /// Gives the text to what the user typed. It is the user's own line on the user's own machine, so a shell reads it.
    pub(super) fn pipe(&mut self, line: String, fx: &mut Vec<Effect>) {
        self.overlays.pop();
        let Some(text) = self.viewer().map(Viewer::text) else { return };
        self.piped.clone_from(&line);
        let title = format!("| {line}");
        let words = vec!["sh".to_owned(), "-c".to_owned(), line];
        let steps = vec![Step { heading: None, words, environment: Vec::new() }];
        let programs = Programs { id: self.next_program(), title, steps, stdin: Some(text) };
        self.read_programs(&programs.title, programs.id);
        fx.push(Effect::Run(programs));
    }

    /// A number for programs that are to be run.
    pub(super) fn next_program(&mut self) -> u64 {
        self.programs += 1;
        self.programs
    }

    /// Opens the text into which programs write.
    pub(super) fn read_programs(&mut self, title: &str, id: u64) {
        let file = format!("program-{id}.txt");
        let mut viewer = Viewer::new(clean(&crate::ssm::redact::mask(title)), file, Vec::new());
        viewer.running = true;
        self.overlays.push(Overlay::Text(Box::new(Text {
            viewer,
            program: Some(id),
            begun: Default::default(),
            log: None,
        })));
    }

    /// Shows the last lines of the log; lines that are new join those that are read already.
    pub fn show_log(&mut self, tail: Tail) {
        self.dirty = true;
        let known = self.overlays.iter_mut().find_map(|overlay| match overlay {
            Overlay::Text(text) => {
                let text = &mut **text;
                text.log.as_mut().map(|read| (&mut text.viewer, read))
            }
            _ => None,
        });
        let end = tail.before.saturating_add(tail.lines.len() as u64);
        if let Some((viewer, read)) = known {
            let seen = usize::try_from(read.saturating_sub(tail.before)).unwrap_or(usize::MAX);
            let fresh: Vec<_> = tail.lines.iter().skip(seen).map(|line| toned(line)).collect();
            let dropped = (viewer.lines.len() + fresh.len()).saturating_sub(tail.lines.len());
            let follows = viewer.is_at_end();
            viewer.slide(fresh, dropped, follows);
            *read = end;
            return;
        }
        let file = tail.file.map(|file| format!(", {}", clean(&file.display().to_string()))).unwrap_or_default();
        let lines = tail.lines.iter().map(|line| toned(line)).collect();
        let mut viewer = Viewer::new(format!("Log of fleetdeck{file}"), "fleetdeck-log.txt".to_owned(), lines);
        viewer.running = true;
        viewer.to_end();
        let text = Text { viewer, program: None, begun: Default::default(), log: Some(end) };
        self.overlays.push(Overlay::Text(Box::new(text)));
    }

    /// Whether the log is being read, so that its new lines are to be shown.
    pub fn reads_log(&self) -> bool {
        self.overlays.iter().any(|overlay| matches!(overlay, Overlay::Text(text) if text.log.is_some()))
    }

    /// Programs have something to say.
    pub(super) fn program_update(&mut self, id: u64, update: ProgramUpdate) {
        let text = self.overlays.iter_mut().find_map(|overlay| match overlay {
            Overlay::Text(text) if text.program == Some(id) => Some(text),
            _ => None,
        });
        let Some(text) = text else { return };
        match update {
            ProgramUpdate::Heading(heading) => {
                text.finish_lines();
                text.viewer.append([(Tone::Heading, clean(&heading))]);
            }
            ProgramUpdate::Output { text: output, error } => text.write(&output, error),
            ProgramUpdate::Ended { word, well } => {
                text.finish_lines();
                text.viewer.running = false;
                text.program = None;
                if well {
                    text.viewer.note = text.viewer.is_empty().then(|| "it said nothing".to_owned());
                } else {
                    let told = clean(&word);
                    text.viewer.append([(Tone::Error, told.clone())]);
                    text.viewer.note = Some(told);
                }
            }
        }
    }

    /// Copies of the text that is read: the chosen lines or the one that one is at, or all of it; writes it to a file. `false`
    /// if no text is read or the action is none of these.
    pub(super) fn copies_text(&mut self, action: Action, fx: &mut Vec<Effect>) -> bool {
        let Some(viewer) = self.viewer() else { return false };
        let (lines, text) = match action {
            Action::Copy | Action::CopyRow | Action::CopySelection => viewer.chosen(),
            Action::CopyTable => (viewer.lines.len(), viewer.text().trim_end_matches('\n').to_owned()),
            Action::Export => {
                match self.pane {
                    Pane::Parameters => self.hand_out_comparison(Action::Save),
                    _ => self.save_form(),
                }
                return true;
            }
            _ => return false,
        };
        if self.pane == Pane::Parameters && self.overlays.is_empty() && self.reads_secrets() {
            self.warn("A comparison of secrets is not copied.");
            return true;
        }
        let what = match (lines, viewer_line(self.viewer(), action)) {
            (0, _) => return true,
            (1, Some(line)) => format!("line {}: {}", line + 1, crate::console::text::cut(&text, 40)),
            (n, _) => crate::console::text::count(n, "line"),
        };
        self.copy_text(&text, &what, fx);
        // What was chosen was chosen for this.
        if let Some(viewer) = self.viewer_mut() {
            viewer.selection = None;
        }
        true
    }

    pub(super) fn act_text(&mut self, action: Action, fx: &mut Vec<Effect>) {
        if self.copies_text(action, fx) {
            return;
        }
        let Some(Overlay::Text(text)) = self.overlays.last_mut() else { return };
        match action {
            Action::Save => self.save_form(),
            Action::Pipe => self.pipe_form(),
            Action::WholeText => self.whole_text(fx),
            Action::Help => self.open_help(false),
            Action::Palette => self.open_command(false),
            _ if text.viewer.act(action) => {}
            Action::Back | Action::Dismiss | Action::Quit => {
                fx.extend(text.program.map(Effect::StopPrograms));
                self.overlays.pop();
            }
            _ => {}
        }
    }

    /// Fetches all of the text from where it is kept.
    pub(super) fn whole_text(&mut self, fx: &mut Vec<Effect>) {
        let Some(viewer) = self.viewer() else { return };
        let Some(of) = viewer.of.clone().filter(|_| viewer.kept) else {
            let told = match &viewer.note {
                Some(note) => format!("Nothing more of it can be fetched: {note}."),
                None => "This is all of it.".to_owned(),
            };
            return self.tell(told);
        };
        let results = self.commands.results.as_ref().filter(|results| results.id == of.command);
        let known = results.and_then(|results| Some((results.origin, results.of_node(&of.node)?)));
        if let Some((origin, invocation)) = known {
            let (command, steps) = (invocation.command.clone(), invocation.step_names());
            self.tell_of(KEPT.to_owned(), "Fetching all of it…");
            self.ask(origin, Query::Kept(Ran { command, node: of.node, steps }), fx);
        }
    }

    /// Asks what the run before gave on the node under the cursor: the same document with the same parameters, or with
    /// others where the parameters are no script.
    pub(super) fn diff_earlier(&mut self, fx: &mut Vec<Effect>) {
        let Some(results) = &self.commands.results else { return };
        let Some(node) = results.current().map(|(invocation, _)| invocation.node.clone()) else { return };
        let origin = results.origin;
        let Some(this) = self.commands.opened().map(|listed| &listed.command) else {
            return self.tell("The history does not show this command any more.");
        };
        let before = |command: &&crate::ssm::Command| {
            command.document_name == this.document_name
                && command.requested_date_time < this.requested_date_time
                && (command.instance_ids.is_empty() || command.instance_ids.contains(&node))
        };
        let own = self.commands.list.iter().filter(|listed| listed.origin == origin).map(|listed| &listed.command);
        let earlier: Vec<_> = own.filter(before).collect();
        let same: Vec<_> = earlier.iter().copied().filter(|command| command.parameters == this.parameters).collect();
        let script = this.parameters.contains_key("commands");
        let earlier = if same.is_empty() && !script { earlier } else { same };
        let commands: Vec<_> = earlier.iter().filter_map(|command| command.command_id.clone()).take(5).collect();
        if commands.is_empty() {
            return self.tell(match script {
                true => "The history has no earlier run of this script there.",
                false => "The history has no earlier run of this document there.",
            });
        }
        self.ask(origin, Query::Earlier { commands, node }, fx);
    }

    /// There were earlier runs on a node, and the service has forgotten them.
    pub(super) fn earlier_forgotten(&mut self, node: &str) {
        let results = self.commands.results.as_ref();
        let name =
            results.and_then(|results| results.of_node(node)).map_or_else(|| clean(node), |now| now.name.clone());
        self.tell(format!(
            "The service does not keep the earlier run on {name} any more: it forgets runs after 30 days."
        ));
    }

    /// The output of an earlier run came.
    pub(super) fn land_earlier(&mut self, command: &str, whole: &Whole) {
        let Some(results) = &self.commands.results else { return };
        let Some(now) = results.of_node(&whole.node) else { return };
        let steps: Vec<_> = whole.steps.iter().map(super::commands::Step::from).collect();
        let old = results.weighed(super::commands::lines(&steps, usize::MAX), now);
        let new = results.compared(now, true);
        let at = |id: &str| {
            let listed = self.commands.list.iter().find(|listed| listed.is(results.origin, id));
            let ago = listed.and_then(|listed| listed.command.requested_date_time).map(|at| self.now.since(at));
            ago.map_or_else(
                || crate::console::text::cut(&clean(id), 9),
                |ago| format!("{} ago", crate::console::text::span(ago)),
            )
        };
        let title = format!("{}: run of {} → run of {}", now.name, at(command), at(&now.command));
        let diff = super::viewer::diff_alike(&old, &new);
        let mut viewer = Viewer::new(title, format!("{}-runs.diff", results.id), diff);
        let code = whole.steps.iter().filter_map(|said| said.code).rfind(|code| *code > 0);
        let code = code.or_else(|| whole.steps.last().and_then(|said| said.code));
        let exits = match (code, now.code) {
            (Some(old), Some(new)) if old != new => Some(format!("exit {old} → exit {new}")),
            _ => None,
        };
        let notes: Vec<_> = exits.into_iter().chain(results.fold.left_out()).collect();
        viewer.note = (!notes.is_empty()).then(|| notes.join("; "));
        self.commands.viewer = Some(viewer);
    }
}

/// A line of the log, by its level.
fn toned(line: &str) -> (Tone, String) {
    let tone = match line.split(' ').nth(1) {
        Some("WARN") => Tone::Warning,
        Some("ERROR") => Tone::Error,
        _ => Tone::Plain,
    };
    (tone, line.to_owned())
}

/// The only line that is copied.
fn viewer_line(viewer: Option<&Viewer>, action: Action) -> Option<usize> {
    viewer.filter(|_| action != Action::CopyTable).and_then(Viewer::line)
}

impl Text {
    /// Takes over what a program wrote. A line is shown when it is whole.
    fn write(&mut self, output: &str, error: bool) {
        let tone = if error { Tone::Error } else { Tone::Plain };
        let begun = &mut self.begun[usize::from(error)];
        let before = begun.len();
        begun.push_str(output);
        // What came before has no end of a line.
        let Some(end) = output.rfind('\n') else { return };
        let whole: String = begun.drain(..=before + end).collect();
        self.viewer.append(plain_lines(&whole).into_iter().map(|line| (tone, line)));
    }

    fn finish_lines(&mut self) {
        for (begun, tone) in std::mem::take(&mut self.begun).iter().zip([Tone::Plain, Tone::Error]) {
            self.viewer.append(plain_lines(begun).into_iter().map(|line| (tone, line)));
        }
    }
}
