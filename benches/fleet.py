"""A command on many agents, beside the bare cost of as many processes; the engine's memory per connected idle agent.

    python benches/fleet.py [AGENTS]

Needs `cargo build --release`. Every agent is a process of its own.
"""

import statistics
import subprocess
import sys
import tempfile
import time

import peers

AGENTS = int(sys.argv[1]) if len(sys.argv) > 1 else 200
ROUNDS = 5


def main():
    with tempfile.TemporaryDirectory() as directory:
        engine, port = peers.engine(f"{directory}/data")
        agents = []
        try:
            ssm = peers.Caller(port, *peers.credentials(f"{directory}/data"))
            before = peers.memory(engine)
            activation = ssm.call("CreateActivation", {
                "IamRole": "SSMServiceRole", "RegistrationLimit": AGENTS, "Tags": [{"Key": "Bench", "Value": "yes"}],
            })
            for number in range(AGENTS):
                agents.append(subprocess.Popen(
                    [peers.BINARY, "agent", "--endpoint-url", f"http://127.0.0.1:{port}", "--data", f"{directory}/a{number}",
                     "--activation-id", activation["ActivationId"], "--activation-code", activation["ActivationCode"]],
                    stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                ))
            start = time.monotonic()
            ids = wait_for(ssm)
            print(f"{AGENTS} agents registered and connected after {time.monotonic() - start:.1f} s")
            time.sleep(10)  # idle is what is measured
            idle = peers.memory(engine)
            print(f"engine: {before / 2**20:.1f} MiB empty, {idle / 2**20:.1f} MiB with {AGENTS} idle agents, "
                  f"{(idle - before) / AGENTS / 1024:.1f} KiB an agent")
            sizes = [peers.memory(agent) for agent in agents]
            print(f"agent: {statistics.median(sizes) / 2**20:.1f} MiB resident (median)")
            command, bare = [], []
            for _ in range(ROUNDS):
                command.append(run(ssm))
                bare.append(spawn())
            ratio = statistics.median(a / b for a, b in zip(command, bare))
            print(f"`true` on {len(ids)} agents: {statistics.median(command):.2f} s; {AGENTS} bare `sh -c true`: "
                  f"{statistics.median(bare):.2f} s; ratio {ratio:.1f} (median of {ROUNDS} pairs)")
        finally:
            for agent in agents:
                agent.terminate()
            for agent in agents:
                agent.wait()
            engine.terminate()
            engine.wait()


def wait_for(ssm):
    connected = set()
    while len(connected) < AGENTS:
        ids, token = [], None
        while True:
            page = ssm.call("DescribeInstanceInformation", {"MaxResults": 50} | ({"NextToken": token} if token else {}))
            ids += [node["InstanceId"] for node in page["InstanceInformationList"]]
            token = page.get("NextToken")
            if not token:
                break
        connected |= {i for i in ids if i not in connected and ssm.call("GetConnectionStatus", {"Target": i})["Status"] == "connected"}
        time.sleep(0.2)
    return connected


def run(ssm):
    start = time.perf_counter()
    command = ssm.call("SendCommand", {
        "DocumentName": "AWS-RunShellScript", "Parameters": {"commands": ["true"]},
        "Targets": [{"Key": "tag:Bench", "Values": ["yes"]}], "MaxConcurrency": "100%",
    })["Command"]["CommandId"]
    while True:
        listed = ssm.call("ListCommands", {"CommandId": command})["Commands"][0]
        if listed["Status"] not in ("Pending", "InProgress"):
            assert listed["Status"] == "Success" and listed["CompletedCount"] == AGENTS, listed
            return time.perf_counter() - start
        time.sleep(0.02)


def spawn():
    start = time.perf_counter()
    for process in [subprocess.Popen(["sh", "-c", "true"]) for _ in range(AGENTS)]:
        process.wait()
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
