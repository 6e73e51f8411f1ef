//! Why a node is not connected, or not in the list at all: what was found out about it, and what follows from that.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{
    client::ec2::Instance,
    console::{
        state::node::natural,
        text::{clean, count, span},
    },
    ssm::{Activation, ConnectionStatus, InstanceInformation, PingStatus, Timestamp},
};

/// Agents report every five minutes. One that is overdue by a minute is doubted.
const SILENT: Duration = Duration::from_secs(360);

/// What came of a question.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub enum Answer<T> {
    /// This.
    Known(T),
    /// Nobody had a reason to ask.
    #[default]
    NotAsked,
    /// It was not asked, for this reason.
    Unasked(String),
    /// It was asked in vain.
    Failed(String),
}

impl<T> Answer<T> {
    fn known(&self) -> Option<&T> {
        match self {
            Self::Known(answer) => Some(answer),
            _ => None,
        }
    }
}

/// What was found out.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Findings {
    /// The node as it was named.
    pub asked: String,
    /// Its id, where that is known.
    pub id: Option<String>,
    /// The endpoint that was asked.
    pub endpoint: String,
    /// `GetConnectionStatus`.
    pub connection: Answer<ConnectionStatus>,
    /// `DescribeInstanceInformation`; `None`: it is not in the list.
    pub listed: Answer<Option<Box<InstanceInformation>>>,
    /// `DescribeActivations`, for the activation of the node.
    pub activation: Answer<Option<Box<Activation>>>,
    /// `ec2:DescribeInstances`, and the checks of the instance.
    pub instance: Answer<Option<Instance>>,
}

/// How a check came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// As it should be.
    Good,
    /// Not as it should be.
    Bad,
    /// Nobody can tell.
    Unknown,
}

/// One check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// What was looked at.
    pub name: &'static str,
    /// How it came out.
    pub outcome: Outcome,
    /// What was seen.
    pub what: String,
}

/// The answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Why {
    /// The node as it was named.
    pub asked: String,
    /// In one line.
    pub verdict: String,
    /// What to do next.
    pub next: String,
    /// Everything that was looked at, in the order in which one depends on the other.
    pub checks: Vec<Check>,
}

/// What follows from the findings. `newest` is the latest version of the agent that the fleet has.
pub fn diagnose(findings: &Findings, newest: Option<&str>, now: Timestamp) -> Why {
    let mut why = Checks { list: Vec::new(), cause: None };
    let id = findings.id.clone().unwrap_or_else(|| findings.asked.clone());
    endpoint(findings, &mut why);
    instance(findings, &id, &mut why);
    listed(findings, &id, now, &mut why);
    connection(findings, &mut why);
    version(findings, newest, &mut why);
    activation(findings, &mut why);
    association(findings, &mut why);
    let connected = findings.connection == Answer::Known(ConnectionStatus::Connected);
    let (verdict, next) = match why.cause {
        Some(cause) => cause,
        None if connected => match doubt(findings, now) {
            None => ("The node is connected: sessions and commands reach it.".to_owned(), String::new()),
            Some(age) => (
                format!("The node is said to be connected, but has not been heard of for {}.", span(age)),
                "It may hang, or its way here may be cut: see that the machine is up, that it is not short of memory or disk, and \
                 that its agent runs."
                    .to_owned(),
            ),
        },
        None => (
            "Nothing that can be seen from here is wrong.".to_owned(),
            "Look at the agent's log on the node itself: /var/log/amazon/ssm/amazon-ssm-agent.log.".to_owned(),
        ),
    };
    Why { asked: clean(&findings.asked), verdict, next, checks: why.list }
}

/// For how long nothing was heard of a node that is said to be online, where a report of it is overdue.
fn doubt(findings: &Findings, now: Timestamp) -> Option<Duration> {
    let info = findings.listed.known()?.as_ref()?;
    let online = matches!(info.ping_status, Some(PingStatus::Online));
    info.last_ping_date_time.map(|at| now.since(at)).filter(|age| online && *age >= SILENT)
}

struct Checks {
    list: Vec<Check>,
    cause: Option<(String, String)>,
}

impl Checks {
    fn add(&mut self, name: &'static str, outcome: Outcome, what: impl AsRef<str>) {
        self.list.push(Check { name, outcome, what: clean(what.as_ref()) });
    }

    fn good(&mut self, name: &'static str, what: impl AsRef<str>) {
        self.add(name, Outcome::Good, what);
    }

    fn unknown<T>(&mut self, name: &'static str, answer: &Answer<T>) {
        let what = match answer {
            Answer::Failed(error) => format!("cannot tell: {error}"),
            Answer::Unasked(reason) => format!("not asked: {reason}"),
            _ => "not asked".to_owned(),
        };
        self.add(name, Outcome::Unknown, what);
    }

    /// Something is wrong. What is found first is the cause: later checks depend on it.
    fn bad(&mut self, name: &'static str, what: impl AsRef<str>, verdict: impl AsRef<str>, next: impl AsRef<str>) {
        self.add(name, Outcome::Bad, what);
        self.cause.get_or_insert_with(|| (clean(verdict.as_ref()), clean(next.as_ref())));
    }
}

fn endpoint(findings: &Findings, why: &mut Checks) {
    let answered = findings.connection.known().is_some() || findings.listed.known().is_some();
    match (&findings.connection, &findings.listed) {
        _ if answered => why.good("endpoint", format!("{} answers this console", findings.endpoint)),
        (Answer::Failed(error), _) | (_, Answer::Failed(error)) => why.bad(
            "endpoint",
            format!("{} does not answer: {error}", findings.endpoint),
            "Systems Manager does not answer this console, so nothing can be said about the node.",
            "See to the network, the credentials and the permissions here first, then ask again.",
        ),
        _ => why.unknown("endpoint", &findings.connection),
    }
}

fn instance(findings: &Findings, id: &str, why: &mut Checks) {
    let instance = match &findings.instance {
        Answer::Known(Some(instance)) => instance,
        Answer::Known(None) => {
            return why.bad(
                "instance",
                format!("EC2 knows no {id} in this account and region"),
                "There is no such instance in this account and region.",
                "See whether account and region are the right ones, and whether it was terminated.",
            );
        }
        other => return why.unknown("instance", other),
    };
    let reason = instance.reason.as_ref().map(|reason| format!(" ({reason})")).unwrap_or_default();
    match instance.state.as_str() {
        "running" => why.good("instance", "EC2 says it is running"),
        state => why.bad(
            "instance",
            format!("EC2 says it is {state}{reason}"),
            format!("The instance is {state}."),
            "Start it; the agent connects within a minute of its start.",
        ),
    }
    match &instance.profile {
        Some(profile) => why.good("role", profile),
        None => why.bad(
            "role",
            "it has no instance profile",
            "The instance has no role that lets its agent register.",
            "Attach an instance profile with AmazonSSMManagedInstanceCore, or turn on default host management.",
        ),
    }
    match (instance.system.as_str(), instance.instance.as_str()) {
        ("", "") => {}
        ("ok", "ok") => why.good("status checks", "both passed"),
        (system, inside) if [system, inside].contains(&"impaired") => why.bad(
            "status checks",
            format!("system {system}, instance {inside}"),
            "EC2 finds the instance impaired.",
            "Read its console output; a reboot or a stop and start moves it to another machine.",
        ),
        (system, inside) => why.add("status checks", Outcome::Unknown, format!("system {system}, instance {inside}")),
    }
}

fn listed(findings: &Findings, id: &str, now: Timestamp, why: &mut Checks) {
    let info = match &findings.listed {
        Answer::Known(Some(info)) => info,
        Answer::Known(None) => {
            let next = match id.starts_with("i-") {
                true => {
                    "See on the instance that the agent runs (systemctl status amazon-ssm-agent) and reaches ssm, \
                         ssmmessages and ec2messages over 443, itself or through VPC endpoints."
                }
                false => {
                    "See on the machine that the agent runs; if it was never registered or was deregistered, make an \
                          activation and register it again."
                }
            };
            return why.bad(
                "registration",
                "it is not in the list of managed nodes",
                format!("{id} is not registered with Systems Manager in this account and region."),
                next,
            );
        }
        other => return why.unknown("registration", other),
    };
    let since = info.registration_date.map(|at| format!(" since {}", super::columns::date(at))).unwrap_or_default();
    why.good("registration", format!("it is a managed node{since}"));
    let age = info.last_ping_date_time.map(|at| now.since(at));
    let ago = age.map_or("it never sent a ping".to_owned(), |age| format!("last ping {} ago", span(age)));
    let status = info.ping_status.clone().unwrap_or_default();
    match (&status, age) {
        (PingStatus::Online, Some(age)) if age < SILENT => why.good("ping", format!("online, {ago}")),
        (PingStatus::Online, _) => why.add("ping", Outcome::Unknown, format!("said to be online, but {ago}; one comes every 5m")),
        _ => why.bad(
            "ping",
            format!("{}, {ago}", super::ping_word(&status)),
            match age {
                Some(age) => format!("The agent has been silent for {}.", span(age)),
                None => "The agent has never been heard of.".to_owned(),
            },
            "See that the machine is up, that the agent runs, that its clock is right and that it reaches the endpoint over \
             443.",
        ),
    }
}

fn connection(findings: &Findings, why: &mut Checks) {
    match &findings.connection {
        Answer::Known(ConnectionStatus::Connected) => why.good("channel", "the agent holds its channel for sessions"),
        Answer::Known(_) => why.bad(
            "channel",
            "the agent holds no channel for sessions",
            "The agent holds no channel for sessions.",
            "See that it reaches ssmmessages over 443 (a proxy must let WebSockets through), then restart the agent.",
        ),
        other => why.unknown("channel", other),
    }
}

fn version(findings: &Findings, newest: Option<&str>, why: &mut Checks) {
    let Answer::Known(Some(info)) = &findings.listed else { return };
    let Some(version) = info.agent_version.as_deref().filter(|version| !version.is_empty()) else {
        return why.add("agent", Outcome::Unknown, "it has not told its version");
    };
    let older = newest.filter(|newest| natural(version, newest).is_lt());
    match (info.is_latest_version, older) {
        (_, Some(newest)) => why.add("agent", Outcome::Unknown, format!("{version}; the fleet has {newest} already")),
        (Some(false), None) => why.add("agent", Outcome::Unknown, format!("{version}; there is a later one")),
        _ => why.good("agent", format!("{version}, none in the fleet is later")),
    }
}

fn activation(findings: &Findings, why: &mut Checks) {
    let gone = !matches!(&findings.listed, Answer::Known(Some(_)));
    match &findings.activation {
        Answer::Known(Some(activation)) => {
            let used = activation.registrations_count.unwrap_or(0);
            let limit = activation.registration_limit.unwrap_or(1);
            let uses = format!("{used} of {} used", count(usize::try_from(limit).unwrap_or(0), "registration"));
            match activation.expired == Some(true) || used >= limit {
                // It matters only to a machine that has to register again.
                true if gone => why.bad(
                    "activation",
                    format!("it has expired or is used up: {uses}"),
                    "Its activation takes no more registrations.",
                    "Make a new activation and register the machine with it.",
                ),
                true => why.good("activation", format!("{uses}; it takes no more, which harms no registered node")),
                false => why.good("activation", uses),
            }
        }
        Answer::Known(None) => why.add("activation", Outcome::Unknown, "it was deleted; registered nodes stay"),
        Answer::NotAsked => {}
        other => why.unknown("activation", other),
    }
}

fn association(findings: &Findings, why: &mut Checks) {
    let Answer::Known(Some(info)) = &findings.listed else { return };
    match info.association_status.as_deref() {
        None | Some("") => {}
        Some("Success") => why.good("associations", "the last run succeeded"),
        Some(status) => why.add("associations", Outcome::Unknown, format!("the last run: {status}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        Timestamp::from_millis(1_795_341_600_000)
    }

    fn listed(ping: PingStatus) -> Answer<Option<Box<InstanceInformation>>> {
        Answer::Known(Some(Box::new(InstanceInformation {
            ping_status: Some(ping),
            last_ping_date_time: Some(now().minus(Duration::from_secs(7_200))),
            agent_version: Some("3.2.0.0".to_owned()),
            ..Default::default()
        })))
    }

    fn why(findings: Findings) -> Why {
        diagnose(&Findings { asked: "i-0a".to_owned(), ..findings }, Some("3.3.0.0"), now())
    }

    fn bad(why: &Why) -> Vec<&str> {
        why.checks.iter().filter(|check| check.outcome == Outcome::Bad).map(|check| check.name).collect()
    }

    #[test]
    fn the_first_thing_wrong_is_the_cause() {
        let stopped = Instance { id: "i-0a".to_owned(), state: "stopped".to_owned(), ..Instance::default() };
        let found = why(Findings {
            connection: Answer::Known(ConnectionStatus::NotConnected),
            listed: listed(PingStatus::ConnectionLost),
            instance: Answer::Known(Some(stopped)),
            ..Findings::default()
        });
        assert_eq!(found.verdict, "The instance is stopped.");
        assert_eq!(bad(&found), ["instance", "role", "ping", "channel"]);
        assert!(found.checks.iter().any(|check| check.what.contains("the fleet has 3.3.0.0 already")));
    }

    #[test]
    fn silence_is_told_with_its_age() {
        let found = why(Findings {
            connection: Answer::Known(ConnectionStatus::NotConnected),
            listed: listed(PingStatus::ConnectionLost),
            instance: Answer::Unasked("EC2 is not at this endpoint".to_owned()),
            ..Findings::default()
        });
        assert_eq!(found.verdict, "The agent has been silent for 2h.");
        assert!(found.checks.iter().any(|check| check.what == "not asked: EC2 is not at this endpoint"));
    }

    #[test]
    fn a_report_that_is_overdue_is_doubted_and_one_that_is_due_is_not() {
        let seen = |ago: u64| {
            let Answer::Known(Some(mut info)) = listed(PingStatus::Online) else { unreachable!() };
            info.last_ping_date_time = Some(now().minus(Duration::from_secs(ago)));
            let found = why(Findings { listed: Answer::Known(Some(info)), ..Findings::default() });
            found.checks.into_iter().find(|check| check.name == "ping").unwrap()
        };
        assert_eq!(seen(330).outcome, Outcome::Good, "reports are not on the second");
        let doubted = seen(361);
        assert_eq!(doubted.outcome, Outcome::Unknown);
        assert!(doubted.what.contains("last ping 6m ago"), "{}", doubted.what);
    }

    #[test]
    fn a_node_that_is_doubted_is_not_said_to_be_reached() {
        let of = |ago: u64| {
            let Answer::Known(Some(mut info)) = listed(PingStatus::Online) else { unreachable!() };
            info.last_ping_date_time = Some(now().minus(Duration::from_secs(ago)));
            let connection = Answer::Known(ConnectionStatus::Connected);
            why(Findings { connection, listed: Answer::Known(Some(info)), ..Findings::default() })
        };
        assert!(of(330).verdict.starts_with("The node is connected"));
        let doubted = of(780);
        assert_eq!(doubted.verdict, "The node is said to be connected, but has not been heard of for 13m.");
        assert!(!doubted.next.is_empty());
    }

    #[test]
    fn a_node_that_is_missing_and_one_that_is_connected() {
        let missing = why(Findings {
            connection: Answer::Known(ConnectionStatus::NotConnected),
            listed: Answer::Known(None),
            ..Findings::default()
        });
        assert!(missing.verdict.contains("is not registered") && missing.next.contains("443"));
        let connected = why(Findings {
            connection: Answer::Known(ConnectionStatus::Connected),
            listed: Answer::Failed("AccessDeniedException".to_owned()),
            ..Findings::default()
        });
        assert!(connected.verdict.starts_with("The node is connected"));
        assert!(connected.checks.iter().any(|check| check.what == "cannot tell: AccessDeniedException"));
    }

    #[test]
    fn an_endpoint_that_does_not_answer_is_the_cause_of_everything() {
        let found = why(Findings {
            connection: Answer::Failed("no route".to_owned()),
            listed: Answer::Failed("no route".to_owned()),
            ..Findings::default()
        });
        assert!(found.verdict.contains("does not answer this console"));
        assert_eq!(bad(&found), ["endpoint"]);
    }
}
