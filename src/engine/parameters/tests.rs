use std::time::Duration;

use serde_json::json;

use crate::{
    engine::{
        Caller,
        tests::{Harness, code},
    },
    ssm::*,
};

fn put(name: &str, value: &str) -> PutParameter {
    PutParameter { name: name.into(), value: value.into(), r#type: Some(ParameterType::String), ..Default::default() }
}

fn over(name: &str, value: &str) -> PutParameter {
    PutParameter { overwrite: Some(true), r#type: None, ..put(name, value) }
}

fn secret(name: &str, value: &str) -> PutParameter {
    PutParameter { r#type: Some(ParameterType::SecureString), ..put(name, value) }
}

async fn get(engine: &Harness, name: &str) -> Result<Parameter, ApiError> {
    let answer = engine.call(GetParameter { name: name.into(), with_decryption: Some(true) }).await;
    answer.map(|answer| answer.parameter.unwrap())
}

async fn value(engine: &Harness, name: &str) -> String {
    get(engine, name).await.unwrap().value.unwrap().0
}

#[tokio::test]
async fn a_parameter_is_found_by_each_of_its_names() {
    let engine = Harness::new();
    let answer = engine.call(put("x", "1")).await.unwrap();
    assert_eq!((answer.version, answer.tier), (Some(1), Some(ParameterTier::Standard)));
    for (asked, shown) in [("x", "x"), ("/x", "/x"), ("arn:aws:ssm:us-east-1:123456789012:parameter/x", "x")] {
        let found = get(&engine, asked).await.unwrap();
        assert_eq!(found.name.as_deref(), Some(shown), "{asked}");
        assert_eq!(found.arn.as_deref(), Some("arn:aws:ssm:us-east-1:123456789012:parameter/x"));
        assert_eq!(found.data_type.as_deref(), Some("text"));
    }
    assert_eq!(code(engine.call(put("/x", "2")).await), "ParameterAlreadyExists");
    assert_eq!(engine.call(over("/x", "2")).await.unwrap().version, Some(2));
    assert_eq!(value(&engine, "x:1").await, "1");
    assert_eq!(get(&engine, "x:1").await.unwrap().selector.as_deref(), Some(":1"));
    assert_eq!(code(get(&engine, "x:9").await), "ParameterVersionNotFound");
    assert_eq!(code(get(&engine, "x:live").await), "ParameterVersionNotFound");
    assert_eq!(code(get(&engine, "y:9").await), "ParameterNotFound");
    assert_eq!(code(get(&engine, "y").await), "ParameterNotFound");
    assert_eq!(code(get(&engine, "a/b").await), "ValidationException");

    let names = ["x", "/x", "x", "no", "a/b"].map(str::to_owned).to_vec();
    let many = engine.call(GetParameters { names, with_decryption: None }).await.unwrap();
    assert_eq!(many.parameters.len(), 2);
    assert_eq!(many.invalid_parameters, ["a/b", "no"]);
    let names = ["x", "no"].map(str::to_owned).to_vec();
    let gone = engine.call(DeleteParameters { names }).await.unwrap();
    assert_eq!((gone.deleted_parameters, gone.invalid_parameters), (vec!["x".to_owned()], vec!["no".to_owned()]));
    assert_eq!(code(engine.call(DeleteParameter { name: "x".into() }).await), "ParameterNotFound");
}

#[tokio::test]
async fn what_is_not_said_again_stays_and_what_cannot_change_does_not() {
    let engine = Harness::new();
    let first = PutParameter {
        description: Some("d".into()),
        allowed_pattern: Some("^[0-9]+$".into()),
        tags: vec![Tag { key: "k".into(), value: "v".into() }],
        tier: Some(ParameterTier::Advanced),
        ..put("/p", "1")
    };
    engine.call(first).await.unwrap();
    assert_eq!(code(engine.call(over("/p", "abc")).await), "ParameterPatternMismatchException");
    engine.call(over("/p", "2")).await.unwrap();
    let listed = engine.call(DescribeParameters::default()).await.unwrap().parameters;
    let found = &listed[0];
    assert_eq!((found.description.as_deref(), found.tier.as_ref()), (Some("d"), Some(&ParameterTier::Advanced)));
    assert_eq!(found.last_modified_user.as_deref(), Some("arn:aws:iam::123456789012:root"));
    let retyped = PutParameter { r#type: Some(ParameterType::SecureString), ..over("/p", "3") };
    assert_eq!(code(engine.call(retyped).await), "HierarchyTypeMismatchException");
    let down = PutParameter { tier: Some(ParameterTier::Standard), ..over("/p", "3") };
    assert_eq!(code(engine.call(down).await), "ValidationException");
    let tagged = PutParameter { tags: vec![Tag::default()], ..over("/p", "3") };
    assert_eq!(code(engine.call(tagged).await), "ValidationException");
    assert_eq!(code(engine.call(PutParameter { r#type: None, ..put("/new", "x") }).await), "ValidationException");
    // What is said to be none is taken away.
    let bare =
        PutParameter { allowed_pattern: Some(String::new()), description: Some(String::new()), ..over("/p", "abc") };
    engine.call(bare).await.unwrap();
    engine.call(over("/p", "def")).await.unwrap();
    let bad = PutParameter { allowed_pattern: Some("(".into()), ..put("/new", "x") };
    assert_eq!(code(engine.call(bad).await), "InvalidAllowedPatternException");
    let bad = PutParameter { data_type: Some("Text".into()), ..put("/new", "x") };
    assert_eq!(code(engine.call(bad).await), "ValidationException");
}

#[tokio::test]
async fn sizes_decide_the_tier() {
    let engine = Harness::new();
    engine.call(put("/s", &"x".repeat(4096))).await.unwrap();
    assert_eq!(code(engine.call(put("/t", &"x".repeat(4097))).await), "ValidationException");
    assert_eq!(code(engine.call(put("/t", &"€".repeat(2000))).await), "ValidationException");
    let smart = |name: &str, size| PutParameter {
        tier: Some(ParameterTier::IntelligentTiering),
        ..put(name, &"x".repeat(size))
    };
    assert_eq!(engine.call(smart("/i", 1)).await.unwrap().tier, Some(ParameterTier::Standard));
    assert_eq!(engine.call(smart("/j", 5000)).await.unwrap().tier, Some(ParameterTier::Advanced));
    let advanced = |size| PutParameter { tier: Some(ParameterTier::Advanced), ..put("/a", &"x".repeat(size)) };
    assert_eq!(code(engine.call(advanced(8193)).await), "ValidationException");
    engine.call(advanced(8192)).await.unwrap();
}

#[tokio::test]
async fn secrets_are_sealed_and_opened_on_demand_only() {
    let engine = Harness::new();
    engine.call(secret("/db/password", "hunter2-plain")).await.unwrap();
    engine.call(PutParameter { key_id: Some("alias/app".into()), ..secret("/db/other", "hunter3") }).await.unwrap();
    assert_eq!(value(&engine, "/db/password").await, "hunter2-plain");
    assert_eq!(value(&engine, "/db/other").await, "hunter3");
    let sealed = engine.call(GetParameter { name: "/db/password".into(), with_decryption: None }).await.unwrap();
    let sealed = sealed.parameter.unwrap().value.unwrap().0;
    assert!(!sealed.contains("hunter2") && sealed.len() > 100);
    let unknown = PutParameter { key_id: Some("alias/none".into()), ..secret("/db/x", "v") };
    assert_eq!(code(engine.call(unknown).await), "InvalidKeyId");
    let odd = PutParameter { key_id: Some("alias/app".into()), ..put("/db/y", "v") };
    assert_eq!(code(engine.call(odd).await), "ValidationException");
    let listed = engine.call(DescribeParameters::default()).await.unwrap().parameters;
    assert_eq!(listed[0].key_id.as_deref(), Some("alias/app"));
    for file in std::fs::read_dir(engine.directory()).unwrap() {
        let path = file.unwrap().path();
        if path.is_file() {
            let bytes = std::fs::read(&path).unwrap();
            assert!(!bytes.windows(13).any(|part| part == b"hunter2-plain"), "{}", path.display());
        }
    }
}

#[tokio::test]
async fn a_hierarchy_is_listed_flat_or_deep_and_in_pages() {
    let engine = Harness::new();
    for name in ["/app/a", "/app/b", "/app/dev/a", "/app/dev/b/c", "/apple", "top", "/app-x/z"] {
        engine.call(put(name, name)).await.unwrap();
    }
    let list = async |path: &str, recursive| {
        let mut request = GetParametersByPath {
            path: path.into(),
            recursive: Some(recursive),
            max_results: Some(2),
            ..Default::default()
        };
        let mut names = Vec::new();
        loop {
            let page = engine.call(request.clone()).await.unwrap();
            names.extend(page.parameters.into_iter().filter_map(|found| found.name));
            request.next_token = page.next_token;
            if request.next_token.is_none() {
                return names;
            }
        }
    };
    assert_eq!(list("/app", false).await, ["/app/a", "/app/b"]);
    assert_eq!(list("/app/", true).await, ["/app/a", "/app/b", "/app/dev/a", "/app/dev/b/c"]);
    assert_eq!(list("/", false).await, ["/apple", "top"]);
    assert_eq!(list("/", true).await.len(), 7);
    let bad = |path: &str| GetParametersByPath { path: path.into(), ..Default::default() };
    for path in ["app", "/a//b", "/ssm/x", "/a b"] {
        assert_eq!(code(engine.call(bad(path)).await), "ValidationException", "{path}");
    }
    let token = GetParametersByPath { next_token: Some("rubbish".into()), ..bad("/app") };
    assert_eq!(code(engine.call(token).await), "InvalidNextToken");
}

#[tokio::test]
async fn filters_find_and_refuse_as_aws_does() {
    let engine = Harness::new();
    engine
        .call(PutParameter { tags: vec![Tag { key: "Env".into(), value: "dev".into() }], ..put("/app/a", "1") })
        .await
        .unwrap();
    engine.call(secret("/app/secret", "2")).await.unwrap();
    engine.call(put("top", "3")).await.unwrap();
    let find = async |key: &str, option: Option<&str>, values: &[&str]| {
        let values: Vec<_> = values.iter().map(|value| (*value).to_owned()).collect();
        let filter = ParameterStringFilter { key: key.into(), option: option.map(str::to_owned), values };
        let answer = engine.call(DescribeParameters { parameter_filters: vec![filter], ..Default::default() }).await;
        answer.map(|answer| answer.parameters.into_iter().filter_map(|found| found.name).collect::<Vec<_>>())
    };
    assert_eq!(find("Name", None, &["/top", "/app/a"]).await.unwrap(), ["/app/a", "top"]);
    assert_eq!(find("Name", Some("BeginsWith"), &["/app/s"]).await.unwrap(), ["/app/secret"]);
    assert_eq!(find("Name", Some("Contains"), &["op"]).await.unwrap(), ["top"]);
    assert_eq!(find("Type", None, &["SecureString"]).await.unwrap(), ["/app/secret"]);
    assert_eq!(find("KeyId", Some("BeginsWith"), &["alias/aws"]).await.unwrap(), ["/app/secret"]);
    assert_eq!(find("Path", Some("Recursive"), &["/app"]).await.unwrap().len(), 2);
    assert_eq!(find("Path", None, &["/"]).await.unwrap(), ["top"]);
    assert_eq!(find("Tier", None, &["Standard"]).await.unwrap().len(), 3);
    assert_eq!(find("tag:Env", None, &["dev"]).await.unwrap(), ["/app/a"]);
    assert_eq!(find("tag:Env", None, &[]).await.unwrap(), ["/app/a"]);
    for (key, option, value, expected) in [
        ("Label", None, "x", "InvalidFilterKey"),
        ("Type", None, "Nope", "InvalidFilterOption"),
        ("Path", Some("Equals"), "/a", "InvalidFilterOption"),
        ("Type", Some("Contains"), "String", "InvalidFilterOption"),
        ("Path", None, "/aws/x", "ValidationException"),
    ] {
        assert_eq!(code(find(key, option, &[value]).await), expected, "{key} {option:?} {value}");
    }
    assert_eq!(code(find("Type", None, &[]).await), "InvalidFilterValue");
    let old = json!({"Filters": [{"Key": "Name", "Values": ["top"]}]});
    let found = engine.raw(Caller::Root, "DescribeParameters", old).await.unwrap();
    assert_eq!(found["Parameters"][0]["Name"], "top");
}

#[tokio::test]
async fn a_hundred_versions_are_kept_and_a_label_holds_its_own() {
    let engine = Harness::new();
    engine.call(put("p", "1")).await.unwrap();
    for version in 2..=100 {
        engine.call(over("p", &version.to_string())).await.unwrap();
    }
    engine.call(over("p", "101")).await.unwrap();
    assert_eq!(code(get(&engine, "p:1").await), "ParameterVersionNotFound");
    let label = |version, labels: &[&str]| LabelParameterVersion {
        name: "p".into(),
        parameter_version: version,
        labels: labels.iter().map(|label| (*label).to_owned()).collect(),
    };
    let labelled = engine.call(label(Some(2), &["live", "1bad", "awsx"])).await.unwrap();
    assert_eq!(
        (labelled.invalid_labels, labelled.parameter_version),
        (vec!["1bad".to_owned(), "awsx".to_owned()], Some(2))
    );
    assert_eq!(value(&engine, "p:live").await, "2");
    assert_eq!(code(engine.call(over("p", "102")).await), "ParameterMaxVersionLimitExceeded");
    engine.call(label(None, &["live"])).await.unwrap();
    assert_eq!(value(&engine, "p:live").await, "101");
    assert_eq!(engine.call(over("p", "102")).await.unwrap().version, Some(102));
    let more: Vec<String> = (0..10).map(|n| format!("l{n}")).collect();
    let more: Vec<&str> = more.iter().map(String::as_str).collect();
    assert_eq!(code(engine.call(label(Some(101), &more)).await), "ParameterVersionLabelLimitExceeded");
    assert_eq!(code(engine.call(label(Some(7000), &["x"])).await), "ParameterVersionNotFound");

    let mut request = GetParameterHistory { name: "p".into(), ..Default::default() };
    let first = engine.call(request.clone()).await.unwrap();
    request.next_token = first.next_token;
    let second = engine.call(request).await.unwrap();
    let versions: Vec<_> =
        first.parameters.iter().chain(&second.parameters).filter_map(|found| found.version).collect();
    assert_eq!(versions, (3..=102).collect::<Vec<_>>());
    assert_eq!(second.parameters[48].labels, ["live"]);
    let by_label = GetParametersByPath {
        path: "/".into(),
        parameter_filters: vec![ParameterStringFilter {
            key: "Label".into(),
            values: vec!["live".into()],
            option: None,
        }],
        ..Default::default()
    };
    assert_eq!(engine.call(by_label).await.unwrap().parameters[0].version, Some(101));
    let unlabel =
        UnlabelParameterVersion { name: "p".into(), parameter_version: 101, labels: vec!["live".into(), "no".into()] };
    let unlabelled = engine.call(unlabel).await.unwrap();
    assert_eq!(
        (unlabelled.removed_labels, unlabelled.invalid_labels),
        (vec!["live".to_owned()], vec!["no".to_owned()])
    );
}

#[tokio::test]
async fn a_parameter_goes_when_its_policy_says_so() {
    let engine = Harness::new();
    let policy = r#"[{"Type":"Expiration","Version":"1.0","Attributes":{"Timestamp":"2026-11-23T00:00:00.000Z"}}]"#;
    let expiring =
        PutParameter { policies: Some(policy.into()), tier: Some(ParameterTier::Advanced), ..put("/e", "1") };
    assert_eq!(code(engine.call(PutParameter { tier: None, ..expiring.clone() }).await), "ValidationException");
    engine.call(expiring).await.unwrap();
    let listed = engine.call(DescribeParameters::default()).await.unwrap().parameters;
    assert_eq!(listed[0].policies[0].policy_type.as_deref(), Some("Expiration"));
    engine.advance(Duration::from_secs(15 * 60 * 60));
    assert_eq!(code(get(&engine, "/e").await), "ParameterNotFound");
    assert_eq!(engine.call(put("/e", "again")).await.unwrap().version, Some(1));
    engine.engine.tick().await.unwrap();
    assert_eq!(value(&engine, "/e").await, "again");
}
