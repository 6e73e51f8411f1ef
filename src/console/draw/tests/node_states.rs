//! The states of the view of a node that its own tests leave out: nothing has come yet, nobody may look, the agent does not
//! answer, there is nothing, what is there is old, and there is very much of it.

use super::states::table;
use crate::console::{testing::Bench, tests::node_view as made};

const DENIED: &str = "AccessDeniedException: User: arn:aws:iam::123456789012:user/ann is not authorized to perform: \
    ssm:StartSession on resource: arn:aws:ec2:us-east-1:123456789012:instance/mi-00000000000000001";
const ASK: &str = "Ask for ssm:StartSession on the node.";

fn lines(count: usize, line: impl Fn(usize) -> String) -> String {
    (0..count).map(line).collect::<Vec<_>>().join("\n")
}

/// Time passes in which the node says nothing.
fn silent(mut bench: Bench, millis: u64) -> Bench {
    bench.wait(millis);
    bench
}

#[test]
fn overview() {
    table(
        "node_overview",
        &[
            ("loading", || made::unanswered("")),
            ("no_answer", || silent(made::unanswered(""), 40_000)),
            ("error", || made::refused("", DENIED, ASK)),
            ("stale", || silent(made::opened(), 90_000)),
        ],
    );
}

#[test]
fn disk() {
    table(
        "node_disk",
        &[
            ("loading", || made::unanswered("right")),
            ("error", || made::refused("right", DENIED, ASK)),
            ("stale", || silent(made::disk(), 90_000)),
        ],
    );
}

#[test]
fn processes() {
    const TAB: &str = "right right";
    table(
        "node_processes",
        &[
            ("loading", || made::unanswered(TAB)),
            ("error", || made::refused(TAB, DENIED, ASK)),
            ("empty", || {
                made::answered(TAB, "#page 4096\n#tick 100\n#up\n|1.00 1\n#stat\n#command\n#owner\n#users\n#.\n")
            }),
            ("stale", || silent(made::processes(), 90_000)),
            ("huge", || {
                let stat = lines(30_000, |n| {
                    format!("|/proc/{n}/stat:{n} (worker) S 1 2 2 0 -1 0 0 0 0 0 9 0 0 0 20 0 1 0 900 1 9000 0")
                });
                let text =
                    format!("#page 4096\n#tick 100\n#up\n|1000.00 1\n#stat\n{stat}\n#command\n#owner\n#users\n#.\n");
                let mut bench = made::answered(TAB, &text);
                bench.press("shift-g");
                bench
            }),
        ],
    );
}

#[test]
fn services() {
    const TAB: &str = "right right right";
    table(
        "node_services",
        &[
            ("loading", || made::unanswered(TAB)),
            ("error", || made::refused(TAB, DENIED, ASK)),
            ("empty", || made::answered(TAB, "#.\n")),
            ("stale", || silent(made::services(), 90_000)),
            ("huge", || {
                let units = lines(5_000, |n| format!("|unit-{n}.service loaded active running Unit number {n}"));
                made::answered(TAB, &format!("#units\n{units}\n#enabled\n#.\n"))
            }),
        ],
    );
}

#[test]
fn users() {
    const TAB: &str = "left left left";
    table(
        "node_users",
        &[
            ("loading", || made::unanswered(TAB)),
            ("error", || made::refused(TAB, DENIED, ASK)),
            ("empty", || made::answered(TAB, "#users\n#groups\n#who\n#.\n")),
            ("huge", || {
                let users = lines(5_000, |n| format!("|user-{n}:x:{n}:100:User number {n}:/home/user-{n}:/bin/sh"));
                made::answered(TAB, &format!("#users\n{users}\n#groups\n|users:x:100:\n#who\n#.\n"))
            }),
        ],
    );
}

#[test]
fn files() {
    const TAB: &str = "left left";
    table(
        "node_files",
        &[
            ("loading", || made::unanswered(TAB)),
            ("error", || made::refused(TAB, DENIED, ASK)),
            ("empty", || made::answered(TAB, "#at\n|/srv\n#entries\n#links\n#.\n")),
            ("huge", || {
                let entries = lines(50_000, |n| format!("|81a4 5200 1795330000 root root ./file-{n}/"));
                let mut bench = made::answered(TAB, &format!("#at\n|/srv\n#entries\n{entries}\n#links\n#.\n"));
                bench.press("shift-g");
                bench
            }),
        ],
    );
}

#[test]
fn logs() {
    const TAB: &str = "left";
    table(
        "node_logs",
        &[
            ("loading", || made::unanswered(TAB)),
            ("error", || {
                made::refused(TAB, "The look has ended: there is no journal", "Follow a file instead: f in the files.")
            }),
            ("stale", || silent(made::logs(), 90_000)),
            ("huge", || {
                let text = lines(100_000, |n| format!("2026-11-22T09:00:00+0000 web-1 worker[{n}]: job {n} done"));
                made::answered(TAB, &format!("{text}\n"))
            }),
        ],
    );
}
