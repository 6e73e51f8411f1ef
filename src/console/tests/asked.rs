//! What the console asks, and what it offers to be done.

use super::{forwards, node_view, sessions};
use crate::{
    console::{
        effect::Source,
        state::overlay::{Overlay, Question, Then},
        testing::Bench,
        update::Page,
    },
    ssm,
};

fn lines(bench: &mut Bench, width: u16, height: u16) -> Vec<String> {
    bench.screen(width, height).lines().map(|line| line.trim_matches('"').to_owned()).collect()
}

/// The last line of the screen.
fn footer(bench: &mut Bench, width: u16) -> String {
    lines(bench, width, 24).pop().unwrap_or_default()
}

#[test]
fn a_question_takes_the_room_there_is_and_breaks_no_word() {
    let names: Vec<_> = (0..12).map(|n| format!("mi-{n:017}")).collect();
    let question = Question::new("Run it?", vec![format!("on {}", names.join(", "))], Then::Quit);
    for (width, height) in [(80, 24), (200, 60)] {
        let mut bench = Bench::new(false);
        bench.state.overlays.push(Overlay::Question(Box::new(question.clone())));
        let screen = lines(&mut bench, width, height);
        for name in &names {
            assert!(screen.iter().any(|line| line.contains(name)), "{name} {screen:#?}");
        }
        let widest = screen.iter().map(|line| line.trim().chars().count()).filter(|n| *n < width.into()).max();
        assert!(width == 80 || widest.is_some_and(|widest| widest > 130), "{screen:#?}");
    }
}

#[test]
fn a_new_forward_joins_no_set_by_itself() {
    let mut bench = forwards::set();
    bench.press("down n");
    let Some(Overlay::Form(form)) = bench.state.overlays.last() else { panic!("{}", bench.screen(80, 24)) };
    assert_eq!(form.answer("set"), "");
    assert!(form.field("set").is_some_and(|field| field.hint.contains("stage")), "the sets there are can be read");
}

#[test]
fn a_path_that_is_typed_takes_the_place_of_the_one_that_is_offered() {
    let typed = |keys: &[&str]| {
        let mut bench = node_view::files();
        bench.press("p");
        keys.iter().for_each(|keys| bench.press(keys));
        match bench.state.overlays.last() {
            Some(Overlay::Form(form)) => form.answer("path"),
            _ => panic!("{}", bench.screen(80, 24)),
        }
    };
    let offered = typed(&[]);
    assert!(offered.starts_with('/'));
    assert_eq!(typed(&["/ e t c"]), "/etc");
    assert_eq!(typed(&["end / x"]), format!("{offered}/x"));
}

#[test]
fn the_footer_offers_what_works_on_the_row() {
    let mut bench = sessions::sessions();
    assert!(!footer(&mut bench, 200).contains("attach"), "it is open elsewhere");
    bench.press("down");
    assert!(footer(&mut bench, 200).contains("A attach"), "{}", footer(&mut bench, 200));
    bench.press("down");
    let over = footer(&mut bench, 200);
    assert!(!over.contains("attach") && !over.contains("terminate") && over.contains("transcript"), "{over}");

    let mut bench = Bench::new(false);
    bench.press("4");
    let one = |name: &str| ssm::ParameterMetadata { name: Some(name.to_owned()), ..Default::default() };
    bench.answer(Source::Parameters, Page::Parameters(vec![one("/app/db/url"), one("/app/db/user"), one("/top")]));
    let branch = footer(&mut bench, 200);
    for word in ["reveal", "versions", "edit", "delete"] {
        assert!(!branch.contains(word), "{word} does nothing on a branch: {branch}");
    }
    bench.press("shift-g");
    let leaf = footer(&mut bench, 200);
    assert!(leaf.contains("versions") && leaf.contains("edit"), "{leaf}");

    let mut bench = forwards::set();
    bench.press("down");
    let set = footer(&mut bench, 200);
    assert!(!set.contains("edit") && set.contains("start/stop"), "{set}");

    let mut bench = Bench::new(false);
    let question = Question::new("Run it?", Vec::new(), Then::Quit);
    bench.state.overlays.push(Overlay::Question(Box::new(question.clone())));
    assert!(!footer(&mut bench, 200).contains("copy"));
    let question = question.or_copy(Then::CopyLine("aws ssm send-command".into()));
    bench.state.overlays.push(Overlay::Question(Box::new(question)));
    assert!(footer(&mut bench, 200).contains("c copy"));
}
