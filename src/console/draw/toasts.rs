//! The messages of the last seconds. They have room of their own below the panes and cover nothing. Where a shell is shown, whose
//! program would have to be told of another size, a short one stands in the footer and others away from where one types.

use ratatui::{
    Frame,
    layout::Rect,
    text::{Line, Span},
    widgets::{Clear, Paragraph},
};

use super::View;
use crate::{
    config::theme::Role,
    console::{
        action::Action,
        state::{
            notices::{Notice, Weight},
            overlay::Overlay,
        },
        text,
    },
};

/// Screens that are lower have no line to spare beside a box.
const LOW: u16 = 14;
/// Lines of the screen for each of which a line of messages is taken at most.
const SHARE: u16 = 5;
/// Lines that messages take at most, however high the screen is.
const MOST: u16 = 5;

/// How a message of a weight looks.
pub(super) fn weight(view: &View<'_>, weight: Weight) -> (Role, &'static str) {
    match weight {
        Weight::Info => (Role::Info, view.look.sign("•", "-")),
        Weight::Warning => (Role::Warning, view.look.sign("▲", "!")),
        Weight::Error => (Role::Error, view.look.sign("✗", "x")),
    }
}

/// The messages as lines of a screen, the newest last. Of those that have no room all is among the messages, as of older ones.
pub(super) fn lines(view: &View<'_>, screen: Rect) -> Vec<Line<'static>> {
    let room = usize::from(screen.width).saturating_sub(4 + 2 * usize::from(border(view)));
    let most = usize::from((screen.height / SHARE).clamp(1, MOST));
    let mut lines: Vec<Line<'static>> = Vec::new();
    for notice in view.state.notices.shown(view.state.now).into_iter().rev() {
        // One of which nothing could be read gives way to those that came later.
        let left = most.saturating_sub(lines.len());
        if left == 0 {
            break;
        }
        let (role, sign) = weight(view, notice.weight);
        let told = told(view, notice, room, left);
        let told = told.into_iter().enumerate().map(|(at, line)| {
            let sign = if at == 0 { sign } else { " " };
            Line::from(view.span(role, text::fit(&format!(" {sign} {line}"), screen.width.into())))
        });
        lines.splice(0..0, told);
    }
    lines
}

/// What a message says in so many lines, with a mark where that is not all.
fn told(view: &View<'_>, notice: &Notice, room: usize, most: usize) -> Vec<String> {
    let advice = notice.trouble.advice.as_deref();
    let whole = notice.told();
    let together = advice.map(|advice| format!("{whole}  {advice}")).filter(|line| text::width(line) <= room);
    let mut told = match together {
        Some(line) => vec![line],
        None => {
            [Some(whole.as_str()), advice].into_iter().flatten().flat_map(|words| text::wrap(words, room)).collect()
        }
    };
    if told.len() > most {
        told.truncate(most);
        let more = match view.state.key_for(Action::Messages) {
            Some(key) => format!(" … {key} for all"),
            None => " …".to_owned(),
        };
        if let Some(last) = told.last_mut() {
            *last = format!("{}{more}", text::prefix(last, room.saturating_sub(text::width(&more))));
        }
    }
    told
}

/// The border around shells that are typed into together, which nothing may cover.
fn border(view: &View<'_>) -> u16 {
    u16::from(view.state.shells.broadcasting && view.state.shows_shells())
}

/// Draws them over a shell, at its end or, where one types there, at its beginning.
pub(super) fn over_shell(view: &View<'_>, frame: &mut Frame<'_>, area: Rect, mut lines: Vec<Line<'static>>) {
    let border = border(view);
    let (x, y) = (area.x + border, area.y + border);
    let area =
        Rect { x, y, width: area.width.saturating_sub(2 * border), height: area.height.saturating_sub(2 * border) };
    lines.truncate(usize::from(area.height / 2));
    let height = u16::try_from(lines.len()).unwrap_or(0);
    let end = Rect { y: area.bottom() - height, height, ..area };
    let typed_at = view.typed_at.get();
    let y = if typed_at.is_some_and(|row| (end.top()..end.bottom()).contains(&row)) { area.y } else { end.y };
    draw(frame, Rect { y, ..end }, lines);
}

/// Draws them where they have been given room.
pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, lines: Vec<Line<'static>>) {
    frame.render_widget(Clear, area);
    frame.render_widget(Paragraph::new(lines), area);
}

/// Whether a box needs all the lines of a screen, so that the newest message has the footer alone. The line after `:` is one.
pub(super) fn are_in_footer(view: &View<'_>, screen: Rect) -> bool {
    screen.height < LOW && !matches!(view.state.overlays.last(), None | Some(Overlay::Command(_)))
}

/// The newest of them in one line of so many columns.
pub(super) fn newest(view: &View<'_>, room: usize) -> Option<Span<'static>> {
    let shown = view.state.notices.shown(view.state.now);
    let notice = shown.last()?;
    let (role, sign) = weight(view, notice.weight);
    let words = told(view, notice, room.saturating_sub(4), 1).concat();
    Some(view.span(role, text::fit(&format!(" {sign} {words}"), room)))
}

/// All that is told, in one line of so many columns, if it is no more than that.
pub(super) fn brief(view: &View<'_>, room: usize) -> Option<Span<'static>> {
    let shown = view.state.notices.shown(view.state.now);
    let [notice] = shown[..] else { return None };
    let (role, sign) = weight(view, notice.weight);
    let [words] = &told(view, notice, room.saturating_sub(4), usize::MAX)[..] else { return None };
    Some(view.span(role, text::fit(&format!(" {sign} {words}"), room)))
}
