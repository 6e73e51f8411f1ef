//! Which layers of keys are in force, and what a key means in them.

use std::time::Duration;

use crokey::KeyCombination;
use crossterm::event::KeyEvent;

use super::{Heard, Pane, State, form, node_view::NodeView, overlay::Overlay, parameters, viewer};
use crate::{
    config::keymap::Found,
    console::{
        action::{Action, Entry, Kind, Layer},
        effect::Effect,
    },
};

/// So long nobody needs to be told which keys can come next.
pub(super) const NEXT_KEYS: Duration = Duration::from_millis(300);

impl State {
    /// The layers of keys that are in force, innermost first.
    pub fn layers(&self) -> Vec<Layer> {
        use form::Value;
        if let Some(overlay) = self.overlays.last() {
            return match overlay {
                Overlay::Question(question) if question.typed.is_some() => vec![Layer::Input, Layer::Overlay],
                Overlay::Question(_) => vec![Layer::Confirm],
                Overlay::Text(text) if text.viewer.finding => vec![Layer::Input],
                Overlay::Text(_) => vec![Layer::Output, Layer::List, Layer::Global],
                Overlay::Plan(_) => vec![Layer::Plan, Layer::Overlay],
                Overlay::Scope(_) => vec![Layer::Scope, Layer::Overlay],
                Overlay::SignIn(_) => vec![Layer::SignIn, Layer::Overlay],
                Overlay::Messages(_) => vec![Layer::Messages, Layer::Overlay],
                Overlay::Form(form) => match form.current().map(|field| &field.value) {
                    Some(Value::Text(_)) => vec![Layer::Form],
                    _ => vec![Layer::Form, Layer::Input],
                },
                Overlay::Command(_) => vec![Layer::Command],
                Overlay::Columns { .. } => vec![Layer::Columns, Layer::Overlay],
                _ => vec![Layer::Overlay],
            };
        }
        if self.prefixed {
            return vec![Layer::Prefix];
        }
        self.pane_layers()
    }

    /// The layers of keys of the pane that is shown, whatever box is over it.
    fn pane_layers(&self) -> Vec<Layer> {
        let reading = |viewer: &viewer::Viewer| match viewer.finding {
            true => vec![Layer::Input],
            false => vec![Layer::Output, Layer::List, Layer::Global],
        };
        match self.pane {
            _ if self.types_filter() => vec![Layer::Filter, Layer::Input],
            Pane::Fleet if self.node_view.is_some() => {
                self.node_view.as_ref().map(NodeView::layers).unwrap_or_default()
            }
            Pane::Fleet if self.compare.is_some() => vec![Layer::Compare, Layer::List, Layer::Global],
            Pane::Fleet if self.fleet.filtering => vec![Layer::Filter, Layer::Input],
            Pane::Fleet => vec![Layer::Fleet, Layer::List, Layer::Global],
            Pane::Compliance => vec![Layer::Compliance, Layer::List, Layer::Global],
            Pane::Commands => match &self.commands.viewer {
                Some(viewer) => reading(viewer),
                None => vec![Layer::Commands, Layer::List, Layer::Global],
            },
            Pane::Parameters => match (self.parameters.level, &self.parameters.viewer) {
                (parameters::Level::Comparison, Some(viewer)) => reading(viewer),
                (parameters::Level::Versions, _) => vec![Layer::History, Layer::List, Layer::Global],
                _ => vec![Layer::Parameters, Layer::List, Layer::Global],
            },
            Pane::Sessions => match &self.sessions.viewer {
                Some(viewer) => reading(viewer),
                None => vec![Layer::Sessions, Layer::List, Layer::Global],
            },
            Pane::Forwards => vec![Layer::Forwards, Layer::List, Layer::Global],
            Pane::Shell if self.lookback_finds() => vec![Layer::Input],
            Pane::Shell if self.shells.is_looking_back() => vec![Layer::Scrollback, Layer::Shell],
            Pane::Shell if self.shells.takes_keys() => vec![Layer::Shell],
            Pane::Shell if self.shells.tabs.is_empty() => vec![Layer::Global],
            Pane::Shell => vec![Layer::Prefix, Layer::Global],
        }
    }

    /// The names of [`State::layers`].
    pub fn layer_names(&self) -> Vec<&'static str> {
        self.layers().into_iter().map(Layer::name).collect()
    }

    /// The names of the layers under the boxes, those of the shells' prefix included.
    pub fn layers_below(&self) -> Vec<&'static str> {
        let mut layers = self.pane_layers();
        if self.pane == Pane::Shell {
            layers.insert(0, Layer::Prefix);
        }
        layers.into_iter().map(Layer::name).collect()
    }

    /// The actions that can be done here and have a meaning: those of the layers in force.
    pub fn offered(&self) -> Vec<&'static Entry> {
        let layers = self.layers();
        let own = self.own.iter().map(|own| Action::Own(own).entry());
        let offered = |entry: &&Entry| {
            layers.contains(&entry.layer) && !(self.origins.are_read_only() && entry.kind == Kind::Change)
        };
        Action::ALL.iter().chain(own).filter(offered).collect()
    }

    /// The key for an action here, as it is shown.
    pub fn key_for(&self, action: Action) -> Option<String> {
        self.keymap.key_for(&self.layer_names(), action)
    }

    /// Whether somebody stopped in the middle of a chord, and is to be shown what can come next.
    pub fn shows_next_keys(&self) -> bool {
        let waits = self.overlays.is_empty() && (self.prefixed || !self.typed.is_empty());
        waits && self.waiting.is_some_and(|since| self.now.since(since) >= NEXT_KEYS)
    }

    pub(super) fn key(&mut self, key: KeyEvent, fx: &mut Vec<Effect>) {
        let combination = KeyCombination::from(key).normalized();
        if self.prefixed && self.overlays.is_empty() && self.typed.is_empty() && self.passes_prefix(combination) {
            return self.raw_key(key, fx);
        }
        self.typed.push(combination);
        match self.keymap.find(&self.layer_names(), &self.typed) {
            Found::Action(action) if self.leaves_to_node(action) => {
                self.typed.clear();
                self.raw_key(key, fx);
            }
            Found::Action(action) => {
                self.typed.clear();
                self.pressed = Some(key);
                self.heard = Heard::Open;
                self.act(action, fx);
                self.pressed = None;
            }
            Found::More => self.heard = Heard::Open,
            Found::Nothing if self.typed.len() > 1 => self.typed.clear(),
            Found::Nothing => {
                self.typed.clear();
                self.raw_key(key, fx);
            }
        }
    }

    /// Whether a key that the shells keep for themselves is the node's all the same: there is no other shell to go to.
    pub fn leaves_to_node(&self, action: Action) -> bool {
        action == Action::TabLast && self.shells.tabs.len() < 2 && self.layers() == [Layer::Shell]
    }

    /// Whether a key after the prefix is the node's all the same: it moves no edge while only those need no prefix, or it
    /// is one that the shells' own keys keep from the node.
    fn passes_prefix(&mut self, key: KeyCombination) -> bool {
        let of = |layer: Layer| self.keymap.find(&[layer.name()], &[key]);
        let edge = [Action::EdgeLeft, Action::EdgeRight, Action::EdgeUp, Action::EdgeDown];
        let after = of(Layer::Prefix);
        let passes = match self.sticky.take() {
            // The prefix begins anew, and is not typed a second time.
            Some(_) if matches!(of(Layer::Shell), Found::Action(Action::Prefix)) => {
                self.prefixed = false;
                return false;
            }
            Some(_) => !matches!(after, Found::Action(action) if edge.contains(&action)),
            None => after == Found::Nothing && of(Layer::Shell) != Found::Nothing,
        };
        self.prefixed &= !passes;
        passes
    }
}
