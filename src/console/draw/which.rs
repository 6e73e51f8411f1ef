//! The keys that can come next, shown when somebody stops in the middle of a chord or after the prefix.

use ratatui::{Frame, layout::Rect, text::Line};

use super::{View, panel};
use crate::{
    config::{keymap::display_chord, theme::Role},
    console::{
        action::{Action, Kind, Layer},
        text,
    },
};

/// Columns between two of the keys.
const GAP: usize = 2;

/// Draws the strip over the lower part of an area, if it is time for it.
pub(super) fn draw(view: &mut View<'_>, frame: &mut Frame<'_>, area: Rect) {
    if !view.state.shows_next_keys() {
        return;
    }
    let items = items(view);
    let room = usize::from(area.width.saturating_sub(3));
    let widest = items.iter().map(|(key, word)| text::width(key) + 1 + text::width(word)).max().unwrap_or(0);
    let across = ((room + GAP) / (widest + GAP).max(1)).max(1);
    let rows = items.len().div_ceil(across);
    let most = usize::from(area.height.saturating_sub(2)) * 3 / 4;
    let shown = rows.min(most);
    if shown == 0 {
        return;
    }
    let height = u16::try_from(shown).unwrap_or(0) + 2;
    let place = Rect { y: area.bottom() - height, height, ..area };
    let typed = display_chord(&view.state.typed);
    let title = match (typed.is_empty(), rows > shown) {
        (true, false) => "Next key".to_owned(),
        (false, false) => format!("{typed} and then"),
        (_, true) => format!("Next key; {} shows all", view.state.key_for(Action::Help).unwrap_or_default()),
    };
    let inner = panel(view, frame, place, &title, Role::ModalBorder);
    // From top to bottom, then to the right: neighbours in the keymap stay neighbours.
    let lines = (0..shown).map(|row| {
        let mut spans = vec![view.span(Role::Modal, " ")];
        for (key, word) in items.iter().skip(row).step_by(rows) {
            let word = text::fit(&format!(" {word}"), widest.saturating_sub(text::width(key)) + GAP);
            spans.extend([view.span(Role::Key, key.clone()), view.span(Role::Dim, word)]);
        }
        Line::from(spans)
    });
    let lines = lines.collect();
    super::lines(view, frame, inner, lines);
}

/// The keys with what they do; those of one action together.
fn items(view: &View<'_>) -> Vec<(String, &'static str)> {
    let state = view.state;
    let mut items: Vec<(String, Action)> = Vec::new();
    for binding in state.keymap.continuations(&state.layer_names(), &state.typed) {
        let rest = display_chord(binding.chord.get(state.typed.len()..).unwrap_or_default());
        let nowhere = binding.action == Action::OtherSide && !state.split.is_open();
        let refused = nowhere || state.origins.are_read_only() && binding.action.kind() == Kind::Change;
        match items.iter_mut().find(|(_, action)| *action == binding.action) {
            _ if refused => {}
            Some((keys, _)) => *keys = format!("{keys} {rest}"),
            None => items.push((rest, binding.action)),
        }
    }
    // What belongs here stands before the ways to elsewhere.
    items.sort_by_key(|(_, action)| {
        let place = Action::ALL.iter().position(|entry| entry.action == *action);
        (action.entry().layer == Layer::Global, place.unwrap_or(usize::MAX))
    });
    items.into_iter().map(|(keys, action)| (keys, action.entry().short)).collect()
}
