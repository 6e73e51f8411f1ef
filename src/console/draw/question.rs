//! A question before something is done, with what it is about in full: what the box has no room for is scrolled to.

use ratatui::{
    Frame,
    layout::Rect,
    text::{Line, Span},
    widgets::Paragraph,
};

use super::{View, boxes, grid};
use crate::{
    config::theme::Role,
    console::{
        action::Action,
        state::{
            input::LineInput,
            overlay::{Question, Wrapped},
            seen::{Hit, Slot},
        },
        text,
    },
};

/// A box is so wide at least where the screen is.
const USUAL: usize = 76;
/// And so wide at most: lines that are longer are hard to read.
const WIDEST: usize = 140;

/// The lines of a question for a screen.
fn wrapped(question: &Question, area: Rect) -> Wrapped {
    let longest = question.lines.iter().flat_map(|line| line.split('\n')).map(text::width).max().unwrap_or(0);
    let width = boxes::width(area, u16::try_from((longest + 4).clamp(USUAL, WIDEST)).unwrap_or(u16::MAX));
    let room = usize::from(width.saturating_sub(4));
    let wrapped = |at: usize, line: &str| {
        let is_text = question.as_is.contains(&at);
        let role = match (at, line.bytes().next().filter(|_| is_text)) {
            (_, Some(b'+')) => Role::Added,
            (_, Some(b'-')) => Role::Removed,
            (0, _) => Role::Title,
            _ => Role::Text,
        };
        let parts = match is_text {
            true => parts(line, room).into_iter().map(str::to_owned),
            false => return text::wrap(line, room).into_iter().map(|line| (role, line)).collect::<Vec<_>>(),
        };
        parts.map(|line| (role, line)).collect()
    };
    let lines = question.lines.iter().enumerate().flat_map(|(at, line)| wrapped(at, line)).collect();
    Wrapped { width, lines }
}

pub(super) fn draw(view: &mut View<'_>, frame: &mut Frame<'_>, area: Rect, question: &Question) {
    let wrapped = question.wrapped(area.width, || wrapped(question, area));
    let width = wrapped.width;
    let mut told: Vec<&(Role, String)> = wrapped.lines.iter().collect();
    // Around the answer there is air, unless what is asked about needs the room.
    let typed = u16::from(question.typed.is_some());
    let wanted = u16::try_from(told.len()).unwrap_or(u16::MAX).saturating_add(5 + typed);
    let roomy = wanted <= area.height;
    if !roomy {
        told.retain(|(_, line)| !line.is_empty());
    }
    let below = if roomy { 3 + typed } else { 1 };
    let height = u16::try_from(told.len()).unwrap_or(u16::MAX).saturating_add(below + 2).min(area.height);
    let place = Rect { x: area.x + (area.width - width) / 2, y: area.y + (area.height - height) / 3, width, height };
    let inner = super::panel(view, frame, place, &question.title, Role::Danger);
    let fit = inner.height.saturating_sub(below);
    let (len, rows) = (told.len(), usize::from(fit));
    let top = question.scroll.top.min(len.saturating_sub(rows));
    view.window(Slot::Overlay, top, rows);
    let lines = told.into_iter().skip(top).take(rows);
    let lines = lines.map(|(role, line)| Line::from(view.span(*role, format!(" {line}")))).collect();
    let body = Rect { height: fit, ..inner };
    super::lines(view, frame, body, lines);
    if len > rows {
        // Nobody shall say yes to something of which a part was missing without a word.
        let keys = [Action::CursorDown, Action::CursorUp].into_iter().filter_map(|action| view.state.key_for(action));
        let keys = keys.collect::<Vec<_>>().join(" ");
        boxes::remark(view, frame, place, &format!("lines {}-{} of {len}, {keys} for the rest", top + 1, top + rows));
        grid::scrollbar(view, frame.buffer_mut(), body, top, rows, len);
        grid::scroll_hits(view, Slot::Overlay, body, rows, len);
    }
    let answer = inner.y + fit + u16::from(roomy);
    let line = Rect { y: answer, height: 1, ..inner };
    if line.bottom() > inner.bottom() {
        return;
    }
    if !question.listens(view.state.now) {
        // Of any key but that one nobody knows yet whom it was meant for.
        let words = text::cut(" esc leaves it; other keys count in a moment", line.width.into());
        return frame.render_widget(Paragraph::new(Line::from(view.span(Role::Dim, words))), line);
    }
    match &question.typed {
        Some((expected, typed)) => type_answer(view, frame, line, question, (expected, typed), roomy),
        None => keys(view, frame, line, question),
    }
}

/// A line as it is, in parts that fit: broken behind a blank, and inside a word only where that is longer than a part.
fn parts(line: &str, room: usize) -> Vec<&str> {
    let (mut parts, mut rest) = (Vec::new(), line);
    while text::width(rest) > room {
        let most = match text::prefix(rest, room).len() {
            // What is wider than the room has to be somewhere all the same.
            0 => rest.chars().next().map_or(rest.len(), char::len_utf8),
            most => most,
        };
        let (fits, beyond) = rest.split_at_checked(most).unwrap_or((rest, ""));
        let blank = match beyond.starts_with(' ') && !fits.trim().is_empty() {
            // A blank at the end needs no room.
            true => Some(most + 1),
            false => fits.rfind(' ').map(|at| at + 1),
        };
        // An indentation is no place to break at.
        let is_within = |at: &usize| !rest.get(..*at).unwrap_or_default().trim().is_empty();
        let (part, after) = rest.split_at(blank.filter(is_within).unwrap_or(most));
        parts.push(part);
        rest = after;
    }
    if !rest.is_empty() || parts.is_empty() {
        parts.push(rest);
    }
    parts
}

/// What must be typed, above the line for it or, where there is no room, before it.
fn type_answer(
    view: &View<'_>,
    frame: &mut Frame<'_>,
    line: Rect,
    question: &Question,
    (expected, typed): (&str, &LineInput),
    roomy: bool,
) {
    let enough = usize::from(line.width);
    let full = format!(" type {expected} and enter to do it, esc to leave it");
    let short = format!(" type {expected} and enter ");
    if !roomy {
        // The line is as long as what has to be typed, and a bit.
        let answer = u16::try_from(text::width(expected)).unwrap_or(u16::MAX).saturating_add(4);
        let most = line.width.saturating_sub(answer).max(line.width / 3);
        let used = u16::try_from(text::width(&short)).unwrap_or(u16::MAX).min(most);
        let words = text::cut(&short, used.into());
        frame.render_widget(Paragraph::new(Line::from(view.span(Role::Dim, words))), line);
        let rest = Rect { x: line.x + used, width: line.width - used, ..line };
        return boxes::type_line(view, frame, rest, typed, expected, true);
    }
    let words = if text::width(&full) <= enough { full } else { text::cut(&short, enough) };
    let operation = format!("   {}", question.then.operation());
    let mut spans = vec![view.span(Role::Dim, words)];
    if spans[0].width() + text::width(&operation) <= enough {
        spans.push(view.span(Role::Dim, operation));
    }
    frame.render_widget(Paragraph::new(Line::from(spans)), line);
    boxes::type_line(view, frame, Rect { y: line.y + 1, ..line }, typed, expected, true);
}

/// The keys that answer.
fn keys(view: &mut View<'_>, frame: &mut Frame<'_>, line: Rect, question: &Question) {
    let mut spans = vec![view.span(Role::Modal, " ")];
    let copy = question.copies.is_some().then_some(Action::CopyInstead);
    let mut x = line.x + 1;
    for action in [Some(Action::Yes), copy, Some(Action::No)].into_iter().flatten() {
        let hint = view.hint(action);
        let width = u16::try_from(hint.iter().map(Span::width).sum::<usize>()).unwrap_or(0);
        view.hit(Rect { x, width, ..line }, Hit::Act(action));
        x = x.saturating_add(width + 3);
        spans.extend(hint);
        spans.push(view.span(Role::Dim, "   "));
    }
    let operation = question.then.operation();
    if usize::from(x - line.x) + operation.len() <= usize::from(line.width) {
        spans.push(view.span(Role::Dim, operation));
    }
    frame.render_widget(Paragraph::new(Line::from(spans)), line);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::{effect::Source, state::overlay::Overlay, testing::Bench, update::Page};

    #[test]
    fn what_a_question_says_is_wrapped_once_for_a_width() {
        let node =
            |n: usize| crate::ssm::InstanceInformation { instance_id: Some(format!("mi-{n}")), ..Default::default() };
        let mut bench = Bench::new(false);
        bench.answer(Source::Nodes, Page::Nodes((0..50).map(node).collect()));
        bench.press("a c");
        let narrow = bench.screen(80, 24);
        let Some(Overlay::Question(question)) = bench.state.overlays.last() else { panic!("nothing is asked") };
        question.wrapped(80, || panic!("it was wrapped for that"));
        assert_ne!(bench.screen(50, 24), narrow);
        assert_eq!(bench.screen(80, 24), narrow);
    }

    #[test]
    fn what_is_shown_as_it_is_breaks_between_words() {
        assert_eq!(parts("apt-get install -y nginx", 18), ["apt-get install -y ", "nginx"]);
        assert_eq!(parts("  systemctl restart", 12), ["  systemctl ", "restart"]);
        assert_eq!(parts("one two", 3), ["one ", "two"]);
        assert_eq!(parts("one twofold", 8), ["one ", "twofold"]);
        assert_eq!(parts("    /a/very/long/path", 10), ["    /a/ver", "y/long/pat", "h"]);
        assert_eq!(parts("漢字漢", 1), ["漢", "字", "漢"]);
        assert_eq!(parts("", 5), [""]);
    }

    proptest::proptest! {
        #[test]
        fn nothing_of_it_is_lost(line in "[ a-z漢/]{0,60}", room in 1usize..30) {
            proptest::prop_assert_eq!(parts(&line, room).concat(), line);
        }
    }
}
