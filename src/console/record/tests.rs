use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::*;
use crate::{
    config::paths::Paths,
    console::{
        effect::Source,
        origin::Origin,
        replay::{Lines, Options, Replay},
        testing::Bench,
        update::{Facts, LookUpdate, Page, ProgramUpdate, ShellUpdate, Transcript, Whole},
    },
    ssm::{self, ParameterType},
};

fn first() -> Epoch {
    Epoch { number: 1, ..Epoch::default() }
}

/// A console on the bench whose events and updates are recorded as the loop does it.
pub(in crate::console) struct Taped {
    pub bench: Bench,
    pub recorder: Recorder,
}

impl Taped {
    pub fn new(output: bool) -> Self {
        let bench = Bench::new(false);
        let recorder = Recorder::new(Head::of(&bench.state, "dark", false), None, output);
        let mut taped = Self { bench, recorder };
        // The bench is connected before anything is recorded.
        let facts = Facts { region: "us-east-1".to_owned(), ..Facts::default() };
        taped.update(Update::Connected(Origin::default(), Box::new(facts)));
        taped
    }

    pub fn event(&mut self, event: Event) {
        let Bench { state, fx, now } = &mut self.bench;
        state.feed(event.clone(), *now, fx);
        self.recorder.event(state, &event, state.heard());
    }

    pub fn press(&mut self, keys: &str) {
        for key in keys.split(' ') {
            self.event(Event::Key(crokey::parse(key).unwrap().into()));
        }
    }

    /// Types a text key by key.
    pub fn keys(&mut self, text: &str) {
        text.chars().for_each(|c| self.event(Event::Key(KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE))));
    }

    pub fn update(&mut self, update: Update) {
        let now = self.bench.now;
        self.recorder.update(&self.bench.state, now, &update);
        self.bench.apply(update);
    }

    pub fn answer(&mut self, source: Source, page: Page) {
        let Some((_, epoch)) = self.bench.asked(source) else {
            panic!("{source:?} was not asked\n{}", self.bench.screen(80, 24));
        };
        self.update(Update::Page { source, epoch, page });
        self.update(Update::End { source, epoch, result: Ok(()) });
    }

    pub fn wait(&mut self, millis: u64) {
        self.bench.fx.clear();
        self.bench.wait(millis);
        self.recorder.tick(&self.bench.state, self.bench.fx.is_empty());
    }

    pub fn draw(&mut self) -> String {
        let screen = self.bench.screen(80, 24);
        self.recorder.frame(&self.bench.state);
        self.recorder.drawn();
        let rows: Vec<_> = screen.lines().map(|line| line.trim_matches('"').trim_end().to_owned()).collect();
        rows.join("\n")
    }

    pub fn nodes(&mut self, count: usize) {
        let node = |n: usize| ssm::InstanceInformation {
            instance_id: Some(format!("mi-{n:017}")),
            computer_name: Some(format!("web-{n}")),
            ping_status: Some(ssm::PingStatus::Online),
            ..Default::default()
        };
        self.answer(Source::Nodes, Page::Nodes((0..count).map(node).collect()));
    }
}

fn replayed(record: &str) -> Replay<&[u8]> {
    let options = Options { speed: 1.0, step: false, until: None, size: None, headless: true, print_screens: false };
    let paths = Paths::below(std::path::Path::new("/nowhere"));
    let mut replay = Replay::new(Lines::new(record.as_bytes()), &options, &paths).unwrap();
    while replay.step() {}
    replay
}

/// Walks through everything that holds a secret. What is typed has letters that stand nowhere else.
fn full_of_secrets(output: bool) -> Taped {
    let mut taped = Taped::new(output);
    taped.nodes(2);
    // A value typed and pasted into the form of a parameter, of either type.
    for kinds in [0, 2] {
        taped.press("4 n ctrl-u");
        taped.keys("/app/db");
        taped.press("tab");
        (0..kinds).for_each(|_| taped.press("right"));
        taped.press("tab");
        taped.keys("þßðþß");
        taped.event(Event::Paste("hunter2".to_owned()));
        taped.press("ctrl-s y");
        taped.update(Update::Changed(
            Origin::default(),
            Ok(crate::console::update::Changed::Put { name: "/app/db".to_owned(), version: Some(1) }),
            None,
        ));
    }
    // A secret that is revealed, and its versions.
    let meta = ssm::ParameterMetadata {
        name: Some("/app/db".to_owned()),
        r#type: Some(ParameterType::SecureString),
        ..Default::default()
    };
    taped.answer(Source::Parameters, Page::Parameters(vec![meta]));
    taped.press("l j");
    let parameter =
        ssm::Parameter { name: Some("/app/db".to_owned()), value: Some("hunter2".into()), ..Default::default() };
    let version = ssm::ParameterHistory { value: Some("hunter2".into()), version: Some(1), ..Default::default() };
    for (source, page) in
        [(Source::Value, Page::Value(Box::new(parameter))), (Source::History, Page::History(vec![version]))]
    {
        taped.update(Update::Page { source, epoch: first(), page });
    }
    // Commands: their parameters, and a script that is typed.
    taped.press("3");
    let parameters = [
        ("commands".to_owned(), vec!["mysql --password hunter2".to_owned()]),
        ("apiToken".to_owned(), vec!["hunter2".to_owned()]),
    ];
    let command = ssm::Command {
        command_id: Some("c-1".to_owned()),
        parameters: ssm::Sensitive(parameters.into()),
        ..Default::default()
    };
    taped.answer(Source::Commands, Page::Commands(vec![command]));
    taped.press("n");
    taped.keys("þßð");
    taped.press("esc y");
    // Words of the service.
    taped.update(Update::Failed(Trouble::new("no such user: TOKEN=hunter2", Some("use AKIAIOSFODNN7EXAMPLE"))));
    // A shell: keys, a paste, what a program puts into the clipboard.
    taped.press("1 s");
    taped.draw();
    taped.update(Update::Shell { tab: 1, update: ShellUpdate::Connected });
    taped.keys("þßð");
    taped.press("ctrl-c enter up");
    taped.event(Event::Paste("hunter2".to_owned()));
    taped.update(Update::Shell { tab: 1, update: ShellUpdate::Copy { text: "hunter2".into(), ask: true } });
    taped
}

#[test]
fn secrets_reach_no_record() {
    for output in [false, true] {
        let mut taped = full_of_secrets(output);
        taped.draw();
        let record = taped.recorder.report();
        for secret in ["hunter2", "þ", "ß", "ð", "AKIAIOSFODNN7EXAMPLE"] {
            let line = record.lines().find(|line| line.contains(secret));
            assert_eq!(line, None, "{secret} in a record, output {output}");
        }
        // What anybody may read is there.
        for kept in ["/app/db", "web-1", "c-1"] {
            assert!(record.contains(kept), "{kept}");
        }
        replayed(&record);
    }
}

#[test]
fn output_is_recorded_only_where_that_was_asked_for() {
    for output in [false, true] {
        let mut taped = Taped::new(output);
        taped.nodes(1);
        let plugin = ssm::CommandPlugin { output: Some("the needle".to_owned()), ..Default::default() };
        let invocation = ssm::CommandInvocation { command_plugins: vec![plugin], ..Default::default() };
        let whole = Whole::of("", "the needle", "the needle");
        let transcript = Transcript { text: "the needle".to_owned(), ..Default::default() };
        for (source, page) in [
            (Source::Invocations, Page::Invocations(vec![invocation.clone()])),
            (Source::NodeCommands, Page::NodeCommands(vec![invocation])),
            (Source::Whole, Page::Whole(Box::new(whole))),
            (Source::Transcript, Page::Transcript(Box::new(transcript))),
        ] {
            taped.update(Update::Page { source, epoch: first(), page });
        }
        let needle = || Trouble::new("the needle", None);
        for update in [
            Update::Changed(Origin::default(), Err(needle()), None),
            Update::Look { id: 1, update: LookUpdate::Over(Some(needle())) },
            Update::Program { id: 1, update: ProgramUpdate::Heading("the needle".to_owned()) },
            Update::Program { id: 1, update: ProgramUpdate::Ended { word: "the needle".to_owned(), well: false } },
        ] {
            taped.update(update);
        }
        taped.press("s");
        taped.draw();
        let tab = taped.bench.state.shells.current().unwrap();
        tab.terminal.feed(b"the needle\r\n");
        taped.update(Update::Shell { tab: 1, update: ShellUpdate::Output });
        taped.draw();
        let found = taped.recorder.report().matches("the needle").count();
        assert_eq!(found, if output { 10 } else { 0 });
    }
}

#[test]
fn equal_outputs_stay_equal_without_being_known() {
    let masks = Masks::new(false);
    let whole = |stdout: &str| {
        let whole = Whole::of("", stdout, "");
        masks.update(&Update::Page { source: Source::Whole, epoch: first(), page: Page::Whole(Box::new(whole)) })
    };
    assert_eq!(whole("a\nb"), whole("a\nb"));
    assert_ne!(whole("a\nb"), whole("c\nd"));
    assert!(format!("{:?}", whole("a\nb")).contains("2 lines"));
    let other = Masks::new(false).update(&Update::Page {
        source: Source::Whole,
        epoch: first(),
        page: Page::Whole(Box::new(Whole::of("", "a\nb", ""))),
    });
    assert_ne!(whole("a\nb"), other, "the mark of an output says nothing outside of its record");
}

#[test]
fn what_was_seen_is_seen_again() {
    let mut taped = Taped::new(false);
    taped.draw();
    taped.nodes(40);
    taped.draw();
    for keys in
        ["j j j space", "shift-g", "d", "/", "w e b", "enter", "? esc", "3", "n", "esc", "4", "7", "6", "2", "1"]
    {
        taped.press(keys);
        let seen = taped.draw();
        let record = taped.recorder.report();
        assert_eq!(replayed(&record).text(), seen, "after {keys}");
    }
    taped.wait(3_000);
    taped.wait(30_000);
    taped.nodes(39);
    let seen = taped.draw();
    assert_eq!(replayed(&taped.recorder.report()).text(), seen);
}

#[test]
fn keys_of_the_user_are_in_the_record() {
    let user = "[fleet]\nx = \"open-shell\"\ns = \"none\"\n[global]\n\"ctrl-p\" = \"palette\"\n\"g h\" = \"help\"\n";
    let (keymap, problems) = crate::console::keymap(Some(("keymap.toml", user)));
    assert_eq!(problems, []);
    let (again, problems) = crate::console::keymap(Some(("again", &differences(&keymap))));
    assert_eq!(problems, []);
    let bound = |keymap: &Keymap<crate::console::action::Action>| {
        let mut bound: Vec<_> = keymap
            .bindings()
            .iter()
            .map(|b| (b.layer.clone(), crate::config::keymap::display_chord(&b.chord), b.action.entry().name))
            .collect();
        bound.sort();
        bound
    };
    assert_eq!(bound(&again), bound(&keymap));
    assert_eq!(differences(&crate::console::keymap(None).0), "");
}

#[test]
fn a_report_without_its_beginning_shows_what_came_after() {
    let mut taped = Taped::new(false);
    taped.nodes(3);
    taped.press("3 1");
    for _ in 0..10_500 {
        taped.press("j");
    }
    taped.wait(60_000);
    taped.nodes(5);
    taped.draw();
    let record = taped.recorder.report();
    assert!(record.lines().count() <= 10_001);
    let screen = replayed(&record).text();
    assert!(screen.contains("web-4"), "{screen}");
}

#[test]
fn ticks_in_which_nothing_happens_are_one_line() {
    let mut taped = Taped::new(false);
    taped.nodes(1);
    taped.draw();
    let before = taped.recorder.report().lines().count();
    for _ in 0..100 {
        taped.wait(10);
    }
    assert_eq!(taped.recorder.report().lines().count(), before + 1);
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_ends_the_record_and_is_told_once() {
    let mut taped = Taped::new(false);
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    taped.recorder.file = Some(BufWriter::new(full));
    taped.nodes(1);
    taped.draw();
    assert!(taped.recorder.trouble().is_some_and(|trouble| trouble.what.contains("not complete")));
    taped.press("j");
    taped.draw();
    assert_eq!(taped.recorder.trouble(), None);
}
