//! The floor: what the database must do in any case. Users are marked, their rows taken, users marked again; the bytes
//! are ready-made, nothing is computed, and there is no fence against crashes.

use std::pin::pin;

use bytes::Bytes;
use cardgenius_embedded::PrivatePostgres;
use futures_util::SinkExt;
use futures_util::future::try_join_all;
use tokio::sync::Mutex;
use tokio_postgres::{Row, Statement};
use uuid::Uuid;

use crate::database::COPY;
use crate::failure::{Doing, Outcome};
use crate::measure::{Clients, Cost, Readings};
use crate::ready::{CHUNK_USERS, Format, ReadyChunk};
use crate::server::Session;
use crate::statements;

/// Sessions that work at once: as many as the program has for loading.
const SESSIONS: usize = 2;

/// How the floor is written.
#[derive(Clone, Copy, Debug)]
pub struct Variant {
    claim: &'static str,
    copy: &'static str,
    /// What its rows are written in.
    pub format: Format,
}

impl Variant {
    /// As one would write it by hand: claims join by the key, rows go as text.
    pub const PLAIN: Self =
        Self { claim: statements::FLOOR_CLAIM_PLAIN, copy: statements::FLOOR_COPY_TEXT, format: Format::Text };

    /// With what lowers it: claims join by place, rows go as binary.
    pub const LOWERED: Self =
        Self { claim: statements::FLOOR_CLAIM_LOWERED, copy: statements::FLOOR_COPY_BINARY, format: Format::Binary };
}

/// Where the claims stand.
struct Cursor {
    /// The last key that was claimed.
    key: String,
    /// The place of the next claim's rows.
    next: usize,
}

struct Floor<'a> {
    chunks: &'a [ReadyChunk],
    cursor: Mutex<Cursor>,
}

/// One claim, of ready-made rows.
struct Claim<'a> {
    id: Uuid,
    chunk: &'a ReadyChunk,
    /// Users whose old rows are to be replaced.
    with_rows: Vec<String>,
}

/// Runs it over the copy of the prepared database, from the first claim to the last commit.
pub async fn run(
    server: &PrivatePostgres,
    control: &Session,
    variant: Variant,
    chunks: &[ReadyChunk],
) -> Outcome<Cost> {
    let cursor = Mutex::new(Cursor { key: String::new(), next: 0 });
    let floor = Floor { chunks, cursor };
    let hands = try_join_all((0..SESSIONS).map(|_| Hand::prepare(server, variant))).await?;
    let readings = Readings::take(server, control, Clients::Here).await?;
    let work = hands.into_iter().map(|hand| floor.work(hand));
    try_join_all(work).await?;
    let cost = readings.cost(server, control).await?;
    let done = floor.cursor.lock().await.next;
    if done != chunks.len() {
        return Err(format!("the floor made {done} claims of {}", chunks.len()).into());
    }
    Ok(cost)
}

/// A session with its statements, prepared once.
struct Hand {
    session: Session,
    plan: Statement,
    claim: Statement,
    delete: Statement,
    copy: Statement,
    complete: Statement,
}

impl Hand {
    async fn prepare(server: &PrivatePostgres, variant: Variant) -> Outcome<Self> {
        let session = Session::open(server, COPY).await?;
        let prepare = async |text| session.prepare(text).await.doing("preparing the floor's statements");
        Ok(Self {
            plan: prepare(statements::FLOOR_PLAN).await?,
            claim: prepare(variant.claim).await?,
            delete: prepare(statements::FLOOR_DELETE).await?,
            copy: prepare(variant.copy).await?,
            complete: prepare(statements::FLOOR_COMPLETE).await?,
            session,
        })
    }
}

impl Floor<'_> {
    async fn work(&self, mut hand: Hand) -> Outcome<()> {
        while let Some(claim) = self.claim(&mut hand).await.doing("claiming users for the floor")? {
            load(&mut hand, &claim).await.doing("loading rows for the floor")?;
        }
        Ok(())
    }

    /// The next users; none if no user is left. In key order, so one after the other; the commits may overlap.
    async fn claim(&self, hand: &mut Hand) -> Outcome<Option<Claim<'_>>> {
        let id = Uuid::new_v4();
        let mut cursor = self.cursor.lock().await;
        let transaction = hand.session.transaction().await?;
        transaction.query(&hand.plan, &[]).await?;
        let most = i64::try_from(CHUNK_USERS)?;
        let rows = transaction.query(&hand.claim, &[&id, &cursor.key, &most]).await?;
        if rows.is_empty() {
            return Ok(None);
        }
        let chunk = self.chunks.get(cursor.next).ok_or("there are more users than rows")?;
        check(&rows, chunk)?;
        cursor.next += 1;
        cursor.key = chunk.last.to_string();
        drop(cursor);
        let with_rows = rows.iter().filter(|row| row.get(7)).map(|row| row.get(0)).collect();
        transaction.commit().await?;
        Ok(Some(Claim { id, chunk, with_rows }))
    }
}

/// Replaces the rows of a claim's users, and completes them.
async fn load(hand: &mut Hand, claim: &Claim<'_>) -> Outcome<()> {
    let chunk = claim.chunk;
    let transaction = hand.session.transaction().await?;
    if !claim.with_rows.is_empty() {
        transaction.execute(&hand.delete, &[&claim.with_rows]).await?;
    }
    let mut sink = pin!(transaction.copy_in::<_, Bytes>(&hand.copy).await?);
    for frame in &chunk.frames {
        sink.feed(frame.clone()).await?;
    }
    let loaded = sink.finish().await?;
    let completed = transaction.execute(&hand.complete, &[&claim.id, &&*chunk.first, &&*chunk.last]).await?;
    if loaded != 10 * chunk.users as u64 || completed != chunk.users as u64 {
        return Err(format!("of {} users, {loaded} rows were loaded and {completed} completed", chunk.users).into());
    }
    Ok(transaction.commit().await?)
}

/// The claim's users must be those of the rows. The server orders by code point, as these comparisons do.
fn check(rows: &[Row], chunk: &ReadyChunk) -> Outcome<()> {
    let keys = || rows.iter().map(|row| row.get::<_, &str>(0));
    let found = (keys().min(), keys().max(), rows.len());
    if found != (Some(&*chunk.first), Some(&*chunk.last), chunk.users) {
        return Err(format!(
            "claimed {found:?}, and there are rows for {} to {}, {} users",
            chunk.first, chunk.last, chunk.users
        )
        .into());
    }
    Ok(())
}
