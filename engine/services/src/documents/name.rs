//! Names of documents.

use crate::error::ServiceError;

/// Beginnings of names, in any case, that are those of shipped documents.
const RESERVED: &[&str] = &["aws", "amazon", "amzn", "runwright-"];

/// Returns the name of a document that is called by its name or its ARN: `arn:aws:ssm:<region>:<account>:document/<name>`.
///
/// The region means nothing here, and the documents that are shipped have no account. Those of another account are not ours.
pub(crate) fn name_of<'n>(text: &'n str, account_id: &str) -> Result<&'n str, ServiceError> {
    let Some(rest) = text.strip_prefix("arn:") else { return Ok(text) };
    let parts: Vec<&str> = rest.splitn(5, ':').collect();
    let not_ours = |why: &str| {
        ServiceError::request("InvalidDocument", format!("there is no document {text}: {why}"))
    };
    let [partition, "ssm", _region, account, resource] = parts.as_slice() else {
        return Err(not_ours("this is not the ARN of a document"));
    };
    let name = resource.strip_prefix("document/").filter(|name| !name.is_empty());
    match name {
        Some(name) if partition.starts_with("aws") && !name.contains(['/', ':']) => {
            if account.is_empty() || *account == account_id {
                Ok(name)
            } else {
                Err(not_ours(&format!("documents here belong to the account {account_id}")))
            }
        }
        _ => Err(not_ours("this is not the ARN of a document")),
    }
}

/// Checks the name of a document that is to be made.
pub(super) fn check_name(name: &str) -> Result<(), ServiceError> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
    if !(3..=128).contains(&name.len()) || !name.bytes().all(plain) {
        return Err(ServiceError::validation(format!(
            "{name:?} is not the name of a document: 3 to 128 letters, digits and _ - . are allowed"
        )));
    }
    let lower = name.to_ascii_lowercase();
    if let Some(reserved) = RESERVED.iter().find(|reserved| lower.starts_with(**reserved)) {
        return Err(ServiceError::validation(format!(
            "the name {name:?} begins with {reserved:?}, which is reserved"
        )));
    }
    Ok(())
}
