//! Run Command: the history, and a command with its results.

use ratatui::{Frame, layout::Rect, text::Line};

use super::{
    View, cards,
    columns::Chosen,
    fleet,
    grid::{self, Cell, Column, Grid},
    lens, viewer,
};
use crate::{
    config::theme::Role,
    console::{
        action::Action,
        state::{
            canary::Staged,
            commands::{FAR, Group, Invocation, Listed, Outcome, Results, command_outcome, result_words, summary},
            list::List,
            seen::Slot,
        },
        text,
    },
    ssm,
};

pub(super) fn draw(view: &mut View<'_>, frame: &mut Frame<'_>, area: Rect) {
    let commands = &view.state.commands;
    if let Some(text) = &commands.viewer {
        return viewer::draw(view, frame, area, text);
    }
    match &commands.results {
        Some(results) => one(view, frame, area, results),
        None => history(view, frame, area),
    }
}

/// Sign and word for an outcome.
fn outcome(view: &View<'_>, outcome: Outcome) -> (Role, String) {
    let (role, sign) = match outcome {
        Outcome::Success => (Role::Success, view.look.sign("✓", "+")),
        Outcome::Failed => (Role::Failed, view.look.sign("✗", "x")),
        Outcome::TimedOut => (Role::Stopped, view.look.sign("⌛", "!")),
        Outcome::Cancelled => (Role::Stopped, view.look.sign("■", "#")),
        Outcome::Running => (Role::Running, view.look.sign("▶", ">")),
        Outcome::Pending => (Role::Pending, view.look.sign("◌", ".")),
    };
    (role, format!("{sign} {}", outcome.word()))
}

fn history(view: &mut View<'_>, frame: &mut Frame<'_>, area: Rect) {
    let state = view.state;
    let commands = &state.commands;
    let feed = commands.feed.all();
    let example = "nginx status:failed document:patch node";
    let mut left = vec![view.span(Role::Title, format!(" {}", cards::counted(&feed, commands.list.len(), "command")))];
    let running = commands.list.iter().filter(|listed| !command_outcome(&listed.command).is_final()).count();
    if running > 0 {
        left.push(view.span(Role::Running, format!("  {running} running")));
    }
    if !state.all_staged().is_empty() {
        let canaries = if state.all_staged().len() == 1 { "canary" } else { "canaries" };
        left.push(view.span(Role::Warning, format!("  {} {canaries} to look at", state.all_staged().len())));
    }
    let left = lens::beside(view, left, &commands.lens, area.width);
    let left = lens::typed(view, &commands.lens, commands.list.len(), example).unwrap_or(left);
    cards::heading(view, frame, area, left, Some(&feed));
    let body = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    if commands.list.is_empty() {
        if !cards::waiting(view, frame, body, &feed, "commands") {
            let next = "Write one here, or mark nodes in the fleet and run a command on them.";
            cards::empty(view, frame, body, "No command was run yet", next, &[Action::Compose, Action::PaneFleet]);
        }
        return;
    }
    let body = cards::stale(view, frame, body, &feed, "What is shown may be old");
    if lens::nothing(view, frame, body, &commands.lens) {
        return;
    }
    let columns = [
        Column::new("Status", 11, 12, 0),
        Column::new("Command", 20, 70, 0),
        Column::new("Nodes", 9, 10, 1).right(),
        Column::new("Errors", 6, 6, 2).right(),
        Column::new("When", 6, 6, 1),
        Column::new("Document", 16, 30, 4),
        Column::new("Id", 36, 36, 6),
    ];
    let chosen = Chosen::of(view, List::Commands, columns, Some(&commands.lens));
    let grid = Grid {
        slot: Slot::History,
        columns: &chosen.columns,
        len: commands.lens.len(),
        cursor: &commands.cursor,
        focused: !commands.lens.filtering,
        marked: None,
        scrolled: Some(chosen.scrolled),
    };
    let own = |view: &View<'_>, listed: &Listed, column: usize| {
        let Listed { origin, command } = listed;
        let (done, all) = (command.completed_count.unwrap_or(0), command.target_count.unwrap_or(0));
        match column {
            0 => {
                let (role, words) = outcome(view, command_outcome(command));
                Cell::role(view, role, words)
            }
            1 => match state.staged(*origin, command.command_id.as_deref().unwrap_or_default()) {
                Some(staged) => {
                    let waits = text::count(staged.waiting(), "node");
                    Cell::role(view, Role::Warning, format!("canary of {waits} more: {}", summary(command)))
                }
                None => Cell::plain(summary(command)),
            },
            2 if command_outcome(command).is_final() => Cell::plain(all.to_string()),
            2 => Cell::role(view, Role::Running, format!("{done} of {all}")),
            3 => match command.error_count.unwrap_or(0) {
                0 => Cell::role(view, Role::Dim, view.look.sign("–", "-")),
                n => Cell::role(view, Role::Failed, n.to_string()),
            },
            4 => Cell::role(view, Role::Dim, fleet::ago(state.now, command.requested_date_time)),
            5 => Cell::role(view, Role::Dim, command.document_name.as_deref().map(text::clean).unwrap_or_default()),
            _ => Cell::role(view, Role::Dim, command.command_id.as_deref().map(text::clean).unwrap_or_default()),
        }
    };
    grid.draw(view, frame, body, |view, row, column| match commands.lens.place(row).zip(commands.row(row)) {
        Some((place, listed)) => chosen.cell(view, place, column, |column| own(view, listed, column)),
        None => Cell::plain(""),
    });
}

fn one(view: &mut View<'_>, frame: &mut Frame<'_>, area: Rect, results: &Results) {
    let command = view.state.commands.opened().map(|listed| &listed.command);
    let separator = view.look.sign(" › ", " > ");
    let what = command.map(summary).unwrap_or_else(|| text::clean(&results.id));
    let left = vec![view.span(Role::Dim, format!(" Commands{separator}")), view.span(Role::Title, what)];
    let left = lens::beside(view, left, &results.lens, area.width);
    let all = if results.by_node { results.order.len() } else { results.groups.len() };
    let left = lens::typed(view, &results.lens, all, "web-1 result:failed \"no space left\"").unwrap_or(left);
    cards::heading(view, frame, area, left, Some(&results.feed));
    let body = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    if results.invocations.is_empty() {
        if !cards::waiting(view, frame, body, &results.feed, "results") {
            let next = "The service has not told yet which nodes the command reaches.";
            cards::empty(view, frame, body, "No node so far", next, &[Action::Refresh, Action::Back]);
        }
        return;
    }
    let body = cards::stale(view, frame, body, &results.feed, "What is shown may be old");
    let top = if body.height >= 9 { 4 } else { 1 };
    progress(view, frame, Rect { height: top, ..body }, results, command);
    let list = Rect { y: body.y + top, height: body.height - top, ..body };
    if lens::nothing(view, frame, list, &results.lens) {
        return;
    }
    // On a wide screen the text stands beside its row.
    if list.width >= 120 {
        let (rows, side) = (list.width * 2 / 5, list.width - list.width * 2 / 5);
        let place = Rect { x: list.x + rows, width: side, ..list };
        listing(view, frame, Rect { width: rows, ..list }, results);
        if let Some(text) = results.view(usize::from(place.height)) {
            let inner = super::panel(view, frame, place, &text.title, Role::Border);
            viewer::lines(view, frame, inner, &text, 0);
        }
    } else {
        listing(view, frame, list, results);
    }
}

fn progress(view: &View<'_>, frame: &mut Frame<'_>, area: Rect, results: &Results, command: Option<&ssm::Command>) {
    let tally = results.tally();
    let mut counts = vec![view.span(Role::Text, " ")];
    for (kind, n) in tally.iter().filter(|(_, n)| *n > 0) {
        let (role, words) = outcome(view, *kind);
        counts.push(view.span(role, format!("{words} {}   ", text::thousands(*n))));
    }
    if let Some(at) = command.and_then(|command| command.requested_date_time) {
        counts.push(view.span(Role::Dim, format!("sent {} ago", fleet::ago(view.state.now, Some(at)))));
    }
    // That results are the same only but for something must not go unseen: it stands before what may be cut.
    let is_folded = !results.fold.is_exact() && !results.by_node;
    let left_out = is_folded.then(|| view.span(Role::Running, format!(" {} ", results.fold.short())));
    if area.height < 4 {
        let mut line = match view.state.staged_of(results) {
            Some(staged) => canary(view, staged, area.width),
            None => Line::from(counts),
        };
        line.spans = left_out.into_iter().chain(line.spans).collect();
        return grid::line_at(frame, area, 0, line);
    }
    let look = |kind: Outcome| match kind {
        Outcome::Success => (Role::Success, "█", "#"),
        Outcome::Failed => (Role::Failed, "▒", "x"),
        Outcome::TimedOut | Outcome::Cancelled => (Role::Stopped, "▒", "!"),
        Outcome::Running => (Role::Running, "▓", ">"),
        Outcome::Pending => (Role::Pending, "░", "."),
    };
    let parts: Vec<_> = tally
        .iter()
        .rev()
        .map(|(kind, n)| {
            let (role, sign, ascii) = look(*kind);
            (*n, role, sign, ascii)
        })
        .collect();
    let mut bar = grid::bar(view, area.width.saturating_sub(2), &parts);
    bar.spans.insert(0, view.span(Role::Text, " "));
    grid::line_at(frame, area, 0, Line::from(counts));
    grid::line_at(frame, area, 1, bar);
    let far = if results.are_beginnings() { FAR } else { "" };
    let words = match results.by_node {
        true => format!(" every node ({})", text::thousands(results.invocations.len())),
        false if results.groups.is_empty() => " putting equal results together…".to_owned(),
        false => match (results.groups.len(), text::count(results.invocations.len(), "node")) {
            (1, nodes) if results.invocations.len() > 1 => format!(" the same result on all {nodes}{far}"),
            (1, nodes) => format!(" {nodes}"),
            (groups, nodes) if !far.is_empty() => {
                format!(" {} among {nodes}{far}", text::count(groups, "different result"))
            }
            (groups, nodes) => {
                format!(" {} among {nodes}, odd ones first", text::count(groups, "different result"))
            }
        },
    };
    if let Some(staged) = view.state.staged_of(results) {
        grid::line_at(frame, area, 2, canary(view, staged, area.width));
    }
    let mut words: Vec<_> = left_out.into_iter().chain([view.span(Role::Dim, words)]).collect();
    if results.is_folding() && !results.groups.is_empty() {
        words.push(view.span(Role::Running, view.look.sign("  ⋯", "  ...")));
    }
    grid::line_at(frame, area, 3, Line::from(words));
}

/// What waits for the canary whose results are shown, and the keys that decide about it.
fn canary(view: &View<'_>, staged: &Staged, width: u16) -> Line<'static> {
    let (came, well) = view.state.canary_words(staged);
    let waits = text::count(staged.waiting(), "node");
    let told = match staged.is_under_way() {
        true => format!(" {waits} more get it now"),
        false if staged.is_in_doubt() && width >= 76 => format!(" {waits} more had no answer: look who got it"),
        false if staged.is_in_doubt() => format!(" {waits}: no answer"),
        false if width >= 76 => format!(" {came}; {waits} more wait"),
        false => format!(" {waits} more wait"),
    };
    let role = if well && !staged.is_in_doubt() { Role::Success } else { Role::Warning };
    let mut spans = vec![view.span(role, told)];
    if !staged.is_under_way() {
        for action in [Action::SendRest, Action::DropRest] {
            spans.push(view.span(Role::Dim, "  "));
            spans.extend(view.hint(action));
        }
    }
    Line::from(spans)
}

fn listing(view: &mut View<'_>, frame: &mut Frame<'_>, area: Rect, results: &Results) {
    let picked = |row: usize| results.is_picked(row);
    let columns = match results.by_node {
        true => [Column::new("Node", 14, 30, 0), Column::new("Result", 20, 40, 1), Column::new("Output", 10, 80, 2)],
        false => [Column::new("Nodes", 18, 40, 0), Column::new("Result", 18, 40, 1), Column::new("Output", 10, 80, 2)],
    };
    let chosen = Chosen::of(view, List::Results, columns, Some(&results.lens));
    let grid = Grid {
        slot: Slot::Results,
        columns: &chosen.columns,
        len: results.len(),
        cursor: &results.cursor,
        focused: !results.lens.filtering,
        marked: Some(&picked),
        scrolled: Some(chosen.scrolled),
    };
    let result = |view: &View<'_>, invocation: &Invocation| {
        if let Some(silent) = silent(view, invocation) {
            let sign = view.look.sign("○", "o");
            return Cell::role(view, Role::NodeLost, format!("{sign} {silent}"));
        }
        let (role, words) = outcome(view, invocation.outcome);
        let sign = words.split(' ').next().unwrap_or_default().to_owned();
        Cell::role(view, role, format!("{sign} {}", result_words(invocation)))
    };
    let together = |view: &View<'_>, group: &Group, first: &Invocation| {
        let lost = results.members(group).filter(|invocation| silent(view, invocation).is_some()).count();
        if lost == 0 || group.members.len() == 1 {
            return result(view, first);
        }
        let (_, words) = outcome(view, first.outcome);
        Cell::role(view, Role::NodeLost, format!("{words}, {lost} of them lost"))
    };
    let own = |view: &View<'_>, row: usize, column: usize| {
        if results.by_node {
            let Some(invocation) = results.row(row) else { return Cell::plain("") };
            return match column {
                0 => Cell::plain(invocation.name.as_str()),
                1 => result(view, invocation),
                _ => Cell::role(view, Role::Dim, invocation.first.as_str()),
            };
        }
        let Some(group) = results.group(row) else { return Cell::plain("") };
        let first = results.members(group).next();
        match (column, first) {
            (0, _) => Cell::plain(members(results, group)),
            (1, Some(invocation)) => together(view, group, invocation),
            (_, Some(invocation)) if group.members.len() == 1 => Cell::role(view, Role::Dim, invocation.first.as_str()),
            _ => Cell::role(view, Role::Dim, group.first.as_str()),
        }
    };
    grid.draw(view, frame, area, |view, row, column| match results.lens.place(row) {
        Some(place) => chosen.cell(view, place, column, |column| own(view, row, column)),
        None => Cell::plain(""),
    });
}

/// That the node of an invocation that has not ended does not answer, if it does not: nothing may ever come of it.
fn silent(view: &View<'_>, invocation: &Invocation) -> Option<String> {
    let origin = view.state.commands.results.as_ref()?.origin;
    let node = view.state.fleet.node_in(origin, &invocation.node).filter(|_| !invocation.outcome.is_final())?;
    if !matches!(node.ping, ssm::PingStatus::ConnectionLost | ssm::PingStatus::Inactive) {
        return None;
    }
    let word = invocation.outcome.word();
    Some(match node.last_seen {
        Some(at) => format!("{word}, no answer {}", text::span(view.state.now.since(at))),
        None => format!("{word}, no answer"),
    })
}

/// How many nodes, and which.
fn members(results: &Results, group: &Group) -> String {
    let names: Vec<_> = results.members(group).take(6).map(|invocation| invocation.name.as_str()).collect();
    format!("{:>3}  {}", group.members.len(), names.join(" "))
}
