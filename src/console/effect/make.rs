//! What becomes of a change that was agreed to: the calls it takes, and what is told when some of them fail.

use futures_util::StreamExt;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{
    Change, Retag, on_node,
    perform::{AT_ONCE, trouble},
    put, take_back, transfer, write,
};
use crate::{
    client::{Client, Error},
    console::{
        state::compose,
        text,
        update::{Changed, Trouble, Update},
    },
    ssm,
};

/// Makes a change. What several calls have done before one of them fails stays done, and is told.
///
/// # Errors
/// In words for the user, when nothing came of it.
pub(super) async fn make(
    client: &Client,
    change: Change,
    updates: &mpsc::Sender<Update>,
    stop: &CancellationToken,
) -> Result<Changed, Trouble> {
    Ok(match change {
        Change::Run(_) => return Err(Trouble::new("Programs are run without the service.", None)),
        Change::Send(send) => send_all(client, *send).await?,
        Change::OnNode(change) => on_node::run(client, *change).await?,
        Change::WriteFile(change) => write::run(client, *change).await?,
        Change::Upload(copying) => transfer::upload(client, *copying, updates, stop).await?,
        Change::Scan(nodes) => scan(client, nodes).await?,
        Change::Cancel(ids) => {
            for id in &ids {
                client.call(ssm::CancelCommand { command_id: id.clone(), ..Default::default() }).await?;
            }
            Changed::Cancelled(ids.into_iter().next().unwrap_or_default())
        }
        Change::Put { put, began } => put::over(client, *put, began).await?,
        Change::Restore { version, mut put, began } => {
            let asked = ssm::GetParameter { name: format!("{}:{version}", put.name), with_decryption: Some(true) };
            let value = client.call(asked).await?.parameter.and_then(|parameter| parameter.value);
            put.value = value.ok_or_else(|| Error::Protocol("GetParameter answered without a value".to_owned()))?;
            put::over(client, *put, began).await?
        }
        Change::TakeBack(back) => take_back::run(client, *back).await?,
        Change::Tags(changes) => tag_all(client, changes).await?,
        Change::Tag(change) => {
            tag(client, &change).await?;
            Changed::Tagged(change)
        }
        Change::Delete(delete) => {
            let name = delete.name.clone();
            client.call(delete).await.map_err(|error| of(&name, &error))?;
            Changed::Deleted(name)
        }
        Change::Label(label) => {
            let name = label.name.clone();
            Changed::Labelled { name, invalid: client.call(label).await?.invalid_labels }
        }
        Change::Terminate(terminate) => {
            let id = terminate.session_id.clone();
            client.call(terminate).await.map_err(|error| of(&id, &error))?;
            Changed::Terminated(id)
        }
        Change::Unlabel(unlabel) => {
            let name = unlabel.name.clone();
            Changed::Labelled { name, invalid: client.call(unlabel).await?.invalid_labels }
        }
    })
}

/// An error with the name of what it is about: several may have been agreed to together.
fn of(name: &str, error: &Error) -> Trouble {
    let trouble = trouble(error);
    Trouble { what: format!("{}: {}", text::clean(name), trouble.what), ..trouble }
}

/// Changes the tags of a resource.
async fn tag(client: &Client, change: &Retag) -> Result<(), Error> {
    let (resource_type, resource_id) = (change.resource.clone(), change.id.clone());
    let (tags, tag_keys) = (change.added(), change.removed());
    if !tags.is_empty() {
        let (resource_type, resource_id) = (resource_type.clone(), resource_id.clone());
        client.call(ssm::AddTagsToResource { resource_type, resource_id, tags }).await?;
    }
    if !tag_keys.is_empty() {
        client.call(ssm::RemoveTagsFromResource { resource_type, resource_id, tag_keys }).await?;
    }
    Ok(())
}

/// Changes the tags of several resources, some at a time. Each failure is told by itself, but where nothing was changed: then
/// the form that asked for it stays.
async fn tag_all(client: &Client, changes: Vec<Retag>) -> Result<Changed, Trouble> {
    let (mut done, mut failed) = (Vec::new(), Vec::new());
    let tagging = changes.into_iter().map(|change| async move {
        let result = tag(client, &change).await;
        (change, result)
    });
    let mut tagging = futures_util::stream::iter(tagging).buffered(AT_ONCE);
    while let Some((change, result)) = tagging.next().await {
        match result {
            Ok(()) => done.push(change),
            Err(error) => failed.push(of(&change.id, &error)),
        }
    }
    match (done.is_empty(), failed.len(), failed.first()) {
        (true, 1, Some(only)) => Err(only.clone()),
        (true, all, Some(first)) => {
            let what = format!("none of {} was changed; the first: {}", text::count(all, "resource"), first.what);
            Err(Trouble { what, ..first.clone() })
        }
        _ => Ok(Changed::Retagged { done, failed }),
    }
}

/// Sends a command, as many times as its ids need. Once one is accepted, the failure of another is told beside it.
async fn send_all(client: &Client, send: ssm::SendCommand) -> Result<Changed, Error> {
    let batches: Vec<Vec<String>> = match send.instance_ids.as_slice() {
        [] => vec![Vec::new()],
        ids => ids.chunks(compose::MOST_IDS).map(<[String]>::to_vec).collect(),
    };
    let mut commands = Vec::new();
    let none = || Error::Protocol("SendCommand answered without an id".to_owned());
    for instance_ids in batches {
        let answer = client.call(ssm::SendCommand { instance_ids, ..send.clone() }).await;
        match answer.and_then(|answer| answer.command.and_then(|command| command.command_id).ok_or_else(none)) {
            Ok(id) => commands.push(id),
            Err(error) if commands.is_empty() => return Err(error),
            Err(error) => return Ok(Changed::Sent { commands, trouble: Some(trouble(&error)) }),
        }
    }
    Ok(Changed::Sent { commands, trouble: None })
}

/// Scans nodes, in as many commands as it takes. Once one is accepted, the failure of another is told beside it.
async fn scan(client: &Client, nodes: Vec<String>) -> Result<Changed, Error> {
    let (mut commands, mut accepted) = (Vec::new(), Vec::new());
    for batch in nodes.chunks(compose::MOST_IDS) {
        match client.call(compose::scan(batch.to_vec())).await {
            Ok(answer) => {
                commands.extend(answer.command.and_then(|command| command.command_id));
                accepted.extend_from_slice(batch);
            }
            Err(error) if accepted.is_empty() => return Err(error),
            Err(error) => {
                let trouble = Some(trouble(&error));
                return Ok(Changed::Scanning { commands, nodes: accepted, trouble });
            }
        }
    }
    Ok(Changed::Scanning { commands, nodes: accepted, trouble: None })
}

#[cfg(test)]
mod tests {
    use axum::{Router, http::StatusCode, routing::post};

    use super::*;
    use crate::{
        client::Settings,
        console::{effect::Source, origin::Origin, testing::Bench, update::Page},
        ssm::InstanceInformation,
    };

    /// A client of a service that tags no node whose id ends like one of these.
    async fn client(refused: &'static [&'static str]) -> Client {
        let answer = async move |body: String| match refused.iter().any(|end| body.contains(&format!("{end}\""))) {
            true => (StatusCode::BAD_REQUEST, r#"{"__type": "TooManyUpdates", "message": "Later."}"#),
            false => (StatusCode::OK, "{}"),
        };
        let router = Router::new().route("/", post(answer));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Client::connect(Settings::with_keys(&url, "us-east-1", "AKIDEXAMPLE", "secret")).await.unwrap()
    }

    /// A console with a form that gives some marked nodes a tag, which was agreed to; and what it sends.
    fn agreed(nodes: usize) -> (Bench, Change) {
        let mut bench = Bench::new(false);
        let node = |n: usize| InstanceInformation { instance_id: Some(format!("mi-{n}")), ..Default::default() };
        bench.answer(Source::Nodes, Page::Nodes((0..nodes).map(node).collect()));
        let (_, epoch) = bench.asked(Source::Tags).unwrap();
        for n in 0..nodes {
            let page = Page::Tags { node: format!("mi-{n}"), tags: Vec::new() };
            bench.apply(Update::Page { source: Source::Tags, epoch, page });
        }
        bench.press("a t");
        bench.type_text("Env=prod");
        bench.press("ctrl-s y");
        let change = (*bench.changes().last().unwrap()).clone();
        (bench, change)
    }

    #[tokio::test]
    async fn the_form_of_many_tags_stays_where_none_was_set_and_goes_where_some_were() {
        for (nodes, refused, stays, told) in [
            (
                3,
                &["mi-0", "mi-1", "mi-2"] as &[_],
                true,
                "none of 3 resources was changed; the first: mi-0: TooManyUpdates",
            ),
            (1, &["mi-0"], true, "TooManyUpdates"),
            (3, &["mi-0", "mi-2"], false, "mi-2: TooManyUpdates"),
            (3, &[], false, "Changed the tags of 3 nodes"),
        ] {
            let (mut bench, change) = agreed(nodes);
            let (updates, _told) = mpsc::channel(1);
            let result = make(&client(refused).await, change, &updates, &CancellationToken::new()).await;
            assert_eq!(result.is_err(), stays, "{result:?}");
            bench.apply(Update::Changed(Origin::default(), result, None));
            let form = !bench.state.overlays.is_empty();
            assert_eq!(form, stays, "{refused:?}");
            assert!(!form || bench.screen(100, 30).contains("Env=prod"), "what was typed is there");
            let mut notices = bench.state.notices.all();
            assert!(notices.any(|notice| notice.trouble.what.contains(told)), "{told}: {:?}", bench.state.notices);
            assert_eq!(bench.state.undo.is_empty(), stays, "what was changed can be taken back, and nothing else");
        }
    }
}
