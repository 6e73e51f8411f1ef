//! The output of a command that is read while it is written.

use super::super::{
    Pane, State,
    node_view::log::is_too_much,
    viewer::{Of, Tone, Viewer},
};
use crate::console::{
    effect::{Effect, Query, Source},
    origin::Origin,
    text::{clean, plain_lines},
    update::Followed,
};

/// What is read as it comes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Follow {
    /// The command.
    command: String,
    /// The node.
    node: String,
    /// Whether something came, which stands in place of what the list shows of it.
    has_text: bool,
    /// Whether nothing more comes.
    is_over: bool,
    /// Whether the beginning is missing: it was not read, or too much has come since.
    is_late: bool,
    /// The step that spoke last.
    step: Option<String>,
    /// Bytes of the lines.
    bytes: usize,
}

impl Follow {
    fn is_of(&self, command: &str, node: &str) -> bool {
        self.command == command && self.node == node
    }

    /// Takes over what came. Who reads further up stays there.
    fn take(&mut self, viewer: &mut Viewer, followed: &Followed) {
        let mut gone = 0;
        if !std::mem::replace(&mut self.has_text, true) {
            gone = viewer.lines.len();
        }
        self.is_late |= followed.is_late;
        let mut fresh = Vec::new();
        for piece in &followed.pieces {
            if piece.step.is_some() && self.step != piece.step {
                self.step.clone_from(&piece.step);
                fresh.extend(piece.step.as_deref().map(|step| (Tone::Heading, clean(step))));
            }
            let tone = if piece.error { Tone::Error } else { Tone::Plain };
            fresh.extend(plain_lines(&piece.text).into_iter().map(|line| (tone, line)));
        }
        self.bytes += fresh.iter().map(|(_, line)| line.len()).sum::<usize>();
        let lines = &viewer.lines;
        let all = || lines.iter().skip(gone).chain(&fresh);
        let mut left = all().count();
        let mut dropped = 0;
        for (_, line) in all() {
            if !is_too_much(left, self.bytes) {
                break;
            }
            (left, dropped, self.bytes) = (left - 1, dropped + 1, self.bytes.saturating_sub(line.len()));
        }
        self.is_late |= dropped > 0;
        let follows = viewer.is_at_end();
        viewer.slide(fresh, gone + dropped, follows);
    }
}

impl State {
    /// What is to be followed: what is read of an invocation that runs, or that was followed to its end.
    fn followable(&self) -> Option<(Origin, String, String)> {
        let results = self.commands.results.as_ref().filter(|_| self.pane == Pane::Commands)?;
        let of = self.commands.viewer.as_ref()?.of.as_ref().filter(|of| of.command == results.id)?;
        let invocation = results.of_node(&of.node)?;
        let is_on = self.commands.follow.as_ref().is_some_and(|on| on.is_of(&invocation.command, &of.node));
        let begins = invocation.logged && !invocation.outcome.is_final() && self.origins.is_ready(results.origin);
        (is_on || begins).then(|| (results.origin, invocation.command.clone(), of.node.clone()))
    }

    /// Follows what is read as long as it is.
    pub(in crate::console::state) fn want_follow(&mut self, fx: &mut Vec<Effect>) {
        let wanted = self.followable();
        let same = match (&self.commands.follow, &wanted) {
            (Some(on), Some((_, command, node))) => on.is_of(command, node),
            (on, wanted) => on.is_none() && wanted.is_none(),
        };
        if same {
            return;
        }
        if self.commands.follow.take().is_some_and(|on| !on.is_over) {
            fx.push(Effect::Forget { source: Source::Followed, side: self.split.side() });
            if let Some(results) = &mut self.commands.results {
                results.follow_feed.forget();
            }
        }
        if let Some((origin, command, node)) = wanted {
            self.commands.follow = Some(Follow { command: command.clone(), node: node.clone(), ..Follow::default() });
            self.ask(origin, Query::Follow { command, node }, fx);
        }
    }

    /// Something came of what is followed.
    pub(in crate::console::state) fn land_followed(&mut self, followed: &Followed) {
        let commands = &mut self.commands;
        if let (Some(on), Some(viewer)) = (&mut commands.follow, &mut commands.viewer)
            && on.is_of(&followed.command, &followed.node)
        {
            on.take(viewer, followed);
            self.renew_viewer();
        }
    }

    /// Nothing more comes of what was followed.
    pub(in crate::console::state) fn end_follow(&mut self) {
        if let Some(on) = &mut self.commands.follow {
            on.is_over = true;
        }
        self.renew_viewer();
    }

    /// More is known of the command whose text is read. What was followed stays as it came.
    pub(in crate::console::state) fn renew_viewer(&mut self) {
        let commands = &mut self.commands;
        let (Some(viewer), Some(results)) = (&mut commands.viewer, &commands.results) else { return };
        let Some(of) = viewer.of.clone().filter(|of: &Of| of.command == results.id) else { return };
        let Some(fresh) = results.view_again(&of) else { return };
        let command = results.of_node(&of.node).map(|invocation| invocation.command.as_str()).unwrap_or_default();
        match commands.follow.as_ref().filter(|on| on.has_text && on.is_of(command, &of.node)) {
            None => viewer.renew(fresh),
            Some(on) => {
                (viewer.title, viewer.of) = (fresh.title, fresh.of);
                viewer.running = fresh.running || !on.is_over;
                // All of it can be had when it has ended.
                viewer.kept = on.is_late && !viewer.running;
                viewer.note = on.is_late.then(|| "the last part of it".to_owned());
            }
        }
    }
}
