//! The user's files read again while the console runs. What is in order takes effect at once; what is not is told with its
//! place, and what was in force stays.

use super::{
    action::Action,
    effect::Effect,
    looks::Looks,
    origin::{Changed, Governed},
    pulse::Pulse,
    state::State,
    watch::{Files, shown},
};
use crate::config::{
    context::{Contexts, LOCAL},
    keymap::{Keymap, Problem},
    paths::{Paths, read_optional},
    settings::{self, Settings},
};

/// What the command line and the place make of the user's settings.
pub type Adjust = Box<dyn Fn(&mut Settings) + Send>;

/// The user's files as they were last read.
pub(super) struct Read {
    pub paths: Paths,
    pub adjust: Adjust,
    /// Whether the command line names the theme: then no file does.
    pub theme_is_given: bool,
    pub settings: Settings,
    /// What is wrong with the settings, if they are not those in force for that.
    pub faults: Vec<Problem>,
    /// What is wrong with the theme, if it is not in force as its file is for that.
    pub theme_fault: Option<String>,
    pub keymap: Option<String>,
    pub contexts: Contexts,
    /// The state they were in.
    pub files: Files,
}

impl Pulse {
    /// Reads all files again. What is to be done for what they say.
    #[must_use]
    pub(super) fn reload(&mut self) -> Vec<Effect> {
        self.state.dirty = true;
        self.reload_settings();
        reload_keymap(&mut self.read, &mut self.state);
        let mut fx = Vec::new();
        let governed = reload_contexts(&mut self.read, &mut self.state, &mut fx);
        self.enforce(&governed);
        self.state.themes = Looks::names(&self.read.paths);
        let outcome = self.looks.reload();
        let told = std::mem::replace(&mut self.read.theme_fault, outcome.as_ref().err().cloned());
        match outcome {
            Ok(true) => self.state.tell(format!("The theme {} is as its file says now.", self.looks.name())),
            Ok(false) => {}
            // Another file changed, and this one is as it was.
            Err(problem) if told.as_ref() == Some(&problem) => {}
            Err(problem) => self.state.advise(problem, "The theme stays as it was until its file is in order."),
        }
        fx
    }

    fn reload_settings(&mut self) {
        let path = self.read.paths.settings();
        let mut settings = super::settings(&self.read.paths);
        if settings.is_damaged {
            let governed = doubt_settings(&mut self.read, &mut self.state, settings);
            return self.enforce(&governed);
        }
        self.read.faults.clear();
        (self.read.adjust)(&mut settings);
        if settings == self.read.settings && !self.state.catalogue.is_in_doubt() {
            return;
        }
        let before = std::mem::replace(&mut self.read.settings, settings.clone());
        if settings.theme != before.theme && !self.read.theme_is_given {
            self.state.set_theme(&settings.theme);
        }
        self.looks.set(&settings);
        // One key may have changed it since the file was read.
        if settings.mouse != self.state.settings.mouse {
            // A terminal that is gone shows itself with the next frame.
            let _ = self.tty.set_mouse(settings.mouse);
        }
        let governed = self.state.govern(&settings);
        self.enforce(&governed);
        self.state.tell(match path.exists() {
            true => format!("{} is in force.", shown(&path)),
            false => format!("{} is gone: the usual settings are in force again.", shown(&path)),
        });
        if settings.forwards != before.forwards || governed.later || (before.read_only && !settings.read_only) {
            self.state.tell("Forwards, and leave to change things or to look into nodes, count from the next start.");
        }
        let (keymap, _) = keymap_of(&shown(&self.read.paths.keymap()), self.read.keymap.as_deref());
        self.state.take_settings(settings, keymap);
    }

    /// Changes are refused, or made again, where that is another matter now.
    fn enforce(&mut self, governed: &Governed) {
        governed.refusing.iter().for_each(|origin| self.performer.refuse_changes(*origin));
        governed.allowing.iter().for_each(|origin| self.performer.allow_changes(*origin));
    }
}

/// Settings that are not in order change nothing, but for what they make stricter until they are. What is wrong with them is
/// told once.
fn doubt_settings(read: &mut Read, state: &mut State, settings: Settings) -> Governed {
    let told = std::mem::replace(&mut read.faults, settings.problems.clone());
    let governed = state.doubt(settings, &read.settings);
    let fresh = read.faults.iter().filter(|problem| !told.contains(problem));
    let fresh = fresh.map(|problem| (problem, settings::stricter(problem)));
    // What is told last is the first that is seen.
    let (guards, others): (Vec<_>, Vec<_>) = fresh.partition(|(_, stricter)| stricter.is_some());
    for (problem, stricter) in others.into_iter().chain(guards) {
        state.advise(
            problem.fault(),
            stricter
                .unwrap_or("The settings stay as they were until the file is in order; what they make stricter holds."),
        );
    }
    governed
}

fn keymap_of(name: &str, text: Option<&str>) -> (Keymap<Action>, Vec<Problem>) {
    super::keymap(text.map(|text| (name, text)))
}

fn reload_keymap(read: &mut Read, state: &mut State) {
    let path = read.paths.keymap();
    let text = match read_optional(&path) {
        Ok(text) => text,
        Err(error) => return state.warn(format!("{}: {error}", shown(&path))),
    };
    if text == read.keymap {
        return;
    }
    let (keymap, problems) = keymap_of(&shown(&path), text.as_deref());
    let is_gone = text.is_none();
    read.keymap = text;
    if problems.is_empty() {
        state.take_keymap(keymap);
        return state.tell(match is_gone {
            true => format!("{} is gone: the shipped keys are in force again.", shown(&path)),
            false => format!("{} is in force.", shown(&path)),
        });
    }
    for problem in problems {
        state.advise(problem.fault(), "The keys stay as they were until the file is in order.");
    }
}

/// Reads the contexts again. Where changes are refused, or made again, from now on.
#[must_use]
fn reload_contexts(read: &mut Read, state: &mut State, fx: &mut Vec<Effect>) -> Governed {
    let contexts = Contexts::of_file(&read.paths);
    if contexts == read.contexts {
        return Governed::default();
    }
    let path = read.paths.contexts();
    for problem in &contexts.problems {
        state.advise(
            problem.fault(),
            "The contexts stay as they were until the file is in order; what they make read-only is so.",
        );
    }
    let governed = if contexts.problems.is_empty() {
        state.tell(match path.exists() {
            true => format!("{} is in force: @ chooses among what it names.", shown(&path)),
            false => {
                format!("{} is gone: @ chooses among {LOCAL} and the profiles of AWS's configuration.", shown(&path))
            }
        });
        let Changed { refusing, allowing, .. } = state.take_contexts(contexts.clone(), fx);
        Governed { refusing, allowing, later: false }
    } else {
        state.doubt_contexts(contexts.clone())
    };
    read.contexts = contexts;
    governed
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        config::{
            aws::AwsFiles,
            context::{Choice, Context},
            place::Place,
        },
        console::{origin::Origin, testing::Bench},
    };

    fn read(paths: Paths) -> Read {
        Read {
            paths,
            adjust: Box::new(|_| {}),
            theme_is_given: false,
            settings: Settings::default(),
            faults: Vec::new(),
            theme_fault: None,
            keymap: None,
            contexts: Contexts::default(),
            files: Files::default(),
        }
    }

    #[test]
    fn keys_that_are_not_in_order_are_told_and_change_nothing() {
        let root = tempfile::tempdir().unwrap();
        let paths = Paths::below(root.path());
        std::fs::create_dir_all(&paths.config).unwrap();
        let mut bench = Bench::new(false);
        let mut read = read(paths);
        let write = |read: &Read, text: &str| std::fs::write(read.paths.keymap(), text).unwrap();

        write(&read, "[fleet]\nx = 'open-shell'\ns = 'none'\n");
        reload_keymap(&mut read, &mut bench.state);
        assert_eq!(bench.state.key_for(Action::OpenShell).as_deref(), Some("x"));

        write(&read, "[fleet]\nx = 'explode'\nhyperspace = 'mark'\n");
        reload_keymap(&mut read, &mut bench.state);
        assert_eq!(bench.state.key_for(Action::OpenShell).as_deref(), Some("x"));
        let told: Vec<_> = bench.state.notices.all().map(|notice| notice.trouble.what.clone()).collect();
        for line in ["keymap.toml:2: [fleet] \"x\"", "keymap.toml:3: [fleet] \"hyperspace\""] {
            assert!(told.iter().any(|told| told.contains(line)), "{line} in {told:#?}");
        }

        std::fs::remove_file(read.paths.keymap()).unwrap();
        reload_keymap(&mut read, &mut bench.state);
        assert_eq!(bench.state.key_for(Action::OpenShell).as_deref(), Some("s"));
        let told = bench.state.notices.all().next().map(|notice| notice.trouble.what.clone()).unwrap();
        assert!(told.contains("keymap.toml is gone: the shipped keys are in force again"), "{told}");
    }

    /// A console that looks at `prod` and `stage`, of which a change of more than five things is typed in the first.
    fn of_two(root: &std::path::Path) -> (Bench, Read, [Origin; 2]) {
        let paths = Paths::below(root);
        std::fs::create_dir_all(&paths.config).unwrap();
        let settings = Settings::parse("[[policy]]\nmatch = '*prod*'\nconfirm-above = 5\n").unwrap();
        let places = ["prod", "stage"].map(|name| Place { name: name.to_owned(), ..Place::default() });
        let bench = Bench::at(settings.clone(), places.to_vec());
        let [prod, stage] = bench.state.origins.scope()[..] else { panic!() };
        (bench, Read { settings, ..read(paths) }, [prod, stage])
    }

    /// What becomes of a file that is saved with something wrong in it.
    fn doubt(bench: &mut Bench, read: &mut Read, text: &str) -> Governed {
        std::fs::write(read.paths.settings(), text).unwrap();
        let settings = crate::console::settings(&read.paths);
        assert!(settings.is_damaged, "{text}");
        doubt_settings(read, &mut bench.state, settings)
    }

    #[test]
    fn settings_that_are_not_in_order_make_stricter_until_they_are_and_never_looser() {
        let root = tempfile::tempdir().unwrap();
        let (mut bench, mut read, both) = of_two(root.path());
        let now = |bench: &Bench| {
            let origins = &bench.state.origins;
            both.map(|origin| {
                (origins.is_read_only(origin), origins.confirm_above(origin, bench.state.settings.confirm_above))
            })
        };
        let usual = [(false, 5), (false, 10)];
        assert_eq!(now(&bench), usual);
        for (text, stricter) in [
            ("read-only = tru\n", [(true, 5), (true, 10)]),
            ("[[policy]]\nmatch = '*prod*'\nraed-only = true\n", [(true, 5), (false, 10)]),
            ("theme = 3\n[[policy]]\nmatch = '*prod*'\nread-only = true\n", [(true, 5), (false, 10)]),
            ("theme = 3\n[[policy]]\nmatch = 'st*'\nconfirm-above = 2\n", [(false, 5), (false, 2)]),
            ("confirm-above = many\n", [(false, 0), (false, 0)]),
            ("theme = 3\nconfirm-above = 50\n[[policy]]\nmatch = '*'\nconfirm-above = 50\n", usual),
        ] {
            let governed = doubt(&mut bench, &mut read, text);
            assert_eq!(now(&bench), stricter, "{text}");
            let refusing: Vec<_> = both.into_iter().zip(stricter).filter(|(_, (refused, _))| *refused).collect();
            let refusing: Vec<_> = refusing.into_iter().map(|(origin, _)| origin).collect();
            assert_eq!((&governed.refusing, governed.allowing.len()), (&refusing, 0), "{text}");
            // It is saved once more, and one thing is mended and the other is not: nothing comes and goes for that.
            assert_eq!(doubt(&mut bench, &mut read, text), Governed::default(), "{text}");
            let governed = bench.state.govern(&read.settings);
            assert_eq!((now(&bench), governed.allowing, governed.later), (usual, refusing, false), "{text}");
        }
    }

    #[test]
    fn settings_that_are_not_in_order_give_programs_no_more_of_the_clipboard() {
        use crate::console::term::ClipboardPolicy::{self, Allow, Ask, Off};
        let root = tempfile::tempdir().unwrap();
        let asked = "What programs on nodes put into the clipboard is asked about until the settings are in order.";
        let denied = "Programs on nodes put nothing into the clipboard until the settings are in order.";
        let cases: [(&str, &str, ClipboardPolicy, Option<&str>); 10] = [
            ("", "theme = 3\n", Ask, None),
            ("", "theme = 3\nclipboard = 'allow'\n", Ask, None),
            ("", "theme = 3\nclipboard = 'deny'\n", Off, Some(denied)),
            ("", "clipboard = deny\n", Off, Some(denied)),
            ("", "clipbord = 'deny'\n", Off, Some(denied)),
            ("clipboard = 'allow'", "theme = 3\nclipboard = 'allow'\n", Allow, None),
            ("clipboard = 'allow'", "theme = 3\n", Ask, Some(asked)),
            ("clipboard = 'allow'", "theme = 3\nclipboard = 'deny'\n", Off, Some(denied)),
            ("clipboard = 'deny'", "theme = 3\n", Off, None),
            ("clipboard = 'deny'", "theme = 3\nclipboard = 'allow'\n", Off, None),
        ];
        for (before, text, held, said) in cases {
            let (mut bench, mut read, _) = of_two(root.path());
            let in_order = Settings::parse(before).unwrap();
            bench.state.take_settings(in_order.clone(), crate::console::keymap(None).0);
            read.settings = in_order.clone();
            // Saved once more, it is not told once more.
            for _ in 0..2 {
                let _ = doubt(&mut bench, &mut read, text);
                assert_eq!(bench.state.clipboard_policy(), held, "{before} {text}");
            }
            let told = bench.state.notices.all().map(|notice| (notice.trouble.what.as_str(), notice.times));
            let told: Vec<_> = told.filter(|(what, _)| [asked, denied].contains(what)).collect();
            assert_eq!(told, said.map(|said| (said, 1)).into_iter().collect::<Vec<_>>(), "{before} {text}");
            let _ = bench.state.govern(&in_order);
            bench.state.take_settings(in_order, crate::console::keymap(None).0);
            let usual = if before.is_empty() {
                Ask
            } else if before.contains("allow") {
                Allow
            } else {
                Off
            };
            assert_eq!(bench.state.clipboard_policy(), usual, "{before} {text}");
        }
    }

    #[test]
    fn of_settings_that_cannot_be_read_nobody_knows_that_the_clipboard_is_free() {
        let root = tempfile::tempdir().unwrap();
        let paths = Paths::below(root.path());
        std::fs::create_dir_all(paths.settings()).unwrap();
        let settings = crate::console::settings(&paths);
        assert!(settings.is_damaged && settings.read_only);
        assert_eq!(settings.clipboard, crate::config::settings::Clipboard::Deny);
        let advice = settings::stricter(&settings.problems[0]).unwrap();
        assert!(advice.contains("clipboard"), "{advice}");
    }

    #[test]
    fn what_is_read_only_for_another_reason_too_stays_so_when_the_settings_are_in_order() {
        let root = tempfile::tempdir().unwrap();
        let (mut bench, mut read, [prod, stage]) = of_two(root.path());
        let _ = doubt(&mut bench, &mut read, "read-only = tru\n");
        let contexts = Contexts::parse("[context.prod]\nread-only = true\n").unwrap();
        assert_eq!(bench.state.take_contexts(contexts, &mut Vec::new()).refusing, [prod]);
        assert_eq!(bench.state.govern(&Settings::default()).allowing, [stage]);
        assert!(bench.state.origins.is_read_only(prod));
        // A policy says in order what was in doubt before.
        let _ = doubt(&mut bench, &mut read, "read-only = tru\n");
        let strict = Settings::parse("[[policy]]\nmatch = 'st*'\nread-only = true\n").unwrap();
        assert_eq!(bench.state.govern(&strict), Governed::default());
        assert_eq!(bench.state.govern(&Settings::default()).allowing, []);
        assert!(bench.state.origins.is_read_only(stage), "who looks at the console must be able to rely on it");
    }

    #[test]
    fn of_several_problems_what_may_say_what_must_not_be_changed_is_seen_first() {
        let root = tempfile::tempdir().unwrap();
        let (mut bench, mut read, _) = of_two(root.path());
        let _ = doubt(&mut bench, &mut read, "raed-only = true\ntheme = 3\nascii = 4\n");
        let told: Vec<_> = bench.state.notices.all().map(|notice| notice.trouble.clone()).collect();
        assert!(told[0].what.contains("settings.toml:1: no entry is called \"raed-only\""), "{told:#?}");
        assert_eq!(told[0].advice.as_deref(), Some("Nothing is changed anywhere until the file is in order."));
        assert!(told[1..].iter().any(|told| told.what == "prod, stage: read-only until the settings are in order."));
        assert!(bench.screen(80, 24).contains("raed-only"));
    }

    #[test]
    fn a_context_that_was_not_in_order_is_called_once_it_is() {
        let root = tempfile::tempdir().unwrap();
        let paths = Paths::below(root.path());
        std::fs::create_dir_all(&paths.config).unwrap();
        std::fs::write(paths.contexts(), "[context.prod]\nregion = 3\n").unwrap();
        let contexts = Contexts::of_file(&paths);
        let broken = Place::from_context("prod", contexts.context["prod"].clone());
        assert!(
            broken.read_only && broken.context.broken.as_ref().unwrap().contains("contexts.toml:2: [context.prod]")
        );
        let mut bench = Bench::at(Settings::default(), vec![broken]);
        let mut read = read(paths);
        read.contexts = contexts;
        let mut fx = Vec::new();
        std::fs::write(read.paths.contexts(), "[context.prod]\nregion = 'eu-west-1'\n[context.new]\n").unwrap();
        assert_eq!(reload_contexts(&mut read, &mut bench.state, &mut fx), Governed::default());
        let place = fx.iter().find_map(|effect| match effect {
            Effect::Connect { place, .. } => Some(place),
            _ => None,
        });
        let place = place.unwrap_or_else(|| panic!("{fx:#?}"));
        assert_eq!((place.context.region.as_deref(), place.context.broken.as_ref()), (Some("eu-west-1"), None));
        assert!(bench.state.catalogue.names().contains(&"new".to_owned()));
    }

    #[test]
    fn what_a_context_says_while_it_is_looked_at_is_in_force_or_told() {
        let root = tempfile::tempdir().unwrap();
        let paths = Paths::below(root.path());
        std::fs::create_dir_all(&paths.config).unwrap();
        let write = |text: &str| std::fs::write(paths.contexts(), text).unwrap();
        write("[context.prod]\nregion = 'eu-west-1'\n");
        let contexts = Contexts::of_file(&paths);
        let place = Place::from_context("prod", contexts.context["prod"].clone());
        let mut bench = Bench::at(Settings::default(), vec![place]);
        bench.state.catalogue.contexts = contexts.clone();
        let mut read = read(paths.clone());
        read.contexts = contexts;
        let origin = bench.state.origins.first();
        // What is refused from now on, and what is told that is new.
        let mut reload = |bench: &mut Bench| {
            bench.state.notices = Default::default();
            let refusing = reload_contexts(&mut read, &mut bench.state, &mut Vec::new()).refusing;
            (
                refusing,
                bench.state.notices.all().map(|notice| notice.trouble.what.clone()).collect::<Vec<_>>().join("\n"),
            )
        };

        write("[context.prod]\nregion = 'eu-west-1'\nread-only = true\n");
        let (refusing, told) = reload(&mut bench);
        assert!(refusing == [origin] && told.contains("prod is read-only from now on"), "{told}");
        assert!(!told.contains("next start"), "{told}");
        // Settings that are read again take nothing of that back.
        assert!(
            bench.state.govern(&Settings::default()) == Default::default() && bench.state.origins.is_read_only(origin)
        );

        write("[context.prod]\nregion = 'eu-west-1'\n[context.stage]\n");
        let (refusing, told) = reload(&mut bench);
        assert!(
            refusing.is_empty() && told.contains("says of prod has changed: that counts from the next start"),
            "{told}"
        );
        assert!(bench.state.origins.is_read_only(origin));

        write("[context.prod]\nregion = 'us-east-1'\n");
        assert!(reload(&mut bench).1.contains("of prod has changed: that counts from the next start"));

        std::fs::remove_file(paths.contexts()).unwrap();
        let (_, told) = reload(&mut bench);
        assert!(told.contains("contexts.toml is gone: @ chooses among local and the profiles"), "{told}");
        assert!(told.contains("of prod has changed") && !told.contains("in force"), "{told}");
    }

    #[test]
    fn a_guard_that_is_misspelt_in_the_contexts_holds_until_they_are_in_order() {
        let root = tempfile::tempdir().unwrap();
        let (mut bench, mut read, [prod, stage]) = of_two(root.path());
        std::fs::create_dir_all(&read.paths.config).unwrap();
        let mut reload = |bench: &mut Bench, text: &str| {
            std::fs::write(read.paths.contexts(), text).unwrap();
            let governed = reload_contexts(&mut read, &mut bench.state, &mut Vec::new());
            (governed.refusing, governed.allowing)
        };
        let in_order = "[context.prod]\n[context.stage]\n";
        assert_eq!(reload(&mut bench, in_order), (vec![], vec![]));
        assert_eq!(reload(&mut bench, "[context.prod]\nraed-only = true\n[context.stage]\n"), (vec![prod], vec![]));
        assert!(bench.state.origins.is_read_only(prod) && !bench.state.origins.is_read_only(stage));
        let told: Vec<_> = bench.state.notices.all().map(|notice| notice.trouble.what.clone()).collect();
        assert!(told.iter().any(|told| told == "prod: read-only until the contexts are in order."), "{told:#?}");
        assert_eq!(reload(&mut bench, "read-only = true\n[context.prod]\n[context.stage]\n"), (vec![stage], vec![]));
        assert_eq!(reload(&mut bench, in_order), (vec![], vec![prod, stage]));
        assert!(!bench.state.origins.is_read_only(prod));
        // What the file says in order stays said.
        assert_eq!(reload(&mut bench, "[context.prod]\nread-only = 3\n[context.stage]\n"), (vec![prod], vec![]));
        assert_eq!(reload(&mut bench, "[context.prod]\nread-only = true\n[context.stage]\n"), (vec![prod], vec![]));
        assert_eq!(reload(&mut bench, in_order), (vec![], vec![]));
        assert!(bench.state.origins.is_read_only(prod), "leave to change things counts from the next start");
    }

    #[test]
    fn a_default_that_could_not_be_read_leads_nowhere_but_to_what_is_named() {
        let root = tempfile::tempdir().unwrap();
        let paths = Paths::below(root.path());
        std::fs::create_dir_all(&paths.config).unwrap();
        std::fs::write(paths.contexts(), "default = 3\n").unwrap();
        let contexts = Contexts::of_file(&paths);
        let Ok(Choice::Remote { name, context }) = contexts.choose(None, &Context::default(), true) else { panic!() };
        let broken = Place::from_context(&name.unwrap(), context);
        let mut bench = Bench::at(Settings::default(), vec![broken]);
        bench.state.catalogue.contexts = contexts.clone();
        bench.state.catalogue.aws = AwsFiles::parse("[default]\nregion=eu-west-1\n", "");
        let mut read = read(paths);
        read.contexts = contexts;
        let mut reload = |bench: &mut Bench, text: &str| {
            let mut fx = Vec::new();
            std::fs::write(read.paths.contexts(), text).unwrap();
            let _ = reload_contexts(&mut read, &mut bench.state, &mut fx);
            let place = fx.into_iter().find_map(|effect| match effect {
                Effect::Connect { place, .. } => Some((place.name.clone(), place.context.region.clone())),
                _ => None,
            });
            let told: Vec<_> = bench.state.notices.all().map(|notice| notice.trouble.what.clone()).collect();
            (place, told.join("\n"))
        };
        let (place, told) = reload(&mut bench, "[context.prod]\nregion = 'eu-west-1'\n");
        assert!(place.is_none() && told.contains("names no default that is there: nothing else"), "{place:?} {told}");
        let (place, told) = reload(&mut bench, "default = 'prod'\n[context.prod]\nregion = 'eu-west-1'\n");
        assert_eq!(place, Some(("prod".to_owned(), Some("eu-west-1".to_owned()))));
        assert!(told.contains("default is prod now."), "{told}");
        assert_eq!(bench.state.origins.label(bench.state.origins.first()), "prod");
    }
}
