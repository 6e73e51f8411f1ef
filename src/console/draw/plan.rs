//! What a command would do: what is to be known about it, the script, the nodes by name, and the line for the AWS CLI that
//! does the same; all of it as one text that is scrolled.

use ratatui::{Frame, layout::Rect, text::Line};

use super::{View, boxes, grid};
use crate::{
    config::theme::Role,
    console::{
        state::{plan::Plan, seen::Slot},
        text,
    },
    ssm::redact::mask,
};

pub(super) fn draw(view: &mut View<'_>, frame: &mut Frame<'_>, area: Rect, plan: &Plan) {
    let title = format!("{} would run", text::clean(&plan.send.document_name));
    let inner = boxes::large(view, frame, area, &title, None);
    let room = usize::from(inner.width.saturating_sub(3));
    let mut above = about(plan, inner.height, room);
    let mut below = vec![(Role::Title, "the same with the AWS CLI".to_owned())];
    below.extend(wrapped(&view.state.shown_line(plan), room).map(|line| (Role::Dim, line)));
    above.push((Role::Title, text::count(plan.nodes.len(), "node")));
    let names = plan.nodes.iter().map(|node| text::width(&node.name)).max().unwrap_or(0).clamp(4, 32);
    let node = |at: usize| {
        let node = &plan.nodes[at];
        let (role, sign) = match node.online {
            true => (Role::NodeOnline, view.look.sign("●", "*")),
            false => (Role::NodeLost, view.look.sign("○", "o")),
        };
        let name = text::fit(&node.name, names + 2);
        let first = if node.is_first { "  first" } else { "" };
        vec![
            view.span(role, format!(" {sign} ")),
            view.span(Role::Text, name),
            view.span(Role::Dim, node.id.clone()),
            view.span(Role::Marked, first),
        ]
    };
    // Of many nodes only those in the window are looked at.
    let (first, last) = (above.len(), above.len() + plan.nodes.len());
    let (len, height) = (last + below.len(), usize::from(inner.height));
    let top = plan.cursor.top.min(len.saturating_sub(height));
    let told = |(role, words): &(Role, String)| vec![view.span(*role, format!(" {words}"))];
    let row = |at: usize| match at {
        at if at < first => told(&above[at]),
        at if at < last => node(at - first),
        at => told(&below[at - last]),
    };
    let lines = (top..len.min(top + height)).map(|at| Line::from(row(at))).collect();
    super::lines(view, frame, Rect { width: inner.width.saturating_sub(1), ..inner }, lines);
    view.window(Slot::Overlay, top, height);
    grid::scrollbar(view, frame.buffer_mut(), inner, top, height, len);
    grid::scroll_hits(view, Slot::Overlay, inner, height, len);
}

/// What is to be known, and the script.
fn about(plan: &Plan, height: u16, room: usize) -> Vec<(Role, String)> {
    let mut words = plan.words();
    words.push((plan.rate(), false));
    // Where there is hardly any room, a warning is worth more of it than the rest.
    if height < 10 {
        words.sort_by_key(|(_, warns)| !warns);
    }
    let mut lines = Vec::new();
    for (at, (words, warns)) in words.into_iter().enumerate() {
        let role = match (at, warns) {
            (_, true) => Role::Warning,
            (0, _) => Role::Title,
            _ => Role::Text,
        };
        lines.extend(text::wrap(&words, room).into_iter().map(|line| (role, line)));
    }
    for (name, values) in plan.send.parameters.iter() {
        lines.push((Role::Title, text::clean(name)));
        for value in values.iter().flat_map(|value| value.split('\n')) {
            lines.extend(wrapped(&text::clean(&mask(value)), room).map(|line| (Role::Text, line)));
        }
    }
    lines
}

/// A line as it is, broken where the room ends.
fn wrapped(line: &str, room: usize) -> impl Iterator<Item = String> + use<> {
    text::wrap(line, room).into_iter()
}
