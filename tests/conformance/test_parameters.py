"""Parameter Store, seen by boto3 and the AWS CLI."""

import pytest
from botocore.exceptions import ClientError


def test_round_trips_through_the_aws_cli(engine):
    put = engine.aws("ssm", "put-parameter", "--name", "/cli/db/host", "--value", "db.internal", "--type", "String")
    assert put == {"Version": 1, "Tier": "Standard"}
    engine.aws("ssm", "put-parameter", "--name", "/cli/db/password", "--value", "s3cr3t-value", "--type", "SecureString")
    got = engine.aws("ssm", "get-parameter", "--name", "/cli/db/host")["Parameter"]
    assert (got["Value"], got["Version"], got["DataType"]) == ("db.internal", 1, "text")
    assert got["ARN"] == "arn:aws:ssm:us-east-1:123456789012:parameter/cli/db/host"
    hidden = engine.aws("ssm", "get-parameter", "--name", "/cli/db/password")["Parameter"]
    assert "s3cr3t" not in hidden["Value"]
    shown = engine.aws("ssm", "get-parameter", "--name", "/cli/db/password", "--with-decryption")["Parameter"]
    assert shown["Value"] == "s3cr3t-value"
    tree = engine.aws("ssm", "get-parameters-by-path", "--path", "/cli", "--recursive", "--with-decryption")
    assert {p["Name"]: p["Value"] for p in tree["Parameters"]} == {
        "/cli/db/host": "db.internal",
        "/cli/db/password": "s3cr3t-value",
    }


def test_no_plaintext_on_disk(engine, ssm):
    secret = "plaintext-canary-7f3a9c"
    ssm.put_parameter(Name="/canary/secret", Value=secret, Type="SecureString")
    ssm.get_parameter(Name="/canary/secret", WithDecryption=True)
    for path in engine.data.rglob("*"):
        if path.is_file():
            assert secret.encode() not in path.read_bytes(), path
    assert secret not in (engine.data.parent / "engine.log").read_text()


def test_versions_labels_and_history(ssm):
    name = "/versions/app"
    for value in ("one", "two", "three"):
        ssm.put_parameter(Name=name, Value=value, Type="String", Overwrite=True)
    labelled = ssm.label_parameter_version(Name=name, ParameterVersion=2, Labels=["stable", "1bad"])
    assert labelled["InvalidLabels"] == ["1bad"] and labelled["ParameterVersion"] == 2
    assert ssm.get_parameter(Name=f"{name}:stable")["Parameter"]["Value"] == "two"
    assert ssm.get_parameter(Name=f"{name}:1")["Parameter"]["Value"] == "one"
    history = ssm.get_parameter_history(Name=name)["Parameters"]
    assert [(h["Version"], h["Value"], h["Labels"]) for h in history] == [
        (1, "one", []), (2, "two", ["stable"]), (3, "three", []),
    ]
    ssm.unlabel_parameter_version(Name=name, ParameterVersion=2, Labels=["stable"])
    with pytest.raises(ssm.exceptions.ParameterVersionNotFound):
        ssm.get_parameter(Name=f"{name}:stable")


def test_paging_by_path(ssm):
    for number in range(25):
        ssm.put_parameter(Name=f"/pages/p{number:02}", Value=str(number), Type="String")
    pages = list(ssm.get_paginator("get_parameters_by_path").paginate(Path="/pages"))
    assert [len(page["Parameters"]) for page in pages] == [10, 10, 5]
    names = [p["Name"] for page in pages for p in page["Parameters"]]
    assert sorted(set(names)) == [f"/pages/p{n:02}" for n in range(25)]


def test_get_parameters_says_which_are_invalid(ssm):
    ssm.put_parameter(Name="/some/one", Value="1", Type="String")
    answer = ssm.get_parameters(Names=["/some/one", "/some/none"])
    assert [p["Name"] for p in answer["Parameters"]] == ["/some/one"]
    assert answer["InvalidParameters"] == ["/some/none"]


def test_describe_filters(ssm):
    ssm.put_parameter(Name="/d/list", Value="a,b", Type="StringList", Tags=[{"Key": "Team", "Value": "red"}])
    ssm.put_parameter(Name="/d/text", Value="a", Type="String", Description="words")

    def names(*filters):
        pages = ssm.get_paginator("describe_parameters").paginate(ParameterFilters=list(filters))
        return {p["Name"] for page in pages for p in page["Parameters"]}

    path = {"Key": "Path", "Option": "Recursive", "Values": ["/d"]}
    assert names(path) == {"/d/list", "/d/text"}
    assert names(path, {"Key": "Type", "Values": ["StringList"]}) == {"/d/list"}
    assert names({"Key": "tag:Team", "Values": ["red"]}) == {"/d/list"}
    assert names({"Key": "Name", "Option": "Contains", "Values": ["/d/te"]}) == {"/d/text"}
    assert names({"Key": "tag:Team", "Option": "BeginsWith", "Values": ["re"]}) == {"/d/list"}
    assert names(path, {"Key": "Type", "Option": "BeginsWith", "Values": ["String"]}) == {"/d/list", "/d/text"}
    ssm.put_parameter(Name="bare-name", Value="a", Type="String")
    assert names({"Key": "Name", "Option": "Contains", "Values": ["/bare"]}) == {"bare-name"}


@pytest.mark.parametrize(
    "operation, arguments, expected",
    [
        ("get_parameter", {"Name": "/nowhere"}, "ParameterNotFound"),
        ("delete_parameter", {"Name": "/nowhere"}, "ParameterNotFound"),
        ("put_parameter", {"Name": "a/b", "Value": "x", "Type": "String"}, "ValidationException"),
        ("put_parameter", {"Name": "ssm-mine", "Value": "x", "Type": "String"}, "ValidationException"),
        ("put_parameter", {"Name": "/aws/mine", "Value": "x", "Type": "String"}, "AccessDeniedException"),
        ("put_parameter", {"Name": "/big", "Value": "x" * 4097, "Type": "String"}, "ValidationException"),
        ("put_parameter", {"Name": "/typeless", "Value": "x"}, "ValidationException"),
        ("put_parameter", {"Name": "/odd", "Value": "x", "Type": "Number"}, "ValidationException"),
        ("put_parameter", {"Name": "/" + "/".join("abcdefghijklmnop"), "Value": "x", "Type": "String"}, "HierarchyLevelLimitExceededException"),
        ("put_parameter", {"Name": "/key", "Value": "x", "Type": "SecureString", "KeyId": "alias/none"}, "InvalidKeyId"),
        ("put_parameter", {"Name": "/pat", "Value": "x", "Type": "String", "AllowedPattern": "^[0-9]+$"}, "ParameterPatternMismatchException"),
        ("get_parameters_by_path", {"Path": "nope"}, "ValidationException"),
        ("get_parameter_history", {"Name": "/nowhere"}, "ParameterNotFound"),
        ("describe_parameters", {"ParameterFilters": [{"Key": "Name", "Option": "Sideways", "Values": ["x"]}]}, "InvalidFilterOption"),
    ],
)
def test_errors_are_botocores_own(ssm, operation, arguments, expected):
    with pytest.raises(ClientError) as error:
        getattr(ssm, operation)(**arguments)
    assert error.value.response["Error"]["Code"] == expected
    modelled = getattr(ssm.exceptions, expected, None) if expected not in ("ValidationException", "AccessDeniedException") else ClientError
    assert isinstance(error.value, modelled)


def test_an_existing_parameter_is_not_overwritten_unasked(ssm):
    ssm.put_parameter(Name="/once", Value="1", Type="String")
    with pytest.raises(ssm.exceptions.ParameterAlreadyExists):
        ssm.put_parameter(Name="/once", Value="2", Type="String")
    assert ssm.get_parameter(Name="/once")["Parameter"]["Value"] == "1"


def test_several_violations_in_one_message(ssm):
    with pytest.raises(ClientError) as error:
        ssm.put_parameter(Name="/x", Value="x", Type="Nope", Tier="Gold")
    text = error.value.response["Error"]["Message"]
    assert text.startswith("2 validation errors detected: ")
    assert "at 'type'" in text and "at 'tier'" in text


def test_delete_many(ssm):
    ssm.put_parameter(Name="/gone/1", Value="1", Type="String")
    answer = ssm.delete_parameters(Names=["/gone/1", "/gone/2"])
    assert answer["DeletedParameters"] == ["/gone/1"] and answer["InvalidParameters"] == ["/gone/2"]
