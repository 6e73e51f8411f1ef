//! The files and the logs of a node.

use ratatui::{Frame, layout::Rect, text::Line};

use super::{
    super::{
        cards,
        columns::Chosen,
        grid::{Cell, Column, Grid},
        lens, viewer,
    },
    View, fresh, waiting,
};
use crate::{
    config::theme::Role,
    console::{
        action::Action,
        probe::files::{Entry, Kind},
        state::{
            list::List,
            node_view::{NodeView, Subject, log::Source},
            seen::Slot,
        },
        text,
        update::Trouble,
    },
};

pub(super) fn files(view: &mut View<'_>, frame: &mut Frame<'_>, area: Rect, shown: &NodeView) {
    let files = &shown.files;
    if let Some(read) = &files.viewer {
        return viewer::draw(view, frame, area, read);
    }
    if waiting(view, frame, area, shown, Subject::Folder) {
        return;
    }
    let table = &files.table;
    let mut spans = vec![view.span(Role::Title, format!(" {}", text::clean(&files.path)))];
    let words = text::count(table.rows().len(), "entry");
    spans.push(view.span(Role::Dim, format!("  {words}")));
    let spans = lens::beside(view, spans, &table.lens, area.width);
    let example = "conf size>1M changed<1d owner:root";
    let mut spans = lens::typed(view, &table.lens, table.rows().len(), example).unwrap_or(spans);
    if let Some((path, _)) = &files.wanted {
        spans.push(view.span(Role::Running, format!("  fetching {}", text::clean(path))));
    }
    for transfer in view.state.transfers.iter().filter(|transfer| transfer.node == shown.node) {
        let share = transfer.done.checked_mul(100).and_then(|done| done.checked_div(transfer.total)).unwrap_or(0);
        let words = format!("  {} {share}% of {}", transfer.what, text::bytes(transfer.total));
        spans.push(view.span(Role::Running, words));
    }
    cards::heading(view, frame, area, spans, None);
    let mut body = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    if let Some(note) = &files.note {
        // In full, as far as the list can spare the room.
        let told = text::wrap(note, usize::from(area.width).saturating_sub(2));
        let rows = u16::try_from(told.len()).unwrap_or(u16::MAX).min((body.height / 2).max(1)).min(body.height);
        let told = told.into_iter().map(|line| Line::from(view.span(Role::Warning, format!(" {line}"))));
        super::super::lines(view, frame, Rect { height: rows, ..body }, told.collect());
        body = Rect { y: body.y + rows, height: body.height - rows, ..body };
    }
    if table.is_empty() {
        let (what, next) = match table.rows().is_empty() {
            true => {
                ("Nothing is in this folder", "Nothing, at least, that the user of sessions there may see.".to_owned())
            }
            false => ("Nothing matches", format!("The filter \"{}\" lets nothing through.", table.lens.filter.text())),
        };
        return cards::empty(view, frame, body, what, &next, &[Action::FolderUp, Action::Filter]);
    }
    let columns = [
        Column::new("Mode", 10, 10, 3),
        Column::new("Owner", 6, 20, 4),
        Column::new("Size", 7, 7, 1).right(),
        Column::new("Age", 6, 6, 2).named("changed").right(),
        Column::new("Name", 12, 300, 0),
    ];
    let chosen = Chosen::of(view, List::Files, columns, Some(&table.lens));
    let grid = Grid {
        slot: Slot::NodeTable,
        columns: &chosen.columns,
        len: table.len(),
        cursor: &table.cursor,
        focused: !table.lens.filtering,
        marked: None,
        scrolled: Some(chosen.scrolled),
    };
    let own = |view: &View<'_>, entry: &Entry, column: usize| {
        let role = |own| fresh(view, shown, Subject::Folder, own);
        match column {
            0 => Cell::role(view, role(Role::Dim), entry.mode_text()),
            1 => Cell::role(view, role(Role::Dim), format!("{}:{}", entry.owner, entry.group)),
            2 if entry.kind == Kind::File => Cell::role(view, role(Role::Text), text::bytes(entry.bytes)),
            2 => Cell::plain(""),
            3 => {
                let ago = entry.modified.map(|at| text::span(view.state.now.since(at))).unwrap_or_default();
                Cell::role(view, role(Role::Dim), ago)
            }
            _ => {
                let name = text::clean(&entry.name);
                match (&entry.target, entry.kind) {
                    (Some((target, _)), _) => {
                        let arrow = view.look.sign("→", "->");
                        Cell::role(view, role(Role::Running), format!("{name} {arrow} {target}"))
                    }
                    (None, Kind::Folder) => Cell::role(view, role(Role::Info), format!("{name}/")),
                    (None, Kind::Other) => Cell::role(view, role(Role::Warning), name),
                    (None, _) => Cell::role(view, role(Role::Text), name),
                }
            }
        }
    };
    grid.draw(view, frame, body, |view, row, column| match table.lens.place(row).zip(table.row(row)) {
        Some((place, entry)) => chosen.cell(view, place, column, |column| own(view, entry, column)),
        None => Cell::plain(""),
    });
}

pub(super) fn logs(view: &mut View<'_>, frame: &mut Frame<'_>, area: Rect, shown: &NodeView) {
    let log = &shown.log;
    let look = shown.look(Subject::Log);
    if let Some(trouble) = look.trouble.filter(|_| log.viewer.lines.is_empty()) {
        let advice = "A file is followed from the files: f on it.";
        let trouble = Trouble { advice: trouble.advice.or_else(|| Some(advice.to_owned())), ..trouble };
        return cards::trouble(view, frame, area, "Nothing to follow", &trouble);
    }
    if log.viewer.lines.is_empty() && waiting(view, frame, area, shown, Subject::Log) {
        return;
    }
    let name = match &log.source {
        Source::Journal => "Journal".to_owned(),
        Source::Unit(name) => format!("Journal of {}", text::clean(name)),
        Source::File(path) => text::clean(path),
    };
    let mut read = vec![view.span(Role::Title, format!(" {name}"))];
    let viewed = &log.viewer;
    if viewed.finding || !viewed.find.text().is_empty() {
        let end = if viewed.finding { view.look.sign("▏", "_") } else { "" };
        read.push(view.span(Role::Key, "  /"));
        read.push(view.span(Role::Input, format!("{}{end}", viewed.find.text())));
        read.push(view.span(Role::Dim, format!(" {}", text::count(viewed.found.len(), "line"))));
        if viewed.only_found {
            let around = format!("  only these, {} around", text::count(viewed.context, "line"));
            read.push(view.span(Role::Running, around));
        }
    } else {
        read.push(view.span(Role::Dim, format!("  {}", text::count(viewed.lines.len(), "line"))));
    }
    read.extend(viewer::aside(view, viewed));
    if log.dropped > 0 {
        read.push(view.span(Role::Dim, format!("  {} older ones are gone", text::thousands(log.dropped))));
    }
    match (log.paused, log.waiting()) {
        (true, 0) => read.push(view.span(Role::Warning, "  paused")),
        (true, n) => read.push(view.span(Role::Warning, format!("  paused, {} held back", text::count(n, "line")))),
        (false, _) => {}
    }
    if let Some(trouble) = shown.look(Subject::Log).trouble {
        read.push(view.span(Role::Stale, format!("  {}", trouble.what)));
    }
    cards::heading(view, frame, area, read, None);
    let body = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    if viewed.lines.is_empty() {
        return cards::middle(frame, body, vec![Line::from(view.span(Role::Dim, "Nothing was written yet."))]);
    }
    let wanted = if log.is_away() { viewed.cursor.top } else { viewed.len() };
    let (top, rows) = viewer::window(viewed, body, wanted);
    view.window(Slot::NodeLog, top, rows);
    view.text_room(Slot::NodeLog, viewer::window_room(viewed, body));
    viewer::lines(view, frame, body, viewed, top);
}
