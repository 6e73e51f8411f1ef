//! The table of links and extra attributes, swept while it is in use.

use super::*;

fn link_to(address: &str, text: &str) -> String {
    format!("\x1b]8;;{address}\x1b\\{text}\x1b]8;;\x1b\\")
}

fn address(screen: &Screen, row: u16, column: u16) -> Option<String> {
    screen.address(screen.link_at(row, column)).map(|address| address.to_string())
}

/// Fills the table with addresses of which nothing is left on the screen.
fn flood(screen: &mut Screen, round: usize) {
    for n in 0..6_000 {
        let address = format!("https://flood.example/{round}/{n}/{}", "x".repeat(200));
        let _ = screen.feed(format!("\r{}", link_to(&address, "x")).as_bytes());
    }
}

#[test]
fn links_that_are_seen_survive_a_flood_of_others_and_new_ones_find_room() {
    let mut screen = Screen::new(Size::new(6, 20), 100);
    // One scrolls away, one stays on the screen behind, one is held by a saved cursor.
    let _ = screen.feed((link_to("https://a.example/old", "old") + &"\r\n".repeat(8)).as_bytes());
    let _ = screen.feed((link_to("https://a.example/seen", "\x1b[9mseen\x1b[0m") + "\r\n").as_bytes());
    let _ = screen.feed(b"\x1b]8;;https://a.example/saved\x1b\\\x1b7\x1b]8;;\x1b\\");
    let _ = screen.feed(b"\x1b[?47h\x1b[H");
    for round in 0..3 {
        flood(&mut screen, round);
        let fresh = format!("https://a.example/fresh/{round}");
        // What is left out is left out until it is worth a sweep.
        for _ in 0..5_000 {
            let _ = screen.feed(format!("\r{}", link_to(&fresh, "fresh")).as_bytes());
        }
        assert_eq!(address(&screen, 0, 0).as_deref(), Some(fresh.as_str()));
    }
    let _ = screen.feed(b"\x1b[?47l");
    let row = (0..6).find(|row| screen.line(screen.live() + u64::from(*row)).text == "seen").unwrap();
    assert_eq!(address(&screen, row, 0).as_deref(), Some("https://a.example/seen"));
    let mut struck = false;
    screen.each_glyph(screen.live() + u64::from(row), |column, glyph| {
        struck |= column == 0 && glyph.style.marks.contains(Marks::STRIKE);
    });
    assert!(struck);
    let _ = screen.feed(b"\x1b8\rsaved");
    assert_eq!(address(&screen, screen.cursor().0, 0).as_deref(), Some("https://a.example/saved"));
    screen.scroll_to(screen.history());
    assert_eq!(address(&screen, 0, 0).as_deref(), Some("https://a.example/old"));
}
