//! The parameter the cursor rests on: its details as they are wanted, its secret as long as it is revealed.

use std::time::Duration;

use super::{
    Level, Parameters,
    facts::Facts,
    secret::{Secret, Shown},
    tree::Name,
    versions::{Versions, wipe_lines},
};
use crate::{
    console::{effect::Query, text::clean},
    ssm::{self, Timestamp},
};

/// How long the cursor rests on a parameter before its value, tags and versions are fetched.
const REST: Duration = Duration::from_millis(200);

/// What is known of the parameter under the cursor beyond the facts of the list.
#[derive(Clone, Debug)]
pub struct Focus {
    /// The parameter.
    pub name: Name,
    /// Its value; of a secret, only while it is revealed.
    pub shown: Option<Shown>,
    /// Its tags. `None`: not known yet.
    pub tags: Option<Vec<(String, String)>>,
    /// Its versions.
    pub versions: Versions,
    /// The version its details belong to, and whether that is a secret.
    stand: (Option<i64>, bool),
    since: Timestamp,
    asked: bool,
}

/// What became of an attempt to reveal something.
#[derive(Clone, Debug, PartialEq)]
pub enum Reveal {
    /// It has to be fetched.
    Ask(Query),
    /// It was shown and is hidden now.
    Hidden,
    /// There is nothing secret here.
    Nothing,
}

impl Parameters {
    /// The details follow the cursor. What was known of another parameter is wiped.
    pub(super) fn refocus(&mut self, now: Timestamp) {
        let current = self.current().map(|(name, facts)| (name.clone(), (facts.version, facts.is_secret())));
        let Some((name, stand)) = current else {
            self.unfocus();
            return;
        };
        match &mut self.focus {
            Some(focus) if focus.name == name => {
                // A newer version came to be, or another parameter of that name: what was fetched is out of date.
                if focus.stand != stand {
                    (focus.asked, focus.stand) = (false, stand);
                    focus.shown = None;
                    self.value_feed.forget();
                }
            }
            _ => {
                self.unfocus();
                self.focus = Some(Focus {
                    name,
                    shown: None,
                    tags: None,
                    versions: Versions::default(),
                    stand,
                    since: now,
                    asked: false,
                });
            }
        }
    }

    fn unfocus(&mut self) {
        if self.focus.is_none() {
            return;
        }
        self.close_comparison();
        if self.level != Level::Tree {
            self.level = Level::Tree;
        }
        self.focus = None;
        self.copying = None;
        for feed in [&mut self.value_feed, &mut self.tags_feed, &mut self.history_feed] {
            feed.forget();
        }
    }

    /// What is to be asked because the cursor rests on a parameter.
    pub fn wants(&mut self, now: Timestamp) -> Vec<Query> {
        let Some(focus) = self.focus.as_mut().filter(|focus| !focus.asked && now >= focus.since.plus(REST)) else {
            return Vec::new();
        };
        focus.asked = true;
        focus.versions.begin();
        self.decrypted = false;
        let name = focus.name.to_string();
        let secret = self.names.facts(&name).is_none_or(Facts::is_secret);
        let value = (!secret).then(|| Query::Value { name: name.clone(), secret: false });
        value.into_iter().chain([Query::ParameterTags(name.clone()), Query::History { name, secret: false }]).collect()
    }

    /// Fetches the details of the parameter under the cursor again.
    pub fn refresh_details(&mut self) {
        if let Some(focus) = &mut self.focus {
            focus.asked = false;
        }
    }

    /// When the cursor has rested long enough for details to be fetched.
    pub fn rests_at(&self) -> Option<Timestamp> {
        self.focus.as_ref().filter(|focus| !focus.asked).map(|focus| focus.since.plus(REST))
    }

    /// When a secret that is revealed is hidden.
    pub fn hides_at(&self) -> Option<Timestamp> {
        let focus = self.focus.as_ref()?;
        let hidden = focus.shown.as_ref().and_then(|shown| shown.until);
        hidden.into_iter().chain(focus.versions.until).min()
    }

    /// Reveals or hides the secret of what is looked at.
    pub fn reveal(&mut self) -> Reveal {
        let Some(focus) = &mut self.focus else { return Reveal::Nothing };
        let name = focus.name.to_string();
        if !self.names.facts(&name).is_some_and(Facts::is_secret) {
            return Reveal::Nothing;
        }
        match self.level {
            Level::Tree | Level::Details => {
                if focus.shown.take().is_some() || self.value_feed.is_loading() {
                    self.value_feed.forget();
                    return Reveal::Hidden;
                }
                Reveal::Ask(Query::Value { name, secret: true })
            }
            Level::Versions | Level::Comparison => {
                if focus.versions.hide() {
                    self.close_comparison();
                    return Reveal::Hidden;
                }
                focus.versions.begin();
                self.decrypted = true;
                Reveal::Ask(Query::History { name, secret: true })
            }
        }
    }

    /// A value came. One of another parameter is dropped.
    pub fn land_value(&mut self, value: ssm::Parameter, now: Timestamp, reveal: Duration) {
        let Some(focus) = &mut self.focus else { return };
        let (Some(name), Some(text)) = (value.name, value.value) else { return };
        let text = Secret::from(text);
        if *name != *focus.name {
            return;
        }
        let secret = self.names.facts(&name).is_none_or(Facts::is_secret);
        focus.shown = Some(Shown { value: text, version: value.version, until: secret.then(|| now.plus(reveal)) });
    }

    /// Tags came.
    pub fn land_tags(&mut self, tags: &[ssm::Tag]) {
        if let Some(focus) = &mut self.focus {
            let mut tags: Vec<_> = tags.iter().map(|tag| (clean(&tag.key), clean(&tag.value))).collect();
            tags.sort();
            focus.tags = Some(tags);
        }
    }

    /// Versions came. Decrypted ones are shown for the time of a reveal.
    pub fn land_versions(&mut self, page: Vec<ssm::ParameterHistory>, now: Timestamp, reveal: Duration) {
        let Some(focus) = &mut self.focus else { return };
        let own = |version: &ssm::ParameterHistory| version.name.as_deref().is_none_or(|name| *name == *focus.name);
        let page: Vec<_> = page.into_iter().filter(own).collect();
        focus.versions.land(page, self.decrypted);
        if self.decrypted {
            focus.versions.until = Some(now.plus(reveal));
        }
    }

    /// All versions came.
    pub fn finish_versions(&mut self) {
        if let Some(focus) = &mut self.focus {
            focus.versions.finish();
        }
    }

    /// Hides secrets whose time is over. Whether there were any.
    pub fn expire(&mut self, now: Timestamp) -> bool {
        let over = |until: Option<Timestamp>| until.is_some_and(|until| until <= now);
        let Some(focus) = &mut self.focus else { return false };
        let mut any = false;
        if focus.shown.as_ref().is_some_and(|shown| over(shown.until)) {
            focus.shown = None;
            any = true;
        }
        if over(focus.versions.until) {
            focus.versions.hide();
            self.close_comparison();
            any = true;
        }
        any
    }

    /// Hides every secret, and drops those on their way: the user goes elsewhere.
    pub fn hide(&mut self) {
        let Some(focus) = &mut self.focus else { return };
        if focus.shown.as_ref().is_some_and(|shown| shown.until.is_some()) {
            focus.shown = None;
        }
        let secret = self.names.facts(&focus.name).is_some_and(Facts::is_secret);
        let revealed = focus.versions.hide();
        if secret {
            self.value_feed.forget();
            self.history_feed.forget();
            focus.asked = false;
        }
        if revealed {
            self.close_comparison();
        }
    }

    pub(super) fn close_comparison(&mut self) {
        if let Some(mut viewer) = self.viewer.take() {
            wipe_lines(&mut viewer.lines);
        }
        if self.level == Level::Comparison {
            self.level = Level::Versions;
        }
    }
}
