use std::time::Duration;

use crate::{
    engine::{
        Caller,
        caller::Proof,
        tests::{Harness, code},
    },
    ssm::*,
    wire::rsa_auth::NodeKey,
};

fn machine(activation: &CreateActivationOutput) -> RegisterManagedInstance {
    RegisterManagedInstance {
        activation_code: activation.activation_code.clone().unwrap(),
        activation_id: activation.activation_id.clone().unwrap(),
        fingerprint: "f".into(),
        public_key: NodeKey::generate().unwrap().public_key().unwrap(),
        public_key_type: Some("Rsa".into()),
    }
}

fn activation(limit: i32) -> CreateActivation {
    CreateActivation {
        iam_role: "service-role/Nodes".into(),
        default_instance_name: Some("web".into()),
        registration_limit: Some(limit),
        tags: vec![Tag { key: "Role".into(), value: "web".into() }],
        ..Default::default()
    }
}

#[tokio::test]
async fn a_machine_becomes_a_node_and_the_activation_is_used_up() {
    let engine = Harness::new();
    let activation = engine.call(activation(1)).await.unwrap();
    let registered = engine.call_as(Caller::Anonymous, machine(&activation)).await.unwrap();
    assert!(registered.instance_id.starts_with("mi-") && registered.instance_id.len() == 20);
    let again = engine.call_as(Caller::Anonymous, machine(&activation)).await;
    assert_eq!(code(again), "InvalidActivation");

    let listed = engine.call(DescribeActivations::default()).await.unwrap().activation_list;
    assert_eq!((listed[0].registrations_count, listed[0].expired), (Some(1), Some(false)));
    let tags = ListTagsForResource {
        resource_type: ResourceTypeForTagging::ManagedInstance,
        resource_id: registered.instance_id.clone(),
    };
    assert_eq!(engine.call(tags).await.unwrap().tag_list[0].value, "web");

    let caller = Caller::Node { instance_id: registered.instance_id, role: "Nodes".into(), proof: Proof::Key };
    let wrong = RequestManagedInstanceRoleToken { fingerprint: "other".into() };
    assert_eq!(code(engine.call_as(caller.clone(), wrong).await.map(drop)), "MachineFingerprintDoesNotMatch");
    let token =
        engine.call_as(caller.clone(), RequestManagedInstanceRoleToken { fingerprint: "f".into() }).await.unwrap();
    assert!(token.access_key_id.starts_with("ASIA"));
    let new_key = NodeKey::generate().unwrap().public_key().unwrap();
    let rotate = UpdateManagedInstancePublicKey { new_public_key: new_key, new_public_key_type: None };
    engine.call_as(caller, rotate).await.unwrap();
}

#[tokio::test]
async fn wrong_and_expired_activations_are_refused() {
    let engine = Harness::new();
    let made = engine.call(activation(5)).await.unwrap();
    let mut wrong = machine(&made);
    wrong.activation_code = "AAAAAAAAAAAAAAAAAAAA".into();
    assert_eq!(code(engine.call_as(Caller::Anonymous, wrong).await), "InvalidActivation");
    let mut keyless = machine(&made);
    keyless.public_key = "Zm9v".into();
    assert_eq!(code(engine.call_as(Caller::Anonymous, keyless).await), "ValidationException");
    engine.advance(Duration::from_secs(24 * 60 * 60 + 1));
    assert_eq!(code(engine.call_as(Caller::Anonymous, machine(&made)).await), "InvalidActivation");
    let listed = engine.call(DescribeActivations::default()).await.unwrap().activation_list;
    assert_eq!(listed[0].expired, Some(true));
    let id = made.activation_id.unwrap();
    engine.call(DeleteActivation { activation_id: id.clone() }).await.unwrap();
    assert_eq!(code(engine.call(DeleteActivation { activation_id: id }).await), "InvalidActivation");
    let late = CreateActivation { expiration_date: Some(Timestamp::from_millis(0)), ..activation(1) };
    assert_eq!(code(engine.call(late).await), "InvalidParameters");
}

#[tokio::test]
async fn activations_are_paged_newest_first_and_filtered() {
    let engine = Harness::new();
    let mut ids = Vec::new();
    for _ in 0..5 {
        ids.insert(0, engine.call(activation(1)).await.unwrap().activation_id);
    }
    let mut request = DescribeActivations { max_results: Some(2), ..Default::default() };
    let mut seen = Vec::new();
    loop {
        let page = engine.call(request.clone()).await.unwrap();
        seen.extend(page.activation_list.into_iter().map(|activation| activation.activation_id));
        request.next_token = page.next_token;
        if request.next_token.is_none() {
            break;
        }
    }
    assert_eq!(seen, ids);
    let filter = DescribeActivationsFilter {
        filter_key: Some(DescribeActivationsFilterKeys::ActivationIds),
        filter_values: vec![ids[3].clone().unwrap()],
    };
    let found = engine.call(DescribeActivations { filters: vec![filter], ..Default::default() }).await.unwrap();
    assert_eq!(found.activation_list.len(), 1);
}
