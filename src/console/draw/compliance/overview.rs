//! The fleet in numbers and meters, and the groups below.

use ratatui::{
    Frame,
    layout::Rect,
    text::{Line, Span},
};

use super::{
    super::{
        View,
        columns::Chosen,
        grid::{self, Cell, Column, Grid},
        lens,
    },
    group_sign, severity_role,
};
use crate::{
    config::theme::Role,
    console::{
        state::{
            compliance::{
                grouping::Group,
                tally::{Tally, severity_word},
            },
            list::List,
            seen::Slot,
        },
        text,
    },
};

/// From this size on, severities and types stand as meters; below, as words in a line each.
const METERS: (u16, u16) = (100, 24);
/// Severities or types that are shown as meters.
const MOST_METERS: usize = 6;
/// Columns of the label of a meter.
const LABEL: usize = 16;

type Part = (usize, Role, &'static str, &'static str);

fn parts(tally: Tally) -> [Part; 4] {
    [
        (tally.compliant, Role::Compliant, "█", "#"),
        (tally.broken, Role::NonCompliant, "▒", "x"),
        (tally.unknown, Role::Unknown, "░", "?"),
        (tally.unasked, Role::Dim, "·", "."),
    ]
}

/// Draws the overview at the top of the area; the rows it took.
pub(super) fn draw(view: &View<'_>, frame: &mut Frame<'_>, area: Rect) -> u16 {
    let compliance = &view.state.compliance;
    let tally = compliance.tally;
    if area.height < 8 {
        grid::line_at(frame, area, 0, counts(view, tally, area.width));
        return 1;
    }
    let mut bar = grid::bar(view, area.width.saturating_sub(2), &parts(tally));
    bar.spans.insert(0, view.span(Role::Text, " "));
    grid::line_at(frame, area, 0, counts(view, tally, area.width));
    grid::line_at(frame, area, 1, bar);
    if area.width >= METERS.0 && area.height >= METERS.1 {
        return 3 + meters(view, frame, Rect { y: area.y + 3, height: area.height - 3, ..area });
    }
    let mut used = 2;
    for line in [severities(view), types(view)].into_iter().flatten() {
        grid::line_at(frame, area, used, line);
        used += 1;
    }
    used + u16::from(area.height > used + 8)
}

/// The number that matters, then what it is made of. What was never scanned stands apart from the percentage.
fn counts(view: &View<'_>, tally: Tally, width: u16) -> Line<'static> {
    const LONG: [&str; 4] = ["in order", "not in order", "never scanned", "not asked yet"];
    const SHORT: [&str; 4] = ["good", "bad", "never scanned", "not asked"];
    let line = counts_in(view, tally, LONG);
    if line.width() <= usize::from(width) { line } else { counts_in(view, tally, SHORT) }
}

fn counts_in(view: &View<'_>, tally: Tally, words: [&str; 4]) -> Line<'static> {
    let mut line = match tally.percent() {
        Some(percent) => {
            let of = format!(" of {} scanned", text::thousands(tally.scanned()));
            vec![view.span(Role::Title, format!(" {percent}% compliant")), view.span(Role::Dim, of)]
        }
        None => vec![view.span(Role::Title, " nothing is known yet")],
    };
    for ((n, role, sign, ascii), word) in parts(tally).into_iter().zip(words) {
        if n > 0 {
            let sign = view.look.sign(sign, ascii);
            line.push(view.span(role, format!("  {sign} {} {word}", text::thousands(n))));
        }
    }
    Line::from(line)
}

fn severities(view: &View<'_>) -> Option<Line<'static>> {
    let mut line = vec![view.span(Role::Dim, " not in order:")];
    for (severity, n) in view.state.compliance.severities.present() {
        let words = format!("  {} {}", text::thousands(n), severity_word(severity));
        line.push(view.span(severity_role(severity), words));
    }
    (line.len() > 1).then(|| Line::from(line))
}

fn types(view: &View<'_>) -> Option<Line<'static>> {
    let types = &view.state.compliance.types;
    let mut line = vec![view.span(Role::Dim, " by type:")];
    for row in types {
        let total = row.compliant + row.broken;
        let role = if row.broken > 0 { Role::NonCompliant } else { Role::Compliant };
        line.push(view.span(Role::Text, format!("  {} ", row.name)));
        line.push(view.span(role, format!("{}/{}", text::thousands(row.compliant), text::thousands(total))));
    }
    (!types.is_empty()).then(|| Line::from(line))
}

/// Severities on the left, types of compliance on the right; the rows they took.
fn meters(view: &View<'_>, frame: &mut Frame<'_>, area: Rect) -> u16 {
    let compliance = &view.state.compliance;
    let half = area.width / 2;
    let (left, right) = (Rect { width: half, ..area }, Rect { x: area.x + half, width: area.width - half, ..area });
    let broken = compliance.tally.broken.max(1);
    let mut severities = vec![Line::from(view.span(Role::Column, " Not in order, by severity"))];
    for (severity, n) in compliance.severities.present() {
        let role = severity_role(severity);
        let bar = [(n, role, "█", "#"), (broken.saturating_sub(n), Role::Border, "·", ".")];
        severities.push(meter(view, half, severity_word(severity), role, text::thousands(n), &bar));
    }
    if severities.len() == 1 {
        severities.push(Line::from(view.span(Role::Dim, "   nothing")));
    }
    let mut types = vec![Line::from(view.span(Role::Column, " Resources in order, by type of compliance"))];
    for row in compliance.types.iter().take(MOST_METERS) {
        let bar = [(row.compliant, Role::Compliant, "█", "#"), (row.broken, Role::NonCompliant, "▒", "x")];
        let words = format!("{}/{}", text::thousands(row.compliant), text::thousands(row.compliant + row.broken));
        types.push(meter(view, half, &row.name, Role::Text, words, &bar));
    }
    match compliance.types.len() {
        0 => types.push(Line::from(view.span(Role::Dim, "   nothing was reported"))),
        n if n > MOST_METERS => types.push(Line::from(view.span(Role::Dim, format!("   {} more", n - MOST_METERS)))),
        _ => {}
    }
    let rows = u16::try_from(severities.len().max(types.len())).unwrap_or(0);
    for (area, lines) in [(left, severities), (right, types)] {
        for (row, line) in (0u16..).zip(lines) {
            grid::line_at(frame, area, row, line);
        }
    }
    rows + 1
}

fn meter(view: &View<'_>, width: u16, label: &str, role: Role, number: String, bar: &[Part]) -> Line<'static> {
    let room = width.saturating_sub(u16::try_from(LABEL).unwrap_or(0) + 16);
    let mut spans: Vec<Span<'static>> = vec![
        view.span(role, format!("   {}", text::fit(label, LABEL))),
        view.span(Role::Text, format!("{number:>9}  ")),
    ];
    spans.extend(grid::bar(view, room, bar).spans);
    Line::from(spans)
}

/// The groups, each with its counts.
pub(super) fn groups(view: &mut View<'_>, frame: &mut Frame<'_>, area: Rect) {
    let compliance = &view.state.compliance;
    let lens = &compliance.lenses[0];
    if lens::nothing(view, frame, area, lens) {
        return;
    }
    let bar = if area.width >= 140 { 60 } else { 24 };
    let columns = [
        Column::new("Group", 16, 40, 0),
        Column::new("Compliant", 9, 9, 1).right(),
        Column::new("Nodes", 6, 8, 2).right(),
        Column::new("In order", 8, 8, 5).right(),
        Column::new("Not", 6, 8, 3).right(),
        Column::new("Never scanned", 13, 13, 4).right(),
        Column::new("", 10, bar, 6),
    ];
    let chosen = Chosen::of(view, List::Groups, columns, Some(lens));
    let grid = Grid {
        slot: Slot::Groups,
        columns: &chosen.columns,
        len: lens.len(),
        cursor: &compliance.cursors[0],
        focused: !lens.filtering,
        marked: None,
        scrolled: Some(chosen.scrolled),
    };
    let own = |view: &View<'_>, group: &Group, column: usize| {
        let tally = group.tally;
        let number = |n: usize, role: Role| match n {
            0 => Cell::role(view, Role::Dim, view.look.sign("–", "-")),
            n => Cell::role(view, role, text::thousands(n)),
        };
        match column {
            0 => {
                let name = view.span(Role::Text, text::cut(group.key.name(), 38));
                Cell::parts(Line::from(vec![group_sign(view, &group.key), name]))
            }
            1 => match tally.percent() {
                Some(percent) => Cell::plain(format!("{percent}%")),
                None => Cell::role(view, Role::Unknown, "unknown"),
            },
            2 => Cell::plain(text::thousands(tally.total())),
            3 => number(tally.compliant, Role::Compliant),
            4 => number(tally.broken, Role::NonCompliant),
            5 => number(tally.unknown, Role::Unknown),
            _ => Cell::bar(1, 1, &parts(tally)),
        }
    };
    grid.draw(view, frame, area, |view, row, column| {
        let place = lens.place(row);
        match place.and_then(|place| Some((place, compliance.groups.get(place)?))) {
            Some((place, group)) => chosen.cell(view, place, column, |column| own(view, group, column)),
            None => Cell::plain(""),
        }
    });
}
