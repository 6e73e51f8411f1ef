use super::*;

fn vocabulary() -> Vocabulary<'static, u8> {
    Vocabulary {
        layers: &["global", "fleet"],
        names: &["quit", "mark", "cursor-top"],
        outer: &|layer| if layer == "fleet" { vec!["global"] } else { Vec::new() },
        action: &|name| match name {
            "quit" => Some(1),
            "mark" => Some(2),
            "cursor-top" => Some(3),
            _ => None,
        },
        is_foreign: false,
    }
}

fn map(text: &str) -> (Keymap<u8>, Vec<Problem>) {
    let mut map = Keymap { bindings: Vec::new(), silent: Vec::new() };
    let mut problems = Vec::new();
    map.overlay("mine.toml", text, Origin::User, &vocabulary(), &mut problems);
    (map, problems)
}

fn keys(text: &str) -> Vec<KeyCombination> {
    parse_chord(text).unwrap()
}

#[test]
fn inner_layers_win_and_chords_grow() {
    let (map, problems) = map("[global]\nq = 'quit'\n'g g' = 'cursor-top'\n[fleet]\nq = 'mark'\n");
    assert_eq!(problems, []);
    assert_eq!(map.find(&["fleet", "global"], &keys("q")), Found::Action(2));
    assert_eq!(map.find(&["global"], &keys("q")), Found::Action(1));
    assert_eq!(map.find(&["fleet", "global"], &keys("g")), Found::More);
    assert_eq!(map.find(&["fleet", "global"], &keys("g g")), Found::Action(3));
    assert_eq!(map.find(&["fleet", "global"], &keys("g x")), Found::Nothing);
    assert_eq!(map.continuations(&["global"], &keys("g")).len(), 1);
}

#[test]
fn every_problem_is_reported_with_its_place() {
    let text =
        "[fleet]\nx = 'explode'\nhyperspace = 'mark'\n[flet]\nq = 'quit'\n[global]\ng = 'mark'\n'g g' = 'cursor-top'\n";
    let (_, problems) = map(text);
    let texts: Vec<_> = problems.iter().map(ToString::to_string).collect();
    assert_eq!(texts.len(), 4, "{texts:#?}");
    assert!(texts.iter().any(|t| t == "mine.toml:2: [fleet] \"x\": no action called \"explode\""), "{texts:#?}");
    assert!(texts.iter().any(|t| t.starts_with("mine.toml:3: [fleet] \"hyperspace\": not a key")), "{texts:#?}");
    assert!(texts.iter().any(|t| t.starts_with("mine.toml:4: [flet]: no such layer")), "{texts:#?}");
    assert!(texts[3].starts_with("mine.toml:7: [global] \"g\" hides \"g g\""), "{texts:#?}");
    let (_, problems) = map("[fleet]\nshift-r = 'mark'\nq = 'quit'\nR = 'quit'\n");
    assert_eq!(problems[0].to_string(), "mine.toml:4: [fleet] \"R\": bound twice, first in line 2; the first stands");
    let (_, problems) = map("[fleet]\nR = 'mark'\nq = 'quit'\nshift-r = 'quit'\n");
    let texts: Vec<_> = problems.iter().map(ToString::to_string).collect();
    assert_eq!(texts, ["mine.toml:4: [fleet] \"shift-r\": bound twice, first in line 2; the first stands"]);
}

#[test]
fn actions_of_another_console_are_no_problem_and_their_keys_do_nothing() {
    let mut map = Keymap { bindings: Vec::new(), silent: Vec::new() };
    let mut problems = Vec::new();
    let foreign = Vocabulary { is_foreign: true, ..vocabulary() };
    let text = "[global]\nq = 'quit'\n[fleet]\nq = 'look-up'\nx = 'look-up'\nhyperspace = 'mark'\n";
    map.overlay("of another", text, Origin::User, &foreign, &mut problems);
    let texts: Vec<_> = problems.iter().map(ToString::to_string).collect();
    assert_eq!(texts.len(), 1, "{texts:#?}");
    assert!(texts[0].contains("not a key"), "{texts:#?}");
    assert_eq!(map.find(&["fleet", "global"], &keys("q")), Found::Nothing);
    assert_eq!(map.find(&["global"], &keys("q")), Found::Action(1));
}

#[test]
fn lines_of_another_kind_and_lines_that_are_none_leave_the_others_in_force() {
    let text = "q = 'quit'\n[fleet]\nm = 3\nx = mark\ng = 'mark'\n'm n' = ['mark']\n[globl]\nz = 'quit'\n[global]\nq = 'qiut'\n";
    let (map, problems) = map(text);
    let texts: Vec<_> = problems.iter().map(ToString::to_string).collect();
    for (at, expected) in [
        "mine.toml:1: \"q\" stands in no layer",
        "mine.toml:3: [fleet] \"m\": the name of an action in quotes is expected here",
        "mine.toml:4: \"x\": a text stands in quotes; the line is left out",
        "mine.toml:6: [fleet] \"m n\": the name of an action",
        "mine.toml:7: [globl]: no such layer, but [global]; there are",
        "mine.toml:10: [global] \"q\": no action called \"qiut\", but \"quit\"",
    ]
    .iter()
    .enumerate()
    {
        assert!(texts[at].starts_with(expected), "{expected} in {texts:#?}");
    }
    assert_eq!(texts.len(), 6, "{texts:#?}");
    assert_eq!(map.find(&["fleet"], &keys("g")), Found::Action(2));
}

#[test]
fn what_a_key_hides_of_the_layers_outside_is_told() {
    let shipped = "[global]\n'g g' = 'cursor-top'\nq = 'quit'\n'x y' = 'quit'\n";
    let told = |text: &str| {
        let mut map = Keymap { bindings: Vec::new(), silent: Vec::new() };
        let mut problems = Vec::new();
        map.overlay("keymap.toml", shipped, Origin::Shipped, &vocabulary(), &mut problems);
        map.overlay("u", text, Origin::User, &vocabulary(), &mut problems);
        problems.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    let hides = "u:2: [fleet] \"g\" hides \"g g\" of [global], which begins with it; if that is meant, say \"g g\" = \
                 \"none\" in [fleet]";
    assert_eq!(told("[fleet]\ng = 'mark'\n"), [hides]);
    let hides = "u:3: [fleet] \"q z\" hides \"q\" of [global], with which it begins; if that is meant, say \"q\" = \
                 \"none\" in [fleet]";
    assert_eq!(told("[fleet]\nm = 'mark'\n'q z' = 'mark'\n"), [hides]);
    for fine in [
        "[fleet]\ng = 'mark'\n'g g' = 'none'\n",
        "[fleet]\n'q z' = 'mark'\nq = 'none'\n",
        // The same chord gives way on purpose, and two chords may begin alike.
        "[fleet]\nq = 'mark'\n'g g' = 'mark'\n'g z' = 'mark'\n'x z' = 'mark'\n",
        "[global]\n'g g' = 'none'\n[fleet]\ng = 'mark'\n",
    ] {
        assert_eq!(told(fine), [""; 0], "{fine}");
    }
}

#[test]
fn what_is_hidden_or_unbound_is_no_key_for_anything() {
    let shipped = "[global]\n'g g' = 'cursor-top'\nhome = 'cursor-top'\nq = 'quit'\n";
    let load = |text: &str| {
        let (mut map, mut problems) = map(shipped);
        map.overlay("u", text, Origin::User, &vocabulary(), &mut problems);
        (map, problems.iter().map(ToString::to_string).collect::<Vec<_>>())
    };
    let stack = ["fleet", "global"];
    assert_eq!(load("").0.key_for(&stack, 3).as_deref(), Some("g g"));
    for hides in ["[fleet]\ng = 'mark'\n'g g' = 'none'\n", "[fleet]\n'g g' = 'none'\n"] {
        let (map, problems) = load(hides);
        assert_eq!(problems, [""; 0]);
        assert_eq!(map.key_for(&stack, 3).as_deref(), Some("home"), "{hides}");
        assert_ne!(map.find(&stack, &keys("g g")), Found::Action(3), "{hides}");
        assert_eq!(map.find(&["global"], &keys("g g")), Found::Action(3), "elsewhere it is what it was");
    }
    let (_, problems) = load("[global]\nz = 'none'\n[fleet]\nm = 'none'\n");
    assert_eq!(problems[0], "u:2: [global] \"z\": there is nothing to unbind here; no layer has this key");
    let (mut map, _) = map("[fleet]\nm = 'mark'\n");
    let mut problems = Vec::new();
    map.overlay("u", "[global]\nm = 'none'\n", Origin::User, &vocabulary(), &mut problems);
    let told = "u:2: [global] \"m\": there is nothing to unbind here; it is a key of [fleet]";
    assert_eq!(problems[0].to_string(), told);
}

#[test]
fn what_is_unbound_in_a_layer_does_nothing_there_whoever_has_it_outside() {
    let shipped = "[global]\nq = 'quit'\n'g g' = 'cursor-top'\n[fleet]\nq = 'mark'\n";
    let load = |text: &str| {
        let (mut map, mut problems) = map(shipped);
        map.bindings.iter_mut().for_each(|binding| binding.origin = Origin::Shipped);
        map.overlay("u", text, Origin::User, &vocabulary(), &mut problems);
        assert_eq!(problems, [], "{text}");
        map
    };
    let stack = ["fleet", "global"];
    let found = |map: &Keymap<u8>, typed: &str| (map.find(&stack, &keys(typed)), map.find(&["global"], &keys(typed)));
    // The layer's own goes, and the one outside does not come in its place.
    let map = load("[fleet]\nq = 'none'\n");
    assert_eq!(found(&map, "q"), (Found::Nothing, Found::Action(1)));
    assert_eq!(map.key_for(&stack, 1), None);
    assert_eq!(map.silent_in("fleet").collect::<Vec<_>>(), [keys("q")]);
    // Wherever in the file the layer outside has it from.
    for text in ["[fleet]\nx = 'none'\n[global]\nx = 'mark'\n", "[global]\nx = 'mark'\n[fleet]\nx = 'none'\n"] {
        assert_eq!(found(&load(text), "x"), (Found::Nothing, Found::Action(2)), "{text}");
    }
    // What begins with it outside is another key.
    let map = load("[fleet]\nq = 'none'\n[global]\n'q' = 'none'\n'q q' = 'cursor-top'\n");
    assert_eq!(found(&map, "q"), (Found::More, Found::More));
    // A chord of which all is given up is not waited for.
    let map = load("[fleet]\n'g g' = 'none'\n");
    assert_eq!(found(&map, "g"), (Found::Nothing, Found::More));
    // Only the layer outside gives it up.
    let map = load("[global]\nq = 'none'\n");
    assert_eq!(found(&map, "q"), (Found::Action(2), Found::Nothing));
    // A key of the user's own command outside is given up too, and one in the layer itself is meant.
    let mut map = load("[fleet]\nq = 'none'\n");
    map.bind("global", "q", 3, ("s", 1)).unwrap();
    assert_eq!(found(&map, "q"), (Found::Nothing, Found::Action(3)));
    map.bind("fleet", "q", 2, ("s", 1)).unwrap();
    assert_eq!(found(&map, "q").0, Found::Action(2));
    assert_eq!(map.silent_in("fleet").count(), 0);
}

#[test]
fn a_binding_knows_where_it_was_written() {
    let (mut map, _) = map("[global]\nq = 'quit'\n\nm = 'mark'\n");
    map.bind("fleet", "x", 2, ("/home/settings.toml", 7)).unwrap();
    let sources: Vec<_> = map.bindings().iter().map(Binding::source).collect();
    assert!(sources.contains(&"mine.toml:4".to_owned()) && sources.contains(&"/home/settings.toml:7".to_owned()));
    let taken = map.bind("fleet", "x", 1, ("/home/settings.toml", 9)).unwrap_err();
    assert_eq!(taken, "\"x\" in [fleet] is bound to something else of yours, in /home/settings.toml:7");
    map.bindings[0].origin = Origin::Shipped;
    assert_eq!(map.bindings[0].source(), BUILT_IN);
}

#[test]
fn the_user_unbinds_and_rebinds() {
    let (mut map, _) = map("[global]\nq = 'quit'\nm = 'mark'\n");
    let mut problems = Vec::new();
    map.overlay("u", "[global]\nq = 'none'\nm = 'quit'\n", Origin::User, &vocabulary(), &mut problems);
    assert_eq!(problems, []);
    assert_eq!(map.find(&["global"], &keys("q")), Found::Nothing);
    assert_eq!(map.key_for(&["global"], 1), Some("m".to_owned()));
}

#[test]
fn a_key_of_the_users_that_a_shipped_one_hides_is_told() {
    let (mut map, _) = map("[global]\nq = 'quit'\n");
    map.bindings[0].origin = Origin::Shipped;
    let mut problems = Vec::new();
    map.overlay("u", "[global]\n'q q' = 'mark'\n", Origin::User, &vocabulary(), &mut problems);
    assert_eq!(problems.len(), 1);
    assert_eq!(problems[0].to_string(), "u:2: [global] \"q q\" is hidden by \"q\", a shipped key");
}

#[test]
fn chords_read_as_people_write_them() {
    for (written, shown) in [
        ("ctrl-g d", "^g d"),
        ("shift-r", "R"),
        ("R", "R"),
        ("enter", "enter"),
        ("?", "?"),
        ("space", "space"),
        ("-", "-"),
        ("ctrl-pageup", "^pageup"),
    ] {
        assert_eq!(display_chord(&keys(written)), shown);
        assert_eq!(keys(&spelled_chord(&keys(written))), keys(written), "a file may spell it so");
    }
    assert_eq!(spelled_chord(&keys("ctrl-g d")), "ctrl-g d");
}
