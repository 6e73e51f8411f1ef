//! The themes there are, and the one in force as this terminal can show it.

use super::{draw::Look, ground, watch::shown};
use crate::config::{
    paths::{Paths, read_optional},
    settings::Settings,
    theme::{self, Depth, Theme},
    written::{Problem, Written},
};

/// The name that means the dark or the light theme, whichever suits the terminal.
pub(super) const AUTO: &str = "auto";

/// Another name for a shipped theme.
const CONTRAST: &str = "contrast";

/// Where looks come from, and the one in force.
pub(super) struct Looks {
    paths: Paths,
    depth: Depth,
    ascii: bool,
    /// Whether the terminal's ground is light, as far as is known.
    light: bool,
    name: String,
    look: Look,
}

impl Looks {
    /// Begins with a theme, as far as it is in order; what is not is told with its place.
    ///
    /// # Errors
    /// When there is none of that name.
    pub fn new(paths: Paths, settings: &Settings, name: &str) -> Result<(Self, Vec<String>), String> {
        let (depth, ascii) = shows(settings);
        let light = ground::from_environment(std::env::var("COLORFGBG").ok().as_deref()).unwrap_or(false);
        let look = Look { theme: Theme::shipped(""), ascii };
        let mut looks = Self { paths, depth, ascii, light, name: String::new(), look };
        let (theme, problems) = looks.read(name)?;
        looks.look.theme = theme;
        name.clone_into(&mut looks.name);
        Ok((looks, problems.iter().map(ToString::to_string).collect()))
    }

    /// The user's settings are others.
    pub fn set(&mut self, settings: &Settings) {
        (self.depth, self.ascii) = shows(settings);
    }

    /// What the terminal's ground is, became known.
    pub fn set_light(&mut self, light: bool) {
        if std::mem::replace(&mut self.light, light) != light && self.name == AUTO {
            // The shipped themes are in order; a file of the user's over one of them may not be, and was told of then.
            let _ = self.reload();
        }
    }

    /// Reads the theme in force again. Whether it is another one than before.
    ///
    /// # Errors
    /// When it is not in order any more; the error says where. What was in force stays.
    pub fn reload(&mut self) -> Result<bool, String> {
        let look = Look { theme: self.load(&self.name.clone())?, ascii: self.ascii };
        let other = look.theme != self.look.theme;
        self.look = look;
        Ok(other)
    }

    /// The look in force.
    pub fn look(&self) -> &Look {
        &self.look
    }

    /// The name of the theme in force, as it was asked for.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Takes another theme. The one in force stays if that one cannot be used.
    ///
    /// # Errors
    /// When there is none of that name or it is not in order; the error says where.
    pub fn follow(&mut self, name: &str) -> Result<(), String> {
        if self.name != name {
            let theme = self.load(name)?;
            self.look = Look { theme, ascii: self.ascii };
            name.clone_into(&mut self.name);
        }
        Ok(())
    }

    /// A theme as far as it is in order, and what is not.
    fn read(&self, name: &str) -> Result<(Theme, Vec<Problem>), String> {
        let name = match name {
            AUTO if self.light => "light",
            AUTO => "dark",
            CONTRAST => "high-contrast",
            name => name,
        };
        let (theme, problems) = load(&self.paths, name).ok_or_else(|| {
            format!("there is no theme \"{name}\"; there are {}", Self::names(&self.paths).join(", "))
        })?;
        Ok((theme.reduced(self.depth), problems))
    }

    /// A theme that is in order.
    fn load(&self, name: &str) -> Result<Theme, String> {
        let (theme, problems) = self.read(name)?;
        let told: Vec<_> = problems.iter().map(Problem::fault).collect();
        if told.is_empty() { Ok(theme) } else { Err(told.join("\n")) }
    }

    /// The names to choose from: the shipped themes, then those in the user's directory.
    pub fn names(paths: &Paths) -> Vec<String> {
        let mut names: Vec<String> = theme::SHIPPED.iter().map(|(name, _)| (*name).to_owned()).collect();
        names.push(AUTO.to_owned());
        let files = std::fs::read_dir(paths.themes()).into_iter().flatten().flatten();
        let mut own: Vec<String> = files
            .filter_map(|file| Some(super::text::clean(file.file_name().to_str()?.strip_suffix(".toml")?)))
            .filter(|name| !names.contains(name))
            .collect();
        own.sort();
        names.extend(own);
        names
    }
}

/// A theme of a name, and what is wrong with the files it is from.
fn load(paths: &Paths, name: &str) -> Option<(Theme, Vec<Problem>)> {
    let source = |wanted: &str| {
        let user = read_optional(&paths.theme(wanted)).ok().flatten();
        user.or_else(|| theme::shipped(wanted))
    };
    let (theme, mut problems) = Theme::load(name, &source)?;
    for problem in &mut problems {
        // A file goes by the name of its theme until here.
        problem.file = shown(&paths.theme(&problem.file));
    }
    Some((theme, problems))
}

/// What the settings name of themes that is not there. Where nothing else is said, that of the user is in force.
pub(super) fn unknown(text: &str, settings: &mut Settings, names: &[String]) -> Vec<Problem> {
    let written = Written::of(text);
    let table = written.table();
    let entries = [("theme", table.get("theme"))].into_iter();
    let policies = table.get("policy").and_then(|policies| policies.get_ref().as_array()).into_iter().flatten();
    let policies = policies.filter_map(|policy| Some(("[[policy]] theme", policy.get_ref().as_table()?.get("theme"))));
    let named = entries.chain(policies).filter_map(|(place, value)| {
        let value = value?;
        Some((place, value.span().start, value.get_ref().as_str()?))
    });
    let is_known = |name: &str| name == CONTRAST || names.iter().any(|known| known == name);
    let usual = Settings::default().theme;
    let problems = named.filter(|(.., name)| !is_known(name)).map(|(place, start, name)| {
        let what = format!("{place}: there is no theme \"{name}\"; there are {}", names.join(", "));
        let instead = if place == "theme" { format!("{usual} stands") } else { "your own stands".to_owned() };
        Problem::of_settings(text, start, what).instead(instead)
    });
    let problems = problems.collect();
    if !is_known(&settings.theme) {
        settings.theme.clone_from(&usual);
    }
    for policy in &mut settings.policies {
        policy.theme.take_if(|name| !is_known(name));
    }
    problems
}

/// What is wrong with a theme.
pub(super) fn problems(paths: &Paths, name: &str) -> Vec<Problem> {
    load(paths, name).map(|(_, problems)| problems).unwrap_or_default()
}

/// What the terminal shows, as far as settings and environment say: its colours, and whether only ASCII.
fn shows(settings: &Settings) -> (Depth, bool) {
    let env = |name: &str| std::env::var(name).ok();
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].iter().find_map(|name| env(name).filter(|value| !value.is_empty()));
    let narrow = locale.is_some_and(|locale| !locale.to_lowercase().replace('-', "").contains("utf8"));
    (Depth::choose(settings.color, env), settings.ascii || narrow)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::theme::{Colours, Role};

    fn looks(paths: &Paths, name: &str) -> Looks {
        let settings = Settings { color: Colours::Truecolor, ..Settings::default() };
        Looks::new(paths.clone(), &settings, name).unwrap().0
    }

    #[test]
    fn auto_follows_the_ground_and_others_do_not() {
        let paths = Paths::below(std::path::Path::new("/nowhere"));
        for (name, follows) in [(AUTO, true), ("dark", false), ("contrast", false)] {
            let mut looks = looks(&paths, name);
            let ground = |looks: &Looks| looks.look().style(Role::Text).bg;
            looks.set_light(false);
            let before = ground(&looks);
            looks.set_light(true);
            assert_eq!(ground(&looks) != before, follows, "{name}");
        }
    }

    #[test]
    fn themes_that_are_not_there_are_told_with_their_line() {
        let text =
            "theme = 'drak'\n[[policy]]\nmatch = 'x'\ntheme = 'blue'\n[[policy]]\nmatch = 'y'\ntheme = 'contrast'\n";
        let mut settings = Settings::parse(text).unwrap();
        let told = unknown(text, &mut settings, &["dark".to_owned()]);
        assert_eq!(
            told.iter().map(ToString::to_string).collect::<Vec<_>>(),
            [
                "settings.toml:1: theme: there is no theme \"drak\"; there are dark; auto stands",
                "settings.toml:4: [[policy]] theme: there is no theme \"blue\"; there are dark; your own stands"
            ]
        );
        assert_eq!((settings.theme.as_str(), &settings.policies[0].theme), ("auto", &None));
        assert_eq!(settings.policies[1].theme.as_deref(), Some("contrast"));
    }

    #[test]
    fn a_theme_that_was_broken_stays_as_it_was() {
        let root = tempfile::tempdir().unwrap();
        let paths = Paths::below(root.path());
        std::fs::create_dir_all(paths.themes()).unwrap();
        let write = |text: &str| std::fs::write(paths.theme("mine"), text).unwrap();
        write("name = 'mine'\nbase = 'dark'\n");
        let mut looks = looks(&paths, "mine");
        assert!(Looks::names(&paths).contains(&"mine".to_owned()));
        assert_eq!(looks.reload(), Ok(false));
        write("name = 'mine'\nbase = 'light'\n");
        assert_eq!(looks.reload(), Ok(true));
        let before = looks.look().theme.clone();
        write("name = 'mine'\nbase = 'light'\n[roles]\ntexxt = {}\n");
        assert_eq!(
            looks.reload(),
            Err(format!("{}:4: no role called \"texxt\", but \"text\"", shown(&paths.theme("mine"))))
        );
        assert!(looks.follow("nothing").is_err());
        assert_eq!((looks.look().theme.clone(), looks.name()), (before, "mine"));
    }
}
