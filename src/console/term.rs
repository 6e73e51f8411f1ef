//! The terminal a session is shown on: bytes in, cells and answers out. Knows nothing of networks.
//!
//! Bytes pass four stages. `scan` cuts the stream into text and control functions, whole ones, however the stream was
//! sliced. `front` keeps what the screen model lacks (character sets, insert and wrap modes, tab stops, keyboard protocols)
//! by rewriting control functions, answers the questions programs ask, and lets nothing else than cells come of a session:
//! titles and clipboard writes leave as [`Event`]s. `core` is that model, the `vt100` crate, guarded against its panics.
//! `history` keeps the lines that scroll away. [`Screen`] joins them; [`Terminal`] shares one between the task that feeds
//! it and the painter; [`copy`] is how a user looks back, searches and selects; [`Transcript`] writes down what is shown.
//!
//! Only `core` and the modes of `front` name the model's types, so that it can be replaced.

mod charset;
pub mod copy;
mod core;
mod events;
mod extras;
mod find;
mod front;
mod history;
mod keyboard;
pub mod keys;
mod line;
mod modes;
pub mod paint;
mod scan;
mod screen;
mod sequence;
mod shared;
mod still;
mod style;
mod tabs;
#[cfg(test)]
mod tests;
mod transcript;

pub use self::{
    core::{Glyph, Size, is_guarded},
    events::{ClipboardPolicy, Event},
    find::{Match, Place},
    front::{Colours, OwnColours},
    line::Line,
    modes::{CursorShape, Modes, MouseEncoding, MouseMode},
    screen::Screen,
    shared::Terminal,
    style::{Colour, Link, Marks, Style},
    transcript::{Transcript, lines},
};
