//! Each fault of the proxy, as a client and as a real server see it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::sync::LazyLock;
use std::time::{Duration, Instant};

use bytes::Bytes;
use cardgenius_embedded::PostgresOptions;
use cardgenius_testkit::{Database, Fault, Proxy, TestServer, Trigger, until};
use futures_util::SinkExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_postgres::{Client, Error, NoTls};

static SERVER: LazyLock<TestServer> = LazyLock::new(|| TestServer::launch(PostgresOptions::for_tests().loopback_tcp()));

/// A database with a table, a proxy before it, and a session past the proxy.
struct Scene {
    database: Database<'static>,
    proxy: Proxy,
    direct: Client,
}

impl Scene {
    async fn set() -> Self {
        let database = SERVER.empty();
        database.psql("CREATE TABLE t (line text)");
        let direct = database.connect().await;
        Self { proxy: Proxy::before(SERVER.address()).await, direct, database }
    }

    async fn try_client(&self) -> Result<Client, Error> {
        let (client, connection) = tokio_postgres::connect(&self.proxy.url(&self.database), NoTls).await?;
        tokio::spawn(connection);
        Ok(client)
    }

    /// A session through the proxy, and the server's process that serves it.
    async fn client(&self) -> (Client, i32) {
        let client = self.try_client().await.unwrap();
        let backend = client.query_one("SELECT pg_backend_pid()", &[]).await.unwrap().get(0);
        (client, backend)
    }

    async fn count(&self, sql: &str) -> i64 {
        self.direct.query_one(sql, &[]).await.unwrap().get(0)
    }

    async fn lines(&self) -> i64 {
        self.count("SELECT count(*) FROM t").await
    }

    async fn is_there(&self, backend: i32) -> bool {
        self.count(&format!("SELECT count(*) FROM pg_stat_activity WHERE pid = {backend}")).await == 1
    }

    async fn ends(&self, backend: i32) {
        until("the server's process to end", async || (!self.is_there(backend).await).then_some(())).await;
    }
}

/// The connection is gone, and the server did not say a word.
fn assert_broken<T: std::fmt::Debug>(outcome: Result<T, Error>) {
    let error = outcome.unwrap_err();
    assert!(error.as_db_error().is_none(), "{error:?}");
}

/// A COPY of so many lines of ten bytes each, in messages of many lines.
async fn copy(client: &Client, lines: usize) -> Result<u64, Error> {
    let sink = client.copy_in::<_, Bytes>("COPY t FROM STDIN").await?;
    let mut sink = Box::pin(sink);
    for some in (0..lines).collect::<Vec<_>>().chunks(1_000) {
        let text: String = some.iter().map(|line| format!("{line:09}\n")).collect();
        sink.send(text.into()).await?;
    }
    sink.as_mut().finish().await
}

#[tokio::test]
async fn without_a_fault_everything_passes() {
    let scene = Scene::set().await;
    let (mut client, backend) = scene.client().await;
    assert_eq!(scene.proxy.connections(), 1);
    assert_eq!(copy(&client, 100_000).await.unwrap(), 100_000);
    let transaction = client.transaction().await.unwrap();
    transaction.execute("DELETE FROM t WHERE line > $1", &[&"000000009"]).await.unwrap();
    transaction.commit().await.unwrap();
    assert_eq!(scene.lines().await, 10);
    let text = "x".repeat(3_000_000);
    let echo: String = client.query_one("SELECT $1::text", &[&text]).await.unwrap().get(0);
    assert_eq!(echo, text);
    drop(client);
    scene.ends(backend).await;
    until("the proxy to see the end", async || (scene.proxy.connections() == 0).then_some(())).await;
}

#[tokio::test]
async fn a_question_about_encryption_is_answered_and_the_session_goes_on() {
    let scene = Scene::set().await;
    let mut socket = TcpStream::connect(scene.proxy.address()).await.unwrap();
    socket.write_all(&[0, 0, 0, 8, 4, 210, 22, 47]).await.unwrap();
    assert_eq!(socket.read_u8().await.unwrap(), b'N');
    let parameters = format!("user\0{}\0database\0postgres\0\0", SERVER.postgres.superuser_name());
    socket.write_u32(u32::try_from(parameters.len()).unwrap() + 8).await.unwrap();
    socket.write_u32(196_608).await.unwrap();
    socket.write_all(parameters.as_bytes()).await.unwrap();
    assert_eq!(socket.read_u8().await.unwrap(), b'R');
    // And a COMMIT on such a connection is found.
    scene.proxy.arm(Trigger::CommitSent, Fault::Cut);
    socket.write_all(b"Q\0\0\0\x0bCOMMIT\0").await.unwrap();
    scene.proxy.struck().await;
}

#[tokio::test]
async fn a_cut_ends_both_sides() {
    let scene = Scene::set().await;
    let ((client, backend), (_, other)) = (scene.client().await, scene.client().await);
    scene.proxy.set(Fault::Cut);
    assert_broken(client.query("SELECT 1", &[]).await);
    scene.ends(backend).await;
    scene.ends(other).await;
    assert_broken(scene.try_client().await.map(|_| ()));
    scene.proxy.heal();
    scene.client().await;
}

#[tokio::test]
async fn a_reset_ends_both_sides() {
    let scene = Scene::set().await;
    let mut socket = TcpStream::connect(scene.proxy.address()).await.unwrap();
    let (client, backend) = scene.client().await;
    scene.proxy.set(Fault::Reset);
    assert_broken(client.query("SELECT 1", &[]).await);
    let error = socket.read_u8().await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
    scene.ends(backend).await;
    assert_broken(scene.try_client().await.map(|_| ()));
}

#[tokio::test]
async fn nothing_comes_out_of_a_black_hole_until_it_is_healed() {
    let scene = Scene::set().await;
    let (client, backend) = scene.client().await;
    scene.proxy.arm_everywhere(Trigger::Now, Fault::BlackHole);
    scene.proxy.struck().await;
    let old = client.query_one("SELECT 7 AS seven", &[]);
    let new = scene.client();
    let watched = async {
        until("the new client to be accepted", async || (scene.proxy.connections() == 2).then_some(())).await;
        // Many times longer than either would take.
        for _ in 0..500 {
            let arrived = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
                AND pid <> pg_backend_pid() AND (pid <> $1 OR query LIKE '%seven%')";
            assert_eq!(scene.direct.query_one(arrived, &[&backend]).await.unwrap().get::<_, i64>(0), 0);
        }
        scene.proxy.heal();
    };
    let (old, (new, _), ()) = tokio::join!(old, new, watched);
    assert_eq!(old.unwrap().get::<_, i32>(0), 7);
    assert_eq!(new.query_one("SELECT 8", &[]).await.unwrap().get::<_, i32>(0), 8);
}

#[tokio::test]
async fn who_is_refused_gets_no_connection_and_who_has_one_keeps_it() {
    let scene = Scene::set().await;
    let (client, _) = scene.client().await;
    scene.proxy.set(Fault::Refuse);
    assert_broken(scene.try_client().await.map(|_| ()));
    client.query_one("SELECT 1", &[]).await.unwrap();
    assert_eq!(scene.proxy.connections(), 1);
    scene.proxy.heal();
    scene.client().await;
}

#[tokio::test]
async fn a_slow_connection_passes_no_more_than_it_may() {
    let scene = Scene::set().await;
    let (client, _) = scene.client().await;
    scene.proxy.set(Fault::Slow { bytes_per_second: 100_000 });
    let begun = Instant::now();
    let text: String = client.query_one("SELECT repeat('x', 30000)", &[]).await.unwrap().get(0);
    assert_eq!(text.len(), 30_000);
    assert!(begun.elapsed() >= Duration::from_millis(250), "{:?}", begun.elapsed());
    let begun = Instant::now();
    assert_eq!(copy(&client, 3_000).await.unwrap(), 3_000);
    assert!(begun.elapsed() >= Duration::from_millis(250), "{:?}", begun.elapsed());
    scene.proxy.heal();
    assert_eq!(copy(&client, 300_000).await.unwrap(), 300_000, "three megabytes, as fast as they go");
}

#[tokio::test]
async fn half_open_the_client_is_gone_and_the_server_never_learns() {
    let scene = Scene::set().await;
    let (client, backend) = scene.client().await;
    client.batch_execute("BEGIN; LOCK TABLE t IN EXCLUSIVE MODE").await.unwrap();
    scene.proxy.arm(Trigger::Now, Fault::HalfOpen);
    scene.proxy.struck().await;
    assert_broken(client.query("SELECT 1", &[]).await);
    assert_eq!(scene.proxy.connections(), 0);
    scene.client().await;
    let locks =
        format!("SELECT count(*) FROM pg_locks WHERE pid = {backend} AND mode = 'ExclusiveLock' AND relation > 0");
    assert_eq!(scene.count(&locks).await, 1, "its session holds what it held");
    drop(scene.proxy);
    until("the server to learn", async || {
        let there = format!("SELECT count(*) FROM pg_stat_activity WHERE pid = {backend}");
        (scene.direct.query_one(&there, &[]).await.unwrap().get::<_, i64>(0) == 0).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_mute_server_does_what_it_is_told_and_nobody_hears() {
    let scene = Scene::set().await;
    let (client, backend) = scene.client().await;
    scene.proxy.arm(Trigger::Now, Fault::MuteServer);
    scene.proxy.struck().await;
    let mut telling = Box::pin(client.batch_execute("INSERT INTO t VALUES ('heard')"));
    let heard = async { until("the line", async || (scene.lines().await == 1).then_some(())).await };
    tokio::select! {
        answer = &mut telling => panic!("{answer:?}"),
        () = heard => {}
    }
    scene.direct.query_one("SELECT pg_terminate_backend($1)", &[&backend]).await.unwrap();
    assert_broken(telling.await);
}

#[tokio::test]
async fn a_commit_can_be_lost_before_it_takes_and_after() {
    let scene = Scene::set().await;
    for fault in [Fault::Cut, Fault::Reset, Fault::HalfOpen] {
        for (trigger, takes) in [(Trigger::CommitSent, false), (Trigger::CommitForwarded, true)] {
            scene.direct.batch_execute("TRUNCATE t").await.unwrap();
            let (mut client, backend) = scene.client().await;
            let transaction = client.transaction().await.unwrap();
            transaction.execute("INSERT INTO t VALUES ($1)", &[&"one"]).await.unwrap();
            scene.proxy.arm(trigger.clone(), fault);
            assert_broken(transaction.commit().await);
            scene.proxy.struck().await;
            if fault == Fault::HalfOpen {
                assert!(scene.is_there(backend).await);
                scene.direct.query_one("SELECT pg_terminate_backend($1)", &[&backend]).await.unwrap();
            }
            scene.ends(backend).await;
            assert_eq!(scene.lines().await, i64::from(takes), "{fault:?} {trigger:?}");
        }
    }
}

#[tokio::test]
async fn a_commits_answer_that_a_black_hole_holds_comes_when_it_is_healed() {
    let scene = Scene::set().await;
    let (mut client, _) = scene.client().await;
    let transaction = client.transaction().await.unwrap();
    transaction.execute("INSERT INTO t VALUES ($1)", &[&"one"]).await.unwrap();
    scene.proxy.arm(Trigger::CommitForwarded, Fault::BlackHole);
    let mut committing = Box::pin(transaction.commit());
    tokio::select! {
        answer = &mut committing => panic!("{answer:?}"),
        () = scene.proxy.struck() => {}
    }
    assert_eq!(scene.lines().await, 1, "it took");
    scene.proxy.heal();
    committing.await.unwrap();
}

#[tokio::test]
async fn a_copy_is_struck_in_the_middle_of_its_data() {
    let scene = Scene::set().await;
    // At its beginning, within a line and a message, between two messages.
    for after_bytes in [0, 123_456, 150_000] {
        scene.direct.batch_execute("TRUNCATE t").await.unwrap();
        let (client, backend) = scene.client().await;
        scene.proxy.arm(Trigger::FirstCopyData { after_bytes }, Fault::BlackHole);
        let mut copying = Box::pin(copy(&client, 30_000));
        tokio::select! {
            answer = &mut copying => panic!("{answer:?}"),
            () = scene.proxy.struck() => {}
        }
        let processed = "SELECT bytes_processed FROM pg_stat_progress_copy WHERE pid = ";
        let processed = scene.count(&format!("{processed}{backend}")).await;
        assert!(processed <= i64::try_from(after_bytes).unwrap(), "{processed}");
        scene.proxy.heal();
        assert_eq!(copying.await.unwrap(), 30_000);
        let sound = "SELECT count(*) FROM t WHERE line ~ '^[0-9]{9}$'";
        assert_eq!(scene.count(sound).await, 30_000, "not a byte lost or doubled");
        scene.proxy.arm(Trigger::FirstCopyData { after_bytes }, Fault::Cut);
        assert_broken(copy(&client, 30_000).await);
        scene.ends(backend).await;
        assert_eq!(scene.lines().await, 30_000, "the second one is rolled back");
    }
}

#[tokio::test]
async fn a_statement_is_struck_once_and_on_its_own_connection() {
    let scene = Scene::set().await;
    let ((first, backend), (second, _)) = (scene.client().await, scene.client().await);
    let insert = first.prepare("INSERT INTO t VALUES ('prepared before')").await.unwrap();
    scene.proxy.arm(Trigger::Statement("prepared before".into()), Fault::Cut);
    second.execute("INSERT INTO t VALUES ('something else')", &[]).await.unwrap();
    assert_broken(first.execute(&insert, &[]).await);
    scene.proxy.struck().await;
    scene.ends(backend).await;
    assert_eq!(scene.lines().await, 1);
    second.execute("INSERT INTO t VALUES ('prepared before')", &[]).await.unwrap();
    assert_eq!(scene.lines().await, 2);
}

#[tokio::test]
async fn a_fault_everywhere_strikes_whoever_is_there_when_the_first_reaches_it() {
    let scene = Scene::set().await;
    let ((first, one), (second, other)) = (scene.client().await, scene.client().await);
    scene.proxy.arm_everywhere(Trigger::Statement("now".into()), Fault::Reset);
    second.batch_execute("INSERT INTO t VALUES ('before')").await.unwrap();
    assert_broken(first.batch_execute("INSERT INTO t VALUES ('now')").await);
    scene.proxy.struck().await;
    assert_broken(second.batch_execute("INSERT INTO t VALUES ('after')").await);
    scene.ends(one).await;
    scene.ends(other).await;
    assert_broken(scene.try_client().await.map(|_| ()));
    scene.proxy.heal();
    scene.client().await;
    assert_eq!(scene.lines().await, 1);
}
