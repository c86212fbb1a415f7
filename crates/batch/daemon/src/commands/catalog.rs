//! `cardgenius catalog`: what a catalogue of cards holds, and what is wrong with it.

use std::path::{Path, PathBuf};

use cardgenius_engine::catalogue::{Catalogue, CatalogueFaults};

use super::{card_summary::CardSummary, output};
use crate::{
    catalogue_file::CatalogueText,
    config::{Inputs, load},
    exit::Exit,
};

/// Prints every fault of the file, or that it has none.
#[must_use]
pub fn check(file: &Path) -> Exit {
    let text = match CatalogueText::read(Some(file)) {
        Ok(text) => text,
        Err(error) => return super::refuse(error),
    };
    match text.parse() {
        Ok(catalogue) => {
            let cards = catalogue.cards();
            let active = cards.iter().filter(|card| card.active).count();
            output::print(&format!("{} cards, {active} active: no fault", cards.len()))
        }
        Err(faults) => {
            let exit = output::print(&faults_as_table(&faults));
            output::complain(&count(&text, &faults));
            if exit == Exit::Done { Exit::Usage } else { exit }
        }
    }
}

/// Prints the cards of the file, else of the configured catalogue, else of the built-in one.
#[must_use]
pub fn list(file: Option<&Path>, inputs: &Inputs, json: bool) -> Exit {
    let path = match file {
        Some(file) => Some(file.to_owned()),
        None => match configured(inputs) {
            Ok(path) => path,
            Err(exit) => return exit,
        },
    };
    let text = match CatalogueText::read(path.as_deref()) {
        Ok(text) => text,
        Err(error) => return super::refuse(error),
    };
    match text.parse() {
        Ok(catalogue) if json => as_json(&catalogue).map_or_else(super::refuse, |shown| output::print_json(&shown)),
        Ok(catalogue) => output::print(&as_table(&catalogue)),
        Err(faults) => {
            output::complain(&format!("{}; see `cardgenius catalog check`", count(&text, &faults)));
            Exit::Usage
        }
    }
}

fn configured(inputs: &Inputs) -> Result<Option<PathBuf>, Exit> {
    let config = load(inputs).and_then(|loaded| loaded.into_config()).map_err(super::refuse)?;
    Ok(config.catalog.path)
}

fn count(text: &CatalogueText, faults: &CatalogueFaults) -> String {
    let total = faults.total();
    format!("{text}: {total} {}", if total == 1 { "fault" } else { "faults" })
}

fn faults_as_table(faults: &CatalogueFaults) -> String {
    let rows = faults.faults().iter().map(|fault| vec![fault.card.clone(), fault.field.clone(), fault.rule.clone()]);
    output::table(&["CARD", "FIELD", "RULE"], rows)
}

fn as_table(catalogue: &Catalogue) -> String {
    let mut text =
        output::table(&CardSummary::HEADER, catalogue.cards().iter().map(|card| CardSummary::of(card).row()));
    text.push_str(CardSummary::LEGEND);
    text
}

fn as_json(catalogue: &Catalogue) -> Result<String, serde_json::Error> {
    let cards: Vec<_> = catalogue.cards().iter().map(|card| CardSummary::of(card).json()).collect();
    serde_json::to_string_pretty(&cards)
}
