//! The program of a session: on a pseudo-terminal, on pipes, or at the far end of a connection. Bytes come out of a bounded queue, so that a program that
//! writes faster than the user's line carries has to wait.

use std::{
    env,
    io::{Read, Write},
    path::{Path, PathBuf},
    process::Stdio,
    thread,
};

use nix::{
    sys::signal::{Signal, killpg},
    unistd::Pid,
};
use portable_pty::{CommandBuilder, MasterPty, PtySize, native_pty_system};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::{mpsc, oneshot},
};
use tokio_util::task::AbortOnDropHandle;

use super::{
    account::{self, Account},
    plan::Separators,
};
use crate::{
    agent::process::kill_session,
    wire::{envelope::payload, messages::TerminalSize},
};

/// Reads of the program's output that may wait for the line.
const OUTPUT_QUEUE: usize = 8;
/// Writes to the program that may wait for it.
const INPUT_QUEUE: usize = 64;
const READ: usize = 32 * 1024;
/// The size until the user's is known.
const SIZE: PtySize = PtySize { rows: 24, cols: 80, pixel_width: 0, pixel_height: 0 };

/// A running program.
pub struct Program {
    /// What it writes, with the payload type. Closed when it has ended and everything was read.
    pub output: mpsc::Receiver<(u32, Vec<u8>)>,
    /// What it is to read.
    pub input: mpsc::Sender<Vec<u8>>,
    /// Its exit code.
    pub exit: oneshot::Receiver<i32>,
    end: Ending,
}

/// What it takes to end a program.
enum Ending {
    Terminal { leader: i32, terminal: Box<dyn MasterPty + Send> },
    Group { leader: i32 },
    Connection { _tasks: [AbortOnDropHandle<()>; 2] },
}

impl Program {
    /// A shell, of the agent's user or of another one.
    pub fn shell(account: Option<&Account>, size: Option<TerminalSize>) -> Result<Self, String> {
        let shell = login_shell(account);
        let mut command = on_behalf(account, &shell.to_string_lossy(), &[])?;
        if let Some(prompt) = prompt(&shell) {
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
        let reader = pair.master.try_clone_reader().map_err(|error| failed("read the terminal", &error))?;
        let writer = pair.master.take_writer().map_err(|error| failed("write to the terminal", &error))?;
        let (output_to, output) = mpsc::channel(OUTPUT_QUEUE);
        let (input, input_from) = mpsc::channel(INPUT_QUEUE);
        let (exit_to, exit) = oneshot::channel();
        // Blocking reads and writes; each thread ends with the terminal.
        spawn("pty-out", move || read_terminal(reader, &output_to))?;
        spawn("pty-in", move || write_terminal(writer, input_from))?;
        spawn("pty-wait", move || {
            let code = child.wait().map_or(-1, |status| i32::try_from(status.exit_code()).unwrap_or(-1));
            // The kernel hangs the terminal up when its session's leader ends; what ignores that (nohup) lives on.
            let _ = exit_to.send(code);
        })?;
        Ok(Self { output, input, exit, end: Ending::Terminal { leader, terminal: pair.master } })
    }

    /// A program on pipes, in a process group of its own. Its input is signals only.
    pub fn on_pipes(
        words: &[String],
        separate: Option<&Separators>,
        account: Option<&Account>,
    ) -> Result<Self, String> {
        let (program, arguments) = words.split_first().ok_or("the command is empty")?;
        let mut child = piped(&on_behalf(account, program, arguments)?)?
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn()
            .map_err(|error| format!("cannot start {program}: {error}"))?;
        let leader = child.id().and_then(|pid| i32::try_from(pid).ok()).ok_or("the program ended at once")?;
        let (output_to, output) = mpsc::channel(OUTPUT_QUEUE);
        let (input, mut input_from) = mpsc::channel::<Vec<u8>>(INPUT_QUEUE);
        let (exit_to, exit) = oneshot::channel();
        if let Some(stdout) = child.stdout.take() {
            let prefix = separate.map(|separate| separate.output.clone().into_bytes()).unwrap_or_default();
            tokio::spawn(copy(stdout, payload::OUTPUT, prefix, output_to.clone()));
        }
        if let Some(stderr) = child.stderr.take() {
            let (kind, prefix) = match separate {
                Some(separate) => (payload::STDERR, separate.error.clone().into_bytes()),
                None => (payload::OUTPUT, Vec::new()),
            };
            tokio::spawn(copy(stderr, kind, prefix, output_to));
        }
        tokio::spawn(async move {
            while let Some(bytes) = input_from.recv().await {
                for signal in bytes.into_iter().filter_map(signal_of) {
                    let _ = killpg(Pid::from_raw(leader), signal);
                }
            }
        });
        tokio::spawn(async move {
            use std::os::unix::process::ExitStatusExt;
            let code = child
                .wait()
                .await
                .ok()
                .map(|status| status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or(0)));
            let _ = exit_to.send(code.unwrap_or(-1));
        });
        Ok(Self { output, input, exit, end: Ending::Group { leader } })
    }

    /// Whatever is at the other end of a connection. It ends when that has nothing more to say.
    pub fn on_connection(connection: TcpStream) -> Self {
        let (reader, mut writer) = connection.into_split();
        let (output_to, output) = mpsc::channel(OUTPUT_QUEUE);
        let (input, mut input_from) = mpsc::channel::<Vec<u8>>(INPUT_QUEUE);
        let reads = tokio::spawn(copy(reader, payload::OUTPUT, Vec::new(), output_to));
        let writes = tokio::spawn(async move {
            while let Some(bytes) = input_from.recv().await {
                if writer.write_all(&bytes).await.is_err() {
                    return;
                }
            }
        });
        let (_, exit) = oneshot::channel();
        Self { output, input, exit, end: Ending::Connection { _tasks: [reads, writes].map(AbortOnDropHandle::new) } }
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
            Ending::Group { leader } => drop(killpg(Pid::from_raw(leader), Signal::SIGKILL)),
            // Closed when it is dropped.
            Ending::Connection { .. } => {}
        }
    }
}

fn cells(size: TerminalSize) -> PtySize {
    let cells = |count: u32| u16::try_from(count).unwrap_or(u16::MAX).max(1);
    PtySize { rows: cells(size.rows), cols: cells(size.cols), ..SIZE }
}

fn read_terminal(mut reader: Box<dyn Read + Send>, output: &mpsc::Sender<(u32, Vec<u8>)>) {
    let mut buffer = vec![0; READ];
    loop {
        match reader.read(&mut buffer) {
            // Linux reports the end of a terminal as an error.
            Ok(0) | Err(_) => return,
            Ok(read) => {
                if output.blocking_send((payload::OUTPUT, buffer[..read].to_vec())).is_err() {
                    return;
                }
            }
        }
    }
}

fn write_terminal(mut writer: Box<dyn Write + Send>, mut input: mpsc::Receiver<Vec<u8>>) {
    while let Some(bytes) = input.blocking_recv() {
        if writer.write_all(&bytes).and_then(|()| writer.flush()).is_err() {
            return;
        }
    }
}

async fn copy(
    mut from: impl AsyncRead + Unpin,
    payload_type: u32,
    prefix: Vec<u8>,
    output: mpsc::Sender<(u32, Vec<u8>)>,
) {
    loop {
        let mut buffer = Vec::with_capacity(READ);
        buffer.extend_from_slice(&prefix);
        match from.read_buf(&mut buffer).await {
            Ok(0) | Err(_) => return,
            Ok(_) => {
                if output.send((payload_type, buffer)).await.is_err() {
                    return;
                }
            }
        }
    }
}

/// What Ctrl-C and Ctrl-\ mean where there is no terminal that knows.
fn signal_of(byte: u8) -> Option<Signal> {
    match byte {
        0x03 => Some(Signal::SIGINT),
        0x1c => Some(Signal::SIGQUIT),
        _ => None,
    }
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> Result<(), String> {
    thread::Builder::new()
        .name(name.to_owned())
        .stack_size(128 * 1024)
        .spawn(work)
        .map(drop)
        .map_err(|error| format!("cannot serve the terminal: {error}"))
}

/// A program of the agent's user, or of another one by way of a process that becomes that user.
fn on_behalf(account: Option<&Account>, program: &str, arguments: &[String]) -> Result<CommandBuilder, String> {
    let mut command = match account {
        None => CommandBuilder::new(program),
        Some(account) => {
            let own = env::current_exe().map_err(|error| format!("cannot find the agent's program: {error}"))?;
            let mut command = CommandBuilder::new(own);
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
/// name space of its own.
fn prompt(shell: &Path) -> Option<String> {
    match shell.file_name()?.to_str()? {
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
