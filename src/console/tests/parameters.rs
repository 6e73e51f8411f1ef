//! Parameters as their user works with them.

use crate::{
    console::{
        effect::{Effect, Source},
        state::{form::Purpose, overlay::Overlay},
        testing::Bench,
        update::Page,
    },
    ssm::{self, ParameterType},
};

fn loaded(kind: ParameterType) -> Bench {
    let mut bench = Bench::new(false);
    let meta = ssm::ParameterMetadata {
        name: Some("/app/url".to_owned()),
        r#type: Some(kind),
        version: Some(1),
        ..Default::default()
    };
    bench.press("4");
    bench.answer(Source::Parameters, Page::Parameters(vec![meta]));
    bench.press("end");
    bench
}

fn value(kind: ParameterType, text: &str) -> Page {
    Page::Value(Box::new(ssm::Parameter {
        name: Some("/app/url".to_owned()),
        r#type: Some(kind),
        value: Some(text.to_owned().into()),
        version: Some(1),
        ..Default::default()
    }))
}

fn form(bench: &Bench) -> Option<&Purpose> {
    match bench.state.overlays.last() {
        Some(Overlay::Form(form)) => Some(&form.purpose),
        _ => None,
    }
}

#[test]
fn what_is_typed_while_a_value_is_fetched_does_nothing_else() {
    let mut bench = loaded(ParameterType::String);
    bench.press("e");
    assert!(matches!(form(&bench), Some(Purpose::Awaited { .. })), "{}", bench.screen(80, 24));
    bench.type_text("DnT1");
    assert!(matches!(form(&bench), Some(Purpose::Awaited { .. })));
    assert!(bench.screen(80, 24).contains("is being fetched"));
    bench.wait(1_000);
    bench.answer(Source::Value, value(ParameterType::String, "https://a.example"));
    assert!(matches!(form(&bench), Some(Purpose::Edit { .. })));
    assert!(bench.screen(80, 24).contains("https://a.example"));
    assert!(!bench.fx.iter().any(Effect::changes));
}

#[test]
fn a_secret_is_copied_without_being_shown() {
    let mut bench = loaded(ParameterType::SecureString);
    let copied = |bench: &Bench| {
        bench
            .fx
            .iter()
            .find_map(|effect| if let Effect::Copy { text, .. } = effect { Some(text.clone()) } else { None })
    };
    bench.press("c");
    assert_eq!(copied(&bench), None);
    bench.answer(Source::Value, value(ParameterType::SecureString, "hunter2"));
    assert_eq!(copied(&bench).as_deref(), Some("hunter2"));
    let screen = bench.screen(80, 24);
    assert!(screen.contains("Copied the value of /app/url") && !screen.contains("hunter2"), "{screen}");
    // What was not asked for any more is not copied.
    bench.fx.clear();
    bench.press("c home");
    bench.press("end");
    bench.wait(1_000);
    assert_eq!(copied(&bench), None);
}

#[test]
fn a_new_version_is_asked_about_with_what_it_changes() {
    let mut bench = loaded(ParameterType::String);
    bench.press("e");
    bench.wait(1_000);
    bench.answer(Source::Value, value(ParameterType::String, "host=a\nport=1"));
    bench.type_text("2");
    bench.press("ctrl-s");
    let screen = bench.screen(80, 24);
    for told in ["Write a new version", "  host=a", "- port=1", "+ port=12"] {
        assert!(screen.contains(told), "{told} in {screen}");
    }
    // A secret says how much, and no character of it.
    let mut bench = loaded(ParameterType::SecureString);
    bench.press("e");
    bench.type_text("hunter2");
    bench.press("ctrl-s");
    let screen = bench.screen(80, 24);
    assert!(screen.contains("The old value is hidden") && !screen.contains("hunter2"), "{screen}");
    let mut bench = loaded(ParameterType::SecureString);
    bench.press("s");
    bench.answer(Source::Value, value(ParameterType::SecureString, "hunter2"));
    bench.press("e");
    bench.type_text("3");
    bench.press("ctrl-s");
    let screen = bench.screen(80, 24);
    let question = screen.lines().skip_while(|line| !line.contains("Write a new version")).collect::<String>();
    assert!(screen.contains("1 line of 1 differs, 7 → 8 characters"), "{screen}");
    assert!(!question.split("Yes").next().unwrap_or_default().contains("- hunter2"), "{screen}");
}
