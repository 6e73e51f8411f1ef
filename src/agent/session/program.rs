//! The program of a session: on a pseudo-terminal, on pipes, or at the far end of a connection. Its bytes are read when
//! there is room for them, so that a program that writes faster than the user's line carries has to wait.

mod flow;

use std::{
    env, io,
    path::{Path, PathBuf},
    process::Stdio,
    thread,
    time::Duration,
};

use bytes::Bytes;
use nix::{
    sys::signal::{Signal, killpg},
    unistd::Pid,
};
use portable_pty::{CommandBuilder, MasterPty, PtySize, native_pty_system};
use tokio::{
    net::{TcpStream, unix::pipe::Receiver},
    sync::oneshot,
};

use super::{
    account::{self, Account},
    plan::Separators,
};
use crate::{
    agent::process::{Keeper, kill_session},
    wire::{envelope::payload, messages::TerminalSize},
};
pub use flow::Turn;
use flow::{Flow, Sink, Source};

/// The size until the user's is known.
const SIZE: PtySize = PtySize { rows: 24, cols: 80, pixel_width: 0, pixel_height: 0 };

/// How long a terminal is looked at for the echo of a key: the kernel writes it in about half the time.
const AT_ONCE: Duration = Duration::from_micros(50);

/// A running program.
pub struct Program {
    flow: Flow,
    /// Its exit code.
    pub exit: oneshot::Receiver<i32>,
    end: Ending,
}

/// What it takes to end a program.
enum Ending {
    Terminal {
        leader: i32,
        terminal: Box<dyn MasterPty + Send>,
    },
    Group {
        leader: i32,
        /// A terminal is hung up on when the agent is killed; a pipe says nothing to a program that only works.
        _keeper: Option<Keeper>,
    },
    /// Dropping the flow closes it.
    Connection,
}

impl Program {
    /// A shell, of the agent's user or of another one.
    pub fn shell(account: Option<&Account>, size: Option<TerminalSize>) -> Result<Self, String> {
        let shell = login_shell(account);
        let mut command = on_behalf(account, &shell.to_string_lossy(), &[])?;
        let home = account.map_or_else(home, |account| account.home.clone());
        if let Some(prompt) = prompt(&shell, &[home.join(".bashrc"), "/etc/bash.bashrc".into()]) {
            command.env("PS1", prompt);
        }
        Self::on_terminal(command, size)
    }

    /// A command for `sh` to read, on a terminal.
    pub fn interactive(command: &str, account: Option<&Account>, size: Option<TerminalSize>) -> Result<Self, String> {
        Self::on_terminal(on_behalf(account, "sh", &["-c".to_owned(), command.to_owned()])?, size)
    }

    fn on_terminal(mut command: CommandBuilder, size: Option<TerminalSize>) -> Result<Self, String> {
        command.env("TERM", "xterm-256color");
        if env::var_os("LANG").is_none_or(|value| value.is_empty()) {
            command.env("LANG", "C.UTF-8");
        }
        let failed = |what: &str, error: &dyn std::fmt::Display| format!("cannot {what}: {error}");
        let pair =
            native_pty_system().openpty(size.map_or(SIZE, cells)).map_err(|error| failed("open a terminal", &error))?;
        let mut child = pair.slave.spawn_command(command).map_err(|error| failed("start a shell", &error))?;
        // The last handle on the terminal has to be the program's, or its end would not be seen.
        drop(pair.slave);
        let leader = child.process_id().and_then(|pid| i32::try_from(pid).ok()).ok_or("the shell ended at once")?;
        let master = pair.master.as_raw_fd().ok_or("the terminal has no file")?;
        let flow = Flow::terminal(master).map_err(|error| failed("read the terminal", &error))?;
        let (exit_to, exit) = oneshot::channel();
        // It ends with the program.
        let wait = move || {
            let code = child.wait().map_or(-1, |status| i32::try_from(status.exit_code()).unwrap_or(-1));
            // The kernel hangs the terminal up when its session's leader ends; what ignores that (nohup) lives on.
            let _ = exit_to.send(code);
        };
        let thread = thread::Builder::new().name("pty-wait".to_owned()).stack_size(128 * 1024);
        thread.spawn(wait).map_err(|error| failed("wait for the shell", &error))?;
        Ok(Self { flow, exit, end: Ending::Terminal { leader, terminal: pair.master } })
    }

    /// A program on pipes, in a process group of its own. Its input is signals only.
    pub fn on_pipes(
        words: &[String],
        separate: Option<&Separators>,
        account: Option<&Account>,
    ) -> Result<Self, String> {
        let (program, arguments) = words.split_first().ok_or("the command is empty")?;
        let failed = |error: io::Error| format!("cannot start {program}: {error}");
        let mut command = piped(&on_behalf(account, program, arguments)?)?;
        command.stdin(Stdio::null()).process_group(0);
        let joined = match separate {
            Some(_) => {
                command.stdout(Stdio::piped()).stderr(Stdio::piped());
                None
            }
            // One pipe, so that what is written in turn is read in turn.
            None => {
                let (reader, writer) = io::pipe().map_err(failed)?;
                command.stdout(writer.try_clone().map_err(failed)?).stderr(writer);
                Some(Receiver::from_owned_fd(reader.into()).map_err(failed)?)
            }
        };
        let mut child = command.spawn().map_err(failed)?;
        // It holds the program's end of the pipe, whose end would not be seen.
        drop(command);
        let leader = child.id().and_then(|pid| i32::try_from(pid).ok()).ok_or("the program ended at once")?;
        // Before the wait: as long as nobody has waited for it, the number is the program's.
        let keeper = Keeper::of(leader)
            .inspect_err(|error| tracing::warn!("{program} would outlive an agent that is killed: {error}"))
            .ok();
        let (exit_to, exit) = oneshot::channel();
        let (prefix, error_prefix) =
            separate.map_or(("", ""), |separate| (separate.output.as_str(), separate.error.as_str()));
        let joined = joined.map(|joined| Source::new(joined, payload::OUTPUT, ""));
        let outputs = child.stdout.take().map(|stdout| Source::new(stdout, payload::OUTPUT, prefix));
        let errors = child.stderr.take().map(|stderr| Source::new(stderr, payload::STDERR, error_prefix));
        let sources = [joined, outputs, errors].into_iter().flatten().collect();
        let flow = Flow::new(sources, Sink::Signals(Pid::from_raw(leader)));
        tokio::spawn(async move {
            use std::os::unix::process::ExitStatusExt;
            let code = child
                .wait()
                .await
                .ok()
                .map(|status| status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or(0)));
            let _ = exit_to.send(code.unwrap_or(-1));
        });
        Ok(Self { flow, exit, end: Ending::Group { leader, _keeper: keeper } })
    }

    /// Whatever is at the other end of a connection. It ends when that has nothing more to say.
    pub fn on_connection(connection: TcpStream) -> Self {
        let (reader, writer) = connection.into_split();
        let flow = Flow::new(vec![Source::new(reader, payload::OUTPUT, "")], Sink::Stream(Box::new(writer)));
        let (_, exit) = oneshot::channel();
        Self { flow, exit, end: Ending::Connection }
    }

    /// Whether it has a terminal, which answers keys by itself.
    pub fn is_on_terminal(&self) -> bool {
        matches!(self.end, Ending::Terminal { .. })
    }

    /// Whether [`Program::write`] may be called.
    pub fn has_room(&self) -> bool {
        self.flow.has_room()
    }

    /// Whether its terminal takes no more input before it has echoed.
    pub fn awaits_echo(&self) -> bool {
        self.flow.awaits_echo()
    }

    /// Lets its terminal be given input although it does not echo.
    pub fn forgo_echo(&mut self) {
        self.flow.forgo_echo();
    }

    /// Gives the program input, as much of it as it takes at once. To be called when there is room.
    pub fn write(&mut self, bytes: Bytes) {
        self.flow.write(bytes);
    }

    /// Waits for output, unless none is wanted, and for input to be taken. Cancel safe.
    pub async fn turn(&mut self, wants_output: bool) -> Turn {
        self.flow.turn(wants_output).await
    }

    /// What a terminal answers at once, which it nearly always does to a key.
    pub fn echo(&mut self) -> Option<(u32, Vec<u8>)> {
        self.flow.echo(AT_ONCE)
    }

    /// Output that is there already, with its payload type.
    pub fn more_output(&mut self) -> Option<(u32, Vec<u8>)> {
        self.flow.more()
    }

    /// Tells the terminal its size.
    pub fn resize(&self, size: TerminalSize) {
        if let Ending::Terminal { terminal, .. } = &self.end
            && let Err(error) = terminal.resize(cells(size))
        {
            tracing::debug!("cannot resize a terminal: {error}");
        }
    }

    /// Ends it and everything it has started.
    pub fn kill(&self) {
        match self.end {
            Ending::Terminal { leader, .. } => kill_session(leader),
            Ending::Group { leader, .. } => drop(killpg(Pid::from_raw(leader), Signal::SIGKILL)),
            Ending::Connection => {}
        }
    }
}

fn cells(size: TerminalSize) -> PtySize {
    let cells = |count: u32| u16::try_from(count).unwrap_or(u16::MAX).max(1);
    PtySize { rows: cells(size.rows), cols: cells(size.cols), ..SIZE }
}

/// A program of the agent's user, or of another one by way of a process that becomes that user.
fn on_behalf(account: Option<&Account>, program: &str, arguments: &[String]) -> Result<CommandBuilder, String> {
    let mut command = match account {
        None => CommandBuilder::new(program),
        Some(account) => {
            let mut command = CommandBuilder::new(own_program()?);
            command.args([account::VERB, &account.name, "--", program]);
            for (name, value) in account.environment() {
                command.env(name, value);
            }
            command
        }
    };
    command.args(arguments);
    if account.is_none() {
        command.env("HOME", home());
    }
    command.env_remove("FLEETDECK_ACTIVATION_CODE");
    // Another user goes to its own home by itself: the agent's user may have no right to be there.
    command.cwd(if account.is_none() { home() } else { "/".into() });
    Ok(command)
}

/// The program of this process. On Linux that is the link to it in `/proc`, which leads there even where its path does not:
/// a `/tmp` of the node's own may hide it, and an update may have put another one in its place.
fn own_program() -> Result<PathBuf, String> {
    let link = Path::new("/proc/self/exe");
    if cfg!(target_os = "linux") && link.exists() {
        return Ok(link.to_owned());
    }
    env::current_exe().map_err(|error| format!("cannot find the agent's program: {error}"))
}

/// The same without a terminal.
fn piped(command: &CommandBuilder) -> Result<tokio::process::Command, String> {
    let (program, arguments) = command.get_argv().split_first().ok_or("the command is empty")?;
    let mut piped = tokio::process::Command::new(program);
    piped.args(arguments).env_clear();
    for (name, value) in command.iter_full_env_as_str() {
        piped.env(name, value);
    }
    if let Some(directory) = command.get_cwd() {
        piped.current_dir(directory);
    }
    Ok(piped)
}

/// The shell of the user; `bash`, else `sh`, where it has none that is there.
fn login_shell(account: Option<&Account>) -> PathBuf {
    let of_user = || match account {
        Some(account) => Some(account.shell.clone()),
        None => nix::unistd::User::from_uid(nix::unistd::geteuid()).ok().flatten().map(|user| user.shell),
    };
    let no_shell = |path: &Path| path.ends_with("nologin") || path.ends_with("false");
    env::var_os("SHELL")
        .filter(|_| account.is_none())
        .map(PathBuf::from)
        .into_iter()
        .chain(of_user())
        .chain(["/bin/bash", "/usr/bin/bash"].map(PathBuf::from))
        .find(|path| path.is_absolute() && path.is_file() && !no_shell(path))
        .unwrap_or_else(|| "/bin/sh".into())
}

/// A prompt that says where one is, for shells whose start files do not set one. The host's name matters: it may be a
/// name space of its own. Where bash has one of its start files, nothing is set: what comes from us is handed down, and a `sh`
/// below shows the prompt of bash as it is written.
fn prompt(shell: &Path, start_files: &[PathBuf]) -> Option<String> {
    match shell.file_name()?.to_str()? {
        "bash" if start_files.iter().any(|file| file.exists()) => None,
        "bash" => Some(r"\u@\h:\w\$ ".to_owned()),
        "sh" | "dash" | "ash" => {
            let host = nix::unistd::gethostname().ok()?;
            Some(format!("{}:$PWD\\$ ", host.to_string_lossy()))
        }
        _ => None,
    }
}

fn home() -> PathBuf {
    env::var_os("HOME")
        .map(PathBuf::from)
        .or_else(|| nix::unistd::User::from_uid(nix::unistd::geteuid()).ok().flatten().map(|user| user.dir))
        .filter(|home| home.is_dir())
        .unwrap_or_else(|| "/".into())
}

#[cfg(test)]
mod tests;
