use std::collections::BTreeMap;

use crate::{
    engine::{
        Caller,
        caller::Proof,
        tests::{Harness, code},
    },
    ssm::*,
};

const SCANNED: &str = "mi-00000000000000001";
const CLEAN: &str = "mi-00000000000000002";
const UNKNOWN: &str = "mi-00000000000000003";

async fn fleet() -> Harness {
    let harness = Harness::new();
    for id in [SCANNED, CLEAN, UNKNOWN] {
        harness.engine.store.adopt_node_for_tests(id.to_owned(), harness.engine.now()).await;
    }
    harness
}

fn entry(id: &str, severity: ComplianceSeverity, status: ComplianceStatus) -> ComplianceItemEntry {
    ComplianceItemEntry { id: Some(id.into()), title: Some(id.into()), severity, status, details: BTreeMap::new() }
}

fn report(node: &str, items: Vec<ComplianceItemEntry>) -> PutComplianceItems {
    PutComplianceItems {
        resource_id: node.into(),
        resource_type: "ManagedInstance".into(),
        compliance_type: "Patch".into(),
        execution_summary: ComplianceExecutionSummary {
            execution_time: Timestamp::from_millis(1_000),
            ..Default::default()
        },
        items,
        ..Default::default()
    }
}

fn some_missing(node: &str) -> PutComplianceItems {
    report(
        node,
        vec![
            entry("bash", ComplianceSeverity::Unspecified, ComplianceStatus::Compliant),
            entry("openssl", ComplianceSeverity::High, ComplianceStatus::NonCompliant),
            entry("vim", ComplianceSeverity::Unspecified, ComplianceStatus::NonCompliant),
        ],
    )
}

fn caller(node: &str) -> Caller {
    Caller::Node { instance_id: node.into(), role: "Nodes".into(), proof: Proof::Session }
}

fn filter(key: &str, value: &str) -> ComplianceStringFilter {
    ComplianceStringFilter { key: Some(key.into()), values: vec![value.into()], r#type: None }
}

#[tokio::test]
async fn a_node_that_was_never_scanned_is_in_no_list() {
    let harness = fleet().await;
    harness.call_as(caller(SCANNED), some_missing(SCANNED)).await.unwrap();
    let clean = report(CLEAN, vec![entry("bash", ComplianceSeverity::Unspecified, ComplianceStatus::Compliant)]);
    harness.call_as(caller(CLEAN), clean).await.unwrap();

    let summaries = harness.call(ListComplianceSummaries::default()).await.unwrap().compliance_summary_items;
    assert_eq!(summaries.len(), 1);
    assert_eq!(summaries[0].compliant_summary.as_ref().unwrap().compliant_count, Some(1));
    let non_compliant = summaries[0].non_compliant_summary.as_ref().unwrap();
    assert_eq!(non_compliant.non_compliant_count, Some(1));
    assert_eq!(non_compliant.severity_summary.as_ref().unwrap().high_count, Some(1));

    let resources = harness.call(ListResourceComplianceSummaries::default()).await.unwrap();
    let told: Vec<_> = resources
        .resource_compliance_summary_items
        .iter()
        .map(|row| {
            (row.resource_id.as_deref().unwrap(), row.status.clone().unwrap(), row.overall_severity.clone().unwrap())
        })
        .collect();
    assert_eq!(
        told,
        [
            (SCANNED, ComplianceStatus::NonCompliant, ComplianceSeverity::High),
            (CLEAN, ComplianceStatus::Compliant, ComplianceSeverity::Unspecified),
        ]
    );
    let states = DescribeInstancePatchStates { instance_ids: vec![UNKNOWN.into()], ..Default::default() };
    assert_eq!(harness.call(states).await.unwrap().instance_patch_states, []);
}

#[tokio::test]
async fn items_are_filtered_paged_and_replaced() {
    let harness = fleet().await;
    harness.call(some_missing(SCANNED)).await.unwrap();
    let list = |filters: Vec<ComplianceStringFilter>| ListComplianceItems {
        filters,
        resource_ids: vec![SCANNED.into()],
        ..Default::default()
    };
    let count = async |request: ListComplianceItems| harness.call(request).await.unwrap().compliance_items.len();
    assert_eq!(count(list(vec![])).await, 3);
    assert_eq!(count(list(vec![filter("Status", "NON_COMPLIANT")])).await, 2);
    assert_eq!(count(list(vec![filter("Status", "NON_COMPLIANT"), filter("Severity", "HIGH")])).await, 1);
    let not = ComplianceStringFilter { r#type: Some(ComplianceQueryOperatorType::NotEqual), ..filter("Id", "bash") };
    assert_eq!(count(list(vec![not])).await, 2);
    let begin =
        ComplianceStringFilter { r#type: Some(ComplianceQueryOperatorType::BeginWith), ..filter("Title", "open") };
    assert_eq!(count(list(vec![begin])).await, 1);
    assert_eq!(code(harness.call(list(vec![filter("Colour", "red")])).await), "InvalidFilter");
    let first = harness.call(ListComplianceItems { max_results: Some(2), ..list(vec![]) }).await.unwrap();
    let rest = ListComplianceItems { max_results: Some(2), next_token: first.next_token, ..list(vec![]) };
    let rest = harness.call(rest).await.unwrap();
    assert_eq!((rest.compliance_items.len(), rest.next_token), (1, None));

    let fixed = vec![entry("openssl", ComplianceSeverity::High, ComplianceStatus::Compliant)];
    let partial =
        PutComplianceItems { upload_type: Some(ComplianceUploadType::Partial), ..report(SCANNED, fixed.clone()) };
    harness.call(partial).await.unwrap();
    assert_eq!(count(list(vec![filter("Status", "NON_COMPLIANT")])).await, 1);
    harness.call(report(SCANNED, fixed)).await.unwrap();
    assert_eq!(count(list(vec![])).await, 1);
    harness.call(DeregisterManagedInstance { instance_id: SCANNED.into() }).await.unwrap();
    assert_eq!(count(list(vec![])).await, 0);
}

#[tokio::test]
async fn reports_are_checked() {
    let harness = fleet().await;
    assert_eq!(code(harness.call(some_missing("mi-0ffffffffffffffff")).await), "InvalidResourceId");
    let wrong = PutComplianceItems { resource_type: "Bucket".into(), ..some_missing(SCANNED) };
    assert_eq!(code(harness.call(wrong).await), "InvalidResourceType");
    assert_eq!(code(harness.call_as(caller(CLEAN), some_missing(SCANNED)).await), "AccessDeniedException");
    for number in 0..10 {
        let custom = PutComplianceItems { compliance_type: format!("Custom:type{number}"), ..some_missing(SCANNED) };
        harness.call(custom).await.unwrap();
    }
    let custom = PutComplianceItems { compliance_type: "Custom:another".into(), ..some_missing(SCANNED) };
    assert_eq!(code(harness.call(custom).await), "ComplianceTypeCountLimitExceededException");
}

fn scan(node: &str, missing: usize) -> PutInventory {
    let map = |pairs: &[(&str, &str)]| pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    let item = |type_name: &str, content| InventoryItem {
        type_name: type_name.into(),
        schema_version: "1.0".into(),
        capture_time: "2026-11-22T10:00:00Z".into(),
        content_hash: Some(format!("hash-{missing}")),
        content,
        context: BTreeMap::new(),
    };
    let patch = |number: usize| {
        map(&[("Title", &format!("p{number}")), ("KBId", "p"), ("Classification", "Security"), ("State", "MISSING")])
    };
    PutInventory {
        instance_id: node.into(),
        items: vec![
            item(
                "AWS:PatchSummary",
                vec![map(&[
                    ("MissingCount", &missing.to_string()),
                    ("InstalledCount", "7"),
                    ("OperationType", "Scan"),
                ])],
            ),
            item("AWS:PatchCompliance", (0..missing).map(patch).collect()),
        ],
    }
}

#[tokio::test]
async fn patch_states_come_from_scans() {
    let harness = fleet().await;
    harness.call_as(caller(SCANNED), scan(SCANNED, 12)).await.unwrap();
    harness.call_as(caller(CLEAN), scan(CLEAN, 0)).await.unwrap_err();
    let tags = vec![Tag { key: "PatchGroup".into(), value: "web".into() }];
    for id in [SCANNED, UNKNOWN] {
        let resource_type = ResourceTypeForTagging::ManagedInstance;
        harness.call(AddTagsToResource { resource_type, resource_id: id.into(), tags: tags.clone() }).await.unwrap();
    }
    let states =
        DescribeInstancePatchStates { instance_ids: vec![SCANNED.into(), UNKNOWN.into()], ..Default::default() };
    let states = harness.call(states).await.unwrap().instance_patch_states;
    assert_eq!(states.len(), 1);
    assert_eq!((states[0].missing_count, states[0].patch_group.as_str()), (Some(12), "web"));

    let patches = DescribeInstancePatches { instance_id: SCANNED.into(), max_results: Some(10), ..Default::default() };
    for (state, expected) in [("Missing", 10), ("MISSING", 10), ("Installed", 0)] {
        let filters = vec![PatchOrchestratorFilter { key: Some("State".into()), values: vec![state.into()] }];
        let filtered = harness.call(DescribeInstancePatches { filters, ..patches.clone() }).await.unwrap();
        assert_eq!(filtered.patches.len(), expected, "{state}");
    }
    let first = harness.call(patches.clone()).await.unwrap();
    assert_eq!(first.patches.len(), 10);
    let second = harness.call(DescribeInstancePatches { next_token: first.next_token, ..patches }).await.unwrap();
    assert_eq!((second.patches.len(), second.next_token), (2, None));

    let group = harness.call(DescribePatchGroupState { patch_group: "web".into() }).await.unwrap();
    assert_eq!((group.instances, group.instances_with_missing_patches), (Some(2), Some(1)));
    let filtered = |operator, value: &str| DescribeInstancePatchStatesForPatchGroup {
        patch_group: "web".into(),
        filters: vec![InstancePatchStateFilter {
            key: "MissingCount".into(),
            values: vec![value.into()],
            r#type: operator,
        }],
        ..Default::default()
    };
    let more = harness.call(filtered(InstancePatchStateOperatorType::GreaterThan, "11")).await.unwrap();
    assert_eq!(more.instance_patch_states.len(), 1);
    let less = harness.call(filtered(InstancePatchStateOperatorType::LessThan, "11")).await.unwrap();
    assert_eq!(less.instance_patch_states.len(), 0);
}

#[tokio::test]
async fn inventory_is_kept_and_found() {
    let harness = fleet().await;
    harness.call(scan(SCANNED, 2)).await.unwrap();
    let unchanged = |hash: &str| {
        let mut request = scan(SCANNED, 2);
        request.items.truncate(1);
        request.items[0].content.clear();
        request.items[0].content_hash = Some(hash.into());
        request
    };
    harness.call(unchanged("hash-2")).await.unwrap();
    assert_eq!(code(harness.call(unchanged("other")).await), "ItemContentMismatchException");
    let list = ListInventoryEntries {
        instance_id: SCANNED.into(),
        type_name: "AWS:PatchCompliance".into(),
        ..Default::default()
    };
    assert_eq!(harness.call(list).await.unwrap().entries.len(), 2);
    let all = harness.call(GetInventory::default()).await.unwrap().entities;
    assert_eq!(all.len(), 3);
    let filter = InventoryFilter {
        key: "AWS:PatchSummary.MissingCount".into(),
        values: vec!["1".into()],
        r#type: Some(InventoryQueryOperatorType::GreaterThan),
    };
    let found = harness.call(GetInventory { filters: vec![filter], ..Default::default() }).await.unwrap().entities;
    assert_eq!(found.len(), 1);
}
