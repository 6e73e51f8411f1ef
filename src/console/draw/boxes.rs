//! The boxes over the panes.

use ratatui::{
    Frame,
    layout::{Position, Rect},
    style::Modifier,
    text::Line,
    widgets::{Clear, Paragraph},
};

use super::{View, grid, toasts};
use crate::{
    config::theme::Role,
    console::{
        action::{Action, Kind},
        state::{
            cursor::Cursor,
            fleet::why::Outcome,
            input::LineInput,
            messages::Messages,
            overlay::Overlay,
            seen::{Hit, Slot},
            sign_in::SigningIn,
        },
        text,
    },
};

/// Below this width a box takes all of it.
const NARROW: u16 = 60;
/// Below this height as well.
const LOW: u16 = 12;
/// From this width on, help has a column for where keys were bound.
const WIDE: usize = 120;

pub(super) fn draw(view: &mut View<'_>, frame: &mut Frame<'_>, area: Rect, overlay: &Overlay, top: bool) {
    match overlay {
        Overlay::Question(question) => super::question::draw(view, frame, area, question),
        Overlay::Plan(plan) => super::plan::draw(view, frame, area, plan),
        Overlay::Text(text) => {
            frame.render_widget(Clear, area);
            frame.render_widget(Paragraph::new("").style(view.style(Role::Text)), area);
            super::viewer::draw(view, frame, area, &text.viewer);
        }
        Overlay::Form(form) => super::form::draw(view, frame, area, form, top),
        Overlay::Help { lines, filter, cursor } => {
            let rows = overlay.rows();
            let title = format!("Keys; {} changes something", view.look.sign("✎", "!"));
            let inner = sized(view, frame, area, &title, Some((filter, "type to search")), 140);
            nothing_found(view, frame, inner, &rows);
            let here = rows.get(cursor.at).map(|row| &lines[*row]);
            let told =
                here.filter(|_| about_lines(inner) > 0).map(|line| (Role::Text, line.action.entry().about.to_owned()));
            let bound = here.map(|line| (Role::Dim, format!("[{}] {}", line.layer.name(), line.source(false))));
            // Where there is no room for both, what a key does is worth more than where it is from.
            let most = if inner.height < LOW { about_lines(inner) } else { about_lines(inner) + 1 };
            let inner = foot(view, frame, inner, most, told.into_iter().chain(bound));
            let widest = |of: &dyn Fn(&usize) -> usize| rows.iter().map(of).max().unwrap_or(0);
            let keys = widest(&|row| text::width(&lines[*row].keys)).clamp(6, 22);
            // Whose keys they are stands at the foot too; what they do has to be found.
            let narrow = inner.width < NARROW;
            let keys = if narrow { keys.min(12) } else { keys };
            let sources = widest(&|row| text::width(&lines[*row].source(true))).clamp(8, 40);
            list(view, frame, inner, &rows, cursor, |view, row, width| {
                let line = &lines[row];
                let entry = line.action.entry();
                let source = line.source(true);
                let user = if line.by_user() && width <= WIDE { format!(" ({source})") } else { String::new() };
                // Before the words, of which the end may be cut.
                let mark = match entry.kind {
                    Kind::Change => view.look.sign("✎ ", "! "),
                    _ => "  ",
                };
                let layer = match width {
                    _ if narrow => String::new(),
                    91.. => text::fit(line.layer.heading(), 25) + " ",
                    _ => text::fit(line.layer.name(), 10) + " ",
                };
                let source = if width > WIDE { format!("{} ", text::fit(&source, sources)) } else { String::new() };
                vec![
                    (Role::Dim, layer),
                    (Role::Key, format!("{} ", text::fit(&line.keys, keys))),
                    (Role::Dim, source),
                    (Role::Warning, mark.to_owned()),
                    (Role::Text, format!("{}{user}", entry.about)),
                ]
            });
        }
        Overlay::Command(line) => super::command::list(view, frame, area, line),
        Overlay::Picker { title, input, items, cursor, .. } => {
            let rows = overlay.rows();
            let inner = large(view, frame, area, title, Some((input, "type to search")));
            nothing_found(view, frame, inner, &rows);
            list(view, frame, inner, &rows, cursor, |_, row, _| {
                let (name, about) = &items[row];
                vec![(Role::Text, text::fit(name, 44)), (Role::Dim, about.clone())]
            });
        }
        Overlay::Why { called, cursor } => why(view, frame, area, called, cursor),
        Overlay::Columns { list: of, items, cursor } => {
            let rows: Vec<_> = (0..items.len()).collect();
            let inner = large(view, frame, area, "Columns", None);
            let hints = hints(
                view,
                &[Action::ToggleColumn, Action::ColumnUp, Action::ColumnDown, Action::SortOn, Action::SortAlso],
            );
            let inner = foot(view, frame, inner, about_lines(inner).max(1), [(Role::Dim, hints)]);
            list(view, frame, inner, &rows, cursor, |view, row, width| {
                let (column, shown) = &items[row];
                let sign = if *shown { view.look.sign("✓", "x") } else { " " };
                let sorted = view.state.sorted_by(*of, column).map(|(falls, place)| {
                    let arrow = if falls { view.look.sign("↓", "v") } else { view.look.sign("↑", "^") };
                    format!("{arrow}{place}")
                });
                let role = if *shown { Role::Text } else { Role::Dim };
                vec![
                    (Role::Key, format!("[{sign}] ")),
                    // The sign of the order is seen too.
                    (role, text::fit(&text::clean(column), width.saturating_sub(9).min(30))),
                    (Role::ColumnSorted, sorted.unwrap_or_default()),
                ]
            });
        }
        Overlay::SignIn(signing) => sign_in(view, frame, area, signing),
        Overlay::Scope(scope) => {
            let rows = overlay.rows();
            let marked = scope.names.iter().filter(|(_, marked)| *marked).count();
            let title = format!("What to look at ({marked} marked)");
            let inner = large(view, frame, area, &title, Some((&scope.input, "type to search")));
            let words = match scope.touched {
                false => "enter looks at the one under the cursor alone; space marks several".to_owned(),
                true => format!("enter looks at {}", text::count(marked, "marked place")),
            };
            let inner = foot(view, frame, inner, 1, [(Role::Dim, words)]);
            nothing_found(view, frame, inner, &rows);
            list(view, frame, inner, &rows, &scope.cursor, |view, row, width| {
                let (name, marked) = &scope.names[row];
                let place = view.state.catalogue.place(name).ok();
                let read_only = place.as_ref().is_some_and(|place| place.read_only);
                let profile = place.as_ref().and_then(|place| place.context.profile.clone());
                let about = profile.filter(|profile| !name.starts_with(profile.as_str()));
                let mark = if *marked { view.look.sign("▌", "*") } else { " " };
                vec![
                    (Role::Marked, format!("{mark} ")),
                    (
                        if *marked { Role::Marked } else { Role::Text },
                        text::fit(name, width.saturating_sub(16).min(44)),
                    ),
                    (Role::ReadOnly, if read_only { "read-only" } else { "" }.to_owned()),
                    (Role::Dim, about.map(|profile| format!(" profile {profile}")).unwrap_or_default()),
                ]
            });
        }
        Overlay::Messages(Messages { cursor, copied, .. }) => {
            let notices: Vec<_> = view.state.notices.all().collect();
            let inner = large(view, frame, area, "Messages", None);
            if copied.is_some() {
                let edges =
                    Rect { x: inner.x.saturating_sub(1), width: inner.width + 2, height: inner.height + 1, ..inner };
                remark(view, frame, edges, "copied");
            }
            if notices.is_empty() {
                super::lines(view, frame, inner, vec![Line::from(view.span(Role::Dim, " Nothing was reported."))]);
            }
            let inner = taken_back(view, frame, inner);
            let rows: Vec<_> = (0..notices.len()).collect();
            let now = view.state.now;
            let whole = notices.get(cursor.at).map(|notice| {
                let advice = notice.trouble.advice.as_ref().map(|advice| (Role::Info, advice.clone()));
                let at = notice.at.civil().strftime("%Y-%m-%d %H:%M:%S UTC").to_string();
                let origin = notice.origin.as_ref().map(|origin| format!("  {origin}")).unwrap_or_default();
                let what = (toasts::weight(view, notice.weight).0, notice.trouble.what.clone());
                [what].into_iter().chain(advice).chain([(Role::Dim, format!("{at}{origin}"))])
            });
            let inner = foot(view, frame, inner, inner.height / 2, whole.into_iter().flatten());
            list(view, frame, inner, &rows, cursor, |view, row, _| {
                let notice = notices[row];
                let (role, sign) = toasts::weight(view, notice.weight);
                let times = if notice.times > 1 { format!(" ({} times)", notice.times) } else { String::new() };
                let advice = notice.trouble.advice.as_ref().map(|advice| format!(" {advice}")).unwrap_or_default();
                vec![
                    (Role::Dim, text::fit(&text::span(now.since(notice.at)), 5)),
                    (role, format!("{sign} {}{times}", notice.told())),
                    (Role::Dim, advice),
                ]
            });
        }
    }
}

/// Says that no row has what was typed.
fn nothing_found(view: &View<'_>, frame: &mut Frame<'_>, area: Rect, rows: &[usize]) {
    if rows.is_empty() {
        super::lines(view, frame, area, vec![Line::from(view.span(Role::Dim, " Nothing here has what was typed."))]);
    }
}

/// What can be taken back, above the messages. The room that is left for them.
fn taken_back(view: &View<'_>, frame: &mut Frame<'_>, area: Rect) -> Rect {
    const SHOWN: usize = 3;
    let undo = &view.state.undo;
    if undo.is_empty() || area.height < 8 {
        return area;
    }
    let keys = view.state.keymap.key_for(&[crate::console::action::Layer::Global.name()], Action::Undo);
    let heading =
        format!(" Can be taken back, the last one first{}", keys.map(|k| format!(" ({k})")).unwrap_or_default());
    let mut lines = vec![Line::from(view.span(Role::Column, heading))];
    for change in undo.iter().rev().take(SHOWN) {
        let ago = text::span(view.state.now.since(change.at));
        let what = format!(" {} {}: {}", text::fit(&ago, 5), change.what, change.lines().join(", "));
        lines.push(Line::from(view.span(Role::Text, text::cut(&what, area.width.into()))));
    }
    if undo.len() > SHOWN {
        lines.push(Line::from(view.span(Role::Dim, format!("   and {} more", undo.len() - SHOWN))));
    }
    lines.push(Line::default());
    let height = u16::try_from(lines.len()).unwrap_or(area.height).min(area.height);
    super::lines(view, frame, Rect { height, ..area }, lines);
    Rect { y: area.y + height, height: area.height - height, ..area }
}

/// A box over most of the panes, with a line to type into at its top.
pub(super) fn large(
    view: &View<'_>,
    frame: &mut Frame<'_>,
    area: Rect,
    title: &str,
    input: Option<(&LineInput, &str)>,
) -> Rect {
    sized(view, frame, area, title, input, 110)
}

/// [`large`], so wide at most.
fn sized(
    view: &View<'_>,
    frame: &mut Frame<'_>,
    area: Rect,
    title: &str,
    input: Option<(&LineInput, &str)>,
    most: u16,
) -> Rect {
    let width = if area.width < NARROW { area.width } else { area.width.saturating_sub(4).min(most) };
    let edge = if area.height < LOW { 0 } else { 2 };
    let height = area.height.saturating_sub(edge);
    let place = Rect { x: area.x + (area.width - width) / 2, y: area.y + (area.height - height) / 2, width, height };
    let inner = super::panel(view, frame, place, title, Role::ModalBorder);
    let Some((input, placeholder)) = input else { return inner };
    let line = Rect { height: 1.min(inner.height), ..inner };
    type_line(view, frame, line, input, placeholder, true);
    Rect { y: inner.y + line.height, height: inner.height - line.height, ..inner }
}

/// Why a node is not connected: the verdict and the next step, then what was checked.
fn why(view: &mut View<'_>, frame: &mut Frame<'_>, area: Rect, called: &str, cursor: &Cursor) {
    let title = format!("Why is {} not connected?", text::cut(&text::clean(called), 40));
    let inner = large(view, frame, area, &title, None);
    let (feed, found) = &view.state.fleet.why;
    let room = usize::from(inner.width.saturating_sub(2));
    let Some(found) = found else {
        let words = match (feed.trouble(), feed.is_loading()) {
            (Some(trouble), _) => (Role::Error, trouble.what.clone()),
            (None, true) => (Role::Running, format!("{} asking", view.look.sign("⋯", "..."))),
            (None, false) => (Role::Dim, "There is no connection to ask through.".to_owned()),
        };
        let lines = text::wrap(&words.1, room);
        let lines = lines.into_iter().map(|line| Line::from(view.span(words.0, format!(" {line}"))));
        return super::lines(view, frame, inner, lines.collect());
    };
    let bad = found.checks.iter().any(|check| check.outcome == Outcome::Bad);
    let verdict = (if bad { Role::Error } else { Role::Compliant }, found.verdict.as_str());
    let mut head = Vec::new();
    for (role, words) in [verdict, (Role::Info, found.next.as_str())].into_iter().filter(|(_, words)| !words.is_empty())
    {
        head.extend(text::wrap(words, room).into_iter().map(|line| Line::from(view.span(role, format!(" {line}")))));
    }
    let checks = found.checks.len();
    if inner.height < u16::try_from(head.len()).unwrap_or(u16::MAX).saturating_add(4) {
        // Too low for a list below it: all of it is one text, which goes by as the cursor does.
        for check in &found.checks {
            let (role, sign, _) = outcome(view, check.outcome);
            let words = text::wrap(&format!("{sign} {}: {}", check.name, check.what), room);
            head.extend(words.into_iter().map(|line| Line::from(view.span(role, format!(" {line}")))));
        }
        let (len, height) = (head.len(), usize::from(inner.height));
        let beyond = len.saturating_sub(height);
        let top = (beyond * cursor.at).div_ceil(checks.saturating_sub(1).max(1)).min(beyond);
        super::lines(view, frame, inner, head.into_iter().skip(top).collect());
        return grid::scrollbar(view, frame.buffer_mut(), inner, top, height, len);
    }
    head.push(Line::default());
    let used = u16::try_from(head.len()).unwrap_or(u16::MAX).min(inner.height.saturating_sub(1));
    super::lines(view, frame, Rect { height: used, ..inner }, head);
    let below = Rect { y: inner.y + used, height: inner.height - used, ..inner };
    let rows: Vec<_> = (0..found.checks.len()).collect();
    let whole = found.checks.get(cursor.at).map(|check| (Role::Dim, check.what.clone()));
    let below = foot(view, frame, below, 2, whole);
    list(view, frame, below, &rows, cursor, |view, row, _| {
        let check = &found.checks[row];
        let (role, sign, word) = outcome(view, check.outcome);
        vec![
            (role, text::fit(&format!("{sign} {word}"), 9)),
            (Role::Title, text::fit(check.name, 15)),
            (Role::Text, check.what.clone()),
        ]
    });
}

/// Role, sign and word for how a check came out.
fn outcome(view: &View<'_>, outcome: Outcome) -> (Role, &'static str, &'static str) {
    match outcome {
        Outcome::Good => (Role::Compliant, view.look.sign("✓", "+"), "good"),
        Outcome::Bad => (Role::NonCompliant, view.look.sign("✗", "x"), "bad"),
        Outcome::Unknown => (Role::Unknown, "?", "unsure"),
    }
}

/// Keys and what they do, in one line.
fn hints(view: &View<'_>, actions: &[Action]) -> String {
    let hint = |action: &Action| Some(format!("{} {}", view.state.key_for(*action)?, action.entry().short));
    actions.iter().filter_map(hint).collect::<Vec<_>>().join("  ")
}

/// Lines for what an action does, where the list has no room for all of it.
pub(super) fn about_lines(area: Rect) -> u16 {
    if area.width < 100 { 2 } else { 0 }
}

/// The whole of what the cursor is on, under a list that cuts it. The room that is left for the list.
pub(super) fn foot(
    view: &View<'_>,
    frame: &mut Frame<'_>,
    area: Rect,
    most: u16,
    texts: impl IntoIterator<Item = (Role, String)>,
) -> Rect {
    let room = usize::from(area.width.saturating_sub(2));
    let told = texts.into_iter().flat_map(|(role, text)| {
        let lines = text::wrap(&text, room).into_iter();
        lines.map(move |line| (role, line))
    });
    let told: Vec<_> = told.take(most.into()).collect();
    // A list of one thing that is told whole needs no rows for others; a box too low for both is the list's.
    if told.is_empty() || most == 0 || area.height < most + 2 || room == 0 {
        return area;
    }
    let top = area.bottom() - most;
    let ruled = u16::from(area.height >= most + 4);
    if ruled > 0 {
        let rule = view.look.sign("─", "-").repeat(area.width.into());
        grid::line_at(frame, Rect { y: top - 1, height: 1, ..area }, 0, Line::from(view.span(Role::ModalBorder, rule)));
    }
    let lines = told.into_iter().map(|(role, line)| Line::from(view.span(role, format!(" {line}"))));
    super::lines(view, frame, Rect { y: top, height: most, ..area }, lines.collect());
    Rect { height: area.height - most - ruled, ..area }
}

/// How wide a box is that would like to be so wide: on a narrow screen all of it.
pub(super) fn width(area: Rect, ideal: u16) -> u16 {
    let edge = if area.width < NARROW { 0 } else { 2 };
    area.width.saturating_sub(edge).min(ideal)
}

/// Says in the lower edge of a box what of it is not to be seen.
pub(super) fn remark(view: &View<'_>, frame: &mut Frame<'_>, place: Rect, words: &str) {
    if place.height < 2 || place.width < 6 {
        return;
    }
    let words = text::cut(words, usize::from(place.width - 6));
    let line = Line::from(view.span(Role::Warning, format!(" {words} ")));
    frame.buffer_mut().set_line(place.x + 2, place.bottom() - 1, &line, place.width - 4);
}

/// A line that is typed into, scrolled so that the cursor is seen. Marks say where there is more of it.
pub(super) fn type_line(
    view: &View<'_>,
    frame: &mut Frame<'_>,
    area: Rect,
    input: &LineInput,
    placeholder: &str,
    focused: bool,
) {
    let room = usize::from(area.width.saturating_sub(2));
    let before = text::width(input.before());
    let left = if !focused { 0 } else { before.saturating_sub(room.saturating_sub(1)) };
    let rest = text::skip(input.text(), left);
    let (role, content) = match input.text().is_empty() {
        true => (Role::Placeholder, text::cut(placeholder, room)),
        // Where the cursor is at its end, nothing of it is cut.
        false if focused => (Role::Input, text::prefix(&rest, room)),
        false => (Role::Input, text::cut(&rest, room)),
    };
    let more = focused && text::width(&rest) > room;
    let before_it = if left > 0 { view.look.sign("‹", "<") } else { " " };
    let behind_it = if more { view.look.sign("›", ">") } else { "" };
    let mut content = view.span(role, content);
    if focused && input.begins_anew() {
        // It looks selected, as it is: the next letter takes its place.
        content.style = content.style.add_modifier(Modifier::REVERSED);
    }
    let line = Line::from(vec![view.span(Role::Key, before_it), content, view.span(Role::Key, behind_it)]);
    frame.render_widget(Paragraph::new(line).style(view.style(if focused { Role::Input } else { Role::Modal })), area);
    if focused && area.width > 2 {
        let x = area.x + 1 + u16::try_from(before - left).unwrap_or(0);
        frame.set_cursor_position(Position::new(x.min(area.right().saturating_sub(1)), area.y));
    }
}

pub(super) fn list(
    view: &mut View<'_>,
    frame: &mut Frame<'_>,
    area: Rect,
    rows: &[usize],
    cursor: &Cursor,
    spans: impl Fn(&View<'_>, usize, usize) -> Vec<(Role, String)>,
) {
    let height = usize::from(area.height);
    let top = cursor.window(rows.len(), height.max(1));
    view.window(Slot::Overlay, top, height);
    for (line, (at, row)) in rows.iter().enumerate().skip(top).take(height).enumerate() {
        let here = Rect { y: area.y + u16::try_from(line).unwrap_or(0), height: 1, ..area };
        let mut used = 1;
        let mut content = vec![view.span(Role::Modal, " ")];
        for (role, part) in spans(view, *row, usize::from(area.width)) {
            let part = text::cut(&part, usize::from(area.width).saturating_sub(used + 1));
            used += text::width(&part);
            content.push(view.span(role, part));
        }
        let mut content = Line::from(content);
        if at == cursor.at {
            let style = view.style(Role::Cursor);
            content.spans.iter_mut().for_each(|span| span.style = span.style.patch(style));
            frame.buffer_mut().set_style(here, style);
        }
        frame.buffer_mut().set_line(here.x, here.y, &content, here.width);
        view.hit(here, Hit::Row(Slot::Overlay, at));
    }
    grid::scrollbar(view, frame.buffer_mut(), area, top, height, rows.len());
    grid::scroll_hits(view, Slot::Overlay, area, height, rows.len());
}

/// What is to be done to sign in.
fn sign_in(view: &View<'_>, frame: &mut Frame<'_>, area: Rect, signing: &SigningIn) {
    let width = area.width.saturating_sub(4).min(90);
    let room = usize::from(width.saturating_sub(4));
    let mut lines: Vec<Line<'static>> = Vec::new();
    // Where there is little room, what has to be read there comes before what explains it.
    let roomy = area.height >= 12;
    let mut say = |role: Role, words: &str| {
        if !roomy && role == Role::Text {
            return;
        }
        lines.extend(text::wrap(words, room).into_iter().map(|line| Line::from(view.span(role, format!(" {line}")))));
    };
    if roomy {
        say(Role::Dim, &format!("for {}", signing.origins.join(", ")));
    }
    match &signing.device {
        None => say(Role::Running, "asking for a code"),
        Some((url, code)) => {
            say(Role::Text, "Open this address in a browser:");
            say(Role::Title, url);
            say(Role::Text, "It has to show this code; then agree there:");
            say(Role::Title, code);
        }
    }
    if roomy {
        lines.push(Line::default());
    }
    let mut keys = vec![view.span(Role::Text, " ")];
    let known = signing.device.is_some();
    for action in [Action::OpenLink, Action::Copy, Action::Dismiss] {
        if known || action == Action::Dismiss {
            keys.extend(view.hint(action));
            keys.push(view.span(Role::Text, "   "));
        }
    }
    lines.push(Line::from(keys));
    let height = u16::try_from(lines.len()).unwrap_or(area.height).saturating_add(2).min(area.height);
    let place = Rect { x: area.x + (area.width - width) / 2, y: area.y + (area.height - height) / 3, width, height };
    let inner = super::panel(view, frame, place, &format!("Sign in to {}", signing.identifier), Role::ModalBorder);
    super::lines(view, frame, inner, lines);
}
