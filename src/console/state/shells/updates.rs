//! What sessions report, and what programs in them ask of the user's clipboard.

use std::sync::Arc;

use super::{Phase, sizes};
use crate::console::{
    effect::Effect,
    state::{
        Pane, State,
        overlay::{Question, Then},
    },
    term::ClipboardPolicy,
    text::{clean, count, cut},
    update::ShellUpdate,
};

/// Lines of a text for the clipboard that the question shows.
const SHOWN: usize = 6;
/// Columns of the reason why a line is not mended yet.
const LONGEST_REASON: usize = 120;

impl State {
    pub(in crate::console::state) fn shell_update(&mut self, id: u64, update: ShellUpdate, fx: &mut Vec<Effect>) {
        let now = self.now;
        let shown = self.shows(Pane::Shell) && self.shells.is_shown(id);
        let typed_into = self.pane == Pane::Shell && self.shells.current().is_some_and(|tab| tab.id == id);
        let update = match update {
            ShellUpdate::Closed(trouble) => {
                let origin = self.shells.tab(id).map_or(self.origins.first(), |tab| tab.origin);
                ShellUpdate::Closed(self.advised(origin, self.explain(trouble)))
            }
            // It may have been on its way when the settings changed.
            ShellUpdate::Copy { .. } if self.clipboard_policy() == ClipboardPolicy::Off => return,
            update => update,
        };
        let Some(tab) = self.shells.tab_mut(id) else { return };
        match update {
            ShellUpdate::Started(session) => (tab.session, tab.started) = (Some(session), Some(now)),
            ShellUpdate::Follows { preferences, began } => {
                tab.preferences = Some(preferences);
                tab.started = began.or(tab.started);
            }
            ShellUpdate::Silent(silence) => tab.silence.waits(silence, now),
            ShellUpdate::Answered => tab.silence.heard(now),
            ShellUpdate::Output => {
                tab.terminal.taken();
                tab.silence.heard(now);
                tab.active = now;
                tab.news |= !shown;
            }
            ShellUpdate::Bell => tab.bell |= !typed_into,
            ShellUpdate::Connected => {
                tab.phase = Phase::Connected;
                // It was taken over with another size.
                if std::mem::take(&mut tab.draws_again) {
                    tab.tell_size = Some(now.plus(sizes::DRAWN_AGAIN));
                }
            }
            ShellUpdate::Reconnecting { attempt } => {
                // A reason is told once, and holds until there is another.
                let (since, why) = match &mut tab.phase {
                    Phase::Reconnecting { since, why, .. } => (*since, why.take()),
                    // A line that was dead before it was cut is counted from there.
                    _ => (tab.unanswered(now).map_or(now, |age| now.minus(age)), None),
                };
                tab.phase = Phase::Reconnecting { attempt, since, why };
            }
            ShellUpdate::Trouble(reason) => {
                if let Phase::Reconnecting { why, .. } = &mut tab.phase {
                    *why = Some(cut(&clean(&reason), LONGEST_REASON));
                }
            }
            ShellUpdate::Pasting(progress) => tab.pasting = progress,
            ShellUpdate::Recording(on) => tab.recording = on,
            ShellUpdate::Copy { text, ask: false } => self.copy_for(id, &text, fx),
            ShellUpdate::Copy { text, ask: true } => {
                // No box opens by itself: the next key the user types is meant for the shell.
                let told = format!(
                    "{} wants to put {} into the clipboard.",
                    tab.name,
                    count(text.chars().count(), "character")
                );
                tab.wants_copied = Some(text);
                let advice = self.prefixed_key(crate::console::action::Action::ClipboardRequest);
                self.advise(told, &format!("{advice} shows it and asks."));
            }
            ShellUpdate::Closed(trouble) => {
                tab.terminal.note(&trouble.what);
                if let Some(advice) = &trouble.advice {
                    tab.terminal.note(advice);
                }
                tab.phase = Phase::Closed(trouble);
                (tab.pasting, tab.tell_size, tab.recording) = (None, None, false);
                tab.news |= !shown;
            }
        }
    }

    /// Asks about the text that a program wants in the clipboard: of the shown shell, else of any other.
    pub(in crate::console::state) fn ask_copy(&mut self) {
        let current = self.shells.current().map(|tab| tab.id);
        let mut wanting: Vec<_> = self.shells.tabs.iter().filter(|tab| tab.wants_copied.is_some()).collect();
        wanting.sort_by_key(|tab| Some(tab.id) != current);
        let Some((id, name, text)) =
            wanting.first().and_then(|tab| Some((tab.id, tab.name.clone(), tab.wants_copied.clone()?)))
        else {
            return self.tell("No program wants to put anything into the clipboard.");
        };
        let mut lines = vec![format!("{name} offers {}", count(text.chars().count(), "character")), String::new()];
        lines.extend(text.lines().take(SHOWN).map(|line| format!("  {}", cut(&clean(line), 68))));
        if text.lines().count() > SHOWN {
            lines.push(format!("  … {} more", count(text.lines().count() - SHOWN, "line")));
        }
        let question = Question::new("Put this into the clipboard?", lines, Then::Copy { tab: id, text });
        self.pose(question);
    }

    /// Puts a program's text into the clipboard.
    pub(in crate::console::state) fn copy_for(&mut self, id: u64, text: &Arc<str>, fx: &mut Vec<Effect>) {
        let Some(tab) = self.shells.tab_mut(id) else { return };
        tab.wants_copied = None;
        let told = format!("{} put {} into the clipboard.", tab.name, count(text.chars().count(), "character"));
        self.put_into_clipboard(text.to_string(), told, fx);
    }

    /// The keys of an action after the prefix, as they are shown: `^g y`.
    pub fn prefixed_key(&self, action: crate::console::action::Action) -> String {
        use crate::console::action::{Action, Layer};
        let prefix = self.keymap.key_for(&[Layer::Shell.name()], Action::Prefix).unwrap_or_default();
        let key = self.keymap.key_for(&[Layer::Prefix.name()], action).unwrap_or_default();
        format!("{prefix} {key}")
    }
}
