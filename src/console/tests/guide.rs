//! What the guide tells people to write into their files is in order.

use crate::{
    config::{context::Contexts, keymap::Problem, settings::Settings, theme, theme::Theme},
    console::{self, state::list, testing::Bench},
};

const GUIDE: &str = include_str!("../../../assets/guide/console.md");

/// The examples, each with the heading it stands under.
fn examples() -> Vec<(&'static str, &'static str)> {
    let (mut heading, mut examples) = ("", Vec::new());
    let mut rest = GUIDE;
    while let Some((before, after)) = rest.split_once("```toml\n") {
        let (text, after) = after.split_once("```").unwrap();
        heading = before.lines().rev().find_map(|line| line.strip_prefix("## ")).unwrap_or(heading);
        examples.push((heading, text));
        rest = after;
    }
    examples
}

#[test]
fn every_example_is_in_order() {
    let mut kinds = [0; 4];
    for (heading, text) in examples() {
        let (kind, problems): (usize, Vec<Problem>) = match heading {
            "Keys of your own" => (0, console::keymap(Some(("keymap.toml", text))).1),
            "Contexts" => (1, Contexts::read("contexts.toml", text).problems),
            "Themes of your own" => {
                let source = |name: &str| if name == "mine" { Some(text.to_owned()) } else { theme::shipped(name) };
                (2, Theme::load("mine", &source).unwrap().1)
            }
            _ => {
                // A console that takes it up has nothing to tell either: its keys are free, its words are known.
                let bench = Bench::with(console::read(text), false);
                let told: Vec<_> = bench.state.notices.all().map(|notice| notice.trouble.what.clone()).collect();
                assert_eq!(told, [""; 0], "{heading}");
                (3, list::columns::problems(text))
            }
        };
        assert_eq!(problems, [], "{heading}:\n{text}");
        kinds[kind] += 1;
    }
    assert!(kinds[..3] == [1, 1, 1] && kinds[3] >= 8, "{kinds:?}");
}

#[test]
fn the_settings_are_told_with_what_they_are_where_nothing_is_said() {
    let (_, text) = examples()[0];
    assert_eq!(Settings::parse(text).unwrap(), Settings::default());
    let told: toml::Table = toml::from_str(text).unwrap();
    let usual = toml::Table::try_from(Settings::default()).unwrap();
    let plain = |value: &toml::Value| !(value.is_table() || value.is_array());
    let missing: Vec<_> = usual.iter().filter(|(name, value)| plain(value) && !told.contains_key(*name)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}
