use ratatui::style::Modifier;

use crate::{
    config::{
        settings::Settings,
        theme::{Role, Theme},
    },
    console::{
        effect::{Epoch, Source},
        log::Tail,
        origin::Origin,
        state::shells::Phase,
        testing::{BEGIN, Bench},
        update::{Changed, ForwardUpdate, Page, ShellUpdate, Trouble, Update, Whole},
    },
    ssm::{self, CommandInvocationStatus, CommandStatus, PingStatus, Sensitive, Timestamp},
};

mod lists;
mod node_states;
mod small;
mod states;

const SIZES: [(u16, u16); 3] = [(40, 10), (80, 24), (200, 60)];

fn snapshots(name: &str, mut make: impl FnMut() -> Bench) {
    for (width, height) in SIZES {
        insta::assert_snapshot!(format!("{name}_{width}x{height}"), make().screen(width, height));
    }
}

fn node(n: usize, name: &str, ping: PingStatus) -> ssm::InstanceInformation {
    ssm::InstanceInformation {
        instance_id: Some(format!("mi-{n:017}")),
        computer_name: Some(name.to_owned()),
        ping_status: Some(ping),
        last_ping_date_time: Some(Timestamp::from_millis(BEGIN - 12_000)),
        platform_name: Some("Debian GNU/Linux".to_owned()),
        platform_version: Some("13".to_owned()),
        ip_address: Some(format!("10.0.0.{n}")),
        agent_version: Some("3.3.0.0".to_owned()),
        is_latest_version: Some(n != 2),
        ..Default::default()
    }
}

fn fleet() -> Bench {
    let mut bench = Bench::new(false);
    let nodes = vec![
        node(1, "web-1", PingStatus::Online),
        node(2, "web-2", PingStatus::Online),
        node(3, "db-1", PingStatus::ConnectionLost),
        node(4, "漢字サーバ", PingStatus::Online),
        node(5, "cafe\u{301}-\u{202e}evil\u{1b}[2J", PingStatus::Inactive),
        node(6, &"long-".repeat(60), PingStatus::Online),
    ];
    bench.answer(Source::Nodes, Page::Nodes(nodes));
    let tag = |key: &str, value: &str| ssm::Tag { key: key.to_owned(), value: value.to_owned() };
    for n in 1..=3 {
        let tags = vec![tag("Env", if n == 3 { "prod" } else { "test" }), tag("Role", "web")];
        let page = Page::Tags { node: format!("mi-{n:017}"), tags };
        bench.apply(Update::Page { source: Source::Tags, epoch: Epoch::default(), page });
    }
    let state = |n: usize, missing: i32| ssm::InstancePatchState {
        instance_id: format!("mi-{n:017}"),
        missing_count: Some(missing),
        operation_end_time: Timestamp::from_millis(BEGIN - 3_600_000),
        ..Default::default()
    };
    let asked = (1..=5).map(|n| format!("mi-{n:017}")).collect();
    bench.answer(Source::PatchStates, Page::PatchStates { asked, states: vec![state(1, 0), state(2, 14)] });
    bench
}

fn invocation(n: usize, status: CommandInvocationStatus, code: i32, output: &str) -> ssm::CommandInvocation {
    let plugin =
        ssm::CommandPlugin { output: Some(output.to_owned()), response_code: Some(code), ..Default::default() };
    ssm::CommandInvocation {
        instance_id: Some(format!("mi-{n:017}")),
        instance_name: Some(format!("web-{n}")),
        status_details: Some(status.as_str().to_owned()),
        status: Some(status),
        command_plugins: vec![plugin],
        ..Default::default()
    }
}

fn history() -> Bench {
    let mut bench = Bench::new(false);
    bench.press("3");
    let command = |n: i64, status: CommandStatus, done: i32, errors: i32, script: &str| ssm::Command {
        command_id: Some(format!("0000000{n}-1111-2222-3333-444444444444")),
        document_name: Some("AWS-RunShellScript".to_owned()),
        parameters: Sensitive([("commands".to_owned(), vec![script.to_owned()])].into()),
        requested_date_time: Some(Timestamp::from_millis(BEGIN - n * 60_000)),
        status: Some(status),
        target_count: Some(6),
        completed_count: Some(done),
        error_count: Some(errors),
        ..Default::default()
    };
    bench.answer(
        Source::Commands,
        Page::Commands(vec![
            command(3, CommandStatus::Failed, 6, 1, "mysql --password hunter2"),
            command(1, CommandStatus::InProgress, 4, 0, "apt-get update"),
            command(2, CommandStatus::Success, 6, 0, "uname -a"),
        ]),
    );
    bench
}

fn results() -> Bench {
    let mut bench = history();
    bench.press("enter");
    bench.answer(
        Source::Invocations,
        Page::Invocations(vec![
            invocation(1, CommandInvocationStatus::Success, 0, "Linux 6.1\nall well\n"),
            invocation(2, CommandInvocationStatus::Success, 0, "Linux 6.1\nall well\n"),
            invocation(3, CommandInvocationStatus::Success, 0, "Linux 5.10\nall well\n"),
            invocation(
                4,
                CommandInvocationStatus::Failed,
                2,
                "start\n----------ERROR-------\n\u{1b}[31mno space\u{1b}[0m",
            ),
            invocation(5, CommandInvocationStatus::InProgress, -1, ""),
            invocation(6, CommandInvocationStatus::Pending, -1, ""),
        ]),
    );
    bench
}

fn shell() -> Bench {
    let mut bench = fleet();
    bench.press("s");
    bench.screen(80, 24);
    let tab = bench.state.shells.current().unwrap();
    tab.terminal.feed(b"\x1b]2;root@db-1\x07root@db-1:~# \x1b[1;32mls\x1b[0m\r\n\x1b(0lqqk\x1b(B 10:00\r\n$ ");
    let tab = tab.id;
    bench.apply(Update::Shell { tab, update: ShellUpdate::Connected });
    bench
}

#[test]
fn fleet_states() {
    snapshots("fleet_loading", || Bench::new(false));
    snapshots("fleet", fleet);
    snapshots("fleet_empty", || {
        let mut bench = Bench::new(false);
        bench.answer(Source::Nodes, Page::Nodes(Vec::new()));
        bench
    });
    snapshots("fleet_error", || {
        let mut bench = Bench::new(false);
        bench.refuse(Source::Nodes, "AccessDeniedException: not allowed to call DescribeInstanceInformation");
        bench
    });
    snapshots("fleet_stale", || {
        let mut bench = fleet();
        bench.wait(90_000);
        bench.refuse(Source::Nodes, "the line is dead");
        bench
    });
    snapshots("fleet_detail", || {
        let mut bench = fleet();
        bench.press("j j j space d");
        bench
    });
    snapshots("fleet_filter", || {
        let mut bench = fleet();
        bench.press("/");
        bench.type_text("ping:online web");
        bench
    });
}

#[test]
fn command_states() {
    snapshots("commands_loading", || {
        let mut bench = Bench::new(false);
        bench.press("3");
        bench
    });
    snapshots("commands", history);
    snapshots("commands_results", results);
    snapshots("commands_output", || {
        let mut bench = results();
        bench.press("enter /");
        bench.type_text("space");
        bench
    });
    snapshots("commands_compose", || {
        let mut bench = fleet();
        bench.press("a r");
        bench.type_text("set -e\nuname -a");
        bench
    });
    let mut bench = fleet();
    bench.press("a r");
    bench.type_text("reboot");
    bench.press("ctrl-s");
    insta::assert_snapshot!("commands_confirm_80x24", bench.screen(80, 24));
    let mut bench = results();
    bench.press("v");
    insta::assert_snapshot!("commands_nodes_80x24", bench.screen(80, 24));
    let mut bench = results();
    bench.press("j j j space j j d");
    insta::assert_snapshot!("commands_diff_80x24", bench.screen(80, 24));
}

#[test]
fn shell_states() {
    snapshots("shell_none", || {
        let mut bench = Bench::new(false);
        bench.press("5");
        bench
    });
    snapshots("shell", shell);
    let mut bench = shell();
    bench.press("ctrl-g");
    insta::assert_snapshot!("shell_prefix_80x24", bench.screen(80, 24));
    bench.press("f");
    insta::assert_snapshot!("shell_full_80x24", bench.screen(80, 24));
    let tab = bench.state.shells.current().unwrap().id;
    let closed = Trouble::new("The session has ended: idle for 20 minutes", None);
    bench.apply(Update::Shell { tab, update: ShellUpdate::Closed(closed) });
    assert!(matches!(bench.state.shells.current().unwrap().phase, Phase::Closed(_)));
    bench.press("f");
    insta::assert_snapshot!("shell_closed_80x24", bench.screen(80, 24));
}

fn broadcast() -> Bench {
    let mut bench = fleet();
    bench.press("a shift-s y");
    for tab in 1..=6 {
        bench.apply(Update::Shell { tab, update: ShellUpdate::Connected });
        let terminal = bench.state.shells.tab(tab).unwrap().terminal.clone();
        terminal.feed(format!("node {tab}\r\n$ uptime").as_bytes());
    }
    bench.apply(Update::Shell { tab: 2, update: ShellUpdate::Bell });
    bench.apply(Update::Shell { tab: 4, update: ShellUpdate::Reconnecting { attempt: 2 } });
    bench.press("ctrl-g |");
    bench.type_text("web-2");
    bench.press("enter ctrl-g b");
    bench
}

#[test]
fn session_states() {
    use crate::console::tests::sessions::{forwards, sessions};
    snapshots("shell_broadcast", broadcast);
    snapshots("sessions", sessions);
    snapshots("forwards", || {
        let mut bench = forwards();
        let nodes = vec![node(1, "web-1", PingStatus::Online), node(2, "web-2", PingStatus::Online)];
        bench.answer(Source::Nodes, Page::Nodes(nodes));
        let say = |bench: &mut Bench, update| bench.apply(Update::Forward { id: 1, update });
        say(&mut bench, ForwardUpdate::Listening("127.0.0.1:15432".parse().unwrap()));
        say(&mut bench, ForwardUpdate::Open);
        say(&mut bench, ForwardUpdate::Counts { connections: 1, accepted: 3, sent: 1_200, received: 56_000 });
        say(&mut bench, ForwardUpdate::Note("connection 3: db.internal:5432 refused it".to_owned()));
        bench
    });
    snapshots("forwards_set", crate::console::tests::forwards::started_set);
    snapshots("forwards_none", || {
        let mut bench = Bench::new(false);
        bench.press("7");
        bench
    });
}

#[test]
fn boxes() {
    for (width, height) in SIZES {
        let mut bench = fleet();
        bench.press("?");
        insta::assert_snapshot!(format!("help_{width}x{height}"), bench.screen(width, height));
        let mut bench = fleet();
        bench.press(":");
        bench.type_text("shell");
        insta::assert_snapshot!(format!("palette_{width}x{height}"), bench.screen(width, height));
    }
    let mut bench = fleet();
    bench.apply(Update::Failed(Trouble::new("ThrottlingException: slow down", Some("Wait a moment."))));
    bench.apply(Update::Changed(Origin::default(), Ok(Changed::Cancelled("x".to_owned())), None));
    insta::assert_snapshot!("toasts_80x24", bench.screen(80, 24));
    bench.press("shift-m");
    insta::assert_snapshot!("messages_80x24", bench.screen(80, 24));
    insta::assert_snapshot!("fleet_ascii_80x24", fleet().ascii(80, 24));
    assert!(fleet().ascii(80, 24).lines().next().is_some_and(str::is_ascii));
}

#[test]
fn what_is_wrong_can_be_read_to_its_end() {
    let long = "ValidationException: 2 validation errors detected: Value 'x' at 'name' failed to satisfy constraint: \
                Member must have length less than or equal to 2048; and the last word of it is needle";
    let mut bench = fleet();
    bench.apply(Update::Failed(Trouble::new(long, Some("What can be done about it is written here: thimble."))));
    bench.press("shift-m");
    let screen = bench.screen(80, 24);
    assert!(screen.contains("needle") && screen.contains("thimble"), "{screen}");

    let mut bench = fleet();
    bench.press("a r");
    bench.type_text("true");
    bench.press("ctrl-s y");
    bench.apply(Update::Changed(Origin::default(), Err(Trouble::new(long, None)), None));
    bench.wait(60_000);
    let screen = bench.screen(80, 24);
    assert!(screen.contains("needle") && screen.contains("New command"), "{screen}");

    let mut bench = fleet();
    bench.press("? down");
    assert!(bench.screen(80, 24).contains("to this one"), "help is not cut");
}

#[test]
fn the_cursor_row_is_seen_without_colours() {
    let mut bench = fleet();
    bench.screen(80, 24);
    let look = super::Look { theme: Theme::shipped("dark").reduced(crate::config::theme::Depth::Mono), ascii: false };
    let mut terminal = ratatui::Terminal::new(ratatui::backend::TestBackend::new(80, 24)).unwrap();
    terminal.draw(|frame| drop(super::draw(&mut bench.state, &look, frame))).unwrap();
    let buffer = terminal.backend().buffer();
    let reversed = |y: u16| buffer[(10, y)].modifier.contains(Modifier::REVERSED);
    assert_eq!((4..10).filter(|y| reversed(*y)).count(), 1);
    assert!(look.style(Role::Cursor).add_modifier.contains(Modifier::REVERSED));
}

#[test]
fn names_of_every_script_leave_the_columns_in_place() {
    let names = [
        "plain",
        "漢字サーバ一号",
        "e\u{301}clair-a\u{30a}",
        "👩\u{200d}🚀-crew",
        "שרת-אחד",
        "خادم-واحد",
        "\u{202e}live\u{202c}-\u{2066}x\u{2069}\u{200f}",
        "🇩🇪-node",
        "zero\u{200b}width\u{feff}",
        "सर्वर-एक",
    ];
    let mut bench = Bench::new(false);
    let nodes = names.iter().enumerate().map(|(n, name)| node(n + 1, name, PingStatus::Online)).collect();
    bench.answer(Source::Nodes, Page::Nodes(nodes));
    insta::assert_snapshot!("fleet_scripts_80x24", bench.screen(80, 24));
    for (width, height) in [(80, 24), (200, 60), (41, 30)] {
        let buffer = bench.buffer(width, height);
        let columns: Vec<_> =
            (0..height).filter_map(|y| (0..width).find(|x| buffer[(*x, y)].symbol() == "●")).collect();
        assert_eq!(columns.len(), names.len());
        assert!(columns.iter().all(|x| *x == columns[0]), "{columns:?} at {width}x{height}");
        let text: String = buffer.content().iter().map(|cell| cell.symbol()).collect();
        let turning = |c: char| crate::console::text::is_invisible(c);
        assert!(!text.chars().any(turning), "nothing turns the text around");
    }
}

#[test]
fn the_next_keys_are_shown_to_who_stops() {
    let mut bench = fleet();
    bench.press("g");
    assert!(!bench.screen(80, 24).contains("and then"), "who types on is not bothered");
    bench.wait(300);
    let screen = bench.screen(80, 24);
    assert!(screen.contains("g and then") && screen.contains("g top"), "{screen}");
    bench.press("g");
    assert!(!bench.screen(80, 24).contains("and then"));
    for (width, height) in SIZES {
        let mut bench = shell();
        bench.press("ctrl-g");
        bench.wait(400);
        insta::assert_snapshot!(format!("next_keys_{width}x{height}"), bench.screen(width, height));
    }
}

#[test]
fn what_is_remembered_is_shown_at_once_and_told_apart() {
    let mut before = fleet();
    before.press("/");
    before.type_text("web");
    before.press("enter o");
    let left = before.state.left();
    let text = serde_json::to_string(&left).unwrap();
    for secret in ["10.0.0.1", "Debian", "3.3.0.0", "missing"] {
        assert!(!text.contains(secret), "{secret} is not kept");
    }
    let mut bench = Bench::starting(Settings::default());
    bench.wait(3_600_000);
    bench.state.resume(serde_json::from_str(&text).unwrap());
    assert_eq!(bench.state.fleet.filter.text(), "web");
    insta::assert_snapshot!("fleet_remembered_80x24", bench.screen(80, 24));
    // What the service says takes its place, row by row.
    bench.connect(Default::default());
    bench.answer(Source::Nodes, Page::Nodes(vec![node(1, "web-1", PingStatus::ConnectionLost)]));
    assert_eq!(bench.state.fleet.nodes().len(), 1);
    assert!(!bench.screen(80, 24).contains("as they were"));
    assert!(bench.asked(Source::Tags).is_some(), "remembered tags are asked for again");
    // Another account has other nodes.
    let mut bench = Bench::starting(Settings::default());
    let mut other = left.clone();
    other.places[0].region = "eu-west-1".to_owned();
    bench.state.resume(other);
    assert_eq!(bench.state.fleet.nodes().len(), 6);
    bench.connect(Default::default());
    assert_eq!(bench.state.fleet.nodes().len(), 0);
    // And who wants none of it has none.
    let settings = Settings { cache: false, ..Settings::default() };
    let mut bench = Bench::starting(settings);
    bench.state.resume(left);
    assert_eq!((bench.state.fleet.nodes().len(), bench.state.left().nodes.len()), (0, 0));
    bench.connect(Default::default());
}

#[test]
fn the_fleet_is_looked_at_as_it_was_left() {
    use crate::{config::view::Columns, console::state::fleet::Column};
    let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
    let configured = |fleet: Option<&[&str]>| {
        let lists = fleet.map(|fleet| ("fleet".to_owned(), names(fleet))).into_iter().collect();
        let columns = Columns { lists, ..Columns::default() };
        Bench::starting(Settings { columns, ..Settings::default() })
    };
    let columns = |bench: &Bench| bench.state.fleet.columns().iter().map(|c| c.name().into_owned()).collect::<Vec<_>>();
    let mut before = configured(Some(&["name", "ping"]));
    before.connect(Default::default());
    before.state.fleet.set_columns_named(&names(&["ping", "agent"]));
    before.state.fleet.set_sort(vec![(Column::Ping, true), (Column::Agent, false)]);
    before.state.fleet.set_group(Some(Column::Platform));
    // Reconnecting, as after signing in, is no reason to forget what was chosen.
    before.connect(Default::default());
    assert_eq!(columns(&before), ["ping", "agent"]);
    let left = before.state.left();

    let mut after = configured(Some(&["name", "ping"]));
    after.state.resume(left.clone());
    after.connect(Default::default());
    assert_eq!(columns(&after), ["ping", "agent"]);
    assert_eq!(after.state.fleet.sort(), before.state.fleet.sort());
    assert_eq!(after.state.fleet.grouped_by(), Some(&Column::Platform));
    // Settings that were changed since then count.
    for (settings, shown) in [(Some(&["name", "tag:Env"][..]), names(&["name", "tag:Env"])), (None, Vec::new())] {
        let mut after = configured(settings);
        after.state.resume(left.clone());
        after.connect(Default::default());
        let usual: Vec<_> = Column::usual().iter().map(|c| c.name().into_owned()).collect();
        assert_eq!(columns(&after), if shown.is_empty() { usual } else { shown });
    }
}

fn everything() -> Vec<Bench> {
    use crate::console::tests::sessions::{forwards, sessions};
    let with = |mut bench: Bench, keys: &str| {
        bench.press(keys);
        bench
    };
    let mut log = fleet();
    let line = |n: usize| format!("2026-11-26T09:00:00Z INFO  console: line {n} {}", "x".repeat(n * 9));
    log.state.show_log(Tail { lines: (0..40).map(line).collect(), ..Tail::default() });
    let mut line = with(fleet(), ":");
    line.type_text("node ");
    let mut wrong = with(fleet(), ":");
    wrong.type_text("sort nothing");
    wrong.press("enter");
    let mut waiting = with(shell(), "ctrl-g");
    waiting.wait(400);
    let mut failing = fleet();
    failing.apply(Update::Failed(Trouble::new("no ".repeat(90), Some("wait"))));
    let mut question = with(fleet(), "a r");
    question.type_text("reboot");
    question.press("ctrl-s");
    vec![
        fleet(),
        with(fleet(), "d"),
        with(fleet(), "2"),
        with(fleet(), "2 enter enter"),
        with(fleet(), "4"),
        with(fleet(), "4 n"),
        with(fleet(), "?"),
        with(fleet(), ":"),
        with(fleet(), "shift-m"),
        with(fleet(), "a r"),
        history(),
        results(),
        with(results(), "enter"),
        shell(),
        with(shell(), "ctrl-g f"),
        with(shell(), "ctrl-g ["),
        broadcast(),
        sessions(),
        forwards(),
        with(forwards(), "n"),
        log,
        line,
        wrong,
        waiting,
        failing,
        question,
    ]
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(24))]
    #[test]
    fn any_size_is_drawn_in_every_pane_and_box(sizes in proptest::collection::vec((1u16..=300, 1u16..=100), 3), small in (1u16..=45, 1u16..=12)) {
        for mut bench in everything() {
            for (width, height) in sizes.iter().copied().chain([small]) {
                bench.screen(width, height);
                bench.ascii(width, height);
            }
        }
    }
}

#[test]
fn no_size_breaks_drawing() {
    let mut benches = [fleet(), results(), shell(), history()];
    benches[0].press("a r");
    benches[1].press("enter");
    for bench in &mut benches {
        for (width, height) in [(1, 1), (2, 30), (39, 9), (40, 10), (41, 11), (60, 12), (79, 23), (300, 3), (500, 100)]
        {
            bench.screen(width, height);
            bench.ascii(width, height);
        }
        bench.press("?");
        bench.screen(40, 10);
    }
}

#[test]
fn outputs_of_many_nodes() {
    use crate::console::tests::outputs;
    snapshots("commands_plan", outputs::planned);
    snapshots("commands_folded", || {
        let mut bench = outputs::uptimes(false);
        bench.press("z z");
        bench
    });
    snapshots("commands_only_found", || {
        let mut bench = outputs::uptimes(false);
        bench.press("enter / l o a d enter & -");
        bench
    });
    snapshots("commands_piped", outputs::piped);
    snapshots("commands_steps", outputs::stepped);
    use crate::console::tests::canary;
    snapshots("commands_canary_question", || canary::written("2"));
    snapshots("commands_canary", || {
        let mut bench = canary::under_way();
        canary::ended(&mut bench, ssm::CommandStatus::Success, 0);
        bench
    });
}

#[test]
fn ten_megabytes_of_sequences_as_output_are_clean_text() {
    let mut bench = results();
    let stdout = "\u{1b}]52;c;aGk=\u{7}\u{1b}[?1049h\u{1b}[31mtext\r\n".repeat(400_000);
    assert!(stdout.len() > 10_000_000);
    let (_, epoch) = bench.asked(Source::Invocations).unwrap();
    let whole = Whole::of("mi-00000000000000001", &stdout, "");
    bench.apply(Update::Page { source: Source::Whole, epoch, page: Page::Whole(Box::new(whole.clone())) });
    if let Some(results) = &mut bench.state.commands.results {
        results.take_whole(whole, false);
    }
    bench.press("v enter");
    let viewer = bench.state.commands.viewer.as_ref().unwrap();
    assert_eq!(viewer.lines.len(), 400_000);
    assert!(viewer.lines.iter().all(|(_, line)| line == "text"));
    assert!(bench.screen(80, 24).chars().all(|c| !c.is_control() || c == '\n'));
}
