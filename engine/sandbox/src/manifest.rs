//! Whether a manifest may be believed.

use std::collections::BTreeSet;

use host_api::WIT_VERSION;
use host_api::manifest::Manifest;

use crate::interfaces::{Interfaces, UnknownInterface};

/// A manifest as JSON, in bytes.
const MANIFEST_BYTES_MAX: usize = 256 << 10;
/// Actions of one component.
const ACTIONS_MAX: usize = 256;
/// The vendor of the actions that are ours.
const OWN_VENDOR: &str = "aws";

/// Why a manifest is refused.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    #[error("the manifest has {0} bytes, the limit is {MANIFEST_BYTES_MAX}")]
    TooLarge(usize),
    #[error("the manifest is not what it should be")]
    Json(#[source] serde_json::Error),
    #[error(
        "`{0}` is not of the form vendor:name, lower-case letters, digits and `-` in the vendor"
    )]
    Name(String),
    #[error("`{action}` does not belong to the vendor of `{package}`")]
    ForeignAction { action: String, package: String },
    #[error("the vendor `{OWN_VENDOR}` is reserved for built-in actions")]
    ReservedVendor,
    #[error("`{0}` is not a semantic version")]
    Version(String),
    #[error("built for version {0} of the WIT package, this host has {WIT_VERSION}")]
    Wit(String),
    #[error(transparent)]
    Interface(#[from] UnknownInterface),
    #[error("declares no action")]
    NoAction,
    #[error("declares {0} actions, the limit is {ACTIONS_MAX}")]
    TooManyActions(usize),
    #[error("declares the action `{0}` twice")]
    Twice(String),
}

/// Reads a manifest; returns it with the set of interfaces it declares.
pub(crate) fn read(json: &[u8], built_in: bool) -> Result<(Manifest, Interfaces), ManifestError> {
    if json.len() > MANIFEST_BYTES_MAX {
        return Err(ManifestError::TooLarge(json.len()));
    }
    let manifest: Manifest = serde_json::from_slice(json).map_err(ManifestError::Json)?;
    let vendor = vendor_of(&manifest.name)?;
    if !built_in && vendor == OWN_VENDOR {
        return Err(ManifestError::ReservedVendor);
    }
    if !is_version(&manifest.version) {
        return Err(ManifestError::Version(manifest.version));
    }
    if !is_served(&manifest.wit) {
        return Err(ManifestError::Wit(manifest.wit));
    }
    check_actions(&manifest, vendor)?;
    let interfaces = Interfaces::of(manifest.interfaces.iter().map(String::as_str))?;
    Ok((manifest, interfaces))
}

fn check_actions(manifest: &Manifest, vendor: &str) -> Result<(), ManifestError> {
    match manifest.actions.len() {
        0 => return Err(ManifestError::NoAction),
        count if count > ACTIONS_MAX => return Err(ManifestError::TooManyActions(count)),
        _ => {}
    }
    let mut seen = BTreeSet::new();
    for action in &manifest.actions {
        if vendor_of(&action.name)? != vendor {
            return Err(ManifestError::ForeignAction {
                action: action.name.clone(),
                package: manifest.name.clone(),
            });
        }
        if !seen.insert(&action.name) {
            return Err(ManifestError::Twice(action.name.clone()));
        }
    }
    Ok(())
}

fn vendor_of(name: &str) -> Result<&str, ManifestError> {
    let vendor_byte = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let rest_byte = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    match name.split_once(':') {
        Some((vendor, rest))
            if !vendor.is_empty()
                && !rest.is_empty()
                && name.len() <= 128
                && vendor.bytes().all(vendor_byte)
                && rest.bytes().all(rest_byte) =>
        {
            Ok(vendor)
        }
        _ => Err(ManifestError::Name(name.to_owned())),
    }
}

/// Returns whether a guest built for version `wit` of the package runs here: the same track, not newer than the host.
pub(crate) fn is_served(wit: &str) -> bool {
    match (numbers(wit), numbers(WIT_VERSION)) {
        (Some(guest), Some(host)) => guest[..2] == host[..2] && guest[2] <= host[2],
        _ => false,
    }
}

fn is_version(text: &str) -> bool {
    let core = text.split(['-', '+']).next().unwrap_or_default();
    text.len() <= 64
        && numbers(core).is_some()
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-+".contains(&byte))
}

fn numbers(version: &str) -> Option<[u32; 3]> {
    let mut parts = version.split('.');
    let mut next = || {
        let part = parts.next()?;
        let canonical = part == "0" || !part.starts_with('0');
        let digits = part.bytes().all(|byte| byte.is_ascii_digit());
        (canonical && digits).then(|| part.parse().ok()).flatten()
    };
    let numbers = [next()?, next()?, next()?];
    parts.next().is_none().then_some(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions() {
        for good in ["0.1.0", "1.20.3", "1.0.0-rc.1", "1.0.0+build-5"] {
            assert!(is_version(good), "{good}");
        }
        for bad in ["", "1", "1.2", "1.2.3.4", "01.2.3", "1.2.x", "1.2.3 ", "+1.2.3"] {
            assert!(!is_version(bad), "{bad}");
        }
    }

    #[test]
    fn only_the_same_track_is_served() {
        assert!(is_served("0.1.0"));
        for other in ["0.1.1", "0.2.0", "1.1.0", "0.1", "0.1.0-rc.1", ""] {
            assert!(!is_served(other), "{other}");
        }
    }

    #[test]
    fn names_have_a_vendor() {
        assert_eq!(vendor_of("acme:disk.check").unwrap(), "acme");
        for bad in ["disk", ":disk", "acme:", "Acme:disk", "acme:di sk", "acme:a:b"] {
            assert!(vendor_of(bad).is_err(), "{bad}");
        }
    }
}
