//! What fills a node's disks: the file systems, the largest files and folders of one, deleted files that are still open.

use ratatui::{Frame, layout::Rect, text::Line};

use super::{View, fresh, freshness, overview::disk, waiting};
use crate::{
    config::theme::Role,
    console::{
        probe::disk::HeldFile,
        state::{
            node_view::{NodeView, Subject},
            seen::{Hit, Slot},
        },
        text,
    },
};

/// From this width on, the largest stand beside the rest.
const WIDE: u16 = 150;

pub(super) fn draw(view: &mut View<'_>, frame: &mut Frame<'_>, area: Rect, shown: &NodeView) {
    if waiting(view, frame, area, shown, Subject::Overview) {
        return;
    }
    let mounts = u16::try_from(shown.load.mounts.len()).unwrap_or(u16::MAX);
    let held = shown.disk.held.as_ref().map_or(0, |held| held.files.len());
    let held = u16::try_from(held.clamp(1, 200)).unwrap_or(1) + 1;
    if area.width >= WIDE {
        let half = area.width / 2;
        let left = Rect { width: half, ..area };
        let top = mounts.min(left.height / 2).max(1);
        draw_mounts(view, frame, Rect { height: top.min(left.height), ..left }, shown);
        draw_held(view, frame, below(left, top + 1, left.height), shown);
        draw_largest(view, frame, Rect { x: area.x + half, width: area.width - half, ..area }, shown);
        return;
    }
    let top = mounts.min((area.height / 4).max(1)).max(1);
    draw_mounts(view, frame, Rect { height: top.min(area.height), ..area }, shown);
    let rest = below(area, top, area.height);
    let held = held.min((rest.height / 3).max(2));
    draw_largest(view, frame, Rect { height: rest.height.saturating_sub(held), ..rest }, shown);
    draw_held(view, frame, below(rest, rest.height.saturating_sub(held), held), shown);
}

/// The part of an area that begins so many rows further down.
fn below(area: Rect, rows: u16, height: u16) -> Rect {
    let rows = rows.min(area.height);
    Rect { y: area.y + rows, height: height.min(area.height - rows), ..area }
}

fn draw_mounts(view: &mut View<'_>, frame: &mut Frame<'_>, area: Rect, shown: &NodeView) {
    let mounts = &shown.load.mounts;
    let paths = mounts.iter().map(|mount| text::width(&mount.path)).max().unwrap_or(0).clamp(4, 28);
    let height = usize::from(area.height);
    let top = shown.disk.cursor.window(mounts.len(), height);
    view.window(Slot::Mounts, top, height);
    for (line, (at, mount)) in mounts.iter().enumerate().skip(top).take(height).enumerate() {
        let here = Rect { y: area.y + u16::try_from(line).unwrap_or(0), height: 1, ..area };
        let role = |role| fresh(view, shown, Subject::Overview, role);
        super::super::lines(view, frame, here, vec![Line::from(disk(view, mount, paths, area.width, role))]);
        if at == shown.disk.cursor.at && !shown.disk.inside {
            frame.buffer_mut().set_style(here, view.style(Role::Cursor));
        }
        view.hit(here, Hit::Row(Slot::Mounts, at));
    }
}

/// A title over a part, with its age.
fn title(view: &View<'_>, frame: &mut Frame<'_>, area: Rect, words: &str, shown: &NodeView, subject: Subject) {
    let (role, fresh) = freshness(view, shown, subject);
    let width = usize::from(area.width);
    let words = text::fit(&format!(" {words}"), width.saturating_sub(text::width(&fresh) + 2));
    let line = Line::from(vec![view.span(Role::Title, words), view.span(role, format!(" {fresh} "))]);
    super::super::lines(view, frame, Rect { height: 1.min(area.height), ..area }, vec![line]);
}

fn draw_largest(view: &mut View<'_>, frame: &mut Frame<'_>, area: Rect, shown: &NodeView) {
    let disk = &shown.disk;
    let mount = disk.mount.as_deref().unwrap_or("/");
    title(view, frame, area, &format!("Largest on {}", text::clean(mount)), shown, Subject::Largest);
    let body = below(area, 1, area.height);
    let Some(largest) = &disk.largest else {
        let trouble = shown.look(Subject::Largest).trouble;
        let words =
            trouble.map_or_else(|| format!(" {} adding up", view.look.sign("⋯", "...")), |t| format!(" {}", t.what));
        return super::super::lines(
            view,
            frame,
            body,
            vec![Line::from(view.span(Role::Dim, text::cut(&words, body.width.into())))],
        );
    };
    let mut lines = Vec::new();
    if largest.stopped {
        lines.push(Line::from(
            view.span(Role::Warning, " The search was stopped after 20 s: there may be larger ones."),
        ));
    }
    if largest.entries.is_empty() && !largest.stopped {
        lines.push(Line::from(view.span(Role::Dim, " nothing that the user of sessions there can see")));
    }
    let height = usize::from(body.height).saturating_sub(lines.len());
    let top = disk.among.window(largest.entries.len(), height);
    view.window(Slot::Largest, top, height);
    let role = |role| fresh(view, shown, Subject::Largest, role);
    let first = lines.len();
    for entry in largest.entries.iter().skip(top).take(height) {
        let slash = if entry.folder && !entry.path.ends_with('/') { "/" } else { "" };
        let room = usize::from(body.width).saturating_sub(10);
        let path = text::cut_middle(&format!("{}{slash}", entry.path), room);
        let own = if entry.folder { Role::Info } else { Role::Text };
        lines.push(Line::from(vec![
            view.span(role(Role::Text), format!(" {:>7} ", text::bytes(entry.bytes))),
            view.span(role(own), path),
        ]));
    }
    let shown = lines.len() - first;
    super::super::lines(view, frame, body, lines);
    for line in 0..shown {
        let row = u16::try_from(first + line).unwrap_or(u16::MAX);
        let here = Rect { y: body.y.saturating_add(row), height: 1, ..body };
        if disk.inside && top + line == disk.among.at {
            frame.buffer_mut().set_style(here, view.style(Role::Cursor));
        }
        view.hit(here, Hit::Row(Slot::Largest, top + line));
    }
}

fn draw_held(view: &mut View<'_>, frame: &mut Frame<'_>, area: Rect, shown: &NodeView) {
    let Some(held) = &shown.disk.held else {
        return title(view, frame, area, "Deleted but still open", shown, Subject::Held);
    };
    let all = held.files.iter().map(|file| file.bytes).fold(0, u64::saturating_add);
    let words = match held.files.len() {
        0 => "Deleted but still open: none".to_owned(),
        n => format!("Deleted but still open: {}, {}", text::count(n, "file"), text::bytes(all)),
    };
    title(view, frame, area, &words, shown, Subject::Held);
    let body = below(area, 1, area.height);
    let role = |role| fresh(view, shown, Subject::Held, role);
    let width = usize::from(body.width);
    // What takes room on the file system one looks into stands first.
    let here = |file: &&HeldFile| shown.disk.mount.as_ref() == Some(&file.mount);
    let files = held.files.iter().filter(here).chain(held.files.iter().filter(|file| !here(file)));
    let mut lines: Vec<_> = files
        .take(body.height.into())
        .map(|file| {
            let holders = file.holders.iter().map(|(pid, program)| format!("{program} {pid}"));
            let holders = text::cut(&holders.collect::<Vec<_>>().join(", "), width / 2);
            let room = width.saturating_sub(text::width(&holders) + 20);
            Line::from(vec![
                view.span(role(Role::Text), format!(" {:>7} ", text::bytes(file.bytes))),
                view.span(role(Role::Failed), format!("held by {holders} ")),
                view.span(role(Role::Dim), text::cut_middle(&file.path, room)),
            ])
        })
        .collect();
    if held.files.is_empty() {
        let words = match (held.own_only, held.elsewhere) {
            (true, _) => " Sessions are not root's here: only processes of their own user are seen.".to_owned(),
            (false, 0) => " What is removed here frees its room at once.".to_owned(),
            (false, n) => format!(" Not shown: {} on file systems of containers.", text::count(n, "file")),
        };
        lines.push(Line::from(view.span(Role::Dim, text::cut(&words, width))));
    }
    super::super::lines(view, frame, body, lines);
}
