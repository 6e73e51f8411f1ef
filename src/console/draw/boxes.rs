//! The boxes over the panes.

use ratatui::{
    Frame,
    layout::{Position, Rect},
    text::{Line, Span},
    widgets::{Clear, Paragraph},
};

use super::{View, frame as around, grid};
use crate::{
    config::theme::Role,
    console::{
        action::{Action, Kind},
        state::{
            cursor::Cursor,
            fleet::why::Outcome,
            form::{Form, Purpose, Value},
            input::LineInput,
            overlay::{Overlay, Question},
            plan::Plan,
            seen::{Hit, Slot},
            sign_in::SigningIn,
        },
        text,
    },
};

pub(super) fn draw(view: &mut View<'_>, frame: &mut Frame<'_>, area: Rect, overlay: &Overlay, top: bool) {
    match overlay {
        Overlay::Question(question) => ask(view, frame, area, question),
        Overlay::Plan(plan) => planned(view, frame, area, plan),
        Overlay::Text(text) => {
            frame.render_widget(Clear, area);
            frame.render_widget(Paragraph::new("").style(view.style(Role::Text)), area);
            super::viewer::draw(view, frame, area, &text.viewer);
        }
        Overlay::Form(form) => fill(view, frame, area, form, top),
        Overlay::Help { lines, filter, cursor } => {
            let rows = overlay.rows();
            let inner = large(view, frame, area, "Keys", Some((filter, "type to search")));
            let told = rows.get(cursor.at).map(|row| lines[*row].action.entry().about);
            let inner = foot(view, frame, inner, about_lines(inner), told.map(|about| (Role::Text, about.to_owned())));
            let keys = lines.iter().map(|line| text::width(&line.keys)).max().unwrap_or(0).clamp(6, 22);
            list(view, frame, inner, &rows, cursor, |view, row, width| {
                let line = &lines[row];
                let entry = line.action.entry();
                let user = if line.by_user { " (yours)" } else { "" };
                let mark = match entry.kind {
                    Kind::Change => view.look.sign(" ◆", " !"),
                    _ => "",
                };
                let layer = match width > 90 {
                    true => text::fit(line.layer.heading(), 26),
                    false => text::fit(line.layer.name(), 11),
                };
                vec![
                    (Role::Dim, layer),
                    (Role::Key, text::fit(&line.keys, keys + 1)),
                    (Role::Text, format!("{}{mark}{user}", entry.about)),
                ]
            });
        }
        Overlay::Command(line) => super::command::list(view, frame, area, line),
        Overlay::Picker { title, input, items, cursor, .. } => {
            let rows = overlay.rows();
            let inner = large(view, frame, area, title, Some((input, "type to search")));
            list(view, frame, inner, &rows, cursor, |_, row, _| {
                let (name, about) = &items[row];
                vec![(Role::Text, text::fit(name, 44)), (Role::Dim, about.clone())]
            });
        }
        Overlay::Log { lines, cursor } => {
            let inner = large(view, frame, area, "Log of fleetdeck", None);
            if lines.is_empty() {
                super::lines(frame, inner, vec![Line::from(view.span(Role::Dim, " Nothing was written yet."))]);
            }
            let whole = lines.get(cursor.at).map(|line| (Role::Text, line.clone()));
            let inner = foot(view, frame, inner, inner.height / 4, whole);
            let rows = overlay.rows();
            list(view, frame, inner, &rows, cursor, |_, row, _| {
                let line = &lines[row];
                // The day stands below, with the whole of the line.
                let (at, said) = line.split_once(' ').unwrap_or(("", line));
                let role = match said.split(' ').next() {
                    Some("WARN") => Role::Warning,
                    Some("ERROR") => Role::Error,
                    _ => Role::Text,
                };
                let time = at.get(11..19).unwrap_or(at);
                vec![(Role::Dim, format!("{time} ")), (role, said.to_owned())]
            });
        }
        Overlay::Why { called, cursor } => why(view, frame, area, called, cursor),
        Overlay::Columns { items, cursor } => {
            let rows: Vec<_> = (0..items.len()).collect();
            let inner = large(view, frame, area, "Columns", None);
            let hints = hints(
                view,
                &[Action::ToggleColumn, Action::ColumnUp, Action::ColumnDown, Action::SortOn, Action::SortAlso],
            );
            let inner = foot(view, frame, inner, about_lines(inner).max(1), [(Role::Dim, hints)]);
            let sort = view.state.fleet.sort();
            list(view, frame, inner, &rows, cursor, |view, row, _| {
                let (column, shown) = &items[row];
                let sign = if *shown { view.look.sign("✓", "x") } else { " " };
                let place = sort.iter().position(|(sorted, _)| sorted == column);
                let sorted = place.map(|place| {
                    let arrow = if sort[place].1 { view.look.sign("↓", "v") } else { view.look.sign("↑", "^") };
                    format!("{arrow}{}", place + 1)
                });
                let role = if *shown { Role::Text } else { Role::Dim };
                vec![
                    (Role::Key, format!("[{sign}] ")),
                    (role, text::fit(&text::clean(&column.name()), 30)),
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
        Overlay::Messages { cursor } => {
            let notices: Vec<_> = view.state.notices.all().collect();
            let inner = large(view, frame, area, "Messages", None);
            if notices.is_empty() {
                super::lines(frame, inner, vec![Line::from(view.span(Role::Dim, " Nothing was reported."))]);
            }
            let inner = taken_back(view, frame, inner);
            let rows: Vec<_> = (0..notices.len()).collect();
            let now = view.state.now;
            let whole = notices.get(cursor.at).map(|notice| {
                let advice = notice.trouble.advice.as_ref().map(|advice| (Role::Info, advice.clone()));
                std::iter::once((around::weight(view, notice.weight).0, notice.trouble.what.clone())).chain(advice)
            });
            let inner = foot(view, frame, inner, inner.height / 2, whole.into_iter().flatten());
            list(view, frame, inner, &rows, cursor, |view, row, _| {
                let notice = notices[row];
                let (role, sign) = around::weight(view, notice.weight);
                let times = if notice.times > 1 { format!(" ({} times)", notice.times) } else { String::new() };
                let advice = notice.trouble.advice.as_ref().map(|advice| format!(" {advice}")).unwrap_or_default();
                vec![
                    (Role::Dim, text::fit(&text::span(now.since(notice.at)), 5)),
                    (role, format!("{sign} {}{times}", notice.trouble.what)),
                    (Role::Dim, advice),
                ]
            });
        }
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
        let what = format!(" {} {}: {}", text::fit(&ago, 5), change.what, change.inverse.lines().join(", "));
        lines.push(Line::from(view.span(Role::Text, text::cut(&what, area.width.into()))));
    }
    if undo.len() > SHOWN {
        lines.push(Line::from(view.span(Role::Dim, format!("   and {} more", undo.len() - SHOWN))));
    }
    lines.push(Line::default());
    let height = u16::try_from(lines.len()).unwrap_or(area.height).min(area.height);
    super::lines(frame, Rect { height, ..area }, lines);
    Rect { y: area.y + height, height: area.height - height, ..area }
}

/// A box over most of the panes, with a line to type into at its top.
fn large(view: &View<'_>, frame: &mut Frame<'_>, area: Rect, title: &str, input: Option<(&LineInput, &str)>) -> Rect {
    let width = area.width.saturating_sub(4).min(110);
    let height = area.height.saturating_sub(2).max(5).min(area.height);
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
        return super::lines(frame, inner, lines.collect());
    };
    let bad = found.checks.iter().any(|check| check.outcome == Outcome::Bad);
    let verdict = (if bad { Role::Error } else { Role::Compliant }, found.verdict.as_str());
    let mut head = Vec::new();
    for (role, words) in [verdict, (Role::Info, found.next.as_str())].into_iter().filter(|(_, words)| !words.is_empty())
    {
        head.extend(text::wrap(words, room).into_iter().map(|line| Line::from(view.span(role, format!(" {line}")))));
    }
    head.push(Line::default());
    let used = u16::try_from(head.len()).unwrap_or(u16::MAX).min(inner.height.saturating_sub(1));
    super::lines(frame, Rect { height: used, ..inner }, head);
    let below = Rect { y: inner.y + used, height: inner.height - used, ..inner };
    let rows: Vec<_> = (0..found.checks.len()).collect();
    let whole = found.checks.get(cursor.at).map(|check| (Role::Dim, check.what.clone()));
    let below = foot(view, frame, below, 2, whole);
    list(view, frame, below, &rows, cursor, |view, row, _| {
        let check = &found.checks[row];
        let (role, sign, word) = match check.outcome {
            Outcome::Good => (Role::Compliant, view.look.sign("✓", "+"), "good"),
            Outcome::Bad => (Role::NonCompliant, view.look.sign("✗", "x"), "bad"),
            Outcome::Unknown => (Role::Unknown, "?", "unsure"),
        };
        vec![
            (role, text::fit(&format!("{sign} {word}"), 9)),
            (Role::Title, text::fit(check.name, 15)),
            (Role::Text, check.what.clone()),
        ]
    });
}

/// Keys and what they do, in one line.
fn hints(view: &View<'_>, actions: &[Action]) -> String {
    let hint = |action: &Action| Some(format!("{} {}", view.state.key_for(*action)?, action.entry().short));
    actions.iter().filter_map(hint).collect::<Vec<_>>().join("  ")
}

/// Lines for what an action does, where the list has no room for all of it.
fn about_lines(area: Rect) -> u16 {
    if area.width < 100 { 2 } else { 0 }
}

/// The whole of what the cursor is on, under a list that cuts it. The room that is left for the list.
fn foot(
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
    if told.is_empty() || area.height < most + 4 || room == 0 {
        return area;
    }
    let top = area.bottom() - most;
    let rule = view.look.sign("─", "-").repeat(area.width.into());
    grid::line_at(frame, Rect { y: top - 1, height: 1, ..area }, 0, Line::from(view.span(Role::ModalBorder, rule)));
    let lines = told.into_iter().map(|(role, line)| Line::from(view.span(role, format!(" {line}"))));
    super::lines(frame, Rect { y: top, height: most, ..area }, lines.collect());
    Rect { height: area.height - most - 1, ..area }
}

/// A line that is typed into, scrolled so that the cursor is seen.
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
    let shown = text::prefix(&text::skip(input.text(), left), room);
    let (role, content) =
        if input.text().is_empty() { (Role::Placeholder, placeholder.to_owned()) } else { (Role::Input, shown) };
    let line = Line::from(vec![view.span(Role::Key, " "), view.span(role, text::cut(&content, room))]);
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

/// What a command would do: the nodes by name under what is to be known about them.
fn planned(view: &mut View<'_>, frame: &mut Frame<'_>, area: Rect, plan: &Plan) {
    let title = format!("{} would run", text::clean(&plan.send.document_name));
    let inner = large(view, frame, area, &title, None);
    let room = usize::from(inner.width.saturating_sub(2));
    let mut lines = Vec::new();
    let mut words = plan.words();
    words.push((plan.rate(), false));
    // Where there is hardly any room, a warning is worth more of it than the rest.
    let low = inner.height < 10;
    if low {
        words.sort_by_key(|(_, warns)| !warns);
    }
    for (at, (words, warns)) in words.into_iter().enumerate() {
        let role = match (at, warns) {
            (_, true) => Role::Warning,
            (0, _) => Role::Title,
            _ => Role::Text,
        };
        let told = if low { vec![text::cut(&words, room)] } else { text::wrap(&words, room) };
        lines.extend(told.into_iter().map(|line| Line::from(view.span(role, format!(" {line}")))));
    }
    let shown = text::cut(&view.state.shown_line(plan), room);
    lines.push(Line::from(view.span(Role::Dim, format!(" {shown}"))));
    // Half of the box at most, and what is said first matters most.
    lines.truncate(usize::from(inner.height / 2).max(1));
    let height = u16::try_from(lines.len()).unwrap_or(1).min(inner.height);
    super::lines(frame, Rect { height, ..inner }, lines);
    let body = Rect { y: inner.y + height, height: inner.height - height, ..inner };
    let names = plan.nodes.iter().map(|node| text::width(&node.name)).max().unwrap_or(0).clamp(4, 32);
    let rows: Vec<_> = (0..plan.nodes.len()).collect();
    list(view, frame, body, &rows, &plan.cursor, |view, row, _| {
        let node = &plan.nodes[row];
        let (role, sign) = match node.online {
            true => (Role::NodeOnline, view.look.sign("●", "*")),
            false => (Role::NodeLost, view.look.sign("○", "o")),
        };
        vec![(role, format!("{sign} ")), (Role::Text, text::fit(&node.name, names + 2)), (Role::Dim, node.id.clone())]
    });
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
    super::lines(frame, inner, lines);
}

/// A question, with what it is about in full.
fn ask(view: &mut View<'_>, frame: &mut Frame<'_>, area: Rect, question: &Question) {
    let width = area.width.saturating_sub(4).min(76);
    let room = usize::from(width.saturating_sub(4));
    let mut lines: Vec<Line<'static>> = Vec::new();
    for (at, line) in question.lines.iter().enumerate() {
        let role = if at == 0 { Role::Title } else { Role::Text };
        lines.extend(text::wrap(line, room).into_iter().map(|line| Line::from(view.span(role, format!(" {line}")))));
    }
    let api = match &question.then {
        crate::console::state::overlay::Then::Change(changes) => {
            changes.first().map_or("", |(_, change)| change.operation())
        }
        _ => "",
    };
    let bottom = 3 + u16::from(question.typed.is_some());
    let height = (u16::try_from(lines.len()).unwrap_or(area.height).saturating_add(bottom + 2)).min(area.height);
    let fit = usize::from(height.saturating_sub(bottom + 2));
    if lines.len() > fit && fit > 0 {
        // Nobody shall say yes to something of which a part was missing without a word.
        let more = format!(" … {} more; a larger window shows them", text::count(lines.len() - fit + 1, "line"));
        lines.truncate(fit - 1);
        lines.push(Line::from(view.span(Role::Warning, more)));
    }
    let place = Rect { x: area.x + (area.width - width) / 2, y: area.y + (area.height - height) / 3, width, height };
    let inner = super::panel(view, frame, place, &question.title, Role::Danger);
    let used = u16::try_from(lines.len()).unwrap_or(0);
    super::lines(frame, inner, lines);
    let below = Rect { y: inner.y + used + 1, height: 1, ..inner };
    if below.bottom() > inner.bottom() {
        return;
    }
    match &question.typed {
        Some((expected, typed)) => {
            let words = format!(" type {expected} and enter to do it, esc to leave it");
            let mut spans = vec![view.span(Role::Dim, words)];
            if !api.is_empty() {
                spans.push(view.span(Role::Dim, format!("   {api}")));
            }
            frame.render_widget(Paragraph::new(Line::from(spans)), below);
            let line = Rect { y: below.y + 1, ..below };
            if line.bottom() <= inner.bottom() {
                type_line(view, frame, line, typed, expected, true);
            }
        }
        None => {
            let mut spans = vec![view.span(Role::Modal, " ")];
            let copy = question.copies.is_some().then_some(Action::CopyInstead);
            let mut x = below.x + 1;
            for action in [Some(Action::Yes), copy, Some(Action::No)].into_iter().flatten() {
                let hint = view.hint(action);
                let width = u16::try_from(hint.iter().map(Span::width).sum::<usize>()).unwrap_or(0);
                view.hit(Rect { x, width, ..below }, Hit::Act(action));
                x = x.saturating_add(width + 3);
                spans.extend(hint);
                spans.push(view.span(Role::Dim, "   "));
            }
            spans.push(view.span(Role::Dim, api));
            frame.render_widget(Paragraph::new(Line::from(spans)), below);
        }
    }
}

/// A form: labels on the left, fields on the right; the text field takes what room there is.
fn fill(view: &mut View<'_>, frame: &mut Frame<'_>, area: Rect, form: &Form, top: bool) {
    let texts = form.fields.iter().filter(|field| matches!(field.value, Value::Text(_))).count();
    let narrow = if texts > 0 { 100 } else { 84 };
    let width = area.width.saturating_sub(2).min(narrow);
    let fixed = u16::try_from(form.fields.len() - texts).unwrap_or(0);
    // What is wrong is told in full, as far as there is room for it.
    let room = usize::from(width.saturating_sub(4));
    let wrong = form.problem.as_ref().filter(|_| form.sent.is_none()).map(|problem| text::wrap(problem, room));
    let told = u16::try_from(wrong.as_ref().map_or(1, Vec::len)).unwrap_or(1).clamp(1, (area.height / 3).max(1));
    let wanted = fixed + 3 + told + if texts > 0 { 12 } else { 0 };
    let height = wanted.min(area.height);
    let place = Rect { x: area.x + (area.width - width) / 2, y: area.y + (area.height - height) / 3, width, height };
    frame.render_widget(Clear, place);
    let inner = super::panel(view, frame, place, &form.title, Role::ModalBorder);
    let label_width = form.fields.iter().map(|field| text::width(&field.label)).max().unwrap_or(0).min(18);
    // At the bottom: what the field is for, or what is wrong; and the keys.
    let room = inner.height.saturating_sub(told + 1);
    let text_height = match u16::try_from(texts).unwrap_or(0) {
        0 => 0,
        texts => (room.saturating_sub(fixed) / texts).max(2),
    };
    let heights: Vec<u16> =
        form.fields.iter().map(|field| if matches!(field.value, Value::Text(_)) { text_height } else { 1 }).collect();
    // Scroll as far as the field with the cursor needs.
    let needed: u16 = heights.iter().take(form.focus + 1).sum();
    let mut skip = needed.saturating_sub(room);
    let mut y = inner.y;
    for (at, (field, height)) in form.fields.iter().zip(&heights).enumerate() {
        if skip > 0 {
            skip = skip.saturating_sub(*height);
            continue;
        }
        let height = (*height).min((inner.y + room).saturating_sub(y));
        if height == 0 {
            break;
        }
        let focused = at == form.focus && top;
        if top {
            view.hit(Rect { y, height, ..inner }, Hit::Field(at));
        }
        let label = Rect { y, height: 1, width: u16::try_from(label_width + 3).unwrap_or(0).min(inner.width), ..inner };
        let role = if at == form.focus { Role::Key } else { Role::Dim };
        let sign = if at == form.focus { view.look.sign("▸", ">") } else { " " };
        let words = format!("{sign}{} ", text::fit(&field.label, label_width));
        frame.render_widget(Paragraph::new(Line::from(view.span(role, words))), label);
        let value = Rect { x: inner.x + label.width, y, width: inner.width - label.width, height };
        match &field.value {
            Value::Line(input) | Value::Document(input) => type_line(view, frame, value, input, "", focused),
            Value::Secret(input) => {
                let masked = LineInput::from(view.look.sign("•", "*").repeat(input.text().chars().count()).as_str());
                type_line(view, frame, value, &masked, "", focused);
            }
            Value::Choice { options, at } => {
                let spans = options.iter().enumerate().flat_map(|(option, name)| {
                    let role = if option == *at { Role::TabActive } else { Role::Dim };
                    [view.span(role, format!(" {name} ")), view.span(Role::Modal, " ")]
                });
                frame.render_widget(Paragraph::new(Line::from(spans.collect::<Vec<_>>())), value);
            }
            Value::Fixed(text) => {
                let words = text::cut(&format!(" {}", text::clean(text)), value.width.into());
                frame.render_widget(Paragraph::new(Line::from(view.span(Role::Text, words))), value);
            }
            Value::Text(editor) => {
                let mut area = editor.area().clone();
                area.set_style(view.style(Role::Input));
                area.set_cursor_line_style(view.style(Role::Input));
                let cursor = view.style(if focused { Role::Cursor } else { Role::Input });
                area.set_cursor_style(cursor.add_modifier(ratatui::style::Modifier::REVERSED));
                if !focused {
                    area.set_cursor_style(view.style(Role::Input));
                }
                area.set_line_number_style(view.style(Role::Dim));
                frame.render_widget(&area, value);
            }
        }
        y += height;
    }
    let bottom = inner.bottom();
    let (role, words) = match (wrong, form.current()) {
        _ if form.sent.is_some() => (Role::Running, vec!["on its way…".to_owned()]),
        (Some(problem), _) => (Role::Error, problem),
        (None, field) => (Role::Dim, field.map(|field| field.hint.clone()).into_iter().collect()),
    };
    let words =
        words.iter().map(|line| Line::from(view.span(role, text::cut(&format!(" {line}"), inner.width.into()))));
    let place = Rect { y: bottom.saturating_sub(told + 1).max(inner.y), height: told.min(inner.height), ..inner };
    super::lines(frame, place, words.take(told.into()).collect());
    let mut spans = vec![view.span(Role::Modal, " ")];
    let document = matches!(form.current().map(|field| &field.value), Some(Value::Document(_)));
    let accept = if document { Some((Action::Accept, "choose")) } else { None };
    let plan = (form.purpose == Purpose::Command).then_some((Action::Plan, "plan"));
    for (action, word) in [(Action::Submit, "done"), (Action::FieldNext, "next field"), (Action::Dismiss, "leave")]
        .into_iter()
        .chain(plan)
        .chain(accept)
    {
        if let Some(key) = view.state.key_for(action) {
            spans.push(view.span(Role::Key, key));
            spans.push(view.span(Role::Dim, format!(" {word}   ")));
        }
    }
    let line = Rect { y: bottom.saturating_sub(1), height: 1, ..inner };
    frame.render_widget(Paragraph::new(Line::from(spans)), line);
}
