//! How a split screen is left and taken up again.

use serde::{Deserialize, Serialize};

use super::{HALF, Split};
use crate::{
    config::view::View,
    console::{
        origin::Origin,
        state::{Pane, State, shells::layout::Axis},
    },
};

/// How the sides of the screen were left.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct LeftSplit {
    /// What the side that had the keys looked at, by the names of the places.
    pub scope: Vec<String>,
    /// The pane of the other side, by its title.
    pub pane: String,
    /// What that side looked at.
    pub other: Vec<String>,
    /// How it looked at the fleet.
    pub fleet: View,
    /// Whether details stood beside the fleet there.
    pub detail: bool,
    /// Whether all columns of it were shown.
    pub wide: bool,
    /// Whether the side that had the keys stood first.
    pub first: bool,
    /// How they lay, if the user said so: side by side?
    pub columns: Option<bool>,
    /// What the first side had of the room, in thousandths.
    pub share: u16,
}

impl State {
    /// How the sides are left now, if there are two.
    pub(in crate::console::state) fn left_split(&self) -> Option<LeftSplit> {
        let Split { other, first, axis, share, .. } = &self.split;
        let side = other.as_ref()?;
        let names = |scope: &[Origin]| scope.iter().map(|origin| self.origins.label(*origin).to_owned()).collect();
        // Shells are not begun by themselves: if they had the keys, the list beside them has those next time.
        let shells = self.pane == Pane::Shell;
        let fleet = if shells { &self.fleet } else { &side.fleet };
        let (here, there) = (names(self.origins.scope()), names(self.origins.beside()));
        let (scope, other) = if shells { (there, here) } else { (here, there) };
        Some(LeftSplit {
            scope,
            pane: if shells { self.pane } else { side.pane }.title().to_owned(),
            other,
            fleet: fleet.as_view(fleet.view.as_deref().unwrap_or_default()),
            detail: fleet.detail,
            wide: fleet.wide,
            first: *first != shells,
            columns: axis.map(|axis| axis == Axis::Columns),
            share: *share,
        })
    }

    /// The pane and the look at the fleet that the side shows which has the keys when the console is taken up again.
    pub(in crate::console::state) fn left_front(&self) -> (Pane, &super::Fleet) {
        match (self.pane, &self.split.other) {
            (Pane::Shell, Some(side)) => (side.pane, &side.fleet),
            (Pane::Shell, None) => (self.left_pane, &self.fleet),
            (pane, _) => (pane, &self.fleet),
        }
    }

    /// Splits the screen as it was left. Of what the sides looked at counts what is looked at now.
    pub(in crate::console::state) fn resume_split(&mut self, left: &LeftSplit) {
        let Some(pane) = Pane::ALL.into_iter().find(|pane| pane.title() == left.pane) else { return };
        if self.split.is_open() || pane == self.pane && pane == Pane::Shell {
            return;
        }
        let named = |names: &[String], state: &Self| -> Vec<Origin> {
            names.iter().filter_map(|name| state.origins.called(name)).collect()
        };
        let (scope, other) = (named(&left.scope, self), named(&left.other, self));
        // What is looked at now and was not then is looked at where the keys are.
        let missing = self.origins.scope().iter().any(|origin| !scope.contains(origin) && !other.contains(origin));
        let fx = &mut Vec::new();
        self.open_side(pane, fx);
        self.origins.narrow_to(&other);
        self.fleet.set_view(&left.fleet);
        (self.fleet.detail, self.fleet.wide) = (left.detail, left.wide);
        self.bring_over(fx);
        if !missing {
            self.origins.narrow_to(&scope);
        }
        self.split.first = left.first;
        self.split.axis = left.columns.map(|columns| if columns { Axis::Columns } else { Axis::Rows });
        self.split.share = if left.share == 0 { HALF } else { left.share };
        self.move_edge(self.split.share);
        self.look_among();
        self.on_each_side(|state| {
            state.look_at_parameters(state.origins.first());
            state.take_columns();
        });
        self.take_theme();
    }
}
