//! Parameters as their user works with them.

use std::time::Duration;

use crate::{
    console::{
        effect::{Effect, Source},
        origin::Origin,
        state::{form::Purpose, overlay::Overlay},
        testing::Bench,
        update::{Changed, Page, Trouble, Update},
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

/// A new version of a parameter that was agreed to.
fn agreed() -> Bench {
    let mut bench = loaded(ParameterType::String);
    bench.press("e");
    bench.wait(1_000);
    bench.answer(Source::Value, value(ParameterType::String, "port=1"));
    bench.type_text("2");
    bench.press("ctrl-s y");
    assert_eq!(bench.changes().len(), 1);
    bench
}

#[test]
fn a_form_on_its_way_says_for_how_long_and_takes_nothing() {
    let mut bench = agreed();
    assert!(bench.screen(80, 24).contains("on its way…"));
    assert!(bench.state.deadline().since(bench.now) <= Duration::from_secs(5));
    bench.wait(12_000);
    let screen = bench.screen(80, 24);
    assert!(screen.contains("on its way for 10 s, no answer yet"), "{screen}");
    for typed in ["x", "ctrl-s", "left"] {
        bench.press(typed);
        assert!(bench.screen(80, 24).contains("This is on its way: nothing is typed into it"), "{typed}");
    }
    bench.type_text("lost");
    assert!(!bench.screen(80, 24).contains("lost") && bench.changes().len() == 1);
    // With the answer it takes what is typed again.
    let trouble = Trouble::new("ThrottlingException: later", None);
    bench.apply(Update::Changed(Origin::default(), Err(trouble), Some(1)));
    bench.type_text("3");
    let screen = bench.screen(80, 24);
    assert!(screen.contains("port=123") && !screen.contains("no answer yet"), "{screen}");
}

#[test]
fn a_change_without_an_answer_is_seen_wherever_one_is() {
    let mut bench = agreed();
    bench.press("esc");
    let screen = bench.screen(80, 24);
    assert!(screen.contains("What was agreed to goes on; what becomes of it is told."), "{screen}");
    assert!(!screen.contains("no answer"), "an answer takes its time");
    bench.wait(22_000);
    for pane in ["1", "2", "3", "4", "5", "6", "7"] {
        bench.press(pane);
        for (width, height) in [(40, 10), (80, 24), (200, 60)] {
            let screen = bench.screen(width, height);
            assert!(screen.contains("1 change has no answer for 20 s"), "{pane}\n{screen}");
        }
        bench.wait(0);
    }
    let put = Changed::Put { name: "/app/url".to_owned(), version: Some(2) };
    bench.apply(Update::Changed(Origin::default(), Ok(put), Some(1)));
    assert!(!bench.screen(80, 24).contains("change has no answer"));
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
