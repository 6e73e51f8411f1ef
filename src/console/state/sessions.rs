//! Sessions of the account: those that run, whoever began them, and those that are over.

use std::{collections::HashMap, time::Duration};

use super::{
    cursor::Cursor,
    feed::{Feed, Feeds},
    fleet::Fleet,
    list::Lens,
    viewer::Viewer,
};
use crate::{
    console::{
        origin::{NodeId, Origin, Origins},
        probe::REASON,
        text::clean,
    },
    ssm::{self, SessionStatus, Timestamp},
};

pub mod acts;
mod sheet;

pub use sheet::SessionRows;

/// One session, in words for the screen.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Session {
    /// Where it is.
    pub origin: Origin,
    /// Its id, as the service has it.
    pub id: String,
    /// The node, as the service has it.
    pub node: String,
    /// Who began it: the last part of the ARN.
    pub owner: String,
    /// The whole ARN.
    pub arn: String,
    /// Where it stands; `None` if the service did not say.
    pub status: Option<SessionStatus>,
    /// When it began.
    pub started: Option<Timestamp>,
    /// When it ended.
    pub ended: Option<Timestamp>,
    /// The document it follows.
    pub document: String,
    /// Why it was begun, in the words of who did.
    pub reason: String,
    /// How it ended and what passed, in the service's words.
    pub details: String,
    /// Where its transcript is, if there is one.
    pub transcript: Option<String>,
    /// As the service listed it.
    pub raw: ssm::Session,
}

impl From<&ssm::Session> for Session {
    fn from(session: &ssm::Session) -> Self {
        let text = |text: &Option<String>| text.as_deref().map(clean).unwrap_or_default();
        let arn = text(&session.owner);
        let urls = session.output_url.as_ref();
        let url = urls.and_then(|urls| urls.s3_output_url.clone().or(urls.cloud_watch_output_url.clone()));
        Self {
            origin: Origin::default(),
            id: session.session_id.clone().unwrap_or_default(),
            node: session.target.clone().unwrap_or_default(),
            owner: arn.rsplit(['/', ':']).next().unwrap_or_default().to_owned(),
            arn,
            status: session.status.clone(),
            started: session.start_date,
            ended: session.end_date,
            document: text(&session.document_name),
            reason: text(&session.reason),
            details: text(&session.details),
            transcript: url.filter(|url| !url.is_empty()),
            raw: session.clone(),
        }
    }
}

impl Session {
    /// Its node.
    pub fn node_id(&self) -> NodeId {
        NodeId::new(self.origin, &*self.node)
    }

    /// What tells it from all others.
    pub fn key(&self) -> String {
        format!("{:?} {}", self.origin, self.id)
    }

    /// Whether it may still be used.
    pub fn is_running(&self) -> bool {
        self.ended.is_none()
            && matches!(
                self.status,
                Some(SessionStatus::Connected | SessionStatus::Connecting | SessionStatus::Disconnected)
            )
    }

    /// Whether it is a shell that goes on without its client, which another one may take over.
    pub fn is_left(&self) -> bool {
        // What a console that was killed had looked at or written is no shell either.
        let own_work = self.document.contains("NonInteractive") || self.is_own_work();
        self.is_running() && self.status == Some(SessionStatus::Disconnected) && self.can_have_transcript() && !own_work
    }

    /// Whether this program began it for its own work: a look at a node, a port that is forwarded. It says so in the reason, the
    /// one thing about a session that its client says.
    pub fn is_own_work(&self) -> bool {
        self.reason.starts_with(REASON)
    }

    /// The status in one word.
    pub fn word(&self) -> String {
        self.status.as_ref().map(|status| clean(status.as_str()).to_lowercase()).unwrap_or_default()
    }

    /// How long it lasted, or lasts.
    pub fn lasted(&self, now: Timestamp) -> Option<Duration> {
        Some(self.ended.unwrap_or(now).since(self.started?))
    }

    /// Whether its kind leaves a transcript: bytes of ports are never written down.
    pub fn can_have_transcript(&self) -> bool {
        !self.document.contains("Port") && !self.document.contains("SSH")
    }
}

/// The pane.
#[derive(Clone, Debug, Default)]
pub struct Sessions {
    /// The state of `DescribeSessions`.
    pub feed: Feeds,
    /// The sessions: those that run first, then by when they began, the newest first.
    pub list: Vec<Session>,
    /// Those of the program's own work that are over, and are not among them unless [`Sessions::whole`] says so.
    hidden: Vec<Session>,
    /// Whether all are shown.
    pub whole: bool,
    /// How they are looked at, and which are marked.
    pub lens: Lens,
    /// Where one is among those that are shown.
    pub cursor: Cursor,
    /// The transcript that is read.
    pub viewer: Option<Viewer>,
    /// The state of fetching it.
    pub transcript_feed: Feed,
    /// The session whose transcript is fetched.
    wanted: Option<Session>,
    coming: HashMap<Origin, Vec<Session>>,
    /// Changes whenever the list does, for the side of a split screen that does not have it now; with what it was when this
    /// side had it last, and the session the cursor was on.
    revision: u64,
    seen: (u64, Option<String>),
}

impl Sessions {
    /// A new list of an origin begins.
    pub fn begin(&mut self, origin: Origin) {
        self.coming.insert(origin, Vec::new());
    }

    /// A page came.
    pub fn land(&mut self, origin: Origin, page: &[ssm::Session]) {
        let coming = self.coming.entry(origin).or_default();
        coming.extend(page.iter().map(|session| Session { origin, ..Session::from(session) }));
        if !self.list.iter().chain(&self.hidden).any(|session| session.origin == origin) {
            let more = coming.clone();
            self.relist(|_| true, more);
        }
    }

    /// The list of an origin is whole.
    pub fn finish(&mut self, origin: Origin) {
        let more = self.coming.remove(&origin).unwrap_or_default();
        self.relist(|session| session.origin != origin, more);
    }

    /// Forgets the sessions that are not of these origins.
    pub fn keep_origins(&mut self, scope: &[Origin]) {
        self.feed.keep(scope);
        self.relist(|session| scope.contains(&session.origin), Vec::new());
    }

    fn relist(&mut self, kept: impl Fn(&Session) -> bool, more: Vec<Session>) {
        self.outdate();
        self.revision += 1;
        self.list.append(&mut self.hidden);
        self.list.retain(kept);
        self.list.extend(more);
        self.list.sort_by_key(|session| (!session.is_running(), std::cmp::Reverse(session.started)));
        // A session that ended between two answers may stand in both.
        let mut seen = std::collections::HashSet::new();
        self.list.retain(|session| seen.insert((session.origin, session.id.clone())));
        if !self.whole {
            // What runs is never hidden: somebody may want to end it.
            let hides = |session: &mut Session| session.is_own_work() && !session.is_running();
            self.hidden = self.list.extract_if(.., hides).collect();
        }
    }

    /// Shows the sessions of the program's own work that are over, or hides them again.
    pub fn show_whole(&mut self, whole: bool) {
        self.whole = whole;
        self.relist(|_| true, Vec::new());
    }

    /// Sessions that are not shown because they were the program's own work.
    pub fn hidden(&self) -> usize {
        self.hidden.len()
    }

    /// Looks at the sessions of these origins alone, or at all.
    pub fn look_among(&mut self, among: Option<&[Origin]>) {
        self.feed.tell_of(among);
        self.outdate();
    }

    /// The pane of another side, which looks at the same sessions.
    pub fn beside(&self) -> Self {
        let mut other = Self { cursor: self.cursor, seen: (self.revision, None), ..Self::default() };
        other.lens.outdate(None);
        other
    }

    /// Changes places with the pane of the other side, which gets the list.
    pub fn turn(&mut self, other: &mut Self) {
        self.seen = (self.revision, self.current().map(Session::key));
        std::mem::swap(self, other);
        self.feed.take_over(&mut other.feed);
        std::mem::swap(&mut self.list, &mut other.list);
        std::mem::swap(&mut self.hidden, &mut other.hidden);
        std::mem::swap(&mut self.whole, &mut other.whole);
        std::mem::swap(&mut self.coming, &mut other.coming);
        std::mem::swap(&mut self.revision, &mut other.revision);
        if self.seen.0 != self.revision {
            self.lens.outdate(self.seen.1.take());
        }
    }

    /// What is known of the sessions or of their nodes is not what it was.
    pub fn outdate(&mut self) {
        self.lens.outdate(self.current().map(Session::key));
    }

    /// Works out anew what is shown if something changed.
    pub fn settle(&mut self, fleet: &Fleet, origins: &Origins) {
        self.lens.settle(&mut self.cursor, &SessionRows { list: &self.list, fleet, origins });
    }

    /// A row that is shown.
    pub fn row(&self, row: usize) -> Option<&Session> {
        self.list.get(self.lens.place(row)?)
    }

    /// The session whose transcript is read.
    pub fn read(&self) -> Option<&Session> {
        self.wanted.as_ref().filter(|_| self.viewer.is_some())
    }

    /// The session under the cursor.
    pub fn current(&self) -> Option<&Session> {
        self.row(self.cursor.at)
    }

    /// Sessions that run.
    pub fn running(&self) -> usize {
        self.list.iter().filter(|session| session.is_running()).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_shell_is_one_that_was_left() {
        let left = |document: &str, reason: &str| {
            let session = ssm::Session {
                status: Some(SessionStatus::Disconnected),
                document_name: Some(document.to_owned()),
                reason: Some(reason.to_owned()),
                ..Default::default()
            };
            Session::from(&session).is_left()
        };
        assert!(left("SSM-SessionManagerRunShell", "") && left("AWS-StartInteractiveCommand", "deploy"));
        assert!(!left("AWS-StartNonInteractiveCommand", ""));
        assert!(!left("AWS-StartInteractiveCommand", "fleetdeck: write /etc/motd"));
        assert!(!left("AWS-StartPortForwardingSession", ""));
    }

    #[test]
    fn what_the_program_did_itself_is_hidden_once_it_is_over() {
        let session = |id: &str, reason: &str, status: SessionStatus| ssm::Session {
            session_id: Some(id.to_owned()),
            status: Some(status),
            reason: Some(reason.to_owned()),
            ..Default::default()
        };
        let page = [
            session("look", "fleetdeck: look at processes", SessionStatus::Terminated),
            session("runs", "fleetdeck: forward 5432", SessionStatus::Connected),
            session("shell", "deploy", SessionStatus::Terminated),
        ];
        let origin = Origin::default();
        let mut sessions = Sessions::default();
        let come = |sessions: &mut Sessions| {
            sessions.begin(origin);
            sessions.land(origin, &page);
            sessions.finish(origin);
        };
        come(&mut sessions);
        let shown = |sessions: &Sessions| sessions.list.iter().map(|s| s.id.clone()).collect::<Vec<_>>().join(" ");
        assert_eq!((shown(&sessions).as_str(), sessions.hidden()), ("runs shell", 1));
        sessions.show_whole(true);
        assert_eq!((sessions.list.len(), sessions.hidden()), (3, 0));
        // It stays so when the list comes again.
        come(&mut sessions);
        assert_eq!(sessions.list.len(), 3);
        sessions.show_whole(false);
        come(&mut sessions);
        assert_eq!((shown(&sessions).as_str(), sessions.hidden()), ("runs shell", 1));
    }
}
