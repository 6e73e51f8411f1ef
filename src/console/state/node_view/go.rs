//! Going to a place on a node by what it is called: a folder or a file by its path, a log by its unit or its path.

use super::{NodeView, Subject, Tab, files::join, log::Source};
use crate::console::{
    effect::Effect,
    origin::NodeId,
    state::{
        Pane, State,
        form::{Field, Form, Purpose},
        node::Node,
        overlay::Overlay,
    },
};

impl State {
    /// The node that `files` and `logs` are about where they name none: that of the view, or the one under the cursor.
    fn node_here(&self) -> Result<NodeId, String> {
        let view = self.shown_node_view().map(|view| view.node.clone());
        let here = view.or_else(|| match self.pane {
            Pane::Fleet => self.fleet.current().map(Node::node_id),
            _ => None,
        });
        here.ok_or_else(|| "there is no node here; name one".to_owned())
    }

    /// The node that a text names, and the path behind it. Either may be missing.
    pub(in crate::console::state) fn node_and_path(&self, text: &str) -> Result<(NodeId, Option<String>), String> {
        let text = text.trim();
        let (name, path) = match text.find('/').filter(|at| *at == 0 || text[..*at].ends_with(' ')) {
            Some(at) => (text[..at].trim(), Some(text[at..].to_owned())),
            None => (text, None),
        };
        let node = if name.is_empty() { self.node_here()? } else { self.fleet.called(name)? };
        Ok((node, path))
    }

    /// Goes to the files of a node: to a folder or a file of it, if the text names a path.
    pub(in crate::console::state) fn files_called(&mut self, text: &str, fx: &mut Vec<Effect>) -> Result<(), String> {
        let (node, path) = self.node_and_path(text)?;
        let view = self.view_of(node, Tab::Files, fx);
        match path {
            Some(path) => view.go_to_path(&path),
            None => view.files.viewer = None,
        }
        Ok(())
    }

    /// Goes to the logs of a node: to a file, if the text names a path, or to what a unit wrote.
    pub(in crate::console::state) fn logs_called(&mut self, text: &str, fx: &mut Vec<Effect>) -> Result<(), String> {
        let named = self.node_and_path(text);
        let (node, source) = match (named, text.trim().rsplit_once(' ')) {
            (Ok((node, Some(path))), _) => (node, Some(Source::File(path))),
            (Ok((node, None)), _) => (node, None),
            (Err(_), Some((node, unit))) => (self.fleet.called(node.trim())?, Some(Source::Unit(unit.to_owned()))),
            // Nobody calls a node by the name of a unit.
            (Err(_), None) if text.trim().ends_with(".service") => {
                (self.node_here()?, Some(Source::Unit(text.trim().to_owned())))
            }
            (Err(problem), None) => return Err(problem),
        };
        let view = self.view_of(node, Tab::Logs, fx);
        if let Some(source) = source.filter(|source| view.log.source != *source) {
            view.follow(source);
        }
        Ok(())
    }

    /// Shows a tab of the view of a node. What was seen of the node before stays.
    fn view_of(&mut self, node: NodeId, tab: Tab, fx: &mut Vec<Effect>) -> &mut NodeView {
        self.go(Pane::Fleet, fx);
        let view = self.node_view.take().filter(|view| view.node == node);
        let view = self.node_view.insert(view.unwrap_or_else(|| NodeView::of(node, tab)));
        view.tab = tab;
        view
    }

    /// Asks for the path to go to.
    pub(super) fn ask_path(&mut self) {
        let Some(view) = &self.node_view else { return };
        let hint = "a folder or a file; one without / at its beginning is below this folder";
        let field = Field::line("path", "Path", hint, &view.files.path);
        self.overlays.push(Overlay::Form(Box::new(Form::new("Go to a path", Purpose::GoToPath, vec![field]))));
    }

    /// Goes to a path of the node that is shown.
    pub(in crate::console::state) fn go_to_path(&mut self, path: &str) {
        if let Some(view) = &mut self.node_view {
            view.go_to_path(path);
        }
    }

    /// The paths of the shown folder that begin as a text does, for completion.
    pub(in crate::console::state) fn paths_like(&self, node: &NodeId, typed: &str) -> Vec<String> {
        let Some(view) = self.node_view.as_ref().filter(|view| view.node == *node) else { return Vec::new() };
        let paths = view.files.table.rows().iter().filter_map(|entry| {
            let end = if entry.is_folder() { "/" } else { "" };
            Some(format!("{}{end}", view.files.path_of(entry)?))
        });
        paths.filter(|path| path.starts_with(typed)).collect()
    }

    /// The units of a node that are known, for completion.
    pub(in crate::console::state) fn units_of(&self, node: &NodeId) -> Vec<String> {
        let view = self.node_view.as_ref().filter(|view| view.node == *node);
        view.map_or(Vec::new(), |view| view.services.table.rows().iter().map(|service| service.name.clone()).collect())
    }
}

impl NodeView {
    /// Goes to a folder or a file by its path, from the folder that is shown.
    fn go_to_path(&mut self, path: &str) {
        let files = &mut self.files;
        files.asked = if path.starts_with('/') { path.to_owned() } else { join(&files.path, path) };
        (files.to, files.viewer, files.note) = (None, None, None);
        self.again(Subject::Folder);
    }
}
