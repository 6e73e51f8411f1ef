use axum::{Router, extract::State, routing::post};

use super::*;

/// A performer that is connected to this service, and what it tells.
async fn connected(service: Router) -> (Performer, mpsc::Receiver<Update>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, service).await });
    let (updates, mut told) = mpsc::channel(4);
    let connect = move |_: &Place| -> BoxFuture<'static, Result<Client, Error>> {
        let settings = crate::client::Settings::with_keys(&url, "us-east-1", "AKIDEXAMPLE", "secret");
        Box::pin(Client::connect(settings))
    };
    let mut performer = Performer::new(Box::new(connect), updates);
    performer.perform(Effect::Connect { origin: Origin::default(), place: Box::default() });
    assert!(matches!(told.recv().await, Some(Update::Connected(..))));
    (performer, told)
}

fn browser(command: &str) -> Opener {
    Opener::find(|name| (name == "BROWSER").then(|| command.to_owned()), |_| false, false).unwrap()
}

#[tokio::test]
async fn a_link_no_program_opens_is_copied_and_one_that_fails_later_is_told() {
    let (updates, mut told) = mpsc::channel(4);
    let mut performer = Performer::new(Box::new(|_| Box::pin(std::future::pending())), updates);
    let mut open = |opener| performer.perform(Effect::OpenLink { opener, address: "https://a.example/".into() });
    let copied = open(browser("/nowhere/browser"));
    assert!(matches!(copied, Some(Effect::Copy { text: address, .. }) if address == "https://a.example/"));
    let what = |update| match update {
        Some(Update::Failed(trouble)) => trouble.what,
        other => panic!("{other:?}"),
    };
    assert!(what(told.recv().await).contains("in the clipboard instead"));
    assert!(open(browser("false")).is_none());
    assert!(what(told.recv().await).contains("false did not open the link: exit status: 1"));
}

#[tokio::test]
async fn a_change_that_is_refused_is_answered_as_any_other() {
    let (updates, mut told) = mpsc::channel(4);
    let mut performer = Performer::new(Box::new(|_| Box::pin(std::future::pending())), updates);
    let origin = Origin::default();
    performer.perform(Effect::Connect { origin, place: Box::default() });
    let mut answer = |performer: &mut Performer| {
        let cancel = Change::Cancel(vec!["c-1".to_owned()]);
        performer.perform(Effect::Change(Confirmed::by_the_user(origin, cancel, 7)));
        match told.try_recv() {
            Ok(Update::Changed(_, Err(trouble), Some(7))) => trouble.what,
            other => panic!("{other:?}"),
        }
    };
    performer.refuse_changes(origin);
    assert!(answer(&mut performer).contains("read-only"));
    performer.allow_changes(origin);
    assert!(answer(&mut performer).contains("there is no connection yet"));
}

#[tokio::test]
async fn a_command_goes_out_after_what_was_written_down_of_it() {
    let root = tempfile::tempdir().unwrap();
    let ledger = root.path().join("canaries.toml");
    let (asked, mut calls) = mpsc::unbounded_channel();
    let path = ledger.clone();
    let answer = async move |_: String| {
        asked.send(std::fs::read_to_string(&path).unwrap_or_default().len()).unwrap();
        "{}"
    };
    let origin = Origin::default();
    let (mut performer, _told) = connected(Router::new().route("/", post(answer))).await;
    // So much takes longer to write than a call takes.
    let text: Arc<str> = "x".repeat(32 * 1024 * 1024).into();
    for _ in 0..3 {
        performer.perform(Effect::Keep { path: ledger.clone(), text: text.clone() });
    }
    performer.perform(Effect::Keep { path: ledger, text: "sending = true".into() });
    let send = Change::Send(Box::default());
    performer.perform(Effect::Change(Confirmed::by_the_user(origin, send, 1)));
    assert_eq!(calls.recv().await, Some("sending = true".len()));
}

#[tokio::test]
async fn a_change_of_several_calls_is_made_whole_although_the_console_is_left() {
    // The first call waits until the console is being left.
    let (asked, mut calls) = mpsc::unbounded_channel();
    let left = Arc::new(tokio::sync::Notify::new());
    let answer = async |State((asked, left)): State<(mpsc::UnboundedSender<String>, Arc<tokio::sync::Notify>)>,
                        body: String| {
        let first = body.contains("first");
        asked.send(body).unwrap();
        if first {
            left.notified().await;
        }
        "{}"
    };
    let router = Router::new().route("/", post(answer)).with_state((asked, left.clone()));
    let origin = Origin::default();
    let (mut performer, mut told) = connected(router).await;
    let cancel = Change::Cancel(vec!["first".to_owned(), "second".to_owned()]);
    performer.perform(Effect::Change(Confirmed::by_the_user(origin, cancel, 1)));
    assert!(calls.recv().await.unwrap().contains("first"));
    assert_eq!(performer.changes(), 1);
    told.close();
    let ((), unheard) = tokio::join!(async { left.notify_one() }, performer.finish(false));
    assert!(calls.try_recv().unwrap().contains("second"));
    assert_eq!(unheard, ["CancelCommand: done"]);
}
