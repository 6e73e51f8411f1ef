//! What is asked before something on a node changes: signals, services, files.

use super::{Subject, Tab, Transfer, files::Editable, processes};
use crate::console::{
    action::Action,
    effect::{Change, Copying, Effect, OnNode, WriteFile},
    origin::NodeId,
    probe::processes::Process,
    state::{
        State, difference,
        form::{Editor, Field, Form, Purpose, Value},
        overlay::{Overlay, Pick, Question, Then},
    },
    text::{bytes, clean, cut},
};

impl State {
    /// Offers the signals for the process under the cursor.
    pub(super) fn pick_signal(&mut self) {
        let Some(view) = &self.node_view else { return };
        let Some(process) = view.processes.table.current().map(|row| row.process.clone()) else { return };
        let title = format!("Signal for {} {}", process.pid, cut(&process.command, 40));
        let items = processes::SIGNALS.iter().map(|(name, about)| ((*name).to_owned(), (*about).to_owned())).collect();
        let pick = Pick::Signal { node: view.node.clone(), process: Box::new(process) };
        let (input, cursor) = Default::default();
        self.overlays.push(Overlay::Picker { title, input, items, cursor, pick });
    }

    /// Asks whether a signal shall be sent.
    pub(in crate::console::state) fn ask_signal(&mut self, node: NodeId, process: &Process, signal: &str) {
        let what = format!("send {signal} to {} {}", process.name, process.pid);
        let lines = vec![
            format!("on {}", self.told_node(&node)),
            format!("  {} {}", process.pid, cut(&process.command, 60)),
            format!("  of {}, {}", process.user, bytes(process.memory)),
        ];
        let script = processes::signal_script(signal, process);
        let title = format!("Send {signal}?");
        let on_node = OnNode { node: node.id, what, script };
        self.confirm_on(node.origin, &title, lines, Change::OnNode(Box::new(on_node)));
    }

    /// Asks whether the service under the cursor shall be started, stopped or restarted.
    pub(super) fn ask_service(&mut self, action: Action) {
        let Some(view) = &self.node_view else { return };
        let Some(service) = view.services.table.current() else { return };
        let verb = match action {
            Action::StartService => "start",
            Action::StopService => "stop",
            _ => "restart",
        };
        let Some(script) = view.services.manager.command(verb, &service.name) else { return };
        let what = format!("{verb} {}", service.name);
        let state = match service.active.as_str() {
            "" => format!("how {} is now is not known", service.name),
            active => format!("{} is {active} {}", service.name, service.sub),
        };
        let lines = vec![
            format!("on {}", self.told_node(&view.node)),
            format!("  {state}"),
            format!("  {}", cut(&service.description, 60)),
            format!("  {}", cut(&clean(&script), 70)),
        ];
        let title = format!("{}{} {}?", verb[..1].to_uppercase(), &verb[1..], cut(&service.name, 40));
        let NodeId { origin, id: node } = view.node.clone();
        self.confirm_on(origin, &title, lines, Change::OnNode(Box::new(OnNode { node, what, script })));
    }

    /// Something was done on a node: what is shown of it is looked at again.
    pub(in crate::console::state) fn done_on_node(&mut self, node: &NodeId, what: &str) {
        self.tell(format!("{}: {}: done.", self.node_name(node), clean(what)));
        self.on_each_side(|state| {
            if state.node_view.as_ref().is_some_and(|view| view.node == *node && view.tab != Tab::Logs) {
                state.look_again();
            }
        });
    }

    /// Opens an editor over a file that has come.
    pub(super) fn edit_form(&mut self, node: NodeId, file: Editable) {
        let Editable { path, text, sum } = file;
        let field = Field::of("text", "Text", "", Value::Text(Editor::new(&text)));
        let purpose = Purpose::EditFile { node, path: path.clone(), old: text, sum };
        let title = format!("Edit {}", cut(&clean(&path), 60));
        self.overlays.push(Overlay::Form(Box::new(Form::new(&title, purpose, vec![field]))));
    }

    /// Reads the editor; what is wrong with it.
    pub(in crate::console::state) fn read_edit(&self, form: &Form) -> Result<WriteFile, (&'static str, String)> {
        let Purpose::EditFile { node, path, old, sum } = &form.purpose else {
            return Err(("text", "this is no file".to_owned()));
        };
        let text = form.answer("text");
        match text == *old {
            true => Err(("text", "nothing was changed".to_owned())),
            false => Ok(WriteFile { node: node.id.clone(), path: path.clone(), text, sum: sum.clone() }),
        }
    }

    /// Asks whether a file shall be written, and shows what would change.
    pub(in crate::console::state) fn confirm_write(&mut self, write: WriteFile) {
        let (node, old) = match self.overlays.last() {
            Some(Overlay::Form(form)) => match &form.purpose {
                Purpose::EditFile { node, old, .. } => (node.clone(), old.clone()),
                _ => return,
            },
            _ => return,
        };
        let lines = vec![format!("on {}", self.told_node(&node)), String::new()];
        let differs = difference::told(&old, &write.text);
        let title = format!("Write {}?", cut(&clean(&write.path), 60));
        if self.protects(node.origin) {
            return;
        }
        let then = Then::change(node.origin, Change::WriteFile(Box::new(write)));
        let question = Question::new(&title, lines, then).showing(differs);
        self.pose(question);
    }

    /// Asks where the file under the cursor shall go.
    pub(super) fn download_form(&mut self) {
        let here = self.save_directory.clone();
        let Some(view) = &mut self.node_view else { return };
        let Some(path) = view.files.current() else { return };
        let name = clean(path.rsplit('/').next().unwrap_or("file"));
        let purpose = Purpose::Download { node: view.node.clone(), path: path.clone() };
        let local = here.join(name).to_string_lossy().into_owned();
        let fields = vec![
            Field::of("remote", "From", "", Value::Fixed(clean(&path))),
            Field::line("local", "To", "a file on this machine; one that is there is not overwritten", &local),
        ];
        self.overlays.push(Overlay::Form(Box::new(Form::new("Download", purpose, fields))));
    }

    /// Asks which file shall be copied to the folder that is shown.
    pub(super) fn upload_form(&mut self) {
        let Some(view) = &self.node_view else { return };
        let folder = view.files.path.clone();
        let purpose = Purpose::Upload { node: view.node.clone(), folder: folder.clone() };
        let fields = vec![
            Field::line("local", "From", "a file on this machine", ""),
            Field::line("remote", "To", "a folder or a file there; a file that is there is replaced", &clean(&folder)),
        ];
        self.overlays.push(Overlay::Form(Box::new(Form::new("Upload", purpose, fields))));
    }

    /// Reads the form of a copy; what is wrong with it.
    pub(in crate::console::state) fn read_copying(&self, form: &Form) -> Result<Copying, (&'static str, String)> {
        let local = form.given("local").ok_or(("local", "name a file".to_owned()))?;
        let (node, remote) = match &form.purpose {
            Purpose::Download { node, path } => (node.clone(), path.clone()),
            Purpose::Upload { node, folder } => {
                let named = form.given("remote").ok_or(("remote", "name a folder".to_owned()))?;
                // What was not touched is the folder as the node has it.
                (node.clone(), if named == clean(folder).trim() { folder.clone() } else { named })
            }
            _ => return Err(("local", "this is no copy".to_owned())),
        };
        Ok(Copying { id: 0, origin: node.origin, node: node.id, remote, local: local.into() })
    }

    /// Begins a copy: one from the node at once, one to it after a yes.
    pub(in crate::console::state) fn begin_copying(&mut self, mut copying: Copying, fx: &mut Vec<Effect>) {
        let to_node =
            matches!(self.overlays.last(), Some(Overlay::Form(form)) if matches!(form.purpose, Purpose::Upload { .. }));
        self.looks_begun += 1;
        copying.id = self.looks_begun;
        if to_node {
            let lines = vec![
                format!("on {}", self.told_node(&NodeId::new(copying.origin, &*copying.node))),
                format!("  {} to {}", copying.local.display(), clean(&copying.remote)),
                "  A file of that name there is replaced when the copy is whole.".to_owned(),
            ];
            self.confirm_on(copying.origin, "Copy this file to the node?", lines, Change::Upload(Box::new(copying)));
        } else {
            self.overlays.pop();
            self.list_copying(&copying, "download", None);
            fx.push(Effect::Download(Box::new(copying)));
        }
    }

    /// A copy begins; what it is, and the number of the yes to it.
    pub(in crate::console::state) fn list_copying(&mut self, copying: &Copying, what: &str, agreed: Option<u64>) {
        let name = copying.local.file_name().map(|name| clean(&name.to_string_lossy())).unwrap_or_default();
        let what = format!("{what} {name}");
        let node = NodeId::new(copying.origin, &*copying.node);
        self.transfers.push(Transfer { id: copying.id, node, what, agreed, done: 0, total: 0 });
    }

    /// The copy from or to the shown node that began last.
    pub fn copying_here(&self) -> Option<&Transfer> {
        let view = self.shown_node_view()?;
        self.transfers.iter().rev().find(|transfer| transfer.node == view.node)
    }

    /// Breaks off the copy from or to the shown node that began last.
    pub(super) fn stop_copying(&mut self, fx: &mut Vec<Effect>) {
        let Some(Transfer { id, what, .. }) = self.copying_here().cloned() else {
            return self.tell("Nothing is copied from or to this node.");
        };
        self.tell(format!("Stopping: {what}"));
        fx.push(Effect::StopCopying(id));
    }

    /// A copy has come further, or is over.
    pub(in crate::console::state) fn copying(&mut self, id: u64, progress: Option<(u64, u64)>) {
        match progress {
            Some((done, total)) => {
                let Some(transfer) = self.transfers.iter_mut().find(|transfer| transfer.id == id) else { return };
                (transfer.done, transfer.total) = (done, total);
                // The node takes it, which may last: from here on it stands in the files.
                let agreed = transfer.agreed;
                let waits = |form: &Form| form.sent.is_some() && form.sent == agreed;
                self.overlays.retain(|overlay| !matches!(overlay, Overlay::Form(form) if waits(form)));
            }
            None => self.transfers.retain(|transfer| transfer.id != id),
        }
    }

    /// Opens what is under the cursor in the files: a folder, or a file to be read.
    pub(super) fn open_entry(&mut self, then: super::files::Then) {
        let Some(view) = &mut self.node_view else { return };
        let Some(folder) = view.files.table.current().map(crate::console::probe::files::Entry::is_folder) else {
            return;
        };
        let Some(path) = view.files.current() else { return };
        view.files.note = None;
        match (folder, then) {
            (true, super::files::Then::Edit) => {
                view.files.note = Some("a folder is not edited".to_owned());
            }
            (true, super::files::Then::View) => {
                view.files.asked = path;
                view.again(Subject::Folder);
            }
            (false, then) => {
                view.files.wanted = Some((path, then));
                view.again(Subject::File);
            }
        }
    }
}
