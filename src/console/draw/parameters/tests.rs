use crate::{
    console::{
        effect::{Change, Effect, Query, Source},
        origin::Origin,
        testing::{BEGIN, Bench},
        update::{Changed, Page, Update},
    },
    ssm::{self, ParameterTier, ParameterType, Timestamp},
};

const SIZES: [(u16, u16); 3] = [(40, 10), (80, 24), (200, 60)];

fn meta(name: &str, kind: ParameterType, version: i64) -> ssm::ParameterMetadata {
    ssm::ParameterMetadata {
        name: Some(name.to_owned()),
        r#type: Some(kind),
        version: Some(version),
        tier: Some(ParameterTier::Standard),
        last_modified_date: Some(Timestamp::from_millis(BEGIN - 7_200_000)),
        last_modified_user: Some("arn:aws:iam::123456789012:user/ann\u{1b}[2J".to_owned()),
        description: Some("What it is for\u{7}".to_owned()),
        ..Default::default()
    }
}

fn list() -> Vec<ssm::ParameterMetadata> {
    vec![
        meta("/myapp/prod/database/connection-string", ParameterType::SecureString, 3),
        meta("/myapp/prod/api/endpoint", ParameterType::String, 1),
        meta("/myapp/prod/api/hosts", ParameterType::StringList, 2),
        meta("/myapp/dev/api/endpoint", ParameterType::String, 12),
        meta("/shared/日本語-name", ParameterType::String, 1),
        meta("plain", ParameterType::String, 1),
    ]
}

fn history(number: i64, kind: ParameterType, value: &str, labels: &[&str]) -> ssm::ParameterHistory {
    ssm::ParameterHistory {
        version: Some(number),
        r#type: Some(kind),
        value: Some(value.into()),
        labels: labels.iter().map(|label| (*label).to_owned()).collect(),
        last_modified_date: Some(Timestamp::from_millis(BEGIN - 3_600_000 * (5 - number))),
        last_modified_user: Some("arn:aws:iam::123456789012:user/ann".to_owned()),
        ..Default::default()
    }
}

fn value(name: &str, kind: ParameterType, value: &str) -> Page {
    Page::Value(Box::new(ssm::Parameter {
        name: Some(name.to_owned()),
        r#type: Some(kind),
        value: Some(value.into()),
        version: Some(1),
        ..Default::default()
    }))
}

fn loaded() -> Bench {
    let mut bench = Bench::new(false);
    bench.press("4");
    bench.answer(Source::Parameters, Page::Parameters(list()));
    bench
}

/// A bench with the cursor on a parameter whose details were asked for.
fn on(name: &str) -> Bench {
    let mut bench = loaded();
    bench.state.parameters.go_to(name, bench.now);
    bench.wait(500);
    bench
}

const SECRET: &str = "/myapp/prod/database/connection-string";

fn snapshots(name: &str, mut make: impl FnMut() -> Bench) {
    for (width, height) in SIZES {
        let mut bench = make();
        insta::assert_snapshot!(format!("{name}_{width}x{height}"), bench.screen(width, height));
    }
}

#[test]
fn the_tree_with_details() {
    snapshots("normal", || {
        let name = "/myapp/prod/api/hosts";
        let mut bench = on(name);
        bench
            .answer(Source::Value, value(name, ParameterType::StringList, "a.example.com,b.example.com,\u{1b}[31mred"));
        let tag = |key: &str, value: &str| ssm::Tag { key: key.to_owned(), value: value.to_owned() };
        bench.answer(Source::ParameterTags, Page::ParameterTags(vec![tag("Env", "prod"), tag("Team", "web")]));
        let kind = || ParameterType::StringList;
        let page = vec![history(1, kind(), "a", &["previous"]), history(2, kind(), "b", &["live", "canary"])];
        bench.answer(Source::History, Page::History(page));
        bench
    });
}

#[test]
fn before_anything_came() {
    snapshots("loading", || {
        let mut bench = Bench::new(false);
        bench.press("4");
        bench
    });
}

#[test]
fn nothing_there() {
    snapshots("empty", || {
        let mut bench = Bench::new(false);
        bench.press("4");
        bench.answer(Source::Parameters, Page::Parameters(Vec::new()));
        bench
    });
}

#[test]
fn the_list_was_refused() {
    snapshots("error", || {
        let mut bench = Bench::new(false);
        bench.press("4");
        bench.refuse(
            Source::Parameters,
            "AccessDeniedException: \u{1b}]0;title\u{7}not allowed to ssm:DescribeParameters",
        );
        bench
    });
}

#[test]
fn old_data_says_so() {
    snapshots("stale", || {
        let mut bench = loaded();
        bench.wait(600_000);
        bench.refuse(Source::Parameters, "ThrottlingException: Rate exceeded");
        bench.wait(1_000);
        bench
    });
}

#[test]
fn versions_of_a_secret() {
    snapshots("versions", || {
        let mut bench = on(SECRET);
        bench.press("v");
        let kind = || ParameterType::SecureString;
        let page = vec![
            history(1, kind(), "sealed", &[]),
            history(2, kind(), "sealed", &["previous"]),
            history(3, kind(), "sealed", &["live"]),
        ];
        bench.answer(Source::History, Page::History(page));
        bench
    });
}

#[test]
fn two_versions_compared() {
    let mut bench = on("/myapp/dev/api/endpoint");
    bench.press("v");
    let kind = || ParameterType::String;
    bench.answer(
        Source::History,
        Page::History(vec![history(1, kind(), "one\ntwo", &[]), history(2, kind(), "one\n2", &[])]),
    );
    bench.press("d");
    insta::assert_snapshot!("comparison_80x24", bench.screen(80, 24));
    bench.press("|");
    bench.type_text("cat");
    bench.press("enter");
    let given = bench.fx.iter().find_map(|effect| match effect {
        Effect::Run(programs) => programs.stdin.clone(),
        _ => None,
    });
    assert!(given.is_some_and(|text| text.contains("+  2")), "a program gets it");
    bench.press("esc esc esc");
    assert!(bench.screen(80, 24).contains("6 parameters"));
}

#[test]
fn a_comparison_of_secrets_is_given_to_no_program() {
    let mut bench = on(SECRET);
    bench.press("v");
    let version = |n| history(n, ParameterType::SecureString, &format!("hunter{n}"), &[]);
    let page = || Page::History(vec![version(1), version(2)]);
    bench.answer(Source::History, page());
    bench.press("s");
    bench.answer(Source::History, page());
    bench.press("d");
    assert!(bench.screen(80, 24).contains("hunter2"));
    bench.press("|");
    assert!(bench.state.overlays.is_empty() && bench.screen(200, 30).contains("not given to a program"));
}

#[test]
fn the_form_for_a_new_parameter_hides_a_secret_while_it_is_typed() {
    let mut bench = on("/myapp/prod/api/endpoint");
    bench.press("n");
    bench.type_text("new");
    bench.press("tab right right tab");
    bench.type_text("hunter2");
    let screen = bench.screen(80, 24);
    assert!(!screen.contains("hunter2"), "{screen}");
    insta::assert_snapshot!("create_80x24", screen);
    bench.press("ctrl-s");
    insta::assert_snapshot!("confirm_80x24", bench.screen(80, 24));
    assert!(bench.changes().is_empty());
    bench.press("y");
    let [Change::Put { put, began: None }] = bench.changes()[..] else { panic!("{:?}", bench.changes()) };
    assert_eq!((put.name.as_str(), put.value.as_str()), ("/myapp/prod/api/new", "hunter2"));
    bench.apply(Update::Changed(
        Origin::default(),
        Ok(Changed::Put { name: "/myapp/prod/api/new".to_owned(), version: Some(1) }),
        None,
    ));
    assert_eq!(bench.asked(Source::Parameter).unwrap().0, Query::Parameter("/myapp/prod/api/new".to_owned()));
    bench
        .answer(Source::Parameter, Page::Parameters(vec![meta("/myapp/prod/api/new", ParameterType::SecureString, 1)]));
    assert_eq!(bench.state.parameters.path().as_deref(), Some("/myapp/prod/api/new"));
    assert_eq!(bench.state.parameters.total(), 7);
}

#[test]
fn a_secret_is_revealed_hidden_and_never_shown_late() {
    let mut bench = on(SECRET);
    assert!(bench.asked(Source::Value).is_none());
    bench.press("s");
    assert_eq!(bench.asked(Source::Value).unwrap().0, Query::Value { name: SECRET.to_owned(), secret: true });
    let kind = ParameterType::SecureString;
    bench.answer(Source::Value, value(SECRET, kind.clone(), "hunter2"));
    assert!(bench.screen(80, 24).contains("hunter2"));
    bench.wait(31_000);
    assert!(!bench.screen(80, 24).contains("hunter2"));
    // Asked again, but the cursor has moved on before the answer came.
    bench.press("s up");
    bench.answer(Source::Value, value(SECRET, kind.clone(), "hunter2"));
    assert!(!bench.screen(200, 60).contains("hunter2"));
    bench.press("down");
    assert!(!bench.screen(200, 60).contains("hunter2"));
    // The pane is left while the answer is on its way.
    bench.press("s 1");
    bench.answer(Source::Value, value(SECRET, kind, "hunter2"));
    bench.press("4");
    assert!(!bench.screen(200, 60).contains("hunter2"));
}

#[test]
fn the_loop_wakes_when_the_cursor_has_rested() {
    let mut bench = on("plain");
    bench.press("up");
    let sleep = bench.state.deadline().since(bench.now);
    assert!(sleep.as_millis() <= 200, "{sleep:?}");
}

#[test]
fn deleting_names_the_parameter_and_wants_it_typed() {
    let mut bench = on("plain");
    bench.press("shift-d");
    let screen = bench.screen(80, 24);
    assert!(screen.contains("plain") && screen.contains("type delete"), "{screen}");
    bench.press("enter");
    assert!(bench.changes().is_empty());
    bench.type_text("delete");
    bench.press("enter");
    assert_eq!(bench.changes(), [&Change::Delete(ssm::DeleteParameter { name: "plain".to_owned() })]);
    bench.apply(Update::Changed(Origin::default(), Ok(Changed::Deleted("plain".to_owned())), None));
    assert_eq!(bench.state.parameters.total(), 5);
}

#[test]
fn labels_are_set_on_the_version_under_the_cursor() {
    let mut bench = on("/myapp/dev/api/endpoint");
    bench.press("v");
    let kind = || ParameterType::String;
    bench.answer(Source::History, Page::History(vec![history(1, kind(), "a", &["old"]), history(2, kind(), "b", &[])]));
    bench.press("down shift-l");
    bench.type_text("live");
    bench.press("ctrl-s y");
    // The form goes when the service has agreed.
    let name = "/myapp/dev/api/endpoint".to_owned();
    bench.apply(Update::Changed(Origin::default(), Ok(Changed::Labelled { name, invalid: Vec::new() }), None));
    bench.press("shift-u ctrl-s y");
    let [Change::Label(label), Change::Unlabel(unlabel)] = bench.changes()[..] else { panic!("{:?}", bench.changes()) };
    assert_eq!((label.parameter_version, label.labels.as_slice()), (Some(1), &["live".to_owned()][..]));
    assert_eq!((unlabel.parameter_version, unlabel.labels.as_slice()), (1, &["old".to_owned()][..]));
}

#[test]
fn a_read_only_console_changes_nothing() {
    let mut bench = Bench::new(true);
    bench.press("4");
    bench.answer(Source::Parameters, Page::Parameters(list()));
    bench.state.parameters.go_to("plain", bench.now);
    bench.wait(500);
    for keys in ["n", "e", "shift-d", "v", "shift-l", "shift-u", "e"] {
        bench.press(keys);
        assert!(bench.state.overlays.is_empty(), "{keys}");
    }
    assert!(bench.changes().is_empty());
}

#[test]
fn ascii_is_ascii() {
    let mut bench = on(SECRET);
    let screen = bench.ascii(80, 24);
    let odd: String = screen.chars().filter(|c| !c.is_ascii()).collect();
    assert_eq!(odd, "", "{screen}");
}
