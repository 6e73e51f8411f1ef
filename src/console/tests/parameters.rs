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

fn form(bench: &Bench) -> Option<&Purpose> {
    match bench.state.overlays.last() {
        Some(Overlay::Form(form)) => Some(&form.purpose),
        _ => None,
    }
}

#[test]
fn what_is_typed_while_a_value_is_fetched_does_nothing_else() {
    let mut bench = Bench::new(false);
    let meta = ssm::ParameterMetadata {
        name: Some("/app/url".to_owned()),
        r#type: Some(ParameterType::String),
        version: Some(1),
        ..Default::default()
    };
    bench.press("4");
    bench.answer(Source::Parameters, Page::Parameters(vec![meta]));
    bench.press("enter end e");
    assert!(matches!(form(&bench), Some(Purpose::Awaited { .. })), "{}", bench.screen(80, 24));
    bench.type_text("DnT1");
    assert!(matches!(form(&bench), Some(Purpose::Awaited { .. })));
    assert!(bench.screen(80, 24).contains("is being fetched"));
    bench.wait(1_000);
    let value = ssm::Parameter {
        name: Some("/app/url".to_owned()),
        r#type: Some(ParameterType::String),
        value: Some("https://a.example".to_owned().into()),
        version: Some(1),
        ..Default::default()
    };
    bench.answer(Source::Value, Page::Value(Box::new(value)));
    assert!(matches!(form(&bench), Some(Purpose::Edit { .. })));
    assert!(bench.screen(80, 24).contains("https://a.example"));
    assert!(!bench.fx.iter().any(Effect::changes));
}
