//! What the console looks like, and what it keeps: colours as they are wished, files that take effect at once, and the first
//! frame of the next start.

pub mod support;

use std::path::Path;

use support::{BINARY, Engine, Terminal, read};

/// Nobody listens there: what is looked at here needs no service.
const NOWHERE: &str = "http://127.0.0.1:9";

fn environment(root: &Path, more: &[(&'static str, &str)]) -> Vec<(&'static str, String)> {
    let below = |name: &str| root.join(name).display().to_string();
    let mut environment = vec![
        ("XDG_CONFIG_HOME", below("config")),
        ("XDG_STATE_HOME", below("state")),
        ("XDG_DATA_HOME", below("share")),
        ("AWS_CONFIG_FILE", "/dev/null".into()),
        ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE".into()),
        ("AWS_SECRET_ACCESS_KEY", "secret".into()),
        ("AWS_REGION", "us-east-1".into()),
    ];
    environment.extend(more.iter().map(|(name, value)| (*name, (*value).to_owned())));
    environment
}

fn console(root: &Path, words: &str, more: &[(&'static str, &str)]) -> Terminal {
    let script = format!("{BINARY} --endpoint-url {NOWHERE} {words}; echo left-with-$?");
    let terminal = Terminal::run(&script, &environment(root, more), root, 24, 80);
    terminal.wait("the console or its refusal", |screen| {
        screen.contents().contains("Compliance") || screen.contents().contains("left-with-")
    });
    terminal
}

/// Opens the list of keys and waits until one of its rows, and no more, stands out by reversal.
fn cursor_is_reversed(terminal: &mut Terminal) {
    terminal.keys("?");
    terminal.wait("one reversed row in the list of keys", |screen| {
        let reversed =
            |row: &u16| (5..75).filter(|col| screen.cell(*row, *col).is_some_and(vt100::Cell::inverse)).count() > 60;
        screen.contents().contains("mark") && (3..22).filter(reversed).count() == 1
    });
}

fn has_colours(screen: &vt100::Screen) -> bool {
    let coloured =
        |cell: &vt100::Cell| cell.fgcolor() != vt100::Color::Default || cell.bgcolor() != vt100::Color::Default;
    (0..24).any(|row| (0..80).any(|col| screen.cell(row, col).is_some_and(coloured)))
}

#[test]
fn without_colours_the_cursor_row_is_still_seen() {
    let root = tempfile::tempdir().unwrap();
    for (words, more) in [("", &[("NO_COLOR", "1")] as &[_]), ("--color never", &[("COLORTERM", "truecolor")])] {
        let mut terminal = console(root.path(), words, more);
        cursor_is_reversed(&mut terminal);
        terminal.wait("no colour at all", |screen| !has_colours(screen));
    }
}

#[test]
fn colours_are_as_many_as_said() {
    let root = tempfile::tempdir().unwrap();
    let all = |screen: &vt100::Screen, test: fn(vt100::Color) -> bool| {
        (0..24).all(|row| {
            (0..80).all(|col| screen.cell(row, col).is_none_or(|cell| test(cell.fgcolor()) && test(cell.bgcolor())))
        })
    };
    // Who asks for colours by name gets them although NO_COLOR is set.
    let terminal = console(root.path(), "--color always --theme dark", &[("NO_COLOR", "1")]);
    terminal.wait("256 colours", |screen| {
        has_colours(screen) && all(screen, |colour| !matches!(colour, vt100::Color::Rgb(..)))
    });
    let terminal = console(root.path(), "--color 16 --theme dark", &[("COLORTERM", "truecolor")]);
    terminal.wait("sixteen colours", |screen| {
        has_colours(screen) && all(screen, |colour| matches!(colour, vt100::Color::Default | vt100::Color::Idx(0..=15)))
    });
}

#[test]
fn a_terminal_that_cannot_place_a_cursor_is_refused_in_words() {
    let root = tempfile::tempdir().unwrap();
    let mut terminal = console(root.path(), "", &[("TERM", "dumb")]);
    terminal.wait_for("left-with-1");
    assert!(terminal.text().contains("TERM=dumb") && terminal.text().contains("fleetdeck nodes"));
    terminal.wait_for_exit();
}

fn ground(terminal: &Terminal, what: &str, rgb: (u8, u8, u8)) {
    terminal.wait(what, |screen| {
        screen.cell(12, 0).is_some_and(|cell| cell.bgcolor() == vt100::Color::Rgb(rgb.0, rgb.1, rgb.2))
    });
}

#[test]
fn the_theme_follows_the_terminal_and_its_answer_types_nothing() {
    let root = tempfile::tempdir().unwrap();
    let more = &[("COLORTERM", "truecolor")];
    let mut terminal = console(root.path(), "", more);
    ground(&terminal, "a dark ground while nothing is known", (0x11, 0x15, 0x1c));
    terminal.keys("\x1b]11;rgb:ffff/ffff/ffff\x1b\\");
    ground(&terminal, "a light ground for a light terminal", (0xff, 0xff, 0xff));
    // A key behind the answer is the user's, and the answer's letters were no keys: no box, no other pane is open.
    terminal.keys("3");
    terminal.wait("the pane of the key", |screen| screen.contents().contains("3 Commands"));
    // It reports too when that changes, between two keys.
    terminal.keys("1\x1b[?997;1n2");
    ground(&terminal, "a dark ground for a terminal that turned dark", (0x11, 0x15, 0x1c));
    terminal.keys("\x1b[?997;2n");
    ground(&terminal, "a light ground again", (0xff, 0xff, 0xff));
    terminal.keys("q");
    terminal.wait_for("left-with-0");
    let light = console(root.path(), "", &[("COLORTERM", "truecolor"), ("COLORFGBG", "0;15")]);
    ground(&light, "a light ground where the environment says so", (0xff, 0xff, 0xff));
}

#[test]
fn files_take_effect_while_it_runs_and_wrong_ones_are_told_with_their_line() {
    let root = tempfile::tempdir().unwrap();
    let config = root.path().join("config/fleetdeck");
    std::fs::create_dir_all(config.join("themes")).unwrap();
    let write = |name: &str, text: &str| std::fs::write(config.join(name), text).unwrap();
    write("settings.toml", "theme = 'dark'\n");
    let mut terminal = console(root.path(), "", &[("COLORTERM", "truecolor")]);
    ground(&terminal, "the theme of the settings", (0x11, 0x15, 0x1c));

    write("themes/mine.toml", "name = 'mine'\nbase = 'dark'\n[palette]\nground = '#102030'\n");
    write("settings.toml", "theme = 'mine'\n");
    ground(&terminal, "the theme the settings name now", (0x10, 0x20, 0x30));
    write("themes/mine.toml", "name = 'mine'\nbase = 'dark'\n[palette]\nground = '#203040'\n");
    ground(&terminal, "the theme as its file is now", (0x20, 0x30, 0x40));
    write("themes/mine.toml", "name = 'mine'\nbase = 'dark'\n[palette]\nground = 'pink'\n");
    terminal.wait_for("mine.toml:4:");
    ground(&terminal, "the theme as it was before it was broken", (0x20, 0x30, 0x40));

    write("keymap.toml", "[global]\nZ = 'pane-parameters'\n");
    terminal.wait_for("keymap.toml is in force");
    terminal.keys("Z");
    terminal.wait_for("parameters");
    write("keymap.toml", "[global]\nZ = 'explode'\n[flet]\nq = 'quit'\n");
    terminal.wait_for("[flet]");
    // There is room for the last of several; all of them are among the messages.
    terminal.keys("M");
    terminal.wait_for("Messages");
    terminal.wait_for("keymap.toml:2: [global]");
    terminal.keys("\x1b");
    terminal.wait_until_gone("Messages");
    write("settings.toml", "theme = 'mine'\nrefesh = 3\n");
    terminal.wait_for("refesh");
    terminal.keys("q");
    terminal.wait_for("left-with-0");
    terminal.wait_for_exit();
}

#[test]
fn files_that_are_not_in_order_keep_nothing_from_starting() {
    let root = tempfile::tempdir().unwrap();
    let config = root.path().join("config/fleetdeck");
    std::fs::create_dir_all(config.join("themes")).unwrap();
    let write = |name: &str, text: &str| std::fs::write(config.join(name), text).unwrap();
    write("settings.toml", "theme = 'mine'\nrefresh = soon\nascii = 'no'\n[[view]]\nfilter = 'x'\n");
    write("themes/mine.toml", "base = 'dark'\n[palette]\nground = '#102030'\n[roles]\ntexxt = {}\n");
    write("keymap.toml", "[global]\nZ = 'pane-parameters'\nX = 3\n");
    write("contexts.toml", "[context.prod]\nregion = 3\n");
    let script = format!("{BINARY} --endpoint-url {NOWHERE}; echo left-with-$?");
    let environment = environment(root.path(), &[("COLORTERM", "truecolor")]);
    // All that is told stands in one list, and has room.
    let mut terminal = Terminal::run(&script, &environment, root.path(), 50, 160);
    terminal.wait_for("Compliance");
    ground(&terminal, "the theme, as far as it is in order", (0x10, 0x20, 0x30));
    terminal.keys("Z");
    terminal.wait("the key of the keymap", |screen| screen.contents().contains("parameters"));
    terminal.keys("M");
    for told in [
        "settings.toml:2:",
        "settings.toml:3: ascii",
        "settings.toml:4: [[view]]",
        "mine.toml:5:",
        "keymap.toml:3:",
        "contexts.toml:2:",
    ] {
        terminal.wait_for(told);
    }
    terminal.keys("\x1b");
    terminal.wait_until_gone("Messages");
    terminal.keys("q");
    terminal.wait_for("left-with-0");
    terminal.wait_for_exit();
}

#[test]
fn the_mouse_is_as_the_file_says_although_a_key_said_otherwise() {
    let root = tempfile::tempdir().unwrap();
    let config = root.path().join("config/fleetdeck");
    std::fs::create_dir_all(&config).unwrap();
    let write = |text: &str| std::fs::write(config.join("settings.toml"), text).unwrap();
    let captured = |terminal: &Terminal, what: &str, wanted: bool| {
        terminal.wait(what, |screen| (screen.mouse_protocol_mode() != vt100::MouseProtocolMode::None) == wanted);
    };
    write("mouse = true\n");
    let mut terminal = console(root.path(), "", &[]);
    captured(&terminal, "the mouse in the console", true);
    write("mouse = false\n");
    captured(&terminal, "the mouse left to the terminal by the file", false);
    write("mouse = true\n");
    captured(&terminal, "the mouse in the console by the file", true);
    terminal.keys("\x1bm");
    captured(&terminal, "the mouse left to the terminal by a key", false);
    // The file has not changed in this, but it is in force again.
    write("mouse = true\nscrollback = 5000\n");
    captured(&terminal, "the mouse in the console again", true);
    terminal.keys("q");
    terminal.wait_for("left-with-0");
    terminal.wait_for_exit();
}

#[test]
fn a_console_takes_up_how_it_was_left() {
    let mut engine = Engine::start();
    engine.agent("web-1", &[("Role", "web")]);
    engine.wait_for_nodes(1);
    let start = |engine: &Engine| {
        let script = format!("{BINARY} --endpoint-url {} --log debug; echo left-with-$?", engine.url);
        Terminal::run(&script, &engine.environment(), engine.root.path(), 24, 100)
    };
    let mut terminal = start(&engine);
    terminal.wait_for("web-1");
    terminal.keys("/web\r");
    terminal.wait_for("filter web");
    terminal.keys(":sort ping desc\r");
    terminal.keys(":log\r");
    terminal.wait_for("Log of fleetdeck");
    terminal.keys("\x1b");
    terminal.wait_until_gone("Log of fleetdeck");
    terminal.keys("q");
    terminal.wait_for("left-with-0");
    terminal.wait_for_exit();
    let state = engine.root.path().join("state/fleetdeck");
    let log = read(state.join("fleetdeck.log"));
    assert!(log.contains("connected"), "{log}");
    let files: Vec<_> = std::fs::read_dir(state.join("sessions")).unwrap().map(|file| file.unwrap().path()).collect();
    assert_eq!(files.len(), 1);
    #[cfg(unix)]
    {
        let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&files[0]).unwrap().permissions());
        assert_eq!(mode & 0o777, 0o600);
    }

    // Nobody answers any more: what is shown is what was known, and says so.
    engine.kill();
    let mut terminal = start(&engine);
    terminal.wait("the rows and the filter of the last time", |screen| {
        let text = screen.contents();
        text.contains("web-1") && text.contains("as they were") && text.contains("filter web")
    });
    terminal.keys("q");
    terminal.wait_for("left-with-0");
    terminal.wait_for_exit();
}
