//! What is pasted into shells: asked about where a slip would cost much, and streamed where it is large.

use std::{sync::Arc, time::Duration};

use crossterm::event::{KeyCode, KeyEvent};

use super::Tab;
use crate::console::{
    effect::Effect,
    state::{
        State,
        confirm::told_shell,
        overlay::{Overlay, Question, Then},
    },
    term::keys,
    text::{self, clean, count, cut, thousands},
};

/// Bytes from which on a paste is streamed, with its progress shown.
const LARGE: usize = 16 * 1024;
/// Bytes from which on it is asked about, whatever is in it.
const HUGE: usize = 64 * 1024;
/// Lines of it the question shows.
const SHOWN: usize = 6;
/// So long no key answers the question: what is typed right behind a paste was typed before anybody has read it.
const UNREAD: Duration = Duration::from_millis(500);
/// And so long after a key that did not answer it: more of the same may arrive.
const QUIET: Duration = Duration::from_millis(200);

/// A pasted text and where it goes. Says nothing of the text: it may hold anything.
#[derive(Clone, PartialEq, Eq)]
pub struct Pasted {
    /// The text.
    pub text: Arc<str>,
    /// The tabs it goes to.
    pub tabs: Vec<u64>,
}

impl std::fmt::Debug for Pasted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Pasted({} bytes into {:?})", self.text.len(), self.tabs)
    }
}

impl State {
    /// A text was pasted while keys go to shells.
    pub(in crate::console::state) fn paste_into_shells(&mut self, pasted: &str, fx: &mut Vec<Effect>) {
        let shells = self.shells.receivers();
        let names: Vec<String> = match shells.as_slice() {
            [tab] => vec![told_shell(tab)],
            tabs => tabs.iter().map(|tab| self.told_in(tab.origin, &told_shell(tab))).collect(),
        };
        let tabs: Vec<u64> = self.shells.receivers().iter().map(|tab| tab.id).collect();
        if tabs.is_empty() {
            return self.tell("Every marked shell is muted or over; nothing was pasted.");
        }
        // Terminals paste ends of lines as returns.
        let plain = pasted.replace("\r\n", "\n").replace('\r', "\n");
        let lines = plain.lines().count();
        let pasted = Pasted { text: pasted.into(), tabs };
        let guarded = self.settings.paste_guard && (lines > 1 || pasted.text.len() > HUGE);
        if !guarded && !self.shells.broadcasting {
            return self.send_paste(&pasted, fx);
        }
        let into = match names.as_slice() {
            [name] => name.clone(),
            names => format!("{}: {}", count(names.len(), "shell"), names.join(", ")),
        };
        let mut told = vec![format!("{}, {}, into {into}", count(lines, "line"), size(pasted.text.len()))];
        told.push(String::new());
        told.extend(plain.lines().take(SHOWN).map(|line| format!("  {}", cut(&clean(line), 68))));
        if lines > SHOWN {
            told.push(format!("  … {} more", count(lines - SHOWN, "line")));
        }
        let question = Question::new("Paste this?", told, Then::Paste(pasted)).deaf_until(self.now.plus(UNREAD));
        self.pose(question);
    }

    /// Whether a key is dropped, as it comes right behind a paste that is asked about. Escape leaves at once: that is no text.
    pub(in crate::console::state) fn is_deaf_to(&mut self, key: KeyEvent) -> bool {
        let now = self.now;
        let Some(Overlay::Question(question)) = self.overlays.last_mut() else { return false };
        if question.listens(now) || key.code == KeyCode::Esc {
            return false;
        }
        question.deaf_until = question.deaf_until.max(Some(now.plus(QUIET)));
        true
    }

    /// Sends a paste that nobody objects to.
    pub(in crate::console::state) fn send_paste(&mut self, pasted: &Pasted, fx: &mut Vec<Effect>) {
        let now = self.now;
        for id in &pasted.tabs {
            let Some(tab) = self.shells.tab_mut(*id).filter(|tab| tab.is_running()) else { continue };
            tab.active = now;
            let bytes = keys::paste(&pasted.text, tab.terminal.modes());
            match bytes.len() > LARGE || tab.pasting.is_some() {
                true => fx.push(Effect::ShellPaste { tab: *id, bytes: bytes.into() }),
                false => fx.push(Effect::ShellInput { tab: *id, bytes }),
            }
        }
    }

    /// Stops the pastes under way in the shells that are typed into.
    pub(in crate::console::state) fn cancel_pastes(&mut self, fx: &mut Vec<Effect>) {
        let pasting = |tab: &&Tab| tab.pasting.is_some();
        let tabs: Vec<u64> = self.shells.tabs.iter().filter(pasting).map(|tab| tab.id).collect();
        if tabs.is_empty() {
            return self.tell("Nothing is being pasted.");
        }
        fx.extend(tabs.into_iter().map(|tab| Effect::CancelPaste { tab }));
    }
}

/// A number of bytes for a reader: `340 bytes`, `1.2 MB`.
pub fn size(bytes: usize) -> String {
    match bytes {
        0..10_000 => format!("{} bytes", thousands(bytes)),
        _ => text::bytes(bytes as u64),
    }
}
