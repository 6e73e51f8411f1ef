"""The whole way over TLS: an authority of one's own, named by AWS_CA_BUNDLE, and nobody else trusted."""

import base64
import datetime
import ipaddress
import os

import pytest
from botocore.exceptions import SSLError
from conftest import Engine, stop_all, until
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID


def issue(directory):
    """An authority and a certificate for this machine's loopback: the paths of CA, chain and key."""
    now = datetime.datetime.now(datetime.timezone.utc)

    def start(name, key, issuer):
        return (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
            .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(hours=1))
            .not_valid_after(now + datetime.timedelta(days=1))
        )

    authority_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    authority = (
        start("Test authority", authority_key, "Test authority")
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(
            x509.KeyUsage(False, False, False, False, False, True, True, None, None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(authority_key.public_key()), critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    certificate = (
        start("localhost", key, "Test authority")
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()), critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    paths = [directory / name for name in ("ca.pem", "chain.pem", "key.pem")]
    paths[0].write_bytes(authority.public_bytes(pem))
    paths[1].write_bytes(certificate.public_bytes(pem))
    paths[2].write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    paths[2].chmod(0o600)
    return paths


class SecureEngine(Engine):
    """An engine behind TLS; everything that it starts trusts `ca` alone."""

    scheme = "https"
    ca = None

    def environment(self):
        return super().environment() | ({"AWS_CA_BUNDLE": str(self.ca)} if self.ca else {})

    def client(self, service="ssm", **overrides):
        return super().client(service, **({"verify": str(self.ca)} | overrides))


@pytest.fixture(scope="module")
def secure(tmp_path_factory):
    directory = tmp_path_factory.mktemp("tls")
    ca, chain, key = issue(directory)
    engine = SecureEngine(directory / "data")
    engine.ca = ca
    engine.start("--tls-cert", chain, "--tls-key", key)
    engine.agent("web-1").start()

    def connected():
        ids = engine.node_ids()
        return ids and engine.client().get_connection_status(Target=ids["web-1"])["Status"] == "connected"

    until("a connected node", connected)
    yield engine
    stop_all(engine)


def test_a_command_over_tls(secure):
    ssm, node = secure.client(), secure.node_ids()["web-1"]
    sent = ssm.send_command(
        InstanceIds=[node], DocumentName="AWS-RunShellScript", Parameters={"commands": ["echo over-tls"]})
    [invocation] = secure.finished(sent["Command"]["CommandId"], 1)
    assert invocation["Status"] == "Success"
    output = ssm.get_command_invocation(CommandId=sent["Command"]["CommandId"], InstanceId=node)
    assert output["StandardOutputContent"] == "over-tls\n"
    assert output["StandardOutputUrl"].startswith(secure.url + "/")


def test_whole_output_comes_back_over_tls(secure):
    """Too long for the answer of the API: the agent puts it into the output store, `run` gets it from there."""
    run = secure.fleetdeck("run", "--name", "web-1", "--", "seq 1 20000")
    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout == "".join(f"{number}\n" for number in range(1, 20001))


def test_a_shell_over_tls(secure):
    run = secure.fleetdeck("shell", "web-1", "--", "echo out; echo err >&2; exit 7")
    assert (run.returncode, run.stdout, run.stderr) == (7, "out\n", "err\n")


def test_a_megabyte_through_a_shell_over_tls(secure):
    payload = base64.b64encode(os.urandom(750_000)).decode()
    path = secure.data.parent / "payload"
    path.write_text(payload)
    run = secure.fleetdeck("shell", "web-1", "--", f"cat {path}")
    assert run.returncode == 0 and run.stdout == payload


def test_nobody_is_trusted_without_the_authority(secure, tmp_path):
    with pytest.raises(SSLError):
        secure.client(verify=True).describe_instance_information()
    stranger, _, _ = issue(tmp_path)
    trusted = secure.ca
    try:
        for ca in (None, stranger):
            secure.ca = ca
            for words in (["nodes"], ["run", "--name", "web-1", "--", "true"], ["shell", "web-1", "--", "true"]):
                run = secure.fleetdeck(*words)
                assert run.returncode == 1 and run.stdout == "", (words, run)
                assert f"no secure connection to {secure.url}" in run.stderr, run.stderr
                assert "AWS_CA_BUNDLE" in run.stderr, run.stderr
                assert "panicked" not in run.stderr
    finally:
        secure.ca = trusted


def test_a_bundle_that_is_not_there_is_named(secure, tmp_path):
    trusted = secure.ca
    try:
        secure.ca = tmp_path / "nowhere.pem"
        run = secure.fleetdeck("nodes")
        assert run.returncode == 1 and f"AWS_CA_BUNDLE {secure.ca}" in run.stderr, run.stderr
    finally:
        secure.ca = trusted
