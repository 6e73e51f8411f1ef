"""A real patch scan with the node's own package manager, and what the compliance operations make of it."""

import pytest
from botocore.exceptions import ClientError


@pytest.fixture(scope="module")
def scanned(engine, ssm, fleet):
    """One node scanned, the others never."""
    ident = fleet["web-1"]
    command = ssm.send_command(DocumentName="AWS-RunPatchBaseline", InstanceIds=[ident], Parameters={"Operation": ["Scan"]})["Command"]
    ended = engine.finished(command["CommandId"], 1, deadline=180)
    got = ssm.get_command_invocation(CommandId=command["CommandId"], InstanceId=ident)
    assert ended[0]["Status"] == "Success", got
    return ident


def test_the_state_of_the_scanned_node(ssm, scanned):
    state = ssm.describe_instance_patch_states(InstanceIds=[scanned])["InstancePatchStates"][0]
    assert state["Operation"] == "Scan"
    assert state["InstalledCount"] > 50
    assert state["OperationEndTime"] >= state["OperationStartTime"]
    pages = ssm.get_paginator("describe_instance_patches").paginate(
        InstanceId=scanned, Filters=[{"Key": "State", "Values": ["Missing"]}]
    )
    missing = [patch for page in pages for patch in page["Patches"]]
    assert len(missing) == state["MissingCount"]


def test_a_node_never_scanned_is_unknown(ssm, engine, fleet, scanned):
    others = [ident for ident in fleet.values() if ident != scanned]
    assert ssm.describe_instance_patch_states(InstanceIds=others)["InstancePatchStates"] == []
    summaries = ssm.list_resource_compliance_summaries()["ResourceComplianceSummaryItems"]
    assert {s["ResourceId"] for s in summaries if s["ComplianceType"] == "Patch"} == {scanned}
    compliance = engine.fleetdeck("compliance")
    assert compliance.returncode == 0 and "unknown" in compliance.stdout.lower()


def test_summaries_through_the_aws_cli(engine, scanned):
    items = engine.aws("ssm", "list-compliance-summaries")["ComplianceSummaryItems"]
    patch = next(item for item in items if item["ComplianceType"] == "Patch")
    assert patch["CompliantSummary"]["CompliantCount"] + patch["NonCompliantSummary"]["NonCompliantCount"] == 1


def test_custom_compliance(ssm, fleet):
    ident = fleet["cache-1"]
    ssm.put_compliance_items(
        ResourceId=ident, ResourceType="ManagedInstance", ComplianceType="Custom:Disk",
        ExecutionSummary={"ExecutionTime": 1_700_000_000},
        Items=[
            {"Id": "a", "Severity": "CRITICAL", "Status": "NON_COMPLIANT", "Title": "root is full"},
            {"Id": "b", "Severity": "LOW", "Status": "COMPLIANT"},
        ],
    )
    items = ssm.list_compliance_items(
        ResourceIds=[ident], ResourceTypes=["ManagedInstance"],
        Filters=[{"Key": "ComplianceType", "Values": ["Custom:Disk"], "Type": "EQUAL"}],
    )["ComplianceItems"]
    assert {(i["Id"], i["Status"]) for i in items} == {("a", "NON_COMPLIANT"), ("b", "COMPLIANT")}
    summary = next(s for s in ssm.list_compliance_summaries()["ComplianceSummaryItems"] if s["ComplianceType"] == "Custom:Disk")
    assert summary["NonCompliantSummary"]["NonCompliantCount"] == 1


def test_compliance_of_an_unknown_node(ssm):
    with pytest.raises(ClientError) as error:
        ssm.put_compliance_items(
            ResourceId="mi-00000000000000000", ResourceType="ManagedInstance", ComplianceType="Custom:Disk",
            ExecutionSummary={"ExecutionTime": 1_700_000_000}, Items=[{"Severity": "LOW", "Status": "COMPLIANT", "Id": "x"}],
        )
    assert error.value.response["Error"]["Code"] == "InvalidResourceId"
