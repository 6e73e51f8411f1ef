//! What actions do among the forwards, and what their tasks report.

use super::{Entry, Phase};
use crate::{
    config::forward::{Restart, parse_local, parse_port},
    console::{
        action::Action,
        effect::Effect,
        origin::{Connection, Origin},
        state::{
            Pane, State,
            form::{Field, Form, Purpose},
            overlay::{Overlay, Question, Then},
        },
        text::clean,
        update::{Far, ForwardUpdate, Trouble},
    },
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

impl State {
    pub(in crate::console::state) fn act_forwards(&mut self, action: Action, fx: &mut Vec<Effect>) {
        let len = self.forwards.lens.len();
        if self.forwards.cursor.step(action, len) {
            return;
        }
        let current = self.forwards.current().cloned();
        match (action, current) {
            (Action::AddForward, _) => self.forward_form(),
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
                let question = Question::new("Remove this forward?", lines, Then::RemoveForward(forward.id));
                self.overlays.push(Overlay::Question(Box::new(question)));
            }
            (Action::RemoveForward, Some(forward)) => self.remove_forward(forward.id, fx),
            (Action::OpenShell, Some(forward)) => match self.node_called(&forward.entry.node) {
                Found::Id(origin, node) => self.shell_at(Some((origin, node)), fx),
                _ => self.shell_on(None, fx),
            },
            (Action::Copy, Some(forward)) => self.copy(Some(forward.local()), fx),
            _ => {}
        }
    }

    /// Tries once more whether the port on the other side answers.
    fn probe_forward(&mut self, forward: &super::Forward, fx: &mut Vec<Effect>) {
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

    pub(in crate::console::state) fn remove_forward(&mut self, id: u64, fx: &mut Vec<Effect>) {
        self.stop_forward(id, fx);
        self.forwards.outdate();
        self.forwards.list.retain(|forward| forward.id != id);
    }

    fn forward_form(&mut self) {
        let node = self.fleet.current().map(|node| node.name.clone()).unwrap_or_default();
        let node = self.forwards.current().map_or(node, |forward| forward.entry.node.clone());
        let fields = vec![
            Field::line("node", "Node", "its name or id", &node),
            Field::line("remote", "Port there", "the port on the node, or on the host behind it", ""),
            Field::line(
                "host",
                "Host behind",
                "empty: the node itself; else a name or address that the node reaches",
                "",
            ),
            Field::line("local", "Port here", "empty: any free port; or a port, or 127.0.0.1:port", ""),
            Field::line("name", "Name", "what the list shows; may stay empty", ""),
        ];
        let mut form = Form::new("Forward a port", Purpose::Forward, fields);
        if !node.is_empty() {
            form.focus_on("remote");
        }
        self.overlays.push(Overlay::Form(Box::new(form)));
    }

    /// Reads the form for a new forward; the field that is wrong, and why.
    pub(in crate::console::state) fn read_forward(&self, form: &Form) -> Result<Entry, (&'static str, String)> {
        let node = form.given("node").ok_or(("node", "name a node".to_owned()))?;
        if let Found::None(trouble) = self.node_called(&node) {
            return Err(("node", trouble.what));
        }
        let remote = parse_port(&form.answer("remote")).map_err(|problem| ("remote", problem))?;
        let host = form.given("host");
        if host.as_ref().is_some_and(|host| host.contains([' ', '/'])) {
            return Err(("host", "a host is a name or an address, without a port".to_owned()));
        }
        let local = parse_local(&form.answer("local")).map_err(|problem| ("local", problem))?;
        if let Some(other) = self.forwards.takes(local) {
            return Err(("local", format!("{} listens on {local} already", other.name())));
        }
        let (set, restart, probe) = (None, Restart::default(), true);
        Ok(Entry { name: form.given("name"), set, node, host, remote, local, start: true, restart, probe })
    }

    /// Adds a forward and starts it.
    pub(in crate::console::state) fn add_forward(&mut self, entry: Entry, fx: &mut Vec<Effect>) {
        let id = self.forwards.add(entry);
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
        let found = match self.origins.connection() {
            Connection::Ready => self.node_called(&entry.node),
            _ => Found::Later,
        };
        // A node may be known from the last time, while its origin is still being connected to.
        let found = match found {
            Found::Id(origin, _) if !self.origins.is_ready(origin) => Found::Later,
            found => found,
        };
        let read_only = match &found {
            Found::Id(origin, _) => self.origins.is_read_only(*origin),
            _ => self.origins.are_read_only(),
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
        forward.phase = match found {
            _ if read_only => {
                Phase::Failed(Trouble::new("This origin is read-only; a forward would open a session.", None))
            }
            Found::Later => Phase::Waiting,
            Found::None(trouble) => Phase::Failed(trouble),
            Found::Id(origin, node) => {
                forward.origin = Some(origin);
                fx.push(Effect::StartForward { id, origin, node, entry });
                Phase::Connecting
            }
        };
    }

    fn stop_forward(&mut self, id: u64, fx: &mut Vec<Effect>) {
        if let Some(forward) = self.forwards.get_mut(id).filter(|forward| forward.is_on()) {
            if forward.phase != Phase::Waiting {
                fx.push(Effect::StopForward { id });
            }
            forward.phase = Phase::Stopped;
            (forward.listening, forward.opened, forward.connections) = (None, None, 0);
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

    /// A node by its id or by its name.
    fn node_called(&self, called: &str) -> Found {
        if let Some(node) = self.fleet.node(called) {
            return Found::Id(node.origin, called.to_owned());
        }
        let mut named = self.fleet.nodes().iter().filter(|node| node.name == called);
        match (named.next(), named.count()) {
            (Some(node), 0) => Found::Id(node.origin, node.id.clone()),
            (Some(_), more) => Found::None(Trouble::new(
                format!("{} nodes are called {}.", more + 1, clean(called)),
                Some("Give the id of the one that is meant."),
            )),
            (None, _) if !self.origins.scope().iter().all(|origin| self.fleet.feed.is_known(*origin)) => Found::Later,
            // The service knows more nodes than this list may show.
            (None, _) if called.starts_with("mi-") || called.starts_with("i-") => {
                Found::Id(self.origins.first(), called.to_owned())
            }
            (None, _) => Found::None(Trouble::new(
                format!("No node is called {}.", clean(called)),
                Some("Look for it in the fleet; its id does as well."),
            )),
        }
    }

    /// A forward's task reports.
    pub(in crate::console::state) fn forward_update(&mut self, id: u64, update: ForwardUpdate) {
        let now = self.now;
        let Some(forward) = self.forwards.get_mut(id).filter(|forward| forward.is_on()) else { return };
        match update {
            ForwardUpdate::Listening(address) => forward.listening = Some(address),
            ForwardUpdate::Connecting => forward.phase = Phase::Connecting,
            ForwardUpdate::Open => {
                forward.phase = Phase::Open;
                forward.opened = forward.opened.or(Some(now));
            }
            ForwardUpdate::Far(far) => forward.far = far,
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
