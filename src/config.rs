//! What lives in the user's files: settings, key bindings, themes, contexts and where those files are.
//!
//! It reads text and answers values. It knows neither the network nor the console's state.

pub mod aws;
pub mod command;
pub mod context;
pub mod forward;
pub mod guard;
pub mod keymap;
pub mod paths;
pub mod place;
pub mod regions;
pub mod session;
pub mod settings;
pub mod theme;
pub mod view;
pub mod written;
