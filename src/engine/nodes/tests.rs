use std::time::Duration;

use crate::{
    engine::tests::{Harness, code},
    ssm::*,
};

/// Registers `count` nodes that have reported once, with the tag `Role=web` on every second.
async fn fleet(engine: &Harness, count: usize) -> Vec<String> {
    let mut ids = Vec::new();
    for index in 0..count {
        let id = format!("mi-{index:017x}");
        engine.engine.store.adopt_node_for_tests(id.clone(), engine.engine.now()).await;
        let report = UpdateInstanceInformation {
            instance_id: id.clone(),
            agent_name: Some("fleetdeck-agent".into()),
            agent_version: Some(format!("3.{index}.0.0")),
            platform_type: Some("Linux".into()),
            ..Default::default()
        };
        engine.call(report).await.unwrap();
        if index % 2 == 0 {
            let tags = vec![Tag { key: "Role".into(), value: "web".into() }];
            let resource_type = ResourceTypeForTagging::ManagedInstance;
            engine.call(AddTagsToResource { resource_type, resource_id: id.clone(), tags }).await.unwrap();
        }
        ids.push(id);
    }
    ids
}

async fn find(engine: &Harness, key: &str, values: &[&str]) -> Vec<String> {
    let values = values.iter().map(|value| (*value).to_owned()).collect();
    let filters = vec![InstanceInformationStringFilter { key: key.into(), values }];
    let request = DescribeInstanceInformation { filters, max_results: Some(50), ..Default::default() };
    let list = engine.call(request).await.unwrap().instance_information_list;
    list.into_iter().filter_map(|node| node.instance_id).collect()
}

#[tokio::test]
async fn nodes_are_paged_and_filtered_by_every_key() {
    let engine = Harness::new();
    let ids = fleet(&engine, 13).await;
    let mut request = DescribeInstanceInformation::default();
    let first = engine.call(request.clone()).await.unwrap();
    assert_eq!(first.instance_information_list.len(), 10);
    request.next_token = first.next_token;
    let second = engine.call(request).await.unwrap();
    assert_eq!((second.instance_information_list.len(), second.next_token), (3, None));

    assert_eq!(find(&engine, "InstanceIds", &[&ids[3], &ids[4], "mi-0ffffffffffffffff"]).await, ids[3..5]);
    assert_eq!(find(&engine, "AgentVersion", &["3.7.0.0"]).await, [ids[7].clone()]);
    assert_eq!(find(&engine, "tag:Role", &["web"]).await.len(), 7);
    assert_eq!(find(&engine, "tag:Role", &["Web"]).await.len(), 0);
    assert_eq!(find(&engine, "tag-key", &["Role"]).await.len(), 7);
    assert_eq!(find(&engine, "PlatformTypes", &["Linux"]).await.len(), 13);
    assert_eq!(find(&engine, "PingStatus", &["ConnectionLost"]).await.len(), 0);
    assert_eq!(find(&engine, "ResourceType", &["EC2Instance"]).await.len(), 0);
    assert_eq!(find(&engine, "SourceTypes", &["AWS::SSM::ManagedInstance"]).await.len(), 13);

    let filter =
        |key: &str, value: &str| InstanceInformationStringFilter { key: key.into(), values: vec![value.into()] };
    let with = |filters| DescribeInstanceInformation { filters, ..Default::default() };
    assert_eq!(code(engine.call(with(vec![filter("Nope", "x")])).await), "InvalidFilterKey");
    let wrong = with(vec![filter("PingStatus", "Perhaps")]);
    assert_eq!(code(engine.call(wrong).await), "InvalidInstanceInformationFilterValue");
    let mixed = with(vec![filter("tag:Role", "web"), filter("PingStatus", "Online")]);
    assert_eq!(code(engine.call(mixed).await), "InvalidFilterKey");
    let old =
        InstanceInformationFilter { key: InstanceInformationFilterKey::PingStatus, value_set: vec!["Online".into()] };
    let old = DescribeInstanceInformation { instance_information_filter_list: vec![old], ..Default::default() };
    assert_eq!(engine.call(old).await.unwrap().instance_information_list.len(), 10);
}

#[tokio::test]
async fn a_silent_node_is_lost_and_then_inactive() {
    let engine = Harness::new();
    let id = fleet(&engine, 1).await.remove(0);
    let presence = &engine.engine.presence;
    assert_eq!(find(&engine, "PingStatus", &["Online"]).await.len(), 1);
    engine.advance(Duration::from_secs(301));
    assert_eq!(find(&engine, "PingStatus", &["ConnectionLost"]).await.len(), 1);
    presence.connect(&id);
    assert_eq!(find(&engine, "PingStatus", &["Online"]).await.len(), 1);
    let status = engine.call(GetConnectionStatus { target: id.clone() }).await.unwrap().status;
    assert_eq!(status, Some(ConnectionStatus::Connected));

    engine.call(UpdateInstanceInformation { instance_id: id.clone(), ..Default::default() }).await.unwrap();
    engine.advance(Duration::from_secs(1));
    presence.disconnect(&id, engine.engine.now());
    assert_eq!(find(&engine, "PingStatus", &["Online"]).await.len(), 1);
    engine.advance(Duration::from_secs(61));
    assert_eq!(find(&engine, "PingStatus", &["ConnectionLost"]).await.len(), 1);
    let status = engine.call(GetConnectionStatus { target: id }).await.unwrap().status;
    assert_eq!(status, Some(ConnectionStatus::NotConnected));

    engine.advance(Duration::from_secs(31 * 24 * 60 * 60));
    assert_eq!(find(&engine, "PingStatus", &["Inactive"]).await.len(), 1);
}

#[tokio::test]
async fn properties_compare_and_a_node_can_go() {
    let engine = Harness::new();
    let ids = fleet(&engine, 12).await;
    let compare = |operator, value: &str| DescribeInstanceProperties {
        filters_with_operator: vec![InstancePropertyStringFilter {
            key: "AgentVersion".into(),
            values: vec![value.into()],
            operator: Some(operator),
        }],
        ..Default::default()
    };
    let count =
        async |request: DescribeInstanceProperties| engine.call(request).await.unwrap().instance_properties.len();
    assert_eq!(count(compare(InstancePropertyFilterOperator::LessThan, "3.10.0.0")).await, 10);
    assert_eq!(count(compare(InstancePropertyFilterOperator::BeginWith, "3.1")).await, 3);
    assert_eq!(count(compare(InstancePropertyFilterOperator::NotEqual, "3.1.0.0")).await, 11);

    let role = UpdateManagedInstanceRole { instance_id: ids[0].clone(), iam_role: "Other".into() };
    engine.call(role).await.unwrap();
    assert_eq!(find(&engine, "IamRole", &["Other"]).await.len(), 1);
    engine.call(DeregisterManagedInstance { instance_id: ids[0].clone() }).await.unwrap();
    assert_eq!(code(engine.call(DeregisterManagedInstance { instance_id: ids[0].clone() }).await), "InvalidInstanceId");
    assert_eq!(find(&engine, "tag:Role", &["web"]).await.len(), 5);
    let tags =
        ListTagsForResource { resource_type: ResourceTypeForTagging::ManagedInstance, resource_id: ids[0].clone() };
    assert_eq!(code(engine.call(tags).await), "InvalidResourceId");
}

#[tokio::test]
async fn tags_keep_their_order_and_their_limits() {
    let engine = Harness::new();
    let id = fleet(&engine, 2).await.remove(1);
    let resource_type = ResourceTypeForTagging::ManagedInstance;
    let add = |pairs: &[(&str, &str)]| AddTagsToResource {
        resource_type: resource_type.clone(),
        resource_id: id.clone(),
        tags: pairs.iter().map(|(key, value)| Tag { key: (*key).into(), value: (*value).into() }).collect(),
    };
    engine.call(add(&[("b", "1"), ("a", "2")])).await.unwrap();
    engine.call(add(&[("b", "3")])).await.unwrap();
    let remove = RemoveTagsFromResource {
        resource_type: resource_type.clone(),
        resource_id: id.clone(),
        tag_keys: vec!["none".into()],
    };
    engine.call(remove).await.unwrap();
    let list = ListTagsForResource { resource_type: resource_type.clone(), resource_id: id.clone() };
    let keys = engine.call(list).await.unwrap().tag_list;
    assert_eq!(keys, [Tag { key: "b".into(), value: "3".into() }, Tag { key: "a".into(), value: "2".into() }]);
    assert_eq!(code(engine.call(add(&[("aws:x", "")])).await), "ValidationException");
    let many: Vec<String> = (0..49).map(|n| format!("k{n}")).collect();
    let many: Vec<(&str, &str)> = many.iter().map(|key| (key.as_str(), "")).collect();
    assert_eq!(code(engine.call(add(&many)).await), "TooManyTagsError");
}

#[tokio::test]
async fn a_documents_tags_come_and_go_with_it() {
    let engine = Harness::new();
    let content = r#"{"schemaVersion":"2.2","mainSteps":[{"action":"aws:runShellScript","name":"a","inputs":{"runCommand":["true"]}}]}"#;
    let tags = vec![Tag { key: "Team".into(), value: "ops".into() }];
    let create =
        CreateDocument { name: "Hello".into(), content: content.into(), tags: tags.clone(), ..Default::default() };
    engine.call(create).await.unwrap();
    let list = ListTagsForResource { resource_type: ResourceTypeForTagging::Document, resource_id: "Hello".into() };
    assert_eq!(engine.call(list.clone()).await.unwrap().tag_list, tags);
    engine.call(DeleteDocument { name: "Hello".into(), ..Default::default() }).await.unwrap();
    assert_eq!(code(engine.call(list).await), "InvalidResourceId");
}
