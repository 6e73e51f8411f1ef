//! `fleetdeck forward`: ports of a node, or of hosts behind it, on this machine.

use std::{io::Write, net::SocketAddr, process::ExitCode, time::Duration};

use anyhow::Context as _;
use clap::{Args, ValueEnum};
use tokio::{sync::watch, task::JoinSet};

use super::{Global, Usage, choice, nodes, stop::stopped, talk};
use crate::{
    client::{
        Client, Error,
        forward::{Far, Forward as Running, ForwardPhase, ForwardSpec, ForwardStatus, Held, Restart},
    },
    config::{forward::Forward as Entry, paths::Paths},
    console,
    ssm::{Timestamp, clock::Clock},
};

/// Forward ports of a node, or of hosts that the node can reach, to this machine.
///
/// A line on standard output says what listens where, once the node has answered and a connection made for the purpose has
/// reached the port; that it could not is said on standard error, and connections are taken all the same. Runs until Ctrl-C;
/// a broken line or session is mended meanwhile.
#[derive(Debug, Args)]
pub struct Forward {
    /// Id or name of the node, or tag:KEY=VALUE for any connected node with the tag.
    #[arg(required_unless_present = "set")]
    node: Option<String>,
    /// What to forward. Without LOCAL any free port of 127.0.0.1 is taken; without HOST the port is the node's own.
    #[arg(required_unless_present = "set", value_name = "[HOST:]REMOTE[:LOCAL]")]
    ports: Vec<String>,
    /// Forward what the settings have under this name of a set, all together.
    #[arg(long, value_name = "NAME", conflicts_with_all = ["node", "ports"])]
    set: Option<String>,
    /// What to do when a session ends; without it as the settings say, or on-failure.
    #[arg(long, value_enum, value_name = "WHEN")]
    restart: Option<When>,
    /// Make no connection to know whether the port answers: for servers that count connections.
    #[arg(long)]
    no_probe: bool,
}

/// When a new session is begun.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum When {
    /// Whatever happened, for ever.
    Always,
    /// Where it has worked before.
    OnFailure,
    /// It is not.
    Never,
}

impl Forward {
    /// Runs until it is stopped.
    pub fn run(self, global: &Global) -> anyhow::Result<ExitCode> {
        global.may_change("open sessions")?;
        let wanted = self.wanted()?;
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let outcome = runtime.block_on(async {
            let client = choice::connect(global).await?;
            let mut specs = Vec::new();
            for (called, spec) in wanted {
                let node = nodes::target(&client, &called).await?;
                specs.push((called, ForwardSpec { node, ..spec }));
            }
            forward(client, specs).await
        });
        runtime.shutdown_timeout(Duration::from_millis(200));
        outcome
    }

    /// What is to be forwarded, with what its nodes are called.
    fn wanted(&self) -> anyhow::Result<Vec<(String, ForwardSpec)>> {
        let mut wanted = match &self.set {
            Some(set) => of_set(set)?,
            None => {
                let node = self.node.as_deref().unwrap_or_default();
                let specs: Result<Vec<_>, _> = self.ports.iter().map(|port| ForwardSpec::parse("", port)).collect();
                let specs = specs.map_err(|error| Usage(error.to_string()))?;
                specs.into_iter().map(|spec| (node.to_owned(), spec)).collect()
            }
        };
        for (_, spec) in &mut wanted {
            spec.probe &= !self.no_probe;
            spec.restart = match self.restart {
                Some(When::Always) => Restart::Always,
                Some(When::OnFailure) => Restart::OnFailure,
                Some(When::Never) => Restart::Never,
                None => spec.restart,
            };
        }
        Ok(wanted)
    }
}

/// The forwards of a set, from the settings and from what the console keeps.
fn of_set(set: &str) -> anyhow::Result<Vec<(String, ForwardSpec)>> {
    let paths = Paths::discover()?;
    // What is wrong with them has been said.
    let mut entries = console::settings(&paths).forwards;
    entries.extend(console::kept_forwards(&paths.forwards())?);
    let sets: std::collections::BTreeSet<_> = entries.iter().filter_map(|entry| entry.set.clone()).collect();
    let of_it: Vec<Entry> = entries.into_iter().filter(|entry| entry.set.as_deref() == Some(set)).collect();
    if of_it.is_empty() {
        let known = Vec::from_iter(sets).join(", ");
        let known = if known.is_empty() {
            "no [[forward]] of the settings has one".to_owned()
        } else {
            format!("there are {known}")
        };
        return Err(Usage(format!("no set is called {set}: {known}")).into());
    }
    let spec = |entry: Entry| (entry.node.clone(), console::effect::forward_spec(entry, String::new()));
    Ok(of_it.into_iter().map(spec).collect())
}

/// A forward that runs, and in whose words.
struct Told {
    node: String,
    spec: ForwardSpec,
    running: Running,
}

async fn forward(client: Client, specs: Vec<(String, ForwardSpec)>) -> anyhow::Result<ExitCode> {
    let stop = stopped()?;
    let mut all = Vec::new();
    for (node, spec) in specs {
        match Running::start(client.clone(), spec.clone()).await {
            Ok(running) => all.push(Told { node, spec, running }),
            Err(error) => {
                end(all).await;
                let here = format!("; choose another with :LOCAL, such as {spec}:{}", other(spec.local.port()));
                return Err(match error {
                    Error::Listen { detail } => anyhow::anyhow!("{detail}{here}"),
                    error => error.into(),
                });
            }
        }
    }
    let mut tellers = JoinSet::new();
    for told in &all {
        tellers.spawn(tell(told.spec.to_string(), told.running.local_addr(), told.running.watch()));
    }
    let stopped = until(stop, &all, &mut tellers).await;
    tellers.shutdown().await;
    end(all).await;
    Ok(if stopped? { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Says what listens where, and waits: whether it was stopped, and not over by itself.
async fn until(stop: impl Future<Output = ()>, all: &[Told], tellers: &mut JoinSet<()>) -> anyhow::Result<bool> {
    let mut stop = std::pin::pin!(stop);
    let up = async {
        for told in all {
            if !settled(told.running.watch()).await {
                continue;
            }
            let line = format!("{} -> {} through {}", told.running.local_addr(), told.spec, told.node);
            writeln!(std::io::stdout(), "{line}").context("nobody reads what listens where")?;
        }
        anyhow::Ok(())
    };
    let (mut up, mut is_up) = (std::pin::pin!(up), false);
    loop {
        tokio::select! {
            () = &mut stop => return Ok(true),
            told = &mut up, if !is_up => {
                told?;
                is_up = true;
            }
            teller = tellers.join_next() => if teller.is_none() {
                return Ok(false);
            },
        }
    }
}

/// A port beside one that cannot be had.
fn other(port: u16) -> u16 {
    port.checked_add(1).unwrap_or(port - 1)
}

/// Waits until the node has answered and it is known whether the port does, or that nobody will ask. `false` if the forward
/// is over by then.
async fn settled(mut status: watch::Receiver<ForwardStatus>) -> bool {
    let known = |status: &ForwardStatus| match status.phase {
        ForwardPhase::Open => status.far != Far::Asked && !status.silent,
        ForwardPhase::Closed { .. } => true,
        _ => false,
    };
    status.wait_for(known).await.is_ok_and(|status| status.phase == ForwardPhase::Open)
}

/// Says what happens to a forward, as far as somebody should know. Done when it is over.
async fn tell(what: String, local: SocketAddr, mut status: watch::Receiver<ForwardStatus>) {
    let clock = Clock::system();
    let mut last = ForwardStatus::default();
    loop {
        let now = status.borrow_and_update().clone();
        for sentence in news(&last, &now, local, clock.now()) {
            talk::say(&format!("fleetdeck: {what}: {sentence}"));
        }
        if matches!(now.phase, ForwardPhase::Closed { .. }) || status.changed().await.is_err() {
            return;
        }
        last = now;
    }
}

/// What is to be said between two looks at a forward that listens here, the second of them at this time.
fn news(last: &ForwardStatus, now: &ForwardStatus, local: SocketAddr, at: Timestamp) -> Vec<String> {
    let lost = |status: &ForwardStatus| {
        matches!(status.phase, ForwardPhase::Reconnecting { .. } | ForwardPhase::Pausing { .. })
    };
    let mut news = Vec::new();
    if let Some(agent) = now.single.as_ref().filter(|_| last.single.is_none()) {
        news.push(format!(
            "one connection at a time: the node's agent is {agent}, and those after 3.0.196.0 carry many"
        ));
    }
    if let Some(note) = now.note.as_ref().filter(|_| now.note != last.note) {
        let advice = match now.far {
            Far::Refused => "; connections are taken all the same, and come about once something listens there",
            Far::Silent => "; a firewall or a security group may be in the way; connections are taken all the same",
            _ => "",
        };
        news.push(format!("{note}{advice}"));
    }
    match &now.phase {
        ForwardPhase::Pausing { attempt, wait } if last.phase != now.phase && *attempt > 1 => {
            news.push(format!("try {attempt} in {} s", wait.as_secs().max(1)));
        }
        _ if lost(now) && !lost(last) => news.push("connection lost, trying again".to_owned()),
        ForwardPhase::Open if lost(last) => news.push("connected again".to_owned()),
        ForwardPhase::Closed { reason } => news.push(reason.as_deref().unwrap_or("stopped").to_owned()),
        _ => {}
    }
    if now.far == Far::Reached && matches!(last.far, Far::Refused | Far::Silent) {
        news.push("the port answers".to_owned());
    }
    match (last.silent, now.silent, &now.phase) {
        (false, true, ForwardPhase::Open) => news.push("waiting for the node, which does not answer".to_owned()),
        (false, true, _) => news.push(format!("waiting for the node: {local} listens, but it has not answered yet")),
        (true, false, ForwardPhase::Connecting | ForwardPhase::Open) => news.push("the node answers".to_owned()),
        _ => {}
    }
    news.extend(holding(last.held, now.held, at));
    news
}

/// What is to be said of a connection that does not take what comes, or did not.
fn holding(last: Option<Held>, now: Option<Held>, at: Timestamp) -> Option<String> {
    if last == now {
        return None;
    }
    let seconds = |held: Held| at.since(held.since).as_secs();
    let goes_on = |held: Held| {
        format!("connection {} held up the others for {} s, and no longer does", held.connection, seconds(held))
    };
    let holds = |held: Held| {
        let Held { connection, .. } = held;
        format!(
            "connection {connection} has taken nothing for {} s; nothing comes for the others until it does, or is closed",
            seconds(held)
        )
    };
    now.map(holds).or(last.map(goes_on))
}

/// Ends all forwards together and says what they carried.
async fn end(all: Vec<Told>) {
    let mut stopping = JoinSet::new();
    for Told { spec, running, .. } in all {
        stopping.spawn(async move {
            let status = running.watch();
            running.stop().await;
            let ForwardStatus { accepted, sent, received, .. } = *status.borrow();
            talk::say(&format!("{spec}: {accepted} connections, {sent} bytes sent, {received} bytes received"));
        });
    }
    while stopping.join_next().await.is_some() {}
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1_000)
    }

    fn news(last: &ForwardStatus, now: &ForwardStatus) -> Vec<String> {
        super::news(last, now, ([127, 0, 0, 1], 8080).into(), at(100))
    }

    #[test]
    fn a_node_that_does_not_answer_is_waited_for_and_its_port_is_not_said_to_be_there() {
        let silent = |phase| ForwardStatus { phase, silent: true, ..ForwardStatus::default() };
        let first = silent(ForwardPhase::Connecting);
        let sentence = "waiting for the node: 127.0.0.1:8080 listens, but it has not answered yet";
        assert_eq!(news(&ForwardStatus::default(), &first), [sentence]);
        let open = ForwardStatus { silent: false, ..silent(ForwardPhase::Open) };
        assert_eq!(news(&first, &open), ["the node answers"]);
        assert_eq!(news(&open, &silent(ForwardPhase::Open)), ["waiting for the node, which does not answer"]);
        let is_settled = |status| {
            let (_told, watch) = watch::channel(status);
            futures_util::FutureExt::now_or_never(settled(watch)).is_some()
        };
        assert!(is_settled(open) && !is_settled(first) && !is_settled(silent(ForwardPhase::Open)));
    }

    #[test]
    fn who_holds_up_the_others_is_said_and_for_how_long() {
        let free = ForwardStatus { phase: ForwardPhase::Open, ..ForwardStatus::default() };
        let held = ForwardStatus { held: Some(Held { connection: 3, since: at(58) }), ..free.clone() };
        let sentence =
            "connection 3 has taken nothing for 42 s; nothing comes for the others until it does, or is closed";
        assert_eq!(news(&free, &held), [sentence]);
        assert!(news(&held, &held).is_empty());
        assert_eq!(news(&held, &free), ["connection 3 held up the others for 42 s, and no longer does"]);
    }

    #[test]
    fn each_thing_is_said_once() {
        let open = ForwardStatus { phase: ForwardPhase::Open, far: Far::Asked, ..ForwardStatus::default() };
        assert!(news(&ForwardStatus::default(), &open).is_empty());
        let note = Some("nothing listens on port 80 of the node".to_owned());
        let refused = ForwardStatus { far: Far::Refused, note, ..open.clone() };
        assert!(news(&open, &refused)[0].starts_with("nothing listens on port 80 of the node; connections are taken"));
        assert!(news(&refused, &refused).is_empty());
        let reached = ForwardStatus { far: Far::Reached, note: None, ..refused.clone() };
        assert_eq!(news(&refused, &reached), ["the port answers"]);
        let pause = |attempt| {
            let wait = Duration::from_secs(7);
            ForwardStatus { phase: ForwardPhase::Pausing { attempt, wait }, ..reached.clone() }
        };
        assert_eq!(news(&reached, &pause(1)), ["connection lost, trying again"]);
        assert_eq!(news(&pause(1), &pause(2)), ["try 2 in 7 s"]);
        assert_eq!(news(&pause(2), &reached), ["connected again"]);
    }
}
