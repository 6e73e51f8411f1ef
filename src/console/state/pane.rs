//! The panes.

use serde::{Deserialize, Serialize};

use crate::console::action::Action;

/// The panes, in the order of their tabs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Pane {
    Fleet,
    Compliance,
    Commands,
    Parameters,
    Shell,
    Sessions,
    Forwards,
}

impl Pane {
    /// Every pane.
    pub const ALL: [Pane; 7] =
        [Self::Fleet, Self::Compliance, Self::Commands, Self::Parameters, Self::Shell, Self::Sessions, Self::Forwards];

    /// The pane of a name, in letters of any size.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|pane| pane.title().eq_ignore_ascii_case(name))
    }

    /// The action that goes there.
    pub fn action(self) -> Action {
        match self {
            Self::Fleet => Action::PaneFleet,
            Self::Compliance => Action::PaneCompliance,
            Self::Commands => Action::PaneCommands,
            Self::Parameters => Action::PaneParameters,
            Self::Shell => Action::PaneShell,
            Self::Sessions => Action::PaneSessions,
            Self::Forwards => Action::PaneForwards,
        }
    }

    /// Its name where there is little room.
    pub fn short(self) -> &'static str {
        match self {
            Self::Parameters => "Params",
            Self::Forwards => "Fwds",
            _ => self.title(),
        }
    }

    /// Its name where there is hardly any.
    pub fn shortest(self) -> &'static str {
        match self {
            Self::Fleet => "Fleet",
            Self::Compliance => "Compl",
            Self::Commands => "Cmds",
            Self::Parameters => "Param",
            Self::Shell => "Shell",
            Self::Sessions => "Sess",
            Self::Forwards => "Fwds",
        }
    }

    /// Its name.
    pub fn title(self) -> &'static str {
        match self {
            Self::Fleet => "Fleet",
            Self::Compliance => "Compliance",
            Self::Commands => "Commands",
            Self::Parameters => "Parameters",
            Self::Shell => "Shell",
            Self::Sessions => "Sessions",
            Self::Forwards => "Forwards",
        }
    }
}
