//! Draws a screen into a buffer, cell by cell. Nothing of a session reaches the user's terminal on any other way.

use ratatui::{
    buffer::Buffer,
    layout::{Position, Rect},
    style::{Color, Modifier, Style},
};
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use super::{
    OwnColours, Screen,
    core::Glyph,
    style::{Colour, Marks},
};
use crate::console::text::is_invisible;

/// How a screen is drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Look {
    /// The cursor is shown.
    pub focused: bool,
    /// Colours are left out; attributes stay.
    pub mono: bool,
}

/// Draws the view of a screen at `area` and blanks what is left of it. Where the cursor goes, if it is to be shown.
pub fn paint(screen: &Screen, area: Rect, buffer: &mut Buffer, look: Look) -> Option<Position> {
    let area = area.intersection(buffer.area);
    let own = if look.mono { OwnColours::default() } else { screen.own_colours() };
    let top = screen.top();
    for y in 0..area.height {
        blank(Rect { y: area.y + y, height: 1, ..area }, buffer, own);
        screen.each_glyph(top + u64::from(y), |x, glyph| cell(glyph, (y, x), area, buffer, look, own));
    }
    if screen.scrolled() > 0 {
        marker(screen, area, buffer);
        return None;
    }
    let (row, column) = screen.cursor();
    let shown = look.focused && screen.cursor_is_shown() && row < area.height && column < area.width;
    shown.then(|| Position::new(area.x + column, area.y + row))
}

fn blank(line: Rect, buffer: &mut Buffer, own: OwnColours) {
    for x in line.left()..line.right() {
        if let Some(cell) = buffer.cell_mut(Position::new(x, line.y)) {
            cell.reset();
            if let Some((r, g, b)) = own.background {
                cell.set_bg(Color::Rgb(r, g, b));
            }
        }
    }
}

/// Draws one cell, or two.
fn cell(glyph: Glyph<'_>, (row, column): (u16, u16), area: Rect, buffer: &mut Buffer, look: Look, own: OwnColours) {
    let at = Position::new(area.x + column, area.y + row);
    if column >= area.width {
        return;
    }
    let Some(target) = buffer.cell_mut(at) else { return };
    if glyph.text.is_empty() {
        // Where nothing was written, an erasure has left its background.
        if glyph.style.background != Colour::Default && !look.mono {
            target.set_bg(map(glyph.style.background, own.background));
        }
        return;
    }
    let style = style(glyph.style, look.mono, own);
    target.set_style(style);
    if glyph.wide && column + 1 >= area.width {
        // Half of a wide character cannot be shown.
        return;
    }
    with_symbol(glyph.text, glyph.wide, |symbol| {
        target.set_symbol(symbol);
    });
    if glyph.wide
        && let Some(second) = buffer.cell_mut(Position::new(at.x + 1, at.y))
    {
        second.reset();
        second.set_style(style);
    }
}

/// Hands over what a cell shows, if it can be shown: of the width the cell has, without anything that acts on its
/// neighbours or on the terminal.
fn with_symbol(contents: &str, wide: bool, mut draw: impl FnMut(&str)) {
    let columns = if wide { 2 } else { 1 };
    let fits = |text: &str| text.width() == columns;
    if let [byte] = contents.as_bytes() {
        if !wide && !byte.is_ascii_control() {
            draw(contents);
        }
        return;
    }
    if !contents.chars().any(|c| c.is_control() || is_invisible(c)) && fits(contents) {
        return draw(contents);
    }
    // Without its marks the first visible character may fit.
    let base = contents.chars().find(|c| !c.is_control() && c.width().unwrap_or(0) > 0);
    let mut bytes = [0; 4];
    if let Some(base) = base.map(|c| &*c.encode_utf8(&mut bytes)).filter(|base| fits(base)) {
        draw(base);
    }
}

fn style(of: super::style::Style, mono: bool, own: OwnColours) -> Style {
    const MODIFIERS: [(Marks, Modifier); 7] = [
        (Marks::BOLD, Modifier::BOLD),
        (Marks::DIM, Modifier::DIM),
        (Marks::ITALIC, Modifier::ITALIC),
        (Marks::UNDERLINE, Modifier::UNDERLINED),
        (Marks::INVERSE, Modifier::REVERSED),
        (Marks::STRIKE, Modifier::CROSSED_OUT),
        (Marks::BLINK, Modifier::SLOW_BLINK),
    ];
    let colour = |colour, own| if mono { Color::Reset } else { map(colour, own) };
    let mut modifier = Modifier::empty();
    if of.marks != Marks::default() {
        modifier =
            MODIFIERS.iter().filter(|(mark, _)| of.marks.contains(*mark)).map(|(_, modifier)| *modifier).collect();
    }
    // A link is told from other text, as nobody would look for one else.
    modifier.set(Modifier::UNDERLINED, modifier.contains(Modifier::UNDERLINED) || of.link.leads());
    Style::new()
        .fg(colour(of.foreground, own.foreground))
        .bg(colour(of.background, own.background))
        .add_modifier(modifier)
}

fn map(colour: Colour, own: Option<(u8, u8, u8)>) -> Color {
    match (colour, own) {
        (Colour::Default, None) => Color::Reset,
        (Colour::Default, Some((r, g, b))) | (Colour::Rgb(r, g, b), _) => Color::Rgb(r, g, b),
        (Colour::Indexed(index), _) => Color::Indexed(index),
    }
}

/// Tells at the upper right how far the view is scrolled back.
fn marker(screen: &Screen, area: Rect, buffer: &mut Buffer) {
    let text = format!(" -{}/{} ", screen.scrolled(), screen.history());
    let width = u16::try_from(text.len()).unwrap_or(u16::MAX);
    if width <= area.width && area.height > 0 {
        buffer.set_string(area.right() - width, area.y, text, Style::reset().add_modifier(Modifier::REVERSED));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::term::Size;

    const FOCUSED: Look = Look { focused: true, mono: false };

    fn screen(bytes: &str) -> Screen {
        let mut screen = Screen::new(Size::new(3, 12), 100);
        assert!(screen.feed(bytes.as_bytes()).is_empty());
        screen
    }

    fn painted(bytes: &str, look: Look) -> (Buffer, Option<Position>) {
        let mut buffer = Buffer::filled(Rect::new(0, 0, 14, 5), ratatui::buffer::Cell::new("#"));
        let cursor = paint(&screen(bytes), Rect::new(1, 1, 12, 3), &mut buffer, look);
        (buffer, cursor)
    }

    fn line(buffer: &Buffer, y: u16) -> String {
        (0..buffer.area.width).map(|x| buffer[(x, y)].symbol()).collect()
    }

    #[test]
    fn cells_are_copied_inside_the_area_alone() {
        let (buffer, cursor) = painted("ab\r\n漢字x", FOCUSED);
        assert_eq!(line(&buffer, 0), "#".repeat(14));
        assert_eq!(line(&buffer, 1), "#ab          #");
        assert_eq!(line(&buffer, 2), "#漢 字 x       #");
        assert_eq!(cursor, Some(Position::new(6, 2)));
        assert_eq!(painted("\x1b[?25l", FOCUSED).1, None);
        assert_eq!(painted("", Look::default()).1, None);
    }

    #[test]
    fn colours_and_attributes() {
        let bytes = "\x1b[1;3;4;31;48;2;1;2;3mx\x1b[0;2;7;38:5:200my";
        let (buffer, _) = painted(bytes, FOCUSED);
        let x = &buffer[(1, 1)];
        assert_eq!((x.fg, x.bg), (Color::Indexed(1), Color::Rgb(1, 2, 3)));
        assert_eq!(x.modifier, Modifier::BOLD | Modifier::ITALIC | Modifier::UNDERLINED);
        let y = &buffer[(2, 1)];
        assert_eq!((y.fg, y.modifier), (Color::Indexed(200), Modifier::DIM | Modifier::REVERSED));
        let (mono, _) = painted(bytes, Look { focused: true, mono: true });
        assert_eq!((mono[(1, 1)].fg, mono[(1, 1)].bg), (Color::Reset, Color::Reset));
        assert_eq!(mono[(1, 1)].modifier, x.modifier);
    }

    #[test]
    fn marks_that_act_on_others_are_left_out() {
        let (buffer, _) = painted("a\u{202e}b\u{200b}e\u{301}", FOCUSED);
        assert_eq!(line(&buffer, 1), "#abe\u{301}         #");
    }

    #[test]
    fn a_wide_character_is_not_cut_in_two() {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 3, 1));
        paint(&screen("漢字"), Rect::new(0, 0, 3, 1), &mut buffer, FOCUSED);
        assert_eq!(line(&buffer, 0), "漢  ");
    }

    #[test]
    fn a_view_of_the_past_is_marked() {
        let mut screen = screen("1\r\n2\r\n3\r\n4\r\n5");
        screen.scroll_to(1);
        let mut buffer = Buffer::empty(Rect::new(0, 0, 12, 3));
        assert_eq!(paint(&screen, buffer.area, &mut buffer, FOCUSED), None);
        assert_eq!(line(&buffer, 0), "2      -1/2 ");
    }
}
