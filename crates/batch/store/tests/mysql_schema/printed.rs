use cardgenius_store::family::Family;
use cardgenius_store::migrate::print;

use crate::place::{CUSTOMER, Place, SERVER};

fn script(place: &Place<'_>) -> String {
    print(&place.tables, Family::Mysql, None).unwrap()
}

#[tokio::test]
async fn what_is_printed_makes_the_same_schema_and_may_be_run_again() {
    let place = Place::customers();
    place.run(&script(&place));
    let schema = place.schema();
    assert_eq!(schema, Place::migrated().await.schema());
    place.run(&script(&place));
    assert_eq!(place.schema(), schema);
    let told = place.migrate().await.unwrap();
    assert!(told.iter().any(|line| line == "0001_10_input_unsettled: the index is there"), "{told:?}");
    assert_eq!(place.schema(), schema);
}

#[tokio::test]
async fn names_with_quotes_and_marks_in_them_stay_names() {
    let mut place = Place::named(r#"it's `a` "shop" $1 \? {{input}}"#);
    place.tables.source_table = r"users' `$2` \".into();
    place.tables.target_table = r"cards? ''".into();
    place.run(&CUSTOMER.replace("user_spending_data", "`users' ``$2`` \\`"));
    place.run(&script(&place));
    let schema = place.schema();
    place.migrate().await.unwrap();
    assert_eq!(place.schema(), schema);
    assert_eq!(
        place.run("SELECT source_table = CONCAT(DATABASE(), '.users'' `$2` \\\\') FROM cardgenius_control"),
        "1\n"
    );
}

#[tokio::test]
async fn the_part_of_a_second_target_comes_last_and_can_be_run_there() {
    let (place, target) = (Place::customers(), Place::empty());
    let mut tables = place.tables.clone();
    tables.target_schema = target.tables.target_schema.clone();
    let script = print(&tables, Family::Mysql, Some(Family::Mysql)).unwrap();
    let (here, there) = script.split_once("\n-- ===== from here on in the TARGET database =====\n").unwrap();
    place.run(here);
    target.run(there);
    let count = |place: &Place<'_>, name: &str| place.run(&format!("SHOW TABLES LIKE '{name}'")).lines().count();
    for (name, in_source, in_target) in
        [("cardgenius_runs", 1, 0), ("cardgenius_fence", 0, 1), ("card_recommendations", 0, 1)]
    {
        assert_eq!((count(&place, name), count(&target, name)), (in_source, in_target), "{name}");
    }
    let mixed = print(&tables, Family::Mysql, Some(Family::Postgres)).unwrap();
    assert!(mixed.starts_with(here) && mixed.contains("to_regclass"), "{mixed}");
    assert_eq!(SERVER.run_sql(&tables.target_schema, there).unwrap(), "");
}
