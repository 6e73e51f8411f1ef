use serde_json::json;

use super::*;
use crate::{
    engine::tests::{Harness, code},
    ssm::{AddTagsToResource, ResourceTypeForTagging, SendCommand, Tag, Target},
};

/// Three nodes, the first two of which are web servers, the first in production.
async fn fleet(harness: &Harness) -> Vec<String> {
    let mut ids = Vec::new();
    for (index, tags) in
        [&[("Role", "web"), ("Stage", "prod")][..], &[("Role", "web")], &[("Role", "db")]].iter().enumerate()
    {
        let id = format!("mi-{index:017x}");
        harness.engine.store.adopt_node_for_tests(id.clone(), harness.engine.now()).await;
        let tags = tags.iter().map(|(key, value)| Tag { key: (*key).into(), value: (*value).into() }).collect();
        let resource_type = ResourceTypeForTagging::ManagedInstance;
        harness.call(AddTagsToResource { resource_type, resource_id: id.clone(), tags }).await.unwrap();
        ids.push(id);
    }
    ids
}

async fn make(harness: &Harness, name: &str, types: &[&str], tags: Value) -> Result<CreateGroupOutput, ApiError> {
    let query = json!({"ResourceTypeFilters": types, "TagFilters": tags}).to_string();
    let resource_query = Some(ResourceQuery { kind: "TAG_FILTERS_1_0".into(), query });
    create(harness.ctx(Caller::Root), CreateGroup { name: name.into(), resource_query, ..Default::default() }).await
}

async fn ids_in(harness: &Harness, name: &str) -> Vec<String> {
    let request = ListGroupResources { group: Some(name.into()), ..Default::default() };
    let listed = list_resources(harness.ctx(Caller::Root), request).await.unwrap();
    listed.resources.iter().map(|one| one.identifier.resource_arn.rsplit('/').next().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn members_are_what_the_query_finds() {
    let harness = Harness::new();
    let ids = fleet(&harness).await;
    let every = ["AWS::AllSupported"];
    let made = make(&harness, "web", &every, json!([{"Key": "Role", "Values": ["web", "cache"]}])).await.unwrap();
    assert_eq!(made.group.group_arn, "arn:aws:resource-groups:us-east-1:123456789012:group/web");
    let both = json!([{"Key": "Role", "Values": ["web"]}, {"Key": "Stage"}]);
    make(&harness, "prod", &[NODE_TYPE], both).await.unwrap();
    make(&harness, "all", &every, json!([])).await.unwrap();
    make(&harness, "clouds", &["AWS::EC2::Instance"], json!([])).await.unwrap();
    assert_eq!(ids_in(&harness, "web").await, ids[..2]);
    assert_eq!(ids_in(&harness, "prod").await, ids[..1]);
    assert_eq!(ids_in(&harness, "all").await, ids);
    assert_eq!(ids_in(&harness, "clouds").await, Vec::<String>::new());

    let mut request = ListGroupResources { group: Some("all".into()), max_results: Some(2), ..Default::default() };
    let first = list_resources(harness.ctx(Caller::Root), request.clone()).await.unwrap();
    assert_eq!(first.resources.len(), 2);
    request.next_token = first.next_token;
    let second = list_resources(harness.ctx(Caller::Root), request).await.unwrap();
    assert_eq!((second.resources.len(), second.next_token), (1, None));
}

#[tokio::test]
async fn groups_come_are_listed_and_go() {
    let harness = Harness::new();
    let tags = json!([{"Key": "Role", "Values": ["web"]}]);
    for name in ["b", "a", "c"] {
        make(&harness, name, &[NODE_TYPE], tags.clone()).await.unwrap();
    }
    let again = make(&harness, "a", &[NODE_TYPE], tags.clone()).await.unwrap_err();
    assert_eq!(again.message.as_deref(), Some("Cannot create group: group already exists"));
    let mut request = ListGroups { max_results: Some(2), ..Default::default() };
    let first = list(harness.ctx(Caller::Root), request.clone()).await.unwrap();
    assert_eq!(first.groups.iter().map(|group| group.name.as_str()).collect::<Vec<_>>(), ["a", "b"]);
    request.next_token = first.next_token;
    let second = list(harness.ctx(Caller::Root), request).await.unwrap();
    assert_eq!((second.group_identifiers[0].group_name.as_str(), second.next_token), ("c", None));
    let filters = vec![Filter { name: "resource-type".into(), values: vec!["AWS::EC2::Instance".into()] }];
    let none = list(harness.ctx(Caller::Root), ListGroups { filters, ..Default::default() }).await.unwrap();
    assert_eq!(none.groups, []);

    let by_arn = Some("arn:aws:resource-groups:us-east-1:123456789012:group/b".to_owned());
    let found = get_query(harness.ctx(Caller::Root), GetGroupQuery { group: by_arn.clone(), group_name: None }).await;
    assert!(found.unwrap().group_query.resource_query.query.contains("Role"));
    let remove = DeleteGroup { group: by_arn, group_name: None };
    assert_eq!(delete(harness.ctx(Caller::Root), remove.clone()).await.unwrap().group.name, "b");
    assert_eq!(code(delete(harness.ctx(Caller::Root), remove).await), "NotFoundException");
    let gone = GetGroup { group: None, group_name: Some("b".into()) };
    assert_eq!(code(get(harness.ctx(Caller::Root), gone).await), "NotFoundException");
}

#[tokio::test]
async fn what_is_no_group_is_refused() {
    let harness = Harness::new();
    for (name, kind, query) in [
        ("", "TAG_FILTERS_1_0", r#"{"ResourceTypeFilters":["AWS::AllSupported"]}"#),
        ("a b", "TAG_FILTERS_1_0", r#"{"ResourceTypeFilters":["AWS::AllSupported"]}"#),
        ("AwsThings", "TAG_FILTERS_1_0", r#"{"ResourceTypeFilters":["AWS::AllSupported"]}"#),
        ("a", "CLOUDFORMATION_STACK_1_0", r#"{"ResourceTypeFilters":["AWS::AllSupported"]}"#),
        ("a", "TAG_FILTERS_1_0", "{"),
        ("a", "TAG_FILTERS_1_0", r#"{"TagFilters":[]}"#),
        ("a", "TAG_FILTERS_1_0", r#"{"ResourceTypeFilters":[]}"#),
        ("a", "TAG_FILTERS_1_0", r#"{"ResourceTypeFilters":["nodes"]}"#),
        ("a", "TAG_FILTERS_1_0", r#"{"ResourceTypeFilters":["AWS::AllSupported"],"TagFilters":[{"Key":""}]}"#),
    ] {
        let resource_query = Some(ResourceQuery { kind: kind.into(), query: query.into() });
        let request = CreateGroup { name: name.into(), resource_query, ..Default::default() };
        assert_eq!(code(create(harness.ctx(Caller::Root), request).await), "BadRequestException", "{name} {query}");
    }
    for max_results in [0, -1, 51] {
        let request = ListGroups { max_results: Some(max_results), ..Default::default() };
        assert_eq!(code(list(harness.ctx(Caller::Root), request).await), "BadRequestException");
    }
}

#[test]
fn errors_have_the_codes_and_statuses_of_the_service() {
    for (error, code, status) in [
        (bad("x"), "BadRequestException", 400),
        (not_found(), "NotFoundException", 404),
        (ApiError::new("InvalidNextToken", "x"), "BadRequestException", 400),
        (ApiError::access_denied("x"), "ForbiddenException", 403),
        (ApiError::new("InvalidSignatureException", "x"), "InvalidSignatureException", 403),
        (ApiError::internal("x"), "InternalServerErrorException", 500),
        (ApiError::bare("MethodNotAllowedException"), "MethodNotAllowedException", 405),
    ] {
        let response = failure(worded(error));
        assert_eq!(
            (response.status().as_u16(), &response.headers()[json::ERROR_TYPE_HEADER]),
            (status, &HeaderValue::from_static(code))
        );
    }
}

#[tokio::test]
async fn a_command_goes_to_the_nodes_of_a_group() {
    let harness = Harness::new();
    fleet(&harness).await;
    make(&harness, "web", &["AWS::AllSupported"], json!([{"Key": "Role", "Values": ["web"]}])).await.unwrap();
    let send = |targets: &[(&str, &[&str])]| {
        let target = |(key, values): &(&str, &[&str])| Target {
            key: Some((*key).to_owned()),
            values: values.iter().map(|value| (*value).to_owned()).collect(),
        };
        let request = SendCommand {
            document_name: "AWS-RunShellScript".into(),
            parameters: std::collections::BTreeMap::from([("commands".to_owned(), vec!["true".to_owned()])]).into(),
            targets: targets.iter().map(target).collect(),
            ..Default::default()
        };
        let harness = &harness;
        async move { harness.call(request).await.map(|sent| sent.command.unwrap().target_count.unwrap()) }
    };
    let (name, types) = ("resource-groups:Name", "resource-groups:ResourceTypeFilters");
    assert_eq!(send(&[(name, &["web"])]).await, Ok(2));
    assert_eq!(send(&[(name, &["web"]), ("tag:Stage", &["prod"])]).await, Ok(1));
    assert_eq!(send(&[(name, &["web"]), (types, &["AWS::SSM::ManagedInstance"])]).await, Ok(2));
    assert_eq!(send(&[(name, &["web"]), (types, &["AWS::EC2::Instance"])]).await, Ok(0));
    for wrong in
        [&[(name, &["nobody"][..])][..], &[(name, &["web", "web"])], &[(types, &["AWS::SSM::ManagedInstance"])]]
    {
        assert_eq!(code(send(wrong).await), "ValidationException", "{wrong:?}");
    }
}
