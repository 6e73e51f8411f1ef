//! Load, memory, network and disks at a glance.

use ratatui::{
    Frame,
    layout::Rect,
    text::{Line, Span},
};

use super::{super::grid, View, fresh, gauge, kilobytes, share, spark, waiting};
use crate::{
    config::theme::Role,
    console::{
        probe::usage::Mount,
        state::{
            node_view::{NodeView, Subject, load::Load},
            seen::Slot,
        },
        text,
    },
};

/// Columns of the labels.
const LABEL: usize = 9;
/// From this width on, disks stand beside the rest.
const WIDE: u16 = 150;
/// Below this width numbers stand one after the other.
const NARROW: u16 = 60;

pub(super) fn draw(view: &mut View<'_>, frame: &mut Frame<'_>, area: Rect, shown: &NodeView) {
    if waiting(view, frame, area, shown, Subject::Overview) {
        return;
    }
    let (left, right) = match area.width >= WIDE {
        true => {
            let half = area.width / 2;
            (Rect { width: half, ..area }, Some(Rect { x: area.x + half, width: area.width - half, ..area }))
        }
        false => (area, None),
    };
    let mut lines = load(view, shown, left.width.into());
    let mut beside = right.map(|right| disks(view, shown, right.width)).unwrap_or_default();
    if right.is_none() {
        lines.push(Line::default());
        lines.extend(disks(view, shown, left.width));
    }
    let (len, height) = (lines.len().max(beside.len()), usize::from(area.height));
    if len > height {
        // Blank lines are for where there is room.
        lines.retain(|line| line.width() > 0);
    }
    let len = lines.len().max(beside.len()).min(len);
    let top = shown.scroll.top.min(len.saturating_sub(height));
    view.window(Slot::Overview, top, height);
    lines.drain(..top.min(lines.len()));
    beside.drain(..top.min(beside.len()));
    // The scrollbar has a column of its own.
    let edge = u16::from(len > height);
    if let Some(right) = right {
        super::super::lines(view, frame, Rect { width: right.width.saturating_sub(edge), ..right }, beside);
    }
    let edge = if right.is_none() { edge } else { 0 };
    super::super::lines(view, frame, Rect { width: left.width.saturating_sub(edge), ..left }, lines);
    grid::scrollbar(view, frame.buffer_mut(), area, top, height, len);
    grid::scroll_hits(view, Slot::Overview, area, height, len);
}

/// A label, a line of the past and words.
fn row(view: &View<'_>, label: &str, past: String, past_role: Role, words: Vec<Span<'static>>) -> Line<'static> {
    let mut spans = vec![view.span(Role::Dim, text::fit(&format!(" {label}"), LABEL))];
    if !past.is_empty() {
        spans.push(view.span(past_role, past));
        spans.push(view.span(Role::Text, " "));
    }
    spans.extend(words);
    Line::from(spans)
}

fn load(view: &View<'_>, shown: &NodeView, width: usize) -> Vec<Line<'static>> {
    let load = &shown.load;
    let Some(sample) = &load.sample else { return Vec::new() };
    let role = |role| fresh(view, shown, Subject::Overview, role);
    let past = (width / 3).clamp(8, 60);
    let value = |text: String| view.span(role(Role::Text), text);
    let percent = |percent: u8| {
        let (own, word) = share(percent);
        let own = if own == Role::Success { Role::Text } else { own };
        let word = if word.is_empty() { String::new() } else { format!(" {}", view.look.sign("▲", "!")) };
        view.span(role(own), format!("{percent:>3}%{word}"))
    };
    let dim = |text: String| view.span(role(Role::Dim), text);
    let mut lines = Vec::new();

    let busy = load.cpu.map(|shares| shares.iter().sum::<f64>());
    let history = spark(view, load.past.iter().map(|point| point.cpu), 100.0, past);
    let mut words = Vec::new();
    match (busy, load.cpu) {
        (Some(busy), Some([user, system, waiting, stolen])) => {
            words.push(percent(whole(busy)));
            let mut parts = format!("  user {user:.0} system {system:.0} waiting {waiting:.0}");
            if stolen >= 0.5 {
                parts.push_str(&format!(" stolen {stolen:.0}"));
            }
            words.push(dim(parts));
        }
        _ => words.push(dim(view.look.sign("⋯", "...").to_owned())),
    }
    words.push(dim(format!("  {}", text::count(sample.cores.max(1), "core"))));
    lines.push(row(view, "CPU", history, role(Role::Running), words));

    let memory = &sample.memory;
    let history = spark(view, load.past.iter().map(|point| point.memory), 100.0, past);
    let used = memory.total.saturating_sub(memory.available);
    let words = vec![
        percent(memory.percent()),
        value(format!("  {} of {}", kilobytes(used), kilobytes(memory.total))),
        dim(format!("  {} cached", kilobytes(memory.cached))),
    ];
    lines.push(row(view, "Memory", history, role(Role::Running), words));
    let swap = match memory.swap {
        0 => vec![dim("none".to_owned())],
        all => vec![
            percent(memory.swap_percent()),
            value(format!("  {} of {}", kilobytes(all.saturating_sub(memory.swap_free)), kilobytes(all))),
        ],
    };
    lines.push(row(view, "Swap", String::new(), Role::Text, swap));

    let mut words = Vec::new();
    if let Some([one, five, fifteen]) = sample.load {
        // More that want to run than processors there are: some wait.
        let over = one > sample.cores.max(1) as f64;
        words.push(view.span(role(if over { Role::Warning } else { Role::Text }), format!("{one:.2}")));
        words.push(value(format!(" {five:.2} {fifteen:.2}")));
    }
    if let Some((running, all)) = sample.processes {
        words.push(dim(format!("  {running} of {all} processes and threads run")));
    }
    words.push(dim(format!("  up {}", text::span(sample.uptime))));
    lines.push(row(view, "Load", String::new(), Role::Text, words));
    lines.push(Line::default());
    lines.extend(network(view, load, past, role));
    lines
}

fn network(view: &View<'_>, load: &Load, past: usize, role: impl Fn(Role) -> Role) -> Vec<Line<'static>> {
    let dim = |text: String| view.span(role(Role::Dim), text);
    let value = |text: String| view.span(role(Role::Text), text);
    let Some(last) = load.past.back() else {
        return vec![row(view, "Network", String::new(), Role::Text, vec![dim(view.look.sign("⋯", "...").to_owned())])];
    };
    let most = |part: fn(&crate::console::state::node_view::load::Point) -> u64| {
        load.past.iter().map(part).max().unwrap_or(0).max(1_000) as f64
    };
    let line = |label, part: fn(&crate::console::state::node_view::load::Point) -> u64, now: u64| {
        let history = spark(view, load.past.iter().map(|point| part(point) as f64), most(part), past);
        let words = vec![
            value(format!("{:>8}/s", text::bytes(now))),
            dim(format!("  most {}/s", text::bytes(most(part) as u64))),
        ];
        row(view, label, history, role(Role::Running), words)
    };
    let mut lines =
        vec![line("Net in", |point| point.received, last.received), line("Net out", |point| point.sent, last.sent)];
    let busy: Vec<_> = load.rates.iter().filter(|rate| rate.received > 0 || rate.sent > 0).take(4).collect();
    if busy.len() > 1 {
        let told = busy
            .iter()
            .map(|rate| format!("{} {}/{} a second", rate.name, text::bytes(rate.received), text::bytes(rate.sent)));
        lines.push(row(view, "", String::new(), Role::Text, vec![dim(told.collect::<Vec<_>>().join("  "))]));
    }
    lines
}

fn disks(view: &View<'_>, shown: &NodeView, width: u16) -> Vec<Line<'static>> {
    let mut lines = vec![Line::from(view.span(Role::Title, " Disks"))];
    let paths = shown.load.mounts.iter().map(|mount| text::width(&mount.path)).max().unwrap_or(0).clamp(4, 28);
    lines.extend(shown.load.mounts.iter().map(|mount| {
        let role = |role| fresh(view, shown, Subject::Overview, role);
        Line::from(disk(view, mount, paths, width, role))
    }));
    if shown.load.mounts.is_empty() {
        lines.push(Line::from(view.span(Role::Dim, format!(" {}", view.look.sign("⋯", "...")))));
    }
    lines
}

/// One file system: path, bar, share, sizes.
pub(super) fn disk(
    view: &View<'_>,
    mount: &Mount,
    paths: usize,
    width: u16,
    role: impl Fn(Role) -> Role,
) -> Vec<Span<'static>> {
    let percent = mount.percent();
    let (own, word) = share(mount.worst());
    // Where it is narrow, nothing stands in columns that would cost a number its place.
    let narrow = width < NARROW;
    let bar = if narrow { 6 } else { (width / 4).clamp(6, 40) };
    let apart = |words: String, columns: usize| if narrow { words } else { format!("{words:<columns$}") };
    let mut spans =
        vec![view.span(role(Role::Text), format!(" {} ", text::fit(&text::cut_middle(&mount.path, paths), paths)))];
    spans.extend(gauge(view, percent, bar, role(own)));
    let share_role = role(if word.is_empty() { Role::Text } else { own });
    let word = if word.is_empty() && narrow { String::new() } else { apart(format!("{word} "), 8) };
    spans.push(view.span(share_role, format!(" {percent:>3}% {word}")));
    let (free, total) = (kilobytes(mount.available), apart(kilobytes(mount.total), 7));
    let free = if narrow { free } else { format!("{free:>7}") };
    spans.push(view.span(role(Role::Text), format!("{free} free of {total}")));
    if let Some(inodes) = mount.inodes.filter(|inodes| *inodes >= percent.max(50)) {
        spans.push(view.span(role(share(inodes).0), format!(" inodes {inodes}%")));
    }
    spans.push(view.span(role(Role::Dim), format!(" {} {}", mount.kind, mount.device)));
    spans
}

fn whole(value: f64) -> u8 {
    value.clamp(0.0, 100.0).round() as u8
}
