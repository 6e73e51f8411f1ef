//! Lines of `:` by names of the user's own, and the verbs that go to a place on a node.

use super::{command::line, loaded, node_view};
use crate::{
    console::{
        effect::{Effect, Source},
        probe::Probe,
        state::{Pane, node_view::Tab},
        testing::Bench,
        update::Page,
    },
    ssm,
};

fn begin(bench: &mut Bench, text: &str) {
    bench.press(":");
    bench.type_text(text);
}

fn names(bench: &Bench) -> Vec<&str> {
    line(bench).candidates.iter().map(|candidate| candidate.name.as_str()).collect()
}

fn reload(bench: &mut Bench, text: &str) {
    bench.state.take_settings(crate::console::read(text), crate::console::keymap(None).0);
}

/// What was last wanted to be looked at on a node.
fn looked_at(bench: &Bench) -> Option<&Probe> {
    bench.fx.iter().rev().find_map(|effect| match effect {
        Effect::Look { probe, .. } => Some(probe),
        _ => None,
    })
}

#[test]
fn an_alias_is_completed_and_does_what_its_line_says() {
    let mut bench = loaded(false, 12);
    reload(&mut bench, "[aliases]\ndp = 'pane commands'\nlost = 'filter ping:lost'\nn = 'node'\n");
    begin(&mut bench, "dp");
    assert_eq!((names(&bench)[0], line(&bench).candidates[0].about.as_str()), ("dp", "alias: pane commands"));
    bench.press("enter");
    assert_eq!(bench.state.pane, Pane::Commands);
    bench.press("1");
    bench.say("lost");
    assert_eq!(bench.state.fleet.filter.text(), "ping:lost");
    // What comes after it is completed as behind its line.
    begin(&mut bench, "n web-7");
    assert_eq!(names(&bench), ["web-7"]);
    bench.press("enter");
    assert_eq!(bench.state.fleet.current().unwrap().name, "web-7");
    // The next settings have others.
    reload(&mut bench, "[aliases]\nto = 'pane sessions'\nshell = 'help'\nround = 'round'\n");
    bench.say("dp");
    assert_eq!(bench.state.overlays.len(), 1, "it is gone");
    bench.press("esc");
    bench.say("to");
    assert_eq!(bench.state.pane, Pane::Sessions);
    let told: Vec<_> = bench.state.notices.all().map(|notice| notice.trouble.what.clone()).collect();
    for problem in ["settings.toml:3: [aliases] \"shell\"", "settings.toml:4: [aliases] \"round\""] {
        assert!(told.iter().any(|told| told.starts_with(problem)), "{problem} in {told:#?}");
    }
}

#[test]
fn the_files_of_a_node_are_a_line_away() {
    let mut bench = node_view::opened();
    bench.press("esc");
    bench.say("files web-1 /etc/nginx");
    let view = bench.state.node_view.as_ref().unwrap();
    assert_eq!((view.node.id.as_str(), view.tab), ("mi-00000000000000001", Tab::Files));
    assert_eq!(looked_at(&bench), Some(&Probe::Folder("/etc/nginx".to_owned())));
    // Where one is on a node, its name is left out.
    bench.say("files /var/log");
    assert_eq!(looked_at(&bench), Some(&Probe::Folder("/var/log".to_owned())));
    bench.say("logs");
    assert_eq!(bench.state.node_view.as_ref().unwrap().tab, Tab::Logs);
    assert_eq!(looked_at(&bench), Some(&Probe::Journal));
    bench.say("logs web-1 nginx.service");
    assert_eq!(looked_at(&bench), Some(&Probe::Unit("nginx.service".to_owned())));
    bench.say("logs /var/log/my app.log");
    assert_eq!(looked_at(&bench), Some(&Probe::Follow("/var/log/my app.log".to_owned())));
    bench.say("logs nobody");
    assert!(bench.screen(100, 24).contains("no node is called"), "{}", bench.screen(100, 24));
}

#[test]
fn a_path_is_typed_where_files_are() {
    let mut bench = node_view::files();
    bench.press("p");
    assert!(bench.screen(80, 24).contains("Go to a path"));
    bench.type_text("/etc");
    bench.press("ctrl-s");
    assert!(bench.state.overlays.is_empty());
    assert!(
        matches!(looked_at(&bench), Some(Probe::Folder(path)) if path.ends_with("/etc")),
        "{:?}",
        looked_at(&bench)
    );
    // What is shown of a folder completes the line.
    begin(&mut bench, "files /");
    assert!(names(&bench).iter().all(|name| name.starts_with('/')) && !names(&bench).is_empty(), "{:?}", names(&bench));
}

#[test]
fn nodes_and_documents_complete_a_shell() {
    let mut bench = loaded(false, 12);
    reload(&mut bench, "[[session]]\ndocument = 'Ops-Shell'\n");
    begin(&mut bench, "shell web-1");
    assert!(names(&bench).contains(&"web-1") && names(&bench).contains(&"web-10"));
    bench.type_text(" ");
    assert_eq!(names(&bench), ["Ops-Shell"]);
    let document = |name: &str, kind| ssm::DocumentIdentifier {
        name: Some(name.to_owned()),
        document_type: Some(kind),
        ..Default::default()
    };
    let known = vec![
        document("SSM-SessionManagerRunShell", ssm::DocumentType::Session),
        document("AWS-RunShellScript", ssm::DocumentType::Command),
    ];
    bench.answer(Source::Documents, Page::Documents(known));
    assert_eq!(names(&bench), ["Ops-Shell", "SSM-SessionManagerRunShell"]);
    bench.type_text("ops");
    assert_eq!(names(&bench), ["Ops-Shell"]);
    bench.press("tab");
    assert_eq!(line(&bench).input.text(), "shell web-1 Ops-Shell");
    bench.press("enter");
    let opened = bench.fx.iter().rev().find_map(|effect| match effect {
        Effect::OpenShell { profile, .. } => profile.clone(),
        _ => None,
    });
    assert_eq!(opened.and_then(|profile| profile.document).as_deref(), Some("Ops-Shell"));
}

#[test]
fn help_lists_no_key_that_does_nothing_here() {
    let keys = "[fleet]\ng = \"group-by\"\n\"g g\" = \"none\"\n";
    let mut bench = Bench::new(false);
    let (keymap, problems) = crate::console::keymap(Some(("/home/somebody/.config/fleetdeck/keymap.toml", keys)));
    assert_eq!(problems, []);
    bench.state.take_keymap(keymap);
    bench.press("?");
    bench.type_text("first row");
    let screen = bench.screen(200, 60);
    let list = screen.lines().find(|line| line.contains("Lists ")).unwrap();
    assert!(list.contains(" home ") && !list.contains("g g"), "{screen}");
    bench.press("esc ?");
    bench.type_text("group-by");
    let screen = bench.screen(200, 60);
    assert!(screen.contains(" built-in, keymap.toml:2 "), "{screen}");
    bench.press("esc 3 ?");
    bench.type_text("first row");
    let screen = bench.screen(200, 60);
    assert!(screen.lines().any(|line| line.contains("Lists ") && line.contains("g g")), "{screen}");
}
