//! Every list at every size, with no row, one, many and very many, and with names that are not all one column a letter.

use crate::{
    config::{settings::Settings, theme::Role, theme::Theme},
    console::{
        effect::{Effect, Epoch, Source},
        probe::Probe,
        state::{list::List, node_view::Tab},
        testing::{BEGIN, Bench},
        update::{LookUpdate, Page, Update},
    },
    ssm::{self, CommandInvocationStatus, CommandStatus, PingStatus, Sensitive, SessionStatus, Timestamp},
};

const SIZES: [(u16, u16); 3] = [(40, 10), (80, 24), (200, 60)];
const COUNTS: [usize; 4] = [0, 1, 50, 5_000];

/// Names as people give them.
fn name(n: usize) -> String {
    match n % 7 {
        0 => format!("web-{n}"),
        1 => format!("漢字サーバ{n}"),
        2 => format!("שרת-{n}"),
        3 => format!("cafe\u{301}-{n}"),
        4 => format!("👩\u{200d}🔧-{n}"),
        5 => format!("a-name-that-is-longer-than-any-column-is-wide-{n}-and-goes-on-and-on-and-on"),
        _ => format!("हिन्दी-{n}"),
    }
}

fn node(n: usize) -> ssm::InstanceInformation {
    ssm::InstanceInformation {
        instance_id: Some(format!("mi-{n:017x}")),
        name: Some(name(n)),
        ping_status: Some(if n % 3 == 1 { PingStatus::ConnectionLost } else { PingStatus::Online }),
        platform_type: Some(ssm::PlatformType::Linux),
        platform_name: Some("Debian GNU/Linux".to_owned()),
        platform_version: Some("12".to_owned()),
        agent_version: Some("3.3.40.0".to_owned()),
        ip_address: Some(format!("10.{}.{}.{}", n >> 16 & 255, n >> 8 & 255, n & 255)),
        last_ping_date_time: Some(Timestamp::from_millis(BEGIN - 1_000)),
        ..Default::default()
    }
}

fn fleet(count: usize) -> Bench {
    let mut bench = Bench::new(false);
    bench.answer(Source::Nodes, Page::Nodes((0..count).map(node).collect()));
    let fx = std::mem::take(&mut bench.fx);
    bench.state.arrange(fx);
    bench
}

/// The fleet, patched: each node has patches in some state.
fn patched(count: usize) -> Bench {
    let mut bench = fleet(count);
    let states = (0..count).map(|n| ssm::InstancePatchState {
        instance_id: format!("mi-{n:017x}"),
        patch_group: name(n % 40),
        missing_count: Some(i32::try_from(n % 5).unwrap()),
        ..Default::default()
    });
    let (asked, states) = ((0..count).map(|n| format!("mi-{n:017x}")).collect(), states.collect());
    bench.apply(Update::Page {
        source: Source::PatchStates,
        epoch: Epoch::default(),
        page: Page::PatchStates { asked, states },
    });
    bench.press("2");
    let fx = std::mem::take(&mut bench.fx);
    bench.state.arrange(fx);
    bench
}

/// The view of a node on a tab, which has been looked at with this answer.
fn on_node(tab: Tab, probe: &Probe, answer: &str) -> Bench {
    let mut bench = fleet(1);
    bench.press("enter");
    bench.state.node_view.as_mut().unwrap().tab = tab;
    bench.wait(1_000);
    let look = bench.fx.iter().rev().find_map(|effect| match effect {
        Effect::Look { id, probe: asked, .. } if asked == probe => Some(*id),
        _ => None,
    });
    let (id, update) = (look.expect("it was not looked at"), LookUpdate::Answer(answer.to_owned()));
    bench.apply(Update::Look { id, update });
    bench
}

/// A line of an answer for each row.
fn lines(count: usize, line: impl Fn(usize) -> String) -> String {
    (0..count).map(line).collect()
}

/// A list with so many rows.
fn list(list: List, count: usize) -> Bench {
    match list {
        List::Groups => {
            let mut bench = patched(count);
            bench.press("o");
            bench
        }
        List::Members => {
            let mut bench = patched(count);
            bench.press("enter");
            let fx = std::mem::take(&mut bench.fx);
            bench.state.arrange(fx);
            bench
        }
        List::Patches => {
            let mut bench = fleet(1);
            bench.press("2 enter enter");
            let patch = |n: usize| ssm::PatchComplianceData {
                title: name(n),
                kb_id: format!("KB{n}"),
                severity: "Important".to_owned(),
                state: ssm::PatchComplianceDataState::Missing,
                ..Default::default()
            };
            bench.answer(Source::Patches, Page::Patches((0..count).map(patch).collect()));
            bench
        }
        List::Commands => {
            let mut bench = fleet(1);
            bench.press("3");
            let command = |n: usize| ssm::Command {
                command_id: Some(format!("{n:08}-0000-0000-0000-000000000000")),
                document_name: Some("AWS-RunShellScript".to_owned()),
                parameters: Sensitive([("commands".to_owned(), vec![name(n)])].into()),
                requested_date_time: Some(Timestamp::from_millis(BEGIN - n as i64 * 60_000)),
                status: Some(CommandStatus::Success),
                target_count: Some(3),
                ..Default::default()
            };
            bench.answer(Source::Commands, Page::Commands((0..count).map(command).collect()));
            bench
        }
        List::Results => {
            let mut bench = self::list(List::Commands, 1);
            bench.press("enter v");
            let invocation = |n: usize| ssm::CommandInvocation {
                command_id: Some("00000000-0000-0000-0000-000000000000".to_owned()),
                instance_id: Some(format!("mi-{n:017x}")),
                instance_name: Some(name(n)),
                status: Some(CommandInvocationStatus::Success),
                command_plugins: vec![ssm::CommandPlugin { output: Some(name(n + 1)), ..Default::default() }],
                ..Default::default()
            };
            bench.answer(Source::Invocations, Page::Invocations((0..count).map(invocation).collect()));
            bench
        }
        List::Parameters => {
            let mut bench = fleet(1);
            bench.press("4");
            let parameter = |n: usize| ssm::ParameterMetadata {
                name: Some(format!("/{}", name(n))),
                version: Some(n as i64),
                ..Default::default()
            };
            bench.answer(Source::Parameters, Page::Parameters((0..count).map(parameter).collect()));
            bench
        }
        List::Sessions => {
            let mut bench = fleet(50);
            bench.press("6");
            let session = |n: usize| ssm::Session {
                session_id: Some(format!("session-{n:05}")),
                target: node(n % 50).instance_id,
                owner: Some(format!("arn:aws:iam::123456789012:user/{}", name(n))),
                status: Some(SessionStatus::Terminated),
                start_date: Some(Timestamp::from_millis(BEGIN - n as i64 * 60_000)),
                reason: Some(name(n + 2)),
                ..Default::default()
            };
            bench.answer(Source::Sessions, Page::Sessions((0..count).map(session).collect()));
            bench
        }
        List::Forwards => {
            let forward =
                |n: usize| format!("[[forward]]\nname = 'f{n}'\nnode = '{}'\nremote = 80\nstart = false\n", name(n));
            let text = (0..count.min(500)).map(forward).collect::<String>();
            let mut bench = Bench::with(Settings::parse(&text).unwrap(), false);
            bench.answer(Source::Nodes, Page::Nodes((0..count.min(50)).map(node).collect()));
            bench.press("7");
            bench
        }
        List::Compared => {
            let mut bench = fleet(count);
            bench.press("a m");
            if !bench.state.overlays.is_empty() {
                bench.press("n");
            }
            bench
        }
        List::Processes => {
            let stat = |n: usize| {
                let pid = n + 1;
                format!("|/proc/{pid}/stat:{pid} (p) S 0 1 1 0 -1 0 0 0 0 0 {n} 0 0 0 20 0 1 0 1 1 2500 0\n")
            };
            let command = |n: usize| format!("|/proc/{}/cmdline:{}\n", n + 1, name(n));
            let owner = |n: usize| format!("|dr-xr-xr-x 9 {0} 0 0 Nov 26 08:31 /proc/{1}\n", n % 50, n + 1);
            let answer = format!(
                "#page 4096\n#tick 100\n#up\n|1000.00 1\n#stat\n{}#command\n{}#owner\n{}#users\n{}#.\n",
                lines(count, stat),
                lines(count, command),
                lines(count, owner),
                lines(50, |n| format!("|{}:{n}\n", name(n))),
            );
            on_node(Tab::Processes, &Probe::Processes, &answer)
        }
        List::Services => {
            let unit = |n: usize| format!("|{}.service loaded active running {}\n", name(n), name(n + 1));
            let answer = format!("#units\n{}#enabled\n#.\n", lines(count, unit));
            on_node(Tab::Services, &Probe::Services, &answer)
        }
        List::Users => {
            let user = |n: usize| format!("|{}:x:{n}:{n}:{},,,:/home/x:/bin/sh\n", name(n), name(n + 1));
            let answer = format!("#users\n{}#groups\n#who\n#.\n", lines(count, user));
            on_node(Tab::Users, &Probe::Accounts, &answer)
        }
        List::UserGroups => {
            let group = |n: usize| format!("|{}:x:{n}:{}\n", name(n), name(n + 1));
            let answer = format!("#users\n#groups\n{}#who\n#.\n", lines(count, group));
            let mut bench = on_node(Tab::Users, &Probe::Accounts, &answer);
            bench.press("v");
            bench
        }
        List::Files => {
            let entry = |n: usize| format!("|81a4 {n}000 1764150000 root root ./{}/\n", name(n));
            let answer = format!("#at\n|/\n#entries\n{}#.\n", lines(count, entry));
            on_node(Tab::Files, &Probe::Folder("/".to_owned()), &answer)
        }
    }
}

/// What is wrong with a screen.
fn fault(bench: &mut Bench, width: u16, height: u16) -> Option<String> {
    let buffer = bench.buffer(width, height);
    let (headings, rows) = (bench.state.headings_seen(), bench.state.rows_seen());
    if rows.is_empty() {
        return None;
    }
    // One row is that of the cursor, and it is on the screen.
    let theme = Theme::shipped("dark");
    let ground = theme.style(Role::Cursor).bg;
    let (first, _) = rows[0];
    let marked = rows.iter().filter(|((x, y, ..), _)| Some(buffer[(*x, *y)].bg) == ground).count();
    if marked != 1 {
        return Some(format!("{marked} rows are that of the cursor"));
    }
    // Headings stand over their columns, with a gap before each of them that nothing runs into.
    for ((x, y, ..), name) in headings.iter().filter(|((_, y, ..), _)| *y < first.1) {
        for at in std::iter::once(*y).chain(rows.iter().map(|((_, y, ..), _)| *y)) {
            let before = buffer[(x - 1, at)].symbol();
            if !matches!(before, " " | "‹" | "▌") {
                return Some(format!("{name} is glued to what stands before it in line {at}: {before:?}"));
            }
        }
    }
    None
}

#[test]
fn every_list_is_walked_at_every_size() {
    let mut faults = Vec::new();
    for of in List::ALL {
        for count in COUNTS {
            let mut bench = list(*of, count);
            if count > 0 {
                assert_eq!(bench.state.list(), Some(*of), "{count}");
            }
            for (width, height) in SIZES {
                let screen = bench.screen(width, height);
                // A list says so where there is nothing in it, and else has rows.
                if bench.state.rows_seen().is_empty() != (count == 0) {
                    faults.push(format!("{of:?}, {count} rows, {width}x{height}: not what is there\n{screen}"));
                }
                for keys in ["j", "ctrl-f", "shift-g", "k", "ctrl-b", "g g", "ctrl-w", ">", "<", "ctrl-w"] {
                    bench.press(keys);
                    if let Some(fault) = fault(&mut bench, width, height) {
                        let screen = bench.screen(width, height);
                        faults.push(format!("{of:?}, {count} rows, {width}x{height}, after {keys}: {fault}\n{screen}"));
                    }
                }
            }
        }
    }
    assert!(
        faults.is_empty(),
        "{} faults, the first: {}",
        faults.len(),
        faults.iter().take(12).cloned().collect::<Vec<_>>().join("\n")
    );
}
