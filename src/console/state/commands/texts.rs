//! The texts of results. Each is that of one node, as it is, whatever is left out of account where results are compared.

use super::{
    super::viewer::{Of, Tone, Viewer},
    Invocation, Results, result_words,
};
use crate::console::text::count;

/// What is said of outputs of which the service shows no more than their beginnings.
pub const FAR: &str = ", as far as the service shows";

impl Results {
    /// The lines of a result as they are, each with what it counts as where results are compared. `whole`: all that is known of
    /// it; else what is known of others as well, which may be no more than a beginning.
    pub fn compared(&self, invocation: &Invocation, whole: bool) -> Vec<(String, String)> {
        let lines = if whole { invocation.lines(usize::MAX) } else { invocation.compared() };
        self.weighed(lines, invocation)
    }

    /// Lines of a node, each with what it counts as.
    pub fn weighed(&self, lines: Vec<(Tone, String)>, invocation: &Invocation) -> Vec<(String, String)> {
        let weighed = lines.into_iter().map(|(tone, line)| {
            let counts = self.fold.compared(tone, &line, &invocation.names);
            // Where something is left out, what ends a line is no difference either.
            let counts = if self.fold.is_exact() { &counts } else { counts.trim_end() }.to_owned();
            (line, counts)
        });
        weighed.collect()
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

    /// The text of one node, and how many have this result.
    fn viewer(&self, first: &Invocation, of: usize, most: usize) -> Viewer {
        let (name, result) = (&first.name, result_words(first));
        let far = if first.is_beginning() { FAR } else { "" };
        // What is read is that of one, unless it is that of all: they go on each in its own way, all of it was fetched for one
        // alone, or they are the same but for something.
        let is_of_all = first.outcome.is_final() && first.shown.is_none() && self.fold.is_exact();
        let title = match of {
            1 => format!("{name} · {result}"),
            n if is_of_all => format!("{n} nodes with the same result{far} · {result}"),
            n => {
                let but = match self.fold.is_exact() {
                    true => String::new(),
                    false => format!(" but for {}", self.fold.words()),
                };
                format!("{name} · {result}, like {}{but}{far}", count(n - 1, "other node"))
            }
        };
        let lines = first.lines(most);
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
