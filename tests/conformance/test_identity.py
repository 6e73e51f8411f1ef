"""Signatures, credentials and what AWS's clients make of a refusal."""

import json
import urllib.error
import urllib.request

import pytest
from botocore.exceptions import ClientError


def code(error):
    return error.value.response["Error"]["Code"]


def test_the_written_credentials_are_the_account(engine):
    identity = engine.aws("sts", "get-caller-identity")
    assert identity["Account"] == "123456789012"
    assert identity["Arn"].startswith("arn:aws:")
    assert engine.credentials.stat().st_mode & 0o777 == 0o600


def test_a_wrong_secret_is_an_invalid_signature(engine):
    client = engine.client(aws_secret_access_key="not the secret")
    with pytest.raises(ClientError) as error:
        client.describe_instance_information()
    assert code(error) == "InvalidSignatureException"
    assert "does not match the signature you provided" in str(error.value)


def test_an_unknown_key_is_an_unrecognized_client(engine):
    client = engine.client(aws_access_key_id="AKIAIOSFODNN7EXAMPLE")
    with pytest.raises(ClientError) as error:
        client.describe_instance_information()
    assert code(error) == "UnrecognizedClientException"


def test_a_forged_session_token_is_refused(engine):
    client = engine.client(aws_session_token="forged")
    with pytest.raises(ClientError) as error:
        client.describe_instance_information()
    assert code(error) in {"UnrecognizedClientException", "InvalidSignatureException"}


@pytest.mark.parametrize(
    "headers, expected",
    [
        ({}, "MissingAuthenticationToken"),
        ({"Authorization": "AWS4-HMAC-SHA256 nonsense"}, "IncompleteSignature"),
        ({"Authorization": "Basic eDp5"}, "IncompleteSignature"),
    ],
)
def test_unsigned_and_mangled_requests(engine, headers, expected):
    request = urllib.request.Request(
        engine.url + "/", b"{}", headers | {"X-Amz-Target": "AmazonSSM.GetParameter", "Content-Type": "application/x-amz-json-1.1"}
    )
    with pytest.raises(urllib.error.HTTPError) as error:
        urllib.request.urlopen(request)
    assert error.value.code in (400, 403)
    body = json.load(error.value)
    assert body["__type"].startswith((expected, "MissingAuthenticationToken"))
    assert error.value.headers["x-amzn-RequestId"]


def test_every_answer_has_a_request_id(ssm):
    answer = ssm.describe_activations()
    assert len(answer["ResponseMetadata"]["RequestId"]) == 36


def test_an_unknown_operation_is_said_to_be_one(engine):
    answer = engine.aws_raw("ssm", "describe-ops-items")
    assert answer.returncode != 0 and "UnknownOperationException" in answer.stderr
