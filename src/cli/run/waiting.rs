//! Who is waited for, since when and until when: a node that is away begins nothing, and a command that waits for one does so
//! for an hour if nobody says otherwise.

use std::time::{Duration, Instant};

use crate::{
    console::text,
    ssm::{
        Command, CommandInvocation, CommandInvocationStatus, CommandStatus, InstanceInformation, PingStatus, Timestamp,
    },
};

/// Before this, whoever waits does not wonder.
const PATIENCE: Duration = Duration::from_secs(5);
/// Between two lists of who is waited for.
const PAUSE: Duration = Duration::from_secs(30);
/// Nodes that are named.
const NAMED: usize = 8;

/// What was told of those that are waited for.
#[derive(Debug)]
pub(super) struct Waiting {
    since: Instant,
    told: Option<(Instant, Vec<(String, bool)>)>,
}

impl Waiting {
    /// The wait begins now.
    pub(super) fn new(now: Instant) -> Self {
        Self { since: now, told: None }
    }

    /// Whether somebody may want to know by now who is waited for.
    pub(super) fn is_due(&self, now: Instant) -> bool {
        match &self.told {
            None => now.duration_since(self.since) >= PATIENCE,
            Some((at, _)) => now.duration_since(*at) >= PAUSE,
        }
    }

    /// Whether these are others than those who were told of last, or one of them has gone or come back. Nobody is no news.
    pub(super) fn is_news(&mut self, open: &[&CommandInvocation], nodes: &[InstanceInformation], at: Instant) -> bool {
        let seen = |id: String| {
            let is_away = node_of(nodes, &id).is_some_and(is_away);
            (id, is_away)
        };
        let now: Vec<_> = open.iter().filter_map(|invocation| invocation.instance_id.clone()).map(seen).collect();
        let is_news = !now.is_empty() && self.told.as_ref().is_none_or(|(_, told)| *told != now);
        self.told = Some((at, now));
        is_news
    }
}

/// The invocations that have not ended, those that have not begun first.
pub(super) fn open(invocations: &[CommandInvocation]) -> Vec<&CommandInvocation> {
    let is_open =
        |invocation: &&CommandInvocation| !invocation.status.as_ref().is_some_and(super::follow::has_ended_at);
    let mut open: Vec<_> = invocations.iter().filter(is_open).collect();
    open.sort_by_key(|invocation| !has_to_begin(invocation));
    open
}

/// Those that are named.
pub(super) fn named<'a>(open: &[&'a CommandInvocation]) -> Vec<&'a str> {
    open.iter().take(NAMED).filter_map(|invocation| invocation.instance_id.as_deref()).collect()
}

fn node_of<'a>(nodes: &'a [InstanceInformation], id: &str) -> Option<&'a InstanceInformation> {
    nodes.iter().find(|node| node.instance_id.as_deref() == Some(id))
}

fn is_away(node: &InstanceInformation) -> bool {
    node.ping_status != Some(PingStatus::Online)
}

fn has_to_begin(invocation: &CommandInvocation) -> bool {
    use CommandInvocationStatus::{Delayed, Pending};
    matches!(invocation.status, None | Some(Pending | Delayed))
}

/// Who is waited for, in words. `nodes`: what is known of those that are named.
pub(super) fn words(
    command: &Command,
    open: &[&CommandInvocation],
    nodes: &[InstanceInformation],
    now: Timestamp,
) -> String {
    let mut lines = vec![format!("Waiting for {}:", text::count(open.len(), "node"))];
    for invocation in open.iter().take(NAMED) {
        let id = invocation.instance_id.as_deref().unwrap_or_default();
        let node = node_of(nodes, id);
        let known = node.map(|node| [&node.name, &node.computer_name]).into_iter().flatten();
        let mut names = [&invocation.instance_name].into_iter().chain(known).filter_map(|name| name.as_deref());
        let name = names.find(|name| !name.is_empty()).filter(|name| *name != id);
        let who = name.map_or_else(|| id.to_owned(), |name| format!("{name} ({id})"));
        let since = invocation.requested_date_time.or(command.requested_date_time);
        let since = since.map(|at| format!(" after {}", text::span(now.since(at)))).unwrap_or_default();
        let does = if has_to_begin(invocation) { "has not begun" } else { "has not ended" };
        let away = node.filter(|node| is_away(node)).map(|node| {
            let ping = node.ping_status.as_ref().map_or("not known", PingStatus::as_str);
            let heard = node.last_ping_date_time.map(|at| format!(", last heard of {} ago", text::span(now.since(at))));
            format!("; it is away ({ping}{})", heard.unwrap_or_default())
        });
        lines.push(format!("  {who} {does}{since}{}", away.unwrap_or_default()));
    }
    if open.len() > NAMED {
        lines.push(format!("  and {} more", text::thousands(open.len() - NAMED)));
    }
    if open.iter().any(|invocation| has_to_begin(invocation))
        && let Some(until) = delivery_ends(command)
    {
        let left = until.since(now);
        let until = until.civil().strftime("%H:%M:%S UTC on %Y-%m-%d");
        lines.push(match left.is_zero() {
            true => format!("What had not begun by {until} is being given up."),
            false => format!(
                "A node that has not begun by {until}, in {}, is given up; --timeout sets how long that is.",
                text::span(left)
            ),
        });
    }
    let id = command.command_id.as_deref().unwrap_or_default();
    lines.push(match command.status {
        Some(CommandStatus::Cancelling) => {
            format!("The command, {id}, is being cancelled; Ctrl-C leaves it to itself.")
        }
        _ => format!("Ctrl-C cancels the command, {id}."),
    });
    lines.join("\n")
}

/// When a node that has not begun is given up.
fn delivery_ends(command: &Command) -> Option<Timestamp> {
    let seconds = u64::try_from(command.timeout_seconds?).ok().filter(|seconds| *seconds > 0)?;
    Some(command.requested_date_time?.plus(Duration::from_secs(seconds)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn invocation(n: usize, status: CommandInvocationStatus) -> CommandInvocation {
        CommandInvocation {
            instance_id: Some(format!("mi-{n}")),
            instance_name: Some(format!("web-{n}")),
            status: Some(status),
            ..Default::default()
        }
    }

    #[test]
    fn who_is_waited_for_is_named_with_since_when_and_until_when() {
        use CommandInvocationStatus::{InProgress, Pending, Success};
        let sent = Timestamp::from_millis(1_795_341_600_000);
        let now = sent.plus(Duration::from_secs(180));
        let command = Command {
            command_id: Some("c-1".to_owned()),
            requested_date_time: Some(sent),
            timeout_seconds: Some(3_600),
            ..Default::default()
        };
        let all = [invocation(1, Success), invocation(2, InProgress), invocation(3, Pending)];
        let away = InstanceInformation {
            instance_id: Some("mi-3".to_owned()),
            ping_status: Some(PingStatus::ConnectionLost),
            last_ping_date_time: Some(sent.minus(Duration::from_secs(7_200))),
            ..Default::default()
        };
        let open = open(&all);
        assert_eq!(named(&open), ["mi-3", "mi-2"]);
        assert_eq!(
            words(&command, &open, &[away], now).lines().collect::<Vec<_>>(),
            [
                "Waiting for 2 nodes:",
                "  web-3 (mi-3) has not begun after 3m; it is away (ConnectionLost, last heard of 2h ago)",
                "  web-2 (mi-2) has not ended after 3m",
                "A node that has not begun by 11:00:00 UTC on 2026-11-22, in 57m, is given up; --timeout sets how long that is.",
                "Ctrl-C cancels the command, c-1.",
            ]
        );
        let begun = [invocation(2, InProgress)];
        let begun: Vec<_> = begun.iter().collect();
        assert!(!words(&command, &begun, &[], now).contains("given up"), "a deadline of delivery is over for it");
        let late = words(&command, &open, &[], sent.plus(Duration::from_secs(3_600)));
        assert!(late.contains("What had not begun by 11:00:00 UTC on 2026-11-22 is being given up."), "{late}");
        let cancelled = Command { status: Some(CommandStatus::Cancelling), ..command };
        let told = words(&cancelled, &open, &[], now);
        assert!(told.contains("Ctrl-C leaves it") && !told.contains("Ctrl-C cancels"), "{told}");
    }

    #[test]
    fn a_node_without_a_name_is_called_by_that_of_its_machine() {
        let nameless = CommandInvocation {
            instance_name: Some(String::new()),
            ..invocation(1, CommandInvocationStatus::InProgress)
        };
        let node = |name: &str| InstanceInformation {
            instance_id: Some("mi-1".to_owned()),
            name: Some(name.to_owned()),
            computer_name: Some("ip-10-0-0-1".to_owned()),
            ping_status: Some(PingStatus::Online),
            ..Default::default()
        };
        let told = |nodes: &[_]| words(&Command::default(), &[&nameless], nodes, Timestamp::default());
        assert!(told(&[node("")]).contains("  ip-10-0-0-1 (mi-1) has not ended"));
        assert!(told(&[node("db")]).contains("  db (mi-1) has not ended"));
        assert!(told(&[]).contains("  mi-1 has not ended"));
    }

    #[test]
    fn the_same_nodes_are_told_of_once() {
        use CommandInvocationStatus::Pending;
        let (one, other) = (invocation(1, Pending), invocation(2, Pending));
        let begun = Instant::now();
        let mut waiting = Waiting::new(begun);
        assert!(!waiting.is_due(begun + PATIENCE - Duration::from_millis(1)) && waiting.is_due(begun + PATIENCE));
        let at = begun + PATIENCE;
        assert!(waiting.is_news(&[&one, &other], &[], at));
        assert!(!waiting.is_due(at + PAUSE - Duration::from_millis(1)) && waiting.is_due(at + PAUSE));
        assert!(!waiting.is_news(&[&one, &other], &[], at));
        assert!(waiting.is_news(&[&other], &[], at));
        let lost = InstanceInformation {
            instance_id: other.instance_id.clone(),
            ping_status: Some(PingStatus::ConnectionLost),
            ..Default::default()
        };
        assert!(waiting.is_news(&[&other], &[lost], at), "the service has found out meanwhile that it is away");
        // Nobody is left, and the command has not ended: the next look has time as well.
        let later = at + PAUSE;
        assert!(!waiting.is_news(&[], &[], later));
        assert!(!waiting.is_due(later + Duration::from_secs(1)));
    }
}
