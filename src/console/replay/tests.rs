use proptest::prelude::*;

use super::*;
use crate::console::{origin::Origin, record::FORMAT};

const OPTIONS: Options =
    Options { speed: 1.0, step: false, until: None, size: None, headless: true, print_screens: false };

fn open(record: &[u8]) -> anyhow::Result<Replay<&[u8]>> {
    Replay::new(Lines::new(record), &OPTIONS, &Paths::below(Path::new("/nowhere")))
}

/// What standard output and the error say of a record.
fn printed(record: &[u8]) -> (String, String) {
    let mut replay = match open(record) {
        Ok(replay) => replay,
        Err(error) => return (String::new(), error.to_string()),
    };
    let mut out = Vec::new();
    let ended = print(&mut replay, &OPTIONS, &mut out);
    (String::from_utf8(out).unwrap(), ended.err().map(|error| error.to_string()).unwrap_or_default())
}

fn record() -> String {
    let state = crate::console::sample::fleet(0, Timestamp::from_millis(1_795_341_600_000));
    let head = Head::of(&state, "dark", false);
    let mut lines = vec![serde_json::to_string(&head).unwrap()];
    let mut line = |at: u64, what: &What| {
        let what = serde_json::to_string(what).unwrap();
        lines.push(format!("{{\"at\":{at},\"drawn\":true,\"what\":{what}}}"));
    };
    line(0, &What::Update(Update::Connected(Origin::default(), Box::default())));
    let node = crate::ssm::InstanceInformation {
        instance_id: Some("mi-1".to_owned()),
        computer_name: Some("web-\u{1b}[2J1".to_owned()),
        ..Default::default()
    };
    let (source, epoch) = (Source::Nodes, Epoch { number: 1, ..Epoch::default() });
    let page = crate::console::update::Page::Nodes(vec![node]);
    line(900, &What::Update(Update::Page { source, epoch, page }));
    line(1_000, &What::Update(Update::End { source, epoch, result: Ok(()) }));
    line(2_000, &What::Size(100, 30));
    line(3_000, &What::Tick);
    line(4_000, &What::LeftOut { bytes: 40_000_000 });
    lines.join("\n") + "\n"
}

fn is_clean(text: &str) -> bool {
    text.chars().all(|c| c == '\n' || !c.is_control())
}

#[test]
fn a_record_is_shown_to_its_end_or_to_a_time() {
    let (screen, error) = printed(record().as_bytes());
    assert_eq!(error, "");
    assert!(screen.contains("web-1") && screen.contains("40 MB"), "{screen}");
    assert_eq!(screen.trim_end_matches('\n').lines().count(), 30);
    let options = Options { until: Some(Duration::from_millis(1_500)), size: Some((60, 12)), ..OPTIONS };
    let record = record();
    let mut replay =
        Replay::new(Lines::new(record.as_bytes()), &options, &Paths::below(Path::new("/nowhere"))).unwrap();
    let mut out = Vec::new();
    print(&mut replay, &Options { print_screens: true, ..options }, &mut out).unwrap();
    let out = String::from_utf8(out).unwrap();
    assert!(out.contains("--- 0:01.000") && !out.contains("--- 0:02"), "{out}");
    assert!(out.lines().all(|line| crate::console::text::width(line) <= 60));
}

#[test]
fn what_is_no_record_is_told_and_what_is_half_of_one_is_shown() {
    let whole = record();
    for (bytes, told) in [
        ("", "is empty"),
        ("\u{1b}]0;owned\u{7}\n", "no record of fleetdeck"),
        ("{\"hello\": 1}\n", "no record of fleetdeck"),
        ("{\"record\": 9, \"version\": \"3.1\\u001b[2J\"}\n", "made by fleetdeck 3.1"),
        ("{\"record\": 1, \"version\": \"0\"}\n", "the head is not in order"),
    ] {
        let (screen, error) = printed(bytes.as_bytes());
        assert!(error.contains(told) && screen.is_empty() && is_clean(&error), "{bytes:?}: {error}");
    }
    let cut = &whole.as_bytes()[..whole.len() - 10];
    let (screen, error) = printed(cut);
    assert!(screen.contains("web-1") && error.contains("ends in the middle"), "{error}");
    let odd = whole.replace("\"tick\"", "\"tock\\u001b[31m\"");
    let (screen, error) = printed(odd.as_bytes());
    assert!(error.starts_with("line 6: this is no line of a record: unknown variant"), "{error}");
    assert!(screen.contains("web-1") && is_clean(&screen) && is_clean(&error));
    let settings = whole.replace("\"settings\":{", "\"settings\":{\"later\":1,");
    assert_eq!(printed(settings.as_bytes()).1, "");
    assert!(whole.starts_with(&format!("{{\"record\":{FORMAT},")));
}

#[test]
fn keys_of_commands_that_only_the_recorded_console_had_are_no_problem() {
    let told = |keys: &str| {
        let begun = crate::console::sample::fleet(0, Timestamp::from_millis(1_795_341_600_000));
        let head = Head { keymap: format!("[fleet]\n{keys}\n"), ..Head::of(&begun, "dark", false) };
        state(&head).notices.all().map(|notice| notice.trouble.what.clone()).collect::<Vec<_>>()
    };
    assert_eq!(told("\"ctrl-x\" = \"look-up\""), Vec::<String>::new());
    assert_eq!(told("\"hyperspace\" = \"mark\"").len(), 1);
}

#[test]
fn an_older_record_in_which_answers_have_no_numbers_is_read() {
    let now = Update::Changed(Origin::default(), Ok(crate::console::update::Changed::Cancelled("c".to_owned())), None);
    let mut older = serde_json::to_value(&now).unwrap();
    assert_eq!(older["Changed"].as_array_mut().and_then(Vec::pop), Some(serde_json::Value::Null));
    assert_eq!(serde_json::from_value::<Update>(older).unwrap(), now);
}

#[test]
fn a_gigantic_line_is_not_taken_into_memory() {
    struct Endless(u64);
    impl std::io::Read for Endless {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            buffer.fill(b'x');
            self.0 += buffer.len() as u64;
            Ok(buffer.len())
        }
    }
    let head = record().lines().next().unwrap().to_owned() + "\n";
    let input = std::io::Read::chain(head.as_bytes(), Endless(0));
    let mut lines = Lines::new(std::io::BufReader::new(input));
    lines.head().unwrap();
    assert!(lines.next_line().unwrap_err().what.contains("longer than 33 MB"));
    assert!(lines.next_line().unwrap().is_none());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn a_damaged_record_is_told_and_harms_nothing(
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..12),
        end in any::<prop::sample::Index>(),
    ) {
        let mut bytes = record().into_bytes();
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        bytes.truncate(end.index(bytes.len()) + 1);
        let (screen, error) = printed(&bytes);
        prop_assert!(is_clean(&screen) && is_clean(&error), "{error:?}");
    }
}
