//! What must not get lost on a low and narrow screen.

use super::{SIZES, fleet, history, invocation, node, shell, snapshots};
use crate::{
    console::{
        effect::Source,
        testing::Bench,
        tests::{node_view as made, samples},
        update::{Page, Trouble, Update},
    },
    ssm::{self, CommandInvocationStatus, PingStatus},
};

fn parameters() -> Bench {
    let mut bench = Bench::new(false);
    bench.press("4");
    let listed = ssm::ParameterMetadata {
        name: Some("/app/prod/database/password".to_owned()),
        r#type: Some(ssm::ParameterType::SecureString),
        version: Some(7),
        ..Default::default()
    };
    bench.answer(Source::Parameters, Page::Parameters(vec![listed]));
    bench.screen(40, 10);
    bench.press("*");
    bench.press("end");
    bench
}

#[test]
fn nobody_says_yes_to_what_cannot_be_seen() {
    let mut bench = Bench::new(false);
    bench.answer(Source::Nodes, Page::Nodes(vec![node(1, "web-1", PingStatus::Online)]));
    bench.press("r");
    bench.type_text("systemctl stop nginx\nrm -rf /var/cache/nginx\nsystemctl start nginx");
    bench.press("ctrl-s");
    let screen = bench.screen(40, 10);
    for seen in ["on 1 node", "web-1", "systemctl stop nginx", "lines 1-4 of 7", "y yes"] {
        assert!(screen.contains(seen), "{seen}\n{screen}");
    }
    bench.press("j pagedown");
    let screen = bench.screen(40, 10);
    assert!(screen.contains("systemctl start nginx") && screen.contains("first error"), "{screen}");
    bench.press("end");
    bench.screen(40, 10);
    bench.press("k k k");
    assert!(bench.screen(40, 10).contains("on 1 node"));
    // Many nodes: their number is typed, and the arrows still scroll.
    let mut bench = Bench::new(false);
    let many = (1..=30).map(|n| node(n, &format!("web-{n}"), PingStatus::Online)).collect();
    bench.answer(Source::Nodes, Page::Nodes(many));
    bench.screen(40, 10);
    bench.press("a r");
    bench.type_text("reboot");
    bench.press("ctrl-s");
    assert!(bench.screen(40, 10).contains("type 30 and enter"), "{}", bench.screen(40, 10));
    bench.press("down down down");
    assert!(bench.screen(40, 10).contains("reboot"), "{}", bench.screen(40, 10));
    snapshots("delete_parameter", || {
        let mut bench = parameters();
        bench.press("shift-d");
        bench
    });
    let mut bench = parameters();
    bench.press("shift-d");
    let screen = bench.screen(40, 10);
    for seen in ["database/password", "cannot be taken back", "type delete and enter"] {
        assert!(screen.contains(seen), "{seen}\n{screen}");
    }
}

#[test]
fn the_chosen_one_is_seen_at_every_size() {
    for (width, height) in SIZES {
        let mut bench = parameters();
        bench.press("n tab");
        for kind in ["String", "StringList", "SecureString", "String"] {
            let buffer = bench.buffer(width, height);
            let active = crate::config::theme::Theme::shipped("dark").style(crate::config::theme::Role::TabActive).bg;
            // The pane's own tab stands in the second row.
            let cells = buffer.content().iter().skip(usize::from(width) * 2);
            let chosen: String = cells.filter(|cell| Some(cell.bg) == active).map(|cell| cell.symbol()).collect();
            assert_eq!(chosen.split_whitespace().next(), Some(kind), "{}", bench.screen(width, height));
            bench.press("space");
        }
    }
}

#[test]
fn a_form_says_that_it_has_more_fields() {
    let mut bench = fleet();
    bench.press("a r");
    let screen = bench.screen(40, 10);
    assert!(screen.contains("field 2 of 9, tab for the others"), "{screen}");
    assert!(screen.contains("AWS-RunShellScript ") && screen.contains("tab next field"), "{screen}");
    assert!(!bench.screen(200, 60).contains("field 2 of"));
}

#[test]
fn a_line_that_goes_on_says_so() {
    let read = || {
        let mut bench = history();
        bench.press("enter");
        let output = format!("{}needle\nshort\n{}", "long ".repeat(12), "line\n".repeat(20));
        let page = vec![invocation(1, CommandInvocationStatus::Success, 0, &output)];
        bench.answer(Source::Invocations, Page::Invocations(page));
        bench.press("enter");
        bench.screen(40, 10);
        bench
    };
    let mut bench = read();
    assert!(bench.screen(40, 10).contains("long›"), "{}", bench.screen(40, 10));
    bench.press("l");
    let screen = bench.screen(40, 10);
    assert!(screen.contains("1 ‹g long"), "{screen}");
    assert!(bench.screen(80, 24).contains("from column 9"));
    bench.press("shift-w");
    let screen = bench.screen(40, 10);
    assert!(screen.contains("needle") && !screen.contains('›'), "{screen}");
    // The end is reached, and from there every line on the way back.
    bench.press("end");
    assert!(bench.screen(40, 10).contains("22  line"), "{}", bench.screen(40, 10));
    for _ in 0..30 {
        bench.press("k");
        bench.screen(40, 10);
    }
    assert!(bench.screen(40, 10).contains("needle"));
}

#[test]
fn how_old_it_is_stays_beside_the_tabs_of_a_node() {
    let mut bench = made::opened();
    bench.wait(40_000);
    let screen = bench.screen(40, 10);
    assert!(screen.contains("no answer for 40s"), "{screen}");
    assert!(screen.contains("Over D P S U F L"), "{screen}");
    // What ails the whole service is told as in the fleet.
    bench.refuse(Source::Nodes, "cannot reach http://127.0.0.1:1: refused");
    let screen = bench.screen(80, 24);
    assert!(screen.contains("from before") && screen.contains("cannot reach http://127.0.0.1:1: refused"), "{screen}");
}

#[test]
fn the_overview_of_a_node_scrolls_and_marks_what_it_cuts() {
    let mut bench = made::opened();
    let screen = bench.screen(40, 10);
    assert!(screen.contains('…') && !screen.contains("Disks"), "{screen}");
    bench.press("end");
    let screen = bench.screen(40, 10);
    assert!(screen.contains("Disks") && screen.contains("free"), "{screen}");
}

#[test]
fn the_plan_tells_the_script_and_the_whole_line() {
    let mut bench = fleet();
    bench.press("a r");
    bench.type_text("set -e\nsystemctl restart nginx");
    bench.press("ctrl-t");
    for (width, height) in [(40, 10), (80, 24)] {
        bench.press("home");
        let mut seen = String::new();
        for _ in 0..40 {
            seen.push_str(&bench.screen(width, height));
            bench.press("j");
        }
        for word in ["systemctl restart nginx", "web-2", "--instance-ids", "mi-00000000000000006"] {
            assert!(seen.contains(word), "{word} at {width}x{height}\n{}", bench.screen(width, height));
        }
    }
}

#[test]
fn help_and_the_line_explain_themselves_on_a_low_screen() {
    let mut bench = fleet();
    bench.press("?");
    let screen = bench.screen(40, 10);
    assert!(screen.contains("Mark the row, or what is below a") && screen.contains("✎ changes something"), "{screen}");
    // What changes something is told before the words that may be cut.
    bench.type_text("run-command");
    for (width, height) in [(40, 10), (80, 24), (200, 60)] {
        assert!(bench.screen(width, height).contains("✎ Run"), "{}", bench.screen(width, height));
        assert!(bench.ascii(width, height).contains("! Run"));
    }
    bench.press("ctrl-u");
    bench.type_text("no such thing");
    assert!(bench.screen(40, 10).contains("Nothing here has what was typed"));
    bench.press("esc :");
    bench.type_text("mark");
    let screen = bench.screen(40, 10);
    assert!(screen.contains("Mark the row, or what is below a"), "{screen}");
    // A key is listed once with what it means here, however many layers bind it.
    let mut bench = made::files();
    bench.press("?");
    let Some(crate::console::state::overlay::Overlay::Help { lines, .. }) = bench.state.overlays.last() else {
        panic!("help is open")
    };
    let here = lines.iter().take_while(|line| line.layer != crate::console::action::Layer::Global);
    let meanings: Vec<_> = here.filter(|line| line.keys.split(' ').any(|key| key == "l")).collect();
    assert_eq!(meanings.len(), 1, "{meanings:?}");
}

#[test]
fn boxes_name_their_own_keys() {
    let mut bench = fleet();
    bench.press("shift-c");
    let screen = bench.screen(80, 24);
    let last = screen.lines().last().unwrap();
    assert!(last.contains("space show/hide") && last.contains("o sort"), "{last}");
    assert!(!last.contains("accept") && !last.contains("dismiss"), "{last}");
    assert!(
        bench.screen(40, 10).lines().any(|line| line.contains("] name") && line.contains('↑')),
        "the sort sign is seen"
    );
    let mut bench = fleet();
    bench.press("a r");
    let screen = bench.screen(80, 24);
    assert!(screen.lines().last().unwrap().contains("^s done") && !screen.contains("submit"), "{screen}");
    let mut bench = Bench::new(false);
    bench.press("6");
    bench.answer(Source::Sessions, Page::Sessions(Vec::new()));
    let screen = bench.screen(80, 24);
    assert!(!screen.contains("terminate") && !screen.contains("transcript"), "{screen}");
    bench.press("7");
    let screen = bench.screen(80, 24);
    assert!(screen.contains("n new") && !screen.contains("remove"), "{screen}");
}

#[test]
fn in_ascii_two_names_of_another_script_are_told_apart() {
    let mut bench = Bench::new(false);
    let named = |n: usize, name: &str| ssm::InstanceInformation {
        name: Some(name.to_owned()),
        ..node(n, if n == 1 { "host-1" } else { "漢字" }, PingStatus::Online)
    };
    bench.answer(Source::Nodes, Page::Nodes(vec![named(1, "サーバ"), named(2, "漢字")]));
    let screen = bench.ascii(80, 24);
    assert!(screen.contains("host-1") && screen.contains("mi-0000000000"), "{screen}");
    assert!(!screen.contains("???"), "{screen}");
}

#[test]
fn arrows_point_down_where_the_most_stands_first() {
    let mut bench = made::processes();
    assert!(bench.screen(80, 24).contains("CPU%↓"), "{}", bench.screen(80, 24));
    let mut bench = samples::compared();
    assert!(bench.screen(80, 24).contains("Disk↓"), "{}", bench.screen(80, 24));
    let mut bench = fleet();
    bench.state.fleet.set_sort(vec![(crate::console::state::fleet::Column::LastSeen, false)]);
    assert!(bench.screen(80, 24).contains("Seen↓"), "the newest stands first");
}

#[test]
fn shells_on_one_node_are_told_apart() {
    let mut bench = fleet();
    bench.press("s");
    bench.screen(80, 24);
    bench.press("ctrl-g 1 s");
    let names: Vec<_> = bench.state.shells.tabs.iter().map(|tab| tab.name.clone()).collect();
    assert_eq!(names.len(), 2);
    assert_eq!(names[1], format!("{} (2)", names[0]));
}

#[test]
fn a_message_leaves_a_low_screen_and_the_way_out_to_be_seen() {
    let mut bench = fleet();
    bench.apply(Update::Failed(Trouble::new("no ".repeat(90), Some("wait"))));
    let screen = bench.screen(40, 10);
    assert!(screen.contains("db-1") && screen.contains('…'), "{screen}");
    let mut bench = shell();
    bench.press("ctrl-g f");
    bench.apply(Update::Failed(Trouble::new("a message", None)));
    let screen = bench.screen(80, 24);
    assert!(screen.contains("a message") && screen.lines().last().unwrap().contains("^g then"), "{screen}");
}
