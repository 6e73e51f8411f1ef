use serde_json::json;

use crate::{
    engine::tests::{Harness, code},
    ssm::{
        CreateDocument, DeleteDocument, DescribeDocument, DescribeDocumentPermission, DocumentFormat,
        DocumentKeyValuesFilter, DocumentPermissionType, DocumentType, GetDocument, ListDocumentVersions,
        ListDocuments, ModifyDocumentPermission, UpdateDocument, UpdateDocumentDefaultVersion,
    },
};

fn content(line: &str) -> String {
    json!({
        "schemaVersion": "2.2",
        "description": "Restart a service",
        "parameters": {"serviceName": {"type": "String", "default": "myapp"}},
        "mainSteps": [{"action": "aws:runShellScript", "name": "restart", "inputs": {"runCommand": [line]}}],
    })
    .to_string()
}

fn new(name: &str) -> CreateDocument {
    CreateDocument { name: name.into(), content: content("true"), ..Default::default() }
}

fn version(name: &str, line: &str) -> UpdateDocument {
    UpdateDocument {
        name: name.into(),
        content: content(line),
        document_version: Some("$LATEST".into()),
        ..Default::default()
    }
}

fn get(name: &str, version: &str) -> GetDocument {
    GetDocument { name: name.into(), document_version: Some(version.into()), ..Default::default() }
}

#[tokio::test]
async fn a_document_lives_through_its_versions() {
    let harness = Harness::new();
    let created = harness.call(new("Restart")).await.unwrap().document_description.unwrap();
    assert_eq!((created.document_version.as_deref(), created.owner.as_deref()), (Some("1"), Some("123456789012")));
    assert_eq!(created.parameters[0].default_value.as_deref(), Some("myapp"));
    assert_eq!(code(harness.call(new("Restart")).await), "DocumentAlreadyExists");

    harness.call(version("Restart", "false")).await.unwrap();
    assert_eq!(code(harness.call(version("Restart", "false")).await), "DuplicateDocumentContent");
    let stale = UpdateDocument { document_version: Some("1".into()), ..version("Restart", "x") };
    assert_eq!(code(harness.call(stale).await), "InvalidDocumentVersion");

    let described = harness.call(DescribeDocument { name: "Restart".into(), ..Default::default() }).await.unwrap();
    let described = described.document.unwrap();
    assert_eq!((described.document_version.as_deref(), described.latest_version.as_deref()), (Some("1"), Some("2")));
    let request = UpdateDocumentDefaultVersion { name: "Restart".into(), document_version: "2".into() };
    harness.call(request).await.unwrap();
    let default = harness.call(get("Restart", "$DEFAULT")).await.unwrap();
    assert_eq!(default.content.unwrap(), content("false"));
    assert_eq!(code(harness.call(get("Restart", "9")).await), "InvalidDocumentVersion");
    assert_eq!(code(harness.call(get("Nobody", "1")).await), "InvalidDocument");
    // A version and a version name have to agree.
    let named = UpdateDocument { version_name: Some("Calm".into()), ..version("Restart", "sleep 1") };
    harness.call(named).await.unwrap();
    let both = |version: &str, name: &str| GetDocument { version_name: Some(name.into()), ..get("Restart", version) };
    for version in ["3", "$LATEST", "$DEFAULT"] {
        assert_eq!(harness.call(both(version, "Calm")).await.unwrap().document_version.as_deref(), Some("3"));
    }
    for (version, name) in [("3", "Wild"), ("2", "Calm"), ("$LATEST", "Wild")] {
        assert_eq!(code(harness.call(both(version, name)).await), "InvalidDocumentVersion", "{version} {name}");
    }

    let page = ListDocumentVersions { name: "Restart".into(), max_results: Some(1), ..Default::default() };
    let first = harness.call(page.clone()).await.unwrap();
    assert_eq!(first.document_versions[0].document_version.as_deref(), Some("3"));
    let second = harness.call(ListDocumentVersions { next_token: first.next_token, ..page }).await.unwrap();
    assert_eq!(second.document_versions[0].document_version.as_deref(), Some("2"));
    let third = ListDocumentVersions { name: "Restart".into(), next_token: second.next_token, ..Default::default() };
    let third = harness.call(third).await.unwrap();
    assert_eq!(third.document_versions[0].document_version.as_deref(), Some("1"));
    assert_eq!(third.next_token, None);

    let delete = |version: Option<&str>| DeleteDocument {
        name: "Restart".into(),
        document_version: version.map(str::to_owned),
        ..Default::default()
    };
    assert_eq!(code(harness.call(delete(Some("2"))).await), "InvalidDocumentOperation");
    harness.call(delete(Some("1"))).await.unwrap();
    harness.call(delete(None)).await.unwrap();
    assert_eq!(code(harness.call(delete(None)).await), "InvalidDocument");
}

#[tokio::test]
async fn formats_are_converted_on_the_way_out() {
    let harness = Harness::new();
    harness.call(new("Restart")).await.unwrap();
    let request = GetDocument {
        name: "arn:aws:ssm:us-east-1:123456789012:document/Restart".into(),
        document_format: Some(DocumentFormat::Yaml),
        ..Default::default()
    };
    let yaml = harness.call(request).await.unwrap();
    assert_eq!(yaml.document_format, Some(DocumentFormat::Yaml));
    let content = yaml.content.unwrap();
    assert!(content.starts_with("schemaVersion: '2.2'\n"), "{content}");
    let again = CreateDocument {
        name: "Again".into(),
        content,
        document_format: Some(DocumentFormat::Yaml),
        ..Default::default()
    };
    let created = harness.call(again).await.unwrap().document_description.unwrap();
    assert_eq!(created.schema_version.as_deref(), Some("2.2"));
}

#[tokio::test]
async fn wrong_documents_are_refused_as_aws_does() {
    let harness = Harness::new();
    for (request, expected) in [
        (CreateDocument { content: "{".into(), ..new("Doc") }, "InvalidDocumentContent"),
        (CreateDocument { content: "{}".into(), ..new("Doc") }, "InvalidDocumentSchemaVersion"),
        (CreateDocument { document_type: Some(DocumentType::Session), ..new("Doc") }, "InvalidDocumentSchemaVersion"),
        (CreateDocument { content: "x".repeat(70_000), ..new("Doc") }, "MaxDocumentSizeExceeded"),
        (new("AWS-Mine"), "ValidationException"),
        (new("amazonMine"), "ValidationException"),
        (new("a b"), "ValidationException"),
    ] {
        let name = request.name.clone();
        assert_eq!(code(harness.call(request).await), expected, "{name}");
    }
}

#[tokio::test]
async fn standard_documents_are_listed_beside_the_accounts_own() {
    let harness = Harness::new();
    harness.call(new("Restart")).await.unwrap();
    let filter = |key: &str, value: &str| ListDocuments {
        filters: vec![DocumentKeyValuesFilter { key: Some(key.into()), values: vec![value.into()] }],
        ..Default::default()
    };
    let names = async |request: ListDocuments| {
        let answer = harness.call(request).await.unwrap();
        answer.document_identifiers.into_iter().filter_map(|document| document.name).collect::<Vec<_>>()
    };
    assert_eq!(names(filter("Owner", "Self")).await, ["Restart"]);
    assert!(names(filter("Owner", "Amazon")).await.contains(&"AWS-RunShellScript".to_owned()));
    assert_eq!(names(filter("Name", "AWS-RunP")).await, ["AWS-RunPatchBaseline", "AWS-RunPowerShellScript"]);
    assert!(
        names(filter("DocumentType", "Session"))
            .await
            .iter()
            .all(|name| name.contains("Session") || name.contains("Start"))
    );
    assert_eq!(code(harness.call(filter("Colour", "red")).await), "InvalidFilterKey");

    let mut all = Vec::new();
    let mut request = ListDocuments { max_results: Some(3), ..Default::default() };
    loop {
        let page = harness.call(request.clone()).await.unwrap();
        all.extend(page.document_identifiers.into_iter().filter_map(|document| document.name));
        request.next_token = page.next_token;
        if request.next_token.is_none() {
            break;
        }
    }
    assert_eq!(all.len(), 11);
    assert!(all.is_sorted());
}

#[tokio::test]
async fn the_shell_preferences_may_be_replaced() {
    let harness = Harness::new();
    let name = "SSM-SessionManagerRunShell";
    let before = harness.call(DescribeDocument { name: name.into(), ..Default::default() }).await.unwrap();
    assert_eq!(before.document.unwrap().owner.as_deref(), Some("Amazon"));
    let own = CreateDocument {
        name: name.into(),
        content: json!({"schemaVersion": "1.0", "sessionType": "Standard_Stream", "inputs": {}}).to_string(),
        document_type: Some(DocumentType::Session),
        ..Default::default()
    };
    harness.call(own).await.unwrap();
    let after = harness.call(DescribeDocument { name: name.into(), ..Default::default() }).await.unwrap();
    assert_eq!(after.document.unwrap().owner.as_deref(), Some("123456789012"));
}

#[tokio::test]
async fn a_shared_document_is_not_deleted() {
    let harness = Harness::new();
    harness.call(new("Restart")).await.unwrap();
    let modify = |add: &[&str], remove: &[&str]| ModifyDocumentPermission {
        name: "Restart".into(),
        permission_type: DocumentPermissionType::Share,
        account_ids_to_add: add.iter().map(|id| (*id).to_owned()).collect(),
        account_ids_to_remove: remove.iter().map(|id| (*id).to_owned()).collect(),
        ..Default::default()
    };
    harness.call(modify(&["111111111111"], &[])).await.unwrap();
    assert_eq!(code(harness.call(modify(&["all", "111111111111"], &[])).await), "DocumentPermissionLimit");
    let describe = DescribeDocumentPermission {
        name: "Restart".into(),
        permission_type: DocumentPermissionType::Share,
        ..Default::default()
    };
    let shares = harness.call(describe).await.unwrap();
    assert_eq!(shares.account_ids, ["111111111111"]);
    assert_eq!(shares.account_sharing_info_list[0].shared_document_version.as_deref(), Some("$DEFAULT"));
    let delete = DeleteDocument { name: "Restart".into(), ..Default::default() };
    assert_eq!(code(harness.call(delete.clone()).await), "InvalidDocumentOperation");
    harness.call(modify(&[], &["111111111111"])).await.unwrap();
    harness.call(delete).await.unwrap();
}
