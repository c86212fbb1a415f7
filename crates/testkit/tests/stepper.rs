//! The stepper, between a client and a real server.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::sync::LazyLock;

use bytes::Bytes;
use cardgenius_embedded::PostgresOptions;
use cardgenius_testkit::{Database, Lines, Request, Stepper, TestServer, until};
use futures_util::SinkExt;
use tokio_postgres::{Client, NoTls};

static SERVER: LazyLock<TestServer> = LazyLock::new(|| TestServer::launch(PostgresOptions::for_tests().loopback_tcp()));

/// A database with a table, a stepper before it, and a session past the stepper.
struct Scene {
    database: Database<'static>,
    stepper: Stepper,
    direct: Client,
}

impl Scene {
    async fn set() -> Self {
        let database = SERVER.empty();
        database.psql("CREATE TABLE t (line text)");
        let direct = database.connect().await;
        Self { stepper: Stepper::before(SERVER.address()).await, direct, database }
    }

    async fn client(&self) -> Client {
        let (client, connection) = tokio_postgres::connect(&self.stepper.url(&self.database), NoTls).await.unwrap();
        tokio::spawn(connection);
        client
    }

    async fn lines(&self) -> i64 {
        self.direct.query_one("SELECT count(*) FROM t", &[]).await.unwrap().get(0)
    }

    /// The next request that waits, which is not let go.
    async fn next(&self) -> Request {
        until("a request", async || self.stepper.waiting(Lines::All)).await
    }

    /// Lets the next request go, and waits for its answer.
    async fn step(&self) -> Request {
        let request = self.next().await;
        assert_eq!(self.stepper.grant(request.connection), Some(request.clone()));
        self.idle().await;
        request
    }

    async fn idle(&self) {
        until("an answer", async || self.stepper.under_way(Lines::All).is_empty().then_some(())).await;
    }
}

#[tokio::test]
async fn each_request_waits_until_it_is_let_go() {
    let scene = Scene::set().await;
    let client = scene.client().await;
    client.batch_execute("INSERT INTO t VALUES ('freely')").await.unwrap();
    scene.stepper.hold();
    let telling = tokio::spawn(async move {
        client.batch_execute("INSERT INTO t VALUES ('stepped')").await.unwrap();
        client.execute("INSERT INTO t VALUES ($1)", &[&"prepared"]).await.unwrap()
    });
    assert_eq!(scene.next().await.text, "INSERT INTO t VALUES ('stepped')");
    assert_eq!(scene.lines().await, 1);
    assert!(scene.step().await.executes);
    assert_eq!(scene.lines().await, 2);
    let preparing = scene.step().await;
    assert_eq!((preparing.text.as_str(), preparing.executes), ("INSERT INTO t VALUES ($1)", false));
    assert_eq!(scene.lines().await, 2);
    let executing = scene.step().await;
    assert_eq!((executing.text.as_str(), executing.executes), ("INSERT INTO t VALUES ($1)", true));
    assert_eq!(telling.await.unwrap(), 1);
    assert_eq!(scene.lines().await, 3);
}

#[tokio::test]
async fn a_copys_data_is_one_request() {
    let scene = Scene::set().await;
    let client = scene.client().await;
    scene.stepper.hold();
    let copying = tokio::spawn(async move {
        let mut sink = Box::pin(client.copy_in::<_, Bytes>("COPY t FROM STDIN").await.unwrap());
        for _ in 0..1_000 {
            sink.send(Bytes::from_static(b"nine bytes, and many of them\n")).await.unwrap();
        }
        sink.as_mut().finish().await.unwrap()
    });
    let executes: Vec<bool> = [scene.step().await, scene.step().await, scene.step().await].map(|r| r.executes).into();
    assert_eq!(executes, [false, true, true], "prepared, begun, and all the rest");
    scene.stepper.pass_freely();
    assert_eq!(copying.await.unwrap(), 1_000);
}

#[tokio::test]
async fn who_waits_for_a_lock_is_under_way_until_it_is_free() {
    let scene = Scene::set().await;
    let (first, second) = (scene.client().await, scene.client().await);
    first.batch_execute("BEGIN; LOCK TABLE t").await.unwrap();
    scene.stepper.hold();
    let waiting = tokio::spawn(async move { second.batch_execute("TRUNCATE t").await });
    let committing = tokio::spawn(async move { first.batch_execute("COMMIT").await });
    let find = |text: &'static str| {
        let stepper = &scene.stepper;
        async move {
            let lines = [1, 2].map(Lines::Only);
            let found = async || lines.iter().filter_map(|line| stepper.waiting(*line)).find(|r| r.text == text);
            until(text, found).await
        }
    };
    let (truncate, commit) = (find("TRUNCATE t").await, find("COMMIT").await);
    scene.stepper.grant(truncate.connection).unwrap();
    let [backend] = scene.stepper.under_way(Lines::All)[..] else { panic!("one is under way") };
    let blockers = "SELECT cardinality(pg_blocking_pids($1))";
    until("it to wait", async || {
        (scene.direct.query_one(blockers, &[&backend]).await.unwrap().get::<_, i32>(0) == 1).then_some(())
    })
    .await;
    assert_eq!(scene.stepper.waiting(Lines::Except(commit.connection)), None);
    scene.stepper.grant(commit.connection).unwrap();
    committing.await.unwrap().unwrap();
    waiting.await.unwrap().unwrap();
}

#[tokio::test]
async fn what_a_lost_client_sent_can_still_arrive() {
    let scene = Scene::set().await;
    let client = scene.client().await;
    scene.stepper.hold();
    let telling = tokio::spawn(async move { client.batch_execute("INSERT INTO t VALUES ('late')").await });
    let insert = scene.next().await;
    scene.stepper.lose_client(insert.connection);
    assert!(telling.await.unwrap().unwrap_err().as_db_error().is_none());
    assert_eq!(scene.lines().await, 0);
    scene.step().await;
    assert_eq!(scene.lines().await, 1);
}

#[tokio::test]
async fn what_waits_is_gone_when_the_server_ends_the_session() {
    let scene = Scene::set().await;
    let client = scene.client().await;
    let backend: i32 = client.query_one("SELECT pg_backend_pid()", &[]).await.unwrap().get(0);
    scene.stepper.hold();
    let telling = tokio::spawn(async move { client.batch_execute("INSERT INTO t VALUES ('never')").await });
    let insert = scene.next().await;
    scene.direct.query_one("SELECT pg_terminate_backend($1)", &[&backend]).await.unwrap();
    assert!(telling.await.unwrap().is_err());
    until("nothing to wait", async || scene.stepper.waiting(Lines::All).is_none().then_some(())).await;
    assert_eq!(scene.stepper.grant(insert.connection), None);
    assert_eq!(scene.lines().await, 0);
}
