//! The line after `:` in the place of the footer, and above it what it can become.

use ratatui::{
    Frame,
    layout::{Position, Rect},
    text::Line,
    widgets::Paragraph,
};

use super::{View, boxes, panel};
use crate::{
    config::theme::Role,
    console::{
        action::Action,
        command::{Verb, split},
        state::command::{Candidate, CommandLine},
        text,
    },
};

/// Rows of the list, where there is room for so many.
const ROWS: u16 = 12;

/// The line.
pub(super) fn line(view: &mut View<'_>, frame: &mut Frame<'_>, area: Rect, line: &CommandLine) {
    let [sign, rest] = ratatui::layout::Layout::horizontal([
        ratatui::layout::Constraint::Length(1),
        ratatui::layout::Constraint::Fill(1),
    ])
    .areas(area);
    frame.render_widget(Paragraph::new(Line::from(view.span(Role::Key, ":"))).style(view.style(Role::Input)), sign);
    let placeholder = "an action, a pane, or node, filter, sort, shell, run, parameter, theme";
    boxes::type_line(view, frame, rest, &line.input, placeholder, true);
    let typed = line.input.text();
    let hint = match split(typed) {
        _ if typed.is_empty() => None,
        (word, rest) => Verb::named(word).filter(|_| rest.is_none_or(str::is_empty)).map(|verb| verb.usage),
    };
    // What is still to come stands where it will be typed.
    if let Some(usage) = hint {
        let at = text::width(typed) + 2 + usize::from(!typed.ends_with(' '));
        let room = usize::from(area.width).saturating_sub(at + 1);
        let place =
            Rect { x: area.x + u16::try_from(at).unwrap_or(0), width: u16::try_from(room).unwrap_or(0), ..area };
        if room > 0 {
            let span = view.span(Role::Placeholder, text::cut(usage, room));
            frame.render_widget(Paragraph::new(Line::from(span)).style(view.style(Role::Input)), place);
            let x = area.x + 2 + u16::try_from(text::width(line.input.before())).unwrap_or(0);
            frame.set_cursor_position(Position::new(x.min(area.right().saturating_sub(1)), area.y));
        }
    }
}

/// The list, or why the line was not carried out, over the lower part of an area.
pub(super) fn list(view: &mut View<'_>, frame: &mut Frame<'_>, area: Rect, line: &CommandLine) {
    let most = area.height.saturating_sub(2);
    if let Some(problem) = &line.problem {
        let told = text::wrap(problem, usize::from(area.width.saturating_sub(6)));
        let height = u16::try_from(told.len()).unwrap_or(1).min(most);
        let sign = view.look.sign("✗", "x");
        let inner = panel(view, frame, lower(area, height + 2), "This was not done", Role::Danger);
        let lines = told.into_iter().enumerate().map(|(at, words)| {
            let sign = if at == 0 { sign } else { " " };
            Line::from(view.span(Role::Error, format!(" {sign} {words}")))
        });
        return super::lines(view, frame, inner, lines.collect());
    }
    let rows: Vec<_> = (0..line.candidates.len()).collect();
    if rows.is_empty() {
        return;
    }
    let height = u16::try_from(rows.len()).unwrap_or(ROWS).min(ROWS).min(most);
    // What the row under the cursor is for stands below, where the rows have no room for it.
    let about = boxes::about_lines(area);
    let place = lower(area, height + about + about.min(1) + 2);
    let title = match view.hint(Action::Complete).first() {
        Some(key) => format!("{} completes, {} does it", key.content, key_of(view, Action::Accept)),
        None => format!("{} does it", key_of(view, Action::Accept)),
    };
    let inner = panel(view, frame, place, &title, Role::ModalBorder);
    let told = line.candidates.get(line.cursor.at).map(|candidate| (Role::Text, candidate.about.clone()));
    let inner = boxes::foot(view, frame, inner, about, told);
    let name = line.candidates.iter().map(|candidate| text::width(&candidate.name)).max().unwrap_or(0);
    let name = name.min(usize::from(inner.width / 2));
    let keys = line.candidates.iter().any(|candidate| candidate.action.is_some());
    boxes::list(view, frame, inner, &rows, &line.cursor, |view, row, _| {
        let candidate: &Candidate = &line.candidates[row];
        let key = candidate.action.and_then(|action| {
            let layers = view.state.layers_below();
            view.state.keymap.key_for(&layers, action)
        });
        let mut parts = vec![(Role::Title, text::fit(&candidate.name, name + 1))];
        if keys {
            parts.push((Role::Key, text::fit(&key.unwrap_or_default(), 8)));
        }
        parts.push((Role::Dim, candidate.about.clone()));
        parts
    });
}

fn key_of(view: &View<'_>, action: Action) -> String {
    view.state.key_for(action).unwrap_or_default()
}

/// The lowest rows of an area.
fn lower(area: Rect, height: u16) -> Rect {
    let height = height.min(area.height);
    Rect { y: area.bottom() - height, height, ..area }
}
