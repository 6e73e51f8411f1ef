//! The keys as people read them: on the screen, in the README, in the manual. All of it is made from the table of actions and
//! the keymap, so that none of it can say something else than what the keys do.

use std::fmt::Write as _;

use super::action::{Action, Kind, Layer, Own};
use crate::config::{
    command::Command,
    keymap::{BUILT_IN, Binding, Keymap, Problem, display_chord, spelled_chord},
};

/// A line of help: keys, name, what it does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HelpLine {
    /// Where it works.
    pub layer: Layer,
    /// The keys, as the screen shows them.
    pub keys: String,
    /// The keys, as a keymap file spells them.
    pub spelled: Vec<String>,
    /// The action.
    pub action: Action,
    /// Where the keys were bound: in what this build ships with, or in lines of the user's files.
    pub sources: Vec<String>,
}

impl HelpLine {
    /// Where the keys were bound, in words. Of a file its name alone where there is little room.
    pub fn source(&self, short: bool) -> String {
        let name = |source: &String| match source.rsplit_once('/') {
            Some((_, name)) if short => name.to_owned(),
            _ => source.clone(),
        };
        self.sources.iter().map(name).collect::<Vec<_>>().join(", ")
    }

    /// Whether the user bound any of them.
    pub fn by_user(&self) -> bool {
        self.sources.iter().any(|source| source != BUILT_IN)
    }
}

/// The order of layers where all are listed: from what works everywhere to what works in one place.
const ORDER: &[Layer] = &[
    Layer::Global,
    Layer::List,
    Layer::Fleet,
    Layer::Columns,
    Layer::Filter,
    Layer::Compare,
    Layer::Node,
    Layer::NodeDisk,
    Layer::NodeProcesses,
    Layer::NodeServices,
    Layer::NodeUsers,
    Layer::NodeFiles,
    Layer::NodeLogs,
    Layer::Compliance,
    Layer::Commands,
    Layer::Output,
    Layer::Plan,
    Layer::Parameters,
    Layer::History,
    Layer::Sessions,
    Layer::Forwards,
    Layer::Shell,
    Layer::Prefix,
    Layer::Scrollback,
    Layer::Form,
    Layer::Input,
    Layer::Confirm,
    Layer::Command,
    Layer::Scope,
    Layer::SignIn,
    Layer::Messages,
    Layer::Overlay,
];

/// What is bound in a layer, an action a line, those that belong to it first.
pub fn of_layer(keymap: &Keymap<Action>, layer: Layer) -> Vec<HelpLine> {
    beyond(keymap, layer, &[])
}

/// What is bound in a layer, means nothing else in one of those inside it and is not hidden by one.
pub fn beyond(keymap: &Keymap<Action>, layer: Layer, inner: &[Layer]) -> Vec<HelpLine> {
    let inner: Vec<&str> = inner.iter().map(|layer| layer.name()).collect();
    let mut lines: Vec<HelpLine> = Vec::new();
    for binding in keymap.of(layer.name()).filter(|binding| keymap.reaches(&inner, &binding.chord)) {
        let Binding { chord, action, .. } = binding;
        let (keys, spelled, source) = (display_chord(chord), spelled_chord(chord), binding.source());
        match lines.iter_mut().find(|line| line.action == *action) {
            Some(line) => {
                line.keys = format!("{} {keys}", line.keys);
                line.spelled.push(spelled);
                if !line.sources.contains(&source) {
                    line.sources.push(source);
                }
            }
            None => {
                let (spelled, sources) = (vec![spelled], vec![source]);
                lines.push(HelpLine { layer, keys, spelled, action: *action, sources });
            }
        }
    }
    lines.sort_by_key(|line| (line.action.entry().layer != layer, line.action.rank()));
    lines
}

/// Layers in which keys are typed, or belong to the node: no command of the user's own has a key there.
const TYPED: [Layer; 6] = [Layer::Shell, Layer::Form, Layer::Input, Layer::Confirm, Layer::Overlay, Layer::Scrollback];

/// The layer in which a command of the user's own has its key, where it may have one there.
fn layer_of(command: &Command) -> Option<Layer> {
    let (name, _) = command.key.as_ref()?;
    Layer::named(name).filter(|layer| !TYPED.contains(layer))
}

fn problem(command: &Command, what: &str) -> Problem {
    let what = format!("[[command]]: {what}");
    Problem { file: command.file.clone(), line: command.line, what, ..Problem::default() }
}

/// Makes actions of the user's own commands. Those that are called as one of ours are left out and told.
pub fn own(commands: Vec<Command>) -> (Vec<&'static Own>, Vec<Problem>) {
    let (taken, free): (Vec<_>, Vec<_>) =
        commands.into_iter().partition(|command| Action::named(&command.name).is_some());
    let taken = taken
        .iter()
        .map(|command| problem(command, &format!("\"{}\" is the name of an action; choose another", command.name)));
    let own = free.into_iter().map(|command| {
        let layer = layer_of(&command).unwrap_or(Layer::Global);
        Own::new(command, layer)
    });
    (own.collect(), taken.collect())
}

/// Binds the key of a command of the user's own, if it has one and that is free. What is wrong with it, and what it hides.
pub fn bind(keymap: &mut Keymap<Action>, own: &'static Own) -> Vec<Problem> {
    let command = &own.command;
    let Some((name, keys)) = &command.key else { return Vec::new() };
    let Some(layer) = layer_of(command) else {
        return vec![problem(command, &format!("no layer called \"{name}\" where a command can have a key"))];
    };
    let told = match keymap.bind(name, keys, Action::Own(own), (&command.file, command.line)) {
        Ok(()) => keymap.hidden_by(name, keys, &layer.outer_names()),
        Err(what) => vec![what],
    };
    told.iter().map(|what| problem(command, what)).collect()
}

fn all(keymap: &Keymap<Action>) -> impl Iterator<Item = (Layer, Vec<HelpLine>)> {
    let layers = ORDER.iter().map(|layer| (*layer, of_layer(keymap, *layer)));
    layers.filter(|(_, lines)| !lines.is_empty())
}

/// The keys as lines of text: a heading for each layer, and an action a line.
pub fn text(keymap: &Keymap<Action>) -> String {
    let mut out = String::new();
    for (layer, lines) in all(keymap) {
        let _ = writeln!(out, "{}{} [{}]", if out.is_empty() { "" } else { "\n" }, layer.heading(), layer.name());
        let keys = |line: &HelpLine| line.spelled.join(", ");
        let width = lines.iter().map(|line| keys(line).len()).max().unwrap_or(0);
        for line in lines {
            let entry = line.action.entry();
            let source = line.source(false);
            let _ = writeln!(out, "  {:width$}  {:20}  {}  ({source})", keys(&line), entry.name, entry.about);
        }
    }
    out
}

/// The keys as a table in Markdown: a row for each layer.
pub fn markdown(keymap: &Keymap<Action>) -> String {
    let mut out = "| where | keys |\n| --- | --- |\n".to_owned();
    for (layer, lines) in all(keymap) {
        let keys = lines.iter().map(|line| {
            let keys: Vec<_> = line.spelled.iter().map(|keys| format!("`{}`", keys.replace('|', "\\|"))).collect();
            format!("{} {}", keys.join(" "), line.action.entry().short)
        });
        let _ = writeln!(out, "| {} | {} |", layer.heading(), keys.collect::<Vec<_>>().join(" · "));
    }
    out
}

/// The keys as a section of a manual page.
pub fn roff(keymap: &Keymap<Action>) -> String {
    let mut out = ".SH KEYS\nThe keys of the console as they are shipped. keymap.toml in the configuration directory changes any \
                   of them. An action marked with * changes something and is refused in a read\\-only console.\n"
        .to_owned();
    for (layer, lines) in all(keymap) {
        let _ = writeln!(out, ".SS {}", escaped(layer.heading()));
        for line in lines {
            let entry = line.action.entry();
            let mark = if entry.kind == Kind::Change { " *" } else { "" };
            let keys: Vec<_> = line.spelled.iter().map(|keys| format!("\\fB{}\\fR", escaped(keys))).collect();
            let _ = writeln!(out, ".TP\n{} ({}{mark})\n{}", keys.join(", "), escaped(entry.name), escaped(entry.about));
        }
    }
    out
}

/// A text that roff takes for nothing but a text.
fn escaped(text: &str) -> String {
    let text = text.replace('\\', "\\e").replace('-', "\\-");
    if text.starts_with(['.', '\'']) { format!("\\&{text}") } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_layer_has_its_place() {
        assert!(Layer::ALL.iter().all(|(layer, ..)| ORDER.contains(layer)));
        assert_eq!(ORDER.len(), Layer::ALL.len());
    }

    /// `fleetdeck keys --markdown` is what stands between the marks in the README. `INSTA_UPDATE=always` puts it there, as it
    /// does with snapshots.
    #[test]
    fn the_readme_says_what_the_keys_do() {
        const MARK: &str = "<!-- made by `fleetdeck keys --markdown` -->\n";
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");
        let readme = std::fs::read_to_string(path).unwrap();
        let (before, rest) = readme.split_once(MARK).unwrap();
        let (table, after) = rest.split_once("<!-- end -->").unwrap();
        let (keymap, _) = crate::console::keymap(None);
        let made = markdown(&keymap);
        if std::env::var("INSTA_UPDATE").is_ok_and(|update| update == "always") && table != made {
            std::fs::write(path, format!("{before}{MARK}{made}<!-- end -->{after}")).unwrap();
            return;
        }
        assert!(table == made, "the README's table of keys is not what `fleetdeck keys --markdown` prints");
    }

    #[test]
    fn it_is_said_where_keys_were_bound() {
        let mine = "[fleet]\nx = \"open-shell\"\ns = \"none\"\n\"ctrl-a\" = \"mark-all\"\n";
        let (keymap, problems) = crate::console::keymap(Some(("/home/me/keymap.toml", mine)));
        assert_eq!(problems, []);
        let text = text(&keymap);
        let line = |action: &str| text.lines().find(|line| line.contains(action)).unwrap();
        let shell = line("open-shell ");
        assert!(shell.trim_start().starts_with("x ") && shell.ends_with("(/home/me/keymap.toml:2)"), "{shell}");
        assert!(line("mark-all").ends_with("(built-in, /home/me/keymap.toml:4)"), "{}", line("mark-all"));
        assert!(line("  help ").ends_with("(built-in)"));
        let own = crate::console::read(
            "[[command]]\nname = \"look-up\"\nkey = \"ctrl-x\"\nrun = \"true\"\nchanges = false\n",
        );
        let mut with_own = keymap.clone();
        let (own, problems) = super::own(own.commands);
        assert_eq!((own.len(), problems.len()), (1, 0));
        assert_eq!(own.iter().flat_map(|own| bind(&mut with_own, own)).count(), 0);
        let own = self::text(&with_own);
        let look_up = own.lines().find(|line| line.contains("look-up")).unwrap();
        assert!(look_up.trim_start().starts_with("ctrl-x ") && look_up.ends_with("(settings.toml:1)"), "{look_up}");
        let lines = of_layer(&keymap, Layer::Fleet);
        let all = lines.iter().find(|line| line.action == Action::MarkAll).unwrap();
        assert_eq!((all.source(true).as_str(), all.by_user()), ("built-in, keymap.toml:4", true));
        assert!(roff(&keymap).contains("\\fBctrl\\-g\\fR (prefix)"));
        assert_eq!(escaped(".a-b\\"), "\\&.a\\-b\\e");
    }
}
