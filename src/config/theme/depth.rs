//! How many colours a terminal shows, and what becomes of a style on it.

use ratatui::style::{Color, Modifier, Style};
use serde::{Deserialize, Serialize};

/// What the user says about colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
#[value(rename_all = "lowercase")]
pub enum Colours {
    /// As many as the environment says the terminal shows.
    #[default]
    Auto,
    /// The same, whatever `NO_COLOR` says.
    Always,
    /// None: weight, slant and reversal alone.
    Never,
    /// The sixteen of old.
    #[serde(rename = "16")]
    #[value(name = "16")]
    Ansi16,
    /// The cube and the greys.
    #[serde(rename = "256")]
    #[value(name = "256")]
    Ansi256,
    /// 24 bits.
    Truecolor,
}

/// Colours a terminal can show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Depth {
    /// None: attributes alone.
    Mono,
    /// The sixteen of old.
    Ansi16,
    /// The cube and the greys.
    Ansi256,
    /// 24 bits.
    True,
}

impl Depth {
    /// What the user says, else what the environment says. Who asks for colours by name gets them with `NO_COLOR` too.
    pub fn choose(said: Colours, env: impl Fn(&str) -> Option<String>) -> Self {
        match said {
            Colours::Auto => Self::from_env(env),
            Colours::Always => Self::from_env(|name| env(name).filter(|_| name != "NO_COLOR")).max(Self::Ansi16),
            Colours::Never => Self::Mono,
            Colours::Ansi16 => Self::Ansi16,
            Colours::Ansi256 => Self::Ansi256,
            Colours::Truecolor => Self::True,
        }
    }

    /// What the environment says. `NO_COLOR` (not empty) and `TERM=dumb` mean none.
    pub fn from_env(env: impl Fn(&str) -> Option<String>) -> Self {
        let term = env("TERM").unwrap_or_default();
        if env("NO_COLOR").is_some_and(|value| !value.is_empty()) || term == "dumb" {
            return Self::Mono;
        }
        let colorterm = env("COLORTERM").unwrap_or_default();
        if matches!(colorterm.as_str(), "truecolor" | "24bit") || term.ends_with("-direct") {
            Self::True
        } else if term.contains("256color") {
            Self::Ansi256
        } else {
            Self::Ansi16
        }
    }

    /// A style as this depth can show it. What was seen by its background alone is reversed where there is no colour.
    pub(super) fn reduce(self, style: Style, ground: Option<Color>) -> Style {
        let map = |colour: Option<Color>, to: fn(u8, u8, u8) -> Color| match colour {
            Some(Color::Rgb(r, g, b)) => Some(to(r, g, b)),
            other => other,
        };
        match self {
            Self::True => style,
            Self::Ansi256 => Style { fg: map(style.fg, nearest_256), bg: map(style.bg, nearest_256), ..style },
            Self::Ansi16 => {
                let (fg, bg) = (map(style.fg, nearest_16), map(style.bg, nearest_16));
                if fg.is_some() && fg == bg {
                    return Style { fg: None, bg: None, ..style }.add_modifier(Modifier::REVERSED);
                }
                // A background that falls together with the ground is seen no more.
                let lost = style.bg.is_some() && style.bg != ground && bg == map(ground, nearest_16);
                let style = Style { fg, bg, ..style };
                if lost { style.add_modifier(Modifier::REVERSED) } else { style }
            }
            Self::Mono => {
                let block = style.bg.is_some_and(|bg| Some(bg) != ground && distinct(bg, ground));
                let style = Style { fg: None, bg: None, ..style };
                if block { style.add_modifier(Modifier::REVERSED) } else { style }
            }
        }
    }
}

/// Whether a background stands out from the ground so much that it carries meaning.
fn distinct(bg: Color, ground: Option<Color>) -> bool {
    ground.is_none_or(|ground| contrast(bg, ground) > 1.6)
}

/// Contrast of two colours after WCAG 2, from 1 to 21. A colour that is not known counts as no contrast.
pub fn contrast(a: Color, b: Color) -> f64 {
    let (Some(a), Some(b)) = (luminance(a), luminance(b)) else { return 1.0 };
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

fn luminance(colour: Color) -> Option<f64> {
    let Color::Rgb(r, g, b) = colour else { return None };
    let linear = |channel: u8| {
        let c = f64::from(channel) / 255.0;
        if c <= 0.040_45 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
    };
    Some(0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b))
}

fn distance(a: (u8, u8, u8), b: (u8, u8, u8)) -> u32 {
    let square = |x: u8, y: u8| u32::from(x.abs_diff(y)).pow(2);
    square(a.0, b.0) * 3 + square(a.1, b.1) * 4 + square(a.2, b.2) * 2
}

fn nearest_256(r: u8, g: u8, b: u8) -> Color {
    const STEPS: [u8; 6] = [0, 95, 135, 175, 215, 255];
    let step = |c: u8| (0..6u8).min_by_key(|i| STEPS[usize::from(*i)].abs_diff(c)).unwrap_or(0);
    let (ri, gi, bi) = (step(r), step(g), step(b));
    let cube = (STEPS[usize::from(ri)], STEPS[usize::from(gi)], STEPS[usize::from(bi)]);
    let grey_index = (0..24u8).min_by_key(|i| distance((8 + 10 * i, 8 + 10 * i, 8 + 10 * i), (r, g, b))).unwrap_or(0);
    let grey = 8 + 10 * grey_index;
    if distance((grey, grey, grey), (r, g, b)) < distance(cube, (r, g, b)) {
        Color::Indexed(232 + grey_index)
    } else {
        Color::Indexed(16 + 36 * ri + 6 * gi + bi)
    }
}

fn nearest_16(r: u8, g: u8, b: u8) -> Color {
    const ANSI: [(Color, (u8, u8, u8)); 16] = [
        (Color::Black, (0, 0, 0)),
        (Color::Red, (205, 0, 0)),
        (Color::Green, (0, 205, 0)),
        (Color::Yellow, (205, 205, 0)),
        (Color::Blue, (0, 0, 238)),
        (Color::Magenta, (205, 0, 205)),
        (Color::Cyan, (0, 205, 205)),
        (Color::Gray, (229, 229, 229)),
        (Color::DarkGray, (127, 127, 127)),
        (Color::LightRed, (255, 85, 85)),
        (Color::LightGreen, (85, 255, 85)),
        (Color::LightYellow, (255, 255, 85)),
        (Color::LightBlue, (92, 92, 255)),
        (Color::LightMagenta, (255, 85, 255)),
        (Color::LightCyan, (85, 255, 255)),
        (Color::White, (255, 255, 255)),
    ];
    ANSI.iter().min_by_key(|(_, rgb)| distance(*rgb, (r, g, b))).map_or(Color::Reset, |(colour, _)| *colour)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_decides() {
        let with = |pairs: &'static [(&str, &str)]| {
            Depth::from_env(move |name| pairs.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned()))
        };
        assert_eq!(with(&[("TERM", "xterm-256color"), ("COLORTERM", "truecolor")]), Depth::True);
        assert_eq!(with(&[("TERM", "xterm-256color")]), Depth::Ansi256);
        assert_eq!(with(&[("TERM", "linux")]), Depth::Ansi16);
        assert_eq!(with(&[("TERM", "dumb"), ("COLORTERM", "truecolor")]), Depth::Mono);
        assert_eq!(with(&[("TERM", "xterm-256color"), ("NO_COLOR", "1")]), Depth::Mono);
        assert_eq!(with(&[("TERM", "xterm-256color"), ("NO_COLOR", "")]), Depth::Ansi256);
    }

    #[test]
    fn the_user_is_asked_before_the_environment() {
        let env = |name: &str| match name {
            "TERM" => Some("xterm-256color".to_owned()),
            "NO_COLOR" => Some("1".to_owned()),
            _ => None,
        };
        let depth = |said| Depth::choose(said, env);
        assert_eq!((depth(Colours::Auto), depth(Colours::Always)), (Depth::Mono, Depth::Ansi256));
        assert_eq!((depth(Colours::Truecolor), depth(Colours::Ansi16)), (Depth::True, Depth::Ansi16));
        assert_eq!(Depth::choose(Colours::Never, |_| None), Depth::Mono);
    }

    #[test]
    fn black_on_white_is_21() {
        assert!((contrast(Color::Rgb(0, 0, 0), Color::Rgb(255, 255, 255)) - 21.0).abs() < 0.01);
    }
}
