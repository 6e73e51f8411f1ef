//! What frames the panes: header and footer.

use ratatui::{
    Frame,
    layout::Rect,
    text::{Line, Span},
    widgets::Paragraph,
};

use super::{View, cards, origin, split, toasts};
use crate::{
    config::{keymap::display_chord, theme::Role},
    console::{
        action::{Action, Layer},
        origin::{Connection, Known},
        state::{Pane, State, overlay::Overlay, seen::Hit},
        text,
    },
};

/// Actions the footer shows first, in each layer; the rest is in help.
const FOOTER: &[(Layer, &[Action])] = &[
    (
        Layer::Fleet,
        &[
            Action::Filter,
            Action::Mark,
            Action::RunCommand,
            Action::OpenShell,
            Action::Scan,
            Action::Open,
            Action::Detail,
            Action::Compare,
            Action::SortNext,
            Action::MarkAll,
        ],
    ),
    (
        Layer::Compare,
        &[Action::Open, Action::SortNext, Action::SortReverse, Action::OpenShell, Action::Refresh, Action::Back],
    ),
    (Layer::NodeDisk, &[Action::Open, Action::BrowseFiles]),
    (Layer::NodeProcesses, &[Action::SendSignal, Action::SortNext, Action::Filter]),
    (Layer::NodeServices, &[Action::RestartService, Action::StartService, Action::StopService, Action::Filter]),
    (Layer::NodeUsers, &[Action::UsersGroups, Action::Filter]),
    (
        Layer::NodeFiles,
        &[
            Action::Open,
            Action::FolderUp,
            Action::EditFile,
            Action::FollowFile,
            Action::StopCopying,
            Action::DownloadFile,
            Action::UploadFile,
        ],
    ),
    (Layer::NodeLogs, &[Action::PauseLog, Action::Find, Action::FindNext, Action::FollowJournal]),
    (Layer::Node, &[Action::NodeTabNext, Action::OpenShell, Action::Refresh, Action::RunCommand, Action::Back]),
    (
        Layer::Compliance,
        &[Action::Open, Action::Back, Action::GroupNext, Action::Scan, Action::OpenShell, Action::Mark],
    ),
    (
        Layer::Commands,
        &[
            Action::Compose,
            Action::Open,
            Action::Cancel,
            Action::SwitchView,
            Action::PickResult,
            Action::DiffGroups,
            Action::FoldAll,
            Action::DiffEarlier,
            Action::RunAgain,
        ],
    ),
    (
        Layer::Output,
        &[
            Action::Find,
            Action::FindNext,
            Action::OnlyFound,
            Action::Pipe,
            Action::Save,
            Action::Back,
            Action::FindPrevious,
            Action::ContextMore,
            Action::WrapLines,
        ],
    ),
    (
        Layer::Parameters,
        &[
            Action::Open,
            Action::Reveal,
            Action::History,
            Action::EditParameter,
            Action::CreateParameter,
            Action::DeleteParameter,
            Action::Filter,
        ],
    ),
    (
        Layer::History,
        &[
            Action::DiffGroups,
            Action::PickResult,
            Action::Reveal,
            Action::RestoreVersion,
            Action::LabelVersion,
            Action::UnlabelVersion,
            Action::Back,
        ],
    ),
    (
        Layer::Sessions,
        &[
            Action::Open,
            Action::AttachSession,
            Action::Transcript,
            Action::TerminateSession,
            Action::OpenShell,
            Action::Filter,
        ],
    ),
    (
        Layer::Forwards,
        &[
            Action::AddForward,
            Action::StartForward,
            Action::RestartForward,
            Action::EditForward,
            Action::RemoveForward,
            Action::Copy,
            Action::OpenShell,
        ],
    ),
    (
        Layer::Prefix,
        &[
            Action::LeaveShell,
            Action::TabNext,
            Action::TabLast,
            Action::SplitRight,
            Action::SplitDown,
            Action::FullScreen,
            Action::Zoom,
            Action::Scrollback,
            Action::MarkShell,
            Action::Broadcast,
            Action::Record,
            Action::NewShell,
            Action::CloseShell,
            Action::TabList,
            Action::TabRename,
            Action::SendPrefix,
            Action::Reopen,
        ],
    ),
    (
        Layer::Scrollback,
        &[
            Action::Find,
            Action::FindNext,
            Action::SelectText,
            Action::CopySelection,
            Action::Back,
            Action::PageUp,
            Action::SelectLines,
            Action::SelectBlock,
            Action::OpenLink,
        ],
    ),
    (Layer::Columns, &[Action::ToggleColumn, Action::SortOn, Action::SortAlso, Action::ColumnUp, Action::ColumnDown]),
    (Layer::Plan, &[Action::Submit, Action::CopyLine]),
    (Layer::Form, &[Action::Submit, Action::FieldNext, Action::FieldPrevious, Action::Dismiss]),
    (Layer::Input, &[Action::Accept, Action::Dismiss]),
    (Layer::Confirm, &[Action::Yes, Action::CopyInstead, Action::No]),
    (Layer::Scope, &[Action::Mark]),
    (Layer::SignIn, &[Action::OpenLink, Action::Copy]),
    (Layer::Messages, &[Action::Copy, Action::CursorUp, Action::CursorDown]),
    (Layer::Overlay, &[Action::Accept, Action::Dismiss]),
];

/// From this width on the footer says too that one looks at production; the header always does.
const WORD: u16 = 60;

/// Two lines: where one is, and the panes; with a mark for another side of the screen that is not on it.
pub(super) fn header(view: &mut View<'_>, frame: &mut Frame<'_>, area: Rect, alone: bool) {
    let state = view.state;
    let width = usize::from(area.width);
    let mut left = vec![view.span(Role::Brand, " fleetdeck ")];
    let separator = if view.look.ascii { " | " } else { " · " };
    let facts = state.origins.get(state.origins.first()).map(facts).unwrap_or_default();
    let read_only = if state.origins.are_read_only() { " read-only " } else { "" };
    let only = state.origins.get(state.origins.first()).filter(|_| !state.origins.are_several());
    let waits = only.and_then(|known| origin::credentials(view, known));
    let (connecting, connection) = match (state.origins.connection(), waits) {
        (Connection::Ready, Some((role, words))) => (role, words),
        (Connection::None | Connection::Connecting, _) => (Role::Warning, "connecting".to_owned()),
        (Connection::Failed(_), _) => (Role::Warning, "no connection".to_owned()),
        (Connection::Ready, None) => (Role::Warning, String::new()),
    };
    let production = origin::production(view);
    left.extend(production.clone());
    left.extend(production.iter().map(|_| view.span(Role::Header, " ")));
    let used = left.iter().map(Span::width).sum::<usize>();
    let mark = split::mark(view).filter(|_| alone);
    let marked = mark.as_ref().map_or(0, Span::width);
    let room = width.saturating_sub(used + read_only.len() + text::width(&connection) + 2 + marked);
    match state.origins.are_several() {
        true => {
            let chips = origin::chips(view, room);
            let used = chips.iter().map(Span::width).sum::<usize>();
            left.extend(chips);
            left.push(view.span(Role::Header, " ".repeat(room.saturating_sub(used))));
        }
        false => {
            let name = state.origins.get(state.origins.first()).map(|known| origin::name(view, known));
            let rest = facts.iter().skip(1).map(|fact| format!("{separator}{fact}")).collect::<String>();
            let used = name.as_ref().map_or(0, Span::width);
            left.extend(name.filter(|_| used <= room));
            left.push(view.span(Role::Header, text::fit(&rest, room.saturating_sub(used))));
        }
    }
    left.push(view.span(connecting, format!("{connection} ")));
    left.push(view.span(Role::ReadOnly, read_only));
    if let Some(mark) = mark {
        split::mark_hit(view, Rect { height: 1, ..area }, &mark);
        left.push(mark);
    }
    frame.render_widget(Paragraph::new(Line::from(left)).style(view.style(Role::Header)), Rect { height: 1, ..area });

    let tabs = Rect { y: area.y + 1, height: 1, ..area };
    let mut spans: Vec<Span<'static>> = Vec::new();
    let mut x = area.x;
    for (pane, label) in Pane::ALL.into_iter().zip(tab_labels(view, area.width.into())) {
        let role = if pane == state.pane { Role::TabActive } else { Role::Tab };
        let label_width = u16::try_from(text::width(&label)).unwrap_or(0);
        view.hit(Rect { x, width: label_width, ..tabs }, Hit::Act(pane.action()));
        x += label_width;
        spans.push(view.span(role, label));
    }
    frame.render_widget(Paragraph::new(Line::from(spans)).style(view.style(Role::Tab)), tabs);
}

/// What the header says of the one place that is looked at.
fn facts(known: &Known) -> Vec<String> {
    let (name, facts) = (&known.place.name, &known.facts);
    let endpoint = facts.endpoint.as_deref();
    let endpoint = endpoint.map(|url| url.trim_start_matches("http://").trim_start_matches("https://").to_owned());
    let profile = facts.profile.clone().filter(|profile| profile != name);
    let said = [Some(name.clone()), profile, Some(facts.region.clone()), facts.account.clone(), endpoint];
    said.into_iter().flatten().filter(|fact| !fact.is_empty()).collect()
}

/// The labels of the panes' tabs, as long as there is room for: names, short names, numbers.
fn tab_labels(view: &View<'_>, width: usize) -> Vec<String> {
    let shells = &view.state.shells;
    let badge = |pane: Pane| match (pane, shells.tabs.len()) {
        (Pane::Shell, open @ 1..) => {
            let bell = shells.tabs.iter().any(|tab| tab.bell);
            let news = shells.tabs.iter().any(|tab| tab.news);
            let sign = match (bell, news) {
                (true, _) => view.look.sign("♪", "b"),
                (_, true) => view.look.sign("•", "!"),
                _ => "",
            };
            format!(" {open}{sign}")
        }
        (Pane::Forwards, _) => match view.state.forwards.open() {
            0 => String::new(),
            open => format!(" {open}"),
        },
        _ => String::new(),
    };
    let names: [fn(Pane, bool) -> &'static str; 4] = [
        |pane, _| pane.title(),
        |pane, _| pane.short(),
        |pane, _| pane.shortest(),
        |pane, shown| if shown { pane.shortest() } else { "" },
    ];
    let labels = names.map(|name| {
        let labels = Pane::ALL.into_iter().enumerate().map(|(at, pane)| {
            let name = name(pane, pane == view.state.pane);
            let gap = if name.is_empty() { "" } else { " " };
            format!(" {}{gap}{name}{} ", at + 1, badge(pane))
        });
        labels.collect::<Vec<_>>()
    });
    let fits = |labels: &Vec<String>| labels.iter().map(|label| text::width(label)).sum::<usize>() <= width;
    let [.., last] = &labels;
    labels.iter().find(|labels| fits(labels)).unwrap_or(last).clone()
}

/// The keys that matter here, from the keymap. `true` if it tells the messages instead.
pub(super) fn footer(view: &mut View<'_>, frame: &mut Frame<'_>, area: Rect) -> bool {
    let state = view.state;
    frame.render_widget(Paragraph::new("").style(view.style(Role::Footer)), area);
    let boxed = matches!(state.overlays.last(), Some(Overlay::Messages(_)));
    let room = area.width.into();
    let told = match state.overlays.is_empty() {
        true if state.layers() != [Layer::Shell] && state.shows_shells() => toasts::brief(view, room),
        false if !boxed && toasts::are_in_footer(view, frame.area()) => toasts::newest(view, room),
        _ => None,
    };
    if let Some(told) = told {
        frame.render_widget(Paragraph::new(Line::from(told)), area);
        return true;
    }
    let mut hints: Vec<(String, &'static str, Action)> = Vec::new();
    if !state.typed.is_empty() {
        for binding in state.keymap.continuations(&state.layer_names(), &state.typed) {
            hints.push((display_chord(&binding.chord), binding.action.entry().short, binding.action));
        }
    } else {
        let layers = state.layers();
        if layers == [Layer::Shell] {
            return shell_footer(view, frame, area);
        }
        let key = |action: Action| {
            let refused = state.origins.are_read_only() && action.kind() == crate::console::action::Kind::Change;
            state.key_for(action).filter(|_| !refused)
        };
        let only_closes = state.overlays.last().is_some_and(closes);
        for (_, actions) in FOOTER.iter().filter(|(layer, _)| layers.contains(layer)) {
            // Where there is nothing to take, enter closes as esc does.
            let listed = |action: &&Action| state.works(**action) && !(only_closes && **action == Action::Accept);
            for action in actions.iter().filter(listed) {
                let shown = hints.iter().any(|(.., known)| known == action);
                if let Some(key) = key(*action).filter(|_| !shown) {
                    hints.push((key, word(state, *action), *action));
                }
            }
        }
        let own = state.own.iter().map(|own| Action::Own(own));
        for action in own.filter(|action| layers.contains(&action.entry().layer)) {
            if let Some(key) = key(action) {
                hints.push((key, action.entry().short, action));
            }
        }
        let over = state.split.is_open().then_some(Action::OtherSide);
        for action in over.into_iter().chain([Action::Help, Action::Palette, Action::Quit]) {
            if let Some(key) = key(action) {
                hints.push((key, action.entry().short, action));
            }
        }
        // Help, and the way to the other side, are worth more than the last hint that fits.
        for first in [Action::OtherSide, Action::Help] {
            if let Some(at) = hints.iter().position(|(.., action)| *action == first) {
                let hint = hints.remove(at);
                hints.insert(0, hint);
            }
        }
    }
    let mut spans = vec![view.span(Role::Footer, " ")];
    let word = origin::production(view).filter(|_| area.width >= WORD);
    spans.extend(word.into_iter().flat_map(|word| [word, view.span(Role::Footer, " ")]));
    let mut used = spans.iter().map(Span::width).sum::<usize>();
    let throttle = state.throttled().map(|(origin, operation, until)| {
        // Rounded up: a wait of which something is left is not over.
        let seconds = (until.since(state.now).as_millis()).div_ceil(1_000);
        let next = if seconds == 0 { "trying again".to_owned() } else { format!("next in {seconds} s") };
        let whose = state.origins.row_label(origin);
        let whose = if whose.is_empty() { String::new() } else { format!("{whose}: ") };
        format!(" {whose}{operation} throttled, {next} ")
    });
    let told = match unanswered(view) {
        Some(words) => text::cut(&words, area.width.into()),
        None => text::cut(&throttle.unwrap_or_default(), usize::from(area.width).saturating_sub(8)),
    };
    let room = usize::from(area.width).saturating_sub(text::width(&told));
    for (key, word, action) in hints {
        let width = text::width(&key) + text::width(word) + 3;
        if used + width > room {
            break;
        }
        let x = area.x + u16::try_from(used).unwrap_or(0);
        view.hit(Rect { x, width: u16::try_from(width).unwrap_or(0), ..area }, Hit::Act(action));
        spans.push(view.span(Role::Key, key));
        spans.push(view.span(Role::Footer, format!(" {word}  ")));
        used += width;
    }
    if !told.is_empty() {
        spans.push(view.span(Role::Footer, " ".repeat(room.saturating_sub(used))));
        spans.push(view.span(Role::Warning, told));
    }
    frame.render_widget(Paragraph::new(Line::from(spans)).style(view.style(Role::Footer)), area);
    false
}

/// The changes that have no answer although it is time for one: ` 1 change has no answer for 20 s `.
fn unanswered(view: &View<'_>) -> Option<String> {
    let (waited, late) = view.state.under_way.oldest(view.state.now)?;
    let waited = cards::worth_a_word(waited)?;
    let have = if late == 1 { "has" } else { "have" };
    Some(format!(" {} {have} no answer for {} ", text::count(late, "change"), text::seconds(waited)))
}

/// Whether nothing in a box is taken with enter: it is only closed.
fn closes(overlay: &Overlay) -> bool {
    matches!(overlay, Overlay::Help { .. } | Overlay::Messages(_) | Overlay::Columns { .. } | Overlay::Why { .. })
}

/// What a key does here, in the words of the box that is open.
fn word(state: &State, action: Action) -> &'static str {
    match (state.overlays.last(), action) {
        (Some(Overlay::Form(_)), Action::Submit) => "done",
        (Some(Overlay::Form(_) | Overlay::Question(_) | Overlay::Plan(_)), Action::Dismiss) => "leave",
        (Some(Overlay::Question(_)), Action::Accept) => "do it",
        (Some(overlay), Action::Dismiss) if closes(overlay) => "close",
        _ => action.entry().short,
    }
}

/// Every key belongs to the session, so how to leave is said in full. `true` if it tells the messages besides.
pub(super) fn shell_footer(view: &mut View<'_>, frame: &mut Frame<'_>, area: Rect) -> bool {
    let shells = &view.state.shells;
    let prefix = view.state.key_for(Action::Prefix).unwrap_or_default();
    let mut spans = match shells.broadcasting {
        true => {
            let receivers = shells.receivers();
            let deaf = receivers.iter().filter(|tab| tab.cut_off(view.state.now).is_some()).count();
            let deaf = if deaf > 0 && area.width >= WORD { format!(", {deaf} without answer") } else { String::new() };
            let words = format!(" typing into {}{deaf} ", text::count(receivers.len(), "shell"));
            vec![view.span(Role::Broadcast, words), view.span(Role::Footer, " ")]
        }
        false => {
            let room = usize::from(area.width) / 2;
            let told = shells.current().and_then(|tab| super::shell::signed_cut_off(view, tab, room));
            match told {
                Some(told) => {
                    let wait = if area.width >= WORD { ", keys wait " } else { " " };
                    vec![view.span(Role::Footer, " "), told, view.span(Role::Footer, wait)]
                }
                None => vec![view.span(Role::Footer, " keys go to the node ")],
            }
        }
    };
    if shells.current().is_some_and(|tab| tab.recording) {
        // In full screen there is no tab that says it.
        spans.insert(0, view.span(Role::Danger, format!(" {} ", super::shell::recording(view))));
    }
    if let Some(words) = unanswered(view) {
        spans.insert(0, view.span(Role::Warning, words));
    }
    let ends = shells.current().filter(|_| shells.full_screen).and_then(|tab| super::shell::ends_soon(view, tab));
    spans.extend(ends.map(|(role, told)| view.span(role, format!("{told} "))));
    let no_sign = shells.current().filter(|_| shells.full_screen).and_then(|tab| super::shell::no_sign(view, tab));
    spans.extend(no_sign.map(|(role, told)| view.span(role, format!("{told} "))));
    spans.extend([view.span(Role::Key, prefix), view.span(Role::Footer, " then ")]);
    if let Some(told) = told_in_shell(view, &spans, area) {
        spans.extend(told);
        frame.render_widget(Paragraph::new(Line::from(spans)).style(view.style(Role::Footer)), area);
        return true;
    }
    let pasting = shells.tabs.iter().any(|tab| tab.pasting.is_some()).then_some(Action::CancelPaste);
    let asked = shells.tabs.iter().any(|tab| tab.wants_copied.is_some()).then_some(Action::ClipboardRequest);
    let off = shells.broadcasting.then_some(Action::Broadcast);
    let over = view.state.split.is_open().then_some(Action::OtherSide);
    let anew = shells.current().filter(|tab| tab.may_begin_anew(view.state.now)).map(|_| Action::Reopen);
    let first = pasting.into_iter().chain(anew).chain(asked).chain(off).chain(over);
    let rest = [
        Action::LeaveShell,
        Action::FullScreen,
        Action::Scrollback,
        Action::TabNext,
        Action::SplitRight,
        Action::CloseShell,
        Action::Help,
        Action::SplitDown,
        Action::MarkShell,
        Action::Broadcast,
        Action::Record,
    ];
    let mut used: usize = spans.iter().map(|span| text::width(&span.content)).sum();
    let alone = shells.tabs.len() < 2;
    let means = |action: &Action| Some(*action) != off && !(alone && *action == Action::TabNext);
    for action in first.chain(rest.into_iter().filter(means)) {
        if let Some(key) = view.state.keymap.key_for(&[Layer::Prefix.name()], action) {
            let word = if action == Action::Reopen { "new session" } else { action.entry().short };
            let words = format!(" {word}  ");
            let width = text::width(&key) + text::width(&words);
            if used + width > usize::from(area.width) + 2 {
                continue;
            }
            let x = area.x + u16::try_from(used).unwrap_or(0);
            view.hit(Rect { x, width: u16::try_from(width).unwrap_or(0), ..area }, Hit::Act(action));
            used += width;
            spans.push(view.span(Role::Key, key));
            spans.push(view.span(Role::Footer, words));
        }
        if action == Action::LeaveShell {
            used = taken_keys(view, &mut spans, used, area);
        }
    }
    frame.render_widget(Paragraph::new(Line::from(spans)).style(view.style(Role::Footer)), area);
    false
}

/// What is told, behind how one leaves the shell, if there is room for both.
fn told_in_shell(view: &View<'_>, before: &[Span<'_>], area: Rect) -> Option<Vec<Span<'static>>> {
    let mut spans = Vec::new();
    if let Some(key) = view.state.keymap.key_for(&[Layer::Prefix.name()], Action::LeaveShell) {
        let word = format!(" {}  ", Action::LeaveShell.entry().short);
        spans.extend([view.span(Role::Key, key), view.span(Role::Footer, word)]);
    }
    let used = before.iter().chain(&spans).map(Span::width).sum::<usize>();
    spans.push(toasts::brief(view, usize::from(area.width).checked_sub(used)?)?);
    Some(spans)
}

/// The keys besides the prefix that do not go to the node, as far as there is room for them: `· f12 last shell`.
fn taken_keys(view: &mut View<'_>, spans: &mut Vec<Span<'static>>, mut used: usize, area: Rect) -> usize {
    let state = view.state;
    let kept = |action| action != Action::Prefix && !state.leaves_to_node(action);
    let own = state.keymap.of(Layer::Shell.name()).filter(|binding| kept(binding.action));
    let own: Vec<_> = own.map(|binding| (display_chord(&binding.chord), binding.action)).collect();
    for (key, action) in own {
        // It stands apart from what the prefix comes before.
        let sign = view.look.sign("· ", "| ");
        let words = format!(" {}  ", action.entry().short);
        let width = text::width(sign) + text::width(&key) + text::width(&words) - 1;
        if used + width > usize::from(area.width) + 2 {
            continue;
        }
        if let Some(last) = spans.last_mut().filter(|last| last.content.ends_with("  ")) {
            last.content.to_mut().pop();
        }
        let x = area.x + u16::try_from(used).unwrap_or(0);
        view.hit(Rect { x, width: u16::try_from(width).unwrap_or(0), ..area }, Hit::Act(action));
        used += width;
        spans.extend([view.span(Role::Footer, sign), view.span(Role::Key, key), view.span(Role::Footer, words)]);
    }
    used
}
