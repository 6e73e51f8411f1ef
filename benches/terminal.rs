//! How fast the terminal of the shell panes takes what programs write, beside alacritty's, in one run.
//!
//! `cargo bench --bench terminal [MEBIBYTES]`. For every input both get the same bytes in slices of 64 KiB, at 120x40 with
//! 10,000 lines of scrollback, in turns; medians and their ratio are printed. Ours includes translation, answers and
//! scrollback. Then the cost of a frame at 200x60, and the memory of a full scrollback.

use std::{fmt::Write as _, hint::black_box, time::Instant};

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
}
