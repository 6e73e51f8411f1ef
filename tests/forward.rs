//! Ports through `fleetdeck forward` and `fleetdeck ssh-proxy`, on a real engine and a real agent.

pub mod support;

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use support::{BINARY, Engine};
use tokio::net::TcpSocket;

/// An engine with one node.
fn node() -> Engine {
    let mut engine = Engine::start();
    engine.agent("web-1", &[]);
    engine.wait_for_nodes(1);
    engine
}

/// A server that answers what it was sent, in capitals, when the question is at its end.
fn server() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for mut connection in listener.incoming().flatten() {
            thread::spawn(move || {
                let mut question = Vec::new();
                if connection.read_to_end(&mut question).is_ok() {
                    let _ = connection.write_all(&question.to_ascii_uppercase());
                }
            });
        }
    });
    port
}

/// A port on which nobody listens, for as long as it is held: nobody else is given it meanwhile.
fn nobody() -> (TcpSocket, u16) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(([127, 0, 0, 1], 0).into()).unwrap();
    let port = socket.local_addr().unwrap().port();
    (socket, port)
}

/// A verb that is stopped as by Ctrl-C.
struct Running(Child);

impl Running {
    fn start(engine: &Engine, words: &[&str]) -> Self {
        let mut command = Command::new(BINARY);
        command.args(["--endpoint-url", &engine.url]).args(words).envs(engine.environment());
        Self(command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap())
    }

    fn interrupt(&self) {
        kill(Pid::from_raw(i32::try_from(self.0.id()).unwrap()), Signal::SIGINT).unwrap();
    }

    /// Its exit code and what it said.
    fn stop(mut self) -> (Option<i32>, String) {
        self.interrupt();
        let mut said = String::new();
        self.0.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        (self.0.wait().unwrap().code(), said)
    }
}

fn ask(port: u16, question: &[u8]) -> Vec<u8> {
    let mut connection = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let mut writer = connection.try_clone().unwrap();
    let sent = question.to_vec();
    let writing = thread::spawn(move || {
        writer.write_all(&sent).unwrap();
        writer.shutdown(Shutdown::Write).unwrap();
    });
    let mut answer = Vec::new();
    connection.read_to_end(&mut answer).unwrap();
    writing.join().unwrap();
    answer
}

#[test]
fn many_connections_at_once_through_one_session() {
    let engine = node();
    let (here, behind) = (server().to_string(), format!("localhost:{}", server()));
    let mut forward = Running::start(&engine, &["forward", "web-1", &here, &behind]);
    let mut lines = BufReader::new(forward.0.stdout.take().unwrap()).lines().map(Result::unwrap);
    let mut local = |what: &str| -> u16 {
        let line = lines.next().unwrap();
        let (address, rest) = line.split_once(" -> ").unwrap();
        assert_eq!(rest, format!("{what} through web-1"));
        address.rsplit(':').next().unwrap().parse().unwrap()
    };
    for port in [local(&here), local(&behind)] {
        let asking: Vec<_> = (0..8u8)
            .map(|number| {
                thread::spawn(move || {
                    let question = vec![b'a' + number; 1_000_000 + usize::from(number)];
                    assert!(ask(port, &question) == question.to_ascii_uppercase(), "connection {number}");
                })
            })
            .collect();
        asking.into_iter().for_each(|asked| asked.join().unwrap());
    }
    let (code, said) = forward.stop();
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(said.matches(": 8 connections, 8000028 bytes sent, 8000028 bytes received").count(), 2, "{said}");
}

/// A server that sends a stream to whoever says `D`, and takes one of whoever says `U` and answers its size.
fn store(size: usize) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for mut connection in listener.incoming().flatten() {
            thread::spawn(move || {
                let mut what = [0];
                connection.read_exact(&mut what).unwrap();
                if what == *b"D" {
                    return connection.write_all(&vec![b'd'; size]).unwrap();
                }
                let mut taken = Vec::new();
                connection.read_to_end(&mut taken).unwrap();
                connection.write_all(taken.len().to_string().as_bytes()).unwrap();
            });
        }
    });
    port
}

#[test]
fn a_user_who_pauses_holds_nobody_up() {
    const SIZE: usize = 32_000_000;
    let engine = node();
    let port = store(SIZE).to_string();
    let mut forward = Running::start(&engine, &["forward", "web-1", &port]);
    let mut line = String::new();
    BufReader::new(forward.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let local: u16 = line.split_once(" -> ").unwrap().0.rsplit(':').next().unwrap().parse().unwrap();
    let connect = || TcpStream::connect(("127.0.0.1", local)).unwrap();
    let (mut down, mut up) = (connect(), connect());
    down.write_all(b"D").unwrap();
    // Nothing is read of the one until the other is done.
    up.write_all(b"U").unwrap();
    up.set_write_timeout(Some(Duration::from_secs(20))).unwrap();
    up.write_all(&vec![b'u'; SIZE]).unwrap();
    up.shutdown(Shutdown::Write).unwrap();
    let mut answer = String::new();
    up.read_to_string(&mut answer).unwrap();
    assert_eq!(answer, SIZE.to_string());
    let mut taken = Vec::new();
    down.read_to_end(&mut taken).unwrap();
    assert_eq!(taken.len(), SIZE);
    let (code, said) = forward.stop();
    assert!(code == Some(0) && !said.contains("taken nothing") && !said.contains("the node"), "{said}");
}

#[test]
fn what_cannot_be_forwarded_says_why() {
    let engine = node();
    let forward_only = |words: &[&str]| {
        let run = engine.command(&[&["forward"], words].concat());
        (run.status.code(), String::from_utf8_lossy(&run.stderr).into_owned())
    };
    let (code, said) = forward_only(&["web-1", "http"]);
    assert!(code == Some(2) && said.contains("[HOST:]REMOTE[:LOCAL]"), "{said}");
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let (code, said) = forward_only(&["web-1", &format!("80:{}", taken.local_addr().unwrap().port())]);
    assert!(code == Some(1) && said.contains("is taken by") && said.contains("choose another with :LOCAL"), "{said}");
    let (code, said) = forward_only(&["web-9", "80"]);
    assert!(code == Some(1) && said.contains("no node is called web-9"), "{said}");

    // Nobody listens there: that is said before anybody connects, and what listens where only then. A connection ends, the
    // forward does not.
    let (_held, port) = nobody();
    let mut forward = Running::start(&engine, &["forward", "web-1", &port.to_string(), "169.254.169.254:80"]);
    let mut said = BufReader::new(forward.0.stderr.take().unwrap()).lines().map(Result::unwrap);
    // Kept open: a forward whose reader has gone has nobody to work for.
    let mut lines = BufReader::new(forward.0.stdout.take().unwrap()).lines();
    let line = lines.next().unwrap().unwrap();
    let local: u16 = line.split_once(" -> ").unwrap().0.rsplit(':').next().unwrap().parse().unwrap();
    // Ended or reset: either way nothing was said.
    let refused = TcpStream::connect(("127.0.0.1", local)).and_then(|mut connection| connection.read(&mut [0; 8]));
    assert!(matches!(refused, Ok(0) | Err(_)));
    let mut told = Vec::new();
    for wanted in ["nothing listens on port", "Forwarding to IP address 169.254.169.254 is forbidden."] {
        while !told.iter().any(|line: &String| line.contains(wanted)) {
            told.push(said.next().unwrap());
        }
    }
    forward.0.kill().unwrap();
    forward.0.wait().unwrap();
    // Where nothing can be forwarded at all, nothing goes on.
    let (code, said) = forward_only(&["web-1", "169.254.169.254:80"]);
    assert!(code == Some(1) && said.contains("is forbidden"), "{said}");
}

#[test]
fn a_port_is_tried_once_before_it_is_said_to_be_there() {
    let engine = node();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    let come = || {
        listener.set_nonblocking(true).unwrap();
        std::iter::from_fn(|| listener.accept().ok()).count()
    };
    for (words, tries) in [(vec!["forward", "web-1", &port], 1), (vec!["forward", "--no-probe", "web-1", &port], 0)] {
        let mut forward = Running::start(&engine, &words);
        let mut lines = BufReader::new(forward.0.stdout.take().unwrap()).lines();
        // By the time the line is there, the connection has come and gone.
        assert!(lines.next().unwrap().unwrap().contains(&format!(" -> {port} through web-1")));
        assert_eq!(come(), tries, "{words:?}");
        let (code, said) = forward.stop();
        assert!(code == Some(0) && said.contains(": 0 connections, 0 bytes sent"), "{said}");
    }
}

#[test]
fn a_port_is_said_to_be_there_once_the_node_has_answered() {
    let engine = node();
    let port = server().to_string();
    let agent = Pid::from_raw(i32::try_from(engine.agents[0].id()).unwrap());
    kill(agent, Signal::SIGSTOP).unwrap();
    let mut forward = Running::start(&engine, &["forward", "--no-probe", "web-1", &port]);
    let mut said = BufReader::new(forward.0.stderr.take().unwrap()).lines();
    let waiting = said.next().unwrap().unwrap();
    assert!(waiting.contains("waiting for the node: 127.0.0.1:"), "{waiting}");
    assert!(waiting.ends_with(" listens, but it has not answered yet"), "{waiting}");
    kill(agent, Signal::SIGCONT).unwrap();
    let answers = said.next().unwrap().unwrap();
    assert!(answers.ends_with("the node answers"), "{answers}");
    let line = BufReader::new(forward.0.stdout.take().unwrap()).lines().next().unwrap().unwrap();
    let address = line.split_once(" -> ").unwrap().0;
    assert!(waiting.contains(address), "{line}");
    assert_eq!(ask(address.rsplit(':').next().unwrap().parse().unwrap(), b"here?"), b"HERE?");
    forward.interrupt();
    assert_eq!(forward.0.wait().unwrap().code(), Some(0));
}

#[test]
fn a_set_of_the_settings_is_forwarded_together() {
    let engine = node();
    let config = tempfile::tempdir().unwrap();
    let (one, two) = (server(), server());
    let settings = format!(
        "[[forward]]\nset = 'stage'\nnode = 'web-1'\nremote = {one}\n\
         [[forward]]\nset = 'stage'\nnode = 'web-1'\nhost = 'localhost'\nremote = {two}\nrestart = 'always'\n\
         [[forward]]\nnode = 'web-9'\nremote = 80\n"
    );
    std::fs::create_dir(config.path().join("fleetdeck")).unwrap();
    std::fs::write(config.path().join("fleetdeck/settings.toml"), settings).unwrap();
    let command = |words: &[&str]| {
        let mut command = Command::new(BINARY);
        command.args(["--endpoint-url", &engine.url]).args(words).envs(engine.environment());
        command.env("XDG_CONFIG_HOME", config.path()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    };
    let mut forward = Running(command(&["forward", "--set", "stage"]).stdin(Stdio::piped()).spawn().unwrap());
    let mut lines = BufReader::new(forward.0.stdout.take().unwrap()).lines().map(Result::unwrap);
    for there in [one.to_string(), format!("localhost:{two}")] {
        let line = lines.next().unwrap();
        let (address, rest) = line.split_once(" -> ").unwrap();
        assert_eq!(rest, format!("{there} through web-1"));
        assert_eq!(ask(address.rsplit(':').next().unwrap().parse().unwrap(), b"ping"), b"PING");
    }
    assert_eq!(forward.stop().0, Some(0));
    let run = command(&["forward", "--set", "prod"]).output().unwrap();
    let said = String::from_utf8_lossy(&run.stderr);
    assert!(run.status.code() == Some(2) && said.contains("no set is called prod: there are stage"), "{said}");
}

#[test]
fn an_ssh_proxy_is_one_connection_and_ends_with_it() {
    let engine = node();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    let mut proxy = Running::start(&engine, &["ssh-proxy", "web-1", &port]);
    let (mut connection, _) = listener.accept().unwrap();
    connection.write_all(b"SSH-2.0-test\r\n").unwrap();
    let mut greeting = [0; 14];
    let mut answers = proxy.0.stdout.take().unwrap();
    answers.read_exact(&mut greeting).unwrap();
    assert_eq!(&greeting, b"SSH-2.0-test\r\n");
    // A newline by itself stays one: this is no terminal.
    let mut questions = proxy.0.stdin.take().unwrap();
    questions.write_all(b"\n").unwrap();
    questions.flush().unwrap();
    let mut byte = [0; 1];
    connection.read_exact(&mut byte).unwrap();
    assert_eq!(&byte, b"\n");
    drop(connection);
    assert_eq!(proxy.0.wait().unwrap().code(), Some(0));
    // Where nobody listens, the reason is said.
    let (_held, port) = nobody();
    let run = engine.command(&["ssh-proxy", "web-1", &port.to_string()]);
    let said = String::from_utf8_lossy(&run.stderr);
    assert!(run.status.code() == Some(1) && said.contains(&format!("cannot connect to port {port}")), "{said}");
}
