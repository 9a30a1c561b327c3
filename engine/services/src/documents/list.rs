//! Lists of documents: those of the store and those that are shipped, in the order of their names.

use std::collections::BTreeMap;

use ssm_model::types::documents::{ListDocumentsRequest, ListDocumentsResult};
use store::ReadTx;
use store::documents::{self, ALL_ACCOUNTS};

use super::filter::{Filter, Whose};
use super::page::Page;
use super::select::{Held, held, shipped};
use crate::Services;
use crate::error::ServiceError;
use crate::services::ShippedDocument;

const PAGE_MAX: u32 = 50;
/// Documents that are read at once while a page is looked for.
const CHUNK: u32 = 100;
/// Shares of one document that are looked through for the one with everybody, which is there alone.
const FIRST_SHARE: u32 = 1;

impl Services {
    /// Returns the default versions of the documents that meet all filters.
    pub async fn list_documents(
        &self,
        request: ListDocumentsRequest,
    ) -> Result<ListDocumentsResult, ServiceError> {
        let filters = Filter::of(&request, &self.place().account_id)?;
        let page = Page::new(format!("ListDocuments {filters:?}"), request.max_results, PAGE_MAX)?;
        let after = page.after(request.next_token.as_deref())?;
        let shipped = self.shipped().clone();
        let wanted = usize::try_from(page.limit).unwrap_or(usize::MAX).saturating_add(1);
        let read = move |tx: &ReadTx<'_>| admitted(tx, &shipped, &filters, after.clone(), wanted);
        let mut found = self.store().read(read).await?;
        let next_token = page.cut(&mut found, |held| held.version.name.clone());
        let identifiers = found
            .into_iter()
            .map(|held| self.identifier(held))
            .collect::<Result<Vec<_>, ServiceError>>()?;
        Ok(ListDocumentsResult { document_identifiers: Some(identifiers), next_token })
    }

    /// Returns name and type of all documents, in the order of their names.
    pub async fn document_names(&self) -> Result<Vec<(String, String)>, ServiceError> {
        let shipped = self.shipped().clone();
        let read = move |tx: &ReadTx<'_>| admitted(tx, &shipped, &[], None, usize::MAX);
        let found = self.store().read(read).await?;
        Ok(found.into_iter().map(|held| (held.version.name, held.version.kind)).collect())
    }
}

/// Returns up to `wanted` documents that all filters admit, after the name `after`.
fn admitted(
    tx: &ReadTx<'_>,
    shipped_documents: &BTreeMap<String, ShippedDocument>,
    filters: &[Filter],
    mut after: Option<String>,
    wanted: usize,
) -> Result<Vec<Held>, ServiceError> {
    let asks_public = filters.iter().any(|filter| matches!(filter, Filter::Owner(Whose::Public)));
    let mut found = Vec::new();
    loop {
        let stored = documents::list_defaults(tx, after.as_deref(), CHUNK)?;
        let is_last = stored.len() < usize::try_from(CHUNK).unwrap_or(usize::MAX);
        let end = stored.last().map(|version| version.name.clone()).filter(|_| !is_last);
        let mut chunk = BTreeMap::new();
        for (name, document) in shipped_documents {
            let begins = after.as_ref().is_none_or(|after| name > after);
            if begins && end.as_ref().is_none_or(|end| name <= end) {
                chunk.insert(name.clone(), shipped(document)?);
            }
        }
        for version in stored {
            chunk.insert(version.name.clone(), held(tx, version)?);
        }
        for (name, held) in chunk {
            let is_public = asks_public && is_public(tx, &name)?;
            if filters.iter().all(|filter| filter.admits(&held, is_public)) {
                found.push(held);
                if found.len() >= wanted {
                    return Ok(found);
                }
            }
        }
        match end {
            Some(end) => after = Some(end),
            None => return Ok(found),
        }
    }
}

fn is_public(tx: &ReadTx<'_>, name: &str) -> Result<bool, ServiceError> {
    let first = documents::shares(tx, name, None, FIRST_SHARE)?;
    Ok(first.iter().any(|share| share.account_id.eq_ignore_ascii_case(ALL_ACCOUNTS)))
}
