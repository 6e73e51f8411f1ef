//! Places: what a console can look at, as the user's files and the command line describe it.
//!
//! A place is called by the name of a context, or by a profile of AWS's configuration and a region: `prod/eu-west-1`.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use toml::{Spanned, de::DeValue};

use super::{
    aws::{AwsFiles, SignIn},
    context::{Context, Contexts, LOCAL},
    regions,
    settings::{Clipboard, Every, Settings, Threshold},
};

/// One account and region, or one endpoint, under the name the user knows it by.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct Place {
    /// A context, or a profile and a region: `prod`, `prod/eu-west-1`.
    pub name: String,
    /// Whom to call there.
    pub context: Context,
    /// A line that is shown while one looks there: "demo: commands and shells run for real on this machine".
    pub notice: Option<String>,
    /// What to do when nobody answers there any more, where that is not what it is for every endpoint.
    pub when_gone: Option<String>,
    /// Whether nodes come by themselves, so that an empty fleet is one that is still starting.
    pub arriving: bool,
    /// Seconds between background refreshes, where they are to be fewer than the settings say.
    pub refresh: Option<u64>,
    /// Whether everything that changes something there is refused.
    pub read_only: bool,
    /// Whether that is so only as long as the settings are not in order.
    #[serde(skip)]
    pub is_in_doubt: bool,
    /// Whether nodes there may be looked into although it is read-only. Not set: where the endpoint is on this machine.
    pub probe: Option<bool>,
    /// Time between samples of the disks and the memory of its nodes. Not set: 30 s where the endpoint is on this machine.
    pub sample_every: Option<Every>,
    /// How its name is shown: a role or a colour of the theme.
    pub accent: Option<String>,
    /// The theme that is in force while one looks there, instead of the user's own.
    pub theme: Option<String>,
    /// From this many nodes on, a change must be confirmed by typing the count, where the settings' number does not hold.
    pub confirm_above: Option<usize>,
}

/// What holds for every place of a name: `[[policy]]` in the settings.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Policy {
    /// A pattern for the name or the profile; `*` stands for anything, `?` for one character. Case does not matter.
    #[serde(rename = "match")]
    pub pattern: String,
    /// How the name is shown: a role or a colour of the theme. `production` says so in words too.
    pub accent: Option<String>,
    /// The theme that is in force while one looks there.
    pub theme: Option<String>,
    /// Whether everything that changes something there is refused.
    #[serde(default)]
    pub read_only: bool,
    /// Whether nodes there may be looked into although it is read-only.
    pub probe: Option<bool>,
    /// Time between samples of the disks and the memory of its nodes, such as `30s`; `off` for none.
    pub sample_every: Option<Every>,
    /// From this many nodes on, a change must be confirmed by typing the count.
    pub confirm_above: Option<usize>,
}

impl Policy {
    /// What stands in place of one that is not in order: where it would hold nothing is changed, and that is everywhere if it
    /// does not say where.
    pub fn strict(written: &Spanned<DeValue<'_>>) -> Self {
        let entry = |name: &str| Some(written.get_ref().as_table()?.get(name)?.get_ref());
        let text = |name: &str| Some(entry(name)?.as_str()?.to_owned());
        Self {
            pattern: text("match").unwrap_or_else(|| "*".to_owned()),
            accent: text("accent"),
            theme: text("theme"),
            read_only: true,
            // Whatever it says but `true` may have been meant to keep looks away.
            probe: entry("probe").map(|probe| probe.as_bool() == Some(true)),
            ..Self::default()
        }
    }

    /// Whether it holds for a place.
    pub fn matches(&self, place: &Place) -> bool {
        let profile = place.context.profile.as_deref();
        std::iter::once(place.name.as_str()).chain(profile).any(|name| is_like(&self.pattern, name))
    }
}

/// More names than this are not read in a message.
const MOST_NAMED: usize = 12;

/// The places a console can look at, and the policies that hold there.
#[derive(Clone, Debug, Default)]
pub struct Catalogue {
    /// Places that are not in any file, such as the demo's.
    pub own: Vec<Place>,
    /// The user's contexts.
    pub contexts: Contexts,
    /// AWS's files.
    pub aws: AwsFiles,
    /// What holds where. Of several that match, the later ones win, but none makes writable what another made read-only.
    pub policies: Vec<Policy>,
    /// What the command line says over the contexts that it names.
    pub flags: Context,
    /// Whether every place is read-only.
    pub read_only: bool,
    /// Whether nodes may be looked into where nothing else is said.
    pub probe: Option<bool>,
    /// Time between samples where nothing else is said.
    pub sample_every: Option<Every>,
    /// What the settings say as they are written, while that is not in order.
    pub doubtful: Option<Box<Doubtful>>,
    /// What the contexts file says, while it is not in order and was before.
    pub doubtful_contexts: Option<Box<Contexts>>,
}

/// What a settings file says that came not to be in order. Where that is stricter than what is in force, it holds as long.
#[derive(Clone, Debug)]
pub struct Doubtful {
    written: Settings,
    /// The number of the settings in force.
    usual: Threshold,
}

impl Catalogue {
    /// Takes what the settings say of places, which are in order. Nothing they say makes writable what was read-only before
    /// somebody was in doubt of it.
    pub fn take(&mut self, settings: &Settings) {
        self.doubtful = None;
        self.policies.clone_from(&settings.policies);
        self.read_only |= settings.read_only;
        (self.probe, self.sample_every) = (settings.probe, settings.sample_every);
    }

    /// The settings are not in order any more. Where they are stricter than those in force, that holds until they are taken.
    pub fn doubt(&mut self, written: Settings, in_force: &Settings) {
        self.doubtful = Some(Box::new(Doubtful { written, usual: in_force.confirm_above }));
    }

    /// The contexts file is not in order any more, and says this. What that makes read-only is so until others are taken.
    pub fn doubt_contexts(&mut self, written: Contexts) {
        self.doubtful_contexts = Some(Box::new(written));
    }

    /// Takes contexts, which are in order. Answers those from before.
    pub fn take_contexts(&mut self, contexts: Contexts) -> Contexts {
        self.doubtful_contexts = None;
        std::mem::replace(&mut self.contexts, contexts)
    }

    /// What settings that are not in order say of the clipboard.
    pub fn doubtful_clipboard(&self) -> Option<Clipboard> {
        self.doubtful.as_deref().map(|doubtful| doubtful.written.clipboard)
    }

    /// Whether the settings are not in order, although those in force were.
    pub fn is_in_doubt(&self) -> bool {
        self.doubtful.is_some()
    }

    /// The names that are offered: own places, contexts, `local`, and each profile in its own region and in those of others.
    pub fn names(&self) -> Vec<String> {
        let own = self.own.iter().map(|place| place.name.clone());
        let contexts = self.contexts.context.keys().cloned();
        let mut names: Vec<String> = own.collect();
        names.extend(contexts.filter(|name| !self.own.iter().any(|place| place.name == *name)));
        if !names.iter().any(|name| name == LOCAL) {
            names.push(LOCAL.to_owned());
        }
        for (profile, facts) in self.aws.profiles() {
            let others = self.aws.regions().into_iter().filter(|region| facts.region.as_deref() != Some(region));
            let regions = facts.region.as_deref().into_iter().chain(others);
            let named = regions.map(|region| format!("{profile}/{region}"));
            names.extend(named.filter(|name| !self.own.iter().any(|place| place.name == *name)));
        }
        names
    }

    /// Each profile in the regions of AWS that [`Catalogue::names`] has not: too many to read, but to be found by typing.
    pub fn further_names(&self) -> Vec<String> {
        let named: BTreeSet<String> = self.names().into_iter().collect();
        let all = self.aws.profiles().iter().flat_map(|(profile, facts)| {
            let regions = regions::beside(facts.region.as_deref()).iter();
            regions.map(move |region| format!("{profile}/{region}"))
        });
        all.filter(|name| !named.contains(name)).collect()
    }

    /// The place of a name, with the policies applied.
    ///
    /// # Errors
    /// In words, when there is no such context and no such profile.
    pub fn place(&self, name: &str) -> Result<Place, String> {
        let found = self.own.iter().find(|place| place.name == name).cloned();
        let found = found.or_else(|| self.context(name)).or_else(|| self.profile(name));
        found.map(|place| self.governed(place)).ok_or_else(|| {
            let names = self.names();
            let more = if names.len() > MOST_NAMED { ", ..." } else { "" };
            let known = names.into_iter().take(MOST_NAMED).collect::<Vec<_>>().join(", ");
            format!(
                "there is no context {name:?} and no such profile; a profile is named with its region, and there are \
                 {known}{more}"
            )
        })
    }

    /// The place that a broken one was meant to be, now that the contexts are in order; the flags of the command line are over it as
    /// they were. `None` where none is called so: nothing else is taken instead.
    pub fn mend(&mut self, broken: &Place, was_context: bool) -> Option<Place> {
        let name = match broken.context.stands_for_default {
            true => self.contexts.default.clone()?,
            false => broken.name.clone(),
        };
        let found = match self.contexts.context.get(&name) {
            Some(_) => self.context(&name),
            None if was_context => None,
            // It was named while nobody could know that no context is called so.
            None if name == LOCAL => Some(Place::local()),
            None if broken.context.stands_for_default => None,
            None => self.profile(&name),
        };
        let mut place = found?;
        let own = self.own.iter_mut().find(|own| own.name == broken.name && own.context.broken.is_some());
        if let Some(own) = own {
            if !place.is_local() {
                place.context = place.context.overlaid(&self.flags);
            }
            own.clone_from(&place);
        }
        Some(self.governed(place))
    }

    /// Makes a place read-only that is in no file as it is.
    pub fn tighten(&mut self, name: &str) {
        for own in self.own.iter_mut().filter(|own| own.name == name) {
            (own.read_only, own.context.read_only) = (true, true);
        }
    }

    /// How one signs in for a place, where that is for a person to do. Without a profile it is AWS's `default`, unless the
    /// place brings its own credentials.
    pub fn sign_in(&self, place: &Place) -> Option<SignIn> {
        let context = &place.context;
        if context.credentials_file.is_some() || self.own.iter().any(|own| own.name == place.name && own.arriving) {
            return None;
        }
        self.aws.sign_in(context.profile.as_deref().unwrap_or("default"))
    }

    /// Whether the credentials of a place are keys that stand in a file.
    pub fn has_keys(&self, place: &Place) -> bool {
        let context = &place.context;
        context.credentials_file.is_some() || self.aws.has_keys(context.profile.as_deref().unwrap_or("default"))
    }

    /// A place with the policies applied.
    #[must_use]
    pub fn governed(&self, place: Place) -> Place {
        let mut governed = self.governed_in_order(place.clone());
        let mut forbids = self.doubtful_contexts.as_deref().is_some_and(|written| written.forbids(&place.name));
        if let Some(Doubtful { written, usual }) = self.doubtful.as_deref() {
            let strict = place.under(&written.policies);
            forbids |= strict.read_only || written.read_only;
            let above = written.confirm_above.under(strict.confirm_above);
            if above < usual.under(governed.confirm_above) {
                governed.confirm_above = Some(above);
            }
        }
        governed.is_in_doubt = !governed.read_only && forbids;
        governed.read_only |= forbids;
        governed
    }

    fn governed_in_order(&self, place: Place) -> Place {
        let mut place = place.under(&self.policies);
        place.read_only |= self.read_only || self.contexts.is_guarded;
        place.probe = place.probe.or(self.probe);
        place.sample_every = place.sample_every.or(self.sample_every);
        place
    }

    fn context(&self, name: &str) -> Option<Place> {
        match self.contexts.get(name) {
            Some(context) => Some(Place::from_context(name, context)),
            None => (name == LOCAL).then(Place::local),
        }
    }

    fn profile(&self, name: &str) -> Option<Place> {
        let (profile, region) = match name.rsplit_once('/') {
            Some((profile, region)) if self.aws.profiles().contains_key(profile) && is_word(region) => {
                (profile, region)
            }
            _ => (name, self.aws.profiles().get(name)?.region.as_deref()?),
        };
        let context =
            Context { profile: Some(profile.to_owned()), region: Some(region.to_owned()), ..Context::default() };
        Some(Place::from_context(&format!("{profile}/{region}"), context))
    }
}

impl Place {
    /// A context as a place.
    pub fn from_context(name: &str, context: Context) -> Self {
        Self { name: name.to_owned(), read_only: context.read_only, context, ..Self::default() }
    }

    /// It with these policies applied.
    fn under(mut self, policies: &[Policy]) -> Self {
        let matching: Vec<_> = policies.iter().filter(|policy| policy.matches(&self)).collect();
        for policy in matching {
            self.read_only |= policy.read_only;
            self.accent = policy.accent.clone().or(self.accent);
            self.theme = policy.theme.clone().or(self.theme);
            self.probe = policy.probe.or(self.probe);
            self.sample_every = policy.sample_every.or(self.sample_every);
            self.confirm_above = policy.confirm_above.or(self.confirm_above);
        }
        self
    }

    /// It as it is in no file any more, without what settings that are not in order make of it.
    #[must_use]
    pub fn without_doubt(mut self) -> Self {
        self.read_only &= !self.is_in_doubt;
        (self.is_in_doubt, self.confirm_above) = (false, None);
        self
    }

    /// Whether it is this machine's own fleet.
    pub fn is_local(&self) -> bool {
        self.name == LOCAL && self.context == Context::default()
    }

    /// This machine as a place.
    pub fn local() -> Self {
        Self {
            name: LOCAL.to_owned(),
            notice: Some("local: this machine is the fleet; commands and shells run here".to_owned()),
            when_gone: Some("The engine of this machine has ended: leave, and start `fleetdeck` again.".to_owned()),
            arriving: true,
            refresh: Some(NEARBY_REFRESH),
            ..Self::default()
        }
    }
}

/// Seconds between background refreshes of a fleet on this machine, where looking often costs nothing and nodes come and
/// go in seconds.
pub const NEARBY_REFRESH: u64 = 2;

fn is_word(region: &str) -> bool {
    !region.is_empty() && region.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
}

/// Whether a text is like a pattern with `*` and `?`, whatever the case of its letters.
pub(super) fn is_like(pattern: &str, text: &str) -> bool {
    let lower = |text: &str| text.to_lowercase().chars().collect::<Vec<_>>();
    let (pattern, text) = (lower(pattern), lower(text));
    // Where to go on when what stands behind the last `*` does not fit here.
    let (mut p, mut t, mut again) = (0, 0, None);
    while t < text.len() {
        match pattern.get(p) {
            Some('*') => {
                again = Some((p + 1, t));
                p += 1;
            }
            Some(c) if *c == '?' || *c == text[t] => (p, t) = (p + 1, t + 1),
            _ => match again {
                Some((behind, from)) => {
                    again = Some((behind, from + 1));
                    (p, t) = (behind, from + 1);
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn catalogue() -> Catalogue {
        let policy = |pattern: &str, read_only, confirm_above| Policy {
            pattern: pattern.to_owned(),
            accent: Some("production".to_owned()),
            read_only,
            confirm_above,
            ..Policy::default()
        };
        Catalogue {
            contexts: Contexts::parse("[context.shop]\nprofile = 'Prod-admin'\n[context.dev]\n").unwrap(),
            aws: AwsFiles::parse(
                "[default]\nregion=eu-west-1\n[profile prod]\nregion=us-east-1\n[profile a/b]\nregion=us-east-1\n[profile bare]\n",
                "",
            ),
            policies: vec![policy("*PROD*", true, None), policy("prod/us-*", false, Some(0))],
            ..Catalogue::default()
        }
    }

    #[test]
    fn contexts_come_first_then_profiles_in_regions() {
        let names = catalogue().names();
        let expected = "dev shop local a/b/us-east-1 a/b/eu-west-1 bare/eu-west-1 bare/us-east-1 default/eu-west-1 \
                        default/us-east-1 prod/us-east-1 prod/eu-west-1";
        assert_eq!(names, expected.split_whitespace().collect::<Vec<_>>());
        for name in &names {
            assert_eq!(catalogue().place(name).unwrap().name, *name);
        }
    }

    #[test]
    fn any_profile_is_found_in_any_region_of_aws() {
        let catalogue = catalogue();
        let (names, further) = (catalogue.names(), catalogue.further_names());
        assert!(further.contains(&"a/b/eu-central-1".to_owned()) && further.contains(&"bare/sa-east-1".to_owned()));
        assert!(further.iter().all(|name| !names.contains(name)), "none is there twice");
        for name in &further {
            assert_eq!(catalogue.place(name).unwrap().name, *name);
        }
    }

    #[test]
    fn a_name_is_a_context_or_a_profile_with_any_region() {
        let place = |name: &str| catalogue().place(name);
        let far = place("a/b/ap-south-1").unwrap();
        assert_eq!((far.context.profile.as_deref(), far.context.region.as_deref()), (Some("a/b"), Some("ap-south-1")));
        assert_eq!(place("prod").unwrap().name, "prod/us-east-1");
        for wrong in ["", "nobody", "nobody/eu-west-1", "prod/", "prod/ eu", "bare"] {
            assert!(place(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_a_damaged_file_may_name_is_nothing_else() {
        let catalogue = |text: &str| Catalogue { contexts: Contexts::read("c.toml", text), ..catalogue() };
        let damaged = catalogue("[context.prod\nregion = 'x'\n[context.stage]\nregion = y\n[context.local\n");
        for name in ["prod", "stage", "local"] {
            let place = damaged.place(name).unwrap();
            assert!(place.name == name && place.read_only && place.context.broken.is_some(), "{name}: {place:?}");
        }
        let far = damaged.place("a/b/eu-west-1").unwrap();
        assert!(far.context.broken.is_none() && !far.read_only, "the file cannot have named this");
        assert!(damaged.place("nobody").is_err());
        assert!(catalogue("[context.stage]\nregion = y\n").place("local").unwrap().is_local());
        let guarded = catalogue("read-only = true\n[context.dev]\n");
        assert!(["dev", "local", "a/b/eu-west-1"].iter().all(|name| guarded.place(name).unwrap().read_only));
    }

    #[test]
    fn what_is_mended_is_what_was_meant_and_nothing_else() {
        // Started with this file, the command line naming a context and another region for it, or neither.
        let mend = |damaged: &str, named: Option<&str>, text: &str| {
            let contexts = Contexts::read("c.toml", damaged);
            let flags = Context { region: named.map(|_| "sa-east-1".to_owned()), ..Context::default() };
            let choice = contexts.choose(named, &flags, true).unwrap();
            let super::super::context::Choice::Remote { name: Some(name), context } = choice else {
                panic!("{choice:?}")
            };
            let was_context = contexts.context.contains_key(&name);
            let broken = Place::from_context(&name, context);
            assert!(broken.context.broken.is_some());
            let aws = AwsFiles::parse("[default]\nregion=eu-west-1\n[profile prod]\nregion=us-east-1\n", "");
            let own = vec![broken.clone()];
            let mut catalogue = Catalogue { own, contexts, aws, flags, ..Catalogue::default() };
            catalogue.contexts = Contexts::parse(text).unwrap();
            let mended = catalogue.mend(&broken, was_context);
            assert_eq!(catalogue.own[0].context.broken.is_some(), mended.is_none());
            mended.map(|place| (place.name, place.context.region.unwrap_or_default()))
        };
        let is = |name: &str, region: &str| Some((name.to_owned(), region.to_owned()));
        let sound = "[context.prod]\nregion = 'eu-west-1'\n[context.default]\n";
        assert_eq!(mend("default = 3\n", None, &format!("default = 'prod'\n{sound}")), is("prod", "eu-west-1"));
        assert_eq!(mend("default = 3\n", None, sound), None, "neither the context nor the profile of this name");
        assert_eq!(mend("default = 3\n", None, ""), None);
        assert_eq!(mend("default = 3\n", None, "default = 'prod'\n"), None);
        assert_eq!(mend("[context.default]\nregion = 3\n", Some("default"), ""), None);
        assert_eq!(mend("[context.prod]\nregion = 3\n", Some("prod"), sound), is("prod", "sa-east-1"));
        assert_eq!(mend("[context.prod]\nregion = 3\n", Some("prod"), ""), None);
        // This is what a start with the file in order would have come to.
        assert_eq!(mend("[context.prod\n", Some("prod"), ""), is("prod/us-east-1", "sa-east-1"));
    }

    #[test]
    fn policies_hold_by_name_and_by_profile() {
        let place = |name: &str| catalogue().place(name).unwrap();
        let rules = |name: &str| (place(name).read_only, place(name).confirm_above, place(name).accent.is_some());
        assert_eq!(rules("prod/us-east-1"), (true, Some(0), true), "the second takes nothing away from the first");
        assert_eq!(rules("prod/eu-west-1"), (true, None, true));
        assert_eq!(rules("shop"), (true, None, true), "by the profile");
        assert_eq!(rules("dev"), (false, None, false));
    }

    #[test]
    fn patterns_have_stars_and_question_marks() {
        for (pattern, text, like) in [
            ("*", "", true),
            ("", "", true),
            ("", "a", false),
            ("*prod*", "EU-Prod-1", true),
            ("prod", "prod1", false),
            ("a*b*c", "aXbXbc", true),
            ("a*b*c", "aXbXb", false),
            ("?-x", "ä-x", true),
            ("?", "", false),
            ("**a", "ba", true),
        ] {
            assert_eq!(is_like(pattern, text), like, "{pattern:?} {text:?}");
        }
    }
}
