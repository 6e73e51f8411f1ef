//! How a shell is begun: as the first of the settings' profiles says that fits its node, or with a document that was named.

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use crate::{
    config::{session::SessionProfile, written::Problem},
    console::{
        effect::Effect,
        origin::Origin,
        state::{
            State,
            filter::Matching,
            fleet::query::{Query, Row, remarks},
        },
        text::clean,
    },
};

/// What is wrong with the filters of `[[session]]` in a settings file.
pub fn problems(text: &str) -> Vec<Problem> {
    let Ok(file) = DeTable::parse(text) else { return Vec::new() };
    let sessions = file.get_ref().get("session").and_then(|sessions| sessions.get_ref().as_array());
    let filters = sessions.into_iter().flatten().filter_map(|session| session.get_ref().as_table()?.get("match"));
    let problem = |filter: &Spanned<DeValue<'_>>| {
        let what = remarks(filter.get_ref().as_str()?, |_| None).into_iter().next()?;
        let problem = Problem::of_settings(text, filter.span().start, format!("[[session]] match: {what}"));
        Some(problem.instead("it is left out"))
    };
    filters.filter_map(problem).collect()
}

impl State {
    /// The first profile that fits a node. One whose filter makes no sense fits none, and says so.
    pub(in crate::console::state) fn session_profile(
        &mut self,
        origin: Origin,
        node: &str,
    ) -> Option<Box<SessionProfile>> {
        let mut wrong = Vec::new();
        let fits = |profile: &&SessionProfile| {
            if let Some(remark) = self.fleet.remarks(&profile.filter).first() {
                wrong.push(format!("[[session]] match = \"{}\" is left out: {remark}", clean(&profile.filter)));
                return false;
            }
            let query = Query::parse(&profile.filter, &[]);
            let row = |node| Row { node, marked: false, served: false, now: self.now };
            let passes = |node| query.passes(&row(node), &mut Matching::default());
            self.fleet.node_in(origin, node).map_or(query.is_empty(), passes)
        };
        let found = self.settings.sessions.iter().find(fits).cloned().map(Box::new);
        wrong.iter().for_each(|wrong| self.warn(wrong));
        found
    }

    /// Opens a shell on the node of a name, which may have a session document behind it.
    pub(in crate::console::state) fn shell_called(&mut self, text: &str, fx: &mut Vec<Effect>) -> Result<(), String> {
        let (node, document) = match (self.fleet.called(text), text.trim().rsplit_once(' ')) {
            (Ok(node), _) => (node, None),
            (Err(_), Some((name, document))) => (self.fleet.called(name.trim())?, Some(document.to_owned())),
            (Err(error), None) => return Err(error),
        };
        let before = fx.len();
        let opened = self.open_shell(node.origin, &node.id, None, fx);
        let Some(document) = document else { return Ok(()) };
        let named = Some(Box::new(SessionProfile { document: Some(document), ..SessionProfile::default() }));
        for effect in &mut fx[before..] {
            if let Effect::OpenShell { profile, .. } = effect {
                profile.clone_from(&named);
            }
        }
        if let Some(tab) = opened.and_then(|id| self.shells.tab_mut(id)) {
            tab.profile = named;
        }
        Ok(())
    }
}
