//! Made-up users.

use tokio_postgres::Client;

use crate::sql;
use crate::tables::Tables;

/// Makes `users` users, `CK0000001` and on, whose amounts depend on the seed and their number alone: small and large,
/// with NULLs and zeros, the confirmed amount sometimes below the sum of the others. None of them is faulty.
///
/// # Panics
/// The database refuses them.
pub async fn populate(client: &Client, tables: &Tables, users: i64, seed: i64) {
    println!("{users} made-up users, seed {seed}");
    let made = client.execute(&tables.render(sql::POPULATE), &[&users, &seed]).await.unwrap();
    assert_eq!(i64::try_from(made), Ok(users));
}
