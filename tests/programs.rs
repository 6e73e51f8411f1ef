//! Programs look in a shell pane as they look in tmux: the same keys to both, until both show the same, in the same colours
//! and attributes.
//!
//! What can be seen is compared: of a blank its ground and the lines through and under it, of other cells all. Left out are
//! kinds and colours of underlines (in the pane a line is a line), links, and the ground of cells behind the last one that
//! was written to in a line, of which tmux tells nothing.

use std::{
    fs,
    io::{Read, Write},
    path::Path,
    process::Command,
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

use fleetdeck::console::term::{Colour, Marks, Screen, Size, Style};
use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use unicode_width::UnicodeWidthChar as _;

const ROWS: u16 = 30;
const COLUMNS: u16 = 100;
/// How long both may take to show the same.
const DEADLINE: Duration = Duration::from_secs(180);

/// A step of a script: what to type, and what must be seen after it.
type Step = (&'static str, &'static str);

/// The shell pane.
struct Pane {
    screen: Arc<Mutex<Screen>>,
    writer: Arc<Mutex<Box<dyn Write + Send>>>,
    child: Box<dyn Child + Send + Sync>,
    _master: Box<dyn MasterPty + Send>,
}

impl Pane {
    fn open(command: &str, directory: &Path) -> Self {
        let size = PtySize { rows: ROWS, cols: COLUMNS, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).unwrap();
        let mut shell = CommandBuilder::new("/bin/sh");
        shell.args(["-c", command]);
        shell.cwd(directory);
        let child = pair.slave.spawn_command(shell).unwrap();
        drop(pair.slave);
        let screen = Arc::new(Mutex::new(Screen::new(Size::new(ROWS, COLUMNS), 1_000)));
        let writer = Arc::new(Mutex::new(pair.master.take_writer().unwrap()));
        let mut reader = pair.master.try_clone_reader().unwrap();
        let (fed, answers) = (Arc::clone(&screen), Arc::clone(&writer));
        thread::spawn(move || {
            let mut buffer = vec![0; 64 * 1024];
            while let Ok(count @ 1..) = reader.read(&mut buffer) {
                let answer = fed.lock().unwrap().feed(&buffer[..count]);
                // The program may be gone by now.
                let _ = answers.lock().unwrap().write_all(&answer);
            }
        });
        Self { screen, writer, child, _master: pair.master }
    }

    fn keys(&self, keys: &str) {
        self.writer.lock().unwrap().write_all(keys.as_bytes()).unwrap();
    }

    fn shown(&self) -> Shown {
        let screen = self.screen.lock().unwrap();
        Shown { lines: trimmed(screen.text().lines()), looks: looks(&screen) }
    }
}

impl Drop for Pane {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A tmux with one window of the same size, on a socket of its own.
struct Tmux {
    socket: String,
}

impl Tmux {
    /// Its own files are in `tools`, where no program lists them.
    fn open(command: &str, directory: &Path, tools: &Path) -> Self {
        let tmux = Self { socket: tools.join("outer").display().to_string() };
        let configuration = tools.join("outer.conf");
        let settings = "set -g default-terminal xterm-256color\nset -g status off\nset -s escape-time 0\n";
        fs::write(&configuration, settings).unwrap();
        let (columns, rows) = (COLUMNS.to_string(), ROWS.to_string());
        tmux.run(
            &["-f", &configuration.display().to_string(), "new", "-d", "-x", &columns, "-y", &rows, command],
            directory,
        );
        tmux
    }

    fn run(&self, words: &[&str], directory: &Path) -> String {
        let mut tmux = Command::new("tmux");
        tmux.args(["-u", "-S", &self.socket]).args(words).current_dir(directory).env_remove("TMUX");
        let run = tmux.env("LC_ALL", "C.UTF-8").output().unwrap();
        assert!(run.status.success(), "tmux {words:?}: {}", String::from_utf8_lossy(&run.stderr));
        String::from_utf8_lossy(&run.stdout).into_owned()
    }

    fn keys(&self, keys: &str, directory: &Path) {
        let bytes: Vec<_> = keys.bytes().map(|byte| format!("{byte:02x}")).collect();
        let words: Vec<_> = ["send-keys", "-H"].into_iter().chain(bytes.iter().map(String::as_str)).collect();
        self.run(&words, directory);
    }

    fn shown(&self, directory: &Path) -> Shown {
        captured(&self.run(&["capture-pane", "-p", "-e", "-N"], directory))
    }
}

/// What one sees.
#[derive(Clone, PartialEq, Eq)]
struct Shown {
    lines: Vec<String>,
    /// The cells of each line, as they look; those that were never written to as far as is known.
    looks: Vec<Vec<Look>>,
}

impl Shown {
    /// Whether tmux shows the same, as far as it tells.
    fn is_that_of(&self, tmux: &Self) -> bool {
        self.lines == tmux.lines && difference(self, tmux).is_empty()
    }
}

/// A cell as it looks: its text (empty where none was written), the colours of text and ground, lines and weight.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Look {
    text: String,
    /// Empty where nothing has that colour.
    ink: String,
    ground: String,
    marks: String,
}

impl Look {
    fn blank() -> Self {
        Self { ground: "ground".to_owned(), ..Self::default() }
    }
}

fn looks(screen: &Screen) -> Vec<Vec<Look>> {
    let line = |row: u16| {
        let mut cells = vec![Look::blank(); COLUMNS.into()];
        screen.each_glyph(screen.live() + u64::from(row), |column, glyph| {
            if let Some(cell) = cells.get_mut(usize::from(column)) {
                *cell = look(glyph.text, glyph.style);
            }
            // The second half of a wide character looks like the first.
            if let Some(half) = cells.get_mut(usize::from(column) + 1).filter(|_| glyph.wide) {
                *half = look(glyph.text, glyph.style);
            }
        });
        cells
    };
    (0..ROWS).map(line).collect()
}

fn look(text: &str, style: Style) -> Look {
    const LINES: [(Marks, &str); 2] = [(Marks::UNDERLINE, "underlined "), (Marks::STRIKE, "struck ")];
    const WEIGHTS: [(Marks, &str); 4] =
        [(Marks::BOLD, "bold "), (Marks::DIM, "faint "), (Marks::ITALIC, "italic "), (Marks::BLINK, "blinking ")];
    let colour = |colour, own: &str| match colour {
        Colour::Default => own.to_owned(),
        other => format!("{other:?}"),
    };
    let (mut ink, mut ground) = (colour(style.foreground, "text"), colour(style.background, "ground"));
    if style.marks.contains(Marks::INVERSE) {
        std::mem::swap(&mut ink, &mut ground);
    }
    let marked = |marks: &[(Marks, &str)]| -> String {
        marks.iter().filter(|(mark, _)| style.marks.contains(*mark)).map(|(_, name)| *name).collect()
    };
    let mut marks = marked(&LINES);
    if text.trim().is_empty() {
        if marks.is_empty() {
            ink.clear();
        }
    } else {
        marks += &marked(&WEIGHTS);
    }
    Look { text: text.to_owned(), ink, ground, marks }
}

/// Where two screens look different; nothing if they do not.
fn difference(ours: &Shown, theirs: &Shown) -> String {
    let blank = |look: &Look| look.text.trim().is_empty();
    let same = |a: &Look, b: &Look| match (blank(a), b.text.is_empty()) {
        (true, true) => true,
        (true, false) => blank(b) && (&a.ink, &a.ground, &a.marks) == (&b.ink, &b.ground, &b.marks),
        (false, _) => a == b,
    };
    let mut told = String::new();
    for (row, (a, b)) in ours.looks.iter().zip(&theirs.looks).enumerate() {
        for (column, (a, b)) in a.iter().zip(b).enumerate().filter(|(_, (a, b))| !same(a, b)).take(3) {
            told += &format!("row {row}, column {column}: {a:?} in the pane, {b:?} in tmux\n");
        }
    }
    told
}

impl Drop for Tmux {
    fn drop(&mut self) {
        let _ = Command::new("tmux").args(["-S", &self.socket, "kill-server"]).output();
    }
}

/// The text of lines, without blanks at the ends.
fn trimmed<'a>(lines: impl Iterator<Item = &'a str>) -> Vec<String> {
    let lines: Vec<_> = lines.map(|line| line.trim_end().to_owned()).collect();
    let end = lines.iter().rposition(|line| !line.is_empty()).map_or(0, |last| last + 1);
    lines[..end].to_vec()
}

/// What tmux captured. Read by a reader of its own: one of the pane's would read its own mistakes back.
fn captured(text: &str) -> Shown {
    const DRAWING: &str = "◆▒␉␌␍␊°±␤␋┘┐┌└┼⎺⎻─⎼⎽├┤┴┬│≤≥π≠£·";
    let (mut looks, mut lines) = (Vec::new(), Vec::new());
    let (mut style, mut drawing) = (Style::default(), false);
    for captured in text.lines() {
        let (mut cells, mut line): (Vec<Look>, _) = (Vec::new(), String::new());
        let mut chars = captured.chars();
        while let Some(c) = chars.next() {
            let c = match c {
                '\x0e' | '\x0f' => {
                    drawing = c == '\x0e';
                    continue;
                }
                '\x1b' => {
                    // Renditions, and links where this tmux knows them.
                    let sequence: String = chars.by_ref().take_while(|c| !matches!(c, 'm' | '\\')).collect();
                    if let Some(rendition) = sequence.strip_prefix('[') {
                        rendered(rendition, &mut style);
                    }
                    continue;
                }
                '`'..='~' if drawing => DRAWING.chars().nth(c as usize - '`' as usize).unwrap(),
                c => c,
            };
            line.push(c);
            match (c.width().unwrap_or(0), cells.last_mut()) {
                (0, Some(last)) => last.text.push(c),
                (width, _) => cells.extend(std::iter::repeat_n(look(&c.to_string(), style), width)),
            }
        }
        cells.resize_with(COLUMNS.into(), Look::blank);
        looks.push(cells);
        lines.push(line);
    }
    looks.resize_with(ROWS.into(), || vec![Look::blank(); COLUMNS.into()]);
    Shown { lines: trimmed(lines.iter().map(String::as_str)), looks }
}

/// Follows a rendition as tmux writes them.
fn rendered(rendition: &str, style: &mut Style) {
    let none = Marks::default();
    let (bold, dim, italic, underline) = (Marks::BOLD, Marks::DIM, Marks::ITALIC, Marks::UNDERLINE);
    let marks = [none, bold, dim, italic, underline, Marks::BLINK, none, Marks::INVERSE, none, Marks::STRIKE];
    // Kinds of underlines come as `4:3`.
    let number = |text: &str| text.split(':').next().unwrap_or_default().parse::<u8>().unwrap_or(0);
    let mut numbers = rendition.split(';').map(number);
    while let Some(n) = numbers.next() {
        let mut colour = || match numbers.next() {
            Some(5) => Colour::Indexed(numbers.next().unwrap_or(0)),
            _ => {
                let mut part = || numbers.next().unwrap_or(0);
                Colour::Rgb(part(), part(), part())
            }
        };
        match n {
            0 => *style = Style::default(),
            1..=9 => style.marks = style.marks.with(marks[usize::from(n)], true),
            22 => style.marks = style.marks.with(Marks::BOLD, false).with(Marks::DIM, false),
            23..=29 => style.marks = style.marks.with(marks[usize::from(n - 20)], false),
            30..=37 => style.foreground = Colour::Indexed(n - 30),
            38 => style.foreground = colour(),
            39 => style.foreground = Colour::Default,
            40..=47 => style.background = Colour::Indexed(n - 40),
            48 => style.background = colour(),
            49 => style.background = Colour::Default,
            90..=97 => style.foreground = Colour::Indexed(n - 90 + 8),
            100..=107 => style.background = Colour::Indexed(n - 100 + 8),
            _ => {}
        }
    }
}

/// Runs a program in both and takes it through a script. `{inner}` in the command is a name of its own for each.
fn same(program: &str, locale: &str, script: &[Step]) {
    let (home, tools) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (directory, tools) = (home.path(), tools.path());
    fixtures(directory);
    let command = |inner: &str| {
        let path = std::env::var("PATH").unwrap();
        let home = directory.display();
        format!(
            "exec env -i PATH='{path}' HOME='{home}' TERM=xterm-256color SHELL=/bin/sh USER=me LC_ALL={locale} \
             PS1='$ ' TMUX_TMPDIR='{}' {}",
            tools.display(),
            program.replace("{inner}", inner)
        )
    };
    let pane = Pane::open(&command("ours"), directory);
    let tmux = Tmux::open(&command("theirs"), directory, tools);
    for (at, (keys, seen)) in script.iter().enumerate() {
        if !keys.is_empty() {
            pane.keys(keys);
            tmux.keys(keys, directory);
        }
        let end = Instant::now() + DEADLINE;
        let mut before = None;
        loop {
            let (ours, theirs) = (pane.shown(), tmux.shown(directory));
            let shown = ours.is_that_of(&theirs) && ours.lines.iter().any(|line| line.contains(seen));
            // Twice the same, so that neither is in the middle of something.
            if shown && before.as_ref() == Some(&ours) {
                break;
            }
            assert!(
                Instant::now() < end,
                "{program} ({locale}), step {at}: waiting for {seen:?}\nin the pane:\n{}\nin tmux:\n{}\n{}",
                ours.lines.join("\n"),
                theirs.lines.join("\n"),
                difference(&ours, &theirs)
            );
            before = shown.then_some(ours);
            thread::sleep(Duration::from_millis(50));
        }
    }
    for inner in ["ours", "theirs"] {
        if program.contains("{inner}") {
            let _ = Command::new("tmux").args(["-L", inner, "kill-server"]).env("TMUX_TMPDIR", tools).output();
        }
    }
}

fn fixtures(directory: &Path) {
    let text: String = (1..=200)
        .map(|n| match n % 10 {
            3 => format!("{n}\ttabs\tand\tmore\n"),
            5 => format!("{n} 漢字とかな, äöü, e\u{301}\n"),
            7 => format!("{n} {}\n", "a line that is longer than the screen is wide ".repeat(4)),
            _ => format!("{n} some words on a line\n"),
        })
        .collect();
    fs::write(directory.join("text"), text).unwrap();
    fs::write(directory.join("program.c"), "#include <stdio.h>\n\nint main(void) {\n\treturn puts(\"hello\");\n}\n")
        .unwrap();
    // Both programs share a home: what they would make in it, and list, is there before.
    for made in [".cache/mc", ".local/share/mc", ".config/mc"] {
        fs::create_dir_all(directory.join(made)).unwrap();
    }
    let mc = directory.join(".config/mc");
    let settings = "[Midnight-Commander]\nconfirm_exit=false\n[Layout]\nmessage_visible=false\nfree_space=false\n";
    fs::write(mc.join("ini"), settings).unwrap();
    let settings = "set -g status-right ''\nset -g status-left 'inner '\nsetw -g automatic-rename off\n\
                    set -g default-command 'exec sh'\nset -s escape-time 0\n";
    fs::write(directory.join("inner.conf"), settings).unwrap();
}

#[test]
fn vim() {
    let edit: &[Step] = &[
        ("", "some words"),
        ("ihello \x1b", "hello 1"),
        (":split program.c\r", "puts"),
        (":syntax on\r:set number\r", "5 }"),
        ("\x17j\x06\x06", "words"),
        ("/97\r", "97 a line"),
        (":set nowrap\r\x05\x05", "words"),
        ("ddp\x16jjd", "words"),
        (":vsplit\r:set list\r", "^I"),
        (":help\r", "help.txt"),
    ];
    // Else it goes by the background of the terminal, which only the pane tells.
    same("vim -n -i NONE -u NONE -N --cmd 'set background=dark' text", "C.UTF-8", edit);
}

#[test]
fn less() {
    let page: &[Step] = &[
        ("", "some words"),
        (" ", "words"),
        ("/漢字\r", "漢字"),
        ("nn", "漢字"),
        ("-S\r", "words"),
        ("G", "200 some"),
        ("\x1b[A\x1b[A", "198 some"),
    ];
    same("less -R text", "C.UTF-8", page);
}

#[test]
fn nano() {
    let edit: &[Step] = &[
        ("", "some words"),
        ("typed ", "typed 1"),
        ("\x16\x16", "words"),
        ("\x07", "help"),
        ("\x18", "words"),
        ("\x0b\x0b", "text"),
    ];
    same("nano -I text", "C.UTF-8", edit);
}

#[test]
fn htop_help() {
    // The figures are alive; the pages that stand still are compared.
    same("htop", "C.UTF-8", &[("h", "IO priority")]);
}

#[test]
fn mc() {
    let panels: &[Step] =
        &[("", "text"), ("\t", "text"), ("\x1b[B\x1b[B", "text"), ("\x1bOP", "Help"), ("\x1b[21~", "text")];
    same("mc --nosubshell", "C.UTF-8", panels);
    // Without UTF-8 it draws lines by a character set.
    same("mc --nosubshell", "C", panels);
}

#[test]
fn dialog() {
    let menu = "dialog --title Choose --menu 'one of these' 15 50 5 a first b second c third d fourth e fifth f sixth";
    // Its arrow keys are ambiguous where a key is sent byte by byte.
    let keys: &[Step] = &[("", "first"), ("b", "second"), ("f", "sixth"), ("\t", "Cancel")];
    same(menu, "C.UTF-8", keys);
    same(menu, "C", keys);
    same("dialog --yesno 'go on?' 8 40", "C", &[("", "go on?"), ("\t", "No")]);
}

#[test]
fn tmux_inside() {
    let keys: &[Step] = &[
        ("", "inner"),
        ("echo one\r", "one"),
        ("\x02\"", "inner"),
        ("echo two\r", "two"),
        ("\x02%", "inner"),
        ("ls /etc/passwd\r", "/etc/passwd"),
        ("\x02\x1b[A", "inner"),
        ("\x02c", "1:"),
    ];
    same("tmux -L {inner} -f inner.conf new -s x", "C.UTF-8", keys);
    same("tmux -L {inner} -f inner.conf new -s x", "C", keys);
}

#[test]
fn zsh() {
    let keys: &[Step] = &[
        ("", "$"),
        ("PS1='%B%F{green}>%f%b '\r", ">"),
        (
            "echo a long line that goes over the edge of the terminal and is then edited at its beginning, as users do",
            "do",
        ),
        ("\x01\x1bf\x1bf new\x05\x7f\x7f", "as users"),
        ("\x15\x0cls te\t", "ls text"),
        ("\x15print -P '%Sinverse%s %Uunderlined%u'\r", "inverse underlined"),
    ];
    same("zsh -f", "C.UTF-8", keys);
}

#[test]
fn fish() {
    let keys: &[Step] = &[
        ("", "~"),
        ("echo hello | string upper\r", "HELLO"),
        ("ls te\t", "ls text"),
        ("\x15for n in 1 2\recho $n\rend\r", "2"),
        ("\x0cseq 40\r", "40"),
    ];
    same("fish --no-config --private", "C.UTF-8", keys);
}
