//! The panes of sessions and of forwarded ports.

use crate::{
    config::settings::Settings,
    console::{
        action::Action,
        effect::{Change, Effect, Query, Source},
        origin::Origin,
        state::{Pane, forwards::Phase, shells::limits::Preferences},
        testing::{BEGIN, Bench},
        update::{Changed, ForwardUpdate, Page, ShellUpdate, Transcript, Trouble, Update},
    },
    ssm::{self, SessionStatus, Timestamp},
};

const ME: &str = "arn:aws:iam::123456789012:user/ops";

fn info(n: usize) -> ssm::InstanceInformation {
    ssm::InstanceInformation {
        instance_id: Some(format!("mi-{n:017}")),
        computer_name: Some(format!("web-{n}")),
        ..Default::default()
    }
}

fn session(id: &str, node: usize, owner: &str, minutes: i64, status: SessionStatus) -> ssm::Session {
    let began = BEGIN - minutes * 60_000;
    let over = status == SessionStatus::Terminated;
    ssm::Session {
        session_id: Some(id.to_owned()),
        target: Some(format!("mi-{node:017}")),
        owner: Some(owner.to_owned()),
        status: Some(status),
        start_date: Some(Timestamp::from_millis(began)),
        end_date: over.then(|| Timestamp::from_millis(began + 90_000)),
        document_name: Some("SSM-SessionManagerRunShell".to_owned()),
        reason: Some("CHG-17: disk\x1b[31m is full".to_owned()),
        details: over.then(|| "The user ended it; 120 bytes in, 4,200 bytes out.".to_owned()),
        output_url: over.then(|| ssm::SessionManagerOutputUrl {
            s3_output_url: Some(format!("https://logs.s3.amazonaws.com/shells/{id}.log")),
            cloud_watch_output_url: None,
        }),
        ..Default::default()
    }
}

pub fn sessions() -> Bench {
    let mut bench = Bench::new(false);
    bench.answer(Source::Nodes, Page::Nodes((1..=3).map(info).collect()));
    bench.apply(Update::Caller { origin: Origin::default(), account: "123456789012".to_owned(), arn: ME.to_owned() });
    bench.press("6");
    let bob = "arn:aws:sts::123456789012:assumed-role/oncall/bob";
    bench.answer(
        Source::Sessions,
        Page::Sessions(vec![
            session("ops-0a1", 1, ME, 4, SessionStatus::Connected),
            session("bob-0b2", 2, bob, 125, SessionStatus::Disconnected),
            session("ops-0c3", 3, ME, 600, SessionStatus::Terminated),
        ]),
    );
    let document = r#"{"inputs":{"s3BucketName":"logs","s3EncryptionEnabled":true}}"#;
    bench.answer(Source::Preferences, Page::Preferences(Preferences::parse(document)));
    bench
}

#[test]
fn another_users_session_is_named_before_it_is_terminated() {
    let mut bench = sessions();
    bench.press("down x");
    let screen = bench.screen(80, 24);
    for said in ["bob-0b2, of bob", "on web-2 (mi-00000000000000002)", "running for 2h", "TerminateSession"] {
        assert!(screen.contains(said), "{said}\n{screen}");
    }
    assert!(bench.changes().is_empty());
    bench.press("y");
    let id = "bob-0b2".to_owned();
    assert_eq!(bench.changes(), [&Change::Terminate(ssm::TerminateSession { session_id: id.clone() })]);
    bench.fx.clear();
    bench.apply(Update::Changed(Origin::default(), Ok(Changed::Terminated(id)), None));
    assert!(bench.asked(Source::Sessions).is_some());
    // What is over cannot be ended again.
    bench.press("end x");
    assert!(bench.state.overlays.is_empty());
}

#[test]
fn what_a_session_that_is_taken_over_shows_is_drawn_again() {
    let mut bench = sessions();
    bench.press("down shift-a");
    let opened = bench.fx.iter().find_map(|effect| match effect {
        Effect::OpenShell { tab, left: Some(left), .. } => Some((*tab, left.clone())),
        _ => None,
    });
    let (tab, left) = opened.unwrap();
    bench.screen(80, 24);
    bench.wait(1_000);
    bench.fx.clear();
    bench.apply(Update::Shell { tab, update: ShellUpdate::Started(left) });
    bench.apply(Update::Shell { tab, update: ShellUpdate::Connected });
    let told = |bench: &Bench| {
        let told = |effect: &Effect| matches!(effect, Effect::ShellResize { tab: 1, rows: 20, columns: 80 });
        bench.fx.iter().filter(|effect| told(effect)).count()
    };
    bench.wait(200);
    assert_eq!(told(&bench), 0, "programs have to see the other size first");
    bench.wait(100);
    assert_eq!(told(&bench), 1);
    // Only what is taken over needs it.
    bench.apply(Update::Shell { tab, update: ShellUpdate::Reconnecting { attempt: 1 } });
    bench.apply(Update::Shell { tab, update: ShellUpdate::Connected });
    bench.wait(1_000);
    assert_eq!(told(&bench), 1);
}

#[test]
fn a_transcript_is_read_and_searched() {
    let mut bench = sessions();
    bench.press("end enter");
    let (query, _) = bench.asked(Source::Transcript).unwrap();
    assert!(matches!(query, Query::Transcript(session) if session.id == "ops-0c3"));
    let text = "$ df -h\x1b[0m\r\n/dev/sda1 100%\r\n\x1b]0;owned\x07$ find /srv -name old -de \rlete /srv/a 100%\r\n"
        .to_owned();
    let transcript = Transcript { session: "ops-0c3".to_owned(), text, note: None };
    bench.answer(Source::Transcript, Page::Transcript(Box::new(transcript)));
    bench.press("/");
    bench.type_text("100%");
    let screen = bench.screen(80, 24);
    assert!(screen.contains("ops on web-3") && screen.contains("1 of 2 lines"), "{screen}");
    assert!(!screen.contains("owned") && !screen.contains("Saved"));
    // A command that was longer than a row of its terminal is there from its beginning.
    assert!(screen.contains("$ find /srv -name old -delete"), "{screen}");
    bench.press("esc esc");
    assert!(bench.state.sessions.viewer.is_none());
    bench.press("home enter");
    assert!(bench.screen(80, 24).contains("when the session ends"));
}

#[test]
fn a_session_of_a_tab_leads_to_its_tab() {
    let mut bench = sessions();
    bench.press("s");
    bench.apply(Update::Shell { tab: 1, update: ShellUpdate::Started("ops-0a1".to_owned()) });
    bench.apply(Update::Shell { tab: 1, update: ShellUpdate::Connected });
    bench.press("ctrl-g 6 home enter");
    assert_eq!(bench.state.pane, Pane::Shell);
}

#[test]
fn sessions_are_filtered_by_owner_and_node() {
    let mut bench = sessions();
    bench.press("/");
    bench.type_text("owner:bob");
    assert_eq!(bench.state.sessions.lens.len(), 1);
    bench.press("enter esc");
    assert_eq!(bench.state.sessions.lens.len(), 3);
    bench.press("/");
    bench.type_text("nobody at all");
    assert!(bench.screen(80, 24).contains("Nothing matches"));
}

/// A console whose settings forward two ports; one starts with it.
pub fn forwards() -> Bench {
    let text = "[[forward]]\nname = 'db'\nnode = 'web-1'\nhost = 'db.internal'\nremote = 5432\nlocal = 15432\n\
                [[forward]]\nnode = 'web-2'\nremote = 80\nstart = false\n";
    let mut bench = Bench::with(Settings::parse(text).unwrap(), false);
    bench.press("7");
    bench
}

fn started(bench: &Bench) -> Vec<(u64, String)> {
    let starts = bench.fx.iter().filter_map(|effect| match effect {
        Effect::StartForward { id, node, .. } => Some((*id, node.clone())),
        _ => None,
    });
    starts.collect()
}

#[test]
fn forwards_of_the_settings_start_when_their_node_is_known() {
    let mut bench = forwards();
    assert!(bench.screen(80, 24).contains("waiting"));
    assert_eq!(started(&bench), []);
    bench.answer(Source::Nodes, Page::Nodes((1..=3).map(info).collect()));
    assert_eq!(started(&bench), [(1, "mi-00000000000000001".to_owned())]);
    let say = |bench: &mut Bench, update| bench.apply(Update::Forward { id: 1, update });
    say(&mut bench, ForwardUpdate::Listening("127.0.0.1:15432".parse().unwrap()));
    say(&mut bench, ForwardUpdate::Open);
    say(&mut bench, ForwardUpdate::Counts { connections: 2, accepted: 7, sent: 1_500, received: 2_400_000 });
    let screen = bench.screen(80, 24);
    for told in ["● open", "127.0.0.1:15432", "db.internal:5432 by web-1", "2 of 7", "1.5 kB", "2.4 MB", "7 Fwds 1"] {
        assert!(screen.contains(told), "{told}\n{screen}");
    }
    say(&mut bench, ForwardUpdate::Reconnecting { attempt: 3 });
    assert!(bench.screen(80, 24).contains("reconnecting… 3"));
    let trouble = Trouble::new("127.0.0.1:15432 is taken", Some("End what listens there, or take another port."));
    say(&mut bench, ForwardUpdate::Closed(trouble));
    bench.wait(60_000);
    let screen = bench.screen(80, 24);
    assert!(screen.contains("✗ failed") && screen.contains("or take another port."), "{screen}");
    // Started again by hand, and stopped.
    bench.press("enter enter");
    assert_eq!(started(&bench).len(), 2);
    bench.press("t");
    assert_eq!(bench.state.forwards.list[0].phase, Phase::Stopped);
    say(&mut bench, ForwardUpdate::Open);
    assert_eq!(bench.state.forwards.list[0].phase, Phase::Stopped, "late news change nothing");
}

#[test]
fn a_forward_is_added_in_a_form_that_says_what_is_wrong() {
    let mut bench = forwards();
    bench.answer(Source::Nodes, Page::Nodes((1..=3).map(info).collect()));
    bench.press("n ctrl-s");
    assert!(bench.screen(80, 24).contains("1 to 65535"));
    bench.type_text("8080");
    bench.press("tab tab");
    bench.type_text("0.0.0.0:80");
    bench.press("ctrl-s");
    assert!(bench.screen(80, 24).contains("other machines"));
    bench.press("ctrl-u");
    bench.type_text("15432");
    bench.press("ctrl-s");
    assert!(bench.screen(80, 24).contains("db listens on 127.0.0.1:15432 already"));
    bench.press("ctrl-u ctrl-s");
    assert_eq!(started(&bench).len(), 2);
    assert_eq!(bench.state.forwards.current().unwrap().there(), "web-1:8080");
    bench.press("shift-d y");
    assert_eq!(bench.state.forwards.list.len(), 2);
    bench.state.act(Action::Quit, &mut bench.fx);
    assert!(bench.screen(80, 24).contains("1 forward will be closed:"));
}

#[test]
fn a_name_that_fits_no_node_or_several_is_said() {
    let text = "[[forward]]\nnode = 'gone'\nremote = 80\n[[forward]]\nnode = 'web-1'\nremote = 80\n";
    let mut bench = Bench::with(Settings::parse(text).unwrap(), false);
    let twins = [info(1), ssm::InstanceInformation { instance_id: Some("mi-9".to_owned()), ..info(1) }];
    bench.answer(Source::Nodes, Page::Nodes(twins.to_vec()));
    bench.press("7");
    assert!(bench.screen(200, 60).contains("No node is called gone."));
    bench.press("down");
    assert!(bench.screen(200, 60).contains("2 nodes are called web-1."));
    assert_eq!(started(&bench), []);
    let read_only = Bench::with(Settings::parse(text).unwrap(), true);
    assert_eq!(started(&read_only), []);
}
