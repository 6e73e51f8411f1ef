//! The states of a pane that its own tests leave out, one table for each pane and one snapshot for each state: the three
//! sizes below one another, without what is empty.

use super::{SIZES, fleet, history, node};
use crate::{
    config::{forward::Forward, settings::Settings},
    console::{
        effect::Source,
        testing::{BEGIN, Bench},
        update::{ForwardUpdate, Page, ShellUpdate, Trouble, Update},
    },
    ssm::{self, PingStatus, SessionStatus, Timestamp},
};

/// As many rows as the console is made for.
const HUGE: usize = 100_000;
/// Of what users write by hand, a hundred times what anybody has.
const MANY: usize = 5_000;

pub(super) type State = (&'static str, fn() -> Bench);

pub(super) fn table(pane: &str, states: &[State]) {
    for (state, make) in states {
        let mut stacked = String::new();
        for (width, height) in SIZES {
            stacked.push_str(&format!("=== {width}x{height}\n"));
            shorten(&make().screen(width, height)).iter().for_each(|line| stacked.push_str(&format!("{line}\n")));
        }
        insta::assert_snapshot!(format!("{pane}_{state}"), stacked);
    }
}

/// The lines of a screen without what is empty, and without the middle of a long list.
fn shorten(screen: &str) -> Vec<String> {
    const GAP: &str = "[…]";
    let mut lines: Vec<String> = Vec::new();
    for line in screen.lines().map(|line| line.trim_matches('"').trim_end()) {
        match (line, lines.last().map(String::as_str)) {
            ("", Some("")) => *lines.last_mut().unwrap() = GAP.to_owned(),
            ("", Some(GAP)) => {}
            _ => lines.push(line.to_owned()),
        }
    }
    if lines.len() > 24 {
        let end = lines.len() - 8;
        lines.splice(12..end, [GAP.to_owned()]);
    }
    lines
}

fn pane(key: &str) -> Bench {
    let mut bench = Bench::new(false);
    bench.press(key);
    bench
}

const DENIED: &str =
    "AccessDeniedException: User: arn:aws:iam::123456789012:user/ann is not authorized to perform this";

#[test]
fn the_fleet() {
    table(
        "fleet",
        &[
            ("huge", || {
                let mut bench = Bench::new(false);
                let nodes = (0..HUGE).map(|n| node(n, &format!("web-{n}"), PingStatus::Online)).collect();
                bench.answer(Source::Nodes, Page::Nodes(nodes));
                // The order is there before anybody goes to the end of it.
                bench.screen(80, 24);
                bench.press("shift-g k");
                bench
            }),
            ("nothing_found", || {
                let mut bench = fleet();
                bench.press("/");
                bench.type_text("no such node");
                bench.press("enter");
                bench
            }),
        ],
    );
}

#[test]
fn compliance() {
    table(
        "compliance",
        &[("huge", || {
            let mut bench = pane("2");
            let nodes = (0..HUGE).map(|n| node(n, &format!("web-{n}"), PingStatus::Online)).collect();
            bench.answer(Source::Nodes, Page::Nodes(nodes));
            bench
        })],
    );
}

#[test]
fn commands() {
    table(
        "commands",
        &[
            ("empty", || {
                let mut bench = pane("3");
                bench.answer(Source::Commands, Page::Commands(Vec::new()));
                bench
            }),
            ("error", || {
                let mut bench = pane("3");
                bench.refuse(Source::Commands, DENIED);
                bench
            }),
            ("stale", || {
                let mut bench = history();
                bench.wait(600_000);
                bench.refuse(Source::Commands, "ThrottlingException: Rate exceeded");
                bench.wait(20_000);
                bench
            }),
            ("huge", || {
                let mut bench = pane("3");
                let command = |n: usize| ssm::Command {
                    command_id: Some(format!("{n:08}-1111-2222-3333-444444444444")),
                    document_name: Some("AWS-RunShellScript".to_owned()),
                    requested_date_time: Some(Timestamp::from_millis(BEGIN - 60_000)),
                    status: Some(ssm::CommandStatus::Success),
                    target_count: Some(100_000),
                    completed_count: Some(100_000),
                    ..Default::default()
                };
                bench.answer(Source::Commands, Page::Commands((0..HUGE).map(command).collect()));
                bench.press("shift-g");
                bench
            }),
        ],
    );
}

#[test]
fn parameters() {
    table(
        "parameters",
        &[("huge", || {
            let mut bench = pane("4");
            let parameter = |n: usize| ssm::ParameterMetadata {
                name: Some(format!("/app/{}/{n}", n % 7)),
                r#type: Some(ssm::ParameterType::String),
                version: Some(1),
                ..Default::default()
            };
            bench.answer(Source::Parameters, Page::Parameters((0..HUGE).map(parameter).collect()));
            bench.press("* shift-g");
            bench
        })],
    );
}

fn session(n: usize) -> ssm::Session {
    ssm::Session {
        session_id: Some(format!("ann-{n:017x}")),
        target: Some(format!("mi-{n:017}")),
        owner: Some("arn:aws:iam::123456789012:user/ann".to_owned()),
        status: Some(if n == 0 { SessionStatus::Connected } else { SessionStatus::Terminated }),
        start_date: Some(Timestamp::from_millis(BEGIN - 60_000)),
        end_date: (n > 0).then(|| Timestamp::from_millis(BEGIN)),
        ..Default::default()
    }
}

#[test]
fn sessions() {
    table(
        "sessions",
        &[
            ("loading", || pane("6")),
            ("empty", || {
                let mut bench = pane("6");
                bench.answer(Source::Sessions, Page::Sessions(Vec::new()));
                bench
            }),
            ("error", || {
                let mut bench = pane("6");
                bench.refuse(Source::Sessions, DENIED);
                bench
            }),
            ("stale", || {
                let mut bench = pane("6");
                bench.answer(Source::Sessions, Page::Sessions((0..3).map(session).collect()));
                bench.wait(600_000);
                bench.refuse(Source::Sessions, "ThrottlingException: Rate exceeded");
                bench.wait(20_000);
                bench
            }),
            ("huge", || {
                let mut bench = pane("6");
                bench.answer(Source::Sessions, Page::Sessions((0..HUGE).map(session).collect()));
                bench.press("shift-g");
                bench
            }),
        ],
    );
}

#[test]
fn shell() {
    let opened = || {
        let mut bench = fleet();
        bench.press("s");
        bench
    };
    let _: fn() -> Bench = opened;
    table(
        "shell",
        &[
            ("connecting", opened),
            ("refused", || {
                let mut bench = fleet();
                bench.press("s");
                bench.screen(80, 24);
                let trouble = Trouble::new("TargetNotConnected: mi-1 is not connected.", Some("Start its agent."));
                bench.apply(Update::Shell { tab: 1, update: ShellUpdate::Closed(trouble) });
                bench
            }),
            ("reconnecting", || {
                let mut bench = fleet();
                bench.press("s");
                bench.screen(80, 24);
                bench.apply(Update::Shell { tab: 1, update: ShellUpdate::Connected });
                bench.apply(Update::Shell { tab: 1, update: ShellUpdate::Reconnecting { attempt: 7 } });
                bench.apply(Update::Shell { tab: 1, update: ShellUpdate::Trouble("no route to host".to_owned()) });
                bench
            }),
            ("huge", || {
                let mut bench = fleet();
                bench.press("s");
                bench.screen(80, 24);
                bench.apply(Update::Shell { tab: 1, update: ShellUpdate::Connected });
                let lines: String = (0..HUGE).map(|n| format!("line {n}\r\n")).collect();
                bench.state.shells.tabs[0].terminal.feed(lines.as_bytes());
                bench.screen(80, 24);
                bench.press("ctrl-g [ g g");
                bench
            }),
        ],
    );
}

fn forward(update: fn(&mut Bench)) -> Bench {
    let mut bench = crate::console::tests::sessions::forwards();
    bench.answer(Source::Nodes, Page::Nodes(vec![node(1, "web-1", PingStatus::Online)]));
    update(&mut bench);
    bench
}

#[test]
fn forwards() {
    table(
        "forwards",
        &[
            ("connecting", || {
                forward(|bench| bench.apply(Update::Forward { id: 1, update: ForwardUpdate::Connecting }))
            }),
            ("huge", || {
                let one = Settings::parse("[[forward]]\nnode = 'web-1'\nremote = 80\nstart = false\n").unwrap();
                let forward = |n: usize| Forward { name: Some(format!("port-{n}")), ..one.forwards[0].clone() };
                let forwards = (0..MANY).map(forward).collect();
                let mut bench = Bench::with(Settings { forwards, ..one.clone() }, false);
                bench.press("7 shift-g");
                bench
            }),
            ("closed", || {
                forward(|bench| {
                    let trouble = Trouble::new("127.0.0.1:15432 is taken", Some("Choose another port."));
                    bench.apply(Update::Forward { id: 1, update: ForwardUpdate::Closed(trouble) });
                })
            }),
        ],
    );
}
