//! The columns of lists: those of the settings, the wide list, the box in which they are chosen.

use super::{lists, node_view, sessions};
use crate::{
    config::settings::Settings,
    console::{state::list::List, testing::Bench},
};

/// The names in the headings of a screen.
fn heading(bench: &mut Bench, first: &str) -> String {
    heading_at(bench, first, 140)
}

fn heading_at(bench: &mut Bench, first: &str, width: u16) -> String {
    let screen = bench.screen(width, 30);
    let line = screen.lines().find(|line| line.trim_start_matches(['"', ' ']).starts_with(first));
    line.unwrap_or_else(|| panic!("no heading {first} in {screen}")).to_owned()
}

fn reload(bench: &mut Bench, text: &str) {
    bench.state.take_settings(Settings::parse(text).unwrap(), crate::console::keymap(None).0);
}

fn shown(bench: &Bench, list: List) -> Vec<String> {
    bench.state.shown_columns(list)
}

#[test]
fn every_list_has_the_columns_of_the_settings_and_takes_new_ones_at_once() {
    let mut bench = sessions::sessions();
    assert!(heading(&mut bench, "Status").contains("Owner"));
    reload(&mut bench, "[columns]\nsessions = ['node', 'tag:Env', 'Status', 'node-id']\n");
    let line = heading(&mut bench, "Node");
    let at = |word: &str| line.find(word).unwrap_or_else(|| panic!("{word} in {line}"));
    assert!(at("Node") < at("Env") && at("Env") < at("Status") && at("Status") < at("Node id"), "{line}");
    assert!(!line.contains("Owner"));
    let screen = bench.screen(140, 30);
    assert!(screen.contains("web-1 ⋯") && screen.contains("mi-00000000000000001"), "{screen}");
    // What one chose since stays while the settings say the same, and goes when they say something else.
    bench.press("shift-c space");
    let chosen = shown(&bench, List::Sessions);
    bench.press("esc");
    assert_eq!(chosen, ["tag:Env", "status", "node-id"]);
    reload(&mut bench, "ascii = true\n[columns]\nsessions = ['node', 'tag:Env', 'Status', 'node-id']\n");
    assert_eq!(shown(&bench, List::Sessions), chosen);
    reload(&mut bench, "");
    assert!(heading(&mut bench, "Status").contains("Owner"));
}

#[test]
fn what_was_chosen_is_there_next_time_until_the_settings_say_otherwise() {
    let configured = "[columns]\ncommands = ['command', 'id']\n";
    let mut bench = sessions::sessions();
    reload(&mut bench, configured);
    bench.press("shift-c space");
    bench.press("esc");
    bench.press("3 ctrl-w");
    bench.press("shift-c space");
    bench.press("esc");
    bench.press("1 ctrl-w");
    let chosen = [shown(&bench, List::Sessions), shown(&bench, List::Commands)];
    let text = serde_json::to_string(&bench.state.left()).unwrap();
    let again = |settings: &str| {
        let mut bench = Bench::starting(Settings::parse(settings).unwrap());
        bench.state.resume(serde_json::from_str(&text).unwrap());
        bench
    };
    let mut bench = again(configured);
    assert_eq!([shown(&bench, List::Sessions), shown(&bench, List::Commands)], chosen);
    assert!(bench.state.fleet.wide);
    // The settings were changed since: what they say was said last.
    let other = again("[columns]\ncommands = ['status']\n");
    assert_eq!(shown(&other, List::Commands)[0], "status");
    assert_eq!(shown(&other, List::Sessions), chosen[0], "of this they say what they said");
    bench.press("3 :");
    bench.type_text("columns default");
    bench.press("enter");
    assert_eq!(shown(&bench, List::Commands), ["command", "id"]);
    bench.press("1 :");
    bench.type_text("columns default");
    bench.press("enter");
    assert!(!bench.state.fleet.wide);
    assert!(!bench.state.left().columns.contains_key("commands"));
}

#[test]
fn a_place_has_columns_of_its_own_in_every_list() {
    let mut bench = lists::commands();
    reload(
        &mut bench,
        "[columns]\ncommands = ['command']\n[[columns.scope]]\nmatch = 'test'\ncommands = ['id', 'command']\n\
         [[columns.scope]]\nmatch = '*'\ncommand-results = ['result']\n",
    );
    assert_eq!(shown(&bench, List::Commands), ["id", "command"]);
    let line = heading(&mut bench, "Id");
    assert!(line.contains("Command") && !line.contains("Status"), "{line}");
}

#[test]
fn the_wide_list_has_all_columns_and_they_can_be_scrolled() {
    let mut bench = sessions::sessions();
    assert!(!shown(&bench, List::Sessions).contains(&"node-id".to_owned()));
    bench.press("ctrl-w");
    assert!(shown(&bench, List::Sessions).contains(&"node-id".to_owned()));
    let line = heading_at(&mut bench, "Status", 60);
    assert!(line.contains('›') && !line.contains("Node id"), "there is no room for it: {line}");
    bench.press("> > > > > > > > > > > > > >");
    let line = heading_at(&mut bench, "‹ Status", 60);
    assert!(line.contains("Node id") && !line.contains("Owner"), "{line}");
    bench.press("< < < < < < < < < < < < < < <");
    assert!(heading_at(&mut bench, "Status", 60).contains("Owner"));
    bench.press("ctrl-w");
    assert!(!shown(&bench, List::Sessions).contains(&"node-id".to_owned()));
}

#[test]
fn columns_are_named_after_the_colon_where_one_is() {
    let mut bench = node_view::processes();
    let say = |bench: &mut Bench, text: &str| {
        bench.say(text);
    };
    say(&mut bench, "columns command,nope");
    assert!(bench.screen(80, 24).contains("there is no column"), "{}", bench.screen(80, 24));
    assert!(bench.state.overlays.pop().is_some());
    say(&mut bench, "columns command,cpu");
    assert_eq!(shown(&bench, List::Processes), ["command", "cpu"]);
    let line = heading(&mut bench, "Command");
    assert!(line.contains("CPU%") && !line.contains("PID"), "{line}");
    assert!(line.contains("CPU%↓"), "what is busy stands first: {line}");
    // The order goes through what is shown: behind its last column stands the list's own.
    bench.press("o");
    assert!(!heading(&mut bench, "Command").contains(['↓', '↑']));
    bench.press("o");
    assert!(heading(&mut bench, "Command↑").contains("CPU%"));
}

#[test]
fn the_tables_of_a_node_are_filtered_and_sorted_as_other_lists() {
    let mut bench = node_view::processes();
    let rows = |bench: &Bench| bench.state.node_view.as_ref().unwrap().processes.table.len();
    let all = rows(&bench);
    let filter = |bench: &mut Bench, text: &str| {
        bench.press("/");
        bench.type_text(text);
        bench.press("enter");
        let found = rows(bench);
        bench.press("esc");
        found
    };
    assert_eq!(filter(&mut bench, "cpu>90"), 1);
    assert_eq!(filter(&mut bench, "!cpu>90"), all - 1);
    assert_eq!(filter(&mut bench, "pid:812"), 1);
    assert_eq!(filter(&mut bench, "command:ngi"), 1);
    assert_eq!(rows(&bench), all);
    bench.press("/");
    bench.type_text("us");
    bench.press("tab");
    assert!(bench.screen(120, 30).contains("/user:"), "{}", bench.screen(120, 30));
    bench.press("tab");
    let completed = bench.state.lens().unwrap().filter.text().to_owned();
    assert!(completed.len() > "user:".len(), "{completed}");
    assert!(rows(&bench) > 0);
}
