//! The texts of results: a node's own, and what several nodes have in common.

use super::{
    super::viewer::{Of, Tone, Viewer},
    Invocation, Results, result_words,
};
use crate::console::text::count;

/// What is said of outputs of which the service shows no more than their beginnings.
pub const FAR: &str = ", as far as the service shows";

impl Results {
    /// What results have in common that differ only in what is left out of account; a result's own text where there is one
    /// only.
    pub fn common(&self, invocation: &Invocation, of: usize, most: usize) -> Vec<(Tone, String)> {
        self.folded_lines(invocation.lines(most), invocation, of)
    }

    /// The same as it is compared with what is known of another, which may be no more than a beginning.
    pub fn compared(&self, invocation: &Invocation, of: usize) -> Vec<(Tone, String)> {
        self.folded_lines(invocation.compared(), invocation, of)
    }

    fn folded_lines(&self, mut lines: Vec<(Tone, String)>, invocation: &Invocation, of: usize) -> Vec<(Tone, String)> {
        if of > 1 && !self.fold.is_exact() {
            for (_, line) in lines.iter_mut().filter(|(tone, _)| *tone != Tone::Heading) {
                *line = self.fold.apply(line, &invocation.names).into_owned();
            }
        }
        lines
    }

    /// The text of what is under the cursor: its beginning for a glance, or all of it.
    pub fn view(&self, most: usize) -> Option<Viewer> {
        let (first, of) = self.current()?;
        Some(self.viewer(first, of, most))
    }

    /// The text of a node that is read, as it is now.
    pub fn view_again(&self, of: &Of) -> Option<Viewer> {
        Some(self.viewer(self.of_node(&of.node)?, of.nodes, usize::MAX))
    }

    fn viewer(&self, first: &Invocation, of: usize, most: usize) -> Viewer {
        let title = match of {
            1 => format!("{} · {}", first.name, result_words(first)),
            // They go on each in its own way: what is read is that of one.
            n if !first.outcome.is_final() => {
                let others = count(n - 1, "other node");
                format!("{} · {}, like {others}", first.name, result_words(first))
            }
            // All of it was fetched for one of them alone.
            n if first.shown.is_some() => {
                let others = count(n - 1, "other node");
                format!("{} · {}, like {others}{FAR}", first.name, result_words(first))
            }
            n => {
                let far = if first.is_beginning() { FAR } else { "" };
                match self.fold.is_exact() {
                    true => format!("{n} nodes with the same result{far} · {}", result_words(first)),
                    false => {
                        format!("{n} nodes, the same but for {}{far} · {}", self.fold.words(), result_words(first))
                    }
                }
            }
        };
        let lines = self.common(first, of, most);
        let mut viewer = Viewer::new(title, format!("{}-{}.txt", self.id, first.node), lines);
        (viewer.note, viewer.kept) = match &first.note {
            Some(note) => (Some(note.clone()), first.kept),
            None if !first.cut || !first.outcome.is_final() => (None, first.kept),
            None if self.is_coming(first) => (Some("the beginning; fetching the rest…".to_owned()), false),
            None => (Some("the beginning".to_owned()), true),
        };
        viewer.running = !first.outcome.is_final();
        let nodes = if first.outcome.is_final() { of } else { 1 };
        let (command, node) = (self.id.clone(), first.node.clone());
        viewer.of = Some(Of { command, node, nodes, logged: first.logged });
        viewer
    }
}
