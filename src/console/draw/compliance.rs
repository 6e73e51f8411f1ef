//! Compliance: the fleet counted, its groups, a group's nodes, a node's patches.

use ratatui::{
    Frame,
    layout::Rect,
    text::{Line, Span},
};

use super::{
    View, cards,
    columns::Chosen,
    fleet,
    grid::{Cell, Column, Grid},
    lens, node,
};
use crate::{
    config::theme::Role,
    console::{
        action::Action,
        state::{
            compliance::{Level, grouping::Key, tally::severity_word},
            feed::Feed,
            list::List,
            node::{Node, Verdict},
            seen::Slot,
        },
        text,
    },
    ssm::ComplianceSeverity,
};

mod overview;
mod patches;

pub(super) fn draw(view: &mut View<'_>, frame: &mut Frame<'_>, area: Rect) {
    let state = view.state;
    let compliance = &state.compliance;
    heading(view, frame, area);
    let mut body = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    if state.fleet.total() == 0 {
        if !cards::waiting(view, frame, body, &state.fleet.feed.all(), "nodes") {
            let next = "There is nothing to be compliant yet.";
            cards::empty(view, frame, body, "No managed nodes", next, &[Action::Refresh]);
        }
        return;
    }
    if !matches!(compliance.level, Level::Patches { .. }) {
        body = cards::stale(view, frame, body, &feed(view), "What is shown may be old");
    }
    match &compliance.level {
        Level::Groups => {
            let used = overview::draw(view, frame, body);
            let rest = Rect { y: body.y + used, height: body.height.saturating_sub(used), ..body };
            overview::groups(view, frame, rest);
        }
        Level::Nodes(_) => nodes(view, frame, body),
        Level::Patches { node, .. } => patches::draw(view, frame, body, node),
    }
}

/// The feed whose age counts for what is shown: the one that is in trouble, else the patch states.
fn feed(view: &View<'_>) -> Feed {
    let state = view.state;
    match &state.compliance.level {
        Level::Patches { .. } => state.compliance.feed.clone(),
        _ if state.fleet.feed.all().trouble().is_some() => state.fleet.feed.all(),
        _ if state.fleet.summaries.all().trouble().is_some() => state.fleet.summaries.all(),
        _ => state.fleet.compliance.all(),
    }
}

fn heading(view: &View<'_>, frame: &mut Frame<'_>, area: Rect) {
    let state = view.state;
    let compliance = &state.compliance;
    let separator = view.look.sign(" › ", " > ");
    let mut left = vec![
        view.span(Role::Title, " Compliance"),
        view.span(Role::Dim, format!("{separator}by {}", compliance.grouping.title())),
    ];
    match &compliance.level {
        Level::Groups => {}
        Level::Nodes(group) => {
            left.push(view.span(Role::Text, format!("{separator}{}", group.name())));
            left.push(view.span(Role::Dim, format!("  {}", text::count(compliance.members.len(), "node"))));
        }
        Level::Patches { group, node } => {
            let name = state.fleet.node(node).map_or(node.id.as_str(), |node| node.name.as_str());
            left.push(view.span(Role::Text, format!("{separator}{}{separator}{name}", group.name())));
        }
    }
    let marked = state.fleet.marked_count();
    if marked > 0 {
        let mark = view.look.sign("▌", "*");
        left.push(view.span(Role::Marked, format!("  {mark}{} marked", text::thousands(marked))));
    }
    let lens = &compliance.lenses[compliance.depth()];
    left = lens::beside(view, left, lens, area.width);
    let (total, example) = match &compliance.level {
        Level::Groups => (compliance.groups.len(), "critical"),
        Level::Nodes(_) => (compliance.members.len(), "web severity:critical ping:online"),
        Level::Patches { .. } => (compliance.patches.len(), "openssl severity:important cves:2026"),
    };
    if let Some(typed) = lens::typed(view, lens, total, example) {
        return cards::heading(view, frame, area, typed, Some(&feed(view)));
    }
    let scans = compliance.scans(state.now);
    if scans > 0 {
        let sign = view.look.sign("◐", "~");
        left.push(view.span(Role::Running, format!("  {sign} scanning {}", text::thousands(scans))));
    }
    cards::heading(view, frame, area, left, Some(&feed(view)));
}

/// The role of a severity.
fn severity_role(severity: &ComplianceSeverity) -> Role {
    match severity {
        ComplianceSeverity::Critical => Role::Critical,
        ComplianceSeverity::High => Role::High,
        ComplianceSeverity::Medium => Role::Medium,
        _ => Role::Low,
    }
}

/// The role of a severity as vendors of platforms word it.
fn vendor_role(severity: &str) -> Role {
    match severity.to_lowercase().as_str() {
        "critical" => Role::Critical,
        "important" | "high" => Role::High,
        "moderate" | "medium" => Role::Medium,
        _ => Role::Low,
    }
}

/// Sign and word of a node's compliance; that it is being scanned comes first.
fn standing(view: &View<'_>, node: &Node) -> (Role, String) {
    match view.state.compliance.is_scanning(&node.node_id(), view.state.now) {
        true => (Role::Running, format!("{} scanning", view.look.sign("◐", "~"))),
        false => node::verdict(view, node),
    }
}

/// A sign for a group that says in one glance how it stands.
fn group_sign(view: &View<'_>, key: &Key) -> Span<'static> {
    let (role, sign) = match key {
        Key::Severity(place) => {
            let severity = crate::console::state::compliance::tally::SEVERITIES.get(*place);
            (severity.map_or(Role::Low, severity_role), view.look.sign("✗ ", "x "))
        }
        Key::NeverScanned => (Role::Unknown, view.look.sign("? ", "? ")),
        Key::Compliant => (Role::Compliant, view.look.sign("✓ ", "+ ")),
        Key::Unasked => (Role::Dim, view.look.sign("⋯ ", ". ")),
        _ => (Role::Text, "  "),
    };
    view.span(role, sign)
}

fn nodes(view: &mut View<'_>, frame: &mut Frame<'_>, area: Rect) {
    let state = view.state;
    let members = &state.compliance.members;
    if members.is_empty() && state.compliance.is_counting() {
        let words = view.look.sign("Counting…", "Counting...");
        return cards::middle(frame, area, vec![Line::from(view.span(Role::Dim, words))]);
    }
    if members.is_empty() {
        let next = "The nodes that were in this group are now in another.";
        return cards::empty(view, frame, area, "No node is in this group", next, &[Action::Back]);
    }
    let lens = &state.compliance.lenses[1];
    if lens::nothing(view, frame, area, lens) {
        return;
    }
    let columns = [
        Column::new("Node", 14, 36, 0),
        Column::new("Compliance", 15, 18, 1),
        Column::new("Severity", 9, 13, 3),
        Column::new("Missing", 7, 7, 2).right(),
        Column::new("Failed", 6, 6, 4).right(),
        Column::new("Installed", 9, 9, 5).right(),
        Column::new("Scanned", 7, 8, 3).right(),
        Column::new("Reboot", 6, 6, 8).right(),
        Column::new("Patch group", 11, 24, 6),
        Column::new("Ping", 10, 10, 7),
        Column::new("Platform", 12, 28, 9),
        Column::new("Id", 20, 20, 10),
    ];
    let chosen = Chosen::of(view, List::Members, columns, Some(lens));
    let member = |row: usize| lens.place(row).and_then(|place| members.get(place));
    let marked = |row: usize| member(row).is_some_and(|id| state.fleet.is_marked(id));
    let grid = Grid {
        slot: Slot::Members,
        columns: &chosen.columns,
        len: lens.len(),
        cursor: &state.compliance.cursors[1],
        focused: !lens.filtering,
        marked: Some(&marked),
        scrolled: Some(chosen.scrolled),
    };
    let node = |row: usize| member(row).and_then(|id| state.fleet.node(id));
    grid.draw(view, frame, area, |view, row, column| match lens.place(row).zip(node(row)) {
        Some((place, node)) => chosen.cell(view, place, column, |column| cell(view, node, column)),
        None => Cell::plain(""),
    });
}

fn cell(view: &View<'_>, node: &Node, column: usize) -> Cell {
    let patches = node.patches.as_ref().and_then(Option::as_ref);
    let number = |n: Option<i32>, role: Role| match n {
        None => Cell::plain(""),
        Some(n) if n <= 0 => Cell::role(view, Role::Dim, "0"),
        Some(n) => Cell::role(view, role, text::thousands(usize::try_from(n).unwrap_or(0))),
    };
    match column {
        0 => Cell::plain(node.name.as_str()),
        1 => {
            let (role, words) = standing(view, node);
            Cell::role(view, role, words)
        }
        2 if node.verdict() == Verdict::NonCompliant => {
            let severity = node.severity();
            Cell::role(view, severity_role(&severity), severity_word(&severity))
        }
        3 => number(patches.map(|p| p.missing), Role::NonCompliant),
        4 => number(patches.map(|p| p.failed), Role::Failed),
        5 => number(patches.map(|p| p.installed), Role::Text),
        6 => match (&node.patches, patches) {
            (_, Some(patches)) => Cell::role(view, Role::Dim, fleet::ago(view.state.now, Some(patches.at))),
            (Some(None), _) => Cell::role(view, Role::Unknown, "never"),
            _ => Cell::plain(""),
        },
        7 => number(patches.map(|p| p.pending_reboot), Role::Stopped),
        8 => Cell::plain(patches.map(|p| p.group.clone()).unwrap_or_default()),
        9 => {
            let (role, word) = fleet::ping(view, &node.ping);
            Cell::role(view, role, word)
        }
        10 => Cell::role(view, Role::Dim, node.platform.as_str()),
        11 => Cell::role(view, Role::Dim, node.id.as_str()),
        _ => Cell::plain(""),
    }
}

#[cfg(test)]
mod tests;
