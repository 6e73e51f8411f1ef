use std::time::Duration;

use tokio::time::timeout;

use super::*;
use crate::agent::process::start_time;

const LONG: Duration = Duration::from_secs(20);

/// Reads until the text is there.
async fn read_until(program: &mut Program, text: &str) -> String {
    let mut seen = String::new();
    let work = async {
        while let Some((_, bytes)) = program.output.recv().await {
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
    program.input.send(b"go\r".to_vec()).await.unwrap();
    let seen = read_until(&mut program, "xterm-256color").await;
    assert!(seen.contains("43 132"), "{seen}");
    assert!(timeout(LONG, program.output.recv()).await.unwrap().is_none_or(|(_, bytes)| bytes == b"\r\n"));
    assert_eq!(timeout(LONG, &mut program.exit).await.unwrap(), Ok(7));
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
    timeout(LONG, async { while program.output.recv().await.is_some() {} }).await.unwrap();
}

#[tokio::test]
async fn a_program_that_nobody_reads_waits() {
    let mut program = Program::interactive("yes", None, None).unwrap();
    // The queue fills and stays as it is: memory is bounded by it.
    let full = async {
        while program.output.len() < OUTPUT_QUEUE {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(LONG, full).await.unwrap();
    program.input.send(vec![0x03]).await.unwrap();
    timeout(LONG, async { while program.output.recv().await.is_some() {} }).await.unwrap();
}

#[tokio::test]
async fn pipes_keep_the_streams_apart_and_take_signals() {
    let words =
        ["sh", "-c", "trap 'exit 9' INT; echo out; echo err >&2; while :; do sleep 0.01; done"].map(str::to_owned);
    let mut program = Program::on_pipes(&words, Some(&Separators::default()), None).unwrap();
    let mut seen = [Vec::new(), Vec::new()];
    while seen.iter().any(Vec::is_empty) {
        let (kind, bytes) = timeout(LONG, program.output.recv()).await.unwrap().unwrap();
        seen[usize::from(kind == payload::STDERR)].extend(bytes);
    }
    assert_eq!(seen, [b"out\n", b"err\n"]);
    program.input.send(vec![0x03]).await.unwrap();
    assert_eq!(timeout(LONG, &mut program.exit).await.unwrap(), Ok(9));
}
