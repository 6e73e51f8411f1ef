//! Shells: their tabs, and the screens of those that are shown.

use ratatui::{
    Frame,
    buffer::Buffer,
    layout::Rect,
    style::{Color, Style},
    text::{Line, Span},
    widgets::Paragraph,
};

use super::{View, cards, frame};
use crate::{
    config::theme::Role,
    console::{
        action::Action,
        state::{
            seen::{Area, Hit},
            shells::{
                Phase, Tab,
                layout::Plan,
                limits::{self, Ends},
            },
        },
        term::{
            copy::{Copy, Highlight, Unit},
            paint::{self, Look},
        },
        text,
    },
};

pub(super) fn draw(view: &mut View<'_>, frame: &mut Frame<'_>, area: Rect) {
    let bar = Rect { height: 1, ..area };
    let body = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    if view.state.shells.tabs.is_empty() {
        view.seen.shell = Some((body.height, body.width));
        let next =
            "Put the cursor on a node in the fleet and open a shell on it. Shells stay open while you look elsewhere.";
        return cards::empty(view, frame, body, "No shell is open", next, &[Action::PaneFleet, Action::Help]);
    }
    tabs(view, frame, bar);
    screens(view, frame, body);
}

/// The shells alone, with one line that says how to leave them.
pub(super) fn full_screen(view: &mut View<'_>, frame: &mut Frame<'_>, area: Rect) -> bool {
    let body = Rect { height: area.height - 1, ..area };
    screens(view, frame, body);
    let bottom = Rect { y: body.bottom(), height: 1, ..area };
    frame::footer(view, frame, bottom)
}

/// A sign for where a session stands.
fn sign(view: &View<'_>, tab: &Tab) -> (Role, &'static str) {
    match &tab.phase {
        _ if tab.unanswered(view.state.now).is_some() => (Role::NodeLost, view.look.sign("○", "o")),
        _ if tab.no_sign(view.state.now).is_some() => (Role::Stale, view.look.sign("◌", "~")),
        Phase::Connecting => (Role::Running, view.look.sign("⋯", "..")),
        Phase::Connected => (Role::NodeOnline, view.look.sign("●", "*")),
        Phase::Reconnecting { .. } => (Role::Stale, view.look.sign("◌", "~")),
        Phase::Closed(_) => (Role::NodeLost, view.look.sign("○", "o")),
    }
}

/// Columns below which a reason says nothing.
const SHORTEST_REASON: usize = 8;

/// The mark of a shell that is recorded.
pub(super) fn recording(view: &View<'_>) -> &'static str {
    view.look.sign("● rec", "* rec")
}

/// What is said of a shell whose keys do not reach its node, and for how long they have not: `no answer 12s`, or within so
/// many columns `reconnecting… 25s (attempt 3: connection refused)`.
pub(super) fn cut_off(view: &View<'_>, tab: &Tab, room: usize) -> Option<(Role, String)> {
    let now = view.state.now;
    let Phase::Reconnecting { attempt, since, why } = &tab.phase else {
        return tab.unanswered(now).map(|age| (Role::NodeLost, format!("no answer {}", text::span(age))));
    };
    let begin = format!("reconnecting… {}", text::span(now.since(*since)));
    let attempt = format!(" (attempt {attempt}: ");
    let left = room.saturating_sub(text::width(&begin) + text::width(&attempt) + 1);
    let told = match why {
        Some(why) if left >= SHORTEST_REASON => format!("{begin}{attempt}{})", text::cut(why, left)),
        _ => begin,
    };
    Some((Role::Stale, told))
}

/// The same with its sign, where no tab shows that.
pub(super) fn signed_cut_off(view: &View<'_>, tab: &Tab, room: usize) -> Option<Span<'static>> {
    let (_, sign) = sign(view, tab);
    let (role, told) = cut_off(view, tab, room.saturating_sub(text::width(sign) + 1))?;
    Some(view.span(role, format!("{sign} {told}")))
}

/// What is said of a shell whose node has not been heard of for long, where nobody has waited for an answer of it.
pub(super) fn no_sign(view: &View<'_>, tab: &Tab) -> Option<(Role, String)> {
    let age = tab.no_sign(view.state.now)?;
    Some((Role::Warning, format!("no sign of the node {}", text::span(age))))
}

/// What is said of a session that the clock ends soon: `idle 4:00`.
pub(super) fn ends_soon(view: &View<'_>, tab: &Tab) -> Option<(Role, String)> {
    let (ends, left) = limits::countdown(tab, view.state.now)?;
    let role = if left < limits::urgent(tab, ends) { Role::Failed } else { Role::Warning };
    let what = if ends == Ends::Idle { "idle" } else { "ends" };
    (left < limits::SOON).then(|| (role, format!("{what} {}", limits::clock(left))))
}

/// What a tab says of itself behind its name: that it is recorded, that keys do not reach its node, a bell, news, its mark.
/// `room` is for what keeps them from it.
fn marks(view: &View<'_>, tab: &Tab, room: usize) -> Vec<(Role, String)> {
    let mut marks = Vec::new();
    if tab.recording {
        marks.push((Role::Danger, recording(view).to_owned()));
    }
    marks.extend(cut_off(view, tab, room).or_else(|| no_sign(view, tab)));
    if let Some(progress) = tab.pasting {
        let percent = (progress.done * 100).checked_div(progress.total).unwrap_or(0);
        marks.push((Role::Running, format!("pasting {percent}%")));
    }
    if tab.marked {
        let sign = if tab.muted { view.look.sign("◇ muted", "m muted") } else { view.look.sign("◆", "M") };
        marks.push((Role::Marked, sign.to_owned()));
    }
    marks.extend(ends_soon(view, tab));
    if tab.wants_copied.is_some() {
        marks.push((Role::Warning, view.look.sign("⧉", "copy?").to_owned()));
    }
    if tab.bell {
        marks.push((Role::Warning, view.look.sign("♪", "bell").to_owned()));
    } else if tab.news {
        marks.push((Role::Running, view.look.sign("•", "!").to_owned()));
    }
    marks
}

/// A tab of the bar: the sign, the name cut to its room, the marks, with so many columns for what keeps keys from its node.
fn label(view: &View<'_>, tab: &Tab, (focused, shown): (bool, bool), room: usize, reason: usize) -> Vec<Span<'static>> {
    let (role, sign) = sign(view, tab);
    let name = match (focused, shown) {
        (true, _) => Role::TabActive,
        (false, true) => Role::Title,
        (false, false) => Role::Dim,
    };
    let mut spans = vec![
        view.span(role, format!(" {sign}")),
        view.span(name, format!(" {} ", text::cut(&view.state.tab_label(tab), room))),
    ];
    for (role, mark) in marks(view, tab, reason) {
        spans.push(view.span(role, format!("{mark} ")));
    }
    spans
}

fn width(spans: &[Span<'_>]) -> usize {
    spans.iter().map(|span| text::width(&span.content)).sum()
}

/// The bar of tabs. The one that is typed into is always on it; `‹` and `›` say that there are more.
fn tabs(view: &mut View<'_>, frame: &mut Frame<'_>, area: Rect) {
    let shells = &view.state.shells;
    let focus = shells.current().map(|tab| tab.id);
    let order = shells.in_order();
    let room = match order.len() {
        few @ 0..=4 => (usize::from(area.width) / few.max(1)).saturating_sub(12).clamp(20, 40),
        _ => 12,
    };
    let mut labels: Vec<_> = order
        .iter()
        .map(|(group, tab)| {
            let focused = Some(tab.id) == focus;
            let shown = *group == shells.at && shells.is_shown(tab.id);
            (*group, tab.id, label(view, tab, (focused, shown), room, 0))
        })
        .collect();
    let at = labels.iter().position(|(_, id, _)| Some(*id) == focus).unwrap_or(0);
    // From the focused tab outwards, as many as there is room for.
    let most = usize::from(area.width).saturating_sub(4);
    // What all of them leave free is for the reason why the focused one does not reach its node.
    let spare = most.saturating_sub(labels.iter().map(|(.., spans)| width(spans) + 1).sum());
    if let Some((tab, (_, told))) = shells.current().and_then(|tab| Some((tab, cut_off(view, tab, 0)?)))
        && let Some((.., spans)) = labels.get_mut(at)
    {
        *spans = label(view, tab, (true, true), room, text::width(&told) + spare);
    }
    let (mut from, mut to) = (at, at + 1);
    let mut used = labels.get(at).map_or(0, |(.., spans)| width(spans));
    loop {
        let before = from.checked_sub(1).map(|before| width(&labels[before].2) + 1);
        let after = labels.get(to).map(|(.., spans)| width(spans) + 1);
        match (before, after) {
            (Some(more), _) if used + more <= most => (from, used) = (from - 1, used + more),
            (_, Some(more)) if used + more <= most => (to, used) = (to + 1, used + more),
            _ => break,
        }
    }
    let mut spans = vec![view.span(Role::Dim, if from > 0 { view.look.sign("‹", "<") } else { " " })];
    let mut x = area.x + 1;
    let mut last = None;
    for (group, id, tab) in &labels[from.min(labels.len())..to.min(labels.len())] {
        if let Some(last) = last {
            // Shells of one split hang together.
            spans.push(view.span(Role::Border, if last == *group { view.look.sign("┊", ":") } else { " " }));
            x += 1;
        }
        let columns = u16::try_from(width(tab)).unwrap_or(0).min(area.right().saturating_sub(x));
        view.hit(Rect { x, width: columns, height: 1, ..area }, Hit::Shell(*id));
        x += columns;
        spans.extend(tab.iter().cloned());
        last = Some(*group);
    }
    if to < labels.len() {
        spans.push(view.span(Role::Dim, view.look.sign("›", ">")));
    }
    let told = shells.current().map(|tab| told(view, tab)).unwrap_or_default();
    let left = usize::from(area.width).saturating_sub(width(&spans) + 1);
    if left > 8 {
        let told = text::cut(&told, left - 2);
        let gap = left.saturating_sub(text::width(&told));
        spans.push(view.span(Role::Dim, format!("{}{told}", " ".repeat(gap))));
    }
    frame.render_widget(Paragraph::new(Line::from(spans)), area);
}

/// What is said of the shell that is typed into, at the end of the bar.
fn told(view: &View<'_>, tab: &Tab) -> String {
    let state = view.state;
    if let Some(copy) = &state.shells.copy {
        return lookback(tab, copy);
    }
    match &tab.phase {
        Phase::Connecting => match state.worst(tab.origin).and_then(|worst| worst.waited(state.now)) {
            Some(waited) => format!("connecting, no answer for {}", text::seconds(waited)),
            None => "connecting".to_owned(),
        },
        Phase::Closed(_) => "closed".to_owned(),
        _ => {
            let mut told: Vec<String> = tab.terminal.title().into_iter().collect();
            // Only what is decided by the clock alone is always said: an idle time-out is far while one works.
            if let Some(left) = limits::longest_left(tab, state.now) {
                told.push(format!("{} left", limits::clock(left)));
            }
            told.join(if view.look.ascii { " | " } else { " · " })
        }
    }
}

/// What is said while one looks back: the search, what is selected, how far back it is.
fn lookback(tab: &Tab, copy: &Copy) -> String {
    let found = match copy.found() {
        (0, _) if copy.prompt().is_some_and(|typed| typed.len() > 1) => "  nothing found".to_owned(),
        (0, _) => String::new(),
        (all, Some(at)) => format!("  {} of {}", text::thousands(at), text::thousands(all)),
        (all, None) => format!("  {} found", text::thousands(all)),
    };
    if let Some(typed) = copy.prompt() {
        return format!("{}{found}", text::clean(&typed));
    }
    let selecting = match copy.selecting() {
        None => "looking back",
        Some(Unit::Characters | Unit::Words) => "selecting",
        Some(Unit::Lines) => "selecting lines",
        Some(Unit::Block) => "selecting a block",
    };
    format!("{selecting} {}{found}", text::count(tab.terminal.modes().scrolled, "line"))
}

/// The screens of the shown shells. While several are typed into, a border that cannot be missed says so.
fn screens(view: &mut View<'_>, frame: &mut Frame<'_>, area: Rect) {
    let area = match view.state.shells.broadcasting {
        true => broadcast_border(view, frame, area),
        false => area,
    };
    let whole: Area = (area.x, area.y, area.width, area.height);
    view.seen.room = Some(whole);
    view.seen.shell = Some((area.height, area.width));
    let Some(group) = view.state.shells.group() else { return };
    let alone = || Plan { shells: vec![(group.focus, whole)], lines: Vec::new() };
    // Where there is no room for all, the one that is typed into has it.
    let plan = if group.zoomed { alone() } else { group.tree.plan(whole).unwrap_or_else(alone) };
    let hidden = group.tree.leaves().len() - plan.shells.len();
    let titled = plan.shells.len() > 1 || hidden > 0;
    for (id, (x, y, width, height)) in &plan.shells {
        let Some(tab) = view.state.shells.tab(*id) else { continue };
        let mut place = Rect { x: *x, y: *y, width: *width, height: *height };
        if titled {
            let line = Rect { height: 1, ..place };
            title(view, frame, line, tab, *id == group.focus, hidden);
            place = Rect { y: place.y + 1, height: place.height.saturating_sub(1), ..place };
        }
        view.hit(place, Hit::Shell(*id));
        view.seen.shells.push((*id, (place.x, place.y, place.width, place.height)));
        screen(view, frame, place, tab, *id == group.focus);
    }
    let line = view.style(Role::Border);
    for (x, y, width, height) in &plan.lines {
        for row in *y..y + height {
            frame.buffer_mut().set_stringn(*x, row, view.look.sign("│", "|"), (*width).into(), line);
        }
    }
}

/// The line over a shell in a split.
fn title(view: &View<'_>, frame: &mut Frame<'_>, area: Rect, tab: &Tab, focused: bool, hidden: usize) {
    let (role, sign) = sign(view, tab);
    let receiving = view.state.shells.is_receiver(tab);
    let name = match (receiving, focused) {
        (true, _) => Role::Broadcast,
        (false, true) => Role::TabActive,
        (false, false) => Role::Tab,
    };
    let mut spans =
        vec![view.span(role, format!("{sign} ")), view.span(name, format!(" {} ", view.state.tab_label(tab)))];
    let room = usize::from(area.width).saturating_sub(width(&spans) + 1);
    spans.extend(marks(view, tab, room).into_iter().map(|(role, mark)| view.span(role, format!(" {mark}"))));
    if hidden > 0 {
        spans.push(view.span(Role::Dim, format!("  zoomed, {} hidden", text::thousands(hidden))));
    }
    frame.render_widget(Paragraph::new(Line::from(spans)).style(view.style(Role::Tab)), area);
}

/// A frame all around, with words: what is typed goes into several shells.
fn broadcast_border(view: &View<'_>, frame: &mut Frame<'_>, area: Rect) -> Rect {
    use ratatui::{
        symbols::border,
        widgets::{Block, Borders},
    };
    let shells = &view.state.shells;
    let into = shells.receivers().len();
    let muted = shells.current().is_some_and(|tab| tab.muted);
    let this = if muted { ", not into this one" } else { "" };
    let words = format!(" typing into {}{this} ", text::count(into, "shell"));
    let off = format!(" {} ends it ", view.state.prefixed_key(Action::Broadcast));
    let style = view.style(Role::Broadcast);
    let ascii = border::Set {
        top_left: "#",
        top_right: "#",
        bottom_left: "#",
        bottom_right: "#",
        vertical_left: "#",
        vertical_right: "#",
        horizontal_top: "#",
        horizontal_bottom: "#",
    };
    let block = Block::new()
        .borders(Borders::ALL)
        .border_set(if view.look.ascii { ascii } else { border::DOUBLE })
        .border_style(style)
        .title_style(style)
        .title(Line::from(words).centered())
        .title_bottom(Line::from(off).left_aligned());
    let inner = block.inner(area);
    frame.render_widget(block, area);
    inner
}

fn screen(view: &View<'_>, frame: &mut Frame<'_>, area: Rect, tab: &Tab, typed_into: bool) {
    let typed_into = typed_into && !view.away;
    let focused =
        typed_into && view.state.shells.takes_keys() && view.state.overlays.is_empty() && !view.state.prefixed;
    let ground = view.style(Role::Text);
    // Without colours of our own the session's are left out too.
    let look = Look { focused, mono: ground.fg.is_none() && ground.bg.is_none() };
    let copy = view.state.shells.copy.as_ref().filter(|_| typed_into);
    let highlight = Highlight {
        selected: view.style(Role::Cursor),
        found: view.style(Role::Match),
        current: view.style(Role::MatchCurrent),
    };
    let cursor = tab.terminal.with_screen(|screen| {
        let cursor = paint::paint(screen, area, frame.buffer_mut(), look);
        settle_on(frame.buffer_mut(), area, ground);
        match copy {
            Some(copy) => copy.draw(screen, area, frame.buffer_mut(), highlight),
            None => cursor,
        }
    });
    if let Some(cursor) = cursor.filter(|_| !view.away) {
        view.typed_at.set(Some(cursor.y));
        frame.set_cursor_position(cursor);
    }
    // What is to be done about it stands on the screen; below it, by which key.
    if matches!(tab.phase, Phase::Closed(_)) && typed_into {
        let mut spans = Vec::new();
        let mut room = usize::from(area.width);
        for action in [Action::Reopen, Action::CloseShell, Action::LeaveShell] {
            let hint = view.hint(action);
            // A key without its word says nothing.
            let width = 2 + hint.iter().map(Span::width).sum::<usize>();
            if width <= room {
                room -= width;
                spans.push(view.span(Role::Warning, "  "));
                spans.extend(hint);
            }
        }
        let line = Rect { y: area.bottom().saturating_sub(1), height: 1, ..area };
        frame.render_widget(Paragraph::new(Line::from(spans)).style(view.style(Role::Warning)), line);
    }
}

/// A session's default colours are the theme's.
fn settle_on(buffer: &mut Buffer, area: Rect, ground: Style) {
    let (fg, bg) = (ground.fg.unwrap_or(Color::Reset), ground.bg.unwrap_or(Color::Reset));
    for y in area.top()..area.bottom() {
        for x in area.left()..area.right() {
            let Some(cell) = buffer.cell_mut((x, y)) else { continue };
            if cell.fg == Color::Reset {
                cell.fg = fg;
            }
            if cell.bg == Color::Reset {
                cell.bg = bg;
            }
        }
    }
}
