//! What actions do in the boxes over the panes, and what becomes of forms and questions.

use std::collections::BTreeMap;

use super::{
    State,
    canary::{self, Staged},
    compose,
    confirm::are_few,
    custom,
    form::{Purpose, Value},
    input::LineInput,
    overlay::{Overlay, Pick, Question, Then},
    parameters::forms,
    plan::Plan,
};
use crate::{
    console::{
        action::{Action, Layer, Own},
        effect::{Change, Confirmed, Effect, Query},
        keys,
        origin::{NodeId, Origin},
        text::{clean, count},
    },
    ssm,
};

/// A script of more lines stands below everything else in its question.
const LONG_SCRIPT: usize = 8;

impl State {
    pub(super) fn act_overlay(&mut self, action: Action, fx: &mut Vec<Effect>) {
        if matches!(self.overlays.last(), Some(Overlay::Command(_))) {
            return self.act_command(action, fx);
        }
        if self.act_columns(action) {
            return;
        }
        let rows = self.overlays.last().map(Overlay::rows).unwrap_or_default();
        let messages = self.notices.all().count();
        let checks = self.fleet.why.1.as_ref().map_or(0, |why| why.checks.len());
        let Some(overlay) = self.overlays.last_mut() else { return };
        match overlay {
            Overlay::Text(_) => return self.act_text(action, fx),
            Overlay::Messages(_) if action == Action::Copy => return self.copy_message(fx),
            Overlay::Plan(_) => return self.act_plan(action, fx),
            _ => {}
        }
        // How many rows it has is known where it is drawn, which keeps the window in them.
        if let Overlay::Question(question) = overlay
            && question.scroll.scroll(action, usize::MAX)
        {
            return;
        }
        let len = match overlay {
            Overlay::Messages(_) => messages,
            Overlay::Why { .. } => checks,
            _ => rows.len(),
        };
        if overlay.cursor_mut().is_some_and(|cursor| cursor.step(action, len)) {
            return;
        }
        match overlay {
            Overlay::Form(form) if form.sent.is_some() => match action {
                Action::FieldNext => form.move_focus(true),
                Action::FieldPrevious => form.move_focus(false),
                Action::Dismiss => {
                    self.overlays.pop();
                    self.tell("What was agreed to goes on; what becomes of it is told.");
                }
                _ => self.takes_nothing(),
            },
            Overlay::Form(form) => match action {
                Action::FieldNext => form.move_focus(true),
                Action::FieldPrevious => form.move_focus(false),
                Action::ChoiceNext => form.choose(true),
                Action::ChoicePrevious => form.choose(false),
                Action::Accept => match form.current().map(|field| &field.value) {
                    Some(Value::Document(_)) => self.open_picker(),
                    _ if form.is_last() => self.submit(fx),
                    _ => form.move_focus(true),
                },
                Action::Submit => self.submit(fx),
                Action::Plan => self.show_plan(fx),
                Action::Dismiss if form.is_worth_a_question() => {
                    let line = "What was typed here is not kept anywhere.".to_owned();
                    let question = Question::new("Leave without doing it?", vec![line], Then::DropForm);
                    self.pose(question);
                }
                Action::Dismiss => {
                    self.overlays.pop();
                }
                _ => {}
            },
            Overlay::Question(question) => match action {
                Action::Yes if question.is_satisfied() => self.answer(fx),
                Action::CopyInstead => {
                    if let Some(copies) = question.copies.take() {
                        (question.then, question.typed) = (copies, None);
                        self.answer(fx);
                    }
                }
                Action::Accept if question.typed.is_some() && question.is_satisfied() => self.answer(fx),
                Action::Accept if question.typed.is_some() => {}
                Action::No | Action::Dismiss | Action::Accept => {
                    let was_paste = matches!(question.then, Then::Paste(_));
                    self.overlays.pop();
                    if was_paste {
                        self.tell("Nothing was pasted.");
                    }
                }
                _ => {}
            },
            Overlay::Help { .. } | Overlay::Messages(_) | Overlay::Columns { .. } | Overlay::Why { .. } => {
                if matches!(action, Action::Dismiss | Action::Accept) {
                    self.overlays.pop();
                }
            }
            Overlay::Command(_) | Overlay::Text(_) | Overlay::Plan(_) => {}
            Overlay::SignIn(_) => self.act_sign_in(action, fx),
            Overlay::Scope(scope) => {
                let row = rows.get(scope.cursor.at).copied();
                match action {
                    Action::Mark => {
                        if let Some((_, marked)) = row.and_then(|row| scope.names.get_mut(row)) {
                            *marked = !*marked;
                            scope.touched = true;
                            scope.cursor.step(Action::CursorDown, rows.len());
                        }
                    }
                    Action::Accept => {
                        let taken = scope.taken(row);
                        self.overlays.pop();
                        self.set_scope(&taken, fx);
                    }
                    Action::Dismiss => {
                        self.overlays.pop();
                    }
                    _ => {}
                }
            }
            Overlay::Picker { items, cursor, pick, .. } => {
                let row = rows.get(cursor.at).copied();
                let chosen = row.and_then(|row| items.get(row)).map(|(name, _)| name.clone());
                match action {
                    Action::Accept => {
                        let pick = pick.clone();
                        self.overlays.pop();
                        match (pick, row, chosen) {
                            (Pick::Document, _, Some(name)) => self.picked_document(name, fx),
                            (Pick::Signal { node, process }, Some(_), Some(signal)) => {
                                self.ask_signal(node, &process, &signal);
                            }
                            (Pick::Shell { place, mut choices }, Some(row), _) if row < choices.len() => {
                                self.picked_shell(place, choices.swap_remove(row), fx);
                            }
                            (Pick::Group(mut choices), Some(row), _) if row < choices.len() => {
                                self.fleet.set_group(choices.swap_remove(row));
                            }
                            (Pick::View(views), Some(row), _) if row < views.len() => self.set_view(&views[row]),
                            (Pick::Cell(texts), Some(row), _) if row < texts.len() => {
                                self.copy_text(&texts[row], &texts[row], fx);
                            }
                            _ => {}
                        }
                    }
                    Action::Dismiss => {
                        self.overlays.pop();
                    }
                    _ => {}
                }
            }
        }
    }

    /// What a form that is on its way holds is what was agreed to.
    pub(super) fn takes_nothing(&mut self) {
        self.tell("This is on its way: nothing is typed into it until its answer is there.");
    }

    pub(super) fn open_help(&mut self, prefixed: bool) {
        let mut layers = self.layers();
        if prefixed {
            layers = vec![Layer::Prefix, Layer::Scrollback, Layer::Global];
        }
        let others = Layer::ALL.iter().map(|(layer, ..)| *layer).filter(|layer| !layers.contains(layer));
        // What works here stands before what works elsewhere, each key with what it means here.
        let here = layers.iter().enumerate().map(|(at, layer)| keys::beyond(&self.keymap, *layer, &layers[..at]));
        let elsewhere = others.map(|layer| keys::of_layer(&self.keymap, layer));
        let mut lines: Vec<_> = here.chain(elsewhere).flatten().collect();
        // A command of the user's own without a key is found by its name.
        let named = self.own.iter().filter(|own| own.command.key.is_none());
        let colon = self.key_for(Action::Palette).unwrap_or_default();
        lines.extend(named.map(|own| keys::HelpLine {
            layer: Layer::Global,
            keys: format!("{colon}{}", own.command.name),
            spelled: Vec::new(),
            action: Action::Own(own),
            sources: vec![format!("{}:{}", own.command.file, own.command.line)],
        }));
        self.overlays.push(Overlay::Help { lines, filter: Default::default(), cursor: Default::default() });
    }

    /// Opens help with what it says about one action.
    pub(super) fn open_help_on(&mut self, action: Action) {
        self.open_help(false);
        if let Some(Overlay::Help { filter, .. }) = self.overlays.last_mut() {
            *filter = LineInput::from(action.entry().name);
        }
    }

    fn open_picker(&mut self) {
        let items = self.documents.list.clone();
        if items.is_empty() {
            return match self.documents.feed.trouble().cloned() {
                Some(trouble) => self.fail(trouble),
                None => self.tell("The list of documents is on its way; try again in a moment."),
            };
        }
        let title = "Choose a document".to_owned();
        let (input, cursor) = Default::default();
        self.overlays.push(Overlay::Picker { title, input, items, cursor, pick: Pick::Document });
    }

    pub(super) fn picked_document(&mut self, name: String, fx: &mut Vec<Effect>) {
        if let Some(Overlay::Form(form)) = self.overlays.last_mut() {
            compose::choose_document(form, &name);
            self.ask(self.documents.origin, Query::Document(name), fx);
        }
    }

    fn answer(&mut self, fx: &mut Vec<Effect>) {
        let Some(Overlay::Question(mut question)) = self.overlays.pop() else { return };
        let (rest, rest_of) = (std::mem::take(&mut question.rest), question.rest_of);
        match question.answered(self.agreed + 1) {
            Ok(confirmed) => {
                let confirmed = self.agree(confirmed);
                let origins: Vec<Origin> = confirmed.iter().map(Confirmed::origin).collect();
                match rest_of {
                    _ if origins.is_empty() => {}
                    Some(canary) => self.begin_rest(canary, self.agreed, origins),
                    None if rest.is_empty() => {}
                    None => self.staged.push(Staged::new(self.agreed, origins, rest)),
                }
                // That a rest is being sent is written down before it is: one who is killed between the two sends it twice.
                self.note_canaries(fx);
                fx.extend(confirmed.into_iter().map(Effect::Change));
            }
            Err(Then::Quit) => fx.push(Effect::Quit),
            Err(Then::CloseShell) => self.close_shell(fx),
            Err(Then::OpenLink(address)) => self.open_link(address, fx),
            Err(Then::CopyLink(address)) => self.copy_link(&address, fx),
            Err(Then::RemoveForwards(ids)) => self.remove_forwards(&ids, fx),
            Err(Then::Sample(nodes)) => self.ask_samples(nodes, fx),
            Err(Then::CopyLine(line)) => {
                self.put_into_clipboard(line.to_string(), "Copied the line for the AWS CLI.", fx);
            }
            Err(Then::OpenShells(nodes)) => self.open_shells(&nodes, fx),
            Err(Then::Anew { tab }) => self.begin_anew(tab, fx),
            Err(Then::Paste(pasted)) => self.send_paste(&pasted, fx),
            Err(Then::Copy { tab, text }) => self.copy_for(tab, &text, fx),
            Err(Then::DropForm) => {
                self.overlays.pop();
            }
            Err(Then::Change(_)) => {}
        }
    }

    /// Changes were agreed to: those that are to be made. Those of a read-only origin are refused, and nothing waits for them.
    #[must_use]
    fn agree(&mut self, confirmed: Vec<Confirmed>) -> Vec<Confirmed> {
        let confirmed: Vec<_> = confirmed.into_iter().filter(|change| !self.protects(change.origin())).collect();
        self.sent_together = confirmed.len();
        let Some(first) = confirmed.first() else { return confirmed };
        self.agreed = first.number();
        // The form that led here stays until the service has said yes: nobody types a script twice.
        if let Some(Overlay::Form(form)) = self.overlays.last_mut() {
            form.sent = Some(self.agreed);
        }
        for confirmed in &confirmed {
            self.under_way.begin(confirmed, self.now);
            match confirmed.change() {
                Change::Run(programs) => self.read_programs(&programs.title, programs.id),
                Change::Upload(copying) => self.list_copying(copying, "upload", Some(self.agreed)),
                _ => {}
            }
        }
        confirmed
    }

    fn submit(&mut self, fx: &mut Vec<Effect>) {
        let Some(Overlay::Form(form)) = self.overlays.last() else { return };
        if form.sent.is_some() {
            return;
        }
        let outcome = match &form.purpose {
            Purpose::Command => self.written(form).map(|written| Submitted::Send(Box::new(written))),
            Purpose::Create | Purpose::Edit { .. } => {
                let began = form.began();
                forms::request(form).map(|put| Submitted::Put(Box::new(put), began))
            }
            Purpose::Awaited { .. } => Err(("value", "the value has not come yet".to_owned())),
            Purpose::Label { name, version } => forms::labels(form).map(|labels| {
                let parameter_version = Some(*version);
                Submitted::Label(ssm::LabelParameterVersion { name: name.clone(), parameter_version, labels })
            }),
            Purpose::Unlabel { name, version } => forms::labels(form).map(|labels| {
                Submitted::Unlabel(ssm::UnlabelParameterVersion {
                    name: name.clone(),
                    parameter_version: *version,
                    labels,
                })
            }),
            Purpose::Tags(tagged) => {
                tagged.change(form).map(|change| Submitted::Tags(tagged.origin, change.map(Box::new)))
            }
            Purpose::Retag { nodes } => {
                let (nodes, text) = (nodes.clone(), form.answer("tags"));
                self.confirm_together(&nodes, &text).map(|()| Submitted::Asked)
            }
            Purpose::Code { origin } => {
                let code = form.given("code").ok_or(("code", "type what the device shows".to_owned()));
                code.map(|code| Submitted::Code(*origin, code))
            }
            Purpose::Save => form.given("path").map(Submitted::Save).ok_or(("path", "name a file".to_owned())),
            Purpose::Pipe => form.given("program").map(Submitted::Pipe).ok_or(("program", "name a program".to_owned())),
            Purpose::Own { own, nodes } => Ok(Submitted::Own(own, nodes.clone(), custom::answers(form))),
            Purpose::Forward(id) => {
                let read = self.read_forward(form, *id);
                read.map(|(entry, kept)| Submitted::Forward(*id, Box::new(entry), kept))
            }
            Purpose::EditFile { .. } => self.read_edit(form).map(|write| Submitted::Write(Box::new(write))),
            Purpose::Download { .. } | Purpose::Upload { .. } => {
                self.read_copying(form).map(|copying| Submitted::Copying(Box::new(copying)))
            }
            Purpose::GoToPath => form.given("path").map(Submitted::Path).ok_or(("path", "name a path".to_owned())),
            Purpose::Why => form.given("node").map(Submitted::Why).ok_or(("node", "name a node".to_owned())),
            Purpose::SaveView => form.given("name").map(Submitted::View).ok_or(("name", "give it a name".to_owned())),
            Purpose::Export => {
                let form = form.clone();
                self.export(&form, fx).map(|()| Submitted::Export)
            }
            Purpose::RenameShell { tab } => Ok(Submitted::RenameShell(*tab, form.given("name"))),
        };
        match outcome {
            Err((field, problem)) => {
                if let Some(Overlay::Form(form)) = self.overlays.last_mut() {
                    form.focus_on(field);
                    form.problem = Some(problem);
                }
            }
            Ok(Submitted::Send(written)) => self.plan_send(*written, true, fx),
            Ok(Submitted::Put(put, began)) => self.confirm_put(*put, began),
            Ok(Submitted::Label(label)) => {
                let line = format!("{} to version {}", label.labels.join(", "), label.parameter_version.unwrap_or(0));
                self.confirm_parameter("Label this version?", vec![clean(&label.name), line], Change::Label(label));
            }
            Ok(Submitted::Unlabel(unlabel)) => {
                let line = format!("{} from version {}", unlabel.labels.join(", "), unlabel.parameter_version);
                self.confirm_parameter(
                    "Take these labels away?",
                    vec![clean(&unlabel.name), line],
                    Change::Unlabel(unlabel),
                );
            }
            Ok(Submitted::Tags(origin, change)) => self.confirm_tags(origin, change.map(|change| *change)),
            Ok(Submitted::Code(origin, code)) => {
                self.overlays.pop();
                self.enter_code(origin, code, fx);
            }
            Ok(Submitted::Save(path)) => self.save(path, fx),
            Ok(Submitted::Pipe(line)) => self.pipe(line, fx),
            Ok(Submitted::Own(own, nodes, answers)) => {
                self.overlays.pop();
                self.prepare_own(own, &nodes, &answers, fx);
            }
            Ok(Submitted::Forward(id, entry, kept)) => {
                self.overlays.pop();
                match id {
                    Some(id) => self.edit_forward(id, *entry, kept, fx),
                    None => self.add_forward(*entry, kept, fx),
                }
            }
            Ok(Submitted::Write(write)) => self.confirm_write(*write),
            Ok(Submitted::Copying(copying)) => self.begin_copying(*copying, fx),
            Ok(Submitted::Path(path)) => {
                self.overlays.pop();
                self.go_to_path(&path);
            }
            Ok(Submitted::Why(node)) => {
                self.overlays.pop();
                self.ask_why(node, None, fx);
            }
            Ok(Submitted::View(name)) => {
                self.overlays.pop();
                self.save_view(&name, fx);
            }
            Ok(Submitted::Export) => drop(self.overlays.pop()),
            Ok(Submitted::Asked) => {}
            Ok(Submitted::RenameShell(tab, name)) => {
                self.overlays.pop();
                self.rename_shell(tab, name);
            }
        }
    }

    fn confirm_parameter(&mut self, title: &str, lines: Vec<String>, change: Change) {
        let question = Question::new(title, lines, Then::change(self.parameters.origin, change));
        self.pose(question);
    }

    /// Asks whether something shall be changed on a node.
    pub(super) fn confirm_on(&mut self, origin: Origin, title: &str, lines: Vec<String>, change: Change) {
        if self.protects(origin) {
            return;
        }
        let then = Then::change(origin, change);
        self.pose(Question::new(title, lines, then));
    }

    /// Shows what the command in the form would do.
    fn show_plan(&mut self, fx: &mut Vec<Effect>) {
        let Some(Overlay::Form(form)) = self.overlays.last() else { return };
        if form.purpose != Purpose::Command {
            return;
        }
        match self.written(form) {
            Ok(written) => self.plan_send(written, false, fx),
            Err((field, problem)) => {
                if let Some(Overlay::Form(form)) = self.overlays.last_mut() {
                    form.focus_on(field);
                    form.problem = Some(problem);
                }
            }
        }
    }

    /// Asks whether a command shall be sent, and names the nodes.
    pub(super) fn confirm_plan(&mut self, plan: &Plan) {
        if plan.parts.is_empty() {
            self.protects(plan.refused.unwrap_or_else(|| self.origins.first()));
            return;
        }
        let send = &plan.send;
        let mut words = plan.words().into_iter().map(|(words, _)| words);
        let mut lines: Vec<String> = words.next().into_iter().collect();
        // What waits for the canary is asked about by itself. The words of a canary name its nodes, but not their places.
        let targets = plan.now();
        let are_told = plan.rest.is_empty() || self.origins.are_several_known();
        if are_told {
            lines.extend(self.told_targets(&targets));
        }
        if plan.rest.is_empty() && plan.parts.len() > 1 && plan.batches() == plan.parts.len() {
            lines.push(format!("as {}, one for each of these origins", count(plan.parts.len(), "command")));
        }
        lines.extend(words);
        // All of it: what is agreed to can be read, however long it is. What a short one has below it stands above a long one.
        let script = canary::script(send);
        let is_long = script.len() > LONG_SCRIPT;
        lines.extend(is_long.then(|| plan.rate()));
        lines.extend((!script.is_empty()).then(String::new));
        let title = format!("Run {}?", clean(&send.document_name));
        let reached = targets.len();
        let line = self.command_lines(plan);
        let part = |(origin, part): &(Origin, ssm::SendCommand)| (*origin, Change::Send(Box::new(part.clone())));
        let changes = plan.parts.iter().map(part).collect();
        let mut question = Question::new(&title, lines, Then::Change(changes)).or_copy(Then::CopyLine(line.into()));
        question = question.showing(script);
        if !is_long {
            question.lines.extend([String::new(), plan.rate()]);
        }
        if !plan.rest.is_empty() {
            if !are_told || !are_few(&targets) {
                question.lines.extend(self.all_targets("First", &targets));
            }
            question.lines.extend(self.all_targets("After a look at what came of it", &plan.later()));
            question.is_listed = true;
        }
        if !plan.exact {
            // How many it reaches, nobody here knows.
            question = question.typing("targets");
        } else if !send.targets.is_empty() && reached > 1 {
            question = question.typing(&reached.to_string());
        }
        question.rest.clone_from(&plan.rest);
        self.pose(question.about(targets));
    }

    /// Nodes by origin: where something may be changed, and where not.
    pub(super) fn writable(&self, nodes: &[NodeId]) -> (Vec<Part>, Vec<Part>) {
        self.by_origin(nodes).into_iter().partition(|(origin, _)| !self.origins.is_read_only(*origin))
    }

    /// What a question says of nodes that are left out.
    pub(super) fn left_out(&self, refused: &[Part]) -> Vec<String> {
        let line = |(origin, nodes): &Part| {
            format!("left out, read-only: {} ({})", self.origins.label(*origin), count(nodes.len(), "node"))
        };
        refused.iter().map(line).collect()
    }

    /// Nodes by origin, in the order of the scope. Without nodes it is the first origin, which may know better.
    fn by_origin(&self, nodes: &[NodeId]) -> Vec<Part> {
        let mut parts: BTreeMap<Origin, Vec<String>> = BTreeMap::new();
        for node in nodes {
            parts.entry(node.origin).or_default().push(node.id.clone());
        }
        if parts.is_empty() {
            parts.insert(self.origins.first(), Vec::new());
        }
        parts.into_iter().collect()
    }
}

/// The nodes of one origin.
pub(super) type Part = (Origin, Vec<String>);

/// The nodes of all of these.
pub(super) fn nodes_of(parts: &[Part]) -> impl Iterator<Item = NodeId> + '_ {
    parts.iter().flat_map(|(origin, ids)| ids.iter().map(|id| NodeId::new(*origin, &**id)))
}

enum Submitted {
    Send(Box<compose::Written>),
    Put(Box<ssm::PutParameter>, Option<i64>),
    Label(ssm::LabelParameterVersion),
    Unlabel(ssm::UnlabelParameterVersion),
    Tags(Origin, Option<Box<crate::console::effect::Retag>>),
    Save(String),
    Why(String),
    Path(String),
    View(String),
    Export,
    /// A question stands over the form.
    Asked,
    Pipe(String),
    Own(&'static Own, Vec<NodeId>, std::collections::BTreeMap<String, String>),
    Code(Origin, String),
    Forward(Option<u64>, Box<crate::config::forward::Forward>, super::forwards::Kept),
    RenameShell(u64, Option<String>),
    Write(Box<crate::console::effect::WriteFile>),
    Copying(Box<crate::console::effect::Copying>),
}
