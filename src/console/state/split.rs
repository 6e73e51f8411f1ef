//! Two sides of the screen. Each shows a pane, with a cursor, a filter, an order, marks, a scope and a way back of its own.
//!
//! The side that has the keys is in front: its things stand in [`State`], as they do while there is only one side. The other
//! one is put away as a `Side`, and comes to the front for as long as something happens to it: `State::turn` lets them
//! change places. What was fetched is there once and goes along to whichever side is in front; what is open apart from the
//! panes (shells, forwards, boxes, messages) belongs to neither.

use super::{
    NodeCommands, Pane, State,
    commands::Commands,
    compare::Compare,
    compliance::Compliance,
    fleet::Fleet,
    forwards::Forwards,
    node_view::NodeView,
    parameters::Parameters,
    places::Places,
    seen::{Area, Seen},
    sessions::Sessions,
    shells::layout::Axis,
};
use crate::{
    console::{
        action::Action,
        effect::{Effect, Epoch, Source},
        origin::Origin,
        update::Update,
    },
    ssm::Timestamp,
};

mod acts;
mod kept;

pub use kept::LeftSplit;

/// What the first side has of the room, in thousandths, before an edge is moved.
const HALF: u16 = 500;
/// The least and the most of it.
const SHARES: (u16, u16) = (100, 900);

/// How the screen is split.
#[derive(Debug)]
pub struct Split {
    /// The side that is not in front.
    other: Option<Box<Side>>,
    /// The number of the side in front.
    side: u32,
    /// Sides there were.
    opened: u32,
    /// Whether the side that is not in front was brought there for a moment.
    away: bool,
    /// Whether the last frame had room for both.
    visible: bool,
    /// Whether the side that has the keys stands first: at the left, or above.
    pub first: bool,
    /// How they lie, if the user said so; else it depends on the room.
    pub axis: Option<Axis>,
    /// What the first side has of the room, in thousandths.
    pub share: u16,
    /// Whether the mouse holds the edge between them.
    dragged: bool,
}

impl Default for Split {
    fn default() -> Self {
        Self {
            other: None,
            side: 0,
            opened: 0,
            away: false,
            visible: false,
            first: true,
            axis: None,
            share: HALF,
            dragged: false,
        }
    }
}

/// What the last frame showed of both sides.
#[derive(Clone, Debug)]
pub struct SeenSides {
    /// How they lie.
    pub axis: Axis,
    /// Both of them, and what lies between.
    pub area: Area,
    /// The side that has not the keys.
    pub other: Area,
    /// What stands there.
    pub seen: Seen,
}

/// A side that is not in front: what it has of its own.
#[derive(Debug)]
struct Side {
    id: u32,
    pane: Pane,
    left_pane: Pane,
    places: Places,
    fleet: Fleet,
    compare: Option<Compare>,
    node_view: Option<NodeView>,
    node_commands: NodeCommands,
    compliance: Compliance,
    commands: Commands,
    parameters: Parameters,
    sessions: Sessions,
    forwards: Forwards,
    next_refresh: Option<Timestamp>,
}

impl Split {
    /// The number of the side in front.
    pub fn side(&self) -> u32 {
        self.side
    }

    /// Whether there are two sides.
    pub fn is_open(&self) -> bool {
        self.other.is_some()
    }

    /// What the side shows that has not the keys.
    pub fn other_pane(&self) -> Option<Pane> {
        self.other.as_ref().map(|side| side.pane)
    }

    /// Whether the side in front is the one that has not the keys, there for a moment.
    pub fn is_away(&self) -> bool {
        self.away
    }

    /// The parameters that are looked at on the other side.
    pub(super) fn parameters_beside(&mut self) -> Option<&mut Parameters> {
        self.other.as_mut().map(|side| &mut side.parameters)
    }

    /// The results that are looked at on the other side.
    pub(super) fn other_results(&self) -> Option<(Pane, &Commands)> {
        self.other.as_ref().filter(|_| self.visible).map(|side| (side.pane, &side.commands))
    }

    /// When something is due for the side that is not in front.
    pub(super) fn deadline(&self, now: Timestamp) -> Option<Timestamp> {
        let side = self.other.as_ref().filter(|_| self.visible)?;
        let details = side.parameters.rests_at().filter(|_| side.pane == Pane::Parameters);
        let looks = side.node_view.as_ref().filter(|_| side.pane == Pane::Fleet).and_then(|view| view.looks_due(now));
        [side.next_refresh, side.fleet.deadline(), details, looks].into_iter().flatten().min()
    }
}

/// The side an update is for, if it is for one of them alone.
fn side_of(update: &Update) -> Option<u32> {
    let of = |source: &Source, epoch: &Epoch| source.is_of_side().then_some(epoch.side);
    match update {
        Update::Page { source, epoch, .. } | Update::End { source, epoch, .. } => of(source, epoch),
        Update::Arranged(answer) => Some(answer.side),
        _ => None,
    }
}

impl State {
    /// Lets the sides change places. What was fetched comes along.
    pub(in crate::console) fn turn(&mut self) {
        let Some(side) = self.split.other.as_deref_mut() else { return };
        std::mem::swap(&mut self.split.side, &mut side.id);
        std::mem::swap(&mut self.pane, &mut side.pane);
        std::mem::swap(&mut self.left_pane, &mut side.left_pane);
        std::mem::swap(&mut self.places, &mut side.places);
        std::mem::swap(&mut self.compare, &mut side.compare);
        std::mem::swap(&mut self.node_view, &mut side.node_view);
        std::mem::swap(&mut self.node_commands, &mut side.node_commands);
        std::mem::swap(&mut self.next_refresh, &mut side.next_refresh);
        self.fleet.turn(&mut side.fleet);
        self.parameters.turn(&mut side.parameters);
        self.compliance.turn(&mut side.compliance);
        self.commands.turn(&mut side.commands);
        self.sessions.turn(&mut side.sessions);
        self.forwards.turn(&mut side.forwards);
        self.origins.turn();
        self.split.away = !self.split.away;
    }

    /// Does something on each side: first where the keys are.
    pub(super) fn on_each_side(&mut self, mut what: impl FnMut(&mut Self)) {
        what(self);
        self.on_other_side(what);
    }

    /// Does something on the side that is not in front, if there is one.
    pub(super) fn on_other_side(&mut self, what: impl FnOnce(&mut Self)) {
        if self.split.is_open() {
            self.turn();
            what(self);
            self.turn();
        }
    }

    /// Does something on the side that is not in front while it is seen.
    pub(super) fn on_other_shown(&mut self, what: impl FnOnce(&mut Self)) {
        if self.split.visible {
            self.on_other_side(what);
        }
    }

    /// Whether a pane is on the screen.
    pub fn shows(&self, pane: Pane) -> bool {
        self.pane == pane || self.split.visible && self.split.other_pane() == Some(pane)
    }

    /// Whether a shell is on the screen.
    pub fn shows_shells(&self) -> bool {
        self.shows(Pane::Shell) && !self.shells.tabs.is_empty()
    }

    /// Whether the side that is not in front shows a pane, whether there is room for it or not.
    pub(super) fn shows_beside(&self, pane: Pane) -> bool {
        self.split.other_pane() == Some(pane)
    }

    /// Whether there is room for both sides, and there are two.
    pub fn shows_both(&self) -> bool {
        self.split.visible
    }

    /// Whether what the side in front shows is on the screen.
    pub(super) fn is_side_shown(&self) -> bool {
        !self.split.away || self.split.visible
    }

    /// Takes an update to the side it is for. What is for a side that is closed is dropped.
    pub(super) fn apply_to_side(&mut self, update: Update, fx: &mut Vec<Effect>) {
        let here = match (side_of(&update), &update) {
            (Some(side), _) if side == self.split.side => true,
            (Some(side), _) if self.split.other.as_ref().is_some_and(|other| other.id == side) => false,
            (Some(_), _) => return,
            (None, Update::Look { id, .. }) => {
                let looks = |view: &NodeView| view.runs(*id);
                let other = self.split.other.as_ref().and_then(|side| side.node_view.as_ref());
                self.node_view.as_ref().is_some_and(looks) || !other.is_some_and(looks)
            }
            (None, Update::Folded { command, number, .. }) => {
                let folds = |commands: &Commands| {
                    let results = commands.results.as_ref().filter(|results| results.id == *command);
                    results.and_then(super::commands::Results::folding) == Some(*number)
                };
                let other = self.split.other.as_ref();
                folds(&self.commands) || !other.is_some_and(|side| folds(&side.commands))
            }
            (
                None,
                Update::Page { source: Source::Parameters, epoch, .. }
                | Update::End { source: Source::Parameters, epoch, .. },
            ) => {
                let waits = |parameters: &Parameters| parameters.feed.is_current_of(*epoch);
                waits(&self.parameters) || !self.split.other.as_ref().is_some_and(|side| waits(&side.parameters))
            }
            (None, Update::Counted(counted)) => {
                let other = self.split.other.as_ref();
                self.compliance.waits_for(counted) || !other.is_some_and(|side| side.compliance.waits_for(counted))
            }
            (None, _) => true,
        };
        match here {
            true => self.take_update(update, fx),
            false => self.on_other_side(|state| state.take_update(update, fx)),
        }
    }

    /// Opens the other side on a pane; it looks at what this side looks at, and gets the keys.
    fn open_side(&mut self, pane: Pane, fx: &mut Vec<Effect>) {
        self.leave_side();
        self.split.opened += 1;
        let id = self.split.opened;
        let mut parameters = Parameters::default();
        parameters.look_at(self.parameters.origin);
        self.split.other = Some(Box::new(Side {
            id,
            pane,
            left_pane: if self.pane == Pane::Shell { self.left_pane } else { self.pane },
            places: Places::default(),
            fleet: self.fleet.beside(id),
            compare: None,
            node_view: None,
            node_commands: NodeCommands::default(),
            compliance: self.compliance.beside(),
            commands: self.commands.beside(),
            parameters,
            sessions: self.sessions.beside(),
            forwards: self.forwards.beside(),
            next_refresh: None,
        }));
        self.origins.split();
        self.split.visible = true;
        self.look_among();
        self.bring_over(fx);
    }

    /// Closes the side that has not the keys.
    fn close_side(&mut self, fx: &mut Vec<Effect>) {
        let before = self.origins.everywhere();
        let Some(mut side) = self.split.other.take() else { return };
        // What is revealed is wiped, and not only dropped.
        side.parameters.look_at(Origin::default());
        fx.push(Effect::LeaveSide(side.id));
        (self.split.visible, self.split.dragged) = (false, false);
        self.origins.unsplit();
        self.fleet.alone();
        self.look_among();
        self.leave_origins(&before, fx);
        self.refresh_due(fx);
    }

    /// What is only shown while one looks at it is shown no more.
    fn leave_side(&mut self) {
        self.parameters.hide();
        (self.prefixed, self.sticky) = (false, None);
        self.typed.clear();
        self.shells.full_screen = false;
    }

    /// The keys go to the other side.
    fn bring_over(&mut self, fx: &mut Vec<Effect>) {
        self.leave_side();
        self.turn();
        self.split.away = false;
        self.split.first = !self.split.first;
        if self.pane == Pane::Shell {
            self.shells.look();
        }
        self.take_theme();
        self.refresh_due(fx);
    }

    /// The keys go to the other side, if it shows the shells: they are in one place only.
    pub(super) fn goes_to_shells(&mut self, fx: &mut Vec<Effect>) -> bool {
        let there = !self.split.away && self.pane != Pane::Shell && self.split.other_pane() == Some(Pane::Shell);
        if there {
            self.bring_over(fx);
        }
        there
    }

    /// Says on both sides which origins each of them looks at.
    pub(super) fn look_among(&mut self) {
        self.on_each_side(|state| {
            let among = state.origins.among();
            state.fleet.look_at(among);
            state.compliance.look_among(among);
            state.commands.look_among(among);
            state.sessions.look_among(among);
            state.label_fleet();
        });
    }

    /// A frame was drawn: what it showed of the other side.
    pub(super) fn seen_sides(&mut self, seen: &Seen, fx: &mut Vec<Effect>) {
        let sides = seen.sides.as_deref().filter(|_| self.split.is_open());
        let was = std::mem::replace(&mut self.split.visible, sides.is_some());
        if let Some(sides) = sides {
            self.on_other_side(|state| {
                state.fit_windows(&sides.seen.windows);
                state.fit_texts(&sides.seen.texts);
                state.want_tags(fx);
                if !was {
                    state.settle_side(fx);
                }
            });
            self.dirty |= !was;
        }
    }

    /// Moves the edge between the sides by so many thousandths, or to so many.
    fn move_edge(&mut self, share: u16) {
        self.split.share = share.clamp(SHARES.0, SHARES.1);
    }

    /// The actions that are about the sides. `false` if it is none of them.
    pub(super) fn act_split(&mut self, action: Action, fx: &mut Vec<Effect>) -> bool {
        match action {
            Action::Split => self.toggle_split(fx),
            Action::OnlySide => self.only_side(fx),
            Action::OtherSide => self.go_over(fx),
            Action::SwapSides | Action::TurnSplit | Action::SplitEdgeBack | Action::SplitEdgeForth => {
                if !self.split.is_open() {
                    self.tell_unsplit();
                    return true;
                }
                self.arrange_sides(action);
            }
            _ => return false,
        }
        true
    }
}
