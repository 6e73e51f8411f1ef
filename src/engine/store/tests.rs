use std::sync::Arc;

use super::*;

fn open(directory: &Path) -> Result<Store, OpenError> {
    Store::open(&directory.join("db"))
}

async fn count(store: &Store) -> i64 {
    store.read(|db| Ok(db.query_row("SELECT count(*) FROM tags", [], |row| row.get(0))?)).await.unwrap()
}

fn put(db: &Connection, key: u32) -> Outcome<()> {
    db.execute("INSERT INTO tags (resource_type, resource_id, key, value) VALUES ('t', 'i', ?1, '')", [key])?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn writers_share_commits_and_a_failed_one_undoes_only_itself() {
    let home = tempfile::tempdir().unwrap();
    let store = Arc::new(open(home.path()).unwrap());
    let tasks: Vec<_> = (0..200)
        .map(|key| {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                store
                    .write(move |db| {
                        put(db, key)?;
                        assert!(key % 10 != 3, "a closure that panics");
                        if key % 10 == 7 { Err(ApiError::bare("No").into()) } else { Ok(key) }
                    })
                    .await
            })
        })
        .collect();
    let mut failed = 0;
    for task in tasks {
        failed += i64::from(task.await.unwrap().is_err());
    }
    assert_eq!(failed, 40);
    assert_eq!(count(&store).await, 160);
    store.reset().await.unwrap();
    assert_eq!(count(&store).await, 0);
}

#[tokio::test]
async fn a_full_disk_is_said_and_costs_nothing_that_was_acknowledged() {
    let home = tempfile::tempdir().unwrap();
    let store = open(home.path()).unwrap();
    store.write(|db| put(db, 1)).await.unwrap();
    let shrink = |pages: i64| {
        store.write(move |db| {
            Ok(db.query_row(&format!("PRAGMA max_page_count = {pages}"), [], |row| row.get::<_, i64>(0))?)
        })
    };
    shrink(1).await.unwrap();
    let grown = store.write(|db| {
        db.execute(
            "INSERT INTO tags (resource_type, resource_id, key, value) VALUES ('t', 'i', 'big', zeroblob(1000000))",
            [],
        )?;
        Ok(())
    });
    let error = grown.await.unwrap_err();
    assert_eq!((&*error.code, error.status), ("InternalServerError", 500));
    assert!(error.message.unwrap().contains("disk of the engine is full"));
    assert!(store.was_full() && !store.was_full());
    shrink(1_000_000).await.unwrap();
    store.write(|db| put(db, 2)).await.unwrap();
    assert_eq!(count(&store).await, 2);
}

#[test]
fn a_newer_schema_is_refused() {
    let home = tempfile::tempdir().unwrap();
    drop(open(home.path()).unwrap());
    let raw = Connection::open(home.path().join("db")).unwrap();
    raw.pragma_update(None, "user_version", 10_000).unwrap();
    drop(raw);
    assert!(matches!(open(home.path()), Err(OpenError::NewerSchema { found: 10_000, .. })));
}

impl Store {
    /// A node without the ceremony of registration.
    pub(crate) async fn adopt_node_for_tests(&self, id: String, now: crate::ssm::Timestamp) {
        let adopt = move |db: &Connection| {
            db.execute(
                "INSERT INTO nodes (id, activation_id, iam_role, registered, fingerprint, public_key) \
                 VALUES (?1, '5743558d-563b-4457-8682-d16c30123456', 'Nodes', ?2, 'f', '')",
                (id, now.as_millis()),
            )?;
            Ok(())
        };
        self.write(adopt).await.unwrap();
    }
}

#[tokio::test]
async fn all_nodes_at_once_are_a_page_too() {
    let home = tempfile::tempdir().unwrap();
    let store = open(home.path()).unwrap();
    let now = crate::ssm::Timestamp::from_millis(1);
    for number in 0..3 {
        store.adopt_node_for_tests(format!("mi-{number}"), now).await;
    }
    assert_eq!(store.nodes(Vec::new(), None, usize::MAX, |_| true).await.unwrap().len(), 3);
}

#[tokio::test]
async fn no_page_is_too_large_to_ask_for() {
    let home = tempfile::tempdir().unwrap();
    let store = open(home.path()).unwrap();
    assert!(store.commands(Default::default(), usize::MAX).await.unwrap().is_empty());
    assert!(store.invocations(Default::default(), usize::MAX).await.unwrap().is_empty());
    assert!(store.sessions(Default::default(), usize::MAX).await.unwrap().is_empty());
    assert!(store.compliance_items(Vec::new(), Vec::new(), 0, usize::MAX).await.unwrap().is_empty());
    assert!(store.inventory_items("AWS:Application", String::new(), usize::MAX).await.unwrap().is_empty());
}
