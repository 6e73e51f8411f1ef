//! What a command would do, before it does anything: the exact nodes, the ones that are missed by a letter's case, how many
//! commands it takes, and the line for the AWS CLI that does the same.

use std::collections::{BTreeMap, HashSet};

use serde::{Deserialize, Serialize};

use super::{
    State,
    canary::Canary,
    compose::{self, Written},
    confirm::Target,
    cursor::Cursor,
    node::natural,
    overlay::Overlay,
};
use crate::{
    client::word::quoted,
    console::{
        action::Action,
        effect::{Effect, Linted, Query},
        origin::{NodeId, Origin},
        text::{clean, count, cut},
        update::{Facts, Trouble},
    },
    ssm::{self, PingStatus, document::lint::Finding, redact::mask},
};

/// A node that a command would reach.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reached {
    /// Where it is.
    pub origin: Origin,
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Whether it answers.
    pub online: bool,
    /// Whether it gets the command before the others.
    pub is_first: bool,
}

impl Reached {
    fn target(&self) -> Target {
        Target { node: NodeId::new(self.origin, &*self.id), name: clean(&self.name) }
    }
}

/// A node that is not reached although it would be if capitals did not count.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Near {
    /// Its name.
    pub name: String,
    /// The tag that differs, as the node has it: `Environment=production`.
    pub tag: String,
}

/// The nodes that targets stand for.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Resolved {
    /// Those that match every target.
    pub nodes: Vec<ssm::InstanceInformation>,
    /// Those that match every target but for capitals: the node and the tag that differs.
    pub near: Vec<(ssm::InstanceInformation, String)>,
    /// What is wrong with the document.
    #[serde(default)]
    pub findings: Vec<Finding>,
}

/// What a command would do.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The command.
    pub send: ssm::SendCommand,
    /// The command as each origin is to have it now.
    pub parts: Vec<(Origin, ssm::SendCommand)>,
    /// The command as each origin is to have it after a canary.
    pub rest: Vec<(Origin, ssm::SendCommand)>,
    /// The nodes, by name.
    pub nodes: Vec<Reached>,
    /// Nodes that are missed by a letter's case.
    pub near: Vec<Near>,
    /// Origins that it leaves out, since nothing may be changed there, and their nodes, in words.
    pub left_out: Vec<String>,
    /// The first of those origins.
    pub refused: Option<Origin>,
    /// What is odd about the document, in words.
    pub odd: Vec<String>,
    /// Whether these are exactly the nodes; else only those known here.
    pub exact: bool,
    /// How far it is scrolled. Its window alone counts.
    pub cursor: Cursor,
}

impl Plan {
    /// Commands it takes.
    pub fn batches(&self) -> usize {
        Self::commands(&self.parts)
    }

    fn commands(parts: &[(Origin, ssm::SendCommand)]) -> usize {
        parts.iter().map(|(_, part)| part.instance_ids.len().div_ceil(compose::MOST_IDS).max(1)).sum()
    }

    /// What it would do, line by line, without the names of the nodes. The second of each says whether it is a warning.
    pub fn words(&self) -> Vec<(String, bool)> {
        let mut lines = Vec::new();
        let nodes = count(self.nodes.len(), "node");
        let by = self.send.targets.iter().map(compose::target_text).collect::<Vec<_>>().join(" ");
        lines.push(match (self.exact, by.is_empty()) {
            (true, true) => (format!("on {nodes}"), false),
            (true, false) => (format!("on {nodes}, by {}", clean(&by)), false),
            (false, _) => (format!("on {nodes} known here; the service picks by target {}", clean(&by)), true),
        });
        if !self.rest.is_empty() {
            let first: Vec<_> = self.nodes.iter().filter(|node| node.is_first).collect();
            let names = first.iter().take(8).map(|node| cut(&node.name, 24)).collect::<Vec<_>>().join(", ");
            let more = match first.len().saturating_sub(8) {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            let others = self.nodes.len().saturating_sub(first.len());
            lines.push((format!("first on {}: {}{more}", count(first.len(), "node"), clean(&names)), false));
            let commands = count(Self::commands(&self.rest), "command");
            lines.push((
                format!(
                    "the other {} wait for a yes or a no in the results, then as {commands}",
                    count(others, "node")
                ),
                false,
            ));
        }
        if self.batches() > self.parts.len() {
            let each = format!(
                "{} of {} ids at most, sent one after the other; concurrency and errors count in each",
                count(self.batches(), "command"),
                compose::MOST_IDS
            );
            lines.push((each, false));
        }
        lines.extend(self.left_out.iter().map(|line| (line.clone(), true)));
        let near: Vec<_> = self.near.iter().take(4).map(|near| format!("{} has {}", near.name, near.tag)).collect();
        if !near.is_empty() {
            let more = match self.near.len() - near.len() {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            let verb = if self.near.len() == 1 { "is" } else { "are" };
            let told = clean(&near.join(", "));
            lines.push((format!("{} {verb} not included: {told}{more}", count(self.near.len(), "node")), true));
        }
        lines.extend(self.odd.iter().map(|odd| (odd.clone(), true)));
        match self.nodes.iter().filter(|node| !node.online).count() {
            0 => {}
            n => lines.push((format!("{} not online now; the command waits for its timeout", count(n, "node")), true)),
        }
        lines
    }

    /// Splits the nodes into those that get the command first and those that wait for what comes of it; both by their exact ids.
    ///
    /// # Errors
    /// In words, if the nodes are not known exactly or cannot be split so.
    pub fn split(&mut self, canary: &Canary) -> Result<(), String> {
        if !self.exact {
            return Err("a canary needs the exact nodes, and only the service knows them".to_owned());
        }
        for at in canary.pick(&self.nodes)? {
            self.nodes[at].is_first = true;
        }
        let part = |is_first: bool| {
            let mut of: BTreeMap<Origin, Vec<String>> = BTreeMap::new();
            for node in self.nodes.iter().filter(|node| node.is_first == is_first) {
                of.entry(node.origin).or_default().push(node.id.clone());
            }
            let send = |instance_ids| ssm::SendCommand { instance_ids, targets: Vec::new(), ..self.send.clone() };
            of.into_iter().map(|(origin, ids)| (origin, send(ids))).collect()
        };
        (self.parts, self.rest) = (part(true), part(false));
        Ok(())
    }

    /// The nodes that get the command now: all of them, or those of the canary.
    pub(super) fn now(&self) -> Vec<Target> {
        self.nodes.iter().filter(|node| self.rest.is_empty() || node.is_first).map(Reached::target).collect()
    }

    /// The nodes that wait for what comes of the canary.
    pub(super) fn later(&self) -> Vec<Target> {
        self.nodes.iter().filter(|node| !self.rest.is_empty() && !node.is_first).map(Reached::target).collect()
    }

    /// Nodes at a time and errors before it stops, in words.
    pub fn rate(&self) -> String {
        let at_once = self.send.max_concurrency.as_deref().unwrap_or("50");
        let errors = match self.send.max_errors.as_deref().unwrap_or("0") {
            "0" => "the first error".to_owned(),
            errors if errors.ends_with('%') => format!("errors on more than {errors}"),
            errors => format!("more than {errors} errors"),
        };
        let at_once = if at_once.ends_with('%') { format!("{at_once} of them") } else { at_once.to_owned() };
        format!("{} at a time, no further ones after {}", clean(&at_once), clean(&errors))
    }
}

/// The lines for the AWS CLI that do the same, fit for a POSIX shell.
pub fn command_line(send: &ssm::SendCommand, place: &Facts) -> String {
    let batches: Vec<&[String]> = match send.instance_ids.as_slice() {
        [] => vec![&[]],
        ids => ids.chunks(compose::MOST_IDS).collect(),
    };
    // As JSON: the short form takes commas and equal signs of values for its own.
    let targets = (!send.targets.is_empty()).then(|| serde_json::to_string(&send.targets).unwrap_or_default());
    let parameters =
        (!send.parameters.is_empty()).then(|| serde_json::to_string(&*send.parameters).unwrap_or_default());
    let logs = send.cloud_watch_output_config.as_ref().map(|config| serde_json::to_string(config).unwrap_or_default());
    let region = Some(place.region.clone()).filter(|region| !region.is_empty());
    let options = [
        ("profile", place.profile.clone()),
        ("region", region),
        ("endpoint-url", place.endpoint.clone()),
        ("document-name", Some(send.document_name.clone())),
        ("targets", targets),
        ("parameters", parameters),
        ("max-concurrency", send.max_concurrency.clone()),
        ("max-errors", send.max_errors.clone()),
        ("timeout-seconds", send.timeout_seconds.map(|seconds| seconds.to_string())),
        ("comment", send.comment.clone()),
        ("output-s3-bucket-name", send.output_s3_bucket_name.clone()),
        ("output-s3-key-prefix", send.output_s3_key_prefix.clone()),
        ("cloud-watch-output-config", logs),
    ];
    let options = options.into_iter().filter_map(|(name, value)| Some(format!(" --{name} {}", quoted(&value?))));
    let rest: String = options.collect();
    let line = |ids: &[String]| {
        let ids: String = ids.iter().map(|id| format!(" {}", quoted(id))).collect();
        let ids = if ids.is_empty() { ids } else { format!(" --instance-ids{ids}") };
        format!("aws ssm send-command{rest}{ids}")
    };
    batches.into_iter().map(line).collect::<Vec<_>>().join("\n")
}

/// A command whose nodes are being asked for.
#[derive(Clone, Debug)]
pub(super) struct Planning {
    written: Written,
    /// Whether the question comes next, and not the plan alone.
    asks: bool,
    /// The origins that have not answered.
    waiting: Vec<Origin>,
    /// What the others said; `None` where they could not.
    resolved: BTreeMap<Origin, Option<Resolved>>,
}

impl State {
    /// Finds out which nodes a command would reach; then shows that, or asks whether to send it.
    pub(super) fn plan_send(&mut self, written: Written, asks: bool, fx: &mut Vec<Effect>) {
        let send = &written.send;
        let scope = self.origins.scope().iter().copied();
        // Ids say where they are, targets do not.
        let meant =
            |origin: &Origin| !send.targets.is_empty() || written.nodes.iter().any(|node| node.origin == *origin);
        let waiting: Vec<_> = scope.filter(|origin| self.origins.is_ready(*origin) && meant(origin)).collect();
        // AWS's own documents are in order, and nobody else's name may begin like theirs.
        let document = (!send.document_name.starts_with("AWS"))
            .then(|| Linted { name: send.document_name.clone(), given: send.parameters.keys().cloned().collect() });
        if send.targets.is_empty() && document.is_none() || waiting.is_empty() {
            return self.planned(written, asks, &BTreeMap::new());
        }
        let targets = send.targets.clone();
        self.planning = Some(Planning { written, asks, waiting: waiting.clone(), resolved: BTreeMap::new() });
        for origin in waiting {
            self.ask(origin, Query::Plan { targets: targets.clone(), document: document.clone() }, fx);
        }
    }

    /// The nodes behind targets came from an origin.
    pub(super) fn land_plan(&mut self, origin: Origin, resolved: Resolved) {
        self.resolve_plan(origin, Some(resolved));
    }

    /// They did not come: what is known here must do, and that is said.
    pub(super) fn fail_plan(&mut self, origin: Origin, trouble: Trouble) {
        self.fail(trouble);
        self.resolve_plan(origin, None);
    }

    fn resolve_plan(&mut self, origin: Origin, resolved: Option<Resolved>) {
        let Some(planning) = &mut self.planning else { return };
        planning.waiting.retain(|waiting| *waiting != origin);
        planning.resolved.insert(origin, resolved);
        if !planning.waiting.is_empty() {
            return;
        }
        let Some(Planning { written, asks, resolved, .. }) = self.planning.take() else { return };
        // Whoever has gone on typing meanwhile, or left, is not asked about what was.
        let same = match self.overlays.last() {
            Some(Overlay::Form(form)) => self.written(form).is_ok_and(|now| now == written),
            _ => false,
        };
        if same {
            self.planned(written, asks, &resolved);
        }
    }

    fn planned(&mut self, written: Written, asks: bool, resolved: &BTreeMap<Origin, Option<Resolved>>) {
        let Written { send, nodes, canary } = written;
        let (mut wrong, mut odd) = (Vec::new(), Vec::new());
        for finding in resolved.values().flatten().flat_map(|resolved| &resolved.findings) {
            let list = if finding.blocks { &mut wrong } else { &mut odd };
            let words = clean(&finding.words());
            if !list.contains(&words) {
                list.push(words);
            }
        }
        if !wrong.is_empty() {
            let heading = format!("Nothing was sent: {} is not in order.", clean(&send.document_name));
            if let Some(Overlay::Form(form)) = self.overlays.last_mut() {
                form.focus_on("document");
                form.problem = Some(format!("{heading}\n{}", wrong.join("\n")));
            }
            return;
        }
        let mut plan = Plan { odd, ..self.make_plan(send, &nodes, resolved) };
        if let Some(Err(problem)) = canary.filter(|_| !plan.parts.is_empty()).map(|canary| plan.split(&canary)) {
            if let Some(Overlay::Form(form)) = self.overlays.last_mut() {
                form.focus_on("canary");
                form.problem = Some(problem);
            }
            return;
        }
        match asks {
            true => self.confirm_plan(&plan),
            false => self.overlays.push(Overlay::Plan(Box::new(plan))),
        }
    }

    fn make_plan(
        &self,
        send: ssm::SendCommand,
        named: &[NodeId],
        resolved: &BTreeMap<Origin, Option<Resolved>>,
    ) -> Plan {
        let reached = |NodeId { origin, id }: &NodeId| {
            let node = self.fleet.node_in(*origin, id);
            let name = node.map_or_else(|| clean(id), |node| node.name.clone());
            let online = node.is_none_or(|node| node.ping == PingStatus::Online);
            Reached { origin: *origin, id: id.clone(), name, online, is_first: false }
        };
        let informed = |origin: Origin, info: &ssm::InstanceInformation| {
            let id = info.instance_id.as_deref().map(clean).unwrap_or_default();
            let names = [&info.name, &info.computer_name].into_iter().flatten().map(|name| clean(name));
            let named = || names.into_iter().find(|name| !name.is_empty()).unwrap_or_else(|| id.clone());
            let name = self.fleet.node_in(origin, &id).map_or_else(named, |node| node.name.clone());
            let online = info.ping_status == Some(PingStatus::Online);
            Reached { origin, id, name, online, is_first: false }
        };
        let by_id = send.targets.is_empty();
        let mut nodes: Vec<Reached> = Vec::new();
        let mut near: Vec<Near> = Vec::new();
        let mut exact = true;
        let mut unasked = Vec::new();
        if by_id {
            nodes.extend(named.iter().map(reached));
        } else {
            let known: Vec<_> = self.known_targets(&send, false).iter().map(|(node, _)| reached(node)).collect();
            for origin in self.origins.scope() {
                match resolved.get(origin) {
                    Some(Some(resolved)) => {
                        nodes.extend(resolved.nodes.iter().map(|info| informed(*origin, info)));
                        let told = resolved.near.iter();
                        near.extend(
                            told.map(|(info, tag)| Near { name: informed(*origin, info).name, tag: clean(tag) }),
                        );
                    }
                    _ => {
                        exact = false;
                        let before = nodes.len();
                        nodes.extend(known.iter().filter(|node| node.origin == *origin).cloned());
                        if nodes.len() == before && self.origins.are_several() {
                            unasked.push(format!("left out, it did not say which: {}", self.origins.label(*origin)));
                        }
                    }
                }
            }
        }
        nodes.sort_by(|a, b| natural(&a.name, &b.name).then_with(|| (&a.id, a.origin).cmp(&(&b.id, b.origin))));
        // Spellings that nobody would think of show in the tags that are known here.
        let reached_ids: HashSet<(Origin, &str)> = nodes.iter().map(|node| (node.origin, node.id.as_str())).collect();
        for (node, tag) in self.known_targets(&send, true) {
            if let Some(tag) = tag.filter(|_| !reached_ids.contains(&(node.origin, node.id.as_str()))) {
                near.push(Near { name: reached(&node).name, tag: clean(&tag) });
            }
        }
        near.sort();
        near.dedup();
        let part = |(origin, ids): (Origin, Vec<String>)| {
            let instance_ids = if by_id { ids } else { Vec::new() };
            (origin, ssm::SendCommand { instance_ids, ..send.clone() })
        };
        let mut of: BTreeMap<Origin, Vec<String>> = BTreeMap::new();
        for node in &nodes {
            of.entry(node.origin).or_default().push(node.id.clone());
        }
        if of.is_empty() {
            of.insert(self.origins.first(), Vec::new());
        }
        // What is refused there must not be found out after the yes.
        let (refused, writable): (Vec<_>, Vec<_>) =
            of.into_iter().partition(|(origin, _)| self.origins.is_read_only(*origin));
        nodes.retain(|node| !self.origins.is_read_only(node.origin));
        let refused_in = refused.first().map(|(origin, _)| *origin);
        let left_out = self.left_out(&refused).into_iter().chain(unasked).collect();
        let parts = writable.into_iter().map(part).collect();
        let (rest, odd) = Default::default();
        let (refused, cursor) = (refused_in, Cursor::default());
        Plan { send, parts, rest, nodes, near, left_out, refused, odd, exact, cursor }
    }

    /// The nodes of an origin known here that match every target.
    pub(super) fn matching(&self, origin: Origin, targets: &[ssm::Target]) -> Vec<NodeId> {
        let send = ssm::SendCommand { targets: targets.to_vec(), ..Default::default() };
        let found = self.known_targets(&send, false).into_iter().map(|(node, _)| node);
        found.filter(|node| node.origin == origin).collect()
    }

    /// The nodes known here that match every target, with the tag that does so only if capitals do not count.
    fn known_targets(&self, send: &ssm::SendCommand, loose: bool) -> Vec<(NodeId, Option<String>)> {
        if send.targets.is_empty() {
            return Vec::new();
        }
        let mut found = Vec::new();
        for node in self.fleet.nodes() {
            let mut differs = None;
            let all = send.targets.iter().all(|target| {
                let key = target.key.as_deref().unwrap_or_default();
                let any = |value: &str| target.values.iter().any(|wanted| wanted == value || wanted == "*");
                match key.split_once(':') {
                    Some(("tag", name)) => node.tag(name).is_some_and(|value| {
                        let near = loose && target.values.iter().any(|wanted| wanted.eq_ignore_ascii_case(value));
                        if near && !any(value) {
                            differs = Some(format!("{name}={value}"));
                        }
                        near || any(value)
                    }),
                    _ if key.eq_ignore_ascii_case("InstanceIds") => any(&node.id),
                    _ if key == "tag-key" => target.values.iter().any(|name| node.tag(name).is_some()),
                    _ => true,
                }
            });
            if all {
                found.push((node.node_id(), differs));
            }
        }
        found
    }

    pub(super) fn act_plan(&mut self, action: Action, fx: &mut Vec<Effect>) {
        let Some(Overlay::Plan(plan)) = self.overlays.last_mut() else { return };
        // How many rows it has is known where it is drawn, which keeps the window in them.
        if plan.cursor.scroll(action, usize::MAX) {
            return;
        }
        match action {
            Action::CopyLine => {
                let plan = plan.clone();
                let line = self.command_lines(&plan);
                self.put_into_clipboard(line, "Copied the line for the AWS CLI.", fx);
            }
            Action::Submit | Action::Accept => {
                if let Some(Overlay::Plan(plan)) = self.overlays.pop() {
                    self.confirm_plan(&plan);
                }
            }
            Action::Dismiss | Action::Back => {
                self.overlays.pop();
            }
            _ => {}
        }
    }

    /// The lines for the AWS CLI that do the same, for every origin.
    pub(super) fn command_lines(&self, plan: &Plan) -> String {
        let line =
            |(origin, part): &(Origin, ssm::SendCommand)| Some(command_line(part, &self.origins.get(*origin)?.facts));
        let mut lines: Vec<String> = plan.parts.iter().filter_map(line).collect();
        if !plan.rest.is_empty() {
            lines.push("# the rest, after a look at what came of it".to_owned());
            lines.extend(plan.rest.iter().filter_map(line));
        }
        lines.join("\n")
    }

    /// The lines that would be copied, as they may be shown.
    pub fn shown_line(&self, plan: &Plan) -> String {
        clean(&mask(&self.command_lines(plan)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_for_the_cli_says_the_same_to_a_shell() {
        let parameters = [("commands".to_owned(), vec!["echo it's $HOME".to_owned(), "true, false".to_owned()])];
        let target = ssm::Target { key: Some("tag:Cost Centre".to_owned()), values: vec!["a,b".to_owned()] };
        let send = ssm::SendCommand {
            targets: vec![target],
            document_name: "AWS-RunShellScript".to_owned(),
            parameters: ssm::Sensitive(parameters.into()),
            max_errors: Some("10%".to_owned()),
            timeout_seconds: Some(600),
            ..Default::default()
        };
        let place = Facts { profile: Some("prod".to_owned()), region: "eu-west-1".to_owned(), ..Facts::default() };
        let expected = [
            "aws ssm send-command --profile prod --region eu-west-1 --document-name AWS-RunShellScript",
            r#"--targets '[{"Key":"tag:Cost Centre","Values":["a,b"]}]'"#,
            r#"--parameters '{"commands":["echo it'\''s $HOME","true, false"]}' --max-errors 10% --timeout-seconds 600"#,
        ];
        assert_eq!(command_line(&send, &place), expected.join(" "));
        let ids = (0..120).map(|n| format!("mi-{n}")).collect();
        let many = ssm::SendCommand { instance_ids: ids, targets: Vec::new(), ..send };
        let lines = command_line(&many, &place);
        assert_eq!(lines.lines().map(|line| line.matches(" mi-").count()).collect::<Vec<_>>(), [50, 50, 20]);
    }
}
