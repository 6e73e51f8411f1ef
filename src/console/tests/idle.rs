//! Nothing runs while nothing happens: the loop sleeps until something is due, and draws only what reads differently.

use super::world;
use crate::{
    config::settings::Settings,
    console::{
        effect::{Effect, Source},
        testing::{BEGIN, Bench},
        update::Page,
    },
    ssm::{self, Timestamp},
};

/// What a console did of itself in a time.
#[derive(Debug, PartialEq, Eq)]
struct Did {
    wakes: usize,
    frames: usize,
    asked: usize,
}

/// Lets a console idle as the loop does. Questions are not answered.
fn idle(bench: &mut Bench, millis: u64) -> Did {
    bench.screen(80, 24);
    bench.fx.clear();
    bench.state.dirty = false;
    let mut did = Did { wakes: 0, frames: 0, asked: 0 };
    let end = bench.now.plus(std::time::Duration::from_millis(millis));
    loop {
        let next = bench.state.deadline();
        if next > end {
            break;
        }
        bench.wait(u64::try_from(next.since(bench.now).as_millis()).unwrap());
        did.wakes += 1;
        if std::mem::take(&mut bench.state.dirty) {
            did.frames += 1;
            bench.screen(80, 24);
        }
    }
    did.asked = bench.fx.iter().filter(|effect| matches!(effect, Effect::Ask { .. })).count();
    did
}

/// A fleet that was seen days ago and is hardly ever looked at again.
fn quiet() -> Bench {
    let mut bench = Bench::with(Settings { refresh: 86_400, ..Settings::default() }, false);
    let node = ssm::InstanceInformation {
        instance_id: Some(world::id(1)),
        computer_name: Some("web-1".to_owned()),
        last_ping_date_time: Some(Timestamp::from_millis(BEGIN - 500_000_000)),
        ..Default::default()
    };
    bench.answer(Source::Nodes, Page::Nodes(vec![node]));
    for source in [Source::PatchStates, Source::Summaries] {
        bench.answer(source, world::page(source, 0, 0));
    }
    bench
}

#[test]
fn an_idle_console_sleeps_as_long_as_nothing_reads_differently() {
    let mut bench = quiet();
    // The age of the list counts ten seconds, then tens of them for a minute, then minutes.
    assert_eq!(idle(&mut bench, 59_000), Did { wakes: 14, frames: 14, asked: 0 });
    assert_eq!(idle(&mut bench, 601_000), Did { wakes: 10, frames: 10, asked: 0 });
    // A pane without ages has nothing to wake up for.
    bench.press("5");
    assert_eq!(idle(&mut bench, 1_800_000), Did { wakes: 0, frames: 0, asked: 0 });
}

#[test]
fn many_ages_cost_what_one_costs() {
    let mut bench = quiet();
    let node = |n: usize| ssm::InstanceInformation {
        instance_id: Some(world::id(n)),
        computer_name: Some(format!("web-{n}")),
        last_ping_date_time: Some(Timestamp::from_millis(BEGIN - 1_000 - 70 * i64::try_from(n).unwrap())),
        ..Default::default()
    };
    bench.press("ctrl-r");
    bench.answer(Source::Nodes, Page::Nodes((0..12).map(node).collect()));
    let did = idle(&mut bench, 10_000);
    assert!(did.wakes <= 11, "{did:?}");
}

#[test]
fn a_refresh_wakes_the_loop_and_draws_nothing_by_itself() {
    let mut bench = quiet();
    bench.state.settings.refresh = 15;
    bench.press("5 1");
    bench.wait(600_000);
    let ids = bench.asked(Source::Nodes);
    assert!(ids.is_some(), "what is old is fetched at once");
    let mut bench = quiet();
    bench.state.settings.refresh = 120;
    idle(&mut bench, 61_000);
    let did = idle(&mut bench, 60_000);
    assert_eq!(did.asked, 1, "{did:?}");
    assert!(did.wakes <= 3 && did.frames <= 2, "{did:?}");
}

#[test]
fn a_message_goes_in_its_time() {
    let mut bench = quiet();
    bench.press("5");
    bench.state.tell("Something was done.");
    assert!(bench.screen(80, 24).contains("Something was done."));
    let did = idle(&mut bench, 60_000);
    assert_eq!(did, Did { wakes: 1, frames: 1, asked: 0 });
    assert!(!bench.screen(80, 24).contains("Something was done."));
}
