//! The mouse over shells: the program's or the user's.

use super::*;

#[test]
fn the_mouse_is_the_programs_only_if_it_asked_for_it() {
    use crate::console::state::Event;
    use crossterm::event::{KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
    let mut bench = three();
    bench.press("ctrl-g |");
    bench.type_text("web-1 open");
    bench.press("enter");
    bench.screen(80, 24);
    let press = |bench: &mut Bench, column, modifiers| {
        for kind in [MouseEventKind::Down(MouseButton::Left), MouseEventKind::Up(MouseButton::Left)] {
            let event = MouseEvent { kind, column, row: 10, modifiers };
            bench.state.feed(Event::Mouse(event), bench.now, &mut bench.fx);
        }
    };
    press(&mut bench, 5, KeyModifiers::NONE);
    assert_eq!(focus(&bench), 3, "a click moves the focus");
    press(&mut bench, 5, KeyModifiers::NONE);
    assert_eq!(sent(&bench), []);
    bench.state.shells.tab(3).unwrap().terminal.feed(b"\x1b[?1000h\x1b[?1006h\x1b[?1004h");
    press(&mut bench, 5, KeyModifiers::SHIFT);
    assert_eq!(sent(&bench), [], "shift keeps the mouse for the user");
    press(&mut bench, 5, KeyModifiers::NONE);
    assert_eq!(sent(&bench), [(3, "\x1b[<0;6;7M".to_owned()), (3, "\x1b[<0;6;7m".to_owned())]);
    bench.fx.clear();
    bench.state.feed(Event::Focus(false), bench.now, &mut bench.fx);
    bench.state.feed(Event::Focus(true), bench.now, &mut bench.fx);
    press(&mut bench, 60, KeyModifiers::NONE);
    let told = [(3, "\x1b[O".to_owned()), (3, "\x1b[I".to_owned()), (3, "\x1b[O".to_owned())];
    assert_eq!(sent(&bench), told, "the program knows whether it has the focus");
}

#[test]
fn the_mouse_selects_where_no_program_wants_it() {
    use crate::console::state::Event;
    use crossterm::event::{KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
    let mut bench = long();
    let area = bench.state.shells.current().map(|tab| tab.size).unwrap();
    let mouse = |bench: &mut Bench, kind, column, row| {
        let event = MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE };
        bench.state.feed(Event::Mouse(event), bench.now, &mut bench.fx);
    };
    // The shell begins in the fourth row; its last row holds the prompt.
    let last = 2 + area.0;
    let left = MouseButton::Left;
    mouse(&mut bench, MouseEventKind::Down(left), 0, last - 1);
    mouse(&mut bench, MouseEventKind::Drag(left), 6, last - 1);
    mouse(&mut bench, MouseEventKind::Up(left), 6, last - 1);
    assert_eq!(copied(&bench), ["line 59"]);
    assert!(!bench.state.shells.is_looking_back());
    for _ in 0..2 {
        mouse(&mut bench, MouseEventKind::Down(left), 12, last - 2);
        mouse(&mut bench, MouseEventKind::Up(left), 12, last - 2);
    }
    assert_eq!(copied(&bench)[1], "the", "a double click takes the word");
    // A link is shown in full before anything is done with it.
    bench.wait(1_000);
    mouse(&mut bench, MouseEventKind::Down(left), 2, last);
    mouse(&mut bench, MouseEventKind::Up(left), 2, last);
    assert!(bench.screen(80, 24).contains("https://example.com/a?b=1"), "{}", bench.screen(80, 24));
    bench.press("y");
    assert_eq!(copied(&bench)[2], "https://example.com/a?b=1");
    mouse(&mut bench, MouseEventKind::ScrollUp, 2, last);
    assert!(bench.state.shells.is_looking_back());
    mouse(&mut bench, MouseEventKind::ScrollDown, 2, last);
    assert!(!bench.state.shells.is_looking_back());
}

/// Something that the mouse does.
fn mouse(bench: &mut Bench, kind: crossterm::event::MouseEventKind, column: u16, row: u16) {
    let event = crossterm::event::MouseEvent { kind, column, row, modifiers: crossterm::event::KeyModifiers::NONE };
    bench.state.feed(crate::console::state::Event::Mouse(event), bench.now, &mut bench.fx);
}

#[test]
fn a_button_that_went_down_in_a_shell_is_that_shells_until_it_is_up() {
    use crossterm::event::{
        MouseButton::Left,
        MouseEventKind::{Down, Drag, Up},
    };
    let mut bench = long();
    let last = 2 + bench.state.shells.current().unwrap().size.0;
    for (column, row) in [(79, 23), (79, last)] {
        bench.wait(1_000);
        mouse(&mut bench, Down(Left), 5, last - 1);
        mouse(&mut bench, Drag(Left), 6, last - 1);
        mouse(&mut bench, Drag(Left), column, row);
        mouse(&mut bench, Up(Left), column, row);
        assert!(!bench.state.shells.is_looking_back(), "{column} {row}");
    }
    assert!(copied(&bench)[0].starts_with("59 of the log"), "{:?}", copied(&bench));
    assert_eq!(copied(&bench).len(), 2);
    // A program gets it too, at its own edge, and nothing of a button that went down elsewhere.
    let mut bench = three();
    bench.press("ctrl-g |");
    bench.type_text("web-1 open");
    bench.press("enter");
    bench.screen(80, 24);
    bench.state.shells.tab(1).unwrap().terminal.feed(b"\x1b[?1002h\x1b[?1006h");
    bench.fx.clear();
    mouse(&mut bench, Down(Left), 50, 10);
    mouse(&mut bench, Drag(Left), 10, 10);
    mouse(&mut bench, Up(Left), 10, 23);
    let told = ["\x1b[<0;11;7M", "\x1b[<32;1;7M", "\x1b[<0;1;19m"].map(|told| (1, told.to_owned()));
    assert_eq!((sent(&bench), focus(&bench)), (told.to_vec(), 1));
    bench.fx.clear();
    mouse(&mut bench, Down(Left), 50, 23);
    mouse(&mut bench, Drag(Left), 50, 10);
    mouse(&mut bench, Up(Left), 50, 10);
    assert_eq!(sent(&bench), []);
}
