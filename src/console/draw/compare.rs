//! One metric of many nodes side by side.

use ratatui::{Frame, layout::Rect};

use super::{
    View, cards,
    columns::Chosen,
    fleet,
    grid::{Cell, Column, Grid},
    lens,
    node_view::share,
};
use crate::{
    config::theme::Role,
    console::{
        probe::vitals::Vitals,
        state::{compare::Compare, list::List, node::Node, seen::Slot},
        text,
    },
};

pub(super) fn draw(view: &mut View<'_>, frame: &mut Frame<'_>, area: Rect) {
    let Some(compare) = view.state.compare.as_ref() else { return };
    heading(view, frame, area, compare);
    let body = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    let body = cards::stale(view, frame, body, &view.state.samples.all().patient(), "What is shown may be old");
    let lens = &compare.lens;
    if lens::nothing(view, frame, body, lens) {
        return;
    }
    let columns = [
        Column::new("Name", 12, 32, 0),
        Column::new("Disk", 12, 32, 1),
        Column::new("Memory", 9, 24, 2),
        Column::new("Load", 9, 22, 3),
        Column::new("Uptime", 6, 8, 5),
        Column::new("Kernel", 10, 28, 6),
        Column::new("Agent", 8, 14, 7),
        Column::new("Sampled", 8, 36, 4),
    ];
    let chosen = Chosen::of(view, List::Compared, columns, Some(lens));
    let grid = Grid {
        slot: Slot::Compare,
        columns: &chosen.columns,
        len: lens.len(),
        cursor: &compare.cursor,
        focused: !lens.filtering,
        marked: None,
        scrolled: Some(chosen.scrolled),
    };
    let node = |place: usize| compare.nodes.get(place).and_then(|id| view.state.fleet.node(id));
    grid.draw(view, frame, body, |view, row, column| match lens.place(row).and_then(|at| Some((at, node(at)?))) {
        Some((place, node)) => chosen.cell(view, place, column, |column| cell(view, node, column)),
        None => Cell::plain(""),
    });
}

fn heading(view: &View<'_>, frame: &mut Frame<'_>, area: Rect, compare: &Compare) {
    let feed = view.state.samples.all().patient();
    if let Some(typed) = lens::typed(view, &compare.lens, compare.nodes.len(), "web disk>80 load>2 uptime<1d") {
        return cards::heading(view, frame, area, typed, Some(&feed));
    }
    let separator = view.look.sign(" › ", " > ");
    let words = format!("{} compared", text::count(compare.nodes.len(), "node"));
    let mut left = vec![view.span(Role::Dim, format!(" Fleet{separator}")), view.span(Role::Title, words)];
    let nodes = || compare.nodes.iter().filter_map(|id| view.state.fleet.node(id));
    let silent: Vec<&str> =
        nodes().filter(|node| node.vitals(view.state.now).is_none()).map(|node| node.name.as_str()).collect();
    if !silent.is_empty() && !view.state.samples.all().is_loading() {
        let words = format!("  {} without an answer: {}", text::thousands(silent.len()), silent.join(", "));
        left.push(view.span(Role::Stale, words));
    }
    left = lens::beside(view, left, &compare.lens, area.width);
    cards::heading(view, frame, area, left, Some(&feed));
}

fn cell(view: &View<'_>, node: &Node, column: usize) -> Cell {
    let now = view.state.now;
    let current = node.vitals(now);
    let of = |told: fn(&View<'_>, &Vitals) -> (Role, String)| match (current, &node.sampled.vitals) {
        (Some(vitals), _) => {
            let (role, words) = told(view, vitals);
            Cell::role(view, role, words)
        }
        // An old value is told as one, whatever colour it had.
        (None, Some((_, vitals))) => Cell::role(view, Role::Stale, told(view, vitals).1),
        (None, None) => Cell::role(view, Role::Dim, view.look.sign("–", "-")),
    };
    match column {
        0 => Cell::plain(view.name(node)),
        1 => of(|_, vitals| {
            let (role, word) = share(vitals.disk());
            let path = vitals.fullest().map(|mount| mount.path.clone()).unwrap_or_default();
            let word = if word.is_empty() { String::new() } else { format!("{word} ") };
            (plain(role), format!("{:>3}% {word}{path}", vitals.disk()))
        }),
        2 => of(|_, vitals| {
            let percent = vitals.memory.percent();
            let (role, _) = share(percent);
            let total = text::bytes(vitals.memory.total.saturating_mul(1_024));
            (plain(role), format!("{percent:>3}% of {total}"))
        }),
        3 => of(|_, vitals| {
            let [one, five, _] = vitals.load.unwrap_or_default();
            let role = if vitals.pressure() > 100 { Role::Warning } else { Role::Text };
            (role, format!("{one:.2} {five:.2} on {}", text::count(vitals.cores, "core")))
        }),
        4 => of(|_, vitals| (Role::Text, text::span(vitals.uptime))),
        5 => of(|_, vitals| (Role::Text, vitals.kernel.clone())),
        6 => Cell::plain(node.agent.as_str()),
        _ => {
            let age = node.sampled.age(now).map(|age| format!("{} ago", text::span(age)));
            match (&node.sampled.missing, age) {
                (Some(missing), Some(age)) => Cell::role(view, Role::Stale, format!("{age}, then {missing}")),
                (Some(missing), None) => Cell::role(view, Role::NodeLost, missing.as_str()),
                (None, Some(age)) => Cell::role(view, if current.is_some() { Role::Dim } else { Role::Stale }, age),
                (None, None) => {
                    let (role, ping) = fleet::ping(view, &node.ping);
                    Cell::role(view, role, format!("none: {ping}"))
                }
            }
        }
    }
}

fn plain(role: Role) -> Role {
    if role == Role::Success { Role::Text } else { role }
}
