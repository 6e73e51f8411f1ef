"""Hybrid activation, the node list, tags."""

import datetime
import json
import subprocess
import urllib.error
import urllib.request
import uuid

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.exceptions import ClientError

from conftest import BINARY, FLEET, REGION, until


def test_the_fleet_is_listed_by_the_aws_cli(engine, fleet):
    nodes = engine.aws("ssm", "describe-instance-information")["InstanceInformationList"]
    assert {node["Name"] for node in nodes} >= set(FLEET)
    node = next(node for node in nodes if node["Name"] == "web-1")
    assert node["InstanceId"].startswith("mi-") and len(node["InstanceId"]) == 20
    assert node["PingStatus"] == "Online"
    assert node["ResourceType"] == "ManagedInstance"
    assert node["PlatformType"] == "Linux"
    assert node["IamRole"] == "SSMServiceRole"
    assert node["AgentVersion"].count(".") == 3


def test_pages_are_as_small_as_asked(ssm, fleet):
    pages = list(ssm.get_paginator("describe_instance_information").paginate(PaginationConfig={"PageSize": 5}))
    assert len(pages) == 2
    ids = [node["InstanceId"] for page in pages for node in page["InstanceInformationList"]]
    assert len(ids) == len(set(ids)) == 6


@pytest.mark.parametrize(
    "key, values, expected",
    [
        ("tag:Role", ["web"], {"web-1", "web-2", "web-3"}),
        ("tag-key", ["Role"], set(FLEET)),
        ("PingStatus", ["Online"], set(FLEET)),
        ("PingStatus", ["ConnectionLost"], set()),
        ("PlatformTypes", ["Linux"], set(FLEET)),
        ("ResourceType", ["ManagedInstance"], set(FLEET)),
    ],
)
def test_filters(engine, fleet, key, values, expected):
    assert set(engine.node_ids(Filters=[{"Key": key, "Values": values}])) == expected


def test_filter_by_id_in_both_forms(engine, fleet):
    ident = fleet["db-1"]
    assert set(engine.node_ids(Filters=[{"Key": "InstanceIds", "Values": [ident]}])) == {"db-1"}
    old_form = [{"key": "InstanceIds", "valueSet": [ident]}]
    assert set(engine.node_ids(InstanceInformationFilterList=old_form)) == {"db-1"}


def test_a_wrong_filter_key_is_invalid(ssm):
    with pytest.raises(ssm.exceptions.InvalidFilterKey):
        ssm.describe_instance_information(Filters=[{"Key": "Colour", "Values": ["red"]}])


def test_a_wrong_token_is_invalid(ssm):
    with pytest.raises(ssm.exceptions.InvalidNextToken):
        ssm.describe_instance_information(NextToken="rubbish")


def test_connection_status(ssm, fleet):
    assert ssm.get_connection_status(Target=fleet["web-1"])["Status"] == "connected"
    assert ssm.get_connection_status(Target="mi-00000000000000000")["Status"] == "notconnected"


def test_tags_come_with_the_activation_and_can_be_changed(ssm, fleet):
    def tags():
        listed = ssm.list_tags_for_resource(ResourceType="ManagedInstance", ResourceId=fleet["cache-1"])["TagList"]
        return {tag["Key"]: tag["Value"] for tag in listed}

    assert tags() == {"Environment": "test", "Role": "cache"}
    ssm.add_tags_to_resource(
        ResourceType="ManagedInstance", ResourceId=fleet["cache-1"], Tags=[{"Key": "Owner", "Value": "ops"}]
    )
    assert tags()["Owner"] == "ops"
    ssm.remove_tags_from_resource(ResourceType="ManagedInstance", ResourceId=fleet["cache-1"], TagKeys=["Owner"])
    assert "Owner" not in tags()


def register(engine, directory, ident, code):
    command = [BINARY, "agent", "--endpoint-url", engine.url, "--data", directory]
    command += ["--activation-id", ident, "--activation-code", code]
    return subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={"AWS_REGION": REGION, "PATH": "/usr/bin:/bin"})


def test_an_activation_is_used_up(own_engine, tmp_path):
    activation = own_engine.aws("ssm", "create-activation", "--iam-role", "SSMServiceRole", "--registration-limit", "1")
    first = register(own_engine, tmp_path / "one", activation["ActivationId"], activation["ActivationCode"])
    try:
        until("the first node", lambda: own_engine.client().describe_instance_information()["InstanceInformationList"])
        second = register(own_engine, tmp_path / "two", activation["ActivationId"], activation["ActivationCode"])
        _, errors = second.communicate(timeout=30)
        assert second.returncode == 1
        assert "activation" in errors.lower()
    finally:
        first.terminate()
        first.communicate(timeout=20)
    listed = own_engine.client().describe_activations()["ActivationList"]
    assert [(a["RegistrationsCount"], a["RegistrationLimit"]) for a in listed] == [(1, 1)]


def test_a_wrong_code_is_refused(own_engine, tmp_path):
    activation = own_engine.client().create_activation(IamRole="SSMServiceRole")
    agent = register(own_engine, tmp_path / "one", activation["ActivationId"], "x" * 20)
    _, errors = agent.communicate(timeout=30)
    assert agent.returncode == 1 and "activation" in errors.lower()
    assert own_engine.client().describe_instance_information()["InstanceInformationList"] == []


def test_an_activation_cannot_outlive_thirty_days(ssm):
    late = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=40)
    with pytest.raises(ClientError) as error:
        ssm.create_activation(IamRole="SSMServiceRole", ExpirationDate=late)
    assert error.value.response["Error"]["Code"] in {"ValidationException", "InvalidParameters"}


def test_a_node_is_deregistered(own_engine):
    own_engine.agent("gone").start()
    ssm = own_engine.client()
    until("the node", lambda: own_engine.node_ids())
    ssm.deregister_managed_instance(InstanceId=own_engine.node_ids()["gone"])
    assert own_engine.node_ids() == {}


def call_messages(engine, operation, body):
    """A call of the message delivery service, which boto3 does not have, signed by botocore."""
    keys = engine.client()._request_signer._credentials.get_frozen_credentials()
    request = AWSRequest("POST", engine.url + "/", data=json.dumps(body), headers={
        "Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": f"EC2WindowsMessageDeliveryService.{operation}",
    })
    SigV4Auth(keys, "ec2messages", REGION).add_auth(request)
    sent = urllib.request.Request(request.url, request.body, dict(request.headers), method="POST")
    with urllib.request.urlopen(sent, timeout=30) as answer:
        return json.loads(answer.read())


def test_the_message_service_takes_what_agents_say(engine, fleet):
    assert call_messages(engine, "AcknowledgeMessage", {"MessageId": f"aws.ssm.{uuid.uuid4()}.{fleet['web-1']}"}) == {}
    with pytest.raises(urllib.error.HTTPError) as refused:
        call_messages(engine, "AcknowledgeMessage", {"MessageId": "rubbish"})
    assert json.loads(refused.value.read())["__type"] == "InvalidMessageIdException"


def test_there_are_no_associations(ssm):
    assert ssm.list_associations()["Associations"] == []
    assert ssm.list_associations(AssociationFilterList=[{"key": "Name", "value": "x"}])["Associations"] == []
