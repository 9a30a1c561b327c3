//! Filters of lists of documents.

use std::collections::BTreeSet;

use ssm_model::types::documents::{DocumentFilter, DocumentKeyValuesFilter, ListDocumentsRequest};

use super::select::{Held, Owner};
use super::shown::AMAZON;
use crate::error::ServiceError;

/// Filters of one request.
const FILTERS_MAX: usize = 6;

/// What a document must have to be listed. A list of values is met by any of them.
#[derive(Debug, Clone)]
pub(super) enum Filter {
    /// Beginnings of the name.
    Name(Vec<String>),
    Owner(Whose),
    PlatformTypes(Vec<String>),
    DocumentType(Vec<String>),
    TargetType(Vec<String>),
    /// In lower case; looked for in name, display name and description.
    SearchKeyword(Vec<String>),
    Tag(String, Vec<String>),
}

/// Whose documents are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Whose {
    All,
    Amazon,
    Own,
    /// Those that are shared with everybody.
    Public,
    /// Those of other accounts, which nobody has here.
    ThirdParty,
}

impl Filter {
    /// Reads the filters of a request, of either form.
    ///
    /// # Errors
    /// `InvalidFilterKey` for a key that SSM does not have, `ValidationException` for values that a key does not take.
    pub(super) fn of(
        request: &ListDocumentsRequest,
        account_id: &str,
    ) -> Result<Vec<Self>, ServiceError> {
        let old = request.document_filter_list.as_deref().unwrap_or_default();
        let new = request.filters.as_deref().unwrap_or_default();
        if !old.is_empty() && !new.is_empty() {
            return Err(ServiceError::validation(
                "DocumentFilterList and Filters cannot be given together: Filters says all that the other does",
            ));
        }
        if old.len().max(new.len()) > FILTERS_MAX {
            return Err(ServiceError::validation(format!(
                "at most {FILTERS_MAX} filters are allowed"
            )));
        }
        let old =
            old.iter().map(|DocumentFilter { key, value }| (key.as_str(), vec![value.clone()]));
        let new = new.iter().map(|DocumentKeyValuesFilter { key, values }| {
            (key.as_deref().unwrap_or_default(), values.clone().unwrap_or_default())
        });
        old.chain(new).map(|(key, values)| Self::parse(key, values, account_id)).collect()
    }

    fn parse(key: &str, values: Vec<String>, account_id: &str) -> Result<Self, ServiceError> {
        let is_known = matches!(
            key,
            "Name" | "Owner" | "PlatformTypes" | "DocumentType" | "TargetType" | "SearchKeyword"
        );
        let tag = key.strip_prefix("tag:").filter(|tag| !tag.is_empty());
        if !is_known && tag.is_none() {
            return Err(ServiceError::request(
                "InvalidFilterKey",
                format!(
                    "documents cannot be filtered by {key:?}: Name, Owner, PlatformTypes, DocumentType, TargetType, SearchKeyword and tag:<key> are known"
                ),
            ));
        }
        if values.iter().all(String::is_empty) {
            return Err(ServiceError::validation(format!("the filter {key} has no value")));
        }
        let lower = || values.iter().map(|value| value.to_lowercase()).collect();
        Ok(match (key, tag) {
            (_, Some(tag)) => Self::Tag(tag.to_owned(), values),
            ("Name", _) => Self::Name(values),
            ("Owner", _) => Self::Owner(owner(&values, account_id)?),
            ("PlatformTypes", _) => Self::PlatformTypes(lower()),
            ("DocumentType", _) => Self::DocumentType(values),
            ("TargetType", _) => Self::TargetType(values),
            _ => Self::SearchKeyword(lower()),
        })
    }

    /// Returns whether a document is to be listed; `is_public` says whether it is shared with everybody, if a filter
    /// asks for that.
    pub(super) fn admits(&self, held: &Held, is_public: bool) -> bool {
        let version = &held.version;
        match self {
            Self::Name(values) => values.iter().any(|value| version.name.starts_with(value)),
            Self::Owner(Whose::All) => true,
            Self::Owner(Whose::Amazon) => held.owner == Owner::Shipped,
            Self::Owner(Whose::Own) => held.owner == Owner::Account,
            Self::Owner(Whose::Public) => is_public,
            Self::Owner(Whose::ThirdParty) => false,
            Self::PlatformTypes(values) => {
                let platforms: BTreeSet<String> =
                    held.facts.platform_types.iter().map(|name| name.to_lowercase()).collect();
                values.iter().any(|value| platforms.contains(value))
            }
            Self::DocumentType(values) => values.contains(&version.kind),
            Self::TargetType(values) => {
                version.about.target_type.as_ref().is_some_and(|target| values.contains(target))
            }
            Self::SearchKeyword(values) => {
                let texts = [
                    Some(&version.name),
                    version.about.display_name.as_ref(),
                    held.facts.description.as_ref(),
                ];
                let texts: Vec<String> =
                    texts.into_iter().flatten().map(|text| text.to_lowercase()).collect();
                values.iter().any(|value| texts.iter().any(|text| text.contains(value)))
            }
            Self::Tag(key, values) => {
                held.tags.get(key).is_some_and(|value| values.contains(value))
            }
        }
    }
}

fn owner(values: &[String], account_id: &str) -> Result<Whose, ServiceError> {
    let [value] = values else {
        return Err(ServiceError::validation("Owner filter can only have one value."));
    };
    match value.as_str() {
        "All" => Ok(Whose::All),
        AMAZON => Ok(Whose::Amazon),
        "Self" | "Private" => Ok(Whose::Own),
        "Public" => Ok(Whose::Public),
        "ThirdParty" => Ok(Whose::ThirdParty),
        own if own == account_id => Ok(Whose::Own),
        other => Err(ServiceError::validation(format!(
            "{other:?} is not an owner of documents: Amazon, Private, Public, Self, ThirdParty and All are"
        ))),
    }
}
