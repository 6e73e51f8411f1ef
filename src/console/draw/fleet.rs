//! The fleet.

use std::borrow::Cow;

use ratatui::{Frame, layout::Rect, text::Line};

use super::{
    View, cards,
    grid::{Cell, Column, Grid},
    lens, node,
};
use crate::{
    config::theme::Role,
    console::{
        action::Action,
        probe::{usage, vitals::Vitals},
        state::{
            fleet::{Column as Kind, Fleet, columns::missing, groups::GroupSort},
            node::Node,
            seen::{Hit, Slot},
        },
        text,
    },
    ssm::{PingStatus, Timestamp},
};

mod heading;

/// From this width on, tags are shown with their keys.
const TAG_KEYS: u16 = 120;

pub(super) fn draw(view: &mut View<'_>, frame: &mut Frame<'_>, area: Rect) {
    let fleet = &view.state.fleet;
    let feed = fleet.feed.all();
    heading::draw(view, frame, area, &feed);
    let body = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    if fleet.total() == 0 {
        if !cards::waiting(view, frame, body, &feed, "nodes") {
            let (what, next) = match view.state.origins.known().any(|(_, known)| known.place.arriving) {
                true => ("Nodes are starting", "They register on their own and appear here within seconds."),
                false => (
                    "No managed nodes",
                    "Create an activation and start an agent with it: fleetdeck agent --activation-id ID --activation-code CODE",
                ),
            };
            cards::empty(view, frame, body, what, next, &[Action::Refresh, Action::Help]);
        }
        return;
    }
    let body = cards::stale(view, frame, body, &feed, "What is shown may be old");
    let body = full_disks(view, frame, body);
    let (list, detail) = split(body, fleet.detail);
    if list.height > 0 {
        if fleet.shown() == 0 && !fleet.is_settled() {
            let words =
                format!("{} putting {} into order", view.look.sign("⋯", "..."), text::count(fleet.total(), "node"));
            cards::middle(frame, list, vec![Line::from(view.span(Role::Running, words))]);
        } else if fleet.shown() == 0 {
            let of = text::count(fleet.total(), "node");
            lens::unmatched(view, frame, list, fleet.filter.text(), &of, &fleet.filter_remarks());
        } else if let Some(by) = fleet.grouped_by() {
            groups(view, frame, list, fleet, by);
        } else {
            rows(view, frame, list, fleet);
        }
    }
    if let (Some(area), Some(node)) = (detail, fleet.current()) {
        node::draw(view, frame, area, node);
    }
}

/// Says which disks are full, if any is; the room that is left for the list.
fn full_disks(view: &mut View<'_>, frame: &mut Frame<'_>, area: Rect) -> Rect {
    let mut full = view.state.full_disks();
    if full.is_empty() || area.height < 3 {
        return area;
    }
    full.sort_by_key(|(_, vitals)| std::cmp::Reverse(vitals.disk()));
    let names = full.iter().take(3).map(|(node, vitals)| {
        let path = vitals.fullest().map(|mount| mount.path.as_str()).unwrap_or_default();
        format!("{} {}% on {path}", node.name, vitals.disk())
    });
    let names = names.collect::<Vec<_>>().join(", ");
    let more = if full.len() > 3 { " and others" } else { "" };
    let sign = view.look.sign("▲", "!");
    let mut spans = vec![view.span(
        Role::Failed,
        format!(" {sign} {} with disk >= {}%: {names}{more}  ", text::count(full.len(), "node"), usage::FULL),
    )];
    spans.extend(view.hint(Action::FullDisks));
    let line = Rect { height: 1, ..area };
    view.hit(line, Hit::Act(Action::FullDisks));
    super::lines(view, frame, line, vec![Line::from(spans)]);
    Rect { y: area.y + 1, height: area.height - 1, ..area }
}

/// The list beside its detail: below each other where it is narrow.
fn split(area: Rect, detail: bool) -> (Rect, Option<Rect>) {
    if !detail {
        return (area, None);
    }
    if area.width >= 100 {
        let side = (area.width * 2 / 5).min(64);
        let list = Rect { width: area.width - side, ..area };
        return (list, Some(Rect { x: list.right(), width: side, ..area }));
    }
    let below = (area.height * 3 / 5).max(6).min(area.height);
    let list = Rect { height: area.height - below, ..area };
    (list, Some(Rect { y: list.bottom(), height: below, ..area }))
}

/// The list folded by what stands in one column.
fn groups(view: &mut View<'_>, frame: &mut Frame<'_>, area: Rect, fleet: &Fleet, by: &Kind) {
    let groups = fleet.groups();
    let (sort, reversed) = fleet.group_sort;
    let column = |title: Cow<'static, str>, least, ideal, rank, by: GroupSort| {
        let mut column = Column::new(title, least, ideal, rank).named(by.name());
        column.sorted = (sort == by).then_some(reversed != (by != GroupSort::Value));
        if by != GroupSort::Value { column.right() } else { column }
    };
    let columns = [
        column(by.title(), 16, 48, 0, GroupSort::Value),
        column("Nodes".into(), 8, 8, 1, GroupSort::Count),
        Column::new("Online", 8, 8, 4).right(),
        column("Lost".into(), 8, 8, 2, GroupSort::Lost),
        column("Non-compliant".into(), 14, 14, 3, GroupSort::Broken),
        Column::new("", 12, 40, 5),
    ];
    let widest = groups.iter().map(|group| group.count).max().unwrap_or(0).max(1);
    let cursor = &fleet.group_cursor;
    let grid = Grid {
        slot: Slot::FleetGroups,
        columns: &columns,
        len: groups.len(),
        cursor,
        focused: !fleet.filtering,
        marked: None,
        scrolled: None,
    };
    grid.draw(view, frame, area, |view, row, column| {
        let Some(group) = groups.get(row) else { return Cell::plain("") };
        let number = |role, n: usize| match n {
            0 => Cell::role(view, Role::Dim, view.look.sign("·", ".")),
            n => Cell::role(view, role, text::thousands(n)),
        };
        match column {
            0 => match group.value.as_deref() {
                None | Some("") => Cell::role(view, Role::Dim, group.title()),
                Some(value) => Cell::plain(value),
            },
            1 => number(Role::Text, group.count),
            2 => number(Role::NodeOnline, group.online),
            3 => number(Role::NodeLost, group.lost),
            4 => number(Role::NonCompliant, group.broken),
            _ => {
                let rest = group.count.saturating_sub(group.online + group.lost);
                let parts = [
                    (group.online, Role::NodeOnline, "▆", "#"),
                    (group.lost, Role::NodeLost, "▆", "x"),
                    (rest, Role::NodeInactive, "▆", "-"),
                ];
                Cell::bar(group.count, widest, &parts)
            }
        }
    });
}

fn rows(view: &mut View<'_>, frame: &mut Frame<'_>, area: Rect, fleet: &Fleet) {
    // The name stays; what was scrolled past gives its room to the rest.
    // Where nobody samples, there is nothing to say about disks.
    let sampled = view.state.has_sampled();
    let usual = !fleet.wide && fleet.scrolled == 0 && fleet.columns() == Kind::usual();
    let mut shown = fleet.shown_columns();
    shown.retain(|kind| sampled || *kind != Kind::Disk);
    let kept = 1 + usize::from(shown.get(1) == Some(&Kind::Origin));
    let kinds: Vec<Kind> = shown.iter().take(kept).chain(shown.iter().skip(kept + fleet.scrolled)).cloned().collect();
    let columns: Vec<Column> = kinds.iter().enumerate().map(|(at, kind)| column(fleet, kind, at, usual)).collect();
    let marked = |row: usize| fleet.is_row_marked(row);
    let grid = Grid {
        slot: Slot::Fleet,
        columns: &columns,
        len: fleet.shown(),
        cursor: &fleet.cursor,
        focused: !fleet.filtering,
        marked: Some(&marked),
        scrolled: Some(fleet.scrolled),
    };
    // Where there is no room for both, what a tag says is worth more than what it is called.
    let short = area.width < TAG_KEYS;
    grid.draw(view, frame, area, |view, row, column| match fleet.row(row) {
        Some(node) if short && kinds[column] == Kind::Tags && node.tags.is_some() => {
            Cell::role(view, Role::Dim, node.tag_values(view.look.sign(" · ", " | ")))
        }
        Some(node) if node.remembered => cell(view, node, &kinds[column]).dimmed(view),
        Some(node) if view.outdated_of.contains(&node.origin) => cell(view, node, &kinds[column]).stale(view),
        Some(node) => cell(view, node, &kinds[column]),
        None => Cell::plain(""),
    });
}

/// A column of the list. Of the usual ones those go first that are missed least; of others the last.
fn column(fleet: &Fleet, kind: &Kind, at: usize, usual: bool) -> Column {
    let (least, ideal, rank) = match kind {
        Kind::Name => (14, 32, 0),
        Kind::Origin => (8, 24, 1),
        Kind::Ping => (10, 10, 1),
        Kind::Compliance => (15, 24, 2),
        Kind::Disk => (14, 26, 3),
        Kind::Platform => (10, 26, 5),
        Kind::Tags => (22, 80, 3),
        Kind::Ip => (10, 15, 6),
        Kind::LastSeen => (6, 8, 4),
        Kind::Agent => (8, 14, 7),
        Kind::Id => (20, 20, 8),
        Kind::Host => (12, 32, 9),
        Kind::Missing => (9, 9, 9),
        Kind::PatchGroup | Kind::Role => (12, 24, 9),
        Kind::Registered => (10, 11, 9),
        Kind::Activation => (12, 36, 9),
        Kind::Tag(_) => (8, 24, 9),
    };
    let rank = if usual { rank } else { u8::try_from(at).unwrap_or(u8::MAX) };
    let mut column = Column::new(kind.title(), least, ideal, rank).named(kind.name());
    if kind.is_number() {
        column = column.right();
    }
    let sort = fleet.sort();
    if let Some(place) = sort.iter().position(|(sorted, _)| sorted == kind) {
        column.sorted = Some(kind.falls() != sort[place].1);
        column.place = (sort.len() > 1).then_some(place + 1);
    }
    column
}

fn cell(view: &View<'_>, node: &Node, kind: &Kind) -> Cell {
    match kind {
        Kind::Name if view.state.watch.has(&node.node_id()) => {
            Cell::plain(format!("{} {}", view.look.sign("◉", "@"), view.name(node)))
        }
        Kind::Name => Cell::plain(view.name(node)),
        Kind::Origin => super::origin::cell(view, node.origin),
        Kind::Id => Cell::role(view, Role::Dim, node.id.as_str()),
        Kind::Ping => {
            let (role, word) = ping(view, &node.ping);
            Cell::role(view, role, word)
        }
        Kind::Platform => Cell::plain(node.platform.as_str()),
        Kind::Agent => match node.latest {
            Some(false) => Cell::role(view, Role::Stopped, format!("{} {}", node.agent, view.look.sign("↑", "^"))),
            _ => Cell::plain(node.agent.as_str()),
        },
        Kind::Ip => Cell::plain(node.ip.as_str()),
        Kind::Compliance => {
            let (role, word) = node::verdict(view, node);
            Cell::role(view, role, word)
        }
        Kind::Disk => {
            let (role, words) = disk(view, node);
            Cell::role(view, role, words)
        }
        Kind::Tags => match &node.tags {
            Some(_) => Cell::role(view, Role::Dim, node.tags_text()),
            None => Cell::role(view, Role::Dim, view.look.sign("⋯", "...")),
        },
        Kind::LastSeen => Cell::role(view, Role::Dim, ago(view.state.now, node.last_seen)),
        Kind::Tag(_) if node.tags.is_none() => Cell::role(view, Role::Dim, view.look.sign("⋯", "...")),
        Kind::Missing if missing(node).is_some_and(|missing| missing > 0) => {
            Cell::role(view, Role::NonCompliant, kind.value(node, view.state.now))
        }
        _ => Cell::plain(kind.value(node, view.state.now)),
    }
}

/// How full the fullest disk of a node is and how old that is; no value where it says nothing about now.
pub(super) fn disk(view: &View<'_>, node: &Node) -> (Role, String) {
    let now = view.state.now;
    let Some(age) = node.sampled.age(now) else {
        return match &node.sampled.missing {
            Some(missing) => (Role::Stale, missing.clone()),
            None => (Role::Dim, String::new()),
        };
    };
    let used = |vitals: &Vitals| {
        let path = vitals.fullest().map(|mount| mount.path.as_str()).unwrap_or_default();
        format!("{:>3}% {}", vitals.disk(), text::cut_middle(path, 12))
    };
    match (node.vitals(now), node.sampled.last()) {
        (Some(vitals), _) => {
            let (role, word) = super::node_view::share(vitals.disk());
            let role = if role == Role::Success { Role::Text } else { role };
            let word = if word.is_empty() { String::new() } else { format!(" {word}") };
            // Of one width whatever the age, or the columns after it would move with every second.
            (role, format!("{}{word} {:>3} ago", used(vitals), text::span(age)))
        }
        // Nobody has asked since, as while another pane was looked at.
        (None, Some(vitals)) if node.ping == PingStatus::Online && !view.state.is_silent(node) => {
            (Role::Stale, format!("{} {:>3} old", used(vitals), text::span(age)))
        }
        _ => (Role::Stale, format!("no answer {}", text::span(age))),
    }
}

/// Sign and word for a ping status.
pub(super) fn ping(view: &View<'_>, ping: &PingStatus) -> (Role, String) {
    let word = crate::console::state::fleet::ping_word(ping);
    let (role, sign) = match ping {
        PingStatus::Online => (Role::NodeOnline, view.look.sign("●", "*")),
        PingStatus::ConnectionLost => (Role::NodeLost, view.look.sign("○", "o")),
        _ => (Role::NodeInactive, view.look.sign("◌", "-")),
    };
    (role, format!("{sign} {word}"))
}

/// How long ago something was, in its largest unit.
pub(super) fn ago(now: Timestamp, at: Option<Timestamp>) -> String {
    at.map(|at| text::span(now.since(at))).unwrap_or_default()
}

#[cfg(test)]
mod tests;
