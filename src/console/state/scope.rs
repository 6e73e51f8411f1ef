//! What is looked at: choosing it, and what becomes of what is no longer looked at.

use super::{
    State,
    compliance::Level,
    feed::Feed,
    overlay::{Overlay, ScopeBox},
};
use crate::{
    config::{context::Contexts, place::Place, settings::Settings},
    console::{
        effect::{Effect, Source},
        origin::{Changed, Governed, NodeId, Origin},
        state::Pane,
        update::Trouble,
    },
};

impl State {
    /// Looks at these contexts, or profiles with regions, and at nothing else from now on. One that is not there is told, and
    /// everything stays as it was. Shells and forwards go on wherever they are.
    pub fn set_scope(&mut self, names: &[String], fx: &mut Vec<Effect>) {
        let places: Result<Vec<Place>, String> = names.iter().map(|name| self.catalogue.place(name)).collect();
        match places {
            Err(what) => self.advise(what, "See the list of what there is for its name."),
            Ok(places) if places.is_empty() => self.tell("Name at least one context."),
            Ok(places) => self.look_at(places, fx),
        }
    }

    /// What the settings say of places holds from now on, for what is looked at and for what will be.
    pub fn govern(&mut self, settings: &Settings) -> Governed {
        self.catalogue.take(settings);
        let governed = self.origins.govern(&self.catalogue);
        self.take_theme();
        if !governed.allowing.is_empty() {
            let names = self.labels(&governed.allowing);
            self.tell(format!("{names}: changes are made again, as the settings say."));
        }
        governed
    }

    /// The settings are not in order. What is looked at becomes as strict as what they say, until they are.
    pub fn doubt(&mut self, written: Settings, in_force: &Settings) -> Governed {
        let clipboard = self.clipboard_policy();
        self.catalogue.doubt(written, in_force);
        self.doubt_clipboard(clipboard);
        let governed = self.origins.govern(&self.catalogue);
        self.take_theme();
        if !governed.refusing.is_empty() {
            let names = self.labels(&governed.refusing);
            self.warn(format!("{names}: read-only until the settings are in order."));
        }
        governed
    }

    /// The contexts file is not in order. What is looked at becomes read-only where the file says so or cannot be read, until it is.
    pub fn doubt_contexts(&mut self, written: Contexts) -> Governed {
        self.catalogue.doubt_contexts(written);
        let governed = self.origins.govern(&self.catalogue);
        if !governed.refusing.is_empty() {
            let names = self.labels(&governed.refusing);
            self.warn(format!("{names}: read-only until the contexts are in order."));
        }
        governed
    }

    fn labels(&self, origins: &[Origin]) -> String {
        origins.iter().map(|origin| self.origins.label(*origin)).collect::<Vec<_>>().join(", ")
    }

    /// The user's contexts are these from now on. What is looked at stays as it is, but for what a context makes read-only now, and
    /// for what could not be looked at because its context was not in order.
    pub fn take_contexts(&mut self, contexts: Contexts, fx: &mut Vec<Effect>) -> Changed {
        let before = self.catalogue.take_contexts(contexts);
        let mut changed = self.origins.take_contexts(&before, &self.catalogue.contexts);
        for origin in &changed.refusing {
            let name = self.origins.label(*origin).to_owned();
            self.catalogue.tighten(&name);
            self.tell(format!("{name} is read-only from now on: its context says so."));
        }
        if !changed.later.is_empty() {
            let names = changed.later.join(", ");
            self.advise(
                format!("What the contexts file says of {names} has changed: that counts from the next start."),
                "What is looked at stays as it was begun.",
            );
        }
        changed.allowing = self.origins.govern(&self.catalogue).allowing;
        if !changed.allowing.is_empty() {
            let names = self.labels(&changed.allowing);
            self.tell(format!("{names}: changes are made again: the contexts are in order."));
        }
        for origin in self.origins.broken() {
            self.mend(origin, &before, fx);
        }
        self.take_theme();
        changed
    }

    /// Goes on with what was meant by a place whose context was not in order, if there is that now.
    fn mend(&mut self, origin: Origin, before: &Contexts, fx: &mut Vec<Effect>) {
        let Some(broken) = self.origins.get(origin).map(|known| known.place.clone()) else { return };
        let was_context = before.context.contains_key(&broken.name);
        let Some(place) = self.catalogue.mend(&broken, was_context) else {
            let what = match broken.context.stands_for_default {
                true => "the contexts file names no default that is there".to_owned(),
                false => format!("there is no context {} any more", broken.name),
            };
            self.advise(format!("{what}: nothing else is looked at instead."), "Choose with @ what to look at.");
            if let Some(known) = self.origins.get_mut(origin) {
                known.place.context.broken = Some(what);
            }
            return;
        };
        if place.name != broken.name {
            self.tell(format!("{} is {} now.", broken.name, place.name));
        }
        self.origins.mend(origin, place);
        self.on_each_side(Self::label_fleet);
        if self.origins.everywhere().contains(&origin) && self.origins.begin(origin) {
            self.connect_to(origin, fx);
        }
    }

    /// The user's own theme is another one.
    pub fn set_theme(&mut self, name: &str) {
        name.clone_into(self.own_theme.as_mut().unwrap_or(&mut self.theme));
    }

    /// Shows the theme of the first place that has one of its own, else the user's.
    pub(super) fn take_theme(&mut self) {
        let of_place = self.origins.known().find_map(|(_, known)| known.place.theme.clone());
        // Whoever chose another one since then has chosen it.
        if self.theme_of_place == of_place {
            return;
        }
        self.theme_of_place.clone_from(&of_place);
        match (of_place, self.own_theme.take()) {
            (Some(theme), own) => {
                let shown = std::mem::replace(&mut self.theme, theme);
                self.own_theme = Some(own.unwrap_or(shown));
            }
            (None, Some(own)) => self.theme = own,
            (None, None) => {}
        }
    }

    /// Opens the box in which is chosen what is looked at.
    pub(super) fn open_scope(&mut self) {
        let looked_at: Vec<String> = self.origins.known().map(|(_, known)| known.place.name.clone()).collect();
        let others = self.catalogue.names().into_iter().filter(|name| !looked_at.contains(name));
        let names = looked_at.iter().cloned().map(|name| (name, true)).chain(others.map(|name| (name, false)));
        let mut names: Vec<(String, bool)> = names.collect();
        let usual = Some(names.len());
        let further = self.catalogue.further_names().into_iter();
        names.extend(further.filter(|name| !looked_at.contains(name)).map(|name| (name, false)));
        self.overlays.push(Overlay::Scope(ScopeBox { names, usual, ..ScopeBox::default() }));
    }

    fn look_at(&mut self, places: Vec<Place>, fx: &mut Vec<Effect>) {
        let before = self.origins.everywhere();
        let fresh = self.origins.look_at(places);
        let scope = self.origins.scope().to_vec();
        self.look_among();
        self.leave_origins(&before, fx);
        self.take_theme();
        self.take_columns();
        for origin in fresh {
            self.connect_to(origin, fx);
        }
        self.tell(match &scope[..] {
            [one] => format!("Looking at {}.", self.origins.label(*one)),
            several => format!("Looking at {} places.", several.len()),
        });
        self.refresh_due(fx);
    }

    /// Forgets what is of origins that no side of the screen looks at any more, and what this side does not.
    pub(super) fn leave_origins(&mut self, before: &[Origin], fx: &mut Vec<Effect>) {
        let all = self.origins.everywhere();
        fx.extend(before.iter().filter(|origin| !all.contains(origin)).map(|origin| Effect::Leave(*origin)));
        self.fleet.keep_origins(&all);
        self.on_each_side(Self::label_fleet);
        self.tags_asked.retain(|id| self.fleet.node(id).is_some());
        self.commands.keep_origins(&all);
        self.sessions.keep_origins(&all);
        self.compliance.keep_origins(&all);
        self.preferences_feed.keep(&all);
        let scope = self.origins.scope();
        let is_gone = |node: &NodeId| self.fleet.node(node).is_none() || !scope.contains(&node.origin);
        let gone = match &self.compliance.level {
            Level::Patches { node, .. } => is_gone(node),
            _ => false,
        };
        if self.origins.among().is_some() {
            self.node_view.take_if(|view| is_gone(&view.node));
            self.compare.take_if(|compare| compare.nodes.iter().any(&is_gone));
        }
        if is_gone(&self.node_commands.node) {
            self.node_commands = super::NodeCommands::default();
        }
        if gone {
            self.compliance.back();
        }
        if !self.origins.has(self.parameters.origin) {
            self.look_at_parameters(self.origins.first());
        }
        if !self.origins.has(self.documents.origin) {
            self.documents = super::Documents { origin: self.origins.first(), ..Default::default() };
        }
    }

    /// Says in the fleet what the origins are called.
    pub(super) fn label_fleet(&mut self) {
        self.fleet.label(self.origins.are_several(), |origin| self.origins.row_label(origin));
    }

    /// Wants a client for an origin.
    fn connect_to(&mut self, origin: Origin, fx: &mut Vec<Effect>) {
        if let Some(known) = self.origins.get(origin) {
            fx.push(Effect::Connect { origin, place: Box::new(known.place.clone()) });
        }
    }

    /// Wants a client for every origin that is looked at.
    pub fn connect(&mut self, fx: &mut Vec<Effect>) {
        for origin in self.origins.everywhere() {
            self.connect_to(origin, fx);
        }
    }

    /// Tries once more to reach the origins that could not be reached.
    pub(super) fn reconnect(&mut self, fx: &mut Vec<Effect>) {
        for origin in self.origins.scope().to_vec() {
            if self.origins.begin(origin) {
                self.connect_to(origin, fx);
            }
        }
    }

    /// Shows the parameters of the next origin.
    pub(super) fn next_origin(&mut self, fx: &mut Vec<Effect>) {
        let scope = self.origins.scope();
        let at = scope.iter().position(|origin| *origin == self.parameters.origin).map_or(0, |at| at + 1);
        let Some(next) = scope.get(at % scope.len().max(1)).copied() else { return };
        if next == self.parameters.origin {
            return self.tell("There is one origin only; choose more to look at.");
        }
        for source in [Source::Parameters, Source::Parameter, Source::ParameterTags, Source::Value, Source::History] {
            fx.push(Effect::Forget { source, side: self.split.side() });
        }
        self.look_at_parameters(next);
        self.refresh_due(fx);
    }

    /// The origins of which something does not come that the pane shows, and why. Where there is one origin only, its list
    /// says so itself.
    pub fn troubles(&self) -> Vec<(Origin, &Trouble)> {
        if !self.origins.are_several() {
            return Vec::new();
        }
        let feeds = match self.pane {
            Pane::Fleet => vec![&self.fleet.feed],
            Pane::Compliance => vec![&self.fleet.feed, &self.fleet.compliance, &self.fleet.summaries],
            Pane::Commands => vec![&self.commands.feed],
            Pane::Sessions => vec![&self.sessions.feed],
            Pane::Parameters | Pane::Shell | Pane::Forwards => Vec::new(),
        };
        let of = |origin: Origin| feeds.iter().find_map(|feed| feed.get(origin)?.trouble());
        let troubles =
            self.origins.known().filter_map(|(origin, known)| Some((origin, known.trouble().or_else(|| of(origin))?)));
        troubles.collect()
    }

    /// The state of what the shown list lists, where it is one.
    pub fn listed(&self) -> Option<Feed> {
        match self.pane {
            Pane::Fleet if self.node_view.is_some() || self.compare.is_some() => None,
            Pane::Fleet | Pane::Compliance => Some(self.fleet.feed.all()),
            Pane::Commands => match &self.commands.results {
                Some(results) => Some(results.feed.clone()),
                None => Some(self.commands.feed.all()),
            },
            Pane::Parameters => Some(self.parameters.feed.clone()),
            Pane::Sessions => Some(self.sessions.feed.all()),
            Pane::Shell | Pane::Forwards => None,
        }
    }

    /// The part of an origin in it, where several are looked at.
    pub fn listed_of(&self, origin: Origin) -> Option<&Feed> {
        match self.pane {
            Pane::Fleet | Pane::Compliance => self.fleet.feed.get(origin),
            Pane::Commands => self.commands.feed.get(origin),
            Pane::Sessions => self.sessions.feed.get(origin),
            Pane::Parameters | Pane::Shell | Pane::Forwards => None,
        }
    }

    /// Says that an origin is read-only, if it is.
    pub(super) fn protects(&mut self, origin: Origin) -> bool {
        let refuses = self.origins.is_read_only(origin);
        if refuses {
            self.warn(format!("Read-only: nothing is changed in {}.", self.origins.label(origin)));
        }
        refuses
    }
}
