//! A form: labels on the left, fields on the right; the text field takes what room there is.

use ratatui::{
    Frame,
    layout::Rect,
    style::Modifier,
    text::{Line, Span},
    widgets::{Clear, Paragraph},
};

use super::{View, boxes, cards};
use crate::{
    config::theme::Role,
    console::{
        action::Action,
        origin::Origin,
        state::{
            form::{Field, Form, Purpose, Value},
            input::LineInput,
            seen::Hit,
        },
        text,
    },
};

pub(super) fn draw(view: &mut View<'_>, frame: &mut Frame<'_>, area: Rect, form: &Form, top: bool) {
    let texts = form.fields.iter().filter(|field| matches!(field.value, Value::Text(_))).count();
    let width = boxes::width(area, if texts > 0 { 100 } else { 84 });
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
    // At the bottom: what the field is for, or what is wrong; and the keys.
    let room = inner.height.saturating_sub(told + 1);
    fields(view, frame, place, Rect { height: room, ..inner }, form, top);
    let bottom = inner.bottom();
    let (role, words) = match (wrong, form.current()) {
        _ if form.sent.is_some() => (Role::Running, vec![sent(view, form)]),
        (Some(problem), _) => (Role::Error, problem),
        (None, field) => (Role::Dim, field.map(|field| field.hint.clone()).into_iter().collect()),
    };
    let words =
        words.iter().map(|line| Line::from(view.span(role, text::cut(&format!(" {line}"), inner.width.into()))));
    let place = Rect { y: bottom.saturating_sub(told + 1).max(inner.y), height: told.min(inner.height), ..inner };
    super::lines(view, frame, place, words.take(told.into()).collect());
    keys(view, frame, Rect { y: bottom.saturating_sub(1), height: 1, ..inner }, form);
}

/// What is said of a form that was submitted, until the answer is there.
fn sent(view: &View<'_>, form: &Form) -> String {
    let state = view.state;
    let waited = form.sent.and_then(|number| state.under_way.waited(number, state.now));
    if let Some(waited) = waited.and_then(cards::worth_a_word) {
        return format!("on its way for {}, no answer yet", text::seconds(waited));
    }
    let silence = |origin: &Origin| state.worst(*origin)?.waited(state.now);
    match state.origins.scope().iter().find_map(silence) {
        Some(silence) => format!("on its way… no answer for {}", text::seconds(silence)),
        None => "on its way…".to_owned(),
    }
}

/// The fields there is room for, the one with the cursor among them; says in the edge of the box if there are others.
fn fields(view: &mut View<'_>, frame: &mut Frame<'_>, place: Rect, area: Rect, form: &Form, top: bool) {
    let is_text = |field: &Field| matches!(field.value, Value::Text(_));
    let texts = u16::try_from(form.fields.iter().filter(|field| is_text(field)).count()).unwrap_or(0);
    let fixed = u16::try_from(form.fields.len()).unwrap_or(u16::MAX).saturating_sub(texts);
    let text_height = match texts {
        0 => 0,
        texts => (area.height.saturating_sub(fixed) / texts).max(2),
    };
    let label_width = form.fields.iter().map(|field| text::width(&field.label)).max().unwrap_or(0).min(18);
    let heights: Vec<u16> = form.fields.iter().map(|field| if is_text(field) { text_height } else { 1 }).collect();
    // Scroll as far as the field with the cursor needs.
    let needed: u16 = heights.iter().take(form.focus + 1).sum();
    let mut skip = needed.saturating_sub(area.height);
    let mut y = area.y;
    let mut shown = 0;
    for (at, (field, height)) in form.fields.iter().zip(&heights).enumerate() {
        if skip > 0 {
            skip = skip.saturating_sub(*height);
            continue;
        }
        let height = (*height).min(area.bottom().saturating_sub(y));
        if height == 0 {
            break;
        }
        shown += 1;
        let here = Rect { y, height, ..area };
        if top {
            view.hit(here, Hit::Field(at));
        }
        let label = Rect { height: 1, width: u16::try_from(label_width + 3).unwrap_or(0).min(area.width), ..here };
        let role = if at == form.focus { Role::Key } else { Role::Dim };
        let sign = if at == form.focus { view.look.sign("▸", ">") } else { " " };
        let words = format!("{sign}{} ", text::fit(&field.label, label_width));
        frame.render_widget(Paragraph::new(Line::from(view.span(role, words))), label);
        let value = Rect { x: area.x + label.width, width: area.width - label.width, ..here };
        content(view, frame, value, field, at == form.focus && top);
        y += height;
    }
    if shown < form.fields.len() && shown > 0 {
        let key = view.state.key_for(Action::FieldNext).map(|key| format!(", {key} for the others"));
        let words = format!("field {} of {}{}", form.focus + 1, form.fields.len(), key.unwrap_or_default());
        boxes::remark(view, frame, place, &words);
    }
}

/// What stands in a field.
fn content(view: &View<'_>, frame: &mut Frame<'_>, area: Rect, field: &Field, focused: bool) {
    match &field.value {
        Value::Line(input) | Value::Document(input) => boxes::type_line(view, frame, area, input, "", focused),
        Value::Secret(input) => {
            let masked = LineInput::from(view.look.sign("•", "*").repeat(input.text().chars().count()).as_str());
            boxes::type_line(view, frame, area, &masked, "", focused);
        }
        Value::Choice { options, at } => {
            frame.render_widget(Paragraph::new(choice(view, options, *at, area.width.into())), area);
        }
        Value::Fixed(text) => {
            let words = text::cut(&format!(" {}", text::clean(text)), area.width.into());
            frame.render_widget(Paragraph::new(Line::from(view.span(Role::Text, words))), area);
        }
        Value::Text(editor) => {
            let mut shown = editor.area().clone();
            shown.set_style(view.style(Role::Input));
            shown.set_cursor_line_style(view.style(Role::Input));
            let cursor = view.style(if focused { Role::Cursor } else { Role::Input });
            shown.set_cursor_style(cursor.add_modifier(Modifier::REVERSED));
            if !focused {
                shown.set_cursor_style(view.style(Role::Input));
            }
            shown.set_line_number_style(view.style(Role::Dim));
            frame.render_widget(&shown, area);
        }
    }
}

/// Options side by side, as many as there is room for and the chosen one always; marks say on which side there are others.
fn choice<T: AsRef<str>>(view: &View<'_>, options: &[T], chosen: usize, room: usize) -> Line<'static> {
    // A blank on each side, and one between two of them.
    let width = |option: &T| text::width(option.as_ref()) + 3;
    let taken = |from: usize, to: usize| {
        let marks = 2 * (usize::from(from > 0) + usize::from(to < options.len()));
        options.iter().take(to).skip(from).map(width).sum::<usize>().saturating_sub(1) + marks
    };
    let from = (0..=chosen).find(|from| taken(*from, chosen + 1) <= room).unwrap_or(chosen);
    let to = (chosen + 1..=options.len()).rev().find(|to| taken(from, *to) <= room).unwrap_or(chosen + 1);
    let mut spans = Vec::new();
    if from > 0 {
        spans.push(view.span(Role::Key, view.look.sign("‹ ", "< ")));
    }
    for (at, option) in options.iter().enumerate().take(to).skip(from) {
        let role = if at == chosen { Role::TabActive } else { Role::Dim };
        let name = text::cut(option.as_ref(), room.saturating_sub(6).max(1));
        spans.extend([view.span(role, format!(" {name} ")), view.span(Role::Modal, " ")]);
    }
    if to < options.len() {
        spans.push(view.span(Role::Key, view.look.sign("›", ">")));
    }
    Line::from(spans)
}

/// The keys of the form, as many as there is room for.
fn keys(view: &View<'_>, frame: &mut Frame<'_>, area: Rect, form: &Form) {
    let document = matches!(form.current().map(|field| &field.value), Some(Value::Document(_)));
    let accept = document.then_some((Action::Accept, "choose"));
    let plan = (form.purpose == Purpose::Command).then_some((Action::Plan, "plan"));
    let always = [(Action::Submit, "done"), (Action::Dismiss, "leave"), (Action::FieldNext, "next field")];
    let mut spans = vec![view.span(Role::Modal, " ")];
    for (action, word) in always.into_iter().chain(plan).chain(accept) {
        let Some(key) = view.state.key_for(action) else { continue };
        let used = spans.iter().map(Span::width).sum::<usize>();
        if used + text::width(&key) + word.len() < usize::from(area.width) {
            spans.push(view.span(Role::Key, key));
            spans.push(view.span(Role::Dim, format!(" {word}   ")));
        }
    }
    frame.render_widget(Paragraph::new(Line::from(spans)), area);
}
