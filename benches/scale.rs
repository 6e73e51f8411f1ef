//! The console with 100,000 nodes: the cost of a frame, of a key, of a filter that is typed, of an order, of rows that
//! change, and the memory all of it takes. `cargo bench --bench scale` prints p50 and p99 of each; a number of nodes may
//! follow `--`.

use std::time::{Duration, Instant};

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use fleetdeck::{
    config::theme::Theme,
    console::{
        action::Action,
        draw::{Look, draw},
        effect::{Effect, Source},
        sample,
        state::{Event, State, fleet::Column},
        update::{Page, Update},
    },
    ssm::{PingStatus, Timestamp},
};
use ratatui::{Terminal, backend::TestBackend};

const NODES: usize = 100_000;
/// Rows that change in a refresh.
const CHANGED: usize = 10_000;
/// Nodes in one page.
const PAGE: usize = 50;
/// How long the loop takes updates before a key has its turn.
const DRAIN: Duration = Duration::from_millis(4);
const ROUNDS: usize = 200;
/// Filters that are typed letter by letter.
const TYPED: [&str; 5] = ["web7", "api-12 !99", "ping:lost db", "tag:Env=prod cache", "agent>=3.3 10.0.1"];

struct Console {
    state: State,
    terminal: Terminal<TestBackend>,
    look: Look,
    now: Timestamp,
}

impl Console {
    fn new(count: usize, width: u16, height: u16) -> Self {
        let now = Timestamp::from_millis(1_795_341_600_000);
        let terminal = Terminal::new(TestBackend::new(width, height)).expect("a test backend cannot fail");
        let look = Look { theme: Theme::shipped("dark"), ascii: false };
        let mut console = Self { state: sample::fleet(count, now), terminal, look, now };
        console.frame();
        console.frame();
        console
    }

    fn frame(&mut self) {
        let mut seen = None;
        let (state, look) = (&mut self.state, &self.look);
        self.terminal.draw(|frame| seen = Some(draw(state, look, frame))).expect("a test backend cannot fail");
        self.state.seen(seen.expect("drawn"), &mut Vec::new());
    }

    /// A key and the frame after it; what was wanted beside the loop.
    fn key(&mut self, key: KeyEvent) -> (Duration, Vec<Effect>) {
        let began = Instant::now();
        let mut fx = Vec::new();
        self.state.feed(Event::Key(key), self.now, &mut fx);
        self.frame();
        (began.elapsed(), fx)
    }

    /// Works out what was wanted beside the loop. The time beside the loop, and that inside it until the frame is drawn.
    fn arrange(&mut self, fx: Vec<Effect>) -> Option<(Duration, Duration)> {
        let job = fx.into_iter().find_map(|effect| match effect {
            Effect::Arrange(job) => Some(job),
            _ => None,
        })?;
        let began = Instant::now();
        let answer = Update::Arranged(Box::new(job.run()));
        drop(job);
        let beside = began.elapsed();
        let began = Instant::now();
        let mut fx = Vec::new();
        self.state.apply(answer, self.now, &mut fx);
        self.state.settle(&mut fx);
        self.frame();
        let inside = began.elapsed();
        self.state.arrange(fx);
        Some((beside, inside))
    }

    fn press(&mut self, code: KeyCode) -> Duration {
        let (took, fx) = self.key(KeyEvent::new(code, KeyModifiers::NONE));
        self.state.arrange(fx);
        took
    }
}

fn main() {
    let count = std::env::args().skip(1).find_map(|arg| arg.parse().ok()).unwrap_or(NODES);
    let before = resident();
    let began = Instant::now();
    let mut console = Console::new(count, 200, 60);
    println!(
        "{count} nodes loaded in {:.0?}; {} resident, {} before",
        began.elapsed(),
        megabytes(resident()),
        megabytes(before)
    );
    rest(&mut console);
    typing(&mut console);
    sorting(&mut console);
    refreshing(&mut console, count);
    complying(&mut console);
    println!("{} resident at the end", megabytes(resident()));
}

fn rest(console: &mut Console) {
    let mut frames = Vec::new();
    let mut keys = Vec::new();
    for round in 0..ROUNDS {
        let began = Instant::now();
        console.frame();
        frames.push(began.elapsed());
        keys.push(console.press(if round % 40 == 39 { KeyCode::PageDown } else { KeyCode::Down }));
    }
    print("frame", &mut frames);
    print("key to frame", &mut keys);
}

fn typing(console: &mut Console) {
    let (mut keys, mut beside, mut landing) = (Vec::new(), Vec::new(), Vec::new());
    for text in TYPED.iter().cycle().take(TYPED.len() * 4) {
        console.press(KeyCode::Char('/'));
        for c in text.chars() {
            let (took, fx) = console.key(KeyEvent::from(KeyCode::Char(c)));
            keys.push(took);
            let (worked, landed) = console.arrange(fx).unwrap_or_default();
            beside.push(took + worked + landed);
            landing.push(landed);
        }
        console.press(KeyCode::Esc);
    }
    print("typing a filter: key to frame", &mut keys);
    print("typing a filter: its rows to frame", &mut landing);
    print("typing a filter: key to the rows it lets through", &mut beside);
}

fn sorting(console: &mut Console) {
    let (mut keys, mut landing, mut whole) = (Vec::new(), Vec::new(), Vec::new());
    for column in Column::all() {
        for reversed in [false, true, false] {
            let began = Instant::now();
            let mut fx = Vec::new();
            console.state.fleet.set_sort(vec![(column.clone(), reversed), (Column::Ping, false)]);
            console.state.settle(&mut fx);
            console.frame();
            let took = began.elapsed();
            let (worked, landed) = console.arrange(fx).unwrap_or_default();
            keys.push(took);
            landing.push(landed);
            whole.push(took + worked + landed);
        }
    }
    print("sorting by each column: key to frame", &mut keys);
    print("sorting by each column: its rows to frame", &mut landing);
    print("sorting by each column: key to the rows in order", &mut whole);
    console.state.fleet.set_sort(vec![(Column::Name, false)]);
    let mut fx = Vec::new();
    console.state.act(Action::CursorTop, &mut fx);
    console.state.settle(&mut fx);
    console.state.arrange(fx);
}

/// The nodes of compliance: a filter that is typed over all of them, letter by letter.
fn complying(console: &mut Console) {
    let (mut keys, mut beside, mut landing) = (Vec::new(), Vec::new(), Vec::new());
    for code in [KeyCode::Char('2'), KeyCode::Enter] {
        keys.push(console.press(code));
    }
    for text in ["web7", "api-12", "compliance:never db", "ping:lost cache"] {
        for code in std::iter::once('/').chain(text.chars()).map(KeyCode::Char).chain([KeyCode::Esc]) {
            let (took, fx) = console.key(KeyEvent::from(code));
            keys.push(took);
            for effect in fx {
                if let Effect::Count(job) = effect {
                    let began = Instant::now();
                    let answer = Update::Counted(Box::new(job.run()));
                    drop(job);
                    let worked = began.elapsed();
                    let began = Instant::now();
                    console.state.apply(answer, console.now, &mut Vec::new());
                    console.frame();
                    landing.push(began.elapsed());
                    beside.push(took + worked + began.elapsed());
                }
            }
        }
    }
    print("filtering compliance: key to frame", &mut keys);
    print("filtering compliance: its rows to frame", &mut landing);
    print("filtering compliance: key to the rows it lets through", &mut beside);
}

/// Refreshes in which every tenth node is another: how long the loop is kept from keys and frames, and what a key costs
/// meanwhile.
fn refreshing(console: &mut Console, count: usize) {
    let (mut batches, mut keys, mut landing) = (Vec::new(), Vec::new(), Vec::new());
    let mut fx = Vec::new();
    console.now = console.now.plus(Duration::from_secs(3_600));
    console.state.tick(console.now, &mut fx);
    let asked = fx.iter().find_map(|effect| match effect {
        Effect::Ask { query, epoch } if query.source() == Some(Source::Nodes) => Some(*epoch),
        _ => None,
    });
    let epoch = asked.expect("the fleet is asked for again after an hour");
    for round in 0..20 {
        console.now = console.now.plus(Duration::from_secs(1));
        let changed: Vec<_> = (0..count.min(CHANGED)).map(|n| n * (count / CHANGED).max(1)).collect();
        let mut pending = Vec::new();
        let pages: Vec<Vec<_>> =
            changed.chunks(PAGE).map(|page| page.iter().map(|n| other(*n, round, console.now)).collect()).collect();
        let mut pages = pages.into_iter().peekable();
        while pages.peek().is_some() {
            let began = Instant::now();
            let mut fx = Vec::new();
            while began.elapsed() < DRAIN
                && let Some(page) = pages.next()
            {
                let page = Page::Nodes(page);
                console.state.apply(Update::Page { source: Source::Nodes, epoch, page }, console.now, &mut fx);
            }
            console.state.settle(&mut fx);
            console.frame();
            batches.push(began.elapsed());
            let (took, more) = console.key(KeyEvent::from(KeyCode::Down));
            keys.push(took);
            pending.extend(fx.into_iter().chain(more));
        }
        let (_, landed) = console.arrange(pending).unwrap_or_default();
        landing.push(landed);
    }
    print("10,000 rows change: a batch of pages to frame", &mut batches);
    print("10,000 rows change: key to frame", &mut keys);
    print("10,000 rows change: their order to frame", &mut landing);
}

fn other(n: usize, round: usize, now: Timestamp) -> fleetdeck::ssm::InstanceInformation {
    let ping = if (n + round).is_multiple_of(2) { PingStatus::ConnectionLost } else { PingStatus::Online };
    fleetdeck::ssm::InstanceInformation {
        ping_status: Some(ping),
        agent_version: Some(format!("3.3.{round}.0")),
        ..sample::node(n, now)
    }
}

fn print(what: &str, times: &mut [Duration]) {
    times.sort();
    let at = |share: usize| {
        times.get((times.len() * share / 100).min(times.len().saturating_sub(1))).copied().unwrap_or_default()
    };
    let millis = |time: Duration| format!("{:.2} ms", time.as_secs_f64() * 1_000.0);
    println!("{what:<52} p50 {:>10}  p99 {:>10}  of {}", millis(at(50)), millis(at(99)), times.len());
}

fn megabytes(bytes: u64) -> String {
    format!("{} MB", bytes / 1_000_000)
}

/// Resident memory of this process in bytes, where the system tells.
fn resident() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages: u64 = statm.split(' ').nth(1).and_then(|pages| pages.parse().ok()).unwrap_or_default();
    pages * 4_096
}
