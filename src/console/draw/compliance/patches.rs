//! The patches of one node.

use ratatui::{Frame, layout::Rect, text::Line};

use super::{
    super::{
        View, cards,
        columns::Chosen,
        fleet,
        grid::{Cell, Column, Grid},
        lens,
    },
    standing, vendor_role,
};
use crate::{
    config::theme::Role,
    console::{
        action::Action,
        origin::NodeId,
        state::{
            compliance::patches::{Patch, Standing, States},
            list::List,
            node::{Node, Verdict},
            seen::Slot,
        },
    },
};

pub(super) fn draw(view: &mut View<'_>, frame: &mut Frame<'_>, area: Rect, id: &NodeId) {
    super::super::lines(view, frame, Rect { height: 1.min(area.height), ..area }, vec![summary(view, id, area.width)]);
    let body = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    let compliance = &view.state.compliance;
    if compliance.patches.is_empty() {
        if !cards::waiting(view, frame, body, &compliance.feed, "patches") {
            nothing(view, frame, body, id);
        }
        return;
    }
    let lens = &compliance.lenses[2];
    if lens::nothing(view, frame, body, lens) {
        return;
    }
    let columns = [
        Column::new("State", 14, 14, 1),
        Column::new("Severity", 11, 11, 2),
        Column::new("Patch", 34, 60, 0),
        Column::new("Classification", 9, 16, 3),
        Column::new("Id", 20, 40, 5),
        Column::new("CVEs", 13, 40, 4),
        Column::new("Installed", 9, 9, 6).right(),
    ];
    let chosen = Chosen::of(view, List::Patches, columns, Some(lens));
    let grid = Grid {
        slot: Slot::Patches,
        columns: &chosen.columns,
        len: lens.len(),
        cursor: &compliance.cursors[2],
        focused: !lens.filtering,
        marked: None,
        scrolled: Some(chosen.scrolled),
    };
    grid.draw(view, frame, body, |view, row, column| {
        let place = lens.place(row);
        match place.and_then(|place| Some((place, compliance.patches.get(place)?))) {
            Some((place, patch)) => chosen.cell(view, place, column, |column| cell(view, patch, column)),
            None => Cell::plain(""),
        }
    });
}

fn cell(view: &View<'_>, patch: &Patch, column: usize) -> Cell {
    match column {
        0 => {
            let (role, sign) = sign(view, patch.standing);
            Cell::role(view, role, format!("{sign} {}", patch.standing.word()))
        }
        1 => Cell::role(view, vendor_role(&patch.severity), patch.severity.as_str()),
        2 if patch.title.is_empty() => Cell::plain(patch.id.as_str()),
        2 => Cell::plain(patch.title.as_str()),
        3 => Cell::plain(patch.classification.as_str()),
        4 => Cell::role(view, Role::Dim, patch.id.as_str()),
        5 => Cell::role(view, Role::Dim, patch.cves.as_str()),
        _ => Cell::role(view, Role::Dim, fleet::ago(view.state.now, patch.installed)),
    }
}

fn sign(view: &View<'_>, standing: Standing) -> (Role, &'static str) {
    match standing {
        Standing::Failed => (Role::Failed, view.look.sign("✗", "x")),
        Standing::Missing => (Role::NonCompliant, view.look.sign("○", "o")),
        Standing::PendingReboot | Standing::Rejected => (Role::Stopped, view.look.sign("▲", "!")),
        Standing::Available | Standing::Unknown => (Role::Unknown, view.look.sign("?", "?")),
        Standing::Installed => (Role::Compliant, view.look.sign("✓", "+")),
        Standing::NotApplicable => (Role::Dim, view.look.sign("–", "-")),
    }
}

/// The node in one line: how it stands, its counts, when that was found out, and which patches are shown.
fn summary(view: &View<'_>, id: &NodeId, width: u16) -> Line<'static> {
    let state = view.state;
    let mut line = vec![view.span(Role::Dim, " ")];
    if let Some(node) = state.fleet.node(id) {
        let (role, words) = standing(view, node);
        line.push(view.span(role, words));
        if let Some(patches) = node.patches.as_ref().and_then(Option::as_ref) {
            for (n, word, role) in [
                (patches.failed, "failed", Role::Failed),
                (patches.pending_reboot, "need a reboot", Role::Stopped),
                (patches.installed, "installed", Role::Dim),
            ] {
                // What is in order is left out where there is little room.
                if n > 0 && (role != Role::Dim || width >= 100) {
                    line.push(view.span(role, format!("  {n} {word}")));
                }
            }
            line.push(view.span(Role::Dim, format!("  scanned {} ago", fleet::ago(state.now, Some(patches.at)))));
        }
    }
    let shown = format!("   showing {}: {}", state.compliance.states.words(), state.compliance.patches.len());
    line.push(view.span(Role::Text, shown));
    line.push(view.span(Role::Dim, "  "));
    line.extend(view.hint(Action::PatchStates));
    Line::from(line)
}

fn nothing(view: &View<'_>, frame: &mut Frame<'_>, area: Rect, id: &NodeId) {
    let state = view.state;
    let node = state.fleet.node(id);
    let counted = node.and_then(|node| node.patches.as_ref()?.as_ref()).map_or(0, |p| p.missing + p.failed);
    let (what, next) = match (node.map(Node::verdict), state.compliance.states) {
        (Some(Verdict::NeverScanned | Verdict::Unasked), _) => (
            "Never scanned".to_owned(),
            "Nobody knows which patches this node lacks. A scan finds out and changes nothing on it.",
        ),
        // The two operations may disagree for a moment, or the service may not answer a filter.
        (_, States::Attention) if counted > 0 => (
            "No patches are listed".to_owned(),
            "The last scan counted some, but the service lists none of them in these states.",
        ),
        (_, States::Attention) => {
            ("Nothing is missing".to_owned(), "Every patch that the baseline asks for is installed.")
        }
        (_, states) => (format!("No patches in the state \"{}\"", states.words()), "Other states may have some."),
    };
    cards::empty(view, frame, area, &what, next, &[Action::Scan, Action::PatchStates, Action::Back]);
}
