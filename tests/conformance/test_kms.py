"""KMS on the engine's one port, as boto3 speaks it: the keys of encrypted sessions."""

import botocore.exceptions
import pytest


@pytest.fixture(scope="module")
def kms(engine):
    return engine.client("kms")


def code(error):
    return error.value.response["Error"]["Code"]


def test_a_data_key_opens_with_its_own_context_only(kms):
    context = {"aws:ssm:SessionId": "root-1", "aws:ssm:TargetId": "mi-1"}
    made = kms.generate_data_key(KeyId="alias/aws/ssm", NumberOfBytes=64, EncryptionContext=context)
    assert len(made["Plaintext"]) == 64 and made["KeyId"].startswith("arn:aws:kms:us-east-1:123456789012:key/")
    opened = kms.decrypt(CiphertextBlob=made["CiphertextBlob"], EncryptionContext=context, KeyId=made["KeyId"])
    assert opened["Plaintext"] == made["Plaintext"]
    for other in ({}, context | {"aws:ssm:TargetId": "mi-2"}):
        with pytest.raises(botocore.exceptions.ClientError) as error:
            kms.decrypt(CiphertextBlob=made["CiphertextBlob"], EncryptionContext=other)
        assert code(error) == "InvalidCiphertextException"


def test_keys_and_aliases_are_made_found_and_listed(kms):
    key = kms.create_key(Description="transcripts")["KeyMetadata"]
    kms.create_alias(AliasName="alias/transcripts", TargetKeyId=key["KeyId"])
    described = kms.describe_key(KeyId="alias/transcripts")["KeyMetadata"]
    assert described["Arn"] == key["Arn"] and described["Enabled"] and described["Description"] == "transcripts"
    sealed = kms.encrypt(KeyId="alias/transcripts", Plaintext=b"hello")
    assert kms.decrypt(CiphertextBlob=sealed["CiphertextBlob"])["Plaintext"] == b"hello"
    pages = kms.get_paginator("list_keys").paginate(PaginationConfig={"PageSize": 1})
    assert key["KeyId"] in [entry["KeyId"] for page in pages for entry in page["Keys"]]
    aliases = kms.list_aliases(KeyId=key["KeyId"])["Aliases"]
    assert [alias["AliasName"] for alias in aliases] == ["alias/transcripts"]


def test_errors_are_awss(kms):
    for call, expected in (
        (lambda: kms.describe_key(KeyId="alias/none"), "NotFoundException"),
        (lambda: kms.create_alias(AliasName="alias/aws/mine", TargetKeyId="x"), "NotAuthorizedException"),
        (lambda: kms.encrypt(KeyId="alias/aws/ssm", Plaintext=b"x" * 4097), "ValidationException"),
        (lambda: kms.generate_data_key(KeyId="alias/aws/ssm"), "ValidationException"),
    ):
        with pytest.raises(botocore.exceptions.ClientError) as error:
            call()
        assert code(error) == expected
