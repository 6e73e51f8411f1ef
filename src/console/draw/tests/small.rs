//! What must not get lost on a low and narrow screen.

use super::{SIZES, fleet, history, invocation, node, snapshots};
use crate::{
    console::{effect::Source, testing::Bench, update::Page},
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
    bench.press("down down down down");
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
    assert!(screen.contains("field 2 of 8, tab for the others"), "{screen}");
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
    assert!(screen.contains("wrapped") && screen.contains("needle") && !screen.contains('›'), "{screen}");
    // The end is reached, and from there every line on the way back.
    bench.press("end");
    assert!(bench.screen(40, 10).contains("22  line"), "{}", bench.screen(40, 10));
    for _ in 0..30 {
        bench.press("k");
        bench.screen(40, 10);
    }
    assert!(bench.screen(40, 10).contains("needle"));
}
