//! What actions and answers do in the pane.

use std::time::Duration;

use super::{Level, facts::Facts, focus::Reveal, forms};
use crate::{
    console::{
        action::{Action, Kind},
        effect::{Change, Effect, Query, Source},
        origin::Origin,
        state::{
            Pane, State, difference,
            form::{Form, Purpose},
            overlay::{Overlay, Question, Then, listed},
        },
        text::{clean, count},
        update::{Page, Trouble},
    },
    ssm::{self, ParameterTier, ParameterType},
};

impl State {
    pub(in crate::console::state) fn act_parameters(&mut self, action: Action, fx: &mut Vec<Effect>) {
        if self.parameters.step(action) {
            return;
        }
        if action.kind() == Kind::Change && self.protects(self.parameters.origin) {
            return;
        }
        match action {
            Action::NextOrigin => self.next_origin(fx),
            Action::Back => self.leave_step(fx),
            Action::ExpandAll => self.parameters.expand_all(),
            Action::Open if self.parameters.level == Level::Versions => self.compare_versions(),
            Action::Open => self.parameters.open(),
            Action::Left if self.parameters.level != Level::Tree => self.leave_step(fx),
            Action::Left | Action::Right => {
                self.parameters.fold(action);
            }
            Action::History if self.parameters.open_versions() => {}
            Action::History => self.tell("Put the cursor on a parameter to see its versions."),
            Action::Reveal => self.reveal(fx),
            Action::CopyValue => self.copy_value(fx),
            Action::PickResult => {
                if let Some(versions) = self.parameters.versions_mut() {
                    versions.pick();
                }
            }
            Action::DiffGroups => self.compare_versions(),
            Action::CreateParameter => self.open_form(forms::create(&self.parameters.branch())),
            Action::EditParameter => match self.parameters.edit_form() {
                Ok(form) => self.open_form(form),
                Err(why) => self.tell(why),
            },
            Action::DeleteParameter => self.ask_delete(),
            Action::RestoreVersion => self.ask_restore(),
            Action::LabelVersion | Action::UnlabelVersion => self.label_form(action),
            Action::Copy => {
                if let Some(path) = self.parameters.path() {
                    self.copy(Some(path), fx);
                }
            }
            Action::Save | Action::Pipe => self.hand_out_comparison(action),
            Action::WholeText => self.whole_text(fx),
            _ => {}
        }
    }

    fn leave_step(&mut self, fx: &mut Vec<Effect>) {
        if self.parameters.level == Level::Versions {
            fx.push(Effect::Forget { source: Source::History, side: self.split.side() });
        }
        self.parameters.back();
    }

    fn reveal(&mut self, fx: &mut Vec<Effect>) {
        match self.parameters.reveal() {
            Reveal::Ask(query) => self.ask(self.parameters.origin, query, fx),
            Reveal::Hidden => {
                fx.push(Effect::Forget { source: Source::Value, side: self.split.side() });
                self.tell("Hidden again.");
            }
            Reveal::Nothing => self.tell("There is no secret here to reveal."),
        }
    }

    /// Copies the value under the cursor. What is hidden is fetched for that, and stays hidden.
    fn copy_value(&mut self, fx: &mut Vec<Effect>) {
        let (Some((name, facts)), Some(focus)) = (self.parameters.current(), self.parameters.focus()) else {
            return self.tell("Put the cursor on a parameter to copy its value.");
        };
        let version = focus.versions.current().filter(|_| self.parameters.level == Level::Versions);
        let value = match version {
            Some(version) => version.value.as_ref(),
            None => focus.shown.as_ref().map(|shown| &shown.value),
        };
        let (name, secret) = (name.to_string(), facts.is_secret());
        match (value.map(|value| value.expose().to_owned()), version) {
            (Some(value), _) => self.value_copied(&name, value, fx),
            (None, Some(_)) => self.tell("The value of this version is hidden; reveal it to copy it."),
            (None, None) => {
                self.parameters.copying = Some(name.clone());
                self.ask(self.parameters.origin, Query::Value { name, secret }, fx);
            }
        }
    }

    fn value_copied(&mut self, name: &str, value: String, fx: &mut Vec<Effect>) {
        self.put_into_clipboard(value, format!("Copied the value of {}.", clean(name)), fx);
    }

    fn compare_versions(&mut self) {
        if let Err(why) = self.parameters.compare() {
            self.tell(why);
        }
    }

    /// Whether secrets are revealed in what is compared.
    pub(in crate::console::state) fn reads_secrets(&self) -> bool {
        self.parameters.focus().is_some_and(|focus| focus.versions.until.is_some())
    }

    /// A comparison of revealed secrets stays out of files and programs.
    pub(in crate::console::state) fn hand_out_comparison(&mut self, action: Action) {
        match (action, self.reads_secrets()) {
            (Action::Pipe, true) => self.warn("A comparison of secrets is not given to a program."),
            (_, true) => self.warn("A comparison of secrets is not written to a file."),
            (Action::Pipe, false) => self.pipe_form(),
            (_, false) => self.save_form(),
        }
    }

    fn open_form(&mut self, form: Form) {
        self.overlays.push(Overlay::Form(Box::new(form)));
    }

    fn label_form(&mut self, action: Action) {
        let Some(focus) = self.parameters.focus().filter(|_| self.parameters.level == Level::Versions) else { return };
        let Some(version) = focus.versions.current() else { return };
        let form = match action {
            Action::LabelVersion => forms::label(&focus.name, version.number),
            _ if version.labels.is_empty() => return self.tell("This version has no labels."),
            _ => forms::unlabel(&focus.name, version.number, &version.labels),
        };
        self.open_form(form);
    }

    fn ask_delete(&mut self) {
        if !self.parameters.lens.marks.is_empty() {
            return self.ask_delete_marked();
        }
        let Some((name, facts)) = self.parameters.current() else {
            return self.tell("Put the cursor on a parameter, or mark those below this branch.");
        };
        let versions = facts.version.and_then(|version| usize::try_from(version).ok());
        let versions = versions.map(|n| format!(" and {} of it", count(n, "version"))).unwrap_or_default();
        let lines = vec![
            clean(name),
            format!("{}{versions}", facts.kind.as_str()),
            "This cannot be taken back; what reads it will fail.".to_owned(),
        ];
        let change = Change::Delete(ssm::DeleteParameter { name: name.to_string() });
        let question = Question::new("Delete this parameter?", lines, Then::change(self.parameters.origin, change))
            .typing_at_least("delete");
        self.pose(question);
    }

    fn ask_delete_marked(&mut self) {
        let origin = self.parameters.origin;
        let names: Vec<String> = self.parameters.lens.marks.iter().map(str::to_owned).collect();
        let secrets = names.iter().filter(|name| self.parameters.facts(name).is_some_and(Facts::is_secret)).count();
        let mut lines = listed(&names, |name| clean(name));
        if secrets > 0 {
            lines.push(format!("{} among them", count(secrets, "secret")));
        }
        lines.push("This cannot be taken back; what reads them will fail.".to_owned());
        let title = format!("Delete {}?", count(names.len(), "parameter"));
        let delete = |name| (origin, Change::Delete(ssm::DeleteParameter { name }));
        let question = Question::new(&title, lines, Then::Change(names.into_iter().map(delete).collect()));
        self.pose(question.typing_at_least("delete"));
    }

    /// Asks whether an earlier version shall be written again; shows what differs from the one in force.
    fn ask_restore(&mut self) {
        let focus = self.parameters.focus().filter(|_| self.parameters.level == Level::Versions);
        let Some(focus) = focus else { return self.tell("Open the versions of a parameter to restore one of them.") };
        let facts = self.parameters.facts(&focus.name);
        let data_type = facts.map(|facts| facts.data_type.clone()).filter(|kind| !kind.is_empty());
        match focus.versions.restoration(&focus.name, data_type) {
            Ok((version, put, lines)) => {
                let began = focus.versions.list.first().map(|newest| newest.number);
                let title = format!("Write version {version} again, as the newest?");
                let change = Change::Restore { version, put: Box::new(put), began };
                self.pose(Question::new(&title, lines, Then::change(self.parameters.origin, change)));
            }
            Err(why) => self.tell(why),
        }
    }

    /// The question before a parameter is written. It says everything but the value. `began`: the version that must still be in
    /// force.
    pub(in crate::console::state) fn confirm_put(&mut self, put: ssm::PutParameter, began: Option<i64>) {
        let kind = put.r#type.as_ref().map_or("a value", ParameterType::as_str);
        let tier = put.tier.as_ref().map_or("", ParameterTier::as_str);
        let mut lines =
            vec![clean(&put.name), format!("{} of {}", clean(kind), count(put.value.chars().count(), "character"))];
        let advanced_before = self.parameters.facts(&put.name).and_then(|facts| facts.tier.clone());
        if put.tier == Some(ParameterTier::Advanced) && advanced_before != Some(ParameterTier::Advanced) {
            lines.push("An advanced parameter is charged for, and cannot become a standard one again.".to_owned());
        } else {
            lines.push(format!("{} tier", clean(tier)));
        }
        let title = match put.overwrite {
            Some(true) => "Write a new version of this parameter?",
            _ => "Create this parameter?",
        };
        let difference = self.difference(&put);
        let change = Change::Put { put: Box::new(put), began };
        let question = Question::new(title, lines, Then::change(self.parameters.origin, change));
        self.pose(question.showing(difference));
    }

    /// What a new version changes, line by line; of a secret only how much, and that only where it was revealed before.
    fn difference(&self, put: &ssm::PutParameter) -> Vec<String> {
        let Some(Overlay::Form(form)) = self.overlays.last() else { return Vec::new() };
        let Purpose::Edit { old, .. } = &form.purpose else { return Vec::new() };
        let mut lines = vec![String::new()];
        if let Some(facts) = self.parameters.facts(&put.name) {
            let new = put.description.as_deref().unwrap_or_default();
            if facts.description != new {
                lines.push(format!("- description: {}", clean(&facts.description)));
                lines.push(format!("+ description: {}", clean(new)));
            }
        }
        match (old, put.r#type == Some(ParameterType::SecureString)) {
            (Some(old), false) => lines.extend(difference::told(old.expose(), &put.value)),
            (Some(old), true) => lines.push(difference::measured(old.expose(), &put.value)),
            (None, false) => {
                lines.push("The value in force has not come yet: what differs from it is not known.".to_owned())
            }
            (None, true) => {
                lines.push(
                    "The old value is hidden; reveal it before you edit it to be told how much differs.".to_owned(),
                );
            }
        }
        lines
    }

    /// What is typed as a secret is not shown while it is typed.
    pub(in crate::console::state) fn mask_form(&mut self) {
        if let Some(Overlay::Form(form)) = self.overlays.last_mut()
            && form.purpose == Purpose::Create
        {
            forms::mask(form);
        }
    }

    /// Fetches what belongs to the parameter the cursor rests on.
    pub(in crate::console::state) fn want_details(&mut self, fx: &mut Vec<Effect>) {
        if self.pane != Pane::Parameters || !self.origins.is_ready(self.parameters.origin) {
            return;
        }
        for query in self.parameters.wants(self.now) {
            self.ask(self.parameters.origin, query, fx);
        }
    }

    /// A page for the pane came.
    pub(in crate::console::state) fn land_parameters(&mut self, page: Page, fx: &mut Vec<Effect>) {
        let (now, reveal) = (self.now, Duration::from_secs(self.settings.reveal));
        match page {
            Page::Parameters(list) => {
                self.parameters.land(&list);
                self.date_versions();
            }
            Page::Value(mut value) if value.name.is_some() && value.name == self.parameters.copying => {
                if let (Some(name), Some(text)) = (self.parameters.copying.take(), value.value.take()) {
                    self.value_copied(&name, text.0, fx);
                }
            }
            Page::Value(value) => {
                self.parameters.land_value(*value, now, reveal);
                self.edit_awaited();
                self.compare_edits();
            }
            Page::ParameterTags(tags) => self.parameters.land_tags(&tags),
            Page::History(list) => self.parameters.land_versions(list, now, reveal),
            _ => {}
        }
    }

    /// The value that an editor waits for is here.
    fn edit_awaited(&mut self) {
        let here = self.parameters.current().map(|(name, _)| name.to_string());
        if let Some(Overlay::Form(form)) = self.overlays.last_mut()
            && matches!(&form.purpose, Purpose::Awaited { name } if Some(name) == here.as_ref())
        {
            match self.parameters.edit_form() {
                Ok(edit) => **form = edit,
                Err(why) => {
                    self.overlays.pop();
                    self.tell(why);
                }
            }
        }
    }

    /// The value is here that a form would overwrite: what it changes is told beside that.
    fn compare_edits(&mut self) {
        let here = self.parameters.current().map(|(name, _)| name.to_string());
        let shown = self.parameters.focus().and_then(|focus| focus.shown.as_ref());
        for overlay in &mut self.overlays {
            if let Overlay::Form(form) = overlay
                && let Purpose::Edit { name, old, began: began @ Some(_) } = &mut form.purpose
                && old.is_none()
                && Some(&*name) == here.as_ref()
                && let Some(shown) = shown.filter(|shown| shown.version == *began)
            {
                *old = Some(shown.value.clone());
            }
        }
    }

    /// A parameter was not written, since somebody else has written or deleted it meanwhile. The form stays with what was typed
    /// into it, and is about what is in force now.
    pub(in crate::console::state) fn parameter_outdated(
        &mut self,
        origin: Origin,
        outdated: (&str, i64, Option<i64>),
        number: Option<u64>,
        fx: &mut Vec<Effect>,
    ) {
        let (name, began, newest) = outdated;
        let told = clean(name);
        let what = match newest {
            Some(newest) => format!(
                "{told}: refused, it was changed by somebody else meanwhile (version {newest}, you began from {began})"
            ),
            None => {
                format!("{told}: refused, it was deleted by somebody else meanwhile (you began from version {began})")
            }
        };
        let advice = match newest {
            Some(_) => "Nothing was written: look at what it says now, and write again.",
            None => "Nothing was written: to write again creates it anew.",
        };
        for overlay in &mut self.overlays {
            if let Overlay::Form(form) = overlay
                && form.waits_for(number)
            {
                (form.sent, form.problem) = (None, Some(format!("{what}\n{advice}")));
                if let Purpose::Edit { old, began, .. } = &mut form.purpose {
                    (*old, *began) = (None, newest);
                }
            }
        }
        self.fail(Trouble::new(what, Some(advice)));
        if origin == self.parameters.origin {
            self.compare_edits();
            self.ask(origin, Query::Parameter(name.to_owned()), fx);
        }
    }

    /// An answer for the pane is over; `whole` if nothing is missing.
    pub(in crate::console::state) fn end_parameters(&mut self, source: Source, whole: bool) {
        match source {
            // What it is to begin with does not come.
            Source::Value if !whole => {
                self.parameters.copying = None;
                self.overlays.retain(|overlay| {
                    !matches!(overlay, Overlay::Form(form) if matches!(form.purpose, Purpose::Awaited { .. }))
                });
            }
            Source::Parameters => self.parameters.finish(whole),
            Source::History if whole => self.parameters.finish_versions(),
            _ => {}
        }
    }

    /// A parameter was written.
    pub(in crate::console::state) fn parameter_written(
        &mut self,
        origin: Origin,
        name: &str,
        version: Option<i64>,
        fx: &mut Vec<Effect>,
    ) {
        // The tree may be that of another place by now, with a parameter of the same name.
        let here = origin == self.parameters.origin;
        let known = self.parameters.facts(name).filter(|_| here).and_then(|facts| facts.version);
        let told = version.map(|version| format!(" as version {version}")).unwrap_or_default();
        let advice = version.map(|version| self.version_written(origin, name, version)).unwrap_or_default();
        self.tell(format!("Wrote {}{told}.{advice}", clean(name)));
        // The service takes a value whatever was written since it was looked at; that must not pass unseen.
        if let (Some(known), Some(version)) = (known, version)
            && version > known + 1
        {
            let others = usize::try_from(version - known - 1).unwrap_or(usize::MAX);
            self.warn(format!(
                "{} was changed by someone else meanwhile ({}). Compare the versions.",
                clean(name),
                count(others, "version")
            ));
        }
        if !here {
            return;
        }
        self.parameters.hide();
        self.parameters.go_to(name, self.now);
        self.ask(self.parameters.origin, Query::Parameter(name.to_owned()), fx);
    }

    /// A parameter was deleted.
    pub(in crate::console::state) fn parameter_deleted(&mut self, origin: Origin, name: &str) {
        self.tell(format!("Deleted {}.", clean(name)));
        self.forget_versions(origin, name);
        if origin == self.parameters.origin {
            self.parameters.remove(name, self.now);
        }
    }

    /// Labels of a parameter were changed.
    pub(in crate::console::state) fn parameter_labelled(&mut self, origin: Origin, name: &str, invalid: &[String]) {
        match invalid.is_empty() {
            true => self.tell(format!("The labels of {} are changed.", clean(name))),
            false => self.warn(format!("Not taken as labels: {}", clean(&invalid.join(", ")))),
        }
        if origin == self.parameters.origin {
            self.parameters.refresh_details();
        }
    }
}
