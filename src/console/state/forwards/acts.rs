//! What actions do among the forwards, and what their tasks report.

use super::{Entry, Forward, Kept, Phase};
use crate::{
    config::forward::{Restart, parse_local, parse_port, tag_of},
    console::{
        action::Action,
        effect::Effect,
        origin::{Connection, Origin},
        state::{
            Pane, State,
            form::{Field, Form, Purpose, Value},
            node::{Node, natural},
            overlay::{Overlay, Question, Then},
        },
        text::clean,
        update::{Far, ForwardUpdate, Trouble},
    },
    ssm::PingStatus,
};

/// What became of a node's name.
enum Found {
    /// It is this id, there.
    Id(Origin, String),
    /// The fleet is not known yet.
    Later,
    /// It is none, and why.
    None(Trouble),
}

/// What is done when a session ends, in words.
const RESTART: [&str; 3] = ["when it worked before", "always", "never"];
/// Whether the port is tried, in words.
const PROBE: [&str; 2] = ["once, when it opens", "never"];
/// Whether a forward is kept, in words.
const KEEP: [&str; 3] = ["no", "start it with the console", "start it by hand"];

impl State {
    pub(in crate::console::state) fn act_forwards(&mut self, action: Action, fx: &mut Vec<Effect>) {
        let len = self.forwards.lens.len();
        if self.forwards.cursor.step(action, len) {
            return;
        }
        if let Some(set) = self.forwards.current_set().map(str::to_owned) {
            return self.act_set(&set, action, fx);
        }
        let current = self.forwards.current().cloned();
        match (action, current) {
            (Action::AddForward, _) => self.forward_form(None),
            (Action::EditForward, Some(forward)) if forward.kept == Kept::InSettings => {
                self.tell("This forward stands in settings.toml; change it there.");
            }
            (Action::EditForward, Some(forward)) => self.forward_form(Some(forward)),
            (Action::KeepForward, Some(forward)) => self.keep_forward(&forward, fx),
            (Action::Left, Some(forward)) => {
                if let Some(set) = &forward.entry.set {
                    self.forwards.fold(set, true);
                }
            }
            (Action::StartForward, Some(forward)) if forward.is_on() => self.stop_forward(forward.id, fx),
            (Action::StartForward | Action::Open, Some(forward)) => self.start_forward(forward.id, fx),
            (Action::RestartForward, Some(forward)) => {
                self.stop_forward(forward.id, fx);
                self.start_forward(forward.id, fx);
            }
            (Action::ProbeForward, Some(forward)) => self.probe_forward(&forward, fx),
            (Action::RemoveForward, Some(forward)) if forward.is_on() => {
                let through = match forward.connections {
                    0 => "No connection goes through it now.".to_owned(),
                    n => format!("{} through it will be cut.", crate::console::text::count(n, "open connection")),
                };
                let lines = vec![forward.name(), through];
                let question = Question::new("Remove this forward?", lines, Then::RemoveForwards(vec![forward.id]));
                self.pose(question);
            }
            (Action::RemoveForward, Some(forward)) => self.remove_forwards(&[forward.id], fx),
            (Action::OpenShell, Some(forward)) => {
                let found = match self.within(&forward.entry) {
                    Ok(within) => self.node_called(&forward.entry.node, forward.origin.or(within)),
                    Err(_) => Found::Later,
                };
                match found {
                    Found::Id(origin, node) => self.shell_at(Some((origin, node)), fx),
                    _ => self.shell_on(None, fx),
                }
            }
            (Action::Copy, Some(forward)) => self.copy(Some(forward.local()), fx),
            _ => {}
        }
    }

    /// Tries once more whether the port on the other side answers.
    fn probe_forward(&mut self, forward: &Forward, fx: &mut Vec<Effect>) {
        match forward.phase {
            Phase::Open if forward.single.is_some() => {
                self.tell(
                    "This agent connects with the first bytes of a connection; there is nothing to try without them.",
                );
            }
            Phase::Open => fx.push(Effect::ProbeForward { id: forward.id }),
            _ => self.tell("It is not open."),
        }
    }

    /// What an action does to a set: to all of its forwards.
    fn act_set(&mut self, set: &str, action: Action, fx: &mut Vec<Effect>) {
        let ids = self.forwards.of_set(set);
        let of_it = |state: &Self| -> Vec<Forward> {
            state.forwards.list.iter().filter(|forward| ids.contains(&forward.id)).cloned().collect()
        };
        match action {
            Action::Open => self.forwards.fold(set, !self.forwards.is_folded(set)),
            Action::Right => self.forwards.fold(set, false),
            Action::Left => self.forwards.fold(set, true),
            Action::StartForward if of_it(self).iter().any(Forward::is_on) => {
                ids.iter().for_each(|id| self.stop_forward(*id, fx));
            }
            Action::StartForward => ids.iter().for_each(|id| self.start_forward(*id, fx)),
            Action::RestartForward => {
                for id in &ids {
                    self.stop_forward(*id, fx);
                    self.start_forward(*id, fx);
                }
            }
            Action::ProbeForward => {
                let open =
                    of_it(self).into_iter().filter(|forward| forward.phase == Phase::Open && forward.single.is_none());
                fx.extend(open.map(|forward| Effect::ProbeForward { id: forward.id }));
            }
            Action::RemoveForward => {
                let names: Vec<_> = of_it(self).iter().map(Forward::name).collect();
                let open: usize = of_it(self).iter().map(|forward| forward.connections).sum();
                let mut lines = vec![names.join(", ")];
                if open > 0 {
                    lines.push(format!(
                        "{} through them will be cut.",
                        crate::console::text::count(open, "open connection")
                    ));
                }
                let title =
                    format!("Remove the {} of {}?", crate::console::text::count(ids.len(), "forward"), clean(set));
                let question = Question::new(&title, lines, Then::RemoveForwards(ids));
                self.pose(question);
            }
            Action::AddForward => self.forward_form(None),
            Action::EditForward | Action::KeepForward | Action::OpenShell | Action::Copy => {
                self.tell("This is a set; go to one of its forwards.");
            }
            _ => {}
        }
    }

    /// The form for a new forward, or for one that is there.
    fn forward_form(&mut self, of: Option<Forward>) {
        let entry = of.as_ref().map(|forward| &forward.entry);
        let text = |given: Option<&String>| given.cloned().unwrap_or_default();
        let here = self.fleet.current().map(|node| node.name.clone()).unwrap_or_default();
        let near = self.forwards.current().map_or(here, |forward| forward.entry.node.clone());
        let node = entry.map_or(near, |entry| entry.node.clone());
        // A new one is in a set only if that is said: it would be started and stopped with the others.
        let set = text(entry.and_then(|entry| entry.set.as_ref()));
        let sets = self.forwards.sets();
        let known = if sets.is_empty() { String::new() } else { format!("; there is {}", sets.join(", ")) };
        let set_hint = format!("started and stopped together; may stay empty{known}");
        let remote = entry.map(|entry| entry.remote.to_string()).unwrap_or_default();
        let local = entry.filter(|entry| entry.local.port() != 0).map(|entry| entry.local.to_string());
        let choice = |name: &str, label: &str, hint: &str, options: &[&str], at: usize| {
            let options = options.iter().map(|option| (*option).to_owned()).collect();
            Field::of(name, label, hint, Value::Choice { options, at })
        };
        let restart = match entry.map(|entry| entry.restart) {
            Some(Restart::Always) => 1,
            Some(Restart::Never) => 2,
            _ => 0,
        };
        let kept = match &of {
            Some(forward) if forward.kept == Kept::Here => {
                if forward.entry.start {
                    1
                } else {
                    2
                }
            }
            _ => 0,
        };
        let probe = usize::from(entry.is_some_and(|entry| !entry.probe));
        let fields = vec![
            Field::line("node", "Node", "its name or id; or tag:KEY=VALUE, any connected node with the tag", &node),
            Field::line("remote", "Port there", "the port on the node, or on the host behind it", &remote),
            Field::line(
                "host",
                "Host behind",
                "empty: the node itself; else a name or address that the node reaches",
                &text(entry.and_then(|entry| entry.host.as_ref())),
            ),
            Field::line(
                "local",
                "Port here",
                "empty: any free port; or a port, or 127.0.0.1:port",
                &local.unwrap_or_default(),
            ),
            Field::line(
                "name",
                "Name",
                "what the list shows; may stay empty",
                &text(entry.and_then(|entry| entry.name.as_ref())),
            ),
            Field::line("set", "Set", &set_hint, &set),
            choice("restart", "Begin again", "when its session ends", &RESTART, restart),
            choice(
                "probe",
                "Probe",
                "a connection that is made and closed, to know that the port answers",
                &PROBE,
                probe,
            ),
            choice("keep", "Keep", "in fleetdeck's own file, not in settings.toml", &KEEP, kept),
        ];
        let (title, id) = match &of {
            Some(forward) => ("Change this forward", Some(forward.id)),
            None => ("Forward a port", None),
        };
        let mut form = Form::new(title, Purpose::Forward(id), fields);
        if !node.is_empty() {
            form.focus_on("remote");
        }
        self.overlays.push(Overlay::Form(Box::new(form)));
    }

    /// Reads the form for a new forward; the field that is wrong, and why.
    pub(in crate::console::state) fn read_forward(
        &self,
        form: &Form,
        id: Option<u64>,
    ) -> Result<(Entry, Kept), (&'static str, String)> {
        let node = form.given("node").ok_or(("node", "name a node".to_owned()))?;
        // With its node it stays where it was; another node is one of those that are looked at.
        let was = self.forwards.list.iter().find(|forward| Some(forward.id) == id && forward.entry.node == node);
        let place = was.and_then(|forward| forward.entry.place.clone());
        let within = was.map_or(Ok(None), |forward| self.within(&forward.entry));
        if let Ok(within) = within
            && let Found::None(trouble) = self.node_called(&node, within)
        {
            return Err(("node", trouble.what));
        }
        let remote = parse_port(&form.answer("remote")).map_err(|problem| ("remote", problem))?;
        let host = form.given("host");
        if host.as_ref().is_some_and(|host| host.contains([' ', '/'])) {
            return Err(("host", "a host is a name or an address, without a port".to_owned()));
        }
        let local = parse_local(&form.answer("local")).map_err(|problem| ("local", problem))?;
        if let Some(other) = self.forwards.takes(local).filter(|other| Some(other.id) != id) {
            return Err(("local", format!("{} listens on {local} already", other.name())));
        }
        let at = |name: &str, options: &[&str]| {
            let answer = form.answer(name);
            options.iter().position(|option| *option == answer).unwrap_or(0)
        };
        let restart = [Restart::OnFailure, Restart::Always, Restart::Never][at("restart", &RESTART)];
        let (kept, start) = [(Kept::No, true), (Kept::Here, true), (Kept::Here, false)][at("keep", &KEEP)];
        let (name, set, probe) = (form.given("name"), form.given("set"), at("probe", &PROBE) == 0);
        Ok((Entry { name, set, node, place, host, remote, local, start, restart, probe }, kept))
    }

    /// Adds a forward and starts it.
    pub(in crate::console::state) fn add_forward(&mut self, entry: Entry, kept: Kept, fx: &mut Vec<Effect>) {
        let id = self.forwards.add(entry);
        if kept == Kept::Here
            && let Some(forward) = self.forwards.get_mut(id)
        {
            forward.kept = Kept::Here;
            self.place_forward(id);
            self.write_forwards(fx);
        }
        self.forwards.go_to(id, &self.origins);
        self.start_forward(id, fx);
    }

    /// Starts a forward, or lets it wait until its node is known.
    pub(in crate::console::state) fn start_forward(&mut self, id: u64, fx: &mut Vec<Effect>) {
        let Some(forward) =
            self.forwards.get_mut(id).filter(|forward| !forward.is_on() || forward.phase == Phase::Waiting)
        else {
            return;
        };
        let entry = forward.entry.clone();
        let within = self.within(&entry);
        let found = match within {
            // It is of another place: nothing is opened in this one, whatever is called the same here.
            Err(_) => Found::Later,
            Ok(None) if *self.origins.connection() != Connection::Ready => Found::Later,
            Ok(within) => self.node_called(&entry.node, within),
        };
        // A node may be known from the last time, while its origin is still being connected to.
        let found = match found {
            Found::Id(origin, _) if !self.origins.is_ready(origin) => Found::Later,
            found => found,
        };
        // Whoever wants it whatever happens wants it also where the node comes later.
        let found = match found {
            Found::None(_) if entry.restart == Restart::Always => Found::Later,
            found => found,
        };
        let read_only = match (&found, &within) {
            (Found::Id(origin, _), _) | (_, Ok(Some(origin))) => self.origins.is_read_only(*origin),
            (_, Ok(None)) => self.origins.are_read_only(),
            (_, Err(_)) => false,
        };
        if let (Found::None(trouble), true) = (&found, self.pane != Pane::Forwards) {
            // It was to start by itself, and nobody sees its row.
            let name = self.forwards.get_mut(id).map(|forward| forward.name()).unwrap_or_default();
            self.fail(Trouble { what: format!("Forward {name}: {}", trouble.what), ..trouble.clone() });
        }
        let Some(forward) = self.forwards.get_mut(id) else { return };
        (forward.listening, forward.opened, forward.connections) = (None, None, 0);
        (forward.accepted, forward.sent, forward.received, forward.note) = (0, 0, 0, None);
        (forward.far, forward.single) = (Far::Unknown, None);
        (forward.silent, forward.held) = (false, None);
        forward.phase = match found {
            _ if read_only => {
                Phase::Failed(Trouble::new("This origin is read-only; a forward would open a session.", None))
            }
            Found::Later => {
                forward.note = within.err().map(|place| format!("waits until {} is looked at", clean(place)));
                Phase::Waiting
            }
            Found::None(trouble) => Phase::Failed(trouble),
            Found::Id(origin, node) => {
                forward.origin = Some(origin);
                fx.push(Effect::StartForward { id, origin, node, entry });
                Phase::Connecting
            }
        };
        // Of one that was kept before it was known where its node is, it is known now.
        if forward.phase == Phase::Connecting && forward.kept == Kept::Here && forward.entry.place.is_none() {
            self.place_forward(id);
            self.write_forwards(fx);
        }
    }

    pub(super) fn stop_forward(&mut self, id: u64, fx: &mut Vec<Effect>) {
        if let Some(forward) = self.forwards.get_mut(id).filter(|forward| forward.is_on()) {
            if forward.phase != Phase::Waiting {
                fx.push(Effect::StopForward { id });
            }
            forward.phase = Phase::Stopped;
            (forward.listening, forward.opened, forward.connections) = (None, None, 0);
            // What was true of the other side while it was on.
            (forward.far, forward.note) = (Far::Unknown, None);
        }
    }

    /// Starts the forwards that wait for their nodes, where those are known now.
    pub(in crate::console::state) fn start_waiting_forwards(&mut self, fx: &mut Vec<Effect>) {
        let waiting = |forward: &&super::Forward| forward.phase == Phase::Waiting;
        let ids: Vec<u64> = self.forwards.list.iter().filter(waiting).map(|forward| forward.id).collect();
        for id in ids {
            self.start_forward(id, fx);
        }
    }

    /// The origin that the place of a forward is, if it has one.
    ///
    /// # Errors
    /// The name of the place, if nobody looks at it.
    fn within<'a>(&self, entry: &'a Entry) -> Result<Option<Origin>, &'a str> {
        match entry.place.as_deref() {
            Some(place) => self.origins.called(place).map(Some).ok_or(place),
            None => Ok(None),
        }
    }

    /// The origin that lists the node of a forward, where one does.
    pub(super) fn lists(&self, called: &str) -> Option<Origin> {
        match self.node_called(called, None) {
            Found::Id(origin, id) => self.fleet.node_in(origin, &id).map(|_| origin),
            _ => None,
        }
    }

    /// Whether all nodes are known that a forward may go through.
    fn are_listed(&self, within: Option<Origin>) -> bool {
        let origins = within.map_or_else(|| self.origins.everywhere(), |origin| vec![origin]);
        origins.into_iter().all(|origin| self.fleet.feed.is_known(origin))
    }

    /// A node by its id or by its name, among those of an origin if it is known which.
    fn node_called(&self, called: &str, within: Option<Origin>) -> Found {
        let is_there = |node: &Node| within.is_none_or(|origin| node.origin == origin);
        if let Some((key, value)) = tag_of(called) {
            return self.node_tagged(key, value, within);
        }
        let listed = self.fleet.nodes().iter().filter(|node| node.id == called && is_there(node));
        if let Some(node) = listed.min_by_key(|node| node.origin) {
            return Found::Id(node.origin, called.to_owned());
        }
        let mut named = self.fleet.nodes().iter().filter(|node| node.name == called && is_there(node));
        match (named.next(), named.count()) {
            (Some(node), 0) => Found::Id(node.origin, node.id.clone()),
            (Some(_), more) => Found::None(Trouble::new(
                format!("{} nodes are called {}.", more + 1, clean(called)),
                Some("Give the id of the one that is meant."),
            )),
            (None, _) if !self.are_listed(within) => Found::Later,
            // The service knows more nodes than this list may show.
            (None, _) if called.starts_with("mi-") || called.starts_with("i-") => match within {
                None if self.origins.are_several_anywhere() => Found::None(Trouble::new(
                    format!("{} is listed nowhere, and could be in several places.", clean(called)),
                    Some("Look at its place alone, or name that in the settings."),
                )),
                within => Found::Id(within.unwrap_or(self.origins.first()), called.to_owned()),
            },
            (None, _) => Found::None(Trouble::new(
                format!("No node is called {}.", clean(called)),
                Some("Look for it in the fleet; its id does as well."),
            )),
        }
    }

    /// A connected node with a tag: the first by name.
    fn node_tagged(&self, key: &str, value: &str, within: Option<Origin>) -> Found {
        let is_there = move |node: &Node| within.is_none_or(|origin| node.origin == origin);
        let online = || {
            let nodes = self.fleet.nodes().iter();
            nodes.filter(move |node| node.ping == PingStatus::Online && !node.remembered && is_there(node))
        };
        let has = |node: &Node| !node.wants_tags() && node.tag(key) == Some(value);
        let first = online().filter(|node| has(node)).min_by(|a, b| natural(&a.name, &b.name));
        let all_known = self.are_listed(within);
        match first {
            Some(node) => Found::Id(node.origin, node.id.clone()),
            None if !all_known || online().any(|node| node.wants_tags()) => Found::Later,
            None => Found::None(Trouble::new(
                format!("No connected node has the tag {}={}.", clean(key), clean(value)),
                Some("Start it again when one is; the fleet's filter tag:KEY=VALUE shows them."),
            )),
        }
    }

    /// A forward's task reports.
    pub(in crate::console::state) fn forward_update(&mut self, id: u64, update: ForwardUpdate) {
        let now = self.now;
        let update = match update {
            ForwardUpdate::Closed(trouble) => {
                let origin = self.forwards.get_mut(id).and_then(|forward| forward.origin);
                ForwardUpdate::Closed(self.advised(origin.unwrap_or(self.origins.first()), trouble))
            }
            update => update,
        };
        let Some(forward) = self.forwards.get_mut(id).filter(|forward| forward.is_on()) else { return };
        match update {
            ForwardUpdate::Listening(address) => forward.listening = Some(address),
            ForwardUpdate::Connecting => forward.phase = Phase::Connecting,
            ForwardUpdate::Open => {
                forward.phase = Phase::Open;
                forward.opened = forward.opened.or(Some(now));
            }
            ForwardUpdate::Far(far) => forward.far = far,
            ForwardUpdate::Silent(silent) => forward.silent = silent,
            ForwardUpdate::Held(held) => forward.held = held,
            ForwardUpdate::Single(agent) => forward.single = Some(agent),
            ForwardUpdate::Reconnecting { attempt } => forward.phase = Phase::Reconnecting { attempt },
            ForwardUpdate::Pausing { attempt, wait } => {
                forward.phase = Phase::Pausing { attempt, until: now.plus(wait) };
            }
            ForwardUpdate::Counts { connections, accepted, sent, received } => {
                (forward.connections, forward.accepted) = (connections, accepted);
                (forward.sent, forward.received) = (sent, received);
            }
            ForwardUpdate::Note(note) => forward.note = Some(note).filter(|note| !note.is_empty()),
            ForwardUpdate::Closed(trouble) => {
                let name = forward.name();
                (forward.listening, forward.connections) = (None, 0);
                forward.phase = Phase::Failed(trouble.clone());
                self.fail(Trouble { what: format!("Forward {name}: {}", trouble.what), ..trouble });
            }
        }
    }
}
