use crate::{
    console::{
        effect::{Change, Query, Source},
        origin::Origin,
        state::compliance::patches::States,
        testing::{BEGIN, Bench},
        update::{Changed, Page, Update},
    },
    ssm::{self, ComplianceSeverity, ComplianceStatus, PatchComplianceDataState, PingStatus, Timestamp},
};

const SIZES: [(u16, u16); 3] = [(40, 10), (80, 24), (200, 60)];

fn id(n: usize) -> String {
    format!("mi-{n:017}")
}

fn nodes(count: usize) -> Vec<ssm::InstanceInformation> {
    let node = |n: usize| ssm::InstanceInformation {
        instance_id: Some(id(n)),
        computer_name: Some(format!("web-{n}\u{1b}[2J")),
        ping_status: Some(if n == 3 { PingStatus::ConnectionLost } else { PingStatus::Online }),
        platform_name: Some("Debian GNU/Linux".to_owned()),
        platform_version: Some("13".to_owned()),
        ..Default::default()
    };
    (1..=count).map(node).collect()
}

fn state(n: usize, missing: i32) -> ssm::InstancePatchState {
    ssm::InstancePatchState {
        instance_id: id(n),
        patch_group: if n.is_multiple_of(2) { "databases" } else { "web" }.to_owned(),
        missing_count: Some(missing),
        installed_count: Some(230),
        failed_count: Some(i32::from(n == 2)),
        critical_non_compliant_count: Some(i32::from(n == 2)),
        security_non_compliant_count: Some(missing),
        operation_end_time: Timestamp::from_millis(BEGIN - 7_200_000),
        ..Default::default()
    }
}

fn summary(n: usize, severity: ComplianceSeverity) -> ssm::ResourceComplianceSummaryItem {
    ssm::ResourceComplianceSummaryItem {
        compliance_type: Some("Patch".to_owned()),
        resource_id: Some(id(n)),
        status: Some(ComplianceStatus::NonCompliant),
        overall_severity: Some(severity),
        ..Default::default()
    }
}

/// Six nodes: two with missing patches, two in order, two never scanned.
fn loaded(read_only: bool) -> Bench {
    let mut bench = Bench::new(read_only);
    bench.press("2");
    bench.answer(Source::Nodes, Page::Nodes(nodes(6)));
    let states = vec![state(1, 0), state(2, 7), state(3, 2), state(4, 0)];
    bench.answer(Source::PatchStates, Page::PatchStates { asked: (1..=6).map(id).collect(), states });
    let broken = vec![summary(2, ComplianceSeverity::Critical), summary(3, ComplianceSeverity::Medium)];
    bench.answer(Source::Summaries, Page::Summaries(broken));
    let counts = |name: &str, good: i32, bad: i32| ssm::ComplianceSummaryItem {
        compliance_type: Some(name.to_owned()),
        compliant_summary: Some(ssm::CompliantSummary { compliant_count: Some(good), ..Default::default() }),
        non_compliant_summary: Some(ssm::NonCompliantSummary { non_compliant_count: Some(bad), ..Default::default() }),
    };
    bench.answer(
        Source::ComplianceTypes,
        Page::ComplianceTypes(vec![counts("Patch", 2, 2), counts("Association", 6, 0), counts("Custom:InSpec", 3, 1)]),
    );
    bench
}

fn snapshots(name: &str, mut make: impl FnMut() -> Bench) {
    for (width, height) in SIZES {
        let mut bench = make();
        insta::assert_snapshot!(format!("{name}_{width}x{height}"), bench.screen(width, height));
    }
}

fn patches() -> Page {
    let patch = |title: &str, severity: &str, state: PatchComplianceDataState, cves: &str| ssm::PatchComplianceData {
        title: title.to_owned(),
        kb_id: format!("{title}.amd64"),
        classification: "Security".to_owned(),
        severity: severity.to_owned(),
        state,
        cve_ids: Some(cves.to_owned()),
        ..Default::default()
    };
    Page::Patches(vec![
        patch("openssl 3.0.2\u{1b}]0;x\u{7}", "Critical", PatchComplianceDataState::Missing, "CVE-2026-1,CVE-2026-2"),
        patch("bash 5.3", "Low", PatchComplianceDataState::Missing, ""),
        patch("linux-image 6.12", "Important", PatchComplianceDataState::Failed, "CVE-2026-3"),
        patch("libc6 2.41", "Medium", PatchComplianceDataState::InstalledPendingReboot, ""),
    ])
}

#[test]
fn the_fleet_counted() {
    snapshots("normal", || loaded(false));
}

#[test]
fn before_anything_came() {
    snapshots("loading", || {
        let mut bench = Bench::new(false);
        bench.press("2");
        bench
    });
}

#[test]
fn no_nodes() {
    snapshots("empty", || {
        let mut bench = Bench::new(false);
        bench.press("2");
        bench.answer(Source::Nodes, Page::Nodes(Vec::new()));
        bench
    });
}

#[test]
fn the_nodes_were_refused() {
    snapshots("error", || {
        let mut bench = Bench::new(false);
        bench.press("2");
        bench.refuse(Source::Nodes, "AccessDeniedException: not allowed to ssm:DescribeInstanceInformation");
        bench
    });
}

#[test]
fn old_data_says_so() {
    snapshots("stale", || {
        let mut bench = loaded(false);
        bench.wait(600_000);
        bench.refuse(Source::PatchStates, "ThrottlingException: Rate exceeded");
        bench.wait(1_000);
        bench
    });
}

#[test]
fn the_nodes_of_a_group() {
    snapshots("nodes", || {
        let mut bench = loaded(false);
        bench.press("enter space");
        bench
    });
}

#[test]
fn the_patches_of_a_node() {
    snapshots("patches", || {
        let mut bench = loaded(false);
        bench.press("enter enter");
        bench.answer(Source::Patches, patches());
        bench
    });
}

#[test]
fn other_states_are_another_question() {
    let mut bench = loaded(false);
    bench.press("enter enter");
    let (query, epoch) = bench.asked(Source::Patches).unwrap();
    assert_eq!(query, Query::Patches { node: id(2), states: States::Attention });
    bench.press("f");
    assert_eq!(bench.asked(Source::Patches).unwrap().0, Query::Patches { node: id(2), states: States::Missing });
    // The answer to the first question comes late.
    bench.apply(Update::Page { source: Source::Patches, epoch, page: patches() });
    assert!(bench.state.compliance.patches.is_empty());
    bench.answer(Source::Patches, patches());
    assert_eq!(bench.state.compliance.patches.len(), 4);
    bench.press("esc esc esc");
    assert!(bench.screen(80, 24).contains("by severity"));
}

#[test]
fn a_scan_names_the_count_and_is_followed() {
    let mut bench = loaded(false);
    bench.press("c");
    let screen = bench.screen(80, 24);
    assert!(screen.contains("Scan 6 nodes") && screen.contains("1 node not online"), "{screen}");
    insta::assert_snapshot!("scan_80x24", screen);
    bench.press("n");
    assert!(bench.changes().is_empty());
    bench.press("enter space space c y");
    let [Change::Scan(nodes)] = bench.changes()[..] else { panic!("{:?}", bench.changes()) };
    assert_eq!(nodes, &[id(2), id(3)]);
    let nodes = nodes.clone();
    bench.apply(Update::Changed(
        Origin::default(),
        Ok(Changed::Scanning { commands: vec!["c-1".to_owned()], nodes, trouble: None }),
        None,
    ));
    assert!(bench.screen(80, 24).contains("scanning 2"));
    let asked = |bench: &Bench| bench.asked(Source::PatchStates).unwrap().1;
    let before = asked(&bench);
    bench.wait(4_000);
    assert!(asked(&bench) > before, "patch states are looked at more often while a scan runs");
}

#[test]
fn many_nodes_are_confirmed_by_typing_their_number() {
    let mut bench = Bench::new(false);
    bench.press("2");
    bench.answer(Source::Nodes, Page::Nodes(nodes(120)));
    bench.press("c");
    let screen = bench.screen(80, 24);
    assert!(screen.contains("120 nodes in 3 commands") && screen.contains("type 120"), "{screen}");
    bench.press("enter");
    assert!(bench.changes().is_empty());
    bench.type_text("120");
    bench.press("enter");
    assert!(matches!(bench.changes()[..], [Change::Scan(nodes)] if nodes.len() == 120));
}

#[test]
fn a_read_only_console_scans_nothing() {
    let mut bench = loaded(true);
    bench.press("c enter c");
    assert!(bench.state.overlays.is_empty() && bench.changes().is_empty());
}

#[test]
fn grouping_goes_over_patch_groups() {
    let mut bench = loaded(false);
    bench.press("o");
    let screen = bench.screen(80, 24);
    assert!(screen.contains("by patch group") && screen.contains("databases") && screen.contains("(none)"), "{screen}");
}

#[test]
fn ascii_is_ascii() {
    for keys in ["2", "enter", "enter enter"] {
        let mut bench = loaded(false);
        bench.press(keys);
        let screen = bench.ascii(80, 24);
        let odd: String = screen.chars().filter(|c| !c.is_ascii()).collect();
        assert_eq!(odd, "", "{screen}");
    }
}
