use std::time::Duration;

use tokio::time::timeout;

use super::*;
use crate::agent::process::start_time;

const LONG: Duration = Duration::from_secs(20);

/// What it writes next; `None` at its end.
async fn output(program: &mut Program) -> Option<(u32, Vec<u8>)> {
    let next = async {
        loop {
            match program.turn(true).await {
                Turn::Output(kind, bytes) => return Some((kind, bytes)),
                Turn::Room => {}
                Turn::Over => return None,
            }
        }
    };
    timeout(LONG, next).await.unwrap()
}

/// Reads until the text is there.
async fn read_until(program: &mut Program, text: &str) -> String {
    let mut seen = String::new();
    let work = async {
        while let Some((_, bytes)) = output(program).await {
            seen.push_str(&String::from_utf8_lossy(&bytes));
            if seen.contains(text) {
                return;
            }
        }
    };
    let _ = timeout(LONG, work).await;
    assert!(seen.contains(text), "{text:?} never came: {seen:?}");
    seen
}

#[tokio::test]
async fn a_terminal_has_a_size_and_an_exit_code() {
    let mut program = Program::interactive("stty size; read x; stty size; echo $TERM; exit 7", None, None).unwrap();
    read_until(&mut program, "24 80").await;
    program.resize(TerminalSize { cols: 132, rows: 43 });
    program.write(Bytes::from_static(b"go\r"));
    let seen = read_until(&mut program, "xterm-256color").await;
    assert!(seen.contains("43 132"), "{seen}");
    assert!(output(&mut program).await.is_none_or(|(_, bytes)| bytes == b"\r\n"));
    assert_eq!(timeout(LONG, &mut program.exit).await.unwrap(), Ok(7));
}

#[tokio::test]
async fn an_echo_is_seen_at_once_and_lost_for_nobody() {
    let mut program = Program::interactive("stty -icanon; echo up; exec cat", None, None).unwrap();
    read_until(&mut program, "up\r\n").await;
    let (mut at_once, mut seen) = (0, String::new());
    for key in (0..26u8).cycle().take(1000) {
        let key = char::from(b'a' + key).to_string();
        program.write(key.clone().into());
        // Once by the terminal and once by the program.
        while seen.matches(&*key).count() < 2 {
            let output = match program.echo() {
                Some(echo) => {
                    at_once += 1;
                    echo
                }
                None => output(&mut program).await.unwrap(),
            };
            seen.push_str(&String::from_utf8_lossy(&output.1));
        }
        assert_eq!(std::mem::take(&mut seen), key.repeat(2));
    }
    assert!(at_once > 0, "not one of a thousand");
    program.write(Bytes::from_static(b"\x03"));
    while output(&mut program).await.is_some() {}
    assert_eq!(program.echo(), None, "it has ended");
}

#[test]
fn a_shell_without_start_files_says_where_one_is_and_bash_hands_no_prompt_down() {
    let home = tempfile::tempdir().unwrap();
    let start_files = [home.path().join(".bashrc")];
    let of = |shell: &str| prompt(Path::new(shell), &start_files);
    assert_eq!(of("/bin/bash").as_deref(), Some(r"\u@\h:\w\$ "));
    std::fs::write(&start_files[0], "").unwrap();
    assert_eq!(of("/usr/bin/bash"), None);
    assert!(of("/bin/sh").unwrap().ends_with(r":$PWD\$ "));
    assert_eq!(of("/usr/bin/fish"), None);
}

#[tokio::test]
async fn killing_ends_everything_on_the_terminal() {
    let mut program = Program::interactive("set -m; sleep 1000 & echo child $!.; wait", None, None).unwrap();
    let seen = read_until(&mut program, ".").await;
    let child: i32 = seen.split("child ").nth(1).unwrap().split('.').next().unwrap().parse().unwrap();
    assert!(start_time(child).is_some());
    program.kill();
    let gone = async {
        while start_time(child).is_some() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(LONG, gone).await.unwrap();
    while output(&mut program).await.is_some() {}
}

#[tokio::test]
async fn a_program_that_nobody_reads_waits() {
    let mut program = Program::interactive("yes", None, None).unwrap();
    output(&mut program).await;
    // What it has written meanwhile is with the kernel, which has a page or two for it.
    program.write(Bytes::from_static(b"\x03"));
    while output(&mut program).await.is_some() {}
}

#[tokio::test]
async fn a_program_that_ends_while_input_waits_for_it_is_over() {
    let mut program =
        Program::interactive("stty raw -echo; echo go; head -c 1 > /dev/null; echo bye", None, None).unwrap();
    read_until(&mut program, "go").await;
    // More than a terminal holds.
    program.write(vec![b'x'; 1 << 20].into());
    read_until(&mut program, "bye").await;
    while output(&mut program).await.is_some() {}
    assert!(program.has_room(), "nobody waits for what nobody takes");
}

#[tokio::test]
async fn pipes_keep_the_streams_apart_and_take_signals() {
    // Whoever runs the tests may have done it in the background.
    crate::agent::process::restore_signals().unwrap();
    let words =
        ["sh", "-c", "trap 'exit 9' INT; echo out; echo err >&2; while :; do sleep 0.01; done"].map(str::to_owned);
    let mut program = Program::on_pipes(&words, Some(&Separators::default()), None).unwrap();
    let mut seen = [Vec::new(), Vec::new()];
    while seen.iter().any(Vec::is_empty) {
        let (kind, bytes) = output(&mut program).await.unwrap();
        seen[usize::from(kind == payload::STDERR)].extend(bytes);
    }
    assert_eq!(seen, [b"out\n", b"err\n"]);
    program.write(Bytes::from_static(b"\x03"));
    assert_eq!(timeout(LONG, &mut program.exit).await.unwrap(), Ok(9));
}

#[tokio::test]
async fn outputs_that_are_not_kept_apart_come_in_the_order_in_which_they_were_written() {
    let script = "for n in 1 2 3 4 5 6 7 8 9; do echo out $n; echo err $n >&2; done";
    let words = ["sh", "-c", script].map(str::to_owned);
    let mut program = Program::on_pipes(&words, None, None).unwrap();
    let mut seen = Vec::new();
    while let Some((kind, bytes)) = output(&mut program).await {
        assert_eq!(kind, payload::OUTPUT);
        seen.extend(bytes);
    }
    let expected: String = (1..=9).map(|n| format!("out {n}\nerr {n}\n")).collect();
    assert_eq!(String::from_utf8(seen).unwrap(), expected);
}

#[cfg(target_os = "linux")]
#[test]
fn another_users_program_is_begun_where_no_path_leads_to_this_one() {
    let account = Account { name: "nobody".to_owned(), home: "/".into(), shell: "/bin/sh".into() };
    let command = on_behalf(Some(&account), "/bin/sh", &[]).unwrap();
    let own = Path::new(&command.get_argv()[0]);
    // On a node with a /tmp of its own a program that lies under the machine's has no path any more.
    assert!(!own.starts_with(env::current_exe().unwrap().parent().unwrap()), "{own:?}");
    assert_eq!(std::fs::canonicalize(own).unwrap(), env::current_exe().unwrap());
}
