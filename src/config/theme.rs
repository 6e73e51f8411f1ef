//! Themes: a palette, and a style for every role the console draws. Drawing code asks for roles and never for colours.

use std::{collections::BTreeMap, fmt};

use ratatui::style::{Color, Modifier, Style};
use serde::Deserialize;
use toml::Spanned;

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

/// Something wrong with a theme file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Problem {
    /// The theme's name.
    pub theme: String,
    /// The line, from 1.
    pub line: usize,
    /// What is wrong.
    pub what: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "theme {}, line {}: {}", self.theme, self.line, self.what)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    name: String,
    base: Option<String>,
    #[serde(default)]
    palette: BTreeMap<String, Spanned<String>>,
    #[serde(default)]
    roles: BTreeMap<Spanned<String>, Paint>,
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
    /// Reads a theme and those it stands on. `source` finds the text of a theme by name.
    ///
    /// # Errors
    /// Every problem of the first file that has any: unknown role, colour or attribute, missing base.
    pub fn load(name: &str, source: &dyn Fn(&str) -> Option<String>) -> Result<Self, Vec<Problem>> {
        Self::load_above(name, source, 0)
    }

    /// A shipped theme by name; the dark one if there is none of that name.
    pub fn shipped(name: &str) -> Self {
        let found = Self::load(name, &shipped).or_else(|_| Self::load("dark", &shipped));
        found.unwrap_or_else(|_| Self {
            name: name.to_owned(),
            palette: BTreeMap::new(),
            styles: BTreeMap::new(),
            depth: Depth::True,
        })
    }

    fn load_above(name: &str, source: &dyn Fn(&str) -> Option<String>, depth: usize) -> Result<Self, Vec<Problem>> {
        let fail = |line: usize, what: String| vec![Problem { theme: name.to_owned(), line, what }];
        let text = source(name).ok_or_else(|| fail(1, format!("there is no theme called \"{name}\"")))?;
        let line_of = |start: usize| text.get(..start).unwrap_or("").matches('\n').count() + 1;
        let file: File = toml::from_str(&text)
            .map_err(|error| fail(line_of(error.span().map_or(0, |s| s.start)), error.message().to_owned()))?;
        let mut theme = match &file.base {
            Some(_) if depth == MAX_BASES => return Err(fail(1, "themes stand on one another in a circle".to_owned())),
            Some(base) => Self::load_above(base, source, depth + 1)?,
            None => Self { name: String::new(), palette: BTreeMap::new(), styles: BTreeMap::new(), depth: Depth::True },
        };
        theme.name = file.name;
        let mut problems = Vec::new();
        let mut report =
            |start: usize, what: String| problems.push(Problem { theme: name.to_owned(), line: line_of(start), what });
        for (colour, value) in &file.palette {
            match parse_colour(value.get_ref()) {
                Some(parsed) => {
                    theme.palette.insert(colour.clone(), parsed);
                }
                None => report(value.span().start, format!("\"{}\" is no colour", value.get_ref())),
            }
        }
        // A role that the base paints follows the new palette, so its paint is resolved from the base's file again.
        if let Some(base) = &file.base {
            theme.repaint(base, source, depth);
        }
        for (role, paint) in &file.roles {
            let Some(known) = Role::ALL.iter().find(|known| known.name() == role.get_ref()) else {
                report(role.span().start, format!("no role called \"{}\"", role.get_ref()));
                continue;
            };
            match paint.resolve(&theme.palette) {
                Ok(style) => {
                    theme.styles.insert(*known, style);
                }
                Err((start, what)) => report(start, what),
            }
        }
        if problems.is_empty() { Ok(theme) } else { Err(problems) }
    }

    fn repaint(&mut self, base: &str, source: &dyn Fn(&str) -> Option<String>, depth: usize) {
        let Some(file) = source(base).and_then(|text| toml::from_str::<File>(&text).ok()) else { return };
        if let Some(below) = file.base.as_deref().filter(|_| depth < MAX_BASES) {
            self.repaint(below, source, depth + 1);
        }
        for role in Role::ALL {
            let paint = file.roles.iter().find(|(name, _)| name.get_ref() == role.name()).map(|(_, paint)| paint);
            if let Some(style) = paint.and_then(|paint| paint.resolve(&self.palette).ok()) {
                self.styles.insert(*role, style);
            }
        }
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
        SHIPPED.iter().map(|(name, _)| Theme::load(name, &shipped).unwrap())
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
        let problems =
            Theme::load("x", &|name| if name == "x" { Some(text.to_owned()) } else { shipped(name) }).unwrap_err();
        let texts: Vec<_> = problems.iter().map(ToString::to_string).collect();
        assert_eq!(texts.len(), 3, "{texts:#?}");
        for expected in [
            "theme x, line 4: no role called \"texxt\"",
            "theme x, line 5: no colour called \"inkk\"",
            "theme x, line 6: no attribute called \"bald\"",
        ] {
            assert!(texts.iter().any(|t| t == expected), "{expected} in {texts:#?}");
        }
    }

    #[test]
    fn a_theme_that_changes_the_palette_changes_what_it_inherits() {
        let text = "name = 'x'\nbase = 'dark'\n[palette]\nok = '#123456'\n";
        let theme = Theme::load("x", &|name| if name == "x" { Some(text.to_owned()) } else { shipped(name) }).unwrap();
        assert_eq!(theme.style(Role::NodeOnline).fg, Some(Color::Rgb(0x12, 0x34, 0x56)));
    }

    #[test]
    fn a_circle_of_bases_is_an_error() {
        assert!(Theme::load("x", &|_| Some("name = 'x'\nbase = 'x'\n".to_owned())).is_err());
    }
}
