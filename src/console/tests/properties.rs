//! Whatever happens, in whatever order, in whatever size: nothing panics, cursors and marks point at what is there, a read-only
//! console changes nothing, every box can be left, and nothing raw reaches the screen.

use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use proptest::prelude::*;

use super::world::{self, SOURCES};
use crate::console::{
    action::{Action, Kind},
    effect::Effect,
    origin::Origin,
    state::{
        Event, Pane,
        overlay::{Overlay, Then},
        sessions::Session,
        shells::limits::Preferences,
    },
    testing::Bench,
    update::{
        Changed, Far, ForwardUpdate, Held, LookUpdate, ProgramUpdate, ShellUpdate, SignInUpdate, Trouble, Update,
    },
};

/// What can happen to a console.
#[derive(Clone, Debug)]
enum Step {
    Act(usize),
    Key(KeyEvent),
    Paste(usize),
    Mouse(MouseEvent),
    Focus(bool),
    Page { source: usize, count: usize, seed: usize, whole: bool },
    Fail(usize, usize),
    Changed(usize, usize),
    Shell(u64, usize),
    Output(u64, Vec<u8>),
    Forward(u64, usize),
    Look(u64, usize),
    Copying(u64, usize),
    Program(u64, usize),
    Folded(usize),
    SignIn(usize),
    Throttled(usize),
    Told(usize),
    Draw(u16, u16),
    Wait(u64),
}

fn key() -> impl Strategy<Value = KeyEvent> {
    let code = prop_oneof![
        6 => proptest::char::range(' ', '~').prop_map(KeyCode::Char),
        1 => prop::sample::select(vec!['漢', 'é', '\u{301}', '\u{200d}', '\u{7f}']).prop_map(KeyCode::Char),
        4 => prop::sample::select(vec![
            KeyCode::Enter, KeyCode::Esc, KeyCode::Tab, KeyCode::BackTab, KeyCode::Backspace, KeyCode::Delete, KeyCode::Up,
            KeyCode::Down, KeyCode::Left, KeyCode::Right, KeyCode::Home, KeyCode::End, KeyCode::PageUp, KeyCode::PageDown,
            KeyCode::F(6), KeyCode::F(12),
        ]),
    ];
    let with = prop_oneof![
        6 => Just(KeyModifiers::NONE),
        2 => Just(KeyModifiers::CONTROL),
        1 => Just(KeyModifiers::ALT),
        1 => Just(KeyModifiers::SHIFT),
    ];
    (code, with).prop_map(|(code, modifiers)| KeyEvent::new(code, modifiers))
}

fn mouse() -> impl Strategy<Value = MouseEvent> {
    let kind = prop::sample::select(vec![
        MouseEventKind::Down(MouseButton::Left),
        MouseEventKind::Up(MouseButton::Left),
        MouseEventKind::Drag(MouseButton::Left),
        MouseEventKind::ScrollDown,
        MouseEventKind::ScrollUp,
        MouseEventKind::Moved,
    ]);
    let at = prop_oneof![9 => 0u16..130, 1 => any::<u16>()];
    (kind, at.clone(), at).prop_map(|(kind, column, row)| MouseEvent {
        kind,
        column,
        row,
        modifiers: KeyModifiers::NONE,
    })
}

fn step() -> impl Strategy<Value = Step> {
    let size = || prop_oneof![8 => 1u16..130, 1 => 130u16..400];
    let bytes = prop::sample::select(vec![
        b"$ ls\r\n".to_vec(),
        b"\x1b[?1049h\x1b[2J\x1b[?1000h".to_vec(),
        "漢\x1b[31m\u{202e}x\x1b]2;t\x1b[31mitle\x07".as_bytes().to_vec(),
        b"\x1b[?1049l\x1b[?2026h".to_vec(),
        vec![0xff, 0x1b, 0x9b, b'9', b'9', b'H'],
    ]);
    prop_oneof![
        8 => (0..Action::ALL.len()).prop_map(Step::Act),
        8 => key().prop_map(Step::Key),
        1 => any::<usize>().prop_map(Step::Paste),
        2 => mouse().prop_map(Step::Mouse),
        1 => any::<bool>().prop_map(Step::Focus),
        6 => (0..SOURCES.len(), 0usize..9, 0usize..1_000, any::<bool>())
            .prop_map(|(source, count, seed, whole)| Step::Page { source, count, seed, whole }),
        1 => (0..SOURCES.len(), any::<usize>()).prop_map(|(source, n)| Step::Fail(source, n)),
        1 => (0usize..10, any::<usize>()).prop_map(|(kind, n)| Step::Changed(kind, n)),
        1 => (0u64..4, 0usize..10).prop_map(|(tab, kind)| Step::Shell(tab, kind)),
        1 => (0u64..4, bytes).prop_map(|(tab, bytes)| Step::Output(tab, bytes)),
        1 => (0u64..3, 0usize..11).prop_map(|(id, kind)| Step::Forward(id, kind)),
        2 => (0u64..4, any::<usize>()).prop_map(|(back, n)| Step::Look(back, n)),
        1 => (0u64..4, any::<usize>()).prop_map(|(id, n)| Step::Copying(id, n)),
        1 => (0u64..3, any::<usize>()).prop_map(|(id, n)| Step::Program(id, n)),
        1 => any::<usize>().prop_map(Step::Folded),
        1 => any::<usize>().prop_map(Step::SignIn),
        1 => any::<usize>().prop_map(Step::Throttled),
        1 => any::<usize>().prop_map(Step::Told),
        3 => (size(), size()).prop_map(|(width, height)| Step::Draw(width, height)),
        1 => (0u64..100_000).prop_map(Step::Wait),
    ]
}

fn take(bench: &mut Bench, step: Step) {
    let trouble = |n: usize| Trouble::new(world::name(n), Some(&world::name(n / 2)));
    match step {
        Step::Act(at) => {
            bench.state.act(Action::ALL[at].action, &mut bench.fx);
            bench.state.settle(&mut bench.fx);
        }
        Step::Key(key) => bench.state.feed(Event::Key(key), bench.now, &mut bench.fx),
        Step::Paste(n) => bench.state.feed(Event::Paste(world::name(n).repeat(1 + n % 40)), bench.now, &mut bench.fx),
        Step::Mouse(mouse) => bench.state.feed(Event::Mouse(mouse), bench.now, &mut bench.fx),
        Step::Focus(gained) => bench.state.feed(Event::Focus(gained), bench.now, &mut bench.fx),
        Step::Page { source, count, seed, whole } => {
            let source = SOURCES[source];
            if let Some((_, epoch)) = bench.asked(source) {
                bench.apply(Update::Page { source, epoch, page: world::page(source, count, seed) });
                if whole {
                    bench.apply(Update::End { source, epoch, result: Ok(()) });
                }
            }
        }
        Step::Fail(source, n) => {
            let source = SOURCES[source];
            if let Some((_, epoch)) = bench.asked(source) {
                bench.apply(Update::End { source, epoch, result: Err(trouble(n)) });
            }
        }
        Step::Changed(kind, n) => {
            let name = world::name(n);
            // Of the last yes, of one before, or of a record that does not tell.
            let number = [Some(bench.changes().len() as u64), Some(n as u64), None][n % 3];
            let changed = match kind {
                0 => Changed::Sent { commands: vec![name], trouble: Some(trouble(n)) },
                1 => Changed::Scanning { commands: vec![name], nodes: vec![world::id(0)], trouble: Some(trouble(n)) },
                2 => Changed::Cancelled(name),
                3 if n % 2 == 1 => Changed::Outdated { name, began: 1, newest: (n % 3 > 0).then_some(2) },
                3 => Changed::Put { name, version: Some(2) },
                4 => Changed::Deleted(name),
                5 => Changed::Terminated(name),
                6 => Changed::Labelled { name: name.clone(), invalid: vec![name] },
                7 => Changed::OnNode { node: world::id(n % 9), what: name },
                8 => match world::retag(n) {
                    Some(change) => Changed::Tagged(Box::new(change)),
                    None => return,
                },
                _ => return bench.apply(Update::Changed(Origin::default(), Err(trouble(n)), number)),
            };
            bench.apply(Update::Changed(Origin::default(), Ok(changed), number));
        }
        Step::Shell(tab, kind) => {
            let update = match kind {
                0 => ShellUpdate::Connected,
                1 => ShellUpdate::Reconnecting { attempt: 3 },
                2 => ShellUpdate::Trouble(world::name(kind)),
                3 => ShellUpdate::Started("s-1".to_owned()),
                4 => ShellUpdate::Bell,
                5 => ShellUpdate::Copy { text: world::name(8).into(), ask: true },
                6 => ShellUpdate::Pasting(Some(Default::default())),
                7 => ShellUpdate::Recording(true),
                8 => {
                    let document = r#"{"inputs":{"idleSessionTimeout":"1","maxSessionDuration":2}}"#;
                    ShellUpdate::Follows { preferences: Box::new(Preferences::parse(document)), began: None }
                }
                _ => ShellUpdate::Closed(trouble(8)),
            };
            bench.apply(Update::Shell { tab, update });
        }
        Step::Output(id, bytes) => {
            if let Some(tab) = bench.state.shells.tab(id) {
                tab.terminal.feed(&bytes);
            }
            bench.apply(Update::Shell { tab: id, update: ShellUpdate::Output });
        }
        Step::Forward(id, kind) => {
            let update = match kind {
                0 => ForwardUpdate::Listening(([127, 0, 0, 1], 15_432).into()),
                1 => ForwardUpdate::Connecting,
                2 => ForwardUpdate::Open,
                3 => ForwardUpdate::Counts { connections: usize::MAX, accepted: 1, sent: u64::MAX, received: 0 },
                4 => ForwardUpdate::Note(world::name(8)),
                5 => ForwardUpdate::Far(Far::Refused),
                6 => ForwardUpdate::Single(world::name(8)),
                7 => ForwardUpdate::Pausing { attempt: u32::MAX, wait: Duration::MAX },
                8 => ForwardUpdate::Silent(true),
                9 => ForwardUpdate::Held(Some(Held { connection: u64::MAX, since: crate::ssm::Timestamp::default() })),
                _ => ForwardUpdate::Closed(trouble(9)),
            };
            bench.apply(Update::Forward { id, update });
        }
        Step::Look(back, n) => {
            let looks = bench.fx.iter().rev().filter_map(|effect| match effect {
                Effect::Look { id, .. } => Some(*id),
                _ => None,
            });
            let id = looks.clone().nth(back as usize).unwrap_or(back);
            let update = match n % 7 {
                0 => LookUpdate::Over(None),
                1 => LookUpdate::Over(Some(trouble(n))),
                kind => LookUpdate::Answer(world::answer(kind, n)),
            };
            bench.apply(Update::Look { id, update });
        }
        Step::Copying(id, n) => {
            let id = bench.state.transfers.last().map_or(id, |transfer| transfer.id);
            let progress = [None, Some((n as u64, 0)), Some((u64::MAX, 7)), Some((3, 200))][n % 4];
            bench.apply(Update::Copying { id, progress });
        }
        Step::Program(id, n) => {
            let update = match n % 4 {
                0 => ProgramUpdate::Heading(world::name(n)),
                1 => ProgramUpdate::Output { text: world::name(n) + "\n", error: n.is_multiple_of(8) },
                2 => ProgramUpdate::Output { text: world::name(n), error: false },
                _ => ProgramUpdate::Ended { word: world::name(n), well: n.is_multiple_of(3) },
            };
            bench.apply(Update::Program { id, update });
        }
        Step::Folded(n) => {
            // A record may say anything of places.
            let odd = world::group(n);
            let job = bench.fx.iter().rev().find_map(|effect| match effect {
                Effect::Fold { command, number, folding } => Some((command.clone(), *number, folding.groups())),
                _ => None,
            });
            if let Some((command, number, mut groups)) = job {
                groups.extend(n.is_multiple_of(2).then_some(odd));
                bench.apply(Update::Folded { command, number, groups });
            }
        }
        Step::SignIn(n) => {
            let update = match n % 3 {
                0 => SignInUpdate::Code { url: world::name(n), code: world::name(n / 3) },
                1 => SignInUpdate::Done,
                _ => SignInUpdate::Failed(trouble(n)),
            };
            let identifier = if n.is_multiple_of(2) { "test".to_owned() } else { world::name(n) };
            bench.apply(Update::SignIn { identifier, update });
        }
        Step::Throttled(n) => {
            let wait = Duration::from_millis([0, 1_700, u64::MAX][n % 3]);
            bench.apply(Update::Throttled(Origin::default(), (n % 4 > 0).then(|| (world::name(n), wait))));
        }
        Step::Told(n) => bench.apply(Update::Told(world::name(n))),
        Step::Draw(width, height) => {
            bench.screen(width, height);
        }
        Step::Wait(millis) => bench.wait(millis),
    }
}

/// What is wrong with a state, if something is.
fn fault(bench: &mut Bench) -> Result<(), String> {
    fault_here(bench)?;
    // The other side of a split screen, if it is seen, is held to the same.
    bench.state.turn();
    let there = fault_here(bench);
    bench.state.turn();
    there
}

fn fault_here(bench: &Bench) -> Result<(), String> {
    let state = &bench.state;
    if state.split.is_away() && !state.shows_both() {
        return Ok(());
    }
    let within = |what: &str, at: usize, len: usize| match len == 0 || at < len {
        true => Ok(()),
        false => Err(format!("the cursor of {what} is at {at} of {len}")),
    };
    within("the fleet", state.fleet.cursor.at, state.fleet.shown())?;
    within("the parameters", state.parameters.cursor.at, state.parameters.rows().len())?;
    within("the commands", state.commands.cursor.at, state.commands.lens.len())?;
    within("the sessions", state.sessions.cursor.at, state.sessions.lens.len())?;
    within("the forwards", state.forwards.cursor.at, state.forwards.lens.len())?;
    if let Some(id) = state.fleet.marked().iter().find(|id| state.fleet.node(id).is_none()) {
        return Err(format!("{id:?} is marked and not there"));
    }
    if let Some(name) = state.parameters.lens.marks.iter().find(|name| state.parameters.facts(name).is_none()) {
        return Err(format!("the parameter {name} is marked and not there"));
    }
    let sessions = || state.sessions.list.iter().map(Session::key);
    if let Some(key) = state.sessions.lens.marks.iter().find(|key| sessions().all(|known| known != *key)) {
        return Err(format!("the session {key} is marked and not there"));
    }
    if let (Some(list), Some(lens)) = (state.list(), state.lens()) {
        let sheet = state.sheet(list);
        let is_there = |key: &&str| (0..sheet.count()).any(|row| sheet.key(row) == **key);
        if let Some(key) = lens.marks.iter().find(|key| !is_there(key)) {
            return Err(format!("{key} is marked in {} and not there", list.name()));
        }
    }
    let tabs = state.shells.tabs.len();
    if state.shells.in_order().len() != tabs || tabs > 0 && state.shells.current().is_none() {
        return Err("the tabs of shells are not in order".to_owned());
    }
    Ok(())
}

/// Leaves every box as a user would: with esc, and a yes where typed text would be lost.
fn leave_boxes(bench: &mut Bench) {
    for _ in 0..24 {
        match bench.state.overlays.last() {
            None => return,
            Some(Overlay::Question(question)) if question.then == Then::DropForm => bench.press("y"),
            Some(_) => bench.press("esc"),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]
    #[test]
    fn nothing_that_happens_breaks_the_console(
        pane in 0..Pane::ALL.len(),
        steps in proptest::collection::vec(step(), 1..60),
        read_only: bool,
        beside in prop_oneof![1 => Just(None), 1 => (0..Pane::ALL.len()).prop_map(Some)],
    ) {
        let mut bench = world::rich(read_only, 8);
        bench.state.act(Pane::ALL[pane].action(), &mut bench.fx);
        if let Some(other) = beside {
            bench.state.act(Action::Split, &mut bench.fx);
            bench.state.act(Pane::ALL[other].action(), &mut bench.fx);
            bench.state.settle(&mut bench.fx);
        }
        for step in steps {
            take(&mut bench, step);
            prop_assert_eq!(fault(&mut bench), Ok(()));
        }
        if read_only {
            let changing = bench.fx.iter().find(|effect| effect.changes());
            prop_assert!(changing.is_none(), "{:?}", changing);
        }
        for (width, height) in [(40, 10), (80, 24), (131, 43)] {
            for screen in [bench.screen(width, height), bench.ascii(width, height)] {
                prop_assert!(screen.chars().all(|c| !c.is_control() || c == '\n'), "{:?}", screen);
            }
        }
        bench.state.typed.clear();
        leave_boxes(&mut bench);
        prop_assert!(bench.state.overlays.is_empty(), "{:?}", bench.state.overlays.last());
        prop_assert_eq!(fault(&mut bench), Ok(()));
    }
}

/// Every action that changes something, in every pane with the cursor on something.
fn each_change(nodes: usize, read_only: bool, mut look: impl FnMut(&mut Bench, Action, Pane)) {
    for pane in Pane::ALL {
        for entry in Action::ALL.iter().filter(|entry| entry.kind == Kind::Change) {
            let mut bench = world::rich(read_only, nodes);
            if pane == Pane::Fleet {
                bench.press("a");
            }
            bench.state.act(pane.action(), &mut bench.fx);
            bench.fx.clear();
            bench.state.act(entry.action, &mut bench.fx);
            look(&mut bench, entry.action, pane);
        }
    }
}

#[test]
fn a_read_only_console_changes_nothing_whatever_is_done() {
    each_change(30, true, |bench, action, pane| {
        bench.press("enter y");
        bench.type_text("30");
        bench.press("enter ctrl-s y enter");
        let changing = bench.fx.iter().find(|effect| effect.changes());
        assert!(changing.is_none(), "{action:?} in {pane:?}: {changing:?}");
    });
}

#[test]
fn nothing_is_changed_before_a_yes() {
    each_change(30, false, |bench, action, pane| {
        let changing = bench.fx.iter().find(|effect| effect.changes());
        // One shell or forward begins with its key: it is the user's own, and ended as easily.
        let own = matches!(changing, Some(Effect::OpenShell { .. } | Effect::StartForward { .. }));
        let begun = bench.fx.iter().filter(|effect| effect.changes()).count();
        assert!(changing.is_none() || own && begun == 1, "{action:?} in {pane:?}: {begun} times {changing:?}");
    });
}

#[test]
fn what_reaches_many_nodes_needs_more_than_a_yes() {
    let usual = world::rich(false, 1).state.settings.confirm_above.under(None);
    let ways = [("a r", Some("uptime")), ("a c", None), ("a shift-s", None)];
    let own = crate::config::settings::Settings::parse(
        "[[command]]\nname = 'drain'\nkey = 'ctrl-x'\nrun = './drain {id}'\nchanges = true\n",
    );
    let own = own.unwrap();
    for (policy, (keys, typed)) in [None, Some(3)]
        .into_iter()
        .flat_map(|policy| ways.into_iter().chain([("a ctrl-x", None)]).map(move |way| (policy, way)))
    {
        let many = policy.unwrap_or(usual) + 1;
        let mut bench = world::rich(false, many);
        bench.state.take_settings(own.clone(), crate::console::keymap(None).0);
        bench.state.origins.get_mut(Origin::default()).unwrap().place.confirm_above = policy;
        bench.press(keys);
        if let Some(typed) = typed {
            bench.type_text(typed);
            bench.press("ctrl-s");
        }
        bench.fx.clear();
        bench.press("y enter");
        let changing = bench.fx.iter().find(|effect| effect.changes());
        assert!(changing.is_none(), "{keys}: {changing:?}");
        bench.press("ctrl-u");
        bench.type_text(&many.to_string());
        bench.press("enter");
        assert!(bench.fx.iter().any(Effect::changes), "{keys}\n{}", bench.screen(100, 30));
    }
}
