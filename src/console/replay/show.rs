//! A record on the terminal: its screens as they came, with a line below that says where it is.

use std::{
    io::{BufRead, IsTerminal},
    time::{Duration, Instant},
};

use crossterm::event::{Event, KeyCode, KeyEventKind, KeyModifiers, poll, read};
use ratatui::{Frame, layout::Rect, style::Modifier, text::Line, widgets::Clear};

use super::{Options, Replay, clock};
use crate::console::{text, tty};

/// Nobody waits longer than this for the next screen.
const LONGEST_WAIT: Duration = Duration::from_secs(3);
/// The fastest and the slowest one may go.
const SPEEDS: (f64, f64) = (0.01, 1000.0);

/// Plays a record until it is left.
pub fn show<R: BufRead>(mut replay: Replay<R>, options: &Options) -> anyhow::Result<()> {
    let kind = std::env::var("TERM").ok();
    tty::check(std::io::stdout().is_terminal(), kind.as_deref())
        .map_err(|_| anyhow::anyhow!("there is no terminal to play the record on; --headless prints its screens"))?;
    let mut tty = tty::Tty::take(false)?;
    let speed = options.speed.clamp(SPEEDS.0, SPEEDS.1);
    let mut paused = options.step;
    let mut due = Instant::now();
    loop {
        let over = replay.next_at().is_none();
        tty.terminal.draw(|frame| draw(frame, &replay, paused, over, speed))?;
        let wait =
            if paused || over { Duration::from_secs(3600) } else { due.saturating_duration_since(Instant::now()) };
        if !poll(wait)? {
            if !paused && !over {
                replay.step();
                due = Instant::now() + pause(&replay, speed);
            }
            continue;
        }
        match read()? {
            Event::Key(key) if key.kind != KeyEventKind::Release => match key.code {
                KeyCode::Char('q') | KeyCode::Esc => return Ok(()),
                KeyCode::Char('c') if key.modifiers == KeyModifiers::CONTROL => return Ok(()),
                KeyCode::Char(' ') => (paused, due) = (!paused, Instant::now()),
                KeyCode::Char('n') | KeyCode::Right => {
                    paused = true;
                    replay.step_screen();
                }
                _ => {}
            },
            Event::Resize(..) => tty.clear()?,
            _ => {}
        }
    }
}

/// How long the screen stands before the next one.
fn pause<R: BufRead>(replay: &Replay<R>, speed: f64) -> Duration {
    let gap = replay.next_at().map_or(Duration::ZERO, |next| next.saturating_sub(replay.at()));
    gap.min(LONGEST_WAIT).div_f64(speed)
}

/// The screen of the record in the corner of this one, and below it where the record is.
fn draw<R: BufRead>(frame: &mut Frame<'_>, replay: &Replay<R>, paused: bool, over: bool, speed: f64) {
    let (area, screen) = (frame.area(), replay.screen());
    let buffer = frame.buffer_mut();
    let shown = area.intersection(screen.area);
    for position in shown.positions() {
        if let (Some(to), Some(from)) = (buffer.cell_mut(position), screen.cell(position)) {
            to.clone_from(from);
        }
    }
    if area.height == 0 {
        return;
    }
    let word = match (replay.broken(), over, paused) {
        (Some(broken), true, _) => broken.to_string(),
        (None, true, _) => "the end".to_owned(),
        (_, _, true) => "paused".to_owned(),
        (_, _, false) => format!("×{speed}"),
    };
    let keys = if over { "q leaves" } else { "space pauses · n next screen · q leaves" };
    let line = format!(" record {} · {word} · {keys}", clock(replay.at()));
    let below = screen.area.height.min(area.height - 1);
    let bar = Rect { y: below, height: 1, ..area };
    frame.render_widget(Clear, bar);
    let style = ratatui::style::Style::new().add_modifier(Modifier::REVERSED);
    frame.render_widget(Line::styled(text::fit(&line, bar.width.into()), style), bar);
}
