//! One node in full: facts, compliance, tags, its last commands.

use ratatui::{Frame, layout::Rect, text::Line};

use super::{View, fleet};
use crate::{
    config::theme::Role,
    console::{
        state::node::{Node, Verdict},
        text,
    },
};

/// Facts that stand before tags and commands where everything is below each other.
const MOST_NEEDED: usize = 7;

/// Sign and word for a node's compliance.
pub(super) fn verdict(view: &View<'_>, node: &Node) -> (Role, String) {
    let patches = node.patches.as_ref().and_then(Option::as_ref);
    match node.verdict() {
        Verdict::Compliant => (Role::Compliant, format!("{} compliant", view.look.sign("✓", "+"))),
        Verdict::NeverScanned => (Role::Unknown, format!("{} never scanned", view.look.sign("?", "?"))),
        Verdict::Unasked => (Role::Dim, view.look.sign("⋯", "...").to_owned()),
        Verdict::NonCompliant => {
            let sign = view.look.sign("✗", "x");
            let words = match patches {
                Some(p) if p.missing > 0 => format!("{sign} {} missing", p.missing),
                Some(p) if p.failed > 0 => format!("{sign} {} failed", p.failed),
                Some(p) if p.pending_reboot > 0 => format!("{sign} needs reboot"),
                _ => format!("{sign} {}", node.summary.broken.join(", ")),
            };
            (Role::NonCompliant, words)
        }
    }
}

pub(super) fn draw(view: &mut View<'_>, frame: &mut Frame<'_>, area: Rect, node: &Node) {
    let inner = super::panel(view, frame, area, view.name(node), Role::Border);
    if inner.width >= 76 {
        let half = inner.width / 2;
        let right = Rect { x: inner.x + half, width: inner.width - half, ..inner };
        super::lines(view, frame, Rect { width: half, ..inner }, facts(view, node, half.into()));
        let mut lines = tags(view, node, right.width.into());
        lines.extend(commands(view, node, right.width.into()));
        super::lines(view, frame, right, lines);
    } else {
        let width = inner.width.into();
        let mut lines = facts(view, node, width);
        let rest = lines.split_off(lines.len().min(MOST_NEEDED));
        lines.extend(tags(view, node, width));
        lines.extend(commands(view, node, width));
        lines.extend(rest);
        super::lines(view, frame, inner, lines);
    }
}

fn fact(view: &View<'_>, label: &str, role: Role, value: impl Into<String>, width: usize) -> Line<'static> {
    let value = text::cut(&value.into(), width.saturating_sub(13));
    Line::from(vec![view.span(Role::Dim, text::fit(&format!(" {label}"), 12)), view.span(role, value)])
}

/// What the node is, the most needed first.
fn facts(view: &View<'_>, node: &Node, width: usize) -> Vec<Line<'static>> {
    let (ping_role, ping) = fleet::ping(view, &node.ping);
    let seen = fleet::ago(view.state.now, node.last_seen);
    let ping = if seen.is_empty() { ping } else { format!("{ping}, {seen} ago") };
    let (verdict_role, verdict) = verdict(view, node);
    let mut facts = vec![("ping", ping_role, ping), ("compliance", verdict_role, verdict)];
    if let Some(Some(p)) = &node.patches {
        let scanned = text::span(view.state.now.since(p.at));
        let group = if p.group.is_empty() { String::new() } else { format!("group {}, ", p.group) };
        facts.push(("patches", Role::Dim, format!("{group}{} installed, scanned {scanned} ago", p.installed)));
    }
    let registered = node.registered.map(|at| at.civil().strftime("%Y-%m-%d %H:%M UTC").to_string());
    let plain = [
        ("id", node.id.clone()),
        ("platform", node.platform.clone()),
        ("address", node.ip.clone()),
        ("agent", node.agent.clone()),
        ("host", if node.computer == node.name { String::new() } else { node.computer.clone() }),
        ("registered", registered.unwrap_or_default()),
        ("role", node.role.clone()),
        ("activation", node.activation.clone()),
    ];
    let plain = plain.into_iter().filter(|(_, value)| !value.is_empty());
    facts.extend(plain.map(|(label, value)| (label, Role::Text, value)));
    facts.into_iter().map(|(label, role, value)| fact(view, label, role, value, width)).collect()
}

fn tags(view: &View<'_>, node: &Node, width: usize) -> Vec<Line<'static>> {
    let label = |at: usize| if at == 0 { "tags" } else { "" };
    match &node.tags {
        None => vec![fact(view, label(0), Role::Dim, view.look.sign("⋯", "..."), width)],
        Some(tags) if tags.is_empty() => vec![fact(view, label(0), Role::Dim, "none", width)],
        Some(tags) => {
            let lines = tags.iter().enumerate();
            lines
                .map(|(at, (key, value))| fact(view, label(at), Role::Text, format!("{key} = {value}"), width))
                .collect()
        }
    }
}

/// The node's last commands.
fn commands(view: &View<'_>, node: &Node, width: usize) -> Vec<Line<'static>> {
    let commands = &view.state.node_commands;
    if commands.node != node.node_id() {
        return Vec::new();
    }
    let words = match (commands.list.is_empty(), commands.feed.trouble()) {
        (_, Some(trouble)) => trouble.what.clone(),
        (true, None) if commands.feed.at.is_none() => view.look.sign("⋯", "...").to_owned(),
        (true, None) => "none yet".to_owned(),
        (false, None) => String::new(),
    };
    let mut lines = vec![fact(view, "commands", Role::Dim, words, width)];
    for invocation in commands.list.iter().take(5) {
        let status = invocation.status_details.as_deref().map(text::clean).unwrap_or_default();
        let document = invocation.comment.as_deref().filter(|comment| !comment.is_empty());
        let document = document.or(invocation.document_name.as_deref()).map(text::clean).unwrap_or_default();
        let ago = fleet::ago(view.state.now, invocation.requested_date_time);
        let line = format!("  {} {} {document}", text::fit(&ago, 4), text::fit(&status, 11));
        lines.push(Line::from(view.span(Role::Text, text::cut(&line, width))));
    }
    lines
}
