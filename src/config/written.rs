//! A file that a person writes, read as far as it is in order. Whatever is wrong with it is told at once, each with its line; the
//! rest stands.

use std::{fmt, ops::Range};

use serde::Deserialize;
use toml::{
    Spanned,
    de::{DeTable, DeValue, Deserializer, ValueDeserializer},
};

/// Something wrong with a file of the user's. What else is in it stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problem {
    /// The file, as the caller named it.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// What is wrong.
    pub what: String,
    /// What stands instead where nothing stood before: at the start.
    pub instead: String,
}

impl Problem {
    /// Something in a file at a place in its text.
    pub fn at(file: &str, text: &str, start: usize, what: String) -> Self {
        Self { file: file.to_owned(), line: line_of(text, start), what, instead: String::new() }
    }

    /// Something in a settings file, at a place in its text. Who knows where the file is says so later.
    pub fn of_settings(text: &str, start: usize, what: String) -> Self {
        Self::at("settings.toml", text, start, what)
    }

    /// With what stands instead.
    #[must_use]
    pub fn instead(mut self, instead: impl Into<String>) -> Self {
        self.instead = instead.into();
        self
    }

    /// What is wrong and where, without what stands instead.
    pub fn fault(&self) -> String {
        format!("{}:{}: {}", self.file, self.line, self.what)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.fault())?;
        match self.instead.as_str() {
            "" => Ok(()),
            instead => write!(f, "; {instead}"),
        }
    }
}

/// The line of a place in a text, from 1.
pub fn line_of(text: &str, start: usize) -> usize {
    text.get(..start).unwrap_or(text).matches('\n').count() + 1
}

/// So many lines may be no TOML before the whole file is left out: it is something else then.
const MOST_LOST: usize = 64;

/// A text whose lines that are no TOML are blank. What stands in it stands where it was written.
#[derive(Clone, Debug)]
pub struct Written {
    original: String,
    text: String,
    lost: Vec<Lost>,
}

/// A part of a text that is no TOML.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lost {
    /// Where it stood: an entry, or a heading with what stands below it.
    pub range: Range<usize>,
    /// Where in it something is wrong.
    pub start: usize,
    /// What is wrong, in words.
    pub what: String,
    /// Whether nothing else of the text is left.
    pub is_all: bool,
}

impl Written {
    /// Reads a text. An entry that is no TOML is left out, a heading that is none with all that stands below it: under another
    /// heading it would say something else.
    pub fn of(text: &str) -> Self {
        let mut written = Self { original: text.to_owned(), text: text.to_owned(), lost: Vec::new() };
        while let Err(error) = DeTable::parse(&written.text) {
            let start = error.span().map_or(0, |span| span.start).min(text.len());
            let part = part_at(&written.text, start).filter(|_| written.lost.len() < MOST_LOST);
            let (range, is_all) = part.map_or((0..text.len(), true), |part| (part, false));
            written.blank(range.clone());
            written.lost.push(Lost { range, start, what: said(error.message()), is_all });
        }
        written.lost.sort_by_key(|lost| lost.start);
        written
    }

    /// What of the text is TOML, and blanks for the rest.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What was lost of it.
    pub fn lost(&self) -> &[Lost] {
        &self.lost
    }

    /// What stood where something was lost.
    pub fn original(&self, lost: &Lost) -> &str {
        self.original.get(lost.range.clone()).unwrap_or_default()
    }

    /// What became of it, in words.
    pub fn left_out(&self, lost: &Lost) -> &'static str {
        let part = self.original(lost);
        match () {
            () if lost.is_all => "the whole file is left out",
            () if is_heading(part) => "what stands below it is left out too",
            () if part.trim_end().contains('\n') => "its lines are left out",
            () => "the line is left out",
        }
    }

    /// The name of the entry that was lost, if it was one.
    pub fn name_of(&self, lost: &Lost) -> Option<&str> {
        let part = self.original(lost);
        let (name, _) = part.split_once('=').filter(|_| begins_entry(part))?;
        Some(name.trim().trim_matches(['"', '\'']))
    }

    /// Its entries.
    pub fn table(&self) -> DeTable<'_> {
        DeTable::parse(&self.text).map(Spanned::into_inner).unwrap_or_default()
    }

    /// The names in a part that was lost: those of headings, and those of entries wherever in it they stand.
    pub fn names_in<'a>(&'a self, lost: &Lost) -> impl Iterator<Item = &'a str> {
        let part = self.original(lost);
        let is_bare = |c: char| c.is_alphanumeric() || "_-".contains(c);
        let headings =
            part.lines().filter(|line| is_heading(line)).flat_map(move |line| line.split(move |c| !is_bare(c)));
        let entries = part.match_indices('=').map(move |(at, _)| {
            let before = part[..at].trim_end().trim_end_matches(['"', '\'']);
            &before[before.trim_end_matches(is_bare).len()..]
        });
        headings.chain(entries).filter(|name| !name.is_empty())
    }

    /// What was lost of the section whose heading begins here, first of all.
    pub fn lost_of_section(&self, heading: usize) -> Option<&Lost> {
        self.all_lost_of_section(heading).next()
    }

    /// All that was lost of the section whose heading begins here.
    pub fn all_lost_of_section(&self, heading: usize) -> impl Iterator<Item = &Lost> {
        let end = self.end_of_section(heading);
        self.lost.iter().filter(move |lost| (heading..end).contains(&lost.range.start))
    }

    /// Whether a place stands before the first heading.
    pub fn is_before_sections(&self, start: usize) -> bool {
        self.headings().into_iter().all(|heading| start < heading)
    }

    fn end_of_section(&self, heading: usize) -> usize {
        self.headings().into_iter().filter(|start| *start > heading).min().unwrap_or(self.original.len())
    }

    /// Where headings stand, those that were lost too.
    fn headings(&self) -> Vec<usize> {
        let lost = self.lost.iter().filter(|lost| is_heading(self.original(lost))).map(|lost| lost.range.start);
        headings(&self.text).into_iter().chain(lost).collect()
    }

    fn blank(&mut self, range: Range<usize>) {
        let blank: String = self.text[range.clone()]
            .chars()
            .flat_map(|c| std::iter::repeat_n(if c == '\n' { '\n' } else { ' ' }, c.len_utf8()))
            .collect();
        self.text.replace_range(range, &blank);
    }
}

/// The lines of a text, each with what ends it.
fn lines(text: &str) -> impl Iterator<Item = Range<usize>> {
    text.split_inclusive('\n').scan(0, |at, line| {
        let start = *at;
        *at += line.len();
        Some(start..*at)
    })
}

fn is_heading(line: &str) -> bool {
    line.trim_start().starts_with('[')
}

/// Where the lines with headings begin in a text that is TOML. What looks like one in a text of several lines, or in a list, is
/// none.
fn headings(text: &str) -> Vec<usize> {
    let mut headings = Vec::new();
    // How many brackets and braces are open, and the text whose end is yet to come.
    let (mut depth, mut at) = (0_usize, 0);
    let mut line = Some(0);
    while let Some(c) = text[at..].chars().next() {
        let rest = &text[at..];
        let after = |skipped: usize, end: &str| rest[skipped..].find(end).map_or(rest.len(), |found| skipped + found);
        match c {
            '\n' => (at, line) = (at + 1, Some(at + 1)),
            ' ' | '\t' | '\r' => at += 1,
            '[' if depth == 0 && line.is_some() => {
                headings.extend(line.take());
                at += after(0, "\n");
            }
            '#' => at += after(0, "\n"),
            '"' | '\'' => {
                line = None;
                at += length_of_text(rest, c);
            }
            _ => {
                line = None;
                match c {
                    '[' | '{' => depth += 1,
                    ']' | '}' => depth = depth.saturating_sub(1),
                    _ => {}
                }
                at += c.len_utf8();
            }
        }
    }
    headings
}

/// How long the text in quotes is with which this begins, the quotes included.
fn length_of_text(rest: &str, quote: char) -> usize {
    let bytes = rest.as_bytes();
    let is_quote = |at: usize| bytes.get(at).is_some_and(|byte| char::from(*byte) == quote);
    let long = is_quote(1) && is_quote(2);
    let mut at = if long { 3 } else { 1 };
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'\\' if quote == '"' => at += 2,
            b'\n' if !long => return at,
            _ if !is_quote(at) => at += 1,
            _ if !long => return at + 1,
            _ if is_quote(at + 1) && is_quote(at + 2) => {
                // Up to two quotes more belong to the text.
                return at + 3 + (3..5).take_while(|more| is_quote(at + more)).count();
            }
            _ => at += 1,
        }
    }
    bytes.len()
}

/// Whether a line begins an entry: a key, bare or in quotes, and what it is set to.
fn begins_entry(line: &str) -> bool {
    let line = line.trim_start();
    let is_bare = |c: char| c.is_alphanumeric() || "_-. \t".contains(c);
    let after = match line.chars().next() {
        Some(quote @ ('"' | '\'')) => line[1..].split_once(quote).map(|(_, after)| after),
        Some(c) if is_bare(c) => Some(line.trim_start_matches(is_bare)),
        _ => None,
    };
    after.is_some_and(|after| after.trim_start().starts_with('='))
}

/// The part of a text that is left out for what is wrong at a place: the entry that stands there, with all its lines, or a
/// heading with all that stands below it. Nothing, if there is nothing left out by that.
fn part_at(text: &str, start: usize) -> Option<Range<usize>> {
    let all: Vec<_> = lines(text).collect();
    let line = |at: usize| &text[all[at].clone()];
    let begins = |at: usize| begins_entry(line(at)) || is_heading(line(at));
    let at = all.iter().position(|line| line.contains(&start)).or(all.len().checked_sub(1))?;
    // What ends a text too early is wrong where it began; what goes on behind an entry that is whole belongs to none.
    let before = (0..at).rev().find(|at| begins(*at));
    let before = before.filter(|from| DeTable::parse(&text[all[*from].start..all[at].start]).is_err());
    let first = before.filter(|_| !begins(at)).unwrap_or(at);
    let ends = |at: usize| if is_heading(line(first)) { is_heading(line(at)) } else { begins(at) };
    let end = match begins(first) {
        true => (first + 1..all.len()).find(|at| ends(*at)).unwrap_or(all.len()),
        false => first + 1,
    };
    let last = (first..end).rev().find(|at| !line(*at).trim().is_empty())?;
    Some(all[first].start..all[last].end)
}

/// What an entry comes to, or what is wrong with it and where.
///
/// # Errors
/// In words, with the place.
pub fn value<'de, T: Deserialize<'de>>(value: &Spanned<DeValue<'de>>) -> Result<T, (usize, String)> {
    let start = value.span().start;
    T::deserialize(ValueDeserializer::from(value.clone())).map_err(|error| fault(&error, start))
}

/// What a table comes to, or what is wrong with it and where: `start` where nothing better is known.
///
/// # Errors
/// In words, with the place.
pub fn whole<'de, T: Deserialize<'de>>(table: DeTable<'de>, start: usize) -> Result<T, (usize, String)> {
    T::deserialize(Deserializer::from(Spanned::new(start..start, table))).map_err(|error| fault(&error, start))
}

/// What a table of a list comes to, or all that is wrong with it, each with its place.
///
/// # Errors
/// In words, with the places.
pub fn entry<'de, T: Deserialize<'de>>(written: &Spanned<DeValue<'de>>) -> Result<T, Vec<(usize, String)>> {
    let start = written.span().start;
    let Some(table) = written.get_ref().as_table() else { return value(written).map_err(|fault| vec![fault]) };
    let (mut table, mut faults, mut taken) = (table.clone(), Vec::<(usize, String)>::new(), Vec::new());
    loop {
        let value = Spanned::new(written.span(), DeValue::Table(table.clone()));
        let error = match T::deserialize(ValueDeserializer::from(value)) {
            Ok(value) if faults.is_empty() => return Ok(value),
            Ok(_) => return Err(faults),
            Err(error) => error,
        };
        let at = error.span().map_or(start, |span| span.start);
        let key = table.iter().find(|(key, value)| key.span().contains(&at) || value.span().contains(&at));
        let key = key.map(|(key, _)| key.clone());
        let missing = |name: &String| error.message().contains(&format!("missing field `{name}`"));
        if key.is_some() || !taken.iter().any(missing) {
            let (at, what) = fault(&error, start);
            let name = key.as_ref().filter(|key| key.span().start != at).map(|key| format!("{}: ", key.get_ref()));
            faults.push((at, format!("{}{what}", name.unwrap_or_default())));
        }
        // Without the entry that is wrong the others are looked at.
        let Some(key) = key else { return Err(faults) };
        taken.push(key.get_ref().to_string());
        table.remove(&key);
    }
}

fn fault(error: &toml::de::Error, start: usize) -> (usize, String) {
    (error.span().map_or(start, |span| span.start), said(error.message()))
}

/// What a reader of TOML says, as people say it. What was written is not repeated where it may be anything.
fn said(message: &str) -> String {
    let listed = |list: &str| {
        let names = list.trim_start_matches("one of ").replace(" or ", ", ");
        names.split(", ").map(|name| name.trim_matches('`').to_owned()).collect::<Vec<_>>()
    };
    let named =
        |rest: &str| rest.strip_prefix('`')?.split_once('`').map(|(name, rest)| (name.to_owned(), rest.to_owned()));
    let wrong = message.strip_prefix("invalid type: ").or_else(|| message.strip_prefix("invalid value: "));
    if let Some((found, wanted)) = wrong.and_then(|wrong| wrong.rsplit_once(", expected ")) {
        return format!("{} is expected here, not {}", kind_wanted(wanted), kind_found(found));
    }
    if let Some((name, rest)) = message.strip_prefix("unknown variant ").and_then(named) {
        let known = rest.trim_start_matches(", expected ");
        return format!("there is no \"{name}\"; there are {}", listed(known).join(", "));
    }
    if let Some((name, rest)) = message.strip_prefix("unknown field ").and_then(named) {
        let known = listed(rest.trim_start_matches(", expected "));
        return match nearest(&name, known.iter().map(String::as_str)) {
            Some(near) => format!("no entry is called \"{name}\", but \"{near}\" is"),
            None => format!("no entry is called \"{name}\"; there are {}", known.join(", ")),
        };
    }
    if let Some((name, _)) = message.strip_prefix("missing field ").and_then(named) {
        return format!("it needs {name}");
    }
    match message {
        "wanted string or table" => "a text in quotes is expected here".to_owned(),
        message if message.starts_with("string values must be quoted") => "a text stands in quotes".to_owned(),
        "duplicate key" => "this stands there already".to_owned(),
        message => message.trim().replace('\n', ", "),
    }
}

fn kind_wanted(wanted: &str) -> String {
    match wanted {
        "u16" | "u32" | "u64" | "usize" => "a whole number, 0 or more,".to_owned(),
        "i64" => "a whole number".to_owned(),
        "a boolean" => "true or false".to_owned(),
        "a string" | "path string" | "string or table" => "a text in quotes".to_owned(),
        "a sequence" => "a list in brackets".to_owned(),
        "a map" => "a table".to_owned(),
        wanted if wanted.starts_with("struct ") || wanted.contains(" struct") => "a table".to_owned(),
        wanted => wanted.to_owned(),
    }
}

fn kind_found(found: &str) -> &str {
    match found {
        found if found.starts_with("string") => "a text",
        found if found.starts_with("integer `-") => "a number below 0",
        found if found.starts_with("integer") => "a number",
        found if found.starts_with("floating") => "a number with a point",
        found if found.starts_with("boolean") => "true or false",
        "map" => "a table",
        "sequence" => "a list",
        found => found,
    }
}

/// The name that was probably meant, if one is near.
pub fn nearest<'a>(typed: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let plain = |name: &str| name.to_lowercase().replace('_', "-");
    let typed = plain(typed);
    let ratio = |name: &str| similar::TextDiff::from_chars(typed.as_str(), plain(name).as_str()).ratio();
    let near = known.map(|name| (ratio(name), name)).max_by(|(a, _), (b, _)| a.total_cmp(b))?;
    (near.0 >= 0.7).then_some(near.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> Vec<(usize, String)> {
        let written = Written::of(text);
        assert_eq!(written.text().len(), text.len(), "what stands keeps its place");
        written.lost().iter().map(|lost| (line_of(text, lost.start), lost.what.clone())).collect()
    }

    fn stands(text: &str) -> Vec<String> {
        let written = Written::of(text);
        let mut keys: Vec<_> = written.table().keys().map(|key| key.get_ref().to_string()).collect();
        keys.sort();
        keys
    }

    #[test]
    fn lines_that_are_no_toml_are_told_at_once_and_the_others_stand() {
        let text = "a = 1\nb = soon\nc = 'x'\nd = [1,\n 2\n 3]\ne = \"open\nf = true\nword\ng = 1\ng = 2\nh =\ni = 5\n";
        assert_eq!(told(text).iter().map(|(line, _)| *line).collect::<Vec<_>>(), [2, 6, 7, 9, 11, 12]);
        assert_eq!(stands(text), ["a", "c", "f", "g", "i"]);
        assert!(told("b = soon\n")[0].1.contains("quotes"), "{:?}", told("b = soon\n"));
    }

    #[test]
    fn what_stands_below_a_heading_that_is_none_is_under_no_other() {
        let text = "x = 1\n[[a]]\nb = 1\n[[a]\nb = 2\nc = 3\n[d]\ne = 4\n";
        assert_eq!(told(text).len(), 1);
        assert_eq!(told(text)[0].0, 4);
        let written = Written::of(text);
        assert_eq!(stands(text), ["a", "d", "x"]);
        let table = written.table();
        let array = table.get("a").and_then(|a| a.get_ref().as_array()).unwrap();
        assert_eq!(array.iter().count(), 1);
        assert!(written.is_before_sections(0) && !written.is_before_sections(text.len()));
    }

    #[test]
    fn it_is_known_of_which_section_something_was_lost() {
        let text = "[a]\nx = 1\n[b]\ny = soon\n[c]\n";
        let written = Written::of(text);
        let of = |heading: &str| written.lost_of_section(text.find(heading).unwrap()).is_some();
        assert_eq!((of("[a]"), of("[b]"), of("[c]")), (false, true, false));
    }

    #[test]
    fn what_looks_like_a_heading_in_a_text_or_a_list_is_none() {
        let within = [
            "a = \"\"\"\n[x]\n\\\"\"\"\"\"\n",
            "a = '''\n[x]\n'''''\n",
            "a = [\n[1],\n # ]\n[2]]\n",
            "a = { b = [\n[']']] }\n",
            "a = \"[\\\"\" # [\n",
            "a = '\\'\n",
            "a = \"\"\n",
        ];
        for within in within {
            let text = format!("{within} b = soon\n[one]\n{within}b = soon\n [[two]] # ]\nc = 1\n");
            let written = Written::of(&text);
            let at = |what: &str| text.find(what).unwrap();
            assert_eq!(written.lost().len(), 2, "{text}");
            assert!(written.is_before_sections(written.lost()[0].start), "{text}");
            assert!(!written.is_before_sections(written.lost()[1].start), "{text}");
            assert_eq!(written.lost_of_section(at("[one]")), Some(&written.lost()[1]), "{text}");
            assert_eq!(written.lost_of_section(at("[[two]]")), None, "{text}");
        }
    }

    #[test]
    fn a_text_that_never_ends_loses_its_own_entry() {
        assert_eq!(stands("a = 1\nb = \"\"\"\nx\ny\nc = 2\n"), ["a"]);
        assert_eq!(stands("a = 1\nb = [1,\n"), ["a"]);
        assert_eq!(stands("a = 1\n[b"), ["a"]);
    }

    #[test]
    fn a_name_that_is_near_is_the_one_that_was_meant() {
        let known = ["refresh", "refresh-running", "read-only", "theme"];
        assert_eq!(nearest("read_only", known.into_iter()), Some("read-only"));
        assert_eq!(nearest("refesh", known.into_iter()), Some("refresh"));
        assert_eq!(nearest("colour", known.into_iter()), None);
    }

    proptest::proptest! {
        #[test]
        fn every_text_comes_to_an_end(text in "([a-c=\\[\\]{}\"'#.,ä0-9 ]|\n){0,120}") {
            let written = Written::of(&text);
            proptest::prop_assert_eq!(written.text().len(), text.len());
            proptest::prop_assert!(DeTable::parse(written.text()).is_ok(), "{:?}", written.text());
            proptest::prop_assert!(headings(&text).len() <= text.len(), "of any text, though it is no TOML");
            for lost in written.lost() {
                proptest::prop_assert!(lost.range.end <= text.len() && lost.start <= text.len());
            }
        }
    }
}
