//! Programs look in a shell pane as they look in tmux: the same keys to both, until both show the same.

use std::{
    fs,
    io::{Read, Write},
    path::Path,
    process::Command,
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

use fleetdeck::console::term::{Screen, Size};
use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

const ROWS: u16 = 30;
const COLUMNS: u16 = 100;
/// How long both may take to show the same.
const DEADLINE: Duration = Duration::from_secs(60);

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

    fn lines(&self) -> Vec<String> {
        trimmed(&self.screen.lock().unwrap().text())
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

    fn lines(&self, directory: &Path) -> Vec<String> {
        trimmed(&plain(&self.run(&["capture-pane", "-p", "-e"], directory)))
    }
}

impl Drop for Tmux {
    fn drop(&mut self) {
        let _ = Command::new("tmux").args(["-S", &self.socket, "kill-server"]).output();
    }
}

fn trimmed(text: &str) -> Vec<String> {
    let lines: Vec<_> = text.lines().map(|line| line.trim_end().to_owned()).collect();
    let end = lines.iter().rposition(|line| !line.is_empty()).map_or(0, |last| last + 1);
    lines[..end].to_vec()
}

/// What tmux captured, without renditions, and with its line drawing as characters.
fn plain(captured: &str) -> String {
    const DRAWING: &str = "◆▒␉␌␍␊°±␤␋┘┐┌└┼⎺⎻─⎼⎽├┤┴┬│≤≥π≠£·";
    let mut out = String::new();
    let mut drawing = false;
    let mut chars = captured.chars();
    while let Some(c) = chars.next() {
        match c {
            '\x0e' => drawing = true,
            '\x0f' => drawing = false,
            '\x1b' => {
                // Renditions, and links where this tmux knows them.
                chars.find(|c| c.is_ascii_alphabetic() || *c == '\\');
            }
            '`'..='~' if drawing => out.extend(DRAWING.chars().nth(c as usize - '`' as usize)),
            c => out.push(c),
        }
    }
    out
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
            let (ours, theirs) = (pane.lines(), tmux.lines(directory));
            let shown = ours == theirs && ours.iter().any(|line| line.contains(seen));
            // Twice the same, so that neither is in the middle of something.
            if shown && before.as_ref() == Some(&ours) {
                break;
            }
            assert!(
                Instant::now() < end,
                "{program} ({locale}), step {at}: waiting for {seen:?}\nin the pane:\n{}\nin tmux:\n{}",
                ours.join("\n"),
                theirs.join("\n")
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
    same("vim -n -i NONE -u NONE -N text", "C.UTF-8", edit);
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
