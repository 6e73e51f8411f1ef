//! A node that floods a shell costs the console no more memory than its screen and what is kept of the past.
//!
//! Measured from outside, so that everything counts: what the process has in memory once a flood has filled what there is
//! to fill, and after several times as much. One test, so that nothing else runs in the process.

#![cfg(target_os = "linux")]

use fleetdeck::console::term::{Screen, Size};

/// A piece of a flood, by number.
type Piece = Box<dyn Fn(usize) -> String>;

/// Bytes of a first flood that fill the screen, what is kept of the past, and every string.
const FILL: usize = 256 * 1024;
/// Bytes of a first flood that fills the tables of links and of styles.
const FILL_TABLES: usize = 1_700 * 1024;
/// Bytes of the second flood.
const FLOOD: usize = 768 * 1024;
/// Bytes the process may grow by meanwhile. Half of what came would be as much.
const SLACK: usize = FLOOD / 2;

/// Bytes of this process in memory that are its own.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("RssAnon:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap() * 1024
}

/// Feeds pieces, by number, until so many bytes are there; slices are as large as a session's.
fn feed(screen: &mut Screen, piece: &dyn Fn(usize) -> String, from: usize, bytes: usize) -> usize {
    let (mut number, mut fed) = (from, 0);
    let mut slice = String::new();
    while fed < bytes {
        slice.clear();
        while slice.len() < 1_024 {
            slice.push_str(&piece(number));
            number += 1;
        }
        fed += slice.len();
        let answers = screen.feed(slice.as_bytes());
        assert!(answers.len() <= 4 * 1024, "{} bytes of answers", answers.len());
        assert!(screen.take_events().len() <= 4);
    }
    number
}

#[test]
fn no_flood_makes_a_shell_grow() {
    let x = "x".repeat(200);
    let floods: [(&str, Piece); 15] = [
        ("yes", Box::new(|_| "y\r\n".to_owned())),
        ("long lines", Box::new(|n| format!("{n} {}", "word ".repeat(100)))),
        ("titles", Box::new(|n| format!("\x1b]2;title {n} {}\x07\x1b[22;2t", "t".repeat(100)))),
        ("ever new links", Box::new(move |n| format!("\x1b]8;;https://a.example/{n}/{x}\x1b\\{n}\x1b]8;;\x1b\\\r\n"))),
        ("links that lead nowhere", Box::new(|n| format!("\x1b]8;;file:///{n}/{n}/{n}\x1b\\{n} "))),
        ("ever new styles", Box::new(|n| format!("\x1b[9;38;2;{};{};{}m#", n % 251, n / 251 % 256, n / 64_256 % 256))),
        ("combining characters", Box::new(|n| format!("e{}\u{301}", "\u{302}".repeat(n % 60)))),
        ("a command that never ends", Box::new(|n| if n == 0 { "\x1b]52;c;".to_owned() } else { "QUJD".repeat(64) })),
        (
            "a device string that never ends",
            Box::new(|n| if n == 0 { "\x1bP+q".to_owned() } else { "544e;".repeat(64) }),
        ),
        (
            "an application string that never ends",
            Box::new(|n| if n == 0 { "\x1b_".to_owned() } else { "G".repeat(64) }),
        ),
        ("a sequence that never ends", Box::new(|n| if n == 0 { "\x1b[".to_owned() } else { "1;38:2:".repeat(64) })),
        ("sequences with thousands of parameters", Box::new(|n| format!("\x1b[{}{n}m", "1;2;3;4;5;".repeat(300)))),
        ("questions", Box::new(|_| "\x1b[6n\x1b[c\x1bP$qm\x1b\\\x1b]11;?\x07\x1b[?1$p".to_owned())),
        ("keyboard modes", Box::new(|n| format!("\x1b[>{}u\x1b[?1049h\x1b[=1u\x1b[?1049l\x1bH\x1b7", n % 32))),
        ("copies", Box::new(|n| format!("\x1b]52;c;{}\x07", format!("{n:04}").repeat(500)))),
    ];
    for (name, piece) in &floods {
        let mut screen = Screen::new(Size::new(24, 80), 300);
        let fill = if name.starts_with("ever new") { FILL_TABLES } else { FILL };
        let next = feed(&mut screen, piece, 0, fill);
        let before = resident();
        feed(&mut screen, piece, next, FLOOD);
        let grown = resident().saturating_sub(before);
        assert!(grown < SLACK, "{name}: {grown} bytes more");
        // It still works.
        let _ = screen.feed(b"\x18\x1bc\x1b[!pstill here");
        assert!(screen.text().contains("still here"), "{name}:\n{}", screen.text());
    }
}
