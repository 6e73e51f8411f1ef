//! The cost of a frame of the console with 10,000 nodes: drawn at rest, and drawn after a key.

use criterion::{Criterion, criterion_group, criterion_main};
use crossterm::event::KeyCode;
use fleetdeck::{
    config::theme::Theme,
    console::{
        action::Action,
        draw::{Look, draw},
        sample,
        state::Event,
    },
    ssm::Timestamp,
};
use ratatui::{Terminal, backend::TestBackend};

const NODES: usize = 10_000;

fn frame(c: &mut Criterion) {
    let now = Timestamp::from_millis(1_795_341_600_000);
    let look = Look { theme: Theme::shipped("dark"), ascii: false };
    for (width, height) in [(80, 24), (200, 60)] {
        let mut terminal = Terminal::new(TestBackend::new(width, height)).expect("a test backend cannot fail");
        let mut state = sample::fleet(NODES, now);
        // Drawing tells the state how many rows a page has; the loop hands that back after every frame.
        let mut seen = None;
        terminal.draw(|frame| seen = Some(draw(&mut state, &look, frame))).expect("a test backend cannot fail");
        state.seen(seen.expect("drawn"), &mut Vec::new());
        c.bench_function(&format!("frame of {NODES} nodes at {width}x{height}"), |b| {
            b.iter(|| terminal.draw(|frame| drop(draw(&mut state, &look, frame))).map(drop));
        });
        c.bench_function(&format!("key and frame of {NODES} nodes at {width}x{height}"), |b| {
            b.iter(|| {
                let mut fx = Vec::new();
                state.feed(Event::Key(KeyCode::Down.into()), now, &mut fx);
                state.settle(&mut fx);
                terminal.draw(|frame| drop(draw(&mut state, &look, frame))).map(drop)
            });
        });
        state.act(Action::Split, &mut Vec::new());
        state.settle(&mut Vec::new());
        c.bench_function(&format!("key and frame of {NODES} nodes on two sides at {width}x{height}"), |b| {
            b.iter(|| {
                let mut fx = Vec::new();
                state.feed(Event::Key(KeyCode::Down.into()), now, &mut fx);
                state.settle(&mut fx);
                terminal.draw(|frame| drop(draw(&mut state, &look, frame))).map(drop)
            });
        });
    }
}

criterion_group!(benches, frame);
criterion_main!(benches);
