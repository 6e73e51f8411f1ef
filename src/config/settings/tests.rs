use super::{
    read::{ASKED, DENIED, GUARDED, GUARDED_THERE},
    *,
};

#[test]
fn a_file_overrides_only_what_it_names() {
    let settings = Settings::parse("theme = 'light'\nconfirm-above = 3\n").unwrap();
    assert_eq!(settings, Settings { theme: "light".to_owned(), confirm_above: Threshold(3), ..Settings::default() });
}

#[test]
fn ports_are_forwarded_as_the_file_says() {
    let text = "[[forward]]\nname = 'db'\nnode = 'web-01'\nhost = 'db.internal'\nremote = 5432\nlocal = 15432\n\
                [[forward]]\nnode = 'mi-1'\nremote = '80'\nlocal = '[::1]:8080'\nstart = false\n";
    let forwards = Settings::parse(text).unwrap().forwards;
    assert_eq!(forwards[0].host.as_deref(), Some("db.internal"));
    assert_eq!(
        (forwards[0].remote, forwards[0].local.to_string(), forwards[0].start),
        (5432, "127.0.0.1:15432".into(), true)
    );
    assert_eq!((forwards[1].local.to_string(), forwards[1].start), ("[::1]:8080".into(), false));
    let wrong = |line: &str| {
        let text = format!("[[forward]]\nnode = 'x'\nremote = 80\n{line}\n");
        Settings::parse(&text).unwrap_err().to_string()
    };
    assert!(wrong("local = '0.0.0.0:80'").contains("other machines"));
    assert!(wrong("local = 'here'").contains("no local end"));
    assert!(wrong("lokal = 1").contains("lokal"));
    assert!(Settings::parse("[[forward]]\nnode = 'x'\nremote = 0\n").unwrap_err().to_string().contains("1 to 65535"));
}

#[test]
fn times_are_written_as_people_write_them() {
    let every = |text: &str| Settings::parse(&format!("sample-every = {text}\n")).map(|s| s.sample_every);
    let seconds = |n| Some(Every(Some(Duration::from_secs(n))));
    assert_eq!(every("'30s'").unwrap(), seconds(30));
    assert_eq!(every("45").unwrap(), seconds(45));
    assert_eq!(every("'2 m'").unwrap(), seconds(120));
    assert_eq!(every("'off'").unwrap(), Some(Every(None)));
    for wrong in ["'1s'", "'soon'", "'30 days'", "''", "-3", "'99999999999999999999h'"] {
        assert!(every(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn all_that_is_wrong_is_told_with_its_line_and_the_rest_stands() {
    let text = "theme = 'light'\nrefresh = 'soon'\nascii = 1\nconfirm-above = -1\nrefesh-running = 1\nclipboard = 'alow'\n\
                sample-every = []\nscrollback = many\nmouse = false\nnotify = true\n\
                [columns]\nfleet = 3\nsessions = ['node']\nforwards = ['name',\n 4]\n\
                [[columns.scope]]\nfleet = ['name']\n[aliases]\na = 1\nb = 'help'\n\
                [[view]]\nfilter = 'x'\n[[view]]\nname = 'ok'\n[[view]]\nname = 'v'\nsort = 'seen'\ngrup = 'tag:Env'\n\
                [[forward]]\nnode = 'x'\nremote = 'ssh'\nhost = 3\n[[forward]]\nnode = 'x'\nremote = 22\n\
                [[command]]\nname = 'c'\nrun = 'true'\nchanges = maybe\n[[forward]\nnode = 'y'\n";
    let settings = Settings::read(&Written::of(text));
    let told: Vec<_> = settings.problems.iter().map(ToString::to_string).collect();
    for expected in [
        "2: refresh: a whole number, 0 or more, is expected here, not a text; 15 stands",
        "3: ascii: true or false is expected here, not a number; false stands",
        "4: confirm-above: a whole number, 0 or more, is expected here, not a number below 0; confirm-above = 0 stands",
        "5: no entry is called \"refesh-running\", but \"refresh-running\" is; it is left out",
        "6: clipboard: there is no \"alow\"; there are ask, allow, deny; clipboard = \"deny\" stands",
        "7: sample-every: a time such as \"30s\", or \"off\", is expected here; it counts as not set",
        "8: scrollback: a text stands in quotes; 10000 stands",
        "10: notify: a text in quotes is expected here; \"auto\" stands",
        "12: [columns] fleet: a list in brackets is expected here, not a number; the usual columns stand",
        "15: [columns] forwards: a text in quotes is expected here, not a number; the usual columns stand",
        "16: [[columns.scope]]: it needs match; this one is left out",
        "19: [aliases] \"a\": a text in quotes is expected here, not a number; it is left out",
        "21: [[view]]: it needs name; this one is left out",
        "27: [[view]]: sort: a list in brackets is expected here, not a text; this one is left out",
        "28: [[view]]: no entry is called \"grup\", but \"group\" is; this one is left out",
        "31: [[forward]]: remote: a port is a number from 1 to 65535; this one is left out",
        "32: [[forward]]: host: a text in quotes is expected here, not a number; this one is left out",
        "36: [[command]]: it must say whether it changes something: changes = true or false; it is left out",
        "39: changes: a text stands in quotes; the line is left out",
        "40: unclosed array table, expected `]`; what stands below it is left out too",
    ] {
        let expected = format!("settings.toml:{expected}");
        assert!(told.contains(&expected), "{expected} in {told:#?}");
    }
    assert_eq!(told.len(), 20, "{told:#?}");
    assert!(settings.is_damaged && !settings.read_only && !settings.mouse);
    assert_eq!((settings.theme.as_str(), settings.refresh, settings.columns.lists.len()), ("light", 15, 1));
    assert_eq!((settings.views.len(), settings.forwards.len(), settings.aliases.len()), (1, 1, 1));
}

#[test]
fn nothing_is_changed_where_it_cannot_be_read_what_must_not_be() {
    let read = |text: &str| Settings::read(&Written::of(text));
    for text in [
        "read-only = 'yes'\n",
        "read-only = yes\n",
        "read_only = true\n",
        "[[policy]\nmatch = 'x'\n",
        "[[view]\nname = 'x'\nread-only = true\n",
        "= = =\n",
    ] {
        assert!(read(text).is_damaged, "{text}");
        assert_eq!(read(text).read_only, text != "= = =\n", "{text}: {:#?}", read(text).problems);
    }
    assert!(read("\u{1}\n".repeat(100).as_str()).read_only, "this is no settings file at all");
    let policy = |text: &str| {
        let settings = read(&format!("[[policy]]\n{text}\n"));
        assert!(settings.is_damaged && !settings.read_only, "{text}");
        let policy = &settings.policies[0];
        let told = settings.problems.iter().any(|problem| problem.to_string().ends_with(GUARDED_THERE));
        assert!(told, "{:#?}", settings.problems);
        (policy.pattern.clone(), policy.read_only, policy.theme.clone())
    };
    assert_eq!(policy("match = 'p*'\ntheme = 'dark'\nread_only = true"), ("p*".into(), true, Some("dark".into())));
    assert_eq!(policy("match = 'p*'\nconfirm-above = 'all'"), ("p*".into(), true, None));
    assert_eq!(policy("match = 'p*'\naccent = red"), ("p*".into(), true, None));
    assert_eq!(policy("match = 'p*'\nread-only = yes"), ("p*".into(), true, None));
    assert_eq!(policy("accent = 'production'"), ("*".into(), true, None));
    assert_eq!(policy("match = 3"), ("*".into(), true, None));
    let probe = |text: &str| read(&format!("[[policy]]\nmatch = 3\n{text}")).policies[0].probe;
    assert_eq!(
        ["", "probe = true", "probe = false", "probe = 'no'"].map(probe),
        [None, Some(true), Some(false), Some(false)]
    );
}

/// The lines that are told of a text, without what is wrong, and whether nothing is changed.
fn guarded(text: &str) -> (Vec<String>, bool) {
    let settings = Settings::read(&Written::of(text));
    (settings.problems.iter().map(ToString::to_string).collect(), settings.read_only)
}

#[test]
fn a_guard_that_is_misspelt_still_holds() {
    for (text, told) in [
        ("read_only = true\n", "1: no entry is called \"read_only\", but \"read-only\" is"),
        ("\nread_only = yes\n", "2: read_only: a text stands in quotes"),
        ("READONLY = 'yes'\n", "1: no entry is called \"READONLY\", but \"read-only\" is"),
        ("[read-only]\nx = 1\n", "1: read-only: true or false is expected here, not a table"),
        ("theme = 'dark'\n[[polcy]\nmatch = 'x'\n", "2: unclosed array table"),
        ("x = { read_only = yes }\n", "1: x: a text stands in quotes"),
    ] {
        let (problems, is_read_only) = guarded(text);
        let said = problems.iter().any(|said| said.contains(told) && said.ends_with(GUARDED));
        assert!(is_read_only && said, "{text}: {problems:#?}");
    }
    for name in ["polcy", "Policy", "policies"] {
        let text = format!("ascii = true\n[[{name}]]\nmatch = '*prod*'\nread-only = true\n[[{name}]]\nmatch = 'x'\n");
        let settings = Settings::read(&Written::of(&text));
        let places: Vec<_> =
            settings.policies.iter().map(|policy| (policy.pattern.as_str(), policy.read_only)).collect();
        assert_eq!(places, [("*prod*", true), ("x", true)], "{name}");
        let told: Vec<_> = settings.problems.iter().map(ToString::to_string).collect();
        let expected = format!("no section is called \"{name}\", but [[policy]] is; {GUARDED_THERE}");
        assert_eq!(told, [2, 5].map(|line| format!("settings.toml:{line}: {expected}")));
        assert!(settings.is_damaged && !settings.read_only && settings.ascii);
    }
    let settings = Settings::read(&Written::of("[policy]\nread-only = true\n"));
    assert!(settings.policies[0].read_only && settings.policies[0].pattern == "*");
}

#[test]
fn a_guard_in_a_place_where_it_says_nothing_still_holds() {
    for (text, told) in [
        (
            "[columns]\nfleet = ['name']\nread-only = true\n",
            "3: \"read-only\" says nothing below [columns]; read-only stands above",
        ),
        ("[aliases]\nlost = 'filter ping:lost'\nread_only = true\n", "3: \"read_only\" says nothing below [aliases]"),
        (
            "[[columns.scope]]\nmatch = 'x'\nfleet = ['name']\nread-only = true\n",
            "4: \"read-only\" says nothing below [columns]",
        ),
        ("[[view]]\nname = 'x'\nread-only = true\n", "3: \"read-only\" says nothing below [[view]]"),
        (
            "[[command]]\nname = 'c'\nrun = 'true'\nchanges = true\nread-only = true\n",
            "5: \"read-only\" says nothing below [[command]]",
        ),
        (
            "[[session]]\n[session.parameters]\nuser = 'ops'\nread-only = true\n",
            "4: \"read-only\" says nothing below [[session]]",
        ),
        ("[general]\nread-only = 'yes'\n", "2: \"read-only\" says nothing below [general]"),
        (
            "[[view]]\nname = 'x'\n[[view.policy]]\nmatch = '*'\n",
            "3: \"policy\" says nothing below [[view]]; [[policy]] is a section",
        ),
        ("[columns]\nread-only = yes\n", "2: read-only: a text stands in quotes"),
    ] {
        let (problems, is_read_only) = guarded(text);
        let said: Vec<_> = problems.iter().filter(|said| said.ends_with(GUARDED)).collect();
        assert!(is_read_only && said.len() == 1 && said[0].contains(told), "{text}: {problems:#?}");
        let settings = Settings::read(&Written::of(text));
        let sound = (settings.views.len(), settings.sessions.len(), settings.commands.len(), settings.aliases.len());
        let written = ["[[view]]", "[[session]]", "[[command]]", "lost"].map(|what| usize::from(text.contains(what)));
        assert_eq!(sound, written.into(), "what else stands there is sound: {text}");
    }
    for fine in [
        "[aliases]\nread-only = 'help'\npolicy = 'pane compliance'\n",
        "[[session]]\nparameters = { read-only = 'true', policy = ['a', 'b'] }\n",
        "[[policy]]\nmatch = 'x'\nread-only = false\nconfirm-above = 3\n",
    ] {
        assert_eq!(guarded(fine), (Vec::new(), false), "{fine}");
    }
}

#[test]
fn columns_of_places_that_are_not_in_order_are_told() {
    for (text, told) in [
        ("[columns.scope]\nmatch = 'x'\nfleet = ['name']\n", "1: [[columns.scope]] is expected here"),
        ("[columns]\nscope = 3\n", "2: [[columns.scope]] is expected here"),
        ("[columns]\nscope = [3]\n", "2: [[columns.scope]] is a table"),
        ("[[columns.scope]]\nmatch = ['x']\n", "2: [[columns.scope]] match: a text in quotes"),
        ("[[columns.scope]]\nmatch = 'x'\nfleet = 'name'\n", "3: [[columns.scope]] fleet: a list in brackets"),
    ] {
        let settings = Settings::read(&Written::of(text));
        let all: Vec<_> = settings.problems.iter().map(ToString::to_string).collect();
        assert!(all.len() == 1 && all[0].starts_with(&format!("settings.toml:{told}")), "{text}: {all:#?}");
    }
}

#[test]
fn where_it_cannot_be_read_what_is_confirmed_everything_is() {
    for text in
        ["confirm_above = 3\n", "confirm-above = 'all'\n", "confirm-above = many\n", "[columns]\nconfirm-above = 3\n"]
    {
        let settings = Settings::read(&Written::of(text));
        let told: Vec<_> = settings.problems.iter().map(ToString::to_string).collect();
        assert!(told.len() == 1 && told[0].ends_with(ASKED), "{told:#?}");
        assert_eq!((settings.confirm_above.under(None), settings.read_only), (0, false), "{text}");
    }
    assert_eq!(Settings::parse("confirm-above = 3\n").unwrap().confirm_above.under(None), 3);
}

#[test]
fn where_it_cannot_be_read_who_may_write_the_clipboard_nobody_may() {
    for text in [
        "clipboard = deny\n",
        "clipboard = 'dney'\n",
        "clipboard = false\n",
        "clipbord = 'deny'\n",
        "clip-board = 'ask'\n",
        "[columns]\nclipboard = 'deny'\n",
        "[[policy]]\nmatch = '*prod*'\nclipboard = 'deny'\n",
        "[columns]\nclipboard = deny\n",
    ] {
        let settings = Settings::read(&Written::of(text));
        let told: Vec<_> = settings.problems.iter().map(ToString::to_string).collect();
        assert!(told.len() == 1 && told[0].ends_with(DENIED), "{text}: {told:#?}");
        let held = (settings.clipboard, settings.read_only, settings.is_damaged);
        assert_eq!(held, (Clipboard::Deny, false, true), "{text}");
        assert!(settings.policies.iter().all(|policy| !policy.read_only), "{text}");
    }
    // What may not be changed is lost with it.
    for text in [
        "[[policy]]\nmatch = 'x'\nclipboard = deny\n",
        "[[policy]\nmatch = 'x'\nclipboard = 'deny'\n",
        "x = { read-only = yes, clipboard = 'deny' }\n",
        &"\u{1}\n".repeat(100),
    ] {
        let settings = Settings::read(&Written::of(text));
        let told: Vec<_> = settings.problems.iter().map(ToString::to_string).collect();
        assert_eq!(settings.clipboard, Clipboard::Deny, "{text}");
        for instead in [&[GUARDED, GUARDED_THERE][..], &[DENIED]] {
            let said = told.iter().any(|told| instead.iter().any(|instead| told.ends_with(instead)));
            assert!(said, "{text}: {instead:?} in {told:#?}");
        }
    }
    // What is sound of a file that is not stands, also this.
    for (text, held) in [
        ("clipboard = 'deny'\ntheme = 3\n", Clipboard::Deny),
        ("clipboard = 'allow'\ntheme = 3\n", Clipboard::Allow),
        ("theme = dark\n", Clipboard::Ask),
        ("[aliases]\nclipboard = 'help'\n", Clipboard::Ask),
    ] {
        assert_eq!(Settings::read(&Written::of(text)).clipboard, held, "{text}");
    }
}
