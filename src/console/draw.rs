//! The state as cells. Reads the state and changes nothing; what it learns (window sizes, what stands where) goes back as
//! [`Seen`].

use std::{
    cell::{Cell, OnceCell},
    time::Duration,
};

use ratatui::{
    Frame,
    layout::Rect,
    style::Style,
    text::{Line, Span},
    widgets::{Clear, Paragraph},
};

use crate::{
    config::theme::{Role, Theme},
    console::{
        action::{Action, Kind},
        origin::{Connection, Origin},
        state::{
            Pane, State,
            node::Node,
            overlay::Overlay,
            seen::{Hit, Seen, Slot},
            viewer::Room,
        },
        text,
    },
};

mod boxes;
mod cards;
mod chart;
mod columns;
mod command;
mod commands;
mod compare;
mod compliance;
mod fleet;
mod form;
mod forwards;
mod frame;
mod grid;
mod lens;
mod node;
mod node_view;
mod origin;
mod parameters;
mod plan;
mod question;
mod sessions;
mod shell;
mod split;
mod toasts;
mod viewer;
mod which;

#[cfg(test)]
mod tests;

/// What changes by itself is drawn again after this time at the soonest.
const SOONEST: Duration = Duration::from_secs(1);
/// The smallest screen anything is drawn on.
const SMALLEST: (u16, u16) = (40, 10);

/// How things look.
#[derive(Clone, Debug)]
pub struct Look {
    /// The theme, reduced to what the terminal shows.
    pub theme: Theme,
    /// Draw with ASCII alone.
    pub ascii: bool,
}

impl Look {
    /// The style of a role.
    pub fn style(&self, role: Role) -> Style {
        self.theme.style(role)
    }

    /// A sign, or its twin in ASCII.
    pub fn sign(&self, sign: &'static str, ascii: &'static str) -> &'static str {
        if self.ascii { ascii } else { sign }
    }
}

/// Names of nodes that have a twin in ASCII and are looked for in every text; of more, a name in a sentence is as it may be.
const MOST_TWINS: usize = 500;

/// What drawing a pane needs.
pub(super) struct View<'a> {
    pub state: &'a State,
    pub look: &'a Look,
    pub seen: Seen,
    /// What nodes are called in ASCII of whose name nothing would be left in it; made when it is needed.
    twins: OnceCell<Vec<(&'a str, &'a str)>>,
    /// The row in which one types into a shell.
    typed_at: Cell<Option<u16>>,
    /// Whether what is drawn is the side of the screen that has not the keys.
    pub away: bool,
    /// Whether the rows of lists are so old that they say nothing about now.
    pub outdated: bool,
    /// The origins whose rows are so old, where those of others are not.
    pub outdated_of: Vec<Origin>,
}

impl<'a> View<'a> {
    fn new(state: &'a State, look: &'a Look, away: bool) -> Self {
        let (seen, twins, typed_at) = (Seen::default(), OnceCell::new(), Cell::new(None));
        Self { state, look, seen, twins, typed_at, away, outdated: false, outdated_of: Vec::new() }
    }
}

impl View<'_> {
    pub fn style(&self, role: Role) -> Style {
        match role {
            // There is one cursor on the screen.
            Role::Cursor if self.away => self.look.style(Role::CursorBlur),
            role => self.look.style(role),
        }
    }

    /// Text in a role. Plain text keeps the ground it stands on, which in a box is not the screen's.
    pub fn span(&self, role: Role, text: impl Into<String>) -> Span<'static> {
        let mut style = self.style(role);
        if role == Role::Text {
            style.bg = None;
        }
        Span::styled(self.plain(text.into()), style)
    }

    /// A text for cells: in ASCII where only that is wanted.
    pub fn plain(&self, text: String) -> String {
        if !self.look.ascii || text.is_ascii() {
            return text;
        }
        let text = self.with_twins(text);
        text.chars()
            .map(|c| match c {
                '…' => '~',
                '·' | '•' => '.',
                '–' | '─' => '-',
                '→' => '>',
                c if c.is_ascii() => c,
                _ => '?',
            })
            .collect()
    }

    /// A text with the names of nodes as they are in ASCII.
    fn with_twins(&self, mut text: String) -> String {
        let twins = self.twins.get_or_init(|| {
            let nodes = self.state.fleet.nodes().iter().map(AsRef::as_ref);
            let twins = nodes.map(|node: &Node| (node.name.as_str(), self.name(node)));
            let mut twins: Vec<_> = twins.filter(|(name, twin)| name != twin).take(MOST_TWINS).collect();
            // What is part of another name is replaced after it.
            twins.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
            twins
        });
        for (name, twin) in twins {
            let part = |c: char| c.is_alphanumeric();
            let alone = |at: usize, text: &str| {
                let before = text.get(..at).and_then(|text| text.chars().next_back());
                let after = text.get(at + name.len()..).and_then(|text| text.chars().next());
                !before.is_some_and(part) && !after.is_some_and(part)
            };
            let found = text.match_indices(name).map(|(at, _)| at).filter(|at| alone(*at, &text));
            for at in found.collect::<Vec<_>>().into_iter().rev() {
                text.replace_range(at..at + name.len(), twin);
            }
        }
        text
    }

    /// What a node is called: in ASCII its host or its id where nothing would be left of its name.
    pub fn name<'n>(&self, node: &'n Node) -> &'n str {
        let told = |name: &str| name.is_ascii() || name.chars().filter(char::is_ascii_alphanumeric).count() > 1;
        let names = [&node.name, &node.computer].into_iter().filter(|name| !name.is_empty());
        match self.look.ascii {
            true => names.into_iter().find(|name| told(name)).unwrap_or(&node.id),
            false => &node.name,
        }
    }

    /// Remembers what a click on an area means.
    pub fn hit(&mut self, area: Rect, hit: Hit) {
        self.seen.hits.push(((area.x, area.y, area.width, area.height), hit));
    }

    /// Remembers where the heading of a column stands.
    pub fn heading(&mut self, area: Rect, slot: Slot, column: &str) {
        self.seen.headings.push(column.to_owned());
        self.hit(area, Hit::Heading(slot, self.seen.headings.len() - 1));
    }

    /// Remembers the window of a list.
    pub fn window(&mut self, slot: Slot, top: usize, height: usize) {
        self.seen.windows.push((slot, top, height));
    }

    /// Remembers the room a text has for its lines.
    pub fn text_room(&mut self, slot: Slot, room: Room) {
        self.seen.texts.push((slot, room));
    }

    /// The key of an action with its word, for a hint: `enter open`.
    pub fn hint(&self, action: Action) -> Vec<Span<'static>> {
        let refused = self.state.origins.are_read_only() && action.kind() == Kind::Change;
        match self.state.key_for(action).filter(|_| !refused) {
            Some(key) => vec![self.span(Role::Key, key), self.span(Role::Dim, format!(" {}", action.entry().short))],
            None => Vec::new(),
        }
    }
}

/// Draws everything. The state is as it was afterwards: the other side of a split screen comes to the front only to be drawn.
pub fn draw(state: &mut State, look: &Look, frame: &mut Frame<'_>) -> Seen {
    let (seen, changes) = text::watching(|| screen(state, look, frame));
    // Each age has a second of its own to change in; one frame in a second does for all of them.
    Seen { changes: Some(state.now.plus(changes.max(SOONEST))), ..seen }
}

fn screen(state: &mut State, look: &Look, frame: &mut Frame<'_>) -> Seen {
    let area = frame.area();
    let mut view = View::new(state, look, false);
    frame.render_widget(Paragraph::new("").style(view.style(Role::Text)), area);
    if area.width < SMALLEST.0 || area.height < SMALLEST.1 {
        cards::too_small(&view, frame, area);
        return view.seen;
    }
    if state.pane == Pane::Shell && state.shells.full_screen && state.overlays.is_empty() {
        if !shell::full_screen(&mut view, frame, area) {
            let told = toasts::lines(&view, area);
            toasts::over_shell(&view, frame, Rect { height: area.height - 1, ..area }, told);
        }
        which::draw(&mut view, frame, area);
        return view.seen;
    }
    let place = state.origins.known().find_map(|(_, known)| known.place.notice.as_deref());
    let notice = u16::from(place.is_some() && area.height >= 16);
    // A box with all messages needs none beside it.
    let boxed = matches!(state.overlays.last(), Some(Overlay::Messages(_)));
    let told = match boxed || toasts::are_in_footer(&view, area) {
        true => Vec::new(),
        false => toasts::lines(&view, area),
    };
    let lines = u16::try_from(told.len()).unwrap_or(0);
    // Whoever works in a shell is not to have another size of it for a message.
    let beside = if state.shows_shells() { 0 } else { lines };
    // Each of two sides says itself what ails its origins.
    let room = Rect { y: area.y + 2 + notice, height: area.height.saturating_sub(3 + notice + beside), ..area };
    let sides = split::plan(&state.split, area, room);
    let ailing = if sides.is_some() { 0 } else { origin::troubles_height(&view, area) };
    let [top, note, ill, body, below, bottom] = ratatui::layout::Layout::vertical([
        ratatui::layout::Constraint::Length(2),
        ratatui::layout::Constraint::Length(notice),
        ratatui::layout::Constraint::Length(ailing),
        ratatui::layout::Constraint::Fill(1),
        ratatui::layout::Constraint::Length(beside),
        ratatui::layout::Constraint::Length(1),
    ])
    .areas(area);
    let notice_text = place.map(str::to_owned);
    let other = sides.map(|sides| Box::new(split::other(state, look, frame, sides)));
    let mut view = View::new(state, look, false);
    frame::header(&mut view, frame, top, sides.is_none());
    if let Some(text) = notice_text.filter(|_| notice > 0) {
        let line = format!(" {} {text}", look.sign("▲", "!"));
        let line = view.plain(text::fit(&line, note.width.into()));
        frame.render_widget(Paragraph::new(line).style(view.style(Role::Notice)), note);
    }
    origin::troubles(&view, frame, ill);
    match sides {
        Some(sides) => split::side(&mut view, frame, sides.front),
        None => pane(&mut view, frame, body),
    }
    let in_footer = match state.overlays.last() {
        Some(Overlay::Command(line)) => {
            command::line(&mut view, frame, bottom, line);
            false
        }
        _ => frame::footer(&mut view, frame, bottom),
    };
    let depth = state.overlays.len();
    // Over a shell, boxes leave room for what the footer had no room for.
    let covered = if depth > 0 { lines - beside } else { 0 };
    let free = Rect { height: body.height.saturating_sub(covered), ..body };
    for (at, overlay) in state.overlays.iter().enumerate() {
        boxes::draw(&mut view, frame, free, overlay, at + 1 == depth);
    }
    which::draw(&mut view, frame, free);
    match (lines - beside, covered) {
        (0, _) => toasts::draw(frame, below, told),
        (_, 0) if in_footer => {}
        (_, 0) => toasts::over_shell(
            &view,
            frame,
            Rect { y: body.y + 1, height: body.height.saturating_sub(1), ..body },
            told,
        ),
        _ => toasts::draw(frame, Rect { y: free.bottom(), height: body.bottom() - free.bottom(), ..body }, told),
    }
    let mut seen = view.seen;
    if let Some(other) = &other {
        // The shells are on one side only, whichever that is.
        seen.room = seen.room.or(other.seen.room);
        seen.shell = seen.shell.or(other.seen.shell);
        seen.shells.extend(other.seen.shells.iter().copied());
    }
    Seen { sides: other, ..seen }
}

/// The pane that is shown.
fn pane(view: &mut View<'_>, frame: &mut Frame<'_>, body: Rect) {
    let state = view.state;
    let whole = state.listed().filter(|_| !state.origins.are_several());
    view.outdated = whole.is_some_and(|feed| cards::is_outdated(view, &feed));
    let of_each = state.origins.scope().iter().filter_map(|origin| Some((*origin, state.listed_of(*origin)?)));
    view.outdated_of = of_each
        .filter(|(origin, feed)| cards::is_outdated(view, &state.told_of(*origin, feed)))
        .map(|(origin, _)| origin)
        .collect();
    view.outdated |= !view.outdated_of.is_empty() && view.outdated_of.len() == state.origins.scope().len();
    match (state.origins.connection(), state.pane) {
        (Connection::Failed(trouble), _) => cards::trouble(view, frame, body, "No connection", trouble),
        (_, Pane::Fleet) if state.node_view.is_some() => node_view::draw(view, frame, body),
        (_, Pane::Fleet) if state.compare.is_some() => compare::draw(view, frame, body),
        (_, Pane::Fleet) => fleet::draw(view, frame, body),
        (_, Pane::Compliance) => compliance::draw(view, frame, body),
        (_, Pane::Commands) => commands::draw(view, frame, body),
        (_, Pane::Parameters) => parameters::draw(view, frame, body),
        (_, Pane::Shell) => shell::draw(view, frame, body),
        (_, Pane::Sessions) => sessions::draw(view, frame, body),
        (_, Pane::Forwards) => forwards::draw(view, frame, body),
    }
}

/// Renders lines at the top of an area. A mark stands where one has no room.
fn lines(view: &View<'_>, frame: &mut Frame<'_>, area: Rect, lines: Vec<Line<'static>>) {
    let cut = |line| cut(view, line, area.width.into());
    frame.render_widget(Paragraph::new(lines.into_iter().map(cut).collect::<Vec<_>>()), area);
}

/// A line cut to a width, with a mark where something was cut.
fn cut(view: &View<'_>, line: Line<'static>, columns: usize) -> Line<'static> {
    let mut used = 0;
    let mut kept: Vec<Span<'static>> = Vec::new();
    let mut rest = line.spans.iter();
    for span in rest.by_ref() {
        let width = span.width();
        if used + width > columns {
            let blank = |span: &Span<'_>| span.content.trim().is_empty();
            let inside = text::prefix(&span.content, columns - used);
            let lost = span.content.get(inside.len()..).unwrap_or_default();
            if lost.trim().is_empty() && rest.all(blank) {
                return line;
            }
            let kept_of_it = text::prefix(&span.content, (columns - used).saturating_sub(1));
            // Where the part before it fills the line, the mark takes its last column.
            if columns == used
                && let Some(last) = kept.last_mut()
            {
                let shorter = text::prefix(&last.content, last.width().saturating_sub(1));
                last.content = shorter.into();
            }
            kept.push(Span::styled(format!("{kept_of_it}{}", view.look.sign("…", "~")), span.style));
            return Line { spans: kept, ..line };
        }
        used += width;
        kept.push(span.clone());
    }
    line
}

/// A box with a border and a title, over what is there; its inside.
fn panel(view: &View<'_>, frame: &mut Frame<'_>, area: Rect, title: &str, border: Role) -> Rect {
    use ratatui::{
        symbols::border,
        widgets::{Block, Borders},
    };
    let ascii = border::Set {
        top_left: "+",
        top_right: "+",
        bottom_left: "+",
        bottom_right: "+",
        vertical_left: "|",
        vertical_right: "|",
        horizontal_top: "-",
        horizontal_bottom: "-",
    };
    // A line around a part of a pane is faint; what the part is about is not.
    let heading = if border == Role::Border { Role::Title } else { border };
    let set = if view.look.ascii { ascii } else { border::ROUNDED };
    let block = Block::new()
        .borders(Borders::ALL)
        .border_set(set)
        .border_style(view.style(border))
        .title(view.span(heading, format!(" {} ", text::cut(title, area.width.saturating_sub(6).into()))))
        .style(view.style(Role::Modal));
    let inner = block.inner(area);
    frame.render_widget(Clear, area);
    frame.render_widget(Paragraph::new("").style(view.style(Role::Text)), area);
    frame.render_widget(block, area);
    inner
}
