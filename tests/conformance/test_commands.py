"""Run Command on six real agents, seen by boto3 and the AWS CLI."""

import json
import urllib.request

import pytest
from botocore.exceptions import ClientError, WaiterError

from conftest import FLEET, until


def shell(ssm, script, timeout="60", **target):
    command = ssm.send_command(
        DocumentName="AWS-RunShellScript", Parameters={"commands": [script], "executionTimeout": [timeout]}, **target
    )
    return command["Command"]


WEB = {"Targets": [{"Key": "tag:Role", "Values": ["web"]}]}
EVERYONE = {"Targets": [{"Key": "tag:Environment", "Values": ["test"]}]}


def test_six_nodes_by_tag_through_the_aws_cli(engine, fleet):
    command = engine.aws(
        "ssm", "send-command", "--document-name", "AWS-RunShellScript", "--comment", "greeting",
        "--targets", "Key=tag:Environment,Values=test", "--parameters", json.dumps({"commands": ["echo hello; echo oops >&2"]}),
    )["Command"]
    assert command["Status"] in {"Pending", "InProgress"} and command["Comment"] == "greeting"
    ended = engine.finished(command["CommandId"], len(FLEET))
    assert {i["Status"] for i in ended} == {"Success"}
    for ident in fleet.values():
        got = engine.aws("ssm", "get-command-invocation", "--command-id", command["CommandId"], "--instance-id", ident)
        assert (got["StandardOutputContent"], got["StandardErrorContent"]) == ("hello\n", "oops\n")
        assert (got["Status"], got["StatusDetails"], got["ResponseCode"]) == ("Success", "Success", 0)
        assert got["ExecutionStartDateTime"].endswith("Z")
    listed = engine.aws("ssm", "list-commands", "--command-id", command["CommandId"])["Commands"][0]
    assert (listed["TargetCount"], listed["CompletedCount"], listed["ErrorCount"]) == (6, 6, 0)
    assert listed["Status"] == "Success"


def test_botocores_waiter_is_satisfied(ssm, fleet):
    command = shell(ssm, "true", InstanceIds=[fleet["web-1"]])
    ssm.get_waiter("command_executed").wait(
        CommandId=command["CommandId"], InstanceId=fleet["web-1"], WaiterConfig={"Delay": 1, "MaxAttempts": 60}
    )


def test_a_failure_carries_its_exit_code(engine, ssm, fleet):
    command = shell(ssm, "echo before; exit 7", InstanceIds=[fleet["db-1"]])
    engine.finished(command["CommandId"], 1)
    got = ssm.get_command_invocation(CommandId=command["CommandId"], InstanceId=fleet["db-1"])
    assert (got["Status"], got["StatusDetails"], got["ResponseCode"]) == ("Failed", "Failed", 7)
    assert got["StandardOutputContent"] == "before\n"


def test_an_output_reaches_its_log_group_while_the_command_runs(engine, ssm, fleet, tmp_path):
    logs, node, go = engine.client("logs"), fleet["web-1"], tmp_path / "go"
    script = f"echo first; while ! test -e {go}; do sleep 0.1; done; echo oops >&2; printf last"
    config = {"CloudWatchLogGroupName": "/fleet/commands", "CloudWatchOutputEnabled": True}
    ident = shell(ssm, script, InstanceIds=[node], CloudWatchOutputConfig=config)["CommandId"]

    def said(output):
        stream = f"{ident}/{node}/aws-runShellScript/{output}"
        try:
            events = logs.get_log_events(logGroupName="/fleet/commands", logStreamName=stream, startFromHead=True)
        except logs.exceptions.ResourceNotFoundException:
            return None
        return [event["message"] for event in events["events"]]

    until("the first line", lambda: said("stdout") == ["first"])
    got = ssm.get_command_invocation(CommandId=ident, InstanceId=node)
    assert (got["Status"], said("stderr")) == ("InProgress", None)
    go.touch()
    engine.finished(ident, 1)
    # What is told as ended is in the log as a whole.
    assert (said("stdout"), said("stderr")) == (["first", "last"], ["oops"])


def test_a_script_that_runs_too_long_is_killed_with_its_children(engine, ssm, fleet, tmp_path):
    mark = tmp_path / "survived"
    script = f"(sleep 8; touch {mark}) & sleep 60"
    command = shell(ssm, script, timeout="5", InstanceIds=[fleet["db-2"]])
    engine.finished(command["CommandId"], 1)
    got = ssm.get_command_invocation(CommandId=command["CommandId"], InstanceId=fleet["db-2"])
    assert (got["Status"], got["StatusDetails"]) == ("TimedOut", "Execution Timed Out")
    after = shell(ssm, "sleep 4", InstanceIds=[fleet["db-2"]])
    engine.finished(after["CommandId"], 1)
    assert not mark.exists()


def test_cancelling(engine, ssm, fleet):
    command = shell(ssm, "sleep 120", **WEB)
    until("running invocations", lambda: any(i["Status"] == "InProgress" for i in engine.invocations(command["CommandId"])))
    ssm.cancel_command(CommandId=command["CommandId"])
    ended = engine.finished(command["CommandId"], 3)
    assert {i["Status"] for i in ended} == {"Cancelled"}
    assert ssm.list_commands(CommandId=command["CommandId"])["Commands"][0]["Status"] == "Cancelled"


def test_long_output_is_cut_for_the_api_and_whole_in_the_store(engine, ssm, fleet):
    command = shell(ssm, "i=0; while [ $i -lt 20000 ]; do echo line-$i-ü; i=$((i+1)); done", InstanceIds=[fleet["web-2"]])
    engine.finished(command["CommandId"], 1)
    got = ssm.get_command_invocation(CommandId=command["CommandId"], InstanceId=fleet["web-2"])
    assert 20000 < len(got["StandardOutputContent"]) <= 24000
    plugin = ssm.list_command_invocations(CommandId=command["CommandId"], Details=True)["CommandInvocations"][0]["CommandPlugins"][0]
    assert len(plugin["Output"]) <= 2500
    bucket, _, key = got["StandardOutputUrl"].split("//", 1)[1].split("/", 1)[1].partition("/")
    whole = engine.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read().decode()
    assert whole == "".join(f"line-{n}-ü\n" for n in range(20000))


def test_escape_sequences_arrive_as_they_were(engine, ssm, fleet):
    command = shell(ssm, r"printf '\033[2J\033]0;owned\007text'", InstanceIds=[fleet["web-1"]])
    engine.finished(command["CommandId"], 1)
    run = engine.fleetdeck("run", "--document", "AWS-RunShellScript", "--instance", fleet["web-1"], "--", r"printf '\033[2Jtext'")
    assert run.returncode == 0 and "text" in run.stdout


def test_concurrency_is_capped(engine, ssm, fleet, tmp_path):
    script = f"d={tmp_path}; touch $d/$$.run; ls $d | grep -c run >> $d/seen; sleep 0.3; rm $d/$$.run"
    command = shell(ssm, script, MaxConcurrency="2", **EVERYONE)
    engine.finished(command["CommandId"], 6)
    assert max(int(n) for n in (tmp_path / "seen").read_text().split()) <= 2


def test_too_many_errors_stop_the_rest(engine, ssm, fleet):
    command = shell(ssm, "exit 1", MaxConcurrency="1", MaxErrors="1", **EVERYONE)
    until("the end", lambda: ssm.list_commands(CommandId=command["CommandId"])["Commands"][0]["Status"] not in {"Pending", "InProgress"})
    listed = ssm.list_commands(CommandId=command["CommandId"])["Commands"][0]
    assert listed["Status"] == "Failed"
    invocations = engine.invocations(command["CommandId"])
    assert sum(i["Status"] == "Failed" for i in invocations) == 2
    assert all(i["StatusDetails"] in {"Failed", "Terminated"} for i in invocations)


def test_a_node_that_is_away_times_out_in_delivery(own_engine):
    agent = own_engine.agent("away").start()
    ssm = own_engine.client()
    until("the node", lambda: own_engine.node_ids())
    ident = own_engine.node_ids()["away"]
    until("its connection", lambda: ssm.get_connection_status(Target=ident)["Status"] == "connected")
    agent.kill()
    until("its absence", lambda: ssm.get_connection_status(Target=ident)["Status"] == "notconnected")
    command = ssm.send_command(
        DocumentName="AWS-RunShellScript", Parameters={"commands": ["true"]}, TimeoutSeconds=30,
        Targets=[{"Key": "InstanceIds", "Values": [ident]}],
    )["Command"]
    ended = own_engine.finished(command["CommandId"], 1, deadline=90)
    assert (ended[0]["Status"], ended[0]["StatusDetails"]) == ("TimedOut", "Delivery Timed Out")


def test_nobody_matches(ssm, engine, fleet):
    command = shell(ssm, "true", Targets=[{"Key": "tag:Role", "Values": ["nobody"]}])
    until("the end", lambda: ssm.list_commands(CommandId=command["CommandId"])["Commands"][0]["Status"] not in {"Pending", "InProgress"})
    assert engine.invocations(command["CommandId"]) == []


@pytest.mark.parametrize(
    "arguments, expected",
    [
        ({"DocumentName": "No-Such-Document", "InstanceIds": ["NODE"]}, "InvalidDocument"),
        ({"DocumentName": "AWS-RunShellScript", "InstanceIds": ["mi-00000000000000000"], "Parameters": {"commands": ["x"]}}, "InvalidInstanceId"),
        ({"DocumentName": "AWS-RunShellScript", "InstanceIds": ["NODE"], "Parameters": {"nonsense": ["x"]}}, "InvalidParameters"),
        ({"DocumentName": "AWS-RunShellScript", "InstanceIds": ["NODE"]}, "InvalidParameters"),
        ({"DocumentName": "AWS-RunShellScript", "InstanceIds": ["NODE", "NODE"], "Parameters": {"commands": ["x"]}}, "DuplicateInstanceId"),
        ({"DocumentName": "AWS-RunShellScript", "InstanceIds": ["NODE"], "Parameters": {"commands": ["x"]}, "MaxConcurrency": "0"}, "ValidationException"),
    ],
)
def test_wrong_requests(ssm, fleet, arguments, expected):
    if "InstanceIds" in arguments:
        arguments["InstanceIds"] = [fleet["web-1"] if i == "NODE" else i for i in arguments["InstanceIds"]]
    with pytest.raises(ClientError) as error:
        ssm.send_command(**arguments)
    assert error.value.response["Error"]["Code"] == expected


def test_an_unknown_invocation(ssm, fleet):
    with pytest.raises(ssm.exceptions.InvocationDoesNotExist):
        ssm.get_command_invocation(CommandId="00000000-0000-4000-8000-000000000000", InstanceId=fleet["web-1"])


def test_a_document_of_our_own(engine, ssm, fleet):
    content = {
        "schemaVersion": "2.2",
        "description": "two steps",
        "parameters": {"word": {"type": "String", "default": "hi", "allowedPattern": "^[a-z]+$"}},
        "mainSteps": [
            {"action": "aws:runShellScript", "name": "first", "inputs": {"runCommand": ["echo {{ word }}; exit 3"], "onFailure": "exit"}},
            {"action": "aws:runShellScript", "name": "second", "inputs": {"runCommand": ["echo never"]}},
            {"action": "aws:runShellScript", "name": "last", "inputs": {"runCommand": ["echo always"], "finallyStep": True}},
        ],
    }
    described = ssm.create_document(Name="Two-Steps", Content=json.dumps(content), DocumentType="Command")["DocumentDescription"]
    assert described["Parameters"] == [{"Name": "word", "Type": "String", "DefaultValue": "hi"}]
    command = ssm.send_command(DocumentName="Two-Steps", InstanceIds=[fleet["db-1"]], Parameters={"word": ["hey"]})["Command"]
    ended = engine.finished(command["CommandId"], 1)
    steps = {p["Name"]: (p["Status"], p["ResponseCode"]) for p in ended[0]["CommandPlugins"]}
    assert ended[0]["Status"] == "Failed"
    assert steps["first"] == ("Failed", 3) and steps["last"] == ("Success", 0)
    first = ssm.get_command_invocation(CommandId=command["CommandId"], InstanceId=fleet["db-1"], PluginName="first")
    assert first["StandardOutputContent"] == "hey\n"
    with pytest.raises(ssm.exceptions.InvalidPluginName):
        ssm.get_command_invocation(CommandId=command["CommandId"], InstanceId=fleet["db-1"], PluginName="third")
    whole = ssm.get_command_invocation(CommandId=command["CommandId"], InstanceId=fleet["db-1"])
    assert (whole["Status"], whole["ResponseCode"]) == ("Failed", 3) and not whole.get("StandardOutputContent")
    ran = ssm.send_command(DocumentName="Two-Steps", InstanceIds=[fleet["db-1"]])["Command"]["CommandId"]
    with pytest.raises(WaiterError, match="Failed"):
        ssm.get_waiter("command_executed").wait(CommandId=ran, InstanceId=fleet["db-1"], WaiterConfig={"Delay": 1})
    with pytest.raises(ssm.exceptions.InvalidParameters):
        ssm.send_command(DocumentName="Two-Steps", InstanceIds=[fleet["db-1"]], Parameters={"word": ["NOT"]})
    as_yaml = ssm.get_document(Name="Two-Steps", DocumentFormat="YAML")["Content"]
    assert "schemaVersion" in as_yaml and not as_yaml.lstrip().startswith("{")
    ssm.delete_document(Name="Two-Steps")


@pytest.mark.parametrize("content", ["", "{", "[]", '{"schemaVersion": "9.9", "mainSteps": []}', '{"schemaVersion": "2.2"}'])
def test_malformed_documents(ssm, content):
    with pytest.raises(ClientError) as error:
        ssm.create_document(Name="Malformed", Content=content or " ", DocumentType="Command")
    assert error.value.response["Error"]["Code"] in {"InvalidDocumentContent", "InvalidDocumentSchemaVersion", "ValidationException"}


def test_the_standard_documents_are_there(ssm):
    pages = ssm.get_paginator("list_documents").paginate(Filters=[{"Key": "Owner", "Values": ["Amazon"]}])
    names = {d["Name"] for page in pages for d in page["DocumentIdentifiers"]}
    assert names >= {"AWS-RunShellScript", "AWS-RunPatchBaseline", "AWS-GatherSoftwareInventory", "AWS-StartInteractiveCommand"}


def test_the_store_needs_a_signature(engine):
    with pytest.raises(urllib.error.HTTPError) as error:
        urllib.request.urlopen(f"{engine.url}/fleetdeck-output/anything")
    assert error.value.code in (400, 403)
