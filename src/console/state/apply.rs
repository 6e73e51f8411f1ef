//! What answers change.

use super::{Pane, State, node::Patches, notices::Weight, overlay::Overlay, reading::KEPT, watch::Work};
use crate::{
    client::denial::{CODES, Denial},
    console::{
        effect::{Effect, Epoch, Query, Source},
        origin::{Connection, NodeId, Origin},
        text::{clean, count, cut},
        update::{Changed, Fault, Page, Trouble, Update},
    },
    ssm::{DocumentType, Timestamp},
};

/// What to do about a change of which nobody knows what became of it.
const UNKNOWN: &str = "It may have been done all the same: look whether it was before it is done again.";

fn is_silence(trouble: &Trouble) -> bool {
    trouble.fault == Some(Fault::Silence)
}

/// Why a change was not made; of one that had no answer, what to do before it is made again.
fn in_doubt(trouble: Trouble) -> Trouble {
    match is_silence(&trouble) {
        true => Trouble { advice: Some(UNKNOWN.to_owned()), ..trouble },
        false => trouble,
    }
}

impl State {
    /// A task has something to say.
    pub fn apply(&mut self, update: Update, now: Timestamp, fx: &mut Vec<Effect>) {
        let about = update.origin().filter(|_| self.origins.are_several());
        self.notices.about(about.map(|origin| self.origins.label(origin).to_owned()));
        self.take(update, now, fx);
        self.notices.about(None);
    }

    fn take(&mut self, update: Update, now: Timestamp, fx: &mut Vec<Effect>) {
        self.now = now;
        self.dirty = true;
        self.apply_to_side(update, fx);
    }

    /// An update changes what the side in front has, and what all have together.
    pub(super) fn take_update(&mut self, update: Update, fx: &mut Vec<Effect>) {
        let now = self.now;
        match update {
            Update::Connected(origin, facts) => {
                if let Some(known) = self.origins.get_mut(origin) {
                    (known.connection, known.ailing) = (Connection::Ready, None);
                    known.facts = *facts;
                }
                self.throttles.remove(&origin);
                self.check_remembered(origin);
                self.on_each_side(Self::take_columns);
                self.ask(origin, Query::Identity, fx);
                self.refresh_due(fx);
                // Names of nodes, and forwards that are to begin, need the fleet wherever one is.
                if self.fleet.feed.get(origin).is_none_or(|feed| feed.asked.is_none()) {
                    self.ask(origin, Query::Nodes, fx);
                }
            }
            Update::Unreachable(origin, trouble) => {
                let trouble = self.advised(origin, trouble);
                if let Some(known) = self.origins.get_mut(origin) {
                    (known.connection, known.waits) = (Connection::Failed(trouble), None);
                }
            }
            Update::Credentials { origin, waited } => {
                if let Some(known) = self.origins.get_mut(origin) {
                    known.waits = waited.map(|waited| now.minus(waited));
                }
            }
            Update::Caller { origin, account, arn } => {
                if let Some(known) = self.origins.get_mut(origin) {
                    known.facts.account = Some(clean(&account));
                    known.facts.caller = Some(clean(&arn));
                }
                self.check_remembered(origin);
                if !self.origins.is_read_only(origin) {
                    self.ask(origin, Query::OwnSessions(arn), fx);
                }
            }
            Update::Left { sessions: 0, .. } => {}
            Update::Left { sessions, .. } => {
                let runs = if sessions == 1 { "shell of yours is" } else { "shells of yours are" };
                self.tell(format!("{sessions} {runs} still open on a node: attach in Sessions."));
            }
            Update::Page { source, epoch, page } => {
                let feed = self.feed_of(source, epoch.origin);
                if source == Source::Tags || feed.is_some_and(|feed| feed.is_current_of(epoch)) {
                    self.land(source, epoch.origin, page, fx);
                }
            }
            Update::End { source, epoch, result } => self.end(source, epoch, result, fx),
            Update::Changed(origin, result, number) => self.change_ended(origin, result, number, fx),
            Update::Shell { tab, update } => self.shell_update(tab, update, fx),
            Update::Forward { id, update } => self.forward_update(id, update),
            Update::Look { id, update } => self.look_update(id, update),
            Update::Copying { id, progress } => self.copying(id, progress),
            Update::Arranged(answer) => {
                if self.fleet.arrange(*answer) {
                    self.fleet_arranged();
                }
            }
            Update::Counted(answer) => {
                self.compliance.counted(*answer, &self.fleet);
            }
            Update::Folded { command, number, groups } => {
                if let Some(results) = self.commands.results.as_mut().filter(|results| results.id == command) {
                    results.folded(number, groups);
                }
            }
            Update::Program { id, update } => self.program_update(id, update),
            Update::Throttled(origin, Some((operation, wait))) => {
                self.throttles.insert(origin, (operation, now.plus(wait)));
            }
            Update::Throttled(origin, None) => drop(self.throttles.remove(&origin)),
            Update::SignIn { identifier, update } => self.sign_in_update(&identifier, update, fx),
            Update::CodeTaken(origin, result) => self.code_taken(origin, result, fx),
            Update::Told(what) => self.tell(what),
            Update::Failed(trouble) => self.fail(trouble),
            Update::FailedIn(origin, trouble) => {
                let trouble = self.advised(origin, trouble);
                self.fail(trouble);
            }
            Update::NotCopied { copy, why } => self.not_copied(copy, &why),
        }
    }

    fn land(&mut self, source: Source, origin: Origin, page: Page, fx: &mut Vec<Effect>) {
        let first = self.feed_of(source, origin).is_some_and(|feed| feed.landed == 0);
        let entries = match &page {
            Page::Nodes(list) => list.len(),
            Page::PatchStates { asked, .. } => asked.len(),
            Page::Summaries(list) => list.len().max(1),
            Page::Commands(list) | Page::Running(list) => list.len(),
            Page::Invocations(list) => list.len(),
            Page::Parameters(list) => list.len(),
            Page::Patches(_) | Page::NodeCommands(_) | Page::Why(_) | Page::Documents(_) | Page::History(_) => 1,
            Page::Whole(_)
            | Page::Followed(_)
            | Page::Earlier { .. }
            | Page::Forgotten { .. }
            | Page::Plan(_)
            | Page::Document(_)
            | Page::Value(_)
            | Page::Tags { .. }
            | Page::ParameterTags(_) => 1,
            Page::ComplianceTypes(_) | Page::Preferences(_) | Page::Transcript(_) => 1,
            Page::Sessions(list) => list.len(),
            Page::Sample { .. } => 1,
        };
        let now = self.now;
        if let Some(feed) = self.feed_of(source, origin) {
            feed.land(entries, now);
        }
        match page {
            Page::Nodes(list) if source == Source::NodesWhere => {
                self.fleet.land_served(origin, &self.origins.row_label(origin), &list)
            }
            Page::Sample { node, result } => self.land_sample(origin, &node, result),
            Page::Nodes(list) => {
                self.fleet.land(origin, &self.origins.row_label(origin), &list);
                self.check_watched(fx);
                self.check_shells();
            }
            Page::Tags { node, tags } => {
                if let Some(node) = self.fleet.node_mut(origin, &node) {
                    node.set_tags(&tags);
                    if let Some(results) = self.commands.results.as_mut().filter(|results| results.origin == origin) {
                        results.rename(&node.id, &node.name);
                    }
                }
                if self.forwards.want_tags() {
                    self.start_waiting_forwards(fx);
                }
            }
            Page::PatchStates { asked, states } => {
                for id in asked {
                    let state = states.iter().find(|state| state.instance_id == id).map(Patches::from);
                    if let Some(node) = self.fleet.node_mut(origin, &id) {
                        node.patches = Some(state);
                    }
                }
            }
            Page::Summaries(list) => self.fleet.summarise(origin, &list, first),
            Page::Patches(list) => self.compliance.land_patches(&list, first),
            Page::NodeCommands(list) => {
                if first {
                    self.node_commands.list.clear();
                }
                self.node_commands.list.extend(list);
                self.node_commands.list.sort_by_key(|i| std::cmp::Reverse(i.requested_date_time));
            }
            Page::Why(findings) => self.land_why(&findings),
            Page::Commands(list) => self.commands.land(origin, list),
            Page::Running(list) => {
                self.commands.renew(origin, list);
                self.restore_canaries();
                self.check_sent(fx);
            }
            Page::Invocations(list) => {
                if let Some(results) = &mut self.commands.results {
                    let fleet = &self.fleet;
                    let origin = results.origin;
                    let names = |id: &str| match fleet.node_in(origin, id) {
                        Some(node) => {
                            [&node.name, &node.computer].into_iter().filter(|n| !n.is_empty()).cloned().collect()
                        }
                        None => Vec::new(),
                    };
                    results.land(&list, names);
                }
                if source == Source::Followed {
                    self.renew_viewer();
                }
            }
            Page::Whole(whole) => {
                if let Some(results) = &mut self.commands.results {
                    results.take_whole(*whole, source == Source::Kept);
                }
                if source == Source::Kept {
                    self.commands.follow = None;
                    self.renew_viewer();
                }
            }
            Page::Followed(followed) => self.land_followed(&followed),
            Page::Plan(resolved) => self.land_plan(origin, *resolved),
            Page::Earlier { command, whole } => self.land_earlier(&command, &whole),
            Page::Forgotten { node } => self.earlier_forgotten(&node),
            Page::Documents(list) => {
                if first {
                    self.documents.list.clear();
                    self.documents.sessions.clear();
                }
                let (sessions, list): (Vec<_>, Vec<_>) =
                    list.iter().partition(|document| document.document_type == Some(DocumentType::Session));
                self.documents
                    .sessions
                    .extend(sessions.iter().filter_map(|document| Some(clean(document.name.as_deref()?))));
                self.documents.list.extend(list.iter().filter_map(|document| {
                    let platforms: Vec<_> = document.platform_types.iter().map(|p| p.as_str().to_owned()).collect();
                    Some((clean(document.name.as_deref()?), clean(&platforms.join(", "))))
                }));
                self.documents.list.sort();
            }
            Page::Document(document) => {
                for overlay in &mut self.overlays {
                    if let Overlay::Form(form) = overlay {
                        super::compose::with_document(form, &document);
                    }
                }
            }
            Page::Sessions(list) => self.sessions.land(origin, &list),
            Page::Transcript(transcript) => self.land_transcript(&transcript),
            Page::Preferences(preferences) => self.preferences.set(origin, preferences),
            Page::ComplianceTypes(list) => self.compliance.land_types(origin, &list, first),
            page @ (Page::Parameters(_) | Page::ParameterTags(_) | Page::Value(_) | Page::History(_)) => {
                self.land_parameters(page, fx);
            }
        }
    }

    fn end(&mut self, source: Source, epoch: Epoch, result: Result<(), Trouble>, fx: &mut Vec<Effect>) {
        let now = self.now;
        let result = result.map_err(|trouble| self.advised(epoch.origin, trouble));
        let trouble = result.as_ref().err().cloned();
        if source == Source::Tags {
            if let Some(trouble) = trouble {
                // What is not allowed does not become so by asking.
                self.tags_failed |= !CODES.iter().any(|code| trouble.what.starts_with(code));
                self.notices.add(now, Weight::Warning, trouble);
            }
            return;
        }
        let origin = epoch.origin;
        if !self
            .feed_of(source, origin)
            .is_some_and(|feed| feed.is_current_of(epoch) && feed.end(epoch.number, result, now))
        {
            return;
        }
        if let Some(known) = self.origins.get_mut(origin) {
            known.ailing = trouble.clone().filter(|trouble| trouble.fault.is_some());
        }
        self.end_parameters(source, trouble.is_none());
        match (source, trouble) {
            (Source::Nodes, None) => {
                self.fleet.finish(origin);
                self.ask_tags_again();
                self.start_waiting_forwards(fx);
                self.refresh_due(fx);
            }
            (Source::NodesWhere, Some(trouble)) => {
                self.fleet.unserve();
                self.fail(trouble);
            }
            (Source::Commands, None) => {
                self.commands.finish_list(origin);
                self.restore_canaries();
                self.check_sent(fx);
            }
            (Source::Running, None) => self.end_left_canaries(origin),
            (Source::Invocations, None) => {
                if self.commands.viewer.as_ref().is_some_and(|viewer| viewer.running) {
                    self.renew_viewer();
                }
                self.want_wholes(fx);
            }
            // The text that is read may be one that has just become whole.
            (Source::Whole, trouble) => {
                self.renew_viewer();
                // Some may have ended while others were asked for.
                self.want_wholes(fx);
                trouble.into_iter().for_each(|trouble| self.fail(trouble));
            }
            (Source::Followed, trouble) => {
                self.end_follow();
                trouble.into_iter().for_each(|trouble| self.fail(trouble));
            }
            (Source::Earlier, None) if self.commands.results.as_ref().is_some_and(|r| r.earlier_feed.landed == 0) => {
                self.tell("No earlier run of this is known on that node.");
            }
            (Source::Kept, None) => self.notices.end(KEPT),
            (Source::Plan, Some(trouble)) => self.fail_plan(origin, trouble),
            (Source::Sessions, None) => {
                self.sessions.finish(origin);
                self.check_ending(origin);
            }
            (
                Source::Kept | Source::Earlier | Source::Documents | Source::Document | Source::Transcript,
                Some(trouble),
            ) => {
                if source == Source::Kept {
                    self.notices.end(KEPT);
                }
                self.fail(trouble);
            }
            _ => {}
        }
    }

    /// A trouble with what to do about it in its origin: who starts its engine may know more than who calls it.
    pub(super) fn advised(&self, origin: Origin, mut trouble: Trouble) -> Trouble {
        let own = self.origins.get(origin).and_then(|known| known.place.when_gone.as_ref());
        if let Some(own) = own.filter(|_| trouble.fault == Some(Fault::Way)) {
            trouble.advice = Some(own.clone());
        }
        trouble
    }

    /// A change was made or not. The form that led to it, and no other, waits no longer.
    fn change_ended(
        &mut self,
        origin: Origin,
        result: Result<Changed, Trouble>,
        number: Option<u64>,
        fx: &mut Vec<Effect>,
    ) {
        self.under_way.end(origin, number);
        match result {
            Ok(Changed::Outdated { name, began, newest }) => {
                self.parameter_outdated(origin, (&name, began, newest), number, fx);
            }
            Ok(changed) => {
                let before = match &changed {
                    Changed::Sent { commands, trouble } => {
                        self.stage(origin, commands, number, trouble.as_ref().is_some_and(is_silence))
                    }
                    _ => Vec::new(),
                };
                self.overlays.retain(|overlay| !matches!(overlay, Overlay::Form(form) if form.waits_for(number)));
                self.changed(origin, changed, before, fx);
            }
            Err(trouble) => {
                let unknown = is_silence(&trouble);
                self.unstage(origin, number, unknown);
                let trouble = in_doubt(self.advised(origin, self.explain(trouble)));
                let denied = Denial::read(&trouble.what).is_some();
                let problem = [Some(trouble.what.as_str()), trouble.advice.as_deref().filter(|_| denied || unknown)];
                let problem = problem.into_iter().flatten().collect::<Vec<_>>().join("\n");
                for overlay in &mut self.overlays {
                    if let Overlay::Form(form) = overlay
                        && form.waits_for(number)
                    {
                        (form.sent, form.problem) = (None, Some(problem.clone()));
                        form.in_doubt |= unknown;
                    }
                }
                self.fail(trouble);
            }
        }
    }

    /// A change was made. `before`: commands of which it is the rest.
    fn changed(&mut self, origin: Origin, changed: Changed, before: Vec<String>, fx: &mut Vec<Effect>) {
        if matches!(
            changed,
            Changed::Put { .. } | Changed::TakenBack { .. } | Changed::Deleted(_) | Changed::Labelled { .. }
        ) {
            self.outdate_parameters_beside(origin);
        }
        match changed {
            Changed::Sent { commands, trouble } => {
                match commands.as_slice() {
                    [id] => self.tell(format!("Command {} was accepted.", cut(&clean(id), 9))),
                    several => self.tell(format!("{} were accepted.", count(several.len(), "command"))),
                }
                if let Some(trouble) = trouble {
                    self.fail(in_doubt(trouble));
                }
                self.wait_for(origin, commands.clone());
                // Where the commands are on the screen already, the list they were sent from stays.
                let beside = self.pane != Pane::Commands && self.shows(Pane::Commands);
                let commands = before.into_iter().chain(commands).collect();
                match beside {
                    true => self.on_other_side(|state| state.show_sent(origin, commands, fx)),
                    false => self.show_sent(origin, commands, fx),
                }
            }
            Changed::Cancelled(id) => {
                let told = format!("Command {} is being cancelled.", cut(&clean(&id), 9));
                self.begin_work(origin, vec![id], Work::Cancel, told);
                self.ask(origin, Query::Commands, fx);
            }
            Changed::Scanning { commands, nodes, trouble } => self.scan_began(origin, &commands, nodes, trouble, fx),
            Changed::Terminated(id) => {
                self.begin_end(origin, &id);
                self.ask(origin, Query::Sessions, fx);
            }
            Changed::OnNode { node, what } => self.done_on_node(&NodeId::new(origin, node), &what),
            Changed::Put { name, version } => self.parameter_written(origin, &name, version, fx),
            Changed::Tagged(change) => self.tagged(origin, vec![*change]),
            Changed::Retagged { done, failed } => {
                failed.into_iter().for_each(|trouble| self.fail(trouble));
                self.tagged(origin, done);
            }
            // Its form stays: that is told where it is known which one it is.
            Changed::Outdated { .. } => {}
            Changed::TakenBack { back, version } => self.taken_back(origin, &back, version, fx),
            Changed::Overtaken { back, newest } => self.overtaken(origin, &back, newest, fx),
            Changed::Deleted(name) => self.parameter_deleted(origin, &name),
            Changed::Labelled { name, invalid } => self.parameter_labelled(origin, &name, &invalid),
        }
    }

    /// Shows the results of what was sent.
    fn show_sent(&mut self, origin: Origin, commands: Vec<String>, fx: &mut Vec<Effect>) {
        self.go(Pane::Commands, fx);
        self.commands.cursor.at = 0;
        self.ask(origin, Query::Commands, fx);
        // Of several commands none is more worth looking at than the others.
        match self.sent_together {
            0 | 1 => self.open_results(origin, commands, fx),
            _ => self.commands.results = None,
        }
    }
}
