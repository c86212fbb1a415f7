//! The inspection's statements, with the customer's names filled in.

use crate::identifiers::{Names, UnknownName};
use crate::statement::Statement;

macro_rules! questions {
    ($($name:ident: $file:literal, $doing:literal;)*) => {
        /// Every statement of the inspection.
        #[derive(Clone, Debug)]
        pub(super) struct Questions { $(pub(super) $name: Statement,)* }

        impl Questions {
            /// Fills in the names; a file that names something unknown would have been found by a test.
            pub(super) fn render(names: &Names) -> Result<Self, UnknownName> {
                Ok(Self { $($name: Statement {
                    sql: names.render(include_str!(concat!("../sql/", $file)))?,
                    doing: $doing,
                    marks: Vec::new(),
                },)* })
            }
        }
    };
}

questions! {
    strangers: "strangers.sql", "looking for what strangers have made";
    stranger_rights: "stranger_rights.sql", "looking what strangers may do";
    open_schemas: "inspect_open_schemas.sql", "looking who may create objects";
    server: "inspect_server.sql", "inspecting the server";
    relations: "inspect_relations.sql", "inspecting the tables";
    columns: "inspect_columns.sql", "inspecting the tables' columns";
    indexes: "inspect_indexes.sql", "inspecting the tables' indexes";
    triggers: "inspect_triggers.sql", "inspecting the tables' triggers";
    references: "inspect_references.sql", "looking for foreign keys that reference the tables";
    children: "inspect_children.sql", "looking for tables that inherit from the tables";
    foreign_code: "inspect_foreign_code.sql", "looking for what strangers have our sessions call";
    rewrites: "inspect_rewrites.sql", "inspecting the tables' rules";
    publications: "inspect_publications.sql", "inspecting the tables' publications";
    partitions: "inspect_partitions.sql", "inspecting the tables' parts";
    unreadable_user: "inspect_unreadable_user.sql", "looking for users whose user_id cannot be read";
    character: "inspect_character.sql", "looking what the encoding holds";
    sequences: "inspect_sequences.sql", "inspecting the tables' sequences";
    replication: "inspect_replication.sql", "inspecting the replication";
    version: "inspect_version.sql", "looking for the version of the schema";
    null_users: "inspect_null_users.sql", "looking for users without user_id";
    duplicate_users: "inspect_duplicate_users.sql", "looking for duplicate users";
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::TableNames;
    use crate::postgres::strangers::{self, Asked};

    #[test]
    fn every_question_names_only_what_exists() {
        let names = strangers::names_for_question(&TableNames::default(), Asked::AtWork, true).unwrap();
        Questions::render(&names).unwrap();
    }
}
