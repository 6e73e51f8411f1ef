//! Orders and filters that every list has: by any column that is shown, by keys, by the mouse.

use crossterm::event::{KeyModifiers, MouseButton, MouseEvent, MouseEventKind};

use super::{info, lists, node_view, samples, sessions};
use crate::{
    console::{
        effect::{Epoch, Source},
        state::{Event, fleet::Column, list::List},
        testing::Bench,
        text,
        update::{Page, Update},
    },
    ssm,
};

/// Says a line after `:`.
/// Gives nodes tags, by their numbers.
fn tag(bench: &mut Bench, key: &str, values: &[(usize, &str)]) {
    for (n, value) in values {
        let tags = vec![ssm::Tag { key: key.to_owned(), value: (*value).to_owned() }];
        let page = Page::Tags { node: info(*n).instance_id.unwrap(), tags };
        bench.apply(Update::Page { source: Source::Tags, epoch: Epoch::default(), page });
    }
}

/// Clicks on the last place where a text stands on the screen, with keys held.
fn click_on(bench: &mut Bench, what: &str, modifiers: KeyModifiers) {
    let (width, height) = (160, 30);
    let buffer = bench.buffer(width, height);
    let row = |y: u16| (0..width).map(|x| buffer[(x, y)].symbol()).collect::<String>();
    let found = (0..height).rev().find_map(|y| Some((y, row(y).find(what)?)));
    let (y, at) = found.unwrap_or_else(|| panic!("{what} is not on the screen"));
    let column = u16::try_from(text::width(&row(y)[..at])).unwrap();
    let event = MouseEvent { kind: MouseEventKind::Down(MouseButton::Left), column, row: y, modifiers };
    bench.state.feed(Event::Mouse(event), bench.now, &mut bench.fx);
}

fn session_nodes(bench: &Bench) -> Vec<char> {
    let rows = (0..bench.state.sessions.lens.len()).filter_map(|row| bench.state.sessions.row(row));
    rows.filter_map(|session| session.node.chars().last()).collect()
}

#[test]
fn lists_of_nodes_are_sorted_by_their_tags() {
    let mut bench = sessions::sessions();
    tag(&mut bench, "Build", &[(1, "10"), (3, "9")]);
    bench.say("columns node,tag:Build,owner");
    bench.say("sort tag:Build");
    assert_eq!(session_nodes(&bench), ['3', '1', '2'], "a number as a number, what has none last");
    assert!(bench.screen(160, 30).contains("Build↑"));
    bench.press("~");
    assert_eq!(session_nodes(&bench), ['1', '3', '2'], "what has none stands last in either order");
    // By its heading, too.
    bench.say("sort build");
    assert_eq!(session_nodes(&bench), ['3', '1', '2']);
    // Keys go through what is shown, tags among it.
    bench.state.change_lens(|lens| lens.set_order(Vec::new()));
    bench.press("o o");
    assert_eq!(session_nodes(&bench), ['3', '1', '2']);
    bench.press("shift-c down o esc");
    assert_eq!(session_nodes(&bench), ['1', '3', '2'], "again in the box turns the order around");
    // A tag that comes later counts.
    tag(&mut bench, "Build", &[(2, "11")]);
    assert_eq!(session_nodes(&bench), ['2', '1', '3']);
}

#[test]
fn what_is_equal_in_a_tag_is_sorted_further() {
    let mut bench = sessions::sessions();
    tag(&mut bench, "Env", &[(1, "prod"), (2, "prod"), (3, "dev")]);
    bench.say("columns tag:Env,node");
    bench.say("sort tag:Env");
    bench.press("shift-o");
    assert_eq!(session_nodes(&bench), ['3', '1', '2']);
    let screen = bench.screen(160, 30);
    assert!(screen.contains("Env↑1") && screen.contains("Node↑2"), "{screen}");
}

#[test]
fn a_click_on_a_heading_sorts_and_one_more_turns_around() {
    let mut bench = sessions::sessions();
    click_on(&mut bench, "Node", KeyModifiers::NONE);
    assert_eq!(session_nodes(&bench), ['1', '2', '3']);
    click_on(&mut bench, "Node↑", KeyModifiers::NONE);
    assert_eq!(session_nodes(&bench), ['3', '2', '1']);
    click_on(&mut bench, "Status", KeyModifiers::NONE);
    click_on(&mut bench, "Began", KeyModifiers::CONTROL);
    assert!(bench.screen(160, 30).contains("Status↑1") && bench.screen(160, 30).contains("Began↓2"));
    // In the fleet, its tags and its groups.
    let mut bench = super::loaded(false, 3);
    tag(&mut bench, "Env", &[(0, "b"), (1, "c"), (2, "a")]);
    bench.say("columns name,tag:Env,ip");
    click_on(&mut bench, "Env", KeyModifiers::NONE);
    assert_eq!(bench.state.fleet.sort(), [(Column::Tag("Env".into()), false)]);
    click_on(&mut bench, "Name", KeyModifiers::CONTROL);
    assert_eq!(bench.state.fleet.sort().len(), 2);
    bench.press("b");
    bench.type_text("tag:Env");
    bench.press("enter");
    click_on(&mut bench, "Nodes ", KeyModifiers::NONE);
    assert!(bench.screen(160, 30).contains("Nodes↓"), "{}", bench.screen(160, 30));
    // A box over the list keeps clicks from it.
    let mut bench = sessions::sessions();
    bench.screen(160, 30);
    let before = bench.state.lens().unwrap().order().to_vec();
    bench.press("?");
    bench.click(3, 2);
    bench.press("esc");
    assert_eq!(bench.state.lens().unwrap().order(), before);
}

#[test]
fn nothing_stands_last_in_the_fleet_whatever_it_is_sorted_by() {
    let mut bench = Bench::new(false);
    let node = |n: usize, ip: &str| ssm::InstanceInformation {
        ip_address: Some(ip.to_owned()).filter(|ip| !ip.is_empty()),
        ..info(n)
    };
    bench.answer(Source::Nodes, Page::Nodes(vec![node(1, ""), node(2, "10.0.0.10"), node(3, "10.0.0.9")]));
    let names = |bench: &Bench| (0..3).map(|row| bench.state.fleet.row(row).unwrap().name.clone()).collect::<Vec<_>>();
    for (line, order) in [("sort ip", ["web-3", "web-2", "web-1"]), ("sort ip desc", ["web-2", "web-3", "web-1"])] {
        bench.say(line);
        assert_eq!(names(&bench), order, "{line}");
    }
}

#[test]
fn results_keep_their_order_whether_folded_or_not() {
    let mut bench = lists::results();
    bench.press("v");
    bench.say("sort id desc");
    let first = |bench: &Bench| bench.state.commands.results.as_ref().unwrap().row(0).map(|row| row.name.clone());
    assert_eq!(first(&bench).as_deref(), Some("web-10"));
    // Groups have no such column, and an order of their own; the nodes are as they were afterwards.
    bench.press("v");
    assert!(bench.screen(120, 30).contains("web-"));
    bench.press("v");
    assert_eq!(first(&bench).as_deref(), Some("web-10"));
}

#[test]
fn a_key_that_no_list_has_is_told_while_it_is_typed() {
    for (mut bench, typed, near) in [
        (lists::commands(), "stat:failed", "perhaps status?"),
        (lists::results(), "resutl:failed", "perhaps result?"),
        (lists::patches(), "severty:low", "perhaps severity?"),
        (sessions::sessions(), "nodes:web", "perhaps node?"),
        (node_view::processes(), "comand:x", "perhaps command?"),
    ] {
        bench.press("/");
        bench.type_text(typed);
        let screen = bench.screen(200, 24);
        let key = typed.split(':').next().unwrap();
        let told = format!("there is no key {key}; {near} The keys are ");
        assert!(screen.contains(&told), "{told}\n{screen}");
        // Where the line has no room for all keys, the card has.
        let screen = bench.screen(80, 24);
        assert!(screen.contains("There is no key"), "{screen}");
        bench.press("enter");
        let notice = bench.state.notices.all().next().unwrap();
        assert!(notice.trouble.what.contains("there is no key"), "{}", notice.trouble.what);
    }
    let mut bench = lists::commands();
    bench.press("/");
    bench.type_text("foo:bar");
    assert!(bench.screen(200, 24).contains("there is no key foo; the keys are status command nodes"));
    // What is a key of tags is said to be one.
    let mut bench = sessions::sessions();
    tag(&mut bench, "Env", &[(1, "prod")]);
    bench.press("/");
    bench.type_text("env:prod");
    assert!(bench.screen(200, 24).contains("perhaps tag:Env=prod?"), "{}", bench.screen(200, 24));
    let mut bench = super::loaded(false, 3);
    tag(&mut bench, "Env", &[(1, "prod")]);
    bench.press("/");
    bench.type_text("env:prod");
    assert!(bench.screen(200, 24).contains("perhaps tag:Env=prod?"), "{}", bench.screen(200, 24));
}

#[test]
fn tags_filter_every_list_of_nodes() {
    let mut bench = sessions::sessions();
    tag(&mut bench, "Env", &[(1, "prod"), (2, "test")]);
    let mut found = |filter: &str| {
        bench.press("/ ctrl-u");
        bench.type_text(filter);
        let found = session_nodes(&bench).into_iter().collect::<String>();
        bench.press("esc");
        found
    };
    assert_eq!((found("tag:Env=prod").as_str(), found("tag:Env=prod,test").as_str()), ("1", "12"));
    assert_eq!((found("!tag:Env").as_str(), found("tag:Env=p*").as_str()), ("3", "1"));
    bench.press("/");
    bench.type_text("tag:En");
    bench.press("tab tab");
    assert_eq!(bench.state.lens().unwrap().filter.text(), "tag:Env=prod");
}

#[test]
fn compared_nodes_are_filtered_and_sorted_as_all_lists() {
    let mut bench = samples::compared();
    let names = |bench: &Bench| {
        let compare = bench.state.compare.as_ref().unwrap();
        let ids = (0..compare.lens.len()).filter_map(|row| compare.row(row));
        ids.map(|id| bench.state.fleet.node(id).unwrap().name.clone()).collect::<Vec<_>>()
    };
    let all = names(&bench);
    assert!(all.len() > 1);
    bench.press("/");
    bench.type_text(&all[1]);
    assert_eq!(names(&bench), [all[1].clone()]);
    assert!(bench.screen(120, 24).contains(&format!("1 of {}", all.len())));
    bench.press("enter y");
    let id = bench.state.compare.as_ref().unwrap().current().unwrap().clone();
    assert_eq!(bench.state.fleet.node(&id).unwrap().name, all[1], "the row under the cursor is the one that is seen");
    bench.press("esc");
    assert_eq!(names(&bench), all);
    assert!(bench.state.compare.is_some(), "without a filter esc goes back, and only then");
    bench.say("sort name desc");
    assert!(names(&bench).is_sorted_by(|a, b| a >= b));
    assert_eq!(bench.state.list(), Some(List::Compared));
    bench.press("/");
    bench.type_text("disk>0 !disk:full");
    let some = names(&bench).len();
    assert!(some < all.len() && some > 0, "{:?}", names(&bench));
    bench.press("esc esc");
    assert!(bench.state.compare.is_none());
}
