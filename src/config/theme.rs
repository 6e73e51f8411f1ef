//! Themes: a palette, and a style for every role the console draws. Drawing code asks for roles and never for colours.

use std::collections::BTreeMap;

use ratatui::style::{Color, Modifier, Style};
use serde::Deserialize;
use toml::Spanned;

use super::written::{self, Problem, Written, nearest};

mod depth;

pub use depth::{Colours, Depth, contrast};

/// The themes this build ships with: name and file.
pub const SHIPPED: &[(&str, &str)] = &[
    ("dark", include_str!("../../themes/dark.toml")),
    ("light", include_str!("../../themes/light.toml")),
    ("high-contrast", include_str!("../../themes/high-contrast.toml")),
    ("catppuccin-mocha", include_str!("../../themes/catppuccin-mocha.toml")),
    ("catppuccin-latte", include_str!("../../themes/catppuccin-latte.toml")),
    ("gruvbox-dark", include_str!("../../themes/gruvbox-dark.toml")),
    ("gruvbox-light", include_str!("../../themes/gruvbox-light.toml")),
    ("deuteranopia", include_str!("../../themes/deuteranopia.toml")),
    ("mono", include_str!("../../themes/mono.toml")),
];

/// The theme that others stand on if they say nothing else.
const USUAL: &str = "dark";
/// How many themes may stand on one another.
const MAX_BASES: usize = 8;

macro_rules! roles {
    ($($(#[$meta:meta])* $role:ident = $name:literal,)*) => {
        /// What something on the screen is, as far as its look goes.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Role { $($(#[$meta])* $role,)* }

        impl Role {
            /// Every role.
            pub const ALL: &'static [Role] = &[$(Role::$role),*];

            /// The name in theme files.
            pub fn name(self) -> &'static str {
                match self { $(Role::$role => $name,)* }
            }
        }
    };
}

roles! {
    /// Ordinary text on the ground.
    Text = "text",
    /// Labels, hints and what matters less.
    Dim = "dim",
    /// Headings.
    Title = "title",
    /// Lines around and between things. The only role that need not be read.
    Border = "border",
    /// Where in a list the window stands. Need not be read, but seen, over every row.
    Scrollbar = "scrollbar",
    /// The first line: where one is.
    Header = "header",
    /// The name of the program and of the context in it.
    Brand = "brand",
    /// The tab of a pane.
    Tab = "tab",
    /// The tab of the pane that is shown.
    TabActive = "tab-active",
    /// The last line.
    Footer = "footer",
    /// A key, in the footer and in help.
    Key = "key",
    /// The row under the cursor.
    Cursor = "cursor",
    /// The row under the cursor of a list that has not the focus.
    CursorBlur = "cursor-blur",
    /// A marked row.
    Marked = "marked",
    /// A column's head.
    Column = "column",
    /// The head of the column the list is sorted by.
    ColumnSorted = "column-sorted",
    /// What is being typed.
    Input = "input",
    /// What stands where nothing was typed yet.
    Placeholder = "placeholder",
    /// What a search found.
    Match = "match",
    /// What a search found, at the cursor.
    MatchCurrent = "match-current",
    /// A node that answers.
    NodeOnline = "node-online",
    /// A node that stopped answering.
    NodeLost = "node-lost",
    /// A node that has not answered for long.
    NodeInactive = "node-inactive",
    /// Compliant.
    Compliant = "compliant",
    /// Not compliant.
    NonCompliant = "noncompliant",
    /// Never scanned.
    Unknown = "unknown",
    /// Waiting to begin.
    Pending = "pending",
    /// Under way.
    Running = "running",
    /// Ended well.
    Success = "success",
    /// Ended badly.
    Failed = "failed",
    /// Ended early: cancelled or out of time.
    Stopped = "stopped",
    /// Severity critical.
    Critical = "critical",
    /// Severity high.
    High = "high",
    /// Severity medium.
    Medium = "medium",
    /// Severity low and below.
    Low = "low",
    /// Data that is older than it should be.
    Stale = "stale",
    /// A masked or revealed secret.
    Secret = "secret",
    /// A line only the newer side of a comparison has.
    Added = "added",
    /// A line only the older side has.
    Removed = "removed",
    /// A box over the panes.
    Modal = "modal",
    /// The frame of a box over the panes.
    ModalBorder = "modal-border",
    /// The frame of a box that asks before something changes.
    Danger = "danger",
    /// A message.
    Info = "info",
    /// A warning.
    Warning = "warning",
    /// An error.
    Error = "error",
    /// The mark that nothing can be changed.
    ReadOnly = "read-only",
    /// The mark that one looks at production.
    Production = "production",
    /// The frame around shells that are typed into together.
    Broadcast = "broadcast",
    /// The line that says what kind of place this is.
    Notice = "notice",
}

/// A theme file, entry by entry with its place.
#[derive(Default)]
struct File {
    name: Option<String>,
    base: Option<(String, usize)>,
    palette: Vec<(usize, String, String)>,
    roles: Vec<(usize, String, Paint)>,
}

impl File {
    /// Reads what is in order of it and reports the rest.
    fn read(text: &str, report: &mut dyn FnMut(usize, String)) -> Self {
        let written = Written::of(text);
        for lost in written.lost() {
            report(lost.start, lost.what.clone());
        }
        let mut file = Self::default();
        for (key, value) in written.table() {
            let at = value.span().start;
            match (&**key.get_ref(), value.get_ref().as_table()) {
                ("name", _) => match written::value(&value) {
                    Ok(name) => file.name = Some(name),
                    Err((at, what)) => report(at, format!("name: {what}")),
                },
                ("base", _) => match written::value(&value) {
                    Ok(base) => file.base = Some((base, at)),
                    Err((at, what)) => report(at, format!("base: {what}")),
                },
                ("palette", Some(palette)) => {
                    for (colour, value) in palette {
                        match written::value::<String>(value) {
                            Ok(text) => file.palette.push((value.span().start, colour.get_ref().to_string(), text)),
                            Err((at, what)) => report(at, format!("{}: {what}", colour.get_ref())),
                        }
                    }
                }
                ("roles", Some(roles)) => {
                    for (role, value) in roles {
                        match written::entry::<Paint>(value) {
                            Ok(paint) => file.roles.push((role.span().start, role.get_ref().to_string(), paint)),
                            Err(faults) => faults
                                .into_iter()
                                .for_each(|(at, what)| report(at, format!("{}: {what}", role.get_ref()))),
                        }
                    }
                }
                ("palette" | "roles", None) => report(at, format!("[{}] is a table", key.get_ref())),
                (other, _) => {
                    let known = "there are name, base, [palette] and [roles]";
                    report(key.span().start, format!("no entry is called \"{other}\"; {known}"));
                }
            }
        }
        file.palette.sort_by_key(|(start, ..)| *start);
        file.roles.sort_by_key(|(start, ..)| *start);
        file
    }

    fn paints_all(&self) -> bool {
        Role::ALL.iter().all(|role| self.roles.iter().any(|(_, name, _)| name == role.name()))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Paint {
    fg: Option<Spanned<String>>,
    bg: Option<Spanned<String>>,
    #[serde(default)]
    add: Vec<Spanned<String>>,
}

/// A style for every role.
#[derive(Clone, Debug, PartialEq)]
pub struct Theme {
    /// The theme's name.
    pub name: String,
    palette: BTreeMap<String, Color>,
    styles: BTreeMap<Role, Style>,
    depth: Depth,
}

impl Theme {
    /// Reads a theme and those it stands on, as far as they are in order: `source` finds the text of a theme by name. What is not in
    /// order is told with its line, and the name of its theme in place of a file. Nothing, if there is no such theme.
    pub fn load(name: &str, source: &dyn Fn(&str) -> Option<String>) -> Option<(Self, Vec<Problem>)> {
        let mut problems = Vec::new();
        let theme = Self::load_above(name, source, 0, &mut problems)?;
        problems.sort_by(|a, b| (&a.file, a.line).cmp(&(&b.file, b.line)));
        Some((theme, problems))
    }

    /// A shipped theme by name; the dark one if there is none of that name.
    pub fn shipped(name: &str) -> Self {
        let found = Self::load(name, &shipped).or_else(|| Self::load(USUAL, &shipped));
        found.map_or_else(|| Self::bare(name), |(theme, _)| theme)
    }

    fn bare(name: &str) -> Self {
        Self { name: name.to_owned(), palette: BTreeMap::new(), styles: BTreeMap::new(), depth: Depth::True }
    }

    fn load_above(
        name: &str,
        source: &dyn Fn(&str) -> Option<String>,
        depth: usize,
        problems: &mut Vec<Problem>,
    ) -> Option<Self> {
        let text = source(name)?;
        let problem = |start, what| Problem::at(name, &text, start, what).instead("it is left out");
        let file = File::read(&text, &mut |start, what| problems.push(problem(start, what)));
        let base = match &file.base {
            Some((_, start)) if depth == MAX_BASES => {
                problems.push(problem(*start, "themes stand on one another in a circle".to_owned()));
                None
            }
            Some((base, start)) => {
                let found = Self::load_above(base, source, depth + 1, problems);
                if found.is_none() {
                    let what = format!("there is no theme \"{base}\" to stand on; it stands on \"{USUAL}\"");
                    problems.push(problem(*start, what));
                }
                found.map(|theme| (theme, base.as_str(), source))
            }
            None => None,
        };
        let mut theme = match base {
            // A role that the base paints follows the new palette, so its paint is resolved from the base's file again.
            Some((theme, base, source)) => theme.with_palette(&file, &problem, problems).repainted(base, source, depth),
            None if file.paints_all() => Self::bare(name).with_palette(&file, &problem, problems),
            // What stands on nothing would leave most of the screen unpainted.
            None => Self::shipped(USUAL).with_palette(&file, &problem, problems).repainted(USUAL, &shipped, depth),
        };
        theme.name = file.name.unwrap_or_else(|| name.to_owned());
        for (start, role, paint) in &file.roles {
            let names = || Role::ALL.iter().map(|role| role.name());
            let Some(known) = Role::ALL.iter().find(|known| known.name() == role) else {
                let near = nearest(role, names()).map(|near| format!(", but \"{near}\""));
                problems.push(problem(*start, format!("no role called \"{role}\"{}", near.unwrap_or_default())));
                continue;
            };
            match paint.resolve(&theme.palette) {
                Ok(style) => drop(theme.styles.insert(*known, style)),
                Err((start, what)) => problems.push(problem(start, what)),
            }
        }
        Some(theme)
    }

    fn with_palette(
        mut self,
        file: &File,
        problem: &dyn Fn(usize, String) -> Problem,
        problems: &mut Vec<Problem>,
    ) -> Self {
        for (start, colour, value) in &file.palette {
            match parse_colour(value) {
                Some(parsed) => drop(self.palette.insert(colour.clone(), parsed)),
                None => {
                    let what = format!("\"{value}\" is no colour; colours are written #rrggbb, or default");
                    problems.push(problem(*start, what));
                }
            }
        }
        self
    }

    fn repainted(mut self, base: &str, source: &dyn Fn(&str) -> Option<String>, depth: usize) -> Self {
        let Some(text) = source(base) else { return self };
        let file = File::read(&text, &mut |_, _| {});
        if let Some((below, _)) = file.base.as_ref().filter(|_| depth < MAX_BASES) {
            self = self.repainted(below, source, depth + 1);
        }
        for role in Role::ALL {
            let paint = file.roles.iter().find(|(_, name, _)| name == role.name()).map(|(.., paint)| paint);
            if let Some(style) = paint.and_then(|paint| paint.resolve(&self.palette).ok()) {
                self.styles.insert(*role, style);
            }
        }
        self
    }

    /// The style of a role, over the ground.
    pub fn style(&self, role: Role) -> Style {
        self.styles.get(&role).copied().unwrap_or_default()
    }

    /// The style of an accent: a role by its name, or a colour as ink, one of the palette or its own (`#ff8a80`).
    pub fn accent(&self, name: &str) -> Option<Style> {
        if let Some(role) = Role::ALL.iter().find(|role| role.name() == name) {
            return Some(self.style(*role));
        }
        let colour = self.palette.get(name).copied().or_else(|| parse_colour(name))?;
        let style = Style::default().fg(colour).add_modifier(Modifier::BOLD);
        Some(self.depth.reduce(style, self.style(Role::Text).bg))
    }

    /// The roles this theme leaves unpainted; none in a complete theme.
    pub fn missing(&self) -> Vec<Role> {
        Role::ALL.iter().copied().filter(|role| !self.styles.contains_key(role)).collect()
    }

    /// The same theme for a terminal that shows fewer colours.
    #[must_use]
    pub fn reduced(mut self, depth: Depth) -> Self {
        self.depth = depth;
        let ground = self.style(Role::Text).bg;
        for style in self.styles.values_mut() {
            *style = depth.reduce(*style, ground);
        }
        // A pale cursor may have been lost with the colours; it is what nobody can do without.
        let (text, cursor) = (self.style(Role::Text), self.style(Role::Cursor));
        if text.patch(cursor) == text {
            self.styles.insert(Role::Cursor, cursor.add_modifier(Modifier::REVERSED));
        }
        self
    }
}

/// The text of a shipped theme.
pub fn shipped(name: &str) -> Option<String> {
    SHIPPED.iter().find(|(known, _)| *known == name).map(|(_, text)| (*text).to_owned())
}

impl Paint {
    fn resolve(&self, palette: &BTreeMap<String, Color>) -> Result<Style, (usize, String)> {
        let colour = |value: &Option<Spanned<String>>| match value {
            None => Ok(None),
            Some(name) => palette
                .get(name.get_ref())
                .copied()
                .or_else(|| parse_colour(name.get_ref()))
                .map(Some)
                .ok_or_else(|| (name.span().start, format!("no colour called \"{}\"", name.get_ref()))),
        };
        let mut style = Style { fg: colour(&self.fg)?, bg: colour(&self.bg)?, ..Style::default() };
        for name in &self.add {
            let modifier = match name.get_ref().as_str() {
                "bold" => Modifier::BOLD,
                "dim" => Modifier::DIM,
                "italic" => Modifier::ITALIC,
                "underlined" => Modifier::UNDERLINED,
                "reversed" => Modifier::REVERSED,
                other => return Err((name.span().start, format!("no attribute called \"{other}\""))),
            };
            style = style.add_modifier(modifier);
        }
        Ok(style)
    }
}

fn parse_colour(text: &str) -> Option<Color> {
    if text == "default" {
        return Some(Color::Reset);
    }
    let hex = text.strip_prefix('#').filter(|hex| hex.len() == 6)?;
    let rgb = u32::from_str_radix(hex, 16).ok()?;
    Some(Color::from_u32(rgb))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> impl Iterator<Item = Theme> {
        SHIPPED.iter().map(|(name, _)| {
            let (theme, problems) = Theme::load(name, &shipped).unwrap();
            assert_eq!(problems, []);
            theme
        })
    }

    #[test]
    fn every_shipped_theme_paints_every_role() {
        for (theme, (name, _)) in all().zip(SHIPPED) {
            assert_eq!(theme.name, *name);
            assert_eq!(theme.missing(), [], "{}", theme.name);
        }
    }

    #[test]
    fn what_must_be_read_can_be_read() {
        for theme in all().filter(|theme| theme.name != "mono") {
            let text = theme.style(Role::Text);
            let lines = [Role::Border, Role::ModalBorder, Role::Scrollbar];
            for role in Role::ALL.iter().filter(|role| !lines.contains(role)) {
                let style = text.patch(theme.style(*role));
                let (mut fg, mut bg) = (style.fg.unwrap(), style.bg.unwrap());
                if style.add_modifier.contains(Modifier::REVERSED) {
                    (fg, bg) = (bg, fg);
                }
                // What has no ground of its own stands in boxes as well.
                let boxed = theme.style(Role::Modal).bg.filter(|_| theme.style(*role).bg.is_none());
                for ground in [Some(bg), boxed].into_iter().flatten() {
                    let ratio = contrast(fg, ground);
                    assert!(ratio >= 4.5, "{}: {} has contrast {ratio:.2}", theme.name, role.name());
                }
            }
        }
    }

    /// A sign that carries something but is no text needs 3:1.
    #[test]
    fn a_scrollbar_is_seen_over_every_row() {
        for theme in all().filter(|theme| theme.name != "mono") {
            let thumb = theme.style(Role::Scrollbar);
            for under in [Role::Text, Role::Modal, Role::Cursor, Role::CursorBlur] {
                let style = theme.style(Role::Text).patch(theme.style(under)).patch(thumb);
                let ratio = contrast(style.fg.unwrap(), style.bg.unwrap());
                assert!(ratio >= 3.0, "{}: over {} it has contrast {ratio:.2}", theme.name, under.name());
            }
        }
    }

    #[test]
    fn the_cursor_row_is_seen_at_every_depth() {
        for theme in all() {
            for depth in [Depth::True, Depth::Ansi256, Depth::Ansi16, Depth::Mono] {
                let theme = theme.clone().reduced(depth);
                let (text, cursor) = (theme.style(Role::Text), theme.style(Role::Cursor));
                assert_ne!(text.patch(cursor), text, "{} at {depth:?}", theme.name);
                if depth == Depth::Mono {
                    assert!(cursor.add_modifier.contains(Modifier::REVERSED), "{}", theme.name);
                    assert!(theme.styles.values().all(|s| s.fg.is_none() && s.bg.is_none()), "{}", theme.name);
                }
            }
        }
    }

    #[test]
    fn problems_name_their_line() {
        let text = "name = 'x'\nbase = 'dark'\n[roles]\ntexxt = { fg = 'ink' }\ndim = { fg = 'inkk' }\nkey = { add = ['bald'] }\n";
        let source = |name: &str| if name == "x" { Some(text.to_owned()) } else { shipped(name) };
        let (theme, problems) = Theme::load("x", &source).unwrap();
        let texts: Vec<_> = problems.iter().map(ToString::to_string).collect();
        assert_eq!(texts.len(), 3, "{texts:#?}");
        for expected in [
            "x:4: no role called \"texxt\", but \"text\"; it is left out",
            "x:5: no colour called \"inkk\"; it is left out",
            "x:6: no attribute called \"bald\"; it is left out",
        ] {
            assert!(texts.iter().any(|t| t == expected), "{expected} in {texts:#?}");
        }
        assert_eq!(theme.missing(), [], "what is sound stands");
    }

    #[test]
    fn whatever_is_wrong_there_is_a_theme() {
        for (text, lines) in [
            ("", &[][..]),
            ("name = 3\nbase = 'dark'\n", &[1]),
            ("base = dark\n[roles]\ntext = 3\nkey = { fg = 'key', bold = true }\n", &[1, 3, 4]),
            ("[palette]\nok = 7\nbad = '#12'\n[rolls]\n", &[2, 3, 4]),
            ("base = 'nothing'\n", &[1]),
            ("palette = 1\n", &[1]),
        ] {
            let source = |name: &str| if name == "x" { Some(text.to_owned()) } else { shipped(name) };
            let (theme, problems) = Theme::load("x", &source).unwrap();
            assert_eq!(problems.iter().map(|problem| problem.line).collect::<Vec<_>>(), lines, "{text}: {problems:#?}");
            assert_eq!(theme.missing(), [], "{text}");
        }
        assert!(Theme::load("x", &|_| None).is_none());
    }

    #[test]
    fn a_theme_that_changes_the_palette_changes_what_it_inherits() {
        let text = "name = 'x'\nbase = 'dark'\n[palette]\nok = '#123456'\n";
        let source = |name: &str| if name == "x" { Some(text.to_owned()) } else { shipped(name) };
        let (theme, _) = Theme::load("x", &source).unwrap();
        assert_eq!(theme.style(Role::NodeOnline).fg, Some(Color::Rgb(0x12, 0x34, 0x56)));
    }

    #[test]
    fn a_circle_of_bases_is_an_error() {
        let (_, problems) = Theme::load("x", &|_| Some("name = 'x'\nbase = 'x'\n".to_owned())).unwrap();
        assert!(problems[0].what.contains("circle"), "{problems:#?}");
    }
}
