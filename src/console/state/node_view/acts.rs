//! What actions do in the view of a node, which looks run, and what they bring.

use super::{Look, NodeView, Subject, Tab, files::Then, log::Source};
use crate::{
    client::is_loopback,
    console::{
        action::Action,
        effect::Effect,
        origin::{NodeId, Origin},
        probe::usage::FULL,
        state::{Pane, State},
        text::clean,
        update::{LookUpdate, Trouble},
    },
    ssm::{PingStatus, Timestamp},
};

impl State {
    /// The view of a node, if one is shown.
    pub fn shown_node_view(&self) -> Option<&NodeView> {
        self.node_view.as_ref().filter(|_| self.pane == Pane::Fleet && self.is_side_shown())
    }

    /// Whether nodes may be looked at. A look starts a session with a fixed script that changes nothing on the node; but a
    /// session it is, recorded and perhaps billed, and whoever made a console read-only may have meant those too. So a
    /// read-only console looks only where the user said so, or where the endpoint is on this machine and nobody else's.
    pub fn may_probe(&self, origin: Origin) -> bool {
        !self.origins.is_read_only(origin) || self.probing_is_view(origin)
    }

    /// Whether looking into nodes is no more than looking here: the user said so, or the endpoint is on this machine.
    pub fn probing_is_view(&self, origin: Origin) -> bool {
        let Some(known) = self.origins.get(origin) else { return false };
        known.place.probe.unwrap_or_else(|| known.facts.endpoint.as_deref().is_some_and(is_loopback))
    }

    /// Why the node of the view cannot be looked at, if so.
    pub fn no_look(&self) -> Option<Trouble> {
        let view = self.node_view.as_ref()?;
        let Some(node) = self.fleet.node(&view.node) else {
            return Some(Trouble::new("The fleet has no such node any more.", Some("esc goes back to the list.")));
        };
        match node.platform_type.as_str() {
            "Linux" | "" => {}
            other => {
                let what = format!("Looking into a node is not supported on {other} yet: it needs /proc.");
                return Some(Trouble::new(what, Some("Open a shell on it, or run a command.")));
            }
        }
        (!self.may_probe(node.origin)).then(|| {
            let advice = "probe = true in the settings lets it look: sessions with fixed scripts that change nothing.";
            Trouble::new("A read-only console begins no sessions, not even to look.", Some(advice))
        })
    }

    /// Opens the view of a node; where a disk is full, on what fills it.
    pub(in crate::console::state) fn open_node_view(&mut self, node: Option<NodeId>) {
        let Some(node) = node.and_then(|id| self.fleet.node(&id)) else { return };
        let full = node.sampled.last().is_some_and(|vitals| vitals.disk() >= FULL);
        let tab = if full { Tab::Disk } else { Tab::Overview };
        self.node_view = Some(NodeView::of(node.node_id(), tab));
    }

    pub(in crate::console::state) fn act_node_view(&mut self, action: Action, fx: &mut Vec<Effect>) {
        let Some(view) = &mut self.node_view else { return };
        let node = view.node.clone();
        if view.tab == Tab::Files
            && let Some(viewer) = &mut view.files.viewer
        {
            match action {
                Action::Save => self.save_form(),
                Action::Pipe => self.pipe_form(),
                Action::WholeText => self.whole_text(fx),
                _ if viewer.act(action) => {}
                Action::Back => view.files.viewer = None,
                _ => {}
            }
            return;
        }
        match action {
            Action::NodeTabNext | Action::NodeTabPrevious => {
                let at = Tab::ALL.iter().position(|tab| *tab == view.tab).unwrap_or(0);
                let step = if action == Action::NodeTabNext { 1 } else { Tab::ALL.len() - 1 };
                view.tab = Tab::ALL[(at + step) % Tab::ALL.len()];
            }
            Action::OpenShell => self.shell_on(Some(node), fx),
            Action::RunCommand => self.compose(vec![node], fx),
            Action::Copy if view.tab == Tab::Files => {
                let path = view.files.current();
                self.copy(path.as_deref().map(clean), fx);
            }
            Action::Copy => self.copy(Some(node.id), fx),
            Action::StopCopying => self.stop_copying(fx),
            _ if view.step(action) => {}
            Action::Back if view.tab == Tab::Disk && view.disk.leave() => {}
            Action::Back => self.node_view = None,
            _ => self.act_node_tab(action),
        }
    }

    /// What an action means in the tab that is shown alone.
    fn act_node_tab(&mut self, action: Action) {
        let Some(view) = &mut self.node_view else { return };
        match (view.tab, action) {
            (Tab::Disk, Action::Open) => view.look_into_disk(),
            (Tab::Disk, Action::BrowseFiles) => view.browse_disk(),
            (Tab::Processes, Action::SendSignal) => self.pick_signal(),
            (Tab::Services, Action::StartService | Action::StopService | Action::RestartService) => {
                self.ask_service(action);
            }
            (Tab::Users, Action::UsersGroups) => view.users.by_group = !view.users.by_group,
            (Tab::Files, Action::Open) => self.open_entry(Then::View),
            (Tab::Files, Action::EditFile) => self.open_entry(Then::Edit),
            (Tab::Files, Action::FolderUp) => view.go_up(),
            (Tab::Files, Action::GoToPath) => self.ask_path(),
            (Tab::Files, Action::FollowFile) => {
                if let Some(path) = view.files.current() {
                    view.follow(Source::File(path));
                    view.tab = Tab::Logs;
                }
            }
            (Tab::Files, Action::DownloadFile) => self.download_form(),
            (Tab::Files, Action::UploadFile) => self.upload_form(),
            (Tab::Logs, Action::PauseLog) => view.log.pause(),
            (Tab::Logs, Action::FollowJournal) => view.follow(Source::Journal),
            (Tab::Logs, Action::Save) => self.save_form(),
            (Tab::Logs, Action::Pipe) => self.pipe_form(),
            (Tab::Logs, Action::WholeText) => {
                self.tell("Of a log its end is followed. A file can be downloaded as a whole from the files.");
            }
            _ => {}
        }
    }

    /// Everything that is shown of the node is looked at again.
    pub(in crate::console::state) fn look_again(&mut self) {
        if let Some(view) = &mut self.node_view {
            view.tab.subjects().iter().for_each(|subject| view.again(*subject));
        }
    }

    /// When a look is to begin again by itself.
    pub(in crate::console::state) fn looks_deadline(&self) -> Option<Timestamp> {
        self.shown_node_view()?.looks_due(self.now)
    }

    /// Begins the looks that are wanted on either side of the screen and ends those that are not any more.
    pub(in crate::console::state) fn settle_looks(&mut self, fx: &mut Vec<Effect>) {
        let mut live = Vec::new();
        self.on_each_side(|state| live.extend(state.begin_looks(fx)));
        self.looking.retain(|id| {
            let wanted = live.contains(id);
            if !wanted {
                fx.push(Effect::EndLook(*id));
            }
            wanted
        });
    }

    /// Begins the looks that are wanted; those that run.
    fn begin_looks(&mut self, fx: &mut Vec<Effect>) -> Vec<u64> {
        let node = self.shown_node_view().and_then(|view| self.fleet.node(&view.node));
        let online = node.is_some_and(|node| node.ping == PingStatus::Online);
        let origin = node.map_or_else(Origin::default, |node| node.origin);
        let allowed = self.origins.is_ready(origin) && self.no_look().is_none();
        let (now, shown) = (self.now, self.shown_node_view().is_some());
        let mut live = Vec::new();
        if let Some(view) = &mut self.node_view {
            let wanted: &[Subject] = if shown && allowed { view.tab.subjects() } else { &[] };
            for (subject, look) in view.looks.iter_mut().filter(|(subject, _)| !wanted.contains(subject)) {
                look.leave(subject.goes_on());
            }
            for subject in wanted {
                let Some(probe) = view.probe(*subject) else { continue };
                let look = view.looks.entry(*subject).or_default();
                if *subject == Subject::Log && online && look.is_due(now, true) {
                    // What was there comes again.
                    view.log.restart();
                }
                if online && look.is_due(now, subject.goes_on()) {
                    self.looks_begun += 1;
                    let id = self.looks_begun;
                    *look = Look { id: Some(id), began: Some(now), at: look.at, trouble: None, again: false };
                    self.looking.push(id);
                    fx.push(Effect::Look { id, origin, node: view.node.id.clone(), probe });
                }
            }
            live.extend(view.looks.values().filter_map(|look| look.id));
        }
        live
    }

    /// A look brought something, or is over. Those of looks that were ended are dropped.
    pub(in crate::console::state) fn look_update(&mut self, id: u64, update: LookUpdate) {
        if matches!(update, LookUpdate::Over(_)) {
            self.looking.retain(|known| *known != id);
        }
        let now = self.now;
        let update = match update {
            LookUpdate::Over(Some(trouble)) => {
                let origin = self.node_view.as_ref().map(|view| view.node.origin);
                LookUpdate::Over(Some(self.advised(origin.unwrap_or_default(), trouble)))
            }
            update => update,
        };
        let Some(view) = &mut self.node_view else { return };
        let Some(subject) = view.looks.iter().find(|(_, look)| look.id == Some(id)).map(|(subject, _)| *subject) else {
            return;
        };
        let readable = match &update {
            LookUpdate::Answer(text) => view.land(subject, text),
            _ => true,
        };
        let Some(look) = view.looks.get_mut(&subject) else { return };
        match update {
            LookUpdate::Answer(_) if readable => (look.at, look.trouble) = (Some(now), None),
            LookUpdate::Answer(_) => {
                look.trouble = Some(Trouble::new("The node does not answer as a Linux system does.", None));
            }
            LookUpdate::Over(trouble) => {
                look.id = None;
                look.trouble = trouble.or(look.trouble.take());
                if subject == Subject::File && view.files.wanted.take().is_some() {
                    let why = look.trouble.take().map(|trouble| trouble.what);
                    view.files.note = why.or_else(|| Some("the node did not say what is in the file".to_owned()));
                }
            }
        }
        if let Some(file) = view.edit.take() {
            let node = view.node.clone();
            match self.split.is_away() {
                // No box opens over what somebody types on the other side.
                true => self.tell("The file to be edited has come. Go to its side and edit it from there."),
                false => self.edit_form(node, file),
            }
        }
    }
}
