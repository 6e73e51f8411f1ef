//! The user's own commands, and what is told to a user who looks elsewhere.

use std::time::Duration;

use super::{info, loaded};
use crate::{
    config::settings::Settings,
    console::{
        effect::{Change, Effect, Programs, Source},
        origin::Origin,
        state::{Event, overlay::Overlay},
        testing::{BEGIN, Bench},
        update::{Changed, Page, Update},
    },
    ssm::{self, CommandStatus, PingStatus, Timestamp},
};

const SETTINGS: &str = r#"
[[command]]
name = "look"
key = "ctrl-x"
about = "Look a node up in the inventory"
run = "inventory --name {name} --env={tag:Env} {ids}"
changes = false

[[command]]
name = "drain"
run = "./drain {input:Reason} {id} | tee {input:API token}"
shell = true
changes = true

[[command]]
name = "bounce-service"
kind = "document"
run = "AWS-RunShellScript"
parameters = { commands = ["systemctl restart {input:Service}", "echo {region}"] }
changes = true

[[command]]
name = "wrong key"
key = "no such key"
run = "true"
changes = false
"#;

fn bench(read_only: bool) -> Bench {
    let settings = Settings::parse(SETTINGS).unwrap();
    let mut bench = Bench::with(settings, read_only);
    bench.answer(Source::Nodes, Page::Nodes((0..3).map(info).collect()));
    let tag = ssm::Tag { key: "Env".to_owned(), value: "$(reboot) prod".to_owned() };
    for n in 0..2 {
        let page = Page::Tags { node: format!("mi-{n:017}"), tags: vec![tag.clone()] };
        bench.apply(Update::Page { source: Source::Tags, epoch: Default::default(), page });
    }
    bench
}

/// Does a command by its name.
fn named(bench: &mut Bench, name: &str) {
    let own = bench.state.own.iter().find(|own| own.command.name == name).copied().unwrap();
    bench.state.act(crate::console::action::Action::Own(own), &mut bench.fx);
}

fn run(bench: &Bench) -> Option<Programs> {
    bench.fx.iter().find_map(|effect| match effect {
        Effect::Run(programs) => Some(programs.clone()),
        _ => None,
    })
}

#[test]
fn a_local_command_gets_each_value_as_one_word() {
    let mut bench = bench(true);
    assert!(bench.screen(200, 60).contains("^x look"), "the footer knows it");
    bench.press("ctrl-x");
    let programs = run(&bench).expect("it changes nothing, so it runs");
    let id = "mi-00000000000000000";
    assert_eq!(programs.steps[0].words, ["inventory", "--name", "web-0", "--env=$(reboot) prod", id]);
    assert!(programs.steps[0].environment.contains(&("AWS_REGION".to_owned(), "us-east-1".to_owned())));
    bench.press("esc");
    // One program for each marked node, and all ids for each.
    bench.fx.clear();
    bench.press("space space ctrl-x");
    let programs = run(&bench).unwrap();
    assert_eq!(programs.steps.len(), 2);
    assert_eq!(programs.steps[1].heading.as_deref(), Some("web-1"));
    assert_eq!(programs.steps[1].words.len(), 6);
    bench.press("esc u");
    // A node without the tag is told, and nothing runs.
    bench.fx.clear();
    bench.press("end");
    let page = Page::Tags { node: "mi-00000000000000002".to_owned(), tags: Vec::new() };
    bench.apply(Update::Page { source: Source::Tags, epoch: Default::default(), page });
    bench.press("ctrl-x");
    assert!(run(&bench).is_none());
    assert!(bench.screen(100, 30).contains("web-2 has no tag Env"));
}

#[test]
fn what_a_node_says_of_itself_is_never_an_option() {
    let mut bench = Bench::with(Settings::parse(SETTINGS).unwrap(), true);
    let named_so = |n: usize, name: &str| ssm::InstanceInformation { computer_name: Some(name.to_owned()), ..info(n) };
    bench.answer(Source::Nodes, Page::Nodes(vec![named_so(0, "-oProxyCommand=touch /tmp/x")]));
    let tag = ssm::Tag { key: "Env".to_owned(), value: "prod".to_owned() };
    let page = Page::Tags { node: "mi-00000000000000000".to_owned(), tags: vec![tag] };
    bench.apply(Update::Page { source: Source::Tags, epoch: Default::default(), page });
    bench.press("ctrl-x");
    assert!(run(&bench).is_none());
    assert!(bench.screen(100, 30).contains("could take for an option"));
}

#[test]
fn a_question_worded_like_a_field_of_ours_is_answered_in_secret() {
    use crate::console::state::Heard;
    let settings = "[[command]]\nname = 'ask'\nrun = 'true {input:key} {input:name}'\nchanges = false\n";
    let mut bench = Bench::with(Settings::parse(settings).unwrap(), false);
    named(&mut bench, "ask");
    let Some(Overlay::Form(form)) = bench.state.overlays.last() else { panic!("it asks") };
    assert!(form.fields.iter().all(|field| field.heard() == Heard::Form));
    bench.type_text("one");
    bench.press("tab");
    bench.type_text("two");
    bench.press("ctrl-s");
    assert_eq!(run(&bench).unwrap().steps[0].words, ["true", "one", "two"]);
}

#[test]
fn settings_and_keys_that_are_read_again_keep_what_belongs_together() {
    use crate::console::{action::Action, keymap};
    let mut bench = bench(false);
    bench.press("ctrl-s");
    bench.type_text("kept");
    bench.press("ctrl-s");
    // Another keymap, and the user's own commands still have their keys.
    bench.state.take_keymap(keymap(None).0);
    let key = |bench: &Bench, name: &str| {
        let own = bench.state.own.iter().find(|own| own.command.name == name).copied()?;
        bench.state.key_for(Action::Own(own))
    };
    assert_eq!(key(&bench, "look").as_deref(), Some("^x"));
    // Other commands, and saved views are still offered.
    let settings = "[[command]]\nname = 'new'\nkey = 'ctrl-x'\nrun = 'true'\nchanges = false\n";
    bench.state.take_settings(Settings::parse(settings).unwrap(), keymap(None).0);
    assert_eq!((key(&bench, "look"), key(&bench, "new").as_deref()), (None, Some("^x")));
    assert!(bench.state.settings.views.iter().any(|view| view.name == "kept"));
}

#[test]
fn what_is_wrong_with_the_settings_is_told_once() {
    use crate::console::keymap;
    let text = "[columns]\nflet = ['name']\n[[command]]\nname = 'look'\nkey = 'ctrl-x'\nrun = 'true'\nchanges = false\n\
                [[command]]\nname = 'typed'\nkey = 'ctrl-y'\nlayer = 'shell'\nrun = 'true'\nchanges = false\n";
    let mut bench = Bench::with(crate::console::read(text), false);
    let told = |bench: &mut Bench| {
        let told: Vec<_> = bench.state.notices.all().map(|notice| notice.trouble.what.clone()).collect();
        bench.state.notices = Default::default();
        told
    };
    let first = told(&mut bench);
    assert!(first.len() == 2 && first.iter().any(|what| what.contains("flet")), "{first:#?}");
    // Something else in the file changed, and what is wrong stands in another line.
    bench.state.take_settings(crate::console::read(&format!("ascii = true\n{text}")), keymap(None).0);
    assert_eq!(told(&mut bench), [""; 0]);
    // A key of the user's that a command has too is not lost without a word; a layer in which one types stays without.
    let mine = "[fleet]\n\"ctrl-x\" = \"mark-all\"\n";
    bench.state.take_keymap(keymap(Some(("keymap.toml", mine))).0);
    let now = told(&mut bench);
    assert!(now.len() == 1 && now[0].contains("\"ctrl-x\" in [fleet] is bound to something else of yours"), "{now:#?}");
    assert!(bench.state.keymap.of("shell").all(|binding| binding.action.entry().name != "typed"));
    bench.state.take_keymap(keymap(Some(("keymap.toml", mine))).0);
    assert_eq!(told(&mut bench), [""; 0]);
}

#[test]
fn a_command_that_changes_something_is_shown_exactly_and_confirmed() {
    let mut bench = bench(false);
    named(&mut bench, "drain");
    bench.type_text("it's $(old)");
    bench.press("tab");
    bench.type_text("hunter2");
    assert!(!bench.screen(100, 30).contains("hunter2"), "an answer that is a secret is not shown");
    bench.press("ctrl-s");
    let screen = bench.screen(100, 30);
    assert!(screen.contains("web-0") && screen.contains("./drain"), "{screen}");
    assert!(!screen.contains("hunter2"), "{screen}");
    assert!(run(&bench).is_none() && bench.changes().is_empty());
    bench.press("y");
    let [Change::Run(programs)] = bench.changes()[..] else { panic!("{:?}", bench.changes()) };
    let step = &programs.steps[0];
    assert_eq!(step.words[2], "./drain \"${FLEETDECK_1}\" \"${FLEETDECK_2}\" | tee \"${FLEETDECK_3}\"");
    assert!(step.environment.contains(&("FLEETDECK_1".to_owned(), "it's $(old)".to_owned())));
    assert!(matches!(bench.state.overlays.as_slice(), [Overlay::Text(_)]), "its output is read");
}

#[test]
fn a_command_that_is_refused_at_the_last_moment_has_no_output_to_wait_for() {
    let mut bench = bench(false);
    named(&mut bench, "drain");
    bench.press("ctrl-s");
    bench.state.origins.get_mut(Origin::default()).unwrap().place.read_only = true;
    bench.press("y");
    assert!(bench.state.overlays.is_empty() && bench.changes().is_empty());
    assert!(bench.screen(100, 30).contains("Read-only"));
}

#[test]
fn a_read_only_console_refuses_what_changes_something() {
    let mut bench = bench(true);
    for name in ["drain", "bounce-service"] {
        named(&mut bench, name);
        assert!(bench.state.overlays.is_empty(), "{name}");
    }
    assert!(bench.screen(100, 30).contains("Read-only"));
    assert!(!bench.fx.iter().any(Effect::changes));
}

#[test]
fn a_document_of_the_users_is_planned_and_confirmed_as_any() {
    let mut bench = bench(false);
    named(&mut bench, "bounce-service");
    bench.type_text("nginx");
    bench.press("ctrl-s");
    let screen = bench.screen(100, 30);
    assert!(screen.contains("systemctl restart nginx") && screen.contains("on 1 node"), "{screen}");
    bench.press("y");
    let [Change::Send(send)] = bench.changes()[..] else { panic!("{:?}", bench.changes()) };
    assert_eq!(send.parameters["commands"], ["systemctl restart nginx", "echo us-east-1"]);
}

#[test]
fn help_palette_and_messages_know_the_users_commands() {
    let mut bench = bench(false);
    bench.press("?");
    bench.type_text("inventory");
    assert!(bench.screen(120, 30).contains("Look a node up in the inventory"));
    bench.press("esc :");
    bench.type_text("drain");
    assert!(bench.screen(120, 30).contains("drain"));
    bench.press("esc shift-m");
    let screen = bench.screen(120, 30);
    assert!(screen.contains("settings.toml:22: [[command]]: not a key"), "{screen}");
}

fn notes(bench: &Bench) -> Vec<&str> {
    let notes = bench.fx.iter().filter_map(|effect| match effect {
        Effect::Notify(text) => Some(text.as_str()),
        _ => None,
    });
    notes.collect()
}

#[test]
fn a_watched_node_that_is_lost_or_comes_back_is_told() {
    let mut bench = loaded(false, 3);
    let with = |ping: PingStatus| {
        let nodes = (0..3).map(|n| ssm::InstanceInformation { ping_status: Some(ping.clone()), ..info(n) });
        Page::Nodes(nodes.collect())
    };
    bench.wait(20_000);
    bench.answer(Source::Nodes, with(PingStatus::Online));
    bench.press("n");
    assert!(bench.screen(80, 24).contains("◉ web-0"));
    // Watched nodes are asked for while another pane is shown.
    bench.press("4");
    bench.answer(Source::Watched, with(PingStatus::Online));
    bench.wait(20_000);
    bench.answer(Source::Watched, with(PingStatus::ConnectionLost));
    assert_eq!(notes(&bench), ["web-0: lost"]);
    bench.wait(20_000);
    bench.answer(Source::Watched, with(PingStatus::ConnectionLost));
    bench.wait(20_000);
    bench.answer(Source::Watched, with(PingStatus::Online));
    assert_eq!(notes(&bench), ["web-0: lost", "web-0: online again"]);
    assert!(bench.screen(80, 24).contains("web-0: online again"));
    bench.press("1 w");
    assert!(!bench.screen(80, 24).contains("◉"));
}

#[test]
fn watched_nodes_are_watched_again_the_next_time_and_what_became_of_them_is_told() {
    let with = |ping: PingStatus| {
        let nodes = (0..3).map(|n| ssm::InstanceInformation { ping_status: Some(ping.clone()), ..info(n) });
        Page::Nodes(nodes.collect())
    };
    let mut before = loaded(false, 3);
    before.wait(20_000);
    before.answer(Source::Nodes, with(PingStatus::Online));
    before.press("n");
    let left = before.state.left();
    let text = serde_json::to_string(&left).unwrap();
    let mut bench = Bench::new(false);
    bench.state.resume(serde_json::from_str(&text).unwrap());
    assert!(bench.screen(80, 24).contains("◉ web-0"));
    bench.answer(Source::Nodes, with(PingStatus::ConnectionLost));
    assert_eq!(notes(&bench), ["web-0: lost"], "it was lost meanwhile");
    assert_eq!(bench.state.left().watched.len(), 1);
    // However many there are.
    let row = |n: usize| crate::console::state::left::Row { id: format!("mi-{n:017}"), ..left.watched[0].clone() };
    let mut bench = Bench::new(false);
    bench.state.resume(crate::console::state::left::Left { watched: (0..1_500).map(row).collect(), ..left.clone() });
    assert_eq!(bench.state.left().watched.len(), 1_500);
    // Elsewhere there may be other nodes of the same ids.
    let mut bench = Bench::new(false);
    let mut other = left.clone();
    other.places[0].region = "eu-west-1".to_owned();
    bench.state.resume(other);
    bench.connect(Origin::default());
    bench.answer(Source::Nodes, with(PingStatus::Online));
    assert!(!bench.screen(80, 24).contains("◉"));
    assert!(bench.state.left().watched.is_empty());
}

#[test]
fn the_end_of_a_command_is_news_if_it_took_long_or_nobody_looked() {
    let end = |bench: &mut Bench, status: CommandStatus| {
        let command = ssm::Command {
            command_id: Some("c-1".to_owned()),
            comment: Some("patch \u{1b}[2J all".to_owned()),
            requested_date_time: Some(Timestamp::from_millis(BEGIN)),
            error_count: Some(i32::from(status == CommandStatus::Failed)),
            target_count: Some(3),
            status: Some(status),
            ..Default::default()
        };
        bench.answer(Source::Running, Page::Running(vec![command]));
    };
    let sent = || {
        let mut bench = loaded(false, 3);
        let changed = Changed::Sent { commands: vec!["c-1".to_owned()], trouble: None };
        bench.apply(Update::Changed(Origin::default(), Ok(changed), None));
        bench.wait(2_000);
        bench
    };
    let mut bench = sent();
    end(&mut bench, CommandStatus::Success);
    assert_eq!(notes(&bench), Vec::<&str>::new(), "it was short, and somebody looked");
    let mut bench = sent();
    bench.state.feed(Event::Focus(false), bench.now, &mut bench.fx);
    end(&mut bench, CommandStatus::Success);
    assert_eq!(notes(&bench), ["patch  all: succeeded on 3 nodes, after 2s"]);
    // In another pane it is asked for too.
    let mut bench = sent();
    bench.press("1");
    end(&mut bench, CommandStatus::InProgress);
    bench.wait(Duration::from_secs(60).as_millis().try_into().unwrap());
    end(&mut bench, CommandStatus::Failed);
    assert_eq!(notes(&bench), ["patch  all: failed on 1 of 3 nodes, after 1m"]);
    bench.wait(10_000);
    assert_eq!(notes(&bench).len(), 1);
}

#[test]
fn a_throttle_counts_down_in_the_status_line() {
    let mut bench = loaded(false, 3);
    let throttle = Some(("DescribeInstanceInformation".to_owned(), Duration::from_millis(1_700)));
    bench.apply(Update::Throttled(Origin::default(), throttle));
    assert!(bench.screen(80, 24).contains("DescribeInstanceInformation throttled, next in 2 s"));
    bench.wait(1_000);
    assert!(bench.screen(80, 24).contains("next in 1 s"));
    // Another origin's is over.
    bench.apply(Update::Throttled(serde_json::from_str("1").unwrap(), None));
    assert!(bench.screen(80, 24).contains("next in 1 s"));
    bench.apply(Update::Throttled(Origin::default(), None));
    assert!(!bench.screen(80, 24).contains("throttled"));
}
