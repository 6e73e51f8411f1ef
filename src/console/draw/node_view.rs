//! The view of a node: its name, its tabs, and what the shown one tells.

use ratatui::{
    Frame,
    layout::Rect,
    text::{Line, Span},
};

use super::{View, cards, fleet};
use crate::{
    config::theme::Role,
    console::{
        probe::usage::{FILLING, FULL},
        state::{
            node_view::{NodeView, Subject, Tab},
            seen::Hit,
        },
        text,
        update::Trouble,
    },
    ssm::PingStatus,
};

mod disk;
mod files;
mod overview;
mod tables;

#[cfg(test)]
mod tests;

pub(super) fn draw(view: &mut View<'_>, frame: &mut Frame<'_>, area: Rect) {
    let Some(shown) = view.state.node_view.as_ref() else { return };
    heading(view, frame, area, shown);
    tabs(view, frame, Rect { y: area.y + 1, height: 1, ..area }, shown);
    let mut body = Rect { y: area.y + 2, height: area.height.saturating_sub(2), ..area };
    if let Some(trouble) = view.state.no_look() {
        return cards::trouble(view, frame, body, "Not looked at", &trouble);
    }
    let reached = body;
    // With several origins, what ails each is said above all panes.
    if !view.state.origins.are_several() {
        body = cards::stale(view, frame, body, &view.state.fleet.feed.all(), "This is from before");
    }
    if let Some(words) = unanswered(view, shown).filter(|_| body == reached) {
        let line = Line::from(view.span(Role::NodeLost, text::cut(&words, body.width.into())));
        super::lines(view, frame, Rect { height: 1.min(body.height), ..body }, vec![line]);
        body = Rect { y: body.y + 1, height: body.height.saturating_sub(1), ..body };
    }
    match shown.tab {
        Tab::Overview => overview::draw(view, frame, body, shown),
        Tab::Disk => disk::draw(view, frame, body, shown),
        Tab::Processes => tables::processes(view, frame, body, shown),
        Tab::Services => tables::services(view, frame, body, shown),
        Tab::Users => tables::users(view, frame, body, shown),
        Tab::Files => files::files(view, frame, body, shown),
        Tab::Logs => files::logs(view, frame, body, shown),
    }
}

fn heading(view: &View<'_>, frame: &mut Frame<'_>, area: Rect, shown: &NodeView) {
    let separator = view.look.sign(" › ", " > ");
    let above = match &view.state.compare {
        Some(_) => format!(" Fleet{separator}compared{separator}"),
        None => format!(" Fleet{separator}"),
    };
    let tab = view.span(Role::Dim, format!("{separator}{}", shown.tab.title()));
    let mut left = vec![view.span(Role::Dim, above)];
    match view.state.fleet.node(&shown.node) {
        Some(node) => {
            let (role, ping) = fleet::ping(view, &node.ping);
            // How the node is must be seen, whatever it is called.
            let used = text::width(&left[0].content) + text::width(&tab.content) + text::width(&ping) + 3;
            let name = text::cut(view.name(node), usize::from(area.width).saturating_sub(used).max(8));
            left.push(view.span(Role::Title, name));
            left.push(tab);
            left.push(view.span(role, format!("  {ping}")));
            left.push(view.span(Role::Dim, format!("  {}  {}  {}", node.id, node.platform, node.ip)));
        }
        None => left.extend([view.span(Role::Title, text::clean(&shown.node.id)), tab]),
    }
    cards::heading(view, frame, area, left, None);
}

fn tabs(view: &mut View<'_>, frame: &mut Frame<'_>, area: Rect, shown: &NodeView) {
    let mut spans = vec![view.span(Role::Text, " ")];
    let mut x = area.x + 1;
    let (role_of_age, fresh) = freshness(view, shown, shown.tab.main_subject());
    // All of them are seen, whatever room there is, and so is how old it is what they show.
    let labels: [fn(Tab, bool) -> String; 3] = [
        |tab, _| format!(" {} ", tab.title()),
        |tab, _| tab.short().to_owned(),
        |tab, shown| tab.short().chars().take(if shown { 4 } else { 1 }).collect(),
    ];
    let labels = labels.map(|label| Tab::ALL.map(|tab| label(tab, tab == shown.tab)));
    let fits = |at: usize, labels: &[String; Tab::ALL.len()]| {
        let taken = labels.iter().map(|label| label.len() + 1).sum::<usize>();
        let age = text::width(&fresh).max(if at == 0 { 12 } else { 3 });
        taken + age + 2 <= usize::from(area.width)
    };
    let [.., last] = &labels;
    let labels = labels.iter().enumerate().find(|(at, labels)| fits(*at, labels)).map_or(last, |(_, labels)| labels);
    for (tab, label) in Tab::ALL.into_iter().zip(labels.clone()) {
        let role = if tab == shown.tab { Role::TabActive } else { Role::Tab };
        let width = u16::try_from(label.len()).unwrap_or(0);
        view.hit(Rect { x, width, ..area }, Hit::NodeTab(tab));
        x += width + 1;
        spans.push(view.span(role, label));
        spans.push(view.span(Role::Text, " "));
    }
    let fresh = text::cut(&fresh, usize::from(area.right().saturating_sub(x + 1)));
    let gap = usize::from(area.right().saturating_sub(x)).saturating_sub(text::width(&fresh) + 1);
    spans.push(view.span(Role::Text, " ".repeat(gap)));
    spans.push(view.span(role_of_age, fresh));
    super::lines(view, frame, Rect { height: 1, ..area }, vec![Line::from(spans)]);
}

/// Says that a node does not answer, if it does not: what is shown below is from before.
fn unanswered(view: &View<'_>, shown: &NodeView) -> Option<String> {
    let node = view.state.fleet.node(&shown.node)?;
    let subject = shown.tab.main_subject();
    let silence = shown.silence(subject, view.state.now).filter(|_| shown.look(subject).at.is_some());
    let (sign, what, since) = match (&node.ping, silence) {
        (PingStatus::Online, None) => return None,
        (PingStatus::Online, silence) => (view.look.sign("✗", "x"), "The node is silent", silence),
        _ => {
            let told = node.last_seen.map(|at| view.state.now.since(at));
            (view.look.sign("○", "o"), "The node is lost", told)
        }
    };
    let told = since.map_or_else(|| "no answer".to_owned(), |age| format!("no answer for {}", text::span(age)));
    Some(format!(" {sign} {what}: {told}. What is shown is from before."))
}

/// How fresh a subject is: `2s ago`, `looking`, `no answer for 40s`, `failed`.
fn freshness(view: &View<'_>, shown: &NodeView, subject: Subject) -> (Role, String) {
    let look = shown.look(subject);
    let now = view.state.now;
    let ago = look.at.map(|at| match now.since(at) {
        age if age.as_secs() == 0 => "now".to_owned(),
        age => format!("{} ago", text::span(age)),
    });
    let sign = view.look.sign("✗", "x");
    if let Some(silence) = shown.silence(subject, now) {
        return (Role::NodeLost, format!("{sign} no answer for {}", text::span(silence)));
    }
    match (look.id.is_some(), ago, look.trouble) {
        (_, Some(ago), Some(_)) => (Role::Stale, format!("{sign} stale, {ago}")),
        (_, None, Some(_)) => (Role::Error, "failed".to_owned()),
        (true, None, None) => (Role::Running, "looking".to_owned()),
        (true, Some(ago), None) if !subject.goes_on() && look.at < look.began => {
            (Role::Running, format!("looking again, {ago}"))
        }
        (_, Some(ago), None) => (Role::Dim, ago),
        (false, None, None) => (Role::Dim, String::new()),
    }
}

/// The role of values of a subject: their own, or that of old ones.
fn fresh(view: &View<'_>, shown: &NodeView, subject: Subject, role: Role) -> Role {
    let lost = view.state.fleet.node(&shown.node).is_none_or(|node| node.ping != PingStatus::Online);
    let stale = lost || shown.silence(subject, view.state.now).is_some() || shown.look(subject).trouble.is_some();
    if stale { Role::Stale } else { role }
}

/// What to do about a node that does not say a word.
const SILENT: &str =
    "Its agent hangs, or the node is overloaded or cut off. Ask again, or go back to the fleet and find out why.";

/// What stands where a subject has nothing to show yet. `false` if it has.
fn waiting(view: &View<'_>, frame: &mut Frame<'_>, area: Rect, shown: &NodeView, subject: Subject) -> bool {
    let look = shown.look(subject);
    if look.at.is_some() {
        return false;
    }
    if let Some(trouble) = &look.trouble {
        cards::trouble(view, frame, area, "The node was not looked at", trouble);
        return true;
    }
    match shown.silence(subject, view.state.now) {
        Some(silence) => {
            let trouble = Trouble::new("The node was asked and says nothing.", Some(SILENT));
            cards::trouble(view, frame, area, &format!("no answer for {}", text::span(silence)), &trouble);
        }
        None => {
            let words = format!("{} looking", view.look.sign("⋯", "..."));
            cards::middle(frame, area, vec![Line::from(view.span(Role::Running, words))]);
        }
    }
    true
}

/// The role of a share in percent, and the word that says the same without colours.
pub(super) fn share(percent: u8) -> (Role, &'static str) {
    match percent {
        FULL.. => (Role::Failed, "full"),
        FILLING.. => (Role::Warning, "filling"),
        _ => (Role::Success, ""),
    }
}

/// A bar for a share.
fn gauge(view: &View<'_>, percent: u8, width: u16, role: Role) -> Vec<Span<'static>> {
    let percent = usize::from(percent.min(100));
    let parts = [(percent, role, "█", "#"), (100 - percent, Role::Border, "░", ".")];
    super::grid::bar(view, width, &parts).spans
}

/// A line of the past, the newest at the right; values from 0 to `most`.
fn spark(view: &View<'_>, values: impl DoubleEndedIterator<Item = f64>, most: f64, width: usize) -> String {
    const SIGNS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    const ASCII: [char; 8] = ['_', '.', ',', '-', '=', '+', '*', '#'];
    let signs = if view.look.ascii { ASCII } else { SIGNS };
    let sign = |value: f64| {
        let share = if most > 0.0 { (value / most).clamp(0.0, 1.0) } else { 0.0 };
        // 0 to 7, whatever the share is.
        signs[((share * 7.0).round() as usize).min(7)]
    };
    let line: Vec<char> = values.rev().take(width).map(sign).collect();
    let gap = " ".repeat(width.saturating_sub(line.len()));
    line.into_iter().rev().fold(gap, |mut text, sign| {
        text.push(sign);
        text
    })
}

/// A number of kilobytes as the kernel counts them, in words.
fn kilobytes(n: u64) -> String {
    text::bytes(n.saturating_mul(1_024))
}
