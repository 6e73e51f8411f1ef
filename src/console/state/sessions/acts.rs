//! What actions do among the sessions, and what comes of transcripts.

use super::Session;
use crate::{
    console::{
        action::Action,
        effect::{Change, Effect, Query},
        origin::{NodeId, Origin},
        state::{
            Pane, State,
            overlay::{Question, Then, listed},
            viewer::{Tone, Viewer},
        },
        text::{self, clean},
        update::Transcript,
    },
    ssm,
};

impl State {
    pub(in crate::console::state) fn act_sessions(&mut self, action: Action, fx: &mut Vec<Effect>) {
        if let Some(viewer) = &mut self.sessions.viewer {
            match action {
                Action::Save => self.save_form(),
                Action::Pipe => self.pipe_form(),
                Action::WholeText => self.whole_text(fx),
                _ if viewer.act(action) => {}
                Action::Back => self.sessions.viewer = None,
                _ => {}
            }
            return;
        }
        let len = self.sessions.lens.len();
        if self.sessions.cursor.step(action, len) {
            return;
        }
        match action {
            Action::Open | Action::Right | Action::Transcript => self.open_session(action, fx),
            Action::AttachSession => match self.sessions.current().cloned() {
                Some(session) if session.is_left() => self.take_over(&session, fx),
                Some(session) if session.is_running() => self.tell("This session is open elsewhere."),
                _ => self.tell("This session is over."),
            },
            Action::TerminateSession => self.ask_terminate(),
            Action::OwnSessions => self.sessions.show_whole(!self.sessions.whole),
            Action::OpenShell => {
                let session = self.sessions.current().map(|session| (session.origin, session.node.clone()));
                self.shell_at(session, fx);
            }
            Action::Copy => self.copy(self.sessions.current().map(|session| clean(&session.id)), fx),
            _ => {}
        }
    }

    /// Goes to the tab of a session that runs here; of one that is over, fetches what was written down.
    fn open_session(&mut self, action: Action, fx: &mut Vec<Effect>) {
        let Some(session) = self.sessions.current().cloned() else { return };
        let tab = self.shells.tabs.iter().find(|tab| tab.session.as_deref() == Some(&session.id)).map(|tab| tab.id);
        match tab.filter(|_| session.is_running() && action != Action::Transcript) {
            Some(tab) => {
                self.shells.focus(tab);
                self.go(Pane::Shell, fx);
            }
            None if session.is_left() && self.is_own(&session) && action == Action::Open => {
                self.take_over(&session, fx)
            }
            None if !session.can_have_transcript() => {
                self.tell("What passes through a port is never written down; there is no transcript.");
            }
            None if session.transcript.is_none() && session.is_running() => {
                self.tell("The transcript is written when the session ends.");
            }
            None => {
                self.sessions.wanted = Some(session.clone());
                self.ask(session.origin, Query::Transcript(Box::new(session)), fx);
            }
        }
    }

    /// Reads the transcript of a session again.
    pub(in crate::console::state) fn read_session(&mut self, origin: Origin, id: &str, fx: &mut Vec<Effect>) {
        let known = self.sessions.list.iter().find(|session| session.origin == origin && session.id == id).cloned();
        match known {
            Some(session) => {
                self.sessions.wanted = Some(session.clone());
                self.ask(origin, Query::Transcript(Box::new(session)), fx);
            }
            None => self.tell("This session is not in the history any more."),
        }
    }

    /// A transcript came.
    pub(in crate::console::state) fn land_transcript(&mut self, transcript: &Transcript) {
        let Some(session) = self.sessions.wanted.as_ref().filter(|session| session.id == transcript.session) else {
            return;
        };
        let lines = text::shown_lines(&transcript.text).into_iter().map(|line| (Tone::Plain, line)).collect();
        let title = format!("{} on {}", session.owner, self.node_name(&session.node_id()));
        let mut viewer = Viewer::new(title, format!("{}.log", session.id), lines);
        viewer.note = transcript.note.clone();
        self.sessions.viewer = Some(viewer);
    }

    /// Asks whether the marked sessions shall be ended, each of them named.
    fn ask_terminate_marked(&mut self) {
        let marked = self.sessions.list.iter().filter(|session| self.sessions.lens.marks.has(&session.key()));
        let (running, over): (Vec<_>, Vec<_>) = marked.cloned().partition(Session::is_running);
        if running.is_empty() {
            return self.tell("The marked sessions are over.");
        }
        let (refused, running): (Vec<_>, Vec<_>) =
            running.into_iter().partition(|session| self.origins.is_read_only(session.origin));
        if let (Some(first), true) = (refused.first(), running.is_empty()) {
            self.protects(first.origin);
            return;
        }
        let others = running.iter().filter(|session| !self.is_own(session)).count();
        let mut lines = listed(&running, |session| {
            let whose = if self.is_own(session) { "yours".to_owned() } else { format!("of {}", session.owner) };
            let lasted =
                session.lasted(self.now).map(|lasted| format!(", for {}", text::span(lasted))).unwrap_or_default();
            let line = format!("{}, {whose} on {}{lasted}", clean(&session.id), self.told_node(&session.node_id()));
            self.told_in(session.origin, &line)
        });
        if others > 0 {
            lines.push(format!("{} of others among them", text::count(others, "session")));
        }
        if !over.is_empty() {
            lines.push(format!("left out: {} that are over", over.len()));
        }
        let mut left_out: Vec<_> = refused.iter().map(|session| session.origin).collect();
        left_out.dedup();
        lines.extend(left_out.iter().map(|origin| format!("left out, read-only: {}", self.origins.label(*origin))));
        lines.push("What runs in them ends, and their users are not asked.".to_owned());
        let change =
            |session: Session| (session.origin, Change::Terminate(ssm::TerminateSession { session_id: session.id }));
        let title = format!("Terminate {}?", text::count(running.len(), "session"));
        self.pose(Question::new(&title, lines, Then::Change(running.into_iter().map(change).collect())));
    }

    fn ask_terminate(&mut self) {
        if !self.sessions.lens.marks.is_empty() {
            return self.ask_terminate_marked();
        }
        let Some(session) = self.sessions.current().cloned() else { return };
        if !session.is_running() {
            return self.tell("This session is over.");
        }
        if self.protects(session.origin) {
            return;
        }
        let own = self.is_own(&session);
        let whose = if own { "yours".to_owned() } else { format!("of {}", session.owner) };
        let mut lines = vec![format!("{}, {whose}", clean(&session.id))];
        let node = session.node_id();
        lines.push(format!("on {}", self.told_node(&node)));
        if let Some(lasted) = session.lasted(self.now) {
            lines.push(format!("running for {}", text::span(lasted)));
        }
        if !session.reason.is_empty() {
            lines.push(format!("reason: {}", session.reason));
        }
        lines.push("What runs in it ends, and its user is not asked.".to_owned());
        let change = Change::Terminate(ssm::TerminateSession { session_id: session.id });
        let question = Question::new("Terminate this session?", lines, Then::change(node.origin, change));
        self.pose(question.about(self.targets_of([node])));
    }

    /// Whether a session was begun by this caller.
    pub fn is_own(&self, session: &Session) -> bool {
        let here = self.shells.tabs.iter().any(|tab| tab.session.as_deref() == Some(&session.id));
        let known = self.origins.get(session.origin);
        here || known.and_then(|known| known.facts.caller.as_ref()).is_some_and(|caller| *caller == session.arn)
    }

    /// A node's name, or its id where that is all that is known.
    pub fn node_name(&self, node: &NodeId) -> String {
        self.fleet.node(node).map_or_else(|| clean(&node.id), |node| node.name.clone())
    }
}
