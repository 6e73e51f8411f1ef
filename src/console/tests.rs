mod aliases;
mod asked;
pub mod canary;
mod columns;
mod command;
mod confirm;
mod fleet;
pub mod forwards;
mod guide;
mod idle;
mod late;
mod lines;
mod links;
pub mod lists;
pub mod node_view;
mod orders;
mod origins;
pub mod outputs;
mod own;
mod parameters;
mod properties;
pub mod samples;
pub mod sessions;
mod shells;
mod sign_in;
mod split;
mod tapes;
mod told;
mod walk;
mod world;

use std::collections::BTreeSet;

use super::{
    action::{Action, Kind, Layer},
    effect::{Effect, Source},
    origin::Origin,
    state::Pane,
    testing::Bench,
    update::{Page, Trouble, Update},
};
use crate::ssm;

/// Actions that are reached by typing, by the mouse or from the palette and need no key.
const UNBOUND: &[Action] = &[Action::Log, Action::Reload, Action::ReportBug];

#[test]
fn the_shipped_keys_reach_every_action() {
    let (keymap, problems) = super::keymap(None);
    assert_eq!(problems, []);
    for entry in Action::ALL {
        let bound = keymap.bindings().iter().any(|binding| binding.action == entry.action);
        assert!(bound || UNBOUND.contains(&entry.action), "{} has no key", entry.name);
    }
}

#[test]
fn what_destroys_has_no_easy_key() {
    let (keymap, _) = super::keymap(None);
    let ends = [Action::CloseShell, Action::RemoveForward, Action::Quit, Action::Yes, Action::Submit];
    let destroys = |action: Action| action.kind() == Kind::Change || ends.contains(&action);
    for binding in keymap.bindings().iter().filter(|binding| destroys(binding.action)) {
        for key in &binding.chord {
            let key = crate::config::keymap::spelled_chord(&[*key]);
            let easy = ["ctrl-d", "ctrl-k", "backspace", "delete", "enter", "space"];
            assert!(!easy.contains(&key.as_str()), "{key} of {}", binding.action.entry().name);
        }
    }
}

#[test]
fn a_layer_knows_the_layers_its_keys_are_looked_up_behind() {
    let benches = [node_view::processes, node_view::files, node_view::logs, samples::compared, lists::results];
    let mut benches: Vec<Bench> = benches.into_iter().map(|bench| bench()).collect();
    for pane in ["1", "2", "3", "4", "5", "6", "7"] {
        let mut bench = loaded(false, 3);
        bench.press(pane);
        benches.push(bench);
    }
    for mut bench in benches {
        for keys in ["", "/", "esc ?", "esc :", "esc @"] {
            keys.split(' ').filter(|key| !key.is_empty()).for_each(|key| bench.press(key));
            let stack = bench.state.layers();
            for (at, layer) in stack.iter().enumerate() {
                for outer in &stack[at + 1..] {
                    assert!(layer.outer().contains(outer), "{layer:?} before {outer:?}");
                }
            }
        }
    }
}

#[test]
fn help_speaks_of_every_binding_that_works_here() {
    for pane in ["1", "2", "3", "4", "5", "6", "7"] {
        let mut bench = Bench::new(false);
        bench.press(pane);
        let layers = bench.state.layer_names();
        let keymap = bench.state.keymap.clone();
        // What a layer inside hides does not work here.
        let (keymap, layers) = (&*keymap, &*layers);
        let works = |at: usize| keymap.of(layers[at]).filter(move |b| keymap.reaches(&layers[..at], &b.chord));
        let expected: BTreeSet<_> = (0..layers.len()).flat_map(works).map(|b| b.action.entry().name).collect();
        bench.press("?");
        let Some(super::state::overlay::Overlay::Help { lines, .. }) = bench.state.overlays.last() else {
            panic!("no help")
        };
        let told: BTreeSet<_> = lines.iter().map(|line| line.action.entry().name).collect();
        assert!(expected.is_subset(&told), "{pane}: {:?}", expected.difference(&told));
    }
}

#[test]
fn a_form_that_was_typed_into_is_not_left_by_one_key() {
    let forms = |bench: &Bench| bench.state.overlays.len();
    let mut bench = Bench::new(false);
    bench.press("3 n esc");
    assert_eq!(forms(&bench), 0, "nothing was typed");
    bench.press("n");
    bench.type_text("systemctl restart everything");
    bench.press("esc");
    assert!(bench.screen(80, 24).contains("is not kept anywhere"));
    bench.press("n");
    assert!(bench.screen(80, 24).contains("systemctl restart everything"));
    bench.press("esc y");
    assert_eq!(forms(&bench), 0);
    assert!(bench.changes().is_empty());
}

#[test]
fn what_a_user_binds_wins_and_is_told() {
    let user = "[fleet]\nx = \"open-shell\"\ns = \"none\"\n[global]\nZ = \"explode\"\n";
    let (keymap, problems) = super::keymap(Some(("keymap.toml", user)));
    assert_eq!(problems.len(), 1);
    assert_eq!(keymap.key_for(&[Layer::Fleet.name()], Action::OpenShell).as_deref(), Some("x"));
}

fn info(n: usize) -> ssm::InstanceInformation {
    ssm::InstanceInformation {
        instance_id: Some(format!("mi-{n:017}")),
        computer_name: Some(format!("web-{n}")),
        ..Default::default()
    }
}

fn loaded(read_only: bool, count: usize) -> Bench {
    let mut bench = Bench::new(read_only);
    bench.answer(Source::Nodes, Page::Nodes((0..count).map(info).collect()));
    bench
}

#[test]
fn the_mouse_reaches_what_keys_reach() {
    let find = |bench: &mut Bench, text: &str| {
        let buffer = bench.buffer(80, 24);
        let rows = (0..24).map(|y| (0..80).map(|x| buffer[(x, y)].symbol()).collect::<String>());
        let places: Vec<_> = rows.enumerate().filter_map(|(y, row)| Some((row.find(text)?, y))).collect();
        let (at, y) = *places.last().unwrap_or_else(|| panic!("{text} is not on the screen"));
        // Rows are found by bytes and clicked by columns.
        let row: String = (0..80).map(|x| buffer[(x, y as u16)].symbol()).collect();
        (crate::console::text::width(&row[..at]) as u16, y as u16)
    };
    let mut bench = loaded(false, 200);
    let (x, y) = find(&mut bench, "web-2 ");
    bench.click(x, y);
    assert_eq!(bench.state.fleet.current().unwrap().name, "web-2");
    // The scrollbar goes to the end of the list and back.
    for (row, at) in [(22, 199), (4, 0)] {
        bench.buffer(80, 24);
        bench.click(79, row);
        assert_eq!(bench.state.fleet.cursor.at, at);
    }
    // Fields and buttons of a form, and of the question behind it.
    bench.press("r");
    let (x, y) = find(&mut bench, "Comment");
    bench.click(x, y);
    bench.type_text("by mouse");
    let (x, y) = find(&mut bench, "Script");
    bench.click(x, y);
    bench.type_text("uptime");
    let (x, y) = find(&mut bench, " done");
    bench.click(x, y);
    assert!(bench.screen(80, 24).contains("on 1 node"));
    let (x, y) = find(&mut bench, " yes");
    bench.click(x + 1, y);
    assert_eq!(bench.changes().len(), 1);
    // What stands behind a box is out of reach.
    let mut bench = loaded(false, 3);
    bench.press("?");
    bench.buffer(80, 24);
    bench.click(40, 1);
    assert_eq!(bench.state.pane, Pane::Fleet);
}

#[test]
fn a_command_needs_a_yes_and_names_its_nodes() {
    let mut bench = loaded(false, 3);
    bench.press("a r");
    bench.type_text("uptime");
    bench.press("ctrl-s");
    assert_eq!(bench.changes().len(), 0);
    assert!(bench.screen(80, 24).contains("on 3 nodes"));
    bench.press("n ctrl-s enter");
    assert_eq!(bench.changes().len(), 0, "enter is no yes");
    bench.press("ctrl-s y");
    assert_eq!(bench.changes().len(), 1);
    // The form waits for the answer, and comes back with the reason if it is no.
    bench.apply(Update::Changed(Origin::default(), Err(Trouble::new("InvalidInstanceId: gone", None)), None));
    assert!(bench.screen(80, 24).contains("InvalidInstanceId: gone"));
    bench.press("ctrl-s y");
    assert_eq!(bench.changes().len(), 2);
}

#[test]
fn many_nodes_have_their_count_typed() {
    let mut bench = loaded(false, 30);
    bench.press("a r");
    bench.type_text("reboot");
    bench.press("ctrl-s y enter");
    assert_eq!(bench.changes().len(), 0);
    bench.press("backspace");
    bench.type_text("30");
    bench.press("enter");
    assert_eq!(bench.changes().len(), 1);
}

#[test]
fn in_a_shell_every_key_but_the_prefix_is_the_nodes() {
    let mut bench = loaded(false, 3);
    bench.press("s");
    bench.fx.clear();
    bench.press("q ctrl-c ? esc 1 ctrl-g ctrl-g");
    let sent: Vec<u8> = bench
        .fx
        .iter()
        .flat_map(|effect| match effect {
            Effect::ShellInput { bytes, .. } => bytes.clone(),
            _ => Vec::new(),
        })
        .collect();
    assert_eq!(sent, b"q\x03?\x1b1\x07");
    bench.press("ctrl-g d");
    assert_eq!(bench.state.pane, Pane::Fleet);
    assert_eq!(bench.state.shells.running(), 1);
    bench.press("q");
    assert!(!bench.fx.iter().any(|effect| matches!(effect, Effect::Quit)), "an open shell is asked about");
    bench.press("y");
    assert!(bench.fx.iter().any(|effect| matches!(effect, Effect::Quit)));
}
