//! How all nodes are: what is sampled of them, and what is told and compared by that.

use super::node_view::{bench, info, sampled};
use crate::{
    config::settings::Settings,
    console::{
        effect::{Effect, Source},
        state::node_view::Tab,
        testing::Bench,
        update::{Page, Trouble, Update},
    },
    ssm::PingStatus,
};

fn vitals(disk: u64) -> String {
    format!(
        "#up\n|5000.0 1\n#load\n|0.5 0.5 0.5 1/2 3\n#cores 2\n#mem\n|MemTotal: 1000 kB\n|MemAvailable: 400 kB\n\
         #kernel\n|6.1.0-18\n#df\n|/dev/vda1 1000000 {} {} {disk}% /\n#.\n",
        disk * 10_000,
        (100 - disk) * 10_000
    )
}

fn sample(bench: &mut Bench, node: usize, result: Result<String, Trouble>) {
    let (_, epoch) = bench.asked(Source::Samples).expect("no samples were asked for");
    let page = Page::Sample { node: format!("mi-{node:017}"), result };
    bench.apply(Update::Page { source: Source::Samples, epoch, page });
}

pub fn full() -> Bench {
    let mut bench = sampled();
    bench.wait(100);
    for (node, disk) in [(1, 40), (2, 60), (3, 95)] {
        sample(&mut bench, node, Ok(vitals(disk)));
    }
    let (_, epoch) = bench.asked(Source::Samples).unwrap();
    bench.apply(Update::End { source: Source::Samples, epoch, result: Ok(()) });
    bench
}

#[test]
fn from_a_full_disk_to_a_shell_it_is_three_keys() {
    let mut bench = full();
    let screen = bench.screen(120, 30);
    assert!(screen.contains("1 node with disk >= 90%: web-3 95% on /"), "{screen}");
    bench.press("!");
    assert_eq!((bench.state.fleet.shown(), bench.state.fleet.current().unwrap().name.as_str()), (1, "web-3"));
    bench.press("enter");
    assert_eq!(bench.state.node_view.as_ref().unwrap().tab, Tab::Disk);
    bench.press("s");
    let opened = bench.fx.iter().find_map(|effect| match effect {
        Effect::OpenShell { node, .. } => Some(node.as_str()),
        _ => None,
    });
    assert_eq!(opened, Some("mi-00000000000000003"));
}

#[test]
fn a_sample_is_taken_every_thirty_seconds_and_an_old_one_says_nothing() {
    let mut bench = full();
    let asked = |bench: &Bench| {
        bench
            .fx
            .iter()
            .filter(|e| matches!(e, Effect::Ask { query: crate::console::effect::Query::Samples(_), .. }))
            .count()
    };
    assert_eq!(asked(&bench), 1);
    bench.wait(29_000);
    assert_eq!(asked(&bench), 1);
    bench.wait(2_000);
    assert_eq!(asked(&bench), 2);
    // The next one is not answered: the old value goes, and with it the alarm.
    let trouble = Trouble::new("no answer within 25 s", None);
    sample(&mut bench, 3, Err(trouble));
    let screen = bench.screen(140, 30);
    assert!(!screen.contains("95%") && screen.contains("no answer 30s"), "{screen}");
    bench.wait(60_000);
    assert!(!bench.screen(140, 30).contains("60%"));
}

#[test]
fn nobody_samples_where_it_was_not_asked_for() {
    let mut bench = bench(Settings::default(), false);
    bench.wait(100_000);
    assert!(bench.asked(Source::Samples).is_none());
    bench.press("!");
    assert!(bench.screen(120, 30).contains("sample-every"));
    // To compare is to ask; elsewhere than here that needs a yes.
    bench.press("m");
    assert!(bench.asked(Source::Samples).is_none());
    assert!(bench.screen(120, 30).contains("AWS-RunShellScript on 3 nodes"));
    bench.press("y");
    assert!(bench.asked(Source::Samples).is_some());
}

pub fn compared() -> Bench {
    let mut bench = full();
    bench.press("a m");
    sample(&mut bench, 1, Ok(vitals(41)));
    sample(&mut bench, 3, Ok(vitals(95)));
    sample(&mut bench, 2, Err(Trouble::new("no answer within 25 s", None)));
    let (_, epoch) = bench.asked(Source::Samples).unwrap();
    bench.apply(Update::End { source: Source::Samples, epoch, result: Ok(()) });
    bench
}

#[test]
fn a_comparison_puts_the_worst_first_and_names_who_is_silent() {
    let mut bench = compared();
    let compare = bench.state.compare.as_ref().unwrap();
    let names: Vec<_> = (0..3).filter_map(|row| compare.row(row)?.id.chars().last()).collect();
    assert_eq!(names, ['3', '1', '2']);
    assert!(bench.screen(140, 30).contains("1 without an answer: web-2"));
    bench.press("enter");
    assert_eq!(bench.state.node_view.as_ref().unwrap().node, "mi-00000000000000003");
    bench.press("esc esc");
    assert!(bench.state.compare.is_none());
}

#[test]
fn a_lost_node_is_compared_by_nothing_that_looks_like_now() {
    let mut bench = compared();
    bench.wait(20_000);
    assert!(!bench.screen(140, 30).contains("web-3, "), "its answer is twenty seconds old");
    let lost = |n| info(n, if n == 3 { PingStatus::ConnectionLost } else { PingStatus::Online });
    bench.answer(Source::Nodes, Page::Nodes((1..=3).map(lost).collect()));
    assert!(bench.screen(140, 30).contains("2 without an answer: web-2, web-3"), "{}", bench.screen(140, 30));
}
