use super::*;
use crate::console::term::Size;

fn screen() -> Screen {
    let mut screen = Screen::new(Size::new(4, 20), 100);
    for n in 0..20 {
        let _ = screen.feed(format!("line {n}  with words\r\n").as_bytes());
    }
    let _ = screen.feed("see /etc/passwd:12 (漢字 here), and much more than fits   \r\n$ ".as_bytes());
    screen
}

/// Types keys; `^x` is control and x, `~` is escape, `!` is enter. What came of the last one.
fn keys(copy: &mut Copy, screen: &mut Screen, keys: &str) -> Outcome {
    let mut outcome = Outcome::Stay;
    let mut chars = keys.chars();
    while let Some(c) = chars.next() {
        let key = match c {
            '~' => KeyEvent::from(KeyCode::Esc),
            '!' => KeyEvent::from(KeyCode::Enter),
            '@' => KeyEvent::new(KeyCode::Char(chars.next().unwrap()), KeyModifiers::CONTROL),
            c => KeyEvent::from(KeyCode::Char(c)),
        };
        outcome = copy.key(key, screen);
    }
    outcome
}

/// What is copied by these keys, from the beginning of the oldest line.
fn copied(typed: &str) -> String {
    let mut screen = screen();
    let mut copy = Copy::new(&screen);
    keys(&mut copy, &mut screen, "g0");
    match keys(&mut copy, &mut screen, typed) {
        Outcome::Copied(text) => text,
        other => panic!("{typed}: {other:?}"),
    }
}

#[test]
fn text_is_selected_by_keys() {
    for (typed, expected) in [
        ("vey", "line"),
        ("wvy", "0"),
        ("wve!", "0  with"),
        ("jv$y", "line 1  with words"),
        ("Vjjy", "line 0  with words\nline 1  with words\nline 2  with words"),
        ("lv@vjjlly", "ine\nine\nine"),
        ("wwbbvly", "li"),
        ("jjwwvbby", "line 2  w"),
        ("/line 12!v$y", "line 12  with words"),
        ("/line!nnvey", "line"),
        ("/line!nN0wvy", "0"),
        ("?see!v$y", "see /etc/passwd:12 ("),
        ("/漢!hvly", "漢字"),
        ("Gkkk0Vjjy", "see /etc/passwd:12 (漢字 here), and much more than fits"),
    ] {
        assert_eq!(copied(typed), expected, "{typed}");
    }
}

#[test]
fn a_search_is_shown_while_it_is_typed() {
    let mut screen = screen();
    let mut copy = Copy::new(&screen);
    let at = copy.cursor();
    keys(&mut copy, &mut screen, "/line 1");
    assert_eq!(copy.prompt().as_deref(), Some("/line 1"));
    assert_eq!((copy.cursor().line, copy.found()), (1, (11, Some(1))), "it goes round");
    assert!(screen.text().contains("line 1 "), "{}", screen.text());
    keys(&mut copy, &mut screen, "~");
    assert_eq!((copy.cursor(), copy.prompt(), screen.scrolled()), (at, None, 0));
    keys(&mut copy, &mut screen, "?line 1!n");
    assert_eq!((copy.cursor().line, copy.found()), (18, (11, Some(10))));
}

#[test]
fn a_selection_stays_on_its_text() {
    let mut screen = screen();
    let mut copy = Copy::new(&screen);
    keys(&mut copy, &mut screen, "gjjVj");
    for n in 0..50 {
        let _ = screen.feed(format!("more {n}\r\n").as_bytes());
    }
    assert_eq!(copy.text(&screen).unwrap(), "line 2  with words\nline 3  with words");
    assert!(screen.text().starts_with("line 0"));
    for n in 0..200 {
        let _ = screen.feed(format!("more {n}\r\n").as_bytes());
    }
    // Its lines are gone.
    assert_eq!(keys(&mut copy, &mut screen, "~"), Outcome::Stay);
    assert_eq!(copy.cursor().line, screen.oldest());
    assert_eq!(keys(&mut copy, &mut screen, "q"), Outcome::Leave);
    assert_eq!(screen.scrolled(), 0);
}

#[test]
fn text_is_selected_by_the_mouse() {
    let mut screen = screen();
    let mut copy = Copy::new(&screen);
    copy.press((0, 2), 1, false, &screen);
    assert_eq!(copy.release(&screen), None);
    copy.drag(1, 3, &mut screen);
    // The line goes on in the next one.
    assert_eq!(copy.release(&screen).unwrap(), "e /etc/passwd:12 (漢字");
    copy.press((0, 7), 2, false, &screen);
    assert_eq!(copy.release(&screen).unwrap(), "/etc/passwd:12");
    copy.press((1, 6), 3, false, &screen);
    assert_eq!(copy.release(&screen).unwrap(), "漢字 here), and much");
    copy.press((0, 0), 1, true, &screen);
    copy.drag(1, 2, &mut screen);
    assert_eq!(copy.release(&screen).unwrap(), "see\n漢字");
    copy.drag(-1, 2, &mut screen);
    assert_eq!(screen.scrolled(), 1);
}

#[test]
fn everything_is_drawn() {
    use ratatui::{
        buffer::Buffer,
        layout::{Position, Rect},
        style::{Modifier, Style},
    };
    let mut screen = screen();
    let mut copy = Copy::new(&screen);
    keys(&mut copy, &mut screen, "/words!V");
    let area = Rect::new(1, 1, 20, 4);
    let mut buffer = Buffer::empty(Rect::new(0, 0, 22, 6));
    let with = Highlight {
        selected: Style::new().add_modifier(Modifier::REVERSED),
        found: Style::new().add_modifier(Modifier::UNDERLINED),
        current: Style::new().add_modifier(Modifier::BOLD),
    };
    let cursor = copy.draw(&screen, area, &mut buffer, with);
    assert_eq!(cursor.map(|at| buffer[at].modifier), Some(Modifier::REVERSED | Modifier::BOLD));
    let edge = Position::new(0, 1);
    assert_eq!(buffer[edge].modifier, Modifier::empty());
}
