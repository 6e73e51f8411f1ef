//! What a service may answer: pages of every source, with ordinary names and with those that break drawing.

use crate::{
    console::{
        effect::{Retag, Source},
        state::{
            commands::{Group, Outcome},
            fleet::why::{Answer, Findings},
            plan::Resolved,
            shells::limits::Preferences,
        },
        testing::{BEGIN, Bench},
        update::{Followed, Page, Piece, Said, Transcript, Whole},
    },
    ssm::{self, PingStatus, Timestamp, document::lint::Finding},
};

/// Every source.
pub const SOURCES: [Source; 29] = [
    Source::Nodes,
    Source::NodesWhere,
    Source::Samples,
    Source::Tags,
    Source::PatchStates,
    Source::Summaries,
    Source::ComplianceTypes,
    Source::Patches,
    Source::NodeCommands,
    Source::Why,
    Source::Commands,
    Source::Invocations,
    Source::Whole,
    Source::Running,
    Source::Watched,
    Source::Followed,
    Source::Kept,
    Source::Earlier,
    Source::Plan,
    Source::Documents,
    Source::Document,
    Source::Parameters,
    Source::Parameter,
    Source::ParameterTags,
    Source::Value,
    Source::History,
    Source::Preferences,
    Source::Sessions,
    Source::Transcript,
];

/// Names as people and attackers give them.
const NAMES: [&str; 14] = [
    "web-1",
    "db-2.internal",
    "漢字サーバ",
    "cafe\u{301}",
    "👩\u{200d}👩\u{200d}👧\u{200d}👦 🇪🇺",
    "שלום עולם",
    "مرحبا",
    "\u{202e}evil\u{2066}",
    "\u{1b}[2J\u{1b}]0;owned\u{7}\u{1b}[31m",
    "\u{0}\u{7f}\u{9b}31m\u{85}",
    "tab\there\nand\r\nthere",
    "",
    " ",
    "e\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}",
];

/// A name, by any number.
pub fn name(n: usize) -> String {
    match n % (NAMES.len() + 2) {
        at if at < NAMES.len() => NAMES[at].to_owned(),
        at if at == NAMES.len() => "long-".repeat(60),
        _ => "字".repeat(300),
    }
}

/// The id of a node.
pub fn id(n: usize) -> String {
    format!("mi-{n:017}")
}

/// Other tags for a node, if they are others.
pub fn retag(n: usize) -> Option<Retag> {
    let resource = ssm::ResourceTypeForTagging::ManagedInstance;
    Retag::between(resource, &id(n % 9), tags(n % 3, n), tags(n % 4, n / 7))
}

/// Results that are the same, some of which are nowhere.
pub fn group(n: usize) -> Group {
    let (details, first) = (name(n), name(n / 2));
    Group { outcome: Outcome::Failed, code: Some(1), details, members: vec![n % 9, usize::MAX], key: n as u64, first }
}

/// What a node may say when it is looked at: of each kind of look something, and noise.
pub fn answer(kind: usize, seed: usize) -> String {
    let (name, other) = (name(seed), name(seed / 3));
    match kind {
        2 => format!(
            "#up\n|{seed}.5 1\n#load\n|1 2 3 1/2 3\n#cpu\n|cpu 1 2 3 4 5 6 7 8\n#mem\n|MemTotal: {seed} kB\n#net\n|{name}: 1 1 \
             0 0 0 0 0 0 2\n#mounts\n|0:1 /{other} tmpfs\n#df\n|{name} 100 {seed} 1 99% /{other}\n#inodes\n#.\n"
        ),
        3 => format!(
            "#largest\n|{seed} d /{name}\n#user 0\n#held\n#units\n|{name} loaded active running {other}\n#users\n|{name}:x:0:0:{other}\n#at\n\
             |/{other}\n#entries\n|41ed {seed} 1 {name} {other} ./{name}/\n|81a4 1 1 a b ./{other}/\n#.\n"
        ),
        4 => format!(
            "#page 4096\n#tick 100\n#up\n|9 1\n#stat\n|{seed} ({name}) S 0 1 1 0 -1 0 0 0 0 0 1 1\n#command\n#owner\n#.\n"
        ),
        5 => "#stat\n|6 0\n#sum\n|aa\n#data\n|aGVsbG8K\n#.\n".to_owned(),
        _ => format!("{name}\n{other} error\n").repeat(1 + seed % 40),
    }
}

fn time(n: usize) -> Option<Timestamp> {
    // The past, now, and a clock that goes wrong.
    Some(Timestamp::from_millis(BEGIN - [0, 5_000, 300_000, 90_000_000, -60_000_000, i64::MAX / 2][n % 6]))
}

fn whole(count: usize, seed: usize) -> Whole {
    let cut = Some(name(seed));
    let (mut stdout, stderr) = (output(count, seed), name(seed));
    if seed.is_multiple_of(10) {
        // So much is not put into groups by the loop.
        stdout.push_str(&"line\n".repeat(60_000));
    }
    let step = (!seed.is_multiple_of(3)).then(|| name(seed));
    let said = Said { step, code: Some(1), stdout, stderr, ..Said::default() };
    Whole { node: id(seed % 8), steps: vec![said; seed % 3], cut, kept: seed.is_multiple_of(2) }
}

/// A page that answers a source: so many entries, named by any numbers.
pub fn page(source: Source, count: usize, seed: usize) -> Page {
    let each = || (0..count).map(move |n| (n, seed.wrapping_add(n)));
    let text = |n: usize| Some(name(n));
    match source {
        Source::Nodes | Source::NodesWhere | Source::Watched => Page::Nodes(each().map(|(n, s)| node(n, s)).collect()),
        Source::Samples => Page::Sample {
            node: id(seed % 8),
            result: match seed % 3 {
                0 => Err(crate::console::update::Trouble::new(name(seed), None)),
                _ => Ok(format!(
                    "#up\n|{count}.5 1\n#cores {seed}\n#kernel\n|{}\n#df\n|d 2000000 {} 9000 1% /{}\n#.\n",
                    name(seed),
                    count * 1_000,
                    name(seed + 1),
                )),
            },
        },
        Source::Tags => Page::Tags { node: id(seed % 8), tags: tags(count, seed) },
        Source::PatchStates => Page::PatchStates {
            asked: (0..8).map(id).collect(),
            states: each()
                .map(|(n, s)| ssm::InstancePatchState {
                    instance_id: id(n),
                    patch_group: name(s),
                    missing_count: Some([0, 7, i32::MAX, -1][s % 4]),
                    critical_non_compliant_count: Some(i32::from(s % 3 == 0)),
                    operation_end_time: time(s).unwrap_or_default(),
                    ..Default::default()
                })
                .collect(),
        },
        Source::Summaries => Page::Summaries(
            each()
                .map(|(n, s)| ssm::ResourceComplianceSummaryItem {
                    compliance_type: text(s),
                    resource_id: Some(id(n)),
                    status: Some(ssm::ComplianceStatus::NonCompliant),
                    ..Default::default()
                })
                .collect(),
        ),
        Source::ComplianceTypes => Page::ComplianceTypes(
            each()
                .map(|(_, s)| ssm::ComplianceSummaryItem { compliance_type: text(s), ..Default::default() })
                .collect(),
        ),
        Source::Patches => Page::Patches(
            each()
                .map(|(_, s)| ssm::PatchComplianceData {
                    title: name(s),
                    kb_id: name(s + 1),
                    severity: name(s + 2),
                    cve_ids: text(s + 3),
                    ..Default::default()
                })
                .collect(),
        ),
        Source::Why => Page::Why(Box::new(why(seed))),
        Source::NodeCommands => Page::NodeCommands(each().map(|(n, s)| invocation(n, s)).collect()),
        Source::Commands => Page::Commands(each().map(|(n, s)| command(n, s)).collect()),
        Source::Invocations => Page::Invocations(each().map(|(n, s)| invocation(n, s)).collect()),
        Source::Whole | Source::Kept => Page::Whole(Box::new(whole(count, seed))),
        Source::Followed => Page::Followed(Box::new(Followed {
            command: name(seed),
            node: name(seed + 1),
            pieces: each()
                .map(|(n, s)| Piece { step: text(s), error: n % 2 == 0, text: output(n, s) + "\n" })
                .collect(),
            is_late: seed.is_multiple_of(3),
        })),
        Source::Earlier if seed.is_multiple_of(4) => Page::Forgotten { node: name(seed) },
        Source::Earlier => Page::Earlier { command: name(seed), whole: Box::new(whole(count, seed)) },
        Source::Running => Page::Running(each().map(|(n, s)| command(n, s)).collect()),
        Source::Plan => Page::Plan(Box::new(Resolved {
            nodes: each().map(|(n, s)| node(n, s)).collect(),
            near: each().map(|(n, s)| (node(n, s), name(s))).collect(),
            findings: each().map(|(n, s)| Finding { line: Some(n), what: name(s), blocks: s % 5 == 0 }).collect(),
        })),
        Source::Documents => Page::Documents(
            each().map(|(_, s)| ssm::DocumentIdentifier { name: text(s), ..Default::default() }).collect(),
        ),
        Source::Document => Page::Document(Box::new(document(count, seed))),
        Source::Parameters | Source::Parameter => Page::Parameters(each().map(|(n, s)| parameter(n, s)).collect()),
        Source::ParameterTags => Page::ParameterTags(tags(count, seed)),
        Source::Value => Page::Value(Box::new(ssm::Parameter {
            name: Some(path(0, seed)),
            value: Some(output(count, seed).into()),
            version: Some(3),
            ..Default::default()
        })),
        Source::History => Page::History(
            each()
                .map(|(n, s)| ssm::ParameterHistory {
                    name: Some(path(0, seed)),
                    version: i64::try_from(n).ok(),
                    value: Some(output(2, s).into()),
                    labels: vec![name(s)],
                    last_modified_date: time(s),
                    last_modified_user: text(s),
                    r#type: Some(kind(seed)),
                    ..Default::default()
                })
                .collect(),
        ),
        Source::Preferences => Page::Preferences(Preferences::parse(&format!(
            r#"{{"inputs":{{"idleSessionTimeout":"{}","maxSessionDuration":"{}"}}}}"#,
            seed % 70,
            seed % 1500
        ))),
        Source::Sessions => Page::Sessions(
            each()
                .map(|(n, s)| ssm::Session {
                    session_id: Some(format!("s-{n}")),
                    target: Some(id(n)),
                    owner: text(s),
                    reason: text(s + 1),
                    status: Some([ssm::SessionStatus::Connected, ssm::SessionStatus::Terminated][s % 2].clone()),
                    start_date: time(s),
                    end_date: time(s + 1),
                    ..Default::default()
                })
                .collect(),
        ),
        Source::Transcript => Page::Transcript(Box::new(Transcript {
            session: format!("s-{}", seed % 4),
            text: output(count, seed),
            note: text(seed),
        })),
    }
}

fn node(n: usize, seed: usize) -> ssm::InstanceInformation {
    ssm::InstanceInformation {
        instance_id: Some(id(n)),
        computer_name: Some(name(seed)),
        ping_status: Some(
            [ssm::PingStatus::Online, ssm::PingStatus::ConnectionLost, ssm::PingStatus::Inactive][seed % 3].clone(),
        ),
        last_ping_date_time: time(seed),
        platform_name: Some(name(seed + 1)),
        platform_version: Some(name(seed + 2)),
        ip_address: Some(name(seed + 3)),
        agent_version: Some("3.3.0.0".to_owned()),
        ..Default::default()
    }
}

fn tags(count: usize, seed: usize) -> Vec<ssm::Tag> {
    (0..count).map(|n| ssm::Tag { key: name(seed.wrapping_add(n)), value: name(seed.wrapping_add(n + 1)) }).collect()
}

fn command(n: usize, seed: usize) -> ssm::Command {
    ssm::Command {
        command_id: Some(format!("0000000{n}-1111-2222-3333-444444444444")),
        document_name: Some(name(seed)),
        comment: Some(name(seed + 1)),
        parameters: ssm::Sensitive([("commands".to_owned(), vec![output(2, seed)]), (name(seed), vec![])].into()),
        requested_date_time: time(seed),
        status: Some(
            [ssm::CommandStatus::InProgress, ssm::CommandStatus::Success, ssm::CommandStatus::Failed][seed % 3].clone(),
        ),
        instance_ids: vec![id(0), id(1)],
        target_count: Some([3, 0, -1, i32::MAX][seed % 4]),
        completed_count: Some([1, 3, i32::MAX, -1][seed % 4]),
        error_count: Some([0, -5, 1][seed % 3]),
        ..Default::default()
    }
}

fn invocation(n: usize, seed: usize) -> ssm::CommandInvocation {
    use ssm::CommandInvocationStatus::{Failed, InProgress, Success};
    let status = [Success, Failed, InProgress][seed % 3].clone();
    let plugin = ssm::CommandPlugin {
        output: Some(output(3, seed % 5)),
        response_code: Some([0, 1, -1, i32::MIN][seed % 4]),
        ..Default::default()
    };
    ssm::CommandInvocation {
        command_id: Some("00000000-1111-2222-3333-444444444444".to_owned()),
        instance_id: Some(id(n)),
        instance_name: Some(name(seed)),
        status_details: Some(name(seed)),
        status: Some(status),
        requested_date_time: time(seed),
        command_plugins: vec![plugin],
        ..Default::default()
    }
}

fn document(count: usize, seed: usize) -> ssm::DocumentDescription {
    let parameter = |n: usize| ssm::DocumentParameter {
        name: Some(if n == 0 { "commands".to_owned() } else { name(seed.wrapping_add(n)) }),
        description: Some(name(seed)),
        default_value: Some(name(seed + 1)),
        ..Default::default()
    };
    ssm::DocumentDescription {
        name: Some("AWS-RunShellScript".to_owned()),
        parameters: (0..count).map(parameter).collect(),
        ..Default::default()
    }
}

fn kind(seed: usize) -> ssm::ParameterType {
    [ssm::ParameterType::String, ssm::ParameterType::SecureString, ssm::ParameterType::StringList][seed % 3].clone()
}

fn path(n: usize, seed: usize) -> String {
    format!("/app-{}/{}/{n}", seed % 3, name(seed))
}

fn parameter(n: usize, seed: usize) -> ssm::ParameterMetadata {
    ssm::ParameterMetadata {
        name: Some(path(n, seed)),
        r#type: Some(kind(seed)),
        version: Some([3, 0, -1, i64::MAX][seed % 4]),
        description: Some(name(seed)),
        last_modified_date: time(seed),
        last_modified_user: Some(name(seed + 1)),
        ..Default::default()
    }
}

fn output(lines: usize, seed: usize) -> String {
    (0..lines).map(|n| name(seed.wrapping_add(n)) + "\n").collect()
}

/// A console in which every pane has something: nodes with tags, results, parameters, shells, sessions, forwards.
pub fn rich(read_only: bool, nodes: usize) -> Bench {
    let text = "[[forward]]\nname = 'db'\nnode = 'web-1'\nremote = 5432\nstart = false\n";
    let mut bench = Bench::with(crate::config::settings::Settings::parse(text).unwrap(), read_only);
    let plain = |n: usize| ssm::InstanceInformation {
        instance_id: Some(id(n)),
        computer_name: Some(format!("web-{n}")),
        ping_status: Some(ssm::PingStatus::Online),
        ..Default::default()
    };
    bench.answer(Source::Nodes, Page::Nodes((0..nodes).map(plain).collect()));
    if !read_only {
        bench.press("s");
        bench.screen(80, 24);
        bench.press("ctrl-g d");
    }
    for (pane, source) in [
        ("2", Source::ComplianceTypes),
        ("1", Source::PatchStates),
        ("1", Source::Summaries),
        ("3", Source::Commands),
        ("4", Source::Parameters),
        ("6", Source::Sessions),
        ("6", Source::Preferences),
    ] {
        bench.press(pane);
        if bench.asked(source).is_some() {
            bench.answer(source, page(source, 6, 0));
        }
    }
    bench.press("1");
    bench
}

fn why(seed: usize) -> Findings {
    let listed = ssm::InstanceInformation {
        instance_id: Some(id(seed % 8)),
        agent_version: Some(name(seed)),
        last_ping_date_time: time(seed),
        association_status: Some(name(seed + 1)),
        ..Default::default()
    };
    Findings {
        asked: name(seed),
        id: Some(id(seed % 8)),
        endpoint: name(seed + 2),
        connection: [Answer::NotAsked, Answer::Known(ssm::ConnectionStatus::NotConnected), Answer::Failed(name(seed))]
            [seed % 3]
            .clone(),
        listed: if seed.is_multiple_of(2) { Answer::Known(None) } else { Answer::Known(Some(Box::new(listed))) },
        activation: Answer::Known(Some(Box::default())),
        instance: Answer::Unasked(name(seed + 3)),
    }
}

/// The first page of a fleet of three nodes that are online.
pub fn three() -> Page {
    let node = |n: usize| ssm::InstanceInformation {
        instance_id: Some(id(n)),
        computer_name: Some(format!("web-{n}")),
        ping_status: Some(PingStatus::Online),
        ..Default::default()
    };
    Page::Nodes((1..4).map(node).collect())
}

/// A console that has it.
pub fn of_three() -> Bench {
    let mut bench = Bench::new(false);
    bench.answer(Source::Nodes, three());
    bench
}
