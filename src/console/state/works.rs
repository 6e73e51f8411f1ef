//! Which actions do something where the cursor stands. The footer offers no others.

use super::{
    Pane, State,
    compliance::Level as ComplianceLevel,
    forwards::Kept,
    node_view::{NodeView, Tab},
    overlay::Overlay,
    parameters::{Level, facts::Facts},
};
use crate::console::{action::Action, probe::files::Kind};

impl State {
    /// Whether an action that the keys in force offer does something here. What always can be done works everywhere; that an
    /// origin is read-only is another matter.
    pub fn works(&self, action: Action) -> bool {
        match self.overlays.last() {
            Some(Overlay::Question(question)) => {
                question.listens(self.now) && (action != Action::CopyInstead || question.copies.is_some())
            }
            Some(_) => true,
            None => match self.pane {
                Pane::Fleet => match (&self.node_view, &self.compare) {
                    (Some(view), _) => self.works_on_node(view, action),
                    (None, Some(_)) => true,
                    (None, None) => self.works_in_fleet(action),
                },
                Pane::Compliance => self.works_in_compliance(action),
                Pane::Commands => self.works_on_command(action),
                Pane::Parameters => self.works_on_parameter(action),
                Pane::Sessions => self.works_on_session(action),
                Pane::Forwards => self.works_on_forward(action),
                Pane::Shell => true,
            },
        }
    }

    fn works_in_fleet(&self, action: Action) -> bool {
        use Action::{Compare, Detail, MarkAll, Open, OpenShell, RunCommand, Scan, SortNext};
        let has_rows = self.fleet.shown() > 0;
        has_rows
            || !matches!(
                action,
                Open | OpenShell | RunCommand | Scan | Detail | Compare | SortNext | MarkAll | Action::Mark
            )
    }

    fn works_on_node(&self, view: &NodeView, action: Action) -> bool {
        match (view.tab, action) {
            (_, Action::StopCopying) => self.copying_here().is_some(),
            (Tab::Files, Action::EditFile | Action::FollowFile | Action::DownloadFile) => {
                let kind = view.files.table.current().map(|entry| entry.kind);
                matches!(kind, Some(Kind::File | Kind::Link))
            }
            (Tab::Files, Action::Open) => view.files.table.current().is_some(),
            (Tab::Files, Action::FolderUp) => view.files.path != "/",
            (Tab::Processes, Action::SendSignal) => view.processes.table.current().is_some(),
            (Tab::Services, Action::RestartService | Action::StartService | Action::StopService) => {
                view.services.table.current().is_some()
            }
            _ => true,
        }
    }

    fn works_in_compliance(&self, action: Action) -> bool {
        match action {
            Action::OpenShell => self.compliance.node().is_some(),
            Action::Scan => self.compliance.has_node_here() || self.fleet.marked_count() > 0,
            Action::Open | Action::Mark => match self.compliance.level {
                ComplianceLevel::Groups => self.compliance.group().is_some(),
                ComplianceLevel::Nodes(_) => self.compliance.member().is_some(),
                ComplianceLevel::Patches { .. } => self.compliance.patch().is_some(),
            },
            Action::Back => self.compliance.level != ComplianceLevel::Groups,
            _ => true,
        }
    }

    fn works_on_command(&self, action: Action) -> bool {
        let commands = &self.commands;
        if commands.viewer.is_some() {
            return true;
        }
        let results = commands.results.as_ref();
        let listed = if results.is_some() { commands.opened() } else { commands.current() };
        match action {
            Action::SwitchView | Action::FoldAll => results.is_some(),
            Action::PickResult | Action::DiffGroups | Action::DiffEarlier => {
                results.is_some_and(|results| results.current().is_some())
            }
            Action::Open => results.map_or(listed.is_some(), |results| results.current().is_some()),
            Action::Cancel => self.can_cancel(),
            Action::RunAgain => listed.is_some(),
            _ => true,
        }
    }

    fn works_on_parameter(&self, action: Action) -> bool {
        let parameters = &self.parameters;
        if parameters.level == Level::Comparison {
            return true;
        }
        let facts = parameters.current().map(|(_, facts)| facts);
        match action {
            Action::Open if parameters.level == Level::Tree => parameters.current_row().is_some(),
            Action::Open => parameters.level == Level::Versions,
            Action::Reveal => facts.is_some_and(Facts::is_secret),
            Action::History | Action::EditParameter => facts.is_some(),
            Action::DeleteParameter => facts.is_some() || !parameters.lens.marks.is_empty(),
            Action::UnlabelVersion => {
                let version = parameters.focus().and_then(|focus| focus.versions.current());
                version.is_some_and(|version| !version.labels.is_empty())
            }
            _ => true,
        }
    }

    fn works_on_session(&self, action: Action) -> bool {
        let Some(session) = self.sessions.current().filter(|_| self.sessions.viewer.is_none()) else {
            let on_row = [
                Action::Open,
                Action::Transcript,
                Action::AttachSession,
                Action::TerminateSession,
                Action::OpenShell,
                Action::Copy,
            ];
            return self.sessions.viewer.is_some() || !on_row.contains(&action);
        };
        let has_transcript = session.can_have_transcript() && (session.transcript.is_some() || !session.is_running());
        match action {
            Action::Transcript => has_transcript,
            Action::AttachSession => session.is_left(),
            Action::TerminateSession => session.is_running() || !self.sessions.lens.marks.is_empty(),
            Action::Open => {
                let is_here = self.shells.tabs.iter().any(|tab| tab.session.as_deref() == Some(&session.id));
                has_transcript || session.is_running() && (is_here || session.is_left() && self.is_own(session))
            }
            _ => true,
        }
    }

    fn works_on_forward(&self, action: Action) -> bool {
        use Action::{
            Copy, EditForward, KeepForward, OpenShell, ProbeForward, RemoveForward, RestartForward, StartForward,
        };
        match (self.forwards.current(), self.forwards.current_set()) {
            (Some(forward), _) => action != EditForward || forward.kept != Kept::InSettings,
            (None, Some(_)) => !matches!(action, EditForward | KeepForward | OpenShell | Copy),
            (None, None) => {
                let on_row = [
                    Copy,
                    EditForward,
                    KeepForward,
                    OpenShell,
                    ProbeForward,
                    RemoveForward,
                    RestartForward,
                    StartForward,
                ];
                !on_row.contains(&action)
            }
        }
    }
}
