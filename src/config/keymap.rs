//! Key bindings as data: layers of chords, the shipped ones under the user's.
//!
//! The map knows keys and names. What a name means is the caller's: it hands over its layers and a way to read actions.

use std::sync::Arc;

use crokey::{KeyCombination, KeyCombinationFormat};

use super::written::{Written, line_of, nearest};

pub use super::written::Problem;

/// The key bindings this build ships with.
pub const SHIPPED: &str = include_str!("keymap.toml");

/// What the names in a keymap file may be.
pub struct Vocabulary<'a, A> {
    /// The layers that exist.
    pub layers: &'a [&'a str],
    /// Reads the name of an action.
    pub action: &'a dyn Fn(&str) -> Option<A>,
    /// The names of all actions.
    pub names: &'a [&'a str],
    /// The layers in which a key is looked up that a layer does not have.
    pub outer: &'a dyn Fn(&str) -> Vec<&'static str>,
    /// Whether it is the file of another console, which may have had actions that are not known here: their keys do nothing,
    /// and that is no problem.
    pub is_foreign: bool,
}

/// Where a binding was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The bindings this build ships with.
    Shipped,
    /// The user's file.
    User,
}

/// One chord of one layer.
#[derive(Clone, Debug, PartialEq)]
pub struct Binding<A> {
    /// The section it stands in.
    pub layer: String,
    /// The keys, pressed one after the other.
    pub chord: Vec<KeyCombination>,
    /// What it does.
    pub action: A,
    /// Who bound it.
    pub origin: Origin,
    /// The file it was bound in, as the caller named it, and the line, from 1.
    pub place: (Arc<str>, usize),
}

impl<A> Binding<A> {
    /// Where it was bound, in words: a file and a line of it if it was the user.
    pub fn source(&self) -> String {
        match self.origin {
            Origin::Shipped => BUILT_IN.to_owned(),
            Origin::User => format!("{}:{}", self.place.0, self.place.1),
        }
    }
}

/// Where a binding is from that this build ships with.
pub const BUILT_IN: &str = "built-in";

/// What typed keys mean so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found<A> {
    /// A whole chord.
    Action(A),
    /// The beginning of one.
    More,
    /// No chord begins so.
    Nothing,
}

/// All bindings in force.
#[derive(Clone, Debug, PartialEq)]
pub struct Keymap<A> {
    bindings: Vec<Binding<A>>,
    /// Keys that do nothing in a layer, whatever a layer outside has them for: the layer, and the keys.
    silent: Vec<(String, Vec<KeyCombination>)>,
}

impl<A: Copy + PartialEq> Keymap<A> {
    /// The shipped bindings with the user's over them. Problems in either are all reported; what is sound is kept.
    pub fn load(vocabulary: &Vocabulary<'_, A>, user: Option<(&str, &str)>) -> (Self, Vec<Problem>) {
        let mut map = Self { bindings: Vec::new(), silent: Vec::new() };
        let mut problems = Vec::new();
        map.overlay("keymap.toml", SHIPPED, Origin::Shipped, vocabulary, &mut problems);
        if let Some((name, text)) = user {
            map.overlay(name, text, Origin::User, vocabulary, &mut problems);
        }
        (map, problems)
    }

    fn overlay(
        &mut self,
        file: &str,
        text: &str,
        origin: Origin,
        vocabulary: &Vocabulary<'_, A>,
        problems: &mut Vec<Problem>,
    ) {
        let written = Written::of(text);
        for lost in written.lost() {
            let what = match written.name_of(lost) {
                Some(keys) => format!("\"{keys}\": {}", lost.what),
                None => lost.what.clone(),
            };
            problems.push(Problem::at(file, text, lost.start, what).instead(written.left_out(lost)));
        }
        let mut report = |start: usize, what: String, instead: &str| {
            problems.push(Problem::at(file, text, start, what).instead(instead));
        };
        let (mut places, mut given_up, mut seen, mut bound) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let name_of_file: Arc<str> = file.into();
        for Entry { layer: name, keys, action: wanted, start, value } in
            entries(&written, vocabulary.layers, &mut |start, what| report(start, what, ""))
        {
            let place = format!("[{name}] \"{keys}\"");
            let chord = match parse_chord(&keys) {
                Ok(chord) => chord,
                Err(what) => {
                    report(start, format!("{place}: {what}"), "");
                    continue;
                }
            };
            let before = seen.iter().find(|(l, c, _): &&(String, Vec<_>, usize)| *l == name && *c == chord);
            if let Some((.., first)) = before {
                let first = line_of(text, *first);
                report(start, format!("{place}: bound twice, first in line {first}"), "the first stands");
                continue;
            }
            seen.push((name.clone(), chord.clone(), start));
            let own = |binding: &Binding<A>| binding.layer == name && binding.chord == chord;
            let action = match wanted.as_deref() {
                Some("none") => {
                    given_up.push((name, chord, start, keys));
                    continue;
                }
                Some(wanted) if vocabulary.is_foreign && (vocabulary.action)(wanted).is_none() => {
                    given_up.push((name, chord, start, keys));
                    continue;
                }
                Some(wanted) => (vocabulary.action)(wanted).ok_or_else(|| {
                    let near = nearest(wanted, vocabulary.names.iter().copied());
                    let near = near.map(|near| format!(", but \"{near}\""));
                    format!("no action called \"{wanted}\"{}", near.unwrap_or_default())
                }),
                None => Err("the name of an action in quotes is expected here".to_owned()),
            };
            let action = match action {
                Ok(action) => action,
                Err(what) => {
                    let stands = if self.bindings.iter().any(own) { "the shipped key stands" } else { "" };
                    report(value, format!("{place}: {what}"), stands);
                    continue;
                }
            };
            self.bindings.retain(|b| !own(b));
            self.silent.retain(|(layer, keys)| !(*layer == name && *keys == chord));
            let place = (name_of_file.clone(), line_of(text, start));
            bound.push((keys, Binding { layer: name.clone(), chord: chord.clone(), action, origin, place }));
            places.push((name, chord, start));
        }
        // Which of several keys is shown does not depend on where in the file they stand.
        bound.sort_by(|(a, one), (b, other)| (&one.layer, a).cmp(&(&other.layer, b)));
        self.bindings.extend(bound.into_iter().map(|(_, binding)| binding));
        // Whatever the layers outside have, wherever in the file that stands, and those of the user's own commands.
        for (name, chord, start, keys) in &given_up {
            if let Err(there) = self.give_up(name, chord, &(vocabulary.outer)(name))
                && origin == Origin::User
                && !vocabulary.is_foreign
            {
                let what = format!("[{name}] \"{keys}\": there is nothing to unbind here; {there}");
                report(*start, what, "");
            }
        }
        for (layer, chord, start) in &places {
            let place = |chord: &[KeyCombination]| format!("[{layer}] \"{}\"", spelled_chord(chord));
            let here = self.bindings.iter().filter(|b| b.layer == *layer && b.chord.len() != chord.len());
            for other in here {
                if other.chord.starts_with(chord) {
                    let what =
                        format!("{} hides \"{}\", which begins with it", place(chord), spelled_chord(&other.chord));
                    report(*start, what, "");
                } else if chord.starts_with(&other.chord) && other.origin != origin {
                    let what =
                        format!("{} is hidden by \"{}\", a shipped key", place(chord), spelled_chord(&other.chord));
                    report(*start, what, "");
                }
            }
            if origin == Origin::User {
                for what in self.hidden(layer, chord, &(vocabulary.outer)(layer)) {
                    report(*start, what, "");
                }
            }
        }
        problems.sort_by_key(|problem| problem.line);
    }

    /// Keys do nothing in a layer from now on: its own go, and those of the layers outside are not looked up.
    ///
    /// # Errors
    /// In words, where the keys are known, when neither it nor a layer outside has them.
    fn give_up(&mut self, layer: &str, chord: &[KeyCombination], outer: &[&str]) -> Result<(), String> {
        let has = |b: &Binding<A>| b.layer == layer || outer.contains(&b.layer.as_str());
        let is_there = self.bindings.iter().any(|b| b.chord == chord && has(b));
        self.bindings.retain(|b| !(b.layer == layer && b.chord == chord));
        self.silent.push((layer.to_owned(), chord.to_vec()));
        if is_there {
            return Ok(());
        }
        let mut there: Vec<_> = self.bindings.iter().filter(|b| b.chord == chord).map(|b| b.layer.as_str()).collect();
        there.dedup();
        Err(match there[..] {
            [] => "no layer has this key".to_owned(),
            _ => format!("it is a key of [{}]", there.join("], [")),
        })
    }

    /// What a chord of a layer hides in the layers outside: chords that begin with it, and single keys that it begins with.
    /// Those are looked up only where the inner layer has nothing that begins as they do. The same chord outside gives way
    /// to it on purpose, and so does what was given up in the layer.
    fn hidden(&self, layer: &str, chord: &[KeyCombination], outer: &[&str]) -> Vec<String> {
        let outside =
            self.bindings.iter().filter(|b| outer.contains(&b.layer.as_str()) && b.chord.len() != chord.len());
        let own = |hidden: &[KeyCombination]| self.of(layer).any(|b| b.chord == hidden);
        let words = |other: &Binding<A>| {
            let how = match (other.chord.starts_with(chord), chord.starts_with(&other.chord)) {
                (true, _) => "which begins with it",
                (_, true) => "with which it begins",
                _ => return None,
            };
            let (keys, hidden) = (spelled_chord(chord), spelled_chord(&other.chord));
            Some(format!(
                "[{layer}] \"{keys}\" hides \"{hidden}\" of [{}], {how}; if that is meant, say \"{hidden}\" = \"none\" in [{layer}]",
                other.layer
            ))
        };
        outside.filter(|other| !own(&other.chord) && !self.is_silent(layer, &other.chord)).filter_map(words).collect()
    }

    /// What keys of the user's in a layer hide of the layers outside it, in words.
    pub fn hidden_by(&self, layer: &str, keys: &str, outer: &[&str]) -> Vec<String> {
        parse_chord(keys).map_or(Vec::new(), |chord| self.hidden(layer, &chord, outer))
    }

    /// Binds keys to an action of the user's that no file of keys knows. A shipped binding of the same keys gives way. `place`
    /// is the file that says so, and the line.
    ///
    /// # Errors
    /// In words, when these are no keys, or the user bound them to something else already.
    pub fn bind(&mut self, layer: &str, keys: &str, action: A, place: (&str, usize)) -> Result<(), String> {
        let chord = parse_chord(keys)?;
        let mut own = self.bindings.iter().filter(|b| b.layer == layer && b.origin == Origin::User);
        if let Some(other) = own.find(|b| b.chord == chord) {
            return Err(format!("\"{keys}\" in [{layer}] is bound to something else of yours, in {}", other.source()));
        }
        self.bindings.retain(|b| !(b.layer == layer && b.chord == chord));
        self.silent.retain(|(silent, keys)| !(silent == layer && *keys == chord));
        let place = (place.0.into(), place.1);
        self.bindings.push(Binding { layer: layer.to_owned(), chord, action, origin: Origin::User, place });
        Ok(())
    }

    /// Whether keys that a layer outside has are looked up there at all: none of the layers inside has them, a beginning of them
    /// or longer ones, or says that they do nothing.
    pub fn reaches(&self, inner: &[&str], chord: &[KeyCombination]) -> bool {
        let hides = |b: &Binding<A>| chord.starts_with(&b.chord) || b.chord.starts_with(chord);
        !inner.iter().any(|layer| self.of(layer).any(hides) || self.is_silent(layer, chord))
    }

    fn is_silent(&self, layer: &str, chord: &[KeyCombination]) -> bool {
        self.silent.iter().any(|(known, keys)| known == layer && keys == chord)
    }

    /// The keys that do nothing in a layer, whatever a layer outside has them for.
    pub fn silent_in<'a>(&'a self, layer: &'a str) -> impl Iterator<Item = &'a [KeyCombination]> {
        self.silent.iter().filter(move |(known, _)| known == layer).map(|(_, keys)| keys.as_slice())
    }

    /// What the typed keys mean in a stack of layers, innermost first.
    pub fn find(&self, stack: &[&str], typed: &[KeyCombination]) -> Found<A> {
        for (at, layer) in stack.iter().enumerate() {
            let is_silent = |chord: &[KeyCombination]| stack[..at].iter().any(|inner| self.is_silent(inner, chord));
            let mut begins = false;
            for binding in self.of(layer).filter(|binding| !is_silent(&binding.chord)) {
                if binding.chord == typed {
                    return Found::Action(binding.action);
                }
                begins |= binding.chord.starts_with(typed);
            }
            if begins {
                return Found::More;
            }
        }
        Found::Nothing
    }

    /// The bindings that can follow the typed keys, innermost layer first.
    pub fn continuations(&self, stack: &[&str], typed: &[KeyCombination]) -> Vec<&Binding<A>> {
        let longer = |b: &&Binding<A>| b.chord.len() > typed.len() && b.chord.starts_with(typed);
        let of = |at: usize, layer: &str| {
            let reached = |b: &&Binding<A>| self.reaches(&stack[..at], &b.chord);
            self.bindings.iter().filter(move |b| b.layer == layer).filter(longer).filter(reached).collect::<Vec<_>>()
        };
        stack.iter().enumerate().flat_map(|(at, layer)| of(at, layer)).collect()
    }

    /// The bindings of one layer.
    pub fn of<'a>(&'a self, layer: &'a str) -> impl Iterator<Item = &'a Binding<A>> {
        self.bindings.iter().filter(move |b| b.layer == layer)
    }

    /// The chord for an action in a stack of layers as it is shown: the user's own if there is one, else the shortest.
    pub fn key_for(&self, stack: &[&str], action: A) -> Option<String> {
        let bound = stack.iter().enumerate().flat_map(|(at, layer)| self.of(layer).map(move |b| (at, b)));
        bound
            .filter(|(at, b)| b.action == action && self.reaches(&stack[..*at], &b.chord))
            .map(|(_, b)| b)
            .map(|b| (b.origin == Origin::Shipped, display_chord(&b.chord)))
            .min_by_key(|(shipped, shown)| (*shipped, shown.len()))
            .map(|(_, shown)| shown)
    }

    /// Every binding.
    pub fn bindings(&self) -> &[Binding<A>] {
        &self.bindings
    }
}

/// A line of a keymap file.
struct Entry {
    layer: String,
    keys: String,
    /// The name of an action; `None` for what is no text.
    action: Option<String>,
    /// Where the keys stand, and where the action does.
    start: usize,
    value: usize,
}

/// The lines of a keymap file as they stand in it. What stands in no layer is reported.
fn entries(written: &Written, layers: &[&str], report: &mut dyn FnMut(usize, String)) -> Vec<Entry> {
    let mut entries = Vec::new();
    for (layer, lines) in written.table() {
        let name = layer.get_ref().to_string();
        let Some(lines) = lines.get_ref().as_table() else {
            report(layer.span().start, format!("\"{name}\" stands in no layer; write [global], or another, above it"));
            continue;
        };
        if !layers.contains(&name.as_str()) {
            let near = nearest(&name, layers.iter().copied()).map(|near| format!(", but [{near}]"));
            let known = layers.join(", ");
            report(
                layer.span().start,
                format!("[{name}]: no such layer{}; there are {known}", near.unwrap_or_default()),
            );
            continue;
        }
        entries.extend(lines.iter().map(|(keys, action)| Entry {
            layer: name.clone(),
            keys: keys.get_ref().to_string(),
            action: action.get_ref().as_str().map(str::to_owned),
            start: keys.span().start,
            value: action.span().start,
        }));
    }
    entries.sort_by_key(|entry| entry.start);
    entries
}

/// Reads `g g` or `ctrl-g`.
fn parse_chord(text: &str) -> Result<Vec<KeyCombination>, String> {
    // `R` is what people write who mean shift-r, and what the screen shows.
    let key = |word: &str| match word.chars().next() {
        Some(c) if c.is_ascii_uppercase() && word.len() == 1 => {
            crokey::parse(&format!("shift-{}", c.to_ascii_lowercase()))
        }
        _ => crokey::parse(word),
    };
    let keys: Result<Vec<_>, _> = text.split_whitespace().map(key).collect();
    match keys {
        Ok(keys) if keys.is_empty() => Err("no key".to_owned()),
        Ok(keys) => Ok(keys.into_iter().map(KeyCombination::normalized).collect()),
        Err(_) => Err("not a key; keys are written like \"a\", \"shift-a\", \"ctrl-a\", \"enter\", \"g g\"".to_owned()),
    }
}

/// A chord as the screen shows it: `^g d`, `R`, `enter`.
pub fn display_chord(chord: &[KeyCombination]) -> String {
    shown(chord, "^")
}

/// A chord as a keymap file has it: `ctrl-g d`, `R`, `enter`.
pub fn spelled_chord(chord: &[KeyCombination]) -> String {
    shown(chord, "ctrl-")
}

fn shown(chord: &[KeyCombination], control: &str) -> String {
    let mut format = KeyCombinationFormat::default().with_implicit_shift().with_control(control).with_alt("alt-");
    format.enter = "enter".to_owned();
    let keys = chord.iter().map(|key| {
        let shown = format.to_string(*key);
        let bare = shown.strip_prefix(control).unwrap_or(&shown);
        match bare {
            "Hyphen" => "-".to_owned(),
            // The name of a key, such as PageUp; a single letter says by its case whether shift is held.
            bare if bare.chars().count() > 1 => shown.to_lowercase(),
            _ => shown,
        }
    });
    keys.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests;
