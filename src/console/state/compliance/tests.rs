use proptest::prelude::*;

use super::*;
use crate::console::state::{input::LineInput, node::Patches};

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(seconds * 1_000)
}

fn fleet(count: usize) -> Fleet {
    let mut fleet = Fleet::default();
    let info = |i: usize| ssm::InstanceInformation {
        instance_id: Some(format!("mi-{i}")),
        computer_name: Some(format!("node-{i}")),
        ..Default::default()
    };
    fleet.land(Origin::default(), &"".into(), &(1..=count).map(info).collect::<Vec<_>>());
    fleet
}

fn scanned(fleet: &mut Fleet, id: &str, patches: Patches) {
    fleet.node_mut(Origin::default(), id).unwrap().patches = Some(Some(patches));
}

/// One node of each verdict.
fn sample() -> (Fleet, Compliance) {
    let mut fleet = fleet(4);
    scanned(&mut fleet, "mi-1", Patches { group: "web".to_owned(), ..Patches::default() });
    scanned(&mut fleet, "mi-2", Patches { missing: 2, critical: 1, group: "db".to_owned(), ..Patches::default() });
    fleet.node_mut(Origin::default(), "mi-3").unwrap().patches = Some(None);
    let mut compliance = Compliance::default();
    compliance.recount(&fleet);
    (fleet, compliance)
}

fn names(compliance: &Compliance) -> Vec<&str> {
    compliance.groups.iter().map(|group| group.key.name()).collect()
}

#[test]
fn never_scanned_stands_apart() {
    let (fleet, compliance) = sample();
    assert_eq!(compliance.tally, Tally { compliant: 1, broken: 1, unknown: 1, unasked: 1 });
    assert_eq!(compliance.tally.percent(), Some(50));
    assert_eq!(names(&compliance), ["all nodes", "critical", "never scanned", "not asked yet", "compliant"]);
    assert_eq!(compliance.severities.present().map(|(_, count)| count).collect::<Vec<_>>(), [1]);
    assert_eq!(compliance.chosen(&fleet).len(), 4);
}

#[test]
fn the_way_down_and_back() {
    let (fleet, mut compliance) = sample();
    assert!(compliance.has_node_here() && !Compliance::default().has_node_here());
    assert_eq!(compliance.open(), None);
    assert!(!compliance.has_node_here(), "it is not known yet which they are");
    compliance.recount(&fleet);
    assert!(compliance.has_node_here());
    assert_eq!(*compliance.members, ["mi-2", "mi-3", "mi-4", "mi-1"]);
    assert_eq!(compliance.open(), Some("mi-2".into()));
    let patch = |title: &str| ssm::PatchComplianceData { title: title.to_owned(), ..Default::default() };
    compliance.land_patches(&[patch("b"), patch("c")], true);
    compliance.cursors[2].at = 1;
    compliance.land_patches(&[patch("a")], false);
    assert_eq!((compliance.patches.len(), compliance.cursors[2].at), (3, 2));
    let epoch = compliance.feed.begin(at(0));
    assert_eq!(compliance.next_states(), Some("mi-2".into()));
    assert!(!compliance.feed.is_current(epoch), "patches in other states answer another question");
    assert!(compliance.patches.is_empty());
    assert_eq!(compliance.chosen(&fleet), ["mi-2"]);
    assert!(compliance.back() && compliance.back() && !compliance.back());
    assert_eq!(compliance.next_states(), None);
}

#[test]
fn groups_follow_patch_groups_and_tags() {
    let (mut fleet, mut compliance) = sample();
    let tag = |key: &str, value: &str| ssm::Tag { key: key.to_owned(), value: value.to_owned() };
    fleet.node_mut(Origin::default(), "mi-1").unwrap().set_tags(&[tag("Env", "prod-10"), tag("Name", "x")]);
    fleet.node_mut(Origin::default(), "mi-2").unwrap().set_tags(&[tag("Env", "prod-2")]);
    fleet.node_mut(Origin::default(), "mi-3").unwrap().set_tags(&[tag("PatchGroup", "web")]);
    compliance.recount(&fleet);
    compliance.regroup(Action::GroupNext);
    compliance.recount(&fleet);
    assert_eq!(names(&compliance), ["all nodes", "db", "web", "(none)"]);
    assert_eq!(compliance.groups[2].tally, Tally { compliant: 1, unknown: 1, ..Tally::default() });
    compliance.regroup(Action::GroupNext);
    compliance.recount(&fleet);
    assert_eq!(compliance.grouping, Grouping::Tag("Env".to_owned()));
    assert_eq!(names(&compliance), ["all nodes", "prod-2", "prod-10", "(none)", "(tags not known yet)"]);
    compliance.regroup(Action::GroupNext);
    assert_eq!(compliance.grouping, Grouping::Severity);
    compliance.regroup(Action::GroupPrevious);
    assert_eq!(compliance.grouping, Grouping::Tag("Env".to_owned()));
}

#[test]
fn marks_come_before_the_cursor() {
    let (mut fleet, compliance) = sample();
    fleet.mark_only(&["mi-4".into(), "mi-1".into()]);
    assert_eq!(compliance.chosen(&fleet), ["mi-1", "mi-4"]);
    assert_eq!(compliance.here(&fleet).len(), 4);
}

#[test]
fn a_scan_is_over_when_its_result_is_there_or_never_comes() {
    let (mut fleet, mut compliance) = sample();
    compliance.scan_began(["mi-2", "mi-3"].into_iter().map(NodeId::from), &fleet, at(100));
    assert_eq!(compliance.scans(at(101)), 2);
    compliance.recount(&fleet);
    assert_eq!(compliance.scans(at(102)), 2);
    scanned(&mut fleet, "mi-2", Patches { at: at(130), ..Patches::default() });
    compliance.recount(&fleet);
    assert!(!compliance.is_scanning(&"mi-2".into(), at(131)) && compliance.is_scanning(&"mi-3".into(), at(131)));
    assert_eq!(compliance.scans(at(701)), 0);
}

#[test]
fn the_cursor_follows_its_node() {
    let (mut fleet, mut compliance) = sample();
    compliance.open();
    compliance.recount(&fleet);
    compliance.cursors[1].at = 3;
    assert_eq!(compliance.node(), Some(&"mi-1".into()));
    scanned(&mut fleet, "mi-1", Patches { missing: 9, ..Patches::default() });
    compliance.recount(&fleet);
    assert_eq!((compliance.node(), compliance.cursors[1].at), (Some(&"mi-1".into()), 0));
}

#[test]
fn a_range_begins_at_the_node_that_was_marked_wherever_it_stands_by_now() {
    let (mut fleet, mut compliance) = sample();
    compliance.open();
    compliance.recount(&fleet);
    assert_eq!(compliance.node(), Some(&"mi-2".into()));
    compliance.set_anchor();
    compliance.cursors[1].at = 1;
    scanned(&mut fleet, "mi-1", Patches { missing: 9, ..Patches::default() });
    compliance.recount(&fleet);
    assert_eq!(*compliance.members, ["mi-1", "mi-2", "mi-3", "mi-4"]);
    assert_eq!(compliance.range(&fleet), ["mi-2", "mi-3"]);
}

#[test]
fn the_types_of_the_account_are_counted() {
    let mut compliance = Compliance::default();
    let item = |name: &str, good: i32, bad: i32| ssm::ComplianceSummaryItem {
        compliance_type: Some(name.to_owned()),
        compliant_summary: Some(ssm::CompliantSummary { compliant_count: Some(good), ..Default::default() }),
        non_compliant_summary: Some(ssm::NonCompliantSummary { non_compliant_count: Some(bad), ..Default::default() }),
    };
    compliance.land_types(Origin::default(), &[item("Patch", 3, 1), item("Association", -1, 0)], true);
    assert_eq!(compliance.types[0], TypeRow { name: "Association".to_owned(), compliant: 0, broken: 0 });
    assert_eq!(compliance.types[1], TypeRow { name: "Patch".to_owned(), compliant: 3, broken: 1 });
}

#[test]
fn a_large_fleet_is_counted_and_filtered_beside_the_loop() {
    let fleet = fleet(AT_ONCE + 1);
    let mut compliance = Compliance::default();
    let first = compliance.settle(&fleet).expect("it is much");
    assert!(compliance.groups.is_empty() && compliance.is_counting());
    // What changes meanwhile waits for its turn.
    compliance.outdate();
    assert!(compliance.settle(&fleet).is_none());
    assert!(compliance.counted(first.run(), &fleet));
    assert_eq!(compliance.tally.total(), AT_ONCE + 1);
    compliance.open();
    compliance.recount(&fleet);
    let second = compliance.settle(&fleet).expect("other nodes are wanted");
    assert!(!compliance.counted(first.run(), &fleet), "an old answer");
    compliance.counted(second.run(), &fleet);
    assert_eq!(compliance.lenses[1].len(), AT_ONCE + 1);
    compliance.cursors[1].at = 7;
    let here = compliance.member().cloned();
    // A filter looks at the nodes that were counted, and counts none.
    compliance.lenses[1].outdate(here.as_ref().map(NodeId::key));
    compliance.lenses[1].filter = LineInput::from("id:mi-1");
    let third = compliance.settle(&fleet).expect("it is much");
    assert_eq!(compliance.lenses[1].len(), AT_ONCE + 1, "what was shown stands until then");
    compliance.cursors[1].at = 0;
    let counted = third.run();
    assert!(counted.count.is_none());
    compliance.counted(counted, &fleet);
    assert!((1..AT_ONCE).contains(&compliance.lenses[1].len()));
    assert!(compliance.settle(&fleet).is_none());
}

proptest! {
    #[test]
    fn every_node_is_in_one_group_and_never_scanned_is_never_compliant(
        verdicts in proptest::collection::vec((0u8..4, 0i32..5), 0..40),
        steps in proptest::collection::vec(0u8..7, 0..40),
    ) {
        let mut fleet = fleet(verdicts.len());
        let mut clean = 0;
        for (i, (verdict, missing)) in verdicts.iter().enumerate() {
            let node = fleet.node_mut(Origin::default(), &format!("mi-{}", i + 1)).unwrap();
            node.patches = match verdict {
                0 => None,
                1 => Some(None),
                _ => Some(Some(Patches { missing: *missing, ..Patches::default() })),
            };
            clean += usize::from(*verdict > 1 && *missing == 0);
        }
        let mut compliance = Compliance::default();
        compliance.recount(&fleet);
        for step in steps {
            match step {
                0 => { compliance.open(); }
                1 => { compliance.back(); }
                2 => compliance.regroup(Action::GroupNext),
                3 => { compliance.next_states(); }
                4 => { fleet.node_mut(Origin::default(), "mi-1").map(|node| node.patches = Some(None)).unwrap_or_default(); clean = compliance_of(&fleet); }
                _ => {
                    let (cursor, len) = compliance.cursor_mut();
                    cursor.step(if step == 5 { Action::CursorDown } else { Action::CursorBottom }, len);
                }
            }
            compliance.recount(&fleet);
            prop_assert_eq!(compliance.tally.compliant, clean);
            prop_assert_eq!(compliance.tally.total(), fleet.total());
            let grouped: usize = compliance.groups.iter().skip(1).map(|group| group.tally.total()).sum();
            prop_assert_eq!(grouped, fleet.total());
            let (cursor, len) = compliance.cursor_mut();
            prop_assert!(cursor.at < len.max(1));
        }
    }
}

fn compliance_of(fleet: &Fleet) -> usize {
    fleet.nodes().iter().filter(|node| node.verdict() == Verdict::Compliant).count()
}
