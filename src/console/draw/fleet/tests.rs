use crate::{
    console::{
        effect::{Epoch, Source},
        state::fleet::why::{Answer, Findings},
        testing::{BEGIN, Bench},
        update::{Page, Update},
    },
    ssm::{self, ConnectionStatus, PingStatus, Timestamp},
};

const SIZES: [(u16, u16); 3] = [(40, 10), (80, 24), (200, 60)];

fn snapshots(name: &str, mut make: impl FnMut() -> Bench) {
    for (width, height) in SIZES {
        insta::assert_snapshot!(format!("{name}_{width}x{height}"), make().screen(width, height));
    }
}

fn fleet() -> Bench {
    let mut bench = Bench::new(false);
    let node = |n: usize| ssm::InstanceInformation {
        instance_id: Some(format!("mi-{n:017}")),
        computer_name: Some(format!("{}-{n}", ["web", "db", "漢字"][n % 3])),
        ping_status: Some(if n.is_multiple_of(4) { PingStatus::ConnectionLost } else { PingStatus::Online }),
        last_ping_date_time: Some(Timestamp::from_millis(BEGIN - 90_000 * n as i64)),
        platform_name: Some(["Debian GNU/Linux 13", "Amazon Linux 2023"][n % 2].to_owned()),
        agent_version: Some("3.3.0.0".to_owned()),
        ip_address: Some(format!("10.0.0.{n}")),
        ..Default::default()
    };
    bench.answer(Source::Nodes, Page::Nodes((0..12).map(node).collect()));
    for n in 0..9 {
        let tag = |key: &str, value: &str| ssm::Tag { key: key.to_owned(), value: value.to_owned() };
        let env = ["prod", "test", ""][n % 3];
        let tags = if env.is_empty() { vec![tag("Role", "x")] } else { vec![tag("Env", env), tag("Role", "web")] };
        let page = Page::Tags { node: format!("mi-{n:017}"), tags };
        bench.apply(Update::Page { source: Source::Tags, epoch: Epoch::default(), page });
    }
    bench
}

#[test]
fn groups() {
    snapshots("groups", || {
        let mut bench = fleet();
        bench.press("b");
        bench.type_text("tag:Env");
        bench.press("enter");
        bench
    });
}

/// The cells of the bars of the groups on a screen.
fn bars(bench: &mut Bench, width: u16) -> Vec<usize> {
    let screen = bench.screen(width, 24);
    let bars = screen.lines().map(|line| line.matches('▆').count());
    bars.filter(|cells| *cells > 0).collect()
}

#[test]
fn the_bars_of_groups_keep_their_proportions_in_whatever_room_there_is() {
    let mut bench = Bench::new(false);
    let node = |n: usize| ssm::InstanceInformation {
        instance_id: Some(format!("mi-{n:017}")),
        computer_name: Some(format!("n-{n}")),
        platform_name: Some(["Arch", "Debian", "Debian", "Debian", "Debian", "Fedora"][n].to_owned()),
        ..Default::default()
    };
    bench.answer(Source::Nodes, Page::Nodes((0..6).map(node).collect()));
    bench.press("b");
    bench.type_text("platform");
    bench.press("enter");
    for width in [80, 100, 200] {
        let bars = bars(&mut bench, width);
        let [small, large, other] = bars[..] else { panic!("{bars:?} at {width}") };
        assert_eq!(small, other);
        assert!(large.abs_diff(small * 4) <= 3, "{bars:?} at {width}");
    }
}

#[test]
fn columns() {
    snapshots("columns", || {
        let mut bench = fleet();
        bench.press("shift-c j space j o j shift-o shift-o");
        bench
    });
}

#[test]
fn several_orders_and_tag_columns() {
    snapshots("orders", || {
        let mut bench = fleet();
        let names = ["name", "tag:Env", "missing", "ping", "seen"].map(str::to_owned);
        assert!(bench.state.fleet.set_columns_named(&names).is_empty());
        bench.press("o shift-o ~ a j j space");
        bench.press("/");
        bench.type_text("web");
        bench.press("enter");
        bench
    });
}

#[test]
fn completion() {
    let mut bench = fleet();
    bench.press("/");
    bench.type_text("web ping:");
    bench.press("tab tab");
    insta::assert_snapshot!("completion_80x24", bench.screen(80, 24));
}

#[test]
fn served() {
    let mut bench = Bench::new(false);
    bench.press("/");
    bench.type_text("tag:Env=prod !db ");
    let (_, epoch) = bench.asked(Source::NodesWhere).expect("the service is asked");
    let info = ssm::InstanceInformation {
        instance_id: Some("mi-00000000000000001".to_owned()),
        computer_name: Some("web-1".to_owned()),
        ..Default::default()
    };
    bench.apply(Update::Page { source: Source::NodesWhere, epoch, page: Page::Nodes(vec![info]) });
    insta::assert_snapshot!("served_80x24", bench.screen(80, 24));
}

/// A fleet still on its way, filtered by what the service evaluates in part, which it has begun to answer.
fn served_in_part(filter: &str) -> Bench {
    let mut bench = Bench::new(false);
    bench.press("/");
    bench.type_text(filter);
    bench.press("enter");
    let (_, epoch) = bench.asked(Source::NodesWhere).expect("the service is asked");
    let node = |n: usize| ssm::InstanceInformation {
        instance_id: Some(format!("mi-{n:017}")),
        computer_name: Some(format!("web-{n}")),
        ..Default::default()
    };
    bench.apply(Update::Page { source: Source::NodesWhere, epoch, page: Page::Nodes((1..4).map(node).collect()) });
    bench
}

#[test]
fn which_words_of_a_filter_the_service_evaluates_is_seen_at_every_width() {
    let filter = "tag:Env=a tag:Role=b web";
    let head = |width, ascii: bool| {
        let mut bench = served_in_part(filter);
        let screen = if ascii { bench.ascii(width, 24) } else { bench.screen(width, 24) };
        screen.lines().nth(2).unwrap_or_default().to_owned()
    };
    for width in [80, 120, 200] {
        let line = head(width, false);
        assert!(line.contains("filter ⇡tag:Env=a ⇡tag:Role=b web shows 3  ⇡"), "{line}");
        assert!(line.contains("at the service"), "{line}");
        let line = head(width, true);
        assert!(line.contains("filter ^tag:Env=a ^tag:Role=b web shows 3  ^"), "{line}");
    }
    assert!(head(120, false).contains("⇡ at the service: 3 ⋯"), "{}", head(120, false));
    // Where the words do not all fit, their number is still told.
    let mut bench = served_in_part("tag:Env=a tag:Role=b !db !another-word-that-is-long-enough-for-this !and-one-more");
    let line = bench.screen(80, 24).lines().nth(2).unwrap_or_default().to_owned();
    assert!(line.contains("filter ⇡tag:Env=a ⇡tag:Role=b !db") && line.contains('…'), "{line}");
    assert!(line.contains("shows 3  ⇡2"), "{line}");
    // Without colours the words stand out by a line below them.
    let buffer = served_in_part(filter).buffer(80, 24);
    let lined = (0..80).filter(|x| buffer[(*x, 2)].modifier.contains(ratatui::style::Modifier::UNDERLINED));
    let lined: String = lined.map(|x| buffer[(x, 2)].symbol().to_owned()).collect();
    assert_eq!(lined, "⇡tag:Env=a⇡tag:Role=b");
}

#[test]
fn why() {
    snapshots("why", || {
        let mut bench = fleet();
        bench.press("w");
        let findings = Findings {
            asked: "db-1".to_owned(),
            id: Some("mi-00000000000000001".to_owned()),
            endpoint: "http://127.0.0.1:7700".to_owned(),
            connection: Answer::Known(ConnectionStatus::NotConnected),
            listed: Answer::Known(Some(Box::new(ssm::InstanceInformation {
                ping_status: Some(PingStatus::ConnectionLost),
                last_ping_date_time: Some(Timestamp::from_millis(BEGIN - 7_200_000)),
                agent_version: Some("3.1.0.0".to_owned()),
                registration_date: Some(Timestamp::from_millis(BEGIN - 864_000_000)),
                association_status: Some("Failed".to_owned()),
                ..Default::default()
            }))),
            activation: Answer::Failed("AccessDeniedException: ssm:DescribeActivations".to_owned()),
            instance: Answer::Unasked("it is no EC2 instance".to_owned()),
        };
        bench.answer(Source::Why, Page::Why(Box::new(findings)));
        bench
    });
}
