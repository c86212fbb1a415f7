//! The database's encoding: keys that cannot be read, and characters of the catalogue that cannot be written.

use cardgenius_failure::error::{DatabaseError, ErrorKind};

use super::facts::{Facts, HEADER, Relation};
use super::questions::Questions;
use super::rules;
use crate::inspection::widths::{TextColumn, misfits, texts_for};
use crate::inspection::{Inspection, Intent, Refusal};
use crate::postgres::PostgresServer;
use crate::protocol::work::read;
use crate::statement::bind;

/// The names and ways of redeeming that do not fit into their columns.
pub(super) fn narrow_columns(output: &Relation, intent: &Intent, found: &mut Inspection) {
    for name in ["card_name", "redemption_method"] {
        let Some(column) = output.column(name) else { continue };
        let limited = matches!(column.of_type.as_str(), "varchar" | "bpchar") && column.modifier >= HEADER;
        let text = TextColumn {
            shown: format!("{}.{name}", output.shown()),
            shown_type: &column.shown_type,
            characters: limited.then(|| i64::from(column.modifier - HEADER)),
            // The encoding is the whole database's here, which is asked itself.
            has: &|_| true,
        };
        found.refusals.extend(misfits(&text, texts_for(name, intent)));
    }
}

impl PostgresServer {
    /// Looks at what an encoding other than UTF-8 cannot give us or take from us.
    pub(super) async fn look_at_encoding(
        &self,
        questions: &Questions,
        (facts, intent): (&Facts, &Intent),
        found: &mut Inspection,
    ) -> Result<(), DatabaseError> {
        let (called, encoding) = (facts.database.called, facts.database.encoding.as_str());
        match encoding {
            "UTF8" => {}
            "SQL_ASCII" => found.warnings.extend(self.unreadable_user(questions, facts).await?),
            _ => {
                if let Some(character) = self.foreign_character(questions, &intent.characters).await? {
                    found.refusals.push(Refusal::new(
                        "narrow-encoding",
                        format!(
                            "{called} has the encoding {encoding}, which has no {character:?}, and the catalogue holds that character: take it out of the catalogue, or use a database of the encoding UTF8"
                        ),
                    ));
                }
            }
        }
        Ok(())
    }

    /// A word about a database without an encoding, which takes any bytes for a key.
    async fn unreadable_user(&self, questions: &Questions, facts: &Facts) -> Result<Option<String>, DatabaseError> {
        if !rules::users_are_readable(&facts.input) {
            return Ok(None);
        }
        let user = self.scan(&questions.unreadable_user).await?.map(|row| row.get::<String>(0)).transpose()?;
        Ok(Some(match user {
            Some(user) => format!(
                "{} has no encoding (SQL_ASCII), and {} holds the user_id {:?}, perhaps others too, that is not UTF-8: a run cannot read it; write it in UTF-8",
                facts.database.called,
                facts.input.shown(),
                user.chars().take(60).collect::<String>()
            ),
            None => format!(
                "{} has no encoding (SQL_ASCII), and takes any bytes for a user_id: a run cannot read one that is not UTF-8; none was found now",
                facts.database.called
            ),
        }))
    }

    /// The first of some characters that the database's encoding has not.
    async fn foreign_character(&self, questions: &Questions, characters: &str) -> Result<Option<char>, DatabaseError> {
        for character in characters.chars() {
            match read(self, &questions.character, &bind![character.encode_utf8(&mut [0; 4]) as &str]).await {
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::DataRejected => return Ok(Some(character)),
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }
}
