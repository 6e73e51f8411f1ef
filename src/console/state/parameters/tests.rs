use proptest::prelude::*;

use super::{focus::Reveal, *};
use crate::{
    console::{effect::Query, state::form::Purpose},
    ssm::ParameterType,
};

const REVEAL: Duration = Duration::from_secs(30);

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

fn meta(name: &str, kind: ParameterType) -> ssm::ParameterMetadata {
    ssm::ParameterMetadata { name: Some(name.to_owned()), r#type: Some(kind), version: Some(1), ..Default::default() }
}

fn pane(names: &[(&str, ParameterType)]) -> Parameters {
    let mut pane = Parameters::default();
    pane.begin();
    pane.land(&names.iter().map(|(name, kind)| meta(name, kind.clone())).collect::<Vec<_>>());
    pane.finish(true);
    pane.settle(at(0));
    pane
}

fn sample() -> Parameters {
    use ParameterType::{SecureString, String as Text, StringList};
    pane(&[
        ("/app/db/password", SecureString),
        ("/app/db/url", Text),
        ("/app/hosts", StringList),
        ("/web/token", SecureString),
        ("plain", Text),
    ])
}

fn put_cursor(pane: &mut Parameters, path: &str) {
    pane.go_to(path, at(0));
    assert_eq!(pane.path().as_deref(), Some(path));
}

fn value(name: &str, text: &str) -> ssm::Parameter {
    ssm::Parameter {
        name: Some(name.to_owned()),
        value: Some(text.into()),
        r#type: Some(ParameterType::SecureString),
        version: Some(1),
        ..Default::default()
    }
}

fn drawn(pane: &Parameters) -> Vec<String> {
    let label = |row: &Row| format!("{}{}", "  ".repeat(row.depth), row.label(pane.listed()));
    pane.rows().iter().map(label).collect()
}

#[test]
fn the_first_look_opens_one_step() {
    let pane = sample();
    assert_eq!(drawn(&pane), ["/app/", "  db/", "  hosts", "/web/", "  token", "plain"]);
    assert_eq!((pane.total(), pane.found()), (5, 5));
}

#[test]
fn folding_walks_the_tree() {
    let mut pane = sample();
    pane.cursor.at = 1;
    assert!(pane.fold(Action::Right) && !pane.fold(Action::Filter));
    pane.settle(at(0));
    assert_eq!(drawn(&pane)[1..4], ["  db/", "    password", "    url"]);
    pane.cursor.at = 3;
    assert!(pane.fold(Action::Left));
    assert_eq!(pane.cursor.at, 1);
    assert!(pane.fold(Action::Left));
    pane.settle(at(0));
    pane.expand_all();
    pane.settle(at(0));
    assert_eq!(pane.rows().len(), 8);
    pane.expand_all();
    pane.settle(at(0));
    assert_eq!(drawn(&pane), ["/app/", "/web/", "plain"]);
}

#[test]
fn the_cursor_stays_on_its_path_while_pages_land() {
    let mut pane = sample();
    put_cursor(&mut pane, "/app/hosts");
    pane.begin();
    pane.land(&[meta("/a/first", ParameterType::String), meta("/app/hosts", ParameterType::StringList)]);
    pane.settle(at(0));
    assert_eq!(pane.path().as_deref(), Some("/app/hosts"));
    assert_eq!(pane.total(), 6);
    pane.finish(true);
    pane.settle(at(0));
    assert_eq!((pane.path().as_deref(), pane.total()), (Some("/app/hosts"), 2));
}

#[test]
fn a_refresh_that_fails_takes_nothing_away() {
    let mut pane = sample();
    pane.begin();
    pane.land(&[meta("/new", ParameterType::String)]);
    pane.finish(false);
    pane.settle(at(0));
    assert_eq!(pane.total(), 6);
}

#[test]
fn a_filter_opens_what_it_finds() {
    let mut pane = sample();
    for (filter, expected) in [
        ("type:secret", vec!["/app/", "  db/", "    password", "/web/", "  token"]),
        ("url", vec!["/app/", "  db/", "    url"]),
        ("path:/app !type:secret", vec!["/app/", "  db/", "    url", "  hosts"]),
        ("type:secret,string url", vec!["/app/", "  db/", "    url"]),
        // What begins like a path is the beginning of one, and not its letters somewhere.
        ("/app/d", vec!["/app/", "  db/", "    password", "    url"]),
        ("/ap", vec!["/app/", "  db/", "    password", "    url", "  hosts"]),
        ("/pp", vec![]),
        ("!/app url", vec![]),
        ("nowhere", vec![]),
    ] {
        pane.set_filter(filter);
        pane.settle(at(0));
        assert_eq!(drawn(&pane), expected, "{filter}");
    }
}

#[test]
fn a_filter_puts_the_cursor_on_the_first_match_and_gives_back_what_was_open() {
    let mut pane = sample();
    put_cursor(&mut pane, "plain");
    let before = drawn(&pane);
    pane.begin_filter();
    pane.set_filter("url");
    pane.settle(at(0));
    assert_eq!(pane.path().as_deref(), Some("/app/db/url"), "not a branch above it");
    pane.set_filter("token");
    pane.settle(at(0));
    assert_eq!(pane.path().as_deref(), Some("/web/token"), "as one types on");
    // Given up while it is typed: where one was, with what was open.
    pane.set_filter("");
    pane.give_up_filter();
    pane.settle(at(0));
    assert_eq!((pane.path().as_deref(), &drawn(&pane)), (Some("plain"), &before));
    // Taken away later: at what was found, or the branch that has it.
    pane.set_filter("url");
    pane.settle(at(0));
    pane.set_filter("");
    pane.settle(at(0));
    assert_eq!((pane.path().as_deref(), &drawn(&pane)), (Some("/app/db/"), &before));
    // Nothing was typed: one is where one went since the last filter.
    pane.begin_filter();
    pane.set_filter("url");
    pane.settle(at(0));
    pane.set_filter("");
    pane.settle(at(0));
    put_cursor(&mut pane, "plain");
    pane.begin_filter();
    pane.set_filter("");
    pane.give_up_filter();
    pane.settle(at(0));
    assert_eq!(pane.path().as_deref(), Some("plain"));
    // A filter that finds nothing leaves no cursor behind.
    pane.set_filter("nowhere");
    pane.settle(at(0));
    assert_eq!((pane.path(), pane.cursor.at), (None, 0));
}

#[test]
fn branches_fold_among_what_passes_a_filter_too() {
    let mut pane = sample();
    let before = drawn(&pane);
    pane.set_filter("type:secret");
    pane.settle(at(0));
    pane.cursor.at = 0;
    assert!(pane.fold(Action::Left));
    pane.settle(at(0));
    assert_eq!(drawn(&pane), ["/app/", "/web/", "  token"]);
    pane.expand_all();
    pane.settle(at(0));
    assert_eq!(drawn(&pane), ["/app/", "  db/", "    password", "/web/", "  token"]);
    pane.expand_all();
    pane.settle(at(0));
    assert_eq!(drawn(&pane), ["/app/", "/web/"]);
    pane.set_filter("");
    pane.settle(at(0));
    assert_eq!(drawn(&pane), before);
}

#[test]
fn the_keys_of_a_filter_are_the_columns_and_what_aws_calls_them() {
    let list = |name: &str, version: i64, days: u64, user: &str| ssm::ParameterMetadata {
        version: Some(version),
        last_modified_date: Some(at(1_000_000_000_000).minus(Duration::from_secs(days * 86_400))),
        last_modified_user: Some(format!("arn:aws:iam::123456789012:user/{user}")),
        tier: Some(ssm::ParameterTier::Advanced).filter(|_| version > 5),
        key_id: Some("alias/app".to_owned()).filter(|_| days > 3),
        description: Some("rotated by hand".to_owned()).filter(|_| days > 3),
        ..meta(name, ParameterType::String)
    };
    let mut pane = Parameters::default();
    pane.begin();
    pane.land(&[list("/a/one", 1, 1, "ann"), list("/a/two", 7, 2, "bob"), list("/b/three", 12, 9, "ann")]);
    pane.finish(true);
    pane.lens.now = at(1_000_000_000_000);
    let mut found = |filter: &str| {
        pane.set_filter(filter);
        pane.settle(at(0));
        pane.listed().iter().map(|name| name.rsplit('/').next().unwrap().to_owned()).collect::<Vec<_>>().join(" ")
    };
    for (filter, expected) in [
        ("version>5", "two three"),
        ("version:7", "two"),
        ("!version>5", "one"),
        ("modified<3d", "one two"),
        ("changed>3d", "three"),
        ("user:ann", "one three"),
        ("by:bob,ann", "one two three"),
        ("tier:adv", "two three"),
        ("kms:app", "three"),
        ("kms:none", "one two"),
        ("text:rotated", "three"),
        ("\"by hand\"", "three"),
        ("name:o", "one two"),
        ("path:/a name:t", "two"),
        ("thr", "three"),
    ] {
        assert_eq!(found(filter), expected, "{filter}");
    }
}

#[test]
fn parameters_are_sorted_within_their_branches() {
    let version = |name: &str, version: i64| ssm::ParameterMetadata {
        version: Some(version),
        ..meta(name, ParameterType::String)
    };
    let mut pane = Parameters::default();
    pane.begin();
    pane.land(&[version("/a/x", 2), version("/a/y", 10), version("/b/z", 30), version("solo", 1)]);
    pane.finish(true);
    pane.settle(at(0));
    put_cursor(&mut pane, "/a/y");
    pane.lens.outdate(None);
    pane.lens.sort_on("version", false);
    pane.settle(at(0));
    assert_eq!(
        drawn(&pane),
        ["/b/", "  z", "/a/", "  y", "  x", "solo"],
        "a branch where the first below it would stand"
    );
    assert_eq!(pane.path().as_deref(), Some("/a/y"), "the cursor stays");
    pane.lens.outdate(None);
    pane.lens.sort_on("name", true);
    pane.settle(at(0));
    assert_eq!(drawn(&pane), ["/b/", "  z", "/a/", "  y", "  x", "solo"]);
    pane.set_filter("a");
    pane.settle(at(0));
    assert_eq!(drawn(&pane), ["/a/", "  y", "  x"]);
}

#[test]
fn ranges_of_marks_reach_over_branches() {
    let mut pane = sample();
    put_cursor(&mut pane, "/app/hosts");
    assert!(pane.mark(Action::Mark));
    put_cursor(&mut pane, "plain");
    assert!(pane.mark(Action::MarkRange));
    assert_eq!(pane.lens.marks.iter().collect::<Vec<_>>(), ["/app/hosts", "/web/token", "plain"]);
    assert!(pane.mark(Action::MarkInvert));
    assert_eq!(pane.lens.marks.iter().collect::<Vec<_>>(), ["/app/db/password", "/app/db/url"]);
    // A closed branch is all that is below it.
    pane.mark(Action::MarkNone);
    pane.cursor.at = 0;
    pane.fold(Action::Left);
    pane.settle(at(0));
    pane.mark(Action::Mark);
    assert_eq!(pane.lens.marks.len(), 3);
}

#[test]
fn details_are_asked_for_when_the_cursor_rests() {
    let mut pane = sample();
    put_cursor(&mut pane, "/app/hosts");
    assert!(pane.wants(at(100)).is_empty());
    assert_eq!(pane.rests_at(), Some(at(200)));
    let wanted = pane.wants(at(200));
    assert_eq!(wanted[0], Query::Value { name: "/app/hosts".to_owned(), secret: false });
    assert_eq!(wanted.len(), 3);
    assert!(pane.wants(at(300)).is_empty());
    put_cursor(&mut pane, "/app/db/password");
    let wanted = pane.wants(at(900));
    assert!(!wanted.iter().any(|query| matches!(query, Query::Value { .. })), "a secret is not fetched unasked");
}

#[test]
fn a_secret_is_shown_for_a_while() {
    let mut pane = sample();
    put_cursor(&mut pane, "/app/db/password");
    let name = "/app/db/password".to_owned();
    assert_eq!(pane.reveal(), Reveal::Ask(Query::Value { name: name.clone(), secret: true }));
    pane.land_value(value(&name, "hunter2"), at(1_000), REVEAL);
    assert!(!format!("{pane:?}").contains("hunter2"));
    assert_eq!(pane.focus().unwrap().shown.as_ref().unwrap().value.expose(), "hunter2");
    assert!(!pane.expire(at(30_999)) && pane.expire(at(31_000)) && !pane.expire(at(32_000)));
    assert_eq!(pane.focus().unwrap().shown, None);
}

#[test]
fn a_secret_goes_when_the_cursor_does() {
    let mut pane = sample();
    put_cursor(&mut pane, "/app/db/password");
    pane.land_value(value("/app/db/password", "hunter2"), at(0), REVEAL);
    put_cursor(&mut pane, "/web/token");
    assert_eq!(pane.focus().unwrap().shown, None);
    // The answer to the earlier question comes now.
    pane.land_value(value("/app/db/password", "hunter2"), at(0), REVEAL);
    assert_eq!(pane.focus().unwrap().shown, None);
    put_cursor(&mut pane, "/app/db/password");
    assert_eq!(pane.focus().unwrap().shown, None);
}

#[test]
fn leaving_makes_answers_on_their_way_old() {
    let mut pane = sample();
    put_cursor(&mut pane, "/app/db/password");
    let epoch = pane.value_feed.begin(at(0));
    pane.hide();
    assert!(!pane.value_feed.is_current(epoch));
    let epoch = pane.value_feed.begin(at(0));
    pane.step(Action::CursorDown);
    pane.settle(at(0));
    assert!(!pane.value_feed.is_current(epoch));
    // Hiding with the key that reveals does the same.
    let epoch = pane.value_feed.begin(at(0));
    put_cursor(&mut pane, "/web/token");
    let newer = pane.value_feed.begin(at(0));
    assert_eq!(pane.reveal(), Reveal::Hidden);
    assert!(!pane.value_feed.is_current(epoch) && !pane.value_feed.is_current(newer));
}

#[test]
fn text_is_not_revealed_and_not_hidden() {
    let mut pane = sample();
    put_cursor(&mut pane, "plain");
    pane.land_value(value("plain", "text"), at(0), REVEAL);
    assert_eq!(pane.reveal(), Reveal::Nothing);
    pane.hide();
    assert!(pane.focus().unwrap().shown.is_some());
    assert_eq!(pane.hides_at(), None);
}

#[test]
fn versions_are_revealed_and_wiped_with_their_comparison() {
    let history = |number: i64, text: &str| ssm::ParameterHistory {
        name: Some("/web/token".to_owned()),
        version: Some(number),
        r#type: Some(ParameterType::SecureString),
        value: Some(text.into()),
        ..Default::default()
    };
    let page = || vec![history(1, "old"), history(2, "new")];
    let mut pane = sample();
    put_cursor(&mut pane, "/web/token");
    assert!(pane.open_versions());
    pane.wants(at(500));
    pane.land_versions(page(), at(0), REVEAL);
    assert!(pane.focus().unwrap().versions.list.iter().all(|version| version.value.is_none()));
    assert!(matches!(pane.reveal(), Reveal::Ask(Query::History { secret: true, .. })));
    pane.land_versions(page(), at(0), REVEAL);
    pane.finish_versions();
    pane.compare().unwrap();
    assert_eq!(pane.level, Level::Comparison);
    assert!(pane.expire(at(30_000)));
    assert_eq!((pane.level, pane.viewer.is_none()), (Level::Versions, true));
    assert!(pane.focus().unwrap().versions.list.iter().all(|version| version.value.is_none()));
    assert!(pane.back() && !pane.back());
}

#[test]
fn editing_never_shows_a_hidden_secret() {
    let mut pane = sample();
    put_cursor(&mut pane, "/web/token");
    assert_eq!(pane.edit_form().unwrap().answer("value"), "");
    pane.land_value(value("/web/token", "hunter2"), at(0), REVEAL);
    assert_eq!(pane.edit_form().unwrap().answer("value"), "hunter2");
    put_cursor(&mut pane, "plain");
    assert!(matches!(pane.edit_form().unwrap().purpose, Purpose::Awaited { .. }), "its value has not come yet");
    pane.cursor.at = 0;
    pane.settle(at(0));
    assert!(pane.edit_form().is_err());
}

#[test]
fn new_and_deleted_parameters_move_the_cursor() {
    let mut pane = sample();
    pane.go_to("/new/deep/one", at(0));
    assert_eq!(pane.path().as_deref(), Some("/new/deep/one"));
    assert_eq!(pane.branch(), "/new/deep/");
    pane.remove("/new/deep/one", at(0));
    assert_eq!(pane.total(), 5);
    assert!(pane.cursor.at < pane.rows().len());
}

#[test]
fn writing_keeps_a_filter_that_shows_what_was_written() {
    let mut pane = sample();
    pane.set_filter("type:secret");
    pane.settle(at(0));
    pane.go_to("/web/token", at(0));
    assert_eq!((pane.lens.filter.text(), pane.path().as_deref()), ("type:secret", Some("/web/token")));
    pane.go_to("plain", at(0));
    assert_eq!((pane.lens.filter.text(), pane.path().as_deref()), ("", Some("plain")));
}

#[test]
fn a_slow_listing_is_refreshed_less_often() {
    let mut pane = sample();
    let every = Duration::from_secs(15);
    let epoch = pane.feed.begin(at(0));
    pane.feed.end(epoch, Ok(()), at(10_000));
    assert!(!pane.is_due(at(60_000), every));
    assert!(pane.is_due(at(200_000), every));
}

#[test]
fn a_hundred_thousand_names_are_listed_opened_and_filtered() {
    let mut pane = Parameters::default();
    pane.begin();
    for page in 0..2_000 {
        let name = |i: usize| format!("/env{}/svc{:03}/key{:05}", i % 5, i % 300, i);
        let page: Vec<_> = (page * 50..page * 50 + 50).map(|i| meta(&name(i), ParameterType::String)).collect();
        pane.land(&page);
        pane.settle(at(0));
    }
    pane.finish(true);
    pane.settle(at(0));
    assert_eq!(pane.total(), 100_000);
    pane.expand_all();
    pane.settle(at(0));
    pane.step(Action::CursorBottom);
    pane.settle(at(0));
    pane.set_filter("env3svc12");
    pane.settle(at(0));
    assert!(pane.found() > 0);
}

fn anything() -> impl Strategy<Value = u8> {
    0u8..14
}

proptest! {
    #[test]
    fn nothing_ever_leaves_the_list_or_leaks(steps in proptest::collection::vec((anything(), 0usize..6), 1..60)) {
        let names = ["/app/db/password", "/app/db/url", "/app/hosts", "/web/token", "plain", "/app"];
        let mut pane = sample();
        let mut now = 0;
        for (step, which) in steps {
            now += 150;
            let name = names[which];
            match step {
                0 => { pane.step(Action::CursorDown); }
                1 => { pane.step(Action::CursorUp); }
                2 => { pane.step(Action::CursorBottom); }
                3 => { pane.fold(Action::Right); }
                4 => { pane.fold(Action::Left); }
                5 => pane.expand_all(),
                6 => { pane.reveal(); }
                7 => pane.land_value(value(name, "hunter2"), at(now), Duration::from_secs(1)),
                8 => pane.set_filter(name),
                9 => pane.set_filter(""),
                10 => pane.remove(name, at(now)),
                11 => { pane.begin(); pane.land(&[meta(name, ParameterType::SecureString)]); pane.finish(which.is_multiple_of(2)); }
                12 => { pane.open_versions(); }
                _ => { pane.back(); pane.hide(); }
            }
            pane.expire(at(now));
            pane.settle(at(now));
            pane.wants(at(now));
            prop_assert!(pane.rows().is_empty() || pane.cursor.at < pane.rows().len());
            if let Some(focus) = pane.focus() {
                prop_assert_eq!(pane.current().map(|(name, _)| name.clone()), Some(focus.name.clone()));
                let secret = pane.facts(&focus.name).is_some_and(|facts| facts.kind == ParameterType::SecureString);
                if let (true, Some(shown)) = (secret, &focus.shown) {
                    prop_assert!(shown.until.is_some_and(|until| until > at(now)));
                }
            }
            prop_assert!(pane.rows().iter().all(|row| !row.path(pane.listed()).is_empty()));
            let debugged = format!("{pane:?}");
            prop_assert!(!debugged.contains("hunter2"));
        }
    }
}
