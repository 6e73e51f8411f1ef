"""kill -9 at bad moments: nothing acknowledged is lost, nothing runs twice, every invocation ends truthfully."""

import os
import subprocess
import threading

from conftest import BINARY, FLEET, start_fleet, until


def test_no_acknowledged_parameter_is_lost(own_engine):
    acknowledged = []

    def put():
        ssm = own_engine.client()
        for number in range(100_000):
            try:
                ssm.put_parameter(Name=f"/lost/p{number}", Value=str(number), Type="String")
            except Exception:
                return
            acknowledged.append(number)

    writer = threading.Thread(target=put)
    writer.start()
    until("some writes", lambda: len(acknowledged) > 200)
    own_engine.kill()
    writer.join()
    own_engine.start()
    pages = own_engine.client().get_paginator("get_parameters_by_path").paginate(Path="/lost")
    kept = {int(p["Value"]) for page in pages for p in page["Parameters"]}
    assert set(acknowledged) <= kept


def test_engine_killed_in_the_middle_of_a_command(own_engine, tmp_path):
    fleet = start_fleet(own_engine)
    ssm = own_engine.client()
    runs = tmp_path / "runs"
    script = f"echo $AWS_SSM_INSTANCE_ID >> {runs}; sleep 3; echo done"
    command = ssm.send_command(
        DocumentName="AWS-RunShellScript", Parameters={"commands": [script]},
        Targets=[{"Key": "tag:Environment", "Values": ["test"]}], MaxConcurrency="100%",
    )["Command"]
    ssm.put_parameter(Name="/kept", Value="yes", Type="String")
    until("running scripts", lambda: runs.exists() and len(runs.read_text().split()) >= 3)
    own_engine.kill()
    own_engine.start()
    ended = own_engine.finished(command["CommandId"], len(FLEET), deadline=90)
    assert {i["Status"] for i in ended} == {"Success"}
    ran = runs.read_text().split()
    assert len(ran) == len(set(ran)) == len(FLEET), "no node ran the command twice"
    for ident in fleet.values():
        got = ssm.get_command_invocation(CommandId=command["CommandId"], InstanceId=ident)
        assert got["StandardOutputContent"] == "done\n"
    assert ssm.get_parameter(Name="/kept")["Parameter"]["Value"] == "yes"


def test_agent_killed_in_the_middle_of_a_command(own_engine, tmp_path):
    agent = own_engine.agent("fragile").start()
    ssm = own_engine.client()
    until("the node", lambda: own_engine.node_ids())
    ident = own_engine.node_ids()["fragile"]
    until("its connection", lambda: ssm.get_connection_status(Target=ident)["Status"] == "connected")
    runs = tmp_path / "runs"
    script = f"echo run >> {runs}; sleep 4; echo survived"
    command = ssm.send_command(
        DocumentName="AWS-RunShellScript", Parameters={"commands": [script]}, InstanceIds=[ident]
    )["Command"]
    until("the running script", runs.exists)
    agent.kill()
    agent.start()
    ended = own_engine.finished(command["CommandId"], 1, deadline=90)
    assert runs.read_text() == "run\n", "it did not run twice"
    got = ssm.get_command_invocation(CommandId=command["CommandId"], InstanceId=ident)
    if ended[0]["Status"] == "Success":
        assert got["StandardOutputContent"] == "survived\n"
    else:
        assert ended[0]["Status"] == "Failed" and "restart" in (got["StandardErrorContent"] + got["StandardOutputContent"]).lower()
    after = ssm.send_command(DocumentName="AWS-RunShellScript", Parameters={"commands": ["echo again"]}, InstanceIds=[ident])["Command"]
    assert own_engine.finished(after["CommandId"], 1)[0]["Status"] == "Success"


def refused(*command):
    run = subprocess.run([BINARY, *command], capture_output=True, text=True, timeout=30)
    assert run.returncode == 1, run
    assert "panicked" not in run.stderr
    return run.stderr


def test_two_engines_on_one_directory(own_engine):
    assert "in use" in refused("serve", "--data", own_engine.data, "--listen", "127.0.0.1:0")


def test_a_directory_that_others_can_read(tmp_path):
    open_directory = tmp_path / "open"
    open_directory.mkdir()
    os.chmod(open_directory, 0o755)
    assert "chmod" in refused("serve", "--data", open_directory, "--listen", "127.0.0.1:0")


def test_a_newer_schema(own_engine):
    import sqlite3

    own_engine.stop()
    with sqlite3.connect(own_engine.data / "fleetdeck.db") as connection:
        connection.execute("PRAGMA user_version = 9999")
    connection.close()
    assert "newer" in refused("serve", "--data", own_engine.data, "--listen", "127.0.0.1:0")


def test_an_open_address_needs_tls(tmp_path):
    assert "tls" in refused("serve", "--data", tmp_path / "data", "--listen", "0.0.0.0:0").lower()
