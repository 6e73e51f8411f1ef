"""Resource Groups, seen by boto3 and the AWS CLI: groups by tag, their nodes, and commands to them."""

import json

import pytest
from botocore.exceptions import ClientError

from conftest import FLEET


def by_role(role, *types):
    query = {"ResourceTypeFilters": list(types) or ["AWS::AllSupported"], "TagFilters": [{"Key": "Role", "Values": [role]}]}
    return {"Type": "TAG_FILTERS_1_0", "Query": json.dumps(query)}


@pytest.fixture
def groups(engine):
    client = engine.client("resource-groups")
    yield client
    for page in client.get_paginator("list_groups").paginate():
        for group in page["GroupIdentifiers"]:
            client.delete_group(Group=group["GroupArn"])


def code_of(error):
    return error.value.response["Error"]["Code"], error.value.response["ResponseMetadata"]["HTTPStatusCode"]


def test_a_command_to_a_group(engine, ssm, fleet, groups):
    made = groups.create_group(Name="web-servers", Description="all of them", ResourceQuery=by_role("web"))
    assert made["Group"]["GroupArn"] == "arn:aws:resource-groups:us-east-1:123456789012:group/web-servers"
    assert made["ResourceQuery"] == by_role("web")
    web = {fleet[name] for name, role in FLEET.items() if role == "web"}
    resources = groups.list_group_resources(Group="web-servers")["Resources"]
    assert {one["Identifier"]["ResourceType"] for one in resources} == {"AWS::SSM::ManagedInstance"}
    assert {one["Identifier"]["ResourceArn"] for one in resources} == {
        f"arn:aws:ssm:us-east-1:123456789012:managed-instance/{ident}" for ident in web
    }
    target = {"Key": "resource-groups:Name", "Values": ["web-servers"]}
    command = ssm.send_command(
        DocumentName="AWS-RunShellScript", Parameters={"commands": ["echo grouped"]}, Targets=[target]
    )["Command"]
    assert command["Targets"] == [target]
    ended = engine.finished(command["CommandId"], len(web))
    assert {i["InstanceId"] for i in ended} == web and {i["Status"] for i in ended} == {"Success"}

    types = {"Key": "resource-groups:ResourceTypeFilters", "Values": ["AWS::SSM::ManagedInstance"]}
    command = ssm.send_command(
        DocumentName="AWS-RunShellScript", Parameters={"commands": ["true"]}, Targets=[target, types]
    )["Command"]
    assert {i["InstanceId"] for i in engine.finished(command["CommandId"], len(web))} == web


def test_a_group_follows_the_tags(ssm, fleet, groups):
    groups.create_group(Name="movers", ResourceQuery=by_role("mover", "AWS::SSM::ManagedInstance"))
    assert groups.list_group_resources(GroupName="movers")["ResourceIdentifiers"] == []
    node = {"ResourceType": "ManagedInstance", "ResourceId": fleet["cache-1"]}
    ssm.add_tags_to_resource(**node, Tags=[{"Key": "Role", "Value": "mover"}])
    try:
        found = groups.list_group_resources(Group="movers")["ResourceIdentifiers"]
        assert [one["ResourceArn"].rsplit("/", 1)[1] for one in found] == [fleet["cache-1"]]
    finally:
        ssm.add_tags_to_resource(**node, Tags=[{"Key": "Role", "Value": FLEET["cache-1"]}])


def test_groups_are_paged_read_and_deleted(groups):
    for name in ("one", "two", "three"):
        groups.create_group(Name=name, ResourceQuery=by_role("web"))
    pages = list(groups.get_paginator("list_groups").paginate(PaginationConfig={"PageSize": 2}))
    assert [[g["GroupName"] for g in page["GroupIdentifiers"]] for page in pages] == [["one", "three"], ["two"]]
    assert groups.get_group(GroupName="two")["Group"]["Name"] == "two"
    assert groups.get_group_query(Group="two")["GroupQuery"] == {"GroupName": "two", "ResourceQuery": by_role("web")}
    assert groups.delete_group(Group="two")["Group"]["Name"] == "two"
    with pytest.raises(groups.exceptions.NotFoundException) as gone:
        groups.get_group(Group="two")
    assert code_of(gone) == ("NotFoundException", 404) and gone.value.response["Error"]["Message"]


def test_what_is_wrong_is_said_as_the_service_says_it(engine, ssm, groups):
    groups.create_group(Name="one", ResourceQuery=by_role("web"))
    with pytest.raises(groups.exceptions.BadRequestException) as twice:
        groups.create_group(Name="one", ResourceQuery=by_role("web"))
    assert twice.value.response["Error"]["Message"] == "Cannot create group: group already exists"
    with pytest.raises(groups.exceptions.BadRequestException):
        groups.create_group(Name="two", ResourceQuery={"Type": "TAG_FILTERS_1_0", "Query": "{"})
    with pytest.raises(ClientError) as unsigned:
        engine.client("resource-groups", aws_secret_access_key="wrong").list_groups()
    assert code_of(unsigned) == ("InvalidSignatureException", 403)
    with pytest.raises(ClientError) as unknown:
        ssm.send_command(
            DocumentName="AWS-RunShellScript", Parameters={"commands": ["true"]},
            Targets=[{"Key": "resource-groups:Name", "Values": ["nobody"]}],
        )
    assert code_of(unknown)[0] == "ValidationException" and "nobody" in unknown.value.response["Error"]["Message"]


def test_the_aws_cli_speaks_to_it(engine, groups):
    made = engine.aws("resource-groups", "create-group", "--name", "cli", "--resource-query", json.dumps(by_role("web")))
    assert made["Group"]["Name"] == "cli"
    listed = engine.aws("resource-groups", "list-groups")
    assert [group["GroupName"] for group in listed["GroupIdentifiers"]] == ["cli"]
