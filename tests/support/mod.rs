//! What the end-to-end tests share: a real engine, real agents, a real terminal.

use std::{
    io::{BufRead, BufReader, Read, Write},
    num::NonZeroU16,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    sync::{
        Arc, Condvar, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use portable_pty::{Child as PtyChild, CommandBuilder, MasterPty, PtySize, native_pty_system};

/// How long anything may take before a test says what it was waiting for: for what never comes, not for what is slow.
const DEADLINE: Duration = Duration::from_secs(180);
/// The program under test.
pub const BINARY: &str = env!("CARGO_BIN_EXE_fleetdeck");

/// An engine process with a data directory of its own; ends with the test.
pub struct Engine {
    process: Child,
    /// In the order in which they were started.
    pub agents: Vec<Child>,
    pub url: String,
    pub root: tempfile::TempDir,
}

impl Engine {
    /// Starts `fleetdeck serve` on a free port.
    pub fn start() -> Self {
        let root = tempfile::tempdir().unwrap();
        let (process, url) = serve(root.path(), "127.0.0.1:0");
        Self { process, agents: Vec::new(), url, root }
    }

    /// Starts a killed engine again, on the same address and data.
    pub fn restart(&mut self) {
        let address = self.url.trim_start_matches("http://");
        (self.process, self.url) = serve(self.root.path(), address);
    }

    /// The environment in which any AWS client finds the engine's account.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        vec![
            ("AWS_SHARED_CREDENTIALS_FILE", self.root.path().join("data/credentials").display().to_string()),
            ("AWS_CONFIG_FILE", "/dev/null".into()),
            ("AWS_REGION", "us-east-1".into()),
            ("AWS_EC2_METADATA_DISABLED", "true".into()),
            ("XDG_CONFIG_HOME", self.root.path().join("config").display().to_string()),
            ("XDG_STATE_HOME", self.root.path().join("state").display().to_string()),
            ("XDG_DATA_HOME", self.root.path().join("share").display().to_string()),
        ]
    }

    /// Runs one of our verbs against the engine and gives its standard output.
    pub fn fleetdeck(&self, words: &[&str]) -> String {
        let run = self.command(words);
        assert!(run.status.success(), "{words:?}: {}", String::from_utf8_lossy(&run.stderr));
        String::from_utf8(run.stdout).unwrap()
    }

    /// Runs one of our verbs against the engine to its end.
    pub fn command(&self, words: &[&str]) -> Output {
        let mut command = Command::new(BINARY);
        command.args(["--endpoint-url", &self.url]).args(words).envs(self.environment()).output().unwrap()
    }

    /// Starts one agent with an activation of its own; `tags` as `(key, value)`.
    pub fn agent(&mut self, name: &str, tags: &[(&str, &str)]) {
        self.agent_by(&[BINARY], name, tags);
    }

    /// The same by way of a program that starts it.
    pub fn agent_by(&mut self, starter: &[&str], name: &str, tags: &[(&str, &str)]) {
        let (id, code) = self.activation(name, tags);
        let agent = Command::new(starter[0])
            .args(&starter[1..])
            .args(["agent", "--endpoint-url", &self.url, "--activation-id", &id, "--activation-code", &code, "--data"])
            .arg(self.root.path().join(format!("agent-{name}")))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        self.agents.push(agent);
    }

    fn activation(&self, name: &str, tags: &[(&str, &str)]) -> (String, String) {
        use fleetdeck::ssm::{CreateActivation, Tag};
        let request = CreateActivation {
            iam_role: "SSMServiceRole".into(),
            default_instance_name: Some(name.into()),
            tags: tags.iter().map(|(key, value)| Tag { key: (*key).into(), value: (*value).into() }).collect(),
            ..CreateActivation::default()
        };
        let answer = self.ask(async |client| client.call(request).await.unwrap());
        (answer.activation_id.unwrap(), answer.activation_code.unwrap().0)
    }

    /// Asks the engine something as its own user.
    pub fn ask<T>(&self, work: impl AsyncFnOnce(fleetdeck::client::Client) -> T) -> T {
        use fleetdeck::client::{Client, Settings};
        let keys = std::fs::read_to_string(self.root.path().join("data/credentials")).unwrap();
        let value = |name: &str| {
            let line = keys.lines().find(|line| line.starts_with(name)).unwrap();
            line.split_once('=').unwrap().1.trim().to_owned()
        };
        let settings =
            Settings::with_keys(&self.url, "us-east-1", &value("aws_access_key_id"), &value("aws_secret_access_key"));
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async { work(Client::connect(settings).await.unwrap()).await })
    }

    /// kill -9.
    pub fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// Waits until `count` nodes are online with their control channel up.
    pub fn wait_for_nodes(&self, count: usize) {
        until(&format!("{count} nodes online"), || {
            let listed = self.fleetdeck(&["nodes", "--output", "json"]);
            listed.matches("\"Online\"").count() >= count
        });
    }
}

fn serve(root: &Path, address: &str) -> (Child, String) {
    let mut process = Command::new(BINARY)
        .args(["serve", "--listen", address, "--data"])
        .arg(root.join("data"))
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let url = line.trim().strip_prefix("listening on ").expect("the engine says where it listens").to_owned();
    (process, url)
}

impl Drop for Engine {
    fn drop(&mut self) {
        for process in self.agents.iter_mut().chain([&mut self.process]) {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

/// Polls until the probe says yes: the state is what a test waits for, not the time.
pub fn until(what: &str, mut probe: impl FnMut() -> bool) {
    let end = Instant::now() + DEADLINE;
    while !probe() {
        assert!(Instant::now() < end, "still waiting for {what}");
        thread::sleep(Duration::from_millis(50));
    }
}

/// A program on a pseudo-terminal, and the screen that it has painted.
pub struct Terminal {
    screen: Arc<(Mutex<vt100::Parser>, Condvar)>,
    /// The user's end; gone once it was hung up.
    ours: Option<(Box<dyn Write + Send>, Box<dyn MasterPty + Send>)>,
    hung_up: Arc<AtomicBool>,
    reader: Option<thread::JoinHandle<()>>,
    child: Box<dyn PtyChild + Send + Sync>,
}

impl Terminal {
    /// Opens a terminal of this size and runs a shell script in it.
    pub fn run(script: &str, environment: &[(&'static str, String)], directory: &Path, rows: u16, cols: u16) -> Self {
        let pair = native_pty_system().openpty(PtySize { rows, cols, pixel_width: 0, pixel_height: 0 }).unwrap();
        let mut command = CommandBuilder::new("/bin/sh");
        command.args(["-c", script]);
        command.cwd(directory);
        command.env_clear();
        for name in ["PATH", "HOME", "USER"] {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        command.env("TERM", "xterm-256color");
        command.env("LANG", "C.UTF-8");
        for (name, value) in environment {
            command.env(name, value);
        }
        let child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let mut reader = pair.master.try_clone_reader().unwrap();
        let screen = Arc::new((Mutex::new(vt100::Parser::new(cells(rows), cells(cols), 0)), Condvar::new()));
        let painted = Arc::clone(&screen);
        let hung_up = Arc::new(AtomicBool::new(false));
        let over = Arc::clone(&hung_up);
        let reader = thread::spawn(move || {
            let mut buffer = [0; 16 * 1024];
            while !over.load(Ordering::SeqCst)
                && let Ok(count @ 1..) = reader.read(&mut buffer)
            {
                painted.0.lock().unwrap_or_else(PoisonError::into_inner).process(&buffer[..count]);
                painted.1.notify_all();
            }
            painted.1.notify_all();
        });
        let ours = Some((pair.master.take_writer().unwrap(), pair.master));
        Self { screen, ours, hung_up, reader: Some(reader), child }
    }

    /// Types.
    pub fn keys(&mut self, keys: &str) {
        let (writer, _) = self.ours.as_mut().unwrap();
        writer.write_all(keys.as_bytes()).unwrap();
        writer.flush().unwrap();
    }

    /// Closes the user's end, as when a line is lost; `keys` are typed before and have to change the screen. What the
    /// program writes from then on fails.
    pub fn hang_up(&mut self, keys: &str) {
        self.hung_up.store(true, Ordering::SeqCst);
        // The reader holds the terminal too, and wakes when there is something to read.
        self.keys(keys);
        self.reader.take().unwrap().join().unwrap();
        self.ours = None;
    }

    /// Changes the size of the terminal, as a user does who drags its corner.
    pub fn resize(&mut self, rows: u16, cols: u16) {
        self.screen.0.lock().unwrap().screen_mut().set_size(cells(rows), cells(cols));
        self.ours.as_ref().unwrap().1.resize(PtySize { rows, cols, pixel_width: 0, pixel_height: 0 }).unwrap();
    }

    /// The line settings now, as `stty -g` has them.
    pub fn settings(&self) -> String {
        let tty = std::fs::File::open(self.ours.as_ref().unwrap().1.tty_name().unwrap()).unwrap();
        String::from_utf8(Command::new("stty").arg("-g").stdin(tty).output().unwrap().stdout).unwrap()
    }

    /// What is on the screen now.
    pub fn text(&self) -> String {
        self.screen.0.lock().unwrap().screen().contents()
    }

    /// Waits until the screen fulfils a condition, or fails with what it shows instead.
    pub fn wait(&self, what: &str, done: impl Fn(&vt100::Screen) -> bool) {
        let end = Instant::now() + DEADLINE;
        let mut parser = self.screen.0.lock().unwrap();
        while !done(parser.screen()) {
            let left = end.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "still waiting for {what}; the screen shows:\n{}", parser.screen().contents());
            parser = self.screen.1.wait_timeout(parser, left.min(Duration::from_millis(200))).unwrap().0;
        }
    }

    /// Waits for a text.
    pub fn wait_for(&self, text: &str) {
        self.wait(&format!("{text:?}"), |screen| screen.contents().contains(text));
    }

    /// Waits until a text has gone.
    pub fn wait_until_gone(&self, text: &str) {
        self.wait(&format!("{text:?} to go"), |screen| !screen.contents().contains(text));
    }

    /// Waits for the program's end; its exit code.
    pub fn wait_for_exit(&mut self) -> u32 {
        let mut code = None;
        until("the program to end", || {
            code = self.child.try_wait().unwrap();
            code.is_some()
        });
        code.unwrap().exit_code()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn cells(count: u16) -> NonZeroU16 {
    NonZeroU16::new(count).expect("a terminal has cells")
}

/// A file in the engine's directory, read.
pub fn read(path: PathBuf) -> String {
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
