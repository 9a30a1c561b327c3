//! The accounts that a document is shared with. There is one account here, so nobody sees more by it: it is kept and told.

use std::collections::BTreeSet;

use serde_json::json;
use ssm_model::types::documents::{
    AccountSharingInfo, DescribeDocumentPermissionRequest, DescribeDocumentPermissionResponse,
    ModifyDocumentPermissionRequest, ModifyDocumentPermissionResponse,
};
use store::documents::{self, ALL_ACCOUNTS};
use store::{ReadTx, Tx};

use super::page::Page;
use super::select::no_document;
use crate::Services;
use crate::actor::Actor;
use crate::change::Deed;
use crate::error::ServiceError;
use crate::settings::SettingId;

/// Accounts that one document is shared with.
pub const ACCOUNTS_MAX: u32 = 1_000;
/// Documents that are shared with everybody.
pub const PUBLIC_MAX: u64 = 5;
/// Accounts of one request.
const REQUEST_MAX: usize = 20;
const PAGE_MAX: u32 = 200;

impl Services {
    /// Returns the accounts that a document is shared with, in the order in which they were added.
    pub async fn describe_document_permission(
        &self,
        request: DescribeDocumentPermissionRequest,
    ) -> Result<DescribeDocumentPermissionResponse, ServiceError> {
        check_type(&request.permission_type)?;
        let name = self.own_document(&request.name, "InvalidDocumentOperation")?;
        let list = format!("DescribeDocumentPermission {name}");
        let page = Page::new(list, request.max_results, PAGE_MAX)?;
        let after = page.after_number(request.next_token.as_deref())?;
        let limit = page.limit + 1;
        let read = move |tx: &ReadTx<'_>| -> Result<_, ServiceError> {
            documents::find(tx, &name)?.ok_or_else(no_document)?;
            Ok(documents::shares(tx, &name, after, limit)?)
        };
        let mut found = self.store().read(read).await?;
        let next_token = page.cut(&mut found, |share| share.id.to_string());
        Ok(DescribeDocumentPermissionResponse {
            account_ids: Some(found.iter().map(|share| share.account_id.clone()).collect()),
            account_sharing_info_list: Some(
                found
                    .into_iter()
                    .map(|share| AccountSharingInfo {
                        account_id: Some(share.account_id),
                        shared_document_version: Some(share.version),
                    })
                    .collect(),
            ),
            next_token,
        })
    }

    /// Shares a document with accounts and takes shares back; an account that is in both lists loses it.
    ///
    /// A document is shared either with everybody (`all`) or with single accounts: what is added last decides.
    pub async fn modify_document_permission(
        &self,
        actor: &Actor,
        request: ModifyDocumentPermissionRequest,
    ) -> Result<ModifyDocumentPermissionResponse, ServiceError> {
        check_type(&request.permission_type)?;
        let name = self.own_document(&request.name, "InvalidDocument")?;
        let version = request.shared_document_version.unwrap_or_else(|| "$DEFAULT".to_owned());
        if !["$DEFAULT", "$LATEST", "$ALL"].contains(&version.as_str()) {
            return Err(ServiceError::validation(format!(
                "{version:?} cannot be shared: $DEFAULT, $LATEST and $ALL can"
            )));
        }
        let remove = checked(request.account_ids_to_remove.unwrap_or_default())?;
        let mut add = checked(request.account_ids_to_add.unwrap_or_default())?;
        add.retain(|account| !remove.contains(account));
        let deed = Deed::new("ModifyDocumentPermission", format!("document/{name}"))
            .details(json!({ "add": add, "remove": remove, "version": version }));
        let may_be_public = self.public_sharing_is_allowed().await?;
        self.change(actor, deed, move |tx: &mut Tx<'_>| {
            documents::find(tx, &name)?.ok_or_else(no_document)?;
            let is_for_all = add.iter().any(|account| is_all(account));
            if is_for_all && !may_be_public {
                return Err(limit(
                    "sharing documents with everybody is switched off by a service setting",
                ));
            }
            if remove.iter().any(|account| is_all(account)) || is_for_all {
                documents::unshare_all(tx, &name)?;
            }
            if !add.is_empty() && !is_for_all {
                let first = documents::shares(tx, &name, None, 1)?;
                if first.iter().any(|share| is_all(&share.account_id)) {
                    documents::unshare_all(tx, &name)?;
                }
            }
            for account in &remove {
                documents::unshare(tx, &name, account)?;
            }
            for account in &add {
                documents::share(tx, &name, account, &version)?;
            }
            check_limits(tx, &name, is_for_all)?;
            Ok(ModifyDocumentPermissionResponse {})
        })
        .await
    }

    /// Returns whether documents may be shared with everybody.
    async fn public_sharing_is_allowed(&self) -> Result<bool, ServiceError> {
        Ok(self.setting(SettingId::PublicSharingPermission).await? == "Enable")
    }
}

fn check_type(permission_type: &str) -> Result<(), ServiceError> {
    if permission_type == "Share" {
        return Ok(());
    }
    Err(ServiceError::request(
        "InvalidPermissionType",
        format!(
            "Value '{permission_type}' at 'permissionType' failed to satisfy constraint: Member must satisfy enum value set: [Share]"
        ),
    ))
}

fn is_all(account: &str) -> bool {
    account.eq_ignore_ascii_case(ALL_ACCOUNTS)
}

/// Checks the accounts of one list, and leaves out those that come twice.
fn checked(accounts: Vec<String>) -> Result<Vec<String>, ServiceError> {
    if accounts.len() > REQUEST_MAX {
        return Err(limit(format!("at most {REQUEST_MAX} accounts are given at once")));
    }
    let is_account =
        |text: &String| text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit());
    if let Some(bad) = accounts.iter().find(|text| !is_account(text) && !is_all(text)) {
        return Err(ServiceError::validation(format!(
            "Value '{bad}' at 'accountIds' failed to satisfy constraint: Member must satisfy regular expression pattern: (?i)all|[0-9]{{12}}"
        )));
    }
    if accounts.len() > 1 && accounts.iter().any(|account| is_all(account)) {
        return Err(limit("Accounts can either be all or a group of AWS accounts"));
    }
    let mut seen = BTreeSet::new();
    Ok(accounts.into_iter().filter(|account| seen.insert(account.clone())).collect())
}

fn check_limits(tx: &ReadTx<'_>, name: &str, is_for_all: bool) -> Result<(), ServiceError> {
    if is_for_all && documents::count_public(tx)? > PUBLIC_MAX {
        return Err(limit(format!("at most {PUBLIC_MAX} documents are shared with everybody")));
    }
    let shares = documents::shares(tx, name, None, ACCOUNTS_MAX + 1)?;
    if shares.len() > usize::try_from(ACCOUNTS_MAX).unwrap_or(usize::MAX) {
        return Err(limit(format!("a document is shared with at most {ACCOUNTS_MAX} accounts")));
    }
    Ok(())
}

fn limit(message: impl Into<String>) -> ServiceError {
    ServiceError::request("DocumentPermissionLimit", message)
}
