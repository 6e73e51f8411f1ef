//! The view of a node: what it looks at, what it shows of that, and what it asks before something changes.

use std::time::Duration;

use proptest::prelude::*;

use crate::{
    config::settings::{Every, Settings},
    console::{
        effect::{Change, Effect, Source},
        origin::Origin,
        probe::{Probe, files},
        state::node_view::Tab,
        testing::Bench,
        update::{Changed, LookUpdate, Page, Trouble, Update},
    },
    ssm::{self, PingStatus, PlatformType, Timestamp},
};

pub(super) fn info(n: usize, ping: PingStatus) -> ssm::InstanceInformation {
    ssm::InstanceInformation {
        instance_id: Some(format!("mi-{n:017}")),
        name: Some(format!("web-{n}")),
        ping_status: Some(ping),
        platform_type: Some(PlatformType::Linux),
        platform_name: Some("Debian GNU/Linux".to_owned()),
        platform_version: Some("12".to_owned()),
        ip_address: Some(format!("10.0.0.{n}")),
        last_ping_date_time: Some(Timestamp::from_millis(crate::console::testing::BEGIN)),
        ..Default::default()
    }
}

pub(super) fn bench(settings: Settings, read_only: bool) -> Bench {
    let mut bench = Bench::with(settings, read_only);
    bench.answer(Source::Nodes, infos());
    bench
}

fn infos() -> Page {
    Page::Nodes((1..=3).map(|n| info(n, PingStatus::Online)).collect())
}

/// A fleet that is sampled.
pub(super) fn sampled() -> Bench {
    let every = Every(Some(Duration::from_secs(30)));
    bench(Settings { sample_every: Some(every), probe: Some(true), ..Settings::default() }, false)
}

/// The number of the look that began last, and what it is for.
fn look(bench: &Bench) -> (u64, Probe) {
    let looks = bench.fx.iter().rev().find_map(|effect| match effect {
        Effect::Look { id, probe, .. } => Some((*id, probe.clone())),
        _ => None,
    });
    looks.expect("nothing was looked at")
}

fn look_for(bench: &Bench, wanted: impl Fn(&Probe) -> bool) -> u64 {
    let found = bench.fx.iter().rev().find_map(|effect| match effect {
        Effect::Look { id, probe, .. } if wanted(probe) => Some(*id),
        _ => None,
    });
    found.expect("it was not looked at")
}

fn say(bench: &mut Bench, id: u64, text: &str) {
    bench.apply(Update::Look { id, update: LookUpdate::Answer(text.to_owned()) });
}

/// A look that answers once has answered.
fn say_all(bench: &mut Bench, id: u64, text: &str) {
    say(bench, id, text);
    bench.apply(Update::Look { id, update: LookUpdate::Over(None) });
}

fn ended(bench: &Bench) -> Vec<u64> {
    bench.fx.iter().filter_map(|effect| if let Effect::EndLook(id) = effect { Some(*id) } else { None }).collect()
}

fn overview(uptime: u64, busy: u64, received: u64, tmp: u64) -> String {
    let free = 65_536 - tmp;
    format!(
        "#up\n|{uptime}.00 10.0\n#load\n|2.10 1.00 0.50 3/120 4711\n#cpu\n|cpu  {busy} 0 1000 {idle} 20 0 0 0 0 0\n\
         |cpu0 1 0 1 1 0 0 0 0 0 0\n|cpu1 1 0 1 1 0 0 0 0 0 0\n#mem\n|MemTotal: 8000000 kB\n|MemAvailable: 2000000 kB\n\
         |Buffers: 100000 kB\n|Cached: 1500000 kB\n|SwapTotal: 1000000 kB\n|SwapFree: 900000 kB\n#net\n\
         |  eth0: {received} 1 0 0 0 0 0 0 {sent} 1 0 0 0 0 0 0\n#mounts\n|254:1 / ext4\n|0:40 /tmp tmpfs\n\
         #df\n|/dev/vda1 20000000 8000000 12000000 40% /\n|tmpfs 65536 {tmp} {free} 95% /tmp\n#inodes\n#.\n",
        idle = uptime * 100,
        sent = received / 4,
    )
}

pub fn opened() -> Bench {
    let mut bench = bench(Settings::default(), false);
    bench.press("enter");
    let (id, _) = look(&bench);
    for n in 0..40 {
        let wave = (n * 7 % 13) * 20;
        bench.wait(2_000);
        if bench.state.fleet.feed.all().is_loading() {
            bench.answer(Source::Nodes, infos());
        }
        say(&mut bench, id, &overview(1_000 + n * 2, 5_000 + n * 150 + wave, 1_000_000 + n * n * 40_000, 62_300));
    }
    bench
}

/// A view of a node that was just opened, and these keys: nothing was answered yet.
pub fn unanswered(keys: &str) -> Bench {
    let mut bench = bench(Settings::default(), false);
    bench.press("enter");
    if !keys.is_empty() {
        bench.press(keys);
    }
    bench
}

/// [`unanswered`], and what the node says to the look that began last.
pub fn answered(keys: &str, text: &str) -> Bench {
    let mut bench = unanswered(keys);
    let (id, _) = look(&bench);
    // A log is followed into a window whose size is known.
    bench.screen(80, 24);
    say(&mut bench, id, text);
    bench
}

/// [`unanswered`], and every look fails.
pub fn refused(keys: &str, what: &str, advice: &str) -> Bench {
    let mut bench = unanswered(keys);
    let looks =
        bench.fx.iter().filter_map(|effect| if let Effect::Look { id, .. } = effect { Some(*id) } else { None });
    for id in looks.collect::<Vec<_>>() {
        bench.apply(Update::Look { id, update: LookUpdate::Over(Some(Trouble::new(what, Some(advice)))) });
    }
    bench
}

pub fn disk() -> Bench {
    let mut bench = opened();
    bench.press("right");
    let id = look_for(&bench, |probe| *probe == Probe::Largest("/tmp".to_owned()));
    say_all(
        &mut bench,
        id,
        "#largest\n|62300 d /tmp\n|52400 d /tmp/log\n|40960 f /tmp/log/app.log.1\n|11264 f /tmp/log/app.log\n|12 f /tmp/x\n#.\n",
    );
    let id = look_for(&bench, |probe| *probe == Probe::Held);
    say_all(
        &mut bench,
        id,
        "#user 0\n#mounts\n|0:40 /tmp tmpfs\n#held\n|4711\t40 9 20480 512 regular file\tworker\t/tmp/log/old.log (deleted)\n#.\n",
    );
    bench
}

pub fn processes() -> Bench {
    let mut bench = opened();
    bench.press("right right");
    let id = look_for(&bench, |probe| *probe == Probe::Processes);
    let answer = |uptime: u64, ticks: u64| {
        format!(
            "#page 4096\n#tick 100\n#up\n|{uptime}.00 1\n#stat\n\
             |/proc/1/stat:1 (systemd) S 0 1 1 0 -1 0 0 0 0 0 200 100 0 0 20 0 1 0 1 1 2500 0\n\
             |/proc/812/stat:812 (nginx) S 1 2 2 0 -1 0 0 0 0 0 {ticks} 0 0 0 20 0 1 0 900 1 9000 0\n\
             |/proc/900/stat:900 (worker) D 1 2 2 0 -1 0 0 0 0 0 10 0 0 0 20 0 4 0 950 1 100000 0\n#command\n\
             |/proc/1/cmdline:/sbin/init\n|/proc/812/cmdline:nginx: worker process\n\
             |/proc/900/cmdline:/opt/worker --queue jobs\n#owner\n\
             |dr-xr-xr-x 9 0 0 0 Nov 26 08:31 /proc/1\n|dr-xr-xr-x 9 33 33 0 Nov 26 08:31 /proc/812\n\
             |dr-xr-xr-x 9 0 0 0 Nov 26 08:31 /proc/900\n#users\n|root:0\n|www-data:33\n#.\n"
        )
    };
    say(&mut bench, id, &answer(1_100, 1_000));
    bench.wait(3_000);
    say(&mut bench, id, &answer(1_103, 1_285));
    bench
}

pub fn services() -> Bench {
    let mut bench = opened();
    bench.press("right right right");
    let id = look_for(&bench, |probe| *probe == Probe::Services);
    say(
        &mut bench,
        id,
        "#units\n|cron.service loaded active running Regular background program processing daemon\n\
         |nginx.service loaded failed failed A high performance web server\n\
         |ssh.service loaded active running OpenBSD Secure Shell server\n#enabled\n|cron.service enabled enabled\n\
         |nginx.service enabled enabled\n|ssh.service disabled enabled\n#.\n",
    );
    bench
}

pub fn users() -> Bench {
    let mut bench = opened();
    bench.press("left left left");
    let id = look_for(&bench, |probe| *probe == Probe::Accounts);
    say_all(
        &mut bench,
        id,
        "#users\n|root:x:0:0:root:/root:/bin/bash\n|daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin\n\
         |ada:x:1000:1000:Ada Lovelace,,,:/home/ada:/bin/zsh\n#groups\n|root:x:0:\n|daemon:x:1:\n|sudo:x:27:ada\n\
         |ada:x:1000:\n#who\n|ada pts/0 2026-11-22 09:00\n#.\n",
    );
    bench
}

pub fn groups() -> Bench {
    let mut bench = users();
    bench.press("v");
    bench
}

pub fn files() -> Bench {
    let mut bench = opened();
    bench.press("left left");
    let id = look_for(&bench, |probe| *probe == Probe::Folder("/".to_owned()));
    let at = crate::console::testing::BEGIN / 1_000 - 7_200;
    say_all(
        &mut bench,
        id,
        &format!(
            "#at\n|/\n#entries\n|41ed 4096 {at} root root ./etc/\n|43ff 4096 {at} root root ./tmp/\n\
             |a1ff 7 {at} root root ./bin/\n|81a4 5200 {at} root root ./motd/\n|81a0 1234567 {at} root adm ./app.log/\n\
             #links\n|d ./bin//usr/bin/\n#.\n"
        ),
    );
    bench
}

pub fn logs() -> Bench {
    let mut bench = opened();
    bench.press("left");
    let id = look_for(&bench, |probe| *probe == Probe::Journal);
    bench.screen(80, 24);
    let mut text = String::new();
    for n in 0..60 {
        let line = match n % 9 {
            3 => "nginx[812]: [error] 502 while reading upstream",
            6 => "kernel: warning: clock is skewed",
            _ => "cron[77]: (root) CMD (run-parts /etc/cron.hourly)",
        };
        text.push_str(&format!("2026-11-22T09:{n:02}:00+0000 web-1 {line}\n"));
    }
    say(&mut bench, id, &text);
    bench
}

#[test]
fn a_view_looks_while_it_is_shown_and_no_longer() {
    let mut bench = bench(Settings::default(), false);
    bench.press("enter");
    let (first, probe) = look(&bench);
    assert_eq!(probe, Probe::Overview);
    bench.press("2");
    assert_eq!(ended(&bench), [first]);
    bench.press("1");
    let (second, _) = look(&bench);
    assert!(second > first, "it looks again");
    // What an old look says is nobody's any more.
    say(&mut bench, first, &overview(10, 0, 0, 0));
    assert!(bench.screen(80, 24).contains("looking"));
    bench.press("esc");
    assert_eq!(ended(&bench), [first, second]);
    assert!(bench.state.node_view.is_none() && bench.screen(80, 24).contains("3 nodes"));
}

#[test]
fn a_read_only_console_looks_only_where_the_user_said_so() {
    let looked = |settings: Settings| {
        let mut bench = bench(settings, true);
        bench.press("enter");
        let looked = bench.fx.iter().any(|effect| matches!(effect, Effect::Look { .. }));
        assert_ne!(looked, bench.screen(120, 30).contains("begins no sessions"));
        looked
    };
    assert!(!looked(Settings::default()));
    assert!(looked(Settings { probe: Some(true), ..Settings::default() }));
    assert!(!looked(Settings { probe: Some(false), ..Settings::default() }));
}

#[test]
fn what_is_old_is_told_as_old() {
    let mut bench = opened();
    assert!(bench.screen(120, 30).contains("now"));
    bench.wait(14_000);
    assert!(bench.screen(120, 30).contains("no answer for 10s"));
    assert!(bench.screen(80, 24).contains("The node is silent: no answer for 10s."));
    let before = look(&bench).0;
    bench.apply(Update::Look {
        id: before,
        update: LookUpdate::Over(Some(Trouble::new("The look has ended: broken", None))),
    });
    assert!(look(&bench).0 > before, "a look that broke off begins again");
    // The node is lost.
    bench.wait(20_000);
    bench.answer(Source::Nodes, Page::Nodes((1..=3).map(|n| info(n, PingStatus::ConnectionLost)).collect()));
    let screen = bench.screen(120, 30);
    assert!(screen.contains("The node is lost: no answer for 1m"), "{screen}");
}

#[test]
fn windows_is_not_looked_into() {
    let mut bench = Bench::new(false);
    let windows =
        ssm::InstanceInformation { platform_type: Some(PlatformType::Windows), ..info(1, PingStatus::Online) };
    bench.answer(Source::Nodes, Page::Nodes(vec![windows]));
    bench.press("enter");
    assert!(!bench.fx.iter().any(|effect| matches!(effect, Effect::Look { .. })));
    assert!(bench.screen(120, 30).contains("not supported on Windows"));
}

#[test]
fn from_a_full_disk_one_goes_to_its_files() {
    let mut bench = disk();
    bench.press("f");
    assert_eq!(look(&bench).1, Probe::Folder("/tmp".to_owned()));
}

#[test]
fn one_goes_to_what_fills_the_disk() {
    let mut bench = disk();
    let view = |bench: &Bench| bench.state.node_view.clone().unwrap();
    bench.press("enter");
    let id = look_for(&bench, |probe| *probe == Probe::Largest("/tmp".to_owned()));
    say_all(&mut bench, id, "#largest\n|62300 d /tmp\n|52400 d /tmp/log\n|40960 f /tmp/log/app.log.1\n#.\n");
    bench.press("j");
    assert_eq!(view(&bench).disk.entry().unwrap().path, "/tmp/log/app.log.1");
    bench.press("esc");
    assert!(view(&bench).disk.entry().is_none() && bench.state.node_view.is_some());
    // Down from the last file system are the largest files, and up from the first of them the file systems.
    bench.press("end j f");
    assert_eq!(view(&bench).tab, Tab::Files);
    let id = look_for(&bench, |probe| *probe == Probe::Folder("/tmp/log/".to_owned()));
    let file = |name: &str| format!("|81a4 7 1764150000 root root ./{name}/\n");
    say_all(&mut bench, id, &format!("#at\n|/tmp/log\n#entries\n{}{}#.\n", file("app.log"), file("app.log.1")));
    assert_eq!(view(&bench).files.clone().current().as_deref(), Some("/tmp/log/app.log.1"));
}

#[test]
fn a_signal_needs_a_choice_and_a_yes() {
    let mut bench = processes();
    let nginx = bench.state.node_view.as_ref().unwrap().processes.table.current().unwrap().clone();
    assert_eq!((nginx.process.pid, nginx.cpu), (812, 95.0));
    bench.press("x enter");
    let screen = bench.screen(120, 30);
    assert!(screen.contains("Send TERM?") && screen.contains("on web-1 (mi-00000000000000001)"), "{screen}");
    bench.press("enter");
    assert!(bench.changes().is_empty(), "enter is no yes");
    bench.press("x enter y");
    let [Change::OnNode(change)] = bench.changes()[..] else { panic!("{:?}", bench.changes()) };
    assert!(change.script.contains("kill -TERM 812") && change.script.contains("900"));
    let (node, what) = (change.node.clone(), change.what.clone());
    bench.apply(Update::Changed(Origin::default(), Ok(Changed::OnNode { node, what }), None));
    assert!(bench.screen(120, 30).contains("send TERM to nginx 812: done"));
}

#[test]
fn a_service_is_restarted_after_a_yes() {
    let mut bench = services();
    bench.press("r");
    let screen = bench.screen(120, 30);
    assert!(screen.contains("on web-1 (mi-00000000000000001)"), "{screen}");
    assert!(screen.contains("nginx.service is failed failed"), "{screen}");
    bench.press("y");
    let [Change::OnNode(change)] = bench.changes()[..] else { panic!() };
    assert_eq!(change.script, "systemctl restart -- nginx.service");
}

#[test]
fn of_a_service_whose_state_nobody_knows_that_is_said() {
    let mut bench = opened();
    bench.press("right right right");
    let id = look_for(&bench, |probe| *probe == Probe::Services);
    say(&mut bench, id, "#scripts\n|dbus\n#.\n");
    bench.press("r");
    let screen = bench.screen(120, 30);
    assert!(screen.contains("Restart dbus?") && screen.contains("how dbus is now is not known"), "{screen}");
}

#[test]
fn an_edited_file_shows_what_changes_and_is_not_lost_when_it_is_refused() {
    let mut bench = files();
    bench.press("shift-g e");
    let id = look_for(&bench, |probe| *probe == Probe::File("/motd".to_owned()));
    say(&mut bench, id, &format!("#stat\n|6 0\n#sum\n|{}\n#data\n|aGVsbG8K\n#.\n", files::sum_of(b"hello\n")));
    bench.press("ctrl-s");
    assert!(bench.screen(120, 30).contains("nothing was changed"));
    bench.type_text("world");
    bench.press("ctrl-s");
    let screen = bench.screen(120, 30);
    assert!(screen.contains("Write /motd?") && screen.contains("+ world"), "{screen}");
    assert!(screen.contains("on web-1 (mi-00000000000000001)"), "{screen}");
    bench.press("y");
    let [Change::WriteFile(write)] = bench.changes()[..] else { panic!() };
    assert_eq!((write.text.as_str(), write.sum.len()), ("hello\nworld", 64));
    assert!(!format!("{write:?}").contains("hello"), "what is in files stands in no log");
    bench.apply(Update::Changed(
        Origin::default(),
        Err(Trouble::new("write /motd: refused, the file was changed meanwhile", None)),
        None,
    ));
    let screen = bench.screen(120, 30);
    assert!(screen.contains("world") && screen.contains("changed meanwhile"), "{screen}");
}

#[test]
fn a_file_is_read_and_followed() {
    let mut bench = files();
    bench.press("j j j enter");
    let id = look_for(&bench, |probe| *probe == Probe::File("/app.log".to_owned()));
    say(&mut bench, id, "#stat\n|6 0\n#data\n|aGVsbG8K\n#.\n");
    assert!(bench.screen(120, 30).contains("hello"));
    bench.press("esc f");
    assert_eq!(look(&bench).1, Probe::Follow("/app.log".to_owned()));
    let id = look(&bench).0;
    say(&mut bench, id, "one\ntwo error\n");
    bench.press("space");
    say(&mut bench, id, "three\n");
    let screen = bench.screen(120, 30);
    assert!(
        screen.contains("two error") && !screen.contains("three") && screen.contains("1 line held back"),
        "{screen}"
    );
    bench.press("space /");
    bench.type_text("three");
    bench.press("enter");
    assert!(bench.screen(120, 30).contains("1 line"));
}

#[test]
fn an_answer_belongs_to_the_form_that_waits_for_it_and_to_no_other() {
    let mut bench = processes();
    bench.press("x enter y r");
    bench.type_text("uptime");
    bench.press("ctrl-s y");
    let numbers: Vec<_> = bench
        .fx
        .iter()
        .filter_map(|effect| if let Effect::Change(confirmed) = effect { Some(confirmed.number()) } else { None })
        .collect();
    let [signal, command] = numbers[..] else { panic!("{numbers:?}") };
    let end = |bench: &mut Bench, number, result| {
        bench.apply(Update::Changed(Origin::default(), result, Some(number)));
    };
    // The signal was not sent: that is no news of the command, which is on its way and not sent twice.
    let trouble = || Err(Trouble::new("send TERM: no such process", None));
    end(&mut bench, signal, trouble());
    assert!(bench.screen(120, 30).contains("on its way"));
    bench.press("ctrl-s y");
    assert_eq!(bench.changes().len(), 2);
    let done = Changed::OnNode { node: "mi-00000000000000001".to_owned(), what: "send TERM".to_owned() };
    end(&mut bench, signal, Ok(done));
    assert!(bench.screen(120, 30).contains("uptime"), "the form is there until its own answer comes");
    end(&mut bench, command, trouble());
    let screen = bench.screen(120, 30);
    assert!(screen.contains("uptime") && screen.contains("no such process"), "{screen}");
}

#[test]
fn what_is_refused_at_the_last_moment_is_waited_for_by_nobody() {
    let mut bench = files();
    bench.press("shift-g e");
    let id = look_for(&bench, |probe| *probe == Probe::File("/motd".to_owned()));
    say(
        &mut bench,
        id,
        &format!(
            "#stat\n|6 0\n#sum\n|{}\n#data\n|aGVsbG8K\n#.\n",
            "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03"
        ),
    );
    bench.type_text("world");
    bench.press("ctrl-s");
    bench.state.origins.get_mut(Origin::default()).unwrap().place.read_only = true;
    bench.press("y");
    let screen = bench.screen(120, 30);
    assert!(!screen.contains("on its way") && screen.contains("Read-only"), "{screen}");
    assert!(bench.changes().is_empty() && screen.contains("world"));
    // Nor is it asked about.
    bench.press("ctrl-s");
    assert!(!bench.screen(120, 30).contains("Write /motd?"));
}

/// A question whether a file shall be copied to a node.
fn uploading() -> Bench {
    let mut bench = files();
    bench.press("u");
    bench.type_text("/home/ada/app.tar");
    bench.press("ctrl-s");
    assert!(bench.screen(120, 30).contains("Copy this file"));
    bench
}

#[test]
fn a_copy_is_listed_once_it_was_agreed_to_and_can_be_stopped() {
    let mut bench = uploading();
    bench.press("n");
    assert!(bench.state.transfers.is_empty(), "nothing is copied after a no");
    bench.press("ctrl-s y");
    let [Change::Upload(copying)] = bench.changes()[..] else { panic!("{:?}", bench.changes()) };
    let id = copying.id;
    assert!(bench.screen(120, 30).contains("on its way"), "the node may not take it");
    bench.apply(Update::Copying { id, progress: Some((30, 200)) });
    let screen = bench.screen(120, 30);
    assert!(screen.contains("upload app.tar 15% of 200 B") && screen.contains("x stop copy"), "{screen}");
    // Who leaves is told what that breaks off.
    bench.press("q");
    assert!(bench.screen(120, 30).contains("upload app.tar"));
    assert!(!bench.fx.iter().any(|effect| matches!(effect, Effect::Quit)));
    bench.press("n x");
    assert!(bench.fx.iter().any(|effect| matches!(effect, Effect::StopCopying(stopped) if *stopped == id)));
    bench.apply(Update::Copying { id, progress: None });
    let screen = bench.screen(120, 30);
    assert!(!screen.contains("15%") && !screen.contains("stop copy"), "{screen}");
}

#[test]
fn another_log_has_no_part_in_the_trouble_of_the_one_before() {
    let mut bench = files();
    bench.press("right");
    let id = look_for(&bench, |probe| *probe == Probe::Journal);
    let trouble = Some(Trouble::new("The look has ended: there is no journal", None));
    bench.apply(Update::Look { id, update: LookUpdate::Over(trouble) });
    assert!(bench.screen(120, 30).contains("no journal"));
    bench.press("left j j j f");
    assert_eq!(look(&bench).1, Probe::Follow("/app.log".to_owned()), "it is looked at at once");
    assert!(!bench.screen(120, 30).contains("no journal"));
}

#[test]
fn what_is_read_of_a_node_goes_through_a_program_too() {
    let piped = |bench: &mut Bench| {
        bench.fx.clear();
        bench.press("|");
        bench.type_text("cat");
        bench.press("enter");
        let programs = bench.fx.iter().find_map(|effect| match effect {
            Effect::Run(programs) => programs.stdin.clone(),
            _ => None,
        });
        programs.expect("nothing runs")
    };
    let mut bench = logs();
    assert!(piped(&mut bench).contains("[error] 502"));
    let mut bench = files();
    bench.press("j j j enter");
    let id = look_for(&bench, |probe| *probe == Probe::File("/app.log".to_owned()));
    say(&mut bench, id, "#stat\n|6 0\n#data\n|aGVsbG8K\n#.\n");
    assert_eq!(&*piped(&mut bench), "hello\n");
    bench.press("esc shift-f");
    assert!(bench.screen(120, 30).contains("Nothing more of it can be fetched"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn whatever_a_node_says_every_view_can_be_drawn_and_walked(
        tab in 0usize..7,
        lines in proptest::collection::vec(
            prop_oneof![
                "#(up|load|cpu|mem|net|df|mounts|largest|held|stat|command|owner|users|units|scripts|groups|at|entries|links|data|sum|file)",
                "\\|.{0,40}",
                "\\|(1.5 2|cpu  1 2 3 4|/dev/x 2000 1999 1 99% /.{0,9}|9 d /.{0,9}|41ed 1 1 a b \\./.{0,9})",
            ],
            0..30,
        ),
        keys in proptest::collection::vec(prop_oneof!["j", "k", "enter", "o", "x", "f", "e", "esc", "/", "d", "g", "space"], 0..8),
    ) {
        let mut bench = opened();
        for _ in 0..tab {
            bench.press("right");
        }
        let text = format!("{}\n#.\n", lines.join("\n"));
        for key in keys {
            for id in 1..12 {
                say(&mut bench, id, &text);
            }
            bench.press(&key);
            bench.screen(60, 14);
        }
        let clean = |screen: String| screen.chars().all(|c| !c.is_control() || c == '\n');
        prop_assert!(clean(bench.screen(100, 20)));
    }
}

#[test]
fn groups_are_listed_beside_users_and_looked_at_as_any_list() {
    let mut bench = groups();
    let screen = bench.screen(80, 24);
    assert!(screen.contains("4 groups, 3 users") && screen.contains("sudo"), "{screen}");
    bench.press("/");
    bench.type_text("members:ada");
    bench.press("enter");
    let screen = bench.screen(80, 24);
    assert!(screen.contains("sudo") && !screen.contains("daemon"), "{screen}");
    bench.press("v");
    let screen = bench.screen(80, 24);
    assert!(
        screen.contains("3 users, 4 groups") && screen.contains("Ada Lovelace"),
        "the filter was the groups'\n{screen}"
    );
}
