//! The reader of these tests sees what it is there to see.

use cardgenius_testkit::{Reader, until};

use crate::place::migrated;

#[tokio::test(flavor = "multi_thread")]
#[should_panic(expected = "a reader saw users in the middle:\n  user 'CK0000001' with the ranks {1}")]
async fn a_reader_names_a_user_whom_it_sees_with_a_part_of_the_rows() {
    let database = migrated();
    let reader = Reader::start(database.url(), &database.tables);
    database.psql(
        r#"INSERT INTO {{output}} (user_id, "rank", card_name, total_savings_yearly, joining_fees, total_extra_benefits,
            net_savings, amazon_points, flipkart_points, myntra_points, ajio_points, grocery_points, other_online_points,
            redemption_rate)
        VALUES ('CK0000001', 1, 'a card', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)"#,
    );
    let looks = reader.looks();
    until("two more looks", async || (reader.looks() >= looks + 2).then_some(())).await;
    database.psql("DELETE FROM {{output}}");
    reader.end().await;
}
