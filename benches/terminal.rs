//! How fast the terminal of the shell panes takes what programs write, beside alacritty's, in one run.
//!
//! `cargo bench --bench terminal [MEBIBYTES]`. For every input both get the same bytes in slices of 64 KiB, at 120x40 with
//! 10,000 lines of scrollback, in turns; medians and their ratio are printed. Ours includes translation, answers and
//! scrollback. Then the cost of a frame at 200x60, the memory of a full scrollback, and `cat` of 100 MB through a local
//! pseudo-terminal into the pane and into tmux.

use std::{
    fmt::Write as _,
    hint::black_box,
    io::{Read, Write as _},
    path::Path,
    process::Command,
    sync::{Arc, Condvar, Mutex},
    time::Instant,
};

use alacritty_terminal::{
    event::VoidListener,
    grid::Dimensions,
    term::{Config, Term},
    vte::ansi::{Processor, StdSyncHandler},
};
use fleetdeck::console::term::{
    Screen, Size,
    paint::{Look, paint},
};
use portable_pty::{CommandBuilder, PtySize, native_pty_system};
use ratatui::{buffer::Buffer, layout::Rect};

const ROWS: u16 = 40;
const COLUMNS: u16 = 120;
const SCROLLBACK: usize = 10_000;
const SLICE: usize = 64 * 1024;
const ROUNDS: usize = 5;

struct Sized {
    rows: usize,
    columns: usize,
}

impl Dimensions for Sized {
    fn total_lines(&self) -> usize {
        self.rows
    }
    fn screen_lines(&self) -> usize {
        self.rows
    }
    fn columns(&self) -> usize {
        self.columns
    }
}

/// Numbers that look random, the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % n
    }
}

/// So many bytes of what a writer writes; it gets a counter and random numbers.
fn filled(bytes: usize, mut write: impl FnMut(&mut String, u64, &mut Dice)) -> Vec<u8> {
    let (mut text, mut dice) = (String::with_capacity(bytes + 8192), Dice(88_172_645_463_325_252));
    let mut n = 0;
    while text.len() < bytes {
        write(&mut text, n, &mut dice);
        n += 1;
    }
    text.into_bytes()
}

/// The inputs: what vtebench has, logs, and a text.
fn inputs(bytes: usize) -> Vec<(&'static str, Vec<u8>)> {
    let letter = |n: u64| char::from(b'A' + u8::try_from(n % 26).expect("below 26"));
    let full_screen = |text: &mut String, n: u64| {
        text.push_str("\x1b[H");
        for _ in 0..u32::from(ROWS) * u32::from(COLUMNS) {
            text.push(letter(n));
        }
    };
    let words = ["session", "started", "node", "i-0123456789abcdef0", "request", "took", "12ms", "ok", "retry", "the"];
    vec![
        (
            "dense cells",
            filled(bytes, |text, n, dice| {
                text.push_str("\x1b[H");
                for _ in 0..u32::from(ROWS) * u32::from(COLUMNS) {
                    let (fg, bg) = (dice.below(256), dice.below(256));
                    let _ = write!(text, "\x1b[38;5;{fg};48;5;{bg};1;3;4m{}", letter(n));
                }
            }),
        ),
        ("light cells", filled(bytes, |text, n, _| full_screen(text, n))),
        (
            "medium cells",
            filled(bytes, |text, n, dice| {
                let (row, column) = (1 + dice.below(u64::from(ROWS)), 1 + dice.below(u64::from(COLUMNS) - 20));
                let _ = write!(text, "\x1b[{row};{column}H\x1b[3{}mword {n}\x1b[0m and more", n % 8);
            }),
        ),
        (
            "cursor motion",
            filled(bytes, |text, n, dice| {
                let (row, column) = (1 + dice.below(u64::from(ROWS)), 1 + dice.below(u64::from(COLUMNS)));
                let _ = write!(text, "\x1b[{row};{column}H{}", letter(n));
            }),
        ),
        ("scrolling (y)", filled(bytes / 4, |text, _, _| text.push_str("y\r\n"))),
        (
            "scrolling full lines",
            filled(bytes, |text, n, _| {
                (0..COLUMNS).for_each(|_| text.push(letter(n)));
                text.push_str("\r\n");
            }),
        ),
        (
            "scrolling a region",
            filled(bytes / 4, |text, n, _| {
                if n == 0 {
                    text.push_str("\x1b[2;39r\x1b[39;1H");
                }
                text.push_str("y\r\n");
            }),
        ),
        (
            "unicode",
            filled(bytes, |text, n, dice| {
                if n % 4 == 0 {
                    text.push_str("\x1b[H");
                }
                for _ in 0..600 {
                    let base =
                        [0x4e00, 0x3b1, 0x430, 0x2500, 0xac00, 0xe0][usize::try_from(dice.below(6)).expect("below 6")];
                    text.extend(char::from_u32(base + u32::try_from(dice.below(30)).expect("below 30")));
                }
            }),
        ),
        (
            "unicode text",
            filled(bytes, |text, _, dice| {
                for _ in 0..dice.below(50) {
                    text.extend(char::from_u32(0x4e00 + u32::try_from(dice.below(3000)).expect("below 3000")));
                }
                text.push_str("\r\n");
            }),
        ),
        (
            "cat of a text",
            filled(bytes, |text, n, dice| {
                for _ in 0..dice.below(14) {
                    text.push_str(words[usize::try_from(dice.below(10)).expect("below 10")]);
                    text.push(' ');
                }
                let _ = write!(text, "{n}\r\n");
            }),
        ),
        (
            "logs in colour",
            filled(bytes, |text, n, dice| {
                let level = [("32", "INFO"), ("33", "WARN"), ("31;1", "ERROR")]
                    [usize::try_from(dice.below(3)).expect("below 3")];
                let _ = write!(
                    text,
                    "\x1b[2m2026-01-01T00:00:{:02}Z\x1b[0m \x1b[{}m{:5}\x1b[0m \x1b[1magent\x1b[0m: ",
                    n % 60,
                    level.0,
                    level.1
                );
                for _ in 0..dice.below(9) {
                    text.push_str(words[usize::try_from(dice.below(10)).expect("below 10")]);
                    text.push(' ');
                }
                let _ = write!(text, "\x1b[36mid\x1b[0m={n}\r\n");
            }),
        ),
    ]
}

/// Mebibytes in a second.
fn speed(bytes: usize, run: impl FnOnce()) -> f64 {
    let begun = Instant::now();
    run();
    bytes as f64 / begun.elapsed().as_secs_f64() / 1_048_576.0
}

fn ours(input: &[u8]) -> f64 {
    let mut screen = Screen::new(Size::new(ROWS, COLUMNS), SCROLLBACK);
    speed(input.len(), || {
        for slice in input.chunks(SLICE) {
            black_box(screen.feed(slice));
        }
    })
}

fn theirs(input: &[u8]) -> f64 {
    let size = Sized { rows: ROWS.into(), columns: COLUMNS.into() };
    let mut term = Term::new(Config { scrolling_history: SCROLLBACK, ..Config::default() }, &size, VoidListener);
    let mut parser: Processor<StdSyncHandler> = Processor::new();
    speed(input.len(), || {
        for slice in input.chunks(SLICE) {
            parser.advance(&mut term, slice);
        }
        black_box(&term);
    })
}

fn median(mut of: Vec<f64>) -> f64 {
    of.sort_by(f64::total_cmp);
    of[of.len() / 2]
}

/// Mebibytes this process has in memory.
fn resident() -> f64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages: f64 = statm.split(' ').nth(1).and_then(|pages| pages.parse().ok()).unwrap_or(0.0);
    pages * 4096.0 / 1_048_576.0
}

/// Seconds until a file was written to a pseudo-terminal and is on the pane's screen.
fn cat_into_pane(file: &Path) -> f64 {
    let size = PtySize { rows: ROWS, cols: COLUMNS, pixel_width: 0, pixel_height: 0 };
    let pair = native_pty_system().openpty(size).expect("a pseudo-terminal");
    let mut cat = CommandBuilder::new("cat");
    cat.arg(file);
    let begun = Instant::now();
    let mut child = pair.slave.spawn_command(cat).expect("cat");
    drop(pair.slave);
    let mut reader = pair.master.try_clone_reader().expect("a reader");
    // What came while the parser was busy is taken at once, as a session hands it over.
    let inbox = Arc::new((Mutex::new((Vec::<u8>::new(), false)), Condvar::new()));
    let filling = Arc::clone(&inbox);
    let thread = std::thread::spawn(move || {
        let mut buffer = vec![0; SLICE];
        loop {
            let count = reader.read(&mut buffer).unwrap_or(0);
            let mut inbox = filling.0.lock().expect("no panic");
            while inbox.0.len() > 4 * SLICE {
                inbox = filling.1.wait(inbox).expect("no panic");
            }
            inbox.0.extend_from_slice(&buffer[..count]);
            inbox.1 = count == 0;
            filling.1.notify_all();
            if count == 0 {
                return;
            }
        }
    });
    let mut screen = Screen::new(Size::new(ROWS, COLUMNS), SCROLLBACK);
    loop {
        let mut waiting = inbox.0.lock().expect("no panic");
        while waiting.0.is_empty() && !waiting.1 {
            waiting = inbox.1.wait(waiting).expect("no panic");
        }
        let (bytes, over) = (std::mem::take(&mut waiting.0), waiting.1);
        inbox.1.notify_all();
        drop(waiting);
        for slice in bytes.chunks(SLICE) {
            black_box(screen.feed(slice));
        }
        if over {
            break;
        }
    }
    let took = begun.elapsed().as_secs_f64();
    thread.join().expect("no panic");
    child.wait().expect("cat ends");
    assert!(screen.history() >= SCROLLBACK, "all of it came");
    took
}

/// The same into a tmux of its own; `None` without tmux.
fn cat_into_tmux(directory: &Path, file: &Path) -> Option<f64> {
    let tmux = |words: &[&str]| {
        let socket = directory.join("tmux");
        Command::new("tmux")
            .arg("-S")
            .arg(socket)
            .args(["-f", "/dev/null"])
            .args(words)
            .env_remove("TMUX")
            .status()
            .ok()
    };
    let (columns, rows) = (COLUMNS.to_string(), ROWS.to_string());
    tmux(&["new", "-d", "-x", &columns, "-y", &rows, "exec sleep 1000"])?;
    tmux(&["set", "-g", "history-limit", &SCROLLBACK.to_string()])?;
    let begun = Instant::now();
    tmux(&["new-window", &format!("cat {}; tmux -S {}/tmux wait-for -S done", file.display(), directory.display())])?;
    tmux(&["wait-for", "done"])?;
    let took = begun.elapsed().as_secs_f64();
    tmux(&["kill-server"])?;
    Some(took)
}

fn cat() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("text");
    let text = inputs(10_000_000).into_iter().find(|(name, _)| *name == "cat of a text").expect("there").1;
    let text = String::from_utf8(text).expect("a text").replace('\r', "");
    let mut written = std::fs::File::create(&file).expect("a file");
    for _ in 0..10 {
        written.write_all(text.as_bytes()).expect("room on the disk");
    }
    drop(written);
    println!("\ncat of 100 MB through a pseudo-terminal, seconds, median of 3");
    let runs: Vec<_> = (0..3).map(|_| (cat_into_pane(&file), cat_into_tmux(directory.path(), &file))).collect();
    let pane = median(runs.iter().map(|run| run.0).collect());
    match runs.iter().map(|run| run.1).collect::<Option<Vec<_>>>().map(median) {
        Some(tmux) => println!("pane {pane:.2}, tmux {tmux:.2}, ratio {:.2}", tmux / pane),
        None => println!("pane {pane:.2}, no tmux here"),
    }
}

fn main() {
    let mebibytes = std::env::args().filter_map(|word| word.parse::<usize>().ok()).next().unwrap_or(8);
    println!("{:22} {:>10} {:>10} {:>7}", "MiB/s, medians", "fleetdeck", "alacritty", "ratio");
    let (mut product, mut count) = (1.0, 0);
    for (name, input) in inputs(mebibytes * 1_048_576) {
        let runs: Vec<_> = (0..ROUNDS).map(|_| (ours(&input), theirs(&input))).collect();
        let ours = median(runs.iter().map(|run| run.0).collect());
        let theirs = median(runs.iter().map(|run| run.1).collect());
        println!("{name:22} {ours:10.1} {theirs:10.1} {:7.2}", ours / theirs);
        product *= ours / theirs;
        count += 1;
    }
    println!("{:22} {:>10} {:>10} {:7.2}", "geometric mean", "", "", product.powf(1.0 / f64::from(count)));

    println!("\nframe at 200x60, microseconds, median of 300");
    for (name, input) in inputs(1_048_576) {
        let mut screen = Screen::new(Size::new(60, 200), SCROLLBACK);
        for slice in input.chunks(SLICE) {
            black_box(screen.feed(slice));
        }
        let area = Rect::new(0, 0, 200, 60);
        let (mut buffer, mut before) = (Buffer::empty(area), Buffer::empty(area));
        let mut frame = |screen: &Screen| {
            let begun = Instant::now();
            buffer.reset();
            paint(screen, area, &mut buffer, Look::default());
            black_box(before.diff(&buffer));
            let took = begun.elapsed().as_secs_f64() * 1e6;
            std::mem::swap(&mut buffer, &mut before);
            took
        };
        let live = median((0..300).map(|_| frame(&screen)).collect());
        screen.scroll_to(5_000);
        let back = median((0..300).map(|_| frame(&screen)).collect());
        println!("{name:22} {live:10.0}   scrolled back {back:6.0}");
    }

    println!("\nmemory of 100 screens with 10,000 lines of 120 columns, MiB each");
    let text = filled(SCROLLBACK * 122 + 10_000, |text, n, _| {
        let _ = write!(text, "{n:<118}.\r\n");
    });
    let before = resident();
    let screens: Vec<_> = (0..100)
        .map(|_| {
            let mut screen = Screen::new(Size::new(ROWS, COLUMNS), SCROLLBACK);
            for slice in text.chunks(SLICE) {
                black_box(screen.feed(slice));
            }
            screen
        })
        .collect();
    println!("{:.2} (lines kept: {})", (resident() - before) / 100.0, screens[0].history());
    drop(screens);
    cat();
}
