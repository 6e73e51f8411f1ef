//! The fleet as its user works with it: filters, completion, columns, orders, groups, views, exports, and why a node is not
//! connected.

use std::path::Path;

use crate::{
    config::{settings::Settings, view::View},
    console::{
        action::Action,
        effect::{Effect, Epoch, Query, Source},
        state::{
            fleet::{Column, why::Findings},
            overlay::Overlay,
        },
        testing::Bench,
        update::{Page, Update},
    },
    ssm::{self, ConnectionStatus, PingStatus, Timestamp},
};

fn info(n: usize) -> ssm::InstanceInformation {
    ssm::InstanceInformation {
        instance_id: Some(format!("mi-{n:017x}")),
        computer_name: Some(format!("{}-{n}", ["web", "db"][n % 2])),
        ping_status: Some(if n.is_multiple_of(5) { PingStatus::ConnectionLost } else { PingStatus::Online }),
        platform_type: Some(ssm::PlatformType::Linux),
        platform_name: Some(["Debian GNU/Linux", "Amazon Linux"][n / 2 % 2].to_owned()),
        platform_version: Some("2023".to_owned()),
        agent_version: Some(format!("3.{}.{}.0", n % 4, n % 60)),
        ip_address: Some(format!("10.0.0.{n}")),
        ..Default::default()
    }
}

fn loaded(count: usize) -> Bench {
    loaded_with(Settings::default(), count)
}

fn loaded_with(settings: Settings, count: usize) -> Bench {
    let mut bench = Bench::with(settings, false);
    bench.answer(Source::Nodes, Page::Nodes((0..count).map(info).collect()));
    for n in 0..count.min(60) {
        let tag = |key: &str, value: &str| ssm::Tag { key: key.to_owned(), value: value.to_owned() };
        let tags = vec![tag("Env", ["prod", "test"][n % 2]), tag("Cost Center", "a b")];
        let page = Page::Tags { node: format!("mi-{n:017x}"), tags };
        bench.apply(Update::Page { source: Source::Tags, epoch: Epoch::default(), page });
    }
    bench
}

fn filter(bench: &mut Bench, text: &str) -> usize {
    bench.press("/ ctrl-u");
    bench.type_text(text);
    bench.press("enter");
    bench.state.fleet.shown()
}

#[test]
fn a_service_that_refuses_a_filter_is_not_asked_again_and_again() {
    let mut bench = Bench::new(false);
    let (_, epoch) = bench.asked(Source::Nodes).unwrap();
    bench.apply(Update::Page { source: Source::Nodes, epoch, page: Page::Nodes((0..3).map(info).collect()) });
    bench.press("/");
    bench.type_text("ping:lost ");
    bench.refuse(Source::NodesWhere, "AccessDeniedException");
    bench.fx.clear();
    bench.state.settle(&mut bench.fx);
    assert!(bench.asked(Source::NodesWhere).is_none());
    bench.type_text("tag:Env=prod ");
    assert!(bench.asked(Source::NodesWhere).is_some(), "another filter is another question");
}

#[test]
fn the_filter_speaks_its_language() {
    let mut bench = loaded(20);
    for (text, shown) in [
        ("web", 10),
        ("!web", 10),
        ("ping:lost", 4),
        ("ping:lost,online", 20),
        ("!ping:lost db", 8),
        ("tag:Env=prod", 10),
        ("tag:Env=prod,test", 20),
        ("tag:Env=pro", 0),
        ("tag:Env=pr*", 10),
        ("tag:\"Cost Center\"=\"a b\"", 20),
        ("!tag:Env", 0),
        ("tag:Nothing", 0),
        ("name:web-1", 5),
        ("name:=web-2", 1),
        ("id:mi-00000000000000003", 1),
        ("agent:3.1", 5),
        ("agent>3.1", 10),
        ("agent>=3.1", 15),
        ("agent<3.1", 5),
        ("agent<=3.1.5", 7),
        ("platform:linux", 20),
        ("os:amazon", 10),
        ("ip:10.0.0.1", 11),
        ("host:db", 10),
        ("seen:none", 20),
        ("compliance:unknown", 20),
        ("missing:none", 20),
        ("10.0.0.19", 1),
        ("zzz", 0),
        ("", 20),
    ] {
        assert_eq!(filter(&mut bench, text), shown, "{text}");
    }
}

#[test]
fn ages_and_numbers_compare() {
    let mut bench = loaded(6);
    let seen = |minutes: u64, bench: &Bench| Some(bench.now.minus(std::time::Duration::from_secs(minutes * 60)));
    let nodes = (0..6).map(|n| ssm::InstanceInformation { last_ping_date_time: seen(n as u64, &bench), ..info(n) });
    let nodes = nodes.collect();
    bench.wait(20_000);
    bench.answer(Source::Nodes, Page::Nodes(nodes));
    let state = |n: i32| ssm::InstancePatchState {
        instance_id: format!("mi-{n:017x}"),
        missing_count: Some(n),
        operation_end_time: Timestamp::default(),
        ..Default::default()
    };
    let asked = (0..6).map(|n| format!("mi-{n:017x}")).collect();
    bench.answer(Source::PatchStates, Page::PatchStates { asked, states: (0..5).map(state).collect() });
    for (text, shown) in [
        ("seen>2m", 4),
        ("seen<2m", 2),
        ("seen>1h", 0),
        ("seen>1m30s", 4),
        ("missing>3", 1),
        ("missing>=3", 2),
        ("missing:0", 1),
    ] {
        assert_eq!(filter(&mut bench, text), shown, "{text}");
    }
}

#[test]
fn a_tag_that_no_node_has_is_told_with_the_one_that_is_meant() {
    let mut bench = loaded(6);
    assert_eq!(filter(&mut bench, "tag:Environ=prod"), 0);
    let screen = bench.screen(80, 24);
    assert!(screen.contains("no node has a tag Environ; perhaps tag:Env=prod?"), "{screen}");
    assert!(screen.contains("through. No node has"), "{screen}");
    assert_eq!(filter(&mut bench, "tag:env=prod"), 0);
    let screen = bench.screen(80, 24);
    assert!(screen.contains("no node has a tag env; perhaps tag:Env=prod?"), "{screen}");
    // A value that none has is another matter, and so is a tag while tags are not known.
    assert_eq!(filter(&mut bench, "tag:Env=none"), 0);
    assert!(!bench.screen(80, 24).contains("No node has a tag"));
    bench.answer(Source::Nodes, Page::Nodes((0..7).map(info).collect()));
    assert_eq!(filter(&mut bench, "tag:env=prod"), 0);
    assert!(!bench.screen(80, 24).contains("No node has a tag"));
}

#[test]
fn the_first_step_back_from_a_filter_that_lets_nothing_through_takes_it_away() {
    let mut bench = loaded(6);
    bench.press("d");
    assert!(bench.state.fleet.detail);
    // Neither what is hidden nor what is told of the filter comes first.
    assert_eq!(filter(&mut bench, "tag:env=prod"), 0);
    assert!(bench.state.notices.shown(bench.now).len() == 1);
    bench.press("esc");
    assert_eq!((bench.state.fleet.shown(), bench.state.fleet.detail), (6, true));
    bench.press("esc");
    assert!(!bench.state.fleet.detail);
}

#[test]
fn what_makes_no_sense_in_a_filter_is_told_while_it_is_typed() {
    let mut bench = loaded(3);
    bench.press("/");
    for (text, told) in [
        ("pong:lost ", "there is no key pong; perhaps ping:lost,inactive?"),
        ("seen>soon ", "seen>soon: an age is wanted, such as seen>5m"),
        ("missing>x ", "a number is wanted"),
        ("ping>lost ", "has no more or less"),
    ] {
        bench.type_text(text);
        let screen = bench.screen(200, 24);
        assert!(screen.contains(told), "{text}: {screen}");
        bench.press("ctrl-u");
    }
}

#[test]
fn tab_completes_keys_tags_and_values() {
    let mut bench = loaded(8);
    let mut complete = |typed: &str, tabs: usize| {
        bench.press("/ ctrl-u");
        bench.type_text(typed);
        (0..tabs).for_each(|_| bench.press("tab"));
        bench.state.fleet.filter.text().to_owned()
    };
    assert_eq!(complete("pi", 1), "ping:");
    assert_eq!(complete("!pi", 1), "!ping:");
    assert_eq!(complete("web ping:l", 1), "web ping:lost");
    assert_eq!(complete("ping:lost,i", 1), "ping:lost,inactive");
    assert_eq!(complete("see", 1), "seen>");
    assert_eq!(complete("tag:E", 1), "tag:Env=");
    assert_eq!(complete("tag:Env=", 1), "tag:Env=prod");
    assert_eq!(complete("tag:Env=", 2), "tag:Env=test");
    assert_eq!(complete("tag:Env=", 3), "tag:Env=prod");
    assert_eq!(complete("tag:C", 1), "tag:\"Cost Center\"=");
    assert_eq!(complete("tag:\"Cost Center\"=", 1), "tag:\"Cost Center\"=\"a b\"");
    assert_eq!(complete("os:am", 1), "os:\"Amazon Linux 2023\"");
    assert_eq!(complete("nothing:", 1), "nothing:");
    assert!(bench.screen(120, 24).contains("nothing:"));
}

#[test]
fn a_large_fleet_is_put_into_order_beside_the_loop() {
    let count = 5_000;
    let mut bench = loaded(count);
    let job = |bench: &mut Bench| {
        let at = bench.fx.iter().rposition(|effect| matches!(effect, Effect::Arrange(_))).expect("an order is wanted");
        match bench.fx.remove(at) {
            Effect::Arrange(job) => job,
            _ => unreachable!(),
        }
    };
    let first = job(&mut bench);
    bench.apply(Update::Arranged(Box::new(first.run())));
    while bench.state.fleet.shown() < count || !bench.state.fleet.is_settled() {
        bench.wait(1_000);
        let next = job(&mut bench);
        bench.apply(Update::Arranged(Box::new(next.run())));
    }
    bench.fx.clear();
    bench.press("end");
    let here = bench.state.fleet.current().unwrap().id.clone();
    // What is typed shows at once, the rows when they are there; the cursor stays on its node.
    bench.press("/");
    bench.type_text("web");
    assert_eq!(bench.state.fleet.shown(), count);
    let slow = job(&mut bench);
    bench.type_text("-4");
    let fast = job(&mut bench);
    bench.apply(Update::Arranged(Box::new(fast.run())));
    let shown = bench.state.fleet.shown();
    assert!(shown > 0 && shown < count / 2);
    // An answer to an older question changes nothing.
    bench.apply(Update::Arranged(Box::new(slow.run())));
    assert_eq!(bench.state.fleet.shown(), shown);
    assert!(bench.state.fleet.is_settled());
    bench.press("esc");
    let all = job(&mut bench);
    bench.apply(Update::Arranged(Box::new(all.run())));
    assert_eq!(bench.state.fleet.shown(), count);
    // The filter is asked for, but its rows are not there: what is marked is what matches.
    bench.press("/");
    bench.type_text("ping:lost");
    bench.press("enter a");
    assert_eq!(bench.state.fleet.marked_count(), count / 5);
    // An order of nodes that are gone is of no use.
    bench.press("/ ctrl-u");
    bench.type_text("name:db");
    bench.press("enter");
    let late = job(&mut bench);
    bench.wait(3_600_000);
    bench.answer(Source::Nodes, Page::Nodes((1..count).map(info).collect()));
    bench.apply(Update::Arranged(Box::new(late.run())));
    bench.wait(1_000);
    let last = job(&mut bench);
    bench.apply(Update::Arranged(Box::new(last.run())));
    assert_eq!((bench.state.fleet.total(), bench.state.fleet.shown()), (count - 1, count / 2));
    assert_eq!(bench.state.fleet.marked_count(), count / 5 - 1, "node 0 was marked and is gone");
    assert!(bench.state.fleet.listed(&here).next().is_some());
}

#[test]
fn the_service_is_asked_while_the_list_is_not_whole() {
    let mut bench = Bench::new(false);
    let (_, epoch) = bench.asked(Source::Nodes).unwrap();
    bench.apply(Update::Page { source: Source::Nodes, epoch, page: Page::Nodes((0..3).map(info).collect()) });
    assert_eq!(filter(&mut bench, "tag:Env=prod web"), 0);
    let (query, epoch) = bench.asked(Source::NodesWhere).expect("the service is asked");
    let Query::NodesWhere(filters) = query else { panic!("{query:?}") };
    assert_eq!(
        (filters.len(), filters[0].key.as_str(), filters[0].values.as_slice()),
        (1, "tag:Env", &["prod".to_owned()][..])
    );
    // Its tags are not here yet, and the service said that they fit: the node is shown. Words are tried here.
    let page = Page::Nodes(vec![info(40), info(41)]);
    bench.apply(Update::Page { source: Source::NodesWhere, epoch, page });
    bench.apply(Update::End { source: Source::NodesWhere, epoch, result: Ok(()) });
    assert_eq!(bench.state.fleet.shown(), 1);
    let screen = bench.screen(200, 24);
    assert!(screen.contains("filter ⇡tag:Env=prod web shows 1  ⇡ at the service: 2"), "{screen}");
    filter(&mut bench, "web");
    assert!(!bench.screen(200, 24).contains("at the service"));
    // What comes late is no answer to another question.
    filter(&mut bench, "tag:Env=stage");
    let page = Page::Nodes(vec![info(42)]);
    bench.apply(Update::Page { source: Source::NodesWhere, epoch, page });
    assert_eq!(bench.state.fleet.served_count(), 0);
}

#[test]
fn filters_the_service_cannot_answer_together_are_not_put_to_it() {
    let mut bench = Bench::new(false);
    let asked = |bench: &mut Bench, text: &str| {
        bench.fx.clear();
        filter(bench, text);
        match bench.asked(Source::NodesWhere) {
            Some((Query::NodesWhere(filters), _)) => filters.into_iter().map(|f| (f.key, f.values.join(","))).collect(),
            _ => Vec::new(),
        }
    };
    let one = |key: &str, values: &str| vec![(key.to_owned(), values.to_owned())];
    assert_eq!(asked(&mut bench, "ping:lost,inactive"), one("PingStatus", "ConnectionLost,Inactive"));
    assert_eq!(asked(&mut bench, "ping:lost tag:Env=a,b"), one("tag:Env", "a,b"), "tags stand alone there");
    assert_eq!(asked(&mut bench, "tag:Env"), one("tag-key", "Env"));
    assert_eq!(asked(&mut bench, "agent:3.3.40.0"), one("AgentVersion", "3.3.40.0"));
    for here in ["!ping:lost", "tag:Env=a*", "tag:N>3", "agent:3.3", "agent>3.3.0.0", "name:x", "id:mi-0", "seen>5m"] {
        assert_eq!(asked(&mut bench, here), [], "{here}");
    }
}

#[test]
fn the_list_is_sorted_by_several_columns() {
    let mut bench = loaded(8);
    bench.state.fleet.set_sort(vec![(Column::Tag("Env".into()), true), (Column::Agent, false)]);
    bench.state.settle(&mut bench.fx);
    let names: Vec<_> = (0..8).filter_map(|row| bench.state.fleet.row(row)).map(|node| node.name.clone()).collect();
    assert_eq!(names, ["db-1", "db-5", "db-3", "db-7", "web-0", "web-4", "web-2", "web-6"]);
    bench.state.fleet.set_sort(vec![(Column::Name, false)]);
    bench.press("shift-o");
    assert!(bench.screen(120, 24).contains("Name↑1") && bench.screen(120, 24).contains("Ping↑2"));
    bench.press("shift-o ~");
    assert_eq!(bench.state.fleet.sort(), [(Column::Name, true), (Column::Compliance, false)]);
}

#[test]
fn columns_are_chosen_moved_and_sorted_by_in_their_box() {
    let mut bench = loaded(4);
    bench.press("shift-c space esc");
    assert!(!bench.state.fleet.columns().contains(&Column::Name), "the first column was hidden");
    bench.press("shift-c end space");
    assert_eq!(bench.state.fleet.columns().last(), Some(&Column::Tag("Env".into())));
    bench.press("o o shift-k");
    assert_eq!(bench.state.fleet.sort(), [(Column::Tag("Env".into()), true)]);
    bench.press("home shift-o shift-j esc");
    assert_eq!(bench.state.fleet.sort().len(), 2);
    assert_eq!(bench.state.fleet.columns()[1], Column::Ping);
    assert!(bench.screen(200, 24).contains("Env↓1"));
    bench.press("ctrl-w");
    assert!(bench.screen(200, 24).contains("Activation") || bench.state.fleet.shown_columns().len() > 10);
}

#[test]
fn the_settings_have_columns_for_places() {
    let settings =
        "[columns]\nfleet = ['name']\n[[columns.scope]]\nmatch = 'te*'\nfleet = ['name', 'tag:Env', 'colour']\n";
    let mut bench = loaded_with(crate::console::read(settings), 4);
    assert_eq!(bench.state.fleet.columns(), [Column::Name, Column::Tag("Env".into())]);
    assert!(bench.screen(160, 24).contains("settings.toml:5: [[columns.scope]] fleet: there is no colum"));
}

#[test]
fn a_folded_list_counts_and_opens_its_groups() {
    let mut bench = loaded(20);
    bench.press("b");
    bench.type_text("tag:Env");
    bench.press("enter");
    let groups: Vec<_> =
        bench.state.fleet.groups().iter().map(|group| (group.title().to_owned(), group.count)).collect();
    assert_eq!(groups, [("prod".to_owned(), 10), ("test".to_owned(), 10)]);
    assert!(bench.state.fleet.current().is_none(), "there is no node under the cursor");
    bench.press("j enter");
    assert_eq!((bench.state.fleet.filter.text(), bench.state.fleet.shown()), ("tag:Env=test", 10));
    bench.press("esc");
    assert_eq!((bench.state.fleet.groups().len(), bench.state.fleet.group_cursor.at), (2, 1));
    bench.press("space");
    assert_eq!(bench.state.fleet.marked_count(), 10);
    bench.press("o");
    assert!(bench.screen(120, 24).contains("Nodes"));
    bench.press("esc");
    assert_eq!(bench.state.fleet.grouped_by(), None);
}

#[test]
fn every_group_opens_to_the_nodes_it_counted() {
    let mut bench = loaded(20);
    for column in Column::all().chain([Column::Tag("Env".into()), Column::Tag("Cost Center".into())]) {
        bench.state.fleet.set_filter("");
        bench.state.fleet.set_group(Some(column.clone()));
        bench.state.settle(&mut bench.fx);
        let groups = bench.state.fleet.groups().to_vec();
        assert_eq!(groups.iter().map(|group| group.count).sum::<usize>(), 20, "{column:?}");
        for (row, group) in groups.iter().enumerate() {
            bench.state.fleet.set_filter("");
            bench.state.fleet.set_group(Some(column.clone()));
            bench.state.settle(&mut bench.fx);
            bench.state.fleet.group_cursor.at = row;
            if bench.state.fleet.open_group() {
                bench.state.settle(&mut bench.fx);
                let filter = bench.state.fleet.filter.text();
                assert_eq!(bench.state.fleet.shown(), group.count, "{column:?} {filter}");
            }
        }
    }
}

#[test]
fn a_view_is_kept_and_taken_again() {
    let settings = "[[view]]\nname = 'silent'\nfilter = 'ping:lost'\nsort = ['-seen']\ngroup = 'platform'\n";
    let mut bench = loaded_with(Settings::parse(settings).unwrap(), 20);
    bench.press("shift-v enter");
    assert_eq!(bench.state.fleet.grouped_by(), Some(&Column::Platform));
    assert_eq!((bench.state.fleet.filter.text(), bench.state.fleet.shown()), ("ping:lost", 4));
    bench.state.fleet.set_group(None);
    bench.press("ctrl-s ctrl-u");
    bench.type_text("mine");
    bench.press("ctrl-s");
    let kept = bench.fx.iter().find_map(|effect| match effect {
        Effect::Keep { path, text } => Some((path.clone(), text.to_string())),
        _ => None,
    });
    let (path, text) = kept.expect("it is written");
    assert_eq!(path, Path::new("/state/views.toml"));
    let views = crate::config::view::Views::parse(&text).unwrap().views;
    let sort = vec!["-seen".to_owned()];
    assert_eq!(views, [View { name: "mine".to_owned(), filter: "ping:lost".to_owned(), sort, ..View::default() }]);
    bench.state.fleet.set_filter("");
    bench.press("shift-v");
    bench.type_text("mine");
    bench.press("enter");
    assert_eq!(bench.state.fleet.filter.text(), "ping:lost");
}

#[test]
fn what_is_seen_is_exported() {
    let mut bench = loaded(6);
    filter(&mut bench, "web");
    bench.press("e");
    assert!(bench.screen(80, 24).contains("Export the fleet"));
    bench.press("ctrl-s");
    let exported = bench.fx.iter().find_map(|effect| match effect {
        Effect::Export { export, path } => Some((export.text(), path.clone())),
        _ => None,
    });
    let (text, path) = exported.expect("it is written");
    assert_eq!(text.lines().count(), 4);
    assert_eq!(path, Path::new("/saved/fleet-20261122-100000.csv"));
    bench.press("e tab space space tab space ctrl-s");
    let copied = |bench: &Bench| {
        bench.fx.iter().rev().find_map(|effect| match effect {
            Effect::Copy { text, .. } => Some(text.clone()),
            _ => None,
        })
    };
    assert!(copied(&bench).unwrap().starts_with("| name | ping |"));
    bench.press("shift-y");
    assert!(copied(&bench).unwrap().starts_with("web-0\tlost\t"));
    bench.press("alt-y");
    bench.type_text("Platform");
    bench.press("enter");
    assert_eq!(copied(&bench).unwrap(), "Debian GNU/Linux 2023");
    bench.press("ctrl-y");
    assert_eq!(copied(&bench).unwrap().lines().count(), 3);
    bench.state.act(Action::MarkNone, &mut bench.fx);
    bench.press("e space ctrl-s");
    assert!(bench.screen(80, 24).contains("there are no such rows"));
}

#[test]
fn why_a_node_is_not_connected_is_found_out() {
    let mut bench = loaded(6);
    bench.press("w");
    let id = bench.state.fleet.current().unwrap().id.clone();
    let (query, _) = bench.asked(Source::Why).unwrap();
    assert_eq!(query, Query::Why { called: "db-1".to_owned(), id: Some(id) });
    assert!(bench.screen(80, 24).contains("asking"));
    let answer = crate::console::state::fleet::why::Answer::Known;
    let findings = Findings {
        asked: "db-1".to_owned(),
        endpoint: "http://127.0.0.1:7700".to_owned(),
        connection: answer(ConnectionStatus::NotConnected),
        ..Findings::default()
    };
    bench.answer(Source::Why, Page::Why(Box::new(findings)));
    let screen = bench.screen(80, 24);
    assert!(screen.contains("holds no channel for sessions"), "{screen}");
    assert!(screen.contains("✗ bad") && screen.contains("✓ good"));
    bench.press("esc shift-w");
    bench.type_text("web-99");
    bench.press("ctrl-s");
    assert_eq!(bench.asked(Source::Why).unwrap().0, Query::Why { called: "web-99".to_owned(), id: None });
    assert!(matches!(bench.state.overlays.as_slice(), [Overlay::Why { .. }]));
}
