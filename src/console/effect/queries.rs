//! How each question is put to the service, and how its answer comes back page by page.

use std::sync::Arc;

use futures_util::{StreamExt, stream};
use tokio::sync::{Semaphore, mpsc};

use super::{Epoch, Query, Source, perform::trouble};
use crate::{
    client::{Client, Error},
    console::{
        probe::vitals,
        state::{
            sessions::Session,
            shells::limits::{PREFERENCES, Preferences},
        },
        update::{Page, Transcript, Update},
    },
    ssm::{self, Paged, ResourceTypeForTagging, SessionState},
};

/// Commands of the history that are fetched.
const HISTORY: usize = 300;
/// Commands of one node that its detail shows.
const NODE_HISTORY: usize = 5;
/// Samples that are passed over among them before no more is fetched.
const SAMPLES: usize = 300;
/// Sessions of the history that are fetched.
const SESSIONS: usize = 400;
/// Instances whose tags are asked for in one call of EC2, which takes 200.
const INSTANCES_AT_ONCE: usize = 200;
/// Nodes `DescribeInstancePatchStates` takes in one call.
const STATES_AT_ONCE: usize = 50;
/// More of an output than this is not kept.
pub(super) const LARGEST_OUTPUT: usize = 16 * 1024 * 1024;

/// Whether a command is one of the console's own, with which it asks nodes for their vitals. Histories show what people do.
fn is_sample(comment: Option<&str>) -> bool {
    comment == Some(vitals::COMMENT)
}

/// One question under way.
pub(super) struct Asker {
    pub client: Client,
    pub epoch: Epoch,
    /// Where its pages belong; `None` if they concern the whole console.
    pub source: Option<Source>,
    pub updates: mpsc::Sender<Update>,
    pub limit: Arc<Semaphore>,
}

impl Asker {
    /// Asks, sends the pages as they come, and says how it ended.
    pub async fn ask(self, query: Query) {
        let result = self.put(query).await.map_err(|error| trouble(&error));
        let end = match (self.source, result) {
            (Some(source), result) => Update::End { source, epoch: self.epoch, result },
            (None, Err(trouble)) => Update::FailedIn(self.epoch.origin, trouble),
            (None, Ok(())) => return,
        };
        let _ = self.updates.send(end).await;
    }

    pub(super) async fn send(&self, page: Page) {
        if let Some(source) = self.source {
            let _ = self.updates.send(Update::Page { source, epoch: self.epoch, page }).await;
        }
    }

    async fn stream<P: Paged>(&self, list: P, most: usize, page: fn(Vec<P::Item>) -> Page) -> Result<(), Error> {
        let mut pages = std::pin::pin!(self.client.pages(list));
        let mut sent = 0;
        while sent < most
            && let Some(items) = pages.next().await
        {
            let items = items?;
            sent += items.len();
            self.send(page(items)).await;
        }
        Ok(())
    }

    /// [`Asker::stream`] without what `dropped` says. It gives up when there is too much of that.
    async fn stream_without<P: Paged>(
        &self,
        list: P,
        most: usize,
        dropped: impl Fn(&P::Item) -> bool,
        page: fn(Vec<P::Item>) -> Page,
    ) -> Result<(), Error> {
        let mut pages = std::pin::pin!(self.client.pages(list));
        let (mut sent, mut seen) = (0, 0);
        while sent < most
            && seen < most + SAMPLES
            && let Some(items) = pages.next().await
        {
            let mut items = items?;
            seen += items.len();
            items.retain(|item| !dropped(item));
            items.truncate(most - sent);
            sent += items.len();
            self.send(page(items)).await;
        }
        Ok(())
    }

    async fn put(&self, query: Query) -> Result<(), Error> {
        const ALL: usize = usize::MAX;
        let most = |n| Some(n);
        match query {
            Query::Identity => {
                let caller = self.client.caller_identity().await?;
                let _ = self
                    .updates
                    .send(Update::Caller { origin: self.epoch.origin, account: caller.account, arn: caller.arn })
                    .await;
                Ok(())
            }
            Query::Nodes => {
                let list = ssm::DescribeInstanceInformation { max_results: most(50), ..Default::default() };
                self.stream(list, ALL, Page::Nodes).await
            }
            Query::Samples(nodes) => self.samples(nodes).await,
            Query::NodesWhere(filters) => {
                let list = ssm::DescribeInstanceInformation { filters, max_results: most(50), ..Default::default() };
                self.stream(list, ALL, Page::Nodes).await
            }
            Query::Tags(nodes) => self.tags(nodes).await,
            Query::PatchStates(nodes) => self.patch_states(nodes).await,
            Query::Summaries => {
                let list = ssm::ListResourceComplianceSummaries { max_results: most(50), ..Default::default() };
                self.stream(list, ALL, Page::Summaries).await
            }
            Query::ComplianceTypes => {
                let list = ssm::ListComplianceSummaries { max_results: most(50), ..Default::default() };
                self.stream(list, ALL, Page::ComplianceTypes).await
            }
            Query::Patches { node, states } => {
                let values: Vec<String> = states.filter().iter().map(|state| (*state).to_owned()).collect();
                let filter = ssm::PatchOrchestratorFilter { key: Some("State".to_owned()), values };
                let list = ssm::DescribeInstancePatches {
                    instance_id: node,
                    filters: Some(filter).filter(|filter| !filter.values.is_empty()).into_iter().collect(),
                    max_results: most(100),
                    next_token: None,
                };
                self.stream(list, ALL, Page::Patches).await
            }
            Query::NodeCommands(node) => {
                let list = ssm::ListCommandInvocations {
                    instance_id: Some(node),
                    max_results: most(50),
                    ..Default::default()
                };
                let own = |invocation: &ssm::CommandInvocation| is_sample(invocation.comment.as_deref());
                self.stream_without(list, NODE_HISTORY, own, Page::NodeCommands).await
            }
            Query::Why { called, id } => {
                let facts = self.why(&called, id).await;
                self.send(Page::Why(Box::new(facts))).await;
                Ok(())
            }
            Query::Commands => {
                let list = ssm::ListCommands { max_results: most(50), ..Default::default() };
                let own = |command: &ssm::Command| is_sample(command.comment.as_deref());
                self.stream_without(list, HISTORY, own, Page::Commands).await
            }
            Query::Invocations(commands) => {
                for command in commands {
                    let list = ssm::ListCommandInvocations {
                        command_id: Some(command),
                        details: Some(true),
                        max_results: most(50),
                        ..Default::default()
                    };
                    self.stream(list, ALL, Page::Invocations).await?;
                }
                Ok(())
            }
            Query::Whole(invocations) => self.wholes(invocations).await,
            Query::Follow { command, node } => self.follow_output(command, node).await,
            Query::Kept(ran) => {
                let whole = self.kept(ran).await?;
                self.send(Page::Whole(Box::new(whole))).await;
                Ok(())
            }
            Query::Running(ids) => {
                for id in ids {
                    let list = ssm::ListCommands { command_id: Some(id), ..Default::default() };
                    match self.stream(list, 1, Page::Running).await {
                        // One that is forgotten takes no other with it.
                        Err(error) if error.code() == Some("InvalidCommandId") => {}
                        answer => answer?,
                    }
                }
                Ok(())
            }
            Query::Watched(ids) => {
                for ids in ids.chunks(STATES_AT_ONCE) {
                    let key = "InstanceIds".to_owned();
                    let filter = ssm::InstanceInformationStringFilter { key, values: ids.to_vec() };
                    let list = ssm::DescribeInstanceInformation {
                        filters: vec![filter],
                        max_results: most(50),
                        ..Default::default()
                    };
                    self.stream(list, ALL, Page::Nodes).await?;
                }
                Ok(())
            }
            Query::Plan { targets, document } => self.plan(targets, document).await,
            Query::Earlier { commands, node } => self.earlier(commands, node).await,
            Query::Documents => {
                let filter = ssm::DocumentKeyValuesFilter {
                    key: Some("DocumentType".to_owned()),
                    values: vec!["Command".to_owned(), "Session".to_owned()],
                };
                let list = ssm::ListDocuments { filters: vec![filter], max_results: most(50), ..Default::default() };
                self.stream(list, ALL, Page::Documents).await
            }
            Query::Document(name) => {
                let answer = self.client.call(ssm::DescribeDocument { name, ..Default::default() }).await?;
                if let Some(document) = answer.document {
                    self.send(Page::Document(Box::new(document))).await;
                }
                Ok(())
            }
            Query::Parameters => {
                let list = ssm::DescribeParameters { max_results: most(50), ..Default::default() };
                self.stream(list, ALL, Page::Parameters).await
            }
            Query::Parameter(name) => {
                let filter = ssm::ParameterStringFilter {
                    key: "Name".to_owned(),
                    option: Some("Equals".to_owned()),
                    values: vec![name],
                };
                let list = ssm::DescribeParameters { parameter_filters: vec![filter], ..Default::default() };
                self.stream(list, ALL, Page::Parameters).await
            }
            Query::ParameterTags(name) => {
                let list =
                    ssm::ListTagsForResource { resource_type: ResourceTypeForTagging::Parameter, resource_id: name };
                let tags = self.client.call(list).await?.tag_list;
                self.send(Page::ParameterTags(tags)).await;
                Ok(())
            }
            Query::Value { name, secret } => {
                let answer = self.client.call(ssm::GetParameter { name, with_decryption: Some(secret) }).await?;
                // The sealed value of a secret says nothing to anybody.
                let sealed = |p: &ssm::Parameter| !secret && p.r#type == Some(ssm::ParameterType::SecureString);
                if let Some(parameter) = answer.parameter.filter(|parameter| !sealed(parameter)) {
                    self.send(Page::Value(Box::new(parameter))).await;
                }
                Ok(())
            }
            Query::Preferences => {
                let get = ssm::GetDocument { name: PREFERENCES.to_owned(), ..Default::default() };
                let content = match self.client.call(get).await {
                    Ok(answer) => answer.content.unwrap_or_default(),
                    // Nobody wrote one: the service's defaults hold.
                    Err(error) if error.code() == Some("InvalidDocument") => String::new(),
                    Err(error) => return Err(error),
                };
                self.send(Page::Preferences(Preferences::parse(&content))).await;
                Ok(())
            }
            Query::Sessions => {
                for (state, most) in [(SessionState::Active, ALL), (SessionState::History, SESSIONS)] {
                    let list =
                        ssm::DescribeSessions { state, max_results: Some(200), next_token: None, filters: Vec::new() };
                    self.stream(list, most, Page::Sessions).await?;
                }
                Ok(())
            }
            Query::OwnSessions(owner) => {
                let filters = vec![ssm::SessionFilter { key: ssm::SessionFilterKey::Owner, value: owner }];
                let list = ssm::DescribeSessions {
                    state: SessionState::Active,
                    max_results: Some(200),
                    next_token: None,
                    filters,
                };
                let running = self.client.call(list).await?.sessions;
                let left = running.iter().filter(|session| Session::from(*session).is_left()).count();
                let _ = self.updates.send(Update::Left { origin: self.epoch.origin, sessions: left }).await;
                Ok(())
            }
            Query::Transcript(session) => self.transcript(*session).await,
            Query::History { name, secret } => {
                let list = ssm::GetParameterHistory {
                    name,
                    with_decryption: Some(secret),
                    max_results: most(50),
                    next_token: None,
                };
                self.stream(list, ALL, Page::History).await
            }
        }
    }

    async fn tags(&self, nodes: Vec<String>) -> Result<(), Error> {
        let (nodes, instances): (Vec<_>, Vec<_>) = nodes.into_iter().partition(|node| node.starts_with("mi-"));
        let ask = |node: String| async move {
            let _turn = self.limit.acquire().await;
            let (resource_type, resource_id) = (ResourceTypeForTagging::ManagedInstance, node.clone());
            let list = ssm::ListTagsForResource { resource_type, resource_id };
            Ok::<_, Error>((node, self.client.call(list).await?.tag_list))
        };
        let mut answers = stream::iter(nodes).map(ask).buffer_unordered(super::perform::AT_ONCE);
        while let Some(answer) = answers.next().await {
            let (node, tags) = answer?;
            self.send(Page::Tags { node, tags }).await;
        }
        self.instance_tags(instances).await
    }

    /// The tags of EC2 instances, which EC2 keeps; where it cannot be asked, they have none.
    async fn instance_tags(&self, instances: Vec<String>) -> Result<(), Error> {
        for asked in instances.chunks(INSTANCES_AT_ONCE) {
            let _turn = self.limit.acquire().await;
            let mut tags = self.client.instance_tags(asked).await?;
            for node in asked {
                let tags = tags.remove(node).unwrap_or_default();
                self.send(Page::Tags { node: node.clone(), tags }).await;
            }
        }
        Ok(())
    }

    async fn patch_states(&self, nodes: Vec<String>) -> Result<(), Error> {
        let ask = |asked: Vec<String>| async move {
            let _turn = self.limit.acquire().await;
            let list = ssm::DescribeInstancePatchStates {
                instance_ids: asked.clone(),
                max_results: Some(100),
                ..Default::default()
            };
            Ok::<_, Error>((asked, self.client.all(list).await?))
        };
        let batches: Vec<Vec<String>> = nodes.chunks(STATES_AT_ONCE).map(<[String]>::to_vec).collect();
        let mut answers = stream::iter(batches).map(ask).buffer_unordered(4);
        while let Some(answer) = answers.next().await {
            let (asked, states) = answer?;
            self.send(Page::PatchStates { asked, states }).await;
        }
        Ok(())
    }

    /// The transcript of a session, from wherever it was kept.
    async fn transcript(&self, session: Session) -> Result<(), Error> {
        let Some(transcript) = self.client.transcript(&session.raw).await? else {
            let none = Transcript {
                session: session.id,
                note: Some(
                    "nothing was written down of this session: logging was off, or the node could not".to_owned(),
                ),
                ..Transcript::default()
            };
            self.send(Page::Transcript(Box::new(none))).await;
            return Ok(());
        };
        let bytes = transcript.text;
        let kept = bytes.get(..LARGEST_OUTPUT).unwrap_or(&bytes);
        let note = (kept.len() < bytes.len()).then(|| "the first 16 MB are shown".to_owned());
        let text = String::from_utf8_lossy(kept).into_owned();
        self.send(Page::Transcript(Box::new(Transcript { session: session.id, text, note }))).await;
        Ok(())
    }
}
