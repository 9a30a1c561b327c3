//! Documents that lay beside a runbook when it was started, so that its steps find them later too.

use std::io;

use serde::{Deserialize, Serialize};
use services::{Beside, BesideDocument};
use store::Store;

/// Where they are kept in the store; no plugin's vendor can have this name.
const SCOPE: &str = "\u{1}beside";

#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    content: String,
    lock: Option<String>,
}

/// The documents of the last start that named them.
#[derive(Debug)]
pub(crate) struct KnownBeside {
    store: Store,
}

impl KnownBeside {
    pub(crate) fn new(store: Store) -> Self {
        Self { store }
    }

    /// Keeps the documents whose names stand in `text`, or in a document that is kept.
    pub(crate) async fn keep(
        &self,
        text: &str,
        documents: Vec<(String, String)>,
        lock: Option<String>,
    ) -> anyhow::Result<()> {
        let named = reached(text, documents);
        let rows = named
            .into_iter()
            .map(|(name, content)| {
                let kept = Kept { content, lock: lock.clone() };
                Ok((name, serde_json::to_string(&kept)?))
            })
            .collect::<Result<Vec<_>, serde_json::Error>>()?;
        if !rows.is_empty() {
            self.store
                .write(move |tx| {
                    rows.iter()
                        .try_for_each(|(name, kept)| store::state::put(tx, SCOPE, name, kept))
                })
                .await?;
        }
        Ok(())
    }
}

impl Beside for KnownBeside {
    fn read(&self, name: &str) -> io::Result<Option<BesideDocument>> {
        let kept: Result<_, store::ReadError> =
            self.store.read_blocking(|tx| store::state::get(tx, SCOPE, name));
        let Some(text) = kept.map_err(io::Error::other)? else { return Ok(None) };
        let kept: Kept = serde_json::from_str(&text)?;
        Ok(Some(BesideDocument { content: kept.content, lock: kept.lock }))
    }
}

/// Returns the documents that `text` leads to by their names, directly or through one another.
fn reached(text: &str, mut documents: Vec<(String, String)>) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut texts = vec![text.to_owned()];
    while let Some(text) = texts.pop() {
        let (named, others): (Vec<_>, Vec<_>) =
            documents.into_iter().partition(|(name, _)| text.contains(name.as_str()));
        documents = others;
        texts.extend(named.iter().map(|(_, content)| content.clone()));
        found.extend(named);
    }
    found
}
