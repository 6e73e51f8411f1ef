//! The terminal a session is shown on: bytes in, cells and answers out. Knows nothing of networks.
//!
//! Bytes pass four stages. `scan` cuts the stream into text and control functions, whole ones, however the stream was
//! sliced. `front` keeps what the screen model lacks (character sets, insert and wrap modes, hidden text, focus mode) by
//! rewriting control functions, answers the questions programs ask, and lets nothing else than cells come of a session:
//! titles and clipboard writes leave as [`Event`]s. `core` is that model, the `vt100` crate, guarded against its panics.
//! [`Screen`] joins them; [`Terminal`] shares one between the task that feeds it and the painter.
//!
//! Only `core` names the model's types, so that it can be replaced, and its scrollback before it.

mod charset;
mod core;
mod events;
mod find;
mod front;
pub mod keys;
mod modes;
pub mod paint;
mod scan;
mod screen;
mod sequence;
mod shared;
#[cfg(test)]
mod tests;

pub use self::{
    core::{Size, is_guarded},
    events::{ClipboardPolicy, Event},
    find::Match,
    front::Colours,
    modes::{Modes, MouseEncoding, MouseMode},
    screen::Screen,
    shared::Terminal,
};
